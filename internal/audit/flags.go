package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// Flag is something odd about an administrator, by the name that it has in
// settings.
type Flag string

// The flags. A deleted account has no other than Deleted.
const (
	Unconfirmed   Flag = "unconfirmed"
	Disabled      Flag = "disabled" // any status but active and deleted; none at all as well
	Deleted       Flag = "deleted"
	OutsideDomain Flag = "outside-domain" // only where Rules.Domains are given; no address is outside
	SharedMailbox Flag = "shared-mailbox"
	Twice         Flag = "twice" // both accounts have it
	New           Flag = "new"   // not without a time of creation; one ahead of our clock is new
	CustomProfile Flag = "custom-profile"
)

// newFor is how long an account is new.
const newFor = 14 * 24 * time.Hour

// kinds has a row for each flag, in the order in which they are shown.
var kinds = []struct {
	flag        Flag
	label, rule string
	is          func(*judge, *Admin) bool
}{
	{Unconfirmed, "invitation pending", "The invitation has not been accepted yet, and whoever accepts it is an administrator.",
		func(_ *judge, a *Admin) bool { return a.User.Unconfirmed }},
	{Disabled, "not active", "Zoho does not call the account active, and it still counts as an administrator's.",
		func(_ *judge, a *Admin) bool { return !a.User.Active() }},
	{Deleted, "deleted", "The account is deleted, and it still counts as an administrator's.",
		func(_ *judge, a *Admin) bool { return isDeleted(a.User) }},
	{OutsideDomain, "outside the allowed domains", "The e-mail address is not in one of the allowed domains, or there is none.",
		func(j *judge, a *Admin) bool {
			_, domain := split(a.User.Email)
			return len(j.domains) > 0 && !j.domains[domain]
		}},
	{SharedMailbox, "shared mailbox", "The e-mail address looks like one that several people read, so it may not tell who does something.",
		func(j *judge, a *Admin) bool {
			box, _ := split(a.User.Email)
			return j.mailboxes[fold(box)]
		}},
	{Twice, "two accounts?", "Another administrator's account has the same name or e-mail address, so one person may have both.",
		func(j *judge, a *Admin) bool { return j.names[name(a.User)] > 1 || j.addresses[address(a.User)] > 1 }},
	{New, "new", "The account was created less than 14 days ago.",
		func(j *judge, a *Admin) bool { return j.now.Sub(a.User.CreatedTime) < newFor }}, // the zero time is long ago
	{CustomProfile, "custom profile", "The administrator rights come with a profile that your organisation made, so they may differ from Zoho's own.",
		func(j *judge, a *Admin) bool { return j.custom[a.User.Profile.ID] && a.byProfile() }},
}

// Flags gives all flags in the order in which they are shown.
func Flags() []Flag {
	flags := make([]Flag, len(kinds))
	for i, k := range kinds {
		flags[i] = k.flag
	}
	return flags
}

// Rule says in one sentence what a flag stands for. It is empty for an unknown flag.
func (f Flag) Rule() string {
	for _, k := range kinds {
		if k.flag == f {
			return k.rule
		}
	}
	return ""
}

// Label says in a few words of a list what a flag stands for. It is empty for
// an unknown flag.
func (f Flag) Label() string {
	for _, k := range kinds {
		if k.flag == f {
			return k.label
		}
	}
	return ""
}

// ParseFlags reads names of flags with commas between, in whatever case. Empty
// ones are none. The error of an unknown name lists those that there are.
func ParseFlags(text string) ([]Flag, error) {
	var flags []Flag
	for word := range strings.SplitSeq(text, ",") {
		f := Flag(strings.ToLower(strings.TrimSpace(word)))
		switch {
		case f == "" || slices.Contains(flags, f):
		case slices.Contains(Flags(), f):
			flags = append(flags, f)
		default:
			return nil, fmt.Errorf("%q is not a flag; there are %s", f, join(Flags()))
		}
	}
	return flags, nil
}

func join(flags []Flag) string {
	var names []string
	for _, f := range flags {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// DefaultMailboxes are the names of mailboxes that people share as a rule.
// Those of one person's office, such as ceo, are not among them.
func DefaultMailboxes() []string {
	return []string{
		"accounting", "accounts", "admin", "administrator", "billing", "contact", "crm", "finance", "hello", "help", "helpdesk",
		"hr", "info", "invoices", "it", "jobs", "mail", "marketing", "no-reply", "noreply", "office", "orders", "postmaster",
		"reception", "sales", "service", "support", "sysadmin", "team", "webmaster", "zoho",
	}
}

// judge knows what people are held against.
type judge struct {
	profiles, roles    named
	adminRoles, custom map[string]bool // by id
	domains, mailboxes map[string]bool
	off                []Flag
	now                time.Time

	names, addresses map[string]int // how many administrators have them
}

func newJudge(org directory.Organisation, rules Rules, now time.Time) *judge {
	mailboxes := rules.Mailboxes
	if mailboxes == nil {
		mailboxes = DefaultMailboxes()
	}
	j := &judge{
		profiles: newNamed(rules.Profiles), roles: newNamed(rules.Roles),
		adminRoles: map[string]bool{}, custom: map[string]bool{},
		domains: setOf(rules.Domains, lower), mailboxes: setOf(mailboxes, fold),
		off: rules.Off, now: now,
	}
	for _, r := range org.Roles {
		j.adminRoles[r.ID] = r.Admin && !rules.NoAdminRoles
	}
	for _, p := range org.Profiles {
		j.custom[p.ID] = p.Custom
	}
	return j
}

// compare counts what accounts have in common that are not deleted.
func (j *judge) compare(admins []Admin) {
	j.names, j.addresses = map[string]int{}, map[string]int{}
	for _, a := range admins {
		if !isDeleted(a.User) {
			j.names[name(a.User)]++
			j.addresses[address(a.User)]++
		}
	}
	delete(j.names, "")
	delete(j.addresses, "")
}

func (j *judge) flags(a *Admin) []Flag {
	var flags []Flag
	for _, k := range kinds {
		skip := slices.Contains(j.off, k.flag) || isDeleted(a.User) && k.flag != Deleted
		if !skip && k.is(j, a) {
			flags = append(flags, k.flag)
		}
	}
	return flags
}

// byProfile reports whether the rights come with the profile, as they do for
// Zoho's AdminUsers.
func (a *Admin) byProfile() bool {
	return slices.Contains(a.Rules, ByZoho) || slices.Contains(a.Rules, ByProfile)
}

func isDeleted(u zoho.User) bool { return strings.EqualFold(u.Status, "deleted") }

func name(u zoho.User) string { return fold(u.FullName) }

// address is one of a person, without what they add to it; empty where there is none.
func address(u zoho.User) string {
	box, domain := split(u.Email)
	if box == "" {
		return ""
	}
	return box + "@" + domain
}

// split gives what stands before the @ of an address, without a tag after a
// plus, and what stands after it. Both are empty without an @.
func split(address string) (box, domain string) {
	address = lower(address)
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", ""
	}
	box, _, _ = strings.Cut(address[:at], "+")
	return box, address[at+1:]
}

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// fold gives a text without case, accents of European scripts and needless blanks.
func fold(s string) string {
	bare := func(r rune) rune {
		if 0x300 <= r && r <= 0x36f {
			return -1
		}
		return unicode.ToLower(r)
	}
	return strings.Join(strings.Fields(strings.Map(bare, norm.NFKD.String(s))), " ")
}
