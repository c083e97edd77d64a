package zohosim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
)

// user is one object of the reply and what the filters look at.
type user struct {
	raw json.RawMessage

	ID       string    `json:"id"`
	FullName string    `json:"full_name"`
	LastName any       `json:"last_name"`
	Email    any       `json:"email"`
	Status   string    `json:"status"`
	Confirm  bool      `json:"confirm"`
	Modified time.Time `json:"Modified_Time"`
	Profile  struct {
		ID string `json:"id"`
	} `json:"profile"`
	Own any `json:"personal_account"` // Zoho sends it for the caller alone
}

// newUser reads what the filters look at. Keys match to the letter: an
// organisation may have a field "Status" of its own.
func newUser(raw json.RawMessage) (user, error) {
	u := user{raw: raw}
	if err := jsonv2.Unmarshal(raw, &u); err != nil {
		return user{}, fmt.Errorf("a user in the organisation: %w", err)
	}
	return u, nil
}

func (u *user) admin() bool { return strings.HasSuffix(u.Profile.ID, adminProfile) }

// filters are the ten types. That AllUsers gives the deleted ones too is as in
// the documented reply; that AdminUsers and the two confirmation types ignore
// the status is a guess.
var filters = map[string]func(*user) bool{
	"AllUsers":              func(*user) bool { return true },
	"ActiveUsers":           func(u *user) bool { return u.Status == "active" },
	"DeactiveUsers":         func(u *user) bool { return u.Status != "active" && u.Status != "deleted" },
	"ConfirmedUsers":        func(u *user) bool { return u.Confirm },
	"NotConfirmedUsers":     func(u *user) bool { return !u.Confirm },
	"DeletedUsers":          func(u *user) bool { return u.Status == "deleted" },
	"ActiveConfirmedUsers":  func(u *user) bool { return u.Status == "active" && u.Confirm },
	"AdminUsers":            (*user).admin,
	"ActiveConfirmedAdmins": func(u *user) bool { return u.admin() && u.Status == "active" && u.Confirm },
	"CurrentUser":           func(u *user) bool { return u.Own != nil },
}

const (
	maxPerPage = 200
	maxIDs     = 100
)

// paging says which page of a list is asked for.
type paging struct{ page, perPage int }

// selection is what a list call asks for.
type selection struct {
	paging
	keep  func(*user) bool
	ids   map[string]bool // nil: all
	since time.Time
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
		ids := strings.Split(q.Get("ids"), ",")
		if len(ids) > maxIDs || slices.ContainsFunc(ids, func(id string) bool { return !isID(id) }) {
			return s, "ids"
		}
		s.ids = map[string]bool{}
		for _, id := range ids {
			s.ids[id] = true
		}
	}
	if ifModifiedSince != "" {
		if s.since, err = time.Parse(time.RFC3339, ifModifiedSince); err != nil {
			return s, "If-Modified-Since"
		}
	}
	return s, ""
}

func (s selection) matches(u *user) bool {
	return (s.ids == nil || s.ids[u.ID]) && s.keep(u) && (s.since.IsZero() || u.Modified.After(s.since))
}

func (z *Zoho) listUsers(r request) answer {
	s, bad := selected(r.query(), r.Header.Get("If-Modified-Since"))
	if bad != "" {
		return invalidData(object{"param_name": bad})
	}
	omitDeleted := z.DeltasOmitDeleted && !s.since.IsZero()
	l := paged{paging: s.paging}
	for i := range z.users {
		if u := &z.users[i]; s.matches(u) && !(omitDeleted && u.Status == "deleted") {
			l.add(u.raw)
		}
	}
	if l.found == 0 && !s.since.IsZero() {
		return empty(http.StatusNotModified)
	}
	return l.answer("users")
}

// paged is a list of which one page is kept.
type paged struct {
	paging
	found int // items so far, on this page and on others
	items []json.RawMessage
}

func (l *paged) add(item json.RawMessage) {
	if l.found/l.perPage == l.page-1 {
		l.items = append(l.items, item)
	}
	l.found++
}

// answer is the page, or 204 where there is nothing on it.
func (l *paged) answer(key string) answer {
	if len(l.items) == 0 {
		return empty(http.StatusNoContent)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{%q:[`, key)
	for i, item := range l.items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(item)
	}
	more := (l.found-1)/l.perPage > l.page-1
	fmt.Fprintf(&b, `],"info":{"per_page":%d,"count":%d,"page":%d,"more_records":%t}}`, l.perPage, len(l.items), l.page, more)
	return jsonAnswer(http.StatusOK, b.Bytes())
}

// user finds one by its id.
func (z *Zoho) user(id string) *user {
	i := slices.IndexFunc(z.users, func(u user) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return &z.users[i]
}

func (z *Zoho) oneUser(r request) answer {
	s, bad := selected(nil, r.Header.Get("If-Modified-Since"))
	u := z.user(r.id)
	switch {
	case bad != "":
		return invalidData(object{"param_name": bad})
	case !isID(r.id) || u == nil && z.UnknownUser400:
		return invalidID.answer()
	case u == nil:
		return empty(http.StatusNoContent)
	case !s.matches(u):
		return empty(http.StatusNotModified)
	}
	return listed("users", []json.RawMessage{u.raw})
}

func (z *Zoho) countUsers(r request) answer {
	s, bad := selected(url.Values{"type": r.query()["type"]}, "")
	if bad != "" {
		return invalidData(object{"param_name": bad})
	}
	n := 0
	for i := range z.users {
		if s.matches(&z.users[i]) {
			n++
		}
	}
	return encoded(http.StatusOK, object{"count": n})
}
