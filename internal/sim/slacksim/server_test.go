package slacksim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/slacksim"
)

// post sends a body without a network and gives the status and Slack's code.
func post(t *testing.T, s *slacksim.Slack, to, contentType, body string, header ...string) (status int, code string, reply map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, "", nil
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := s.RoundTrip(r)
	if err == nil {
		err = json.NewDecoder(got.Body).Decode(&reply)
	}
	if err != nil {
		t.Error(err)
		return 0, "", nil
	}
	code, _ = reply["error"].(string)
	if ok := reply["ok"] == true; ok == (code != "") {
		t.Errorf("got ok %v with the error %q", ok, code)
	}
	return got.StatusCode, code, reply
}

const asJSON, asForm = "application/json; charset=utf-8", "application/x-www-form-urlencoded"

func TestResponseURL(t *testing.T) {
	const good = `{"text":"Kim"}`
	for name, c := range map[string]struct {
		button     bool
		kind, body string
		status     int
		code       string
	}{
		"text":                      {false, asJSON, good, 200, ""},
		"blocks":                    {false, asJSON, `{"blocks":[{"type":"divider"}]}`, 200, ""},
		"in the channel":            {false, asJSON, `{"text":"Kim","response_type":"in_channel"}`, 200, ""},
		"replace":                   {true, asJSON, `{"text":"Kim","replace_original":true}`, 200, ""},
		"delete":                    {true, asJSON, `{"delete_original":true}`, 200, ""},
		"form":                      {false, asForm, good, 400, "invalid_payload"},
		"bad JSON":                  {false, asJSON, `{`, 400, "invalid_payload"},
		"nothing":                   {false, asJSON, `{}`, 400, "no_text"},
		"empty":                     {false, asJSON, `{"text":"","blocks":[]}`, 400, "no_text"},
		"acknowledgement":           {false, asJSON, `{"response_type":"in_channel"}`, 400, "no_text"},
		"delete a command":          {false, asJSON, `{"delete_original":true}`, 400, "no_text"},
		"bad blocks":                {false, asJSON, `{"text":"Kim","blocks":[{"type":"header"}]}`, 400, "invalid_blocks"},
		"too much":                  {false, asJSON, `{"text":"Kim","blocks":[` + strings.Repeat(section(3000)+",", 4) + section(1) + `]}`, 400, "msg_blocks_too_long"},
		"a string for a boolean":    {true, asJSON, `{"text":"Kim","replace_original":"true"}`, 400, "invalid_payload"},
		"unknown type":              {false, asJSON, `{"text":"Kim","response_type":"public"}`, 400, "invalid_payload"},
		"unknown key":               {false, asJSON, `{"text":"Kim","channel":"C1"}`, 400, "invalid_payload"},
		"ephemeral becomes channel": {true, asJSON, `{"text":"Kim","replace_original":true,"response_type":"in_channel"}`, 400, "invalid_payload"},
	} {
		s := &slacksim.Slack{}
		to := s.Typed("/crmuser", "kim").Get("response_url")
		if c.button {
			to = s.Clicked("ask", "x")["response_url"].(string)
		}
		status, code, _ := post(t, s, to, c.kind, c.body)
		if status != c.status || code != c.code {
			t.Errorf("%s: got %d %s, want %d %s", name, status, code, c.status, c.code)
		}
		posts := s.Posts()
		if c.code != "" && len(posts) != 0 {
			t.Errorf("%s: it was refused and shown", name)
		}
		if c.code == "" && (len(posts) != 1 || posts[0].Via != "response_url" || posts[0].To != to || string(posts[0].Body) != c.body || posts[0].Replaced != c.button) {
			t.Errorf("%s: got %+v", name, posts)
		}
	}
}

func section(n int) string {
	return `{"type":"section","text":{"type":"plain_text","text":"` + strings.Repeat("x", n) + `"}}`
}

func TestReplacingACommandsReplyPostsAnother(t *testing.T) {
	s := &slacksim.Slack{}
	post(t, s, s.Typed("/crmuser", "").Get("response_url"), asJSON, `{"text":"Kim","replace_original":true}`)
	if got := s.Posts(); len(got) != 1 || got[0].Replaced {
		t.Errorf("got %+v, want one that replaced nothing", got)
	}
}

func TestResponseURLEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slacksim.Slack{}
		often, late := s.Typed("/c", "").Get("response_url"), s.Clicked("a", "v")["response_url"].(string)
		for range 4 {
			if status, code, _ := post(t, s, often, asJSON, `{"text":"x"}`); status != 200 {
				t.Fatalf("got %d %s", status, code)
			}
		}
		post(t, s, often, asJSON, `{}`) // what is refused counts
		if status, code, _ := post(t, s, often, asJSON, `{"text":"x"}`); status != 404 || code != "used_url" {
			t.Errorf("sixth: got %d %s", status, code)
		}
		time.Sleep(30*time.Minute - time.Nanosecond)
		if status, code, _ := post(t, s, late, asJSON, `{"text":"x"}`); status != 200 {
			t.Errorf("in time: got %d %s", status, code)
		}
		time.Sleep(time.Nanosecond)
		for _, to := range []string{often, late} {
			if status, code, _ := post(t, s, to, asJSON, `{"text":"x"}`); status != 404 || code != "expired_url" {
				t.Errorf("late: got %d %s", status, code)
			}
		}
		if status, code, _ := post(t, s, slacksim.Form("/c", "").Get("response_url"), asJSON, `{"text":"x"}`); status != 404 || code != "not_found" {
			t.Errorf("unknown: got %d %s", status, code)
		}
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slacksim.Slack{}
		to := s.Typed("/c", "").Get("response_url")
		go func() {
			for _, text := range []string{"1", "2", "3"} {
				time.Sleep(time.Second)
				post(t, s, to, asJSON, `{"text":"`+text+`"}`)
			}
		}()
		start := time.Now()
		if m, err := s.Await(t.Context(), to); string(m) != `{"text":"1"}` || err != nil || time.Since(start) != time.Second {
			t.Errorf("first: got %s, %v after %v", m, err, time.Since(start))
		}
		time.Sleep(time.Minute)
		for _, want := range []string{`{"text":"2"}`, `{"text":"3"}`} {
			if m, err := s.Await(t.Context(), to); string(m) != want || err != nil {
				t.Errorf("got %s, %v; want %s", m, err, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if m, err := s.Await(ctx, to); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %s, %v", m, err)
		}
		post(t, s, to, asJSON, `{"text":"4"}`)
		if m, err := s.Await(t.Context(), to); string(m) != `{"text":"4"}` {
			t.Errorf("after one that gave up: got %s, %v", m, err)
		}
		if _, err := s.Await(t.Context(), to+"x"); err == nil {
			t.Error("another URL gave no error")
		}
	})
}

const (
	modal = `{"type":"modal","title":{"type":"plain_text","text":"Find"},"blocks":[{"type":"divider"}],"private_metadata":"m"}`
	tab   = `{"type":"home","blocks":[{"type":"divider"}]}`
	api   = "https://slack.com/api/"
)

func TestWebAPI(t *testing.T) {
	for name, c := range map[string]struct {
		method, kind, body string
		auth               string
		code               string
	}{
		"auth":            {"auth.test", asForm, "", "Bearer xoxb", ""},
		"token in form":   {"auth.test", asForm, "token=xoxb", "", ""},
		"token in JSON":   {"auth.test", asJSON, `{"token":"xoxb"}`, "", "not_authed"},
		"no token":        {"auth.test", asForm, "", "", "not_authed"},
		"wrong token":     {"auth.test", asForm, "", "Bearer other", "invalid_auth"},
		"no such method":  {"users.delete", asForm, "", "Bearer xoxb", "unknown_method"},
		"no content type": {"auth.test", "", "", "Bearer xoxb", "missing_post_type"},
		"content type":    {"auth.test", "text/xml", "", "Bearer xoxb", "invalid_post_type"},
		"bad JSON":        {"users.info", asJSON, "{", "Bearer xoxb", "invalid_json"},
		"bad form":        {"users.info", asForm, "user=%", "Bearer xoxb", "invalid_form_data"},
		"user":            {"users.info", asForm, "user=U0SAMPLE", "Bearer xoxb", ""},
		"user by JSON":    {"users.info", asJSON, `{"user":"U2"}`, "Bearer xoxb", ""},
		"unknown user":    {"users.info", asForm, "user=U9", "Bearer xoxb", "user_not_found"},
		"no user":         {"users.info", asForm, "", "Bearer xoxb", "invalid_arguments"},
		"group":           {"usergroups.users.list", asForm, "usergroup=S1", "Bearer xoxb", ""},
		"unknown group":   {"usergroups.users.list", asForm, "usergroup=S9", "Bearer xoxb", "no_such_subteam"},
		"no group":        {"usergroups.users.list", asForm, "", "Bearer xoxb", "invalid_arguments"},
		"home":            {"views.publish", asJSON, `{"user_id":"U1","view":` + tab + `}`, "Bearer xoxb", ""},
		"home by form":    {"views.publish", asForm, url.Values{"user_id": {"U1"}, "view": {tab}}.Encode(), "Bearer xoxb", ""},
		"home for nobody": {"views.publish", asJSON, `{"view":` + tab + `}`, "Bearer xoxb", "invalid_arguments"},
		"a modal at home": {"views.publish", asJSON, `{"user_id":"U1","view":` + modal + `}`, "Bearer xoxb", "invalid_arguments"},
		"no view":         {"views.publish", asJSON, `{"user_id":"U1"}`, "Bearer xoxb", "invalid_arguments"},
		"bad view":        {"views.publish", asJSON, `{"user_id":"U1","view":{"type":"home","blocks":[]}}`, "Bearer xoxb", "invalid_arguments"},
		"stale home":      {"views.publish", asJSON, `{"user_id":"U1","hash":"h","view":` + tab + `}`, "Bearer xoxb", "hash_conflict"},
		"no trigger":      {"views.open", asJSON, `{"view":` + modal + `}`, "Bearer xoxb", "invalid_arguments"},
		"unknown trigger": {"views.open", asJSON, `{"trigger_id":"1.2.x","view":` + modal + `}`, "Bearer xoxb", "invalid_trigger_id"},
		"unknown modal":   {"views.update", asJSON, `{"view_id":"V9","view":` + modal + `}`, "Bearer xoxb", "not_found"},
		"which modal":     {"views.update", asJSON, `{"view":` + modal + `}`, "Bearer xoxb", "invalid_arguments"},
	} {
		s := &slacksim.Slack{BotToken: "xoxb", Groups: map[string][]string{"S1": {"U2", "U3"}}}
		status, code, _ := post(t, s, api+c.method, c.kind, c.body, "Authorization", c.auth)
		if status != 200 || code != c.code {
			t.Errorf("%s: got %d %s, want 200 %s", name, status, code, c.code)
		}
		if calls := s.Calls(); len(calls) != 1 || calls[0].Status != 200 || calls[0].Error != c.code || calls[0].Path != "/api/"+c.method || calls[0].Method != "POST" {
			t.Errorf("%s: noted %+v", name, calls)
		}
	}
	if _, code, _ := post(t, &slacksim.Slack{}, api+"auth.test", asForm, "token=x"); code != "invalid_auth" {
		t.Errorf("without a bot token: got %s", code)
	}
}

func TestScopes(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb", Scopes: []string{"commands", "users:read"}, Guests: map[string]string{}}
	if _, code, _ := post(t, s, api+"users.info", asForm, "token=xoxb&user=U0SAMPLE"); code != "" {
		t.Errorf("with the scope: got %s", code)
	}
	_, code, reply := post(t, s, api+"usergroups.users.list", asForm, "token=xoxb&usergroup=S1")
	if code != "missing_scope" || reply["needed"] != "usergroups:read" || reply["provided"] != "commands,users:read" {
		t.Errorf("without: got %v", reply)
	}
}

func TestPeople(t *testing.T) {
	s := &slacksim.Slack{
		BotToken: "xoxb",
		Groups:   map[string][]string{"S1": {"U2", "U3"}},
		Guests:   map[string]string{"U4": "multi", "U5": "single", "U6": "stranger"},
	}
	_, _, reply := post(t, s, api+"usergroups.users.list", asForm, "token=xoxb&usergroup=S1")
	if got := reply["users"]; !reflect.DeepEqual(got, []any{"U2", "U3"}) {
		t.Errorf("got %v", got)
	}
	for id, want := range map[string][]any{"U2": {false, false, false}, "U4": {true, false, false}, "U5": {true, true, false}, "U6": {false, false, true}} {
		_, _, reply := post(t, s, api+"users.info", asForm, "token=xoxb&user="+id)
		got := []any{pick(reply, "user", "is_restricted"), pick(reply, "user", "is_ultra_restricted"), pick(reply, "user", "is_stranger")}
		if pick(reply, "user", "id") != id || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
}

func TestPeopleByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock is in winter
		s := &slacksim.Slack{BotToken: "xoxb", People: map[string]slacksim.Person{
			"U0PERSON": {Email: "generated.person@example.com", TimeZone: "America/New_York"},
			"U0LEFT":   {Deleted: true, TimeZone: "Nowhere/Atall"},
			"U0ROBOT":  {Bot: true, Email: "generated.robot@example.com"},
		}, Guests: map[string]string{"U0ROBOT": "single"}}
		for id, want := range map[string]map[string]any{
			"U0PERSON": {"is_bot": false, "deleted": false, "tz": "America/New_York", "tz_label": "EST", "tz_offset": -18000.0, "profile.email": "generated.person@example.com", "profile.real_name": "Sample User", "profile.display_name": "sample-user", "is_restricted": false},
			"U0LEFT":   {"is_bot": false, "deleted": true, "tz": "Nowhere/Atall", "tz_label": nil, "tz_offset": nil, "profile.email": nil},
			"U0ROBOT":  {"is_bot": true, "deleted": false, "tz": nil, "tz_offset": nil, "is_ultra_restricted": true},
			"U0SAMPLE": {"is_bot": false, "tz": nil, "profile.email": nil, "profile.real_name": "Sample User"},
		} {
			_, _, reply := post(t, s, api+"users.info", asForm, "token=xoxb&user="+id)
			user, _ := reply["user"].(map[string]any)
			wants(t, id, user, want)
		}
	})
}

func TestEmailNeedsItsScope(t *testing.T) {
	for email, scopes := range map[string][]string{"": {"users:read"}, "generated.person@example.com": {"users:read", "users:read.email"}} {
		s := &slacksim.Slack{BotToken: "xoxb", Scopes: scopes, People: map[string]slacksim.Person{"U0PERSON": {Email: "generated.person@example.com"}}}
		_, _, reply := post(t, s, api+"users.info", asForm, "token=xoxb&user=U0PERSON")
		if got, given := pick(reply, "user", "profile").(map[string]any)["email"]; given != (email != "") || given && got != email {
			t.Errorf("with %v: got %v", scopes, got)
		}
	}
}

func TestSharingWithTheChannel(t *testing.T) {
	for body, inChannel := range map[string]bool{
		`{"text":"Kim","response_type":"in_channel","replace_original":false}`: true,
		`{"text":"Kim","response_type":"ephemeral","replace_original":false}`:  false,
		`{"text":"Kim"}`: false,
		`{"delete_original":true,"response_type":"in_channel"}`: false,
	} {
		s := &slacksim.Slack{}
		post(t, s, s.Clicked("share", "x")["response_url"].(string), asJSON, body)
		if got := s.Posts(); len(got) != 1 || got[0].InChannel != inChannel || inChannel && got[0].Replaced {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

func TestTriggerIsGoodOnceWithinThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slacksim.Slack{BotToken: "xoxb"}
		open := func(trigger any, view string) string {
			_, code, _ := post(t, s, api+"views.open", asJSON, `{"trigger_id":"`+trigger.(string)+`","view":`+view+`}`, "Authorization", "Bearer xoxb")
			return code
		}
		once, late, bad := s.Shortcut("find")["trigger_id"], s.Clicked("a", "v")["trigger_id"], s.Typed("/c", "").Get("trigger_id")
		if got := open(bad, `{"type":"modal"}`); got != "invalid_arguments" {
			t.Errorf("bad view: got %s", got)
		}
		if got := open(bad, modal); got != "trigger_exchanged" { // a refused view uses it up
			t.Errorf("again: got %s", got)
		}
		time.Sleep(3*time.Second - time.Nanosecond)
		if got := open(once, modal); got != "" {
			t.Errorf("in time: got %s", got)
		}
		time.Sleep(time.Nanosecond)
		if got := open(late, modal); got != "trigger_expired" {
			t.Errorf("late: got %s", got)
		}
		if got := open(once, modal); got != "trigger_exchanged" {
			t.Errorf("twice: got %s", got)
		}
	})
}

func TestModal(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb", HTTP: app(200, asJSON, `{"response_action":"errors","errors":{"why":"no"}}`, 0)}
	call := func(method, args string) (string, map[string]any) {
		_, code, reply := post(t, s, api+method, asJSON, args, "Authorization", "Bearer xoxb")
		return code, reply
	}
	_, reply := call("views.open", `{"trigger_id":"`+s.Shortcut("find")["trigger_id"].(string)+`","view":`+strings.Replace(modal, `{`, `{"external_id":"mine",`, 1)+`}`)
	id, hash := pick(reply, "view", "id").(string), pick(reply, "view", "hash").(string)
	for keys, want := range map[string]any{"type": "modal", "private_metadata": "m", "team_id": slacksim.Team, "title.text": "Find", "callback_id": "", "submit": nil} {
		if got := pick(reply, append([]string{"view"}, strings.Split(keys, ".")...)...); got != want {
			t.Errorf("%s: got %v, want %v", keys, got, want)
		}
	}
	if filled, _ := pick(reply, "view", "blocks", "block_id").(string); filled == "" || pick(reply, "view", "state", "values") == nil || id == "" || hash == "" {
		t.Errorf("got %v", reply)
	}
	if got := s.Submitted(id, "find", nil)["view"].(map[string]any); got["hash"] != hash || got["private_metadata"] != "m" {
		t.Errorf("submitted: got %v", got)
	}
	code, reply := call("views.update", `{"view_id":"`+id+`","hash":"`+hash+`","view":`+strings.Replace(modal, `"divider"`, `"divider","block_id":"mine"`, 1)+`}`)
	if got := pick(reply, "view", "blocks", "block_id"); got != "mine" {
		t.Errorf("got the block id %v", got)
	}
	if again := pick(reply, "view", "hash"); code != "" || again == hash || pick(reply, "view", "id") != id {
		t.Errorf("update: got %s, %v", code, reply)
	}
	if code, _ := call("views.update", `{"view_id":"`+id+`","hash":"`+hash+`","view":`+modal+`}`); code != "hash_conflict" {
		t.Errorf("old hash: got %s", code)
	}
	if code, _ := call("views.update", `{"view_id":"`+id+`","view":`+tab+`}`); code != "invalid_arguments" {
		t.Errorf("as a Home tab: got %s", code)
	}
	submit := func() {
		r, err := s.Interaction(t.Context(), at, s.Submitted(id, "find", nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(r); err != nil {
			t.Fatal(err)
		}
	}
	call("views.update", `{"view_id":"`+id+`","view":`+noteForm+`}`)
	submit() // with errors it stays
	if code, _ := call("views.update", `{"view_id":"`+id+`","view":`+modal+`}`); code != "" {
		t.Errorf("after errors: got %s", code)
	}
	s.HTTP = app(200, asJSON, "", 0)
	submit() // without an answer it closes
	if code, _ := call("views.update", `{"view_id":"`+id+`","view":`+modal+`}`); code != "not_found" {
		t.Errorf("after it closed: got %s", code)
	}
	if got := s.Posts(); len(got) != 4 || got[0].Via != "views.open" || got[1].Via != "views.update" || got[1].To != id || string(got[3].Body) != modal {
		t.Errorf("got %+v", got)
	}
}

// TestSubmittedModalChanges shows that an update keeps its id and a push opens
// another one above it.
func TestSubmittedModalChanges(t *testing.T) {
	for action, same := range map[string]bool{"update": true, "push": false} {
		s := &slacksim.Slack{HTTP: app(200, asJSON, `{"response_action":"`+action+`","view":`+modal+`}`, 0)}
		r, err := s.Interaction(t.Context(), at, s.Submitted("V1", "find", nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(r); err != nil {
			t.Fatal(err)
		}
		if got := s.Posts(); len(got) != 1 || got[0].Via != "response_action" || (got[0].To == "V1") != same || string(got[0].Body) != modal {
			t.Errorf("%s: got %+v", action, got)
		}
	}
}

func TestHomeTabByHash(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	hash := ""
	for range 2 {
		_, code, reply := post(t, s, api+"views.publish", asJSON, `{"user_id":"U1","hash":"`+hash+`","view":`+tab+`}`, "Authorization", "Bearer xoxb")
		if code != "" {
			t.Errorf("with the hash %q: got %s", hash, code)
		}
		hash, _ = pick(reply, "view", "hash").(string)
	}
	if got := s.Posts(); len(got) != 2 || got[1].Via != "views.publish" || got[1].To != "U1" {
		t.Errorf("got %+v", got)
	}
}

// TestRefusalsSayWhere is for developers: Slack names the place as well.
func TestRefusalsSayWhere(t *testing.T) {
	s := &slacksim.Slack{}
	_, _, reply := post(t, s, s.Typed("/c", "").Get("response_url"), asJSON, `{"text":"x","blocks":[{"type":"header"}]}`)
	got, _ := pick(reply, "response_metadata", "messages").([]any)
	if len(got) != 1 || !strings.Contains(got[0].(string), "/blocks/0") {
		t.Errorf("got %v", reply)
	}
}

func TestViewByExternalID(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	post(t, s, api+"views.publish", asJSON, `{"user_id":"U1","view":{"type":"home","external_id":"mine","blocks":[{"type":"divider"}]}}`, "Authorization", "Bearer xoxb")
	for external, want := range map[string]string{"mine": "", "other": "not_found"} {
		_, code, _ := post(t, s, api+"views.update", asJSON, `{"external_id":"`+external+`","view":`+tab+`}`, "Authorization", "Bearer xoxb")
		if code != want {
			t.Errorf("%s: got %q, want %q", external, code, want)
		}
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault  slacksim.Fault
		status int
		code   string
		retry  string
	}{
		"throttled":       {slacksim.Fault{RetryAfter: 1500 * time.Millisecond}, 429, "ratelimited", "2"},
		"status":          {slacksim.Fault{Status: 503}, 503, "internal_error", ""},
		"code":            {slacksim.Fault{Path: "/commands/", Error: "expired_url"}, 404, "expired_url", ""},
		"code of blocks":  {slacksim.Fault{Path: "/commands/", Error: "invalid_blocks"}, 400, "invalid_blocks", ""},
		"both":            {slacksim.Fault{Path: "/commands/", Status: 500, Error: "invalid_blocks"}, 500, "invalid_blocks", ""},
		"others' path":    {slacksim.Fault{Path: "/actions/", Status: 503}, 200, "", ""},
		"later":           {slacksim.Fault{Status: 503, After: 1}, 200, "", ""},
		"only a latency":  {slacksim.Fault{Latency: time.Second}, 200, "", ""},
		"latency, status": {slacksim.Fault{Latency: time.Second, Status: 503}, 503, "internal_error", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &slacksim.Slack{}
			if err := s.AddFault(c.fault); err != nil {
				t.Fatal(err)
			}
			r, _ := http.NewRequestWithContext(t.Context(), "POST", s.Typed("/c", "").Get("response_url"), strings.NewReader(`{"text":"x"}`))
			r.Header.Set("Content-Type", "application/json")
			start := time.Now()
			reply, err := s.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if reply.StatusCode != c.status || s.Calls()[0].Error != c.code || reply.Header.Get("Retry-After") != c.retry || time.Since(start) != c.fault.Latency {
				t.Errorf("%s: got %d %+v %v after %v", name, reply.StatusCode, s.Calls(), reply.Header, time.Since(start))
			}
			if posted := len(s.Posts()) == 1; posted != (c.status == 200) {
				t.Errorf("%s: posted %v", name, posted)
			}
		})
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	for _, f := range []slacksim.Fault{{Path: "/api/auth", Error: "internal_error", After: 1, Times: 1}, {Path: "/api/auth", Error: "fatal_error", After: 1, Times: 2}} {
		if err := s.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"", "internal_error", "fatal_error", ""} {
		if status, code, _ := post(t, s, api+"auth.test", asForm, "token=xoxb"); status != 200 || code != want {
			t.Errorf("%d: got %d %s, want %q", i, status, code, want)
		}
	}
	_ = s.AddFault(slacksim.Fault{Status: 503})
	s.ClearFaults()
	if status, _, _ := post(t, s, api+"auth.test", asForm, "token=xoxb"); status != 200 {
		t.Errorf("cleared: got %d", status)
	}
	for _, f := range []slacksim.Fault{{}, {Status: 99}, {Status: 600}, {Hang: true, Reset: true}, {Hang: true, Status: 500}, {Reset: true, Error: "x"}, {Latency: 1, Taken: true}} {
		if err := s.AddFault(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

// TestLostAnswers shows hanging and resets, with and without the message taken,
// over a network and without.
func TestLostAnswers(t *testing.T) {
	s := &slacksim.Slack{}
	server := httptest.NewServer(s)
	defer server.Close()
	for _, network := range []bool{false, true} {
		client := &http.Client{Transport: s}
		if s.Base = ""; network {
			client, s.Base = server.Client(), server.URL
		}
		for _, fault := range []slacksim.Fault{{Hang: true}, {Reset: true}, {Hang: true, Taken: true}, {Reset: true, Taken: true}} {
			s.ClearFaults()
			if err := s.AddFault(fault); err != nil {
				t.Fatal(err)
			}
			before := len(s.Posts())
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			r, _ := http.NewRequestWithContext(ctx, "POST", s.Typed("/c", "").Get("response_url"), strings.NewReader(`{"text":"x"}`))
			r.Header.Set("Content-Type", "application/json")
			_, err := client.Do(r)
			cancel()
			if fault.Hang && !errors.Is(err, context.DeadlineExceeded) || fault.Reset && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("network %v, %+v: got %v", network, fault, err)
			}
			if taken := len(s.Posts()) > before; taken != fault.Taken {
				t.Errorf("network %v, %+v: taken %v", network, fault, taken)
			}
		}
	}
}

func TestServesOverSockets(t *testing.T) {
	s := &slacksim.Slack{}
	server := httptest.NewServer(s)
	defer server.Close()
	s.Base = server.URL
	to := s.Typed("/crmuser", "kim").Get("response_url")
	if !strings.HasPrefix(to, server.URL+"/commands/"+slacksim.Team+"/") {
		t.Fatalf("got the response URL %s", to)
	}
	go func() {
		reply, err := http.Post(to, "application/json", strings.NewReader(`{"text":"x"}`))
		if err == nil {
			_ = reply.Body.Close()
		}
	}()
	if m, err := s.Await(t.Context(), to); string(m) != `{"text":"x"}` || err != nil {
		t.Errorf("got %s, %v", m, err)
	}
	reply, err := http.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if body, _ := io.ReadAll(reply.Body); reply.StatusCode != 400 {
		t.Errorf("a GET: got %d %s", reply.StatusCode, body)
	}
	secret := to[strings.LastIndexByte(to, '/')+1:]
	for _, c := range s.Calls() {
		if strings.Contains(c.Path, secret) || !strings.HasPrefix(c.Path, "/commands/"+slacksim.Team+"/") {
			t.Errorf("got a call of %s", c.Path)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	s := &slacksim.Slack{BotToken: "xoxb"}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			to := s.Typed("/c", "").Get("response_url")
			go post(t, s, to, asJSON, `{"text":"x"}`)
			if m, err := s.Await(t.Context(), to); string(m) != `{"text":"x"}` || err != nil {
				t.Errorf("got %s, %v", m, err)
			}
			_ = s.AddFault(slacksim.Fault{Path: "/api/", Status: 503})
			s.ClearFaults()
			s.Submitted("V1", "find", nil)
		})
	}
	all.Wait()
	if posts, calls := len(s.Posts()), len(s.Calls()); posts != 20 || calls != 20 {
		t.Errorf("got %d posts of %d calls", posts, calls)
	}
}

func TestRoundTripKnowsItsHosts(t *testing.T) {
	s := &slacksim.Slack{BotToken: "x"}
	for _, to := range []string{"https://example.com/api/auth.test", "http://slack.com/api/auth.test", "https://slack.com/commands/T/1/x"} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", to, nil)
		if reply, err := s.RoundTrip(r); err == nil {
			t.Errorf("%s: got %d", to, reply.StatusCode)
		}
	}
}
