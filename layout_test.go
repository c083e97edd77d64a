// Package crmwho_test holds the project to its own rules: who imports whom,
// and that template, settings, events and Makefile agree.
package crmwho_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport lists what each of our packages may import of the others, by paths
// below crmwho/. Commands may import everything.
var mayImport = map[string][]string{
	"internal/zoho":            {},
	"internal/store":           {},
	"internal/store/awsstore":  {"internal/store"},
	"internal/store/storetest": {"internal/store"},
	"internal/metrics":         {},
	"internal/token":           {"internal/metrics", "internal/zoho", "internal/store"},
	"internal/directory":       {"internal/zoho", "internal/store"},
	"internal/audit":           {"internal/directory", "internal/zoho", "internal/store"},
	"internal/records":         {"internal/directory", "internal/zoho"},
	"internal/slackfmt":        {"internal/audit", "internal/records", "internal/directory", "internal/zoho"},
	"internal/bot":             {"internal/slackfmt", "internal/audit", "internal/records", "internal/directory", "internal/token", "internal/metrics", "internal/zoho", "internal/store"},
	"internal/sim/zohosim":     {},
	"internal/sim/slacksim":    {},
	"internal/sim/awssim":      {},
	"internal/local": {"internal/bot", "internal/slackfmt", "internal/records", "internal/directory", "internal/zoho", "internal/store", "internal/token",
		"internal/sim/zohosim", "internal/sim/slacksim"},
}

// onlyIn says which of our packages may import somebody else's directly.
var onlyIn = map[string][]string{
	"github.com/aws/aws-sdk-go-v2":  {"functions/", "cmd/", "internal/store/awsstore"},
	"github.com/aws/aws-lambda-go":  {"functions/"},
	"github.com/clipperhouse/uax29": {"internal/slackfmt"},
	"github.com/slack-go/slack":     {"internal/slackfmt", "internal/bot", "internal/local"},
	"golang.org/x/oauth2":           {"internal/zoho"},
	"github.com/gofrs/flock":        {"internal/store", "internal/local"},
	"github.com/spf13/cobra":        {"cmd/"},
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-buildvcs=false"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestImports(t *testing.T) {
	for _, line := range goList(t, "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...") {
		fields := strings.Fields(line)
		from, ours := strings.CutPrefix(fields[0], "crmwho/")
		if !ours {
			continue // the module's root has tests only
		}
		for _, path := range fields[1:] {
			checkImport(t, from, path)
		}
	}
}

func checkImport(t *testing.T, from, path string) {
	t.Helper()
	if to, ours := strings.CutPrefix(path, "crmwho/"); ours && strings.HasPrefix(from, "internal/") {
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s has no row in mayImport", from)
		}
		if !slices.Contains(allowed, to) {
			t.Errorf("%s imports %s", from, to)
		}
	}
	for module, places := range onlyIn {
		in := func(place string) bool { return strings.HasPrefix(from, place) }
		if strings.HasPrefix(path, module) && !slices.ContainsFunc(places, in) {
			t.Errorf("%s imports %s", from, path)
		}
	}
}

func TestImportsOfWhatIsDeployed(t *testing.T) {
	never := []string{"crmwho/internal/sim/", "crmwho/internal/local", "github.com/spf13/", "golang.org/x/term", "net/http/httptest", "testing"}
	for _, path := range goList(t, "-deps", "./functions/users-query", "./functions/token-refresh") {
		for _, prefix := range never {
			if strings.HasPrefix(path, prefix) {
				t.Errorf("a function reaches %s", path)
			}
		}
	}
}
