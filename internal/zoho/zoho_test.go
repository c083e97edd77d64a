package zoho_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// connected is a client of sim that holds a token of its.
func connected(t testing.TB, sim *zohosim.Zoho) *zoho.Client {
	t.Helper()
	grant, err := oauth(sim).Refresh(t.Context(), sim.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	return &zoho.Client{
		Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil },
		HTTP:   &http.Client{Transport: sim},
		Log:    quiet,
	}
}

var ctx = context.Background() // of tests that need no end

var quiet = slog.New(slog.DiscardHandler)

// euAccounts is where the simulated organisation is, as far as a client knows.
const euAccounts = "https://accounts.zoho.eu"

func euSim(users ...string) *zohosim.Zoho {
	c := zohosim.Config{APIDomain: "https://www.zohoapis.eu"}
	if users != nil {
		c.Organisation = &zohosim.Organisation{}
	}
	for _, u := range users {
		c.Organisation.Users = append(c.Organisation.Users, json.RawMessage(u))
	}
	return zohosim.New(c)
}

func oauth(sim *zohosim.Zoho) *zoho.OAuth {
	return &zoho.OAuth{
		ClientID:     sim.ClientID,
		ClientSecret: sim.ClientSecret,
		AccountsURL:  euAccounts,
		HTTP:         &http.Client{Transport: sim},
	}
}

// replying is a client of a server that gives one answer to everything.
func replying(status int, body string) *zoho.Client {
	return &zoho.Client{
		Tokens: func(context.Context) (zoho.Token, error) {
			return zoho.Token{AccessToken: "t0ken", APIDomain: "https://www.zohoapis.com"}, nil
		},
		Log: quiet,
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return w.Result(), nil
		})},
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func names(t *testing.T, client *zoho.Client, kind zoho.UserType) []string {
	t.Helper()
	var names []string
	for user, err := range client.Users(t.Context(), kind) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, user.FullName)
	}
	return names
}

func TestUsersByType(t *testing.T) {
	client := connected(t, euSim())
	for kind, want := range map[zoho.UserType]int{
		zoho.AllUsers:              15,
		zoho.ActiveUsers:           10,
		zoho.DeactiveUsers:         3,
		zoho.ConfirmedUsers:        2,
		zoho.NotConfirmedUsers:     13,
		zoho.DeletedUsers:          2,
		zoho.ActiveConfirmedUsers:  2,
		zoho.AdminUsers:            1,
		zoho.ActiveConfirmedAdmins: 1,
		zoho.CurrentUser:           1,
	} {
		if got := names(t, client, kind); len(got) != want {
			t.Errorf("%s: %d users %q, want %d", kind, len(got), got, want)
		}
	}
}

func TestUserFields(t *testing.T) {
	client := connected(t, euSim())
	got, err := client.User(t.Context(), "5725767000000411001")
	if err != nil {
		t.Fatal(err)
	}
	admin := zoho.Ref{ID: "5725767000000411001", Name: "Patricia Boyle"}
	pacific := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	want := zoho.User{
		ID: admin.ID, FullName: admin.Name, FirstName: "Patricia", LastName: "Boyle",
		Email: "patricia.a+us@zohotest.com", Phone: "123456789",
		Status: "active", Type: "Regular User",
		Role:    zoho.Ref{ID: "5725767000000026005", Name: "CEO"},
		Profile: zoho.Ref{ID: "5725767000000026011", Name: "Administrator"},
		State:   "Karnataka", Country: "US", Language: "en_US",
		TimeZone:    "America/Los_Angeles",
		CreatedTime: pacific("2023-04-12T02:08:05-07:00"), CreatedBy: admin,
		ModifiedTime: pacific("2024-12-31T01:59:14-08:00"), ModifiedBy: admin,
		ZUID: "808233918",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestUserDecoding(t *testing.T) {
	for name, test := range map[string]struct {
		wire string
		want zoho.User
	}{
		"nulls are empty":              {`{"id":"1","full_name":null,"role":null,"created_time":null,"confirm":null}`, zoho.User{ID: "1"}},
		"numbers as text and reverse":  {`{"id":12345678901234567890,"phone":4912345,"confirm":"false"}`, zoho.User{ID: "12345678901234567890", Phone: "4912345", Unconfirmed: true}},
		"a custom field of other case": {`{"id":"1","status":"disabled","Status":["x"],"EMAIL":"no","email":"yes"}`, zoho.User{ID: "1", Status: "disabled", Email: "yes"}},
		"values of the wrong kind":     {`{"id":"1","full_name":{"a":1},"role":"CEO","Modified_Time":"yesterday","alias":[1]}`, zoho.User{ID: "1"}},
		"a manager and a mobile":       {`{"id":"1","Reporting_To":{"id":"2","name":"Generated"},"mobile":"+1","city":"C","alias":"A"}`, zoho.User{ID: "1", ReportingTo: zoho.Ref{ID: "2", Name: "Generated"}, Mobile: "+1", City: "C", Alias: "A"}},
		"a role without a name":        {`{"id":"1","role":{"id":"2","name":null}}`, zoho.User{ID: "1", Role: zoho.Ref{ID: "2"}}},
	} {
		var got zoho.User
		if err := json.Unmarshal([]byte(test.wire), &got); err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, test.want)
		}
	}
	if err := json.Unmarshal([]byte(`{"full_name":"Kim"}`), new(zoho.User)); err == nil {
		t.Error("a user without an id was accepted")
	}
}

// generated makes n users with visibly generated names.
func generated(n int) []string {
	users := make([]string, n)
	for i := range users {
		users[i] = fmt.Sprintf(`{"id":"9%04d","full_name":"Generated %04d","status":"active"}`, i, i)
	}
	return users
}

func TestUsersReadsEveryPage(t *testing.T) {
	sim := euSim(generated(401)...)
	got := names(t, connected(t, sim), zoho.AllUsers)
	if len(got) != 401 || got[400] != "Generated 0400" {
		t.Errorf("got %d users", len(got))
	}
	want := []string{
		"POST /oauth/v2/token",
		"GET /crm/v7/users?page=1&per_page=200&type=AllUsers",
		"GET /crm/v7/users?page=2&per_page=200&type=AllUsers",
		"GET /crm/v7/users?page=3&per_page=200&type=AllUsers",
	}
	var calls []string
	for _, call := range sim.Calls() {
		calls = append(calls, call.Request)
	}
	if !slices.Equal(calls, want) {
		t.Errorf("got calls  %q\nwant calls %q", calls, want)
	}
}

func TestUsersReadsPagesAsTheyAreNeeded(t *testing.T) {
	sim := euSim(generated(401)...)
	for range connected(t, sim).Users(t.Context(), zoho.AllUsers) {
		break
	}
	if calls := sim.Calls(); len(calls) != 2 {
		t.Errorf("got calls %v, want one page", calls)
	}
}

func TestUsersEndsAtTheFirstFailure(t *testing.T) {
	sim := euSim(generated(401)...)
	client := connected(t, sim)
	var got, failures int
	for _, err := range client.Users(t.Context(), zoho.AllUsers) {
		if got++; err != nil {
			failures++
		}
		if got == 200 {
			sim.ExpireTokens()
		}
	}
	if got != 201 || failures != 1 {
		t.Errorf("got %d values, %d errors; want 200 users and one error at the end", got, failures)
	}
}

// TestUsersIsCompleteOrAnError plays pages that could be taken for all there
// are, and the one way in which nobody is an answer.
func TestUsersIsCompleteOrAnError(t *testing.T) {
	type reply struct {
		status int
		body   string
	}
	first := reply{200, `{"users":[{"id":"1"}],"info":{"more_records":true}}`}
	last := reply{200, `{"users":[{"id":"2"}],"info":{"more_records":false}}`}
	for name, test := range map[string]struct {
		replies []reply
		want    error
	}{
		"two pages":               {[]reply{first, last}, nil},
		"nobody":                  {[]reply{{204, ""}}, nil},
		"the same page again":     {[]reply{first, first}, zoho.ErrMalformed},
		"twice on one page":       {[]reply{{200, `{"users":[{"id":"1"},{"id":"1"}],"info":{"more_records":false}}`}}, zoho.ErrMalformed},
		"empty but more":          {[]reply{{200, `{"users":[],"info":{"more_records":true}}`}}, zoho.ErrMalformed},
		"no word of more":         {[]reply{{200, `{"users":[{"id":"1"}]}`}}, zoho.ErrMalformed},
		"no users":                {[]reply{{200, `{"info":{"more_records":false}}`}}, zoho.ErrMalformed},
		"an empty 200":            {[]reply{{200, ""}}, zoho.ErrMalformed},
		"not modified unasked":    {[]reply{{304, ""}}, zoho.ErrMalformed},
		"more promised, then 204": {[]reply{first, {204, ""}}, zoho.ErrMalformed},
		"more promised, then 200": {[]reply{first, {200, ""}}, zoho.ErrMalformed},
		"more promised, then 304": {[]reply{first, {304, ""}}, zoho.ErrMalformed},
		"more promised, then 503": {[]reply{first, {503, ""}}, zoho.ErrUnavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := replying(0, "")
			next := 0
			client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				w := httptest.NewRecorder()
				w.WriteHeader(test.replies[next].status)
				_, _ = io.WriteString(w, test.replies[next].body)
				next = min(next+1, len(test.replies)-1)
				return w.Result(), nil
			})
			read := 0
			var last error
			for _, err := range client.Users(t.Context(), zoho.AllUsers) {
				last = err
				read++
			}
			if !errors.Is(last, test.want) || next < len(test.replies)-1 || last != nil && read > 2 {
				t.Errorf("%s: got %v after %d, at reply %d of %d, want %v", name, last, read, next+1, len(test.replies), test.want)
			}
		})
	}
}

func TestListUsersByIDs(t *testing.T) {
	sim := euSim()
	client := connected(t, sim)
	page, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{IDs: []string{"5725767000000583032", "5725767000000583018", "1"}})
	if err != nil || len(page.Users) != 2 || page.Users[0].FullName != "Lee" || page.Users[1].FullName != "Kim" {
		t.Errorf("got %+v, %v; want Lee and Kim", page.Users, err)
	}
	for _, o := range []zoho.ListUsersOptions{{IDs: make([]string, 101)}, {PerPage: 201}} {
		if _, err := client.ListUsers(t.Context(), o); err == nil {
			t.Errorf("%d ids, %d a page: accepted", len(o.IDs), o.PerPage)
		}
	}
	if calls := sim.Calls(); len(calls) != 2 {
		t.Errorf("got calls %v, want the token's and the first list's", calls)
	}
}

func TestListUsersModifiedSince(t *testing.T) {
	client := connected(t, euSim())
	at := time.Date(2024, 6, 26, 0, 0, 0, 0, time.FixedZone("", 5*3600+1800))
	page, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{ModifiedSince: at})
	if err != nil || len(page.Users) != 3 || page.NotModified {
		t.Errorf("got %d users, %+v, %v; want the three changed since", len(page.Users), page.NotModified, err)
	}
	client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if got, want := r.Header.Get("If-Modified-Since"), "2024-06-25T18:30:00+00:00"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
		return &http.Response{StatusCode: http.StatusNotModified, Body: http.NoBody}, nil
	})
	_, _ = client.ListUsers(t.Context(), zoho.ListUsersOptions{ModifiedSince: at.UTC()})
	client = connected(t, euSim())
	page, err = client.ListUsers(t.Context(), zoho.ListUsersOptions{ModifiedSince: at.AddDate(1, 0, 0)})
	if err != nil || !page.NotModified {
		t.Errorf("got %+v, %v; want not modified", page, err)
	}
}

func TestUserNotFound(t *testing.T) {
	old := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", UnknownUser400: true})
	for name, sim := range map[string]*zohosim.Zoho{"204": euSim(), "400 INVALID_DATA": old} {
		for _, id := range []string{"42", "kim", "", "../org"} {
			if _, err := connected(t, sim).User(t.Context(), id); !errors.Is(err, zoho.ErrNotFound) {
				t.Errorf("%s: id %q: got %v, want %v", name, id, err, zoho.ErrNotFound)
			}
		}
	}
}

func TestUserPassesOtherErrorsOn(t *testing.T) {
	for body, want := range map[string]error{
		`{"code":"INVALID_TOKEN"}`: zoho.ErrTokenRefused,
		`<html>`:                   zoho.ErrTokenRefused,
	} {
		if _, err := replying(401, body).User(t.Context(), "1"); !errors.Is(err, want) || errors.Is(err, zoho.ErrNotFound) {
			t.Errorf("%s: got %v, want %v", body, err, want)
		}
	}
	if _, err := replying(400, `{"code":"PATTERN_NOT_MATCHED"}`).User(t.Context(), "1"); err == nil || errors.Is(err, zoho.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestACodeThatIsNoneIsNotPrinted(t *testing.T) {
	for _, code := range []string{strings.Repeat("s3cret", 20), "s3cret\u00e9", "s3cret\n"} {
		_, err := replying(400, fmt.Sprintf(`{"code":%q}`, code)).ListUsers(t.Context(), zoho.ListUsersOptions{})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: got %v", code, err)
		}
	}
}

// TestRedirectsAreNotFollowed: another server would get the token, and a 307
// the client secret too.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer other.Close()
	zohos := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer zohos.Close()
	client := &zoho.Client{AllowLoopback: true, Tokens: func(context.Context) (zoho.Token, error) {
		return zoho.Token{AccessToken: "a", APIDomain: zohos.URL}, nil
	}}
	_, listErr := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
	_, refreshErr := (&zoho.OAuth{AccountsURL: zohos.URL, AllowLoopback: true}).Refresh(t.Context(), "r")
	if listErr == nil || refreshErr == nil || reached > 0 {
		t.Errorf("got %v and %v, the other server was reached %d times", listErr, refreshErr, reached)
	}
}

// TestNoErrorQuotesTheURLOrTheReply plays replies that net/http quotes in its
// own errors.
func TestNoErrorQuotesTheURLOrTheReply(t *testing.T) {
	for _, reply := range []string{
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://zoho.example/%zz?q=s3cret\r\n\r\n",
		"HTTP/1.1 200 OK\r\ns3cret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: s3cret\r\n\r\n",
		"s3cret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ns3cret",
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{\"message\":\"s3cret",
		"",
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := saying(reply).ListUsers(t.Context(), zoho.ListUsersOptions{IDs: []string{"4711"}})
			if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "4711") {
				t.Errorf("%q: got %v", reply, err)
			}
		})
	}
}

// saying is a client of a server that answers every connection with these
// bytes and closes it.
func saying(reply string) *zoho.Client {
	dial := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			_, _ = theirs.Read(make([]byte, 4096))
			_, _ = io.WriteString(theirs, reply)
		}()
		return ours, nil
	}
	return &zoho.Client{
		AllowLoopback: true,
		Log:           quiet,
		HTTP:          &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}},
		Tokens: func(context.Context) (zoho.Token, error) {
			return zoho.Token{AccessToken: "a", APIDomain: "http://127.0.0.1:1"}, nil
		},
	}
}

func TestErrorConditions(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"bad token":              {401, `{"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}` + "\n", zoho.ErrTokenRefused},
		"no token":               {401, `{"code":"AUTHENTICATION_FAILURE","details":{},"message":"Authentication failed","status":"error"}`, zoho.ErrTokenRefused},
		"scope":                  {401, `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"invalid oauth scope to access this URL","status":"error"}`, zoho.ErrScopeMissing},
		"API access":             {403, `{"code":"NO_PERMISSION","details":{"permissions":["Crm_Implied_Api_Access"]},"message":"permission denied","status":"error"}`, zoho.ErrNoAPIAccess},
		"permission":             {403, `{"code":"NO_PERMISSION","details":{},"message":"Permission denied to read","status":"error"}`, zoho.ErrNoPermission},
		"details first":          {403, `{"details":{"permissions":["Crm_Implied_Api_Access"]},"code":"NO_PERMISSION"}`, zoho.ErrNoAPIAccess},
		"scope at 403":           {403, `{"code":"OAUTH_SCOPE_MISMATCH","details":{}}`, zoho.ErrScopeMissing},
		"INVALID_OAUTHTOKEN":     {401, `{"code":"INVALID_OAUTHTOKEN"}`, zoho.ErrTokenRefused},
		"AUTHENTICATION_FAILED":  {401, `{"code":"AUTHENTICATION_FAILED"}`, zoho.ErrTokenRefused},
		"unknown 401":            {401, `{"code":"UNAUTHORIZED"}`, zoho.ErrTokenRefused},
		"unknown 403":            {403, `{"code":"FORBIDDEN"}`, zoho.ErrNoPermission},
		"429 without a body":     {429, "", zoho.ErrThrottled},
		"a number alone":         {200, `{"code":429}`, zoho.ErrThrottled},
		"a number as text":       {200, `{"code":"503","details":[]}`, zoho.ErrUnavailable},
		"refused at 200":         {200, `{"code":"INVALID_TOKEN","details":{},"message":"","status":"error"}`, zoho.ErrTokenRefused},
		"internal, SDK":          {400, `{"code":"INTERNAL_SERVER_ERROR"}`, zoho.ErrUnavailable},
		"privilege":              {400, `{"code":"AUTHORIZATION_FAILED","details":{},"message":"","status":"error"}`, zoho.ErrNoPermission},
		"throttled":              {429, `{"code":"TOO_MANY_REQUESTS","details":{},"message":"","status":"error"}`, zoho.ErrThrottled},
		"throttled, old":         {429, `{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"","details":[]}`, zoho.ErrThrottled},
		"internal":               {500, `{"code":"INTERNAL_ERROR","details":{},"message":"Internal Server Error","status":"error"}`, zoho.ErrUnavailable},
		"gateway":                {502, `<html>Bad Gateway</html>`, zoho.ErrUnavailable},
		"truncated":              {200, `{"users":[{"id":"1"`, zoho.ErrMalformed},
		"HTML at 200":            {200, `<html>`, zoho.ErrMalformed},
		"HTML at 503":            {503, `<html>`, zoho.ErrUnavailable},
		"truncated error":        {401, `{"code":"OAUTH_SCOPE_MISMATCH","details":{"a`, zoho.ErrScopeMissing},
		"two values":             {200, `{"users":[],"info":{"more_records":false}}{}`, zoho.ErrMalformed},
		"an array":               {200, `[]`, zoho.ErrMalformed},
		"null":                   {200, `null`, zoho.ErrMalformed},
		"users of another kind":  {200, `{"users":{},"info":{"more_records":false}}`, zoho.ErrMalformed},
		"a user of another kind": {200, `{"users":["1"],"info":{"more_records":false}}`, zoho.ErrMalformed},
		"user without id":        {200, `{"users":[{}],"info":{"more_records":false}}`, zoho.ErrMalformed},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := replying(test.status, test.body).ListUsers(t.Context(), zoho.ListUsersOptions{})
			e, ok := errors.AsType[*zoho.Error](err)
			if !ok || !errors.Is(err, test.want) || e.Status != test.status || len(e.Unwrap()) > 2 {
				t.Errorf("%s: got %v, want %v and the status %d in it", name, err, test.want, test.status)
			}
		})
	}
}

func TestEmptyRepliesAreEmptyPages(t *testing.T) {
	for status, body := range map[int]string{204: "", 200: " \n"} {
		page, err := replying(status, body).ListUsers(t.Context(), zoho.ListUsersOptions{})
		if err != nil || len(page.Users) != 0 || page.MoreRecords {
			t.Errorf("%d %q: got %+v, %v", status, body, page, err)
		}
	}
}

func TestRealErrorBodies(t *testing.T) {
	sim := euSim()
	client := connected(t, sim)
	sim.ExpireTokens()
	_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
	if got, want := fmt.Sprint(err), "zoho: list users: access token refused: HTTP 401 INVALID_TOKEN"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := euSim()
		got, err := oauth(sim).Refresh(t.Context(), sim.RefreshToken)
		if err != nil || got.AccessToken == "" || got.APIDomain != "https://www.zohoapis.eu" || time.Until(got.Expiry) != time.Hour {
			t.Errorf("got %v, %q, %v", got, got.APIDomain, err)
		}
	})
}

func TestRefreshReadsEveryKindOfLife(t *testing.T) {
	for reply, want := range map[string]time.Duration{
		`"expires_in":3600`:                           time.Hour,
		`"expires_in":"1800"`:                         30 * time.Minute,
		`"expires_in":3600000`:                        time.Hour,
		`"expires_in":3600000,"expires_in_sec":3600`:  time.Hour,
		`"expires_in":3600000,"expires_in_sec":"900"`: 15 * time.Minute,
		`"scope":"ZohoCRM.users.READ"`:                time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			client := oauth(euSim())
			client.HTTP = replying(200, `{"access_token":"a",`+reply+`}`).HTTP
			client.HTTP.Transport = jsonTyped(client.HTTP.Transport)
			got, err := client.Refresh(t.Context(), "r")
			if err != nil || time.Until(got.Expiry) != want {
				t.Errorf("%s: got %v, %v; want %v", reply, time.Until(got.Expiry), err, want)
			}
		})
	}
}

func jsonTyped(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		reply, err := next.RoundTrip(r)
		if err == nil {
			reply.Header.Set("Content-Type", "application/json;charset=UTF-8")
		}
		return reply, err
	})
}

func TestRefreshRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"invalid_code at 200":   {200, `{"error":"invalid_code"}`, zoho.ErrGrantRefused},
		"invalid_client at 200": {200, `{"error":"invalid_client"}`, zoho.ErrGrantRefused},
		"client secret at 400":  {400, `{"error":"invalid_client_secret"}`, zoho.ErrGrantRefused},
		"throttled at 200":      {200, `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time."}`, zoho.ErrThrottled},
		"throttled at 400":      {400, `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time."}`, zoho.ErrThrottled},
		"down":                  {503, `<html>`, zoho.ErrUnavailable},
		"no token":              {200, `{"api_domain":"https://www.zohoapis.eu"}`, zoho.ErrMalformed},
		"not JSON":              {200, `<html>`, zoho.ErrMalformed},
		"another data centre":   {200, `{"access_token":"a","api_domain":"https://www.zohoapis.com"}`, zoho.ErrOtherDataCentre},
		"a foreign host":        {200, `{"access_token":"a","api_domain":"https://zohoapis.example"}`, zoho.ErrMalformed},
	} {
		var calls int
		client := oauth(euSim())
		next := jsonTyped(replying(test.status, test.body).HTTP.Transport)
		client.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			calls++
			return next.RoundTrip(r)
		})}
		_, err := client.Refresh(t.Context(), "s3cret-grant")
		if !errors.Is(err, test.want) || calls != 1 {
			t.Errorf("%s: got %v after %d calls, want %v after 1", name, err, calls, test.want)
		}
		if text := fmt.Sprint(err); strings.Contains(text, "s3cret") || strings.Contains(text, client.ClientSecret) || strings.Contains(text, "https://") {
			t.Errorf("%s: the error tells too much: %s", name, text)
		}
	}
}

func TestUnreachableKeepsTheDeadlineAndLosesTheURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := replying(200, "")
		client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded })
		_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{IDs: []string{"4711"}})
		if !errors.Is(err, zoho.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "4711") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRepliesAreCapped(t *testing.T) {
	_, err := replying(200, `{"users":[],"x":"`+strings.Repeat("x", 9<<20)+`"}`).ListUsers(t.Context(), zoho.ListUsersOptions{})
	if !errors.Is(err, zoho.ErrMalformed) || !strings.HasSuffix(err.Error(), "reply too large") {
		t.Errorf("got %v", err)
	}
}

func TestTheTokenGoesToZohoOnly(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://www.zohoapis.com":              true,
		"https://WWW.ZohoAPIs.com/":             true,
		"https://sandbox.zohoapis.com.au":       true,
		"https://www.zohoapis.ca":               true,
		"https://www.zohoapis.zohocloud.ca":     false,
		"http://www.zohoapis.com":               false,
		"https://www.zohoapis.com.example":      false,
		"https://evil.example/www.zohoapis.com": false,
		"https://u:p@www.zohoapis.com":          false,
		"https://www.zohoapis.com:8443":         false,
		"http://127.0.0.1:9":                    false,
		"https://localhost":                     false,
		"":                                      false,
		"://":                                   false,
	} {
		client := replying(204, "")
		client.Tokens = func(context.Context) (zoho.Token, error) { return zoho.Token{AccessToken: "a", APIDomain: base}, nil }
		if _, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); (err == nil) != ok {
			t.Errorf("%s: got %v, want ok %v", base, err, ok)
		}
	}
}

func TestLoopbackBySettingOnly(t *testing.T) {
	for base, ok := range map[string]bool{
		"http://127.0.0.1:8080":   true,
		"http://[::1]:8080":       true,
		"http://localhost:8080":   true,
		"http://192.0.2.1:8080":   false,
		"http://accounts.zoho.eu": false,
		euAccounts:                true,
	} {
		if err := zoho.CheckAccountsURL(base, true); (err == nil) != ok {
			t.Errorf("%s: got %v, want ok %v", base, err, ok)
		}
	}
}

func TestTokensDoNotPrint(t *testing.T) {
	token := zoho.Token{AccessToken: "s3cret"}
	if text := fmt.Sprintf("%v %+v %#v %s", token, token, token, token.LogValue()); strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

func ExampleClient_Users() {
	sim := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu"})
	ctx := context.Background()
	oauth := &zoho.OAuth{
		ClientID: sim.ClientID, ClientSecret: sim.ClientSecret,
		AccountsURL: "https://accounts.zoho.eu",
		HTTP:        &http.Client{Transport: sim},
	}
	grant, err := oauth.Refresh(ctx, sim.RefreshToken)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &zoho.Client{
		Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil },
		HTTP:   &http.Client{Transport: sim},
	}
	for user, err := range client.Users(ctx, zoho.ActiveConfirmedUsers) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.FullName, "is", user.Role.Name)
	}
	// Output:
	// Patricia Boyle is CEO
	// COQL is Manager 1
}
