package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"crmwho/internal/store"
)

const (
	// secretsTTL is how long the secrets are kept before they are read again.
	secretsTTL = 5 * time.Minute
	// rereadTimeout bounds reading them again: the answer's time is short, and
	// the kept ones will do.
	rereadTimeout = 300 * time.Millisecond
	// rereadPause is how long they are not read again after that failed, or
	// after a signature that they do not fit.
	rereadPause = time.Minute
)

// Secrets are what the bot and Slack share: the value that an operator fills.
type Secrets struct {
	Signing  []string `json:"signing_secrets"` // two while one replaces the other; none before the bot is set up
	BotToken string   `json:"bot_token"`       // for the Web API; empty: it is not used
}

// String keeps the secrets out of logs.
func (Secrets) String() string { return "bot.Secrets" }

// GoString keeps %#v from printing what String leaves out.
func (s Secrets) GoString() string { return s.String() }

// LogValue keeps slog from printing it.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// StoredSecrets reads Slack's secrets from a store and keeps them for five
// minutes, or for as long as none can be read again. With again they are read
// anew, unless that was done within the last minute. A value that was never
// filled gives none and is not kept. log is told of what cannot be read; nil
// stands for slog.Default.
func StoredSecrets(s store.Store, name string, log *slog.Logger) func(ctx context.Context, again bool) (Secrets, error) {
	var mu sync.Mutex
	var kept Secrets
	var readAt, triedAt time.Time // wall clock
	return func(ctx context.Context, again bool) (Secrets, error) {
		mu.Lock()
		defer mu.Unlock()
		now, known := wallClock(), len(kept.Signing) > 0
		if known && (within(now, triedAt, rereadPause) || !again && within(now, readAt, secretsTTL)) {
			return kept, nil
		}
		if known {
			triedAt = now
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, rereadTimeout)
			defer cancel()
		}
		secrets, err := readSecrets(ctx, s, name)
		if known && (err != nil || len(secrets.Signing) == 0) {
			cmp.Or(log, slog.Default()).WarnContext(ctx, "the kept secrets of Slack go on", "err", cmp.Or(err, errNoSigning))
			return kept, nil
		}
		kept, readAt = secrets, wallClock()
		return kept, err
	}
}

var errNoSigning = errors.New("read Slack secret: there are no signing_secrets any more")

// within reports whether a time is not longer ago now than that. One to come was
// told by a clock that was wrong.
func within(now, t time.Time, ago time.Duration) bool {
	age := now.Sub(t)
	return 0 <= age && age < ago
}

func readSecrets(ctx context.Context, s store.Store, name string) (Secrets, error) {
	value, err := s.Read(ctx, name)
	if errors.Is(err, store.ErrNotExist) {
		return Secrets{}, nil
	}
	if err != nil {
		return Secrets{}, fmt.Errorf("read Slack secret: %w", err)
	}
	var secrets Secrets
	if json.Unmarshal(value.Data, &secrets) != nil { // its error text would quote the secret
		return Secrets{}, errors.New("read Slack secret: not a JSON object with signing_secrets")
	}
	secrets.Signing = slices.DeleteFunc(secrets.Signing, func(s string) bool { return s == "" })
	return secrets, nil
}
