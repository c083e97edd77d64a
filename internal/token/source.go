package token

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

const (
	// margin is how long before its expiry a held token is no longer given.
	margin = time.Minute
	// tellAgain is how long nobody is told again, of whichever token: an exchange
	// takes seconds, and Zoho counts them.
	tellAgain = time.Minute
)

// Source gives the token that a Keeper stores under Name, and finds out what to
// do about one that Zoho has refused. It never exchanges a token itself. It is
// safe for concurrent use; its fields are not changed after the first call, and
// it is not copied.
type Source struct {
	Store store.Store
	Name  string
	// Tell asks for an exchange of the token of that version, which Zoho has
	// refused, such as by invoking token-refresh; it does not wait for it. It is
	// called by one at a time. nil: nobody is told.
	Tell func(ctx context.Context, version string) error
	Now  func() time.Time // what the life of a token is told by, as the Keeper's; nil: time.Now
	Log  *slog.Logger     // nil: slog.Default

	once   sync.Once
	turn   chan struct{} // holds one: who may read, tell and use what follows
	held   zoho.Token    // given without a look at the store; zero: none
	known  zoho.Token    // was read last; given where the store cannot be read
	toldAt time.Time     // by the wall clock: the monotonic one stands still while Lambda has the process frozen

	settled atomic.Int64 // refusals of what the store held too
}

// String leaves the token out where a Source is printed.
func (s *Source) String() string { return "token.Source(" + s.Name + ")" }

// GoString keeps %#v from printing what String leaves out.
func (s *Source) GoString() string { return s.String() }

// Token is a zoho.TokenSource. It keeps what it read until a minute before that
// expires or is refused, except for tokens of unknown expiry. Where the store
// cannot be read it gives what it read last, until that expires. Nothing stored
// yet is zoho.ErrNoToken. One caller reads at a time; who waits for another's
// read does so no longer than ctx allows.
func (s *Source) Token(ctx context.Context) (zoho.Token, error) {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return zoho.Token{}, err
	}
	defer release()
	if s.usable(s.held) {
		return s.held, nil
	}
	token, err := s.read(ctx)
	if err != nil && !errors.Is(err, zoho.ErrNoToken) && s.now().Before(s.known.Expiry) {
		return s.known, nil // it is better than none, and may be as good as before
	}
	return token, err
}

// Health reads how the stored token is.
func (s *Source) Health(ctx context.Context) (Health, error) {
	return ReadHealth(ctx, s.Store, s.Name)
}

// Refused is for zoho.Client.Refused: it reports whether Token gives another
// token than the refused one. Where the store has no other, Tell is told, at
// most once a minute unless that failed, and Token reads the store again before
// it gives that token once more. A token of unknown version is not told of. Of
// those who come at the same time one reads and tells for all.
func (s *Source) Refused(ctx context.Context, refused zoho.Token) bool {
	settled := s.settled.Load()
	release, err := s.takeTurn(ctx)
	if err != nil {
		return false
	}
	defer release()
	if s.usable(s.held) && s.held.AccessToken != refused.AccessToken {
		return true
	}
	if s.settled.Load() != settled {
		return false // somebody has just seen to it
	}
	found, err := s.read(ctx)
	if err == nil && found.AccessToken != refused.AccessToken {
		return true
	}
	s.held = zoho.Token{}
	if err != nil {
		s.warn(ctx, "not told", err)
		return false
	}
	if refused.Version == "" {
		found.Version = ""
	}
	s.tell(ctx, found)
	s.settled.Add(1)
	return false
}

// tell has a refused token exchanged, unless somebody was asked for that just
// now. The token is the one that is stored, under the version that it has now.
func (s *Source) tell(ctx context.Context, refused zoho.Token) {
	now := s.now()
	if recently(now.Sub(s.toldAt)) {
		return
	}
	outcome, err := "not told", error(nil)
	if s.Tell != nil && refused.Version != "" {
		if err = s.Tell(ctx, refused.Version); err == nil {
			outcome = "told"
		}
	}
	if err == nil && refused.Version != "" {
		s.toldAt = now
	}
	s.warn(ctx, outcome, err)
}

// recently reports whether that long ago is too short to tell again. A time to
// come was told by a clock that was wrong.
func recently(ago time.Duration) bool { return 0 <= ago && ago < tellAgain }

func (s *Source) warn(ctx context.Context, outcome string, err error) {
	said := []any{"outcome", outcome}
	if err != nil {
		said = append(said, "err", err)
	}
	cmp.Or(s.Log, slog.Default()).WarnContext(ctx, "access token refused", said...)
}

// takeTurn waits for the turn, which release gives back.
func (s *Source) takeTurn(ctx context.Context) (release func(), err error) {
	s.once.Do(func() { s.turn = make(chan struct{}, 1) })
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read reads the store and keeps what it gives, or nothing where it fails.
func (s *Source) read(ctx context.Context) (token zoho.Token, err error) {
	token, err = readToken(ctx, s.Store, s.Name)
	if s.held = token; err == nil {
		s.known = token
	}
	return token, err
}

// usable reports whether a held token may be given without a look at the store.
// An expiry that was stored has no monotonic clock, so this goes by the wall.
func (s *Source) usable(held zoho.Token) bool { return held.Expiry.Sub(s.now()) > margin }

// now goes by the wall clock, unless another is given.
func (s *Source) now() time.Time {
	if s.Now != nil {
		return s.Now().Round(0)
	}
	return time.Now().Round(0)
}
