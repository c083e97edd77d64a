// Package storetest holds every backend to the contract of store.Store.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"testing"

	"crmwho/internal/store"
)

// Run tests a backend. name gives a name that has no value yet for each of the
// names that the tests would like to use, another one for each; it keeps ASCII
// letters, digits, - and /. Where nil, the tests use the names as they are.
func Run(t *testing.T, s store.Store, name func(wanted string) string) {
	t.Helper()
	if name == nil {
		name = func(wanted string) string { return wanted }
	}
	b := backend{s, name}
	t.Run("versions", b.testVersions)
	t.Run("data", b.testData)
	t.Run("no data", b.testNoData)
	t.Run("data is the caller's own", b.testDataIsTheCallersOwn)
	t.Run("names", b.testNames)
	t.Run("list", b.testList)
	t.Run("context that is done", b.testContextThatIsDone)
	t.Run("race of first writes", b.testRaceOfFirstWrites)
	t.Run("race of later writes", b.testRaceOfLaterWrites)
	t.Run("nothing lost or torn", b.testNothingLostOrTorn)
}

type backend struct {
	store.Store
	name func(string) string
}

// write is a write that has to succeed.
func (b backend) write(t *testing.T, name, data, version string) string {
	t.Helper()
	next, err := b.WriteIfUnchanged(t.Context(), name, []byte(data), version)
	if err != nil || next == store.Absent {
		t.Fatalf("write %s: got version %q, %v", name, next, err)
	}
	return next
}

// refused is a write that has to fail with want.
func (b backend) refused(t *testing.T, name, data, version string, want error) {
	t.Helper()
	if got, err := b.WriteIfUnchanged(t.Context(), name, []byte(data), version); !errors.Is(err, want) || got != "" {
		t.Errorf("write %s over version %q: got version %q, %v; want %v", name, version, got, err, want)
	}
}

// holds checks a value, and its version unless that is empty.
func (b backend) holds(t *testing.T, name, data, version string) {
	t.Helper()
	got, err := b.Read(t.Context(), name)
	if err != nil || string(got.Data) != data || version != "" && got.Version != version {
		t.Errorf("read %s: got %s of version %q, %v; want %s of %q", name, short(string(got.Data)), got.Version, err, short(data), version)
	}
}

func (b backend) holdsNothing(t *testing.T, name string) {
	t.Helper()
	if got, err := b.Read(t.Context(), name); !errors.Is(err, store.ErrNotExist) || got.Data != nil || got.Version != store.Absent {
		t.Errorf("read %s: got %v, %v; want %v", name, got, err, store.ErrNotExist)
	}
}

func (b backend) list(t *testing.T, prefix string) []string {
	t.Helper()
	names, err := b.List(t.Context(), prefix)
	if err != nil {
		t.Errorf("list %q: %v", prefix, err)
	}
	return names
}

func short(data string) string {
	if len(data) > 40 {
		return fmt.Sprintf("%d bytes %q…", len(data), data[:40])
	}
	return fmt.Sprintf("%q", data)
}

func (b backend) testVersions(t *testing.T) {
	name, other := b.name("versions"), b.name("versions/other")
	b.holdsNothing(t, name)
	first := b.write(t, name, "one", store.Absent)
	b.holds(t, name, "one", first)
	b.refused(t, name, "other", store.Absent, store.ErrChanged)
	b.holds(t, name, "one", first)
	second := b.write(t, name, "two", first)
	if second == first {
		t.Errorf("two states have the version %q", first)
	}
	b.refused(t, name, "three", first, store.ErrChanged)
	third := b.write(t, name, "three", second)
	for _, version := range []string{store.Absent, first, second} {
		b.refused(t, name, "late", version, store.ErrChanged)
	}
	b.holds(t, name, "three", third)

	b.holdsNothing(t, other)
	b.holds(t, other, "one", b.write(t, other, "one", store.Absent)) // one name's versions bar nothing under another
}

// largest is what every backend takes.
const largest = 64 << 10

func (b backend) testData(t *testing.T) {
	name, version := b.name("data"), store.Absent
	for _, data := range []string{
		"text", "\xff\xfe binary \x00", "text again\n", "\x00", " ", "\r\n", "\ufeffmark", `{"json":"<&>\u2028"}`, "größer 日本 🙂",
		every(), strings.Repeat("t", largest), strings.Repeat("\xff", largest), "small again",
	} {
		version = b.write(t, name, data, version)
		b.holds(t, name, data, version)
	}
}

// every is every byte there is.
func every() string {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	return string(all)
}

func (b backend) testNoData(t *testing.T) {
	name := b.name("no-data")
	if _, err := b.WriteIfUnchanged(t.Context(), name, nil, store.Absent); !errors.Is(err, store.ErrEmpty) {
		t.Errorf("write nil: got %v, want %v", err, store.ErrEmpty)
	}
	b.refused(t, name, "", store.Absent, store.ErrEmpty)
	b.holdsNothing(t, name)
	version := b.write(t, name, "data", store.Absent)
	b.refused(t, name, "", version, store.ErrEmpty)
	b.holds(t, name, "data", version)
}

func (b backend) testDataIsTheCallersOwn(t *testing.T) {
	name, data := b.name("own"), []byte("data")
	if _, err := b.WriteIfUnchanged(t.Context(), name, data, store.Absent); err != nil {
		t.Fatal(err)
	}
	if string(data) != "data" {
		t.Errorf("the writer's data became %q", data)
	}
	clear(data)
	b.holds(t, name, "data", "")
	got, err := b.Read(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	clear(got.Data)
	b.holds(t, name, "data", "")
}

// testNames has names that one system or another would take for the same, for
// another or for none, and pairs where one begins with the other.
func (b backend) testNames(t *testing.T) {
	var names []string
	for _, wanted := range []string{
		"names", "names/slash", "names/slash/deeper", "names-slash", "names%2Fslash", "names%252Fslash", "names%", "names%zz",
		"names.dot", "names..dots", ".names", "names.", "...names/..a/b..", "Names", "NAMES", "con", "nul.txt", "lock", "temp", "value-names",
		"names with spaces ", " names", "names+plus", "names?q=1&r=2#f", `names\back`, `names:*"<>|'` + "`", "names~$!@^(){}[],;=",
		"names/\u00e9", "names/e\u0301", "names/ß日本🙂", strings.Repeat("A", 80),
	} {
		names = append(names, b.name(wanted))
	}
	for _, name := range names {
		b.holdsNothing(t, name)
		b.write(t, name, "data of "+name, store.Absent)
	}
	for _, name := range names {
		b.holds(t, name, "data of "+name, "")
		if got := b.list(t, name); !slices.Contains(got, name) {
			t.Errorf("list %q: got %q", name, got)
		}
	}
}

func (b backend) testList(t *testing.T) {
	before := b.list(t, "")
	names := map[string]string{} // by the name that was wanted
	for _, wanted := range []string{"list/b", "list/a/1", "list/a", "list/10", "list/9", "list/Z", "listing", "list-", "unlist/a"} {
		names[wanted] = b.name(wanted)
		b.write(t, names[wanted], "data", store.Absent)
	}
	b.name("list/never-filled")
	for prefix, want := range map[string][]string{
		"list/":   {"list/10", "list/9", "list/Z", "list/a", "list/a/1", "list/b"},
		"list/a":  {"list/a", "list/a/1"},
		"list":    {"list-", "list/10", "list/9", "list/Z", "list/a", "list/a/1", "list/b", "listing"},
		"list/a/": {"list/a/1"},
		"list/b/": nil,
		"list/z":  nil,
		"List":    nil,
		"!list":   nil,
		"list%":   nil,
		"list/é":  nil,
	} {
		if got := b.list(t, prefix); !slices.Equal(got, want) || want == nil && got != nil {
			t.Errorf("list %q: got %q, want %q", prefix, got, want)
		}
	}
	want := before
	for _, name := range names {
		want = append(want, name)
	}
	slices.Sort(want)
	if got := b.list(t, ""); !slices.Equal(got, want) {
		t.Errorf("list all: got %q, want %q", got, want)
	}
}

func (b backend) testContextThatIsDone(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", what, err, context.Canceled)
		}
	}
	name := b.name("done")
	_, err := b.WriteIfUnchanged(done, name, []byte("data"), store.Absent)
	check("first write", err)
	b.holdsNothing(t, name)
	version := b.write(t, name, "data", store.Absent)
	_, err = b.WriteIfUnchanged(done, name, []byte("other"), version)
	check("later write", err)
	b.holds(t, name, "data", version)
	_, err = b.Read(done, name)
	check("read", err)
	_, err = b.List(done, "done")
	check("list", err)
	_, err = b.List(done, "done%")
	check("list what cannot be", err)
}

func (b backend) testRaceOfFirstWrites(t *testing.T) {
	for i := range 3 {
		b.race(t, b.name(fmt.Sprint("race/first/", i)), store.Absent)
	}
}

func (b backend) testRaceOfLaterWrites(t *testing.T) {
	name := b.name("race/later")
	version := b.write(t, name, "before the race", store.Absent)
	for range 3 {
		version = b.race(t, name, version)
	}
}

// race lets writers who hold the same version write at once, and gives the
// version of the one who won.
func (b backend) race(t *testing.T, name, version string) string {
	t.Helper()
	const writers = 8
	versions := make([]string, writers)
	errs := make([]error, writers)
	data := func(writer int) string { return fmt.Sprintf("writer %d over %q", writer, version) }
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			versions[i], errs[i] = b.WriteIfUnchanged(t.Context(), name, []byte(data(i)), version)
		})
	}
	wg.Wait()
	won := slices.Index(errs, nil)
	if won < 0 {
		t.Fatal("nobody wrote")
	}
	for i, err := range errs {
		if i != won && !errors.Is(err, store.ErrChanged) {
			t.Errorf("writer %d beside writer %d: got %v, want %v", i, won, err, store.ErrChanged)
		}
	}
	b.holds(t, name, data(won), versions[won])
	return versions[won]
}

// testNothingLostOrTorn has some count together, while others read.
func (b backend) testNothingLostOrTorn(t *testing.T) {
	const writers, each = 4, 5
	name := b.name("count")
	counted, stop := context.WithCancel(t.Context())
	var reading, writing sync.WaitGroup
	for range 2 {
		reading.Go(func() { Watch(t, counted.Done(), b.Store, name) })
	}
	for range writers {
		writing.Go(func() {
			if err := Count(t.Context(), b.Store, name, each); err != nil {
				t.Error(err)
			}
		})
	}
	writing.Wait()
	stop()
	reading.Wait()
	if got, err := Counted(t.Context(), b.Store, name); err != nil || got != writers*each {
		t.Errorf("counted to %d, %v; want %d", got, err, writers*each)
	}
}

// Count adds one to the number under name, n times, together with others.
func Count(ctx context.Context, s store.Store, name string, n int) error {
	for done := 0; done < n; {
		err := addOne(ctx, s, name)
		switch {
		case err == nil:
			done++
		case !errors.Is(err, store.ErrChanged): // each of these is another's success, so they end
			return err
		}
	}
	return nil
}

func addOne(ctx context.Context, s store.Store, name string) error {
	var count uint32
	value, err := s.Read(ctx, name)
	if err == nil {
		count, err = number(value.Data)
	}
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return err
	}
	_, err = s.WriteIfUnchanged(ctx, name, numbered(count+1), value.Version)
	return err
}

// Counted is the number under name: how many writes of Count succeeded.
func Counted(ctx context.Context, s store.Store, name string) (uint32, error) {
	value, err := s.Read(ctx, name)
	if err != nil {
		return 0, err
	}
	return number(value.Data)
}

// Watch reads the number under name until done, and sees that it is whole and
// never falls.
func Watch(t *testing.T, done <-chan struct{}, s store.Store, name string) {
	var last uint32
	for {
		select {
		case <-done:
			return
		default:
		}
		got, err := Counted(context.WithoutCancel(t.Context()), s, name)
		if errors.Is(err, store.ErrNotExist) && last == 0 {
			continue
		}
		if err != nil || got < last {
			t.Errorf("counted to %d after %d, %v", got, last, err)
			return
		}
		last = got
	}
}

// numbered is data of up to 60 KB that holds a number, a nonce so that no two
// writers write the same, and a checksum over all.
func numbered(n uint32) []byte {
	data := binary.BigEndian.AppendUint32(nil, n)
	data = append(data, rand.Text()...)
	data = append(data, bytes.Repeat([]byte{byte(n)}, int(n*7919%60000))...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(data))
}

func number(data []byte) (uint32, error) {
	if len(data) < 8 || crc32.ChecksumIEEE(data[:len(data)-4]) != binary.BigEndian.Uint32(data[len(data)-4:]) {
		return 0, fmt.Errorf("torn: %d bytes that nobody wrote", len(data))
	}
	return binary.BigEndian.Uint32(data), nil
}
