package slackfmt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// Door says where a command is open, for whom, and whom to ask about that. What
// does not look like a Slack id is left out of messages.
type Door struct {
	Channels []string // where it may be used: C… or G…
	Users    []string // who may use it anywhere: U… or W…
	Groups   []string // whose members may use it anywhere: S…
	Contact  string   // whom to ask: a user, a channel, or words such as "the CRM team"; empty: whoever runs the bot
}

// maxNamed is how many channels, or people and groups, a refusal names.
const maxNamed = 3

// NotAllowed says that the asker may not use a command here, and where it works.
func NotAllowed(command string, d Door) Message {
	closed := " is not open to you."
	if len(d.channels()) > 0 {
		closed = " is not open to you here."
	}
	sorry := line{plain("Sorry, "), commandName(command), plain(closed)}
	return spoken(sorry, d.where(), d.who(), d.ask("If you need it, please "))
}

// NotChecked says that a command stays closed because Slack could not be asked
// whether the asker may use it.
func NotChecked(command string, d Door) Message {
	unsure := line{plain("I could not check whether you may use "), commandName(command), plain(", so it stays closed for now.")}
	return spoken(unsure, d.ask("Please try again in a minute. If it keeps happening, please "))
}

// WrongTeam says that the bot does not serve the workspace. It mentions nobody:
// people and channels of one workspace are unknown in another.
func WrongTeam(d Door) Message {
	if IsID(d.Contact, "UWCG") {
		d.Contact = ""
	}
	return spoken(line{plain("Sorry, I do not answer in this workspace.")}, d.ask("If you think I should, please "))
}

func commandName(command string) slack.RichTextSectionElement {
	return code(cmp.Or(clean(command, maxWords), "this command"))
}

// where says in which channels the command works, if in any.
func (d Door) where() line {
	channels := d.channels()
	switch {
	case len(channels) == 0:
		return nil
	case len(channels) > maxNamed:
		return line{plain("It works in certain channels.")}
	}
	return append(append(line{plain("It works in ")}, enumerated(channels)...), plain("."))
}

// who says that some people may use the command. It names them only where the
// asker would have nothing else to go by.
func (d Door) who() line {
	allowed := append(mentions(d.Users, "UW", userMention), mentions(d.Groups, "S", groupMention)...)
	switch {
	case len(allowed) == 0:
		return nil
	case len(d.channels()) > 0:
		return line{plain("Some people can use it anywhere.")}
	case clean(d.Contact, maxValue) != "" || len(allowed) > maxNamed:
		return line{plain("It is open to some people only.")}
	}
	return append(append(line{plain("It is open to ")}, enumerated(allowed)...), plain("."))
}

func (d Door) channels() line { return mentions(d.Channels, "CG", channelMention) }

// ask says whom to ask. please is how the sentence begins.
func (d Door) ask(please string) line {
	switch {
	case IsID(d.Contact, "UW"):
		return line{plain(please + "ask "), userMention(d.Contact), plain(".")}
	case IsID(d.Contact, "CG"):
		return line{plain(please + "ask in "), channelMention(d.Contact), plain(".")}
	}
	words := strings.TrimRight(clean(d.Contact, maxValue), ". ")
	return line{plain(please + "ask " + cmp.Or(words, "whoever runs me") + ".")}
}

// IsID reports whether s looks like the id of something in Slack whose ids
// begin with one of the letters in kinds, as U and W are of people.
func IsID(s, kinds string) bool {
	const shortest, longest = 8, 30 // ours: ids have 9 to 11 characters today
	if len(s) < shortest || len(s) > longest || !strings.Contains(kinds, s[:1]) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

// mentions makes elements of those that are ids, each once.
func mentions(ids []string, kinds string, element func(string) slack.RichTextSectionElement) line {
	var all line
	for i, id := range ids {
		if IsID(id, kinds) && !slices.Contains(ids[:i], id) {
			all = append(all, element(id))
		}
	}
	return all
}

func channelMention(id string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionChannelElement(id, nil)
}

func userMention(id string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionUserElement(id, nil)
}

func groupMention(id string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionUserGroupElement(id)
}

// enumerated reads "a, b and c".
func enumerated(all line) line {
	var said line
	for i, element := range all {
		switch {
		case i > 0 && i == len(all)-1:
			said = append(said, plain(" and "))
		case i > 0:
			said = append(said, plain(", "))
		}
		said = append(said, element)
	}
	return said
}

// spoken makes a message of lines, whose text says them one after the other.
func spoken(lines ...line) Message {
	lines = slices.DeleteFunc(lines, func(l line) bool { return len(l) == 0 })
	text := make([]string, len(lines))
	for i, l := range lines {
		text[i] = l.text()
	}
	return private(strings.Join(text, " "), richText(lines...))
}

// said is what somebody reads of the line's text and links.
func (l line) said() string {
	var b strings.Builder
	for _, element := range l {
		switch e := element.(type) {
		case *slack.RichTextSectionTextElement:
			b.WriteString(e.Text)
		case *slack.RichTextSectionLinkElement:
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// text is the line as mrkdwn, with times in UTC.
func (l line) text() string {
	var b strings.Builder
	for _, element := range l {
		switch e := element.(type) {
		case *slack.RichTextSectionTextElement:
			b.WriteString(escape(e.Text))
		case *slack.RichTextSectionChannelElement:
			b.WriteString("<#" + e.ChannelID + ">")
		case *slack.RichTextSectionUserElement:
			b.WriteString("<@" + e.UserID + ">")
		case *slack.RichTextSectionUserGroupElement:
			b.WriteString("<!subteam^" + e.UsergroupID + ">")
		case *slack.RichTextSectionLinkElement:
			b.WriteString("<" + escape(e.URL) + "|" + escape(e.Text) + ">")
		case *slack.RichTextSectionDateElement:
			b.WriteString(escape(*e.Fallback))
		}
	}
	return b.String()
}
