package audit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Record is one that is kept for ever. Each holds the hash of the one before, so
// that none can be changed, taken out or put in without the others telling: see
// Verify.
type Record struct {
	Number   int       `json:"number"`             // from 1
	Previous string    `json:"previous,omitempty"` // hash of the record before; empty in the first
	At       time.Time `json:"at"`                 // when it was written, in UTC and whole seconds

	// Run names the audit that it is about: 20261130T080000Z for one of the schedule,
	// by its time, and that with letters after it for one that somebody asked for.
	Run string `json:"run"`

	// One of them says what happened.
	Posted *Posted `json:"posted,omitempty"` // the audit stands in Slack
	Failed *Failed `json:"failed,omitempty"` // it could not be made
	Signed *Signed `json:"signed,omitempty"` // somebody has looked at it

	// Hash is that of all the above in canonical JSON, by SHA-256, in hexadecimal.
	Hash string `json:"hash,omitempty"`
}

// Posted is an audit as Slack shows it.
type Posted struct {
	Snapshot string `json:"snapshot"` // its hash
	Shown
	AskedBy string `json:"asked_by,omitempty"` // Slack user id of whoever asked for it; empty: the schedule
	Place   Place  `json:"place"`
}

// Place is where a message stands in Slack.
type Place struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`             // what Slack names the message by
	Link    string `json:"link,omitempty"` // its permalink, if Slack told it
}

// Shown is what an audit says.
type Shown struct {
	ReadAt  time.Time   `json:"read_at"`
	Total   int         `json:"total"`
	Active  int         `json:"active"`
	Flagged int         `json:"flagged"`
	Flags   []FlagCount `json:"flags,omitempty"`  // in the order of Flags; of those that somebody has
	Unread  []string    `json:"unread,omitempty"` // as in the snapshot

	Known       int    `json:"known,omitempty"`        // how many records there were when it was compared
	SincePosted *Since `json:"since_posted,omitempty"` // nil: nothing was posted before
	SinceSigned *Since `json:"since_signed,omitempty"` // nil: nothing was acknowledged before
}

// FlagCount is how many administrators have a flag.
type FlagCount struct {
	Flag  Flag `json:"flag"`
	Count int  `json:"count"`
}

// Since is what has changed since an earlier post.
type Since struct {
	Post     int    `json:"post"`         // number of its record
	Snapshot string `json:"snapshot"`     // hash of what it showed
	By       string `json:"by,omitempty"` // Slack user id of whoever acknowledged it; empty in SincePosted
	Comparison
}

// ShownOf is what an audit says of a snapshot, but for comparisons.
func ShownOf(s Snapshot) Shown {
	shown := Shown{ReadAt: s.ReadAt, Total: len(s.Admins), Unread: s.Unread}
	counts := map[Flag]int{}
	for _, a := range s.Admins {
		if a.User().Active() {
			shown.Active++
		}
		if len(a.Flags) > 0 {
			shown.Flagged++
		}
		for _, f := range a.Flags {
			counts[f]++
		}
	}
	for _, f := range Flags() {
		if counts[f] > 0 {
			shown.Flags = append(shown.Flags, FlagCount{f, counts[f]})
		}
	}
	return shown
}

// Failed says why an audit could not be made.
type Failed struct {
	Reason string `json:"reason"` // in a sentence
	Place  *Place `json:"place,omitempty"`
}

// Outcome is what somebody says who has looked at an audit.
type Outcome string

// The outcomes. A post that is questioned is none that later audits are compared
// with as signed.
const (
	Acknowledged Outcome = "acknowledged"
	Questioned   Outcome = "questioned"
)

// Signed is that somebody has looked at an audit. That a button was pressed
// under a Slack account is weaker proof of who it was than a login.
type Signed struct {
	Outcome  Outcome `json:"outcome"`
	Question string  `json:"question,omitempty"` // what they ask
	User     string  `json:"user"`               // Slack user id
	Team     string  `json:"team"`               // Slack workspace id
	Post     int     `json:"post"`               // number of the record of what they looked at
	Snapshot string  `json:"snapshot"`           // its hash
	Shown    string  `json:"shown"`              // what the post said, in words
}

// event tells apart what there can be one of in a run.
func (r Record) event() string {
	switch {
	case r.Posted != nil:
		return "posted"
	case r.Failed != nil:
		return "failed"
	case r.Signed != nil:
		return "signed"
	}
	return ""
}

// ErrAltered says that something which is kept is not as it was written.
var ErrAltered = errors.New("altered after it was written")

// seal gives a record its hash, and what is kept.
func (r Record) seal() (Record, []byte, error) {
	r.Hash = ""
	data, err := canonical(r)
	if err != nil {
		return Record{}, nil, fmt.Errorf("encode record: %w", err)
	}
	r.Hash = sum(data)
	data, err = canonical(r)
	return r, data, err
}

// decodeRecord reads a record as it is kept. One that was altered comes with
// ErrAltered and as much of it as can be read; its hash is then the one that it
// claims, or that of what is there.
func decodeRecord(data []byte) (Record, error) {
	var r Record
	if json.Unmarshal(data, &r) != nil {
		return Record{Hash: sum(data)}, ErrAltered
	}
	if _, exactly, err := r.seal(); err != nil || string(exactly) != string(data) {
		r.Hash = cmp.Or(r.Hash, sum(data))
		return r, ErrAltered
	}
	return r, nil
}

// Names in the store.
const (
	recordPrefix   = "audit/records/"
	snapshotPrefix = "audit/snapshots/"
	numberDigits   = 8 // so that names are in the order of numbers
)

func recordName(number int) string { return fmt.Sprintf("%s%0*d", recordPrefix, numberDigits, number) }

// numberOf is the number in a record's name; 0 for a name that is none.
func numberOf(name string) int {
	digits, _ := strings.CutPrefix(name, recordPrefix)
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || len(digits) != numberDigits || recordName(n) != name {
		return 0
	}
	return n
}
