package main

import (
	"strings"

	"github.com/spf13/cobra"

	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// must is for what fails only where a flag is not there.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// oneOf completes a flag's value to one of a few.
func oneOf(c *cobra.Command, flag string, values ...cobra.Completion) {
	must(c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
}

// anyFile completes a flag's value to the name of any file, which other flags do
// not.
func anyFile(c *cobra.Command, flag string) {
	must(c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)))
}

// slashCommands completes the first word of a question. What is asked after it
// only who asks knows.
func slashCommands(_ *cobra.Command, typed []string, word string) (all []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, c := range slackfmt.Commands() {
		if len(typed) == 0 && strings.HasPrefix(c.Name, word) {
			all = append(all, cobra.CompletionWithDesc(c.Name, c.Description))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// accountsServers are those of Zoho's data centres.
func accountsServers() (all []cobra.Completion) {
	for _, dc := range zoho.DataCentres() {
		all = append(all, cobra.CompletionWithDesc(dc.AccountsURL, dc.Location))
	}
	return all
}
