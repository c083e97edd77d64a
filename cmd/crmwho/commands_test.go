package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/sim/zohosim"
)

// everyCommand calls f with all commands of ours, the root included.
func everyCommand(t *testing.T, f func(t *testing.T, c *cobra.Command)) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		t.Run(c.CommandPath(), func(t *testing.T) { f(t, c) })
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(command())
}

// TestEveryCommandSaysHowItIsUsed: what it is for in a line, and with examples that
// work.
func TestEveryCommandSaysHowItIsUsed(t *testing.T) {
	everyCommand(t, func(t *testing.T, c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || strings.Contains(c.Short, "\n") {
			t.Errorf("got the line %q", c.Short)
		}
		if c.Example == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("got the examples %q, want one of %s", c.Example, c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "   ") {
				t.Errorf("got the example %q, want two spaces before", line)
			}
			for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune("&|<>", r) }) {
				if err := exampleFault(strings.Fields(part)); err != nil {
					t.Errorf("%s: %v", strings.TrimSpace(part), err)
				}
			}
		}
	})
}

// exampleFault says why an example would not be understood. What is no command of
// ours is somebody else's.
func exampleFault(words []string) error {
	if len(words) == 0 || words[0] != "crmwho" {
		return nil
	}
	c, rest, err := command().Find(words[1:])
	if err != nil {
		return err
	}
	c.InitDefaultHelpFlag()
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if !c.Runnable() {
		return fmt.Errorf("%s does nothing", c.CommandPath())
	}
	return c.ValidateArgs(c.Flags().Args())
}

// TestExamplesAreChecked, so that no fault means something.
func TestExamplesAreChecked(t *testing.T) {
	for example, good := range map[string]bool{
		"crmwho doctor --stack crmwho": true, "crmwho setup slack --keep-old": true, "curl -d x": true,
		"crmwho doktor": false, "crmwho doctor --stock crmwho": false, "crmwho doctor now": false, "crmwho setup slock": false, "crmwho event": false, "crmwho zoho --users many": false, "crmwho": false,
	} {
		if err := exampleFault(strings.Fields(example)); (err == nil) != good {
			t.Errorf("%s: got %v, want it to be good: %v", example, err, good)
		}
	}
}

// TestEveryCommandHelps without doing anything.
func TestEveryCommandHelps(t *testing.T) {
	everyCommand(t, func(t *testing.T, c *cobra.Command) {
		out, errs, err := run(t, t.Context(), "", append(strings.Fields(c.CommandPath())[1:], "--help")...)
		if err != nil || errs != "" || !strings.Contains(out, "\nExamples:\n"+c.Example) {
			t.Errorf("got %s, %s, %v", out, errs, err)
		}
	})
}

// TestCompletion asks for what a shell completes, as it does.
func TestCompletion(t *testing.T) {
	for _, test := range []struct {
		typed []string
		want  []string // words, of those that come
		end   string   // what the shell may do itself
	}{
		{[]string{"ask", ""}, []string{"/crmuser", "/crmadmins", "/crmstatus"}, nothingElse},
		{[]string{"ask", "/crmo"}, []string{"/crmowner"}, nothingElse},
		{[]string{"ask", "/crmuser", ""}, nil, nothingElse},
		{[]string{"smoke", "/crmo"}, []string{"/crmowner"}, nothingElse},
		{[]string{"smoke", "/crmuser", ""}, nil, nothingElse},
		{[]string{"event", "/crms"}, []string{"/crmstatus"}, nothingElse},
		{[]string{"ask", "--store", ""}, nil, folders},
		{[]string{"audit", "export", "--format", ""}, []string{"json", "csv"}, nothingElse},
		{[]string{"audit", "export", "--out", ""}, nil, files},
		{[]string{"audit", "export", "--head", ""}, nil, nothingElse},
		{[]string{"audit", "export", "--dir", ""}, nil, folders},
		{[]string{"audit", "--csv", ""}, nil, files},
		{[]string{"audit", ""}, []string{"export"}, nothingElse},
		{[]string{"setup", "--data-centre", ""}, []string{"us", "eu", "ae"}, nothingElse},
		{[]string{"setup", ""}, []string{"slack"}, nothingElse},
		{[]string{"setup", "slack", "--dir", ""}, nil, folders},
		{[]string{"setup", "--stack", ""}, nil, nothingElse},
		{[]string{"serve", "--zoho", ""}, []string{"https://accounts.zoho.eu"}, nothingElse},
		{[]string{"serve", "--dir", ""}, nil, folders},
		{[]string{"serve", "--listen", ""}, nil, nothingElse},
		{[]string{"manifest", "--url", ""}, nil, nothingElse},
		{[]string{"zoho", "--users", ""}, nil, nothingElse},
		{[]string{"doctor", ""}, nil, nothingElse},
		{[]string{"doctor", "--"}, []string{"--stack", "--dir", "--json"}, nothingElse},
		{[]string{"do"}, []string{"doctor"}, nothingElse},
	} {
		out, _, err := run(t, t.Context(), "", append([]string{"__complete"}, test.typed...)...)
		var words []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words = append(words, word)
		}
		if err != nil || len(words) == 0 || words[len(words)-1] != test.end || len(test.want) == 0 && len(words) > 1 {
			t.Errorf("%q: got %q, %v, want %q and %s", test.typed, words, err, test.want, test.end)
		}
		for _, want := range test.want {
			if !slices.Contains(words, want) {
				t.Errorf("%q: got %q, want %q among them", test.typed, words, want)
			}
		}
	}
}

// What cobra tells shells.
const (
	files       = ":0"
	nothingElse = ":4"
	folders     = ":16"
)

// TestNothingCompletesFilesByAccident: not even commands that come later.
func TestNothingCompletesFilesByAccident(t *testing.T) {
	t.Chdir("../..") // where the template is
	everyCommand(t, func(t *testing.T, c *cobra.Command) {
		out, _, err := run(t, t.Context(), "", append(append([]string{"__complete"}, strings.Fields(c.CommandPath())[1:]...), "")...)
		directive, odd := strconv.Atoi(strings.TrimSpace(out[strings.LastIndex(out, ":")+1:]))
		if err != nil || odd != nil || cobra.ShellCompDirective(directive)&cobra.ShellCompDirectiveNoFileComp == 0 {
			t.Errorf("got %q, %v", out, err)
		}
	})
}

func TestCompletionForEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, errs, err := run(t, t.Context(), "", "completion", shell)
		if err != nil || errs != "" || !strings.Contains(out, "crmwho") || !strings.Contains(out, "__complete") {
			t.Errorf("%s: got %.200s, %s, %v", shell, out, errs, err)
		}
	}
}

// TestMainAsAProcess is the program itself where a test starts it.
func TestMainAsAProcess(t *testing.T) {
	args := os.Getenv("CRMWHO_TEST_ARGS")
	if args == "" {
		t.Skip("is started by other tests")
	}
	os.Args = append(os.Args[:1], strings.Split(args, "\n")...)
	main()
	os.Exit(0)
}

// process is the program, not yet started.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMainAsAProcess$")
	c.Env = append(os.Environ(), "CRMWHO_TEST_ARGS="+strings.Join(args, "\n"))
	return c
}

// TestNothingIsLostWhenNobodyReads: behind head, setup goes on to its end.
func TestNothingIsLostWhenNobodyReads(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	c := process(t, "setup", "--dir", w.dir)
	var errs bytes.Buffer
	c.Stdin, c.Stderr = strings.NewReader(w.typed(w.zoho.GrantToken)), &errs
	out, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out.Close() // nobody ever reads
	c.Stdout = writes
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	writes.Close()
	if err := c.Wait(); err != nil || strings.Count(errs.String(), "nobody takes what is said any more") != 1 {
		t.Errorf("got %v, %s", err, &errs)
	}
	if w.value(t, "oauth-client")["refresh_token"] != w.zoho.RefreshToken || w.value(t, "access-token")["access_token"] == nil {
		t.Error("not everything was stored")
	}
}

// TestDoctorGoesOnWhenNobodyReads, as behind head: its exit status is that of the
// checks.
func TestDoctorGoesOnWhenNobodyReads(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.connect(t)
	listPeople(t, w.history(), time.Minute)
	for _, test := range []struct {
		args []string
		code int
		errs string
	}{
		{nil, 0, ""},
		{[]string{"--json"}, 0, ""},
		{nil, 1, "crmwho: 1 of 21 checks failed: oauth client\n"},
	} {
		if test.code != 0 {
			w.put(t, "oauth-client", "")
		}
		c := process(t, append([]string{"doctor", "--dir", w.dir}, test.args...)...)
		if got, errs := unread(t, c); got != test.code || errs != test.errs {
			t.Errorf("%q: got %d, %s, want %d, %s", test.args, got, errs, test.code, test.errs)
		}
	}
}

// TestCalledAs tells how the program is called again.
func TestCalledAs(t *testing.T) {
	for argument, want := range map[string]string{
		"crmwho":       "crmwho",
		"build/crmwho": "build/crmwho", "./crmwho": "./crmwho", "/opt/my tools/crmwho": "'/opt/my tools/crmwho'",
		"/tmp/go-build825603007/b001/exe/crmwho":                                    "go run ./cmd/crmwho",
		"/home/sample/.cache/go-build/75/" + strings.Repeat("0a", 32) + "-d/crmwho": "go run ./cmd/crmwho",
		"/a/cache/75/" + strings.Repeat("0a", 32) + "-d/crmwho":                     "go run ./cmd/crmwho",
		"/home/sample/go-builds/crmwho":                                             "/home/sample/go-builds/crmwho",
	} {
		if got := calledAs(argument); got != want {
			t.Errorf("%s: got %s, want %s", argument, got, want)
		}
	}
}

// TestCommandsToRunAreCalledAsThisOneWas, wherever one is printed.
func TestCommandsToRunAreCalledAsThisOneWas(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	w.aws(t)
	program = "build/crmwho"
	t.Cleanup(func() { program = usualProgram })
	own := regexp.MustCompile(`(\S*)crmwho (ask|audit|deploy|doctor|manifest|serve|setup|smoke|token)\b`)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"doctor", "--dir", w.dir}, "Run build/crmwho setup --dir "},
		{[]string{"doctor", "--stack", "sample"}, "Run build/crmwho setup slack --stack sample."},
		{[]string{"token", "--dir", w.dir}, "Run build/crmwho setup --dir "},
		{[]string{"token", "--refresh", "--stack", "sample"}, "Run build/crmwho setup --stack sample."},
		{[]string{"serve", "--zoho", w.zohoURL, "--dir", w.dir}, "run build/crmwho setup --dir "},
		{[]string{"ask", "--json"}, "build/crmwho ask /crmadmins --json"},
		{[]string{"audit", "--dry-run", "--dir", w.dir}, "Run build/crmwho setup --dir "},
		{[]string{"setup", "slack", "--keep-old", "--dir", w.dir}, "Run build/crmwho setup slack --dir "},
	} {
		out, errs, err := w.runIn(t, t.Context(), "", test.args...)
		said := fmt.Sprint(out, errs, err)
		if !strings.Contains(said, test.want) {
			t.Errorf("%q: got %s, want %s", test.args, said, test.want)
		}
		for _, found := range own.FindAllStringSubmatch(said, -1) {
			if found[1] != "build/" {
				t.Errorf("%q: %s stands in %s", test.args, found[0], said)
			}
		}
	}
	out, _, err := run(t, t.Context(), "", "serve", "--help")
	if err != nil || !strings.Contains(out, "\n  build/crmwho serve [flags]\n") || !strings.Contains(out, "\n  build/crmwho setup && build/crmwho serve --zoho ") {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestWhatIsReadIsCutOff with an error, and no signal.
func TestWhatIsReadIsCutOff(t *testing.T) {
	c := process(t, "manifest", "--url", placeholder)
	if code, errs := unread(t, c); code != 1 || !strings.Contains(errs, "broken pipe") {
		t.Errorf("got %d, %s", code, errs)
	}
}

// unread runs a program whose standard output nobody reads, and gives its exit
// status and what it says on standard error.
func unread(t *testing.T, c *exec.Cmd) (code int, errs string) {
	t.Helper()
	out, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out.Close()
	defer writes.Close()
	var said bytes.Buffer
	c.Stdout, c.Stderr = writes, &said
	_ = c.Run() // its exit status tells
	return c.ProcessState.ExitCode(), said.String()
}
