package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

const at = "https://bot.example" + bot.CommandsPath

var installed = &slacksim.Slack{SigningSecret: "signing-secret-of-this-test"}

// world is a bot and what is around it.
type world struct {
	bot *bot.Bot
	log *bytes.Buffer
}

// reading is a bot whose CRM gives these users, or fails.
func reading(users []zoho.User, err error) world {
	log := &bytes.Buffer{}
	return world{&bot.Bot{
		People: &directory.Directory{
			Read: func(context.Context, zoho.UserType) ([]zoho.User, error) { return users, err },
			Changed: func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
				return func(yield func(zoho.User, error) bool) {
					if err != nil {
						yield(zoho.User{}, err)
					}
				}
			},
			Store: &store.Memory{},
			Log:   slog.New(slog.DiscardHandler),
		},
		SigningSecrets: func(context.Context) ([]string, error) { return []string{installed.SigningSecret}, nil },
		Log:            slog.New(slog.NewJSONHandler(log, nil)),
	}, log}
}

func withUsers(users ...zoho.User) world { return reading(users, nil) }

func failing(err error) world { return reading(nil, err) }

func (w world) do(r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	w.bot.ServeHTTP(recorder, r)
	return recorder
}

// ask gives the text of a proper answer.
func (w world) ask(t *testing.T, command, words string) string {
	t.Helper()
	r, err := installed.Command(t.Context(), at, command, words)
	if err != nil {
		t.Fatal(err)
	}
	got := w.do(r)
	var m struct {
		ResponseType string `json:"response_type"`
		Text         string `json:"text"`
	}
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" ||
		json.Unmarshal(got.Body.Bytes(), &m) != nil || m.ResponseType != "ephemeral" {
		t.Fatalf("%s %s: got %d %s", command, words, got.Code, got.Body)
	}
	return m.Text
}

var kim = zoho.User{ID: "1", FullName: "Kim", Email: "kim@example.com", Status: "active"}

func TestVerbs(t *testing.T) {
	w := withUsers(kim, zoho.User{ID: "2", FullName: "Kimi", Status: "active"})
	for _, test := range []struct{ command, words, want string }{
		{"/crmuser", "kim@example.com", "Kim, active."},
		{"/crmuser", "  KIM@EXAMPLE.COM ", "Kim, active."},
		{"/crmuser", "<mailto:kim@example.com|kim@example.com>", "Kim, active."},
		{"/crmuser", "kim", "2 people match “kim”: Kim ("},
		{"/crmuser", "zaphod &amp; co", "Nobody in Zoho CRM matches “zaphod &amp; co”."},
		{"/crmuser", "", "/crmuser: "},
		{"/crmuser", "help", "/crmuser: "},
		{"/crmuser", " HELP", "/crmuser: "},
		{"/crmuser", "kin", "Nobody in Zoho CRM matches “kin”. Try"},
		{"/crmuser", "kimu", "Nobody in Zoho CRM matches “kimu”. Did you mean one of these people? Kim ("},
		{"/crmuser", "kim status:deleted", "Nobody in Zoho CRM matches “kim status:deleted”."},
		{"/crmuser", "<@U012AB3CD>", "I cannot tell who a mention"},
		{"/crmuser", "rolle:sales", "I do not know the filter “rolle:”. Did you mean “role:”?"},
		{"/crmuser", "***", "I did not understand “***”."},
		{"/crmusers", "", "2 people in Zoho CRM (2 active): Kim ("},
		{"/crmusers", "confirmed:yes kimi", "1 person matches “confirmed:yes kimi” (1 active): Kimi ("},
		{"/crmusers", "role:sales", "Nobody in Zoho CRM matches “role:sales”."},
		{"/crmusers", "help", "/crmusers: "},
		{"/crmadmins", "", "2 admins in Zoho CRM: Kim ("},
		{"/crmadmins", "help", "/crmadmins: "},
		{"/crmadmins", "what?", "/crmadmins: "},
		{"/crmdoes", "not exist", "/crmdoes is not one of my commands. /crmuser: "},
	} {
		if got := w.ask(t, test.command, test.words); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %s: got %q, want %q…", test.command, test.words, got, test.want)
		}
	}
}

// TestOlderAnswersSayWhy, to the person and in the log.
func TestOlderAnswersSayWhy(t *testing.T) {
	for _, test := range []struct {
		err           error
		what, outcome string
	}{
		{zoho.ErrUnavailable, "Zoho CRM cannot be reached right now.", "older: unavailable"},
		{zoho.ErrTokenRefused, "Zoho CRM does not accept my access any more.", "older: token refused"},
		{zoho.ErrMalformed, "Zoho CRM's answer was not complete.", "older: malformed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			watermarked := kim
			watermarked.ModifiedTime = time.Now()
			w := withUsers(watermarked)
			w.ask(t, "/crmuser", "kim")
			w.bot.People.Changed = func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
				return func(yield func(zoho.User, error) bool) { yield(zoho.User{}, test.err) }
			}
			time.Sleep(3*time.Hour + time.Minute)
			for command, words := range map[string]string{"/crmuser": "kim", "/crmusers": "", "/crmadmins": ""} {
				if got := w.ask(t, command, words); !strings.Contains(got, "Kim") || !strings.HasSuffix(got, " This is 3 hours old: "+test.what) {
					t.Errorf("%s: got %q", command, got)
				}
			}
			if log := w.log.String(); !strings.Contains(log, `"outcome":"`+test.outcome+`","people":1,"age_s":10860`) || strings.Contains(log, `"ref"`) {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestTheLogHoldsNothingThatWasTypedOrFound(t *testing.T) {
	w := withUsers(kim)
	w.ask(t, "/crmuser", "kim")
	w.ask(t, "/crmsecret", "zaphod")
	w.ask(t, "/crmusers", "zaphod:beeblebrox")
	w.ask(t, "/crmusers", "status:zaphod")
	log := w.log.String()
	if !strings.Contains(log, `"command":"/crmuser","outcome":"people","people":1`) {
		t.Errorf("no line about the answer: %s", log)
	}
	for _, word := range []string{"kim", "Kim", "zaphod", "crmsecret", "U0SAMPLE", "v0="} {
		if strings.Contains(log, word) {
			t.Errorf("the log tells %q: %s", word, log)
		}
	}
}

func TestRequestsThatAreNotSlacks(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	body := slacksim.Form("/crmuser", "kim").Encode()
	signed := func(body string) *http.Request {
		r, err := installed.Post(t.Context(), at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	change := func(body string, change func(*http.Request)) *http.Request {
		r := signed(body)
		change(r)
		return r
	}
	resigned := func(age time.Duration) func(*http.Request) {
		return func(r *http.Request) { installed.Sign(r.Header, []byte(body), time.Now().Add(-age)) }
	}
	for _, test := range []struct {
		name    string
		request *http.Request
		want    int
		reason  string
	}{
		{"no signature", change(body, func(r *http.Request) { r.Header.Del("X-Slack-Signature") }), 401, "no signature"},
		{"no timestamp", change(body, func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }), 401, "no signature"},
		{"garbled signature", change(body, func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0=zz") }), 401, "no signature"},
		{"short signature", change(body, func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0=00") }), 401, "no signature"},
		{"other version", change(body, func(r *http.Request) {
			r.Header.Set("X-Slack-Signature", "v1"+strings.TrimPrefix(r.Header.Get("X-Slack-Signature"), "v0"))
		}), 401, "no signature"},
		{"another's signature", change(body, func(r *http.Request) {
			(&slacksim.Slack{SigningSecret: "another"}).Sign(r.Header, []byte(body), time.Now())
		}), 401, "wrong signature"},
		{"changed body", change(body, func(r *http.Request) { installed.Sign(r.Header, []byte(body+"&text=lee"), time.Now()) }), 401, "wrong signature"},
		{"old", change(body, resigned(5*time.Minute+2*time.Second)), 401, "timestamp"},
		{"from the future", change(body, resigned(-5*time.Minute-2*time.Second)), 401, "timestamp"},
		{"absurd timestamp", change(body, func(r *http.Request) { installed.Sign(r.Header, []byte(body), time.Unix(1<<62, 0)) }), 401, "timestamp"},
		{"too large", signed("text=" + strings.Repeat("x", 1<<20)), 413, "body too large"},
		{"JSON", change(body, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }), 415, "not a form"},
		{"no type", change(body, func(r *http.Request) { r.Header.Del("Content-Type") }), 415, "not a form"},
		{"not a form inside", signed("%zz"), 400, "not a slash command"},
		{"another form", signed("a=b"), 400, "not a slash command"},
		{"empty", signed(""), 400, "not a slash command"},
		{"GET", change(body, func(r *http.Request) { r.Method = http.MethodGet }), 405, "not a POST"},
		{"other path", change(body, func(r *http.Request) { r.URL.Path = "/slack/events" }), 404, "no such path"},
		{"fine", change(body, resigned(4*time.Minute)), 200, ""},
		{"charset", change(body, func(r *http.Request) { r.Header.Set("Content-Type", form+"; charset=utf-8") }), 200, ""},
	} {
		w := withUsers(kim)
		got := w.do(test.request)
		if got.Code != test.want || (test.want != 200) != (got.Body.Len() == 0) {
			t.Errorf("%s: got %d %q, want %d", test.name, got.Code, got.Body, test.want)
		}
		log := w.log.String()
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, test.reason) || strings.Contains(log, "kim") || strings.Contains(log, "v0=") {
			t.Errorf("%s: the log says %s", test.name, log)
		}
	}
}

// TestSignatureAgreesWithSlackGo asks slack-go's verifier for a second opinion.
func TestSignatureAgreesWithSlackGo(t *testing.T) {
	for _, secret := range []string{installed.SigningSecret, "another"} {
		r, err := (&slacksim.Slack{SigningSecret: secret}).Command(t.Context(), at, "/crmuser", "søren 😀")
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := slack.NewSecretsVerifier(r.Header, installed.SigningSecret)
		if err != nil {
			t.Fatal(err)
		}
		body, err := r.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		var copied bytes.Buffer
		if _, err := copied.ReadFrom(body); err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Write(copied.Bytes()); err != nil {
			t.Fatal(err)
		}
		slackGoAccepts := verifier.Ensure() == nil
		if weAccept := withUsers(kim).do(r).Code == http.StatusOK; weAccept != slackGoAccepts {
			t.Errorf("secret %q: we accept %v, slack-go %v", secret, weAccept, slackGoAccepts)
		}
	}
}

func TestTwoSecretsDuringAChange(t *testing.T) {
	w := withUsers(kim)
	w.bot.SigningSecrets = func(context.Context) ([]string, error) { return []string{"new", "", installed.SigningSecret}, nil }
	if got := w.ask(t, "/crmuser", "kim"); got != "Kim, active. E-mail: kim@example.com." {
		t.Errorf("got %q", got)
	}
}

func TestWithoutSigningSecretsNothingIsAnswered(t *testing.T) {
	for name, secrets := range map[string]func(context.Context) ([]string, error){
		"none":       func(context.Context) ([]string, error) { return nil, nil },
		"an empty":   func(context.Context) ([]string, error) { return []string{""}, nil },
		"unreadable": func(context.Context) ([]string, error) { return nil, errors.New("out of order") },
	} {
		w := withUsers(kim)
		w.bot.SigningSecrets = secrets
		r, err := (&slacksim.Slack{SigningSecret: ""}).Command(t.Context(), at, "/crmuser", "kim")
		if err != nil {
			t.Fatal(err)
		}
		if got := w.do(r); got.Code != http.StatusUnauthorized || got.Body.Len() != 0 || strings.Count(w.log.String(), "\n") != 1 {
			t.Errorf("%s: got %d %q, log %s", name, got.Code, got.Body, w.log)
		}
	}
}

func TestStoredSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := &counted{Store: &store.Memory{}}
		secrets := bot.StoredSecrets(values, "slack")
		expect := func(want string, reads int) {
			t.Helper()
			got, err := secrets(t.Context())
			if err != nil || strings.Join(got, " ") != want || values.reads != reads {
				t.Errorf("got %q, %v after %d reads; want %q after %d", got, err, values.reads, want, reads)
			}
		}
		expect("", 1)
		version, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["a","","b"],"bot_token":"x"}`), "")
		if err != nil {
			t.Fatal(err)
		}
		expect("a b", 2)
		expect("a b", 2)
		if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["c"]}`), version); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		expect("c", 3)
		time.Sleep(5 * time.Minute)
		values.err = errors.New("out of order")
		expect("c", 4)
		expect("c", 4)
		time.Sleep(time.Minute)
		expect("c", 5)
	})
}

// TestSecretsThatHangCostLittle: the rest of the two seconds is for Zoho.
func TestSecretsThatHangCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := &counted{Store: &store.Memory{}}
		if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["signing-secret-of-this-test"]}`), ""); err != nil {
			t.Fatal(err)
		}
		w := withUsers(kim)
		w.bot.SigningSecrets = bot.StoredSecrets(values, "slack")
		w.ask(t, "/crmuser", "kim")
		time.Sleep(5 * time.Minute)
		values.hang = true
		started := time.Now()
		if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Kim") || time.Since(started) > time.Second {
			t.Errorf("got %q after %v", got, time.Since(started))
		}
	})
}

func TestAStoredSecretThatIsNoneIsNotQuoted(t *testing.T) {
	values := &store.Memory{}
	if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`s3cret`), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := bot.StoredSecrets(values, "slack")(t.Context()); err == nil || strings.Contains(err.Error(), "s3") {
		t.Errorf("got %v", err)
	}
}

// counted is a store that counts reads and can be out of order.
type counted struct {
	store.Store
	reads int
	err   error
	hang  bool
}

func (c *counted) Read(ctx context.Context, name string) (store.Value, error) {
	c.reads++
	if c.hang {
		<-ctx.Done()
		return store.Value{}, ctx.Err()
	}
	if c.err != nil {
		return store.Value{}, c.err
	}
	return c.Store.Read(ctx, name)
}

// scopeMissing is the failure of a client whose grant is for something else.
func scopeMissing(t *testing.T) error {
	t.Helper()
	sim := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Scopes: []string{"ZohoCRM.org.READ"}})
	web := &http.Client{Transport: sim}
	oauth := &zoho.OAuth{ClientID: sim.ClientID, ClientSecret: sim.ClientSecret, AccountsURL: "https://accounts.zoho.eu", HTTP: web}
	grant, err := oauth.Refresh(t.Context(), sim.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	client := &zoho.Client{HTTP: web, Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil }}
	_, err = client.ReadUsers(t.Context(), zoho.AllUsers)
	return err
}

func TestFailuresAreSentencesWithAReference(t *testing.T) {
	for want, err := range map[string]error{
		"not connected to Zoho CRM yet": zoho.ErrNoToken,
		"did not answer in time":        context.DeadlineExceeded,
		"too many questions":            zoho.ErrThrottled,
		"does not accept my access":     zoho.ErrTokenRefused,
		"lacks a scope":                 zoho.ErrScopeMissing,
		"the scope ZohoCRM.users.READ.": scopeMissing(t),
		"Zoho CRM API Access":           zoho.ErrNoAPIAccess,
		"behind me may not":             zoho.ErrNoPermission,
		"cannot be reached":             zoho.ErrUnavailable,
		"was not complete":              zoho.ErrMalformed,
		"went wrong":                    errors.New("anything else"),
	} {
		for _, command := range []string{"/crmuser", "/crmadmins"} {
			w := failing(err)
			got := w.ask(t, command, map[string]string{"/crmuser": "kim"}[command])
			_, ref, found := strings.Cut(got, " quote reference ")
			if !strings.Contains(got, want) || !found || !strings.Contains(w.log.String(), `"ref":"`+strings.TrimSuffix(ref, ".")+`"`) {
				t.Errorf("%s, %v: got %q, log %s", command, err, got, w.log)
			}
		}
	}
}

// TestASlowZohoIsGivenUp: Slack waits three seconds, so the bot does not.
func TestASlowZohoIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := zohosim.New(zohosim.Config{})
		if err := sim.AddFault(zohosim.Fault{Latency: time.Minute}); err != nil {
			t.Fatal(err)
		}
		w := withUsers()
		w.bot.People.Read = (&zoho.Client{
			Tokens: func(context.Context) (zoho.Token, error) {
				return zoho.Token{AccessToken: "a", APIDomain: "https://www.zohoapis.com"}, nil
			},
			HTTP: &http.Client{Transport: sim},
		}).ReadUsers
		started := time.Now()
		got := w.ask(t, "/crmuser", "kim")
		if took := time.Since(started); !strings.Contains(got, "did not answer in time") || took > 2500*time.Millisecond {
			t.Errorf("got %q after %v", got, took)
		}
	})
}

func FuzzRequests(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", slacksim.Form("/crmuser", "kim").Encode(), true)
	f.Add("", "%zz", true)
	f.Add("text/plain; x", "command=/crmadmins", false)
	f.Fuzz(func(t *testing.T, kind, body string, sign bool) {
		r := httptest.NewRequest(http.MethodPost, at, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		if sign {
			installed.Sign(r.Header, []byte(body), time.Now())
		}
		got := withUsers(kim).do(r)
		form, err := url.ParseQuery(body)
		proper := sign && err == nil && form.Get("command") != ""
		if got.Code == http.StatusOK && (!proper || !json.Valid(got.Body.Bytes())) || got.Code >= 500 {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
	})
}
