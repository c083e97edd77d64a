package slackfmt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// command is a slash command as its help describes it.
type command struct {
	name     string // with its slash
	purpose  string // completes "name: …", without a full stop
	examples []string
}

var commands = []command{
	{"/crmuser", "who somebody is in Zoho CRM, by name, e-mail address or user id", []string{"/crmuser kim", "/crmuser patricia boyle", "/crmuser kim@example.com"}},
	{"/crmadmins", "who holds an administrator profile in Zoho CRM", nil},
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
