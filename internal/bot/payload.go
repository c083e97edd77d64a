package bot

import (
	"cmp"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
)

// question is what somebody asks, in whichever way they ask it. It is what a
// follow-up job carries.
type question struct {
	ID         string    `json:"id"` // Slack's trigger_id or event_id, which it gives once
	Sent       time.Time `json:"sent"`
	Team       string    `json:"team"`       // id of the workspace
	Enterprise string    `json:"enterprise"` // id of its organisation; empty as a rule
	UserTeam   string    `json:"user_team"`  // whose member the user is, where Slack tells
	User       string    `json:"user"`
	Channel    string    `json:"channel"` // empty where it was not asked in one
	slackfmt.Ask

	// Where the answer goes after the first reply, one of them.
	ReplyURL string `json:"reply_url,omitempty"` // a response URL
	Replaces bool   `json:"replaces,omitempty"`  // it takes the place of the message there
	Shares   bool   `json:"shares,omitempty"`    // everybody in the channel sees it
	View     string `json:"view,omitempty"`      // id of an open modal
	Home     bool   `json:"home,omitempty"`      // the user's Home tab
}

// workspace is where it was asked: an app that is installed for a whole
// organisation sends the user's own alone.
func (q question) workspace() string { return cmp.Or(q.Team, q.UserTeam) }

// way says how it was asked, for the log.
func (q question) way() string {
	switch {
	case q.Home:
		return "home"
	case q.View != "":
		return "modal"
	case q.Shares:
		return "share"
	case q.Replaces:
		return "button"
	default:
		return "command"
	}
}

// kind is what a payload asks for.
type kind int

const (
	acknowledged kind = iota // a payload that wants nothing: a URL button, a closed modal
	command
	press      // of a button, or a choice in a select or a menu
	suggestion // options for what is being typed
	shortcut
	sentence   // is to be asked for, of whoever questions an audit
	submission // of a modal
	event
	challenge // proof that the URL of events is the bot's
)

// payload is what Slack sent.
type payload struct {
	kind kind
	question
	typed     string // so far, of a suggestion
	challenge string
}

// parse reads a body that Slack has signed. ok is false for what is none of
// Slack's payloads.
func parse(r *http.Request, body []byte) (p payload, ok bool) {
	switch contentType(r) {
	case formType:
		p, ok = parseForm(body)
	case jsonType:
		p, ok = parseEvent(body)
	}
	seconds, _ := strconv.ParseInt(r.Header.Get("X-Slack-Request-Timestamp"), 10, 64) // it was signed
	p.Sent = time.Unix(seconds, 0).UTC()
	return p, ok
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

func contentType(r *http.Request) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind
}

// parseForm reads a slash command, or an interaction, which comes as JSON in the
// field payload. The first of repeated keys counts.
func parseForm(body []byte) (p payload, ok bool) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return payload{}, false
	}
	if form.Has("payload") {
		return parseInteraction([]byte(form.Get("payload")))
	}
	return payload{kind: command, question: question{
		ID:         form.Get("trigger_id"),
		Team:       form.Get("team_id"),
		Enterprise: form.Get("enterprise_id"),
		User:       form.Get("user_id"),
		Channel:    form.Get("channel_id"),
		Ask:        slackfmt.Ask{Command: form.Get("command"), Text: form.Get("text")},
		ReplyURL:   form.Get("response_url"),
	}}, form.Get("command") != ""
}

// isSSLCheck reports whether a body is the one by which Slack looks at the
// certificate from time to time.
func isSSLCheck(body []byte) bool {
	form, err := url.ParseQuery(string(body))
	return err == nil && form.Get("ssl_check") == "1" && !form.Has("command") && !form.Has("payload")
}

// interaction has the fields of the payloads of buttons, selects, shortcuts and
// modals that the bot reads. Team and enterprise may be null.
type interaction struct {
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
	TriggerID  string `json:"trigger_id"`
	ReplyURL   string `json:"response_url"`
	Value      string `json:"value"` // of a suggestion: what was typed
	Team       struct {
		ID string `json:"id"`
	} `json:"team"`
	Enterprise struct {
		ID string `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Actions []action `json:"actions"`
	Message struct {
		User string `json:"user"`
	} `json:"message"` // of a shortcut on it
	View struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		CallbackID string `json:"callback_id"`
		Metadata   string `json:"private_metadata"`
		State      struct {
			Values map[string]map[string]action `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

// action is an element that was pressed, or one in which something is chosen.
type action struct {
	ActionID string `json:"action_id"`
	BlockID  string `json:"block_id"`
	Value    string `json:"value"`
	Selected struct {
		Value string `json:"value"`
	} `json:"selected_option"`
}

func parseInteraction(data []byte) (p payload, ok bool) {
	var i interaction
	if json.Unmarshal(data, &i) != nil || i.Type == "" {
		return payload{}, false
	}
	p.question = question{
		ID: i.TriggerID, Team: i.Team.ID, Enterprise: i.Enterprise.ID, UserTeam: i.User.TeamID,
		User: i.User.ID, Channel: i.Channel.ID, ReplyURL: i.ReplyURL,
	}
	switch {
	case i.Type == "block_actions" && len(i.Actions) > 0:
		p.pressed(i)
	case i.Type == "block_suggestion":
		p.kind, p.Command, p.typed = suggestion, findPerson, i.Value
	case i.Type == "shortcut" && i.CallbackID == slackfmt.CallbackFind:
		p.kind, p.Command = shortcut, findPerson
	case i.Type == "message_action" && i.CallbackID == slackfmt.CallbackAuthor:
		p.kind, p.Command = shortcut, findPerson
		if i.Message.User != "" {
			p.Text = "<@" + i.Message.User + ">"
		}
	case i.Type == "view_submission" && i.View.CallbackID == slackfmt.CallbackQuestion:
		p.kind, p.View = submission, i.View.ID
		p.Ask, _ = slackfmt.ParseAsk(i.View.Metadata)
		p.Channel = p.Text // askForSentence put it there
		p.Text = i.View.State.Values[slackfmt.BlockQuestion][slackfmt.ActionSentence].Value
	case i.Type == "view_submission" && i.View.CallbackID == slackfmt.CallbackFind:
		p.kind, p.View = submission, i.View.ID
		p.Ask = slackfmt.Ask{Command: findPerson, Person: i.View.State.Values[slackfmt.BlockPerson][slackfmt.ActionPerson].Selected.Value}
	}
	return p, true
}

// pressed reads what a button, a select or a menu asks, and where the answer
// goes. What leads to Zoho CRM asks nothing.
func (p *payload) pressed(i interaction) {
	a := i.Actions[0]
	if a.ActionID == slackfmt.ActionOpen || a.Selected.Value == slackfmt.ActionOpen {
		return
	}
	p.kind, p.Ask = press, a.asked()
	if p.signs() { // the audit stays, and whoever signs it is told apart
		if p.What == slackfmt.WhatQuestion {
			p.kind = sentence
		}
		return
	}
	switch i.View.Type {
	case "modal":
		p.View = i.View.ID
	case "home":
		p.Home = true
	default:
		p.Shares = a.ActionID == slackfmt.ActionShare
		p.Replaces = !p.Shares
	}
}

// asked is the question that an element asks, or one that nobody understands
// where it is of an earlier version.
func (a action) asked() slackfmt.Ask {
	var ask slackfmt.Ask
	ok := false
	filter, isFilter := strings.CutPrefix(a.ActionID, slackfmt.FilterPrefix)
	switch {
	case strings.HasPrefix(a.ActionID, slackfmt.AskPrefix), a.ActionID == slackfmt.ActionShare,
		a.ActionID == slackfmt.ActionAcknowledge, a.ActionID == slackfmt.ActionQuestion:
		ask, ok = slackfmt.ParseAsk(a.Value)
	case a.ActionID == slackfmt.ActionMore:
		ask, ok = slackfmt.ParseAsk(a.Selected.Value)
		if here, known := slackfmt.ParseAsk(a.BlockID); known {
			ask.Back = &here
		}
	case a.ActionID == slackfmt.ActionPerson:
		ask, ok = slackfmt.Ask{Command: findPerson, Person: a.Selected.Value}, true
	case a.ActionID == slackfmt.ActionShow:
		ask, ok = slackfmt.ParseAsk(a.BlockID)
		ask = ask.About(a.Selected.Value)
	case isFilter:
		ask, ok = slackfmt.ParseAsk(a.BlockID)
		ask.Text = filtered(ask.Text, filter, a.Selected.Value)
	}
	if !ok {
		return slackfmt.Ask{Command: findPerson, What: outdated}
	}
	return ask
}

// outdated is what nobody can ask about a person.
const outdated = "outdated"

// filtered is a query with a filter instead of those of its name. One without
// a value takes them away.
func filtered(text, name, filter string) string {
	q, err := directory.Parse(text)
	if err != nil {
		return text // the answer says what is wrong
	}
	if chosen, err := directory.Parse(filter); err == nil && len(chosen.Filters) == 1 && chosen.Filters[0].Name == name {
		return q.With(chosen.Filters[0]).String()
	}
	return q.Without(name).String()
}

// findPerson is the command that the search modal and the Home tab stand for.
const findPerson = "/crmuser"

// parseEvent reads a payload of the Events API.
func parseEvent(body []byte) (p payload, ok bool) {
	var e struct {
		Type       string          `json:"type"`
		Challenge  string          `json:"challenge"`
		EventID    string          `json:"event_id"`
		Team       string          `json:"team_id"`
		Enterprise string          `json:"enterprise_id"`
		Event      json.RawMessage `json:"event"` // its fields may be anything in another one
	}
	if json.Unmarshal(body, &e) != nil || e.Type == "" {
		return payload{}, false
	}
	var opened struct {
		Type string `json:"type"`
		User string `json:"user"`
		Tab  string `json:"tab"`
	}
	isHome := json.Unmarshal(e.Event, &opened) == nil && opened.Type == "app_home_opened" && opened.Tab == "home"
	switch {
	case e.Type == "url_verification":
		return payload{kind: challenge, challenge: e.Challenge}, true
	case e.Type == "event_callback" && isHome:
		return payload{kind: event, question: question{
			ID: e.EventID, Team: e.Team, Enterprise: e.Enterprise, User: opened.User, Home: true, Ask: slackfmt.Ask{Command: findPerson},
		}}, true
	}
	return payload{kind: acknowledged}, true
}
