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
	examples []string
}

var commands = []command{
	{"/crmuser", "who somebody is in Zoho CRM, by name, e-mail address, phone number or user id", []string{"/crmuser kim", "/crmuser patricia boyle", "/crmuser kim@example.com"}},
	{"/crmusers", "how many people there are in Zoho CRM and who, by name and by " + filters(), []string{"/crmusers role:sales status:active", "/crmusers unconfirmed", "/crmusers manager:\"patricia boyle\""}},
	{"/crmadmins", "who holds an administrator profile in Zoho CRM", nil},
	{"/crmstatus", "how I am: my access to Zoho CRM, the age of the list of people, and my version", nil},
}

// filters names those of the query language.
func filters() string {
	names := directory.FilterNames()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// IsCommand reports whether the bot answers a command of that name.
func IsCommand(name string) bool {
	return slices.ContainsFunc(commands, func(c command) bool { return c.name == name })
}

// Usage explains a command, or says that it is not one of the bot's and
// explains those that are.
func Usage(name string) Message {
	shown := commands
	var text []string
	var blocks []slack.Block
	if IsCommand(name) {
		shown = slices.DeleteFunc(slices.Clone(commands), func(c command) bool { return c.name != name })
	} else {
		sorry := clean(name, maxWords) + " is not one of my commands."
		text = append(text, sorry)
		blocks = append(blocks, richText(line{plain(sorry)}))
	}
	for _, c := range shown {
		text = append(text, c.sentence())
		blocks = append(blocks, c.block())
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

// Failure says what went wrong and what to do. ref is what to quote when
// asking for help; it stands in the log as well.
func Failure(sentence, ref string) Message {
	quote := fmt.Sprintf("If you report this, quote reference %s.", ref)
	return private(escape(sentence+" "+quote), richText(line{plain(sentence)}), note(quote))
}

// NotUnderstood says which part of what was typed is the trouble, and what
// would be understood. command is the one that was typed.
func NotUnderstood(command string, e *directory.SyntaxError) Message {
	part := clean(e.Text, maxWords)
	what, advice := trouble(part, e)
	return private(escape(what+" "+advice), richText(line{plain(what)}), note(escape(advice+" "+command+" help shows examples.")))
}

// Mentioned says that a mention cannot be looked up.
func Mentioned() Message {
	const what, advice = "I cannot tell who a mention in Slack is in Zoho CRM.", "Type the name or the e-mail address instead."
	return private(what+" "+advice, richText(line{plain(what)}), note(advice))
}

func trouble(part string, e *directory.SyntaxError) (what, advice string) {
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
	case directory.ForeignLink:
		return fmt.Sprintf("I did not understand the link “%s”.", part), "Of links I understand those to a user in Zoho CRM."
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
