package audit_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

var (
	admin  = zoho.Ref{ID: "11", Name: "Administrator"}
	boss   = zoho.Ref{ID: "9", Name: "Boss"}
	later  = now.Add(24 * time.Hour)
	before = now.Add(-time.Hour)
)

// taken is a snapshot of people, all of whom Zoho lists.
func taken(at time.Time, people ...zoho.User) audit.Snapshot {
	return audit.Take(audit.Find(listed(people...), organisation, audit.Rules{}, at), organisation, audit.Rules{}, at)
}

// among finds people by id.
func among(people ...zoho.User) func(string) (zoho.User, bool) {
	return func(id string) (zoho.User, bool) {
		i := slices.IndexFunc(people, func(u zoho.User) bool { return u.ID == id })
		if i < 0 {
			return zoho.User{}, false
		}
		return people[i], true
	}
}

// said is a change in short.
func said(c audit.Change) string {
	words := []string{string(c.Kind), c.ID, c.Name}
	if c.New {
		words = append(words, "new")
	}
	if c.Fate != "" {
		words = append(words, string(c.Fate))
	}
	if c.FormerID != "" {
		words = append(words, "was "+c.FormerID+" by "+c.Alike)
	}
	for _, f := range c.Fields {
		words = append(words, "["+f.String()+"]")
	}
	return strings.Join(words, " ")
}

func TestEachKindOfChange(t *testing.T) {
	with := func(changes ...func(*zoho.User)) zoho.User {
		return kim(func(u *zoho.User) {
			for _, change := range changes {
				change(u)
			}
		})
	}
	profile := func(r zoho.Ref) func(*zoho.User) { return func(u *zoho.User) { u.Profile = r } }
	role := func(r zoho.Ref) func(*zoho.User) { return func(u *zoho.User) { u.Role = r } }
	status := func(s string) func(*zoho.User) { return func(u *zoho.User) { u.Status = s } }
	email := func(s string) func(*zoho.User) { return func(u *zoho.User) { u.Email = s } }
	name := func(s string) func(*zoho.User) { return func(u *zoho.User) { u.FullName = s } }
	id := func(s string) func(*zoho.User) { return func(u *zoho.User) { u.ID = s } }
	created := func(at time.Time) func(*zoho.User) { return func(u *zoho.User) { u.CreatedTime = at } }
	fresh := created(now.Add(time.Hour))
	people := func(all ...zoho.User) []zoho.User { return all }
	for _, c := range []struct {
		what             string
		was, is, outside []zoho.User
		want             []string
	}{
		{"nothing", people(with()), people(with()), nil, nil},
		{"nothing that is compared", people(with()), people(with(func(u *zoho.User) { u.Phone, u.ModifiedTime = "1", later })), nil, nil},
		{"nobody", nil, nil, nil, nil},
		{"a new account", nil, people(with(fresh)), nil, []string{"added 32 Kim new"}},
		{"an account that was there", nil, people(with()), nil, []string{"added 32 Kim"}},
		{"an account of unknown age", nil, people(with(created(time.Time{}))), nil, []string{"added 32 Kim"}},
		{"demoted", people(with(profile(admin))), nil, people(with()), []string{"removed 32 Kim demoted [profile: Administrator → Standard]"}},
		{"demoted for no reason to be seen", people(with()), nil, people(with()), []string{"removed 32 Kim demoted"}},
		{"demoted, disabled and renamed", people(with(profile(admin))), nil, people(with(status("disabled"), name("Kim Lee"))),
			[]string{"removed 32 Kim Lee demoted [profile: Administrator → Standard] [status: active → disabled] [name: Kim → Kim Lee]"}},
		{"deleted", people(with()), nil, people(with(status("Deleted"))), []string{"removed 32 Kim deleted [status: active → Deleted]"}},
		{"missing", people(with()), nil, nil, []string{"removed 32 Kim missing"}},

		{"recreated by e-mail", people(with()), people(with(id("40"), fresh, name("K."), email(" KIM@example.com"))), people(with(status("deleted"))),
			[]string{"recreated 40 K. new deleted was 32 by e-mail [e-mail: kim@example.com →  KIM@example.com] [name: Kim → K.]"}},
		{"recreated by e-mail, an account that was there", people(with()), people(with(id("40"))), nil, []string{"recreated 40 Kim missing was 32 by e-mail"}},
		{"recreated by name", people(with(profile(admin))), people(with(id("40"), fresh, name("KIM "), email("k@example.com"))), nil,
			[]string{"recreated 40 KIM  new missing was 32 by name [profile: Administrator → Standard] [e-mail: kim@example.com → k@example.com] [name: Kim → KIM ]"}},
		{"a namesake who was there", people(with()), people(with(id("40"), email("k@example.com"))), nil, []string{"added 40 Kim", "removed 32 Kim missing"}},
		{"a namesake while the account is still there", people(with()), people(with(id("40"), fresh, email("k@example.com"))), people(with()),
			[]string{"added 40 Kim new", "removed 32 Kim demoted"}},
		{"by e-mail before by name", people(with(email("a@example.com")), with(id("33"), email("b@example.com"))),
			people(with(id("40"), fresh, email("b@example.com")), with(id("41"), fresh, email("c@example.com"))), nil,
			[]string{"recreated 40 Kim new missing was 33 by e-mail", "recreated 41 Kim new missing was 32 by name [e-mail: a@example.com → c@example.com]"}},
		{"two namesakes, one of them again", people(with(email("a@example.com")), with(id("33"), email("b@example.com"))), people(with(id("40"), fresh, email(""))), nil,
			[]string{"recreated 40 Kim new missing was 32 by name [e-mail: a@example.com → —]", "removed 33 Kim missing"}},
		{"one namesake, twice again", people(with(email("a@example.com"))), people(with(id("40"), fresh, email("")), with(id("41"), fresh, email(""))), nil,
			[]string{"added 41 Kim new", "recreated 40 Kim new missing was 32 by name [e-mail: a@example.com → —]"}},
		{"nothing in common but what is empty", people(with(email(""), name(" "))), people(with(id("40"), fresh, email(" "), name(""))), nil,
			[]string{"added 40  new", "removed 32   missing"}},

		{"profile", people(with()), people(with(profile(admin))), nil, []string{"changed 32 Kim [profile: Standard → Administrator]"}},
		{"a profile of the same name", people(with()), people(with(profile(zoho.Ref{ID: "15", Name: "Standard"}))), nil, []string{"changed 32 Kim [profile: Standard (id 14) → Standard (id 15)]"}},
		{"a profile without a name", people(with()), people(with(profile(zoho.Ref{ID: "15"}))), nil, []string{"changed 32 Kim [profile: Standard → (id 15)]"}},
		{"role", people(with()), people(with(role(boss))), nil, []string{"changed 32 Kim [role: CEO → Boss]"}},
		{"role taken away", people(with()), people(with(role(zoho.Ref{}))), nil, []string{"changed 32 Kim [role: CEO → —]"}},
		{"status", people(with()), people(with(status("disabled"))), nil, []string{"changed 32 Kim [status: active → disabled]"}},
		{"case of the status", people(with()), people(with(status("Active"))), nil, nil},
		{"confirmed", people(with(func(u *zoho.User) { u.Unconfirmed = true })), people(with()), nil, []string{"changed 32 Kim [confirmation: invitation pending → confirmed]"}},
		{"not confirmed any more", people(with()), people(with(func(u *zoho.User) { u.Unconfirmed = true })), nil, []string{"changed 32 Kim [confirmation: confirmed → invitation pending]"}},
		{"e-mail", people(with()), people(with(email("Kim@example.com"))), nil, []string{"changed 32 Kim [e-mail: kim@example.com → Kim@example.com]"}},
		{"name", people(with()), people(with(name("Kim Lee"))), nil, []string{"changed 32 Kim Lee [name: Kim → Kim Lee]"}},
		{"all at once", people(with()), people(with(profile(admin), role(boss), status("disabled"), func(u *zoho.User) { u.Unconfirmed = true }, email(""), name("K"))), nil,
			[]string{"changed 32 K [profile: Standard → Administrator] [role: CEO → Boss] [status: active → disabled] [confirmation: confirmed → invitation pending] [e-mail: kim@example.com → —] [name: Kim → K]"}},

		{"in order", people(with(id("1"), name("b")), with(id("2"), name("x")), with(id("3"), name("A")), with(id("4"), name("q"), email("q@example.com"))),
			people(with(id("1"), name("b"), role(boss)), with(id("3"), name("A"), role(boss)), with(id("200"), name("Same"), email("")), with(id("30"), name("sâme"), email("")), with(id("5"), name("z"), email("z@example.com")),
				with(id("6"), name("q"), email("q@example.com"))), nil,
			[]string{"added 30 sâme", "added 200 Same", "added 5 z", "recreated 6 q missing was 4 by e-mail", "removed 2 x missing",
				"changed 3 A [role: CEO → Boss]", "changed 1 b [role: CEO → Boss]"}},
	} {
		got := audit.Compare(taken(now, c.was...), taken(later, c.is...), among(slices.Concat(c.outside, c.is)...))
		var all []string
		for _, change := range got.Changes {
			all = append(all, said(change))
		}
		if !slices.Equal(all, c.want) || got.Same() != (c.want == nil) || !got.ReadAt.Equal(now) || got.Renamed != nil || got.RulesChanged {
			t.Errorf("%s: got\n%s\nwant\n%s", c.what, strings.Join(all, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// TestWhoModifiedTheRecord is told as Zoho has it now, and not of what it no longer lists.
func TestWhoModifiedTheRecord(t *testing.T) {
	by := func(u *zoho.User) { u.ModifiedTime, u.ModifiedBy = now, zoho.Ref{ID: "18", Name: "Lee"} }
	earlier := func(u *zoho.User) { u.ModifiedTime, u.ModifiedBy = before, zoho.Ref{ID: "32", Name: "Kim"} }
	renamed := kim(func(u *zoho.User) { by(u); u.FullName = "K" })
	want := audit.Ref{ID: "18", Name: "Lee"}
	for what, c := range map[string]audit.Comparison{
		"added":   audit.Compare(taken(now), taken(later, kim(by)), among()),
		"changed": audit.Compare(taken(now, kim(earlier)), taken(later, renamed), among()),
		"demoted": audit.Compare(taken(now, kim(earlier)), taken(later), among(kim(by))),
	} {
		if got := c.Changes[0]; !got.Modified.Equal(now) || got.ModifiedBy != want || got.Email != "kim@example.com" {
			t.Errorf("%s: got %v by %v, want %v by %v", what, got.Modified, got.ModifiedBy, now, want)
		}
	}
	if got := audit.Compare(taken(now, kim(earlier)), taken(later), among()).Changes[0]; !got.Modified.IsZero() || got.ModifiedBy != (audit.Ref{}) {
		t.Errorf("missing: got %v by %v", got.Modified, got.ModifiedBy)
	}
}

func TestARenameIsToldOnce(t *testing.T) {
	called := func(profile, role string) []zoho.User {
		change := func(u *zoho.User) { u.Profile.Name, u.Role.Name = profile, role }
		return []zoho.User{kim(change), lee(change)}
	}
	got := audit.Compare(taken(now, called("Standard", "CEO")...), taken(later, called("Usual", "Boss")...), among())
	want := []audit.Field{{Name: "profile", Before: "Standard", After: "Usual"}, {Name: "role", Before: "CEO", After: "Boss"}}
	if !slices.Equal(got.Renamed, want) || got.Changes != nil || got.Same() {
		t.Errorf("got %+v, want %v", got, want)
	}
	// A read while it is renamed finds both names.
	mixed := taken(now, called("Standard", "CEO")[0], called("Usual", "Boss")[1])
	if got := audit.Compare(mixed, mixed, among()); !got.Same() {
		t.Errorf("got %+v", got)
	}
	nameless := func(u *zoho.User) { u.Profile, u.Role = zoho.Ref{Name: "A"}, zoho.Ref{} }
	other := func(u *zoho.User) { u.Profile, u.Role = zoho.Ref{Name: "B"}, zoho.Ref{} }
	if got := audit.Compare(taken(now, kim(nameless)), taken(later, kim(other)), among()); got.Renamed != nil || len(got.Changes) != 1 {
		t.Errorf("without ids: got %+v", got)
	}
}

func TestChangedRules(t *testing.T) {
	rules := audit.Rules{Profiles: []string{"Équipe", "14"}, Roles: []string{"CEO"}}
	for want, others := range map[bool][]audit.Rules{
		false: {rules, {Profiles: []string{" 14", "equipe", ""}, Roles: []string{"ceo", "CEO"}, Domains: []string{"example.com"}, Off: audit.Flags(), Mailboxes: []string{"x"}}},
		true: {{}, {Profiles: rules.Profiles}, {Profiles: []string{"14"}, Roles: rules.Roles}, {Profiles: rules.Roles, Roles: rules.Profiles},
			{Profiles: rules.Profiles, Roles: rules.Roles, NoAdminRoles: true}},
	} {
		for _, o := range others {
			c := audit.Compare(audit.Snapshot{Rules: rules}, audit.Snapshot{Rules: o}, among())
			if c.RulesChanged != want || c.Same() == want {
				t.Errorf("%+v: got %t, want %t", o, c.RulesChanged, want)
			}
		}
	}
}

// TestWhatWasNotReadIsNotCompared: who counts by a role alone that Zoho marks has
// neither come nor gone because the roles can be read, or cannot any more.
func TestWhatWasNotReadIsNotCompared(t *testing.T) {
	owner := kim(func(u *zoho.User) { u.Role = zoho.Ref{ID: "6", Name: "Owner"} })
	other := lee(func(u *zoho.User) { u.Role = owner.Role })
	read := func(org directory.Organisation) audit.Snapshot {
		people := func(yield func(zoho.User, bool) bool) { _ = yield(owner, false) && yield(other, true) }
		return audit.Take(audit.Find(people, org, audit.Rules{}, now), org, audit.Rules{}, now)
	}
	all, part := read(organisation), read(directory.Organisation{Profiles: organisation.Profiles})
	if len(all.Admins) != 2 || len(part.Admins) != 1 {
		t.Fatalf("got %d and %d administrators, want 2 and 1", len(all.Admins), len(part.Admins))
	}
	for _, c := range []audit.Comparison{audit.Compare(all, part, among(owner)), audit.Compare(part, all, among(owner))} {
		if c.NotCompared != 1 || c.Changes != nil || c.Same() {
			t.Errorf("got %+v", c)
		}
	}
	if got := audit.Compare(part, part, among()); !got.Same() {
		t.Errorf("got %+v", got)
	}
	gone := audit.Compare(part, taken(later), among())
	if gone.NotCompared != 0 || gone.Removed() != 1 {
		t.Errorf("who counts by Zoho's list: got %+v", gone)
	}
}

// TestSnapshotsHaveAllThatIsKnown: flags and rules of each, the settings, and what was not read.
func TestSnapshotsHaveAllThatIsKnown(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 30, 0, 999, time.FixedZone("", 3600))
	rules := audit.Rules{Roles: []string{"CEO"}, Off: []audit.Flag{audit.New}}
	odd := kim(func(u *zoho.User) {
		u.Unconfirmed, u.Email, u.ModifiedTime, u.ModifiedBy = true, "info@example.com", at, zoho.Ref{ID: "1", Name: "A"}
	})
	s := audit.Take(audit.Find(listed(odd, lee(asIs)), directory.Organisation{}, rules, now), directory.Organisation{}, rules, at)
	got, _ := json.Marshal(s.Admins[1])
	want := `{"id":"32","name":"Kim","email":"info@example.com","status":"active","unconfirmed":true,"role":{"id":"5","name":"CEO"},"profile":{"id":"14","name":"Standard"},` +
		`"created":"2025-11-24T09:30:00Z","modified":"2026-11-24T09:30:00Z","modified_by":{"id":"1","name":"A"},"rules":["zoho","role"],"flags":["unconfirmed","shared-mailbox"]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !slices.Equal(s.Unread, []string{audit.PartRoles, audit.PartProfiles}) || !s.ReadAt.Equal(now) || s.ReadAt.Location() != time.UTC {
		t.Errorf("got %v unread at %v", s.Unread, s.ReadAt)
	}
	if !slices.Equal(s.Rules.Mailboxes, audit.DefaultMailboxes()) || !slices.Equal(s.Rules.Roles, rules.Roles) || rules.Mailboxes != nil {
		t.Errorf("got %+v", s.Rules)
	}
	if s := taken(now); s.Unread != nil || s.Admins == nil {
		t.Errorf("got %+v", s)
	}
	u := s.Admins[1].User()
	if odd.CreatedTime, odd.ModifiedTime = u.CreatedTime, u.ModifiedTime; u != odd {
		t.Errorf("got %+v, want %+v", u, odd)
	}
	if a, ok := s.Account("18"); !ok || a.Name != "Lee" {
		t.Errorf("got %+v, %t", a, ok)
	}
	if a, ok := s.Account("19"); ok || a.ID != "" {
		t.Errorf("got %+v, %t", a, ok)
	}
}

func TestWhatAnAuditShows(t *testing.T) {
	s := taken(now, kim(func(u *zoho.User) { u.Unconfirmed = true }), lee(func(u *zoho.User) { u.Status, u.Email = "disabled", "crm@example.com" }),
		zoho.User{ID: "40", FullName: "Ann", Status: "Active"}, zoho.User{ID: "41", FullName: "Bo", Status: "deleted"}, zoho.User{ID: "42", FullName: "Cy", Status: "inactive"})
	s.Unread = []string{audit.PartRoles}
	got := audit.ShownOf(s)
	want := "{2026-11-24 09:30:00 +0000 UTC 5 2 4 [{unconfirmed 1} {disabled 2} {deleted 1} {shared-mailbox 1}] [roles] 0 <nil> <nil>}"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestComparisonsOfAnything: random snapshots of few people, so that much is alike.
func TestComparisonsOfAnything(t *testing.T) {
	for seed := range uint64(2000) {
		checkComparison(t, rand.New(rand.NewPCG(seed, 1)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func checkComparison(t *testing.T, random *rand.Rand) {
	t.Helper()
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	snapshot := func(at time.Time) audit.Snapshot {
		var people []zoho.User
		for id := range 8 {
			if random.IntN(2) == 0 {
				people = append(people, zoho.User{
					ID: fmt.Sprint(id), FullName: one("", "Kim", "KIM", "Lee"), Email: one("", "a@example.com", "A@example.com", "b@example.com"), Status: one("active", "deleted", ""),
					Profile: zoho.Ref{ID: one("", "1", "2"), Name: one("A", "B")}, Role: zoho.Ref{ID: one("", "6", "7")}, CreatedTime: now.AddDate(0, 0, random.IntN(3)-1),
				})
			}
		}
		org := organisation
		if random.IntN(3) == 0 {
			org = directory.Organisation{}
		}
		some := func(yield func(zoho.User, bool) bool) {
			for _, u := range people {
				if !yield(u, random.IntN(4) > 0) {
					return
				}
			}
		}
		return audit.Take(audit.Find(some, org, audit.Rules{}, at), org, audit.Rules{}, at)
	}
	a, b := snapshot(now), snapshot(later)
	find := func(id string) (zoho.User, bool) {
		return zoho.User{ID: id, Status: one("active", "deleted")}, random.IntN(2) == 0
	}
	there, back := audit.Compare(a, b, find), audit.Compare(b, a, find)
	if there.Added() != back.Removed() || there.Removed() != back.Added() || there.Changed() != back.Changed() || there.NotCompared != back.NotCompared {
		t.Errorf("there +%d -%d ~%d ?%d, back +%d -%d ~%d ?%d", there.Added(), there.Removed(), there.Changed(), there.NotCompared, back.Added(), back.Removed(), back.Changed(), back.NotCompared)
	}
	if c := audit.Compare(a, a, find); !c.Same() {
		t.Errorf("with itself: got %+v", c)
	}
	checkIDs(t, a, b, there)
}

// checkIDs: each account that is in one of both is in one change, or not compared.
func checkIDs(t *testing.T, a, b audit.Snapshot, c audit.Comparison) {
	t.Helper()
	seen := map[string]int{}
	for _, change := range c.Changes {
		seen[change.ID]++
		if change.FormerID != "" {
			seen[change.FormerID]++
		}
		_, was := a.Account(change.ID)
		_, is := b.Account(change.ID)
		_, former := a.Account(change.FormerID)
		if want := map[audit.Kind]bool{audit.Added: !was && is, audit.Recreated: !was && is && former, audit.Removed: was && !is, audit.Changed: was && is}; !want[change.Kind] {
			t.Errorf("got %s of %s", change.Kind, change.ID)
		}
	}
	left := 0
	for id := range 8 {
		_, was := a.Account(fmt.Sprint(id))
		_, is := b.Account(fmt.Sprint(id))
		if n := seen[fmt.Sprint(id)]; n > 1 {
			t.Errorf("%d is in %d changes", id, n)
		} else if n == 0 && was != is {
			left++
		}
	}
	if left != c.NotCompared {
		t.Errorf("%d are in no change, want %d", left, c.NotCompared)
	}
}

func BenchmarkCompare(b *testing.B) {
	many := func(first int) audit.Snapshot {
		var people []zoho.User
		for i := range 500 {
			people = append(people, kim(func(u *zoho.User) {
				u.ID, u.FullName, u.Email = fmt.Sprint(first+i), fmt.Sprint("Person ", i), fmt.Sprint(first+i, "@example.com")
			}))
		}
		return taken(now, people...)
	}
	was, changed, others := many(1000), many(1000), many(2000)
	for i := range changed.Admins {
		changed.Admins[i].Status = "disabled"
	}
	for i := range others.Admins {
		others.Admins[i].Created = later
	}
	for name, is := range map[string]audit.Snapshot{"same": was, "changed": changed, "recreated": others} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				audit.Compare(was, is, among())
			}
		})
	}
}
