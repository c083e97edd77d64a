package slackfmt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// How much one message lists before it says how many people are left out. With
// every value at maxListed it stays far below maxTotal.
const (
	maxPicks = 8
	PageSize = 10   // people on a page of a list
	maxText  = 3500 // ours, within maxMessageText
)

// PickList is the answer when several people fit: who they are, what tells
// namesakes apart, and a button each. Found holds the first of them.
func PickList(asked Ask, found directory.People) Message {
	title := matching(found.Total, asked.words())
	shown, rest := cut(found, maxPicks)
	blocks := append([]slack.Block{header(title)}, entries(asked, shown)...)
	text := title + ": " + sentences(shown, rest)
	if rest > 0 {
		const narrow = "Add a last name, or a filter such as role:sales."
		text += " " + narrow
		blocks = append(blocks, note(upperFirst(andMore(rest))+". "+narrow))
	}
	all := Ask{Command: commandUsers, Text: asked.Text}
	row := actions("", asked.backButton(), all.buttonIf(rest > 0, "all", fmt.Sprintf("Show all %s", thousands(found.Total))))
	return private(escape(text), slices.Concat(blocks, []slack.Block{readAt(found.ReadAt)}, row)...)
}

// Nobody is the answer when nobody fits: with those whom a typing error may
// have hidden, if there are any, or with what else to try.
func Nobody(asked Ask, found directory.People) Message {
	if found.Suggested {
		return suggestions(asked, found)
	}
	words := cmp.Or(asked.words(), "that")
	hint := "Try the beginning of a first or last name, or an e-mail address."
	if asked.Command == commandUsers {
		hint = "Try fewer words or filters; /crmusers help lists them."
	}
	if found.Hint != "" {
		hint = "Did you mean /crmusers " + clean(found.Hint, maxWords) + "?"
	}
	blocks := []slack.Block{richText(line{plain("Nobody in Zoho CRM matches “"), bold(words), plain("”.")}), note(escape(hint))}
	return private(
		escape("Nobody in Zoho CRM matches “"+words+"”. "+hint),
		append(blocks, actions("", asked.hintButton(found.Hint), asked.backButton())...)...,
	)
}

// hintButton asks what the hint says.
func (a Ask) hintButton(hint string) *slack.ButtonBlockElement {
	return Ask{Command: commandUsers, Text: hint}.buttonIf(hint != "", "hint", "Yes")
}

func (a Ask) buttonIf(wanted bool, name, label string) *slack.ButtonBlockElement {
	if !wanted {
		return nil
	}
	return a.button(name, label)
}

// suggestions offers those whom a typing error may have hidden.
func suggestions(asked Ask, found directory.People) Message {
	words := cmp.Or(asked.words(), "that")
	shown, rest := cut(found, maxPicks)
	question := "Did you mean one of these people?"
	if found.Total == 1 {
		question = "Did you mean this person?"
	}
	blocks := []slack.Block{
		richText(line{plain("Nobody in Zoho CRM matches “"), bold(words), plain("”.")}),
		header(question),
	}
	blocks = append(blocks, entries(asked, shown)...)
	if rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+"."))
	}
	text := "Nobody in Zoho CRM matches “" + words + "”. " + question + " " + sentences(shown, rest)
	return private(escape(text), slices.Concat(blocks, []slack.Block{readAt(found.ReadAt)}, actions("", asked.backButton()))...)
}

// List is a page of people, which has the buttons of the others, and selects
// that narrow it down.
type List struct {
	Asked  Ask              // what it answers
	Query  string           // the same as it is typed, for what is chosen in a select
	Found  directory.People // those on the page
	Facets []Facet          // what can be chosen
	Of     string           // the name of the person whose people these are; empty: of a search
}

// Facet is a filter with its values.
type Facet struct {
	Name   string            // of the filter
	Chosen string            // the filter in the question, such as role:sales; empty: none
	Counts []directory.Count // how many people each value would leave
}

// Message is how many there are, of which status, and the page.
func (l List) Message() Message {
	if l.Found.Total == 0 {
		return l.nobody()
	}
	title := l.title()
	blocks := slices.Concat(
		[]slack.Block{header(title), richText(line{plain(statuses(l.Found, " · "))})},
		entries(l.Asked, l.Found.Users), []slack.Block{l.footer()}, l.Asked.turning(l.page(), l.pages(), nil), l.selects(),
	)
	if l.pages() > 1 {
		title += ", " + l.place()
	}
	text := title + " (" + statuses(l.Found, ", ") + "): " + sentences(l.Found.Users, 0)
	if units(escape(text)) > maxText { // long names of many statuses
		text = title + ": " + sentences(l.Found.Users, 0)
	}
	return private(escape(text), blocks...)
}

func (l List) nobody() Message {
	title := "Zoho CRM has no users"
	if l.Of != "" {
		title = "Nobody reports to " + clean(l.Of, maxListed)
	}
	blocks := append([]slack.Block{header(title), readAt(l.Found.ReadAt)}, actions("", l.Asked.backButton())...)
	return private(escape(title+"."), blocks...)
}

func (l List) title() string {
	switch total := l.Found.Total; {
	case l.Of != "" && total == 1:
		return "1 person reports to " + clean(l.Of, maxListed)
	case l.Of != "":
		return fmt.Sprintf("%s people report to %s", thousands(total), clean(l.Of, maxListed))
	default:
		return matching(total, l.Asked.words())
	}
}

func (l List) pages() int { return (l.Found.Total + PageSize - 1) / PageSize }

func (l List) page() int { return l.Found.From / PageSize }

func (l List) place() string { return fmt.Sprintf("page %d of %d", l.page()+1, l.pages()) }

func (l List) footer() slack.Block {
	if l.pages() == 1 {
		return readAt(l.Found.ReadAt)
	}
	return note(upperFirst(l.place()) + " · read " + minute(l.Found.ReadAt))
}

// turning are the buttons that lead to other pages and back, with one between
// them; nil for none.
func (a Ask) turning(page, pages int, between *slack.ButtonBlockElement) []slack.Block {
	to := func(page int) Ask {
		to := a
		to.Page, to.Live = page, false
		return to
	}
	return actions("",
		to(page-1).buttonIf(page > 0, "previous", "Previous"),
		to(page+1).buttonIf(page+1 < pages, "next", "Next"),
		between,
		a.backButton(),
	)
}

// selects narrow the list down. What was asked stands in their block's id; a
// question that does not fit there has none.
func (l List) selects() []slack.Block {
	id := Ask{Command: commandUsers, Text: l.Query}.value(maxBlockID)
	var elements []slack.BlockElement
	for _, f := range l.Facets {
		if s := f.element(); s != nil && id != "" {
			elements = append(elements, s)
		}
	}
	return actions(id, elements...)
}

// element offers the values, the most frequent first. It is nil where there is
// nothing to choose.
func (f Facet) element() *slack.SelectBlockElement {
	options := f.options()
	if len(options) == 0 || len(options) == 1 && f.Chosen == "" {
		return nil
	}
	s := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, literal(upperFirst(f.Name)), FilterPrefix+f.Name)
	if f.Chosen == "" {
		s.Options = options
		return s
	}
	s.Options = append([]*slack.OptionBlockObject{slack.NewOptionBlockObject(f.Name+":", literal("Any "+f.Name), nil)}, options...)
	i := slices.IndexFunc(s.Options, func(o *slack.OptionBlockObject) bool { return o.Value == f.Chosen })
	if i < 0 && units(f.Chosen) <= maxOptionValue { // as typed, such as the beginning of a value
		i = len(s.Options)
		s.Options = append(s.Options, slack.NewOptionBlockObject(f.Chosen, literal(cmp.Or(clean(f.Chosen, maxOption), f.Name)), nil))
	}
	if i >= 0 {
		s.InitialOption = s.Options[i]
	}
	return s
}

// maxFacet is how much text the options of one select have, so that three of
// them leave room for the people.
const maxFacet = 2000

func (f Facet) options() []*slack.OptionBlockObject {
	const most = maxSelectOptions - 2 // beside "any", and what was typed
	var options []*slack.OptionBlockObject
	left := maxFacet
	for _, c := range f.Counts[:min(len(f.Counts), most)] {
		value := directory.Filter{Name: f.Name, Value: c.Name}.String()
		label := clean(c.Name, maxOption-15)
		if left -= units(label) + 15; label != "" && units(value) <= maxOptionValue && left >= 0 {
			options = append(options, slack.NewOptionBlockObject(value, literal(fmt.Sprintf("%s (%s)", label, thousands(c.People))), nil))
		}
	}
	return options
}

// Counts says how many people have which role, profile and the like.
type Counts struct {
	Asked  Ask
	Query  string            // who is counted, as it is typed
	By     string            // one of directory.CountNames
	Counts []directory.Count // the most people first
	ReadAt time.Time
}

// People is how many people are counted.
func (c Counts) People() int {
	people := 0
	for _, one := range c.Counts {
		people += one.People
	}
	return people
}

// maxCounts is how many values one message counts.
const maxCounts = 25

// Message is the counts, and a select that leads to the people.
func (c Counts) Message() Message {
	if len(c.Counts) == 0 {
		return Nobody(Ask{Command: commandUsers, Text: c.Query, Back: c.Asked.Back}, directory.People{})
	}
	title := personOrPeople(c.People()) + " by " + c.By
	shown := c.Counts[:min(len(c.Counts), maxCounts)]
	var lines []line
	var parts []string
	for _, one := range shown {
		name := cmp.Or(clean(one.Name, maxListed), "no "+c.By)
		said := thousands(one.People)
		if one.Active != one.People {
			said += fmt.Sprintf(" (%s active)", thousands(one.Active))
		}
		lines = append(lines, line{bold(name), plain(": " + said)})
		parts = append(parts, name+": "+said)
	}
	blocks := []slack.Block{header(title), richText(lines...)}
	if rest := len(c.Counts) - len(shown); rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+"."))
	}
	text := title + ": " + fitting(parts, len(c.Counts)-len(shown), "; ")
	return private(escape(text), slices.Concat(blocks, []slack.Block{readAt(c.ReadAt)}, c.selects(), actions("", c.Asked.backButton()))...)
}

func (c Counts) selects() []slack.Block {
	return List{Query: c.Query, Facets: []Facet{{Name: c.By, Counts: c.Counts}}}.selects()
}

// Chain is whom somebody reports to, up to the top.
type Chain struct {
	Asked  Ask
	User   zoho.User
	Levels []directory.Managers // from the nearest
	ReadAt time.Time
}

// maxChain is how many blocks a chain has, in whole levels.
const maxChain = 20

// Message is the chain, with a button for each person on it.
func (c Chain) Message() Message {
	name := nameOf(c.User, maxListed)
	title := "Who " + name + " reports to"
	blocks := []slack.Block{header(title)}
	var said []string
	for i, m := range c.Levels {
		shown, text := c.level(m)
		if len(blocks)+len(shown) > maxChain {
			blocks = append(blocks, note(upperFirst(andMore(len(c.Levels)-i))+"."))
			break
		}
		blocks, said = append(blocks, shown...), append(said, text)
	}
	back := Ask{Command: commandUser, Person: c.User.ID}
	if len(said) == 0 {
		said = []string{"nobody that I know of"}
		blocks = append(blocks, richText(line{plain("Nobody that I know of.")}))
	}
	text := title + ": " + fitting(said, max(0, len(c.Levels)-len(said)), "; ")
	return private(escape(text), slices.Concat(blocks, []slack.Block{readAt(c.ReadAt)}, actions("", c.Asked.backOr(back).backButton()))...)
}

// backOr leads back to another question where there is none to go back to.
func (a Ask) backOr(other Ask) Ask {
	a.Back = cmp.Or(a.Back, &other)
	return a
}

// maxHolders is how many of those who hold a role a chain shows.
const maxHolders = 3

// level is one step of a chain: a person, or those who hold a role.
func (c Chain) level(m directory.Managers) (shown []slack.Block, text string) {
	besides := ""
	if m.By == directory.RoleTree {
		besides = "by role"
	}
	if m.Total == 1 {
		return []slack.Block{entry(c.Asked, m.Users[0], besides)}, sentence(m.Users[0], besides)
	}
	holders := m.Users[:min(len(m.Users), maxHolders)]
	title := fmt.Sprintf("%s: %s, by role", cmp.Or(clean(m.Role, maxListed), "One role"), personOrPeople(m.Total))
	shown = append([]slack.Block{richText(line{plain(title)})}, entries(c.Asked, holders)...)
	var names []string
	for _, u := range holders {
		names = append(names, nameOf(u, maxListed))
	}
	if rest := m.Total - len(holders); rest > 0 {
		shown, names = append(shown, note(upperFirst(andMore(rest))+".")), append(names, andMore(rest))
	}
	return shown, title + ", " + join(names...)
}

func matching(people int, asked string) string {
	switch {
	case asked == "":
		return personOrPeople(people) + " in Zoho CRM"
	case people == 1:
		return fmt.Sprintf("1 person matches “%s”", asked)
	default:
		return fmt.Sprintf("%s people match “%s”", thousands(people), asked)
	}
}

func personOrPeople(n int) string {
	if n == 1 {
		return "1 person"
	}
	return thousands(n) + " people"
}

// statuses says how many people have which status, for the first few.
func statuses(found directory.People, separator string) string {
	const most = 5
	var parts []string
	others := 0
	for i, s := range found.Statuses {
		if i >= most {
			others += s.People
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s", thousands(s.People), cmp.Or(clean(s.Name, maxListed), "without a status")))
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%s others", thousands(others)))
	}
	return strings.Join(parts, separator)
}

// entries lists people below each other, each with what tells namesakes apart
// and a button that shows their card.
func entries(asked Ask, users []zoho.User) []slack.Block {
	blocks := make([]slack.Block, len(users))
	for i, u := range users {
		blocks[i] = entry(asked, u, "")
	}
	return blocks
}

func cut(found directory.People, most int) (shown []zoho.User, rest int) {
	shown = found.Users[:min(len(found.Users), most)]
	return shown, found.Total - len(shown)
}
