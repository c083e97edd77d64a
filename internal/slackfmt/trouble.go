package slackfmt

import (
	"cmp"
	"fmt"
	"strings"
)

// Trouble is why there is no answer, or none that is fresh: what is wrong, and
// what the asker can do about it, in sentences.
type Trouble struct{ What, Advice string }

// Troubles with Zoho CRM.
var (
	NotFollowed  = Trouble{"Zoho CRM did not answer in time.", "If no answer follows within a minute, please ask again."}
	NotConnected = Trouble{"I am not connected to Zoho CRM yet.", "Whoever runs me has to fill the OAuth client's secret and run the token refresh once."}
	NotInTime    = Trouble{"Zoho CRM did not answer in time.", "Please ask again in a minute."}
	Throttled    = Trouble{"Zoho CRM is getting too many questions right now.", "Please ask again in a few minutes."}
	TokenRefused = Trouble{"Zoho CRM does not accept my access any more.", "I have asked for new access, so please try again in a minute. If it keeps happening, tell whoever runs me: the CRM may have to be connected again."}
	NoAPIAccess  = Trouble{"Zoho CRM does not let me in.", "Please ask a CRM administrator to allow “Zoho CRM API Access” in the profile of the CRM user behind me."}
	NoPermission = Trouble{"The CRM user behind me may not read that in Zoho CRM.", "Please ask a CRM administrator to allow it."}
	NoModule     = Trouble{"Zoho CRM has no such module, or none that I can read.", "Please tell whoever runs me: my settings name it."}
	Unavailable  = Trouble{"Zoho CRM cannot be reached right now.", "Please ask again in a few minutes."}
	Malformed    = Trouble{"Zoho CRM's answer was not complete.", "Please try again; if it keeps happening, tell whoever runs me."}
	Unknown      = Trouble{"Something went wrong while I asked Zoho CRM.", "Please try again; if it keeps happening, tell whoever runs me."}
)

// TokenUnread says of the access token that it is not known.
const TokenUnread = "It could not be read just now."

// Why there is no newer access token, as the status says it.
const (
	GrantRefused        = "Zoho does not accept the grant: somebody has to connect Zoho CRM anew."
	AccountsUnavailable = "Getting a new one fails: Zoho cannot be reached."
	AccountsThrottled   = "Getting a new one fails: Zoho says that it was tried too often."
	AccountsUnknown     = "Getting a new one fails: Zoho answers something that I do not know."
)

// ScopeMissing says which scope the grant lacks, or of which several separated
// by ", " it lacks one; empty stands for one that Zoho does not name. setup is
// the command that adds it; empty: unknown.
func ScopeMissing(scope, setup string) Trouble {
	return lacking(strings.Split(scope, ", "), "one of the scopes ", setup)
}

// ScopesMissing is ScopeMissing of scopes that the grant lacks all of.
func ScopesMissing(scopes []string, setup string) Trouble {
	return lacking(scopes, "the scopes ", setup)
}

func lacking(scopes []string, several, setup string) Trouble {
	return Trouble{"I may not read that in Zoho CRM: the grant lacks " + scopesIn(scopes, several) + ".", addScope(setup)}
}

// addScope says how a scope is added.
func addScope(setup string) string {
	if setup = clean(setup, maxValue); setup != "" {
		return "Whoever runs me can add it: with a new code for all scopes, by “" + setup + "”."
	}
	return "Please tell whoever runs me."
}

func scopesIn(scopes []string, several string) string {
	var names []string
	for _, name := range scopes {
		names = append(names, clean(name, maxWords))
	}
	const most = 6
	switch names = given(names...); {
	case len(names) == 0:
		return "a scope"
	case len(names) == 1:
		return "the scope " + names[0]
	}
	return several + enumeratedWords(names[:min(len(names), most)], "and")
}

// Failure says what went wrong and what to do. ref is what to quote when
// asking for help; it stands in the log as well.
func (t Trouble) Failure(ref string) Message {
	sentence := t.What + " " + t.Advice
	quote := "If you report this, quote reference " + ref + "."
	return private(escape(sentence+" "+quote), richText(line{plain(sentence)}), note(quote))
}

// Outdated says that a button is of a message that an earlier version sent.
func Outdated() Message {
	return advice("I do not know this button any more.", "Please ask again: /crmuser help shows how.")
}

// advice is a message that says something, and below what to do.
func advice(what, todo string) Message {
	return private(escape(what+" "+todo), richText(line{plain(what)}), note(escape(todo)))
}

// MentionUnread says that a mention cannot be looked up, because Slack does not
// tell the e-mail address behind it.
func MentionUnread() Message {
	return advice("I cannot tell who a mention in Slack is in Zoho CRM.", "Type the name or the e-mail address instead.")
}

// MentionUnknown says that nobody in the CRM has the e-mail address of the
// member of Slack with an id.
func MentionUnknown(id string) Message {
	if !IsID(id, "UW") {
		return MentionUnread()
	}
	const hint = "Type the name instead: the address may be another one there."
	m := spoken(line{plain("Nobody in Zoho CRM has the e-mail address of "), userMention(id), plain(".")})
	return private(m.Text+" "+hint, m.Blocks[0], note(hint))
}

// TooLong says that a command takes no more than so many characters.
func TooLong(command string, limit int) Message {
	return advice("That is too much at once for me.", fmt.Sprintf("%s takes up to %s characters.", cmp.Or(clean(command, maxWords), "It"), thousands(limit)))
}

// NotARecord says of a link that it leads to no record.
func NotARecord(what string) Message {
	return advice("I did not understand the link “"+clean(what, maxWords)+"”.", "Of links I understand those to a record or a user in Zoho CRM.")
}
