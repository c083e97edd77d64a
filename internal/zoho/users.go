package zoho

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// UserType is one of the filters of the Users API, spelled as Zoho spells it.
type UserType string

// The ten filters. Source: Zoho CRM v7 documentation, "Get Users".
const (
	AllUsers              UserType = "AllUsers"
	ActiveUsers           UserType = "ActiveUsers"
	DeactiveUsers         UserType = "DeactiveUsers"
	ConfirmedUsers        UserType = "ConfirmedUsers"
	NotConfirmedUsers     UserType = "NotConfirmedUsers"
	DeletedUsers          UserType = "DeletedUsers"
	ActiveConfirmedUsers  UserType = "ActiveConfirmedUsers"
	AdminUsers            UserType = "AdminUsers"
	ActiveConfirmedAdmins UserType = "ActiveConfirmedAdmins"
	CurrentUser           UserType = "CurrentUser"
)

// Limits of one call. Source: Zoho CRM v7 documentation, "Get Users".
const (
	MaxPerPage = 200
	MaxIDs     = 100
)

// ListUsersOptions choose what one call of ListUsers reads. A gap is left out
// of the call, and Zoho's default applies.
type ListUsersOptions struct {
	Type          UserType
	Page          int       // counted from 1
	PerPage       int       // up to MaxPerPage, which is also Zoho's default
	IDs           []string  // only these, up to MaxIDs
	ModifiedSince time.Time // only those changed after it
}

// UserPage is the answer to one call of ListUsers.
type UserPage struct {
	Users       []User
	MoreRecords bool // there is a page after this one
	NotModified bool // nothing has changed since ModifiedSince; Users is empty

	status int // of the reply; 0 for a 200 without a body
}

// usersScope opens every read of users.
const usersScope = "ZohoCRM.users.READ"

// ListUsers reads one page of users. Most callers want Users or ReadUsers.
func (c *Client) ListUsers(ctx context.Context, o ListUsersOptions) (UserPage, error) {
	q := query{call: "list users", path: "users", scope: usersScope, params: o.params(), since: o.ModifiedSince}
	if o.Page != 0 {
		q.call = fmt.Sprintf("list users, page %d", o.Page)
	}
	if o.PerPage > MaxPerPage || len(o.IDs) > MaxIDs {
		return UserPage{}, &Error{Call: q.call, cause: fmt.Errorf("more than %d a page or %d ids", MaxPerPage, MaxIDs)}
	}
	var page UserPage
	var info paging
	status, err := c.get(ctx, q, usersFields(&page, &info))
	page.status = status
	switch {
	case err != nil:
		return UserPage{}, err
	case status != http.StatusOK:
		return UserPage{NotModified: status == http.StatusNotModified, status: status}, nil
	case page.Users == nil || !info.told:
		// It could be taken for all there are.
		return UserPage{}, malformed(q.call, status, "no users or no more_records")
	}
	page.MoreRecords = info.more
	return page, nil
}

func usersFields(page *UserPage, info *paging) fields {
	return fields{
		"users": func(r *reader) { page.Users = list(r, MaxPerPage, (*User).read) },
		"info":  func(r *reader) { *info = r.paging() },
	}
}

func (o ListUsersOptions) params() url.Values {
	params := url.Values{}
	set := func(key, value string, given bool) {
		if given {
			params.Set(key, value)
		}
	}
	set("type", string(o.Type), o.Type != "")
	set("page", strconv.Itoa(o.Page), o.Page != 0)
	set("per_page", strconv.Itoa(o.PerPage), o.PerPage != 0)
	set("ids", strings.Join(o.IDs, ","), len(o.IDs) > 0)
	return params
}

// paging is what a list says of itself. Its count is not read: sources differ
// on what it counts.
type paging struct{ told, more bool }

func (r *reader) paging() (p paging) {
	if r.object() {
		for r.key() {
			if string(r.name) != "more_records" {
				r.skip()
				continue
			}
			more := r.text()
			p = paging{told: more == "true" || more == "false", more: more == "true"}
		}
	}
	return p
}

// Users reads all users of a type, page by page as they are consumed. A
// failure is the last thing that it gives, so a sequence without an error was
// complete: every page read, the last said so, and no user came twice.
func (c *Client) Users(ctx context.Context, t UserType) iter.Seq2[User, error] {
	return c.sequence(ctx, ListUsersOptions{Type: t})
}

// UsersModifiedSince is Users of those alone who were changed after a time,
// which is to be one of Zoho's clock, such as a ModifiedTime. Nobody is an
// empty sequence. Whether deleted users are among them is not documented.
func (c *Client) UsersModifiedSince(ctx context.Context, t UserType, since time.Time) iter.Seq2[User, error] {
	return c.sequence(ctx, ListUsersOptions{Type: t, ModifiedSince: since})
}

// UsersByID reads the users with these ids, whatever their status, in calls of
// MaxIDs. Those whom Zoho does not know are left out; an id that is none, or
// that comes twice, is not asked for.
func (c *Client) UsersByID(ctx context.Context, ids []string) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		asked := slices.Compact(slices.Sorted(slices.Values(ids)))
		asked = slices.DeleteFunc(asked, func(id string) bool { return !isID(id) })
		for some := range slices.Chunk(asked, MaxIDs) {
			for user, err := range c.sequence(ctx, ListUsersOptions{Type: AllUsers, IDs: some}) {
				if !yield(user, err) || err != nil {
					return
				}
			}
		}
	}
}

// sequence reads the pages of one choice of users.
func (c *Client) sequence(ctx context.Context, o ListUsersOptions) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		o := o // the sequence can be gone through again, and by several at once
		seen := map[string]bool{}
		for o.Page, o.PerPage = 1, MaxPerPage; ; o.Page++ {
			page, err := c.ListUsers(ctx, o)
			if err == nil {
				err = checkPage(o.Page, page, seen)
			}
			if err != nil {
				yield(User{}, err)
				return
			}
			for _, user := range page.Users {
				if !yield(user, nil) {
					return
				}
			}
			if !page.MoreRecords {
				return
			}
		}
	}
}

// checkPage says why a page cannot belong to a complete list: it has no users
// though more were promised, the list changed while it was read, or pages
// repeat. Nobody at all is said by a 204, or a 304 if a time was sent, to the
// first call. It adds the page's users to seen.
func checkPage(number int, page UserPage, seen map[string]bool) error {
	call := fmt.Sprintf("list users, page %d", number)
	switch {
	case number == 1 && (page.status == http.StatusNoContent || page.NotModified):
		return nil
	case page.status != http.StatusOK, page.MoreRecords && len(page.Users) == 0:
		return malformed(call, cmp.Or(page.status, http.StatusOK), "a page without users")
	}
	for _, user := range page.Users {
		if seen[user.ID] {
			return malformed(call, page.status, "a user came twice")
		}
		seen[user.ID] = true
	}
	return nil
}

// CountUsers gives how many users of a type there are.
func (c *Client) CountUsers(ctx context.Context, t UserType) (int, error) {
	return countUsers(ctx, t, c.get)
}

func countUsers(ctx context.Context, t UserType, get func(context.Context, query, fields) (int, error)) (int, error) {
	q := query{call: "count users", path: "users/actions/count", scope: usersScope, params: url.Values{"type": {string(t)}}}
	count := -1
	status, err := get(ctx, q, fields{"count": func(r *reader) { count = r.number() }})
	if err == nil && count < 0 {
		err = malformed(q.call, cmp.Or(status, http.StatusOK), "no count")
	}
	return max(count, 0), err
}

// User reads one user. An id that Zoho does not know, or that is no id, gives
// ErrNotFound.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	q := query{call: "get user", path: "users/" + id, scope: usersScope}
	if !isID(id) {
		return User{}, &Error{Call: q.call, condition: ErrNotFound}
	}
	var users []User
	status, err := c.get(ctx, q, fields{"users": func(r *reader) { users = list(r, 1, (*User).read) }})
	if err != nil {
		return User{}, unknownID(err)
	}
	switch {
	case status == http.StatusNoContent, users != nil && len(users) == 0:
		return User{}, &Error{Call: q.call, Status: status, condition: ErrNotFound}
	case len(users) != 1 || users[0].ID != id:
		return User{}, malformed(q.call, cmp.Or(status, http.StatusOK), "not the user that was asked for")
	}
	return users[0], nil
}

// unknownID makes ErrNotFound of the refusal of an id: sources differ on
// whether Zoho refuses one that it does not know, or answers 204.
func unknownID(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "INVALID_DATA" {
		e.condition = ErrNotFound
	}
	return err
}

// isID reports whether s is an id as Zoho writes one: decimal digits only.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
