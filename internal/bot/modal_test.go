package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/zoho"
)

const interactivity = "https://bot.example" + bot.InteractivityPath

// interact gives the body of the reply to an interaction.
func (w world) interact(t *testing.T, payload map[string]any) string {
	t.Helper()
	r, err := w.slack.Interaction(t.Context(), interactivity, payload)
	if err != nil {
		t.Fatal(err)
	}
	got := w.do(r)
	if got.Code != http.StatusOK {
		t.Fatalf("got %d %s", got.Code, got.Body)
	}
	return got.Body.String()
}

// chosen is the state of the search modal.
func chosen(id string) map[string]any {
	return map[string]any{"person": map[string]any{"person": map[string]any{
		"type": "external_select", "selected_option": map[string]any{"text": map[string]any{"type": "plain_text", "text": "x"}, "value": id},
	}}}
}

// opened presses the shortcut and gives the id of the modal that it opens.
func (w world) opened(t *testing.T) string {
	t.Helper()
	if got := w.interact(t, w.slack.Shortcut("find_person")); got != "" {
		t.Fatalf("the shortcut got %s", got)
	}
	posts := w.slack.Posts()
	if len(posts) != 1 || posts[0].Via != "views.open" {
		t.Fatalf("got %+v", posts)
	}
	return posts[0].To
}

// TestTheSearchModal from the shortcut to the card, over what is in memory.
func TestTheSearchModal(t *testing.T) {
	w := withUsers(kim, zoho.User{ID: "2", FullName: "Lee", Status: "disabled"})
	if got := w.interact(t, w.slack.Suggestion("person", "k")); got != `{"options":[]}` {
		t.Errorf("without a list of people: got %s", got)
	}
	w.ask(t, "/crmusers", "")
	view := w.opened(t)
	if got := w.interact(t, w.slack.Suggestion("person", "ki")); !strings.Contains(got, `"value":"1"`) || strings.Contains(got, `"value":"2"`) || slacksim.CheckOptions([]byte(got)) != nil {
		t.Errorf("got %s", got)
	}
	if got := w.interact(t, w.slack.Suggestion("person", ":")); got != `{"options":[]}` {
		t.Errorf("nonsense: got %s", got)
	}
	var reply struct {
		ResponseAction string `json:"response_action"`
		View           json.RawMessage
	}
	got := w.interact(t, w.slack.Submitted(view, "find_person", chosen("2")))
	if err := json.Unmarshal([]byte(got), &reply); err != nil || reply.ResponseAction != "update" || slacksim.CheckView(reply.View) != nil || !strings.Contains(got, "Lee") {
		t.Errorf("got %s, %v", got, err)
	}
	if log := w.log.String(); !strings.Contains(log, `"way":"modal"`) || strings.Contains(log, "Lee") {
		t.Errorf("log %s", log)
	}
}

// TestTheModalIsOpenedBeforeAllElse: even where Zoho and the store hang.
func TestTheModalIsOpenedBeforeAllElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Store = &counted{Store: w.bot.People.Store, hang: true}
		w.bot.Access.People = bot.Audience{Groups: []string{"S0MEMBERS"}}
		started := time.Now()
		w.opened(t)
		if took := time.Since(started); took > 0 || len(w.slack.Calls()) != 1 {
			t.Errorf("took %v and %d calls", took, len(w.slack.Calls()))
		}
	})
}

// TestALateModal says that it is looking, and then shows the answer.
func TestALateModal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		view := w.opened(t)
		read := w.bot.People.Read
		w.bot.People.Read = hanging
		if got := w.interact(t, w.slack.Submitted(view, "find_person", chosen("1"))); !strings.Contains(got, "Looking in Zoho CRM") || len(*w.jobs) != 1 {
			t.Fatalf("got %s, %d jobs", got, len(*w.jobs))
		}
		w.bot.People.Read = read
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		posts := w.slack.Posts()
		if last := posts[len(posts)-1]; len(posts) != 2 || last.Via != "views.update" || last.To != view || !strings.Contains(string(last.Body), "Kim") {
			t.Errorf("got %+v", posts)
		}
	})
}

// TestAModalThatWasClosed gets no answer, and nobody tries again.
func TestAModalThatWasClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		read := w.bot.People.Read
		w.bot.People.Read = hanging
		w.interact(t, w.slack.Submitted("V0CLOSED", "find_person", chosen("1")))
		w.bot.People.Read = read
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil || !strings.Contains(w.log.String(), `"outcome":"not delivered"`) {
			t.Errorf("got %v, log %s", err, w.log)
		}
	})
}

// TestTheModalIsForWhoMayAsk: it opens, and offers nobody to others.
func TestTheModalIsForWhoMayAsk(t *testing.T) {
	w := withUsers(kim)
	w.ask(t, "/crmusers", "")
	view := w.opened(t)
	w.bot.Access.People = bot.Audience{Channels: []string{"C0SAMPLE"}}
	if got := w.interact(t, w.slack.Suggestion("person", "kim")); got != `{"options":[]}` {
		t.Errorf("got %s", got)
	}
	if got := w.interact(t, w.slack.Submitted(view, "find_person", chosen("1"))); !strings.Contains(got, "is not open to you here") || strings.Contains(got, "Kim") {
		t.Errorf("got %s", got)
	}
	w.bot.Access.Teams = []string{"T0OTHER"}
	if got := w.interact(t, w.slack.Shortcut("find_person")); got != "" || len(w.slack.Posts()) != 1 {
		t.Errorf("another workspace's shortcut: got %s, %d posts", got, len(w.slack.Posts()))
	}
}

// TestTheModalTellsWhoIsRefused at once, where nobody has to be asked for that.
func TestTheModalTellsWhoIsRefused(t *testing.T) {
	for _, test := range []struct {
		audience bot.Audience
		told     bool
	}{
		{bot.Audience{}, true}, {bot.Audience{Channels: []string{"C0SAMPLE"}}, true}, {bot.Audience{Users: []string{"U0OTHERS"}}, true},
		{bot.Audience{Users: []string{"U0SAMPLE"}}, false}, {bot.Audience{Groups: []string{"S0OTHERS"}}, false}, {bot.Audience{Everyone: true, NoGuests: true}, false},
	} {
		w := withUsers(kim)
		w.bot.Access.People = test.audience
		w.opened(t)
		if told := strings.Contains(string(w.slack.Posts()[0].Body), "not open to you"); told != test.told || told != strings.Contains(w.log.String(), `"refused"`) {
			t.Errorf("%+v: opened %s, log %s", test.audience, w.slack.Posts()[0].Body, w.log)
		}
	}
}

// TestAStrangersButton: somebody of another organisation presses one in a
// shared channel.
func TestAStrangersButton(t *testing.T) {
	for team, served := range map[string]bool{"": true, "T0SAMPLE": true, "T0FOREIGN": false} {
		w := withUsers(kim)
		payload := w.slack.Clicked("ask", "/crmuser kim")
		payload["user"].(map[string]any)["team_id"] = team
		w.interact(t, payload)
		if got := w.posts(t); len(got) != 1 || strings.HasPrefix(got[0], "Kim") != served {
			t.Errorf("%s: got %q", team, got)
		}
	}
}

// TestTheHomeTab shows the commands, once for each event however often Slack
// sends it.
func TestTheHomeTab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		body, err := json.Marshal(w.slack.Event(map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"}))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got := w.post(t, bot.EventsPath, "application/json", string(body)); got.Code != http.StatusOK || got.Body.Len() != 0 {
				t.Errorf("got %d %s", got.Code, got.Body)
			}
		}
		for _, job := range *w.jobs {
			if _, err := w.bot.Do(t.Context(), job); err != nil {
				t.Error(err)
			}
		}
		posts := w.slack.Posts()
		if len(*w.jobs) != 3 || len(posts) != 1 || posts[0].Via != "views.publish" || !strings.Contains(string(posts[0].Body), "/crmuser") {
			t.Errorf("%d jobs, got %+v", len(*w.jobs), posts)
		}
		w.bot.HandOver = func(context.Context, []byte) error { return errors.New("out of order") }
		if got := w.post(t, bot.EventsPath, "application/json", string(body)); got.Code != http.StatusServiceUnavailable {
			t.Errorf("without a hand-over: got %d, and Slack would not send it again", got.Code)
		}
	})
}
