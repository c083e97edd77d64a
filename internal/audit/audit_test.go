package audit_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

var now = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

var (
	standard = zoho.Ref{ID: "14", Name: "Standard"}
	own      = zoho.Ref{ID: "71", Name: "Équipe  CRM"}
	ceo      = zoho.Ref{ID: "5", Name: "CEO"}
)

// organisation knows everything of the above.
var organisation = directory.Organisation{
	Roles:    []directory.Role{{ID: "5", Name: "CEO"}, {ID: "6", Name: "Owner", Admin: true}},
	Profiles: []directory.Profile{{ID: "14", Name: "Standard"}, {ID: "71", Name: "Équipe  CRM", Custom: true}},
}

// kim has nothing odd.
func kim(change func(*zoho.User)) zoho.User {
	u := zoho.User{
		ID: "32", FullName: "Kim", Email: "kim@example.com", Status: "active", Role: ceo, Profile: standard,
		CreatedTime: now.AddDate(-1, 0, 0),
	}
	change(&u)
	return u
}

// lee has nothing in common with kim.
func lee(change func(*zoho.User)) zoho.User {
	return kim(func(u *zoho.User) {
		u.ID, u.FullName, u.Email = "18", "Lee", "lee@example.com"
		change(u)
	})
}

func asIs(*zoho.User) {}

// listed are people whom Zoho lists as administrators.
func listed(people ...zoho.User) iter.Seq2[zoho.User, bool] {
	return func(yield func(zoho.User, bool) bool) {
		for _, u := range people {
			if !yield(u, true) {
				return
			}
		}
	}
}

// flagged gives the flags of each administrator, in order.
func flagged(r audit.Report) string {
	var all []string
	for _, a := range r.Admins {
		all = append(all, fmt.Sprint(a.User.ID, a.Flags))
	}
	return strings.Join(all, " ")
}

func TestRulesByWhichSomebodyIsAnAdministrator(t *testing.T) {
	for _, c := range []struct {
		name   string
		user   zoho.User
		listed bool
		rules  audit.Rules
		org    directory.Organisation
		want   []audit.Rule
	}{
		{"nobody's rule", kim(asIs), false, audit.Rules{}, organisation, nil},
		{"a profile's name tells nothing", kim(func(u *zoho.User) { u.Profile.Name = "Administrator" }), false, audit.Rules{}, organisation, nil},
		{"Zoho", kim(asIs), true, audit.Rules{}, organisation, []audit.Rule{audit.ByZoho}},
		{"profile by name", kim(func(u *zoho.User) { u.Profile = own }), false, audit.Rules{Profiles: []string{" EQUIPE crm"}}, organisation, []audit.Rule{audit.ByProfile}},
		{"profile by id", kim(asIs), false, audit.Rules{Profiles: []string{"71", " 14 "}}, organisation, []audit.Rule{audit.ByProfile}},
		{"a profile is no role", kim(asIs), false, audit.Rules{Profiles: []string{"CEO", "5"}}, organisation, nil},
		{"role by name", kim(asIs), false, audit.Rules{Roles: []string{"ceo"}}, organisation, []audit.Rule{audit.ByRole}},
		{"role by id", kim(asIs), false, audit.Rules{Roles: []string{"5"}}, organisation, []audit.Rule{audit.ByRole}},
		{"a beginning is not a name", kim(asIs), false, audit.Rules{Roles: []string{"ce"}, Profiles: []string{"1"}}, organisation, nil},
		{"a role that Zoho marks", kim(func(u *zoho.User) { u.Role.ID = "6" }), false, audit.Rules{}, organisation, []audit.Rule{audit.ByAdminRole}},
		{"a role that is not known", kim(func(u *zoho.User) { u.Role.ID = "6" }), false, audit.Rules{}, directory.Organisation{}, nil},
		{"empty names fit nobody", kim(func(u *zoho.User) { u.Role, u.Profile = zoho.Ref{}, zoho.Ref{} }), false, audit.Rules{Roles: []string{"", " "}, Profiles: []string{""}}, organisation, nil},
		{"all in order", kim(func(u *zoho.User) { u.Role.ID = "6" }), true, audit.Rules{Roles: []string{"ceo"}, Profiles: []string{"standard"}}, organisation,
			[]audit.Rule{audit.ByZoho, audit.ByProfile, audit.ByRole, audit.ByAdminRole}},
	} {
		r := audit.Find(func(yield func(zoho.User, bool) bool) { yield(c.user, c.listed) }, c.org, c.rules, now)
		var got []audit.Rule
		for _, a := range r.Admins {
			got = append(got, a.Rules...)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestFlags: what is odd, what nearly is, and that the flag can be switched off.
func TestFlags(t *testing.T) {
	domains := audit.Rules{Domains: []string{"example.com", " Example.ORG "}}
	email := func(address string) zoho.User { return kim(func(u *zoho.User) { u.Email = address }) }
	status := func(status string) zoho.User { return kim(func(u *zoho.User) { u.Status = status }) }
	created := func(ago time.Duration) zoho.User { return kim(func(u *zoho.User) { u.CreatedTime = now.Add(-ago) }) }
	const day = 24 * time.Hour
	for _, c := range []struct {
		flag   audit.Flag
		what   string
		rules  audit.Rules
		people []zoho.User
		want   string // whether each of them has it and no other flag
	}{
		{audit.Unconfirmed, "invited", audit.Rules{}, []zoho.User{kim(func(u *zoho.User) { u.Unconfirmed = true })}, "y"},
		{audit.Unconfirmed, "confirmed", audit.Rules{}, []zoho.User{kim(asIs)}, "n"},

		{audit.Disabled, "disabled", audit.Rules{}, []zoho.User{status("disabled")}, "y"},
		{audit.Disabled, "a status that is new to us", audit.Rules{}, []zoho.User{status("disabled dormant")}, "y"},
		{audit.Disabled, "no status", audit.Rules{}, []zoho.User{status("")}, "y"},
		{audit.Disabled, "active", audit.Rules{}, []zoho.User{status("Active")}, "n"},

		{audit.Deleted, "deleted", audit.Rules{}, []zoho.User{status("deleted")}, "y"},
		{audit.Deleted, "in another case", audit.Rules{}, []zoho.User{status("Deleted")}, "y"},
		{audit.Deleted, "whatever else is odd", audit.Rules{Domains: []string{"example.org"}}, []zoho.User{kim(func(u *zoho.User) {
			u.Status, u.Unconfirmed, u.Email, u.Profile, u.CreatedTime = "deleted", true, "info@example.com", own, now
		})}, "y"},

		{audit.OutsideDomain, "another domain", domains, []zoho.User{email("kim@example.net")}, "y"},
		{audit.OutsideDomain, "a subdomain", domains, []zoho.User{email("kim@mail.example.com")}, "y"},
		{audit.OutsideDomain, "the end of a domain", domains, []zoho.User{email("kim@anexample.com")}, "y"},
		{audit.OutsideDomain, "the domain before another", domains, []zoho.User{email("kim@example.com@example.net")}, "y"},
		{audit.OutsideDomain, "no address", domains, []zoho.User{email("")}, "y"},
		{audit.OutsideDomain, "a domain is no address", domains, []zoho.User{email("example.com")}, "y"},
		{audit.OutsideDomain, "within, in another case", domains, []zoho.User{email("KIM@EXAMPLE.COM"), lee(func(u *zoho.User) { u.Email = "lee@example.org" })}, "nn"},
		{audit.OutsideDomain, "within, after an @ in quotes", domains, []zoho.User{email(`"kim@home"@example.com`)}, "n"},
		{audit.OutsideDomain, "any domain", audit.Rules{}, []zoho.User{email("kim@example.net")}, "n"},
		{audit.OutsideDomain, "no domain in words", audit.Rules{Domains: []string{" "}}, []zoho.User{email("")}, "n"},

		{audit.SharedMailbox, "a usual one", audit.Rules{}, []zoho.User{email("Info@example.com")}, "y"},
		{audit.SharedMailbox, "with a tag", audit.Rules{}, []zoho.User{email("admin+crm@example.com")}, "y"},
		{audit.SharedMailbox, "with a hyphen", audit.Rules{}, []zoho.User{email("no-reply@example.com")}, "y"},
		{audit.SharedMailbox, "a beginning", audit.Rules{}, []zoho.User{email("information@example.com")}, "n"},
		{audit.SharedMailbox, "somebody's office", audit.Rules{}, []zoho.User{email("ceo@zooho.com")}, "n"},
		{audit.SharedMailbox, "nothing before the tag", audit.Rules{}, []zoho.User{email("+info@example.com")}, "n"},
		{audit.SharedMailbox, "one's own", audit.Rules{Mailboxes: []string{"Büro", "ceo"}}, []zoho.User{email("buro@example.com")}, "y"},
		{audit.SharedMailbox, "instead of the usual", audit.Rules{Mailboxes: []string{"ceo"}}, []zoho.User{email("info@example.com")}, "n"},
		{audit.SharedMailbox, "none at all", audit.Rules{Mailboxes: []string{}}, []zoho.User{email("info@example.com")}, "n"},
		{audit.SharedMailbox, "no address", audit.Rules{Mailboxes: []string{""}}, []zoho.User{email("")}, "n"},

		{audit.Twice, "one name", audit.Rules{}, []zoho.User{kim(func(u *zoho.User) { u.FullName = "Zoë  Łee" }), lee(func(u *zoho.User) { u.FullName = "ZOE ŁEE " })}, "yy"},
		{audit.Twice, "one address", audit.Rules{}, []zoho.User{email("patricia.a+us@zohotest.com"), lee(func(u *zoho.User) { u.Email = "Patricia.A+share@ZohoTest.com" })}, "yy"},
		{audit.Twice, "three accounts, in two ways", audit.Rules{}, []zoho.User{
			email("a@example.com"),
			lee(func(u *zoho.User) { u.Email = "a+x@example.com" }),
			lee(func(u *zoho.User) { u.ID, u.Email = "19", "b@example.com" }),
		}, "yyy"},
		{audit.Twice, "one mailbox in two domains", audit.Rules{}, []zoho.User{email("ann@example.com"), lee(func(u *zoho.User) { u.Email = "ann@example.org" })}, "nn"},
		{audit.Twice, "two with nothing", audit.Rules{}, []zoho.User{
			kim(func(u *zoho.User) { u.FullName, u.Email = "", "" }), lee(func(u *zoho.User) { u.FullName, u.Email = " ", " " }),
		}, "nn"},
		{audit.Twice, "signs of India's scripts are no accents", audit.Rules{}, []zoho.User{kim(func(u *zoho.User) { u.FullName = "के" }), lee(func(u *zoho.User) { u.FullName = "कु" })}, "nn"},

		{audit.New, "just now", audit.Rules{}, []zoho.User{created(0)}, "y"},
		{audit.New, "a little less than 14 days", audit.Rules{}, []zoho.User{created(14*day - time.Second)}, "y"},
		{audit.New, "14 days", audit.Rules{}, []zoho.User{created(14 * day)}, "n"},
		{audit.New, "by a clock ahead of ours", audit.Rules{}, []zoho.User{created(-5 * time.Minute)}, "y"},
		{audit.New, "unknown", audit.Rules{}, []zoho.User{kim(func(u *zoho.User) { u.CreatedTime = time.Time{} })}, "n"},

		{audit.CustomProfile, "made by the organisation", audit.Rules{}, []zoho.User{kim(func(u *zoho.User) { u.Profile = own })}, "y"},
		{audit.CustomProfile, "Zoho's own", audit.Rules{}, []zoho.User{kim(asIs)}, "n"},
		{audit.CustomProfile, "not known", audit.Rules{}, []zoho.User{kim(func(u *zoho.User) { u.Profile.ID = "99" })}, "n"},
	} {
		got := audit.Find(listed(c.people...), organisation, c.rules, now)
		for i, a := range got.Admins {
			want := []audit.Flag{c.flag}
			if c.want[i] == 'n' {
				want = nil
			}
			if !slices.Equal(a.Flags, want) {
				t.Errorf("%s, %s: person %d: got %v, want %v", c.flag, c.what, i, a.Flags, want)
			}
		}
		c.rules.Off = []audit.Flag{c.flag}
		if off := audit.Find(listed(c.people...), organisation, c.rules, now); len(off.Admins) != len(c.want) || off.Flagged() != 0 || off.ByFlag(c.flag) != 0 {
			t.Errorf("%s, %s, switched off: got %s", c.flag, c.what, flagged(off))
		}
	}
}

// TestTwiceAmongAdministratorsOnly: neither a deleted account nor somebody who
// is no administrator is another account.
func TestTwiceAmongAdministratorsOnly(t *testing.T) {
	namesake := lee(func(u *zoho.User) { u.FullName = "kim" })
	deleted := namesake
	deleted.ID, deleted.Status = "19", "deleted"
	people := func(yield func(zoho.User, bool) bool) {
		_ = yield(kim(asIs), true) && yield(namesake, false) && yield(deleted, true)
	}
	if got, want := flagged(audit.Find(people, organisation, audit.Rules{}, now)), "32[] 19[deleted]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestCustomProfileWhereTheRightsComeFromIt: by a role they do not.
func TestCustomProfileWhereTheRightsComeFromIt(t *testing.T) {
	user := kim(func(u *zoho.User) { u.Profile = own })
	for want, rules := range map[string]audit.Rules{
		"32[]":               {Roles: []string{"CEO"}},
		"32[custom-profile]": {Roles: []string{"CEO"}, Profiles: []string{own.ID}},
	} {
		got := flagged(audit.Find(func(yield func(zoho.User, bool) bool) { yield(user, false) }, organisation, rules, now))
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFlagsStandInOrder(t *testing.T) {
	odd := kim(func(u *zoho.User) {
		u.Unconfirmed, u.Status, u.Email, u.CreatedTime, u.Profile = true, "disabled", "info@example.net", now, own
	})
	other := lee(func(u *zoho.User) { u.FullName = "KIM" })
	got := audit.Find(listed(odd, other), organisation, audit.Rules{Domains: []string{"example.com"}}, now)
	want := slices.DeleteFunc(audit.Flags(), func(f audit.Flag) bool { return f == audit.Deleted })
	if !slices.Equal(got.Admins[0].Flags, want) {
		t.Errorf("got %v, want %v", got.Admins[0].Flags, want)
	}
}

func TestEachFlagAndRuleHasWords(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range audit.Flags() {
		if rule := f.Rule(); !strings.HasSuffix(rule, ".") || seen[rule] {
			t.Errorf("%s: got the rule %q", f, rule)
		}
		if label := f.Label(); label == "" || len(label) > 30 || seen[label] {
			t.Errorf("%s: got the label %q", f, label)
		}
		seen[f.Rule()], seen[f.Label()] = true, true
	}
	for _, r := range []audit.Rule{audit.ByZoho, audit.ByProfile, audit.ByRole, audit.ByAdminRole} {
		if r.Words() == "" || seen[r.Words()] {
			t.Errorf("%s: got %q", r, r.Words())
		}
		seen[r.Words()] = true
	}
	if f, r := audit.Flag("x"), audit.Rule("x"); f.Rule()+f.Label()+r.Words() != "" {
		t.Errorf("words for what there is not: %q %q %q", f.Rule(), f.Label(), r.Words())
	}
}

func TestParseFlags(t *testing.T) {
	for text, want := range map[string][]audit.Flag{
		"": nil, " , ": nil, "new": {audit.New}, " New,, twice , new": {audit.New, audit.Twice},
	} {
		if got, err := audit.ParseFlags(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, f := range audit.Flags() {
		if got, err := audit.ParseFlags(string(f)); err != nil || !slices.Equal(got, []audit.Flag{f}) {
			t.Errorf("%s: got %v, %v", f, got, err)
		}
	}
	_, err := audit.ParseFlags("new, sleeping")
	if want := `"sleeping" is not a flag; there are unconfirmed, disabled, deleted, outside-domain, shared-mailbox, twice, new, custom-profile`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGroups(t *testing.T) {
	in := func(id string, profile zoho.Ref) zoho.User {
		return zoho.User{ID: id, Status: "active", Profile: profile}
	}
	got := audit.Find(listed(
		in("1", zoho.Ref{ID: "3", Name: "b"}), in("2", zoho.Ref{ID: "9", Name: "Same"}), in("3", zoho.Ref{ID: "2", Name: "Same"}),
		in("4", zoho.Ref{ID: "1", Name: "A"}), in("5", zoho.Ref{ID: "7", Name: "z"}), in("6", zoho.Ref{ID: "7", Name: "z, renamed"}),
		in("7", zoho.Ref{Name: "no id"}), in("8", zoho.Ref{}), in("9", zoho.Ref{Name: "no id"}),
	), directory.Organisation{}, audit.Rules{}, now).Groups()
	var shown []string
	for _, g := range got {
		shown = append(shown, fmt.Sprintf("%s=%s:%s", g.Profile.ID, g.Profile.Name, ids(g.Admins)))
	}
	if want := "=no id:7,9 7=z:5,6 =:8 1=A:4 3=b:1 2=Same:3 9=Same:2"; strings.Join(shown, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(shown, " "), want)
	}
}

func ids(admins []audit.Admin) string {
	var all []string
	for _, a := range admins {
		all = append(all, a.User.ID)
	}
	return strings.Join(all, ",")
}

func TestNobody(t *testing.T) {
	r := audit.Find(listed(), directory.Organisation{}, audit.Rules{}, now)
	if r.Admins != nil || r.Groups() != nil || r.Active()+r.Flagged()+r.ByFlag(audit.New) != 0 {
		t.Errorf("got %+v", r)
	}
}

// generated decodes a generated organisation. Those who have the
// administrative profile, which is the first, are on Zoho's list.
func generated(t *testing.T, n int) (map[string]zoho.User, iter.Seq2[zoho.User, bool], directory.Organisation) {
	t.Helper()
	o := zohosim.Generate(n, 0)
	var org directory.Organisation
	for _, raw := range o.Profiles {
		var p directory.Profile
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Fatal(err)
		}
		org.Profiles = append(org.Profiles, p)
	}
	users, order := map[string]zoho.User{}, make([]zoho.User, n)
	for i, raw := range o.Users {
		if err := json.Unmarshal(raw, &order[i]); err != nil {
			t.Fatal(err)
		}
		users[order[i].ID] = order[i]
	}
	return users, func(yield func(zoho.User, bool) bool) {
		for _, u := range order {
			if !yield(u, u.Profile.ID == org.Profiles[0].ID) {
				return
			}
		}
	}, org
}

// TestTotalsAgree in organisations of several sizes, under several rules.
func TestTotalsAgree(t *testing.T) {
	at := now.AddDate(-2, 0, 0) // when some of the generated people were new
	for _, n := range []int{1, 60, 3000} {
		users, people, org := generated(t, n)
		for name, rules := range map[string]audit.Rules{
			"none":           {},
			"more of them":   {Profiles: []string{"Field Sales"}, Roles: []string{"administrator", "CEO"}, Domains: []string{"generated.example"}},
			"everybody":      {Profiles: []string{"standard", "administrator", "field sales"}},
			"half are off":   {Profiles: []string{"administrator"}, Off: []audit.Flag{audit.Disabled, audit.Twice, audit.New}},
			"everything off": {Profiles: []string{"administrator"}, Off: audit.Flags()},
		} {
			r := audit.Find(people, org, rules, at)
			checkPeople(t, users, r)
			checkTotals(t, r)
			checkGroups(t, r)
			checkOff(t, r, func(off ...audit.Flag) audit.Report {
				without := rules
				without.Off = append(slices.Clone(rules.Off), off...)
				return audit.Find(people, org, without, at)
			})
			if name == "everybody" && len(r.Admins) != n {
				t.Errorf("got %d administrators, want %d", len(r.Admins), n)
			}
			if t.Failed() {
				t.Fatalf("%d people, %s", n, name)
			}
		}
	}
}

// checkPeople: each is given once and as they were, with a rule.
func checkPeople(t *testing.T, users map[string]zoho.User, r audit.Report) {
	t.Helper()
	seen := map[string]bool{}
	for _, a := range r.Admins {
		if a.User != users[a.User.ID] || seen[a.User.ID] || len(a.Rules) == 0 {
			t.Errorf("got %+v", a)
		}
		seen[a.User.ID] = true
	}
	if len(r.Admins) == 0 {
		t.Error("the caller is no administrator")
	}
}

// checkTotals against a count of its own.
func checkTotals(t *testing.T, r audit.Report) {
	t.Helper()
	active, flagged, by := 0, 0, map[audit.Flag]int{}
	for _, a := range r.Admins {
		if a.User.Status == "active" {
			active++
		}
		if a.Flags != nil {
			flagged++
		}
		for _, f := range a.Flags {
			by[f]++
		}
		if slices.Contains(a.Flags, audit.Deleted) && len(a.Flags) > 1 {
			t.Errorf("a deleted account has %v", a.Flags)
		}
	}
	if r.Active() != active || r.Flagged() != flagged {
		t.Errorf("got %d active and %d flagged, want %d and %d", r.Active(), r.Flagged(), active, flagged)
	}
	for _, f := range audit.Flags() {
		if r.ByFlag(f) != by[f] {
			t.Errorf("%s: got %d, want %d", f, r.ByFlag(f), by[f])
		}
	}
}

// checkGroups: everybody is in one, with those of the same profile.
func checkGroups(t *testing.T, r audit.Report) {
	t.Helper()
	people, profiles := 0, map[string]bool{}
	for i, g := range r.Groups() {
		people += len(g.Admins)
		if len(g.Admins) == 0 || profiles[g.Profile.ID] || i > 0 && len(r.Groups()[i-1].Admins) < len(g.Admins) {
			t.Errorf("got a group of %d with the profile %s", len(g.Admins), g.Profile.ID)
		}
		profiles[g.Profile.ID] = true
		for _, a := range g.Admins {
			if a.User.Profile.ID != g.Profile.ID {
				t.Errorf("%s is in the group of %s", a.User.Profile.ID, g.Profile.ID)
			}
		}
	}
	if people != len(r.Admins) {
		t.Errorf("the groups have %d people, want %d", people, len(r.Admins))
	}
}

// checkOff: a flag that is switched off takes nothing else along.
func checkOff(t *testing.T, r audit.Report, find func(off ...audit.Flag) audit.Report) {
	t.Helper()
	for _, off := range audit.Flags() {
		without := find(off)
		for _, f := range audit.Flags() {
			want := r.ByFlag(f)
			if f == off {
				want = 0
			}
			if without.ByFlag(f) != want || len(without.Admins) != len(r.Admins) {
				t.Errorf("without %s: %s: got %d, want %d", off, f, without.ByFlag(f), want)
			}
		}
	}
}
