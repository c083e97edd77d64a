package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// oncePerRequest is a fault that hits the nth request alone, counted from 1.
func oncePerRequest(n int, kind zohosim.FaultKind) zohosim.Fault {
	return zohosim.Fault{Path: "/crm/", Kind: kind, After: n - 1, Times: 1}
}

// TestARefusedTokenIsReplacedOnce, and what fails by itself is still made
// again twice. Each row's days befall one request after another.
func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	const refused, down, well = zohosim.InvalidToken, zohosim.InternalError, zohosim.FaultKind("")
	for name, test := range map[string]struct {
		days        []zohosim.FaultKind
		another     bool
		calls, told int
		want        error
	}{
		"there is another":          {[]zohosim.FaultKind{refused}, true, 2, 1, nil},
		"another way to refuse":     {[]zohosim.FaultKind{zohosim.AuthenticationFailure}, true, 2, 1, nil},
		"there is none":             {[]zohosim.FaultKind{refused}, false, 1, 1, zoho.ErrTokenRefused},
		"both refused":              {[]zohosim.FaultKind{refused, refused, refused}, true, 2, 2, zoho.ErrTokenRefused},
		"down before and after":     {[]zohosim.FaultKind{down, refused, down, well}, true, 4, 1, nil},
		"down thrice beside it":     {[]zohosim.FaultKind{down, refused, down, down, well}, true, 4, 1, zoho.ErrUnavailable},
		"refused again after that":  {[]zohosim.FaultKind{refused, down, refused, refused}, true, 3, 2, zoho.ErrTokenRefused},
		"another does not help":     {[]zohosim.FaultKind{zohosim.ScopeMismatch}, true, 1, 0, zoho.ErrScopeMissing},
		"nothing wrong":             {nil, true, 1, 0, nil},
		"throttled as the token is": {[]zohosim.FaultKind{refused, zohosim.Throttled, well}, true, 3, 1, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := euSim()
			client := connected(t, sim)
			for i, day := range test.days {
				if day != "" {
					if err := sim.AddFault(oncePerRequest(i+1, day)); err != nil {
						t.Fatal(err)
					}
				}
			}
			told := 0
			client.Refused = func(context.Context, zoho.Token) bool { told++; return test.another }
			_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
			if calls := sim.Count(zohosim.UsersCall); !errors.Is(err, test.want) || calls != test.calls || told != test.told {
				t.Errorf("%s: got %v after %d calls, told %d; want %v after %d, told %d", name, err, calls, told, test.want, test.calls, test.told)
			}
		})
	}
}

// TestRefusedIsToldTheTokenThatWas, and the repeat uses what Tokens gives then.
func TestRefusedIsToldTheTokenThatWas(t *testing.T) {
	sim := euSim()
	client := connected(t, sim)
	good, err := client.Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	current := zoho.Token{AccessToken: "old", APIDomain: good.APIDomain, Version: "v1"}
	client.Tokens = func(context.Context) (zoho.Token, error) { return current, nil }
	var told []zoho.Token
	client.Refused = func(_ context.Context, refused zoho.Token) bool {
		told = append(told, refused)
		current = good
		return true
	}
	if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); err != nil {
		t.Error(err)
	}
	if len(told) != 1 || told[0].AccessToken != "old" || told[0].Version != "v1" {
		t.Errorf("told of %d tokens", len(told))
	}
}

func TestARefusedTokenIsNotReplacedPastTheDeadline(t *testing.T) {
	client, sim := faulty(t, zohosim.Fault{Kind: zohosim.InvalidToken})
	ctx, cancel := context.WithCancel(t.Context())
	client.Refused = func(context.Context, zoho.Token) bool { cancel(); return true }
	if _, err := client.ListUsers(ctx, zoho.ListUsersOptions{}); !errors.Is(err, zoho.ErrTokenRefused) || sim.Count(zohosim.UsersCall) != 1 {
		t.Errorf("got %v after %d calls", err, sim.Count(zohosim.UsersCall))
	}
}

// TestASourceThatFailsIsNoRefusal: there is no token of which to tell.
func TestASourceThatFailsIsNoRefusal(t *testing.T) {
	client := replying(200, "")
	client.Tokens = func(context.Context) (zoho.Token, error) {
		return zoho.Token{}, fmt.Errorf("source: %w", zoho.ErrTokenRefused)
	}
	client.Refused = func(context.Context, zoho.Token) bool { t.Error("told"); return true }
	client.Done = func(context.Context, string, int, time.Duration, error) { t.Error("nothing was sent") }
	if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); !errors.Is(err, zoho.ErrTokenRefused) {
		t.Errorf("got %v", err)
	}
}

// TestATokenThatEndsWhileAllAreRead is replaced in every call, the count too.
func TestATokenThatEndsWhileAllAreRead(t *testing.T) {
	sim := euSim(generated(2345)...)
	client := connected(t, sim)
	for _, path := range []string{"/crm/v7/users", "/crm/v7/users/actions/count"} { // the first page, and the count
		if err := sim.AddFault(zohosim.Fault{Path: path, Kind: zohosim.InvalidToken, Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	client.Refused = func(context.Context, zoho.Token) bool { return true }
	users, err := client.ReadUsers(t.Context(), zoho.AllUsers)
	var statuses []int
	for _, c := range sim.Calls() {
		if c.Kind == zohosim.CountCall {
			statuses = append(statuses, c.Status)
		}
	}
	if err != nil || len(users) != 2345 || !slices.Equal(statuses, []int{401, 200}) {
		t.Errorf("got %d users, %v; the count ended in %d", len(users), err, statuses)
	}
}

// done is what Done was told.
type done struct {
	call    string
	credits int
	took    time.Duration
	err     error
}

func TestDoneIsToldOfEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, sim := faulty(t, zohosim.Fault{Path: "/crm/", Latency: 70 * time.Millisecond})
		for n, kind := range []zohosim.FaultKind{zohosim.InternalError, zohosim.InvalidToken} {
			if err := sim.AddFault(oncePerRequest(n+1, kind)); err != nil {
				t.Fatal(err)
			}
		}
		client.Refused = func(context.Context, zoho.Token) bool { return true }
		var got []done
		client.Done = func(_ context.Context, call string, credits int, took time.Duration, err error) {
			got = append(got, done{call, credits, took, err})
		}
		if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{Page: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.CountUsers(t.Context(), zoho.AllUsers); err != nil {
			t.Fatal(err)
		}
		want := []done{
			{"list users, page 1", 1, 70 * time.Millisecond, zoho.ErrUnavailable},
			{"list users, page 1", 1, 70 * time.Millisecond, zoho.ErrTokenRefused},
			{"list users, page 1", 1, 70 * time.Millisecond, nil},
			{"count users", 1, 70 * time.Millisecond, nil},
		}
		if !slices.EqualFunc(got, want, func(g, w done) bool {
			return g.call == w.call && g.credits == w.credits && g.took == w.took && errors.Is(g.err, w.err)
		}) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestDoneIsNotToldOfWhatWasNotSent: past the deadline nothing is.
func TestDoneIsNotToldOfWhatWasNotSent(t *testing.T) {
	client := connected(t, euSim())
	client.HTTP = nil // the real transport; it refuses before it looks where to
	client.Done = func(_ context.Context, call string, _ int, _ time.Duration, err error) {
		t.Errorf("told of %s, %v", call, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.ListUsers(ctx, zoho.ListUsersOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestDoneIsToldOfWhatGotNoAnswer: the quota may have been spent.
func TestDoneIsToldOfWhatGotNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := faulty(t, zohosim.Fault{Kind: zohosim.Hang})
		var got []done
		client.Done = func(_ context.Context, call string, credits int, took time.Duration, err error) {
			got = append(got, done{call, credits, took, err})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = client.ListUsers(ctx, zoho.ListUsersOptions{})
		if len(got) != 1 || got[0].took != time.Second || !errors.Is(got[0].err, context.DeadlineExceeded) {
			t.Errorf("got %v", got)
		}
	})
}

func TestDoneCountsCallsAtOnce(t *testing.T) {
	sim := euSim(generated(2345)...)
	client := connected(t, sim)
	exchanges := len(sim.Calls())
	var mu sync.Mutex
	told := 0
	client.Done = func(context.Context, string, int, time.Duration, error) {
		mu.Lock()
		defer mu.Unlock()
		told++
	}
	if _, err := client.ReadUsers(t.Context(), zoho.AllUsers); err != nil {
		t.Fatal(err)
	}
	if made := len(sim.Calls()) - exchanges; told != made || told == 0 {
		t.Errorf("told of %d of %d requests", told, made)
	}
}

// TestATokenShowsOnlyWhenItExpires, and nothing that names what is stored.
func TestATokenShowsOnlyWhenItExpires(t *testing.T) {
	token := zoho.Token{AccessToken: "s3cret", APIDomain: "https://s3cret", Version: "s3cret"}
	encoded, err := token.MarshalJSON()
	text := fmt.Sprintf("%v %+v %#v %s %s", token, token, token, token.LogValue(), encoded)
	if err != nil || strings.Contains(text, "s3cret") || !strings.Contains(text, "expires") {
		t.Error(text, err)
	}
}
