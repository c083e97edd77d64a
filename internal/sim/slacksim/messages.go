package slacksim

import (
	"encoding/json"
	"slices"
)

// Message is one that stays in a channel, as it looks now.
type Message struct {
	TS       string
	ThreadTS string          // of the message that it replies to; empty: it is none's reply
	User     string          // who wrote it; Bot if the app did
	Body     json.RawMessage // as Slack tells it, with its channel and the ids that Slack gave its blocks
	Edited   bool            // it was changed after it was posted, whether Slack says so to people or not
	Files    []File
}

// File is a file that a message shares.
type File struct {
	ID      string
	Name    string
	Title   string
	Comment string // that came with it
	Data    []byte
}

// Messages lists what stays in a channel, also replies, in order of their
// timestamps: what methods and response URLs posted for everybody, and what
// Says wrote. What the messages hold is for reading only. The channel of a direct
// conversation is Direct's.
func (s *Slack) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages[channel])
}

// Says lets a person write in a channel, and gives the message's timestamp.
func (s *Slack) Says(channel, user, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(channel, Message{User: user}, object{"text": text}).TS
}

// Forget takes a message away, if it is there, as a workspace does with what is
// old.
func (s *Slack) Forget(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at(channel, ts) != nil {
		s.drop(channel, ts)
	}
}

// keep makes a message stay in a channel.
func (s *Slack) keep(channel string, kept Message, m object) *Message {
	if s.messages == nil {
		s.messages = map[string][]Message{}
	}
	kept.TS = s.timestamp()
	kept.ThreadTS, _ = m["thread_ts"].(string)
	kept.look(channel, m)
	s.messages[channel] = append(s.messages[channel], kept)
	return s.at(channel, kept.TS)
}

// keepOwn is keep of what the app says.
func (s *Slack) keepOwn(channel string, m object) *Message {
	return s.keep(channel, Message{User: Bot}, m)
}

// at is the message that stays in a channel; nil if there is none. It is good
// until the lock is given back or another one is kept or dropped.
func (s *Slack) at(channel, ts string) *Message {
	for i := range s.messages[channel] {
		if m := &s.messages[channel][i]; m.TS == ts {
			return m
		}
	}
	return nil
}

func (s *Slack) drop(channel, ts string) {
	s.messages[channel] = slices.DeleteFunc(s.messages[channel], func(m Message) bool { return m.TS == ts })
}

// look gives a message the content of another, and the ids that its blocks lack.
func (kept *Message) look(channel string, m object) {
	is := told(m, kept.TS)
	if kept.User != Bot {
		is["user"] = kept.User
		delete(is, "bot_id")
		delete(is, "app_id")
	}
	fill(is)
	delete(is, "state")
	is["channel"] = channel
	kept.Body = encode(is)
}

// become changes a message. Its thread and its files stay.
func (kept *Message) become(channel string, m object) {
	var was object
	_ = json.Unmarshal(kept.Body, &was) // it is ours
	is, stays := some(m, "text", "blocks"), some(was, "thread_ts", "files")
	for key, v := range stays {
		is[key] = v
	}
	kept.Edited = true
	kept.look(channel, is)
}

// replied reports whether a message of a channel has replies.
func (s *Slack) replied(channel, ts string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.messages[channel], func(m Message) bool { return m.ThreadTS == ts })
}

// inThread says why a message cannot be a reply, if it wants to be one: only to
// what stays in the channel and is no reply itself, although Slack documents no
// more than "never use a reply's".
// Source: Slack's documentation, "chat.postMessage"; the code is from
// slackapi/bolt-js#2307, about another method: a choice.
func (s *Slack) inThread(channel string, m object) error {
	ts, reply := m["thread_ts"].(string)
	if parent := s.at(channel, ts); reply && (parent == nil || parent.ThreadTS != "") {
		return problem{code: "thread_not_found"}
	}
	return nil
}
