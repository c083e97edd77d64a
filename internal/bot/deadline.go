package bot

import (
	"context"
	"time"
)

const (
	// budget is the time from the gateway to the first reply. Slack gives three
	// seconds, its network included.
	budget = 2 * time.Second
	// handOverTime is the part of it that is kept for handing a question over.
	handOverTime = 400 * time.Millisecond
	// replyTime is the part of that which is kept for writing the reply.
	replyTime = 50 * time.Millisecond
	// grace is for what has to be done even when the time is over, such as after
	// a long cold start: Slack may still be there.
	grace = 300 * time.Millisecond
)

// oldestSent is how old a gateway's time may be to be believed: an integration
// is given up after half a minute.
const oldestSent = 30 * time.Second

// Deadline is when the first reply to a request has to be out that the gateway
// got at sent. A time that is not credible counts as now: some local gateways
// tell seconds for milliseconds, or the time of their own start. So does one
// that is still to come, since by Slack's clock no more time has passed.
func Deadline(sent, now time.Time) time.Time {
	age := now.Sub(sent)
	if age < 0 || age > oldestSent {
		sent = now
	}
	return sent.Add(budget)
}

// atLeast gives ctx the grace to do something where it has no time left.
func atLeast(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < d {
		return context.WithTimeout(context.WithoutCancel(ctx), d)
	}
	return context.WithCancel(ctx)
}

// sleep reports whether the time passed before ctx ended.
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
