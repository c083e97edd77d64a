package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// Export is what an auditor gets: all that is kept, and what is wrong with it.
type Export struct {
	Verified  bool                       `json:"verified"` // nothing is wrong
	Problems  []Problem                  `json:"problems,omitempty"`
	Head      string                     `json:"head,omitempty"` // hash of the last record; empty: there is none
	Records   []json.RawMessage          `json:"records"`        // as they are kept, in the order of their numbers; of those that are no JSON, as text
	Snapshots map[string]json.RawMessage `json:"snapshots"`      // by their hashes
}

// Export gives the evidence with what Verify says of it.
func (e Evidence) Export(heads ...string) Export {
	x := Export{Problems: e.Verify(heads...), Records: []json.RawMessage{}, Snapshots: map[string]json.RawMessage{}}
	x.Verified = len(x.Problems) == 0
	for _, name := range e.names() {
		x.Records = append(x.Records, orText(e.Records[name]))
	}
	for hash, data := range e.Snapshots {
		x.Snapshots[hash] = orText(data)
	}
	if all := e.All(); len(all) > 0 {
		x.Head = all[len(all)-1].Hash
	}
	return x
}

// orText gives JSON as it is, and what is none as a text.
func orText(data []byte) json.RawMessage {
	if json.Valid(data) {
		return data
	}
	text, _ := json.Marshal(string(data)) // a string cannot fail
	return text
}

// WriteCSV writes a row for each record, for a spreadsheet, as the other WriteCSV
// writes its rows. What was changed, of which all has been shown, is counted.
func (e Evidence) WriteCSV(to io.Writer) error {
	rows := [][]string{{
		"Record", "At", "Audit", "What", "Admins", "Flagged", "Since last post", "Since last signed", "Asked by", "Slack user", "Slack workspace",
		"Question or reason", "Shown", "Post", "Snapshot SHA-256", "Channel", "Link", "Hash", "Previous hash",
	}}
	for _, r := range e.All() {
		rows = append(rows, r.row())
	}
	return writeRows(to, rows)
}

func (r Record) row() []string {
	row := struct{ what, admins, flagged, posted, signed, asked, user, team, words, shown, post, snapshot, channel, link string }{what: r.event()}
	if p := r.Posted; p != nil {
		row.admins, row.flagged, row.asked, row.snapshot = strconv.Itoa(p.Total), strconv.Itoa(p.Flagged), p.AskedBy, p.Snapshot
		row.posted, row.signed, row.channel, row.link = p.SincePosted.counts(), p.SinceSigned.counts(), p.Place.Channel, p.Place.Link
	}
	if f := r.Failed; f != nil {
		if row.words = f.Reason; f.Place != nil {
			row.channel, row.link = f.Place.Channel, f.Place.Link
		}
	}
	if s := r.Signed; s != nil {
		row.what, row.user, row.team, row.words, row.shown = string(s.Outcome), s.User, s.Team, s.Question, s.Shown
		row.post, row.snapshot = strconv.Itoa(s.Post), s.Snapshot
	}
	return []string{
		strconv.Itoa(r.Number), written(r.At), r.Run, row.what, row.admins, row.flagged, row.posted, row.signed, row.asked, row.user, row.team,
		row.words, row.shown, row.post, row.snapshot, row.channel, row.link, r.Hash, r.Previous,
	}
}

// counts are how many were added, removed and changed; empty where there was
// nothing to compare with.
func (s *Since) counts() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%d added, %d removed, %d changed", s.Added(), s.Removed(), s.Changed())
}
