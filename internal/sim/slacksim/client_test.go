package slacksim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"crmwho/internal/sim/slacksim"
)

// TestPostedIsToldOfEachPost also shows that what a post brings has happened by
// then, and that the app has no answer yet.
func TestPostedIsToldOfEachPost(t *testing.T) {
	s := inChannel()
	var told []slacksim.Post
	var seen []string
	s.Posted = func(p slacksim.Post) {
		told = append(told, p)
		texts := ""
		for _, m := range s.Messages("C0AUDITS") {
			texts += pick(wire(t, m.Body), "text").(string)
		}
		seen = append(seen, fmt.Sprint(texts, " ", s.Shown(p.To) != nil || s.Shown(slacksim.HomeTab(p.To)) != nil))
	}
	says(t, s, `{"channel":"C0AUDITS","text":"1","blocks":[`+audit+`]}`)
	hook := func() string {
		p, err := s.Pressed(s.Messages("C0AUDITS")[0].Body, "Note")
		if err != nil {
			t.Fatal(err)
		}
		return p["response_url"].(string)
	}
	post(t, s, hook(), asJSON, `{"text":"2","replace_original":true,"blocks":[`+audit+`]}`)
	post(t, s, hook(), asJSON, `{"text":"3","response_type":"in_channel"}`)
	post(t, s, hook(), asJSON, `{"delete_original":true}`)
	s.Says("C0AUDITS", "U0PERSON", "4") // the app's posts alone are told
	call(t, s, "chat.postMessage", `{"channel":"C0NONE","text":"refused"}`)
	if err := s.AddFault(slacksim.Fault{Path: "/api/chat.postMessage", Status: 503, Taken: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	call(t, s, "chat.postMessage", `{"channel":"C0AUDITS","text":"5"}`) // its answer is lost
	id := open(t, s, noteForm)
	publish(t, s, "U0SAMPLE", homeTab)
	s.HTTP = app(200, asJSON, `{"response_action":"push","view":`+modal+`}`, 0)
	r, err := s.Interaction(t.Context(), at, s.Submitted(id, "sign", nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(r); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1 false", "2 false", "23 false", "3 false", "345 false", "345 true", "345 true", "345 true"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
	if posts := s.Posts(); !reflect.DeepEqual(told, posts) {
		t.Errorf("got %+v, want %+v", told, posts)
	}
}

func TestPostedKeepsTheOrder(t *testing.T) {
	s := &slacksim.Slack{}
	var told []string
	s.Posted = func(p slacksim.Post) { told = append(told, string(p.Body)) } // one at a time
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			post(t, s, s.Typed("/c", "").Get("response_url"), asJSON, fmt.Sprintf(`{"text":"%d"}`, n))
			s.Meet(map[string]slacksim.Person{"U0PERSON": {Name: "Generated Person"}})
			s.TypedBy("U0PERSON", slacksim.Channel, "/c", "")
			s.Close("V0NONE")
			if data, err := s.Save(); err != nil || s.Load(data) != nil {
				t.Errorf("got %s, %v", data, err)
			}
		})
	}
	all.Wait()
	var want []string
	for _, p := range s.Posts() {
		want = append(want, string(p.Body))
	}
	if !reflect.DeepEqual(told, want) || len(told) != 20 {
		t.Errorf("got %q, want %q", told, want)
	}
}

const kim = `{"text":{"type":"plain_text","text":"Kim"},"value":"4711"}`

func TestUsingAnElementByItsPlace(t *testing.T) {
	s := &slacksim.Slack{}
	const open = `{"value":"o","text":{"text":"Open","type":"plain_text"},"url":"https://crm.example.com/1"}` // in another order
	for n, c := range []struct{ option, id, value string }{
		{support, "role", "r2"}, {support, "status", "r2"}, {kim, "person", "4711"}, {"", "next", "page 2"},
		{open, "more", "o"}, {open, "more", "o"}, {"", "", "1"}, {"", "", "2"}, {"", "", ""},
	} {
		var option []byte
		if c.option != "" {
			option = []byte(c.option)
		}
		p, err := s.Used([]byte(message), n, option)
		if err != nil {
			t.Errorf("%d: %v", n, err)
			continue
		}
		action := pick(wire(t, p), "actions").([]any)[0].(map[string]any)
		value, _ := action["value"].(string)
		if option != nil {
			value = pick(action, "selected_option", "value").(string)
		}
		if c.id != "" && action["action_id"] != c.id || value != c.value || p["trigger_id"] == nil || p["response_url"] == nil {
			t.Errorf("%d: got %v, want %+v", n, p, c)
		}
	}
}

// TestUsingIsPressing shows that an element that is found by its place says what
// it says when it is found otherwise.
func TestUsingIsPressing(t *testing.T) {
	s := &slacksim.Slack{}
	pressed, errA := s.Pressed([]byte(message), "Next")
	used, errB := s.Used([]byte(message), 3, nil)
	searched, errC := s.Searched([]byte(message), "person", "ki")
	at, errD := s.SearchedAt([]byte(message), 2, "ki")
	if errA != nil || errB != nil || errC != nil || errD != nil {
		t.Fatal(errA, errB, errC, errD)
	}
	for _, both := range [][2]map[string]any{{pressed, used}, {searched, at}} {
		for _, p := range both {
			delete(p, "trigger_id")
			delete(p, "response_url")
			delete(p["container"].(map[string]any), "message_ts")
			if actions, given := p["actions"].([]any); given {
				delete(actions[0].(map[string]any), "action_ts")
			}
			p["state"] = nil // ids that the app left out differ
		}
		if got, want := wire(t, both[1]), wire(t, both[0]); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestWhatCannotBeUsed(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	for name, c := range map[string]struct {
		n      int
		option string
	}{
		"before the first": {-1, ""}, "after the last": {9, ""}, "a menu as a button": {0, ""}, "a button as a menu": {3, support},
		"not offered": {0, kim}, "half an option": {0, `{"value":"r1"}`}, "of another menu": {4, support}, "no option": {2, `{}`},
		"without a text": {2, `{"value":"4711"}`}, "too much": {2, `{"text":{"type":"mrkdwn","text":"Kim"},"value":"4711"}`},
		"null": {0, `null`}, "broken": {2, `{`}, "no object": {2, `"Kim"`}, "empty": {3, ` `},
	} {
		var option []byte
		if c.option != "" {
			option = []byte(c.option)
		}
		if p, err := s.Used([]byte(message), c.n, option); err == nil {
			t.Errorf("%s: got %v", name, p["actions"])
		}
	}
	for n, typed := range map[int]string{2: "k", 0: "kim", -1: "kim", 9: "kim"} {
		if p, err := s.SearchedAt([]byte(message), n, typed); err == nil {
			t.Errorf("%d: got %v", n, p)
		}
	}
	id := open(t, s, noteForm)
	if p, err := s.Used(s.Shown(id), 0, nil); err == nil {
		t.Errorf("a text input: got %v", p["actions"])
	}
	if p, err := s.Used(s.Shown(id), 2, []byte(sales)); p != nil || err != nil { // the app hears of it with the modal
		t.Errorf("a silent input: got %v, %v", p, err)
	}
	if now := string(s.Shown(id)); !strings.Contains(now, `"selected_option":{`) {
		t.Errorf("got %s", now)
	}
	if _, err := s.Used([]byte(noteForm), 0, nil); err == nil {
		t.Error("a view that is not open could be used")
	}
}

func TestUsingTheHomeTab(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	publish(t, s, "U0OTHER", homeTab)
	home := slacksim.HomeTab("U0OTHER")
	p, err := s.Used(s.Shown(home), 1, []byte(support))
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "select", p, map[string]any{"user.id": "U0OTHER", "actions.action_id": "role", "actions.selected_option.value": "r2"})
	p, err = s.Used(s.Shown(home), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "press", p, map[string]any{"actions.value": "all", "view.state.values.filters.role.selected_option.value": "r2"})
	p, err = s.SearchedAt(s.Shown(home), 0, "kim")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "search", p, map[string]any{"action_id": "person", "block_id": "find", "view.id": home})
}

// TestTheSameOptionTwiceIsOne is of menus with equal options, which nobody can
// tell apart.
func TestTheSameOptionTwiceIsOne(t *testing.T) {
	s := &slacksim.Slack{}
	if _, err := s.Used([]byte(strings.Replace(message, support, sales, 1)), 0, []byte(sales)); err != nil {
		t.Error(err)
	}
}

func TestTypingAnywhere(t *testing.T) {
	s := &slacksim.Slack{People: map[string]slacksim.Person{"U0PERSON": {Name: "Generated Person"}}}
	direct := slacksim.Direct("U0PERSON")
	for _, c := range []struct{ user, channel, userName, channelName string }{
		{"U0PERSON", direct, "Generated Person", "directmessage"},
		{"U0NOBODY", "C0OTHER", "sample-user", "sample-channel"},
	} {
		form := s.TypedBy(c.user, c.channel, "/crmuser", "kim")
		for key, want := range map[string]string{
			"user_id": c.user, "user_name": c.userName, "channel_id": c.channel, "channel_name": c.channelName, "command": "/crmuser", "text": "kim",
		} {
			if got := form.Get(key); got != want {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		}
		post(t, s, form.Get("response_url"), asJSON, `{"text":"Kim","response_type":"in_channel"}`)
		posts := s.Posts()
		if got := s.Messages(c.channel); len(got) != 1 || posts[len(posts)-1].InChannel != (c.channel != direct) {
			t.Errorf("%s: got %+v, %+v", c.channel, got, posts)
		}
	}
}

// TestPrivateAnswersInADirectConversation shows that their buttons lead back to
// it.
func TestPrivateAnswersInADirectConversation(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb", People: map[string]slacksim.Person{"U0PERSON": {}}}
	direct := slacksim.Direct("U0PERSON")
	answer := wire(t, json.RawMessage(message)) // as the app sent it
	answer["channel"], answer["user"] = direct, "U0PERSON"
	shown, _ := json.Marshal(answer)
	p, err := s.Used(shown, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "press", s.By("U0PERSON", p), map[string]any{
		"user.id": "U0PERSON", "channel.id": direct, "channel.name": "directmessage", "message": nil,
		"container.channel_id": direct, "container.is_ephemeral": true, "actions.value": "page 2",
	})
	to := p["response_url"].(string)
	post(t, s, to, asJSON, `{"text":"for one","replace_original":true}`)
	post(t, s, to, asJSON, `{"text":"stays","response_type":"in_channel"}`)
	posts := s.Posts()
	if len(posts) != 2 || !posts[0].Replaced || posts[1].Replaced || posts[1].InChannel {
		t.Errorf("got %+v", posts)
	}
	got := s.Messages(direct)
	if len(got) != 1 || pick(wire(t, got[0].Body), "text") != "stays" || len(s.Messages(slacksim.Channel)) != 0 {
		t.Errorf("got %+v", got)
	}
	if code, reply := call(t, s, "chat.postMessage", `{"channel":"U0PERSON","text":"x"}`); code != "" || reply["channel"] != direct {
		t.Errorf("the app's own: got %v", reply)
	}
}

func TestMessageShortcutsAnywhere(t *testing.T) {
	s := &slacksim.Slack{}
	p := s.MessageShortcutIn("C0OTHER", "who", "U0AUTHOR", "Hello")
	wants(t, "shortcut", p, map[string]any{"channel.id": "C0OTHER", "message.user": "U0AUTHOR", "message.text": "Hello"})
	post(t, s, p["response_url"].(string), asJSON, `{"text":"Kim","response_type":"in_channel"}`)
	if got := s.Messages("C0OTHER"); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestClosingAModal(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	id := open(t, s, noteForm)
	publish(t, s, "U0SAMPLE", homeTab)
	for _, v := range []string{id, id, slacksim.HomeTab("U0SAMPLE")} {
		s.Close(v)
	}
	if code, _ := call(t, s, "views.update", `{"view_id":"`+id+`","view":`+noteForm+`}`); s.Shown(id) != nil || code != "not_found" {
		t.Errorf("got %s, %q", s.Shown(id), code)
	}
	if s.Shown(slacksim.HomeTab("U0SAMPLE")) == nil {
		t.Error("the Home tab was closed")
	}
}

func TestPeopleHaveNames(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb", People: map[string]slacksim.Person{"U0PERSON": {Name: "Generated Person"}}}
	names := func(id string) []any {
		_, reply := call(t, s, "users.info", `{"user":"`+id+`"}`)
		user, _ := reply["user"].(map[string]any)
		return []any{user["name"], user["real_name"], pick(user, "profile", "real_name"), pick(user, "profile", "display_name")}
	}
	if got := names("U0PERSON"); !reflect.DeepEqual(got, []any{"Generated Person", "Generated Person", "Generated Person", "Generated Person"}) {
		t.Errorf("got %q", got)
	}
	if got := names(slacksim.User); !reflect.DeepEqual(got, []any{"sample-user", "Sample User", "Sample User", "sample-user"}) {
		t.Errorf("without a name: got %q", got)
	}
	wants(t, "by", s.By("U0PERSON", s.Shortcut("f")), map[string]any{"user.id": "U0PERSON", "user.name": "Generated Person", "user.username": "Generated Person"})
	people := map[string]slacksim.Person{"U0PERSON": {Name: "Another Person"}, slacksim.User: {Name: "Sample Person"}}
	s.Meet(people)
	clear(people) // the caller's
	wants(t, "the sample user", s.Shortcut("f"), map[string]any{"user.name": "Sample Person"})
	wants(t, "nobody", s.By("U0NOBODY", s.Shortcut("f")), map[string]any{"user.name": "sample-user"})
	p, err := s.Used(publish(t, s, "U0PERSON", homeTab), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "home", p, map[string]any{"user.name": "Another Person"})
}

// TestMeetingOthers shows that those who are met take the place of those before.
func TestMeetingOthers(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb", People: map[string]slacksim.Person{"U0BEFORE": {}}, Guests: map[string]string{"U0GUEST": "multi"}}
	s.Meet(map[string]slacksim.Person{"U0AFTER": {Email: "generated.person@example.com"}})
	for id, want := range map[string]string{"U0BEFORE": "user_not_found", "U0AFTER": "", "U0GUEST": "", slacksim.User: ""} {
		if code, reply := call(t, s, "users.info", `{"user":"`+id+`"}`); code != want || id == "U0AFTER" && pick(reply, "user", "profile", "email") != "generated.person@example.com" {
			t.Errorf("%s: got %v, want %q", id, reply, want)
		}
	}
}
