package slackfmt

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/slack-go/slack"
)

// Ours, of a notice.
const (
	maxSubject = 120
	maxNotice  = 600 // what it means: so long that the top-level text holds it, escaped
	maxStep    = 500
	maxSteps   = 10
)

// Notice tells everybody in a channel what nobody has asked for: in a line what
// has happened, then what that means, then what to do, in this order. Commands
// stand between backticks. Where there is nothing to do, all is well.
func Notice(subject, text string, steps []string) Message {
	mark := "✓ "
	if len(steps) > 0 {
		mark = "⚠ "
	}
	subject, text = mark+clean(subject, maxSubject), clean(text, maxNotice)
	said, blocks := ended(subject), []slack.Block{header(subject)}
	if text != "" {
		said, blocks = said+" "+text, append(blocks, richText(line{plain(text)}))
	}
	for i, step := range steps[:min(len(steps), maxSteps)] {
		step = fmt.Sprintf("%d. %s", i+1, clean(step, maxStep))
		if units(escape(said+" "+step)) > maxText {
			break
		}
		said, blocks = said+" "+step, append(blocks, richText(marked(step)))
	}
	m := private(escape(said), blocks...)
	m.ResponseType = slack.ResponseTypeInChannel
	return m
}

// marked shows what stands between backticks as code, and addresses as links.
func marked(text string) line {
	var all line
	for i, piece := range strings.Split(text, "`") {
		switch {
		case piece == "":
		case i%2 == 1:
			all = append(all, code(piece))
		default:
			all = append(all, linked(piece)...)
		}
	}
	return all
}

// linked makes links of the words that are addresses: Slack makes none of those in
// literal text.
func linked(text string) line {
	var all line
	for word := range strings.SplitSeq(text, " ") {
		address := strings.TrimRight(word, ".,:;")
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" {
			continue
		}
		before, after, _ := strings.Cut(text, address)
		if before != "" {
			all = append(all, plain(before))
		}
		all, text = append(all, slack.NewRichTextSectionLinkElement(address, "", nil)), after
	}
	if text != "" {
		all = append(all, plain(text))
	}
	return all
}
