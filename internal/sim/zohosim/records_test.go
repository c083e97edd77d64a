package zohosim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/zohosim"
)

const deal, convertedLead = "5725767000009100106", "5725767000009100109"

func TestOneRecord(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	for path, want := range map[string]string{
		"Deals/" + deal + "?fields=Stage,Amount": `200 {"data":[{"Amount":12000.5,"Stage":"Negotiation/Review","id":"5725767000009100106"}]}`,
		"Deals/" + deal + "?fields=Nothing,":     `200 {"data":[{"id":"5725767000009100106"}]}`,
		"Deals/" + deal + "?fields=Owner":        `200 {"data":[{"Owner":{"email":"lee@mail.com","id":"5725767000000583018","name":"Lee"},"id":"5725767000009100106"}]}`,
		"Leads/" + convertedLead + "?fields=id":  `200 {"data":[{"id":"5725767000009100109"}]}`,
		"Leads/" + deal:                          `204 `,
		"Deals/42":                               `204 `,
		"Deals/renewal":                          `400 {"code":"INVALID_DATA","details":{"resource_path_index":0},"message":"the id given seems to be invalid","status":"error"}`,
		"Deals/-1":                               `400 {"code":"INVALID_DATA","details":{"resource_path_index":0},"message":"the id given seems to be invalid","status":"error"}`,
		"Cats/42":                                `400 {"code":"INVALID_MODULE","details":{},"message":"the module name given seems to be invalid","status":"error"}`,
		"deals/" + deal:                          `400 {"code":"INVALID_MODULE","details":{},"message":"the module name given seems to be invalid","status":"error"}`,
	} {
		status, body := get(t, sim, token, "/crm/v7/"+path)
		if got := fmt.Sprint(status, " ", strings.TrimSuffix(body, "\n")); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if _, body := get(t, sim, token, "/crm/v7/Deals/"+deal); !strings.Contains(body, `"Pipeline":"Standard (Standard)"`) || strings.Contains(body, `"info"`) {
		t.Errorf("got %s, want the whole record and no info", body)
	}
	old := zohosim.New(zohosim.Config{UnknownRecord400: true})
	if status, body := get(t, old, signIn(t, old), "/crm/v7/Deals/42"); status != 400 || field(t, body, "code") != "INVALID_DATA" {
		t.Errorf("an unknown record by the switch: got %d %s", status, body)
	}
	if status, body := get(t, old, signIn(t, old), "/crm/v7/users/42"); status != 204 {
		t.Errorf("an unknown user by the switch for records: got %d %s", status, body)
	}
}

func TestListsOfRecords(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	info := func(perPage, count, page int, more bool) string {
		return fmt.Sprintf(`],"info":{"count":%d,"more_records":%t,"page":%d,"per_page":%d,"sort_by":"id","sort_order":"desc"}}`, count, more, page, perPage)
	}
	for path, want := range map[string]string{
		"Deals?fields=Stage":                          `200 {"data":[{"Stage":"Closed Won","id":"5725767000009100107"},{"Stage":"Negotiation/Review","id":"5725767000009100106"}` + info(200, 2, 1, false),
		"Deals?fields=Stage&per_page=1":               `200 {"data":[{"Stage":"Closed Won","id":"5725767000009100107"}` + info(1, 1, 1, true),
		"Deals?fields=Stage&per_page=1&page=2":        `200 {"data":[{"Stage":"Negotiation/Review","id":"5725767000009100106"}` + info(1, 1, 2, false),
		"Deals?fields=Stage&per_page=1&page=3":        `204 `,
		"Leads?fields=Company":                        `200 {"data":[{"Company":"Genlead Foods","id":"5725767000009100108"}` + info(200, 1, 1, false),
		"Deals":                                       `400 {"code":"REQUIRED_PARAM_MISSING","details":{"param_name":"fields"}`,
		"Deals?fields=":                               `400 {"code":"REQUIRED_PARAM_MISSING","details":{"param_name":"fields"}`,
		"Deals?fields=id" + strings.Repeat(",id", 49): `200 {"data":[{"id":"5725767000009100107"},{"id":"5725767000009100106"}` + info(200, 2, 1, false),
		"Deals?fields=id" + strings.Repeat(",id", 50): `400 {"code":"LIMIT_EXCEEDED","details":{"limit":50,"param_name":"fields"}`,
		"Deals?fields=id&per_page=201":                `400 {"code":"INVALID_DATA","details":{"param_name":"per_page"}`,
		"Deals?fields=id&page=0":                      `400 {"code":"INVALID_DATA","details":{"param_name":"page"}`,
		"Deals?fields=id&page=10":                     `204 `,
		"Deals?fields=id&page=11":                     `400 {"code":"DISCRETE_PAGINATION_LIMIT_EXCEEDED","details":{"limit":2000}`,
		"Cats?fields=id":                              `400 {"code":"INVALID_MODULE"`,
		"Users?fields=id":                             `400 {"code":"INVALID_MODULE"`,
		"Deals?fields=id&type=CurrentUser&ids=1":      `200 {"data":[{"id":"5725767000009100107"},{"id":"5725767000009100106"}` + info(200, 2, 1, false),
	} {
		status, body := get(t, sim, token, "/crm/v7/"+path)
		if got := fmt.Sprint(status, " ", body); !strings.HasPrefix(got, want) || status == 204 && body != "" {
			t.Errorf("%.60s: got %s, want %s", path, got, want)
		}
	}
	lagging := zohosim.New(zohosim.Config{IndexLag: 100 * 365 * 24 * time.Hour})
	if status, _ := get(t, lagging, signIn(t, lagging), "/crm/v7/Deals?fields=id"); status != 200 {
		t.Errorf("a list while the index lags: got %d, want 200", status)
	}
}

// TestPathsOfRecords are told from all others.
func TestPathsOfRecords(t *testing.T) {
	for path, want := range map[string]zohosim.Kind{
		"Deals": zohosim.RecordsCall, "Cats": zohosim.RecordsCall, "Users": zohosim.RecordsCall,
		"Deals/42": zohosim.RecordCall, "Deals/actions": zohosim.RecordCall, "Users/42": zohosim.RecordCall,
		"Deals/search": zohosim.SearchCall, "Users/search": zohosim.SearchCall,
		"users": zohosim.UsersCall, "users/42": zohosim.UserCall, "users/search": zohosim.UserCall, "users/": zohosim.UserCall,
		"users/actions/count": zohosim.CountCall, "users/42/territories": zohosim.TerritoriesCall,
		"org": zohosim.OrgCall, "coql": zohosim.COQLCall, "settings/roles": zohosim.RolesCall,
		"settings/profiles": zohosim.ProfilesCall, "settings/fields": zohosim.FieldsCall,
		"": zohosim.OtherCall, "Deals/": zohosim.OtherCall, "/Deals": zohosim.OtherCall, "Deals/42/Notes": zohosim.OtherCall,
		"Deals/actions/count": zohosim.OtherCall, "org/42": zohosim.OtherCall, "org/search": zohosim.OtherCall, "coql/42": zohosim.OtherCall, "settings": zohosim.OtherCall,
		"settings/modules": zohosim.OtherCall, "settings/search": zohosim.OtherCall, "users/42/43": zohosim.OtherCall,
	} {
		sim := zohosim.New(zohosim.Config{})
		status, body := get(t, sim, signIn(t, sim), "/crm/v7/"+path)
		if got := sim.Calls()[1].Kind; got != want || (want == zohosim.OtherCall) != (status == http.StatusNotFound) {
			t.Errorf("%q: got %s, %d %s; want %s", path, got, status, body, want)
		}
	}
}

func TestRecordsAreOnlyRead(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	for method, path := range map[string]string{http.MethodPost: "Deals", http.MethodPut: "Deals/" + deal, http.MethodDelete: "Deals/" + deal} {
		r := newRequest(t, method, api+"/crm/v7/"+path, "{}")
		r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
		if status, body := call(t, sim, r); status != 400 || field(t, body, "code") != "INVALID_REQUEST_METHOD" {
			t.Errorf("%s %s: got %d %s", method, path, status, body)
		}
	}
}

// reads are four ways to read about Deals and four about Leads.
var reads = map[string][]string{
	"Deals": {"GET Deals/search?word=pilot", "GET Deals/" + deal, "GET Deals?fields=id", "select id from Deals where id is not null"},
	"Leads": {"GET Leads/search?word=nilo", "GET Leads/5725767000009100108", "GET Leads?fields=id", "select id from Leads where id is not null"},
	"":      {"GET users", "GET org", "GET settings/fields?module=Deals", "select from from Deals"},
}

func read(t *testing.T, sim *zohosim.Zoho, token, what string) (int, string) {
	t.Helper()
	if path, is := strings.CutPrefix(what, "GET "); is {
		return get(t, sim, token, "/crm/v7/"+path)
	}
	return queried(t, sim, token, what)
}

func queried(t *testing.T, sim *zohosim.Zoho, token, query string) (int, string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"select_query": query})
	if err != nil {
		t.Fatal(err)
	}
	r := newRequest(t, http.MethodPost, api+"/crm/v7/coql", string(body))
	r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
	return call(t, sim, r)
}

func TestAFaultOfOneModule(t *testing.T) {
	sim, token := with(t, zohosim.Fault{Module: "Leads", Kind: zohosim.InternalError})
	for module, calls := range reads {
		for _, what := range calls {
			status, body := read(t, sim, token, what)
			if (status == 500) != (module == "Leads") {
				t.Errorf("%s: got %d %s", what, status, body)
			}
		}
	}
	sim, token = with(t, zohosim.Fault{Module: "Leads", Path: "/crm/v7/coql", Kind: zohosim.Throttled, After: 1, Times: 1})
	for _, test := range []struct {
		what string
		want int
	}{
		{reads["Leads"][0], 200}, {reads["Deals"][3], 200}, {reads["Leads"][3], 200}, {reads["Deals"][3], 200}, {reads["Leads"][3], 429}, {reads["Leads"][3], 200},
	} {
		if status, body := read(t, sim, token, test.what); status != test.want {
			t.Errorf("%s: got %d %s, want %d", test.what, status, body, test.want)
		}
	}
	if err := sim.AddFault(zohosim.Fault{Module: "Cats", Kind: zohosim.Throttled}); err == nil {
		t.Error("a fault of a module that there is not was taken")
	}
}

// TestCredits adds up what each call costs.
func TestCredits(t *testing.T) {
	const all = "select id from Deals where id is not null "
	for what, want := range map[string]int{
		"GET users": 1, "GET users/" + kim: 1, "GET Deals/search?word=pilot": 1, "GET Deals?fields=id": 1, "GET Deals/" + deal: 1,
		"GET Deals/42": 1, "GET Deals": 1, "GET Cats": 1, "GET nothing/at/all": 0,
		all: 1, all + "limit 200": 1, all + "limit 201": 2, all + "limit 1000": 2, all + "limit 1001": 3, all + "limit 5, 2000": 3,
		all + "limit 5 offset 2000": 1, all + "limit 2001": 1, "select": 1, "select id from Cats where id is not null limit 2000": 1,
	} {
		sim := zohosim.New(zohosim.Config{})
		token := signIn(t, sim)
		if got := sim.Credits(); got != 0 {
			t.Errorf("a token: got %d, want 0", got)
		}
		read(t, sim, token, what)
		read(t, sim, "", what)
		if got := sim.Credits(); got != 2*want {
			t.Errorf("%s, once without a token: got %d, want %d", what, got, 2*want)
		}
	}
	for kind, want := range map[zohosim.FaultKind]int{zohosim.Throttled: 0, zohosim.ThrottledOld: 0, zohosim.HTML: 1, zohosim.Truncated: 1} {
		sim, token := with(t, zohosim.Fault{Kind: kind})
		get(t, sim, token, "/crm/v7/users")
		if got := sim.Credits(); got != want {
			t.Errorf("%s: got %d, want %d", kind, got, want)
		}
	}
	sim := zohosim.New(zohosim.Config{})
	queried(t, sim, signIn(t, sim), all+"limit 2000")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r := newRequest(t, method, api+"/control/calls", "")
		r.Header.Set("Content-Type", "application/json")
		if status, body := call(t, sim, r); status != 200 || !strings.Contains(body, `"credits":3`) {
			t.Errorf("%s: got %d %s, want three credits", method, status, body)
		}
	}
}

// TestSwitchesOfSearchesAndQueries reach what they are for.
func TestSwitchesOfSearchesAndQueries(t *testing.T) {
	sim := zohosim.New(zohosim.Config{ExactEquals: true, COQLMaxRows: 200})
	token := signIn(t, sim)
	for name, want := range map[string]int{"gensample foods": 200, "Gensample": 204} {
		if status, body := get(t, sim, token, "/crm/v7/Accounts/search?criteria=(Account_Name:equals:"+strings.ReplaceAll(name, " ", "+")+")"); status != want {
			t.Errorf("%s: got %d %s, want %d", name, status, body, want)
		}
	}
	for limit, want := range map[int]int{200: 200, 201: 400} {
		if status, body := queried(t, sim, token, fmt.Sprintf("select id from Deals where id is not null limit %d", limit)); status != want || want == 400 && field(t, body, "code") != "LIMIT_EXCEEDED" {
			t.Errorf("limit %d: got %d %s, want %d", limit, status, body, want)
		}
	}
}
