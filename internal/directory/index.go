package directory

import (
	"iter"
	"sort"
	"strings"
)

// index is all that people can be found by, as one folded text: somebody's
// names, e-mail address, phone and mobile, each ending in a line feed. The
// first of the names is the full one; further ones follow after tabs.
type index struct {
	text   string
	starts []uint32 // where everybody's part begins
	counts [256]int // how often each byte stands in the text
}

func newIndex(p *people) index {
	size := 0
	for _, c := range []int{colFullName, colEmail, colPhone, colMobile} {
		size += len(p.columns[c].texts)
	}
	b := strings.Builder{}
	b.Grow(size + size/8 + 5*p.len())
	in := index{starts: make([]uint32, p.len())}
	for i := range p.len() {
		in.starts[i] = uint32(b.Len())
		writeNames(&b, p, i)
		b.WriteByte('\n')
		b.WriteString(fold(p.columns[colEmail].at(i)))
		for _, c := range []int{colPhone, colMobile} {
			b.WriteByte('\n')
			b.WriteString(digitsOf(p.columns[c].at(i)))
		}
		b.WriteByte('\n')
	}
	in.text = b.String()
	for i := range len(in.text) {
		in.counts[in.text[i]]++
	}
	return in
}

// writeNames writes the names of somebody and other spellings of them. Words
// that stand in another name are not written again.
func writeNames(b *strings.Builder, p *people, person int) {
	start := b.Len()
	full := p.columns[colFullName].at(person)
	b.WriteString(fold(full))
	for _, c := range []int{colFullName, colFirstName, colLastName, colAlias} {
		name := p.columns[c].at(person)
		if strings.HasPrefix(full, name+" ") || strings.HasSuffix(full, " "+name) {
			continue // as a rule; it saves most of the time
		}
		for _, spelled := range spellings(name) {
			if spelled != "" && occurrence(b.String()[start:], spelled) != exact {
				b.WriteByte('\t')
				b.WriteString(spelled)
			}
		}
	}
}

// found is what somebody can be found by.
type found struct{ names, email, phone, mobile string }

// of gives somebody's part.
func (in *index) of(person int) (f found) {
	rest := in.text[in.starts[person]:]
	f.names, rest, _ = strings.Cut(rest, "\n")
	f.email, rest, _ = strings.Cut(rest, "\n")
	f.phone, rest, _ = strings.Cut(rest, "\n")
	f.mobile, _, _ = strings.Cut(rest, "\n")
	return f
}

// fullName is the first of the names.
func (f found) fullName() string {
	full, _, _ := strings.Cut(f.names, "\t")
	return full
}

// containing goes through the people in whose part a text stands, in order.
func (in *index) containing(needle string) iter.Seq[int] {
	return in.where(needle, func(int) bool { return true })
}

// where is containing for those places alone that a test passes.
func (in *index) where(needle string, passes func(place int) bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		person := -1
		rarest := in.rarest(needle)
		for at := 0; ; {
			if at = in.next(needle, rarest, at); at < 0 {
				return
			}
			if !passes(at) {
				at++
				continue
			}
			person += in.owner(person+1, at)
			if !yield(person) || person+1 == len(in.starts) {
				return
			}
			at = int(in.starts[person+1])
		}
	}
}

// next is the next place of a needle, or -1. It looks for the byte at rarest:
// several times as fast as strings.Index, which looks for the first, and names
// begin with frequent letters.
func (in *index) next(needle string, rarest, from int) int {
	for from+len(needle) <= len(in.text) {
		i := strings.IndexByte(in.text[from+rarest:], needle[rarest])
		if i < 0 {
			break
		}
		if from += i; strings.HasPrefix(in.text[from:], needle) {
			return from
		}
		from++
	}
	return -1
}

// rarest is the place in a needle of the byte that the text has least often.
func (in *index) rarest(needle string) int {
	rarest := 0
	for i := range len(needle) {
		if in.counts[needle[i]] < in.counts[needle[rarest]] {
			rarest = i
		}
	}
	return rarest
}

// owner says how many people further than the one before from somebody is
// whose part holds a place.
func (in *index) owner(from, place int) int {
	later := in.starts[from:]
	reach := 1 // most are near
	for reach < len(later) && int(later[reach]) <= place {
		reach *= 2
	}
	return sort.Search(min(reach, len(later)), func(i int) bool { return int(later[i]) > place })
}
