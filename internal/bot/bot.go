// Package bot answers Slack over HTTP. It knows nothing of Lambda: a request
// comes in as an http.Request with the bytes that Slack signed, and what cannot
// be answered in time is handed over as a job, which comes back through Do.
package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/metrics"
	"crmwho/internal/records"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// Bot is the HTTP handler. It is safe for concurrent use; its fields are not
// changed after the first request.
type Bot struct {
	// People answers searches and knows the admins. Required.
	People *directory.Directory
	// Secrets gives what the bot and Slack share, such as StoredSecrets does;
	// with again it looks whether they were replaced. Required.
	Secrets func(ctx context.Context, again bool) (Secrets, error)
	// HandOver starts Do with a job, at least once, soon, and in a way that
	// outlives the request. It returns when the job is sure to start. Required.
	HandOver func(ctx context.Context, job []byte) error
	// Claims keeps which jobs are being done or were, under "answers/" and
	// "audit-…/", which notices were given, under "notices/", and the records of
	// audits, under "audit/". Required.
	Claims store.Store
	// Access is who may ask what.
	Access Access

	// Records finds records and who owns them; nil: nobody may ask.
	Records    *records.Finder
	RecordPage string // address of a record's page in the CRM, with {org}, {module} and {id} in it; empty: nothing links to one

	Admins      audit.Rules // who counts as an administrator, and what is flagged
	UserPage    string      // address of a user's page in the CRM, with {org} and {id} in it; empty: cards link to none
	PlainPhones bool        // phone numbers on cards are text and no links

	// Health tells how the token is, for /crmstatus and notices; nil: that is
	// unknown.
	Health func(ctx context.Context) (token.Health, error)
	// NoticeChannel is the id of the channel that the job directory-sync tells of
	// the token's troubles, and of their end; empty: none.
	NoticeChannel string
	Setup         string // the command that connects Zoho CRM anew, for notices

	// AuditChannel is the id of the channel that the job admin-audit posts to;
	// empty: no audits.
	AuditChannel string
	// AuditMaxAge is the age at which the last audit is too old, for /crmstatus;
	// zero: none is.
	AuditMaxAge time.Duration

	// Now is what ages and the times of audits are told by: the same clock as that
	// of People, Records and Health. Waits, leases and what Slack signs go by the
	// computer's. nil: time.Now.
	Now func() time.Time

	Token   zoho.TokenSource // that Warm asks ahead of the first call of Zoho; nil: none
	Version string           // of the program, for /crmstatus

	SlackAPI      string       // base of Slack's Web API; empty: https://slack.com/api/
	ReplyHosts    []string     // host names, with ports, that answers may go to besides Slack's own
	AllowLoopback bool         // accept Slack on this machine, for simulators
	HTTP          *http.Client // calls Slack; nil: one with a time-out that follows no redirects

	Function string       // name that metrics go by; empty: none are embedded in the log
	Log      *slog.Logger // takes one line for each question and each request that is none; nil: slog.Default

	members members
	warm    atomic.Bool // something was asked before
}

// ServeHTTP answers a request from Slack: with a bare status when it is not
// one, otherwise with HTTP 200, also about failures. The first reply is out by
// the deadline of the request's context or two seconds from now, whichever is
// earlier. What is in memory is answered even when that has passed.
func (b *Bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), budget)
	defer cancel()
	deadline, _ := ctx.Deadline()
	ctx = withTrace(ctx, &trace{sent: deadline.Add(-budget), deadline: deadline, cold: !b.warm.Swap(true)})
	p, refused := b.accept(ctx, r)
	if refused != nil {
		b.logRefusal(ctx, refused)
		w.WriteHeader(refused.status)
		return
	}
	reply := b.reply(ctx, p)
	if len(reply.body) > 0 {
		w.Header().Set("Content-Type", jsonType)
	}
	w.WriteHeader(cmp.Or(reply.status, http.StatusOK))
	_, _ = w.Write(reply.body) // nobody is left to tell
}

// reply is the first reply to a payload.
type reply struct {
	status int // zero stands for 200
	body   []byte
}

func (b *Bot) reply(ctx context.Context, p payload) reply {
	if (p.kind == shortcut || p.kind == sentence || p.kind == event) && !b.Access.serves(p.question) {
		b.countRefusal(ctx, slog.LevelInfo, "workspace")
		return reply{}
	}
	switch p.kind {
	case command:
		a, later := b.first(ctx, p.question)
		if later {
			a.message = slackfmt.Looking()
		}
		return b.json(ctx, a.message)
	case press:
		return b.press(ctx, p.question)
	case suggestion:
		return reply{body: slackfmt.Options(b.suggest(ctx, p))}
	case shortcut:
		b.openModal(ctx, p.question)
	case sentence:
		b.askForSentence(ctx, p.question)
	case submission:
		a, later := b.first(ctx, p.question)
		if later {
			a.message = slackfmt.Looking()
		}
		view := a.modal(p.question)
		return b.json(ctx, slack.NewUpdateViewSubmissionResponse(&view))
	case event:
		if err := b.handOver(ctx, job{Question: p.question}); err != nil {
			b.log().ErrorContext(ctx, "event not handed over", "err", err)
			return reply{status: http.StatusServiceUnavailable} // Slack sends it again
		}
	case challenge:
		return b.json(ctx, map[string]string{"challenge": p.challenge})
	}
	return reply{}
}

// json is a reply with a value in it.
func (b *Bot) json(ctx context.Context, v any) reply {
	encode := func() ([]byte, error) { return json.Marshal(v) }
	if m, ok := v.(slackfmt.Message); ok {
		encode = m.JSON
	}
	body, err := encode()
	if err != nil {
		b.log().ErrorContext(ctx, "encode answer", "err", err)
		return reply{status: http.StatusInternalServerError}
	}
	return reply{body: body}
}

// first is the answer to a question as a first reply, if it does not come later.
func (b *Bot) first(ctx context.Context, q question) (a answered, later bool) {
	a, later = b.answerOrHandOver(ctx, q, handOverTime)
	if later {
		b.logHandedOver(ctx, q)
	} else {
		b.logAnswer(ctx, q, a, inlineRoute)
	}
	return a, later
}

// answerOrHandOver answers a question so long before the deadline, or hands it
// over. If neither is possible, the answer says so.
func (b *Bot) answerOrHandOver(ctx context.Context, q question, before time.Duration) (a answered, later bool) {
	inline, cancel := context.WithDeadline(ctx, traceOf(ctx).deadline.Add(-before))
	defer cancel()
	a = b.answer(inline, q)
	if !a.failed || inline.Err() == nil && !waits(a.err) && !errors.Is(a.err, errJobOnly) {
		return a, false
	}
	switch err := b.handOver(ctx, job{Question: q}); {
	case err == nil:
		return answered{}, true
	case a.instead != nil:
		b.log().WarnContext(ctx, "the rest of an answer does not follow", "err", err)
		return *a.instead, false
	default:
		return notFollowed(q, a, err), false
	}
}

// waits reports whether Zoho asks to wait for as long as a job can and a first
// reply cannot.
func waits(err error) bool {
	e, ok := errors.AsType[*zoho.Error](err)
	return ok && 0 < e.RetryAfter && e.RetryAfter <= maxZohoWait
}

// maxZohoWait is a little less than the longest that a zoho.Client waits.
const maxZohoWait = 9 * time.Second

// handOver starts a job. It has the rest of the time, or a little where there
// is none: otherwise nobody would get an answer.
func (b *Bot) handOver(ctx context.Context, j job) error {
	q, t := j.Question, traceOf(ctx)
	if q.ReplyURL == "" && q.View == "" && !q.Home {
		return errNoReplyURL
	}
	ctx, cancel := context.WithDeadline(ctx, t.deadline.Add(-replyTime))
	defer cancel()
	ctx, cancel = atLeast(ctx, grace)
	defer cancel()
	j.Job, j.Asked = answerJob, t.sent
	if end, _ := ctx.Deadline(); !q.Home && j.NotBefore.Before(end.Add(replyTime)) {
		j.NotBefore = end.Add(replyTime) // by then the first reply is out
	}
	payload, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := b.HandOver(ctx, payload); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	return nil
}

var errNoReplyURL = errors.New("no response URL, no modal and no Home tab for the answer")

// press answers a button with a message that takes the place of the button's.
// What Slack does not take now it may take later.
func (b *Bot) press(ctx context.Context, q question) reply {
	a, later := b.answerOrHandOver(ctx, q, 2*handOverTime)
	if !later {
		r := &replier{bot: b, url: q.ReplyURL, uses: usesOfOne}
		err := b.deliverBefore(ctx, q, a, r, handOverTime)
		if err != nil && !isFinal(err) && !errors.Is(a.err, errNotFollowed) {
			b.log().WarnContext(ctx, "answer not taken yet", "err", err)
			notBefore := time.Now().Add(min(r.wait, maxWait))
			rest := job{Question: q, Used: usesOfOne - r.uses, Plain: r.plain, Lost: errors.Is(err, errNoReceipt), NotBefore: notBefore}
			failure := b.handOver(ctx, rest)
			later, err = failure == nil, errors.Join(err, failure)
		}
		if err != nil {
			a.outcome, a.err = "not delivered", err
		}
	}
	if later {
		b.logHandedOver(ctx, q)
	} else {
		b.logAnswer(ctx, q, a, inlineRoute)
	}
	return reply{}
}

// deliverBefore sends an answer so long before the deadline, or with a little
// time where there is none.
func (b *Bot) deliverBefore(ctx context.Context, q question, a answered, r *replier, before time.Duration) error {
	ctx, cancel := context.WithDeadline(ctx, traceOf(ctx).deadline.Add(-before))
	defer cancel()
	ctx, cancel = atLeast(ctx, grace)
	defer cancel()
	return b.deliver(ctx, q, a, r, false)
}

// suggest finds who may be meant by what somebody is typing. It does not wait
// for Zoho.
func (b *Bot) suggest(ctx context.Context, p payload) directory.People {
	if a, ok := b.barred(ctx, p.question); !ok {
		b.countBarred(ctx, a)
		return directory.People{}
	}
	q, err := directory.Parse(p.typed)
	v, ok := b.People.RecallView(ctx)
	if err != nil || !ok { // it is not typed to its end
		return directory.People{}
	}
	return v.Search(q)
}

// openModal opens the search before anything else is done: the id that allows
// it lives for three seconds. Whom nobody has to be asked about to refuse them
// reads that at once, others when they choose somebody. Whoever wrote a message
// is looked up afterwards.
func (b *Bot) openModal(ctx context.Context, q question) {
	a := answered{}
	if who := b.Access.audience(q.Command); len(who.Groups) == 0 && !who.NoGuests {
		if refused, ok := b.barred(ctx, q); !ok {
			b.countBarred(ctx, refused)
			a = refused
		}
	}
	open, cancel := atLeast(ctx, grace)
	defer cancel()
	err := b.callSlack(open, "open modal", func(api *slack.Client) error {
		opened, err := api.OpenViewContext(open, q.ID, a.modal(q))
		if err == nil {
			q.View = opened.ID
		}
		return err
	})
	switch {
	case err != nil:
		b.log().WarnContext(ctx, "modal not opened", "err", err)
	case q.Text != "" && a.refused == "":
		b.press(ctx, q)
	}
}

// deliver sends an answer to where it goes after the first reply.
func (b *Bot) deliver(ctx context.Context, q question, a answered, r *replier, mayWait bool) error {
	if q.Home || q.View != "" {
		err := b.show(ctx, q, a)
		if errors.Is(err, errRefused) && len(a.message.Blocks) > 0 {
			b.log().WarnContext(ctx, "blocks refused", "err", err)
			a.message = a.message.TextOnly()
			err = b.show(ctx, q, a)
		}
		return err
	}
	if q.Replaces {
		a.message = a.message.Replacing()
	}
	return r.post(ctx, a.message, mayWait)
}

// show changes the user's Home tab, or an open modal.
func (b *Bot) show(ctx context.Context, q question, a answered) error {
	if q.Home {
		return b.callSlack(ctx, "Home tab", func(api *slack.Client) error {
			_, err := api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: q.User, View: a.home()})
			return err
		})
	}
	return b.callSlack(ctx, "modal", func(api *slack.Client) error {
		_, err := api.UpdateViewContext(ctx, a.modal(q), "", "", q.View)
		return err
	})
}

// modal and home show an answer below a search, but for who may not search.
func (a answered) modal(q question) slack.ModalViewRequest {
	if q.signs() {
		return slackfmt.SignedView(a.message)
	}
	if a.refused != "" {
		return slackfmt.AnswerView(a.message)
	}
	return slackfmt.FindPerson(a.message)
}

func (a answered) home() slack.HomeTabViewRequest {
	if a.refused != "" {
		return slackfmt.HomeWithout(a.message)
	}
	return slackfmt.Home(a.message)
}

// Routes that an answer took, for the log.
const (
	inlineRoute     = "inline"
	deferredRoute   = "deferred"
	handedOverRoute = "handed over" // so far: the answer follows
)

// logAnswer writes the one line about a question. What was typed is not in the
// line, nor is who was found.
func (b *Bot) logAnswer(ctx context.Context, q question, a answered, route string) {
	level, named := slog.LevelInfo, answerMetrics
	attrs := append(way(q, route),
		slog.String("outcome", a.outcome), slog.Int("people", a.people), slog.Int64("age_s", int64(a.age.Seconds())), slog.Int("stale", metrics.Count(a.stale)))
	attrs = append(attrs, traceOf(ctx).attrs()...)
	if a.err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("err", a.err))
	}
	if a.ref != "" {
		attrs = append(attrs, slog.String("ref", a.ref))
	}
	if route == inlineRoute {
		attrs, named = append(attrs, traceOf(ctx).firstReply()...), append(slices.Clone(named), firstReplyMetrics...)
	}
	b.log().LogAttrs(ctx, level, "answer", append(attrs, b.metrics(named, "route")...)...)
	if a.refused != "" {
		b.countRefusal(ctx, slog.LevelInfo, a.refused)
	}
}

func (b *Bot) logHandedOver(ctx context.Context, q question) {
	attrs := append(way(q, handedOverRoute), append(traceOf(ctx).attrs(), traceOf(ctx).firstReply()...)...)
	b.log().LogAttrs(ctx, slog.LevelInfo, "handed over", append(attrs, b.metrics(handedOverMetrics, "route")...)...)
}

// way is how a question came and where it went.
func way(q question, route string) []slog.Attr {
	return []slog.Attr{slog.String("command", known(q.Command)), slog.String("way", q.way()), slog.String("route", route)}
}

// known keeps a command that is not ours out of the log.
func known(command string) string {
	if slackfmt.IsCommand(command) {
		return command
	}
	return "other"
}

func (b *Bot) logRefusal(ctx context.Context, r *refusal) {
	level := slog.LevelWarn
	attrs := []slog.Attr{slog.Int("status", r.status)}
	if r.err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("err", r.err))
	}
	b.countRefusal(ctx, level, r.reason, attrs...)
}

// countBarred is for who is refused where no answer is given.
func (b *Bot) countBarred(ctx context.Context, a answered) {
	if a.err != nil {
		b.countRefusal(ctx, slog.LevelWarn, a.refused, slog.Any("err", a.err))
		return
	}
	b.countRefusal(ctx, slog.LevelInfo, a.refused)
}

// countRefusal writes a line about who gets no answer, with the metric by reason.
func (b *Bot) countRefusal(ctx context.Context, level slog.Level, reason string, attrs ...slog.Attr) {
	unbelieved := slices.Contains([]string{wrongSignature, noSecret, secretUnread}, reason)
	attrs = append(attrs, slog.String("reason", reason), slog.Int("refused", 1), slog.Int("unbelieved", metrics.Count(unbelieved)))
	b.log().LogAttrs(ctx, level, "refused", append(attrs, b.metrics(refusedMetrics, "reason")...)...)
}

func (b *Bot) log() *slog.Logger { return cmp.Or(b.Log, slog.Default()) }

// Warm reads what the first question needs, all at once, for a process that
// starts. What cannot be read within ctx is read again when it is needed.
func (b *Bot) Warm(ctx context.Context) {
	var reads sync.WaitGroup
	reads.Go(func() { _, _ = b.Secrets(ctx, false) })
	reads.Go(func() { b.People.Warm(ctx) })
	if b.Token != nil {
		reads.Go(func() { _, _ = b.Token(ctx) })
	}
	reads.Wait()
}
