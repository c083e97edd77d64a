package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"crmwho/internal/bot"
	"crmwho/internal/records"
	"crmwho/internal/store"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// callTime bounds each question to a remote system, so that nobody waits long
// for one that hangs.
const callTime = 10 * time.Second

// place says where an operator's values live: in a stack, or in a folder.
type place struct {
	stack, dir string
}

// addFlags gives them to a command and to those below it.
func (p *place) addFlags(c *cobra.Command) {
	flags := c.PersistentFlags()
	flags.StringVar(&p.stack, "stack", "", "CloudFormation stack whose secrets are meant, with the AWS credentials of the environment")
	flags.StringVar(&p.dir, "dir", "", "folder with the values, without a stack (default crmwho below the user's configuration)")
	c.MarkFlagsMutuallyExclusive("stack", "dir")
}

// backend is what is at a place.
type backend struct {
	store                store.Store
	client, token, slack string // names of the values
	where                string // in words
	flags                string // those that lead to it, with a space before

	accountsURL string // instead of a data centre's; empty: none
	slackAPI    string // empty: Slack's own
	loopback    bool

	// Of a stack; otherwise empty.
	outputs    map[string]string
	parameters map[string]string
}

// open finds a place. Nothing is made or written.
func (p place) open(ctx context.Context) (*backend, error) {
	loopback, _ := strconv.ParseBool(os.Getenv("CRMWHO_ALLOW_LOOPBACK")) // anything else is no
	b := &backend{
		accountsURL: os.Getenv("CRMWHO_ZOHO_ACCOUNTS_URL"),
		slackAPI:    os.Getenv("CRMWHO_SLACK_API_URL"),
		loopback:    loopback,
	}
	open := func() error { return b.openFolder(p.dir) }
	if p.stack != "" {
		open = func() error { return b.openStack(ctx, p.stack) }
	}
	if err := open(); err != nil {
		return nil, err
	}
	return b, b.checkAddresses()
}

// checkAddresses refuses to send secrets anywhere but to Zoho and Slack.
func (b *backend) checkAddresses() error {
	var wrong []error
	if b.accountsURL != "" {
		if err := zoho.CheckAccountsURL(b.accountsURL, b.loopback); err != nil {
			wrong = append(wrong, fmt.Errorf("CRMWHO_ZOHO_ACCOUNTS_URL: %w", err))
		}
	}
	if b.slackAPI != "" {
		if err := bot.CheckSlackAPI(b.slackAPI, b.loopback); err != nil {
			wrong = append(wrong, fmt.Errorf("CRMWHO_SLACK_API_URL: %w", err))
		}
	}
	return errors.Join(wrong...)
}

// command is a command of ours for the same place.
func (b *backend) command(name string) string { return "crmwho " + name + b.flags }

// accounts is the accounts server of a client that names none; empty: unknown.
func (b *backend) accounts() string {
	for _, dc := range zoho.DataCentres() {
		if dc.Location == b.parameters[paramDataCentre] && b.accountsURL == "" {
			return dc.AccountsURL
		}
	}
	return b.accountsURL
}

// recordModules are those whose records' owners are told; none where nobody may
// ask for them.
func (b *backend) recordModules() ([]string, error) {
	if b.parameters[paramOwners] == "nobody" {
		return nil, nil
	}
	text := b.parameters[paramModules]
	if text == "" { // no stack, or one of a former version
		return records.DefaultModules, nil
	}
	modules, err := records.ParseModules(text)
	if err != nil {
		return nil, mistake{
			"The stack's parameter " + paramModules + " is wrong, so that the function that answers does not start: " + err.Error(),
			"Deploy with another, as in make deploy EXTRA=" + paramModules + "=" + strings.Join(records.DefaultModules, ",") + "."}
	}
	return modules, nil
}

// keeper exchanges the access token the way that token-refresh does.
func (b *backend) keeper() *token.Keeper {
	return &token.Keeper{
		Store: b.store, ClientName: b.client, TokenName: b.token,
		AccountsURL: b.accounts(), AllowLoopback: b.loopback,
		Setup: b.command("setup"), Log: slog.New(slog.DiscardHandler),
	}
}

// aboutRefresh is what a sentence's names in braces stand for: {goes} is what brings
// another token, {kept} who keeps the one that is there, and {mender} who may
// replace one that Zoho refuses.
func (b *backend) aboutRefresh() []string {
	if b.outputs != nil {
		return []string{
			"{goes}", "token-refresh goes on by itself, within ten minutes",
			"{kept}", "From now on token-refresh keeps it fresh",
			"{mender}", "token-refresh does not mend it within ten minutes",
		}
	}
	run := b.command("token --refresh")
	return []string{
		"{goes}", "run " + run + ", since over a folder nothing goes on by itself",
		"{kept}", "Over a folder nothing keeps it fresh: " + run + " exchanges it",
		"{mender}", run + " does not mend it",
	}
}

// filled puts words in the place of their names.
func (b *backend) filled(text string, more ...string) string {
	return strings.NewReplacer(append(b.aboutRefresh(), more...)...).Replace(text)
}

// openFolder takes the names that the bot on one computer has for its values.
func (b *backend) openFolder(dir string) error {
	if dir != "" {
		b.flags = " --dir " + shellWord(dir)
	}
	dir, err := configDir(dir)
	if err != nil {
		return err
	}
	b.store, b.where = store.Folder{Dir: dir}, "the folder "+dir
	b.client, b.token, b.slack = "oauth-client", "access-token", "slack"
	return nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// shellWord quotes a text where a shell would take it for more than one word.
func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// stackName is how CloudFormation names a stack, or its ARN.
var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$|^arn:[-a-zA-Z0-9:/]{1,1000}$`)

// Outputs of template.yaml that the commands need.
const (
	outSlack        = "SlackSecret"
	outClient       = "OAuthClientSecret"
	outToken        = "AccessTokenSecret"
	outTokenRefresh = "TokenRefreshFunction"
	outUsersQuery   = "UsersQueryFunction"
)

var neededOutputs = []string{outSlack, outClient, outToken, outTokenRefresh, outUsersQuery}

// Parameters of template.yaml that the commands know.
const (
	paramDataCentre = "DataCentre"
	paramFields     = "RecordFields"
	paramModules    = "RecordModules"
	paramOwners     = "OwnerAudience"
	paramSlackAPI   = "SlackApiUrl"
	paramSlackTeams = "SlackTeams"
	paramVersion    = "ZohoApiVersion"
)

func (b *backend) openStack(ctx context.Context, name string) error {
	if !stackName.MatchString(name) {
		return errors.New("--stack takes the name of a CloudFormation stack: letters, digits and hyphens")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*callTime)
	defer cancel()
	cfg, err := awsConfig(ctx)
	if err != nil {
		return err
	}
	if err := b.describe(ctx, cfg, name); err != nil {
		return err
	}
	b.store, b.where, b.flags = awsstore.Secrets{Client: secretsmanager.NewFromConfig(cfg)}, "the stack "+name, " --stack "+name
	b.client, b.token, b.slack = b.outputs[outClient], b.outputs[outToken], b.outputs[outSlack]
	b.slackAPI = cmp.Or(b.slackAPI, b.parameters[paramSlackAPI])
	return nil
}

// awsConfig is the environment's, with credentials that are there.
func awsConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	switch _, noProfile := errors.AsType[config.SharedConfigProfileNotExistError](err); {
	case ctx.Err() != nil:
		return cfg, ctx.Err()
	case noProfile:
		return cfg, errors.New("the AWS profile that AWS_PROFILE names does not exist: aws configure list-profiles shows those that do")
	case err != nil: // its text may quote a file with credentials
		return cfg, errors.New("the configuration of AWS cannot be read: look at AWS_PROFILE and at ~/.aws/config")
	case cfg.Region == "":
		return cfg, errors.New("no AWS region is chosen: set AWS_REGION to the stack's")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, cmp.Or(interrupted(ctx), errors.New("there are no AWS credentials that work: log in, as with aws sso login, or choose a profile with AWS_PROFILE"))
	}
	return cfg, nil
}

// interrupted is the error of a command that somebody has ended; nil: nobody has.
func interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errInterrupted
	}
	return nil
}

var errInterrupted = errors.New("interrupted")

// describe reads a stack's outputs and parameters.
func (b *backend) describe(ctx context.Context, cfg aws.Config, name string) error {
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return stackError(ctx, err, name, cfg.Region)
	}
	if len(out.Stacks) != 1 {
		return fmt.Errorf("there is no stack %s in %s", name, cfg.Region)
	}
	b.outputs, b.parameters = contents(out.Stacks[0])
	missing := slices.DeleteFunc(slices.Clone(neededOutputs), func(key string) bool { return b.outputs[key] != "" })
	if len(missing) > 0 {
		return fmt.Errorf("the stack %s lacks the outputs %s: deploy the template of this version first, with make deploy", name, strings.Join(missing, ", "))
	}
	return nil
}

func contents(s types.Stack) (outputs, parameters map[string]string) {
	outputs, parameters = map[string]string{}, map[string]string{}
	for _, o := range s.Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, p := range s.Parameters {
		parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return outputs, parameters
}

// stackError puts what AWS refuses into words.
func stackError(ctx context.Context, err error, name, region string) error {
	code := ""
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	switch code {
	case "ValidationError":
		return fmt.Errorf("there is no stack %s in %s: aws cloudformation list-stacks shows those of the region", name, region)
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch":
		return errors.New("AWS does not take the credentials: log in again, as with aws sso login")
	case "AccessDenied", "AccessDeniedException":
		return fmt.Errorf("these AWS credentials may not look at the stack %s: they need cloudformation:DescribeStacks", name)
	}
	return fmt.Errorf("look up the stack %s: %w", name, cmp.Or(interrupted(ctx), awsstore.Failure(ctx, err)))
}
