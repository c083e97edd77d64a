// Command crmwho runs the bot on one computer and makes what its operator
// needs. It is not deployed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "development"

// program is how this program is called in commands that somebody is told to
// run. Only main changes it.
var program = usualProgram

const usualProgram = "crmwho"

// goRun is where go run puts a program: in a folder of its own, or since Go 1.24 in
// the build cache, which may have any name.
var goRun = regexp.MustCompile(`/go-build[0-9]+/b[0-9]+/|/[0-9a-f]{64}-d/[^/]+$`)

// calledAs is how somebody has called the program, by its first argument: that is
// a bare name where it was found on the PATH.
func calledAs(argument string) string {
	if goRun.MatchString(filepath.ToSlash(argument)) {
		return "go run ./cmd/crmwho"
	}
	return shellWord(argument)
}

func main() {
	program = calledAs(os.Args[0])
	// Where nobody reads any more, as behind head, writing fails like any other: a
	// grant that was made is stored all the same.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "crmwho:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "crmwho",
		Short: "Ask from Slack who is who in Zoho CRM, and who owns what",
		Long: `Crmwho runs the bot on this computer, with a Slack and a Zoho CRM that are played,
and connects, looks after and examines one that is deployed.

Commands with --stack are about a CloudFormation stack, with the AWS credentials
of the environment; without it about a folder of this computer. Crmwho completion
prints what makes a shell complete commands and flags.`,
		Example:       "  crmwho serve\n  crmwho setup --stack crmwho\n  crmwho doctor --stack crmwho",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: program},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), askCommand(), eventCommand(), zohoCommand(), manifestCommand(), setupCommand(), tokenCommand(), doctorCommand(), auditCommand(), deployCommand(), smokeCommand())
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp) // unless a flag says otherwise
	callExamples(root)
	return root
}

var ownExample = regexp.MustCompile(`(?m)(^  |&& )` + usualProgram + ` `)

// callExamples has the examples of a command, and of those below it, begin as the
// program was called.
func callExamples(c *cobra.Command) {
	c.Example = ownExample.ReplaceAllString(c.Example, "${1}"+strings.ReplaceAll(program, "$", "$$")+" ")
	for _, below := range c.Commands() {
		callExamples(below)
	}
}
