package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"crmwho/internal/store"
)

const (
	// secretsTTL is how long signing secrets are kept before they are read again.
	secretsTTL = 5 * time.Minute
	// rereadTimeout bounds reading them again: the answer's time is short, and
	// the kept ones will do.
	rereadTimeout = 300 * time.Millisecond
	// rereadPause is how long a failed reading is not tried again.
	rereadPause = time.Minute
)

// slackSecret is the value that an operator fills.
type slackSecret struct {
	SigningSecrets []string `json:"signing_secrets"`
}

// StoredSecrets reads Slack's signing secrets from a store and keeps them for
// five minutes, or for as long as they cannot be read again. A value that was
// never filled gives none and is not kept.
func StoredSecrets(s store.Store, name string) func(context.Context) ([]string, error) {
	var mu sync.Mutex
	var kept []string
	var until time.Time
	return func(ctx context.Context) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(until) {
			return kept, nil
		}
		if len(kept) > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, rereadTimeout)
			defer cancel()
		}
		secrets, err := readSecrets(ctx, s, name)
		switch {
		case err != nil && len(kept) > 0:
			until = time.Now().Add(rereadPause)
			return kept, nil
		case err == nil && len(secrets) > 0:
			until = time.Now().Add(secretsTTL)
		}
		kept = secrets
		return kept, err
	}
}

func readSecrets(ctx context.Context, s store.Store, name string) ([]string, error) {
	value, err := s.Read(ctx, name)
	if errors.Is(err, store.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Slack secret: %w", err)
	}
	var secret slackSecret
	if json.Unmarshal(value.Data, &secret) != nil { // its error text would quote the secret
		return nil, errors.New("read Slack secret: not a JSON object with signing_secrets")
	}
	return slices.DeleteFunc(secret.SigningSecrets, func(s string) bool { return s == "" }), nil
}
