package zoho

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxCriteria is how many criteria a search can have; SearchRecords sends no
// more.
// Source: Zoho CRM v7 documentation, "Search Records".
const MaxCriteria = 10

// Criteria is what a search of records looks for. It is empty where nothing can
// be looked for.
type Criteria string

// Holding is a criterion that a text field holds all of a text, in any order of
// its parts where Zoho's language has no words for what is between them. It
// finds more than is meant, never less: whoever asks looks at what comes back.
// It has up to three criteria, and is empty where field is no API name.
//
// That equals holds where the field's text contains the other is Zoho's word
// for it. Should it compare whole texts, then less is found, and a query by
// Like is the way to find the rest.
// Source: Zoho CRM v7 documentation, "Search Records".
func Holding(field, text string) Criteria {
	var all Criteria
	if !IsAPIName(field) {
		return all
	}
	for _, part := range parts(text, `\`) {
		all = all.And(Criteria("(" + field + ":equals:" + escaped.Replace(part) + ")"))
	}
	return all
}

// escaped are the characters that Zoho documents how to escape. Of the backslash
// itself it does not say.
var escaped = strings.NewReplacer("(", `\(`, ")", `\)`, ",", `\,`)

// And and Or join criteria; an empty one is left out.
func (a Criteria) And(b Criteria) Criteria { return joined(a, "and", b) }
func (a Criteria) Or(b Criteria) Criteria  { return joined(a, "or", b) }

// Size is how many criteria they are.
func (a Criteria) Size() int {
	n, innermost := 0, false
	for i := 0; i < len(a); i++ {
		switch a[i] {
		case '\\':
			i++
		case '(':
			innermost = true
		case ')':
			if innermost {
				n++
			}
			innermost = false
		}
	}
	return n
}

// joined brackets two in a pair.
func joined[T ~string](a T, operator string, b T) T {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return "(" + a + T(operator) + b + ")"
}

// What is sent of a text at most. What holds the whole text holds this of it.
const (
	maxParts      = 3
	maxPartLength = 100 // characters
)

// parts cuts a text at the characters that have a meaning in a language or could
// have: sources differ on how those are escaped. What is left means the same
// under every reading.
func parts(text, special string) []string {
	cut := func(r rune) bool {
		return r == utf8.RuneError || strings.ContainsRune(special, r) || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp)
	}
	var all []string
	for part := range strings.FieldsFuncSeq(text, cut) {
		part = strings.TrimSpace(first(strings.TrimSpace(part), maxPartLength))
		if part != "" && len(all) < maxParts && !slices.Contains(all, part) {
			all = append(all, part)
		}
	}
	return all
}

// first are the first n characters of a text.
func first(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
