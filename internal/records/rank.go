package records

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"crmwho/internal/directory"
)

// rank is how well a name fits what was typed.
type rank int

const (
	same      rank = iota // it is the same, but for case
	exact                 // so it is but for case, accents and punctuation
	begins                // it begins with the words
	whole                 // it has all of the words
	beginning             // each word is the beginning of one of its
	inside                // it holds all words
	elsewhere             // so does what stands beside it, such as the company of a lead
	unfit
)

// typed is what was typed, as it is compared.
type typed struct {
	plain  string
	words  []string
	pieces []string
}

func newTyped(text string) typed {
	return typed{strings.ToLower(strings.TrimSpace(text)), wordsOf(text), piecesOf(text)}
}

// piecesOf are what is between the punctuation of a text, which may be another
// in a record's name: what records are looked for by, the longest first.
func piecesOf(text string) (all []string) {
	between := func(r rune) bool { return !isSaid(r) && !unicode.Is(unicode.M, r) }
	for piece := range strings.FieldsFuncSeq(text, between) {
		if strings.ContainsFunc(piece, isSaid) && !slices.Contains(all, piece) {
			all = append(all, piece)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return all
}

// wordsOf are the words of a text, folded.
func wordsOf(text string) []string {
	return strings.FieldsFunc(directory.Fold(text), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) })
}

// rank says how a name fits. extra is how many words it has besides.
func (t typed) rank(name string) (r rank, extra int) {
	has := wordsOf(name)
	extra = max(0, len(has)-len(t.words))
	in := func(fits func(has, word string) bool) bool {
		return !slices.ContainsFunc(t.words, func(w string) bool {
			return !slices.ContainsFunc(has, func(h string) bool { return fits(h, w) })
		})
	}
	joined := strings.Join(has, "")
	switch {
	case strings.ToLower(strings.TrimSpace(name)) == t.plain:
		return same, extra
	case len(t.words) == 0: // an emoji
		lacks := func(piece string) bool { return !strings.Contains(strings.ToLower(name), strings.ToLower(piece)) }
		if len(t.pieces) == 0 || slices.ContainsFunc(t.pieces, lacks) {
			return unfit, extra
		}
		return inside, extra
	case slices.Equal(has, t.words):
		return exact, extra
	case len(has) >= len(t.words) && slices.Equal(has[:len(t.words)], t.words):
		return begins, extra
	case in(func(h, w string) bool { return h == w }):
		return whole, extra
	case in(strings.HasPrefix):
		return beginning, extra
	case !slices.ContainsFunc(t.words, func(w string) bool { return !strings.Contains(joined, w) }):
		return inside, extra
	}
	return unfit, extra
}

// hit is a record with how it fits.
type hit struct {
	Record
	rank  rank // same where nothing but the whole was compared, as with an e-mail address
	extra int
	place int // of its module
}

// better puts hits in order: the best first, then the shorter names, then as the
// modules stand in the settings, then the most recently modified.
func better(a, b *hit) int {
	return cmp.Or(
		cmp.Compare(a.rank, b.rank), cmp.Compare(a.extra, b.extra), cmp.Compare(a.place, b.place),
		b.ModifiedTime.Compare(a.ModifiedTime), strings.Compare(a.ID, b.ID),
	)
}

// judge says how a record of a module fits.
func (t typed) judge(m module, r Record) (fits rank, extra int) {
	if fits, extra = t.rank(r.Name); fits != unfit || m.besides == "" {
		return fits, extra
	}
	for _, s := range r.Shown {
		if s.Field != m.besides {
			continue
		}
		if with, _ := t.rank(r.Name + " " + s.Value); with != unfit {
			return elsewhere, extra
		}
	}
	return unfit, extra
}
