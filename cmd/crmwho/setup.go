package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

func setupCommand() *cobra.Command {
	var at place
	var s zohoSetup
	c := &cobra.Command{
		Use:   "setup",
		Short: "Connect Zoho CRM",
		Long: `Setup asks for a self client of Zoho's API console and a code that it made, and
stores what comes of it: the client, its grant and a first access token. Before
that it proves that the CRM can be read. If anything fails the values stay as
they were.

It lists the scopes that the code needs, with what each is for. For /crmowner
they are those of the modules in the stack's parameter RecordModules, of search
and of COQL; none where its OwnerAudience is nobody.

What no flag gives is asked for, or read from standard input when that is no
terminal, one line each: the data centre, unless CRMWHO_ZOHO_ACCOUNTS_URL is set,
the client id, the client secret and the code. No flag takes a secret.

The values live in the secrets of a stack, or in a folder of this computer. For
a stack it needs cloudformation:DescribeStacks, and on the secrets
secretsmanager:GetSecretValue and PutSecretValue.`,
		Example: `  crmwho setup --stack crmwho
  crmwho setup
  crmwho setup --stack crmwho --data-centre eu --client-id 1000.ABC < secret-and-code.txt`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if s.backend, err = at.openFor(c.Context(), c.ErrOrStderr()); err != nil {
				return err
			}
			s.ask, s.out = newPrompter(c), &unheard{to: c.OutOrStdout(), elsewhere: c.ErrOrStderr()}
			return s.run(c.Context())
		},
	}
	at.addFlags(c)
	c.Flags().StringVar(&s.dataCentre, "data-centre", "", "where the CRM lives: "+locations())
	c.Flags().StringVar(&s.client.ClientID, "client-id", "", "of the self client")
	oneOf(c, "data-centre", strings.Split(locations(), ", ")...)
	c.AddCommand(setupSlackCommand(&at))
	return c
}

// locations are those of all data centres.
func locations() string {
	var all []string
	for _, dc := range zoho.DataCentres() {
		all = append(all, dc.Location)
	}
	return strings.Join(all, ", ")
}

// zohoSetup is one run of crmwho setup.
type zohoSetup struct {
	*backend
	ask *prompter
	out io.Writer

	dataCentre string       // as it was given
	old        token.Client // zero: there was none that could be read
	client     token.Client
	code       string
	grant      zoho.Grant
}

func (s *zohoSetup) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.readOld, s.askAll, s.exchange, s.prove, s.write, s.refresh} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.tellNext(ctx)
}

// say prints a line about what was done.
func (s *zohoSetup) say(format string, values ...any) {
	fmt.Fprintf(s.out, format+"\n", values...)
}

// readOld finds out early whether the place can be read: a code works once.
func (s *zohoSetup) readOld(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	old, err := token.ReadClient(limited, s.store, s.backend.client, s.accounts(), s.loopback)
	if err != nil && !errors.Is(err, token.ErrNotSetUp) {
		return cmp.Or(interrupted(ctx), err)
	}
	s.old = old
	return nil
}

func (s *zohoSetup) askAll(ctx context.Context) (err error) {
	if _, err := s.recordModules(); err != nil {
		return err
	}
	if err := s.askDataCentre(ctx); err != nil {
		return err
	}
	s.explain()
	if s.client.ClientID = strings.TrimSpace(s.client.ClientID); s.client.ClientID == "" {
		if s.client.ClientID, err = s.ask.ask(ctx, "client id", ""); err != nil {
			return err
		}
	}
	if s.client.ClientSecret, err = s.ask.secret(ctx, "client secret"); err != nil {
		return err
	}
	s.code, err = s.ask.secret(ctx, "code")
	return err
}

// askDataCentre settles the accounts server.
func (s *zohoSetup) askDataCentre(ctx context.Context) (err error) {
	if s.accountsURL != "" {
		if s.dataCentre != "" {
			return errors.New("CRMWHO_ZOHO_ACCOUNTS_URL and --data-centre exclude each other")
		}
		s.client.AccountsServer = s.accountsURL
		return nil
	}
	if s.dataCentre == "" {
		s.dataCentre, err = s.ask.ask(ctx, "data centre", cmp.Or(s.parameters[paramDataCentre], "us"))
		if err != nil {
			return err
		}
	}
	for _, dc := range zoho.DataCentres() {
		if strings.EqualFold(dc.Location, strings.TrimSpace(s.dataCentre)) {
			s.client.AccountsServer = dc.AccountsURL
			return nil
		}
	}
	return errors.New("there is no such data centre: Zoho has " + locations())
}

// whatToMake is told before it is asked for.
const whatToMake = `The client: log in to {console} as the CRM user behind the bot, and open or make the self client.
The code: there, generate one for ten minutes with these scopes:
  {scopes}
Only ZohoCRM.users.READ is needed. What is lost without each of the others:
`

// explain also says what each scope is for.
func (s *zohoSetup) explain() {
	fmt.Fprint(s.ask.to, strings.NewReplacer(s.words(s.client.AccountsServer)...).Replace(whatToMake))
	modules, _ := s.recordModules() // askAll has looked at the error
	for _, a := range accesses(modules) {
		if a.lost != "" {
			fmt.Fprintf(s.ask.to, "  %s: %s\n", a.scope, a.lost)
		}
	}
	if len(modules) == 0 {
		fmt.Fprintf(s.ask.to, "Those for /crmowner are left out, since %s is nobody.\n", paramOwners)
		return
	}
	fmt.Fprintln(s.ask.to, "Without both of the last two /crmowner understands links and ids alone.")
}

func (s *zohoSetup) oauth() *zoho.OAuth {
	return &zoho.OAuth{
		ClientID: s.client.ClientID, ClientSecret: s.client.ClientSecret,
		AccountsURL: s.client.AccountsServer, AllowLoopback: s.loopback,
	}
}

func (s *zohoSetup) exchange(ctx context.Context) (err error) {
	limited, cancel := context.WithTimeout(ctx, 2*callTime)
	defer cancel()
	accounts := s.client.AccountsServer
	done := working(s.ask.to, "Handing the code to Zoho")
	s.grant, err = s.oauth().Exchange(limited, s.code)
	if done(); err != nil {
		return s.exchangeMistake(ctx, err, accounts)
	}
	if s.grant.RefreshToken == "" {
		return noRefreshToken.filled(s.words(accounts)...)
	}
	s.client.RefreshToken = s.grant.RefreshToken
	s.say("Zoho at %s took the code.", strings.TrimPrefix(accounts, "https://"))
	return nil
}

// prove reads what the bot reads, with the grant's own access token. What is
// not needed may fail.
func (s *zohoSetup) prove(ctx context.Context) error {
	t := trial{crm: s.crm(func(context.Context) (zoho.Token, error) { return s.grant.Token, nil })}
	modules, _ := s.recordModules() // askAll has looked at the error
	var next []string
	for _, a := range accesses(modules) {
		done := working(s.ask.to, "Trying the CRM's "+a.name)
		err := t.try(ctx, a)
		done()
		if stop := interrupted(ctx); stop != nil {
			return s.undone(ctx, stop)
		}
		switch {
		case err == nil && a.byModule():
			s.say("It can use the CRM's %s.", a.name)
			continue
		case err == nil:
			s.say("It can read the CRM's %s.", a.name)
			continue
		case errors.Is(err, errNoneReadable):
			s.say("Whether it can use the CRM's %s is not known, because %v.", a.name, err)
			continue
		}
		m := s.crmMistake(a, err, s.client.AccountsServer)
		if errors.Is(err, zoho.ErrTokenRefused) { // a new one, which nobody mends
			m = foreignCode.filled(s.words(s.client.AccountsServer)...)
		}
		if a.lost == "" {
			return s.undone(ctx, m)
		}
		s.say("It goes on without %s, so that %s. %s.", a.name, t.lost(a), m.says)
		next = append(next, m.next)
	}
	for _, step := range slices.Compact(next) {
		s.say("To mend that: %s", step)
	}
	return nil
}

// crm is a client of the CRM that changes nothing.
func (b *backend) crm(tokens zoho.TokenSource) *zoho.Client {
	return &zoho.Client{Tokens: tokens, Version: b.parameters[paramVersion], AllowLoopback: b.loopback, Log: slog.New(slog.DiscardHandler)}
}

// undone ends a new grant that is not stored, and says what became of it with
// why that is. Zoho keeps 20 grants of a client, and the next ends the first.
func (s *zohoSetup) undone(ctx context.Context, why error) error {
	if s.client.RefreshToken == s.old.RefreshToken {
		return fmt.Errorf("%w\nNothing was stored", why)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	defer working(s.ask.to, "Revoking the new grant")()
	if s.oauth().Revoke(ctx, s.client.RefreshToken) != nil {
		return fmt.Errorf("%w\nNothing was stored. The next run needs a new code, and the new grant could not be revoked: it is one of the 20 that Zoho keeps of a client, before the next ends the first", why)
	}
	return fmt.Errorf("%w\nNothing was stored, and the new grant was revoked: the next run needs a new code", why)
}

// write stores the client. It goes on although somebody interrupts it: what is
// half done would leave a grant that nobody knows of.
func (s *zohoSetup) write(ctx context.Context) error {
	if stop := interrupted(ctx); stop != nil {
		return s.undone(ctx, stop)
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*callTime)
	defer cancel()
	done := working(s.ask.to, "Storing the client and its grant")
	err := token.WriteClient(limited, s.store, s.backend.client, s.client)
	if done(); err != nil {
		if err := s.unwritten(limited, err); err != nil {
			return err
		}
	}
	s.say("The client and its grant are stored in %s.", s.where)
	if s.old.RefreshToken != "" && s.old.RefreshToken != s.client.RefreshToken {
		s.say("It took the place of a client that was there before. The old refresh token lives on at Zoho until it is revoked.")
	}
	return nil
}

// unwritten finds out what became of a write that failed: its answer may be all
// that was lost, and a grant that is in use must not be revoked.
func (s *zohoSetup) unwritten(ctx context.Context, why error) error {
	stored, err := token.ReadClient(ctx, s.store, s.backend.client, s.accounts(), s.loopback)
	switch {
	case err != nil && !errors.Is(err, token.ErrNotSetUp):
		return fmt.Errorf("%w\nWhether the client was stored is not known: %s tells", why, s.command("doctor"))
	case stored.RefreshToken == s.client.RefreshToken:
		return nil
	}
	return s.undone(ctx, s.writeMistake(why))
}

// writeMistake puts into words why a value could not be written.
func (b *backend) writeMistake(err error) error {
	switch {
	case errors.Is(err, store.ErrChanged):
		return mistake{"Somebody else has changed the value just now", "Find out who, and run this again."}
	case errors.Is(err, store.ErrNotExist):
		return mistake{"The secret does not exist any more", "Deploy the stack again, with " + b.deploy() + "."}
	}
	return err
}

// refresh gets the first token the way that all others are got.
func (s *zohoSetup) refresh(ctx context.Context) error {
	said, err := s.exchangeNow(ctx, s.ask.to)
	if err != nil {
		return fmt.Errorf("the client is stored, and %w", err)
	}
	s.say("%s", said)
	return nil
}

// exchangeNow has a token exchanged, and says what came of that.
func (b *backend) exchangeNow(ctx context.Context, progress io.Writer) (said string, err error) {
	defer working(progress, "Asking Zoho for an access token")()
	report, err := b.keeper().Run(ctx, token.Request{Force: true})
	if err != nil {
		return "", fmt.Errorf("there is no new access token: %w\n%s. %s tells how it is",
			cmp.Or(interrupted(ctx), err), b.filled("As to another try: "+b.then(ctx)), b.command("token"))
	}
	said = cmp.Or(byOutcome[report.Outcome], "There is no new access token: "+string(report.Outcome)+".")
	if report.Outcome != token.Exchanged {
		said = strings.ReplaceAll(said, "{then}", b.then(ctx))
	}
	return b.filled(said, "{expiry}", clock(report.Expiry), "{next}", clock(report.Next)), nil
}

// then is what brings another token after a try that brought none: nothing does
// with a grant that is dead, unless another client was stored since.
func (b *backend) then(ctx context.Context) string {
	h, err := token.ReadHealth(ctx, b.store, b.token)
	stored, unread := b.store.Read(ctx, b.client)
	if err == nil && unread == nil && h.Latched != "" && h.Latched == stored.Version {
		return "run " + b.command("setup") + ", since the grant is dead"
	}
	return "{goes}"
}

// byOutcome says what came of an exchange.
var byOutcome = map[token.Outcome]string{
	token.Exchanged:  "There is a new access token, which works until {expiry}. {kept}.",
	token.UnderWay:   "Another run exchanges a token just now, maybe with a former grant. After two minutes {then}.",
	token.HeldOff:    "Zoho wants no exchange before {next}. After that {then}.",
	token.OverBudget: "There were too many exchanges of late: Zoho blocks those who ask often. After {next} {then}.",
}

// tellNext ends with what is left to do.
func (s *zohoSetup) tellNext(ctx context.Context) error {
	s.say("\nNext:")
	switch {
	case s.outputs == nil:
		s.say("  %s\n    opens a page on this computer that plays Slack, over this CRM", s.readPeople(s.client.AccountsServer))
	case s.lacksSigning(ctx):
		s.say("  %s\n    connects the Slack app", s.command("setup slack"))
	default:
		s.say("%s", s.verifyEvents())
		s.say("%s", s.trySmoke())
	}
	s.say("  %s\n    tells how the access token is\n  %s\n    looks at everything", s.command("token"), s.command("doctor"))
	if s.outputs != nil {
		s.say("\nThe people are read within ten minutes, by themselves. To have it done at once, with the AWS CLI 2:\n  %s", s.readPeople(s.client.AccountsServer))
	}
	return nil
}

// verifyEvents and trySmoke are steps once a stack's bot has its Slack secret.
// Slack verifies the address only when it is asked to, and only if it is answered.
func (b *backend) verifyEvents() string {
	return "  On the Slack app's page \"Event Subscriptions\", have Slack verify the request URL\n    " + b.outputs[outEvents]
}

func (b *backend) trySmoke() string {
	return "  " + b.make("smoke") + "\n    asks the deployed bot a question, as Slack does"
}

// readPeople is a command that reads everybody of the CRM at an accounts server.
func (b *backend) readPeople(accounts string) string {
	if b.outputs == nil {
		return b.command("serve --zoho " + shellWord(accounts))
	}
	return "aws lambda invoke --function-name " + b.outputs[outUsersQuery] +
		` --cli-binary-format raw-in-base64-out --payload '{"job":"directory-sync"}' /dev/stdout`
}
