package slacksim_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"crmwho/internal/sim/slacksim"
)

// message has what a message can hold to be pressed. The first block has an id,
// the others have none.
const message = `{"text":"People","blocks":[
	{"type":"actions","block_id":"filters","elements":[
		{"type":"static_select","action_id":"role","options":[` + sales + `,` + support + `],"initial_option":` + sales + `},
		{"type":"static_select","action_id":"status","option_groups":[{"label":{"type":"plain_text","text":"All"},"options":[` + support + `]}]},
		{"type":"external_select","action_id":"person","min_query_length":2},
		{"type":"button","action_id":"next","value":"page 2","text":{"type":"plain_text","text":"Next"}}]},
	{"type":"section","text":{"type":"mrkdwn","text":"Kim"},"accessory":` + menu + `},
	{"type":"section","text":{"type":"mrkdwn","text":"Lee"},"accessory":` + menu + `},
	{"type":"actions","elements":[
		{"type":"button","value":"1","text":{"type":"plain_text","text":"Show"},"confirm":{}},
		{"type":"button","value":"2","text":{"type":"plain_text","text":"Show"}},
		{"type":"button","url":"https://crm.example.com/","text":{"type":"plain_text","text":"Open"}}]},
	{"type":"context","elements":[{"type":"plain_text","text":"Nothing"}]}]}`

const (
	sales   = `{"text":{"type":"plain_text","text":"Sales"},"value":"r1"}`
	support = `{"text":{"type":"plain_text","text":"Support"},"value":"r2"}`
	menu    = `{"type":"overflow","action_id":"more","options":[
		{"text":{"type":"plain_text","text":"Share"},"value":"s"},
		{"text":{"type":"plain_text","text":"Open"},"value":"o","url":"https://crm.example.com/1"}]}`
)

// wire is a value as it goes over the wire.
func wire(t *testing.T, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// wants compares parts of a payload, by keys with dots between.
func wants(t *testing.T, what string, payload map[string]any, want map[string]any) {
	t.Helper()
	got := wire(t, payload)
	for keys, want := range want {
		if is := pick(got, strings.Split(keys, ".")...); !reflect.DeepEqual(is, want) {
			t.Errorf("%s: %s: got %v, want %v", what, keys, is, want)
		}
	}
}

func TestPressingWhatAMessageShows(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	p, err := s.Pressed([]byte(message), "Next")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "next", p, map[string]any{
		"type": "block_actions", "api_app_id": "A0SAMPLE", "user.id": "U0SAMPLE", "channel.id": "C0SAMPLE", "view": nil, "message": nil,
		"container.type": "message", "container.is_ephemeral": true, "container.channel_id": "C0SAMPLE",
		"actions.type": "button", "actions.action_id": "next", "actions.block_id": "filters", "actions.value": "page 2",
		"actions.text": map[string]any{"type": "plain_text", "text": "Next"},
		"state.values.filters": map[string]any{
			"role":   map[string]any{"type": "static_select", "selected_option": map[string]any{"text": map[string]any{"type": "plain_text", "text": "Sales"}, "value": "r1"}},
			"status": map[string]any{"type": "static_select", "selected_option": nil},
			"person": map[string]any{"type": "external_select", "selected_option": nil},
		},
	})
	if at, _ := pick(wire(t, p), "actions", "action_ts").(string); at == "" {
		t.Error("got no action_ts")
	}
	if status, code, _ := post(t, s, p["response_url"].(string), asJSON, `{"text":"Kim","replace_original":true}`); status != 200 {
		t.Errorf("its response URL: got %d %s", status, code)
	}
	if _, code, _ := post(t, s, api+"views.open", asJSON, `{"trigger_id":"`+p["trigger_id"].(string)+`","view":`+modal+`}`, "Authorization", "Bearer xoxb"); code != "" {
		t.Errorf("its trigger: got %s", code)
	}
	link, err := s.Pressed([]byte(message), "Open")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "a link", link, map[string]any{"actions.url": "https://crm.example.com/", "actions.value": nil})
	if _, given := link["actions"].([]any)[0].(map[string]any)["value"]; given {
		t.Error("got a value where there is none")
	}
}

func TestOnlyWhatIsShownCanBePressed(t *testing.T) {
	s := &slacksim.Slack{}
	for _, label := range []string{"Delete", "Nothing", "Kim", "Share", "next", "", "Show"} { // Show is there twice
		if p, err := s.Pressed([]byte(message), label); err == nil {
			t.Errorf("%q: got %v", label, p["actions"])
		}
	}
	for _, choice := range [][2]string{
		{"role", "Marketing"}, {"role", "r1"}, {"rank", "Sales"}, {"status", "Sales"}, {"next", "Next"}, {"more", "Delete"},
		{"more", "Share"}, // of two
	} {
		if p, err := s.Selected([]byte(message), choice[0], choice[1]); err == nil {
			t.Errorf("%q: got %v", choice, p["actions"])
		}
	}
	for _, search := range [][2]string{{"role", "sales"}, {"people", "kim"}, {"person", "k"}} {
		if p, err := s.Searched([]byte(message), search[0], search[1]); err == nil {
			t.Errorf("%q: got %v", search, p)
		}
	}
	for _, shown := range []string{``, `{`, `{}`, `{"blocks":[null]}`, `{"text":"Next"}`, modal, tab} {
		if p, err := s.Pressed([]byte(shown), "Next"); err == nil {
			t.Errorf("%s: got %v", shown, p["actions"])
		}
	}
}

func TestPressingOneOfSeveral(t *testing.T) {
	s := &slacksim.Slack{}
	for n, value := range []string{"1", "2"} {
		p, err := s.PressedNth([]byte(message), "Show", n)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, value, p, map[string]any{"actions.value": value})
	}
	for label, n := range map[string]int{"Show": 2, "": 0} { // menus have no label
		if p, err := s.PressedNth([]byte(message), label, n); err == nil {
			t.Errorf("%q, %d: got %v", label, n, p["actions"])
		}
	}
	a, errA := s.SelectedNth([]byte(message), "more", "Open", 0)
	b, errB := s.SelectedNth([]byte(message), "more", "Open", 1)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	wants(t, "overflow", a, map[string]any{
		"actions.type": "overflow", "actions.action_id": "more", "actions.selected_option.text.text": "Open",
		"actions.selected_option.value": "o", "actions.selected_option.url": "https://crm.example.com/1",
	})
	first, second := pick(wire(t, a), "actions", "block_id"), pick(wire(t, b), "actions", "block_id")
	if first == second || first == nil || second == nil {
		t.Errorf("got the blocks %v and %v, want two", first, second)
	}
}

func TestWhatAppsDoNotNameGetsNames(t *testing.T) {
	s := &slacksim.Slack{}
	names := map[any]bool{}
	for n := range 2 {
		p, err := s.PressedNth([]byte(message), "Show", n)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := pick(wire(t, p), "actions", "action_id").(string)
		if names[name] || name == "" {
			t.Errorf("got the action id %q, want another", name)
		}
		names[name] = true
	}
}

func TestSelecting(t *testing.T) {
	s := &slacksim.Slack{}
	for _, c := range []struct{ id, option, kind, value string }{
		{"role", "Support", "static_select", "r2"},
		{"status", "Support", "static_select", "r2"}, // from a group
		{"person", "4711", "external_select", "4711"},
	} {
		p, err := s.Selected([]byte(message), c.id, c.option)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, c.id, p, map[string]any{
			"actions.type": c.kind, "actions.action_id": c.id, "actions.block_id": "filters",
			"actions.selected_option.value": c.value, "actions.selected_option.text.text": c.option,
			"state.values.filters." + c.id + ".selected_option.value": c.value,
		})
	}
}

func TestSearching(t *testing.T) {
	s := &slacksim.Slack{}
	p, err := s.Searched([]byte(message), "person", "ki")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "message", p, map[string]any{
		"type": "block_suggestion", "action_id": "person", "block_id": "filters", "value": "ki",
		"container.type": "message", "channel.id": "C0SAMPLE", "view": nil, "response_url": nil, "trigger_id": nil,
	})
	usual := strings.Replace(message, `,"min_query_length":2`, "", 1)
	for typed, asks := range map[string]bool{"ki": false, "sø": false, "kim": true, "søn": true} {
		if _, err := s.Searched([]byte(usual), "person", typed); (err == nil) != asks {
			t.Errorf("%q without a least length: got %v", typed, err)
		}
	}
}

// TestMessagesOfTheChannel shows that Slack sends those along, and who posted
// them.
func TestMessagesOfTheChannel(t *testing.T) {
	s := &slacksim.Slack{}
	p, err := s.Pressed([]byte(strings.Replace(message, `{`, `{"response_type":"in_channel",`, 1)), "Next")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "in the channel", p, map[string]any{
		"container.is_ephemeral": false, "message.text": "People", "message.user": slacksim.Bot, "message.blocks.block_id": "filters",
		"message.ts": p["container"].(map[string]any)["message_ts"],
	})
}

const homeTab = `{"type":"home","callback_id":"tab","private_metadata":"m","blocks":[
	{"type":"section","block_id":"find","text":{"type":"plain_text","text":"Find"},"accessory":{"type":"external_select","action_id":"person"}},
	{"type":"actions","block_id":"filters","elements":[
		{"type":"static_select","action_id":"role","options":[` + sales + `,` + support + `],"initial_option":` + sales + `},
		{"type":"button","action_id":"list","value":"all","text":{"type":"plain_text","text":"List"}}]}]}`

// publish makes a Home tab what a user sees, and gives it as it is shown.
func publish(t *testing.T, s *slacksim.Slack, user, view string) []byte {
	t.Helper()
	if _, code, reply := post(t, s, api+"views.publish", asJSON, `{"user_id":"`+user+`","view":`+view+`}`, "Authorization", "Bearer xoxb"); code != "" {
		t.Fatalf("publish: got %v", reply)
	}
	return s.Shown(slacksim.HomeTab(user))
}

func TestPressingInTheHomeTab(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	shown := publish(t, s, "U0OTHER", homeTab)
	p, err := s.Pressed(shown, "List")
	if err != nil {
		t.Fatal(err)
	}
	id := slacksim.HomeTab("U0OTHER")
	wants(t, "home", p, map[string]any{
		"type": "block_actions", "container.type": "view", "container.view_id": id, "user.id": "U0OTHER",
		"view.id": id, "view.type": "home", "view.callback_id": "tab", "view.private_metadata": "m", "view.hash": pick(wire(t, json.RawMessage(shown)), "hash"),
		"view.blocks.block_id": "find", "view.state.values.filters.role.selected_option.value": "r1",
		"view.state.values.find.person": map[string]any{"type": "external_select", "selected_option": nil},
		"actions.block_id":              "filters", "actions.value": "all",
		"channel": nil, "response_url": nil, "state": nil, "message": nil,
	})
	if trigger, _ := p["trigger_id"].(string); trigger == "" {
		t.Error("got no trigger")
	}
	search, err := s.Searched(shown, "person", "kim")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "search", search, map[string]any{
		"type": "block_suggestion", "container.type": "view", "container.view_id": id, "view.type": "home", "user.id": "U0OTHER",
		"action_id": "person", "block_id": "find", "value": "kim", "channel": nil,
	})
}

// TestChoicesStay shows that a view keeps what was chosen in it, through updates
// too, as long as things are called the same.
func TestChoicesStay(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	chosen := func() any {
		t.Helper()
		p, err := s.Pressed(s.Shown(slacksim.HomeTab("U0SAMPLE")), "List")
		if err != nil {
			t.Fatal(err)
		}
		return pick(wire(t, p), "view", "state", "values", "filters", "role", "selected_option", "value")
	}
	p, err := s.Selected(publish(t, s, "U0SAMPLE", homeTab), "role", "Support")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "selected", p, map[string]any{"view.state.values.filters.role.selected_option.value": "r2", "actions.selected_option.value": "r2"})
	if got := chosen(); got != "r2" {
		t.Errorf("afterwards: got %v", got)
	}
	publish(t, s, "U0SAMPLE", homeTab)
	if got := chosen(); got != "r2" {
		t.Errorf("updated: got %v", got)
	}
	for old, changed := range map[string]string{`"role"`: `"role2"`, `"static_select"`: `"radio_buttons"`} {
		if _, err := s.Selected(s.Shown(slacksim.HomeTab("U0SAMPLE")), "role", "Support"); err != nil {
			t.Fatal(err)
		}
		publish(t, s, "U0SAMPLE", strings.ReplaceAll(homeTab, old, changed))
		publish(t, s, "U0SAMPLE", homeTab)
		if got := chosen(); got != "r1" {
			t.Errorf("%s in between: got %v", changed, got)
		}
	}
}

func TestOldViewsCannotBePressed(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	old := publish(t, s, "U0SAMPLE", homeTab)
	now := publish(t, s, "U0SAMPLE", homeTab)
	if _, err := s.Pressed(old, "List"); err == nil {
		t.Error("a view that was replaced could be pressed")
	}
	if _, err := s.Pressed(now, "List"); err != nil {
		t.Error(err)
	}
	if got := s.Shown("V0NONE"); got != nil {
		t.Errorf("got %s, want nothing", got)
	}
}

// TestInputsWaitForTheirModal shows that a modal's inputs say nothing before it
// is submitted, unless they are to.
func TestInputsWaitForTheirModal(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	for more, speaks := range map[string]bool{"": false, `,"dispatch_action":false`: false, `,"dispatch_action":true`: true} {
		view := `{"type":"modal","title":{"type":"plain_text","text":"Find"},"submit":{"type":"plain_text","text":"Go"},"private_metadata":"m","blocks":[
			{"type":"input","block_id":"who","label":{"type":"plain_text","text":"Who"},"element":{"type":"external_select","action_id":"person"}` + more + `},
			{"type":"actions","elements":[{"type":"button","value":"v","text":{"type":"plain_text","text":"All"}}]}]}`
		_, code, reply := post(t, s, api+"views.open", asJSON, `{"trigger_id":"`+s.Shortcut("f")["trigger_id"].(string)+`","view":`+view+`}`, "Authorization", "Bearer xoxb")
		if code != "" {
			t.Fatalf("got %v", reply)
		}
		id := pick(reply, "view", "id").(string)
		p, err := s.Selected(s.Shown(id), "person", "4711")
		if (err == nil) != speaks {
			t.Errorf("with %q: got %v", more, err)
		}
		if speaks {
			wants(t, more, p, map[string]any{"view.type": "modal", "view.id": id, "view.state.values.who.person.selected_option.value": "4711"})
		}
		if _, err := s.Searched(s.Shown(id), "person", "kim"); err != nil {
			t.Error(err)
		}
		if p, err := s.Pressed(s.Shown(id), "All"); err != nil || pick(wire(t, p), "view", "private_metadata") != "m" {
			t.Errorf("got %v, %v", p, err)
		}
	}
}

func TestMessageShortcut(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	p := s.MessageShortcut("who", "U0AUTHOR", "Hello")
	wants(t, "shortcut", p, map[string]any{
		"type": "message_action", "callback_id": "who", "team.id": "T0SAMPLE", "user.id": "U0SAMPLE", "channel.id": "C0SAMPLE",
		"message.type": "message", "message.user": "U0AUTHOR", "message.text": "Hello", "message.ts": p["message_ts"], "view": nil,
	})
	if ts, _ := p["message_ts"].(string); ts == "" {
		t.Error("got no message_ts")
	}
	to := p["response_url"].(string)
	if status, code, _ := post(t, s, to, asJSON, `{"text":"Kim","replace_original":true}`); status != 200 || s.Posts()[0].Replaced {
		t.Errorf("got %d %s, %+v; want one that replaced nothing", status, code, s.Posts())
	}
	if _, code, _ := post(t, s, api+"views.open", asJSON, `{"trigger_id":"`+p["trigger_id"].(string)+`","view":`+modal+`}`, "Authorization", "Bearer xoxb"); code != "" {
		t.Errorf("its trigger: got %s", code)
	}
}
