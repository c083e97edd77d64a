package slacksim_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"crmwho/internal/sim/slacksim"
)

// lived is a Slack in which things were said and shared, with the timestamps of
// an audit and of a reply to it.
func lived(t *testing.T) (s *slacksim.Slack, parent, reply string) {
	s = inChannel()
	parent = says(t, s, `{"channel":"C0AUDITS","text":"<1> & é","blocks":[`+audit+`]}`)
	reply = says(t, s, `{"channel":"C0AUDITS","text":"2","thread_ts":"`+parent+`"}`)
	s.Says("C0AUDITS", "U0PERSON", "<@U0OTHER> 3")
	says(t, s, `{"channel":"U0SAMPLE","text":"4"}`)
	call(t, s, "chat.update", `{"channel":"C0AUDITS","ts":"`+reply+`","text":"5"}`)
	to, id := promised(t, s)
	send(t, s, http.MethodPost, to, "text/csv", csv)
	if code, shared := call(t, s, "files.completeUploadExternal", `{"channel_id":"C0AUDITS","thread_ts":"`+parent+`","initial_comment":"All","files":[{"id":"`+id+`"}]}`); code != "" {
		t.Fatalf("share: got %v", shared)
	}
	return s, parent, reply
}

// again is another Slack that goes on with what one saved.
func again(t *testing.T, s *slacksim.Slack) *slacksim.Slack {
	t.Helper()
	data, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	other := inChannel()
	if err := other.Load(data); err != nil {
		t.Fatal(err)
	}
	return other
}

func TestWhatStaysOutlivesSlack(t *testing.T) {
	before, parent, reply := lived(t)
	s := again(t, before)
	for _, channel := range []string{"C0AUDITS", slacksim.Direct("U0SAMPLE"), "C0SAMPLE"} {
		if got, want := s.Messages(channel), before.Messages(channel); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", channel, got, want)
		}
	}
	if got := s.Messages("C0AUDITS"); len(got) != 4 || string(got[3].Files[0].Data) != csv || !got[1].Edited {
		t.Errorf("got %+v", got)
	}
	if _, link := call(t, s, "chat.getPermalink", `{"channel":"C0AUDITS","message_ts":"`+reply+`"}`); !strings.Contains(link["permalink"].(string), "?thread_ts="+parent) {
		t.Errorf("got %v", link)
	}
	if next := says(t, s, `{"channel":"C0AUDITS","text":"6","thread_ts":"`+parent+`"}`); next <= s.Messages("C0AUDITS")[3].TS {
		t.Errorf("got the timestamp %s again", next)
	}
}

func TestButtonsFromBeforeWork(t *testing.T) {
	before, parent, _ := lived(t)
	s := again(t, before)
	for _, shown := range []json.RawMessage{before.Messages("C0AUDITS")[0].Body, s.Messages("C0AUDITS")[0].Body} {
		p, err := s.Used(shown, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "press", p, map[string]any{"message.ts": parent, "message.thread_ts": parent, "container.is_ephemeral": false, "actions.value": "4711"})
		post(t, s, p["response_url"].(string), asJSON, `{"text":"for one"}`)
	}
	if code, _ := call(t, s, "chat.update", `{"channel":"C0AUDITS","ts":"`+parent+`","text":"new"}`); code != "" || !s.Messages("C0AUDITS")[0].Edited {
		t.Errorf("got %q, %+v", code, s.Messages("C0AUDITS")[0])
	}
	if before.Messages("C0AUDITS")[0].Edited {
		t.Error("got an update of the Slack before, too")
	}
}

func TestWhatDoesNotOutliveSlack(t *testing.T) {
	before, _, _ := lived(t)
	view, to, trigger := open(t, before, noteForm), before.Typed("/c", "").Get("response_url"), before.Shortcut("f")["trigger_id"].(string)
	s := again(t, before)
	if status, code, _ := post(t, s, to, asJSON, `{"text":"x"}`); status != 404 {
		t.Errorf("a response URL: got %d %s", status, code)
	}
	if code, _ := call(t, s, "views.open", `{"trigger_id":"`+trigger+`","view":`+noteForm+`}`); code != "invalid_trigger_id" {
		t.Errorf("a trigger: got %q", code)
	}
	if s.Shown(view) != nil || len(s.Posts()) != 0 {
		t.Errorf("got %s, %+v", s.Shown(view), s.Posts())
	}
}

func TestAnEmptySlackIsSavedToo(t *testing.T) {
	s := again(t, &slacksim.Slack{})
	if s.Says("C0AUDITS", "U0PERSON", "1"); len(s.Messages("C0AUDITS")) != 1 {
		t.Errorf("got %+v", s.Messages("C0AUDITS"))
	}
}

func TestLoadTakesOnlyWhatWasSaved(t *testing.T) {
	before, parent, _ := lived(t)
	data, err := before.Save()
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	for name, bad := range map[string]string{
		"nothing": "", "no JSON": "secret", "another": `{"secret":1}`, "null": "null", "a list": "[]", "cut": good[:len(good)-9],
		"more": good + "secret", "format": strings.Replace(good, `"Format":1`, `"Format":2`, 1), "a key": strings.Replace(good, `{"Format"`, `{"Secret":1,"Format"`, 1),
		"stamps": strings.Replace(good, `"Stamps":5`, `"Stamps":4`, 1), "no stamps": `{"Format":1,"Stamps":-1,"Messages":null}`,
		"timestamp": strings.ReplaceAll(good, parent, "secret"), "channel": strings.Replace(good, `"C0AUDITS":[`, `"C0SECRET":[`, 1),
		"author": strings.Replace(good, `"User":"U0PERSON"`, `"User":"U0SECRET"`, 1), "thread": strings.Replace(good, `"ThreadTS":"`+parent, `"ThreadTS":"1.000001`, 1),
		"body": strings.Replace(good, `"Body":{`, `"Body":"secret","Old":{`, 1), "file": strings.Replace(good, `"Data":"`, `"Data":"secret?`, 1),
	} {
		if bad == good {
			t.Fatalf("%s: nothing was changed in %s", name, good)
		}
		s := inChannel()
		s.Says("C0AUDITS", "U0PERSON", "mine")
		err := s.Load([]byte(bad))
		if err == nil || strings.Contains(strings.ToLower(err.Error()), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
		if got := s.Messages("C0AUDITS"); len(got) != 1 {
			t.Errorf("%s: got %+v, want what was there", name, got)
		}
	}
}

// TestLoadKeepsTimestampsRising shows that a Slack that has given more of them
// goes on from there.
func TestLoadKeepsTimestampsRising(t *testing.T) {
	s := inChannel()
	first := s.Says("C0AUDITS", "U0PERSON", "1")
	data, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	lost := s.Says("C0AUDITS", "U0PERSON", "2")
	if err := s.Load(data); err != nil {
		t.Fatal(err)
	}
	next := s.Says("C0AUDITS", "U0PERSON", "3")
	if got := s.Messages("C0AUDITS"); len(got) != 2 || got[0].TS != first || got[1].TS != next || next <= lost {
		t.Errorf("got %+v after %s", got, lost)
	}
}
