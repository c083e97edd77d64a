package functions_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/zohosim"
)

// BenchmarkColdStart measures from the start of the process to its first call
// of next, for both functions and for one that does nothing. users-query reads
// its secrets, the token and the list of fifteen people meanwhile.
func BenchmarkColdStart(b *testing.B) {
	s := connected(b, zohosim.New(zohosim.Config{}))
	s.sync(b, "directory-sync.json")
	empty := &awssim.Function{Name: "empty", Bootstrap: bootstrap(b, "crmwho/functions/testdata/empty")}
	for _, of := range []*awssim.Function{empty, s.usersQuery, s.tokenRefresh} {
		b.Run(of.Name, func(b *testing.B) {
			for b.Loop() {
				f := &awssim.Function{Name: of.Name, Bootstrap: of.Bootstrap, Env: of.Env, Log: io.Discard}
				if err := f.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				f.Stop()
				b.StartTimer()
			}
		})
	}
}

// large deploys a stack whose bucket holds a snapshot of so many people, for
// processes that take it as it is.
func large(b *testing.B, people int) *stack {
	b.Helper()
	organisation := zohosim.Generate(people, 0)
	s := connected(b, zohosim.New(zohosim.Config{Organisation: &organisation}))
	if done := s.sync(b, "directory-sync.json"); done.People != people {
		b.Fatalf("got %+v", done)
	}
	return s
}

var lasting = map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1h"}

// BenchmarkColdAnswer measures from the start of the process to its first
// answer: of a function that does nothing, and of users-query over a stored
// snapshot.
func BenchmarkColdAnswer(b *testing.B) {
	b.Run("empty", func(b *testing.B) {
		path := bootstrap(b, "crmwho/functions/testdata/empty")
		for b.Loop() {
			f := &awssim.Function{Name: "cold", Bootstrap: path, Log: io.Discard}
			if err := f.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			if _, err := f.Invoke(b.Context(), []byte("{}")); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			f.Stop()
			b.StartTimer()
		}
	})
	for _, people := range []int{500, 5_000, 50_000} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			s := large(b, people)
			for b.Loop() {
				s.coldStart(b, lasting)
				if got := s.ask(b, "/crmusers", "status:active"); !strings.Contains(got, " people match “status:active”") {
					b.Fatalf("got %q", got)
				}
				b.StopTimer()
				s.usersQuery.Stop()
				s.gateway.Close()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkResident tells how much memory the process of users-query takes
// with 50,000 people: one that has read them all from Zoho, and one that has
// answered a hundred questions from the stored snapshot.
func BenchmarkResident(b *testing.B) {
	s := large(b, 50_000)
	afterSync := resident(b, s.usersQuery.PID())
	for b.Loop() {
		s.coldStart(b, lasting)
		for range 100 {
			s.ask(b, "/crmuser", "gen")
		}
		b.ReportMetric(resident(b, s.usersQuery.PID()), "MB-resident")
		b.ReportMetric(afterSync, "MB-after-sync")
		s.usersQuery.Stop()
	}
}

// resident reads what Linux tells of a process: the most that it ever took.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1024
}
