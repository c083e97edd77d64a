package slackfmt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/audit"
	"crmwho/internal/zoho"
)

// Admins is a page of those who administer the CRM.
type Admins struct {
	Asked  Ask
	Report audit.Report
	ReadAt time.Time
}

// adminsPage is how many admins one message lists.
const adminsPage = 15

// Message is the totals, then the admins by profile, each with what is odd.
func (a Admins) Message() Message {
	if len(a.Report.Admins) == 0 {
		const title = "Zoho CRM names no admins"
		return private(title+".", header(title), readAt(a.ReadAt))
	}
	title, sums, flags := a.title(), a.totals(), a.flags()
	var said []string
	blocks := []slack.Block{header(title), richText(line{plain(strings.Join(sums, " · "))}, fact{value: strings.Join(flags, " · ")}.line())}
	for _, g := range a.groups() {
		blocks = append(blocks, adminGroup(g))
		for _, one := range g.Admins {
			said = append(said, sentence(one.User, append(profileOf(one.User), adminNotes(one)...)...))
		}
	}
	if a.pages() > 1 {
		title += fmt.Sprintf(", page %d of %d", a.page()+1, a.pages())
	}
	text := title + " (" + strings.Join(append(sums, flags...), ", ") + "): " + fitting(said, 0, "; ")
	return private(escape(text), slices.Concat(blocks, []slack.Block{a.footer()}, a.turning(), a.show())...)
}

func (a Admins) title() string {
	if len(a.Report.Admins) == 1 {
		return "1 admin in Zoho CRM"
	}
	return thousands(len(a.Report.Admins)) + " admins in Zoho CRM"
}

// totals say first what an auditor counts.
func (a Admins) totals() []string {
	active := thousands(a.Report.Active()) + " active"
	if flagged := a.Report.Flagged(); flagged > 0 {
		return []string{active, thousands(flagged) + " flagged"}
	}
	return []string{active, "none flagged"}
}

// flags say how many admins have which.
func (a Admins) flags() []string {
	var counts []string
	for _, f := range audit.Flags() {
		if n := a.Report.ByFlag(f); n > 0 {
			counts = append(counts, thousands(n)+" "+f.Label())
		}
	}
	return counts
}

func (a Admins) pages() int { return (len(a.Report.Admins) + adminsPage - 1) / adminsPage }

// page is the one that was asked for, or the last.
func (a Admins) page() int { return max(0, min(a.Asked.Page, a.pages()-1)) }

// groups are the admins of the page. A profile whose holders stand on several
// pages is on each of them.
func (a Admins) groups() []audit.Group {
	var shown []audit.Group
	skip, left := a.page()*adminsPage, adminsPage
	for _, g := range a.Report.Groups() {
		from := min(skip, len(g.Admins))
		to := min(from+left, len(g.Admins))
		skip, left = skip-from, left-(to-from)
		if g.Admins = g.Admins[from:to]; len(g.Admins) > 0 {
			shown = append(shown, g)
		}
	}
	return shown
}

// adminGroup lists the holders of a profile.
func adminGroup(g audit.Group) slack.Block {
	lines := []line{{bold(cmp.Or(clean(g.Profile.Name, maxListed), "No") + " profile")}}
	for _, a := range g.Admins {
		lines = append(lines, adminLine(a))
	}
	return richText(lines...)
}

func adminLine(a audit.Admin) line {
	l := line{plain("• "), bold(nameOf(a.User, maxRole))}
	if about := given(clean(a.User.Role.Name, maxRole), clean(a.User.Email, maxListed)); len(about) > 0 {
		l = append(l, plain(" · "+strings.Join(about, " · ")))
	}
	notes := adminNotes(a)
	if status, plainly := standing(a.User); !plainly {
		notes = append([]string{status}, notes...)
	}
	if len(notes) > 0 {
		l = append(l, plain(" — "), italic(strings.Join(notes, ", ")))
	}
	return l
}

// profileOf is the profile in the top-level text, which has no groups.
func profileOf(u zoho.User) []string {
	if profile := clean(u.Profile.Name, maxListed); profile != "" {
		return []string{profile + " profile"}
	}
	return nil
}

// adminNotes are what is said of an admin beside the status: the flags that say
// more, and the rules by which somebody counts besides Zoho's list.
func adminNotes(a audit.Admin) []string {
	var notes []string
	status, _ := standing(a.User)
	for _, f := range a.Flags {
		if f != audit.Disabled && f.Label() != strings.ToLower(status) {
			notes = append(notes, f.Label())
		}
	}
	for _, r := range a.Rules {
		switch r {
		case audit.ByProfile:
			notes = append(notes, "counts by profile")
		case audit.ByRole:
			notes = append(notes, "counts by role")
		case audit.ByAdminRole:
			notes = append(notes, "has an admin role")
		}
	}
	return notes
}

// show leads to the card of somebody on the page.
func (a Admins) show() []slack.Block {
	id := Ask{Command: commandAdmins, Page: a.page()}.value(maxBlockID)
	var options []*slack.OptionBlockObject
	for _, g := range a.groups() {
		for _, one := range g.Admins {
			if u := one.User; u.ID != "" && units(u.ID) <= maxOptionValue {
				options = append(options, option(u))
			}
		}
	}
	if len(options) == 0 {
		return nil
	}
	s := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, literal("Show a person"), ActionShow, options...)
	return actions(id, s)
}

func (a Admins) footer() slack.Block {
	if a.pages() == 1 {
		return readAt(a.ReadAt)
	}
	return note(fmt.Sprintf("Page %d of %d · read %s", a.page()+1, a.pages(), minute(a.ReadAt)))
}

func (a Admins) turning() []slack.Block {
	to := func(page int) Ask { return Ask{Command: commandAdmins, Page: page} }
	rules := Ask{Command: commandAdmins, Text: "rules", Back: new(to(a.page()))}
	return actions("",
		to(a.page()-1).buttonIf(a.page() > 0, "previous", "Previous"),
		to(a.page()+1).buttonIf(a.page()+1 < a.pages(), "next", "Next"),
		rules.button("rules", "What counts?"),
	)
}

// AdminRules says who counts as an admin, and what is flagged.
func AdminRules(asked Ask, rules audit.Rules) Message {
	who := []string{"An admin is whoever Zoho lists as one, whatever their status, and whoever has a role that Zoho marks as an admin's."}
	if rules.NoAdminRoles {
		who = []string{"An admin is whoever Zoho lists as one, whatever their status."}
	}
	for _, more := range []struct {
		what  string
		named []string
	}{{"profiles", rules.Profiles}, {"roles", rules.Roles}} {
		if len(more.named) > 0 {
			who = append(who, fmt.Sprintf("So are those with these %s: %s.", more.what, clean(strings.Join(more.named, ", "), maxValue)))
		}
	}
	lines := []line{{plain(strings.Join(who, " "))}}
	said := slices.Clone(who)
	for _, f := range audit.Flags() {
		sentence := f.Rule()
		switch {
		case slices.Contains(rules.Off, f):
			sentence = "Switched off."
		case f == audit.OutsideDomain && len(rules.Domains) == 0:
			sentence = "Not looked at, since no domains are set."
		case f == audit.OutsideDomain:
			sentence += " They are " + clean(strings.Join(rules.Domains, ", "), maxValue) + "."
		}
		lines = append(lines, line{bold(upperFirst(f.Label()) + ":"), plain(" " + sentence)})
		said = append(said, upperFirst(f.Label())+": "+sentence)
	}
	blocks := append([]slack.Block{header("Who counts as an admin, and what is flagged"), richText(lines...)}, actions("", asked.backButton())...)
	return private(escape(strings.Join(said, " ")), blocks...)
}
