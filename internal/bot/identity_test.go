package bot_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
)

const anyBotToken = "xoxb-s3cret"

// slackAt serves a Slack and gives the base of its Web API.
func slackAt(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/api"
}

func TestAuthTest(t *testing.T) {
	is, err := bot.AuthTest(t.Context(), slackAt(t, &slacksim.Slack{BotToken: anyBotToken}), anyBotToken, true)
	if err != nil || is.TeamID != slacksim.Team || is.Team == "" || is.UserID != slacksim.Bot {
		t.Errorf("got %+v, %v", is, err)
	}
}

func TestAuthTestRefused(t *testing.T) {
	for _, want := range []bot.AuthRefused{"invalid_auth", "token_revoked", "ratelimited", "(23 bytes)"} {
		slack := &slacksim.Slack{BotToken: "another"}
		fault := slacksim.Fault{Path: "/api/auth.test", Error: string(want)}
		if want == "(23 bytes)" {
			fault.Error = "Not a code: xoxb-s3cret"
		}
		if err := slack.AddFault(fault); err != nil {
			t.Fatal(err)
		}
		_, err := bot.AuthTest(t.Context(), slackAt(t, slack), anyBotToken, true)
		if got, ok := errors.AsType[bot.AuthRefused](err); !ok || got != want || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAuthTestUnanswered(t *testing.T) {
	broken := func(f slacksim.Fault) string {
		slack := &slacksim.Slack{}
		if err := slack.AddFault(f); err != nil {
			t.Fatal(err)
		}
		return slackAt(t, slack)
	}
	api := slackAt(t, &slacksim.Slack{})
	over, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	for name, test := range map[string]struct {
		ctx      context.Context
		api      string
		loopback bool
	}{
		"reset":          {t.Context(), broken(slacksim.Fault{Reset: true}), true},
		"502":            {t.Context(), broken(slacksim.Fault{Status: http.StatusBadGateway}), true},
		"no time":        {over, api, true},
		"loopback":       {t.Context(), api, false},
		"somewhere else": {t.Context(), "https://slack.example/api/", true},
	} {
		_, err := bot.AuthTest(test.ctx, test.api, anyBotToken, test.loopback)
		if _, refused := errors.AsType[bot.AuthRefused](err); err == nil || refused || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
