package zoho

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// Token is an access token and the API it opens. Printing or logging one shows
// only when it expires.
type Token struct {
	AccessToken string
	APIDomain   string    // base of the API, such as https://www.zohoapis.com
	Expiry      time.Time // when Zoho stops accepting it; zero when unknown
	Version     string    // names the stored state that it was read from; empty when unknown
}

func (t Token) String() string {
	return "zoho.Token(expires " + t.Expiry.UTC().Format(time.RFC3339) + ")"
}

// GoString keeps %#v from printing what String leaves out.
func (t Token) GoString() string { return t.String() }

// LogValue keeps slog from printing what String leaves out.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON keeps slog from printing it inside of other values. Those who
// store a token write its fields themselves.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// TokenSource gives the token for a call. It is called before every call and
// may be called concurrently. Without a token to give it returns ErrNoToken.
type TokenSource func(context.Context) (Token, error)
