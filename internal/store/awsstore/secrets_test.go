package awsstore_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
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
	cfg := aws.Config{
		Region:       awssim.Region,
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("sample", "sample", ""),
	}
	return awsstore.Secrets{Client: secretsmanager.NewFromConfig(cfg)}, sim
}

func TestSecrets(t *testing.T) {
	s, sim := secrets(t)
	storetest.Run(t, s, sim.Create("value"))
	storetest.Run(t, s, sim.Create("another value")) // the versions of one secret claim nothing of another
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

func TestErrorsHoldNoValue(t *testing.T) {
	s, sim := secrets(t)
	name := sim.Create("value")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.WriteIfUnchanged(ctx, name, []byte("s3cret"), "")
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
	_, err = s.WriteIfUnchanged(t.Context(), name, []byte("s3cret"+strings.Repeat("x", 65536)), "")
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
