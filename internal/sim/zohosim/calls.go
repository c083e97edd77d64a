package zohosim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is a kind of call.
type Kind string

// The calls that a Zoho tells apart.
const (
	TokenCall       Kind = "token"  // POST /oauth/v2/token
	RevokeCall      Kind = "revoke" // POST /oauth/v2/token/revoke
	UsersCall       Kind = "users"  // a page of users
	UserCall        Kind = "user"   // one user by its id
	CountCall       Kind = "count"
	TerritoriesCall Kind = "territories"
	OrgCall         Kind = "org"
	RolesCall       Kind = "roles"
	ProfilesCall    Kind = "profiles"
	FieldsCall      Kind = "fields"
	RecordsCall     Kind = "records" // a page of a module's records
	RecordCall      Kind = "record"  // one record by its id
	SearchCall      Kind = "search"
	COQLCall        Kind = "coql"
	OtherCall       Kind = "other" // a path that is none of these

	routeControl Kind = "control"
)

// route is what a path asks for.
type route struct {
	kind   Kind
	module string // that the path names, be there one or not
	id     string // of a user or a record, or a control's name
}

func routeOf(path, version string) route {
	switch {
	case path == "/oauth/v2/token":
		return route{kind: TokenCall}
	case path == "/oauth/v2/token/revoke":
		return route{kind: RevokeCall}
	case path == "/control" || strings.HasPrefix(path, "/control/"):
		return route{kind: routeControl, id: strings.TrimPrefix(strings.TrimPrefix(path, "/control"), "/")}
	}
	rest, ok := strings.CutPrefix(path, "/crm/"+version+"/")
	if !ok {
		return route{kind: OtherCall}
	}
	return crmRoute(strings.Split(rest, "/"))
}

// fixed are the CRM's paths that name nothing.
var fixed = map[string]Kind{
	"users": UsersCall, "users/actions/count": CountCall, "org": OrgCall, "coql": COQLCall,
	"settings/roles": RolesCall, "settings/profiles": ProfilesCall, "settings/fields": FieldsCall,
}

func crmRoute(parts []string) route {
	kind, known := fixed[strings.Join(parts, "/")]
	switch {
	case known:
		return route{kind: kind}
	case parts[0] == "users" && len(parts) == 2:
		return route{kind: UserCall, id: parts[1]}
	case parts[0] == "users" && len(parts) == 3 && parts[2] == "territories":
		return route{kind: TerritoriesCall, id: parts[1]}
	case slices.Contains(noModules, parts[0]) || slices.Contains(parts, ""):
		return route{kind: OtherCall}
	}
	return recordsRoute(parts)
}

// noModules are first parts of paths that name no module.
var noModules = []string{"users", "org", "coql", "settings"}

func recordsRoute(parts []string) route {
	switch {
	case len(parts) == 1:
		return route{kind: RecordsCall, module: parts[0]}
	case len(parts) == 2 && parts[1] == "search":
		return route{kind: SearchCall, module: parts[0]}
	case len(parts) == 2:
		return route{kind: RecordCall, module: parts[0], id: parts[1]}
	}
	return route{kind: OtherCall}
}

// Call is a request that was made.
type Call struct {
	Kind        Kind
	Request     string    // such as "GET /crm/v7/users?page=1"
	AccessToken string    // empty when none was sent
	At          time.Time // when it came, by Zoho's clock
	Status      int       // of the answer; zero while there is none, or when the connection was reset
}

// log is what a Zoho remembers of its requests.
type log struct {
	calls   []Call
	running map[Kind]int
	busiest int
	credits int
}

// all counts the requests that are under way.
func (l *log) all() (n int) {
	for _, m := range l.running {
		n += m
	}
	return n
}

// crm counts those of the CRM.
func (l *log) crm() int {
	return l.all() - l.running[TokenCall] - l.running[RevokeCall] - l.running[OtherCall]
}

// begin notes a request and gives its place in the log.
func (l *log) begin(r request, at time.Time) int {
	l.calls = append(l.calls, Call{Kind: r.kind, Request: r.Method + " " + r.URL.RequestURI(), AccessToken: accessToken(r.Request), At: at})
	if l.running == nil {
		l.running = map[Kind]int{}
	}
	l.running[r.kind]++
	l.busiest = max(l.busiest, l.all())
	return len(l.calls) - 1
}

func (l *log) end(entry, status int) {
	l.running[l.calls[entry].Kind]--
	l.calls[entry].Status = status
}

// Calls lists the requests so far in the order in which they came.
func (z *Zoho) Calls() []Call {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.log.calls)
}

// Count is how many calls of a kind there were so far.
func (z *Zoho) Count(kind Kind) int {
	n := 0
	for _, c := range z.Calls() {
		if c.Kind == kind {
			n++
		}
	}
	return n
}

// Credits is what the calls so far have cost as Zoho counts: one for each call
// of the CRM, for a query one, two or three by its limit, nothing for tokens.
// Calls that were throttled were not let in and are free. That calls refused
// for other reasons cost like others, unreadable queries one, is a guess.
// Source: Zoho CRM v4 documentation, "API Limits".
func (z *Zoho) Credits() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.log.credits
}

// cost is a call's in credits.
func (z *Zoho) cost(r request) int {
	if _, crm := endpoints[r.kind]; !crm {
		return 0
	}
	if r.kind != COQLCall {
		return 1
	}
	query, _ := r.selectQuery()
	p := newParser(z.org.modules, query, z.Config)
	switch q := p.parse(); {
	case p.refused != nil || q.limit <= 200:
		return 1
	case q.limit <= 1000:
		return 2
	}
	return 3
}

// Busiest is how many requests were under way at once, at most.
func (z *Zoho) Busiest() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.log.busiest
}

// accessToken is the token that a request carries. The scheme is
// Zoho-oauthtoken, whatever token_type says; that another scheme counts as no
// token is a guess.
func accessToken(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if !ok {
		return ""
	}
	return token
}
