package zoho

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Conditions that a caller can act on, asked with errors.Is.
var (
	// ErrNoToken says that there is no access token to call Zoho with yet.
	ErrNoToken = errors.New("no access token yet")
	// ErrTokenRefused says that Zoho did not accept the access token.
	ErrTokenRefused = errors.New("access token refused")
	// ErrGrantRefused says that Zoho did not accept the grant, a code or a
	// refresh token, or the client it was sent with: somebody has to connect
	// the CRM anew.
	ErrGrantRefused = errors.New("grant refused")
	// ErrScopeMissing says that the grant lacks the scope of the call, which
	// Error.Scope names. Another grant is needed: a fresh token does not help.
	ErrScopeMissing = errors.New("scope missing")
	// ErrNoPermission says that the CRM user behind the token may not make the call.
	ErrNoPermission = errors.New("no permission")
	// ErrNoAPIAccess is the ErrNoPermission of a CRM user whose profile lacks
	// "Zoho CRM API Access": every call fails until an administrator of the CRM
	// allows it.
	ErrNoAPIAccess = fmt.Errorf("%w: API access missing", ErrNoPermission)
	// ErrThrottled says that Zoho counts too many calls.
	ErrThrottled = errors.New("throttled")
	// ErrNotFound says that there is nothing with that id.
	ErrNotFound = errors.New("not found")
	// ErrNoModule says that the CRM has no module of that name, or none whose
	// records can be read.
	ErrNoModule = errors.New("no such module")
	// ErrUnavailable says that Zoho could not be reached or failed by itself.
	ErrUnavailable = errors.New("unavailable")
	// ErrMalformed says that a reply is not what Zoho documents.
	ErrMalformed = errors.New("malformed reply")
	// ErrOtherDataCentre says that the accounts server gave a token for the API
	// of another data centre than its own: the client has to be made, and the
	// CRM connected, in the data centre where the organisation lives.
	ErrOtherDataCentre = errors.New("API domain of another data centre")
)

// Error is a call to Zoho that did not succeed. Its text holds no URL, no
// token and nothing of the reply but Zoho's code.
type Error struct {
	Call       string          // what was asked, such as "list users"
	Status     int             // HTTP status; 0 when no reply came
	Code       string          // Zoho's code, such as INVALID_TOKEN; empty when there was none
	Message    string          // Zoho's own sentence, for a person to read; not part of Error's text
	Details    json.RawMessage // what Zoho says beside it, an object as a rule; nil when nothing; not part of Error's text
	Scope      string          // the scope that is missing, or several, joined by ", ", where Zoho does not say which of them; empty unless the condition is ErrScopeMissing
	RetryAfter time.Duration   // how long Zoho asks to wait; 0 when it does not say

	number    string // a code that was sent as a number, beside a text
	condition error  // one of the conditions above; nil when none fits
	cause     error  // what the transport or the decoder said
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "zoho: %s", e.Call)
	if e.condition != nil {
		fmt.Fprintf(&b, ": %v", e.condition)
	}
	if e.Scope != "" {
		fmt.Fprintf(&b, ", needs %s", e.Scope)
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

// take reads a key of an error body. Zoho writes the code as text and, in an
// older shape, as a number beside an "error" that holds the text.
// Source: Zoho CRM v7 documentation and the bodies that its clients saw.
func (e *Error) take(r *reader) {
	switch string(r.name) {
	case "code":
		e.number = r.text()
		e.Code = cmp.Or(e.Code, e.number)
	case "error":
		e.Code = cmp.Or(r.text(), e.Code)
	case "message", "error_info", "error_description":
		if message := r.text(); message != "" {
			e.Message = message
		}
	case "details":
		e.Details = r.raw()
	default:
		r.skip()
	}
}

// judged settles what an error body means.
func (e *Error) judged(scope string, h http.Header) *Error {
	e.condition = cmp.Or(conditionOf(e.Status, e.Code), conditionOf(e.Status, e.number))
	switch {
	case errors.Is(e.condition, ErrScopeMissing):
		e.Scope = scope
	case e.condition == ErrNoPermission && bytes.Contains(e.Details, []byte("Crm_Implied_Api_Access")):
		e.condition = ErrNoAPIAccess
	}
	e.Code = plainCode(e.Code)
	e.RetryAfter = retryAfter(h.Get("Retry-After"))
	return e
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
	"INVALID_MODULE":         ErrNoModule,
	"NOT_SUPPORTED":          ErrNoModule,
	"INTERNAL_ERROR":         ErrUnavailable,
	"INTERNAL_SERVER_ERROR":  ErrUnavailable,
}

// conditionOf falls back to the HTTP status, which a numeric code repeats.
func conditionOf(status int, code string) error {
	if c, ok := byCode[code]; ok {
		return c
	}
	if n, err := strconv.Atoi(code); err == nil && n >= 400 && n < 600 {
		status = n
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
	}
	return nil
}

// retryAfter reads the header in either of its forms. Zoho does not document
// that it sends one.
// Source: RFC 9110, "Retry-After".
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, time.Until(at))
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
