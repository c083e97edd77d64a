package slackfmt

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// clean makes one line of text from elsewhere, at most limit UTF-16 units
// long. Control characters and those without a shape of their own are left
// out: some turn the direction of what follows. So are marks that pile up on
// one letter. What is cut off ends in "…", and what nobody could see is empty.
func clean(s string, limit int) string {
	marks := 0
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			marks = 0
			return ' '
		case r == zeroWidthJoiner || r == zeroWidthNonJoiner:
			return r // part of emoji and of words in some scripts
		case shapeless(r):
			return -1
		case !unicode.Is(unicode.M, r):
			marks = 0
			return r
		}
		if marks++; marks > maxMarks {
			return -1
		}
		return r
	}, s)
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }) {
		return ""
	}
	return clip(strings.Join(strings.Fields(s), " "), limit)
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// shapeless reports whether a rune is a control or format character, or what
// stands for a byte that is no text. Joiners are none.
func shapeless(r rune) bool {
	return r != zeroWidthJoiner && r != zeroWidthNonJoiner && (unicode.Is(unicode.C, r) || r == unicode.ReplacementChar)
}

const ellipsis = "…"

// clip cuts text to at most limit UTF-16 units, between what people take for
// characters: an emoji, a flag, a syllable or a letter with its marks is whole
// or gone. Only the first is cut within, if it alone exceeds the limit.
func clip(s string, limit int) string {
	switch {
	case units(s) <= limit:
		return s
	case limit < 1:
		return ""
	}
	room := limit - 1 // the ellipsis takes one
	end := wholeWithin(s, room)
	if end == 0 {
		end = within(s, room)
	}
	return strings.TrimRightFunc(s[:end], joins) + ellipsis
}

// wholeWithin is how many bytes of s fit as whole characters.
func wholeWithin(s string, room int) (end int) {
	for g := graphemes.FromString(s); g.Next(); {
		if room -= units(g.Value()); room < 0 {
			break
		}
		end = g.End()
	}
	return end
}

// within is how many bytes of s fit.
func within(s string, room int) int {
	for i, r := range s {
		if room -= utf16.RuneLen(r); room < 0 {
			return i
		}
	}
	return len(s)
}

// joins reports whether a rune is a space, or the joiner of an emoji whose
// other half was cut off.
func joins(r rune) bool {
	return unicode.IsSpace(r) || r == zeroWidthJoiner
}
