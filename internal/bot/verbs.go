package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

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
	err     error  // nil when there is a proper answer
	ref     string // stands in the message and the log; only with err
}

// verb answers one command.
func (b *Bot) verb(ctx context.Context, c slack.SlashCommand) answered {
	words := strings.TrimSpace(directory.Unescape(c.Text))
	help := strings.EqualFold(words, "help")
	switch {
	case c.Command == "/crmuser" && words != "" && !help:
		found, err := b.People.Search(ctx, words)
		if err != nil {
			return failed(err)
		}
		return answered{message: slackfmt.People(words, found), outcome: "people", people: len(found.Users)}
	case c.Command == "/crmadmins" && words == "":
		found, err := b.People.Admins(ctx)
		if err != nil {
			return failed(err)
		}
		return answered{message: slackfmt.Admins(found), outcome: "people", people: len(found.Users)}
	default:
		return answered{message: slackfmt.Usage(c.Command), outcome: "usage"}
	}
}

func failed(err error) answered {
	sentence, outcome := explain(err)
	ref := rand.Text()[:8]
	return answered{message: slackfmt.Failure(sentence, ref), outcome: outcome, err: err, ref: ref}
}

// explain turns an error into a sentence for the person who asked and a word
// for the log.
func explain(err error) (sentence, outcome string) {
	switch {
	case errors.Is(err, zoho.ErrNoToken):
		return "I am not connected to Zoho CRM yet. Whoever runs me has to fill the OAuth client's secret and run the token refresh once.", "not connected"
	case errors.Is(err, context.DeadlineExceeded):
		return "Zoho CRM did not answer in time. Please ask again in a minute.", "timeout"
	case errors.Is(err, zoho.ErrThrottled):
		return "Zoho CRM is getting too many questions right now. Please ask again in a few minutes.", "throttled"
	case errors.Is(err, zoho.ErrTokenRefused):
		return "Zoho CRM does not accept my access any more. Please tell whoever runs me: the CRM may have to be connected again.", "token refused"
	case errors.Is(err, zoho.ErrScopeMissing):
		return "I may not read that in Zoho CRM. Please tell whoever runs me: " + missingScope(err) + ".", "scope missing"
	case errors.Is(err, zoho.ErrNoAPIAccess):
		return "Zoho CRM does not let me in. Please ask a CRM administrator to allow “Zoho CRM API Access” in the profile of the CRM user behind me.", "no API access"
	case errors.Is(err, zoho.ErrNoPermission):
		return "The CRM user behind me may not read that in Zoho CRM. Please ask a CRM administrator to allow it.", "no permission"
	case errors.Is(err, zoho.ErrUnavailable):
		return "Zoho CRM cannot be reached right now. Please ask again in a few minutes.", "unavailable"
	default:
		return "Something went wrong while I asked Zoho CRM. Please try again; if it keeps happening, tell whoever runs me.", "failed"
	}
}

// missingScope names the scope that the grant lacks.
func missingScope(err error) string {
	if e, ok := errors.AsType[*zoho.Error](err); ok && e.Scope != "" {
		return "the grant lacks the scope " + e.Scope
	}
	return "the grant lacks a scope"
}
