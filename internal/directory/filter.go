package directory

import (
	"slices"
	"strings"
)

// filter reports whether somebody passes.
type filter func(person int) bool

// filteredBy says in which columns a filter looks: it takes names and ids. For
// FilterManager see managedBy.
var filteredBy = map[string][]int{
	FilterRole:    {colRole, colRoleID},
	FilterProfile: {colProfile, colProfileID},
	FilterStatus:  {colStatus},
	FilterType:    {colType},
	FilterTZ:      {colTimeZone},
	FilterCountry: {colCountry},
}

// newFilters makes one filter of all that have a name: whom one of them lets
// pass, passes.
func (s *Snapshot) newFilters(all []Filter) []filter {
	byName := map[string][]filter{}
	for _, f := range all {
		byName[f.Name] = append(byName[f.Name], s.newFilter(f))
	}
	var filters []filter
	for _, some := range byName {
		filters = append(filters, anyOf(some))
	}
	return filters
}

func anyOf(some []filter) filter {
	if len(some) == 1 {
		return some[0]
	}
	return func(person int) bool {
		for _, f := range some {
			if f(person) {
				return true
			}
		}
		return false
	}
}

func (s *Snapshot) newFilter(f Filter) filter {
	switch f.Name {
	case FilterConfirmed:
		return func(person int) bool { return (s.flags[person]&flagUnconfirmed == 0) == (f.Value == Yes) }
	case FilterManager:
		return s.managedBy(f)
	}
	var columns []filter
	for _, c := range filteredBy[f.Name] {
		columns = append(columns, columnFilter(&s.columns[c], taking(c, f)))
	}
	return anyOf(columns)
}

// taking says which texts of a column a filter takes: an id in full, and of
// others those that have all the words.
func taking(c int, f Filter) func(text string) bool {
	value := fold(f.Value)
	switch {
	case c == colRoleID || c == colProfileID || c == colManagerID:
		return func(text string) bool { return text == f.Value }
	case c == colStatus && value == "inactive":
		return func(text string) bool { return holds(fold(text), value) || isInactive(text) }
	default:
		return func(text string) bool { return holds(fold(text), value) }
	}
}

// columnFilter compares each text of a shared column once.
func columnFilter(c *column, fits func(text string) bool) filter {
	allowed := make([]bool, len(c.ends))
	for n := range allowed {
		allowed[n] = fits(c.text(uint32(n)))
	}
	return func(person int) bool { return allowed[c.refs[person]] }
}

// holds reports whether every word of a value begins a word of a text.
func holds(text, value string) bool {
	for word := range words(value) {
		if occurrence(text, word) > begins {
			return false
		}
	}
	return value != ""
}

// isInactive reports whether somebody has a status that Zoho's documentation
// calls inactive, though its own sample says disabled.
func isInactive(status string) bool {
	s := fold(status)
	return s == "disabled" || strings.HasPrefix(s, "disabled ")
}

// passes reports whether somebody passes all filters.
func (w *wanted) passes(person int) bool {
	for _, f := range w.filters {
		if !f(person) {
			return false
		}
	}
	return true
}

// has reports whether anybody has a value that a filter takes.
func (s *Snapshot) has(f Filter) bool {
	if f.Name == FilterManager {
		return s.anybody(s.managedBy(f))
	}
	for _, c := range filteredBy[f.Name] {
		takes := taking(c, f)
		for n := range s.columns[c].ends {
			if takes(s.columns[c].text(uint32(n))) {
				return true
			}
		}
	}
	return false
}

func (s *Snapshot) anybody(passes filter) bool {
	for person := range s.len() {
		if passes(person) {
			return true
		}
	}
	return false
}

// withLongerValues takes words for the rest of a filter's value, where somebody
// has such a value.
func (s *Snapshot) withLongerValues(q Query) (longer Query, ok bool) {
	longer.Filters = slices.Clone(q.Filters)
	for _, t := range q.Terms {
		if t.Kind != Word || !s.lengthen(longer.Filters, t.Text) {
			longer.Terms = append(longer.Terms, t)
		}
	}
	return longer, len(longer.Terms) < len(q.Terms)
}

// lengthen adds a word to the first value that can have it.
func (s *Snapshot) lengthen(filters []Filter, word string) bool {
	for i, f := range filters {
		if f.Value += " " + word; s.has(f) {
			filters[i] = f
			return true
		}
	}
	return false
}

// asFilter gives a filter that takes what was typed without one, or nothing.
func (s *Snapshot) asFilter(q Query) string {
	var typed []string
	for _, t := range q.Terms {
		typed = append(typed, t.Text)
	}
	if len(q.Filters) > 0 || len(typed) == 0 {
		return ""
	}
	for _, name := range []string{FilterStatus, FilterRole, FilterProfile, FilterType, FilterCountry, FilterTZ} {
		if f := (Filter{name, strings.Join(typed, " ")}); s.has(f) {
			return f.String()
		}
	}
	return ""
}
