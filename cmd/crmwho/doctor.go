package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/bot"
	"crmwho/internal/records"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

func doctorCommand() *cobra.Command {
	var at place
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that the bot needs, and say what to do",
		Long: `Doctor looks at the secrets, at the access token, whether Zoho and Slack take
what is stored, how old the list of people and the last audit are, and whether
this computer's clock is right. With --stack it also looks at AWS: whether it
takes the credentials, how the stack is, whether its schedules run, and whether
the bot is in the channels that it posts to. Without it the folder of crmwho
setup is looked at, and what crmwho serve --zoho keeps there; Slack only if its
secret is in it, since that page plays it.

It exchanges no token and writes nothing. No check takes more than ten seconds.
For a stack it needs cloudformation:DescribeStacks, scheduler:GetSchedule on the
schedules, secretsmanager:GetSecretValue on the secrets, and s3:ListBucket and
s3:GetObject on the bucket.

Its exit status is 1 when a check has failed; warnings do not count.`,
		Example: "  crmwho doctor --stack crmwho\n  crmwho doctor --stack crmwho --json\n  crmwho doctor",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := at.doctor()
			if err != nil {
				return err
			}
			d.begin = func(check string) (done func()) {
				return working(c.ErrOrStderr(), "Looking at: "+check)
			}
			shown := &findingsShown{to: c.OutOrStdout()}
			if d.show = shown.show; asJSON {
				d.show = func(finding) error { return nil }
			}
			findings, err := d.examine(c.Context())
			if err == nil && asJSON {
				err = unlessUnheard(writeJSON(c.OutOrStdout(), findings))
			}
			return cmp.Or(err, shown.flush(), failures(findings))
		},
	}
	at.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print an array of {check, verdict, says, next}")
	return c
}

// doctor is one examination: what its first checks have found is what the later
// ones work with.
type doctor struct {
	*backend
	place place

	begin func(check string) (done func())
	show  func(finding) error

	oauth    token.Client // zero: not usable
	access   zoho.Token   // zero: not usable
	botToken string       // empty: not usable
	identity bot.Identity // zero: Slack did not tell
	again    string       // what to do about a token that is not well; empty: it is
	noSlack  string       // why Slack is not looked at; empty: it is
	trial    trial        // of what can be read
	stopped  string       // why the CRM cannot be asked; empty: it can
	clocks   []reading    // of others
}

// doctor is one for a place. A stack is opened by its checks: what hinders that
// is something to find.
func (p place) doctor() (*doctor, error) {
	d := &doctor{backend: newBackend(), place: p}
	err := d.checkAddresses()
	switch {
	case err != nil:
	case p.stack != "":
		err = checkStack(p.stack)
	default:
		err = d.openFolder(p.dir)
	}
	return d, err
}

// check is a question and how it is answered.
type check struct {
	name string
	look func(*doctor, context.Context) (verdict, mistake)
}

// ofStack are the checks of what all else at a stack needs.
func (d *doctor) ofStack() []check {
	if d.place.stack == "" {
		return nil
	}
	return []check{
		{"AWS identity", (*doctor).lookAtIdentity},
		{"stack", (*doctor).lookAtStack},
		{"schedules", (*doctor).lookAtSchedules},
	}
}

// ofPlace are the checks of what is at a place, in their order; none where it
// could not be opened.
func (d *doctor) ofPlace() []check {
	if d.store == nil {
		return nil
	}
	d.trial.crm = d.crm(func(context.Context) (zoho.Token, error) { return d.access, nil })
	all := []check{
		{"oauth client", (*doctor).lookAtClient},
		{"access token", (*doctor).lookAtToken},
		{"slack secret", (*doctor).lookAtSlackSecret},
		{"token health", (*doctor).lookAtHealth},
		{"data centre", (*doctor).lookAtDataCentre},
		{"accounts server", (*doctor).lookAtAccounts},
	}
	all = append(append(all, d.ofCRM()...), check{"Slack", (*doctor).lookAtSlack}, check{"Slack scopes", (*doctor).lookAtScopes})
	if d.outputs != nil {
		all = append(all, check{"Slack channels", (*doctor).lookAtChannels})
	}
	return append(all,
		check{"list of people", (*doctor).lookAtPeople},
		check{"last audit", (*doctor).lookAtAudits},
		check{"clock", (*doctor).lookAtClock},
	)
}

// ofCRM are the checks of what is read of it.
func (d *doctor) ofCRM() (all []check) {
	modules, err := d.recordModules()
	for _, a := range accesses(modules) {
		all = append(all, check{"CRM " + a.name, func(d *doctor, ctx context.Context) (verdict, mistake) { return d.lookAtCRM(ctx, a) }})
	}
	if len(modules) == 0 {
		all = append(all, check{"CRM records", func(*doctor, context.Context) (verdict, mistake) { return withoutModules(err) }})
	}
	if d.parameters[paramFields] != "" && len(modules) > 0 {
		all = append(all, check{"CRM fields", (*doctor).lookAtFields})
	}
	return all
}

// examine makes all checks and shows each as it is found.
func (d *doctor) examine(ctx context.Context) (all []finding, err error) {
	for _, part := range []func() []check{d.ofStack, d.ofPlace} {
		for _, c := range part() {
			f, err := d.find(ctx, c)
			if err != nil {
				return all, err
			}
			all = append(all, f)
			if err := d.show(f); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// find makes a check, within a bounded time.
func (d *doctor) find(ctx context.Context, c check) (finding, error) {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	done := d.begin(c.name)
	v, m := c.look(d, limited)
	done()
	says := strings.TrimSuffix(m.says, ".") + "."
	return finding{c.name, v, strings.ReplaceAll(says, "\n", " "), m.next, strings.Split(says, "\n")}, interrupted(ctx)
}

// unreadable is a value that could not be read for another reason than that it
// is empty.
func (d *doctor) unreadable(err error) (verdict, mistake) {
	next := "Look at the folder's permissions."
	if d.outputs != nil {
		next = "Look whether these AWS credentials have secretsmanager:GetSecretValue on it, and the key that encrypts it."
	}
	return failed, mistake{"It cannot be read: " + err.Error(), next}
}

// hasNoClient reports whether there is none that could be used, without which no
// token is exchanged.
func (d *doctor) hasNoClient() bool { return d.oauth == token.Client{} }

// connect is the step to a client.
func (d *doctor) connect() string { return "Run " + d.command("setup") + "." }

func (d *doctor) lookAtClient(ctx context.Context) (verdict, mistake) {
	c, err := token.ReadClient(ctx, d.store, d.client, d.accounts(), d.loopback)
	switch {
	case errors.Is(err, token.ErrNotSetUp):
		return failed, mistake{strings.ToUpper(err.Error()[:1]) + err.Error()[1:], d.connect()}
	case err != nil:
		return d.unreadable(err)
	}
	d.oauth = c
	return fine("It is complete, for %s", strings.TrimPrefix(c.AccountsServer, "https://"))
}

// decode reads a JSON value. Where that fails the verdict says so, by what is
// said of an empty and of a spoilt one.
func (d *doctor) decode(ctx context.Context, name string, into any, empty, spoilt mistake) (verdict, mistake) {
	value, err := d.store.Read(ctx, name)
	switch {
	case errors.Is(err, store.ErrNotExist):
		return failed, empty
	case err != nil:
		return d.unreadable(err)
	case json.Unmarshal(value.Data, into) != nil: // its error text would quote the secret
		return failed, spoilt
	}
	return well, mistake{}
}

func (d *doctor) lookAtToken(ctx context.Context) (verdict, mistake) {
	next := d.filled("If {mender}, run ") + d.command("setup") + "."
	without := ""
	if d.hasNoClient() {
		next, without = d.connect(), ", and none is exchanged without a client"
	}
	var is struct {
		AccessToken string `json:"access_token"`
		APIDomain   string `json:"api_domain"`
		Expiry      string `json:"expiry"`
	}
	v, m := d.decode(ctx, d.token, &is, mistake{"It is empty: nothing was ever exchanged" + without, next}, mistake{"It is not what an exchange writes" + without, next})
	if v != well {
		return v, m
	}
	if missing := lacking("access_token", is.AccessToken, "api_domain", is.APIDomain, "expiry", is.Expiry); missing != "" {
		return failed, mistake{"It lacks " + missing + without, next}
	}
	d.access = zoho.Token{AccessToken: is.AccessToken, APIDomain: is.APIDomain}
	return fine("It is complete")
}

// lacking names what is empty of pairs of a name and a value.
func lacking(pairs ...string) string {
	var missing []string
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			missing = append(missing, pair[0])
		}
	}
	return strings.Join(missing, ", ")
}

func (d *doctor) lookAtSlackSecret(ctx context.Context) (verdict, mistake) {
	if _, err := d.store.Read(ctx, d.slack); d.outputs == nil && errors.Is(err, store.ErrNotExist) {
		d.noSlack = "Slack is played over a folder, by the page of " + program + " serve"
		return skip(d.noSlack)
	}
	run := "Run " + d.command("setup slack") + "."
	var is bot.Secrets
	v, m := d.decode(ctx, d.slack, &is, mistake{"It is empty, so that nothing of Slack is believed", run},
		mistake{"It is not a JSON object with signing_secrets and bot_token", run})
	if v != well {
		return v, m
	}
	if checkBotToken(is.BotToken) == nil {
		d.botToken = is.BotToken
	}
	odd := func(s string) bool { return !signingSecret.MatchString(s) }
	switch {
	case len(is.Signing) == 0:
		return failed, mistake{"It lacks signing_secrets, so that nothing of Slack is believed", run}
	case slices.ContainsFunc(is.Signing, odd):
		return failed, mistake{"One of its signing_secrets is none: they have 32 letters from 0-9 and a-f", run}
	case is.BotToken == "":
		return warning, mistake{"It lacks bot_token, so that shortcuts, the Home tab and mentions do not work", run}
	case d.botToken == "":
		return failed, mistake{"Its bot_token is none: it begins with xoxb-", run}
	}
	return fine("It is complete; signing secrets: %d", len(is.Signing))
}

func (d *doctor) lookAtHealth(ctx context.Context) (verdict, mistake) {
	h, err := token.ReadHealth(ctx, d.store, d.token)
	if err != nil {
		return d.unreadable(err)
	}
	r := reportOf(h, time.Now())
	v, m := d.judgeHealth(h, r)
	if !r.Latched && d.hasNoClient() && (v == warning || v == failed) {
		m.next = d.connect()
	}
	d.again = m.next
	return v, m
}

func (d *doctor) judgeHealth(h token.Health, r tokenReport) (verdict, mistake) {
	switch {
	case r.Latched:
		return failed, mistake{"The grant is dead" + inBrackets(r.FailureCode) + " since " + clock(r.FailureSince), d.anotherGrant(h, r)}
	case d.access.AccessToken == "":
		return d.judgeNone(r)
	case r.LifeLeft == 0:
		d.stopped = "the access token has ended"
	}
	return d.judge(r)
}

// anotherGrant are the steps to one: those of a notice, which Slack shows.
func (d *doctor) anotherGrant(h token.Health, r tokenReport) string {
	steps := strings.ReplaceAll(strings.Join(h.Notice(token.GrantDead, d.command("setup"), time.Now()).Steps, " "), "`", "")
	if !r.HoldUntil.IsZero() {
		return "Wait until " + clock(r.HoldUntil) + ", since Zoho was asked too often. " + steps
	}
	return steps
}

// another says what brings another token.
func (b *backend) another() string {
	if b.outputs == nil {
		return "Run " + b.command("token --refresh") + ": over a folder nothing goes on by itself."
	}
	return "It is tried again within ten minutes by token-refresh; if nothing changes, look whether that runs, and at its log."
}

// judgeNone tells why there is no token that could be used.
func (d *doctor) judgeNone(r tokenReport) (verdict, mistake) {
	since := "No exchange has succeeded since " + clock(r.FailureSince) + " (" + string(r.Failure) + ")"
	switch {
	case !r.HoldUntil.IsZero():
		return warning, mistake{"Zoho was asked too often", d.filled("After " + clock(r.HoldUntil) + " {goes}.")}
	case r.Failure != "":
		return warning, mistake{since, d.another()}
	}
	return skip("There is no access token that could be used")
}

// judge tells how a token is whose grant is alive.
func (d *doctor) judge(r tokenReport) (verdict, mistake) {
	again := d.another()
	left := fmt.Sprintf("It has %s left, until %s", life(r.LifeLeft), clock(r.Expiry))
	switch {
	case r.Refused:
		return failed, mistake{"Zoho has refused it, and there is no other yet", again}
	case r.Expiry.IsZero():
		return failed, mistake{"When it ends is not known", again}
	case r.LifeLeft == 0:
		return failed, mistake{"It ended at " + clock(r.Expiry), again}
	case !r.HoldUntil.IsZero():
		return warning, mistake{left + ". Zoho was asked too often", d.filled("After " + clock(r.HoldUntil) + " {goes}.")}
	case r.Failure != "":
		return warning, mistake{left + ". No exchange has succeeded since " + clock(r.FailureSince) + " (" + string(r.Failure) + ")", again}
	case !r.Healthy:
		return warning, mistake{left, again}
	}
	return fine("%s; %d of %d exchanges in the last ten minutes", left, r.Exchanges, r.Budget)
}

func (d *doctor) lookAtDataCentre(context.Context) (verdict, mistake) {
	accounts, domain := d.oauth.AccountsServer, d.access.APIDomain
	switch {
	case accounts == "":
		return skip("There is no client")
	case domain == "":
		return skip("There is no access token")
	}
	if err := zoho.CheckAPIDomain(domain, accounts, d.loopback); err != nil {
		d.stopped = "the data centre is wrong"
		if errors.Is(err, zoho.ErrOtherDataCentre) {
			return failed, mistake{
				"The access token is for another data centre than the client's, " + strings.TrimPrefix(accounts, "https://"),
				"Run " + d.command("setup") + " with a self client of the data centre where the CRM lives."}
		}
		return failed, mistake{"The access token names no API of Zoho's: " + err.Error(), "Run " + d.command("setup") + "."}
	}
	if at, known := zoho.DataCentreAt(accounts); known && d.parameters[paramDataCentre] != "" && at.Location != d.parameters[paramDataCentre] {
		return warning, mistake{
			"The client is of " + at.Location + ", and the stack's parameter DataCentre is " + d.parameters[paramDataCentre],
			"Deploy with the other, since links lead to another CRM now: " + d.deploy(paramDataCentre+"="+at.Location) + "."}
	}
	return fine("The client's accounts server and the token's API belong together")
}

// lookAtAccounts takes any answer for one.
func (d *doctor) lookAtAccounts(ctx context.Context) (verdict, mistake) {
	base := cmp.Or(d.oauth.AccountsServer, d.accounts())
	if base == "" {
		return skip("There is no client, so that it is not known which to ask")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base, nil)
	if err != nil {
		return skip("Its address is none")
	}
	asked := time.Now()
	reply, err := noRedirects.Do(r)
	if err != nil {
		return failed, mistake{
			fmt.Sprintf("%s does not answer: %v", strings.TrimPrefix(base, "https://"), reason(ctx, err)),
			"Look at this computer's connection, at a proxy, and at Zoho's status page."}
	}
	reply.Body.Close()
	at, _ := http.ParseTime(reply.Header.Get("Date")) // zero where there is none
	d.compare("Zoho", at, asked)
	return fine("%s answers", strings.TrimPrefix(base, "https://"))
}

// noRedirects takes a redirect for an answer.
var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// reason is an error without the address that was called.
func reason(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return cmp.Or(ctx.Err(), err)
}

func (d *doctor) lookAtCRM(ctx context.Context, a access) (verdict, mistake) {
	switch {
	case d.access.AccessToken == "":
		return skip("There is no access token")
	case d.stopped != "":
		return skip("It is not asked, because " + d.stopped)
	}
	err := d.trial.try(ctx, a)
	switch {
	case err == nil && a.byModule():
		return fine("It can be used")
	case err == nil:
		return fine("It can be read")
	case errors.Is(err, errNoneReadable):
		return skip("Whether it can be used is not known, because " + err.Error())
	}
	m := d.crmMistake(a, err, cmp.Or(d.oauth.AccountsServer, d.accounts()))
	if errors.Is(err, zoho.ErrTokenRefused) {
		m.next = cmp.Or(d.again, m.next)
	}
	if concernsAll(err) {
		d.stopped = "the same would befall it as " + a.name
	}
	if a.lost == "" {
		return failed, m
	}
	m.says += ", so that " + d.trial.lost(a)
	return warning, m
}

// withoutModules says why no records are read.
func withoutModules(err error) (verdict, mistake) {
	if m, ok := errors.AsType[mistake](err); ok {
		return failed, m
	}
	return skip("Nobody may ask who owns what: the stack's parameter " + paramOwners + " is nobody")
}

// lookAtFields tries those that records are shown with: COQL refuses a query for
// one that a module lacks. What else may be wrong with a module was told.
func (d *doctor) lookAtFields(ctx context.Context) (verdict, mistake) {
	mend := "Give the API names that the CRM has for them: " + d.deploy(paramFields+"=…") + " does."
	fields, err := records.ParseFields(d.parameters[paramFields])
	if err != nil {
		return failed, mistake{"The stack's parameter " + paramFields + " is wrong, so that the function that answers does not start: " + err.Error(), mend}
	}
	if d.access.AccessToken == "" || d.stopped != "" || d.trial.module == "" {
		return skip("They are not asked for, because there is nothing that could be read")
	}
	names := map[string][]string{}
	for _, f := range fields {
		names[f.Module] = append(names[f.Module], f.Name)
	}
	var wrong, unknown []string
	for _, module := range slices.Sorted(maps.Keys(names)) {
		_, err := d.trial.crm.SelectRecords(ctx, zoho.Selection{Module: module, Fields: names[module], Limit: 1})
		if e, ok := errors.AsType[*zoho.Error](err); ok && e.Code == "INVALID_QUERY" {
			wrong = append(wrong, "one of "+module+"."+strings.Join(names[module], ", "+module+"."))
		} else if err != nil {
			unknown = append(unknown, module)
		}
	}
	switch {
	case len(wrong) > 0:
		return warning, mistake{"The CRM lacks " + strings.Join(wrong, "; and ") + ", so that COQL finds nothing there", mend}
	case len(unknown) > 0:
		return skip("Whether the CRM has those of " + strings.Join(unknown, ", ") + " is not known, because COQL did not tell")
	}
	return fine("The CRM has those that are shown, as far as COQL tells")
}

// concernsAll reports whether other reads of the CRM would meet an error too.
func concernsAll(err error) bool {
	one := errors.Is(err, zoho.ErrScopeMissing) || errors.Is(err, zoho.ErrNoPermission) || errors.Is(err, zoho.ErrNoModule)
	return !one || errors.Is(err, zoho.ErrNoAPIAccess)
}
