package zohosim

import (
	"encoding/json"
	"net/http"
)

// searchRecords needs the module's scope beside that of searching.
func (z *Zoho) searchRecords(r request) answer {
	m := z.org.modules[r.id]
	switch {
	case m == nil:
		return invalidModule.answer()
	case !z.mayRead(r, m.name):
		return wrongScope.answer()
	}
	found, refused := m.search(r.query(), z.now(), z.IndexLag)
	return found.or(refused)
}

// queryRecords needs the module's scope beside that of queries.
func (z *Zoho) queryRecords(r request) answer {
	var in struct {
		Query string `json:"select_query"`
	}
	if json.Unmarshal(r.body, &in) != nil {
		return invalidData(object{"expected_data_type": "jsonobject"})
	}
	found, refused := runCOQL(z.org.modules, in.Query, z.COQLCountKey)
	if refused == nil && !z.mayRead(r, found.module) {
		return wrongScope.answer()
	}
	return found.or(refused)
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
