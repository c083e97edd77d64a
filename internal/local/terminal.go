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
	var m struct {
		Text   string       `json:"text"`
		Blocks slack.Blocks `json:"blocks"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return "", fmt.Errorf("message: %w", err)
	}
	if len(m.Blocks.BlockSet) == 0 {
		return mrkdwn(m.Text) + "\n", nil
	}
	var shown strings.Builder
	var previous slack.MessageBlockType
	for _, block := range m.Blocks.BlockSet {
		if previous == slack.MBTRichText && block.BlockType() == previous {
			shown.WriteString("\n") // people in a list stand apart
		}
		previous = block.BlockType()
		shown.WriteString(terminal{styled}.block(block) + "\n")
	}
	return shown.String(), nil
}

type terminal struct{ styled bool }

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
		var text strings.Builder
		for _, e := range b.Elements {
			if section, ok := e.(*slack.RichTextSection); ok {
				text.WriteString(t.section(section))
			}
		}
		return text.String()
	case *slack.ContextBlock:
		var texts []string
		for _, e := range b.ContextElements.Elements {
			if o, ok := e.(*slack.TextBlockObject); ok {
				texts = append(texts, mrkdwn(o.Text))
			}
		}
		return t.faint(strings.Join(texts, " "))
	case *slack.SectionBlock:
		return mrkdwn(b.Text.Text)
	case *slack.ActionBlock:
		var labels []string
		for _, e := range b.Elements.ElementSet {
			if button, ok := e.(*slack.ButtonBlockElement); ok {
				labels = append(labels, "‹"+button.Text.Text+"›")
			}
		}
		return strings.Join(labels, " ")
	default:
		return fmt.Sprintf("[%s]", b.BlockType())
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

var date = regexp.MustCompile(`<!date\^(\d+)\^[^|>]*\|[^>]*>`)

// mrkdwn shows Slack's markup: dates in this computer's time zone, and the
// three escaped characters as themselves.
func mrkdwn(text string) string {
	text = date.ReplaceAllStringFunc(text, func(match string) string {
		seconds, _ := strconv.ParseInt(date.FindStringSubmatch(match)[1], 10, 64)
		return time.Unix(seconds, 0).Format("2 Jan 2006 at 15:04")
	})
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
