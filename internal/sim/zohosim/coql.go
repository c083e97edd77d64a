package zohosim

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Limits of a query.
// Source: Zoho CRM v7 documentation, "Query API - Limitations"; the number of
// conditions is from an older version of it.
const (
	defaultRows   = 200
	maxRows       = 2000 // unless there is a switch
	maxOffset     = 100_000
	maxColumns    = 500
	maxAggregates = 5
	maxGroups     = 4
	maxOrder      = 10
	maxConditions = 25
	maxBrackets   = 50 // nested, a guess
)

// runCOQL answers a query. Converted leads and new records are found like
// others.
func runCOQL(modules map[string]*module, query string, c Config) (result, *refusal) {
	if strings.TrimSpace(query) == "" {
		return result{}, &refusal{http.StatusBadRequest, "MANDATORY_NOT_FOUND", "mandatory key not found", object{"api_name": "select_query"}}
	}
	p := newParser(modules, query, c)
	q := p.parse()
	if p.refused != nil {
		return result{}, p.refused
	}
	return q.run(), nil
}

// coql is a query that was understood.
type coql struct {
	module        *module
	columns       []column
	where         match
	groups        []column
	order         []ordering
	limit, offset int
}

type ordering struct {
	column
	descending bool
}

// column is what select, group by and order by name.
type column struct {
	name     string // as in the query, such as Owner.id
	function string // of an aggregate
	key      string // in the reply: the alias, or else the expression
	field    field  // how it is compared
	source   string // the record's key
	part     string // of a look-up; empty: the whole
	place    int    // among the columns of the reply

	lastNames map[string]any // see module
}

func (c column) expression() string {
	if c.function != "" {
		return c.function + "(" + c.name + ")"
	}
	return c.name
}

// raw is what a record holds. Of an owner's name there is only the last.
func (c column) raw(record object) any {
	v := record[c.source]
	o, isObject := v.(object)
	switch {
	case c.part == "":
		return v
	case !isObject:
		return nil
	case c.source == "Owner" && c.part == "name":
		return c.lastName(o)
	}
	return o[c.part]
}

// value is a record's value as it is compared, and whether there is one.
func (c column) value(record object) (value, bool) {
	text, ok := wire(c.raw(record))
	v, valid := c.field.parse(text)
	return v, ok && valid
}

// shown is a value as replies have it: of look-ups name and id.
func (c column) shown(v any) any {
	o, isObject := v.(object)
	if !isObject {
		return v
	}
	name := o["name"]
	if c.source == "Owner" {
		name = c.lastName(o)
	}
	return object{"name": name, "id": o["id"]}
}

// lastName is null for owners without one. That of an owner who is no user of
// the organisation is the last of several words, a guess.
func (c column) lastName(owner object) any {
	id, _ := owner["id"].(string)
	if last, known := c.lastNames[id]; known {
		return last
	}
	text, _ := owner["name"].(string)
	words := strings.Fields(text)
	if len(words) < 2 {
		return nil
	}
	return words[len(words)-1]
}

// row is a record or a group of them.
type row struct {
	record object  // a group's first; nil in a group of none
	sums   []tally // in the order of the columns
	keys   []value // that the row is put in order by
}

// tally is an aggregate so far.
type tally struct {
	count int
	sum   float64
	best  value
	raw   any // of the best
}

func (t *tally) add(function string, v value, raw any) {
	sign := v.compare(t.best)
	if t.count == 0 || function == "MIN" && sign < 0 || function == "MAX" && sign > 0 {
		t.best, t.raw = v, raw
	}
	t.count++
	t.sum += v.size
}

// aggregates give the answer and how it is compared.
var aggregates = map[string]func(t tally) (any, value){
	"COUNT": func(t tally) (any, value) { return t.count, value{size: float64(t.count)} },
	"SUM":   func(t tally) (any, value) { return t.sum, value{size: t.sum} },
	"AVG":   func(t tally) (any, value) { return t.sum / float64(t.count), value{size: t.sum / float64(t.count)} },
	"MIN":   func(t tally) (any, value) { return t.raw, t.best },
	"MAX":   func(t tally) (any, value) { return t.raw, t.best },
}

func (q *coql) aggregated() bool {
	return len(q.groups) > 0 || slices.ContainsFunc(q.columns, func(c column) bool { return c.function != "" })
}

// run finds the rows. Those of equal rank are in the order of their ids; nulls
// come before all values, a guess.
func (q *coql) run() result {
	rows := q.rows()
	for i := range rows {
		rows[i].keys = q.keys(rows[i])
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for i, key := range a.keys {
			sign := key.compare(b.keys[i])
			switch {
			case sign != 0 && i < len(q.order) && q.order[i].descending:
				return -sign
			case sign != 0:
				return sign
			}
		}
		return 0
	})
	from := min(q.offset, len(rows))
	to := min(from+q.limit, len(rows))
	var data []object
	for _, r := range rows[from:to] {
		data = append(data, q.shown(r))
	}
	return result{q.module.name, data, object{"count": to - from, "more_records": to < len(rows)}}
}

// rows are in no order but that in which the records stand.
func (q *coql) rows() (rows []row) {
	aggregated := q.aggregated()
	places := map[string]int{} // of the groups
	for _, record := range q.module.records {
		switch {
		case !q.where(record):
		case !aggregated:
			rows = append(rows, row{record: record})
		default:
			key := q.groupKey(record)
			place, known := places[string(key)]
			if !known {
				place = len(rows)
				places[string(key)] = place
				rows = append(rows, row{record: record, sums: make([]tally, len(q.columns))})
			}
			q.add(rows[place].sums, record)
		}
	}
	if aggregated && len(q.groups) == 0 && len(rows) == 0 { // as in SQL, a guess
		rows = []row{{sums: make([]tally, len(q.columns))}}
	}
	return rows
}

// groupKey tells a record's group apart from all others.
func (q *coql) groupKey(record object) (key []byte) {
	for _, c := range q.groups {
		text, ok := wire(c.raw(record))
		if ok {
			key = strconv.AppendInt(key, int64(len(text)), 10)
		}
		key = append(append(key, ':'), text...)
	}
	return key
}

func (q *coql) add(sums []tally, record object) {
	for i, c := range q.columns {
		if c.function == "" {
			continue
		}
		if v, ok := c.value(record); ok {
			sums[i].add(c.function, v, c.raw(record))
		}
	}
}

var null = value{size: math.Inf(-1)}

// keys are what a row is put in order by.
func (q *coql) keys(r row) (keys []value) {
	for _, o := range q.order {
		_, v, has := o.of(r)
		if !has {
			v = null
		}
		keys = append(keys, v)
	}
	return append(keys, idOf(r.record))
}

// shown is a row as replies have it, with the id if it is one record.
func (q *coql) shown(r row) object {
	o := object{}
	for _, c := range q.columns {
		raw, _, _ := c.of(r)
		o[c.key] = c.shown(raw)
	}
	if r.sums == nil {
		o["id"] = r.record["id"]
	}
	return o
}

// of is what a row has in a column, and how it is compared.
func (c column) of(r row) (raw any, v value, has bool) {
	if c.function == "" {
		v, has = c.value(r.record)
		return c.raw(r.record), v, has
	}
	t := r.sums[c.place]
	if t.count == 0 && c.function != "COUNT" {
		return nil, value{}, false
	}
	raw, v = aggregates[c.function](t)
	return raw, v, true
}
