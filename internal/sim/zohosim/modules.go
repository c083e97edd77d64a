package zohosim

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// module is a kind of record: Accounts, Contacts, Deals or Leads.
type module struct {
	name    string // API name, such as Deals
	fields  []field
	records []object // as decoded from the wire format, numbers as json.Number

	lastNames map[string]any // of the users, by id; null for those without one
}

// field finds one by its API name, in whose case every letter counts.
func (m *module) field(name string) (f field, known bool) {
	for _, f := range m.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// record finds one by its id; nil if there is none.
func (m *module) record(id string) object {
	i := slices.IndexFunc(m.records, func(r object) bool { return r["id"] == id })
	if i < 0 {
		return nil
	}
	return m.records[i]
}

// field is a field of a module's records.
type field struct {
	name   string // API name, such as Account_Name
	label  string // what the CRM's pages call it
	kind   string // Zoho's data_type, such as text, picklist, lookup or ownerlookup
	target string // the module that a lookup points to
}

// family are the kinds that take the same operators.
type family string

const (
	texts   family = "text"
	choices family = "picklist"
	links   family = "lookup"
	flags   family = "boolean"
	sizes   family = "number or date"
)

var families = map[string]family{
	"text": texts, "email": texts, "phone": texts, "website": texts, "picklist": choices,
	"lookup": links, "ownerlookup": links, "boolean": flags,
	"bigint": sizes, "currency": sizes, "date": sizes, "datetime": sizes,
}

func (f field) family() family { return families[f.kind] }

// value is a field's value as it is compared: by size, then by text. Kinds
// without a size have the text alone.
type value struct {
	size float64
	text string
}

func (v value) compare(w value) int {
	return cmp.Or(cmp.Compare(v.size, w.size), strings.Compare(v.text, w.text))
}

// parse reads a value of the field's kind and reports whether it is one.
// Look-ups are compared by their ids.
func (f field) parse(s string) (v value, ok bool) {
	switch f.kind {
	case "currency":
		n, err := strconv.ParseFloat(s, 64)
		return value{size: n}, err == nil && strings.Trim(s, "0123456789.+-eE") == "" && math.Abs(n) <= maxNumber
	case "date":
		return parseTime(time.DateOnly, s)
	case "datetime":
		return parseTime(time.RFC3339, s)
	case "boolean":
		return value{text: s}, s == "true" || s == "false"
	case "bigint", "lookup", "ownerlookup":
		return idValue(s), isID(s)
	}
	return value{text: s}, true
}

// holds are what operators mean that search and COQL have in common.
var holds = map[string]func(v value, w []value) bool{
	"=":           func(v value, w []value) bool { return v == w[0] },
	"in":          func(v value, w []value) bool { return slices.Contains(w, v) },
	"<":           func(v value, w []value) bool { return v.compare(w[0]) < 0 },
	"<=":          func(v value, w []value) bool { return v.compare(w[0]) <= 0 },
	">":           func(v value, w []value) bool { return v.compare(w[0]) > 0 },
	">=":          func(v value, w []value) bool { return v.compare(w[0]) >= 0 },
	"between":     func(v value, w []value) bool { return v.compare(w[0]) >= 0 && v.compare(w[1]) <= 0 },
	"starts_with": func(v value, w []value) bool { return strings.HasPrefix(v.text, w[0].text) },
	"like":        func(v value, w []value) bool { return like(v.text, w[0].text) },
}

// maxNumber keeps sums representable in JSON.
const maxNumber = 1e18

func parseTime(layout, s string) (value, bool) {
	t, err := time.Parse(layout, s)
	return value{size: float64(t.UnixMilli())}, err == nil
}

// idValue puts ids in the order of numbers. They have more digits than a
// float64.
func idValue(id string) value { return value{float64(len(id)), id} }

func idOf(record object) value {
	id, _ := record["id"].(string)
	return idValue(id)
}

// wire is the text of what a record holds, of look-ups the id. It reports
// whether there is one.
func wire(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case object:
		return wire(v["id"])
	}
	return "", false
}

// refusal is an answer of the CRM that is an error.
type refusal struct {
	status        int
	code, message string
	details       object // nil stands for {}
}

// result is a page of records. Without data it is answered with 204.
type result struct {
	module string   // whose records they are
	data   []object // read only: they may be the module's own
	info   object
}

func (r result) reply() object { return object{"data": r.data, "info": r.info} }
