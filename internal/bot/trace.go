package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"crmwho/internal/metrics"
)

// trace is what it took to answer one question. Only the calls of Zoho may
// come from several goroutines at once.
type trace struct {
	sent     time.Time // when the gateway had the question, as far as it can be believed
	deadline time.Time // of the first reply
	cold     bool      // it is the first that the process was asked for

	verify, access, slack, directory, format time.Duration

	mu            sync.Mutex
	calls, failed int           // of Zoho
	credits       int           // that Zoho takes for them
	zoho          time.Duration // from the first call's start to the last one's end
	firstCall     time.Time
}

type traceKey struct{}

func withTrace(ctx context.Context, t *trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// traceOf gives the trace of what ctx is for; nobody reads the one that it
// gives where there is none.
func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{}
}

// timed adds the time until the function that it gives is called.
func timed(to *time.Duration) func() {
	started := time.Now()
	return func() { *to += time.Since(started) }
}

// CountCall counts a call of Zoho for the question or job that ctx is for. It
// is for zoho.Client.Done.
func CountCall(ctx context.Context, _ string, credits int, took time.Duration, err error) {
	t := traceOf(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.calls == 0 {
		t.firstCall = now.Add(-took)
	}
	t.calls++
	t.credits += credits
	if err != nil && !errors.Is(err, context.Canceled) { // nobody waits for it any more
		t.failed++
	}
	t.zoho = now.Sub(t.firstCall)
}

// firstReply are the times of a first reply that is ready now.
func (t *trace) firstReply() []slog.Attr {
	return []slog.Attr{
		slog.Int64("first_reply_ms", time.Since(t.sent).Milliseconds()),
		slog.Int64("left_ms", time.Until(t.deadline).Milliseconds()),
	}
}

// attrs are the durations and counts for the log.
func (t *trace) attrs() []slog.Attr {
	t.mu.Lock()
	defer t.mu.Unlock()
	ms := func(name string, d time.Duration) slog.Attr { return slog.Int64(name, d.Milliseconds()) }
	return []slog.Attr{
		ms("verify_ms", t.verify), ms("access_ms", t.access), ms("slack_ms", t.slack), ms("directory_ms", t.directory), ms("zoho_ms", t.zoho),
		ms("format_ms", t.format), ms("total_ms", time.Since(t.sent)),
		slog.Int("zoho_calls", t.calls), slog.Int("zoho_errors", t.failed), slog.Int("zoho_credits", t.credits), slog.Int("cold", metrics.Count(t.cold)),
	}
}
