package slackfmt

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
)

// The parts of a post and of its modal that sign an audit, as Slack names them in
// what it sends. The value of the buttons, and the private metadata of the modal,
// hold an Ask with What and Run.
const (
	ActionAcknowledge = "acknowledge"
	ActionQuestion    = "question"       // opens the modal
	CallbackQuestion  = "question_audit" // the modal
	BlockQuestion     = "question"       // where the sentence is typed
	ActionSentence    = "sentence"       // the input in it
)

// maxQuestion is how many characters a question has. Ours.
const maxQuestion = 300

// signing is who has looked at an audit, or the buttons to say so.
func (a Audit) signing() []slack.Block {
	if s := signatureOf(a.Signed); s != nil {
		return []slack.Block{richText(append(s, kept(*a.Signed))...)}
	}
	acknowledge := signButton(ActionAcknowledge, "Acknowledge", Ask{Command: commandAdmins, What: WhatAcknowledge, Run: a.Run})
	question := signButton(ActionQuestion, "Question", Ask{Command: commandAdmins, What: WhatQuestion, Run: a.Run})
	if acknowledge != nil {
		acknowledge.Style = slack.StylePrimary
		acknowledge.Confirm = slack.NewConfirmationBlockObject(literal("Acknowledge this audit?"),
			literal("That you have looked at it is kept with your Slack account and the time. It cannot be taken back."),
			literal("Acknowledge"), literal("Cancel"))
	}
	return actions("", acknowledge, question)
}

func signButton(id, label string, asked Ask) *slack.ButtonBlockElement {
	value := asked.value(maxButtonValue)
	if value == "" {
		return nil
	}
	return slack.NewButtonBlockElement(id, value, literal(label))
}

// signatureOf says who has signed an audit, how and when; nil for nobody.
func signatureOf(r *audit.Record) []line {
	if r == nil || r.Signed == nil {
		return nil
	}
	outcome := "✓ Acknowledged by "
	if r.Signed.Outcome == audit.Questioned {
		outcome = "Questioned by "
	}
	l := line{bold(outcome), who(r.Signed.User), plain(", "), minuteOf(r.At)}
	if asked := questionOf(r.Signed); asked != "" {
		return []line{l, {plain("“" + asked + "”")}}
	}
	return []line{l}
}

// questionOf is the sentence of whoever questions an audit.
func questionOf(s *audit.Signed) string {
	asked := clean(s.Question, 2*maxQuestion) // an emoji has two units
	if units(escape(asked)) > 5*maxQuestion {
		asked = clean(asked, maxQuestion)
	}
	return asked
}

// signedText is the same in the top-level text.
func (a Audit) signedText() string {
	if a.Signed == nil || a.Signed.Signed == nil {
		return "Nobody has acknowledged or questioned it yet"
	}
	return signatureText(*a.Signed)
}

func signatureText(r audit.Record) string {
	var said []string
	for _, l := range append(signatureOf(&r), kept(r)) {
		said = append(said, strings.TrimPrefix(l.text(), "✓ "))
	}
	return sentencesOf(said)
}

// QuestionView is the modal that takes the sentence of whoever questions an audit.
func QuestionView(asked Ask) slack.ModalViewRequest {
	input := slack.NewPlainTextInputBlockElement(nil, ActionSentence)
	input.Multiline, input.MinLength, input.MaxLength = true, 1, maxQuestion
	hint := literal("The channel sees it, with your name, and it is kept. It cannot be taken back.")
	v := questionModal(slack.NewInputBlock(BlockQuestion, literal("What is wrong or unclear?"), hint, input))
	v.CallbackID, v.PrivateMetadata, v.Submit, v.Close = CallbackQuestion, asked.value(maxPrivateMetadata), literal("Send"), literal("Cancel")
	return v
}

// SignedView shows a message in that modal, once the sentence is sent.
func SignedView(m Message) slack.ModalViewRequest { return questionModal(m.inView()...) }

func questionModal(blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: literal("Question the audit"), Close: literal("Close"), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// Signature says how an audit was signed: by whoever reads this, if it is theirs,
// or by somebody who was first. link leads to the post; empty: unknown.
func Signature(r audit.Record, mine bool, link string) Message {
	if r.Signed == nil {
		return NotRecordedYet()
	}
	lines := signatureOf(&r)
	if mine {
		lines[0] = line{bold(fmt.Sprintf("You %s this audit", signedHow(r.Signed))), plain(", "), minuteOf(r.At)}
	} else {
		lines = append([]line{{bold("Somebody was first"), plain(": the first who signs counts.")}}, lines...)
	}
	return linesMessage(append(lines, kept(r), toPost(link, "Open the post"))...)
}

// signedHow is what somebody did.
func signedHow(s *audit.Signed) string {
	if s.Outcome == audit.Questioned {
		return "questioned"
	}
	return "acknowledged"
}

// linesMessage is lines below each other, and the same as sentences.
func linesMessage(lines ...line) Message {
	var said []string
	for _, l := range lines {
		said = append(said, l.text())
	}
	return private(sentencesOf(said), richText(lines...))
}

// toPost is a link to a post in Slack; nil for what is none.
func toPost(link, label string) line {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(link, " <>|") || units(link) > maxURL {
		return nil
	}
	return line{slack.NewRichTextSectionLinkElement(u.String(), label, nil)}
}

// NoQuestion says that an audit is not questioned: the sentence was empty.
func NoQuestion() Message {
	return advice("You wrote nothing, so the audit is not questioned.", "Please press Question again, and write a sentence.")
}

// NotRecordedYet says that an audit that is being posted cannot be signed yet.
func NotRecordedYet() Message {
	return advice("This audit is not on record yet, so it is not signed.", "Please press again in a minute.")
}

// UnknownAudit says that nothing is known of an audit that somebody signs.
func UnknownAudit() Message {
	return advice("I have no record of this audit, so it is not signed.", "Please tell whoever runs me. /crmadmins history lists those that I know.")
}
