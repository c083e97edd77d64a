package slacksim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/slacksim"
)

// TestSignAsDocumented uses the example of Slack's documentation, "Verifying
// requests from Slack".
func TestSignAsDocumented(t *testing.T) {
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V" +
		"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	h := http.Header{}
	slack := slacksim.Slack{SigningSecret: "8f742231b10e8888abcd99yyyzzz85a5"}
	slack.Sign(h, []byte(body), time.Unix(1531420618, 0))
	const want = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	if got := h.Get("X-Slack-Signature"); got != want || h.Get("X-Slack-Request-Timestamp") != "1531420618" {
		t.Errorf("got %s, want %s", got, want)
	}
}

// transport is an http.RoundTripper without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// app answers everything alike, after a while.
func app(status int, contentType, body string, after time.Duration) *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(after):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
}

const at = "https://app.example.com/slack"

func TestSend(t *testing.T) {
	s := &slacksim.Slack{}
	command := func() (*http.Request, error) { return s.Command(t.Context(), at, "/crmuser", "kim") }
	event := func() (*http.Request, error) { return s.PostJSON(t.Context(), at, []byte(`{}`)) }
	ssl := func() (*http.Request, error) { return s.Post(t.Context(), at, []byte("ssl_check=1")) }
	of := func(payload map[string]any) func() (*http.Request, error) {
		return func() (*http.Request, error) { return s.Interaction(t.Context(), at, payload) }
	}
	click, typing, submit := of(s.Clicked("ask", "x")), of(s.Suggestion("person", "k")), of(s.Submitted("V1", "find", nil))
	const view = `{"type":"modal","title":{"type":"plain_text","text":"T"},"submit":{"type":"plain_text","text":"S"},"blocks":[
		{"type":"input","block_id":"b","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input"}}]}`
	for name, c := range map[string]struct {
		request func() (*http.Request, error)
		status  int
		reply   string
		want    string // in the error; empty: none
	}{
		"command":            {command, 200, `{"text":"Kim"}`, ""},
		"command, nothing":   {command, 200, "", "JSON"},
		"command, shape":     {command, 200, `{"text":"Kim","channel":"C1"}`, "/channel"},
		"command, status":    {command, 500, `{"text":"Kim"}`, "HTTP 500"},
		"ssl check":          {ssl, 200, "", ""},
		"event":              {event, 200, "", ""},
		"event, status":      {event, 401, "", "HTTP 401"},
		"event, JSON":        {event, 200, "{", "JSON"},
		"click":              {click, 200, "", ""},
		"options":            {typing, 200, `{"options":[]}`, ""},
		"options, nothing":   {typing, 200, "", "JSON"},
		"options, null":      {typing, 200, `{"options":null}`, "/options"},
		"submitted":          {submit, 200, "", ""},
		"submitted, clear":   {submit, 200, `{"response_action":"clear"}`, ""},
		"submitted, update":  {submit, 200, `{"response_action":"update","view":` + view + `}`, ""},
		"submitted, push":    {submit, 200, `{"response_action":"push","view":` + view + `}`, ""},
		"submitted, shape":   {submit, 200, `{"response_action":"update","view":{"type":"modal"}}`, "title"},
		"submitted, errors":  {submit, 200, `{"response_action":"errors","errors":{"b":"no"}}`, ""},
		"submitted, no view": {submit, 200, `{"response_action":"errors"}`, "response_action"},
		"submitted, {}":      {submit, 200, `{}`, "response_action"},
	} {
		s.HTTP = app(c.status, "application/json; charset=utf-8", c.reply, 0)
		r, err := c.request()
		if err != nil {
			t.Fatal(err)
		}
		body, err := s.Send(r)
		if c.want == "" && (err != nil || string(body) != c.reply) {
			t.Errorf("%s: got %s, %v", name, body, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
	s.HTTP = app(200, "text/plain", "Kim", 0)
	if _, err := s.Ask(t.Context(), at, "/crmuser", "kim"); err == nil {
		t.Error("plain text was taken")
	}
}

func TestAskWaitsThreeSeconds(t *testing.T) {
	for after, late := range map[time.Duration]bool{2999 * time.Millisecond: false, 3001 * time.Millisecond: true} {
		synctest.Test(t, func(t *testing.T) {
			s := &slacksim.Slack{HTTP: app(200, "application/json", `{"text":"Kim"}`, after)}
			_, err := s.Ask(t.Context(), at, "/crmuser", "kim")
			if late != errors.Is(err, context.DeadlineExceeded) || late != (err != nil) {
				t.Errorf("after %v: got %v", after, err)
			}
		})
	}
}

// TestSendOverSockets also shows what arrives at an app.
func TestSendOverSockets(t *testing.T) {
	s := &slacksim.Slack{SigningSecret: "s"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seconds, _ := strconv.ParseInt(r.Header.Get("X-Slack-Request-Timestamp"), 10, 64)
		signed := http.Header{}
		s.Sign(signed, body, time.Unix(seconds, 0))
		form, _ := url.ParseQuery(string(body))
		if form.Get("text") != "søren 😀" || form.Get("team_id") != slacksim.Team || signed.Get("X-Slack-Signature") != r.Header.Get("X-Slack-Signature") {
			t.Errorf("got %s, signed %q", body, r.Header.Get("X-Slack-Signature"))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"text":"Søren"}`)
	}))
	defer server.Close()
	if body, err := s.Ask(t.Context(), server.URL, "/crmuser", "søren 😀"); err != nil || string(body) != `{"text":"Søren"}` {
		t.Errorf("got %s, %v", body, err)
	}
}

// pick follows keys into a decoded JSON value.
func pick(v any, keys ...string) any {
	for _, key := range keys {
		if l, ok := v.([]any); ok {
			v = l[0]
		}
		o, _ := v.(map[string]any)
		v = o[key]
	}
	return v
}

func TestPayloads(t *testing.T) {
	s := &slacksim.Slack{}
	for name, c := range map[string]struct {
		payload map[string]any
		want    map[string]any // by keys with dots between
	}{
		"clicked": {s.Clicked("ask", "/crmuser kim"), map[string]any{
			"type": "block_actions", "team.id": "T0SAMPLE", "user.id": "U0SAMPLE", "channel.id": "C0SAMPLE", "api_app_id": "A0SAMPLE",
			"container.is_ephemeral": true, "container.type": "message", "container.channel_id": "C0SAMPLE",
			"actions.type": "button", "actions.action_id": "ask", "actions.value": "/crmuser kim", "is_enterprise_install": false, "enterprise": nil,
		}},
		"shortcut":   {s.Shortcut("find"), map[string]any{"type": "shortcut", "callback_id": "find", "team.id": "T0SAMPLE", "user.id": "U0SAMPLE"}},
		"suggestion": {s.Suggestion("person", "ki"), map[string]any{"type": "block_suggestion", "action_id": "person", "value": "ki", "view.type": "modal"}},
		"submitted": {s.Submitted("V1", "find", map[string]any{"b": map[string]any{"a": map[string]any{"value": "x"}}}), map[string]any{
			"type": "view_submission", "view.id": "V1", "view.callback_id": "find", "view.state.values.b.a.value": "x",
		}},
		"event": {s.Event(map[string]any{"type": "app_home_opened"}), map[string]any{
			"type": "event_callback", "team_id": "T0SAMPLE", "api_app_id": "A0SAMPLE", "event.type": "app_home_opened",
		}},
	} {
		r, err := s.Interaction(t.Context(), at, c.payload)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal([]byte(r.PostForm.Get("payload")), &got); err != nil {
			t.Fatal(err)
		}
		for keys, want := range c.want {
			if is := pick(got, strings.Split(keys, ".")...); is != want {
				t.Errorf("%s: %s: got %v, want %v", name, keys, is, want)
			}
		}
	}
	if a, b := s.Event(nil)["event_id"], s.Event(nil)["event_id"]; a == b {
		t.Errorf("got the event %v twice", a)
	}
	if a, b := s.Typed("/c", ""), s.Typed("/c", ""); a.Get("trigger_id") == b.Get("trigger_id") || a.Get("response_url") == b.Get("response_url") {
		t.Errorf("got %v and %v, want a trigger and a response URL each", a, b)
	}
}
