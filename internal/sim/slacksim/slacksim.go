// Package slacksim plays Slack over HTTP. Today it sends signed slash commands.
// It shares no code with the bot, so that neither can hide the other's mistakes.
package slacksim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Slack is a workspace with the app installed.
type Slack struct {
	SigningSecret string
}

// timeout is how long Slack waits for an answer.
// Source: Slack's documentation, "Implementing slash commands".
const timeout = 3 * time.Second

// Form is the body of a slash command as Slack sends it, all fields visibly
// made up but the command and its text.
// Source: Slack's documentation, "Implementing slash commands".
func Form(command, text string) url.Values {
	return url.Values{
		"token":                 {"sample-verification-token"},
		"team_id":               {"T0SAMPLE"},
		"team_domain":           {"sample-team"},
		"channel_id":            {"C0SAMPLE"},
		"channel_name":          {"sample-channel"},
		"user_id":               {"U0SAMPLE"},
		"user_name":             {"sample-user"},
		"command":               {command},
		"text":                  {text},
		"api_app_id":            {"A0SAMPLE"},
		"is_enterprise_install": {"false"},
		"response_url":          {"https://hooks.slack.com/commands/T0SAMPLE/0/sample"},
		"trigger_id":            {"0.0." + rand.Text()},
	}
}

// Command is a signed request to the URL, as if somebody had typed the command
// and the text now.
func (s Slack) Command(ctx context.Context, to, command, text string) (*http.Request, error) {
	return s.Post(ctx, to, []byte(Form(command, text).Encode()))
}

// Post is a signed request with any form as its body.
func (s Slack) Post(ctx context.Context, to string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("slack command: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json,*/*")
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	s.Sign(r.Header, body, time.Now())
	return r, nil
}

// Sign sets the headers that prove a body to be Slack's.
// Source: Slack's documentation, "Verifying requests from Slack".
func (s Slack) Sign(h http.Header, body []byte, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.SigningSecret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// Ask sends a command and gives the answer's body as Slack would take it. What
// Slack would show as an error is one: a status other than 200, a body that is
// not JSON, or no answer within three seconds.
func (s Slack) Ask(ctx context.Context, to, command, text string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := s.Command(ctx, to, command, text)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("slack command: %w", err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("slack command: %w", err)
	case reply.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("slack command: HTTP %d", reply.StatusCode)
	case reply.Header.Get("Content-Type") != "application/json":
		return nil, errors.New("slack command: the answer is not JSON")
	}
	return body, nil
}
