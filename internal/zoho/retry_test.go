package zoho_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// faulty is a client of a sample organisation with a bad day.
func faulty(t *testing.T, f zohosim.Fault) (*zoho.Client, *zohosim.Zoho) {
	t.Helper()
	sim := euSim()
	client := connected(t, sim)
	if err := sim.AddFault(f); err != nil {
		t.Fatal(err)
	}
	return client, sim
}

func TestPassingFailuresAreRepeatedTwice(t *testing.T) {
	for _, f := range []zohosim.Fault{
		{Kind: zohosim.Reset}, {Kind: zohosim.InternalError}, {Kind: zohosim.HTML}, {Kind: zohosim.HTML, Status: 503},
		{Kind: zohosim.Throttled}, {Kind: zohosim.ThrottledOld},
	} {
		for times := 1; times <= 4; times++ {
			synctest.Test(t, func(t *testing.T) {
				f.Times = times
				client, sim := faulty(t, f)
				started := time.Now()
				_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
				took := time.Since(started)
				if calls, want := sim.Count(zohosim.UsersCall), min(times+1, 3); calls != want || (err == nil) != (times <= 2) {
					t.Errorf("%s, %d times: got %v after %d calls, want %d", f.Kind, times, err, calls, want)
				}
				least, most := 100*time.Millisecond, 300*time.Millisecond
				if times > 1 {
					least, most = 300*time.Millisecond, 900*time.Millisecond
				}
				if took < least || took > most {
					t.Errorf("%s, %d times: took %v, want between %v and %v", f.Kind, times, took, least, most)
				}
			})
		}
	}
}

// TestPausesDiffer: callers who failed together do not come back together.
func TestPausesDiffer(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			client, _ := faulty(t, zohosim.Fault{Kind: zohosim.InternalError, Times: 1})
			started := time.Now()
			if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); err != nil {
				t.Error(err)
			}
			seen[time.Since(started)] = true
		})
	}
	if len(seen) < 10 {
		t.Errorf("20 pauses had %d lengths", len(seen))
	}
}

func TestOtherFailuresAreNotRepeated(t *testing.T) {
	for _, f := range []zohosim.Fault{
		{Kind: zohosim.InvalidToken}, {Kind: zohosim.AuthenticationFailure}, {Kind: zohosim.ScopeMismatch}, {Kind: zohosim.NoAPIAccess},
		{Kind: zohosim.NotFound}, {Kind: zohosim.Truncated}, {Kind: zohosim.HTML, Status: 200}, {Kind: zohosim.HTML, Status: 404},
	} {
		client, sim := faulty(t, f)
		if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); err == nil || sim.Count(zohosim.UsersCall) != 1 {
			t.Errorf("%+v: got %v after %d calls, want one", f, err, sim.Count(zohosim.UsersCall))
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for after, want := range map[time.Duration]bool{3 * time.Second: true, 10 * time.Second: false, time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			client, sim := faulty(t, zohosim.Fault{Kind: zohosim.Throttled, Times: 1, RetryAfter: after})
			started := time.Now()
			_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
			took := time.Since(started)
			if want && (err != nil || took < after || took > after+time.Second) {
				t.Errorf("%v: got %v after %v", after, err, took)
			}
			if e, ok := errors.AsType[*zoho.Error](err); !want && (!ok || e.RetryAfter != after || took > 0 || sim.Count(zohosim.UsersCall) != 1) {
				t.Errorf("%v: got %v after %v", after, err, took)
			}
		})
	}
}

func TestRetryAfterMayBeADate(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "Sat, 01 Jan 2000 00:00:30 GMT": 30 * time.Second,
		"Fri, 31 Dec 1999 00:00:00 GMT": 0, "-1": 0, "soon": 0, "": 0, "99999999999": 0,
	} {
		synctest.Test(t, func(t *testing.T) { // its clock begins at midnight, 1 January 2000
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			client := replying(429, "")
			client.HTTP.Transport = withHeader(client.HTTP.Transport, "Retry-After", header)
			_, err := client.ListUsers(ctx, zoho.ListUsersOptions{})
			if e, ok := errors.AsType[*zoho.Error](err); !ok || e.RetryAfter != want {
				t.Errorf("%q: got %v, want %v", header, err, want)
			}
		})
	}
}

// withHeader adds a header to every reply.
func withHeader(next http.RoundTripper, name, value string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		reply, err := next.RoundTrip(r)
		if err == nil {
			reply.Header.Set(name, value)
		}
		return reply, err
	})
}

// TestNothingIsRepeatedPastTheDeadline: the answer to a person is due.
func TestNothingIsRepeatedPastTheDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		fault zohosim.Fault
		calls int
		want  error
		most  time.Duration
	}{
		"a pause beyond it":   {zohosim.Fault{Kind: zohosim.Throttled, RetryAfter: 2 * time.Second}, 1, zoho.ErrThrottled, 0},
		"a pause within it":   {zohosim.Fault{Kind: zohosim.Throttled, RetryAfter: time.Second, Times: 1}, 2, nil, 1300 * time.Millisecond},
		"a slow failure":      {zohosim.Fault{Kind: zohosim.InternalError, Latency: 1450 * time.Millisecond}, 1, zoho.ErrUnavailable, 1450 * time.Millisecond},
		"no answer":           {zohosim.Fault{Kind: zohosim.Hang}, 1, context.DeadlineExceeded, 1500 * time.Millisecond},
		"an answer too late":  {zohosim.Fault{Latency: time.Minute}, 1, context.DeadlineExceeded, 1500 * time.Millisecond},
		"quick failures only": {zohosim.Fault{Kind: zohosim.InternalError}, 3, zoho.ErrUnavailable, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, sim := faulty(t, test.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			started := time.Now()
			_, err := client.ListUsers(ctx, zoho.ListUsersOptions{})
			if took := time.Since(started); !errors.Is(err, test.want) || took > test.most || sim.Count(zohosim.UsersCall) != test.calls {
				t.Errorf("%s: got %v after %v and %d calls; want %v within %v and %d", name, err, took, sim.Count(zohosim.UsersCall), test.want, test.most, test.calls)
			}
		})
	}
}

func TestACallerWhoGivesUpEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, sim := faulty(t, zohosim.Fault{Kind: zohosim.Throttled, RetryAfter: 5 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		started := time.Now()
		_, err := client.ListUsers(ctx, zoho.ListUsersOptions{})
		if took := time.Since(started); !errors.Is(err, zoho.ErrThrottled) || took != time.Second || sim.Count(zohosim.UsersCall) != 1 {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

func TestEachExchangeIsOneRequest(t *testing.T) {
	for _, f := range []zohosim.Fault{
		{Kind: zohosim.Reset}, {Kind: zohosim.InternalError}, {Kind: zohosim.HTML}, {Kind: zohosim.OAuthThrottled}, {Kind: zohosim.InvalidCode},
		{Kind: zohosim.InvalidClient, Status: 400}, {Kind: zohosim.Truncated}, {Kind: zohosim.Empty}, {Kind: zohosim.InvalidToken},
	} {
		sim := euSim()
		if err := sim.AddFault(f); err != nil {
			t.Fatal(err)
		}
		_, refreshErr := oauth(sim).Refresh(t.Context(), sim.RefreshToken)
		_, exchangeErr := oauth(sim).Exchange(t.Context(), sim.GrantToken)
		revokeErr := oauth(sim).Revoke(t.Context(), sim.RefreshToken)
		if refreshErr == nil || exchangeErr == nil || revokeErr == nil || len(sim.Calls()) != 3 {
			t.Errorf("%+v: got %v, %v, %v after %d requests, want three", f, refreshErr, exchangeErr, revokeErr, len(sim.Calls()))
		}
		for _, err := range []error{refreshErr, exchangeErr, revokeErr} {
			for _, secret := range []string{sim.ClientSecret, sim.RefreshToken, sim.GrantToken, "https://"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%+v: the error tells too much: %v", f, err)
				}
			}
		}
	}
}

// TestATokenIsAskedForOnce: a source may exchange one, and Zoho counts that.
func TestATokenIsAskedForOnce(t *testing.T) {
	for _, kind := range []zohosim.FaultKind{zohosim.OAuthThrottled, zohosim.InternalError, zohosim.Reset} {
		sim := euSim()
		if err := sim.AddFault(zohosim.Fault{Path: "/oauth/", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		client := &zoho.Client{HTTP: &http.Client{Transport: sim}, Log: quiet, Tokens: func(ctx context.Context) (zoho.Token, error) {
			grant, err := oauth(sim).Refresh(ctx, sim.RefreshToken)
			return grant.Token, err
		}}
		_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
		if known := errors.Is(err, zoho.ErrThrottled) || errors.Is(err, zoho.ErrUnavailable); !known || sim.Count(zohosim.TokenCall) != 1 {
			t.Errorf("%s: got %v after %d exchanges", kind, err, sim.Count(zohosim.TokenCall))
		}
	}
}

// TestWhatZohoSaidOutlastsTheDeadline: it tells more than that the time is over.
func TestWhatZohoSaidOutlastsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, sim := faulty(t, zohosim.Fault{Kind: zohosim.Throttled, Times: 1})
		if err := sim.AddFault(zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, After: 1}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := client.ListUsers(ctx, zoho.ListUsersOptions{}); !errors.Is(err, zoho.ErrThrottled) || sim.Count(zohosim.UsersCall) != 2 {
			t.Errorf("got %v after %d calls", err, sim.Count(zohosim.UsersCall))
		}
	})
}

// TestABodyThatEndsEarly is tried again at 200, and keeps its code at 401.
func TestABodyThatEndsEarly(t *testing.T) {
	for status, want := range map[int]error{200: zoho.ErrUnavailable, 401: zoho.ErrScopeMissing} {
		synctest.Test(t, func(t *testing.T) {
			closed, opened := 0, 0
			client := replying(0, "")
			client.HTTP.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
				opened++
				body := io.MultiReader(strings.NewReader(`{"code":"OAUTH_SCOPE_MISMATCH","message":"`), iotest.ErrReader(io.ErrUnexpectedEOF))
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: closer{body, &closed}}, nil
			})
			_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
			e, ok := errors.AsType[*zoho.Error](err)
			if !ok || !errors.Is(err, want) || e.Status != status || opened != map[int]int{200: 3, 401: 1}[status] || closed != opened {
				t.Errorf("%d: got %v after %d bodies, %d closed", status, err, opened, closed)
			}
		})
	}
}

type closer struct {
	io.Reader
	closed *int
}

func (c closer) Close() error { *c.closed++; return nil }

func TestACallerWhoGivesUpIsNoOutage(t *testing.T) {
	client, _ := faulty(t, zohosim.Fault{Kind: zohosim.Hang})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := client.ListUsers(ctx, zoho.ListUsersOptions{}); !errors.Is(err, context.Canceled) || errors.Is(err, zoho.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// TestCausesThatTellWhereToLook stay in the text: they hold addresses at most.
func TestCausesThatTellWhereToLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := replying(0, "")
		client.HTTP.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route")}
		})
		if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); !strings.HasSuffix(err.Error(), "unavailable: dial tcp: no route") {
			t.Errorf("got %v", err)
		}
	})
}
