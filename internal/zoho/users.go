package zoho

import (
	"context"
	"encoding/json"
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

// ListUsers reads one page of users. Most callers want Users.
func (c *Client) ListUsers(ctx context.Context, o ListUsersOptions) (UserPage, error) {
	call := "list users"
	if o.Page != 0 {
		call = fmt.Sprintf("list users, page %d", o.Page)
	}
	if o.PerPage > MaxPerPage || len(o.IDs) > MaxIDs {
		return UserPage{}, &Error{Call: call, cause: fmt.Errorf("more than %d a page or %d ids", MaxPerPage, MaxIDs)}
	}
	query := url.Values{}
	set := func(key, value string, given bool) {
		if given {
			query.Set(key, value)
		}
	}
	set("type", string(o.Type), o.Type != "")
	set("page", strconv.Itoa(o.Page), o.Page != 0)
	set("per_page", strconv.Itoa(o.PerPage), o.PerPage != 0)
	set("ids", strings.Join(o.IDs, ","), len(o.IDs) > 0)
	var wire usersReply
	status, err := c.get(ctx, call, "/crm/v7/users", query, o.ModifiedSince, &wire)
	if err != nil {
		return UserPage{}, err
	}
	if status != http.StatusOK {
		return UserPage{NotModified: status == http.StatusNotModified, status: status}, nil
	}
	return wire.page(call)
}

// usersReply is the body of both calls that give users.
type usersReply struct {
	Users []User                     `json:"users"`
	Info  map[string]json.RawMessage `json:"info"`
}

// page refuses a reply that has no users or does not say whether more follow:
// it could be taken for all there are.
func (r usersReply) page(call string) (UserPage, error) {
	more := text(r.Info["more_records"])
	if r.Users == nil || more != "true" && more != "false" {
		return UserPage{}, malformed(call, "no users or no more_records")
	}
	return UserPage{Users: r.Users, MoreRecords: more == "true", status: http.StatusOK}, nil
}

// malformed is the error of a 200 that is not what is documented.
func malformed(call, what string) *Error {
	return &Error{Call: call, Status: http.StatusOK, condition: ErrMalformed, cause: errors.New(what)}
}

// Users reads all users of a type, page by page as they are consumed. A
// failure is the last thing that it gives, so a sequence without an error was
// complete: every page read, the last said so, and no user came twice.
func (c *Client) Users(ctx context.Context, t UserType) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		seen := map[string]bool{}
		for number := 1; ; number++ {
			page, err := c.ListUsers(ctx, ListUsersOptions{Type: t, Page: number, PerPage: MaxPerPage})
			if err == nil {
				err = checkPage(number, page, seen)
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
// repeat. Nobody at all is said by a 204 to the first call. It adds the page's
// users to seen.
func checkPage(number int, page UserPage, seen map[string]bool) error {
	call := fmt.Sprintf("list users, page %d", number)
	switch {
	case number == 1 && page.status == http.StatusNoContent:
		return nil
	case page.status != http.StatusOK, page.MoreRecords && len(page.Users) == 0:
		return malformed(call, "a page without users")
	}
	for _, user := range page.Users {
		if seen[user.ID] {
			return malformed(call, "a user came twice")
		}
		seen[user.ID] = true
	}
	return nil
}

// User reads one user. An id that Zoho does not know, or that is no id, gives
// ErrNotFound.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	const call = "get user"
	if !isID(id) {
		return User{}, &Error{Call: call, condition: ErrNotFound}
	}
	var wire usersReply
	status, err := c.get(ctx, call, "/crm/v7/users/"+id, nil, time.Time{}, &wire)
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusBadRequest && e.Code == "INVALID_DATA" {
		return User{}, &Error{Call: call, Status: e.Status, Code: e.Code, condition: ErrNotFound}
	}
	if err != nil {
		return User{}, err
	}
	i := slices.IndexFunc(wire.Users, func(u User) bool { return u.ID == id })
	if i < 0 {
		return User{}, &Error{Call: call, Status: status, condition: ErrNotFound}
	}
	return wire.Users[i], nil
}

// isID reports whether s is an id as Zoho writes one: decimal digits only.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
