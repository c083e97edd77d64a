package awssim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"crmwho/internal/sim/awssim"
)

// account is a Lambda, the real SDK's client of it, and the one whom its
// functions call.
type account struct {
	*awssim.Lambda
	client *lambda.Client
	url    string
	boss   *httptest.Server
	calls  chan errand
}

// errand is a call from an invocation with the payload of work, which ends when
// ends is told how.
type errand struct {
	greeting string
	ends     chan int // an HTTP status: 200 is success
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{Lambda: &awssim.Lambda{}, calls: make(chan errand)}
	api := httptest.NewServer(a.Lambda)
	t.Cleanup(api.Close)
	t.Cleanup(a.Close)
	a.boss = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := errand{r.Header.Get("Greeting"), make(chan int)}
		select {
		case a.calls <- c:
			w.WriteHeader(<-c.ends)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(a.boss.Close)
	a.url = api.URL
	a.client = lambda.New(lambda.Options{
		Region:       awssim.Region,
		BaseEndpoint: &a.url,
		Credentials:  credentials.NewStaticCredentialsProvider("sample", "sample", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	return a
}

// retries has asynchronous invocations that fail run so often again.
func (a *account) retries(times int) {
	a.Configs = map[string]awssim.Config{"sample": {MaxRetries: times}}
}

// add starts an environment of the function sample.
func (a *account) add(t *testing.T, greeting string) *awssim.Function {
	t.Helper()
	f := &awssim.Function{Name: "sample", Bootstrap: bootstrap(t), Env: map[string]string{"GREETING": greeting}, Timeout: time.Minute}
	t.Cleanup(f.Stop)
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Add(f)
	return f
}

// work is a payload that has the function call the boss.
func (a *account) work() string { return fmt.Sprintf(`{"do":"call","url":%q}`, a.boss.URL) }

func (a *account) invoke(ctx context.Context, kind types.InvocationType, payload string) (*lambda.InvokeOutput, error) {
	return a.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("sample"), InvocationType: kind, Payload: []byte(payload)})
}

// event invokes sample asynchronously.
func (a *account) event(t *testing.T, payload string) {
	t.Helper()
	out, err := a.invoke(t.Context(), types.InvocationTypeEvent, payload)
	if err != nil || out.StatusCode != http.StatusAccepted || len(out.Payload) > 0 || out.FunctionError != nil {
		t.Fatalf("got %+v, %v", out, err)
	}
}

// called waits for a call of the boss.
func (a *account) called(t *testing.T) errand {
	t.Helper()
	select {
	case c := <-a.calls:
		return c
	case <-time.After(time.Minute):
		t.Fatal("nobody called")
		return errand{}
	}
}

// quiet fails if somebody calls the boss in a while that is long for a call.
func (a *account) quiet(t *testing.T) {
	t.Helper()
	select {
	case <-a.calls:
		t.Error("one too many called")
	case <-time.After(50 * time.Millisecond):
	}
}

func (a *account) wait(t *testing.T) {
	t.Helper()
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (a *account) failed() (payloads []string) {
	for _, payload := range a.Failed() {
		payloads = append(payloads, string(payload))
	}
	return payloads
}

func TestInvokeAnswers(t *testing.T) {
	a := newAccount(t)
	a.add(t, "hello")
	for _, name := range []string{
		"sample", "sample:$LATEST", "123456789012:function:sample",
		"arn:aws:lambda:eu-central-1:123456789012:function:sample", "arn:aws:lambda:eu-central-1:123456789012:function:sample:$LATEST",
	} {
		out, err := a.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"do":"echo"}`)})
		if err != nil || out.StatusCode != 200 || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) != "$LATEST" ||
			string(out.Payload) != `"hello sample eu-central-1 {\"do\":\"echo\"}"` {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
	out, err := a.invoke(t.Context(), types.InvocationTypeRequestResponse, "")
	if err != nil || string(out.Payload) != `"hello sample eu-central-1 {}"` {
		t.Errorf("no payload: got %+v, %v", out, err)
	}
	for _, i := range a.Invocations() {
		if i.Function != "sample" || i.Type != awssim.RequestResponse || !json.Valid(i.Payload) {
			t.Errorf("recorded %+v", i)
		}
	}
	if n := len(a.Invocations()); n != 6 {
		t.Errorf("recorded %d invocations", n)
	}
}

func TestInvokeTellsAFunctionsError(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	for _, test := range []struct{ payload, want string }{
		{`{"do":"fail"}`, "as asked"},
		{`{"do":"panic"}`, ""}, // the runtime says it, or the end of the process does
		{`{"do":"echo"}`, `"errorType":"Runtime.ExitError"`},
	} {
		out, err := a.invoke(t.Context(), "", test.payload)
		if err != nil || out.StatusCode != 200 || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), test.want) {
			t.Errorf("%s: got %+v, %v; want %s", test.payload, out, err, test.want)
		}
	}
	slow := &awssim.Function{Name: "slow", Bootstrap: bootstrap(t), Timeout: 50 * time.Millisecond}
	t.Cleanup(slow.Stop)
	if err := slow.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Add(slow)
	out, err := a.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("slow"), Payload: []byte(`{"do":"hang"}`)})
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), `"errorType":"Sandbox.Timedout"`) {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestInvokeRefuses(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	a.AddFault(awssim.Fault{Lose: true}) // nothing has to run here
	text := func(bytes int) string { return `"` + strings.Repeat("x", bytes-2) + `"` }
	for _, test := range []struct {
		name, qualifier string
		kind            types.InvocationType
		payload         string
		want            string
		status          int
	}{
		{"unknown", "", "", `{}`, "ResourceNotFoundException", 404},
		{"unknown", "", types.InvocationTypeEvent, `{}`, "ResourceNotFoundException", 404},
		{"sample", "42", "", `{}`, "ResourceNotFoundException", 404},
		{"sample:live", "", "", `{}`, "ResourceNotFoundException", 404},
		{"arn:aws:lambda:eu-west-1:123456789012:function:sample", "", "", `{}`, "ResourceNotFoundException", 404},
		{"sample", "", types.InvocationTypeEvent, text(256<<10 + 1), "RequestTooLargeException", 413},
		{"sample", "", types.InvocationTypeEvent, text(256 << 10), "", 0},
		{"sample", "", types.InvocationTypeRequestResponse, text(6<<20 + 1), "RequestTooLargeException", 413},
		{"sample", "", "", `{`, "InvalidRequestContentException", 400},
		{"sample", "", types.InvocationTypeDryRun, `{}`, "InvalidParameterValueException", 400},
	} {
		in := &lambda.InvokeInput{FunctionName: &test.name, InvocationType: test.kind, Payload: []byte(test.payload)}
		if test.qualifier != "" {
			in.Qualifier = &test.qualifier
		}
		_, err := a.client.Invoke(t.Context(), in)
		code, status := told(err)
		if code != test.want || status != test.status {
			t.Errorf("%s %s %s, %d bytes: got %s %d, %v; want %s", test.name, test.qualifier, test.kind, len(test.payload), code, status, err, test.want)
		}
	}
	_, err := a.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("unknown")})
	if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || !strings.Contains(e.ErrorMessage(), "unknown") || aws.ToString(e.Type) != "User" {
		t.Errorf("got %#v", err)
	}
	if n := len(a.Invocations()); n != 1 {
		t.Errorf("%d invocations were accepted, want one", n)
	}
}

// told gives the code and the status of an error of the SDK.
func told(err error) (code string, status int) {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	if e, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); ok {
		status = e.HTTPStatusCode()
	}
	return code, status
}

func TestInvokeKnowsOneOperation(t *testing.T) {
	l := &awssim.Lambda{}
	l.Add(&awssim.Function{Name: "sample"})
	const path, signed = "/2015-03-31/functions/sample/invocations", "AWS4-HMAC-SHA256 sample"
	for _, test := range []struct {
		method, path, auth string
		status             int
		kind               string
	}{
		{"GET", path, signed, 404, "UnknownOperationException"},
		{"POST", "/2015-03-31/functions/sample", signed, 404, "UnknownOperationException"},
		{"POST", "/2015-03-31/functions/sample/invocations/more", signed, 404, "UnknownOperationException"},
		{"POST", "/", signed, 404, "UnknownOperationException"},
		{"POST", path, "", 403, "MissingAuthenticationTokenException"},
	} {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(`{}`))
		r.Header.Set("Authorization", test.auth)
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if w.Code != test.status || w.Header().Get("X-Amzn-ErrorType") != test.kind {
			t.Errorf("%s %s: got %d %s", test.method, test.path, w.Code, w.Header().Get("X-Amzn-ErrorType"))
		}
	}
}

func TestAnEventIsRunLater(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	a.event(t, a.work())
	c := a.called(t)
	ended, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := a.Wait(ended); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waited for nothing: %v", err)
	}
	c.ends <- 200
	a.wait(t)
	a.quiet(t)
	if got := a.Invocations(); len(got) != 1 || got[0].Type != awssim.Event || string(got[0].Payload) != a.work() || len(a.Failed()) > 0 {
		t.Errorf("got %+v, failed %s", got, a.failed())
	}
}

func TestAnEventThatFailsIsRunAgain(t *testing.T) {
	a := newAccount(t)
	a.retries(2)
	a.RetryAfter = 20 * time.Millisecond
	a.add(t, "")
	for _, test := range []struct {
		ends   []int
		failed bool
	}{
		{[]int{200}, false}, {[]int{500, 200}, false}, {[]int{500, 500, 200}, false}, {[]int{500, 500, 500}, true},
	} {
		before := len(a.Failed())
		a.event(t, a.work())
		var last time.Time
		for attempt, status := range test.ends {
			c := a.called(t)
			if gap := a.RetryAfter << max(0, attempt-1); attempt > 0 && time.Since(last) < gap {
				t.Errorf("%v: attempt %d came after %v, want %v", test.ends, attempt+1, time.Since(last), gap)
			}
			last = time.Now()
			c.ends <- status
		}
		a.wait(t)
		if failed := len(a.Failed()) > before; failed != test.failed {
			t.Errorf("%v: failed %v", test.ends, failed)
		}
	}
	a.quiet(t)
	if !slices.Equal(a.failed(), []string{a.work()}) {
		t.Errorf("failed %q", a.failed())
	}
}

func TestNoRetriesAreNone(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	a.event(t, a.work())
	a.called(t).ends <- 500
	a.wait(t)
	a.quiet(t)
	if len(a.Failed()) != 1 {
		t.Errorf("failed %q", a.failed())
	}
}

// TestAnEnvironmentTakesOneAtATime, whoever invokes it, and another one takes
// what it cannot.
func TestAnEnvironmentTakesOneAtATime(t *testing.T) {
	a := newAccount(t)
	f := a.add(t, "first")
	a.event(t, a.work())
	c := a.called(t)
	a.event(t, a.work())
	ended := make(chan error, 2)
	go func() {
		_, err := f.Invoke(t.Context(), []byte(a.work()))
		ended <- err
	}()
	go func() {
		out, err := a.invoke(t.Context(), "", a.work())
		if err == nil && out.FunctionError != nil {
			err = errors.New(string(out.Payload))
		}
		ended <- err
	}()
	a.quiet(t)
	a.add(t, "second")
	other := a.called(t)
	if c.greeting != "first" || other.greeting != "second" {
		t.Errorf("called %s, then %s", c.greeting, other.greeting)
	}
	a.quiet(t)
	c.ends <- 200
	other.ends <- 200
	for range 2 {
		a.called(t).ends <- 200
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	a.wait(t)
}

func TestEnvironmentsOfOneNameWorkAtTheSameTime(t *testing.T) {
	a := newAccount(t)
	for _, greeting := range []string{"a", "b", "c"} {
		a.add(t, greeting)
	}
	for range 4 {
		a.event(t, a.work())
	}
	errands := []errand{a.called(t), a.called(t), a.called(t)}
	a.quiet(t)
	var seen []string
	for _, e := range errands {
		seen = append(seen, e.greeting)
		e.ends <- 200
	}
	if slices.Sort(seen); !slices.Equal(seen, []string{"a", "b", "c"}) {
		t.Errorf("%q called", seen)
	}
	a.called(t).ends <- 200
	a.wait(t)
}

// TestAnAttemptInAProcessThatExitedFails, while no other is there.
func TestAnAttemptInAProcessThatExitedFails(t *testing.T) {
	a := newAccount(t)
	a.retries(1)
	first := a.add(t, "first")
	a.event(t, `{"do":"panic"}`)
	a.wait(t)
	if !slices.Equal(a.failed(), []string{`{"do":"panic"}`}) {
		t.Errorf("failed %q", a.failed())
	}
	first.Stop() // its end has been seen then
	a.event(t, a.work())
	a.wait(t)
	if len(a.Failed()) != 2 {
		t.Errorf("failed %q", a.failed())
	}
	a.add(t, "second")
	for range 5 {
		a.event(t, a.work())
		if c := a.called(t); c.greeting != "second" {
			t.Errorf("%s called", c.greeting)
		} else {
			c.ends <- 200
		}
		a.wait(t)
	}
}

func TestAnEnvironmentIsReplaced(t *testing.T) {
	a := newAccount(t)
	a.Remove(&awssim.Function{Name: "unknown"})
	a.Remove(a.add(t, "old"))
	a.event(t, a.work())
	a.quiet(t)
	a.add(t, "new")
	c := a.called(t)
	if c.greeting != "new" {
		t.Errorf("%s called", c.greeting)
	}
	c.ends <- 200
	a.wait(t)
	if _, err := a.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("unknown")}); err == nil {
		t.Error("what was removed and never added is known")
	}
}

func TestFaultsOfInvoke(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	echo := func(ctx context.Context) error {
		_, err := a.invoke(ctx, "", `{"do":"echo"}`)
		return err
	}

	a.AddFault(awssim.Fault{Status: 429, Times: 1})
	if err := echo(t.Context()); err != nil || len(a.Invocations()) != 1 {
		t.Errorf("429 once: got %v", err) // the SDK calls again
	}
	for status, want := range map[int]string{403: "AccessDeniedException", 429: "TooManyRequestsException", 500: "ServiceException"} {
		a.AddFault(awssim.Fault{Status: status})
		if code, got := told(echo(t.Context())); code != want || got != status {
			t.Errorf("%d: got %s %d", status, code, got)
		}
		a.ClearFaults()
	}
	a.AddFault(awssim.Fault{Function: "other", Status: 403})
	a.AddFault(awssim.Fault{Latency: 50 * time.Millisecond, Times: 1})
	for _, least := range []time.Duration{50 * time.Millisecond, 0} {
		started := time.Now()
		if err := echo(t.Context()); err != nil || time.Since(started) < least {
			t.Errorf("latency: got %v after %v", err, time.Since(started))
		}
	}
	before := len(a.Invocations())
	a.AddFault(awssim.Fault{Hang: true})
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := echo(hurried); !errors.Is(err, context.DeadlineExceeded) || len(a.Invocations()) != before {
		t.Errorf("hang: got %v", err)
	}
	a.ClearFaults()
	if err := echo(t.Context()); err != nil {
		t.Errorf("cleared: got %v", err)
	}
}

func TestEventsThatAreLostOrDeliveredTwice(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	a.AddFault(awssim.Fault{Lose: true, Times: 1})
	a.event(t, a.work())
	a.wait(t)
	a.quiet(t)
	a.AddFault(awssim.Fault{Twice: true, Times: 1})
	a.event(t, a.work())
	for range 2 {
		a.called(t).ends <- 200
	}
	a.wait(t)
	a.event(t, a.work())
	a.called(t).ends <- 200
	a.wait(t)
	a.quiet(t)
	if got := len(a.Invocations()); got != 3 {
		t.Errorf("recorded %d invocations", got)
	}
}

func TestNothingRunsAfterClose(t *testing.T) {
	a := newAccount(t)
	a.retries(5)
	a.add(t, "")
	a.event(t, a.work())
	c := a.called(t)
	a.event(t, a.work()) // queued
	refused := make(chan error, 1)
	go func() {
		_, err := a.invoke(t.Context(), "", a.work()) // waiting
		refused <- err
	}()
	for len(a.Invocations()) < 3 {
		runtime.Gosched()
	}
	closed := make(chan struct{})
	go func() { a.Close(); close(closed) }()
	if code, _ := told(<-refused); code != "ResourceConflictException" {
		t.Errorf("got %s", code)
	}
	select {
	case <-closed:
		t.Error("closed while one was running")
	case <-time.After(20 * time.Millisecond):
	}
	c.ends <- 500 // it is not run again
	<-closed
	a.quiet(t)
	if _, err := a.invoke(t.Context(), types.InvocationTypeEvent, a.work()); err == nil || len(a.Invocations()) != 3 {
		t.Errorf("got %v", err)
	}
	a.Close()
	a.wait(t)
}

// TestCloseIsNoFailure of what has not run; what fails meanwhile has failed.
func TestCloseIsNoFailure(t *testing.T) {
	a := newAccount(t)
	a.add(t, "")
	a.event(t, a.work())
	c := a.called(t)
	a.event(t, `"queued"`)
	closed := make(chan struct{})
	go func() { a.Close(); close(closed) }()
	for { // until it refuses
		if _, err := a.invoke(t.Context(), types.InvocationTypeEvent, `"late"`); err != nil {
			break
		}
	}
	c.ends <- 500
	<-closed
	if !slices.Equal(a.failed(), []string{a.work()}) {
		t.Errorf("failed %q", a.failed())
	}
}

// TestCloseEndsAPause before an attempt, however long.
func TestCloseEndsAPause(t *testing.T) {
	a := newAccount(t)
	a.retries(1)
	a.RetryAfter = time.Hour
	a.add(t, "")
	a.event(t, a.work())
	a.called(t).ends <- 500
	a.quiet(t)
	a.Close()
	if len(a.Failed()) > 0 {
		t.Errorf("failed %q", a.failed())
	}
}
