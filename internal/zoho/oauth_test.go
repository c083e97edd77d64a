package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

func TestFromACodeToTheUsersAndOut(t *testing.T) {
	sim := euSim()
	client := oauth(sim)
	code := sim.NewGrantToken(0, "ZohoCRM.users.READ", "ZohoCRM.org.READ")
	grant, err := client.Exchange(t.Context(), code)
	if err != nil || grant.AccessToken == "" || grant.RefreshToken == "" || grant.RefreshToken == sim.RefreshToken || grant.APIDomain != "https://www.zohoapis.eu" {
		t.Fatalf("got %v, %v", grant, err)
	}
	if want := []string{"ZohoCRM.users.READ", "ZohoCRM.org.READ"}; !slices.Equal(grant.Scopes, want) {
		t.Errorf("got scopes %q, want %q", grant.Scopes, want)
	}
	fresh, err := client.Refresh(t.Context(), grant.RefreshToken)
	if err != nil || fresh.AccessToken == grant.AccessToken || fresh.RefreshToken != grant.RefreshToken {
		t.Errorf("refreshed: got %v, %v", fresh, err)
	}
	read := func(token zoho.Token) error {
		c := &zoho.Client{HTTP: client.HTTP, Tokens: func(context.Context) (zoho.Token, error) { return token, nil }}
		_, err := c.ListUsers(t.Context(), zoho.ListUsersOptions{})
		return err
	}
	if err := read(fresh.Token); err != nil {
		t.Error(err)
	}
	if _, err := client.Exchange(t.Context(), code); !errors.Is(err, zoho.ErrGrantRefused) {
		t.Errorf("the code again: got %v", err)
	}
	if err := client.Revoke(t.Context(), fresh.AccessToken); err != nil || !errors.Is(read(fresh.Token), zoho.ErrTokenRefused) || read(grant.Token) != nil {
		t.Errorf("after revoking an access token: %v, %v, %v", err, read(fresh.Token), read(grant.Token))
	}
	if err := client.Revoke(t.Context(), grant.RefreshToken); err != nil || !errors.Is(read(grant.Token), zoho.ErrTokenRefused) {
		t.Errorf("after revoking the grant: %v, %v", err, read(grant.Token))
	}
	if _, err := client.Refresh(t.Context(), grant.RefreshToken); !errors.Is(err, zoho.ErrGrantRefused) {
		t.Errorf("refreshed a revoked grant: %v", err)
	}
	if err := client.Revoke(t.Context(), grant.RefreshToken); !errors.Is(err, zoho.ErrNotFound) {
		t.Errorf("revoked again: got %v", err)
	}
}

func TestACodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := euSim()
		early, late := sim.NewGrantToken(0), sim.NewGrantToken(0)
		time.Sleep(3*time.Minute - time.Second)
		if _, err := oauth(sim).Exchange(t.Context(), early); err != nil {
			t.Errorf("within its life: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := oauth(sim).Exchange(t.Context(), late); !errors.Is(err, zoho.ErrGrantRefused) {
			t.Errorf("after its life: %v", err)
		}
	})
}

// TestTooManyExchanges: the eleventh in ten minutes is throttled, at either
// HTTP status, and says that the grant is alive.
func TestTooManyExchanges(t *testing.T) {
	for _, at400 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sim := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", OAuthErrors400: at400})
			for n := range 12 {
				_, err := oauth(sim).Refresh(t.Context(), sim.RefreshToken)
				if throttled := errors.Is(err, zoho.ErrThrottled); throttled != (n >= 10) || errors.Is(err, zoho.ErrGrantRefused) {
					t.Errorf("exchange %d: %v", n+1, err)
				}
			}
			time.Sleep(10 * time.Minute)
			if _, err := oauth(sim).Refresh(t.Context(), sim.RefreshToken); err != nil {
				t.Errorf("ten minutes later: %v", err)
			}
		})
	}
}

func TestANewRefreshTokenIsKept(t *testing.T) {
	for reply, want := range map[string]string{
		`{"access_token":"a","refresh_token":"new"}`: "new",
		`{"access_token":"a","refresh_token":""}`:    "old",
		`{"access_token":"a","refresh_token":null}`:  "old",
		`{"access_token":"a"}`:                       "old",
	} {
		client := oauth(euSim())
		client.HTTP.Transport = jsonTyped(replying(200, reply).HTTP.Transport)
		if got, err := client.Refresh(t.Context(), "old"); err != nil || got.RefreshToken != want || len(got.Scopes) > 0 {
			t.Errorf("%s: got %q, %q, %v; want %q", reply, got.RefreshToken, got.Scopes, err, want)
		}
	}
}

func TestScopesAreToldInEitherWay(t *testing.T) {
	for _, scope := range []string{"ZohoCRM.users.READ ZohoCRM.org.READ", "ZohoCRM.users.READ,ZohoCRM.org.READ"} {
		client := oauth(euSim())
		client.HTTP.Transport = jsonTyped(replying(200, fmt.Sprintf(`{"access_token":"a","scope":%q}`, scope)).HTTP.Transport)
		if got, err := client.Refresh(t.Context(), "r"); err != nil || len(got.Scopes) != 2 {
			t.Errorf("%s: got %q, %v", scope, got.Scopes, err)
		}
	}
}

// TestSuccessIsA2xxWithAToken in whatever state the reply is.
func TestSuccessIsA2xxWithAToken(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   error
	}{
		{200, `{"access_token":"a"}`, nil},
		{201, `{"access_token":"a"}`, nil},
		{400, `{"access_token":"a"}`, nil},
		{200, `{"access_token":""}`, zoho.ErrMalformed},
		{200, `{}`, zoho.ErrMalformed},
		{200, ``, zoho.ErrMalformed},
		{200, `{"access_token":"a","error":"general_error"}`, nil},
		{500, `{"access_token":"a"}`, zoho.ErrUnavailable},
	} {
		client := oauth(euSim())
		client.HTTP.Transport = jsonTyped(replying(test.status, test.body).HTTP.Transport)
		got, err := client.Exchange(t.Context(), "c")
		succeeds := test.status < 300 && test.body == `{"access_token":"a"}`
		if (err == nil) != succeeds || test.want != nil && !errors.Is(err, test.want) || err != nil && got.AccessToken != "" {
			t.Errorf("%d %s: got %v, %v", test.status, test.body, got, err)
		}
	}
}

// TestUnknownErrorsAreNeitherDeadNorMalformed, so that nobody mends what is
// not broken.
func TestUnknownErrorsAreNeitherDeadNorMalformed(t *testing.T) {
	for _, code := range []string{"general_error", "access_denied", "missing_org_info", "invalid_redirect_uri"} {
		client := oauth(euSim())
		client.HTTP.Transport = jsonTyped(replying(200, fmt.Sprintf(`{"error":%q}`, code)).HTTP.Transport)
		_, err := client.Refresh(t.Context(), "r")
		e, ok := errors.AsType[*zoho.Error](err)
		if !ok || e.Code != code || len(e.Unwrap()) > 0 {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestRevokeSucceedsWhenZohoSaysSo(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   error
	}{
		{200, `{"status":"success"}`, nil},
		{200, `{"status":"failure"}`, zoho.ErrMalformed},
		{200, `{"error":"invalid_client"}`, nil},
		{200, ``, zoho.ErrMalformed},
		{400, `{"error":"invalid_token"}`, zoho.ErrNotFound},
		{400, `{"error":"Access Denied","error_description":"You have made too many requests continuously."}`, zoho.ErrThrottled},
		{200, `{"error":"Access Denied"}`, zoho.ErrThrottled},
		{429, ``, zoho.ErrThrottled},
		{503, `<html>`, zoho.ErrUnavailable},
	} {
		client := oauth(euSim())
		client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost || r.URL.String() != euAccounts+"/oauth/v2/token/revoke" || r.PostFormValue("token") != "s3cret" {
				t.Errorf("asked %s %s", r.Method, r.URL)
			}
			return replying(test.status, test.body).HTTP.Transport.RoundTrip(r)
		})
		err := client.Revoke(t.Context(), "s3cret")
		if (err == nil) != strings.Contains(test.body, "success") || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%d %s: got %v, want %v", test.status, test.body, err, test.want)
		}
	}
	for _, status := range []int{400, 401, 403, 404} { // a gateway's page tells nothing of the token
		client := oauth(euSim())
		client.HTTP.Transport = replying(status, "<html>").HTTP.Transport
		err := client.Revoke(t.Context(), "s3cret")
		if e, ok := errors.AsType[*zoho.Error](err); !ok || e.Status != status || len(e.Unwrap()) > 0 {
			t.Errorf("HTML at %d: got %v", status, err)
		}
	}
	if err := (&zoho.OAuth{AccountsURL: "https://accounts.zoho.example"}).Revoke(t.Context(), "s3cret"); err == nil {
		t.Error("a foreign accounts server got the token")
	}
}

func TestGrantsDoNotPrint(t *testing.T) {
	grant := zoho.Grant{Token: zoho.Token{AccessToken: "s3cret"}, RefreshToken: "s3cret"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "grant", grant, "pointer", &grant)
	if text := fmt.Sprintf("%v %+v %#v %s %v", grant, grant, grant, grant, &grant) + log.String(); strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

// TestATokenStaysInItsDataCentre for every pair of accounts server and API.
func TestATokenStaysInItsDataCentre(t *testing.T) {
	centres := map[string]string{
		"accounts.zoho.com": "zohoapis.com", "accounts.zoho.eu": "zohoapis.eu", "accounts.zoho.in": "zohoapis.in",
		"accounts.zoho.com.au": "zohoapis.com.au", "accounts.zoho.jp": "zohoapis.jp", "accounts.zoho.com.cn": "zohoapis.com.cn",
		"accounts.zohocloud.ca": "zohoapis.ca", "accounts.zoho.sa": "zohoapis.sa", "accounts.zoho.uk": "zohoapis.uk", "accounts.zoho.ae": "zohoapis.ae",
	}
	for accounts, own := range centres {
		for _, api := range centres {
			for _, environment := range []string{"www.", "sandbox.", "developer."} {
				client := &zoho.OAuth{AccountsURL: "https://" + accounts}
				domain := "https://" + environment + api
				client.HTTP = &http.Client{Transport: jsonTyped(replying(200, fmt.Sprintf(`{"access_token":"a","api_domain":%q}`, domain)).HTTP.Transport)}
				got, err := client.Refresh(t.Context(), "r")
				if own == api && (err != nil || got.APIDomain != domain) || own != api && !errors.Is(err, zoho.ErrOtherDataCentre) {
					t.Errorf("%s, %s: got %q, %v", accounts, domain, got.APIDomain, err)
				}
			}
		}
		client := &zoho.OAuth{AccountsURL: "https://" + accounts, HTTP: &http.Client{Transport: jsonTyped(replying(200, `{"access_token":"a"}`).HTTP.Transport)}}
		if got, err := client.Refresh(t.Context(), "r"); err != nil || got.APIDomain != "https://www."+own {
			t.Errorf("%s without a domain: got %q, %v", accounts, got.APIDomain, err)
		}
	}
}

// TestAnAPIDomainOfAnotherDataCentre is told from one that is nobody's. No
// error's text holds either.
func TestAnAPIDomainOfAnotherDataCentre(t *testing.T) {
	for domain, want := range map[string]error{
		"https://www.zohoapis.com":        zoho.ErrOtherDataCentre,
		"https://WWW.ZohoAPIs.com.au/":    zoho.ErrOtherDataCentre,
		"https://sandbox.zohoapis.in":     zoho.ErrOtherDataCentre,
		"https://www.zohoapis.com.s3cret": zoho.ErrMalformed,
		"https://s3cret.zohoapis.com":     zoho.ErrMalformed,
		"http://www.zohoapis.com":         zoho.ErrMalformed,
		"https://www.zohoapis.com/s3cret": zoho.ErrMalformed,
		"https://localhost":               zoho.ErrMalformed,
		"s3cret":                          zoho.ErrMalformed,
	} {
		client := replyingToken(fmt.Sprintf(`{"access_token":"s3cret","refresh_token":"s3cret","api_domain":%q}`, domain))
		client.AllowLoopback = true
		for call, ask := range map[string]func(context.Context, string) (zoho.Grant, error){"exchange code": client.Exchange, "refresh token": client.Refresh} {
			got, err := ask(t.Context(), "s3cret")
			e, ok := errors.AsType[*zoho.Error](err)
			if !ok || e.Call != call || e.Status != 200 || !errors.Is(err, want) || got.AccessToken != "" {
				t.Errorf("%s, %s: got %v, %v, want %v", call, domain, got, err, want)
			}
			if errors.Is(err, zoho.ErrMalformed) && errors.Is(err, zoho.ErrOtherDataCentre) || strings.Contains(fmt.Sprint(err), "s3cret") || strings.Contains(fmt.Sprint(err), "zohoapis") {
				t.Errorf("%s, %s: got %v", call, domain, err)
			}
		}
	}
}

func TestDataCentres(t *testing.T) {
	want := []zoho.DataCentre{
		{Location: "us", AccountsURL: "https://accounts.zoho.com", ConsoleURL: "https://api-console.zoho.com"},
		{Location: "eu", AccountsURL: "https://accounts.zoho.eu", ConsoleURL: "https://api-console.zoho.eu"},
		{Location: "in", AccountsURL: "https://accounts.zoho.in", ConsoleURL: "https://api-console.zoho.in"},
		{Location: "au", AccountsURL: "https://accounts.zoho.com.au", ConsoleURL: "https://api-console.zoho.com.au"},
		{Location: "jp", AccountsURL: "https://accounts.zoho.jp", ConsoleURL: "https://api-console.zoho.jp"},
		{Location: "cn", AccountsURL: "https://accounts.zoho.com.cn", ConsoleURL: "https://api-console.zoho.com.cn"},
		{Location: "ca", AccountsURL: "https://accounts.zohocloud.ca", ConsoleURL: "https://api-console.zohocloud.ca"},
		{Location: "sa", AccountsURL: "https://accounts.zoho.sa", ConsoleURL: "https://api-console.zoho.sa"},
		{Location: "uk", AccountsURL: "https://accounts.zoho.uk", ConsoleURL: "https://api-console.zoho.uk"},
		{Location: "ae", AccountsURL: "https://accounts.zoho.ae", ConsoleURL: "https://api-console.zoho.ae"},
	}
	got := zoho.DataCentres()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	clear(got)
	if got := zoho.DataCentres(); !slices.Equal(got, want) {
		t.Errorf("got %v after the first was changed, want %v", got, want)
	}
	for _, dc := range want {
		if err := zoho.CheckAccountsURL(dc.AccountsURL, false); err != nil {
			t.Errorf("%s: got %v", dc.Location, err)
		}
	}
}

func TestDataCentreAt(t *testing.T) {
	for _, want := range zoho.DataCentres() {
		for _, at := range []string{want.AccountsURL, want.AccountsURL + "/", strings.ToUpper(want.AccountsURL)} {
			if got, ok := zoho.DataCentreAt(at); !ok || got != want {
				t.Errorf("%s: got %v, %v, want %v", at, got, ok, want)
			}
		}
	}
	for _, at := range []string{
		"", "accounts.zoho.eu", "http://accounts.zoho.eu", "https://accounts.zoho.example", "https://accounts.zoho.ca", "https://crm.zoho.eu",
		"https://accounts.zoho.eu/oauth", "https://accounts.zoho.eu:8443", "https://u@accounts.zoho.eu", "https://localhost", ":",
	} {
		if got, ok := zoho.DataCentreAt(at); ok || got != (zoho.DataCentre{}) {
			t.Errorf("%q: got %v, %v, want none", at, got, ok)
		}
	}
}

func TestCheckAPIDomain(t *testing.T) {
	for name, test := range map[string]struct {
		domain, accounts string
		loopback, ok     bool
		other            bool
	}{
		"its own":             {"https://www.zohoapis.ca", "https://accounts.zohocloud.ca", false, true, false},
		"its sandbox":         {"https://sandbox.zohoapis.eu/", "https://accounts.zoho.eu", false, true, false},
		"of another":          {"https://www.zohoapis.com", "https://accounts.zoho.eu", false, false, true},
		"no Zoho's":           {"https://zohoapis.example", "https://accounts.zoho.eu", false, false, false},
		"none":                {"", "https://accounts.zoho.eu", false, false, false},
		"no accounts server":  {"https://www.zohoapis.eu", "", false, false, false},
		"both on loopback":    {"http://127.0.0.1:1", "http://127.0.0.1:1", true, true, false},
		"loopback":            {"http://127.0.0.1:1", "http://127.0.0.1:1", false, false, false},
		"the API on loopback": {"http://127.0.0.1:1", "https://accounts.zoho.eu", true, false, false},
	} {
		err := zoho.CheckAPIDomain(test.domain, test.accounts, test.loopback)
		if (err == nil) != test.ok || errors.Is(err, zoho.ErrOtherDataCentre) != test.other {
			t.Errorf("%s: got %v, want ok %v, another data centre %v", name, err, test.ok, test.other)
		}
	}
}

// TestTokenRepliesAreReadLeniently: an exchange that counts is not thrown away.
func TestTokenRepliesAreReadLeniently(t *testing.T) {
	for reply, want := range map[string]time.Duration{
		`"expires_in":"","refresh_token":7`:         time.Hour,
		`"expires_in":"soon","token_type":1`:        time.Hour,
		`"expires_in":3600.0`:                       time.Hour,
		`"expires_in":1.8e3,"scope":["a"]`:          30 * time.Minute,
		`"expires_in":-1`:                           time.Hour,
		`"expires_in":0`:                            time.Hour,
		`"expires_in":1e300,"expires_in_sec":1e300`: time.Hour,
		`"expires_in":null,"expires_in_sec":{}`:     time.Hour,
		`"expires_in":86400`:                        24 * time.Hour,
		`"expires_in":86401`:                        86401 * time.Millisecond,
	} {
		for _, kind := range []string{"application/json;charset=UTF-8", "text/html", "text/plain", ""} {
			synctest.Test(t, func(t *testing.T) {
				client := oauth(euSim())
				client.HTTP.Transport = withHeader(replying(200, `{"access_token":"a",`+reply+`}`).HTTP.Transport, "Content-Type", kind)
				got, err := client.Refresh(t.Context(), "r")
				if err != nil || got.AccessToken != "a" || time.Until(got.Expiry).Round(time.Second) != want.Round(time.Second) {
					t.Errorf("%s as %q: got %v, %v; want %v", reply, kind, time.Until(got.Expiry), err, want)
				}
			})
		}
	}
}

// TestAGrantExpiresByTheClockThatIsGiven.
func TestAGrantExpiresByTheClockThatIsGiven(t *testing.T) {
	sim := euSim()
	client, now := oauth(sim), time.Now().Add(24*time.Hour)
	client.Now = func() time.Time { return now }
	got, err := client.Refresh(t.Context(), sim.RefreshToken)
	if want := now.Add(time.Hour); err != nil || !got.Expiry.Equal(want) {
		t.Errorf("got %v, %v; want %v", got.Expiry, err, want)
	}
}

// TestOAuthErrorsCarryTheirFacts, also of a reply that ended early.
func TestOAuthErrorsCarryTheirFacts(t *testing.T) {
	client := oauth(euSim())
	client.HTTP.Transport = withHeader(replying(400, `{"error":"Access Denied","error_description":"You have made too many requests continuously."}`).HTTP.Transport, "Retry-After", "600")
	_, err := client.Refresh(t.Context(), "r")
	e, ok := errors.AsType[*zoho.Error](err)
	if !ok || e.Call != "refresh token" || e.Status != 400 || e.Code != "Access Denied" || e.Message != "You have made too many requests continuously." || e.RetryAfter != 10*time.Minute {
		t.Errorf("got %+v", e)
	}
	for body, want := range map[string]error{
		`{"error":"Access Denied"}`:                                      zoho.ErrThrottled,
		`{"error":"x","error_description":"too many requests of yours"}`: zoho.ErrThrottled,
		`<html>`: nil,
		`{}`:     nil,
	} {
		for _, status := range []int{400, 401, 403} {
			client.HTTP.Transport = replying(status, body).HTTP.Transport
			_, err := client.Refresh(t.Context(), "r")
			if e, ok := errors.AsType[*zoho.Error](err); !ok || e.Status != status || want == nil && len(e.Unwrap()) > 0 || want != nil && !errors.Is(err, want) {
				t.Errorf("%d %s: got %v, want %v", status, body, err, want)
			}
		}
	}
	client.HTTP.Transport = replying(400, `{"error":"`+strings.Repeat("s3cret", 20)+`"}`).HTTP.Transport
	if _, err := client.Refresh(t.Context(), "r"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestATokenReplyThatEndsEarly(t *testing.T) {
	for _, cut := range []error{io.ErrUnexpectedEOF, context.DeadlineExceeded} {
		client := oauth(euSim())
		client.HTTP.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(`{"access_token":"a"`), iotest.ErrReader(cut))
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body)}, nil
		})
		if _, err := client.Refresh(t.Context(), "r"); !errors.Is(err, zoho.ErrUnavailable) || !errors.Is(err, cut) {
			t.Errorf("got %v, want it unavailable by %v", err, cut)
		}
	}
	client := oauth(euSim())
	client.HTTP.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
	if _, err := client.Refresh(t.Context(), "r"); !errors.Is(err, zoho.ErrUnavailable) {
		t.Errorf("no reply: got %v", err)
	}
}

func TestAWebApplicationSendsItsRedirectURL(t *testing.T) {
	client := oauth(euSim())
	client.RedirectURL = "https://crmwho.example/done"
	client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.PostFormValue("redirect_uri") != client.RedirectURL || r.PostFormValue("client_secret") != client.ClientSecret || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("sent %v to %s", r.PostForm, r.URL)
		}
		return nil, io.EOF
	})
	_, _ = client.Exchange(t.Context(), "c")
}

func TestSecretsDoNotPrintInsideOfOthers(t *testing.T) {
	grant := zoho.Grant{Token: zoho.Token{AccessToken: "s3cret"}, RefreshToken: "s3cret"}
	client := zoho.OAuth{ClientID: "id", ClientSecret: "s3cret", AccountsURL: euAccounts}
	values := map[string]any{"grants": []zoho.Grant{grant}, "struct": struct{ G zoho.Grant }{grant}, "client": client, "pointer": &client}
	var log strings.Builder
	for name, value := range values {
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", name, value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", name, value)
		fmt.Fprintf(&log, "%v %+v %#v", value, value, value)
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Error(log.String())
	}
}
