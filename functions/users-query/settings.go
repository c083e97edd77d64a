package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/records"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// settings come from the function's environment; template.yaml sets them.
type settings struct {
	slackSecretID       string // CRMWHO_SLACK_SECRET_ID: the secret with Slack's signing secrets and bot token
	accessTokenSecretID string // CRMWHO_ACCESS_TOKEN_SECRET_ID: the secret that token-refresh writes
	bucket              string // CRMWHO_STORE_BUCKET: the S3 bucket of the directory's snapshot, of answers under way and of audits
	tokenRefresh        string // CRMWHO_TOKEN_REFRESH_FUNCTION: the function that is told of a refused token
	zohoVersion         string // CRMWHO_ZOHO_API_VERSION: such as v8; empty stands for v7
	allowLoopback       bool   // CRMWHO_ALLOW_LOOPBACK: 1 to accept simulators on this machine

	// access is who may ask: CRMWHO_SLACK_TEAMS, CRMWHO_PEOPLE_AUDIENCE (everyone
	// where it is not set), CRMWHO_OWNER_AUDIENCE, CRMWHO_ADMIN_AUDIENCE, and
	// CRMWHO_CONTACT, whom a refusal names.
	access bot.Access

	// admins says who counts as an administrator besides those whom Zoho lists, and
	// what is flagged. All are lists with commas between: CRMWHO_ADMIN_PROFILES and
	// CRMWHO_ADMIN_ROLES of names or ids, CRMWHO_ADMIN_DOMAINS of the domains that
	// their addresses may have, CRMWHO_SHARED_MAILBOXES of names before the @
	// instead of the usual ones, CRMWHO_ADMIN_FLAGS_OFF of flags.
	// CRMWHO_ADMIN_MARKED_ROLES is 0 where a role that Zoho marks as an
	// administrator's makes nobody one.
	admins audit.Rules

	// Records whose owners are told: CRMWHO_RECORD_MODULES, CRMWHO_RECORD_FIELDS
	// that are shown of them, such as Deals.Stage, or none, and CRMWHO_CLOSED_STAGES,
	// beginnings of the names of stages in which a deal is closed. All are lists
	// with commas between; nil stands for the defaults of records.
	recordModules []string
	recordFields  []records.Field
	closedStages  []string

	noticeChannel string // CRMWHO_NOTICE_CHANNEL: id of the channel that is told when Zoho CRM has to be connected anew; empty: none
	setup         string // CRMWHO_SETUP: the command that does so, for what the channel is told

	auditChannel string        // CRMWHO_AUDIT_CHANNEL: id of the channel that audits of the admins are posted to; empty: no audits
	auditMaxAge  time.Duration // CRMWHO_AUDIT_MAX_AGE: such as 192h, after which the last one is too old

	userPage    string // CRMWHO_USER_PAGE: address of a user's page in the CRM, with {org} and {id} in it; without it cards link to none
	recordPage  string // CRMWHO_RECORD_PAGE: address of a record's page, with {org}, {module} and {id} in it; without it nothing links to one
	plainPhones bool   // CRMWHO_PHONE_LINKS: 0 where Slack makes no links of telephone numbers

	slackAPI   string   // CRMWHO_SLACK_API_URL: of GovSlack and of simulators; empty stands for Slack's
	replyHosts []string // CRMWHO_SLACK_REPLY_HOSTS: that answers may go to besides Slack's own, with commas between

	// Ages of the directory, such as 90s or 12h; its own defaults where they are not set.
	freshFor    time.Duration // CRMWHO_DIRECTORY_FRESH_FOR
	reloadAfter time.Duration // CRMWHO_DIRECTORY_RELOAD_AFTER
	fullAfter   time.Duration // CRMWHO_DIRECTORY_FULL_AFTER
}

// whyChosen is why some audiences have no default.
const whyChosen = "answers carry the rights of the CRM user behind the bot, so whoever deploys it has to choose who gets them: everyone, nobody, or ids of private channels, people and user groups"

// readSettings names everything that is missing or wrong at once.
func readSettings(getenv func(string) string) (settings, error) {
	e := environment{getenv: getenv}
	s := settings{
		slackSecretID:       e.required("CRMWHO_SLACK_SECRET_ID", ""),
		accessTokenSecretID: e.required("CRMWHO_ACCESS_TOKEN_SECRET_ID", ""),
		bucket:              e.required("CRMWHO_STORE_BUCKET", ""),
		tokenRefresh:        e.required("CRMWHO_TOKEN_REFRESH_FUNCTION", ""),
		zohoVersion:         getenv("CRMWHO_ZOHO_API_VERSION"),
		allowLoopback:       isTrue(getenv("CRMWHO_ALLOW_LOOPBACK")),
		access: bot.Access{
			Teams:   read(&e, "CRMWHO_SLACK_TEAMS", e.required("CRMWHO_SLACK_TEAMS", "it takes the ids of the Slack workspaces to answer"), bot.ParseTeams),
			People:  read(&e, "CRMWHO_PEOPLE_AUDIENCE", cmp.Or(getenv("CRMWHO_PEOPLE_AUDIENCE"), "everyone"), bot.ParseAudience),
			Owners:  read(&e, "CRMWHO_OWNER_AUDIENCE", e.required("CRMWHO_OWNER_AUDIENCE", whyChosen), bot.ParseAudience),
			Admins:  read(&e, "CRMWHO_ADMIN_AUDIENCE", e.required("CRMWHO_ADMIN_AUDIENCE", whyChosen), bot.ParseAudience),
			Contact: getenv("CRMWHO_CONTACT"),
		},
		admins: audit.Rules{
			Profiles:     listed(getenv("CRMWHO_ADMIN_PROFILES")),
			Roles:        listed(getenv("CRMWHO_ADMIN_ROLES")),
			Domains:      listed(getenv("CRMWHO_ADMIN_DOMAINS")),
			Mailboxes:    listed(getenv("CRMWHO_SHARED_MAILBOXES")),
			NoAdminRoles: !isTrue(cmp.Or(getenv("CRMWHO_ADMIN_MARKED_ROLES"), "1")),
			Off:          read(&e, "CRMWHO_ADMIN_FLAGS_OFF", getenv("CRMWHO_ADMIN_FLAGS_OFF"), audit.ParseFlags),
		},
		recordModules: read(&e, "CRMWHO_RECORD_MODULES", getenv("CRMWHO_RECORD_MODULES"), records.ParseModules),
		recordFields:  read(&e, "CRMWHO_RECORD_FIELDS", getenv("CRMWHO_RECORD_FIELDS"), records.ParseFields),
		closedStages:  listed(getenv("CRMWHO_CLOSED_STAGES")),
		noticeChannel: read(&e, "CRMWHO_NOTICE_CHANNEL", getenv("CRMWHO_NOTICE_CHANNEL"), parseChannel),
		setup:         getenv("CRMWHO_SETUP"),
		auditChannel:  read(&e, "CRMWHO_AUDIT_CHANNEL", getenv("CRMWHO_AUDIT_CHANNEL"), parseChannel),
		auditMaxAge:   read(&e, "CRMWHO_AUDIT_MAX_AGE", getenv("CRMWHO_AUDIT_MAX_AGE"), parseAge),

		userPage:    read(&e, "CRMWHO_USER_PAGE", getenv("CRMWHO_USER_PAGE"), parseUserPage),
		recordPage:  read(&e, "CRMWHO_RECORD_PAGE", getenv("CRMWHO_RECORD_PAGE"), parseRecordPage),
		plainPhones: !isTrue(cmp.Or(getenv("CRMWHO_PHONE_LINKS"), "1")),
		slackAPI:    getenv("CRMWHO_SLACK_API_URL"),
		replyHosts:  strings.FieldsFunc(getenv("CRMWHO_SLACK_REPLY_HOSTS"), func(r rune) bool { return r == ',' || r == ' ' }),
		freshFor:    read(&e, "CRMWHO_DIRECTORY_FRESH_FOR", getenv("CRMWHO_DIRECTORY_FRESH_FOR"), parseAge),
		reloadAfter: read(&e, "CRMWHO_DIRECTORY_RELOAD_AFTER", getenv("CRMWHO_DIRECTORY_RELOAD_AFTER"), parseAge),
		fullAfter:   read(&e, "CRMWHO_DIRECTORY_FULL_AFTER", getenv("CRMWHO_DIRECTORY_FULL_AFTER"), parseAge),
	}
	read(&e, "CRMWHO_ZOHO_API_VERSION", s.zohoVersion, func(v string) (any, error) { return nil, zoho.CheckVersion(v) })
	read(&e, "CRMWHO_SLACK_API_URL", s.slackAPI, func(v string) (any, error) { return nil, bot.CheckSlackAPI(v, s.allowLoopback) })
	read(&e, "CRMWHO_RECORD_FIELDS", getenv("CRMWHO_RECORD_FIELDS"), func(string) (any, error) { return nil, s.checkFields() })
	for _, host := range s.replyHosts {
		read(&e, "CRMWHO_SLACK_REPLY_HOSTS", host, func(h string) (any, error) { return nil, bot.CheckReplyHost(h, s.allowLoopback) })
	}
	return s, errors.Join(e.wrong...)
}

// environment reads settings and collects what is wrong with them.
type environment struct {
	getenv func(string) string
	wrong  []error
}

// required gives a value that has to be there. why is told where it is not.
func (e *environment) required(name, why string) string {
	value := e.getenv(name)
	if value == "" {
		if why != "" {
			why = ": " + why
		}
		e.wrong = append(e.wrong, fmt.Errorf("%s is not set%s", name, why))
	}
	return value
}

// read parses a value where there is one.
func read[T any](e *environment, name, value string, parse func(string) (T, error)) (parsed T) {
	if value == "" {
		return parsed
	}
	parsed, err := parse(value)
	if err != nil {
		e.wrong = append(e.wrong, fmt.Errorf("%s: %w", name, err))
	}
	return parsed
}

// listed are the parts of a text with commas between them; nil for none.
func listed(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// parseChannel reads the id of a channel.
func parseChannel(value string) (string, error) {
	if !slackfmt.IsID(value, "CG") {
		return "", errors.New("it is not the id of a channel, such as C012AB3CD")
	}
	return value, nil
}

// checkFields refuses fields of modules that nobody looks at. Those of the
// default may stand there: who gives modules alone means no mistake by them.
func (s settings) checkFields() error {
	modules := s.recordModules
	if modules == nil {
		modules = records.DefaultModules
	}
	for _, f := range s.recordFields {
		if !slices.Contains(modules, f.Module) && !slices.Contains(records.DefaultFields, f) {
			return fmt.Errorf("%s.%s is of none of the modules %s", f.Module, f.Name, strings.Join(modules, ", "))
		}
	}
	return nil
}

// parseUserPage reads the address of users' pages.
func parseUserPage(value string) (string, error) {
	return value, checkPage(value, "https://crm.zoho.com/crm/{org}/settings/users/{id}", "{id}")
}

// parseRecordPage reads the address of records' pages.
func parseRecordPage(value string) (string, error) {
	return value, checkPage(value, "https://crm.zoho.com/crm/{org}/tab/{module}/{id}", "{module}", "{id}")
}

// checkPage refuses what is no address, or lacks what has to be in it.
func checkPage(value, example string, needed ...string) error {
	u, err := url.Parse(strings.NewReplacer("{org}", "org", "{module}", "module", "{id}", "0").Replace(value))
	lacks := func(name string) bool { return !strings.Contains(value, name) }
	if err != nil || u.Scheme != "https" || u.Host == "" || slices.ContainsFunc(needed, lacks) {
		return errors.New("it is not an address such as " + example)
	}
	return nil
}

func parseAge(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, errors.New("it is not an age such as 90s, 10m or 12h")
	}
	return d, nil
}

func isTrue(value string) bool {
	yes, err := strconv.ParseBool(value)
	return err == nil && yes
}
