package token_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// recording is a store that counts what is written, and fails as it is told.
type recording struct {
	store.Store
	written []string // values of the token, in their order
	reads   error    // of every read
	of      string   // of this value alone; empty: of any
	writes  []error  // of the next writes; nil: it succeeds
}

func (r *recording) Read(ctx context.Context, name string) (store.Value, error) {
	if r.reads != nil && (r.of == "" || r.of == name) {
		return store.Value{}, r.reads
	}
	return r.Store.Read(ctx, name)
}

func (r *recording) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if len(r.writes) > 0 {
		err := r.writes[0]
		if r.writes = r.writes[1:]; err != nil {
			return "", err
		}
	}
	version, err := r.Store.WriteIfUnchanged(ctx, name, data, version)
	if err == nil {
		r.written = append(r.written, string(data))
	}
	return version, err
}

var errThrottled = errors.New("read secret: 400 ThrottlingException")

// settled is a world with a token that was just got, whose writes are recorded.
func settled(t *testing.T) (world, *recording) {
	t.Helper()
	w := newWorld()
	w.connect(t)
	w.run(t.Context())
	r := &recording{Store: w.values}
	w.Store = r
	return w, r
}

// answers is a Zoho that says one thing.
type answers struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// says has Zoho's accounts server answer every exchange like that.
func (w world) says(status int, body string, header ...string) {
	a := answers{status: status, body: body, header: http.Header{"Content-Type": {"application/json"}}}
	if len(header) > 0 {
		a.header.Set(header[0], header[1])
	}
	w.HTTP.Transport = a
}

const throttled = `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`

// TestClassesOfFailures: what each leaves in the value, and for how long Zoho is
// left alone.
func TestClassesOfFailures(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		class  token.Class
		code   string
		alone  time.Duration // until the next exchange, by runs every minute; zero: for good
	}{
		"a dead grant":               {200, `{"error":"invalid_code"}`, token.Dead, "invalid_code", 0},
		"an unknown client":          {200, `{"error":"invalid_client"}`, token.Dead, "invalid_client", 0},
		"a replaced secret":          {400, `{"error":"invalid_client_secret"}`, token.Dead, "invalid_client_secret", 0},
		"another dead client":        {200, `{"error":"invalid_client_s3cret"}`, token.Dead, "", 0},
		"another data centre":        {200, `{"access_token":"other","api_domain":"https://www.zohoapis.in","expires_in":3600}`, token.Dead, "other_data_centre", 0},
		"too many, at HTTP 200":      {200, throttled, token.Throttled, "", 10 * time.Minute},
		"too many, at HTTP 400":      {400, throttled, token.Throttled, "", 10 * time.Minute},
		"too many, at HTTP 429":      {429, `{}`, token.Throttled, "", 10 * time.Minute},
		"Zoho is down":               {503, `<html>s3cret</html>`, token.Transient, "", time.Minute},
		"an error that is new":       {200, `{"error":"general_s3cret"}`, token.Unknown, "", time.Minute},
		"another that is documented": {200, `{"error":"access_denied"}`, token.Unknown, "", time.Minute},
		"nonsense":                   {200, `s3cret`, token.Unknown, "", time.Minute},
		"no token":                   {200, `{"access_token":"","expires_in":3600}`, token.Unknown, "", time.Minute},
		"a token of two lines":       {200, `{"access_token":"s3cret\nX-Header: s3cret","api_domain":"https://www.zohoapis.eu","expires_in":3600}`, token.Unknown, "", time.Minute},
		"a token with a blank":       {200, `{"access_token":"s3c ret","api_domain":"https://www.zohoapis.eu","expires_in":3600}`, token.Unknown, "", time.Minute},
		"a token that is none":       {200, `{"access_token":false,"api_domain":"https://www.zohoapis.eu","expires_in":3600}`, token.Unknown, "", time.Minute},
		"a token that is a number":   {200, `{"access_token":7,"api_domain":"https://www.zohoapis.eu","expires_in":3600}`, token.Unknown, "", time.Minute},
		"a token with accents":       {200, `{"access_token":"s3crét","api_domain":"https://www.zohoapis.eu","expires_in":3600}`, token.Unknown, "", time.Minute},
		"a foreign API":              {200, `{"access_token":"s3cret","api_domain":"https://s3cret.example","expires_in":3600}`, token.Unknown, "", time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			token1 := w.accessToken(t)
			time.Sleep(26 * time.Minute)
			w.says(test.status, test.body)
			report, err := w.Run(t.Context(), token.Request{})
			h := w.health(t)
			if err == nil || report.Outcome != token.Failed || h.Failure.Class != test.class || h.Failure.Code != test.code || !h.Failure.Since.Equal(time.Now()) {
				t.Errorf("%s: got %+v, %v, %+v", name, report, err, h.Failure)
			}
			if (h.Latched != "") != (test.class == token.Dead) || (h.HoldUntil.IsZero()) == (test.class == token.Throttled) {
				t.Errorf("%s: latched %q, held off until %v", name, h.Latched, h.HoldUntil)
			}
			if w.accessToken(t) != token1 || len(r.written) != 2 || strings.Contains(w.stored(t), "s3cr") {
				t.Errorf("%s: %d writes, stored %s", name, len(r.written), w.stored(t))
			}
			w.leftAlone(t, name, test.alone)
		})
	}
}

func (w world) accessToken(t *testing.T) string {
	t.Helper()
	var stored struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(w.stored(t)), &stored); err != nil || stored.AccessToken == "" {
		t.Fatalf("stored %s, %v", w.stored(t), err)
	}
	return stored.AccessToken
}

// leftAlone fails unless the next exchange comes so much later, in runs a minute
// apart; zero: never within two hours.
func (w world) leftAlone(t *testing.T, name string, want time.Duration) {
	t.Helper()
	w.HTTP.Transport = w.zoho
	began, before := time.Now(), w.exchanges()
	for range 120 {
		time.Sleep(time.Minute)
		report, err := w.Run(t.Context(), token.Request{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.exchanges() > before {
			if got := time.Since(began); got != want {
				t.Errorf("%s: Zoho was left alone for %v, want %v", name, got, want)
			}
			return
		}
		outcome, next := token.HeldOff, began.Add(want)
		if want == 0 {
			outcome, next = token.Latched, time.Time{}
		}
		if report.Outcome != outcome || !report.Next.Equal(next) {
			t.Errorf("%s: got %+v, want %s until %v", name, report, outcome, next)
		}
	}
	if want != 0 {
		t.Errorf("%s: there was no other exchange", name)
	}
}

// TestZohoMayAskToWait for longer than ten minutes, and for an hour at most.
func TestZohoMayAskToWait(t *testing.T) {
	for asked, want := range map[string]time.Duration{"1": 10 * time.Minute, "1500": 25 * time.Minute, "86400": time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := settled(t)
			time.Sleep(26 * time.Minute)
			w.says(429, `{}`, "Retry-After", asked)
			w.run(t.Context())
			if _, err := w.Run(t.Context(), token.Request{Force: true}); err != nil { // nor by force
				t.Error(err)
			}
			w.leftAlone(t, asked, want)
		})
	}
}

func TestADeadGrantIsTriedAgainForANewClientOrByForce(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(world)
		request token.Request
		want    token.Outcome
	}{
		"nothing":                         {want: token.Latched},
		"a refused token":                 {request: token.Request{Reason: token.Refused}, want: token.Latched},
		"the operator":                    {request: token.Request{Force: true}, want: token.Exchanged},
		"a new client":                    {change: world.mend, want: token.Exchanged},
		"a new client and a dead grant":   {change: func(w world) { w.mend(); w.fail(zohosim.InvalidCode, 0) }, want: token.Failed},
		"the operator and the same grant": {change: func(w world) { w.fail(zohosim.InvalidCode, 0) }, request: token.Request{Force: true}, want: token.Failed},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := settled(t)
			time.Sleep(26 * time.Minute)
			w.fail(zohosim.InvalidCode, 1)
			w.run(t.Context())
			if test.change != nil {
				test.change(w)
			}
			if test.request.Reason != "" {
				test.request.Version = w.health(t).Version
			}
			report, _ := w.Run(t.Context(), test.request)
			if report.Outcome != test.want || (w.health(t).Latched == "") != (test.want == token.Exchanged) {
				t.Errorf("%s: got %q, want %q; latched %q", name, report.Outcome, test.want, w.health(t).Latched)
			}
		})
	}
}

// TestAnOutageOnTopOfADeadGrant: what people are told fits what is done. The
// grant that is latched stays so; another client is tried again.
func TestAnOutageOnTopOfADeadGrant(t *testing.T) {
	for name, test := range map[string]struct {
		mend func(world)
		want string // in the notice
	}{
		"the same grant": {func(world) {}, "\n2. Run `crmwho setup`"},
		"another client": {world.mend, "\n1. Wait"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := settled(t)
			n := &told{}
			w.Notify = n.notify
			time.Sleep(26 * time.Minute)
			w.fail(zohosim.InvalidCode, 1)
			w.run(t.Context())
			test.mend(w)
			w.fail(zohosim.InternalError, 0)
			if _, err := w.Run(t.Context(), token.Request{Force: true}); !errors.Is(err, zoho.ErrUnavailable) {
				t.Errorf("%s: got %v", name, err)
			}
			time.Sleep(26 * time.Minute)
			w.run(t.Context())
			if got := n.kinds(); !slices.Equal(got, []token.Kind{token.GrantDead, token.LowLife}) || !strings.Contains(n.notices[1].Plain(), test.want) {
				t.Errorf("%s: told %+v, want %q", name, n.notices, test.want)
			}
			if latched := w.health(t).Latched != ""; latched != (name == "the same grant") {
				t.Errorf("%s: latched %v", name, latched)
			}
		})
	}
}

// TestAClientThatIsReplaced has its own token at the next run, whatever life the
// former client's has left; and once.
func TestAClientThatIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		if w.mend(); w.exchanges() != 1 { // which writes the same client anew
			t.Fatalf("%d exchanges", w.exchanges())
		}
		for _, want := range []token.Outcome{token.Fresh, token.Exchanged, token.Fresh, token.Fresh, token.Fresh} { // for two minutes the store may be behind
			time.Sleep(time.Minute)
			if report, err := w.Run(t.Context(), token.Request{}); err != nil || report.Outcome != want {
				t.Errorf("got %+v, %v, want %q", report, err, want)
			}
		}
		r.reads = errThrottled
		time.Sleep(time.Minute)
		if report, _ := w.Run(t.Context(), token.Request{}); report.Exchanged {
			t.Errorf("a client that cannot be read was replaced: %+v", report)
		}
		r.reads = nil
		w.put(t, "oauth-client", "spoilt")
		if report, err := w.Run(t.Context(), token.Request{}); err != nil || report.Outcome != token.Fresh {
			t.Errorf("a client that is spoilt: got %+v, %v", report, err)
		}
	})
}

// TestWhatIsWritten: a claim that holds the token as it was, and what came of it.
func TestWhatIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		before := w.accessToken(t)
		for range 3 {
			w.run(t.Context())
			time.Sleep(8 * time.Minute)
		}
		if len(r.written) > 0 {
			t.Errorf("written while nothing is due: %q", r.written)
		}
		time.Sleep(2 * time.Minute)
		w.run(t.Context())
		if len(r.written) != 2 || !strings.Contains(r.written[0], before) || !strings.Contains(r.written[0], `"claim"`) || strings.Contains(r.written[1], before) || strings.Contains(r.written[1], `"claim"`) {
			t.Errorf("got %q", r.written)
		}
	})
}

// TestABadDayIsFewWrites: Secrets Manager wants no more than one in ten minutes,
// on the whole. Three processes keep being refused, nobody can be told.
func TestABadDayIsFewWrites(t *testing.T) {
	for name, kind := range map[string]zohosim.FaultKind{"Zoho is down": zohosim.InternalError, "an answer that is unknown": zohosim.Empty, "a dead grant": zohosim.InvalidCode} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			w.Notify = (&told{fails: errThrottled}).notify
			w.fail(kind, 0)
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
			if n := len(r.written); n > 24*6+10 {
				t.Errorf("%s: %d writes in a day", name, n)
			}
		})
	}
}

// TestAThrottledReadRetiresNothing: neither the token nor the client is taken
// for empty, and who has a token in memory goes on with it.
func TestAThrottledReadRetiresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		source := &token.Source{Store: r, Name: "access-token", Log: quiet}
		first, err := source.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before := w.stored(t)
		time.Sleep(59*time.Minute + 30*time.Second)
		r.reads = errThrottled
		report, err := w.Run(t.Context(), token.Request{Force: true})
		if !errors.Is(err, errThrottled) || report.Outcome != "" || w.exchanges() != 1 || w.stored(t) != before {
			t.Errorf("got %+v, %v; stored %s", report, err, w.stored(t))
		}
		if said := lastLine(w.log.String()); !strings.Contains(said, `"outcome":"none"`) || strings.Contains(said, "life_left_s") {
			t.Errorf("got %s, want no outcome and no life, which nobody knows", said)
		}
		if got, err := source.Token(t.Context()); err != nil || got != first {
			t.Errorf("got %v, %v; want the token that was read before", got, err)
		}
		if source.Refused(t.Context(), first) {
			t.Error("there is another")
		}
		if got, err := source.Token(t.Context()); err != nil || got != first {
			t.Errorf("after it was refused: got %v, %v", got, err)
		}
		time.Sleep(time.Minute)
		if got, err := source.Token(t.Context()); !errors.Is(err, errThrottled) {
			t.Errorf("after its end: got %v, %v", got, err)
		}
	})
}

// lastLine is the last line of a log.
func lastLine(log string) string {
	log = strings.TrimSuffix(log, "\n")
	return log[strings.LastIndex(log, "\n")+1:]
}

// TestAThrottledReadOfOneValue is no reason to write, nor to say that nothing is
// set up.
func TestAThrottledReadOfOneValue(t *testing.T) {
	for _, name := range []string{"access-token", "oauth-client"} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			time.Sleep(26 * time.Minute)
			r.reads, r.of = errThrottled, name
			report, err := w.Run(t.Context(), token.Request{})
			if !errors.Is(err, errThrottled) || errors.Is(err, token.ErrNotSetUp) || report.Outcome != "" || len(r.written) > 0 || w.exchanges() != 1 {
				t.Errorf("%s: got %+v, %v after %d writes", name, report, err, len(r.written))
			}
		})
	}
}

// TestAClaimHolds for two minutes, by force too, whatever became of its run.
func TestAClaimHolds(t *testing.T) {
	for after, want := range map[time.Duration]token.Outcome{0: token.UnderWay, 2*time.Minute - time.Millisecond: token.UnderWay, 2 * time.Minute: token.Exchanged} {
		for _, force := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w, r := settled(t)
				time.Sleep(26 * time.Minute)
				w.crashAt(t, 7, token.Request{}) // in the exchange
				time.Sleep(after)
				report, err := w.Run(t.Context(), token.Request{Force: force})
				if wrote := len(r.written) - 1; err != nil || report.Outcome != want || wrote != 0 && want == token.UnderWay {
					t.Errorf("%v after it, forced %v: got %+v, %v after %d writes; want %s", after, force, report, err, wrote, want)
				}
			})
		}
	}
}

// TestARunEndsBeforeItsClaim, whatever hangs.
func TestARunEndsBeforeItsClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		time.Sleep(51 * time.Minute)
		w.HTTP.Transport = hanging{}
		w.Notify = func(ctx context.Context, _ token.Notice) error { <-ctx.Done(); return ctx.Err() }
		r.writes = append([]error{nil}, slices.Repeat([]error{errThrottled}, 10)...)
		began := time.Now()
		_, err := w.Run(t.Context(), token.Request{})
		if !errors.Is(err, zoho.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errThrottled) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 50*time.Second {
			t.Errorf("it took %v, want half a minute for Zoho, 5 seconds for the notice and 15 to store", took)
		}
	})
}

// hanging is a Zoho that never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestARunThatIsCancelled when Zoho has answered stores what it said, and tells.
func TestARunThatIsCancelled(t *testing.T) {
	for name, test := range map[string]struct {
		fault zohosim.FaultKind
		want  token.Outcome
		told  token.Kind
	}{
		"a token":      {"", token.Exchanged, ""},
		"a dead grant": {zohosim.InvalidCode, token.Failed, token.GrantDead},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			time.Sleep(26 * time.Minute)
			if test.fault != "" {
				w.fail(test.fault, 1)
			}
			ctx, cancel := context.WithCancel(t.Context())
			w.HTTP.Transport = ending{w.HTTP.Transport, cancel}
			w.Notify = func(ctx context.Context, _ token.Notice) error { return ctx.Err() }
			report, _ := w.Run(ctx, token.Request{})
			if report.Outcome != test.want || report.Told != test.told || len(r.written) != 2 {
				t.Errorf("%s: got %+v after %d writes, want %s", name, report, len(r.written), test.want)
			}
			if h := w.health(t); !h.ExchangedAt.Equal(time.Now()) == report.Exchanged || (h.Latched != "") == report.Exchanged {
				t.Errorf("%s: stored %+v", name, h)
			}
		})
	}
}

// TestARunThatIsCancelledBeforeZohoAnswers says nothing of the grant.
func TestARunThatIsCancelledBeforeZohoAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		time.Sleep(26 * time.Minute)
		w.HTTP.Transport = hanging{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		report, err := w.Run(ctx, token.Request{})
		if h := w.health(t); !errors.Is(err, context.Canceled) || report.Outcome != token.Failed || h.Failure.Class != token.Transient || len(r.written) != 2 {
			t.Errorf("got %+v, %v after %d writes; %+v", report, err, len(r.written), h)
		}
	})
}

// ending ends the run as soon as Zoho has answered.
type ending struct {
	next http.RoundTripper
	end  func()
}

func (e ending) RoundTrip(r *http.Request) (*http.Response, error) {
	defer e.end()
	reply, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(reply.Body)
	reply.Body = io.NopCloser(strings.NewReader(string(body)))
	return reply, err
}

// TestWhatMetricsTell: each is a value of the line by its name, and there is
// none of what nobody knows.
func TestWhatMetricsTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.Function = "token-refresh"
		for _, step := range []struct {
			name string
			do   func()
			want []map[string]any // of each line
		}{
			{"nothing is set up", nil, []map[string]any{{"exchanges": 0.0, "succeeded": 0.0, "life_left_s": nil, "latched": nil}}},
			{"the first token", func() { w.connect(t) }, []map[string]any{{"exchanges": 1.0, "succeeded": 1.0, "life_left_s": 3600.0, "latched": 0.0}}},
			{"fresh", func() { time.Sleep(every) }, []map[string]any{{"exchanges": 0.0, "succeeded": 1.0, "life_left_s": 3000.0, "latched": 0.0}}},
			{"an outage", func() { time.Sleep(2 * every); w.fail(zohosim.InternalError, 1) }, []map[string]any{
				{"level": "WARN", "exchanges": 1.0, "succeeded": 0.0, "life_left_s": 1800.0, "latched": 0.0}, {"level": "WARN", "class": "transient", "failures": 1.0},
			}},
			{"a dead grant", func() { time.Sleep(every); w.fail(zohosim.InvalidCode, 1) }, []map[string]any{
				{"level": "ERROR", "exchanges": 1.0, "succeeded": 0.0, "latched": 1.0}, {"level": "ERROR", "class": "dead", "failures": 1.0},
			}},
			{"latched", func() { time.Sleep(time.Hour) }, []map[string]any{{"level": "INFO", "exchanges": 0.0, "succeeded": 0.0, "life_left_s": 0.0, "latched": 1.0}}},
		} {
			if step.do != nil {
				step.do()
			}
			w.log.Reset()
			w.run(t.Context())
			lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
			if len(lines) != len(step.want) {
				t.Fatalf("%s: got %d lines, want %d: %s", step.name, len(lines), len(step.want), w.log)
			}
			for i, want := range step.want {
				says(t, step.name, lines[i], want)
			}
		}
	})
}

// says fails unless a line has these values, and metrics.
func says(t *testing.T, name, line string, want map[string]any) {
	t.Helper()
	var said map[string]any
	if err := json.Unmarshal([]byte(line), &said); err != nil {
		t.Fatalf("%s: %v: %s", name, err, line)
	}
	for key, value := range want {
		if said[key] != value {
			t.Errorf("%s: %s: got %v, want %v", name, key, said[key], value)
		}
	}
	if said["_aws"] == nil || said["function"] != "token-refresh" {
		t.Errorf("%s: no metrics in %s", name, line)
	}
}

func TestWithoutAClaimThereIsNoExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		time.Sleep(26 * time.Minute)
		r.writes = []error{errThrottled}
		if report, err := w.Run(t.Context(), token.Request{}); !errors.Is(err, errThrottled) || w.exchanges() != 1 || report.Outcome != "" {
			t.Errorf("got %+v, %v after %d exchanges", report, err, w.exchanges())
		}
	})
}

// TestATokenIsStoredThoughWritesFail for a while.
func TestATokenIsStoredThoughWritesFail(t *testing.T) {
	for fails, want := range map[int]bool{1: true, 3: true, 5: false} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			time.Sleep(26 * time.Minute)
			r.writes = append([]error{nil}, slices.Repeat([]error{errThrottled}, fails)...)
			_, err := w.Run(t.Context(), token.Request{})
			if got := time.Until(w.health(t).Expiry) > 55*time.Minute; got != want || (err == nil) != want {
				t.Errorf("%d failed writes: stored %v, want %v; %v", fails, got, want, err)
			}
		})
	}
}

func TestAWriteWhoseAnswerIsLostIsOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		time.Sleep(26 * time.Minute)
		w.Store = writes{r, func(name string, data []byte, version string) (string, error) {
			given, err := r.WriteIfUnchanged(t.Context(), name, data, version)
			if len(r.written) == 2 && err == nil {
				err = errThrottled
			}
			return given, err
		}}
		report, err := w.Run(t.Context(), token.Request{})
		if err != nil || !report.Exchanged || len(r.written) != 2 || time.Until(w.health(t).Expiry) < 55*time.Minute {
			t.Errorf("got %+v, %v after %d writes", report, err, len(r.written))
		}
	})
}

// writes is a store with writes of its own.
type writes struct {
	store.Store
	write func(name string, data []byte, version string) (string, error)
}

func (w writes) WriteIfUnchanged(_ context.Context, name string, data []byte, version string) (string, error) {
	return w.write(name, data, version)
}

// TestARefreshTokenThatZohoReplaces is stored before the access token, and used
// from then on.
func TestARefreshTokenThatZohoReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := settled(t)
		var order []string
		w.Store = writes{w.values, func(name string, data []byte, version string) (string, error) {
			order = append(order, name)
			return w.values.WriteIfUnchanged(t.Context(), name, data, version)
		}}
		w.rotate(1)
		for range 3 * 24 {
			time.Sleep(every)
			if _, err := w.Run(t.Context(), token.Request{}); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"access-token", "oauth-client", "access-token"}; len(order) < 3*23 || len(order) > 3*25 || !slices.Equal(order[:3], want) {
			t.Errorf("%d writes in twelve hours, in the order %q…", len(order), order[:min(6, len(order))])
		}
	})
}

// TestARefreshTokenThatCannotBeStored is insisted on for a while, and costs
// nobody the access token.
func TestARefreshTokenThatCannotBeStored(t *testing.T) {
	for fails, want := range map[int]bool{2: true, 3: false} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			time.Sleep(26 * time.Minute)
			w.rotate(2)
			r.writes = append([]error{nil}, slices.Repeat([]error{errThrottled}, fails)...)
			report, err := w.Run(t.Context(), token.Request{})
			if (err == nil) != want || !want && !errors.Is(err, errThrottled) || !report.Exchanged || time.Until(w.health(t).Expiry) < 55*time.Minute {
				t.Errorf("%d failed writes: got %+v, %v; %+v", fails, report, err, w.health(t))
			}
			if strings.Contains(w.log.String(), `"level":"ERROR"`) == want || strings.Contains(w.log.String(), "rotated") {
				t.Errorf("%d failed writes: logged %s", fails, w.log)
			}
			if got := strings.Contains(w.oauthClient(t), "rotated"); got != want {
				t.Errorf("%d failed writes: stored %v, want %v", fails, got, want)
			}
		})
	}
}

// TestARefreshTokenThatIsMalformed does not take the place of one that works.
func TestARefreshTokenThatIsMalformed(t *testing.T) {
	for _, sent := range []string{` `, `s3c ret`, `s3c\nret`, `s3crét`} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := settled(t)
			before := w.oauthClient(t)
			time.Sleep(26 * time.Minute)
			w.says(200, `{"access_token":"new","refresh_token":"`+sent+`","api_domain":"https://www.zohoapis.eu","expires_in":3600}`)
			report, err := w.Run(t.Context(), token.Request{})
			if !errors.Is(err, zoho.ErrMalformed) || !report.Exchanged || w.accessToken(t) != "new" || w.oauthClient(t) != before {
				t.Errorf("%q: got %+v, %v; stored %s", sent, report, err, w.oauthClient(t))
			}
			if strings.Contains(w.log.String(), "s3c") {
				t.Errorf("%q: logged %s", sent, w.log)
			}
		})
	}
}

func (w world) oauthClient(t *testing.T) string {
	t.Helper()
	value, err := w.values.Read(t.Context(), "oauth-client")
	if err != nil {
		t.Fatal(err)
	}
	return string(value.Data)
}

// TestARefusedTokenStaysRefused until there is another, though exchanges failed
// and nobody asks again.
func TestARefusedTokenStaysRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := settled(t)
		w.fail(zohosim.InternalError, 2)
		w.zoho.ExpireTokens()
		began := time.Now()
		for _, r := range []token.Request{{Reason: token.Refused, Version: w.health(t).Version}, {}} {
			_, err := w.Run(t.Context(), r)
			if h := w.health(t); !errors.Is(err, zoho.ErrUnavailable) || !h.Refused || !h.Failure.Since.Equal(began) {
				t.Errorf("%+v: got %v, %+v", r, err, h)
			}
			time.Sleep(every)
		}
		report, err := w.Run(t.Context(), token.Request{})
		if err != nil || !report.Exchanged || w.health(t).Refused {
			t.Errorf("got %+v, %v, %+v", report, err, w.health(t))
		}
	})
}

// TestAStateThatIsSpoilt keeps the token that is in it.
func TestAStateThatIsSpoilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, rest := range []string{`"attempts":"many"`, `"expiry":"soon"`, `"claim":[]`, `"failure":7`, `"hold_until":"2999-01-01T00:00:00Z"`, `"attempts":["2999-01-01T00:00:00Z","2999-01-01T00:00:00Z","2999-01-01T00:00:00Z","2999-01-01T00:00:00Z","2999-01-01T00:00:00Z"]`, `"claim":{"at":"2999-01-01T00:00:00Z"}`} {
			w, _ := settled(t)
			w.put(t, "access-token", `{"access_token":"spoilt",`+rest+`}`)
			w.fail(zohosim.InternalError, 1)
			if _, err := w.Run(t.Context(), token.Request{}); err == nil || w.accessToken(t) != "spoilt" {
				t.Errorf("%s: got %v, stored %s", rest, err, w.stored(t))
			}
			time.Sleep(every)
			if report, err := w.Run(t.Context(), token.Request{}); err != nil || !report.Exchanged {
				t.Errorf("%s: got %+v, %v", rest, report, err)
			}
		}
	})
}

// TestTwoWhoHaveToTell at once, or one while the other does, tell once. It
// counts as no exchange.
func TestTwoWhoHaveToTell(t *testing.T) {
	for _, apart := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			n := &told{fails: errThrottled}
			w.Notify = n.notify
			time.Sleep(26 * time.Minute)
			w.fail(zohosim.InvalidCode, 1)
			w.run(t.Context())
			time.Sleep(every)
			n.fails, r.written = nil, nil
			w.Notify = func(ctx context.Context, notice token.Notice) error {
				time.Sleep(3 * time.Second)
				return n.notify(ctx, notice)
			}
			two := func() {
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() { w.run(t.Context()) })
					time.Sleep(apart)
				}
				both.Wait()
			}
			two()
			if got := n.kinds(); !slices.Equal(got, []token.Kind{token.GrantDead}) || len(r.written) != 2 || w.health(t).ExchangesAt(time.Now()) != 0 {
				t.Errorf("%v apart: told %q after %d writes; %+v", apart, got, len(r.written), w.health(t))
			}
			w.mend()
			w.run(t.Context())
			two() // with no exchange due
			if got := n.kinds(); !slices.Equal(got, []token.Kind{token.GrantDead, token.Recovered}) || len(r.written) != 6 {
				t.Errorf("%v apart, mended: told %q after %d writes", apart, got, len(r.written))
			}
		})
	}
}

// TestNobodyIsTold where there is no way to, and nothing is written for it; who
// has one tells later.
func TestNobodyIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := settled(t)
		time.Sleep(26 * time.Minute)
		w.fail(zohosim.InvalidCode, 1)
		w.run(t.Context())
		r.written = nil
		if report, err := w.Run(t.Context(), token.Request{}); err != nil || report.Outcome != token.Latched || len(r.written) > 0 {
			t.Errorf("got %+v, %v after %d writes", report, err, len(r.written))
		}
		n := &told{}
		w.Notify = n.notify
		if report, err := w.Run(t.Context(), token.Request{}); err != nil || report.Told != token.GrantDead || len(n.notices) != 1 {
			t.Errorf("got %+v, %v, told %q", report, err, n.kinds())
		}
	})
}

func TestWhatHealthTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		if h := w.health(t); h.Stored || h.Version != "" || h.ExchangesAt(time.Now()) != 0 {
			t.Errorf("of nothing: got %+v", h)
		}
		w.connect(t)
		w.run(t.Context())
		h := w.health(t)
		if !h.Stored || h.Version == "" || !h.ExchangedAt.Equal(time.Now()) || !h.Expiry.Equal(time.Now().Add(time.Hour)) || h.APIDomain != "https://www.zohoapis.eu" || h.AccountsURL != "https://accounts.zoho.eu" {
			t.Errorf("got %+v", h)
		}
		if got, later := h.ExchangesAt(time.Now()), h.ExchangesAt(time.Now().Add(10*time.Minute)); got != 1 || later != 0 {
			t.Errorf("got %d exchanges, and %d ten minutes later", got, later)
		}
		if text := fmt.Sprintf("%v %+v %#v", h, h, h); strings.Contains(text, w.accessToken(t)) {
			t.Errorf("the token stands in %s", text)
		}
	})
}
