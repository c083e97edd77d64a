package main

import (
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	good := map[string]string{
		"CRMWHO_OAUTH_CLIENT_SECRET_ID": "a", "CRMWHO_ACCESS_TOKEN_SECRET_ID": "b",
		"CRMWHO_ZOHO_ACCOUNTS_URL": "https://accounts.zohocloud.ca", "CRMWHO_ALERT_TOPIC": "c", "CRMWHO_SETUP": "d",
	}
	for name, test := range map[string]struct{ change, value, want string }{
		"all there":            {"", "", ""},
		"no client":            {"CRMWHO_OAUTH_CLIENT_SECRET_ID", "", "CRMWHO_OAUTH_CLIENT_SECRET_ID is not set"},
		"no token":             {"CRMWHO_ACCESS_TOKEN_SECRET_ID", "", "CRMWHO_ACCESS_TOKEN_SECRET_ID is not set"},
		"no topic":             {"CRMWHO_ALERT_TOPIC", "", "CRMWHO_ALERT_TOPIC is not set"},
		"no command":           {"CRMWHO_SETUP", "", "CRMWHO_SETUP is not set"},
		"no accounts":          {"CRMWHO_ZOHO_ACCOUNTS_URL", "", "CRMWHO_ZOHO_ACCOUNTS_URL is not set"},
		"accounts at http":     {"CRMWHO_ZOHO_ACCOUNTS_URL", "http://accounts.zoho.com", "CRMWHO_ZOHO_ACCOUNTS_URL: accounts server: not https"},
		"accounts on loopback": {"CRMWHO_ZOHO_ACCOUNTS_URL", "http://127.0.0.1:1", "not https"},
		"accounts elsewhere":   {"CRMWHO_ZOHO_ACCOUNTS_URL", "https://accounts.example", "not a Zoho host"},
	} {
		_, err := readSettings(func(name string) string {
			if name == test.change {
				return test.value
			}
			return good[name]
		})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
