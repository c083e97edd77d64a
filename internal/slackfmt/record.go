package slackfmt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/zoho"
)

// RecordCard is one record, and above all who owns it and how to reach them.
// It is made for a phone, as a Card is.
type RecordCard struct {
	Asked   Ask // what it answers; its Back is where Back leads
	Record  records.Record
	Link    string      // https, to its page in the CRM; empty: unknown
	People  []zoho.User // whose names the words fit as well
	Missing []Missing   // modules that were not searched
	ReadAt  time.Time   // when Zoho was asked
	Now     time.Time   // of the answer
	Zone    string      // IANA name of the asker's time zone; empty: unknown
	Plain   bool        // phone numbers are no links
}

// Message is the record for the asker alone, with what can be done next.
func (c RecordCard) Message() Message {
	missing, notes := missingNotes(c.Missing)
	others, asking := alsoPeople(c.Asked, c.People)
	tail := saying(maxTail, append(notes, asking)...)
	text := saying(maxText, saying(maxText-maxTail, c.sentences()...), tail)
	return private(escape(text), slices.Concat(c.blocks(), missing, []slack.Block{c.footer()}, c.actions(), others)...)
}

// name is what the record is called. It is never empty.
func (c RecordCard) name() string { return recordName(c.Record, maxCardName) }

func recordName(r records.Record, limit int) string {
	return cmp.Or(clean(r.Name, limit), clip(kindOf(r)+" "+clean(r.ID, maxListed), limit))
}

func kindOf(r records.Record) string { return cmp.Or(singular(r.Module), "Record") }

// blocks are the record and its owner. What a phone does not show at once is
// left out, the least important first.
func (c RecordCard) blocks() []slack.Block {
	var blocks []slack.Block
	owner := c.Record.Owner
	left := room(phoneLines - 3) // for the footer and two rows of buttons
	if trouble := ownerTrouble(owner); trouble != "" {
		blocks = append(blocks, richText(left.fit(line{bold("⚠ " + trouble)})))
	}
	left.fit(line{plain(c.name())})
	who := left.fit(c.owner())
	instead := left.fit(askInstead(owner))
	email := left.fit(c.email())
	linked, said := phonesOf(owner.User, !c.Plain)
	if said = left.fit(said); said == nil {
		linked = nil
	}
	role := left.fit(c.role())
	var shown []line
	for _, f := range shownFacts(c.Record, location(c.Zone)) {
		shown = append(shown, left.fit(f.line()))
	}
	time := left.fit(timeOf(owner.User, c.Now, c.Zone).line())
	blocks = append(blocks, header(c.name()))
	return append(blocks, withPhones([]line{instead, who, role, email}, linked, said, append([]line{time}, shown...))...)
}

// owner says what it is and whose.
func (c RecordCard) owner() line {
	kind := kindOf(c.Record)
	if c.Record.Owner.User.ID == "" {
		return line{plain(kind)}
	}
	return line{plain(kind + " · owned by "), bold(nameOf(c.Record.Owner.User, maxCardName))}
}

func (c RecordCard) role() line {
	return fact{value: clean(c.Record.Owner.User.Role.Name, maxRole)}.line()
}

// email is the owner's address. Of somebody who is not known it is no news that
// there is none.
func (c RecordCard) email() line {
	owner := c.Record.Owner
	if !owner.Known && clean(owner.User.Email, maxAddress) == "" {
		return nil
	}
	return emailOf(owner.User)
}

// ownerStanding is an owner's status in words, and whether it is plainly active.
// Who is not known may have gone, have come since the list of people was read, or
// be none of those whom Zoho lists.
func ownerStanding(o records.Owner) (words string, plainly bool) {
	if !o.Known {
		return "not in the list of people", false
	}
	return standing(o.User)
}

// ownerTrouble says what is wrong with an owner; empty for nothing.
func ownerTrouble(o records.Owner) string {
	words, plainly := ownerStanding(o)
	switch {
	case o.User.ID == "":
		return "Nobody owns it"
	case plainly:
		return ""
	case words == statusUnknown, words == invitationPending:
		return "The owner's " + strings.Replace(words, " ", " is ", 1)
	}
	return "The owner is " + clip(words, maxStatus)
}

// maxInstead is how many managers are named in the place of an owner.
const maxInstead = 2

// askInstead says whom to ask in the place of an owner who is gone; nil while
// the owner can be asked.
func askInstead(o records.Owner) line {
	if !o.Gone() {
		return nil
	}
	m := o.Managers
	l := line{plain("Ask their manager: ")}
	switch {
	case len(m.Users) == 0:
		return line{plain("Ask a CRM administrator who looks after it.")}
	case m.Total > 1:
		l = line{plain(fmt.Sprintf("Ask a manager (%s, by role): ", strings.Join(given(clean(m.Role, maxRole), personOrPeople(m.Total)), ", ")))}
	case m.By == directory.RoleTree:
		l = line{plain("Ask their manager, by role: ")}
	}
	for i, u := range m.Users[:min(len(m.Users), maxInstead)] {
		if i > 0 {
			l = append(l, plain("; "))
		}
		l = append(l, bold(nameOf(u, maxManager)))
		if status, plainly := standing(u); !plainly && u.Status != "" {
			l = append(l, plain(" ("+status+")"))
		}
		if clean(u.Email, maxAddress) != "" {
			l = append(append(l, plain(", ")), emailOf(u)...)
		}
	}
	return l
}

// footer tells how old things are.
func (c RecordCard) footer() slack.Block {
	if c.Record.ModifiedTime.IsZero() {
		return note("Read from Zoho CRM " + ago(c.ReadAt))
	}
	return note("Changed " + ago(c.Record.ModifiedTime) + " · read " + ago(c.ReadAt))
}

// here is the question that this card answers, without reading it anew.
func (c RecordCard) here() Ask {
	a := RecordAsk(c.Record.Module, c.Record.ID)
	a.Back = c.Asked.Back
	return a
}

func (c RecordCard) actions() []slack.Block {
	owner := c.Record.Owner
	return actions("",
		c.Asked.backButton(),
		c.here().About(owner.User.ID).buttonIf(owner.Known, "owner", "Show owner"),
		c.here().owned(owner.User.ID).buttonIf(owner.User.ID != "", WhatOwns, "What do they own?"),
		openButton(c.Link),
		refreshButton(c.Asked, c.Missing),
	)
}

// sentences are the record in the top-level text: whom to ask comes first.
func (c RecordCard) sentences() []string {
	owner := c.Record.Owner
	first := ""
	if trouble := ownerTrouble(owner); trouble != "" {
		first = trouble + ":"
	}
	who := "owned by nobody"
	if owner.User.ID != "" {
		status, _ := ownerStanding(owner)
		who = "owned by " + join(nameOf(owner.User, maxCardName), clean(owner.User.Role.Name, maxRole), status)
	}
	said := []string{first, ended(fmt.Sprintf("%s (%s) is %s", c.name(), lowerFirst(kindOf(c.Record)), who))}
	if instead := askInstead(owner); instead != nil {
		said = append(said, ended(instead.said()))
	}
	all := []fact{{"E-mail", c.email().said()}, {"Phone", owner.User.Phone}, {"Mobile", owner.User.Mobile}}
	all = append(append(all, shownFacts(c.Record, location(c.Zone))...), timeOf(owner.User, c.Now, c.Zone))
	for _, f := range facts(all...) {
		said = append(said, fmt.Sprintf("%s: %s", f.label, ended(f.value)))
	}
	return said
}

// maxAlso is how many people are offered whose names the words fit as well.
const maxAlso = 3

// alsoPeople asks whether what somebody owns was meant.
func alsoPeople(asked Ask, people []zoho.User) (blocks []slack.Block, question string) {
	switch len(people) {
	case 0:
		return nil, ""
	case 1:
		question = "Did you mean what " + nameOf(people[0], maxListed) + " owns?"
		return []slack.Block{withOwns(asked, people[0], &slack.SectionBlock{Type: slack.MBTSection, Text: literal(question), Expand: true})}, question
	}
	shown := people[:min(len(people), maxAlso)]
	question = "Did you mean what one of these people owns?"
	blocks = []slack.Block{richText(line{plain(question)})}
	var names []string
	for _, u := range shown {
		blocks, names = append(blocks, ownerEntry(asked, u)), append(names, nameOf(u, maxListed))
	}
	if rest := len(people) - len(shown); rest > 0 {
		blocks, names = append(blocks, note(upperFirst(andMore(rest))+".")), append(names, andMore(rest))
	}
	return blocks, question + " " + join(names...) + "."
}
