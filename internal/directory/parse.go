package directory

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Parse understands a text as Slack sent it, escaped or not. A text of blanks
// gives an empty query. All its errors are *SyntaxError.
func Parse(text string) (Query, error) {
	p, err := parse(text, false)
	return p.Query, err
}

// parse may take a "by" for a wish to count.
func parse(text string, counts bool) (parser, error) {
	if len(text) > maxText {
		return parser{}, &SyntaxError{Reason: TooLong}
	}
	plain, err := plainText(text)
	if err != nil {
		return parser{}, err
	}
	p := parser{left: split(plain), counts: counts}
	if err := p.parse(); err != nil {
		return parser{}, err
	}
	if typed := strings.TrimSpace(strings.Map(visible, text)); p.Empty() && p.by == "" && typed != "" {
		return parser{}, &SyntaxError{Reason: Nonsense, Text: excerpt(Unescape(typed))}
	}
	return p, nil
}

// From what Slack sent to a plain text.

// markup is how Slack writes an e-mail address, a link or a mention when it
// escapes what was typed: <mailto:kim@example.com|kim@example.com>. Its parts
// are the sort, the thing and the label.
var markup = regexp.MustCompile(`<((?i:mailto:|tel:|https?://)|[@#!])([^|<>]+)(?:\|([^<>]*))?>`)

var slackUser = regexp.MustCompile(`^[UW][A-Z0-9]+$`)

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// Unescape gives what somebody typed from what Slack made of it.
// Source: Slack's documentation, "Implementing slash commands".
func Unescape(text string) string {
	return entities.Replace(markup.ReplaceAllStringFunc(text, func(m string) string {
		part := markup.FindStringSubmatch(m)
		return target(part[1], part[2], part[3])
	}))
}

func target(sort, thing, label string) string {
	if strings.HasSuffix(sort, ":") || isBare(sort, thing, label) {
		return thing
	}
	return sort + thing
}

// isBare reports whether Slack made a link of a bare acme.com, perhaps of
// @acme.com.
func isBare(sort, thing, label string) bool { return sort == "http://" && thing == label }

// mentioned stands before a Slack user's id in a plain text. No typed text
// keeps a control character.
const mentioned = '\x02'

// plainText gives what was typed without what cannot be seen, in Unicode's
// compatibility form. Angle brackets part words: "Kim <kim@example.com>".
func plainText(text string) (string, error) {
	var err error
	text = markup.ReplaceAllStringFunc(strings.Map(visible, text), func(m string) string {
		part := markup.FindStringSubmatch(m)
		if strings.ContainsAny(part[1], "#!") {
			err = &SyntaxError{Reason: NotAPerson, Text: excerpt(entities.Replace(groupName(part[1], part[2], part[3])))}
		}
		return marked(part[1], part[2], part[3])
	})
	text = norm.NFKC.String(entities.Replace(text))
	return strings.Map(straight, text), err
}

func marked(sort, thing, label string) string {
	switch {
	case sort == "@" && slackUser.MatchString(thing):
		return " " + string(mentioned) + thing + " "
	case isBare(sort, thing, label):
		return label
	}
	return " " + target(sort, thing, label) + " "
}

func groupName(sort, thing, label string) string {
	name := label
	if name == "" {
		name = thing
	}
	return strings.Replace(sort, "!", "@", 1) + strings.TrimLeft(name, "@#")
}

// visible leaves out what is not seen.
func visible(r rune) rune {
	switch {
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), unicode.IsControl(r) && !unicode.IsSpace(r):
		return -1
	case r == '´': // would become a blank with an accent
		return '\''
	}
	return r
}

// straight makes blanks of angle brackets, and apostrophes of the characters
// that phones put in their place.
func straight(r rune) rune {
	switch r {
	case '<', '>':
		return ' '
	case '‘', '’', '‛', 'ʼ':
		return '\''
	}
	return r
}

// From a plain text to words, phrases and mentions.

// Any of these ends a phrase, since countries pair them differently.
const quotes = `"“”„‟«»`

func isQuote(r rune) bool { return strings.ContainsRune(quotes, r) }

func endsWord(r rune) bool { return isQuote(r) || unicode.IsSpace(r) }

// isSpoken reports whether a character can be all that a name has.
func isSpoken(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// split gives the mentions, the phrases, empty ones too, and everything else
// as words, cleaned.
func split(plain string) []Term {
	var all []Term
	for plain = strings.TrimSpace(plain); plain != ""; plain = strings.TrimSpace(plain) {
		var t Term
		t, plain = cutTerm(plain)
		if last := len(all) - 1; last >= 0 && belongs(all[last], t) {
			all[last].Text += t.Text
		} else {
			all = append(all, t)
		}
	}
	return cleaned(all)
}

// belongs reports whether a word is the colon, with or without a value, of the
// filter before it: the French put a blank there.
func belongs(before, t Term) bool {
	return t.Kind == Word && t.Text[0] == ':' && before.Kind == Word && filterCalled(before.Text) != ""
}

func cleaned(all []Term) []Term {
	for i := range all {
		if all[i].Kind == Word {
			all[i].Text = clean(all[i].Text)
		}
	}
	return slices.DeleteFunc(all, func(t Term) bool { return t == Term{Kind: Word} })
}

// cutTerm takes the first term off a text that does not begin with a blank.
func cutTerm(plain string) (t Term, rest string) {
	first, size := utf8.DecodeRuneInString(plain)
	if isQuote(first) {
		inside, rest := cutBefore(plain[size:], isQuote)
		_, size = utf8.DecodeRuneInString(rest)
		return Term{Phrase, phrase(inside)}, rest[size:]
	}
	word, rest := cutBefore(plain, endsWord)
	if first == mentioned {
		return Term{Mention, word[1:]}, rest
	}
	return Term{Word, word}, rest
}

func cutBefore(s string, end func(rune) bool) (before, rest string) {
	if i := strings.IndexFunc(s, end); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func phrase(inside string) string {
	if !strings.ContainsFunc(inside, isSpoken) {
		return ""
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(inside), " "), string(mentioned), "@")
}

// around is what people put around words that belong to none.
const around = ",;!?¿¡،؛؟、。"

// announced is what people put before what they look for in any case.
var announced = []string{"mailto:", "tel:", "name:", "email:", "e-mail:", "mail:", "phone:", "mobile:"}

// clean gives a word without what is around it, what announces it, and the @
// that people put before a name. It is empty if nothing is left that can be
// looked for.
func clean(word string) string {
	for before := ""; word != before; {
		before = word
		word = strings.Trim(word, around)
		if isEmoji(word) || strings.EqualFold(word, idPrefix) {
			return ""
		}
		word = strings.TrimLeft(word, ":")
		for _, a := range announced {
			word = cutFold(word, a)
		}
		if strings.HasPrefix(word, "@") && address(word) == "" {
			word = word[1:]
		}
	}
	if !strings.ContainsFunc(word, isSpoken) {
		return ""
	}
	return word
}

// isEmoji knows how Slack spells an emoji: :wave:.
func isEmoji(word string) bool {
	return len(word) > 1 && word[0] == ':' && strings.HasSuffix(word, ":")
}

// cutFold takes off an ASCII prefix in any case.
func cutFold(s, prefix string) string {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):]
	}
	return s
}

// From words, phrases and mentions to a query.

type parser struct {
	Query
	left   []Term // as split gives them
	counts bool   // whether a "by" may ask to count
	by     string // what is counted by
}

// parse takes the filters out before it looks at the terms, so that what
// stands next to each other in the query's String was seen so.
func (p *parser) parse() error {
	var others []Term
	for first := true; len(p.left) > 0; first = false {
		t := p.take()
		asks := p.counts && isBy(t)
		name, value, ok := cutFilter(t)
		switch {
		case asks && p.countsBy():
		case asks && first:
			return unknownCount(p.left)
		case ok:
			if err := p.filter(name, value); err != nil {
				return err
			}
		case t.Text != "":
			others = append(others, t)
		}
	}
	if err := p.terms(others); err != nil {
		return err
	}
	return p.withinBounds()
}

func (p *parser) withinBounds() error {
	switch {
	case len(p.Terms)+len(p.Filters) > MaxParts:
		return &SyntaxError{Reason: TooMany}
	case utf8.RuneCountInString(p.String()) > MaxQuery:
		return &SyntaxError{Reason: TooLong}
	}
	return nil
}

func (p *parser) take() Term {
	t := p.left[0]
	p.left = p.left[1:]
	return t
}

// Filters.

// cutFilter gives the two sides of a word's colon, if the left one could be
// the name of a filter, and what the words confirmed and unconfirmed stand for.
func cutFilter(t Term) (name, value string, ok bool) {
	if t.Kind != Word {
		return "", "", false
	}
	switch strings.ToLower(t.Text) {
	case "confirmed":
		return FilterConfirmed, Yes, true
	case "unconfirmed":
		return FilterConfirmed, No, true
	}
	name, value, ok = strings.Cut(t.Text, ":")
	if !ok || name == "" || strings.ContainsFunc(name, notInName) || strings.HasPrefix(value, "//") || userID(t.Text) != "" {
		return "", "", false
	}
	return name, value, true
}

func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '_' && r != '-'
}

// filterCalled gives the name of the filter that was typed, or nothing.
func filterCalled(typed string) string {
	typed = strings.ToLower(typed)
	if slices.Contains(filterNames, typed) {
		return typed
	}
	return otherNames[typed]
}

func (p *parser) filter(typed, value string) error {
	name := filterCalled(typed)
	if name == "" {
		return &SyntaxError{UnknownFilter, excerpt(typed), nearestFilter(typed)}
	}
	if values := strings.FieldsFunc(value, func(r rune) bool { return r == ',' }); len(values) > 1 {
		return p.filters(typed, values)
	}
	v, err := p.value(name, value)
	if err != nil {
		return err
	}
	f := Filter{name, v}
	if name == FilterConfirmed {
		f.Value = truth[strings.ToLower(v)]
	}
	switch {
	case v == "":
		return &SyntaxError{NoValue, excerpt(typed + ":" + value), name}
	case f.Value == "":
		return &SyntaxError{BadValue, excerpt(v), name}
	}
	p.Filters = append(p.Filters, f)
	return nil
}

// filters takes a list, role:sales,ceo, for one filter each.
func (p *parser) filters(typed string, values []string) error {
	for _, value := range values {
		if err := p.filter(typed, value); err != nil {
			return err
		}
	}
	return nil
}

// value gives what was typed after the colon or, if that is nothing, the next
// term, unless that is another filter.
func (p *parser) value(name, typed string) (string, error) {
	if typed != "" || len(p.left) == 0 {
		return bareValue(typed), nil
	}
	if other, _, ok := cutFilter(p.left[0]); ok && filterCalled(other) != "" && strings.Contains(p.left[0].Text, ":") {
		return "", nil
	}
	switch t := p.take(); t.Kind {
	case Word:
		return bareValue(t.Text), nil
	case Mention: // the fields have no addresses by which it could be found
		return "", &SyntaxError{BadValue, excerpt(t.String()), name}
	default:
		return t.Text, nil
	}
}

// bareValue gives the value that a word without quotes stands for.
func bareValue(word string) string {
	word = clean(word)
	if id := userID(word); id != "" {
		return id
	}
	if a := address(word); a != "" {
		return a
	}
	return word
}

// nearestFilter gives the filter that a name is the beginning of or a
// misspelling of, or nothing.
func nearestFilter(typed string) string {
	return filterCalled(Nearest(typed, append(FilterNames(), "timezone")))
}

// Nearest gives the one of some names, which are in lower case, that a word is
// the beginning of or a misspelling of, or nothing.
func Nearest(typed string, names []string) string {
	typed = strings.ToLower(typed)
	nearest, fewest := "", 3
	for _, name := range names {
		if len(typed) > 1 && strings.HasPrefix(name, typed) {
			return name
		}
		if n := slips([]rune(typed), []rune(name)); n < fewest && 3*n <= max(len(typed), len(name)) {
			nearest, fewest = name, n
		}
	}
	return nearest
}

// slips counts the letters that are wrong, missing, too many or swapped with
// their neighbour.
func slips(a, b []rune) int {
	var twoAbove, above []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		twoAbove, above, row = above, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+differs(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], twoAbove[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

func differs(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}

// Terms.

func (p *parser) terms(typed []Term) error {
	for len(typed) > 0 {
		if n := numberRun(typed); n > 0 {
			p.Terms = append(p.Terms, numbers(typed[:n])...)
			typed = typed[n:]
			continue
		}
		t, err := understood(typed[0])
		if err != nil {
			return err
		}
		p.Terms = append(p.Terms, t)
		typed = typed[1:]
	}
	return nil
}

// understood finds out what a word is that has no part in a phone number.
func understood(t Term) (Term, error) {
	if t.Kind != Word {
		return t, nil
	}
	if id := userID(t.Text); id != "" {
		return Term{ID, id}, nil
	}
	if strings.Contains(t.Text, "://") {
		return Term{}, &SyntaxError{Reason: ForeignLink, Text: excerpt(t.Text)}
	}
	if a := address(t.Text); a != "" {
		return Term{Email, a}, nil
	}
	return t, nil
}

// edges is what can stand around an address or a link without being its part.
const edges = "([{'`*.:)]}" + around

// address gives the e-mail address that a word is or is a part of: kim@,
// kim@ex, @example.com; or nothing. A mere @kim is a name.
func address(word string) string {
	word = strings.Trim(word, edges)
	local, domain, ok := strings.Cut(word, "@")
	if !ok || strings.ContainsAny(word, ":/") || strings.Contains(domain, "@") {
		return ""
	}
	if !strings.ContainsFunc(local, isSpoken) && (!strings.ContainsFunc(domain, isSpoken) || !strings.Contains(strings.Trim(domain, "."), ".")) {
		return ""
	}
	return norm.NFKC.String(strings.ToLower(word))
}

// Zoho's ids have 16 digits and more; fewer could be a phone number, so that a
// shorter one is written with a prefix.
const (
	minID    = 16
	maxID    = 20
	idPrefix = "id:"
)

// userID gives the id of a Zoho user that a word is or a link leads to, or nothing.
func userID(word string) string {
	digits := cutFold(word, idPrefix)
	if isID(digits, minID) || digits != word && isID(digits, minID-1) {
		return digits
	}
	if strings.Contains(word, "/") {
		return linkedID(word)
	}
	return ""
}

func isID(s string, least int) bool {
	return least <= len(s) && len(s) <= maxID && strings.Trim(s, "0123456789") == ""
}

// zohoCRM matches the hosts that show CRM users, in all data centres.
var zohoCRM = regexp.MustCompile(`^(?:(?:crm(?:plus|sandbox|developer)?|one|sandbox|developer)\.)+(?:zoho\.(?:com|eu|in|com\.au|jp|com\.cn|sa|uk|ae)|zohocloud\.ca)$`)

// linkedID gives the last id in a link to Zoho CRM.
func linkedID(link string) string {
	link = strings.Trim(link, edges)
	if _, ok := CRMPage(link); !ok {
		return ""
	}
	id := ""
	for _, part := range strings.FieldsFunc(link, func(r rune) bool { return strings.ContainsRune("/?&=#", r) }) {
		if isID(part, minID-1) {
			id = part
		}
	}
	return id
}

// CRMPage reads the address of a page of Zoho CRM in any data centre. The scheme
// may be missing. ok is false for everything else.
func CRMPage(link string) (page *url.URL, ok bool) {
	link = strings.Trim(link, edges)
	if !strings.Contains(link, "://") {
		link = "https://" + link
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !zohoCRM.MatchString(strings.ToLower(u.Hostname())) {
		return nil, false
	}
	return u, true
}

// IsID reports whether a text is an id of Zoho's by its looks: shorter numbers
// could be anything.
func IsID(s string) bool { return isID(s, minID) }
