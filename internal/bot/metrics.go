package bot

import (
	"log/slog"
	"slices"

	"crmwho/internal/metrics"
)

// What lines tell, by the names of their values.
var (
	callMetrics       = metrics.Counts("cold", "zoho_calls", "zoho_errors", "zoho_credits")
	answerMetrics     = slices.Concat(metrics.Milliseconds("total_ms"), metrics.Counts("stale"), callMetrics)
	firstReplyMetrics = metrics.Milliseconds("first_reply_ms")
	handedOverMetrics = slices.Concat(firstReplyMetrics, callMetrics)
	jobMetrics        = slices.Concat(metrics.Counts("failed"), []metrics.Metric{{Name: "snapshot_age_m", Unit: "None"}}, callMetrics)
	refusedMetrics    = metrics.Counts("refused", "unbelieved")
	auditMetrics      = []metrics.Metric{{Name: "audit_age_h", Unit: "None"}}
)

// metrics are the attributes that embed metrics in a line.
func (b *Bot) metrics(named []metrics.Metric, further ...string) []slog.Attr {
	return metrics.Of(b.Function, named, further...)
}
