package zohosim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// maxListFields is how many fields a list of records gives.
const maxListFields = 50

// readable is the module that a path names, if the request's token opens it.
func (z *Zoho) readable(r request) (*module, *refusal) {
	m := z.org.modules[r.module]
	switch {
	case m == nil:
		return nil, &invalidModule
	case !z.mayRead(r, m.name):
		return nil, &wrongScope
	}
	return m, nil
}

// oneRecord gives a lead that was converted too, a guess. Fields are left out
// as in a search.
func (z *Zoho) oneRecord(r request) answer {
	m, refused := z.readable(r)
	if refused != nil {
		return refused.answer()
	}
	record := m.record(r.id)
	switch {
	case !isID(r.id) || record == nil && z.UnknownRecord400:
		return invalidID.answer()
	case record == nil:
		return empty(http.StatusNoContent)
	}
	return encoded(http.StatusOK, object{"data": []object{m.cut(record, r.query().Get("fields"))}})
}

// listRecords gives a page of a module's records, the newest first.
func (z *Zoho) listRecords(r request) answer {
	m, refused := z.readable(r)
	if refused != nil {
		return refused.answer()
	}
	q := r.query()
	page, bad := pageOf(q)
	fields := q.Get("fields")
	switch {
	case strings.Trim(fields, ", ") == "":
		return missingParameter("fields")
	case strings.Count(fields, ",") >= maxListFields:
		return tooManyFields.answer()
	case bad != "":
		return badParameter(bad).answer()
	case page.beyond():
		return pagedTooFar.answer()
	}
	return m.found(m.latest(conversions["false"]), page, fields).or(nil)
}

// The codes are as clients of the API name them, messages and details guesses.
// What lies beyond pages would need a page token, which is not played.
var (
	tooManyFields = refusal{http.StatusBadRequest, "LIMIT_EXCEEDED", "limit of fields exceeded", object{"param_name": "fields", "limit": maxListFields}}
	pagedTooFar   = refusal{http.StatusBadRequest, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "a page token is needed for more than 2000 records", object{"limit": maxFound}}
)

// searchRecords needs the module's scope beside that of searching.
func (z *Zoho) searchRecords(r request) answer {
	m, refused := z.readable(r)
	if refused != nil {
		return refused.answer()
	}
	found, refused := m.search(r.query(), z.now(), z.Config)
	return found.or(refused)
}

// queryRecords needs the module's scope beside that of queries.
func (z *Zoho) queryRecords(r request) answer {
	query, err := r.selectQuery()
	if err != nil {
		return invalidData(object{"expected_data_type": "jsonobject"})
	}
	found, refused := runCOQL(z.org.modules, query, z.Config)
	if refused == nil && !z.mayRead(r, found.module) {
		return wrongScope.answer()
	}
	return found.or(refused)
}

// selectQuery is the query of a COQL call.
func (r request) selectQuery() (string, error) {
	var in struct {
		Query string `json:"select_query"`
	}
	err := json.Unmarshal(r.body, &in)
	return in.Query, err
}

// or is the answer to a read of records.
func (r result) or(refused *refusal) answer {
	switch {
	case refused != nil:
		return refused.answer()
	case len(r.data) == 0:
		return empty(http.StatusNoContent)
	}
	return encoded(http.StatusOK, r.reply())
}
