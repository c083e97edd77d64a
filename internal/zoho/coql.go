package zoho

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Limits of a query. Of the number of conditions an older page of Zoho's
// documentation tells.
// Source: Zoho CRM v7 documentation, "Query API - Limitations".
const (
	MaxConditions = 25

	defaultRows = 200
	maxRows     = 2000
	maxOffset   = 100_000
)

// Selection is a COQL query for records, the most recently modified first.
type Selection struct {
	Module string
	Fields []string
	Where  Condition // empty: all
	Limit  int       // up to 200 cost one credit; zero stands for those
}

// SelectRecords reads records by a query, which finds new ones too, and leads
// that were converted.
func (c *Client) SelectRecords(ctx context.Context, s Selection) (RecordPage, error) {
	q := query{call: "select records"}
	if err := q.check(s.Module, s.Fields); err != nil {
		return RecordPage{}, err
	}
	limit := cmp.Or(s.Limit, defaultRows)
	columns, order := strings.Join(asked(s.Fields), ", "), " order by Modified_Time desc"
	if err := q.coql(columns, s.Module, s.Where, order, limit, 0); err != nil {
		return RecordPage{}, err
	}
	records, more, err := readSome(ctx, c, q, limit, readRecord(s.Fields))
	return RecordPage{records, more}, err
}

// Counting is a COQL query that counts records by a field.
type Counting struct {
	Module        string
	By            string    // such as Owner or Stage
	Where         Condition // empty: all
	Limit, Offset int       // zero Limit stands for 200, which cost one credit
}

// CountPage is some groups of records. MoreRecords says that there are further
// ones.
type CountPage struct {
	Groups      []Group
	MoreRecords bool
}

// Group is how many records have a value; an empty one are those without any.
type Group struct {
	Value   // of an owner the id counts
	Records int
}

// CountRecords counts records, group by group.
func (c *Client) CountRecords(ctx context.Context, n Counting) (CountPage, error) {
	q := query{call: "count records"}
	if err := q.check(n.Module, []string{n.By}); err != nil {
		return CountPage{}, err
	}
	limit := cmp.Or(n.Limit, defaultRows)
	if err := q.coql("COUNT(id), "+n.By, n.Module, n.Where, " group by "+n.By, limit, n.Offset); err != nil {
		return CountPage{}, err
	}
	groups, more, err := readSome(ctx, c, q, limit, readGroup(n.By))
	return CountPage{groups, more}, err
}

// coql makes a query of a statement's parts. There is none without a where.
func (q *query) coql(columns, module string, where Condition, tail string, limit, offset int) error {
	switch n := where.Size(); {
	case n > MaxConditions:
		return q.unsent("%d conditions, more than %d", n, MaxConditions)
	case limit < 0 || limit > maxRows || offset < 0 || offset > maxOffset:
		return q.unsent("not 1 to %d rows from 0 to %d", maxRows, maxOffset)
	}
	statement := fmt.Sprintf("select %s from %s where %s%s limit %d", columns, module, cmp.Or(where, "id is not null"), tail, limit)
	if offset > 0 {
		statement += " offset " + strconv.Itoa(offset)
	}
	body, err := json.Marshal(map[string]string{"select_query": statement})
	q.path, q.scope, q.body, q.credits = "coql", withModule(COQLScope, module), body, credits(limit)
	return err
}

// credits are what a query of so many rows costs.
// Source: Zoho's documentation, "COQL Overview".
func credits(limit int) int {
	switch {
	case limit <= 200:
		return 1
	case limit <= 1000:
		return 2
	}
	return 3
}

// readGroup reads a group. Sources differ on the key of the count, so it is the
// one number beside the value.
func readGroup(by string) func(*Group, *reader) {
	return func(g *Group, r *reader) {
		g.Records = -1
		if r.object() {
			for r.key() {
				if string(r.name) == by {
					g.Value = r.fieldValue()
				} else {
					g.count(r)
				}
			}
		}
		if g.Records < 0 {
			r.fail(lacking("a group without a count"))
		}
	}
}

// count takes a value if it is a number. Two that differ are none.
func (g *Group) count(r *reader) {
	if string(r.name) == "id" {
		r.skip()
		return
	}
	n := r.number()
	if n < 0 {
		return
	}
	if g.Records >= 0 && g.Records != n {
		r.fail(lacking("a group with two counts"))
	}
	g.Records = n
}

// Condition is the condition of a COQL query. It is empty where there is none.
type Condition string

// unsaid are the characters that a pattern cannot hold under every reading.
const unsaid = `'"\%_`

// Like is a condition that a text field holds a text, in either case. Sources
// differ on how a quote is escaped, and on what else has a meaning in a pattern:
// the text is cut there, and what has all parts, in any order, is found. That is
// more than is meant, never less: whoever asks looks at what comes back. It has
// up to three conditions, and is empty where field is no API name.
func Like(field, text string) Condition {
	var all Condition
	if !IsAPIName(field) {
		return all
	}
	for _, part := range parts(text, unsaid) {
		all = all.And(Condition(field + " like '%" + part + "%'"))
	}
	return all
}

// Named is a condition that a text field is a text, in either case, where a
// query can say all of that; otherwise it is Like.
func Named(field, text string) Condition {
	all := parts(text, unsaid)
	if !IsAPIName(field) || len(all) != 1 || all[0] != text {
		return Like(field, text)
	}
	return Condition(field + " like '" + text + "'")
}

// OwnedBy is the condition that a user owns the record; empty for what is no id.
func OwnedBy(id string) Condition {
	if !isID(id) {
		return ""
	}
	return Condition("Owner = '" + id + "'")
}

// And and Or join conditions; an empty one is left out. More than two have to
// be bracketed in pairs.
// Source: Zoho's community post "Kaizen #171: FAQs on COQL API".
func (a Condition) And(b Condition) Condition { return joined(a, " and ", b) }
func (a Condition) Or(b Condition) Condition  { return joined(a, " or ", b) }

// Size is how many conditions they are.
func (a Condition) Size() int {
	if a == "" {
		return 0
	}
	n := 1
	for i, text := range strings.Split(string(a), "'") {
		if i%2 == 0 { // not in quotes
			n += strings.Count(text, " and ") + strings.Count(text, " or ")
		}
	}
	return n
}
