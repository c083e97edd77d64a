package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"crmwho/internal/audit"
	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// TestDoctorTellsWhatIsBroken breaks a world in one way each. The marks are
// those of the checks in their order: client, token, Slack's secret; health,
// data centre, accounts server; users, roles, profiles, organisation; the
// modules; search, COQL; Slack, its scopes; the list of people, the last audit;
// the clock.
func TestDoctorTellsWhatIsBroken(t *testing.T) {
	now := time.Now()
	in := func(d time.Duration) string { return stamp(now.Add(d)) }
	fault := func(f zohosim.Fault) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { w.fault(t, f) }
	}
	put := func(name, value string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { w.put(t, name, value) }
	}
	change := func(name string, fields map[string]any) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { w.change(t, name, fields) }
	}
	slackFault := func(f slacksim.Fault) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			if err := w.slack.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	people := func(data string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			keep(t, w.history(), "directory/snapshot", cmp.Or(data, "none"))
			if data == "" {
				if err := os.RemoveAll(filepath.Join(w.dir, "page")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	unanswered := func(t *testing.T, w *world) {
		w.fault(t, zohosim.Fault{Path: "/", Kind: zohosim.Reset})
		slackFault(slacksim.Fault{Reset: true})(t, w)
	}
	for name, test := range map[string]struct {
		spoil func(*testing.T, *world)
		marks string
		want  []string
	}{
		"nothing": {func(*testing.T, *world) {}, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"minutes left", "1 of 5 exchanges", "It takes the bot token"}},
		"nothing set up": {func(t *testing.T, w *world) {
			for _, name := range []string{"oauth-client", "access-token", "slack"} {
				w.put(t, name, "")
			}
		}, "✗✗- --✓ ---- ---- -- -- ✓- ✓", []string{"The OAuth client is not set up: its secret is empty.\n    Run crmwho setup --dir", "It is empty: nothing was ever exchanged, and none is exchanged without a client.\n    As above.\n"}},
		"neither client nor token": {func(t *testing.T, w *world) {
			w.put(t, "oauth-client", "s3cret")
			w.change(t, "access-token", map[string]any{"access_token": nil, "failure": map[string]any{"class": "transient", "since": in(-time.Hour)}})
		}, "✗✗✓ !-✓ ---- ---- -- ✓✓ ✓- ✓", []string{"It lacks access_token, and none is exchanged without a client.\n    As above.\n", "(transient).\n    As above.\n"}},

		"client no JSON":          {put("oauth-client", "s3cret"), "✗✓✓ ✓-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"is not a JSON object of texts"}},
		"client not whole":        {change("oauth-client", map[string]any{"client_secret": nil, "refresh_token": ""}), "✗✓✓ ✓-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"lacks client_secret, refresh_token"}},
		"client's server strange": {change("oauth-client", map[string]any{"accounts_server": "https://zoho.example"}), "✗✓✓ ✓-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"wrong accounts_server"}},

		"token empty":      {put("access-token", ""), "✓✗✓ --✓ ---- ---- -- ✓✓ ✓- ✓", []string{"nothing was ever exchanged", "If crmwho token --refresh --dir ", " does not mend it, run crmwho setup"}},
		"token no JSON":    {put("access-token", "s3cret"), "✓✗✓ --✓ ---- ---- -- ✓✓ ✓- ✓", []string{"It is not what an exchange writes"}},
		"token not whole":  {change("access-token", map[string]any{"access_token": nil, "api_domain": nil}), "✓✗✓ --✓ ---- ---- -- ✓✓ ✓- ✓", []string{"It lacks access_token, api_domain."}},
		"token of no time": {change("access-token", map[string]any{"expiry": "s3cret"}), "✓✓✓ ✗✓✓ ---- ---- -- ✓✓ ✓- ✓", []string{"When it ends is not known"}},
		"no token yet": {change("access-token", map[string]any{"access_token": nil, "failure": map[string]any{"class": "transient", "since": in(-time.Hour)}}), "✓✗✓ !-✓ ---- ---- -- ✓✓ ✓- ✓",
			[]string{"No exchange has succeeded since " + clock(now.Add(-time.Hour)) + " (transient)", "Run crmwho token --refresh --dir "}},
		"no token, held off": {change("access-token", map[string]any{"access_token": nil, "hold_until": in(time.Hour), "failure": map[string]any{"class": "throttled", "since": in(-time.Hour)}}), "✓✗✓ !-✓ ---- ---- -- ✓✓ ✓- ✓",
			[]string{"Zoho was asked too often", "After " + clock(now.Add(time.Hour)) + " run crmwho token --refresh --dir "}},
		"token no expiry": {change("access-token", map[string]any{"expiry": nil}), "✓✗✓ --✓ ---- ---- -- ✓✓ ✓- ✓", []string{"It lacks expiry."}},

		"slack empty":              {put("slack", ""), "✓✓- ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -- ✓- ✓", []string{"- slack secret      Slack is played over a folder", "- Slack, Slack scopes  Slack is played over a folder"}},
		"slack no JSON":            {put("slack", "s3cret"), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -- ✓- ✓", []string{"not a JSON object with signing_secrets"}},
		"slack no signing secret":  {change("slack", map[string]any{"signing_secrets": []string{}}), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"lacks signing_secrets"}},
		"slack odd signing secret": {change("slack", map[string]any{"signing_secrets": []string{signing, "s3cret"}}), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"One of its signing_secrets is none"}},
		"slack no bot token":       {change("slack", map[string]any{"bot_token": nil}), "✓✓! ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -- ✓- ✓", []string{"lacks bot_token, so that shortcuts"}},
		"slack other token":        {change("slack", map[string]any{"bot_token": "xoxp-s3cret"}), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -- ✓- ✓", []string{"begins with xoxb-"}},

		"grant dead": {change("access-token", map[string]any{"latched": "a", "failure": map[string]any{"class": "dead", "code": "invalid_code", "since": in(-time.Hour)}}), "✓✓✓ ✗✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓",
			[]string{"The grant is dead (invalid_code) since " + clock(now.Add(-time.Hour)), "Run crmwho setup --dir", "Generate a code"}},
		"grant dead, held off": {change("access-token", map[string]any{"latched": "a", "hold_until": in(time.Hour), "failure": map[string]any{"class": "throttled", "since": in(-time.Hour)}}), "✓✓✓ ✗✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓",
			[]string{"Wait until " + clock(now.Add(time.Hour)) + ", since Zoho was asked too often. Log in to "}},
		"grant dead, no client": {func(t *testing.T, w *world) {
			w.put(t, "oauth-client", "")
			w.change(t, "access-token", map[string]any{"latched": "a", "failure": map[string]any{"class": "dead", "code": "invalid_code", "since": in(-time.Hour)}})
		}, "✗✓✓ ✗-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"The grant is dead", "Generate a code"}},
		"token refused":  {change("access-token", map[string]any{"refused": true}), "✓✓✓ ✗✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"Zoho has refused it", "Run crmwho token --refresh --dir "}},
		"token ended":    {change("access-token", map[string]any{"expiry": in(-time.Hour)}), "✓✓✓ ✗✓✓ ---- ---- -- ✓✓ ✓- ✓", []string{"It ended at " + clock(now.Add(-time.Hour)), "because the access token has ended"}},
		"token ends":     {change("access-token", map[string]any{"expiry": in(9 * time.Minute)}), "✓✓✓ !✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"8 minutes left"}},
		"exchanges fail": {change("access-token", map[string]any{"failure": map[string]any{"class": "transient", "since": in(-time.Hour)}}), "✓✓✓ !✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"No exchange has succeeded since", "(transient)"}},
		"held off":       {change("access-token", map[string]any{"hold_until": in(time.Hour), "failure": map[string]any{"class": "throttled", "since": in(-time.Hour)}}), "✓✓✓ !✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"After " + clock(now.Add(time.Hour)) + " run crmwho token --refresh --dir "}},

		"API elsewhere":        {change("access-token", map[string]any{"api_domain": "https://zoho.example"}), "✓✓✓ ✓✗✓ ---- ---- -- ✓✓ ✓- ✓", []string{"names no API of Zoho's", "because the data centre is wrong"}},
		"accounts unreachable": {fault(zohosim.Fault{Path: "/", Kind: zohosim.Reset, Times: 1}), "✓✓✓ ✓✓✗ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"does not answer", "connection"}},
		"accounts failing":     {fault(zohosim.Fault{Path: "/", Kind: zohosim.HTML, Times: 1}), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", nil},

		"CRM unreachable":   {fault(zohosim.Fault{Path: "/crm/", Kind: zohosim.Reset}), "✓✓✓ ✓✓✓ ✗--- ---- -- ✓✓ ✓- ✓", []string{"The CRM cannot be reached", "- CRM roles … and 8 more  They are not asked, because the same would befall it as users.\n"}},
		"no API access":     {fault(zohosim.Fault{Path: "/crm/", Kind: zohosim.NoAPIAccess}), "✓✓✓ ✓✓✓ ✗--- ---- -- ✓✓ ✓- ✓", []string{`"Zoho CRM API Access"`}},
		"CRM refuses token": {func(_ *testing.T, w *world) { w.zoho.ExpireTokens() }, "✓✓✓ ✓✓✓ ✗--- ---- -- ✓✓ ✓- ✓", []string{"does not take the access token.\n    Run crmwho token --refresh --dir ", ". If that does not help, make a code at ", ", and run crmwho setup --dir "}},
		"CRM refuses the token of a dead grant": {func(t *testing.T, w *world) {
			w.zoho.ExpireTokens()
			w.change(t, "access-token", map[string]any{"latched": "a", "failure": map[string]any{"class": "dead", "code": "invalid_code", "since": in(-time.Hour)}})
		}, "✓✓✓ ✗✓✓ ✗--- ---- -- ✓✓ ✓- ✓", []string{"does not take the access token.\n    As above.\n"}},
		"no scope for users": {fault(zohosim.Fault{Path: "/crm/v7/users", Kind: zohosim.ScopeMismatch}), "✓✓✓ ✓✓✓ ✗✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"lacks the scope ZohoCRM.users.READ"}},
		"no other scopes": {fault(zohosim.Fault{Path: "/crm/", Kind: zohosim.ScopeMismatch, After: 1}), "✓✓✓ ✓✓✓ ✓!!! !!!! -- ✓✓ ✓- ✓",
			[]string{"settings.roles.READ, so that nobody reports", "settings.profiles.READ, so that custom", "org.READ, so that cards",
				"modules.accounts.READ, so that /crmowner finds nothing in Accounts", "is not known, because none of the modules can be read"}},

		"token of few scopes": {func(_ *testing.T, w *world) {
			w.slack.Scopes = []string{"commands", "chat:write", "users:read", "users:read.email", "usergroups:read"}
		}, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓! ✓- ✓",
			[]string{"The bot token lacks files:write: the list of administrators is not attached to audits.\n                    The bot token lacks channels:read", "\n    Add what is lacking on the app's page \"OAuth & Permissions\""}},
		"token without the needed scope": {func(_ *testing.T, w *world) { w.slack.Scopes = []string{"chat:write"} }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✗ ✓- ✓",
			[]string{"lacks commands: slash commands and shortcuts"}},
		"token of no scopes": {func(_ *testing.T, w *world) { w.slack.Scopes = []string{} }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓- ✓- ✓", []string{"Slack did not say which scopes"}},

		"no people":           {people(""), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✗- ✓", []string{"There is none yet", "Run crmwho serve --zoho http://127.0.0.1:", " --dir "}},
		"people damaged":      {people("s3cret"), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✗- ✓", []string{"It cannot be used", "Run crmwho serve --zoho"}},
		"old people":          {func(t *testing.T, w *world) { listPeople(t, w.history(), 61*time.Minute) }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ !- ✓", []string{"It has 15 people, as they were 61 minutes ago", "Run crmwho serve --zoho"}},
		"people of this hour": {func(t *testing.T, w *world) { listPeople(t, w.history(), 59*time.Minute) }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"as they were 59 minutes ago"}},
		"one person":          {func(t *testing.T, w *world) { listSome(t, w.history(), time.Minute, 1) }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✓", []string{"It has one person, as of "}},
		"an audit":            {func(t *testing.T, w *world) { postAudit(t, w.history(), 900*time.Hour) }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓✓ ✓", []string{"The last one was posted 37 days ago"}},
		"a failed audit":      {func(t *testing.T, w *world) { failAudit(t, w.history()) }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓! ✓", []string{"The one of 03:04 UTC on 2 January failed: As the test wants.", "/crmadmins audit makes one at once"}},
		"a clock behind":      {func(_ *testing.T, w *world) { w.behind = -100 * time.Second }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- !", []string{"This computer's clock is ", " seconds behind ", "w32tm /resync"}},
		"a clock ahead":       {func(_ *testing.T, w *world) { w.behind = 10 * time.Minute }, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓✓ ✓- ✗", []string{" minutes ahead of ", "timedatectl set-ntp true"}},
		"nobody answers":      {unanswered, "✓✓✓ ✓✓✗ ✗--- ---- -- ✗- ✓- -", []string{"Nobody who was asked has told the time"}},

		"Slack refuses":     {slackFault(slacksim.Fault{Error: "account_inactive"}), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✗- ✓- ✓", []string{"was removed from the workspace", "Install the app again"}},
		"Slack unreachable": {slackFault(slacksim.Fault{Reset: true}), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✗- ✓- ✓", []string{"Slack cannot be reached"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			w.connect(t)
			w.connectSlack(t)
			listPeople(t, w.history(), time.Minute)
			test.spoil(t, w)
			before, exchanges := w.files(t), w.calls(zohosim.TokenCall)
			out, errs, err := w.run(t, "", "doctor")
			if got := marksOf(out); got != test.marks || errs != "" {
				t.Errorf("got %s, want %s:\n%s%s", got, test.marks, out, errs)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			if bad := strings.Contains(test.marks, "✗"); (err != nil) != bad {
				t.Errorf("got %v, want failed %v", err, bad)
			}
			wantSteps(t, out)
			if strings.Contains(out, "`") {
				t.Errorf("what Slack shows otherwise stands in\n%s", out)
			}
			if !maps.Equal(before, w.files(t)) || w.calls(zohosim.TokenCall) != exchanges {
				t.Error("it wrote something, or exchanged a token")
			}
		})
	}
}

// wantSteps has a step below all that is not well.
func wantSteps(t *testing.T, out string) {
	t.Helper()
	open := "" // what has none yet
	for line := range strings.Lines(out + "-") {
		switch {
		case strings.HasPrefix(line, strings.Repeat(" ", 20)): // it goes on
		case strings.HasPrefix(line, "    "):
			open = ""
		case open != "":
			t.Errorf("there is no step below %s", open)
			fallthrough
		default:
			if open = ""; strings.HasPrefix(line, "✗") || strings.HasPrefix(line, "!") {
				open = line
			}
		}
	}
}

// groups are the checks that a new group of marks begins with.
var groups = []string{"oauth client", "token health", "CRM users", "CRM Accounts", "CRM search", "Slack", "list of people", "clock"}

// marksOf are the marks at the beginnings of lines, in groups.
func marksOf(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		letters := []rune(line)
		label, _, _ := strings.Cut(strings.TrimSpace(string(letters[1:])), "  ")
		for _, check := range unfolded(label) {
			if slices.Contains(groups, check) && b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteRune(letters[0])
		}
	}
	return b.String()
}

// crmChecks are those of the CRM, in their order.
var crmChecks = strings.Fields("users roles profiles organisation Accounts Deals Contacts Leads search COQL")

// unfolded are the checks that a line is about.
func unfolded(label string) []string {
	first, more, several := strings.Cut(label, " … and ")
	if !several {
		return strings.Split(label, ", ")
	}
	var n int
	if _, err := fmt.Sscanf(more, "%d more", &n); err != nil {
		return nil
	}
	from := slices.Index(crmChecks, strings.TrimPrefix(first, "CRM "))
	var all []string
	for _, name := range crmChecks[from : from+1+n] {
		all = append(all, "CRM "+name)
	}
	return all
}

func TestDoctorAsJSON(t *testing.T) {
	w := newWorld(t, zohosim.Config{Scopes: []string{"ZohoCRM.users.READ"}})
	w.connect(t)
	w.put(t, "slack", "s3cret")
	listPeople(t, w.history(), time.Minute)
	out, errs, err := w.run(t, "", "doctor", "--json")
	var got []finding
	if json.Unmarshal([]byte(out), &got) != nil || errs != "" || fmt.Sprint(err) != "1 of 21 checks failed: slack secret" {
		t.Fatalf("got %s, %s, %v", out, errs, err)
	}
	for i, want := range []struct {
		check   string
		verdict verdict
		next    bool
	}{
		{"oauth client", well, false}, {"access token", well, false}, {"slack secret", failed, true},
		{"token health", well, false}, {"data centre", well, false}, {"accounts server", well, false},
		{"CRM users", well, false}, {"CRM roles", warning, true}, {"CRM profiles", warning, true}, {"CRM organisation", warning, true},
		{"CRM Accounts", warning, true}, {"CRM Deals", warning, true}, {"CRM Contacts", warning, true}, {"CRM Leads", warning, true}, {"CRM search", skipped, false}, {"CRM COQL", skipped, false},
		{"Slack", skipped, false}, {"Slack scopes", skipped, false}, {"list of people", well, false}, {"last audit", skipped, false}, {"clock", well, false},
	} {
		if f := got[i]; f.Check != want.check || f.Verdict != want.verdict || f.Says == "" || (f.Next != "") != want.next {
			t.Errorf("got %+v, want %+v", f, want)
		}
	}
}

// but are the scopes of the simulator without some.
func but(without ...string) []string {
	return slices.DeleteFunc(slices.Clone(zohosim.AllScopes), func(scope string) bool { return slices.Contains(without, scope) })
}

// TestDoctorOfRecords: each scope of /crmowner that is missing is a warning of
// its own, which blames nothing else.
func TestDoctorOfRecords(t *testing.T) {
	const search, coql = "ZohoSearch.securesearch.READ", "ZohoCRM.coql.READ"
	modules := []string{"ZohoCRM.modules.accounts.READ", "ZohoCRM.modules.deals.READ", "ZohoCRM.modules.contacts.READ", "ZohoCRM.modules.leads.READ"}
	for name, test := range map[string]struct {
		without []string
		fault   zohosim.Fault
		marks   string // of modules, search and COQL
		want    []string
	}{
		"a module":      {modules[1:2], zohosim.Fault{}, "✓!✓✓ ✓✓", []string{"The grant lacks the scope ZohoCRM.modules.deals.READ, so that /crmowner finds nothing in Deals.\n    Make a code in the self client at "}},
		"the first one": {modules[:1], zohosim.Fault{}, "!✓✓✓ ✓✓", []string{"finds nothing in Accounts", "ZohoCRM.org.READ,ZohoCRM.modules.accounts.READ,"}},
		"all modules":   {modules, zohosim.Fault{}, "!!!! --", []string{"nothing in Deals.\n    As above.\n", "- CRM search, CRM COQL  Whether they can be used is not known, because none of the modules can be read."}},
		"search":        {[]string{search}, zohosim.Fault{}, "✓✓✓✓ !✓", []string{"lacks the scope " + search + ", so that records are only found through COQL, and none by its phone number."}},
		"COQL":          {[]string{coql}, zohosim.Fault{}, "✓✓✓✓ ✓!", []string{"lacks the scope " + coql + ", so that new records are found a little later, and neither what somebody owns nor orphans can be told."}},
		"search and COQL": {[]string{search, coql}, zohosim.Fault{}, "✓✓✓✓ !!",
			[]string{"so that without search as well, /crmowner understands links and ids alone, and neither"}},
		"unreachable midways": {nil, zohosim.Fault{Path: "/crm/v7/Deals", Kind: zohosim.Reset}, "✓!-- --", []string{"because the same would befall it as Deals"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{Scopes: but(test.without...)})
			w.connect(t)
			w.connectSlack(t)
			listPeople(t, w.history(), time.Minute)
			if test.fault != (zohosim.Fault{}) {
				w.fault(t, test.fault)
			}
			out, _, err := w.run(t, "", "doctor")
			if got, want := marksOf(out), "✓✓✓ ✓✓✓ ✓✓✓✓ "+test.marks+" ✓✓ ✓- ✓"; got != want || err != nil {
				t.Errorf("got %s, %v, want %s:\n%s", got, err, want, out)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
		})
	}
}

// TestSearchOfAModuleThatIsCalledOtherwise: a field that is not there says that
// the module may be searched.
func TestSearchOfAModuleThatIsCalledOtherwise(t *testing.T) {
	for code, want := range map[string]bool{"INVALID_QUERY": true, "INVALID_DATA": false} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"code":%q,"details":{},"message":"generated","status":"error"}`, code)
		}))
		crm := (&backend{loopback: true}).crm(func(context.Context) (zoho.Token, error) {
			return zoho.Token{AccessToken: "sample", APIDomain: url}, nil
		})
		if err := bySearch.read(t.Context(), crm, "Tasks"); (err == nil) != want {
			t.Errorf("%s: got %v, want it to be open: %v", code, err, want)
		}
	}
}

// TestDoctorOfTheStacksModules: those of its parameters are tried, and none
// where nobody may ask.
func TestDoctorOfTheStacksModules(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, _ := w.aws(t)
	if _, _, err := w.runIn(t, t.Context(), w.typed(w.zoho.GrantToken), "setup", "--stack", "sample"); err != nil {
		t.Fatal(err)
	}
	listPeople(t, w.stored(t), time.Minute)
	for _, test := range []struct {
		owners, modules, fields string
		want                    []string
		failed                  string // how many, and which
	}{
		{"everyone", "Deals, Projects", "", []string{"✓ CRM Deals ", "! CRM Projects ", "The CRM has no module Projects", "✓ CRM search ", "✓ CRM COQL "}, "1 of 23 checks failed: slack secret"},
		{"nobody", "Deals,Projects", "Deals.Stage", []string{"- CRM records       Nobody may ask who owns what: the stack's parameter OwnerAudience is nobody.\n- Slack"}, "1 of 20 checks failed: slack secret"},
		{"C0SAMPLE", "Deals,Deals", "Deals.Stage", []string{"✗ CRM records       The stack's parameter RecordModules is wrong, so that the function that answers does not start: Deals stands there twice.\n    Deploy with another"}, "2 of 20 checks failed: slack secret, CRM records"},
		{"everyone", "Accounts,Deals", "Deals.Stage,Accounts.Industry", []string{"✓ CRM fields "}, "1 of 24 checks failed: slack secret"},
		{"everyone", "Accounts,Deals", "Deals.Stage,Accounts.Sector,Deals.Sum", []string{"! CRM fields        The CRM lacks one of Accounts.Sector; and one of Deals.Stage, Deals.Sum, so that COQL finds nothing there.\n    Give the API names"}, "1 of 24 checks failed: slack secret"},
		{"everyone", "Deals", "Stage", []string{"✗ CRM fields        The stack's parameter RecordFields is wrong"}, "2 of 23 checks failed: slack secret, CRM fields"},
		{"everyone", "Projects", "Stage", []string{"✗ CRM fields        The stack's parameter RecordFields is wrong"}, "2 of 23 checks failed: slack secret, CRM fields"},
		{"everyone", "Deals", "none", []string{"✓ CRM fields "}, "1 of 23 checks failed: slack secret"},
	} {
		stack.Parameters["OwnerAudience"], stack.Parameters["RecordModules"], stack.Parameters["RecordFields"] = test.owners, test.modules, test.fields
		out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample") // Slack is not set up
		wantInOrder(t, out, test.want...)
		if want := test.failed; fmt.Sprint(err) != want {
			t.Errorf("%s, %s: got %v, want %s", test.owners, test.modules, err, want)
		}
	}
}

// TestDoctorOfFieldsThatNobodyTellsOf: where COQL does not answer, nothing is well.
func TestDoctorOfFieldsThatNobodyTellsOf(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.fault(t, zohosim.Fault{Path: "/crm/v7/coql", Kind: zohosim.ScopeMismatch})
	stack, _ := w.aws(t)
	maps.Copy(stack.Parameters, map[string]string{"OwnerAudience": "everyone", "RecordModules": "Deals", "RecordFields": "Deals.Stage"})
	w.connectStack(t)
	out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample")
	if wantInOrder(t, out, "! CRM COQL ", "- CRM fields        Whether the CRM has those of Deals is not known"); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestDoctorOfAStack also looks at AWS and at the channels.
func TestDoctorOfAStack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample")
	if marksOf(out) != "✓✓✓ ✗✗✗ --✓ ---- ---- -- --- ✗- ✓" || err == nil || !strings.Contains(out, "Run crmwho setup --stack sample.") {
		t.Errorf("empty: got %s, %v", out, err)
	}
	wantInOrder(t, out, "account 123456789012, the region is eu-central-1", "sample is complete (CREATE_COMPLETE)", "admin-audit is disabled, as it should be")
	w.connectStack(t)
	before := secrets.Value(stack.Outputs["AccessTokenSecret"])
	stack.Parameters["SlackTeams"] = "T0000OTHER, E0000OTHER"
	out, _, err = w.runIn(t, t.Context(), "", "doctor", "--stack", "sample")
	if marksOf(out) != "✓✓✓ ✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ !✓- ✓- ✓" || err != nil || !strings.Contains(out, "make deploy STACK=sample SlackTeams=T0000OTHER,E0000OTHER,"+slacksim.Team+".\n") {
		t.Errorf("got %s, %v", out, err)
	}
	if secrets.Value(stack.Outputs["AccessTokenSecret"]) != before {
		t.Error("it wrote something")
	}
}

// connectStack sets Zoho and Slack up, and lists people.
func (w *world) connectStack(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{w.typed(w.zoho.GrantToken), "setup"}, {signing + "\n" + botToken + "\n", "setup", "slack"}} {
		if _, _, err := w.runIn(t, t.Context(), args[0], append(args[1:], "--stack", "sample")...); err != nil {
			t.Fatal(err)
		}
	}
	listPeople(t, w.stored(t), time.Minute)
}

// TestDoctorTellsWhatIsBrokenAtAStack: the marks are those of AWS, of Slack, and of
// the list of people and the last audit. The rest is as it should be, or is not
// looked at.
func TestDoctorTellsWhatIsBrokenAtAStack(t *testing.T) {
	const auditChannel, noticeChannel = "C0AUDITS", "C0NOTICES"
	status := func(status string) func(*testing.T, *world, awssim.Stack) {
		return func(_ *testing.T, w *world, s awssim.Stack) {
			s.Status = status
			w.cloud.Stacks["sample"] = s
		}
	}
	schedule := func(name, state string) func(*testing.T, *world, awssim.Stack) {
		return func(_ *testing.T, w *world, _ awssim.Stack) {
			if w.schedule.States["sample-"+name] = state; state == "" {
				delete(w.schedule.States, "sample-"+name)
			}
		}
	}
	without := func(parameters ...string) func(*testing.T, *world, awssim.Stack) {
		return func(_ *testing.T, w *world, s awssim.Stack) {
			for _, name := range parameters {
				s.Parameters[name] = ""
			}
		}
	}
	bucket := func(do func(*testing.T, store.Store)) func(*testing.T, *world, awssim.Stack) {
		return func(t *testing.T, w *world, _ awssim.Stack) { do(t, w.stored(t)) }
	}
	slack := func(do func(*slacksim.Slack)) func(*testing.T, *world, awssim.Stack) {
		return func(_ *testing.T, w *world, _ awssim.Stack) { do(w.slack) }
	}
	run := func(t *testing.T, in store.Store, began time.Duration, more string) {
		at := time.Now().Add(-began).UTC()
		keep(t, in, "audit-runs/"+at.Format("20060102T150405Z"), fmt.Sprintf(`{"began":%q,"nonce":"a"%s}`, at.Format(time.RFC3339), more))
	}
	for name, test := range map[string]struct {
		spoil            func(*testing.T, *world, awssim.Stack)
		aws, slack, ages string
		want             []string
	}{
		"nothing": {without(), "✓✓✓", "✓✓✓", "✓✓", []string{"The bot is in AuditChannel (C0AUDITS). The bot is in NoticeChannel (C0NOTICES)", "It has 15 people, as they were ", "The last one was posted 24 hours ago"}},

		"no credentials": {func(t *testing.T, _ *world, _ awssim.Stack) { t.Setenv("AWS_ACCESS_KEY_ID", "") }, "✗--", "", "", []string{"There are no AWS credentials that work", "aws sso login"}},
		"no region":      {func(t *testing.T, _ *world, _ awssim.Stack) { t.Setenv("AWS_REGION", "") }, "✗--", "", "", []string{"Set AWS_REGION"}},
		"credentials refused": {func(_ *testing.T, w *world, _ awssim.Stack) {
			w.sts.Refuse, w.cloud.Refuse = "InvalidClientTokenId", "InvalidClientTokenId"
		}, "✗✗-", "", "", []string{"AWS does not take the credentials", "As above."}},
		"identity not told": {func(_ *testing.T, w *world, _ awssim.Stack) { w.sts.Refuse = "OptInRequired" }, "✗✓✓", "✓✓✓", "✓✓", []string{"AWS does not say whose the credentials are: AWS answered 403 OptInRequired"}},
		"no stack":          {func(_ *testing.T, w *world, _ awssim.Stack) { delete(w.cloud.Stacks, "sample") }, "✓✗-", "", "", []string{"There is no stack sample in eu-central-1 of the account 123456789012.", "AWS_PROFILE or AWS_REGION", "list-stacks", "If it was never deployed, deploy it, with make deploy STACK=sample."}},
		"clock or key wrong": {func(_ *testing.T, w *world, _ awssim.Stack) {
			w.sts.Refuse, w.cloud.Refuse = "SignatureDoesNotMatch", "RequestExpired"
		}, "✗✗-", "", "", []string{"(SignatureDoesNotMatch): this computer's clock is wrong, or the secret access key is mistyped", "(RequestExpired)"}},
		"no scope of Slack": {slack(func(s *slacksim.Slack) { s.Scopes = []string{"chat:write", "channels:read", "groups:read"} }), "✓✓✓", "✓✗✓", "✓✓", []string{"paste what crmwho manifest --url https://bot.example prints on the app's page"}},
		"stack not shown":   {func(_ *testing.T, w *world, _ awssim.Stack) { w.cloud.Refuse = "AccessDenied" }, "✓✗-", "", "", []string{"cloudformation:DescribeStacks"}},
		"stack stuck":       {status("UPDATE_ROLLBACK_FAILED"), "✓✗✓", "✓✓✓", "✓✓", []string{"(UPDATE_ROLLBACK_FAILED)", `Look why: aws cloudformation describe-stack-events --stack-name sample --region eu-central-1 --output text --query "StackEvents[?contains(ResourceStatus, 'FAILED')].`, "Mend that, then run aws cloudformation continue-update-rollback --stack-name sample --region eu-central-1, and"}},
		"stack rolled back": {status("UPDATE_ROLLBACK_COMPLETE"), "✓!✓", "✓✓✓", "✓✓", []string{"failed and was undone", "describe-stack-events --stack-name sample", "with make deploy STACK=sample."}},
		"stack under way":   {status("UPDATE_IN_PROGRESS"), "✓!✓", "✓✓✓", "✓✓", []string{"is being changed (UPDATE_IN_PROGRESS)", "run crmwho doctor --stack sample again"}},
		"stack never made":  {status("ROLLBACK_COMPLETE"), "✓✗✓", "✓✓✓", "✓✓", []string{"The first deployment of sample failed", "delete-stack"}},
		"stack of nothing": {func(t *testing.T, w *world, s awssim.Stack) {
			clear(s.Outputs)
			status("ROLLBACK_COMPLETE")(t, w, s)
		}, "✓✗✓", "", "", []string{"lacks the outputs SlackSecret, ", "delete-stack --stack-name sample --region eu-central-1, and deploy anew, with make deploy STACK=sample.\n✓"}},
		"stack not there yet": {func(t *testing.T, w *world, s awssim.Stack) {
			clear(s.Outputs)
			status("CREATE_IN_PROGRESS")(t, w, s)
		}, "✓✗✓", "", "", []string{"    Wait until that is over, and run crmwho doctor --stack sample again.\n✓"}},
		"stack lacks outputs":   {func(_ *testing.T, _ *world, s awssim.Stack) { delete(s.Outputs, "SlackSecret") }, "✓✗✓", "", "", []string{"lacks the output SlackSecret.", "make deploy STACK=sample"}},
		"stack of a former day": {func(_ *testing.T, _ *world, s awssim.Stack) { delete(s.Outputs, "EventsUrl") }, "✓!✓", "✓✓✓", "✓✓", []string{"lacks the output EventsUrl."}},
		"two outputs are not there": {func(_ *testing.T, _ *world, s awssim.Stack) {
			delete(s.Outputs, "EventsUrl")
			delete(s.Outputs, "Alerts")
		}, "✓!✓", "✓✓✓", "✓✓", []string{"lacks the outputs EventsUrl, Alerts."}},
		"no bucket": {func(_ *testing.T, _ *world, s awssim.Stack) { delete(s.Outputs, "Store") }, "✓!✓", "✓✓✓", "✗✗", []string{"lacks the output Store."}},
		"strange Slack": {func(t *testing.T, _ *world, s awssim.Stack) {
			t.Setenv("CRMWHO_SLACK_API_URL", "")
			s.Parameters["SlackApiUrl"] = "https://slack.example/"
		}, "✓✗✓", "", "", []string{"parameter SlackApiUrl is wrong", "make deploy STACK=sample SlackApiUrl=https://slack.com/api/."}},
		"Slack's own is chosen": {func(_ *testing.T, _ *world, s awssim.Stack) { s.Parameters["SlackApiUrl"] = "https://slack.example/" }, "✓✓✓", "✓✓✓", "✓✓", nil},

		"schedule disabled":           {schedule("directory-sync", "DISABLED"), "✓✓✗", "✓✓✓", "✓✓", []string{"directory-sync is disabled", "Enable sample-directory-sync in the AWS console"}},
		"schedule gone":               {schedule("token-refresh", ""), "✓✓✗", "✓✓✓", "✓✓", []string{"There is no schedule sample-token-refresh"}},
		"no audits on schedule":       {schedule("admin-audit", "DISABLED"), "✓✓✗", "✓✓✓", "✓✓", []string{"admin-audit is disabled"}},
		"audits without a channel":    {without("AuditChannel"), "✓✓!", "✓✓✓", "✓-", []string{"admin-audit is enabled, and its runs fail", "make deploy STACK=sample AuditChannel=C…", "There are none, since"}},
		"schedules not shown":         {func(_ *testing.T, w *world, _ awssim.Stack) { w.schedule.Refuse = "AccessDeniedException" }, "✓✓✗", "✓✓✓", "✓✓", []string{"They need scheduler:GetSchedule on schedule/default/sample-*."}},
		"schedules cannot be read":    {func(_ *testing.T, w *world, _ awssim.Stack) { w.schedule.Refuse = "ValidationException" }, "✓✓✗", "✓✓✓", "✓✓", []string{"The schedules cannot be looked up: AWS answered 403 ValidationException"}},
		"two schedules are not there": {func(_ *testing.T, w *world, _ awssim.Stack) { clear(w.schedule.States) }, "✓✓✗", "✓✓✓", "✓✓", []string{"There is no schedule sample-directory-sync.\n                    There is no schedule sample-token-refresh."}},

		"no channels":       {without("AuditChannel", "NoticeChannel"), "✓✓!", "✓✓-", "✓-", []string{"The stack names none"}},
		"one channel":       {func(_ *testing.T, _ *world, s awssim.Stack) { s.Parameters["NoticeChannel"] = auditChannel }, "✓✓✓", "✓✓✓", "✓✓", []string{"The bot is in AuditChannel (C0AUDITS).\n"}},
		"a private channel": {slack(func(s *slacksim.Slack) { s.Private, s.Channels = []string{auditChannel}, []string{noticeChannel} }), "✓✓✓", "✓✓✗", "✓✓", []string{"no channel AuditChannel (C0AUDITS)", "Type /invite @sample-bot in the channel C0AUDITS.", "make deploy STACK=sample AuditChannel=C…"}},
		"a public channel":  {func(_ *testing.T, _ *world, s awssim.Stack) { s.Parameters["AuditChannel"] = slacksim.Channel }, "✓✓✓", "✓✓!", "✓✓", []string{"posts there all the same", "Type /invite"}},
		"a public one it may not": {func(_ *testing.T, w *world, s awssim.Stack) {
			s.Parameters["AuditChannel"] = slacksim.Channel
			w.slack.Scopes = []string{"commands", "channels:read", "groups:read"}
		}, "✓✓✓", "✓!✗", "✓✓", []string{"The bot is not in AuditChannel (C0SAMPLE), so that nothing"}},
		"an archived channel":      {slack(func(s *slacksim.Slack) { s.Archived = []string{noticeChannel} }), "✓✓✓", "✓✓✗", "✓✓", []string{"NoticeChannel (C0NOTICES) is archived"}},
		"channels not to be known": {slack(func(s *slacksim.Slack) { s.Scopes = []string{"commands"} }), "✓✓✓", "✓!-", "✓✓", []string{"Whether the bot is in AuditChannel (C0AUDITS) is not known, because the bot token lacks a scope", "with the scopes channels:read and groups:read"}},
		"maybe a private channel": {func(_ *testing.T, w *world, s awssim.Stack) {
			s.Parameters["AuditChannel"] = "C0HIDDEN"
			w.slack.Scopes = []string{"commands", "channels:read"}
		}, "✓✓✓", "✓!-", "✓✓", []string{"does not show without the scope groups:read"}},
		"too many calls": {channelFault("ratelimited"), "✓✓✓", "✓✓-", "✓✓", []string{"too many calls"}},
		"something else": {channelFault("fatal_error"), "✓✓✓", "✓✓✗", "✓✓", []string{"Slack does not tell of AuditChannel (C0AUDITS): slack: conversations.info: fatal_error"}},

		"no people":  {func(t *testing.T, w *world, _ awssim.Stack) { w.drop(t, "directory/snapshot") }, "✓✓✓", "✓✓✓", "✗✓", []string{"There is none yet", `aws lambda invoke --function-name sample-users-query --cli-binary-format raw-in-base64-out --payload '{"job":"directory-sync"}' /dev/stdout`}},
		"old people": {bucket(func(t *testing.T, in store.Store) { listPeople(t, in, 3*time.Hour) }), "✓✓✓", "✓✓✓", "!✓", []string{"as they were 3 hours ago", "the log of sample-users-query"}},
		"bucket not shown": {func(t *testing.T, w *world, _ awssim.Stack) {
			t.Setenv("AWS_ENDPOINT_URL_S3", serve(t, http.HandlerFunc(forbid)))
		}, "✓✓✓", "✓✓✓", "✗✗", []string{"s3:ListBucket on the bucket sample-store"}},
		"an old audit":        {bucket(func(t *testing.T, in store.Store) { forget(t, in); postAudit(t, in, 300*time.Hour) }), "✓✓✓", "✓✓✓", "✓✗", []string{"The last one was posted 12 days ago, and the stack's parameter AuditMaxAgeHours is 192", "schedule admin-audit"}},
		"a failed audit":      {bucket(func(t *testing.T, in store.Store) { failAudit(t, in) }), "✓✓✓", "✓✓✓", "✓!", []string{"failed: As the test wants."}},
		"a failure of old":    {bucket(func(t *testing.T, in store.Store) { failAudit(t, in); postAudit(t, in, time.Minute) }), "✓✓✓", "✓✓✓", "✓✓", nil},
		"no audit":            {bucket(forget), "✓✓✓", "✓✓✓", "✓!", []string{"None was posted yet", "/crmadmins audit"}},
		"an unfinished audit": {bucket(func(t *testing.T, in store.Store) { run(t, in, time.Hour, "") }), "✓✓✓", "✓✓✓", "✓!", []string{"The one that was begun at ", " is not finished"}},
		"an audit that is made": {bucket(func(t *testing.T, in store.Store) {
			run(t, in, time.Second, `,"until":"`+stamp(time.Now().Add(90*time.Second))+`"`)
		}), "✓✓✓", "✓✓✓", "✓✓", nil},
		"one given up, and none since": {bucket(func(t *testing.T, in store.Store) { forget(t, in); run(t, in, 400*time.Hour, "") }), "✓✓✓", "✓✓✓", "✓!", []string{"None was posted yet", " is not finished"}},
		"two failures": {bucket(func(t *testing.T, in store.Store) {
			failAudit(t, in)
			record(t, in, time.Now(), audit.Record{Failed: &audit.Failed{Reason: "A later one."}})
		}), "✓✓✓", "✓✓✓", "✓!", []string{"failed: A later one."}},
		"one given up of old": {bucket(func(t *testing.T, in store.Store) { run(t, in, 400*time.Hour, "") }), "✓✓✓", "✓✓✓", "✓✓", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			stack, _ := w.aws(t)
			maps.Copy(stack.Parameters, map[string]string{"AuditChannel": auditChannel, "NoticeChannel": noticeChannel, "AuditMaxAgeHours": "192"})
			w.schedule.States["sample-admin-audit"] = "ENABLED"
			w.slack.Channels = []string{auditChannel, noticeChannel}
			w.connectStack(t)
			postAudit(t, w.stored(t), 24*time.Hour+time.Minute)
			test.spoil(t, w, stack)
			out, errs, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample")
			want := test.aws
			if test.slack != "" {
				want += " ✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ " + test.slack + " " + test.ages + " ✓"
			}
			if got := marksOf(out); got != want || errs != "" {
				t.Errorf("got %s, want %s:\n%s%s", got, want, out, errs)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			if bad := strings.Contains(want, "✗"); (err != nil) != bad {
				t.Errorf("got %v, want failed %v", err, bad)
			}
			wantSteps(t, out)
			if strings.Contains(out, "sample-user:") || strings.Contains(out, "user/sample-user") {
				t.Errorf("it names who asks: %s", out)
			}
		})
	}
}

// TestARefusedTokenIsExchangedAtOnce: a schedule would leave it until it is old.
func TestARefusedTokenIsExchangedAtOnce(t *testing.T) {
	b := &backend{flags: " --stack sample", outputs: map[string]string{}}
	got := b.crmMistake(ofPeople[0], zoho.ErrTokenRefused, "https://accounts.zoho.eu").next
	if want := "Run crmwho token --refresh --stack sample. If that does not help, make a code at https://api-console.zoho.eu "; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEveryStatusOfAStackSaysWhatToDo, unless all is well.
func TestEveryStatusOfAStackSaysWhatToDo(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		is := statusOf(status, "sample", "eu-central-1", "look again")
		v, m := is.verdict, is.mistake
		if !strings.Contains(m.says, "sample") || !strings.Contains(m.says, string(status)) || (m.next == "") != (v == well) || strings.ContainsAny(m.Error(), "{}") {
			t.Errorf("%s: got %s, %v", status, v, m)
		}
		free := []types.StackStatus{types.StackStatusReviewInProgress, types.StackStatusUpdateFailed, types.StackStatusDeleteComplete}
		can := strings.HasSuffix(string(status), "_COMPLETE") && status != types.StackStatusRollbackComplete || slices.Contains(free, status)
		if is.blocks == can {
			t.Errorf("%s: got that it blocks a deployment: %v", status, is.blocks)
		}
	}
	if statusOf("", "sample", "eu-central-1", "look again").blocks {
		t.Error("where there is no stack: got that it blocks a deployment")
	}
}

// TestErrorsOfAWS that have another cause than they seem to.
func TestErrorsOfAWS(t *testing.T) {
	for want, err := range map[string]error{
		"it failed: there is no host sts.eu-centrall-1.amazonaws.com, for the region eu-centrall-1. Look whether the region is written rightly": fmt.Errorf("sts: %w", &net.DNSError{Err: "no such host", Name: "sts.eu-centrall-1.amazonaws.com", IsNotFound: true}),
		"the secret access key is mistyped. Look at the clock first":                                                                            &smithy.GenericAPIError{Code: "InvalidSignatureException"},
		"Look at this computer's connection and at AWS's status page":                                                                           &net.DNSError{Err: "server misbehaving", Name: "sts.eu-central-1.amazonaws.com", IsTemporary: true},
		"AWS does not take the credentials. Log in again":                                                                                       &smithy.GenericAPIError{Code: "ExpiredToken"},
	} {
		if got := awsError(t.Context(), err, "it failed", "eu-centrall-1"); !strings.Contains(got.Error(), want) {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

// channelFault has Slack answer with a code when it is asked about a channel.
func channelFault(code string) func(*testing.T, *world, awssim.Stack) {
	return func(t *testing.T, w *world, _ awssim.Stack) {
		if err := w.slack.AddFault(slacksim.Fault{Path: "/api/conversations.info", Error: code}); err != nil {
			t.Fatal(err)
		}
	}
}

// forbid answers as S3 does to those without a permission.
func forbid(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>s3cret</Message></Error>")
}

// drop takes an object out of the stack's bucket.
func (w *world) drop(t *testing.T, name string) {
	t.Helper()
	if _, err := w.bucket.DeleteObject(bucket, name); err != nil {
		t.Fatal(err)
	}
}

// forget takes the records of audits out of a place.
func forget(t *testing.T, in store.Store) {
	t.Helper()
	keep(t, in, "audit/records/00000001", "{}") // one that was altered is as good as none
}

// postAudit records an audit that was posted so long ago.
func postAudit(t *testing.T, in store.Store, ago time.Duration) {
	t.Helper()
	record(t, in, time.Now().Add(-ago), audit.Record{Posted: &audit.Posted{Snapshot: "0", Place: audit.Place{Channel: "C0AUDITS", TS: "1.000001"}}})
}

// failAudit records one that could not be made.
func failAudit(t *testing.T, in store.Store) {
	t.Helper()
	record(t, in, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), audit.Record{Failed: &audit.Failed{Reason: "As the test wants."}})
}

func record(t *testing.T, in store.Store, at time.Time, r audit.Record) {
	t.Helper()
	r.At, r.Run = at, at.UTC().Format("20060102T150405Z")
	if _, written, err := (audit.Ledger{Store: in}).Append(t.Context(), 0, r); err != nil || !written {
		t.Fatal(written, err)
	}
}

// TestDataCentresThatDoNotBelongTogether are none that a simulator can play.
func TestDataCentresThatDoNotBelongTogether(t *testing.T) {
	for _, test := range []struct {
		domain, stack string
		want          verdict
		says          string
	}{
		{"https://www.zohoapis.eu", "", well, "belong together"},
		{"https://www.zohoapis.eu", "eu", well, "belong together"},
		{"https://www.zohoapis.eu", "us", warning, "of eu, and the stack's parameter DataCentre is us"},
		{"https://www.zohoapis.com", "eu", failed, "another data centre than the client's, accounts.zoho.eu"},
	} {
		d := &doctor{backend: &backend{parameters: map[string]string{"DataCentre": test.stack}}}
		d.oauth.AccountsServer, d.access.APIDomain = "https://accounts.zoho.eu", test.domain
		if v, m := d.lookAtDataCentre(t.Context()); v != test.want || !strings.Contains(m.says, test.says) || (m.next == "") != (v == well) {
			t.Errorf("%s, %s: got %s, %v, want %s, %s", test.domain, test.stack, v, m, test.want, test.says)
		}
	}
}

func TestDoctorWithoutAccessToTheSecrets(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.aws(t)
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		deny(rw)
	})))
	out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample")
	if marksOf(out) != "✓✓✓ ✗✗✗ ✗-✓ ---- ---- -- --- ✗- ✓" || err == nil || !strings.Contains(out, "AccessDeniedException") || !strings.Contains(out, "secretsmanager:GetSecretValue") {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestARedirectIsAnAnswer, and is not followed to somebody else.
func TestARedirectIsAnAnswer(t *testing.T) {
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	d := &doctor{backend: &backend{accountsURL: serve(t, http.RedirectHandler(other, http.StatusFound))}}
	if v, m := d.lookAtAccounts(t.Context()); v != well {
		t.Errorf("got %s, %v", v, m)
	}
}

// TestASlowAnswerIsNoWrongClock: it was given half way. Who tells no time is not
// compared with, and of two the one that differs least counts.
func TestASlowAnswerIsNoWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doctor{backend: &backend{}}
		asked := time.Now()
		time.Sleep(8 * time.Second)
		d.compare("Nobody", time.Time{}, asked)
		d.compare("Slow", asked.Add(4*time.Second), asked)
		if len(d.clocks) != 1 || d.clocks[0].ahead.Abs() > time.Second {
			t.Errorf("got %+v, want one that agrees", d.clocks)
		}
		d.compare("Old", asked.Add(-time.Hour), asked)
		if v, m := d.lookAtClock(t.Context()); v != well || !strings.Contains(m.says, "Slow") {
			t.Errorf("got %s, %v", v, m)
		}
	})
}

// TestEverybodyWhoIsAskedTellsTheTime, so that one answer is enough.
func TestEverybodyWhoIsAskedTellsTheTime(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.aws(t)
	d := &doctor{backend: newBackend(), botToken: botToken}
	for i, look := range []func(context.Context) (verdict, mistake){d.lookAtIdentity, d.lookAtAccounts, d.lookAtSlack} {
		v, m := look(t.Context())
		if whose := []string{"AWS", "Zoho", "Slack"}[i]; v != well || len(d.clocks) != i+1 || d.clocks[i].whose != whose {
			t.Errorf("%s: got %s, %v, %+v", whose, v, m, d.clocks)
		}
	}
}

// TestHowFarClocksMayDiffer, in either direction.
func TestHowFarClocksMayDiffer(t *testing.T) {
	for ahead, want := range map[time.Duration]verdict{
		0: well, clockWarning: well, clockWarning + 1: warning, clockFailure: warning, clockFailure + 1: failed,
	} {
		for _, sign := range []time.Duration{1, -1} {
			d := &doctor{backend: &backend{}, clocks: []reading{{"Slack", sign * ahead}}}
			if v, m := d.lookAtClock(t.Context()); v != want {
				t.Errorf("%v: got %s, %v, want %s", sign*ahead, v, m, want)
			}
		}
	}
	if clockFailure >= clockLimit {
		t.Errorf("got a failure from %v, want one before signatures are refused, from %v", clockFailure, clockLimit)
	}
}

// TestNoCheckTakesLong: each has its own time, also one that asks often.
func TestNoCheckTakesLong(t *testing.T) {
	d := &doctor{begin: func(string) func() { return func() {} }}
	for range 2 {
		_, err := d.find(t.Context(), check{"sample", func(_ *doctor, ctx context.Context) (verdict, mistake) {
			until, bounded := ctx.Deadline()
			if left := time.Until(until); !bounded || left > callTime {
				t.Errorf("got %v left, bounded: %v, want %v at most", left, bounded, callTime)
			}
			return well, mistake{}
		}})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestSkippedForOneReason: findings are folded only where nothing of them is lost.
func TestSkippedForOneReason(t *testing.T) {
	one := finding{Check: "one", Verdict: skipped, Says: "No.", Next: "Try."}
	for name, test := range map[string]struct {
		change func(*finding)
		want   bool
	}{
		"another check":  {func(f *finding) { f.Check = "other" }, true},
		"another reason": {func(f *finding) { f.Says = "Never." }, false},
		"another step":   {func(f *finding) { f.Next = "Wait." }, false},
		"not skipped":    {func(f *finding) { f.Verdict = failed }, false},
	} {
		other := one
		test.change(&other)
		if got := one.skippedLike(other); got != test.want || other.skippedLike(one) != got {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestDoctorInterrupted(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.before = func(*http.Request) { interrupt() }
	if _, _, err := w.runIn(t, ctx, "", "doctor", "--dir", w.dir); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v", err)
	}
}
