package awssim_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"crmwho/internal/sim/awssim"
)

func TestDecide(t *testing.T) {
	allow := awssim.Statement{Sid: "Allow", Effect: "Allow", Action: []string{"s3:Get*", "s3:PutObject"}, Resource: []string{"arn:aws:s3:::store/a?/*"}}
	deny := awssim.Statement{Sid: "Deny", Effect: "Deny", Action: []string{"S3:putobject"}, Resource: []string{"*"}, Condition: condition("Null", "s3:if-none-match", "true")}
	both := map[string]string{"s3:if-none-match": "*"}
	for _, test := range []struct {
		action, resource string
		keys             map[string]string
		sid              string
		allowed          bool
	}{
		{"s3:GetObject", "store/ab/c", nil, "Allow", true},
		{"s3:GetObject", "store/ab/c/d", nil, "Allow", true},
		{"s3:getobject", "store/ab/c", nil, "Allow", true},
		{"s3:GetObject", "store/a/c", nil, "", false},
		{"s3:GetObject", "store/AB/c", nil, "", false},
		{"s3:GetObject", "other/ab/c", nil, "", false},
		{"s3:DeleteObject", "store/ab/c", nil, "", false},
		{"s3:PutObjectAcl", "store/ab/c", both, "", false},
		{"other-s3:PutObject", "store/ab/c", both, "", false},
		{"s3:PutObject", "store/ab/c", nil, "Deny", false},
		{"s3:PutObject", "store/ab/c", both, "Allow", true},
		{"s3:PutObject", "store/z", both, "", false},
	} {
		c := awssim.Call{Action: test.action, Resource: "arn:aws:s3:::" + test.resource, Keys: test.keys}
		if sid, allowed := awssim.Decide([]awssim.Statement{allow, deny}, c); sid != test.sid || allowed != test.allowed {
			t.Errorf("%+v: got %q, %v", c, sid, allowed)
		}
	}
}

// condition is one of a statement.
func condition(operator, key string, values ...string) map[string]map[string]awssim.Texts {
	return map[string]map[string]awssim.Texts{operator: {key: values}}
}

func TestConditions(t *testing.T) {
	for _, test := range []struct {
		operator, wanted string
		keys             map[string]string
		want             bool
	}{
		{"Bool", "false", map[string]string{"key": "false"}, true},
		{"Bool", "false", map[string]string{"key": "true"}, false},
		{"Bool", "false", nil, false},
		{"Null", "true", nil, true},
		{"Null", "true", map[string]string{"key": ""}, false},
		{"Null", "false", map[string]string{"key": ""}, true},
		{"StringEquals", "a*", map[string]string{"key": "a*"}, true},
		{"StringEquals", "a*", map[string]string{"key": "ab"}, false},
	} {
		s := awssim.Statement{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}, Condition: condition(test.operator, "key", test.wanted)}
		if _, got := awssim.Decide([]awssim.Statement{s}, awssim.Call{Action: "a:B", Resource: "c", Keys: test.keys}); got != test.want {
			t.Errorf("%s %s of %v: got %v", test.operator, test.wanted, test.keys, got)
		}
	}
}

// cloud is the template of testdata, its services and the real SDK's clients,
// which call under the role of its function.
type cloud struct {
	*awssim.Deployed
	iam     *awssim.IAM
	sim     *awssim.SecretsManager
	secrets *secretsmanager.Client
	objects *s3.Client
	topics  *sns.Client
	lambda  *lambda.Client
	other   string // ARN of a secret that the template does not know
}

func newCloud(t *testing.T, key func(*awssim.Deployed) string) *cloud {
	t.Helper()
	sim, topics, bucket := &awssim.SecretsManager{}, &awssim.SNS{}, s3mem.New()
	if err := bucket.CreateBucket("mine"); err != nil {
		t.Fatal(err)
	}
	secret := sim.Create("known")
	sim.Put(secret, "value")
	c := &cloud{
		Deployed: deploy(t, red, map[string]string{"Secret": secret, "Bucket": "mine", "Topic": topics.CreateTopic("topic")}),
		iam:      &awssim.IAM{}, sim: sim, other: sim.Create("other"),
	}
	for _, role := range c.Roles {
		c.iam.Give(role)
	}
	c.iam.Guard("mine", c.BucketPolicies["mine"])
	to := func(h http.Handler) aws.Config {
		cfg := config(t, h)
		cfg.Credentials = credentials.NewStaticCredentialsProvider(key(c.Deployed), "sample", "")
		return cfg
	}
	c.secrets = secretsmanager.NewFromConfig(to(c.iam.SecretsManager(sim)))
	c.objects = s3.NewFromConfig(to(c.iam.S3(gofakes3.New(bucket).Server())))
	c.topics = sns.NewFromConfig(to(c.iam.SNS(topics)))
	functions := &awssim.Lambda{}
	t.Cleanup(functions.Close)
	functions.Add(&awssim.Function{Name: "sample-worker"})
	c.lambda = lambda.NewFromConfig(to(c.iam.Lambda(functions)))
	return c
}

func asWorker(d *awssim.Deployed) string { return awssim.AccessKey(d.Roles["WorkerRole"]) }

func (c *cloud) get(t *testing.T, secret string) error {
	_, err := c.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
	return err
}

func (c *cloud) read(t *testing.T, key string) error {
	_, err := c.objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("mine"), Key: &key})
	return err
}

func (c *cloud) write(t *testing.T, key string, with func(*s3.PutObjectInput)) error {
	in := &s3.PutObjectInput{Bucket: aws.String("mine"), Key: &key, Body: strings.NewReader("words")}
	with(in)
	_, err := c.objects.PutObject(t.Context(), in)
	return err
}

func (c *cloud) publish(t *testing.T, topic string) error {
	_, err := c.topics.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: aws.String("words")})
	return err
}

func (c *cloud) invoke(t *testing.T, function string) error {
	_, err := c.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, InvocationType: "Event"})
	return err
}

func (c *cloud) list(t *testing.T) error {
	_, err := c.objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("mine")})
	return err
}

func (c *cloud) copy(t *testing.T, to string) error {
	_, err := c.objects.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("mine"), Key: &to, CopySource: aws.String("mine/other")})
	return err
}

func (c *cloud) tags(t *testing.T, key string) error {
	_, err := c.objects.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String("mine"), Key: &key})
	return err
}

func absent(in *s3.PutObjectInput)    { in.IfNoneMatch = aws.String("*") }
func anyhow(*s3.PutObjectInput)       {}
func unchanged(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"89759e1284e2479b991d2669de104942"`) }

// TestWhatARoleAllows goes through, and is noted with the statement that allows it.
func TestWhatARoleAllows(t *testing.T) {
	c := newCloud(t, asWorker)
	for _, err := range []error{
		c.get(t, c.Outputs["Secret"]), c.write(t, "kept/a", absent), c.read(t, "kept/a"), c.write(t, "shown/a", anyhow),
		c.publish(t, c.Outputs["Topic"]), c.invoke(t, "sample-worker"), c.invoke(t, "arn:aws:lambda:eu-central-1:123456789012:function:sample-worker"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	worker := c.Roles["WorkerRole"].ARN
	for i, want := range []awssim.Call{
		{Action: "secretsmanager:GetSecretValue", Resource: c.Outputs["Secret"], Sid: "Secret"},
		{Action: "s3:PutObject", Resource: "arn:aws:s3:::mine/kept/a", Sid: "Objects"},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::mine/kept/a", Sid: "Objects"},
		{Action: "s3:PutObject", Resource: "arn:aws:s3:::mine/shown/a", Sid: "Objects"},
		{Action: "sns:Publish", Resource: c.Outputs["Topic"], Sid: "Topic"},
		{Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:eu-central-1:123456789012:function:sample-worker", Sid: "Itself"},
		{Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:eu-central-1:123456789012:function:sample-worker", Sid: "Itself"},
	} {
		got := c.iam.Calls()[i]
		if got.Role != worker || got.Action != want.Action || got.Resource != want.Resource || got.Sid != want.Sid || !got.Allowed {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if calls := c.iam.Calls(); len(calls) != 7 || calls[1].Keys["s3:if-none-match"] != "*" {
		t.Errorf("got %+v", calls)
	}
}

// TestWhatARoleDoesNotAllow is refused as each service does it.
func TestWhatARoleDoesNotAllow(t *testing.T) {
	c := newCloud(t, asWorker)
	for name, test := range map[string]struct {
		err    error
		code   string
		status int
		says   string
	}{
		"another secret":        {c.get(t, c.other), "AccessDeniedException", 400, "not authorized to perform: secretsmanager:GetSecretValue on resource: " + c.other + " because no identity-based policy allows"},
		"a secret by its name":  {c.get(t, "known"), "AccessDeniedException", 400, "on resource: known"},
		"another object":        {c.read(t, "other/a"), "AccessDenied", 403, "s3:GetObject on resource: arn:aws:s3:::mine/other/a"},
		"an object that is not": {c.read(t, "kept/none"), "AccessDenied", 403, "s3:ListBucket on resource: arn:aws:s3:::mine"},
		"a list":                {c.list(t), "AccessDenied", 403, "s3:ListBucket"},
		"a copy":                {c.copy(t, "shown/a"), "AccessDenied", 403, "s3:unknown on resource: arn:aws:s3:::mine/shown/a"},
		"an object's tags":      {c.tags(t, "shown/a"), "AccessDenied", 403, "s3:unknown on resource: arn:aws:s3:::mine/shown/a"},
		"the bucket's policy":   {c.write(t, "kept/b", anyhow), "AccessDenied", 403, "with an explicit deny"},
		"another topic":         {c.publish(t, "arn:aws:sns:eu-central-1:123456789012:other"), "AuthorizationError", 403, "SNS:Publish"},
		"another function":      {c.invoke(t, "other"), "AccessDeniedException", 403, "lambda:InvokeFunction on resource: arn:aws:lambda:eu-central-1:123456789012:function:other"},
	} {
		refused, _ := errors.AsType[smithy.APIError](test.err)
		reply, _ := errors.AsType[*smithyhttp.ResponseError](test.err)
		if refused == nil || reply == nil || refused.ErrorCode() != test.code || reply.HTTPStatusCode() != test.status || !strings.Contains(refused.ErrorMessage(), test.says) {
			t.Errorf("%s: got %v, want %d %s, %q", name, test.err, test.status, test.code, test.says)
		}
	}
	if slices.ContainsFunc(c.iam.Calls(), func(c awssim.Call) bool { return c.Allowed && c.Resource != "arn:aws:s3:::mine/kept/none" }) {
		t.Errorf("got %+v", c.iam.Calls())
	}
}

// TestAWriteOverWhatHasNotChanged reads: it needs the right to.
func TestAWriteOverWhatHasNotChanged(t *testing.T) {
	c := newCloud(t, asWorker)
	if err := errors.Join(c.write(t, "shown/a", anyhow), c.write(t, "shown/a", unchanged)); err != nil {
		t.Fatal(err)
	}
	role := c.Roles["WorkerRole"]
	role.Statements = []awssim.Statement{{Effect: "Allow", Action: []string{"s3:PutObject"}, Resource: []string{"*"}}}
	c.iam.Give(role)
	if err := c.write(t, "shown/a", anyhow); err != nil {
		t.Error(err)
	}
	if err := c.write(t, "shown/a", unchanged); code(err) != "AccessDenied" {
		t.Errorf("got %v", err)
	}
}

// TestWhoIsUnknownMayDoNothing.
func TestWhoIsUnknownMayDoNothing(t *testing.T) {
	c := newCloud(t, func(*awssim.Deployed) string { return "sample" })
	for _, err := range []error{c.get(t, c.Outputs["Secret"]), c.read(t, "kept/a"), c.publish(t, c.Outputs["Topic"]), c.invoke(t, "sample-worker")} {
		if code(err) == "" {
			t.Errorf("got %v", err)
		}
	}
	if calls := c.iam.Calls(); len(calls) != 4 || calls[0].Role != "" {
		t.Errorf("got %+v", calls)
	}
}
