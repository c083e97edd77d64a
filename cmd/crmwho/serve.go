package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/local"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// pageAddress is where the page is, if it is free: an address to keep.
const pageAddress = "127.0.0.1:8017"

func serveCommand() *cobra.Command {
	var address, folder, crm string
	var fresh, logs bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Open a page on this computer that plays Slack, with the bot behind it",
		Long: `Serve runs the bot on this computer, over Zoho's documented sample of 15 users or a
generated organisation, and a page that plays Slack: a phone and a desktop beside
each other, with the controls of it all. It goes on until Ctrl-C.

What was said is kept in a folder, so that another start goes on from there.

With --zoho and what crmwho setup has stored in the folder, the same page asks a
real CRM. The Slack stays a played one. Whoever can open pages on this computer
then sees what the CRM user behind it sees.`,
		Example: `  crmwho serve
  crmwho serve --fresh
  crmwho setup && crmwho serve --zoho https://accounts.zoho.eu`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := configDir(folder)
			if err != nil {
				return err
			}
			o := local.WorldOptions{Dir: dir, Fresh: fresh, Version: version}
			if logs {
				o.Log = slog.NewJSONHandler(c.ErrOrStderr(), nil)
			}
			if crm != "" {
				if o.CRM, err = realCRM(c.Context(), dir, folder, crm); err != nil {
					return err
				}
				o.Name = o.CRM.AccountsURL
			}
			return servePage(c, o, address)
		},
	}
	flags := c.Flags()
	flags.StringVar(&address, "listen", "", "loopback address and port; port 0 is any free one (default "+pageAddress+", or any free port)")
	flags.StringVar(&folder, "dir", "", "folder in which history is kept, and with --zoho the secrets are (default crmwho below the user's configuration)")
	flags.BoolVar(&fresh, "fresh", false, "forget the history, and start over")
	flags.StringVar(&crm, "zoho", "", "accounts server of a real Zoho CRM, such as https://accounts.zoho.eu, with the credentials that crmwho setup has stored")
	addLogFlag(c, &logs)
	must(c.MarkFlagDirname("dir"))
	oneOf(c, "zoho", accountsServers()...)
	return c
}

// servePage opens the page.
func servePage(c *cobra.Command, o local.WorldOptions, address string) error {
	listener, err := listen(address)
	if err != nil {
		return err
	}
	defer listener.Close()
	patience := time.AfterFunc(time.Second, func() {
		fmt.Fprintln(c.ErrOrStderr(), "Reading the people of the CRM. That can take a minute.")
	})
	defer patience.Stop()
	world, err := local.Open(c.Context(), o)
	patience.Stop()
	if err != nil && c.Context().Err() != nil {
		return nil // Ctrl-C came first
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "Ask at\n  http://%s\nWhat is said is kept in %s. Ctrl-C ends it.\n", listener.Addr(), filepath.Join(o.Dir, "page"))
	return errors.Join(world.Serve(c.Context(), listener), world.Close())
}

// listen opens the port that was asked for, or else the usual one if it is free.
func listen(address string) (net.Listener, error) {
	listener, err := local.Listen(cmp.Or(address, pageAddress))
	switch {
	case err == nil:
		return listener, nil
	case address == "":
		return local.Listen(anyPort)
	}
	return nil, fmt.Errorf("--listen: %w; port 0 stands for any free one", err)
}

// configDir is a folder that was asked for, or the usual one.
func configDir(asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", errors.New("there is no folder for the user's configuration: give one with --dir")
	}
	return filepath.Join(base, "crmwho"), nil
}

// realCRM is the one at an accounts server whose credentials are in a folder. A
// client secret goes to no other server than the one that it was made for.
func realCRM(ctx context.Context, dir, asked, accounts string) (*local.CRM, error) {
	loopback, _ := strconv.ParseBool(os.Getenv("CRMWHO_ALLOW_LOOPBACK")) // anything else is no
	if err := zoho.CheckAccountsURL(accounts, loopback); err != nil {
		return nil, fmt.Errorf("--zoho: %w: give an address such as https://accounts.zoho.eu", err)
	}
	accounts = plainURL(accounts)
	crm := &local.CRM{Secrets: store.Folder{Dir: dir}, AccountsURL: accounts, AllowLoopback: loopback}
	client, err := token.ReadClient(ctx, crm.Secrets, "oauth-client", accounts, loopback)
	setup := program + " setup"
	if asked != "" {
		setup += " --dir " + shellWord(asked)
	}
	switch {
	case errors.Is(err, token.ErrNotSetUp):
		return nil, fmt.Errorf("%s has no credentials of Zoho CRM yet: run %s first", dir, setup)
	case err != nil:
		return nil, err
	case plainURL(client.AccountsServer) != accounts:
		return nil, fmt.Errorf("the credentials in %s are for %s: give that to --zoho, or run %s for the other", dir, client.AccountsServer, setup)
	}
	return crm, nil
}

// plainURL is an address as it is compared: scheme and host know no capitals.
func plainURL(address string) string { return strings.ToLower(strings.TrimSuffix(address, "/")) }
