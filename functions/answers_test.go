package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
)

// connected deploys a stack that has its first token.
func connected(t testing.TB, crm *zohosim.Zoho) *stack {
	t.Helper()
	s := deployOver(t, crm)
	s.setUp()
	if _, err := s.refresh(t, "token-refresh.json"); err != nil {
		t.Fatal(err)
	}
	return s
}

// asked types a command and gives the text of the first reply, and where a
// later one would go.
func (s *stack) asked(t *testing.T, command, words string) (text, responseURL string) {
	t.Helper()
	form := s.slack.Typed(command, words)
	r, err := s.slack.Post(t.Context(), s.gateway.URL+"/slack/commands", []byte(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := s.slack.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	return textOf(t, reply), form.Get("response_url")
}

// textOf is the text of a message with or without blocks.
func textOf(t testing.TB, message []byte) string {
	t.Helper()
	var m struct{ Text string }
	if err := json.Unmarshal(message, &m); err != nil || m.Text == "" {
		t.Fatalf("not a message: %v %s", err, message)
	}
	return m.Text
}

// interact sends what somebody does in Slack.
func (s *stack) interact(t *testing.T, payload map[string]any) []byte {
	t.Helper()
	r, err := s.slack.Interaction(t.Context(), s.gateway.URL+"/slack/interactivity", payload)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := s.slack.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func (s *stack) fault(t *testing.T, f zohosim.Fault) {
	t.Helper()
	if err := s.zoho.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// later waits for a message at a response URL.
func (s *stack) later(t *testing.T, responseURL string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	message, err := s.slack.Await(ctx, responseURL)
	if err != nil {
		t.Fatal(err)
	}
	return textOf(t, message)
}

// idle waits until nothing is invoked any more.
func (s *stack) idle(t *testing.T) {
	t.Helper()
	if err := s.lambda.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestALateAnswerFollows through an asynchronous invocation, which is delivered
// twice, and through the response URL, once.
func TestALateAnswerFollows(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, Times: 1})
	s.lambda.AddFault(awssim.Fault{Function: s.usersQuery.Name, Twice: true})
	started := time.Now()
	first, responseURL := s.asked(t, "/crmuser", "lee")
	if !strings.HasPrefix(first, "Looking in Zoho CRM") {
		t.Fatalf("got %q", first)
	}
	if got := s.later(t, responseURL); !strings.HasPrefix(got, "Invitation pending: Lee") {
		t.Errorf("got %q", got)
	}
	s.idle(t)
	if posts := s.slack.Posts(); len(posts) != 1 || posts[0].At.Sub(started) < 1900*time.Millisecond {
		t.Errorf("got %d posts, the first %v after the question", len(posts), posts[0].At.Sub(started))
	}
	if told := s.told(); strings.Count(told, `"route":"deferred","outcome":"people"`) != 1 || strings.Count(told, `"message":"handed over"`)+strings.Count(told, `"msg":"handed over"`) != 1 {
		t.Errorf("log %s", told)
	}
}

// TestWhenHandingOverFailsTheAskerIsTold at once.
func TestWhenHandingOverFailsTheAskerIsTold(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang})
	s.lambda.AddFault(awssim.Fault{Function: s.usersQuery.Name, Status: http.StatusForbidden})
	if got, _ := s.asked(t, "/crmuser", "lee"); !strings.HasPrefix(got, "Zoho CRM did not answer in time.") {
		t.Errorf("got %q", got)
	}
	if told := s.told(); !strings.Contains(told, "AccessDeniedException") || strings.Contains(told, "/2015-03-31/") {
		t.Errorf("log %s", told)
	}
}

// TestARefusedTokenIsReplaced without an exchange by users-query: token-refresh
// is told, and the list answers meanwhile.
func TestARefusedTokenIsReplaced(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.sync(t, "directory-sync.json")
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	before := s.storedToken(t)
	s.zoho.ExpireTokens()
	if got := s.ask(t, "/crmuser", "lee"); !strings.HasPrefix(got, "Invitation pending: Lee") || !strings.HasSuffix(got, " old: Zoho CRM does not accept my access any more.") {
		t.Errorf("got %q", got)
	}
	s.idle(t)
	if after := s.storedToken(t); after == before {
		t.Error("the token was not exchanged")
	}
	s.coldStart(t, nil) // it has not failed a moment ago
	if got := s.ask(t, "/crmuser", "lee"); strings.Contains(got, " old: ") {
		t.Errorf("got %q", got)
	}
	told := 0
	for _, i := range s.lambda.Invocations() {
		if i.Function == s.tokenRefresh.Name && strings.HasPrefix(string(i.Payload), `{"reason":"refused","version":"`) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("token-refresh was told %d times", told)
	}
	s.tellsNothing(t, before, s.storedToken(t))
}

// TestAReplacedTokenIsReadAgain when Zoho refuses the one that is held: nobody
// is told, and nobody notices.
func TestAReplacedTokenIsReadAgain(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.sync(t, "directory-sync.json")
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	s.ask(t, "/crmuser", "lee")
	s.zoho.ExpireTokens()
	if exchanged, err := s.refresh(t, "token-refresh-force.json"); !exchanged || err != nil {
		t.Fatalf("got %v, %v", exchanged, err)
	}
	if got := s.ask(t, "/crmuser", "lee"); strings.Contains(got, " old: ") || len(s.lambda.Invocations()) != 0 {
		t.Errorf("got %q, %d invocations", got, len(s.lambda.Invocations()))
	}
}

// TestAColdStartReadsEachSecretOnce, and the bucket, before the first question.
// Only who asks for the status has the token's health read.
func TestAColdStartReadsEachSecretOnce(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.sync(t, "directory-sync.json")
	counter := &counting{next: s.secrets}
	server := httptest.NewServer(counter)
	t.Cleanup(server.Close)
	s.coldStart(t, map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL})
	for range 3 {
		s.ask(t, "/crmuser", "lee")
	}
	if counter.requests != 2 {
		t.Errorf("%d reads of secrets, want one of each of the two", counter.requests)
	}
	s.ask(t, "/crmstatus", "")
	if counter.requests != 3 {
		t.Errorf("%d reads of secrets with a status, want one more", counter.requests)
	}
}

// counting counts requests.
type counting struct {
	next     http.Handler
	requests int
	mu       sync.Mutex
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.requests++
	c.mu.Unlock()
	c.next.ServeHTTP(w, r)
}

// TestWhatIsPressedAndTyped in Slack goes through the other routes.
func TestWhatIsPressedAndTyped(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.HTML})
	if got, _ := s.asked(t, "/crmuser", "lee"); !strings.HasPrefix(got, "Zoho CRM cannot be reached right now.") {
		t.Errorf("got %q", got)
	}
	s.zoho.ClearFaults()
	again := s.slack.Clicked("ask", "/crmuser lee")
	s.interact(t, again)
	if got := s.later(t, again["response_url"].(string)); !strings.HasPrefix(got, "Invitation pending: Lee") {
		t.Errorf("got %q", got)
	}
	s.interact(t, s.slack.Shortcut("find_person"))
	posts := s.slack.Posts()
	opened := posts[len(posts)-1]
	if opened.Via != "views.open" {
		t.Fatalf("got %+v", opened)
	}
	var options struct{ Options []struct{ Value string } }
	if err := json.Unmarshal(s.interact(t, s.slack.Suggestion("person", "lee")), &options); err != nil || len(options.Options) != 1 {
		t.Fatalf("got %+v, %v", options, err)
	}
	chosen := map[string]any{"person": map[string]any{"person": map[string]any{
		"type": "external_select", "selected_option": map[string]any{"text": map[string]any{"type": "plain_text", "text": "x"}, "value": options.Options[0].Value},
	}}}
	if got := s.interact(t, s.slack.Submitted(opened.To, "find_person", chosen)); !strings.Contains(string(got), "Lee") {
		t.Errorf("got %s", got)
	}
	s.event(t, map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"})
	s.idle(t)
	posts = s.slack.Posts()
	if last := posts[len(posts)-1]; last.Via != "views.publish" {
		t.Errorf("got %+v", last)
	}
}

// event sends an event as Slack does.
func (s *stack) event(t *testing.T, event map[string]any) {
	t.Helper()
	body, err := json.Marshal(s.slack.Event(event))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.slack.PostJSON(t.Context(), s.gateway.URL+"/slack/events", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.slack.Send(r); err != nil {
		t.Fatal(err)
	}
}

// TestWhoMayAsk is what the settings say, with groups as Slack tells them.
func TestWhoMayAsk(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.slack.Groups = map[string][]string{"S0ADMINS": {"U0ELSE"}, "S0PEOPLE": {slacksim.User}}
	s.coldStart(t, map[string]string{"CRMWHO_PEOPLE_AUDIENCE": "S0PEOPLE,no-guests", "CRMWHO_ADMIN_AUDIENCE": "S0ADMINS", "CRMWHO_CONTACT": "C0SAMPLE"})
	if got := s.ask(t, "/crmuser", "lee"); !strings.HasPrefix(got, "Invitation pending: Lee") {
		t.Errorf("got %q", got)
	}
	if got := s.ask(t, "/crmadmins", ""); !strings.HasPrefix(got, "Sorry, /crmadmins is not open to you.") || !strings.Contains(got, "<#C0SAMPLE>") {
		t.Errorf("got %q", got)
	}
	if told := s.told(); !strings.Contains(told, `"reason":"audience"`) || !strings.Contains(told, `"Namespace":"crmwho"`) {
		t.Errorf("log %s", told)
	}
}

// canaryWords are what the user of TestNothingPersonalIsLogged types.
const canaryWords = "canarytyped zqxjkvb"

// TestNothingPersonalIsLogged: nothing of the CRM's people, no secret and
// nothing that was typed stands in any line of either function, whatever happens.
func TestNothingPersonalIsLogged(t *testing.T) {
	organisation, canaries := zohosim.Canary(250)
	crm := zohosim.New(zohosim.Config{Organisation: &organisation, ClientID: "canary-client-id", ClientSecret: "canary-client-secret", RefreshToken: "canary-refresh-token"})
	s := deployOver(t, crm)
	s.slack.SigningSecret, s.slack.BotToken = "canary-signing-secret", "canary-bot-token"
	canaries = append(canaries, crm.ClientID, crm.ClientSecret, crm.RefreshToken, s.slack.SigningSecret, s.slack.BotToken,
		"canarytyped", "zqxjkvb", "canary", slacksim.User, "hooks.slack", "/commands/", "/actions/", "response_url", "Zoho-oauthtoken", "v0=")
	try := func(command, words string) {
		_, _ = s.slack.Ask(t.Context(), s.gateway.URL+"/slack/commands", command, words)
	}
	s.secrets.Put(s.slackSecret, `canary-signing-secret is no JSON`)
	try("/crmuser", canaryWords)
	s.secrets.Put(s.oauthClient, `{"client_id":"canary-client-id","client_secret":["canary-client-secret"]}`)
	_, _ = s.refresh(t, "token-refresh.json")
	s.setUp()
	if _, err := s.refresh(t, "token-refresh.json"); err != nil {
		t.Fatal(err)
	}
	canaries = append(canaries, s.storedToken(t))
	var somebody struct {
		Name string `json:"full_name"`
	}
	if err := json.Unmarshal(organisation.Users[7], &somebody); err != nil {
		t.Fatal(err)
	}
	everything := func() {
		for command, words := range map[string]string{"/crmuser": somebody.Name, "/crmusers": canaryWords, "/crmadmins": "", "/crmstatus": "", "/canary": canaryWords} {
			try(command, words)
		}
		try("/crmuser", "canarytyped:zqxjkvb")
		s.interact(t, s.slack.Clicked("ask", "/crmuser "+canaryWords))
		s.interact(t, s.slack.Suggestion("person", canaryWords))
		s.interact(t, s.slack.Shortcut("find_person"))
		_, _ = s.usersQuery.Invoke(t.Context(), event(t, "directory-sync.json"))
		s.idle(t)
	}
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, Times: 1})
	_, later := s.asked(t, "/crmuser", canaryWords)
	s.later(t, later)
	everything()
	for _, kind := range []zohosim.FaultKind{zohosim.InvalidToken, zohosim.Throttled, zohosim.HTML, zohosim.Truncated, zohosim.Reset, zohosim.NoAPIAccess, zohosim.ScopeMismatch} {
		s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
		s.fault(t, zohosim.Fault{Path: "/crm/", Kind: kind})
		everything()
		s.zoho.ClearFaults()
	}
	s.coldStart(t, map[string]string{"CRMWHO_PEOPLE_AUDIENCE": "S0UNKNOWN,no-guests", "CRMWHO_CONTACT": "canary-contact"})
	everything()
	s.coldStart(t, nil)
	for _, f := range []slacksim.Fault{{Status: 500}, {Status: 404, Error: "expired_url"}, {Status: 400, Error: "canary not a code"}, {Reset: true}} {
		if err := s.slack.AddFault(f); err != nil {
			t.Fatal(err)
		}
		everything()
		s.slack.ClearFaults()
	}
	s.broken(t)
	s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
	_, _ = s.refresh(t, "token-refresh-force.json")
	s.tellsNothing(t, canaries...)
}

// TestNothingPersonalIsLoggedByTheWay: not by modals, events and jobs that fail.
func TestNothingPersonalIsLoggedByTheWay(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.sync(t, "directory-sync.json")
	chosen := map[string]any{"person": map[string]any{"person": map[string]any{"selected_option": map[string]any{"value": "canarychosen"}}}}
	more := func() {
		s.interact(t, s.slack.Submitted("V0CANARY", "find_person", chosen))
		body := `{"type":"event_callback","event_id":"Ev0CANARY","team_id":"` + slacksim.Team + `","event":{"type":"app_home_opened","tab":"home","user":"` + slacksim.User + `"}}`
		r, err := s.slack.PostJSON(t.Context(), s.gateway.URL+"/slack/events", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.slack.Send(r)
		for _, job := range []string{
			`{"job":"answer","question":{"text":"canarytyped","user":"` + slacksim.User + `","sent":"2020-01-01T00:00:00Z"}}`, // too late
			`{"job":"canarytyped"}`, `{"job":["canarytyped"]}`,
		} {
			_, _ = s.usersQuery.Invoke(t.Context(), []byte(job))
		}
		s.idle(t)
	}
	more()
	s.lambda.AddFault(awssim.Fault{Function: s.usersQuery.Name, Status: 500})
	more()
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, Times: 1})
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	if err := s.slack.AddFault(slacksim.Fault{Status: 404, Error: "expired_url"}); err != nil { // for the late answer
		t.Fatal(err)
	}
	s.interact(t, s.slack.Clicked("ask", "/crmuser "+canaryWords))
	s.idle(t)
	s.tellsNothing(t, "canary", "CANARY", "zqxjkvb", slacksim.User, url.QueryEscape(slacksim.User), "hooks.slack")
}

// broken sends what Slack would not.
func (s *stack) broken(t *testing.T) {
	t.Helper()
	forged := &slacksim.Slack{SigningSecret: "canary-forged"}
	for path, body := range map[string]string{
		"/slack/commands":      "command=%2Fcanary&text=canarytyped&%zz",
		"/slack/interactivity": url.Values{"payload": {`{"type":"canary","canarytyped":`}}.Encode(),
	} {
		for _, by := range []*slacksim.Slack{s.slack, forged} {
			r, err := by.Post(t.Context(), s.gateway.URL+path, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			reply, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			said, err := io.ReadAll(reply.Body)
			if err := errors.Join(err, reply.Body.Close()); err != nil || reply.StatusCode < 400 || len(said) != 0 {
				t.Errorf("%s: got %d %s, %v", path, reply.StatusCode, said, err)
			}
		}
	}
}
