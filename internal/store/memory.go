package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory is a Store that lasts as long as the process. Its zero value is empty
// and ready. It takes any name and any size, and its lists are up to date.
type Memory struct {
	mu     sync.Mutex
	values map[string]Value
}

// Read implements Store.
func (m *Memory) Read(ctx context.Context, name string) (Value, error) {
	if err := ctx.Err(); err != nil {
		return Value{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[name]
	if !ok {
		return Value{}, ErrNotExist
	}
	return Value{Data: bytes.Clone(v.Data), Version: v.Version}, nil
}

// WriteIfUnchanged implements Store.
func (m *Memory) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if len(data) == 0 {
		return "", ErrEmpty
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values[name].Version != version {
		return "", ErrChanged
	}
	if m.values == nil {
		m.values = map[string]Value{}
	}
	m.values[name] = Value{Data: bytes.Clone(data), Version: rand.Text()}
	return m.values[name].Version, nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m.values)) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names, nil
}
