package slackfmt

import (
	"encoding/json"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
)

// Ask is a question that a button, a select or a menu asks. All that a message
// knows of where it stands is in there: nothing is kept elsewhere.
type Ask struct {
	Command string `json:"command"`          // such as /crmuser
	Text    string `json:"text,omitempty"`   // what would be typed after it
	What    string `json:"what,omitempty"`   // of a person: WhatTeam, WhatChain or WhatOwns, empty: their card; of an audit: WhatAcknowledge or WhatQuestion
	Person  string `json:"person,omitempty"` // id of the person in question; empty: Text says who
	Record  string `json:"record,omitempty"` // the record in question, as module and id: see RecordAsk
	Page    int    `json:"page,omitempty"`   // of a list, from 0
	Run     string `json:"run,omitempty"`    // of an audit, as its records name it
	Live    bool   `json:"live,omitempty"`   // Zoho is to be asked now
	Back    *Ask   `json:"back,omitempty"`   // where the button Back leads; nil: there is none
}

// What can be asked about a person besides their card.
const (
	WhatTeam  = "team"  // who reports to them
	WhatChain = "chain" // whom they report to, up to the top
	WhatOwns  = "owns"  // what they own: of commandOwner
)

// What can be said of an audit.
const (
	WhatAcknowledge = "acknowledge" // somebody has looked at it
	WhatQuestion    = "question"    // somebody wants to know more
)

// The actions of a message, as Slack names them in what it sends. Those with
// the prefix ask the question in their value.
const (
	AskPrefix    = "ask"     // of buttons: the value holds an Ask
	ActionMore   = "more"    // a menu whose options hold an Ask
	FilterPrefix = "filter:" // of selects: the option holds a filter for the question in the block's id
	ActionShow   = "show"    // a select whose options hold a person's id, for the question in the block's id
	ActionShare  = "share"   // the value holds an Ask about a person
	ActionOpen   = "open"    // leads to Zoho CRM, and wants nothing of the bot
)

// ParseAsk reads the value of an element, or the id of a block. ok is false for
// what is no question.
func ParseAsk(value string) (a Ask, ok bool) {
	if strings.HasPrefix(value, "/") { // as buttons of earlier versions have it
		a.Command, a.Text, _ = strings.Cut(value, " ")
		return a, true
	}
	ok = json.Unmarshal([]byte(value), &a) == nil && strings.HasPrefix(a.Command, "/")
	return a, ok
}

// value gives the question for an element that holds so many UTF-16 units, or
// nothing if it does not fit. Where Back leads gives way first.
func (a Ask) value(limit int) string {
	data, _ := json.Marshal(a) // strings and numbers cannot fail
	if len(data) <= limit {    // the bytes of JSON are no fewer than its units
		return string(data)
	}
	if a.Back == nil {
		return ""
	}
	a.Back = a.Back.withoutEnd()
	return a.value(limit)
}

// withoutEnd forgets the furthest place that Back leads to.
func (a *Ask) withoutEnd() *Ask {
	if a.Back == nil {
		return nil
	}
	shorter := *a
	shorter.Back = a.Back.withoutEnd()
	return &shorter
}

// words are what was typed, as a message quotes it; empty for nothing.
func (a Ask) words() string { return clean(directory.Unescape(a.Text), maxWords) }

// button asks a question. It is nil where the question does not fit into one.
func (a Ask) button(name, label string) *slack.ButtonBlockElement {
	value := a.value(maxButtonValue)
	if value == "" {
		return nil
	}
	return slack.NewButtonBlockElement(AskPrefix+":"+name, value, literal(label))
}

// About asks for a person's card, and comes back to this question.
func (a Ask) About(id string) Ask {
	a.Live = false
	return Ask{Command: commandUser, Person: id, Back: &a}
}

// RecordAsk asks for a record, by its module and id.
func RecordAsk(module, id string) Ask {
	return Ask{Command: commandOwner, Record: module + "/" + id}
}

// record asks for a record, and comes back to this question.
func (a Ask) record(module, id string) Ask {
	a.Live = false
	about := RecordAsk(module, id)
	about.Back = &a
	return about
}

// owned asks what somebody owns, and comes back to this question.
func (a Ask) owned(id string) Ask {
	a.Live = false
	return Ask{Command: commandOwner, What: WhatOwns, Person: id, Back: &a}
}

// actions are elements in a row; nil for none. Nil buttons are left out.
func actions(id string, elements ...slack.BlockElement) []slack.Block {
	var given []slack.BlockElement
	for _, e := range elements {
		if button, ok := e.(*slack.ButtonBlockElement); !ok || button != nil {
			given = append(given, e)
		}
	}
	if len(given) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock(id, given...)}
}

// backButton leads to where a question came from; nil if it came from nowhere.
func (a Ask) backButton() *slack.ButtonBlockElement {
	if a.Back == nil {
		return nil
	}
	return a.Back.button("back", "Back")
}
