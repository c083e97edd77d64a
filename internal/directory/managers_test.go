package directory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// member is somebody active, with a role and perhaps a reporting line.
func member(id, name, role, manager string) zoho.User {
	u := active(id, name, "")
	u.Role.ID = role
	if manager != "" {
		u.ReportingTo = zoho.Ref{ID: manager, Name: "Line " + manager}
	}
	return u
}

// family holds all roles but 73.
func family() []zoho.User {
	return []zoho.User{member("1", "Top", "71", ""), member("2", "Kim", "72", ""), member("3", "Lee", "72", "2"), member("4", "Moe", "74", "2"), member("5", "Zoe", "74", "")}
}

func organised(roles []zoho.Role, people ...zoho.User) *directory.Snapshot {
	s := snapshot(people...)
	for _, r := range roles {
		s.Organisation.Roles = append(s.Organisation.Roles, directory.Role{ID: r.ID, Name: r.Name, Above: r.ReportingTo.ID})
	}
	return s
}

// who writes managers: line(2) or CEO(1 6).
func who(m directory.Managers) string {
	switch {
	case m.By == directory.NoLine && m.Total == 0 && m.Users == nil && m.Role == "":
		return "nobody"
	case m.By == directory.ReportingLine && m.Role == "":
		return fmt.Sprintf("line(%s)", ids(m.Users))
	}
	return fmt.Sprintf("%s(%s)", m.Role, ids(m.Users))
}

func chain(s *directory.Snapshot, id string) string {
	var all []string
	for _, m := range s.Chain(id) {
		all = append(all, who(m))
	}
	return strings.Join(all, " ")
}

func TestManagers(t *testing.T) {
	left := member("8", "Left", "72", "")
	left.Status = "deleted"
	lost := member("9", "Lost", "74", "99")
	for _, c := range []struct {
		rule, of, want, chain string
		people                []zoho.User
	}{
		{"a reporting line wins over the role", "4", "line(2)", "line(2) CEO(1)", family()},
		{"a role that nobody holds is passed over", "5", "CEO(1)", "CEO(1)", family()},
		{"nobody is above the top", "1", "nobody", "", family()},
		{"nobody is called so", "77", "nobody", "", family()},
		{"several hold the role above", "5", "CEO(6 1)", "CEO(6 1)", append(family(), member("6", "Ann", "71", ""))},
		{"who is not active is no manager by a role", "5", "CEO(1)", "CEO(1)", append(family(), func() zoho.User { u := left; u.Role.ID = "73"; return u }())},
		{"who left keeps their managers", "8", "CEO(1)", "CEO(1)", append(family(), left)},
		{"whom the snapshot lacks", "9", "line(99)", "line(99)", append(family(), lost)},
		{"a manager who left is one by the reporting line", "7", "line(8)", "line(8) CEO(1)", append(family(), left, member("7", "Max", "72", "8"))},
		{"above several it goes on from their role", "5", "Service(6 7)", "Service(6 7) CEO(1)", append(family(), member("6", "Ann", "73", "2"), member("7", "Ben", "73", ""))},
		{"above one by a role it goes on from them", "5", "Service(6)", "Service(6) line(2) CEO(1)", append(family(), member("6", "Ann", "73", "2"))},
		{"who reports to themselves has no reporting line", "6", "CEO(1)", "CEO(1)", append(family(), member("6", "Ann", "72", "6"))},
		{"a circle of reporting lines ends", "6", "line(7)", "line(7)", []zoho.User{member("6", "Ann", "", "7"), member("7", "Ben", "", "6")}},
		{"a circle further up ends", "5", "line(6)", "line(6) line(7)", []zoho.User{member("5", "Zoe", "", "6"), member("6", "Ann", "", "7"), member("7", "Ben", "", "6")}},
		{"lines up and roles down end", "1", "line(2)", "line(2)", []zoho.User{member("1", "Top", "71", "2"), member("2", "Kim", "72", "")}},
		{"whoever comes again among others ends it", "1", "line(2)", "line(2)", []zoho.User{member("1", "Top", "71", "2"), member("6", "Ann", "71", ""), member("2", "Kim", "72", "")}},
		{"without a role", "6", "nobody", "", append(family(), member("6", "Ann", "", ""))},
		{"with a role that is unknown", "6", "nobody", "", append(family(), member("6", "Ann", "79", ""))},
	} {
		s := organised(tree(), c.people...)
		if got := who(s.Managers(c.of)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.rule, got, c.want)
		}
		if got := chain(s, c.of); got != c.chain {
			t.Errorf("%s: the chain: got %s, want %s", c.rule, got, c.chain)
		}
	}
	s := organised(tree(), append(family(), lost)...)
	if got := s.Managers("9").Users[0]; got != (zoho.User{ID: "99", FullName: "Line 99"}) {
		t.Errorf("whom the snapshot lacks: got %+v", got)
	}
	if got := s.Managers("3").Users[0]; got.FullName != "Kim" || got.Role.ID != "72" {
		t.Errorf("whom it has: got %+v", got)
	}
	if got := chain(snapshot(family()...), "5") + chain(snapshot(family()...), "3"); got != "line(2)" {
		t.Errorf("without a role tree: got %s", got)
	}
}

// TestRolesInACircle, or whose role above there is not.
func TestRolesInACircle(t *testing.T) {
	role := func(id, above string) zoho.Role {
		return zoho.Role{ID: id, Name: "R" + id, ReportingTo: zoho.Ref{ID: above}}
	}
	for _, c := range []struct {
		rule, want string
		roles      []zoho.Role
		people     []zoho.User
	}{
		{"of itself", "", []zoho.Role{role("71", "71")}, []zoho.User{member("1", "Kim", "71", ""), member("2", "Lee", "71", "")}},
		{"of two", "R72(2)", []zoho.Role{role("71", "72"), role("72", "71")}, []zoho.User{member("1", "Kim", "71", ""), member("2", "Lee", "72", "")}},
		{"of two, one not held", "", []zoho.Role{role("71", "72"), role("72", "71")}, []zoho.User{member("1", "Kim", "71", "")}},
		{"further up", "", []zoho.Role{role("71", "72"), role("72", "73"), role("73", "72")}, []zoho.User{member("1", "Kim", "71", "")}},
		{"above there is none", "", []zoho.Role{role("71", "79")}, []zoho.User{member("1", "Kim", "71", "")}},
		{"a role without an id is above nobody", "", []zoho.Role{role("", ""), role("71", "")}, []zoho.User{member("1", "Kim", "71", ""), member("2", "Lee", "", "")}},
	} {
		if got := chain(organised(c.roles, c.people...), "1"); got != c.want {
			t.Errorf("%s: got %s, want %s", c.rule, got, c.want)
		}
	}
}

// TestManyManagersAndLongChains: ten are named, fifty levels told.
func TestManyManagersAndLongChains(t *testing.T) {
	people := family()
	for i := range 30 {
		people = append(people, member(fmt.Sprint(100+i), fmt.Sprintf("Chief %02d", i), "71", ""))
	}
	if got := organised(tree(), people...).Managers("5"); got.Total != 31 || len(got.Users) != 10 || got.Users[9].FullName != "Chief 09" {
		t.Errorf("got %d of %d", len(got.Users), got.Total)
	}
	people = nil
	for i := range 80 {
		people = append(people, member(fmt.Sprint(i), fmt.Sprint("X", i), "", fmt.Sprint(i+1)))
	}
	if got := snapshot(people...).Chain("3"); len(got) != 50 || got[49].Users[0].ID != "53" {
		t.Errorf("got %d levels", len(got))
	}
}

func TestTheManagerFilterTakesBothLines(t *testing.T) {
	several := append(family(), member("6", "Kim Ann", "73", ""), member("7", "Ben", "73", ""))
	off := member("8", "Kim Off", "73", "")
	off.Status = "disabled"
	s := organised(tree(), append(several, off)...)
	for text, want := range map[string]string{
		"manager:2": "3 4", "manager:1": "2 6 7 8", "manager:6": "5", "manager:7": "5", "manager:8": "", "manager:kim": "5", "manager:ann": "5",
		"manager:line": "3 4", "manager:top": "2 6 7 8", "manager:6 status:active manager:1": "5 2 6 7", "manager:kim ann": "5", "zoe manager:kim ann": "5",
		"manager:kim,top": "2 5 6 7 8", "manager:zoe": "", "manager:71": "", "manager:7 manager:2": "3 4 5",
	} {
		if got := search(t, s, text); !sameWords(ids(got.Users), want) {
			t.Errorf("%q: got %s, want %s", text, ids(got.Users), want)
		}
	}
	self := snapshot(member("1", "Kim", "", "1"), member("2", "Lee", "", "1"))
	if got := ids(search(t, self, "manager:1").Users); got != "2" || self.ReportCount("1") != 1 {
		t.Errorf("who reports to themselves: got %s, %d reports", got, self.ReportCount("1"))
	}
	if n := s.ReportCount(""); n != 0 {
		t.Errorf("nobody has %d reports", n)
	}
	if odd := snapshot(member("odd-ID", "Kim", "", ""), zoho.User{ID: "2", Status: "active", ReportingTo: zoho.Ref{ID: "odd-ID", Name: "Kim"}}); odd.ReportCount("odd-ID") != 1 {
		t.Error("an odd id has no reports")
	}
}

func TestPersonAndEveryone(t *testing.T) {
	s := directory.NewSnapshot(readAt, []zoho.User{{ID: "1", FullName: "Zoe", Status: "deleted"}, active("2", "Lee", ""), active("3", "Kim", "")}, map[string]bool{"1": true, "2": true})
	var all []string
	for u, admin := range s.Everyone() {
		all = append(all, fmt.Sprint(u.FullName, admin))
	}
	if got := fmt.Sprint(all); got != "[Kimfalse Leetrue Zoetrue]" {
		t.Errorf("got %s", got)
	}
	for range s.Everyone() {
		break
	}
	if u, ok := s.Person("1"); !ok || u.FullName != "Zoe" {
		t.Errorf("got %+v", u)
	}
	if u, ok := s.Person("4"); ok || u != (zoho.User{}) {
		t.Errorf("got %+v", u)
	}
}

// TestLooksFromManyGoroutines is for the race detector, the ways up included.
func TestLooksFromManyGoroutines(t *testing.T) {
	c := &crm{}
	for _, u := range family() {
		c.set(u, false)
	}
	shared := &store.Memory{}
	var wg sync.WaitGroup
	for range 2 {
		d := c.process(shared)
		d.FreshFor, d.ReloadAfter, d.FullAfter = time.Microsecond, time.Microsecond, time.Microsecond
		d.Roles = func(context.Context) ([]zoho.Role, error) { return tree(), nil }
		must[directory.Synced](t)(d.Sync(t.Context(), true))
		for g := range 6 {
			wg.Go(func() {
				for range 50 {
					if g == 0 {
						if _, err := d.Sync(t.Context(), true); err != nil && !errors.Is(err, store.ErrChanged) { // others may store at each of its attempts
							t.Error(err)
						}
						continue
					}
					look := []func(context.Context) (directory.View, error){d.Look, d.LookLive}[g%2]
					v := must[directory.View](t)(look(t.Context()))
					if got := v.Managers("5"); got.By != directory.RoleTree || v.ReportCount("2") != 2 {
						t.Errorf("got %+v, %d reports", got, v.ReportCount("2"))
					}
				}
			})
		}
	}
	wg.Wait()
}

// TestTheFirstRoleTreeShows in managers who were asked for before.
func TestTheFirstRoleTreeShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		for _, u := range family() {
			c.set(u, false)
		}
		d := c.process(&store.Memory{})
		managers := func() string { return who(must[directory.View](t)(d.Look(t.Context())).Managers("5")) }
		before := managers()
		d.Roles = func(context.Context) ([]zoho.Role, error) {
			return []zoho.Role{{ID: "74", Name: "Agent", ReportingTo: zoho.Ref{ID: "71"}}, {ID: "71", Name: "CEO", Admin: true}}, nil
		}
		d.Profiles = func(context.Context) ([]zoho.Profile, error) {
			return []zoho.Profile{{ID: "81", Name: "Own", Custom: true}, {ID: "82", Name: "Standard"}}, nil
		}
		must[directory.Synced](t)(d.Sync(t.Context(), false))
		if got := managers(); before != "nobody" || got != "CEO(1)" {
			t.Errorf("got %s, then %s", before, got)
		}
		v := must[directory.View](t)(d.Look(t.Context()))
		if got := fmt.Sprint(v.Organisation.Roles, v.Organisation.Profiles); got != "[{74 Agent 71 false} {71 CEO  true}] [{81 Own true} {82 Standard false}]" {
			t.Errorf("got %s", got)
		}
	})
}

// TestManagersAgainstAnOracle compares with the rules written down plainly, over
// random organisations with circles and gaps in them.
func TestManagersAgainstAnOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var seen [3]int
	longest := 0
	for range 150 {
		o := newOracle(random)
		s := organised(o.roles, o.people...)
		for _, u := range o.people {
			want := o.managers(u)
			if got := s.Managers(u.ID); got.By != want.by || ids(got.Users) != strings.Join(want.ids[:min(10, len(want.ids))], " ") || got.Total != len(want.ids) {
				t.Fatalf("%s: got %s, want %+v", u.ID, who(got), want)
			}
			seen[want.by]++
			got := s.Chain(u.ID)
			o.checkChain(t, u, got)
			longest = max(longest, len(got))
			reports, active := o.reports(u.ID)
			if got := s.Page(directory.Query{Filters: []directory.Filter{{Name: directory.FilterManager, Value: u.ID}}}, 0, 1000); !sameWords(ids(got.Users), strings.Join(reports, " ")) {
				t.Fatalf("manager:%s: got %s, want %s", u.ID, ids(got.Users), reports)
			}
			if got := s.ReportCount(u.ID); got != active {
				t.Fatalf("%s: %d reports, want %d", u.ID, got, active)
			}
		}
	}
	if slices.Min(seen[:]) < 300 || longest < 5 {
		t.Errorf("seen %v, the longest chain %d", seen, longest)
	}
}

type oracle struct {
	roles  []zoho.Role
	people []zoho.User // in the order of answers
}

type above struct {
	by   directory.Line
	ids  []string
	role string
}

func newOracle(random *rand.Rand) *oracle {
	o := &oracle{}
	roles, people := 1+random.IntN(12), 2+random.IntN(40)
	for i := range roles {
		o.roles = append(o.roles, zoho.Role{ID: fmt.Sprint(900 + i), ReportingTo: zoho.Ref{ID: fmt.Sprint(900 + random.IntN(roles+2))}})
	}
	for i := range people {
		u := member(fmt.Sprint(100+i), fmt.Sprintf("Generated %c%c", 'a'+i/26, 'a'+i%26), fmt.Sprint(900+random.IntN(roles+1)), "")
		if random.IntN(2) == 0 {
			u.ReportingTo = zoho.Ref{ID: fmt.Sprint(100 + random.IntN(people+2)), Name: "Line"}
		}
		if i >= people*2/3 {
			u.Status = "disabled"
		}
		o.people = append(o.people, u)
	}
	return o
}

func (o *oracle) managers(u zoho.User) above {
	if u.ReportingTo.ID != "" && u.ReportingTo.ID != u.ID {
		return above{by: directory.ReportingLine, ids: []string{u.ReportingTo.ID}}
	}
	return o.holdersAbove(u.Role.ID)
}

func (o *oracle) holdersAbove(role string) above {
	passed := map[string]bool{role: true}
	for {
		i := slices.IndexFunc(o.roles, func(r zoho.Role) bool { return r.ID == role })
		if i < 0 || passed[o.roles[i].ReportingTo.ID] {
			return above{}
		}
		role = o.roles[i].ReportingTo.ID
		passed[role] = true
		if !slices.ContainsFunc(o.roles, func(r zoho.Role) bool { return r.ID == role }) {
			return above{}
		}
		a := above{by: directory.RoleTree, role: role}
		for _, p := range o.people {
			if p.Role.ID == role && p.Active() {
				a.ids = append(a.ids, p.ID)
			}
		}
		if a.ids != nil {
			return a
		}
	}
}

func (o *oracle) person(id string) (zoho.User, bool) {
	i := slices.IndexFunc(o.people, func(p zoho.User) bool { return p.ID == id })
	if i < 0 {
		return zoho.User{}, false
	}
	return o.people[i], true
}

// checkChain follows a chain, and checks that it ends where it has to.
func (o *oracle) checkChain(t *testing.T, u zoho.User, got []directory.Managers) {
	t.Helper()
	passed := map[string]bool{u.ID: true}
	next := o.managers(u)
	for i := 0; ; i++ {
		again := slices.ContainsFunc(next.ids, func(id string) bool { return passed[id] })
		if next.by == directory.NoLine || again {
			if i != len(got) {
				t.Fatalf("%s: %d levels, want %d", u.ID, len(got), i)
			}
			return
		}
		if i == len(got) || got[i].By != next.by || got[i].Total != len(next.ids) || got[i].Users[0].ID != next.ids[0] {
			t.Fatalf("%s: got %d levels, want %+v as number %d", u.ID, len(got), next, i)
		}
		for _, id := range next.ids {
			passed[id] = true
		}
		if len(next.ids) > 1 {
			next = o.holdersAbove(next.role)
		} else if p, ok := o.person(next.ids[0]); ok {
			next = o.managers(p)
		} else {
			next = above{}
		}
	}
}

func (o *oracle) reports(id string) (all []string, active int) {
	for _, p := range o.people {
		if slices.Contains(o.managers(p).ids, id) {
			all = append(all, p.ID)
			if p.Active() {
				active++
			}
		}
	}
	return all, active
}

func ExampleSnapshot_Chain() {
	s := directory.NewSnapshot(readAt, []zoho.User{
		{ID: "1", FullName: "Generated One", Status: "active", ReportingTo: zoho.Ref{ID: "2"}},
		{ID: "2", FullName: "Generated Two", Status: "active", Role: zoho.Ref{ID: "72"}},
		{ID: "3", FullName: "Generated Three", Status: "active", Role: zoho.Ref{ID: "71"}},
	}, nil)
	s.Organisation.Roles = []directory.Role{{ID: "71", Name: "CEO"}, {ID: "72", Name: "Sales", Above: "71"}}
	for _, m := range s.Chain("1") {
		fmt.Println(m.Users[0].FullName, m.By == directory.ReportingLine)
	}
	// Output:
	// Generated Two true
	// Generated Three false
}
