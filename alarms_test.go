package crmwho_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/token"
)

// sample is a value of a metric, as a line of the log tells it.
type sample struct {
	metric, dimensions string // the latter such as "function=TokenRefresh class=dead"
	value              float64
	at                 time.Time
}

// samples are those of a log, as CloudWatch takes them.
func samples(t *testing.T, log []byte) (all []sample) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var values map[string]any
		var embedded struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal(line, &values); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		_ = json.Unmarshal(line, &embedded) // a line without metrics has none
		for _, d := range embedded.AWS.CloudWatchMetrics {
			for _, m := range d.Metrics {
				value, ok := values[m.Name].(float64)
				for _, names := range d.Dimensions {
					if ok && d.Namespace == "crmwho" {
						all = append(all, sample{m.Name, dimensions(values, names), value, time.UnixMilli(embedded.AWS.Timestamp)})
					}
				}
			}
		}
	}
	return all
}

func dimensions(values map[string]any, names []string) string {
	var said []string
	for _, name := range names {
		said = append(said, fmt.Sprintf("%s=%v", name, values[name]))
	}
	return strings.Join(said, " ")
}

// rings reports whether an alarm would be in alarm at the end of a time.
// Source: AWS's documentation, "Using Amazon CloudWatch alarms".
func (a alarm) rings(all []sample, from, to time.Time) bool {
	var wanted []string
	for _, d := range a.Dimensions {
		wanted = append(wanted, d.Name+"="+d.Value)
	}
	rings, period := false, time.Duration(a.Period)*time.Second
	row := 0
	for start := from; !start.Add(period).After(to); start = start.Add(period) {
		var values []float64
		for _, s := range all {
			if s.metric == a.MetricName && s.dimensions == strings.Join(wanted, " ") && !s.at.Before(start) && s.at.Before(start.Add(period)) {
				values = append(values, s.value)
			}
		}
		switch {
		case len(values) == 0 && a.TreatMissingData == "ignore":
			continue
		case a.breaches(values):
			row++
		default:
			row = 0
		}
		rings = row >= a.EvaluationPeriods
	}
	return rings
}

func (a alarm) breaches(values []float64) bool {
	if len(values) == 0 {
		return a.TreatMissingData == "breaching"
	}
	value := 0.0
	switch a.Statistic {
	case "Minimum":
		value = slices.Min(values)
	case "Maximum":
		value = slices.Max(values)
	case "Sum":
		for _, v := range values {
			value += v
		}
	}
	if a.ComparisonOperator == "LessThanThreshold" {
		return value < a.Threshold
	}
	return value >= a.Threshold
}

// alarms are the template's.
func (tpl template) alarms() map[string]alarm {
	found := map[string]alarm{}
	for id, r := range tpl.Resources {
		if r.Type == "AWS::CloudWatch::Alarm" {
			found[id] = r.Properties.alarm
		}
	}
	return found
}

// TestAlarmsRing on bad days of token-refresh, and not on good ones: the
// function's own lines are what they are fed with.
func TestAlarmsRing(t *testing.T) {
	alarms := readTemplate(t).alarms()
	for id, a := range alarms {
		if a.Namespace != "crmwho" || !slices.Equal(a.AlarmActions, []string{"Alerts"}) {
			t.Errorf("%s: got %+v", id, a)
		}
	}
	for name, day := range map[string]struct {
		fault   zohosim.FaultKind
		stopped bool // nothing runs any more
		empty   bool // nobody has set it up
		lasts   time.Duration
		want    []string
	}{
		"all is well":       {lasts: 3 * time.Hour},
		"a short outage":    {fault: zohosim.InternalError, lasts: 50 * time.Minute, want: nil},
		"a long outage":     {fault: zohosim.InternalError, lasts: 70 * time.Minute, want: []string{"TokenLifeAlarm"}},
		"a longer one":      {fault: zohosim.InternalError, lasts: 3 * time.Hour, want: []string{"TokenLifeAlarm", "TokenSilentAlarm"}},
		"a dead grant":      {fault: zohosim.InvalidCode, lasts: 40 * time.Minute, want: []string{"TokenLatchedAlarm"}},
		"a grant long dead": {fault: zohosim.InvalidCode, lasts: 3 * time.Hour, want: []string{"TokenLatchedAlarm", "TokenLifeAlarm", "TokenSilentAlarm"}},
		"nonsense":          {fault: zohosim.HTML, lasts: 40 * time.Minute, want: nil}, // a gateway's 502
		"an unknown answer": {fault: zohosim.Empty, lasts: 40 * time.Minute, want: []string{"TokenUnknownAlarm"}},
		"nothing runs":      {stopped: true, lasts: time.Hour, want: []string{"TokenSilentAlarm"}},
		"nobody has set up": {empty: true, lasts: time.Hour, want: []string{"TokenSilentAlarm"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			keeper, crm := keeperOf(t, &log, !day.empty)
			from := time.Now()
			_, _ = keeper.Run(t.Context(), token.Request{})
			if day.fault != "" {
				if err := crm.AddFault(zohosim.Fault{Path: "/oauth/", Kind: day.fault}); err != nil {
					t.Fatal(err)
				}
			}
			for time.Since(from) < day.lasts {
				time.Sleep(10 * time.Minute)
				if !day.stopped {
					_, _ = keeper.Run(t.Context(), token.Request{})
				}
			}
			var got []string
			all := samples(t, log.Bytes())
			for id, a := range alarms {
				if a.rings(all, from, time.Now().Add(time.Minute)) {
					got = append(got, id)
				}
			}
			if slices.Sort(got); !slices.Equal(got, day.want) {
				t.Errorf("%s: rings %q, want %q", name, got, day.want)
			}
		})
	}
}

// keeperOf is a Keeper that writes lines as token-refresh does.
func keeperOf(t *testing.T, log *bytes.Buffer, setUp bool) (*token.Keeper, *zohosim.Zoho) {
	crm := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu"})
	keeper := &token.Keeper{
		Store: &store.Memory{}, ClientName: "oauth-client", TokenName: "access-token", HTTP: &http.Client{Transport: crm},
		Function: "TokenRefresh", Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	if setUp {
		c := token.Client{ClientID: crm.ClientID, ClientSecret: crm.ClientSecret, RefreshToken: crm.RefreshToken, AccountsServer: "https://accounts.zoho.eu"}
		if err := token.WriteClient(t.Context(), keeper.Store, keeper.ClientName, c); err != nil {
			t.Fatal(err)
		}
	}
	return keeper, crm
}
