package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
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

// TestBodiesOfAllBytes, whose base64 has all of its letters.
func TestBodiesOfAllBytes(t *testing.T) {
	var all strings.Builder
	for b := range 256 {
		all.WriteByte(byte(b))
	}
	for _, sent := range []string{all.String(), "\xfb\xff\xbf", ">>>???"} {
		r := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(sent))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		event, err := awssim.HTTPEvent(r, "POST /slack/commands", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		f := function{http: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var b strings.Builder
			_ = r.Write(&b)
			_, seen, _ = strings.Cut(b.String(), "\r\n\r\n")
		})}
		if _, err := f.Invoke(t.Context(), event); err != nil || !strings.Contains(seen, sent) {
			t.Errorf("%q: got %q, %v", sent, seen, err)
		}
	}
}

func TestPayloadsThatAreNoRequests(t *testing.T) {
	for _, payload := range []string{"", "null", "{}", "[]", `{"version":"1.0","requestContext":{"http":{"method":"POST"}}}`, `{"version":"2.0"}`,
		`{"version":"2.0","isBase64Encoded":true,"body":"%%%","requestContext":{"http":{"method":"POST"}}}`, `{"version":"2.0","requestContext":{"http":{"method":"P ST"}}}`, `{"job":"unheard-of"}`, `{"job":1}`} {
		if _, err := (function{http: http.HandlerFunc(echo), do: (&bot.Bot{}).Do}).Invoke(t.Context(), []byte(payload)); !errors.Is(err, errEvent) {
			t.Errorf("%s: got %v, want %v", payload, err, errEvent)
		}
	}
}

func TestJobs(t *testing.T) {
	failure := errors.New("out of order")
	f := function{do: func(_ context.Context, job []byte) ([]byte, error) {
		switch string(job) {
		case `{"job":"fail"}`:
			return nil, failure
		case `{"job":"read"}`:
			return nil, fmt.Errorf("%w: Zoho is down", bot.ErrNotRead)
		}
		return job, nil
	}}
	if reply, err := f.Invoke(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil || string(reply) != `{"job":"directory-sync"}` {
		t.Errorf("got %s, %v", reply, err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{"job":"fail"}`)); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	if reply, err := f.Invoke(t.Context(), []byte(`{"job":"read"}`)); err != nil || string(reply) != `{"how":"not read","why":"the people could not be read: Zoho is down"}` {
		t.Errorf("got %s, %v", reply, err)
	}
}

// TestTheDeadlineIsTheGateways where its time can be believed.
func TestTheDeadlineIsTheGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UnixMilli()
		for _, test := range []struct {
			name  string
			epoch int64
			want  time.Duration // from now
		}{
			{"just now", now, 2 * time.Second},
			{"after a cold start", now - 900, 1100 * time.Millisecond},
			{"long ago", now - 29_000, -27 * time.Second},
			{"too long ago", now - 31_000, 2 * time.Second},
			{"a clock ahead", now + 1500, 2 * time.Second},
			{"a clock far ahead", now + 3_600_000, 2 * time.Second},
			{"in seconds", now / 1000, 2 * time.Second},
			{"none", 0, 2 * time.Second},
		} {
			var got time.Duration
			f := function{http: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				deadline, _ := r.Context().Deadline()
				got = time.Until(deadline)
			})}
			event := fmt.Sprintf(`{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"POST"},"timeEpoch":%d}}`, test.epoch)
			if _, err := f.Invoke(t.Context(), []byte(event)); err != nil || got != test.want {
				t.Errorf("%s: got %v, %v; want %v", test.name, got, err, test.want)
			}
		}
	})
}

func FuzzInvoke(f *testing.F) {
	f.Add("2.0", "POST", "/slack/commands", "x-slack-signature", "v0=", base64.StdEncoding.EncodeToString([]byte("a=b")), true, int64(1583348638390))
	f.Add("2.0", "po st", "%zz", "", "\n", "{", false, int64(-1<<63))
	f.Fuzz(func(t *testing.T, version, method, path, name, value, body string, encoded bool, epoch int64) {
		event, err := json.Marshal(map[string]any{
			"version": version, "rawPath": path, "headers": map[string]string{name: value}, "body": body, "isBase64Encoded": encoded,
			"requestContext": map[string]any{"http": map[string]any{"method": method}, "timeEpoch": epoch},
		})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := function{http: http.HandlerFunc(echo), do: (&bot.Bot{}).Do}.Invoke(t.Context(), event)
		if err == nil && !bytes.Contains(reply, []byte(`"statusCode":`)) {
			t.Errorf("got %s", reply)
		}
	})
}
