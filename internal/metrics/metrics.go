// Package metrics makes CloudWatch metrics of log lines, in its embedded metric
// format: no call is made for them.
package metrics

import (
	"log/slog"
	"time"
)

// namespace is where CloudWatch shows the metrics.
const namespace = "crmwho"

// Metric is a value of a line, by the name it has there, as CloudWatch counts
// it. A line may lack it.
type Metric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"` // one of CloudWatch's
}

// Counts are metrics that are numbers of things.
func Counts(names ...string) []Metric { return in("Count", names) }

// Seconds are metrics that are times in seconds.
func Seconds(names ...string) []Metric { return in("Seconds", names) }

// Milliseconds are metrics that are times in milliseconds.
func Milliseconds(names ...string) []Metric { return in("Milliseconds", names) }

func in(unit string, names []string) []Metric {
	metrics := make([]Metric, len(names))
	for i, name := range names {
		metrics[i] = Metric{name, unit}
	}
	return metrics
}

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
	Metrics    []Metric   `json:"Metrics"`
}

// Of are the attributes that make metrics of a line: by function, and by
// function and each further value of the line. There are none without a
// function, as where nobody reads them.
func Of(function string, named []Metric, further ...string) []slog.Attr {
	if function == "" {
		return nil
	}
	dimensions := [][]string{{"function"}}
	for _, name := range further {
		dimensions = append(dimensions, []string{"function", name})
	}
	return []slog.Attr{
		slog.String("function", function),
		slog.Any("_aws", embedded{time.Now().UnixMilli(), []directive{{namespace, dimensions, named}}}),
	}
}

// Count is a flag as metrics take it.
func Count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
