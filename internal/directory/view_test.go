package directory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

func live(t *testing.T, d *directory.Directory) (directory.View, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return d.LookLive(ctx)
}

// TestLookAnswersAsSearchDoes: fresh, then stale with the reason, and an error
// only where there is nothing.
func TestLookAnswersAsSearchDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{fail: zoho.ErrUnavailable}
		c.set(active("1", "Kim", ""), true)
		d := c.process(&store.Memory{})
		if v, err := d.Look(t.Context()); v.Snapshot != nil || !errors.Is(err, zoho.ErrUnavailable) {
			t.Errorf("without any: got %+v, %v", v.Source, err)
		}
		c.fail = nil
		if v, err := d.Look(t.Context()); err != nil || v.Stale != nil || v.Age != 0 || !v.ReadAt.Equal(time.Now()) || ids(v.Admins().Users) != "1" {
			t.Errorf("at first: got %+v, %v", v.Source, err)
		}
		d.FreshFor = 10 * time.Second
		time.Sleep(11 * time.Second)
		if v, err := d.Look(t.Context()); err != nil || v.Age != 0 {
			t.Errorf("after 11 s: got %+v, %v", v.Source, err)
		}
		time.Sleep(time.Hour)
		c.fail = zoho.ErrThrottled
		if v, err := d.Look(t.Context()); err != nil || v.Stale != zoho.ErrThrottled || v.Age != time.Hour || v.Search(directory.Query{}).Total != 1 {
			t.Errorf("when Zoho fails: got %+v, %v", v.Source, err)
		}
	})
}

// TestLookLiveTakesWhatIsAMinuteOld, whatever counts as fresh otherwise, and no more.
func TestLookLiveTakesWhatIsAMinuteOld(t *testing.T) {
	for _, fresh := range []time.Duration{time.Second, 0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c := &crm{}
			c.set(active("1", "Kim", ""), false)
			d := c.process(&store.Memory{})
			d.FreshFor, d.ReloadAfter = fresh, 24*time.Hour
			must[directory.View](t)(live(t, d))
			calls := c.calls
			time.Sleep(time.Minute)
			if v, err := live(t, d); err != nil || v.Age != time.Minute || v.Stale != nil || c.calls != calls {
				t.Errorf("fresh for %v: after a minute: got %+v, %v, %d calls", fresh, v.Source, err, c.calls-calls)
			}
			time.Sleep(time.Second)
			c.set(active("1", "Kim Renamed", ""), false)
			if v, err := live(t, d); err != nil || v.Age != 0 || c.calls == calls || v.Search(directory.Query{}).Users[0].FullName != "Kim Renamed" {
				t.Errorf("fresh for %v: later: got %+v, %v, %d calls", fresh, v.Source, err, c.calls-calls)
			}
		})
	}
}

// TestLookLiveInsists: it asks though Zoho failed just now, says how it failed
// along with the last snapshot, and takes what another process was told.
func TestLookLiveInsists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{fail: zoho.ErrUnavailable}
		c.set(active("1", "Kim", ""), false)
		shared := &store.Memory{}
		d := c.process(shared)
		if v, err := live(t, d); v.Snapshot != nil || !errors.Is(err, zoho.ErrUnavailable) || v.Stale != err {
			t.Errorf("without any: got %+v, %v", v.Source, err)
		}
		c.fail = nil
		must[directory.View](t)(live(t, d)) // the failure was just now
		time.Sleep(2 * time.Minute)
		c.fail = zoho.ErrThrottled
		for range 3 {
			calls := c.calls
			v, err := live(t, d)
			if !errors.Is(err, zoho.ErrThrottled) || v.Stale != err || v.Age < 2*time.Minute || v.Taken.Count != 1 || c.calls != calls+1 {
				t.Errorf("when Zoho fails: got %+v, %v, %d calls", v.Source, err, c.calls-calls)
			}
			time.Sleep(time.Second)
		}
		if v := must[directory.View](t)(d.Look(t.Context())); v.Stale != zoho.ErrThrottled {
			t.Errorf("others know of it: got %+v", v.Source)
		}
		c.fail = nil
		time.Sleep(time.Minute)
		must[directory.Synced](t)(c.process(shared).Sync(t.Context(), false))
		time.Sleep(30 * time.Second)
		c.fail = zoho.ErrThrottled
		if v, err := live(t, d); err != nil || v.Stale != nil || v.Age != 30*time.Second {
			t.Errorf("another process was told: got %+v, %v", v.Source, err)
		}
	})
}

// TestLookLiveEndsWithItsContext and gives what there is.
func TestLookLiveEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		d := c.process(&store.Memory{})
		must[directory.View](t)(live(t, d))
		time.Sleep(2 * time.Minute)
		c.delay = time.Hour
		started := time.Now()
		if v, err := live(t, d); !errors.Is(err, context.DeadlineExceeded) || v.Stale != err || v.Taken.Count != 1 || time.Since(started) != 2*time.Second {
			t.Errorf("got %+v, %v after %v", v.Source, err, time.Since(started))
		}
	})
}

// TestLookLiveIsShared: who asks meanwhile gets the same answer, or failure.
func TestLookLiveIsShared(t *testing.T) {
	for _, fail := range []error{nil, zoho.ErrThrottled} {
		synctest.Test(t, func(t *testing.T) {
			c := &crm{delay: 100 * time.Millisecond}
			c.set(active("1", "Kim", ""), false)
			d := c.process(&store.Memory{})
			must[directory.View](t)(live(t, d))
			time.Sleep(2 * time.Minute)
			c.fail = fail
			calls := c.calls
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if v, err := live(t, d); !errors.Is(err, fail) || v.Stale != err || v.Snapshot == nil {
						t.Errorf("got %+v, %v", v.Source, err)
					}
				})
			}
			wg.Wait()
			if c.calls != calls+1 {
				t.Errorf("%v: %d calls", fail, c.calls-calls)
			}
		})
	}
}

// TestRecallViewNeverAsksZoho.
func TestRecallViewNeverAsksZoho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		shared := &store.Memory{}
		if v, ok := c.process(shared).RecallView(t.Context()); ok || v != (directory.View{}) {
			t.Errorf("without any: got %+v, %v", v.Source, ok)
		}
		must[directory.Synced](t)(c.process(shared).Sync(t.Context(), true))
		calls := c.calls
		time.Sleep(time.Hour)
		if v, ok := c.process(shared).RecallView(t.Context()); !ok || v.Age != time.Hour || v.Stale != nil || v.Taken.Count != 1 || c.calls != calls {
			t.Errorf("got %+v, %v, %d calls", v.Source, ok, c.calls-calls)
		}
	})
}
