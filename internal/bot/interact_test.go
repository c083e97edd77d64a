package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/zoho"
)

// generated are so many active people with visibly generated names, one in
// three a generated head.
func generated(n int) []zoho.User {
	users := make([]zoho.User, n)
	for i := range users {
		role := zoho.Ref{ID: "20", Name: "Generated Role"}
		if i%3 == 0 {
			role = zoho.Ref{ID: "10", Name: "Generated Head"}
		}
		users[i] = zoho.User{
			ID: fmt.Sprint(1000 + i), FullName: fmt.Sprintf("Generated %02d", i), Email: fmt.Sprintf("generated.%02d@example.com", i),
			Status: "active", Role: role, Profile: zoho.Ref{ID: "30", Name: "Standard"}, Type: "Regular User",
			ModifiedTime: time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC),
		}
	}
	return users
}

// typed gives the answer to a command as Slack gets it.
func (w world) typed(t *testing.T, command, words string) []byte {
	t.Helper()
	r, err := w.slack.Command(t.Context(), at, command, words)
	if err != nil {
		t.Fatal(err)
	}
	got := w.do(r)
	if err := slacksim.CheckMessage(got.Body.Bytes()); got.Code != http.StatusOK || err != nil {
		t.Fatalf("got %d %s: %v", got.Code, got.Body, err)
	}
	return got.Body.Bytes()
}

// posted gives what comes of a payload, which may come in vain.
func (w world) posted(t *testing.T, payload map[string]any, err error) slacksim.Post {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.slack.Posts())
	if got := w.interact(t, payload); got != "" {
		t.Fatalf("got %s", got)
	}
	posts := w.slack.Posts()[before:]
	if len(posts) != 1 {
		t.Fatalf("got %d posts, log %s", len(posts), w.log)
	}
	return posts[0]
}

// press presses the button with a label on what is shown.
func (w world) press(t *testing.T, shown []byte, label string) slacksim.Post {
	t.Helper()
	payload, err := w.slack.Pressed(shown, label)
	return w.posted(t, payload, err)
}

// choose chooses an option of a menu on what is shown.
func (w world) choose(t *testing.T, shown []byte, action, option string) slacksim.Post {
	t.Helper()
	payload, err := w.slack.Selected(shown, action, option)
	return w.posted(t, payload, err)
}

func textOf(t *testing.T, message []byte) string {
	t.Helper()
	var m struct{ Text string }
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	return m.Text
}

func has(shown []byte, label string) bool {
	return strings.Contains(string(shown), `"text":"`+label+`"`)
}

// TestFromAPickListToACardAndBack: each button leads to its own person.
func TestFromAPickListToACardAndBack(t *testing.T) {
	w := withUsers(generated(12)...)
	list := w.typed(t, "/crmuser", "generated")
	if got := textOf(t, list); !strings.HasPrefix(got, "12 people match “generated”: Generated 00 (") || !strings.Contains(got, "and 4 more") {
		t.Fatalf("got %q", got)
	}
	for n := range 8 {
		payload, err := w.slack.PressedNth(list, "Show", n)
		card := w.posted(t, payload, err)
		if got, want := textOf(t, card.Body), fmt.Sprintf("Generated %02d, ", n); !card.Replaced || !strings.HasPrefix(got, want) {
			t.Errorf("button %d: got %q, want %q…", n, got, want)
		}
		back := w.press(t, card.Body, "Back")
		if got := textOf(t, back.Body); !back.Replaced || got != textOf(t, list) {
			t.Errorf("back: got %q", got)
		}
	}
	all := w.press(t, list, "Show all 12")
	if got := textOf(t, all.Body); !strings.HasPrefix(got, "12 people match “generated”, page 1 of 2 (12 active): ") {
		t.Errorf("all: got %q", got)
	}
}

// TestPagesToTheLastAndBack: everybody is on one of the pages, once.
func TestPagesToTheLastAndBack(t *testing.T) {
	w := withUsers(generated(25)...)
	first := w.typed(t, "/crmusers", "generated")
	page := first
	var there []string
	for n := 1; ; n++ {
		text := textOf(t, page)
		if want := fmt.Sprintf(", page %d of 3 (25 active): ", n); !strings.Contains(text, want) {
			t.Fatalf("got %q, want %q", text, want)
		}
		_, people, _ := strings.Cut(text, ": ")
		there = append(there, strings.Split(strings.TrimSuffix(people, "."), "; ")...)
		if has(page, "Previous") != (n > 1) || has(page, "Next") != (n < 3) {
			t.Fatalf("page %d: got %s", n, page)
		}
		if n == 3 {
			break
		}
		page = w.press(t, page, "Next").Body
	}
	seen := map[string]bool{}
	for _, person := range there {
		seen[person] = true
	}
	if len(there) != 25 || len(seen) != 25 {
		t.Errorf("got %d people, %d different ones", len(there), len(seen))
	}
	page = w.press(t, w.press(t, page, "Previous").Body, "Previous").Body
	if got := textOf(t, page); got != textOf(t, first) {
		t.Errorf("back on the first: got %q", got)
	}
	payload, err := w.slack.PressedNth(w.press(t, first, "Next").Body, "Show", 3)
	card := w.posted(t, payload, err)
	if got := textOf(t, w.press(t, card.Body, "Back").Body); !strings.Contains(got, ", page 2 of 3 (") {
		t.Errorf("back from a card: got %q", got)
	}
}

// TestFewerPeopleThanThePageHad: the last page there is comes instead.
func TestFewerPeopleThanThePageHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(25)...)
		second := w.press(t, w.typed(t, "/crmusers", ""), "Next").Body
		w.bot.People.Read = withUsers(generated(12)...).bot.People.Read
		if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); err != nil {
			t.Fatal(err)
		}
		if got := textOf(t, w.press(t, second, "Next").Body); !strings.Contains(got, ", page 2 of 2 (") {
			t.Errorf("got %q", got)
		}
	})
}

// TestFiltersNarrowAListDown, and are taken away again. Words stay.
func TestFiltersNarrowAListDown(t *testing.T) {
	w := withUsers(generated(25)...)
	list := w.typed(t, "/crmusers", "generated status:active")
	heads := w.choose(t, list, "filter:role", "Generated Head (9)")
	if got := textOf(t, heads.Body); !strings.HasPrefix(got, `9 people match “generated status:active role:"Generated Head"” (9 active)`) {
		t.Errorf("got %q", got)
	}
	others := w.choose(t, heads.Body, "filter:role", "Generated Role (16)")
	if got := textOf(t, others.Body); !strings.HasPrefix(got, `16 people match “generated status:active role:"Generated Role"”`) {
		t.Errorf("got %q", got)
	}
	if got := textOf(t, w.choose(t, others.Body, "filter:role", "Any role").Body); !strings.HasPrefix(got, `25 people match “generated status:active”`) {
		t.Errorf("got %q", got)
	}
}

// TestCountsLeadToThePeople by a select.
func TestCountsLeadToThePeople(t *testing.T) {
	w := withUsers(generated(25)...)
	counts := w.typed(t, "/crmusers", "by role status:active")
	if got := textOf(t, counts); got != "25 people by role: Generated Role: 16; Generated Head: 9." {
		t.Errorf("got %q", got)
	}
	if got := textOf(t, w.choose(t, counts, "filter:role", "Generated Head (9)").Body); !strings.HasPrefix(got, "9 people match “status:active role:") {
		t.Errorf("got %q", got)
	}
}

// asking counts how often a directory asks Zoho what has changed.
func (w world) asking(calls *int, err *error) {
	changed := w.bot.People.Changed
	w.bot.People.Changed = func(ctx context.Context, t zoho.UserType, since time.Time) iter.Seq2[zoho.User, error] {
		*calls++
		if *err != nil {
			return func(yield func(zoho.User, error) bool) { yield(zoho.User{}, *err) }
		}
		return changed(ctx, t, since)
	}
}

// TestRefreshAsksZoho at most once a minute, also where answers may be older.
func TestRefreshAsksZoho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(1)...)
		w.bot.People.FreshFor = time.Hour
		calls, err := 0, error(nil)
		w.asking(&calls, &err)
		card := w.typed(t, "/crmuser", "generated")
		for range 3 {
			card = w.press(t, card, "Refresh").Body
		}
		if calls != 0 {
			t.Errorf("within the minute: got %d calls", calls)
		}
		time.Sleep(61 * time.Second)
		w.typed(t, "/crmuser", "generated")
		if calls != 0 {
			t.Errorf("a question: got %d calls", calls)
		}
		for range 3 {
			card = w.press(t, card, "Refresh").Body
		}
		if got := textOf(t, card); calls != 1 || !strings.HasPrefix(got, "Generated 00, ") {
			t.Errorf("after a minute: got %d calls, %q", calls, got)
		}
	})
}

// TestRefreshSaysWhenZohoDoesNotAnswer, and shows what is known.
func TestRefreshSaysWhenZohoDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(1)...)
		calls, err := 0, error(nil)
		w.asking(&calls, &err)
		card := w.typed(t, "/crmuser", "generated")
		time.Sleep(2 * time.Minute)
		err = zoho.ErrUnavailable
		got := textOf(t, w.press(t, card, "Refresh").Body)
		if !strings.HasPrefix(got, "Generated 00, ") || !strings.HasSuffix(got, "This is 2 minutes old: Zoho CRM cannot be reached right now.") {
			t.Errorf("got %q", got)
		}
	})
}

// TestASlowRefreshFollows by a job, which makes do with what is known.
func TestASlowRefreshFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(1)...)
		card := w.typed(t, "/crmuser", "generated")
		time.Sleep(2 * time.Minute)
		w.bot.People.Changed = func(ctx context.Context, _ zoho.UserType, _ time.Time) iter.Seq2[zoho.User, error] {
			return func(yield func(zoho.User, error) bool) {
				<-ctx.Done()
				yield(zoho.User{}, ctx.Err())
			}
		}
		payload, err := w.slack.Pressed(card, "Refresh")
		if err != nil {
			t.Fatal(err)
		}
		w.interact(t, payload)
		if len(*w.jobs) != 1 || len(w.slack.Posts()) != 0 {
			t.Fatalf("got %d jobs, %d posts", len(*w.jobs), len(w.slack.Posts()))
		}
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		posts := w.slack.Posts()
		if len(posts) != 1 || !posts[0].Replaced || !strings.Contains(textOf(t, posts[0].Body), "This is 3 minutes old: Zoho CRM did not answer in time.") {
			t.Errorf("got %+v", posts)
		}
	})
}

// TestSharingACard posts it for everybody, with who did and without numbers.
func TestSharingACard(t *testing.T) {
	u := generated(1)[0]
	u.Phone, u.Mobile = "+1 555 0100", "+1 555 0101"
	w := withUsers(u)
	card := w.typed(t, "/crmuser", "generated")
	shared := w.press(t, card, "Share here")
	body := string(shared.Body)
	if !shared.InChannel || shared.Replaced || !strings.HasPrefix(textOf(t, shared.Body), "Shared by <@U0SAMPLE>: Generated 00, ") || !strings.Contains(body, `"user_id":"U0SAMPLE"`) {
		t.Errorf("got %+v, %s", shared, body)
	}
	if !strings.Contains(string(card), "555 010") || strings.Contains(body, "555 010") || strings.Contains(body, "555010") || strings.Contains(body, `"type":"button"`) {
		t.Errorf("got %s", body)
	}
	w.bot.Access.People = bot.Audience{Channels: []string{"C0OTHERS"}}
	refused := w.press(t, card, "Share here")
	if got := textOf(t, refused.Body); refused.InChannel || !strings.Contains(got, "not open to you") {
		t.Errorf("who may not: got %+v, %q", refused, got)
	}
}

// withRoles gives a CRM with a role tree: heads above all others.
func withRoles(users ...zoho.User) world {
	w := withUsers(users...)
	w.bot.People.Roles = func(context.Context) ([]zoho.Role, error) {
		return []zoho.Role{{ID: "10", Name: "Generated Head"}, {ID: "20", Name: "Generated Role", ReportingTo: zoho.Ref{ID: "10"}}}, nil
	}
	w.bot.People.Org = func(context.Context) (zoho.Org, error) { return zoho.Org{DomainName: "org808232144"}, nil }
	w.bot.UserPage = "https://crm.zoho.com/crm/{org}/settings/users/{id}"
	if _, err := w.bot.Do(context.Background(), []byte(`{"job":"directory-sync"}`)); err != nil {
		panic(err)
	}
	return w
}

// TestUpAndDownTheRoleTree from card to card.
func TestUpAndDownTheRoleTree(t *testing.T) {
	w := withRoles(generated(3)...)
	card := w.typed(t, "/crmuser", "generated 01")
	if got := textOf(t, card); !strings.Contains(got, " Reports to: Generated 00, by role.") {
		t.Errorf("got %q", got)
	}
	chain := w.choose(t, card, "more", "Up the chain")
	if got := textOf(t, chain.Body); !strings.HasPrefix(got, "Who Generated 01 reports to: Generated 00 (Generated Head, active, generated.00@example.com, by role).") {
		t.Errorf("got %q", got)
	}
	if got := textOf(t, w.press(t, chain.Body, "Back").Body); got != textOf(t, card) {
		t.Errorf("back: got %q", got)
	}
	head := w.press(t, chain.Body, "Show")
	team := w.choose(t, head.Body, "more", "Who do they manage?")
	if got := textOf(t, team.Body); !strings.HasPrefix(got, "2 people report to Generated 00 (2 active): Generated 01 (") || !strings.Contains(got, "Generated 02 (") {
		t.Errorf("got %q", got)
	}
	if got := textOf(t, w.press(t, team.Body, "Back").Body); !strings.HasPrefix(got, "Generated 00, ") {
		t.Errorf("back: got %q", got)
	}
}

// TestOpeningAPageInZohoWantsNothing, whether by a menu or by a button.
func TestOpeningAPageInZohoWantsNothing(t *testing.T) {
	w := withRoles(generated(3)...)
	menu, err := w.slack.Selected(w.typed(t, "/crmuser", "generated 01"), "more", "Open in Zoho CRM")
	if err != nil {
		t.Fatal(err)
	}
	lonely := withRoles(generated(1)...)
	button, err := lonely.slack.Pressed(lonely.typed(t, "/crmuser", "generated"), "Open in Zoho CRM")
	if err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string]map[string]any{"menu": menu, "button": button} {
		data, _ := json.Marshal(payload)
		if got := w.interact(t, payload); got != "" || len(w.slack.Posts()) != 0 || !strings.Contains(string(data), "https://crm.zoho.com/crm/org808232144/settings/users/100") {
			t.Errorf("%s: got %q, %d posts, from %s", name, got, len(w.slack.Posts()), data)
		}
	}
}

// TestWhatAButtonAsksMayBeOver: of another version, or about somebody who left.
func TestWhatAButtonAsksMayBeOver(t *testing.T) {
	w := withUsers(generated(1)...)
	for name, want := range map[string]string{
		`{"command":"/crmuser","what":"holidays","person":"1000"}`: "I do not know this button any more.",
		`{"command":"/crmuser","what":"team"}`:                     "I do not know this button any more.",
		`{"broken`:                                                 "I do not know this button any more.",
		"":                                                         "I do not know this button any more.",
		`{"command":"/crmuser","person":"2000"}`:                   "That person is no longer in Zoho CRM.",
		"/crmuser generated":                                       "Generated 00, ",
	} {
		got := w.posted(t, w.slack.Clicked("ask", name), nil)
		if text := textOf(t, got.Body); !got.Replaced || !strings.HasPrefix(text, want) {
			t.Errorf("%s: got %q, want %q", name, text, want)
		}
	}
	if got := w.posted(t, w.slack.Clicked("gone", "x"), nil); !strings.HasPrefix(textOf(t, got.Body), "I do not know this button") {
		t.Errorf("got %s", got.Body)
	}
}

// TestAdminsOverPages with their cards, and what counts as one.
func TestAdminsOverPages(t *testing.T) {
	w := withUsers(generated(20)...)
	first := w.typed(t, "/crmadmins", "")
	if got := textOf(t, first); !strings.HasPrefix(got, "20 admins in Zoho CRM, page 1 of 2 (20 active, ") || strings.Contains(got, "more.") {
		t.Errorf("got %q", got)
	}
	second := w.press(t, first, "Next")
	card := w.choose(t, second.Body, "show", "Generated 19 · Generated Role")
	if got := textOf(t, card.Body); !strings.HasPrefix(got, "Generated 19, ") {
		t.Errorf("got %q", got)
	}
	back := w.press(t, card.Body, "Back")
	if got := textOf(t, back.Body); got != textOf(t, second.Body) {
		t.Errorf("back: got %q", got)
	}
	rules := w.press(t, back.Body, "What counts?")
	if got := textOf(t, rules.Body); !strings.HasPrefix(got, "An admin is whoever Zoho lists as one") {
		t.Errorf("got %q", got)
	}
	if got := textOf(t, w.press(t, rules.Body, "Back").Body); got != textOf(t, second.Body) {
		t.Errorf("back from the rules: got %q", got)
	}
}

// TestErrorsKeepTheWayBack: what was asked can be gone back to.
func TestErrorsKeepTheWayBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(12)...)
		card := w.posted(t, func() map[string]any {
			payload, err := w.slack.PressedNth(w.typed(t, "/crmuser", "generated"), "Show", 0)
			if err != nil {
				t.Fatal(err)
			}
			return payload
		}(), nil)
		w.bot.People = &directory.Directory{Read: func(context.Context, zoho.UserType) ([]zoho.User, error) { return nil, errors.New("out of order") }, Store: w.bot.Claims, Log: w.bot.Log}
		failed := w.press(t, card.Body, "Refresh")
		if !has(failed.Body, "Try again") || !has(failed.Body, "Back") {
			t.Errorf("got %s", failed.Body)
		}
	})
}

// TestWhatSlackWouldRefuseGoesAsText: here a link that a setting spoils.
func TestWhatSlackWouldRefuseGoesAsText(t *testing.T) {
	w := withUsers(generated(1)...)
	w.bot.UserPage = "nowhere://{id}"
	card := string(w.typed(t, "/crmuser", "generated"))
	if !strings.Contains(card, "Generated 00, ") || strings.Contains(card, `"blocks"`) {
		t.Errorf("got %s", card)
	}
	if log := w.log.String(); !strings.Contains(log, "answer that Slack would refuse") || strings.Contains(log, "Generated") || strings.Contains(log, "nowhere") {
		t.Errorf("log %s", log)
	}
}

// TestAPageInZohoNeedsAnAddress that is one, of a person with an id of digits.
func TestAPageInZohoNeedsAnAddress(t *testing.T) {
	for _, test := range []struct {
		page, org, id string
		linked        bool
	}{
		{"https://crm.zoho.com/crm/{org}/settings/users/{id}", "org808232144", "1000", true},
		{"https://crm.zoho.com/crm/{org}/settings/users/{id}", "", "1000", false},
		{"https://crm.zoho.com/crm/{org}/settings/users/{id}", "org/../x", "1000", false},
		{"https://crm.zoho.com/crm/{org}/settings/users/{id}", "org808232144", "10/00", false},
		{"https://crm.zoho.com/users/{id}", "", "1000", true},
		{"", "org808232144", "1000", false},
	} {
		u := generated(1)[0]
		u.ID = test.id
		w := withUsers(u)
		w.bot.UserPage = test.page
		w.bot.People.Org = func(context.Context) (zoho.Org, error) { return zoho.Org{DomainName: test.org}, nil }
		if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
			t.Fatal(err)
		}
		if card := w.typed(t, "/crmuser", "generated"); has(card, "Open in Zoho CRM") != test.linked {
			t.Errorf("%+v: got %s", test, card)
		}
	}
}

// TestWhatACardIsToldByTheBot: that numbers are no links, and that it is to say
// how old it is.
func TestWhatACardIsToldByTheBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := generated(1)[0]
		u.Phone = "+1 555 0100"
		w := withUsers(u)
		if card := string(w.typed(t, "/crmuser", "generated")); !strings.Contains(card, "tel:+15550100") {
			t.Errorf("got %s", card)
		}
		w.bot.PlainPhones = true
		if card := string(w.typed(t, "/crmuser", "generated")); strings.Contains(card, "tel:") || !strings.Contains(card, "+1 555 0100") {
			t.Errorf("got %s", card)
		}
		u.FullName, u.Email = strings.TrimSpace(strings.Repeat("Generated ", 6)), strings.Repeat("g", 50)+"@example.com"
		u.Role.Name, u.TimeZone, u.City = strings.Repeat("Role ", 7), "Asia/Kolkata", "Generated City"
		w = withUsers(u)
		fresh := string(w.typed(t, "/crmuser", "generated"))
		w.bot.People.Changed = withUsersFailing
		time.Sleep(2 * time.Hour)
		if stale := string(w.typed(t, "/crmuser", "generated")); strings.Count(fresh, "Generated City") != 2 || strings.Count(stale, "Generated City") != 1 {
			t.Errorf("got %s, then %s", fresh, stale)
		}
	})
}

// withUsersFailing is a CRM that cannot be reached.
func withUsersFailing(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
	return func(yield func(zoho.User, error) bool) { yield(zoho.User{}, zoho.ErrUnavailable) }
}

// TestATypingErrorIsASuggestion, never a card; and nobody at all is no error.
func TestATypingErrorIsASuggestion(t *testing.T) {
	w := withUsers(generated(1)...)
	if got := textOf(t, w.typed(t, "/crmuser", "generatedd")); !strings.HasPrefix(got, "Nobody in Zoho CRM matches “generatedd”. Did you mean this person? Generated 00 (") {
		t.Errorf("got %q", got)
	}
	w = withUsers()
	if got := textOf(t, w.typed(t, "/crmusers", "")); got != "Zoho CRM has no users." {
		t.Errorf("got %q", got)
	}
}

// TestAShareShowsUpTwiceAtMost, where no post gets a reply.
func TestAShareShowsUpTwiceAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(1)...)
		payload, err := w.slack.Pressed(w.typed(t, "/crmuser", "generated"), "Share here")
		if err != nil {
			t.Fatal(err)
		}
		w.spoil(t, slacksim.Fault{Path: "/actions/", Taken: true, Reset: true})
		w.interact(t, payload)
		for range 3 {
			for _, job := range *w.jobs {
				_, _ = w.bot.Do(t.Context(), job)
			}
		}
		if n := len(w.slack.Posts()); n != 2 {
			t.Errorf("shared %d times", n)
		}
	})
}

// TestTheWayBackLeadsOverMenus to the list that it all began with.
func TestTheWayBackLeadsOverMenus(t *testing.T) {
	w := withRoles(generated(12)...)
	payload, err := w.slack.PressedNth(w.typed(t, "/crmuser", "generated"), "Show", 1)
	card := w.posted(t, payload, err)
	chain := w.choose(t, card.Body, "more", "Up the chain")
	again := w.press(t, chain.Body, "Back")
	if got := textOf(t, w.press(t, again.Body, "Back").Body); !strings.HasPrefix(got, "12 people match “generated”") {
		t.Errorf("got %q", got)
	}
}

// TestACardIsForWhoMayAskForPeople, whichever command a value names.
func TestACardIsForWhoMayAskForPeople(t *testing.T) {
	w := withUsers(generated(1)...)
	for _, command := range []string{"/crmstatus", "/crmadmins", "/crmusers"} {
		got := w.posted(t, w.slack.Clicked("ask", `{"command":"`+command+`","person":"1000"}`), nil)
		if text := textOf(t, got.Body); !strings.HasPrefix(text, "I do not know this button any more.") {
			t.Errorf("%s: got %q", command, text)
		}
	}
}

// TestTheTeamOfSomebodyWithoutAName is not taken for everybody.
func TestTheTeamOfSomebodyWithoutAName(t *testing.T) {
	users := generated(3)
	users[0].FullName, users[0].Alias = "", "generated-head"
	w := withRoles(users...)
	got := w.posted(t, w.slack.Clicked("ask", `{"command":"/crmuser","what":"team","person":"1000"}`), nil)
	if text := textOf(t, got.Body); !strings.HasPrefix(text, "2 people report to generated-head (") {
		t.Errorf("got %q", text)
	}
}
