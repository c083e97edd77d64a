package zohosim

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of a search.
// Source: Zoho CRM v7 documentation, "Search Records"; that brackets nest no
// deeper is a guess.
const (
	maxCriteria = 10
	maxIn       = 100
	maxNesting  = 20
	maxFound    = 2000
	minWord     = 2
)

// match reports whether a record is one of those looked for.
type match func(object) bool

// search answers GET /{Module}/search. A record is in Zoho's index when the
// lag has passed since it was made. That parameters which cannot be served give
// 400 INVALID_DATA, and that an unknown name in fields is ignored, are guesses.
func (m *module) search(q url.Values, now time.Time, c Config) (found result, refused *refusal) {
	matches, refused := m.searched(q, c.ExactEquals)
	if refused != nil {
		return result{}, refused
	}
	converted, ok := conversions[cmp.Or(q.Get("converted"), "false")]
	if !ok {
		return result{}, badParameter("converted")
	}
	page, bad := pageOf(q)
	switch {
	case bad != "":
		return result{}, badParameter(bad)
	case page.beyond():
		return result{}, &refusal{http.StatusBadRequest, "LIMIT_REACHED", "maximum response iteration limit reached", object{"limit": "2000"}}
	}
	hidden := func(r object) bool { return c.IndexLag > 0 && createdAfter(r, now.Add(-c.IndexLag)) }
	records := m.latest(func(r object) bool { return converted(r) && !hidden(r) && matches(r) })
	return m.found(records, page, q.Get("fields")), nil
}

// pageOf reads which page is asked for and names the parameter that cannot be
// served.
func pageOf(q url.Values) (p paging, bad string) {
	s, bad := selected(url.Values{"page": q["page"], "per_page": q["per_page"]}, "")
	return s.paging, bad
}

// beyond is a page that ends behind the last record that pages reach, a guess.
func (p paging) beyond() bool { return p.page > maxFound/p.perPage }

// conversions are the values of the parameter converted. Only leads have the
// key.
var conversions = map[string]match{
	"false": func(r object) bool { return r[convertedKey] != true },
	"true":  func(r object) bool { return r[convertedKey] == true },
	"both":  func(object) bool { return true },
}

func createdAfter(record object, t time.Time) bool {
	text, _ := record["Created_Time"].(string)
	created, err := time.Parse(time.RFC3339, text)
	return err == nil && created.After(t)
}

// latest are the records looked for, the highest id first.
func (m *module) latest(keep match) []object {
	var records []object
	for _, r := range m.records {
		if keep(r) {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b object) int { return idOf(b).compare(idOf(a)) })
	return records
}

// found is one page of records, a list of which it keeps.
func (m *module) found(records []object, p paging, fields string) result {
	from := min((p.page-1)*p.perPage, len(records))
	to := min(from+p.perPage, len(records))
	data := records[from:to]
	for i := range data {
		data[i] = m.cut(data[i], fields)
	}
	return result{m.name, data, object{
		"per_page": p.perPage, "count": to - from, "page": p.page, "more_records": to < len(records),
		"sort_by": "id", "sort_order": "desc",
	}}
}

// cut is a record's id with the fields asked for, all if there are none.
func (m *module) cut(record object, fields string) object {
	if fields == "" {
		return record
	}
	o := object{"id": record["id"]}
	for name := range strings.SplitSeq(fields, ",") {
		name = strings.TrimSpace(name)
		v, has := record[name]
		if _, known := m.field(name); known || has {
			o[name] = v
		}
	}
	return o
}

// searched is what the first of the four parameters looks for; the others are
// ignored.
func (m *module) searched(q url.Values, exact bool) (match, *refusal) {
	switch {
	case q.Get("criteria") != "":
		return m.criteria(q.Get("criteria"), exact)
	case q.Get("email") != "":
		return m.anyField("email", strings.ToLower, q.Get("email")), nil
	case q.Get("phone") != "":
		return m.anyField("phone", digits, q.Get("phone")), nil
	case q.Get("word") != "":
		return m.word(q.Get("word"))
	}
	return nil, &refusal{http.StatusBadRequest, "EXPECTED_PARAM_MISSING", "mandatory param missing",
		object{"param_names": []string{"criteria", "email", "phone", "word"}}}
}

// anyField looks for a value in the fields of a kind. What makes two e-mail
// addresses the same (all letters, in either case) and two numbers (all
// digits) is a guess.
func (m *module) anyField(kind string, essence func(string) string, wanted string) match {
	wanted = essence(wanted)
	return func(r object) bool {
		for _, f := range m.fields {
			if text, ok := wire(r[f.name]); ok && f.kind == kind && wanted != "" && essence(text) == wanted {
				return true
			}
		}
		return false
	}
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// word looks for records in whose texts every word begins a word, a guess, and
// so is it that all but letters, digits and spaces are special characters.
func (m *module) word(phrase string) (match, *refusal) {
	special := func(r rune) bool { return notOfWord(r) && r != ' ' }
	if utf8.RuneCountInString(strings.TrimSpace(phrase)) < minWord || strings.ContainsFunc(phrase, special) {
		return nil, badParameter("word")
	}
	wanted := strings.Fields(strings.ToLower(phrase))
	return func(r object) bool {
		text := m.text(r)
		return !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(text, " "+w) })
	}, nil
}

func notOfWord(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) }

// text has all words of a record, each behind a space.
func (m *module) text(r object) string {
	var b strings.Builder
	for _, f := range m.fields {
		if text, ok := wire(r[f.name]); ok && (f.family() == texts || f.family() == choices) {
			for _, word := range strings.FieldsFunc(strings.ToLower(text), notOfWord) {
				b.WriteString(" " + word)
			}
		}
	}
	return b.String()
}

func badParameter(name string) *refusal {
	return &refusal{http.StatusBadRequest, "INVALID_DATA", "invalid data", object{"param_name": name}}
}

func badCriteria(details object) *refusal {
	return &refusal{http.StatusBadRequest, "INVALID_QUERY", "Invalid query formed", details}
}

// criteria reads a list of conditions in brackets, or one without them.
// Zoho's documentation shows both.
func (m *module) criteria(text string, exact bool) (match, *refusal) {
	c := criteria{m: m, rest: text, exact: exact}
	if !utf8.ValidString(text) {
		c.fail("not UTF-8")
	}
	matches := match(nil)
	if strings.HasPrefix(strings.TrimSpace(text), "(") {
		matches = c.list()
	} else {
		matches = c.condition()
	}
	if strings.TrimSpace(c.rest) != "" {
		c.fail("unexpected text behind the criteria")
	}
	return matches, c.refused
}

// criteria is what is left to read. Its first refusal stands, and nothing is
// left then.
type criteria struct {
	m                 *module
	rest              string
	exact             bool // equals on text means the whole
	nesting, quantity int
	refused           *refusal
}

func (c *criteria) fail(reason string) { c.refuse(object{"reason": reason}) }

func (c *criteria) refuse(details object) {
	if c.refused == nil {
		c.refused = badCriteria(details)
	}
	c.rest = ""
}

// next takes a token, in whose case nothing counts, and reports whether it was
// there.
func (c *criteria) next(token string) bool {
	rest := strings.TrimLeft(c.rest, " ")
	if len(rest) < len(token) || !strings.EqualFold(rest[:len(token)], token) {
		return false
	}
	c.rest = rest[len(token):]
	return true
}

// list joins its items from left to right, a guess where both and and or
// stand.
func (c *criteria) list() match {
	left := c.item()
	for {
		switch {
		case c.next("and"):
			left = left.and(c.item())
		case c.next("or"):
			left = left.or(c.item())
		default:
			return left
		}
	}
}

func (m match) and(n match) match { return func(r object) bool { return m(r) && n(r) } }

func (m match) or(n match) match { return func(r object) bool { return m(r) || n(r) } }

func (c *criteria) item() (m match) {
	if c.nesting++; c.nesting > maxNesting || !c.next("(") {
		c.fail("brackets missing, or too many of them")
		return nil
	}
	if strings.HasPrefix(strings.TrimLeft(c.rest, " "), "(") {
		m = c.list()
	} else {
		m = c.condition()
	}
	if !c.next(")") {
		c.fail("bracket not closed")
	}
	c.nesting--
	return m
}

// condition reads field:operator:value.
func (c *criteria) condition() match {
	if c.quantity++; c.quantity > maxCriteria {
		c.fail("more than 10 criteria")
	}
	name, rest, _ := strings.Cut(c.rest, ":")
	operator, rest, ok := strings.Cut(rest, ":")
	if !ok {
		c.fail("not field:operator:value")
		return nil
	}
	c.rest = rest
	values := c.values()
	f, known := c.m.field(strings.TrimSpace(name))
	if !known {
		c.refuse(object{"reason": "the field is not available for search", "api_name": strings.TrimSpace(name)})
		return nil
	}
	return c.compare(f, operator, values)
}

// values reads up to the closing bracket and splits at commas. A backslash
// before a bracket, a comma or a backslash makes it plain text; before
// anything else it is plain text itself, a guess.
func (c *criteria) values() (values []string) {
	var b strings.Builder
	for i := 0; ; i++ {
		switch {
		case i == len(c.rest) || c.rest[i] == ')':
			c.rest = c.rest[i:]
			return append(values, b.String())
		case c.rest[i] == '(':
			c.fail("bracket in a value, not escaped")
			return nil
		case c.rest[i] == ',':
			values = append(values, b.String())
			b.Reset()
			continue
		case c.rest[i] == '\\' && i+1 < len(c.rest) && strings.IndexByte(`\(),`, c.rest[i+1]) >= 0:
			i++
		}
		b.WriteByte(c.rest[i])
	}
}

// searchOperators are from Zoho CRM v7's documentation, "Search Records".
var searchOperators = map[family][]string{
	texts:   {"equals", "not_equal", "starts_with", "in"},
	choices: {"equals", "not_equal", "in"},
	links:   {"equals", "not_equal", "in"},
	flags:   {"equals", "not_equal"},
	sizes:   {"equals", "not_equal", "in", "less_than", "less_equal", "greater_than", "greater_equal", "between"},
}

// signs are other names of operators.
var signs = map[string]string{"less_than": "<", "less_equal": "<=", "greater_than": ">", "greater_equal": ">="}

// compare makes a condition of its parts.
func (c *criteria) compare(f field, operator string, texts []string) match {
	most := map[string]int{"in": maxIn, "between": 2}[operator]
	switch {
	case !slices.Contains(searchOperators[f.family()], operator):
		c.refuse(object{"reason": "invalid operator found", "operator": operator, "api_name": f.name})
		return nil
	case len(texts) > max(most, 1) || operator == "between" && len(texts) < 2:
		c.refuse(object{"reason": "number of values", "operator": operator, "api_name": f.name, "param_name": f.name})
		return nil
	}
	var values []value
	for _, text := range texts {
		v, ok := f.parse(f.folded(text))
		if !ok || text == "" { // that no value is refused is a guess
			c.refuse(object{"reason": "invalid value", "value": text, "expected_data_type": f.kind, "api_name": f.name})
			return nil
		}
		values = append(values, v)
	}
	return func(r object) bool {
		text, _ := wire(r[f.name])
		v, has := f.parse(f.folded(text))
		switch has = has && text != ""; operator {
		case "equals", "in":
			return has && c.equals(f, v, values)
		case "not_equal":
			return !has || !c.equals(f, v, values)
		}
		return has && holds[cmp.Or(signs[operator], operator)](v, values)
	}
}

// folded is a text whose letters are in one case, where case does not count.
func (f field) folded(text string) string {
	if f.family() == texts || f.family() == choices {
		return strings.ToLower(text)
	}
	return text
}

// equals behaves like contains on text, or not: on that sources differ. That in does too, and that not_equal
// is its opposite and finds records without a value, are guesses.
func (c *criteria) equals(f field, v value, anyOf []value) bool {
	if f.family() != texts || c.exact {
		return slices.Contains(anyOf, v)
	}
	return slices.ContainsFunc(anyOf, func(w value) bool { return strings.Contains(v.text, w.text) })
}
