package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/token"
)

func tokenCommand() *cobra.Command {
	var at place
	var asJSON, refresh bool
	c := &cobra.Command{
		Use:   "token",
		Short: "Tell how the access token of Zoho CRM is",
		Long: `Token tells how long the access token works and what became of the last
exchanges. It prints no secret. Without --refresh it asks Zoho nothing and writes
nothing; with it the token is exchanged first, whatever life it has left and also
where the grant was found dead.

Its exit status is 0 when the token has ten minutes of life or more, Zoho has not
refused it and its grant is alive; otherwise 1.`,
		Example: "  crmwho token --stack crmwho\n  crmwho token --refresh\n  crmwho token --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b, err := at.openFor(c.Context(), c.ErrOrStderr())
			if err == nil && refresh {
				err = b.refreshToken(c.Context(), c.ErrOrStderr())
			}
			if err != nil {
				return err
			}
			health, err := b.health(c.Context())
			if _, empty := errors.AsType[mistake](err); err != nil && !(empty && asJSON) {
				return err
			}
			told := b.tellToken(c.OutOrStdout(), health, time.Now(), asJSON)
			return cmp.Or(err, told)
		},
	}
	at.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	c.Flags().BoolVar(&refresh, "refresh", false, "exchange the token first")
	return c
}

// refreshToken exchanges the token, and says so beside what is told of it.
func (b *backend) refreshToken(ctx context.Context, to io.Writer) error {
	said, err := b.exchangeNow(ctx, to)
	if errors.Is(err, token.ErrNotSetUp) {
		return b.notConnected()
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to, said)
	return err
}

func (b *backend) notConnected() error {
	return mistake{"Zoho CRM is not connected yet in " + b.where, "Run " + b.command("setup") + "."}
}

// health reads how the token is. Where nothing was set up it is a mistake.
func (b *backend) health(ctx context.Context) (token.Health, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	health, err := token.ReadHealth(ctx, b.store, b.token)
	if err != nil || health.Version != "" {
		return health, err
	}
	_, err = token.ReadClient(ctx, b.store, b.client, b.accounts(), b.loopback)
	if errors.Is(err, token.ErrNotSetUp) {
		return health, b.notConnected()
	}
	return health, err
}

// tokenReport is what is told of a token.
type tokenReport struct {
	Healthy      bool        `json:"healthy"` // ten minutes of life, not refused, and the grant is alive
	Stored       bool        `json:"stored"`  // there is a token
	LifeLeft     int         `json:"life_left_s"`
	Expiry       time.Time   `json:"expiry,omitzero"`
	ExchangedAt  time.Time   `json:"exchanged_at,omitzero"`
	Exchanges    int         `json:"exchanges"` // in the last ten minutes
	Budget       int         `json:"budget"`    // how many there may be
	Refused      bool        `json:"refused"`   // by Zoho, and not exchanged since
	Latched      bool        `json:"latched"`   // the grant is dead
	HoldUntil    time.Time   `json:"hold_until,omitzero"`
	Failure      token.Class `json:"failure,omitempty"` // of the last exchange
	FailureCode  string      `json:"failure_code,omitempty"`
	FailureSince time.Time   `json:"failure_since,omitzero"`
}

// enoughLife is what a token has that is no reason to worry.
const enoughLife = 10 * time.Minute

func reportOf(h token.Health, now time.Time) tokenReport {
	left := time.Duration(0)
	if h.Stored {
		left = max(0, h.Expiry.Sub(now))
	}
	r := tokenReport{
		Healthy: left >= enoughLife && !h.Refused && h.Latched == "",
		Stored:  h.Stored, LifeLeft: int(left.Seconds()), Expiry: h.Expiry, ExchangedAt: h.ExchangedAt,
		Exchanges: h.ExchangesAt(now), Budget: token.Budget,
		Refused: h.Refused, Latched: h.Latched != "",
		Failure: h.Failure.Class, FailureCode: h.Failure.Code, FailureSince: h.Failure.Since,
	}
	if h.HoldUntil.After(now) {
		r.HoldUntil = h.HoldUntil
	}
	return r
}

var errUnhealthy = errors.New("the access token is not well")

func (b *backend) tellToken(to io.Writer, h token.Health, now time.Time, asJSON bool) (err error) {
	r := reportOf(h, now)
	if asJSON {
		err = writeJSON(to, r)
	} else {
		err = r.write(to, b.command("setup"), b.filled("{goes}"))
	}
	if err == nil && !r.Healthy {
		err = errUnhealthy
	}
	return err
}

func writeJSON(to io.Writer, value any) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// write tells it to people, a line for each thing that is to be known.
func (r tokenReport) write(to io.Writer, setup, goes string) error {
	lines := []struct {
		when   bool
		format string
		values []any
	}{
		{!r.Stored, "There is no access token yet: %s.", []any{goes}},
		{r.LifeLeft > 0, "The access token has %s left, until %s.", []any{life(r.LifeLeft), clock(r.Expiry)}},
		{r.Stored && r.Expiry.IsZero(), "When the access token ends is not known.", nil},
		{r.Stored && r.LifeLeft == 0 && !r.Expiry.IsZero(), "The access token ended at %s.", []any{clock(r.Expiry)}},
		{!r.ExchangedAt.IsZero(), "It was got at %s.", []any{clock(r.ExchangedAt)}},
		{true, "Exchanges in the last ten minutes: %d of %d.", []any{r.Exchanges, r.Budget}},
		{r.Refused, "Zoho has refused the token, and there is no other yet.", nil},
		{r.Latched, "The grant is dead%s since %s: nothing is tried until somebody runs %s.", []any{inBrackets(r.FailureCode), clock(r.FailureSince), setup}},
		{!r.HoldUntil.IsZero(), "Zoho is left alone until %s, because it was asked too often.", []any{clock(r.HoldUntil)}},
		{r.Failure != "" && !r.Latched, "The last exchange failed (%s); none has succeeded since %s.", []any{r.Failure, clock(r.FailureSince)}},
	}
	for _, line := range lines {
		if !line.when {
			continue
		}
		if _, err := fmt.Fprintf(to, line.format+"\n", line.values...); err != nil {
			return err
		}
	}
	return nil
}

func inBrackets(code string) string {
	if code == "" {
		return ""
	}
	return " (" + code + ")"
}

// life is how long a token lives, in words.
func life(seconds int) string {
	if seconds == 1 {
		return "1 second"
	}
	if seconds < 2*60 {
		return fmt.Sprintf("%d seconds", seconds)
	}
	return fmt.Sprintf("%d minutes", seconds/60)
}
