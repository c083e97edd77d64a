package bot

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
)

const (
	// auditRuns is where the store keeps how far audits have got. Their records are
	// the ledger's.
	auditRuns = "audit-runs/"
	// auditShown is where it keeps whose signature posts show.
	auditShown = "audit-shown/"
	// auditTime bounds one attempt at an audit. Reading an organisation of fifty
	// thousand people takes most of it.
	auditTime = 90 * time.Second
	// auditLease is how long nobody else makes an audit that somebody makes.
	auditLease = auditTime + noticeTime + closeTime + 5*time.Second
	// mendFor is how long an audit that is not finished is tried again.
	mendFor = 24 * time.Hour
	// mostPosts is how often something is posted of which nobody knows whether it
	// has arrived.
	mostPosts = 2
)

// auditRun is what the store knows of an audit under way.
type auditRun struct {
	Began   time.Time `json:"began"`
	Since   int       `json:"since"`              // how many records there were
	AskedBy string    `json:"asked_by,omitempty"` // Slack user id; empty: the schedule
	Until   time.Time `json:"until,omitzero"`     // nobody else goes on with it before that
	Nonce   string    `json:"nonce"`              // tells two claims apart that are alike

	Audit  *audit.Posted `json:"audit,omitempty"`  // what is posted, once it was tried; with its place, once Slack has told that
	Broken int           `json:"broken,omitempty"` // number of a record that was found damaged; 0: none was
	Post   step          `json:"post,omitzero"`
	Record int           `json:"record,omitempty"` // number of the post's record

	Changes step `json:"changes,omitzero"` // what stands in the thread
	Table   step `json:"table,omitzero"`
	File    step `json:"file,omitzero"`
	Failure step `json:"failure,omitzero"` // the post that says there is no audit

	Done bool `json:"done,omitempty"` // nothing is left to do, or can be done
}

// step is a call of Slack that is made once.
type step struct {
	Tries int  `json:"tries,omitempty"` // how often what it posts may have arrived; more than once of one that is done: there may be two
	Done  bool `json:"done,omitempty"`
}

// held reports whether somebody may still be busy with an audit. A lease that is
// longer than any was taken by a clock that was wrong.
func (r auditRun) held(now time.Time) bool {
	left := r.Until.Sub(now)
	return 0 < left && left <= auditLease
}

// auditor makes one audit.
type auditor struct {
	bot *Bot
	id  string
	auditRun
	version  string
	snapshot *audit.Snapshot // of Audit; nil until it was read
}

func (b *Bot) ledger() audit.Ledger { return audit.Ledger{Store: b.Claims} }

// scheduledAudit names the audit of a time of the schedule.
func scheduledAudit(scheduled string) (id string, err error) {
	at, err := time.Parse(time.RFC3339, scheduled)
	if err != nil {
		return "", errors.New("admin-audit: scheduled is no time such as 2026-11-30T08:00:00Z")
	}
	return at.UTC().Format(runTime), nil
}

const runTime = "20060102T150405Z"

// isRun is what an audit's name looks like.
var isRun = regexp.MustCompile(`^\d{8}T\d{6}Z(-[0-9a-f]{8})?$`).MatchString

// Errors of audits, by what they are about.
var (
	errNoAuditChannel = errors.New("no channel is set for audits")
	errIncomplete     = errors.New("not everything could be read")
	errNotPosted      = errors.New("the post was not taken")
	errNotKept        = errors.New("what is kept of audits could not be read or written")
	errUnknownPost    = errors.New("it is not known whether the post arrived")
)

// audit makes an audit or goes on with it. What was posted is not posted again,
// unless a process died or Slack fell silent between posting and noting that:
// then it is, once, and says so. After an error it can be called again.
func (b *Bot) audit(ctx context.Context, id, askedBy string) (auditRun, error) {
	if b.AuditChannel == "" {
		return auditRun{}, errNoAuditChannel
	}
	a, err := b.claimAudit(ctx, id, askedBy)
	if err != nil || a.Done {
		return a.auditRun, err
	}
	ctx, cancel := context.WithTimeout(ctx, auditTime)
	defer cancel()
	err = a.goOn(ctx)
	if err != nil && (a.Post.Tries == 0 || a.Done) { // otherwise it stands there, or may
		a.tellFailure(ctx, err)
	}
	a.Until = time.Time{}
	a.Done = a.Done || err == nil
	if failure := a.note(ctx); failure != nil {
		b.log().WarnContext(ctx, "claim not noted", "err", failure)
	}
	return a.auditRun, err
}

// readRun gives what the store knows of an audit. One that was posted and does not
// tell what is spoilt.
func (b *Bot) readRun(ctx context.Context, id string) (run auditRun, version string, err error) {
	version, err = readClaim(ctx, b.Claims, auditRuns+id, &run)
	if run.Audit == nil {
		run.Post, run.Record = step{}, 0
	}
	return run, version, err
}

// claimAudit takes the right to make an audit, after waiting for whoever has it.
func (b *Bot) claimAudit(ctx context.Context, id, askedBy string) (*auditor, error) {
	a := &auditor{bot: b, id: id}
	for {
		var err error
		a.auditRun, a.version, err = b.readRun(ctx, id)
		now := wallClock()
		switch {
		case err != nil:
			return a, fmt.Errorf("%w: %w", errNotKept, err)
		case a.Done:
			return a, nil
		case a.held(now):
			if !sleep(ctx, min(a.Until.Sub(now), claimPoll)) {
				return a, errClaimed
			}
			continue
		case a.version == store.Absent:
			if a.Since, err = b.ledger().Last(ctx); err != nil {
				return a, fmt.Errorf("%w: %w", errNotKept, err)
			}
		}
		if a.Began.IsZero() { // also where it is spoilt
			a.Began, a.AskedBy = b.now().UTC(), askedBy
		}
		a.Until = now.Add(auditLease)
		if err = a.note(ctx); !errors.Is(err, store.ErrChanged) {
			return a, err
		}
	}
}

// note keeps how far an audit has got, also when its time is over.
func (a *auditor) note(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	a.Nonce = rand.Text()
	version, err := writeClaim(ctx, a.bot.Claims, auditRuns+a.id, a.auditRun, a.version)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	a.version = version
	return nil
}

// goOn does what is left to do, until something fails.
func (a *auditor) goOn(ctx context.Context) error {
	for _, do := range []func(context.Context) error{a.post, a.record, a.thread, a.file} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// once makes a call that posts something: not again after it was done, and not
// more than twice when nobody knows whether it was. gaveUp tells the latter.
func (a *auditor) once(ctx context.Context, s *step, call func() error) (gaveUp bool, err error) {
	if s.Done {
		return false, nil
	}
	if s.Tries >= mostPosts {
		s.Done = true
		return true, a.note(ctx)
	}
	s.Tries++
	if err := a.note(ctx); err != nil {
		s.Tries--
		return false, err
	}
	err = call()
	if err != nil && !errors.Is(err, errNoReceipt) {
		s.Tries--
	}
	s.Done = err == nil
	return false, errors.Join(err, a.note(ctx))
}

// post reads the admins and posts the audit. What may stand in Slack already is
// not read anew: both copies are to show the same.
func (a *auditor) post(ctx context.Context) error {
	if a.Post.Tries == 0 {
		if err := a.prepare(ctx); err != nil {
			return err
		}
	}
	gaveUp, err := a.once(ctx, &a.Post, func() error {
		place, err := a.bot.post(ctx, a.bot.AuditChannel, "", a.bot.checked(ctx, a.shown(a.id, nil).Message()))
		if err != nil {
			return fmt.Errorf("%w: %w", errNotPosted, err)
		}
		place.Link = a.bot.permalink(ctx, place)
		a.Audit.Place = place
		return nil
	})
	if gaveUp || err == nil && a.Audit.Place.TS == "" {
		a.Done = true
		return errUnknownPost
	}
	return err
}

// shown is the audit as its channel sees it.
func (r auditRun) shown(id string, signed *audit.Record) slackfmt.Audit {
	return slackfmt.Audit{Run: id, Posted: *r.Audit, Signed: signed, Repeated: r.Post.Tries > 1, Broken: r.Broken}
}

// prepare reads the admins and compares them with earlier audits.
func (a *auditor) prepare(ctx context.Context) error {
	s, find, err := a.bot.readAdmins(ctx)
	if err != nil {
		return err
	}
	posted := audit.Posted{AskedBy: a.AskedBy}
	posted.Shown, a.Broken, err = compared(ctx, a.bot.ledger(), s, find)
	if err == nil {
		posted.Snapshot, err = a.bot.ledger().Keep(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	a.Audit, a.snapshot = &posted, &s
	return nil
}

// record keeps for ever what was posted.
func (a *auditor) record(ctx context.Context) error {
	if a.Record != 0 {
		return nil
	}
	r, _, err := a.bot.ledger().Append(ctx, a.Since, audit.Record{At: a.bot.now(), Run: a.id, Posted: a.Audit})
	if err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	a.Record = r.Number
	return a.note(ctx)
}

// kept gives the record of the post, and the snapshot that it shows.
func (a *auditor) kept(ctx context.Context) (r audit.Record, s audit.Snapshot, err error) {
	records, err := a.bot.ledger().Read(ctx, a.Record, a.Record)
	if err == nil && len(records) != 1 {
		err = audit.ErrAltered
	}
	if err == nil && a.snapshot == nil {
		s, err = a.bot.ledger().Snapshot(ctx, a.Audit.Snapshot)
		a.snapshot = &s
	}
	if err != nil {
		return r, s, fmt.Errorf("%w: %w", errNotKept, err)
	}
	return records[0], *a.snapshot, nil
}

// thread posts the changes and the table below the audit.
func (a *auditor) thread(ctx context.Context) error {
	if a.Changes.Done && a.Table.Done {
		return nil
	}
	r, s, err := a.kept(ctx)
	if err != nil {
		return err
	}
	shown := a.shown(a.id, nil)
	for _, part := range []struct {
		step    *step
		message slackfmt.Message
	}{{&a.Changes, shown.Changes(r)}, {&a.Table, shown.Table(s, r)}} {
		if part.message.Text == "" {
			part.step.Done = true
			continue
		}
		_, err := a.once(ctx, part.step, func() error {
			_, err := a.bot.post(ctx, a.Audit.Place.Channel, a.Audit.Place.TS, a.bot.checked(ctx, part.message))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// file attaches the whole list to the audit.
func (a *auditor) file(ctx context.Context) error {
	if a.File.Done {
		return nil
	}
	_, s, err := a.kept(ctx)
	if err != nil {
		return err
	}
	var list bytes.Buffer
	if err := audit.WriteCSV(&list, s, a.Audit.Snapshot, a.Audit.Shown); err != nil {
		return err
	}
	shown := a.shown(a.id, nil)
	_, err = a.once(ctx, &a.File, func() error {
		return a.bot.upload(ctx, slack.UploadFileParameters{
			Channel: a.Audit.Place.Channel, ThreadTimestamp: a.Audit.Place.TS, InitialComment: shown.FileComment(),
			Filename: shown.FileName(), Title: shown.FileName(),
		}, list.Bytes())
	})
	return err
}

// tellFailure says in the channel, once, that there is no audit, and keeps that.
func (a *auditor) tellFailure(ctx context.Context, failure error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTime)
	defer cancel()
	kept := audit.Failed{Reason: auditProblem(failure)}
	_, err := a.once(ctx, &a.Failure, func() error {
		place, err := a.bot.post(ctx, a.bot.AuditChannel, "", slackfmt.AuditFailed(kept.Reason, !a.Done))
		if err == nil {
			kept.Place = &place
		}
		return err
	})
	if errors.Is(err, store.ErrChanged) { // another goes on with it, and tells
		a.bot.log().WarnContext(ctx, "audit lost to another", "err", err)
		return
	}
	if _, _, failure := a.bot.ledger().Append(ctx, a.Since, audit.Record{At: a.bot.now(), Run: a.id, Failed: &kept}); failure != nil {
		err = errors.Join(err, failure)
	}
	if err != nil {
		a.bot.log().WarnContext(ctx, "failure of an audit not told", "err", err)
	}
}

// auditProblem says why there is no audit, in a sentence for people.
func auditProblem(err error) string {
	switch {
	case errors.Is(err, errIncomplete):
		return "Not everything could be read that says who is an admin."
	case errors.Is(err, errUnknownPost):
		return "Slack did not say whether the post arrived."
	case errors.Is(err, errNotPosted):
		return "Slack did not take the post. I have to be a member of the channel."
	case errors.Is(err, errNotKept):
		return "What I keep of audits could not be read or written."
	}
	return explain(err).What
}

// scheduled makes the audit of a time of the schedule.
func (b *Bot) scheduled(ctx context.Context, at string) error {
	id, err := scheduledAudit(at)
	if err != nil {
		return err
	}
	_, err = b.audit(ctx, id, "")
	return err
}
