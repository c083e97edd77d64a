package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// answered is a message and what the log may say of it.
type answered struct {
	message slackfmt.Message
	outcome string
	people  int
	age     time.Duration // of what the answer comes from
	stale   bool          // it is older than it should be
	failed  bool          // it is no answer, but says why there is none: with more time there might be
	refused string        // why the asker may not have it; empty otherwise
	err     error         // why there is no answer, or none that is fresh; nil otherwise
	ref     string        // stands in the message and the log when there is no answer
}

// answer answers one question of somebody who may ask it.
func (b *Bot) answer(ctx context.Context, q question) answered {
	words := strings.TrimSpace(directory.Unescape(q.Text))
	if strings.EqualFold(words, "help") || !slackfmt.IsCommand(q.Command) {
		if !b.Access.serves(q) {
			return b.foreign()
		}
		return usage(q.Command)
	}
	if a, ok := b.barred(ctx, q); !ok {
		return a
	}
	switch {
	case q.Command == "/crmuser" && words != "":
		return b.search(ctx, q, words, slackfmt.People)
	case q.Command == "/crmusers":
		return b.search(ctx, q, words, slackfmt.Users)
	case q.Command == "/crmadmins" && words == "":
		found, err := b.admins(ctx)
		return show(ctx, q, found, err, slackfmt.Admins)
	case q.Command == "/crmstatus" && words == "":
		return b.status(ctx, q)
	default:
		return usage(q.Command)
	}
}

func usage(command string) answered {
	return answered{message: slackfmt.Usage(command), outcome: "usage"}
}

// search finds the people whom the words fit, and shows them.
func (b *Bot) search(ctx context.Context, q question, words string, how func(string, directory.People) slackfmt.Message) answered {
	parsed, err := parsedQuery(q)
	if e, ok := errors.AsType[*directory.SyntaxError](err); ok {
		return answered{message: slackfmt.NotUnderstood(q.Command, e), outcome: "not understood"}
	}
	if slices.ContainsFunc(parsed.Terms, func(t directory.Term) bool { return t.Kind == directory.Mention }) {
		return answered{message: slackfmt.Mentioned(), outcome: "mention"}
	}
	found, err := b.find(ctx, parsed)
	return show(ctx, q, found, err, func(found directory.People) slackfmt.Message { return how(words, found) })
}

// parsedQuery is what was typed; what was chosen in the search modal is a user id.
func parsedQuery(q question) (directory.Query, error) {
	if q.View != "" {
		return directory.Query{Terms: []directory.Term{{Kind: directory.ID, Text: q.Text}}}, nil
	}
	return directory.Parse(q.Text)
}

func (b *Bot) find(ctx context.Context, q directory.Query) (directory.People, error) {
	defer timed(&traceOf(ctx).directory)()
	return b.People.Search(ctx, q)
}

func (b *Bot) admins(ctx context.Context) (directory.People, error) {
	defer timed(&traceOf(ctx).directory)()
	return b.People.Admins(ctx)
}

// show shows those who were found, and says so when they are as they were some
// time ago.
func show(ctx context.Context, q question, found directory.People, err error, how func(directory.People) slackfmt.Message) answered {
	if err != nil {
		return failed(q, err)
	}
	defer timed(&traceOf(ctx).format)()
	a := answered{message: how(found), outcome: "people", people: found.Total, age: found.Age}
	if found.Stale != nil {
		e := explain(found.Stale)
		a.message, a.outcome, a.err, a.stale = a.message.Older(found.Age, e.what), "older: "+e.outcome, found.Stale, true
	}
	return a
}

// failed says why there is no answer. What may pass can be tried again with a
// button.
func failed(q question, err error) answered {
	e := explain(err)
	ref := rand.Text()[:8]
	m := slackfmt.Failure(e.what+" "+e.advice, ref)
	if e.passing {
		m = m.TryAgain(strings.TrimSpace(q.Command + " " + q.Text))
	}
	return answered{message: m, outcome: e.outcome, failed: true, err: err, ref: ref}
}

// notFollowed is the answer where there was no time for another and handing the
// question over failed too.
func notFollowed(q question, a answered, err error) answered {
	return failed(q, errors.Join(errNotFollowed, err, a.err))
}

// errNotFollowed says that a question could not be handed over.
var errNotFollowed = errors.New("not in time, and not handed over")

// explanation is an error in sentences for the person who asked, and in a word
// for the log.
type explanation struct {
	what, advice, outcome string
	passing               bool // asking again soon may help
}

func explain(err error) explanation {
	switch {
	case errors.Is(err, errNotFollowed):
		return explanation{"Zoho CRM did not answer in time.", "If no answer follows within a minute, please ask again.", "not handed over", true}
	case errors.Is(err, zoho.ErrNoToken):
		return explanation{"I am not connected to Zoho CRM yet.", "Whoever runs me has to fill the OAuth client's secret and run the token refresh once.", "not connected", false}
	case errors.Is(err, context.DeadlineExceeded):
		return explanation{"Zoho CRM did not answer in time.", "Please ask again in a minute.", "timeout", true}
	case errors.Is(err, zoho.ErrThrottled):
		return explanation{"Zoho CRM is getting too many questions right now.", "Please ask again in a few minutes.", "throttled", true}
	case errors.Is(err, zoho.ErrTokenRefused):
		return explanation{"Zoho CRM does not accept my access any more.", "I have asked for new access, so please try again in a minute. If it keeps happening, tell whoever runs me: the CRM may have to be connected again.", "token refused", true}
	case errors.Is(err, zoho.ErrScopeMissing):
		return explanation{"I may not read that in Zoho CRM: " + missingScope(err) + ".", "Please tell whoever runs me.", "scope missing", false}
	case errors.Is(err, zoho.ErrNoAPIAccess):
		return explanation{"Zoho CRM does not let me in.", "Please ask a CRM administrator to allow “Zoho CRM API Access” in the profile of the CRM user behind me.", "no API access", false}
	case errors.Is(err, zoho.ErrNoPermission):
		return explanation{"The CRM user behind me may not read that in Zoho CRM.", "Please ask a CRM administrator to allow it.", "no permission", false}
	case errors.Is(err, zoho.ErrUnavailable):
		return explanation{"Zoho CRM cannot be reached right now.", "Please ask again in a few minutes.", "unavailable", true}
	case errors.Is(err, zoho.ErrMalformed):
		return explanation{"Zoho CRM's answer was not complete.", "Please try again; if it keeps happening, tell whoever runs me.", "malformed", true}
	default:
		return explanation{"Something went wrong while I asked Zoho CRM.", "Please try again; if it keeps happening, tell whoever runs me.", "failed", true}
	}
}

// missingScope names the scope that the grant lacks.
func missingScope(err error) string {
	if e, ok := errors.AsType[*zoho.Error](err); ok && e.Scope != "" {
		return "the grant lacks the scope " + e.Scope
	}
	return "the grant lacks a scope"
}
