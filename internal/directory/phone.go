package directory

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// How many digits a phone number has.
const (
	minNumber = 7
	maxNumber = 15 // Source: ITU-T E.164
)

// numberRun says how many of the terms, from the first on, may be written
// apart and yet be one phone number. A plus begins another.
func numberRun(typed []Term) int {
	for i, t := range typed {
		if t.Kind != Word || !isNumber(t.Text) || isID(t.Text, minID) || i > 0 && strings.HasPrefix(number(t.Text), "+") {
			return i
		}
	}
	return len(typed)
}

func isNumber(word string) bool {
	return strings.Trim(word, "0123456789+-()./‐‒–—―−") == ""
}

// numbers gives the phone number of a run, or several; what has too few digits
// or too many stays a word.
func numbers(run []Term) []Term {
	whole := ""
	for _, t := range run {
		whole += t.Text
	}
	short := withoutTrunk(whole)
	switch {
	case isPhone(short):
		return []Term{{Phone, number(short)}}
	case digitsIn(short) > maxNumber:
		return apart(run)
	}
	return run
}

func apart(run []Term) []Term {
	for i, t := range run {
		if isPhone(t.Text) {
			run[i] = Term{Phone, number(t.Text)}
		}
	}
	return run
}

func isPhone(s string) bool { return minNumber <= digitsIn(s) && digitsIn(s) <= maxNumber }

// trunk is the zero that is dialled at home, as written behind a country code.
var trunk = regexp.MustCompile(`^([^0-9]*(?:\+|00)[0-9]{1,3}[^0-9]*)\(0\)`)

// withoutTrunk leaves that zero out, unless too little would be left.
func withoutTrunk(s string) string {
	if short := trunk.ReplaceAllString(s, "$1"); digitsIn(short) >= minNumber {
		return short
	}
	return s
}

func digitsIn(s string) int { return len(strings.TrimPrefix(number(s), "+")) }

// number gives the digits, and a plus if one is before them.
func number(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if plus := strings.IndexByte(s, '+'); plus >= 0 && plus < strings.IndexAny(s, "0123456789") {
		return "+" + digits
	}
	return digits
}

// digitsOf gives a phone number's digits without the zeros before them, the
// zero that is dialled at home, and an extension.
func digitsOf(phone string) string {
	if !isASCII(phone) {
		phone = norm.NFKC.String(phone)
	}
	if i := strings.IndexFunc(phone, isExtension); i >= 0 && digitsIn(phone[:i]) >= minDigits {
		phone = phone[:i]
	}
	if strings.Contains(phone, "(0)") {
		phone = withoutTrunk(phone)
	}
	return strings.TrimLeft(number(phone), "+0")
}

// isExtension reports whether an extension's number follows, as in 555 0100 x12.
func isExtension(r rune) bool {
	return r == '#' || r == ';' || r == ',' || unicode.IsLetter(r)
}
