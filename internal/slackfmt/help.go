package slackfmt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
)

// command is a slash command as its help describes it.
type command struct {
	name     string // with its slash
	purpose  string // completes "name: …", without a full stop
	hint     string // what to type after it; empty: nothing
	examples []string
}

// The names of commands.
const (
	commandUser   = "/crmuser"
	commandUsers  = "/crmusers"
	commandOwner  = "/crmowner"
	commandAdmins = "/crmadmins"
	commandStatus = "/crmstatus"
)

var commands = []command{
	{commandUser, "who somebody is in Zoho CRM, by name, e-mail address, phone number, user id or mention; alone it shows your own card", "[name, e-mail, phone, id or @mention]",
		[]string{"/crmuser kim", "/crmuser patricia boyle", "/crmuser kim@example.com"}},
	{commandUsers, "how many people there are in Zoho CRM and who, by name and by " + filters() + "; or how many of each", "[names, filters such as role:sales, or: by role]",
		[]string{"/crmusers role:sales status:active", "/crmusers manager:\"patricia boyle\"", "/crmusers by role"}},
	{commandOwner, "who owns a record of Zoho CRM, by its name, link, id, e-mail address or phone number; what somebody owns; orphans are the records whose owner is not active", "[record, link, id, person or orphans]",
		[]string{"/crmowner gentest", "/crmowner what does kim own", "/crmowner orphans"}},
	{commandAdmins, "who administers Zoho CRM, and what is odd about them; rules says who counts, audit posts an audit now, history lists the audits that there were", "[rules, audit or history]",
		[]string{"/crmadmins", "/crmadmins rules", "/crmadmins audit", "/crmadmins history"}},
	{commandStatus, "how I am: my access to Zoho CRM, the age of the list of people and of the last audit, and my version", "", nil},
}

// filters names those of the query language.
func filters() string { return enumeratedWords(directory.FilterNames(), "and") }

// enumeratedWords reads "a, b and c", with that word before the last.
func enumeratedWords(words []string, before string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + before + " " + words[last]
}

// Command is a slash command as Slack lists it while somebody types.
type Command struct {
	Name        string // with its slash
	Description string
	Hint        string // what to type after it; empty: nothing
}

// Commands gives those that the bot answers.
func Commands() []Command {
	var all []Command
	for _, c := range commands {
		all = append(all, Command{Name: c.name, Description: upperFirst(c.purpose), Hint: c.hint})
	}
	return all
}

// IsCommand reports whether the bot answers a command of that name.
func IsCommand(name string) bool {
	return slices.ContainsFunc(commands, func(c command) bool { return c.name == name })
}

// NotMine follows the name of a command that is none of the bot's.
const NotMine = " is not one of my commands."

// Usage explains a command. One that is not the bot's it takes for the nearest
// of those that are, or else it explains them all.
func Usage(name string) Message {
	if IsCommand(name) {
		return explained("", name)
	}
	sorry := clean(name, maxWords) + NotMine
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	if nearest := directory.Nearest(name, names); nearest != "" {
		return explained(sorry+" Did you mean "+nearest+"?", nearest)
	}
	return explained(sorry, names...)
}

// NotAnArgument says what a command does not take, and how it is used. Without
// any words it only says that.
func NotAnArgument(name, words string) Message {
	typed := clean(words, maxWords)
	if typed == "" {
		return Usage(name)
	}
	return explained(name+" does not take “"+typed+"”.", name)
}

// Nameless is the answer to a question without a name, where the asker is not
// found by their e-mail address either.
func Nameless(name string) Message {
	return explained("I did not find you in Zoho CRM by the e-mail address that you have in Slack.", name)
}

// explained explains commands, after a sentence if there is one.
func explained(first string, names ...string) Message {
	var text []string
	var blocks []slack.Block
	if first != "" {
		text, blocks = append(text, first), append(blocks, richText(line{plain(first)}))
	}
	for _, c := range commands {
		if slices.Contains(names, c.name) {
			text, blocks = append(text, c.sentence()), append(blocks, c.block())
		}
	}
	return private(escape(strings.Join(text, " ")), blocks...)
}

func (c command) sentence() string {
	sentence := fmt.Sprintf("%s: %s.", c.name, c.purpose)
	if len(c.examples) > 0 {
		sentence += fmt.Sprintf(" For example: %s.", strings.Join(c.examples, ", "))
	}
	return sentence
}

func (c command) block() slack.Block {
	lines := []line{{code(c.name), plain(": " + c.purpose)}}
	for _, example := range c.examples {
		lines = append(lines, line{plain("• "), code(example)})
	}
	return richText(lines...)
}

// NotUnderstood says which part of what was typed is the trouble, and what
// would be understood. command is the one that was typed.
func NotUnderstood(command string, e *directory.SyntaxError) Message {
	part := clean(e.Text, maxWords)
	what, todo := trouble(part, e)
	return private(escape(what+" "+todo), richText(line{plain(what)}), note(escape(todo+" "+command+" help shows examples.")))
}

func trouble(part string, e *directory.SyntaxError) (what, todo string) {
	all := "I can filter by " + filters() + ", as in role:sales."
	switch e.Reason {
	case directory.UnknownFilter:
		if e.Nearest == "" {
			return fmt.Sprintf("I do not know the filter “%s:”.", part), all
		}
		return fmt.Sprintf("I do not know the filter “%s:”. Did you mean “%s:”?", part, e.Nearest), all
	case directory.NoValue:
		return fmt.Sprintf("The filter “%s:” needs a value.", e.Nearest), "For example: " + filterExample(e.Nearest) + "."
	case directory.BadValue:
		return fmt.Sprintf("The filter “%s:” does not take “%s”.", e.Nearest, part), "For example: " + filterExample(e.Nearest) + "."
	case directory.UnknownCount:
		counts := "I can count people by " + enumeratedWords(directory.CountNames(), "or") + ", as in /crmusers by role."
		switch {
		case part == "":
			return "By what should I count?", counts
		case e.Nearest == "":
			return fmt.Sprintf("I cannot count by “%s”.", part), counts
		}
		return fmt.Sprintf("I cannot count by “%s”. Did you mean “by %s”?", part, e.Nearest), counts
	case directory.ForeignLink:
		return fmt.Sprintf("I did not understand the link “%s”.", part), "Of links I understand those to a user in Zoho CRM, and /crmowner those to a record."
	case directory.NotAPerson:
		return fmt.Sprintf("“%s” is not a person.", part), "Type a name, an e-mail address, a phone number or a user id."
	case directory.TooLong, directory.TooMany:
		return "That is too much at once for me.", fmt.Sprintf("I take up to %d words and filters, %d characters in all.", directory.MaxParts, directory.MaxQuery)
	default:
		return fmt.Sprintf("I did not understand “%s”.", part), "Type a name, an e-mail address, a phone number or a user id."
	}
}

func filterExample(name string) string {
	examples := map[string]string{
		directory.FilterRole: "sales", directory.FilterProfile: "standard", directory.FilterStatus: "active", directory.FilterConfirmed: "no",
		directory.FilterType: `"regular user"`, directory.FilterManager: `"patricia boyle"`, directory.FilterTZ: "berlin", directory.FilterCountry: "india",
	}
	return name + ":" + examples[name]
}
