package functions_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

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

// BenchmarkShow tells, in one run of -benchtime 1x, how large the bootstraps are as
// the Makefile builds them, for Lambda and for this computer, and of the latter how
// long it takes from the start of a process to its first call of next and how much
// memory it has then: of a function that does nothing, of one that does nothing
// and has the given packages linked, and of ours. users-query is there four times:
// with connections to AWS refused at once and not tried again, so that it reads
// nothing; with those to S3 refused, so that it reads its secrets alone; with all
// that it reads; and with AWS as far away as it may be in one region.
func BenchmarkShow(b *testing.B) {
	s := connected(b, zohosim.New(zohosim.Config{}))
	s.sync(b, "directory-sync.json")
	const refused = "http://127.0.0.1:1"
	noStore := map[string]string{"AWS_ENDPOINT_URL_S3": refused, "AWS_MAX_ATTEMPTS": "1"}
	noReads := map[string]string{"AWS_ENDPOINT_URL_S3": refused, "AWS_ENDPOINT_URL_SECRETS_MANAGER": refused, "AWS_MAX_ATTEMPTS": "1"}
	away := map[string]string{
		"AWS_ENDPOINT_URL_S3":              farAway(b, s.usersQuery.Env["AWS_ENDPOINT_URL_S3"]),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": farAway(b, s.usersQuery.Env["AWS_ENDPOINT_URL_SECRETS_MANAGER"]),
	}
	for _, of := range []struct {
		name, pkg string
		env, more map[string]string
	}{
		{"empty", "testdata/empty", nil, nil},
		{"given-packages", "testdata/given", nil, nil},
		{"token-refresh", "token-refresh", s.tokenRefresh.Env, nil},
		{"users-query-reads-nothing", "users-query", s.usersQuery.Env, noReads},
		{"users-query-reads-secrets", "users-query", s.usersQuery.Env, noStore},
		{"users-query-reads-all", "users-query", s.usersQuery.Env, nil},
		{"users-query-AWS-20ms-away", "users-query", s.usersQuery.Env, away},
	} {
		b.Run(of.name, func(b *testing.B) {
			_, deployed := production(b, "linux", "arm64", of.pkg)
			path, size := production(b, runtime.GOOS, runtime.GOARCH, of.pkg)
			env := map[string]string{}
			maps.Copy(env, of.env)
			maps.Copy(env, of.more)
			for b.Loop() {
				showStarts(b, &awssim.Function{Name: of.name, Bootstrap: path, Env: env, Log: io.Discard})
			}
			b.ReportMetric(deployed, "MB-arm64")
			b.ReportMetric(size, "MB-here")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// farAway is an address behind which another answers 20 ms later.
func farAway(b *testing.B, address string) string {
	b.Helper()
	to, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		proxy.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// starts is how many processes a figure is of.
const starts = 30

// showStarts reports what starts of a function take.
func showStarts(b *testing.B, of *awssim.Function) {
	var took, memory []float64
	for range starts {
		f := &awssim.Function{Name: of.Name, Bootstrap: of.Bootstrap, Env: of.Env, Log: of.Log}
		began := time.Now()
		err := f.Start(b.Context())
		took = append(took, float64(time.Since(began).Microseconds())/1000)
		if err != nil {
			b.Fatal(err)
		}
		memory = append(memory, resident(b, f.PID()))
		f.Stop()
	}
	slices.Sort(took)
	slices.Sort(memory)
	b.ReportMetric(took[starts/2], "ms-median")
	b.ReportMetric(took[starts*95/100], "ms-p95")
	b.ReportMetric(memory[starts/2], "MB-resident")
}

// production builds a function with the flags of the Makefile, and tells how many
// megabytes it has.
func production(b *testing.B, goos, goarch, pkg string) (path string, size float64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "bootstrap")
	build := exec.CommandContext(b.Context(), "go", "build", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid=", "-o", path, "./"+pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch, "GOFLAGS=-trimpath", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, float64(info.Size()) / 1e6
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
