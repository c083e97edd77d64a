package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// parameter is what a template says of one of its parameters, as far as a value
// can be held against it here. CloudFormation knows the rest.
type parameter struct {
	Type                  string   `yaml:"Type"`
	Default               *string  `yaml:"Default"` // nil: it has to be given
	Description           string   `yaml:"Description"`
	AllowedPattern        string   `yaml:"AllowedPattern"`
	ConstraintDescription string   `yaml:"ConstraintDescription"` // what a value has to be, in words
	AllowedValues         []string `yaml:"AllowedValues"`
	MinValue              *float64 `yaml:"MinValue"`
	MaxValue              *float64 `yaml:"MaxValue"`
}

// readParameters reads those of the template in a file, by name.
func readParameters(path string) (map[string]parameter, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, mistake{"There is no " + path + " here", "Run this in the folder of crmwho's sources."}
	}
	if err != nil {
		return nil, err
	}
	var template struct {
		Parameters map[string]parameter `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(data, &template); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return template.Parameters, nil
}

// ofMake are variables of the Makefile that say something else than a parameter.
var ofMake = []string{"STACK", "VERSION"}

// fromMake are the variables that stood on make's command line. Make passes
// their names in MAKEFLAGS, behind the options, and their values in the
// environment. The error is about values that make has put something else into.
// Source: the manual of GNU Make, "Communicating Options to a Sub-make".
func fromMake(getenv func(string) string) (assignments []string, eaten error) {
	_, variables, _ := strings.Cut(" "+getenv("MAKEFLAGS"), " -- ")
	for _, word := range makeWords(variables) {
		name, text, assigned := strings.Cut(word, "=")
		if name = strings.TrimRight(name, ":+?! "); !assigned || slices.Contains(ofMake, name) {
			continue
		}
		assignments = append(assignments, name+"="+getenv(name))
		if loneDollar(text) {
			eaten = errors.Join(eaten, fmt.Errorf("make takes a $ in %s for the beginning of a variable: write $$ for each that is meant", name))
		}
	}
	return assignments, eaten
}

// loneDollar reports whether a dollar sign stands alone in a value, as MAKEFLAGS
// has it: with every dollar sign twice.
func loneDollar(text string) bool {
	return strings.Contains(strings.ReplaceAll(text, "$$$$", ""), "$")
}

// makeWords splits where make puts a blank between words. A blank in a word has
// a backslash before it.
func makeWords(text string) []string {
	var words []string
	var word strings.Builder
	escaped := false
	for _, r := range text + " " {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == ' ':
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// valuesOf reads assignments, NAME=VALUE, to parameters of a template. What is
// wrong with them is told at once.
func valuesOf(assignments []string, known map[string]parameter) (map[string]string, error) {
	values := map[string]string{}
	var wrong []error
	for _, assignment := range assignments {
		name, value, assigned := strings.Cut(assignment, "=")
		p, isParameter := known[name]
		var err error
		switch {
		case !assigned:
			err = fmt.Errorf("%q is no parameter: they are given as NAME=VALUE", name)
		case !isParameter:
			err = unknownParameter(name, known)
		default:
			err = p.check(name, value)
		}
		values[name], wrong = value, append(wrong, err)
	}
	return values, errors.Join(wrong...)
}

// unknownParameter says which one may have been meant.
func unknownParameter(name string, known map[string]parameter) error {
	names := slices.Sorted(maps.Keys(known))
	if near := like(name, names); len(near) > 0 {
		return fmt.Errorf("the template has no parameter %s: did you mean %s?", name, strings.Join(near, " or "))
	}
	return fmt.Errorf("the template has no parameter %s: it has %s", name, strings.Join(names, ", "))
}

// like are the names that begin so or differ by a letter or two, in either case.
// Cobra knows that of commands.
func like(name string, names []string) []string {
	all := cobra.Command{SuggestionsMinimumDistance: 2}
	for _, n := range names {
		all.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	return all.SuggestionsFor(name)
}

// check says why a value is not one of the parameter's.
func (p parameter) check(name, value string) error {
	why := cmp.Or(p.mismatch(value), p.noTimeZone(name, value), unquotable(value))
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s=%s %s\n  %s", name, shellWord(value), why, p.Description)
}

func (p parameter) mismatch(value string) string {
	switch {
	case len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, value):
		return "has to be one of " + strings.Join(p.AllowedValues, ", ")
	case p.Type == "Number":
		return p.outside(value)
	}
	// CloudFormation's patterns are Java's, and have to match all of the value.
	pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
	if p.AllowedPattern != "" && err == nil && !pattern.MatchString(value) {
		return p.form()
	}
	return ""
}

// form says what a value has to be, whose pattern nobody wants to read.
func (p parameter) form() string {
	return cmp.Or(p.ConstraintDescription, "is not of the form that it has:")
}

// paramAuditTimeZone is the parameter that is a time zone.
const paramAuditTimeZone = "AuditTimeZone"

// noTimeZone says of that parameter why a value is none. Go knows time zones by the
// names that Scheduler has for them, and Local.
func (p parameter) noTimeZone(name, value string) string {
	if _, err := time.LoadLocation(value); name == paramAuditTimeZone && (err != nil || value == "" || value == "Local") {
		return p.form()
	}
	return ""
}

func (p parameter) outside(value string) string {
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return "is no number"
	case p.MinValue != nil && n < *p.MinValue:
		return fmt.Sprintf("is less than %v", *p.MinValue)
	case p.MaxValue != nil && n > *p.MaxValue:
		return fmt.Sprintf("is more than %v", *p.MaxValue)
	}
	return ""
}

// unquotable says why the SAM CLI would take a value for another.
func unquotable(value string) string {
	if strings.ContainsAny(value, "\\\r\n") {
		return "has a backslash or a line break in it, which the SAM CLI does not pass on"
	}
	return ""
}

// override is an argument of sam deploy --parameter-overrides that gives one
// parameter its value. In double quotes the SAM CLI takes everything for the
// value but a double quote, which has a backslash before it. Of its two ways of
// writing this is the one that no value can be mistaken for.
// Source: samcli/cli/types.py of the SAM CLI, CfnParameterOverridesType.
func override(name, value string) string {
	return "ParameterKey=" + name + `,ParameterValue="` + strings.ReplaceAll(value, `"`, `\"`) + `"`
}

// lackingIn names the parameters without a default that have no value, neither given
// nor in the stack that is there.
func lackingIn(known map[string]parameter, given, there map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(known)), func(name string) bool {
		_, isGiven := given[name]
		_, isThere := there[name]
		return known[name].Default != nil || isGiven || isThere
	})
}

// lackingValues says which values a stack cannot do without, and what they are for.
func lackingValues(known map[string]parameter, given, there map[string]string) error {
	missing := ""
	for _, name := range lackingIn(known, given, there) {
		missing += "\n  " + name + ": " + known[name].Description
	}
	if missing == "" {
		return nil
	}
	return fmt.Errorf("the stack cannot be made without these parameters, which have no default; give each as NAME=VALUE:%s", missing)
}

// perhapsLacking says the same in short of a stack that may be there or not.
func perhapsLacking(known map[string]parameter, given map[string]string) error {
	missing := lackingIn(known, given, nil)
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("if this is the first deployment, it needs these parameters too, which have no default: %s", strings.Join(missing, ", "))
}

// changedKept refuses to change what a stack was made with: what a removed one has
// left, or else its own.
func changedKept(given, there map[string]string) error {
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if strings.HasPrefix(name, "Kept") && given[name] != there[name] {
			wrong = append(wrong, fmt.Errorf("%s=%s: the stack was made with %s, and keeps that: with another it would leave behind what is stored, such as secrets or the chain of audits. Leave the parameter out",
				name, shellWord(given[name]), cmp.Or(there[name], "its own")))
		}
	}
	return errors.Join(wrong...)
}
