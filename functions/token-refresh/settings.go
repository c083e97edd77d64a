package main

import (
	"errors"
	"fmt"
	"strconv"

	"crmwho/internal/zoho"
)

// settings come from the function's environment; template.yaml sets them.
type settings struct {
	oauthClientSecretID string // CRMWHO_OAUTH_CLIENT_SECRET_ID: the secret with the OAuth client and its refresh token
	accessTokenSecretID string // CRMWHO_ACCESS_TOKEN_SECRET_ID: the secret to write
	accountsURL         string // CRMWHO_ZOHO_ACCOUNTS_URL: the accounts server of the data centre
	alertTopic          string // CRMWHO_ALERT_TOPIC: ARN of the SNS topic that is told when the grant dies
	setup               string // CRMWHO_SETUP: the command that connects Zoho CRM anew, for what the topic is told
	allowLoopback       bool   // CRMWHO_ALLOW_LOOPBACK: 1 to accept simulators on this machine
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
		oauthClientSecretID: required("CRMWHO_OAUTH_CLIENT_SECRET_ID"),
		accessTokenSecretID: required("CRMWHO_ACCESS_TOKEN_SECRET_ID"),
		accountsURL:         required("CRMWHO_ZOHO_ACCOUNTS_URL"),
		alertTopic:          required("CRMWHO_ALERT_TOPIC"),
		setup:               required("CRMWHO_SETUP"),
		allowLoopback:       isTrue(getenv("CRMWHO_ALLOW_LOOPBACK")),
	}
	if s.accountsURL != "" {
		if err := zoho.CheckAccountsURL(s.accountsURL, s.allowLoopback); err != nil {
			wrong = append(wrong, fmt.Errorf("CRMWHO_ZOHO_ACCOUNTS_URL: %w", err))
		}
	}
	return s, errors.Join(wrong...)
}

func isTrue(value string) bool {
	yes, err := strconv.ParseBool(value)
	return err == nil && yes
}
