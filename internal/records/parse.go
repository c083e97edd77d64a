package records

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmwho/internal/directory"
)

// Query is what somebody wants to know.
type Query struct {
	Kind   Kind
	Text   string // of Words, Email and Phone: what records are looked for by; of Person: the words for them, as Slack sent them
	Module string // of Page: its API name; empty: the address does not tell
	ID     string // of Page and ID
}

// Kind says what a Query asks, and by what.
type Kind int

// What can be asked.
const (
	Words    Kind = iota // who owns the records that are called so
	Email                // who owns the records with that e-mail address
	Phone                // who owns the records with that number
	ID                   // who owns the record with that id, or what the user with it owns
	Page                 // who owns the record whose page in the CRM that is
	Person               // what somebody owns
	Orphaned             // which records have an owner who is not active
)

// MaxText is how many characters records are looked for by.
const MaxText = 200

// What Parse does not understand. The texts hold nothing of what was typed.
var (
	ErrTooLong  = errors.New("question about records: too long")
	ErrNonsense = errors.New("question about records: nothing that could be looked for")
	ErrForeign  = errors.New("question about records: a link to something other than Zoho CRM")
)

// Parse understands a text as Slack sent it, escaped or not. It is to hold more
// than blanks.
func Parse(text string) (Query, error) {
	if len(text) > maxBytes {
		return Query{}, ErrTooLong
	}
	text = Subject(strings.Map(visible, text))
	switch {
	case orphaned.MatchString(text):
		return Query{Kind: Orphaned}, nil
	case owner.MatchString(text):
		return Query{Kind: Person, Text: of(text)}, nil
	}
	if q, ok := ParsePage(text); ok {
		return q, nil
	}
	if q, ok := oneThing(text); ok {
		return q, nil
	}
	plain := bare(text)
	switch {
	case isForeign(plain):
		return Query{}, ErrForeign
	case utf8.RuneCountInString(plain) > MaxText:
		return Query{}, ErrTooLong
	case !strings.ContainsFunc(plain, isSaid):
		return Query{}, ErrNonsense
	}
	return Query{Kind: Words, Text: strings.Join(strings.Fields(plain), " ")}, nil
}

// Subject is what a text asks about that begins with “who owns”, and every other
// text as it is.
func Subject(text string) string { return whose.ReplaceAllString(text, "") }

// bare is what was typed without what people put around it.
func bare(text string) string { return strings.TrimFunc(directory.Unescape(text), isAround) }

// maxBytes is what is looked at.
const maxBytes = 4000

// How people ask for orphans, what somebody owns, and who owns a record.
var (
	whose    = regexp.MustCompile(`(?i)^\s*who\s+owns\s+`)
	orphaned = regexp.MustCompile(`(?i)^\s*orphans?[\s?!.]*$`)
	owner    = regexp.MustCompile(`(?i)^\s*(?:what\s+(?:does|do)\s+(\S.*?)\s+own|owned\s+by\s+(\S.*?)|owner:\s*(\S.*?))[\s?!.]*$`)
)

// of gives whom somebody asks about.
func of(text string) string { return strings.Join(owner.FindStringSubmatch(text)[1:], "") }

// oneThing understands a text that is nothing but an id, an e-mail address, a
// phone number or a mention.
func oneThing(text string) (Query, bool) {
	typed, err := directory.Parse(text)
	if err != nil || len(typed.Terms) != 1 || len(typed.Filters) > 0 {
		return Query{}, false
	}
	switch t := typed.Terms[0]; t.Kind {
	case directory.ID:
		return Query{Kind: ID, ID: t.Text}, true
	case directory.Phone:
		return Query{Kind: Phone, Text: t.Text}, true
	case directory.Mention:
		return Query{Kind: Person, Text: text}, true
	case directory.Email:
		local, domain, _ := strings.Cut(t.Text, "@")
		return Query{Kind: Email, Text: t.Text}, local != "" && strings.Contains(domain, ".") // a part of one is a word
	}
	return Query{}, false
}

// ParsePage reads the address of a record's page in the CRM. ok is false for
// everything else, pages of users among it. The addresses are not documented:
// they are as the CRM's own pages have them.
func ParsePage(text string) (q Query, ok bool) {
	page, ok := directory.CRMPage(bare(text))
	if !ok {
		return Query{}, false
	}
	module, id := inPath(page)
	if id == "" {
		module, id = page.Query().Get("module"), page.Query().Get("id")
	}
	if !directory.IsID(id) || strings.EqualFold(module, "users") {
		return Query{}, false
	}
	q = Query{Kind: Page, ID: id, Module: module}
	if module == dealsTab {
		q.Module = deals
	}
	return q, true
}

// inPath finds what stands in /crm/org…/tab/MODULE/ID.
func inPath(page *url.URL) (module, id string) {
	_, behind, _ := strings.Cut(page.Path+"/", "/tab/")
	module, behind, _ = strings.Cut(behind, "/")
	id, _, _ = strings.Cut(behind, "/")
	return module, id
}

// What the CRM's pages call Deals.
const deals, dealsTab = "Deals", "Potentials"

// Tab is what the CRM's pages call a module.
func Tab(module string) string {
	if module == deals {
		return dealsTab
	}
	return module
}

// isForeign reports whether a text is a link, and nothing besides.
func isForeign(plain string) bool {
	lower := strings.ToLower(plain)
	return (strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://")) && len(strings.Fields(plain)) == 1
}

// visible leaves out what is not seen, and makes blanks of line breaks.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.C, r) && r != zeroWidthJoiner || r == utf8.RuneError:
		return -1
	}
	return r
}

const zeroWidthJoiner = '\u200d' // part of emoji

// isAround reports whether people put a character around what they type.
func isAround(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`"“”„‟«»,;!?¿¡`, r)
}

// isSaid reports whether a record can be looked for by a character: a letter, a
// digit, or an emoji.
func isSaid(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.So) }
