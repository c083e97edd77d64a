package functions_test

import (
	"bytes"
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

// did sends what somebody does with what is shown, and gives the last post that
// comes of it.
func (s *stack) did(t *testing.T, payload map[string]any, err error) slacksim.Post {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.slack.Posts())
	s.interact(t, payload)
	s.idle(t)
	posts := s.slack.Posts()
	if len(posts) == before {
		t.Fatalf("nothing came, log %s", s.told())
	}
	return posts[len(posts)-1]
}

func (s *stack) press(t *testing.T, shown []byte, label string) slacksim.Post {
	t.Helper()
	payload, err := s.slack.Pressed(shown, label)
	return s.did(t, payload, err)
}

func (s *stack) choose(t *testing.T, shown []byte, action, option string) slacksim.Post {
	t.Helper()
	payload, err := s.slack.Selected(shown, action, option)
	return s.did(t, payload, err)
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
	s.coldStart(t, map[string]string{"CRMWHO_USER_PAGE": "https://crm.zoho.com/crm/{org}/settings/users/{id}"})
	s.sync(t, "directory-sync.json")
	list := s.typed(t, "/crmuser", "sales")
	says(t, list, "Nobody in Zoho CRM matches “sales”. Did you mean /crmusers role:sales?")
	sales := s.press(t, list, "Yes")
	says(t, sales.Body, "4 people match “role:sales” (4 active): Kim (")
	payload, err := s.slack.PressedNth(sales.Body, "Show", 0)
	card := s.did(t, payload, err)
	says(t, card.Body, "Invitation pending: Kim, Sales Representative. E-mail: kim@gmail.com.")
	if back := s.press(t, card.Body, "Back"); !back.Replaced || textOf(t, back.Body) != textOf(t, sales.Body) {
		t.Errorf("back: got %s", back.Body)
	}
	chain := s.choose(t, card.Body, "more", "Up the chain")
	says(t, chain.Body, "Who Kim reports to: CEO: 3 people, by role, Patricia Boyle, ")
	payload, err = s.slack.PressedNth(chain.Body, "Show", 0)
	boss := s.did(t, payload, err)
	says(t, boss.Body, "Patricia Boyle, CEO, active.")
	says(t, s.choose(t, boss.Body, "more", "Who do they manage?").Body, "")
	shared := s.press(t, boss.Body, "Share here")
	says(t, shared.Body, "Shared by <@U0SAMPLE>: Patricia Boyle, CEO, active.")
	if !shared.InChannel || !strings.Contains(string(boss.Body), "123456789") || strings.Contains(string(shared.Body), "123456789") {
		t.Errorf("got %+v, %s", shared, shared.Body)
	}
	s.tellsNothing(t, "Patricia", "kim@gmail.com", "Kim", "sales", "U0SAMPLE", "zohotest")
}

// TestPagesOfAnOrganisation: everybody stands on one of them.
func TestPagesOfAnOrganisation(t *testing.T) {
	const people = 45
	org := zohosim.Generate(people, 0)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &org}))
	page := s.typed(t, "/crmusers", "")
	first := textOf(t, page)
	seen := map[string]bool{}
	for n := 1; ; n++ {
		text := textOf(t, page)
		if !strings.Contains(text, fmt.Sprintf(", page %d of 5 (", n)) {
			t.Fatalf("page %d: got %q", n, text)
		}
		_, listed, _ := strings.Cut(text, "): ")
		for person := range strings.SplitSeq(listed, "; ") {
			seen[person] = true
		}
		if n == 5 {
			break
		}
		page = s.press(t, page, "Next").Body
	}
	if _, err := s.slack.Pressed(page, "Next"); err == nil || len(seen) != people {
		t.Errorf("the last page leads on, or %d people of %d", len(seen), people)
	}
	for range 4 {
		page = s.press(t, page, "Previous").Body
	}
	if got := textOf(t, page); got != first {
		t.Errorf("back on the first: got %q", got)
	}
}

// TestARefreshSeesWhatChanged since the list was read.
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
	says(t, s.press(t, card, "Refresh").Body, "Disabled: Kim")
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
	opened := s.did(t, s.slack.Shortcut("find_person"), nil)
	modal := func() []byte { return s.slack.Shown(opened.To) }
	if options := string(s.interact(t, s.slack.Suggestion("person", "oliv"))); !strings.Contains(options, `"text":"Oliver · Product Manager"`) {
		t.Errorf("got %s", options)
	}
	id := s.idOf(t, "oliv")
	s.interact(t, s.slack.Submitted(opened.To, "find_person", chosenPerson(id)))
	if shown := string(modal()); !strings.Contains(shown, "oliver@aaa.com") || strings.Contains(shown, "Share here") {
		t.Errorf("got %s", shown)
	}
	if post := s.press(t, modal(), "Refresh"); post.Via != "views.update" || !strings.Contains(string(post.Body), "oliver@aaa.com") {
		t.Errorf("got %+v", post)
	}
	author := s.did(t, s.slack.MessageShortcut("find_author", "U0OTHERS", "Generated words."), nil)
	if author.Via != "views.update" || !strings.Contains(string(author.Body), "kim@gmail.com") {
		t.Errorf("got %+v", author)
	}
	s.event(t, map[string]any{"type": "app_home_opened", "tab": "home", "user": slacksim.User})
	s.idle(t)
	home := s.slack.Shown(slacksim.HomeTab(slacksim.User))
	if !strings.Contains(string(home), sampleUser) {
		t.Fatalf("got %s", home)
	}
	if post := s.choose(t, home, "person", id); post.Via != "views.publish" || !strings.Contains(string(post.Body), "oliver@aaa.com") || strings.Contains(string(post.Body), sampleUser) {
		t.Errorf("got %+v", post)
	}
	s.tellsNothing(t, "oliver@aaa.com", "Oliver", "oliv\"", "kim@gmail.com", "Generated words", "U0OTHERS")
}

// idOf is the id of the only one whom somebody finds by typing.
func (s *stack) idOf(t *testing.T, typed string) string {
	t.Helper()
	options := string(s.interact(t, s.slack.Suggestion("person", typed)))
	_, rest, _ := strings.Cut(options, `"value":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
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
	says(t, s.typed(t, "/crmadmins", ""), "2 admins in Zoho CRM (2 active, 2 flagged, 2 outside the allowed domains, 1 custom profile): ")
	rules := textOf(t, s.typed(t, "/crmadmins", "rules"))
	if !strings.Contains(rules, "So are those with these profiles: asd.") || !strings.Contains(rules, "Two accounts?: Switched off.") {
		t.Errorf("got %q", rules)
	}
	says(t, s.typed(t, "/crmusers", "by profile"), "15 people by profile: Standard: 13 (")
}

// TestLessScopesSayLess, and fail nobody.
func TestLessScopesSayLess(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{Scopes: []string{"ZohoCRM.users.READ"}}))
	s.sync(t, "directory-sync.json")
	card := s.typed(t, "/crmuser", "kim")
	says(t, card, "Invitation pending: Kim")
	if got := string(card); strings.Contains(got, "Reports to") || strings.Contains(got, "Open in Zoho CRM") {
		t.Errorf("got %s", got)
	}
	if told := s.told(); !strings.Contains(told, "organisation not open to the grant") {
		t.Errorf("log %s", told)
	}
}
