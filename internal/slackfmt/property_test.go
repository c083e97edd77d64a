package slackfmt_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/audit"
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
	"card":        func(o org) slackfmt.Message { return o.card().Message() },
	"shared card": func(o org) slackfmt.Message { return o.card().Shared("U0SAMPLE") },
	"last card":   func(o org) slackfmt.Message { return cardOf(o.users[len(o.users)-1]).Message() },
	"gone":        func(o org) slackfmt.Message { return slackfmt.Gone(o.asked()) },
	"pick list":   func(o org) slackfmt.Message { return slackfmt.PickList(o.asked(), people(o.users...)) },
	"nobody":      func(o org) slackfmt.Message { return slackfmt.Nobody(o.asked(), directory.People{Hint: o.words}) },
	"suggestions": func(o org) slackfmt.Message { return slackfmt.Nobody(o.asked(), suggested(o.users...)) },
	"users":       func(o org) slackfmt.Message { return o.list().Message() },
	"team": func(o org) slackfmt.Message {
		l := o.list()
		l.Of = o.words
		return l.Message()
	},
	"no users": func(o org) slackfmt.Message { return slackfmt.List{Asked: o.asked(), Found: people()}.Message() },
	"counts": func(o org) slackfmt.Message {
		return slackfmt.Counts{Asked: o.asked(), Query: o.words, By: "role", Counts: o.counts()}.Message()
	},
	"chain": func(o org) slackfmt.Message {
		return slackfmt.Chain{Asked: o.asked(), User: o.users[0], Levels: o.levels()}.Message()
	},
	"admins":    func(o org) slackfmt.Message { return o.admins(0).Message() },
	"last page": func(o org) slackfmt.Message { return o.admins(1000).Message() },
	"admin rules": func(o org) slackfmt.Message {
		return slackfmt.AdminRules(o.asked(), audit.Rules{Profiles: []string{o.words, o.words}, Roles: []string{o.words}})
	},
	"usage":           func(o org) slackfmt.Message { return slackfmt.Usage(o.words) },
	"not an argument": func(o org) slackfmt.Message { return slackfmt.NotAnArgument("/crmadmins", o.words) },
	"nameless":        func(org) slackfmt.Message { return slackfmt.Nameless("/crmuser") },
	"not understood":  func(o org) slackfmt.Message { return slackfmt.NotUnderstood("/crmuser", o.trouble()) },
	"mention unread":  func(org) slackfmt.Message { return slackfmt.MentionUnread() },
	"mention unknown": func(o org) slackfmt.Message { return slackfmt.MentionUnknown(o.words) },
	"outdated":        func(org) slackfmt.Message { return slackfmt.Outdated() },
	"looking":         func(org) slackfmt.Message { return slackfmt.Looking() },
	"failure":         func(o org) slackfmt.Message { return slackfmt.ScopeMissing(o.words, o.words).Failure("7KQ2M4XW") },
	"not allowed":     func(o org) slackfmt.Message { return slackfmt.NotAllowed(o.words, hostileDoor(o.words)) },
	"not checked":     func(o org) slackfmt.Message { return slackfmt.NotChecked(o.words, hostileDoor(o.words)) },
	"wrong team":      func(o org) slackfmt.Message { return slackfmt.WrongTeam(hostileDoor(o.words)) },
	"status": func(o org) slackfmt.Message {
		return slackfmt.StatusReport(slackfmt.Status{Now: now, Version: o.words, TokenProblem: o.words, ExchangeProblem: o.words, ZohoFailedAt: now, ZohoProblem: o.words, LastError: o.words})
	},
}

// changes are what may happen to any message.
var changes = map[string]func(m slackfmt.Message, o org) slackfmt.Message{
	"as it is":      func(m slackfmt.Message, _ org) slackfmt.Message { return m },
	"older":         func(m slackfmt.Message, o org) slackfmt.Message { return m.Older(time.Hour, "Generated.") },
	"to try again":  func(m slackfmt.Message, o org) slackfmt.Message { return m.TryAgain(o.asked()).Replacing() },
	"text":          func(m slackfmt.Message, _ org) slackfmt.Message { return m.TextOnly() },
	"text to retry": func(m slackfmt.Message, o org) slackfmt.Message { return m.TextOnly().TryAgain(o.asked()) },
}

// asked is a question that comes from another, and that from a third.
func (o org) asked() slackfmt.Ask {
	a := slackfmt.Ask{Command: "/crmusers", Text: o.words}
	for range 2 {
		before := a
		a = slackfmt.Ask{Command: "/crmuser", Text: o.words, Person: o.words, Back: &before}
	}
	return a
}

func (o org) card() slackfmt.Card {
	c := cardOf(o.users[0])
	c.Managers = directory.Managers{Users: o.users, Total: 1, By: directory.RoleTree, Role: o.words}
	c.Reports, c.Zone, c.Link, c.Asked, c.Owns = 3, o.users[0].TimeZone, "https://crm.zoho.com/", o.asked(), true
	return c
}

func (o org) counts() []directory.Count {
	var all []directory.Count
	for _, u := range slices.Concat(o.users, o.users, o.users, o.users) {
		all = append(all, directory.Count{Name: u.Role.Name, People: 2000, Active: 3})
	}
	return all
}

func (o org) list() slackfmt.List {
	l := slackfmt.List{Asked: o.asked(), Query: o.words, Found: people(o.users...)}
	for _, name := range []string{"role", "profile", "type"} {
		l.Facets = append(l.Facets, slackfmt.Facet{Name: name, Chosen: o.words, Counts: slices.Concat(o.counts(), o.counts(), o.counts())})
	}
	l.Found.Users = l.Found.Users[:min(len(l.Found.Users), slackfmt.PageSize)]
	l.Found.Total = 12345
	return l
}

func (o org) levels() []directory.Managers {
	var levels []directory.Managers
	for i, u := range slices.Concat(o.users, o.users, o.users) {
		m := directory.Managers{Users: []zoho.User{u}, Total: 1, By: directory.ReportingLine}
		if i%2 == 0 {
			m = directory.Managers{Users: o.users[:min(len(o.users), 10)], Total: 12345, By: directory.RoleTree, Role: o.words}
		}
		levels = append(levels, m)
	}
	return levels
}

func (o org) admins(page int) slackfmt.Admins {
	a := slackfmt.Admins{Asked: slackfmt.Ask{Command: "/crmadmins", Page: page}}
	for _, u := range slices.Concat(o.users, o.users, o.users) {
		a.Report.Admins = append(a.Report.Admins, audit.Admin{User: u, Rules: []audit.Rule{audit.ByRole}, Flags: audit.Flags()})
	}
	return a
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
			check(t, name, changed, "U0SAMPLE")
		}
		checkView(t, name+", in a modal", slackfmt.AnswerView(m), "U0SAMPLE")
		checkView(t, name+", below a search", slackfmt.FindPerson(m.TryAgain(o.asked())), "U0SAMPLE")
		checkView(t, name+", in the Home tab", slackfmt.Home(m.TextOnly()), "U0SAMPLE")
	}
	checkOptions(t, "options of "+name, slackfmt.Options(people(o.users...)))
}

// How many code points the first generated name has, and any other field at
// most.
const longest, long = 20_000, 1000

// values are what fields of a generated organisation hold.
var values = map[string]func(r *rand.Rand) string{
	"empty":   func(*rand.Rand) string { return "" },
	"long":    func(r *rand.Rand) string { return repeated(r, "Generated ", "x", "&", "<", "…") },
	"escaped": func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1000)) + strings.Repeat("&", long) },
	"right to left": func(r *rand.Rand) string {
		return "Generated " + repeated(r, "שלום ", "مرحبا", "\u202e", "נֶ", "123")
	},
	"combining": func(r *rand.Rand) string {
		return repeated(r, "e\u0301", "\u0302", "n\u0303\u0308", "क्षि", "\u1112\u1161\u11ab")
	},
	"marks": func(*rand.Rand) string { return "Generate" + strings.Repeat("\u0301", long) },
	"emoji": func(r *rand.Rand) string {
		return repeated(r, "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "❤\ufe0f", "😀")
	},
	"joiners": func(r *rand.Rand) string { return repeated(r, "👩", "\u200d", "\u200c", " ") },
	"short":   func(r *rand.Rand) string { return fmt.Sprintf("Generated %d", r.IntN(100)) },
	"hostile": func(r *rand.Rand) string { return hostile[r.IntN(len(hostile))] },
}

// repeated is text of parts in any order, now and then a long one.
func repeated(r *rand.Rand, parts ...string) string {
	length := []int{10, 80, 200, 400, long}[r.IntN(5)]
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
		if n := len([]rune(u.FullName)); i == 0 && n > 0 {
			u.FullName = strings.Repeat(u.FullName, longest/n+1)
		}
		o.users = append(o.users, u)
	}
	return o
}

func TestAnyOrganisationCanBeShown(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := slices.Sorted(maps.Keys(values))
	for _, kind := range kinds {
		generated(10, func() string { return values[kind](r) }).holds(t, kind)
	}
	for i := range 3 {
		mixed := func() string { return values[kinds[r.IntN(len(kinds))]](r) }
		generated(10, mixed).holds(t, fmt.Sprintf("mixed[%d]", i))
	}
}
