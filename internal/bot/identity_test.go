package bot_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
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
	if err != nil || is.TeamID != slacksim.Team || is.Team == "" || is.UserID != slacksim.Bot || !slices.Contains(is.Scopes, "chat:write") || time.Since(is.At).Abs() > time.Hour {
		t.Errorf("got %+v, %v", is, err)
	}
}

// TestScopesThatSlackTells, and those that it keeps to itself.
func TestScopesThatSlackTells(t *testing.T) {
	for header, want := range map[string][]string{"": nil, "commands": {"commands"}, "commands, chat:write,": {"commands", "chat:write"}} {
		api := slackAt(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-OAuth-Scopes", header)
			w.Header()["Date"] = nil
			_, _ = w.Write([]byte(`{"ok":true}`))
		}))
		if is, err := bot.AuthTest(t.Context(), api, anyBotToken, true); err != nil || !slices.Equal(is.Scopes, want) || !is.At.IsZero() {
			t.Errorf("%q: got %+v, %v, want %q", header, is, err, want)
		}
	}
}

func TestLookUpChannel(t *testing.T) {
	sim := &slacksim.Slack{BotToken: anyBotToken, Channels: []string{"C0OTHER", "G0PRIVATE"}, Private: []string{"G0PRIVATE"}, Archived: []string{"C0OTHER"}}
	api := slackAt(t, sim)
	for channel, want := range map[string]bot.Conversation{
		"C0OTHER": {Member: true, Archived: true}, "G0PRIVATE": {Member: true, Private: true}, slacksim.Channel: {},
	} {
		if got, err := bot.LookUpChannel(t.Context(), api, anyBotToken, channel, true); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", channel, got, err, want)
		}
	}
	for _, want := range []bot.ChannelRefused{"channel_not_found", "ratelimited", "missing_scope"} {
		if want != "channel_not_found" {
			if err := sim.AddFault(slacksim.Fault{Error: string(want), Times: 1}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := bot.LookUpChannel(t.Context(), api, anyBotToken, "C0NONE", true)
		if got, ok := errors.AsType[bot.ChannelRefused](err); !ok || got != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, elsewhere := range []string{"https://slack.example/api/", "http://127.0.0.1:1/api/"} {
		if _, err := bot.LookUpChannel(t.Context(), elsewhere, anyBotToken, "C0NONE", true); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v", elsewhere, err)
		}
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
