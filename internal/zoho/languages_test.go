package zoho_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

func TestCriteriaAsTheyAreSent(t *testing.T) {
	long := strings.Repeat("é", 2000)
	for text, want := range map[string]string{
		"gentest":         `(N:equals:gentest)`,
		"  gen  test ":    `(N:equals:gen  test)`,
		"a (b), c":        `(N:equals:a \(b\)\, c)`,
		`a\b`:             `((N:equals:a)and(N:equals:b))`,
		`\a\ \)`:          `((N:equals:a)and(N:equals:\)))`,
		"a\nb\u2028c\x7f": `(((N:equals:a)and(N:equals:b))and(N:equals:c))`,
		`a\b\a\b\c`:       `(((N:equals:a)and(N:equals:b))and(N:equals:c))`,
		`a\b\c\d`:         `(((N:equals:a)and(N:equals:b))and(N:equals:c))`,
		"a\xffb":          `((N:equals:a)and(N:equals:b))`,
		"O'Gen \"50%\"":   `(N:equals:O'Gen "50%")`,
		long:              `(N:equals:` + long[:200] + `)`,
		long[:198] + " b": `(N:equals:` + long[:198] + `)`,
		"":                ``,
		" \\ \x00\t":      ``,
	} {
		if got := zoho.Holding("N", text); string(got) != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if got := zoho.Holding("N:equals:x", "a"); got != "" {
		t.Errorf("a field that is none: got %s", got)
	}
}

func TestConditionsAsTheyAreSent(t *testing.T) {
	for text, want := range map[string]string{
		"gentest":     `N like '%gentest%'`,
		"O'Gen":       `(N like '%O%' and N like '%Gen%')`,
		`a"b\c`:       `((N like '%a%' and N like '%b%') and N like '%c%')`,
		"50% of_it":   `((N like '%50%' and N like '%of%') and N like '%it%')`,
		"a and (b)":   `N like '%a and (b)%'`,
		"it’s":        `N like '%it’s%'`,
		"' or 1 = '1": `(N like '%or 1 =%' and N like '%1%')`,
		"":            ``,
		`'"\%_`:       ``,
	} {
		if got := zoho.Like("N", text); string(got) != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if got := zoho.Like("N = '1' or N", "a"); got != "" {
		t.Errorf("a field that is none: got %s", got)
	}
	for text, want := range map[string]string{
		"Gen (Test), 2": `N like 'Gen (Test), 2'`, "O'Gen": `(N like '%O%' and N like '%Gen%')`, "'gen": `N like '%gen%'`, " gen": `N like '%gen%'`, "%": ``,
	} {
		if got := zoho.Named("N", text); string(got) != want {
			t.Errorf("named %q: got %s, want %s", text, got, want)
		}
	}
	if got := zoho.Named("N = '1' or N", "a"); got != "" {
		t.Errorf("named, a field that is none: got %s", got)
	}
	for id, want := range map[string]zoho.Condition{"123": "Owner = '123'", "": "", "1' or '1": "", "12a": ""} {
		if got := zoho.OwnedBy(id); got != want {
			t.Errorf("%q: got %s, want %s", id, got, want)
		}
	}
}

func TestJoiningLeavesEmptyOnesOut(t *testing.T) {
	a, b := zoho.Holding("A", "x"), zoho.Holding("B", "y")
	c, d := zoho.OwnedBy("1"), zoho.OwnedBy("2")
	for _, test := range []struct {
		got, want  string
		size, wide int
	}{
		{string(a.And(b).Or(a)), `(((A:equals:x)and(B:equals:y))or(A:equals:x))`, a.And(b).Or(a).Size(), 3},
		{string(a.And("")), string(a), a.And("").Size(), 1},
		{string(zoho.Criteria("").Or(a)), string(a), zoho.Holding("A", `):equals:(`).Size(), 1},
		{string(zoho.Criteria("").And("")), "", zoho.Criteria("").Size(), 0},
		{string(c.Or(d).And(c)), `((Owner = '1' or Owner = '2') and Owner = '1')`, c.Or(d).And(c).Size(), 3},
		{string(c.Or("")), string(c), zoho.Like("A", "x and y or z").Size(), 1},
		{string(zoho.Condition("").And(c)), string(c), zoho.Condition("A in ('x', 'y') and B is null").Size(), 2},
		{string(zoho.Condition("").Or("")), "", zoho.Condition("").Size(), 0},
	} {
		if test.got != test.want || test.size != test.wide {
			t.Errorf("got %s of size %d, want %s of %d", test.got, test.size, test.want, test.wide)
		}
	}
}

// TestTheLargestThatIsSentIsAccepted.
func TestTheLargestThatIsSentIsAccepted(t *testing.T) {
	client := connected(t, euSim())
	var criteria zoho.Criteria
	for criteria.Size() < zoho.MaxCriteria {
		criteria = criteria.Or(zoho.Holding("Deal_Name", "gentest"))
	}
	var where zoho.Condition
	for where.Size() < zoho.MaxConditions {
		where = where.Or(zoho.Like("Deal_Name", "gentest"))
	}
	found, err := client.SearchRecords(ctx, "Deals", zoho.Search{Criteria: criteria})
	if err != nil || len(found.Records) != 1 {
		t.Errorf("search: got %+v, %v", found, err)
	}
	selected, err := client.SelectRecords(ctx, zoho.Selection{Module: "Deals", Where: where})
	if err != nil || len(selected.Records) != 1 {
		t.Errorf("select: got %+v, %v", selected, err)
	}
}

const (
	decoy   = "Gensample (Decoy), O'Decoy & \"Sons\" 50%"
	decoyID = "1"
	namedID = "2"
)

// named is a client of an organisation with two accounts: the decoy, and one
// with a text as its name.
func named(t *testing.T, text string) *zoho.Client {
	t.Helper()
	account := func(id, name string) json.RawMessage {
		raw, err := json.Marshal(map[string]any{"id": id, "Account_Name": name, "Owner": map[string]any{"id": "3"}})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	records := map[string][]json.RawMessage{"Accounts": {account(decoyID, decoy), account(namedID, text)}}
	return connected(t, zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Organisation: &zohosim.Organisation{Records: records}}))
}

// checkFound says whether what a query for a text found is what it should: the
// account that is called so, and the decoy only if it has all words of it.
func checkFound(t *testing.T, query, text string, page zoho.RecordPage, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%q, %s: %v", text, query, err)
	}
	var ids []string
	for _, r := range page.Records {
		ids = append(ids, r.ID)
	}
	if !slices.Contains(ids, namedID) {
		t.Errorf("%q, %s: not found", text, query)
	}
	if slices.Contains(ids, decoyID) && allSent(text) && !decoyHas(text) {
		t.Errorf("%q, %s: found %q too", text, query, decoy)
	}
}

func plain(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// allSent reports whether all words of a text are sent: it is short, and cut
// twice at most.
func allSent(text string) bool {
	odd := 0
	for _, r := range text {
		if !plain(r) && r != ' ' {
			odd++
		}
	}
	return utf8.RuneCountInString(text) <= 100 && odd <= 2
}

func decoyHas(text string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !plain(r) }) {
		if !strings.Contains(strings.ToLower(decoy), strings.ToLower(word)) {
			return false
		}
	}
	return true
}

func addTexts(f *testing.F) {
	for _, text := range []string{
		"acme", "Gensample", "(decoy), o'decoy", `a\`, `\`, `\\`, `a\)b`, "a\\,b", "'", "''", "a'b", `"`, `a"b"c`, "%", "_", "50%", "a%b_c",
		"' or id is not null or Account_Name like '", ") or (Account_Name:equals:Decoy", "a):equals:(b", "a:b", "a,b,c", "and", "or", "(", ")", "((", "()",
		"\x00", "a\x00b", "\xff", "a\xff\xfeb", "\u2028", "a\u2029b", "\ufffd", "\u200f\u202eabc", "🏳️‍🌈 und 👩‍👩‍👧", "İstanbul ΣΑΣ ß", "日本 株式会社",
		"a\tb\nc\rd", "  a  b  ", "select * from Accounts", "--", "/*", "null", "${EMPTY}", "&\"0\"0\"1", "<a>&amp;", "+%2B", strings.Repeat("x", 2000), strings.Repeat(`x\'`, 700), strings.Repeat("👩", 2000),
	} {
		f.Add(text)
	}
}

// FuzzCriteria: whatever is typed, the search is one, and finds what is called so.
func FuzzCriteria(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		criteria := zoho.Holding("Account_Name", text)
		if n := criteria.Size(); n > 3 || (n == 0) != (criteria == "") || n == 0 && strings.ContainsFunc(text, plain) {
			t.Fatalf("%q: %d criteria, %s", text, n, criteria)
		}
		if criteria == "" {
			return
		}
		client := named(t, text)
		for _, c := range []zoho.Criteria{criteria, criteria.And(criteria).Or(zoho.Holding("Website", text))} {
			page, err := client.SearchRecords(ctx, "Accounts", zoho.Search{Criteria: c})
			checkFound(t, string(c), text, page, err)
		}
	})
}

// FuzzCondition does the same with queries.
func FuzzCondition(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		where := zoho.Like("Account_Name", text)
		if n := where.Size(); n > 3 || (n == 0) != (where == "") || n == 0 && strings.ContainsFunc(text, plain) {
			t.Fatalf("%q: %d conditions, %s", text, n, where)
		}
		if where == "" {
			return
		}
		client := named(t, text)
		for _, w := range []zoho.Condition{where, zoho.Named("Account_Name", text), where.And(zoho.OwnedBy("3")).Or(zoho.OwnedBy("4"))} {
			page, err := client.SelectRecords(ctx, zoho.Selection{Module: "Accounts", Where: w})
			checkFound(t, string(w), text, page, err)
		}
	})
}
