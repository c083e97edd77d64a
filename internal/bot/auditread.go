package bot

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"crmwho/internal/audit"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// readAdmins reads all admins anew, or none: who is left out of a list has not
// lost anything. find gives anybody who is in the CRM.
func (b *Bot) readAdmins(ctx context.Context) (s audit.Snapshot, find func(string) (zoho.User, bool), err error) {
	asked := b.now()
	if _, err := b.People.Sync(ctx, true); err != nil {
		return s, nil, err
	}
	v, ok := b.People.RecallView(ctx)
	reads := b.People.Roles != nil || b.People.Profiles != nil
	if !ok || v.FullAt.Before(asked) || reads && v.Organisation.At.Before(asked) {
		return s, nil, errIncomplete
	}
	return b.adminsOf(v), v.Person, nil
}

// checked is how many records an audit looks at, for whether they are whole.
const checked = 100

// compared is what an audit shows of a snapshot beside the last that was posted
// and the last that was acknowledged. broken is the number of one of the last
// records that is not there any more as it was, or whose snapshot is not: then
// nothing is compared with that.
func compared(ctx context.Context, l audit.Ledger, s audit.Snapshot, find func(string) (zoho.User, bool)) (shown audit.Shown, broken int, err error) {
	shown = audit.ShownOf(s)
	if shown.Known, err = l.Last(ctx); err != nil {
		return shown, 0, err
	}
	if broken, err = l.Damaged(ctx, shown.Known-checked+1, shown.Known); err != nil {
		return shown, 0, err
	}
	posted, signed, err := baselines(ctx, l, shown.Known)
	if err != nil {
		return shown, 0, err
	}
	for _, base := range []struct {
		audit.Signed
		to **audit.Since
	}{{posted, &shown.SincePosted}, {signed, &shown.SinceSigned}} {
		if base.Post == 0 {
			continue
		}
		before, err := l.Snapshot(ctx, base.Snapshot)
		switch {
		case errors.Is(err, audit.ErrAltered), errors.Is(err, store.ErrNotExist):
			broken = base.Post
		case err != nil:
			return shown, 0, err
		default:
			*base.to = &audit.Since{Post: base.Post, Snapshot: base.Snapshot, By: base.User, Comparison: audit.Compare(before, s, find)}
		}
	}
	return shown, broken, nil
}

// baselines are the last post of so many records, and the last one that somebody
// has acknowledged, with who has; zero for none. Each post tells what was the
// latter when it was made, so that nobody has to go further back.
func baselines(ctx context.Context, l audit.Ledger, last int) (posted, signed audit.Signed, err error) {
	p, ok, err := l.Find(ctx, last+1, func(r audit.Record) bool { return r.Posted != nil })
	if err != nil || !ok {
		return posted, signed, err
	}
	posted.Post, posted.Snapshot = p.Number, p.Posted.Snapshot
	if before := p.Posted.SinceSigned; before != nil {
		signed.Post, signed.User, signed.Snapshot = before.Post, before.By, before.Snapshot
	}
	records, err := l.Read(ctx, p.Posted.Known+1, last)
	for _, r := range records {
		if r.Signed != nil && r.Signed.Outcome == audit.Acknowledged && r.Signed.Post > signed.Post {
			signed = *r.Signed
		}
	}
	return posted, signed, err
}

// Preview is an audit that is not posted.
type Preview struct {
	Post, Changes, Table slackfmt.Message // Changes is empty where there are none
	FileName             string
	File                 []byte // CSV
}

// PreviewAudit makes an audit as the schedule does. Nothing is posted, and nothing
// is kept but the list of people. It needs neither a channel nor Slack.
func (b *Bot) PreviewAudit(ctx context.Context) (Preview, error) {
	s, find, err := b.readAdmins(ctx)
	if err != nil {
		return Preview{}, err
	}
	a := auditRun{Audit: &audit.Posted{}}
	if a.Audit.Shown, a.Broken, err = compared(ctx, b.ledger(), s, find); err != nil {
		return Preview{}, fmt.Errorf("%w: %w", errNotKept, err)
	}
	if _, a.Audit.Snapshot, err = s.Encode(); err != nil {
		return Preview{}, err
	}
	shown := a.shown("", nil)
	var list bytes.Buffer
	err = audit.WriteCSV(&list, s, a.Audit.Snapshot, a.Audit.Shown)
	return Preview{
		Post: shown.Message(), Changes: shown.Changes(audit.Record{}), Table: shown.Table(s, audit.Record{}),
		FileName: shown.FileName(), File: list.Bytes(),
	}, err
}
