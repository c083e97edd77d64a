package awssim_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
)

// built is the bootstrap of testdata, once for all tests.
var built = struct {
	sync.Mutex
	dir, path string
}{}

func TestMain(m *testing.M) {
	var err error
	if built.dir, err = os.MkdirTemp("", "bootstrap"); err != nil {
		panic(err)
	}
	status := m.Run()
	_ = os.RemoveAll(built.dir)
	os.Exit(status)
}

// bootstrap builds it, unless it is there.
func bootstrap(t *testing.T) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.path == "" {
		path, err := awssim.Build(t.Context(), "crmwho/internal/sim/awssim/testdata/sample", built.dir)
		if err != nil {
			t.Fatal(err)
		}
		built.path = path
	}
	return built.path
}

// function is one with the bootstrap of testdata, not yet started.
func function(t *testing.T, f *awssim.Function) *awssim.Function {
	t.Helper()
	f.Bootstrap = bootstrap(t)
	t.Cleanup(f.Stop)
	return f
}

func TestFunction(t *testing.T) {
	var log strings.Builder
	f := function(t, &awssim.Function{Name: "sample", Env: map[string]string{"GREETING": "hello"}, Log: &log, Timeout: time.Minute})
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := f.Invoke(t.Context(), []byte(`{"do":"echo"}`))
		if err != nil || string(got) != `"hello sample eu-central-1 {\"do\":\"echo\"}"` {
			t.Errorf("got %s, %v", got, err)
		}
	}
	_, err := f.Invoke(t.Context(), []byte(`{"do":"fail"}`))
	if failed, ok := errors.AsType[*awssim.FunctionError](err); !ok || !strings.Contains(string(failed.Payload), `"errorMessage":"as asked"`) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{"do":"panic"}`)); err == nil {
		t.Error("a panic was answered")
	}
	if _, err := f.Invoke(t.Context(), []byte(`{"do":"echo"}`)); err == nil {
		t.Error("a process that has ended answered")
	}
	f.Stop()
	if !strings.Contains(log.String(), "fail on request") {
		t.Errorf("the log was not captured: %s", log.String())
	}
}

func TestAFunctionTimesOut(t *testing.T) {
	f := function(t, &awssim.Function{Name: "sample", Timeout: 50 * time.Millisecond})
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{"do":"hang"}`)); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("got %v", err)
	}
}

func TestAFunctionThatDoesNotStart(t *testing.T) {
	f := function(t, &awssim.Function{Name: "sample", Env: map[string]string{"EXIT": "1"}})
	if err := f.Start(t.Context()); err == nil {
		t.Error("it started")
	}
}

func TestGateway(t *testing.T) {
	f := function(t, &awssim.Function{Name: "sample", Timeout: time.Minute})
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	gateway := httptest.NewServer(&awssim.Gateway{Function: f, Routes: []string{"POST /http", "POST /bad"}})
	defer gateway.Close()
	for _, test := range []struct {
		method, path, kind string
		status             int
		body               string
	}{
		{"POST", "/http", "application/x-www-form-urlencoded", 201, "POST /http base64 true YT1i"},
		{"POST", "/http", "application/json; charset=utf-8", 201, "POST /http base64 false a=b"},
		{"POST", "/http", "text/html; charset=utf-8", 201, "POST /http base64 true YT1i"},
		{"POST", "/http", "", 201, "POST /http base64 true YT1i"},
		{"POST", "/bad", "text/plain", 500, `{"message":"Internal Server Error"}`},
		{"GET", "/http", "", 404, `{"message":"Not Found"}`},
		{"POST", "/other", "", 404, `{"message":"Not Found"}`},
	} {
		r, err := http.NewRequestWithContext(t.Context(), test.method, gateway.URL+test.path, strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", test.kind)
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		if err != nil || reply.StatusCode != test.status || string(body) != test.body {
			t.Errorf("%s %s %s: got %d %s, %v", test.method, test.path, test.kind, reply.StatusCode, body, err)
		}
	}
}

func TestHTTPEventOfAnEmptyBody(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/a%20b?c=%20d", nil)
	r.Header.Set("Cookie", "a=b")
	r.Header["X-Many"] = []string{"1", "2"}
	data, err := awssim.HTTPEvent(r, "$default", time.UnixMilli(1795512600123))
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		RawPath, RawQueryString string
		Body                    *string
		Headers                 map[string]string
		RequestContext          struct{ TimeEpoch int64 }
	}
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	if event.RawPath != "/a b" || event.RawQueryString != "c=%20d" || event.Body != nil || event.Headers["x-many"] != "1,2" ||
		event.Headers["cookie"] != "" || event.RequestContext.TimeEpoch != 1795512600123 {
		t.Errorf("got %s", data)
	}
}
