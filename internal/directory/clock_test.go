package directory

import (
	"context"
	"iter"
	"log/slog"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// TestAClockThatWasAhead: what was read while the clock was three hours ahead
// does not count as fresh for three hours, nor is its failure one that just happened.
func TestAClockThatWasAhead(t *testing.T) {
	asked := 0
	d := &Directory{
		Read: func(context.Context, zoho.UserType) ([]zoho.User, error) { asked++; return []zoho.User{{ID: "1"}}, nil },
		Changed: func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
			asked++
			return func(func(zoho.User, error) bool) {}
		},
		Store: &store.Memory{}, Log: slog.New(slog.DiscardHandler),
	}
	ahead := time.Now().Add(3 * time.Hour)
	d.held = held{snapshot: NewSnapshot(ahead, []zoho.User{{ID: "1", ModifiedTime: time.Now()}}, nil), loadedAt: ahead}
	found, err := d.Search(t.Context(), Query{})
	if err != nil || asked == 0 {
		t.Errorf("got %+v, %v: served as fresh, Zoho was asked %d times", found.Source, err, asked)
	}
	asked = 0
	old := time.Now().Add(-time.Hour)
	d.held = held{snapshot: NewSnapshot(old, []zoho.User{{ID: "1", ModifiedTime: old}}, nil), loadedAt: old, failedAt: ahead, failure: zoho.ErrUnavailable}
	if found, err := d.Search(t.Context(), Query{}); err != nil || asked == 0 {
		t.Errorf("got %+v, %v: a pause of three hours", found.Source, err)
	}
}

// TestASearchForWhatFoldsToNothing breaks nothing: Parse gives no such term, but Query is exported.
func TestASearchForWhatFoldsToNothing(t *testing.T) {
	s := NewSnapshot(time.Now(), []zoho.User{{ID: "1", FullName: "Kim"}}, nil)
	for _, kind := range []Kind{Word, Phrase, Email, Phone, ID, Mention} {
		for _, text := range []string{"\u0301", "🌟", " "} {
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%d %q: %v", kind, text, p)
					}
				}()
				s.Search(Query{Terms: []Term{{Kind: kind, Text: text}}})
			}()
		}
	}
}

// TestATruncatedSnapshotTakesLittleRoom: the last bytes of a truncated one are no size.
func TestATruncatedSnapshotTakesLittleRoom(t *testing.T) {
	var people []zoho.User
	for range 3000 {
		people = append(people, zoho.User{ID: "1", FullName: time.Now().String()})
	}
	data, err := NewSnapshot(time.Now(), people, nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	debug.SetGCPercent(-1)
	defer debug.SetGCPercent(100)
	var before, after runtime.MemStats
	var most uint64
	for n := range 20 {
		runtime.GC()
		runtime.ReadMemStats(&before)
		if _, err := Decode(data[:len(data)-100-n]); err == nil {
			t.Fatal("taken for whole")
		}
		runtime.ReadMemStats(&after)
		most = max(most, after.TotalAlloc-before.TotalAlloc)
	}
	if most > 64<<20 {
		t.Errorf("%d MB for %d KB", most>>20, len(data)>>10)
	}
}
