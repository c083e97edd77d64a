// Package zohosim plays Zoho over HTTP: the accounts server that hands out
// tokens and the CRM's API, version 7, as far as the bot reads it. It speaks the
// wire format alone and shares no type with the client, so that neither can
// hide the other's mistakes. Its organisation can change, and it can have bad
// days: see Fault.
//
// Of the CRM's API it leaves out the search of users, single roles and profiles,
// lists of more than 2000 records, and everything that writes.
//
// Where Zoho's documentation is silent the behaviour is a choice; such places
// are marked "a guess", and where sources differ there is a switch in Config.
package zohosim

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Config describes the Zoho to play. Gaps mean the documented sample, random
// secrets and what most sources say.
type Config struct {
	ClientID     string
	ClientSecret string
	RefreshToken string        // a grant that exists from the start
	GrantToken   string        // a one-time code of the self client; it gives RefreshToken
	GrantLife    time.Duration // of GrantToken, from New; zero stands for three minutes
	Scopes       []string      // of both; nil stands for AllScopes

	Organisation *Organisation    // nil: Sample
	APIDomain    string           // what token replies name; empty: the address that was called
	Version      string           // of the API; empty stands for v7
	Now          func() time.Time // nil: time.Now

	MaxConcurrent int           // calls at once that the CRM takes before it answers 429; zero: any
	COQLMaxRows   int           // that a query may ask for; zero stands for 2000
	IndexLag      time.Duration // how long a new record stays hidden from search

	// Switches for what sources differ on.
	UnknownUser400    bool // a look-up of an unknown user gives 400 INVALID_DATA instead of 204
	UnknownRecord400  bool // and so does that of an unknown record
	OAuthErrors400    bool // errors of the token endpoint come at HTTP 400 instead of 200
	DeltasOmitDeleted bool // a conditional list leaves deleted users out
	COQLCountKey      bool // COQL answers COUNT(…) under "count" instead of the expression
	ExactEquals       bool // equals of a search on text means the whole text instead of a part
}

// Zoho is one organisation and its accounts server. It is an http.Handler and
// an http.RoundTripper, and safe for concurrent use.
type Zoho struct {
	Config // read only once it serves

	mu       sync.Mutex
	accounts accounts
	users    []user
	org      organisation
	faults   []*fault
	chance   *mathrand.Rand
	ahead    time.Duration // of the clock it was given
	log      log
}

// New makes a Zoho. It panics when users or records of its organisation are not
// in the wire format; the rest of it is served as it is.
func New(c Config) *Zoho {
	for _, secret := range []*string{&c.ClientID, &c.ClientSecret, &c.RefreshToken, &c.GrantToken} {
		*secret = cmp.Or(*secret, newSecret())
	}
	if c.Scopes == nil {
		c.Scopes = AllScopes
	}
	if c.Organisation == nil {
		o := Sample()
		c.Organisation = &o
	}
	c.Version = cmp.Or(c.Version, "v7")
	z := &Zoho{Config: c, chance: mathrand.New(mathrand.NewPCG(1, 1))}
	if err := z.found(*c.Organisation); err != nil {
		panic(err)
	}
	z.accounts = newAccounts(c, z.now())
	return z
}

func newSecret() string { return "1000." + strings.ToLower(rand.Text()) }

// now is the time as this Zoho's clock shows it.
func (z *Zoho) now() time.Time {
	now := z.Now
	if now == nil {
		now = time.Now
	}
	return now().Add(z.ahead)
}

// AdvanceClock moves Zoho's clock, forwards or with a negative duration back.
func (z *Zoho) AdvanceClock(by time.Duration) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.ahead += by
}

// ServeHTTP answers the accounts server's paths, the CRM's and the control
// endpoint's.
func (z *Zoho) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil { // the client has gone, or sends what no client does
		refusal{http.StatusRequestEntityTooLarge, "INVALID_REQUEST", "unable to process your request", nil}.answer().write(w)
		return
	}
	c := request{Request: r, body: body, route: routeOf(r.URL.Path, z.Version)}
	if c.kind == routeControl {
		z.control(c).write(w)
		return
	}
	z.play(c).write(w)
}

const maxBody = 1 << 20

// request is a request whose body has been read.
type request struct {
	*http.Request
	route
	body []byte
}

// play answers a request as this Zoho's day goes.
func (z *Zoho) play(r request) (a answer) {
	entry, day := z.begin(r)
	defer func() {
		z.mu.Lock()
		defer z.mu.Unlock()
		z.log.end(entry, a.status)
		if a.header != nil {
			a.header.Set("Date", z.now().UTC().Format(http.TimeFormat))
		}
	}()
	return z.endure(r, day)
}

// answer is what is sent back. Its zero value stands for a connection that is
// reset.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		reset(w)
		return
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// jsonAnswer is an answer as Zoho writes it, with a newline at the end.
func jsonAnswer(status int, body []byte) answer {
	h := http.Header{}
	h.Set("Server", "ZGS")
	if len(body) > 0 {
		h.Set("Content-Type", "application/json;charset=UTF-8")
		h.Set("Content-Disposition", "attachment; filename=response.json")
		body = append(body, '\n')
	}
	return answer{status, h, body}
}

func encoded(status int, body any) answer {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		panic(err) // our own objects are representable
	}
	return jsonAnswer(status, []byte(strings.TrimSuffix(b.String(), "\n")))
}

func empty(status int) answer { return jsonAnswer(status, nil) }

func (r refusal) answer() answer {
	details := r.details
	if details == nil {
		details = object{}
	}
	return encoded(r.status, object{"code": r.code, "details": details, "message": r.message, "status": "error"})
}

// RoundTrip answers a request without a network, within its caller's clock.
func (z *Zoho) RoundTrip(r *http.Request) (reply *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	served.RequestURI, served.Host = r.URL.RequestURI(), r.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			reply, err = nil, cmp.Or(r.Context().Err(), errReset)
		}
	}()
	w := httptest.NewRecorder()
	z.ServeHTTP(w, served)
	reply = w.Result()
	reply.Request = r
	return reply, nil
}

// calledAt is the base that the request was sent to.
func (r request) calledAt() string {
	scheme := cmp.Or(r.URL.Scheme, "http")
	if r.TLS != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, r.Host)
}

func isID(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }
