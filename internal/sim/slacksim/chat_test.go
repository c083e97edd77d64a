package slacksim_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"crmwho/internal/sim/slacksim"
)

func TestPosting(t *testing.T) {
	const text, scopes = `,"text":"Kim"`, "chat:write"
	all := []string{scopes, "chat:write.public"}
	in, out := []string{"C0SAMPLE", "C0OTHER"}, []string(nil)
	for name, c := range map[string]struct {
		method, body string
		channels     []string
		scopes       []string
		code         string
	}{
		"in the channel":         {"postMessage", `{"channel":"C0OTHER"` + text + `}`, in, []string{scopes}, ""},
		"outside":                {"postMessage", `{"channel":"C0SAMPLE"` + text + `}`, out, []string{scopes}, "not_in_channel"},
		"outside, public":        {"postMessage", `{"channel":"C0SAMPLE"` + text + `}`, out, all, ""},
		"unknown":                {"postMessage", `{"channel":"C0OTHER"` + text + `}`, out, all, "channel_not_found"},
		"no channel":             {"postMessage", `{"text":"Kim"}`, in, all, "invalid_arguments"},
		"no scope":               {"postMessage", `{"channel":"C0SAMPLE"` + text + `}`, in, []string{"commands"}, "missing_scope"},
		"nothing":                {"postMessage", `{"channel":"C0SAMPLE"}`, in, all, "no_text"},
		"nothing, typed":         {"postMessage", `{"channel":"C0SAMPLE","response_type":"in_channel"}`, in, all, "no_text"},
		"blocks":                 {"postMessage", `{"channel":"C0SAMPLE","blocks":[{"type":"divider"}]}`, in, all, ""},
		"blocks in a string":     {"postMessage", `{"channel":"C0SAMPLE","blocks":"[{\"type\":\"divider\"}]"}`, in, all, ""},
		"bad blocks":             {"postMessage", `{"channel":"C0SAMPLE","blocks":[{"type":"header"}]` + text + `}`, in, all, "invalid_blocks"},
		"bad string":             {"postMessage", `{"channel":"C0SAMPLE","blocks":"["` + text + `}`, in, all, "invalid_blocks"},
		"bad flag":               {"postMessage", `{"channel":"C0SAMPLE","unfurl_links":"no"` + text + `}`, in, all, "invalid_arguments"},
		"to a person":            {"postMessage", `{"channel":"U0SAMPLE"` + text + `}`, out, []string{scopes}, ""},
		"for one":                {"postEphemeral", `{"channel":"C0SAMPLE","user":"U0SAMPLE"` + text + `}`, in, all, ""},
		"for one, outside":       {"postEphemeral", `{"channel":"C0SAMPLE","user":"U0SAMPLE"` + text + `}`, out, all, "not_in_channel"},
		"for one, unknown":       {"postEphemeral", `{"channel":"C0NONE","user":"U0SAMPLE"` + text + `}`, in, all, "channel_not_found"},
		"for a stranger":         {"postEphemeral", `{"channel":"C0SAMPLE","user":"U0NOBODY"` + text + `}`, in, all, "user_not_in_channel"},
		"for nobody":             {"postEphemeral", `{"channel":"C0SAMPLE"` + text + `}`, in, all, "invalid_arguments"},
		"for one, nothing":       {"postEphemeral", `{"channel":"C0SAMPLE","user":"U0SAMPLE"}`, in, all, "no_text"},
		"for one, without scope": {"postEphemeral", `{"channel":"C0SAMPLE","user":"U0SAMPLE"` + text + `}`, in, []string{}, "missing_scope"},
	} {
		s := &slacksim.Slack{BotToken: "xoxb", Channels: c.channels, Scopes: c.scopes}
		_, code, reply := post(t, s, api+"chat."+c.method, asJSON, c.body, "Authorization", "Bearer xoxb")
		if posts := len(s.Posts()); code != c.code || posts == 1 != (code == "") {
			t.Errorf("%s: got %v and %d posts, want %q", name, reply, posts, c.code)
		}
	}
}

func TestPostsAreNoted(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb", Channels: []string{"C0OTHER"}, People: map[string]slacksim.Person{"U0PERSON": {}}}
	form := url.Values{
		"token": {"xoxb"}, "channel": {"C0OTHER"}, "text": {"1"}, "unfurl_links": {"false"}, "unfurl_media": {"0"},
		"blocks": {`[{"type":"actions","elements":[{"type":"button","value":"v","text":{"type":"plain_text","text":"Sign"}}]}]`},
	}
	_, _, first := post(t, s, api+"chat.postMessage", asForm, form.Encode())
	form.Set("channel", "U0PERSON")
	_, _, direct := post(t, s, api+"chat.postMessage", asForm, form.Encode())
	form.Set("channel", "C0OTHER")
	form.Set("user", "U0PERSON")
	_, _, private := post(t, s, api+"chat.postEphemeral", asForm, form.Encode())
	if first["channel"] != "C0OTHER" || pick(first, "message", "text") != "1" || pick(first, "message", "ts") != first["ts"] || direct["channel"] == "U0PERSON" {
		t.Errorf("got %v and %v", first, direct)
	}
	if a, b, c := first["ts"], direct["ts"], private["message_ts"]; a == nil || b == nil || c == nil || a == b || b == c {
		t.Errorf("got the timestamps %v, %v and %v", a, b, c)
	}
	posts := s.Posts()
	if len(posts) != 3 {
		t.Fatalf("got %+v", posts)
	}
	for i, want := range []slacksim.Post{
		{Via: "chat.postMessage", To: "C0OTHER", InChannel: true}, {Via: "chat.postMessage", To: "U0PERSON"}, {Via: "chat.postEphemeral", To: "C0OTHER"},
	} {
		got := posts[i]
		if got.Via != want.Via || got.To != want.To || got.InChannel != want.InChannel || got.Replaced {
			t.Errorf("%d: got %+v, want %+v", i, got, want)
		}
		wants(t, got.Via, wire(t, got.Body), map[string]any{"text": "1", "unfurl_links": false, "unfurl_media": false, "blocks.type": "actions", "token": nil})
	}
	for i, ephemeral := range []bool{false, false, true} {
		p, err := s.Pressed(posts[i].Body, "Sign")
		if err != nil {
			t.Fatal(err)
		}
		wants(t, posts[i].Via, p, map[string]any{"container.is_ephemeral": ephemeral, "container.channel_id": posts[i].To, "actions.value": "v"})
	}
}

func TestConversations(t *testing.T) {
	all := []string{"channels:read", "groups:read"}
	for name, c := range map[string]struct {
		channel string
		scopes  []string
		code    string
		want    map[string]any
	}{
		"member":            {"C0OTHER", all, "", map[string]any{"is_member": true, "is_private": false, "is_archived": false}},
		"private":           {"C0PRIVATE", all, "", map[string]any{"is_member": true, "is_private": true}},
		"archived":          {"C0OLD", all, "", map[string]any{"is_member": true, "is_archived": true}},
		"outside":           {"C0SAMPLE", all, "", map[string]any{"is_member": false}},
		"outside, private":  {"C0HIDDEN", all, "channel_not_found", nil},
		"unknown":           {"C0NONE", all, "channel_not_found", nil},
		"none":              {"", all, "invalid_arguments", nil},
		"no scope":          {"C0OTHER", all[1:], "missing_scope", nil},
		"no scope, private": {"C0PRIVATE", all[:1], "missing_scope", nil},
	} {
		s := &slacksim.Slack{BotToken: "xoxb", Channels: []string{"C0OTHER", "C0PRIVATE", "C0OLD"}, Private: []string{"C0PRIVATE", "C0HIDDEN"}, Archived: []string{"C0OLD"}, Scopes: c.scopes}
		code, reply := call(t, s, "conversations.info", `{"channel":"`+c.channel+`"}`)
		if code != c.code {
			t.Errorf("%s: got %v, want %q", name, reply, c.code)
			continue
		}
		if c.want != nil {
			wants(t, name, reply["channel"].(map[string]any), c.want)
		}
	}
}

// TestAnswersTellTheScopes, wherever the token is good.
func TestAnswersTellTheScopes(t *testing.T) {
	for _, c := range []struct {
		scopes              []string
		token, method, want string
	}{
		{[]string{"commands", "chat:write"}, "xoxb", "auth.test", "commands,chat:write"},
		{[]string{"commands"}, "xoxb", "users.info", "commands"}, // it is refused
		{[]string{"commands"}, "other", "auth.test", ""},
		{nil, "xoxb", "auth.test", "commands,users:read,users:read.email,usergroups:read,chat:write,chat:write.public,files:write,channels:read,groups:read"},
	} {
		s := &slacksim.Slack{BotToken: "xoxb", Scopes: c.scopes}
		r := httptest.NewRequest(http.MethodPost, api+c.method, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Header().Get("X-OAuth-Scopes"); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}
