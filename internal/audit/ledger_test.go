package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"crmwho/internal/audit"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// stores are those that ledgers are tested with.
func stores(t *testing.T) map[string]store.Store {
	return map[string]store.Store{"memory": &store.Memory{}, "folder": store.Folder{Dir: t.TempDir()}}
}

func posted(run string) audit.Record {
	return audit.Record{At: now, Run: run, Posted: &audit.Posted{Snapshot: "0"}}
}

func signedBy(user, run string) audit.Record {
	return audit.Record{At: now, Run: run, Signed: &audit.Signed{Outcome: audit.Acknowledged, User: user, Post: 1, Snapshot: "0"}}
}

// keep appends what has to be written.
func keep(t *testing.T, l audit.Ledger, r audit.Record) audit.Record {
	t.Helper()
	kept, written, err := l.Append(t.Context(), 0, r)
	if err != nil || !written {
		t.Fatalf("got %+v, %t, %v", kept, written, err)
	}
	return kept
}

// verified are the problems of a ledger, but for snapshots.
func verified(t *testing.T, l audit.Ledger, heads ...string) []audit.Problem {
	t.Helper()
	e, err := l.Evidence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(e.Verify(heads...), func(p audit.Problem) bool { return strings.HasPrefix(p.What, "The snapshot of") })
}

func numbers(records []audit.Record) string {
	var all []int
	for _, r := range records {
		all = append(all, r.Number)
	}
	return fmt.Sprint(all)
}

func TestAHundredSignaturesMakeOneRecord(t *testing.T) {
	for name, s := range stores(t) {
		l := audit.Ledger{Store: s}
		keep(t, l, posted("a"))
		var mu sync.Mutex
		var users []string
		writers := 0
		var clicks sync.WaitGroup
		for i := range 100 {
			clicks.Go(func() {
				r, written, err := l.Append(t.Context(), 1, signedBy(fmt.Sprintf("U%08d", i), "a"))
				mu.Lock()
				defer mu.Unlock()
				if err != nil || r.Number != 2 {
					t.Errorf("%s: got %d, %v", name, r.Number, err)
					return
				}
				if written {
					writers++
				}
				users = append(users, r.Signed.User)
			})
		}
		clicks.Wait()
		slices.Sort(users)
		if last, err := l.Last(t.Context()); last != 2 || err != nil || writers != 1 || len(slices.Compact(users)) != 1 {
			t.Errorf("%s: got %d records of %d writers for %v, %v", name, last, writers, slices.Compact(users), err)
		}
		check(t, name, verified(t, l))
	}
}

func TestFiftyAtOnceMakeOneChain(t *testing.T) {
	for name, s := range stores(t) {
		l := audit.Ledger{Store: s}
		var posts sync.WaitGroup
		for i := range 50 {
			posts.Go(func() {
				if r, written, err := l.Append(t.Context(), 0, posted(fmt.Sprint(i))); err != nil || !written || r.Run != fmt.Sprint(i) {
					t.Errorf("%s: got %+v, %t, %v", name, r, written, err)
				}
			})
		}
		posts.Wait()
		if last, err := l.Last(t.Context()); last != 50 || err != nil {
			t.Errorf("%s: got %d, %v; want 50", name, last, err)
		}
		check(t, name, verified(t, l))
	}
}

func TestOneOfAKindInARun(t *testing.T) {
	l := audit.Ledger{Store: &store.Memory{}}
	failed := audit.Record{At: now, Run: "a", Failed: &audit.Failed{Reason: "x"}}
	for i, r := range []audit.Record{posted("a"), signedBy("U00000001", "a"), failed, posted("b"), signedBy("U00000001", "b")} {
		if kept := keep(t, l, r); kept.Number != i+1 {
			t.Errorf("got %d, want %d", kept.Number, i+1)
		}
		again, written, err := l.Append(t.Context(), 0, r)
		if err != nil || written || again.Number != i+1 {
			t.Errorf("again: got %d, %t, %v; want %d", again.Number, written, err, i+1)
		}
	}
	if r, written, err := l.Append(t.Context(), 0, signedBy("U00000002", "a")); err != nil || written || r.Number != 2 || r.Signed.User != "U00000001" {
		t.Errorf("got %+v, %t, %v", r, written, err)
	}
	if r, written, err := l.Append(t.Context(), 2, posted("a")); err != nil || !written || r.Number != 6 {
		t.Errorf("since: got %d, %t, %v", r.Number, written, err)
	}
	check(t, "the second", verified(t, l), "6: Record 6 was put in: record 1 says the same of its run.")
}

// lagging lists all but the last ones.
type lagging struct {
	store.Store
	lacks int
}

func (s lagging) List(ctx context.Context, prefix string) ([]string, error) {
	names, err := s.Store.List(ctx, prefix)
	return names[:max(len(names)-s.lacks, 0)], err
}

func TestAListThatLacksTheLast(t *testing.T) {
	for lacks := range 5 {
		l := audit.Ledger{Store: lagging{&store.Memory{}, lacks}}
		var head string
		for i := range 7 {
			at := now.AddDate(0, 0, i)
			hash, err := l.Keep(t.Context(), taken(at))
			if err != nil {
				t.Fatal(err)
			}
			head = keep(t, l, audit.Record{At: at, Run: fmt.Sprint(i), Posted: &audit.Posted{Snapshot: hash}}).Hash
		}
		if r, written, err := l.Append(t.Context(), 0, posted("6")); r.Number != 7 || written || err != nil {
			t.Errorf("got %d, %t, %v", r.Number, written, err)
		}
		e, err := l.Evidence(t.Context(), nil)
		if err != nil || len(e.Records) != 7 || len(e.All()) != 7 {
			t.Errorf("got %d records, %v", len(e.Records), err)
		}
		if got := e.Verify(head); lacks == 0 && got != nil || slices.ContainsFunc(got, func(p audit.Problem) bool { return !strings.HasPrefix(p.What, "The snapshot") }) {
			t.Errorf("got %s", told(got))
		}
	}
}

func TestAListThatLacksWhatWasAltered(t *testing.T) {
	s := &store.Memory{}
	l := audit.Ledger{Store: lagging{s, 1}}
	keep(t, l, posted("1"))
	keep(t, l, posted("2"))
	overwrite(t, s, recordAt(2), []byte("{}"))
	if r := keep(t, l, posted("3")); r.Number != 3 {
		t.Errorf("got %d, want 3", r.Number)
	}
}

var errLost = errors.New("reply lost")

// broken gives an error instead of some replies.
type broken struct {
	store.Store
	write func(name string) error // after it was written
	read  func(name string) error
	list  error
}

func (s *broken) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	next, err := s.Store.WriteIfUnchanged(ctx, name, data, version)
	if s.write != nil && err == nil {
		err = s.write(name)
	}
	return next, err
}

func (s *broken) Read(ctx context.Context, name string) (store.Value, error) {
	if s.read != nil {
		if err := s.read(name); err != nil {
			return store.Value{}, err
		}
	}
	return s.Store.Read(ctx, name)
}

func (s *broken) List(ctx context.Context, prefix string) ([]string, error) {
	if s.list != nil {
		return nil, s.list
	}
	return s.Store.List(ctx, prefix)
}

// TestALostReply: what was written is found by who tries again.
func TestALostReply(t *testing.T) {
	s := &broken{Store: &store.Memory{}}
	l := audit.Ledger{Store: s}
	first := keep(t, l, posted("a"))
	s.write = func(string) error { return errLost }
	if r, written, err := l.Append(t.Context(), 1, signedBy("U00000001", "a")); !errors.Is(err, errLost) || written {
		t.Errorf("got %+v, %t, %v", r, written, err)
	}
	s.write = nil
	r, written, err := l.Append(t.Context(), 1, signedBy("U00000001", "a"))
	if err != nil || written || r.Number != 2 || r.Previous != first.Hash {
		t.Errorf("got %+v, %t, %v", r, written, err)
	}
	check(t, "afterwards", verified(t, l, r.Hash))
}

func TestAStoreThatFails(t *testing.T) {
	s := &broken{Store: &store.Memory{}}
	l := audit.Ledger{Store: s}
	hash, err := l.Keep(t.Context(), taken(now))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		keep(t, l, posted(fmt.Sprint(i)))
	}
	fails := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, errLost) {
			t.Errorf("%s: got %v, want %v", what, err, errLost)
		}
	}
	all := func() {
		t.Helper()
		_, err := l.Last(t.Context())
		fails("last", err)
		_, written, err := l.Append(t.Context(), 0, posted("x"))
		if fails("append", err); written {
			t.Error("written")
		}
		_, err = l.Evidence(t.Context(), nil)
		fails("evidence", err)
	}
	s.list = errLost
	all()
	s.list, s.read = nil, func(string) error { return errLost }
	all()
	_, err = l.Read(t.Context(), 1, 3)
	fails("read", err)
	_, _, err = l.Find(t.Context(), 4, func(audit.Record) bool { return true })
	fails("find", err)
	_, err = l.Snapshot(t.Context(), hash)
	fails("snapshot", err)
	_, err = l.Keep(t.Context(), taken(now))
	fails("keep", err)
	for _, n := range []int{1, 20} { // one of many
		s.read = func(name string) error {
			if name == recordAt(n) {
				return errLost
			}
			return nil
		}
		_, _, err = l.Append(t.Context(), 0, posted("x"))
		fails("append", err)
	}
	s.read, s.write = nil, func(string) error { return errLost }
	_, err = l.Keep(t.Context(), taken(later))
	fails("keep", err)
}

// TestAWriteUnderWay: a store that says that somebody else is writing, and has
// nothing yet. No place is left out.
func TestAWriteUnderWay(t *testing.T) {
	s := &refusing{Store: &store.Memory{}, times: 1}
	l := audit.Ledger{Store: s}
	if _, written, err := l.Append(t.Context(), 0, posted("a")); err == nil || written {
		t.Errorf("got %t, %v", written, err)
	}
	if r := keep(t, l, posted("a")); r.Number != 1 {
		t.Errorf("got %d, want 1", r.Number)
	}
}

type refusing struct {
	store.Store
	times int
}

func (s *refusing) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if s.times--; s.times >= 0 {
		return "", store.ErrChanged
	}
	return s.Store.WriteIfUnchanged(ctx, name, data, version)
}

func TestFindAndRead(t *testing.T) {
	s := &store.Memory{}
	l := audit.Ledger{Store: s}
	for i := range 30 {
		keep(t, l, posted(fmt.Sprint(i+1)))
	}
	for _, run := range []int{1, 2, 8, 21, 22, 23, 29} {
		r, ok, err := l.Find(t.Context(), 30, func(r audit.Record) bool { return r.Number <= run })
		if err != nil || !ok || r.Number != run {
			t.Errorf("got %d, %t, %v; want %d", r.Number, ok, err, run)
		}
	}
	for _, before := range []int{-1, 0, 1, 5, 31} {
		if r, ok, err := l.Find(t.Context(), before, func(r audit.Record) bool { return r.Number >= before }); ok || err != nil || r.Number != 0 {
			t.Errorf("before %d: got %d, %t, %v", before, r.Number, ok, err)
		}
	}
	overwrite(t, s, recordAt(4), []byte("{}"))
	moved, err := s.Read(t.Context(), recordAt(9))
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s, recordAt(6), moved.Data)
	for _, c := range []struct {
		from, to int
		want     string
	}{{1, 3, "[1 2 3]"}, {3, 7, "[3 5 7]"}, {29, 40, "[29 30]"}, {-5, 1, "[1]"}, {3, 2, "[]"}, {31, 31, "[]"}, {4, 4, "[]"}} {
		got, err := l.Read(t.Context(), c.from, c.to)
		if err != nil || numbers(got) != c.want {
			t.Errorf("%d to %d: got %s, %v; want %s", c.from, c.to, numbers(got), err, c.want)
		}
	}
}

func overwrite(t *testing.T, s store.Store, name string, data []byte) {
	t.Helper()
	value, err := s.Read(t.Context(), name)
	if err == nil {
		_, err = s.WriteIfUnchanged(t.Context(), name, data, value.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheChainGoesOnBehindWhatWasAltered, and that one alone is named.
func TestTheChainGoesOnBehindWhatWasAltered(t *testing.T) {
	for _, c := range []struct{ altered, want string }{
		{"{}", "2: Record 2 was changed."},
		{"no JSON", "2: Record 2 was changed."},
		{"a copy", "2: Record 2 was changed: a copy of record 1 stands in its place."},
		{"another number", "2: Record 2 was changed: it says that it is record 7."},
	} {
		s := &store.Memory{}
		l := audit.Ledger{Store: s}
		keep(t, l, posted("1"))
		keep(t, l, posted("2"))
		first, err := s.Read(t.Context(), recordAt(1))
		if err != nil {
			t.Fatal(err)
		}
		data := []byte(c.altered)
		switch c.altered {
		case "a copy":
			data = first.Data
		case "another number":
			data = sealed(t, first.Data, func(r map[string]any) { r["number"], r["previous"] = 7, "x" })
		}
		overwrite(t, s, recordAt(2), data)
		for n := 3; n <= 4; n++ {
			if r := keep(t, l, posted(fmt.Sprint(n))); r.Number != n {
				t.Errorf("%s: got %d, want %d", c.altered, r.Number, n)
			}
			check(t, c.altered, verified(t, l), c.want)
		}
	}
}

func TestSnapshotsAreKeptOnce(t *testing.T) {
	for name, s := range stores(t) {
		l := audit.Ledger{Store: s}
		want := taken(now, kim(asIs), lee(func(u *zoho.User) { u.FullName = "<&>\u2028 \"Zoë\" 👩\\" }))
		hash, err := l.Keep(t.Context(), want)
		again, errAgain := l.Keep(t.Context(), want)
		if err != nil || errAgain != nil || hash != again {
			t.Fatalf("%s: got %s, %v and %s, %v", name, hash, err, again, errAgain)
		}
		got, err := l.Snapshot(t.Context(), hash)
		_, same, _ := got.Encode()
		if err != nil || same != hash || !audit.Compare(want, got, among()).Same() {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		overwrite(t, s, "audit/snapshots/"+hash, []byte(`{"admins":[]}`))
		if _, err := l.Snapshot(t.Context(), hash); !errors.Is(err, audit.ErrAltered) {
			t.Errorf("%s: got %v, want %v", name, err, audit.ErrAltered)
		}
		if _, err := l.Keep(t.Context(), want); !errors.Is(err, audit.ErrAltered) {
			t.Errorf("%s: kept over another: got %v, want %v", name, err, audit.ErrAltered)
		}
		if _, err := l.Snapshot(t.Context(), "1"+hash[1:]+"0"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: got %v, want %v", name, err, store.ErrNotExist)
		}
	}
}

func TestProgressOfReading(t *testing.T) {
	l := audit.Ledger{Store: &store.Memory{}}
	if e, err := l.Evidence(t.Context(), nil); err != nil || e.Verify() != nil {
		t.Errorf("nothing: got %v, %v", e, err)
	}
	for i := range 3 {
		keep(t, l, posted(fmt.Sprint(i)))
	}
	if _, err := l.Keep(t.Context(), taken(now)); err != nil {
		t.Fatal(err)
	}
	var got []string
	if _, err := l.Evidence(t.Context(), func(done, all int) { got = append(got, fmt.Sprintf("%d/%d", done, all)) }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1/4", "2/4", "3/4", "4/4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDamaged names the first record that is not as it was.
func TestDamaged(t *testing.T) {
	for what, c := range map[string]struct {
		harm func(t *testing.T, s *store.Memory)
		want int
	}{
		"nothing":      {func(*testing.T, *store.Memory) {}, 0},
		"changed":      {func(t *testing.T, s *store.Memory) { overwrite(t, s, recordAt(3), []byte("{}")) }, 3},
		"the last one": {func(t *testing.T, s *store.Memory) { overwrite(t, s, recordAt(6), []byte("{}")) }, 6},
		"written anew": {func(t *testing.T, s *store.Memory) {
			other := audit.Ledger{Store: &store.Memory{}}
			for i := range 4 {
				if _, _, err := other.Append(t.Context(), 0, audit.Record{At: now, Run: fmt.Sprint("other", i), Failed: &audit.Failed{}}); err != nil {
					t.Fatal(err)
				}
			}
			v, err := other.Store.Read(t.Context(), "audit/records/00000004")
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, s, recordAt(4), v.Data)
		}, 3},
	} {
		s := &store.Memory{}
		l := audit.Ledger{Store: s}
		for i := range 6 {
			if _, _, err := l.Append(t.Context(), 0, audit.Record{At: now, Run: fmt.Sprint(i), Failed: &audit.Failed{}}); err != nil {
				t.Fatal(err)
			}
		}
		c.harm(t, s)
		if got, err := l.Damaged(t.Context(), -5, 6); got != c.want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", what, got, err, c.want)
		}
	}
	if got, err := (audit.Ledger{Store: &store.Memory{}}).Damaged(t.Context(), 0, 0); got != 0 || err != nil {
		t.Errorf("no records: got %d, %v", got, err)
	}
}
