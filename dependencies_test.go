package crmwho_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// explained is a row of docs/dependencies.md.
type explained struct {
	path, version, licence string
	linked                 string // into which function; not told of tools
}

// dependencies are the rows of the document by the heading that they stand under.
func dependencies(t *testing.T) map[string][]explained {
	t.Helper()
	found, heading := map[string][]explained{}, ""
	for line := range strings.Lines(string(readFile(t, "docs/dependencies.md"))) {
		if text, ok := strings.CutPrefix(line, "## "); ok {
			heading = strings.TrimSpace(text)
		}
		cells := strings.Split(line, "|")
		if len(cells) < 6 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " `\n")
		}
		found[heading] = append(found[heading], explained{cells[1], cells[2], cells[3], cells[4]})
	}
	return found
}

// required are the modules that a modfile asks for, with their versions.
func required(t *testing.T, modfile string) (direct, indirect map[string]string) {
	t.Helper()
	var file struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", modfile).Output()
	if err == nil {
		err = json.Unmarshal(out, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	direct, indirect = map[string]string{}, map[string]string{}
	for _, r := range file.Require {
		if r.Indirect {
			indirect[r.Path] = r.Version
		} else {
			direct[r.Path] = r.Version
		}
	}
	return direct, indirect
}

// checkRows compares rows with what is asked for.
func checkRows(t *testing.T, rows []explained, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, row := range rows {
		got[row.path] = row.version
	}
	for path, version := range want {
		if got[path] != version {
			t.Errorf("docs/dependencies.md has %s %q, want %s", path, got[path], version)
		}
	}
	for path := range got {
		if want[path] == "" {
			t.Errorf("docs/dependencies.md has %s, which is not asked for", path)
		}
	}
}

func TestModulesAreExplained(t *testing.T) {
	rows := dependencies(t)
	direct, indirect := required(t, "go.mod")
	checkRows(t, rows["Imported by our code"], direct)
	checkRows(t, rows["Brought along by those"], indirect)
	_, tools := required(t, "tools.mod")
	checkRows(t, rows["Development tools"], tools)
	var npm struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(readFile(t, "internal/local/browser/package.json"), &npm); err != nil {
		t.Fatal(err)
	}
	checkRows(t, rows["Packages of npm"], npm.DevDependencies)
}

// licences are known by phrases that each has and no other does.
var licences = map[string]*regexp.Regexp{
	"Apache-2.0":   regexp.MustCompile(`(?i)apache license,?\s+version 2\.0`),
	"MIT":          regexp.MustCompile(`(?s)Permission is hereby granted, free of charge.*The above copyright notice and this permission notice`),
	"MIT-0":        regexp.MustCompile(`(?s)MIT No Attribution.*Permission is hereby granted, free of charge`),
	"BSD-3-Clause": regexp.MustCompile(`(?s)Redistribution and use in source and binary forms.*(Neither the name|names? of its\s+contributors may not)`),
	"BSD-2-Clause": regexp.MustCompile(`Redistribution and use in source and binary forms`),
}

// licencesIn names those in the files of a module's folder, without those of what
// others have lent to it.
func licencesIn(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "LICENSE*"))
	copying, _ := filepath.Glob(filepath.Join(dir, "COPYING*")) // the pattern is as good as the other
	found := map[string]bool{}
	for _, path := range append(files, copying...) {
		if strings.Contains(path, "THIRD-PARTY") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		for name, phrase := range licences {
			found[name] = found[name] || phrase.Match(text)
		}
	}
	found["BSD-2-Clause"] = found["BSD-2-Clause"] && !found["BSD-3-Clause"]
	maps.DeleteFunc(found, func(_ string, is bool) bool { return !is })
	return strings.Join(slices.Sorted(maps.Keys(found)), " and "), err
}

// TestModulesHaveTheLicencesThatAreTold, those that are on this computer: what is
// linked is, and make check fetches the others.
func TestModulesHaveTheLicencesThatAreTold(t *testing.T) {
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	rows := dependencies(t)
	ours := slices.Concat(rows["Imported by our code"], rows["Brought along by those"])
	for i, row := range slices.Concat(ours, rows["Development tools"]) {
		dir := filepath.Join(strings.TrimSpace(string(cache)), row.folder())
		linked := i < len(ours) && row.linked != "neither"
		if _, err := os.Stat(dir); err != nil && !linked {
			t.Logf("%s is not on this computer: its licence was not looked at", row.path)
			continue
		}
		if got, err := licencesIn(dir); err != nil || got == "" || got != row.licence {
			t.Errorf("%s: docs/dependencies.md has %s, want %q, %v", row.path, row.licence, got, err)
		}
	}
	for _, row := range rows["Packages of npm"] {
		var lock struct {
			Packages map[string]struct{ License string }
		}
		if err := json.Unmarshal(readFile(t, "internal/local/browser/package-lock.json"), &lock); err != nil {
			t.Fatal(err)
		}
		if got := lock.Packages["node_modules/"+row.path].License; got != row.licence {
			t.Errorf("%s: docs/dependencies.md has %s, want %s", row.path, row.licence, got)
		}
	}
}

// folder is a module's below the module cache, where capital letters are small
// ones behind an exclamation mark.
// Source: the Go modules reference, "Module cache".
func (e explained) folder() string {
	small := regexp.MustCompile("[A-Z]").ReplaceAllStringFunc(e.path+"@"+e.version, func(s string) string { return "!" + strings.ToLower(s) })
	return filepath.FromSlash(small)
}

// maxPackages is how many packages of others a function may be linked from: some
// more than there were when the number was set.
var maxPackages = map[string]int{"users-query": 148, "token-refresh": 141}

// deployed lists what a function is linked from: packages of others, and their
// modules.
func deployed(t *testing.T, function string) (packages, modules []string) {
	t.Helper()
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "arm64")
	t.Setenv("CGO_ENABLED", "0")
	for _, line := range goList(t, "-tags", "lambda.norpc", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{$.ImportPath}} {{.Path}}{{end}}{{end}}", "./functions/"+function) {
		if pkg, module, ok := strings.Cut(line, " "); ok {
			packages, modules = append(packages, pkg), append(modules, module)
		}
	}
	slices.Sort(modules)
	return packages, slices.Compact(modules)
}

func TestPackagesThatAreDeployed(t *testing.T) {
	all := dependencies(t)
	rows := slices.Concat(all["Imported by our code"], all["Brought along by those"])
	for function, budget := range maxPackages {
		packages, modules := deployed(t, function)
		for _, row := range rows {
			told := row.linked == "both" || row.linked == function
			if linked := slices.Contains(modules, row.path); linked != told {
				t.Errorf("%s is linked into %s: %v, docs/dependencies.md has %q", row.path, function, linked, row.linked)
			}
		}
		for _, module := range modules {
			if !slices.ContainsFunc(rows, func(row explained) bool { return row.path == module }) {
				t.Errorf("%s is linked into %s, and docs/dependencies.md does not explain it", module, function)
			}
		}
		if len(packages) > budget {
			t.Errorf("%s is linked from %d packages of others, and its budget is %d: see docs/dependencies.md\n%s", function, len(packages), budget, strings.Join(packages, "\n"))
		}
	}
}

// TestBootstrapsHaveBudgets that they keep, a tenth more at most, and that break
// the build.
func TestBootstrapsHaveBudgets(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not there: go test needs Go alone")
	}
	makefile := string(readFile(t, "Makefile"))
	for id := range readTemplate(t).functions() {
		found := regexp.MustCompile(`\nbuild-` + id + `:\n\t\$\(LAMBDA_BUILD\).*\n\t\$\(call within,([0-9]+)\)\n`).FindStringSubmatch(makefile)
		if found == nil {
			t.Errorf("the Makefile has no budget for %s", id)
			continue
		}
		dir := t.TempDir()
		if out, err := makeBootstrap(t, id, dir); err != nil {
			t.Errorf("%s: %v\n%s", id, err, out)
		}
		budget, _ := strconv.Atoi(found[1])
		if size := len(readFile(t, filepath.Join(dir, "bootstrap"))); budget > size+size/10 {
			t.Errorf("%s has %d bytes, and a budget of %d, which is no limit", id, size, budget)
		}
	}
	if out, err := makeBootstrap(t, "TokenRefresh", t.TempDir(), "BUDGET=1"); err == nil || !strings.Contains(out, "and its budget is 1: find what has grown") {
		t.Errorf("over the budget: got %v\n%s", err, out)
	}
}

// makeBootstrap builds a function as the SAM CLI does.
func makeBootstrap(t *testing.T, id, dir string, more ...string) (out string, err error) {
	t.Helper()
	run := exec.CommandContext(t.Context(), "make", append([]string{"build-" + id, "ARTIFACTS_DIR=" + dir}, more...)...)
	run.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "MAKE") || strings.HasPrefix(pair, "MFLAGS") })
	said, err := run.CombinedOutput()
	return string(said), err
}
