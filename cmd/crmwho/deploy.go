package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/spf13/cobra"

	"crmwho/internal/bot"
	"crmwho/internal/token"
)

// What a deployment reads and writes, in the folder of the sources.
const (
	templateFile  = "template.yaml"
	samConfigFile = "samconfig.toml"
)

// manifestFile is where the manifest of a stack's Slack app is written. Each stack has
// an address of its own.
func manifestFile(stack string) string { return "build/slack-manifest-" + stack + ".yaml" }

// Outputs of the template with the deployment's address: without a path, and that
// of the slash commands.
const (
	outAPI      = "ApiUrl"
	outCommands = "CommandsUrl"
)

func deployCommand() *cobra.Command {
	var d deployment
	c := &cobra.Command{
		Use:   "deploy [NAME=VALUE...]",
		Short: "Deploy the bot to AWS",
		Long: `Deploy builds both functions and deploys template.yaml with the AWS SAM CLI, and
writes the Slack app's manifest with the deployment's address to
` + manifestFile("STACK") + `. It runs in the folder of the sources.

Parameters of the template are given by their names, also to make deploy. The
first deployment needs those without a default; later ones keep what is not given.
Tools, credentials and values are looked at before anything is built, and what is
wrong with them is told at once. The SAM CLI asks before anything changes.`,
		Example: `  crmwho deploy SlackTeams=T0123456789 OwnerAudience=C0123456789 AdminAudience=S0123456789 DataCentre=eu
  make deploy Contact='the ops team'
  make deploy STACK=crmwho-test SlackTeams=T0123456789 OwnerAudience=nobody AdminAudience=nobody`,
		RunE: func(c *cobra.Command, args []string) error {
			d.assignments = args
			d.in, d.out, d.errs = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
			return d.run(c.Context())
		},
	}
	c.Flags().StringVar(&d.stack, "stack", "", "name of the stack (default that of "+samConfigFile+")")
	c.ValidArgsFunction = completeParameters
	return c
}

// completeParameters offers the template's, for a shell.
func completeParameters(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	known, err := readParameters(templateFile)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var all []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(known)) {
		all = append(all, cobra.CompletionWithDesc(name+"=", known[name].Description))
	}
	return all, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// deployment is one run of crmwho deploy.
type deployment struct {
	stack       string
	assignments []string
	in          io.Reader
	out, errs   io.Writer

	known  map[string]parameter
	values map[string]string
	cfg    aws.Config
	before time.Time // when the stack was last changed; zero: there was none
}

func (d *deployment) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.read, d.look, d.build, d.deploy, d.finish} {
		err := step(ctx)
		if stop := interrupted(ctx); stop != nil && !errors.Is(err, stop) {
			return stop
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// longestStack is how long a stack's name may be. Schedules are called as it is,
// and -directory-sync, in 64 characters.
const longestStack = 64 - len("-directory-sync")

// madeStack is how a stack may be called that is made here.
var madeStack = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)

// read reads the template, and which stack is meant.
func (d *deployment) read(context.Context) (err error) {
	d.stack = stackOr(d.stack)
	if !madeStack.MatchString(d.stack) || len(d.stack) > longestStack {
		return mistake{
			fmt.Sprintf("A stack is deployed by its name, which begins with a letter and has letters, digits and hyphens, %d at most; its ARN is none", longestStack),
			"Choose such a name, as in make deploy STACK=crmwho-test."}
	}
	d.known, err = readParameters(templateFile)
	return err
}

// look finds what is wrong before anything is built, all at once.
func (d *deployment) look(ctx context.Context) error {
	byMake, eaten := fromMake(os.Getenv)
	var wrong error
	d.values, wrong = valuesOf(append(byMake, d.assignments...), d.known)
	wrong = errors.Join(eaten, wrong, d.findTools(), d.findStack(ctx))
	return cmp.Or(interrupted(ctx), wrong)
}

var configuredStack = regexp.MustCompile(`(?m)^\s*stack_name\s*=\s*"([^"]*)"`)

// stackOr is a stack's name, or that of the SAM CLI's configuration where none is
// given.
func stackOr(name string) string {
	data, _ := os.ReadFile(samConfigFile) // without it there is the default
	if found := configuredStack.FindSubmatch(data); name == "" && found != nil {
		return string(found[1])
	}
	return cmp.Or(name, "crmwho")
}

// tools are what a deployment runs, and how one gets it.
var tools = []struct{ name, get string }{
	{"go", "install Go 1.26 or later, from go.dev/dl or your system's packages"},
	{"make", "install GNU Make, from your system's packages: the SAM CLI builds with it"},
	{"sam", "install the AWS SAM CLI: its documentation says how for each system, and pipx install aws-sam-cli does where Python is"},
}

func (d *deployment) findTools() error {
	var missing []error
	for _, tool := range tools {
		if _, err := exec.LookPath(tool.name); err != nil {
			missing = append(missing, fmt.Errorf("a deployment needs %s, which is not there: %s", tool.name, tool.get))
		}
	}
	return errors.Join(missing...)
}

// tellPlace proves the credentials, and says where they lead. It does not say
// whose they are: the name of a session is often a person's.
func tellPlace(ctx context.Context, to io.Writer, cfg aws.Config, stack string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	account, _, err := whose(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "Account %s, region %s, stack %s\n", account, cfg.Region, stack)
	return nil
}

func (d *deployment) findAccount(ctx context.Context) (err error) {
	if d.cfg, err = awsConfig(ctx); err != nil {
		return err
	}
	return tellPlace(ctx, d.out, d.cfg, d.stack)
}

// findStack looks at the stack that is there, if any.
func (d *deployment) findStack(ctx context.Context) error {
	if err := d.findAccount(ctx); err != nil {
		return errors.Join(err, perhapsLacking(d.known, d.values))
	}
	there, err := d.describe(ctx)
	if err != nil {
		return err
	}
	switch is := statusOf(there.StackStatus, d.stack, d.cfg.Region, "deploy again"); {
	case there.StackStatus == "":
	case is.blocks:
		return is.mistake
	case there.StackStatus == types.StackStatusReviewInProgress:
		there = types.Stack{} // a changeset that nobody has confirmed does not count
	}
	return d.compare(there)
}

// compare holds what was given against the stack that is there, which is empty
// where there is none.
func (d *deployment) compare(there types.Stack) error {
	_, parameters := contents(there)
	if d.before = changedAt(there); d.before.IsZero() {
		return lackingValues(d.known, d.values, nil)
	}
	return errors.Join(changedKept(d.values, parameters), lackingValues(d.known, d.values, parameters))
}

// changedAt is when a stack was last changed; zero: there is none.
func changedAt(s types.Stack) time.Time {
	return cmp.Or(aws.ToTime(s.LastUpdatedTime), aws.ToTime(s.CreationTime))
}

// describe gives the stack, or an empty one where there is none yet.
func (d *deployment) describe(ctx context.Context) (types.Stack, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return lookUpStack(ctx, d.cfg, d.stack)
}

func (d *deployment) build(ctx context.Context) error { return d.sam(ctx, "build") }

// deploy uploads the functions below the stack's name. Otherwise stacks with the same
// code would share what is uploaded, and removing one would take it from all.
func (d *deployment) deploy(ctx context.Context) error {
	args := []string{"deploy", "--stack-name", d.stack, "--region", d.cfg.Region, "--s3-prefix", d.stack}
	if len(d.values) > 0 {
		args = append(args, "--parameter-overrides")
	}
	for _, name := range slices.Sorted(maps.Keys(d.values)) {
		args = append(args, override(name, d.values[name]))
	}
	return d.sam(ctx, args...)
}

// samPatience is how long the SAM CLI may take to end after an interrupt.
const samPatience = 10 * time.Second

// sam runs the SAM CLI. An interrupt reaches it.
func (d *deployment) sam(ctx context.Context, args ...string) error {
	run := exec.CommandContext(ctx, "sam", args...)
	run.Stdin, run.Stdout, run.Stderr = d.in, d.out, d.errs
	run.Env = samEnvironment(os.Environ())
	run.Cancel = func() error { return d.interrupt(run.Process.Signal) }
	run.WaitDelay = samPatience
	err := run.Run()
	if ctx.Err() != nil && args[0] == "deploy" {
		return fmt.Errorf("%w: what CloudFormation has begun goes on by itself", errInterrupted)
	}
	if err != nil {
		return fmt.Errorf("sam %s: %w", args[0], cmp.Or(interrupted(ctx), err))
	}
	return nil
}

// interrupt passes one on, unless it was typed: that goes to all that runs at the
// terminal, and the SAM CLI would get it twice.
func (d *deployment) interrupt(signal func(os.Signal) error) error {
	if isTerminal(d.in) {
		return nil
	}
	return signal(os.Interrupt)
}

// samEnvironment is what the SAM CLI and the make that it runs see: the version
// to build, since they work in a copy that knows no commits, and nothing of the
// make that runs this.
func samEnvironment(environ []string) []string {
	built := "VERSION=" + version
	return append([]string{built}, slices.DeleteFunc(environ, func(pair string) bool {
		name, value, _ := strings.Cut(pair, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}, name) || name == "VERSION" && value == ""
	})...)
}

// finish writes the manifest, and says what is left to do.
func (d *deployment) finish(ctx context.Context) error {
	there, err := d.describe(ctx)
	if err != nil {
		return err
	}
	if len(there.Outputs) == 0 {
		return mistake{"Nothing was deployed: the stack " + d.stack + " has no outputs", "Deploy again, and confirm the changeset."}
	}
	b, err := place{stack: d.stack}.open(ctx)
	if err != nil {
		return err
	}
	another, err := d.writeManifest(b.apiURL())
	if err != nil {
		return err
	}
	d.tellDone(b, changedAt(there).After(d.before))
	d.tellNext(ctx, b, another)
	return nil
}

// tellDone says where the stack answers, and whether the SAM CLI changed it. It
// also ends well where nothing was to be changed, or nobody wanted it.
func (d *deployment) tellDone(b *backend, changed bool) {
	says := "Nothing was changed: the stack answers at"
	if changed {
		says = "Deployed to"
	}
	fmt.Fprintf(d.out, "\n%s %s\nThe manifest of its Slack app is in %s.\n", says, b.apiURL(), manifestFile(d.stack))
}

// apiURL is the deployment's address, without a path.
func (b *backend) apiURL() string {
	return strings.TrimSuffix(cmp.Or(b.outputs[outAPI], strings.TrimSuffix(b.outputs[outCommands], bot.CommandsPath)), "/")
}

// writeManifest tells whether there was another one.
func (d *deployment) writeManifest(address string) (another bool, err error) {
	text, err := manifest(address)
	if err != nil {
		return false, fmt.Errorf("the stack's address %q is none that Slack can call", address)
	}
	name := manifestFile(d.stack)
	former, err := os.ReadFile(name)
	another = err == nil && string(former) != string(text)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	return another, os.WriteFile(name, text, 0o644)
}

// tellNext names the next steps, by which secrets are empty, and whether there was
// another manifest.
func (d *deployment) tellNext(ctx context.Context, b *backend, another bool) {
	limited, cancel := context.WithTimeout(ctx, 2*callTime)
	defer cancel()
	_, err := token.ReadClient(limited, b.store, b.client, b.accounts(), b.loopback)
	noSlack, noZoho := b.lacksSigning(limited), errors.Is(err, token.ErrNotSetUp)
	var steps []string
	if noSlack {
		steps = append(steps, `Create the Slack app from `+manifestFile(d.stack)+` (at api.slack.com/apps, "From a manifest"), install it, and run `+b.command("setup slack")+".")
	}
	if another && !noSlack {
		steps = append(steps, "If the Slack app has another manifest, give it this one, and install it again: it differs from the last one here.")
	}
	if noZoho {
		steps = append(steps, "Connect Zoho CRM: "+b.command("setup")+".")
	}
	if !noSlack && !noZoho {
		steps = append(steps, "Ask the deployed bot: "+b.make("smoke")+".", "Look at everything: "+b.command("doctor")+".")
	}
	fmt.Fprintf(d.out, "Next:\n  %s\n", strings.Join(steps, "\n  "))
}

// lacksSigning reports whether the secret of Slack was never filled.
func (b *backend) lacksSigning(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	secrets, err := bot.StoredSecrets(b.store, b.slack, slog.New(slog.DiscardHandler))(limited, false)
	return err == nil && len(secrets.Signing) == 0
}
