package directory

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"crmwho/internal/zoho"
)

// Match gives the users whom the words fit, in any order and case: each word
// begins a part of the name or the alias, or the e-mail address. Closer fits
// come first: the whole name, then whole parts of it, beginnings of parts, and
// the e-mail address; then active people; then by name. An e-mail address or
// an id in full is meant as it stands and gives its owner alone.
func Match(users []zoho.User, words string) []zoho.User {
	asked := strings.Fields(strings.ToLower(words))
	if len(asked) == 0 {
		return nil
	}
	var keyed []zoho.User
	var fitting []fit
	for _, u := range users {
		if len(asked) == 1 && (asked[0] == u.ID || asked[0] == strings.ToLower(u.Email)) {
			keyed = append(keyed, u)
		}
		if c, ok := closenessOf(u, asked); ok {
			fitting = append(fitting, fit{u, c})
		}
	}
	if len(keyed) > 0 {
		return keyed
	}
	slices.SortStableFunc(fitting, func(a, b fit) int {
		return cmp.Or(cmp.Compare(a.closeness, b.closeness), byStanding(a.user, b.user))
	})
	found := make([]zoho.User, len(fitting))
	for i, f := range fitting {
		found[i] = f.user
	}
	return found
}

// fit is somebody whom the words fit, and how closely: lower is closer.
type fit struct {
	user      zoho.User
	closeness int
}

const (
	wholeName = iota
	wholeParts
	beginnings
	byEmail
)

func closenessOf(u zoho.User, asked []string) (closeness int, ok bool) {
	parts := nameParts(u)
	email := strings.ToLower(u.Email)
	for _, word := range asked {
		switch {
		case slices.Contains(parts, word):
			closeness = max(closeness, wholeParts)
		case slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(part, word) }):
			closeness = max(closeness, beginnings)
		case strings.HasPrefix(email, word):
			closeness = max(closeness, byEmail)
		default:
			return 0, false
		}
	}
	if strings.Join(asked, " ") == strings.Join(strings.Fields(strings.ToLower(u.FullName)), " ") {
		return wholeName, true
	}
	return closeness, true
}

// nameParts are the words of the names, and again what punctuation separates
// in them, so that both "o'neil" and "neil" find O'Neil.
func nameParts(u zoho.User) []string {
	names := strings.ToLower(strings.Join([]string{u.FullName, u.FirstName, u.LastName, u.Alias}, " "))
	between := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }
	return append(strings.Fields(names), strings.FieldsFunc(names, between)...)
}

// byStanding orders active people before others and the deleted last, then by
// name and id.
func byStanding(a, b zoho.User) int {
	return cmp.Or(
		cmp.Compare(standing(a), standing(b)),
		cmp.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName)),
		cmp.Compare(len(a.ID), len(b.ID)),
		cmp.Compare(a.ID, b.ID),
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
