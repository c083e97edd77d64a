package slackfmt

import (
	"cmp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// Card is what is known of one person. It is made for a phone: twelve lines of
// forty characters hold it.
type Card struct {
	User     zoho.User
	Managers directory.Managers
	Reports  int       // how many active people report to them
	Link     string    // https, to their page in the CRM; empty: unknown
	ReadAt   time.Time // when Zoho was asked
	Now      time.Time // of the answer; zero: it is read at any time
	Zone     string    // IANA name of the asker's time zone; empty: unknown
	Plain    bool      // phone numbers are no links
	Owns     bool      // it may be asked what they own
	Stale    bool      // the message is to say how old it is: see Older
	Asked    Ask       // what the card answers; its Back is where Back leads
}

// What a phone shows at once, above its keyboard.
const (
	phoneColumns = 40
	phoneLines   = 12
	olderLines   = 2 // that Older adds
)

// How long a value on a card may be.
const (
	maxCardName = 60
	maxStatus   = 36
	maxRole     = 38
	maxProfile  = 28
	maxManager  = 26
	maxAddress  = 60
	maxNumber   = 24
	maxPlace    = 30
)

// Message is the card for the asker alone, with what can be done next.
func (c Card) Message() Message {
	blocks := append(c.blocks(true), c.actions()...)
	return private(escape(c.text(true)), blocks...)
}

// Shared is the card for everybody in the channel: it names the member who
// shared it, and leaves out phone numbers.
func (c Card) Shared(by string) Message {
	c.Now, c.Zone = time.Time{}, "" // it is read later, and elsewhere
	mention := line{plain("Shared by "), userMention(by)}
	blocks := append([]slack.Block{richText(mention)}, c.blocks(false)...)
	if open := openButton(c.Link); open != nil {
		blocks = append(blocks, actions("", open)...)
	}
	m := private(mention.text()+": "+escape(c.text(false)), blocks...)
	m.ResponseType = slack.ResponseTypeInChannel
	return m
}

// Gone says that somebody who was shown is not in the CRM any more.
func Gone(asked Ask) Message {
	const gone = "That person is no longer in Zoho CRM."
	return private(gone, append([]slack.Block{richText(line{plain(gone)})}, actions("", asked.backButton())...)...)
}

// blocks are the card without its buttons. What a phone does not show at once
// is left out, the least important first.
func (c Card) blocks(numbers bool) []slack.Block {
	var blocks []slack.Block
	left := room(phoneLines - 2) // for the footer and the buttons
	if c.Stale {
		left -= olderLines
	}
	if c.Owns {
		left-- // for a second row of buttons
	}
	if status, plainly := standing(c.User); !plainly {
		l := left.fit(line{bold("⚠ " + clip(upperFirst(status), maxStatus))})
		blocks = append(blocks, richText(l))
	}
	name := nameOf(c.User, maxCardName)
	left.fit(line{plain(name)})
	email := left.fit(emailOf(c.User))
	place := left.fit(c.place())
	var linked slack.Block
	var said line
	if numbers {
		linked, said = phonesOf(c.User, !c.Plain)
	}
	if said = left.fit(said); said == nil {
		linked = nil
	}
	manager, time, location := left.fit(managerOf(c.Managers).line()), left.fit(timeOf(c.User, c.Now, c.Zone).line()), left.fit(c.location().line())
	blocks = append(blocks, header(name))
	blocks = append(blocks, withPhones([]line{place, manager, email}, linked, said, []line{time, location})...)
	return append(blocks, c.footer())
}

// room is how many lines of a phone are left.
type room int

// fit gives a line if there is room for it, or else nothing.
func (r *room) fit(l line) line {
	rows, width := 0, phoneColumns
	for word := range strings.FieldsSeq(l.said()) {
		n := utf8.RuneCountInString(word)
		if width += 1 + n; width > phoneColumns {
			rows, width = rows+(n-1)/phoneColumns+1, (n-1)%phoneColumns+1
		}
	}
	if rows > int(*r) {
		return nil
	}
	*r -= room(rows)
	return l
}

// place is somebody's role and profile. Everybody has a role, or should.
func (c Card) place() line {
	l := line{bold(cmp.Or(clean(c.User.Role.Name, maxRole), "Role not set in CRM"))}
	if profile := clean(c.User.Profile.Name, maxProfile); profile != "" {
		l = append(l, plain(" · "+profile+" profile"))
	}
	return l
}

func (c Card) location() fact {
	u := c.User
	where := join(clean(u.City, maxPlace), clean(u.State, maxPlace), clean(u.Country, maxPlace))
	return fact{value: strings.Join(given(where, languageOf(clean(u.Language, maxPlace))), " · ")}
}

// footer tells how old things are.
func (c Card) footer() slack.Block {
	if c.User.ModifiedTime.IsZero() {
		return note("Read from Zoho CRM " + ago(c.ReadAt))
	}
	return note("Changed " + day(c.User.ModifiedTime) + " · read " + ago(c.ReadAt))
}

func (c Card) actions() []slack.Block {
	again := Ask{Command: commandUser, Person: c.User.ID, Live: true, Back: c.Asked.Back}
	more, alone := c.more()
	row := []slack.BlockElement{
		c.Asked.backButton(), c.shareButton(), again.button("refresh", "Refresh"),
		c.here().owned(c.User.ID).buttonIf(c.Owns, WhatOwns, "What do they own?"),
	}
	if more != nil { // an option has no room for the way back
		return actions(c.here().value(maxBlockID), append(row, more)...)
	}
	return actions("", append(row, alone)...)
}

// here is the question that this card answers, without reading it anew.
func (c Card) here() Ask {
	return Ask{Command: commandUser, Person: c.User.ID, Back: c.Asked.Back}
}

func (c Card) shareButton() *slack.ButtonBlockElement {
	value := Ask{Command: commandUser, Person: c.User.ID}.value(maxButtonValue)
	if value == "" {
		return nil
	}
	b := slack.NewButtonBlockElement(ActionShare, value, literal("Share here"))
	b.Confirm = slack.NewConfirmationBlockObject(literal("Share this card?"),
		literal("Everybody in this channel will see it, with your name, and without phone numbers."), literal("Share"), literal("Cancel"))
	return b
}

// more is a menu of what is asked more rarely, or a button where that is one
// thing alone.
func (c Card) more() (menu *slack.OverflowBlockElement, alone *slack.ButtonBlockElement) {
	var options []*slack.OptionBlockObject
	here := c.here()
	add := func(a Ask, label string) {
		a.Back = &here
		if value := a.value(maxOptionValue); value != "" {
			options = append(options, slack.NewOptionBlockObject(value, literal(label), nil))
			alone = a.button(a.What, label)
		}
	}
	if c.Reports > 0 {
		add(Ask{Command: commandUser, What: WhatTeam, Person: c.User.ID}, "Who do they manage?")
	}
	if len(c.Managers.Users) > 0 {
		add(Ask{Command: commandUser, What: WhatChain, Person: c.User.ID}, "Up the chain")
	}
	if open := openButton(c.Link); open != nil {
		o := slack.NewOptionBlockObject(ActionOpen, open.Text, nil)
		o.URL = c.Link
		options, alone = append(options, o), open
	}
	if len(options) < minOverflow {
		return nil, alone
	}
	return slack.NewOverflowBlockElement(ActionMore, options...), nil
}

// openButton leads to a page in the CRM; nil if it is not known.
func openButton(link string) *slack.ButtonBlockElement {
	if link == "" || units(link) > maxURL {
		return nil
	}
	b := slack.NewButtonBlockElement(ActionOpen, "", literal("Open in Zoho CRM"))
	b.URL = link
	return b
}

// text puts name, role, status and the ways to reach somebody first: a lock
// screen shows no more.
func (c Card) text(numbers bool) string {
	u := c.User
	name, role := nameOf(u, maxHeader), clean(u.Role.Name, maxValue)
	status, plainly := standing(u)
	text := join(name, role, status) + "."
	if !plainly {
		text = upperFirst(status) + ": " + join(name, role) + "."
	}
	all := []fact{{"E-mail", cmp.Or(clean(u.Email, maxValue), "not set in CRM")}}
	if numbers {
		all = append(all, fact{"Phone", u.Phone}, fact{"Mobile", u.Mobile})
	}
	all = append(all, fact{"Profile", u.Profile.Name}, managerOf(c.Managers), timeOf(c.User, c.Now, c.Zone), fact{"Location", c.location().value})
	return withFacts(text, facts(all...))
}
