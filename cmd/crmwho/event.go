package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/bot"
	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
)

// sampleSecret is the signing secret of Slack's documentation, "Verifying
// requests from Slack". It belongs to nobody.
const sampleSecret = "8f742231b10e8888abcd99yyyzzz85a5"

func eventCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "event /COMMAND [WORDS...]",
		Short: "Print a freshly signed event for sam local invoke",
		Long: `Event prints what API Gateway hands the function users-query when somebody types
the command in Slack. It is signed with the secret in the environment variable
CRMWHO_SIGNING_SECRET, or with the one of Slack's documentation, and is accepted
for five minutes.`,
		Example:           "  crmwho event /crmuser kim | sam local invoke UsersQuery --event -",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: slashCommands,
		RunE: func(c *cobra.Command, args []string) error {
			secret := os.Getenv("CRMWHO_SIGNING_SECRET")
			if secret == "" {
				fmt.Fprintln(c.ErrOrStderr(), "crmwho: CRMWHO_SIGNING_SECRET is not set; signed with the secret of Slack's documentation")
			}
			slack := &slacksim.Slack{SigningSecret: cmp.Or(secret, sampleSecret)}
			r, err := slack.Command(c.Context(), "https://sample.execute-api."+awssim.Region+".amazonaws.com"+bot.CommandsPath, args[0], strings.Join(args[1:], " "))
			if err != nil {
				return err
			}
			event, err := awssim.HTTPEvent(r, "POST "+bot.CommandsPath, time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", event)
			return err
		},
	}
}
