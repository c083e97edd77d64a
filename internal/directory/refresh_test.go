package directory_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// world is a CRM, a store, and the directories of processes that share both.
type world struct {
	t     *testing.T
	zoho  *zohosim.Zoho
	token zoho.Token
	store store.Store
	log   *bytes.Buffer
}

// newWorld plays Zoho without sockets, so that time can be simulated.
func newWorld(t *testing.T, c zohosim.Config) *world {
	t.Helper()
	c.APIDomain = "https://www.zohoapis.eu"
	w := &world{t: t, zoho: zohosim.New(c), store: &store.Memory{}, log: &bytes.Buffer{}}
	oauth := &zoho.OAuth{ClientID: w.zoho.ClientID, ClientSecret: w.zoho.ClientSecret, AccountsURL: "https://accounts.zoho.eu", HTTP: &http.Client{Transport: w.zoho}}
	w.renew(oauth)
	return w
}

func (w *world) renew(oauth *zoho.OAuth) {
	grant, err := oauth.Refresh(w.t.Context(), w.zoho.RefreshToken)
	if err != nil {
		w.t.Fatal(err)
	}
	w.token = grant.Token
}

// process is the directory of a new process.
func (w *world) process() *directory.Directory {
	log := slog.New(slog.NewTextHandler(w.log, nil))
	client := &zoho.Client{
		Tokens: func(context.Context) (zoho.Token, error) { return w.token, nil },
		HTTP:   &http.Client{Transport: w.zoho},
		Log:    log,
	}
	return &directory.Directory{Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: w.store, Log: log}
}

// calls tells how many calls of the CRM there were since it was asked last.
func (w *world) calls() int {
	n := 0
	for _, call := range w.zoho.Calls() {
		if strings.HasPrefix(call.Request, "GET /crm/") {
			n++
		}
	}
	return n
}

func (w *world) fault(f zohosim.Fault) {
	w.t.Helper()
	f.Path = "/crm/"
	if err := w.zoho.AddFault(f); err != nil {
		w.t.Fatal(err)
	}
}

// ask gives who is found, within what is left of two seconds.
func (w *world) ask(d *directory.Directory, text string) directory.People {
	w.t.Helper()
	q, err := directory.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Second)
	defer cancel()
	found, err := d.Search(ctx, q)
	if err != nil {
		w.t.Fatalf("%q: %v", text, err)
	}
	return found
}

func (w *world) sync(d *directory.Directory, all bool) directory.Synced {
	w.t.Helper()
	done, err := d.Sync(w.t.Context(), all)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// simulated runs a test in simulated time.
func simulated(t *testing.T, c zohosim.Config, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(readAt)) // simulated time begins before the sample's
		test(newWorld(t, c))
	})
}

const kimID = "5725767000000583032"

// TestFreshness goes through a warm process's day: one conditional read a
// minute while it is asked, and nothing else.
func TestFreshness(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.process()
		if found := w.ask(d, "kim"); found.Total != 1 || found.Stale != nil {
			t.Fatalf("got %+v", found)
		}
		first := w.calls()
		if first != 2 {
			t.Errorf("the first answer took %d calls", first)
		}
		for range 1000 {
			time.Sleep(3 * time.Second)
			if found := w.ask(d, "kim"); found.Age > time.Minute || found.Stale != nil {
				t.Fatalf("got %+v", found.Source)
			}
		}
		if calls := w.calls() - first; calls < 40 || calls > 50 {
			t.Errorf("%d calls for 1,000 commands in 50 minutes", calls)
		}
		if err := w.zoho.RenameUser(kimID, "Kim", "Generated"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(61 * time.Second)
		before := w.calls()
		if found := w.ask(d, "generated"); found.Total != 1 || found.Users[0].FullName != "Kim Generated" {
			t.Errorf("the change was not seen: %+v", found)
		}
		if calls := w.calls() - before; calls != 2 {
			t.Errorf("a change took %d calls: the change and who is an administrator", calls)
		}
	})
}

// TestAProcessStartsFromTheStore with one conditional read at most.
func TestAProcessStartsFromTheStore(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		if done := w.sync(w.process(), false); done.How != directory.FullRead || done.People != 15 {
			t.Errorf("got %+v", done)
		}
		before := w.calls()
		w.ask(w.process(), "kim")
		if w.calls() != before {
			t.Errorf("%d calls though the stored snapshot is new", w.calls()-before)
		}
		time.Sleep(5 * time.Minute)
		if found := w.ask(w.process(), "kim"); found.Total != 1 || found.Age != 0 || w.calls() != before+1 {
			t.Errorf("got %+v after %d calls", found, w.calls()-before)
		}
	})
}

func TestSync(t *testing.T) {
	for _, omitted := range []bool{false, true} {
		simulated(t, zohosim.Config{DeltasOmitDeleted: omitted}, func(w *world) {
			t := w.t
			sync := w.process()
			w.sync(sync, false)
			time.Sleep(10 * time.Minute)
			id, err := w.zoho.AddUser(map[string]any{"first_name": "Generated", "last_name": "New", "email": "new@generated.example"})
			if err == nil {
				err = w.zoho.PromoteUser(kimID)
			}
			if err == nil {
				err = w.zoho.RemoveUser("5725767000000592002")
			}
			if err != nil {
				t.Fatal(err)
			}
			if done := w.sync(sync, false); done.How != directory.Changes || done.People != 16 {
				t.Errorf("got %+v", done)
			}
			reader := w.process()
			admins, err := reader.Admins(t.Context())
			if err != nil || admins.Total != 2 || ids(w.ask(reader, "new").Users) != id {
				t.Errorf("got %v, %v", admins.Users, err)
			}
			time.Sleep(12 * time.Hour)
			w.renewed()
			if done := w.sync(sync, false); done.How != directory.FullRead || done.People != 15 {
				t.Errorf("got %+v: who left is forgotten by a full read", done)
			}
			if found := w.ask(reader, "5725767000000592002"); found.Total != 0 {
				t.Errorf("a process goes on with who left: %+v", found)
			}
			if done := w.sync(sync, true); done.How != directory.FullRead {
				t.Errorf("got %+v", done)
			}
		})
	}
}

func (w *world) renewed() {
	w.renew(&zoho.OAuth{ClientID: w.zoho.ClientID, ClientSecret: w.zoho.ClientSecret, AccountsURL: "https://accounts.zoho.eu", HTTP: &http.Client{Transport: w.zoho}})
}

// TestWhenZohoFails the last snapshot answers and says why, at once while it is known.
func TestWhenZohoFails(t *testing.T) {
	for kind, want := range map[zohosim.FaultKind]error{
		zohosim.HTML: zoho.ErrUnavailable, zohosim.Throttled: zoho.ErrThrottled, zohosim.InvalidToken: zoho.ErrTokenRefused,
		zohosim.Truncated: zoho.ErrMalformed, zohosim.Hang: context.DeadlineExceeded,
	} {
		simulated(t, zohosim.Config{}, func(w *world) {
			t := w.t
			d := w.process()
			w.ask(d, "kim")
			time.Sleep(2 * time.Hour)
			w.renewed()
			w.fault(zohosim.Fault{Kind: kind})
			started := time.Now()
			found := w.ask(d, "kim")
			if found.Total != 1 || !errors.Is(found.Stale, want) || found.Age < 2*time.Hour || time.Since(started) > 2*time.Second {
				t.Errorf("%s: got %+v after %v", kind, found.Source, time.Since(started))
			}
			calls, started := w.calls(), time.Now()
			if found := w.ask(d, "kim"); !errors.Is(found.Stale, want) || w.calls() != calls || time.Since(started) != 0 {
				t.Errorf("%s: asked again at once: %+v, %d calls", kind, found.Source, w.calls()-calls)
			}
			w.zoho.ClearFaults()
			w.renewed()
			time.Sleep(16 * time.Second)
			if found := w.ask(d, "kim"); found.Stale != nil || found.Age != 0 {
				t.Errorf("%s: after it got better: %+v", kind, found.Source)
			}
		})
	}
}

func TestWithoutASnapshotAFailureIsAnError(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.process()
		for _, f := range []zohosim.Fault{{Kind: zohosim.ScopeMismatch, Times: 1}, {Kind: zohosim.ScopeMismatch}} {
			w.fault(f)
			if found, err := d.Search(t.Context(), directory.Query{}); !errors.Is(err, zoho.ErrScopeMissing) || found.Total != 0 {
				t.Errorf("got %+v, %v", found, err)
			}
		}
		w.zoho.ClearFaults()
		if found := w.ask(d, "kim"); found.Total != 1 {
			t.Errorf("got %+v", found)
		}
	})
}

// TestAnIncompleteReadChangesNothing: neither in memory nor in the store.
func TestAnIncompleteReadChangesNothing(t *testing.T) {
	organisation := zohosim.Generate(900, 0)
	for _, f := range []zohosim.Fault{{Kind: zohosim.HTML, After: 3}, {Kind: zohosim.Truncated, After: 4}, {Kind: zohosim.Empty, After: 2}, {Kind: zohosim.NotFound, Times: 1}} {
		simulated(t, zohosim.Config{Organisation: &organisation}, func(w *world) {
			t := w.t
			d := w.process()
			w.sync(d, false)
			stored, err := w.store.Read(t.Context(), "directory/snapshot")
			if err != nil {
				t.Fatal(err)
			}
			w.fault(f)
			if done, err := d.Sync(t.Context(), true); err == nil {
				t.Errorf("%+v: %+v", f, done)
			}
			if now, err := w.store.Read(t.Context(), "directory/snapshot"); err != nil || now.Version != stored.Version {
				t.Errorf("%+v: the store changed: %v", f, err)
			}
			if found := w.ask(d, ""); found.Total != 900 {
				t.Errorf("%+v: %d people", f, found.Total)
			}
		})
	}
}

func TestNobodyAnyMoreIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		people := []zoho.User{active("1", "Kim", "")}
		d := &directory.Directory{
			Read:    func(context.Context, zoho.UserType) ([]zoho.User, error) { return people, nil },
			Changed: func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] { return nil },
			Store:   &store.Memory{}, Log: slog.New(slog.DiscardHandler),
		}
		if _, err := d.Sync(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		people = nil
		if _, err := d.Sync(t.Context(), true); !errors.Is(err, zoho.ErrMalformed) {
			t.Errorf("got %v", err)
		}
		if found, err := d.Search(t.Context(), directory.Query{}); err != nil || found.Total != 1 {
			t.Errorf("got %+v, %v", found, err)
		}
	})
}

// TestAnEmptyOrganisation has nobody, which is an answer.
func TestAnEmptyOrganisation(t *testing.T) {
	simulated(t, zohosim.Config{Organisation: &zohosim.Organisation{}}, func(w *world) {
		t := w.t
		if found := w.ask(w.process(), "kim"); found.Total != 0 || found.Stale != nil {
			t.Errorf("got %+v", found)
		}
		time.Sleep(time.Hour)
		w.renewed()
		if done := w.sync(w.process(), false); done.People != 0 {
			t.Errorf("got %+v", done)
		}
	})
}

// TestOneRefreshAtATime is shared by all who ask meanwhile, and who has less
// time takes the older snapshot.
func TestOneRefreshAtATime(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.process()
		w.ask(d, "kim")
		time.Sleep(2 * time.Minute)
		before := w.calls()
		w.fault(zohosim.Fault{Latency: time.Second})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				if i%2 == 1 {
					time.Sleep(time.Millisecond)
					ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
				}
				defer cancel()
				found, err := d.Search(ctx, directory.Query{})
				hurried := i%2 == 1
				if err != nil || hurried != errors.Is(found.Stale, context.DeadlineExceeded) || hurried != (found.Age >= 2*time.Minute) {
					t.Errorf("hurried %v: got %+v, %v", hurried, found.Source, err)
				}
			})
		}
		wg.Wait()
		if calls := w.calls() - before; calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

// TestAFailureIsShared by those who waited for it.
func TestAFailureIsShared(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.process()
		w.ask(d, "kim")
		time.Sleep(2 * time.Minute)
		before := w.calls()
		w.fault(zohosim.Fault{Kind: zohosim.ScopeMismatch, Latency: 100 * time.Millisecond})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if found := w.ask(d, "kim"); !errors.Is(found.Stale, zoho.ErrScopeMissing) {
					t.Errorf("got %+v", found.Source)
				}
			})
		}
		wg.Wait()
		if calls := w.calls() - before; calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

// TestWhoGaveUpFailsNobodyElse: the next one asks for themselves.
func TestWhoGaveUpFailsNobodyElse(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.process()
		w.ask(d, "kim")
		time.Sleep(2 * time.Minute)
		w.fault(zohosim.Fault{Latency: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = d.Search(ctx, directory.Query{}) }()
		synctest.Wait()
		time.AfterFunc(100*time.Millisecond, cancel)
		if found := w.ask(d, "kim"); found.Stale != nil || found.Age > time.Minute {
			t.Errorf("got %+v", found.Source)
		}
	})
}

// TestWhoIsInAHurry takes the older snapshot, and does not make others believe
// that Zoho is down.
func TestWhoIsInAHurry(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		d := w.process()
		w.ask(d, "kim")
		time.Sleep(2 * time.Minute)
		w.fault(zohosim.Fault{Latency: 300 * time.Millisecond})
		for _, left := range []time.Duration{0, 100 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			found, err := d.Search(ctx, directory.Query{})
			cancel()
			if err != nil || found.Total != 15 || !errors.Is(found.Stale, context.DeadlineExceeded) {
				t.Errorf("%v left: got %+v, %v", left, found.Source, err)
			}
		}
		if found := w.ask(d, "kim"); found.Stale != nil || strings.Contains(w.log.String(), "not readable") {
			t.Errorf("got %+v, log %s", found.Source, w.log)
		}
	})
}

// TestAnOlderSnapshotNeverReplacesANewerOne in the store, whoever writes last.
func TestAnOlderSnapshotNeverReplacesANewerOne(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		slow, quick := w.process(), w.process()
		w.sync(slow, false)
		time.Sleep(time.Minute)
		hold := &held{Store: w.store, until: make(chan struct{})}
		slow.Store = hold
		done := make(chan error)
		go func() {
			_, err := slow.Sync(t.Context(), true)
			done <- err
		}()
		synctest.Wait() // it has read and is about to write
		time.Sleep(time.Minute)
		w.sync(quick, true)
		close(hold.until)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		value, err := w.store.Read(t.Context(), "directory/snapshot")
		if err != nil {
			t.Fatal(err)
		}
		if s, err := directory.Decode(value.Data); err != nil || time.Since(s.FullAt) != 0 {
			t.Errorf("got one of %v ago, %v", time.Since(s.FullAt), err)
		}
	})
}

// held is a store whose writes wait.
type held struct {
	store.Store
	until chan struct{}
}

func (h *held) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	<-h.until
	return h.Store.WriteIfUnchanged(ctx, name, data, version)
}

// broken is a store that fails.
type broken struct{ store.Store }

var errBroken = errors.New("broken store")

func (broken) Read(context.Context, string) (store.Value, error) { return store.Value{}, errBroken }

func (broken) WriteIfUnchanged(context.Context, string, []byte, string) (string, error) {
	return "", errBroken
}

func TestWithoutAStoreQuestionsAreAnswered(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		w.store = broken{}
		d := w.process()
		if found := w.ask(d, "kim"); found.Total != 1 || found.Stale != nil {
			t.Errorf("got %+v", found)
		}
		if _, err := d.Sync(t.Context(), false); !errors.Is(err, errBroken) {
			t.Errorf("sync: got %v", err)
		}
		if !strings.Contains(w.log.String(), "stored directory not readable") || !strings.Contains(w.log.String(), "directory not saved") {
			t.Errorf("the log says %s", w.log)
		}
	})
}

// TestASlowStoreLeavesTimeForZoho and for the answer.
func TestASlowStoreLeavesTimeForZoho(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		t := w.t
		w.store = hanging{}
		started := time.Now()
		if found := w.ask(w.process(), "kim"); found.Total != 1 || found.Stale != nil || time.Since(started) > 2*time.Second {
			t.Errorf("got %+v after %v", found.Source, time.Since(started))
		}
	})
}

type hanging struct{ store.Store }

func (hanging) Read(ctx context.Context, _ string) (store.Value, error) {
	<-ctx.Done()
	return store.Value{}, ctx.Err()
}

func (hanging) WriteIfUnchanged(ctx context.Context, _ string, _ []byte, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// TestStoredThingsThatAreNoSnapshot are ignored, said and replaced.
func TestStoredThingsThatAreNoSnapshot(t *testing.T) {
	good, err := snapshot(sample(t)...).Encode()
	if err != nil {
		t.Fatal(err)
	}
	future, err := directory.NewSnapshot(readAt.Add(time.Hour), sample(t), nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for reason, data := range map[string][]byte{
		"from the future":   future,
		"not a snapshot":    []byte(`{"people":[]}`),
		"damaged":           good[:len(good)-10],
		"damaged snapshot":  append(bytes.Clone(good[:len(good)-40]), make([]byte, 40)...),
		"a damaged snapsho": good[:bytes.IndexByte(good, '{')+10],
	} {
		simulated(t, zohosim.Config{}, func(w *world) {
			t := w.t
			if _, err := w.store.WriteIfUnchanged(t.Context(), "directory/snapshot", data, store.Absent); err != nil {
				t.Fatal(err)
			}
			if found := w.ask(w.process(), "kim"); found.Total != 1 {
				t.Errorf("%s: got %+v", reason, found)
			}
			if log := w.log.String(); !strings.Contains(log, "stored directory ignored") || !strings.Contains(log, reason) {
				t.Errorf("%s: the log says %s", reason, log)
			}
			value, err := w.store.Read(t.Context(), "directory/snapshot")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := directory.Decode(value.Data); err != nil {
				t.Errorf("%s: it was not replaced: %v", reason, err)
			}
		})
	}
}

// TestAnotherVersionIsReplaced: what an older program or a later one has stored
// is not read, which the log says; a full read takes its place.
func TestAnotherVersionIsReplaced(t *testing.T) {
	good := must[[]byte](t)(snapshot(sample(t)...).Encode())
	const mine = "crmwho-directory 2 "
	for _, other := range []string{"crmwho-directory 1 ", "crmwho-directory 3 "} {
		simulated(t, zohosim.Config{}, func(w *world) {
			t := w.t
			data := bytes.Replace(good, []byte(mine), []byte(other), 1)
			if _, err := w.store.WriteIfUnchanged(t.Context(), "directory/snapshot", data, store.Absent); err != nil {
				t.Fatal(err)
			}
			if done := w.sync(w.process(), false); done.How != directory.FullRead || done.People != 15 {
				t.Errorf("%s: got %+v, want a full read of 15", other, done)
			}
			if log := w.log.String(); !strings.Contains(log, "stored directory ignored") || !strings.Contains(log, "another format") {
				t.Errorf("%s: the log says %s", other, log)
			}
			value := must[store.Value](t)(w.store.Read(t.Context(), "directory/snapshot"))
			if _, err := directory.Decode(value.Data); err != nil || !bytes.HasPrefix(value.Data, []byte(mine)) {
				t.Errorf("%s: got %.20q, %v, want version 2", other, value.Data, err)
			}
		})
	}
}

// TestOddRepliesAreSaid: an id that is none is kept and said, one that comes
// twice is no list.
func TestOddRepliesAreSaid(t *testing.T) {
	log := &bytes.Buffer{}
	d := &directory.Directory{
		Read: func(_ context.Context, t zoho.UserType) ([]zoho.User, error) {
			if t == zoho.AdminUsers {
				return []zoho.User{active("9", "Just Came", "")}, nil
			}
			return []zoho.User{active("not-digits", "Kim", ""), active("2", "Lee", "")}, nil
		},
		Store: &store.Memory{}, Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	found, err := d.Search(t.Context(), directory.Query{})
	if err != nil || ids(found.Users) != "9 not-digits 2" || !strings.Contains(log.String(), "not digits") {
		t.Errorf("got %+v, %v, log %s", found, err, log)
	}
	if admins, err := d.Admins(t.Context()); err != nil || ids(admins.Users) != "9" {
		t.Errorf("got %+v, %v", admins, err)
	}
}

// TestAModifiedTimeFromTheFuture hides no later change.
func TestAModifiedTimeFromTheFuture(t *testing.T) {
	future := active("1", "Kim", "")
	future.ModifiedTime = readAt.Add(1000 * time.Hour)
	past := active("2", "Lee", "")
	past.ModifiedTime = readAt.Add(-time.Hour)
	if s := snapshot(future, past); !s.Watermark.Equal(past.ModifiedTime) {
		t.Errorf("got %v", s.Watermark)
	}
}
