package slacksim

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/url"
	"time"
)

// verificationToken stands in every payload. Slack has deprecated it.
const verificationToken = "sample-verification-token"

// Form is the body of a slash command as Slack sends it, all fields visibly
// made up but the command and its text. Its response URL is nobody's; that of
// Typed works.
// Source: Slack's documentation, "Implementing slash commands".
func Form(command, text string) url.Values {
	return url.Values{
		"token":                 {verificationToken},
		"team_id":               {Team},
		"team_domain":           {"sample-team"},
		"channel_id":            {Channel},
		"channel_name":          {channelName(Channel)},
		"user_id":               {User},
		"user_name":             {sampleName},
		"command":               {command},
		"text":                  {text},
		"api_app_id":            {App},
		"is_enterprise_install": {"false"},
		"response_url":          {"https://hooks.slack.com/commands/" + Team + "/0/sample"},
		"trigger_id":            {newTrigger()},
	}
}

// Typed is the form of a slash command that the sample user types now in the
// sample channel, with a response URL and a trigger that this Slack honours.
func (s *Slack) Typed(command, text string) url.Values {
	return s.TypedBy(User, Channel, command, text)
}

// TypedBy is Typed by any user in any channel, or in a direct conversation with
// the app: see Direct. The response URL posts there.
func (s *Slack) TypedBy(user, channel, command, text string) url.Values {
	form := Form(command, text)
	form.Set("channel_id", channel)
	form.Set("channel_name", channelName(channel))
	form.Set("user_id", user)
	form.Set("user_name", s.nameOf(user))
	form.Set("response_url", s.newHook("commands", channel, ""))
	form.Set("trigger_id", s.newTrigger())
	return form
}

// The payloads below are of interactions and events that happen now. Their
// triggers and response URLs are honoured; the maps are the caller's to change.

// Clicked is the payload of a button that was pressed on an ephemeral message,
// whether a message has it or not: see Pressed.
// Source: Slack's documentation, "block_actions payload".
func (s *Slack) Clicked(actionID, value string) map[string]any {
	p := s.where("block_actions", object{})
	p["response_url"] = s.newHook("actions", Channel, "")
	p["trigger_id"] = s.newTrigger()
	p["actions"] = []any{object{"type": "button", "action_id": actionID, "block_id": "sample", "value": value, "action_ts": stamp()}}
	return p
}

// Shortcut is the payload of a global shortcut.
// Source: Slack's documentation, "Shortcuts payload"; it names no api_app_id.
func (s *Slack) Shortcut(callbackID string) map[string]any {
	p := s.payload("shortcut")
	p["callback_id"] = callbackID
	p["trigger_id"] = s.newTrigger()
	p["action_ts"] = stamp()
	return p
}

// MessageShortcut is the payload of a shortcut on a message that an author, a
// user id, wrote in the sample channel.
func (s *Slack) MessageShortcut(callbackID, author, text string) map[string]any {
	return s.MessageShortcutIn(Channel, callbackID, author, text)
}

// MessageShortcutIn is MessageShortcut in any channel or direct conversation.
// Source: Slack's documentation, "Shortcuts payload"; it names no api_app_id.
func (s *Slack) MessageShortcutIn(channel, callbackID, author, text string) map[string]any {
	p := s.payload("message_action")
	ts := stamp()
	p["callback_id"] = callbackID
	p["trigger_id"] = s.newTrigger()
	p["response_url"] = s.newHook("app", channel, "")
	p["channel"] = conversation(channel)
	p["message"] = object{"type": "message", "user": author, "ts": ts, "text": text, "team": Team}
	p["message_ts"], p["action_ts"] = ts, stamp()
	return p
}

// Suggestion is the payload that asks for the options of an external select in
// a modal, for what was typed so far, whether one has it or not: see Searched.
// Source: Slack's documentation, "block_suggestion payload".
func (s *Slack) Suggestion(actionID, typed string) map[string]any {
	p := s.payload("block_suggestion")
	p["api_app_id"] = App
	p["container"] = object{"type": "view", "view_id": "V0SAMPLE"}
	p["view"] = object{"id": "V0SAMPLE", "type": "modal", "team_id": Team, "app_id": App, "state": object{"values": object{}}}
	p["action_id"] = actionID
	p["block_id"] = "sample"
	p["value"] = typed
	return p
}

// Submitted is the payload of a modal that was submitted, with the values of
// its inputs by block id and action id. Hash and private metadata are those of
// the view, if this Slack shows it.
// Source: Slack's documentation, "View interactions payload".
func (s *Slack) Submitted(viewID, callbackID string, values map[string]any) map[string]any {
	v := object{"id": viewID, "hash": newHash(), "private_metadata": ""}
	s.mu.Lock()
	if shown := s.views[viewID]; shown != nil {
		for _, key := range []string{"hash", "private_metadata", "blocks", "title"} {
			v[key] = shown.is[key]
		}
	}
	s.mu.Unlock()
	v["type"], v["team_id"], v["app_id"] = "modal", Team, App
	v["callback_id"] = callbackID
	v["state"] = object{"values": values}
	p := s.payload("view_submission")
	p["api_app_id"] = App
	p["trigger_id"] = s.newTrigger()
	p["view"] = v
	p["response_urls"] = []any{}
	return p
}

// Event is an event in its envelope, for PostJSON.
// Source: Slack's documentation, "The Events API".
func (s *Slack) Event(event map[string]any) map[string]any {
	return object{
		"type":       "event_callback",
		"token":      verificationToken,
		"team_id":    Team,
		"api_app_id": App,
		"event":      event,
		"event_id":   newID("Ev"),
		"event_time": time.Now().Unix(),
		"authorizations": []any{object{
			"enterprise_id": nil, "team_id": Team, "user_id": Bot, "is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false,
	}
}

// As makes another user the one who did what a payload is of, and gives the
// payload. It calls everybody a sample user: see By.
func As(user string, payload map[string]any) map[string]any {
	payload["user"] = person(user, sampleName)
	return payload
}

// By is As with the name by which this Slack knows the user.
func (s *Slack) By(user string, payload map[string]any) map[string]any {
	payload["user"] = person(user, s.nameOf(user))
	return payload
}

// payload has what all payloads have.
func (s *Slack) payload(kind string) object {
	return object{
		"type":                  kind,
		"token":                 verificationToken,
		"team":                  object{"id": Team, "domain": "sample-team"},
		"user":                  person(User, s.nameOf(User)),
		"enterprise":            nil,
		"is_enterprise_install": false,
	}
}

func person(id, name string) object {
	return object{"id": id, "username": name, "name": name, "team_id": Team}
}

// sampleName is what a person without a name is called.
const sampleName = "sample-user"

func (s *Slack) nameOf(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.People[user].Name, sampleName)
}

// channelName is what Slack calls a channel where something is done.
func channelName(channel string) string {
	if inChannel(channel) {
		return "sample-channel"
	}
	return "directmessage"
}

func conversation(channel string) object {
	return object{"id": channel, "name": channelName(channel)}
}

// stamp is the time as Slack writes it.
func stamp() string {
	now := time.Now()
	return fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
}

func newTrigger() string { return "0.0." + rand.Text() }
