package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/token"
)

const (
	// tokenNotices is where the store keeps what was said of the token.
	tokenNotices = "notices/token"
	// noticeTime bounds giving a notice, but for noting that.
	noticeTime = 15 * time.Second
	// noticeLease is how long nobody else gives a notice while somebody does.
	noticeLease = noticeTime + closeTime + 5*time.Second
)

// noticed is what the store knows of notices.
type noticed struct {
	token.Told            // what the channel knows
	Until      time.Time  `json:"until,omitzero"` // nobody else posts before that
	Lost       token.Kind `json:"lost,omitempty"` // the notice whose post got no reply: it may have arrived
	Nonce      string     `json:"nonce"`          // tells two claims apart that are alike
}

// held reports whether somebody may still be posting. A lease that is longer than
// any was taken by a clock that was wrong.
func (n noticed) held(now time.Time) bool {
	left := n.Until.Sub(now)
	return 0 < left && left <= noticeLease
}

// notice tells the channel what is due about the token: once, and once more for
// each process that dies after posting and before noting that, and for a post of
// which nobody knows whether it arrived. What Slack does not take is tried again
// the next time.
func (b *Bot) notice(ctx context.Context) {
	if b.Health == nil || b.NoticeChannel == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	kind, err := b.giveNotice(ctx)
	switch {
	case err != nil:
		b.log().WarnContext(ctx, "notice not given", "err", err)
	case kind != "":
		b.log().InfoContext(ctx, "notice given", slog.String("kind", string(kind)))
	}
}

// giveNotice gives the notice that is due, if one is and nobody else gives it. The
// health is read after what was told: whoever gets the claim has not read one that
// is older than the last notice.
func (b *Bot) giveNotice(ctx context.Context) (token.Kind, error) {
	var known noticed
	version, err := readClaim(ctx, b.Claims, tokenNotices, &known)
	if err != nil {
		return "", err
	}
	health, err := b.Health(ctx)
	if err != nil {
		return "", err
	}
	now, busy := b.now(), wallClock()
	kind, told := health.Due(known.Told, now)
	if kind == "" || known.held(busy) {
		return "", nil
	}
	claim := known
	claim.Until = busy.Add(noticeLease)
	if version, err = b.noteNotice(ctx, claim, version); err != nil {
		if errors.Is(err, store.ErrChanged) {
			err = nil // another gives it
		}
		return "", err
	}
	n := health.Notice(kind, b.Setup, now)
	_, err = b.post(ctx, b.NoticeChannel, "", b.checked(ctx, slackfmt.Notice(n.Subject, n.Text, n.Steps)))
	b.endNotice(ctx, known.after(kind, told, err), version)
	return kind, err
}

// after is what is known when a notice was posted, or was not.
func (n noticed) after(kind token.Kind, told token.Told, err error) noticed {
	switch lost := errors.Is(err, errNoReceipt); {
	case err == nil, lost && n.Lost == kind:
		return noticed{Told: told}
	case lost:
		return noticed{Told: n.Told, Lost: kind}
	}
	return noticed{Told: n.Told, Lost: n.Lost}
}

func (b *Bot) noteNotice(ctx context.Context, now noticed, version string) (string, error) {
	now.Nonce = rand.Text()
	return writeClaim(ctx, b.Claims, tokenNotices, now, version)
}

// endNotice notes what became of a notice, and ends its claim.
func (b *Bot) endNotice(ctx context.Context, now noticed, version string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if _, err := b.noteNotice(ctx, now, version); err != nil {
		b.log().WarnContext(ctx, "claim not noted", "err", err)
	}
}
