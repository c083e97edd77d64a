package records_test

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
)

// asks are the questions whose answers are kept.
func asks(t testing.TB, c crm) map[string]func(live bool) any {
	people := c.people(t)
	q, err := records.Parse("gentest")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(live bool) any{
		"find":    func(live bool) any { return c.Find(t.Context(), q, live) },
		"owned":   func(live bool) any { return c.Owned(t.Context(), c.owner, live) },
		"orphans": func(live bool) any { return c.Orphans(t.Context(), people, live) },
	}
}

func TestAnswersAreKeptForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCRM(t, zohosim.Config{})
		for kind, ask := range asks(t, c) {
			var first, again any
			if calls, _ := c.spent(func() { first = ask(false) }); calls == 0 {
				t.Errorf("%s: got no call", kind)
			}
			time.Sleep(59 * time.Second)
			if calls, _ := c.spent(func() { again = ask(false) }); calls != 0 || !reflect.DeepEqual(first, again) {
				t.Errorf("%s: got %d calls, %+v, want %+v", kind, calls, again, first)
			}
			if calls, _ := c.spent(func() { ask(true) }); calls == 0 {
				t.Errorf("%s, live: got no call", kind)
			}
			time.Sleep(59 * time.Second) // of the live answer
			if calls, _ := c.spent(func() { ask(false) }); calls != 0 {
				t.Errorf("%s: got %d calls after a live one", kind, calls)
			}
			time.Sleep(2 * time.Second)
			if calls, _ := c.spent(func() { ask(false) }); calls == 0 {
				t.Errorf("%s: got no call after a minute", kind)
			}
		}
	})
}

func TestWhatFailedInPassingIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, faults := range [][]zohosim.Fault{
			{{Module: "Deals", Kind: zohosim.Hang}},
			{{Module: "Deals", Kind: zohosim.InternalError}},
			{{Module: "Deals", Kind: zohosim.Throttled}},
			{{Path: "/crm/v7/coql", Module: "Deals", Kind: zohosim.Hang}},
			{{Path: "/crm/v7/Deals/search", Kind: zohosim.NoAPIAccess}, {Path: "/crm/v7/coql", Module: "Deals", Kind: zohosim.Hang}},
		} {
			c := newCRM(t, zohosim.Config{})
			for kind, ask := range asks(t, c) {
				for _, f := range faults {
					c.fault(t, f)
				}
				ask(false)
				c.ClearFaults()
				if calls, _ := c.spent(func() { ask(false) }); calls == 0 {
					t.Errorf("%+v, %s: got no call", faults, kind)
				}
			}
		}
		c := newCRM(t, zohosim.Config{Scopes: without(deals)})
		for kind, ask := range asks(t, c) {
			ask(false)
			if calls, _ := c.spent(func() { ask(false) }); calls != 0 {
				t.Errorf("without a scope, %s: got %d calls", kind, calls)
			}
		}
	})
}

func TestFewAnswersAreKept(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.Modules = []string{"Deals"}
	for i := range 300 {
		c.find(t, fmt.Sprintf("gentest %d", i))
	}
	if calls, _ := c.spent(func() { c.find(t, "gentest 299") }); calls != 0 {
		t.Errorf("got %d calls for what was asked last", calls)
	}
	if calls, _ := c.spent(func() { c.find(t, "gentest 0") }); calls == 0 {
		t.Error("got no call for what was asked long ago")
	}
}

// TestJoiningChangesNoAnswerThatIsKept: who asks next has another list of people.
func TestJoiningChangesNoAnswerThatIsKept(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	people := c.people(t)
	q, _ := records.Parse("gentest")
	ask := func() ([]records.Record, []records.Record) {
		return c.Find(t.Context(), q, false).Records, c.Owned(t.Context(), c.owner, false).Latest
	}
	found, latest := ask()
	want := fmt.Sprint(found, latest)
	if got := fmt.Sprint(records.Join(people, found), records.Join(people, latest)); got == want {
		t.Fatalf("got %s, want owners whom the list knows", got)
	}
	found, latest = ask()
	if got := fmt.Sprint(found, latest); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestManyAskAtOnce(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	all := asks(t, c)
	var group sync.WaitGroup
	for i := range 30 {
		for kind, ask := range all {
			group.Go(func() {
				if got := fmt.Sprint(ask(i%3 == 0)); len(got) < 50 {
					t.Errorf("%s: got %s", kind, got)
				}
			})
		}
	}
	group.Wait()
}

// TestAMinuteOfTheClockThatIsGiven is one too, and the age of an answer is told
// by that clock.
func TestAMinuteOfTheClockThatIsGiven(t *testing.T) {
	c, ahead := newCRM(t, zohosim.Config{}), 24*time.Hour
	c.Now = func() time.Time { return time.Now().Add(ahead) }
	for kind, ask := range asks(t, c) {
		ask(false)
		if calls, _ := c.spent(func() { ask(false) }); calls != 0 {
			t.Errorf("%s: got %d calls at once", kind, calls)
		}
		ahead += time.Minute
		if calls, _ := c.spent(func() { ask(false) }); calls == 0 {
			t.Errorf("%s: got no call after a minute", kind)
		}
	}
	people := c.people(t)
	for kind, readAt := range map[string]time.Time{
		"find": c.find(t, "gentest").ReadAt, "owned": c.Owned(t.Context(), c.owner, false).ReadAt,
		"nobody's": c.Owned(t.Context(), "", false).ReadAt, "orphans": c.Orphans(t.Context(), people, false).ReadAt,
	} {
		if age := c.Now().Sub(readAt); age < 0 || age > 5*time.Minute {
			t.Errorf("%s: got %v, %v ago", kind, readAt, age)
		}
	}
}
