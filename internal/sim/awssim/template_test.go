package awssim_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
)

// templateWith gives the template of testdata with texts in it replaced: each
// by the one after it.
func templateWith(t *testing.T, replaced ...string) *awssim.Template {
	t.Helper()
	data, err := os.ReadFile("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for pair := range slices.Chunk(replaced, 2) {
		if strings.Count(text, pair[0]) == 0 {
			t.Fatalf("the template has no %q", pair[0])
		}
		text = strings.Replace(text, pair[0], pair[1], 1)
	}
	template, err := awssim.ReadTemplate([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// red are parameters that every deployment of it takes.
var red = map[string]string{"Colour": "red"}

func deploy(t *testing.T, parameters, ids map[string]string) *awssim.Deployed {
	t.Helper()
	d, err := templateWith(t).Deploy("sample", parameters, ids)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeploy(t *testing.T) {
	const secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mine-AbCdEf"
	d := deploy(t, red, map[string]string{"Secret": secret, "Bucket": "mine"})
	f := d.Functions["Worker"]
	if f.Name != "sample-worker" || f.Memory != 64 || f.Timeout != 20*time.Second || f.Role != "WorkerRole" ||
		f.Config != (awssim.Config{LogGroup: "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/sample-worker", MaxRetries: 1, OnFailure: "arn:aws:sqs:eu-central-1:123456789012:sample-Failed-SAMPLE", Role: d.Roles["WorkerRole"].ARN}) {
		t.Errorf("got %+v", f)
	}
	if want := map[string]string{"COMMON": "yes", "OWN": "none", "SECRET": secret}; !maps.Equal(f.Environment, want) {
		t.Errorf("got %v, want %v", f.Environment, want)
	}
	s := d.Schedules["Daily"]
	if s.Name != "sample-daily" || s.Function != "sample-worker" || s.Role != "ScheduleRole" || s.MaxRetries != 1 || !s.Enabled ||
		s.DeadLetters != "arn:aws:sqs:eu-central-1:123456789012:sample-dead" || !strings.HasPrefix(s.Input, `{"at":"<aws.`) {
		t.Errorf("got %+v", s)
	}
	objects := d.Roles["WorkerRole"].Statements[1]
	if objects.Sid != "Objects" || !slices.Equal(objects.Action, []string{"s3:GetObject", "s3:PutObject"}) || !slices.Equal(objects.Resource, []string{"arn:aws:s3:::mine/kept/*", "arn:aws:s3:::mine/shown/*"}) {
		t.Errorf("got %+v", objects)
	}
	if !slices.Equal(d.Routes, []string{"POST /ask"}) || len(d.BucketPolicies["mine"]) != 1 || d.Outputs["Topic"] != "arn:aws:sns:eu-central-1:123456789012:sample-Topic-SAMPLE" {
		t.Errorf("got %+v", d)
	}
	if other := deploy(t, map[string]string{"Colour": "green", "Word": "some"}, nil); other.Schedules["Daily"].Enabled || other.Functions["Worker"].Environment["OWN"] != "some" || other.Outputs["Extra"] != "some" {
		t.Errorf("got %+v", other)
	}
}

func TestTemplateValues(t *testing.T) {
	for expression, want := range map[string]string{
		`plain`:                        "plain",
		`!Ref Number`:                  "5",
		`{ Ref: Number }`:              "5",
		`!Ref AWS::StackName`:          "sample",
		`!GetAtt Bucket.Arn`:           "arn:aws:s3:::sample-bucket-sample",
		`!GetAtt [Bucket, Arn]`:        "arn:aws:s3:::sample-bucket-sample",
		`!GetAtt Worker.Arn`:           "arn:aws:lambda:eu-central-1:123456789012:function:sample-worker",
		`!GetAtt WorkerRole.Arn`:       "arn:aws:iam::123456789012:role/sample-WorkerRole-SAMPLE",
		`!Ref Dead`:                    "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-dead",
		`!Ref WorkerDaily`:             "sample-daily",
		`!Sub "${Api.ApiEndpoint}/a"`:  "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/a",
		`!Sub "${!Literal} ${Colour}"`: "${Literal} red",
		`!Sub ["${Own}/${Number}", { Own: !Ref Colour }]`:             "red/5",
		`!If [Red, a, !Ref Unknown]`:                                  "a",
		`{ "Fn::If": [Worded, a, b] }`:                                "b",
		`!FindInMap [Shades, !Ref Colour, Dark]`:                      "maroon",
		`!Join ["-", [a, !Ref Colour, !If [Red, c, d]]]`:              "a-red-c",
		`!Join ["", [a, !If [Worded, b, !Ref "AWS::NoValue"]]]`:       "a",
		`{ "Fn::Sub": "${AWS::Region} ${AWS::AccountId} ${Number}" }`: "eu-central-1 123456789012 5",
	} {
		d, err := templateWith(t, "Value: nothing", "Value: "+expression).Deploy("sample", red, nil)
		if err != nil || d.Outputs["Value"] != want {
			t.Errorf("%s: got %+v, %v, want %q", expression, d, err, want)
		}
	}
}

func TestTemplateConditions(t *testing.T) {
	for condition, want := range map[string]string{
		`!Equals [a, b]`:                            "no",
		`!Equals [!Ref Colour, red]`:                "yes",
		`{ "Fn::Not": [{ "Fn::Equals": [a, b] }] }`: "yes",
	} {
		template := templateWith(t, "  Red:", "  Tried: "+condition+"\n  Red:", "Value: nothing", "Value: !If [Tried, yes, no]")
		d, err := template.Deploy("sample", red, nil)
		if err != nil || d.Outputs["Value"] != want {
			t.Errorf("%s: got %+v, %v, want %s", condition, d, err, want)
		}
	}
}

// TestWhatATemplateMayNotSay is an error, never something that is left out.
func TestWhatATemplateMayNotSay(t *testing.T) {
	for _, test := range []struct{ old, with, want string }{
		{"Value: nothing", "Value: !ImportValue a", "Fn::ImportValue is not known"},
		{"Value: nothing", "Value: { \"Fn::Length\": [a] }", "Fn::Length is not known"},
		{"Value: nothing", "Value: !Ref Nobody", "nothing is called Nobody"},
		{"Value: nothing", "Value: !Ref Extra", "nothing is called Extra, or its condition is not met"},
		{"Value: nothing", "Value: !GetAtt Bucket.Nothing", "the attribute Bucket.Nothing is not known"},
		{"Value: nothing", "Value: !Sub \"${Nobody}\"", "nothing is called Nobody"},
		{"Value: nothing", "Value: !If [Nobody, a, b]", "the condition Nobody is not known"},
		{"Value: nothing", "Value: !FindInMap [Shades, blue, Dark]", "the mapping has no Shades.blue.Dark"},
		{"Value: nothing", "Value: [a]", "want text"},
		{"  Red:", "  Bound: !And [!Condition Red, !Condition Worded]\n  Red:", "Fn::And is not known"},
		{"Type: AWS::SNS::Topic", "Type: AWS::EC2::Instance", "the type AWS::EC2::Instance is not known"},
		{"Type: HttpApi", "Type: Api", "events of the type Api are not known"},
		{"Service: lambda.amazonaws.com", "Service: ec2.amazonaws.com", "cannot be assumed by lambda.amazonaws.com"},
		{"Service: [scheduler.amazonaws.com]", "AWS: [scheduler.amazonaws.com]", "cannot be assumed by scheduler.amazonaws.com"},
		{"Role: !GetAtt WorkerRole.Arn", "Role: elsewhere", "cannot be assumed"},
		{"Timeout: 20", "Policies: [AWSLambdaExecute]", "own policies are not known"},
		{"      Policies:\n        - PolicyName: schedule", "      ManagedPolicyArns: [a]\n      Policies:\n        - PolicyName: schedule", "managed policies"},
		{`Action: "sns:Publish"`, `NotAction: "sns:Publish"`, "NotAction"},
		{`Action: "sns:Publish"`, `Condition: { DateLessThan: { a: b } }, Action: "sns:Publish"`, "the condition operator DateLessThan is not known"},
		{"Sid: Topic, Effect: Allow", "Sid: Topic, Effect: allow", "the effect \"allow\" is not known"},
		{"Effect: Deny", "Effect: Allow", "anything but deny"},
	} {
		_, err := templateWith(t, test.old, test.with).Deploy("sample", red, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", test.with, err, test.want)
		}
	}
}

func TestParametersAreChecked(t *testing.T) {
	template := templateWith(t)
	for _, test := range []struct {
		parameters map[string]string
		want       string
	}{
		{nil, "the parameter Colour has no value"},
		{map[string]string{"Colour": "blue"}, `the parameter Colour does not take "blue"`},
		{map[string]string{"Colour": "red", "Number": "10"}, `the parameter Number does not take "10"`},
		{map[string]string{"Colour": "red", "Number": "0"}, `the parameter Number does not take "0"`},
		{map[string]string{"Colour": "red", "Number": "five"}, `the parameter Number does not take "five"`},
		{map[string]string{"Colour": "red", "Word": "two words"}, `the parameter Word does not take "two words"`},
		{map[string]string{"Colour": "red", "Shade": "dark"}, "there is no parameter Shade"},
	} {
		if _, err := template.Deploy("sample", test.parameters, nil); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	if _, err := template.Deploy("sample", red, map[string]string{"Nobody": "a"}); err == nil {
		t.Error("a resource that is not there got an id")
	}
	for _, text := range []string{"", "a: [", "Parameters: {}"} {
		if _, err := awssim.ReadTemplate([]byte(text)); err == nil {
			t.Errorf("%q was taken for a template", text)
		}
	}
}
