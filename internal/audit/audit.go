// Package audit says who administers the CRM, by which rule, and what is odd
// about them. It calls nobody and changes nothing it is given. What Zoho does
// not say is never held against somebody; that somebody has not logged in for
// long is not told, and not guessed.
package audit

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// Rules says who counts as an administrator besides those whom Zoho calls one,
// and what is flagged. Its zero value adds nobody and has every flag on. Names
// are compared without case, accents and blanks around them, ids as they stand;
// empty entries are none.
type Rules struct {
	Profiles  []string `json:"profiles,omitempty"` // names or ids of further profiles whose holders are administrators
	Roles     []string `json:"roles,omitempty"`    // names or ids of further roles
	Domains   []string `json:"domains,omitempty"`  // what may stand after the @ of an administrator's address, to the letter but for case: a subdomain is another domain; none: anything may
	Mailboxes []string `json:"mailboxes,omitzero"` // what stands before the @ of mailboxes that people share; nil: DefaultMailboxes
	Off       []Flag   `json:"off,omitempty"`      // flags that are switched off

	// NoAdminRoles says that a role which Zoho marks as an administrator's makes
	// nobody one. Zoho does not document that mark.
	NoAdminRoles bool `json:"no_admin_roles,omitempty"`
}

// Rule is one by which somebody counts as an administrator.
type Rule string

// The rules, in the order in which they stand in an Admin. What a profile is
// called tells nothing, since it can be renamed: Zoho is asked.
const (
	ByZoho      Rule = "zoho"       // they are among Zoho's AdminUsers
	ByProfile   Rule = "profile"    // their profile is one of Rules.Profiles
	ByRole      Rule = "role"       // their role is one of Rules.Roles
	ByAdminRole Rule = "admin-role" // Zoho marks their role as an administrator's
)

// Words says a rule in words, without a full stop. They are empty for an unknown rule.
func (r Rule) Words() string {
	switch r {
	case ByZoho:
		return "Zoho lists them as an administrator"
	case ByProfile:
		return "their profile is set up to count as an administrator's"
	case ByRole:
		return "their role is set up to count as an administrator's"
	case ByAdminRole:
		return "Zoho marks their role as an administrator's"
	}
	return ""
}

// Admin is an administrator.
type Admin struct {
	User  zoho.User
	Rules []Rule // by which they are one; never empty
	Flags []Flag // in the order of Flags; nil when nothing is odd
}

// Report is who administers the CRM.
type Report struct {
	Admins []Admin // in the order in which people were given
}

// Find goes through everybody, and whether Zoho calls them an administrator,
// and reports the administrators. What org does not know makes nobody one and
// flags nobody. Flags stand for what is so at the time now.
func Find(people iter.Seq2[zoho.User, bool], org directory.Organisation, rules Rules, now time.Time) Report {
	j := newJudge(org, rules, now)
	var r Report
	for u, listed := range people {
		if by := j.rules(u, listed); by != nil {
			r.Admins = append(r.Admins, Admin{User: u, Rules: by})
		}
	}
	j.compare(r.Admins)
	for i := range r.Admins {
		r.Admins[i].Flags = j.flags(&r.Admins[i])
	}
	return r
}

// Active is how many administrators Zoho calls active. Those who have not
// accepted their invitation yet are among them.
func (r Report) Active() int {
	return r.count(func(a Admin) bool { return a.User.Active() })
}

// Flagged is how many administrators have a flag.
func (r Report) Flagged() int {
	return r.count(func(a Admin) bool { return len(a.Flags) > 0 })
}

// ByFlag is how many administrators have that flag.
func (r Report) ByFlag(f Flag) int {
	return r.count(func(a Admin) bool { return slices.Contains(a.Flags, f) })
}

func (r Report) count(counts func(Admin) bool) int {
	n := 0
	for _, a := range r.Admins {
		if counts(a) {
			n++
		}
	}
	return n
}

// Group is the administrators who have a profile in common.
type Group struct {
	Profile zoho.Ref // as the first of them has it
	Admins  []Admin  // never empty; in the order of the report
}

// Groups gives the administrators by profile, most people first, then by name.
// Profiles of one name stay apart.
func (r Report) Groups() []Group {
	var groups []Group
	for _, a := range r.Admins {
		same := func(g Group) bool { return sameProfile(g.Profile, a.User.Profile) }
		i := slices.IndexFunc(groups, same)
		if i < 0 {
			i, groups = len(groups), append(groups, Group{Profile: a.User.Profile})
		}
		groups[i].Admins = append(groups[i].Admins, a)
	}
	slices.SortStableFunc(groups, func(g, o Group) int {
		return cmp.Or(
			cmp.Compare(len(o.Admins), len(g.Admins)),
			cmp.Compare(fold(g.Profile.Name), fold(o.Profile.Name)),
			cmp.Compare(g.Profile.ID, o.Profile.ID),
		)
	})
	return groups
}

// sameProfile goes by the id: a name may have changed between two reads.
func sameProfile(a, b zoho.Ref) bool {
	return a.ID == b.ID && (a.ID != "" || a.Name == b.Name)
}

// rules are those by which somebody is an administrator; nil for who is none.
func (j *judge) rules(u zoho.User, listed bool) []Rule {
	var by []Rule
	for _, r := range []struct {
		rule    Rule
		applies bool
	}{
		{ByZoho, listed},
		{ByProfile, j.profiles.has(u.Profile)},
		{ByRole, j.roles.has(u.Role)},
		{ByAdminRole, j.adminRoles[u.Role.ID]},
	} {
		if r.applies {
			by = append(by, r.rule)
		}
	}
	return by
}

// named are profiles or roles by what somebody wrote: a name or an id.
type named struct{ names, ids map[string]bool }

func newNamed(written []string) named {
	return named{names: setOf(written, fold), ids: setOf(written, strings.TrimSpace)}
}

func (n named) has(r zoho.Ref) bool { return n.names[fold(r.Name)] || n.ids[r.ID] }

// setOf never holds the empty text.
func setOf(texts []string, as func(string) string) map[string]bool {
	set := map[string]bool{}
	for _, text := range texts {
		if text = as(text); text != "" {
			set[text] = true
		}
	}
	return set
}
