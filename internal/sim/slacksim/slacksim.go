// Package slacksim plays Slack over HTTP: it sends an app what people do, takes
// what the app posts to response URLs, and answers the Web API as far as the bot
// uses it. It speaks the wire format alone and shares no code with the bot, so
// that neither can hide the other's mistakes. It can have bad days: see Fault.
//
// Where Slack's documentation is silent or its sources differ, the stricter
// reading is played; such places are marked "a choice".
package slacksim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Slack is a workspace with the app installed, and Slack's servers. It is an
// http.Handler and an http.RoundTripper, and safe for concurrent use. Its fields
// are set before first use; gaps are fine.
type Slack struct {
	SigningSecret string
	BotToken      string              // what the Web API accepts; empty: none
	Scopes        []string            // that the token has; nil: all that the app asks for
	Base          string              // where ServeHTTP is reached, such as http://127.0.0.1:4321; empty: Slack's own hosts
	Groups        map[string][]string // user groups' members, by group id
	Guests        map[string]string   // kinds of guests, by user id: "multi", "single" or "stranger"
	People        map[string]Person   // what is known of users, by user id; Meet changes it later
	Channels      []string            // that the app is in; of others only the sample channel exists
	Private       []string            // which channels are; the others are public
	Archived      []string            // which channels are
	HTTP          *http.Client        // what reaches the app; nil: http.DefaultClient

	// Posted is told of each post after all that it brings has happened, and
	// before the app has its answer: in the order of Posts, one at a time, by
	// whichever goroutine is at it. It may look at this Slack, but must neither
	// send a request nor wait for one. nil: nobody is told.
	Posted func(Post)

	telling  sync.Mutex // of posts, held before mu
	mu       sync.Mutex
	hooks    map[string]*hook // response URLs, by path
	triggers map[string]*trigger
	views    map[string]*view
	faults   []*fault
	posts    []Post
	told     int // of the posts, to Posted
	calls    []Call
	messages map[string][]Message // that stay, by channel
	stamps   int                  // that were given to messages
	uploads  []*upload
}

// Person is what Slack knows of a user.
type Person struct {
	Name     string // empty: that of a sample user
	Email    string // told to those with the scope users:read.email
	TimeZone string // by its IANA name; empty: not told
	Bot      bool
	Deleted  bool
}

// What the played workspace consists of.
const (
	Team    = "T0SAMPLE"
	Channel = "C0SAMPLE"
	User    = "U0SAMPLE"
	App     = "A0SAMPLE"
	Bot     = "U0SAMPLEBOT" // the app's own user
)

// botID is another id of the app's own user.
const botID = "B0SAMPLE"

// timeout is how long Slack waits for an answer.
// Source: Slack's documentation, "Implementing slash commands".
const timeout = 3 * time.Second

// maxBody is more than any body that Slack or an app sends, files included.
const maxBody = 8 << 20

// object is a JSON object.
type object = map[string]any

// Post is something that Slack accepted from the app, to show it to people.
type Post struct {
	At        time.Time
	Via       string          // "response_url", "response_action" or the method, such as "views.open"
	To        string          // the response URL, the channel, the view's id, or the user whose Home tab it is
	Replaced  bool            // it took the place of a message, or deleted it
	InChannel bool            // it is a message that everybody in the channel sees
	Body      json.RawMessage // the message, with channel and user or ts if a method has them, or the view
}

// Posts lists what was accepted so far, in order.
func (s *Slack) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Post(nil), s.posts...)
}

// tell tells Posted of what it has not heard of. When it returns, all has been
// told that was accepted before it was called.
func (s *Slack) tell() {
	if s.Posted == nil {
		return
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	untold := s.posts[s.told:]
	s.told = len(s.posts)
	s.mu.Unlock()
	for _, p := range untold {
		s.Posted(p)
	}
}

// Command is a signed request to the URL, as if somebody had typed the command
// and the text now.
func (s *Slack) Command(ctx context.Context, to, command, text string) (*http.Request, error) {
	return s.Post(ctx, to, []byte(s.Typed(command, text).Encode()))
}

// Interaction is a signed request with a payload such as Clicked gives.
func (s *Slack) Interaction(ctx context.Context, to string, payload map[string]any) (*http.Request, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("slack payload: %w", err)
	}
	return s.Post(ctx, to, []byte(url.Values{"payload": {string(data)}}.Encode()))
}

// Post is a signed request with any form as its body.
func (s *Slack) Post(ctx context.Context, to string, body []byte) (*http.Request, error) {
	return s.request(ctx, to, "application/x-www-form-urlencoded", body)
}

// PostJSON is a signed request with JSON as its body, as events come.
func (s *Slack) PostJSON(ctx context.Context, to string, body []byte) (*http.Request, error) {
	return s.request(ctx, to, "application/json", body)
}

func (s *Slack) request(ctx context.Context, to, contentType string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("slack: %w", err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "application/json,*/*")
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	s.Sign(r.Header, body, time.Now())
	return r, nil
}

// Sign sets the headers that prove a body to be Slack's.
// Source: Slack's documentation, "Verifying requests from Slack".
func (s *Slack) Sign(h http.Header, body []byte, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.SigningSecret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// Ask types a command and gives the answer's body as Slack would take it: see
// Send.
func (s *Slack) Ask(ctx context.Context, to, command, text string) ([]byte, error) {
	r, err := s.Command(ctx, to, command, text)
	if err != nil {
		return nil, err
	}
	return s.Send(r)
}

// Send sends a request that another method made and gives the answer's body as
// Slack would take it. What Slack would show as an error is one: a status other
// than 200, no answer within three seconds, a body that is not JSON, or JSON
// that what was sent cannot be answered with. Interactions other than option
// lists and events may be answered with nothing.
//
// A modal that was submitted closes, changes or stays, as the answer says.
func (s *Slack) Send(r *http.Request) ([]byte, error) {
	sent, err := readSent(r)
	if err != nil {
		return nil, fmt.Errorf("slack: %w", err)
	}
	body, err := s.answer(r)
	if err == nil {
		err = s.judge(sent, body)
	}
	if err != nil {
		return nil, fmt.Errorf("slack %s: %w", sent.kind, err)
	}
	return body, nil
}

// answer sends a request and gives the JSON that comes back, or nothing.
func (s *Slack) answer(r *http.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), timeout, errTimeout)
	defer cancel()
	reply, err := cmp.Or(s.HTTP, http.DefaultClient).Do(r.WithContext(ctx))
	if err != nil {
		return nil, cmp.Or(timedOut(ctx), err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxBody))
	switch {
	case err != nil:
		return nil, cmp.Or(timedOut(ctx), err)
	case reply.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP %d", reply.StatusCode)
	case len(body) > 0 && contentType(reply.Header) != "application/json":
		return nil, errors.New("the answer is not JSON")
	}
	return body, nil
}

// errTimeout has the code that people see.
var errTimeout = fmt.Errorf("operation_timeout: no answer within %v: %w", timeout, context.DeadlineExceeded)

func timedOut(ctx context.Context) error {
	if err := context.Cause(ctx); errors.Is(err, errTimeout) {
		return err
	}
	return nil
}

func contentType(h http.Header) string {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind
}

// sent is what a request to the app says.
type sent struct {
	kind string // "command", "event", or a payload's type
	view string // the id of the view that was submitted
}

func readSent(r *http.Request) (sent, error) {
	if r.GetBody == nil {
		return sent{}, errors.New("the request has no body that can be read twice")
	}
	body, err := r.GetBody()
	if err != nil {
		return sent{}, err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return sent{}, err
	}
	if contentType(r.Header) == "application/json" {
		return sent{kind: "event"}, nil
	}
	form, _ := url.ParseQuery(string(data)) // a broken form is the app's to refuse
	if form.Get("ssl_check") == "1" {
		return sent{kind: "ssl_check"}, nil
	}
	if !form.Has("payload") {
		return sent{kind: "command"}, nil
	}
	var payload struct {
		Type string
		View struct{ ID string }
	}
	_ = json.Unmarshal([]byte(form.Get("payload")), &payload) // and so is a broken payload
	return sent{payload.Type, payload.View.ID}, nil
}

// judge takes an answer as Slack would. Slack takes an empty answer to a command
// too, but then nobody sees anything: a choice.
func (s *Slack) judge(to sent, body []byte) error {
	switch to.kind {
	case "command":
		return CheckMessage(body)
	case "block_suggestion":
		return CheckOptions(body)
	case "view_submission":
		return s.submitted(to.view, body)
	}
	if len(body) > 0 && !json.Valid(body) {
		return errors.New("the answer is not JSON")
	}
	return nil
}

// submitted does with a modal what the answer to its submission says.
// Source: Slack's documentation, "Modals".
func (s *Slack) submitted(id string, body []byte) error {
	var reply struct {
		Action string          `json:"response_action"`
		View   json.RawMessage `json:"view"`
		Errors map[string]string
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &reply); err != nil {
			return err
		}
	}
	switch {
	case reply.Action == "update" || reply.Action == "push":
		if err := CheckView(reply.View); err != nil {
			return err
		}
		defer s.tell()
		s.mu.Lock()
		defer s.mu.Unlock()
		if reply.Action == "push" {
			id = newID("V")
		}
		_ = s.show(id, reply.View)
		s.posts = append(s.posts, Post{At: time.Now(), Via: "response_action", To: id, Body: reply.View})
		return nil
	case reply.Action == "errors" && len(reply.Errors) > 0:
		return s.blamed(id, reply.Errors)
	case len(body) == 0 || reply.Action == "clear":
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.views, id)
		return nil
	}
	return fmt.Errorf("response_action %q is none, or lacks what it needs", reply.Action)
}

// blamed wants each error to have words, and to be of an input of the modal, if
// it is open here.
func (s *Slack) blamed(id string, errs map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[id]
	for block, words := range errs {
		asks := v == nil || slices.ContainsFunc(controls(v.is), func(c control) bool {
			return c.block["type"] == "input" && c.blockID() == block
		})
		if !asks || words == "" {
			return fmt.Errorf("response_action errors: %q is no input's block, or its error is empty", block)
		}
	}
	return nil
}

// newID is an id that shows it is made up.
func newID(kind string) string { return kind + "0SAMPLE" + rand.Text()[:8] }
