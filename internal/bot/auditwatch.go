package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// adminNotices is where the store keeps which admins are known.
const adminNotices = "notices/admins"

// seenAdmins is what the store knows of admins between audits.
type seenAdmins struct {
	Watched time.Time       `json:"watched"` // since when
	Seen    *audit.Snapshot `json:"seen"`    // who is known; nil: nobody has looked yet
	Until   time.Time       `json:"until,omitzero"`
	Lost    []string        `json:"lost,omitempty"` // ids in posts that got no reply: they may have arrived
	Nonce   string          `json:"nonce"`
}

// watchAdmins looks after audits between their times, when the list of people is
// up to date: it tells the channel of new admins, goes on with what is not
// finished, and measures how old the last audit is.
func (b *Bot) watchAdmins(ctx context.Context, synced bool) {
	if b.AuditChannel == "" {
		return
	}
	var known seenAdmins
	version, err := readClaim(ctx, b.Claims, adminNotices, &known)
	if err == nil && synced {
		err = b.tellNewAdmins(ctx, &known, version)
	}
	err = errors.Join(err, b.mendAudits(ctx))
	if err != nil {
		b.log().WarnContext(ctx, "audits not looked after", "err", err)
	}
	b.measureAudit(ctx, known.Watched)
}

// tellNewAdmins tells the channel of admins who were none when it was last looked,
// and whom no audit has shown: once, and once more for a post of which nobody
// knows whether it arrived. Who is one since the settings say so is not told.
func (b *Bot) tellNewAdmins(ctx context.Context, known *seenAdmins, version string) error {
	now, ok := b.currentAdmins(ctx)
	if !ok {
		return nil
	}
	if known.Seen == nil {
		known.Watched, known.Seen = b.now().UTC(), &now
		return b.noteSeen(ctx, *known, version)
	}
	changes := audit.Compare(*known.Seen, now, func(string) (zoho.User, bool) { return zoho.User{}, false })
	if changes.Added()+changes.Removed() == 0 && !changes.RulesChanged && slices.Equal(now.Unread, known.Seen.Unread) {
		return nil
	}
	found, err := b.untold(ctx, *known, now, changes)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		known.Seen = &now
		return b.noteSeen(ctx, *known, version)
	}
	return b.tell(ctx, known, version, now, found)
}

// currentAdmins are the admins of the list of people.
func (b *Bot) currentAdmins(ctx context.Context) (audit.Snapshot, bool) {
	v, ok := b.People.RecallView(ctx)
	if !ok {
		return audit.Snapshot{}, false
	}
	return b.adminsOf(v), true
}

func (b *Bot) adminsOf(v directory.View) audit.Snapshot {
	return audit.Take(audit.Find(v.Everyone(), v.Organisation, b.Admins, b.now()), v.Organisation, b.Admins, v.ReadAt)
}

// untold are the new admins of whom the channel does not know yet.
func (b *Bot) untold(ctx context.Context, known seenAdmins, now audit.Snapshot, changes audit.Comparison) ([]audit.Change, error) {
	posted, err := b.lastPosted(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(changes.Changes), func(c audit.Change) bool {
		a, _ := now.Account(c.ID)
		byRole := slices.Contains(a.Rules, audit.ByAdminRole) && !known.Seen.Rules.NoAdminRoles
		bySettings := changes.RulesChanged && !slices.Contains(a.Rules, audit.ByZoho) && !byRole
		_, shown := posted.Account(c.ID)
		return c.Kind != audit.Added && c.Kind != audit.Recreated || bySettings || shown && posted.ReadAt.After(known.Seen.ReadAt)
	}), nil
}

// lastPosted is the snapshot of the last audit that was posted; empty for none.
func (b *Bot) lastPosted(ctx context.Context) (s audit.Snapshot, err error) {
	last, err := b.ledger().Last(ctx)
	if err != nil {
		return s, fmt.Errorf("%w: %w", errNotKept, err)
	}
	r, ok, err := b.ledger().Find(ctx, last+1, func(r audit.Record) bool { return r.Posted != nil })
	if err != nil || !ok {
		return s, err
	}
	s, err = b.ledger().Snapshot(ctx, r.Posted.Snapshot)
	if errors.Is(err, audit.ErrAltered) || errors.Is(err, store.ErrNotExist) {
		return audit.Snapshot{}, nil // the next audit says so
	}
	return s, err
}

// tell posts who is new, unless another does.
func (b *Bot) tell(ctx context.Context, known *seenAdmins, version string, now audit.Snapshot, found []audit.Change) error {
	at := wallClock()
	if left := known.Until.Sub(at); 0 < left && left <= noticeLease {
		return nil
	}
	claim := *known
	claim.Until = at.Add(noticeLease)
	version, err := b.putSeen(ctx, claim, version)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	if err != nil {
		return err
	}
	posting, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	_, err = b.post(posting, b.AuditChannel, "", b.checked(ctx, slackfmt.NewAdmins(found, now.Account)))
	again := func(c audit.Change) bool { return slices.Contains(known.Lost, c.ID) }
	switch lost := errors.Is(err, errNoReceipt); {
	case err == nil, lost && len(slices.DeleteFunc(slices.Clone(found), again)) == 0:
		known.Seen, known.Lost = &now, nil
		b.log().InfoContext(ctx, "new admins told", slog.Int("admins", len(found)))
	case lost:
		known.Lost = nil
		for _, c := range found {
			known.Lost = append(known.Lost, c.ID)
		}
	}
	return errors.Join(err, b.noteSeen(context.WithoutCancel(ctx), *known, version))
}

func (b *Bot) noteSeen(ctx context.Context, now seenAdmins, version string) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	_, err := b.putSeen(ctx, now, version)
	if errors.Is(err, store.ErrChanged) { // another has looked meanwhile
		return nil
	}
	return err
}

func (b *Bot) putSeen(ctx context.Context, now seenAdmins, version string) (string, error) {
	now.Nonce = rand.Text()
	return writeClaim(ctx, b.Claims, adminNotices, now, version)
}

// measureAudit writes a line with the age of the last audit, or, where there is
// none, for how long there could have been one.
func (b *Bot) measureAudit(ctx context.Context, watched time.Time) {
	l, err := b.lastAudit(ctx)
	if err != nil {
		b.log().WarnContext(ctx, "last audit unknown", "err", err)
		return
	}
	at := watched
	if l.posted != nil {
		at = l.posted.At
	}
	if at.IsZero() {
		at = b.now()
	}
	attrs := []slog.Attr{slog.Float64("audit_age_h", b.now().Sub(at).Hours())}
	b.log().LogAttrs(ctx, slog.LevelInfo, "last audit", append(attrs, b.metrics(auditMetrics)...)...)
}

// lastAudit is what the records say of the latest audits.
type lastAudit struct {
	posted *audit.Record // nil: none was posted
	signed *audit.Record // of posted; nil: nobody has
	failed *audit.Record // later than posted, of another run; nil: none
}

func (b *Bot) lastAudit(ctx context.Context) (l lastAudit, err error) {
	last, err := b.ledger().Last(ctx)
	if err != nil {
		return l, err
	}
	_, _, err = b.ledger().Find(ctx, last+1, func(r audit.Record) bool {
		switch {
		case r.Posted != nil:
			l.posted = &r
		case r.Failed != nil && l.failed == nil:
			l.failed = &r
		}
		return l.posted != nil
	})
	if err != nil || l.posted == nil {
		return l, err
	}
	records, err := b.ledger().Read(ctx, l.posted.Number+1, last)
	for _, r := range records {
		if r.Signed != nil && r.Run == l.posted.Run {
			l.signed = &r
		}
	}
	return l, err
}
