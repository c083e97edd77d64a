package crmwho_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// template is template.yaml as far as these tests read it. Tags such as !Ref
// are dropped: their arguments stay.
type template struct {
	Mappings struct {
		Zoho map[string]struct {
			AccountsURL string `yaml:"AccountsUrl"`
		} `yaml:"Zoho"`
	} `yaml:"Mappings"`
	Parameters map[string]struct {
		Default       string   `yaml:"Default"`
		AllowedValues []string `yaml:"AllowedValues"`
	} `yaml:"Parameters"`
	Resources map[string]resource `yaml:"Resources"`
}

type resource struct {
	Type       string `yaml:"Type"`
	Properties struct {
		FunctionName string `yaml:"FunctionName"`
		Environment  struct {
			Variables map[string]any `yaml:"Variables"`
		} `yaml:"Environment"`
		Events map[string]struct {
			Properties struct {
				Method             string `yaml:"Method"`
				Path               string `yaml:"Path"`
				ScheduleExpression string `yaml:"ScheduleExpression"`
				Name               string `yaml:"Name"`
				Input              string `yaml:"Input"`
			} `yaml:"Properties"`
		} `yaml:"Events"`
	} `yaml:"Properties"`
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
		delete(read, "CRMWHO_ALLOW_LOOPBACK") // never on AWS
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
	every := regexp.MustCompile(`^rate\(([2-9]|[1-9][0-9]+) (minutes|hours|days)\)$`)
	routes, schedules := 0, 0
	tpl := readTemplate(t)
	for id, f := range tpl.functions() {
		for name, event := range f.Properties.Events {
			switch p := event.Properties; {
			case p.Path != "":
				routes++
				if p.Method != "POST" || p.Path != bot.CommandsPath {
					t.Errorf("%s %s: route %s %s, the bot answers POST %s", id, name, p.Method, p.Path, bot.CommandsPath)
				}
			default:
				schedules++
				job, ours := strings.CutPrefix(p.Name, "${AWS::StackName}-")
				if expression := tpl.withDefaults(p.ScheduleExpression); !every.MatchString(expression) || !ours {
					t.Errorf("%s %s: schedule %q, %q", id, name, p.Name, expression)
				}
				if got, want := compact(t, []byte(p.Input)), compact(t, readFile(t, "events/"+job+".json")); got != want {
					t.Errorf("%s %s: the schedule sends %s, the sample event is %s", id, name, got, want)
				}
			}
		}
	}
	if routes != 1 || schedules != 2 {
		t.Errorf("got %d routes and %d schedules", routes, schedules)
	}
}

// withDefaults is a text with the parameters in it as they are unless told.
func (tpl template) withDefaults(text string) string {
	for name, p := range tpl.Parameters {
		text = strings.ReplaceAll(text, "${"+name+"}", p.Default)
	}
	return text
}

// TestTemplateDefaultsAreTheDirectorys: its documentation tells one truth.
func TestTemplateDefaultsAreTheDirectorys(t *testing.T) {
	tpl := readTemplate(t)
	for name, want := range map[string]time.Duration{
		"${DirectoryFreshFor}": directory.DefaultFreshFor, "${DirectorySyncMinutes}m": directory.DefaultReloadAfter, "${DirectoryFullAfter}": directory.DefaultFullAfter,
	} {
		if got, err := time.ParseDuration(tpl.withDefaults(name)); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
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
	offered := tpl.Parameters["DataCentre"].AllowedValues
	if len(offered) != 10 || len(tpl.Mappings.Zoho) != len(offered) {
		t.Errorf("got %q and %d addresses", offered, len(tpl.Mappings.Zoho))
	}
	for _, dc := range offered {
		if err := zoho.CheckAccountsURL(tpl.Mappings.Zoho[dc].AccountsURL, false); err != nil {
			t.Errorf("%s: %v", dc, err)
		}
	}
}
