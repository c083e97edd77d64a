package slacksim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"time"
)

// Call is a request that came, also one that was refused. It holds no secret:
// of the path of a response URL or one that takes a file the last part is left
// out.
type Call struct {
	At     time.Time
	Method string
	Path   string
	Status int    // zero: none was sent, or not yet
	Error  string // Slack's code in the answer; empty: none
}

// Calls lists what came so far, in order.
func (s *Slack) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// request is a request whose body has been read.
type request struct {
	*http.Request
	body []byte
}

// answer is what is sent back. Its zero value stands for a connection that is
// reset.
type answer struct {
	status int
	header http.Header
	body   []byte
	code   string
}

// problem is a refusal: Slack's code, and what a developer would want to know.
type problem struct {
	code string
	why  string
}

func (p problem) Error() string { return strings.TrimSuffix(p.code+": "+p.why, ": ") }

// problemOf gives an error the code that goes with it.
func problemOf(err error) problem {
	if p, ok := errors.AsType[problem](err); ok {
		return p
	}
	if t, ok := errors.AsType[troubles](err); ok {
		return problem{t.code(), err.Error()}
	}
	return problem{"internal_error", err.Error()}
}

func refusal(status int, p problem) answer {
	body := object{"ok": false, "error": p.code}
	if p.why != "" {
		body["response_metadata"] = object{"messages": []string{"[ERROR] " + p.why}}
	}
	a := encoded(status, body)
	a.code = p.code
	return a
}

func encoded(status int, body object) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: encode(body)}
}

func encode(o object) []byte {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err) // our own objects are representable
	}
	return data
}

// ServeHTTP answers response URLs, URLs that take files and, below /api/, the
// Web API.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil { // the client has gone, or sends what no client does
		http.Error(w, "request_too_large", http.StatusRequestEntityTooLarge)
		return
	}
	a := s.play(request{r, body})
	if a.status == 0 {
		reset(w)
		return
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// play answers a request as this Slack's day goes.
func (s *Slack) play(r request) answer {
	s.mu.Lock()
	entry := len(s.calls)
	s.calls = append(s.calls, Call{At: time.Now(), Method: r.Method, Path: hidden(r.URL.Path)})
	day := s.dayOf(r.URL.Path)
	s.mu.Unlock()
	a := s.endure(r, day)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[entry].Status, s.calls[entry].Error = a.status, a.code
	return a
}

// usual is the answer on a good day.
func (s *Slack) usual(r request) answer {
	defer s.tell()
	switch {
	case strings.HasPrefix(r.URL.Path, apiPath):
		return s.api(r)
	case strings.HasPrefix(r.URL.Path, uploadPath):
		return s.upload(r)
	}
	return s.take(r)
}

// RoundTrip answers a request without a network, within its caller's clock. It
// fails for hosts that are not Slack's.
func (s *Slack) RoundTrip(r *http.Request) (reply *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if at := r.URL.Scheme + "://" + r.URL.Host; at != s.hostOf(r.URL.Path) {
		return nil, fmt.Errorf("%s is not where Slack answers", at)
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders() // from here on Slack may have it
	}
	served := r.Clone(r.Context())
	served.RequestURI, served.Host = r.URL.RequestURI(), r.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			reply, err = nil, cmp.Or(r.Context().Err(), errReset)
		}
	}()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, served)
	reply = w.Result()
	reply.Request = r
	return reply, nil
}

// hostOf is where Slack answers a path.
func (s *Slack) hostOf(path string) string {
	switch {
	case strings.HasPrefix(path, apiPath):
		return cmp.Or(s.Base, apiHost)
	case strings.HasPrefix(path, uploadPath):
		return cmp.Or(s.Base, filesHost)
	}
	return cmp.Or(s.Base, hooksHost)
}
