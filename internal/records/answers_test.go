package records_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// without are all scopes but some.
func without(missing ...string) []string {
	return slices.DeleteFunc(slices.Clone(zohosim.AllScopes), func(s string) bool {
		return slices.ContainsFunc(missing, func(m string) bool { return strings.EqualFold(s, m) })
	})
}

// scopesOf are the modules that failed, with the scopes that may be missing.
func scopesOf(failed []records.Failure) string {
	var all []string
	for _, f := range failed {
		all = append(all, f.Module+": "+strings.Join(f.Scopes, " "))
	}
	return strings.Join(all, "; ")
}

const (
	search   = zoho.SearchScope
	coql     = zoho.COQLScope
	accounts = "ZohoCRM.modules.accounts.READ"
	contacts = "ZohoCRM.modules.contacts.READ"
	deals    = "ZohoCRM.modules.deals.READ"
	leads    = "ZohoCRM.modules.leads.READ"
)

func TestScopes(t *testing.T) {
	const whole = "Accounts Gentest Industries; Deals Gentest Industries renewal"
	nothing := "Accounts: " + accounts + " " + search + "; Deals: " + deals + " " + search + "; Contacts: " + contacts + " " + search + "; Leads: " + leads + " " + search
	for _, c := range []struct {
		missing []string
		text    string
		want    string
		failed  string
	}{
		{[]string{coql}, "Gentest Industries", whole, ""},
		{[]string{coql}, "gentest indus", whole, ""},
		{[]string{search}, "gentest indus", whole, ""},
		{[]string{search, coql}, "gentest indus", "", nothing},
		{[]string{deals}, "gentest indus", "Accounts Gentest Industries", "Deals: " + deals},
		{[]string{deals, search}, "gentest indus", "Accounts Gentest Industries", "Deals: " + deals},
		{[]string{deals, coql}, "gentest indus", "Accounts Gentest Industries", "Deals: " + deals},
		{[]string{search}, "tami@gentest.example", "Contacts Tami Gentest", ""},
		{[]string{search}, "+999 100 200 300", "", strings.Replace(nothing, "Deals: "+deals+" "+search+"; ", "", 1)},
		{[]string{leads}, "5725767000009100106", "Deals Gentest Industries renewal", ""},
		{[]string{deals}, "5725767000009100106", "", "Deals: " + deals},
		{[]string{deals}, "https://crm.zoho.com/crm/tab/Potentials/5725767000009100106", "", "Deals: " + deals},
		{[]string{search, coql}, "5725767000009100106", "Deals Gentest Industries renewal", ""},
	} {
		z := newCRM(t, zohosim.Config{Scopes: without(c.missing...)})
		found := z.find(t, c.text)
		if got, failed := namesOf(found), scopesOf(found.Failed); got != c.want || failed != c.failed {
			t.Errorf("without %v, %s: got %s, failed %s, want %s, failed %s", c.missing, c.text, got, failed, c.want, c.failed)
		}
	}
}

// TestWhatFitsAlikeIsInOrder: shorter names first, then what was modified last.
func TestWhatFitsAlikeIsInOrder(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	for _, r := range []struct {
		module string
		fields map[string]any
	}{
		{"Accounts", map[string]any{"Account_Name": "Gensort Plan"}},
		{"Accounts", map[string]any{"Account_Name": "Gensort Big Plan"}},
		{"Accounts", map[string]any{"Account_Name": "Gensort Old Plan"}},
		{"Leads", map[string]any{"First_Name": "Mira Lou", "Last_Name": "Ungensorted"}},
		{"Leads", map[string]any{"Last_Name": "Gentry", "Company": "Gensort"}},
	} {
		c.AdvanceClock(time.Second)
		c.add(t, r.module, r.fields)
	}
	const want = "Accounts Gensort Plan; Accounts Gensort Old Plan; Accounts Gensort Big Plan; Leads Mira Lou Ungensorted; Leads Gentry"
	if got := namesOf(c.find(t, "gensort")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestNoOtherFieldIsAskedFor than those that may be shown, but for the address
// by which somebody looks.
func TestNoOtherFieldIsAskedFor(t *testing.T) {
	for text, want := range map[string][]string{
		"gentest indus":        {"Account_Name", "Deal_Name", "Full_Name", "Modified_Time", "Owner"},
		"5725767000000000001":  {"Account_Name", "Deal_Name", "Full_Name", "Modified_Time", "Owner"},
		"tami@gentest.example": {"Email", "Full_Name", "Modified_Time", "Owner"},
	} {
		c := newCRM(t, zohosim.Config{})
		var mu sync.Mutex
		var asked []string
		c.CRM.HTTP = &http.Client{Transport: listener{c.Zoho, func(fields []string) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, fields...)
		}}}
		c.Fields = []records.Field{}
		c.find(t, text)
		slices.Sort(asked)
		if got := slices.Compact(asked); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// listener tells which fields each call asks for.
type listener struct {
	http.RoundTripper
	tell func(fields []string)
}

func (l listener) RoundTrip(r *http.Request) (*http.Response, error) {
	if fields := r.URL.Query().Get("fields"); fields != "" {
		l.tell(strings.Split(fields, ","))
	}
	if r.Method == http.MethodPost {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		query, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		_, columns, _ := strings.Cut(string(query), "select ")
		columns, _, _ = strings.Cut(columns, " from ")
		l.tell(strings.Split(columns, ", "))
	}
	return l.RoundTripper.RoundTrip(r)
}

// TestAnExactNameHidesNoModule: one that the index does not give is asked by a
// query, whatever another one has found.
func TestAnExactNameHidesNoModule(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.fault(t, zohosim.Fault{Path: "/crm/v7/Deals/search", Kind: zohosim.NoAPIAccess})
	found := c.find(t, "Gentest Industries")
	const want = "Accounts Gentest Industries; Deals Gentest Industries renewal"
	if got := namesOf(found); got != want || len(found.Failed) > 0 {
		t.Errorf("got %s, %v, want %s", got, found.Failed, want)
	}
}

// TestAnExactNameIsFoundAmongMany has it neither among the first nor among the
// last of those that are called like it.
func TestAnExactNameIsFoundAmongMany(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	for i := range 2*zoho.MaxPerPage + 20 {
		c.AdvanceClock(time.Second)
		if i == zoho.MaxPerPage+10 {
			c.add(t, "Accounts", map[string]any{"Account_Name": "Genmany"})
		}
		c.add(t, "Accounts", map[string]any{"Account_Name": fmt.Sprintf("Genmany %d", i)})
	}
	found := c.find(t, "genmany")
	if len(found.Records) == 0 || found.Records[0].Name != "Genmany" || !found.More {
		t.Errorf("got %s, %v, want Genmany first, and more", namesOf(found), found.More)
	}
}

func TestFreshRecords(t *testing.T) {
	for _, c := range []struct {
		config zohosim.Config
		want   string
	}{
		{zohosim.Config{IndexLag: time.Hour}, "Deals Gennew pilot"},
		{zohosim.Config{IndexLag: time.Hour, Scopes: without(coql)}, ""},
		{zohosim.Config{IndexLag: time.Hour, Scopes: without(search)}, "Deals Gennew pilot"},
	} {
		z := newCRM(t, c.config)
		z.add(t, "Deals", map[string]any{"Deal_Name": "Gennew pilot"})
		for _, text := range []string{"Gennew pilot", "gennew"} {
			if found := z.find(t, text); namesOf(found) != c.want || len(found.Failed) > 0 || found.Unindexed != (c.want == "") {
				t.Errorf("%v, %s: got %s, %v, unindexed %t, want %s", c.config.Scopes, text, namesOf(found), found.Failed, found.Unindexed, c.want)
			}
		}
	}
}

// TestFreshNamesakes stand beside what is called so and known for long.
func TestFreshNamesakes(t *testing.T) {
	z := newCRM(t, zohosim.Config{IndexLag: time.Hour})
	z.add(t, "Accounts", map[string]any{"Account_Name": "Gentest Industries"})
	z.add(t, "Leads", map[string]any{"Last_Name": "Genfresh", "Company": "Gentest Industries"})
	z.add(t, "Contacts", map[string]any{"First_Name": "Mira", "Last_Name": "Gentest", "Email": "tami@gentest.example"})
	for text, want := range map[string]string{
		"gentest industries":   "Accounts Gentest Industries; Accounts Gentest Industries; Deals Gentest Industries renewal; Leads Genfresh",
		"tami@gentest.example": "Contacts Mira Gentest; Contacts Tami Gentest",
	} {
		if found := z.find(t, text); namesOf(found) != want {
			t.Errorf("%s: got %s, want %s", text, namesOf(found), want)
		}
	}
}

// TestALateQueryIsAskedAgain: an answer that could not look for what is new is
// not kept.
func TestALateQueryIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := newCRM(t, zohosim.Config{})
		z.fault(t, zohosim.Fault{Module: "Deals", Path: "/crm/v7/coql", Kind: zohosim.Hang})
		for _, want := range []int{8, 8, 0} { // after which it is answered, and kept
			calls, _ := z.spent(func() {
				if found, _ := z.inTime(t, "gentest industries"); !found.Exact || len(found.Failed) > 0 {
					t.Errorf("got %s, %v", namesOf(found), found.Failed)
				}
			})
			if calls != want {
				t.Errorf("got %d calls, want %d", calls, want)
			}
			z.ClearFaults()
		}
	})
}

func TestPartsAreFoundWhereTheIndexComparesWholes(t *testing.T) {
	c := newCRM(t, zohosim.Config{ExactEquals: true})
	for text, want := range map[string]string{
		"indus gentest": "Accounts Gentest Industries; Deals Gentest Industries renewal",
		"tam gent":      "Contacts Tami Gentest",
		"genlead foo":   "Leads Nilo Gentest",
	} {
		if found := c.find(t, text); namesOf(found) != want {
			t.Errorf("%s: got %s, want %s", text, namesOf(found), want)
		}
	}
}

func TestExactNamesComeFirst(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.add(t, "Accounts", map[string]any{"Account_Name": "New Genco"})
	c.add(t, "Accounts", map[string]any{"Account_Name": "Genco & Sons"})
	c.add(t, "Accounts", map[string]any{"Account_Name": "Gencorp"})
	c.add(t, "Leads", map[string]any{"Last_Name": "Genco", "Company": "Gensample"})
	c.add(t, "Leads", map[string]any{"First_Name": "Mira", "Last_Name": "Gentry", "Company": "Genco"})
	c.add(t, "Deals", map[string]any{"Deal_Name": "Genco!"})
	c.add(t, "Deals", map[string]any{"Deal_Name": "GENCO"})
	const want = "Deals GENCO; Leads Genco; Deals Genco!; Accounts Genco & Sons; Accounts New Genco; Accounts Gencorp; Leads Mira Gentry"
	c.add(t, "Accounts", map[string]any{"Account_Name": "Other"})
	found := c.find(t, "genco")
	if got := namesOf(found); got != want || found.Total != 7 || found.More {
		t.Errorf("got %s, %d, %v, want %s", got, found.Total, found.More, want)
	}
}

func TestNamesakes(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	older := c.add(t, "Accounts", map[string]any{"Account_Name": "Gentwin"})
	newer := c.add(t, "Accounts", map[string]any{"Account_Name": "Gentwin"})
	found := c.find(t, "gentwin")
	ids := map[string]bool{}
	for _, r := range found.Records {
		ids[r.ID] = true
	}
	if len(found.Records) != 2 || found.Total != 2 || !ids[older] || !ids[newer] {
		t.Errorf("got %+v", found.Records)
	}
}

func TestCompaniesOfLeadsAreLookedAtWhereTheyMayBeShown(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.Fields = []records.Field{{Module: "Deals", Name: "Stage"}}
	if found := c.find(t, "genlead foods"); namesOf(found) != "" {
		t.Errorf("got %s", namesOf(found))
	}
	for _, call := range c.Calls() {
		if strings.Contains(call.Request, "Company") {
			t.Errorf("got %s", call.Request)
		}
	}
}

// TestManyFit has more records than a page holds, and the one that is called so
// is the oldest.
func TestManyFit(t *testing.T) {
	named := func(name string) map[string]map[string]any {
		return map[string]map[string]any{"Deals": {"Deal_Name": name}, "Contacts": {"First_Name": "Mira Anna", "Last_Name": name}}
	}
	for module, fields := range named("Genmany") {
		for _, missing := range [][]string{nil, {search}} {
			c := newCRM(t, zohosim.Config{Scopes: without(missing...)})
			id := c.add(t, module, fields)
			for range 250 {
				c.add(t, module, named("Genmany the other")[module])
			}
			text := map[string]string{"Deals": "genmany", "Contacts": "mira anna genmany"}[module]
			found := c.find(t, text)
			if len(found.Records) != 50 || !found.More || found.Total < 200 || missing == nil && found.Records[0].ID != id {
				t.Errorf("%s, without %v: got %d of %d, %v, first %v", module, missing, len(found.Records), found.Total, found.More, found.Records[0])
			}
		}
	}
}

// TestCredits tells what a search costs at most.
func TestCredits(t *testing.T) {
	for text, want := range map[string]int{
		"Gentest Industries":   8,
		"gentest":              8,
		"nobody":               8,
		"tami@gentest.example": 4, // of contacts and leads
		"tami@other.example":   4,
		"+999 100 200 300":     3,
		"https://crm.zoho.com/crm/tab/Potentials/5725767000009100106": 1,
		"5725767000009990000": 4,
	} {
		c := newCRM(t, zohosim.Config{})
		if calls, credits := c.spent(func() { c.find(t, text) }); credits != want || calls != want {
			t.Errorf("%s: got %d credits, %d calls, want %d", text, credits, calls, want)
		}
	}
}

func TestOneRecordIsLookedForUntilItIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCRM(t, zohosim.Config{})
		c.fault(t, zohosim.Fault{Module: "Leads", Kind: zohosim.Hang})
		c.fault(t, zohosim.Fault{Module: "Accounts", Kind: zohosim.InternalError})
		c.fault(t, zohosim.Fault{Module: "Deals", Latency: time.Second})
		started := time.Now()
		found := c.find(t, "5725767000009100106")
		if took := time.Since(started); namesOf(found) != "Deals Gentest Industries renewal" || len(found.Failed) > 0 || took > 3*time.Second {
			t.Errorf("got %s, %v after %v", namesOf(found), found.Failed, took)
		}
		found = c.find(t, "5725767000009100107") // a deal is not at hand
		c.ClearFaults()
		c.fault(t, zohosim.Fault{Module: "Deals", Kind: zohosim.Hang})
		found = c.find(t, "5725767000009100107")
		if namesOf(found) != "Deals Gensample Foods pilot" { // known already
			t.Errorf("got %s, %v", namesOf(found), found.Failed)
		}
		q, _ := records.Parse("5725767000009100107")
		if found = c.Find(t.Context(), q, true); len(found.Records) > 0 || len(found.Failed) != 1 || !errors.Is(found.Failed[0].Err, context.DeadlineExceeded) {
			t.Errorf("got %s, %v", namesOf(found), found.Failed)
		}
	})
}

func (c crm) fault(t testing.TB, f zohosim.Fault) {
	t.Helper()
	if err := c.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// inTime asks with as much time as there is for a first reply.
func (c crm) inTime(t testing.TB, text string) (found records.Found, took time.Duration) {
	t.Helper()
	q, err := records.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1600*time.Millisecond)
	defer cancel()
	started := time.Now()
	found = c.Find(ctx, q, false)
	return found, time.Since(started)
}

// late are the modules that had no time.
func late(found records.Found) string {
	var all []string
	for _, f := range found.Failed {
		if errors.Is(f.Err, context.DeadlineExceeded) {
			all = append(all, f.Module)
		}
	}
	return strings.Join(all, " ")
}

// TestSlowModules has a Zoho that takes its time, and a module that never
// answers.
func TestSlowModules(t *testing.T) {
	const slow, slower = 300 * time.Millisecond, 800 * time.Millisecond
	for _, c := range []struct {
		latency time.Duration
		hangs   string
		path    string // of what hangs; empty: all
		text    string
		want    string
		late    string
		more    bool
		within  time.Duration
	}{
		{slow, "", "", "gentest", "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest; Leads Nilo Gentest", "", false, 4 * slow},
		{slow, "", "", "gentest industries", "Accounts Gentest Industries; Deals Gentest Industries renewal", "", false, 4 * slow},
		// What is called exactly so is not held back by what may be new.
		{slow, "Deals", "/crm/v7/coql", "gentest industries", "Accounts Gentest Industries; Deals Gentest Industries renewal", "", false, 1600 * time.Millisecond},
		{slow, "Leads", "/crm/v7/coql", "gentest industries", "Accounts Gentest Industries; Deals Gentest Industries renewal", "", false, 1600 * time.Millisecond},
		{slow, "Deals", "", "gentest", "Accounts Gentest Industries; Contacts Tami Gentest; Leads Nilo Gentest", "Deals", false, 1600 * time.Millisecond},
		{slow, "Leads", "", "gentest", "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest", "Leads", false, 1600 * time.Millisecond},
		{slow, "Leads", "/crm/v7/Leads/search", "gentest", "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest; Leads Nilo Gentest", "", false, 1600 * time.Millisecond},
		// What the index has found is told, and that there may be more; what it has not is not known.
		{slow, "Deals", "/crm/v7/coql", "gentest", "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest; Leads Nilo Gentest", "", true, 1600 * time.Millisecond},
		{slow, "Deals", "/crm/v7/coql", "tami", "Contacts Tami Gentest", "Deals", false, 1600 * time.Millisecond},
		// What the index had no time for is asked first by query.
		{500 * time.Millisecond, "", "", "gentest", "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest; Leads Nilo Gentest", "", true, 1600 * time.Millisecond},
		{slower, "", "", "gentest", "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest", "Leads", true, 1600 * time.Millisecond},
		{slower, "", "", "gentest industries", "Accounts Gentest Industries; Deals Gentest Industries renewal", "Leads", false, 1600 * time.Millisecond},
		{slower, "", "", "nobody", "", "Accounts Deals Contacts Leads", false, 1600 * time.Millisecond},
	} {
		t.Run("", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := newCRM(t, zohosim.Config{})
				z.fault(t, zohosim.Fault{Path: "/crm", Latency: c.latency})
				if c.hangs != "" {
					z.fault(t, zohosim.Fault{Module: c.hangs, Path: c.path, Kind: zohosim.Hang})
				}
				found, took := z.inTime(t, c.text)
				if namesOf(found) != c.want || late(found) != c.late || len(found.Failed) != len(strings.Fields(c.late)) || found.More != c.more || took > c.within {
					t.Errorf("%v, %s%s, %s: got %s, late %s, %v, after %v, want %s, late %s, %v", c.latency, c.hangs, c.path, c.text, namesOf(found), late(found), found.More, took, c.want, c.late, c.more)
				}
				if n := z.Busiest(); n > 3 {
					t.Errorf("got %d calls at once", n)
				}
			})
		})
	}
}
