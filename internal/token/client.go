package token

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// ErrNotSetUp says that the OAuth client's value was never filled, or is not
// what it has to be. The error that wraps it says what is wrong.
var ErrNotSetUp = errors.New("the OAuth client is not set up")

// Client is the value that crmwho setup fills: a client of Zoho's API console,
// and the grant that it got. Printing one shows none of its secrets.
type Client struct {
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret"`
	RefreshToken   string `json:"refresh_token"`
	AccountsServer string `json:"accounts_server,omitempty"` // empty: the Keeper's
}

// String leaves the secrets out.
func (c Client) String() string { return "token.Client(" + c.AccountsServer + ")" }

// GoString keeps %#v from printing what String leaves out.
func (c Client) GoString() string { return c.String() }

// LogValue keeps slog from printing it.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// client is a Client as it was read.
type client struct {
	Client
	version string
}

// ReadClient gives the client that is stored under name, or an ErrNotSetUp whose
// text says what is wrong with it. One that names no accounts server gets
// accountsURL.
func ReadClient(ctx context.Context, s store.Store, name, accountsURL string, allowLoopback bool) (Client, error) {
	k := Keeper{Store: s, ClientName: name, AccountsURL: accountsURL, AllowLoopback: allowLoopback}
	c, err := k.readClient(ctx)
	return c.Client, err
}

func (k *Keeper) readClient(ctx context.Context) (client, error) {
	value, err := k.Store.Read(ctx, k.ClientName)
	if errors.Is(err, store.ErrNotExist) {
		return client{}, notSetUp("is empty")
	}
	if err != nil {
		return client{}, fmt.Errorf("read OAuth client: %w", err)
	}
	c := client{version: value.Version}
	if json.Unmarshal(value.Data, &c.Client) != nil { // its error text would quote the secret
		return client{}, notSetUp("is not a JSON object of texts")
	}
	c.AccountsServer = cmp.Or(c.AccountsServer, k.AccountsURL)
	if missing := c.missing(); len(missing) > 0 {
		return client{}, notSetUp("lacks " + strings.Join(missing, ", "))
	}
	if err := zoho.CheckAccountsURL(c.AccountsServer, k.AllowLoopback); err != nil {
		return client{}, notSetUp("has a wrong accounts_server: " + err.Error())
	}
	return c, nil
}

// missing names the fields that are empty.
func (c Client) missing() []string {
	var missing []string
	for _, field := range []struct{ name, value string }{
		{"client_id", c.ClientID}, {"client_secret", c.ClientSecret},
		{"refresh_token", c.RefreshToken}, {"accounts_server", c.AccountsServer},
	} {
		if field.value == "" {
			missing = append(missing, field.name)
		}
	}
	return missing
}

// notSetUp says what is wrong with the client's value.
func notSetUp(problem string) error {
	return fmt.Errorf("%w: its secret %s", ErrNotSetUp, problem)
}

// withStep adds what to do to an error that somebody can mend.
func (k *Keeper) withStep(err error) error {
	if !errors.Is(err, ErrNotSetUp) {
		return err
	}
	return fmt.Errorf("%w; run %s", err, cmp.Or(k.Setup, "crmwho setup"))
}

// WriteClient stores a client in the place of the one that is there. Nothing
// incomplete is written.
func WriteClient(ctx context.Context, s store.Store, name string, c Client) error {
	if missing := c.missing(); len(missing) > 0 {
		return fmt.Errorf("write OAuth client: it lacks %s", strings.Join(missing, ", "))
	}
	old, err := s.Read(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return fmt.Errorf("read OAuth client: %w", err)
	}
	_, err = writeClient(ctx, s, name, c, old.Version)
	return err
}

func writeClient(ctx context.Context, s store.Store, name string, c Client, version string) (string, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return "", errors.New("write OAuth client: not representable")
	}
	version, err = s.WriteIfUnchanged(ctx, name, data, version)
	if err != nil {
		return "", fmt.Errorf("write OAuth client: %w", err)
	}
	return version, nil
}

// keepGrant stores a refresh token that Zoho has sent in the place of the one it
// was given, which it documents it does not. The access token that came with it
// is good whether that succeeds or not.
func (t *turn) keepGrant(ctx context.Context, refreshToken string) error {
	if refreshToken == "" || refreshToken == t.client.RefreshToken {
		return nil
	}
	if !wellFormed(refreshToken) { // the one that has just worked is better
		return fmt.Errorf("new refresh token: %w", zoho.ErrMalformed)
	}
	next := t.client.Client
	next.RefreshToken = refreshToken
	err := insist(ctx, keepTime, func(ctx context.Context) error {
		version, err := writeClient(ctx, t.Store, t.ClientName, next, t.client.version)
		if err == nil {
			t.client = client{next, version}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the new refresh token: %w", err)
	}
	return nil
}
