package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"crmwho/internal/zoho"
)

// access is something of the CRM that the bot reads.
type access struct {
	name   string
	scope  string
	lost   string // without it; empty: everything, so that it is needed
	module string // whose records it is of; empty: of none, or of any that can be read
	read   func(ctx context.Context, c *zoho.Client, module string) error
}

// byModule reports whether it needs the scope of a module besides its own.
func (a access) byModule() bool { return a.scope == zoho.SearchScope || a.scope == zoho.COQLScope }

// ofPeople are those without records, the needed one first.
var ofPeople = []access{
	{name: "users", scope: "ZohoCRM.users.READ", read: func(ctx context.Context, c *zoho.Client, _ string) error {
		_, err := c.ListUsers(ctx, zoho.ListUsersOptions{Type: zoho.AllUsers, Page: 1, PerPage: 1})
		return err
	}},
	{name: "roles", scope: "ZohoCRM.settings.roles.READ", lost: "nobody reports to anybody by role", read: func(ctx context.Context, c *zoho.Client, _ string) error {
		_, err := c.Roles(ctx)
		return err
	}},
	{name: "profiles", scope: "ZohoCRM.settings.profiles.READ", lost: "custom profiles are not flagged", read: func(ctx context.Context, c *zoho.Client, _ string) error {
		_, err := c.Profiles(ctx)
		return err
	}},
	{name: "organisation", scope: "ZohoCRM.org.READ", lost: "cards do not link to Zoho CRM", read: func(ctx context.Context, c *zoho.Client, _ string) error {
		_, err := c.Org(ctx)
		return err
	}},
}

// bySearch and byCOQL are the ways to records whose id nobody knows.
var (
	bySearch = access{name: "search", scope: zoho.SearchScope, lost: "records are only found through COQL, and none by its phone number", read: func(ctx context.Context, c *zoho.Client, module string) error {
		_, err := c.SearchRecords(ctx, module, zoho.Search{Criteria: zoho.Holding(nameField(module), "crmwho"), Fields: []string{"id"}, PerPage: 1})
		if e, ok := errors.AsType[*zoho.Error](err); ok && e.Code == "INVALID_QUERY" { // the module has no such field, and may be searched
			return nil
		}
		return err
	}}
	byCOQL = access{name: "COQL", scope: zoho.COQLScope, lost: "new records are found a little later, and " + untold, read: func(ctx context.Context, c *zoho.Client, module string) error {
		_, err := c.SelectRecords(ctx, zoho.Selection{Module: module, Fields: []string{"id"}, Limit: 1})
		return err
	}}
)

// untold is what only COQL counts.
const untold = "neither what somebody owns nor orphans can be told"

// nameField is a field of a module that can be searched.
func nameField(module string) string {
	names := map[string]string{"Accounts": "Account_Name", "Deals": "Deal_Name", "Contacts": "Last_Name", "Leads": "Last_Name"}
	return cmp.Or(names[module], "Name")
}

// accesses are all of them, the needed one first. Without modules no records
// are among them.
func accesses(modules []string) []access {
	all := slices.Clone(ofPeople)
	for _, m := range modules {
		all = append(all, access{
			name: m, scope: zoho.ModuleScope(m), lost: "/crmowner finds nothing in " + m, module: m,
			read: func(ctx context.Context, c *zoho.Client, module string) error {
				_, err := c.ListRecords(ctx, module, []string{"id"}, 1)
				return err
			},
		})
	}
	if len(modules) > 0 {
		all = append(all, bySearch, byCOQL)
	}
	return all
}

// trial is how accesses are tried, in their order.
type trial struct {
	crm      *zoho.Client
	module   string // the first that could be read; empty: none
	noSearch bool   // records cannot be searched
}

// errNoneReadable says that an access cannot be tried, which is nobody's fault
// but that of the modules.
var errNoneReadable = errors.New("none of the modules can be read")

// try reads something, within a bounded time.
func (t *trial) try(ctx context.Context, a access) error {
	if a.byModule() && t.module == "" {
		return errNoneReadable
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	err := a.read(ctx, t.crm, cmp.Or(a.module, t.module))
	if err == nil {
		t.module = cmp.Or(t.module, a.module)
	} else if a.scope == zoho.SearchScope {
		t.noSearch = true
	}
	return err
}

// lost is what there is not without something that could not be read.
func (t *trial) lost(a access) string {
	if a.scope == zoho.COQLScope && t.noSearch {
		return "without search as well, /crmowner understands links and ids alone, and " + untold
	}
	return a.lost
}
