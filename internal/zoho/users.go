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
	switch {
	case err != nil:
		return UserPage{}, err
	case status == http.StatusNotModified:
		return UserPage{NotModified: true}, nil
	case status == http.StatusNoContent:
		return UserPage{}, nil
	}
	return wire.page(call)
}

// usersReply is the body of both calls that give users.
type usersReply struct {
	Users []User                     `json:"users"`
	Info  map[string]json.RawMessage `json:"info"`
}

// page refuses a reply that does not say whether more follows: its users could
// be taken for all there are.
func (r usersReply) page(call string) (UserPage, error) {
	switch more := text(r.Info["more_records"]); more {
	case "true", "false":
		return UserPage{Users: r.Users, MoreRecords: more == "true"}, nil
	default:
		return UserPage{}, &Error{Call: call, Status: http.StatusOK, condition: ErrMalformed, cause: errors.New("no more_records")}
	}
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
				err = checkPage(page, seen)
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

// checkPage says why a page cannot belong to a complete list: the list changed
// while it was read, or pages repeat. It adds the page's users to seen.
func checkPage(page UserPage, seen map[string]bool) error {
	if page.MoreRecords && len(page.Users) == 0 {
		return &Error{Call: "list users", condition: ErrMalformed, cause: errors.New("an empty page that promises more")}
	}
	for _, user := range page.Users {
		if seen[user.ID] {
			return &Error{Call: "list users", condition: ErrMalformed, cause: errors.New("a user came twice")}
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
