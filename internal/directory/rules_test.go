package directory_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// TestRanking: each rule alone, against the order of names.
func TestRanking(t *testing.T) {
	disabled := func(id, name, email string) zoho.User {
		return zoho.User{ID: id, FullName: name, Email: email, Status: "disabled"}
	}
	for _, c := range []struct {
		rule, text, want string
		people           []zoho.User
	}{
		{"a meant person hides who came before", "ann lee", "2", []zoho.User{active("1", "Abe Ann Lee", ""), active("2", "Ann Lee", "")}},
		{"an address is meant wherever it stands", "ann@x.example ann", "1", []zoho.User{active("1", "Ann", "ann@x.example"), active("2", "Ann", "ann@x.example.au")}},
		{"an address is meant wherever it stands", "ann ann@x.example", "1", []zoho.User{active("1", "Ann", "ann@x.example"), active("2", "Ann", "ann@x.example.au")}},
		{"an address is meant whoever has it", "ann@x.example", "2", []zoho.User{active("1", "Ann", "ann@x.example.au"), disabled("2", "Ann", "ann@x.example")}},
		{"an id is meant whoever has it", "1234567890123456", "1234567890123456", []zoho.User{disabled("1234567890123456", "Aa", "")}},
		{"hyphened and apart", "word-sample", "2 1", []zoho.User{active("1", "Word Sample", ""), active("2", "Sample Word-Sample", "")}},
		{"a whole name first", "jo", "2 1", []zoho.User{active("1", "Aa Jo", ""), active("2", "Jo", "")}},
		{"every word counts", "jo bet", "2 1", []zoho.User{active("1", "Aaron Jobs Beta", ""), active("2", "Jo Betas", "")}},
		{"a whole local part before the beginning of a name", "kim", "2 1", []zoho.User{active("1", "Kima Aa", ""), active("2", "Zoe", "kim@x.example")}},
		{"a name before an address", "kim", "2 1", []zoho.User{active("1", "Aa", "kim@x.example"), active("2", "Kim Z", "")}},
		{"two errors after one, whatever the status", "patrisia boile", "2 1", []zoho.User{active("1", "Patricia Boyle", ""), disabled("2", "Patrisia Boyle", "")}},
		{"an error in a name before one in an address", "boyel", "2 1", []zoho.User{active("1", "Aa", "boyle@x.example"), active("2", "Boyle", "")}},
		{"a whole domain first", "@zo.com", "2 1", []zoho.User{active("1", "Aa", "a@zo.com.au"), disabled("2", "Bb", "b@zo.com")}},
		{"the beginning of a domain", "@zo.c", "1", []zoho.User{active("1", "Aa", "a@zo.com"), active("2", "Bb", "b@other.example")}},
		{"a whole address's beginning after nobody's", "ann@ex", "1", []zoho.User{active("1", "Aa", "ann@example.com")}},
		{"the end of a number, no middle beside it", "5550100", "2", []zoho.User{{ID: "1", FullName: "Aa", Phone: "+1 555 0100 99", Status: "active"}, {ID: "2", FullName: "Bb", Phone: "+1 555 0100", Status: "disabled"}}},
		{"digits within a number", "5501", "1", []zoho.User{{ID: "1", Phone: "+1 555 0100"}, {ID: "2", Phone: "+1 666 0100"}}},
		{"a short number is not every number's end", "+49301234567", "", []zoho.User{{ID: "1", Phone: "234567"}, {ID: "2", Phone: "4567"}}},
		{"three digits are no part of a number", "456", "", []zoho.User{{ID: "1", Phone: "+1 555 0456"}}},
		{"two letters are no middle", "ki", "", []zoho.User{active("1", "Viking", "")}},
		{"a phrase's beginning", `"patricia boy"`, "1", []zoho.User{active("1", "Patricia Boyle", "")}},
		{"a phrase is no middle", `"tricia boyle"`, "", []zoho.User{active("1", "Patricia Boyle", "")}},
		{"the first of all by id", "1234567890123456", "1234567890123456", []zoho.User{active("1234567890123456", "Aa", ""), active("2", "Bb", "")}},
	} {
		if got := search(t, snapshot(c.people...), c.text); ids(got.Users) != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.rule, c.text, ids(got.Users), c.want)
		}
	}
}

// TestErrorsAtEachPlace of a word and of its beginning.
func TestErrorsAtEachPlace(t *testing.T) {
	s := snapshot(active("1", "Patricia Boyle", ""), active("2", "Kim", "konstanze@x.example"), active("3", "Ana", ""))
	for text, want := range map[string]string{
		"byole": "1", "paxtr": "1", "ptric": "1", "konstanzz": "2", "konstazne": "2", "patriciaxx": "", "boylexx": "", "anaa": "3", "anb": "",
	} {
		if got := search(t, s, text); ids(got.Users) != want || got.Suggested != (want != "") {
			t.Errorf("%q: got %q (suggested: %v), want %q", text, ids(got.Users), got.Suggested, want)
		}
	}
}

// TestFolding: what is typed against what is stored, in many scripts.
func TestFolding(t *testing.T) {
	for stored, typed := range map[string]string{
		"kim\nlee": `"kim lee"`, "kim\tlee x": `"kim lee"`, "O`Neil": "o'neil", "Aŋa": "ana", "Λέξεις": "ΛΕΞΕΙΣ", "مِثَال": "مثال", "דֻּגְמָה": "דגמה",
		"Pa\u00adtricia": "patricia", "Ånge": "aange", "ＷＩＤＥ": "wide", "İğne Işık": "igne isik", "Łódź": "lodz", "Đặc": "dac", "ガラス": "ｶﾞﾗｽ",
	} {
		s := snapshot(zoho.User{ID: "1", FullName: stored, Email: "a@x.example"}, active("2", "Other", ""))
		if got := search(t, s, typed); ids(got.Users) != "1" || got.Suggested {
			t.Errorf("%q for %q: got %q", typed, stored, ids(got.Users))
		}
		if got := search(t, s, "a@x.example"); ids(got.Users) != "1" {
			t.Errorf("%q breaks the index", stored)
		}
	}
	if got := ids(search(t, snapshot(active("1", "काम", ""), active("2", "मन", "")), "म").Users); got != "2" {
		t.Errorf("marks part words: got %s", got)
	}
}

// TestStoredNumbers as people write them.
func TestStoredNumbers(t *testing.T) {
	for _, stored := range []string{"＋４９ ３０ １２３４５６７", "Tel. 030 1234567", "+49 30 1234567,12", "+49 30 1234567#12", "+49\u00a0(0)30\u20111234567"} {
		if got := search(t, snapshot(zoho.User{ID: "1", Phone: stored}), "030 1234567"); ids(got.Users) != "1" {
			t.Errorf("%q is not found", stored)
		}
	}
}

// TestStatusesInOrder of standing, then of frequency.
func TestStatusesInOrder(t *testing.T) {
	var people []zoho.User
	for i, status := range []string{"deleted", "disabled", "frozen", "frozen", "active", "Active", "Active"} {
		people = append(people, zoho.User{ID: fmt.Sprint(i), FullName: fmt.Sprint("X", 9-i), Status: status})
	}
	if got := fmt.Sprint(search(t, snapshot(people...), "").Statuses); got != "[{Active 2 2} {active 1 1} {frozen 2 0} {disabled 1 0} {deleted 1 0}]" {
		t.Errorf("got %s", got)
	}
}

func TestFiltersByID(t *testing.T) {
	s := snapshot(zoho.User{ID: "1", Profile: zoho.Ref{ID: "71", Name: "X"}}, zoho.User{ID: "2", Profile: zoho.Ref{ID: "72", Name: "Y"}})
	if got := ids(search(t, s, "profile:72").Users); got != "2" {
		t.Errorf("got %s", got)
	}
}

// TestTheWatermarkIsTheLatest, wherever it stands.
func TestTheWatermarkIsTheLatest(t *testing.T) {
	var people []zoho.User
	for i, age := range []time.Duration{3, 1, 2} {
		u := active(fmt.Sprint(i), fmt.Sprint("X", i), "")
		u.ModifiedTime = readAt.Add(-age * time.Hour)
		people = append(people, u)
	}
	if s := snapshot(people...); !s.Watermark.Equal(readAt.Add(-time.Hour)) {
		t.Errorf("got %v", s.Watermark)
	}
}

// stored is what the store says of itself.
func stored(t *testing.T, s store.Store) *directory.Snapshot {
	t.Helper()
	value, err := s.Read(t.Context(), "directory/snapshot")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := directory.Decode(value.Data)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestWhatChangesKeep: when all was read; the order of answers; who else is an
// administrator is asked anew; a process that starts goes on from the store.
func TestWhatChangesKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Bert", ""), true)
		c.set(active("2", "Carl", ""), true)
		c.set(active("3", "Dora", ""), false)
		shared := &store.Memory{}
		must[directory.Synced](t)(c.process(shared).Sync(t.Context(), false))
		full := stored(t, shared)
		time.Sleep(10 * time.Minute)
		if done := must[directory.Synced](t)(c.process(shared).Sync(t.Context(), false)); done.How != directory.Changes {
			t.Errorf("nothing changed: got %+v", done)
		}
		time.Sleep(10 * time.Minute)
		c.set(active("3", "Anna", ""), false)
		c.set(zoho.User{ID: "1", FullName: "Bert", Status: "deleted"}, false)
		c.admins["2"] = false // by a change of the profile: the user is as before
		c.set(active("4", "Zoe", ""), false)
		must[directory.Synced](t)(c.process(shared).Sync(t.Context(), false))
		s := stored(t, shared)
		if !s.FullAt.Equal(full.FullAt) || !s.At.Equal(full.At.Add(20*time.Minute)) || s.How != directory.Changes {
			t.Errorf("got %+v", s.Taken)
		}
		if got := ids(search(t, s, "").Users); got != "3 2 4 1" {
			t.Errorf("got %s", got)
		}
		if got := s.Admins(); got.Total != 0 {
			t.Errorf("%d admins", got.Total)
		}
	})
}

// TestUsersWithoutModifiedTimeAreReadAnew: there is nothing to ask changes by.
func TestUsersWithoutModifiedTimeAreReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := "Kim"
		d := &directory.Directory{
			Read: func(context.Context, zoho.UserType) ([]zoho.User, error) {
				return []zoho.User{active("1", name, "")}, nil
			},
			Store: &store.Memory{}, Log: slog.New(slog.DiscardHandler),
		}
		must[directory.Synced](t)(d.Sync(t.Context(), false))
		name = "Lee"
		time.Sleep(2 * time.Minute)
		if found := must[directory.People](t)(d.Search(t.Context(), directory.Query{})); found.Users[0].FullName != "Lee" {
			t.Errorf("a search: got %+v", found)
		}
		name = "Moe"
		if done := must[directory.Synced](t)(d.Sync(t.Context(), false)); done.How != directory.FullRead {
			t.Errorf("got %+v", done)
		}
	})
}

// TestMemoryAndStore: the one that was read in full later counts, else the
// later one; what is older in the store does not come back.
func TestMemoryAndStore(t *testing.T) {
	const later = time.Minute
	at := func(fullAt, readAt time.Duration) []byte {
		base := time.Now().Add(-time.Hour)
		s := directory.NewSnapshot(base.Add(fullAt).UTC().Round(0), []zoho.User{active("1", fmt.Sprintf("Full%d", fullAt/later), "")}, nil)
		s.At = base.Add(readAt).UTC().Round(0)
		data, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, c := range []struct {
		rule        string
		first, then [2]time.Duration
		adopted     bool
	}{
		{"a later full read", [2]time.Duration{0, 5 * later}, [2]time.Duration{later, later}, true},
		{"an earlier full read", [2]time.Duration{later, later}, [2]time.Duration{0, 5 * later}, false},
		{"later changes", [2]time.Duration{0, later}, [2]time.Duration{0, 5 * later}, true},
		{"earlier changes", [2]time.Duration{0, 5 * later}, [2]time.Duration{0, later}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(24 * time.Hour)
			shared := &store.Memory{}
			version := must[string](t)(shared.WriteIfUnchanged(t.Context(), "directory/snapshot", at(c.first[0], c.first[1]), store.Absent))
			d := (&crm{fail: zoho.ErrUnavailable}).process(shared)
			before := must[directory.People](t)(d.Search(t.Context(), directory.Query{}))
			must[string](t)(shared.WriteIfUnchanged(t.Context(), "directory/snapshot", at(c.then[0], c.then[1]), version))
			time.Sleep(11 * time.Minute)
			after := must[directory.People](t)(d.Search(t.Context(), directory.Query{}))
			changed := !after.ReadAt.Equal(before.ReadAt) || after.Users[0].FullName != before.Users[0].FullName
			if changed != c.adopted {
				t.Errorf("%s: %s of %v, then %s of %v", c.rule, before.Users[0].FullName, before.ReadAt, after.Users[0].FullName, after.ReadAt)
			}
		})
	}
}

// TestAgesAreSettings.
func TestAgesAreSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		shared := &counted{Store: &store.Memory{}}
		d := c.process(shared)
		d.FreshFor, d.ReloadAfter = 10*time.Minute, 20*time.Minute
		for range 60 {
			must[directory.People](t)(d.Search(t.Context(), directory.Query{}))
			time.Sleep(time.Minute)
		}
		if c.calls < 6 || c.calls > 8 {
			t.Errorf("%d calls in an hour, fresh for 10 minutes", c.calls)
		}
		if shared.reads < 2 || shared.reads > 4 {
			t.Errorf("%d looks at the store in an hour, one in 20 minutes", shared.reads)
		}
	})
}

type counted struct {
	store.Store
	reads int
}

func (c *counted) Read(ctx context.Context, name string) (store.Value, error) {
	c.reads++
	return c.Store.Read(ctx, name)
}

// TestThePauseAfterAFailure: fifteen seconds, of a failed read of the admins too, and no more.
func TestThePauseAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		d := c.process(&store.Memory{})
		ask := func() directory.People { return must[directory.People](t)(d.Search(t.Context(), directory.Query{})) }
		ask()
		time.Sleep(2 * time.Minute)
		c.set(active("1", "Kim Renamed", ""), false)
		read := d.Read
		d.Read = func(context.Context, zoho.UserType) ([]zoho.User, error) { return nil, zoho.ErrThrottled }
		ask()
		calls := c.calls
		for range 7 {
			time.Sleep(2 * time.Second)
			if found := ask(); found.Stale != zoho.ErrThrottled || found.Users[0].FullName != "Kim" {
				t.Errorf("got %+v", found)
			}
		}
		if c.calls != calls {
			t.Errorf("%d calls in the pause", c.calls-calls)
		}
		d.Read = read
		time.Sleep(2 * time.Second)
		if found := ask(); found.Stale != nil || found.Users[0].FullName != "Kim Renamed" {
			t.Errorf("got %+v", found)
		}
		time.Sleep(61 * time.Second)
		c.delay = 5 * time.Second
		if found := ask(); found.Stale != nil { // an old failure is not today's
			t.Errorf("got %+v", found.Source)
		}
	})
}

// TestAWriteThatLostARaceIsTriedAgain when what won is older.
func TestAWriteThatLostARaceIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{}
		c.set(active("1", "Kim", ""), false)
		shared := &store.Memory{}
		older, err := directory.NewSnapshot(time.Now().Add(-time.Hour).Round(0), []zoho.User{active("9", "Older", "")}, nil).Encode()
		if err != nil {
			t.Fatal(err)
		}
		d := c.process(&beaten{Store: shared, by: older})
		must[directory.Synced](t)(d.Sync(t.Context(), true))
		if s := stored(t, shared); s.Search(directory.Query{}).Users[0].FullName != "Kim" {
			t.Errorf("the older one stays: %+v", s.Taken)
		}
		time.Sleep(time.Minute)
		must[directory.Synced](t)(d.Sync(t.Context(), true)) // with the version of its own write
	})
}

// beaten is a store where somebody else writes just before the first write, or
// a later one.
type beaten struct {
	store.Store
	by    []byte
	after int // writes
}

func (b *beaten) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if by := b.by; by != nil && b.after == 0 {
		b.by = nil
		if _, err := b.Store.WriteIfUnchanged(ctx, name, by, version); err != nil {
			return "", err
		}
	}
	b.after--
	return b.Store.WriteIfUnchanged(ctx, name, data, version)
}

// TestACountThatIsWrongIsDamage.
func TestACountThatIsWrongIsDamage(t *testing.T) {
	data, err := snapshot(sample(t)...).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Decode([]byte(strings.Replace(string(data), `"count":15`, `"count":16`, 1))); err == nil {
		t.Error("taken for whole")
	}
}

// TestNoNegativeAge where another process's clock is a little ahead.
func TestNoNegativeAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &store.Memory{}
		data, err := directory.NewSnapshot(time.Now().Add(30*time.Second).Round(0), []zoho.User{active("1", "Kim", "")}, nil).Encode()
		if err != nil {
			t.Fatal(err)
		}
		must[string](t)(shared.WriteIfUnchanged(t.Context(), "directory/snapshot", data, store.Absent))
		c := &crm{}
		if found := must[directory.People](t)(c.process(shared).Search(t.Context(), directory.Query{})); found.Age != 0 || found.Total != 1 || c.calls != 0 {
			t.Errorf("got %+v after %d calls", found, c.calls)
		}
	})
}
