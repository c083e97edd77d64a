package slackfmt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
)

// Audit is an audit as a channel sees it.
type Audit struct {
	Run      string        // audit.Record.Run
	Posted   audit.Posted  // what it shows; its Snapshot is the hash
	Signed   *audit.Record // the signature; nil: there are buttons to sign
	Repeated bool          // an earlier attempt was cut off: this may be the second copy of the post
	Broken   int           // number of a record that is damaged, or its snapshot; 0: none is known
}

// Ours, of a post: a phone shows it at once.
const (
	maxChanges    = 5  // lines of what has changed
	maxChangeWord = 32 // a value in them
)

// weakProof stands below each audit.
const weakProof = "A click shows which Slack account pressed. That is weaker proof than a login."

// Message is the post, for everybody in the channel: what there is, what has
// changed, and who has looked at it or the buttons to say so.
func (a Audit) Message() Message {
	blocks := []slack.Block{header(a.title()), richText(a.summary()...)}
	if doubts := warned(a.doubts()); len(doubts) > 0 {
		blocks = append(blocks, richText(doubts...))
	}
	blocks = append(blocks, note(a.origin(minute(a.Posted.ReadAt))))
	blocks = append(blocks, a.signing()...)
	return inChannel(private(a.text(), append(blocks, note(weakProof))...))
}

func (a Audit) title() string { return "Admin audit: " + admins(a.Posted.Total) }

func admins(n int) string {
	if n == 1 {
		return "1 admin"
	}
	return thousands(n) + " admins"
}

// summary is what a phone shows first. Of the first comparison that has any it
// lists what has changed.
func (a Audit) summary() []line {
	lines := []line{{plain(strings.Join(a.totals(), " · "))}, fact{value: strings.Join(a.flags(), " · ")}.line()}
	listed := false
	for _, c := range a.comparisons() {
		lines = append(lines, c.counts())
		if !listed && c.entries() > 0 {
			changes, rest := c.brief()
			lines, listed = append(append(lines, changes...), fact{value: inThread(rest)}.line()), true
		}
	}
	return append(lines, fact{value: a.uncompared()}.line())
}

func (a Audit) totals() []string {
	if a.Posted.Flagged > 0 {
		return []string{thousands(a.Posted.Active) + " active", thousands(a.Posted.Flagged) + " flagged"}
	}
	return []string{thousands(a.Posted.Active) + " active", "none flagged"}
}

func (a Audit) flags() []string {
	var counts []string
	for _, f := range a.Posted.Flags {
		if label := f.Flag.Label(); label != "" {
			counts = append(counts, thousands(f.Count)+" "+label)
		}
	}
	return counts
}

// uncompared says which comparison there is not, and why.
func (a Audit) uncompared() string {
	switch {
	case a.Posted.SincePosted == nil && a.Posted.SinceSigned == nil:
		return "The first audit: nothing to compare with."
	case a.Posted.SinceSigned == nil:
		return "Nothing was acknowledged before."
	}
	return ""
}

// brief are the first changes, in few words, and how many more there are.
func (c compared) brief() (shown []line, rest int) {
	return c.first(maxChanges, maxListing, func(i int) line { return c.entry(i, maxChangeWord, true) })
}

// newest are those of the first comparison that has any.
func (a Audit) newest() (shown []line, rest int) {
	for _, c := range a.comparisons() {
		if c.entries() > 0 {
			return c.brief()
		}
	}
	return nil, 0
}

func inThread(rest int) string {
	if rest == 0 {
		return ""
	}
	return andMore(rest) + " in the thread"
}

// doubts are what makes an audit less than it seems.
func (a Audit) doubts() []string {
	var all []string
	for _, part := range a.Posted.Unread {
		switch part {
		case audit.PartRoles:
			all = append(all, "Roles could not be read: nobody counts by a role that Zoho marks as an admin's.")
		case audit.PartProfiles:
			all = append(all, "Profiles could not be read: no custom profile is flagged.")
		}
	}
	for _, c := range a.comparisons() {
		for _, doubt := range c.doubts() {
			if !slices.Contains(all, doubt) {
				all = append(all, doubt)
			}
		}
	}
	if a.Repeated {
		all = append(all, "An earlier attempt was cut off, so this audit may stand here twice. This copy is the one that counts.")
	}
	if a.Broken > 0 {
		all = append(all, damaged(a.Broken))
	}
	return all
}

// damaged warns of records that are not as they were written.
func damaged(record int) string {
	return fmt.Sprintf("The records of audits are damaged, at record %d or its list of admins: crmwho audit export names all that is wrong.", record)
}

func warned(doubts []string) []line {
	var all []line
	for _, doubt := range doubts {
		all = append(all, line{plain("⚠ " + doubt)})
	}
	return all
}

// origin is what an audit was made of, when, and for whom, as mrkdwn.
func (a Audit) origin(when string) string {
	said := "Read from Zoho CRM " + when
	if hash := short(a.Posted.Snapshot); hash != "" {
		said += " · snapshot " + hash
	}
	if a.Posted.AskedBy != "" {
		said += " · asked for by " + line{who(a.Posted.AskedBy)}.text()
	}
	return said
}

// text says all that the blocks say. What has changed gives way where there is
// too much of it.
func (a Audit) text() string {
	changes, rest := a.newest()
	first := []string{a.title()}
	for _, c := range a.comparisons() {
		first = append(first, c.words())
	}
	first = append(first, given(escape(a.uncompared()), strings.Join(append(a.totals(), a.flags()...), ", "))...)
	var last []string
	for _, doubt := range a.doubts() {
		last = append(last, escape(doubt))
	}
	last = append(last, a.origin(line{minuteOf(a.Posted.ReadAt)}.text()), a.signedText(), weakProof)
	before, after := sentencesOf(first), sentencesOf(last)
	listed := fitted(changes, rest, maxText-units(before+after), " in the thread")
	return strings.Join(given(before, listed, after), " ")
}

// sentencesOf joins sentences, which are escaped, and skips empty ones.
func sentencesOf(all []string) string {
	var said []string
	for _, s := range given(all...) {
		if !strings.HasSuffix(s, "”") { // its sentence has an end
			s = ended(s)
		}
		said = append(said, s)
	}
	return strings.Join(said, " ")
}

// fitted joins lines for the top-level text as far as there is room, without the
// marks in front of them, and says how many more there are where.
func fitted(lines []line, rest, room int, where string) string {
	var parts []string
	for i, l := range lines {
		part := strings.TrimPrefix(l.text(), "• ")
		if room -= units(part) + len("; "); room < 0 {
			rest += len(lines) - i
			break
		}
		parts = append(parts, part)
	}
	if rest > 0 {
		parts = append(parts, andMore(rest)+where)
	}
	if len(parts) == 0 {
		return ""
	}
	return upperFirst(strings.Join(parts, "; ")) + "."
}

func inChannel(m Message) Message {
	m.ResponseType = slack.ResponseTypeInChannel
	return m
}

// AuditFailed tells the channel in a sentence why there is no audit. again says
// that it is tried again within minutes.
func AuditFailed(why string, again bool) Message {
	next := "I do not try again. /crmadmins audit makes one now."
	if again {
		next = "I try again within minutes."
	}
	return inChannel(failedAudit(why, next))
}

func failedAudit(why, next string) Message {
	const title = "⚠ No admin audit was made"
	why = strings.TrimSpace(clean(why, maxProblem) + " Nothing was compared.")
	return private(escape(title+". "+why+" "+next), header(title), richText(line{plain(why)}), note(escape(next)))
}

// short is as much of a hash as people compare by eye.
func short(hash string) string { return hexadecimal(hash, 8) }

// whole is all of a hash, for whoever compares it with an export.
func whole(hash string) string { return hexadecimal(hash, 64) }

func hexadecimal(hash string, digits int) string {
	hash = strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789abcdef", r) {
			return r
		}
		return -1
	}, hash)
	return hash[:min(len(hash), digits)]
}
