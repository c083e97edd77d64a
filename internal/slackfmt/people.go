package slackfmt

import (
	"cmp"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// How much one message lists before it says how many people are left out. With
// every value at maxListed, maxAdmins people stay below the 12,000 characters
// at which Slack refuses a message, by the word of a maintainer of its SDK.
const (
	maxPicks  = 8
	maxUsers  = 10
	maxAdmins = 25
	maxText   = 3500 // of the top-level text, for which Slack advises 4,000
)

// People answers a search: a card when one person fits, a list to choose from
// when several do, and a hint when nobody does. words are what was typed.
func People(words string, found directory.People) Message {
	switch {
	case found.Total == 0:
		return nobody(words, found, "Try the beginning of a first or last name, or an e-mail address.")
	case found.Suggested:
		return suggestions(words, found)
	case found.Total == 1:
		return card(found)
	default:
		return pickList(words, found)
	}
}

// Users answers with a list: how many there are, of which status, and the
// first of them. words are what was typed; without any that is everybody.
func Users(words string, found directory.People) Message {
	asked := clean(words, maxWords)
	switch {
	case found.Total == 0 && asked == "":
		return private("Zoho CRM has no users.", header("Zoho CRM has no users"), readAt(found.ReadAt))
	case found.Total == 0:
		return nobody(words, found, "Try fewer words or filters; /crmusers help lists them.")
	case found.Suggested:
		return suggestions(words, found)
	}
	title := matching(found.Total, asked)
	shown, rest := cut(found, maxUsers)
	blocks := []slack.Block{header(title), richText(line{plain(statuses(found, " · "))})}
	blocks = append(blocks, entries(shown, onlyRole)...)
	if rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+". Narrow it down with a name or a filter, such as role:sales."))
	}
	text := title + " (" + statuses(found, ", ") + "): " + sentences(shown, rest, onlyRole)
	if units(escape(text)) > maxText { // long names of many statuses
		text = title + ": " + sentences(shown, rest, onlyRole)
	}
	return private(escape(text), append(blocks, readAt(found.ReadAt))...)
}

func matching(people int, asked string) string {
	switch {
	case asked == "" && people == 1:
		return "1 person in Zoho CRM"
	case asked == "":
		return fmt.Sprintf("%d people in Zoho CRM", people)
	case people == 1:
		return fmt.Sprintf("1 person matches “%s”", asked)
	default:
		return fmt.Sprintf("%d people match “%s”", people, asked)
	}
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
		parts = append(parts, fmt.Sprintf("%d %s", s.People, cmp.Or(clean(s.Name, maxListed), "without a status")))
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%d others", others))
	}
	return strings.Join(parts, separator)
}

// Admins answers with those who hold an administrative profile, all of them or
// as many as fit.
func Admins(found directory.People) Message {
	title := fmt.Sprintf("%d admins in Zoho CRM", found.Total)
	switch found.Total {
	case 0:
		title = "Zoho CRM names no admins"
		return private(title+".", header(title), readAt(found.ReadAt))
	case 1:
		title = "1 admin in Zoho CRM"
	}
	shown, rest := cut(found, maxAdmins)
	blocks := append([]slack.Block{header(title)}, entries(shown, roleAndProfile)...)
	if rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+" who do not fit into one message."))
	}
	return private(escape(title+": "+sentences(shown, rest, roleAndProfile)), append(blocks, readAt(found.ReadAt))...)
}

func nobody(words string, found directory.People, hint string) Message {
	asked := cmp.Or(clean(words, maxWords), "that")
	if found.Hint != "" {
		hint = "Did you mean /crmusers " + clean(found.Hint, maxWords) + "?"
	}
	return private(
		escape("Nobody in Zoho CRM matches “"+asked+"”. "+hint),
		richText(line{plain("Nobody in Zoho CRM matches “"), bold(asked), plain("”.")}),
		note(escape(hint)),
	)
}

// card is the answer that people come for. What Zoho does not say is left out;
// anything but a plainly active person says so before all else.
func card(found directory.People) Message {
	u := found.Users[0]
	var blocks []slack.Block
	if status, plainly := standing(u); !plainly {
		blocks = append(blocks, richText(line{bold(upperFirst(status))}))
	}
	blocks = append(blocks, header(nameOf(u, maxHeader)))
	var lines []line
	for _, f := range append(facts([]fact{{label: "Role", value: u.Role.Name}}), details(u)...) {
		lines = append(lines, line{bold(f.label + ":"), plain(" "), f.element()})
	}
	if len(lines) > 0 {
		blocks = append(blocks, richText(lines...))
	}
	return private(escape(cardText(u)), append(blocks, readAt(found.ReadAt))...)
}

// cardText puts name, role, status and the ways to reach somebody first: a
// lock screen shows no more.
func cardText(u zoho.User) string {
	name, role := nameOf(u, maxHeader), clean(u.Role.Name, maxValue)
	status, plainly := standing(u)
	text := join(name, role, status) + "."
	if !plainly {
		text = upperFirst(status) + ": " + join(name, role) + "."
	}
	return withFacts(text, details(u))
}

// withFacts adds facts to the top-level text, as far as that goes.
func withFacts(text string, facts []fact) string {
	for _, f := range facts {
		next := fmt.Sprintf(" %s: %s", f.label, ended(f.value))
		if units(escape(text+next)) > maxText {
			break
		}
		text += next
	}
	return text
}

// ended ends a sentence, unless it has an end.
func ended(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, ellipsis) {
		return s
	}
	return s + "."
}

func pickList(words string, found directory.People) Message {
	asked := clean(words, maxWords)
	title := matching(found.Total, asked)
	shown, rest := cut(found, maxPicks)
	blocks := append([]slack.Block{header(title)}, entries(shown, onlyRole)...)
	hint := "Ask again with a last name or an e-mail address."
	text := title + ": " + sentences(shown, rest, onlyRole) + " " + hint
	if rest > 0 {
		hint = upperFirst(andMore(rest)) + ". " + hint
	}
	return private(escape(text), append(blocks, note(hint), readAt(found.ReadAt))...)
}

// suggestions offers those whom a typing error may have hidden.
func suggestions(words string, found directory.People) Message {
	asked := cmp.Or(clean(words, maxWords), "that")
	shown, rest := cut(found, maxPicks)
	question := "Did you mean one of these people?"
	if found.Total == 1 {
		question = "Did you mean this person?"
	}
	blocks := []slack.Block{
		richText(line{plain("Nobody in Zoho CRM matches “"), bold(asked), plain("”.")}),
		header(question),
	}
	blocks = append(blocks, entries(shown, onlyRole)...)
	if rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+"."))
	}
	text := "Nobody in Zoho CRM matches “" + asked + "”. " + question + " " + sentences(shown, rest, onlyRole)
	return private(escape(text), append(blocks, readAt(found.ReadAt))...)
}

// nameOf is the best name that there is to show. It is never empty.
func nameOf(u zoho.User, limit int) string {
	return cmp.Or(
		clean(u.FullName, limit),
		clean(u.FirstName+" "+u.LastName, limit),
		clean(u.Alias, limit),
		clean(u.Email, limit),
		"User "+clean(u.ID, maxListed),
	)
}

// fact is something that the CRM says about somebody.
type fact struct{ label, value, link string }

func (f fact) element() slack.RichTextSectionElement {
	if f.link == "" {
		return plain(f.value)
	}
	return slack.NewRichTextSectionLinkElement(f.link, f.value, nil)
}

// details are what the CRM knows besides name, role and status, the ways to
// reach somebody first.
func details(u zoho.User) []fact {
	return facts([]fact{
		{label: "E-mail", value: u.Email, link: mailto(u.Email)},
		{label: "Phone", value: u.Phone},
		{label: "Mobile", value: u.Mobile},
		{label: "Reports to", value: u.ReportingTo.Name},
		{label: "Profile", value: u.Profile.Name},
		{label: "Location", value: join(clean(u.City, maxValue), clean(u.State, maxValue), clean(u.Country, maxValue))},
		{label: "Time zone", value: u.TimeZone},
	})
}

// facts cleans values and drops those that are empty.
func facts(all []fact) []fact {
	for i := range all {
		all[i].value = clean(all[i].value, maxValue)
	}
	return slices.DeleteFunc(all, func(f fact) bool { return f.value == "" })
}

// mailto links an address, or nothing that only looks like one.
func mailto(address string) string {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > maxValue {
		return ""
	}
	return "mailto:" + url.PathEscape(address)
}

// standing is somebody's status in words, and whether it is plainly active.
func standing(u zoho.User) (words string, plainly bool) {
	status := clean(u.Status, maxListed)
	switch {
	case status == "":
		return "status unknown", false
	case !u.Active():
		return status, false
	case u.Unconfirmed:
		return "invitation pending", false
	default:
		return status, true
	}
}

func upperFirst(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

// entries lists people below each other, each with what tells namesakes apart.
// about gives what else is said of one.
func entries(users []zoho.User, about func(zoho.User) []string) []slack.Block {
	var blocks []slack.Block
	for _, u := range users {
		name := line{bold(nameOf(u, maxListed))}
		if status, plainly := standing(u); !plainly {
			name = append(name, plain(" · "+status))
		}
		var details line
		for _, text := range about(u) {
			details = separated(details, plain(text))
		}
		if email := clean(u.Email, maxListed); email != "" {
			details = separated(details, fact{value: email, link: mailto(u.Email)}.element())
		}
		blocks = append(blocks, richText(name, details))
	}
	return blocks
}

func separated(l line, next slack.RichTextSectionElement) line {
	if len(l) > 0 {
		l = append(l, plain(" · "))
	}
	return append(l, next)
}

// sentences says the same in the top-level text, as far as that goes. rest is
// how many people were left out already.
func sentences(users []zoho.User, rest int, about func(zoho.User) []string) string {
	var parts []string
	length := 0
	for i, u := range users {
		status, _ := standing(u)
		what := append(about(u), status, clean(u.Email, maxListed))
		part := fmt.Sprintf("%s (%s)", nameOf(u, maxListed), join(what...))
		if length += units(escape(part)); length > maxText {
			rest += len(users) - i
			break
		}
		parts = append(parts, part)
	}
	if rest > 0 {
		parts = append(parts, andMore(rest))
	}
	return strings.Join(parts, "; ") + "."
}

// onlyRole and roleAndProfile are what lists say of somebody.
func onlyRole(u zoho.User) []string { return given(clean(u.Role.Name, maxListed)) }

func roleAndProfile(u zoho.User) []string {
	return given(clean(u.Role.Name, maxListed), clean(u.Profile.Name, maxListed))
}

func cut(found directory.People, most int) (shown []zoho.User, rest int) {
	shown = found.Users[:min(len(found.Users), most)]
	return shown, found.Total - len(shown)
}

func andMore(n int) string { return fmt.Sprintf("and %d more", n) }

// join lists what is not empty.
func join(parts ...string) string { return strings.Join(given(parts...), ", ") }

func given(parts ...string) []string {
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }
