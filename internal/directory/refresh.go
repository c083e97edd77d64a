package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

const (
	// loadTimeout bounds a look at the store while somebody waits for an answer.
	loadTimeout = time.Second
	// patience is how long Zoho has to be silent before others do not wait for it.
	patience = 500 * time.Millisecond
	// clockSkew is how far the clocks of those who share a store may be apart.
	clockSkew = time.Minute
)

// errFuture is a snapshot that would count as fresh, and as newer than others,
// until its time comes.
var errFuture = errors.New("a snapshot from the future")

// Synced tells what Sync did.
type Synced struct {
	How    string    `json:"how"` // FullRead or Changes
	People int       `json:"people"`
	ReadAt time.Time `json:"read_at"`
}

// Sync brings the stored snapshot up to date: with what has changed, or with
// everybody when that was long ago or all is asked for. If Zoho or the store
// fails, the stored one stays as it is. Afterwards it reads the organisation,
// by the same rule; if that fails, the people have been stored all the same.
func (d *Directory) Sync(ctx context.Context, all bool) (Synced, error) {
	var s *Snapshot
	err := d.inTurn(ctx, func() (err error) {
		d.load(ctx)
		s = d.known().snapshot
		if all || s == nil || s.Watermark.IsZero() || !d.justNow(s.FullAt, d.fullAfter()) {
			s, err = d.readAll(ctx)
		} else {
			s, err = d.readChanges(ctx, s)
		}
		if err != nil {
			return err
		}
		return d.save(ctx, s)
	})
	if err != nil {
		return Synced{}, fmt.Errorf("directory sync: %w", err)
	}
	d.syncOrganisation(ctx, all)
	return Synced{How: s.How, People: s.len(), ReadAt: s.At}, nil
}

// refresh makes the snapshot in memory one that is not older than age, for
// somebody who asked at a time: a failure since then is theirs too.
func (d *Directory) refresh(ctx context.Context, asked time.Time, age time.Duration) error {
	h := d.known()
	if h.failedAt.After(asked) && d.justNow(h.failedAt, failurePause) {
		return h.failure
	}
	if h.snapshot == nil || !d.justNow(h.loadedAt, cmp.Or(d.ReloadAfter, DefaultReloadAfter)) {
		d.loadQuickly(ctx)
		h = d.known()
	}
	var err error
	switch {
	case d.isFor(h, age):
	case h.snapshot != nil && !h.snapshot.Watermark.IsZero():
		if _, err = d.readChanges(ctx, h.snapshot); err != nil && ctx.Err() == nil && !d.justNow(h.loadedAt, age) {
			d.loadQuickly(ctx) // others may have got further
		}
	default:
		err = d.readAndSave(ctx)
	}
	return err
}

// justNow reports whether a time is not longer ago than that. One in the future
// was told by a clock that was wrong.
func (d *Directory) justNow(t time.Time, ago time.Duration) bool {
	since := d.now().Sub(t)
	return 0 <= since && since <= ago
}

// loadQuickly looks at the store while somebody waits.
func (d *Directory) loadQuickly(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	d.load(ctx)
}

// readAndSave is for who waits, so that it does not matter if the store fails.
func (d *Directory) readAndSave(ctx context.Context) error {
	s, err := d.readAll(ctx)
	if err != nil {
		return err
	}
	if err := d.save(ctx, s); err != nil {
		d.log().WarnContext(ctx, "directory not saved", "err", err)
	}
	return nil
}

// errEmptied is a read that would make everybody disappear. There must be one
// user at least, whose token asks.
var errEmptied = fmt.Errorf("%w: no users, where there were some before", zoho.ErrMalformed)

// readAll takes a snapshot of everybody. If that fails, the one before stays.
func (d *Directory) readAll(ctx context.Context) (*Snapshot, error) {
	at := d.now()
	var admins []zoho.User
	users, err := d.Read(ctx, zoho.AllUsers)
	if err == nil { // afterwards, so that who becomes one meanwhile is among the next changes
		admins, err = d.Read(ctx, zoho.AdminUsers)
	}
	before := d.known().snapshot
	if err == nil && len(users) == 0 && before != nil && before.len() > 0 {
		err = errEmptied
	}
	if err != nil {
		return nil, d.failed(at, err)
	}
	d.sayOddIDs(ctx, users)
	known := map[string]bool{}
	for _, u := range users {
		known[u.ID] = true
	}
	for _, u := range admins { // some may have come while the others were read
		if !known[u.ID] {
			users = append(users, u)
		}
	}
	s := NewSnapshot(at, users, ids(admins))
	if before != nil {
		s.Organisation = before.Organisation
	}
	return d.took(ctx, s), nil
}

// readChanges takes a snapshot of an earlier one and what has changed since.
// As a rule nothing has, and then it costs one call. Who is an administrator
// is asked for when somebody has changed: a change of profile is one of the user.
func (d *Directory) readChanges(ctx context.Context, s *Snapshot) (*Snapshot, error) {
	at := d.now()
	changed := map[string]zoho.User{}
	for u, err := range d.Changed(ctx, zoho.AllUsers, s.Watermark.Add(-overlap)) {
		if err != nil {
			return nil, d.failed(at, err)
		}
		changed[u.ID] = u
	}
	s.removeEqual(changed)
	if len(changed) == 0 {
		return d.took(ctx, s.unchangedAt(at)), nil
	}
	admins, err := d.Read(ctx, zoho.AdminUsers)
	if err != nil {
		return nil, d.failed(at, err)
	}
	return d.took(ctx, s.with(at, changed, ids(admins))), nil
}

// removeEqual leaves those who differ from the snapshot.
func (s *Snapshot) removeEqual(users map[string]zoho.User) {
	for i := range s.len() {
		id := s.columns[colID].at(i)
		if u, ok := users[id]; ok && kept(u) == s.user(i) {
			delete(users, id)
		}
	}
}

func ids(users []zoho.User) map[string]bool {
	all := make(map[string]bool, len(users))
	for _, u := range users {
		all[u.ID] = true
	}
	return all
}

// sayOddIDs: such people can be found like others, but not linked to.
func (d *Directory) sayOddIDs(ctx context.Context, users []zoho.User) {
	odd := 0
	for _, u := range users {
		if strings.Trim(u.ID, "0123456789") != "" {
			odd++
		}
	}
	if odd > 0 {
		d.log().WarnContext(ctx, "users with an id that is not digits", "users", odd)
	}
}

// failed remembers that Zoho did not answer, unless nobody waited for it any
// more, or not for long enough to tell.
func (d *Directory) failed(asked time.Time, err error) error {
	hurried := errors.Is(err, context.DeadlineExceeded) && d.now().Sub(asked) < patience
	if !errors.Is(err, context.Canceled) && !hurried {
		d.hold(func(h *held) { h.failedAt, h.failure = d.now(), err })
	}
	return err
}

// took keeps a snapshot that is as Zoho said now.
func (d *Directory) took(ctx context.Context, s *Snapshot) *Snapshot {
	d.hold(func(h *held) { h.snapshot, h.failedAt, h.failure = s, time.Time{}, nil })
	d.log().LogAttrs(ctx, slog.LevelInfo, "directory read", slog.String("how", s.How), slog.Int("people", s.len()), slog.Int64("ms", d.now().Sub(s.At).Milliseconds()))
	return s
}

// load looks at the stored snapshot and keeps it if it is newer. What cannot
// be read is as good as none: the log says why, and the next good read
// replaces it.
func (d *Directory) load(ctx context.Context) {
	d.hold(func(h *held) { h.loadedAt = d.now() })
	value, err := d.Store.Read(ctx, snapshotName)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		d.log().WarnContext(ctx, "stored directory not readable", "err", err)
		return
	}
	d.hold(func(h *held) { h.version = value.Version })
	if err != nil {
		return
	}
	if err := d.adopt(value.Data); err != nil {
		d.log().WarnContext(ctx, "stored directory ignored", "err", err)
	}
}

// adopt keeps what is newer in a stored snapshot than in the one in memory: the
// people, the organisation, or both. The organisation is read less often, so
// that a busy process, whose people are always newer, has it from the store.
func (d *Directory) adopt(data []byte) error {
	stored, packed, err := decodeHeader(data)
	if err == nil && stored.At.After(d.now().Add(clockSkew)) {
		err = errFuture
	}
	if err != nil {
		return err
	}
	before := d.known().snapshot
	if before != nil {
		stored = stored.orNewer(header{before.Taken, before.Organisation})
	}
	var s *Snapshot
	if before != nil && stored.Hash == before.Hash {
		s = before.as(stored)
	} else if s, err = decodePeople(stored, packed); err != nil {
		return err
	}
	d.hold(func(h *held) { h.snapshot = s })
	return nil
}

// save stores a snapshot, unless a newer one is there. One of nobody is not
// worth keeping, and another process may know better.
func (d *Directory) save(ctx context.Context, s *Snapshot) error {
	if s.len() == 0 {
		return nil
	}
	for range 3 {
		data, err := s.Encode()
		if err != nil {
			return err
		}
		version, err := d.Store.WriteIfUnchanged(ctx, snapshotName, data, d.known().version)
		if err == nil {
			d.hold(func(h *held) { h.version = version })
			return nil
		}
		if !errors.Is(err, store.ErrChanged) {
			return fmt.Errorf("save directory: %w", err)
		}
		taken := s.Taken
		d.load(ctx)
		if s = d.known().snapshot; s.Taken != taken {
			return nil // somebody else's is newer
		}
	}
	return fmt.Errorf("save directory: %w", store.ErrChanged)
}

func (d *Directory) log() *slog.Logger { return cmp.Or(d.Log, slog.Default()) }
