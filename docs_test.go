package crmwho_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// document is a page of the documentation, by its path.
func document(t *testing.T, path string) string { return string(readFile(t, path)) }

// documents are the paths of all pages.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in docs: %v", err)
	}
	return append(pages, "README.md", "CHANGELOG.md")
}

// alarmNames are those of the template's alarms, without the stack's.
func alarmNames(t *testing.T) (names []string) {
	t.Helper()
	for id, a := range readTemplate(t).alarms() {
		name, ok := strings.CutPrefix(a.AlarmName, "${AWS::StackName}-")
		if !ok {
			t.Errorf("%s is called %q, want the stack's name and a hyphen in front", id, a.AlarmName)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestOperationsTellEveryAlarm: who is woken by an alarm finds it in the first
// table of operations.md, and no other stands there.
func TestOperationsTellEveryAlarm(t *testing.T) {
	got := firstCells(section(t, "docs/operations.md", "The alarms"))
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "crmwho-")
	}
	slices.Sort(got)
	if want := alarmNames(t); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOperationsTellWhatIsLogged: every metric, and no line or metric that is not
// in the code.
func TestOperationsTellWhatIsLogged(t *testing.T) {
	code := sources(t, "internal/bot", "internal/directory", "internal/token", "internal/zoho", "functions/users-query", "functions/token-refresh")
	var metrics []string
	for _, made := range regexp.MustCompile(`metrics\.(?:Counts|Seconds|Milliseconds)\([^)]*\)|metrics\.Metric\{[^}]*\}`).FindAllString(code, -1) {
		for _, name := range regexp.MustCompile(`"[a-z_]+"`).FindAllString(made, -1) {
			metrics = append(metrics, strings.Trim(name, `"`))
		}
	}
	told := firstCells(section(t, "docs/operations.md", "Where to look"))
	for _, name := range metrics {
		if !slices.Contains(told, name) {
			t.Errorf("the metric %s is not told", name)
		}
	}
	for _, name := range told {
		if !strings.HasPrefix(name, "/aws/") && name != "message" && !strings.Contains(code, `"`+name+`"`) {
			t.Errorf("nothing logs %q", name)
		}
	}
}

// sources are the programs in folders, without their tests.
func sources(t *testing.T, folders ...string) (code string) {
	t.Helper()
	for _, folder := range folders {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no program in %s: %v", folder, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				code += document(t, file)
			}
		}
	}
	return code
}

// section is what stands below a heading of the second level.
func section(t *testing.T, page, title string) string {
	t.Helper()
	_, below, ok := strings.Cut(document(t, page), "\n## "+title+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", page, title)
	}
	text, _, _ := strings.Cut(below, "\n## ")
	return text
}

// firstCells are the names in the first cells of tables.
func firstCells(text string) (names []string) {
	for line := range strings.Lines(text) {
		cells := cellsOf(line)
		if len(cells) == 0 {
			continue
		}
		for _, name := range inline.FindAllString(cells[0], -1) {
			names = append(names, strings.Trim(name, "`"))
		}
	}
	return names
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	inline  = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
)

// TestLinksLeadSomewhere: to a file of the repository, and to a heading where
// they name one. Addresses elsewhere are not looked at.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range documents(t) {
		text := inline.ReplaceAllString(fenced.ReplaceAllString(document(t, page), ""), "")
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target := found[1] + found[2]
			if strings.Contains(target, ":") {
				continue
			}
			path, anchor, _ := strings.Cut(target, "#")
			if path = filepath.Join(filepath.Dir(page), path); target[0] == '#' {
				path = page
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: the link %s: %v", page, target, err)
			} else if anchor != "" && !slices.Contains(anchors(document(t, path)), anchor) {
				t.Errorf("%s: the link %s leads to no heading of %s", page, target, path)
			}
		}
	}
}

// anchors are those that GitHub gives to headings: in lower case, without
// punctuation, with hyphens for blanks, and a number for the same again.
func anchors(text string) (all []string) {
	times := map[string]int{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r > 127 || '0' <= r && r <= '9' || 'a' <= r && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(found[1]))
		if n := times[name]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", name, n))
		} else {
			all = append(all, name)
		}
		times[name]++
	}
	return all
}

// sizes is for how many numbers of people costs.md says what things come to.
const sizes = 3

// figures are the named figures of costs.md, for each size.
type figures map[string][sizes]float64

// TestCosts computes what costs.md says anew. A row of three cells names a
// figure, one of five names one for each size, or a formula with what it comes to.
func TestCosts(t *testing.T) {
	known := figures{}
	for row := range strings.Lines(document(t, "docs/costs.md")) {
		cells := cellsOf(row)
		if len(cells) < 3 || !inline.MatchString(cells[0]) {
			continue
		}
		name := strings.Trim(cells[0], "`")
		if _, ok := known[name]; ok {
			t.Errorf("%s stands there twice", name)
		}
		values, err := known.row(cells)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		known[name] = values
	}
	if got, want := known["alarms"][0], len(alarmNames(t)); got != float64(want) {
		t.Errorf("alarms: got %v, want %d", got, want)
	}
	var first string
	for _, total := range known["total"] {
		first += " | " + grouped(strconv.FormatFloat(total, 'f', 2, 64))
	}
	if want := "| all of it" + first + " |"; !strings.Contains(document(t, "docs/costs.md"), want) {
		t.Errorf("the result at the top is not %q", want)
	}
}

// cellsOf are the cells of a row of a table; nil for another line.
func cellsOf(line string) (cells []string) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

// row gives the figures of a row, or says what they should be.
func (known figures) row(cells []string) (values [sizes]float64, err error) {
	switch isFormula := len(cells) == 2+sizes && inline.MatchString(cells[1]); {
	case len(cells) == 3:
		return known.given(slices.Repeat(cells[1:2], sizes))
	case len(cells) == 2+sizes && !isFormula:
		return known.given(cells[1 : 1+sizes])
	case !isFormula:
		return values, fmt.Errorf("a row of %d cells", len(cells))
	}
	formula, err := parser.ParseExpr(strings.Trim(cells[1], "`"))
	if err != nil {
		return values, err
	}
	var want []string
	for size := range values {
		if values[size], err = known.value(formula, size); err != nil {
			return values, err
		}
		_, decimals, _ := strings.Cut(cells[2+size], ".")
		want = append(want, grouped(strconv.FormatFloat(values[size], 'f', len(decimals), 64)))
	}
	if got := cells[2:]; !slices.Equal(got, want) {
		err = fmt.Errorf("got %s, want %s", strings.Join(got, " | "), strings.Join(want, " | "))
	}
	return values, err
}

func (known figures) given(cells []string) (values [sizes]float64, err error) {
	for size, cell := range cells {
		if values[size], err = strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64); err != nil {
			return values, err
		}
	}
	return values, nil
}

// value is what a formula comes to for a size.
func (known figures) value(formula ast.Expr, size int) (float64, error) {
	switch e := formula.(type) {
	case *ast.ParenExpr:
		return known.value(e.X, size)
	case *ast.BasicLit:
		return strconv.ParseFloat(e.Value, 64)
	case *ast.Ident:
		if values, ok := known[e.Name]; ok {
			return values[size], nil
		}
		return 0, fmt.Errorf("%s is not known yet; there are %q", e.Name, slices.Sorted(maps.Keys(known)))
	case *ast.BinaryExpr:
		x, y, err := known.both(e.X, e.Y, size)
		return map[token.Token]float64{token.ADD: x + y, token.SUB: x - y, token.MUL: x * y, token.QUO: x / y}[e.Op], err
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.Ident); ok && f.Name == "min" && len(e.Args) == 2 {
			x, y, err := known.both(e.Args[0], e.Args[1], size)
			return min(x, y), err
		}
	}
	return 0, fmt.Errorf("%T is not understood", formula)
}

func (known figures) both(one, other ast.Expr, size int) (x, y float64, err error) {
	if x, err = known.value(one, size); err == nil {
		y, err = known.value(other, size)
	}
	return x, y, err
}

// grouped puts commas between thousands.
func grouped(number string) string {
	whole, decimals, isBroken := strings.Cut(number, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if isBroken {
		whole += "." + decimals
	}
	return whole
}
