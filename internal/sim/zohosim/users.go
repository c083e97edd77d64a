package zohosim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// crm answers the CRM's paths. An unknown path is told apart before the token
// is looked at, a guess.
func (z *Zoho) crm(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/crm/v7/users")
	id, one := strings.CutPrefix(path, "/")
	switch {
	case !ok || path != "" && !one || strings.Contains(id, "/"):
		refuse(w, http.StatusNotFound, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", nil)
	case r.Method != http.MethodGet:
		refuse(w, http.StatusBadRequest, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one", nil)
	case !z.authorized(w, r):
	case one:
		z.one(w, r, id)
	default:
		z.list(w, r)
	}
}

// adminProfile is the end of the id of an organisation's administrative
// profile: the name can be changed.
const adminProfile = "26011"

func (u user) admin() bool { return strings.HasSuffix(u.Profile.ID, adminProfile) }

// filters are the ten types. That AllUsers gives the deleted ones too is as in
// the documented reply; that AdminUsers and the two confirmation types ignore
// the status is a guess.
var filters = map[string]func(user) bool{
	"AllUsers":              func(user) bool { return true },
	"ActiveUsers":           func(u user) bool { return u.Status == "active" },
	"DeactiveUsers":         func(u user) bool { return u.Status != "active" && u.Status != "deleted" },
	"ConfirmedUsers":        func(u user) bool { return u.Confirm },
	"NotConfirmedUsers":     func(u user) bool { return !u.Confirm },
	"DeletedUsers":          func(u user) bool { return u.Status == "deleted" },
	"ActiveConfirmedUsers":  func(u user) bool { return u.Status == "active" && u.Confirm },
	"AdminUsers":            user.admin,
	"ActiveConfirmedAdmins": func(u user) bool { return u.admin() && u.Status == "active" && u.Confirm },
	"CurrentUser":           func(u user) bool { return u.Own != nil },
}

const (
	maxPerPage = 200
	maxIDs     = 100
)

// selection is what a list call asks for.
type selection struct {
	keep          func(user) bool
	page, perPage int
	ids           []string // nil: all
	since         time.Time
}

// selected reads the parameters and names the first that cannot be served. The
// documentation does not say what Zoho does then: 400 INVALID_DATA is a guess.
func selected(q url.Values, ifModifiedSince string) (s selection, bad string) {
	var known bool
	if s.keep, known = filters[cmp.Or(q.Get("type"), "AllUsers")]; !known {
		return s, "type"
	}
	var err error
	if s.page, err = strconv.Atoi(cmp.Or(q.Get("page"), "1")); err != nil || s.page < 1 {
		return s, "page"
	}
	if s.perPage, err = strconv.Atoi(cmp.Or(q.Get("per_page"), "200")); err != nil || s.perPage < 1 || s.perPage > maxPerPage {
		return s, "per_page"
	}
	if q.Has("ids") {
		s.ids = strings.Split(q.Get("ids"), ",")
		if len(s.ids) > maxIDs || slices.ContainsFunc(s.ids, func(id string) bool { return !isID(id) }) {
			return s, "ids"
		}
	}
	if ifModifiedSince != "" {
		if s.since, err = time.Parse(time.RFC3339, ifModifiedSince); err != nil {
			return s, "If-Modified-Since"
		}
	}
	return s, ""
}

func (s selection) matches(u user) bool {
	return s.keep(u) && (s.ids == nil || slices.Contains(s.ids, u.ID)) && (s.since.IsZero() || u.Modified.After(s.since))
}

func (z *Zoho) list(w http.ResponseWriter, r *http.Request) {
	s, bad := selected(r.URL.Query(), r.Header.Get("If-Modified-Since"))
	if bad != "" {
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "invalid data", object{"param_name": bad})
		return
	}
	found := []json.RawMessage{}
	for _, u := range z.users {
		if s.matches(u) {
			found = append(found, u.raw)
		}
	}
	from := min((s.page-1)*s.perPage, len(found))
	to := min(from+s.perPage, len(found))
	switch {
	case len(found) == 0 && !s.since.IsZero():
		w.WriteHeader(http.StatusNotModified)
	case from == to:
		w.WriteHeader(http.StatusNoContent)
	default:
		write(w, http.StatusOK, object{
			"users": found[from:to],
			"info":  object{"per_page": s.perPage, "count": to - from, "page": s.page, "more_records": to < len(found)},
		})
	}
}

func (z *Zoho) one(w http.ResponseWriter, r *http.Request, id string) {
	s, bad := selected(nil, r.Header.Get("If-Modified-Since"))
	i := slices.IndexFunc(z.users, func(u user) bool { return u.ID == id })
	switch {
	case bad != "" || !isID(id) || i < 0 && z.UnknownUser400:
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "the id given seems to be invalid", object{"resource_path_index": 0})
	case i < 0:
		w.WriteHeader(http.StatusNoContent)
	case !s.matches(z.users[i]):
		w.WriteHeader(http.StatusNotModified)
	default:
		write(w, http.StatusOK, object{"users": []json.RawMessage{z.users[i].raw}})
	}
}
