package slackfmt

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/slack-go/slack"

	"crmwho/internal/records"
	"crmwho/internal/zoho"
)

// RecordList is the answer when several records fit.
type RecordList struct {
	Asked   Ask // what it answers
	Found   records.Found
	People  []zoho.User // whose names the words fit as well
	Missing []Missing   // modules that were not searched
}

// maxRecords is how many records one message lists.
const maxRecords = 10

// Message is the records by module, each with its owner and a button.
func (l RecordList) Message() Message {
	title := l.title()
	shown := l.Found.Records[:min(len(l.Found.Records), maxRecords)]
	blocks := []slack.Block{header(title)}
	var said []string
	for _, module := range modulesOf(shown) {
		blocks = append(blocks, richText(line{bold(plural(module))}))
		for _, r := range shown {
			if r.Module == module {
				blocks, said = append(blocks, recordEntry(l.Asked, r, recordOwner(r.Owner), "\n")), append(said, recordSentence(r))
			}
		}
	}
	rest := max(0, l.Found.Total-len(shown))
	narrow := l.narrow(rest)
	if narrow != "" {
		blocks = append(blocks, note(strings.Join(given(restOf(rest, l.Found.More), narrow), " ")))
	}
	missing, notes := missingNotes(l.Missing)
	others, asking := alsoPeople(l.Asked, l.People)
	text := title + ": " + fittingIn(maxText-maxTail, said, rest, "; ")
	text = saying(maxMessageText, text, saying(maxTail, append(append([]string{narrow}, notes...), asking)...))
	return private(escape(text), slices.Concat(blocks, missing, []slack.Block{readAt(l.Found.ReadAt)},
		actions("", againButton(l.Asked, l.Missing), l.Asked.backButton()), others)...)
}

func (l RecordList) title() string {
	n := max(l.Found.Total, len(l.Found.Records))
	title, match := thousands(n)+" records", "match"
	switch {
	case l.Found.More:
		title = thousands(n) + " or more records"
	case n == 1:
		title, match = "1 record", "matches"
	}
	if words := l.Asked.words(); words != "" {
		title += fmt.Sprintf(" %s “%s”", match, words)
	}
	return title
}

// restOf says how many are left out; empty for none.
func restOf(rest int, more bool) string {
	switch {
	case rest == 0:
		return ""
	case more:
		return fmt.Sprintf("And %s or more others.", thousands(rest))
	}
	return upperFirst(andMore(rest)) + "."
}

// narrow says how to see those that are left out; empty where none are.
func (l RecordList) narrow(rest int) string {
	const how = "Add a word to narrow it down."
	switch {
	case rest > 0:
		return how
	case l.Found.More:
		return "There may be more. " + how
	}
	return ""
}

// modulesOf gives the modules in the order in which they first appear.
func modulesOf(all []records.Record) []string {
	var modules []string
	for _, r := range all {
		if !slices.Contains(modules, r.Module) {
			modules = append(modules, r.Module)
		}
	}
	return modules
}

// recordEntry is a record in a list, with what is said about it, its fields
// after a separator, and a button that shows it.
func recordEntry(asked Ask, r records.Record, about, separator string) slack.Block {
	name := recordName(r, maxListed)
	s := entryText(name, strings.Join(given(about, strings.Join(shownShort(r), " · ")), separator), "")
	return withButton(s, asked.record(r.Module, r.ID).buttonIf(r.ID != "", "record", "Show"), "Show "+name)
}

// recordOwner says who owns a record in a list, and first what is wrong with
// them.
func recordOwner(o records.Owner) string {
	if o.User.ID == "" {
		return "⚠ Owned by nobody"
	}
	owner := "owned by " + nameOf(o.User, maxListed)
	if words, plainly := ownerStanding(o); !plainly {
		return "⚠ " + upperFirst(words) + " · " + owner
	}
	return upperFirst(owner)
}

// recordSentence is the same in the top-level text.
func recordSentence(r records.Record) string {
	owner := "owned by nobody"
	if r.Owner.User.ID != "" {
		status, _ := ownerStanding(r.Owner)
		owner = "owned by " + join(nameOf(r.Owner.User, maxListed), status)
	}
	return recordAbout(r) + ", " + owner
}

func recordAbout(r records.Record) string {
	return fmt.Sprintf("%s (%s)", recordName(r, maxListed), join(append([]string{lowerFirst(kindOf(r))}, shownShort(r)...)...))
}

// NoRecord is the answer when no record fits: modules are those in which it was
// to be looked for, missing those of them in which it was not, and people those
// whose names the words fit. setup is the command that adds a scope; empty:
// unknown.
func NoRecord(asked Ask, found records.Found, missing []Missing, modules []string, setup string, people ...zoho.User) Message {
	notes, said := missingNotes(missing)
	what, hint := noRecord(asked, missing, modules)
	if found.Unindexed && hint != "" {
		hint += " To find them sooner takes the scope " + zoho.COQLScope + ", which the grant lacks. " + addScope(setup)
	}
	blocks := append([]slack.Block{richText(what)}, notes...)
	if hint != "" {
		blocks = append(blocks, note(escape(hint)))
	}
	others, asking := alsoPeople(asked, people)
	text := saying(maxText, append(append([]string{what.said()}, said...), hint, asking)...)
	blocks = append(blocks, others...)
	if !found.ReadAt.IsZero() {
		blocks = append(blocks, readAt(found.ReadAt))
	}
	return private(escape(text), append(blocks, actions("", againButton(asked, missing), asked.backButton())...)...)
}

// noRecord says that there is none, of what was searched, and what may help.
func noRecord(asked Ask, missing []Missing, modules []string) (what line, hint string) {
	words := asked.words()
	var searched []string
	for _, module := range modules {
		if !slices.ContainsFunc(missing, func(m Missing) bool { return m.Module == module }) {
			searched = append(searched, plural(module))
		}
	}
	switch {
	case asked.Record != "" && len(missing) > 0, len(modules) > 0 && len(searched) == 0:
		return line{plain("I could not look that up in Zoho CRM.")}, ""
	case asked.Record != "":
		return line{plain("There is no such record in Zoho CRM, or the CRM user behind me may not see it.")}, ""
	}
	where := "No record"
	if len(searched) > 0 {
		where += " in " + enumeratedFirst(searched, "or")
	}
	switch {
	case words == "":
		return line{plain(where + " fits that.")}, ""
	case isDigits(words) && len(words) >= minRecordID:
		return line{plain(where + " has the id “"), bold(words), plain("”.")}, unseen(modules)
	case strings.Contains(words, "://"):
		return line{plain(where + " has the link's id.")}, unseen(modules)
	case strings.Contains(words, "@") || !strings.ContainsFunc(words, unicode.IsLetter): // an address or a number
		return line{plain(where + " has “"), bold(words), plain("”.")}, late
	}
	return line{plain(where + " is called “"), bold(words), plain("”.")}, tryOther(words)
}

// minRecordID is how many digits the id of a record has at least.
const minRecordID = 15

const late = "New records can take a minute to be found."

// unseen says why a record may be there that was not found in modules.
func unseen(modules []string) string {
	if len(modules) == 1 {
		return "It may be deleted, or the CRM user behind me may not see it."
	}
	return "It may be deleted or in another module, or the CRM user behind me may not see it."
}

// tryOther says what else may find a record.
func tryOther(words string) string {
	if strings.Contains(words, " ") {
		return "Try fewer or shorter words. " + late
	}
	return "Try a shorter part of the name. " + late
}
