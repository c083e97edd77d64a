package zohosim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
)

// exchange asks the token endpoint for something and gives the status and the reply.
func exchange(t *testing.T, sim *zohosim.Zoho, fields ...string) (int, string) {
	t.Helper()
	form := url.Values{"client_id": {sim.ClientID}, "client_secret": {sim.ClientSecret}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return post(t, sim, "/oauth/v2/token", form)
}

func post(t *testing.T, sim *zohosim.Zoho, path string, form url.Values) (int, string) {
	t.Helper()
	r := newRequest(t, http.MethodPost, accounts+path, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return call(t, sim, r)
}

func refresh(t *testing.T, sim *zohosim.Zoho, refreshToken string) string {
	t.Helper()
	_, body := exchange(t, sim, "grant_type", "refresh_token", "refresh_token", refreshToken)
	return body
}

func TestTheSixteenthTokenEndsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{})
		for range 5 { // these are no longer alive when the others come
			refresh(t, sim, sim.RefreshToken)
		}
		time.Sleep(time.Hour)
		var tokens []string
		for n := range 17 {
			if n == 10 {
				time.Sleep(10 * time.Minute)
			}
			body := refresh(t, sim, sim.RefreshToken)
			tokens = append(tokens, field(t, body, "access_token"))
			if field(t, body, "token_type") != "Bearer" {
				t.Errorf("got %s", body)
			}
		}
		for n, token := range tokens {
			want := http.StatusOK
			if n < 2 {
				want = http.StatusUnauthorized
			}
			if status, _ := get(t, sim, token, "/crm/v7/users"); status != want {
				t.Errorf("token %d: got %d, want %d", n+1, status, want)
			}
		}
	})
}

func TestTheEleventhExchangeInTenMinutesIsThrottled(t *testing.T) {
	for at400, want := range map[bool]int{false: 200, true: 400} {
		synctest.Test(t, func(t *testing.T) {
			sim := zohosim.New(zohosim.Config{OAuthErrors400: at400})
			for range 10 {
				if body := refresh(t, sim, sim.RefreshToken); field(t, body, "access_token") == "" {
					t.Fatal(body)
				}
				time.Sleep(59 * time.Second)
			}
			status, body := exchange(t, sim, "grant_type", "refresh_token", "refresh_token", sim.RefreshToken)
			const throttled = `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`
			if status != want || body != throttled+"\n" {
				t.Errorf("got %d %s", status, body)
			}
			other := field(t, exchangeCode(t, sim, sim.NewGrantToken(0)), "refresh_token")
			if body := refresh(t, sim, other); field(t, body, "access_token") == "" {
				t.Errorf("another grant: got %s", body)
			}
			time.Sleep(10 * time.Second)
			if body := refresh(t, sim, sim.RefreshToken); field(t, body, "access_token") == "" {
				t.Errorf("after ten minutes: got %s", body)
			}
		})
	}
}

func exchangeCode(t *testing.T, sim *zohosim.Zoho, code string) string {
	t.Helper()
	_, body := exchange(t, sim, "grant_type", "authorization_code", "code", code)
	return body
}

func TestTheTwentyFirstGrantEndsTheFirst(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	access := signIn(t, sim)
	gone := field(t, exchangeCode(t, sim, sim.NewGrantToken(0)), "refresh_token")
	post(t, sim, "/oauth/v2/token/revoke", url.Values{"token": {gone}}) // counts no longer
	for range 19 {
		exchangeCode(t, sim, sim.NewGrantToken(0))
	}
	if body := refresh(t, sim, sim.RefreshToken); field(t, body, "access_token") == "" {
		t.Errorf("with 19 more: %s", body)
	}
	exchangeCode(t, sim, sim.NewGrantToken(0))
	if body := refresh(t, sim, sim.RefreshToken); field(t, body, "error") != "invalid_code" {
		t.Errorf("got %s", body)
	}
	if status, _ := get(t, sim, access, "/crm/v7/users"); status != http.StatusUnauthorized {
		t.Errorf("its access token: got %d", status)
	}
}

func TestCodesLiveForThreeMinutesOrAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{GrantLife: 10 * time.Minute})
		short := sim.NewGrantToken(0)
		usual := zohosim.New(zohosim.Config{})
		defer func() {
			if body := exchangeCode(t, usual, usual.GrantToken); field(t, body, "error") != "invalid_code" {
				t.Errorf("the usual code after ten minutes: %s", body)
			}
		}()
		time.Sleep(3 * time.Minute)
		if body := exchangeCode(t, sim, short); field(t, body, "error") != "invalid_code" {
			t.Errorf("after three minutes: %s", body)
		}
		time.Sleep(7*time.Minute - time.Second)
		if body := exchangeCode(t, sim, sim.GrantToken); field(t, body, "refresh_token") != sim.RefreshToken {
			t.Errorf("within ten minutes: %s", body)
		}
	})
}

// TestTheFirstCodeAndTheFirstGrantAreOne: the tokens of both count together.
func TestTheFirstCodeAndTheFirstGrantAreOne(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	before := signIn(t, sim)
	body := exchangeCode(t, sim, sim.GrantToken)
	if field(t, body, "refresh_token") != sim.RefreshToken {
		t.Errorf("got %s", body)
	}
	for n := range 9 {
		if body := refresh(t, sim, sim.RefreshToken); (field(t, body, "error") == "Access Denied") != (n == 8) {
			t.Errorf("%d tokens before: got %s", n+2, body)
		}
	}
	if _, body := post(t, sim, "/oauth/v2/token/revoke", url.Values{"token": {sim.RefreshToken}}); field(t, body, "status") != "success" {
		t.Errorf("revoked: %s", body)
	}
	for name, token := range map[string]string{"before": before, "of the code": field(t, body, "access_token")} {
		if status, _ := get(t, sim, token, "/crm/v7/users"); status != 401 {
			t.Errorf("the token %s: got %d", name, status)
		}
	}
}

func TestACodeCountsAsAnExchange(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	for range 10 {
		refresh(t, sim, sim.RefreshToken)
	}
	if body := exchangeCode(t, sim, sim.GrantToken); field(t, body, "error") != "Access Denied" {
		t.Errorf("got %s", body)
	}
}

func TestOnlyPOSTsGetTokens(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	for path, want := range map[string]int{
		"/oauth/v2/token?grant_type=refresh_token&client_id=" + sim.ClientID + "&client_secret=" + sim.ClientSecret + "&refresh_token=" + sim.RefreshToken: 405,
		"/oauth/v2/token/revoke?token=" + sim.RefreshToken: 400,
	} {
		if status, _ := call(t, sim, newRequest(t, http.MethodGet, accounts+path, "")); status != want {
			t.Errorf("GET %.24s: got %d, want %d", path, status, want)
		}
	}
	if refresh(t, sim, sim.RefreshToken) == "" {
		t.Error("the grant was revoked by a GET")
	}
}

func TestAnExpiredTokenCannotBeRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{})
		token := signIn(t, sim)
		time.Sleep(time.Hour)
		if status, _ := post(t, sim, "/oauth/v2/token/revoke", url.Values{"token": {token}}); status != 400 {
			t.Errorf("got %d", status)
		}
	})
}

func TestRevoking(t *testing.T) {
	sim := zohosim.New(zohosim.Config{})
	first, second := signIn(t, sim), signIn(t, sim)
	revoke := func(how string, token string) (int, string) {
		if how == "query" {
			return post(t, sim, "/oauth/v2/token/revoke?token="+url.QueryEscape(token), nil)
		}
		return post(t, sim, "/oauth/v2/token/revoke", url.Values{"token": {token}})
	}
	if status, body := revoke("form", first); status != 200 || body != `{"status":"success"}`+"\n" {
		t.Errorf("got %d %s", status, body)
	}
	if status, _ := revoke("form", first); status != 400 {
		t.Errorf("again: got %d", status)
	}
	if status, _ := get(t, sim, first, "/crm/v7/users"); status != 401 {
		t.Errorf("the revoked token: got %d", status)
	}
	if status, _ := get(t, sim, second, "/crm/v7/users"); status != 200 {
		t.Errorf("the other token: got %d", status)
	}
	if status, _ := revoke("query", sim.RefreshToken); status != 200 {
		t.Errorf("the grant: got %d", status)
	}
	if status, _ := get(t, sim, second, "/crm/v7/users"); status != 401 {
		t.Errorf("a token of the revoked grant: got %d", status)
	}
}

func TestErrorsAt400ByASwitch(t *testing.T) {
	for at400, want := range map[bool]int{false: 200, true: 400} {
		sim := zohosim.New(zohosim.Config{OAuthErrors400: at400})
		for name, fields := range map[string][]string{
			"invalid_client":         {"client_id", "x"},
			"invalid_client_secret":  {"client_secret", "x"},
			"invalid_code":           {"grant_type", "refresh_token", "refresh_token", "x"},
			"unsupported_grant_type": {"grant_type", "password"},
		} {
			if status, body := exchange(t, sim, fields...); status != want || field(t, body, "error") != name {
				t.Errorf("%s: got %d %s", name, status, body)
			}
		}
	}
}

// TestScopes opens each endpoint with its own scope, in any case, with its
// group's ALL, and with all but its own.
func TestScopes(t *testing.T) {
	for path, scopes := range map[string][]string{
		"/crm/v7/users":                                          {"ZohoCRM.users.READ"},
		"/crm/v7/users/5725767000000583032":                      {"ZohoCRM.users.READ"},
		"/crm/v7/users/actions/count":                            {"ZohoCRM.users.READ"},
		"/crm/v7/users/5725767000000411001/territories?":         {"ZohoCRM.settings.territories.READ"},
		"/crm/v7/users/5725767000000411001/territories":          {"ZohoCRM.users.READ"},
		"/crm/v7/org":                                            {"ZohoCRM.org.READ"},
		"/crm/v7/settings/roles":                                 {"ZohoCRM.settings.roles.READ"},
		"/crm/v7/settings/profiles":                              {"ZohoCRM.settings.profiles.READ"},
		"/crm/v7/settings/fields?module=Deals":                   {"ZohoCRM.settings.fields.READ"},
		"/crm/v7/Leads?fields=id":                                {"ZohoCRM.modules.leads.READ"},
		"/crm/v7/Deals/5725767000009100106":                      {"ZohoCRM.modules.deals.READ"},
		"/crm/v7/Accounts/search?word=industries&":               {"ZohoSearch.securesearch.READ", "ZohoCRM.modules.accounts.READ"},
		"/crm/v7/coql select id from Deals where id is not null": {"ZohoCRM.coql.READ", "ZohoCRM.modules.deals.READ"},
	} {
		ask := func(scopes ...string) (int, string) {
			sim := zohosim.New(zohosim.Config{Scopes: scopes, Now: recently})
			path, query, post := strings.Cut(path, " ")
			token := signIn(t, sim)
			if !post {
				return get(t, sim, token, path)
			}
			r := newRequest(t, http.MethodPost, api+path, fmt.Sprintf(`{"select_query":%q}`, query))
			r.Header.Set("Authorization", "Zoho-oauthtoken "+token)
			return call(t, sim, r)
		}
		if status, body := ask(scopes...); status != 200 {
			t.Errorf("%s with %q: got %d %s", path, scopes, status, body)
		}
		if status, body := ask(strings.Fields(strings.ToUpper(strings.Join(scopes, " ")))...); status != 200 {
			t.Errorf("%s in another case: got %d %s", path, status, body)
		}
		if status, body := ask("ZohoCRM.users.ALL", "ZohoCRM.org.ALL", "ZohoCRM.settings.ALL", "ZohoCRM.modules.ALL", "ZohoCRM.coql.ALL", "ZohoSearch.securesearch.ALL"); status != 200 {
			t.Errorf("%s with ALL: got %d %s", path, status, body)
		}
		for _, missing := range scopes {
			var rest []string
			for _, s := range zohosim.AllScopes {
				if territories := strings.Contains(path, "territories"); s != missing && (!territories || s != "ZohoCRM.users.READ" && s != "ZohoCRM.settings.territories.READ") {
					rest = append(rest, s)
				}
			}
			if status, body := ask(rest...); status != 401 || field(t, body, "code") != "OAUTH_SCOPE_MISMATCH" {
				t.Errorf("%s without %s: got %d %s", path, missing, status, body)
			}
		}
	}
}

// recently is a time after which the sample's records were made.
func recently() time.Time { return time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC) }
