package zoho

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Conditions that a caller can act on, asked with errors.Is.
var (
	// ErrNoToken says that there is no access token to call Zoho with yet.
	ErrNoToken = errors.New("no access token yet")
	// ErrTokenRefused says that Zoho did not accept the access token.
	ErrTokenRefused = errors.New("access token refused")
	// ErrGrantRefused says that Zoho did not accept the refresh token or the
	// client it was sent with: somebody has to connect the CRM anew.
	ErrGrantRefused = errors.New("grant refused")
	// ErrScopeMissing says that the grant lacks the scope of the call.
	ErrScopeMissing = errors.New("scope missing")
	// ErrNoPermission says that the CRM user behind the token may not make the call.
	ErrNoPermission = errors.New("no permission")
	// ErrThrottled says that Zoho counts too many calls.
	ErrThrottled = errors.New("throttled")
	// ErrNotFound says that there is no such user.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable says that Zoho could not be reached or failed by itself.
	ErrUnavailable = errors.New("unavailable")
	// ErrMalformed says that a reply is not what Zoho documents.
	ErrMalformed = errors.New("malformed reply")
)

// Error is a call to Zoho that did not succeed. Its text holds no URL, no
// token and nothing of the reply but Zoho's code.
type Error struct {
	Call    string // what was asked, such as "list users"
	Status  int    // HTTP status; 0 when no reply came
	Code    string // Zoho's code, such as INVALID_TOKEN; empty when there was none
	Message string // Zoho's own sentence, for a person to read; not part of Error's text

	condition error // one of the conditions above; nil when none fits
	cause     error // what the transport or the decoder said
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "zoho: %s", e.Call)
	if e.condition != nil {
		fmt.Fprintf(&b, ": %v", e.condition)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

// Unwrap gives the condition and the cause, so that errors.Is finds both.
func (e *Error) Unwrap() []error {
	var all []error
	for _, err := range []error{e.condition, e.cause} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// byCode says what Zoho's codes mean. The code decides before the status does:
// HTTP 401 alone stands for three remedies.
// Source: Zoho CRM v7 documentation and the bodies seen by its clients.
var byCode = map[string]error{
	"INVALID_TOKEN":          ErrTokenRefused,
	"INVALID_OAUTHTOKEN":     ErrTokenRefused,
	"AUTHENTICATION_FAILURE": ErrTokenRefused,
	"AUTHENTICATION_FAILED":  ErrTokenRefused,
	"OAUTH_SCOPE_MISMATCH":   ErrScopeMissing,
	"NO_PERMISSION":          ErrNoPermission,
	"AUTHORIZATION_FAILED":   ErrNoPermission,
	"TOO_MANY_REQUESTS":      ErrThrottled,
	"INTERNAL_ERROR":         ErrUnavailable,
	"INTERNAL_SERVER_ERROR":  ErrUnavailable,
}

func conditionOf(status int, code string) error {
	if c, ok := byCode[code]; ok {
		return c
	}
	switch {
	case status == http.StatusUnauthorized:
		return ErrTokenRefused
	case status == http.StatusForbidden:
		return ErrNoPermission
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status >= 500:
		return ErrUnavailable
	case status == http.StatusOK:
		return ErrMalformed
	}
	return nil
}

// unreachable is the error of a call that got no reply, or none that is one.
func unreachable(call string, err error) *Error {
	e := &Error{Call: call, condition: ErrUnavailable, cause: plain(err)}
	if errors.Is(err, context.Canceled) {
		e.condition = nil // the caller gave up
	}
	return e
}

var errNoReply = errors.New("no usable reply")

// plain keeps the causes whose texts are known to hold addresses at most.
// Others quote the URL or what the server sent.
func plain(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	return errNoReply
}
