package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/awssim"
)

// echo answers with what it got.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Seen", r.Method+" "+r.URL.Path+" "+r.URL.RawQuery+" "+r.Header.Get("X-Slack-Signature"))
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(body)
}

func invoke(t *testing.T, event []byte) (status int, headers map[string]string, body string) {
	t.Helper()
	reply, err := function{http: http.HandlerFunc(echo)}.Invoke(t.Context(), event)
	var response struct {
		StatusCode int
		Headers    map[string]string
		Body       string
	}
	if err != nil || json.Unmarshal(reply, &response) != nil {
		t.Fatalf("got %s, %v", reply, err)
	}
	return response.StatusCode, response.Headers, response.Body
}

func TestTheHandlerSeesWhatTheGatewayGot(t *testing.T) {
	const sent = "text=s%C3%B8ren+søren"
	for _, kind := range []string{"application/x-www-form-urlencoded", "application/json; charset=utf-8", ""} {
		r := httptest.NewRequest(http.MethodPost, "/slack/commands?a=%20b", strings.NewReader(sent))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("X-SLACK-Signature", "v0=x")
		event, err := awssim.HTTPEvent(r, "POST /slack/commands", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		status, headers, body := invoke(t, event)
		if status != http.StatusAccepted || headers["X-Seen"] != "POST /slack/commands a=%20b v0=x" || body != sent {
			t.Errorf("%s: got %d %q %q", kind, status, headers, body)
		}
	}
}

func TestPayloadsThatAreNoRequests(t *testing.T) {
	for _, payload := range []string{"", "null", "{}", "[]", `{"version":"1.0","requestContext":{"http":{"method":"POST"}}}`, `{"version":"2.0"}`,
		`{"version":"2.0","isBase64Encoded":true,"body":"%%%","requestContext":{"http":{"method":"POST"}}}`, `{"version":"2.0","requestContext":{"http":{"method":"P ST"}}}`, `{"job":"unheard-of"}`, `{"job":1}`} {
		if _, err := (function{http: http.HandlerFunc(echo)}).Invoke(t.Context(), []byte(payload)); !errors.Is(err, errEvent) {
			t.Errorf("%s: got %v, want %v", payload, err, errEvent)
		}
	}
}

func TestJobs(t *testing.T) {
	var asked []bool
	failure := errors.New("out of order")
	f := function{sync: func(_ context.Context, all bool) (directory.Synced, error) {
		asked = append(asked, all)
		if all {
			return directory.Synced{}, failure
		}
		return directory.Synced{How: directory.Changes, People: 15}, nil
	}}
	reply, err := f.Invoke(t.Context(), []byte(`{"job":"directory-sync"}`))
	if err != nil || !strings.HasPrefix(string(reply), `{"how":"changes","people":15,`) {
		t.Errorf("got %s, %v", reply, err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(asked, []bool{false, true}) {
		t.Errorf("asked for %v", asked)
	}
}

func TestSettingsNameAllThatIsMissing(t *testing.T) {
	_, err := readSettings(func(string) string { return "" })
	for _, name := range []string{"CRMWHO_SLACK_SECRET_ID", "CRMWHO_ACCESS_TOKEN_SECRET_ID", "CRMWHO_STORE_BUCKET"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s in it", err, name)
		}
	}
}

// set is an environment where all that is required is set.
func set(more map[string]string) func(string) string {
	return func(name string) string {
		if required := map[string]bool{"CRMWHO_SLACK_SECRET_ID": true, "CRMWHO_ACCESS_TOKEN_SECRET_ID": true, "CRMWHO_STORE_BUCKET": true}; required[name] {
			return "x"
		}
		return more[name]
	}
}

func TestSettings(t *testing.T) {
	s, err := readSettings(set(nil))
	if want := (settings{slackSecretID: "x", accessTokenSecretID: "x", bucket: "x"}); err != nil || s != want {
		t.Errorf("got %+v, %v", s, err)
	}
	s, err = readSettings(set(map[string]string{
		"CRMWHO_ZOHO_API_VERSION": "v8", "CRMWHO_ALLOW_LOOPBACK": "1",
		"CRMWHO_DIRECTORY_FRESH_FOR": "90s", "CRMWHO_DIRECTORY_RELOAD_AFTER": "5m", "CRMWHO_DIRECTORY_FULL_AFTER": "24h",
	}))
	if err != nil || s.zohoVersion != "v8" || !s.allowLoopback || s.freshFor != 90*time.Second || s.reloadAfter != 5*time.Minute || s.fullAfter != 24*time.Hour {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	for name, value := range map[string]string{
		"CRMWHO_ZOHO_API_VERSION": "8", "CRMWHO_DIRECTORY_FRESH_FOR": "60", "CRMWHO_DIRECTORY_RELOAD_AFTER": "-1m", "CRMWHO_DIRECTORY_FULL_AFTER": "daily",
	} {
		if _, err := readSettings(set(map[string]string{name: value})); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}

func FuzzInvoke(f *testing.F) {
	f.Add("2.0", "POST", "/slack/commands", "x-slack-signature", "v0=", base64.StdEncoding.EncodeToString([]byte("a=b")), true)
	f.Add("2.0", "po st", "%zz", "", "\n", "{", false)
	f.Fuzz(func(t *testing.T, version, method, path, name, value, body string, encoded bool) {
		event, err := json.Marshal(map[string]any{
			"version": version, "rawPath": path, "headers": map[string]string{name: value}, "body": body, "isBase64Encoded": encoded,
			"requestContext": map[string]any{"http": map[string]any{"method": method}},
		})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := function{http: http.HandlerFunc(echo)}.Invoke(t.Context(), event)
		if err == nil && !bytes.Contains(reply, []byte(`"statusCode":`)) {
			t.Errorf("got %s", reply)
		}
	})
}
