package slackfmt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"crmwho/internal/zoho"
)

// nameOf is the best name that there is to show. It is never empty.
func nameOf(u zoho.User, limit int) string {
	return cmp.Or(
		clean(u.FullName, limit),
		clean(u.FirstName+" "+u.LastName, limit),
		clean(u.Alias, limit),
		clean(u.Email, limit),
		"User "+clean(u.ID, maxListed),
	)
}

// Name is what a list calls somebody. It is never empty.
func Name(u zoho.User) string { return nameOf(u, maxListed) }

// What is said of a status that Zoho has no word for.
const (
	statusUnknown     = "status unknown"
	invitationPending = "invitation pending"
)

// standing is somebody's status in words, and whether it is plainly active.
func standing(u zoho.User) (words string, plainly bool) {
	status := clean(u.Status, maxListed)
	switch {
	case status == "":
		return statusUnknown, false
	case !u.Active():
		return status, false
	case u.Unconfirmed:
		return invitationPending, false
	default:
		return status, true
	}
}

// entry is a person in a list, with what tells namesakes apart and a button
// that shows their card. besides is what else is said of them, or empty.
func entry(asked Ask, u zoho.User, besides string) slack.Block {
	show := asked.About(u.ID).buttonIf(u.ID != "", "show", "Show")
	return withButton(personText(u, besides), show, "Show "+nameOf(u, maxListed))
}

// ownerEntry is a person in a list, with a button that shows what they own.
func ownerEntry(asked Ask, u zoho.User) slack.Block { return withOwns(asked, u, personText(u, "")) }

// withOwns puts a button beside a text that shows what somebody owns.
func withOwns(asked Ask, u zoho.User, s *slack.SectionBlock) slack.Block {
	show := asked.owned(u.ID).buttonIf(u.ID != "", WhatOwns, "Show")
	return withButton(s, show, "What does "+nameOf(u, maxRole)+" own?")
}

// personText is a person in a list, without a button.
func personText(u zoho.User, besides string) *slack.SectionBlock {
	about := given(clean(u.Role.Name, maxListed), besides)
	if status, plainly := standing(u); !plainly {
		about = append([]string{upperFirst(status)}, about...)
	}
	return entryText(nameOf(u, maxListed), strings.Join(about, " · "), u.Email)
}

// withButton puts a button beside a text; nil for none. spoken says what it is
// for without the text.
func withButton(s *slack.SectionBlock, b *slack.ButtonBlockElement, spoken string) slack.Block {
	if b != nil {
		b.AccessibilityLabel = clip(spoken, maxAccessibility)
		s.Accessory = slack.NewAccessory(b)
	}
	return s
}

// entryText is a section with a name in bold, what is said about it, and an
// address. Where mrkdwn would read a mark in them all of it is plain text, since
// nothing escapes one.
func entryText(name, about, address string) *slack.SectionBlock {
	shown := clean(address, maxListed)
	said := literal(strings.Join(given(name, about, shown), "\n"))
	if !slices.ContainsFunc([]string{name, about, shown}, hasMarks) {
		if to := mailto(address); to != "" {
			shown = "<" + escape(to) + "|" + shown + ">"
		}
		said = &slack.TextBlockObject{Type: slack.MarkdownType, Verbatim: true}
		said.Text = strings.Join(given("*"+name+"*", about, shown), "\n")
	}
	return &slack.SectionBlock{Type: slack.MBTSection, Text: said, Expand: true}
}

// hasMarks reports whether mrkdwn could take a part of a line for a mark or an
// emoji, or has to escape it. An underscore within a word is no mark.
func hasMarks(s string) bool {
	if strings.ContainsAny(s, "*`~:&<>") {
		return true
	}
	before := ' '
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if r == '_' && !(isWord(before) && isWord(after)) {
			return true
		}
		before = r
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// sentence is the same person in the top-level text.
func sentence(u zoho.User, besides ...string) string {
	status, _ := standing(u)
	said := append([]string{clean(u.Role.Name, maxListed), status, clean(u.Email, maxListed)}, besides...)
	return fmt.Sprintf("%s (%s)", nameOf(u, maxListed), join(said...))
}

// sentences are people in the top-level text. rest is how many are left out
// already.
func sentences(users []zoho.User, rest int) string {
	parts := make([]string, len(users))
	for i, u := range users {
		parts[i] = sentence(u)
	}
	return fitting(parts, rest, "; ")
}

// fitting joins parts as far as the top-level text goes, and says how many are
// left out, with the rest that is left out already.
func fitting(parts []string, rest int, separator string) string {
	return fittingIn(maxText, parts, rest, separator)
}

// fittingIn is fitting where so much of the top-level text is left.
func fittingIn(limit int, parts []string, rest int, separator string) string {
	length := 0
	for i, part := range parts {
		if length += units(escape(part + separator)); length > limit {
			rest += len(parts) - i
			parts = parts[:i]
			break
		}
	}
	if rest > 0 {
		parts = append(slices.Clip(parts), andMore(rest))
	}
	return strings.Join(parts, separator) + "."
}

func andMore(n int) string { return fmt.Sprintf("and %s more", thousands(n)) }

// fact is something that is known, with what it is called.
type fact struct{ label, value string }

// line is the fact in a line of its own; nil for none.
func (f fact) line() line {
	if f.value == "" {
		return nil
	}
	return line{plain(strings.TrimSpace(f.label + " " + f.value))}
}

// facts cleans values and drops those that are empty.
func facts(all ...fact) []fact {
	for i := range all {
		all[i].value = clean(all[i].value, maxValue)
	}
	return slices.DeleteFunc(all, func(f fact) bool { return f.value == "" })
}

// withFacts adds facts to the top-level text, as far as that goes.
func withFacts(text string, facts []fact) string {
	for _, f := range facts {
		next := fmt.Sprintf(" %s: %s", f.label, ended(f.value))
		if units(escape(text+next)) > maxText {
			break
		}
		text += next
	}
	return text
}

// ended ends a sentence, unless it has an end.
func ended(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, ellipsis) {
		return s
	}
	return s + "."
}

func upperFirst(s string) string {
	for _, r := range s {
		return string(unicode.ToUpper(r)) + s[len(string(r)):]
	}
	return s
}

// join lists what is not empty.
func join(parts ...string) string { return strings.Join(given(parts...), ", ") }

func given(parts ...string) []string {
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }
