package main

import (
	"errors"
	"fmt"

	"crmwho/internal/zoho"
)

// settings come from the function's environment; template.yaml sets them.
type settings struct {
	slackSecretID       string // CRMWHO_SLACK_SECRET_ID: the secret with Slack's signing secrets
	accessTokenSecretID string // CRMWHO_ACCESS_TOKEN_SECRET_ID: the secret that token-refresh writes
	zohoVersion         string // CRMWHO_ZOHO_API_VERSION: such as v8; empty stands for v7
	allowLoopback       bool   // CRMWHO_ALLOW_LOOPBACK: set to accept simulators on this machine
}

// readSettings names everything that is missing or wrong at once.
func readSettings(getenv func(string) string) (settings, error) {
	var wrong []error
	required := func(name string) string {
		value := getenv(name)
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set", name))
		}
		return value
	}
	s := settings{
		slackSecretID:       required("CRMWHO_SLACK_SECRET_ID"),
		accessTokenSecretID: required("CRMWHO_ACCESS_TOKEN_SECRET_ID"),
		zohoVersion:         getenv("CRMWHO_ZOHO_API_VERSION"),
		allowLoopback:       getenv("CRMWHO_ALLOW_LOOPBACK") != "",
	}
	if s.zohoVersion != "" {
		if err := zoho.CheckVersion(s.zohoVersion); err != nil {
			wrong = append(wrong, fmt.Errorf("CRMWHO_ZOHO_API_VERSION: %w", err))
		}
	}
	return s, errors.Join(wrong...)
}
