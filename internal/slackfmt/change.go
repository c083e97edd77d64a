package slackfmt

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
)

// compared is a comparison as a post tells it.
type compared struct {
	audit.Comparison
	since line // what with, such as "the last audit, 23 Nov"
}

// comparisons are those of an audit, the latest first. They are one where the last
// audit is the one that was acknowledged.
func (a Audit) comparisons() []compared {
	posted, signed := a.Posted.SincePosted, a.Posted.SinceSigned
	var all []compared
	if posted != nil && (signed == nil || signed.Post != posted.Post) {
		all = append(all, compared{posted.Comparison, line{plain("the last audit, "), dayOf(posted.ReadAt)}})
	}
	if signed != nil {
		since := append(line{dayOf(signed.ReadAt), plain(", acknowledged by ")}, who(signed.By))
		if posted != nil && signed.Post == posted.Post {
			since = append(line{plain("the last audit, ")}, since...)
		}
		all = append(all, compared{signed.Comparison, since})
	}
	return all
}

// counts say how much has changed since when, for the eye.
func (c compared) counts() line {
	if c.Same() {
		return append(line{bold("No change"), plain(" since ")}, c.since...)
	}
	said := fmt.Sprintf("+%s −%s ~%s", thousands(c.Added()), thousands(c.Removed()), thousands(c.Changed()))
	return append(line{bold(said), plain(" since ")}, c.since...)
}

// words say the same, as mrkdwn.
func (c compared) words() string {
	if c.Same() {
		return c.counts().text()
	}
	said := fmt.Sprintf("%s added, %s removed, %s changed since ", thousands(c.Added()), thousands(c.Removed()), thousands(c.Changed()))
	return said + c.since.text()
}

// entries are how many lines there are of what has changed.
func (c compared) entries() int { return len(c.Changes) + len(c.Renamed) }

// first are as many of those lines as there is room for, and how many more there
// are.
func (c compared) first(most, room int, entry func(int) line) (shown []line, rest int) {
	for i := range min(c.entries(), most) {
		l := entry(i)
		if room -= units(l.text()); room < 0 {
			break
		}
		shown = append(shown, l)
	}
	return shown, c.entries() - len(shown)
}

// entry is one of those lines, whose values are cut to a limit. A brief one has
// no more than a phone shows in two lines.
func (c compared) entry(i, limit int, brief bool) line {
	if i >= len(c.Changes) {
		return line{plain("• "), bold("Renamed:"), plain(" " + fieldWords(c.Renamed[i-len(c.Changes)], limit))}
	}
	one := c.Changes[i]
	if brief {
		return changeLine(one, limit, briefly(one, limit))
	}
	return append(changeLine(one, limit, append(happened(one, limit), fieldsWords(one, limit)...)), lastModified(one)...)
}

// doubts say what a comparison does not tell.
func (c compared) doubts() []string {
	var all []string
	if c.RulesChanged {
		all = append(all, "The settings of who counts have changed since, so people may have come or gone by them.")
	}
	switch n := c.NotCompared; {
	case n == 1:
		all = append(all, "1 admin is not compared: they count by their role, and roles were not read both times.")
	case n > 1:
		all = append(all, thousands(n)+" admins are not compared: they count by their role, and roles were not read both times.")
	}
	return all
}

// changeLine says what has happened to one account.
func changeLine(c audit.Change, limit int, about []string) line {
	kind := cmp.Or(clean(string(c.Kind), limit), string(audit.Changed))
	l := line{plain("• "), bold(upperFirst(kind) + ":"), plain(" " + calledOf(c, limit))}
	if about = given(about...); len(about) > 0 {
		l = append(l, plain(", "+strings.Join(about, ", ")))
	}
	return l
}

// calledOf is what a change calls somebody. It is never empty.
func calledOf(c audit.Change, limit int) string {
	return cmp.Or(clean(c.Name, limit), clean(c.Email, limit), strings.TrimSpace("user "+clean(c.ID, limit)))
}

// happened is what a change says but for what is different.
func happened(c audit.Change, limit int) []string {
	switch c.Kind {
	case audit.Added:
		return []string{clean(c.Email, limit), created(c)}
	case audit.Removed:
		return []string{became(c.Fate)}
	case audit.Recreated:
		former := map[audit.Fate]string{audit.Demoted: "is not an admin's any more", audit.Erased: "was deleted", audit.Missing: "is not in the CRM any more"}[c.Fate]
		alike := "the same name"
		if c.Alike == audit.FieldEmail {
			alike = "the same e-mail address"
		}
		return []string{
			"account " + clean(c.FormerID, limit) + " " + cmp.Or(former, "has gone"),
			"account " + clean(c.ID, limit) + " has " + alike,
			created(c),
		}
	}
	return nil
}

// briefly is the most important part of that.
func briefly(c audit.Change, limit int) []string {
	switch c.Kind {
	case audit.Added:
		return []string{created(c)}
	case audit.Removed:
		return []string{became(c.Fate)}
	case audit.Recreated:
		return []string{"in another account"}
	}
	fields := fieldsWords(c, limit)
	if len(fields) > 1 {
		fields = []string{fields[0], andMore(len(fields) - 1)}
	}
	return fields
}

func created(c audit.Change) string {
	if c.New {
		return "new account"
	}
	return ""
}

// became says what became of an account.
func became(f audit.Fate) string {
	switch f {
	case audit.Demoted:
		return "not an admin any more"
	case audit.Erased:
		return "account deleted"
	case audit.Missing:
		return "not in the CRM any more"
	}
	return ""
}

// fieldsWords are what is different.
func fieldsWords(c audit.Change, limit int) []string {
	var all []string
	for _, f := range c.Fields {
		all = append(all, fieldWords(f, limit))
	}
	return all
}

// fieldWords says what a value was and is.
func fieldWords(f audit.Field, limit int) string {
	before, after := cmp.Or(clean(f.Before, limit), "none"), cmp.Or(clean(f.After, limit), "none")
	return cmp.Or(clean(f.Name, limit), "value") + " " + before + " → " + after
}

// lastModified says when the record was last modified and by whom; nothing where
// that is unknown.
func lastModified(c audit.Change) line {
	if c.Modified.IsZero() {
		return nil
	}
	said := ". Record last modified"
	if by := clean(c.ModifiedBy.Name, maxListed); by != "" {
		said += " by " + by
	}
	return line{plain(said + ", "), minuteOf(c.Modified)}
}

// who mentions a member of Slack by id.
func who(id string) slack.RichTextSectionElement {
	if IsID(id, "UW") {
		return userMention(id)
	}
	return plain("somebody")
}

// dayOf and minuteOf tell a time in the reader's own time zone, in rich text.
func dayOf(at time.Time) slack.RichTextSectionElement {
	return date(at, "{date_short_pretty}", time.DateOnly)
}

func minuteOf(at time.Time) slack.RichTextSectionElement {
	return date(at, "{date_short_pretty} at {time}", "2006-01-02 15:04 UTC")
}

func date(at time.Time, format, otherwise string) slack.RichTextSectionElement {
	if at.Unix() < 0 {
		return plain("an unknown time")
	}
	said := at.UTC().Format(otherwise)
	return slack.NewRichTextSectionDateElement(at.Unix(), format, nil, &said)
}
