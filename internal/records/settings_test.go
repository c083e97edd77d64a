package records_test

import (
	"reflect"
	"testing"

	"crmwho/internal/records"
)

func TestParseModules(t *testing.T) {
	for text, want := range map[string][]string{
		"Deals":                    {"Deals"},
		" Accounts ,Deals, Own_1 ": {"Accounts", "Deals", "Own_1"},
		"A,B,C,D,E,F":              {"A", "B", "C", "D", "E", "F"},
		"":                         nil,
		"Deals,":                   nil,
		"Deals,Deals":              nil,
		"deals":                    nil,
		"Potentials":               nil,
		"Deals Leads":              nil,
		"Deals/search":             nil,
		"A,B,C,D,E,F,G":            nil,
	} {
		if got, err := records.ParseModules(text); !reflect.DeepEqual(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestParseFields(t *testing.T) {
	stage := records.Field{Module: "Deals", Name: "Stage"}
	for text, want := range map[string][]records.Field{
		"Deals.Stage":                 {stage},
		" Deals.Stage, Leads.Company": {stage, {Module: "Leads", Name: "Company"}},
		" none ":                      {},
		"":                            nil,
		"Stage":                       nil,
		"Deals.":                      nil,
		"Deals.Stage.Name":            nil,
		"Deals.Stage,Deals.Stage":     nil,
	} {
		if got, err := records.ParseFields(text); !reflect.DeepEqual(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}
