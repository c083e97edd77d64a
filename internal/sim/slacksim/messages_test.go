package slacksim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/sim/slacksim"
)

// call calls a method with JSON and gives Slack's code and the reply.
func call(t *testing.T, s *slacksim.Slack, method, body string) (string, map[string]any) {
	t.Helper()
	_, code, reply := post(t, s, api+method, asJSON, body, "Authorization", "Bearer xoxb")
	return code, reply
}

// says posts a message and gives its timestamp.
func says(t *testing.T, s *slacksim.Slack, body string) string {
	t.Helper()
	code, reply := call(t, s, "chat.postMessage", body)
	if code != "" {
		t.Fatalf("post: got %v", reply)
	}
	return reply["ts"].(string)
}

// audit has what a message of the channel can hold to be pressed.
const audit = `{"type":"actions","elements":[
	{"type":"button","action_id":"done","value":"4711","text":{"type":"plain_text","text":"Done"},
		"confirm":{"title":{"type":"plain_text","text":"Sure?"},"text":{"type":"plain_text","text":"Sign it off."},"confirm":{"type":"plain_text","text":"Yes"},"deny":{"type":"plain_text","text":"No"}}},
	{"type":"button","action_id":"note","value":"4711","text":{"type":"plain_text","text":"Note"}}]}`

func inChannel() *slacksim.Slack {
	return &slacksim.Slack{BotToken: "xoxb", Channels: []string{"C0AUDITS"}}
}

func TestMessagesStay(t *testing.T) {
	s := inChannel()
	first := says(t, s, `{"channel":"C0AUDITS","text":"1","blocks":[`+audit+`]}`)
	reply := says(t, s, `{"channel":"C0AUDITS","text":"2","thread_ts":"`+first+`"}`)
	person := s.Says("C0AUDITS", "U0PERSON", "3")
	answer := says(t, s, `{"channel":"C0AUDITS","text":"4","thread_ts":"`+person+`"}`)
	direct, told := call(t, s, "chat.postMessage", `{"channel":"U0SAMPLE","text":"5"}`)
	got := s.Messages("C0AUDITS")
	if len(got) != 4 || direct != "" || len(s.Messages("C0SAMPLE")) != 0 || len(s.Messages(told["channel"].(string))) != 1 {
		t.Fatalf("got %+v", got)
	}
	for i, want := range []slacksim.Message{
		{TS: first, User: slacksim.Bot}, {TS: reply, ThreadTS: first, User: slacksim.Bot}, {TS: person, User: "U0PERSON"}, {TS: answer, ThreadTS: person, User: slacksim.Bot},
	} {
		is := got[i]
		body := is.Body
		if is.Body = nil; !reflect.DeepEqual(is, want) {
			t.Errorf("%d: got %+v, want %+v", i, is, want)
		}
		if i > 0 && is.TS <= got[i-1].TS {
			t.Errorf("%d: got the timestamp %s after %s", i, is.TS, got[i-1].TS)
		}
		wants(t, is.TS, wire(t, body), map[string]any{"ts": is.TS, "channel": "C0AUDITS", "type": "message", "user": want.User, "text": string(rune('1' + i))})
	}
	if id, _ := pick(wire(t, got[0].Body), "blocks", "block_id").(string); id == "" {
		t.Errorf("got %s, want ids for blocks", got[0].Body)
	}
}

func TestRepliesNeedAMessageToReplyTo(t *testing.T) {
	s := inChannel()
	parent := says(t, s, `{"channel":"C0AUDITS","text":"1"}`)
	reply := says(t, s, `{"channel":"C0AUDITS","text":"2","thread_ts":"`+parent+`"}`)
	s.Channels = append(s.Channels, "C0OTHER")
	for name, where := range map[string]string{
		"unknown": `"channel":"C0AUDITS","thread_ts":"1.000001"`, "a reply": `"channel":"C0AUDITS","thread_ts":"` + reply + `"`,
		"another channel": `"channel":"C0OTHER","thread_ts":"` + parent + `"`, "empty": `"channel":"C0AUDITS","thread_ts":""`,
	} {
		if code, _ := call(t, s, "chat.postMessage", `{"text":"x",`+where+`}`); code != "thread_not_found" {
			t.Errorf("%s: got %q", name, code)
		}
	}
	if n := len(s.Messages("C0AUDITS")); n != 2 || len(s.Posts()) != 2 {
		t.Errorf("got %d messages, %+v", n, s.Posts())
	}
}

func TestUpdating(t *testing.T) {
	const blocks = `"blocks":[` + divider + `]`
	for name, c := range map[string]struct{ args, code string }{
		"text":            {`"channel":"C0AUDITS","ts":"@TS","text":"new"`, ""},
		"blocks":          {`"channel":"C0AUDITS","ts":"@TS",` + blocks, ""},
		"nothing":         {`"channel":"C0AUDITS","ts":"@TS"`, "no_text"},
		"bad blocks":      {`"channel":"C0AUDITS","ts":"@TS","blocks":[{"type":"header"}]`, "invalid_blocks"},
		"no ts":           {`"channel":"C0AUDITS","text":"new"`, "invalid_arguments"},
		"no channel":      {`"ts":"@TS","text":"new"`, "invalid_arguments"},
		"unknown ts":      {`"channel":"C0AUDITS","ts":"1.000001","text":"new"`, "message_not_found"},
		"unknown channel": {`"channel":"C0NONE","ts":"@TS","text":"new"`, "channel_not_found"},
		"wrong channel":   {`"channel":"C0SAMPLE","ts":"@TS","text":"new"`, "message_not_found"},
		"somebody else's": {`"channel":"C0AUDITS","ts":"@OTHERS","text":"new"`, "cant_update_message"},
		"an ephemeral":    {`"channel":"C0AUDITS","ts":"@EPHEMERAL","text":"new"`, "message_not_found"},
	} {
		s := inChannel()
		ts, others := says(t, s, `{"channel":"C0AUDITS","text":"old","blocks":[`+audit+`]}`), s.Says("C0AUDITS", "U0PERSON", "old")
		_, private := call(t, s, "chat.postEphemeral", `{"channel":"C0AUDITS","user":"U0SAMPLE","text":"x"}`)
		before := len(s.Posts())
		args := strings.NewReplacer("@TS", ts, "@OTHERS", others, "@EPHEMERAL", private["message_ts"].(string)).Replace(c.args)
		code, reply := call(t, s, "chat.update", `{`+args+`}`)
		posts, is := s.Posts()[before:], s.Messages("C0AUDITS")[0]
		if code != c.code || is.Edited != (code == "") || (len(posts) == 1) != (code == "") {
			t.Errorf("%s: got %v, %d posts, %+v; want %q", name, reply, len(posts), is, c.code)
		}
		if code == "" && (reply["ts"] != ts || reply["channel"] != "C0AUDITS" || posts[0].Via != "chat.update" || !posts[0].Replaced || !posts[0].InChannel) {
			t.Errorf("%s: got %v, %+v", name, reply, posts[0])
		}
	}
}

// TestUpdatesReplaceContent shows that what an update leaves out goes, and that
// the thread stays.
func TestUpdatesReplaceContent(t *testing.T) {
	s := inChannel()
	parent := says(t, s, `{"channel":"C0AUDITS","text":"1"}`)
	ts := says(t, s, `{"channel":"C0AUDITS","text":"2","thread_ts":"`+parent+`","blocks":[`+audit+`]}`)
	for _, c := range []struct {
		args string
		text any
		kind any
	}{
		{`"text":"3","thread_ts":"0.0"`, "3", nil},
		{`"blocks":[` + divider + `]`, nil, "divider"},
		{`"text":"4","blocks":[]`, "4", nil},
	} {
		if code, reply := call(t, s, "chat.update", `{"channel":"C0AUDITS","ts":"`+ts+`",`+c.args+`}`); code != "" {
			t.Fatalf("%s: got %v", c.args, reply)
		}
		got := s.Messages("C0AUDITS")[1]
		body := wire(t, got.Body)
		if kind := pick(body, "blocks"); body["text"] != c.text || (kind == nil || len(kind.([]any)) == 0) != (c.kind == nil) || body["thread_ts"] != parent || got.ThreadTS != parent {
			t.Errorf("%s: got %s", c.args, got.Body)
		}
	}
}

func TestPermalinks(t *testing.T) {
	s := inChannel()
	ts := says(t, s, `{"channel":"C0AUDITS","text":"1"}`)
	reply := says(t, s, `{"channel":"C0AUDITS","text":"2","thread_ts":"`+ts+`"}`)
	s.Scopes = []string{} // needs none
	short := strings.NewReplacer(".", "").Replace
	for name, c := range map[string]struct{ channel, ts, link, code string }{
		"message":         {"C0AUDITS", ts, "https://sample-team.slack.com/archives/C0AUDITS/p" + short(ts), ""},
		"reply":           {"C0AUDITS", reply, "https://sample-team.slack.com/archives/C0AUDITS/p" + short(reply) + "?thread_ts=" + ts + "&cid=C0AUDITS", ""},
		"unknown":         {"C0AUDITS", "1.000001", "", "message_not_found"},
		"not in there":    {"C0SAMPLE", ts, "", "message_not_found"},
		"unknown channel": {"C0NONE", ts, "", "channel_not_found"},
		"no channel":      {"", ts, "", "invalid_arguments"},
		"no ts":           {"C0AUDITS", "", "", "invalid_arguments"},
	} {
		code, got := call(t, s, "chat.getPermalink", `{"channel":"`+c.channel+`","message_ts":"`+c.ts+`"}`)
		if link, _ := got["permalink"].(string); code != c.code || link != c.link {
			t.Errorf("%s: got %v, want %q %s", name, got, c.link, c.code)
		}
	}
}

func TestOnlyWhatReadsTakesAGet(t *testing.T) {
	s := inChannel()
	for method, code := range map[string]string{"users.info": "", "chat.getPermalink": "invalid_arguments", "chat.update": "invalid_arguments"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, api+method+"?user=U0SAMPLE", nil)
		r.Header.Set("Authorization", "Bearer xoxb")
		reply, err := s.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if calls := s.Calls(); calls[len(calls)-1].Error != code || reply.StatusCode != 200 {
			t.Errorf("%s: got %+v", method, calls[len(calls)-1])
		}
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"users.info?token=xoxb&user=U0SAMPLE", nil)
	if _, err := s.RoundTrip(r); err != nil || s.Calls()[3].Error != "not_authed" {
		t.Errorf("a token in the query: got %+v, %v", s.Calls()[3], err)
	}
}

func TestPressingWhatStays(t *testing.T) {
	s := inChannel()
	parent := says(t, s, `{"channel":"C0AUDITS","text":"1","blocks":[`+audit+`]}`)
	reply := says(t, s, `{"channel":"C0AUDITS","text":"2","thread_ts":"`+parent+`","blocks":[`+audit+`]}`)
	for i, ts := range []string{parent, reply} {
		shown := s.Messages("C0AUDITS")[i].Body
		p, err := s.Pressed(shown, "Done")
		if err != nil {
			t.Fatal(err)
		}
		block := pick(wire(t, shown), "blocks", "block_id")
		wants(t, ts, slacksim.As("U0BOSS", p), map[string]any{
			"type": "block_actions", "user.id": "U0BOSS", "channel.id": "C0AUDITS",
			"container.type": "message", "container.message_ts": ts, "container.channel_id": "C0AUDITS", "container.is_ephemeral": false,
			"message.ts": ts, "message.thread_ts": parent, "message.text": string(rune('1' + i)), "message.user": slacksim.Bot, "message.blocks.block_id": block,
			"actions.action_id": "done", "actions.value": "4711", "actions.block_id": block,
		})
	}
	old := s.Messages("C0AUDITS")[0].Body
	call(t, s, "chat.update", `{"channel":"C0AUDITS","ts":"`+parent+`","text":"3","blocks":[`+audit+`]}`)
	if _, err := s.Pressed(old, "Done"); err == nil {
		t.Error("a message that was changed could be pressed as it was")
	}
	if _, err := s.Pressed(s.Messages("C0AUDITS")[0].Body, "Done"); err != nil {
		t.Error(err)
	}
}

// TestMessagesWithoutRepliesAreNoThread also shows that each press is another's.
func TestMessagesWithoutRepliesAreNoThread(t *testing.T) {
	s := inChannel()
	says(t, s, `{"channel":"C0AUDITS","text":"1","blocks":[`+audit+`]}`)
	a, errA := s.Pressed(s.Messages("C0AUDITS")[0].Body, "Note")
	b, errB := s.Pressed(s.Messages("C0AUDITS")[0].Body, "Note")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	wants(t, "alone", a, map[string]any{"message.thread_ts": nil, "user.id": "U0SAMPLE"})
	if a["trigger_id"] == b["trigger_id"] || a["response_url"] == b["response_url"] {
		t.Errorf("got %v and %v", a, b)
	}
}

// TestResponseURLsOfWhatStays shows what messages to the response URL of a press
// do in the channel.
func TestResponseURLsOfWhatStays(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		texts []string
		seen  bool // by everybody
	}{
		"replace":             {`{"text":"new","replace_original":true}`, []string{"new"}, true},
		"replace, in channel": {`{"text":"new","replace_original":true,"response_type":"in_channel"}`, []string{"new"}, true},
		"delete":              {`{"delete_original":true}`, nil, false},
		"delete and post":     {`{"text":"new","delete_original":true,"response_type":"in_channel"}`, []string{"new"}, true},
		"post":                {`{"text":"new","response_type":"in_channel","thread_ts":"1.000001"}`, []string{"old", "new"}, true},
		"for one":             {`{"text":"new","replace_original":false}`, []string{"old"}, false},
	} {
		s := inChannel()
		ts := says(t, s, `{"channel":"C0AUDITS","text":"old","blocks":[`+audit+`]}`)
		p, err := s.Pressed(s.Messages("C0AUDITS")[0].Body, "Done")
		if err != nil {
			t.Fatal(err)
		}
		if _, code, _ := post(t, s, p["response_url"].(string), asJSON, c.body); code != "" {
			t.Fatalf("%s: got %s", name, code)
		}
		var texts []string
		for _, m := range s.Messages("C0AUDITS") {
			body := wire(t, m.Body)
			texts = append(texts, body["text"].(string))
			if m.Edited != (m.TS == ts && body["text"] == "new") || m.Edited && body["blocks"] != nil || body["response_type"] != nil {
				t.Errorf("%s: got %+v, %s", name, m, m.Body)
			}
		}
		if seen := s.Posts()[1].InChannel; !reflect.DeepEqual(texts, c.texts) || seen != c.seen {
			t.Errorf("%s: got %q, seen %v; want %q", name, texts, seen, c.texts)
		}
	}
	s := inChannel()
	post(t, s, s.Typed("/c", "").Get("response_url"), asJSON, `{"text":"x","response_type":"in_channel"}`)
	if got := s.Messages(slacksim.Channel); len(got) != 1 {
		t.Errorf("shared by a command: got %+v", got)
	}
}

// TestFaultsOfMessages shows that all of the calls can fail before and after
// they were done.
func TestFaultsOfMessages(t *testing.T) {
	for _, taken := range []bool{false, true} {
		s := inChannel()
		ts := says(t, s, `{"channel":"C0AUDITS","text":"1"}`)
		for _, path := range []string{"/api/chat.update", "/api/chat.getPermalink", "/api/chat.postMessage"} {
			if err := s.AddFault(slacksim.Fault{Path: path, Status: 503, Taken: taken, Times: 1}); err != nil {
				t.Fatal(err)
			}
			method := strings.TrimPrefix(path, "/api/")
			if code, _ := call(t, s, method, `{"channel":"C0AUDITS","ts":"`+ts+`","message_ts":"`+ts+`","text":"2"}`); code != "internal_error" {
				t.Errorf("%s: got %q", method, code)
			}
		}
		if got := s.Messages("C0AUDITS"); got[0].Edited != taken || (len(got) == 2) != taken {
			t.Errorf("taken %v: got %+v", taken, got)
		}
	}
}

// serve makes a Slack reachable and gives a client of it.
func serve(t *testing.T, s *slacksim.Slack) *slack.Client {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Base = server.URL
	return slack.New("xoxb", slack.OptionAPIURL(server.URL+"/api/"), slack.OptionHTTPClient(&http.Client{Timeout: time.Minute}))
}

func TestMessagesBySlackGo(t *testing.T) {
	s := inChannel()
	client := serve(t, s)
	cell := slack.NewTableRawTextCell("Kim")
	table := slack.NewTableBlock("people").AddRow(cell, cell).WithColumnSettings(slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: true})
	button := slack.NewButtonBlockElement("done", "4711", slack.NewTextBlockObject(slack.PlainTextType, "Done", false, false))
	button.Confirm = slack.NewConfirmationBlockObject(slack.NewTextBlockObject(slack.PlainTextType, "Sure?", false, false), slack.NewTextBlockObject(slack.PlainTextType, "Sign it off.", false, false),
		slack.NewTextBlockObject(slack.PlainTextType, "Yes", false, false), slack.NewTextBlockObject(slack.PlainTextType, "No", false, false))
	channel, ts, err := client.PostMessageContext(t.Context(), "C0AUDITS", slack.MsgOptionText("Audit", false), slack.MsgOptionBlocks(table, slack.NewActionBlock("do", button)))
	if err != nil {
		t.Fatal(err)
	}
	_, reply, err := client.PostMessageContext(t.Context(), channel, slack.MsgOptionText("More", false), slack.MsgOptionTS(ts))
	if err != nil {
		t.Fatal(err)
	}
	link, err := client.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: channel, Ts: reply})
	if u, _ := url.Parse(link); err != nil || u.Query().Get("thread_ts") != ts || u.Query().Get("cid") != channel {
		t.Errorf("got %s, %v", link, err)
	}
	p, err := s.Pressed(s.Messages(channel)[0].Body, "Done")
	if err != nil {
		t.Fatal(err)
	}
	var pressed slack.InteractionCallback
	data, _ := json.Marshal(p)
	if err := json.Unmarshal(data, &pressed); err != nil || pressed.Message.Timestamp != ts || pressed.Container.MessageTs != ts || pressed.Container.ChannelID != channel || len(pressed.Message.Blocks.BlockSet) != 2 {
		t.Errorf("got %+v, %v", pressed, err)
	}
	in, at, text, err := client.UpdateMessageContext(t.Context(), channel, ts, slack.MsgOptionText("Signed", false))
	if in != channel || at != ts || text != "Signed" || err != nil {
		t.Errorf("got %s %s %s, %v", in, at, text, err)
	}
	if got := s.Messages(channel); len(got) != 2 || !got[0].Edited || got[1].ThreadTS != ts {
		t.Errorf("got %+v", got)
	}
	if _, _, _, err := client.UpdateMessageContext(t.Context(), channel, "1.000001", slack.MsgOptionText("x", false)); err == nil || err.Error() != "message_not_found" {
		t.Errorf("got %v", err)
	}
}

func TestForget(t *testing.T) {
	s := &slacksim.Slack{}
	s.Forget(slacksim.Channel, "1.000001") // nobody has said anything
	first, second := s.Says(slacksim.Channel, slacksim.User, "one"), s.Says(slacksim.Channel, slacksim.User, "two")
	s.Forget(slacksim.Channel, first)
	if got := s.Messages(slacksim.Channel); len(got) != 1 || got[0].TS != second {
		t.Errorf("got %+v, want the second alone", got)
	}
}
