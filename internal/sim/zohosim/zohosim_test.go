package zohosim_test

import (
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
)

// call sends a request to sim without a network and gives status and body.
func call(t *testing.T, sim *zohosim.Zoho, r *http.Request) (int, string) {
	t.Helper()
	reply, err := sim.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}

func newRequest(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const accounts, api = "https://accounts.zoho.eu", "https://www.zohoapis.eu"

// signIn exchanges the refresh token.
func signIn(t *testing.T, sim *zohosim.Zoho) string {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {sim.ClientID}, "client_secret": {sim.ClientSecret}, "refresh_token": {sim.RefreshToken}}
	r := newRequest(t, http.MethodPost, accounts+"/oauth/v2/token", form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, body := call(t, sim, r)
	return field(t, body, "access_token")
}

func field(t *testing.T, body, name string) string {
	t.Helper()
	var reply map[string]any
	if err := json.Unmarshal([]byte(body), &reply); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	s, _ := reply[name].(string)
	return s
}

func get(t *testing.T, sim *zohosim.Zoho, token, path string, headers ...string) (int, string) {
	t.Helper()
	r := newRequest(t, http.MethodGet, api+path, "")
	r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return call(t, sim, r)
}

func TestErrorBodies(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	for _, test := range []struct {
		name, method, path, authorization string
		status                            int
		body                              string
	}{
		{"no token", "GET", "/crm/v7/users", "", 401, `{"code":"AUTHENTICATION_FAILURE","details":{},"message":"Authentication failed","status":"error"}`},
		{"another scheme", "GET", "/crm/v7/users", "Bearer " + token, 401, `{"code":"AUTHENTICATION_FAILURE","details":{},"message":"Authentication failed","status":"error"}`},
		{"bad token", "GET", "/crm/v7/users", "Zoho-oauthtoken nonsense", 401, `{"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}`},
		{"unknown path", "GET", "/crm/v7/nothing/at/all", "Zoho-oauthtoken " + token, 404, `{"code":"INVALID_URL_PATTERN","details":{},"message":"Please check if the URL trying to access is a correct one","status":"error"}`},
		{"outside of the CRM", "GET", "/", "", 404, `{"code":"INVALID_URL_PATTERN","details":{},"message":"Please check if the URL trying to access is a correct one","status":"error"}`},
		{"method", "POST", "/crm/v7/users", "Zoho-oauthtoken " + token, 400, `{"code":"INVALID_REQUEST_METHOD","details":{},"message":"The http request method type is not a valid one","status":"error"}`},
	} {
		r := newRequest(t, test.method, api+test.path, "")
		if test.authorization != "" {
			r.Header.Set("Authorization", test.authorization)
		}
		if status, body := call(t, sim, r); status != test.status || body != test.body+"\n" {
			t.Errorf("%s: got %d %s", test.name, status, body)
		}
	}
}

func TestParameters(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	for query, want := range map[string]int{
		"":                                   200,
		"?type=AdminUsers&":                  200,
		"?page=2":                            204,
		"?page=15&per_page=1":                200,
		"?page=16&per_page=1":                204,
		"?ids=1":                             204,
		"?type=adminusers":                   400,
		"?page=0":                            400,
		"?per_page=201":                      400,
		"?per_page=x":                        400,
		"?ids=kim":                           400,
		"?ids=1" + strings.Repeat(",1", 100): 400,
		"/5725767000000583032":               200,
		"/42":                                204,
		"/kim":                               400,
	} {
		if status, body := get(t, sim, token, "/crm/v7/users"+query); status != want || (status == 204) != (body == "") {
			t.Errorf("%s: got %d %s, want %d", query, status, body, want)
		}
	}
}

func TestPagesCarryTheirInfo(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	_, body := get(t, sim, signIn(t, sim), "/crm/v7/users?page=2&per_page=7")
	if want := `],"info":{"per_page":7,"count":7,"page":2,"more_records":true}}` + "\n"; !strings.HasSuffix(body, want) || !json.Valid([]byte(body)) {
		t.Errorf("got %s, want …%s", body, want)
	}
}

func TestConditionalReads(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	for _, test := range []struct {
		path, since string
		want        int
	}{
		{"/crm/v7/users", "2024-12-31T01:59:13-08:00", 200},
		{"/crm/v7/users", "2024-12-31T01:59:14-08:00", 304},
		{"/crm/v7/users", "2024-12-31T10:59:14+01:00", 304},
		{"/crm/v7/users", "Tue, 31 Dec 2024 09:59:14 GMT", 400},
		{"/crm/v7/users/5725767000000583032", "2023-05-24T12:49:05-07:00", 200},
		{"/crm/v7/users/5725767000000583032", "2023-05-24T12:49:06-07:00", 304},
	} {
		if status, _ := get(t, sim, token, test.path, "If-Modified-Since", test.since); status != test.want {
			t.Errorf("%s since %s: got %d, want %d", test.path, test.since, status, test.want)
		}
	}
}

func TestTokensLiveAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{})
		token := signIn(t, sim)
		time.Sleep(time.Hour - time.Second)
		if status, body := get(t, sim, token, "/crm/v7/users"); status != 200 {
			t.Errorf("after an hour less a second: got %d %s", status, body)
		}
		time.Sleep(time.Second)
		if status, body := get(t, sim, token, "/crm/v7/users"); status != 401 || field(t, body, "code") != "INVALID_TOKEN" {
			t.Errorf("after an hour: got %d %s", status, body)
		}
	})
}

// TestTokenEndpoint sends the fields in each of the three ways that clients use.
func TestTokenEndpoint(t *testing.T) {
	urlencoded := func(f url.Values) *http.Request {
		r := newRequest(t, http.MethodPost, accounts+"/oauth/v2/token", f.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	query := func(f url.Values) *http.Request {
		return newRequest(t, http.MethodPost, accounts+"/oauth/v2/token?"+f.Encode(), "")
	}
	parts := func(f url.Values) *http.Request {
		var b strings.Builder
		w := multipart.NewWriter(&b)
		for name := range f {
			if err := w.WriteField(name, f.Get(name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := newRequest(t, http.MethodPost, accounts+"/oauth/v2/token", b.String())
		r.Header.Set("Content-Type", w.FormDataContentType())
		return r
	}
	for name, send := range map[string]func(url.Values) *http.Request{"form": urlencoded, "query": query, "multipart": parts} {
		sim := zohosim.New(zohosim.Config{})
		fields := url.Values{"client_id": {sim.ClientID}, "client_secret": {sim.ClientSecret}, "grant_type": {"authorization_code"}, "code": {sim.GrantToken}}
		expect := func(what, key, value string, wantError string) {
			t.Helper()
			changed := url.Values{}
			for k := range fields {
				changed.Set(k, fields.Get(k))
			}
			if key != "" {
				changed.Set(key, value)
			}
			status, body := call(t, sim, send(changed))
			if status != 200 || field(t, body, "error") != wantError || (field(t, body, "access_token") == "") != (wantError != "") {
				t.Errorf("%s, %s: got %d %s", name, what, status, body)
			}
		}
		expect("another client", "client_id", "x", "invalid_client")
		expect("another secret", "client_secret", "x", "invalid_client_secret")
		expect("another code", "code", "x", "invalid_code")
		expect("the code", "", "", "")
		expect("the code again", "", "", "invalid_code")
		fields = url.Values{"client_id": {sim.ClientID}, "client_secret": {sim.ClientSecret}, "grant_type": {"refresh_token"}, "refresh_token": {sim.RefreshToken}}
		expect("another refresh token", "refresh_token", "x", "invalid_code")
		expect("the refresh token", "", "", "")
		expect("the refresh token again", "", "", "")
	}
}

func TestTheAPIDomainIsTheStandInsOwn(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	server := httptest.NewServer(sim)
	defer server.Close()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {sim.ClientID}, "client_secret": {sim.ClientSecret}, "refresh_token": {sim.RefreshToken}}
	reply, err := http.PostForm(server.URL+"/oauth/v2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || field(t, string(body), "api_domain") != server.URL || strings.Contains(string(body), "refresh_token") {
		t.Errorf("got %s, %v; want the domain %s and no refresh token", body, err, server.URL)
	}
}

func TestCallsAreRecorded(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	token := signIn(t, sim)
	get(t, sim, token, "/crm/v7/users?page=1")
	want := []zohosim.Call{
		{Kind: zohosim.TokenCall, Request: "POST /oauth/v2/token", Status: 200},
		{Kind: zohosim.UsersCall, Request: "GET /crm/v7/users?page=1", AccessToken: token, Status: 200},
	}
	got := sim.Calls()
	for i := range got {
		if time.Since(got[i].At).Abs() > time.Minute {
			t.Errorf("a call at %v", got[i].At)
		}
		got[i].At = time.Time{}
	}
	if !slices.Equal(got, want) || sim.Count(zohosim.UsersCall) != 1 || sim.Busiest() != 1 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
