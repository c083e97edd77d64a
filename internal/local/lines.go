package local

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// exchangeHeader tells the bot's server which exchange a request belongs to, so
// that the lines about it are found again. The bot does not read it.
const exchangeHeader = "X-Exchange"

type exchangeKey struct{}

func withExchange(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, exchangeKey{}, n)
}

// exchangeOf is the number of the exchange that something belongs to; zero: of
// none.
func exchangeOf(ctx context.Context) int {
	n, _ := ctx.Value(exchangeKey{}).(int)
	return n
}

// marked gives requests to a handler with the exchange that they belong to.
func marked(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.Header.Get(exchangeHeader))
		h.ServeHTTP(w, r.WithContext(withExchange(r.Context(), n)))
	})
}

// line is a line of the log, taken apart.
type line struct {
	Exchange int             `json:"exchange"` // zero: it belongs to none
	At       int64           `json:"at"`       // in milliseconds
	Level    string          `json:"level"`
	Message  string          `json:"msg"`
	Attrs    json.RawMessage `json:"attrs"` // an object
	Metrics  []measure       `json:"metrics,omitempty"`
}

// measure is a metric of a line.
type measure struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
	Unit  string          `json:"unit"`
}

// lineHandler takes each line apart and gives it on, and the whole line to
// another handler, if there is one.
type lineHandler struct {
	take  func(line)
	attrs []slog.Attr
	also  slog.Handler
}

func (h lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	if h.also != nil {
		h.also = h.also.WithAttrs(attrs)
	}
	return h
}

// WithGroup leaves lines flat: the bot has no groups.
func (h lineHandler) WithGroup(string) slog.Handler { return h }

// Handle takes a line apart as the log would have it on AWS.
func (h lineHandler) Handle(ctx context.Context, r slog.Record) error {
	var text bytes.Buffer
	r = r.Clone()
	r.AddAttrs(h.attrs...)
	if err := slog.NewJSONHandler(&text, nil).Handle(ctx, r); err != nil {
		return err
	}
	h.take(lineOf(text.Bytes(), exchangeOf(ctx), r.Time))
	if h.also == nil {
		return nil
	}
	return h.also.Handle(ctx, r)
}

// lineOf reads a line as it is written. Its metrics are those that the line
// itself declares.
func lineOf(text []byte, exchange int, at time.Time) line {
	var values map[string]json.RawMessage
	var known struct {
		Level string `json:"level"`
		Msg   string `json:"msg"`
		AWS   struct {
			CloudWatchMetrics []struct {
				Metrics []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	_ = json.Unmarshal(text, &values) // slog has written it
	_ = json.Unmarshal(text, &known)
	l := line{Exchange: exchange, At: at.UnixMilli(), Level: known.Level, Message: known.Msg}
	for _, directive := range known.AWS.CloudWatchMetrics {
		for _, m := range directive.Metrics {
			if value, has := values[m.Name]; has {
				l.Metrics = append(l.Metrics, measure{m.Name, value, m.Unit})
			}
		}
	}
	for _, name := range []string{"time", "level", "msg", "_aws"} {
		delete(values, name)
	}
	l.Attrs, _ = json.Marshal(values) // they are JSON
	return l
}
