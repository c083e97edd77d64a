package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crmwho/internal/store"
)

// AuditUnderWay is an audit that was begun and is not finished.
type AuditUnderWay struct {
	Run   string // as audit.Record has it
	Began time.Time
	Held  bool // somebody is at it just now
}

// Unfinished reads which of the latest audits are not finished, the oldest first.
// It changes nothing.
func Unfinished(ctx context.Context, claims store.Store) ([]AuditUnderWay, error) {
	b := &Bot{Claims: claims}
	names, err := claims.List(ctx, auditRuns)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotKept, err)
	}
	var all []AuditUnderWay
	for _, name := range names[max(0, len(names)-mended):] {
		id := strings.TrimPrefix(name, auditRuns)
		run, _, err := b.readRun(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotKept, err)
		}
		if !run.Done {
			all = append(all, AuditUnderWay{id, run.Began, run.held(wallClock())})
		}
	}
	return all, nil
}
