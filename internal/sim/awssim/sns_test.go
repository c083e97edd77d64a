package awssim_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"crmwho/internal/sim/awssim"
)

// config leads the real SDK's clients to a handler. They repeat at once.
func config(t *testing.T, h http.Handler) aws.Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return aws.Config{
		Region:       awssim.Region,
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("sample", "sample", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

// code is that of an error of AWS; empty when it is none.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// post is a call of the query protocol without the SDK.
func post(h http.Handler, authorization string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPublish(t *testing.T) {
	sim := &awssim.SNS{}
	topic, other := sim.CreateTopic("alarms"), sim.CreateTopic("other")
	if again := sim.CreateTopic("alarms"); again != topic || topic == other {
		t.Errorf("got topics %s, %s and %s", topic, again, other)
	}
	client := sns.NewFromConfig(config(t, sim))
	want := []awssim.Publication{
		{topic, "", "no subject"},
		{other, strings.Repeat("~", 100), "a+b=c&d <e>\n%20 ü"},
		{topic, "(1) Zoho: connect the CRM", strings.Repeat("m", 256<<10)},
	}
	for _, p := range want {
		in := &sns.PublishInput{TopicArn: &p.TopicARN, Message: &p.Message}
		if p.Subject != "" {
			in.Subject = &p.Subject
		}
		if out, err := client.Publish(t.Context(), in); err != nil || aws.ToString(out.MessageId) == "" {
			t.Errorf("got %+v, %v", out, err)
		}
	}
	got := sim.Published()
	if !slices.Equal(got, want) {
		t.Errorf("got %d publications, %.200q", len(got), got)
	}
	clear(got)
	if got := sim.Published(); !slices.Equal(got, want) {
		t.Error("what was published can be changed from outside")
	}
}

func TestPublishRefuses(t *testing.T) {
	sim := &awssim.SNS{}
	topic := sim.CreateTopic("alarms")
	client := sns.NewFromConfig(config(t, sim))
	some := aws.String("some")
	for name, test := range map[string]struct {
		in   sns.PublishInput
		want string
	}{
		"a long subject":             {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String(strings.Repeat("s", 101))}, "InvalidParameter"},
		"a subject of two lines":     {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String("a\nb")}, "InvalidParameter"},
		"a subject that ends a line": {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String("a\n")}, "InvalidParameter"},
		"a subject with a tab":       {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String("a\tb")}, "InvalidParameter"},
		"a subject with a DEL":       {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String("a\x7f")}, "InvalidParameter"},
		"a subject beyond ASCII":     {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String("ü")}, "InvalidParameter"},
		"a subject after a space":    {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String(" a")}, "InvalidParameter"},
		"an empty subject":           {sns.PublishInput{TopicArn: &topic, Message: some, Subject: aws.String("")}, "InvalidParameter"},
		"an empty message":           {sns.PublishInput{TopicArn: &topic, Message: aws.String("")}, "InvalidParameter"},
		"a long message":             {sns.PublishInput{TopicArn: &topic, Message: aws.String(strings.Repeat("ü", 128<<10) + "x")}, "InvalidParameter"},
		"a message that is no text":  {sns.PublishInput{TopicArn: &topic, Message: aws.String("\xff")}, "InvalidParameter"},
		"a structure":                {sns.PublishInput{TopicArn: &topic, Message: some, MessageStructure: aws.String("json")}, "InvalidParameter"},
		"a telephone":                {sns.PublishInput{PhoneNumber: aws.String("+15550100"), Message: some}, "InvalidParameter"},
		"an unknown topic":           {sns.PublishInput{TopicArn: aws.String(topic + "2"), Message: some}, "NotFound"},
		"a topic's name":             {sns.PublishInput{TopicArn: aws.String("alarms"), Message: some}, "NotFound"},
		"no topic":                   {sns.PublishInput{Message: some}, "NotFound"},
	} {
		if _, err := client.Publish(t.Context(), &test.in); code(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	_, err := client.Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String("alarms"), Message: some})
	if _, ok := errors.AsType[*types.NotFoundException](err); !ok {
		t.Errorf("got %v, want a NotFoundException", err)
	}
	if got := sim.Published(); len(got) > 0 {
		t.Errorf("got %q published, want nothing", got)
	}
}

func TestPublishFailsAsOftenAsAsked(t *testing.T) {
	sim := &awssim.SNS{}
	in := &sns.PublishInput{TopicArn: aws.String(sim.CreateTopic("alarms")), Message: aws.String("some")}
	client := sns.NewFromConfig(config(t, sim))
	sim.Fail(3) // the SDK tries so often
	_, err := client.Publish(t.Context(), in)
	if e, ok := errors.AsType[*types.InternalErrorException](err); !ok || e.ErrorCode() != "InternalError" {
		t.Errorf("got %v, want an InternalErrorException", err)
	}
	sim.Fail(2)
	if _, err := client.Publish(t.Context(), in); err != nil || len(sim.Published()) != 1 {
		t.Errorf("got %v and %q", err, sim.Published())
	}
}

// TestQueryCallsAreChecked for what the SDK always does.
func TestQueryCallsAreChecked(t *testing.T) {
	sim := &awssim.SNS{}
	topic := sim.CreateTopic("alarms")
	const signed = "AWS4-HMAC-SHA256 sample"
	for _, test := range []struct {
		authorization, action, version string
		status                         int
		want                           string
	}{
		{"", "Publish", "2010-03-31", 403, "<Code>MissingAuthenticationToken</Code>"},
		{"Bearer sample", "Publish", "2010-03-31", 403, "<Code>MissingAuthenticationToken</Code>"},
		{signed, "Subscribe", "2010-03-31", 400, "<Code>InvalidAction</Code>"},
		{signed, "Publish", "2010-05-15", 400, "<Code>InvalidAction</Code>"},
		{signed, "Publish", "2010-03-31", 200, "<PublishResponse><PublishResult><MessageId>"},
	} {
		form := url.Values{"Action": {test.action}, "Version": {test.version}, "TopicArn": {topic}, "Message": {"some"}}
		if w := post(sim, test.authorization, form); w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%+v: got %d %s", test, w.Code, w.Body)
		}
	}
	if got := sim.Published(); len(got) != 1 {
		t.Errorf("got %q published, want one", got)
	}
}
