package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
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
			p := &prompt{bot: bot, out: c.OutOrStdout()}
			if err := p.take(c.Context(), "/crmuser kim"); err != nil {
				return err
			}
			return p.run(c.Context(), c.InOrStdin())
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
  /crmusers by role       how many have which
  /crmadmins              who is an administrator
  /crmuser                your own card: you are Patricia Boyle here
  /crmstatus              how the bot is
  /crmuser help           what a command does
A number presses the button that has it. Ctrl-D ends it. Here is the first question and its answer:

> /crmuser kim
`

// prompt asks what is typed, a question a line.
type prompt struct {
	bot      *local.Bot
	out      io.Writer
	shown    []byte // the last message
	controls []local.Control
}

// run asks until the input ends. Where nobody types, such as in a script or in
// the background, it serves until it is interrupted.
func (p *prompt) run(ctx context.Context, in io.Reader) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	for {
		fmt.Fprint(p.out, "\n> ")
		select {
		case line, ok := <-lines:
			if !ok {
				fmt.Fprintln(p.out)
				if !isTerminal(in) {
					<-ctx.Done()
				}
				return nil
			}
			if err := p.take(ctx, line); err != nil {
				fmt.Fprintln(p.out, err)
			}
		case <-ctx.Done():
			fmt.Fprintln(p.out)
			return nil
		}
	}
}

// take takes a line as it is typed in Slack, where a slash may be forgotten, or
// the number of what is to be pressed.
func (p *prompt) take(ctx context.Context, line string) error {
	command, words, _ := strings.Cut(strings.TrimSpace(line), " ")
	if command == "" {
		return nil
	}
	n, err := strconv.Atoi(command)
	switch {
	case err == nil && 1 <= n && n <= len(p.controls):
		return p.bot.Press(ctx, p.shown, p.controls[n-1], p.show)
	case err == nil:
		return fmt.Errorf("there is no button %d", n)
	}
	return p.bot.Ask(ctx, "/"+strings.TrimPrefix(command, "/"), words, p.show)
}

func (p *prompt) show(message []byte) (err error) {
	var text string
	if text, p.controls, err = local.NumberedText(message, isTerminal(p.out)); err != nil {
		return err
	}
	p.shown = message
	_, err = fmt.Fprint(p.out, text)
	return err
}
