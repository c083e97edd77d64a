package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
		Long: `Doctor looks at the secrets, at the access token, and whether Zoho and Slack take
what is stored. It exchanges no token and writes nothing. No check takes more
than ten seconds.

Its exit status is 1 when a check has failed; warnings do not count.`,
		Example: "  crmwho doctor --stack crmwho\n  crmwho doctor --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b, err := at.open(c.Context())
			if err != nil {
				return err
			}
			next := "" // was said last
			show := func(f finding) error {
				switch {
				case f.Next != "" && f.Next == next:
					f.Next = "As above."
				case f.Next != "":
					next = f.Next
				}
				return f.write(c.OutOrStdout())
			}
			if asJSON {
				show = func(finding) error { return nil }
			}
			findings, err := (&doctor{backend: b}).examine(c.Context(), show)
			if err == nil && asJSON {
				err = writeJSON(c.OutOrStdout(), findings)
			}
			return cmp.Or(err, failures(findings))
		},
	}
	at.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print an array of {check, verdict, says, next}")
	return c
}

// verdict is what a check comes to.
type verdict string

const (
	well    verdict = "ok"
	warning verdict = "warning" // something is lost, or will be
	failed  verdict = "failed"
	skipped verdict = "skipped" // it cannot be looked at as long as something before it is not well
)

// finding is what a check has found.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Says    string  `json:"says"`           // a sentence
	Next    string  `json:"next,omitempty"` // what to do, in whole sentences
}

var marks = map[verdict]string{well: "✓", warning: "!", failed: "✗", skipped: "-"}

// write prints it for people.
func (f finding) write(to io.Writer) error {
	step := ""
	if f.Next != "" {
		step = "    " + f.Next + "\n"
	}
	_, err := fmt.Fprintf(to, "%s %-16s  %s\n%s", marks[f.Verdict], f.Check, f.Says, step)
	return err
}

// failures is an error if there are any.
func failures(findings []finding) error {
	n := len(slices.DeleteFunc(slices.Clone(findings), func(f finding) bool { return f.Verdict != failed }))
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d checks failed", n, len(findings))
}

// doctor is one examination: what its first checks have found is what the later
// ones work with.
type doctor struct {
	*backend

	oauth    token.Client // zero: not usable
	access   zoho.Token   // zero: not usable
	botToken string       // empty: not usable
	trial    trial        // of what can be read
	stopped  string       // why the CRM cannot be asked; empty: it can
}

// check is a question and how it is answered.
type check struct {
	name string
	look func(*doctor, context.Context) (verdict, mistake)
}

// checks are all, in their order.
func (d *doctor) checks() []check {
	all := []check{
		{"oauth client", (*doctor).lookAtClient},
		{"access token", (*doctor).lookAtToken},
		{"slack secret", (*doctor).lookAtSlackSecret},
		{"token health", (*doctor).lookAtHealth},
		{"data centre", (*doctor).lookAtDataCentre},
		{"accounts server", (*doctor).lookAtAccounts},
	}
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
	return append(all, check{"Slack", (*doctor).lookAtSlack})
}

// examine makes all checks and shows each as it is found.
func (d *doctor) examine(ctx context.Context, show func(finding) error) ([]finding, error) {
	d.trial.crm = d.crm(func(context.Context) (zoho.Token, error) { return d.access, nil })
	var all []finding
	for _, c := range d.checks() {
		limited, cancel := context.WithTimeout(ctx, callTime)
		v, m := c.look(d, limited)
		cancel()
		if stop := interrupted(ctx); stop != nil {
			return all, stop
		}
		f := finding{c.name, v, strings.TrimSuffix(m.says, ".") + ".", m.next}
		all = append(all, f)
		if err := show(f); err != nil {
			return all, err
		}
	}
	return all, nil
}

// fine is for checks that found nothing wrong.
func fine(format string, values ...any) (verdict, mistake) {
	return well, mistake{says: fmt.Sprintf(format, values...)}
}

// skip says why a check was not made.
func skip(why string) (verdict, mistake) { return skipped, mistake{says: why} }

// unreadable is a value that could not be read for another reason than that it
// is empty.
func (d *doctor) unreadable(err error) (verdict, mistake) {
	next := "Look at the folder's permissions."
	if d.outputs != nil {
		next = "Look whether these AWS credentials have secretsmanager:GetSecretValue on it, and the key that encrypts it."
	}
	return failed, mistake{"It cannot be read: " + err.Error(), next}
}

func (d *doctor) lookAtClient(ctx context.Context) (verdict, mistake) {
	c, err := token.ReadClient(ctx, d.store, d.client, d.accounts(), d.loopback)
	switch {
	case errors.Is(err, token.ErrNotSetUp):
		return failed, mistake{strings.ToUpper(err.Error()[:1]) + err.Error()[1:], "Run " + d.command("setup") + "."}
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
	var is struct {
		AccessToken string `json:"access_token"`
		APIDomain   string `json:"api_domain"`
		Expiry      string `json:"expiry"`
	}
	v, m := d.decode(ctx, d.token, &is, mistake{"It is empty: nothing was ever exchanged", next}, mistake{"It is not what an exchange writes", next})
	if v != well {
		return v, m
	}
	if missing := lacking("access_token", is.AccessToken, "api_domain", is.APIDomain, "expiry", is.Expiry); missing != "" {
		return failed, mistake{"It lacks " + missing, next}
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
	switch {
	case r.Latched:
		steps := h.Notice(token.GrantDead, d.command("setup"), time.Now()).Steps
		return failed, mistake{"The grant is dead" + inBrackets(r.FailureCode) + " since " + clock(r.FailureSince), strings.Join(steps, " ")}
	case d.access.AccessToken == "":
		return d.judgeNone(r)
	case r.LifeLeft == 0:
		d.stopped = "the access token has ended"
	}
	return d.judge(r)
}

// again says what brings another token.
func (d *doctor) again() string {
	if d.outputs == nil {
		return "Run " + d.command("token --refresh") + ": over a folder nothing goes on by itself."
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
		return warning, mistake{since, d.again()}
	}
	return skip("There is no access token that could be used")
}

// judge tells how a token is whose grant is alive.
func (d *doctor) judge(r tokenReport) (verdict, mistake) {
	again := d.again()
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
			"Deploy with DATA_CENTRE=" + at.Location + ": otherwise links lead to another CRM."}
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
	reply, err := noRedirects.Do(r)
	if err != nil {
		return failed, mistake{
			fmt.Sprintf("%s does not answer: %v", strings.TrimPrefix(base, "https://"), reason(ctx, err)),
			"Look at this computer's connection, at a proxy, and at Zoho's status page."}
	}
	reply.Body.Close()
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
	if d.access.AccessToken == "" || d.stopped != "" || d.trial.module == "" {
		return skip("They are not asked for, because there is nothing that could be read")
	}
	mend := "Give the API names that the CRM has for them: make deploy EXTRA=" + paramFields + "=… does."
	fields, err := records.ParseFields(d.parameters[paramFields])
	if err != nil {
		return failed, mistake{"The stack's parameter " + paramFields + " is wrong, so that the function that answers does not start: " + err.Error(), mend}
	}
	names := map[string][]string{}
	for _, f := range fields {
		names[f.Module] = append(names[f.Module], f.Name)
	}
	var wrong []string
	for _, module := range slices.Sorted(maps.Keys(names)) {
		_, err := d.trial.crm.SelectRecords(ctx, zoho.Selection{Module: module, Fields: names[module], Limit: 1})
		if e, ok := errors.AsType[*zoho.Error](err); ok && e.Code == "INVALID_QUERY" {
			wrong = append(wrong, "one of "+module+"."+strings.Join(names[module], ", "+module+"."))
		}
	}
	if len(wrong) > 0 {
		return warning, mistake{"The CRM lacks " + strings.Join(wrong, "; and ") + ", so that COQL finds nothing there", mend}
	}
	return fine("The CRM has those that are shown, as far as COQL tells")
}

// concernsAll reports whether other reads of the CRM would meet an error too.
func concernsAll(err error) bool {
	one := errors.Is(err, zoho.ErrScopeMissing) || errors.Is(err, zoho.ErrNoPermission) || errors.Is(err, zoho.ErrNoModule)
	return !one || errors.Is(err, zoho.ErrNoAPIAccess)
}

func (d *doctor) lookAtSlack(ctx context.Context) (verdict, mistake) {
	if d.botToken == "" {
		return skip("There is no bot token")
	}
	is, err := d.authTest(ctx, d.botToken)
	if m, ok := errors.AsType[mistake](err); ok {
		return failed, m
	}
	if stranger := d.stranger(is); stranger != "" {
		return warning, mistake{stranger, "Deploy with " + is.TeamID + " among SLACK_TEAMS, or install the app in a workspace that is answered."}
	}
	return fine("It takes the bot token, which is %s's in the workspace %s (%s)", is.User, is.Team, is.TeamID)
}
