package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
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

	noticeChannel string // CRMWHO_NOTICE_CHANNEL: id of the channel that is told when Zoho CRM has to be connected anew; empty: none
	setup         string // CRMWHO_SETUP: the command that does so, for what the channel is told

	auditChannel string        // CRMWHO_AUDIT_CHANNEL: id of the channel that audits of the admins are posted to; empty: no audits
	auditMaxAge  time.Duration // CRMWHO_AUDIT_MAX_AGE: such as 192h, after which the last one is too old

	userPage    string // CRMWHO_USER_PAGE: address of a user's page in the CRM, with {org} and {id} in it; without it cards link to none
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
		noticeChannel: read(&e, "CRMWHO_NOTICE_CHANNEL", getenv("CRMWHO_NOTICE_CHANNEL"), parseChannel),
		setup:         getenv("CRMWHO_SETUP"),
		auditChannel:  read(&e, "CRMWHO_AUDIT_CHANNEL", getenv("CRMWHO_AUDIT_CHANNEL"), parseChannel),
		auditMaxAge:   read(&e, "CRMWHO_AUDIT_MAX_AGE", getenv("CRMWHO_AUDIT_MAX_AGE"), parseAge),

		userPage:    read(&e, "CRMWHO_USER_PAGE", getenv("CRMWHO_USER_PAGE"), parsePage),
		plainPhones: !isTrue(cmp.Or(getenv("CRMWHO_PHONE_LINKS"), "1")),
		slackAPI:    getenv("CRMWHO_SLACK_API_URL"),
		replyHosts:  strings.FieldsFunc(getenv("CRMWHO_SLACK_REPLY_HOSTS"), func(r rune) bool { return r == ',' || r == ' ' }),
		freshFor:    read(&e, "CRMWHO_DIRECTORY_FRESH_FOR", getenv("CRMWHO_DIRECTORY_FRESH_FOR"), parseAge),
		reloadAfter: read(&e, "CRMWHO_DIRECTORY_RELOAD_AFTER", getenv("CRMWHO_DIRECTORY_RELOAD_AFTER"), parseAge),
		fullAfter:   read(&e, "CRMWHO_DIRECTORY_FULL_AFTER", getenv("CRMWHO_DIRECTORY_FULL_AFTER"), parseAge),
	}
	read(&e, "CRMWHO_ZOHO_API_VERSION", s.zohoVersion, func(v string) (any, error) { return nil, zoho.CheckVersion(v) })
	read(&e, "CRMWHO_SLACK_API_URL", s.slackAPI, func(v string) (any, error) { return nil, bot.CheckSlackAPI(v, s.allowLoopback) })
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

// parsePage reads the address of users' pages.
func parsePage(value string) (string, error) {
	u, err := url.Parse(strings.NewReplacer("{org}", "org", "{id}", "0").Replace(value))
	if err != nil || u.Scheme != "https" || u.Host == "" || !strings.Contains(value, "{id}") {
		return "", errors.New("it is not an address such as https://crm.zoho.com/crm/{org}/settings/users/{id}")
	}
	return value, nil
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
