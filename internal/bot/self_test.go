package bot_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/zoho"
)

// inSlack makes the asker somebody of the CRM, and U0OTHERS another.
func (w world) inSlack() world {
	w.slack.People = map[string]slacksim.Person{
		"U0SAMPLE":  {Email: "Generated.00@example.com", TimeZone: "America/Los_Angeles"},
		"U0OTHERS":  {Email: "generated.01@example.com", TimeZone: "Asia/Kolkata"},
		"U0UNKNOWN": {Email: "nobody@example.com"},
		"U0NOMAILS": {},
	}
	return w
}

// spoil gives Slack a bad day.
func (w world) spoil(t *testing.T, f slacksim.Fault) {
	t.Helper()
	if err := w.slack.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// TestWhoAsksForNobodySeesTheirOwnCard.
func TestWhoAsksForNobodySeesTheirOwnCard(t *testing.T) {
	w := withUsers(generated(3)...).inSlack()
	if got := w.ask(t, "/crmuser", " "); !strings.HasPrefix(got, "Generated 00, Generated Head, active.") {
		t.Errorf("got %q", got)
	}
	w = withUsers(zoho.User{ID: "1", FullName: "Generated", Status: "active", Email: "generated@example.com"}).inSlack()
	if got := w.ask(t, "/crmuser", ""); !strings.HasPrefix(got, "I did not find you in Zoho CRM by the e-mail address that you have in Slack. /crmuser: ") {
		t.Errorf("not in the CRM: got %q", got)
	}
	w = withUsers(generated(3)...).inSlack()
	w.slack.Scopes = []string{"commands", "users:read"}
	if got := w.ask(t, "/crmuser", ""); !strings.HasPrefix(got, "/crmuser: ") {
		t.Errorf("without the scope: got %q", got)
	}
}

// TestSlackIsAskedOnceAboutSomebody, also whether it may be.
func TestSlackIsAskedOnceAboutSomebody(t *testing.T) {
	for name, scopes := range map[string][]string{"allowed": nil, "not allowed": {"commands"}} {
		w := withUsers(generated(3)...).inSlack()
		w.slack.Scopes = scopes
		for range 5 {
			w.ask(t, "/crmuser", "generated 01")
			w.ask(t, "/crmuser", "")
		}
		if calls := w.slack.Calls(); len(calls) != 1 {
			t.Errorf("%s: got %d calls", name, len(calls))
		}
	}
}

// TestAMentionIsLookedUpByItsAddress, beside words and filters.
func TestAMentionIsLookedUpByItsAddress(t *testing.T) {
	w := withUsers(generated(3)...).inSlack()
	const unread = "I cannot tell who a mention in Slack is in Zoho CRM."
	for _, test := range []struct{ command, words, want string }{
		{"/crmuser", "<@U0OTHERS>", "Generated 01, "},
		{"/crmuser", "<@U0OTHERS|sample>", "Generated 01, "},
		{"/crmuser", "<@U0UNKNOWN>", "Nobody in Zoho CRM has the e-mail address of <@U0UNKNOWN>."},
		{"/crmuser", "<@U0OTHERS> status:disabled", "Nobody in Zoho CRM matches “@U0OTHERS status:disabled”."},
		{"/crmuser", "<@U0NOMAILS>", unread},
		{"/crmuser", "<@U0STRANGE>", unread},
		{"/crmusers", "<@U0OTHERS> status:active", "1 person matches “@U0OTHERS status:active”"},
	} {
		if got := w.ask(t, test.command, test.words); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %s: got %q, want %q", test.command, test.words, got, test.want)
		}
	}
	for _, word := range []string{"example.com", "U0OTHERS", "U0UNKNOWN"} {
		if strings.Contains(w.log.String(), word) {
			t.Errorf("the log tells %q: %s", word, w.log)
		}
	}
	w = withUsers(generated(3)...).inSlack()
	w.slack.Scopes = []string{"users:read"}
	if got := w.ask(t, "/crmuser", "<@U0OTHERS>"); !strings.HasPrefix(got, unread) {
		t.Errorf("without the scope: got %q", got)
	}
}

// TestACardTellsHowFarTheClocksAreApart, and does not wait for long for that.
func TestACardTellsHowFarTheClocksAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := generated(1)[0]
		u.TimeZone = "Asia/Kolkata"
		w := withUsers(u).inSlack()
		if got := w.ask(t, "/crmuser", "generated"); !strings.Contains(got, "Local time: Sat 05:30, 13 h 30 min ahead.") {
			t.Errorf("got %q", got)
		}
		w = withUsers(u)
		w.spoil(t, slacksim.Fault{Path: "/api/users.info", Hang: true})
		started := time.Now()
		got := w.ask(t, "/crmuser", "generated")
		if took := time.Since(started); !strings.Contains(got, "Local time: Sat 05:30.") || took > 300*time.Millisecond {
			t.Errorf("got %q after %v", got, took)
		}
	})
}

// TestASlowSlackDelaysAMention, which is then looked up by a job.
func TestASlowSlackDelaysAMention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(3)...).inSlack()
		w.spoil(t, slacksim.Fault{Path: "/api/users.info", Hang: true, Times: 1})
		if got := w.ask(t, "/crmuser", "<@U0OTHERS>"); !strings.HasPrefix(got, "Looking in Zoho CRM") || len(*w.jobs) != 1 {
			t.Fatalf("got %q, %d jobs", got, len(*w.jobs))
		}
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		if got := w.slack.Posts(); len(got) != 1 || !strings.HasPrefix(textOf(t, got[0].Body), "Generated 01, ") {
			t.Errorf("got %+v", got)
		}
	})
}

// shown is what a view shows now.
func (w world) shown(t *testing.T, view string) []byte {
	t.Helper()
	shown := w.slack.Shown(view)
	if shown == nil {
		t.Fatalf("%s is not open", view)
	}
	return shown
}

// submit chooses somebody in an open modal.
func (w world) submit(t *testing.T, view, id string) {
	t.Helper()
	w.slack.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return w.do(r).Result(), nil })}
	r, err := w.slack.Interaction(t.Context(), interactivity, w.slack.Submitted(view, "find_person", chosen(id)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.slack.Send(r); err != nil {
		t.Fatal(err)
	}
}

// TestAModalGoesOn from the card that was found to others, and to new searches.
func TestAModalGoesOn(t *testing.T) {
	w := withUsers(generated(12)...).inSlack()
	w.ask(t, "/crmusers", "")
	view := w.opened(t)
	w.submit(t, view, "1003")
	card := w.shown(t, view)
	if !has(card, "Generated 03") || has(card, "Share here") || !has(card, "Refresh") || !strings.Contains(string(card), `"external_select"`) {
		t.Errorf("got %s", card)
	}
	if post := w.press(t, card, "Refresh"); post.Via != "views.update" || post.To != view || !strings.Contains(string(post.Body), "Generated 03") {
		t.Errorf("got %+v", post)
	}
	w.submit(t, view, "1004")
	if got := w.shown(t, view); !has(got, "Generated 04") {
		t.Errorf("got %s", got)
	}
}

// TestAShortcutOnAMessageShowsWhoWroteIt, below the search.
func TestAShortcutOnAMessageShowsWhoWroteIt(t *testing.T) {
	for author, want := range map[string]string{"U0OTHERS": "Generated 01", "U0UNKNOWN": "Nobody in Zoho CRM has", "U0NOMAILS": "I cannot tell who"} {
		w := withUsers(generated(3)...).inSlack()
		if got := w.interact(t, w.slack.MessageShortcut("find_author", author, "Generated words.")); got != "" {
			t.Fatalf("got %s", got)
		}
		posts := w.slack.Posts()
		if len(posts) != 2 || posts[0].Via != "views.open" || posts[1].Via != "views.update" || posts[1].To != posts[0].To {
			t.Fatalf("%s: got %+v", author, posts)
		}
		if got := string(w.shown(t, posts[0].To)); !strings.Contains(got, want) || !strings.Contains(got, `"external_select"`) {
			t.Errorf("%s: got %s", author, got)
		}
		if strings.Contains(w.log.String(), "Generated") {
			t.Errorf("log %s", w.log)
		}
	}
	w := withUsers(generated(3)...).inSlack()
	w.interact(t, w.slack.MessageShortcut("find_author", "", "Of an app."))
	if got := w.slack.Posts(); len(got) != 1 || got[0].Via != "views.open" {
		t.Errorf("an app's message: got %+v", got)
	}
}

// home opens the Home tab and gives what it shows.
func (w world) home(t *testing.T) []byte {
	t.Helper()
	body, err := json.Marshal(w.slack.Event(map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"}))
	if err != nil {
		t.Fatal(err)
	}
	w.post(t, bot.EventsPath, "application/json", string(body))
	for _, job := range *w.jobs {
		if _, err := w.bot.Do(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	*w.jobs = nil
	return w.shown(t, slacksim.HomeTab("U0SAMPLE"))
}

// TestTheHomeTabSearches: it shows the asker's own card, then whose card they
// choose, and its buttons change it.
func TestTheHomeTabSearches(t *testing.T) {
	w := withRoles(generated(3)...).inSlack()
	home := w.home(t)
	if !has(home, "Generated 00") || has(home, "Share here") || !strings.Contains(string(home), "/crmuser kim") {
		t.Errorf("got %s", home)
	}
	typed, err := w.slack.Searched(home, "person", "generated 02")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.interact(t, typed); !strings.Contains(got, `"value":"1002"`) {
		t.Errorf("got %s", got)
	}
	post := w.choose(t, home, "person", "1002")
	if post.Via != "views.publish" || !has(post.Body, "Generated 02") || has(post.Body, "Generated 00") {
		t.Errorf("got %+v, %s", post, post.Body)
	}
	home = w.shown(t, slacksim.HomeTab("U0SAMPLE"))
	if post := w.choose(t, home, "more", "Up the chain"); post.Via != "views.publish" || !strings.Contains(string(post.Body), "Generated 00") {
		t.Errorf("got %+v", post)
	}
}

// TestAHomeTabWithoutACard where Slack does not tell the asker's address, or
// where they may not ask.
func TestAHomeTabWithoutACard(t *testing.T) {
	w := withUsers(generated(3)...)
	if got := string(w.home(t)); strings.Contains(got, "Generated") || !strings.Contains(got, `"external_select"`) || !strings.Contains(got, "/crmuser kim") {
		t.Errorf("without an address: got %s", got)
	}
	w = withUsers(generated(3)...).inSlack()
	w.bot.Access.People = bot.Audience{}
	if got := string(w.home(t)); strings.Contains(got, "Generated") || strings.Contains(got, `"external_select"`) || !strings.Contains(got, "not open to you") {
		t.Errorf("who may not ask: got %s", got)
	}
}

// TestSlackIsAskedForAZoneOnlyWhereACardShowsOne.
func TestSlackIsAskedForAZoneOnlyWhereACardShowsOne(t *testing.T) {
	for status, calls := range map[string]int{"active": 1, "disabled": 0} {
		u := generated(1)[0]
		u.Status, u.TimeZone = status, "Asia/Kolkata"
		w := withUsers(u).inSlack()
		w.ask(t, "/crmuser", "generated")
		if got := len(w.slack.Calls()); got != calls {
			t.Errorf("%s: got %d calls", status, got)
		}
	}
}

// TestSeveralAccountsWithOneAddress are not taken for the asker's own.
func TestSeveralAccountsWithOneAddress(t *testing.T) {
	both := generated(2)
	both[1].Email = both[0].Email
	if got := withUsers(both...).inSlack().ask(t, "/crmuser", ""); !strings.HasPrefix(got, "I did not find you") {
		t.Errorf("got %q", got)
	}
	almost := generated(1)
	almost[0].Email = "generated.01@example.com" // one letter away from the asker's
	if got := withUsers(almost...).inSlack().ask(t, "/crmuser", ""); !strings.HasPrefix(got, "I did not find you") {
		t.Errorf("got %q", got)
	}
}

// TestASlowSlackDelaysTheOwnCard, which a job then shows.
func TestASlowSlackDelaysTheOwnCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(3)...).inSlack()
		w.spoil(t, slacksim.Fault{Path: "/api/users.info", Hang: true, Times: 1})
		if got := w.ask(t, "/crmuser", ""); !strings.HasPrefix(got, "Looking in Zoho CRM") || len(*w.jobs) != 1 {
			t.Fatalf("got %q, %d jobs", got, len(*w.jobs))
		}
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		if got := w.slack.Posts(); len(got) != 1 || !strings.HasPrefix(textOf(t, got[0].Body), "Generated 00, ") {
			t.Errorf("got %+v", got)
		}
	})
}

// TestAShortcutOnAMessageOfWhoMayNotAsk says so, and looks nobody up.
func TestAShortcutOnAMessageOfWhoMayNotAsk(t *testing.T) {
	w := withUsers(generated(3)...).inSlack()
	w.bot.Access.People = bot.Audience{}
	w.interact(t, w.slack.MessageShortcut("find_author", "U0OTHERS", "Generated words."))
	posts := w.slack.Posts()
	if len(posts) != 1 || posts[0].Via != "views.open" || !strings.Contains(string(posts[0].Body), "not open to you") || strings.Contains(string(posts[0].Body), `"external_select"`) {
		t.Errorf("got %+v", posts)
	}
}
