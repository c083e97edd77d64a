// Package store keeps named values with versions: secrets today.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
)

var (
	// ErrNotExist says that there is no value of that name, or that it was
	// never filled.
	ErrNotExist = errors.New("no value")
	// ErrChanged says that the value is no longer the one that was read.
	ErrChanged = errors.New("value has changed")
)

// Value is a value as it was read.
type Value struct {
	Data    []byte
	Version string // names this state of the value; empty for a value that does not exist
}

// Store keeps values by name. Implementations are safe for concurrent use, and
// no error of theirs holds a value.
type Store interface {
	// Read gives the current value, or ErrNotExist.
	Read(ctx context.Context, name string) (Value, error)
	// WriteIfUnchanged replaces the value if its version is still the given
	// one, where the empty version stands for a value that does not exist, and
	// gives the new version. Otherwise nothing is written and the error is
	// ErrChanged. Of two writers who read the same version one succeeds, unless
	// they write the same data: then both may. Only writes through the Store
	// exclude each other; what somebody wrote past it may be overwritten.
	WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error)
}

// Memory is a Store that lasts as long as the process. Its zero value is empty
// and ready.
type Memory struct {
	mu     sync.Mutex
	values map[string]Value
}

// Read implements Store.
func (m *Memory) Read(_ context.Context, name string) (Value, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[name]
	if !ok {
		return Value{}, ErrNotExist
	}
	return v, nil
}

// WriteIfUnchanged implements Store.
func (m *Memory) WriteIfUnchanged(_ context.Context, name string, data []byte, version string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values[name].Version != version {
		return "", ErrChanged
	}
	if m.values == nil {
		m.values = map[string]Value{}
	}
	m.values[name] = Value{Data: data, Version: rand.Text()}
	return m.values[name].Version, nil
}
