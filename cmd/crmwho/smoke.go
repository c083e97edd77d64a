package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
)

// slackWaits is how long Slack waits for an answer.
const slackWaits = 3 * time.Second

func smokeCommand() *cobra.Command {
	var stack string
	c := &cobra.Command{
		Use:   "smoke [/COMMAND WORDS...]",
		Short: "Ask the deployed bot a question, as Slack does",
		Long: `Smoke asks the deployed bot a question over the internet, signed as Slack signs
it, and prints the answer and how long it took. It also asks without a signature,
which the bot has to refuse. Slack hears nothing of it: the question is of a
workspace that the stack answers, and of a user and a channel that do not exist.

It needs cloudformation:DescribeStacks, and secretsmanager:GetSecretValue on the
secret of Slack. Its exit status is 0 when all went well, and otherwise 1: also
where the bot answers that it is not well or not connected, or does not know the
command.`,
		ValidArgsFunction: slashCommands,
		Example:           "  crmwho smoke --stack crmwho\n  crmwho smoke --stack crmwho /crmuser kim\n  make smoke",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"/crmstatus"}
			}
			b, err := place{stack: stackOr(stack)}.open(c.Context())
			if err != nil {
				return err
			}
			s := smoke{backend: b, out: c.OutOrStdout(), asked: args[0], words: strings.Join(args[1:], " ")}
			return s.run(c.Context())
		},
	}
	c.Flags().StringVar(&stack, "stack", "", "name of the stack (default that of "+samConfigFile+")")
	return c
}

// smoke is one run of crmwho smoke.
type smoke struct {
	*backend
	out          io.Writer
	asked, words string
}

// run asks with the signature first: what comes first may meet a cold start, and
// that is what somebody in Slack would wait for.
func (s smoke) run(ctx context.Context) error {
	if err := tellPlace(ctx, s.out, s.cfg, s.stack); err != nil {
		return cmp.Or(interrupted(ctx), err)
	}
	signing, err := s.signingSecret(ctx)
	if err != nil {
		return cmp.Or(interrupted(ctx), err)
	}
	if !base.MatchString(s.apiURL()) && !s.loopback {
		return mistake{"The stack's address is none: " + s.apiURL(), "Deploy the template of this version, with " + s.deploy() + "."}
	}
	says, err := s.askSigned(ctx, signing)
	if err != nil {
		return cmp.Or(interrupted(ctx), err)
	}
	return cmp.Or(interrupted(ctx), s.askUnsigned(ctx), s.trouble(says))
}

// signingSecret is the one that Slack signs with now: the first.
func (s smoke) signingSecret(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	secrets, err := bot.StoredSecrets(s.store, s.slack, slog.New(slog.DiscardHandler))(limited, false)
	switch {
	case err != nil:
		return "", mistake{
			"The secret of Slack cannot be used: " + strings.TrimPrefix(err.Error(), "read Slack secret: "),
			"If AWS refuses to read it, look whether these credentials have secretsmanager:GetSecretValue on it, and the key that encrypts it. Otherwise store it anew, with " + s.command("setup slack") + "."}
	case len(secrets.Signing) == 0:
		return "", mistake{"The stack has no signing secret yet, so that the bot believes nobody", "Run " + s.command("setup slack") + "."}
	}
	return secrets.Signing[0], nil
}

// heard is what came back.
type heard struct {
	status int
	date   time.Time // of the server's clock; zero: not known
	body   []byte
	took   time.Duration
}

// question is a slash command of a user and in a channel that do not exist.
// Without a response URL nothing can be posted anywhere later.
func (s smoke) question() url.Values {
	form := slacksim.Form(s.asked, s.words)
	form.Del("response_url")
	teams, _ := bot.ParseTeams(s.parameters[paramSlackTeams]) // the stack would not run with a wrong one
	for _, team := range slices.Backward(teams) {
		switch team[0] {
		case 'T':
			form.Set("team_id", team)
		case 'E':
			form.Set("enterprise_id", team)
		}
	}
	return form
}

// ask sends the question, signed where there is a secret.
func (s smoke) ask(ctx context.Context, signing string) (heard, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	slack := &slacksim.Slack{SigningSecret: signing}
	r, err := slack.Post(ctx, s.apiURL()+bot.CommandsPath, []byte(s.question().Encode()))
	if err != nil {
		return heard{}, errors.New("the stack's address is none")
	}
	if signing == "" {
		r.Header.Del("X-Slack-Signature")
	}
	started := time.Now()
	reply, err := noRedirects.Do(r)
	if err != nil {
		return heard{}, s.unheard(ctx, err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	if err != nil {
		return heard{}, s.unheard(ctx, err)
	}
	date, _ := http.ParseTime(reply.Header.Get("Date"))
	return heard{reply.StatusCode, date, body, time.Since(started)}, nil
}

// log is how one sees what the function says.
func (s smoke) log() string {
	return "aws logs tail /aws/lambda/" + s.outputs[outUsersQuery] + " --since 10m"
}

func (s smoke) unheard(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return mistake{fmt.Sprintf("There was no answer within %v", callTime), "Look at the function's log: " + s.log() + "."}
	}
	return mistake{fmt.Sprintf("%s cannot be reached: %v", s.apiURL(), reason(ctx, err)), "Look at this computer's connection, and whether the stack is deployed: " + s.command("doctor") + "."}
}

// askSigned gives the text of an answer that Slack would show in time.
func (s smoke) askSigned(ctx context.Context, signing string) (text string, err error) {
	got, err := s.ask(ctx, signing)
	if err != nil {
		return "", err
	}
	if got.status != http.StatusOK {
		return "", s.refused(got, time.Now())
	}
	var m struct{ Text string }
	if json.Unmarshal(got.body, &m) != nil || m.Text == "" {
		return "", mistake{"The bot answered something that Slack would not show", "Look at the function's log: " + s.log() + "."}
	}
	fmt.Fprintf(s.out, "%s was answered in %v:\n\n", strings.TrimSpace(s.asked+" "+s.words), got.took.Round(time.Millisecond))
	if err := show(s.out, got.body); err != nil {
		return "", err
	}
	fmt.Fprintln(s.out)
	return m.Text, s.judge(m.Text, got.took)
}

// judge looks at an answer that Slack would show.
func (s smoke) judge(text string, took time.Duration) error {
	if took > slackWaits {
		return mistake{
			fmt.Sprintf("That took %v, and Slack waits for %v", took.Round(time.Millisecond), slackWaits),
			"Run it again: the first answer of a new process takes longer. If it stays so, look at the function's log: " + s.log() + "."}
	}
	if text == slackfmt.Looking().Text {
		fmt.Fprintln(s.out, "The answer takes longer than Slack waits, so that the function goes on by itself. In Slack the answer follows; here nothing does.")
	}
	return nil
}

// trouble is what an answer says that is wrong with the bot; nil: nothing.
func (s smoke) trouble(text string) error {
	says := ""
	switch {
	case strings.HasPrefix(text, slackfmt.NotWell):
		says = "The bot answers, and it is not well"
	case strings.Contains(text, slackfmt.NotConnected.What):
		says = "The bot answers, and it is not connected to Zoho CRM"
	case strings.Contains(text, slackfmt.NotMine):
		says = "The bot answers, and it has no command " + s.asked
	default:
		return nil
	}
	return mistake{says, "Look at everything: " + s.command("doctor") + "."}
}

// refused says what a status other than 200 comes from.
func (s smoke) refused(got heard, now time.Time) error {
	log := "Look at the function's log: " + s.log() + "."
	says := fmt.Sprintf("The bot answered HTTP %d", got.status)
	away := now.Sub(got.date).Abs()
	switch {
	case got.status == http.StatusUnauthorized && !got.date.IsZero() && away > clockLimit:
		return mistake{fmt.Sprintf("The bot does not believe the signature (HTTP 401): the clocks of this computer and of AWS are %v apart", away.Round(time.Minute)), "Set this computer's clock."}
	case got.status == http.StatusUnauthorized:
		return mistake{"The bot does not believe the signature (HTTP 401), though it is made with the stack's signing secret", "A secret that was just stored counts after five minutes at the latest: wait, and try again. " + log}
	case got.status == http.StatusNotFound:
		return mistake{says + ": there is no " + bot.CommandsPath, "Deploy the template of this version, with " + s.deploy() + "."}
	case got.status == http.StatusTooManyRequests:
		return mistake{says + ": too many requests come in", "Wait for a minute, and try again."}
	case got.status >= http.StatusInternalServerError:
		return mistake{says + ": the function failed, or did not start", log}
	}
	return mistake{says, log}
}

// clockLimit is how far a signature's time may be from now.
const clockLimit = 5 * time.Minute

func (s smoke) askUnsigned(ctx context.Context) error {
	got, err := s.ask(ctx, "")
	switch {
	case err != nil:
		return err
	case got.status != http.StatusUnauthorized:
		return mistake{
			fmt.Sprintf("Without a signature the bot answered HTTP %d, and not 401", got.status),
			"Nobody but Slack may be answered: look at the function's log, " + s.log() + ", and at what else answers at " + s.apiURL() + "."}
	}
	_, err = fmt.Fprintln(s.out, "Without a signature it refuses (HTTP 401).")
	return err
}
