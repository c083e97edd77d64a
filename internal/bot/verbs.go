package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

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
	err     error         // why there is no answer, or none that is fresh; nil otherwise
	ref     string        // stands in the message and the log when there is no answer
}

// verb answers one command.
func (b *Bot) verb(ctx context.Context, c slack.SlashCommand) answered {
	words := strings.TrimSpace(directory.Unescape(c.Text))
	help := strings.EqualFold(words, "help")
	switch {
	case c.Command == "/crmuser" && words != "" && !help:
		return b.search(ctx, c, words, slackfmt.People)
	case c.Command == "/crmusers" && !help:
		return b.search(ctx, c, words, slackfmt.Users)
	case c.Command == "/crmadmins" && words == "":
		found, err := b.People.Admins(ctx)
		return answer(found, err, slackfmt.Admins)
	default:
		return answered{message: slackfmt.Usage(c.Command), outcome: "usage"}
	}
}

// search finds the people whom the words fit, and shows them.
func (b *Bot) search(ctx context.Context, c slack.SlashCommand, words string, show func(string, directory.People) slackfmt.Message) answered {
	q, err := directory.Parse(c.Text)
	if e, ok := errors.AsType[*directory.SyntaxError](err); ok {
		return answered{message: slackfmt.NotUnderstood(c.Command, e), outcome: "not understood"}
	}
	if slices.ContainsFunc(q.Terms, func(t directory.Term) bool { return t.Kind == directory.Mention }) {
		return answered{message: slackfmt.Mentioned(), outcome: "mention"}
	}
	found, err := b.People.Search(ctx, q)
	return answer(found, err, func(found directory.People) slackfmt.Message { return show(words, found) })
}

// answer shows those who were found, and says so when they are as they were
// some time ago.
func answer(found directory.People, err error, show func(directory.People) slackfmt.Message) answered {
	if err != nil {
		return failed(err)
	}
	a := answered{message: show(found), outcome: "people", people: found.Total, age: found.Age}
	if found.Stale != nil {
		e := explain(found.Stale)
		a.message, a.outcome, a.err = a.message.Older(found.Age, e.what), "older: "+e.outcome, found.Stale
	}
	return a
}

func failed(err error) answered {
	e := explain(err)
	ref := rand.Text()[:8]
	return answered{message: slackfmt.Failure(e.what+" "+e.advice, ref), outcome: e.outcome, err: err, ref: ref}
}

// explanation is an error in sentences for the person who asked, and in a word
// for the log.
type explanation struct{ what, advice, outcome string }

func explain(err error) explanation {
	switch {
	case errors.Is(err, zoho.ErrNoToken):
		return explanation{"I am not connected to Zoho CRM yet.", "Whoever runs me has to fill the OAuth client's secret and run the token refresh once.", "not connected"}
	case errors.Is(err, context.DeadlineExceeded):
		return explanation{"Zoho CRM did not answer in time.", "Please ask again in a minute.", "timeout"}
	case errors.Is(err, zoho.ErrThrottled):
		return explanation{"Zoho CRM is getting too many questions right now.", "Please ask again in a few minutes.", "throttled"}
	case errors.Is(err, zoho.ErrTokenRefused):
		return explanation{"Zoho CRM does not accept my access any more.", "Please tell whoever runs me: the CRM may have to be connected again.", "token refused"}
	case errors.Is(err, zoho.ErrScopeMissing):
		return explanation{"I may not read that in Zoho CRM: " + missingScope(err) + ".", "Please tell whoever runs me.", "scope missing"}
	case errors.Is(err, zoho.ErrNoAPIAccess):
		return explanation{"Zoho CRM does not let me in.", "Please ask a CRM administrator to allow “Zoho CRM API Access” in the profile of the CRM user behind me.", "no API access"}
	case errors.Is(err, zoho.ErrNoPermission):
		return explanation{"The CRM user behind me may not read that in Zoho CRM.", "Please ask a CRM administrator to allow it.", "no permission"}
	case errors.Is(err, zoho.ErrUnavailable):
		return explanation{"Zoho CRM cannot be reached right now.", "Please ask again in a few minutes.", "unavailable"}
	case errors.Is(err, zoho.ErrMalformed):
		return explanation{"Zoho CRM's answer was not complete.", "Please try again; if it keeps happening, tell whoever runs me.", "malformed"}
	default:
		return explanation{"Something went wrong while I asked Zoho CRM.", "Please try again; if it keeps happening, tell whoever runs me.", "failed"}
	}
}

// missingScope names the scope that the grant lacks.
func missingScope(err error) string {
	if e, ok := errors.AsType[*zoho.Error](err); ok && e.Scope != "" {
		return "the grant lacks the scope " + e.Scope
	}
	return "the grant lacks a scope"
}
