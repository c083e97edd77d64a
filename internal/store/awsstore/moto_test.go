package awsstore_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/store/storetest"
)

// TestMoto holds the stores to the contract, and so our simulators and gofakes3
// to somebody else's idea of AWS, where moto is installed.
func TestMoto(t *testing.T) {
	cfg := config(moto(t))
	cfg.HTTPClient = &http.Client{Transport: &oneAtATime{}} // moto does not check and write in one step
	t.Run("Bucket", func(t *testing.T) {
		storetest.Run(t, newBucket(t, s3.NewFromConfig(cfg)), nil)
	})
	t.Run("Secrets", func(t *testing.T) {
		s := awsstore.Secrets{Client: secretsmanager.NewFromConfig(cfg)}
		storetest.Run(t, s, func(wanted string) string {
			name := secretName(wanted)
			if _, err := s.Client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name}); err != nil {
				t.Fatal(err)
			}
			return name
		})
	})
}

// moto starts moto_server and gives its URL.
func moto(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	t.Cleanup(cancel)
	url, err := awssim.StartMoto(ctx)
	if errors.Is(err, awssim.ErrNoMoto) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// oneAtATime answers a request before it sends the next.
type oneAtATime struct{ mu sync.Mutex }

func (o *oneAtATime) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}
