package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
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
	must(c.MarkPersistentFlagDirname("dir"))
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
	cfg        aws.Config // of AWS
	stack      string     // its name
	status     types.StackStatus
	outputs    map[string]string
	parameters map[string]string
}

// open finds a place. Nothing is made or written.
func (p place) open(ctx context.Context) (*backend, error) {
	b := newBackend()
	open := func() error { return b.openFolder(p.dir) }
	if p.stack != "" {
		open = func() error { return b.openStack(ctx, p.stack) }
	}
	if err := open(); err != nil {
		return nil, err
	}
	return b, b.checkAddresses()
}

// openFor opens a place, and tells a terminal if that takes long.
func (p place) openFor(ctx context.Context, progress io.Writer) (*backend, error) {
	if p.stack != "" {
		defer working(progress, "Looking up the stack "+p.stack)()
	}
	return p.open(ctx)
}

// newBackend is what the environment says of any place.
func newBackend() *backend {
	loopback, _ := strconv.ParseBool(os.Getenv("CRMWHO_ALLOW_LOOPBACK")) // anything else is no
	return &backend{
		accountsURL: os.Getenv("CRMWHO_ZOHO_ACCOUNTS_URL"),
		slackAPI:    os.Getenv("CRMWHO_SLACK_API_URL"),
		loopback:    loopback,
	}
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
func (b *backend) command(name string) string { return program + " " + name + b.flags }

// deploy is how the stack is deployed, with a parameter or without.
func (b *backend) deploy(parameters ...string) string { return b.make("deploy", parameters...) }

// make is a target of the Makefile for the stack, whose name it knows where that is
// the one of the SAM CLI's configuration.
func (b *backend) make(target string, parameters ...string) string {
	words := []string{"make " + target}
	if b.stack != "" && b.stack != stackOr("") {
		words = append(words, "STACK="+b.stack)
	}
	return strings.Join(append(words, parameters...), " ")
}

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
			"Deploy with another, as in " + b.deploy(paramModules+"="+strings.Join(records.DefaultModules, ",")) + "."}
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
// another token, {kept} who keeps the one that is there, {mender} who may mend one
// that is spoilt, and {refresh} the command that exchanges it at once.
func (b *backend) aboutRefresh() []string {
	if b.outputs != nil {
		return []string{
			"{goes}", "token-refresh goes on by itself, within ten minutes",
			"{kept}", "From now on token-refresh keeps it fresh",
			"{mender}", "token-refresh does not mend it within ten minutes",
			"{refresh}", b.command("token --refresh"),
		}
	}
	run := b.command("token --refresh")
	return []string{
		"{goes}", "run " + run + ", since over a folder nothing goes on by itself",
		"{kept}", "Over a folder nothing keeps it fresh: " + run + " exchanges it",
		"{mender}", run + " does not mend it",
		"{refresh}", run,
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
	outEvents       = "EventsUrl"
)

var neededOutputs = []string{outSlack, outClient, outToken, outTokenRefresh, outUsersQuery}

// otherOutputs are those that somebody looks for, and nothing else of the commands
// stops without.
var otherOutputs = []string{outStore, "CommandsUrl", "InteractivityUrl", outEvents, "ApiUrl", "FailedJobs", "UndeliveredRuns", "Alerts"}

// Parameters of template.yaml that the commands know.
const (
	paramAuditChannel  = "AuditChannel"
	paramAuditMaxAge   = "AuditMaxAgeHours"
	paramDataCentre    = "DataCentre"
	paramFields        = "RecordFields"
	paramModules       = "RecordModules"
	paramNoticeChannel = "NoticeChannel"
	paramOwners        = "OwnerAudience"
	paramSlackAPI      = "SlackApiUrl"
	paramSlackTeams    = "SlackTeams"
	paramVersion       = "ZohoApiVersion"
)

// checkStack refuses what is no name of a stack.
func checkStack(name string) error {
	if !stackName.MatchString(name) {
		return errors.New("--stack takes the name of a CloudFormation stack: letters, digits and hyphens")
	}
	return nil
}

func (b *backend) openStack(ctx context.Context, name string) (err error) {
	if err := checkStack(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*callTime)
	defer cancel()
	if b.cfg, err = awsConfig(ctx); err != nil {
		return err
	}
	if err := b.describe(ctx, name); err != nil {
		return err
	}
	if missing := b.missing(neededOutputs); missing != "" {
		return b.oldStack(missing)
	}
	b.take(name)
	return nil
}

// take makes a stack that was described and has what is needed the place.
func (b *backend) take(name string) {
	b.store, b.where, b.flags = awsstore.Secrets{Client: secretsmanager.NewFromConfig(b.cfg)}, "the stack "+b.stack, " --stack "+name
	b.client, b.token, b.slack = b.outputs[outClient], b.outputs[outToken], b.outputs[outSlack]
	b.slackAPI = cmp.Or(b.slackAPI, b.parameters[paramSlackAPI])
}

// missing names the outputs that a stack lacks.
func (b *backend) missing(outputs []string) string {
	has := func(key string) bool { return b.outputs[key] != "" }
	return strings.Join(slices.DeleteFunc(slices.Clone(outputs), has), ", ")
}

// oldStack says that a stack lacks outputs.
func (b *backend) oldStack(missing string) mistake {
	outputs := "output "
	if strings.Contains(missing, ",") {
		outputs = "outputs "
	}
	return mistake{"The stack " + b.stack + " lacks the " + outputs + missing, "Deploy the template of this version, with " + b.deploy() + "."}
}

// awsConfig is the environment's, with credentials that are there.
func awsConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	switch _, noProfile := errors.AsType[config.SharedConfigProfileNotExistError](err); {
	case interrupted(ctx) != nil:
		return cfg, errInterrupted
	case noProfile:
		return cfg, mistake{"The AWS profile that AWS_PROFILE names does not exist", "Choose another: aws configure list-profiles shows those that do."}
	case err != nil: // its text may quote a file with credentials
		return cfg, mistake{"The configuration of AWS cannot be read", "Look at AWS_PROFILE and at ~/.aws/config."}
	case cfg.Region == "":
		return cfg, mistake{"No AWS region is chosen", "Set AWS_REGION to the one where the stack is, or is to be, such as eu-central-1."}
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, cmp.Or[error](interrupted(ctx), mistake{"There are no AWS credentials that work", "Log in, as with aws sso login, or choose a profile with AWS_PROFILE."})
	}
	return cfg, nil
}

// whose asks AWS which account credentials are of, which needs no permission. at is
// the time of AWS's clock; zero: it did not tell.
func whose(ctx context.Context, cfg aws.Config) (account string, at time.Time, err error) {
	is, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return "", at, awsError(ctx, err, "AWS does not say whose the credentials are", cfg.Region)
	}
	at, _ = awsmiddleware.GetServerTime(is.ResultMetadata)
	return aws.ToString(is.Account), at, nil
}

// interrupted is the error of a command that somebody has ended; nil: nobody has.
func interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errInterrupted
	}
	return nil
}

var errInterrupted = errors.New("interrupted")

// describe reads a stack's status, outputs and parameters.
func (b *backend) describe(ctx context.Context, name string) error {
	is, err := lookUpStack(ctx, b.cfg, name)
	if err != nil {
		return err
	}
	if is.StackName == nil {
		return b.noStack(ctx, name)
	}
	b.stack, b.status = *is.StackName, is.StackStatus
	b.outputs, b.parameters = contents(is)
	return nil
}

// lookUpStack gives a stack, or an empty one where there is none of that name.
func lookUpStack(ctx context.Context, cfg aws.Config, name string) (types.Stack, error) {
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	switch {
	case awsCode(err) == "ValidationError":
		return types.Stack{}, nil
	case err != nil:
		return types.Stack{}, stackError(ctx, err, name, cfg.Region)
	case len(out.Stacks) != 1:
		return types.Stack{}, nil
	}
	return out.Stacks[0], nil
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

// noStack says where there is none of a name: whoever has several profiles or
// regions looks in the wrong place as a rule.
func (b *backend) noStack(ctx context.Context, name string) mistake {
	where := b.cfg.Region
	if account, _, err := whose(ctx, b.cfg); err == nil { // otherwise less is said
		where += " of the account " + account
	}
	return mistake{
		"There is no stack " + name + " in " + where,
		"Choose another AWS_PROFILE or AWS_REGION, or name another stack: aws cloudformation list-stacks shows those that are there. If it was never deployed, deploy it, with " + (&backend{stack: nameIn(name)}).deploy() + "."}
}

// nameIn is the name of a stack, which its ARN has between slashes.
func nameIn(stack string) string {
	if parts := strings.Split(stack, "/"); len(parts) == 3 {
		return parts[1]
	}
	return stack
}

// stackError puts what AWS refuses into words.
func stackError(ctx context.Context, err error, name, region string) error {
	switch awsCode(err) {
	case "AccessDenied", "AccessDeniedException":
		return mistake{"These AWS credentials may not look at the stack " + name, "They need cloudformation:DescribeStacks."}
	}
	return awsError(ctx, err, "The stack "+name+" cannot be looked up", region)
}

// awsCode is what AWS calls an error that it answered with; empty for any other.
func awsCode(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// awsError puts into words why something could not be asked of AWS, in a region.
func awsError(ctx context.Context, err error, says, region string) error {
	switch code := awsCode(err); code {
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException":
		return mistake{"AWS does not take the credentials", "Log in again, as with aws sso login."}
	case "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed":
		return mistake{
			"AWS does not take the signature (" + code + "): this computer's clock is wrong, or the secret access key is mistyped",
			"Look at the clock first, which may differ by five minutes at most. If it is right, enter the key anew, or log in again, as with aws sso login."}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return mistake{
			says + ": there is no host " + dns.Name + ", for the region " + region,
			"Look whether the region is written rightly, in AWS_REGION or in the profile, and at this computer's connection."}
	}
	return cmp.Or[error](interrupted(ctx), mistake{
		says + ": " + awsstore.Failure(ctx, err).Error(),
		"Look at this computer's connection and at AWS's status page, and try again."})
}
