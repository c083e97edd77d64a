// Package zoho reads users from Zoho CRM's REST API, version 7, and keeps to
// what its documentation says and its servers were seen to do. It knows
// nothing of Slack or AWS, and it never writes to the CRM.
package zoho

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client calls the CRM with the rights of the user whose token it is given.
// It is safe for concurrent use; its fields are not changed after the first call.
type Client struct {
	Tokens TokenSource // required

	HTTP          *http.Client // nil: one with a time-out that follows no redirects
	AllowLoopback bool         // accept an API domain on this machine, for simulators
}

// defaultHTTP follows no redirects: the token and the client secret go to the
// host they were meant for or nowhere.
var defaultHTTP = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// numericOffset is how Zoho's documentation writes times: UTC is +00:00, not Z.
const numericOffset = "2006-01-02T15:04:05-07:00"

// maxReply caps a reply. A page of 200 users, the largest there is, has about 400 kB.
const maxReply = 8 << 20

// get makes one call and decodes the reply into out. It returns the HTTP
// status: 200, or 204 and 304, which carry nothing to decode, or 0 for a 200
// without a body, as Zoho was seen to send. A modifiedSince of zero asks for all.
func (c *Client) get(ctx context.Context, call, path string, query url.Values, modifiedSince time.Time, out any) (int, error) {
	token, err := c.Tokens(ctx)
	if err != nil {
		return 0, &Error{Call: call, cause: err}
	}
	base, err := apiURL(token.APIDomain, c.AllowLoopback)
	if err != nil {
		return 0, &Error{Call: call, cause: err}
	}
	base.Path, base.RawQuery = path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), nil)
	if err != nil {
		return 0, &Error{Call: call, cause: errors.New("bad request")}
	}
	if !modifiedSince.IsZero() {
		req.Header.Set("If-Modified-Since", modifiedSince.Format(numericOffset))
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+token.AccessToken)
	reply, err := cmp.Or(c.HTTP, defaultHTTP).Do(req)
	if err != nil {
		return 0, unreachable(call, err)
	}
	defer reply.Body.Close()
	return decode(call, reply, out)
}

func decode(call string, reply *http.Response, out any) (int, error) {
	status := reply.StatusCode
	if status == http.StatusNoContent || status == http.StatusNotModified {
		return status, nil
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxReply+1))
	switch {
	case err != nil:
		return status, unreachable(call, err)
	case status != http.StatusOK:
		return status, refusal(call, status, body)
	case len(body) > maxReply:
		return status, malformed(call, "reply too large")
	case len(bytes.TrimSpace(body)) == 0:
		return 0, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return status, malformed(call, "not the JSON that is documented")
	}
	return status, nil
}

// refusal reads an error body. Zoho writes the code as text and, in an older
// shape, as a number beside an "error" that holds the text.
func refusal(call string, status int, body []byte) *Error {
	var wire map[string]json.RawMessage
	_ = json.Unmarshal(body, &wire) // a gateway's HTML leaves it empty: the status decides
	code := text(wire["code"])
	if old := text(wire["error"]); old != "" {
		code = old
	}
	return &Error{
		Call:      call,
		Status:    status,
		Code:      plainCode(code),
		Message:   text(wire["message"]),
		condition: conditionOf(status, code),
	}
}
