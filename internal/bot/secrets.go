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

// secretsTTL is how long signing secrets are kept before they are read again.
const secretsTTL = 5 * time.Minute

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
	var readAt time.Time
	return func(ctx context.Context) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(kept) > 0 && time.Since(readAt) < secretsTTL {
			return kept, nil
		}
		value, err := s.Read(ctx, name)
		if errors.Is(err, store.ErrNotExist) {
			return nil, nil
		}
		if err != nil && len(kept) > 0 {
			return kept, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read Slack secret: %w", err)
		}
		var secret slackSecret
		if json.Unmarshal(value.Data, &secret) != nil { // its error text would quote the secret
			return nil, errors.New("read Slack secret: not a JSON object with signing_secrets")
		}
		kept = slices.DeleteFunc(secret.SigningSecrets, func(s string) bool { return s == "" })
		readAt = time.Now()
		return kept, nil
	}
}
