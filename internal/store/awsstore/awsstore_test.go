package awsstore_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crmwho/internal/sim/awssim"
)

// config leads the real SDK to url. It tries again without a pause.
func config(url string) aws.Config {
	return aws.Config{
		Region:       awssim.Region,
		BaseEndpoint: &url,
		Credentials:  credentials.NewStaticCredentialsProvider("sample", "sample", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

// fault answers a request in the place of the service, which is next.
type fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// faulty is a service in front of which faults answer the first requests of a
// kind.
type faulty struct {
	http.Handler
	mu     sync.Mutex
	method string // of the requests that meet the faults; empty: all
	faults []fault
}

// inject has the next requests of a method meet the faults, one each.
func (f *faulty) inject(method string, faults ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.method, f.faults = method, faults
}

func (f *faulty) next(method string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults) == 0 || f.method != "" && f.method != method {
		return nil
	}
	first := f.faults[0]
	f.faults = f.faults[1:]
	return first
}

// left is how many faults nobody met.
func (f *faulty) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.faults)
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if meet := f.next(r.Method); meet != nil {
		meet(w, r, f.Handler)
		return
	}
	f.Handler.ServeHTTP(w, r)
}

// secret is in everything that a test stores and in every error's message, so
// that it shows where one of them is told.
const secret = "s3cret"

// answer is S3's error of that status and code.
func answer(status int, code string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("X-Amz-Request-Id", "REQUEST1")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>" + secret + "</Message></Error>"))
	}
}

// lost lets the request happen and cuts the connection instead of answering.
func lost(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// truncated cuts the connection in the middle of the answer's body.
func truncated(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	for key, values := range whole.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// tells fails unless err says all of want, and neither the secret nor a URL.
func tells(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want %q", want)
		return
	}
	for _, word := range want {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want %q in it", err, word)
		}
	}
	for _, never := range []string{secret, "http:", "https:", "127.0.0.1/"} {
		if strings.Contains(err.Error(), never) {
			t.Errorf("the error tells %q: %v", never, err)
		}
	}
}
