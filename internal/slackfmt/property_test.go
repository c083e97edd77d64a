package slackfmt_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// org is a CRM's people, and what somebody types.
type org struct {
	words string
	users []zoho.User
}

// builders are all that makes a message of an organisation. The first of its
// people has a card.
var builders = map[string]func(o org) slackfmt.Message{
	"card":        func(o org) slackfmt.Message { return slackfmt.People(o.words, people(o.users[0])) },
	"last card":   func(o org) slackfmt.Message { return slackfmt.People(o.words, people(o.users[len(o.users)-1])) },
	"pick list":   func(o org) slackfmt.Message { return slackfmt.People(o.words, people(o.users...)) },
	"nobody":      func(o org) slackfmt.Message { return slackfmt.People(o.words, directory.People{Hint: o.words}) },
	"suggestions": func(o org) slackfmt.Message { return slackfmt.People(o.words, suggested(o.users...)) },
	"users":       func(o org) slackfmt.Message { return slackfmt.Users(o.words, people(o.users...)) },
	"no users":    func(o org) slackfmt.Message { return slackfmt.Users(o.words, people()) },
	"admins": func(o org) slackfmt.Message {
		return slackfmt.Admins(people(slices.Concat(o.users, o.users, o.users)...))
	},
	"usage":          func(o org) slackfmt.Message { return slackfmt.Usage(o.words) },
	"not understood": func(o org) slackfmt.Message { return slackfmt.NotUnderstood("/crmuser", o.trouble()) },
	"mentioned":      func(org) slackfmt.Message { return slackfmt.Mentioned() },
	"looking":        func(org) slackfmt.Message { return slackfmt.Looking() },
	"failure":        func(org) slackfmt.Message { return slackfmt.Failure("Generated.", "7KQ2M4XW") },
	"not allowed":    func(o org) slackfmt.Message { return slackfmt.NotAllowed(o.words, hostileDoor(o.words)) },
	"not checked":    func(o org) slackfmt.Message { return slackfmt.NotChecked(o.words, hostileDoor(o.words)) },
	"wrong team":     func(o org) slackfmt.Message { return slackfmt.WrongTeam(hostileDoor(o.words)) },
	"status": func(o org) slackfmt.Message {
		return slackfmt.StatusReport(slackfmt.Status{Now: now, Version: o.words, TokenProblem: o.words, ZohoFailedAt: now, ZohoProblem: o.words, LastError: o.words})
	},
}

// changes are what may happen to any message.
var changes = map[string]func(m slackfmt.Message, o org) slackfmt.Message{
	"as it is":      func(m slackfmt.Message, _ org) slackfmt.Message { return m },
	"older":         func(m slackfmt.Message, o org) slackfmt.Message { return m.Older(time.Hour, "Generated.") },
	"to try again":  func(m slackfmt.Message, o org) slackfmt.Message { return m.TryAgain(o.words).Replacing() },
	"text":          func(m slackfmt.Message, _ org) slackfmt.Message { return m.TextOnly() },
	"text to retry": func(m slackfmt.Message, o org) slackfmt.Message { return m.TextOnly().TryAgain("/crmuser " + o.words) },
}

func (o org) trouble() *directory.SyntaxError {
	return &directory.SyntaxError{Reason: directory.Nonsense, Text: o.words}
}

// holds fails where a message, a modal or options of the organisation would be
// refused or break a rule.
func (o org) holds(t *testing.T, name string) {
	t.Helper()
	for kind, build := range builders {
		m := build(o)
		for change, by := range changes {
			name := fmt.Sprintf("%s of %s, %s", kind, name, change)
			changed := by(m, o)
			check(t, name, changed)
			checkView(t, name+", in a modal", slackfmt.AnswerView(changed))
		}
	}
	checkOptions(t, "options of "+name, slackfmt.Options(people(o.users...)))
}

const longest = 20_000 // code points in a generated field

// values are what fields of a generated organisation hold.
var values = map[string]func(r *rand.Rand) string{
	"empty":   func(*rand.Rand) string { return "" },
	"long":    func(r *rand.Rand) string { return repeated(r, "Generated ", "x", "&", "<", "…") },
	"escaped": func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1000)) + strings.Repeat("&", longest) },
	"right to left": func(r *rand.Rand) string {
		return "Generated " + repeated(r, "שלום ", "مرحبا", "\u202e", "נֶ", "123")
	},
	"combining": func(r *rand.Rand) string {
		return repeated(r, "e\u0301", "\u0302", "n\u0303\u0308", "क्षि", "\u1112\u1161\u11ab")
	},
	"marks": func(*rand.Rand) string { return "Generate" + strings.Repeat("\u0301", longest) },
	"emoji": func(r *rand.Rand) string {
		return repeated(r, "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "❤\ufe0f", "😀")
	},
	"joiners": func(r *rand.Rand) string { return repeated(r, "👩", "\u200d", "\u200c", " ") },
	"short":   func(r *rand.Rand) string { return fmt.Sprintf("Generated %d", r.IntN(100)) },
	"hostile": func(r *rand.Rand) string { return hostile[r.IntN(len(hostile))] },
}

// repeated is text of parts in any order, now and then a very long one.
func repeated(r *rand.Rand, parts ...string) string {
	length := []int{10, 80, 200, 400, 1000, longest}[r.IntN(6)]
	var b strings.Builder
	for n := 0; n < length; {
		part := parts[r.IntN(len(parts))]
		b.WriteString(part)
		n += len([]rune(part))
	}
	return b.String()
}

func generated(people int, value func() string) org {
	o := org{words: value()}
	for i := range people {
		u := everywhere("")
		for _, field := range []*string{
			&u.FullName, &u.FirstName, &u.LastName, &u.Alias, &u.Email, &u.Phone, &u.Mobile, &u.Status, &u.Role.Name,
			&u.Profile.Name, &u.ReportingTo.Name, &u.City, &u.State, &u.Country, &u.TimeZone,
		} {
			*field = value()
		}
		u.ID = fmt.Sprint(i)
		o.users = append(o.users, u)
	}
	return o
}

func TestAnyOrganisationCanBeShown(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := slices.Sorted(maps.Keys(values))
	for _, kind := range kinds {
		generated(12, func() string { return values[kind](r) }).holds(t, kind)
	}
	for i := range 3 {
		mixed := func() string { return values[kinds[r.IntN(len(kinds))]](r) }
		generated(12, mixed).holds(t, fmt.Sprintf("mixed[%d]", i))
	}
}
