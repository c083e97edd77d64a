// Package awssim plays the parts of AWS that the bot and those who run it meet,
// over the wire: Lambda's Runtime API and Invoke API, API Gateway's HTTP API,
// EventBridge Scheduler, Secrets Manager, SNS, STS and CloudFormation. The real
// SDK and the real bootstraps talk to it on loopback. It reads a SAM template, and
// holds callers, Lambda itself and EventBridge Scheduler to the roles that the
// template gives them.
package awssim

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Region and account are where the simulated resources are.
const (
	Region  = "eu-central-1"
	account = "123456789012" // AWS uses it in its documentation
)

// SecretsManager plays AWS Secrets Manager as an http.Handler. Its zero value
// holds no secrets. It is safe for concurrent use.
// Source: AWS's Secrets Manager API reference.
type SecretsManager struct {
	mu      sync.Mutex
	secrets []*secret // the order in which ListSecrets gives them: as they were made
	uses    map[string]*use
}

// use is what is done with an operation.
type use struct {
	calls   int
	failing int // calls that are still to fail
}

type secret struct {
	name, arn string
	versions  map[string]content // by VersionId
	current   string             // VersionId with the stage AWSCURRENT; empty before the first write
	previous  string             // VersionId with the stage AWSPREVIOUS
}

// content is what a version holds: one of the two.
type content struct {
	text   string // SecretString
	binary string // SecretBinary
}

// Create makes a secret without a value and gives its ARN.
func (m *SecretsManager) Create(name string) (arn string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	arn = "arn:aws:secretsmanager:" + Region + ":" + account + ":secret:" + name + "-" + rand.Text()[:6]
	m.secrets = append(m.secrets, &secret{name: name, arn: arn, versions: map[string]content{}})
	return arn
}

// Put writes a text as an operator does. The secret must exist.
func (m *SecretsManager) Put(arn, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.find(arn).put(content{text: value}, rand.Text()+rand.Text())
}

// Value is the current value, text or binary; empty when there is none.
func (m *SecretsManager) Value(arn string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(arn)
	return s.versions[s.current].text + s.versions[s.current].binary
}

// Fail makes the next n calls of an operation, such as "GetSecretValue", end as
// throttled, and those after them succeed again. A client's repeats are calls too.
func (m *SecretsManager) Fail(operation string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.use(operation).failing = n
}

// Count tells how often an operation was called, however it was answered.
func (m *SecretsManager) Count(operation string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.use(operation).calls
}

func (m *SecretsManager) use(operation string) *use {
	if m.uses == nil {
		m.uses = map[string]*use{}
	}
	if m.uses[operation] == nil {
		m.uses[operation] = &use{}
	}
	return m.uses[operation]
}

func (s *secret) put(value content, id string) {
	s.versions[id] = value
	s.previous, s.current = s.current, id
}

// awsError is an error of the JSON protocol.
type awsError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

// input has the fields of all operations.
type input struct {
	SecretId           string
	SecretString       string
	SecretBinary       []byte
	ClientRequestToken string
	VersionId          string
	VersionStage       string
	Filters            []filter
	MaxResults         *int
	NextToken          string
}

// ServeHTTP answers one call of the JSON protocol.
func (m *SecretsManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := m.answer(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if e, ok := out.(awsError); ok {
		w.Header().Set("X-Amzn-ErrorType", e.Type)
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (m *SecretsManager) answer(r *http.Request) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	operation, known := map[string]func(input) any{
		"GetSecretValue": m.of((*secret).getSecretValue),
		"PutSecretValue": m.of((*secret).putSecretValue),
		"ListSecrets":    m.listSecrets,
	}[name]
	use := m.use(name)
	use.calls++
	var in input
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case !signed(r):
		return awsError{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	case use.failing > 0:
		use.failing--
		return awsError{"ThrottlingException", "Rate exceeded"}
	case err != nil:
		return awsError{"SerializationException", ""}
	case !known:
		return awsError{"UnknownOperationException", ""}
	default:
		return operation(in)
	}
}

// of makes an operation on one secret an operation that finds it.
func (m *SecretsManager) of(operation func(*secret, input) any) func(input) any {
	return func(in input) any {
		s := m.find(in.SecretId)
		if s == nil {
			return awsError{"ResourceNotFoundException", "Secrets Manager can't find the specified secret."}
		}
		return operation(s, in)
	}
}

// find takes an ARN or a name, as SecretId does.
func (m *SecretsManager) find(id string) *secret {
	for _, s := range m.secrets {
		if s.arn == id || s.name == id {
			return s
		}
	}
	return nil
}

func (s *secret) getSecretValue(in input) any {
	id := in.VersionId
	switch {
	case id != "":
	case in.VersionStage == "AWSPREVIOUS":
		id = s.previous
	default:
		id = s.current
	}
	value, ok := s.versions[id]
	if !ok {
		return awsError{"ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"}
	}
	out := map[string]any{
		"ARN": s.arn, "Name": s.name, "VersionId": id, "VersionStages": s.stages(id),
		"CreatedDate": float64(time.Now().Unix()),
	}
	if value.text != "" {
		out["SecretString"] = value.text
	} else {
		out["SecretBinary"] = []byte(value.binary)
	}
	return out
}

func (s *secret) stages(id string) []string {
	switch id {
	case s.current:
		return []string{"AWSCURRENT"}
	case s.previous:
		return []string{"AWSPREVIOUS"}
	default:
		return nil
	}
}

// maxSecret is the most that a secret may hold, in bytes.
const maxSecret = 65536

func (s *secret) putSecretValue(in input) any {
	id, value := in.ClientRequestToken, content{in.SecretString, string(in.SecretBinary)}
	existing, exists := s.versions[id]
	switch {
	case len(id) < 32 || len(id) > 64:
		return awsError{"InvalidParameterException", "ClientRequestToken must be 32-64 characters long."}
	case value.text != "" && value.binary != "":
		return awsError{"InvalidParameterException", "You can't specify both a binary secret value and a string secret value in the same secret."}
	case value == content{}:
		return awsError{"InvalidRequestException", "You must provide either SecretString or SecretBinary."}
	case len(value.text) > maxSecret || len(value.binary) > maxSecret:
		return awsError{"ValidationException", "The value has an invalid length."}
	case exists && existing != value:
		return awsError{"ResourceExistsException", "The version already exists with another value."}
	case !exists:
		s.put(value, id)
	}
	return map[string]any{"ARN": s.arn, "Name": s.name, "VersionId": id, "VersionStages": s.stages(id)}
}

// filter narrows a list. Of the keys that AWS knows only the name is played.
type filter struct {
	Key    string
	Values []string // one of them has to fit; what follows a "!" must not
}

// filterValue is what AWS takes as one.
var filterValue = regexp.MustCompile(`^!?[a-zA-Z0-9 :_@/+=.\-!]{0,512}$`)

func (f filter) invalid() bool {
	noValue := func(v string) bool { return !filterValue.MatchString(v) }
	return f.Key != "name" || len(f.Values) < 1 || len(f.Values) > 10 || slices.ContainsFunc(f.Values, noValue)
}

func (f filter) fits(s *secret) bool {
	return slices.ContainsFunc(f.Values, func(v string) bool {
		prefix, negated := strings.CutPrefix(v, "!")
		return strings.HasPrefix(s.name, prefix) != negated
	})
}

// listSecrets gives a page of the secrets that were made, filled or not. A
// NextToken tells how many came before the page.
func (m *SecretsManager) listSecrets(in input) any {
	most := 100
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	if most < 1 || most > 100 || slices.ContainsFunc(in.Filters, filter.invalid) {
		return awsError{"ValidationException", "The request is not valid."}
	}
	fitting := m.fitting(in.Filters)
	from, err := strconv.Atoi(cmp.Or(in.NextToken, "0"))
	if err != nil || from < 0 || from > len(fitting) {
		return awsError{"InvalidNextTokenException", "The NextToken value is invalid."}
	}
	to := min(from+most, len(fitting))
	out := map[string]any{"SecretList": entries(fitting[from:to])}
	if to < len(fitting) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out
}

func (m *SecretsManager) fitting(filters []filter) []*secret {
	var fitting []*secret
	for _, s := range m.secrets {
		if !slices.ContainsFunc(filters, func(f filter) bool { return !f.fits(s) }) {
			fitting = append(fitting, s)
		}
	}
	return fitting
}

func entries(secrets []*secret) []map[string]any {
	list := []map[string]any{}
	for _, s := range secrets {
		entry := map[string]any{"ARN": s.arn, "Name": s.name}
		if s.current != "" {
			entry["SecretVersionsToStages"] = s.versionsToStages()
		}
		list = append(list, entry)
	}
	return list
}

func (s *secret) versionsToStages() map[string][]string {
	stages := map[string][]string{}
	for id := range s.versions {
		if labels := s.stages(id); labels != nil {
			stages[id] = labels
		}
	}
	return stages
}
