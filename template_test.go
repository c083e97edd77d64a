package crmwho_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/zoho"
)

// template is template.yaml as far as these tests read it. Tags such as !Ref
// are dropped: their arguments stay.
type template struct {
	Mappings struct {
		Zoho map[string]struct {
			AccountsURL string `yaml:"AccountsUrl"`
			CrmURL      string `yaml:"CrmUrl"`
		} `yaml:"Zoho"`
	} `yaml:"Mappings"`
	Parameters map[string]struct {
		Default        *string  `yaml:"Default"`
		Description    string   `yaml:"Description"`
		AllowedPattern string   `yaml:"AllowedPattern"`
		AllowedValues  []string `yaml:"AllowedValues"`
		MaxValue       int      `yaml:"MaxValue"`
	} `yaml:"Parameters"`
	Conditions map[string]any      `yaml:"Conditions"`
	Resources  map[string]resource `yaml:"Resources"`
}

type resource struct {
	Type       string `yaml:"Type"`
	Condition  string `yaml:"Condition"`
	Properties struct {
		alarm        `yaml:",inline"`
		FunctionName string `yaml:"FunctionName"`
		Environment  struct {
			Variables map[string]any `yaml:"Variables"`
		} `yaml:"Environment"`
		Timeout           int `yaml:"Timeout"`
		EventInvokeConfig struct {
			MaximumRetryAttempts     int `yaml:"MaximumRetryAttempts"`
			MaximumEventAgeInSeconds int `yaml:"MaximumEventAgeInSeconds"`
			DestinationConfig        struct {
				OnFailure struct {
					Type        string `yaml:"Type"`
					Destination string `yaml:"Destination"`
				} `yaml:"OnFailure"`
			} `yaml:"DestinationConfig"`
		} `yaml:"EventInvokeConfig"`
		DefaultRouteSettings struct {
			ThrottlingRateLimit  int `yaml:"ThrottlingRateLimit"`
			ThrottlingBurstLimit int `yaml:"ThrottlingBurstLimit"`
		} `yaml:"DefaultRouteSettings"`
		Events map[string]struct {
			Properties struct {
				Method                     string `yaml:"Method"`
				Path                       string `yaml:"Path"`
				ScheduleExpression         string `yaml:"ScheduleExpression"`
				ScheduleExpressionTimezone string `yaml:"ScheduleExpressionTimezone"`
				State                      any    `yaml:"State"`
				Name                       string `yaml:"Name"`
				Input                      string `yaml:"Input"`
				RetryPolicy                struct {
					MaximumRetryAttempts     int `yaml:"MaximumRetryAttempts"`
					MaximumEventAgeInSeconds int `yaml:"MaximumEventAgeInSeconds"`
				} `yaml:"RetryPolicy"`
			} `yaml:"Properties"`
		} `yaml:"Events"`
	} `yaml:"Properties"`
}

// alarm is what an alarm looks at.
type alarm struct {
	AlarmName         string `yaml:"AlarmName"`
	AlarmDescription  string `yaml:"AlarmDescription"`
	metric            `yaml:",inline"`
	Statistic         string `yaml:"Statistic"`
	ExtendedStatistic string `yaml:"ExtendedStatistic"` // instead of Statistic
	Period            int    `yaml:"Period"`
	Metrics           []struct {
		ID         string `yaml:"Id"`
		Expression string `yaml:"Expression"`
		ReturnData *bool  `yaml:"ReturnData"`
		MetricStat struct {
			Metric metric `yaml:"Metric"`
			Period int    `yaml:"Period"`
			Stat   string `yaml:"Stat"`
		} `yaml:"MetricStat"`
	} `yaml:"Metrics"` // instead of the metric and how it is looked at
	EvaluationPeriods  int    `yaml:"EvaluationPeriods"`
	DatapointsToAlarm  int    `yaml:"DatapointsToAlarm"`
	ComparisonOperator string `yaml:"ComparisonOperator"`
	Threshold          string `yaml:"Threshold"` // a number, or a parameter
	TreatMissingData   string `yaml:"TreatMissingData"`
	AlarmActions       []any  `yaml:"AlarmActions"`

	filled bool // with fill, where nobody tells the metric
	fill   float64
}

// metric is one of CloudWatch's.
type metric struct {
	Namespace  string `yaml:"Namespace"`
	MetricName string `yaml:"MetricName"`
	Dimensions []struct {
		Name  string `yaml:"Name"`
		Value string `yaml:"Value"`
	} `yaml:"Dimensions"`
}

func readTemplate(t *testing.T) template {
	t.Helper()
	var parsed template
	if err := yaml.Unmarshal(readFile(t, "template.yaml"), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// functions are the template's functions by logical id.
func (tpl template) functions() map[string]resource {
	found := map[string]resource{}
	for id, r := range tpl.Resources {
		if r.Type == "AWS::Serverless::Function" {
			found[id] = r
		}
	}
	return found
}

func TestTemplateSetsWhatTheFunctionsRead(t *testing.T) {
	names := regexp.MustCompile(`"(CRMWHO_[A-Z_]+)"`)
	for id, f := range readTemplate(t).functions() {
		folder := strings.TrimPrefix(f.Properties.FunctionName, "${AWS::StackName}-")
		read := map[string]bool{}
		for _, match := range names.FindAllSubmatch(readFile(t, "functions/"+folder+"/settings.go"), -1) {
			read[string(match[1])] = true
		}
		for _, never := range []string{"CRMWHO_ALLOW_LOOPBACK", "CRMWHO_SLACK_REPLY_HOSTS"} { // on AWS
			delete(read, never)
		}
		got := slices.Sorted(maps.Keys(f.Properties.Environment.Variables))
		if want := slices.Sorted(maps.Keys(read)); !slices.Equal(got, want) {
			t.Errorf("%s: the template sets %q, the function reads %q", id, got, want)
		}
	}
}

func TestTemplateAgreesWithTheMakefile(t *testing.T) {
	makefile := readFile(t, "Makefile")
	functions := readTemplate(t).functions()
	if len(functions) != 2 {
		t.Errorf("got %d functions", len(functions))
	}
	for id := range functions {
		if !bytes.Contains(makefile, []byte("\nbuild-"+id+":\n")) {
			t.Errorf("the Makefile cannot build %s", id)
		}
	}
}

func TestTemplateRoutesAndSchedules(t *testing.T) {
	tpl := readTemplate(t)
	every := regexp.MustCompile(`^rate\(([2-9]|[1-9][0-9]+) (minutes|hours|days)\)$|` + tpl.Parameters["AuditSchedule"].AllowedPattern)
	routes, schedules := map[string]bool{}, 0
	for id, f := range tpl.functions() {
		for name, event := range f.Properties.Events {
			switch p := event.Properties; {
			case p.Path != "":
				if routes[p.Path] = true; p.Method != "POST" {
					t.Errorf("%s %s: route %s %s", id, name, p.Method, p.Path)
				}
			default:
				schedules++
				job, ours := strings.CutPrefix(p.Name, "${AWS::StackName}-")
				if expression := tpl.withDefaults(p.ScheduleExpression); !every.MatchString(expression) || !ours {
					t.Errorf("%s %s: schedule %q, %q", id, name, p.Name, expression)
				}
				input := strings.ReplaceAll(p.Input, scheduledTime, "2026-11-30T08:00:00Z")
				if got, want := compact(t, []byte(input)), compact(t, readFile(t, "events/"+job+".json")); got != want {
					t.Errorf("%s %s: the schedule sends %s, the sample event is %s", id, name, got, want)
				}
			}
		}
	}
	want := map[string]bool{bot.CommandsPath: true, bot.InteractivityPath: true, bot.EventsPath: true}
	if !maps.Equal(routes, want) || schedules != 3 {
		t.Errorf("got routes %v and %d schedules", routes, schedules)
	}
}

// scheduledTime is what EventBridge Scheduler puts the time of a run in for, the
// same at each attempt.
const scheduledTime = "<aws.scheduler.scheduled-time>"

// TestTemplateSchedulesAudits where there is a channel for them.
func TestTemplateSchedulesAudits(t *testing.T) {
	tpl := readTemplate(t)
	p := tpl.functions()["UsersQuery"].Properties.Events["AdminAudit"].Properties
	if p.Input != `{"job":"admin-audit","scheduled":"`+scheduledTime+`"}` {
		t.Errorf("got %s", p.Input)
	}
	if p.ScheduleExpressionTimezone != "AuditTimeZone" || p.RetryPolicy.MaximumRetryAttempts == 0 || p.RetryPolicy.MaximumEventAgeInSeconds < 600 {
		t.Errorf("got %+v", p)
	}
	if want := []any{"Audits", "ENABLED", "DISABLED"}; !reflect.DeepEqual(p.State, want) {
		t.Errorf("got %v, want %v", p.State, want)
	}
	if want := []any{[]any{"AuditChannel", ""}}; !reflect.DeepEqual(tpl.Conditions["Audits"], want) {
		t.Errorf("got %v, want %v", tpl.Conditions["Audits"], want)
	}
	if slowest := tpl.Parameters["DirectorySyncMinutes"].MaxValue * 60; slowest == 0 || slowest >= tpl.alarms()["PeopleAgeAlarm"].Period || slowest >= tpl.alarms()["AuditAgeAlarm"].Period {
		t.Errorf("the ages are told every %d s, which rings an alarm that misses them in a period", slowest)
	}
	for id, a := range tpl.alarms() {
		if audits := strings.HasPrefix(id, "Audit"); audits != (tpl.Resources[id].Condition == "Audits") {
			t.Errorf("%s has the condition %q: %+v", id, tpl.Resources[id].Condition, a)
		}
	}
}

// TestTemplateTakesSchedulesOfAudits as EventBridge Scheduler has them, once an
// hour at most.
// Source: AWS's documentation, "Schedule types in EventBridge Scheduler".
func TestTemplateTakesSchedulesOfAudits(t *testing.T) {
	parameters := readTemplate(t).Parameters
	for parameter, texts := range map[string]map[string]bool{
		"AuditSchedule": {
			"cron(0 8 ? * MON *)": true, "cron(30 6 1 * ? *)": true, "cron(0 8 L 3,6,9,12 ? *)": true, "cron(5 7 ? * MON-FRI *)": true,
			"cron(0 8 ? * 2#1 *)": true, "cron(0 8 1W JAN/3 ? 2026-2030)": true, "cron(0 0/6 ? * * *)": true, "cron(0 8 ? * 6L *)": true,
			"": false, "cron(0 8 * * MON *)": false, "cron(0 8 ? * ? *)": false, "cron(0 8 ? * MON)": false, "0 8 ? * MON *": false, "rate(7 days)": false,
			"cron(* 8 ? * MON *)": false, "cron(0/5 8 ? * MON *)": false, "cron(60 8 ? * MON *)": false, "cron(0 8 ? * mon *)": false, "cron(0 8 ? * MON *) ": false,
		},
		"AuditTimeZone": {
			"UTC": true, "Europe/Berlin": true, "America/Argentina/Buenos_Aires": true, "America/Port-au-Prince": true, "Etc/GMT+5": true,
			"": false, "Europe/": false, "+02:00": false, "Europe/Berlin ": false, "New York": false,
		},
		"AuditChannel": {"": true, "C0SAMPLE": true, "G0SAMPLE": true, "#audits": false, "U0SAMPLE": false, "C0SAMPLE,C0SECOND": false},
	} {
		for text, want := range texts {
			if got := regexp.MustCompile(parameters[parameter].AllowedPattern).MatchString(text); got != want {
				t.Errorf("%s %q: got %v, want %v", parameter, text, got, want)
			}
		}
		if p := parameters[parameter]; p.Default == nil || !texts[*p.Default] {
			t.Errorf("%s: got %+v, whose default no case has", parameter, p)
		}
	}
}

// TestReadmeNamesEverySetting, of the template and of both functions.
func TestReadmeNamesEverySetting(t *testing.T) {
	readme := readFile(t, "README.md")
	_, table, _ := bytes.Cut(readme, []byte("\n## Configuration\n"))
	table, _, found := bytes.Cut(table, []byte("\n## "))
	if !found {
		t.Fatal("README has no configuration")
	}
	tpl := readTemplate(t)
	names := slices.Collect(maps.Keys(tpl.Parameters))
	for _, f := range tpl.functions() {
		names = slices.AppendSeq(names, maps.Keys(f.Properties.Environment.Variables))
	}
	for _, name := range names {
		if !bytes.Contains(table, []byte("`"+name+"`")) {
			t.Errorf("README, \"Configuration\", lacks %s", name)
		}
	}
}

// TestTemplateWhatIsInvokedWithoutWaiting: what is late is dropped while Slack
// still takes an answer, retries come in that time, and failures are kept.
func TestTemplateWhatIsInvokedWithoutWaiting(t *testing.T) {
	tpl := readTemplate(t)
	f := tpl.functions()["UsersQuery"].Properties
	c := f.EventInvokeConfig
	queue, _ := strings.CutSuffix(c.DestinationConfig.OnFailure.Destination, ".Arn")
	if c.MaximumRetryAttempts != 2 || c.MaximumEventAgeInSeconds < 600 || c.MaximumEventAgeInSeconds+f.Timeout > 30*60 ||
		c.DestinationConfig.OnFailure.Type != "SQS" || tpl.Resources[queue].Type != "AWS::SQS::Queue" {
		t.Errorf("got %+v", c)
	}
	if c := tpl.functions()["TokenRefresh"].Properties.EventInvokeConfig; c.MaximumRetryAttempts != 0 || c.MaximumEventAgeInSeconds == 0 {
		t.Errorf("TokenRefresh: got %+v", c)
	}
	if s := tpl.Resources["HttpApi"].Properties.DefaultRouteSettings; s.ThrottlingRateLimit == 0 || s.ThrottlingBurstLimit < s.ThrottlingRateLimit {
		t.Errorf("the API's throttling: got %+v", s)
	}
}

// TestTemplateAsksWhoMayAsk: what has to be chosen has no default, and says why.
func TestTemplateAsksWhoMayAsk(t *testing.T) {
	for name, why := range map[string]string{"SlackTeams": "", "OwnerAudience": "because", "AdminAudience": "because"} {
		if p, there := readTemplate(t).Parameters[name]; !there || p.Default != nil || !strings.Contains(p.Description, why) {
			t.Errorf("%s: got %+v", name, p)
		}
	}
	if audience := *readTemplate(t).Parameters["PeopleAudience"].Default; audience != "everyone" {
		t.Errorf("people look-ups are for %s", audience)
	}
}

// withDefaults is a parameter, or a text with some in it, as they are unless told.
func (tpl template) withDefaults(text string) string {
	if p := tpl.Parameters[text]; p.Default != nil {
		return *p.Default
	}
	for name, p := range tpl.Parameters {
		if p.Default != nil {
			text = strings.ReplaceAll(text, "${"+name+"}", *p.Default)
		}
	}
	return text
}

// TestTemplateDefaultsAreThePackages': their documentation tells one truth.
func TestTemplateDefaultsAreThePackages(t *testing.T) {
	tpl := readTemplate(t)
	for name, want := range map[string]time.Duration{
		"${AuditMaxAgeHours}h": 192 * time.Hour, // what bot.Bot says
		"${DirectoryFreshFor}": directory.DefaultFreshFor, "${DirectorySyncMinutes}m": directory.DefaultReloadAfter, "${DirectoryFullAfter}": directory.DefaultFullAfter,
	} {
		if got, err := time.ParseDuration(tpl.withDefaults(name)); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
}

// TestTemplateDefaultsAreTheRecords' as the package has them.
func TestTemplateDefaultsAreTheRecords(t *testing.T) {
	tpl := readTemplate(t)
	var fields []string
	for _, f := range records.DefaultFields {
		fields = append(fields, f.Module+"."+f.Name)
	}
	for name, want := range map[string][]string{"RecordModules": records.DefaultModules, "RecordFields": fields, "ClosedStages": records.DefaultClosed} {
		if got := tpl.withDefaults(name); got != strings.Join(want, ",") {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func compact(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTemplateKnowsEveryDataCentre(t *testing.T) {
	tpl := readTemplate(t)
	var known []string
	for _, dc := range zoho.DataCentres() {
		known = append(known, dc.Location)
		hosts := tpl.Mappings.Zoho[dc.Location]
		if hosts.AccountsURL != dc.AccountsURL {
			t.Errorf("%s: got %s, want %s", dc.Location, hosts.AccountsURL, dc.AccountsURL)
		}
		if want := strings.Replace(dc.AccountsURL, "accounts.", "crm.", 1); hosts.CrmURL != want {
			t.Errorf("%s: got %s, want %s", dc.Location, hosts.CrmURL, want)
		}
	}
	if offered := tpl.Parameters["DataCentre"].AllowedValues; !slices.Equal(offered, known) || len(tpl.Mappings.Zoho) != len(known) {
		t.Errorf("got %q and %d addresses, want %q", offered, len(tpl.Mappings.Zoho), known)
	}
}

// TestTemplateNamesEveryFlag that can be switched off.
func TestTemplateNamesEveryFlag(t *testing.T) {
	p := readTemplate(t).Parameters["AdminFlagsOff"]
	var all []string
	for _, f := range audit.Flags() {
		all = append(all, string(f))
	}
	if !strings.HasSuffix(p.Description, " "+strings.Join(all, ", ")) || !regexp.MustCompile(p.AllowedPattern).MatchString(strings.Join(all, ",")) {
		t.Errorf("got %s, %s, want %s", p.Description, p.AllowedPattern, all)
	}
}

// TestTemplateTakesWhatTheFunctionTakes for an audience, so that a mistake does
// not come out when the function does not start.
func TestTemplateTakesWhatTheFunctionTakes(t *testing.T) {
	parameters := readTemplate(t).Parameters
	for _, text := range []string{
		"everyone", "nobody", "everyone,no-guests", "everyone, no-guests", "C0SAMPLE", "C0SAMPLE,U0SAMPLE, S0SAMPLE,W0SAMPLE,G0SAMPLE", "no-guests,C0SAMPLE", "S0SAMPLE,no-guests",
		"", "all", "no-guests", "everyone,", "everyone,C0SAMPLE", "nobody,no-guests", "nobody,U0SAMPLE", "C0SAMPLE,", "C0SAMPLE U0SAMPLE", "SALES", "#general", "T0SAMPLE", "everyone no-guests",
	} {
		_, err := bot.ParseAudience(text)
		for _, name := range []string{"PeopleAudience", "OwnerAudience", "AdminAudience"} {
			if taken := regexp.MustCompile(parameters[name].AllowedPattern).MatchString(text); taken != (err == nil) {
				t.Errorf("%s %q: the template takes it: %v; the function: %v", name, text, taken, err)
			}
		}
	}
	for _, text := range []string{"T0SAMPLE", "T0SAMPLE,E0SAMPLE", "T0SAMPLE, T0SECOND", "", "TEAM", "T0SAMPLE,", "T0SAMPLE T0SECOND", "acme"} {
		_, err := bot.ParseTeams(text)
		if taken := regexp.MustCompile(parameters["SlackTeams"].AllowedPattern).MatchString(text); taken != (err == nil) {
			t.Errorf("SlackTeams %q: the template takes it: %v; the function: %v", text, taken, err)
		}
	}
	for name, texts := range map[string][]string{
		"RecordModules": {
			"Deals", "Accounts,Deals, Contacts", "Projects_2", "a,b,c,d,e,f",
			"", "Deals,", ",Deals", "Deals Accounts", "a,b,c,d,e,f,g", "none-such", "1st", "Deals;", "Deals.Stage",
		},
		"RecordFields": {
			"none", "Deals.Stage", "Deals.Stage, Deals.Amount", "Projects_2.State_1",
			"", "None", "Stage", "Deals.", ".Stage", "Deals.Stage,", "Deals.Stage,none", "Deals.Account_Name.Owner", "Deals Stage", "Deals.1st",
		},
	} {
		for _, text := range texts {
			_, err := records.ParseModules(text)
			if name == "RecordFields" {
				_, err = records.ParseFields(text)
			}
			if taken := regexp.MustCompile(parameters[name].AllowedPattern).MatchString(text); taken != (err == nil) {
				t.Errorf("%s %q: the template takes it: %v; the function: %v", name, text, taken, err)
			}
		}
	}
}

// TestTemplateTakesPages that the function takes behind the CRM's host, and lists
// of stages with something in them.
func TestTemplateTakesPages(t *testing.T) {
	parameters := readTemplate(t).Parameters
	for parameter, texts := range map[string]map[string]bool{
		"UserPage":     {"": true, "/crm/{org}/settings/users/{id}": true, "/crm/users": false, "crm/{id}": false},
		"RecordPage":   {"": true, "/crm/{org}/tab/{module}/{id}": true, "/a?id={id}&module={module}": true, "/crm/{module}": false, "/crm/{id}": false, "crm/{module}/{id}": false},
		"ClosedStages": {"Closed": true, "Closed Won,Closed-Lost, Storniert": true, "": false, " ": false, "Closed,": false, ",Closed": false, "Closed,,Lost": false},
	} {
		for text, want := range texts {
			if got := regexp.MustCompile(parameters[parameter].AllowedPattern).MatchString(text); got != want {
				t.Errorf("%s %q: got %v, want %v", parameter, text, got, want)
			}
		}
		if p := parameters[parameter]; p.Default == nil || !texts[*p.Default] {
			t.Errorf("%s: got %+v, whose default no case has", parameter, p)
		}
	}
}
