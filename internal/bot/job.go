package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"crmwho/internal/metrics"
)

// Names of jobs.
const (
	answerJob = "answer"
	syncJob   = "directory-sync"
	auditJob  = "admin-audit"
)

// job is a payload from the bot itself, a schedule or an operator. Doing one
// again does no harm.
type job struct {
	Job string `json:"job"`
	All bool   `json:"all,omitempty"` // of directory-sync: read everybody, whatever is known

	// Scheduled is the time of the schedule that admin-audit is for.
	Scheduled string `json:"scheduled,omitempty"`

	// Of answer:
	Question  question  `json:"question,omitzero"`
	Asked     time.Time `json:"asked,omitzero"`      // when the gateway had it
	NotBefore time.Time `json:"not_before,omitzero"` // when the first reply is out, or Slack takes another post
	Used      int       `json:"used,omitempty"`      // how often the response URL was
	Plain     bool      `json:"plain,omitempty"`     // Slack refuses the blocks
	Lost      bool      `json:"lost,omitempty"`      // a post got no reply: it may have arrived
}

// ErrJob says that a payload is no job of the bot's.
var ErrJob = errors.New("not a job of mine")

// ErrNotRead is wrapped by the error of a directory-sync that Zoho kept from its
// work. The stored list stays, its age is told, and the next sync tries again: it
// is no failure of the function that does the job.
var ErrNotRead = errors.New("the people could not be read")

// Do does a job and gives what it reports. After an error it can be done again:
//
//	{"job":"answer",…}                     answers a question that was handed over
//	{"job":"directory-sync"}               brings the stored list of people up to date, after a look at the token's health
//	{"job":"directory-sync","all":true}    reads all of them anew
//	{"job":"admin-audit","scheduled":"…"}  posts the audit of that time, in RFC 3339
//
// An answer is sent once however often its job is delivered, and once more for
// each process that died after sending it and before noting that.
func (b *Bot) Do(ctx context.Context, payload []byte) ([]byte, error) {
	var j job
	if json.Unmarshal(payload, &j) != nil {
		return nil, ErrJob
	}
	ctx = withTrace(ctx, &trace{sent: time.Now(), cold: !b.warm.Swap(true)})
	switch j.Job {
	case answerJob:
		return []byte("{}"), b.finish(ctx, j)
	case syncJob:
		b.notice(ctx) // before the sync, which a dead token or a time-out ends
		done, err := b.People.Sync(ctx, j.All)
		b.watchAdmins(ctx, err == nil)
		b.logJob(ctx, j.Job, err, b.snapshotAge()...)
		if err != nil {
			return nil, b.notRead(err)
		}
		return json.Marshal(done)
	case auditJob:
		err := b.scheduled(ctx, j.Scheduled)
		b.logJob(ctx, j.Job, err)
		return []byte("{}"), err
	}
	return nil, ErrJob
}

// notRead marks the error of a sync that is known of Zoho. What kept the people
// from being stored, such as a time that ran out, is a failure of ours, and so is
// what is not known.
func (b *Bot) notRead(err error) error {
	if b.People.State().Failure == nil || explain(err) == explain(nil) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotRead, err)
}

// snapshotAge is how old the list of people is, for the log; nothing where there
// is none.
func (b *Bot) snapshotAge() []slog.Attr {
	at := b.People.State().At
	if at.IsZero() {
		return nil
	}
	return []slog.Attr{slog.Float64("snapshot_age_m", b.now().Sub(at).Minutes())}
}

func (b *Bot) logJob(ctx context.Context, name string, err error, more ...slog.Attr) {
	level := slog.LevelInfo
	attrs := append([]slog.Attr{slog.String("job", name), slog.Int("failed", metrics.Count(err != nil))}, more...)
	attrs = append(attrs, traceOf(ctx).attrs()...)
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("err", err))
	}
	b.log().LogAttrs(ctx, level, "job", append(attrs, b.metrics(jobMetrics, "job")...)...)
}

const (
	// answerTime is what a job has to find the answer. Reading an organisation of
	// fifty thousand people takes most of it.
	answerTime = 60 * time.Second
	// deliveryTime is what it has to send it.
	deliveryTime = 15 * time.Second
	// lease is how long nobody else does a job that somebody does.
	lease = answerTime + deliveryTime + 5*time.Second
	// usesOfOne is how often one attempt may use the response URL, so that three
	// of them stay within what Slack allows.
	usesOfOne = 2
	// maxWait is the longest that a job waits for the first reply to be out, or
	// for Slack to take another post, since its claim. Finding the answer may take
	// longer.
	maxWait = 30 * time.Second
)

// finish answers a question that was handed over.
func (b *Bot) finish(ctx context.Context, j job) error {
	q, t := j.Question, traceOf(ctx)
	t.sent = j.Asked
	ctx, cancel := context.WithDeadline(ctx, q.Sent.Add(replyURLLife))
	defer cancel()
	if ctx.Err() != nil {
		b.logAnswer(ctx, q, answered{outcome: "too late", err: errTooLate}, deferredRoute)
		return nil
	}
	c, err := b.claim(ctx, j)
	if err != nil || c == nil {
		return err
	}
	a := b.answerWithin(ctx, q, answerTime)
	sleep(ctx, min(maxWait, time.Until(j.NotBefore)))
	r := &replier{bot: b, url: q.ReplyURL, uses: c.mayUse, plain: c.Plain}
	err = b.deliverWithin(ctx, q, a, r)
	lost := errors.Is(err, errNoReceipt)
	if err != nil && !isFinal(err) && !(lost && c.Lost) {
		c.release(ctx, b, r, lost)
		return fmt.Errorf("answer: %w", err)
	}
	if err != nil { // doing it again would not help, or the answer may show up a third time
		a.outcome, a.err = "not delivered", err
	}
	c.close(ctx, b)
	b.logAnswer(ctx, q, a, deferredRoute)
	return nil
}

var errTooLate = errors.New("too late: answers are taken for half an hour")

func (b *Bot) answerWithin(ctx context.Context, q question, d time.Duration) answered {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return b.answer(ctx, q)
}

func (b *Bot) deliverWithin(ctx context.Context, q question, a answered, r *replier) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTime)
	defer cancel()
	return b.deliver(ctx, q, a, r, true)
}
