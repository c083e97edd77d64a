package directory

import "strings"

// filter reports whether somebody passes.
type filter func(person int) bool

// filteredBy says in which columns a filter looks: it takes names and ids.
var filteredBy = map[string][]int{
	FilterRole:    {colRole, colRoleID},
	FilterProfile: {colProfile, colProfileID},
	FilterStatus:  {colStatus},
	FilterType:    {colType},
	FilterManager: {colManager, colManagerID},
	FilterTZ:      {colTimeZone},
	FilterCountry: {colCountry},
}

// newFilters makes one filter of all that have a name: whom one of them lets
// pass, passes.
func newFilters(all []Filter, p *people) []filter {
	byName := map[string][]filter{}
	for _, f := range all {
		byName[f.Name] = append(byName[f.Name], newFilter(f, p))
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

func newFilter(f Filter, p *people) filter {
	if f.Name == FilterConfirmed {
		return func(person int) bool { return (p.flags[person]&flagUnconfirmed == 0) == (f.Value == Yes) }
	}
	var columns []filter
	for _, c := range filteredBy[f.Name] {
		columns = append(columns, columnFilter(&p.columns[c], f))
	}
	return anyOf(columns)
}

// columnFilter compares each text of a shared column once.
func columnFilter(c *column, f Filter) filter {
	value := fold(f.Value)
	allowed := make([]bool, len(c.ends))
	for n := range allowed {
		allowed[n] = holds(fold(c.text(uint32(n))), value) || f.Name == FilterStatus && value == "inactive" && isInactive(c.text(uint32(n)))
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
