package zohosim_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
)

// with is a sample organisation with a fault, and a token from before it.
func with(t *testing.T, f zohosim.Fault) (*zohosim.Zoho, string) {
	t.Helper()
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	if err := sim.AddFault(f); err != nil {
		t.Fatal(err)
	}
	return sim, token
}

func TestFaultsThatAreAnswers(t *testing.T) {
	_, usual := get(t, zohosim.New(zohosim.Config{}), "", "/crm/v7/users")
	for _, test := range []struct {
		kind   zohosim.FaultKind
		status int
		body   string
	}{
		{zohosim.InvalidToken, 401, `"code":"INVALID_TOKEN"`},
		{zohosim.AuthenticationFailure, 401, `"code":"AUTHENTICATION_FAILURE"`},
		{zohosim.ScopeMismatch, 401, `"code":"OAUTH_SCOPE_MISMATCH"`},
		{zohosim.NoAPIAccess, 403, `{"code":"NO_PERMISSION","details":{"permissions":["Crm_Implied_Api_Access"]},"message":"permission denied","status":"error"}`},
		{zohosim.NotFound, 404, `"code":"INVALID_URL_PATTERN"`},
		{zohosim.Throttled, 429, `"code":"TOO_MANY_REQUESTS"`},
		{zohosim.ThrottledOld, 429, `{"code":429,"details":[],"error":"TOO_MANY_REQUESTS","error_info":""}`},
		{zohosim.InternalError, 500, `"code":"INTERNAL_ERROR"`},
		{zohosim.HTML, 502, "<html>"},
		{zohosim.Empty, 200, ""},
		{zohosim.InvalidCode, 200, `{"error":"invalid_code"}`},
		{zohosim.InvalidClient, 200, `{"error":"invalid_client"}`},
		{zohosim.OAuthThrottled, 200, `{"error":"Access Denied"`},
	} {
		sim, token := with(t, zohosim.Fault{Kind: test.kind, Path: "/crm/", Times: 1})
		status, body := get(t, sim, token, "/crm/v7/users")
		if status != test.status || !strings.Contains(body, test.body) || test.body == "" && body != "" {
			t.Errorf("%s: got %d %s", test.kind, status, body)
		}
		if calls := sim.Calls(); calls[1].Status != test.status {
			t.Errorf("%s: logged %+v", test.kind, calls[1])
		}
		if status, body := get(t, sim, token, "/crm/v7/users"); status != 200 || body == usual {
			t.Errorf("%s, afterwards: got %d", test.kind, status)
		}
		sim, token = with(t, zohosim.Fault{Kind: test.kind, Status: 418})
		if status, _ := get(t, sim, token, "/crm/v7/users"); status != 418 {
			t.Errorf("%s with a status: got %d", test.kind, status)
		}
	}
}

func TestTruncated(t *testing.T) {
	sim, token := with(t, zohosim.Fault{Kind: zohosim.Truncated, Times: 1})
	_, half := get(t, sim, token, "/crm/v7/users")
	_, whole := get(t, sim, token, "/crm/v7/users")
	if half == "" || len(half) != len(whole)/2 || !strings.HasPrefix(whole, half) {
		t.Errorf("got %d bytes of %d", len(half), len(whole))
	}
}

func TestMilliseconds(t *testing.T) {
	sim, _ := with(t, zohosim.Fault{Kind: zohosim.Milliseconds})
	if body := refresh(t, sim, sim.RefreshToken); !strings.Contains(body, `"expires_in":3600000,"expires_in_sec":3600`) || field(t, body, "access_token") == "" {
		t.Errorf("got %s", body)
	}
	if body := refresh(t, sim, "x"); body != `{"error":"invalid_code"}`+"\n" {
		t.Errorf("got %s", body)
	}
}

func TestWhichRequestsAFaultHits(t *testing.T) {
	for name, test := range map[string]struct {
		fault zohosim.Fault
		want  string // a letter for each of six requests: Fault or fine
	}{
		"all":          {zohosim.Fault{}, "FFFFFF"},
		"another path": {zohosim.Fault{Path: "/oauth/"}, "......"},
		"its path":     {zohosim.Fault{Path: "/crm/v7/us"}, "FFFFFF"},
		"two":          {zohosim.Fault{Times: 2}, "FF...."},
		"after three":  {zohosim.Fault{After: 3}, "...FFF"},
		"two of them":  {zohosim.Fault{After: 3, Times: 2}, "...FF."},
		"certainly":    {zohosim.Fault{Probability: 1}, "FFFFFF"},
		"hardly":       {zohosim.Fault{Probability: 1e-9}, "......"},
	} {
		test.fault.Kind = zohosim.InternalError
		sim, token := with(t, test.fault)
		got := ""
		for range 6 {
			if status, _ := get(t, sim, token, "/crm/v7/users"); status == 500 {
				got += "F"
			} else {
				got += "."
			}
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	sim, token := with(t, zohosim.Fault{Kind: zohosim.InternalError, Probability: 0.25})
	hit := 0
	for range 1000 {
		if status, _ := get(t, sim, token, "/crm/v7/users"); status == 500 {
			hit++
		}
	}
	if hit < 200 || hit > 300 {
		t.Errorf("hit %d of 1000, want about 250", hit)
	}
	sim.ClearFaults()
	if status, _ := get(t, sim, token, "/crm/v7/users"); status != 200 {
		t.Errorf("cleared: got %d", status)
	}
}

// TestAFaultOfOnePage hits no other page, no other type and no count.
func TestAFaultOfOnePage(t *testing.T) {
	sim, token := with(t, zohosim.Fault{Path: "/crm/v7/users", Query: "type=AllUsers&page=2", Kind: zohosim.InternalError})
	for path, want := range map[string]int{
		"users?page=1&per_page=5&type=AllUsers":    200,
		"users?page=2&per_page=5&type=AllUsers":    500,
		"users?type=AllUsers&per_page=5&page=2":    500,
		"users?page=3&per_page=5&type=AllUsers":    200,
		"users?page=2&per_page=5&type=ActiveUsers": 200,
		"users?page=2&per_page=5":                  200,
		"users?page=22&per_page=5&type=AllUsers":   204,
		"users/actions/count?type=AllUsers":        200,
	} {
		if status, body := get(t, sim, token, "/crm/v7/"+path); status != want {
			t.Errorf("%s: got %d %s, want %d", path, status, body, want)
		}
	}
}

// TestAScopeThatIsMissingLater: a path can be refused while others are open.
func TestAScopeThatIsMissingLater(t *testing.T) {
	sim, token := with(t, zohosim.Fault{Path: "/crm/v7/settings/", Kind: zohosim.ScopeMismatch})
	for path, want := range map[string]int{"settings/roles": 401, "settings/profiles": 401, "users": 200, "org": 200} {
		status, body := get(t, sim, token, "/crm/v7/"+path)
		if status != want || (status == 401) != strings.Contains(body, "OAUTH_SCOPE_MISMATCH") {
			t.Errorf("%s: got %d %s, want %d", path, status, body, want)
		}
	}
}

func TestSeveralFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, token := with(t, zohosim.Fault{Latency: time.Second})
		for _, f := range []zohosim.Fault{{Latency: time.Second, Kind: zohosim.Throttled, RetryAfter: 90 * time.Second}, {Kind: zohosim.InternalError}} {
			if err := sim.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
		started := time.Now()
		r := newRequest(t, http.MethodGet, api+"/crm/v7/users", "")
		r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
		reply, err := sim.RoundTrip(r)
		if err != nil || reply.StatusCode != 429 || reply.Header.Get("Retry-After") != "90" || time.Since(started) != 2*time.Second {
			t.Errorf("got %v, %v after %v", reply, err, time.Since(started))
		}
	})
}

func TestFaultsThatAreNone(t *testing.T) {
	for _, f := range []zohosim.Fault{{}, {Kind: "earthquake"}, {Latency: -1}, {Kind: zohosim.Hang, Query: "%"}} {
		if err := zohosim.New(zohosim.Config{}).AddFault(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

// TestNoAnswer without a network: hanging, slow and reset.
func TestNoAnswer(t *testing.T) {
	for _, test := range []struct {
		fault zohosim.Fault
		want  error
		took  time.Duration
	}{
		{zohosim.Fault{Kind: zohosim.Hang}, context.DeadlineExceeded, 3 * time.Second},
		{zohosim.Fault{Latency: time.Minute}, context.DeadlineExceeded, 3 * time.Second},
		{zohosim.Fault{Kind: zohosim.Reset}, syscall.ECONNRESET, 0},
		{zohosim.Fault{Kind: zohosim.Reset, Latency: time.Second}, syscall.ECONNRESET, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim, token := with(t, test.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			r := newRequest(t, http.MethodGet, api+"/crm/v7/users", "").WithContext(ctx)
			r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
			started := time.Now()
			_, err := sim.RoundTrip(r)
			if took := time.Since(started); !errors.Is(err, test.want) || took != test.took {
				t.Errorf("%+v: got %v after %v, want %v after %v", test.fault, err, took, test.want, test.took)
			}
			if last := sim.Calls()[1]; last.Status != 0 {
				t.Errorf("%+v: logged %+v", test.fault, last)
			}
		})
	}
}

// TestNoAnswerOverSockets: a real client sees a reset connection, over both
// versions of HTTP, and a server that hangs does not keep it.
func TestNoAnswerOverSockets(t *testing.T) {
	sim, _ := with(t, zohosim.Fault{Kind: zohosim.Reset, Path: "/crm/"})
	if err := sim.AddFault(zohosim.Fault{Kind: zohosim.Hang, Path: "/hang"}); err != nil {
		t.Fatal(err)
	}
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(sim)
		server.EnableHTTP2 = http2
		server.StartTLS()
		defer server.Close()
		if reply, err := server.Client().Get(server.URL + "/crm/v7/users"); err == nil {
			t.Errorf("HTTP/2 %v: got %s", http2, reply.Status)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/hang", nil)
		if err != nil {
			t.Fatal(err)
		}
		if reply, err := server.Client().Do(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("HTTP/2 %v: got %v, %v", http2, reply, err)
		}
	}
}

func TestHowManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{MaxConcurrent: 5})
		token := signIn(t, sim)
		if err := sim.AddFault(zohosim.Fault{Latency: time.Second}); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		statuses := map[int]int{}
		var calls sync.WaitGroup
		for range 7 {
			calls.Go(func() {
				status, _ := get(t, sim, token, "/crm/v7/users")
				mu.Lock()
				defer mu.Unlock()
				statuses[status]++
			})
		}
		calls.Wait()
		if statuses[200] != 5 || statuses[429] != 2 || sim.Busiest() != 7 {
			t.Errorf("got %v, %d at once", statuses, sim.Busiest())
		}
		for range 6 { // the accounts server's are not the CRM's
			calls.Go(func() { refresh(t, sim, sim.RefreshToken) })
		}
		synctest.Wait()
		if status, body := get(t, sim, token, "/crm/v7/users"); status != 200 {
			t.Errorf("beside six exchanges: got %d %s", status, body)
		}
		calls.Wait()
	})
}

func TestTheClock(t *testing.T) {
	now := recently()
	sim := zohosim.New(zohosim.Config{Now: func() time.Time { return now }})
	token := signIn(t, sim)
	headers := func() http.Header {
		r := newRequest(t, http.MethodGet, api+"/crm/v7/users", "")
		r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
		reply, err := sim.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return reply.Header
	}
	if h := headers(); h.Get("Date") != "Tue, 24 Nov 2026 09:30:00 GMT" || h.Get("X-Accesstoken-Reset") != "2026-11-24T02:30:00-08:00" {
		t.Errorf("got %v", h)
	}
	sim.AdvanceClock(-10 * time.Minute)
	if h := headers(); h.Get("Date") != "Tue, 24 Nov 2026 09:20:00 GMT" {
		t.Errorf("behind: got %v", h)
	}
	sim.AdvanceClock(80 * time.Minute)
	if status, body := get(t, sim, token, "/crm/v7/users"); status != 401 {
		t.Errorf("after the token's life: got %d %s", status, body)
	}
}

// TestWhatClientsSend writes requests to a socket as real clients were seen to.
func TestWhatClientsSend(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	server := httptest.NewServer(sim)
	defer server.Close()
	for _, request := range []string{
		"GET /crm/v7/users?type=AllUsers&page=1& HTTP/1.1\r\nContent-Length: 0\r\n",
		"GET /crm/v7/users? HTTP/1.1\r\n",
		"GET /crm/v7/users/5725767000000583032?& HTTP/1.1\r\nContent-Length: 0\r\nContent-Type: application/json\r\n",
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, request+"Host: www.zohoapis.com\r\nAuthorization: Zoho-oauthtoken "+token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || reply.StatusCode != 200 || reply.Header.Get("Content-Type") != "application/json;charset=UTF-8" {
			t.Errorf("%q: got %v, %v", request, reply, err)
		}
	}
}

// closing tells whether a body was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestRoundTripClosesTheBody(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	for name, cancelled := range map[string]bool{"answered": false, "given up": true} {
		ctx, cancel := context.WithCancel(t.Context())
		body := &closing{Reader: strings.NewReader("x")}
		r := newRequest(t, http.MethodPost, api+"/", "").WithContext(ctx)
		r.Body = body
		if cancelled {
			cancel()
		}
		if _, err := sim.RoundTrip(r); (err != nil) != cancelled || !body.closed {
			t.Errorf("%s: got %v, closed %v", name, err, body.closed)
		}
		cancel()
	}
}

// TestTheClockShowsOnBadDaysToo: a client may learn of skew from any answer.
func TestTheClockShowsOnBadDaysToo(t *testing.T) {
	now := recently()
	sim := zohosim.New(zohosim.Config{Now: func() time.Time { return now }})
	if err := sim.AddFault(zohosim.Fault{Kind: zohosim.HTML}); err != nil {
		t.Fatal(err)
	}
	reply, err := sim.RoundTrip(newRequest(t, http.MethodGet, api+"/crm/v7/users", ""))
	if err != nil || reply.Header.Get("Date") != "Tue, 24 Nov 2026 09:30:00 GMT" || reply.Header.Get("Content-Type") != "text/html;charset=UTF-8" {
		t.Errorf("got %v, %v", reply, err)
	}
}

func TestABodyBeyondReason(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	r := newRequest(t, http.MethodPost, api+"/crm/v7/coql", strings.Repeat("x", 2<<20))
	if status, body := call(t, sim, r); status != http.StatusRequestEntityTooLarge || field(t, body, "code") != "INVALID_REQUEST" {
		t.Errorf("got %d %s", status, body)
	}
}
