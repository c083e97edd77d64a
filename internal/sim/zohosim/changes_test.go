package zohosim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
)

// clocked is a sample organisation whose clock stands, with a token.
func clocked(t *testing.T, c zohosim.Config) (*zohosim.Zoho, string) {
	t.Helper()
	c.Now = recently
	sim := zohosim.New(c)
	return sim, signIn(t, sim)
}

const kim, admin = "5725767000000583032", "5725767000000411001"

// user reads one user's fields.
func user(t *testing.T, sim *zohosim.Zoho, token, id string) map[string]any {
	t.Helper()
	var reply struct{ Users []map[string]any }
	status, body := get(t, sim, token, "/crm/v7/users/"+id)
	if status != 200 || json.Unmarshal([]byte(body), &reply) != nil || len(reply.Users) != 1 {
		t.Fatalf("user %s: got %d %s", id, status, body)
	}
	return reply.Users[0]
}

func TestUsersChange(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	before := user(t, sim, token, kim)
	for _, test := range []struct {
		change func() error
		want   map[string]any
	}{
		{func() error { return sim.RenameUser(kim, "Generated", "") }, map[string]any{"first_name": "Generated", "last_name": nil, "full_name": "Generated"}},
		{func() error { return sim.RenameUser(kim, "Generated", "Renamed") }, map[string]any{"last_name": "Renamed", "full_name": "Generated Renamed"}},
		{func() error { return sim.DisableUser(kim) }, map[string]any{"status": "disabled"}},
		{func() error { return sim.DeleteUser(kim) }, map[string]any{"status": "deleted"}},
		{func() error { return sim.ChangeUser(kim, map[string]any{"status": "active", "phone": "1"}) }, map[string]any{"status": "active", "phone": "1"}},
	} {
		sim.AdvanceClock(time.Second)
		if err := test.change(); err != nil {
			t.Fatal(err)
		}
		after := user(t, sim, token, kim)
		for key, want := range test.want {
			if after[key] != want {
				t.Errorf("%s: got %v, want %v", key, after[key], want)
			}
		}
		if after["Modified_Time"] == before["Modified_Time"] || len(after) != len(before) || after["email"] != "kim@gmail.com" {
			t.Errorf("got %v after %v", after, before)
		}
		before = after
	}
	if before["Modified_Time"] != "2026-11-24T01:30:05-08:00" {
		t.Errorf("modified at %v", before["Modified_Time"])
	}
}

// TestEveryChangeNamesWhoMadeIt and when: the organisation's first user, or
// whom the change names.
func TestEveryChangeNamesWhoMadeIt(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	ref := func(id, name string) map[string]any { return map[string]any{"id": id, "name": name} }
	first, other := ref("5725767000000411001", "Patricia Boyle"), ref(kim, "Kim")
	for _, test := range []struct {
		key  string
		want any
	}{
		{"profile", ref("5725767000000026014", "Standard")},
		{"role", ref("5725767000000026008", "Manager")},
		{"status", "inactive"},
		{"confirm", false},
		{"email", "other@generated.example"},
		{"full_name", "Generated Other"},
	} {
		for _, by := range []map[string]any{first, other} {
			fields := map[string]any{test.key: test.want}
			if by["id"] != first["id"] {
				fields["Modified_By"] = by
			}
			before := user(t, sim, token, kim)
			sim.AdvanceClock(time.Second)
			if err := sim.ChangeUser(kim, fields); err != nil {
				t.Fatal(err)
			}
			after := user(t, sim, token, kim)
			if !reflect.DeepEqual(after[test.key], test.want) || after["Modified_Time"] == before["Modified_Time"] || after["Modified_By"].(map[string]any)["id"] != by["id"] {
				t.Errorf("%s: got %v, %v by %v; want %v by %v", test.key, after[test.key], after["Modified_Time"], after["Modified_By"], test.want, by)
			}
		}
	}
	if err := errors.Join(sim.DisableUser(kim), sim.PromoteUser(kim), sim.RenameUser(kim, "Generated", ""), sim.DeleteUser(kim)); err != nil {
		t.Fatal(err)
	}
	if got := user(t, sim, token, kim)["Modified_By"]; !reflect.DeepEqual(got, first) {
		t.Errorf("got %v, want %v", got, first)
	}
}

// TestSomebodyComesAnew with the e-mail address of who was deleted or removed.
func TestSomebodyComesAnew(t *testing.T) {
	for name, leave := range map[string]func(*zohosim.Zoho) error{
		"deleted": func(z *zohosim.Zoho) error { return z.DeleteUser(kim) },
		"removed": func(z *zohosim.Zoho) error { return z.RemoveUser(kim) },
	} {
		sim, token := clocked(t, zohosim.Config{})
		if err := leave(sim); err != nil {
			t.Fatal(err)
		}
		id, err := sim.AddUser(map[string]any{"full_name": "Kim", "email": "kim@gmail.com"})
		if err != nil || id == kim {
			t.Fatalf("%s: got the id %s, %v", name, id, err)
		}
		anew := user(t, sim, token, id)
		by, _ := anew["Modified_By"].(map[string]any)
		if anew["email"] != "kim@gmail.com" || anew["Modified_Time"] != "2026-11-24T01:30:00-08:00" || by["id"] != admin || !reflect.DeepEqual(anew["created_by"], anew["Modified_By"]) {
			t.Errorf("%s: got %v", name, anew)
		}
	}
	empty := zohosim.New(zohosim.Config{Organisation: &zohosim.Organisation{}})
	id, err := empty.AddUser(nil)
	if err != nil {
		t.Fatal(err)
	}
	if by := user(t, empty, signIn(t, empty), id)["Modified_By"]; by != nil {
		t.Errorf("the first user of all was added by %v", by)
	}
}

// TestANewNameIsEverywhere where Zoho repeats it beside the id.
func TestANewNameIsEverywhere(t *testing.T) {
	organisation := zohosim.Generate(30, 200)
	sim, token := clocked(t, zohosim.Config{Organisation: &organisation})
	var first struct {
		ID       string `json:"id"`
		FullName string `json:"full_name"`
		LastName string `json:"last_name"`
	}
	if err := json.Unmarshal(organisation.Users[0], &first); err != nil {
		t.Fatal(err)
	}
	everywhere := func() (text string) {
		for _, path := range []string{"users", "Accounts/search?criteria=(Owner:equals:" + first.ID + ")", "Leads/search?criteria=(Owner:equals:" + first.ID + ")"} {
			_, body := get(t, sim, token, "/crm/v7/"+path)
			text += body
		}
		return text + query(t, sim, token, "select Owner from Deals where Owner = '"+first.ID+"'")
	}
	before := everywhere()
	if err := sim.RenameUser(first.ID, "Generated", "van der Renamed"); err != nil {
		t.Fatal(err)
	}
	after := everywhere()
	old, left, renamed := strings.Count(before, `"name":"`+first.FullName+`"`), strings.Count(after, `"name":"`+first.FullName+`"`), strings.Count(after, `"name":"Generated van der Renamed"`)
	if old < 10 || left > 0 || renamed != old {
		t.Errorf("the old name stood %d times and stands %d times, the new one %d times", old, left, renamed)
	}
	if !strings.Contains(after, `"name":"van der Renamed"`) {
		t.Error("COQL does not give the last name")
	}
}

// query gives the reply to a COQL query.
func query(t *testing.T, sim *zohosim.Zoho, token, query string) string {
	t.Helper()
	_, reply := queried(t, sim, token, query)
	return reply
}

// listed counts the users that a list gives.
func listed(t *testing.T, sim *zohosim.Zoho, token, query, since string) int {
	t.Helper()
	var headers []string
	if since != "" {
		headers = []string{"If-Modified-Since", since}
	}
	_, body := get(t, sim, token, "/crm/v7/users"+query, headers...)
	return strings.Count(body, `"full_name":`)
}

func TestPromotedAndAdded(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	if err := sim.PromoteUser(kim); err != nil {
		t.Fatal(err)
	}
	if n := listed(t, sim, token, "?type=AdminUsers", ""); n != 2 {
		t.Errorf("%d admins", n)
	}
	id, err := sim.AddUser(map[string]any{"full_name": "Generated New", "email": "new@generated.example"})
	if err != nil {
		t.Fatal(err)
	}
	added, sample := user(t, sim, token, id), user(t, sim, token, kim)
	for key := range sample {
		if _, there := added[key]; !there {
			t.Errorf("a new user lacks %s", key)
		}
	}
	if added["full_name"] != "Generated New" || added["status"] != "active" || added["confirm"] != true || added["first_name"] != nil || added["created_time"] != "2026-11-24T01:30:00-08:00" {
		t.Errorf("got %v", added)
	}
	if role, _ := added["role"].(map[string]any); role["name"] == nil || added["profile"] == nil {
		t.Errorf("got the role %v, the profile %v", added["role"], added["profile"])
	}
	if n := listed(t, sim, token, "", ""); n != 16 || listed(t, sim, token, "?page=16&per_page=1", "") != 1 {
		t.Errorf("%d users", n)
	}
	if again, err := sim.AddUser(nil); err != nil || again <= id {
		t.Errorf("the next id is %s, %v", again, err)
	}
}

func TestDeltas(t *testing.T) {
	const since = "2026-11-24T01:00:00-08:00"
	for omit, want := range map[bool]int{false: 2, true: 1} {
		sim, token := clocked(t, zohosim.Config{DeltasOmitDeleted: omit})
		if status, _ := get(t, sim, token, "/crm/v7/users", "If-Modified-Since", since); status != http.StatusNotModified {
			t.Errorf("nothing has changed: got %d", status)
		}
		if err := errors.Join(sim.DisableUser(kim), sim.DeleteUser(admin)); err != nil {
			t.Fatal(err)
		}
		if n := listed(t, sim, token, "", since); n != want {
			t.Errorf("omitted %v: %d changed, want %d", omit, n, want)
		}
		if n := listed(t, sim, token, "", ""); n != 15 {
			t.Errorf("%d users in all", n)
		}
		if err := sim.RemoveUser(admin); err != nil || listed(t, sim, token, "", "") != 14 {
			t.Errorf("removed: %v, %d users", err, listed(t, sim, token, "", ""))
		}
	}
}

func TestNobodyToChange(t *testing.T) {
	sim, _ := clocked(t, zohosim.Config{})
	for name, err := range map[string]error{
		"change": sim.ChangeUser("1", nil), "rename": sim.RenameUser("1", "a", "b"), "promote": sim.PromoteUser("1"),
		"disable": sim.DisableUser("1"), "delete": sim.DeleteUser("1"), "remove": sim.RemoveUser("1"),
	} {
		if !errors.Is(err, zohosim.ErrNoUser) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, fields := range map[string]map[string]any{"a function": {"phone": func() {}}, "a status of another kind": {"status": 1}} {
		before := len(fields)
		if err := sim.ChangeUser(kim, fields); err == nil || len(fields) != before {
			t.Errorf("%s: got %v, %v", name, err, fields)
		}
	}
	if u := user(t, sim, signIn(t, sim), kim); u["status"] != "active" || u["Modified_Time"] != "2023-05-24T12:49:06-07:00" {
		t.Errorf("a change that failed has changed %v", u)
	}
	if err := sim.ChangeUser(kim, nil); err != nil {
		t.Error(err)
	}
	for _, id := range []string{kim, "x", "", "12345678901234567890"} {
		if _, err := sim.AddUser(map[string]any{"id": id}); err == nil {
			t.Errorf("a user with the id %q was added", id)
		}
	}
	if err := zohosim.New(zohosim.Config{Organisation: &zohosim.Organisation{}}).PromoteUser("1"); err == nil {
		t.Error("promoted without a profile")
	}
}

func TestControl(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	do := func(name, body string) (int, string) {
		r := newRequest(t, http.MethodPost, api+"/control/"+name, body)
		r.Header.Set("Content-Type", "application/json")
		return call(t, sim, r)
	}
	must := func(name, body string) string {
		t.Helper()
		status, reply := do(name, body)
		if status != 200 {
			t.Fatalf("%s: got %d %s", name, status, reply)
		}
		return reply
	}
	id := field(t, must("add-user", `{"fields":{"full_name":"Generated New"}}`), "id")
	must("rename-user", `{"id":"`+id+`","first_name":"Generated","last_name":"Renamed"}`)
	must("change-user", `{"id":"`+id+`","fields":{"alias":"gen"}}`)
	must("promote-user", `{"id":"`+id+`"}`)
	if u := user(t, sim, token, id); u["full_name"] != "Generated Renamed" || u["alias"] != "gen" || listed(t, sim, token, "?type=AdminUsers", "") != 2 {
		t.Errorf("got %v", u)
	}
	must("disable-user", `{"id":"`+id+`"}`)
	if u := user(t, sim, token, id); u["status"] != "disabled" {
		t.Errorf("got %v", u["status"])
	}
	must("delete-user", `{"id":"`+id+`"}`)
	if u := user(t, sim, token, id); u["status"] != "deleted" {
		t.Errorf("got %v", u["status"])
	}
	must("remove-user", `{"id":"`+id+`"}`)
	if n := listed(t, sim, token, "", ""); n != 15 {
		t.Errorf("%d users", n)
	}
	record := field(t, must("add-record", `{"module":"Deals","fields":{"Deal_Name":"Generated Deal","Owner":"`+kim+`"}}`), "id")
	must("change-record", `{"module":"Deals","id":"`+record+`","fields":{"Stage":"Closed Won"}}`)
	if body := query(t, sim, token, "select Deal_Name, Stage from Deals where Owner = '"+kim+"'"); !strings.Contains(body, `[{"Deal_Name":"Generated Deal","Stage":"Closed Won","id":"`+record+`"}]`) {
		t.Errorf("got %s", body)
	}
	must("add-fault", `{"kind":"reset"}`)
	must("clear-faults", ``)
	code := field(t, must("grant-token", `{"life":"1m","scopes":["ZohoCRM.org.READ"]}`), "code")
	if body := exchangeCode(t, sim, code); field(t, body, "scope") != "ZohoCRM.org.READ" {
		t.Errorf("got %s", body)
	}
	must("expire-tokens", `{}`)
	if status, _ := get(t, sim, token, "/crm/v7/users"); status != 401 {
		t.Errorf("expired: got %d", status)
	}
	must("advance-clock", `{"by":"2h"}`)
	if body := must("calls", ``); !strings.Contains(body, `"busiest":1,"calls":{"coql":1,"token":2,"user":3,"users":3},"credits":7`) {
		t.Errorf("got %s", body)
	}
	if last := sim.Calls(); len(last) != 9 || last[8].Kind != zohosim.UsersCall {
		t.Errorf("the log has %d calls", len(last))
	}
}

// TestControlsOfFaults: each field shows in what happens.
func TestControlsOfFaults(t *testing.T) {
	for fault, want := range map[string]string{
		`{"kind":"throttled"}`:                                        "429 429 429 429",
		`{"kind":"throttled","path":"/oauth/"}`:                       "200 200 200 200",
		`{"kind":"throttled","query":"type=x"}`:                       "200 200 200 200",
		`{"kind":"throttled","module":"Deals"}`:                       "200 200 200 200",
		`{"kind":"throttled","after":1}`:                              "200 429 429 429",
		`{"kind":"throttled","times":2}`:                              "429 429 200 200",
		`{"kind":"throttled","status":430}`:                           "430 430 430 430",
		`{"kind":"throttled","probability":1e-9}`:                     "200 200 200 200",
		`{"kind":"throttled","times":1,"retry_after":"1500ms"}`:       "429+2 200 200 200",
		`{"latency":"90s"}`:                                           "200@90 200@90 200@90 200@90",
		`{"kind":"throttled-old","times":1,"latency":"1s","after":2}`: "200 200 429@1 200",
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := zohosim.New(zohosim.Config{})
			token := signIn(t, sim)
			r := newRequest(t, http.MethodPost, api+"/control/add-fault", fault)
			r.Header.Set("Content-Type", "application/json; charset=utf-8")
			if status, body := call(t, sim, r); status != 200 || body != "{}\n" {
				t.Fatalf("%s: got %d %s", fault, status, body)
			}
			var got []string
			for range 4 {
				r := newRequest(t, http.MethodGet, api+"/crm/v7/users", "")
				r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
				started := time.Now()
				reply, err := sim.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				one := fmt.Sprint(reply.StatusCode)
				if after := reply.Header.Get("Retry-After"); after != "" {
					one += "+" + after
				}
				if took := time.Since(started); took > 0 {
					one += "@" + fmt.Sprint(took.Seconds())
				}
				got = append(got, one)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: got %s, want %s", fault, got, want)
			}
		})
	}
}

func TestControlOfTheClockAndOfCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{})
		do := func(name, body string) string {
			r := newRequest(t, http.MethodPost, api+"/control/"+name, body)
			r.Header.Set("Content-Type", "application/json")
			_, reply := call(t, sim, r)
			return reply
		}
		token := signIn(t, sim)
		code := field(t, do("grant-token", `{"life":"5m"}`), "code")
		do("advance-clock", `{"by":"4m"}`)
		if body := exchangeCode(t, sim, code); field(t, body, "access_token") == "" {
			t.Errorf("a code of five minutes after four: %s", body)
		}
		do("advance-clock", `{"by":"57m"}`)
		if status, _ := get(t, sim, token, "/crm/v7/users"); status != 401 {
			t.Errorf("a token after 61 minutes: got %d", status)
		}
	})
}

func TestControlRefuses(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	for _, test := range []struct {
		method, name, kind, body string
		status                   int
		want                     string
	}{
		{"POST", "/earthquake", "application/json", `{}`, 404, "add-fault, add-record, add-user"},
		{"GET", "/add-user", "application/json", ``, 404, "POST one of"},
		{"POST", "/add-user", "text/plain", `{}`, 400, "application/json"},
		{"POST", "/add-user", "application/json", `[]`, 400, "JSON object"},
		{"POST", "/add-user", "application/json", `{"surplus":1}`, 400, "surplus"},
		{"POST", "/disable-user", "application/json", `{"id":"1"}`, 400, "no such user"},
		{"POST", "/add-record", "application/json", `{"fields":{}}`, 400, "no such module"},
		{"POST", "/change-record", "application/json", `{"module":"Deals","id":"1"}`, 400, "no such record"},
		{"POST", "/add-fault", "application/json", `{"kind":"earthquake"}`, 400, "known kind"},
		{"POST", "/add-fault", "application/json", `{"kind":"throttled","module":"Cats"}`, 400, "no such module"},
		{"POST", "/add-fault", "application/json", `{"kind":"throttled","query":"%"}`, 400, "a query"},
		{"POST", "/add-fault", "application/json", `{"latency":"soon"}`, 400, "soon"},
		{"POST", "/add-fault", "application/json", `{"kind":"throttled","status":42}`, 400, "from 200 to 599"},
		{"POST", "/add-fault", "application/json", `{"kind":"throttled","status":103}`, 400, "from 200 to 599"},
		{"POST", "/add-fault", "application/json", `{"kind":"throttled","status":600}`, 400, "from 200 to 599"},
		{"POST", "/add-fault", "application/json", `{"latency":"1s","status":500}`, 400, "with a kind"},
		{"POST", "X/add-fault", "application/json", `{}`, 404, "INVALID_URL_PATTERN"},
		{"GET", "", "", ``, 200, `"fault_kinds":["","authentication-failure"`},
	} {
		r := newRequest(t, test.method, api+"/control"+test.name, test.body)
		r.Header.Set("Content-Type", test.kind)
		want := strings.Replace(test.want, `"",`, "", 1)
		if status, body := call(t, sim, r); status != test.status || !strings.Contains(body, want) {
			t.Errorf("%s %s: got %d %s", test.method, test.name, status, body)
		}
	}
}
