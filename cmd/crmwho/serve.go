package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"crmwho/internal/local"
)

func serveCommand() *cobra.Command {
	var address, folder string
	var logs bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot on this computer and ask it questions",
		Long: `Serve runs the bot on a loopback port over Zoho's documented sample of 15 users.
Type questions at its prompt; Ctrl-D or Ctrl-C ends it.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			bot, err := local.Start(c.Context(), options(c, address, folder, logs))
			if err != nil {
				return err
			}
			defer bot.Stop()
			fmt.Fprintf(c.OutOrStdout(), welcome, bot.URL)
			if err := ask(c.Context(), c.OutOrStdout(), bot, "/crmuser kim"); err != nil {
				return err
			}
			return prompt(c.Context(), c.InOrStdin(), c.OutOrStdout(), bot)
		},
	}
	c.Flags().StringVar(&address, "listen", anyPort, "loopback address and port; port 0 is any free one")
	addStoreFlag(c, &folder)
	addLogFlag(c, &logs)
	return c
}

const welcome = `The bot answers Slack's signed requests at
  %s
The people are the 15 of Zoho's documentation. Type as you would in Slack:
  /crmuser kim            one person
  /crmuser patricia       several people match
  /crmuser ceo@zooho.com  an e-mail address
  /crmuser patrisia       a typing error
  /crmusers role:sales    who has a role
  /crmadmins              who is an administrator
  /crmstatus              how the bot is
  /crmuser help           what a command does
Ctrl-D ends it. Here is the first question and its answer:

> /crmuser kim
`

// prompt asks what is typed, a question a line. Where nobody types, such as in
// a script or in the background, it serves until it is interrupted.
func prompt(ctx context.Context, in io.Reader, out io.Writer, bot *local.Bot) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	for {
		fmt.Fprint(out, "\n> ")
		select {
		case line, ok := <-lines:
			if !ok {
				fmt.Fprintln(out)
				if !isTerminal(in) {
					<-ctx.Done()
				}
				return nil
			}
			if err := ask(ctx, out, bot, line); err != nil {
				fmt.Fprintln(out, err)
			}
		case <-ctx.Done():
			fmt.Fprintln(out)
			return nil
		}
	}
}

// ask takes a line as it is typed in Slack. A slash may be forgotten here.
func ask(ctx context.Context, out io.Writer, bot *local.Bot, line string) error {
	command, words, _ := strings.Cut(strings.TrimSpace(line), " ")
	if command == "" {
		return nil
	}
	return bot.Ask(ctx, "/"+strings.TrimPrefix(command, "/"), words, func(message []byte) error { return show(out, message) })
}
