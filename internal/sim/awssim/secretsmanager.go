// Package awssim plays the parts of AWS that the bot meets, over the wire: the
// Lambda Runtime API, API Gateway's HTTP API and Secrets Manager. The real
// SDK and the real bootstraps talk to it on loopback.
package awssim

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
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
	secrets map[string]*secret // by ARN
}

type secret struct {
	name, arn string
	versions  map[string]string // SecretString by VersionId
	current   string            // VersionId with the stage AWSCURRENT; empty before the first write
	previous  string            // VersionId with the stage AWSPREVIOUS
}

// Create makes a secret without a value and gives its ARN.
func (m *SecretsManager) Create(name string) (arn string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets == nil {
		m.secrets = map[string]*secret{}
	}
	arn = "arn:aws:secretsmanager:" + Region + ":" + account + ":secret:" + name + "-" + rand.Text()[:6]
	m.secrets[arn] = &secret{name: name, arn: arn, versions: map[string]string{}}
	return arn
}

// Put writes a value as an operator does. The secret must exist.
func (m *SecretsManager) Put(arn, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets[arn].put(value, rand.Text()+rand.Text())
}

// Value is the current value; empty when there is none.
func (m *SecretsManager) Value(arn string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[arn]
	return s.versions[s.current]
}

func (s *secret) put(value, id string) {
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
	ClientRequestToken string
	VersionId          string
	VersionStage       string
}

// ServeHTTP answers one call of the JSON protocol.
func (m *SecretsManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var in input
	operation, known := map[string]func(*secret, input) any{
		"secretsmanager.GetSecretValue": (*secret).getSecretValue,
		"secretsmanager.PutSecretValue": (*secret).putSecretValue,
	}[r.Header.Get("X-Amz-Target")]
	var out any
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "):
		out = awsError{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	case err != nil:
		out = awsError{"SerializationException", ""}
	case !known:
		out = awsError{"UnknownOperationException", ""}
	case m.find(in.SecretId) == nil:
		out = awsError{"ResourceNotFoundException", "Secrets Manager can't find the specified secret."}
	default:
		out = operation(m.find(in.SecretId), in)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if e, ok := out.(awsError); ok {
		w.Header().Set("X-Amzn-ErrorType", e.Type)
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(out)
}

// find takes an ARN or a name, as SecretId does.
func (m *SecretsManager) find(id string) *secret {
	for arn, s := range m.secrets {
		if arn == id || s.name == id {
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
	return map[string]any{
		"ARN": s.arn, "Name": s.name, "VersionId": id, "VersionStages": s.stages(id),
		"SecretString": value, "CreatedDate": float64(time.Now().Unix()),
	}
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
	id := in.ClientRequestToken
	existing, exists := s.versions[id]
	switch {
	case len(id) < 32 || len(id) > 64:
		return awsError{"InvalidParameterException", "ClientRequestToken must be 32-64 characters long."}
	case in.SecretString == "" || len(in.SecretString) > maxSecret:
		return awsError{"InvalidParameterException", "SecretString has an invalid length."}
	case exists && existing != in.SecretString:
		return awsError{"ResourceExistsException", "The version already exists with another value."}
	case !exists:
		s.put(in.SecretString, id)
	}
	return map[string]any{"ARN": s.arn, "Name": s.name, "VersionId": id, "VersionStages": s.stages(id)}
}
