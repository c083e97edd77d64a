package awssim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Template is a SAM template, as far as it is about who may do what, and with
// which settings. It is safe for concurrent use.
type Template struct{ root *yaml.Node }

// ReadTemplate reads a template in YAML, which is checked by Deploy alone.
func ReadTemplate(data []byte) (*Template, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(doc.Content) != 1 || child(doc.Content[0], "Resources") == nil {
		return nil, errors.New("template: it has no resources")
	}
	return &Template{doc.Content[0]}, nil
}

// Deployed is what a template says when everything in it has a value.
type Deployed struct {
	Functions      map[string]DeployedFunction // by logical id
	Roles          map[string]DeployedRole     // by logical id
	Schedules      map[string]DeployedSchedule // by the event's logical id, of whichever function
	Routes         []string                    // of the HTTP API, such as "POST /slack/commands"
	BucketPolicies map[string][]Statement      // by the bucket's name
	Outputs        map[string]string
}

// DeployedFunction is a Lambda function.
type DeployedFunction struct {
	Name        string
	Environment map[string]string
	Memory      int // MB
	Timeout     time.Duration
	Role        string // its logical id
	Config      Config
}

// DeployedRole is a role and what it allows.
type DeployedRole struct {
	Name, ARN  string
	Statements []Statement
	Services   []string // who may take it, such as lambda.amazonaws.com
}

// DeployedSchedule is a schedule of EventBridge Scheduler.
type DeployedSchedule struct {
	Name        string
	Input       string
	Function    string // its name
	MaxRetries  int    // as it says itself
	Role        string // its logical id
	DeadLetters string // ARN of the queue; empty: none
	Enabled     bool
}

// Deploy gives all of a template's expressions their values, for a stack of
// this name. Parameters that are not given have their defaults; a value that
// CloudFormation would not take is an error. What Ref gives for a resource is
// made up as AWS does it, unless ids has it by logical id.
func (t *Template) Deploy(stack string, parameters, ids map[string]string) (*Deployed, error) {
	values, err := t.parameters(parameters)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, pseudo(stack))
	r := &resolver{parameters: values, mappings: child(t.root, "Mappings"), conditions: children(child(t.root, "Conditions"))}
	for name := range r.conditions {
		if _, err := r.condition(name); err != nil {
			return nil, fmt.Errorf("condition %s: %w", name, err)
		}
	}
	resources, err := r.resources(child(t.root, "Resources"), ids)
	if err != nil {
		return nil, err
	}
	if err := r.globals(child(child(t.root, "Globals"), "Function"), resources); err != nil {
		return nil, fmt.Errorf("globals: %w", err)
	}
	return r.deployed(resources, child(t.root, "Outputs"))
}

// pseudo are parameters that CloudFormation adds.
func pseudo(stack string) map[string]string {
	return map[string]string{
		"AWS::Region": Region, "AWS::AccountId": account, "AWS::Partition": "aws", "AWS::StackName": stack,
	}
}

// parameters are the values of all, checked.
func (t *Template) parameters(given map[string]string) (map[string]string, error) {
	declared := children(child(t.root, "Parameters"))
	for name := range given {
		if declared[name] == nil {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
	}
	values := map[string]string{}
	for name, n := range declared {
		value, ok := given[name]
		if !ok {
			if child(n, "Default") == nil {
				return nil, fmt.Errorf("the parameter %s has no value", name)
			}
			value = child(n, "Default").Value
		}
		if !takes(n, value) {
			return nil, fmt.Errorf("the parameter %s does not take %q", name, value)
		}
		values[name] = value
	}
	return values, nil
}

// takes reports whether a parameter's constraints allow a value.
func takes(parameter *yaml.Node, value string) bool {
	if allowed := child(parameter, "AllowedValues"); allowed != nil && !slices.ContainsFunc(allowed.Content, func(n *yaml.Node) bool { return n.Value == value }) {
		return false
	}
	if pattern := child(parameter, "AllowedPattern"); pattern != nil {
		re, err := regexp.Compile(`^(?:` + pattern.Value + `)$`)
		if err != nil || !re.MatchString(value) {
			return false
		}
	}
	if child(parameter, "Type").Value != "Number" {
		return true
	}
	number, err := strconv.ParseFloat(value, 64)
	for limit, sign := range map[string]float64{"MinValue": 1, "MaxValue": -1} {
		if n := child(parameter, limit); n != nil && err == nil {
			var bound float64
			if bound, err = strconv.ParseFloat(n.Value, 64); sign*(number-bound) < 0 {
				return false
			}
		}
	}
	return err == nil
}

// templateResource is one whose properties have values.
type templateResource struct {
	kind       string
	properties map[string]any
}

// existing gives the sections of resources whose conditions are met.
func (r *resolver) existing(section *yaml.Node) (map[string]*yaml.Node, error) {
	nodes := children(section)
	for id, n := range nodes {
		met, err := r.exists(n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		if !met {
			delete(nodes, id)
		}
	}
	return nodes, nil
}

// exists reports whether the condition of a resource or an output is met.
func (r *resolver) exists(n *yaml.Node) (bool, error) {
	if condition := child(n, "Condition"); condition != nil {
		return r.condition(condition.Value)
	}
	return true, nil
}

// resources gives their properties values. Their names come first: any may refer
// to any.
func (r *resolver) resources(section *yaml.Node, ids map[string]string) (map[string]templateResource, error) {
	nodes, err := r.existing(section)
	if err != nil {
		return nil, err
	}
	for id := range ids {
		if child(section, id) == nil {
			return nil, fmt.Errorf("there is no resource %s", id)
		}
	}
	r.references, r.attributes = map[string]string{}, map[string]map[string]string{}
	for id, n := range nodes {
		if err := r.name(id, n, ids[id]); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	resources := map[string]templateResource{}
	for id, n := range nodes {
		properties, err := r.properties(n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		resources[id] = templateResource{child(n, "Type").Value, properties}
	}
	return resources, nil
}

// properties are those of a resource; none where it has none.
func (r *resolver) properties(n *yaml.Node) (map[string]any, error) {
	p := child(n, "Properties")
	if p == nil {
		return nil, nil
	}
	v, err := r.value(p)
	if err != nil {
		return nil, err
	}
	properties, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("its properties are no map")
	}
	return properties, nil
}

// globals gives functions the properties that all have.
func (r *resolver) globals(n *yaml.Node, resources map[string]templateResource) error {
	if n == nil {
		return nil
	}
	common, err := r.value(n)
	if err != nil {
		return err
	}
	for id, of := range resources {
		if of.kind == "AWS::Serverless::Function" {
			of.properties, _ = merged(common, of.properties).(map[string]any)
			resources[id] = of
		}
	}
	return nil
}

// kind says what Ref and GetAtt give for a type of resources.
type kind struct {
	property string            // that names it; without one, or where it is not set, AWS makes up a name
	made     string            // that name: S is for the stack, I for the logical id, X for what AWS adds
	ref      string            // from the name N; empty: the name itself
	atts     map[string]string // from the name N
}

// here is where a service's resources are.
func here(service string) string { return "arn:aws:" + service + ":" + Region + ":" + account + ":" }

// kinds are the types that the template has. Others are not known.
// Source: AWS's CloudFormation reference, "Return values" of each type.
var kinds = map[string]kind{
	"AWS::Serverless::Function":   {"FunctionName", "S-I-X", "", map[string]string{"Arn": here("lambda") + "function:N"}},
	"AWS::Serverless::HttpApi":    {"", "a1b2c3d4e5", "", map[string]string{"ApiEndpoint": "https://N.execute-api." + Region + ".amazonaws.com"}},
	"AWS::IAM::Role":              {"RoleName", "S-I-X", "", map[string]string{"Arn": "arn:aws:iam::" + account + ":role/N"}},
	"AWS::S3::Bucket":             {"BucketName", "s-i-x", "", map[string]string{"Arn": "arn:aws:s3:::N"}},
	"AWS::S3::BucketPolicy":       {"", "S-I-X", "", nil},
	"AWS::SecretsManager::Secret": {"Name", "I-X", here("secretsmanager") + "secret:N-XXXXXX", nil},
	"AWS::SNS::Topic":             {"TopicName", "S-I-X", here("sns") + "N", nil},
	"AWS::SNS::Subscription":      {"", "I", here("sns") + "N", nil},
	"AWS::SQS::Queue":             {"QueueName", "S-I-X", "https://sqs." + Region + ".amazonaws.com/" + account + "/N", map[string]string{"Arn": here("sqs") + "N", "QueueName": "N"}},
	"AWS::Logs::LogGroup":         {"LogGroupName", "S-I-X", "", map[string]string{"Arn": here("logs") + "log-group:N:*"}},
	"AWS::CloudWatch::Alarm":      {"AlarmName", "S-I-X", "", nil},
	"AWS::Scheduler::Schedule":    {"Name", "S-I-X", "", nil},
}

// name finds out what Ref and GetAtt give for a resource, and for what SAM makes
// of a function's events.
func (r *resolver) name(id string, n *yaml.Node, given string) error {
	k, known := kinds[child(n, "Type").Value]
	if !known {
		return fmt.Errorf("the type %s is not known", child(n, "Type").Value)
	}
	properties := child(n, "Properties")
	for event, e := range children(child(properties, "Events")) {
		if child(e, "Type").Value == "ScheduleV2" {
			if err := r.call(id+event, kinds["AWS::Scheduler::Schedule"], child(e, "Properties"), ""); err != nil {
				return err
			}
		}
	}
	return r.call(id, k, properties, given)
}

func (r *resolver) call(id string, k kind, properties *yaml.Node, given string) error {
	name := strings.NewReplacer("S", r.parameters["AWS::StackName"], "s", strings.ToLower(r.parameters["AWS::StackName"]),
		"I", id, "i", strings.ToLower(id), "X", "SAMPLE", "x", "sample").Replace(k.made)
	if n := child(properties, k.property); n != nil {
		var err error
		if name, err = r.text(n); err != nil {
			return err
		}
	}
	named := func(form string) string { return strings.Replace(form, "N", name, 1) }
	ref := name
	switch {
	case given != "" && k.ref == "":
		name, ref = given, given
	case given != "":
		ref, name = given, given[strings.LastIndexAny(given, ":/")+1:]
	case k.ref != "":
		ref = named(k.ref)
	}
	r.references[id], r.attributes[id] = ref, map[string]string{}
	for attribute, form := range k.atts {
		r.attributes[id][attribute] = named(form)
	}
	return nil
}

// deployed makes of resources what others look at.
func (r *resolver) deployed(resources map[string]templateResource, outputs *yaml.Node) (*Deployed, error) {
	d := &Deployed{
		Functions: map[string]DeployedFunction{}, Roles: map[string]DeployedRole{}, Schedules: map[string]DeployedSchedule{},
		BucketPolicies: map[string][]Statement{}, Outputs: map[string]string{},
	}
	adders := map[string]func(*Deployed, string, map[string]any) error{
		"AWS::IAM::Role": r.role, "AWS::S3::BucketPolicy": r.bucketPolicy, "AWS::Serverless::Function": r.function,
	}
	for id, resource := range resources {
		if add := adders[resource.kind]; add != nil {
			if err := add(d, id, resource.properties); err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
		}
	}
	if err := r.outputs(d, outputs); err != nil {
		return nil, err
	}
	slices.Sort(d.Routes)
	return d, d.trusted()
}

func (r *resolver) outputs(d *Deployed, section *yaml.Node) error {
	existing, err := r.existing(section)
	if err != nil {
		return fmt.Errorf("outputs: %w", err)
	}
	for name, n := range existing {
		if child(n, "Value") == nil {
			return fmt.Errorf("output %s has no value", name)
		}
		if d.Outputs[name], err = r.text(child(n, "Value")); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
	}
	return nil
}

// decode reads properties as far as a struct has them.
func decode(properties any, into any) error {
	data, err := json.Marshal(properties)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	return err
}

func (r *resolver) role(d *Deployed, id string, properties map[string]any) error {
	if properties["ManagedPolicyArns"] != nil || properties["PermissionsBoundary"] != nil {
		return errors.New("managed policies and boundaries are not known")
	}
	var p struct {
		AssumeRolePolicyDocument document
		Policies                 []struct{ PolicyDocument document }
	}
	if err := decode(properties, &p); err != nil {
		return err
	}
	role := DeployedRole{Name: r.references[id], ARN: r.attributes[id]["Arn"]}
	for _, policy := range p.Policies {
		role.Statements = append(role.Statements, policy.PolicyDocument.Statement...)
	}
	for _, s := range p.AssumeRolePolicyDocument.Statement {
		if s.Effect == "Allow" && slices.Contains(s.Action, "sts:AssumeRole") {
			role.Services = append(role.Services, s.Principal["Service"]...)
		}
	}
	d.Roles[id] = role
	return nil
}

func (*resolver) bucketPolicy(d *Deployed, _ string, properties map[string]any) error {
	var p struct {
		Bucket         string
		PolicyDocument document
	}
	if err := decode(properties, &p); err != nil {
		return err
	}
	for _, s := range p.PolicyDocument.Statement {
		if s.Effect != "Deny" || !slices.Contains(s.Principal["*"], "*") {
			return fmt.Errorf("%s: a bucket's policy that does anything but deny it to all is not known", s.Sid)
		}
	}
	d.BucketPolicies[p.Bucket] = p.PolicyDocument.Statement
	return nil
}

// templateEvent is what SAM takes as an event of a function, of the two types
// that are known.
type templateEvent struct {
	Type       string
	Properties struct {
		Method, Path   string
		Name, Input    string
		State, RoleArn string
		RetryPolicy    struct {
			MaximumRetryAttempts int `json:",string"`
		}
		DeadLetterConfig struct{ Arn string }
	}
}

// templateFunction is what SAM takes as a function.
type templateFunction struct {
	Timeout           int `json:",string"`
	MemorySize        int `json:",string"`
	Environment       struct{ Variables map[string]string }
	Role              string
	LoggingConfig     struct{ LogGroup string }
	Policies          any
	EventInvokeConfig struct {
		MaximumRetryAttempts int `json:",string"`
		DestinationConfig    struct{ OnFailure struct{ Destination string } }
	}
	Events map[string]templateEvent
}

func (r *resolver) function(d *Deployed, id string, properties map[string]any) error {
	var p templateFunction
	p.Timeout, p.MemorySize, p.EventInvokeConfig.MaximumRetryAttempts = 3, 128, 2
	if err := decode(properties, &p); err != nil {
		return err
	}
	if p.Policies != nil {
		return errors.New("a function's own policies are not known: it has to have a role")
	}
	f := DeployedFunction{
		Name: r.references[id], Environment: p.Environment.Variables, Memory: p.MemorySize,
		Timeout: time.Duration(p.Timeout) * time.Second, Role: r.roleOf(p.Role),
	}
	f.Config = Config{
		Role: p.Role, LogGroup: here("logs") + "log-group:" + cmp.Or(p.LoggingConfig.LogGroup, "/aws/lambda/"+f.Name), MaxRetries: p.EventInvokeConfig.MaximumRetryAttempts, OnFailure: p.EventInvokeConfig.DestinationConfig.OnFailure.Destination,
	}
	d.Functions[id] = f
	return r.events(d, f.Name, p.Events)
}

func (r *resolver) events(d *Deployed, function string, events map[string]templateEvent) error {
	for name, e := range events {
		p := e.Properties
		switch e.Type {
		case "HttpApi":
			d.Routes = append(d.Routes, p.Method+" "+p.Path)
		case "ScheduleV2":
			d.Schedules[name] = DeployedSchedule{
				Name: p.Name, Input: p.Input, Function: function, Role: r.roleOf(p.RoleArn),
				MaxRetries: p.RetryPolicy.MaximumRetryAttempts, DeadLetters: p.DeadLetterConfig.Arn, Enabled: p.State != "DISABLED",
			}
		default:
			return fmt.Errorf("%s: events of the type %s are not known", name, e.Type)
		}
	}
	return nil
}

// roleOf is the logical id of a role with an ARN; empty for nobody's.
func (r *resolver) roleOf(arn string) string {
	for id, attributes := range r.attributes {
		if arn != "" && attributes["Arn"] == arn {
			return id
		}
	}
	return ""
}

// trusted fails unless the roles that are used are open to the services that
// use them, without which AWS does not deploy.
func (d *Deployed) trusted() error {
	may := func(role, service string) error {
		if !slices.Contains(d.Roles[role].Services, service) {
			return fmt.Errorf("the role %q cannot be assumed by %s", role, service)
		}
		return nil
	}
	var all []error
	for _, f := range d.Functions {
		all = append(all, may(f.Role, "lambda.amazonaws.com"))
	}
	for _, s := range d.Schedules {
		all = append(all, may(s.Role, "scheduler.amazonaws.com"))
	}
	return errors.Join(all...)
}

// merged puts what is common to all functions under what one says itself.
func merged(common, own any) any {
	under, ok := common.(map[string]any)
	over, both := own.(map[string]any)
	if !ok || !both {
		return own
	}
	all := maps.Clone(under)
	for key, value := range over {
		all[key] = value
		if common, ok := under[key]; ok {
			all[key] = merged(common, value)
		}
	}
	return all
}
