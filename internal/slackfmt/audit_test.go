package slackfmt_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crmwho/internal/audit"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
)

// checkPosted holds a message for a channel to what check holds answers to.
func checkPosted(t *testing.T, name string, m slackfmt.Message, ids ...string) {
	t.Helper()
	data := messageJSON(t, m)
	if err := errors.Join(m.Check(), slacksim.CheckMessage(data)); err != nil || !utf8.Valid(data) || m.ResponseType != "in_channel" {
		t.Errorf("%s: %s, %v", name, m.ResponseType, err)
	}
	onlyMentions(t, name, data, ids)
}

// Hashes, as they look.
var (
	snapshotHash = strings.Repeat("1a2b3c4d5e6f7089", 4)
	recordHash   = strings.Repeat("9f8e7d6c5b4a3021", 4)
)

func weeksAgo(n int) time.Time { return readAt.Add(-time.Duration(n) * 7 * 24 * time.Hour) }

func changeOf(kind audit.Kind, id, name string, fields ...audit.Field) audit.Change {
	return audit.Change{
		Kind: kind, ID: id, Name: name, Email: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com", Fields: fields,
		Modified: readAt.Add(-26 * time.Hour), ModifiedBy: audit.Ref{ID: "1", Name: "Patricia Boyle"},
	}
}

// someChanges has one of each kind.
func someChanges() []audit.Change {
	added := changeOf(audit.Added, "21", "Generated Newcomer")
	added.New = true
	recreated := changeOf(audit.Recreated, "2222", "Generated Twin")
	recreated.New, recreated.Fate, recreated.FormerID, recreated.Alike = true, audit.Erased, "1111", audit.FieldEmail
	demoted := changeOf(audit.Removed, "23", "Generated Demoted", audit.Field{Name: "profile", Before: "Administrator", After: "Standard"})
	demoted.Fate = audit.Demoted
	erased := changeOf(audit.Removed, "24", "Generated Erased", audit.Field{Name: "status", Before: "active", After: "deleted"})
	erased.Fate = audit.Erased
	missing := changeOf(audit.Removed, "25", "Generated Missing")
	missing.Fate, missing.Modified = audit.Missing, time.Time{}
	changed := changeOf(audit.Changed, "26", "Generated Riser", audit.Field{Name: "profile", Before: "Standard", After: "Administrator"}, audit.Field{Name: "role", Before: "", After: "CEO"})
	return []audit.Change{added, recreated, demoted, erased, missing, changed}
}

func sinceOf(weeks, post int, by string, changes ...audit.Change) *audit.Since {
	return &audit.Since{Post: post, By: by, Comparison: audit.Comparison{ReadAt: weeksAgo(weeks), Changes: changes}}
}

// anAudit is one with a change, since the last of which nobody acknowledged it.
func anAudit() slackfmt.Audit {
	a := slackfmt.Audit{Run: "20261124T093000Z"}
	a.Posted.Snapshot = snapshotHash
	a.Posted.Shown = audit.Shown{
		ReadAt: readAt, Total: 7, Active: 5, Flagged: 2,
		Flags: []audit.FlagCount{{Flag: audit.Twice, Count: 2}, {Flag: audit.New, Count: 1}},
	}
	added := someChanges()[0]
	a.Posted.SincePosted = sinceOf(1, 15, "", added)
	a.Posted.SinceSigned = sinceOf(2, 12, "U0SAMPLE", added, someChanges()[5])
	return a
}

func signedBy(outcome audit.Outcome, question string) *audit.Record {
	return &audit.Record{Number: 18, At: readAt.Add(72 * time.Minute), Hash: recordHash, Signed: &audit.Signed{
		Outcome: outcome, Question: question, User: "U0SAMPLE", Team: "T0SAMPLE", Post: 17, Snapshot: snapshotHash,
	}}
}

// theRecord is that of the post.
var theRecord = audit.Record{Number: 17, At: readAt, Hash: recordHash}

func unchanged() slackfmt.Audit {
	a := anAudit()
	a.Posted.Flagged, a.Posted.Flags = 0, nil
	a.Posted.SincePosted, a.Posted.SinceSigned = sinceOf(1, 15, ""), sinceOf(1, 15, "U0SAMPLE")
	return a
}

func first() slackfmt.Audit {
	a := anAudit()
	a.Posted.SincePosted, a.Posted.SinceSigned, a.Posted.AskedBy = nil, nil, "U0SAMPLE"
	return a
}

// busy has all that an audit can say.
func busy() slackfmt.Audit {
	a := anAudit()
	a.Repeated, a.Broken = true, 12
	a.Posted.Unread = []string{audit.PartRoles, audit.PartProfiles}
	a.Posted.SincePosted = sinceOf(1, 15, "", someChanges()...)
	a.Posted.SincePosted.Renamed = []audit.Field{{Name: "profile", Before: "Standard", After: "Generated"}}
	a.Posted.SincePosted.RulesChanged, a.Posted.SincePosted.NotCompared = true, 2
	return a
}

func TestGoldenAudit(t *testing.T) {
	for name, a := range map[string]slackfmt.Audit{"": anAudit(), "-unchanged": unchanged(), "-first": first(), "-busy": busy()} {
		golden(t, "audit"+name, a.Message())
		checkPosted(t, name, a.Message(), "U0SAMPLE")
	}
	a := anAudit()
	a.Signed = signedBy(audit.Acknowledged, "")
	golden(t, "audit-acknowledged", a.Message())
	a.Signed = signedBy(audit.Questioned, "Why is *Generated Newcomer* an admin <!here>?")
	golden(t, "audit-questioned", a.Message())
}

func TestGoldenThread(t *testing.T) {
	golden(t, "audit-changes", busy().Changes(theRecord))
	s := snapshotOf(t)
	golden(t, "audit-table", anAudit().Table(s, theRecord))
	golden(t, "audit-failed", slackfmt.AuditFailed("Zoho CRM's answer was not complete.", true))
	golden(t, "audit-failed-for-good", slackfmt.AuditFailed("Zoho CRM's answer was not complete.", false))
	golden(t, "new-admins", slackfmt.NewAdmins(someChanges()[:2], func(id string) (audit.Account, bool) { return s.Admins[0], id == "21" }))
}

// snapshotOf is of the sample, by rules that find many.
func snapshotOf(t *testing.T) audit.Snapshot {
	t.Helper()
	rules := audit.Rules{Profiles: []string{"asd"}, Roles: []string{"CEO"}, Domains: []string{"zohotest.com"}}
	return audit.Take(audit.Find(snapshot(t).Everyone(), snapshot(t).Organisation, rules, now), snapshot(t).Organisation, rules, readAt)
}

func TestNothingChangedIsNoMessage(t *testing.T) {
	for name, a := range map[string]slackfmt.Audit{"unchanged": unchanged(), "first": first()} {
		if m := a.Changes(theRecord); m.Text != "" {
			t.Errorf("%s: got %q, want no message", name, m.Text)
		}
	}
	if m := slackfmt.NewAdmins(nil, nil); m.Text != "" {
		t.Errorf("got %q, want no message", m.Text)
	}
}

// TestTextOfAnAuditIsAllOfIt: a notification and a screen reader give nothing else.
func TestTextOfAnAuditIsAllOfIt(t *testing.T) {
	signed := anAudit()
	signed.Signed = signedBy(audit.Questioned, "Who?")
	for _, c := range []struct {
		name, want string
		audit      slackfmt.Audit
	}{
		{"changed", "Admin audit: 7 admins. 1 added, 0 removed, 0 changed since the last audit, 2026-11-17. 1 added, 0 removed, 1 changed since 2026-11-10, acknowledged by <@U0SAMPLE>. " +
			"5 active, 2 flagged, 2 two accounts?, 1 new. Added: Generated Newcomer, new account. " +
			"Read from Zoho CRM 2026-11-24 09:30 UTC · snapshot 1a2b3c4d. Nobody has acknowledged or questioned it yet. A click shows which Slack account pressed. That is weaker proof than a login.", anAudit()},
		{"unchanged", "Admin audit: 7 admins. No change since the last audit, 2026-11-17, acknowledged by <@U0SAMPLE>. 5 active, none flagged. " +
			"Read from Zoho CRM 2026-11-24 09:30 UTC · snapshot 1a2b3c4d. Nobody has acknowledged or questioned it yet. A click shows which Slack account pressed. That is weaker proof than a login.", unchanged()},
		{"first", "Admin audit: 7 admins. The first audit: nothing to compare with. 5 active, 2 flagged, 2 two accounts?, 1 new. " +
			"Read from Zoho CRM 2026-11-24 09:30 UTC · snapshot 1a2b3c4d · asked for by <@U0SAMPLE>. Nobody has acknowledged or questioned it yet. A click shows which Slack account pressed. That is weaker proof than a login.", first()},
		{"signed", "Admin audit: 7 admins. 1 added, 0 removed, 0 changed since the last audit, 2026-11-17. 1 added, 0 removed, 1 changed since 2026-11-10, acknowledged by <@U0SAMPLE>. " +
			"5 active, 2 flagged, 2 two accounts?, 1 new. Added: Generated Newcomer, new account. " +
			"Read from Zoho CRM 2026-11-24 09:30 UTC · snapshot 1a2b3c4d. Questioned by <@U0SAMPLE>, 2026-11-24 10:42 UTC. “Who?” Record 18, hash " + recordHash + ". A click shows which Slack account pressed. That is weaker proof than a login.", signed},
	} {
		if got := c.audit.Message().Text; got != c.want {
			t.Errorf("%s: got\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// TestAnyAuditCanBePosted: of 500 admins and changes with hostile names as well.
func TestAnyAuditCanBePosted(t *testing.T) {
	for i, value := range append(slices.Clone(hostile), "Generated") {
		a, s := hostileAudit(value, 500)
		name := fmt.Sprintf("hostile[%d]", i)
		for _, signed := range []*audit.Record{nil, signedBy(audit.Questioned, value), {Signed: &audit.Signed{User: value, Outcome: audit.Outcome(value), Question: value}}} {
			a.Signed = signed
			checkPosted(t, name, a.Message(), "U0SAMPLE")
			if signed != nil {
				check(t, name+", signature", slackfmt.Signature(*signed, i%2 == 0, value), "U0SAMPLE")
			}
		}
		record := audit.Record{Number: 17, Hash: value}
		checkPosted(t, name+", changes", a.Changes(record), "U0SAMPLE")
		checkPosted(t, name+", table", a.Table(s, record))
		checkPosted(t, name+", failed", slackfmt.AuditFailed(value, i%2 == 0))
		checkPosted(t, name+", new", slackfmt.NewAdmins(a.Posted.SincePosted.Changes, s.Account))
		if comment := a.FileComment(); len(comment) > 300 || strings.ContainsAny(strings.ReplaceAll(comment, "<!date^", ""), "<&") {
			t.Errorf("%s: got the comment %q", name, comment)
		}
		check(t, name+", history", hostileHistory(a, value), "U0SAMPLE")
		check(t, name+", not made", slackfmt.AuditNotMade(value))
		checkView(t, name+", question", slackfmt.QuestionView(slackfmt.Ask{Command: "/crmadmins", Run: value}))
	}
}

func hostileAudit(value string, n int) (slackfmt.Audit, audit.Snapshot) {
	a := slackfmt.Audit{Run: value, Repeated: true, Broken: 12, Posted: audit.Posted{Snapshot: value, AskedBy: value}}
	s := audit.Snapshot{ReadAt: readAt, Unread: []string{audit.PartRoles, audit.PartProfiles}}
	var changes []audit.Change
	kinds := []audit.Kind{audit.Added, audit.Recreated, audit.Removed, audit.Changed, audit.Kind(value)}
	for i := range n {
		ref := audit.Ref{ID: value, Name: value}
		s.Admins = append(s.Admins, audit.Account{ID: fmt.Sprint(i), Name: value, Email: value, Status: value, Role: ref, Profile: ref, Rules: []audit.Rule{audit.ByRole}, Flags: audit.Flags()[:i%2]})
		c := audit.Change{Kind: kinds[i%len(kinds)], ID: fmt.Sprint(i), Name: value, Email: value, FormerID: value, Fate: audit.Fate(value), Modified: readAt, ModifiedBy: ref}
		for _, field := range []string{audit.FieldProfile, audit.FieldRole, audit.FieldEmail, audit.FieldName, value} {
			c.Fields = append(c.Fields, audit.Field{Name: field, Before: value, After: value})
		}
		changes = append(changes, c)
	}
	a.Posted.Shown = audit.ShownOf(s)
	a.Posted.SincePosted, a.Posted.SinceSigned = sinceOf(1, 15, "", changes...), sinceOf(2, 12, value, changes...)
	for _, since := range []*audit.Since{a.Posted.SincePosted, a.Posted.SinceSigned} {
		since.Renamed, since.RulesChanged, since.NotCompared = slices.Repeat([]audit.Field{{Name: value, Before: value, After: value}}, n), true, n
	}
	return a, s
}

func hostileHistory(a slackfmt.Audit, value string) slackfmt.Message {
	posted := a.Posted
	posted.Place.Link = value
	h := slackfmt.Audits{Asked: slackfmt.Ask{Command: "/crmadmins", Text: "history", Page: 3}, Older: true, Records: 200, Head: value}
	for i := range slackfmt.AuditsPage {
		e := slackfmt.AuditEntry{Record: audit.Record{At: readAt, Posted: &posted}, Signed: signedBy(audit.Questioned, value)}
		if i%3 == 0 {
			e = slackfmt.AuditEntry{Record: audit.Record{At: readAt, Failed: &audit.Failed{Reason: value, Place: &posted.Place}}}
		}
		h.Posts = append(h.Posts, e)
	}
	return h.Message()
}

func TestFile(t *testing.T) {
	a := anAudit()
	if got, want := a.FileName(), "crm-admins-2026-11-24-1a2b3c4d.csv"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := a.FileComment(), "All 7 admins for a spreadsheet, read from Zoho CRM <!date^1795512600^{date_short_pretty} at {time}|2026-11-24 09:30 UTC>. Snapshot `"+snapshotHash+"`"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
