package zoho

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Token is an access token and the API it opens. Printing or logging one shows
// only when it expires.
type Token struct {
	AccessToken string
	APIDomain   string    // base of the API, such as https://www.zohoapis.com
	Expiry      time.Time // when Zoho stops accepting it; zero when unknown
}

func (t Token) String() string {
	return "zoho.Token(expires " + t.Expiry.UTC().Format(time.RFC3339) + ")"
}

// GoString keeps %#v from printing what String leaves out.
func (t Token) GoString() string { return t.String() }

// LogValue keeps slog from printing what String leaves out.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// TokenSource gives the token for a call. It is called before every call and
// may be called concurrently. Without a token to give it returns ErrNoToken.
type TokenSource func(context.Context) (Token, error)

// reuseMargin is how long before its expiry a held token is no longer used.
const reuseMargin = time.Minute

// Reuse returns a source that keeps the token it got until a minute before it
// expires. Errors and tokens of unknown expiry are not kept. It is safe for
// concurrent use and asks get one call at a time.
func Reuse(get TokenSource) TokenSource {
	var mu sync.Mutex
	var held Token
	return func(ctx context.Context) (Token, error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Until(held.Expiry) > reuseMargin {
			return held, nil
		}
		token, err := get(ctx)
		if err != nil {
			return Token{}, err
		}
		held = token
		return token, nil
	}
}

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
}

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
	ctx = context.WithValue(ctx, oauth2.HTTPClient, cmp.Or(o.HTTP, defaultHTTP))
	now := time.Now()
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
		return Grant{}, &Error{Call: call, condition: ErrMalformed, cause: err}
	}
	return Grant{
		Token:        Token{AccessToken: reply.AccessToken, APIDomain: domain, Expiry: now.Add(life(reply))},
		RefreshToken: reply.RefreshToken,
		Scopes:       scopes(reply),
	}, nil
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
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusBadRequest {
		e.condition = ErrNotFound
	}
	if err == nil && status != "success" {
		err = malformed(call, "no success")
	}
	return err
}

// life reads how long a token lives: expires_in_sec where it is sent, else
// expires_in, which is in seconds, and in milliseconds in Zoho's older replies.
func life(t *oauth2.Token) time.Duration {
	if sec := number(t.Extra("expires_in_sec")); sec > 0 {
		return time.Duration(sec) * time.Second
	}
	const day = 24 * 60 * 60
	switch in := t.ExpiresIn; {
	case in <= 0:
		return defaultLife
	case in > day:
		return time.Duration(in) * time.Millisecond
	default:
		return time.Duration(in) * time.Second
	}
}

func number(v any) int64 {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case string:
		n, _ := strconv.ParseInt(v, 10, 64)
		return n
	}
	return 0
}

// oauthError keeps the facts of a refused exchange and drops the reply's body,
// which oauth2's own error text prints.
func oauthError(call string, err error) *Error {
	re, refused := errors.AsType[*oauth2.RetrieveError](err)
	if _, ok := errors.AsType[*url.Error](err); ok {
		return unreachable(call, err)
	}
	if !refused {
		return &Error{Call: call, condition: ErrMalformed}
	}
	e := &Error{Call: call, Status: re.Response.StatusCode, Code: plainCode(re.ErrorCode)}
	switch {
	case re.ErrorCode == "Access Denied", strings.Contains(re.ErrorDescription, "too many requests"):
		e.condition = ErrThrottled
	case re.ErrorCode == "invalid_code", strings.HasPrefix(re.ErrorCode, "invalid_client"):
		e.condition = ErrGrantRefused
	default:
		e.condition = conditionOf(e.Status, re.ErrorCode)
	}
	return e
}
