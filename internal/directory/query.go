package directory

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Query is what somebody looks for: every term and every filter has to fit; of
// filters of one name any one.
type Query struct {
	Terms   []Term
	Filters []Filter
}

// Term is something by which people are looked for.
type Term struct {
	Kind Kind
	Text string // never empty
}

// Kind says what a term is, and with that what its text holds.
type Kind int

const (
	Word    Kind = iota // a word in the case it was typed in
	Phrase              // words that belong together, with one blank between them
	Email               // an address or a part of one that has its @; lower case
	Phone               // 7 to 15 digits, with a + before them if one was typed
	ID                  // a Zoho user's id: 15 to 20 digits
	Mention             // a Slack user's id, as in U012AB3CD
)

// Filter is a condition on one field.
type Filter struct {
	Name  string // one of FilterNames
	Value string // never empty; Yes or No for FilterConfirmed, else as typed, but addresses as in Email and links as in ID
}

// The names of filters.
const (
	FilterRole      = "role"
	FilterProfile   = "profile"
	FilterStatus    = "status"
	FilterConfirmed = "confirmed"
	FilterType      = "type"
	FilterManager   = "manager" // by the reporting line or, without one, by the role tree: see Managers
	FilterTZ        = "tz"
	FilterCountry   = "country"
)

// The values of FilterConfirmed.
const (
	Yes = "yes"
	No  = "no"
)

var filterNames = []string{FilterRole, FilterProfile, FilterStatus, FilterConfirmed, FilterType, FilterManager, FilterTZ, FilterCountry}

// FilterNames gives the names of all filters, those first that are used most.
func FilterNames() []string { return slices.Clone(filterNames) }

// otherNames are further spellings of filters.
var otherNames = map[string]string{"timezone": FilterTZ, "time_zone": FilterTZ, "time-zone": FilterTZ}

var truth = map[string]string{"yes": Yes, "y": Yes, "true": Yes, "no": No, "n": No, "false": No}

// SyntaxError says what in a text was not understood. Its fields are for the
// person who typed it; Error gives nothing of what was typed.
type SyntaxError struct {
	Reason  Reason
	Text    string // the part in question, shortened; empty for TooLong and TooMany
	Nearest string // the filter that Text belongs to or, if unknown, was probably meant for; or empty; of UnknownCount, one of CountNames
}

// Reason is why a text is no query.
type Reason int

const (
	UnknownFilter Reason = iota + 1 // Text is the name that was typed
	NoValue                         // Text is the name of a filter and what follows it
	BadValue                        // Text is a value that the filter does not take
	ForeignLink                     // Text is a link to something other than a Zoho CRM user
	NotAPerson                      // Text is a channel, a group or everybody, as Slack mentions them
	Nonsense                        // Text has no letter and no digit
	TooLong                         // there are more than MaxQuery characters
	TooMany                         // there are more than MaxParts terms and filters
	UnknownCount                    // Text is what people cannot be counted by, or empty
)

var reasons = map[Reason]string{
	UnknownFilter: "unknown filter",
	NoValue:       "filter without a value",
	BadValue:      "value that its filter does not take",
	ForeignLink:   "link to something other than a CRM user",
	NotAPerson:    "mention of something other than a person",
	Nonsense:      "neither letters nor digits",
	TooLong:       "too long",
	TooMany:       "too many terms and filters",
	UnknownCount:  "unknown field to count by",
}

// Error says the reason alone, so that it can be logged.
func (e *SyntaxError) Error() string { return "query: " + reasons[e.Reason] }

const (
	MaxQuery = 300 // characters of a query's String
	MaxParts = 10  // terms and filters of a query

	maxText    = 4000 // bytes that are looked at; links are far longer than what becomes of them
	maxExcerpt = 40   // characters of SyntaxError.Text
)

// Empty reports whether nothing is looked for, so that everybody fits.
func (q Query) Empty() bool { return len(q.Terms)+len(q.Filters) == 0 }

// With gives the query with a filter instead of all of its name.
func (q Query) With(f Filter) Query {
	q = q.Without(f.Name)
	q.Filters = append(q.Filters, f)
	return q
}

// Without gives the query without the filters of a name.
func (q Query) Without(name string) Query {
	all := q.Filters
	q.Filters = nil
	for _, f := range all {
		if f.Name != name {
			q.Filters = append(q.Filters, f)
		}
	}
	return q
}

// String gives the query as it is typed, terms before filters. Parse makes the
// same query of it.
func (q Query) String() string {
	var parts []string
	for _, t := range q.Terms {
		parts = append(parts, t.String())
	}
	for _, f := range q.Filters {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, " ")
}

// String gives the term as it is typed.
func (t Term) String() string {
	switch {
	case t.Kind == Mention:
		return "<@" + t.Text + ">"
	case t.Kind == Phrase:
		return quoted(t.Text)
	case t.Kind == ID && len(t.Text) < minID:
		return idPrefix + t.Text
	}
	return escaped.Replace(t.Text)
}

// String gives the filter as it is typed.
func (f Filter) String() string {
	first, _ := utf8.DecodeRuneInString(f.Value)
	if isSpoken(first) && !strings.ContainsFunc(f.Value, endsWord) && !strings.Contains(f.Value, ",") && bareValue(f.Value) == f.Value {
		return f.Name + ":" + escaped.Replace(f.Value)
	}
	return f.Name + ":" + quoted(f.Value)
}

func quoted(s string) string { return `"` + escaped.Replace(s) + `"` }

// escaped keeps apart what Parse would take for an escaped character. Nothing
// else needs escaping: no text of a query has angle brackets.
var escaped = strings.NewReplacer("&amp;", "&amp;amp;", "&lt;", "&amp;lt;", "&gt;", "&amp;gt;")

// excerpt shortens what is shown of a faulty text.
func excerpt(s string) string {
	if letters := []rune(s); len(letters) > maxExcerpt {
		return string(letters[:maxExcerpt-1]) + "…"
	}
	return s
}
