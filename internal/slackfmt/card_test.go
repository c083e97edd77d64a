package slackfmt_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// shown is the JSON of a message's blocks.
func shown(t testing.TB, m slackfmt.Message) string {
	t.Helper()
	data, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(data))
}

func active(change func(*zoho.User)) zoho.User {
	u := zoho.User{ID: "1", FullName: "Generated", Status: "active", Role: zoho.Ref{Name: "Generated Role"}, Email: "generated@example.com"}
	change(&u)
	return u
}

func TestLocalTimes(t *testing.T) {
	for _, c := range []struct{ zone, askers, want string }{
		{"Europe/Berlin", "", "Local time: Tue 10:33."},
		{"Europe/Berlin", "Europe/Berlin", "Local time: Tue 10:33, same as yours."},
		{"Europe/Berlin", "Europe/Rome", "Local time: Tue 10:33, same as yours."},
		{"Europe/Berlin", "Europe/London", "Local time: Tue 10:33, 1 h ahead."},
		{"America/Los_Angeles", "Europe/Berlin", "Local time: Tue 01:33, 9 h behind."},
		{"Asia/Kolkata", "UTC", "Local time: Tue 15:03, 5 h 30 min ahead."},
		{"Australia/Lord_Howe", "Australia/Sydney", "Local time: Tue 20:33, same as yours."},
		{"Asia/Kolkata", "Asia/Kathmandu", "Local time: Tue 15:03, 15 min behind."},
		{"Pacific/Kiritimati", "UTC", "Local time: Tue 23:33, 14 h ahead."},
		{"Europe/Berlin", "Nowhere/Else", "Local time: Tue 10:33."},
		{"Nowhere/Else", "Europe/Berlin", "Time zone: Nowhere/Else."},
		{"Local", "Europe/Berlin", "Time zone: Local."},
		{"../../etc/passwd", "UTC", "Time zone: ../../etc/passwd."},
	} {
		card := cardOf(active(func(u *zoho.User) { u.TimeZone = c.zone }))
		card.Zone = c.askers
		if got := card.Message().Text; !strings.HasSuffix(got, " "+c.want) {
			t.Errorf("%s for %s: got %q, want %q", c.zone, c.askers, got, c.want)
		}
	}
	for name, u := range map[string]zoho.User{
		"nowhere":  active(func(*zoho.User) {}),
		"disabled": active(func(u *zoho.User) { u.Status, u.TimeZone = "disabled", "Europe/Berlin" }),
	} {
		if got := cardOf(u).Message().Text; strings.Contains(got, "ime") {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestSummerTimeCounts: Phoenix has none.
func TestSummerTimeCounts(t *testing.T) {
	card := cardOf(active(func(u *zoho.User) { u.TimeZone = "Europe/Berlin" }))
	card.Zone, card.Now = "America/Phoenix", time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	if got := card.Message().Text; !strings.Contains(got, "Wed 14:00, 9 h ahead") {
		t.Errorf("got %q", got)
	}
	card.Now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	if got := card.Message().Text; !strings.Contains(got, "Thu 13:00, 8 h ahead") {
		t.Errorf("got %q", got)
	}
}

func TestLanguages(t *testing.T) {
	for code, want := range map[string]string{"en_US": "English (US)", "de": "German", "pt-BR": "Portuguese (BR)", "FR": "French", "xx_YY": "xx_YY", "klingon": "klingon", "": ""} {
		card := cardOf(active(func(u *zoho.User) { u.Language = code }))
		if got := card.Message().Text; code != "" && !strings.HasSuffix(got, " Location: "+want+".") || code == "" && strings.Contains(got, "Location") {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
}

// TestPhoneNumbersAreLinks where all of them can be dialled, and show as text.
func TestPhoneNumbersAreLinks(t *testing.T) {
	for _, c := range []struct {
		phone, mobile string
		off           bool
		want          string
	}{
		{"+1 (555) 01-00", "", false, `Phone <tel:+15550100|+1 (555) 01-00>`},
		{"", "0049.30-1234", false, `Mobile <tel:0049301234|0049.30-1234>`},
		{"", "0049 30/1234", false, `"text":"Mobile 0049 30/1234"`},
		{"+44 (0)20 7946 0000", "", false, `"text":"Phone +44 (0)20 7946 0000"`},
		{"12", "", false, `"text":"Phone 12"`},
		{"1234567890123456", "", false, `"text":"Phone 1234567890123456"`},
		{"+1 555 0100", "+1 555 0101", false, `Phone <tel:+15550100|+1 555 0100> · Mobile <tel:+15550101|+1 555 0101>`},
		{"+1 555 0100", "+1 555 0101", true, `"text":"Phone +1 555 0100 · Mobile +1 555 0101"`},
		{"+1 555 0100 x12", "", false, `"text":"Phone +1 555 0100 x12"`},
		{"+1 555 0100", "ask me", false, `"text":"Phone +1 555 0100 · Mobile ask me"`},
		{"+", "", false, `"text":"Phone +"`},
		{"555|0100>", "", false, `"text":"Phone 555|0100>"`},
	} {
		card := cardOf(active(func(u *zoho.User) { u.Phone, u.Mobile = c.phone, c.mobile }))
		card.Plain = c.off
		m := card.Message()
		check(t, c.want, m)
		if got := shown(t, m); !strings.Contains(got, c.want) || !strings.Contains(m.Text, c.phone[:min(4, len(c.phone))]) {
			t.Errorf("%q, %q: got %s, want %s", c.phone, c.mobile, got, c.want)
		}
		if got := shown(t, card.Shared("U0SAMPLE")); strings.Contains(got, "555") || strings.Contains(got, "Mobile") {
			t.Errorf("shared: got %s", got)
		}
	}
}

// TestWhomSomebodyReportsTo and how that is known.
func TestWhomSomebodyReportsTo(t *testing.T) {
	boss := zoho.User{ID: "2", FullName: "Generated Boss", Status: "active"}
	gone := zoho.User{ID: "2", FullName: "Generated Boss", Status: "disabled"}
	for _, c := range []struct {
		managers directory.Managers
		want     string
	}{
		{directory.Managers{Users: []zoho.User{boss}, By: directory.ReportingLine, Total: 1}, "Generated Boss."},
		{directory.Managers{Users: []zoho.User{gone}, By: directory.ReportingLine, Total: 1}, "Generated Boss (disabled)."},
		{directory.Managers{Users: []zoho.User{{ID: "2", FullName: "Generated Boss"}}, By: directory.ReportingLine, Total: 1}, "Generated Boss."},
		{directory.Managers{Users: []zoho.User{boss}, By: directory.RoleTree, Role: "Head", Total: 1}, "Generated Boss, by role."},
		{directory.Managers{Users: []zoho.User{boss, gone}, By: directory.RoleTree, Role: "Head", Total: 12}, "Head (12 people), by role."},
		{directory.Managers{Users: []zoho.User{boss, gone}, By: directory.RoleTree, Total: 2}, "Generated Boss (2 people), by role."},
	} {
		card := cardOf(active(func(*zoho.User) {}))
		card.Managers = c.managers
		if m := card.Message(); !strings.Contains(m.Text, " Reports to: "+c.want) || !strings.Contains(shown(t, m), `"Reports to `+strings.TrimSuffix(c.want, ".")+`"`) {
			t.Errorf("got %q, want %q", m.Text, c.want)
		}
	}
	if got := cardOf(active(func(*zoho.User) {})).Message().Text; strings.Contains(got, "Reports") {
		t.Errorf("got %q", got)
	}
}

// TestWhatIsAskedMoreRarely is a menu of two things and more, or a button.
func TestWhatIsAskedMoreRarely(t *testing.T) {
	chain := directory.Managers{Users: []zoho.User{{ID: "2", FullName: "Generated Boss"}}, Total: 1}
	for _, c := range []struct {
		change func(*slackfmt.Card)
		want   []string
		menu   bool
	}{
		{func(*slackfmt.Card) {}, nil, false},
		{func(c *slackfmt.Card) { c.Reports = 1 }, []string{"Who do they manage?"}, false},
		{func(c *slackfmt.Card) { c.Managers = chain }, []string{"Up the chain"}, false},
		{func(c *slackfmt.Card) { c.Link = "https://crm.zoho.com/1" }, []string{"Open in Zoho CRM"}, false},
		{func(c *slackfmt.Card) { c.Link = "https://crm.zoho.com/" + strings.Repeat("1", 3000) }, nil, false},
		{func(c *slackfmt.Card) { c.Reports, c.Managers = 1, chain }, []string{"Who do they manage?", "Up the chain"}, true},
		{func(c *slackfmt.Card) { c.Reports, c.Managers, c.Link = 1, chain, "https://crm.zoho.com/1" }, []string{"Who do they manage?", "Up the chain", "Open in Zoho CRM"}, true},
	} {
		card := cardOf(active(func(*zoho.User) {}))
		c.change(&card)
		m := card.Message()
		check(t, "card", m)
		got := shown(t, m)
		for _, label := range []string{"Who do they manage?", "Up the chain", "Open in Zoho CRM"} {
			if wanted := strings.Contains(strings.Join(c.want, "|"), label); strings.Contains(got, `"`+label+`"`) != wanted {
				t.Errorf("%v: got %s", c.want, got)
			}
		}
		if strings.Contains(got, `"overflow"`) != c.menu {
			t.Errorf("%v: got %s", c.want, got)
		}
	}
}

// TestANameWithMarksIsPlainText in lists: mrkdwn would make them disappear.
func TestANameWithMarksIsPlainText(t *testing.T) {
	for name, bold := range map[string]bool{
		"Generated": true, "Generated_One": true, "Generated-One (Two), Dr.": true,
		"*Generated*": false, "Generated _One_": false, "_Generated": false, "~G~": false, "`G`": false, ":tada:": false, "> Generated": false, "A & B": false, "<G>": false,
	} {
		m := slackfmt.PickList(asking("/crmuser", "x"), people(active(func(u *zoho.User) { u.FullName = name }), active(func(*zoho.User) {})))
		check(t, name, m)
		if got := shown(t, m); strings.Contains(got, `"*`+name+`*\n`) != bold || strings.Contains(got, `"plain_text","text":"`+name+`\n`) == bold {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestASelectStandsOnWhatIsChosen, also where that is the beginning of a value.
func TestASelectStandsOnWhatIsChosen(t *testing.T) {
	counts := []directory.Count{{Name: "Sales", People: 3}, {Name: "Sales Lead", People: 2}, {People: 1}}
	for chosen, want := range map[string]string{
		"":                  ``,
		"role:Sales":        `"initial_option":{"text":{"type":"plain_text","text":"Sales (3)"`,
		`role:"Sales Lead"`: `"initial_option":{"text":{"type":"plain_text","text":"Sales Lead (2)"`,
		"role:sal":          `"initial_option":{"text":{"type":"plain_text","text":"role:sal"`,
	} {
		l := slackfmt.List{Asked: asking("/crmusers", ""), Query: "x", Found: people(active(func(*zoho.User) {})), Facets: []slackfmt.Facet{{Name: "role", Chosen: chosen, Counts: counts}}}
		m := l.Message()
		check(t, chosen, m)
		got := shown(t, m)
		if !strings.Contains(got, want) || strings.Contains(got, `"Any role"`) != (chosen != "") || (chosen == "") == strings.Contains(got, "initial_option") {
			t.Errorf("%q: got %s", chosen, got)
		}
	}
	for name, l := range map[string]slackfmt.List{
		"one value":      {Query: "x", Facets: []slackfmt.Facet{{Name: "role", Counts: counts[:1]}}},
		"a long query":   {Query: strings.Repeat("x", 255), Facets: []slackfmt.Facet{{Name: "role", Counts: counts}}},
		"nothing at all": {Query: "x"},
	} {
		l.Found = people(active(func(*zoho.User) {}))
		if got := shown(t, l.Message()); strings.Contains(got, "static_select") {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestFlagsStandBesideTheStatus, which is said in any case.
func TestFlagsStandBesideTheStatus(t *testing.T) {
	for _, c := range []struct {
		user  zoho.User
		rules []audit.Rule
		flags []audit.Flag
		want  string
	}{
		{active(func(*zoho.User) {}), []audit.Rule{audit.ByZoho}, nil, ""},
		{active(func(*zoho.User) {}), []audit.Rule{audit.ByProfile, audit.ByRole}, nil, "counts by profile, counts by role"},
		{active(func(*zoho.User) {}), []audit.Rule{audit.ByAdminRole}, []audit.Flag{audit.New}, "new, has an admin role"},
		{active(func(u *zoho.User) { u.Status = "closed" }), []audit.Rule{audit.ByZoho}, []audit.Flag{audit.Disabled, audit.New}, "closed, new"},
		{active(func(u *zoho.User) { u.Status = "disabled" }), []audit.Rule{audit.ByZoho}, nil, "disabled"},
		{active(func(u *zoho.User) { u.Unconfirmed = true }), []audit.Rule{audit.ByZoho}, []audit.Flag{audit.Unconfirmed}, "invitation pending"},
		{active(func(u *zoho.User) { u.Unconfirmed, u.Status = true, "disabled" }), []audit.Rule{audit.ByZoho}, []audit.Flag{audit.Unconfirmed, audit.Disabled}, "disabled, invitation pending"},
		{active(func(u *zoho.User) { u.Status = "Deleted" }), []audit.Rule{audit.ByZoho}, []audit.Flag{audit.Deleted}, "Deleted"},
	} {
		m := slackfmt.Admins{Report: audit.Report{Admins: []audit.Admin{{User: c.user, Rules: c.rules, Flags: c.flags}}}}.Message()
		check(t, c.want, m)
		if got := shown(t, m); c.want != "" && !strings.Contains(got, `" — "},{"type":"text","text":"`+c.want+`"`) || c.want == "" && strings.Contains(got, " — ") {
			t.Errorf("got %s, want %q", got, c.want)
		}
		if strings.Count(strings.ToLower(m.Text), "invitation pending") > 2 || strings.Count(m.Text, "isabled") > 1 {
			t.Errorf("got %q", m.Text)
		}
	}
}

// TestAPersonWithoutAnIDHasNoButton: there is nothing to ask for.
func TestAPersonWithoutAnIDHasNoButton(t *testing.T) {
	m := slackfmt.PickList(asking("/crmuser", "x"), people(active(func(u *zoho.User) { u.ID = "" }), active(func(*zoho.User) {})))
	if check(t, "list", m); strings.Count(shown(t, m), `"Show"`) != 1 {
		t.Errorf("got %s", shown(t, m))
	}
}

// TestASelectHoldsWhatSlackTakes of very many values, or of very long ones.
func TestASelectHoldsWhatSlackTakes(t *testing.T) {
	offered := func(names ...string) int {
		f := slackfmt.Facet{Name: "role"}
		for _, name := range names {
			f.Counts = append(f.Counts, directory.Count{Name: name, People: 1})
		}
		l := slackfmt.List{Query: "x", Found: people(active(func(*zoho.User) {})), Facets: []slackfmt.Facet{f}}
		m := l.Message()
		check(t, "select", m)
		return strings.Count(shown(t, m), ` (1)"`)
	}
	var short, long []string
	for i := range 300 {
		short, long = append(short, fmt.Sprint("R", i)), append(long, fmt.Sprint("Generated Role With A Long Name ", i))
	}
	if got := offered(short...); got != 98 {
		t.Errorf("of many: got %d", got)
	}
	if got := offered(long...); got < 30 || got > 50 {
		t.Errorf("of many long ones: got %d", got)
	}
	if got := offered("one", "two", strings.Repeat("x", 80)); got != 2 {
		t.Errorf("beside one whose filter no option holds: got %d", got)
	}
}

// TestALongChainIsCutByLevels, and says how many are left out.
func TestALongChainIsCutByLevels(t *testing.T) {
	one := directory.Managers{Users: []zoho.User{active(func(*zoho.User) {})}, Total: 1, By: directory.ReportingLine}
	many := directory.Managers{Users: repeat(one.Users[0], 10), Total: 12, By: directory.RoleTree, Role: "Generated Head"}
	asked := slackfmt.Ask{Command: "/crmuser", What: slackfmt.WhatChain, Person: "1", Back: &slackfmt.Ask{Command: "/crmusers", Text: "generated"}}
	chain := slackfmt.Chain{Asked: asked, User: one.Users[0]}
	for range 40 {
		chain.Levels = append(chain.Levels, one)
	}
	m := chain.Message()
	if check(t, "chain", m); strings.Count(shown(t, m), `"Show"`) != 19 || !strings.HasSuffix(m.Text, "; and 21 more.") {
		t.Errorf("got %q, %s", m.Text, shown(t, m))
	}
	chain.Levels = []directory.Managers{many}
	m = chain.Message()
	if got := shown(t, m); strings.Count(got, `"Show"`) != 3 || !strings.Contains(got, `"And 9 more."`) || !strings.Contains(m.Text, "Generated Head: 12 people, by role, Generated, Generated, Generated, and 9 more.") {
		t.Errorf("got %q, %s", m.Text, got)
	}
	if got, ok := slackfmt.ParseAsk(valuesOf(t, m, "Back")[0]); !ok || got.Command != "/crmusers" {
		t.Errorf("back: got %+v", got)
	}
}

// TestEveryAdminStandsOnOnePage, whatever the profiles.
func TestEveryAdminStandsOnOnePage(t *testing.T) {
	var r audit.Report
	for i := range 47 {
		u := active(func(u *zoho.User) { u.ID, u.FullName = fmt.Sprint(i), fmt.Sprintf("Generated %02d", i) })
		u.Profile = zoho.Ref{ID: fmt.Sprint(i % 4), Name: fmt.Sprint("Profile ", i%4)}
		r.Admins = append(r.Admins, audit.Admin{User: u, Rules: []audit.Rule{audit.ByZoho}})
	}
	seen := map[string]int{}
	for page := range 4 {
		m := slackfmt.Admins{Asked: slackfmt.Ask{Command: "/crmadmins", Page: page}, Report: r}.Message()
		check(t, "page", m)
		count := strings.Count(shown(t, m), `"• "`)
		for i := range 47 {
			seen[fmt.Sprint(i)] += strings.Count(shown(t, m), fmt.Sprintf(`"text":"Generated %02d","style"`, i))
		}
		if want := []int{15, 15, 15, 2}[page]; count != want {
			t.Errorf("page %d: got %d people, want %d", page, count, want)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s stands on %d pages", id, n)
		}
	}
}

// TestTheNearestCommand is explained where one was misspelt.
func TestTheNearestCommand(t *testing.T) {
	for name, want := range map[string]string{
		"/crmadmin": "/crmadmin is not one of my commands. Did you mean /crmadmins? /crmadmins: ",
		"/crmwho":   "/crmwho is not one of my commands. /crmuser: ",
	} {
		if got := slackfmt.Usage(name).Text; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
