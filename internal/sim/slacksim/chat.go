package slacksim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// directPrefix makes a user's id that of the direct conversation with the app.
const directPrefix = "D0SAMPLE"

// Direct is the id of a user's direct conversation with the app.
func Direct(user string) string { return directPrefix + user }

// postMessage posts to a channel, or to a person.
// Source: Slack's documentation, "chat.postMessage" and, of scopes,
// "chat:write.public".
func (s *Slack) postMessage(in args) (object, error) {
	to, m := in.text("channel"), in.message()
	channel := to
	if s.knows(to) {
		channel = Direct(to)
	}
	if err := cmp.Or(s.mayPost(channel, s.has("chat:write.public")), s.inThread(channel, m)); err != nil {
		return nil, err
	}
	if err := s.say("chat.postMessage", m, object{"channel": to}, inChannel(channel)); err != nil {
		return nil, err
	}
	kept := s.keepOwn(channel, m)
	return object{"channel": channel, "ts": kept.TS, "message": told(m, kept.TS)}, nil
}

// postEphemeral posts to a channel for one person. Everybody whom this Slack
// knows is in every channel; the app itself must be in it. What is said so does
// not stay.
// Source: Slack's documentation, "chat.postEphemeral".
func (s *Slack) postEphemeral(in args) (object, error) {
	channel, user := in.text("channel"), in.text("user")
	if err := s.mayPost(channel, false); err != nil {
		return nil, err
	}
	switch {
	case user == "":
		return nil, missing("user")
	case !s.knows(user):
		return nil, problem{code: "user_not_in_channel"}
	}
	if err := s.say("chat.postEphemeral", in.message(), object{"channel": channel, "user": user}, false); err != nil {
		return nil, err
	}
	return object{"message_ts": s.timestamp()}, nil
}

// update changes what the app itself said where it may post. What it leaves out
// goes: a choice. Of blocks an older edition of the documentation says so if
// there is a text, where slack-go/slack#1214 saw them stay.
// Source: Slack's documentation, "chat.update".
func (s *Slack) update(in args) (object, error) {
	channel, ts := in.text("channel"), in.text("ts")
	if err := s.mayPost(channel, s.has("chat:write.public")); err != nil {
		return nil, err
	}
	kept := s.at(channel, ts)
	switch {
	case ts == "":
		return nil, missing("ts")
	case kept == nil: // also if it was for one person: a choice
		return nil, problem{code: "message_not_found"}
	case kept.User != Bot:
		return nil, problem{code: "cant_update_message"}
	}
	m := in.message()
	delete(m, "thread_ts") // not an argument here
	if err := s.say("chat.update", m, object{"channel": channel, "ts": ts}, inChannel(channel)); err != nil {
		return nil, err
	}
	kept.become(channel, m)
	return object{"channel": channel, "ts": ts, "text": cmp.Or(m["text"], any("")), "message": told(m, ts)}, nil
}

// permalink tells where people find a message that stays.
// Source: Slack's documentation, "chat.getPermalink".
func (s *Slack) permalink(in args) (object, error) {
	channel, ts := in.text("channel"), in.text("message_ts")
	if err := s.mayPost(channel, true); err != nil {
		return nil, err
	}
	kept := s.at(channel, ts)
	switch {
	case ts == "":
		return nil, missing("message_ts")
	case kept == nil:
		return nil, problem{code: "message_not_found"}
	}
	link := workspace + "archives/" + channel + "/p" + strings.Replace(ts, ".", "", 1)
	if kept.ThreadTS != "" {
		link += "?thread_ts=" + kept.ThreadTS + "&cid=" + channel
	}
	return object{"channel": channel, "permalink": link}, nil
}

// mayPost says why the app may not post to a channel or a direct conversation.
// Outsiders may if the token lets them.
func (s *Slack) mayPost(channel string, outsiders bool) error {
	member, direct := strings.CutPrefix(channel, directPrefix)
	switch {
	case channel == "":
		return missing("channel")
	case slices.Contains(s.Channels, channel), channel == Channel && outsiders, direct && s.knows(member):
		return nil
	case channel == Channel:
		return problem{code: "not_in_channel"}
	}
	return problem{code: "channel_not_found"}
}

// conversation tells of a channel. A private one that the app is not in does not
// exist for it. Which scope is asked for first is a choice.
// Source: Slack's documentation, "conversations.info" and "Conversation object".
func (s *Slack) conversation(in args) (object, error) {
	channel := in.text("channel")
	private, member := slices.Contains(s.Private, channel), slices.Contains(s.Channels, channel)
	scope := "channels:read"
	if private {
		scope = "groups:read"
	}
	switch {
	case channel == "":
		return nil, missing("channel")
	case !member && (private || channel != Channel):
		return nil, problem{code: "channel_not_found"}
	case !s.has(scope):
		return nil, problem{missingScope, scope}
	}
	return object{"channel": object{
		"id": channel, "name": "sample-channel", "is_channel": true, "is_group": false, "is_im": false,
		"is_private": private, "is_member": member, "is_archived": slices.Contains(s.Archived, channel),
	}}, nil
}

// inChannel reports whether everybody in a channel sees what is posted there.
func inChannel(channel string) bool { return !strings.HasPrefix(channel, directPrefix) }

// say notes a message, if it is one. where tells the channel, and more.
func (s *Slack) say(via string, m, where object, inChannel bool) error {
	if err := CheckMessage(encode(m)); err != nil {
		p := problemOf(err)
		if p.code == "invalid_payload" { // which response URLs say
			p.code = "invalid_arguments"
		}
		return p
	}
	s.note(via, m, where, inChannel)
	return nil
}

func (s *Slack) note(via string, m, where object, inChannel bool) {
	body := maps.Clone(m)
	maps.Copy(body, where)
	to, _ := where["channel"].(string)
	s.posts = append(s.posts, Post{At: time.Now(), Via: via, To: to, InChannel: inChannel, Replaced: where["ts"] != nil, Body: encode(body)})
}

// message is what the arguments say of a message. In a form all are strings,
// which hold JSON but for plain ones, and booleans may be numbers.
func (in args) message() object {
	m := object{}
	for _, key := range []string{"text", "thread_ts", "parse", "blocks", "metadata", "mrkdwn", "link_names", "unfurl_links", "unfurl_media"} {
		raw, given := in[key]
		if !given {
			continue
		}
		var v any
		_ = json.Unmarshal(raw, &v) // args are JSON
		if s, ok := v.(string); ok && key != "text" && key != "thread_ts" && key != "parse" {
			_ = json.Unmarshal([]byte(s), &v) // what is none stays a string
		}
		switch v {
		case 1.0:
			v = true
		case 0.0:
			v = false
		}
		m[key] = v
	}
	return m
}

// timestamp is the next message's. They rise.
func (s *Slack) timestamp() string {
	s.stamps++
	return fmt.Sprintf("%d.%06d", time.Now().Unix(), s.stamps)
}
