package slacksim

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Fault is a bad day: what befalls some requests to Slack. Of several that hit
// one request the waits add up, and the first that says more than Latency
// decides the answer. Those after it have hit too, and count it.
type Fault struct {
	Path    string        // beginning of the paths that it hits, such as "/commands/" or "/api/views."; empty: all
	Latency time.Duration // before the answer

	Status     int           // instead of the usual answer; zero: what goes with Error and RetryAfter
	Error      string        // Slack's code in the body, such as "ratelimited"
	RetryAfter time.Duration // sent as a header, in whole seconds, rounded up; alone it stands for HTTP 429
	Hang       bool          // no answer until the caller gives up
	Reset      bool          // the connection is reset
	Taken      bool          // Slack has done what was asked before this strikes: only the answer is lost

	After int // requests on its path that it lets through first
	Times int // requests that it hits; zero: all until faults are cleared
}

// strikes reports whether a fault changes the answer.
func (f Fault) strikes() bool {
	return f.Hang || f.Reset || f.Status != 0 || f.Error != "" || f.RetryAfter > 0
}

// fault is a Fault and how often it has been met.
type fault struct {
	Fault
	passed, hit int
}

var errFault = errors.New("a fault needs a latency, or one of: hang, reset, an answer with a status from 200 to 599")

// AddFault lets a fault happen from now on, beside those that do already.
func (s *Slack) AddFault(f Fault) error {
	answers := f.Status != 0 || f.Error != "" || f.RetryAfter > 0
	switch {
	case f.Hang && f.Reset, answers && (f.Hang || f.Reset), f.Taken && !f.strikes(),
		f.Latency <= 0 && !f.strikes(), f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{Fault: f})
	return nil
}

// ClearFaults ends all faults.
func (s *Slack) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// dayOf tells what will befall a request.
func (s *Slack) dayOf(path string) (day Fault) {
	var wait time.Duration
	for _, f := range s.faults {
		if !f.hits(path) {
			continue
		}
		wait += f.Latency
		if !day.strikes() {
			day = f.Fault
		}
	}
	day.Latency = wait
	return day
}

func (f *fault) hits(path string) bool {
	if !strings.HasPrefix(path, f.Path) {
		return false
	}
	if f.passed++; f.passed <= f.After || f.Times > 0 && f.hit == f.Times {
		return false
	}
	f.hit++
	return true
}

// endure answers a request on its day.
func (s *Slack) endure(r request, day Fault) answer {
	if day.Taken {
		s.usual(r)
	}
	if !wait(r.Context(), day.Latency) || day.Hang {
		<-r.Context().Done()
		return answer{}
	}
	switch {
	case day.Reset:
		return answer{}
	case day.strikes():
		return day.answer(r.URL.Path)
	}
	return s.usual(r)
}

// answer is what is sent instead of the usual. Errors of the Web API come at
// HTTP 200, except for too many requests.
func (f Fault) answer(path string) answer {
	status := f.Status
	switch {
	case status != 0:
	case f.RetryAfter > 0 || f.Error == "ratelimited":
		status = http.StatusTooManyRequests
	case strings.HasPrefix(path, apiPath):
		status = http.StatusOK
	default:
		status = cmp.Or(hookStatus[f.Error], http.StatusBadRequest)
	}
	code := f.Error
	if status == http.StatusTooManyRequests {
		code = cmp.Or(code, "ratelimited")
	}
	a := refusal(status, problem{code: cmp.Or(code, "internal_error")})
	if f.RetryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	return a
}

// wait reports whether the time passed before the caller gave up.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errReset is how a reset connection looks to a client.
var errReset error = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// reset ends a connection without an answer.
func reset(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
