package records_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
)

// own adds a user who owns so many accounts and deals.
func (c crm) own(t testing.TB, accounts, deals int) string {
	t.Helper()
	c.owner = c.fresh(t)
	for range accounts {
		c.give(t, "Accounts Genorphan")
	}
	for range deals {
		c.give(t, "Deals Genorphan/Closed Won")
	}
	return c.owner
}

func TestOrphans(t *testing.T) {
	c := newCRM(t, zohosim.Config{Organisation: &zohosim.Organisation{Users: zohosim.SampleUsers()}})
	deleted, disabled, removed := c.own(t, 1, 2), c.own(t, 4, 1), c.own(t, 0, 1)
	c.own(t, 5, 5) // who is active
	for id, do := range map[string]func(string) error{deleted: c.DeleteUser, disabled: c.DisableUser, removed: c.RemoveUser} {
		if err := do(id); err != nil {
			t.Fatal(err)
		}
	}
	o := c.Orphans(t.Context(), c.people(t), false)
	if got := countsOf(o.Counts); got != "Accounts 5; Deals 4" || o.Records != 9 || len(o.Failed) > 0 || o.ReadAt.IsZero() {
		t.Errorf("got %s, %d, %v", got, o.Records, o.Failed)
	}
	want := []struct {
		id, counts, status string
		known              bool
	}{
		{disabled, "Accounts 4; Deals 1", "disabled", true},
		{deleted, "Accounts 1; Deals 2", "deleted", true},
		{removed, "Deals 1", "", false},
	}
	if len(o.Owners) != len(want) {
		t.Fatalf("got %+v", o.Owners)
	}
	for i, w := range want {
		got := o.Owners[i]
		if got.User.ID != w.id || countsOf(got.Counts) != w.counts || got.User.Status != w.status || got.Known != w.known || !got.Gone() || got.User.FullName == "" {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
}

func TestOrphansWithoutScopes(t *testing.T) {
	for _, c := range []struct {
		missing []string
		want    string
	}{
		{[]string{search}, ""},
		{[]string{contacts}, "Contacts: " + contacts},
		{[]string{coql}, "Accounts: " + accounts + " " + coql + "; Deals: " + deals + " " + coql + "; Contacts: " + contacts + " " + coql + "; Leads: " + leads + " " + coql},
	} {
		z := newCRM(t, zohosim.Config{Scopes: without(c.missing...)})
		o := z.Orphans(t.Context(), z.people(t), false)
		if got := scopesOf(o.Failed); got != c.want {
			t.Errorf("without %v: got %s, want %s", c.missing, got, c.want)
		}
	}
}

// TestOrphansOfALargeOrganisation counts as many owners as need several pages.
func TestOrphansOfALargeOrganisation(t *testing.T) {
	org := large()
	for _, rows := range []int{0, 200} {
		c := newCRM(t, zohosim.Config{Organisation: &org, COQLMaxRows: rows})
		gone := goneIn(t, org)
		people := c.people(t)
		var o records.Orphans
		calls, credits := c.spent(func() { o = c.Orphans(t.Context(), people, false) })
		t.Logf("pages of %d rows: %d calls, %d credits", rows, calls, credits)
		if n := c.Busiest(); n > 3 || len(o.Failed) > 0 {
			t.Errorf("got %d calls at once, %v", n, o.Failed)
		}
		checkOrphans(t, o, plainCount(t, org, gone, records.DefaultModules))

		if rows > 0 {
			continue
		}
		// A module whose second page fails is not counted at all.
		c.fault(t, zohosim.Fault{Module: "Deals", After: 1, Kind: zohosim.NotFound})
		o = c.Orphans(t.Context(), people, true)
		if len(o.Failed) != 1 || o.Failed[0].Module != "Deals" {
			t.Errorf("got %v", o.Failed)
		}
		checkOrphans(t, o, plainCount(t, org, gone, []string{"Accounts", "Contacts", "Leads"}))
	}
}

// TestPagesThatAreShorterThanAskedFor lose no owner: Zoho may give fewer rows
// than a query's limit, and say that there are more.
func TestPagesThatAreShorterThanAskedFor(t *testing.T) {
	org := large()
	c := newCRM(t, zohosim.Config{Organisation: &org})
	c.rewrite("limit 2000", "limit 200")
	o := c.Orphans(t.Context(), c.people(t), false)
	if len(o.Failed) > 0 {
		t.Errorf("got %v", o.Failed)
	}
	checkOrphans(t, o, plainCount(t, org, goneIn(t, org), records.DefaultModules))
}

// TestPagesThatDoNotFit leave a module uncounted.
func TestPagesThatDoNotFit(t *testing.T) {
	const one = `{"COUNT(id)":1,"Owner":{"name":"Gentest","id":"5725767000000411999"}}`
	for name, pages := range map[string][2]string{
		"empty, and more behind it": {"", ""},
		"an owner comes twice":      {one, one},
	} {
		c := newCRM(t, zohosim.Config{})
		people := c.people(t)
		c.CRM.HTTP = &http.Client{Transport: twoPages(pages)}
		if o := c.Orphans(t.Context(), people, false); len(o.Failed) != len(records.DefaultModules) || len(o.Owners) > 0 {
			t.Errorf("%s: got %+v, want no module counted", name, o)
		}
	}
}

// twoPages gives a page of rows, and one behind it.
type twoPages [2]string

func (p twoPages) RoundTrip(r *http.Request) (*http.Response, error) {
	query, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	page, more := 0, true
	if strings.Contains(string(query), " offset ") {
		page, more = 1, false
	}
	body := fmt.Sprintf(`{"data":[%s],"info":{"more_records":%t}}`, p[page], more)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// goneIn are the ids of those who are not active.
func goneIn(t testing.TB, org zohosim.Organisation) map[string]bool {
	gone := map[string]bool{}
	for _, raw := range org.Users {
		var u map[string]any // other keys differ from these by case alone
		if err := json.Unmarshal(raw, &u); err != nil {
			t.Fatal(err)
		}
		if u["status"] != "active" {
			gone[u["id"].(string)] = true
		}
	}
	return gone
}

// plainCount counts records by owner and module.
func plainCount(t testing.TB, org zohosim.Organisation, gone map[string]bool, modules []string) map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, module := range modules {
		for _, raw := range org.Records[module] {
			var r struct{ Owner struct{ ID string } }
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			if id := r.Owner.ID; gone[id] {
				if all[id] == nil {
					all[id] = map[string]int{}
				}
				all[id][module]++
			}
		}
	}
	return all
}

func checkOrphans(t testing.TB, o records.Orphans, want map[string]map[string]int) {
	t.Helper()
	if len(o.Owners) != len(want) || len(want) < 100 {
		t.Fatalf("got %d owners, want %d", len(o.Owners), len(want))
	}
	sums, records, before := map[string]int{}, 0, 1<<30
	for _, owner := range o.Owners {
		sum := 0
		for _, c := range owner.Counts {
			if n := want[owner.User.ID][c.Module]; n != c.Records {
				t.Errorf("%s, %s: got %d, want %d", owner.User.ID, c.Module, c.Records, n)
			}
			sum += c.Records
			sums[c.Module] += c.Records
		}
		if len(owner.Counts) != len(want[owner.User.ID]) || sum != owner.Records || sum > before || !owner.Gone() {
			t.Errorf("%s: got %+v behind %d", owner.User.ID, owner, before)
		}
		before = sum
		records += sum
	}
	for _, c := range o.Counts {
		if c.Records != sums[c.Module] || c.Open != c.Records {
			t.Errorf("got %+v, want %d", c, sums[c.Module])
		}
	}
	if records != o.Records || len(o.Counts) != len(sums) {
		t.Errorf("got %d, %+v, want %d, %v", o.Records, o.Counts, records, sums)
	}
}

// TestManagersOfWhoIsGone has four people, each below the one before: an owner
// who is gone has the nearest above who is not.
func TestManagersOfWhoIsGone(t *testing.T) {
	c := newCRM(t, zohosim.Config{Organisation: &zohosim.Organisation{Users: zohosim.SampleUsers()}})
	var ids []string
	for _, name := range []string{"Genone", "Gentwo", "Genthree", "Genfour"} {
		fields := map[string]any{"first_name": "Mira", "last_name": name, "email": name + "@gentest.example"}
		if len(ids) > 0 {
			fields["Reporting_To"] = map[string]any{"id": ids[len(ids)-1], "name": "Mira"}
		}
		id, err := c.AddUser(fields)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	id := c.add(t, "Deals", map[string]any{"Deal_Name": "Genmanaged", "Owner": ids[3]})
	for _, step := range []struct {
		do   func() error
		want string // id of who is to be asked
	}{
		{func() error { return nil }, ""}, // the owner can be
		{func() error { return c.DisableUser(ids[3]) }, ids[2]},
		{func() error { return c.DeleteUser(ids[2]) }, ids[1]},
		{func() error { return c.DisableUser(ids[1]) }, ids[0]},
		{func() error { return c.DisableUser(ids[0]) }, ""}, // nobody is left
		{func() error { return c.RemoveUser(ids[3]) }, ""},  // nobody knows who was above
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		people := c.people(t)
		found := c.find(t, "genmanaged")
		before := slices.Clone(found.Records)
		joined := records.Join(people, found.Records)
		if len(joined) != 1 || joined[0].ID != id || before[0].Owner.Known || found.Records[0].Owner.Known {
			t.Fatalf("got %+v of %+v", joined, found.Records)
		}
		got := ""
		for _, u := range joined[0].Owner.Managers.Users {
			got += u.ID
		}
		if got != step.want {
			t.Errorf("got %+v, want %s", joined[0].Owner.Managers, step.want)
		}
		if one := records.OwnerOf(people, found.Records[0].Owner.User); one.User.ID != ids[3] || one.Gone() != joined[0].Owner.Gone() {
			t.Errorf("got %+v", one)
		}
	}
	if got := records.Join(directory.NewSnapshot(c.people(t).At, nil, nil), nil); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkOrphans is what an answer about 50,000 people takes when their records
// were counted just now.
func BenchmarkOrphans(b *testing.B) {
	org := zohosim.Generate(50_000, 50_000)
	c := newCRM(b, zohosim.Config{Organisation: &org})
	people := c.people(b)
	c.Orphans(b.Context(), people, false)
	for b.Loop() {
		c.Orphans(b.Context(), people, false)
	}
}
