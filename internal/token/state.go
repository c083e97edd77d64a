package token

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// state is the value that a Keeper writes: the token, and what the next run has
// to know. No text of an error stands in it.
type state struct {
	AccessToken string `json:"access_token,omitempty"`
	Claim       claim  `json:"claim,omitzero"`
	Told        Told   `json:"told,omitzero"`
	Health
}

// claim is the right of one run to exchange.
type claim struct {
	At    time.Time `json:"at"`
	Nonce string    `json:"nonce"` // tells two claims apart that are alike
}

// held reports whether a claim's run may still be at it. A claim of long ago or
// of a time to come is of a run that died, or of a clock that was wrong.
func (c claim) held(now time.Time) bool { return now.Sub(c.At).Abs() < lease }

// Health is how a stored access token is, without the token. A time that is zero
// is unknown, or never was.
type Health struct {
	Version string `json:"-"` // of the stored value; empty: nothing was ever stored
	Stored  bool   `json:"-"` // there is a token

	APIDomain   string      `json:"api_domain,omitempty"`
	Expiry      time.Time   `json:"expiry,omitzero"`        // of the token
	ExchangedAt time.Time   `json:"exchanged_at,omitzero"`  // when it was got
	AccountsURL string      `json:"accounts_url,omitempty"` // accounts server that was asked last
	Attempts    []time.Time `json:"attempts,omitempty"`     // the last exchange and those of the ten minutes before it
	Refused     bool        `json:"refused,omitempty"`      // Zoho refused the token, and there is no other yet
	Failure     Failure     `json:"failure,omitzero"`       // of the last exchange; zero: it succeeded
	Client      string      `json:"client,omitempty"`       // version of the OAuth client whose token it is
	Latched     string      `json:"latched,omitempty"`      // version of the OAuth client whose grant is dead: it is not tried again
	HoldUntil   time.Time   `json:"hold_until,omitzero"`    // Zoho wants to be left alone until then
}

// Failure is why the last exchange gave no token.
type Failure struct {
	Class Class     `json:"class"`
	Code  string    `json:"code,omitempty"` // of Dead: which of Zoho's codes, or "other_data_centre"
	Since time.Time `json:"since"`          // when the first of those without a success between them was
}

// Class is what there is to do about a failure.
type Class string

// Classes of failures.
const (
	Transient Class = "transient" // Zoho could not be reached or failed by itself: the next run tries again
	Throttled Class = "throttled" // there were too many exchanges: Zoho is left alone for a while
	Dead      Class = "dead"      // Zoho does not take the grant or the client: somebody has to connect it anew
	Unknown   Class = "unknown"   // the next run tries again, and somebody should look
)

// otherDataCentre is the code of a grant that is not of the accounts server's
// data centre.
const otherDataCentre = "other_data_centre"

// deadCodes are those of Zoho that no repetition helps against.
var deadCodes = []string{"invalid_code", "invalid_client", "invalid_client_secret", otherDataCentre}

// classOf is the class of a failed exchange.
func classOf(err error) Class {
	switch {
	case errors.Is(err, zoho.ErrThrottled):
		return Throttled
	case errors.Is(err, zoho.ErrGrantRefused), errors.Is(err, zoho.ErrOtherDataCentre):
		return Dead
	case errors.Is(err, zoho.ErrUnavailable), errors.Is(err, context.Canceled):
		return Transient
	}
	return Unknown
}

// codeOf is the code of a dead grant, if it is one of those that are known.
func codeOf(err error) string {
	code := ""
	if e, ok := errors.AsType[*zoho.Error](err); ok {
		code = e.Code
	}
	if errors.Is(err, zoho.ErrOtherDataCentre) {
		code = otherDataCentre
	}
	if !slices.Contains(deadCodes, code) {
		return ""
	}
	return code
}

// failed notes why an exchange gave no token. The token stays.
func (s *state) failed(err error, clientVersion string, now time.Time) {
	s.Failure = Failure{Class: classOf(err), Since: s.Failure.Since}
	if s.Failure.Since.IsZero() {
		s.Failure.Since = now
	}
	if s.Latched != clientVersion {
		s.Latched = "" // that client is not the one that is tried
	}
	switch s.Failure.Class {
	case Dead:
		s.Failure.Code, s.Latched = codeOf(err), clientVersion
	case Throttled:
		wait := holdOff
		if e, ok := errors.AsType[*zoho.Error](err); ok {
			wait = min(max(wait, e.RetryAfter), maxHoldOff)
		}
		s.HoldUntil = now.Add(wait)
	}
}

// succeeded puts a new token in the old one's place.
func (s *state) succeeded(token zoho.Token, clientVersion string, now time.Time) {
	s.AccessToken, s.APIDomain, s.Expiry, s.ExchangedAt = token.AccessToken, token.APIDomain, token.Expiry.UTC().Round(0), now
	s.Client, s.Refused, s.Failure, s.Latched, s.HoldUntil = clientVersion, false, Failure{}, "", time.Time{}
}

// attemptsAt are the exchanges that count at a time, in their order. Those of
// the near future do: their clock was ahead of ours.
func (h Health) attemptsAt(now time.Time) []time.Time {
	counting := slices.DeleteFunc(slices.Clone(h.Attempts), func(at time.Time) bool {
		return !at.After(now.Add(-window)) || at.After(now.Add(maxHoldOff))
	})
	slices.SortFunc(counting, time.Time.Compare)
	return counting
}

// pausesAt reports whether the last exchange has failed just now, and may succeed
// by itself later.
func (h Health) pausesAt(now time.Time) bool {
	if len(h.Attempts) == 0 || h.Failure.Class == "" || h.Failure.Class == Dead {
		return false
	}
	ago := now.Sub(h.Attempts[len(h.Attempts)-1])
	return 0 <= ago && ago < pause
}

// ExchangesAt is how many exchanges there were in the ten minutes before a time,
// whatever came of them.
func (h Health) ExchangesAt(now time.Time) int { return len(h.attemptsAt(now)) }

// ReadHealth tells how the token that is stored under name is. Of one that was
// never stored it is the zero Health.
func ReadHealth(ctx context.Context, s store.Store, name string) (Health, error) {
	read, err := readState(ctx, s, name)
	return read.Health, err
}

// readState gives what is stored under name. What is spoilt counts as far as it
// can be read: there is a token in it or none.
func readState(ctx context.Context, s store.Store, name string) (state, error) {
	value, err := s.Read(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return state{}, fmt.Errorf("read access token: %w", err)
	}
	var read state
	_ = json.Unmarshal(value.Data, &read)
	read.Version, read.Stored = value.Version, read.AccessToken != ""
	return read, nil
}

// readToken gives the token that is stored under name, or zoho.ErrNoToken.
func readToken(ctx context.Context, s store.Store, name string) (zoho.Token, error) {
	read, err := readState(ctx, s, name)
	if err == nil && !read.Stored {
		err = zoho.ErrNoToken
	}
	if err != nil {
		return zoho.Token{}, err
	}
	return zoho.Token{AccessToken: read.AccessToken, APIDomain: read.APIDomain, Expiry: read.Expiry, Version: read.Version}, nil
}

// same reports whether two states are stored alike.
func same(a, b state) bool {
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return cmp.Or(err, err2) == nil && string(one) == string(other)
}
