package slackfmt_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/token"
)

// noticeOf is a notice in the words that the channel is told.
func noticeOf(kind token.Kind, class token.Class, code string) token.Notice {
	now := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	h := token.Health{
		Stored: true, Expiry: now.Add(18 * time.Minute), AccountsURL: "https://accounts.zoho.com.au",
		Failure: token.Failure{Class: class, Code: code, Since: now.Add(-20 * time.Minute)},
	}
	return h.Notice(kind, "go run ./cmd/crmwho setup --stack crmwho", now)
}

// connecting are steps as long as there are.
var connecting = noticeOf(token.GrantDead, token.Dead, "invalid_client").Steps

func TestGoldenNotice(t *testing.T) {
	for name, n := range map[string]token.Notice{
		"notice-dead":      noticeOf(token.GrantDead, token.Dead, "invalid_client"),
		"notice-low":       noticeOf(token.LowLife, token.Transient, ""),
		"notice-recovered": noticeOf(token.Recovered, "", ""),
	} {
		golden(t, name, slackfmt.Notice(n.Subject, n.Text, n.Steps))
	}
}

// TestTheTextOfANoticeIsAllOfIt.
func TestTheTextOfANoticeIsAllOfIt(t *testing.T) {
	for _, test := range []struct {
		steps []string
		want  string
	}{
		{connecting, "⚠ Subject. Text &amp; &lt;more&gt;. 1. " + connecting[0] + " 2. " + connecting[1] + " 3. " + connecting[2]},
		{[]string{"Run `a`, then `b`."}, "⚠ Subject. Text &amp; &lt;more&gt;. 1. Run `a`, then `b`."},
		{nil, "✓ Subject. Text &amp; &lt;more&gt;."},
	} {
		m := slackfmt.Notice("Subject", "Text & <more>.", test.steps)
		if checkNotice(t, "notice", m); m.Text != test.want {
			t.Errorf("got %q, want %q", m.Text, test.want)
		}
	}
}

// TestStepsAreMarked: addresses are links, and commands are code.
func TestStepsAreMarked(t *testing.T) {
	for step, want := range map[string]string{
		"See https://a.example.":                  `[{"type":"text","text":"1. See "},{"type":"link","url":"https://a.example"},{"type":"text","text":"."}]`,
		"https://a.example/b, https://a.example":  `[{"type":"text","text":"1. "},{"type":"link","url":"https://a.example/b"},{"type":"text","text":", "},{"type":"link","url":"https://a.example"}]`,
		"Run `a b` https:// http://a.example now": `[{"type":"text","text":"1. Run "},{"type":"text","text":"a b","style":{"code":true}},{"type":"text","text":" https:// http://a.example now"}]`,
		"`https://a.example`":                     `[{"type":"text","text":"1. "},{"type":"text","text":"https://a.example","style":{"code":true}}]`,
	} {
		m := slackfmt.Notice("Subject", "Text.", []string{step})
		if checkNotice(t, step, m); !strings.Contains(string(messageJSON(t, m)), `"elements":`+want) {
			t.Errorf("%s: got %s, want %s in it", step, messageJSON(t, m), want)
		}
	}
}

func TestAnyNoticeKeepsToTheLimits(t *testing.T) {
	for _, value := range append(slices.Clone(hostile), "", "`", "``", "a`b", strings.Repeat("&", 5000), strings.Repeat("https://a.example ", 500)) {
		checkNotice(t, fmt.Sprintf("%.20q", value), slackfmt.Notice(value, value, slices.Repeat([]string{value}, 20)))
		checkNotice(t, fmt.Sprintf("%.20q, no steps", value), slackfmt.Notice(value, value, nil))
	}
}

func checkNotice(t *testing.T, name string, m slackfmt.Message) {
	t.Helper()
	if err := errors.Join(m.Check(), slacksim.CheckMessage(messageJSON(t, m))); err != nil || m.ResponseType != "in_channel" || strings.Contains(m.Text, "<") {
		t.Errorf("%s: %s %q, %v", name, m.ResponseType, m.Text, err)
	}
}
