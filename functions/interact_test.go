package functions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
)

// sampleUser is the first of Zoho's documented sample, who asks in these tests.
const sampleUser = "patricia.a+us@zohotest.com"

// inSlack gives the asker, and somebody else, the addresses of two of the sample.
func (s *stack) inSlack() {
	s.slack.People = map[string]slacksim.Person{
		slacksim.User: {Email: sampleUser, TimeZone: "Asia/Kolkata"},
		"U0OTHERS":    {Email: "kim@gmail.com", TimeZone: "Europe/Berlin"},
	}
}

// typed gives the first reply to a command.
func (s *stack) typed(t *testing.T, command, words string) []byte {
	t.Helper()
	reply, err := s.slack.Ask(t.Context(), s.gateway.URL+"/slack/commands", command, words)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// try sends what somebody does with what is shown, if they can.
func (s *stack) try(t *testing.T) func(payload map[string]any, err error) []byte {
	return func(payload map[string]any, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s.interact(t, payload)
	}
}

// does is try for what something comes of: it gives the last post.
func (s *stack) does(t *testing.T) func(payload map[string]any, err error) slacksim.Post {
	return func(payload map[string]any, err error) slacksim.Post {
		t.Helper()
		before := len(s.slack.Posts())
		s.try(t)(payload, err)
		s.idle(t)
		posts := s.slack.Posts()
		if len(posts) == before {
			t.Fatalf("nothing came, log %s", s.told())
		}
		return posts[len(posts)-1]
	}
}

func (s *stack) press(t *testing.T, shown []byte, label string) slacksim.Post {
	t.Helper()
	return s.does(t)(s.slack.Pressed(shown, label))
}

// show presses the nth button that shows a person, from zero.
func (s *stack) show(t *testing.T, shown []byte, n int) slacksim.Post {
	t.Helper()
	return s.does(t)(s.slack.PressedNth(shown, "Show", n))
}

func (s *stack) choose(t *testing.T, shown []byte, action, option string) slacksim.Post {
	t.Helper()
	return s.does(t)(s.slack.Selected(shown, action, option))
}

// says fails unless a message begins so.
func says(t *testing.T, message []byte, want string) {
	t.Helper()
	if got := textOf(t, message); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q…", got, want)
	}
}

// TestFromAListToACardAndOn over the documented sample: to the card and back,
// up and down the role tree, into the channel.
func TestFromAListToACardAndOn(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.inSlack()
	s.coldStart(t, map[string]string{"CRMWHO_USER_PAGE": userPage})
	s.sync(t, "directory-sync.json")
	picks := s.typed(t, "/crmuser", "patricia")
	says(t, picks, "9 people match “patricia”: Patricia Boyle (CEO, active, "+sampleUser+"); patricia krishnan (CEO, invitation pending, ")
	picked := s.show(t, picks, 1)
	says(t, picked.Body, "Invitation pending: patricia krishnan, CEO. E-mail: ceo@zooho.com.")
	if back := s.press(t, picked.Body, "Back"); !picked.Replaced || !back.Replaced || textOf(t, back.Body) != textOf(t, picks) {
		t.Errorf("back to the pick list: got %s", back.Body)
	}
	list := s.typed(t, "/crmuser", "sales")
	says(t, list, "Nobody in Zoho CRM matches “sales”. Did you mean /crmusers role:sales?")
	sales := s.press(t, list, "Yes")
	says(t, sales.Body, "4 people match “role:sales” (4 active): Kim (")
	card := s.show(t, sales.Body, 0)
	says(t, card.Body, "Invitation pending: Kim, Sales Representative. E-mail: kim@gmail.com. Profile: Standard. Reports to: CEO (3 people), by role.")
	if back := s.press(t, card.Body, "Back"); !back.Replaced || textOf(t, back.Body) != textOf(t, sales.Body) {
		t.Errorf("back: got %s", back.Body)
	}
	chain := s.choose(t, card.Body, "more", "Up the chain")
	says(t, chain.Body, "Who Kim reports to: CEO: 3 people, by role, Patricia Boyle, ")
	boss := s.show(t, chain.Body, 0)
	says(t, boss.Body, "Patricia Boyle, CEO, active.")
	team := s.choose(t, boss.Body, "more", "Who do they manage?")
	says(t, team.Body, "9 people report to Patricia Boyle (7 active, 1 disabled, 1 deleted): COQL (")
	says(t, s.press(t, team.Body, "Back").Body, "Patricia Boyle, CEO, active.")
	before := len(s.slack.Posts())
	s.try(t)(s.slack.Selected(boss.Body, "more", "Open in Zoho CRM"))
	if len(s.slack.Posts()) != before || !strings.Contains(string(boss.Body), "/crm/org808232144/settings/users/5725767000000411001\"") {
		t.Errorf("a link wants something, or leads elsewhere: %s", boss.Body)
	}
	shared := s.press(t, boss.Body, "Share here")
	says(t, shared.Body, "Shared by <@U0SAMPLE>: Patricia Boyle, CEO, active.")
	named := strings.Contains(string(shared.Body), `{"type":"user","user_id":"U0SAMPLE"}`)
	if shared.Replaced || !shared.InChannel || !named || !strings.Contains(string(boss.Body), "123456789") || strings.Contains(string(shared.Body), "123456789") {
		t.Errorf("got %+v, %s", shared, shared.Body)
	}
	s.tellsNothing(t, "Patricia", "kim@gmail.com", "Kim", "sales", "U0SAMPLE", "zohotest")
}

// userPage lets cards link to the CRM.
const userPage = "https://crm.zoho.com/crm/{org}/settings/users/{id}"

// TestPagesOfAnOrganisation: everybody stands on one of them.
func TestPagesOfAnOrganisation(t *testing.T) {
	const people, pages = 300, 30
	org := zohosim.Generate(people, 0)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &org}))
	page := s.typed(t, "/crmusers", "")
	first := textOf(t, page)
	seen := map[string]bool{}
	for n := 1; ; n++ {
		text := textOf(t, page)
		if place := fmt.Sprintf("age %d of %d", n, pages); !strings.Contains(text, ", p"+place+" (") || !strings.Contains(string(page), `"P`+place+" · read ") {
			t.Fatalf("page %d: got %s", n, page)
		}
		_, listed, _ := strings.Cut(text, "): ")
		for person := range strings.SplitSeq(listed, "; ") {
			seen[person] = true
		}
		if n == pages {
			break
		}
		page = s.press(t, page, "Next").Body
	}
	if _, err := s.slack.Pressed(page, "Next"); err == nil || len(seen) != people {
		t.Errorf("the last page leads on, or %d people of %d", len(seen), people)
	}
	for range pages - 1 {
		page = s.press(t, page, "Previous").Body
	}
	if got := textOf(t, page); got != first {
		t.Errorf("back on the first: got %q", got)
	}
}

// TestFiltersNarrowAList and its pages, are taken away again, and follow from counts.
func TestFiltersNarrowAList(t *testing.T) {
	org := zohosim.Generate(300, 0)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &org}))
	agents := s.choose(t, s.press(t, s.typed(t, "/crmusers", ""), "Next").Body, "filter:role", "Service Agent (57)")
	says(t, agents.Body, `57 people match “role:"Service Agent"”, page 1 of 6 (`)
	second := s.press(t, agents.Body, "Next")
	says(t, second.Body, `57 people match “role:"Service Agent"”, page 2 of 6 (`)
	owners := s.choose(t, second.Body, "filter:profile", "System Owners (2)")
	says(t, owners.Body, `2 people match “role:"Service Agent" profile:"System Owners"” (2 active): `)
	says(t, s.choose(t, owners.Body, "filter:role", "Any role").Body, `5 people match “profile:"System Owners"” (5 active): `)
	says(t, s.choose(t, second.Body, "filter:type", "Sandbox Developer User (1)").Body, `1 person matches “role:"Service Agent" type:"Sandbox Developer User"”`)
	counts := s.typed(t, "/crmusers", "by role")
	says(t, counts, "300 people by role: Administrator: 57 (50 active); Sales Representative: 57 (49 active); ")
	says(t, s.choose(t, counts, "filter:role", "VP Service (3)").Body, `3 people match “role:"VP Service"” (3 active): `)
}

// TestARefreshSeesWhatChanged since the list was read, and asks Zoho at most
// once a minute.
func TestARefreshSeesWhatChanged(t *testing.T) {
	crm := zohosim.New(zohosim.Config{})
	s := connected(t, crm)
	s.sync(t, "directory-sync.json")
	s.aged(t, 2*time.Minute)
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1h"})
	card := s.typed(t, "/crmuser", "kim")
	if err := crm.DisableUser("5725767000000583032"); err != nil {
		t.Fatal(err)
	}
	says(t, s.typed(t, "/crmuser", "kim"), "Invitation pending: Kim")
	refreshed := s.press(t, card, "Refresh")
	says(t, refreshed.Body, "Disabled: Kim")
	asked := s.zoho.Count(zohosim.UsersCall)
	says(t, s.press(t, refreshed.Body, "Refresh").Body, "Disabled: Kim")
	says(t, s.typed(t, "/crmuser", "kim"), "Disabled: Kim")
	if again := s.zoho.Count(zohosim.UsersCall) - asked; again != 0 {
		t.Errorf("%d calls within the minute", again)
	}
}

// aged makes the stored list older.
func (s *stack) aged(t *testing.T, by time.Duration) {
	t.Helper()
	stored, err := s.bucket.GetObject(bucket, "directory/snapshot", nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(stored.Contents)
	if err != nil {
		t.Fatal(err)
	}
	list, err := directory.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	list.At = list.At.Add(-by)
	if data, err = list.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bucket.DeleteObject(bucket, "directory/snapshot"); err != nil { // its checksum would stay
		t.Fatal(err)
	}
	if _, err := s.bucket.PutObject(bucket, "directory/snapshot", map[string]string{}, bytes.NewReader(data), int64(len(data)), nil); err != nil {
		t.Fatal(err)
	}
}

// TestSearchingWithoutTyping a command: in the modal of both shortcuts, and in
// the Home tab.
func TestSearchingWithoutTyping(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.inSlack()
	s.sync(t, "directory-sync.json")
	opened := s.does(t)(s.slack.Shortcut("find_person"), nil)
	modal := func() []byte { return s.slack.Shown(opened.To) }
	id := s.idOf(t, modal(), "oliv")
	s.interact(t, s.slack.Submitted(opened.To, "find_person", chosenPerson(id)))
	if shown := string(modal()); !strings.Contains(shown, "oliver@aaa.com") || strings.Contains(shown, "Share here") {
		t.Errorf("got %s", shown)
	}
	if post := s.press(t, modal(), "Refresh"); post.Via != "views.update" || !strings.Contains(string(post.Body), "oliver@aaa.com") {
		t.Errorf("got %+v", post)
	}
	author := s.does(t)(s.slack.MessageShortcut("find_author", "U0OTHERS", "Generated words."), nil)
	if author.Via != "views.update" || !strings.Contains(string(author.Body), "kim@gmail.com") {
		t.Errorf("got %+v", author)
	}
	s.event(t, map[string]any{"type": "app_home_opened", "tab": "home", "user": slacksim.User})
	s.idle(t)
	home := s.slack.Shown(slacksim.HomeTab(slacksim.User))
	if !strings.Contains(string(home), sampleUser) {
		t.Fatalf("got %s", home)
	}
	if post := s.choose(t, home, "person", s.idOf(t, home, "oliv")); post.Via != "views.publish" || !strings.Contains(string(post.Body), "oliver@aaa.com") || strings.Contains(string(post.Body), sampleUser) {
		t.Errorf("got %+v", post)
	}
	s.tellsNothing(t, "oliver@aaa.com", "Oliver", "oliv\"", "kim@gmail.com", "Generated words", "U0OTHERS")
}

// idOf is the id of the only one whom somebody finds by typing into what is shown.
func (s *stack) idOf(t *testing.T, shown []byte, typed string) string {
	t.Helper()
	var found struct{ Options []struct{ Value string } }
	if reply := s.try(t)(s.slack.Searched(shown, "person", typed)); json.Unmarshal(reply, &found) != nil || len(found.Options) != 1 {
		t.Fatalf("got %s", reply)
	}
	return found.Options[0].Value
}

func chosenPerson(id string) map[string]any {
	return map[string]any{"person": map[string]any{"person": map[string]any{
		"type": "external_select", "selected_option": map[string]any{"text": map[string]any{"type": "plain_text", "text": "x"}, "value": id},
	}}}
}

// TestWhoTheAskerIs: their own card, the distance of the clocks, and whom they
// mention; with less from Slack, less is said.
func TestWhoTheAskerIs(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.inSlack()
	says(t, s.typed(t, "/crmuser", ""), "Patricia Boyle, CEO, active. E-mail: "+sampleUser)
	says(t, s.typed(t, "/crmuser", "<@U0OTHERS>"), "Invitation pending: Kim")
	if got := textOf(t, s.typed(t, "/crmuser", "kim")); !strings.Contains(got, " behind.") {
		t.Errorf("got %q", got)
	}
	s.slack.Scopes = []string{"commands"}
	s.coldStart(t, nil)
	says(t, s.typed(t, "/crmuser", ""), "/crmuser: ")
	says(t, s.typed(t, "/crmuser", "<@U0OTHERS>"), "I cannot tell who a mention in Slack is")
	if got := textOf(t, s.typed(t, "/crmuser", "kim")); strings.Contains(got, " behind.") || !strings.Contains(got, "Local time: ") {
		t.Errorf("got %q", got)
	}
}

// TestAdminsAsTheDeployerCountsThem.
func TestAdminsAsTheDeployerCountsThem(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.coldStart(t, map[string]string{"CRMWHO_ADMIN_PROFILES": "asd", "CRMWHO_ADMIN_DOMAINS": "example.com", "CRMWHO_ADMIN_FLAGS_OFF": "twice"})
	s.sync(t, "directory-sync.json")
	admins := s.typed(t, "/crmadmins", "")
	says(t, admins, "2 admins in Zoho CRM (2 active, 2 flagged, 2 outside the allowed domains, 1 custom profile): ")
	rules := textOf(t, s.typed(t, "/crmadmins", "rules"))
	if !strings.Contains(rules, "So are those with these profiles: asd.") || !strings.Contains(rules, "Two accounts?: Switched off.") {
		t.Errorf("got %q", rules)
	}
	pressed := s.press(t, admins, "What counts?")
	says(t, pressed.Body, rules)
	says(t, s.press(t, pressed.Body, "Back").Body, textOf(t, admins))
	says(t, s.choose(t, admins, "show", "COQL · Manager 1").Body, "COQL, Manager 1, active.")
	says(t, s.typed(t, "/crmusers", "by profile"), "15 people by profile: Standard: 13 (")
}

// TestLessScopesSayLess, and fail nobody.
func TestLessScopesSayLess(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{Scopes: []string{"ZohoCRM.users.READ"}}))
	s.coldStart(t, map[string]string{"CRMWHO_USER_PAGE": userPage, "CRMWHO_ADMIN_PROFILES": "asd", "CRMWHO_ADMIN_DOMAINS": "example.com", "CRMWHO_ADMIN_FLAGS_OFF": "twice"})
	s.sync(t, "directory-sync.json")
	for name, status := range map[string]string{"kim": "Invitation pending: Kim", "boyle": "Patricia Boyle, CEO, active."} {
		card := s.typed(t, "/crmuser", name)
		says(t, card, status)
		says(t, s.press(t, card, "Refresh").Body, status)
		for _, more := range []string{"Reports to", "Who do they manage?", "Up the chain", "Open in Zoho CRM"} {
			if strings.Contains(string(card), more) {
				t.Errorf("%s: %q in %s", name, more, card)
			}
		}
	}
	says(t, s.typed(t, "/crmadmins", ""), "2 admins in Zoho CRM (2 active, 2 flagged, 2 outside the allowed domains): ")
	says(t, s.typed(t, "/crmusers", "by role"), "15 people by role: CEO: 6 (3 active); ")
	told := s.told()
	if strings.Count(told, "organisation not open to the grant") != 3 || strings.Contains(told, `"level":"ERROR"`) {
		t.Errorf("log %s", told)
	}
}

// TestNothingPersonalIsLoggedOfWhatIsPressed, chosen, searched and shared,
// whether it goes well or Slack or Zoho fails meanwhile.
func TestNothingPersonalIsLoggedOfWhatIsPressed(t *testing.T) {
	organisation, canaries := zohosim.Canary(250)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &organisation}))
	s.slack.People = map[string]slacksim.Person{}
	for n, id := range []string{slacksim.User, "U0OTHERS"} {
		var somebody struct{ Email string }
		if err := json.Unmarshal(organisation.Users[n], &somebody); err != nil {
			t.Fatal(err)
		}
		s.slack.People[id] = slacksim.Person{Email: somebody.Email, TimeZone: "Asia/Kolkata"}
	}
	s.sync(t, "directory-sync.json")
	list := s.typed(t, "/crmusers", "canary")
	card := s.show(t, list, 0).Body
	modal := s.does(t)(s.slack.Shortcut("find_person"), nil).To
	s.event(t, map[string]any{"type": "app_home_opened", "tab": "home", "user": slacksim.User})
	s.idle(t)
	id := s.idOf(t, s.slack.Shown(modal), s.slack.People["U0OTHERS"].Email)
	try := s.try(t)
	everything := func() {
		for command, words := range map[string]string{"/crmuser": "<@U0OTHERS>", "/crmusers": "by role " + canaryWords, "/crmadmins": "rules " + canaryWords} {
			s.typed(t, command, words)
		}
		s.typed(t, "/crmuser", "")
		home := s.slack.Shown(slacksim.HomeTab(slacksim.User))
		try(s.slack.Pressed(list, "Next"))
		try(s.slack.Selected(list, "filter:profile", "System Owners (4)"))
		try(s.slack.Pressed(card, "Refresh"))
		try(s.slack.Pressed(card, "Share here"))
		try(s.slack.Pressed(card, "Back"))
		try(s.slack.Searched(home, "person", canaryWords))
		try(s.slack.Selected(home, "person", id))
		try(s.slack.Submitted(modal, "find_person", chosenPerson(id)), nil)
		try(s.slack.MessageShortcut("find_author", "U0OTHERS", canaryWords), nil)
		s.idle(t)
	}
	everything()
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	for _, f := range []slacksim.Fault{{Path: "/api/", Error: "canary not a code"}, {Path: "/actions/", Error: "expired_url", Status: 404}} {
		if err := s.slack.AddFault(f); err != nil {
			t.Fatal(err)
		}
		everything()
		s.slack.ClearFaults()
	}
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.HTML})
	everything()
	told := s.told()
	for _, way := range []string{"command", "button", "share", "modal", "home"} {
		if !strings.Contains(told, `"way":"`+way+`"`) {
			t.Errorf("nothing was asked by %s: %s", way, told)
		}
	}
	s.tellsNothing(t, append(canaries, "canary", "zqxjkvb", slacksim.User, "U0OTHERS", "hooks.slack", "/actions/", id)...)
}
