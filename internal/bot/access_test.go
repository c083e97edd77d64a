package bot_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
)

func TestParseAudience(t *testing.T) {
	for text, want := range map[string]bot.Audience{
		"everyone":           {Everyone: true},
		"nobody":             {},
		"everyone,no-guests": {Everyone: true, NoGuests: true},
		"C0CHANNEL, G0CHANNEL,U0PERSON ,W0PERSON,S0GROUPS": {Channels: []string{"C0CHANNEL", "G0CHANNEL"}, Users: []string{"U0PERSON", "W0PERSON"}, Groups: []string{"S0GROUPS"}},
		"no-guests,C0CHANNEL":                              {Channels: []string{"C0CHANNEL"}, NoGuests: true},
		" everyone ":                                       {Everyone: true},
	} {
		if got, err := bot.ParseAudience(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "all", "no-guests", "everyone,nobody", "everyone,C0CHANNEL", "nobody,no-guests", "nobody,U0PERSON", "#general", "c0channel", "U",
		"T0SAMPLE", "D0DIRECT", "U0PERSON;U0PERSON", "U0PERSON U0PERSON", "Everyone", "everyone,", ",everyone", "U0PERSON,,W0PERSON", "SALES", "CRM", "USERS", "GUESTS,SUPPORT", "C0", "U1"} {
		if got, err := bot.ParseAudience(text); err == nil || got.Everyone {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

func TestParseTeams(t *testing.T) {
	if got, err := bot.ParseTeams("T0SAMPLE, E0SAMPLE"); err != nil || !slices.Equal(got, []string{"T0SAMPLE", "E0SAMPLE"}) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"", ",", "acme", "T0SAMPLE,U0PERSON", "T0SAMPLE,", "TEAM", "T0SAMPLE T0OTHERS"} {
		if got, err := bot.ParseTeams(text); err == nil {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// from asks a command with some fields of its form changed.
func (w world) from(t *testing.T, command, words string, fields map[string]string) string {
	t.Helper()
	form := w.slack.Typed(command, words)
	for name, value := range fields {
		form.Set(name, value)
	}
	r, err := w.slack.Post(t.Context(), at, []byte(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	return w.answered(t, r)
}

// TestWorkspaces: others than those that are served are refused, whatever they ask.
func TestWorkspaces(t *testing.T) {
	for _, test := range []struct {
		teams  []string
		fields map[string]string
		served bool
	}{
		{[]string{"T0SAMPLE"}, nil, true},
		{[]string{"T0OTHER", "T0SAMPLE"}, nil, true},
		{[]string{"T0OTHER"}, nil, false},
		{nil, nil, false},
		{[]string{""}, map[string]string{"team_id": "", "enterprise_id": ""}, false},
		{[]string{"E0SAMPLE"}, map[string]string{"team_id": "T0ELSE", "enterprise_id": "E0SAMPLE"}, true},
		{[]string{"E0SAMPLE"}, map[string]string{"team_id": "T0ELSE", "enterprise_id": "E0OTHER"}, false},
	} {
		for command, words := range map[string]string{"/crmuser": "kim", "/crmusers": "help", "/crmadmins": "", "/crmstatus": "", "/unknown": ""} {
			w := withUsers(kim)
			w.bot.Access.Teams = test.teams
			got := w.from(t, command, words, test.fields)
			if refused := strings.HasPrefix(got, "Sorry, I do not answer in this workspace."); refused == test.served {
				t.Errorf("%q, %v, %s: got %q", test.teams, test.fields, command, got)
			}
			if counted := strings.Contains(w.log.String(), `"reason":"workspace"`); counted == test.served {
				t.Errorf("%q, %v, %s: log %s", test.teams, test.fields, command, w.log)
			}
		}
	}
}

// TestAudiences: people look-ups and admin commands have audiences of their own.
func TestAudiences(t *testing.T) {
	const refused = "Sorry, "
	for _, test := range []struct {
		audience string
		fields   map[string]string
		want     string
	}{
		{"everyone", nil, ""},
		{"nobody", nil, "Sorry, /crmuser is not open to you."},
		{"U0SAMPLE", nil, ""},
		{"U0OTHERS", nil, "It is open to some people only. If you need it, please ask the CRM team."},
		{"C0SAMPLE", nil, ""},
		{"C0SAMPLE", map[string]string{"channel_id": "D0DIRECT"}, "Sorry, /crmuser is not open to you here. It works in <#C0SAMPLE>."},
		{"C0OTHERS", nil, "It works in <#C0OTHERS>."},
		{"S0MEMBERS", nil, ""},
		{"S0OTHERS", nil, "It is open to some people only."},
		{"S0OTHERS,S0MEMBERS", nil, ""},
		{"S0OTHERS,C0SAMPLE", nil, ""},
		{"S0UNKNOWN", nil, "I could not check whether you may use /crmuser"},
		{"S0UNKNOWN,S0MEMBERS", nil, ""},
		{"S0UNKNOWN,U0SAMPLE", nil, ""},
		{"everyone,no-guests", nil, ""},
		{"everyone,no-guests", map[string]string{"user_id": "U0AGUEST"}, "Sorry, /crmuser is not open to you. If"},
		{"everyone,no-guests", map[string]string{"user_id": "U0STRANGE"}, refused},
		{"C0SAMPLE,no-guests", map[string]string{"user_id": "U0AGUEST"}, "Sorry, /crmuser is not open to you. If"},
		{"U0AGUEST,no-guests", map[string]string{"user_id": "U0AGUEST"}, ""},
		{"U0SAMPLE", map[string]string{"user_id": ""}, refused},
	} {
		w := withUsers(kim)
		w.slack.Groups = map[string][]string{"S0MEMBERS": {"U0ELSE", "U0SAMPLE"}, "S0OTHERS": {"U0ELSE"}}
		w.slack.Guests = map[string]string{"U0AGUEST": "single", "U0STRANGE": "stranger"}
		audience, err := bot.ParseAudience(test.audience)
		if err != nil {
			t.Fatal(err)
		}
		w.bot.Access.People, w.bot.Access.Admins, w.bot.Access.Contact = audience, bot.Audience{}, "the CRM team"
		got := w.from(t, "/crmuser", "kim", test.fields)
		if allowed := strings.HasPrefix(got, "Kim, active."); allowed != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s %v: got %q, want %q", test.audience, test.fields, got, test.want)
		}
		if got := w.ask(t, "/crmadmins", ""); !strings.HasPrefix(got, refused) {
			t.Errorf("%s: /crmadmins is open to nobody, and got %q", test.audience, got)
		}
		if got := w.ask(t, "/crmadmins", "help"); !strings.HasPrefix(got, "/crmadmins: ") {
			t.Errorf("help: got %q", got)
		}
		for _, word := range []string{"U0", "S0", "C0"} {
			if strings.Contains(w.log.String(), word) {
				t.Errorf("the log tells an id: %s", w.log)
			}
		}
	}
}

// TestWhoMayIsRemembered for five minutes, and then nobody may until Slack has
// told again.
func TestWhoMayIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.slack.Groups = map[string][]string{"S0MEMBERS": {"U0SAMPLE"}}
		w.bot.Access.People = bot.Audience{Groups: []string{"S0MEMBERS"}, NoGuests: true}
		expect := func(want string, calls int) {
			t.Helper()
			if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, want) || len(w.slack.Calls()) != calls {
				t.Errorf("got %q after %d calls, want %q after %d", got, len(w.slack.Calls()), want, calls)
			}
		}
		expect("Kim", 2)
		expect("Kim", 2)
		if err := w.slack.AddFault(slacksim.Fault{Path: "/api/", Error: "fatal_error"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Minute - time.Second)
		expect("Kim", 2)
		time.Sleep(time.Second)
		expect("I could not check", 3)
		w.slack.ClearFaults()
		expect("Kim", 5)
	})
}

// TestChecksFailClosed, and the log says why without saying who.
func TestChecksFailClosed(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(world)
		log   string
	}{
		"no bot token": {func(w world) {
			w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) {
				return bot.Secrets{Signing: []string{signingSecret}}, nil
			}
		}, "the bot token of Slack is not set up"},
		"another token": {func(w world) { w.slack.BotToken = "another" }, "invalid_auth"},
		"no scope":      {func(w world) { w.slack.Scopes = []string{"commands"} }, "missing_scope"},
		"throttled": {func(w world) {
			_ = w.slack.AddFault(slacksim.Fault{Path: "/api/", Status: 429, RetryAfter: time.Minute})
		}, "ratelimited"},
		"out of order": {func(w world) { _ = w.slack.AddFault(slacksim.Fault{Path: "/api/", Status: 500}) }, "HTTP 500"},
		"reset":        {func(w world) { _ = w.slack.AddFault(slacksim.Fault{Path: "/api/", Reset: true}) }, "no usable reply"},
		"elsewhere":    {func(w world) { w.bot.SlackAPI = "https://slack.example/api/" }, "not one of Slack's hosts"},
		"no answer":    {func(w world) { w.bot.HTTP = &http.Client{Transport: refusing{}} }, "no usable reply"},
	} {
		for _, audience := range []bot.Audience{{Groups: []string{"S0MEMBERS"}}, {Everyone: true, NoGuests: true}} {
			w := withUsers(kim)
			w.slack.Groups = map[string][]string{"S0MEMBERS": {"U0SAMPLE"}}
			w.bot.Access.People = audience
			test.spoil(w)
			if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "I could not check whether you may use /crmuser, so it stays closed") {
				t.Errorf("%s: got %q", name, got)
			}
			log := w.log.String()
			if !strings.Contains(log, test.log) || !strings.Contains(log, `"reason":"not checked"`) || strings.Contains(log, "U0SAMPLE") || strings.Contains(log, "token-of") {
				t.Errorf("%s: log %s", name, log)
			}
		}
	}
}

// refusing is a network that quotes what it was asked.
type refusing struct{}

func (refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("cannot reach " + r.URL.String() + " with " + r.Header.Get("Authorization"))
}

// TestNoGuestsKeepsOutOtherOrganisations: their people are no strangers to Slack
// in a shared channel, but of another team.
func TestNoGuestsKeepsOutOtherOrganisations(t *testing.T) {
	w := withUsers(kim)
	next := w.bot.HTTP.Transport
	w.bot.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/users.info") {
			return answering(`{"ok":true,"user":{"id":"U0SAMPLE","team_id":"T0FOREIGN","is_restricted":false,"is_ultra_restricted":false,"is_stranger":false}}`), nil
		}
		return next.RoundTrip(r)
	})}
	w.bot.Access.People = bot.Audience{Everyone: true, NoGuests: true}
	if got := w.ask(t, "/crmuser", "kim"); strings.HasPrefix(got, "Kim") {
		t.Errorf("got %q", got)
	}
}

// TestAnUnreadableSecretIsNoReplyOfSlacks, and the log says so.
func TestAnUnreadableSecretIsNoReplyOfSlacks(t *testing.T) {
	w := withUsers(kim)
	calls := 0
	w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) {
		if calls++; calls > 1 {
			return bot.Secrets{}, errors.New("read Slack secret: AccessDeniedException")
		}
		return bot.Secrets{Signing: []string{signingSecret}, BotToken: botToken}, nil
	}
	w.bot.Access.People = bot.Audience{Groups: []string{"S0MEMBERS"}}
	w.ask(t, "/crmuser", "kim")
	if !strings.Contains(w.log.String(), "AccessDenied") {
		t.Errorf("log %s", w.log)
	}
}

// TestAButtonForAnotherCommand is for those who may use that.
func TestAButtonForAnotherCommand(t *testing.T) {
	w := withUsers(kim)
	w.bot.Access.Admins = bot.Audience{}
	w.interact(t, w.slack.Clicked("ask", "/crmadmins"))
	if got := w.posts(t); len(got) != 1 || !strings.HasPrefix(got[0], "Sorry, /crmadmins is not open") {
		t.Errorf("got %q", got)
	}
}

// TestAFailedCheckWhileTypingIsLogged, and offers nobody.
func TestAFailedCheckWhileTypingIsLogged(t *testing.T) {
	w := withUsers(kim)
	w.bot.Access.People = bot.Audience{Groups: []string{"S0UNKNOWN"}}
	w.interact(t, w.slack.Suggestion("person", "kim"))
	if w.log.Len() == 0 {
		t.Error("nothing logged")
	}
}

// answering is a reply of Slack's Web API.
func answering(body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}
}

// TestOrgWideInstallations send interactions without a workspace, and the user's
// own beside the organisation.
func TestOrgWideInstallations(t *testing.T) {
	for _, teams := range [][]string{{"E0SAMPLE", "T0SAMPLE"}} {
		w := withUsers(kim)
		w.bot.Access.Teams = teams
		if got := w.from(t, "/crmuser", "kim", map[string]string{"enterprise_id": "E0SAMPLE", "is_enterprise_install": "true"}); !strings.HasPrefix(got, "Kim") {
			t.Errorf("%q, typed: got %q", teams, got)
		}
		payload := w.slack.Clicked("ask", "/crmuser kim")
		payload["team"], payload["enterprise"], payload["is_enterprise_install"] = nil, map[string]any{"id": "E0SAMPLE"}, true
		payload["user"].(map[string]any)["team_id"] = "T0SAMPLE"
		w.interact(t, payload)
		if got := w.posts(t); len(got) != 1 || !strings.HasPrefix(got[0], "Kim") {
			t.Errorf("%q, pressed: got %q", teams, got)
		}
		suggestion := w.slack.Suggestion("person", "kim")
		suggestion["team"], suggestion["enterprise"] = nil, map[string]any{"id": "E0SAMPLE"}
		suggestion["user"].(map[string]any)["team_id"] = "T0SAMPLE"
		if got := w.interact(t, suggestion); !strings.Contains(got, `"value":"1"`) {
			t.Errorf("%q, typing: got %s", teams, got)
		}
	}
}

// TestGroupsOfOrgWideInstallations are asked for in the user's workspace.
func TestGroupsOfOrgWideInstallations(t *testing.T) {
	w := withUsers(kim)
	next := w.bot.HTTP.Transport
	var forms []string
	w.bot.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/usergroups.users.list") {
			_ = r.ParseForm()
			forms = append(forms, "team_id="+r.Form.Get("team_id"))
			if r.Form.Get("team_id") == "" {
				return answering(`{"ok":false,"error":"missing_argument"}`), nil
			}
			return answering(`{"ok":true,"users":["U0SAMPLE"]}`), nil
		}
		return next.RoundTrip(r)
	})}
	w.bot.Access.Teams = []string{"E0SAMPLE", "T0SAMPLE"}
	w.bot.Access.People = bot.Audience{Groups: []string{"S0MEMBERS"}}
	payload := w.slack.Clicked("ask", "/crmuser kim")
	payload["team"], payload["enterprise"], payload["is_enterprise_install"] = nil, map[string]any{"id": "E0SAMPLE"}, true
	payload["user"].(map[string]any)["team_id"] = "T0SAMPLE"
	w.interact(t, payload)
	if got := w.posts(t); !strings.HasPrefix(got[0], "Kim") {
		t.Errorf("calls %v: %q", forms, got)
	}
}
