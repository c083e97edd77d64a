package directory

import (
	"iter"
	"slices"

	"crmwho/internal/zoho"
)

// MaxUsers is how many of those who were found an answer holds, unless another
// number is asked for.
const MaxUsers = 100

// People are those who were found, the best first.
type People struct {
	Users     []zoho.User // a page of them
	From      int         // the place of the first of Users among all, from 0
	Total     int         // how many there are
	Statuses  []Count     // how many have which status: the active first, the deleted last
	Suggested bool        // nobody fits what was typed: these do with a letter of a word changed
	Hint      string      // a filter to try, such as role:ceo, when nobody is found
	Source
}

// Search finds the people whom all terms and filters of a query fit; without
// any that is everybody. Whole words come before beginnings of words, those
// before the middles of words, which count only where nothing better fits;
// active people come before others and deleted ones last; then by name and id.
// Only when nobody fits are words of four letters and more forgiven one typing
// error each, and words are taken for more of a filter's value: role:sales rep.
// An e-mail address and an id are meant as they stand, and so is a full name of
// several words that an active person has: they give those alone whose they are.
// The first MaxUsers of them are given.
func (s *Snapshot) Search(q Query) People { return s.Page(q, 0, MaxUsers) }

// Page finds people as Search does, and gives those from a place on, from 0, at
// most so many; below 1 stands for MaxUsers. A place beyond the end stands for
// the beginning of the last page, if all pages are full: it is a multiple of
// most. One before the beginning is the beginning.
func (s *Snapshot) Page(q Query, from, most int) People {
	w, hits := s.fitting(q)
	if len(hits) == 0 {
		hits = s.hits(w, s.near(w), term.forgivingFit)
	}
	p := s.page(hits, from, most)
	if p.Total == 0 {
		p.Hint = s.asFilter(q)
	}
	return p
}

// fitting gives those whom a query fits without typing errors, if need be with
// words taken for more of a filter's value, and what it then looks for.
func (s *Snapshot) fitting(q Query) (*wanted, []hit) {
	w := newWanted(q, s)
	hits := s.hits(w, s.candidates(w), term.fit)
	if len(hits) > 0 {
		return w, hits
	}
	if longer, ok := s.withLongerValues(q); ok {
		w = newWanted(longer, s)
		hits = s.hits(w, s.candidates(w), term.fit)
	}
	return w, hits
}

// Admins gives those whom Zoho calls administrators, whatever their status.
func (s *Snapshot) Admins() People {
	var hits []hit
	for person, flags := range s.flags {
		if flags&flagAdmin != 0 {
			hits = append(hits, s.newHit(fit{}, person))
		}
	}
	return s.page(hits, 0, MaxUsers)
}

// hit is somebody who was found, as a number that sorts: by the kind of fit,
// then active people first, then by how well they fit, then by their place.
type hit uint64

func (h hit) kind() kind  { return kind(h >> 60) }
func (h hit) person() int { return int(h & (1<<32 - 1)) }

func (s *Snapshot) newHit(f fit, person int) hit {
	standing := 0
	switch {
	case person >= s.left:
		standing = 2
	case person >= s.active:
		standing = 1
	}
	return hit(f.kind)<<60 | hit(standing)<<56 | hit(f.less)<<32 | hit(person)
}

// hits gives those among the candidates whom the query fits, in order. When
// somebody was surely meant, others do not count: somebody's address or id was
// given, or the full name of an active person. Who left hides nobody.
func (s *Snapshot) hits(w *wanted, candidates iter.Seq[int], how func(term, *Snapshot, found, int) fit) []hit {
	var hits, meant []hit
	sure := false
	for person := range candidates {
		if !w.passes(person) {
			continue
		}
		f := w.fit(s, person, how)
		if f.kind == none {
			continue
		}
		hits = append(hits, s.newHit(f, person))
		if f.keyed || f.named {
			meant = append(meant, hits[len(hits)-1])
			sure = sure || f.keyed || person < s.active
		}
	}
	if sure {
		hits = meant
	}
	slices.Sort(hits)
	return withoutMiddles(hits)
}

// withoutMiddles leaves out who fits within words only, if others fit better.
func withoutMiddles(hits []hit) []hit {
	if len(hits) == 0 || hits[0].kind() >= within {
		return hits
	}
	end, _ := slices.BinarySearch(hits, hit(within)<<60)
	return hits[:end]
}

func (s *Snapshot) page(hits []hit, from, most int) People {
	if most < 1 {
		most = MaxUsers
	}
	if from >= len(hits) {
		from = (len(hits) - 1) / most * most
	}
	from = max(0, from)
	shown := hits[from:][:min(most, len(hits)-from)]
	p := People{
		Users:     make([]zoho.User, len(shown)),
		From:      from,
		Total:     len(hits),
		Statuses:  s.statuses(hits),
		Suggested: len(hits) > 0 && hits[0].kind() >= typo,
	}
	for i, h := range shown {
		p.Users[i] = s.user(h.person())
	}
	return p
}

// statuses counts people by status, the most frequent first where they stand alike.
func (s *Snapshot) statuses(hits []hit) []Count {
	counts := s.tally(hits, colStatus)
	slices.SortStableFunc(counts, func(a, b Count) int {
		stand := func(c Count) int { return standing(zoho.User{Status: c.Name}) }
		if d := stand(a) - stand(b); d != 0 {
			return d
		}
		return b.People - a.People
	})
	return counts
}

// candidates goes through those who may fit: the others lack the text of the
// longest term.
func (s *Snapshot) candidates(w *wanted) iter.Seq[int] {
	needle := ""
	for _, t := range w.terms {
		if t.kind == ID {
			return s.owning(t.text)
		}
		if n := t.needle(); len(n) > len(needle) {
			needle = n
		}
	}
	if needle == "" {
		return s.everybody()
	}
	return s.index.containing(needle)
}

func (s *Snapshot) everybody() iter.Seq[int] {
	return func(yield func(int) bool) {
		for person := range s.len() {
			if !yield(person) {
				return
			}
		}
	}
}

// owning gives the one with an id.
func (s *Snapshot) owning(id string) iter.Seq[int] {
	return func(yield func(int) bool) {
		if person := s.find(id); person >= 0 {
			yield(person)
		}
	}
}

// near goes through those whom the longest of the words that may have a typing
// error fits.
func (s *Snapshot) near(w *wanted) iter.Seq[int] {
	var longest term
	for _, t := range w.terms {
		if len(t.letters) > len(longest.letters) {
			longest = t
		}
	}
	if longest.letters == nil {
		return func(func(int) bool) {}
	}
	return s.index.near(longest)
}
