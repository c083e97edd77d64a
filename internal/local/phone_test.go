package local_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crmwho/internal/directory"
	"crmwho/internal/local"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// A phone shows about forty characters in a line, and twelve lines above the
// keyboard.
const phoneColumns, phoneLines = 40, 12

// wrapped gives lines as a phone breaks them: between words, if it can.
func wrapped(text string) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && utf8.RuneCountInString(line+" "+word) > phoneColumns {
				lines, line = append(lines, line), ""
			}
			line = strings.TrimSpace(line + " " + word)
			for utf8.RuneCountInString(line) > phoneColumns {
				lines, line = append(lines, string([]rune(line)[:phoneColumns])), string([]rune(line)[phoneColumns:])
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestACardFitsOnAPhone: each of the sample, one that has everything, and those
// with long values everywhere, also when Zoho is down.
func TestACardFitsOnAPhone(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 33, 0, 0, time.UTC)
	cards := map[string]slackfmt.Card{}
	for _, raw := range zohosim.SampleUsers() {
		var u zoho.User
		if err := u.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		cards[u.ID] = slackfmt.Card{User: u}
	}
	full := func(value, number string) slackfmt.Card {
		ref := zoho.Ref{ID: "1", Name: value}
		manager := zoho.User{ID: "2", FullName: value, Status: "disabled"}
		return slackfmt.Card{
			User: zoho.User{
				ID: "9000000000000000001", FullName: value, Email: strings.ReplaceAll(value, " ", ".") + "@example.com", Phone: number, Mobile: number,
				Status: "active", Unconfirmed: true, Role: ref, Profile: ref, City: value, State: value, Country: value, Language: "pt_BR",
				TimeZone: "Asia/Kolkata", ModifiedTime: now,
			},
			Managers: directory.Managers{Users: []zoho.User{manager}, By: directory.RoleTree, Total: 1},
			Reports:  3, Link: "https://crm.zoho.com/crm/org808232144/settings/users/9000000000000000001",
		}
	}
	cards["full"] = full("Generated Full", "+1 555 0100")
	cards["long"] = full(strings.Repeat("Generated ", 6), "+44 20 7946 0000 0000")
	cards["endless"] = full(strings.Repeat("Generated ", 2000), strings.Repeat("+1 555 0100 ", 100))
	cards["one word"] = full(strings.Repeat("Generated", 2000), strings.Repeat("5", 1000))
	cards["wide"] = full(strings.Repeat("👩‍👩‍👧‍👦 ", 500), "none")
	for name, c := range cards {
		c.ReadAt, c.Now, c.Zone = now.Add(-3*time.Minute), now, "America/Los_Angeles"
		c.Asked.Back = &slackfmt.Ask{Command: "/crmuser", Text: "generated"}
		stale := c
		stale.Stale = true
		for when, m := range map[string]slackfmt.Message{"": c.Message(), ", older": stale.Message().Older(2*time.Hour, "Zoho CRM cannot be reached right now.")} {
			data, err := m.JSON()
			if err != nil {
				t.Fatal(err)
			}
			text, err := local.Text(data, false)
			if lines := wrapped(text); err != nil || len(lines) > phoneLines {
				t.Errorf("%s%s: got %d lines, %v:\n%s", name, when, len(lines), err, strings.Join(lines, "\n"))
			}
		}
	}
}
