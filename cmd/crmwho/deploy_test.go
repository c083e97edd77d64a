package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/spf13/cobra"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/zohosim"
)

// sources is a folder with what crmwho deploy reads, and a sam that tells what it
// was called with instead of deploying. The stack is there once it has deployed.
type sources struct {
	*world
	stack   awssim.Stack
	secrets *awssim.SecretsManager
}

const sampleTemplate = `
Parameters:
  DataCentre: {Type: String, Default: us, AllowedValues: [us, eu], Description: Where the CRM lives}
  SlackTeams: {Type: String, AllowedPattern: '^T[A-Z0-9]{7,}$', ConstraintDescription: has to be ids, Description: The workspaces to answer}
  OwnerAudience: {Type: String, Description: Who may ask who owns what}
  Contact: {Type: String, Default: "", Description: Whom a refusal names}
  Word: {Type: String, Default: a, AllowedPattern: '[a-z]+', Description: A word}
  AuditTimeZone: {Type: String, Default: UTC, AllowedPattern: '.+', ConstraintDescription: has to be an IANA name, Description: The time zone}
  KeptStore: {Type: String, Default: "", Description: A bucket that was left}
  Hours: {Type: Number, Default: 5, MinValue: 2, MaxValue: 10, Description: Some hours}
Conditions:
  Never: !Equals [!Ref Contact, never]
`

// fakeSAM is the SAM CLI as far as it is called here. It leaves what it was
// called with in calls.
const fakeSAM = `#!/bin/sh
{ echo "$# $1"; for word; do echo "  <$word>"; done; echo "  VERSION=$VERSION MAKEFLAGS=$MAKEFLAGS"; } >> calls
test "$1" != "$SAM_WAITS" || { trap 'echo interrupted >> calls; exit 1' INT; echo waiting; while :; do sleep 0.01; done; }
test "$1" != "$SAM_FAILS" || exit 3
test "$1" != "$SAM_ASKS" || { echo 'Deploy this changeset?' >&2; read -r answer; echo "answered $answer" >> calls; }
test "$1" != deploy || test -n "$SAM_DECLINES" || echo again >> deployed
`

func newSources(t *testing.T) *sources {
	t.Helper()
	s := &sources{world: newWorld(t, zohosim.Config{})}
	s.stack, s.secrets = s.aws(t)
	s.stack.Outputs["ApiUrl"] = "https://abc123.execute-api.eu-central-1.amazonaws.com"
	maps.Copy(s.stack.Parameters, map[string]string{"OwnerAudience": "nobody"})
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"template.yaml": sampleTemplate, "samconfig.toml": "[default.global.parameters]\nstack_name = \"sample\"\n", "bin/sam": fakeSAM} {
		writeFile(t, name, text)
	}
	bin, err := filepath.Abs("bin")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("MAKEFLAGS", "")
	t.Setenv("VERSION", "1.2.3")
	t.Setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", serve(t, http.HandlerFunc(s.cloudFormation)))
	return s
}

// cloudFormation knows the stack once there is the file deployed, and that it was
// changed with each line of that.
func (s *sources) cloudFormation(w http.ResponseWriter, r *http.Request) {
	data, err := os.ReadFile("deployed")
	if err != nil && s.cloud.Refuse == "" {
		(&awssim.CloudFormation{}).ServeHTTP(w, r)
		return
	}
	is := s.stack
	if n := strings.Count(string(data), "\n"); n > 0 {
		is.Updated = time.Date(2026, time.February, n, 0, 0, 0, 0, time.UTC)
	}
	(&awssim.CloudFormation{Stacks: map[string]awssim.Stack{"sample": is}, Refuse: s.cloud.Refuse}).ServeHTTP(w, r)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// deployed is a stack that is there already.
func (s *sources) deployed(t *testing.T) {
	t.Helper()
	writeFile(t, "deployed", "")
}

// is is one with a status.
func (s *sources) is(t *testing.T, status types.StackStatus) {
	t.Helper()
	s.deployed(t)
	s.stack.Status = string(status)
}

func (s *sources) deploy(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	stdout, _, err = s.runIn(t, t.Context(), "", append([]string{"deploy"}, args...)...)
	return stdout, err
}

// calls is what the SAM CLI was called with.
func (s *sources) calls(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("calls")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestDeployTheFirstTime(t *testing.T) {
	s := newSources(t)
	t.Setenv("MAKEFLAGS", `s -j2 -- Contact=the\ ops\ team OwnerAudience=nobody STACK=sample VERSION=1.2.3`)
	t.Setenv("Contact", `the "ops" team`)
	t.Setenv("OwnerAudience", "everyone") // until the argument behind it
	out, err := s.deploy(t, "SlackTeams=T0123456789", "OwnerAudience=nobody")
	if err != nil {
		t.Fatal(err)
	}
	const want = `1 build
  <build>
  VERSION=1.2.3 MAKEFLAGS=
11 deploy
  <deploy>
  <--stack-name>
  <sample>
  <--region>
  <` + awssim.Region + `>
  <--s3-prefix>
  <sample>
  <--parameter-overrides>
  <ParameterKey=Contact,ParameterValue="the \"ops\" team">
  <ParameterKey=OwnerAudience,ParameterValue="nobody">
  <ParameterKey=SlackTeams,ParameterValue="T0123456789">
  VERSION=1.2.3 MAKEFLAGS=
`
	if got := s.calls(t); got != want {
		t.Errorf("sam was called with\n%s\nwant\n%s", got, want)
	}
	wantInOrder(t, out, "Account 123456789012, region "+awssim.Region+", stack sample\n", "Deployed to https://abc123",
		"The manifest of its Slack app is in build/slack-manifest-sample.yaml.", "Next:", "Create the Slack app from build/slack-manifest-sample.yaml", "crmwho setup slack --stack sample", "crmwho setup --stack sample")
	written, err := os.ReadFile("build/slack-manifest-sample.yaml")
	if wanted, _ := manifest(s.stack.Outputs["ApiUrl"]); err != nil || string(written) != string(wanted) {
		t.Errorf("got manifest %s, %v", written, err)
	}
}

// TestDeployAgain keeps what is not given, and says what is left to do.
func TestDeployAgain(t *testing.T) {
	const noZoho, smoke = "Connect Zoho CRM: crmwho setup --stack sample", "make smoke.\n  Look at everything: crmwho doctor --stack sample."
	for name, test := range map[string]struct {
		slack, client, manifest string
		want, wantNot           string
	}{
		"no app for a manifest":   {slack: "{}", manifest: "former", want: "Create the Slack app", wantNot: "If the Slack app"},
		"slack alone":             {slack: "{}", want: "Create the Slack app", wantNot: "make smoke"},
		"Zoho is not connected":   {slack: `{"signing_secrets":["a"]}`, want: noZoho, wantNot: "Create"},
		"all is there":            {slack: `{"signing_secrets":["a"]}`, client: `{"client_id":"a","client_secret":"b","refresh_token":"c"}`, want: smoke, wantNot: "If the Slack app"},
		"the manifest is another": {slack: `{"signing_secrets":["a"]}`, client: `{"client_id":"a","client_secret":"b","refresh_token":"c"}`, manifest: "former", want: "If the Slack app has another manifest, give it this one", wantNot: "Create"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSources(t)
			s.deployed(t)
			s.secrets.Put(s.stack.Outputs["SlackSecret"], test.slack)
			if test.client != "" {
				s.secrets.Put(s.stack.Outputs["OAuthClientSecret"], test.client)
			}
			if test.manifest != "" {
				writeFile(t, "build/slack-manifest-sample.yaml", test.manifest)
			}
			out, err := s.deploy(t)
			wantInOrder(t, out, "\nDeployed to https://abc123", "build/slack-manifest-sample.yaml.\nNext:")
			if err != nil || !strings.Contains(out, test.want) || strings.Contains(out, test.wantNot) || strings.Contains(s.calls(t), "--parameter-overrides") {
				t.Errorf("got %s, %v, want %q and not %q; sam: %s", out, err, test.want, test.wantNot, s.calls(t))
			}
		})
	}
}

// TestDeployMistakes are told before anything is built.
func TestDeployMistakes(t *testing.T) {
	const teams = "SlackTeams=T0123456789"
	for name, test := range map[string]struct {
		args  []string
		prior func(*testing.T, *sources)
		want  []string
	}{
		"missing parameters":    {nil, nil, []string{"have no default", "\n  OwnerAudience: Who may ask who owns what", "\n  SlackTeams: The workspaces to answer"}},
		"one is missing":        {[]string{teams}, nil, []string{"give each as NAME=VALUE:\n  OwnerAudience: "}},
		"a misspelt name":       {[]string{"DataCenter=eu"}, nil, []string{"no parameter DataCenter: did you mean DataCentre?"}},
		"a former name":         {[]string{"SLACK_TEAMS=T0123456789"}, nil, []string{"did you mean SlackTeams?"}},
		"half a name":           {[]string{"contact=a", "C=b"}, nil, []string{"no parameter contact: did you mean Contact?", "no parameter C: did you mean Contact?"}},
		"an unknown name":       {[]string{"Colour=red"}, nil, []string{"no parameter Colour: it has AuditTimeZone, Contact, DataCentre, Hours, KeptStore, OwnerAudience, SlackTeams, Word"}},
		"misspelt for make":     {nil, func(t *testing.T, _ *sources) { t.Setenv("MAKEFLAGS", " -- Kontact=a") }, []string{"did you mean Contact?"}},
		"no assignment":         {[]string{"eu"}, nil, []string{`"eu" is no parameter`}},
		"another than allowed":  {[]string{"DataCentre=EU"}, nil, []string{"DataCentre=EU has to be one of us, eu\n  Where the CRM lives"}},
		"a wrong form":          {[]string{"SlackTeams=T0123456789 and more"}, nil, []string{"SlackTeams='T0123456789 and more' has to be ids\n  The workspaces"}},
		"no number":             {[]string{"Hours=many"}, nil, []string{"Hours=many is no number"}},
		"a pattern for a part":  {[]string{"Word=two words"}, nil, []string{"Word='two words' is not of the form that it has:\n  A word"}},
		"too little":            {[]string{"Hours=1"}, nil, []string{"is less than 2"}},
		"too much":              {[]string{"Hours=10.5"}, nil, []string{"is more than 10"}},
		"not to be passed on":   {[]string{`Contact=a\b`}, nil, []string{"a backslash or a line break"}},
		"nor a line break":      {[]string{"Contact=a\rb"}, nil, []string{"a backslash or a line break"}},
		"a stack that is stuck": {[]string{teams}, func(t *testing.T, s *sources) { s.is(t, types.StackStatusRollbackComplete) }, []string{"The first deployment of sample failed, and CloudFormation takes no other over it (ROLLBACK_COMPLETE)", "delete-stack --stack-name sample --region " + awssim.Region}},
		"nothing confirmed yet": {[]string{teams}, func(t *testing.T, s *sources) { s.is(t, types.StackStatusReviewInProgress) }, []string{"\n  OwnerAudience: "}},
		"several at once":       {[]string{"Hours=1", "Colour=red", "DataCentre=x"}, nil, []string{"Hours=1", "Colour", "DataCentre=x"}},
		"a stack's name":        {[]string{"--stack", "a b"}, nil, []string{"letters, digits and hyphens"}},
		"a long stack's name":   {[]string{"--stack", strings.Repeat("a", 50)}, nil, []string{"49 at most"}},
		"a stack's ARN":         {[]string{"--stack", "arn:aws:cloudformation:eu-central-1:123456789012:stack/sample/0"}, nil, []string{"its ARN is none"}},
		"no such time zone":     {[]string{"AuditTimeZone=Europe/Nowhere"}, nil, []string{"AuditTimeZone=Europe/Nowhere has to be an IANA name\n  The time zone"}},
		"this computer's":       {[]string{"AuditTimeZone=Local"}, nil, []string{"AuditTimeZone=Local has to be an IANA name"}},
		"eaten by make": {nil, func(t *testing.T, _ *sources) {
			t.Setenv("MAKEFLAGS", ` -- Contact=a\ $$b Word=$$$$`)
			t.Setenv("Contact", "a ")
		}, []string{"make takes a $ in Contact for the beginning of a variable: write $$"}},
		"another store":          {[]string{"KeptStore=another"}, func(t *testing.T, s *sources) { s.deployed(t) }, []string{"KeptStore=another: the stack was made with its own, and keeps that"}},
		"a store of its own":     {[]string{"KeptStore="}, func(t *testing.T, s *sources) { s.deployed(t); s.stack.Parameters["KeptStore"] = "former" }, []string{"KeptStore='': the stack was made with former"}},
		"several things missing": {[]string{"Hours=1"}, func(t *testing.T, _ *sources) { t.Setenv("PATH", "") }, []string{"Hours=1 is less than 2", "needs sam, which", "\n  OwnerAudience: ", "\n  SlackTeams: "}},
		"credentials as well":    {[]string{"Hours=1"}, func(t *testing.T, _ *sources) { t.Setenv("PATH", ""); t.Setenv("AWS_REGION", "") }, []string{"Hours=1 is less than 2", "needs sam, which", "AWS region is chosen", "if this is the first deployment, it needs these parameters too, which have no default: OwnerAudience, SlackTeams"}},
		"another folder":         {nil, func(t *testing.T, _ *sources) { t.Chdir(t.TempDir()) }, []string{"There is no template.yaml here. Run this in the folder"}},
		"no tools":               {[]string{teams}, func(t *testing.T, _ *sources) { t.Setenv("PATH", "") }, []string{"needs go", "needs sam, which is not there: install the AWS SAM CLI"}},
		"no region":              {[]string{teams}, func(t *testing.T, _ *sources) { t.Setenv("AWS_REGION", "") }, []string{"AWS region is chosen"}},
		"no credentials":         {[]string{teams}, func(t *testing.T, _ *sources) { t.Setenv("AWS_ACCESS_KEY_ID", "") }, []string{"AWS credentials that work"}},
		"credentials of nobody":  {[]string{teams}, func(_ *testing.T, s *sources) { s.sts.Refuse = "InvalidClientTokenId" }, []string{"AWS does not take the credentials. Log in again"}},
		"a wrong clock":          {[]string{teams}, func(_ *testing.T, s *sources) { s.sts.Refuse = "SignatureDoesNotMatch" }, []string{"this computer's clock is wrong, or the secret access key is mistyped"}},
		"AWS refuses to say":     {[]string{teams}, func(_ *testing.T, s *sources) { s.sts.Refuse = "Unknown" }, []string{"AWS does not say whose the credentials are: AWS answered 403 Unknown"}},
		"AWS is out of order": {[]string{teams}, func(t *testing.T, _ *sources) {
			t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
		}, []string{"AWS does not say whose the credentials are: "}},
		"the stack is not shown": {[]string{teams}, func(_ *testing.T, s *sources) { s.cloud.Refuse = "AccessDenied" }, []string{"cloudformation:DescribeStacks"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSources(t)
			if test.prior != nil {
				test.prior(t, s)
			}
			_, err := s.deploy(t, test.args...)
			for _, want := range test.want {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if got := s.calls(t); got != "" {
				t.Errorf("sam was called with %s", got)
			}
		})
	}
}

func TestDeployThatFails(t *testing.T) {
	for name, test := range map[string]struct{ variable, value, want, calls string }{
		"building":           {"SAM_FAILS", "build", "sam build: exit status 3", "1 build"},
		"deploying":          {"SAM_FAILS", "deploy", "sam deploy: exit status 3", "10 deploy"},
		"nobody confirms it": {"SAM_DECLINES", "1", "Nothing was deployed", "10 deploy"},
	} {
		s := newSources(t)
		t.Setenv(test.variable, test.value)
		_, err := s.deploy(t, "SlackTeams=T0123456789", "OwnerAudience=nobody")
		if _, missing := os.Stat("build"); !strings.Contains(fmt.Sprint(err), test.want) || missing == nil || !strings.Contains(s.calls(t), test.calls) {
			t.Errorf("%s: got %v, %v, want %q; sam: %s", name, err, missing, test.want, s.calls(t))
		}
		t.Setenv(test.variable, "")
	}
}

// TestDeployThatChangesNothing does not say that it has, and says what is next.
func TestDeployThatChangesNothing(t *testing.T) {
	s := newSources(t)
	s.deployed(t)
	t.Setenv("SAM_DECLINES", "1")
	out, err := s.deploy(t)
	if err != nil || strings.Contains(out, "Deployed to") {
		t.Errorf("got %s, %v", out, err)
	}
	wantInOrder(t, out, "\nNothing was changed: the stack answers at https://abc123", "Next:", "Create the Slack app")
}

// TestDeployKeepsWhatWasKept where it is given once more, or is of a stack that
// nobody has confirmed yet.
func TestDeployKeepsWhatWasKept(t *testing.T) {
	for name, prior := range map[string]func(*testing.T, *sources){
		"the first deployment": func(*testing.T, *sources) {},
		"the same":             func(t *testing.T, s *sources) { s.deployed(t); s.stack.Parameters["KeptStore"] = "former" },
		"not confirmed":        func(t *testing.T, s *sources) { s.is(t, types.StackStatusReviewInProgress) },
	} {
		s := newSources(t)
		prior(t, s)
		if out, err := s.deploy(t, "SlackTeams=T0123456789", "OwnerAudience=nobody", "KeptStore=former"); err != nil {
			t.Errorf("%s: got %s, %v", name, out, err)
		}
	}
}

// TestNamesOfSchedules fit in what AWS allows, and so do those of functions, with the longest name of a stack.
func TestNamesOfSchedules(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	names := regexp.MustCompile(`(?m)^ +(?:Name|FunctionName): !Sub "\$\{AWS::StackName\}(-[a-z-]+)"$`).FindAllSubmatch(text, -1)
	if err != nil || len(names) < 5 {
		t.Fatalf("got %d names, %v", len(names), err)
	}
	for _, name := range names {
		if n := longestStack + len(name[1]); n > 64 {
			t.Errorf("%s: got %d characters, want 64 at most", name[1], n)
		}
	}
}

// TestDeployAsks what the SAM CLI asks, and hands the answer on.
func TestDeployAsks(t *testing.T) {
	s := newSources(t)
	t.Setenv("SAM_ASKS", "build") // which comes first: a test's input is read to its end
	_, asked, err := s.runIn(t, t.Context(), "y\n", "deploy", "SlackTeams=T0123456789", "OwnerAudience=nobody", "Hours=10")
	if err != nil || !strings.Contains(asked, "Deploy this changeset?") || !strings.Contains(s.calls(t), "\nanswered y\n") {
		t.Errorf("got %v, asked %q; sam: %s", err, asked, s.calls(t))
	}
}

// TestDeployInterruptedAtAWS says so, and not that AWS cannot be reached.
func TestDeployInterruptedAtAWS(t *testing.T) {
	s := newSources(t)
	ctx, interrupt := context.WithCancel(t.Context())
	t.Setenv("AWS_ENDPOINT_URL_STS", serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { interrupt() })))
	if _, _, err := s.runIn(t, ctx, "", "deploy", "SlackTeams=T0123456789", "OwnerAudience=nobody"); err != errInterrupted || s.calls(t) != "" {
		t.Errorf("got %v; sam: %s", err, s.calls(t))
	}
}

// TestStackNames come from an argument, the SAM CLI's configuration, or us, and
// make is told where it would take another.
func TestStackNames(t *testing.T) {
	newSources(t)
	if got := stackOr("other"); got != "other" {
		t.Errorf("given: got %s", got)
	}
	for stack, want := range map[string]string{"": "make smoke", "sample": "make smoke", "other": "make smoke STACK=other"} {
		if got := (&backend{stack: stack}).make("smoke"); got != want {
			t.Errorf("%s: got %q, want %q", stack, got, want)
		}
	}
	t.Chdir(t.TempDir())
	if got := stackOr(""); got != "crmwho" {
		t.Errorf("without a configuration: got %s", got)
	}
}

// TestSAMSeesNothingOfMake, and a version in any case.
func TestSAMSeesNothingOfMake(t *testing.T) {
	make := []string{"MAKEFLAGS=n", "MFLAGS=-n", "MAKELEVEL=1", "MAKEOVERRIDES=a", "MAKEUP=kept"}
	for _, test := range []struct{ given, want []string }{
		{append(make, "VERSION=1.2.3"), []string{"VERSION=" + version, "MAKEUP=kept", "VERSION=1.2.3"}},
		{nil, []string{"VERSION=" + version}},
	} {
		if got := samEnvironment(test.given); !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// TestDeployInterrupted interrupts the SAM CLI while it works.
func TestDeployInterrupted(t *testing.T) {
	for during, want := range map[string]string{"build": "interrupted", "deploy": "interrupted: what CloudFormation has begun goes on by itself"} {
		s := newSources(t)
		t.Setenv("SAM_WAITS", during)
		ctx, interrupt := context.WithCancel(t.Context())
		c := command()
		c.SetArgs([]string{"deploy", "SlackTeams=T0123456789", "OwnerAudience=nobody"})
		c.SetOut(writerFunc(func(p []byte) {
			if strings.Contains(string(p), "waiting") {
				interrupt()
			}
		}))
		if err := c.ExecuteContext(ctx); !errors.Is(err, errInterrupted) || !strings.HasSuffix(err.Error(), want) || !strings.HasSuffix(s.calls(t), "interrupted\n") {
			t.Errorf("%s: got %v, want %q; sam: %s", during, err, want, s.calls(t))
		}
		interrupt()
	}
}

func TestDeployCompletesParameters(t *testing.T) {
	newSources(t)
	out, _, err := run(t, t.Context(), "", cobra.ShellCompRequestCmd, "deploy", "Own")
	if err != nil || !strings.Contains(out, "OwnerAudience=\tWho may ask who owns what\n") {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestDeployOverAStackThatIsStuck says how it is set free.
func TestDeployOverAStackThatIsStuck(t *testing.T) {
	for status, want := range map[types.StackStatus]string{
		types.StackStatusCreateComplete: "", types.StackStatusUpdateRollbackComplete: "", types.StackStatusReviewInProgress: "",
		types.StackStatusRollbackComplete: "delete-stack", types.StackStatusRollbackFailed: "delete-stack", types.StackStatusCreateFailed: "delete-stack",
		types.StackStatusDeleteFailed: "Mend that, then run aws cloudformation delete-stack", types.StackStatusUpdateRollbackFailed: "Mend that, then run aws cloudformation continue-update-rollback",
		types.StackStatusImportRollbackFailed: "IMPORT_ROLLBACK_COMPLETE", types.StackStatusUpdateInProgress: "Wait until that is over, and deploy again", types.StackStatusDeleteInProgress: "Wait until it is gone",
	} {
		s := newSources(t)
		s.is(t, status)
		_, err := s.deploy(t, "SlackTeams=T0123456789", "OwnerAudience=nobody")
		if blocked := err != nil; blocked != (want != "") || blocked && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", status, err, want)
		}
	}
}

// TestDefaultsOfTheTemplate are values that crmwho deploy would take.
func TestDefaultsOfTheTemplate(t *testing.T) {
	known, err := readParameters("../../template.yaml")
	if err != nil || len(known) < 10 {
		t.Fatalf("got %d parameters, %v", len(known), err)
	}
	for name, p := range known {
		if p.Default == nil {
			continue
		}
		if err := p.check(name, *p.Default); err != nil {
			t.Error(err)
		}
	}
	if _, known := known[paramAuditTimeZone]; !known {
		t.Errorf("there is no %s", paramAuditTimeZone)
	}
}

// TestLoneDollars are those that make takes for a variable's.
func TestLoneDollars(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "a": false, "$$": true, "$$b c": true, "$$(b)": true, "$$$$": false, "a$$$$b$$$$": false, "$$$$$$b": true,
	} {
		if got := loneDollar(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestMakeWords are as GNU Make passes them.
func TestMakeWords(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "  ": nil, "A=b": {"A=b"}, `A=b\ c  B:=d`: {"A=b c", "B:=d"}, `A=b\\\ c`: {`A=b\ c`}, "A=b\nc=d": {"A=b\nc=d"},
	} {
		if got := makeWords(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	environment := map[string]string{"MAKEFLAGS": `ks --no-print-directory -- A=\ --\ x B:=y C?=z D+=w E!=v`, "A": " -- x", "B": "y", "C": "z", "D": "w", "E": "v"}
	got, err := fromMake(func(name string) string { return environment[name] })
	if want := []string{"A= -- x", "B=y", "C=z", "D=w", "E=v"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
