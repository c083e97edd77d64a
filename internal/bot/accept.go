package bot

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
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

// accept reads a slash command from a request that Slack has signed.
func (b *Bot) accept(ctx context.Context, r *http.Request) (slack.SlashCommand, *refusal) {
	var none slack.SlashCommand
	if r.URL.Path != CommandsPath {
		return none, refuse(http.StatusNotFound, "no such path")
	}
	if r.Method != http.MethodPost {
		return none, refuse(http.StatusMethodNotAllowed, "not a POST")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return none, refuse(http.StatusRequestEntityTooLarge, "body too large")
	}
	if err != nil {
		return none, refuse(http.StatusBadRequest, "body not readable")
	}
	secrets, err := b.SigningSecrets(ctx)
	if err != nil {
		return none, &refusal{status: http.StatusUnauthorized, reason: "signing secret not readable", err: err}
	}
	if len(secrets) == 0 {
		return none, refuse(http.StatusUnauthorized, "no signing secret set up")
	}
	if reason := unsigned(r.Header, body, secrets, time.Now()); reason != "" {
		return none, refuse(http.StatusUnauthorized, reason)
	}
	return parse(r, body)
}

// parse reads the form. slack-go takes a body of another type for an empty
// form, so the type is looked at first.
func parse(r *http.Request, body []byte) (slack.SlashCommand, *refusal) {
	var none slack.SlashCommand
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" {
		return none, refuse(http.StatusUnsupportedMediaType, "not a form")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	command, err := slack.SlashCommandParse(r)
	if err != nil || command.Command == "" {
		return none, refuse(http.StatusBadRequest, "not a slash command")
	}
	return command, nil
}

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
	return "wrong signature"
}
