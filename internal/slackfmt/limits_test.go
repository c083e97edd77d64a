package slackfmt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// hostile values are what a CRM may hold.
var hostile = []string{
	"", " ", "\n\t", "null", "\u200b\u200d", "\ufffd",
	"<!channel>", "<@U012AB3CD>", "<https://evil.example|click>", "&lt;!here&gt;", "& < >",
	"*bold* _it_ ~no~ `code`", ":tada:", "> quote", "@here", "#general",
	"😀👩‍👩‍👧‍👦🇩🇪", "é\u0301\u0302", "שלום עולם", "مرحبا", "\u202egnp.exe", "\u2066isolated", "\x00\x1b[31mred",
	strings.Repeat("x", 3000), strings.Repeat("😀", 3000), strings.Repeat("👩‍👩‍👧‍👦", 500), strings.Repeat("ab ", 1000), strings.Repeat("<!channel>", 400), strings.Repeat("&", 3000),
	strings.Repeat("a", 3000) + "@example.com",
	"\xff\xfe", "a@b@c <d>", "kim@example.com?subject=x&cc=y", "Robert'); DROP TABLE",
}

// everywhere puts a value into each field that is shown.
func everywhere(value string) zoho.User {
	r := zoho.Ref{ID: "1", Name: value}
	return zoho.User{
		ID: "1", FullName: value, FirstName: value, LastName: value, Alias: value, Email: value, Phone: value, Mobile: value,
		Status: value, Role: r, Profile: r, ReportingTo: r, City: value, State: value, Country: value, TimeZone: value,
	}
}

func TestAnythingIsShownHarmlessly(t *testing.T) {
	for i, value := range hostile {
		o := org{words: value, users: repeat(everywhere(value), 9)}
		for i := range 4 { // also those who are plainly active
			o.users[i].Status = "active"
		}
		o.holds(t, fmt.Sprintf("hostile[%d]", i))
	}
}

func hostileDoor(value string) slackfmt.Door {
	return slackfmt.Door{Channels: []string{value}, Users: []string{value}, Groups: []string{value}, Contact: value}
}

func suggested(users ...zoho.User) directory.People {
	found := people(users...)
	found.Suggested = true
	return found
}

func repeat(u zoho.User, n int) []zoho.User {
	users := make([]zoho.User, n)
	for i := range users {
		users[i] = u
		users[i].ID = fmt.Sprint(i)
	}
	return users
}

func FuzzCard(f *testing.F) {
	for _, value := range hostile {
		f.Add(value, value)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		u := everywhere(a)
		u.Email, u.Role.Name = b, b
		check(t, "card", cardOf(u).Message())
		check(t, "shared card", cardOf(u).Shared("U0SAMPLE"), "U0SAMPLE")
		check(t, "pick list", slackfmt.PickList(asking("/crmuser", a), people(u, everywhere(b))))
		check(t, "not allowed", slackfmt.NotAllowed(a, slackfmt.Door{Contact: " " + b}))
		checkView(t, "card as text in a modal", slackfmt.AnswerView(cardOf(u).Message().TextOnly()))
		checkOptions(t, "options", slackfmt.Options(people(u, everywhere(b))))
	})
}

// check holds a message to Message.Check, to the stand-in of Slack and to what
// is true of every answer of the bot. Of mentions it may have those of ids.
func check(t *testing.T, name string, m slackfmt.Message, ids ...string) {
	t.Helper()
	data := messageJSON(t, m)
	if err := errors.Join(m.Check(), slacksim.CheckMessage(data)); err != nil || !utf8.Valid(data) || (m.ResponseType != "ephemeral") != strings.HasPrefix(m.Text, "Shared by <@") {
		t.Errorf("%s: %s, %v", name, m.ResponseType, err)
	}
	onlyMentions(t, name, data, ids)
}

// checkView is like check for a modal or a Home tab. Nothing is shared there:
// there is no channel.
func checkView(t *testing.T, name string, view any, ids ...string) {
	t.Helper()
	data := viewJSON(t, view)
	if err := errors.Join(slackfmt.CheckView(view), slacksim.CheckView(data)); err != nil || !utf8.Valid(data) || bytes.Contains(data, []byte(`"share"`)) {
		t.Errorf("%s: %v", name, err)
	}
	onlyMentions(t, name, data, ids)
}

// checkOptions is like check for the options of the search modal, and gives them.
func checkOptions(t *testing.T, name string, data []byte) []map[string]any {
	t.Helper()
	var wire struct{ Options []map[string]any }
	if err := errors.Join(slackfmt.CheckOptions(data), slacksim.CheckOptions(data), json.Unmarshal(data, &wire)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return wire.Options
}

// onlyMentions fails for mentions of anything but ids, for links but to e-mail
// addresses, phone numbers and the CRM, and for mrkdwn in a section in which Slack would look for links.
func onlyMentions(t *testing.T, name string, data []byte, ids []string) {
	t.Helper()
	var wire any
	if err := json.Unmarshal(data, &wire); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	each(wire, func(o map[string]any) {
		for _, key := range []string{"user_id", "channel_id", "usergroup_id"} {
			if id, is := o[key].(string); is && !slices.Contains(ids, id) {
				t.Errorf("%s: mentions %q", name, id)
			}
		}
		if text, is := o["text"].(string); is && (o["type"] == "mrkdwn" || o["response_type"] != nil) {
			for _, id := range ids {
				text = strings.NewReplacer("<#"+id+">", "", "<@"+id+">", "", "<!subteam^"+id+">", "").Replace(text)
			}
			if strings.Contains(strings.NewReplacer("<!date^", "", "<mailto:", "", "<tel:", "").Replace(text), "<") {
				t.Errorf("%s: markup in %q", name, text)
			}
		}
		if url, is := o["url"].(string); is && !strings.HasPrefix(url, "https://crm.zoho.com/") && (!strings.HasPrefix(url, "mailto:") || strings.ContainsAny(url, " ?#<>") || len(url) > 1000) {
			t.Errorf("%s: link to %q", name, url)
		}
		if text, is := o["text"].(map[string]any); is && text["type"] == "mrkdwn" && text["verbatim"] != true {
			t.Errorf("%s: a section that makes links of text", name)
		}
	})
}

// each calls f with every object in a JSON value.
func each(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			each(item, f)
		}
	case map[string]any:
		f(v)
		for _, item := range v {
			each(item, f)
		}
	}
}

func TestSparsePeople(t *testing.T) {
	const noMail = " E-mail: not set in CRM."
	for wire, want := range map[string]string{
		`{"id":"4711","full_name":null,"email":null,"role":null,"profile":null,"status":null,"confirm":null,"phone":null}`: "Status unknown: User 4711." + noMail,
		`{"id":"4711","full_name":"Only Full Name"}`:                                                      "Status unknown: Only Full Name." + noMail,
		`{"id":"4711","full_name":"Only Full Name","status":"active","confirm":true}`:                     "Only Full Name, active." + noMail,
		`{"id":"4711","full_name":"X","status":"active","confirm":false}`:                                 "Invitation pending: X." + noMail,
		`{"id":"4711","full_name":"X","status":"active"}`:                                                 "X, active." + noMail,
		`{"id":"4711","full_name":"\u200b","first_name":"Generated","last_name":"One","status":"active"}`: "Generated One, active." + noMail,
		`{"id":"4711","email":"a@b.example","status":"disabled dormant"}`:                                 "Disabled dormant: a@b.example. E-mail: a@b.example.",
	} {
		m := cardOf(user(t, wire)).Message()
		check(t, wire, m)
		data := string(messageJSON(t, m))
		if m.Text != want || strings.Contains(data, "null") || !strings.Contains(data, "Role not set in CRM") {
			t.Errorf("%s: got %q in %s, want %q", wire, m.Text, data, want)
		}
	}
}

func TestListsSayHowManyAreLeftOut(t *testing.T) {
	u := zoho.User{FullName: "Generated", Status: "active"}
	if m := slackfmt.PickList(asking("/crmuser", "gen"), people(repeat(u, 40)...)); !strings.HasPrefix(m.Text, "40 people match “gen”: ") || !strings.Contains(m.Text, "; and 32 more.") {
		t.Errorf("got %q", m.Text)
	}
	if m := (org{users: repeat(u, 500)}).admins(0).Message(); !strings.HasPrefix(m.Text, "1,500 admins in Zoho CRM, page 1 of 100 (1,500 active, 1,500 flagged, ") || strings.Contains(m.Text, "more.") {
		t.Errorf("got %q", m.Text)
	}
	long := u
	long.FullName, long.Email, long.Role.Name = strings.Repeat("x", 79), strings.Repeat("y", 79), strings.Repeat("z", 79)
	m := slackfmt.List{Asked: asking("/crmusers", ""), Found: people(repeat(long, 10)...)}.Message()
	if check(t, "long", m); strings.Count(m.Text, "xxx (") == 0 && strings.Contains(m.Text, "more.") {
		t.Errorf("got %q", m.Text)
	}
	long.FullName = strings.Repeat("&", 79)
	m = slackfmt.List{Asked: asking("/crmusers", ""), Found: people(repeat(long, 10)...)}.Message()
	if check(t, "longer", m); !strings.HasSuffix(m.Text, "; and 4 more.") {
		t.Errorf("got %q", m.Text)
	}
}

func ExampleCard() {
	kim := zoho.User{ID: "1", FullName: "Kim", Status: "active", Role: zoho.Ref{Name: "Sales"}, Email: "kim@example.com"}
	fmt.Println(slackfmt.Card{User: kim}.Message().Text)
	// Output: Kim, Sales, active. E-mail: kim@example.com.
}
