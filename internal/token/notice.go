package token

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmwho/internal/zoho"
)

// lowLife is the life left under which people are told that attempts keep
// failing.
const lowLife = 10 * time.Minute

// Kind is what a notice is about; empty: there is none.
type Kind string

// Kinds of notices.
const (
	GrantDead Kind = "dead"      // Zoho does not take the grant
	LowLife   Kind = "low"       // the token is about to end, and there is no other
	Recovered Kind = "recovered" // after one of the others
)

// Told is which notices of the present trouble were given already.
type Told struct {
	Dead string `json:"dead,omitempty"` // Latched, as it was told
	Low  bool   `json:"low,omitempty"`
}

// Due is the notice that is due to those who were told so much, and what they
// know after it. Each is due once in a trouble; a grant that was replaced by
// another dead one is another trouble.
func (h Health) Due(told Told, now time.Time) (Kind, Told) {
	failing := h.Failure.Class != ""
	low := (failing || h.Stored) && h.Expiry.Sub(now) < lowLife // the schedule has had two chances
	switch {
	case failing && h.Latched != "" && h.Latched != told.Dead:
		return GrantDead, Told{h.Latched, told.Low || low}
	case low && !told.Low:
		return LowLife, Told{told.Dead, true}
	case !failing && !low && told != Told{}:
		return Recovered, Told{}
	}
	return "", told
}

// Notice is what people are told.
type Notice struct {
	Kind    Kind
	Subject string   // a short line of ASCII letters
	Text    string   // what that means, in plain sentences
	Steps   []string // what to do, in this order; nil: nothing
}

// Plain is the whole notice as a plain text, its subject left out.
func (n Notice) Plain() string {
	var b strings.Builder
	b.WriteString(n.Text)
	b.WriteString("\n")
	for i, step := range n.Steps {
		fmt.Fprintf(&b, "\n%d. %s", i+1, step)
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// Notice gives the words of a kind. setup is the command that connects Zoho CRM
// anew.
func (h Health) Notice(kind Kind, setup string, now time.Time) Notice {
	switch kind {
	case GrantDead:
		return Notice{kind, "Zoho does not accept the grant any more",
			h.why() + " " + h.lasts(now) + " Nothing is tried again until somebody connects Zoho CRM anew.", h.connect(setup)}
	case LowLife:
		return Notice{kind, "There is no new access token of Zoho CRM",
			h.why() + h.since() + " " + h.lasts(now), h.remedy(setup)}
	case Recovered:
		return Notice{kind, "The access to Zoho CRM is well again",
			"There is an access token that works until " + clock(h.Expiry) + ", and it is kept fresh. There is nothing to do.", nil}
	}
	return Notice{}
}

// clock is a time in words that fit everywhere.
func clock(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January") }

// since says for how long attempts have failed, if there were any.
func (h Health) since() string {
	if h.Failure.Since.IsZero() {
		return ""
	}
	return " No attempt has given a new access token since " + clock(h.Failure.Since) + "."
}

// why says what the last exchange met.
func (h Health) why() string {
	switch f := h.Failure; {
	case f.Code == "invalid_code":
		return "Zoho says invalid_code: the refresh token was revoked, or newer ones of the same client have pushed it out."
	case f.Code == "invalid_client":
		return "Zoho says invalid_client: the client was deleted, or lives in another data centre than " + h.accounts() + "."
	case f.Code == "invalid_client_secret":
		return "Zoho says invalid_client_secret: the client's secret was replaced."
	case f.Code == otherDataCentre:
		return "The grant is of another data centre than " + h.accounts() + "."
	case h.Latched != "" && f.Class != Dead:
		return "Zoho did not take the grant, and could not be asked again."
	case f.Class == Dead:
		return "Zoho takes neither the client nor its grant."
	case f.Class == Throttled:
		return "Zoho says that there were too many exchanges, and is left alone for a while."
	case f.Class == "":
		return "No exchange is tried: token-refresh does not run, or cannot use its secrets. Its log says why."
	case f.Class == Transient:
		return "Zoho's accounts server cannot be reached or fails."
	}
	return "Zoho answers something that is not known here; the log of token-refresh has it."
}

func (h Health) accounts() string {
	return cmp.Or(strings.TrimPrefix(h.AccountsURL, "https://"), "the accounts server that was asked")
}

// lasts says what the people who ask get.
func (h Health) lasts(now time.Time) string {
	const stale = "answers come from the last list of people, and say how old it is."
	switch {
	case !h.Stored:
		return "There is no access token, so that nothing can be answered but from a list of before."
	case h.Refused:
		return "Zoho refuses the token that is there, so that " + stale
	case h.Expiry.After(now):
		return "The token that is there works until " + clock(h.Expiry) + "; after that " + stale
	}
	return "The last token ended at " + clock(h.Expiry) + ": " + stale
}

// connect are the steps to a new grant.
func (h Health) connect(setup string) []string {
	console := "the API console of your data centre"
	if dc, ok := zoho.DataCentreAt(h.AccountsURL); ok {
		console = dc.ConsoleURL
	}
	return []string{
		"Log in to " + console + " as the CRM user behind the bot, and open the self client.",
		"Run `" + cmp.Or(setup, "crmwho setup") + "`. It lists the scopes for a code, and asks for the client's id and secret.",
		"Generate a code for ten minutes with these scopes, and paste it there. It says whether Zoho takes it.",
	}
}

// remedy is what to do while attempts fail.
func (h Health) remedy(setup string) []string {
	if h.Failure.Class == Dead || h.Latched != "" { // the last failure is of who forced it
		return h.connect(setup)
	}
	return []string{
		"Wait, if Zoho has an outage: it is tried again every ten minutes, and a notice follows when that succeeds.",
		"Otherwise run `" + strings.Replace(cmp.Or(setup, "crmwho setup"), " setup", " doctor", 1) + "`: it says what fails, and what to do.",
	}
}

// Scopes are those that a grant for the bot has to have, with the modules whose
// records' owners are told; none: no records are read. Only the first is needed;
// without the others answers say less.
func Scopes(modules []string) []string {
	all := []string{"ZohoCRM.users.READ", "ZohoCRM.settings.roles.READ", "ZohoCRM.settings.profiles.READ", "ZohoCRM.org.READ"}
	if len(modules) == 0 {
		return all
	}
	for _, m := range modules {
		if scope := zoho.ModuleScope(m); !slices.Contains(all, scope) { // one opens all custom modules
			all = append(all, scope)
		}
	}
	return append(all, zoho.SearchScope, zoho.COQLScope)
}
