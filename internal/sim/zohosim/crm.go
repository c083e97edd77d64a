package zohosim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// organisation is the CRM's content besides its users.
type organisation struct {
	org         json.RawMessage
	roles       []json.RawMessage
	profiles    []json.RawMessage
	territories map[string][]json.RawMessage
	modules     map[string]*module

	owners    map[string]object // what records have as their Owner, by user id
	lastNames map[string]any    // by user id; null for those without one
}

// found fills an empty CRM.
func (z *Zoho) found(o Organisation) (err error) {
	z.org = organisation{org: o.Org, roles: o.Roles, profiles: o.Profiles, territories: o.Territories, owners: map[string]object{}, lastNames: map[string]any{}}
	for _, raw := range o.Users {
		u, err := newUser(raw)
		if err != nil {
			return err
		}
		z.users = append(z.users, u)
		z.names(u)
	}
	if z.org.modules, err = newModules(o.Records); err != nil {
		return err
	}
	for _, m := range z.org.modules {
		m.lastNames = z.org.lastNames
		for _, record := range m.records {
			owner, _ := record["Owner"].(object)
			id, _ := owner["id"].(string)
			if user := z.org.owners[id]; user != nil {
				record["Owner"] = user
			}
		}
	}
	return nil
}

// names tells the records how a user is called who may own some.
func (z *Zoho) names(u user) {
	z.org.lastNames[u.ID] = u.LastName
	if z.org.owners[u.ID] == nil {
		z.org.owners[u.ID] = object{"id": u.ID}
	}
	z.org.owners[u.ID]["name"], z.org.owners[u.ID]["email"] = u.FullName, u.Email
}

var (
	unknownPath   = refusal{http.StatusNotFound, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", nil}
	wrongMethod   = refusal{http.StatusBadRequest, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one", nil}
	missingToken  = refusal{http.StatusUnauthorized, "AUTHENTICATION_FAILURE", "Authentication failed", nil}
	unknownToken  = refusal{http.StatusUnauthorized, "INVALID_TOKEN", "invalid oauth token", nil}
	wrongScope    = refusal{http.StatusUnauthorized, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL", nil}
	noAPIAccess   = refusal{http.StatusForbidden, "NO_PERMISSION", "permission denied", object{"permissions": []string{"Crm_Implied_Api_Access"}}}
	invalidModule = refusal{http.StatusBadRequest, "INVALID_MODULE", "the module name given seems to be invalid", nil}
	invalidID     = refusal{http.StatusBadRequest, "INVALID_DATA", "the id given seems to be invalid", object{"resource_path_index": 0}}
	tooMany       = refusal{http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "too many requests", nil}
)

func invalidData(details object) answer {
	return refusal{http.StatusBadRequest, "INVALID_DATA", "invalid data", details}.answer()
}

func missingParameter(name string) answer {
	return refusal{http.StatusBadRequest, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", object{"param_name": name}}.answer()
}

// endpoint is a path of the CRM.
type endpoint struct {
	method string
	scopes []string // any of them opens it, nil: all; those of modules are looked at by the endpoint
	answer func(*Zoho, request) answer
}

var endpoints = map[Kind]endpoint{
	UsersCall:       {http.MethodGet, []string{"ZohoCRM.users.READ"}, (*Zoho).listUsers},
	UserCall:        {http.MethodGet, []string{"ZohoCRM.users.READ"}, (*Zoho).oneUser},
	CountCall:       {http.MethodGet, []string{"ZohoCRM.users.READ"}, (*Zoho).countUsers},
	TerritoriesCall: {http.MethodGet, []string{"ZohoCRM.users.READ", "ZohoCRM.settings.territories.READ"}, (*Zoho).userTerritories},
	OrgCall:         {http.MethodGet, []string{"ZohoCRM.org.READ"}, (*Zoho).oneOrg},
	RolesCall:       {http.MethodGet, []string{"ZohoCRM.settings.roles.READ"}, (*Zoho).listRoles},
	ProfilesCall:    {http.MethodGet, []string{"ZohoCRM.settings.profiles.READ"}, (*Zoho).listProfiles},
	FieldsCall:      {http.MethodGet, []string{"ZohoCRM.settings.fields.READ"}, (*Zoho).listFields},
	RecordsCall:     {http.MethodGet, nil, (*Zoho).listRecords},
	RecordCall:      {http.MethodGet, nil, (*Zoho).oneRecord},
	SearchCall:      {http.MethodGet, []string{"ZohoSearch.securesearch.READ"}, (*Zoho).searchRecords},
	COQLCall:        {http.MethodPost, []string{"ZohoCRM.coql.READ"}, (*Zoho).queryRecords},
}

// crm answers the CRM's paths. Unknown paths and methods are told apart before
// the token is looked at, a guess.
func (z *Zoho) crm(r request) answer {
	e, known := endpoints[r.kind]
	token, alive := z.accounts.tokens[accessToken(r.Request)]
	switch {
	case !known:
		return unknownPath.answer()
	case r.Method != e.method:
		return wrongMethod.answer()
	case accessToken(r.Request) == "":
		return missingToken.answer()
	case !alive || !z.now().Before(token.expires):
		return unknownToken.answer()
	case e.scopes != nil && !opens(token.scopes, e.scopes...):
		return wrongScope.answer()
	}
	a := e.answer(z, r)
	a.header.Set("X-ACCESSTOKEN-RESET", token.expires.In(orgZone).Format(time.RFC3339))
	return a
}

// opens reports whether a grant's scopes hold one of those that a call needs.
// Case does not matter, and ALL stands for everything below its group.
// Source: Zoho CRM v8 documentation, "Scopes".
func opens(granted []string, anyOf ...string) bool {
	for _, need := range anyOf {
		need = strings.ToLower(need)
		for _, scope := range granted {
			scope = strings.ToLower(scope)
			group, all := strings.CutSuffix(scope, "all")
			if scope == need || all && strings.HasPrefix(need, group) {
				return true
			}
		}
	}
	return false
}

// mayRead reports whether a request's token opens a module's records.
func (z *Zoho) mayRead(r request, module string) bool {
	return opens(z.accounts.tokens[accessToken(r.Request)].scopes, "ZohoCRM.modules."+module+".READ")
}

func (z *Zoho) oneOrg(request) answer { return listed("org", []json.RawMessage{z.org.org}) }

func (z *Zoho) listRoles(request) answer { return listed("roles", z.org.roles) }

func (z *Zoho) listProfiles(request) answer { return listed("profiles", z.org.profiles) }

// listed is a list that comes in one piece.
func listed(key string, items []json.RawMessage) answer {
	if len(items) == 0 {
		return empty(http.StatusNoContent)
	}
	return encoded(http.StatusOK, object{key: items})
}

// userTerritories is a guess as to users that do not exist.
func (z *Zoho) userTerritories(r request) answer {
	if z.user(r.id) == nil {
		return refusal{http.StatusBadRequest, "INVALID_DATA", "the related id given seems to be invalid", object{"resource_path_index": 1}}.answer()
	}
	l := paged{paging: paging{1, maxPerPage}}
	for _, territory := range z.org.territories[r.id] {
		l.add(territory)
	}
	return l.answer("territories")
}

func (z *Zoho) listFields(r request) answer {
	name := r.query().Get("module")
	m := z.org.modules[name]
	switch {
	case name == "":
		return missingParameter("module")
	case m == nil:
		return invalidModule.answer()
	}
	return encoded(http.StatusOK, m.fieldsReply())
}

// query has the parameters. Clients write queries with a trailing &.
func (r request) query() url.Values { return r.URL.Query() }
