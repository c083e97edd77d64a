// Package directory finds people by what somebody types. Zoho has no search by
// name, so everybody is read and kept: in memory, and in a store that other
// processes share.
package directory

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// What ages are fine unless a Directory says otherwise.
const (
	DefaultFreshFor    = time.Minute
	DefaultReloadAfter = 10 * time.Minute
	DefaultFullAfter   = 12 * time.Hour
)

const (
	// snapshotName is where the snapshot is in the store.
	snapshotName = "directory/snapshot"
	// overlap is how far before the latest change seen the next question about
	// changes begins: one that was being saved meanwhile may show up late.
	overlap = 5 * time.Minute
	// failurePause is how long Zoho is not asked again after it failed, where
	// there is an older snapshot to answer from.
	failurePause = 15 * time.Second
)

// Directory answers from a snapshot in memory, which it brings up to date from
// the store and from Zoho when it is asked for. It is safe for concurrent use;
// its fields are not changed after the first call.
type Directory struct {
	// Read gives all users of a type or an error, such as (*zoho.Client).ReadUsers. Required.
	Read func(context.Context, zoho.UserType) ([]zoho.User, error)
	// Changed gives the users of a type that were changed after a time, such as
	// (*zoho.Client).UsersModifiedSince. Required.
	Changed func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error]
	// Store keeps the snapshot for other processes. Required.
	Store store.Store

	// Roles, Profiles and Org tell what the CRM says about itself, such as the
	// methods of *zoho.Client. Each may be nil, and its grant may be missing:
	// then that part of Snapshot.Organisation is unknown. Sync alone calls them.
	Roles    func(context.Context) ([]zoho.Role, error)
	Profiles func(context.Context) ([]zoho.Profile, error)
	Org      func(context.Context) (zoho.Org, error)

	FreshFor    time.Duration // answers come from a snapshot not older than this, if Zoho answers in time; zero: DefaultFreshFor
	ReloadAfter time.Duration // how often the stored snapshot is looked at: it alone forgets who left; zero: DefaultReloadAfter
	FullAfter   time.Duration // Sync reads everybody, and the organisation, when that was so long ago; zero: DefaultFullAfter

	Now func() time.Time // what ages are told by; nil: time.Now
	Log *slog.Logger     // takes a line for each refresh; nil: slog.Default

	mu   sync.Mutex
	held held
	turn chan struct{} // held by whoever refreshes
}

// held is what the directory knows.
type held struct {
	snapshot *Snapshot // nil until there is one
	version  string    // of what is in the store, as far as known
	loadedAt time.Time // when the store was asked, with or without success
	failedAt time.Time // when Zoho did not answer; zero since it did
	failure  error
}

// Search finds the people whom a query fits, as Look does: see Snapshot.Search.
func (d *Directory) Search(ctx context.Context, q Query) (People, error) {
	v, err := d.Look(ctx)
	if err != nil {
		return People{}, err
	}
	return v.from(v.Search(q)), nil
}

// Admins gives those whom Zoho calls administrators, whatever their status, as
// Search does.
func (d *Directory) Admins(ctx context.Context) (People, error) {
	v, err := d.Look(ctx)
	if err != nil {
		return People{}, err
	}
	return v.from(v.Admins()), nil
}

// Recall finds people as RecallView does: without a snapshot it finds nobody.
func (d *Directory) Recall(ctx context.Context, q Query) People {
	v, ok := d.RecallView(ctx)
	if !ok {
		return People{}
	}
	return v.from(v.Search(q))
}

// Warm takes the stored snapshot into memory if the one that is there is not
// fresh, and the store was not looked at just now. It never calls Zoho.
func (d *Directory) Warm(ctx context.Context) {
	cold := func() bool {
		h := d.known()
		return !d.isFresh(h) && !d.justNow(h.loadedAt, d.freshFor())
	}
	if !cold() {
		return
	}
	_ = d.inTurn(ctx, func() error { // who waited for a turn in vain has found nothing
		if cold() {
			d.loadQuickly(ctx)
		}
		return nil
	})
}

// State is what a directory knows at a moment.
type State struct {
	Taken              // of the snapshot in memory; its zero value when there is none
	FailedAt time.Time // when Zoho failed; zero since it answered somebody
	Failure  error     // how
}

// State tells what is known, without asking anybody.
func (d *Directory) State() State {
	h := d.known()
	s := State{FailedAt: h.failedAt, Failure: h.failure}
	if h.snapshot != nil {
		s.Taken = h.snapshot.Taken
	}
	if s.At.After(s.FailedAt) {
		s.FailedAt, s.Failure = time.Time{}, nil
	}
	return s
}

// now is what ages are measured by. The monotonic clock, which time.Now gives
// along, stands still while Lambda has a process frozen.
func (d *Directory) now() time.Time {
	if d.Now != nil {
		return d.Now().Round(0)
	}
	return time.Now().Round(0)
}

func (d *Directory) known() held {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held
}

func (d *Directory) hold(change func(*held)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.held)
}

func (d *Directory) freshFor() time.Duration  { return cmp.Or(d.FreshFor, DefaultFreshFor) }
func (d *Directory) fullAfter() time.Duration { return cmp.Or(d.FullAfter, DefaultFullAfter) }

func (d *Directory) isFresh(h held) bool { return d.isFor(h, d.freshFor()) }

// isFor reports whether there is a snapshot that is not older than that.
func (d *Directory) isFor(h held, age time.Duration) bool {
	return h.snapshot != nil && d.justNow(h.snapshot.At.Add(-clockSkew), age+clockSkew)
}

// inTurn runs one refresh at a time. Who waits finds what the one before got.
func (d *Directory) inTurn(ctx context.Context, refresh func() error) error {
	d.mu.Lock()
	if d.turn == nil {
		d.turn = make(chan struct{}, 1)
	}
	d.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
		return refresh()
	case <-ctx.Done():
		return ctx.Err()
	}
}
