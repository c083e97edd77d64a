package zohosim

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Lives and limits of tokens.
// Source: Zoho CRM v8 documentation, "Token Validity"; Zoho's accounts
// documentation on access token expiry.
const (
	tokenLife    = time.Hour
	grantLife    = 3 * time.Minute
	maxLive      = 15 // access tokens of a refresh token; the next one ends the oldest
	maxGrants    = 20 // refresh tokens of a client; the next one ends the first
	maxExchanges = 10 // access tokens of a refresh token in a window
	window       = 10 * time.Minute
)

// AllScopes are the scopes of everything that this package plays.
var AllScopes = []string{
	"ZohoCRM.users.READ", "ZohoCRM.org.READ", "ZohoCRM.settings.profiles.READ", "ZohoCRM.settings.roles.READ",
	"ZohoCRM.settings.territories.READ", "ZohoCRM.settings.fields.READ",
	"ZohoCRM.modules.accounts.READ", "ZohoCRM.modules.contacts.READ", "ZohoCRM.modules.deals.READ", "ZohoCRM.modules.leads.READ",
	"ZohoSearch.securesearch.READ", "ZohoCRM.coql.READ",
}

// accounts is the accounts server's memory.
type accounts struct {
	codes  map[string]code
	grants map[string]*grant // by refresh token
	order  []string          // refresh tokens, the first granted first
	tokens map[string]access // by access token
}

// code is a one-time code of the self client, not yet exchanged.
type code struct {
	refresh string // the refresh token that it gives
	scopes  []string
	expires time.Time
}

// grant is what stands behind a refresh token.
type grant struct {
	scopes []string
	live   []string  // access tokens, oldest first
	opened time.Time // start of the window that exchanges are counted in
	counts int
}

type access struct {
	scopes  []string
	expires time.Time
}

func newAccounts(c Config, now time.Time) accounts {
	a := accounts{codes: map[string]code{}, grants: map[string]*grant{}, tokens: map[string]access{}}
	a.codes[c.GrantToken] = code{c.RefreshToken, c.Scopes, now.Add(cmp.Or(c.GrantLife, grantLife))}
	a.grant(c.RefreshToken, c.Scopes)
	return a
}

// grant adds a refresh token, unless it exists. It may end the first of too many.
func (a *accounts) grant(refresh string, scopes []string) {
	if a.grants[refresh] != nil {
		return
	}
	a.grants[refresh] = &grant{scopes: scopes}
	if a.order = append(a.order, refresh); len(a.order) > maxGrants {
		a.revoke(a.order[0], time.Time{})
	}
}

// revoke ends a refresh token with its access tokens, or one access token, and
// reports whether there was one that was alive.
func (a *accounts) revoke(secret string, now time.Time) bool {
	if g := a.grants[secret]; g != nil {
		for _, t := range g.live {
			delete(a.tokens, t)
		}
		delete(a.grants, secret)
		a.order = slices.DeleteFunc(a.order, func(s string) bool { return s == secret })
		return true
	}
	t, ok := a.tokens[secret]
	delete(a.tokens, secret)
	return ok && now.Before(t.expires)
}

// issue makes an access token, or none when there were too many of late.
func (a *accounts) issue(refresh string, now time.Time) (secret string, ok bool) {
	g := a.grants[refresh]
	if now.Sub(g.opened) >= window {
		g.opened, g.counts = now, 0
	}
	if g.counts == maxExchanges {
		return "", false
	}
	g.counts++
	secret = newSecret() + newSecret()[len("1000"):]
	a.tokens[secret] = access{g.scopes, now.Add(tokenLife)}
	g.live = slices.DeleteFunc(g.live, func(t string) bool { return !now.Before(a.tokens[t].expires) })
	if g.live = append(g.live, secret); len(g.live) > maxLive {
		delete(a.tokens, g.live[0])
		g.live = g.live[1:]
	}
	return secret, true
}

// NewGrantToken makes a one-time code as the API console does. No scopes stand
// for AllScopes, no life for three minutes.
func (z *Zoho) NewGrantToken(life time.Duration, scopes ...string) string {
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(scopes) == 0 {
		scopes = AllScopes
	}
	secret := newSecret()
	z.accounts.codes[secret] = code{newSecret(), scopes, z.now().Add(cmp.Or(life, grantLife))}
	return secret
}

// ExpireTokens ends every access token now, as a revocation does.
func (z *Zoho) ExpireTokens() {
	z.mu.Lock()
	defer z.mu.Unlock()
	clear(z.accounts.tokens)
}

// token answers POST /oauth/v2/token.
func (z *Zoho) token(r request) answer {
	field := r.form().Get
	switch {
	case r.Method != http.MethodPost:
		return encoded(http.StatusMethodNotAllowed, object{"error": "invalid_request"}) // a guess
	case field("client_id") != z.ClientID:
		return z.oauthError("invalid_client")
	case field("client_secret") != z.ClientSecret:
		return z.oauthError("invalid_client_secret")
	}
	switch field("grant_type") {
	case "refresh_token":
		return z.refresh(r, field("refresh_token"))
	case "authorization_code":
		return z.exchange(r, field("code"))
	default:
		return z.oauthError("unsupported_grant_type") // a guess
	}
}

func (z *Zoho) refresh(r request, refresh string) answer {
	if z.accounts.grants[refresh] == nil {
		return z.oauthError("invalid_code")
	}
	reply, ok := z.issue(r, refresh)
	if !ok {
		return z.throttle()
	}
	return encoded(http.StatusOK, reply)
}

// exchange takes a code, once.
func (z *Zoho) exchange(r request, secret string) answer {
	c, ok := z.accounts.codes[secret]
	delete(z.accounts.codes, secret)
	if !ok || !z.now().Before(c.expires) {
		return z.oauthError("invalid_code")
	}
	z.accounts.grant(c.refresh, c.scopes)
	reply, ok := z.issue(r, c.refresh)
	if !ok {
		return z.throttle()
	}
	reply["refresh_token"] = c.refresh
	return encoded(http.StatusOK, reply)
}

// issue is the reply to a refresh, which carries no refresh token.
func (z *Zoho) issue(r request, refresh string) (reply object, ok bool) {
	secret, ok := z.accounts.issue(refresh, z.now())
	return object{
		"access_token": secret,
		"api_domain":   cmp.Or(z.APIDomain, r.calledAt()),
		"token_type":   "Bearer",
		"expires_in":   int(tokenLife.Seconds()),
		"scope":        strings.Join(z.accounts.tokens[secret].scopes, " "),
	}, ok
}

// oauthError is an error of the accounts server: at HTTP 200 by most accounts.
func (z *Zoho) oauthError(code string) answer {
	return encoded(z.oauthStatus(), object{"error": code})
}

func (z *Zoho) oauthStatus() int {
	if z.OAuthErrors400 {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// throttle is the answer to too many exchanges.
// Source: Zoho's "Kaizen" post 43.
func (z *Zoho) throttle() answer {
	return encoded(z.oauthStatus(), object{
		"error":             "Access Denied",
		"error_description": "You have made too many requests continuously. Please try again after some time.",
		"status":            "failure",
	})
}

// revokeToken answers POST /oauth/v2/token/revoke. The body of its error is a
// guess.
// Source: Zoho's accounts documentation, "Revoke OAuth tokens".
func (z *Zoho) revokeToken(r request) answer {
	if r.Method != http.MethodPost || !z.accounts.revoke(r.form().Get("token"), z.now()) {
		return encoded(http.StatusBadRequest, object{"error": "invalid_token"})
	}
	return encoded(http.StatusOK, object{"status": "success"})
}

// form has the fields of a request to the accounts server. They may come in the
// body, as a form of either kind, or in the query: Zoho's own clients use all
// three. Of an unreadable form there are the fields that can be read.
func (r request) form() url.Values {
	parsed := r.Clone(r.Context())
	parsed.Body = io.NopCloser(bytes.NewReader(r.body))
	_ = parsed.ParseMultipartForm(maxBody) // also reads the other kinds
	return parsed.Form
}
