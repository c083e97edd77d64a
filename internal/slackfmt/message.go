// Package slackfmt writes the bot's answers as Slack messages. It is pure: the
// same answer gives the same message. All English text that people in Slack
// read stands here or in the bot's explanation of errors.
package slackfmt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Message is an answer to a slash command or a button. Its text is an answer by
// itself, since notifications and screen readers give nothing else. Without
// any it is no answer. (slack.Msg would send an empty metadata object with it.)
type Message struct {
	ResponseType    string        `json:"response_type"`
	ReplaceOriginal bool          `json:"replace_original,omitempty"`
	Text            string        `json:"text"`
	Blocks          []slack.Block `json:"blocks,omitempty"`
}

// JSON is the message as Slack receives it.
func (m Message) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(m)
	return b.Bytes(), err
}

// private makes a message that only the asker sees.
func private(text string, blocks ...slack.Block) Message {
	return Message{ResponseType: slack.ResponseTypeEphemeral, Text: text, Blocks: blocks}
}

// Replacing gives the message as one that takes the place of the message whose
// button was pressed. (A slash command's own reply cannot be replaced.)
func (m Message) Replacing() Message {
	m.ReplaceOriginal = true
	return m
}

// TextOnly gives the same answer without blocks, for when Slack refuses them.
func (m Message) TextOnly() Message {
	m.Blocks = nil
	return m
}

// TryAgain adds a button that asks the question once more. There is none for a
// question that a button cannot hold.
func (m Message) TryAgain(asked Ask) Message {
	if row := actions("", asked.button("again", "Try again"), asked.backButton()); row != nil {
		m.Blocks = append(slices.Clip(m.body()), row...)
	}
	return m
}

// BackTo adds the button Back where the question came from another one, so that
// no answer is a dead end.
func (m Message) BackTo(asked Ask) Message {
	if row := actions("", asked.backButton()); row != nil {
		m.Blocks = append(slices.Clip(m.body()), row...)
	}
	return m
}

// body is what Slack draws: the blocks, or the text where there are none.
func (m Message) body() []slack.Block {
	if len(m.Blocks) > 0 {
		return m.Blocks
	}
	return paragraphs(m.Text)
}

// Looking is the first reply where the answer takes longer.
func Looking() Message {
	return private("Looking in Zoho CRM… the answer follows in a moment.")
}

// escape makes text harmless in the top-level text and in mrkdwn: it can form
// no mention and no link.
// Source: Slack's documentation, "Formatting message text".
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

func header(text string) slack.Block {
	return slack.NewHeaderBlock(literal(clip(text, maxHeader)))
}

// literal is text that Slack shows as it is: a :x: in it is no emoji.
func literal(text string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: text, Emoji: new(false)}
}

// paragraphs shows a message's text, which is escaped, in as many sections as
// it takes; they end between words.
func paragraphs(text string) []slack.Block {
	var blocks []slack.Block
	for text != "" {
		piece := text
		if units(text) > maxSection {
			piece = strings.TrimSuffix(clip(text, maxSection), ellipsis)
			if space := strings.LastIndexByte(piece, ' '); space > 0 {
				piece = piece[:space]
			}
		}
		blocks = append(blocks, mrkdwn(piece))
		text = strings.TrimSpace(text[len(piece):])
	}
	return blocks
}

// mrkdwn is a section of text with Slack's markup, in which data is escaped.
func mrkdwn(text string) slack.Block {
	said := &slack.TextBlockObject{Type: slack.MarkdownType, Text: text, Verbatim: true}
	return &slack.SectionBlock{Type: slack.MBTSection, Text: said, Expand: true}
}

// readAt tells the age of an answer.
func readAt(at time.Time) slack.Block { return note("Read from Zoho CRM " + minute(at)) }

// minute and day tell a time in the reader's own time zone.
func minute(at time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} at {time}|%s>", at.Unix(), at.UTC().Format("2006-01-02 15:04 UTC"))
}

// ago is the age of something, which Slack keeps counting.
func ago(at time.Time) string {
	return fmt.Sprintf("<!date^%d^{ago}|%s>", at.Unix(), at.UTC().Format("2006-01-02 15:04 UTC"))
}

func day(at time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty}|%s>", at.Unix(), at.UTC().Format(time.DateOnly))
}

// Older says of an answer how old it is and why, in a sentence, above its first
// row of buttons.
func (m Message) Older(age time.Duration, why string) Message {
	old := " is " + ageOf(age) + " old: " + why
	return m.warned("This"+old, "That"+old)
}

// OlderPeople says the same of the list of people, where an answer is about
// something else and only joined with it.
func (m Message) OlderPeople(age time.Duration, why string) Message {
	old := "The list of people is " + ageOf(age) + " old: " + why
	return m.warned(old, old)
}

// warned adds a sentence, and the same as a note.
func (m Message) warned(sentence, said string) Message {
	m.Text += escape(" " + sentence)
	end := slices.IndexFunc(m.Blocks, func(b slack.Block) bool { return b.BlockType() == slack.MBTAction })
	if end < 0 {
		end = len(m.Blocks)
	}
	m.Blocks = slices.Insert(slices.Clone(m.Blocks), end, note("⚠ "+escape(said)))
	return m
}

// ageOf rounds down to what people say.
func ageOf(age time.Duration) string {
	of := func(n time.Duration, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	const day = 24 * time.Hour
	switch {
	case age >= 2*day:
		return of(age/day, "day")
	case age >= time.Hour:
		return of(age/time.Hour, "hour")
	case age >= time.Minute:
		return of(age/time.Minute, "minute")
	default:
		return "less than a minute"
	}
}

func note(mrkdwn string) slack.Block {
	return slack.NewContextBlock("", &slack.TextBlockObject{Type: slack.MarkdownType, Text: mrkdwn})
}

// line is a line of rich text, whose text elements Slack takes literally: no
// mark in somebody's name can format, link or mention anything.
type line []slack.RichTextSectionElement

func plain(text string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(text, nil)
}

func bold(text string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(text, &slack.RichTextSectionTextStyle{Bold: true})
}

func italic(text string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(text, &slack.RichTextSectionTextStyle{Italic: true})
}

func code(text string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(text, &slack.RichTextSectionTextStyle{Code: true})
}

// richText puts lines below each other and skips empty ones. It needs one that
// is not.
func richText(lines ...line) slack.Block {
	var all line
	for _, l := range lines {
		if len(l) > 0 && len(all) > 0 {
			all = append(all, plain("\n"))
		}
		all = append(all, l...)
	}
	return slack.NewRichTextBlock("", slack.NewRichTextSection(all...))
}
