package slackfmt_test

import (
	"testing"

	"crmwho/internal/audit"
	"crmwho/internal/slackfmt"
)

func audits() slackfmt.Audits {
	a := slackfmt.Audits{Asked: slackfmt.Ask{Command: "/crmadmins", Text: "history"}, Records: 18, Head: recordHash}
	post := func(of slackfmt.Audit, weeks int, signed *audit.Record) {
		posted := of.Posted
		posted.Place.Link = postLink
		a.Posts = append(a.Posts, slackfmt.AuditEntry{Record: audit.Record{At: weeksAgo(weeks), Posted: &posted}, Signed: signed})
	}
	post(anAudit(), 0, nil)
	a.Posts = append(a.Posts, slackfmt.AuditEntry{Record: audit.Record{At: weeksAgo(1), Failed: &audit.Failed{Reason: "Zoho CRM's answer was not complete.", Place: &audit.Place{Link: postLink}}}})
	post(unchanged(), 2, signedBy(audit.Acknowledged, ""))
	post(first(), 3, signedBy(audit.Questioned, "Why are there two accounts?"))
	return a
}

func TestGoldenHistory(t *testing.T) {
	golden(t, "audits", audits().Message())
	older := audits()
	older.Asked.Page, older.Older = 1, true
	golden(t, "audits-page-2", older.Message())
	golden(t, "audits-none", slackfmt.Audits{}.Message())
	golden(t, "audit-posted", slackfmt.AuditPosted(postLink, true))
	golden(t, "audit-posted-in-part", slackfmt.AuditPosted("", false))
	golden(t, "audit-no-channel", slackfmt.NoAuditChannel())
	golden(t, "audit-not-made", slackfmt.AuditNotMade("Zoho CRM cannot be reached right now."))
}
