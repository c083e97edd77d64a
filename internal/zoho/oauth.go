package zoho

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// OAuth is a client registered in Zoho's API console. It is safe for concurrent
// use; its fields are not changed after the first call. Each of its calls makes
// one request: an exchange is never repeated, since Zoho counts them.
type OAuth struct {
	ClientID     string
	ClientSecret string
	AccountsURL  string // the accounts server that issued the grant, such as https://accounts.zoho.eu
	RedirectURL  string // of a web application's code; empty for a self client

	HTTP          *http.Client // nil: one with a time-out that follows no redirects
	AllowLoopback bool         // accept this machine's own addresses, for simulators

	Now func() time.Time // what the expiry of a grant is told by; nil: time.Now
}

// String leaves the secret out, also where a value that holds it is printed.
func (o OAuth) String() string { return "zoho.OAuth(" + o.AccountsURL + ")" }

// GoString keeps %#v from printing what String leaves out.
func (o OAuth) GoString() string { return o.String() }

// LogValue keeps slog from printing what String leaves out.
func (o OAuth) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Grant is what the accounts server gives for a code or a refresh token.
// Printing or logging one shows only when its access token expires.
type Grant struct {
	Token
	RefreshToken string   // lasts until it is revoked
	Scopes       []string // what it opens; empty when Zoho did not say
}

// defaultLife is the life of a token whose reply does not tell it.
// Source: Zoho CRM v8 documentation, "Token Validity".
const defaultLife = time.Hour

// Exchange gives the grant of a one-time code. A code lives for a few minutes
// and can be tried once. A self client's grant always carries a refresh token;
// a web application's may lack it. The error is an *Error.
func (o *OAuth) Exchange(ctx context.Context, code string) (Grant, error) {
	return o.grant(ctx, "exchange code", func(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
		return config.Exchange(ctx, code)
	})
}

// Refresh gives a new access token for a refresh token. Zoho does not send the
// refresh token again: Grant then carries the one that was given. The error is
// an *Error.
func (o *OAuth) Refresh(ctx context.Context, refreshToken string) (Grant, error) {
	return o.grant(ctx, "refresh token", func(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
		return config.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	})
}

// grant asks the token endpoint. Only a reply that carries an access token is a
// success: Zoho reports errors at HTTP 200 too.
func (o *OAuth) grant(ctx context.Context, call string, ask func(context.Context, *oauth2.Config) (*oauth2.Token, error)) (Grant, error) {
	accounts, err := accountsURL(o.AccountsURL, o.AllowLoopback)
	if err != nil {
		return Grant{}, &Error{Call: call, cause: err}
	}
	web := *cmp.Or(o.HTTP, defaultHTTP)
	web.Transport = settled{web.Transport}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &web)
	now := o.now()
	reply, err := ask(ctx, &oauth2.Config{
		ClientID:     o.ClientID,
		ClientSecret: o.ClientSecret,
		RedirectURL:  o.RedirectURL,
		Endpoint: oauth2.Endpoint{
			TokenURL:  accounts.String() + "/oauth/v2/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	})
	if err != nil {
		return Grant{}, oauthError(call, err)
	}
	named, _ := reply.Extra("api_domain").(string)
	domain, err := apiDomain(accounts, named, o.AllowLoopback)
	if err != nil {
		return Grant{}, domainError(call, err)
	}
	return Grant{
		Token:        Token{AccessToken: reply.AccessToken, APIDomain: domain, Expiry: now.Add(time.Duration(reply.ExpiresIn) * time.Second)},
		RefreshToken: reply.RefreshToken,
		Scopes:       scopes(reply),
	}, nil
}

// now is when a grant is asked for, from which its life counts.
func (o *OAuth) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// domainError is the error of a token that nothing can be asked with.
func domainError(call string, err error) *Error {
	if errors.Is(err, ErrOtherDataCentre) {
		return &Error{Call: call, Status: http.StatusOK, condition: ErrOtherDataCentre}
	}
	return malformed(call, http.StatusOK, err.Error())
}

// scopes are told as one text, with spaces or commas between them.
func scopes(t *oauth2.Token) []string {
	text, _ := t.Extra("scope").(string)
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
}

// Revoke ends a refresh token with all its access tokens, or one access token.
// One that Zoho does not know gives ErrNotFound. Zoho documents the token as a
// query parameter and in use as a form field; the field keeps it out of URLs.
// Source: Zoho's accounts documentation, "Revoke OAuth tokens".
func (o *OAuth) Revoke(ctx context.Context, token string) error {
	const call = "revoke token"
	accounts, err := accountsURL(o.AccountsURL, o.AllowLoopback)
	if err != nil {
		return &Error{Call: call, cause: err}
	}
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, accounts.String()+"/oauth/v2/token/revoke", form)
	if err != nil {
		return &Error{Call: call, cause: errors.New("bad request")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := cmp.Or(o.HTTP, defaultHTTP).Do(req)
	if err != nil {
		return unreachable(call, err)
	}
	defer reply.Body.Close()
	return revoked(call, reply)
}

// revoked reads the reply. Only a success that says so is one.
func revoked(call string, reply *http.Response) error {
	var status string
	_, err := read(query{call: call}, reply, fields{"status": func(r *reader) { status = r.text() }})
	if e, ok := errors.AsType[*Error](err); ok && !errors.Is(err, ErrMalformed) && e.Status != 0 {
		e.judgedOAuth(reply.Header)
		if e.condition == nil && e.Status == http.StatusBadRequest && e.Code != "" {
			e.condition = ErrNotFound
		}
	}
	if err == nil && status != "success" {
		err = malformed(call, http.StatusOK, "no success")
	}
	return err
}

// settled gives x/oauth2 replies that are whole and of one form, whichever of
// Zoho's came: x/oauth2 takes no text for a number, and does not tell an early
// end from nonsense.
type settled struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s settled) RoundTrip(r *http.Request) (*http.Response, error) {
	next := s.next
	if next == nil {
		next = http.DefaultTransport
	}
	reply, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxTokenReply))
	if err != nil {
		return nil, err
	}
	if form, ok := tokenForm(body); ok {
		body = form
	}
	reply.Header.Set("Content-Type", "application/json")
	reply.Body, reply.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return reply, nil
}

const maxTokenReply = 1 << 20

// tokenForm writes a token endpoint's reply anew, with every value a text but
// the token's life, which is in seconds.
func tokenForm(body []byte) (form []byte, ok bool) {
	texts := map[string]string{"token_type": "Bearer"}
	r := newReader(body)
	if !r.object() {
		return nil, false
	}
	for r.key() {
		switch name := string(r.name); name {
		case "access_token", "refresh_token":
			texts[name] = r.quoted()
		case "api_domain", "scope", "expires_in", "expires_in_sec", "error", "error_description":
			texts[name] = r.text()
		default:
			r.skip()
		}
	}
	if r.end(); r.err != nil {
		return nil, false
	}
	all := map[string]any{"expires_in": int64(life(texts["expires_in"], texts["expires_in_sec"]).Seconds())}
	for name, text := range texts {
		if text != "" && all[name] == nil {
			all[name] = text
		}
	}
	form, err := json.Marshal(all)
	return form, err == nil
}

// life reads how long a token lives: expires_in_sec where it is sent, else
// expires_in, which is in seconds, and in milliseconds in Zoho's older replies.
func life(in, inSec string) time.Duration {
	const day = 24 * 60 * 60
	if sec, err := strconv.ParseFloat(inSec, 64); err == nil && sec >= 1 && sec <= day {
		return time.Duration(sec) * time.Second
	}
	switch n, err := strconv.ParseFloat(in, 64); {
	case err != nil || n < 1 || n > 1000*day:
		return defaultLife
	case n > day:
		return time.Duration(n) * time.Millisecond
	default:
		return time.Duration(n) * time.Second
	}
}

// oauthError keeps the facts of a refused exchange and drops the reply's body,
// which oauth2's own error text prints.
func oauthError(call string, err error) *Error {
	re, refused := errors.AsType[*oauth2.RetrieveError](err)
	if _, ok := errors.AsType[*url.Error](err); ok {
		return unreachable(call, err)
	}
	if !refused {
		return malformed(call, http.StatusOK, "no access token")
	}
	e := &Error{Call: call, Status: re.Response.StatusCode, Code: re.ErrorCode, Message: re.ErrorDescription}
	return e.judgedOAuth(re.Response.Header)
}

// judgedOAuth settles what an error of the accounts server means. The status of
// one that it does not know says little: the errors that it does know come at
// HTTP 200.
func (e *Error) judgedOAuth(h http.Header) *Error {
	switch {
	case e.Code == "Access Denied", strings.Contains(e.Message, "too many requests"), e.Status == http.StatusTooManyRequests:
		e.condition = ErrThrottled
	case e.Code == "invalid_code", strings.HasPrefix(e.Code, "invalid_client"):
		e.condition = ErrGrantRefused
	case e.Status >= 500:
		e.condition = ErrUnavailable
	default:
		e.condition = nil
	}
	e.Code = plainCode(e.Code)
	e.RetryAfter = retryAfter(h.Get("Retry-After"))
	return e
}
