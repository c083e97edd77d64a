package bot

import (
	"log/slog"
	"time"
)

// namespace is where CloudWatch shows the metrics.
const namespace = "crmwho"

// embedded makes of a log line one that CloudWatch takes metrics from: those of
// its top-level values that are named here.
// Source: AWS's documentation, "Specification: Embedded metric format".
type embedded struct {
	Timestamp         int64       `json:"Timestamp"` // in milliseconds
	CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string     `json:"Namespace"`
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []metric   `json:"Metrics"`
}

type metric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// What lines tell, by the names of their values.
var (
	answerMetrics = []metric{
		{"total_ms", "Milliseconds"}, {"cold", "Count"}, {"stale", "Count"}, {"zoho_calls", "Count"}, {"zoho_errors", "Count"},
	}
	firstReplyMetrics = []metric{{"first_reply_ms", "Milliseconds"}}
	handedOverMetrics = []metric{{"first_reply_ms", "Milliseconds"}, {"cold", "Count"}, {"zoho_calls", "Count"}, {"zoho_errors", "Count"}}
	jobMetrics        = []metric{{"failed", "Count"}, {"cold", "Count"}, {"zoho_calls", "Count"}, {"zoho_errors", "Count"}}
	refusedMetrics    = []metric{{"refused", "Count"}}
)

// metrics are the attributes that embed metrics in a line, by function, and by
// function and each further dimension; none where there is nobody to read them.
func (b *Bot) metrics(named []metric, further ...string) []slog.Attr {
	if b.Function == "" {
		return nil
	}
	dimensions := [][]string{{"function"}}
	for _, name := range further {
		dimensions = append(dimensions, []string{"function", name})
	}
	return []slog.Attr{
		slog.String("function", b.Function),
		slog.Any("_aws", embedded{time.Now().UnixMilli(), []directive{{namespace, dimensions, named}}}),
	}
}

// count is a flag as metrics take it.
func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
