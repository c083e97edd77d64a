package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
)

// TestEveryRouteChecksTheSignature, whatever would be answered.
func TestEveryRouteChecksTheSignature(t *testing.T) {
	for path, request := range map[string][2]string{
		bot.CommandsPath:      {formType, slacksim.Form("/crmuser", "kim").Encode()},
		bot.InteractivityPath: {formType, "payload=%7B%22type%22%3A%22shortcut%22%7D"},
		bot.EventsPath:        {"application/json", `{"type":"url_verification","challenge":"x"}`},
	} {
		for name, forge := range map[string]func(http.Header){
			"unsigned": func(http.Header) {},
			"forged": func(h http.Header) {
				(&slacksim.Slack{SigningSecret: "another"}).Sign(h, []byte(request[1]), time.Now())
			},
		} {
			w := withUsers(kim)
			r := httptest.NewRequest(http.MethodPost, "https://bot.example"+path, strings.NewReader(request[1]))
			r.Header.Set("Content-Type", request[0])
			forge(r.Header)
			if got := w.do(r); got.Code != http.StatusUnauthorized || got.Body.Len() != 0 || len(*w.jobs)+len(w.slack.Calls()) != 0 {
				t.Errorf("%s, %s: got %d %s", path, name, got.Code, got.Body)
			}
		}
	}
}

// TestAnSSLCheckIsAForm: nothing else is answered unsigned.
func TestAnSSLCheckIsAForm(t *testing.T) {
	w := withUsers(kim)
	r := httptest.NewRequest(http.MethodPost, at, strings.NewReader("ssl_check=1"))
	r.Header.Set("Content-Type", "text/plain")
	if got := w.do(r); got.Code != http.StatusUnauthorized {
		t.Errorf("got %d", got.Code)
	}
}

// TestABodyThatBreaksOff gets no answer.
func TestABodyThatBreaksOff(t *testing.T) {
	w := withUsers(kim)
	r := httptest.NewRequest(http.MethodPost, at, iotest.ErrReader(errors.New("reset")))
	r.Header.Set("Content-Type", formType)
	if got := w.do(r); got.Code != http.StatusBadRequest || !strings.Contains(w.log.String(), "body not readable") {
		t.Errorf("got %d, log %s", got.Code, w.log)
	}
}

// TestTheSignatureIsCheckedHoweverLate the request is after a cold start.
func TestTheSignatureIsCheckedHoweverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		secrets := w.bot.Secrets
		w.bot.Secrets = func(ctx context.Context, again bool) (bot.Secrets, error) {
			if err := ctx.Err(); err != nil {
				return bot.Secrets{}, err
			}
			return secrets(ctx, again)
		}
		w.ask(t, "/crmuser", "kim")
		r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
		if err != nil {
			t.Fatal(err)
		}
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		if got := w.answered(t, r.WithContext(late)); !strings.HasPrefix(got, "Kim") {
			t.Errorf("got %q", got)
		}
	})
}

// TestSecretsAreReadAgainForAWrongSignatureOnly: anybody can send none.
func TestSecretsAreReadAgainForAWrongSignatureOnly(t *testing.T) {
	w := withUsers(kim)
	reads := 0
	w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) {
		reads++
		return bot.Secrets{Signing: []string{signingSecret}}, nil
	}
	r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Slack-Request-Timestamp", "1")
	if got := w.do(r); got.Code != http.StatusUnauthorized || reads != 1 {
		t.Errorf("got %d after %d reads", got.Code, reads)
	}
}

// TestInteractionsComeFromSomebodySomewhere: their user, channel, workspace and
// organisation count as those of a command do.
func TestInteractionsComeFromSomebodySomewhere(t *testing.T) {
	const org = "E0SAMPLE"
	for _, test := range []struct {
		name     string
		teams    string
		audience bot.Audience
		change   func(map[string]any)
		served   bool
	}{
		{"the user", "T0SAMPLE", bot.Audience{Users: []string{"U0SAMPLE"}}, nil, true},
		{"another user", "T0SAMPLE", bot.Audience{Users: []string{"U0SAMPLE"}}, func(p map[string]any) { p["user"].(map[string]any)["id"] = "U0OTHER" }, false},
		{"no user", "T0SAMPLE", bot.Audience{Users: []string{""}}, func(p map[string]any) { delete(p, "user") }, false},
		{"the channel", "T0SAMPLE", bot.Audience{Channels: []string{"C0SAMPLE"}}, nil, true},
		{"another channel", "T0SAMPLE", bot.Audience{Channels: []string{"C0SAMPLE"}}, func(p map[string]any) { p["channel"] = map[string]any{"id": "C0OTHER"} }, false},
		{"no channel", "T0SAMPLE", bot.Audience{Channels: []string{""}}, func(p map[string]any) { p["channel"] = nil }, false},
		{"the organisation", org, bot.Audience{Everyone: true}, func(p map[string]any) { p["enterprise"] = map[string]any{"id": org} }, true},
		{"another organisation", org, bot.Audience{Everyone: true}, func(p map[string]any) { p["enterprise"] = map[string]any{"id": "E0OTHER"} }, false},
		{"neither", org, bot.Audience{Everyone: true}, func(p map[string]any) { p["team"], p["enterprise"] = nil, nil }, false},
		{"ours in another's workspace", "T0SAMPLE", bot.Audience{Everyone: true}, func(p map[string]any) { p["team"] = map[string]any{"id": "T0OTHER"} }, false},
		{"a served workspace's in another served one", "T0SAMPLE,T0SECOND", bot.Audience{Everyone: true}, func(p map[string]any) { p["user"].(map[string]any)["team_id"] = "T0SECOND" }, true},
		{"the organisation's user", "T0SAMPLE", bot.Audience{Everyone: true}, func(p map[string]any) {
			p["enterprise"] = map[string]any{"id": org}
			p["user"].(map[string]any)["team_id"] = org
		}, true},
		{"the workspace's user in an organisation", org, bot.Audience{Everyone: true}, func(p map[string]any) {
			p["enterprise"] = map[string]any{"id": org}
			p["user"].(map[string]any)["team_id"] = "T0SAMPLE"
		}, true},
	} {
		w := withUsers(kim)
		w.bot.Access.Teams, w.bot.Access.People = strings.Split(test.teams, ","), test.audience
		payload := w.slack.Clicked("ask", "/crmuser kim")
		if test.change != nil {
			test.change(payload)
		}
		w.interact(t, payload)
		if got := w.posts(t); len(got) != 1 || strings.HasPrefix(got[0], "Kim") != test.served {
			t.Errorf("%s: got %q", test.name, got)
		}
	}
}

// TestWhatIsNotOursIsAcknowledged: other buttons, shortcuts, modals and events
// get 200, and nothing happens.
func TestWhatIsNotOursIsAcknowledged(t *testing.T) {
	w := withUsers(kim)
	for name, payload := range map[string]map[string]any{
		"a URL button":     w.slack.Clicked("open", "/crmuser kim"),
		"another shortcut": w.slack.Shortcut("another"),
		"another modal":    w.slack.Submitted("V0OTHER", "another", chosen("1")),
	} {
		if got := w.interact(t, payload); got != "" {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for _, event := range []map[string]any{
		{"type": "app_home_opened", "tab": "messages", "user": "U0SAMPLE"},
		{"type": "link_shared", "tab": "home", "user": "U0SAMPLE"},
	} {
		body, err := json.Marshal(w.slack.Event(event))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.post(t, bot.EventsPath, "application/json", string(body)); got.Code != http.StatusOK || got.Body.Len() != 0 {
			t.Errorf("%v: got %d %s", event, got.Code, got.Body)
		}
	}
	if len(*w.jobs)+len(w.slack.Calls()) != 0 {
		t.Errorf("%d jobs, %d calls", len(*w.jobs), len(w.slack.Calls()))
	}
}

// TestAJobIsOfItsQuestion, by what Slack calls it: two are not mixed up.
func TestAJobIsOfItsQuestion(t *testing.T) {
	w := withUsers(kim)
	for _, id := range []string{"Ev1", "Ev2"} {
		event := w.slack.Event(map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"})
		event["event_id"], event["team_id"], event["enterprise_id"] = id, "T0ELSE", "E0SAMPLE"
		w.bot.Access.Teams = []string{"E0SAMPLE"}
		body, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		w.post(t, bot.EventsPath, "application/json", string(body))
	}
	if len(*w.jobs) != 2 {
		t.Fatalf("%d jobs", len(*w.jobs))
	}
	for i, id := range []string{"Ev1", "Ev2"} {
		if !strings.Contains(string((*w.jobs)[i]), `"id":"`+id+`"`) {
			t.Errorf("got %s", (*w.jobs)[i])
		}
	}
}

// TestGuestsOfEitherKind are guests, and every command of an audience counts.
func TestGuestsOfEitherKind(t *testing.T) {
	for _, kind := range []string{"single", "multi", "stranger"} {
		w := withUsers(kim)
		w.slack.Guests = map[string]string{"U0SAMPLE": kind}
		w.bot.Access.People = bot.Audience{Everyone: true, NoGuests: true}
		for command, words := range map[string]string{"/crmuser": "kim", "/crmusers": ""} {
			if got := w.ask(t, command, words); !strings.HasPrefix(got, "Sorry, "+command+" is not open to you.") {
				t.Errorf("%s, %s: got %q", kind, command, got)
			}
		}
	}
}

// TestAFailedGroupIsNotForgotten for the next one that could be asked.
func TestAFailedGroupIsNotForgotten(t *testing.T) {
	w := withUsers(kim)
	w.slack.Groups = map[string][]string{"S0OTHERS": {"U0ELSE"}}
	w.bot.Access.People = bot.Audience{Groups: []string{"S0UNKNOWN", "S0OTHERS"}}
	if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "I could not check") {
		t.Errorf("got %q", got)
	}
}

// TestASlowCheckIsHandedOver rather than refused.
func TestASlowCheckIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.Access.People = bot.Audience{Groups: []string{"S0MEMBERS"}}
		w.bot.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Looking in Zoho CRM") || len(*w.jobs) != 1 {
			t.Errorf("got %q, %d jobs", got, len(*w.jobs))
		}
	})
}

// TestAForeignWorkspaceIsToldWhomToAsk, where words say it.
func TestAForeignWorkspaceIsToldWhomToAsk(t *testing.T) {
	w := withUsers(kim)
	w.bot.Access.Teams, w.bot.Access.Contact = []string{"T0OTHER"}, "the CRM team"
	if got := w.ask(t, "/crmuser", "kim"); !strings.HasSuffix(got, "please ask the CRM team.") {
		t.Errorf("got %q", got)
	}
}

// TestTheLastSecond: five minutes are not too old.
func TestTheLastSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for age, want := range map[time.Duration]int{5 * time.Minute: 200, -5 * time.Minute: 200, 5*time.Minute + time.Second: 401, -5*time.Minute - time.Second: 401} {
			w := withUsers(kim)
			r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			w.slack.Sign(r.Header, body, time.Now().Add(-age))
			if got := w.do(r); got.Code != want {
				t.Errorf("%v: got %d", age, got.Code)
			}
		}
	})
}

// TestWithoutASigningSecretTheLogSaysSo, and who asks gets nothing.
func TestWithoutASigningSecretTheLogSaysSo(t *testing.T) {
	w := withUsers(kim)
	w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{}, nil }
	r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.do(r); got.Code != http.StatusUnauthorized || !strings.Contains(w.log.String(), "no signing secret set up") {
		t.Errorf("got %d, log %s", got.Code, w.log)
	}
}

// TestTheCheckIsInTheAnswerLine.
func TestTheCheckIsInTheAnswerLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.slack.Groups = map[string][]string{"S0MEMBERS": {"U0SAMPLE"}}
		w.bot.Access.People = bot.Audience{Groups: []string{"S0MEMBERS"}}
		w.bot.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(100 * time.Millisecond)
			return w.slack.RoundTrip(r)
		})}
		w.ask(t, "/crmuser", "kim")
		if got := w.lines(t)["answer"][0]["access_ms"]; got != 100.0 {
			t.Errorf("got %v", got)
		}
	})
}

// TestACommandsJobHasItsTrigger: it is known by that.
func TestACommandsJobHasItsTrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := string(w.handedOver(t))
		if !strings.Contains(job, `"id":"`) || strings.Contains(job, `"id":""`) {
			t.Errorf("got %s", job)
		}
	})
}
