package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"crmwho/internal/zoho"
)

// Kind is what has happened to an administrator between two snapshots.
type Kind string

// The kinds, in the order in which changes are listed.
const (
	Added     Kind = "added"
	Recreated Kind = "recreated" // an account is deleted or missing, and another has come with its e-mail address, or a new one with its name
	Removed   Kind = "removed"
	Changed   Kind = "changed" // the same account, and something of it is different
)

// Fate is what became of an account that is no administrator's any more.
type Fate string

// The fates.
const (
	Demoted Fate = "demoted" // it is still in the CRM
	Erased  Fate = "deleted" // Zoho calls it deleted
	Missing Fate = "missing" // Zoho does not list it any more
)

// Change is what has happened to one administrator.
type Change struct {
	Kind  Kind   `json:"kind"`
	ID    string `json:"id"`    // of the account; of the new one where it was recreated
	Name  string `json:"name"`  // as it is now, or was last
	Email string `json:"email"` // the same

	Fields []Field `json:"fields,omitempty"` // what is different; of one removed, where it is still listed

	New      bool   `json:"new,omitempty"`       // of one added or recreated: the account was created since
	Fate     Fate   `json:"fate,omitempty"`      // of one removed; of the former one where it was recreated
	FormerID string `json:"former_id,omitempty"` // of the account that has gone, where it was recreated
	Alike    string `json:"alike,omitempty"`     // FieldEmail or FieldName: what both accounts have, where it was recreated

	// When the record was last modified and by whom, as Zoho says it now; zero where
	// it says nothing. That may have been another change.
	Modified   time.Time `json:"modified,omitzero"`
	ModifiedBy Ref       `json:"modified_by,omitzero"`
}

// Field is a value that is different.
type Field struct {
	Name   string `json:"name"`
	Before string `json:"before"` // empty: there was none
	After  string `json:"after"`  // empty: there is none
}

// String says it in words, such as "profile: Standard → Administrator". A dash
// stands for what is empty.
func (f Field) String() string {
	return f.Name + ": " + cmp.Or(f.Before, "—") + " → " + cmp.Or(f.After, "—")
}

// The names of fields, in the order in which they are listed.
const (
	FieldProfile      = "profile"
	FieldRole         = "role"
	FieldStatus       = "status"
	FieldConfirmation = "confirmation"
	FieldEmail        = "e-mail"
	FieldName         = "name"
)

// What stands in the field of the confirmation.
const (
	confirmed   = "confirmed"
	unconfirmed = "invitation pending"
)

// Comparison is what has changed since an earlier snapshot.
type Comparison struct {
	ReadAt       time.Time `json:"read_at"`                 // of the earlier one
	Changes      []Change  `json:"changes,omitempty"`       // by kind, then by name and id
	Renamed      []Field   `json:"renamed,omitempty"`       // profiles and roles that are called otherwise, and are the same
	RulesChanged bool      `json:"rules_changed,omitempty"` // other people count as administrators by the settings
	// NotCompared is how many administrators cannot be compared: they count by a
	// role that Zoho marks, and the roles could be read at one of the times only.
	NotCompared int `json:"not_compared,omitempty"`
}

// Added is how many administrators there are who were none; one whose account was
// recreated is one of them.
func (c Comparison) Added() int { return c.count(Added, Recreated) }

// Removed is how many are administrators no more, those who were recreated again
// among them.
func (c Comparison) Removed() int { return c.count(Removed, Recreated) }

// Changed is of how many something is different.
func (c Comparison) Changed() int { return c.count(Changed) }

func (c Comparison) count(kinds ...Kind) int {
	n := 0
	for _, change := range c.Changes {
		if slices.Contains(kinds, change.Kind) {
			n++
		}
	}
	return n
}

// Same reports whether nothing has changed that can be compared.
func (c Comparison) Same() bool {
	return len(c.Changes) == 0 && len(c.Renamed) == 0 && !c.RulesChanged && c.NotCompared == 0
}

// Compare tells what has changed between two snapshots, by the ids of accounts.
// find gives anybody who is in the CRM now, by id, for what became of those who
// are no administrators any more; they are Missing where it does not know them.
func Compare(before, now Snapshot, find func(id string) (zoho.User, bool)) Comparison {
	c := Comparison{
		ReadAt:       before.ReadAt,
		Renamed:      renamed(before, now),
		RulesChanged: !before.Rules.sameWho(now.Rules),
	}
	was, is := accounts(before), accounts(now)
	var added, removed []Account
	for _, a := range now.Admins {
		switch old, known := was[a.ID]; {
		case known:
			if fields := differences(old, a); fields != nil {
				c.Changes = append(c.Changes, changeOf(Changed, a, fields))
			}
		case a.hangsOn(before):
			c.NotCompared++
		default:
			added = append(added, a)
		}
	}
	for _, a := range before.Admins {
		switch _, known := is[a.ID]; {
		case known:
		case a.hangsOn(now):
			c.NotCompared++
		default:
			removed = append(removed, a)
		}
	}
	c.Changes = append(c.Changes, comeAndGone(added, removed, before.ReadAt, find)...)
	slices.SortStableFunc(c.Changes, Change.compare)
	return c
}

func (c Change) compare(o Change) int {
	order := []Kind{Added, Recreated, Removed, Changed}
	return cmp.Or(
		cmp.Compare(slices.Index(order, c.Kind), slices.Index(order, o.Kind)),
		cmp.Compare(fold(c.Name), fold(o.Name)),
		byID(c.ID, o.ID),
	)
}

func accounts(s Snapshot) map[string]Account {
	all := make(map[string]Account, len(s.Admins))
	for _, a := range s.Admins {
		all[a.ID] = a
	}
	return all
}

// hangsOn reports whether an account would have counted in another snapshot only
// by what was not read for it.
func (a Account) hangsOn(o Snapshot) bool {
	return slices.Contains(o.Unread, PartRoles) && slices.Equal(a.Rules, []Rule{ByAdminRole})
}

// sameWho reports whether the same people count by both.
func (r Rules) sameWho(o Rules) bool {
	same := func(a, b []string) bool { return maps.Equal(setOf(a, fold), setOf(b, fold)) }
	return same(r.Profiles, o.Profiles) && same(r.Roles, o.Roles) && r.NoAdminRoles == o.NoAdminRoles
}

// differences are those between two states of an account; nil for none. A profile
// or a role is another where it has another id.
func differences(before, now Account) []Field {
	var fields []Field
	differ := func(name, was, is string, same bool) {
		if !same {
			fields = append(fields, Field{name, was, is})
		}
	}
	differRef := func(name string, was, is Ref) {
		w, i := was.called(), is.called()
		if w == i { // two of one name
			w, i = was.withID(), is.withID()
		}
		differ(name, w, i, sameProfile(zoho.Ref(was), zoho.Ref(is)))
	}
	differRef(FieldProfile, before.Profile, now.Profile)
	differRef(FieldRole, before.Role, now.Role)
	differ(FieldStatus, before.Status, now.Status, strings.EqualFold(before.Status, now.Status))
	differ(FieldConfirmation, before.confirmation(), now.confirmation(), before.Unconfirmed == now.Unconfirmed)
	differ(FieldEmail, before.Email, now.Email, before.Email == now.Email)
	differ(FieldName, before.Name, now.Name, before.Name == now.Name)
	return fields
}

// called is what people call it; empty where there is none.
func (r Ref) called() string {
	if r.Name == "" && r.ID != "" {
		return r.withID()
	}
	return r.Name
}

func (r Ref) withID() string {
	return strings.TrimSpace(r.Name + " (id " + cmp.Or(r.ID, "none") + ")")
}

func (a Account) confirmation() string {
	if a.Unconfirmed {
		return unconfirmed
	}
	return confirmed
}

func changeOf(kind Kind, a Account, fields []Field) Change {
	return Change{Kind: kind, ID: a.ID, Name: a.Name, Email: a.Email, Fields: fields, Modified: a.Modified, ModifiedBy: a.ModifiedBy}
}

// comeAndGone tells of those who have come and those who have gone, in pairs
// where they look like one person with another account.
func comeAndGone(added, removed []Account, since time.Time, find func(id string) (zoho.User, bool)) []Change {
	var come, went []Change
	for _, a := range added {
		c := changeOf(Added, a, nil)
		c.New = a.Created.After(since)
		come = append(come, c)
	}
	for _, a := range removed {
		went = append(went, gone(a, find))
	}
	pair := func(alike string, of func(Account) string, fits func(Change) bool) {
		former := map[string][]int{}
		for i, a := range removed {
			if went[i].Kind == Removed && went[i].Fate != Demoted && of(a) != "" {
				former[of(a)] = append(former[of(a)], i)
			}
		}
		for i, a := range added {
			if at := former[of(a)]; len(at) > 0 && come[i].Kind == Added && fits(come[i]) {
				come[i].recreates(removed[at[0]], a, went[at[0]].Fate, alike)
				former[of(a)], went[at[0]].Kind = at[1:], Recreated
			}
		}
	}
	// By name only where the account is new: names repeat.
	pair(FieldEmail, func(a Account) string { return lower(a.Email) }, func(Change) bool { return true })
	pair(FieldName, func(a Account) string { return fold(a.Name) }, func(c Change) bool { return c.New })
	told := func(c Change) bool { return c.Kind == Recreated }
	return append(come, slices.DeleteFunc(went, told)...)
}

// recreates says that an account which was added takes the place of another.
func (c *Change) recreates(former, now Account, fate Fate, alike string) {
	c.Kind, c.Fields = Recreated, differences(former, now)
	c.FormerID, c.Fate, c.Alike = former.ID, fate, alike
}

// gone tells what became of an account.
func gone(a Account, find func(id string) (zoho.User, bool)) Change {
	u, listed := find(a.ID)
	if !listed {
		c := changeOf(Removed, a, nil)
		c.Fate, c.Modified, c.ModifiedBy = Missing, time.Time{}, Ref{}
		return c
	}
	now := accountOf(u)
	c := changeOf(Removed, now, differences(a, now))
	if c.Fate = Demoted; isDeleted(u) {
		c.Fate = Erased
	}
	return c
}

// renamed are the profiles and roles of administrators that have another name and
// the same id.
func renamed(before, now Snapshot) []Field {
	var fields []Field
	for _, part := range []struct {
		name string
		of   func(Account) Ref
	}{
		{FieldProfile, func(a Account) Ref { return a.Profile }},
		{FieldRole, func(a Account) Ref { return a.Role }},
	} {
		names := map[string]string{}
		for _, a := range slices.Backward(before.Admins) { // of two names the first counts, then as now
			names[part.of(a).ID] = part.of(a).Name
		}
		delete(names, "")
		for _, a := range now.Admins {
			ref := part.of(a)
			if was, known := names[ref.ID]; known && was != ref.Name {
				fields = append(fields, Field{part.name, was, ref.Name})
			}
			delete(names, ref.ID) // each is told once
		}
	}
	return fields
}
