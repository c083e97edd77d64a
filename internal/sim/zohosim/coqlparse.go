package zohosim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// token is a piece of a query.
type token struct {
	kind tokenKind
	text string // of a literal: what it stands for
}

type tokenKind int

const (
	endToken tokenKind = iota
	wordToken
	numberToken
	literalToken
	symbolToken
	badToken
)

// keywords cannot be names of fields.
var keywords = strings.Fields("select from where and or not in is null like between group order by limit offset as asc desc true false")

var symbols = []string{"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","}

// lex reads the token that a text begins with.
func lex(s string) (t token, size int) {
	word := func(r rune) bool { return r == '_' || r == '.' || r == '$' || r < utf8.RuneSelf && !notOfWord(r) }
	size = len(s) - len(strings.TrimLeftFunc(s, word))
	switch {
	case s == "":
		return token{}, 0
	case s[0] == '\'' || s[0] == '"':
		return literal(s)
	case s[0] == '-':
		size = len(s) - len(strings.TrimLeftFunc(s[1:], word))
		return token{numberToken, s[:size]}, size
	case '0' <= s[0] && s[0] <= '9':
		return token{numberToken, s[:size]}, size
	case size > 0:
		return token{wordToken, s[:size]}, size
	}
	for _, symbol := range symbols {
		if strings.HasPrefix(s, symbol) {
			return token{symbolToken, symbol}, len(symbol)
		}
	}
	_, size = utf8.DecodeRuneInString(s)
	return token{badToken, s[:size]}, size
}

// literal reads a text in single or double quotes. A quote in it is doubled or
// has a backslash in front, and a backslash before a backslash is one; before
// anything else it is plain text, a guess.
func literal(s string) (t token, size int) {
	var b strings.Builder
	quote := s[0]
	for i := 1; i < len(s); i++ {
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case s[i] == quote && next == quote || s[i] == '\\' && (next == quote || next == '\\'):
			i++
		case s[i] == quote:
			return token{literalToken, b.String()}, i + 1
		}
		b.WriteByte(s[i])
	}
	return token{badToken, s[:1]}, 1
}

// parser reads a query. Its first refusal stands, and nothing is left to read
// then. v7's documentation names the codes and the keys of their details; the
// messages and which details come when are those of the API specification of
// v8 (github.com/zoho/crm-oas), and guesses where it has no example.
type parser struct {
	query    string
	modules  map[string]*module
	countKey bool // the key of COUNT(…) is "count"
	maxRows  int

	at, end             int // of the token
	token               token
	module              *module
	nesting, conditions int
	refused             *refusal
}

func newParser(modules map[string]*module, query string, c Config) *parser {
	return &parser{query: query, modules: modules, countKey: c.COQLCountKey, maxRows: cmp.Or(c.COQLMaxRows, maxRows)}
}

// moduleOf is what a query names behind its first from, wherever else it may
// be wrong. It is empty if there is none, or a literal before it has no end.
func moduleOf(query string) string {
	p := parser{query: query}
	for p.advance(); p.token.kind != endToken && !p.isWord("from"); p.advance() {
		if p.token.kind == badToken && strings.ContainsAny(p.token.text, `'"`) {
			return ""
		}
	}
	if p.advance(); p.token.kind != wordToken {
		return ""
	}
	return p.token.text
}

func (p *parser) advance() {
	rest := strings.TrimLeft(p.query[p.end:], " \t\r\n")
	var size int
	p.at = len(p.query) - len(rest)
	p.token, size = lex(rest)
	p.end = p.at + size
}

func (p *parser) refuse(code, message string, details object) {
	if p.refused == nil {
		p.refused = &refusal{http.StatusBadRequest, code, message, details}
	}
	p.token, p.end = token{}, len(p.query)
}

func (p *parser) invalid(column, reason, operator string) {
	details := object{"column_name": column, "reason": reason, "module": p.module.name}
	if operator != "" {
		details["operator"] = operator
	}
	p.refuse("INVALID_QUERY", "Invalid query formed", details)
}

// tooMany is a guess in its message and details.
func (p *parser) tooMany(what string, limit int) {
	p.refuse("LIMIT_EXCEEDED", "limit exceeded", object{"clause": what, "limit": limit})
}

// unexpected refuses the token.
func (p *parser) unexpected() {
	before := p.query[:p.at]
	line := strings.LastIndexByte(before, '\n')
	p.refuse("SYNTAX_ERROR", "unexpected token", object{
		"line": strings.Count(before, "\n") + 1, "column": utf8.RuneCountInString(before[line+1:]) + 1, "near": p.query[p.at:p.end],
	})
}

func (p *parser) isWord(word string) bool {
	return p.token.kind == wordToken && strings.EqualFold(p.token.text, word)
}

// word takes a keyword, in whatever case, and reports whether it was there.
func (p *parser) word(word string) bool {
	is := p.isWord(word)
	if is {
		p.advance()
	}
	return is
}

func (p *parser) symbol(symbol string) bool {
	is := p.token == token{symbolToken, symbol}
	if is {
		p.advance()
	}
	return is
}

func (p *parser) expect(there bool) {
	if !there {
		p.unexpected()
	}
}

// name takes a name of a field, a function or a module.
func (p *parser) name() string {
	name := p.token.text
	if p.token.kind != wordToken || slices.Contains(keywords, strings.ToLower(name)) {
		p.unexpected()
		return ""
	}
	p.advance()
	return name
}

// parse reads the whole query. What it gives is of use if nothing was refused.
func (p *parser) parse() *coql {
	q := &coql{limit: min(defaultRows, p.maxRows)}
	if p.advance(); !p.word("select") {
		p.refuse("SYNTAX_ERROR", "given coql query not supported", nil)
	}
	terms := p.terms("select", maxColumns)
	p.expect(p.word("from"))
	if p.module = p.modules[p.name()]; p.module == nil {
		p.refuse("INVALID_MODULE", "the given module is not supported in api", nil)
		return q
	}
	q.module = p.module
	q.columns = p.selected(terms)
	q.where = p.where()
	if p.word("group") {
		p.expect(p.word("by"))
		q.groups = p.distinct(p.resolved(p.terms("group by", maxGroups)), "group by")
	}
	q.order = p.orderBy(q.columns)
	p.limits(q)
	p.expect(p.token.kind == endToken)
	p.checkGroups(q)
	return q
}

// terms are a list of columns, not yet looked up in the module.
func (p *parser) terms(clause string, limit int) (terms []column) {
	for more := true; more; more = p.symbol(",") {
		c := p.term()
		if clause == "select" && p.word("as") {
			c.key = p.alias(c)
		}
		if terms = append(terms, c); len(terms) > limit {
			p.tooMany(clause, limit)
		}
	}
	return terms
}

func (p *parser) term() column {
	c := column{name: p.name()}
	if p.symbol("(") {
		c.function, c.name = c.name, p.name()
		p.expect(p.symbol(")"))
	}
	c.key = c.expression()
	return c
}

func (p *parser) alias(c column) string {
	if p.token.kind != literalToken {
		return p.name()
	}
	alias := p.token.text
	p.advance()
	if alias == "" {
		p.refuse("INVALID_ALIAS", "alias name cannot be an empty string", object{"column_name": c.name, "alias": ""})
	}
	return alias
}

// part finds what stands behind the dot after a look-up. Of the fields that
// lie there, which are joins, only the name is played. That Owner.name is the
// last name alone, as in Owner, is a guess.
func (f field) part(name string) (part, kind string, known bool) {
	switch {
	case name == "id":
		return "id", "bigint", f.family() == links
	case f.kind == "ownerlookup":
		return name, "text", name == "name" || name == "email"
	}
	return "name", "text", f.kind == "lookup" && name == displayFields[f.target]
}

func (p *parser) resolved(terms []column) []column {
	for i := range terms {
		terms[i] = p.resolve(terms[i])
	}
	return terms
}

// resolve looks a column up. It refuses functions that there are not, and SUM
// and AVG of anything but amounts; the latter is a guess.
func (p *parser) resolve(c column) column {
	first, last, dotted := strings.Cut(c.name, ".")
	f, known := p.module.field(first)
	c.source, c.field, c.lastNames = first, f, p.module.lastNames
	if dotted && known {
		c.part, c.field.kind, known = f.part(last)
	}
	_, function := aggregates[c.function]
	switch {
	case !known:
		p.invalid(c.name, "column given seems to be invalid", "")
	case c.function != "" && !function, (c.function == "SUM" || c.function == "AVG") && c.field.kind != "currency":
		p.refuse("INVALID_DATA", "invalid data", object{"reason": "unsupported aggregate function", "column": c.expression()})
	}
	return c
}

// selected are the columns of the reply, each under a key of its own.
func (p *parser) selected(terms []column) []column {
	columns := p.distinct(p.resolved(terms), "select")
	keys, functions := map[string]column{}, 0
	for i, c := range columns {
		columns[i].place = i
		other, taken := keys[c.key]
		switch {
		case taken && c.key != c.expression() && other.key != other.expression():
			p.refuse("DUPLICATE_ALIAS", "same alias cannot refer more than one column", object{"alias": c.key, "referred_columns": []string{other.name, c.name}})
		case taken:
			p.refuse("INVALID_QUERY", "the alias is the name of another column", object{"column_name": c.name, "alias": c.key})
		}
		keys[c.key] = c
		if c.function != "" {
			functions++
		}
		if p.countKey && c.function == "COUNT" && c.key == c.expression() {
			columns[i].key = "count"
		}
	}
	if functions > maxAggregates {
		p.tooMany("aggregate", maxAggregates)
	}
	return columns
}

// distinct refuses what stands twice.
// Source: Zoho CRM v7 documentation, "Query API - Limitations".
func (p *parser) distinct(columns []column, clause string) []column {
	seen := map[string]bool{}
	for _, c := range columns {
		switch {
		case !seen[c.expression()]:
		case c.function != "":
			p.refuse("DUPLICATE_DATA", "duplicate aggregate function", object{"column_name": c.name, "aggregate": c.function})
		default:
			p.refuse("DUPLICATE_DATA", "duplicate "+clause+" column", object{"column_name": c.name})
		}
		seen[c.expression()] = true
	}
	return columns
}

// where reads the conditions, without which there is no query. They are
// bracketed in pairs.
// Source: Zoho's community post "Kaizen #171: FAQs on COQL API".
func (p *parser) where() match {
	switch {
	case p.word("where"):
		return p.pair()
	case p.token.kind == endToken || p.isWord("group") || p.isWord("order") || p.isWord("limit"):
		p.refuse("SYNTAX_ERROR", "missing clause", object{"clause": "where"})
	}
	p.unexpected()
	return nil
}

// pair is one condition, or two that are joined.
func (p *parser) pair() match {
	left := p.operand()
	switch {
	case p.word("and"):
		return left.and(p.operand())
	case p.word("or"):
		return left.or(p.operand())
	}
	return left
}

func (p *parser) operand() match {
	if !p.symbol("(") {
		return p.condition()
	}
	if p.nesting++; p.nesting > maxBrackets {
		p.unexpected()
	}
	inner := p.pair()
	p.expect(p.symbol(")"))
	p.nesting--
	return inner
}

func (p *parser) condition() match {
	if p.conditions++; p.conditions > maxConditions {
		p.tooMany("where", maxConditions)
	}
	c := p.resolve(column{name: p.name()})
	operator, values := p.comparison()
	if p.refused != nil {
		return nil
	}
	return p.compare(c, operator, values)
}

// comparison reads an operator and its values.
func (p *parser) comparison() (operator string, values []string) {
	switch {
	case p.word("is"):
		operator = "is null"
		if p.word("not") {
			operator = "is not null"
		}
		p.expect(p.word("null"))
		return operator, nil
	case p.token.kind == symbolToken && !strings.Contains("(),", p.token.text):
		operator = p.token.text
		p.advance()
		return strings.Replace(operator, "<>", "!=", 1), []string{p.value()}
	case p.word("not"):
		operator = "not "
	}
	switch {
	case p.word("like"):
		return operator + "like", []string{p.value()}
	case p.word("in"):
		return operator + "in", p.list()
	case p.word("between"):
		values = append(values, p.value())
		p.expect(p.word("and"))
		return operator + "between", append(values, p.value())
	}
	p.unexpected()
	return "", nil
}

func (p *parser) value() string {
	text := p.token.text
	switch {
	case p.isWord("true") || p.isWord("false"):
		text = strings.ToLower(text)
	case p.token.kind != numberToken && p.token.kind != literalToken:
		p.unexpected()
	}
	p.advance()
	return text
}

func (p *parser) list() (values []string) {
	p.expect(p.symbol("("))
	for more := true; more; more = p.symbol(",") {
		if values = append(values, p.value()); len(values) > maxIn {
			p.tooMany("in", maxIn)
		}
	}
	p.expect(p.symbol(")"))
	return values
}

// coqlOperators are the operators by kind. That flags take = alone is said in
// Zoho's community post "Kaizen #81", that text does not take > in its API
// specification; the rest is a guess.
var coqlOperators = map[family][]string{
	texts:   {"=", "!=", "in", "not in", "is null", "is not null", "like", "not like"},
	choices: {"=", "!=", "in", "not in", "is null", "is not null", "like", "not like"},
	links:   {"=", "!=", "in", "not in", "is null", "is not null"},
	flags:   {"="},
	sizes:   {"=", "!=", "in", "not in", "is null", "is not null", "<", "<=", ">", ">=", "between", "not between"},
}

// compare makes a condition of its parts. That a record without a value is
// found by "is null" alone, as in SQL, is a guess.
func (p *parser) compare(c column, operator string, texts []string) match {
	if !slices.Contains(coqlOperators[c.field.family()], operator) {
		p.invalid(c.name, "invalid operator found", operator)
		return nil
	}
	var values []value
	for _, text := range texts {
		v, ok := c.field.parse(text)
		if !ok {
			p.invalid(c.name, "invalid value", operator)
			return nil
		}
		values = append(values, v)
	}
	return func(r object) bool {
		v, has := c.value(r)
		switch positive, negated := strings.CutPrefix(operator, "not "); positive {
		case "is null":
			return !has
		case "is not null":
			return has
		case "!=":
			return has && v != values[0]
		default:
			return has && holds[positive](v, values) != negated
		}
	}
}

// like compares with a pattern that is open where it begins or ends with %.
// That the letters' case does not count here, though it does for =, and that
// % inside is plain text, are guesses.
func like(text, pattern string) bool {
	text, pattern = strings.ToLower(text), strings.ToLower(pattern)
	pattern, before := strings.CutPrefix(pattern, "%")
	pattern, behind := strings.CutSuffix(pattern, "%")
	switch {
	case before && behind:
		return strings.Contains(text, pattern)
	case before:
		return strings.HasSuffix(text, pattern)
	case behind:
		return strings.HasPrefix(text, pattern)
	}
	return text == pattern
}

// orderBy reads what the rows are put in order by: columns of the reply, by
// their aliases too, a guess, or fields.
func (p *parser) orderBy(selected []column) (order []ordering) {
	if !p.word("order") {
		return nil
	}
	p.expect(p.word("by"))
	var columns []column
	for more := true; more; more = p.symbol(",") {
		c := p.term()
		if i := slices.IndexFunc(selected, func(s column) bool { return c.key == s.key || c.key == s.expression() }); i >= 0 {
			c = selected[i]
		} else if c = p.resolve(c); c.function != "" {
			p.invalid(c.expression(), "column is not selected", "")
		}
		descending := p.word("desc")
		if !descending {
			p.word("asc")
		}
		order = append(order, ordering{c, descending})
		if columns = append(columns, c); len(columns) > maxOrder {
			p.tooMany("order by", maxOrder)
		}
	}
	p.distinct(columns, "order by")
	return order
}

func (p *parser) limits(q *coql) {
	limited := p.word("limit")
	if limited {
		q.limit = p.number("limit")
	}
	if limited && p.symbol(",") {
		q.offset, q.limit = q.limit, p.number("limit")
	} else if p.word("offset") {
		q.offset = p.number("offset")
	}
	switch {
	case q.offset < 0:
		p.refuse("INVALID_QUERY", "offset given seems to be invalid", object{"offset": strconv.Itoa(q.offset)})
	case q.limit <= 0:
		p.refuse("INVALID_DATA", "limit should be greater than 0", nil)
	case q.limit > p.maxRows:
		p.tooMany("limit", p.maxRows)
	case q.offset > maxOffset:
		p.tooMany("offset", maxOffset)
	}
}

func (p *parser) number(clause string) int {
	text := p.token.text
	n, _ := strconv.Atoi(text) // the largest if it is larger
	switch {
	case p.token.kind == endToken:
		p.unexpected()
	case p.token.kind != numberToken || !isID(strings.TrimPrefix(text, "-")):
		p.refuse("INVALID_QUERY", clause+" given seems to be invalid", object{clause: text})
	}
	p.advance()
	return n
}

// checkGroups refuses fields that have no one value in a group, a guess.
func (p *parser) checkGroups(q *coql) {
	if p.refused != nil || !q.aggregated() {
		return
	}
	grouped := map[string]bool{}
	for _, c := range q.groups {
		grouped[c.name] = true
		if c.function != "" {
			p.invalid(c.expression(), "column cannot be grouped by", "")
		}
	}
	used := slices.Clone(q.columns)
	for _, o := range q.order {
		used = append(used, o.column)
	}
	for _, c := range used {
		if c.function == "" && !grouped[c.name] {
			p.invalid(c.name, "column is not grouped by", "")
		}
	}
}
