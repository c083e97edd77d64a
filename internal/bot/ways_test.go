package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/zoho"
)

// chose is a choice in a select of a list that asks for a text.
func (w world) chose(text, option string) map[string]any {
	p := w.slack.Clicked("filter:role", "")
	p["actions"] = []any{map[string]any{
		"type": "static_select", "action_id": "filter:role", "block_id": `{"command":"/crmusers","text":"` + text + `"}`,
		"selected_option": map[string]any{"value": option},
	}}
	return p
}

// TestWhatAFilterOfAnotherVersionHolds: what is no filter of the select takes
// its filters away, and what cannot be understood is said.
func TestWhatAFilterOfAnotherVersionHolds(t *testing.T) {
	for _, test := range []struct{ text, option, want string }{
		{"generated role:head", "status:active", "3 people match “generated” ("},
		{"generated role:head", "role:head role:role", "3 people match “generated” ("},
		{"generated role:head", "", "3 people match “generated” ("},
		{"confirmed:perhaps", "role:head", "I do not understand"},
	} {
		w := withUsers(generated(3)...)
		got := textOf(t, w.posted(t, w.chose(test.text, test.option), nil).Body)
		if test.want == "I do not understand" {
			if want := w.ask(t, "/crmusers", test.text); got != want {
				t.Errorf("%s + %s: got %q, want %q", test.text, test.option, got, want)
			}
		} else if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s + %s: got %q, want %q", test.text, test.option, got, test.want)
		}
	}
}

// TestAFilterBeginsOnTheFirstPage, also where it is chosen on a later one.
func TestAFilterBeginsOnTheFirstPage(t *testing.T) {
	w := withUsers(generated(40)...)
	second := w.press(t, w.typed(t, "/crmusers", "generated"), "Next")
	if got := textOf(t, w.choose(t, second.Body, "filter:role", "Generated Role (26)").Body); !strings.Contains(got, ", page 1 of 3 (") {
		t.Errorf("got %q", got)
	}
}

// TestOnlyOurShortcutsOpenAModal.
func TestOnlyOurShortcutsOpenAModal(t *testing.T) {
	w := withUsers(generated(1)...).inSlack()
	w.interact(t, w.slack.MessageShortcut("other", "U0SAMPLE", "x"))
	if got := w.slack.Posts(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestARefreshWaitsForZohoInAJob where Zoho says how long.
func TestARefreshWaitsForZohoInAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(1)...)
		calls, err := 0, error(nil)
		w.asking(&calls, &err)
		card := w.typed(t, "/crmuser", "generated")
		time.Sleep(2 * time.Minute)
		err = &zoho.Error{RetryAfter: 5 * time.Second}
		payload, failure := w.slack.Pressed(card, "Refresh")
		if failure != nil {
			t.Fatal(failure)
		}
		w.interact(t, payload)
		if len(*w.jobs) != 1 || len(w.slack.Posts()) != 0 {
			t.Errorf("got %d jobs, %d posts", len(*w.jobs), len(w.slack.Posts()))
		}
	})
}

// TestNumbersAreLinksUnlessASettingSaysNo.
func TestNumbersAreLinksUnlessASettingSaysNo(t *testing.T) {
	u := generated(1)[0]
	u.Phone = "+1 555 0100"
	w := withUsers(u)
	for _, plain := range []bool{false, true} {
		w.bot.PlainPhones = plain
		if card := string(w.typed(t, "/crmuser", "generated")); strings.Contains(card, "tel:") == plain || !strings.Contains(card, "+1 555 0100") {
			t.Errorf("plain %v: got %s", plain, card)
		}
	}
}

// TestNoLinkOfOddParts: what Zoho says may not lead elsewhere.
func TestNoLinkOfOddParts(t *testing.T) {
	for _, test := range []struct{ org, id string }{{"org1", "1?x"}, {"org1", "../1"}, {"", "1"}, {"org1/../x", "1"}, {"Org1@x", "1"}} {
		u := generated(1)[0]
		u.ID = test.id
		w := withUsers(u)
		w.bot.UserPage = "https://crm.zoho.com/crm/{org}/settings/users/{id}"
		w.bot.People.Org = func(context.Context) (zoho.Org, error) { return zoho.Org{DomainName: test.org}, nil }
		if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
			t.Fatal(err)
		}
		if card := string(w.typed(t, "/crmuser", "generated")); !strings.Contains(card, `"blocks"`) || strings.Contains(card, "crm.zoho.com") {
			t.Errorf("%+v: got %s", test, card)
		}
	}
}

// TestATeamHasPages.
func TestATeamHasPages(t *testing.T) {
	w := withRoles(generated(36)...) // 12 heads above 24
	team := w.posted(t, w.slack.Clicked("ask", `{"command":"/crmuser","what":"team","person":"1000"}`), nil)
	if got := textOf(t, w.press(t, team.Body, "Next").Body); !strings.HasPrefix(got, "24 people report to Generated 00, page 2 of 3 (") {
		t.Errorf("got %q", got)
	}
}

// twins have one e-mail address.
func twins() []zoho.User {
	both := generated(2)
	both[1].Email = both[0].Email
	return both
}

// TestAnAddressOfTwo: a mention lists them, and nobody is taken for one of them.
func TestAnAddressOfTwo(t *testing.T) {
	w := withUsers(twins()...).inSlack()
	if got := w.ask(t, "/crmuser", "<@U0SAMPLE>"); !strings.HasPrefix(got, "2 people match") {
		t.Errorf("a mention: got %q", got)
	}
	if got := w.ask(t, "/crmuser", ""); !strings.HasPrefix(got, "I did not find you") {
		t.Errorf("the asker: got %q", got)
	}
}

// TestSlacksTimeIsInTheLog.
func TestSlacksTimeIsInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(generated(1)...).inSlack()
		w.spoil(t, slacksim.Fault{Path: "/api/users.info", Latency: 70 * time.Millisecond})
		w.ask(t, "/crmuser", "")
		if line := w.lines(t)["answer"][0]; line["slack_ms"] != 70.0 {
			t.Errorf("got %v", line)
		}
	})
}

// TestAHomeTabWithoutAnAddressExplainsTheCommandsOnce.
func TestAHomeTabWithoutAnAddressExplainsTheCommandsOnce(t *testing.T) {
	w := withUsers(generated(1)...)
	if got := strings.Count(string(w.home(t)), `"/crmuser kim"`); got != 1 {
		t.Errorf("got the example %d times", got)
	}
}

// TestAnAddressOfSlackStaysWhereItIs: in no message, value or id of a block, and
// pages and filters keep the mention.
func TestAnAddressOfSlackStaysWhereItIs(t *testing.T) {
	all := generated(25)
	for i := range all {
		all[i].Email = "shared@example.com"
	}
	w := withUsers(all...).inSlack()
	w.slack.People["U0OTHERS"] = slacksim.Person{Email: "Shared@Example.com"}
	list := w.typed(t, "/crmusers", "<@U0OTHERS>")
	if got := textOf(t, list); !strings.HasPrefix(got, "25 people match") {
		t.Fatalf("got %q", got)
	}
	next := w.press(t, list, "Next")
	if got := textOf(t, next.Body); !strings.Contains(got, "page 2 of 3") {
		t.Errorf("got %q", got)
	}
	heads := w.choose(t, next.Body, "filter:role", "Generated Head (9)")
	if got := textOf(t, heads.Body); !strings.HasPrefix(got, "9 people match “@U0OTHERS role:") {
		t.Errorf("got %q", got)
	}
	nobody := w.typed(t, "/crmusers", "<@U0UNKNOWN>")
	if strings.Contains(string(nobody), "nobody@") {
		t.Errorf("got %s", nobody)
	}
	for name, body := range map[string][]byte{"list": list, "page": next.Body, "filtered": heads.Body} {
		for _, part := range strings.Split(string(body), `"block_id":"`)[1:] {
			if id, _, _ := strings.Cut(part, `",`); strings.Contains(strings.ToLower(id), "shared@") {
				t.Errorf("%s: the id %s", name, id)
			}
		}
		for _, part := range strings.Split(string(body), `"value":"`)[1:] {
			if value, _, _ := strings.Cut(part, `"}`); strings.Contains(value, "shared@") {
				t.Errorf("%s: the value %s", name, value)
			}
		}
	}
}

// TestAListOfNobody: a typing error is a suggestion, and a CRM may be empty.
func TestAListOfNobody(t *testing.T) {
	w := withUsers(generated(3)...)
	if got := w.ask(t, "/crmusers", "generatde"); !strings.HasPrefix(got, "Nobody in Zoho CRM matches “generatde”. Did you mean ") {
		t.Errorf("got %q", got)
	}
	if got := withUsers().ask(t, "/crmusers", ""); got != "Zoho CRM has no users." {
		t.Errorf("got %q", got)
	}
}

// TestTheRulesInAnyCase.
func TestTheRulesInAnyCase(t *testing.T) {
	if got := withUsers(kim).ask(t, "/crmadmins", " RULES "); !strings.HasPrefix(got, "An admin is ") {
		t.Errorf("got %q", got)
	}
}

// TestWhoIsRefusedSeesNoSearch, neither at once nor when they choose somebody,
// and no message's author is looked up for them.
func TestWhoIsRefusedSeesNoSearch(t *testing.T) {
	w := withUsers(generated(3)...).inSlack()
	w.bot.Access.People = bot.Audience{}
	w.interact(t, w.slack.MessageShortcut("find_author", "U0OTHERS", "x"))
	posts := w.slack.Posts()
	if len(posts) != 1 || strings.Contains(string(posts[0].Body), "external_select") || !strings.Contains(string(posts[0].Body), "not open to you") {
		t.Errorf("got %+v", posts)
	}
	w = withUsers(generated(3)...).inSlack()
	view := w.opened(t)
	w.bot.Access.People = bot.Audience{}
	got := w.interact(t, w.slack.Submitted(view, "find_person", chosen("1000")))
	if strings.Contains(got, "external_select") || !strings.Contains(got, "not open to you") {
		t.Errorf("got %s", got)
	}
}

// TestAModalForGuestsIsOpenedFirst: Slack may be slow to say who is one.
func TestAModalForGuestsIsOpenedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.Access.People = bot.Audience{Everyone: true, NoGuests: true}
		w.spoil(t, slacksim.Fault{Path: "/api/users.info", Hang: true})
		started := time.Now()
		w.opened(t)
		if took := time.Since(started); took > 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestTheLogCallsAShareOne.
func TestTheLogCallsAShareOne(t *testing.T) {
	w := withUsers(generated(1)...)
	card := w.typed(t, "/crmuser", "generated")
	w.log.Reset()
	w.press(t, card, "Share here")
	if line := w.lines(t)["answer"][0]; line["way"] != "share" {
		t.Errorf("got %v", line)
	}
}
