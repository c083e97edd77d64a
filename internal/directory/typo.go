package directory

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// forgivingFit says how a term fits somebody if one typing error is forgiven.
func (t term) forgivingFit(s *Snapshot, f found, person int) fit {
	fits := t.fit(s, f, person)
	if fits.kind != none || t.letters == nil {
		return fits
	}
	if t.kind == Email {
		return fit{kind: near(t.letters, f.email)}
	}
	local, _, _ := strings.Cut(f.email, "@")
	fits = fit{kind: t.nearest(f.names)}
	if k := t.nearest(local); k < fits.kind {
		fits = fit{kind: k, less: byEmail}
	}
	return fits
}

// nearest says how a word fits the words of a text with typing errors, and if
// it has punctuation, how its parts do.
func (t term) nearest(in string) kind {
	best := none
	for word := range words(in) {
		best = min(best, near(t.letters, word))
	}
	if len(t.parts) == 0 {
		return best
	}
	return min(best, worst(t.parts, func(part term) kind {
		if k := occurrence(in, part.text); k < none || part.letters == nil {
			return k
		}
		return part.nearest(in)
	}))
}

// near goes through the people who may fit a word with or without a typing
// error, each once.
func (in *index) near(t term) iter.Seq[int] {
	return func(yield func(int) bool) {
		seen := make([]bool, len(in.starts))
		for _, people := range in.mayFit(t) {
			for person := range people {
				if !seen[person] && !yield(person) {
					return
				}
				seen[person] = true
			}
		}
	}
}

// mayFit gives those who have the term as it is, those who have half of it at
// a word that is near, and the same of its parts.
func (in *index) mayFit(t term) []iter.Seq[int] {
	all := []iter.Seq[int]{in.containing(t.needle())}
	for _, h := range halves(t.letters) {
		all = append(all, in.where(h.text, func(place int) bool { return in.nearAt(t, h, place) }))
	}
	for _, part := range t.parts {
		if part.letters != nil {
			all = append(all, in.mayFit(part)...)
		}
	}
	return all
}

// nearAt reports whether a term is near the word, or the address, at whose
// place a half of the term stands.
func (in *index) nearAt(t term, h half, place int) bool {
	inside := isWord
	if t.kind == Email {
		inside = func(c byte) bool { return c != '\n' }
	}
	start, end := place, place
	for start > 0 && inside(in.text[start-1]) {
		if start--; place-start > h.most {
			return false
		}
	}
	if place-start < h.least {
		return false
	}
	for end < len(in.text) && inside(in.text[end]) {
		end++
	}
	return near(t.letters, in.text[start:end]) < none
}

// words goes through the words of folded text.
func words(in string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for start := 0; start < len(in); {
			if !isWord(in[start]) {
				start++
				continue
			}
			end := start
			for end < len(in) && isWord(in[end]) {
				end++
			}
			if !yield(in[start:end]) {
				return
			}
			start = end
		}
	}
}

// near says whether letters are a word with a typing error, or its beginning.
func near(letters []rune, word string) kind {
	var room [48]rune
	full := room[:0]
	for _, r := range word {
		if len(full) == len(letters)+2 {
			break // longer than they can be
		}
		full = append(full, r)
	}
	if oneOff(letters, full) {
		return typo
	}
	for n := len(letters) - 1; n <= len(letters)+1 && n < len(full); n++ {
		if oneOff(letters, full[:n]) {
			return typoBegins
		}
	}
	return none
}

// oneOff reports whether one letter is wrong, missing or too many, or two
// neighbours are swapped.
func oneOff(a, b []rune) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch len(a) + len(b) {
	case 1:
		return true
	case 2:
		return len(a) == 1
	case 4:
		return len(a) == 2 && a[0] == b[1] && a[1] == b[0]
	}
	return false
}

// half is a part of a word that a typing error elsewhere leaves as it is, and
// how many bytes may be before it.
type half struct {
	text        string
	least, most int
}

// halves gives texts of which at least one stands in every word that letters
// could have been meant for: an error leaves one half as it was, unless it
// swapped the two letters where the halves meet.
func halves(letters []rune) []half {
	middle := len(letters) / 2
	first, second := string(letters[:middle]), string(letters[middle:])
	swapped := slices.Clone(letters)
	swapped[middle-1], swapped[middle] = swapped[middle], swapped[middle-1]
	return []half{
		{first, 0, 0},
		{second, len(first) - utf8.UTFMax, len(first) + utf8.UTFMax},
		{string(swapped), 0, 0},
	}
}
