package zohosim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Fault is a bad day: what befalls some requests. Of several that hit one
// request the waits add up, and the first with a kind decides the answer. Those
// after it have hit too, and count it.
type Fault struct {
	Path    string        // beginning of the paths that it hits; empty stands for all
	Query   string        // parameters that it hits if a request has them all, such as "type=AllUsers&page=2"; empty stands for any
	Module  string        // module of records that it hits, such as Deals; empty: any, and calls about none
	Latency time.Duration // before the answer
	Kind    FaultKind     // empty: the usual answer

	After       int     // requests on its path, with its parameters, about its module, that it lets through first
	Times       int     // requests that it hits; zero stands for all until faults are cleared
	Probability float64 // of hitting a request, drawn alike in every run; zero stands for always

	Status     int           // instead of the HTTP status that its kind has
	RetryAfter time.Duration // sent as a header, in whole seconds, rounded up; zero sends none
}

// FaultKind is what takes an answer's place.
type FaultKind string

// Kinds of faults.
const (
	Hang  FaultKind = "hang"  // no answer until the caller gives up
	Reset FaultKind = "reset" // the connection is reset

	InvalidToken          FaultKind = "invalid-token"
	AuthenticationFailure FaultKind = "authentication-failure"
	ScopeMismatch         FaultKind = "scope-mismatch"
	NoAPIAccess           FaultKind = "no-api-access"
	NotFound              FaultKind = "not-found"
	Throttled             FaultKind = "throttled"
	ThrottledOld          FaultKind = "throttled-old" // the older body of a 429
	InternalError         FaultKind = "internal-error"
	HTML                  FaultKind = "html"      // a gateway's page; 502 unless Status says otherwise
	Truncated             FaultKind = "truncated" // the first half of the usual answer
	Empty                 FaultKind = "empty"     // HTTP 200 without a body

	InvalidCode    FaultKind = "invalid-code" // the grant is dead
	InvalidClient  FaultKind = "invalid-client"
	OAuthThrottled FaultKind = "oauth-throttled"
	Milliseconds   FaultKind = "milliseconds" // the usual token, its life in milliseconds
)

// playFault gives a kind's answer. usual is what the answer would have been.
var playFault = map[FaultKind]func(z *Zoho, usual func() answer) answer{
	Hang:  nil, // see endure
	Reset: func(*Zoho, func() answer) answer { return answer{} },

	InvalidToken:          refusing(unknownToken),
	AuthenticationFailure: refusing(missingToken),
	ScopeMismatch:         refusing(wrongScope),
	NoAPIAccess:           refusing(noAPIAccess),
	NotFound:              refusing(unknownPath),
	Throttled:             refusing(tooMany),
	ThrottledOld: func(*Zoho, func() answer) answer {
		return encoded(http.StatusTooManyRequests, object{"code": http.StatusTooManyRequests, "error": "TOO_MANY_REQUESTS", "error_info": "", "details": []string{}})
	},
	InternalError: refusing(refusal{http.StatusInternalServerError, "INTERNAL_ERROR", "Internal Server Error", nil}),
	HTML: func(*Zoho, func() answer) answer {
		h := http.Header{"Content-Type": {"text/html;charset=UTF-8"}}
		return answer{http.StatusBadGateway, h, []byte("<html><body>Bad Gateway</body></html>")}
	},
	Truncated: func(_ *Zoho, usual func() answer) answer {
		a := usual()
		a.body = a.body[:len(a.body)/2]
		return a
	},
	Empty: func(*Zoho, func() answer) answer { return empty(http.StatusOK) },

	InvalidCode:    func(z *Zoho, _ func() answer) answer { return z.oauthError("invalid_code") },
	InvalidClient:  func(z *Zoho, _ func() answer) answer { return z.oauthError("invalid_client") },
	OAuthThrottled: func(z *Zoho, _ func() answer) answer { return z.throttle() },
	Milliseconds:   inMilliseconds,
}

func refusing(r refusal) func(*Zoho, func() answer) answer {
	return func(*Zoho, func() answer) answer { return r.answer() }
}

// inMilliseconds is how older replies tell a token's life.
func inMilliseconds(_ *Zoho, usual func() answer) answer {
	a := usual()
	var reply object
	if json.Unmarshal(a.body, &reply) != nil || reply["expires_in"] == nil {
		return a
	}
	reply["expires_in"] = tokenLife.Milliseconds()
	reply["expires_in_sec"] = int(tokenLife.Seconds())
	return encoded(a.status, reply)
}

// FaultKinds lists the kinds by name.
func FaultKinds() []FaultKind { return slices.Sorted(maps.Keys(playFault)) }

// fault is a Fault and how often it has been met.
type fault struct {
	Fault
	query       url.Values
	passed, hit int
}

// What may be wrong with a Fault.
var (
	errFaultQuery  = errors.New("a query is parameters as they stand in an address")
	errFault       = errors.New("a fault needs a known kind or a latency")
	errFaultStatus = errors.New("a status goes from 200 to 599, and status and retry_after with a kind")
)

// AddFault lets a fault happen from now on, beside those that do already.
func (z *Zoho) AddFault(f Fault) error {
	if _, known := playFault[f.Kind]; !known && (f.Kind != "" || f.Latency <= 0) {
		return errFault
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) || f.Kind == "" && (f.Status != 0 || f.RetryAfter != 0) {
		return errFaultStatus
	}
	if _, known := schemas[f.Module]; f.Module != "" && !known {
		return fmt.Errorf("a fault of %q: %w", f.Module, errNoModule)
	}
	query, err := url.ParseQuery(f.Query)
	if err != nil {
		return errFaultQuery
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.faults = append(z.faults, &fault{Fault: f, query: query})
	return nil
}

// ClearFaults ends all faults.
func (z *Zoho) ClearFaults() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.faults = nil
}

// begin notes a request and tells what will befall it.
func (z *Zoho) begin(r request) (entry int, day Fault) {
	z.mu.Lock()
	defer z.mu.Unlock()
	entry = z.log.begin(r, z.now())
	for _, f := range z.faults {
		if !z.hits(f, r) {
			continue
		}
		day.Latency += f.Latency
		if day.Kind == "" {
			day.Kind, day.Status, day.RetryAfter = f.Kind, f.Status, f.RetryAfter
		}
	}
	if _, crm := endpoints[r.kind]; crm && day.Kind == "" && z.MaxConcurrent > 0 && z.log.crm() > z.MaxConcurrent {
		day.Kind = Throttled
	}
	if day.Kind != Throttled && day.Kind != ThrottledOld {
		z.log.credits += z.cost(r)
	}
	return entry, day
}

func (z *Zoho) hits(f *fault, r request) bool {
	if !strings.HasPrefix(r.URL.Path, f.Path) || !has(r.query(), f.query) || f.Module != "" && f.Module != r.about() {
		return false
	}
	if f.passed++; f.passed <= f.After || f.Times > 0 && f.hit == f.Times {
		return false
	}
	if f.Probability > 0 && z.chance.Float64() >= f.Probability {
		return false
	}
	f.hit++
	return true
}

// about is the module whose records a call reads, empty if it is about none.
func (r request) about() string {
	if r.kind == COQLCall {
		query, _ := r.selectQuery()
		return moduleOf(query)
	}
	return r.module
}

// has reports whether parameters are as others say.
func has(all, some url.Values) bool {
	for name := range some {
		if all.Get(name) != some.Get(name) {
			return false
		}
	}
	return true
}

// endure answers a request on its day.
func (z *Zoho) endure(r request, day Fault) answer {
	usual := func() answer { return z.usual(r) }
	if !wait(r.Context(), day.Latency) || day.Kind == Hang {
		<-r.Context().Done()
		return answer{}
	}
	if day.Kind == "" {
		return usual()
	}
	a := playFault[day.Kind](z, usual)
	if a.status == 0 {
		return a
	}
	a.status = cmp.Or(day.Status, a.status)
	if day.RetryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(day.RetryAfter.Seconds()))))
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

// usual is the answer on a good day.
func (z *Zoho) usual(r request) answer {
	z.mu.Lock()
	defer z.mu.Unlock()
	switch r.kind {
	case TokenCall:
		return z.token(r)
	case RevokeCall:
		return z.revokeToken(r)
	}
	return z.crm(r)
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
