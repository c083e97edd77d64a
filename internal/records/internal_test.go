package records

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmwho/internal/zoho"
)

// BenchmarkRank ranks a full page of each of four modules.
func BenchmarkRank(b *testing.B) {
	f := &Finder{}
	q := Query{Text: "gentest industries"}
	pages := map[string][]zoho.Record{}
	for _, m := range f.modules() {
		for i := range zoho.MaxPerPage {
			pages[m.name] = append(pages[m.name], zoho.Record{
				ID: fmt.Sprintf("91000000000000%05d", i), ModifiedTime: time.Unix(int64(i), 0),
				Fields: map[string]zoho.Value{
					m.shown:   {Text: fmt.Sprintf("Gentest No. %d Industries & Söns", i)},
					"Company": {Text: "Genlead Foods"},
				},
			})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		s := &search{finder: f, query: q, typed: newTyped(q.Text), modules: f.modules()}
		s.found = make([]moduleFound, len(s.modules))
		for i, m := range s.modules {
			s.take(i, pages[m.name], func(zoho.Record) bool { return true })
		}
		if found := s.result(); found.Total != 4*zoho.MaxPerPage {
			b.Fatalf("got %d", found.Total)
		}
	}
}

func TestRank(t *testing.T) {
	for _, c := range []struct {
		typed, name string
		want        rank
	}{
		{"genco", "Genco", same},
		{"genco & sons", "Genco & Sons", same},
		{"🚀", "🚀", same},
		{"genco sons", "Genco & Sons", exact},
		{"gencó", "Genco!", exact},
		{"gen", "Gen: the rest", begins},
		{"sons genco", "Genco & Sons", whole},
		{"so gen", "Genco & Sons", beginning},
		{"enco", "Genco", inside},
		{"gencosons", "Genco & Sons", inside},
		{"🚀", "Genco 🚀", inside},
		{"🎯 🚀", "🚀🎯", inside},
		{"🎯", "Genco 🚀", unfit},
		{"🎯", "", unfit},
		{"genco", "", unfit},
		{"genco ltd", "Genco & Sons", unfit},
	} {
		if got, _ := newTyped(c.typed).rank(c.name); got != c.want {
			t.Errorf("%s, %s: got %d, want %d", c.typed, c.name, got, c.want)
		}
	}
}

// TestCacheGoesByTheWallClock, which may also be set back.
func TestCacheGoesByTheWallClock(t *testing.T) {
	at := time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]any{
		0: "kept", 59 * time.Second: "kept", -59 * time.Second: "kept", time.Minute: nil, -time.Minute: nil, time.Hour: nil,
	} {
		var c cache
		c.put(question{kind: find}, "kept", at)
		if got := c.get(question{kind: find}, at.Add(after)); got != want {
			t.Errorf("after %v: got %v, want %v", after, got, want)
		}
	}
}

// TestExactlyFitsAQuery has names that a query cannot say, and long ones.
func TestExactlyFitsAQuery(t *testing.T) {
	for _, name := range []string{"Genco", "O'Gen 100% _x_", `'a'b'c'd'`, strings.Repeat("a'b'c ", 30), strings.Repeat("x", MaxText), "Mira Anna Ida Ada Genco"} {
		for _, m := range (&Finder{}).modules() {
			if got := m.exactly(strings.Fields(name)); got == "" || got.Size() > zoho.MaxConditions {
				t.Errorf("%s, %.20s: got %d, %s", m.name, name, got.Size(), got)
			}
		}
	}
}

func TestConfirmedFirst(t *testing.T) {
	users := []zoho.User{{ID: "1", Unconfirmed: true}, {ID: "2"}, {ID: "3", Unconfirmed: true}, {ID: "4"}}
	got := ""
	for _, u := range confirmedFirst(users) {
		got += u.ID
	}
	if got != "2413" || users[0].ID != "1" {
		t.Errorf("got %s, %+v", got, users)
	}
}
