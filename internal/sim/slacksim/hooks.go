package slacksim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What a response URL allows.
// Source: Slack's documentation, "Handling user interaction".
const (
	hookLife = 30 * time.Minute
	hookUses = 5
)

// hook is a response URL.
type hook struct {
	url     string
	command bool   // of a slash command or a shortcut, which leave the app no message to change
	channel string // where it posts
	ts      string // of the message that was pressed, if it stays
	made    time.Time
	uses    int
	waiting []chan json.RawMessage
	unread  []json.RawMessage // what came while nobody was waiting
}

// Slack's own hosts.
const (
	hooksHost = "https://hooks.slack.com"
	apiHost   = "https://slack.com"
)

// newHook makes a response URL for a channel and a message that stays, if there
// is one. Its kind is "commands", "actions" or, of shortcuts, "app".
func (s *Slack) newHook(kind, channel, ts string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks == nil {
		s.hooks = map[string]*hook{}
	}
	path := fmt.Sprintf("/%s/%s/%d/%s", kind, Team, len(s.hooks)+1, rand.Text())
	h := &hook{url: cmp.Or(s.Base, hooksHost) + path, command: kind != "actions", channel: channel, ts: ts, made: time.Now()}
	s.hooks[path] = h
	return h.url
}

// Await gives the next message that reaches a response URL. One that came
// earlier is given at once; each is given once. It fails when the context ends
// or the URL is not this Slack's.
func (s *Slack) Await(ctx context.Context, responseURL string) (json.RawMessage, error) {
	s.mu.Lock()
	h := s.hookAt(responseURL)
	if h == nil {
		s.mu.Unlock()
		return nil, errors.New("await: not a response URL of this Slack")
	}
	if len(h.unread) > 0 {
		defer s.mu.Unlock()
		m := h.unread[0]
		h.unread = h.unread[1:]
		return m, nil
	}
	came := make(chan json.RawMessage, 1) // made here, so that it is the caller's bubble's
	h.waiting = append(h.waiting, came)
	s.mu.Unlock()
	select {
	case m := <-came:
		return m, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(h.waiting, came)
	if i < 0 { // it came at the last moment
		return <-came, nil
	}
	h.waiting = slices.Delete(h.waiting, i, i+1)
	return nil, fmt.Errorf("await: %w", ctx.Err())
}

func (s *Slack) hookAt(responseURL string) *hook {
	u, err := url.Parse(responseURL)
	if err != nil {
		return nil
	}
	if h := s.hooks[u.Path]; h != nil && h.url == responseURL {
		return h
	}
	return nil
}

// deliver gives a message to who waits for it longest.
func (h *hook) deliver(m json.RawMessage) {
	if len(h.waiting) == 0 {
		h.unread = append(h.unread, m)
		return
	}
	h.waiting[0] <- m
	h.waiting = h.waiting[1:]
}

// hookStatus is the HTTP status of a refusal by a response URL. Slack documents
// "4xx": which is a choice.
var hookStatus = map[string]int{
	"not_found":   http.StatusNotFound,
	"expired_url": http.StatusNotFound,
	"used_url":    http.StatusNotFound,
}

// take is what a response URL does.
func (s *Slack) take(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hooks[r.URL.Path]
	m, err := h.accept(r)
	if err != nil {
		p := problemOf(err)
		return refusal(cmp.Or(hookStatus[p.code], http.StatusBadRequest), p)
	}
	post := Post{At: time.Now(), Via: "response_url", To: h.url, Body: slices.Clone(r.body)}
	post.Replaced = !h.command && (m.Replace || m.Delete)
	post.InChannel = (m.Type == "in_channel" || h.ts != "" && m.Replace) && !m.empty() && inChannel(h.channel)
	s.posts = append(s.posts, post)
	s.settle(h, m, post.Body)
	h.deliver(post.Body)
	return encoded(http.StatusOK, object{"ok": true})
}

// settle does in the channel what a message to a response URL says. It may reply
// to what this Slack does not know: a choice.
func (s *Slack) settle(h *hook, said posted, body []byte) {
	var m object
	_ = json.Unmarshal(body, &m) // it was accepted
	old := s.at(h.channel, h.ts)
	switch {
	case said.Delete && old != nil:
		s.drop(h.channel, h.ts)
	case said.Replace && old != nil:
		old.become(h.channel, m)
		return
	}
	if said.Type == "in_channel" && !said.empty() {
		s.keepOwn(h.channel, m)
	}
}

// posted is what a message says about where it goes.
type posted struct {
	Type    string `json:"response_type"`
	Replace bool   `json:"replace_original"`
	Delete  bool   `json:"delete_original"`
	Text    string
	Blocks  []json.RawMessage
}

func (m posted) empty() bool { return m.Text == "" && len(m.Blocks) == 0 }

// accept takes a message or says why not. What is refused has used the URL too:
// a choice.
func (h *hook) accept(r request) (m posted, err error) {
	switch {
	case h == nil:
		return m, problem{code: "not_found"}
	case r.Method != http.MethodPost:
		return m, problem{"invalid_payload", "a response URL takes a POST only"}
	case time.Since(h.made) >= hookLife:
		return m, problem{code: "expired_url"}
	case h.uses == hookUses:
		return m, problem{code: "used_url"}
	}
	h.uses++
	if contentType(r.Header) != "application/json" {
		return m, problem{"invalid_payload", "a response URL takes the content type application/json only"}
	}
	if err := CheckMessage(r.body); err != nil {
		return m, err
	}
	if err := json.NewDecoder(bytes.NewReader(r.body)).Decode(&m); err != nil {
		return m, problem{"invalid_payload", err.Error()}
	}
	switch {
	case m.empty() && (h.command || !m.Delete): // neither a command nor a shortcut has a message to delete
		return m, problem{code: "no_text"}
	case !h.command && h.ts == "" && m.Replace && m.Type == "in_channel": // a choice
		return m, problem{"invalid_payload", "an ephemeral message cannot become one of the channel"}
	}
	return m, nil
}

// hidden is a path without the part that is a secret: that of a response URL or
// of one that takes a file.
func hidden(path string) string {
	if strings.HasPrefix(path, apiPath) {
		return path
	}
	return path[:strings.LastIndexByte(path, '/')+1] + "…"
}
