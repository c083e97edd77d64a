package zohosim

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"strings"
	"time"
)

// tokenLife is how long an access token is accepted.
const tokenLife = time.Hour

// token answers POST /oauth/v2/token. The fields may come in the body, as a
// form of either kind, or in the query: Zoho's own clients use all three.
// Errors about the client or the grant are sent at HTTP 200.
func (z *Zoho) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseMultipartForm(1 << 20) // also reads the other kinds; an unreadable form has no fields
	field := r.Form.Get
	switch {
	case r.Method != http.MethodPost:
		write(w, http.StatusMethodNotAllowed, object{"error": "invalid_request"}) // a guess
	case field("client_id") != z.ClientID:
		write(w, http.StatusOK, object{"error": "invalid_client"})
	case field("client_secret") != z.ClientSecret:
		write(w, http.StatusOK, object{"error": "invalid_client_secret"})
	case field("grant_type") == "refresh_token" && field("refresh_token") == z.RefreshToken:
		write(w, http.StatusOK, z.issue(r))
	case field("grant_type") == "authorization_code" && field("code") == z.GrantToken && !z.used[z.GrantToken]:
		z.used[z.GrantToken] = true
		reply := z.issue(r)
		reply["refresh_token"] = z.RefreshToken
		write(w, http.StatusOK, reply)
	case field("grant_type") == "refresh_token", field("grant_type") == "authorization_code":
		write(w, http.StatusOK, object{"error": "invalid_code"})
	default:
		write(w, http.StatusOK, object{"error": "unsupported_grant_type"}) // a guess
	}
}

// issue makes an access token. The reply to a refresh carries no refresh token.
func (z *Zoho) issue(r *http.Request) object {
	token := "1000." + strings.ToLower(rand.Text()+"."+rand.Text())
	z.tokens[token] = time.Now().Add(tokenLife)
	return object{
		"access_token": token,
		"api_domain":   cmp.Or(z.APIDomain, calledAt(r)),
		"token_type":   "Bearer",
		"expires_in":   int(tokenLife.Seconds()),
		"scope":        "ZohoCRM.users.READ",
	}
}

// calledAt is the base that the request was sent to.
func calledAt(r *http.Request) string {
	return cmp.Or(r.URL.Scheme, "http") + "://" + r.Host
}

// accessToken is the token that a request carries. The scheme is
// Zoho-oauthtoken, whatever token_type says; that another scheme counts as no
// token is a guess.
func accessToken(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if !ok {
		return ""
	}
	return token
}

// authorized answers for a request without a token that is valid now.
func (z *Zoho) authorized(w http.ResponseWriter, r *http.Request) bool {
	token := accessToken(r)
	switch {
	case token == "":
		refuse(w, http.StatusUnauthorized, "AUTHENTICATION_FAILURE", "Authentication failed", nil)
	case !time.Now().Before(z.tokens[token]):
		refuse(w, http.StatusUnauthorized, "INVALID_TOKEN", "invalid oauth token", nil)
	default:
		return true
	}
	return false
}
