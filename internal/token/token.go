// Package token keeps the access token of Zoho CRM fresh: it decides when a
// token is exchanged, exchanges it, and stores it for those who only read.
package token

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"crmwho/internal/metrics"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

const (
	// refreshBelow is the life left under which a token is exchanged. With an
	// hour's life and a run every ten minutes each hour has three chances.
	refreshBelow = 35 * time.Minute

	// Budget is how many exchanges there are in ten minutes, whoever asks. Zoho
	// refuses the eleventh, and counts those of the operator's set-up too.
	// Source: Zoho CRM v8 documentation, "Token Validity".
	Budget = 5
	window = 10 * time.Minute

	// pause is how long those who are refused do not try again after an exchange
	// that failed. The schedule does, every ten minutes: they ask often, and each
	// attempt makes a version of the secret.
	pause = 11 * time.Minute

	// holdOff is how long nothing is exchanged after Zoho said that there were
	// too many: trying again is said to prolong that.
	holdOff = 10 * time.Minute
	// maxHoldOff bounds how long Zoho may ask to wait, which it does not document.
	maxHoldOff = time.Hour

	// lease is how long nobody else exchanges after a claim whose run has not
	// ended: longer than a run takes, which the next four times bound.
	lease        = 2 * time.Minute
	exchangeTime = 30 * time.Second
	notifyTime   = 5 * time.Second
	keepTime     = 5 * time.Second
	concludeTime = 15 * time.Second
)

// Keeper keeps one access token fresh. It is the only writer of the token's
// value, in as many processes as there are: they exclude each other through the
// store. Its fields are not changed after the first call.
type Keeper struct {
	Store      store.Store
	ClientName string // the value with the OAuth client and its refresh token
	TokenName  string // the value with the access token

	AccountsURL   string       // accounts server of a client that names none
	HTTP          *http.Client // nil: see zoho.OAuth
	AllowLoopback bool

	// Notify tells people, within ctx. After an error the notice is given again by
	// a later run of the schedule; otherwise it is given once, and once more for each run that dies after
	// giving it and before noting that. nil: nobody is told, and what was to be
	// said stays to be said by a Keeper that has it.
	Notify func(ctx context.Context, n Notice) error
	// Setup is the command that connects Zoho CRM anew, for notices.
	Setup string

	Now      func() time.Time // what ages, lives and pauses are told by, the same in all processes; nil: time.Now
	Function string           // name that metrics go by; empty: none are embedded in the log
	Log      *slog.Logger     // takes a line for each run; nil: slog.Default
}

// Request asks for a run. Its zero value is what a schedule sends.
type Request struct {
	Force   bool   `json:"force,omitempty"`   // exchange even if the token has life left or the grant is latched
	Reason  string `json:"reason,omitempty"`  // Refused; anything else is no reason
	Version string `json:"version,omitempty"` // with Refused: of the stored token that Zoho has refused
}

// Refused is the reason of who asks because Zoho has refused a token. It is
// exchanged if it is still the one that is stored, whatever life it has left.
// Another one, or none said, is as if a schedule had asked: of many who were
// refused the same token only the first exchanges it.
const Refused = "refused"

// forced is as what a request that forces an exchange is taken.
const forced = "forced"

// why says as what a request is taken, and whether an exchange is due by it.
func (r Request) why(s state, now time.Time) (why string, due bool) {
	low := s.Expiry.Sub(now) < refreshBelow
	switch {
	case r.Force:
		return forced, true
	case r.Reason == Refused && r.Version != "" && r.Version == s.Version:
		return Refused, true
	case s.Refused:
		return "refused before", true // and not exchanged since
	case r.Reason == Refused && r.Version != "":
		return "refused before", low
	}
	return "schedule", low
}

// Outcome is what a run did.
type Outcome string

// Outcomes. Only Exchanged stores another token.
const (
	Exchanged  Outcome = "exchanged"
	Failed     Outcome = "failed"      // Zoho gave no token; Run's error says why
	Fresh      Outcome = "fresh"       // the token has life enough
	UnderWay   Outcome = "under way"   // another run exchanges it just now
	Latched    Outcome = "latched"     // the grant is dead: somebody has to connect Zoho CRM anew
	HeldOff    Outcome = "held off"    // Zoho wants to be left alone, or has just failed
	OverBudget Outcome = "over budget" // there were too many exchanges of late
	NotSetUp   Outcome = "not set up"  // there is nothing to exchange yet; Run's error says what to do
)

// Report says what a run did. It holds no secret.
type Report struct {
	Outcome   Outcome   `json:"outcome,omitempty"` // empty where the run did not get that far
	Exchanged bool      `json:"exchanged"`
	Expiry    time.Time `json:"expiry"`         // of the token that is stored now; zero: there is none
	Next      time.Time `json:"next,omitzero"`  // HeldOff, OverBudget: when another exchange is allowed
	Told      Kind      `json:"told,omitempty"` // the notice that was given
}

// turn is one run of a Keeper.
type turn struct {
	*Keeper
	state  state
	client client // zero where it cannot be read
	Report
}

// Run exchanges the token when that is due and allowed, and stores the new one.
// What is stored is never replaced by anything but a complete token: when an
// exchange fails the old one stays. An exchange takes two writes: a claim, which
// one of many runs gets and which counts it, and what came of it. A run in which
// nothing is due and nobody has to be told writes nothing.
func (k *Keeper) Run(ctx context.Context, r Request) (Report, error) {
	t := &turn{Keeper: k}
	err := t.read(ctx)
	why := ""
	if err == nil {
		why, err = t.run(ctx, r)
	}
	t.Expiry = t.state.Expiry
	t.log(ctx, why, err)
	return t.Report, err
}

func (t *turn) read(ctx context.Context) (err error) {
	t.state, err = readState(ctx, t.Store, t.TokenName)
	return err
}

func (t *turn) run(ctx context.Context, r Request) (why string, err error) {
	t.Outcome = Fresh
	why, due := r.why(t.state, t.now())
	var unread error
	if t.client, unread = t.readClient(ctx); !due && unread == nil && t.clientReplaced() {
		why, due = "client replaced", true
	}
	if due {
		due, err = t.mayExchange(r, unread)
	}
	if due || r.Reason != Refused && t.hasToTell() {
		err = errors.Join(err, t.act(ctx, due, why))
	}
	return why, err
}

// act claims the right to do what is due, does it, and stores what came of it.
// A failure that is as the one before is not stored: its claim runs out by
// itself, and Secrets Manager takes only so many writes.
func (t *turn) act(ctx context.Context, exchange bool, why string) (err error) {
	if err := t.claim(ctx, exchange, why == Refused); err != nil || t.Outcome == UnderWay {
		return err
	}
	claimed := t.state
	if exchange {
		err = t.exchange(ctx)
	}
	if t.Outcome != Exchanged { // a new token is stored before anything else
		err = errors.Join(err, t.tell(ctx))
	}
	if same(t.state, claimed) && why != forced {
		return err
	}
	return errors.Join(err, t.conclude(ctx))
}

// clientReplaced reports whether the token is that of a client which somebody
// has replaced. Just after an exchange the client may still be read as it was
// before.
func (t *turn) clientReplaced() bool {
	return t.state.Client != "" && t.state.Client != t.client.version && t.now().Sub(t.state.ExchangedAt) >= lease
}

// mayExchange reports whether an exchange that is due may be made. Otherwise
// the outcome says why not. unread is why the client could not be read.
func (t *turn) mayExchange(r Request, unread error) (ok bool, err error) {
	s, now := t.state, t.now()
	if s.Claim.held(now) {
		t.Outcome = UnderWay
		return false, nil
	}
	if unread != nil {
		if t.Outcome = ""; errors.Is(unread, ErrNotSetUp) {
			t.Outcome = NotSetUp
		}
		return false, t.withStep(unread)
	}
	full := s.attemptsAt(now)
	switch {
	case !r.Force && s.Latched == t.client.version:
		t.Outcome = Latched
	case now.Before(s.HoldUntil) && s.HoldUntil.Sub(now) < 2*maxHoldOff: // a later one was told by a clock that was wrong
		t.Outcome, t.Next = HeldOff, s.HoldUntil
	case !r.Force && r.Reason == Refused && s.pausesAt(now):
		t.Outcome, t.Next = HeldOff, s.Attempts[len(s.Attempts)-1].Add(pause)
	case len(full) >= Budget:
		t.Outcome, t.Next = OverBudget, full[len(full)-Budget].Add(window)
	default:
		t.Outcome = "" // until something came of it
		return true, nil
	}
	return false, nil
}

// hasToTell reports whether a notice is due that nobody else is giving.
func (t *turn) hasToTell() bool {
	now := t.now()
	kind, _ := t.state.Due(t.state.Told, now)
	return kind != "" && t.Notify != nil && !t.state.Claim.held(now)
}

// claim takes the right to exchange or to tell. Of those who read the same state
// one gets it; for the others the outcome is UnderWay.
func (t *turn) claim(ctx context.Context, exchange, refused bool) error {
	next, now := t.state, t.now()
	next.Claim = claim{At: now, Nonce: rand.Text()}
	if exchange {
		next.Attempts = append(next.attemptsAt(now), now)
		next.Refused = next.Refused || refused
		next.AccountsURL = t.client.AccountsServer
	}
	err := t.write(ctx, next)
	if errors.Is(err, store.ErrChanged) {
		t.Outcome = UnderWay
		err = t.readOther(ctx)
	}
	return err
}

// readOther reads what somebody else has stored. What is read may be behind for
// a moment.
func (t *turn) readOther(ctx context.Context) error {
	before := t.state.Version
	for range 4 {
		if err := t.read(ctx); err != nil || t.state.Version != before {
			return err
		}
		if !sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
	return errStuck
}

// errStuck is what becomes of a value in Secrets Manager whose label AWSCURRENT
// was moved back by hand: the version that may follow it exists already.
var errStuck = fmt.Errorf("write access token: %w, and yet reads as before: if AWSCURRENT was moved by hand, put the value anew instead", store.ErrChanged)

// exchange gets a token and puts it into the state, or why there is none.
func (t *turn) exchange(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	oauth := &zoho.OAuth{
		ClientID: t.client.ClientID, ClientSecret: t.client.ClientSecret, AccountsURL: t.client.AccountsServer,
		HTTP: t.HTTP, AllowLoopback: t.AllowLoopback, Now: t.Now,
	}
	grant, err := oauth.Refresh(ctx, t.client.RefreshToken)
	if err == nil && !wellFormed(grant.AccessToken) {
		err = errMalformed
	}
	if err != nil {
		t.Outcome = Failed
		t.state.failed(err, t.client.version, t.now())
		return err
	}
	err = t.keepGrant(ctx, grant.RefreshToken)
	t.state.succeeded(grant.Token, t.client.version, t.now())
	t.Outcome, t.Exchanged = Exchanged, true
	return err
}

// wellFormed reports whether a token can be sent in a header.
func wellFormed(token string) bool {
	return token != "" && !slices.ContainsFunc([]byte(token), func(c byte) bool { return c <= ' ' || c > '~' })
}

var errMalformed = fmt.Errorf("access token: %w", zoho.ErrMalformed)

// tell gives the notice that is due, if one is.
func (t *turn) tell(ctx context.Context) error {
	kind, told := t.state.Due(t.state.Told, t.now())
	if kind == "" || t.Notify == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), notifyTime)
	defer cancel()
	if err := t.Notify(ctx, t.state.Notice(kind, t.Setup, t.now())); err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	t.state.Told, t.Told = told, kind
	return nil
}

// conclude stores the state and ends the claim. It insists on that: a token that
// is not stored is lost.
func (t *turn) conclude(ctx context.Context) error {
	next := t.state
	next.Claim = claim{}
	err := insist(ctx, concludeTime, func(ctx context.Context) error { return t.write(ctx, next) })
	if errors.Is(err, store.ErrChanged) {
		return t.overtaken(context.WithoutCancel(ctx), next)
	}
	return err
}

// overtaken is the end of a run that took longer than its lease, or met a value
// that was put by hand: what is stored then stays. It may also be what the run
// itself has stored, by a write whose answer was lost.
func (t *turn) overtaken(ctx context.Context, wanted state) error {
	ctx, cancel := context.WithTimeout(ctx, keepTime)
	defer cancel()
	err := t.readOther(ctx)
	if err == nil && same(t.state, wanted) {
		return nil
	}
	t.Outcome, t.Exchanged = UnderWay, false
	return err
}

// insist repeats a write until it succeeds, somebody else has written or the
// time is over. It goes on although ctx is done.
func insist(ctx context.Context, patience time.Duration, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for wait := time.Second; ; wait *= 2 {
		err := write(ctx)
		if err == nil || errors.Is(err, store.ErrChanged) || !sleep(ctx, wait) {
			return err
		}
	}
}

// write stores a state in the place of the one that was read or written last.
func (t *turn) write(ctx context.Context, next state) error {
	data, err := json.Marshal(next)
	if err != nil {
		return errors.New("write access token: not representable")
	}
	version, err := t.Store.WriteIfUnchanged(ctx, t.TokenName, data, t.state.Version)
	if err != nil {
		return fmt.Errorf("write access token: %w", err)
	}
	t.state, t.state.Version, t.state.Stored = next, version, next.AccessToken != ""
	return nil
}

// What a line about a run tells, by the names of its values.
var (
	runMetrics     = slices.Concat(metrics.Seconds("life_left_s"), metrics.Counts("exchanges", "latched", "succeeded"))
	failureMetrics = metrics.Counts("failures")
)

// log writes the line about a run, and one more about a failed exchange, whose
// metric is by class.
func (t *turn) log(ctx context.Context, why string, err error) {
	log, level, attrs := cmp.Or(t.Log, slog.Default()), t.level(err), t.attrs(why, err)
	if err != nil {
		attrs = append(attrs, slog.Any("err", err))
	}
	log.LogAttrs(ctx, level, "token", append(attrs, metrics.Of(t.Function, runMetrics)...)...)
	if t.Outcome == Failed {
		class := slog.String("class", string(t.state.Failure.Class))
		log.LogAttrs(ctx, level, "exchange failed", append([]slog.Attr{class, slog.Int("failures", 1)}, metrics.Of(t.Function, failureMetrics, "class")...)...)
	}
}

// level tells what passes by itself from what somebody should look at.
func (t *turn) level(err error) slog.Level {
	class := t.state.Failure.Class
	switch {
	case err == nil:
		return slog.LevelInfo
	case t.Outcome == Failed && (class == Transient || class == Throttled):
		return slog.LevelWarn
	}
	return slog.LevelError
}

func (t *turn) attrs(why string, err error) []slog.Attr {
	tried := t.Exchanged || t.Outcome == Failed
	attrs := []slog.Attr{
		slog.String("outcome", cmp.Or(string(t.Outcome), "none")), slog.String("why", why), slog.String("told", string(t.Told)),
		slog.Int("exchanges", metrics.Count(tried)),
		slog.Int("succeeded", metrics.Count(err == nil && (t.Exchanged || t.Outcome == Fresh))),
	}
	if t.state.Stored { // otherwise nobody knows, or there is none yet
		life := max(0, t.state.Expiry.Sub(t.now()))
		attrs = append(attrs, slog.Int("life_left_s", int(life.Seconds())), slog.Int("latched", metrics.Count(t.state.Latched != "")))
	}
	return attrs
}

// now is the time by the clock of the computer, unless another is given: the
// monotonic one stands still while Lambda has the process frozen.
func (k *Keeper) now() time.Time {
	if k.Now != nil {
		return k.Now().UTC().Round(0)
	}
	return time.Now().UTC().Round(0)
}

// sleep reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
