package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// postMessage posts to a channel, or to a person.
// Source: Slack's documentation, "chat.postMessage" and, of scopes,
// "chat:write.public".
func (s *Slack) postMessage(in args) (object, error) {
	to := in.text("channel")
	direct := s.knows(to)
	if !direct {
		if err := s.mayPost(to, s.has("chat:write.public")); err != nil {
			return nil, err
		}
	}
	m, err := s.say("chat.postMessage", in, !direct)
	if err != nil {
		return nil, err
	}
	ts := s.timestamp()
	if direct {
		to = "D0SAMPLE" + to
	}
	return object{"channel": to, "ts": ts, "message": told(m, ts)}, nil
}

// postEphemeral posts to a channel for one person. Everybody whom this Slack
// knows is in every channel; the app itself must be in it.
// Source: Slack's documentation, "chat.postEphemeral".
func (s *Slack) postEphemeral(in args) (object, error) {
	if err := s.mayPost(in.text("channel"), false); err != nil {
		return nil, err
	}
	switch user := in.text("user"); {
	case user == "":
		return nil, missing("user")
	case !s.knows(user):
		return nil, problem{code: "user_not_in_channel"}
	}
	if _, err := s.say("chat.postEphemeral", in, false); err != nil {
		return nil, err
	}
	return object{"message_ts": s.timestamp()}, nil
}

// mayPost says why the app may not post to a channel. Outsiders may if the token
// lets them.
func (s *Slack) mayPost(channel string, outsiders bool) error {
	switch {
	case channel == "":
		return missing("channel")
	case slices.Contains(s.Channels, channel), channel == Channel && outsiders:
		return nil
	case channel == Channel:
		return problem{code: "not_in_channel"}
	}
	return problem{code: "channel_not_found"}
}

// say notes a message that the arguments make, if it is one.
func (s *Slack) say(via string, in args, inChannel bool) (object, error) {
	m := in.message()
	if err := CheckMessage(encode(m)); err != nil {
		p := problemOf(err)
		if p.code == "invalid_payload" { // which response URLs say
			p.code = "invalid_arguments"
		}
		return nil, p
	}
	to := in.text("channel")
	m["channel"] = to
	if via == "chat.postEphemeral" {
		m["user"] = in.text("user")
	}
	s.posts = append(s.posts, Post{At: time.Now(), Via: via, To: to, InChannel: inChannel, Body: encode(m)})
	return m, nil
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

// timestamp is that of the latest post, and no other's.
func (s *Slack) timestamp() string {
	return fmt.Sprintf("%d.%06d", time.Now().Unix(), len(s.posts))
}
