package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"crmwho/internal/bot"
	"crmwho/internal/slackfmt"
)

//go:embed manifest.yaml.tmpl
var manifestText string

var manifestTemplate = template.Must(template.New("manifest").Parse(manifestText))

func manifestCommand() *cobra.Command {
	var address string
	var asJSON bool
	c := &cobra.Command{
		Use:   "manifest --url ADDRESS",
		Short: "Print the manifest of the Slack app",
		Long: `Manifest prints what makes an app in Slack: its commands, shortcuts, scopes and
addresses. Paste it where Slack offers "From a manifest". The address is that of
the deployment: what stands before /slack/commands in its output CommandsUrl.`,
		Example: "  crmwho manifest --url https://abc123.execute-api.eu-central-1.amazonaws.com",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := manifest(address)
			if err != nil {
				return err
			}
			if asJSON {
				return writeAsJSON(c.OutOrStdout(), text)
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringVar(&address, "url", "", "https:// and the host that Slack calls")
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON, without the comments")
	return c
}

// base is an address that Slack can call, up to the paths of the bot. Names of
// hosts have up to 253 characters.
var base = regexp.MustCompile(`^https://[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:[0-9]{1,5})?/?$`)

// manifest is the app's, in YAML. Slack's limits are held by its test.
// Source: the JSON schema of app manifests, github.com/slackapi/manifest-schema.
func manifest(address string) ([]byte, error) {
	if !base.MatchString(address) {
		return nil, errors.New("--url takes https:// and a host with nothing after it, such as https://abc123.execute-api.eu-central-1.amazonaws.com")
	}
	address = strings.TrimSuffix(address, "/")
	var text bytes.Buffer
	err := manifestTemplate.Execute(&text, map[string]any{
		"Commands": slackfmt.Commands(), "Find": slackfmt.CallbackFind, "Author": slackfmt.CallbackAuthor,
		"CommandsURL": address + bot.CommandsPath, "InteractivityURL": address + bot.InteractivityPath, "EventsURL": address + bot.EventsPath,
	})
	return text.Bytes(), err
}

func writeAsJSON(to io.Writer, text []byte) error {
	var content any
	if err := yaml.Unmarshal(text, &content); err != nil {
		return err
	}
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(content)
}
