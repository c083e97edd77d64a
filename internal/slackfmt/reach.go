package slackfmt

import (
	"cmp"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// managerOf says whom somebody reports to, and how that is known.
func managerOf(m directory.Managers) fact {
	if len(m.Users) == 0 {
		return fact{}
	}
	name := nameOf(m.Users[0], maxManager)
	if m.Total > 1 {
		name = fmt.Sprintf("%s (%s)", cmp.Or(clean(m.Role, maxRole), name), personOrPeople(m.Total))
	} else if status, plainly := standing(m.Users[0]); !plainly && m.Users[0].Status != "" {
		name += " (" + status + ")"
	}
	if m.By == directory.RoleTree {
		name += ", by role"
	}
	return fact{"Reports to", name}
}

// emailOf is how most people are reached, so that its absence matters.
func emailOf(u zoho.User) line {
	address := clean(u.Email, maxAddress)
	if address == "" {
		return line{plain("E-mail not set in CRM")}
	}
	if link := mailto(u.Email); link != "" {
		return line{slack.NewRichTextSectionLinkElement(link, address, nil)}
	}
	return line{plain(address)}
}

// phonesOf are somebody's numbers, also as links if all of them can be dialled
// and links are wanted.
func phonesOf(u zoho.User, linking bool) (linked slack.Block, said line) {
	var links, texts []string
	for _, n := range []fact{{"Phone", u.Phone}, {"Mobile", u.Mobile}} {
		number := clean(n.value, maxNumber)
		if number == "" {
			continue
		}
		texts = append(texts, n.label+" "+number)
		if digits := dialled(number); digits != "" && linking {
			links = append(links, fmt.Sprintf("%s <tel:%s|%s>", n.label, digits, escape(number)))
		}
	}
	if len(links) == len(texts) && len(texts) > 0 {
		linked = mrkdwn(strings.Join(links, " · "))
	}
	return linked, fact{value: strings.Join(texts, " · ")}.line()
}

// withPhones puts the numbers between other lines: as links they stand in a
// block of their own.
func withPhones(before []line, linked slack.Block, said line, after []line) []slack.Block {
	if linked == nil {
		return []slack.Block{richText(slices.Concat(before, []line{said}, after)...)}
	}
	blocks := []slack.Block{richText(before...), linked}
	if slices.ContainsFunc(after, func(l line) bool { return l != nil }) {
		blocks = append(blocks, richText(after...))
	}
	return blocks
}

// How many digits a number has that can be dialled.
// Source of the most: ITU-T E.164.
const minDialled, maxDialled = 3, 15

// dialled is a number as a link has it, or nothing for what is more than a
// number.
func dialled(number string) string {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, number)
	rest := strings.TrimPrefix(digits, "+")
	unclear := strings.Contains(number, "/") || strings.Contains(number, "(0)") // two numbers, or a digit that is not dialled from abroad
	if unclear || len(rest) < minDialled || len(rest) > maxDialled || strings.Trim(rest, "0123456789") != "" {
		return ""
	}
	return digits
}

// timeOf is what time it is for somebody, beside the asker's zone.
func timeOf(u zoho.User, now time.Time, askers string) fact {
	zone := clean(u.TimeZone, maxPlace)
	switch local := localTime(now, u.TimeZone, askers); {
	case zone == "" || !u.Active(): // nobody calls them
		return fact{}
	case local == "":
		return fact{"Time zone", zone}
	default:
		return fact{"Local time", local}
	}
}

// mailto links an address, or nothing that only looks like one.
func mailto(address string) string {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > maxValue {
		return ""
	}
	return "mailto:" + url.PathEscape(address)
}
