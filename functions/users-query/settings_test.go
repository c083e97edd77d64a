package main

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/records"
)

// required are settings that a function does not start without.
var required = map[string]string{
	"CRMWHO_SLACK_SECRET_ID": "a", "CRMWHO_ACCESS_TOKEN_SECRET_ID": "b", "CRMWHO_STORE_BUCKET": "c", "CRMWHO_TOKEN_REFRESH_FUNCTION": "d",
	"CRMWHO_SLACK_TEAMS": "T0SAMPLE", "CRMWHO_OWNER_AUDIENCE": "nobody", "CRMWHO_ADMIN_AUDIENCE": "U0SAMPLE",
}

func TestSettingsNameAllThatIsMissing(t *testing.T) {
	_, err := readSettings(func(string) string { return "" })
	if err == nil {
		t.Fatal("no settings were accepted")
	}
	for name := range required {
		if !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("got %v, want %s in it", err, name)
		}
	}
	if why := strings.Count(err.Error(), "rights of the CRM user"); why != 2 {
		t.Errorf("got %v: why two audiences have no default is told %d times", err, why)
	}
}

// with is an environment where all that is required is set.
func with(more map[string]string) func(string) string {
	env := maps.Clone(required)
	maps.Copy(env, more)
	return func(name string) string { return env[name] }
}

func TestSettings(t *testing.T) {
	s, err := readSettings(with(nil))
	want := settings{slackSecretID: "a", accessTokenSecretID: "b", bucket: "c", tokenRefresh: "d", access: bot.Access{
		Teams: []string{"T0SAMPLE"}, People: bot.Audience{Everyone: true}, Admins: bot.Audience{Users: []string{"U0SAMPLE"}},
	}}
	if s.replyHosts = nil; err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, %v", s, err)
	}
	s, err = readSettings(with(map[string]string{
		"CRMWHO_ZOHO_API_VERSION": "v8", "CRMWHO_ALLOW_LOOPBACK": "1",
		"CRMWHO_DIRECTORY_FRESH_FOR": "90s", "CRMWHO_DIRECTORY_RELOAD_AFTER": "5m", "CRMWHO_DIRECTORY_FULL_AFTER": "24h",
		"CRMWHO_PEOPLE_AUDIENCE": "S0GROUPS,no-guests", "CRMWHO_CONTACT": "the CRM team",
		"CRMWHO_SLACK_API_URL": "http://127.0.0.1:1/api/", "CRMWHO_SLACK_REPLY_HOSTS": "a.example,b.example:81",
	}))
	if err != nil || s.zohoVersion != "v8" || !s.allowLoopback || s.freshFor != 90*time.Second || s.reloadAfter != 5*time.Minute || s.fullAfter != 24*time.Hour ||
		!s.access.People.NoGuests || s.access.Contact != "the CRM team" || s.slackAPI == "" || len(s.replyHosts) != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	for name, value := range map[string]string{
		"CRMWHO_ZOHO_API_VERSION": "8", "CRMWHO_DIRECTORY_FRESH_FOR": "60", "CRMWHO_DIRECTORY_RELOAD_AFTER": "-1m", "CRMWHO_DIRECTORY_FULL_AFTER": "daily",
		"CRMWHO_SLACK_TEAMS": "sample-team", "CRMWHO_PEOPLE_AUDIENCE": "all", "CRMWHO_OWNER_AUDIENCE": "nobody,U0SAMPLE", "CRMWHO_ADMIN_AUDIENCE": "no-guests",
		"CRMWHO_SLACK_API_URL": "https://slack.com/api/?x=1", "CRMWHO_ADMIN_FLAGS_OFF": "new,odd", "CRMWHO_USER_PAGE": "http://crm.zoho.com/{id}",
		"CRMWHO_NOTICE_CHANNEL": "U0SAMPLE", "CRMWHO_AUDIT_CHANNEL": "#audits", "CRMWHO_AUDIT_MAX_AGE": "192",
		"CRMWHO_RECORD_MODULES": "Deals,Deals", "CRMWHO_RECORD_FIELDS": "Stage", "CRMWHO_RECORD_PAGE": "https://crm.zoho.com/crm/{org}/tab/Deals/{id}",
	} {
		if _, err := readSettings(with(map[string]string{name: value})); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}

// TestAnAgeOfNothing would mean the default, which nobody who writes 0s wants.
func TestAnAgeOfNothing(t *testing.T) {
	if _, err := readSettings(with(map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "0s"})); err == nil {
		t.Error("0s was accepted")
	}
}

// TestReplyHostsAreChecked like Slack's Web API.
func TestReplyHostsAreChecked(t *testing.T) {
	s, err := readSettings(with(map[string]string{"CRMWHO_SLACK_REPLY_HOSTS": "a.example, b.example"}))
	if err != nil || s.replyHosts[1] != "b.example" {
		t.Errorf("got %q, %v", s.replyHosts, err)
	}
	for _, hosts := range []string{"127.0.0.1:8443", "localhost", "https://a.example/"} {
		if _, err := readSettings(with(map[string]string{"CRMWHO_SLACK_REPLY_HOSTS": hosts})); err == nil {
			t.Errorf("%s was accepted without CRMWHO_ALLOW_LOOPBACK", hosts)
		}
	}
}

// TestEachAudienceIsItsOwn setting.
func TestEachAudienceIsItsOwn(t *testing.T) {
	s, err := readSettings(with(map[string]string{"CRMWHO_PEOPLE_AUDIENCE": "U0PEOPLE", "CRMWHO_OWNER_AUDIENCE": "U0OWNERS", "CRMWHO_ADMIN_AUDIENCE": "U0ADMINS"}))
	want := bot.Access{
		Teams: []string{"T0SAMPLE"}, People: bot.Audience{Users: []string{"U0PEOPLE"}},
		Owners: bot.Audience{Users: []string{"U0OWNERS"}}, Admins: bot.Audience{Users: []string{"U0ADMINS"}},
	}
	if err != nil || !reflect.DeepEqual(s.access, want) {
		t.Errorf("got %+v, %v", s.access, err)
	}
}

// TestAdminsAreByLists, each setting its own.
func TestAdminsAreByLists(t *testing.T) {
	s, err := readSettings(with(map[string]string{
		"CRMWHO_ADMIN_PROFILES": "Operations, 5725767000000026011", "CRMWHO_ADMIN_ROLES": "CEO,", "CRMWHO_ADMIN_DOMAINS": "example.com",
		"CRMWHO_SHARED_MAILBOXES": "desk", "CRMWHO_ADMIN_FLAGS_OFF": "new,twice", "CRMWHO_ADMIN_MARKED_ROLES": "0",
	}))
	want := audit.Rules{
		Profiles: []string{"Operations", "5725767000000026011"}, Roles: []string{"CEO"}, Domains: []string{"example.com"},
		Mailboxes: []string{"desk"}, Off: []audit.Flag{audit.New, audit.Twice}, NoAdminRoles: true,
	}
	if err != nil || !reflect.DeepEqual(s.admins, want) {
		t.Errorf("got %+v, %v", s.admins, err)
	}
}

// TestWhereNoticesGo and audits is the id of a channel, or nowhere.
func TestWhereNoticesGo(t *testing.T) {
	s, err := readSettings(with(map[string]string{"CRMWHO_NOTICE_CHANNEL": "C0SAMPLE", "CRMWHO_SETUP": "crmwho setup --stack sample"}))
	if err != nil || s.noticeChannel != "C0SAMPLE" || s.setup != "crmwho setup --stack sample" {
		t.Errorf("got %q, %q, %v", s.noticeChannel, s.setup, err)
	}
	for _, channel := range []string{"#general", "C0SHORT", "c0sample", "D0SAMPLE", "C0SAMPLE,C0OTHERS", " C0SAMPLE"} {
		for _, name := range []string{"CRMWHO_NOTICE_CHANNEL", "CRMWHO_AUDIT_CHANNEL"} {
			if _, err := readSettings(with(map[string]string{name: channel})); err == nil {
				t.Errorf("%s: %q was accepted", name, channel)
			}
		}
	}
}

// TestAuditsAreSettings of their own: the notices' channel gets none.
func TestAuditsAreSettings(t *testing.T) {
	env := with(map[string]string{"CRMWHO_AUDIT_CHANNEL": "G0AUDITS", "CRMWHO_AUDIT_MAX_AGE": "192h", "CRMWHO_NOTICE_CHANNEL": "C0SAMPLE"})
	s, err := readSettings(env)
	if err != nil || s.auditChannel != "G0AUDITS" || s.auditMaxAge != 192*time.Hour || s.noticeChannel != "C0SAMPLE" {
		t.Errorf("got %q, %v, %q, %v", s.auditChannel, s.auditMaxAge, s.noticeChannel, err)
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	b, err := build(t.Context(), env)
	if err != nil || b.AuditChannel != "G0AUDITS" || b.AuditMaxAge != 192*time.Hour {
		t.Errorf("the bot has %q, %v, %v", b.AuditChannel, b.AuditMaxAge, err)
	}
	if s, err := readSettings(with(map[string]string{"CRMWHO_NOTICE_CHANNEL": "C0SAMPLE"})); err != nil || s.auditChannel != "" {
		t.Errorf("unless told: got %q, %v", s.auditChannel, err)
	}
}

// TestWhatCardsLinkTo is a setting, since nobody documents it.
func TestWhatCardsLinkTo(t *testing.T) {
	const page = "https://crm.zoho.eu/crm/{org}/settings/users/{id}"
	s, err := readSettings(with(map[string]string{"CRMWHO_USER_PAGE": page, "CRMWHO_PHONE_LINKS": "0"}))
	if err != nil || s.userPage != page || !s.plainPhones {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, wrong := range []string{"crm.zoho.eu/{id}", "https:///{id}", "https://crm.zoho.eu/crm/{org}", "https://%zz/{id}"} {
		if _, err := readSettings(with(map[string]string{"CRMWHO_USER_PAGE": wrong})); err == nil {
			t.Errorf("%s was accepted", wrong)
		}
	}
}

// TestRecordsAreSettings: which are looked at, what is shown of them, and where
// they are.
func TestRecordsAreSettings(t *testing.T) {
	const page = "https://crm.zoho.eu/crm/{org}/tab/{module}/{id}"
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for name, test := range map[string]struct {
		env  map[string]string
		want *records.Finder
	}{
		"unless told": {nil, &records.Finder{}},
		"of its own": {
			map[string]string{"CRMWHO_RECORD_MODULES": "Deals, Projects", "CRMWHO_RECORD_FIELDS": "Projects.State,Deals.Stage", "CRMWHO_CLOSED_STAGES": "Won, Lost,"},
			&records.Finder{Modules: []string{"Deals", "Projects"}, Fields: []records.Field{{Module: "Projects", Name: "State"}, {Module: "Deals", Name: "Stage"}}, Closed: []string{"Won", "Lost"}},
		},
		"no fields": {map[string]string{"CRMWHO_RECORD_FIELDS": "none"}, &records.Finder{Fields: []records.Field{}}},
	} {
		env := map[string]string{"CRMWHO_RECORD_PAGE": page}
		maps.Copy(env, test.env)
		b, err := build(t.Context(), with(env))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if test.want.CRM = b.Records.CRM; b.Records.CRM == nil || !reflect.DeepEqual(b.Records, test.want) || b.RecordPage != page {
			t.Errorf("%s: got %+v, %s, want %+v", name, b.Records, b.RecordPage, test.want)
		}
	}
}

// TestFieldsAreOfTheModules that are looked at. Those of the default may stay
// when a module goes.
func TestFieldsAreOfTheModules(t *testing.T) {
	for _, test := range []struct{ modules, fields, want string }{
		{"", "Leads.Company,Accounts.Industry", ""},
		{"", "Deal.Stage", "Deal.Stage is of none of the modules Accounts, Deals, Contacts, Leads"},
		{"Accounts", "Deals.Stage,Deals.Closing_Date,Deals.Account_Name,Contacts.Account_Name,Leads.Company", ""},
		{"Accounts", "Accounts.Industry,Deals.Next_Step", "Deals.Next_Step is of none of the modules Accounts"},
		{"Accounts", "none", ""},
	} {
		_, err := readSettings(with(map[string]string{"CRMWHO_RECORD_MODULES": test.modules, "CRMWHO_RECORD_FIELDS": test.fields}))
		if want := "CRMWHO_RECORD_FIELDS: " + test.want; (err == nil) != (test.want == "") || err != nil && err.Error() != want {
			t.Errorf("%s, %s: got %v, want %q", test.modules, test.fields, err, test.want)
		}
	}
}

// TestWhereRecordsAre is a setting, since nobody documents it.
func TestWhereRecordsAre(t *testing.T) {
	for _, wrong := range []string{"http://crm.zoho.eu/{module}/{id}", "crm.zoho.eu/{module}/{id}", "https:///{module}/{id}", "https://crm.zoho.eu/{id}", "https://crm.zoho.eu/{module}", "https://%zz/{module}/{id}"} {
		if _, err := readSettings(with(map[string]string{"CRMWHO_RECORD_PAGE": wrong})); err == nil {
			t.Errorf("%s was accepted", wrong)
		}
	}
}

// TestLoopbackIsForWhoSaysYes: "false" is not.
func TestLoopbackIsForWhoSaysYes(t *testing.T) {
	for value, want := range map[string]bool{"": false, "false": false, "0": false, "no": false, "1": true, "true": true} {
		if s, err := readSettings(with(map[string]string{"CRMWHO_ALLOW_LOOPBACK": value})); err != nil || s.allowLoopback != want {
			t.Errorf("%q: got %v, %v", value, s.allowLoopback, err)
		}
	}
}
