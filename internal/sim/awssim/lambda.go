package awssim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Function is one environment of a Lambda function: a bootstrap process and
// the Runtime API that it asks for work. It takes one invocation at a time,
// whoever invokes it: the others wait for their turn. The fields are not
// changed after Start.
// Source: AWS's documentation of the Lambda Runtime API.
type Function struct {
	Name      string
	Bootstrap string            // path of the binary
	Env       map[string]string // all that the process gets besides what Lambda itself sets, or instead of that
	Timeout   time.Duration     // of an invocation; zero stands for three seconds, as in Lambda
	Log       io.Writer         // what the process prints; nil discards it
	Freeze    bool              // stop the process between invocations, as Lambda does; only on Unix

	process *exec.Cmd
	known   chan struct{} // closed when process is
	server  *http.Server
	ready   chan struct{} // closed at the first call of next
	exited  chan struct{} // closed when the process has ended
	turn    chan struct{} // holds one: whose invocation the process has
	queue   chan *invocation
	mu      sync.Mutex
	running map[string]*invocation // handed out and not answered, by request id
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	done     chan outcome // takes one
}

type outcome struct {
	body   []byte
	failed bool
}

// FunctionError is an invocation that ended in an error. Its payload is what
// Lambda would give the caller.
type FunctionError struct{ Payload []byte }

func (e *FunctionError) Error() string { return "function error: " + string(e.Payload) }

// errExited is the end of a process that should be serving.
var errExited = errors.New("the bootstrap has exited")

// Start runs the bootstrap and returns when it asks for its first invocation.
// Stop must be called afterwards, also when Start fails.
func (f *Function) Start(ctx context.Context) error {
	f.ready, f.exited = make(chan struct{}), make(chan struct{})
	f.turn, f.known = make(chan struct{}, 1), make(chan struct{})
	f.queue, f.running = make(chan *invocation), map[string]*invocation{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.server = &http.Server{Handler: f.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(listener) }()
	f.process = exec.Command(f.Bootstrap)
	f.process.Env = f.environment(listener.Addr().String())
	f.process.Stdout, f.process.Stderr = f.Log, f.Log
	if err := f.process.Start(); err != nil {
		close(f.exited)
		return err
	}
	close(f.known)
	go func() {
		_ = f.process.Wait()
		close(f.exited)
	}()
	select {
	case <-f.ready:
		return nil
	case <-f.exited:
		return errExited
	case <-ctx.Done():
		return ctx.Err()
	}
}

// functionARN is that of a function with a name.
func functionARN(name string) string {
	return "arn:aws:lambda:" + Region + ":" + account + ":function:" + name
}

// PID is the process's number, for those who measure it. Start must have succeeded.
func (f *Function) PID() int { return f.process.Process.Pid }

// environment is what Lambda sets, and the credentials of nobody: nothing of
// this process's own environment reaches the function.
func (f *Function) environment(runtimeAPI string) []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=sample",
		"AWS_SECRET_ACCESS_KEY=sample",
		"AWS_EC2_METADATA_DISABLED=true",
		"LAMBDA_TASK_ROOT=/var/task",
		"TZ=:UTC",
		"_HANDLER=bootstrap",
	}
	for name, value := range f.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// Stop ends the process and the Runtime API.
func (f *Function) Stop() {
	if f.process != nil && f.process.Process != nil {
		_ = f.process.Process.Kill()
		<-f.exited
	}
	if f.server != nil {
		_ = f.server.Close()
	}
}

// Invoke hands the function a payload and gives its reply. The time until it is
// its turn does not count for its time-out. The function's own error is a
// *FunctionError. Start must have been called.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case f.turn <- struct{}{}:
		return f.invoke(ctx, payload)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// invoke is Invoke of the one whose turn it is, which it ends.
func (f *Function) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer func() { <-f.turn }()
	timeout := cmp.Or(f.Timeout, 3*time.Second)
	i := &invocation{id: rand.Text(), payload: payload, deadline: time.Now().Add(timeout), done: make(chan outcome, 1)}
	ctx, cancel := context.WithDeadline(ctx, i.deadline)
	defer cancel()
	select {
	case f.queue <- i:
	case <-f.exited:
		return nil, errExited
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case o := <-i.done:
		if o.failed {
			return nil, &FunctionError{o.body}
		}
		return o.body, nil
	case <-f.exited:
		return nil, errExited
	case <-ctx.Done():
		return nil, fmt.Errorf("function timed out after %v: %w", timeout, ctx.Err())
	}
}

// runtimeAPI serves the four paths that a runtime calls.
func (f *Function) runtimeAPI() http.Handler {
	const base = "/2018-06-01/runtime/"
	var first sync.Once
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() { close(f.ready) })
		f.next(w, r)
	})
	mux.HandleFunc("POST "+base+"invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { f.finish(w, r, false) })
	mux.HandleFunc("POST "+base+"invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { f.finish(w, r, true) })
	mux.HandleFunc("POST "+base+"init/error", func(w http.ResponseWriter, _ *http.Request) { accepted(w) })
	return mux
}

func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	f.freeze()
	select {
	case i := <-f.queue:
		f.thaw()
		f.mu.Lock()
		f.running[i.id] = i
		f.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", functionARN(f.Name))
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-"+strings.ToLower(rand.Text()[:24]))
		_, _ = w.Write(i.payload)
	case <-r.Context().Done():
	}
}

// freeze stops the process, which has nothing to do. One that has just ended
// cannot be stopped, nor has to.
func (f *Function) freeze() {
	if f.Freeze {
		<-f.known
		stopProcess(f.process.Process)
	}
}

// thaw lets it go on.
func (f *Function) thaw() {
	if f.Freeze {
		continueProcess(f.process.Process)
	}
}

func (f *Function) finish(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(r.Body)
	f.mu.Lock()
	i, ok := f.running[r.PathValue("id")]
	delete(f.running, r.PathValue("id"))
	f.mu.Unlock()
	if err != nil || !ok {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	i.done <- outcome{body, failed}
	accepted(w)
}

func accepted(w http.ResponseWriter) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// builtWith gives a build setting of the running program, or "false".
func builtWith(setting string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == setting {
				return s.Value
			}
		}
	}
	return "false"
}

// Build compiles a package of this module into a bootstrap for this machine,
// with the flags of the running test so that both share the compile cache, and
// gives its path in dir.
func Build(ctx context.Context, pkg, dir string) (string, error) {
	bootstrap := filepath.Join(dir, "bootstrap")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-race="+builtWith("-race"), "-o", bootstrap, pkg)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, output.Bytes())
	}
	return bootstrap, nil
}
