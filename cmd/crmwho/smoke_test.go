package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// deployedBot is what a stack with the address of a handler has.
func deployedBot(t *testing.T, h http.Handler) (*world, awssim.Stack) {
	t.Helper()
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	stack.Outputs["ApiUrl"] = serve(t, h)
	secrets.Put(stack.Outputs["SlackSecret"], `{"signing_secrets":["`+signing+`","the former one"],"bot_token":"`+botToken+`"}`)
	return w, stack
}

// aBot answers those who sign with the sample secret, and is well.
func aBot(teams ...string) *bot.Bot {
	return &bot.Bot{
		People: &directory.Directory{Store: &store.Memory{}, Read: func(context.Context, zoho.UserType) ([]zoho.User, error) {
			return nil, zoho.ErrUnavailable
		}},
		Secrets: func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{Signing: []string{signing}}, nil },
		Access:  bot.Access{Teams: teams, People: bot.Audience{Everyone: true}},
		Health: func(context.Context) (token.Health, error) {
			return token.Health{Stored: true, Expiry: time.Now().Add(time.Hour)}, nil
		},
		Version: "1.2.3", Log: slog.New(slog.DiscardHandler),
	}
}

func (w *world) smoke(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	stdout, _, err = w.runIn(t, t.Context(), "", append([]string{"smoke", "--stack", "sample"}, args...)...)
	return stdout, err
}

func TestSmoke(t *testing.T) {
	for name, test := range map[string]struct {
		teams, served string
		args          []string
		want          string
	}{
		"the default question":         {slacksim.Team, slacksim.Team, nil, "/crmstatus was answered in "},
		"another question":             {slacksim.Team, slacksim.Team, []string{"/crmuser", "help"}, "/crmuser help was answered in "},
		"the first workspace":          {"T0123456789, T9876543210", "T0123456789", nil, "1.2.3"},
		"an organisation's workspaces": {"E0123456789,T0123456789", "T0123456789", nil, "1.2.3"},
		"an organisation alone":        {"E0123456789", "E0123456789", nil, "1.2.3"},
	} {
		t.Run(name, func(t *testing.T) {
			w, stack := deployedBot(t, aBot(test.served))
			stack.Parameters["SlackTeams"] = test.teams
			out, err := w.smoke(t, test.args...)
			if err != nil || !strings.Contains(out, test.want) {
				t.Errorf("got %s, %v, want %q", out, err, test.want)
			}
			wantInOrder(t, out, "Account 123456789012, region "+awssim.Region+", stack sample\n", " was answered in ", "\nWithout a signature it refuses (HTTP 401).\n")
		})
	}
}

// TestSmokeAtTheCommandsURL finds the address of a stack of a former version.
func TestSmokeAtTheCommandsURL(t *testing.T) {
	w, stack := deployedBot(t, aBot(slacksim.Team))
	stack.Outputs["CommandsUrl"] = stack.Outputs["ApiUrl"] + "/slack/commands"
	delete(stack.Outputs, "ApiUrl")
	if out, err := w.smoke(t); err != nil {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestSmokeAsksAsNobody names no user and no channel that exist, and nowhere to
// answer later.
func TestSmokeAsksAsNobody(t *testing.T) {
	asked := 0
	b := aBot(slacksim.Team)
	w, _ := deployedBot(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked++
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if form := string(body); err != nil || !strings.Contains(form, "user_id="+slacksim.User) || !strings.Contains(form, "channel_id="+slacksim.Channel) || strings.Contains(form, "response_url") {
			t.Errorf("got %s, %v", form, err)
		}
		if signed := r.Header.Get("X-Slack-Signature") != ""; signed != (asked == 1) {
			t.Errorf("request %d: signed %v", asked, signed)
		}
		b.ServeHTTP(rw, r)
	}))
	if out, err := w.smoke(t, "/crmuser", "help"); err != nil || asked != 2 {
		t.Errorf("got %s, %v, asked %d times", out, err, asked)
	}
}

// answers is a handler that answers the same to everybody, with a clock that is
// late.
func answers(status int, late time.Duration, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-late).UTC().Format(http.TimeFormat))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestSmokeFindsWhatIsWrong(t *testing.T) {
	const log = "aws logs tail /aws/lambda/sample-users-query --since 10m"
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   []string
	}{
		"another signing secret":   {answers(401, 0, ""), []string{"does not believe the signature", "after five minutes", log}},
		"a clock that is wrong":    {answers(401, time.Hour, ""), []string{"are 1h0m0s apart", "Set this computer's clock"}},
		"no such route":            {answers(404, 0, `{"message":"Not Found"}`), []string{"HTTP 404", "make deploy STACK=sample."}},
		"too many":                 {answers(429, 0, ""), []string{"HTTP 429", "Wait for a minute"}},
		"the function fails":       {answers(500, 0, `{"message":"Internal Server Error"}`), []string{"HTTP 500", log}},
		"the function is too slow": {answers(504, 0, ""), []string{"HTTP 504", log}},
		"a redirect":               {http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, []string{"HTTP 302", log}},
		"no clock": {func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			w.WriteHeader(401)
		}, []string{"though it is made with the stack's signing secret"}},
		"no words":            {answers(200, 0, `{"blocks":[]}`), []string{"that Slack would not show", log}},
		"nothing":             {answers(200, 0, ""), []string{"that Slack would not show", log}},
		"something else":      {answers(200, 0, "<html>"), []string{"that Slack would not show", log}},
		"anybody is answered": {answers(200, 0, `{"text":"hello"}`), []string{"Without a signature the bot answered HTTP 200, and not 401", log}},
	} {
		w, _ := deployedBot(t, test.answer)
		_, err := w.smoke(t)
		for _, want := range test.want {
			if !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
	}
}

func TestSmokeReachesNobody(t *testing.T) {
	w, stack := deployedBot(t, nil)
	stack.Outputs["ApiUrl"] = "http://127.0.0.1:1"
	if _, err := w.smoke(t); !strings.Contains(fmt.Sprint(err), "http://127.0.0.1:1 cannot be reached: ") || !strings.Contains(err.Error(), "crmwho doctor --stack sample") {
		t.Errorf("got %v", err)
	}
	stack.Outputs["ApiUrl"] = "http://sample.example"
	t.Setenv("CRMWHO_ALLOW_LOOPBACK", "")
	t.Setenv("CRMWHO_ZOHO_ACCOUNTS_URL", "")
	t.Setenv("CRMWHO_SLACK_API_URL", "")
	if _, err := w.smoke(t); !strings.Contains(fmt.Sprint(err), "The stack's address is none: http://sample.example. Deploy the template of this version, with make deploy STACK=sample.") {
		t.Errorf("got %v", err)
	}
}

// TestSmokeOfALateAnswer says that none follows.
func TestSmokeOfALateAnswer(t *testing.T) {
	w, _ := deployedBot(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if r.Header.Get("X-Slack-Signature") == "" {
			status = http.StatusUnauthorized
		}
		answers(status, 0, `{"text":"`+slackfmt.Looking().Text+`"}`)(w, r)
	}))
	if out, err := w.smoke(t); err != nil || !strings.Contains(out, "here nothing does") {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestSmokeWithoutTheSecret does not take it for empty.
func TestSmokeWithoutTheSecret(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	for name, prior := range map[string]func(){
		"spoilt":     func() { secrets.Put(stack.Outputs["SlackSecret"], `["a"]`) },
		"unreadable": func() { secrets.Fail("GetSecretValue", 100) },
	} {
		prior()
		_, err := w.smoke(t)
		for _, want := range []string{"The secret of Slack cannot be used: ", "secretsmanager:GetSecretValue", "crmwho setup slack --stack sample"} {
			if !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
	}
}

// TestSmokeWithoutCredentials says so before it asks.
func TestSmokeWithoutCredentials(t *testing.T) {
	w, _ := deployedBot(t, nil)
	w.sts.Refuse = "ExpiredToken"
	if out, err := w.smoke(t); out != "" || !strings.Contains(fmt.Sprint(err), "Log in again") {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestSmokeOfABotThatIsNotWell shows the answer, and goes on to ask without a
// signature.
func TestSmokeOfABotThatIsNotWell(t *testing.T) {
	unwell := aBot(slacksim.Team)
	unwell.Health = nil
	unconnected := aBot(slacksim.Team)
	unconnected.People.Read = func(context.Context, zoho.UserType) ([]zoho.User, error) { return nil, zoho.ErrNoToken }
	for name, test := range map[string]struct {
		bot  *bot.Bot
		args []string
		want string
	}{
		"the token is unknown": {unwell, nil, "it is not well. "},
		"not connected":        {unconnected, []string{"/crmuser", "kim"}, "it is not connected to Zoho CRM. "},
		"no such command":      {aBot(slacksim.Team), []string{"/crmusr"}, "it has no command /crmusr. "},
		"no command":           {aBot(slacksim.Team), []string{"kim"}, "it has no command kim. "},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := deployedBot(t, test.bot)
			out, err := w.smoke(t, test.args...)
			if !strings.Contains(fmt.Sprint(err), test.want+"Look at everything: crmwho doctor --stack sample.") {
				t.Errorf("got %v, want %q", err, test.want)
			}
			wantInOrder(t, out, " was answered in ", "\nWithout a signature it refuses (HTTP 401).\n")
		})
	}
}

func TestSmokeWithoutASigningSecret(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.aws(t)
	if _, err := w.smoke(t); !strings.Contains(fmt.Sprint(err), "no signing secret yet") || !strings.Contains(err.Error(), "crmwho setup slack --stack sample") {
		t.Errorf("got %v", err)
	}
}

// TestSmokeInTime judges answers that come late, later, or not at all.
func TestSmokeInTime(t *testing.T) {
	var out strings.Builder
	s := smoke{backend: &backend{outputs: map[string]string{outUsersQuery: "sample-users-query", outAPI: "http://127.0.0.1:1"}}, out: &out}
	if err := s.judge("hello", 3*time.Second); err != nil || out.String() != "" {
		t.Errorf("in time: got %v, %s", err, &out)
	}
	if err := s.judge("hello", 3001*time.Millisecond); !strings.Contains(fmt.Sprint(err), "That took 3.001s, and Slack waits for 3s") {
		t.Errorf("late: got %v", err)
	}
	if err := s.judge(slackfmt.Looking().Text, time.Second); err != nil || !strings.Contains(out.String(), "the function goes on by itself") {
		t.Errorf("handed over: got %v, %s", err, &out)
	}
	ended, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if _, err := s.askSigned(ended, signing); !strings.Contains(fmt.Sprint(err), "no answer within 10s. Look at the function's log: aws logs tail /aws/lambda/sample-users-query") {
		t.Errorf("never: got %v", err)
	}
}
