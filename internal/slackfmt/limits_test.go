package slackfmt_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"crmwho/internal/directory"
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
		u := everywhere(value)
		active := u
		active.Status = "active"
		for name, m := range map[string]slackfmt.Message{
			"card":        slackfmt.People(value, people(u)),
			"active card": slackfmt.People(value, people(active)),
			"pick list":   slackfmt.People(value, people(repeat(u, 40)...)),
			"admins":      slackfmt.Admins(people(repeat(u, 500)...)),
			"nobody":      slackfmt.People(value, people()),
			"suggestions": slackfmt.People(value, suggested(repeat(u, 40)...)),
			"users":       slackfmt.Users(value, people(repeat(u, 40)...)),
			"no users":    slackfmt.Users(value, people()),
			"older users": slackfmt.Users(value, people(repeat(u, 40)...)).Older(time.Hour, "Zoho CRM cannot be reached right now."),
			"a trouble":   slackfmt.NotUnderstood("/crmuser", &directory.SyntaxError{Reason: directory.Nonsense, Text: value}),
			"usage":       slackfmt.Usage(value),
			"status":      slackfmt.StatusReport(slackfmt.Status{Now: now, Version: value, TokenProblem: value, ZohoFailedAt: now, ZohoProblem: value, LastError: value}),
			"not allowed": slackfmt.NotAllowed(value, hostileDoor(value)),
			"not checked": slackfmt.NotChecked(value, hostileDoor(value)),
			"wrong team":  slackfmt.WrongTeam(hostileDoor(value)),
		} {
			name = fmt.Sprintf("%s of hostile[%d]", name, i)
			check(t, name, m)
			check(t, name+", to try again", m.TryAgain(value).Replacing())
			check(t, name+", as text", m.TextOnly())
			check(t, name+", as text to try again", m.TextOnly().TryAgain("/crmuser "+value))
			checkView(t, name+", in a modal", slackfmt.AnswerView(m.TryAgain("x")))
			checkView(t, name+", as text in a modal", slackfmt.AnswerView(m.TextOnly().TryAgain("x")))
		}
		checkOptions(t, fmt.Sprintf("options of hostile[%d]", i), slackfmt.Options(people(repeat(u, 100)...)))
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
		check(t, "card", slackfmt.People(a, people(u)))
		check(t, "pick list", slackfmt.People(b, people(u, everywhere(b))))
		check(t, "not allowed", slackfmt.NotAllowed(a, slackfmt.Door{Contact: " " + b}))
		checkView(t, "card as text in a modal", slackfmt.AnswerView(slackfmt.People(a, people(u)).TextOnly()))
		checkOptions(t, "options", slackfmt.Options(people(u, everywhere(b))))
	})
}

// check holds a message to Slack's limits and to our own rules. Of mentions it
// may have those of ids, as text in the form that Slack reads.
// Source: Slack's documentation, "Block Kit" reference.
func check(t *testing.T, name string, m slackfmt.Message, ids ...string) {
	t.Helper()
	data := messageJSON(t, m)
	var wire struct {
		Type   string           `json:"response_type"`
		Text   string           `json:"text"`
		Blocks []map[string]any `json:"blocks"`
	}
	if err := json.Unmarshal(data, &wire); err != nil || !utf8.Valid(data) {
		t.Fatalf("%s: %v", name, err)
	}
	if wire.Type != "ephemeral" || wire.Text == "" || units(wire.Text) > 4000 || len(wire.Blocks) > 50 {
		t.Errorf("%s: %s, text of %d, %d blocks", name, wire.Type, units(wire.Text), len(wire.Blocks))
	}
	c := checker{ids: ids}
	harmless(t, name, c.withoutMentions(wire.Text))
	for _, block := range wire.Blocks {
		c.block(t, name, block)
	}
	if c.total > 12000 {
		t.Errorf("%s: %d characters in all", name, c.total)
	}
}

// checkView holds a modal or a Home tab to Slack's limits and to our own rules.
func checkView(t *testing.T, name string, view any, ids ...string) {
	t.Helper()
	data := viewJSON(t, view)
	var wire struct {
		Type                 string
		Title, Submit, Close map[string]any
		Blocks               []map[string]any
	}
	if err := json.Unmarshal(data, &wire); err != nil || !utf8.Valid(data) {
		t.Fatalf("%s: %v", name, err)
	}
	if len(wire.Blocks) == 0 || len(wire.Blocks) > 100 || (wire.Type == "modal") != (wire.Title != nil && wire.Close != nil) {
		t.Errorf("%s: %s titled %v with %d blocks", name, wire.Type, wire.Title, len(wire.Blocks))
	}
	c := checker{ids: ids}
	for _, text := range []map[string]any{wire.Title, wire.Submit, wire.Close} {
		if text != nil {
			c.literal(t, name, text, 24)
		}
	}
	for _, block := range wire.Blocks {
		if block["type"] == "actions" {
			t.Errorf("%s: buttons in a view", name)
		}
		c.block(t, name, block)
	}
}

// checkOptions holds the options of the search modal to Slack's limits.
func checkOptions(t *testing.T, name string, data []byte) []map[string]any {
	t.Helper()
	var wire struct{ Options []map[string]any }
	if err := json.Unmarshal(data, &wire); err != nil || !utf8.Valid(data) || wire.Options == nil || len(wire.Options) > 100 {
		t.Fatalf("%s: %v, %d options", name, err, len(wire.Options))
	}
	var c checker
	for _, option := range wire.Options {
		c.literal(t, name, option["text"], 75)
		if about, ok := option["description"]; ok {
			c.literal(t, name, about, 75)
		}
		c.text(t, name, option["value"], 75)
	}
	return wire.Options
}

// harmless fails for markup in text that Slack reads as mrkdwn.
func harmless(t *testing.T, name, text string) {
	t.Helper()
	if strings.ContainsAny(text, "<>\x00\x1b\u202e\u2066\n\t") {
		t.Errorf("%s: markup or control characters in %q", name, text)
	}
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "&")
		if !found {
			return
		}
		if !strings.HasPrefix(after, "amp;") && !strings.HasPrefix(after, "lt;") && !strings.HasPrefix(after, "gt;") {
			t.Errorf("%s: a bare & or a cut entity in %q", name, text)
			return
		}
		rest = after
	}
}

type checker struct {
	ids   []string // whom and what may be mentioned
	total int
}

func (c *checker) withoutMentions(text string) string {
	for _, id := range c.ids {
		text = strings.NewReplacer("<#"+id+">", "", "<@"+id+">", "", "<!subteam^"+id+">", "").Replace(text)
	}
	return text
}

func (c *checker) block(t *testing.T, name string, block map[string]any) {
	t.Helper()
	switch block["type"] {
	case "divider":
	case "header":
		c.literal(t, name, block["text"], 150)
	case "section":
		text := block["text"].(map[string]any)
		c.text(t, name, text["text"], 3000)
		harmless(t, name, c.withoutMentions(text["text"].(string)))
		if text["verbatim"] != true {
			t.Errorf("%s: a section that makes links of text", name)
		}
	case "context":
		for _, e := range block["elements"].([]any) {
			c.text(t, name, e.(map[string]any)["text"], 2000)
		}
	case "actions":
		for _, e := range block["elements"].([]any) {
			button := e.(map[string]any)
			c.literal(t, name, button["text"], 75)
			c.text(t, name, button["value"], 2000)
		}
	case "input":
		c.literal(t, name, block["label"], 2000)
		c.literal(t, name, block["element"].(map[string]any)["placeholder"], 150)
	case "rich_text":
		for _, section := range block["elements"].([]any) {
			for _, e := range section.(map[string]any)["elements"].([]any) {
				c.element(t, name, e.(map[string]any))
			}
		}
	default:
		t.Errorf("%s: an unexpected block %v", name, block["type"])
	}
}

// literal is plain text in which :x: is no emoji.
func (c *checker) literal(t *testing.T, name string, v any, limit int) {
	t.Helper()
	text, ok := v.(map[string]any)
	if !ok || text["type"] != "plain_text" || text["emoji"] != false {
		t.Errorf("%s: not literal: %v", name, v)
		return
	}
	c.text(t, name, text["text"], limit)
	if strings.ContainsAny(text["text"].(string), "\n\t\x00\x1b\u202e\u2066") {
		t.Errorf("%s: control characters in %q", name, text["text"])
	}
}

func (c *checker) element(t *testing.T, name string, e map[string]any) {
	t.Helper()
	switch e["type"] {
	case "channel":
		c.mention(t, name, e["channel_id"])
		return
	case "user":
		c.mention(t, name, e["user_id"])
		return
	case "usergroup":
		c.mention(t, name, e["usergroup_id"])
		return
	}
	c.text(t, name, e["text"], 3000)
	if text := e["text"].(string); text != "\n" && strings.ContainsAny(text, "\n\t\x00\x1b\u202e\u2066") {
		t.Errorf("%s: control characters in %q", name, text)
	}
	switch e["type"] {
	case "text":
	case "link":
		if url := e["url"].(string); !strings.HasPrefix(url, "mailto:") || strings.ContainsAny(url, " ?#<>") || len(url) > 1000 {
			t.Errorf("%s: link to %q", name, url)
		}
	default:
		t.Errorf("%s: an unexpected element %v", name, e["type"])
	}
}

func (c *checker) mention(t *testing.T, name string, id any) {
	t.Helper()
	if !slices.Contains(c.ids, id.(string)) {
		t.Errorf("%s: mentions %v", name, id)
	}
}

func (c *checker) text(t *testing.T, name string, v any, limit int) {
	t.Helper()
	text, ok := v.(string)
	if !ok || text == "" || units(text) > limit {
		t.Errorf("%s: text of %d, limit %d: %v", name, units(text), limit, v)
	}
	c.total += units(text)
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

func TestSparsePeople(t *testing.T) {
	for wire, want := range map[string]string{
		`{"id":"4711","full_name":null,"email":null,"role":null,"profile":null,"status":null,"confirm":null,"phone":null}`: "Status unknown: User 4711.",
		`{"id":"4711","full_name":"Only Full Name"}`:                                                      "Status unknown: Only Full Name.",
		`{"id":"4711","full_name":"Only Full Name","status":"active","confirm":true}`:                     "Only Full Name, active.",
		`{"id":"4711","full_name":"X","status":"active","confirm":false}`:                                 "Invitation pending: X.",
		`{"id":"4711","full_name":"X","status":"active"}`:                                                 "X, active.",
		`{"id":"4711","full_name":"\u200b","first_name":"Generated","last_name":"One","status":"active"}`: "Generated One, active.",
		`{"id":"4711","email":"a@b.example","status":"disabled dormant"}`:                                 "Disabled dormant: a@b.example. E-mail: a@b.example.",
	} {
		m := slackfmt.People("x", people(user(t, wire)))
		check(t, wire, m)
		data, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if m.Text != want || strings.Contains(string(data), "null") {
			t.Errorf("%s: got %q in %s, want %q", wire, m.Text, data, want)
		}
	}
}

func TestListsSayHowManyAreLeftOut(t *testing.T) {
	u := zoho.User{FullName: "Generated", Status: "active"}
	if m := slackfmt.People("gen", people(repeat(u, 40)...)); !strings.HasPrefix(m.Text, "40 people match “gen”: ") || !strings.Contains(m.Text, "; and 32 more.") {
		t.Errorf("got %q", m.Text)
	}
	if m := slackfmt.Admins(people(repeat(u, 500)...)); !strings.HasPrefix(m.Text, "500 admins in Zoho CRM: ") || !strings.Contains(m.Text, "; and 475 more.") {
		t.Errorf("got %q", m.Text)
	}
	long := u
	long.FullName = strings.Repeat("x", 79)
	long.Email = strings.Repeat("y", 79)
	if m := slackfmt.Admins(people(repeat(long, 25)...)); !strings.Contains(m.Text, "; and 5 more.") {
		t.Errorf("got %q", m.Text)
	}
}

func ExamplePeople() {
	kim := zoho.User{ID: "1", FullName: "Kim", Status: "active", Role: zoho.Ref{Name: "Sales"}}
	fmt.Println(slackfmt.People("kim", people(kim)).Text)
	// Output: Kim, Sales, active.
}
