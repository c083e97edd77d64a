package crmwho_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// tree is a part of template.yaml as it is written. Tags such as !Ref are
// dropped: their arguments stay.
type tree = map[string]any

func readTree(t *testing.T) tree {
	t.Helper()
	var all tree
	if err := yaml.Unmarshal(readFile(t, "template.yaml"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// at follows names into a tree; nil: there is nothing.
func at(in any, names ...string) any {
	for _, name := range names {
		part, _ := in.(tree)
		in = part[name]
	}
	return in
}

// ofType are the properties of the resources of a type, by logical id.
func ofType(all tree, kind string) map[string]any {
	found := map[string]any{}
	for id, r := range at(all, "Resources").(tree) {
		if at(r, "Type") == kind {
			found[id] = at(r, "Properties")
		}
	}
	return found
}

// TestTemplateShowsEveryParameter in one group, with a description, and bounded
// unless it is a text of the deployer's own.
func TestTemplateShowsEveryParameter(t *testing.T) {
	all := readTree(t)
	var shown []string
	for _, group := range at(all, "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups").([]any) {
		for _, name := range at(group, "Parameters").([]any) {
			shown = append(shown, name.(string))
		}
	}
	parameters := at(all, "Parameters").(tree)
	if want := slices.Sorted(maps.Keys(parameters)); !slices.Equal(slices.Sorted(slices.Values(shown)), want) {
		t.Errorf("the groups have %q, want each of %q", shown, want)
	}
	free := []string{"AdminProfiles", "AdminRoles", "Contact", "SharedMailboxes"}
	for name, p := range parameters {
		bounded := at(p, "AllowedPattern") != nil || at(p, "AllowedValues") != nil || at(p, "MinValue") != nil && at(p, "MaxValue") != nil
		if said, _ := at(p, "Description").(string); len(said) < 20 || bounded == slices.Contains(free, name) {
			t.Errorf("%s: bounded %v: %v", name, bounded, p)
		}
		if said, _ := at(p, "ConstraintDescription").(string); (at(p, "AllowedPattern") != nil) != strings.HasPrefix(said, "has to be ") {
			t.Errorf("%s: CloudFormation says that it %q", name, said)
		}
	}
}

// TestTemplateRunsFunctions on purpose: on which processor, for how long, with
// how much memory, by which role, logging where, and what fails is kept.
func TestTemplateRunsFunctions(t *testing.T) {
	all := readTree(t)
	globals := at(all, "Globals", "Function")
	if arch, _ := at(globals, "Architectures").([]any); len(arch) != 1 || arch[0] != "arm64" || at(globals, "Runtime") != "provided.al2023" || at(globals, "CodeUri") != "." {
		t.Errorf("got %v", globals)
	}
	for id, f := range ofType(all, "AWS::Serverless::Function") {
		if at(f, "Timeout") == nil || at(f, "MemorySize") == nil || at(f, "Role") != id+"Role.Arn" || at(f, "Policies") != nil {
			t.Errorf("%s: got %v", id, f)
		}
		if log := at(f, "LoggingConfig"); at(log, "LogFormat") != "JSON" || at(log, "LogGroup") != id+"Logs" {
			t.Errorf("%s: logs %v", id, log)
		}
		if to := at(f, "EventInvokeConfig", "DestinationConfig", "OnFailure"); at(to, "Destination") != "FailedJobs.Arn" {
			t.Errorf("%s: what fails goes to %v", id, to)
		}
	}
	logs := ofType(all, "AWS::Logs::LogGroup")
	for id, group := range logs {
		if at(group, "RetentionInDays") != "LogRetentionDays" {
			t.Errorf("%s: got %v", id, group)
		}
	}
	if len(logs) != 3 {
		t.Errorf("got %d log groups", len(logs))
	}
}

// TestTemplateDeliversRuns again where they could not be, and keeps those that
// never could. Schedules have a role of their own.
func TestTemplateDeliversRuns(t *testing.T) {
	all := readTree(t)
	for id, f := range ofType(all, "AWS::Serverless::Function") {
		for name, event := range at(f, "Events").(tree) {
			if p := at(event, "Properties"); at(event, "Type") == "ScheduleV2" &&
				(at(p, "DeadLetterConfig", "Arn") != "UndeliveredRuns.Arn" || at(p, "RoleArn") != "SchedulesRole.Arn" || at(p, "RetryPolicy", "MaximumRetryAttempts") == nil) {
				t.Errorf("%s %s: got %v", id, name, p)
			}
		}
	}
	for id, queue := range ofType(all, "AWS::SQS::Queue") {
		if at(queue, "SqsManagedSseEnabled") != true || at(queue, "MessageRetentionPeriod") != 4*24*60*60 {
			t.Errorf("%s: got %v", id, queue)
		}
	}
}

// TestTemplateLogsNoQuestions: the log of the API holds neither what was asked
// nor from where.
func TestTemplateLogsNoQuestions(t *testing.T) {
	format, _ := at(readTree(t), "Resources", "HttpApi", "Properties", "AccessLogSettings", "Format").(string)
	for _, never := range []string{"identity", "body", "path", "query", "header", "authorizer"} {
		if strings.Contains(strings.ToLower(format), never) {
			t.Errorf("it has %s: %s", never, format)
		}
	}
	if compact(t, []byte(format)) == "" || !strings.Contains(format, "$context.requestId") || !strings.Contains(format, "$context.status") {
		t.Errorf("got %s", format)
	}
}

// TestTemplateKeepsWhatCannotBeMadeAgain: secrets and the store stay when the
// stack goes, and can be given to the next one. None has a name that would be
// in its way, nor a value.
func TestTemplateKeepsWhatCannotBeMadeAgain(t *testing.T) {
	all := readTree(t)
	secrets := ofType(all, "AWS::SecretsManager::Secret")
	if len(secrets) != 3 {
		t.Errorf("got %d secrets", len(secrets))
	}
	for id, s := range secrets {
		if at(s, "Name") != nil || at(s, "SecretString") != nil || at(s, "GenerateSecretString") != nil {
			t.Errorf("%s: got %v", id, s)
		}
	}
	for _, id := range append(slices.Collect(maps.Keys(secrets)), "Store", "StorePolicy") {
		r := at(all, "Resources", id)
		if at(r, "DeletionPolicy") != "RetainExceptOnCreate" || at(r, "UpdateReplacePolicy") != "Retain" {
			t.Errorf("%s: got %v, %v", id, at(r, "DeletionPolicy"), at(r, "UpdateReplacePolicy"))
		}
	}
	for kept, id := range map[string]string{"KeptSlackSecret": "SlackSecret", "KeptOAuthClientSecret": "OAuthClientSecret", "KeptStore": "Store"} {
		given, _ := at(all, "Outputs", id, "Value").([]any)
		if condition := at(all, "Resources", id, "Condition"); condition == nil || !slices.Equal(given, []any{condition, id, kept}) {
			t.Errorf("%s: is made if %v; the output is %v", id, condition, given)
		}
	}
}

// TestTemplateLocksTheStore: it is private, encrypted, and keeps former versions
// for a while, and what is below audit/ for ever.
func TestTemplateLocksTheStore(t *testing.T) {
	store := at(readTree(t), "Resources", "Store", "Properties")
	for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		if at(store, "PublicAccessBlockConfiguration", block) != true {
			t.Errorf("%s: got %v", block, at(store, "PublicAccessBlockConfiguration", block))
		}
	}
	if at(store, "VersioningConfiguration", "Status") != "Enabled" || at(store, "BucketEncryption") == nil {
		t.Errorf("got %v", store)
	}
	kept := map[string]bool{"audit/": true} // for ever
	for _, rule := range at(store, "LifecycleConfiguration", "Rules").([]any) {
		prefix, _ := at(rule, "Prefix").(string)
		if prefix == "" || strings.HasPrefix(prefix, "audit/") || strings.HasPrefix("audit/", prefix) {
			t.Errorf("a rule of the bucket's applies to audits: %v", rule)
		}
		if at(rule, "NoncurrentVersionExpiration", "NoncurrentDays") != nil {
			kept[prefix] = true
		}
	}
	statements := at(ofType(readTree(t), "AWS::IAM::Role")["UsersQueryRole"], "Policies").([]any)[0]
	for _, s := range at(statements, "PolicyDocument", "Statement").([]any) {
		if at(s, "Sid") != "Store" {
			continue
		}
		for _, of := range at(s, "Resource").([]any) {
			arn := of.([]any)[0].(string)
			_, prefix, _ := strings.Cut(strings.TrimSuffix(arn, "*"), "${Name}/")
			if !kept[prefix] {
				t.Errorf("former versions below %q are kept for ever", prefix)
			}
		}
	}
}

// TestTemplateSaysWhatIsNext, and what every output is for.
func TestTemplateSaysWhatIsNext(t *testing.T) {
	outputs := at(readTree(t), "Outputs").(tree)
	for name, output := range outputs {
		if said, _ := at(output, "Description").(string); len(said) < 20 {
			t.Errorf("%s: got %q", name, said)
		}
	}
	steps, _ := at(outputs, "NextSteps", "Value").(string)
	for _, step := range []string{"crmwho manifest --url", "crmwho setup slack --stack", "crmwho setup --stack", "crmwho doctor --stack"} {
		if !strings.Contains(steps, step) {
			t.Errorf("the next steps lack %q: %s", step, steps)
		}
	}
}
