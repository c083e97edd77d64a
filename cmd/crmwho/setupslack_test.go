package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
)

func TestSetupSlack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	out, errs, err := w.run(t, " "+signing+" \r\n"+botToken, "setup", "slack")
	if err != nil {
		t.Fatal(err)
	}
	wantInOrder(t, errs, "signing secret: ", "bot token: ")
	wantInOrder(t, out, "it is sample-bot's ("+slacksim.Bot+") in the workspace Sample Team ("+slacksim.Team+")", "are stored in the folder "+w.dir, "crmwho setup --dir ")
	want := map[string]any{"signing_secrets": []any{signing}, "bot_token": botToken}
	if got := w.value(t, "slack"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestSetupSlackKeepsTheFormerSigningSecret(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	for _, step := range []struct {
		signing string
		args    []string
		want    []any
		says    bool
	}{
		{signing, nil, []any{signing}, false},
		{nextSigning, []string{"--keep-old"}, []any{nextSigning, signing}, true},
		{nextSigning, []string{"--keep-old"}, []any{nextSigning}, false},
		{signing, []string{"--keep-old"}, []any{signing, nextSigning}, true},
		{signing, nil, []any{signing}, false},
	} {
		out, _, err := w.run(t, step.signing+"\n"+botToken+"\n", append([]string{"setup", "slack"}, step.args...)...)
		if got := w.value(t, "slack")["signing_secrets"]; err != nil || !reflect.DeepEqual(got, step.want) {
			t.Errorf("%v: got %v, %v, want %v", step.args, got, err, step.want)
		}
		if strings.Contains(out, "goes on being accepted") != step.says {
			t.Errorf("%v: got %s", step.args, out)
		}
	}
}

// TestSetupSlackMistakes leave the value as it was.
func TestSetupSlackMistakes(t *testing.T) {
	const good = signing + "\n" + botToken + "\n"
	for name, test := range map[string]struct {
		input string
		fault slacksim.Fault
		args  []string
		want  []string
	}{
		"no input":                {"", slacksim.Fault{}, nil, []string{"the input ended before the signing secret"}},
		"no token":                {signing + "\n", slacksim.Fault{}, nil, []string{"the input ended before the bot token"}},
		"a short signing secret":  {"s3cret\n", slacksim.Fault{}, nil, []string{"32 letters from 0-9 and a-f", `"Basic Information"`}},
		"an odd signing secret":   {strings.Repeat("s", 32) + "\n", slacksim.Fault{}, nil, []string{"no signing secret"}},
		"no bot token":            {signing + "\ns3cret\n", slacksim.Fault{}, nil, []string{"begins with xoxb-", `"OAuth & Permissions"`}},
		"a short token":           {signing + "\nx\n", slacksim.Fault{}, nil, []string{"begins with xoxb-"}},
		"a bare prefix":           {signing + "\nxoxb-\n", slacksim.Fault{}, nil, []string{"begins with xoxb-"}},
		"a user's token":          {signing + "\nxoxp-s3cret\n", slacksim.Fault{}, nil, []string{"another kind (a user's)", "Bot User OAuth Token"}},
		"the app's token":         {signing + "\nxapp-s3cret\n", slacksim.Fault{}, nil, []string{"another kind (of the app itself)"}},
		"an unknown token":        {signing + "\nxoxb-s3cret\n", slacksim.Fault{}, nil, []string{"(invalid_auth)", "crmwho setup slack --dir"}},
		"a revoked token":         {good, slacksim.Fault{Error: "token_revoked"}, nil, []string{"was revoked", "Install the app again"}},
		"an expired token":        {good, slacksim.Fault{Error: "token_expired"}, nil, []string{"has expired", "without token rotation"}},
		"an app that was removed": {good, slacksim.Fault{Error: "account_inactive"}, nil, []string{"was removed", "Install the app again"}},
		"a type of token":         {good, slacksim.Fault{Error: "not_allowed_token_type"}, nil, []string{"this kind of token"}},
		"another refusal":         {good, slacksim.Fault{Error: "team_access_not_granted"}, nil, []string{"does not take the bot token: slack: auth.test: team_access_not_granted"}},
		"too many calls":          {good, slacksim.Fault{Error: "ratelimited"}, nil, []string{"too many calls", "Wait for a minute"}},
		"unreachable":             {good, slacksim.Fault{Reset: true}, nil, []string{"Slack cannot be reached", "connection"}},
		"out of order":            {good, slacksim.Fault{Status: 503}, nil, []string{"HTTP 503", "status page"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zohosim.Config{})
			w.connectSlack(t)
			before := w.files(t)
			if test.fault != (slacksim.Fault{}) {
				if err := w.slack.AddFault(test.fault); err != nil {
					t.Fatal(err)
				}
			}
			_, _, err := w.run(t, test.input, append([]string{"setup", "slack"}, test.args...)...)
			for _, want := range test.want {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if !maps.Equal(before, w.files(t)) {
				t.Error("the value is another than before")
			}
		})
	}
}

func TestSetupSlackHasNothingToKeep(t *testing.T) {
	for name, value := range map[string]string{"nothing": "", "spoilt": "s3cret", "no signing secret": `{"bot_token":"a"}`} {
		w := newWorld(t, zohosim.Config{})
		w.put(t, "slack", value)
		if _, _, err := w.run(t, signing+"\n"+botToken+"\n", "setup", "slack", "--keep-old"); !strings.Contains(fmt.Sprint(err), "no former signing secret") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, _, err := w.run(t, signing+"\n"+botToken+"\n", "setup", "slack"); err != nil || len(w.files(t)) != 1 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSetupSlackInterrupted(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if _, _, err := w.runIn(t, ctx, "", "setup", "slack", "--dir", w.dir); !errors.Is(err, errInterrupted) || w.files(t) != nil {
		t.Errorf("got %v", err)
	}
}

func TestSetupSlackOfAStack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, secrets := w.aws(t)
	const input = signing + "\n" + botToken + "\n"
	out, _, err := w.runIn(t, t.Context(), input, "setup", "slack", "--stack", "sample")
	if want := `{"signing_secrets":["` + signing + `"],"bot_token":"` + botToken + `"}`; err != nil || secrets.Value(stack.Outputs["SlackSecret"]) != want || strings.Contains(out, "does not answer") {
		t.Errorf("got %s, %v", out, err)
	}
	wantInOrder(t, out, "Next:\n", `"Event Subscriptions", have Slack verify the request URL`, stack.Outputs["EventsUrl"]+"\n", "  crmwho setup --stack sample\n")
	if strings.Contains(out, "smoke") {
		t.Errorf("before Zoho CRM is connected: got %s", out)
	}
	secrets.Put(stack.Outputs["OAuthClientSecret"], `{"client_id":"a","client_secret":"b","refresh_token":"c"}`)
	stack.Parameters["SlackTeams"] = "T0000OTHER, E0000OTHER"
	out, _, err = w.runIn(t, t.Context(), input, "setup", "--stack", "sample", "slack")
	if err != nil || !strings.Contains(out, "The stack does not answer that workspace: its parameter SlackTeams has T0000OTHER, E0000OTHER.") {
		t.Errorf("another team: got %s, %v", out, err)
	}
	wantInOrder(t, out, "Next:\n", stack.Outputs["EventsUrl"]+"\n", "  make smoke STACK=sample\n", "  crmwho doctor --stack sample\n")
}

// TestSetupSlackAtGovSlack asks the Web API that the stack names.
func TestSetupSlackAtGovSlack(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	stack, _ := w.aws(t)
	t.Setenv("CRMWHO_SLACK_API_URL", "")
	stack.Parameters["SlackApiUrl"] = w.slackURL + "/api/"
	if _, _, err := w.runIn(t, t.Context(), signing+"\n"+botToken+"\n", "setup", "slack", "--stack", "sample"); err != nil {
		t.Errorf("got %v", err)
	}
}
