package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
	reply, err := function{http.HandlerFunc(echo)}.Invoke(t.Context(), event)
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
		`{"version":"2.0","isBase64Encoded":true,"body":"%%%","requestContext":{"http":{"method":"POST"}}}`, `{"version":"2.0","requestContext":{"http":{"method":"P ST"}}}`, `{"job":"directory-sync"}`} {
		if _, err := (function{http.HandlerFunc(echo)}).Invoke(t.Context(), []byte(payload)); !errors.Is(err, errEvent) {
			t.Errorf("%s: got %v, want %v", payload, err, errEvent)
		}
	}
}

func TestSettingsNameAllThatIsMissing(t *testing.T) {
	_, err := readSettings(func(string) string { return "" })
	for _, name := range []string{"CRMWHO_SLACK_SECRET_ID", "CRMWHO_ACCESS_TOKEN_SECRET_ID"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s in it", err, name)
		}
	}
	for _, loopback := range []string{"", "1"} {
		s, err := readSettings(func(name string) string {
			switch name {
			case "CRMWHO_ALLOW_LOOPBACK":
				return loopback
			case "CRMWHO_ZOHO_API_VERSION":
				return "v8"
			}
			return "x"
		})
		if err != nil || s.allowLoopback != (loopback != "") || s.zohoVersion != "v8" {
			t.Errorf("loopback %q: got %+v, %v", loopback, s, err)
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
		reply, err := function{http.HandlerFunc(echo)}.Invoke(t.Context(), event)
		if err == nil && !bytes.Contains(reply, []byte(`"statusCode":`)) {
			t.Errorf("got %s", reply)
		}
	})
}
