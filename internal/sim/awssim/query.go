package awssim

import (
	"crypto/rand"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// queryError is an error of the query protocol.
type queryError struct {
	status        int
	code, message string
}

// queryReply is what a call is answered with: a result that names its own
// element, or an error. The outermost element's name depends on the action.
type queryReply struct {
	XMLName   xml.Name
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type queryErrorReply struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// queryAPI plays one action of a service that speaks AWS's query protocol: a
// form comes in, XML goes out.
// Source: AWS's common errors of its query APIs and what its SDK for Go reads.
type queryAPI struct {
	action, version string
	answer          func(url.Values) any // a queryError or what stands inside of the reply
}

func (q queryAPI) serve(w http.ResponseWriter, r *http.Request) {
	out := q.checked(r)
	status, reply := http.StatusOK, any(queryReply{xml.Name{Local: q.action + "Response"}, out, rand.Text()})
	if e, ok := out.(queryError); ok {
		status, reply = e.status, e.reply()
	}
	writeXML(w, status, reply)
}

func (e queryError) reply() queryErrorReply {
	return queryErrorReply{Type: e.fault(), Code: e.code, Message: e.message, RequestID: rand.Text()}
}

// writeXML answers with a document.
func writeXML(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(document)
}

func (q queryAPI) checked(r *http.Request) any {
	switch err := r.ParseForm(); {
	case !signed(r):
		return queryError{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	case err != nil:
		return queryError{http.StatusBadRequest, "MalformedQueryString", "The request is not a form."}
	case r.PostForm.Get("Action") != q.action || r.PostForm.Get("Version") != q.version:
		return queryError{http.StatusBadRequest, "InvalidAction", "The action or its version is not valid for this endpoint."}
	default:
		return q.answer(r.PostForm)
	}
}

// fault says whose it is.
func (e queryError) fault() string {
	if e.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// signed tells whether a call is signed as AWS's SDKs do it, with whatever key.
func signed(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
}
