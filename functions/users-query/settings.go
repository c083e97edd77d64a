package main

import (
	"errors"
	"fmt"
	"time"

	"crmwho/internal/zoho"
)

// settings come from the function's environment; template.yaml sets them.
type settings struct {
	slackSecretID       string // CRMWHO_SLACK_SECRET_ID: the secret with Slack's signing secrets
	accessTokenSecretID string // CRMWHO_ACCESS_TOKEN_SECRET_ID: the secret that token-refresh writes
	bucket              string // CRMWHO_STORE_BUCKET: the S3 bucket of the directory's snapshot
	zohoVersion         string // CRMWHO_ZOHO_API_VERSION: such as v8; empty stands for v7
	allowLoopback       bool   // CRMWHO_ALLOW_LOOPBACK: set to accept simulators on this machine

	// Ages of the directory, such as 90s or 12h; its own defaults where they are not set.
	freshFor    time.Duration // CRMWHO_DIRECTORY_FRESH_FOR
	reloadAfter time.Duration // CRMWHO_DIRECTORY_RELOAD_AFTER
	fullAfter   time.Duration // CRMWHO_DIRECTORY_FULL_AFTER
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
	age := func(name string) time.Duration {
		value := getenv(name)
		if value == "" {
			return 0
		}
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			wrong = append(wrong, fmt.Errorf("%s is not an age such as 90s, 10m or 12h", name))
		}
		return d
	}
	s := settings{
		slackSecretID:       required("CRMWHO_SLACK_SECRET_ID"),
		accessTokenSecretID: required("CRMWHO_ACCESS_TOKEN_SECRET_ID"),
		bucket:              required("CRMWHO_STORE_BUCKET"),
		zohoVersion:         getenv("CRMWHO_ZOHO_API_VERSION"),
		allowLoopback:       getenv("CRMWHO_ALLOW_LOOPBACK") != "",
		freshFor:            age("CRMWHO_DIRECTORY_FRESH_FOR"),
		reloadAfter:         age("CRMWHO_DIRECTORY_RELOAD_AFTER"),
		fullAfter:           age("CRMWHO_DIRECTORY_FULL_AFTER"),
	}
	if s.zohoVersion != "" {
		if err := zoho.CheckVersion(s.zohoVersion); err != nil {
			wrong = append(wrong, fmt.Errorf("CRMWHO_ZOHO_API_VERSION: %w", err))
		}
	}
	return s, errors.Join(wrong...)
}
