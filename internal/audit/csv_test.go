package audit_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"crmwho/internal/audit"
)

// cells reads what WriteCSV writes, without the row of headings.
func cells(t *testing.T, s audit.Snapshot, shown audit.Shown) [][]string {
	t.Helper()
	var b bytes.Buffer
	if err := audit.WriteCSV(&b, s, "abc", shown); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(b.String(), "\ufeff")
	if !marked || strings.Count(text, "\n") != strings.Count(text, "\r\n") || strings.Count(text, "\r") != strings.Count(text, "\r\n") || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("got %q", text)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	heads := "User id,Name,E-mail,Status,Confirmed,Profile,Role,Counts by,Flags,Created,Last modified,Last modified by,Since last signed,Since last post,Snapshot SHA-256"
	if strings.Join(rows[0], ",") != heads {
		t.Errorf("got %q, want %q", rows[0], heads)
	}
	return rows[1:]
}

func TestCSV(t *testing.T) {
	s := audit.Snapshot{Admins: []audit.Account{
		{ID: "32", Name: "Kim", Email: "kim@example.com", Status: "active", Role: audit.Ref{ID: "5", Name: "CEO"}, Profile: audit.Ref{ID: "14"},
			Created: now, Modified: now, ModifiedBy: audit.Ref{Name: "Lee, the \"other\""}, Rules: []audit.Rule{audit.ByZoho, audit.ByRole}, Flags: []audit.Flag{audit.New, audit.Twice}},
		{ID: "33", Unconfirmed: true}, {ID: "34"}, {ID: "35"},
	}}
	shown := audit.Shown{
		SinceSigned: &audit.Since{Comparison: audit.Comparison{Changes: []audit.Change{
			{Kind: audit.Added, ID: "33", New: true}, {Kind: audit.Added, ID: "34"},
			{Kind: audit.Recreated, ID: "35", FormerID: "9", Fate: audit.Erased, Alike: audit.FieldEmail, Fields: []audit.Field{{audit.FieldName, "Kim", "Kim Lee"}}},
			{Kind: audit.Removed, ID: "8", Name: "Ann", Email: "ann@example.com", Fate: audit.Demoted, Modified: now, ModifiedBy: audit.Ref{Name: "Lee"},
				Fields: []audit.Field{{audit.FieldProfile, "Administrator", "Standard"}, {audit.FieldStatus, "active", "disabled"}, {audit.FieldConfirmation, "invitation pending", "confirmed"}}},
			{Kind: audit.Changed, ID: "32", Fields: []audit.Field{{audit.FieldProfile, "Standard", "Administrator"}, {audit.FieldEmail, "", "kim@example.com"}}},
		}}},
		SincePosted: &audit.Since{Comparison: audit.Comparison{Changes: []audit.Change{
			{Kind: audit.Removed, ID: "8", Fate: audit.Demoted}, {Kind: audit.Removed, ID: "7", Name: "Bo", Fate: audit.Erased}, {Kind: audit.Removed, ID: "6", Fate: audit.Missing},
		}}},
	}
	want := [][]string{
		{"32", "Kim", "kim@example.com", "active", "yes", "(id 14)", "CEO", "Zoho lists them as an administrator; their role is set up to count as an administrator's", "new; two accounts?",
			"2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z", `Lee, the "other"`, "profile: Standard → Administrator; e-mail: — → kim@example.com", "", "abc"},
		{"33", "", "", "", "no", "", "", "", "", "", "", "", "added: new account", "", "abc"},
		{"34", "", "", "", "yes", "", "", "", "", "", "", "", "added", "", "abc"},
		{"35", "", "", "", "yes", "", "", "", "", "", "", "", "recreated: same e-mail as account 9, which is deleted; name: Kim → Kim Lee", "", "abc"},
		{"8", "Ann", "ann@example.com", "disabled", "yes", "Standard", "", "", "", "", "2026-11-24T09:30:00Z", "Lee",
			"removed: demoted; profile: Administrator → Standard; status: active → disabled; confirmation: invitation pending → confirmed", "removed: demoted", "abc"},
		{"7", "Bo", "", "deleted", "", "", "", "", "", "", "", "", "", "removed: deleted", "abc"},
		{"6", "", "", "", "", "", "", "", "", "", "", "", "", "removed: missing", "abc"},
	}
	if got := cells(t, s, shown); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestCSVOfNobodyAndOfMany(t *testing.T) {
	if got := cells(t, audit.Snapshot{}, audit.Shown{}); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	var s audit.Snapshot
	for i := range 500 {
		s.Admins = append(s.Admins, audit.Account{ID: fmt.Sprint(4876876000000000000 + i)})
	}
	got := cells(t, s, audit.Shown{})
	if len(got) != 500 || got[499][0] != "4876876000000000499" {
		t.Errorf("got %d rows, the last %q", len(got), got[len(got)-1])
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for name, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "' =1", "\r=1": "' =1", " \u00a0=1": "' \u00a0=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "﹣1": "'﹣1", "\ufeff=1": "'\ufeff=1", "\u200b@x": "'\u200b@x", "\x00=1": "' =1", "\u2028=1": "' =1",
		"Kim; =1": "Kim;' =1", ";;-x": ";;'-x", "Kim\r\nLee\u0085": "Kim  Lee ",
		"Kim": "Kim", "'=1": "'=1", "a=b": "a=b", "": "", "\t": " ", "Zoë 👩‍👩‍👧": "Zoë 👩‍👩‍👧", "\xff=": "\ufffd=", `a,"b`: `a,"b`, `\.`: `\.`,
	} {
		row := cells(t, audit.Snapshot{Admins: []audit.Account{{ID: "1", Name: name}}}, audit.Shown{})[0]
		if row[1] != want {
			t.Errorf("%q: got %q, want %q", name, row[1], want)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"=1", " ＝1", "\r\n-1", "a;\t@", "", "\xff\ufeff+", `"=`, "\u3000=", ";\n=;"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, x string) {
		ref := audit.Ref{ID: x, Name: x}
		change := audit.Change{Kind: audit.Removed, ID: x + "2", Name: x, Email: x, Fate: audit.Fate(x), ModifiedBy: ref, Fields: []audit.Field{{x, x, x}, {audit.FieldStatus, x, x}, {audit.FieldRole, x, x}}}
		since := audit.Since{Comparison: audit.Comparison{Changes: []audit.Change{change, {Kind: audit.Changed, ID: x, Fields: change.Fields}}}}
		s := audit.Snapshot{Admins: []audit.Account{{ID: x, Name: x, Email: x, Status: x, Role: ref, Profile: ref, ModifiedBy: ref, Rules: []audit.Rule{audit.Rule(x)}}}}
		rows := cells(t, s, audit.Shown{SinceSigned: &since, SincePosted: &since})
		if len(rows) != 2 {
			t.Errorf("got %d rows: %q", len(rows), rows)
		}
		for _, cell := range slices.Concat(rows...) {
			for part := range strings.SplitSeq(cell, ";") {
				if part = strings.TrimSpace(part); part != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(part)[0]) || strings.ContainsFunc(part, unicode.IsControl) {
					t.Errorf("got %q", cell)
				}
			}
		}
	})
}

// full refuses everything, or all but the first.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("full")

func TestCSVThatCannotBeWritten(t *testing.T) {
	for left := range 2 {
		if err := audit.WriteCSV(&full{left}, audit.Snapshot{}, "abc", audit.Shown{}); !errors.Is(err, errFull) {
			t.Errorf("got %v, want %v", err, errFull)
		}
	}
	many := audit.Snapshot{Admins: make([]audit.Account, 500)}
	if err := audit.WriteCSV(&full{2}, many, "abc", audit.Shown{}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}
