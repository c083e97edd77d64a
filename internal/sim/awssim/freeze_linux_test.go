package awssim_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
)

// frozen waits until a process is stopped.
func frozen(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(stat, []byte(") T ")) {
			return
		}
	}
	t.Fatal("the process goes on")
}

// TestAnEnvironmentIsFrozenBetweenInvocations: what an invocation has left
// behind does nothing before the next one.
func TestAnEnvironmentIsFrozenBetweenInvocations(t *testing.T) {
	calls := map[string]chan chan bool{"/left": make(chan chan bool), "/kept": make(chan chan bool)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		answer := make(chan bool)
		calls[r.URL.Path] <- answer
		<-answer
	}))
	defer server.Close()
	f := function(t, &awssim.Function{Name: "sample", Timeout: time.Minute, Freeze: true})
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	frozen(t, f.PID())
	over := make(chan error)
	go func() {
		_, err := f.Invoke(t.Context(), fmt.Appendf(nil, `{"do":"linger","url":%q}`, server.URL))
		over <- err
	}()
	left, kept := <-calls["/left"], <-calls["/kept"]
	close(kept)
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	frozen(t, f.PID())
	close(left)
	select {
	case <-calls["/left"]:
		t.Fatal("it goes on while frozen")
	case <-time.After(50 * time.Millisecond):
	}
	for again := true; again; {
		if _, err := f.Invoke(t.Context(), []byte(`{"do":"echo"}`)); err != nil {
			t.Fatal(err)
		}
		select {
		case left := <-calls["/left"]:
			close(left)
			again = false
		default:
		}
	}
}

// TestAFrozenEnvironmentEnds when it is stopped.
func TestAFrozenEnvironmentEnds(t *testing.T) {
	f := function(t, &awssim.Function{Name: "sample", Freeze: true})
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	frozen(t, f.PID())
	f.Stop()
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); err == nil {
		t.Error("a process that has ended answered")
	}
}
