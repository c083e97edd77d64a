package slackfmt_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// valuesOf gives the values of all buttons with a label in a message.
func valuesOf(t *testing.T, m slackfmt.Message, label string) (all []string) {
	t.Helper()
	var wire any
	if err := json.Unmarshal(messageJSON(t, m), &wire); err != nil {
		t.Fatal(err)
	}
	each(wire, func(o map[string]any) {
		text, _ := o["text"].(map[string]any)
		if value, ok := o["value"].(string); ok && o["type"] == "button" && text["text"] == label {
			all = append(all, value)
		}
	})
	return all
}

// TestAButtonHoldsTheWholeQuestion, and where it came from.
func TestAButtonHoldsTheWholeQuestion(t *testing.T) {
	list := slackfmt.Ask{Command: "/crmusers", Text: `role:"a b" <@U0SAMPLE> & “é”`, Page: 3}
	m := slackfmt.PickList(list, people(active(func(u *zoho.User) { u.ID = "4711" }), active(func(*zoho.User) {})))
	want := slackfmt.Ask{Command: "/crmuser", Person: "4711", Back: &list}
	if got, ok := slackfmt.ParseAsk(valuesOf(t, m, "Show")[0]); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestALongWayBackIsForgottenFromItsEnd, so that the button still works.
func TestALongWayBackIsForgottenFromItsEnd(t *testing.T) {
	var asked *slackfmt.Ask
	for _, n := range []string{"a", "b", "c"} {
		asked = &slackfmt.Ask{Command: "/crmusers", Text: strings.Repeat(n, 900), Back: asked}
	}
	m := slackfmt.PickList(*asked, people(active(func(*zoho.User) {}), active(func(*zoho.User) {})))
	check(t, "long", m)
	got, ok := slackfmt.ParseAsk(valuesOf(t, m, "Show")[0])
	if !ok || got.Back == nil || got.Back.Text[0] != 'c' || got.Back.Back == nil || got.Back.Back.Text[0] != 'b' || got.Back.Back.Back != nil {
		t.Errorf("got %+v", got)
	}
	if asked.Back.Back == nil {
		t.Error("the question itself was changed")
	}
	asked.Text = strings.Repeat("c", 2000)
	m = slackfmt.PickList(*asked, people(active(func(*zoho.User) {}), active(func(*zoho.User) {})))
	if got, ok := slackfmt.ParseAsk(valuesOf(t, m, "Show")[0]); !ok || got.Back != nil || got.Person != "1" {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsNoQuestion(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "x": false, "{}": false, `{"command":"crmuser"}`: false, `{"command":"/crmuser","page":"x"}`: false, `["/crmuser"]`: false,
		"/crmuser kim": true, "/crmuser": true, `{"command":"/crmuser"}`: true,
	} {
		if a, ok := slackfmt.ParseAsk(value); ok != want {
			t.Errorf("%s: got %+v, %v", value, a, ok)
		}
	}
	if a, _ := slackfmt.ParseAsk("/crmuser kim boyle"); a.Command != "/crmuser" || a.Text != "kim boyle" {
		t.Errorf("got %+v", a)
	}
}

// TestOnlyRefreshIsLive: neither a card from a refreshed list nor its other
// pages ask Zoho.
func TestOnlyRefreshIsLive(t *testing.T) {
	l := listed(t, "", 0)
	l.Asked.Live = true
	for _, label := range []string{"Show", "Next"} {
		if got, ok := slackfmt.ParseAsk(valuesOf(t, l.Message(), label)[0]); !ok || got.Live || got.Back != nil && got.Back.Live {
			t.Errorf("%s: got %+v", label, got)
		}
	}
}

// TestShowAllIsOfferedWhereSomeAreLeftOut.
func TestShowAllIsOfferedWhereSomeAreLeftOut(t *testing.T) {
	for n, want := range map[int]bool{8: false, 9: true} {
		m := slackfmt.PickList(asking("/crmuser", "x"), people(repeat(active(func(*zoho.User) {}), n)...))
		if got := strings.Contains(shown(t, m), "Show all"); got != want {
			t.Errorf("%d people: got %v", n, got)
		}
	}
}
