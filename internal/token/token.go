// Package token keeps the access token of Zoho CRM fresh: it decides when a
// token is exchanged, exchanges it, and stores it for those who only read.
package token

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// refreshBelow is the life left under which a token is exchanged. With an
// hour's life and a run every ten minutes each hour has three chances.
const refreshBelow = 35 * time.Minute

// ErrNotSetUp says that the OAuth client's secret was never filled, or lacks a
// field.
var ErrNotSetUp = errors.New("the OAuth client is not set up")

// client is the value that an operator fills.
type client struct {
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret"`
	RefreshToken   string `json:"refresh_token"`
	AccountsServer string `json:"accounts_server"` // empty: the Keeper's
}

// stored is the value that the Keeper writes.
type stored struct {
	AccessToken string    `json:"access_token"`
	APIDomain   string    `json:"api_domain"`
	Expiry      time.Time `json:"expiry"`
}

// Keeper keeps one access token fresh. It is the only writer of the token's
// value. Its fields are not changed after the first call.
type Keeper struct {
	Store      store.Store
	ClientName string // the value with the OAuth client and its refresh token
	TokenName  string // the value with the access token

	AccountsURL   string       // accounts server of a client that names none
	HTTP          *http.Client // nil: see zoho.OAuth
	AllowLoopback bool
	Log           *slog.Logger // nil: slog.Default
}

// Request asks for a run. Its zero value is what a schedule sends.
type Request struct {
	Force   bool   `json:"force,omitempty"`   // exchange even if the token has life left
	Reason  string `json:"reason,omitempty"`  // Refused; anything else is no reason
	Version string `json:"version,omitempty"` // with Refused: of the stored token that Zoho has refused
}

// Refused is the reason of who asks because Zoho has refused a token. It is
// exchanged if it is still the one that is stored, whatever life it has left.
// Another one, or none said, is as if a schedule had asked: of many who were
// refused the same token only the first exchanges it.
const Refused = "refused"

// why says as what a request is taken where a version is stored, and whether
// that makes an exchange due.
func (r Request) why(version string) (why string, due bool) {
	switch {
	case r.Force:
		return "forced", true
	case r.Reason != Refused || r.Version == "":
		return "schedule", false
	case r.Version != version:
		return "refused before", false
	}
	return "refused", true
}

// Report says what a run did. It holds no secret.
type Report struct {
	Exchanged bool      `json:"exchanged"`
	Expiry    time.Time `json:"expiry"` // of the token that is stored now
}

// Run exchanges the token when it is due and stores the new one. What is
// stored is never replaced by anything but a complete token, and a run that
// another one has overtaken leaves the other's token alone.
func (k *Keeper) Run(ctx context.Context, r Request) (Report, error) {
	current, version, err := readStored(ctx, k.Store, k.TokenName)
	if err != nil {
		return Report{}, err
	}
	why, due := r.why(version)
	if left := time.Until(current.Expiry); left >= refreshBelow && !due {
		k.log().InfoContext(ctx, "token", "outcome", "fresh", "why", why, "lifeLeft", left.Round(time.Second).String())
		return Report{Expiry: current.Expiry}, nil
	}
	token, err := k.exchange(ctx)
	if err != nil {
		return Report{}, err
	}
	data, err := json.Marshal(stored{token.AccessToken, token.APIDomain, token.Expiry})
	if err != nil {
		return Report{}, errors.New("write access token: not representable")
	}
	_, err = k.Store.WriteIfUnchanged(ctx, k.TokenName, data, version)
	if errors.Is(err, store.ErrChanged) {
		k.log().WarnContext(ctx, "token", "outcome", "overtaken", "why", why)
		return k.overtaken(ctx)
	}
	if err != nil {
		return Report{}, fmt.Errorf("write access token: %w", err)
	}
	k.log().InfoContext(ctx, "token", "outcome", "exchanged", "why", why, "lifeLeft", time.Until(token.Expiry).Round(time.Second).String())
	return Report{Exchanged: true, Expiry: token.Expiry}, nil
}

// overtaken is the report of a run whose token was not stored because another
// run's was. Where that is not to be seen, something else keeps tokens from
// being stored, and somebody has to know.
func (k *Keeper) overtaken(ctx context.Context) (Report, error) {
	other, _, err := readStored(ctx, k.Store, k.TokenName)
	if err == nil && time.Until(other.Expiry) < refreshBelow {
		err = fmt.Errorf("write access token: %w, and yet it is due", store.ErrChanged)
	}
	return Report{Expiry: other.Expiry}, err
}

func (k *Keeper) log() *slog.Logger { return cmp.Or(k.Log, slog.Default()) }

// readStored gives the token that is stored under name, or a zero one where
// nothing is or it is no token.
func readStored(ctx context.Context, s store.Store, name string) (token stored, version string, err error) {
	value, err := s.Read(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return stored{}, "", fmt.Errorf("read access token: %w", err)
	}
	if json.Unmarshal(value.Data, &token) != nil || token.AccessToken == "" {
		return stored{}, value.Version, nil
	}
	return token, value.Version, nil
}

func (k *Keeper) exchange(ctx context.Context) (zoho.Token, error) {
	c, err := k.client(ctx)
	if err != nil {
		return zoho.Token{}, err
	}
	oauth := &zoho.OAuth{
		ClientID:      c.ClientID,
		ClientSecret:  c.ClientSecret,
		AccountsURL:   c.AccountsServer,
		HTTP:          k.HTTP,
		AllowLoopback: k.AllowLoopback,
	}
	grant, err := oauth.Refresh(ctx, c.RefreshToken)
	return grant.Token, err
}

func (k *Keeper) client(ctx context.Context) (client, error) {
	value, err := k.Store.Read(ctx, k.ClientName)
	if errors.Is(err, store.ErrNotExist) {
		return client{}, fmt.Errorf("%w: its secret is empty", ErrNotSetUp)
	}
	if err != nil {
		return client{}, fmt.Errorf("read OAuth client: %w", err)
	}
	var c client
	if json.Unmarshal(value.Data, &c) != nil { // its error text would quote the secret
		return client{}, fmt.Errorf("%w: its secret is not a JSON object of texts", ErrNotSetUp)
	}
	c.AccountsServer = cmp.Or(c.AccountsServer, k.AccountsURL)
	var missing []string
	for _, field := range []struct{ name, value string }{
		{"client_id", c.ClientID}, {"client_secret", c.ClientSecret},
		{"refresh_token", c.RefreshToken}, {"accounts_server", c.AccountsServer},
	} {
		if field.value == "" {
			missing = append(missing, field.name)
		}
	}
	if len(missing) > 0 {
		return client{}, fmt.Errorf("%w: its secret lacks %s", ErrNotSetUp, strings.Join(missing, ", "))
	}
	return c, nil
}

// readToken gives the token that is stored under name, or zoho.ErrNoToken.
func readToken(ctx context.Context, s store.Store, name string) (zoho.Token, error) {
	token, version, err := readStored(ctx, s, name)
	if err == nil && token.AccessToken == "" {
		err = zoho.ErrNoToken
	}
	if err != nil {
		return zoho.Token{}, err
	}
	return zoho.Token{AccessToken: token.AccessToken, APIDomain: token.APIDomain, Expiry: token.Expiry, Version: version}, nil
}
