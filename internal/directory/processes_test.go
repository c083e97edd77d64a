package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// crm is a Zoho that is a list of users, with hooks.
type crm struct {
	mu     sync.Mutex
	users  map[string]zoho.User
	admins map[string]bool
	slow   time.Duration // of a read of all users
	delay  time.Duration // of anything
	calls  int
	fail   error
}

func (c *crm) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.calls++
	err := c.fail
	c.mu.Unlock()
	select {
	case <-time.After(d):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *crm) read(ctx context.Context, t zoho.UserType) ([]zoho.User, error) {
	wait := c.delay
	if t == zoho.AllUsers {
		wait += c.slow
	}
	if err := c.wait(ctx, wait); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []zoho.User
	for _, u := range c.users {
		if t == zoho.AllUsers || c.admins[u.ID] {
			all = append(all, u)
		}
	}
	return all, nil
}

func (c *crm) changed(ctx context.Context, _ zoho.UserType, since time.Time) iter.Seq2[zoho.User, error] {
	return func(yield func(zoho.User, error) bool) {
		if err := c.wait(ctx, c.delay); err != nil {
			yield(zoho.User{}, err)
			return
		}
		c.mu.Lock()
		var all []zoho.User
		for _, u := range c.users {
			if u.ModifiedTime.After(since) {
				all = append(all, u)
			}
		}
		c.mu.Unlock()
		for _, u := range all {
			if !yield(u, nil) {
				return
			}
		}
	}
}

// set saves a user now.
func (c *crm) set(u zoho.User, admin bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == nil {
		c.users, c.admins = map[string]zoho.User{}, map[string]bool{}
	}
	u.ModifiedTime = time.Now().Round(0)
	c.users[u.ID] = u
	c.admins[u.ID] = admin
}

func (c *crm) process(s store.Store) *directory.Directory {
	return &directory.Directory{Read: c.read, Changed: c.changed, Store: s, Log: slog.New(slog.DiscardHandler)}
}

func within(t *testing.T, d *directory.Directory, limit time.Duration) (directory.People, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return d.Search(ctx, directory.Query{})
}

// once is a store whose first read fails.
type once struct {
	store.Store
	failed atomic.Bool
}

func (o *once) Read(ctx context.Context, name string) (store.Value, error) {
	if o.failed.CompareAndSwap(false, true) {
		return store.Value{}, errBroken
	}
	return o.Store.Read(ctx, name)
}

// TestAProcessWithoutASnapshotLooksAtTheStoreAgain: a read of everybody takes
// longer than anybody waits, so without the store there is no answer.
func TestAProcessWithoutASnapshotLooksAtTheStoreAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{slow: 30 * time.Second}
		c.set(active("1", "Kim", ""), false)
		shared := &once{Store: &store.Memory{}}
		shared.failed.Store(true)
		if _, err := c.process(shared).Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		shared.failed.Store(false) // the next read fails
		d := c.process(shared)
		_, first := within(t, d, 2*time.Second)
		time.Sleep(5 * time.Second)
		if _, err := within(t, d, 2*time.Second); err != nil {
			t.Errorf("first: %v; 5 s later, though the store has everybody: %v", first, err)
		}
	})
}

// TestAProcessAskedBeforeTheFirstSync looks at the store again after it.
func TestAProcessAskedBeforeTheFirstSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{slow: 30 * time.Second}
		c.set(active("1", "Kim", ""), false)
		shared := &store.Memory{}
		d := c.process(shared)
		within(t, d, 2*time.Second)
		if _, err := c.process(shared).Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if _, err := within(t, d, 2*time.Second); err != nil {
			t.Errorf("a minute after the first sync: %v", err)
		}
	})
}

// TestAPromotionDuringAFullRead is not lost until the next full read.
func TestAPromotionDuringAFullRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{slow: 30 * time.Second}
		kim, lee := active("1", "Kim", ""), active("2", "Lee", "")
		c.set(kim, false)
		c.set(lee, true)
		d := c.process(&store.Memory{})
		time.AfterFunc(10*time.Second, func() { kim.Profile.Name = "Administrator"; c.set(kim, true) })
		if _, err := d.Sync(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			time.Sleep(10 * time.Minute)
			if _, err := d.Sync(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if admins, err := d.Admins(t.Context()); err != nil || admins.Total != 2 {
			t.Errorf("an hour later: %d admins, %v; want 2", admins.Total, err)
		}
	})
}

// TestAnotherModifierIsAChange, though nothing else of the user differs.
func TestAnotherModifierIsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		kim := active("1", "Kim", "")
		kim.ModifiedBy = zoho.Ref{ID: "2", Name: "Lee"}
		c.set(kim, false)
		d := c.process(&store.Memory{})
		sync := func() string {
			if _, err := d.Sync(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			return d.State().Hash
		}
		before := sync()
		if same := sync(); same != before {
			t.Errorf("nothing has changed: got %s, want %s", same, before)
		}
		kim = c.users["1"]
		kim.ModifiedBy = zoho.Ref{ID: "3", Name: "Ann"}
		c.users["1"] = kim
		if after := sync(); after == before || d.State().How != directory.Changes {
			t.Errorf("got %s by %s, want another hash by %s", after, d.State().How, directory.Changes)
		}
		if found, err := within(t, d, time.Second); err != nil || found.Users[0].ModifiedBy != kim.ModifiedBy {
			t.Errorf("got %+v, %v, want %+v", found.Users[0].ModifiedBy, err, kim.ModifiedBy)
		}
	})
}

// TestWhoHasNoTimeSpeaksForNobodyElse: Zoho answers in 300 ms; who asked with
// 50 ms left learns nothing about Zoho.
func TestWhoHasNoTimeSpeaksForNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{delay: 300 * time.Millisecond}
		c.set(active("1", "Kim", ""), false)
		d := c.process(&store.Memory{})
		within(t, d, 2*time.Second)
		time.Sleep(2 * time.Minute)
		within(t, d, 50*time.Millisecond)
		if found, err := within(t, d, 2*time.Second); err != nil || found.Stale != nil {
			t.Errorf("got %+v, %v: Zoho was not asked though it answers", found.Source, err)
		}
	})
}

// TestADeadDeadlineAsksNobody.
func TestADeadDeadlineAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		for range 20 {
			d := c.process(&store.Memory{})
			within(t, d, 2*time.Second)
			time.Sleep(2 * time.Minute)
			within(t, d, 0)
			if found, err := within(t, d, 2*time.Second); err != nil || found.Stale != nil {
				t.Errorf("got %+v, %v", found.Source, err)
				return
			}
		}
	})
}

// TestAFailureWithoutASnapshotIsSharedToo by those who waited.
func TestAFailureWithoutASnapshotIsSharedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{delay: 100 * time.Millisecond, fail: zoho.ErrThrottled}
		d := c.process(&store.Memory{})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { within(t, d, 2*time.Second) })
		}
		wg.Wait()
		if c.calls > 2 {
			t.Errorf("%d calls of a Zoho that throttles, for one read of users and admins", c.calls)
		}
	})
}

// TestARefreshThatTakesLongerThanFreshIsNoFailure: errNone "cannot happen".
func TestARefreshThatTakesLongerThanFreshIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{delay: 700 * time.Millisecond}
		c.set(active("1", "Kim", ""), false)
		d := c.process(&store.Memory{})
		d.FreshFor = 500 * time.Millisecond
		if found, err := within(t, d, 2*time.Second); err != nil || found.Stale != nil {
			t.Errorf("got %+v, %v", found.Source, err)
		}
	})
}

// TestNobodyFromAProcessThatCouldNotReadTheStore replaces nobody.
func TestNobodyFromAProcessThatCouldNotReadTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		shared := &store.Memory{}
		if _, err := c.process(shared).Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		c.users = nil
		time.Sleep(time.Hour)
		within(t, c.process(&once{Store: shared}), 2*time.Second)
		value, err := shared.Read(t.Context(), "directory/snapshot")
		if err != nil {
			t.Fatal(err)
		}
		if s, err := directory.Decode(value.Data); err != nil || s.Taken.Count != 1 {
			t.Errorf("the store holds %d people, %v", s.Taken.Count, err)
		}
	})
}

// TestATimeFarAheadInTheHeader is damage: one bit of a stored year.
func TestATimeFarAheadInTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		c.set(active("2", "Lee", ""), false)
		shared := &store.Memory{}
		d := c.process(shared)
		if _, err := d.Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		value, _ := shared.Read(t.Context(), "directory/snapshot")
		damaged := bytes.Replace(value.Data, []byte(`"full_at":"2000`), []byte(`"full_at":"3000`), 1)
		if bytes.Equal(damaged, value.Data) {
			t.Fatal("not damaged")
		}
		if _, err := shared.WriteIfUnchanged(t.Context(), "directory/snapshot", damaged, value.Version); err != nil {
			t.Fatal(err)
		}
		delete(c.users, "2")
		time.Sleep(48 * time.Hour)
		done, err := c.process(shared).Sync(t.Context(), false)
		if err != nil || done.How != directory.FullRead {
			t.Errorf("two days later: %+v, %v; want a full read", done, err)
		}
	})
}

// TestAWatermarkAheadHidesNoChange: a Modified_Time some hours ahead.
func TestAWatermarkAheadHidesNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		odd := active("2", "Lee", "")
		c.set(odd, false)
		odd.ModifiedTime = time.Now().Add(11 * time.Hour)
		c.users["2"] = odd
		d := c.process(&store.Memory{})
		if _, err := d.Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		c.set(active("1", "Kim Renamed", ""), false)
		time.Sleep(time.Hour)
		if _, err := d.Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if found, err := within(t, d, time.Second); err != nil || found.Users[0].FullName != "Kim Renamed" {
			t.Errorf("an hour after the change: %v, %v", found.Users[0].FullName, err)
		}
	})
}

// TestWhenZohoFailsTheStoresNewerSnapshotAnswers, though it is not time to look there.
func TestWhenZohoFailsTheStoresNewerSnapshotAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		shared := &store.Memory{}
		d, sync := c.process(shared), c.process(shared)
		within(t, d, time.Second)
		time.Sleep(8 * time.Minute)
		c.set(active("1", "Kim Renamed", ""), false)
		if _, err := sync.Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		c.fail = zoho.ErrUnavailable
		if found, err := within(t, d, time.Second); err != nil || found.Age > 2*time.Minute {
			t.Errorf("got one %v old, %v; the store has one of 90 s", found.Age, err)
		}
	})
}

// TestManyProcessesOverOneStore: the stored FullAt and the pair (FullAt, At)
// never go back, memory neither, and no error.
func TestManyProcessesOverOneStore(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			c := &crm{delay: 50 * time.Millisecond, slow: 700 * time.Millisecond}
			for i := range 20 {
				c.set(active(fmt.Sprint(i), fmt.Sprint("Kim ", i), ""), i%5 == 0)
			}
			shared := &watched{t: t, Store: &store.Memory{}}
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for p := range 6 {
				d := c.process(shared)
				d.FullAfter = 20 * time.Minute
				var latest atomic.Int64
				for g := range 3 {
					random := rand.New(rand.NewPCG(seed, uint64(p*10+g)))
					wg.Go(func() {
						for ctx.Err() == nil {
							time.Sleep(time.Duration(random.IntN(100_000)) * time.Millisecond)
							switch random.IntN(6) {
							case 0:
								_, _ = d.Sync(ctx, random.IntN(4) == 0)
							case 1:
								c.set(active(fmt.Sprint(random.IntN(20)), fmt.Sprint("Lee ", random.IntN(1000)), ""), random.IntN(2) == 0)
							default:
								short, cancel := context.WithTimeout(ctx, time.Duration(random.IntN(2500))*time.Millisecond)
								found, err := d.Search(short, directory.Query{})
								cancel()
								if err == nil && found.Total != 20 {
									t.Errorf("%d people", found.Total)
								}
								if err == nil && found.Stale == nil && found.Age > time.Minute {
									t.Errorf("stale served as fresh: %+v", found.Source)
								}
								latest.Store(found.ReadAt.UnixNano())
							}
						}
					})
				}
			}
			time.Sleep(3 * time.Hour)
			stop()
			wg.Wait()
			time.Sleep(2 * time.Minute)
			d := c.process(shared)
			found, err := d.Search(t.Context(), directory.Query{})
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range found.Users {
				if c.users[u.ID].FullName != u.FullName {
					t.Errorf("%s is %s, not %s", u.ID, c.users[u.ID].FullName, u.FullName)
				}
			}
			admins, err := d.Admins(t.Context())
			want := 0
			for _, is := range c.admins {
				if is {
					want++
				}
			}
			if err != nil || admins.Total != want {
				t.Errorf("seed %d: %d admins, %v; want %d", seed, admins.Total, err, want)
			}
		})
	}
}

// watched says when a write goes back in time.
type watched struct {
	store.Store
	t    *testing.T
	mu   sync.Mutex
	last directory.Taken
}

func (w *watched) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, err := w.Store.WriteIfUnchanged(ctx, name, data, version)
	if err == nil {
		s, err := directory.Decode(data)
		if err != nil {
			w.t.Error(err)
			return v, nil
		}
		if s.FullAt.Before(w.last.FullAt) || s.FullAt.Equal(w.last.FullAt) && s.At.Before(w.last.At) {
			w.t.Errorf("%v/%v after %v/%v", s.FullAt, s.At, w.last.FullAt, w.last.At)
		}
		w.last = s.Taken
	}
	return v, err
}

// TestRealGoroutines is for the race detector.
func TestRealGoroutines(t *testing.T) {
	c := &crm{delay: time.Millisecond}
	for i := range 50 {
		c.set(active(fmt.Sprint(i), fmt.Sprint("Kim ", i), ""), i%5 == 0)
	}
	shared := &store.Memory{}
	var wg sync.WaitGroup
	for range 3 {
		d := c.process(shared)
		d.FreshFor, d.ReloadAfter, d.FullAfter = 2*time.Millisecond, 5*time.Millisecond, 20*time.Millisecond
		for g := range 4 {
			wg.Go(func() {
				for i := range 100 {
					if g == 0 {
						c.set(active(fmt.Sprint(i%50), fmt.Sprint("Lee ", i), ""), i%2 == 0)
						_, _ = d.Sync(t.Context(), i%5 == 0)
						continue
					}
					found, err := within(t, d, time.Second)
					if err != nil || found.Total != 50 {
						t.Errorf("got %d, %v", found.Total, err)
					}
					_, _ = d.Admins(t.Context())
				}
			})
		}
	}
	wg.Wait()
}

// TestNothingThatWasTypedOrReadIsInTheLog, whatever fails.
func TestNothingThatWasTypedOrReadIsInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := &crm{}
		c.set(zoho.User{ID: "odd-secretid", FullName: "Secretname", Email: "secretmail@example.com", Phone: "5550199"}, true)
		shared := &store.Memory{}
		d := c.process(shared)
		d.Log = slog.New(slog.NewJSONHandler(&log, nil))
		q, _ := directory.Parse("Secretword 5550199 role:Secretrole")
		var errs []error
		ask := func() {
			_, err := d.Search(t.Context(), q)
			errs = append(errs, err)
			_, err = d.Sync(t.Context(), true)
			errs = append(errs, err)
			time.Sleep(20 * time.Minute)
		}
		ask()
		value, _ := shared.Read(t.Context(), "directory/snapshot")
		for _, data := range [][]byte{value.Data[:len(value.Data)/2], []byte("Secretname secretmail"), []byte("crmwho-directory 1\nSecretname"), []byte("crmwho-directory 2\n{\"at\":\"Secretname\"}\n")} {
			now, _ := shared.Read(t.Context(), "directory/snapshot")
			_, _ = shared.WriteIfUnchanged(t.Context(), "directory/snapshot", data, now.Version)
			ask()
		}
		c.fail = errors.New("no")
		ask()
		all := strings.ToLower(log.String() + fmt.Sprint(errs))
		for _, s := range []string{"secret", "5550199"} {
			if strings.Contains(all, s) {
				t.Errorf("%s is in %s", s, all)
			}
		}
	})
}

// TestAClockThatIsGiven makes what is known old when it is moved on, and a pause
// end. Whoever goes by the computer's takes what was read by it for the future's.
func TestAClockThatIsGiven(t *testing.T) {
	ahead := time.Duration(0)
	c, shared := &crm{}, &store.Memory{}
	c.set(active("1", "Kim", ""), true)
	d := c.process(shared)
	d.Now = func() time.Time { return time.Now().Add(ahead) }
	look := func(d *directory.Directory, calls int) directory.People {
		t.Helper()
		before := c.calls
		found, err := d.Search(t.Context(), directory.Query{})
		if err != nil || found.Total != 1 || c.calls-before != calls {
			t.Errorf("%v ahead: got %d people, %v after %d calls, want %d", ahead, found.Total, err, c.calls-before, calls)
		}
		return found
	}
	look(d, 2)
	look(d, 0)
	ahead += 2 * time.Minute
	if found := look(d, 1); found.Age > time.Minute || time.Until(found.ReadAt) < time.Minute {
		t.Errorf("got %v old, read at %v", found.Age, found.ReadAt)
	}
	c.fail = zoho.ErrUnavailable
	ahead += 24 * time.Hour
	if found := look(d, 1); found.Age.Round(time.Hour) != 24*time.Hour || !errors.Is(found.Stale, zoho.ErrUnavailable) {
		t.Errorf("got %v old, %v", found.Age, found.Stale)
	}
	look(d, 0) // Zoho has failed just now
	c.fail = nil
	ahead += time.Minute
	look(d, 1)
	if s, err := d.Sync(t.Context(), false); err != nil || s.How != directory.FullRead {
		t.Errorf("a day later: got %+v, %v; want %q", s, err, directory.FullRead)
	}
	if found := look(c.process(shared), 2); time.Until(found.ReadAt) > time.Minute {
		t.Errorf("the computer's clock: got %v, want now", found.ReadAt)
	}
}
