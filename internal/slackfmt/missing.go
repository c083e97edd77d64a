package slackfmt

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// Missing is a module whose records are missing in an answer.
type Missing struct {
	Module string // API name
	Why    Trouble
	Again  bool // asking again soon may help

	Counted bool // it is missing among what was last changed, and nowhere else
}

// maxWhys is how many different reasons a message names.
const maxWhys = 4

// missingNotes says which modules are missing, those of one reason together,
// and what can be done.
func missingNotes(missing []Missing) (blocks []slack.Block, said []string) {
	var lines []line
	var advice []string
	for i, m := range missing {
		same := func(o Missing) bool { return o.Why == m.Why && o.Counted == m.Counted }
		if slices.IndexFunc(missing, same) < i {
			continue
		}
		if len(said) == maxWhys {
			said = append(said, "Others are missing too.")
			lines = append(lines, line{plain("⚠ Others are missing too.")})
			break
		}
		where := ""
		if m.Counted {
			where = " in what was last changed"
		}
		sentence := missingModules(missing, same) + " missing" + where + ": " + clean(m.Why.What, maxProblem)
		lines, said = append(lines, line{plain("⚠ " + sentence)}), append(said, sentence)
		if a := clean(m.Why.Advice, maxProblem); a != "" && !slices.Contains(advice, a) {
			advice = append(advice, a)
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	blocks = []slack.Block{richText(lines...)}
	if len(advice) > 0 {
		blocks = append(blocks, note(escape(strings.Join(advice, " "))))
	}
	return blocks, append(said, advice...)
}

// missingModules reads "Deals and Leads are".
func missingModules(missing []Missing, which func(Missing) bool) string {
	var names []string
	for _, m := range missing {
		if name := plural(m.Module); which(m) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return enumeratedFirst(names, "and") + " are"
}

// maxModules is how many modules a sentence names.
const maxModules = 8

// enumeratedFirst is enumeratedWords for any number of words, of which it takes
// the first.
func enumeratedFirst(words []string, before string) string {
	switch {
	case len(words) == 0:
		return ""
	case len(words) == 1:
		return words[0]
	case len(words) > maxModules:
		words = append(slices.Clone(words[:maxModules]), thousands(len(words)-maxModules)+" more")
	}
	return enumeratedWords(words, before)
}

// againButton asks once more, and Zoho itself, where that may help.
func againButton(asked Ask, missing []Missing) *slack.ButtonBlockElement {
	asked.Live = true
	return asked.buttonIf(mayHelp(missing), "again", "Try again")
}

// refreshButton asks the same of Zoho anew, whatever was said just now.
func refreshButton(asked Ask, missing []Missing) *slack.ButtonBlockElement {
	if again := againButton(asked, missing); again != nil {
		return again
	}
	asked.Live = true
	return asked.button("refresh", "Refresh")
}

// mayHelp reports whether asking again may bring some of what is missing.
func mayHelp(missing []Missing) bool {
	return slices.ContainsFunc(missing, func(m Missing) bool { return m.Again })
}

// maxTail is how much of the top-level text is kept for what follows the answer.
const maxTail = 1000

// saying joins sentences as far as so much of the top-level text goes.
func saying(limit int, sentences ...string) string {
	var all []string
	for _, s := range given(sentences...) {
		if limit -= units(escape(s)) + 1; limit < 0 {
			break
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}
