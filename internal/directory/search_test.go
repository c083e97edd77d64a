package directory_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

var readAt = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

func users(t testing.TB, raws []json.RawMessage) []zoho.User {
	t.Helper()
	all := make([]zoho.User, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func sample(t testing.TB) []zoho.User { return users(t, zohosim.SampleUsers()) }

func generated(t testing.TB, n int) []zoho.User {
	t.Helper()
	return users(t, zohosim.Generate(n, 0).Users)
}

func snapshot(users ...zoho.User) *directory.Snapshot {
	return directory.NewSnapshot(readAt, users, nil)
}

func search(t testing.TB, s *directory.Snapshot, text string) directory.People {
	t.Helper()
	q, err := directory.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s.Search(q)
}

// emails tell the sample's namesakes apart.
func emails(users []zoho.User) string {
	var all []string
	for _, u := range users {
		all = append(all, u.Email)
	}
	return strings.Join(all, " ")
}

func ids(users []zoho.User) string {
	var all []string
	for _, u := range users {
		all = append(all, u.ID)
	}
	return strings.Join(all, " ")
}

func TestSearchInTheSample(t *testing.T) {
	s := snapshot(sample(t)...)
	for text, want := range map[string]string{
		"kim":                       "kim@gmail.com",
		"KIM":                       "kim@gmail.com",
		"ki":                        "kim@gmail.com",
		"boyle patricia":            "patricia.a+us@zohotest.com",
		"pat boy":                   "patricia.a+us@zohotest.com",
		"oyl":                       "patricia.a+us@zohotest.com",
		`"patricia boyle"`:          "patricia.a+us@zohotest.com",
		`"boyle patricia"`:          "",
		"patricia3":                 "ceo@zo.com co@zo.com co@zsso.com",
		"ceo@zo.com":                "ceo@zo.com",
		"CEO@ZO.COM":                "ceo@zo.com",
		"ceo@zo":                    "ceo@zo.com ceo@zooho.com",
		"@zo.com":                   "ceo@zo.com co@zo.com",
		"5725767000000583032":       "kim@gmail.com",
		"5725767000000583033":       "",
		"patricia.a+aa@zohotest.co": "patricia.a+aa@zohotest.com",
		"kim lee":                   "",
		"kim role:ceo":              "",
		"patricia role:ceo status:active confirmed:yes": "patricia.a+us@zohotest.com",
		"<@U1>": "",
		"https://crm.zoho.com/crm/org808232144/settings/users/5725767000000583032": "kim@gmail.com",
	} {
		found := search(t, s, text)
		if got := emails(found.Users); !found.Suggested && !sameWords(got, want) || found.Suggested && want != "" {
			t.Errorf("%q: got %s (suggested: %v), want %s", text, got, found.Suggested, want)
		}
	}
}

// sameWords compares without regard to the order, which other tests are about.
func sameWords(a, b string) bool {
	return slices.Equal(slices.Sorted(slices.Values(strings.Fields(a))), slices.Sorted(slices.Values(strings.Fields(b))))
}

func active(id, name, email string) zoho.User {
	return zoho.User{ID: id, FullName: name, Email: email, Status: "active"}
}

// TestOrder: whole words, then beginnings, never middles beside them; the
// active first; whole names before others, names before e-mail addresses; by
// name and id.
func TestOrder(t *testing.T) {
	s := snapshot(
		active("1", "Ann Other", "jo@example.com"),
		active("2", "Joan Arc", "x@example.com"),
		zoho.User{ID: "3", FullName: "Jo Deleted", Status: "deleted"},
		zoho.User{ID: "4", FullName: "Jo Disabled", Status: "disabled"},
		active("5", "Jo Beta", ""),
		zoho.User{ID: "6", FullName: "Jo", Status: "Deleted"},
		active("7", "Bo", ""),
		active("8", "Mary-Jo", ""),
		active("10", "Jo Beta", ""),
		active("11", "Jo", ""),
		active("12", "Major Jost", ""),
		active("13", "Banjo", ""),
		zoho.User{ID: "14", FullName: "Joanna", Status: "deleted"},
		active("15", "Jo Àlpha", ""),
	)
	for text, want := range map[string]string{
		"jo":    "11 15 5 10 8 1 4 6 3 2 12 14",
		"joa":   "2 14",
		"anj":   "13",
		"an jo": "1",
		"":      "1 13 7 11 15 5 10 2 12 8 4 6 3 14",
	} {
		if got := ids(search(t, s, text).Users); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestAFullNameOfTwoWordsIsMeant(t *testing.T) {
	s := snapshot(active("1", "Ann Lee", ""), active("2", "Ann Leeman", ""), active("3", "Ánn  LEE", ""), active("4", "Ann Lee Smith", ""))
	if got := ids(search(t, s, "ann lee").Users); got != "1 3" {
		t.Errorf("got %s", got)
	}
	if got := ids(search(t, s, "lee ann").Users); got != "1 3 4 2" {
		t.Errorf("got %s", got)
	}
}

func TestSparsePeople(t *testing.T) {
	s := snapshot(zoho.User{ID: "1"}, zoho.User{ID: "2", FullName: "Only Full"}, zoho.User{ID: "3", Alias: "nick"},
		zoho.User{ID: "4", FirstName: "Smørgen", LastName: "O'Neil"}, zoho.User{ID: "5", FullName: "Grün Straße"}, zoho.User{ID: "odd-id", FullName: "Odd"})
	for text, want := range map[string]string{
		"only": "2", "NICK": "3", "smor": "4", "smoergen": "4", "smørgen": "4", "o'neil": "4", "o’neil": "4", "oneil": "4", "neil": "4",
		"gruen": "5", "grun": "5", "GRÜN STRASSE": "5", "straße": "5", "odd": "odd-id",
	} {
		if got := search(t, s, text); ids(got.Users) != want || got.Suggested {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
}

func TestPhones(t *testing.T) {
	s := snapshot(
		zoho.User{ID: "1", Phone: "+49 (0)30 123-4567"}, zoho.User{ID: "2", Mobile: "030 1234568 ext. 12"},
		zoho.User{ID: "3", Phone: "1234569"}, zoho.User{ID: "4", FullName: "User 4569"},
	)
	for text, want := range map[string]string{
		"+49 30 1234567": "1", "0049301234567": "1", "1234567": "1",
		"030/1234568": "2", "+49 30 1234568": "2", "301234568": "2",
		"+49 30 1234569": "3", "4569": "4 3", "4568": "2", "5557777": "",
	} {
		if got := ids(search(t, s, text).Users); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTypingErrorsAreSuggestions(t *testing.T) {
	s := snapshot(active("1", "Patricia Boyle", "pb@example.com"), active("2", "Patrice Moyle", ""), active("3", "Kim", ""), active("4", "Пример", ""))
	for text, want := range map[string]string{
		"patrisia": "1", "ptaricia": "1", "patriciia": "1", "atricia": "", "patricai": "1", "boile patricia": "1", "boyel": "1", "bolye": "1",
		"xoyle": "2 1", "kin": "", "kmi": "", "приме": "", "прмиер": "4", "pb@exmaple.com": "1", "patri5": "2 1", "patri55": "",
		"pqtricia boylx": "1", "xyz": "",
	} {
		got := search(t, s, text)
		if want == "" && got.Suggested || want != "" && (ids(got.Users) != want || !got.Suggested) {
			t.Errorf("%q: got %s (suggested: %v), want %s", text, ids(got.Users), got.Suggested, want)
		}
	}
}

func TestFilters(t *testing.T) {
	people := []zoho.User{
		{ID: "1", FullName: "One", Status: "active", Role: zoho.Ref{ID: "71", Name: "Sales Representative"}, Profile: zoho.Ref{Name: "Standard"}, TimeZone: "Europe/Berlin", Country: "Germany"},
		{ID: "2", FullName: "Two", Status: "active", Unconfirmed: true, Role: zoho.Ref{ID: "72", Name: "CEO"}, Profile: zoho.Ref{Name: "Administrator"}, TimeZone: "America/Los_Angeles"},
		{ID: "3", FullName: "Three", Status: "disabled", Role: zoho.Ref{ID: "71", Name: "Sales Representative"}, ReportingTo: zoho.Ref{ID: "2", Name: "Two"}, Type: "Regular User", Country: "Côte d’Ivoire"},
		{ID: "4", FullName: "Four", Status: "deleted", Role: zoho.Ref{ID: "73", Name: "Presales"}},
		{ID: "5", FullName: "Five", Status: "inactive"},
		{ID: "6", FullName: "Six", Status: "disabled dormant"},
	}
	s := snapshot(people...)
	for text, want := range map[string]string{
		"role:sales": "1 3", "role:REP": "1 3", `role:"sales rep"`: "1 3", "role:71": "1 3", "role:ales": "", "role:sales role:ceo": "1 2 3",
		"role:sales status:active": "1", "status:inactive": "3 5 6", "status:disabled": "3 6", "status:active": "1 2", "status:deleted": "4",
		"confirmed:no": "2", "unconfirmed": "2", "confirmed:yes": "1 3 4 5 6", "confirmed:yes confirmed:no": "1 2 3 4 5 6",
		"profile:admin": "2", "type:regular": "3", "manager:two": "3", "manager:2": "3", "tz:berlin": "1", "tz:angeles": "2", `tz:"los angeles"`: "2",
		"role:sales rep": "1 3", "rep role:sales": "1 3", "t role:sales rep": "3", "role:sales rep zzz": "", "role:sales ceo": "", "tz:los angeles": "2", "status:disabled role:sales rep": "3",
		"role:sales,ceo": "1 2 3", `role:"sales,ceo"`: "", "status:deleted,inactive": "3 4 5 6",
		"country:germany": "1", "country:cote": "3", "t role:sales": "3", "role:nobody": "",
	} {
		if got := ids(search(t, s, text).Users); !sameWords(got, want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"ceo": "role:ceo", "sales rep": `role:"sales rep"`, "deleted": "status:deleted", "admin": "profile:admin", "regular": "type:regular", "berlin": "tz:berlin",
		"zzz": "", "ceo role:sales": "", "two": "", "ceo zzz": "",
	} {
		if got := search(t, s, text); got.Hint != want {
			t.Errorf("%q: hint %q, want %q", text, got.Hint, want)
		}
	}
	if found := search(t, s, "role:sales"); found.Total != 2 || fmt.Sprint(found.Statuses) != "[{active 1 1} {disabled 1 0}]" {
		t.Errorf("got %v of %d", found.Statuses, found.Total)
	}
}

func TestAnAnswerHoldsAHundredAndCountsAll(t *testing.T) {
	found := search(t, snapshot(generated(t, 1500)...), "status:active")
	if len(found.Users) != directory.MaxUsers || found.Total < 1000 || found.Statuses[0].People != found.Total {
		t.Errorf("got %d users of %d, %v", len(found.Users), found.Total, found.Statuses)
	}
}

func TestAdmins(t *testing.T) {
	s := directory.NewSnapshot(readAt, []zoho.User{
		{ID: "1", FullName: "Beta", Status: "deleted"}, {ID: "2", FullName: "Gamma", Status: "active"}, {ID: "3", FullName: "alpha", Status: "active"}, active("4", "Delta", ""),
	}, map[string]bool{"1": true, "2": true, "3": true})
	if got := ids(s.Admins().Users); got != "3 2 1" {
		t.Errorf("got %s", got)
	}
}

// TestLabelledQueries scores what people type against whom they mean. Each
// class has its share to reach; the misses are printed.
func TestLabelledQueries(t *testing.T) {
	s := snapshot(append(sample(t), generated(t, 1000)...)...)
	right, all := map[string]int{}, map[string]int{}
	for _, q := range labelled(t) {
		all[q.class]++
		found := search(t, s, q.text)
		n := min(len(q.ids), len(found.Users))
		if (!found.Suggested || q.class == "typo") && sameWords(ids(found.Users[:n]), strings.Join(q.ids, " ")) {
			right[q.class]++
			continue
		}
		t.Logf("missed %s %q: want %s; got %s of %d (suggested: %v)", q.class, q.text, q.ids, ids(found.Users[:min(4, len(found.Users))]), found.Total, found.Suggested)
	}
	total := 0
	for class, least := range map[string]float64{"exact": 1, "prefix": 0.97, "typo": 0.95} {
		share := float64(right[class]) / float64(all[class])
		t.Logf("%s: %d of %d, %.1f %%", class, right[class], all[class], 100*share)
		if !(share >= least) {
			t.Errorf("%s: %.1f %%, want %.0f %%", class, 100*share, 100*least)
		}
		total += all[class]
	}
	if total < 200 {
		t.Errorf("only %d queries", total)
	}
}

type labelledQuery struct {
	class, text string
	ids         []string
}

func labelled(t *testing.T) []labelledQuery {
	t.Helper()
	file, err := os.Open("testdata/queries.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []labelledQuery
	for scan := bufio.NewScanner(file); scan.Scan(); {
		fields := strings.Split(scan.Text(), "\t")
		if len(fields) == 3 && !strings.HasPrefix(fields[0], "#") {
			all = append(all, labelledQuery{fields[0], fields[1], strings.Fields(fields[2])})
		}
	}
	return all
}

func ExampleSnapshot_Search() {
	s := directory.NewSnapshot(time.Now(), []zoho.User{{ID: "1", FullName: "Generated One"}, {ID: "2", FullName: "Generated Two"}}, nil)
	for _, text := range []string{"two gen", "generatde two"} {
		q, err := directory.Parse(text)
		if err != nil {
			fmt.Println(err)
		}
		found := s.Search(q)
		fmt.Println(found.Users[0].FullName, found.Suggested)
	}
	// Output:
	// Generated Two false
	// Generated Two true
}
