package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// saved is what Save writes.
type saved struct {
	Format   int // savedFormat
	Stamps   int // see Slack
	Messages map[string][]Message
}

const savedFormat = 1

// Save gives what stays in channels and direct conversations, files included, as
// JSON for Load. The rest does not outlive this Slack: what was for one person,
// response URLs, triggers, modals, Home tabs, files that nobody shared, and what
// Posts and Calls list.
func (s *Slack) Save() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.Marshal(saved{savedFormat, s.stamps, s.messages})
	if err != nil {
		return nil, fmt.Errorf("save what stays: %w", err)
	}
	return data, nil
}

// errNotSaved quotes nothing: people wrote what is in there.
var errNotSaved = errors.New("load what stays: not as Save writes it")

// Load makes what Save gave the messages that stay, instead of those that do.
// People and the app go on with them as if this Slack had never ended. It
// changes nothing if Save did not write the data.
func (s *Slack) Load(data []byte) error {
	var was saved
	if json.Unmarshal(data, &was) != nil || !was.whole() {
		return errNotSaved
	}
	if again, err := json.Marshal(was); err != nil || !bytes.Equal(again, data) {
		return errNotSaved
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.stamps = was.Messages, max(s.stamps, was.Stamps)
	return nil
}

// whole reports whether all that is saved fits together.
func (was saved) whole() bool {
	for channel, messages := range was.Messages {
		last := 0
		for _, m := range messages {
			n := m.stamp()
			if n <= last || n > was.Stamps || !m.lookedIn(channel) {
				return false
			}
			last = n
		}
	}
	return was.Format == savedFormat && was.Stamps >= 0
}

// stamp is how many timestamps had been given when the message got its own; zero
// if that is none.
func (kept Message) stamp() int {
	_, count, _ := strings.Cut(kept.TS, ".")
	n, _ := strconv.Atoi(count)
	return n
}

// lookedIn reports whether the body is what look would give a message of the
// channel.
func (kept Message) lookedIn(channel string) bool {
	var is object
	if json.Unmarshal(kept.Body, &is) != nil {
		return false
	}
	thread, _ := is["thread_ts"].(string)
	return is["channel"] == channel && is["ts"] == kept.TS && is["user"] == kept.User && thread == kept.ThreadTS &&
		bytes.Equal(encode(is), kept.Body)
}
