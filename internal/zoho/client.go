// Package zoho reads users, their surroundings and records from Zoho CRM's REST
// API and gets the tokens for it. It keeps to what Zoho's documentation says and its
// servers were seen to do. It knows nothing of Slack or AWS, and it never
// writes to the CRM.
package zoho

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Client calls the CRM with the rights of the user whose token it is given.
// It is safe for concurrent use; its fields are not changed after the first
// call. A call that fails because Zoho cannot be reached, fails by itself or is
// called too often is made again, twice at most and within the deadline of ctx.
// One whose token is refused is made again once, if Refused has another token.
type Client struct {
	Tokens TokenSource // required
	// Refused is told when Zoho has not accepted a token, and reports whether
	// Tokens has another one now. Then the call is made once more with what
	// Tokens gives; if that is refused too, Refused is told again and the call
	// ends. It may be called concurrently. nil: Tokens has no other.
	Refused func(ctx context.Context, refused Token) (another bool)
	// Done is called after every request to Zoho, each of those that a call
	// makes: with the call, such as "list users, page 2", the credits that Zoho
	// takes for it, how long it took until the reply was read, and its error.
	// What was not sent, for want of a token or of time, is none. It may be
	// called concurrently. nil: nobody.
	Done func(ctx context.Context, call string, credits int, took time.Duration, err error)

	HTTP          *http.Client // nil: one with a time-out that follows no redirects
	Version       string       // of the API, such as v8; empty stands for v7
	Concurrency   int          // calls at once of ReadUsers; zero stands for 3, and 1 for one after another; the smallest edition allows 5
	AllowLoopback bool         // accept an API domain on this machine, for simulators
	Log           *slog.Logger // takes a line when a call is made again; nil: slog.Default
}

// defaultHTTP follows no redirects: the token and the client secret go to the
// host they were meant for or nowhere. It keeps as many connections as there
// are calls at once, and speaks HTTP/2 where that is offered.
var defaultHTTP = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     keepingConnections(),
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func keepingConnections() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	// A connection that died while Lambda had the process frozen is found out.
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 3 * time.Second, PingTimeout: 3 * time.Second}
	return t
}

const (
	// defaultVersion is the API that this package was written against.
	defaultVersion = "v7"
	// numericOffset is how Zoho's documentation writes times: UTC is +00:00, not Z.
	numericOffset = "2006-01-02T15:04:05-07:00"
	// maxReply caps a reply. A page of 200 users, the largest there is, has about 400 kB.
	maxReply = 8 << 20
)

// query is one read of the CRM. It changes nothing there, so that it can be made
// again whatever became of it.
type query struct {
	call    string // for errors, such as "list users"
	path    string // below the version
	scope   string // what the token needs for it
	params  url.Values
	body    []byte    // JSON, sent by POST; nil: none, and GET
	credits int       // that Zoho takes for it; zero stands for 1
	since   time.Time // zero: whenever it was modified
}

// fields says how the values of a reply are read, by key.
type fields map[string]func(*reader)

// get makes a call and reads the reply. It returns the HTTP status: 200, or 204
// and 304, which carry nothing to read, or 0 for a 200 without a body, as Zoho
// was seen to send.
func (c *Client) get(ctx context.Context, q query, want fields) (status int, err error) {
	renewed := false
	for attempt := 0; ; attempt++ {
		said := err
		if status, err = c.accepted(ctx, q, want, &renewed); err != nil && said != nil && ctx.Err() != nil {
			return 0, said // what Zoho said tells more than that the time is over
		}
		pause, again := repeatAfter(ctx, err, attempt)
		if !again {
			return status, err
		}
		c.log().WarnContext(ctx, "zoho retry", "pause", pause.String(), "err", err)
		if !sleep(ctx, pause) {
			return status, err
		}
	}
}

// accepted makes a call, and makes it again when its token was refused and
// there is another, unless that has been done: renewed remembers it.
func (c *Client) accepted(ctx context.Context, q query, want fields, renewed *bool) (int, error) {
	token, status, err := c.try(ctx, q, want)
	if e, ok := errors.AsType[*Error](err); !ok || e.condition != ErrTokenRefused {
		return status, err
	}
	another := c.Refused != nil && c.Refused(ctx, token)
	if !another || *renewed || ctx.Err() != nil {
		return status, err
	}
	*renewed = true
	c.log().WarnContext(ctx, "zoho retry", "pause", "0s", "err", err)
	return c.accepted(ctx, q, want, renewed)
}

const (
	maxRepeats = 2
	firstPause = 200 * time.Millisecond // doubled for the second repeat
	maxPause   = 10 * time.Second       // nobody waits longer, whatever Retry-After says
)

// repeatAfter says whether a failed read is worth another try, and when. Too
// many calls at once clear in about a second, while a spent day's quota lasts
// for hours; Zoho tells both alike. A token that could not be had is not asked
// for again: Zoho counts those calls.
func repeatAfter(ctx context.Context, err error, attempt int) (pause time.Duration, again bool) {
	e, failed := errors.AsType[*Error](err)
	if !failed || e.condition != ErrUnavailable && e.condition != ErrThrottled || attempt == maxRepeats || ctx.Err() != nil {
		return 0, false
	}
	pause = firstPause << attempt
	pause = pause/2 + rand.N(pause)
	if e.RetryAfter > 0 {
		pause = e.RetryAfter + rand.N(firstPause)
	}
	deadline, limited := ctx.Deadline()
	return pause, pause <= maxPause && (!limited || time.Until(deadline) > pause)
}

// sleep reports whether the time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// try makes a call once, and says with which token.
func (c *Client) try(ctx context.Context, q query, want fields) (token Token, status int, err error) {
	req, token, err := c.request(ctx, q)
	if err != nil {
		return Token{}, 0, &Error{Call: q.call, cause: err}
	}
	inTime, started := ctx.Err() == nil, time.Now()
	status, err = c.send(q, req, want)
	if c.Done != nil && inTime { // past it nothing is sent
		c.Done(ctx, q.call, cmp.Or(q.credits, 1), time.Since(started), err)
	}
	return token, status, err
}

// send makes a request and reads the reply.
func (c *Client) send(q query, req *http.Request, want fields) (int, error) {
	reply, err := cmp.Or(c.HTTP, defaultHTTP).Do(req)
	if err != nil {
		return 0, unreachable(q.call, err)
	}
	defer reply.Body.Close()
	return read(q, reply, want)
}

func (c *Client) request(ctx context.Context, q query) (*http.Request, Token, error) {
	token, err := c.Tokens(ctx)
	if err != nil {
		return nil, Token{}, err
	}
	base, err := apiURL(token.APIDomain, c.AllowLoopback)
	if err != nil {
		return nil, Token{}, err
	}
	version := cmp.Or(c.Version, defaultVersion)
	if err := CheckVersion(version); err != nil {
		return nil, Token{}, err
	}
	base.Path, base.RawQuery = "/crm/"+version+"/"+q.path, q.params.Encode()
	req, err := q.request(ctx, base.String())
	if err != nil {
		return nil, Token{}, errors.New("bad request")
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+token.AccessToken)
	return req, token, nil
}

// request is the query as it is sent, but for the token.
func (q query) request(ctx context.Context, address string) (*http.Request, error) {
	method := http.MethodGet
	if q.body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
		// Not sent: it tells the transport that a POST may be made again where a
		// connection turns out to be dead, as a GET is.
		req.Header["X-Idempotency-Key"] = nil
	}
	if !q.since.IsZero() {
		req.Header.Set("If-Modified-Since", q.since.Format(numericOffset))
	}
	return req, nil
}

// CheckVersion says why a text is no version of the CRM's API, such as v7 or v2.1.
func CheckVersion(version string) error {
	number, ok := strings.CutPrefix(version, "v")
	if _, err := strconv.ParseFloat(number, 64); !ok || err != nil || strings.Trim(number, "0123456789.") != "" {
		return errors.New("the API version is not v and a number")
	}
	return nil
}

func (c *Client) log() *slog.Logger { return cmp.Or(c.Log, slog.Default()) }

// bodies are used again, and have room for a page of users from the start, so
// that the first page does not have to grow into it.
var bodies = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 256<<10)) }}

// read reads a reply. At HTTP 200 too it may be a refusal.
func read(q query, reply *http.Response, want fields) (int, error) {
	status := reply.StatusCode
	switch {
	case status == http.StatusNoContent, status == http.StatusNotModified && !q.since.IsZero():
		return status, nil
	case status == http.StatusNotModified:
		return status, malformed(q.call, status, "nobody asked whether it was modified")
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if _, err := body.ReadFrom(io.LimitReader(reply.Body, maxReply+1)); err != nil && status == http.StatusOK {
		e := unreachable(q.call, err)
		e.Status = status
		return status, e
	}
	if status == http.StatusOK && len(bytes.TrimSpace(body.Bytes())) == 0 {
		return 0, nil
	}
	return status, decode(q, reply, body.Bytes(), want)
}

// decode reads a body that came with status 200 or an error's.
func decode(q query, reply *http.Response, body []byte, want fields) error {
	refused := &Error{Call: q.call, Status: reply.StatusCode}
	r := newReader(body)
	if r.object() {
		for r.key() {
			if take, ok := want[string(r.name)]; ok {
				take(r)
			} else {
				refused.take(r)
			}
		}
	}
	r.end()
	switch {
	case reply.StatusCode != http.StatusOK:
		return refused.judged(q.scope, reply.Header)
	case len(body) > maxReply:
		return malformed(q.call, http.StatusOK, "reply too large")
	case errors.As(r.err, new(lacking)):
		return malformed(q.call, http.StatusOK, r.err.Error())
	case r.err != nil:
		return malformed(q.call, http.StatusOK, "not the JSON that is documented") // the parser's own text would quote the reply
	case refused.Code != "":
		return refused.judged(q.scope, reply.Header)
	}
	return nil
}

// lacking says of a reply what a part of it has to have and does not.
type lacking string

func (l lacking) Error() string { return string(l) }

// malformed is the error of a reply that is not what is documented.
func malformed(call string, status int, what string) *Error {
	return &Error{Call: call, Status: status, condition: ErrMalformed, cause: errors.New(what)}
}
