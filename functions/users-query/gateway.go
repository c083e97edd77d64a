package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"crmwho/internal/bot"
)

// function is what Lambda invokes: with requests from API Gateway's HTTP API,
// payload format 2.0, and with jobs.
type function struct {
	http http.Handler
	do   func(ctx context.Context, job []byte) ([]byte, error)
}

// errEvent is a payload that the function does not know. It can only come from
// somebody who may invoke the function, so it fails loudly.
var errEvent = errors.New("the payload is neither an HTTP API request of format 2.0 nor a job of mine")

// Invoke implements lambda.Handler.
func (f function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.APIGatewayV2HTTPRequest
	if json.Unmarshal(payload, &event) == nil && event.Version == "2.0" && event.RequestContext.HTTP.Method != "" {
		return f.answer(ctx, event)
	}
	reply, err := f.do(ctx, payload)
	switch {
	case errors.Is(err, bot.ErrJob):
		err = errEvent
	case errors.Is(err, bot.ErrNotRead): // which its log and metrics have told
		return json.Marshal(map[string]string{"how": "not read", "why": err.Error()})
	}
	return reply, err
}

// answer hands a request to the bot.
func (f function) answer(ctx context.Context, event events.APIGatewayV2HTTPRequest) ([]byte, error) {
	ctx, cancel := context.WithDeadline(ctx, bot.Deadline(time.UnixMilli(event.RequestContext.TimeEpoch), time.Now()))
	defer cancel()
	request, err := newRequest(ctx, event)
	if err != nil {
		return nil, err
	}
	w := response{status: http.StatusOK, header: http.Header{}}
	f.http.ServeHTTP(&w, request)
	return json.Marshal(w.event())
}

// newRequest is the request that the gateway got. The body is what was signed,
// byte by byte: forms arrive in base64. rawPath is decoded already.
// Source: AWS's documentation on payload format 2.0.
func newRequest(ctx context.Context, e events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, errEvent
		}
	}
	u := &url.URL{Path: e.RawPath, RawQuery: e.RawQueryString}
	r, err := http.NewRequestWithContext(ctx, e.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, errEvent
	}
	r.URL = u
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	return r, nil
}

// response collects what the handler writes.
type response struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *response) Header() http.Header         { return r.header }
func (r *response) WriteHeader(status int)      { r.status = status }
func (r *response) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *response) event() events.APIGatewayV2HTTPResponse {
	headers := map[string]string{}
	for name, values := range r.header {
		headers[name] = strings.Join(values, ",")
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: headers, Body: r.body.String()}
}
