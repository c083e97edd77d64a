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

// TestTheTenTypes in a list and in the count, in the sample and in an
// organisation where status, confirmation and profile are mixed.
func TestTheTenTypes(t *testing.T) {
	mixed := zohosim.Generate(3000, 0)
	for name, organisation := range map[string]*zohosim.Organisation{"sample": nil, "generated": &mixed} {
		sim := zohosim.New(zohosim.Config{Organisation: organisation})
		token := signIn(t, sim)
		users := zohosim.SampleUsers()
		if organisation != nil {
			users = organisation.Users
		}
		for kind, want := range expected(t, users) {
			_, body := get(t, sim, token, "/crm/v7/users/actions/count?per_page=1&ids=1&type="+kind)
			if got := fmt.Sprintf("{\"count\":%d}\n", want); body != got {
				t.Errorf("%s, %s: counted %s, want %s", name, kind, body, got)
			}
			n := 0
			for page := 1; page <= 15; page++ {
				n += listed(t, sim, token, fmt.Sprintf("?type=%s&page=%d", kind, page), "")
			}
			if n != want {
				t.Errorf("%s, %s: listed %d, want %d", name, kind, n, want)
			}
		}
	}
}

// expected counts the users of each type.
func expected(t *testing.T, users []json.RawMessage) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, raw := range users {
		var u map[string]any
		if err := json.Unmarshal(raw, &u); err != nil {
			t.Fatal(err)
		}
		profile, _ := u["profile"].(map[string]any)
		id, _ := profile["id"].(string)
		active, deleted, confirmed, admin := u["status"] == "active", u["status"] == "deleted", u["confirm"] == true, strings.HasSuffix(id, "26011")
		_, own := u["theme"]
		for kind, is := range map[string]bool{
			"AllUsers": true, "ActiveUsers": active, "DeactiveUsers": !active && !deleted, "ConfirmedUsers": confirmed, "NotConfirmedUsers": !confirmed,
			"DeletedUsers": deleted, "ActiveConfirmedUsers": active && confirmed, "AdminUsers": admin, "ActiveConfirmedAdmins": active && confirmed && admin, "CurrentUser": own,
		} {
			if is {
				n[kind]++
			}
		}
	}
	return n
}

// TestTheEdges of parameters that clients get wrong.
func TestTheEdges(t *testing.T) {
	old := zohosim.New(zohosim.Config{UnknownUser400: true, Version: "v8"})
	if status, body := get(t, old, signIn(t, old), "/crm/v8/users/42"); status != 400 || field(t, body, "code") != "INVALID_DATA" {
		t.Errorf("an unknown user by the switch: got %d %s", status, body)
	}
	if status, _ := get(t, old, signIn(t, old), "/crm/v7/users"); status != 404 {
		t.Errorf("another version: got %d", status)
	}
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	for path, want := range map[string]string{
		"users?page=9223372036854775807":         "204 ",
		"users?page=92233720368547759":           "204 ",
		"users?page=9223372036854775808":         `400 {"code":"INVALID_DATA","details":{"param_name":"page"}`,
		"users?per_page=0":                       `400 {"code":"INVALID_DATA","details":{"param_name":"per_page"}`,
		"users/actions/count?type=Some":          `400 {"code":"INVALID_DATA","details":{"param_name":"type"}`,
		"users/42/territories":                   `400 {"code":"INVALID_DATA","details":{"resource_path_index":1}`,
		"users/5725767000000583032/territories":  "204 ",
		"settings/fields":                        `400 {"code":"REQUIRED_PARAM_MISSING","details":{"param_name":"module"}`,
		"settings/fields?module=Cats":            `400 {"code":"INVALID_MODULE"`,
		"Cats/search?word=ab":                    `400 {"code":"INVALID_MODULE"`,
		"Leads/search":                           `400 {"code":"EXPECTED_PARAM_MISSING"`,
		"Leads/search?word=a":                    `400 {"code":"INVALID_DATA"`,
		"Leads/search?word=nobody":               "204 ",
		"Leads/search?criteria=(Cats:equals:1)":  `400 {"code":"INVALID_QUERY"`,
		"Leads/search?word=gentest&per_page=201": `400 {"code":"INVALID_DATA"`,
	} {
		status, body := get(t, sim, token, "/crm/v7/"+path)
		if got := fmt.Sprintf("%d %s", status, body); !strings.HasPrefix(got, want) || strings.HasSuffix(want, " ") && got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	for _, path := range []string{"users?ids=" + kim, "users/" + kim} {
		if status, _ := get(t, sim, token, "/crm/v7/"+path, "If-Modified-Since", "2025-01-01T00:00:00Z"); status != http.StatusNotModified {
			t.Errorf("%s: got %d, want 304", path, status)
		}
	}
	if status, body := get(t, sim, token, "/crm/v7/users/"+kim, "If-Modified-Since", "yesterday"); status != 400 || !strings.Contains(body, "If-Modified-Since") {
		t.Errorf("got %d %s", status, body)
	}
	for page, more := range map[int]bool{1: true, 2: true, 3: false} {
		_, body := get(t, sim, token, fmt.Sprintf("/crm/v7/users?per_page=5&page=%d", page))
		if !strings.Contains(body, fmt.Sprintf(`"count":5,"page":%d,"more_records":%t}`, page, more)) {
			t.Errorf("page %d of three full ones: %s", page, body[max(0, len(body)-80):])
		}
	}
	if sim.Busiest() != 1 {
		t.Errorf("%d calls at once", sim.Busiest())
	}
}

func TestQueriesOverTheWire(t *testing.T) {
	for countKey, key := range map[bool]string{false: "COUNT(id)", true: "count"} {
		sim := zohosim.New(zohosim.Config{COQLCountKey: countKey})
		token := signIn(t, sim)
		for q, want := range map[string]string{
			"select id from Deals where id is null":                        "",
			"select COUNT(id) from Deals where id is not null":             `{"data":[{"` + key + `":2}]`,
			"select Owner from Deals where Deal_Name like '%pilot'":        `{"data":[{"Owner":{"id":"5725767000000592002","name":"krishnan"}`,
			"select Owner.name from Leads where Company = 'Genlead Foods'": `{"data":[{"Owner.name":null`,
			"select id from Deals":                                         `{"code":"SYNTAX_ERROR"`,
			"select id from Cats where id is not null":                     `{"code":"INVALID_MODULE"`,
			"": `{"code":"MANDATORY_NOT_FOUND"`,
		} {
			if got := query(t, sim, token, q); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("%s: got %s, want %s", q, got, want)
			}
		}
		r := newRequest(t, http.MethodPost, api+"/crm/v7/coql", "select")
		r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
		if status, body := call(t, sim, r); status != 400 || field(t, body, "code") != "INVALID_DATA" {
			t.Errorf("not JSON: got %d %s", status, body)
		}
	}
}

func TestSearchLags(t *testing.T) {
	ahead := zohosim.New(zohosim.Config{Now: func() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }})
	if status, _ := get(t, ahead, signIn(t, ahead), "/crm/v7/Leads/search?word=gentest"); status != 200 {
		t.Errorf("records from after now, without a lag: got %d", status)
	}
	for lag, want := range map[time.Duration]int{0: 200, 100 * 365 * 24 * time.Hour: 204} {
		sim, token := clocked(t, zohosim.Config{IndexLag: lag})
		if status, _ := get(t, sim, token, "/crm/v7/Leads/search?word=gentest"); status != want {
			t.Errorf("%v: got %d, want %d", lag, status, want)
		}
	}
}
