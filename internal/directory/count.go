package directory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Count is how many people have something in common.
type Count struct {
	Name   string // as Zoho writes it; empty for those who have nothing there
	People int
	Active int // of them
}

// countedBy says of which columns people can be counted by.
var countedBy = map[string]int{
	FilterRole: colRole, FilterProfile: colProfile, FilterType: colType, FilterStatus: colStatus,
	FilterCountry: colCountry, FilterTZ: colTimeZone, FilterManager: colManager,
}

var countNames = []string{FilterRole, FilterProfile, FilterType, FilterStatus, FilterCountry, FilterTZ, FilterManager}

// CountNames gives the names of what people can be counted by: those of filters.
func CountNames() []string { return slices.Clone(countNames) }

// otherCounts are further names of what people can be counted by.
var otherCounts = map[string]string{
	"roles": FilterRole, "profiles": FilterProfile, "types": FilterType, "statuses": FilterStatus, "countries": FilterCountry,
	"timezone": FilterTZ, "timezones": FilterTZ, "time zone": FilterTZ, "time zones": FilterTZ,
	"time-zone": FilterTZ, "time-zones": FilterTZ, "time_zone": FilterTZ, "time_zones": FilterTZ, "managers": FilterManager,
}

// Count counts the people whom a query fits by what they have in a field, one
// of CountNames: of a manager, by the name that the reporting line has. The
// most frequent value comes first, then it goes by name, and who has none comes
// last. People are found as by Search, but those who are suggestions only are
// not counted: nil stands for nobody.
func (s *Snapshot) Count(q Query, by string) []Count {
	c, ok := countedBy[by]
	_, hits := s.fitting(q)
	if !ok || len(hits) == 0 {
		return nil
	}
	counts := s.tally(hits, c)
	folded := make(map[string]string, len(counts))
	for _, c := range counts {
		folded[c.Name] = fold(c.Name)
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(
			strings.Compare(b.Name, "")-strings.Compare(a.Name, ""), // none last
			b.People-a.People,
			strings.Compare(folded[a.Name], folded[b.Name]),
			strings.Compare(a.Name, b.Name),
		)
	})
	return counts
}

// tally counts people by the texts of a shared column.
func (s *Snapshot) tally(hits []hit, c int) []Count {
	column := &s.columns[c]
	counts := make([]Count, len(column.ends))
	for n := range counts {
		counts[n].Name = column.text(uint32(n))
	}
	for _, h := range hits {
		n := column.refs[h.person()]
		counts[n].People++
		if h.person() < s.active {
			counts[n].Active++
		}
	}
	return slices.DeleteFunc(counts, func(c Count) bool { return c.People == 0 })
}

// From a text to a query and what is counted.

// ParseCount understands, besides what Parse does, one "by role" or the like
// anywhere among the words, in the singular or plural: by is one of CountNames
// then, and else it is empty. Other words after a "by" are words, unless the
// text begins with it.
func ParseCount(text string) (q Query, by string, err error) {
	p, err := parse(text, true)
	return p.Query, p.by, err
}

// isBy knows the word that asks to count.
func isBy(t Term) bool { return t.Kind == Word && strings.EqualFold(t.Text, "by") }

// countsBy takes what follows a "by", if people can be counted by it and are
// not yet.
func (p *parser) countsBy() bool {
	for words := min(2, len(p.left)); words > 0 && p.by == ""; words-- {
		if name := countCalled(p.left[:words]); name != "" {
			p.by, p.left = name, p.left[words:]
			return true
		}
	}
	return false
}

// countCalled gives the name of what words mean that people can be counted by,
// or nothing.
func countCalled(words []Term) string {
	var typed []string
	for _, t := range words {
		if t.Kind != Word {
			return ""
		}
		typed = append(typed, strings.ToLower(t.Text))
	}
	name := strings.Join(typed, " ")
	if slices.Contains(countNames, name) {
		return name
	}
	return otherCounts[name]
}

// unknownCount says what follows a "by" at the beginning.
func unknownCount(left []Term) error {
	if len(left) == 0 {
		return &SyntaxError{Reason: UnknownCount}
	}
	typed, _, _ := strings.Cut(left[0].Text, ":")
	nearest := Nearest(typed, append(CountNames(), slices.Sorted(maps.Keys(otherCounts))...))
	return &SyntaxError{UnknownCount, excerpt(left[0].String()), cmp.Or(otherCounts[nearest], nearest)}
}
