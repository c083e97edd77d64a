package local

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Text shows a message for a terminal: its blocks one below the other, or its
// text when it has none. With styled, bold text is bold.
func Text(message []byte, styled bool) (string, error) {
	return terminal{styled: styled}.message(message)
}

// Control is something in a message that can be pressed.
type Control struct {
	message       []byte
	label, action string // as people see it; the menu's action id, empty of a button
	nth           int    // of those with the label
	url           string // where it leads, of a link
}

// NumberedText is Text with what can be pressed numbered behind so many others,
// and unfolded.
func NumberedText(message []byte, styled bool, others int) (string, []Control, error) {
	var controls []Control
	text, err := terminal{styled, &controls, others}.message(message)
	for i := range controls {
		controls[i].message = message
	}
	return text, controls, err
}

// terminal is how messages are shown.
type terminal struct {
	styled   bool
	controls *[]Control // what was numbered so far; nil: nothing is
	others   int        // that have the first numbers
}

// shown is what a terminal shows of a message or a modal.
type shown struct {
	Text  string `json:"text"`
	Title struct {
		Text string `json:"text"`
	} `json:"title"`
	Blocks slack.Blocks `json:"blocks"`
	Files  []struct {
		Name string `json:"name"`
		Size int    `json:"size"`
	} `json:"files"`
}

func (t terminal) message(message []byte) (string, error) {
	var m shown
	if err := json.Unmarshal(message, &m); err != nil {
		return "", fmt.Errorf("message: %w", err)
	}
	var shown strings.Builder
	if m.Title.Text != "" {
		shown.WriteString(t.bold(m.Title.Text) + "\n")
	}
	if len(m.Blocks.BlockSet) == 0 && m.Text != "" {
		shown.WriteString(mrkdwn(m.Text) + "\n")
	}
	shown.WriteString(t.blocks(m.Blocks.BlockSet))
	for _, f := range m.Files {
		fmt.Fprintf(&shown, "Attached: %s, %d bytes\n", f.Name, f.Size)
	}
	return shown.String(), nil
}

func (t terminal) blocks(blocks []slack.Block) string {
	var shown strings.Builder
	var previous slack.MessageBlockType
	for _, block := range blocks {
		if block.BlockType() == previous && (previous == slack.MBTRichText || previous == slack.MBTSection) {
			shown.WriteString("\n") // people in a list stand apart
		}
		previous = block.BlockType()
		shown.WriteString(t.block(block) + "\n")
	}
	return shown.String()
}

func (t terminal) style(text, sequence string) string {
	if !t.styled {
		return text
	}
	return "\x1b[" + sequence + "m" + text + "\x1b[0m"
}

func (t terminal) bold(text string) string  { return t.style(text, "1") }
func (t terminal) faint(text string) string { return t.style(text, "2") }

// block shows the kinds of blocks that the bot sends.
func (t terminal) block(b slack.Block) string {
	switch b := b.(type) {
	case *slack.HeaderBlock:
		return t.bold(b.Text.Text)
	case *slack.RichTextBlock:
		return t.richText(b.Elements)
	case *slack.TableBlock:
		return t.table(b)
	case *slack.InputBlock:
		return t.input(b)
	case *slack.ContextBlock:
		var texts []string
		for _, e := range b.ContextElements.Elements {
			if o, ok := e.(*slack.TextBlockObject); ok {
				texts = append(texts, mrkdwn(o.Text))
			}
		}
		return t.faint(strings.Join(texts, " "))
	case *slack.SectionBlock:
		return t.sectionBlock(b)
	case *slack.ActionBlock:
		return t.actions(b.Elements.ElementSet)
	default:
		return fmt.Sprintf("[%s]", b.BlockType())
	}
}

// sectionBlock shows what can be pressed at the end of the first line.
func (t terminal) sectionBlock(b *slack.SectionBlock) string {
	text := b.Text.Text
	if b.Text.Type == slack.MarkdownType {
		text = t.marked(text)
	}
	if b.Accessory == nil || b.Accessory.ButtonElement == nil {
		return text
	}
	first, rest, _ := strings.Cut(text, "\n")
	return strings.TrimSuffix(first+" "+t.actions([]slack.BlockElement{b.Accessory.ButtonElement})+"\n"+rest, "\n")
}

// marked shows Slack's markup, with a first line in bold where all of it is.
func (t terminal) marked(text string) string {
	first, rest, more := strings.Cut(text, "\n")
	if name, ok := strings.CutPrefix(first, "*"); ok && strings.HasSuffix(name, "*") {
		first = t.bold(strings.TrimSuffix(name, "*"))
	}
	if more {
		first += "\n" + rest
	}
	return mrkdwn(first)
}

// actions shows what can be pressed, chosen or unfolded.
func (t terminal) actions(elements []slack.BlockElement) string {
	var labels []string
	for _, e := range elements {
		switch e := e.(type) {
		case *slack.ButtonBlockElement:
			labels = append(labels, t.control(Control{label: e.Text.Text, url: e.URL}))
		case *slack.OverflowBlockElement:
			labels = append(labels, t.menu(e)...)
		case *slack.SelectBlockElement:
			labels = append(labels, "‹"+chosen(e)+" ▾›")
		}
	}
	return strings.Join(labels, " ")
}

// control shows a label, with the number of what it belongs to.
func (t terminal) control(c Control) string {
	if t.controls == nil {
		return "‹" + c.label + "›"
	}
	for _, other := range *t.controls {
		if other.label == c.label && other.action == c.action {
			c.nth++
		}
	}
	*t.controls = append(*t.controls, c)
	return fmt.Sprintf("‹%d %s›", t.others+len(*t.controls), c.label)
}

func (t terminal) menu(e *slack.OverflowBlockElement) []string {
	if t.controls == nil {
		return []string{"‹⋯›"}
	}
	labels := make([]string, len(e.Options))
	for i, o := range e.Options {
		labels[i] = t.control(Control{label: o.Text.Text, action: e.ActionID, url: o.URL})
	}
	return labels
}

func chosen(e *slack.SelectBlockElement) string {
	if e.InitialOption != nil {
		return e.InitialOption.Text.Text
	}
	return e.Placeholder.Text
}

// table shows a row in a line.
func (t terminal) table(b *slack.TableBlock) string {
	var rows []string
	for _, row := range b.Rows {
		var cells []string
		for _, c := range row {
			text := ""
			if c, ok := c.(*slack.TableRichTextCell); ok { // the bot sends no other
				text = strings.ReplaceAll(t.richText(c.Elements), "\n", ", ")
			}
			cells = append(cells, text)
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	return strings.Join(rows, "\n")
}

func (t terminal) input(b *slack.InputBlock) string {
	text := b.Label.Text
	if b.Hint != nil {
		text += "\n" + t.faint(b.Hint.Text)
	}
	return text
}

// inputLabel is the label of the first input of a modal; empty if it has none.
func inputLabel(view []byte) string {
	var m shown
	_ = json.Unmarshal(view, &m) // what is no view has no input
	for _, b := range m.Blocks.BlockSet {
		if b, ok := b.(*slack.InputBlock); ok {
			return b.Label.Text
		}
	}
	return ""
}

func (t terminal) richText(elements []slack.RichTextElement) string {
	var text strings.Builder
	for _, e := range elements {
		if section, ok := e.(*slack.RichTextSection); ok {
			text.WriteString(t.section(section))
		}
	}
	return text.String()
}

// told is a time in the formats of Slack's that the bot uses.
func told(at time.Time, format string) string {
	switch ago := time.Since(at); {
	case format != "{ago}" && strings.Contains(format, "{time}"):
		return at.Format("2 Jan 2006 at 15:04")
	case format != "{ago}":
		return at.Format("2 Jan 2006")
	case ago < time.Minute:
		return "just now"
	case ago >= 48*time.Hour:
		return fmt.Sprintf("%d days ago", ago/(24*time.Hour))
	default:
		return strings.TrimSuffix(ago.Truncate(time.Minute).String(), "0s") + " ago"
	}
}

func (t terminal) section(s *slack.RichTextSection) string {
	var text strings.Builder
	for _, e := range s.Elements {
		switch e := e.(type) {
		case *slack.RichTextSectionTextElement:
			if e.Style != nil && e.Style.Bold {
				text.WriteString(t.bold(e.Text))
			} else {
				text.WriteString(e.Text)
			}
		case *slack.RichTextSectionLinkElement:
			text.WriteString(e.Text)
		case *slack.RichTextSectionDateElement:
			text.WriteString(told(e.Timestamp.Time(), e.Format))
		case *slack.RichTextSectionUserElement:
			text.WriteString("@" + e.UserID)
		case *slack.RichTextSectionUserGroupElement:
			text.WriteString("@" + e.UsergroupID)
		case *slack.RichTextSectionChannelElement:
			text.WriteString("#" + e.ChannelID)
		}
	}
	return text.String()
}

var (
	user = regexp.MustCompile(`<(@[A-Z0-9]+)>`)
	date = regexp.MustCompile(`<!date\^(\d+)\^([^|>]*)\|[^>]*>`)
	link = regexp.MustCompile(`<(?:mailto|tel|https):[^|>]*\|([^>]*)>`)
)

// mrkdwn shows Slack's markup: dates in this computer's time zone, links as
// their words, users by their ids, and the three escaped characters as themselves.
func mrkdwn(text string) string {
	text = date.ReplaceAllStringFunc(text, func(match string) string {
		parts := date.FindStringSubmatch(match)
		seconds, _ := strconv.ParseInt(parts[1], 10, 64)
		return told(time.Unix(seconds, 0), parts[2])
	})
	text = user.ReplaceAllString(link.ReplaceAllString(text, "$1"), "$1")
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
