package zoho

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

// OAuth is a client registered in Zoho's API console.
type OAuth struct {
	ClientID     string
	ClientSecret string
	AccountsURL  string // the accounts server that issued the grant, such as https://accounts.zoho.eu

	HTTP          *http.Client // nil: one with a time-out that follows no redirects
	AllowLoopback bool         // accept this machine's own addresses, for simulators
}

// defaultLife is the life of a token whose reply does not tell it.
// Source: Zoho CRM v8 documentation, "Token Validity".
const defaultLife = time.Hour

// Refresh exchanges a refresh token for an access token. It makes one request.
// Only a reply that carries an access token is a success, whatever its HTTP
// status: Zoho reports errors at HTTP 200 too. The error is an *Error.
func (o *OAuth) Refresh(ctx context.Context, refreshToken string) (Token, error) {
	const call = "refresh token"
	accounts, err := accountsURL(o.AccountsURL, o.AllowLoopback)
	if err != nil {
		return Token{}, &Error{Call: call, cause: err}
	}
	config := oauth2.Config{
		ClientID:     o.ClientID,
		ClientSecret: o.ClientSecret,
		Endpoint: oauth2.Endpoint{
			TokenURL:  accounts.String() + "/oauth/v2/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, cmp.Or(o.HTTP, defaultHTTP))
	now := time.Now()
	reply, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		return Token{}, oauthError(call, err)
	}
	named, _ := reply.Extra("api_domain").(string)
	domain, err := apiDomain(accounts, named, o.AllowLoopback)
	if err != nil {
		return Token{}, &Error{Call: call, condition: ErrMalformed, cause: err}
	}
	return Token{AccessToken: reply.AccessToken, APIDomain: domain, Expiry: now.Add(life(reply))}, nil
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

// plainCode keeps a code that looks like one: what a gateway puts in its place
// may be anything.
func plainCode(code string) string {
	odd := func(r rune) bool { return r > '~' || r < ' ' }
	if len(code) > 64 || strings.ContainsFunc(code, odd) {
		return fmt.Sprintf("(%d bytes)", len(code))
	}
	return code
}
