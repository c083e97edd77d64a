// Command crmwho runs the bot on one computer and makes what its operator
// needs. It is not deployed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "crmwho:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "crmwho",
		Short:         "Ask from Slack who is who in Zoho CRM, and who owns what",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), askCommand(), eventCommand(), zohoCommand(), manifestCommand(), setupCommand(), tokenCommand(), doctorCommand(), auditCommand())
	return root
}
