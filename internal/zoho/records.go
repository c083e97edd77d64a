package zoho

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scopes of what reads records. Each module needs its own besides: see
// ModuleScope.
const (
	SearchScope = "ZohoSearch.securesearch.READ"
	COQLScope   = "ZohoCRM.coql.READ"
)

// Record is a record of a module, with those of its fields that were asked for.
type Record struct {
	ID           string
	Owner        Owner
	ModifiedTime time.Time
	Fields       map[string]Value // the others that have a value, by their API names
}

// Owner is who owns a record. COQL's has no e-mail address, and as a name the
// last name alone, which is often empty: go by ID.
// Source: Zoho CRM v7 documentation, "Get Records through COQL Query".
type Owner struct{ ID, Name, Email string }

// Value is a field's: text as it is, numbers and truth values by their digits or
// word, and of what looks another record up that record's name and id.
type Value struct{ Text, ID string }

// RecordPage is some records. MoreRecords says that there are further ones.
type RecordPage struct {
	Records     []Record
	MoreRecords bool
}

// ownModules are the modules of Zoho's own that have scopes of their own.
// Source: Zoho CRM v7 documentation, "Scopes" and "Modules".
var ownModules = []string{
	"Leads", "Accounts", "Contacts", "Deals", "Campaigns", "Tasks", "Cases", "Events", "Calls", "Solutions", "Products",
	"Vendors", "Price_Books", "Quotes", "Sales_Orders", "Purchase_Orders", "Invoices", "Notes",
}

// ModuleScope is the scope that opens a module's records, which is one and the
// same for all modules that an organisation made.
func ModuleScope(module string) string {
	name := "custom"
	if slices.Contains(ownModules, module) {
		name = strings.ToLower(strings.ReplaceAll(module, "_", ""))
	}
	return "ZohoCRM.modules." + name + ".READ"
}

// withModule is a scope with a module's in front: Zoho does not say which of
// them is missing.
func withModule(scope, module string) string { return ModuleScope(module) + ", " + scope }

// IsAPIName reports whether s can be the API name of a module or a field, such
// as Deals or Account_Name. Calls send no other.
func IsAPIName(s string) bool {
	letter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
	if s == "" || len(s) > 100 || !letter(s[0]) {
		return false
	}
	for _, c := range []byte(s) {
		if !letter(c) && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// Search says what SearchRecords looks for: the first that is given of
// Criteria, Email and Phone.
type Search struct {
	Criteria Criteria
	Email    string
	Phone    string
	Fields   []string // API names
	PerPage  int      // zero stands for Zoho's default, MaxPerPage
}

// SearchRecords finds records of a module in Zoho's index, which new records
// enter a little later. Leads that were converted are not among them.
func (c *Client) SearchRecords(ctx context.Context, module string, s Search) (RecordPage, error) {
	q := query{call: "search records", path: module + "/search", scope: withModule(SearchScope, module)}
	q.params = listParams(s.Fields, s.PerPage)
	switch {
	case s.Criteria != "":
		q.params.Set("criteria", string(s.Criteria))
	case s.Email != "":
		q.params.Set("email", s.Email)
	case s.Phone != "":
		q.params.Set("phone", s.Phone)
	default:
		return RecordPage{}, q.unsent("nothing to search for")
	}
	if n := s.Criteria.Size(); n > MaxCriteria {
		return RecordPage{}, q.unsent("%d criteria, more than %d", n, MaxCriteria)
	}
	return c.recordPage(ctx, q, module, s.Fields, s.PerPage)
}

// Record reads one record. An id that Zoho does not know in that module, or that
// is no id, gives ErrNotFound.
func (c *Client) Record(ctx context.Context, module, id string, fields []string) (Record, error) {
	q := query{call: "get record", path: module + "/" + id, scope: ModuleScope(module), params: listParams(fields, 0)}
	if !isID(id) {
		return Record{}, &Error{Call: q.call, condition: ErrNotFound}
	}
	page, err := c.recordPage(ctx, q, module, fields, 1)
	switch {
	case err != nil:
		return Record{}, unknownID(err)
	case len(page.Records) == 0:
		return Record{}, &Error{Call: q.call, condition: ErrNotFound}
	case len(page.Records) > 1 || page.Records[0].ID != id:
		return Record{}, malformed(q.call, http.StatusOK, "not the record that was asked for")
	}
	return page.Records[0], nil
}

// ListRecords reads the first records of a module, for which its scope is
// enough. Zero perPage stands for Zoho's default, MaxPerPage.
func (c *Client) ListRecords(ctx context.Context, module string, fields []string, perPage int) (RecordPage, error) {
	q := query{call: "list records", path: module, scope: ModuleScope(module), params: listParams(fields, perPage)}
	return c.recordPage(ctx, q, module, fields, perPage)
}

// ours are the fields that every read of records asks for.
var ours = []string{"Owner", "Modified_Time"}

// asked are the fields to ask for, each once: Zoho refuses what comes twice.
func asked(fields []string) []string {
	var all []string
	for _, name := range slices.Concat(fields, ours) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func listParams(fields []string, perPage int) url.Values {
	params := url.Values{"fields": {strings.Join(asked(fields), ",")}}
	if perPage != 0 {
		params.Set("per_page", strconv.Itoa(perPage))
	}
	return params
}

// unsent is the error of a query that Zoho would refuse.
func (q query) unsent(format string, args ...any) *Error {
	return &Error{Call: q.call, cause: fmt.Errorf(format, args...)}
}

// maxFields is of lists; a query may name more.
// Source: Zoho CRM v7 documentation, "Get Records".
const maxFields = 50

var errNoAPIName = errors.New("not an API name")

// check says why a query is not to be sent: names come from settings, and from
// links that people paste.
func (q query) check(module string, fields []string) error {
	notOne := func(name string) bool { return !IsAPIName(name) }
	switch {
	case notOne(module):
		return &Error{Call: q.call, condition: ErrNoModule, cause: errNoAPIName}
	case slices.ContainsFunc(fields, notOne):
		return q.unsent("a field: %w", errNoAPIName)
	case len(asked(fields)) > maxFields:
		return q.unsent("more than %d fields", maxFields)
	}
	return nil
}

// recordPage reads a page of at most perPage records.
func (c *Client) recordPage(ctx context.Context, q query, module string, fields []string, perPage int) (RecordPage, error) {
	if err := q.check(module, fields); err != nil {
		return RecordPage{}, err
	}
	if perPage < 0 || perPage > MaxPerPage {
		return RecordPage{}, q.unsent("not 1 to %d a page", MaxPerPage)
	}
	records, more, err := readSome(ctx, c, q, cmp.Or(perPage, MaxPerPage), readRecord(fields))
	return RecordPage{records, more}, err
}

// readSome reads the data of a reply that has at most limit of them. None are
// said by a 204, and were seen said by an empty 200. Where Zoho does not say
// whether there are more, a full page is taken for one of several: records are
// shown and never counted as complete.
func readSome[T any](ctx context.Context, c *Client, q query, limit int, element func(*T, *reader)) (some []T, more bool, err error) {
	var info paging
	status, err := c.get(ctx, q, fields{
		"data": func(r *reader) { some = list(r, 0, element) },
		"info": func(r *reader) { info = r.paging() },
	})
	switch {
	case err != nil:
		return nil, false, err
	case status == http.StatusOK && some == nil:
		return nil, false, malformed(q.call, status, "no data")
	}
	return some, info.more || !info.told && len(some) >= limit, nil
}

// readRecord reads a record with the fields that were asked for.
func readRecord(fields []string) func(*Record, *reader) {
	return func(record *Record, r *reader) {
		if r.object() {
			for r.key() {
				record.take(r, fields)
			}
		}
		if record.ID == "" {
			r.fail(lacking("a record without an id"))
		}
	}
}

// take reads the value of the key that the reader is at.
func (record *Record) take(r *reader, fields []string) {
	switch string(r.name) {
	case "id":
		record.ID = r.text()
	case "Owner":
		record.Owner = r.owner()
	case "Modified_Time":
		record.ModifiedTime = r.instant()
	default:
		i := slices.IndexFunc(fields, func(name string) bool { return name == string(r.name) })
		if i < 0 {
			r.skip()
			return
		}
		record.set(fields[i], r.fieldValue(), len(fields))
	}
}

// set keeps a value that is one.
func (record *Record) set(name string, v Value, room int) {
	if v == (Value{}) {
		delete(record.Fields, name) // of a key that comes twice the last one counts
		return
	}
	if record.Fields == nil {
		record.Fields = make(map[string]Value, room)
	}
	record.Fields[name] = v
}

func (r *reader) owner() (o Owner) {
	if r.object() {
		for r.key() {
			switch string(r.name) {
			case "id":
				o.ID = r.word()
			case "name":
				o.Name = r.word()
			case "email":
				o.Email = r.word()
			default:
				r.skip()
			}
		}
	}
	return o
}

// fieldValue reads a field's value. It is empty of a list, and of an object that
// names no record.
func (r *reader) fieldValue() Value {
	if r.err == nil && r.dec.PeekKind() == '{' {
		ref := r.ref()
		if ref.ID == "" {
			return Value{}
		}
		return Value{Text: ref.Name, ID: ref.ID}
	}
	return Value{Text: r.text()}
}
