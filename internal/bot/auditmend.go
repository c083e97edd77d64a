package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"crmwho/internal/audit"
	"crmwho/internal/store"
)

// mended is how many audits are looked after, from the latest.
const mended = 5

// mendAudits goes on with audits that are not finished, and shows signatures that
// their posts do not show yet.
func (b *Bot) mendAudits(ctx context.Context) error {
	names, err := b.Claims.List(ctx, auditRuns)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	posted := map[string]auditRun{}
	for _, name := range names[max(0, len(names)-mended):] {
		id := strings.TrimPrefix(name, auditRuns)
		run, failure := b.mendAudit(ctx, id)
		if err = errors.Join(err, failure); run.Record != 0 {
			posted[id] = run
		}
	}
	return errors.Join(err, b.mendSignatures(ctx, posted))
}

// mendAudit goes on with an audit that is not finished.
func (b *Bot) mendAudit(ctx context.Context, id string) (run auditRun, err error) {
	run, _, err = b.readRun(ctx, id)
	if err != nil || run.Done || !within(b.now(), run.Began, mendFor) || run.held(wallClock()) {
		return run, err
	}
	return b.audit(ctx, id, run.AskedBy)
}

// mendSignatures shows the signatures of audits in their posts.
func (b *Bot) mendSignatures(ctx context.Context, posted map[string]auditRun) error {
	first := 0
	for _, run := range posted {
		if first == 0 || run.Record < first {
			first = run.Record
		}
	}
	if first == 0 {
		return nil
	}
	last, err := b.ledger().Last(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	records, err := b.ledger().Read(ctx, first+1, last)
	for _, r := range records {
		if run, ok := posted[r.Run]; ok && r.Signed != nil {
			err = errors.Join(err, b.showSignature(ctx, r.Run, run, r))
		}
	}
	return err
}

// showsSignature is what the store knows of the post of a signed audit. It stands
// apart from the run: somebody may sign while the rest of the thread is posted.
type showsSignature struct {
	Record int `json:"record"` // number of the signature's, which the post shows
}

// showSignature shows in the post of an audit who has signed it, unless it does.
func (b *Bot) showSignature(ctx context.Context, id string, run auditRun, signed audit.Record) error {
	var shown showsSignature
	version, err := readClaim(ctx, b.Claims, auditShown+id, &shown)
	if err != nil || shown.Record == signed.Number {
		return err
	}
	if err := b.update(ctx, run.Audit.Place, b.checked(ctx, run.shown(id, &signed).Message())); err != nil {
		return err
	}
	_, err = writeClaim(ctx, b.Claims, auditShown+id, showsSignature{signed.Number}, version)
	if errors.Is(err, store.ErrChanged) { // another has shown the same
		err = nil
	}
	return err
}
