package directory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// TestPages: each place and size, against the one long page.
func TestPages(t *testing.T) {
	s := snapshot(generated(t, 250)...)
	q := directory.Query{}
	all := s.Page(q, 0, 1000)
	if len(all.Users) != 250 || all.From != 0 {
		t.Fatalf("got %d from %d", len(all.Users), all.From)
	}
	for _, c := range []struct{ from, most, start, end int }{
		{0, 100, 0, 100}, {100, 100, 100, 200}, {200, 100, 200, 250}, {7, 10, 7, 17}, {249, 10, 249, 250},
		{250, 100, 200, 250}, {1 << 62, 100, 200, 250}, {250, 125, 125, 250}, {250, 50, 200, 250}, {999, 1, 249, 250},
		{-1, 10, 0, 10}, {-1 << 63, 10, 0, 10}, {0, 0, 0, 100}, {300, -1, 200, 250}, {10, 1<<63 - 1, 10, 250}, {300, 1<<63 - 1, 0, 250},
	} {
		got := s.Page(q, c.from, c.most)
		if got.From != c.start || !slices.Equal(got.Users, all.Users[c.start:c.end]) || got.Total != 250 || !slices.Equal(got.Statuses, all.Statuses) {
			t.Errorf("from %d at most %d: got %d from %d of %d, want %d to %d", c.from, c.most, len(got.Users), got.From, got.Total, c.start, c.end)
		}
	}
	if got := s.Page(directory.Query{Terms: []directory.Term{{Text: "nobody"}}}, 30, 10); got.From != 0 || got.Total != 0 || len(got.Users) != 0 {
		t.Errorf("of nobody: got %+v", got)
	}
	if got := s.Search(q); !slices.Equal(got.Users, all.Users[:directory.MaxUsers]) || got.From != 0 {
		t.Errorf("a search: got %d from %d", len(got.Users), got.From)
	}
}

// TestAPageOfSuggestions is one, and hints are given on any.
func TestAPageOfSuggestions(t *testing.T) {
	s := snapshot(active("1", "Patricia Boyle", ""), active("2", "Patricia Doyle", ""), zoho.User{ID: "3", FullName: "Kim", Role: zoho.Ref{Name: "CEO"}})
	page := func(text string) directory.People {
		return s.Page(must[directory.Query](t)(directory.Parse(text)), 1, 1)
	}
	if got := page("patrisia"); !got.Suggested || ids(got.Users) != "2" || got.From != 1 || got.Total != 2 {
		t.Errorf("got %+v", got)
	}
	if got := page("ceo"); got.Hint != "role:ceo" {
		t.Errorf("got %+v", got)
	}
}

func counts(all []directory.Count) string {
	var text []string
	for _, c := range all {
		text = append(text, fmt.Sprintf("%s:%d/%d", c.Name, c.Active, c.People))
	}
	return strings.Join(text, " ")
}

func TestCounts(t *testing.T) {
	user := func(id, status, role, profile, country string) zoho.User {
		return zoho.User{ID: id, FullName: "Generated " + id, Status: status, Role: zoho.Ref{ID: "7" + id, Name: role}, Profile: zoho.Ref{Name: profile}, Country: country,
			Type: "Regular", TimeZone: "UTC", ReportingTo: zoho.Ref{ID: "1", Name: "Kim " + role}}
	}
	s := snapshot(user("1", "active", "sales", "Standard", "Österreich"), user("2", "deleted", "sales", "Standard", ""), user("3", "disabled", "Éditor", "", ""),
		user("4", "active", "CEO", "", "peru"), user("5", "active", "Editor", "", "Peru"), user("6", "active", "", "Guest", ""))
	for _, c := range []struct{ text, by, want string }{
		{"", "role", "sales:1/2 CEO:1/1 Editor:1/1 Éditor:0/1 :1/1"},
		{"", "profile", "Standard:1/2 Guest:1/1 :2/3"},
		{"", "country", "Österreich:1/1 Peru:1/1 peru:1/1 :1/3"},
		{"", "status", "active:4/4 deleted:0/1 disabled:0/1"},
		{"", "type", "Regular:4/6"},
		{"", "tz", "UTC:4/6"},
		{"", "manager", "Kim sales:1/2 Kim :1/1 Kim CEO:1/1 Kim Editor:1/1 Kim Éditor:0/1"},
		{"status:active", "profile", "Guest:1/1 Standard:1/1 :2/2"},
		{"generated role:sales", "country", "Österreich:1/1 :0/1"},
		{"role:kim sales", "role", ""},
		{"", "confirmed", ""}, {"", "", ""}, {"", "Role", ""},
		{"nobody", "role", ""},
		{"generatde", "role", ""}, // all are suggested
	} {
		got := s.Count(must[directory.Query](t)(directory.Parse(c.text)), c.by)
		if counts(got) != c.want || (got == nil) != (c.want == "") {
			t.Errorf("%q by %s: got %s, want %s", c.text, c.by, counts(got), c.want)
		}
	}
	longer := snapshot(zoho.User{ID: "1", Role: zoho.Ref{Name: "Sales Rep"}}, zoho.User{ID: "2", Role: zoho.Ref{Name: "Sales Head"}})
	if got := counts(longer.Count(must[directory.Query](t)(directory.Parse("role:sales rep")), "role")); got != "Sales Rep:0/1" {
		t.Errorf("words of a filter's value: got %s", got)
	}
}

// TestCountsAgreeWithPages, whatever is asked, and with the statuses of an answer.
func TestCountsAgreeWithPages(t *testing.T) {
	s := snapshot(generated(t, 400)...)
	of := map[string]func(zoho.User) string{
		"role": func(u zoho.User) string { return u.Role.Name }, "profile": func(u zoho.User) string { return u.Profile.Name },
		"type": func(u zoho.User) string { return u.Type }, "status": func(u zoho.User) string { return u.Status },
		"country": func(u zoho.User) string { return u.Country }, "tz": func(u zoho.User) string { return u.TimeZone },
		"manager": func(u zoho.User) string { return u.ReportingTo.Name },
	}
	if len(of) != len(directory.CountNames()) {
		t.Errorf("got %s", directory.CountNames())
	}
	for _, text := range []string{"", "status:active", "role:sales", "ze", "confirmed:no", "gen role:manager"} {
		q := must[directory.Query](t)(directory.Parse(text))
		found := s.Page(q, 0, 1000)
		if found.Total == 0 || found.Suggested {
			t.Fatalf("%q: got %+v", text, found)
		}
		for _, by := range directory.CountNames() {
			want := map[string]directory.Count{}
			for _, u := range found.Users {
				c := want[of[by](u)]
				c.Name = of[by](u)
				c.People++
				if u.Active() {
					c.Active++
				}
				want[c.Name] = c
			}
			got := s.Count(q, by)
			for i, c := range got {
				if want[c.Name] != c || i > 0 && c.Name != "" && got[i-1].People < c.People || c.Name == "" && i < len(got)-1 {
					t.Errorf("%q by %s: got %s, want %v", text, by, counts(got), want)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%q by %s: got %s, want %v", text, by, counts(got), want)
			}
			for _, c := range found.Statuses {
				if by == "status" && want[c.Name] != c {
					t.Errorf("%q: got %+v, want %+v", text, c, want[c.Name])
				}
			}
		}
	}
}

// counting holds texts, and the query and what is counted.
var counting = map[string]string{
	"":                              "",
	"kim":                           "word(kim)",
	"by role":                       "by role",
	"BY Roles":                      "by role",
	"By PROFILE":                    "by profile",
	"by types":                      "by type",
	"by statuses":                   "by status",
	"by countries":                  "by country",
	"by tz":                         "by tz",
	"by timezone":                   "by tz",
	"by Time Zone":                  "by tz",
	"by time zones kim":             "word(kim) by tz",
	"by time-zone":                  "by tz",
	"by managers":                   "by manager",
	"by, role;":                     "by role",
	"ｂｙ role":                       "by role",
	"by role status:active":         "status=active by role",
	"status:active by profile":      "status=active by profile",
	"kim by role lee":               "word(kim) word(lee) by role",
	`"Patricia Boyle" by role`:      "phrase(Patricia Boyle) by role",
	"role:sales by role":            "role=sales by role",
	"by role by profile":            "word(by) word(profile) by role",
	"by role by kim":                "word(by) word(kim) by role",
	"by role *** ,":                 "by role",
	"kim by":                        "word(kim) word(by)",
	"kim by lee":                    "word(kim) word(by) word(lee)",
	"kim by lee by role":            "word(kim) word(by) word(lee) by role",
	"status:active by confirmed":    "word(by) status=active confirmed=yes",
	"status:active by":              "word(by) status=active",
	"role: by role":                 "word(role) role=by",
	"kim by time lee":               "word(kim) word(by) word(time) word(lee)",
	`kim by "role"`:                 "word(kim) word(by) phrase(role)",
	`kim by time "zone"`:            "word(kim) word(by) word(time) phrase(zone)",
	`"by" role`:                     "phrase(by) word(role)",
	`"by role"`:                     "phrase(by role)",
	"kim by role:sales":             "word(kim) word(by) role=sales",
	"bye role":                      "word(bye) word(role)",
	"by role 5550100 123":           "phone(5550100123) by role",
	"by role manager:<@U1> status":  "!3",
	"prof:admin by role":            "!1 prof profile",
	"by":                            "!9",
	" BY, ":                         "!9",
	"by kim":                        "!9 kim",
	"by kim by role":                "!9 kim",
	"by confirmed":                  "!9 confirmed",
	"by rolle":                      "!9 rolle role",
	"by prof":                       "!9 prof profile",
	"by Countires":                  "!9 Countires country",
	"by time":                       "!9 time tz",
	"by manger status:active":       "!9 manger manager",
	"by role:sales":                 "!9 role:sales role",
	`by "role"`:                     `!9 "role" role`,
	"by <@U1>":                      "!9 <@U1>",
	"by " + strings.Repeat("é", 50): "!9 " + strings.Repeat("é", 39) + "…",
}

func TestParseCount(t *testing.T) {
	for text, want := range counting {
		q, by, err := directory.ParseCount(text)
		got := parts(q)
		if by != "" {
			got = strings.TrimSpace(got + " by " + by)
		}
		if e, ok := errors.AsType[*directory.SyntaxError](err); ok {
			got = strings.TrimRight(fmt.Sprintf("!%d %s %s", e.Reason, e.Text, e.Nearest), " ")
			if e.Reason == directory.BadValue {
				got = "!3"
			}
			if by != "" || !q.Empty() {
				t.Errorf("%q: got %s by %q with an error", text, parts(q), by)
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if _, _, err := directory.ParseCount("by"); err.Error() != "query: unknown field to count by" {
		t.Errorf("got %v", err)
	}
}

// checkCount: without a count a text means what it means to Parse, and what is
// counted by can be written before the query that it leaves.
func checkCount(t *testing.T, text string) (counts bool) {
	t.Helper()
	q, by, err := directory.ParseCount(text)
	if e, ok := errors.AsType[*directory.SyntaxError](err); ok && e.Reason == directory.UnknownCount {
		if e.Nearest != "" && !slices.Contains(directory.CountNames(), e.Nearest) {
			t.Fatalf("%q: nearest %q", text, e.Nearest)
		}
		return true
	}
	if by == "" {
		want, wrong := directory.Parse(text)
		if !reflect.DeepEqual(q, want) || !reflect.DeepEqual(err, wrong) {
			t.Fatalf("%q: got %q, %v; want %q, %v", text, parts(q), err, parts(want), wrong)
		}
		return false
	}
	again, byAgain, err := directory.ParseCount("by " + by + " " + q.String())
	if err != nil || byAgain != by || !reflect.DeepEqual(again, q) || !slices.Contains(directory.CountNames(), by) {
		t.Fatalf("%q: %q by %q, printed as %q, gives %q by %q, %v", text, parts(q), by, q, parts(again), byAgain, err)
	}
	return true
}

func FuzzParseCount(f *testing.F) {
	for text := range counting {
		f.Add(text)
	}
	for text := range understood {
		f.Add(text)
		f.Add("by role " + text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkCount(t, text) })
}

func TestMixturesOfCountsPrintAsTheyAreTyped(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	some := append(slices.Clone(fragments), " by ", " By role ", " by ", "time", "zones", "countries", " by tz ")
	counts := 0
	for range mixtures {
		var text strings.Builder
		for range 1 + random.IntN(8) {
			text.WriteString(some[random.IntN(len(some))])
			text.WriteString(strings.Repeat(" ", random.IntN(2)))
		}
		if checkCount(t, text.String()) {
			counts++
		}
	}
	if counts < mixtures/50 {
		t.Errorf("%d of %d mixtures count", counts, mixtures)
	}
}

func TestQueriesWithAndWithoutAFilter(t *testing.T) {
	q := must[directory.Query](t)(directory.Parse("kim role:a status:active role:b"))
	before := q.String()
	for got, want := range map[string]string{
		q.With(directory.Filter{Name: "role", Value: "c"}).String():                   "kim status:active role:c",
		q.With(directory.Filter{Name: "tz", Value: "utc"}).String():                   "kim role:a status:active role:b tz:utc",
		q.Without("role").String():                                                    "kim status:active",
		q.Without("tz").String():                                                      before,
		q.Without("role").Without("status").String():                                  "kim",
		directory.Query{}.With(directory.Filter{Name: "role", Value: "x y"}).String(): `role:"x y"`,
		q.Without("role").With(directory.Filter{Name: "status", Value: "x"}).String(): "kim status:x",
		q.With(directory.Filter{Name: "role", Value: "c"}).Without("role").String():   "kim status:active",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if q.String() != before {
		t.Errorf("it was changed: %s", q)
	}
	room := directory.Query{Filters: make([]directory.Filter, 1, 4)}
	room.Filters[0] = directory.Filter{Name: "role", Value: "a"}
	room.With(directory.Filter{Name: "tz", Value: "utc"})
	if got := room.Filters[:2][1]; got != (directory.Filter{}) {
		t.Errorf("its room was used: %v", got)
	}
	if got := q.Without("role").Without("status"); got.Filters != nil {
		t.Errorf("got %#v", got.Filters)
	}
}
