package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// TestDoctorTellsWhatIsBroken breaks a world in one way each. The marks are
// those of the checks in their order: client, token, Slack's secret; health,
// data centre, accounts server; users, roles, profiles, organisation; the
// modules; search, COQL; Slack.
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
	for name, test := range map[string]struct {
		spoil func(*testing.T, *world)
		marks string
		want  []string
	}{
		"nothing": {func(*testing.T, *world) {}, "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"minutes left", "1 of 5 exchanges", "It takes the bot token"}},
		"nothing set up": {func(t *testing.T, w *world) {
			for _, name := range []string{"oauth-client", "access-token", "slack"} {
				w.put(t, name, "")
			}
		}, "✗✗✗ --✓ ---- ---- -- -", []string{"The OAuth client is not set up: its secret is empty.\n    Run crmwho setup --dir", "Run crmwho setup slack --dir"}},

		"client no JSON":          {put("oauth-client", "s3cret"), "✗✓✓ ✓-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"is not a JSON object of texts"}},
		"client not whole":        {change("oauth-client", map[string]any{"client_secret": nil, "refresh_token": ""}), "✗✓✓ ✓-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"lacks client_secret, refresh_token"}},
		"client's server strange": {change("oauth-client", map[string]any{"accounts_server": "https://zoho.example"}), "✗✓✓ ✓-✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"wrong accounts_server"}},

		"token empty":      {put("access-token", ""), "✓✗✓ --✓ ---- ---- -- ✓", []string{"nothing was ever exchanged", "If crmwho token --refresh --dir ", " does not mend it, run crmwho setup"}},
		"token no JSON":    {put("access-token", "s3cret"), "✓✗✓ --✓ ---- ---- -- ✓", []string{"It is not what an exchange writes"}},
		"token not whole":  {change("access-token", map[string]any{"access_token": nil, "api_domain": nil}), "✓✗✓ --✓ ---- ---- -- ✓", []string{"It lacks access_token, api_domain."}},
		"token of no time": {change("access-token", map[string]any{"expiry": "s3cret"}), "✓✓✓ ✗✓✓ ---- ---- -- ✓", []string{"When it ends is not known"}},
		"no token yet": {change("access-token", map[string]any{"access_token": nil, "failure": map[string]any{"class": "transient", "since": in(-time.Hour)}}), "✓✗✓ !-✓ ---- ---- -- ✓",
			[]string{"No exchange has succeeded since " + clock(now.Add(-time.Hour)) + " (transient)", "Run crmwho token --refresh --dir "}},
		"no token, held off": {change("access-token", map[string]any{"access_token": nil, "hold_until": in(time.Hour), "failure": map[string]any{"class": "throttled", "since": in(-time.Hour)}}), "✓✗✓ !-✓ ---- ---- -- ✓",
			[]string{"Zoho was asked too often", "After " + clock(now.Add(time.Hour)) + " run crmwho token --refresh --dir "}},
		"token no expiry": {change("access-token", map[string]any{"expiry": nil}), "✓✗✓ --✓ ---- ---- -- ✓", []string{"It lacks expiry."}},

		"slack empty":              {put("slack", ""), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -", []string{"nothing of Slack is believed"}},
		"slack no JSON":            {put("slack", "s3cret"), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -", []string{"not a JSON object with signing_secrets"}},
		"slack no signing secret":  {change("slack", map[string]any{"signing_secrets": []string{}}), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"lacks signing_secrets"}},
		"slack odd signing secret": {change("slack", map[string]any{"signing_secrets": []string{signing, "s3cret"}}), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"One of its signing_secrets is none"}},
		"slack no bot token":       {change("slack", map[string]any{"bot_token": nil}), "✓✓! ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -", []string{"lacks bot_token, so that shortcuts"}},
		"slack other token":        {change("slack", map[string]any{"bot_token": "xoxp-s3cret"}), "✓✓✗ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ -", []string{"begins with xoxb-"}},

		"grant dead": {change("access-token", map[string]any{"latched": "a", "failure": map[string]any{"class": "dead", "code": "invalid_code", "since": in(-time.Hour)}}), "✓✓✓ ✗✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓",
			[]string{"The grant is dead (invalid_code) since " + clock(now.Add(-time.Hour)), "Generate a code", "Run `crmwho setup --dir"}},
		"token refused":  {change("access-token", map[string]any{"refused": true}), "✓✓✓ ✗✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"Zoho has refused it", "Run crmwho token --refresh --dir "}},
		"token ended":    {change("access-token", map[string]any{"expiry": in(-time.Hour)}), "✓✓✓ ✗✓✓ ---- ---- -- ✓", []string{"It ended at " + clock(now.Add(-time.Hour)), "because the access token has ended"}},
		"token ends":     {change("access-token", map[string]any{"expiry": in(9 * time.Minute)}), "✓✓✓ !✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"8 minutes left"}},
		"exchanges fail": {change("access-token", map[string]any{"failure": map[string]any{"class": "transient", "since": in(-time.Hour)}}), "✓✓✓ !✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"No exchange has succeeded since", "(transient)"}},
		"held off":       {change("access-token", map[string]any{"hold_until": in(time.Hour), "failure": map[string]any{"class": "throttled", "since": in(-time.Hour)}}), "✓✓✓ !✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"After " + clock(now.Add(time.Hour)) + " run crmwho token --refresh --dir "}},

		"API elsewhere":        {change("access-token", map[string]any{"api_domain": "https://zoho.example"}), "✓✓✓ ✓✗✓ ---- ---- -- ✓", []string{"names no API of Zoho's", "because the data centre is wrong"}},
		"accounts unreachable": {fault(zohosim.Fault{Path: "/", Kind: zohosim.Reset, Times: 1}), "✓✓✓ ✓✓✗ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"does not answer", "connection"}},
		"accounts failing":     {fault(zohosim.Fault{Path: "/", Kind: zohosim.HTML, Times: 1}), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✓", nil},

		"CRM unreachable":    {fault(zohosim.Fault{Path: "/crm/", Kind: zohosim.Reset}), "✓✓✓ ✓✓✓ ✗--- ---- -- ✓", []string{"The CRM cannot be reached", "the same would befall it as users"}},
		"no API access":      {fault(zohosim.Fault{Path: "/crm/", Kind: zohosim.NoAPIAccess}), "✓✓✓ ✓✓✓ ✗--- ---- -- ✓", []string{`"Zoho CRM API Access"`}},
		"CRM refuses token":  {func(_ *testing.T, w *world) { w.zoho.ExpireTokens() }, "✓✓✓ ✓✓✓ ✗--- ---- -- ✓", []string{"does not take the access token"}},
		"no scope for users": {fault(zohosim.Fault{Path: "/crm/v7/users", Kind: zohosim.ScopeMismatch}), "✓✓✓ ✓✓✓ ✗✓✓✓ ✓✓✓✓ ✓✓ ✓", []string{"lacks the scope ZohoCRM.users.READ"}},
		"no other scopes": {fault(zohosim.Fault{Path: "/crm/", Kind: zohosim.ScopeMismatch, After: 1}), "✓✓✓ ✓✓✓ ✓!!! !!!! -- ✓",
			[]string{"settings.roles.READ, so that nobody reports", "settings.profiles.READ, so that custom", "org.READ, so that cards",
				"modules.accounts.READ, so that /crmowner finds nothing in Accounts", "is not known, because none of the modules can be read"}},

		"Slack refuses":     {slackFault(slacksim.Fault{Error: "account_inactive"}), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✗", []string{"was removed from the workspace", "Install the app again"}},
		"Slack unreachable": {slackFault(slacksim.Fault{Reset: true}), "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ ✗", []string{"Slack cannot be reached"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			w.connect(t)
			w.connectSlack(t)
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
			if !maps.Equal(before, w.files(t)) || w.calls(zohosim.TokenCall) != exchanges {
				t.Error("it wrote something, or exchanged a token")
			}
		})
	}
}

// marksOf are the marks at the beginnings of lines, in groups.
func marksOf(out string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		if slices.Contains([]int{3, 6, 10, 14, 16}, n) {
			b.WriteByte(' ')
		}
		n++
		b.WriteString(string([]rune(line)[0]))
	}
	return b.String()
}

func TestDoctorAsJSON(t *testing.T) {
	w := newWorld(t, zohosim.Config{Scopes: []string{"ZohoCRM.users.READ"}})
	w.connect(t)
	w.put(t, "slack", "s3cret")
	out, errs, err := w.run(t, "", "doctor", "--json")
	var got []finding
	if json.Unmarshal([]byte(out), &got) != nil || errs != "" || fmt.Sprint(err) != "1 of 17 checks failed" {
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
		{"Slack", skipped, false},
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
		"all modules":   {modules, zohosim.Fault{}, "!!!! --", []string{"nothing in Deals.\n    As above.\n", "- CRM COQL          Whether it can be used is not known, because none of the modules can be read."}},
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
			if test.fault != (zohosim.Fault{}) {
				w.fault(t, test.fault)
			}
			out, _, err := w.run(t, "", "doctor")
			if got, want := marksOf(out), "✓✓✓ ✓✓✓ ✓✓✓✓ "+test.marks+" ✓"; got != want || err != nil {
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
	for _, test := range []struct {
		owners, modules, fields string
		want                    []string
		failed                  string
	}{
		{"everyone", "Deals, Projects", "", []string{"✓ CRM Deals ", "! CRM Projects ", "The CRM has no module Projects", "✓ CRM search ", "✓ CRM COQL "}, "1 of 15"},
		{"nobody", "Deals,Projects", "Deals.Stage", []string{"- CRM records       Nobody may ask who owns what: the stack's parameter OwnerAudience is nobody.\n- Slack"}, "1 of 12"},
		{"C0SAMPLE", "Deals,Deals", "Deals.Stage", []string{"✗ CRM records       The stack's parameter RecordModules is wrong, so that the function that answers does not start: Deals stands there twice.\n    Deploy with another"}, "2 of 12"},
		{"everyone", "Accounts,Deals", "Deals.Stage,Accounts.Industry", []string{"✓ CRM fields "}, "1 of 16"},
		{"everyone", "Accounts,Deals", "Deals.Stage,Accounts.Sector,Deals.Sum", []string{"! CRM fields        The CRM lacks one of Accounts.Sector; and one of Deals.Stage, Deals.Sum, so that COQL finds nothing there.\n    Give the API names"}, "1 of 16"},
		{"everyone", "Deals", "Stage", []string{"✗ CRM fields        The stack's parameter RecordFields is wrong"}, "2 of 15"},
		{"everyone", "Deals", "none", []string{"✓ CRM fields "}, "1 of 15"},
	} {
		stack.Parameters["OwnerAudience"], stack.Parameters["RecordModules"], stack.Parameters["RecordFields"] = test.owners, test.modules, test.fields
		out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample") // Slack is not set up
		wantInOrder(t, out, test.want...)
		if want := test.failed + " checks failed"; fmt.Sprint(err) != want {
			t.Errorf("%s, %s: got %v, want %s", test.owners, test.modules, err, want)
		}
	}
}

// TestDoctorOfAStack also compares it with its parameters.
func TestDoctorOfAStack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	if out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample"); marksOf(out) != "✗✗✗ --✓ ---- ---- -- -" || err == nil || !strings.Contains(out, "Run crmwho setup --stack sample.") {
		t.Errorf("empty: got %s, %v", out, err)
	}
	for _, args := range [][]string{{w.typed(w.zoho.GrantToken), "setup"}, {signing + "\n" + botToken + "\n", "setup", "slack"}} {
		if _, _, err := w.runIn(t, t.Context(), args[0], append(args[1:], "--stack", "sample")...); err != nil {
			t.Fatal(err)
		}
	}
	before := secrets.Value(stack.Outputs["AccessTokenSecret"])
	stack.Parameters["SlackTeams"] = "T0000OTHER"
	out, _, err := w.runIn(t, t.Context(), "", "doctor", "--stack", "sample")
	if marksOf(out) != "✓✓✓ ✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓ !" || err != nil || !strings.Contains(out, "Deploy with "+slacksim.Team+" among SLACK_TEAMS") {
		t.Errorf("got %s, %v", out, err)
	}
	if secrets.Value(stack.Outputs["AccessTokenSecret"]) != before {
		t.Error("it wrote something")
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
	if marksOf(out) != "✗✗✗ ✗-✓ ---- ---- -- -" || err == nil || !strings.Contains(out, "AccessDeniedException") || !strings.Contains(out, "secretsmanager:GetSecretValue") {
		t.Errorf("got %s, %v", out, err)
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
