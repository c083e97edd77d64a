package directory

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"crmwho/internal/zoho"
)

// How a snapshot was taken.
const (
	FullRead = "full read" // every page of all users
	Changes  = "changes"   // an older snapshot and what Zoho said had changed since
)

// Snapshot is everybody in the CRM at one time, ready to be searched. It is
// complete or it does not exist, and it never changes, so that it is safe for
// concurrent use. It keeps of a user what answers show, and of times the
// seconds. People stand in it in the order of answers: the active first, the
// deleted last, then by name and id.
//
// Fifty thousand people have to fit beside a Lambda function's program, so
// values are kept by column, and users are put together when they are asked for.
type Snapshot struct {
	Taken
	Organisation Organisation // as it was when Sync read it last
	people
	index index
	lines *lines
}

// Taken tells where a snapshot comes from.
type Taken struct {
	At        time.Time `json:"at"`        // when Zoho was asked
	How       string    `json:"how"`       // FullRead or Changes
	FullAt    time.Time `json:"full_at"`   // when all was read: what left the CRM since may still be there
	Watermark time.Time `json:"watermark"` // the latest Modified_Time seen, by Zoho's clock; zero when there was none
	Count     int       `json:"count"`     // of people
	Hash      string    `json:"hash"`      // SHA-256 of what is kept of them, in hexadecimal; equal for equal people
}

// people are users by column.
type people struct {
	columns           [columns]column
	created, modified []int64 // Unix seconds; 0 for unknown
	flags             []byte
	active, left      int // the first so many are active; those from left on are deleted
}

// What there is of everybody. Texts of the first columns are everybody's own;
// those of the others are shared by many, and kept once.
const (
	colID = iota
	colFullName
	colFirstName
	colLastName
	colAlias
	colEmail
	colPhone
	colMobile
	colStatus // the first that is shared
	colReason
	colType
	colRoleID
	colRole
	colProfileID
	colProfile
	colManagerID
	colManager
	colCity
	colState
	colCountry
	colLanguage
	colTimeZone
	colModifiedByID
	colModifiedBy
	columns

	sharedFrom = colStatus
)

const (
	flagUnconfirmed = 1 << iota
	flagAdmin
)

// column holds a text for everybody: the texts stand one after another, and
// the n-th ends at ends[n]. In a shared column refs say whose is which.
type column struct {
	texts string
	ends  []uint32
	refs  []uint32
}

func (c *column) text(n uint32) string {
	var start uint32
	if n > 0 {
		start = c.ends[n-1]
	}
	return c.texts[start:c.ends[n]]
}

// at is somebody's text.
func (c *column) at(person int) string {
	if c.refs != nil {
		return c.text(c.refs[person])
	}
	return c.text(uint32(person))
}

// len is how many people there are.
func (p *people) len() int { return len(p.flags) }

// values are the texts of a user, by column.
func values(u *zoho.User) [columns]string {
	return [columns]string{
		u.ID, u.FullName, u.FirstName, u.LastName, u.Alias, u.Email, u.Phone, u.Mobile,
		u.Status, u.StatusReason, u.Type, u.Role.ID, u.Role.Name, u.Profile.ID, u.Profile.Name,
		u.ReportingTo.ID, u.ReportingTo.Name, u.City, u.State, u.Country, u.Language, u.TimeZone,
		u.ModifiedBy.ID, u.ModifiedBy.Name,
	}
}

// user puts somebody together. The texts are the snapshot's own: nothing is copied.
func (p *people) user(person int) zoho.User {
	v := func(c int) string { return p.columns[c].at(person) }
	return zoho.User{
		ID: v(colID), FullName: v(colFullName), FirstName: v(colFirstName), LastName: v(colLastName), Alias: v(colAlias),
		Email: v(colEmail), Phone: v(colPhone), Mobile: v(colMobile),
		Status: v(colStatus), StatusReason: v(colReason), Type: v(colType), Unconfirmed: p.flags[person]&flagUnconfirmed != 0,
		Role:        zoho.Ref{ID: v(colRoleID), Name: v(colRole)},
		Profile:     zoho.Ref{ID: v(colProfileID), Name: v(colProfile)},
		ReportingTo: zoho.Ref{ID: v(colManagerID), Name: v(colManager)},
		City:        v(colCity), State: v(colState), Country: v(colCountry), Language: v(colLanguage), TimeZone: v(colTimeZone),
		CreatedTime: fromSeconds(p.created[person]), ModifiedTime: fromSeconds(p.modified[person]),
		ModifiedBy: zoho.Ref{ID: v(colModifiedByID), Name: v(colModifiedBy)},
	}
}

// kept is what a snapshot gives back of a user.
func kept(u zoho.User) zoho.User {
	u.ZUID, u.CreatedBy = "", zoho.Ref{}
	u.CreatedTime, u.ModifiedTime = fromSeconds(seconds(u.CreatedTime)), fromSeconds(seconds(u.ModifiedTime))
	return u
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromSeconds(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

// entry is somebody on the way into a snapshot.
type entry struct {
	zoho.User
	admin bool
	name  string // folded
}

func newEntry(u zoho.User, admin bool) entry {
	return entry{User: u, admin: admin, name: fold(u.FullName)}
}

// before orders people: see Snapshot.
func (e entry) before(o entry) int {
	return cmp.Or(
		cmp.Compare(standing(e.User), standing(o.User)),
		cmp.Compare(e.name, o.name),
		cmp.Compare(len(e.ID), len(o.ID)),
		cmp.Compare(e.ID, o.ID),
	)
}

func standing(u zoho.User) int {
	switch {
	case u.Active():
		return 0
	case strings.EqualFold(u.Status, "deleted"):
		return 2
	default:
		return 1
	}
}

// newSnapshot takes people in their order.
func newSnapshot(taken Taken, ordered iter.Seq[entry]) *Snapshot {
	s := &Snapshot{Taken: taken, lines: &lines{}}
	b := newBuilder(&s.people)
	for e := range ordered {
		b.add(e)
		if m := e.ModifiedTime; m.After(s.Watermark) && !m.After(taken.At.Add(aheadOfUs)) {
			s.Watermark = m.UTC()
		}
	}
	b.finish()
	s.Taken.Count = s.len()
	s.Hash = sum(s.people.append(nil))
	s.index = newIndex(&s.people)
	return s
}

// aheadOfUs is how far Zoho's clock may be ahead. A Modified_Time beyond it
// would hide later changes if it became the watermark: overlap makes good for
// less.
const aheadOfUs = overlap

// NewSnapshot takes users who were read completely at a time, without one that
// comes twice, and says by id which of them are administrators.
func NewSnapshot(at time.Time, users []zoho.User, admins map[string]bool) *Snapshot {
	taken := Taken{At: at, FullAt: at, How: FullRead}
	return newSnapshot(taken, slices.Values(ordered(slices.Values(users), admins)))
}

// with is the snapshot that has these people instead of those with their ids,
// and these administrators.
func (s *Snapshot) with(at time.Time, changed map[string]zoho.User, admins map[string]bool) *Snapshot {
	taken := Taken{At: at, FullAt: s.FullAt, How: Changes}
	now := newSnapshot(taken, merged(s.without(changed, admins), ordered(maps.Values(changed), admins)))
	now.Organisation = s.Organisation
	return now
}

func ordered(users iter.Seq[zoho.User], admins map[string]bool) []entry {
	var entries []entry
	for u := range users {
		entries = append(entries, newEntry(u, admins[u.ID]))
	}
	slices.SortFunc(entries, entry.before)
	return entries
}

// without goes through the people, but for some.
func (s *Snapshot) without(some map[string]zoho.User, admins map[string]bool) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for i := range s.len() {
			id := s.columns[colID].at(i)
			if _, gone := some[id]; !gone && !yield(newEntry(s.user(i), admins[id])) {
				return
			}
		}
	}
}

// merged goes through both in order.
func merged(all iter.Seq[entry], news []entry) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for e := range all {
			for len(news) > 0 && news[0].before(e) < 0 {
				if !yield(news[0]) {
					return
				}
				news = news[1:]
			}
			if !yield(e) {
				return
			}
		}
		for _, e := range news {
			if !yield(e) {
				return
			}
		}
	}
}

// unchangedAt is the same snapshot, found to be still true.
func (s *Snapshot) unchangedAt(at time.Time) *Snapshot {
	taken := s.Taken
	taken.At, taken.How = at, Changes
	return s.as(header{taken, s.Organisation})
}

// as is the same people under another header.
func (s *Snapshot) as(h header) *Snapshot {
	same := *s
	same.Taken, same.Organisation, same.lines = h.Taken, h.Organisation, &lines{}
	return &same
}

// knowing is the same snapshot with another organisation.
func (s *Snapshot) knowing(o Organisation) *Snapshot { return s.as(header{s.Taken, o}) }

// newerThan reports whether a snapshot is to be kept rather than another: one
// that forgot who left, or else the one that was taken later.
func (t Taken) newerThan(o Taken) bool {
	return cmp.Or(t.FullAt.Compare(o.FullAt), t.At.Compare(o.At)) > 0
}

// find gives the place of an id, or -1.
func (p *people) find(id string) int {
	ids := &p.columns[colID]
	for i := range p.len() {
		if ids.at(i) == id {
			return i
		}
	}
	return -1
}

// builder fills people.
type builder struct {
	to    *people
	texts [columns][]byte
	known [columns]map[string]uint32 // of the shared columns
}

func newBuilder(to *people) *builder {
	b := &builder{to: to}
	for c := sharedFrom; c < columns; c++ {
		b.known[c] = map[string]uint32{}
		to.columns[c].refs = []uint32{}
	}
	return b
}

func (b *builder) add(e entry) {
	for c, text := range values(&e.User) {
		if c >= sharedFrom {
			b.share(c, text)
		} else {
			b.write(c, text)
		}
	}
	var flags byte
	if e.Unconfirmed {
		flags |= flagUnconfirmed
	}
	if e.admin {
		flags |= flagAdmin
	}
	b.to.created = append(b.to.created, seconds(e.CreatedTime))
	b.to.modified = append(b.to.modified, seconds(e.ModifiedTime))
	b.to.flags = append(b.to.flags, flags)
}

func (b *builder) write(c int, text string) {
	b.texts[c] = append(b.texts[c], text...)
	b.to.columns[c].ends = append(b.to.columns[c].ends, uint32(len(b.texts[c])))
}

func (b *builder) share(c int, text string) {
	column := &b.to.columns[c]
	ref, ok := b.known[c][text]
	if !ok {
		ref = uint32(len(column.ends))
		b.known[c][strings.Clone(text)] = ref
		b.write(c, text)
	}
	column.refs = append(column.refs, ref)
}

func (b *builder) finish() {
	for c := range columns {
		b.to.columns[c].texts = string(b.texts[c])
	}
	b.to.countStandings()
}

// countStandings finds where the active people end and the deleted begin.
func (p *people) countStandings() {
	status := &p.columns[colStatus]
	standingOf := make([]int, len(status.ends))
	for n := range standingOf {
		standingOf[n] = standing(zoho.User{Status: status.text(uint32(n))})
	}
	from := func(least int) int {
		return sort.Search(p.len(), func(i int) bool { return standingOf[status.refs[i]] >= least })
	}
	p.active, p.left = from(1), from(2)
}
