package main

import (
	"errors"
	"fmt"
)

// settings come from the function's environment; template.yaml sets them.
type settings struct {
	slackSecretID       string // CRMWHO_SLACK_SECRET_ID: the secret with Slack's signing secrets
	accessTokenSecretID string // CRMWHO_ACCESS_TOKEN_SECRET_ID: the secret that token-refresh writes
	allowLoopback       bool   // CRMWHO_ALLOW_LOOPBACK: set to accept simulators on this machine
}

// readSettings names everything that is missing at once.
func readSettings(getenv func(string) string) (settings, error) {
	var missing []error
	required := func(name string) string {
		value := getenv(name)
		if value == "" {
			missing = append(missing, fmt.Errorf("%s is not set", name))
		}
		return value
	}
	s := settings{
		slackSecretID:       required("CRMWHO_SLACK_SECRET_ID"),
		accessTokenSecretID: required("CRMWHO_ACCESS_TOKEN_SECRET_ID"),
		allowLoopback:       getenv("CRMWHO_ALLOW_LOOPBACK") != "",
	}
	return s, errors.Join(missing...)
}
