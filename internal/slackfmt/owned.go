package slackfmt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/records"
)

// Owners is the answer when several people fit of whom it was asked what they
// own. named are the words for them, as Slack sent them.
func Owners(asked Ask, named string, found directory.People) Message {
	words := cmp.Or(Ask{Text: named}.words(), "that")
	question, fit := "Whose records do you want to see?", personOrPeople(found.Total)+" fit “"
	if found.Total == 1 {
		fit = "1 person fits “"
	}
	if found.Suggested {
		question, fit = "Did you mean one of these people?", "Nobody in Zoho CRM fits “"
	}
	shown, rest := cut(found, maxPicks)
	why := line{plain(fit), bold(words), plain("”.")}
	blocks := []slack.Block{header(question), richText(why)}
	for _, u := range shown {
		blocks = append(blocks, ownerEntry(asked, u))
	}
	if rest > 0 {
		blocks = append(blocks, note(upperFirst(andMore(rest))+". Add a last name."))
	}
	text := why.said() + " " + question + " " + sentences(shown, rest)
	return private(escape(text), slices.Concat(blocks, []slack.Block{readAt(found.ReadAt)}, actions("", asked.backButton()))...)
}

// Owned is what somebody owns.
type Owned struct {
	Asked    Ask // what it answers; its Back is where Back leads
	Owner    records.Owner
	Holdings records.Holdings
	Missing  []Missing // modules that are not counted
}

// maxLatest is how many records it shows, those that were last changed.
const maxLatest = 5

// Message is how much of what, then what was changed last.
func (o Owned) Message() Message {
	title := "What " + nameOf(o.Owner.User, maxListed) + " owns"
	var blocks []slack.Block
	var said []string
	if words, plainly := ownerStanding(o.Owner); !plainly {
		blocks, said = append(blocks, richText(line{bold("⚠ " + upperFirst(clip(words, maxStatus)))})), append(said, upperFirst(words)+".")
	}
	lines := o.lines()
	blocks = append(blocks, header(title), richText(lines...))
	said = append(said, title+":")
	for _, l := range lines {
		said = append(said, ended(l.said()))
	}
	missing, notes := missingNotes(o.Missing)
	latest, last := o.latest()
	text := saying(maxText, saying(maxText-maxTail, append(said, last)...), saying(maxTail, notes...))
	return private(escape(text), slices.Concat(blocks, missing, latest, []slack.Block{readAt(o.Holdings.ReadAt)}, o.actions())...)
}

// lines are the counts, after whom to ask in the place of somebody who is gone.
func (o Owned) lines() []line {
	var lines []line
	if instead := askInstead(o.Owner); instead != nil && len(o.Owner.Managers.Users) > 0 {
		lines = append(lines, instead)
	}
	var others []string
	total := 0
	for _, c := range o.Holdings.Counts {
		total += c.Records
		if open, rest := openOf(c); open != "" {
			counted := line{bold(open)}
			if rest != "" {
				counted = append(counted, plain(rest))
			}
			lines = append(lines, counted)
			continue
		}
		others = append(others, countOf(c.Records, c.Module))
	}
	lines = append(lines, fact{value: strings.Join(others, " · ")}.line())
	switch {
	case total == 0 && len(o.Missing) > 0:
		lines = append(lines, line{plain("Nothing in what I could read.")})
	case total == 0:
		lines = append(lines, line{plain("Nothing that I can see.")})
	case len(o.Holdings.Counts) > 1 && len(o.Missing) == 0:
		lines = append(lines, line{plain(recordOrRecords(total) + " in all")})
	}
	return slices.DeleteFunc(lines, func(l line) bool { return l == nil })
}

// openOf says how many deals are open and how many closed; empty for another
// module.
func openOf(c records.Count) (open, rest string) {
	if c.Module != "Deals" {
		return "", ""
	}
	open = thousands(c.Open) + " open " + map[bool]string{true: "deal", false: "deals"}[c.Open == 1]
	if closed := c.Records - c.Open; closed > 0 {
		rest = " · " + thousands(closed) + " closed"
	}
	return open, rest
}

func recordOrRecords(n int) string {
	if n == 1 {
		return "1 record"
	}
	return thousands(n) + " records"
}

// latest are the records that were last changed.
func (o Owned) latest() (blocks []slack.Block, text string) {
	shown := o.Holdings.Latest[:min(len(o.Holdings.Latest), maxLatest)]
	if len(shown) == 0 {
		return nil, ""
	}
	blocks = []slack.Block{richText(line{bold("Last changed")})}
	var said []string
	for _, r := range shown {
		blocks = append(blocks, recordEntry(o.here(), r, kindOf(r), " · "))
		said = append(said, recordAbout(r))
	}
	return blocks, "Last changed: " + fittingIn(maxTail, said, 0, "; ")
}

// here is the question that this answers, without reading it anew.
func (o Owned) here() Ask {
	return Ask{Command: commandOwner, What: WhatOwns, Person: o.Owner.User.ID, Back: o.Asked.Back}
}

func (o Owned) actions() []slack.Block {
	refresh := refreshButton(o.here(), o.Missing)
	if o.Owner.User.ID == "" {
		refresh = nil
	}
	return actions("",
		o.Asked.backButton(),
		o.here().About(o.Owner.User.ID).buttonIf(o.Owner.Known, "card", "Show card"),
		refresh,
	)
}

// OrphanList is a page of the owners who are not active, with how much they own.
type OrphanList struct {
	Asked   Ask // what it answers, with the page
	Orphans records.Orphans
	Missing []Missing // modules that are not counted
}

// Message is how many records there are, by module, then the owners.
func (l OrphanList) Message() Message {
	missing, notes := missingNotes(l.Missing)
	if len(l.Orphans.Owners) == 0 {
		return l.none(missing, notes)
	}
	title, sums := l.title(), l.sums()
	blocks := []slack.Block{header(title), richText(line{plain(sums)})}
	var said []string
	for _, o := range l.Shown() {
		block, sentence := l.entry(o)
		blocks, said = append(blocks, block), append(said, sentence)
	}
	text := title + " (" + sums + "). "
	if l.pages() > 1 {
		text += upperFirst(l.place()) + ": "
	}
	text = saying(maxText, text+fittingIn(maxText-maxTail-500, said, 0, "; "), saying(maxTail, notes...))
	return private(escape(text), slices.Concat(blocks, missing, []slack.Block{l.footer()}, l.Asked.turning(l.page(), l.pages(), refreshButton(l.Asked, l.Missing)))...)
}

func (l OrphanList) none(missing []slack.Block, notes []string) Message {
	what := "Every record that I can see has an active owner."
	if len(l.Missing) > 0 {
		what = "Every record that I could read has an active owner, but that is not all."
	}
	blocks := append([]slack.Block{richText(line{plain(what)})}, missing...)
	return private(escape(saying(maxText, append([]string{what}, notes...)...)), slices.Concat(blocks, []slack.Block{readAt(l.Orphans.ReadAt)}, l.Asked.turning(l.page(), l.pages(), refreshButton(l.Asked, l.Missing)))...)
}

func (l OrphanList) title() string {
	if l.Orphans.Records == 1 {
		return "1 record whose owner is not active"
	}
	return thousands(l.Orphans.Records) + " records whose owner is not active"
}

// sums are the records by module.
func (l OrphanList) sums() string {
	var sums []string
	for _, c := range l.Orphans.Counts[:min(len(l.Orphans.Counts), maxModules)] {
		if c.Records > 0 {
			sums = append(sums, plural(c.Module)+" "+thousands(c.Records))
		}
	}
	return cmp.Or(strings.Join(sums, " · "), recordOrRecords(l.Orphans.Records))
}

func (l OrphanList) pages() int { return (len(l.Orphans.Owners) + PageSize - 1) / PageSize }

// page is the one that was asked for, or the last.
func (l OrphanList) page() int { return max(0, min(l.Asked.Page, l.pages()-1)) }

func (l OrphanList) place() string { return fmt.Sprintf("page %d of %d", l.page()+1, l.pages()) }

// Shown are the owners who are on the page: a part of Orphans.Owners itself.
func (l OrphanList) Shown() []records.Orphan {
	if len(l.Orphans.Owners) == 0 {
		return nil
	}
	from := l.page() * PageSize
	return l.Orphans.Owners[from:min(from+PageSize, len(l.Orphans.Owners))]
}

// entry is an owner, what is wrong with them, and how much they own of what.
func (l OrphanList) entry(o records.Orphan) (slack.Block, string) {
	name := nameOf(o.User, maxListed)
	words, _ := ownerStanding(o.Owner)
	about := []string{upperFirst(words)}
	if manager := managerOf(o.Managers).value; manager != "" {
		about = append(about, "reports to "+manager)
	}
	counts := recordOrRecords(o.Records) // a colon might be a mark
	if by := orphanCounts(o.Counts); by != "" {
		counts += " (" + by + ")"
	}
	s := entryText(name, strings.Join(about, " · ")+"\n"+counts, "")
	return withOwns(l.Asked, o.User, s), fmt.Sprintf("%s (%s): %s", name, join(append([]string{lowerFirst(words)}, about[1:]...)...), counts)
}

func orphanCounts(counts []records.Count) string {
	var said []string
	for _, c := range counts[:min(len(counts), maxModules)] {
		said = append(said, countOf(c.Records, c.Module))
	}
	return join(said...)
}

func (l OrphanList) footer() slack.Block {
	if l.pages() == 1 {
		return readAt(l.Orphans.ReadAt)
	}
	return note(upperFirst(l.place()) + " · read " + minute(l.Orphans.ReadAt))
}
