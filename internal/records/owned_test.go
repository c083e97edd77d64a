package records_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// countsOf reads "Deals 3 (2 open); Leads 1".
func countsOf(counts []records.Count) string {
	var all []string
	for _, c := range counts {
		text := fmt.Sprintf("%s %d", c.Module, c.Records)
		if c.Open != c.Records {
			text += fmt.Sprintf(" (%d open)", c.Open)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// give adds records that the owner owns, the last one the most recently modified.
func (c crm) give(t testing.TB, names ...string) {
	for _, name := range names {
		c.AdvanceClock(time.Second)
		module, name, _ := strings.Cut(name, " ")
		fields := map[string]any{"Owner": c.owner}
		switch module {
		case "Accounts":
			fields["Account_Name"] = name
		case "Deals":
			name, stage, _ := strings.Cut(name, "/")
			fields["Deal_Name"], fields["Stage"] = name, stage
			if stage == "" {
				delete(fields, "Stage")
			}
		default:
			fields["Last_Name"] = name
		}
		c.add(t, module, fields)
	}
}

func TestOwned(t *testing.T) {
	for _, countKey := range []bool{false, true} {
		c := newCRM(t, zohosim.Config{COQLCountKey: countKey})
		c.owner = c.fresh(t)
		c.give(t, "Accounts A1", "Deals D1/Closed Won", "Leads L1", "Deals D2/Qualification", "Accounts A2", "Deals D3", "Deals D4/closed lost", "Leads L2")
		h := c.Owned(t.Context(), c.owner, false)
		const want = "Deals 4 (2 open); Accounts 2; Leads 2"
		if got := countsOf(h.Counts); got != want || len(h.Failed) > 0 {
			t.Errorf("got %s, %v, want %s", got, h.Failed, want)
		}
		const latest = "Leads L2; Deals D4; Deals D3; Accounts A2; Deals D2"
		if got := namesOf(records.Found{Records: h.Latest}); got != latest {
			t.Errorf("got %s, want %s", got, latest)
		}
		for _, r := range h.Latest {
			if r.Owner.User.ID != c.owner || r.ModifiedTime.IsZero() {
				t.Errorf("got %+v", r)
			}
		}
		for _, call := range c.Calls() {
			if strings.Contains(call.Request, "actions/count") {
				t.Errorf("got %s, which costs 50 credits", call.Request)
			}
		}
	}
}

func TestClosedStagesAreASetting(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.owner = c.fresh(t)
	c.give(t, "Deals D1/Won", "Deals D2/WON again", "Deals D3/Closed Won", "Deals D4/Lost", "Deals D5/Not won")
	c.Closed = []string{"won", "Lost"}
	if got, want := countsOf(c.Owned(t.Context(), c.owner, false).Counts), "Deals 5 (2 open)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNothingOwned(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	nobody := c.fresh(t)
	if h := c.Owned(t.Context(), nobody, false); len(h.Counts)+len(h.Latest)+len(h.Failed) > 0 || h.ReadAt.IsZero() {
		t.Errorf("got %+v", h)
	}
	for _, id := range []string{"", "kim", "' or id is not null", "123'", "1 2", strings.Repeat("1", 21)} {
		var h records.Holdings
		if calls, _ := c.spent(func() { h = c.Owned(t.Context(), id, false) }); calls > 0 || len(h.Counts)+len(h.Latest)+len(h.Failed) > 0 || h.ReadAt.IsZero() {
			t.Errorf("%q: got %d calls, %+v", id, calls, h)
		}
	}
}

func TestOwnedInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCRM(t, zohosim.Config{})
		c.owner = c.fresh(t)
		c.give(t, "Accounts A1", "Deals D1/Closed Won", "Leads L1")
		c.fault(t, zohosim.Fault{Module: "Deals", Kind: zohosim.Hang})
		h := c.Owned(t.Context(), c.owner, false)
		if got := countsOf(h.Counts); got != "Accounts 1; Leads 1" || len(h.Failed) != 1 || h.Failed[0].Module != "Deals" {
			t.Errorf("got %s, %v", got, h.Failed)
		}
		if got := namesOf(records.Found{Records: h.Latest}); got != "Leads L1; Accounts A1" {
			t.Errorf("got %s", got)
		}
		if n := c.Busiest(); n > 3 {
			t.Errorf("got %d calls at once", n)
		}
	})
	counted := newCRM(t, zohosim.Config{})
	counted.owner = counted.fresh(t)
	counted.give(t, "Deals D1/Closed Won", "Leads L1")
	counted.rewrite("Account_Name, Owner, Modified_Time from Deals", "Nothing from Deals") // what was modified last
	h := counted.Owned(t.Context(), counted.owner, false)
	if got := countsOf(h.Counts); got != "Deals 1 (0 open); Leads 1" || len(h.Failed) != 1 || h.Failed[0].Module != "Deals" || !h.Failed[0].Counted {
		t.Errorf("got %s, %v", got, h.Failed)
	}
	counted.owner = counted.fresh(t)
	if h := counted.Owned(t.Context(), counted.owner, false); len(h.Failed) > 0 {
		t.Errorf("got %v, want none: there is nothing to tell of", h.Failed)
	}
	for _, c := range []struct {
		missing []string
		want    string
	}{
		{[]string{leads}, "Leads: " + leads},
		{[]string{coql}, "Deals: " + deals + " " + coql + "; Accounts: " + accounts + " " + coql + "; Contacts: " + contacts + " " + coql + "; Leads: " + leads + " " + coql},
		{[]string{search}, ""},
	} {
		z := newCRM(t, zohosim.Config{Scopes: without(c.missing...)})
		h := z.Owned(t.Context(), z.owner, false)
		if got := scopesOf(h.Failed); got != c.want {
			t.Errorf("without %v: got %s, want %s", c.missing, got, c.want)
		}
		for _, f := range h.Failed {
			if !errors.Is(f.Err, zoho.ErrScopeMissing) {
				t.Errorf("got %v", f.Err)
			}
		}
	}
}

// TestMoreStagesThanAreCounted has more of them than a query gives at once.
func TestMoreStagesThanAreCounted(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.owner = c.fresh(t)
	for i := range 201 {
		c.give(t, fmt.Sprintf("Deals D/Stage %d", i))
	}
	h := c.Owned(t.Context(), c.owner, false)
	if len(h.Counts) > 0 || len(h.Failed) != 1 || h.Failed[0].Module != "Deals" {
		t.Errorf("got %s, %v", countsOf(h.Counts), h.Failed)
	}
}
