package directory_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// BenchmarkSearch asks for different people in organisations of growing size;
// p50 and p99 are of one search each, over many questions of each kind.
func BenchmarkSearch(b *testing.B) {
	for _, size := range []int{500, 5_000, 50_000} {
		s := snapshot(generated(b, size)...)
		for kind, texts := range questions(s) {
			queries := make([]directory.Query, len(texts))
			for i, text := range texts {
				var err error
				if queries[i], err = directory.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
			b.Run(fmt.Sprintf("people=%d/%s", size, kind), func(b *testing.B) {
				b.ReportAllocs()
				var took []time.Duration
				for i := 0; b.Loop(); i++ {
					started := time.Now()
					s.Search(queries[i%len(queries)])
					took = append(took, time.Since(started))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}

// questions are about people all over a snapshot.
func questions(s *directory.Snapshot) map[string][]string {
	all := map[string][]string{}
	ask := func(kind, text string) { all[kind] = append(all[kind], text) }
	for _, u := range s.Search(directory.Query{}).Users {
		first, last := []rune(u.FirstName), []rune(u.LastName)
		if len(first) < 4 || len(last) < 6 {
			continue
		}
		ask("full", u.FullName)
		ask("last", u.LastName)
		ask("prefix", string(first[:3]))
		ask("two-prefixes", string(last[:3])+" "+string(first[:2]))
		ask("middle", string(last[2:5]))
		ask("email", u.Email)
		ask("typo", string(first)+" "+string(last[:1])+string(last[2:]))
		ask("nobody", string(last)+"xyz")
		ask("filter", "role:sales "+string(first[:2]))
	}
	return all
}

// BenchmarkAnswers gives what lists, cards and counts show of fifty thousand
// people. Half of them have no reporting line, so that the role tree counts.
func BenchmarkAnswers(b *testing.B) {
	s, managers := led(b, 50_000)
	everybody, sales := directory.Query{}, directory.Query{Filters: []directory.Filter{{Name: directory.FilterRole, Value: "sales"}}}
	by := func(value string) directory.Query {
		return everybody.With(directory.Filter{Name: directory.FilterManager, Value: value})
	}
	name, _ := s.Person(managers[1])
	for _, c := range []struct {
		name string
		do   func(n int)
	}{
		{"page-first", func(int) { s.Page(everybody, 0, 10) }},
		{"page-deep", func(int) { s.Page(everybody, 49_990, 10) }},
		{"page-of-filter", func(int) { s.Page(sales, 100, 10) }},
		{"count-role", func(int) { s.Count(everybody, directory.FilterRole) }},
		{"count-manager", func(int) { s.Count(everybody, directory.FilterManager) }},
		{"manager-id", func(n int) { s.Page(by(managers[n%len(managers)]), 0, 10) }},
		{"manager-name", func(int) { s.Page(by(name.FullName), 0, 10) }},
		{"reports", func(n int) { s.ReportCount(managers[n%len(managers)]) }},
		{"chain", func(n int) { s.Chain(managers[len(managers)-1-n%len(managers)]) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				c.do(n)
			}
		})
	}
	b.Run("first-manager", func(b *testing.B) {
		data, err := s.Encode()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			b.StopTimer()
			fresh, err := directory.Decode(data)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			fresh.Managers(managers[0])
		}
	})
}

// led is an organisation with its role tree, and the ids of those who lead some.
func led(b *testing.B, size int) (s *directory.Snapshot, managers []string) {
	b.Helper()
	o := zohosim.Generate(size, 0)
	people := users(b, o.Users)
	for i, u := range people {
		if id := u.ReportingTo.ID; id != "" && !slices.Contains(managers, id) && len(managers) < 100 {
			managers = append(managers, id)
		}
		if i%2 == 1 {
			people[i].ReportingTo = zoho.Ref{}
		}
	}
	s = snapshot(people...)
	for _, raw := range o.Roles {
		var r struct {
			ID    string   `json:"id"`
			Name  string   `json:"name"`
			Above zoho.Ref `json:"reporting_to"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			b.Fatal(err)
		}
		s.Organisation.Roles = append(s.Organisation.Roles, directory.Role{ID: r.ID, Name: r.Name, Above: r.Above.ID})
	}
	return s, managers
}

// BenchmarkLoad makes a stored snapshot ready to search, and compares with the
// JSON of the same people.
func BenchmarkLoad(b *testing.B) {
	for _, size := range []int{500, 5_000, 50_000} {
		users := generated(b, size)
		data, err := snapshot(users...).Encode()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("people=%d/columns", size), func(b *testing.B) {
			for b.Loop() {
				if _, err := directory.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "bytes")
		})
		packed := zippedJSON(b, users)
		b.Run(fmt.Sprintf("people=%d/json", size), func(b *testing.B) {
			for b.Loop() {
				snapshot(unzippedJSON(b, packed)...)
			}
			b.ReportMetric(float64(len(packed)), "bytes")
		})
	}
}

// compact is a user as JSON would keep one, with short keys and none for what is empty.
type compact struct {
	ID       string    `json:"i"`
	Full     string    `json:"n,omitempty"`
	First    string    `json:"f,omitempty"`
	Last     string    `json:"l,omitempty"`
	Alias    string    `json:"a,omitempty"`
	Email    string    `json:"e,omitempty"`
	Phone    string    `json:"p,omitempty"`
	Mobile   string    `json:"m,omitempty"`
	Status   string    `json:"s,omitempty"`
	Reason   string    `json:"sr,omitempty"`
	Pending  bool      `json:"u,omitempty"`
	Type     string    `json:"t,omitempty"`
	Role     zoho.Ref  `json:"r"`
	Profile  zoho.Ref  `json:"pr"`
	Manager  zoho.Ref  `json:"mg,omitzero"`
	City     string    `json:"c,omitempty"`
	State    string    `json:"st,omitempty"`
	Country  string    `json:"co,omitempty"`
	Language string    `json:"la,omitempty"`
	TimeZone string    `json:"tz,omitempty"`
	Created  time.Time `json:"cr,omitzero"`
	Modified time.Time `json:"mo,omitzero"`
	By       zoho.Ref  `json:"mb,omitzero"`
}

func zippedJSON(b *testing.B, users []zoho.User) []byte {
	b.Helper()
	all := make([]compact, len(users))
	for i, u := range users {
		all[i] = compact{u.ID, u.FullName, u.FirstName, u.LastName, u.Alias, u.Email, u.Phone, u.Mobile, u.Status, u.StatusReason, u.Unconfirmed,
			u.Type, u.Role, u.Profile, u.ReportingTo, u.City, u.State, u.Country, u.Language, u.TimeZone, u.CreatedTime, u.ModifiedTime, u.ModifiedBy}
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if err := json.NewEncoder(zip).Encode(all); err != nil {
		b.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		b.Fatal(err)
	}
	return packed.Bytes()
}

func unzippedJSON(b *testing.B, packed []byte) []zoho.User {
	b.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		b.Fatal(err)
	}
	var all []compact
	if err := json.Unmarshal(text, &all); err != nil {
		b.Fatal(err)
	}
	users := make([]zoho.User, len(all))
	for i, c := range all {
		users[i] = zoho.User{ID: c.ID, FullName: c.Full, FirstName: c.First, LastName: c.Last, Alias: c.Alias, Email: c.Email, Phone: c.Phone, Mobile: c.Mobile,
			Status: c.Status, StatusReason: c.Reason, Unconfirmed: c.Pending, Type: c.Type, Role: c.Role, Profile: c.Profile, ReportingTo: c.Manager,
			City: c.City, State: c.State, Country: c.Country, Language: c.Language, TimeZone: c.TimeZone, CreatedTime: c.Created, ModifiedTime: c.Modified, ModifiedBy: c.By}
	}
	return users
}

// BenchmarkMemory tells what a loaded snapshot holds on to.
func BenchmarkMemory(b *testing.B) {
	data, err := snapshot(generated(b, 50_000)...).Encode()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		before := heap()
		s, err := directory.Decode(data)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MB-held")
		runtime.KeepAlive(s)
	}
	runtime.KeepAlive(data)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkChange answers a question after one of the people has changed: the
// snapshot is made anew before.
func BenchmarkChange(b *testing.B) {
	for _, size := range []int{5_000, 50_000} {
		b.Run(fmt.Sprintf("people=%d", size), func(b *testing.B) {
			users := generated(b, size)
			changed := users[size/2]
			d := &directory.Directory{
				Read: func(_ context.Context, t zoho.UserType) ([]zoho.User, error) {
					if t == zoho.AdminUsers {
						return users[:1], nil
					}
					return users, nil
				},
				Changed: func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
					return func(yield func(zoho.User, error) bool) { yield(changed, nil) }
				},
				Store: &store.Memory{}, FreshFor: 1, Log: slog.New(slog.DiscardHandler),
			}
			if _, err := d.Sync(b.Context(), true); err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				changed.Phone = fmt.Sprint(5550000 + i)
				if found, err := d.Search(b.Context(), directory.Query{Terms: []directory.Term{{Kind: directory.Phone, Text: changed.Phone}}}); err != nil || found.Total == 0 {
					b.Fatal(found, err)
				}
			}
		})
	}
}
