package awssim

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Gateway plays an HTTP API of API Gateway in front of a function.
type Gateway struct {
	Function *Function
	Routes   []string // route keys, such as "POST /slack/commands"
}

// maxPayload is the most that a synchronous invocation takes, in bytes.
const maxPayload = 6 << 20

// ServeHTTP invokes the function with the request and writes its response.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := r.Method + " " + r.URL.Path
	if !slices.Contains(g.Routes, route) {
		message(w, http.StatusNotFound, "Not Found")
		return
	}
	event, err := HTTPEvent(r, route, time.Now())
	if err != nil || len(event) > maxPayload {
		message(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	reply, err := g.Function.Invoke(r.Context(), event)
	var response struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            string            `json:"body"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
	}
	if err != nil || json.Unmarshal(reply, &response) != nil || response.StatusCode == 0 || response.IsBase64Encoded {
		message(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	for name, value := range response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.WriteString(w, response.Body)
}

func message(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, text)
}

// HTTPEvent is the event of payload format 2.0 that an HTTP API makes of a
// request. It reads the body.
// Source: AWS's documentation of Lambda proxy integrations for HTTP APIs, and
// published measurements of what is sent as base64.
func HTTPEvent(r *http.Request, route string, at time.Time) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	host := r.Host
	headers := map[string]string{"host": host, "x-forwarded-proto": "https", "content-length": fmt.Sprint(len(body))}
	for name, values := range r.Header {
		if name != "Cookie" {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	event := map[string]any{
		"version":        "2.0",
		"routeKey":       route,
		"rawPath":        r.URL.Path,
		"rawQueryString": r.URL.RawQuery,
		"headers":        headers,
		"requestContext": map[string]any{
			"accountId":    account,
			"apiId":        "sample",
			"domainName":   host,
			"domainPrefix": "sample",
			"http": map[string]any{
				"method": r.Method, "path": r.URL.Path, "protocol": "HTTP/1.1",
				"sourceIp": "192.0.2.1", "userAgent": r.UserAgent(),
			},
			"requestId": rand.Text(),
			"routeKey":  route,
			"stage":     "$default",
			"time":      at.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			"timeEpoch": at.UnixMilli(),
		},
		"isBase64Encoded": false,
	}
	if len(body) > 0 {
		event["body"], event["isBase64Encoded"] = encoded(body, r.Header.Get("Content-Type"))
	}
	return json.MarshalIndent(event, "", "  ")
}

// texts are the content types whose bodies a gateway passes as they are, to
// the letter.
var texts = map[string]bool{
	"text/plain": true, "text/plain; charset=utf-8": true, "text/html": true, "text/csv": true, "text/xml": true,
	"application/json": true, "application/json; charset=utf-8": true, "application/xml": true,
	"application/javascript": true, "application/graphql": true,
}

func encoded(body []byte, contentType string) (string, bool) {
	if texts[strings.ToLower(contentType)] {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}
