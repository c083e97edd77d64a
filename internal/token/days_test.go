package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

const every = 10 * time.Minute // the schedule's

var quiet = slog.New(slog.DiscardHandler)

// exchangesAt are the times of all requests for a token, by Zoho's clock.
func (w world) exchangesAt() []time.Time {
	var at []time.Time
	for _, call := range w.zoho.Calls() {
		if call.Kind == zohosim.TokenCall {
			at = append(at, call.At)
		}
	}
	return at
}

// holdsBudget fails where more than five exchanges lie within ten minutes.
func (w world) holdsBudget(t *testing.T) {
	t.Helper()
	all := w.exchangesAt()
	for i, at := range all {
		n := 0
		for _, other := range all[i:] {
			if other.Sub(at) < 10*time.Minute {
				n++
			}
		}
		if n > 5 {
			t.Errorf("%d exchanges in ten minutes", n)
			return
		}
	}
}

// works reports why Zoho does not take the token that is stored; nil: it does.
func (w world) works(ctx context.Context) error {
	return w.process(ctx, nil)()
}

// process is one of users-query, which asks Zoho for something small. Without a
// Keeper it tells nobody when the token is refused.
func (w world) process(ctx context.Context, k *token.Keeper) (ask func() error) {
	tokens := &token.Source{Store: w.values, Name: "access-token", Log: quiet}
	client := &zoho.Client{Tokens: tokens.Token, HTTP: &http.Client{Transport: w.zoho}, Log: quiet}
	if k != nil {
		client.Refused = tokens.Refused
		tokens.Tell = func(_ context.Context, version string) error {
			_, _ = k.Run(ctx, token.Request{Reason: token.Refused, Version: version})
			return nil
		}
	}
	return func() error {
		_, err := client.Org(ctx)
		return err
	}
}

// run is a run of the schedule. Its error is of no matter.
func (w world) run(ctx context.Context) { _, _ = w.Run(ctx, token.Request{}) }

// health is how the stored token is.
func (w world) health(t *testing.T) token.Health {
	t.Helper()
	h, err := token.ReadHealth(t.Context(), w.values, "access-token")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// steps counts what a run does, and ends the run at one of them as a crash does.
type steps struct {
	store.Store
	next  http.RoundTripper
	count int
	crash int // the step at which the run dies; zero: none
	names []string
}

func (s *steps) step(name string) {
	s.count++
	s.names = append(s.names, name)
	if s.count == s.crash {
		runtime.Goexit()
	}
}

func (s *steps) Read(ctx context.Context, name string) (store.Value, error) {
	s.step("before reading " + name)
	value, err := s.Store.Read(ctx, name)
	s.step("after reading " + name)
	return value, err
}

func (s *steps) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	s.step("before writing " + name)
	version, err := s.Store.WriteIfUnchanged(ctx, name, data, version)
	s.step("after writing " + name)
	return version, err
}

func (s *steps) RoundTrip(r *http.Request) (*http.Response, error) {
	s.step("before the exchange")
	reply, err := s.next.RoundTrip(r)
	s.step("after the exchange")
	return reply, err
}

func (s *steps) notify(context.Context, token.Notice) error {
	s.step("after telling")
	return nil
}

// TestACrashAtAnyStep: the runs after it recover, no token is lost and the
// budget holds, whatever the run was for.
func TestACrashAtAnyStep(t *testing.T) {
	for name, scenario := range map[string]struct {
		prepare func(world)
		request token.Request
		mend    func(world)
		steps   int
	}{
		"when it is due":            {prepare: func(world) { time.Sleep(25*time.Minute + time.Second) }, steps: 10},
		"when Zoho has refused it":  {prepare: func(w world) { w.zoho.ExpireTokens() }, request: token.Request{Reason: token.Refused}, steps: 10},
		"when it is forced":         {request: token.Request{Force: true}, steps: 10},
		"when Zoho fails":           {prepare: func(w world) { w.fail(zohosim.InternalError, 1); time.Sleep(26 * time.Minute) }, steps: 10},
		"when the grant is dead":    {prepare: func(w world) { w.fail(zohosim.InvalidCode, 0); time.Sleep(26 * time.Minute) }, mend: world.mend, steps: 11},
		"when the grant comes anew": {prepare: func(w world) { w.rotate(2); time.Sleep(26 * time.Minute) }, steps: 12},
	} {
		for crash := 1; ; crash++ {
			done := false
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.connect(t)
				w.run(t.Context())
				if scenario.prepare != nil {
					scenario.prepare(w)
				}
				request := scenario.request
				if request.Reason == token.Refused {
					request.Version = w.health(t).Version
				}
				s := w.crashAt(t, crash, request)
				done = s.count < crash
				if done && s.count != scenario.steps {
					t.Errorf("%s: a run takes %d steps, want %d: %q", name, s.count, scenario.steps, s.names)
				}
				w.recovers(t, fmt.Sprintf("%s, crash %s", name, s.names[len(s.names)-1]), scenario.mend)
			})
			if done {
				break
			}
		}
	}
}

// crashAt has one run die at a step.
func (w world) crashAt(t *testing.T, crash int, r token.Request) *steps {
	t.Helper()
	s := &steps{Store: w.Store, next: w.HTTP.Transport, crash: crash}
	dying := *w.Keeper
	dying.Store, dying.HTTP, dying.Notify = s, &http.Client{Transport: s}, s.notify
	var run sync.WaitGroup
	run.Go(func() { _, _ = dying.Run(t.Context(), r) })
	run.Wait()
	return s
}

// recovers fails unless the schedule alone gets over what happened.
func (w world) recovers(t *testing.T, name string, mend func(world)) {
	t.Helper()
	ask := w.process(t.Context(), w.Keeper)
	for minute := range 180 {
		time.Sleep(time.Minute)
		if minute == 45 && mend != nil {
			mend(w)
		}
		if minute%10 == 0 {
			w.run(t.Context())
		}
		var stored struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(w.stored(t)), &stored); err != nil || stored.AccessToken == "" {
			t.Fatalf("%s: minute %d: stored %s", name, minute, w.stored(t))
		}
		if err := ask(); err != nil && (mend == nil || minute > 60) && minute > 10 {
			t.Fatalf("%s: minute %d: %v; stored %s", name, minute, err, w.stored(t))
		}
	}
	if h := w.health(t); h.Failure.Class != "" || h.Latched != "" || time.Until(h.Expiry) < 25*time.Minute {
		t.Errorf("%s: got %+v", name, h)
	}
	w.holdsBudget(t)
}

// fail spoils the next exchanges; zero times: all.
func (w world) fail(kind zohosim.FaultKind, times int) {
	w.add(zohosim.Fault{Path: "/oauth/", Kind: kind, Times: times})
}

func (w world) add(f zohosim.Fault) {
	if err := w.zoho.AddFault(f); err != nil {
		panic(err)
	}
}

// mend ends the faults, and is what an operator does who connects Zoho anew.
func (w world) mend() {
	w.zoho.ClearFaults()
	ctx := context.Background()
	c := token.Client{ClientID: w.zoho.ClientID, ClientSecret: w.zoho.ClientSecret, RefreshToken: w.zoho.RefreshToken, AccountsServer: w.AccountsURL}
	if err := token.WriteClient(ctx, w.values, "oauth-client", c); err != nil {
		panic(err)
	}
}

// rotate has Zoho send a new refresh token with each access token, which it is
// not known to do. It takes the last so many of them.
func (w world) rotate(taken int) {
	w.HTTP.Transport = &rotating{next: w.HTTP.Transport, real: w.zoho.RefreshToken, sent: []string{w.zoho.RefreshToken}, taken: taken}
}

type rotating struct {
	next  http.RoundTripper
	real  string
	sent  []string
	taken int
}

func (r *rotating) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.sent[max(0, len(r.sent)-r.taken):], form.Get("refresh_token")) {
		form.Set("refresh_token", r.real)
	} else {
		form.Set("refresh_token", "pushed-out")
	}
	given := form.Encode()
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader(given)), int64(len(given))
	reply, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(reply.Body)
	if err == nil && bytes.Contains(data, []byte(`"access_token"`)) {
		r.sent = append(r.sent, fmt.Sprintf("rotated-%d", len(r.sent)))
		data = bytes.Replace(data, []byte("{"), []byte(`{"refresh_token":"`+r.sent[len(r.sent)-1]+`",`), 1)
	}
	reply.Body, reply.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return reply, err
}

// slow is a store whose operations take time, so that runs meet in them.
type slow struct{ store.Store }

func (s slow) Read(ctx context.Context, name string) (store.Value, error) {
	time.Sleep(50 * time.Millisecond)
	return s.Store.Read(ctx, name)
}

func (s slow) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	time.Sleep(50 * time.Millisecond)
	version, err := s.Store.WriteIfUnchanged(ctx, name, data, version)
	time.Sleep(50 * time.Millisecond)
	return version, err
}

// TestTwentyTriggersAreOneExchange, at once or one after the other.
func TestTwentyTriggersAreOneExchange(t *testing.T) {
	for _, apart := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 77 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.connect(t)
			w.run(t.Context())
			time.Sleep(26 * time.Minute)
			w.Store = slow{w.values}
			w.add(zohosim.Fault{Path: "/oauth/", Latency: 300 * time.Millisecond})
			var all sync.WaitGroup
			for i := range 20 {
				keeper := *w.Keeper // a process of its own
				all.Go(func() {
					time.Sleep(time.Duration(i) * apart)
					report, err := keeper.Run(t.Context(), token.Request{})
					if err != nil || !slices.Contains([]token.Outcome{token.Exchanged, token.UnderWay, token.Fresh}, report.Outcome) {
						t.Errorf("%v apart: got %+v, %v", apart, report, err)
					}
				})
			}
			all.Wait()
			if w.exchanges() != 2 {
				t.Errorf("%v apart: %d exchanges, want the first and one more", apart, w.exchanges())
			}
		})
	}
}

// TestTwentyProcessesWithARefusedTokenAreOneExchange, though some of them read
// the claim's version of it.
func TestTwentyProcessesWithARefusedTokenAreOneExchange(t *testing.T) {
	for _, apart := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond, 77 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.connect(t)
			w.run(t.Context())
			w.zoho.ExpireTokens()
			w.Store = slow{w.values}
			w.add(zohosim.Fault{Path: "/oauth/", Latency: 300 * time.Millisecond})
			var all sync.WaitGroup
			for i := range 20 {
				source := &token.Source{Store: w.Store, Name: "access-token", Log: quiet}
				source.Tell = func(ctx context.Context, version string) error {
					keeper := *w.Keeper
					all.Go(func() {
						if _, err := keeper.Run(t.Context(), token.Request{Reason: token.Refused, Version: version}); err != nil {
							t.Error(err)
						}
					})
					return nil
				}
				client := &zoho.Client{Tokens: source.Token, Refused: source.Refused, HTTP: &http.Client{Transport: w.zoho}}
				all.Go(func() {
					time.Sleep(time.Duration(i) * apart)
					_, _ = client.ListUsers(t.Context(), zoho.ListUsersOptions{})
				})
			}
			all.Wait()
			if err := w.works(t.Context()); err != nil || w.exchanges() != 2 {
				t.Errorf("%v apart: %d exchanges, want the first and one more; %v", apart, w.exchanges(), err)
			}
		})
	}
}

// behind is a store that gives a token of before so many times.
type behind struct {
	store.Store
	before store.Value
	times  *int
}

func (b behind) Read(ctx context.Context, name string) (store.Value, error) {
	if name != "access-token" || *b.times == 0 {
		return b.Store.Read(ctx, name)
	}
	*b.times--
	return b.before, nil
}

// TestAReadThatIsBehind leads to no exchange, and is no error unless it stays so.
func TestAReadThatIsBehind(t *testing.T) {
	for times, want := range map[int]error{1: nil, 2: nil, 4: nil, 5: store.ErrChanged} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := settled(t)
			time.Sleep(26 * time.Minute)
			before, err := w.values.Read(t.Context(), "access-token")
			if err != nil {
				t.Fatal(err)
			}
			w.run(t.Context())
			left := times
			w.Store = behind{w.values, before, &left}
			report, err := w.Run(t.Context(), token.Request{})
			if !errors.Is(err, want) || report.Outcome != token.UnderWay || w.exchanges() != 2 {
				t.Errorf("%d reads behind: got %+v, %v after %d exchanges; want %v", times, report, err, w.exchanges(), want)
			}
		})
	}
}

// asleep is a computer that sleeps in an exchange, for longer than its time-out.
type asleep struct {
	next http.RoundTripper
	long time.Duration
}

func (a asleep) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(a.long)
	return a.next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
}

// TestARunThatOutlivesItsClaim leaves what another has done or does meanwhile.
func TestARunThatOutlivesItsClaim(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := settled(t)
			time.Sleep(26 * time.Minute)
			late, other := *w.Keeper, *w.Keeper
			late.Store, other.Store = w.values, w.values // which both may use at once
			late.HTTP = &http.Client{Transport: asleep{w.zoho, 130 * time.Second}}
			other.HTTP = &http.Client{Transport: asleep{w.zoho, takes}}
			var both sync.WaitGroup
			both.Go(func() {
				if report, err := late.Run(t.Context(), token.Request{}); err != nil || report.Outcome != token.UnderWay || report.Exchanged {
					t.Errorf("beside one of %v: got %+v, %v", takes, report, err)
				}
			})
			time.Sleep(121 * time.Second)
			both.Go(func() {
				if report, err := other.Run(t.Context(), token.Request{}); err != nil || !report.Exchanged {
					t.Errorf("the other, of %v: got %+v, %v", takes, report, err)
				}
			})
			both.Wait()
			if err := w.works(t.Context()); err != nil {
				t.Errorf("beside one of %v: %v", takes, err)
			}
		})
	}
}

// told collects notices.
type told struct {
	notices []token.Notice
	fails   error
}

func (n *told) notify(_ context.Context, notice token.Notice) error {
	if n.fails != nil {
		return n.fails
	}
	n.notices = append(n.notices, notice)
	return nil
}

func (n *told) kinds() (kinds []token.Kind) {
	for _, notice := range n.notices {
		kinds = append(kinds, notice.Kind)
	}
	return kinds
}

// TestADayOfADeadGrant: three processes of users-query keep being refused.
func TestADayOfADeadGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, said := newWorld(), &told{}
		w.connect(t)
		w.Notify = said.notify
		w.run(t.Context())
		w.fail(zohosim.InvalidCode, 0)
		w.zoho.ExpireTokens()
		for minute := range 24 * 60 {
			time.Sleep(time.Minute)
			if minute%10 == 0 {
				w.run(t.Context())
			}
			for range 3 {
				_, _ = w.Run(t.Context(), token.Request{Reason: token.Refused, Version: w.health(t).Version})
			}
		}
		if tried := w.exchanges() - 1; tried < 1 || tried > 3 {
			t.Errorf("%d exchanges of a dead grant in a day", tried)
		}
		if got := said.kinds(); !slices.Equal(got, []token.Kind{token.GrantDead, token.LowLife}) {
			t.Errorf("told %q", got)
		}
		w.mend()
		for range 6 {
			time.Sleep(every)
			w.run(t.Context())
		}
		if got := said.kinds()[2:]; !slices.Equal(got, []token.Kind{token.Recovered}) {
			t.Errorf("after it was mended: told %q", got)
		}
		if err := w.works(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestAnOutageAroundAnExpiry of a quarter of an hour, wherever it and the
// schedule lie: Zoho never refuses the token of whoever asks.
func TestAnOutageAroundAnExpiry(t *testing.T) {
	for offset := range 10 {
		for begins := 20; begins < 60; begins++ { // the first exchange is due after 25
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.connect(t)
				w.run(t.Context())
				for minute := range 100 {
					time.Sleep(time.Minute)
					switch minute {
					case begins:
						w.fail(zohosim.InternalError, 0)
					case begins + 15:
						w.zoho.ClearFaults()
					}
					if minute%10 == offset {
						w.run(t.Context())
					}
					if minute < begins {
						continue
					}
					if err := w.works(t.Context()); err != nil {
						t.Fatalf("schedule at minute %d, outage from minute %d: in minute %d: %v", offset, begins, minute, err)
					}
				}
			})
		}
	}
}

// skewed is a store as a computer sees it whose clock is wrong: what it writes
// is in its own time.
type skewed struct {
	store.Store
	ahead time.Duration
}

var timestamp = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*Z"`)

func shifted(data []byte, by time.Duration) []byte {
	return timestamp.ReplaceAllFunc(data, func(at []byte) []byte {
		var told time.Time
		if err := json.Unmarshal(at, &told); err != nil {
			return at
		}
		data, _ := json.Marshal(told.Add(by))
		return data
	})
}

func (s skewed) Read(ctx context.Context, name string) (store.Value, error) {
	value, err := s.Store.Read(ctx, name)
	value.Data = shifted(value.Data, -s.ahead)
	return value, err
}

func (s skewed) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	return s.Store.WriteIfUnchanged(ctx, name, shifted(data, s.ahead), version)
}

// TestClocksThatAreWrong by ten minutes, all of them or one run in two: there is
// still one token that works.
func TestClocksThatAreWrong(t *testing.T) {
	const wrong = 10 * time.Minute
	for name, ahead := range map[string][]time.Duration{
		"ahead": {wrong}, "behind": {-wrong}, "one ahead, one behind": {wrong, -wrong}, "right and ahead": {0, wrong}, "right and behind": {0, -wrong}, "at random": {0, wrong, wrong, -wrong, 0, 0, -wrong},
	} {
		for _, outage := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.connect(t)
				for run := range 6 * 12 {
					w.Store = skewed{w.values, ahead[run%len(ahead)]}
					if outage && run == 20 {
						w.fail(zohosim.InternalError, 1)
					}
					w.run(t.Context())
					for range 10 {
						if err := w.works(t.Context()); err != nil {
							t.Fatalf("%s: run %d: %v", name, run, err)
						}
						time.Sleep(time.Minute)
					}
				}
				if n := w.exchanges(); n < 12 || n > 6*12/2+1 {
					t.Errorf("%s: %d exchanges in twelve hours", name, n)
				}
				w.holdsBudget(t)
			})
		}
	}
}

// TestTheBudgetHoldsWhateverCalls: every token is refused at once.
func TestTheBudgetHoldsWhateverCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.connect(t)
		over := 0
		for i := range 6 * 60 {
			r := token.Request{Reason: token.Refused, Version: "of before"}
			if i%2 == 0 {
				r = token.Request{Force: true}
			} else if i > 1 {
				r.Version = w.health(t).Version
			}
			report, err := w.Run(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if report.Outcome == token.OverBudget {
				over++
				if left := time.Until(report.Next); left <= 0 || left > 10*time.Minute {
					t.Errorf("the next exchange is allowed in %v", left)
				}
			}
			time.Sleep(20 * time.Second)
		}
		if over < 100 {
			t.Errorf("%d runs were over the budget", over)
		}
		if n := w.exchanges(); n < 5*11 || n > 5*12 {
			t.Errorf("%d exchanges in two hours", n)
		}
		w.holdsBudget(t)
	})
}
