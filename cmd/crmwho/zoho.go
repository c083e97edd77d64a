package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"crmwho/internal/local"
	"crmwho/internal/sim/zohosim"
)

// handedGrantLife is that of the code which a newcomer copies by hand. Zoho's
// console offers up to ten minutes.
const handedGrantLife = 10 * time.Minute

func zohoCommand() *cobra.Command {
	var address string
	var users, records int
	var logs bool
	config := zohosim.Config{GrantLife: handedGrantLife}
	c := &cobra.Command{
		Use:   "zoho",
		Short: "Run a Zoho CRM to point a client at",
		Long: `Zoho plays an accounts server and a CRM on a loopback address, for the bot or any
other client of Zoho's API, version 7: users, roles, profiles, territories, the
organisation, search and COQL. It keeps to Zoho's limits on tokens.

What a flag does not give is generated and printed. POST /control/NAME changes
users, lets faults happen and moves the clock; GET /control lists the names.`,
		Example: `  crmwho zoho
  crmwho zoho --listen 127.0.0.1:8080 --users 5000
  curl -d 'grant_type=refresh_token&client_id=…&client_secret=…&refresh_token=…' URL/oauth/v2/token
  curl -H 'Content-Type: application/json' -d '{"path":"/crm/","kind":"throttled","times":2}' URL/control/add-fault`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if users < 0 || records < 0 {
				return errors.New("--users and --records take a number from 0")
			}
			if c.Flags().Changed("records") && users == 0 {
				return errors.New("--records needs --users: somebody has to own them")
			}
			if c.Flags().Changed("users") {
				done := working(c.ErrOrStderr(), "Generating the organisation")
				organisation := zohosim.Generate(users, records)
				config.Organisation = &organisation
				done()
			}
			listener, err := local.Listen(address)
			if err != nil {
				return err
			}
			sim := zohosim.New(config)
			introduce(c.OutOrStdout(), "http://"+listener.Addr().String(), config, sim)
			return serveZoho(c.Context(), listener, logged(sim, logger(c.ErrOrStderr(), logs)))
		},
	}
	flags := c.Flags()
	flags.StringVar(&address, "listen", anyPort, "loopback address and port; port 0 is any free one")
	flags.StringVar(&config.ClientID, "client-id", "", "client id to accept")
	flags.StringVar(&config.ClientSecret, "client-secret", "", "client secret to accept")
	flags.StringVar(&config.RefreshToken, "refresh-token", "", "refresh token to accept")
	flags.StringVar(&config.GrantToken, "grant-token", "", "code to accept once, for ten minutes")
	flags.StringVar(&config.Version, "api-version", "v7", "version in the paths of the CRM's API; its content stays that of v7")
	flags.IntVar(&users, "users", 0, "size of a generated organisation; without it the 15 users of Zoho's documentation")
	flags.IntVar(&records, "records", 0, "accounts, contacts, deals and leads of a generated organisation")
	addLogFlag(c, &logs)
	return c
}

// introduce prints what a client needs. Secrets that were given are known
// already.
func introduce(to io.Writer, url string, given zohosim.Config, sim *zohosim.Zoho) {
	fmt.Fprintf(to, "Zoho's accounts server and CRM are at\n  %s\n", url)
	for _, secret := range []struct{ name, given, value string }{
		{"client_id", given.ClientID, sim.ClientID},
		{"client_secret", given.ClientSecret, sim.ClientSecret},
		{"refresh_token", given.RefreshToken, sim.RefreshToken},
		{"code", given.GrantToken, sim.GrantToken},
	} {
		if secret.given == "" {
			fmt.Fprintf(to, "  %-13s %s\n", secret.name, secret.value)
		}
	}
	fmt.Fprintf(to, "The code can be exchanged once, within %d minutes. Ctrl-C ends it.\n", int(handedGrantLife.Minutes()))
}

// serveZoho serves until it is interrupted.
func serveZoho(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// logged writes a line for each request, without its query: that may hold
// secrets.
func logged(sim *zohosim.Zoho, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		defer func() {
			log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "ms", time.Since(started).Milliseconds())
		}()
		sim.ServeHTTP(w, r)
	})
}
