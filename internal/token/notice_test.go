package token_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/token"
)

// TestNotices are each given once, to somebody who gets them.
func TestNotices(t *testing.T) {
	type step struct {
		name string
		do   func(world, *told)
		wait time.Duration
		want token.Kind
	}
	fail := func(kind zohosim.FaultKind) func(world, *told) {
		return func(w world, _ *told) { w.fail(kind, 0) }
	}
	well := func(w world, _ *told) { w.zoho.ClearFaults() }
	for name, steps := range map[string][]step{
		"all is well": {{"", nil, every, ""}, {"", nil, every, ""}, {"", nil, every, ""}},
		"a short outage": {
			{"down", fail(zohosim.InternalError), 26 * time.Minute, ""}, {"up", well, every, ""}, {"", nil, every, ""},
		},
		"a long outage": {
			{"down", fail(zohosim.InternalError), 50 * time.Minute, ""}, // ten minutes are left
			{"low", nil, time.Second, token.LowLife}, {"", nil, every, ""}, {"", nil, every, ""},
			{"up", well, every, ""}, {"confirmed", nil, every, token.Recovered}, {"", nil, every, ""},
		},
		"Zoho wants to be left alone": {
			{"throttled", fail(zohosim.OAuthThrottled), 49 * time.Minute, ""}, {"held off", nil, 2 * time.Minute, token.LowLife}, {"", nil, time.Minute, ""},
		},
		"a dead grant": {
			{"dead", fail(zohosim.InvalidCode), 26 * time.Minute, token.GrantDead}, {"", nil, every, ""}, {"", nil, every, ""},
			{"low", nil, 5 * time.Minute, token.LowLife}, {"", nil, time.Hour, ""},
			{"a client that is dead too", func(w world, _ *told) { w.mend(); w.fail(zohosim.InvalidClient, 0) }, every, token.GrantDead}, {"", nil, every, ""},
			{"mended", func(w world, _ *told) { w.mend() }, every, ""}, {"confirmed", nil, every, token.Recovered}, {"", nil, every, ""},
		},
		"a grant that dies late": {
			{"dead", fail(zohosim.InvalidCode), 55 * time.Minute, token.GrantDead}, {"", nil, time.Minute, ""},
		},
		"nobody who can be told": {
			{"dead", func(w world, n *told) { w.fail(zohosim.InvalidCode, 0); n.fails = errThrottled }, 26 * time.Minute, ""},
			{"told", func(_ world, n *told) { n.fails = nil }, every, token.GrantDead}, {"", nil, every, ""},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r := settled(t)
			n := &told{}
			w.Notify = n.notify
			for i, s := range steps {
				if s.do != nil {
					s.do(w, n)
				}
				time.Sleep(s.wait)
				before, written := len(n.notices), len(r.written)
				report, _ := w.Run(t.Context(), token.Request{})
				if got := n.kinds()[before:]; report.Told != s.want || len(got) > 1 || len(got) == 1 && got[0] != s.want {
					t.Errorf("%s, step %d %s: got %q, %q; want %q", name, i, s.name, report.Told, got, s.want)
				}
				if wrote := len(r.written) - written; wrote > 2 {
					t.Errorf("%s, step %d %s: %d writes", name, i, s.name, wrote)
				}
			}
		})
	}
}

// TestDue: each notice once in a trouble, and none where there is no trouble.
func TestDue(t *testing.T) {
	now := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	ends := func(in time.Duration) token.Health { return token.Health{Stored: true, Expiry: now.Add(in)} }
	fails := func(h token.Health, class token.Class, latched string) token.Health {
		h.Failure, h.Latched = token.Failure{Class: class}, latched
		return h
	}
	both := token.Told{Dead: "1", Low: true}
	for name, test := range map[string]struct {
		health token.Health
		told   token.Told
		want   token.Kind
		after  token.Told
	}{
		"all is well":                     {health: ends(time.Hour)},
		"low, and nothing was tried":      {ends(10*time.Minute - 1), token.Told{}, token.LowLife, token.Told{Low: true}},
		"the same, told, and not tried":   {health: ends(time.Minute), told: token.Told{Low: true}, after: token.Told{Low: true}},
		"no token, and nothing was tried": {health: token.Health{}},
		"an outage with ten minutes left": {health: fails(ends(10*time.Minute), token.Transient, "")},
		"an outage with less":             {fails(ends(10*time.Minute-1), token.Transient, ""), token.Told{}, token.LowLife, token.Told{Low: true}},
		"the same, told":                  {health: fails(ends(time.Minute), token.Transient, ""), told: token.Told{Low: true}, after: token.Told{Low: true}},
		"a dead grant":                    {fails(ends(time.Hour), token.Dead, "1"), token.Told{}, token.GrantDead, token.Told{Dead: "1"}},
		"a dead grant, told, and low":     {fails(ends(time.Minute), token.Dead, "1"), token.Told{Dead: "1"}, token.LowLife, both},
		"a dead grant and low at once":    {fails(ends(time.Minute), token.Dead, "1"), token.Told{}, token.GrantDead, both},
		"another dead grant":              {fails(ends(-time.Hour), token.Dead, "2"), both, token.GrantDead, token.Told{Dead: "2", Low: true}},
		"well after a dead grant":         {ends(time.Hour), token.Told{Dead: "1"}, token.Recovered, token.Told{}},
		"well after low life":             {ends(time.Hour), token.Told{Low: true}, token.Recovered, token.Told{}},
		"latched of old, and well":        {health: func() token.Health { h := ends(time.Hour); h.Latched = "1"; return h }()},
	} {
		if kind, after := test.health.Due(test.told, now); kind != test.want || after != test.after {
			t.Errorf("%s: got %q, %+v; want %q, %+v", name, kind, after, test.want, test.after)
		}
	}
}

// TestWhatANoticeSays of why there is no token and what people get.
func TestWhatANoticeSays(t *testing.T) {
	now := time.Date(2026, 3, 4, 14, 0, 0, 0, time.FixedZone("", 3600))
	failed := func(class token.Class, code string) token.Health {
		return token.Health{Stored: true, Expiry: now.Add(5 * time.Minute), AccountsURL: "https://accounts.zoho.eu", Failure: token.Failure{Class: class, Code: code, Since: now.Add(-time.Hour)}}
	}
	but := func(change func(*token.Health)) token.Health {
		h := failed(token.Transient, "")
		change(&h)
		return h
	}
	for want, h := range map[string]token.Health{
		"Zoho says invalid_code:":                            failed(token.Dead, "invalid_code"),
		"Zoho says invalid_client:":                          failed(token.Dead, "invalid_client"),
		"another data centre than accounts.zoho.eu.":         failed(token.Dead, "invalid_client"),
		"Zoho says invalid_client_secret:":                   failed(token.Dead, "invalid_client_secret"),
		"The grant is of another data centre than accounts.": failed(token.Dead, "other_data_centre"),
		"Zoho takes neither the client nor its grant.":       failed(token.Dead, ""),
		"there were too many exchanges":                      failed(token.Throttled, ""),
		"cannot be reached or fails.":                        failed(token.Transient, ""),
		"the log of token-refresh has it.":                   failed(token.Unknown, ""),
		"Zoho did not take the grant, and could not":         but(func(h *token.Health) { h.Latched = "1" }),
		"since 12:00 UTC on 4 March. ":                       failed(token.Transient, ""),
		"works until 13:05 UTC on 4 March;":                  failed(token.Transient, ""),
		"The last token ended at 12:59 UTC on 4 March:":      but(func(h *token.Health) { h.Expiry = now.Add(-time.Minute) }),
		"There is no access token, so":                       but(func(h *token.Health) { h.Stored = false }),
		"Zoho refuses the token that is there, so":           but(func(h *token.Health) { h.Refused = true }),
		"than the accounts server that was asked": but(func(h *token.Health) {
			h.AccountsURL, h.Failure = "", token.Failure{Class: token.Dead, Code: "invalid_client"}
		}),
		"tried again every ten minutes, and a notice follows":   failed(token.Transient, ""),
		"\n2. Otherwise run `crmwho doctor --stack sample`: it": failed(token.Unknown, ""),
		"\n1. Log in to the API console of your data centre":    but(func(h *token.Health) { h.AccountsURL, h.Latched = "", "1" }),
	} {
		if got := h.Notice(token.LowLife, "crmwho setup --stack sample", now).Plain(); !strings.Contains(got, want) {
			t.Errorf("got %s, want %q in it", got, want)
		}
	}
}

// TestANoticeIsWhatSNSTakes, says what to do, and holds no secret.
func TestANoticeIsWhatSNSTakes(t *testing.T) {
	now := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	for _, class := range []token.Class{token.Transient, token.Throttled, token.Dead, token.Unknown} {
		for _, code := range []string{"", "invalid_code", "invalid_client", "invalid_client_secret", "other_data_centre"} {
			for _, kind := range []token.Kind{token.GrantDead, token.LowLife, token.Recovered} {
				h := token.Health{Stored: true, Expiry: now.Add(5 * time.Minute), AccountsURL: "https://accounts.zoho.eu", Failure: token.Failure{Class: class, Code: code, Since: now.Add(-time.Hour)}}
				n := h.Notice(kind, "crmwho setup --stack sample", now)
				ascii := !strings.ContainsFunc(n.Subject, func(r rune) bool { return r < ' ' || r > '~' })
				if len(n.Subject) == 0 || len(n.Subject) > 80 || !ascii || n.Text == "" || (len(n.Steps) == 0) != (kind == token.Recovered) {
					t.Errorf("%s %s %s: got %+v", class, code, kind, n)
				}
				if kind == token.GrantDead && (!strings.Contains(n.Plain(), "\n2. Run `crmwho setup --stack sample`") || !strings.Contains(n.Plain(), "https://api-console.zoho.eu")) {
					t.Errorf("%s %s: got %s", class, code, n.Plain())
				}
			}
		}
	}
}
