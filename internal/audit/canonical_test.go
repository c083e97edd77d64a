package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{map[string]any{"b": 1, "a": []any{true, nil, "x"}, "B": map[string]any{}, "aa": -7}, `{"B":{},"a":[true,null,"x"],"aa":-7,"b":1}`},
		{struct {
			Z string    `json:"z"`
			T time.Time `json:"a"`
		}{"y", time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)}, `{"a":"2026-11-24T09:30:00Z","z":"y"}`},
		{"<&>/", `"<&>/"`},
		{"\u2028\u2029\u007f\u0085", "\"\u2028\u2029\u007f\u0085\""},
		{"\x00\x1f\b\t\n\f\r", `"\u0000\u001f\b\t\n\f\r"`},
		{`\ " \u2028 \\u2028 \n`, `"\\ \" \\u2028 \\\\u2028 \\n"`},
		{"Zoë 👩‍👩‍👧 की", `"Zoë 👩‍👩‍👧 की"`},
		{"a\xffb\xed\xa0\x80", "\"a\ufffdb\ufffd\ufffd\ufffd\""},
		{1<<53 - 1, "9007199254740991"},
	} {
		if got, err := canonical(c.value); err != nil || string(got) != c.want {
			t.Errorf("%q: got %s, %v; want %s", c.value, got, err, c.want)
		}
	}
	if got, err := canonical(make(chan int)); err == nil {
		t.Errorf("got %s", got)
	}
}

// TestWhatIsKeptStaysTheSame: whoever has a record of today wants to verify it in
// years. Where this fails, records that are kept already would fail too.
func TestWhatIsKeptStaysTheSame(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	r := Record{Number: 2, Previous: strings.Repeat("a", 64), At: at, Run: "20261124T093000Z", Signed: &Signed{
		Outcome: Questioned, Question: "Why <Kim> & \"Lee\"?\u2028\n", User: "U00000001", Team: "T00000001", Post: 1, Snapshot: strings.Repeat("b", 64), Shown: "2 admins",
	}}
	_, data, err := r.seal()
	want := `{"at":"2026-11-24T09:30:00Z","hash":"1283c60d61ea8f5d7bbe222ffc90a22db4a13a20cf7ca16186a283fbcb5ac013","number":2,` +
		`"previous":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","run":"20261124T093000Z","signed":{"outcome":"questioned","post":1,` +
		`"question":"Why <Kim> & \"Lee\"?` + "\u2028" + `\n","shown":"2 admins","snapshot":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","team":"T00000001","user":"U00000001"}}`
	if err != nil || string(data) != want {
		t.Errorf("record: got\n%s, %v; want\n%s", data, err, want)
	}
	if kept, err := decodeRecord([]byte(want)); err != nil || kept.Hash != "1283c60d61ea8f5d7bbe222ffc90a22db4a13a20cf7ca16186a283fbcb5ac013" {
		t.Errorf("record: got %+v, %v", kept, err)
	}
	s := Snapshot{ReadAt: at, Unread: []string{PartRoles}, Rules: Rules{Roles: []string{"CEO"}, Mailboxes: []string{}, Off: []Flag{New}, NoAdminRoles: true}, Admins: []Account{{
		ID: "32", Name: "Zoë <K>", Email: "zoe@example.com", Status: "active", Unconfirmed: true, Role: Ref{"5", "CEO"}, Profile: Ref{"14", "Standard"},
		Created: at, Modified: at, ModifiedBy: Ref{"18", "Lee"}, Rules: []Rule{ByZoho, ByRole}, Flags: []Flag{Unconfirmed},
	}, {ID: "33", Rules: []Rule{ByZoho}}}}
	data, hash, err := s.Encode()
	want = `{"admins":[{"created":"2026-11-24T09:30:00Z","email":"zoe@example.com","flags":["unconfirmed"],"id":"32","modified":"2026-11-24T09:30:00Z",` +
		`"modified_by":{"id":"18","name":"Lee"},"name":"Zoë <K>","profile":{"id":"14","name":"Standard"},"role":{"id":"5","name":"CEO"},"rules":["zoho","role"],"status":"active","unconfirmed":true},` +
		`{"email":"","id":"33","modified_by":{"id":"","name":""},"name":"","profile":{"id":"","name":""},"role":{"id":"","name":""},"rules":["zoho"],"status":"","unconfirmed":false}],` +
		`"read_at":"2026-11-24T09:30:00Z","rules":{"mailboxes":[],"no_admin_roles":true,"off":["new"],"roles":["CEO"]},"unread":["roles"]}`
	if err != nil || string(data) != want {
		t.Errorf("snapshot: got\n%s, %v; want\n%s", data, err, want)
	}
	if want := "51050a8ebee79fd81de4736dc2fdc55cc1ed7876fb75f52aea759139dd0a8855"; hash != want {
		t.Errorf("snapshot: got %s, want %s", hash, want)
	}
}

// TestPostsStayTheSame, with all that they can say.
func TestPostsStayTheSame(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	since := &Since{Post: 1, Snapshot: "b", By: "U00000001", Comparison: Comparison{ReadAt: at, RulesChanged: true, NotCompared: 1, Renamed: []Field{{FieldRole, "CEO", "Boss"}}, Changes: []Change{{
		Kind: Recreated, ID: "40", Name: "Kim", Email: "kim@example.com", Fields: []Field{{FieldName, "K", "Kim"}}, New: true, Fate: Erased, FormerID: "32", Alike: FieldEmail, Modified: at, ModifiedBy: Ref{"18", "Lee"},
	}, {Kind: Added, ID: "41"}}}}
	r := Record{Number: 3, At: at, Run: "x", Posted: &Posted{Snapshot: "s", AskedBy: "U00000002", Place: Place{"C00000001", "1.2", "https://example.com"}, Shown: Shown{
		ReadAt: at, Total: 3, Active: 2, Flagged: 1, Flags: []FlagCount{{New, 1}}, Unread: []string{PartRoles}, Known: 2, SincePosted: since, SinceSigned: since,
	}}, Failed: &Failed{Reason: "r", Place: &Place{}}}
	data, err := canonical(r)
	changes := `{"by":"U00000001","changes":[{"alike":"e-mail","email":"kim@example.com","fate":"deleted","fields":[{"after":"Kim","before":"K","name":"name"}],"former_id":"32","id":"40","kind":"recreated",` +
		`"modified":"2026-11-24T09:30:00Z","modified_by":{"id":"18","name":"Lee"},"name":"Kim","new":true},{"email":"","id":"41","kind":"added","name":""}],` +
		`"not_compared":1,"post":1,"read_at":"2026-11-24T09:30:00Z","renamed":[{"after":"Boss","before":"CEO","name":"role"}],"rules_changed":true,"snapshot":"b"}`
	want := `{"at":"2026-11-24T09:30:00Z","failed":{"place":{"channel":"","ts":""},"reason":"r"},"number":3,"posted":{"active":2,"asked_by":"U00000002","flagged":1,"flags":[{"count":1,"flag":"new"}],"known":2,` +
		`"place":{"channel":"C00000001","link":"https://example.com","ts":"1.2"},"read_at":"2026-11-24T09:30:00Z","since_posted":` + changes + `,"since_signed":` + changes + `,"snapshot":"s","total":3,"unread":["roles"]},"run":"x"}`
	if err != nil || string(data) != want {
		t.Errorf("got\n%s, %v; want\n%s", data, err, want)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, text := range []string{"", "\u2028", `\u2028`, `\\`, "\x00\xff", "<&>", "👩", "\ud7ff\ue000\U0010ffff"} {
		f.Add(text, 7)
	}
	f.Fuzz(func(t *testing.T, text string, number int) {
		number %= 1 << 53
		r := Record{Number: number, Run: text, Signed: &Signed{Question: text}, Posted: &Posted{Shown: Shown{Unread: []string{text}}}}
		kept, data, err := r.seal()
		if err != nil || !utf8.Valid(data) || !json.Valid(data) {
			t.Fatalf("got %q, %v", data, err)
		}
		back, err := decodeRecord(data)
		want := strings.ToValidUTF8(text, "\ufffd")
		if err != nil || back.Hash != kept.Hash || back.Number != number || utf8.ValidString(text) && (back.Run != want || back.Signed.Question != want || back.Posted.Unread[0] != want) {
			t.Errorf("got %+v, %v", back, err)
		}
		if _, again, err := back.seal(); err != nil || string(again) != string(data) {
			t.Errorf("got %s, %v; want %s", again, err, data)
		}
	})
}

func TestNumberOf(t *testing.T) {
	for name, want := range map[string]int{
		recordName(1): 1, recordName(99999999): 99999999, recordName(100000000): 0, recordName(0): 0, recordName(-1): 0,
		recordPrefix: 0, "": 0, "audit/records/1": 0, "audit/records/+0000001": 0, "audit/records/00000001x": 0, "00000001": 0, "audit/records/99999999999999999999": 0,
	} {
		if got := numberOf(name); got != want {
			t.Errorf("%q: got %d, want %d", name, got, want)
		}
	}
}
