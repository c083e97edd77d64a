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
	Command    string    `json:"command"` // such as /crmuser
	Text       string    `json:"text"`    // what was typed after it

	// Where the answer goes after the first reply, one of them.
	ReplyURL string `json:"reply_url,omitempty"` // a response URL
	Replaces bool   `json:"replaces,omitempty"`  // it takes the place of the message there
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
	press      // of a button
	suggestion // options for what is being typed
	shortcut
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
		Command:    form.Get("command"),
		Text:       form.Get("text"),
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
	Actions []struct {
		ActionID string `json:"action_id"`
		Value    string `json:"value"`
	} `json:"actions"`
	View struct {
		ID         string `json:"id"`
		CallbackID string `json:"callback_id"`
		State      struct {
			Values map[string]map[string]struct {
				SelectedOption struct {
					Value string `json:"value"`
				} `json:"selected_option"`
			} `json:"values"`
		} `json:"state"`
	} `json:"view"`
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
	case i.Type == "block_actions" && len(i.Actions) > 0 && i.Actions[0].ActionID == slackfmt.ActionAsk:
		p.kind, p.Replaces = press, true
		p.Command, p.Text, _ = strings.Cut(i.Actions[0].Value, " ")
	case i.Type == "block_suggestion":
		p.kind, p.Command, p.typed = suggestion, findPerson, i.Value
	case i.Type == "shortcut" && i.CallbackID == slackfmt.CallbackFind:
		p.kind, p.Command = shortcut, findPerson
	case i.Type == "view_submission" && i.View.CallbackID == slackfmt.CallbackFind:
		p.kind, p.Command, p.View = submission, findPerson, i.View.ID
		p.Text = i.View.State.Values[slackfmt.BlockPerson][slackfmt.ActionPerson].SelectedOption.Value
	}
	return p, true
}

// findPerson is the command that the search modal stands for.
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
		return payload{kind: event, question: question{ID: e.EventID, Team: e.Team, Enterprise: e.Enterprise, User: opened.User, Home: true}}, true
	}
	return payload{kind: acknowledged}, true
}
