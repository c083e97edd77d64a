package slackfmt

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
)

// AuditsPage is how many audits stand on a page of the history.
const AuditsPage = 10

// Audits is a page of the audits that there were.
type Audits struct {
	Asked   Ask
	Posts   []AuditEntry // the newest first
	Older   bool         // there are more
	Records int          // how many there are of all kinds
	Head    string       // hash of the last one; empty: unknown
	Damaged int          // number of one that is not as it was written; 0: none is known
}

// AuditEntry is an audit that was posted or failed.
type AuditEntry struct {
	Record audit.Record  // with Posted or Failed
	Signed *audit.Record // the signature; nil: there is none
}

// Message lists the audits with who has looked at them, and has buttons to others.
func (a Audits) Message() Message {
	title := a.title()
	blocks, said := []slack.Block{header(title)}, []line{}
	for _, e := range a.Posts[:min(len(a.Posts), AuditsPage)] {
		lines := e.lines()
		blocks = append(blocks, richText(lines...))
		said = append(said, slices.Concat(joined(lines)...))
	}
	head := a.head()
	if head != nil {
		blocks = append(blocks, richText(head))
	}
	text := sentencesOf([]string{title, fitted(said, 0, maxText-300, ""), head.text()})
	return private(text, append(blocks, a.turning()...)...)
}

func (a Audits) title() string {
	switch page := max(0, a.Asked.Page); {
	case len(a.Posts) == 0 && page == 0:
		return "No admin audit yet"
	case len(a.Posts) == 0:
		return "No older admin audits"
	case page > 0:
		return fmt.Sprintf("Admin audits, page %d", page+1)
	}
	return "Admin audits"
}

// head is what somebody compares with an export.
func (a Audits) head() line {
	if a.Records == 0 {
		return nil
	}
	l := line{plain(thousands(a.Records) + " records")}
	if a.Records == 1 {
		l = line{plain("1 record")}
	}
	if hash := whole(a.Head); hash != "" {
		l = append(l, plain(", the last with hash "), code(hash))
	}
	if a.Damaged > 0 {
		l = append(l, plain(". ⚠ "+damaged(a.Damaged)))
	}
	return l
}

func (a Audits) turning() []slack.Block {
	to := func(page int) Ask {
		return Ask{Command: commandAdmins, Text: "history", Page: page, Back: a.Asked.Back}
	}
	page := max(0, a.Asked.Page)
	return actions("",
		to(page-1).buttonIf(page > 0, "newer", "Newer"),
		to(page+1).buttonIf(a.Older, "older", "Older"),
		a.Asked.backButton(),
	)
}

// joined are lines with blanks between, in place of their ends.
func joined(lines []line) []line {
	var all []line
	for i, l := range slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l == nil }) {
		if i > 0 {
			all = append(all, line{plain(". ")})
		}
		all = append(all, l)
	}
	return all
}

// lines are when an audit was made and how it went, then who has looked at it.
func (e AuditEntry) lines() []line {
	first := line{plain("• "), minuteOf(e.Record.At), plain(": ")}
	switch posted, failed := e.Record.Posted, e.Record.Failed; {
	case posted != nil:
		first = append(first, linkOr(posted.Place.Link, admins(posted.Total)), plain(", "+sinceLast(posted)))
		looked := signatureOf(e.Signed)
		if looked == nil {
			looked = []line{{italic("Not signed yet")}}
		}
		return append([]line{first}, looked...)
	case failed != nil:
		place := cmp.Or(failed.Place, &audit.Place{})
		first = append(first, linkOr(place.Link, "none was made"))
		return []line{first, fact{value: clean(failed.Reason, maxProblem)}.line()}
	}
	return []line{append(first, plain("unknown"))}
}

// linkOr is a link to a post, or the same in bold where there is none.
func linkOr(link, label string) slack.RichTextSectionElement {
	if l := toPost(link, label); l != nil {
		return l[0]
	}
	return bold(label)
}

// sinceLast is how much had changed.
func sinceLast(p *audit.Posted) string {
	switch s := p.SincePosted; {
	case s == nil:
		return "the first"
	case s.Same():
		return "no change"
	default:
		return fmt.Sprintf("+%s −%s ~%s", thousands(s.Added()), thousands(s.Removed()), thousands(s.Changed()))
	}
}

// AuditPosted answers who asked for an audit: it stands at link; empty: unknown
// where. finished says that its thread is complete.
func AuditPosted(link string, finished bool) Message {
	lines := []line{{plain("The audit is posted.")}, toPost(link, "Open the post")}
	if !finished {
		lines = append(lines, line{plain("What belongs in its thread follows within minutes.")})
	}
	return linesMessage(lines...)
}

// NoAuditChannel answers who asked for an audit where no channel is set.
func NoAuditChannel() Message {
	return advice("No channel is set for audits, so I cannot post one.", "Whoever runs me can set it. /crmadmins shows you who the admins are.")
}

// AuditNotMade answers who asked for an audit with a sentence on why there is none.
func AuditNotMade(why string) Message {
	return failedAudit(why, "Please try again in a few minutes; if it keeps happening, tell whoever runs me.")
}
