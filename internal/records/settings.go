package records

import (
	"fmt"
	"slices"
	"strings"

	"crmwho/internal/zoho"
)

// Field is a field of a module's records, by API names.
type Field struct{ Module, Name string }

// What a Finder looks at unless it is told. Amounts are not among it. A stage of
// Zoho's own in which a deal is closed is called so.
var (
	DefaultModules = []string{"Accounts", "Deals", "Contacts", "Leads"}
	DefaultFields  = []Field{{"Deals", "Stage"}, {"Deals", "Closing_Date"}, {"Deals", "Account_Name"}, {"Contacts", "Account_Name"}, {"Leads", "Company"}}
	DefaultClosed  = []string{"Closed"}
)

// maxModules keeps a search within the deadline, three modules at a time.
const maxModules = 6

// ParseModules reads API names of modules with commas between them.
func ParseModules(text string) ([]string, error) {
	var modules []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		switch {
		case !zoho.IsAPIName(name):
			return nil, fmt.Errorf("%q is not the API name of a module, such as Deals", name)
		case named(name) != name:
			return nil, fmt.Errorf("%s is called %s in Zoho's API", name, named(name))
		case slices.Contains(modules, name):
			return nil, fmt.Errorf("%s stands there twice", name)
		}
		modules = append(modules, name)
	}
	if len(modules) > maxModules {
		return nil, fmt.Errorf("more than %d modules", maxModules)
	}
	return modules, nil
}

// named is the API name of a module of Zoho's own that is written otherwise, or
// as the CRM's pages have it.
func named(module string) string {
	if strings.EqualFold(module, dealsTab) {
		return deals
	}
	for name := range called {
		if strings.EqualFold(module, name) {
			return name
		}
	}
	return module
}

// ParseFields reads fields with commas between them, such as "Deals.Stage", or
// "none".
func ParseFields(text string) ([]Field, error) {
	fields := []Field{}
	if strings.TrimSpace(text) == "none" {
		return fields, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		module, name, _ := strings.Cut(strings.TrimSpace(part), ".")
		if !zoho.IsAPIName(module) || !zoho.IsAPIName(name) {
			return nil, fmt.Errorf("%q is not the API names of a module and its field, such as Deals.Stage", strings.TrimSpace(part))
		}
		field := Field{module, name}
		if slices.Contains(fields, field) {
			return nil, fmt.Errorf("%s.%s stands there twice", module, name)
		}
		fields = append(fields, field)
	}
	return fields, nil
}
