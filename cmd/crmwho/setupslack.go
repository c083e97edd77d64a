package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"crmwho/internal/bot"
	"crmwho/internal/store"
	"crmwho/internal/token"
)

func setupSlackCommand(at *place) *cobra.Command {
	var s slackSetup
	c := &cobra.Command{
		Use:   "slack",
		Short: "Connect the Slack app",
		Long: `Slack asks for the app's signing secret and its bot token, proves the token with
Slack, and stores both. If anything fails the value stays as it was.

Both are read from standard input when that is no terminal, one line each, the
signing secret first. No flag takes a secret.`,
		Example: `  crmwho setup slack --stack crmwho
  crmwho setup slack --stack crmwho --keep-old
  crmwho setup slack < signing-secret-and-bot-token.txt`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if s.backend, err = at.openFor(c.Context(), c.ErrOrStderr()); err != nil {
				return err
			}
			s.ask, s.out = newPrompter(c), &unheard{to: c.OutOrStdout(), elsewhere: c.ErrOrStderr()}
			return s.run(c.Context())
		},
	}
	c.Flags().BoolVar(&s.keepOld, "keep-old", false, "go on accepting the former signing secret too, while Slack replaces it by the new one")
	return c
}

// slackSetup is one run of crmwho setup slack.
type slackSetup struct {
	*backend
	ask *prompter
	out io.Writer

	keepOld bool
	old     bot.Secrets
	version string // of the value that is there
	wanted  bot.Secrets
}

func (s *slackSetup) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.readOld, s.askAll, s.prove, s.write} {
		if err := step(ctx); err != nil {
			return cmp.Or(interrupted(ctx), err)
		}
	}
	return nil
}

// readOld reads the value that is there. One that is spoilt may be replaced, but
// nothing of it can be kept.
func (s *slackSetup) readOld(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	value, err := s.store.Read(limited, s.slack)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return fmt.Errorf("read Slack secret: %w", err)
	}
	s.version = value.Version
	spoilt := json.Unmarshal(value.Data, &s.old) != nil
	if s.keepOld && (spoilt || len(s.old.Signing) == 0) {
		return mistake{"There is no former signing secret that could be kept", "Run " + s.command("setup slack") + " without --keep-old."}
	}
	return nil
}

func (s *slackSetup) askAll(ctx context.Context) error {
	signing, err := s.ask.secret(ctx, "signing secret")
	if err != nil {
		return err
	}
	if !signingSecret.MatchString(signing) {
		return wrongSigning
	}
	if s.wanted.BotToken, err = s.ask.secret(ctx, "bot token"); err != nil {
		return err
	}
	s.wanted.Signing = []string{signing}
	if s.keepOld && s.old.Signing[0] != signing {
		s.wanted.Signing = append(s.wanted.Signing, s.old.Signing[0])
	}
	return checkBotToken(s.wanted.BotToken)
}

var signingSecret = regexp.MustCompile(`^[0-9a-f]{32}$`)

// What Slack's secrets look like, and where they stand.
var (
	wrongSigning = mistake{
		"That is no signing secret: it has 32 letters from 0-9 and a-f",
		`Copy it from the Slack app's page "Basic Information", below "App Credentials"; the client secret there looks alike and is another.`}
	wrongBotToken = mistake{
		"That is no bot token: it begins with xoxb-",
		`Install the app, and copy the "Bot User OAuth Token" from its page "OAuth & Permissions".`}
	otherToken = mistake{
		"That is a token of another kind ({kind}): the bot's begins with xoxb-",
		wrongBotToken.next}
)

// kinds of Slack's other tokens, by how they begin.
var kinds = map[string]string{
	"xoxp-": "a user's", "xapp-": "of the app itself", "xoxa-": "of a legacy workspace app", "xoxr-": "to refresh others",
	"xoxe-": "of the app's configuration or to refresh others", "xoxe.": "one that expires", "xoxs-": "of a browser", "xoxc-": "of a browser",
}

// checkBotToken says what a text is instead of a bot token.
func checkBotToken(text string) error {
	if strings.HasPrefix(text, "xoxb-") && len(text) > len("xoxb-") {
		return nil
	}
	if kind := kinds[text[:min(5, len(text))]]; kind != "" {
		return otherToken.filled("{kind}", kind)
	}
	return wrongBotToken
}

func (s *slackSetup) prove(ctx context.Context) error {
	done := working(s.ask.to, "Asking Slack whose the bot token is")
	is, err := s.authTest(ctx, s.wanted.BotToken)
	if done(); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Slack takes the bot token: it is %s's (%s) in the workspace %s (%s).\n", is.User, is.UserID, is.Team, is.TeamID)
	if stranger := s.stranger(is); stranger != "" {
		fmt.Fprintln(s.out, stranger)
	}
	return nil
}

// authTest asks Slack whose a bot token is. Its error is for people.
func (b *backend) authTest(ctx context.Context, botToken string) (bot.Identity, error) {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	is, err := bot.AuthTest(limited, b.slackAPI, botToken, b.loopback)
	if err == nil {
		return is, nil
	}
	return is, cmp.Or(interrupted(ctx), error(authMistake(err).filled("{error}", err.Error(), "{setup}", b.command("setup slack"))))
}

// stranger says that the stack does not answer the workspace of a token; empty:
// it does, or that is not known.
func (b *backend) stranger(is bot.Identity) string {
	teams, err := bot.ParseTeams(b.parameters[paramSlackTeams])
	if err != nil || len(teams) == 0 {
		return ""
	}
	for _, team := range teams {
		if team == is.TeamID || team == is.EnterpriseID {
			return ""
		}
	}
	return "The stack does not answer that workspace: its parameter SlackTeams has " + strings.Join(teams, ", ") + "."
}

// byAuthCode says why Slack does not take a bot token.
var byAuthCode = map[string]mistake{
	"invalid_auth": {
		"Slack does not know the bot token (invalid_auth)",
		`Copy the whole "Bot User OAuth Token" from the app's page "OAuth & Permissions", and run {setup}.`},
	"token_revoked": {
		"The bot token was revoked (token_revoked)",
		`Install the app again, copy the new "Bot User OAuth Token", and run {setup}.`},
	"token_expired": {
		"The bot token has expired (token_expired): token rotation is switched on in the app",
		"Make the app anew from its manifest, without token rotation, and run {setup}."},
	"account_inactive": {
		"The app was removed from the workspace, or its user was deactivated (account_inactive)",
		`Install the app again, copy the new "Bot User OAuth Token", and run {setup}.`},
	"not_allowed_token_type": {
		"Slack does not take this kind of token (not_allowed_token_type)", wrongBotToken.next},
	"ratelimited": {
		"Slack says that there are too many calls", "Wait for a minute, and try again."},
}

// authMistake puts into words why Slack did not tell whose a token is.
func authMistake(err error) mistake {
	refused, answered := errors.AsType[bot.AuthRefused](err)
	if m, known := byAuthCode[string(refused)]; known {
		return m
	}
	if answered {
		return mistake{"Slack does not take the bot token: {error}", `Look at the app's page "OAuth & Permissions", and run {setup}.`}
	}
	return mistake{"Slack cannot be reached or fails: {error}", "Look at this computer's connection and at Slack's status page, and try again."}
}

func (s *slackSetup) write(ctx context.Context) error {
	data, err := json.Marshal(s.wanted)
	if err != nil {
		return errors.New("write Slack secret: not representable")
	}
	if stop := interrupted(ctx); stop != nil {
		return stop
	}
	limited, cancel := context.WithTimeout(ctx, 2*callTime)
	defer cancel()
	done := working(s.ask.to, "Storing the secrets")
	_, err = s.store.WriteIfUnchanged(limited, s.slack, data, s.version)
	if done(); err != nil {
		return fmt.Errorf("write Slack secret: %w", s.writeMistake(err))
	}
	fmt.Fprintf(s.out, "The signing secret and the bot token are stored in %s.\n", s.where)
	if len(s.wanted.Signing) > 1 {
		fmt.Fprintf(s.out, "The former signing secret goes on being accepted, until %s is run without --keep-old.\n", s.command("setup slack"))
	}
	fmt.Fprintf(s.out, "A running bot takes them within five minutes.\n\nNext:\n%s\n", strings.Join(s.next(ctx), "\n"))
	return nil
}

// next are the steps after it: to connect Zoho CRM is one where that was not done.
func (s *slackSetup) next(ctx context.Context) (steps []string) {
	if s.outputs != nil {
		steps = append(steps, s.verifyEvents())
	}
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err := token.ReadClient(limited, s.store, s.client, s.accounts(), s.loopback)
	if errors.Is(err, token.ErrNotSetUp) {
		return append(steps, "  "+s.command("setup")+"\n    connects Zoho CRM")
	}
	if s.outputs != nil {
		steps = append(steps, s.trySmoke())
	}
	return append(steps, "  "+s.command("doctor")+"\n    looks at everything")
}
