package audit_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"crmwho/internal/audit"
	"crmwho/internal/store"
)

// exported is a ledger with one record of each kind.
func exported(t *testing.T) audit.Evidence {
	t.Helper()
	l := audit.Ledger{Store: &store.Memory{}}
	s := taken(now, kim(asIs), lee(asIs))
	hash, err := l.Keep(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	posted := audit.Posted{Snapshot: hash, Shown: audit.ShownOf(s), Place: audit.Place{Channel: "C00000001", TS: "1.2", Link: "https://example.com/p1"}}
	posted.SinceSigned = &audit.Since{Post: 1, Comparison: audit.Comparison{Changes: []audit.Change{{Kind: audit.Recreated, ID: "18"}, {Kind: audit.Changed, ID: "32"}}}}
	for _, r := range []audit.Record{
		{Run: "a", Failed: &audit.Failed{Reason: "Zoho CRM cannot be reached right now."}},
		{Run: "a", Posted: &posted},
		{Run: "a", Signed: &audit.Signed{Outcome: audit.Questioned, Question: "=cmd|' /C calc'!A0", User: "U00000001", Team: "T00000001", Post: 2, Snapshot: hash, Shown: "2 admins"}},
	} {
		r.At = now
		if _, _, err := l.Append(t.Context(), 0, r); err != nil {
			t.Fatal(err)
		}
	}
	e, err := l.Evidence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExport(t *testing.T) {
	e := exported(t)
	x := e.Export()
	data, err := json.Marshal(x)
	if err != nil || !x.Verified || len(x.Records) != 3 || len(x.Snapshots) != 1 || x.Head != e.All()[2].Hash {
		t.Fatalf("got %s, %v", data, err)
	}
	for name := range e.Records {
		e.Records[name] = bytes.Replace(e.Records[name], []byte("2 admins"), []byte("3 admins\xff\""), 1)
	}
	x = e.Export()
	if data, err := json.Marshal(x); err != nil || x.Verified || len(x.Problems) == 0 || len(x.Records) != 3 {
		t.Errorf("altered: got %s, %v", data, err)
	}
	if data, err := json.Marshal(audit.Evidence{}.Export()); err != nil || string(data) != `{"verified":true,"records":[],"snapshots":{}}` {
		t.Errorf("nothing: got %s, %v", data, err)
	}
}

func TestRecordsAsCSV(t *testing.T) {
	var b bytes.Buffer
	if err := exported(t).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("got %q, %v", rows, err)
	}
	cell := func(row int, column string) string {
		for i, name := range rows[0] {
			if name == column {
				return rows[row][i]
			}
		}
		return "no such column"
	}
	for _, c := range []struct {
		row          int
		column, want string
	}{
		{1, "What", "failed"}, {1, "Question or reason", "Zoho CRM cannot be reached right now."},
		{2, "What", "posted"}, {2, "Admins", "2"}, {2, "Since last post", ""}, {2, "Since last signed", "1 added, 1 removed, 1 changed"}, {2, "Link", "https://example.com/p1"},
		{3, "What", "questioned"}, {3, "Question or reason", "'=cmd|' /C calc'!A0"}, {3, "Slack user", "U00000001"}, {3, "Post", "2"}, {3, "Shown", "2 admins"},
		{3, "Previous hash", cell(2, "Hash")},
	} {
		if got := cell(c.row, c.column); got != c.want {
			t.Errorf("row %d, %s: got %q, want %q", c.row, c.column, got, c.want)
		}
	}
}
