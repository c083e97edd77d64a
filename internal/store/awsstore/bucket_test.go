package awsstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/store"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/store/storetest"
)

// bucket is a store over the real SDK, and the S3 behind it.
func bucket(t *testing.T) (awsstore.Bucket, *faulty) {
	t.Helper()
	service := &faulty{Handler: gofakes3.New(s3mem.New()).Server()}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return newBucket(t, s3.NewFromConfig(config(server.URL))), service
}

func newBucket(t *testing.T, client *s3.Client) awsstore.Bucket {
	t.Helper()
	b := awsstore.Bucket{Client: client, Name: "crmwho"}
	in := &s3.CreateBucketInput{
		Bucket:                    &b.Name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: awssim.Region},
	}
	if _, err := client.CreateBucket(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return b
}

// filled is a bucket with one value.
func filled(t *testing.T) (b awsstore.Bucket, service *faulty, version string) {
	t.Helper()
	b, service = bucket(t)
	version, err := b.WriteIfUnchanged(t.Context(), "value", []byte(secret), store.Absent)
	if err != nil {
		t.Fatal(err)
	}
	return b, service, version
}

func holds(t *testing.T, s store.Store, data, version string) {
	t.Helper()
	got, err := s.Read(t.Context(), "value")
	if err != nil || string(got.Data) != data || got.Version != version {
		t.Errorf("got %q of version %q, %v; want %q of %q", got.Data, got.Version, err, data, version)
	}
}

func TestBucket(t *testing.T) {
	b, _ := bucket(t)
	storetest.Run(t, b, nil)
}

func TestBucketListsEveryPage(t *testing.T) {
	b, service := bucket(t)
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprint("list/", i))
		if _, err := b.WriteIfUnchanged(t.Context(), want[i], []byte(secret), store.Absent); err != nil {
			t.Fatal(err)
		}
	}
	byThree := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		query := r.URL.Query()
		query.Set("max-keys", "3")
		r.URL.RawQuery = query.Encode()
		next.ServeHTTP(w, r)
	}
	service.inject(http.MethodGet, byThree, byThree, byThree)
	if got, err := b.List(t.Context(), "list/"); err != nil || !slices.Equal(got, want) || service.left() > 0 {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	service.inject(http.MethodGet, byThree, answer(403, "AccessDenied"))
	names, err := b.List(t.Context(), "list/")
	if tells(t, err, "list objects", "403 AccessDenied", "REQUEST1"); names != nil {
		t.Errorf("got a part of the names: %q", names)
	}
}

// TestBucketReadIsForbidden also where there is no such key, to those who may
// not list the bucket.
func TestBucketReadIsForbidden(t *testing.T) {
	b, service := bucket(t)
	service.inject(http.MethodGet, answer(403, "AccessDenied"))
	_, err := b.Read(t.Context(), "value")
	tells(t, err, "not allowed", "there is none and s3:ListBucket is missing", "403 AccessDenied", "REQUEST1")
	if errors.Is(err, store.ErrNotExist) {
		t.Errorf("got %v, which says that there is none", err)
	}
}

func TestBucketReadFails(t *testing.T) {
	b, service, version := filled(t)
	service.inject(http.MethodGet, truncated)
	_, err := b.Read(t.Context(), "value")
	tells(t, err, "read object", "EOF")

	service.inject(http.MethodGet, answer(404, "NoSuchBucket"))
	_, err = b.Read(t.Context(), "value")
	if tells(t, err, "read object", "404 NoSuchBucket"); errors.Is(err, store.ErrNotExist) {
		t.Errorf("got %v, which says that there is no value", err)
	}

	service.inject(http.MethodGet, answer(500, "InternalError"), lost)
	holds(t, b, secret, version) // the SDK asks again
	if service.left() > 0 {
		t.Error("the faults were not met")
	}
}

func TestBucketIsOutOfReach(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	b := awsstore.Bucket{Client: s3.NewFromConfig(config(server.URL)), Name: "crmwho"}
	_, err := b.Read(t.Context(), "value")
	tells(t, err, "read object", "refused")
	_, err = b.WriteIfUnchanged(t.Context(), "value", []byte(secret), store.Absent)
	tells(t, err, "write object", "refused")
	_, err = b.List(t.Context(), "value")
	tells(t, err, "list objects", "refused")
}

func TestBucketHasALimit(t *testing.T) {
	b, service := bucket(t)
	service.inject(http.MethodGet, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for range 65 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})
	_, err := b.Read(t.Context(), "value")
	tells(t, err, "read object", "64 MB")
	_, err = b.WriteIfUnchanged(t.Context(), "value", make([]byte, 64<<20+1), store.Absent)
	tells(t, err, "write object", "64 MB")
}

// TestBucketWriteMeetsAConflict: S3 refuses a write during another one, and
// wants it tried again.
func TestBucketWriteMeetsAConflict(t *testing.T) {
	conflict := answer(409, "ConditionalRequestConflict")
	b, service, version := filled(t)
	service.inject(http.MethodPut, conflict)
	next, err := b.WriteIfUnchanged(t.Context(), "value", []byte(secret+" 2"), version)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, b, secret+" 2", next)

	service.inject(http.MethodPut, slices.Repeat([]fault{conflict}, 99)...)
	if _, err := b.WriteIfUnchanged(t.Context(), "value", []byte(secret+" 3"), next); !errors.Is(err, store.ErrChanged) {
		t.Errorf("for ever: got %v, want %v", err, store.ErrChanged)
	}
	if tries := 99 - service.left(); tries < 2 || tries > 5 {
		t.Errorf("tried %d times", tries)
	}
	holds(t, b, secret+" 2", next)

	ctx, cancel := context.WithCancel(t.Context())
	service.inject(http.MethodPut, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		cancel()
		conflict(w, r, next)
	}, conflict)
	if _, err := b.WriteIfUnchanged(ctx, "value", []byte(secret+" 3"), next); !errors.Is(err, context.Canceled) {
		t.Errorf("without time: got %v, want %v", err, context.Canceled)
	}
	if service.left() != 1 {
		t.Error("tried again without time")
	}
}

func TestBucketWriteIsRefused(t *testing.T) {
	for _, refusal := range []fault{answer(412, "PreconditionFailed"), answer(404, "NoSuchKey")} {
		b, service, version := filled(t)
		service.inject(http.MethodPut, refusal)
		if _, err := b.WriteIfUnchanged(t.Context(), "value", []byte("mine"), version); !errors.Is(err, store.ErrChanged) {
			t.Errorf("got %v, want %v", err, store.ErrChanged)
		}
		service.inject(http.MethodPut, refusal)
		if _, err := b.WriteIfUnchanged(t.Context(), "none", []byte("mine"), version); !errors.Is(err, store.ErrChanged) {
			t.Errorf("where there is nothing any more: got %v, want %v", err, store.ErrChanged)
		}
		service.inject("", refusal, answer(403, "AccessDenied"))
		_, err := b.WriteIfUnchanged(t.Context(), "value", []byte("mine"), version)
		tells(t, err, "write was refused", "AccessDenied")
	}
}

// TestBucketWriteOverNothing: a version that was read of a value which was
// deleted since writes nothing.
func TestBucketWriteOverNothing(t *testing.T) {
	b, _, version := filled(t)
	name := "value"
	if _, err := b.Client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.Name, Key: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WriteIfUnchanged(t.Context(), name, []byte("next"), version); !errors.Is(err, store.ErrChanged) {
		t.Errorf("got %v, want %v", err, store.ErrChanged)
	}
}

// TestBucketWriteWhoseAnswerIsLost is repeated by the SDK, meets what it wrote
// itself, and has succeeded.
func TestBucketWriteWhoseAnswerIsLost(t *testing.T) {
	b, service := bucket(t)
	service.inject(http.MethodPut, lost)
	first, err := b.WriteIfUnchanged(t.Context(), "value", []byte(secret), store.Absent)
	if err != nil || service.left() > 0 {
		t.Fatalf("first write: %v", err)
	}
	holds(t, b, secret, first)
	service.inject(http.MethodPut, lost, answer(500, "InternalError"))
	second, err := b.WriteIfUnchanged(t.Context(), "value", []byte(secret+" 2"), first)
	if err != nil || service.left() > 0 {
		t.Fatalf("second write: %v", err)
	}
	holds(t, b, secret+" 2", second)
}

func TestBucketWriteFails(t *testing.T) {
	b, service, version := filled(t)
	service.inject(http.MethodPut, answer(403, "AccessDenied"))
	_, err := b.WriteIfUnchanged(t.Context(), "value", []byte(secret+" 2"), version)
	tells(t, err, "write object", "403 AccessDenied", "REQUEST1")
	service.inject(http.MethodPut, slices.Repeat([]fault{answer(503, "SlowDown")}, 99)...)
	_, err = b.WriteIfUnchanged(t.Context(), "value", []byte(secret+" 2"), version)
	if tells(t, err, "503 SlowDown"); errors.Is(err, store.ErrChanged) {
		t.Errorf("got %v, which blames another writer", err)
	}
	service.inject("")
	holds(t, b, secret, version)
	if _, err := b.WriteIfUnchanged(t.Context(), strings.Repeat("x", 2000), []byte(secret), store.Absent); err == nil {
		t.Error("a name longer than S3 takes: got no error")
	}
}
