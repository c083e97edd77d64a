package slackfmt_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

func TestGoldenFollowUp(t *testing.T) {
	failure := slackfmt.NotInTime.Failure("7KQ2M4XW")
	golden(t, "looking", slackfmt.Looking())
	golden(t, "looking-replacing", slackfmt.Looking().Replacing())
	golden(t, "failure-try-again", failure.TryAgain(asking("/crmuser", "kim")))
	golden(t, "failure-text-try-again", failure.TextOnly().TryAgain(asking("/crmuser", "kim")))
	golden(t, "pick-text-only", slackfmt.PickList(asking("/crmuser", "patricia"), found(t, "patricia")).TextOnly())
}

func TestGoldenViews(t *testing.T) {
	patricia := slackfmt.PickList(asking("/crmuser", "patricia"), found(t, "patricia"))
	refused := slackfmt.NotAllowed("/crmuser", slackfmt.Door{})
	for name, view := range map[string]any{
		"find":             slackfmt.FindPerson(slackfmt.Message{}),
		"looking":          slackfmt.FindPerson(slackfmt.Looking()),
		"answer":           slackfmt.FindPerson(fullCard(t).Message()),
		"answer-text-only": slackfmt.FindPerson(patricia.TextOnly()),
		"refused":          slackfmt.AnswerView(refused),
		"home":             slackfmt.Home(slackfmt.Message{}),
		"home-card":        slackfmt.Home(fullCard(t).Message()),
		"home-refused":     slackfmt.HomeWithout(refused),
	} {
		checkView(t, name, view)
		goldenJSON(t, "view-"+name, viewJSON(t, view))
	}
}

func TestGoldenOptions(t *testing.T) {
	goldenJSON(t, "options", slackfmt.Options(people(sample(t)...)))
	goldenJSON(t, "options-none", slackfmt.Options(directory.People{}))
}

func TestNobodyIsAnEmptyListOfOptions(t *testing.T) {
	for name, found := range map[string]directory.People{
		"nobody":     {},
		"without id": people(zoho.User{FullName: "Generated"}),
		"huge id":    people(zoho.User{ID: strings.Repeat("9", 76), FullName: "Generated"}),
	} {
		if got, want := string(slackfmt.Options(found)), `{"options":[]}`; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	users := repeat(zoho.User{FullName: "Generated", Status: "active"}, 100)
	users[0].ID = strings.Repeat("9", 3000)
	got := checkOptions(t, "100 people", slackfmt.Options(people(users...)))
	if len(got) != 25 || got[0]["value"] != "1" || got[24]["value"] != "25" || got[0]["description"] != nil {
		t.Errorf("got %d, from %v to %v", len(got), got[0], got[len(got)-1])
	}
	gone := zoho.User{ID: "1", FullName: strings.Repeat("n", 70), Role: zoho.Ref{Name: "Generated Role"}, Status: "disabled", Email: "a@b.example"}
	got = checkOptions(t, "somebody disabled", slackfmt.Options(people(gone)))
	text, about := got[0]["text"].(map[string]any)["text"], got[0]["description"].(map[string]any)["text"]
	if want := gone.FullName + " · G…"; text != want || about != "Disabled · a@b.example" {
		t.Errorf("got %q, %q, want %q", text, about, want)
	}
}

func TestTryAgain(t *testing.T) {
	m := slackfmt.MentionUnread()
	blocks := len(m.Blocks)
	for question, want := range map[string]int{"kim": 1, strings.Repeat("😀", 400): 1, strings.Repeat("😀", 500): 0} {
		again := m.TryAgain(asking("/crmuser", question))
		check(t, "try again", again)
		if got := len(again.Blocks) - blocks; got != want || len(m.Blocks) != blocks {
			t.Errorf("a question of %d: got %d more blocks, want %d", len(question), got, want)
		}
	}
	first, second := m.TryAgain(asking("/crmuser", "first")), m.TryAgain(asking("/crmuser", "second"))
	if data := string(messageJSON(t, first)); !strings.Contains(data, "first") || strings.Contains(data, "second") {
		t.Errorf("got %s besides %v", data, second)
	}
}

func TestTextOnlyKeepsWhatIsReplaced(t *testing.T) {
	m := cardOf(sample(t)[5]).Message().Replacing().TextOnly()
	want := fmt.Sprintf(`{"response_type":"ephemeral","replace_original":true,"text":%q}`+"\n", m.Text)
	if got := string(messageJSON(t, m)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLongTextInAModalLosesNothing(t *testing.T) {
	long := zoho.User{FullName: strings.Repeat("x", 79), Email: strings.Repeat("&", 79), Status: "active"}
	for name, text := range map[string]string{
		"words":    slackfmt.List{Found: people(repeat(long, 30)...)}.Message().Text,
		"no space": strings.Repeat("😀", 4000),
	} {
		var pieces []string
		view := slackfmt.AnswerView(slackfmt.Message{Text: text})
		checkView(t, name, view)
		for _, block := range view.Blocks.BlockSet {
			pieces = append(pieces, block.(*slack.SectionBlock).Text.Text)
		}
		got := strings.Join(pieces, "")
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(text, " ", "") || len(pieces) < 2 {
			t.Errorf("%s: got %d pieces, of %d characters, want %d", name, len(pieces), len(got), len(text))
		}
	}
}

func TestAnswerViewLeavesTheMessageAlone(t *testing.T) {
	m := slackfmt.MentionUnread().TryAgain(asking("/crmuser", "kim"))
	before := slices.Clone(m.Blocks)
	slackfmt.AnswerView(m)
	if !slices.Equal(m.Blocks, before) {
		t.Error("got other blocks than before")
	}
	only := slackfmt.Message{Text: "Generated.", Blocks: before[len(before)-1:]}
	checkView(t, "only a button", slackfmt.AnswerView(only))
}

// What Slack sends about the modal names these parts.
func TestFindPersonHasItsParts(t *testing.T) {
	v := slackfmt.FindPerson(slackfmt.Message{})
	data, err := json.Marshal(v.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"block_id":"` + slackfmt.BlockPerson + `"`, `"action_id":"` + slackfmt.ActionPerson + `"`, `"min_query_length":1`} {
		if !strings.Contains(string(data), part) {
			t.Errorf("got %s, without %s", data, part)
		}
	}
	if v.CallbackID != slackfmt.CallbackFind || v.Submit.Text != "Show" {
		t.Errorf("got %q, %q", v.CallbackID, v.Submit.Text)
	}
}

func TestHomeShowsEveryCommand(t *testing.T) {
	data := string(viewJSON(t, slackfmt.Home(slackfmt.Message{})))
	for _, command := range []string{"/crmuser", "/crmusers", "/crmadmins", "/crmstatus", "/crmuser kim"} {
		if !strings.Contains(data, `"`+command+`"`) || !slackfmt.IsCommand(strings.Fields(command)[0]) {
			t.Errorf("%s is missing in %s", command, data)
		}
	}
}
