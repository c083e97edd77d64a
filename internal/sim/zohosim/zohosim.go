// Package zohosim plays Zoho over HTTP: the accounts server that hands out
// tokens and the CRM's Users API, version 7. It speaks the wire format alone
// and shares no type with the client, so that neither can hide the other's
// mistakes. It starts from the fifteen users of Zoho's documentation.
//
// Where Zoho's documentation is silent the behaviour is a choice; such places
// are marked "a guess".
package zohosim

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// sample is the reply of Zoho CRM v7's documentation, "Get Users".
//
//go:embed users-v7-sample.json
var sample []byte

// SampleUsers are the fifteen users of Zoho's documented reply, one JSON
// object each.
func SampleUsers() []json.RawMessage {
	var reply struct {
		Users []json.RawMessage `json:"users"`
	}
	if err := json.Unmarshal(sample, &reply); err != nil {
		panic(err) // the embedded file is not the documented one
	}
	return reply.Users
}

// Config describes the organisation that a Zoho plays. Gaps mean the sample
// organisation and random secrets.
type Config struct {
	ClientID     string
	ClientSecret string
	RefreshToken string
	GrantToken   string            // a one-time code of the self client
	Users        []json.RawMessage // in the order in which they are listed; nil: the sample
	APIDomain    string            // what token replies name; empty: the address that was called

	// UnknownUser400 answers a look-up of an unknown id with 400 INVALID_DATA
	// instead of 204: sources differ.
	UnknownUser400 bool
}

// Zoho is one organisation and its accounts server. It is an http.Handler and
// an http.RoundTripper, and safe for concurrent use.
type Zoho struct {
	Config // read only once it serves

	mu     sync.Mutex
	users  []user
	tokens map[string]time.Time // access tokens and when they expire
	used   map[string]bool      // grant tokens that were exchanged
	calls  []Call
}

// user is one object of the reply and what the filters look at.
type user struct {
	raw json.RawMessage

	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Confirm  bool      `json:"confirm"`
	Modified time.Time `json:"Modified_Time"`
	Profile  struct {
		ID string `json:"id"`
	} `json:"profile"`
	Own any `json:"personal_account"` // Zoho sends it for the caller alone
}

// New makes a Zoho. It panics when a user of the configuration is not JSON.
func New(c Config) *Zoho {
	for _, secret := range []*string{&c.ClientID, &c.ClientSecret, &c.RefreshToken, &c.GrantToken} {
		if *secret == "" {
			*secret = "1000." + strings.ToLower(rand.Text())
		}
	}
	if c.Users == nil {
		c.Users = SampleUsers()
	}
	z := &Zoho{Config: c, tokens: map[string]time.Time{}, used: map[string]bool{}}
	for _, raw := range c.Users {
		u := user{raw: raw}
		if err := json.Unmarshal(raw, &u); err != nil {
			panic(err)
		}
		z.users = append(z.users, u)
	}
	return z
}

// Call is a request that was made.
type Call struct {
	Request     string // such as "GET /crm/v7/users?page=1"
	AccessToken string // empty when none was sent
}

// Calls lists the requests so far.
func (z *Zoho) Calls() []Call {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.calls)
}

// ExpireTokens makes every access token invalid, as a revocation does.
func (z *Zoho) ExpireTokens() {
	z.mu.Lock()
	defer z.mu.Unlock()
	clear(z.tokens)
}

// ServeHTTP answers the accounts server's paths and the CRM's.
func (z *Zoho) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.calls = append(z.calls, Call{r.Method + " " + r.URL.RequestURI(), accessToken(r)})
	w.Header().Set("Server", "ZGS")
	switch {
	case r.URL.Path == "/oauth/v2/token":
		z.token(w, r)
	case !strings.HasPrefix(r.URL.Path, "/crm/"):
		refuse(w, http.StatusNotFound, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", nil)
	default:
		z.crm(w, r)
	}
}

// RoundTrip answers a request without a network.
func (z *Zoho) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	served.RequestURI, served.Host = r.URL.RequestURI(), r.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	z.ServeHTTP(w, served)
	reply := w.Result()
	reply.Request = r
	return reply, nil
}

// object is a JSON object, written with its keys in alphabetical order.
type object = map[string]any

func write(w http.ResponseWriter, status int, body any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // ends with a newline, as Zoho does
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Content-Disposition", "attachment; filename=response.json")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func refuse(w http.ResponseWriter, status int, code, message string, details object) {
	if details == nil {
		details = object{}
	}
	write(w, status, object{"code": code, "details": details, "message": message, "status": "error"})
}

func isID(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }
