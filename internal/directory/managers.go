package directory

import (
	"iter"
	"slices"
	"sync"

	"crmwho/internal/zoho"
)

// Line says how somebody is above somebody else.
type Line int

const (
	NoLine        Line = iota // nobody is above
	ReportingLine             // Zoho names the one to whom a user reports
	RoleTree                  // a role above in the tree of roles: whoever holds it
)

const (
	maxManagers = 10 // of a role that are named
	maxChain    = 50 // managers one above the other
)

// Managers are those above somebody: the one whom the reporting line names or,
// without a reporting line, the active holders of the nearest role above in the
// role tree that anybody active holds. Its zero value has nobody.
type Managers struct {
	Users []zoho.User // one by ReportingLine, with ID and FullName alone if the snapshot lacks that person; up to ten by RoleTree
	By    Line
	Role  string // by RoleTree: that role's name
	Total int    // how many there are
}

// Managers gives those directly above a user, by id, whatever the user's
// status. Nobody is their own manager.
func (s *Snapshot) Managers(id string) Managers {
	person := s.find(id)
	if person < 0 {
		return Managers{}
	}
	return s.managers(s.above(person))
}

// Chain gives the managers of a user, theirs, and so on to the top; 50 of them
// at most. Above several it goes on from their role. It ends before anybody
// would come again.
func (s *Snapshot) Chain(id string) []Managers {
	person := s.find(id)
	if person < 0 {
		return nil
	}
	var chain []Managers
	seen := make([]bool, s.len())
	seen[person] = true
	for at := s.above(person); at.by != NoLine && len(chain) < maxChain && !at.markIn(seen); at = s.beyond(at) {
		chain = append(chain, s.managers(at))
	}
	return chain
}

// Person gives a user by id.
func (s *Snapshot) Person(id string) (zoho.User, bool) {
	person := s.find(id)
	if person < 0 {
		return zoho.User{}, false
	}
	return s.user(person), true
}

// Everyone goes through all people in the order of answers, and says of each
// whether Zoho calls them an administrator.
func (s *Snapshot) Everyone() iter.Seq2[zoho.User, bool] {
	return func(yield func(zoho.User, bool) bool) {
		for person, flags := range s.flags {
			if !yield(s.user(person), flags&flagAdmin != 0) {
				return
			}
		}
	}
}

// ReportCount is how many active people have a user as a manager: those whom
// the filter manager: finds by that id.
func (s *Snapshot) ReportCount(id string) int {
	reports := 0
	managed := s.managedBy(Filter{FilterManager, id})
	for person := range s.active {
		if managed(person) {
			reports++
		}
	}
	return reports
}

// managedBy makes the filter of those who have a manager with an id or a name.
// Nobody has an id for a name, which spares the names.
func (s *Snapshot) managedBy(f Filter) filter {
	l, name := s.whoIsAbove(), fold(f.Value)
	if isID(name, minID-1) {
		name = ""
	}
	byLine := []filter{columnFilter(&s.columns[colManagerID], taking(colManagerID, f))}
	if name != "" {
		byLine = append(byLine, columnFilter(&s.columns[colManager], taking(colManager, f)))
	}
	fits, byRole := anyOf(byLine), l.managedBy(func(holder int32) bool {
		return s.columns[colID].at(int(holder)) == f.Value || holds(s.index.of(int(holder)).fullName(), name)
	})
	return func(person int) bool {
		if s.reports(l, person) {
			return fits(person)
		}
		role := l.roleOf(s, person)
		return role >= 0 && byRole[role]
	}
}

// Up one step.

// level is who is directly above somebody.
type level struct {
	by      Line
	holders []int32 // their places, in order; none where the snapshot lacks who is named
	role    int     // by RoleTree: the place of theirs in Organisation.Roles
	named   zoho.Ref
}

func (s *Snapshot) above(person int) level {
	l := s.whoIsAbove()
	if !s.reports(l, person) {
		return l.above(l.roleOf(s, person))
	}
	named := zoho.Ref{ID: s.columns[colManagerID].at(person), Name: s.columns[colManager].at(person)}
	if manager := l.managers[s.columns[colManagerID].refs[person]]; manager >= 0 {
		return level{by: ReportingLine, holders: []int32{manager}, named: named}
	}
	return level{by: ReportingLine, named: named}
}

// beyond is who is above a level.
func (s *Snapshot) beyond(at level) level {
	switch {
	case len(at.holders) == 1:
		return s.above(int(at.holders[0]))
	case at.by == RoleTree:
		return s.whoIsAbove().above(at.role)
	}
	return level{}
}

// markIn marks those of a level, and reports whether any was marked before.
func (at level) markIn(seen []bool) (again bool) {
	for _, person := range at.holders {
		again = again || seen[person]
		seen[person] = true
	}
	return again
}

// managers puts together who a level is.
func (s *Snapshot) managers(at level) Managers {
	m := Managers{By: at.by, Total: len(at.holders)}
	for _, person := range at.holders[:min(len(at.holders), maxManagers)] {
		m.Users = append(m.Users, s.user(int(person)))
	}
	switch {
	case at.by == RoleTree:
		m.Role = s.Organisation.Roles[at.role].Name
	case at.by == ReportingLine && m.Total == 0:
		m.Users, m.Total = []zoho.User{{ID: at.named.ID, FullName: at.named.Name}}, 1
	}
	return m
}

// reports reports whether somebody has a reporting line, to somebody else.
func (s *Snapshot) reports(l *lines, person int) bool {
	id := &s.columns[colManagerID]
	return id.at(person) != "" && l.managers[id.refs[person]] != int32(person)
}

// What all such questions about a snapshot need.

// lines are the ways up, made when they are asked for first. -1 stands for none.
type lines struct {
	once     sync.Once
	managers []int32   // by the column's text: the place of the one with that id
	roles    []int     // by the column's text: the place of the role with that id in Organisation.Roles
	up       []int     // by that place: the nearest role above that anybody active holds
	holders  [][]int32 // by that place: the active people who hold the role, in order
}

func (s *Snapshot) whoIsAbove() *lines {
	s.lines.once.Do(func() { s.lines.draw(s) })
	return s.lines
}

func (l *lines) draw(s *Snapshot) {
	l.managers = owners(&s.columns[colManagerID], &s.columns[colID])
	places := map[string]int{}
	for place, r := range s.Organisation.Roles {
		places[r.ID] = place
	}
	delete(places, "") // nothing is above the top
	l.roles = placesOf(&s.columns[colRoleID], places)
	l.holders = make([][]int32, len(s.Organisation.Roles))
	for person := range s.active {
		if role := l.roleOf(s, person); role >= 0 {
			l.holders[role] = append(l.holders[role], int32(person))
		}
	}
	l.up = make([]int, len(s.Organisation.Roles))
	for place := range l.up {
		l.up[place] = l.nearest(s.Organisation.Roles, places, place)
	}
}

// owners gives, for each text of a shared column of ids, whose id it is.
func owners(of, ids *column) []int32 {
	owned := make([]int32, len(of.ends))
	texts := make(map[string]int, len(owned))
	for n := range owned {
		owned[n] = -1
		texts[of.text(uint32(n))] = n
	}
	for person := range ids.ends {
		if n, ok := texts[ids.at(person)]; ok {
			owned[n] = int32(person)
		}
	}
	return owned
}

func placesOf(c *column, places map[string]int) []int {
	of := make([]int, len(c.ends))
	for n := range of {
		of[n] = -1
		if place, ok := places[c.text(uint32(n))]; ok {
			of[n] = place
		}
	}
	return of
}

// nearest walks up from a role to one that is held. A tree is never so high
// that it has each role twice, and whoever comes back goes in a circle.
func (l *lines) nearest(roles []Role, places map[string]int, from int) int {
	at := from
	for range roles {
		above, ok := places[roles[at].Above]
		if !ok || above == from {
			break
		}
		if at = above; len(l.holders[at]) > 0 {
			return at
		}
	}
	return -1
}

// roleOf gives the place of somebody's role.
func (l *lines) roleOf(s *Snapshot, person int) int {
	return l.roles[s.columns[colRoleID].refs[person]]
}

// above is who is above those with a role.
func (l *lines) above(role int) level {
	if role < 0 || l.up[role] < 0 {
		return level{}
	}
	up := l.up[role]
	return level{by: RoleTree, holders: l.holders[up], role: up}
}

// managedBy says of each role whether any of those above it fits.
func (l *lines) managedBy(fits func(person int32) bool) []bool {
	asked, fit := make([]bool, len(l.up)), make([]bool, len(l.up))
	managed := make([]bool, len(l.up))
	for role, up := range l.up {
		if up < 0 {
			continue
		}
		if !asked[up] {
			asked[up], fit[up] = true, slices.ContainsFunc(l.holders[up], fits)
		}
		managed[role] = fit[up]
	}
	return managed
}
