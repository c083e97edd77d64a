package bot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// hang is a module, or all of Zoho, that does not answer.
const hang = zohosim.Hang

// TestOwnersInTime: the first reply is out by the deadline, and what is in it,
// or follows, is as whole as the time allows.
func TestOwnersInTime(t *testing.T) {
	slow := func(d time.Duration) zohosim.Fault {
		return zohosim.Fault{Path: "/crm/", Latency: d * time.Millisecond}
	}
	for name, test := range map[string]struct {
		words  string
		faults []zohosim.Fault
		old    bool // is the list of people
		later  bool // a job answers
		want   string
		again  bool // it can be tried again
	}{
		"300 ms":             {"gentest", []zohosim.Fault{slow(300)}, false, false, "4 records match “gentest”", false},
		"300 ms, old":        {"gentest", []zohosim.Fault{slow(300)}, true, false, "4 records match “gentest”", false},
		"300 ms, none":       {"zaphod", []zohosim.Fault{slow(300)}, false, false, "No record in Accounts, Deals, Contacts or Leads is called “zaphod”.", false},
		"300 ms, none, old":  {"zaphod", []zohosim.Fault{slow(300)}, true, false, "No record in Accounts, Deals, Contacts or Leads is called “zaphod”.", false},
		"300 ms, id, old":    {"5725767000009100106", []zohosim.Fault{slow(300)}, true, false, "owned by Lee", false},
		"300 ms, link":       {recordLink, []zohosim.Fault{slow(300)}, true, false, "owned by Lee", false},
		"300 ms, owned":      {"what does lee own", []zohosim.Fault{slow(300)}, false, false, "1 open deal", false},
		"300 ms, owned, old": {"what does lee own", []zohosim.Fault{slow(300)}, true, false, "1 open deal", false},
		"300 ms, orphans":    {"orphans", []zohosim.Fault{slow(300)}, true, false, "4 records whose", false},
		"800 ms":             {"gentest", []zohosim.Fault{slow(800)}, false, true, "4 records match “gentest”", false},
		"800 ms, old":        {"gentest", []zohosim.Fault{slow(800)}, true, true, "4 records match “gentest”", false},
		"800 ms, none":       {"zaphod", []zohosim.Fault{slow(800)}, false, true, "No record in Accounts, Deals, Contacts or Leads is called “zaphod”.", false},
		"800 ms, link":       {recordLink, []zohosim.Fault{slow(800)}, false, false, "owned by Lee", false},
		"800 ms, id":         {"5725767000009100106", []zohosim.Fault{slow(810)}, true, true, "owned by Lee", false},
		"800 ms, orphans":    {"orphans", []zohosim.Fault{slow(810)}, false, true, "4 records whose", false},
		"1700 ms":            {"gentest", []zohosim.Fault{slow(1700)}, false, true, "4 records match “gentest”", false},
		"1700 ms, owned":     {"what does lee own", []zohosim.Fault{slow(1700)}, false, true, "1 open deal", false},

		"Deals hang":           {"gentest industries", []zohosim.Fault{{Module: "Deals", Kind: hang}}, false, false, "Gentest Industries (account) is owned by Patricia Boyle", true},
		"Deals hang, old":      {"gentest industries", []zohosim.Fault{slow(300), {Module: "Deals", Kind: hang}}, true, false, "Deals are missing: Zoho CRM did not answer in time.", true},
		"Deals hang, in part":  {"gentest", []zohosim.Fault{{Module: "Deals", Kind: hang}}, false, true, "Nilo Gentest (lead, Genlead Foods), owned by Kim, invitation pending. Deals are missing: Zoho CRM did not answer in time.", true},
		"Deals hang, none":     {"zaphod", []zohosim.Fault{{Module: "Deals", Kind: hang}}, false, true, "No record in Accounts, Contacts or Leads is called “zaphod”. Deals are missing: Zoho CRM did not answer in time.", true},
		"Deals hang, owned":    {"what does kim own", []zohosim.Fault{{Module: "Deals", Kind: hang}}, false, true, "1 lead", true},
		"Deals hang, orphans":  {"orphans", []zohosim.Fault{{Module: "Deals", Kind: hang}}, false, true, "3 records whose owner is not active", true},
		"all hang":             {"gentest", []zohosim.Fault{{Path: "/crm/", Kind: hang}}, false, true, "Zoho CRM did not answer in time. Please ask again in a minute. If you report this, quote reference ", true},
		"all hang, owned":      {"what does kim own", []zohosim.Fault{{Path: "/crm/", Kind: hang}}, false, true, "Zoho CRM did not answer in time. Please ask again in a minute. If you report this, quote reference ", true},
		"all hang, orphans":    {"orphans", []zohosim.Fault{{Path: "/crm/", Kind: hang}}, false, true, "Zoho CRM did not answer in time. Please ask again in a minute. If you report this, quote reference ", true},
		"people hang, old":     {"gentest", []zohosim.Fault{{Path: "/crm/v7/users", Kind: hang}}, true, false, "owned by Kim, invitation pending. The list of people is 3 hours old: Zoho CRM did not answer in time.", false},
		"Deals hang, a person": {"kim", []zohosim.Fault{{Module: "Deals", Kind: hang}}, false, true, "No record in Accounts, Contacts or Leads is called “kim”. Deals are missing: Zoho CRM did not answer in time. Please ask again in a minute. Try a shorter part of the name. New records can take a minute to be found. Did you mean what Kim owns?", true},
		"Deals wait":           {"zaphod", []zohosim.Fault{{Module: "Deals", Kind: zohosim.Throttled, RetryAfter: 5 * time.Second, Times: 2}}, false, true, "No record in Accounts, Deals, Contacts or Leads is called “zaphod”.", false},
		"all hang, old":        {"gentest", []zohosim.Fault{{Path: "/crm/", Kind: hang}}, true, true, "Zoho CRM did not answer in time. Please ask again in a minute. If you report this, quote reference ", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := owningCRM(t, zohosim.Config{})
				if test.old {
					time.Sleep(3 * time.Hour)
				}
				w.day(t, test.faults...)
				got := w.gets(t, "/crmowner", test.words)
				if got.took > 2*time.Second || got.later != test.later || !strings.Contains(got.text, test.want) {
					t.Errorf("after %v, later %v: got %q, want %q", got.took, got.later, got.text, test.want)
				}
				if again := has(got.body, "Try again") || has(got.body, "Refresh"); test.again && !again || !test.again && has(got.body, "Try again") {
					t.Errorf("again %v: %s", again, got.body)
				}
				w.inBlocks(t)
				if !test.again {
					return
				}
				label := "Try again"
				if !has(got.body, label) {
					label = "Refresh"
				}
				next := w.presses(t, got.body, label, 0)
				if next.took > 2*time.Second || !next.later {
					t.Errorf("again, after %v, later %v: got %q", next.took, next.later, next.text)
				}
			})
		})
	}
}

// TestZohosBadDaysWithOwners: what failed is named with its reason, others
// answer, and each question is answered once.
func TestZohosBadDaysWithOwners(t *testing.T) {
	const (
		throttled   = "Zoho CRM is getting too many questions right now."
		unreachable = "Zoho CRM cannot be reached right now."
		refused     = "Zoho CRM does not accept my access any more."
		lackingOne  = "I may not read that in Zoho CRM: the grant lacks the scope ZohoCRM.modules.deals.READ."
		lacking     = "I may not read that in Zoho CRM: the grant lacks one of the scopes "
		notLetIn    = "Zoho CRM does not let me in."
		incomplete  = "Zoho CRM's answer was not complete."
		wrong       = "Something went wrong while I asked Zoho CRM."
	)
	for kind, test := range map[zohosim.FaultKind]struct {
		deals, all, outcome string
		again               bool
	}{
		zohosim.Throttled:     {throttled, throttled, "throttled", true},
		zohosim.ThrottledOld:  {throttled, throttled, "throttled", true},
		zohosim.InternalError: {unreachable, unreachable, "unavailable", true},
		zohosim.HTML:          {unreachable, unreachable, "unavailable", true},
		zohosim.InvalidToken:  {refused, refused, "token refused", true},
		zohosim.ScopeMismatch: {lackingOne, lacking, "scope missing", false},
		zohosim.NoAPIAccess:   {notLetIn, notLetIn, "no API access", false},
		zohosim.Reset:         {unreachable, unreachable, "unavailable", true},
		zohosim.Truncated:     {incomplete, incomplete, "malformed", true},
		zohosim.NotFound:      {wrong, wrong, "failed", true},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := owningCRM(t, zohosim.Config{})
			w.day(t, zohosim.Fault{Module: "Deals", Kind: kind})
			for words, want := range map[string]string{
				"gentest":           "3 records match “gentest”: ",
				"what does lee own": "What Lee owns: Nothing in what I could read.",
				"orphans":           "3 records whose owner is not active (Accounts 2 · Contacts 1).",
			} {
				got := w.gets(t, "/crmowner", words)
				if !strings.Contains(got.text, want) || !strings.Contains(got.text, "Deals are missing: "+test.deals) || got.later {
					t.Errorf("%s, %s: got %q", kind, words, got.text)
				}
				if has(got.body, "Try again") != test.again && words != "what does lee own" {
					t.Errorf("%s, %s: got %s", kind, words, got.body)
				}
			}
			w.day(t, zohosim.Fault{Path: "/crm/", Kind: kind})
			for _, words := range []string{"gentest", "orphans", recordLink} {
				w.bot.Records = &records.Finder{CRM: w.bot.Records.CRM}
				w.log.Reset()
				got := w.gets(t, "/crmowner", words)
				line := w.lines(t)["answer"][0]
				if !strings.HasPrefix(got.text, test.all) && words != recordLink || !strings.Contains(got.text, " quote reference "+line["ref"].(string)) ||
					line["outcome"] != test.outcome || line["people"] != 0.0 || has(got.body, "Try again") != test.again {
					t.Errorf("%s, %s: got %s, %v", kind, words, got.body, line)
				}
			}
			card := w.gets(t, "/crmuser", "kim")
			if got := w.presses(t, card.body, "What do they own?", 0); !has(got.body, "Back") || test.again && !has(got.body, "Try again") && !has(got.body, "Refresh") {
				t.Errorf("%s, a button: got %s", kind, got.body)
			}
			w.day(t)
			if got := w.gets(t, "/crmowner", "orphans"); !strings.HasPrefix(got.text, "4 records whose") {
				t.Errorf("%s, a good day again: got %q", kind, got.text)
			}
			w.inBlocks(t)
		})
	}
}

// TestAllScopesThatMayBeMissing are named, with the command that adds them.
func TestAllScopesThatMayBeMissing(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	w.bot.Setup = "generated setup"
	w.day(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.ScopeMismatch})
	for _, words := range []string{"gentest", "orphans", "what does kim own"} {
		got := w.gets(t, "/crmowner", words)
		for _, want := range []string{"modules.accounts.READ", "modules.deals.READ", "modules.contacts.READ", "modules.leads.READ", "by “generated setup”"} {
			if !strings.Contains(got.text, want) {
				t.Errorf("%s: got %q, want %s", words, got.text, want)
			}
		}
	}
}

// TestScopesThatAreMissing are all named: of each module its own where others
// answer, and else those of which one may be the reason.
func TestScopesThatAreMissing(t *testing.T) {
	const deals, leads = "ZohoCRM.modules.deals.READ", "ZohoCRM.modules.leads.READ"
	for want, missing := range map[string][]string{
		"Deals are missing: I may not read that in Zoho CRM: the grant lacks the scope " + deals + ".":                                                     {deals},
		"Deals and Leads are missing: I may not read that in Zoho CRM: the grant lacks the scopes " + deals + " and " + leads + ".":                        {deals, leads},
		"I may not read that in Zoho CRM: the grant lacks one of the scopes " + zoho.ModuleScope("Accounts") + ", " + zoho.COQLScope + ", " + deals + ", ": {zoho.COQLScope},
	} {
		scopes := slices.DeleteFunc(slices.Clone(zohosim.AllScopes), func(s string) bool { return slices.Contains(missing, s) })
		w := owningCRM(t, zohosim.Config{Scopes: scopes})
		if got := w.gets(t, "/crmowner", "orphans"); !strings.Contains(got.text, want) {
			t.Errorf("got %q, want %q in it", got.text, want)
		}
	}
}

// TestNewRecordsTakeAScope, which is named where nothing was found without it.
func TestNewRecordsTakeAScope(t *testing.T) {
	scopes := slices.DeleteFunc(slices.Clone(zohosim.AllScopes), func(s string) bool { return s == zoho.COQLScope })
	w := owningCRM(t, zohosim.Config{Scopes: scopes})
	w.bot.Setup = "crmwho setup --stack crmwho"
	const want = "To find them sooner takes the scope " + zoho.COQLScope + ", which the grant lacks. Whoever runs me can add it: with a new code for all scopes, by “crmwho setup --stack crmwho”."
	if got := w.gets(t, "/crmowner", "zaphod"); !strings.HasSuffix(got.text, want) {
		t.Errorf("got %q, want %q", got.text, want)
	}
}

// TestOfDifferentReasonsOneThatMayPass is told, so that it can be asked again.
func TestOfDifferentReasonsOneThatMayPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		var faults []zohosim.Fault
		for _, module := range []string{"Accounts", "Contacts", "Leads"} {
			faults = append(faults, zohosim.Fault{Module: module, Kind: zohosim.NoAPIAccess})
		}
		w.day(t, append(faults, zohosim.Fault{Module: "Deals", Kind: zohosim.InternalError})...)
		got := w.gets(t, "/crmowner", "orphans")
		if !strings.HasPrefix(got.text, "Zoho CRM cannot be reached right now.") || !has(got.body, "Try again") {
			t.Errorf("got %s", got.body)
		}
	})
}

// TestOneRecordIsNotSaidToBeAll where a query could have found more.
func TestOneRecordIsNotSaidToBeAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		w.day(t, zohosim.Fault{Path: "/crm/v7/coql", Kind: zohosim.InternalError})
		const want = "1 or more records match “tam gent”: "
		if got := w.gets(t, "/crmowner", "tam gent"); !strings.HasPrefix(got.text, want) {
			t.Errorf("got %q, want %q", got.text, want)
		}
	})
}

// TestCountsAreToldWithoutTheLatest: what is known of somebody is no less so
// because no module says what was modified last.
func TestCountsAreToldWithoutTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		w.bot.Records.CRM.HTTP = &http.Client{Transport: unordered{w.zoho}}
		got := w.gets(t, "/crmowner", "what does patricia boyle own")
		const want = "What Patricia Boyle owns: 1 account. Accounts are missing in what was last changed: "
		if !strings.HasPrefix(got.text, want) {
			t.Errorf("got %q, want %q", got.text, want)
		}
	})
}

// unordered is a transport that lets no ordered query through.
type unordered struct{ http.RoundTripper }

func (u unordered) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		if query, err := io.ReadAll(body); err != nil || strings.Contains(string(query), "order by") {
			return nil, errors.Join(errors.New("an ordered query"), err)
		}
	}
	return u.RoundTripper.RoundTrip(r)
}

// quoting is a transport whose errors quote what was asked, as a *url.Error does.
type quoting struct{ http.RoundTripper }

func (quoting) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: fmt.Errorf("lookup %s: %s", r.URL, body)}
}

// random is what a log and the store hold at random: it may spell a name.
var random = regexp.MustCompile(`(?i)"(ref|nonce)":"[a-z0-9]+"`)

// TestTheLogHoldsNothingOfOwners: whatever is typed, found, and goes wrong.
func TestTheLogHoldsNothingOfOwners(t *testing.T) {
	hostile := []string{
		"gentest", "Tami Gentest", "kim", "what does kim own", "what does zaphod own", "owned by <@U0OTHERS>", "tami@gentest.example", "+999 100 200 300",
		"5725767000009100106", "5725767000000583032", recordLink, userLink, "<" + recordLink + "|gentest>", "https://example.com/zaphod?gentest=1",
		"orphans", "zaphod' or 1=1 --", `zaphod%_\"'`, "zaphod\nlevel=ERROR gentest", "((zaphod:equals:gentest))", "https://crm.zoho.com/crm/tab/Zaphod/5725767000009100106",
	}
	for _, kind := range []zohosim.FaultKind{"", zohosim.Reset, zohosim.HTML, zohosim.Truncated, zohosim.ScopeMismatch, zohosim.Throttled, zohosim.NotFound, zohosim.Hang, "quoting"} {
		synctest.Test(t, func(t *testing.T) {
			w := owningCRM(t, zohosim.Config{})
			switch kind {
			case "":
			case "quoting":
				w.bot.Records.CRM.HTTP.Transport = quoting{}
			default:
				w.day(t, zohosim.Fault{Path: "/crm/", Kind: kind})
			}
			for _, words := range hostile {
				for _, command := range []string{"/crmowner", "/crmuser"} {
					for _, b := range buttonsOf(t, w.gets(t, command, words).body) {
						if b.n == 0 && b.label != "Back" {
							got := w.gets(t, command, words)
							w.presses(t, got.body, b.label, 0)
						}
					}
				}
			}
			calls, kept := "", ""
			names, err := w.bot.Claims.List(t.Context(), "")
			for _, name := range names {
				v, failure := w.bot.Claims.Read(t.Context(), name)
				kept, err = kept+strings.ToLower(name+random.ReplaceAllString(string(v.Data), "")), errors.Join(err, failure)
			}
			if err != nil {
				t.Error(err)
			}
			for _, c := range w.slack.Calls() {
				calls += fmt.Sprintf("%+v\n", c)
			}
			for _, secret := range []string{"gentest", "tami", "kim", "zaphod", "999 100", "5725767000009100106", "5725767000000583032", "https:", " where ", "equals", "nilo", "hooks.slack"} {
				if log := strings.ToLower(random.ReplaceAllString(w.log.String(), "")); strings.Contains(log, secret) {
					i := strings.Index(log, secret)
					t.Errorf("%s: the log tells %q: …%s", kind, secret, log[max(0, i-300):min(len(log), i+200)])
				}
				if strings.Contains(kept, secret) {
					t.Errorf("%s: the store keeps %q: %s", kind, secret, kept)
				}
				if strings.Contains(strings.ToLower(calls), secret) && !strings.Contains("https:hooks.slack", secret) {
					t.Errorf("%s: a call of Slack tells %q: %s", kind, secret, calls)
				}
			}
		})
	}
}

// TestTheSameQuestionAsksZohoOnce a minute; Try again and Refresh ask anew.
func TestTheSameQuestionAsksZohoOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		for _, words := range []string{"gentest", "zaphod", "what does kim own", "orphans", recordLink, "tami@gentest.example"} {
			first := w.gets(t, "/crmowner", words)
			calls := w.crmCalls()
			if again := w.gets(t, "/crmowner", words); again.text != first.text || w.crmCalls() != calls {
				t.Errorf("%s: %d calls more, got %q", words, w.crmCalls()-calls, again.text)
			}
		}
		owned := w.gets(t, "/crmowner", "what does kim own")
		calls := w.crmCalls()
		if w.presses(t, owned.body, "Refresh", 0); w.crmCalls() != calls+8 {
			t.Errorf("Refresh: %d calls", w.crmCalls()-calls)
		}
		w.bot.People.FreshFor = time.Hour
		time.Sleep(2 * time.Minute)
		users := w.zoho.Count(zohosim.UsersCall)
		if w.presses(t, owned.body, "Refresh", 0); w.zoho.Count(zohosim.UsersCall) != users {
			t.Error("Refresh read the people anew, who are fresh enough")
		}
		w.day(t, zohosim.Fault{Module: "Deals", Kind: zohosim.Truncated})
		partial := w.gets(t, "/crmowner", "gentest")
		w.day(t)
		calls = w.crmCalls()
		if again := w.presses(t, partial.body, "Try again", 0); !strings.HasPrefix(again.text, "4 records") || w.crmCalls() == calls {
			t.Errorf("Try again: %d calls, %q", w.crmCalls()-calls, again.text)
		}
		calls = w.crmCalls()
		if again := w.gets(t, "/crmowner", "gentest"); !strings.HasPrefix(again.text, "4 records") || w.crmCalls() != calls {
			t.Errorf("after Try again: %d calls, %q", w.crmCalls()-calls, again.text)
		}
	})
}

// TestTheAnswerLineOfOwners: what it took is what Zoho counts.
func TestTheAnswerLineOfOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		for _, test := range []struct {
			command, words, outcome string
			people                  float64
			fault                   zohosim.Fault
		}{
			{"/crmowner", "gentest", "people", 4, zohosim.Fault{}},
			{"/crmowner", "tami", "people", 1, zohosim.Fault{}},
			{"/crmowner", "zaphod", "people", 0, zohosim.Fault{}},
			{"/crmowner", "patricia", "people", 9, zohosim.Fault{}},
			{"/crmowner", "what does lee own", "people", 1, zohosim.Fault{}},
			{"/crmowner", "orphans", "people", 4, zohosim.Fault{}},
			{"/crmowner", "help", "usage", 0, zohosim.Fault{}},
			{"/crmowner", "???", "not understood", 0, zohosim.Fault{}},
			{"/crmuser", recordLink, "people", 1, zohosim.Fault{}},
			{"/crmowner", "gentest", "partial", 3, zohosim.Fault{Module: "Deals", Kind: zohosim.Truncated}},
			{"/crmowner", "zaphod", "partial", 0, zohosim.Fault{Module: "Deals", Kind: zohosim.InternalError}},
			{"/crmowner", "orphans", "partial", 3, zohosim.Fault{Module: "Deals", Kind: zohosim.Hang}},
			{"/crmowner", "gentest", "older: unavailable", 4, zohosim.Fault{Path: "/crm/v7/users", Kind: zohosim.InternalError}},
			{"/crmowner", "orphans", "timeout", 0, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang}},
		} {
			time.Sleep(2 * time.Minute)
			w.day(t)
			if test.fault != (zohosim.Fault{}) {
				w.day(t, test.fault)
			}
			w.log.Reset()
			calls, credits := w.crmCalls(), w.zoho.Credits()
			w.gets(t, test.command, test.words)
			lines := w.lines(t)
			all := append(lines["handed over"], lines["answer"]...)
			var counted, cost float64
			for _, line := range all {
				counted, cost = counted+line["zoho_calls"].(float64), cost+line["zoho_credits"].(float64)
			}
			line := all[len(all)-1]
			if len(lines["answer"]) != 1 || line["outcome"] != test.outcome || line["people"] != test.people || line["command"] != test.command {
				t.Errorf("%+v: got %v", test, line)
			}
			if int(counted) != w.crmCalls()-calls || int(cost) != w.zoho.Credits()-credits {
				t.Errorf("%+v: %v calls, %v credits, want %v, %v", test, counted, cost, w.crmCalls()-calls, w.zoho.Credits()-credits)
			}
		}
	})
}

// TestAPartIsToldWhereTheRestCannotFollow: what was found is not lost when the
// question cannot be handed over.
func TestAPartIsToldWhereTheRestCannotFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		w.day(t, zohosim.Fault{Module: "Deals", Kind: hang})
		w.bot.HandOver = func(context.Context, []byte) error { return errors.New("ServiceException") }
		got := w.gets(t, "/crmowner", "gentest")
		for _, want := range []string{"3 records match “gentest”", "Deals are missing: Zoho CRM did not answer in time."} {
			if !strings.Contains(got.text, want) || got.later {
				t.Errorf("got %q, want %q in it", got.text, want)
			}
		}
		if got := w.gets(t, "/crmowner", "zaphod"); got.later || !strings.HasPrefix(got.text, "Zoho CRM did not answer in time.") {
			t.Errorf("nothing found: got %q", got.text)
		}
	})
}

// TestDigitsAreNoName: those of somebody's phone number do not say whose records
// are meant.
func TestDigitsAreNoName(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	if got := w.gets(t, "/crmowner", "12345"); !strings.Contains(got.text, "No record in Accounts, Deals, Contacts or Leads has “12345”.") || !strings.Contains(got.text, "Did you mean what Patricia Boyle owns?") {
		t.Errorf("got %q", got.text)
	}
}
