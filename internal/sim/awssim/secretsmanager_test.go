package awssim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crmwho/internal/sim/awssim"
)

// call sends one request of the JSON protocol and decodes the answer into out.
func call(t *testing.T, m *awssim.SecretsManager, operation, body string, out any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "secretsmanager."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 sample")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("%s %s: %v in %s", operation, body, err, w.Body)
	}
}

type list struct {
	NextToken  string
	SecretList []struct {
		ARN, Name              string
		SecretVersionsToStages map[string][]string
	}
}

func (l list) names() (names []string) {
	for _, s := range l.SecretList {
		names = append(names, s.Name)
	}
	return names
}

func TestListSecrets(t *testing.T) {
	m := &awssim.SecretsManager{}
	for _, name := range []string{"b/2", "a", "b/1", "B/1"} {
		m.Create(name)
	}
	for body, want := range map[string][]string{
		`{}`: {"b/2", "a", "b/1", "B/1"},
		`{"Filters":[{"Key":"name","Values":["b/"]}]}`:                                     {"b/2", "b/1"},
		`{"Filters":[{"Key":"name","Values":["a","b/2"]}]}`:                                {"b/2", "a"},
		`{"Filters":[{"Key":"name","Values":["!b/"]}]}`:                                    {"a", "B/1"},
		`{"Filters":[{"Key":"name","Values":["b/"]},{"Key":"name","Values":["b/1","a"]}]}`: {"b/1"},
		`{"Filters":[{"Key":"name","Values":["/"]}]}`:                                      nil,
		`{"MaxResults":2}`:                   {"b/2", "a"},
		`{"MaxResults":2,"NextToken":"2"}`:   {"b/1", "B/1"},
		`{"MaxResults":100,"NextToken":"4"}`: nil,
	} {
		var got list
		if call(t, m, "ListSecrets", body, &got); !slices.Equal(got.names(), want) {
			t.Errorf("%s: got %q, want %q", body, got.names(), want)
		}
	}
}

func TestListSecretsHasPages(t *testing.T) {
	m := &awssim.SecretsManager{}
	for i := range 250 {
		m.Create(fmt.Sprint("name-", i))
	}
	var sizes []int
	for token := ""; ; {
		var got list
		call(t, m, "ListSecrets", `{"NextToken":"`+token+`"}`, &got)
		sizes = append(sizes, len(got.SecretList))
		if token = got.NextToken; token == "" {
			break
		}
	}
	if want := []int{100, 100, 50}; !slices.Equal(sizes, want) {
		t.Errorf("got pages of %d, want %d", sizes, want)
	}
}

func TestListSecretsTellsTheStages(t *testing.T) {
	m := &awssim.SecretsManager{}
	arn := m.Create("name")
	stages := func() (labels []string) {
		var got list
		call(t, m, "ListSecrets", `{}`, &got)
		for _, of := range got.SecretList[0].SecretVersionsToStages {
			labels = append(labels, of...)
		}
		slices.Sort(labels)
		return labels
	}
	for _, want := range [][]string{nil, {"AWSCURRENT"}, {"AWSCURRENT", "AWSPREVIOUS"}, {"AWSCURRENT", "AWSPREVIOUS"}} {
		if got := stages(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		m.Put(arn, "value")
	}
}

func TestSecretsManagerRefuses(t *testing.T) {
	m := &awssim.SecretsManager{}
	m.Create("name")
	token := `"SecretId":"name","ClientRequestToken":"` + strings.Repeat("t", 32) + `"`
	call(t, m, "PutSecretValue", `{`+token+`,"SecretString":"x"}`, &struct{}{})
	for _, test := range []struct{ operation, body, want string }{
		{"ListSecrets", `{"MaxResults":0}`, "ValidationException"},
		{"ListSecrets", `{"MaxResults":101}`, "ValidationException"},
		{"ListSecrets", `{"NextToken":"made up"}`, "InvalidNextTokenException"},
		{"ListSecrets", `{"NextToken":"-1"}`, "InvalidNextTokenException"},
		{"ListSecrets", `{"NextToken":"2"}`, "InvalidNextTokenException"},
		{"ListSecrets", `{"Filters":[{"Key":"colour","Values":["x"]}]}`, "ValidationException"},
		{"ListSecrets", `{"Filters":[{"Key":"name"}]}`, "ValidationException"},
		{"ListSecrets", `{"Filters":[{"Key":"name","Values":["ü"]}]}`, "ValidationException"},
		{"PutSecretValue", `{` + token + `}`, "InvalidRequestException"},
		{"PutSecretValue", `{` + token + `,"SecretString":"x","SecretBinary":"eA=="}`, "InvalidParameterException"},
		{"PutSecretValue", `{` + token + `,"SecretString":"other"}`, "ResourceExistsException"},
		{"PutSecretValue", `{` + token + `,"SecretBinary":"eA=="}`, "ResourceExistsException"},
		{"PutSecretValue", `{"SecretId":"name","ClientRequestToken":"short","SecretString":"x"}`, "InvalidParameterException"},
		{"PutSecretValue", `{"SecretId":"none","SecretString":"x"}`, "ResourceNotFoundException"},
		{"GetSecretValue", `{"SecretId":"none"}`, "ResourceNotFoundException"},
		{"DeleteSecret", `{"SecretId":"name"}`, "UnknownOperationException"},
	} {
		var got struct {
			Type string `json:"__type"`
		}
		if call(t, m, test.operation, test.body, &got); got.Type != test.want {
			t.Errorf("%s %s: got %q, want %q", test.operation, test.body, got.Type, test.want)
		}
	}
}

func TestSecretsManagerFailsAsOftenAsAsked(t *testing.T) {
	sim := &awssim.SecretsManager{}
	arn := sim.Create("name")
	client := secretsmanager.NewFromConfig(config(t, sim))
	get := func() error {
		_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
		return err
	}
	put := func() error {
		_, err := client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: aws.String("value")})
		return err
	}
	for _, test := range []struct {
		fail          string
		times         int // the SDK tries three times
		call          func() error
		want          string
		reads, writes int
	}{
		{"GetSecretValue", 1, put, "", 0, 1},
		{"GetSecretValue", 3, get, "ThrottlingException", 3, 1},
		{"PutSecretValue", 2, get, "", 4, 1},
		{"PutSecretValue", 3, put, "ThrottlingException", 4, 4},
		{"PutSecretValue", 2, put, "", 4, 7},
		{"PutSecretValue", 0, put, "", 4, 8},
	} {
		sim.Fail(test.fail, test.times)
		if err := test.call(); code(err) != test.want || test.want == "" && err != nil {
			t.Errorf("%s fails %d times: got %v, want %q", test.fail, test.times, err, test.want)
		}
		if reads, writes := sim.Count("GetSecretValue"), sim.Count("PutSecretValue"); reads != test.reads || writes != test.writes {
			t.Errorf("got %d reads and %d writes, want %d and %d", reads, writes, test.reads, test.writes)
		}
	}
	if got := sim.Count("ListSecrets"); got != 0 {
		t.Errorf("got %d lists, want none", got)
	}
}
