package metrics_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"crmwho/internal/metrics"
)

// TestOf is what CloudWatch reads: where the metrics go, by what they are told
// apart, and when they were taken.
func TestOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where the time stands still
		var log bytes.Buffer
		named := append(metrics.Counts("failures"), append(metrics.Seconds("life_left_s"), metrics.Milliseconds("total_ms")...)...)
		attrs := append([]slog.Attr{slog.Int("failures", metrics.Count(true)), slog.String("class", "dead")}, metrics.Of("token-refresh", named, "class")...)
		slog.New(slog.NewJSONHandler(&log, nil)).LogAttrs(t.Context(), slog.LevelInfo, "line", attrs...)
		const want = `"failures":1,"class":"dead","function":"token-refresh","_aws":{"Timestamp":946684800000,"CloudWatchMetrics":[{"Namespace":"crmwho","Dimensions":[["function"],["function","class"]],` +
			`"Metrics":[{"Name":"failures","Unit":"Count"},{"Name":"life_left_s","Unit":"Seconds"},{"Name":"total_ms","Unit":"Milliseconds"}]}]}}`
		if !strings.HasSuffix(log.String(), want+"\n") {
			t.Errorf("got %s, want …%s", &log, want)
		}
	})
}

func TestOfNobody(t *testing.T) {
	if attrs := metrics.Of("", metrics.Seconds("life_left_s"), "class"); attrs != nil {
		t.Errorf("got %v", attrs)
	}
}
