package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
)

// signs reports whether a question is somebody's who has looked at an audit.
func (q question) signs() bool {
	return q.Command == auditCommand && (q.What == slackfmt.WhatAcknowledge || q.What == slackfmt.WhatQuestion)
}

// auditCommand is the one that audits belong to.
const auditCommand = "/crmadmins"

// sign keeps that somebody has looked at an audit, if nobody else has before, and
// shows it in the post. Doing it again gives the same answer.
func (b *Bot) sign(ctx context.Context, q question) answered {
	asked := ""
	if q.What == slackfmt.WhatQuestion {
		if asked = strings.TrimSpace(q.Text); asked == "" {
			return said("no question", slackfmt.NoQuestion())
		}
	}
	run, post, err := b.toSign(ctx, q.Run)
	switch {
	case err != nil:
		return failed(q, err)
	case run.Audit == nil:
		return said("unknown audit", slackfmt.UnknownAudit())
	case post == nil:
		return said("not recorded", slackfmt.NotRecordedYet())
	}
	signed := audit.Signed{
		Outcome: audit.Acknowledged, Question: asked, User: q.User, Team: q.workspace(),
		Post: post.Number, Snapshot: post.Posted.Snapshot,
		Shown: directory.Unescape(run.shown(q.Run, nil).Message().Text),
	}
	if asked != "" {
		signed.Outcome = audit.Questioned
	}
	kept, _, err := b.ledger().Append(ctx, post.Number, audit.Record{At: b.now(), Run: q.Run, Signed: &signed})
	if err != nil {
		return failed(q, err)
	}
	if err := b.showSignature(ctx, q.Run, run, kept); err != nil { // the next directory-sync shows it
		b.log().WarnContext(ctx, "signature not shown yet", "err", err)
	}
	mine := kept.Signed.User == q.User && kept.Signed.Team == q.workspace()
	a := said("signed", slackfmt.Signature(kept, mine, post.Posted.Place.Link))
	if !mine {
		a.outcome = "signed before"
	}
	return a
}

// toSign gives the run of an audit and the record of its post; nil, where there is
// none yet.
func (b *Bot) toSign(ctx context.Context, id string) (run auditRun, post *audit.Record, err error) {
	if !isRun(id) {
		return run, nil, nil
	}
	if run, _, err = b.readRun(ctx, id); err != nil || run.Record == 0 {
		return run, nil, err
	}
	records, err := b.ledger().Read(ctx, run.Record, run.Record)
	if err != nil || len(records) != 1 || records[0].Posted == nil || records[0].Run != id {
		return run, nil, errors.Join(err, errNotKept)
	}
	return run, &records[0], nil
}

// askForSentence opens the modal in which somebody questions an audit, before
// anything else is done: the id that allows it lives for three seconds. Whether
// they may is looked at when they send it.
func (b *Bot) askForSentence(ctx context.Context, q question) {
	ctx, cancel := atLeast(ctx, grace)
	defer cancel()
	q.Text = q.Channel // by which they may, perhaps; Slack does not tell it of a modal
	err := b.callSlack(ctx, "open modal", func(api *slack.Client) error {
		_, err := api.OpenViewContext(ctx, q.ID, slackfmt.QuestionView(q.Ask))
		return err
	})
	if err != nil {
		b.log().WarnContext(ctx, "modal not opened", "err", err)
	}
}

// makeAudit posts an audit that somebody asks for.
func (b *Bot) makeAudit(ctx context.Context, q question) answered {
	if b.AuditChannel == "" {
		return said("no channel", slackfmt.NoAuditChannel())
	}
	if !traceOf(ctx).deadline.IsZero() { // only a job has the time
		return answered{failed: true, err: errJobOnly}
	}
	id := q.Sent.UTC().Format(runTime) + "-" + claimID(q)[:8]
	run, err := b.audit(ctx, id, q.User)
	switch {
	case run.Record != 0:
		a := said("audit", slackfmt.AuditPosted(run.Audit.Place.Link, err == nil))
		a.people, a.err = run.Audit.Total, err
		return a
	case err != nil:
		a := said("no audit", slackfmt.AuditNotMade(auditProblem(err)))
		a.err = err
		return a
	}
	return said("no audit", slackfmt.AuditNotMade(auditProblem(errUnknownPost)))
}

// errJobOnly says that a question is one for a job.
var errJobOnly = errors.New("it takes longer than a first reply may")

// auditsPage is how many audits one message lists.
const auditsPage = 10

// history lists the audits that were posted, or could not be, newest first.
func (b *Bot) history(ctx context.Context, q question) answered {
	l := b.ledger()
	last, err := l.Last(ctx)
	if err != nil {
		return failed(q, err)
	}
	h := slackfmt.Audits{Asked: q.Ask, Records: last}
	signatures := map[string]*audit.Record{}
	skip, lowest := q.Page*auditsPage, last+1
	_, h.Older, err = l.Find(ctx, last+1, func(r audit.Record) bool {
		if lowest = r.Number; lowest == last {
			h.Head = r.Hash
		}
		switch {
		case r.Signed != nil:
			signatures[r.Run] = &r
			return false
		case skip > 0:
			skip--
			return false
		case len(h.Posts) == auditsPage:
			return true
		}
		h.Posts = append(h.Posts, slackfmt.AuditEntry{Record: r})
		return false
	})
	if err == nil && last > 0 {
		h.Damaged, err = l.Damaged(ctx, min(lowest, last), last)
	}
	if err != nil {
		return failed(q, err)
	}
	for i := range h.Posts {
		h.Posts[i].Signed = signatures[h.Posts[i].Record.Run]
	}
	return answered{message: h.Message(), outcome: "history"}
}

// auditStatus tells /crmstatus of the last audit.
func (b *Bot) auditStatus(ctx context.Context, s *slackfmt.Status) error {
	if b.AuditChannel == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	l, err := b.lastAudit(ctx)
	if err != nil {
		return err
	}
	if l.failed != nil {
		s.AuditFailedAt, s.AuditProblem = l.failed.At, l.failed.Failed.Reason
	}
	if s.AuditNone = l.posted == nil; s.AuditNone {
		return nil
	}
	s.AuditAt = l.posted.At
	s.AuditOld = b.AuditMaxAge > 0 && b.now().Sub(s.AuditAt) > b.AuditMaxAge
	if l.signed != nil {
		s.AuditOutcome, s.AuditBy = l.signed.Signed.Outcome, l.signed.Signed.User
	}
	return nil
}
