package crmwho_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/metrics"
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
		if len(values) == 0 && a.filled {
			values = []float64{a.fill}
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
	switch a.Statistic + a.ExtendedStatistic {
	case "p95":
		slices.Sort(values)
		value = values[(len(values)*95+99)/100-1]
	case "Minimum":
		value = slices.Min(values)
	case "Maximum":
		value = slices.Max(values)
	case "Sum":
		for _, v := range values {
			value += v
		}
	}
	threshold, err := strconv.ParseFloat(a.Threshold, 64)
	if err != nil {
		panic(err) // a template that has no number there cannot be deployed
	}
	switch a.ComparisonOperator {
	case "LessThanThreshold":
		return value < threshold
	case "GreaterThanThreshold":
		return value > threshold
	}
	return value >= threshold
}

// flat is an alarm of a metric whose gaps are filled as one of that metric, which
// knows with what.
func (a alarm) flat() alarm {
	if len(a.Metrics) != 2 {
		return a
	}
	told, filled := a.Metrics[0], a.Metrics[1]
	if _, err := fmt.Sscanf(filled.Expression, "FILL("+told.ID+", %f)", &a.fill); err != nil || *told.ReturnData || a.DatapointsToAlarm != a.EvaluationPeriods || a.EvaluationPeriods < 2 {
		panic(fmt.Sprintf("an alarm of another kind: %+v, %v", a, err)) // or one that takes a period that has just begun for silence
	}
	a.Namespace, a.MetricName, a.Dimensions = told.MetricStat.Metric.Namespace, told.MetricStat.Metric.MetricName, told.MetricStat.Metric.Dimensions
	a.Period, a.Statistic, a.filled = told.MetricStat.Period, told.MetricStat.Stat, true
	return a
}

// alarms are the template's, with its parameters as they are unless told.
func (tpl template) alarms() map[string]alarm {
	found := map[string]alarm{}
	for id, r := range tpl.Resources {
		if r.Type == "AWS::CloudWatch::Alarm" {
			a := r.Properties.alarm.flat()
			a.Threshold = tpl.withDefaults(a.Threshold)
			found[id] = a
		}
	}
	return found
}

// ringing are the alarms of one function that would be in alarm at the end of a
// time, in order.
func (tpl template) ringing(function string, all []sample, from, to time.Time) (ids []string) {
	for id, a := range tpl.alarms() {
		if a.Dimensions[0].Value == function && a.rings(all, from, to) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// ofAWS are the metrics that AWS makes by itself and alarms look at, by
// namespace, with the dimension that says of what.
// Source: AWS's documentation of the metrics of HTTP APIs, Lambda and SQS.
var ofAWS = map[string]struct{ dimension, of string }{
	"AWS/ApiGateway 5xx": {"ApiId", "AWS::Serverless::HttpApi"}, "AWS/ApiGateway 4xx": {"ApiId", "AWS::Serverless::HttpApi"},
	"AWS/Lambda Errors": {"FunctionName", "AWS::Serverless::Function"}, "AWS/Lambda Throttles": {"FunctionName", "AWS::Serverless::Function"},
	"AWS/SQS ApproximateNumberOfMessagesVisible": {"QueueName", "AWS::SQS::Queue"},
}

// TestAlarmsTell the topic, of what the functions count or AWS does, and say what
// to make of it. Where nobody tells a metric of AWS's there is nothing wrong.
func TestAlarmsTell(t *testing.T) {
	tpl := readTemplate(t)
	want := []any{[]any{"OwnTopic", "Alerts", "AlertTopic"}}
	for id, a := range tpl.alarms() {
		if !reflect.DeepEqual(a.AlarmActions, want) || len(a.Dimensions) == 0 || len(a.AlarmDescription) < 50 {
			t.Errorf("%s: got %+v", id, a)
			continue
		}
		of, known := ofAWS[a.Namespace+" "+a.MetricName]
		if a.Namespace == "crmwho" {
			of, known = struct{ dimension, of string }{"function", "AWS::Serverless::Function"}, true
		} else if a.TreatMissingData != "notBreaching" {
			t.Errorf("%s: missing data is %s", id, a.TreatMissingData)
		}
		about, _, _ := strings.Cut(a.Dimensions[0].Value, ".")
		if !known || a.Dimensions[0].Name != of.dimension || tpl.Resources[about].Type != of.of {
			t.Errorf("%s: got %+v", id, a)
		}
	}
}

// TestAlarmsRing on bad days of token-refresh, and not on good ones: the
// function's own lines are what they are fed with.
func TestAlarmsRing(t *testing.T) {
	tpl := readTemplate(t)
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
			got := tpl.ringing("TokenRefresh", samples(t, log.Bytes()), from, time.Now().Add(time.Minute))
			if !slices.Equal(got, day.want) {
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

// queryDay is one on which directory-sync runs every ten minutes, and the audit
// when it is due.
type queryDay struct {
	age    time.Duration // of the last audit at the start; zero: there was none
	fails  time.Duration // until when each run of the audit fails, one every ten minutes
	audit  time.Duration // when one is posted; zero: never
	silent bool          // directory-sync does not run
	broken bool          // it runs and fails
	empty  bool          // there is no list of people
	slow   int           // of a hundred first replies in ten minutes, those that take 2.5 seconds
	lasts  time.Duration
}

// TestAlarmsOfUsersQueryRing on bad days, and on no other.
func TestAlarmsOfUsersQueryRing(t *testing.T) {
	const hour, minute = time.Hour, time.Minute
	failed, age, people, slow := []string{"AuditFailedAlarm"}, []string{"AuditAgeAlarm"}, []string{"PeopleAgeAlarm"}, []string{"AnswerTimeAlarm"}
	tpl := readTemplate(t)
	for name, day := range map[string]struct {
		queryDay
		want []string
	}{
		"all is well":                {queryDay{age: hour, lasts: 24 * hour}, nil},
		"the day after a week":       {queryDay{age: 7 * 24 * hour, lasts: 24 * hour}, nil},
		"as old as it may be":        {queryDay{age: 191*hour + 10*minute, lasts: hour}, nil},
		"an audit was not made":      {queryDay{age: 190 * hour, lasts: 4 * hour}, age},
		"it was made in the end":     {queryDay{age: 190 * hour, audit: 4 * hour, lasts: 6 * hour}, nil},
		"there was none yet":         {queryDay{lasts: 2 * hour}, age},
		"nothing runs":               {queryDay{age: hour, silent: true, lasts: 2 * hour}, slices.Concat(age, people)},
		"nothing runs for a while":   {queryDay{age: hour, silent: true, lasts: 50 * minute}, nil},
		"the sync fails for an hour": {queryDay{age: hour, broken: true, lasts: hour}, nil},
		"the sync fails":             {queryDay{age: hour, broken: true, lasts: 2 * hour}, people},
		"nobody has set up":          {queryDay{empty: true, lasts: 2 * hour}, slices.Concat(age, people)},
		"some replies are slow":      {queryDay{age: hour, slow: 4, lasts: hour}, nil},
		"one in twenty is slow":      {queryDay{age: hour, slow: 6, lasts: hour}, slow},
		"they are for a short time":  {queryDay{age: hour, slow: 6, lasts: 20 * minute}, nil},
		"runs fail":                  {queryDay{age: 168 * hour, fails: 20 * minute, lasts: 20 * minute}, failed},
		"the next one mends it":      {queryDay{age: 168 * hour, fails: 10 * minute, audit: 20 * minute, lasts: 2 * hour}, nil},
		"all runs fail for a day":    {queryDay{age: 168 * hour, fails: 26 * hour, lasts: 26 * hour}, slices.Concat(age, failed)},
		"and an hour later":          {queryDay{age: 168 * hour, fails: 25 * hour, lasts: 26 * hour}, age},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			from := time.Now()
			day.play(slog.New(slog.NewJSONHandler(&log, nil)))
			if got := tpl.ringing("UsersQuery", samples(t, log.Bytes()), from, time.Now().Add(minute)); !slices.Equal(got, day.want) {
				t.Errorf("%s: rings %q, want %q", name, got, day.want)
			}
		})
	}
}

// play writes the lines of a day as users-query does.
func (d queryDay) play(log *slog.Logger) {
	start := time.Now()
	last, read := start.Add(-d.age), start
	line := func(job string, failed bool, more ...slog.Attr) {
		attrs := append([]slog.Attr{slog.String("job", job), slog.Int("failed", metrics.Count(failed))}, more...)
		attrs = append(attrs, metrics.Of("UsersQuery", metrics.Counts("failed", "audit_age_h", "snapshot_age_m", "first_reply_ms"), "job")...)
		log.LogAttrs(context.Background(), slog.LevelInfo, "job", attrs...)
	}
	for time.Since(start) < d.lasts {
		time.Sleep(10 * time.Minute)
		now := time.Since(start)
		if now <= d.fails || now == d.audit {
			line("admin-audit", now <= d.fails)
		}
		if now == d.audit {
			last = time.Now()
		}
		if !d.broken {
			read = time.Now()
		}
		var ages []slog.Attr
		if d.age > 0 {
			ages = append(ages, slog.Float64("audit_age_h", time.Since(last).Hours()))
		}
		if !d.empty {
			ages = append(ages, slog.Float64("snapshot_age_m", time.Since(read).Minutes()))
		}
		if !d.silent {
			line("directory-sync", d.broken, ages...)
		}
		for i := range 100 {
			took := 90
			if i < d.slow {
				took = 2500
			}
			line("", false, slog.Int("first_reply_ms", took))
		}
	}
}
