package slackfmt_test

import (
	"strings"
	"testing"
	"time"

	"crmwho/internal/slackfmt"
)

var now = readAt.Add(3 * time.Minute)

// well is a bot with nothing wrong.
func well() slackfmt.Status {
	return slackfmt.Status{
		Now: now, Version: "1.2.3", TokenExpiry: now.Add(42 * time.Minute),
		People: 1015, ReadAt: readAt, FullAt: readAt.Add(-2 * time.Hour),
	}
}

func TestGoldenStatus(t *testing.T) {
	golden(t, "status", slackfmt.StatusReport(well()))
	golden(t, "status-new", slackfmt.StatusReport(slackfmt.Status{Now: now, Version: "1.2.3", TokenProblem: "I am not connected to Zoho CRM yet."}))
	down := well()
	down.ReadAt = now.Add(-47 * time.Minute)
	down.ZohoFailedAt, down.ZohoProblem = now.Add(-2*time.Minute), "Zoho CRM cannot be reached right now."
	golden(t, "status-down", slackfmt.StatusReport(down))
	down.TokenExpiry = now.Add(-5 * time.Minute)
	down.GrantDead, down.ExchangeProblem = true, slackfmt.GrantRefused
	golden(t, "status-dead", slackfmt.StatusReport(down))
	down.GrantDead, down.ExchangeProblem = false, ""
	down.LastError = `read users, page 2: GET www.zohoapis.eu: 503 <html> & *more* of it`
	golden(t, "status-error", slackfmt.StatusReport(down))
	audited := well()
	audited.AuditAt, audited.AuditOutcome, audited.AuditBy = now.Add(-50*time.Hour), "acknowledged", "U0SAMPLE"
	golden(t, "status-audited", slackfmt.StatusReport(audited))
	audited.AuditFailedAt, audited.AuditProblem, audited.AuditOld = now.Add(-2*time.Hour), "Zoho CRM cannot be reached right now.", true
	golden(t, "status-audit-failed", slackfmt.StatusReport(audited))
}

func TestStatusReport(t *testing.T) {
	const people, zoho = " People: 1,015, read 3 minutes ago, in full 2 hours ago.", " Zoho CRM: answered 3 minutes ago."
	const token, version = " Token: 42 minutes left.", " Version: 1.2.3."
	for _, c := range []struct {
		name   string
		change func(*slackfmt.Status)
		want   string
	}{
		{"well", func(*slackfmt.Status) {}, "All is well." + token + people + zoho + version},
		{"token for 10 minutes", func(s *slackfmt.Status) { s.TokenExpiry = now.Add(10 * time.Minute) }, "All is well. Token: 10 minutes left." + people + zoho + version},
		{"token for less", func(s *slackfmt.Status) { s.TokenExpiry = now.Add(10*time.Minute - 1) }, "Not well: token about to expire. Token: 9 minutes left." + people + zoho + version},
		{"token that ends now", func(s *slackfmt.Status) { s.TokenExpiry = now }, "Not well: token expired. Token: expired less than a minute ago." + people + zoho + version},
		{"token unknown", func(s *slackfmt.Status) { s.TokenExpiry = time.Time{} }, "Not well: token unknown. Token: unknown." + people + zoho + version},
		{"token refused", func(s *slackfmt.Status) { s.TokenRefused = true }, "Not well: token refused. Token: 42 minutes left, but Zoho refuses it." + people + zoho + version},
		{"no newer token", func(s *slackfmt.Status) { s.ExchangeProblem = slackfmt.AccountsUnavailable }, "Not well: token not renewed." + token + " " + slackfmt.AccountsUnavailable + people + zoho + version},
		{"no newer token and little left", func(s *slackfmt.Status) {
			s.TokenExpiry, s.ExchangeProblem = now.Add(time.Minute), "Why?"
		}, "Not well: token about to expire. Token: 1 minute left. Why?" + people + zoho + version},
		{"dead grant", func(s *slackfmt.Status) { s.GrantDead, s.ExchangeProblem = true, slackfmt.GrantRefused }, "Not well: the grant is dead." + token + " " + slackfmt.GrantRefused + people + zoho + version},
		{"dead grant and all that follows", func(s *slackfmt.Status) {
			s.GrantDead, s.ExchangeProblem, s.TokenExpiry, s.ZohoFailedAt = true, "Why?", now, now
		}, "Not well: the grant is dead; token expired; calls to Zoho CRM fail. Token: expired less than a minute ago. Why?" + people + " Zoho CRM: failed less than a minute ago." + version},
		{"no token", func(s *slackfmt.Status) { s.TokenProblem = "There is none" }, "Not well: no token at hand. Token: There is none." + people + zoho + version},
		{"list of 30 minutes", func(s *slackfmt.Status) { s.ReadAt = now.Add(-30 * time.Minute) }, "All is well." + token + " People: 1,015, read 30 minutes ago, in full 2 hours ago. Zoho CRM: answered 30 minutes ago." + version},
		{"older list", func(s *slackfmt.Status) { s.ReadAt = now.Add(-31 * time.Minute) }, "Not well: list of people is 31 minutes old." + token + " People: 1,015, read 31 minutes ago, in full 2 hours ago. Zoho CRM: answered 31 minutes ago." + version},
		{"list in full", func(s *slackfmt.Status) { s.FullAt, s.People = s.ReadAt, 1 }, "All is well." + token + " People: 1, read in full 3 minutes ago." + zoho + version},
		{"list whose age is unknown", func(s *slackfmt.Status) { s.FullAt, s.People = time.Time{}, 1000000 }, "All is well." + token + " People: 1,000,000, read 3 minutes ago." + zoho + version},
		{"list of the future", func(s *slackfmt.Status) { s.ReadAt, s.FullAt = now.Add(time.Hour), now.Add(time.Hour) }, "All is well." + token + " People: 1,015, read in full less than a minute ago. Zoho CRM: answered less than a minute ago." + version},
		{"no list", func(s *slackfmt.Status) { s.ReadAt = time.Time{} }, "All is well." + token + " People: not read yet. Zoho CRM: not asked yet." + version},
		{"no list and no answer", func(s *slackfmt.Status) { s.ReadAt, s.ZohoFailedAt = time.Time{}, now }, "Not well: calls to Zoho CRM fail; no list of people." + token + " People: not read yet. Zoho CRM: failed less than a minute ago." + version},
		{"no answer", func(s *slackfmt.Status) { s.ZohoFailedAt = now.Add(-2 * time.Minute) }, "Not well: calls to Zoho CRM fail." + token + people + " Zoho CRM: failed 2 minutes ago." + version},
		{"no answer and why", func(s *slackfmt.Status) { s.ZohoFailedAt, s.ZohoProblem = now, "Why?" }, "Not well: calls to Zoho CRM fail." + token + people + " Zoho CRM: failed less than a minute ago: Why?" + version},
		{"no version", func(s *slackfmt.Status) { s.Version = "" }, "All is well." + token + people + zoho},
		{"an error", func(s *slackfmt.Status) { s.LastError = "a <b> & c" }, "All is well." + token + people + zoho + version + " Last error: a &lt;b&gt; &amp; c."},
		{"no audit", func(s *slackfmt.Status) { s.AuditNone = true }, "All is well." + token + people + zoho + " Last audit: none yet." + version},
		{"no audit for long", func(s *slackfmt.Status) { s.AuditNone, s.AuditOld = true, true }, "Not well: there has been no audit." + token + people + zoho + " Last audit: none yet." + version},
		{"no audit, as it failed", func(s *slackfmt.Status) { s.AuditNone, s.AuditFailedAt = true, now }, "Not well: the last audit failed." + token + people + zoho + " Last audit: none yet; one failed less than a minute ago." + version},
		{"an audit", func(s *slackfmt.Status) { s.AuditAt = now.Add(-50 * time.Hour) }, "All is well." + token + people + zoho + " Last audit: 2 days ago; neither acknowledged nor questioned." + version},
		{"an audit that is signed", func(s *slackfmt.Status) {
			s.AuditAt, s.AuditOutcome, s.AuditBy = now.Add(-50*time.Hour), "questioned", "<!here>"
		}, "All is well." + token + people + zoho + " Last audit: 2 days ago; questioned." + version},
		{"an old audit", func(s *slackfmt.Status) { s.AuditAt, s.AuditOld = now.Add(-9*24*time.Hour), true }, "Not well: the last audit is 9 days old." + token + people + zoho + " Last audit: 9 days ago; neither acknowledged nor questioned." + version},
		{"a failed audit", func(s *slackfmt.Status) {
			s.AuditAt, s.AuditFailedAt, s.AuditProblem, s.AuditOld = now.Add(-9*24*time.Hour), now.Add(-time.Hour), "Why?", true
		}, "Not well: the last audit failed." + token + people + zoho + " Last audit: 9 days ago; neither acknowledged nor questioned; one failed 1 hour ago: Why?" + version},
		{"nothing known", func(s *slackfmt.Status) { *s = slackfmt.Status{} }, "Not well: token unknown. Token: unknown. People: not read yet. Zoho CRM: not asked yet."},
	} {
		s := well()
		c.change(&s)
		m := slackfmt.StatusReport(s)
		check(t, c.name, m)
		if m.Text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, m.Text, c.want)
		}
	}
}

func TestLongStatusStaysShort(t *testing.T) {
	s := well()
	s.LastError = strings.Repeat("<&>", 5000)
	s.ZohoFailedAt, s.ZohoProblem, s.TokenProblem, s.ExchangeProblem = now, s.LastError, s.LastError, s.LastError
	s.AuditAt, s.AuditOutcome, s.AuditBy, s.AuditFailedAt, s.AuditProblem = now, "questioned", "U0SAMPLE", now, s.LastError
	check(t, "long status", slackfmt.StatusReport(s), "U0SAMPLE")
}
