package slackfmt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmwho/internal/audit"
)

// Status is how the bot is. A time that is zero is unknown, but for Now.
type Status struct {
	Now     time.Time
	Version string

	TokenExpiry     time.Time // when the access token ends
	TokenProblem    string    // why there is no token, in a sentence; empty when there is one
	TokenRefused    bool      // Zoho refuses it
	GrantDead       bool      // no other is got before somebody connects Zoho CRM anew
	ExchangeProblem string    // why the last attempt to get another failed, in a sentence; empty when it did not

	People int       // on the list of people
	ReadAt time.Time // when Zoho was last asked for it; zero: there is no list
	FullAt time.Time // when everybody was last read

	ZohoFailedAt time.Time // when Zoho last failed; zero: its last answer was good
	ZohoProblem  string    // what that was, in a sentence
	LastError    string    // the same for engineers; empty: not shown

	AuditAt       time.Time     // when the last audit was posted; zero: nothing is said of it
	AuditOutcome  audit.Outcome // what was said of it; empty: nothing yet
	AuditBy       string        // Slack user id of who said that
	AuditFailedAt time.Time     // when an audit failed; zero: not since the last one
	AuditProblem  string        // why, in a sentence
	AuditOld      bool          // the last one is older than the schedule allows
	AuditNone     bool          // there has been none, though there is a channel for it
}

// What counts as well.
const (
	tokenLow = 10 * time.Minute // the refresh has had its chances
	listOld  = 30 * time.Minute // it is brought up to date every 10 minutes
)

const (
	maxProblem = 300 // ours: a sentence about something wrong
	maxError   = 500 // ours: an error for engineers
)

// NotWell begins the text of a status that is not good.
const NotWell = "Not well: "

// StatusReport says how the bot is: first whether all is well, then the facts.
func StatusReport(s Status) Message {
	verdict, mark := "All is well.", ""
	if wrong := given(s.grantTrouble(), s.tokenTrouble(), s.zohoTrouble(), s.listTrouble(), s.auditTrouble()); len(wrong) > 0 {
		verdict, mark = NotWell+strings.Join(wrong, "; ")+".", "⚠ "
	}
	facts := s.facts()
	lines := []line{{bold(mark + verdict)}}
	for _, f := range facts {
		value := plain(f.value)
		if f.label == lastError {
			value = code(f.value)
		}
		lines = append(lines, line{bold(f.label + ":"), plain(" "), value})
	}
	signer := s.auditSigner()
	text := strings.Join(given(escape(withFacts(verdict, facts)), signer.text()), " ")
	return private(text, richText(append(lines, signer)...))
}

const lastError = "Last error"

func (s Status) facts() []fact {
	return slices.DeleteFunc([]fact{
		{"Token", s.token()},
		{"People", s.people()},
		{"Zoho CRM", s.zoho()},
		{"Last audit", s.audit()},
		{"Version", clean(s.Version, maxListed)},
		{lastError, clean(s.LastError, maxError)},
	}, func(f fact) bool { return f.value == "" })
}

func (s Status) token() string {
	problem := clean(s.ExchangeProblem, maxProblem)
	if problem == "" {
		return s.life()
	}
	return ended(s.life()) + " " + problem
}

// life is how long the token lives, or why it does not.
func (s Status) life() string {
	left := s.TokenExpiry.Sub(s.Now)
	switch problem := clean(s.TokenProblem, maxProblem); {
	case problem != "":
		return problem
	case s.TokenExpiry.IsZero():
		return "unknown"
	case left <= 0:
		return "expired " + ageOf(-left) + " ago"
	case s.TokenRefused:
		return ageOf(left) + " left, but Zoho refuses it"
	default:
		return ageOf(left) + " left"
	}
}

func (s Status) grantTrouble() string {
	if s.GrantDead {
		return "the grant is dead"
	}
	return ""
}

// tokenTrouble is what is wrong with the token in a few words, or empty.
func (s Status) tokenTrouble() string {
	left := s.TokenExpiry.Sub(s.Now)
	switch {
	case clean(s.TokenProblem, maxProblem) != "":
		return "no token at hand"
	case s.TokenExpiry.IsZero():
		return "token unknown"
	case left <= 0:
		return "token expired"
	case s.TokenRefused:
		return "token refused"
	case left < tokenLow:
		return "token about to expire"
	case s.ExchangeProblem != "" && !s.GrantDead:
		return "token not renewed"
	}
	return ""
}

func (s Status) people() string {
	if s.ReadAt.IsZero() {
		return "not read yet"
	}
	read, full := s.since(s.ReadAt), s.since(s.FullAt)
	switch {
	case s.FullAt.IsZero():
		return fmt.Sprintf("%s, read %s", thousands(s.People), read)
	case read == full:
		return fmt.Sprintf("%s, read in full %s", thousands(s.People), full)
	}
	return fmt.Sprintf("%s, read %s, in full %s", thousands(s.People), read, full)
}

func (s Status) listTrouble() string {
	switch {
	case s.ReadAt.IsZero() && !s.ZohoFailedAt.IsZero():
		return "no list of people"
	case s.ReadAt.IsZero():
		return "" // nobody has asked yet
	case s.Now.Sub(s.ReadAt) > listOld:
		return "list of people is " + ageOf(s.Now.Sub(s.ReadAt)) + " old"
	}
	return ""
}

func (s Status) zoho() string {
	problem := clean(s.ZohoProblem, maxProblem)
	switch {
	case !s.ZohoFailedAt.IsZero() && problem != "":
		return fmt.Sprintf("failed %s: %s", s.since(s.ZohoFailedAt), problem)
	case !s.ZohoFailedAt.IsZero():
		return "failed " + s.since(s.ZohoFailedAt)
	case s.ReadAt.IsZero():
		return "not asked yet"
	}
	return "answered " + s.since(s.ReadAt)
}

func (s Status) zohoTrouble() string {
	if s.ZohoFailedAt.IsZero() {
		return ""
	}
	return "calls to Zoho CRM fail"
}

// audit is when the last one was and what was said of it, and how a later one failed.
func (s Status) audit() string {
	last, looked, failed := "", "", ""
	switch {
	case !s.AuditAt.IsZero() && s.signed():
		last, looked = s.since(s.AuditAt), string(s.AuditOutcome)
	case !s.AuditAt.IsZero():
		last, looked = s.since(s.AuditAt), "neither acknowledged nor questioned"
	case s.AuditNone:
		last = "none yet"
	}
	if !s.AuditFailedAt.IsZero() {
		failed = strings.Join(given("one failed "+s.since(s.AuditFailedAt), clean(s.AuditProblem, maxProblem)), ": ")
	}
	return strings.Join(given(last, looked, failed), "; ")
}

func (s Status) signed() bool {
	return s.AuditOutcome == audit.Acknowledged || s.AuditOutcome == audit.Questioned
}

// auditSigner mentions who said that of it; nil for nobody.
func (s Status) auditSigner() line {
	if s.AuditAt.IsZero() || !s.signed() || !IsID(s.AuditBy, "UW") {
		return nil
	}
	return line{plain("The last audit was " + string(s.AuditOutcome) + " by "), userMention(s.AuditBy), plain(".")}
}

func (s Status) auditTrouble() string {
	switch {
	case !s.AuditFailedAt.IsZero():
		return "the last audit failed"
	case s.AuditOld && !s.AuditAt.IsZero():
		return "the last audit is " + ageOf(s.Now.Sub(s.AuditAt)) + " old"
	case s.AuditOld && s.AuditNone:
		return "there has been no audit"
	}
	return ""
}

func (s Status) since(t time.Time) string { return ageOf(s.Now.Sub(t)) + " ago" }

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
