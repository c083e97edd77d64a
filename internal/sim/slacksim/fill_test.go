package slacksim_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"crmwho/internal/sim/slacksim"
)

// noteForm is a modal with a text that is needed and one that is not.
const noteForm = `{"type":"modal","callback_id":"sign","private_metadata":"m","title":{"type":"plain_text","text":"Sign"},"submit":{"type":"plain_text","text":"Go"},"blocks":[
	{"type":"input","block_id":"why","label":{"type":"plain_text","text":"Reason"},"element":{"type":"plain_text_input","action_id":"text","min_length":3,"max_length":5}},
	{"type":"input","block_id":"more","optional":true,"label":{"type":"plain_text","text":"More"},"element":{"type":"plain_text_input","action_id":"text","multiline":true}},
	{"type":"input","block_id":"role","optional":true,"label":{"type":"plain_text","text":"Role"},"element":{"type":"static_select","action_id":"role","options":[` + sales + `]}}]}`

// open opens a modal and gives its id.
func open(t *testing.T, s *slacksim.Slack, view string) string {
	t.Helper()
	code, reply := call(t, s, "views.open", `{"trigger_id":"`+s.Shortcut("f")["trigger_id"].(string)+`","view":`+view+`}`)
	if code != "" {
		t.Fatalf("open: got %v", reply)
	}
	return pick(reply, "view", "id").(string)
}

func TestFillingInAModal(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	id := open(t, s, noteForm)
	p, err := s.Filled(id, map[string]string{"Reason": "søn", "More": "a\nb"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(v any) map[string]any { return map[string]any{"type": "plain_text_input", "value": v} }
	wants(t, "filled", p, map[string]any{
		"type": "view_submission", "view.id": id, "view.callback_id": "sign", "view.private_metadata": "m", "user.id": "U0SAMPLE",
		"view.state.values.why.text": text("søn"), "view.state.values.more.text": text("a\nb"),
		"view.state.values.role.role.selected_option": nil,
	})
	p, err = s.Filled(id, map[string]string{"More": ""}) // the rest stays
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "again", p, map[string]any{"view.state.values.why.text": text("søn"), "view.state.values.more.text": text(nil)})
	var read slack.InteractionCallback
	data, _ := json.Marshal(p)
	if err := json.Unmarshal(data, &read); err != nil || read.View.State.Values["why"]["text"].Value != "søn" || read.View.PrivateMetadata != "m" {
		t.Errorf("slack-go: got %+v, %v", read.View, err)
	}
}

func TestWhatCannotBeSubmitted(t *testing.T) {
	for name, c := range map[string]struct {
		view  string
		texts map[string]string
		fits  bool
	}{
		"nothing":            {noteForm, nil, false},
		"empty":              {noteForm, map[string]string{"Reason": ""}, false},
		"too short":          {noteForm, map[string]string{"Reason": "xx"}, false},
		"too long":           {noteForm, map[string]string{"Reason": "xxxxxx"}, false},
		"too long, by units": {noteForm, map[string]string{"Reason": "😀😀😀"}, false},
		"a line break":       {noteForm, map[string]string{"Reason": "x\nx"}, false},
		"the longest":        {noteForm, map[string]string{"Reason": "xxxxx", "More": of(3000)}, true},
		"longer than any":    {noteForm, map[string]string{"Reason": "xxxxx", "More": of(3001)}, false},
		"no such input":      {noteForm, map[string]string{"Reason": "xxx", "Other": "x"}, false},
		"a menu":             {noteForm, map[string]string{"Reason": "xxx", "Role": "Sales"}, false},
		"two of a name":      {strings.Replace(noteForm, `"More"`, `"Reason"`, 1), map[string]string{"Reason": "xxx"}, false},
		"a menu is needed":   {strings.Replace(noteForm, `"role","optional":true`, `"role"`, 1), map[string]string{"Reason": "xxx"}, false},
		"a choice is there":  {strings.Replace(strings.Replace(noteForm, `"role","optional":true`, `"role"`, 1), `"options"`, `"initial_option":`+sales+`,"options"`, 1), map[string]string{"Reason": "xxx"}, true},
		"a text is there":    {strings.Replace(noteForm, `"min_length":3`, `"initial_value":"xxx"`, 1), nil, true},
		"no input":           {modal, nil, false},
	} {
		s := &slacksim.Slack{BotToken: "xoxb"}
		if p, err := s.Filled(open(t, s, c.view), c.texts); (err == nil) != c.fits {
			t.Errorf("%s: got %v, %v", name, p["view"], err)
		}
	}
	s := &slacksim.Slack{BotToken: "xoxb"}
	publish(t, s, "U0SAMPLE", homeTab)
	for _, id := range []string{"V0NONE", slacksim.HomeTab("U0SAMPLE")} {
		if _, err := s.Filled(id, nil); err == nil {
			t.Errorf("%s could be submitted", id)
		}
	}
}

// TestAnswersToWhatWasFilledIn shows what stays open, and with what in it.
func TestAnswersToWhatWasFilledIn(t *testing.T) {
	updated := strings.Replace(noteForm, `"Sign"`, `"Signed"`, 1)
	for name, c := range map[string]struct {
		answer string
		taken  bool
		title  any
	}{
		"errors":               {`{"response_action":"errors","errors":{"why":"Say more."}}`, true, "Sign"},
		"errors elsewhere":     {`{"response_action":"errors","errors":{"other":"Say more."}}`, false, "Sign"},
		"errors without words": {`{"response_action":"errors","errors":{"why":""}}`, false, "Sign"},
		"update":               {`{"response_action":"update","view":` + updated + `}`, true, "Signed"},
		"clear":                {`{"response_action":"clear"}`, true, nil},
		"nothing":              {``, true, nil},
	} {
		s := &slacksim.Slack{BotToken: "xoxb", HTTP: app(200, asJSON, c.answer, 0)}
		id := open(t, s, noteForm)
		p, err := s.Filled(id, map[string]string{"Reason": "xxx"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Interaction(t.Context(), at, slacksim.As("U0BOSS", p))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(r); (err == nil) != c.taken {
			t.Errorf("%s: got %v", name, err)
		}
		var shown map[string]any
		_ = json.Unmarshal(s.Shown(id), &shown)
		text := pick(shown, "state", "values", "why", "text", "value")
		if title := pick(shown, "title", "text"); !reflect.DeepEqual(title, c.title) || title != nil && text != "xxx" {
			t.Errorf("%s: shows %v with %v", name, title, text)
		}
	}
}
