package awsstore_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

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
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("moto is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, path, "-H", "127.0.0.1", "-p", "0")
	cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel() // kills it
		_ = cmd.Wait()
	})
	return address(t, log)
}

// address is the URL in the log of a server that has just started. The rest of
// the log is thrown away, so that it does not fill the pipe.
func address(t *testing.T, log io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "Running on "); ok {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return strings.TrimSpace(url)
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("moto does not start: %q", said)
	return ""
}

// oneAtATime answers a request before it sends the next.
type oneAtATime struct{ mu sync.Mutex }

func (o *oneAtATime) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}
