package bot

import (
	"context"
	"errors"
	"time"

	"crmwho/internal/slackfmt"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// statusTime bounds each of the things that /crmstatus asks for.
const statusTime = 400 * time.Millisecond

// status says how the bot is, from what is known or stored. It does not call Zoho.
func (b *Bot) status(ctx context.Context, q question) answered {
	isAdmin := b.isAdmin(ctx, q)
	s := slackfmt.Status{Now: b.now(), Version: b.Version}
	store, cancel := context.WithTimeout(ctx, statusTime)
	b.People.Warm(store)
	cancel()
	known := b.People.State()
	s.People, s.ReadAt, s.FullAt = known.Count, known.At, known.FullAt
	last := known.Failure
	if last != nil {
		s.ZohoFailedAt, s.ZohoProblem = known.FailedAt, explain(last).What
	}
	if err := b.tokenStatus(ctx, &s); err != nil {
		last = err
	}
	if err := b.auditStatus(ctx, &s); err != nil {
		last = err
	}
	if last != nil && isAdmin {
		s.LastError = last.Error()
	}
	return answered{message: slackfmt.StatusReport(s), outcome: "status", people: s.People}
}

// isAdmin reports whether the asker sees errors as engineers do.
func (b *Bot) isAdmin(ctx context.Context, q question) bool {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	ok, err := b.may(ctx, q, b.Access.Admins)
	if err != nil && !errors.Is(err, errGuest) {
		b.log().WarnContext(ctx, "admins not checked", "err", err)
	}
	return ok && err == nil
}

func (b *Bot) tokenStatus(ctx context.Context, s *slackfmt.Status) error {
	if b.Health == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	health, err := b.Health(ctx)
	if err != nil {
		s.TokenProblem = slackfmt.TokenUnread
		return err
	}
	s.TokenExpiry, s.TokenRefused = health.Expiry, health.Refused
	s.GrantDead, s.ExchangeProblem = health.Latched != "", exchangeProblem(health)
	if !health.Stored {
		s.TokenProblem = explain(zoho.ErrNoToken).What
		return zoho.ErrNoToken
	}
	return nil
}

// exchangeProblem is why there is no newer token, in words, or empty.
func exchangeProblem(h token.Health) string {
	switch class := h.Failure.Class; {
	case h.Latched != "", class == token.Dead:
		return slackfmt.GrantRefused
	case class == token.Transient:
		return slackfmt.AccountsUnavailable
	case class == token.Throttled:
		return slackfmt.AccountsThrottled
	case class != "":
		return slackfmt.AccountsUnknown
	}
	return ""
}
