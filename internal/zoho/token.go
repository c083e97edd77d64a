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

// reuseMargin is how long before its expiry a held token is no longer used.
const reuseMargin = time.Minute

// Reuse returns a source that keeps the token it got until a minute before it
// expires. Errors and tokens of unknown expiry are not kept. It is safe for
// concurrent use and asks get one call at a time; who waits for another's call
// does so no longer than ctx allows.
func Reuse(get TokenSource) TokenSource {
	var held Token
	turn := make(chan struct{}, 1)
	return func(ctx context.Context) (Token, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
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
