package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Where Slack sends what.
const (
	CommandsPath      = "/slack/commands"      // slash commands
	InteractivityPath = "/slack/interactivity" // buttons, modals, shortcuts, and the options of selects
	EventsPath        = "/slack/events"        // the Events API
)

const (
	// maxBody caps a request. A modal with all that Slack allows in it stays
	// far below.
	maxBody = 1 << 20
	// maxAge is how far a request's timestamp may be from now.
	// Source: Slack's documentation, "Verifying requests from Slack".
	maxAge = 5 * time.Minute
)

// refusal is a request that gets no answer. The reason is for the log and
// holds nothing of the request.
type refusal struct {
	status int
	reason string
	err    error // what the bot itself lacks; nil otherwise
}

func refuse(status int, reason string) *refusal { return &refusal{status: status, reason: reason} }

// accept reads what Slack has signed.
func (b *Bot) accept(ctx context.Context, r *http.Request) (payload, *refusal) {
	var none payload
	switch {
	case r.URL.Path != CommandsPath && r.URL.Path != InteractivityPath && r.URL.Path != EventsPath:
		return none, refuse(http.StatusNotFound, "no such path")
	case r.Method != http.MethodPost:
		return none, refuse(http.StatusMethodNotAllowed, "not a POST")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return none, refuse(http.StatusRequestEntityTooLarge, "body too large")
	}
	if err != nil {
		return none, refuse(http.StatusBadRequest, "body not readable")
	}
	kind := contentType(r)
	if kind == formType && isSSLCheck(body) {
		return none, nil // Slack does not sign it, and there is nothing to tell
	}
	if refused := b.verify(ctx, r.Header, body); refused != nil {
		return none, refused
	}
	if isEvent := r.URL.Path == EventsPath; isEvent && kind != jsonType || !isEvent && kind != formType {
		return none, refuse(http.StatusUnsupportedMediaType, "not the content type of its URL")
	}
	p, ok := parse(r, body)
	if !ok {
		return none, refuse(http.StatusBadRequest, "not a payload of Slack's")
	}
	return p, nil
}

// verify checks the signature, a second time with secrets that were just read
// when it fits none of those that were kept: they may have been replaced.
func (b *Bot) verify(ctx context.Context, h http.Header, body []byte) *refusal {
	defer timed(&traceOf(ctx).verify)()
	ctx, cancel := atLeast(ctx, grace)
	defer cancel()
	refused := b.check(ctx, h, body, false)
	if refused != nil && refused.reason == wrongSignature {
		refused = b.check(ctx, h, body, true)
	}
	return refused
}

// check gives nil for what is signed with one of the secrets. With again they
// are read anew.
func (b *Bot) check(ctx context.Context, h http.Header, body []byte, again bool) *refusal {
	secrets, err := b.Secrets(ctx, again)
	if err != nil {
		return &refusal{status: http.StatusUnauthorized, reason: secretUnread, err: err}
	}
	if len(secrets.Signing) == 0 {
		return refuse(http.StatusUnauthorized, noSecret)
	}
	if reason := unsigned(h, body, secrets.Signing, time.Now()); reason != "" {
		return refuse(http.StatusUnauthorized, reason)
	}
	return nil
}

// Why what may well be Slack's is not believed.
const (
	wrongSignature = "wrong signature"
	noSecret       = "no signing secret set up"
	secretUnread   = "signing secret not readable"
)

// unsigned says why a request is not Slack's, or nothing when it is. The
// signature is the HMAC-SHA256 of "v0:timestamp:body".
// Source: Slack's documentation, "Verifying requests from Slack".
func unsigned(h http.Header, body []byte, secrets []string, now time.Time) string {
	stamp := h.Get("X-Slack-Request-Timestamp")
	given, ok := strings.CutPrefix(h.Get("X-Slack-Signature"), "v0=")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	signature, hexErr := hex.DecodeString(given)
	if !ok || err != nil || hexErr != nil || len(signature) != sha256.Size {
		return "no signature"
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > maxAge {
		return "timestamp too far from now"
	}
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("v0:" + stamp + ":"))
		mac.Write(body)
		if secret != "" && hmac.Equal(mac.Sum(nil), signature) {
			return ""
		}
	}
	return wrongSignature
}
