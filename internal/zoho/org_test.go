package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

func TestOrg(t *testing.T) {
	got, err := connected(t, euSim()).Org(t.Context())
	if err != nil || got.DomainName != "org808232144" || got.Type != "production" || got.Edition != "enterprise" || got.CountryCode != "US" || got.TimeZone != "America/Los_Angeles" || got.ID == "" || got.CompanyName == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, body := range []string{`{"org":[]}`, `{"org":[{},{}]}`, `{"org":null}`, `{}`, ``} {
		if _, err := replying(200, body).Org(t.Context()); !errors.Is(err, zoho.ErrMalformed) {
			t.Errorf("%s: got %v", body, err)
		}
	}
	sparse, err := replying(200, `{"org":[{"id":1,"company_name":null,"license_details":[],"extra":{"a":[1]}}]}`).Org(t.Context())
	if err != nil || sparse != (zoho.Org{ID: "1"}) {
		t.Errorf("got %+v, %v", sparse, err)
	}
}

func TestRoles(t *testing.T) {
	roles, err := connected(t, euSim()).Roles(t.Context())
	if err != nil || len(roles) != 5 {
		t.Fatalf("got %+v, %v", roles, err)
	}
	ceo := roles[0]
	if ceo.Name != "CEO" || ceo.ID != "5725767000000026005" || ceo.ReportingTo != (zoho.Ref{}) || roles[1].ReportingTo != (zoho.Ref{ID: ceo.ID, Name: "CEO"}) {
		t.Errorf("got %+v", roles)
	}
	marked, err := replying(200, `{"roles":[{"id":"1","name":"a","display_label":"b","admin_user":true},{"id":"2","admin_user":null}]}`).Roles(t.Context())
	if want := []zoho.Role{{ID: "1", Name: "a", DisplayLabel: "b", Admin: true}, {ID: "2"}}; err != nil || fmt.Sprint(marked) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v; want %+v", marked, err, want)
	}
}

// TestAProfilesNameTellsNothing: in a generated organisation the
// administrators' profile was renamed, and another is called Administrator.
func TestAProfilesNameTellsNothing(t *testing.T) {
	organisation := zohosim.Generate(500, 0)
	client := connected(t, zohosim.New(zohosim.Config{Organisation: &organisation, APIDomain: "https://www.zohoapis.eu"}))
	profiles, err := client.Profiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admins, err := client.ReadUsers(t.Context(), zoho.AdminUsers)
	if err != nil || len(admins) == 0 {
		t.Fatalf("got %d admins, %v", len(admins), err)
	}
	byID := map[string]zoho.Profile{}
	misleading := 0
	for _, p := range profiles {
		byID[p.ID] = p
		if p.Name == "Administrator" && p.Custom {
			misleading++
		}
	}
	for _, u := range admins {
		if p := byID[u.Profile.ID]; p.ID == "" || p.Custom || p.Name == "Administrator" || p.Type != "normal_profile" {
			t.Errorf("user %s has the profile %+v", u.ID, p)
		}
	}
	if misleading != 1 {
		t.Errorf("%d custom profiles are called Administrator", misleading)
	}
}

func TestUserTerritories(t *testing.T) {
	client := connected(t, euSim())
	got, err := client.UserTerritories(t.Context(), "5725767000000411001")
	if err != nil || len(got) != 1 || got[0].Name != "Generated Territory" || got[0].Manager.ID != "5725767000000411001" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := client.UserTerritories(t.Context(), "5725767000000583032"); err != nil || len(got) != 0 {
		t.Errorf("nobody's: got %+v, %v", got, err)
	}
	for _, id := range []string{"42", "kim", "", "1/../../org"} {
		if _, err := client.UserTerritories(t.Context(), id); !errors.Is(err, zoho.ErrNotFound) {
			t.Errorf("%q: got %v", id, err)
		}
	}
	const body = `{"territories":[{"id":"1","Name":"a","Manager":{"name":"m","id":"2"},"Reporting_To":{"Name":"r","id":"3"}},{"id":"4","Manager":null,"Reporting_To":null}],"info":{"more_records":%t}}`
	got, err = replying(200, fmt.Sprintf(body, false)).UserTerritories(t.Context(), "1")
	want := []zoho.Territory{{ID: "1", Name: "a", Manager: zoho.Ref{ID: "2", Name: "m"}, ReportingTo: zoho.Ref{ID: "3", Name: "r"}}, {ID: "4"}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, err := replying(200, fmt.Sprintf(body, true)).UserTerritories(t.Context(), "1"); !errors.Is(err, zoho.ErrMalformed) || got != nil {
		t.Errorf("a part of a list was taken for all: %+v, %v", got, err)
	}
}

// TestAMissingScopeIsNamed: the reads that need more than users fail by
// themselves, and the others go on.
func TestAMissingScopeIsNamed(t *testing.T) {
	sim := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Scopes: []string{"ZohoCRM.users.READ"}})
	client := connected(t, sim)
	for scope, read := range map[string]func() error{
		"ZohoCRM.org.READ":               func() error { _, err := client.Org(t.Context()); return err },
		"ZohoCRM.settings.roles.READ":    func() error { _, err := client.Roles(t.Context()); return err },
		"ZohoCRM.settings.profiles.READ": func() error { _, err := client.Profiles(t.Context()); return err },
	} {
		err := read()
		if e, ok := errors.AsType[*zoho.Error](err); !ok || !errors.Is(err, zoho.ErrScopeMissing) || e.Scope != scope || !strings.Contains(err.Error(), "scope missing, needs "+scope) {
			t.Errorf("%s: got %v", scope, err)
		}
	}
	if users, err := client.ReadUsers(t.Context(), zoho.AllUsers); err != nil || len(users) != 15 {
		t.Errorf("got %d users, %v", len(users), err)
	}
	other := connected(t, zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Scopes: []string{"ZohoCRM.org.ALL"}}))
	for _, read := range []func() error{
		func() error { _, err := other.ReadUsers(t.Context(), zoho.AllUsers); return err },
		func() error { _, err := other.User(t.Context(), "1"); return err },
		func() error { _, err := other.CountUsers(t.Context(), zoho.AllUsers); return err },
	} {
		if e, ok := errors.AsType[*zoho.Error](read()); !ok || e.Scope != "ZohoCRM.users.READ" {
			t.Errorf("got %v", e)
		}
	}
}

func TestCountUsers(t *testing.T) {
	client := connected(t, euSim())
	for kind, want := range map[zoho.UserType]int{zoho.AllUsers: 15, zoho.ActiveUsers: 10, zoho.DeletedUsers: 2, zoho.AdminUsers: 1, zoho.CurrentUser: 1} {
		if got, err := client.CountUsers(t.Context(), kind); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", kind, got, err, want)
		}
	}
	for body, want := range map[string]int{`{"count":11}`: 11, `{"count":"11"}`: 11, `{"count":0}`: 0} {
		if got, err := replying(200, body).CountUsers(t.Context(), zoho.AllUsers); err != nil || got != want {
			t.Errorf("%s: got %d, %v", body, got, err)
		}
	}
	for _, body := range []string{`{}`, `{"count":null}`, `{"count":"many"}`, `{"count":1.5}`, `{"count":-1}`, ``} {
		if _, err := replying(200, body).CountUsers(t.Context(), zoho.AllUsers); !errors.Is(err, zoho.ErrMalformed) {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestUsersByIDInCallsOfAHundred(t *testing.T) {
	sim := euSim(generated(250)...)
	client := connected(t, sim)
	ids := []string{"kim", "", "77", "90000", "90000"}
	for i := range 250 {
		ids = append(ids, fmt.Sprintf("9%04d", 249-i))
	}
	n := 0
	for user, err := range client.UsersByID(t.Context(), ids) {
		if err != nil || user.FullName != fmt.Sprintf("Generated %04d", n) {
			t.Fatalf("got %+v, %v at %d", user, err, n)
		}
		n++
	}
	if calls := sim.Count(zohosim.UsersCall); n != 250 || calls != 3 {
		t.Errorf("got %d users in %d calls, want 250 in 3", n, calls)
	}
	for range client.UsersByID(t.Context(), ids) {
		break
	}
	for range client.UsersByID(t.Context(), []string{"kim"}) {
		t.Error("somebody has no id")
	}
	if calls := sim.Count(zohosim.UsersCall); calls != 4 {
		t.Errorf("%d calls, want one more", calls)
	}
	sim.ExpireTokens()
	n = 0
	for _, err := range client.UsersByID(t.Context(), ids) {
		if n++; !errors.Is(err, zoho.ErrTokenRefused) {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("got %d values, want the failure alone", n)
	}
}

func TestUsersModifiedSince(t *testing.T) {
	organisation := zohosim.Generate(1000, 0)
	now := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	sim := zohosim.New(zohosim.Config{Organisation: &organisation, APIDomain: "https://www.zohoapis.eu", Now: func() time.Time { return now }})
	client := connected(t, sim)
	users, err := client.ReadUsers(t.Context(), zoho.AllUsers)
	if err != nil {
		t.Fatal(err)
	}
	watermark := users[0].ModifiedTime
	for _, u := range users {
		if u.ModifiedTime.After(watermark) {
			watermark = u.ModifiedTime
		}
	}
	delta := func() (names []string) {
		for u, err := range client.UsersModifiedSince(t.Context(), zoho.AllUsers, watermark) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, u.FullName+" "+u.Status)
		}
		return names
	}
	if got := delta(); len(got) != 0 {
		t.Errorf("nothing has changed: got %q", got)
	}
	for _, u := range users[:450] {
		if err := sim.ChangeUser(u.ID, map[string]any{"full_name": "Renamed", "status": "active"}); err != nil {
			t.Fatal(err)
		}
	}
	if got := delta(); len(got) != 450 || got[449] != "Renamed active" {
		t.Errorf("got %d users", len(got))
	}
	if calls := sim.Count(zohosim.UsersCall); calls != 5+1+3 {
		t.Errorf("%d pages were read", calls)
	}
}

func TestTheVersionIsASetting(t *testing.T) {
	for version, want := range map[string]string{"": "/crm/v7/users", "v8": "/crm/v8/users", "v2.1": "/crm/v2.1/users"} {
		client := replying(204, "")
		client.Version = version
		client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path != want {
				t.Errorf("%q: asked for %s, want %s", version, r.URL.Path, want)
			}
			return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
		})
		if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); err != nil {
			t.Errorf("%q: %v", version, err)
		}
	}
	for _, version := range []string{"7", "v", "vx", "v7/../v2", "v1e3", "V7", "v7 ", "v-1", "v1.2.3"} {
		client := replying(204, "")
		client.Version = version
		if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); err == nil || zoho.CheckVersion(version) == nil {
			t.Errorf("%q was accepted", version)
		}
	}
}

func TestErrorsCarryTheirFacts(t *testing.T) {
	_, err := replying(400, `{"code":"INVALID_DATA","details":{"param_name":"type"},"message":"invalid data","status":"error"}`).ListUsers(t.Context(), zoho.ListUsersOptions{Page: 2})
	e, ok := errors.AsType[*zoho.Error](err)
	if !ok || e.Call != "list users, page 2" || e.Status != 400 || e.Code != "INVALID_DATA" || e.Message != "invalid data" || string(e.Details) != `{"param_name":"type"}` {
		t.Errorf("got %+v", e)
	}
	if got := err.Error(); got != "zoho: list users, page 2: HTTP 400 INVALID_DATA" {
		t.Errorf("got %q", got)
	}
	for _, body := range []string{`{"code":"X","details":{}}`, `{"code":"X","details":[]}`, `{"code":"X","details":null}`, `{"code":"X"}`, `<html>`} {
		_, err := replying(400, body).ListUsers(context.Background(), zoho.ListUsersOptions{})
		if e, ok := errors.AsType[*zoho.Error](err); !ok || e.Details != nil {
			t.Errorf("%s: got details %s", body, e.Details)
		}
	}
}

// TestOneUserIsTheOneAskedFor, or Zoho's word that there is none, or an error.
func TestOneUserIsTheOneAskedFor(t *testing.T) {
	for body, want := range map[string]error{
		`{"users":[{"id":"1","full_name":"Generated"}]}`: nil,
		`{"users":[]}`:                      zoho.ErrNotFound,
		`{"users":[{"id":"2"}]}`:            zoho.ErrMalformed,
		`{"users":[{"id":"1"},{"id":"2"}]}`: zoho.ErrMalformed,
		`{"users":null}`:                    zoho.ErrMalformed,
		`{"users":{}}`:                      zoho.ErrMalformed,
		`{}`:                                zoho.ErrMalformed,
		`[]`:                                zoho.ErrMalformed,
		`null`:                              zoho.ErrMalformed,
		``:                                  zoho.ErrMalformed,
	} {
		if _, err := replying(200, body).User(t.Context(), "1"); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", body, err, want)
		}
	}
}

func TestNothingIsSaidByA204(t *testing.T) {
	for name, read := range map[string]func(*zoho.Client) (int, error){
		"roles":       func(c *zoho.Client) (int, error) { all, err := c.Roles(ctx); return len(all), err },
		"profiles":    func(c *zoho.Client) (int, error) { all, err := c.Profiles(ctx); return len(all), err },
		"territories": func(c *zoho.Client) (int, error) { all, err := c.UserTerritories(ctx, "1"); return len(all), err },
	} {
		if n, err := read(replying(204, "")); n != 0 || err != nil {
			t.Errorf("%s at 204: got %d, %v", name, n, err)
		}
		for _, body := range []string{"", "{}", "[]", `{"` + name + `":null}`} {
			if _, err := read(replying(200, body)); !errors.Is(err, zoho.ErrMalformed) {
				t.Errorf("%s, %q: got %v", name, body, err)
			}
		}
	}
	for name, err := range map[string]error{
		"count": func() error { _, err := replying(204, "").CountUsers(ctx, zoho.AllUsers); return err }(),
		"org":   func() error { _, err := replying(204, "").Org(ctx); return err }(),
	} {
		if !errors.Is(err, zoho.ErrMalformed) {
			t.Errorf("%s at 204: got %v", name, err)
		}
	}
}

func TestUsersByIDAsksForAnybody(t *testing.T) {
	client := replying(204, "")
	client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if got := r.URL.Query().Encode(); got != "ids=1%2C2&page=1&per_page=200&type=AllUsers" {
			t.Errorf("asked for %s", got)
		}
		return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
	})
	for user, err := range client.UsersByID(t.Context(), []string{"2", "1", "2", "1"}) {
		t.Errorf("got %v, %v", user, err)
	}
}

// TestWhatWasReadStaysAsItWas when later replies are read into the same memory.
func TestWhatWasReadStaysAsItWas(t *testing.T) {
	body := page()
	first := replying(400, `{"code":"A_CODE_OF_SOME_LENGTH","details":{"param_name":"first"},"message":"the first message"}`)
	second := replying(400, strings.Repeat("x", len(body)))
	_, err := first.ListUsers(t.Context(), zoho.ListUsersOptions{})
	_, _ = second.ListUsers(t.Context(), zoho.ListUsersOptions{})
	users, err2 := replying(200, string(body)).ListUsers(t.Context(), zoho.ListUsersOptions{})
	kept := fmt.Sprintf("%+v", users)
	_, _ = second.ListUsers(t.Context(), zoho.ListUsersOptions{})
	if err2 != nil || fmt.Sprintf("%+v", users) != kept {
		t.Errorf("the users have changed, %v", err2)
	}
	e, _ := errors.AsType[*zoho.Error](err)
	if e.Code != "A_CODE_OF_SOME_LENGTH" || string(e.Details) != `{"param_name":"first"}` || e.Message != "the first message" {
		t.Errorf("got %+v", e)
	}
}

func TestSmallThings(t *testing.T) {
	if (zoho.User{Status: "disabled"}).Active() || (zoho.User{}).Active() || !(zoho.User{Status: "Active"}).Active() {
		t.Error("another status than active is active")
	}
	u := zoho.User{Email: "stale@generated.example"}
	if err := u.UnmarshalJSON([]byte(`{"id":"1"}`)); err != nil || u != (zoho.User{ID: "1"}) {
		t.Errorf("got %+v, %v", u, err)
	}
	if err := u.UnmarshalJSON([]byte(`{"id":"1"}{}`)); err == nil {
		t.Error("two users were one")
	}
	_, err := replying(429, `{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"wait a little","details":[]}`).CountUsers(canceled(), zoho.AllUsers)
	if e, ok := errors.AsType[*zoho.Error](err); !ok || e.Message != "wait a little" {
		t.Errorf("got %+v", e)
	}
	for body, want := range map[string]error{`{"code":429,"error":"Too many"}`: zoho.ErrThrottled, `{"code":"INTERNAL_ERROR"}`: zoho.ErrUnavailable} {
		if _, err := replying(400, body).CountUsers(canceled(), zoho.AllUsers); !errors.Is(err, want) {
			t.Errorf("%s: got %v", body, err)
		}
	}
	for _, body := range []string{`{"users":[],"info":{"more_records":"maybe"}}`, `{"users":[],"info":{"more_records":1}}`} {
		if _, err := replying(200, body).ListUsers(t.Context(), zoho.ListUsersOptions{}); !errors.Is(err, zoho.ErrMalformed) {
			t.Errorf("%s: got %v", body, err)
		}
	}
	for _, base := range []string{"https://accounts.zoho.eu?a=b", "https://accounts.zoho.eu#a", "https://accounts.zoho.eu/path", "https://u@accounts.zoho.eu"} {
		if err := zoho.CheckAccountsURL(base, true); err == nil {
			t.Errorf("%s was accepted", base)
		}
	}
	_, err = replyingToken(`{"access_token":"a","api_domain":"https://s3cret.example"}`).Refresh(t.Context(), "r")
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

// canceled is the context of somebody who has given up: nothing is repeated.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func replyingToken(body string) *zoho.OAuth {
	return &zoho.OAuth{AccountsURL: euAccounts, HTTP: replying(200, body).HTTP}
}
