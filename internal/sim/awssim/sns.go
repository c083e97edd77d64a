package awssim

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"unicode/utf8"
)

// SNS plays Publish of Amazon SNS as an http.Handler, for messages to topics.
// Its zero value has no topics. It is safe for concurrent use. Nobody is
// subscribed; parameters that are not in a Publication are refused.
// Source: AWS's SNS API reference, "Publish".
type SNS struct {
	mu        sync.Mutex
	topics    []string // ARNs
	published []Publication
	failing   int // calls that are still to fail
}

// Publication is a message that was accepted.
type Publication struct {
	TopicARN string
	Subject  string // empty when there was none
	Message  string
}

// CreateTopic makes a topic, unless there is one of that name, and gives its ARN.
func (s *SNS) CreateTopic(name string) (arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn = "arn:aws:sns:" + Region + ":" + account + ":" + name
	if !slices.Contains(s.topics, arn) {
		s.topics = append(s.topics, arn)
	}
	return arn
}

// Published lists what was accepted so far, in the order in which it came.
func (s *SNS) Published() []Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.published)
}

// Fail makes the next n calls end in an internal error, and those after them
// succeed again. A client's repeats are calls too.
func (s *SNS) Fail(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = n
}

// ServeHTTP answers one call.
func (s *SNS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	queryAPI{"Publish", "2010-03-31", s.publish}.serve(w, r)
}

type publishResult struct {
	XMLName   xml.Name `xml:"PublishResult"`
	MessageID string   `xml:"MessageId"`
}

func (s *SNS) publish(form url.Values) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing > 0 {
		s.failing--
		return queryError{http.StatusInternalServerError, "InternalError", "The request failed."}
	}
	if wrong := wrongWith(form); wrong != "" {
		return queryError{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: " + wrong}
	}
	p := Publication{form.Get("TopicArn"), form.Get("Subject"), form.Get("Message")}
	if !slices.Contains(s.topics, p.TopicARN) {
		return queryError{http.StatusNotFound, "NotFound", "Topic does not exist"}
	}
	s.published = append(s.published, p)
	return publishResult{MessageID: rand.Text()}
}

// subject is what AWS takes as one. Its reference asks for less than a hundred
// characters, and it takes a hundred; of late the reference allows UTF-8, which
// is refused here since it was not always so.
var subject = regexp.MustCompile(`^[!-~][ -~]{0,99}$`)

// maxMessage is the most that a message may hold, in bytes.
const maxMessage = 256 << 10

// wrongWith says what is wrong with a call; nothing when it is as it should be.
func wrongWith(form url.Values) string {
	message := form.Get("Message")
	for name := range form {
		if !slices.Contains([]string{"Action", "Version", "TopicArn", "Subject", "Message"}, name) {
			return name
		}
	}
	switch {
	case form.Has("Subject") && !subject.MatchString(form.Get("Subject")):
		return "Subject"
	case message == "":
		return "Empty message"
	case len(message) > maxMessage:
		return "Message too long"
	case !utf8.ValidString(message):
		return "Message"
	default:
		return ""
	}
}
