package bot_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
)

func TestRequestsThatAreNotSlacks(t *testing.T) {
	body := slacksim.Form("/crmuser", "kim").Encode()
	slack := &slacksim.Slack{SigningSecret: signingSecret}
	signed := func(body string) *http.Request {
		r, err := slack.Post(t.Context(), at, []byte(body))
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
		return func(r *http.Request) { slack.Sign(r.Header, []byte(body), time.Now().Add(-age)) }
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
		{"changed body", change(body, func(r *http.Request) { slack.Sign(r.Header, []byte(body+"&text=lee"), time.Now()) }), 401, "wrong signature"},
		{"old", change(body, resigned(5*time.Minute+2*time.Second)), 401, "timestamp"},
		{"from the future", change(body, resigned(-5*time.Minute-2*time.Second)), 401, "timestamp"},
		{"absurd timestamp", change(body, func(r *http.Request) { slack.Sign(r.Header, []byte(body), time.Unix(1<<62, 0)) }), 401, "timestamp"},
		{"too large", signed("text=" + strings.Repeat("x", 1<<20)), 413, "body too large"},
		{"JSON", change(body, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }), 415, "not the content type"},
		{"no type", change(body, func(r *http.Request) { r.Header.Del("Content-Type") }), 415, "not the content type"},
		{"not a form inside", signed("%zz"), 400, "not a payload"},
		{"another form", signed("a=b"), 400, "not a payload"},
		{"empty", signed(""), 400, "not a payload"},
		{"GET", change(body, func(r *http.Request) { r.Method = http.MethodGet }), 405, "not a POST"},
		{"other path", change(body, func(r *http.Request) { r.URL.Path = "/slack/other" }), 404, "no such path"},
		{"a form as an event", change(body, func(r *http.Request) { r.URL.Path = bot.EventsPath }), 415, "not the content type"},
		{"a payload that is no JSON", signed("payload=%7B"), 400, "not a payload"},
		{"a payload without a type", signed("payload=%7B%7D"), 400, "not a payload"},
		{"fine", change(body, resigned(4*time.Minute)), 200, ""},
		{"charset", change(body, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		}), 200, ""},
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

// post gives the reply to a signed body.
func (w world) post(t *testing.T, path, contentType, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://bot.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w.slack.Sign(r.Header, []byte(body), time.Now())
	return w.do(r)
}

const formType = "application/x-www-form-urlencoded"

// TestForms are the ways in which a command's form may be written. Nobody is
// called so, and the answer repeats the words.
func TestForms(t *testing.T) {
	const who = "&team_id=T0SAMPLE&user_id=U0SAMPLE&channel_id=C0SAMPLE&trigger_id=1.2.a"
	for _, test := range []struct{ name, contentType, body, want string }{
		{"plus for a space", formType, "command=%2Fcrmuser&text=zaphod+beeblebrox", "“zaphod beeblebrox”"},
		{"%20 for a space", formType, "command=%2Fcrmuser&text=zaphod%20beeblebrox", "“zaphod beeblebrox”"},
		{"a line break", formType, "command=%2Fcrmuser&text=zaphod%0Abeeblebrox", "“zaphod beeblebrox”"},
		{"UTF-8", formType, "command=%2Fcrmuser&text=Z%C3%A4ph%C3%B8d+%F0%9F%98%80", "“Zäphød 😀”"},
		{"UTF-8 as it is", formType, "command=/crmuser&text=Zäphød", "“Zäphød”"},
		{"an ampersand", formType, "command=%2Fcrmuser&text=zaphod+%26amp%3B+co", "“zaphod &amp; co”"},
		{"a plus", formType, "command=%2Fcrmuser&text=zaphod%2Bbeeble", "“zaphod+beeble”"},
		{"an empty text", formType, "command=%2Fcrmuser&text=", "/crmuser: who somebody is"},
		{"no text", formType, "command=%2Fcrmuser", "/crmuser: who somebody is"},
		{"a repeated text", formType, "command=%2Fcrmuser&text=zaphod&text=trillian", "“zaphod”"},
		{"a repeated command", formType, "command=%2Fcrmuser&command=%2Fcrmadmins&text=zaphod", "“zaphod”"},
		{"a charset", formType + "; charset=utf-8", "command=%2Fcrmuser&text=zaphod", "“zaphod”"},
		{"a type in capitals", "Application/X-WWW-Form-URLEncoded", "command=%2Fcrmuser&text=zaphod", "“zaphod”"},
		{"unknown fields", formType, "command=%2Fcrmuser&text=zaphod&new_field=1&is_enterprise_install=true", "“zaphod”"},
	} {
		w := withUsers(kim)
		got := w.post(t, bot.CommandsPath, test.contentType, test.body+who)
		var m struct{ Text string }
		if err := json.Unmarshal(got.Body.Bytes(), &m); err != nil || got.Code != http.StatusOK || !strings.Contains(m.Text, test.want) {
			t.Errorf("%s: got %d %s, want %s", test.name, got.Code, got.Body, test.want)
		}
	}
}

// TestHeaderNamesInAnyCase: API Gateway makes them lower-case.
func TestHeaderNamesInAnyCase(t *testing.T) {
	w := withUsers(kim)
	r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for name, values := range r.Header {
		h.Set(strings.ToUpper(name), values[0])
	}
	r.Header = h
	if got := w.do(r); got.Code != http.StatusOK {
		t.Errorf("got %d", got.Code)
	}
}

// TestSSLCheck: Slack looks at the certificate without a signature, and gets
// nothing but a yes.
func TestSSLCheck(t *testing.T) {
	w := withUsers(kim)
	for _, test := range []struct {
		body string
		want int
	}{
		{"ssl_check=1&token=sample", 200},
		{"ssl_check=0&token=sample", 401},
		{"ssl_check=1&command=%2Fcrmadmins&team_id=T0SAMPLE", 401},
		{"ssl_check=1&payload=%7B%7D", 401},
	} {
		r := httptest.NewRequest(http.MethodPost, at, strings.NewReader(test.body))
		r.Header.Set("Content-Type", formType)
		if got := w.do(r); got.Code != test.want || got.Body.Len() != 0 {
			t.Errorf("%s: got %d %q, want %d", test.body, got.Code, got.Body, test.want)
		}
	}
}

func TestEventsURL(t *testing.T) {
	w := withUsers(kim)
	got := w.post(t, bot.EventsPath, "application/json", `{"type":"url_verification","challenge":"sample-challenge","token":"x"}`)
	if got.Code != http.StatusOK || strings.TrimSpace(got.Body.String()) != `{"challenge":"sample-challenge"}` {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	for body, want := range map[string]int{
		`{"type":"event_callback","event":{"type":"message"}}`:                                                                    200,
		`{"type":"app_rate_limited","team_id":"T0SAMPLE","minute_rate_limited":1518467820}`:                                       200,
		`{"type":"event_callback","event_id":"Ev1","team_id":"T0SAMPLE","event":{"type":"user_change","user":{"id":"U0SAMPLE"}}}`: 200,
		`{"challenge":"x"}`: 400, `[]`: 400, `{`: 400,
	} {
		if got := w.post(t, bot.EventsPath, "application/json", body); got.Code != want || got.Body.Len() != 0 {
			t.Errorf("%s: got %d %q, want %d", body, got.Code, got.Body, want)
		}
	}
}

// TestInteractionsThatWantNothing are acknowledged, at either URL for forms.
func TestInteractionsThatWantNothing(t *testing.T) {
	for _, payload := range []string{
		`{"type":"block_actions","team":{"id":"T0SAMPLE"},"user":{"id":"U0SAMPLE"},"actions":[{"action_id":"link","type":"button","url":"https://example.com"}]}`,
		`{"type":"block_actions","actions":[]}`,
		`{"type":"view_closed","team":null,"enterprise":null,"view":{"id":"V1"}}`,
		`{"type":"shortcut","callback_id":"unknown"}`,
		`{"type":"of the future"}`,
	} {
		for _, path := range []string{bot.InteractivityPath, bot.CommandsPath} {
			w := withUsers(kim)
			got := w.post(t, path, formType, url.Values{"payload": {payload}}.Encode())
			if got.Code != http.StatusOK || got.Body.Len() != 0 || len(w.slack.Calls()) != 0 || len(*w.jobs) != 0 {
				t.Errorf("%s: got %d %q, %d calls of Slack", payload, got.Code, got.Body, len(w.slack.Calls()))
			}
		}
	}
}

// TestTheExampleOfSlacksDocumentation is accepted when it was sent, and not
// with another signature. Source: "Verifying requests from Slack".
func TestTheExampleOfSlacksDocumentation(t *testing.T) {
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V" +
		"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1531420618, 0)))
		for signature, want := range map[string]int{
			"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503": 200,
			"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b504": 401,
		} {
			w := withUsers(kim)
			w.bot.Secrets = secretsOf("8f742231b10e8888abcd99yyyzzz85a5")
			w.bot.Access.Teams = []string{"T1DC2JH3J"}
			r := httptest.NewRequest(http.MethodPost, at, strings.NewReader(body))
			r.Header.Set("Content-Type", formType)
			r.Header.Set("X-Slack-Request-Timestamp", "1531420618")
			r.Header.Set("X-Slack-Signature", signature)
			if got := w.do(r); got.Code != want || want == 200 && !strings.Contains(got.Body.String(), "/webhook-collect is not one of my commands") {
				t.Errorf("%s: got %d %s", signature, got.Code, got.Body)
			}
		}
	})
}

// verdicts are what we and slack-go's verifier say of a request.
func verdicts(t *testing.T, secret, stamp, signature string, body []byte) (ours, theirs bool) {
	t.Helper()
	w := withUsers()
	w.bot.Secrets = secretsOf(secret)
	r := httptest.NewRequest(http.MethodPost, at, bytes.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", signature)
	ours = w.do(r).Code != http.StatusUnauthorized
	verifier, err := slack.NewSecretsVerifier(r.Header, secret)
	if err == nil {
		_, _ = verifier.Write(body)
		err = verifier.Ensure()
	}
	return ours, err == nil
}

// FuzzSignature asks slack-go's verifier for a second opinion: about right
// signatures, about those that something was done to, and about anything.
func FuzzSignature(f *testing.F) {
	f.Add("secret", "command=/crmuser", int64(0), "", "", uint8(0))
	f.Add("secret", "søren 😀", int64(-299), "", "", uint8(0))
	f.Add("", "", int64(0), "", "", uint8(0))
	f.Add("a", "b", int64(400), "", "", uint8(0))
	f.Add("a", "b", int64(0), "v0=00", "1531420618", uint8(1))
	f.Add("a", "b", int64(0), "", "", uint8(40))
	f.Fuzz(func(t *testing.T, secret, body string, age int64, signature, stamp string, spoil uint8) {
		h := http.Header{}
		now := time.Now()
		(&slacksim.Slack{SigningSecret: secret}).Sign(h, []byte(body), now.Add(time.Duration(age%1000)*time.Second))
		right, at := h.Get("X-Slack-Signature"), h.Get("X-Slack-Request-Timestamp")
		if (age%1000+1000)%1000 == 300 || age%1000 == -300 || age%1000 == 299 || age%1000 == -299 {
			return // the two look at the clock one after the other
		}
		if ours, theirs := verdicts(t, secret, at, right, []byte(body)); ours != theirs {
			t.Errorf("signed %d s from now: we accept %v, slack-go %v", age%1000, ours, theirs)
		}
		spoilt := []byte(right)
		spoilt[int(spoil)%len(spoilt)] ^= 1 + spoil>>6
		if ours, theirs := verdicts(t, secret, at, string(spoilt), []byte(body)); ours != theirs {
			t.Errorf("%s for %s: we accept %v, slack-go %v", spoilt, right, ours, theirs)
		}
		if ours, theirs := verdicts(t, secret, stamp, signature, []byte(body)); ours && !theirs {
			t.Errorf("%q at %q: we accept what slack-go does not", signature, stamp)
		}
	})
}

// FuzzRequests: whatever comes, signed or not, to whichever URL, gets a proper
// answer or a bare refusal.
func FuzzRequests(f *testing.F) {
	f.Add(bot.CommandsPath, formType, slacksim.Form("/crmuser", "kim").Encode(), true)
	f.Add(bot.CommandsPath, "", "%zz", true)
	f.Add(bot.InteractivityPath, formType, "payload=%7B%22type%22%3A%22shortcut%22%7D", true)
	f.Add(bot.InteractivityPath, formType, url.Values{"payload": {`{"type":"view_submission","view":{"callback_id":"find_person","state":{"values":{"person":{"person":{"selected_option":null}}}}}}`}}.Encode(), true)
	f.Add(bot.EventsPath, "application/json", `{"type":"event_callback","event":{"type":"app_home_opened","tab":"home"}}`, true)
	f.Add(bot.CommandsPath, "text/plain; x", "command=/crmadmins", false)
	f.Fuzz(func(t *testing.T, path, kind, body string, sign bool) {
		w := withUsers(kim)
		r := httptest.NewRequest(http.MethodPost, "https://bot.example/", strings.NewReader(body))
		r.URL.Path = path
		r.Header.Set("Content-Type", kind)
		if sign {
			w.slack.Sign(r.Header, []byte(body), time.Now())
		}
		got := w.do(r)
		switch {
		case got.Code >= 500, got.Body.Len() > 0 && (got.Code != http.StatusOK || !json.Valid(got.Body.Bytes())):
			t.Errorf("got %d %s", got.Code, got.Body)
		case !sign && got.Body.Len() > 0:
			t.Errorf("unsigned, and answered %s", got.Body)
		}
	})
}

// FuzzForm: our reading of a form agrees with net/http's.
func FuzzForm(f *testing.F) {
	f.Add("command=%2Fcrmuser&text=zaphod+beeblebrox")
	f.Add("command=/crmuser&text=a&text=b&payload")
	f.Add("text=%zz&command=/x")
	f.Fuzz(func(t *testing.T, body string) {
		w := withUsers(kim)
		got := w.post(t, bot.CommandsPath, formType, body)
		r := httptest.NewRequest(http.MethodPost, at, strings.NewReader(body))
		r.Header.Set("Content-Type", formType)
		err := r.ParseForm()
		isCommand := err == nil && r.PostForm.Get("command") != "" && !r.PostForm.Has("payload")
		if answered := got.Code == http.StatusOK && got.Body.Len() > 0; isCommand != answered && !strings.Contains(body, "payload") {
			t.Errorf("%q: got %d %s; net/http finds a command: %v", body, got.Code, got.Body, isCommand)
		}
	})
}
