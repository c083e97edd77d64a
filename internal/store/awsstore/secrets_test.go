package awsstore_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/store"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/store/storetest"
)

// secrets is a store over the real SDK, and the Secrets Manager behind it.
func secrets(t *testing.T) (awsstore.Secrets, *awssim.SecretsManager) {
	t.Helper()
	sim := &awssim.SecretsManager{}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return awsstore.Secrets{Client: secretsmanager.NewFromConfig(config(server.URL))}, sim
}

func TestSecrets(t *testing.T) {
	s, sim := secrets(t)
	storetest.Run(t, s, func(wanted string) string {
		name := secretName(wanted)
		sim.Create(name)
		return name
	})
}

// secretName escapes what a secret's name cannot have.
func secretName(wanted string) string {
	var b strings.Builder
	for _, c := range []byte(wanted) {
		if strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+.@-", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	return b.String()
}

func TestSecretsListsEveryPageOfWhatIsFilled(t *testing.T) {
	s, sim := secrets(t)
	var want []string
	for i := range 230 {
		name := fmt.Sprintf("list/%03d", 230-i)
		arn := sim.Create(name)
		if i%2 == 0 {
			sim.Put(arn, secret)
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if got, err := s.List(t.Context(), "list/"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// TestSecretsByNameAndARN: writers who call one secret by different names
// exclude each other all the same.
func TestSecretsByNameAndARN(t *testing.T) {
	s, sim := secrets(t)
	arn := sim.Create("value")
	version, err := s.WriteIfUnchanged(t.Context(), "value", []byte("by name"), store.Absent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteIfUnchanged(t.Context(), arn, []byte("by ARN"), store.Absent); !errors.Is(err, store.ErrChanged) {
		t.Errorf("got %v, want %v", err, store.ErrChanged)
	}
	if got, err := s.Read(t.Context(), arn); err != nil || string(got.Data) != "by name" || got.Version != version {
		t.Errorf("got %q of version %q, %v; want \"by name\" of %q", got.Data, got.Version, err, version)
	}
}

// TestSecretsKeepTextAsText, which an operator can read, and the rest as it is.
func TestSecretsKeepTextAsText(t *testing.T) {
	s, sim := secrets(t)
	name := sim.Create("value")
	version, err := s.WriteIfUnchanged(t.Context(), name, []byte("größer"), store.Absent)
	if err != nil {
		t.Fatal(err)
	}
	get := &secretsmanager.GetSecretValueInput{SecretId: &name}
	if got, err := s.Client.GetSecretValue(t.Context(), get); err != nil || aws.ToString(got.SecretString) != "größer" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := s.WriteIfUnchanged(t.Context(), name, []byte("\xff"), version); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Client.GetSecretValue(t.Context(), get); err != nil || got.SecretString != nil || string(got.SecretBinary) != "\xff" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSecretsThatDoNotExist(t *testing.T) {
	s, _ := secrets(t)
	if _, err := s.Read(t.Context(), "none"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("read: got %v", err)
	}
	if _, err := s.WriteIfUnchanged(t.Context(), "none", []byte("x"), ""); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("write: got %v", err)
	}
}

// TestAWriteIsRepeatable: a writer whose answer was lost may write again.
func TestAWriteIsRepeatable(t *testing.T) {
	s, sim := secrets(t)
	name := sim.Create("value")
	first, err := s.WriteIfUnchanged(t.Context(), name, []byte("same"), "")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.WriteIfUnchanged(t.Context(), name, []byte("same"), ""); err != nil || again != first {
		t.Errorf("got %q, %v; want %q again", again, err, first)
	}
}

// TestTheValueBeforeStaysReadable by those who ask for AWSPREVIOUS.
func TestTheValueBeforeStaysReadable(t *testing.T) {
	s, sim := secrets(t)
	name := sim.Create("value")
	first, err := s.WriteIfUnchanged(t.Context(), name, []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteIfUnchanged(t.Context(), name, []byte("two"), first); err != nil {
		t.Fatal(err)
	}
	got, err := s.Client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name, VersionStage: aws.String("AWSPREVIOUS")})
	if err != nil || *got.SecretString != "one" || *got.VersionId != first {
		t.Errorf("got %v, %v; want \"one\"", got, err)
	}
}

func TestAnOperatorsWriteChangesTheVersion(t *testing.T) {
	s, sim := secrets(t)
	name := sim.Create("value")
	sim.Put(name, "by hand")
	value, err := s.Read(t.Context(), name)
	if err != nil || string(value.Data) != "by hand" {
		t.Fatalf("got %q, %v", value.Data, err)
	}
	if _, err := s.WriteIfUnchanged(t.Context(), name, []byte("next"), value.Version); err != nil || sim.Value(name) != "next" {
		t.Errorf("got %q, %v", sim.Value(name), err)
	}
}

func TestSecretsErrorsHoldNoValue(t *testing.T) {
	service := &faulty{Handler: &awssim.SecretsManager{}}
	server := httptest.NewServer(service)
	s := awsstore.Secrets{Client: secretsmanager.NewFromConfig(config(server.URL))}
	reply := func(status int, body string) fault {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("X-Amzn-RequestId", "REQUEST1")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, call := range map[string]func() error{
		"read secret": func() error {
			_, err := s.Read(t.Context(), "value")
			return err
		},
		"write secret": func() error {
			_, err := s.WriteIfUnchanged(t.Context(), "value", []byte(secret), store.Absent)
			return err
		},
		"list secrets": func() error {
			_, err := s.List(t.Context(), "value")
			return err
		},
	} {
		service.inject("", reply(400, `{"__type":"AccessDeniedException","Message":"not `+secret+`"}`))
		tells(t, call(), name, "400 AccessDeniedException", "REQUEST1")
		for _, broken := range []string{`{"SecretString":` + secret, `{"VersionId":{"SecretString":"` + secret + `"}}`, secret, `["` + secret + `"]`} {
			service.inject("", reply(200, broken))
			if err := call(); err != nil {
				tells(t, err, name)
			}
		}
	}
	server.Close()
	_, err := s.Read(t.Context(), "value")
	tells(t, err, "read secret", "refused")
}

func TestSecretsHaveALimit(t *testing.T) {
	s, sim := secrets(t)
	name := sim.Create("value")
	for _, data := range []string{secret, "\xff" + secret} {
		_, err := s.WriteIfUnchanged(t.Context(), name, []byte(data+strings.Repeat("x", 65536)), store.Absent)
		tells(t, err, "write secret", "400 ValidationException")
	}
	if sim.Value(name) != "" {
		t.Error("it was written")
	}
}
