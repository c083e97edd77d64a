package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"crmwho/internal/local"
	"crmwho/internal/store"
)

// anyPort lets the system choose a free one.
const anyPort = "127.0.0.1:0"

func askCommand() *cobra.Command {
	var asJSON, logs bool
	var folder string
	c := &cobra.Command{
		Use:   "ask [/COMMAND [WORDS...]]",
		Short: "Ask the bot questions in a terminal",
		Long: `Ask starts the bot on this computer over Zoho's documented sample, sends it the
command as Slack does, signed and over HTTP, and prints the answer, and what came
to the channel meanwhile. Without a command it takes questions at a prompt, where
the number of a button presses it; Ctrl-D or Ctrl-C ends it.`,
		ValidArgsFunction: slashCommands,
		Example:           "  crmwho ask /crmuser kim\n  crmwho ask /crmadmins --json\n  crmwho ask",
		RunE: func(c *cobra.Command, args []string) error {
			if asJSON && len(args) == 0 {
				return errors.New("--json takes a question, such as " + program + " ask /crmadmins --json")
			}
			bot, err := local.Start(c.Context(), options(c, anyPort, folder, logs))
			if err != nil {
				return err
			}
			defer bot.Stop()
			if len(args) == 0 {
				return converse(c, bot)
			}
			return askOnce(c, bot, args, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the answer exactly as Slack would get it")
	addStoreFlag(c, &folder)
	addLogFlag(c, &logs)
	return c
}

// askOnce asks one question, and shows what comes of it.
func askOnce(c *cobra.Command, bot *local.Bot, args []string, asJSON bool) error {
	print := func(message []byte) error { return show(c.OutOrStdout(), message) }
	if asJSON {
		print = func(message []byte) error {
			_, err := c.OutOrStdout().Write(message)
			return err
		}
	}
	if err := bot.Ask(c.Context(), args[0], strings.Join(args[1:], " "), print); err != nil || asJSON {
		return err
	}
	return showNews(bot, c.OutOrStdout(), print)
}

// converse takes questions at a prompt, after one of its own.
func converse(c *cobra.Command, bot *local.Bot) error {
	fmt.Fprint(c.OutOrStdout(), typeHere)
	p := &prompt{bot: bot, out: c.OutOrStdout()}
	if err := p.take(c.Context(), "/crmuser kim"); err != nil {
		return err
	}
	return p.run(c.Context(), c.InOrStdin())
}

func addStoreFlag(c *cobra.Command, folder *string) {
	c.Flags().StringVar(folder, "store", "", "folder in which the list of people and the audits are kept between starts")
	must(c.MarkFlagDirname("store"))
}

// options are those of a bot that a command runs.
func options(c *cobra.Command, address, folder string, logs bool) local.Options {
	o := local.Options{Address: address, Version: version, Log: logger(c.ErrOrStderr(), logs)}
	if folder != "" {
		o.Store = store.Folder{Dir: folder}
	}
	return o
}

func addLogFlag(c *cobra.Command, logs *bool) {
	c.Flags().BoolVar(logs, "log", false, "print the bot's log lines on standard error")
}

func logger(to io.Writer, wanted bool) *slog.Logger {
	if !wanted {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewJSONHandler(to, nil))
}

// show prints an answer, styled when it goes to a terminal.
func show(to io.Writer, answer []byte) error {
	text, err := local.Text(answer, isTerminal(to))
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(to, text)
	return err
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
