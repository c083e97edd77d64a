// Package storetest holds every backend to the contract of store.Store.
package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"crmwho/internal/store"
)

// Run tests a backend. name must be one that exists, as far as the backend
// makes a difference, and was never filled.
func Run(t *testing.T, s store.Store, name string) {
	t.Helper()
	ctx := t.Context()
	if _, err := s.Read(ctx, name); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("read before the first write: got %v, want %v", err, store.ErrNotExist)
	}
	first, err := s.WriteIfUnchanged(ctx, name, []byte("one"), "")
	if err != nil || first == "" {
		t.Fatalf("first write: got version %q, %v", first, err)
	}
	if got, err := s.Read(ctx, name); err != nil || string(got.Data) != "one" || got.Version != first {
		t.Errorf("got %q of %q, %v; want \"one\" of %q", got.Data, got.Version, err, first)
	}
	if _, err := s.WriteIfUnchanged(ctx, name, []byte("other"), ""); !errors.Is(err, store.ErrChanged) {
		t.Errorf("second first write: got %v, want %v", err, store.ErrChanged)
	}
	second, err := s.WriteIfUnchanged(ctx, name, []byte("two"), first)
	if err != nil || second == first {
		t.Errorf("second write: got version %q after %q, %v", second, first, err)
	}
	if _, err := s.WriteIfUnchanged(ctx, name, []byte("three"), first); !errors.Is(err, store.ErrChanged) {
		t.Errorf("write over an older version: got %v, want %v", err, store.ErrChanged)
	}
	if got, err := s.Read(ctx, name); err != nil || string(got.Data) != "two" || got.Version != second {
		t.Errorf("got %q of %q, %v; want \"two\" of %q", got.Data, got.Version, err, second)
	}
	race(t, s, name, second)
}

// race lets writers who read the same version write at once.
func race(t *testing.T, s store.Store, name, version string) {
	t.Helper()
	const writers = 8
	versions := make([]string, writers)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			versions[i], errs[i] = s.WriteIfUnchanged(t.Context(), name, fmt.Appendf(nil, "writer %d", i), version)
		})
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, store.ErrChanged):
			t.Errorf("writer %d after writer %d: got %v, want %v", i, won, err, store.ErrChanged)
		}
	}
	if won < 0 {
		t.Fatal("nobody wrote")
	}
	if got, err := s.Read(t.Context(), name); err != nil || string(got.Data) != fmt.Sprintf("writer %d", won) || got.Version != versions[won] {
		t.Errorf("got %q, %v; want what writer %d wrote", got.Data, err, won)
	}
}
