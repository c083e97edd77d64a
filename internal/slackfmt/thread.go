package slackfmt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
)

// Ours, of what stands in the thread of an audit.
const (
	maxListing  = 8000 // all lines of what has changed, as mrkdwn
	perBlock    = 20   // lines in one block
	maxInTable  = 9000 // all cells
	maxNewcomer = 6000 // all lines of new admins, as mrkdwn
)

const seeFile = ": see the file"

// Changes lists in the thread of the post what has changed, and names the post's
// record. It is no message where there is nothing to list.
func (a Audit) Changes(record audit.Record) Message {
	const title = "What changed"
	var said []string
	blocks := []slack.Block{header(title)}
	groups := slices.DeleteFunc(a.comparisons(), func(c compared) bool { return c.Same() })
	for _, c := range groups {
		lines, rest := c.first(c.entries(), maxListing/len(groups), func(i int) line { return c.entry(i, maxListed, false) })
		blocks = append(blocks, richText(c.counts()))
		for some := range slices.Chunk(append(warned(c.doubts()), lines...), perBlock) {
			blocks = append(blocks, richText(some...))
		}
		if rest > 0 {
			blocks = append(blocks, note(andMore(rest)+seeFile))
		}
		said = append(said, c.words()+": "+cmp.Or(fitted(lines, rest, maxText/2/len(groups), seeFile), "no account is different."), strings.Join(c.doubts(), " "))
	}
	if len(groups) == 0 {
		return Message{}
	}
	text := title + ". " + sentencesOf(append(said, kept(record).text()))
	return inChannel(private(text, append(blocks, recordBlock(record)...)...))
}

// kept says as which record something is kept; nothing for one that is not.
func kept(r audit.Record) line {
	if r.Number == 0 {
		return nil
	}
	l := line{plain(fmt.Sprintf("Record %d", r.Number))}
	if hash := whole(r.Hash); hash != "" {
		l = append(l, plain(", hash "), code(hash))
	}
	return l
}

func recordBlock(r audit.Record) []slack.Block {
	if l := kept(r); l != nil {
		return []slack.Block{richText(l)}
	}
	return nil
}

// Table lists the administrators in the thread of the post, those with flags
// first, and names the post's record.
func (a Audit) Table(s audit.Snapshot, record audit.Record) Message {
	everybody := byFlags(s)
	title := "All " + admins(len(everybody))
	if len(everybody) < 2 {
		title = upperFirst(admins(len(everybody)))
	}
	blocks := []slack.Block{header(title)}
	table, shown := tableOf(everybody)
	if shown > 0 {
		blocks = append(blocks, table)
	}
	if rest := len(everybody) - shown; rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+seeFile))
	}
	var said []string
	for _, one := range everybody[:shown] {
		said = append(said, sentence(one.User, append(profileOf(one.User), adminNotes(one)...)...))
	}
	text := ended(title)
	if shown > 0 {
		text = title + ": " + fitting(said, len(everybody)-shown, "; ")
	}
	text = sentencesOf([]string{escape(text), kept(record).text()})
	return inChannel(private(text, append(blocks, recordBlock(record)...)...))
}

// byFlags are the administrators of a snapshot, those with flags first, then by name.
func byFlags(s audit.Snapshot) []audit.Admin {
	var all []audit.Admin
	for _, a := range s.Admins {
		all = append(all, audit.Admin{User: a.User(), Rules: a.Rules, Flags: a.Flags})
	}
	slices.SortStableFunc(all, func(a, b audit.Admin) int {
		return cmp.Or(
			cmp.Compare(min(len(b.Flags), 1), min(len(a.Flags), 1)),
			cmp.Compare(strings.ToLower(a.User.FullName), strings.ToLower(b.User.FullName)),
		)
	})
	return all
}

// tableOf has a row for each of the first administrators, and says for how many.
func tableOf(all []audit.Admin) (table *slack.TableBlock, shown int) {
	wrapped := slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: true}
	table = slack.NewTableBlock("").WithColumnSettings(wrapped, wrapped, wrapped)
	table.AddRow(cell(bold("Admin")), cell(bold("Profile, role")), cell(bold("Status, flags")))
	room := maxInTable
	for _, a := range all[:min(len(all), maxRows-1)] {
		row := tableRow(a)
		if room -= units(strings.Join(row, "")); room < 0 {
			break
		}
		table.AddRow(cell(bold(row[0])), cell(plain(row[1])), cell(plain(row[2])))
		shown++
	}
	return table, shown
}

// tableRow is what a table says of somebody, none of it empty.
func tableRow(a audit.Admin) []string {
	status, plainly := standing(a.User)
	about := adminNotes(a)
	if !plainly || len(about) == 0 {
		about = append([]string{status}, about...)
	}
	return []string{
		nameOf(a.User, maxListed),
		cmp.Or(join(clean(a.User.Profile.Name, maxListed), clean(a.User.Role.Name, maxListed)), "–"),
		strings.Join(about, ", "),
	}
}

func cell(e slack.RichTextSectionElement) slack.TableCell {
	return slack.NewTableRichTextCell(slack.NewRichTextSection(e))
}

// FileComment says what the file in the thread is, as mrkdwn, with the hash of the
// snapshot.
func (a Audit) FileComment() string {
	what := "All " + admins(a.Posted.Total)
	if a.Posted.Total < 2 {
		what = upperFirst(admins(a.Posted.Total))
	}
	said := what + " for a spreadsheet, read from Zoho CRM " + minute(a.Posted.ReadAt) + "."
	if hash := whole(a.Posted.Snapshot); hash != "" {
		said += " Snapshot `" + hash + "`"
	}
	return said
}

// FileName is what that file is called.
func (a Audit) FileName() string {
	return strings.Join(given("crm-admins", a.Posted.ReadAt.UTC().Format(time.DateOnly), short(a.Posted.Snapshot)), "-") + ".csv"
}

// NewAdmins tells the channel, beside the schedule, who has become an
// administrator since the last audit. accounts gives what more is known of one.
// It is no message where there is nobody.
func NewAdmins(found []audit.Change, accounts func(id string) (audit.Account, bool)) Message {
	if len(found) == 0 {
		return Message{}
	}
	title := "New admin in Zoho CRM"
	if len(found) > 1 {
		title = thousands(len(found)) + " new admins in Zoho CRM"
	}
	shown, rest := newcomers(found, accounts)
	blocks := []slack.Block{header(title)}
	for some := range slices.Chunk(shown, perBlock) {
		blocks = append(blocks, richText(some...))
	}
	const where, next = ": /crmadmins lists them", "This is no audit. The next one lists all that has changed."
	if rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+where))
	}
	text := title + ": " + fitted(shown, rest, maxText-200, where) + " " + next
	return inChannel(private(text, append(blocks, note(next))...))
}

// newcomers are as many as there is room for, and how many more there are.
func newcomers(found []audit.Change, accounts func(id string) (audit.Account, bool)) (shown []line, rest int) {
	room := maxNewcomer
	for i, c := range found {
		l := newcomer(c, accounts)
		if room -= units(l.text()); room < 0 {
			return shown, len(found) - i
		}
		shown = append(shown, l)
	}
	return shown, 0
}

// newcomer says of somebody what makes them one to look at.
func newcomer(c audit.Change, accounts func(id string) (audit.Account, bool)) line {
	about := given(happened(c, maxListed)...)
	if a, known := accounts(c.ID); known {
		one := audit.Admin{User: a.User(), Rules: a.Rules, Flags: a.Flags}
		status, plainly := standing(one.User)
		if plainly {
			status = ""
		}
		about = given(slices.Concat(profileOf(one.User), []string{clean(a.Role.Name, maxListed)}, about, []string{status}, adminNotes(one))...)
	}
	l := line{plain("• "), bold(calledOf(c, maxListed))}
	if len(about) > 0 {
		l = append(l, plain(", "+strings.Join(about, ", ")))
	}
	return append(l, lastModified(c)...)
}
