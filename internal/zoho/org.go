package zoho

import (
	"context"
	"net/http"
)

// The reads in this file need scopes that a grant for users alone lacks. Where
// one is missing the error is ErrScopeMissing and names it; the rest of the
// client goes on working.

// Org is the organisation that the token belongs to.
// Source: Zoho CRM v7 documentation, "Get Organization Data".
type Org struct {
	ID          string
	CompanyName string // may be empty
	DomainName  string // such as org808232144; stands in the addresses of the CRM's pages
	Type        string // production, sandbox, bigin or developer
	TimeZone    string // an IANA name
	CountryCode string
	Edition     string // such as enterprise
}

// Org reads the organisation. It needs the scope ZohoCRM.org.READ.
func (c *Client) Org(ctx context.Context) (Org, error) {
	q := query{call: "get organisation", path: "org", scope: "ZohoCRM.org.READ"}
	orgs, err := readList(ctx, c, q, "org", (*Org).read)
	if err == nil && len(orgs) != 1 {
		err = malformed(q.call, http.StatusOK, "not one organisation")
	}
	if err != nil {
		return Org{}, err
	}
	return orgs[0], nil
}

func (o *Org) read(r *reader) {
	if r.object() {
		for r.key() {
			switch string(r.name) {
			case "id":
				o.ID = r.text()
			case "company_name":
				o.CompanyName = r.text()
			case "domain_name":
				o.DomainName = r.text()
			case "type":
				o.Type = r.text()
			case "time_zone":
				o.TimeZone = r.text()
			case "country_code":
				o.CountryCode = r.text()
			case "license_details":
				o.Edition = r.edition()
			default:
				r.skip()
			}
		}
	}
}

func (r *reader) edition() (edition string) {
	if r.object() {
		for r.key() {
			if string(r.name) == "paid_type" {
				edition = r.text()
			} else {
				r.skip()
			}
		}
	}
	return edition
}

// Role is a place in the organisation's role tree.
// Source: Zoho CRM v7 documentation, "Get Roles"; admin_user is known from
// Zoho's SDK alone.
type Role struct {
	ID           string
	Name         string
	DisplayLabel string
	ReportingTo  Ref  // the role above; empty at the top
	Admin        bool // Zoho marks it as an administrator's; false also when it does not say
}

// Roles reads all roles. It needs the scope ZohoCRM.settings.roles.READ.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	q := query{call: "list roles", path: "settings/roles", scope: "ZohoCRM.settings.roles.READ"}
	return readList(ctx, c, q, "roles", (*Role).read)
}

func (role *Role) read(r *reader) {
	if r.object() {
		for r.key() {
			switch string(r.name) {
			case "id":
				role.ID = r.text()
			case "name":
				role.Name = r.text()
			case "display_label":
				role.DisplayLabel = r.text()
			case "reporting_to":
				role.ReportingTo = r.ref()
			case "admin_user":
				role.Admin = r.text() == "true"
			default:
				r.skip()
			}
		}
	}
}

// Profile is a set of permissions. Its name tells nothing: an organisation may
// rename the administrators' profile and call another one Administrator. Who
// is an administrator is told by AdminUsers.
// Source: Zoho CRM v7 documentation, "Get Profiles".
type Profile struct {
	ID           string
	Name         string
	DisplayLabel string
	Custom       bool   // made by the organisation
	Type         string // such as normal_profile
}

// Profiles reads all profiles. It needs the scope ZohoCRM.settings.profiles.READ.
func (c *Client) Profiles(ctx context.Context) ([]Profile, error) {
	q := query{call: "list profiles", path: "settings/profiles", scope: "ZohoCRM.settings.profiles.READ"}
	return readList(ctx, c, q, "profiles", (*Profile).read)
}

func (p *Profile) read(r *reader) {
	if r.object() {
		for r.key() {
			switch string(r.name) {
			case "id":
				p.ID = r.text()
			case "name":
				p.Name = r.text()
			case "display_label":
				p.DisplayLabel = r.text()
			case "custom":
				p.Custom = r.text() == "true"
			case "type":
				p.Type = r.text()
			default:
				r.skip()
			}
		}
	}
}

// Territory is a territory that a user belongs to.
// Source: Zoho CRM v7 documentation, "Get Territories of a User".
type Territory struct {
	ID          string
	Name        string
	Manager     Ref // empty where there is none
	ReportingTo Ref // the territory above; empty at the top
}

// UserTerritories reads the territories of a user, none where there are none.
// An id that Zoho does not know, or that is no id, gives ErrNotFound. By one
// account of Zoho's it needs ZohoCRM.users.READ or
// ZohoCRM.settings.territories.READ, by another both.
func (c *Client) UserTerritories(ctx context.Context, userID string) ([]Territory, error) {
	q := query{call: "list territories of a user", path: "users/" + userID + "/territories", scope: "ZohoCRM.settings.territories.READ"}
	if !isID(userID) {
		return nil, &Error{Call: q.call, condition: ErrNotFound}
	}
	territories, err := readList(ctx, c, q, "territories", (*Territory).read)
	return territories, unknownID(err)
}

func (t *Territory) read(r *reader) {
	if r.object() {
		for r.key() {
			switch string(r.name) {
			case "id":
				t.ID = r.text()
			case "Name", "name":
				t.Name = r.text()
			case "Manager":
				t.Manager = r.ref()
			case "Reporting_To":
				t.ReportingTo = r.ref()
			default:
				r.skip()
			}
		}
	}
}

// readList reads a list whose documentation knows no pages; one that says that
// it goes on is not taken for the whole. That there is nothing is said by a 204.
func readList[T any](ctx context.Context, c *Client, q query, key string, element func(*T, *reader)) ([]T, error) {
	var items []T
	var info paging
	status, err := c.get(ctx, q, fields{
		key:    func(r *reader) { items = list(r, 0, element) },
		"info": func(r *reader) { info = r.paging() },
	})
	switch {
	case err != nil:
		return nil, err
	case status != http.StatusNoContent && items == nil:
		return nil, malformed(q.call, http.StatusOK, "no "+key)
	case info.more:
		return nil, malformed(q.call, http.StatusOK, "more than one page")
	}
	return items, nil
}
