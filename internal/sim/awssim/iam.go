package awssim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Statement is one of a policy. What it says of actions and resources may have
// * and ? in it.
type Statement struct {
	Sid       string
	Effect    string // Allow or Deny
	Action    Texts
	Resource  Texts
	Principal principals                  // of a bucket's policy, and of who takes a role
	Condition map[string]map[string]Texts // by operator and key
}

// document is a policy.
type document struct {
	Version   string
	Statement []Statement
}

// UnmarshalJSON refuses what is not played, such as NotAction.
func (s *Statement) UnmarshalJSON(data []byte) error {
	type plain Statement
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode((*plain)(s)); err != nil {
		return fmt.Errorf("a policy's statement: %w", err)
	}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return fmt.Errorf("a policy's statement: the effect %q is not known", s.Effect)
	}
	for operator := range s.Condition {
		if operators[operator] == nil {
			return fmt.Errorf("a policy's statement: the condition operator %s is not known", operator)
		}
	}
	return nil
}

// Texts are those of a policy. In a document a single one needs no list.
type Texts []string

func (o *Texts) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		return json.Unmarshal(data, (*[]string)(o))
	}
	*o = make([]string, 1)
	return json.Unmarshal(data, &(*o)[0])
}

// principals are names by their kind, such as Service; both are * for everybody.
type principals map[string]Texts

func (p *principals) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = principals{"*": {"*"}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]Texts)(p))
}

// Call is what a role asked of AWS, and what became of that.
type Call struct {
	Role     string            // its ARN
	Action   string            // such as s3:GetObject
	Resource string            // its ARN
	Keys     map[string]string // what conditions look at, by key; a key that is not there is null
	Sid      string            // of the statement that decided; empty where none allows it
	Allowed  bool
}

// operators are what conditions compare with. A key that is not there meets
// none of them but Null.
var operators = map[string]func(value string, there bool, wanted []string) bool{
	"Null":         func(_ string, there bool, wanted []string) bool { return slices.Contains(wanted, fmt.Sprint(!there)) },
	"Bool":         equal,
	"StringEquals": equal,
}

func equal(value string, there bool, wanted []string) bool {
	return there && slices.Contains(wanted, value)
}

// wildcard reports whether a text fits a pattern with * and ?.
func wildcard(pattern, text string) bool {
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`(?s)^` + quoted + `$`).MatchString(text)
}

// covers reports whether a statement is about a call.
func (s Statement) covers(c Call) bool {
	action := func(a string) bool { return wildcard(strings.ToLower(a), strings.ToLower(c.Action)) }
	resource := func(r string) bool { return wildcard(r, c.Resource) }
	if !slices.ContainsFunc(s.Action, action) || !slices.ContainsFunc(s.Resource, resource) {
		return false
	}
	for operator, keys := range s.Condition {
		for key, wanted := range keys {
			if value, there := c.Keys[key]; !operators[operator](value, there, wanted) {
				return false
			}
		}
	}
	return true
}

// Decide says which statement decides about a call, and how: one that denies
// it before one that allows it. Without either it is not allowed.
func Decide(statements []Statement, c Call) (sid string, allowed bool) {
	for _, effect := range []string{"Deny", "Allow"} {
		for _, s := range statements {
			if s.Effect == effect && s.covers(c) {
				return s.Sid, effect == "Allow"
			}
		}
	}
	return "", false
}

// IAM plays who may do what: it stands before services, tells the callers apart
// by their access keys, refuses as AWS does what their roles do not allow, and
// notes all. Its zero value knows nobody. It is safe for concurrent use.
//
// It leaves out users, sessions, boundaries, the policies of organisations and
// of resources other than buckets, and whether a signature is right.
// Source: AWS's documentation, "Policy evaluation logic"; its Service
// Authorization Reference.
type IAM struct {
	mu      sync.Mutex
	roles   map[string]DeployedRole // by ARN
	buckets map[string][]Statement  // by name
	calls   []Call
}

// Give lets a role allow what its statements say from now on, whatever it was
// before.
func (i *IAM) Give(role DeployedRole) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.roles == nil {
		i.roles = map[string]DeployedRole{}
	}
	i.roles[role.ARN] = role
}

// Guard gives a bucket its policy.
func (i *IAM) Guard(bucket string, policy []Statement) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.buckets == nil {
		i.buckets = map[string][]Statement{}
	}
	i.buckets[bucket] = policy
}

// AccessKey is that of who has taken a role.
func AccessKey(role DeployedRole) string { return "ASIA." + role.Name }

// Calls lists what was asked so far, in the order in which it came.
func (i *IAM) Calls() []Call {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.calls)
}

// allow decides about a call of the role with an ARN and notes it.
func (i *IAM) allow(c Call) Call {
	i.mu.Lock()
	defer i.mu.Unlock()
	statements := i.roles[c.Role].Statements
	if name, ok := strings.CutPrefix(c.Resource, "arn:aws:s3:::"); ok {
		name, _, _ = strings.Cut(name, "/")
		statements = slices.Concat(i.buckets[name], statements)
	}
	c.Sid, c.Allowed = Decide(statements, c)
	i.calls = append(i.calls, c)
	return c
}

// credential is the access key in the header of a signed call.
var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=ASIA\.([^/]+)/`)

// caller is the ARN of the role of whoever calls; empty for nobody who is known.
func (i *IAM) caller(r *http.Request) string {
	key := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	i.mu.Lock()
	defer i.mu.Unlock()
	for arn, role := range i.roles {
		if key != nil && role.Name == key[1] {
			return arn
		}
	}
	return ""
}

// refusal is what AWS says to who may not do something.
func (c Call) refusal() string {
	why := "because no identity-based policy allows the " + c.Action + " action"
	if c.Sid != "" {
		why = "with an explicit deny"
	}
	user := "arn:aws:sts::" + account + ":assumed-role/" + path.Base(c.Role) + "/sample"
	return "User: " + user + " is not authorized to perform: " + c.Action + " on resource: " + c.Resource + " " + why
}

// guard hands a call on when its role allows all that it needs.
func (i *IAM) guard(next http.Handler, needs func(*http.Request) []Call, refuse func(http.ResponseWriter, Call)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role := i.caller(r)
		for _, c := range needs(r) {
			c.Role = role
			if c = i.allow(c); !c.Allowed {
				_, _ = io.Copy(io.Discard, r.Body)
				refuse(w, c)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// body reads a call's and puts it back.
func body(r *http.Request) []byte {
	data, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data), failing{err}))
	return data
}

// failing gives the error that a reader came to, or its end.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// SecretsManager stands before Secrets Manager, whose callers name secrets by
// their ARNs: by any other name a secret is none that a policy is about.
func (i *IAM) SecretsManager(next http.Handler) http.Handler {
	needs := func(r *http.Request) []Call {
		var in struct{ SecretId string }
		_ = json.Unmarshal(body(r), &in)
		return []Call{{Action: strings.Replace(r.Header.Get("X-Amz-Target"), ".", ":", 1), Resource: in.SecretId}}
	}
	return i.guard(next, needs, func(w http.ResponseWriter, c Call) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(awsError{"AccessDeniedException", c.refusal()})
	})
}

// Lambda stands before the Invoke API.
func (i *IAM) Lambda(next http.Handler) http.Handler {
	needs := func(r *http.Request) []Call {
		named, _ := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
		named, invoked := strings.CutSuffix(named, "/invocations")
		c := Call{Action: "lambda:unknown", Resource: "*"}
		if parts := functionName.FindStringSubmatch(named); invoked && parts != nil {
			c = Call{Action: "lambda:InvokeFunction", Resource: functionARN(parts[1])}
		}
		return []Call{c}
	}
	return i.guard(next, needs, func(w http.ResponseWriter, c Call) {
		(&invokeError{http.StatusForbidden, "AccessDeniedException", c.refusal()}).write(w)
	})
}

// SNS stands before SNS.
func (i *IAM) SNS(next http.Handler) http.Handler {
	needs := func(r *http.Request) []Call {
		form, _ := url.ParseQuery(string(body(r)))
		return []Call{{Action: "sns:" + form.Get("Action"), Resource: form.Get("TopicArn")}}
	}
	return i.guard(next, needs, func(w http.ResponseWriter, c Call) {
		c.Action = strings.Replace(c.Action, "sns:", "SNS:", 1)
		e := queryError{http.StatusForbidden, "AuthorizationError", c.refusal()}
		writeXML(w, e.status, e.reply())
	})
}

// S3 stands before S3, with buckets in the path. A read of what is not there
// needs s3:ListBucket, and is refused without. A write over what has not changed
// needs s3:GetObject too, as far as is known; if not, this asks for too much.
// Calls count as encrypted: on AWS they are.
// Source: AWS's S3 API reference, "GetObject".
func (i *IAM) S3(next http.Handler) http.Handler {
	hides := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bucket, key := object(r); key != "" && r.Method == http.MethodGet {
			list := Call{Role: i.caller(r), Action: "s3:ListBucket", Resource: "arn:aws:s3:::" + bucket, Keys: maps.Clone(encrypted)}
			w = &hiding{ResponseWriter: w, allow: func() Call { return i.allow(list) }}
		}
		next.ServeHTTP(w, r)
	})
	return i.guard(hides, s3Needs, refuseS3)
}

// object is what the path names. A call about the bucket itself has no key.
func object(r *http.Request) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucket, key
}

// encrypted are the keys of calls over https.
var encrypted = map[string]string{"aws:SecureTransport": "true"}

// s3Needs are what a call of S3 needs. What is not played is an action that
// nobody has a right to.
func s3Needs(r *http.Request) []Call {
	bucket, key := object(r)
	c := Call{Action: s3Action(r, key), Resource: "arn:aws:s3:::" + bucket, Keys: maps.Clone(encrypted)}
	if key == "" {
		return []Call{c}
	}
	c.Resource += "/" + key
	if c.Action != "s3:PutObject" {
		return []Call{c}
	}
	needs := []Call{c}
	if r.Header.Get("If-Match") != "" {
		needs = append(needs, Call{Action: "s3:GetObject", Resource: c.Resource, Keys: maps.Clone(encrypted)})
	}
	if value := r.Header.Get("If-None-Match"); value != "" {
		c.Keys["s3:if-none-match"] = value
	}
	return needs
}

// s3Action is what a call does to an object or, without a key, to a bucket.
func s3Action(r *http.Request, key string) string {
	query := r.URL.Query()
	query.Del("x-id") // the SDK's name of its operation
	if key == "" && r.Method == http.MethodGet && query.Get("list-type") == "2" {
		return "s3:ListBucket"
	}
	actions := map[string]string{http.MethodGet: "s3:GetObject", http.MethodPut: "s3:PutObject"}
	if action := actions[r.Method]; action != "" && key != "" && len(query) == 0 && r.Header.Get("X-Amz-Copy-Source") == "" {
		return action
	}
	return "s3:unknown"
}

func refuseS3(w http.ResponseWriter, c Call) {
	writeXML(w, http.StatusForbidden, struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: "AccessDenied", Message: c.refusal()})
}

// hiding tells who may not list a bucket nothing about what is not in it.
type hiding struct {
	http.ResponseWriter
	allow  func() Call // to list it
	hidden bool
}

func (h *hiding) WriteHeader(status int) {
	if status == http.StatusNotFound {
		if c := h.allow(); !c.Allowed {
			h.hidden = true
			h.Header().Del("Content-Length")
			refuseS3(h.ResponseWriter, c)
			return
		}
	}
	h.ResponseWriter.WriteHeader(status)
}

func (h *hiding) Write(p []byte) (int, error) {
	if h.hidden {
		return len(p), nil
	}
	return h.ResponseWriter.Write(p)
}
