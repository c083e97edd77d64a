package awssim

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lambda plays the Invoke API of AWS Lambda, as an http.Handler, for the
// functions that it is given. Its zero value has none. It is safe for concurrent
// use; its exported fields are not changed after the first call.
//
// An asynchronous invocation is run by a free environment of its function, and
// again when it fails. Those of one function are in no order. It leaves out what
// AWS does beside that: starting environments, dry runs, versions other than
// $LATEST, the end of a chain of functions that invoke each other.
// Source: AWS's Lambda API reference, "Invoke"; AWS's documentation of
// asynchronous invocation.
type Lambda struct {
	Configs    map[string]Config // by the function's name
	RetryAfter time.Duration     // before the first repeat, doubled for each that follows; AWS waits a minute, then two; zero: at once
	IAM        *IAM              // who may write logs; nil: everybody. What nobody may write is not held back
	Queues     *SQS              // which the on-failure destinations are in; required where Configs names one

	once sync.Once
	life context.Context // until Close
	end  context.CancelFunc

	mu           sync.Mutex
	changed      chan struct{}          // closed when something below has changed; nil: nobody waits for that
	environments map[string][]*Function // by the function's name
	faults       []*Fault
	invocations  []Invocation
	failed       []json.RawMessage
	queued       int // asynchronous invocations that are not over
	underWay     int // invocations that are not over
	closed       bool
}

// Config is what Lambda itself does for a function, under the function's role.
type Config struct {
	Role       string // its ARN
	LogGroup   string // ARN of where what it prints is written; empty: nowhere
	MaxRetries int    // of asynchronous invocations that fail; AWS's own default is 2
	OnFailure  string // ARN of the queue that is told when all have failed; empty: none
}

// Invocation is an invocation that was accepted.
type Invocation struct {
	Function string // name
	Type     string // RequestResponse or Event
	Payload  json.RawMessage
}

// The types of invocations.
const (
	RequestResponse = "RequestResponse" // the caller waits for the reply
	Event           = "Event"           // it does not
)

// Fault befalls calls of Invoke. Of several that hit one call the waits add up,
// and all else happens that one of them says; the first status counts.
type Fault struct {
	Function string        // name of the function whose calls it hits; empty: all
	Status   int           // the answer, in place of an invocation
	Latency  time.Duration // before anything happens
	Hang     bool          // nothing happens until the caller gives up
	Lose     bool          // an Event is accepted and never run
	Twice    bool          // an Event is run twice, as "at least once" allows
	Times    int           // calls that it hits; zero stands for all until faults are cleared
}

// Add adds an environment of the function of its name: several of one name take
// invocations at the same time. It has been started, and is in use elsewhere
// too, as in a Gateway, if somebody likes.
func (l *Lambda) Add(f *Function) {
	l.change(func() {
		if l.environments == nil {
			l.environments = map[string][]*Function{}
		}
		l.environments[f.Name] = append(l.environments[f.Name], f)
	})
	l.openLog(l.Configs[f.Name])
}

// openLog makes a stream for a new environment in its function's log and writes
// to it.
func (l *Lambda) openLog(c Config) {
	if l.IAM == nil || c.LogGroup == "" {
		return
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		l.IAM.allow(Call{Role: c.Role, Action: action, Resource: c.LogGroup + ":log-stream:sample"})
	}
}

// Remove takes an environment away, such as one that another replaces. What it
// is doing goes on. Its function stays known: invocations wait for another one.
func (l *Lambda) Remove(f *Function) {
	l.change(func() {
		rest := slices.DeleteFunc(slices.Clone(l.environments[f.Name]), func(g *Function) bool { return g == f })
		if _, known := l.environments[f.Name]; known {
			l.environments[f.Name] = rest
		}
	})
}

// AddFault lets a fault happen from now on, beside those that do already.
func (l *Lambda) AddFault(f Fault) { l.change(func() { l.faults = append(l.faults, &f) }) }

// ClearFaults ends all faults.
func (l *Lambda) ClearFaults() { l.change(func() { l.faults = nil }) }

// Invocations lists what was accepted so far, in the order in which it came;
// each once, however often it was run.
func (l *Lambda) Invocations() []Invocation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.invocations)
}

// Failed lists the payloads of the asynchronous invocations whose attempts all
// failed: those of which the on-failure destination is told.
func (l *Lambda) Failed() []json.RawMessage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failed)
}

// Wait returns when no asynchronous invocation is queued, running or about to
// be repeated, or with the error of ctx.
func (l *Lambda) Wait(ctx context.Context) error {
	return l.until(ctx, func() bool { return l.queued == 0 })
}

// Close ends what is queued and waits for what is running, which takes no longer
// than the functions' time-outs or, if they were stopped before, no time. Nothing
// runs afterwards: calls are refused.
func (l *Lambda) Close() {
	l.change(func() { l.closed = true })
	l.live()
	l.end()
	_ = l.until(context.Background(), func() bool { return l.underWay == 0 })
}

// live is the context of all that is queued.
func (l *Lambda) live() context.Context {
	l.once.Do(func() { l.life, l.end = context.WithCancel(context.Background()) })
	return l.life
}

// change does something under the lock and wakes those who wait for a change.
func (l *Lambda) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// look reads something under the lock, and gives what is closed when it may
// have changed.
func (l *Lambda) look(read func()) (changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	read()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// until waits for what is asked under the lock.
func (l *Lambda) until(ctx context.Context, met func() bool) error {
	for {
		var yes bool
		changed := l.look(func() { yes = met() })
		if yes {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ServeHTTP answers one call.
func (l *Lambda) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-RequestId", rand.Text())
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(l.live(), cancel)()
	i, refused := l.read(r)
	if refused != nil {
		refused.write(w)
		return
	}
	day := l.befall(i.Function)
	if !pause(ctx, day.Latency) || day.Hang {
		<-ctx.Done()
		errClosed.write(w)
		return
	}
	switch {
	case day.Status != 0:
		statusError(day.Status).write(w)
	case i.Type == Event:
		l.accept(w, i, day)
	default:
		l.answer(ctx, w, i)
	}
}

// maxEvent is the most that an asynchronous invocation takes, in bytes. AWS
// documents 1 MB, and was known for long to take no more than this.
const maxEvent = 256 << 10

// invokeError is an error of the API: of its JSON, its header and its status.
type invokeError struct {
	status int
	kind   string
	text   string
}

// errClosed answers who calls after Close. AWS gives it for another reason; the
// SDK does not repeat the call.
var errClosed = &invokeError{http.StatusConflict, "ResourceConflictException", "the simulator is closed"}

func (e *invokeError) write(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-ErrorType", e.kind)
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": e.text})
}

// statusError is the error that AWS gives with a status.
func statusError(status int) *invokeError {
	kind := map[int]string{
		http.StatusForbidden:             "AccessDeniedException",
		http.StatusNotFound:              "ResourceNotFoundException",
		http.StatusRequestEntityTooLarge: "RequestTooLargeException",
		http.StatusTooManyRequests:       "TooManyRequestsException",
	}[status]
	return &invokeError{status, cmp.Or(kind, "ServiceException"), "as the test asks"}
}

// read reads a call, or says why it is none.
func (l *Lambda) read(r *http.Request) (Invocation, *invokeError) {
	named, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	named, of := strings.CutSuffix(named, "/invocations")
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	i := Invocation{Function: l.find(named, r.URL.Query().Get("Qualifier")), Payload: payload}
	i.Type = cmp.Or(r.Header.Get("X-Amz-Invocation-Type"), RequestResponse)
	if len(payload) == 0 {
		i.Payload = json.RawMessage(`{}`)
	}
	switch {
	case !signed(r):
		return i, &invokeError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	case !ok || !of || r.Method != http.MethodPost:
		return i, &invokeError{http.StatusNotFound, "UnknownOperationException", ""}
	case i.Function == "":
		return i, &invokeError{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + named}
	case i.Type != RequestResponse && i.Type != Event:
		return i, &invokeError{http.StatusBadRequest, "InvalidParameterValueException", "an invocation type that is not played"}
	case len(payload) > maxPayload, i.Type == Event && len(payload) > maxEvent:
		return i, &invokeError{http.StatusRequestEntityTooLarge, "RequestTooLargeException", "the payload is too large"}
	case err != nil || !json.Valid(i.Payload):
		return i, &invokeError{http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json"}
	}
	return i, nil
}

// functionName takes what FunctionName takes: a name, a partial or a whole ARN,
// with or without a qualifier.
var functionName = regexp.MustCompile(`^(?:(?:arn:aws:lambda:` + Region + `:)?` + account + `:function:)?([a-zA-Z0-9_-]+)(?::\$LATEST)?$`)

// find gives the name of a function that is known, or nothing.
func (l *Lambda) find(named, qualifier string) string {
	parts := functionName.FindStringSubmatch(named)
	if parts == nil || qualifier != "" && qualifier != "$LATEST" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.environments[parts[1]]; !known {
		return ""
	}
	return parts[1]
}

// befall counts the faults that hit a call of a function, and gives all as one.
func (l *Lambda) befall(function string) (day Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = slices.DeleteFunc(l.faults, func(f *Fault) bool {
		if f.Function != "" && f.Function != function {
			return false
		}
		day.Latency += f.Latency
		day.Status = cmp.Or(day.Status, f.Status)
		day.Hang, day.Lose, day.Twice = day.Hang || f.Hang, day.Lose || f.Lose, day.Twice || f.Twice
		f.Times-- // one without a number never comes to zero
		return f.Times == 0
	})
	return day
}

// begin notes an invocation, which runs so many times. It reports whether
// anything may still run.
func (l *Lambda) begin(i Invocation, times int) (ok bool) {
	l.change(func() {
		if ok = !l.closed; !ok {
			return
		}
		l.invocations = append(l.invocations, i)
		l.underWay += times
		if i.Type == Event {
			l.queued += times
		}
	})
	return ok
}

func (l *Lambda) over(i Invocation) {
	l.change(func() {
		l.underWay--
		if i.Type == Event {
			l.queued--
		}
	})
}

// accept puts an asynchronous invocation in the queue.
func (l *Lambda) accept(w http.ResponseWriter, i Invocation, day Fault) {
	if !l.queue(i, day) {
		errClosed.write(w)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// queue reports whether it is open.
func (l *Lambda) queue(i Invocation, day Fault) bool {
	times := 1
	switch {
	case day.Lose:
		times = 0
	case day.Twice:
		times = 2
	}
	if !l.begin(i, times) {
		return false
	}
	for range times {
		go func() {
			defer l.over(i)
			l.deliver(i)
		}()
	}
	return true
}

// deliver runs an asynchronous invocation until it succeeds or there have been
// enough attempts.
func (l *Lambda) deliver(i Invocation) {
	config := l.Configs[i.Function]
	var failed error
	for attempt := range config.MaxRetries + 1 {
		if attempt > 0 && !pause(l.live(), l.RetryAfter<<(attempt-1)) {
			return
		}
		if _, failed = l.run(l.live(), i); failed == nil || errors.Is(failed, context.Canceled) { // by Close, before it ran
			return
		}
	}
	l.change(func() { l.failed = append(l.failed, i.Payload) })
	if config.OnFailure != "" {
		_ = l.Queues.Send(config.Role, config.OnFailure, i.record(config.MaxRetries+1, failed)) // AWS drops what it may not send
	}
}

// record is what an on-failure destination is told.
// Source: AWS's documentation of Lambda's destinations.
func (i Invocation) record(attempts int, failed error) string {
	data, _ := json.Marshal(map[string]any{
		"version": "1.0",
		"requestContext": map[string]any{
			"functionArn": functionARN(i.Function) + ":$LATEST", "condition": "RetriesExhausted", "approximateInvokeCount": attempts,
		},
		"requestPayload":  i.Payload,
		"responseContext": map[string]any{"statusCode": http.StatusOK, "executedVersion": "$LATEST", "functionError": "Unhandled"},
		"responsePayload": json.RawMessage(failure(failed)),
	})
	return string(data)
}

// invokeEvent invokes a function asynchronously for another service of AWS's.
// What the Invoke API would refuse is an error.
func (l *Lambda) invokeEvent(function string, payload []byte) error {
	i := Invocation{Function: l.find(function, ""), Type: Event, Payload: payload}
	if i.Function == "" {
		return fmt.Errorf("function not found: %s", function)
	}
	day := l.befall(i.Function)
	if day.Status != 0 {
		return fmt.Errorf("%s: HTTP %d", function, day.Status)
	}
	if !l.queue(i, day) {
		return errors.New(errClosed.text)
	}
	return nil
}

// answer runs a synchronous invocation and writes its reply.
func (l *Lambda) answer(ctx context.Context, w http.ResponseWriter, i Invocation) {
	if !l.begin(i, 1) {
		errClosed.write(w)
		return
	}
	defer l.over(i)
	reply, err := l.run(ctx, i)
	if ctx.Err() != nil && reply == nil {
		errClosed.write(w) // or the caller has gone
		return
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		reply = failure(err)
	}
	_, _ = w.Write(reply)
}

// failure is the payload of a function's error, or of the end of its process or
// its time.
func failure(err error) []byte {
	if e, ok := errors.AsType[*FunctionError](err); ok {
		return e.Payload
	}
	kind := "Sandbox.Timedout"
	if errors.Is(err, errExited) {
		kind = "Runtime.ExitError"
	}
	payload, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": err.Error()})
	return payload
}

// run has a free environment do an invocation, once. What has begun goes on
// when ctx ends.
func (l *Lambda) run(ctx context.Context, i Invocation) ([]byte, error) {
	f, err := l.take(ctx, i.Function)
	if err != nil {
		return nil, err
	}
	return f.invoke(context.WithoutCancel(ctx), i.Payload)
}

// take waits for a free environment and takes its turn.
func (l *Lambda) take(ctx context.Context, function string) (*Function, error) {
	for {
		var all []*Function
		changed := l.look(func() { all = living(l.environments[function]) })
		choices := []reflect.SelectCase{
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(changed)},
		}
		for _, f := range all {
			choices = append(choices, reflect.SelectCase{Dir: reflect.SelectSend, Chan: reflect.ValueOf(f.turn), Send: reflect.ValueOf(struct{}{})})
		}
		switch chosen, _, _ := reflect.Select(choices); chosen {
		case 0:
			return nil, ctx.Err()
		case 1: // there are others to choose from
		default:
			return all[chosen-2], nil
		}
	}
}

// living are those whose process has not exited, or all where none is left: an
// attempt in one of them fails.
func living(all []*Function) []*Function {
	alive := slices.DeleteFunc(slices.Clone(all), func(f *Function) bool {
		select {
		case <-f.exited:
			return true
		default:
			return false
		}
	})
	if len(alive) == 0 {
		return all
	}
	return alive
}

// pause reports whether the time passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
