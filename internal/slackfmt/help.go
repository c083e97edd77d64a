package slackfmt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// Command is a slash command as its help describes it.
type Command struct {
	Name     string   // with its slash
	Purpose  string   // completes "Name: …", without a full stop
	Examples []string // whole commands
}

// Commands are those that the bot answers.
var Commands = []Command{
	{"/crmuser", "who somebody is in Zoho CRM, by name, e-mail address or user id", []string{"/crmuser kim", "/crmuser patricia boyle", "/crmuser kim@example.com"}},
	{"/crmadmins", "who holds an administrator profile in Zoho CRM", []string{"/crmadmins"}},
}

// Usage explains a command, or says that it is not one of the bot's and
// explains those that are.
func Usage(name string) Message {
	if i := slices.IndexFunc(Commands, func(c Command) bool { return c.Name == name }); i >= 0 {
		return help("", Commands[i:i+1])
	}
	return help(fmt.Sprintf("%s is not one of my commands. ", clean(name, maxWords)), Commands)
}

func help(first string, commands []Command) Message {
	text := first
	var blocks []slack.Block
	if first != "" {
		blocks = append(blocks, richText(line{plain(strings.TrimSpace(first))}))
	}
	for _, c := range commands {
		text += fmt.Sprintf("%s: %s. For example: %s. ", c.Name, c.Purpose, strings.Join(c.Examples, ", "))
		lines := []line{{code(c.Name), plain(" " + c.Purpose)}}
		for _, example := range c.Examples {
			lines = append(lines, line{plain("• "), code(example)})
		}
		blocks = append(blocks, richText(lines...))
	}
	return private(escape(strings.TrimSpace(text)), blocks...)
}

// Failure says what went wrong and what to do. ref is what to quote when
// asking for help; it stands in the log as well.
func Failure(sentence, ref string) Message {
	reference := "Reference " + ref
	return private(escape(sentence+" "+reference+"."), richText(line{plain(sentence)}), note(reference))
}
