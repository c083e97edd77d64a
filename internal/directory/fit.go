package directory

import (
	"strings"
	"unicode/utf8"
)

// kind is how a term fits somebody, the best first.
type kind int

const (
	exact      kind = iota // whole words
	begins                 // beginnings of words
	within                 // middles of words
	typo                   // with one letter wrong, missing or too many, or two neighbours swapped
	typoBegins             // a beginning with such an error
	typos                  // such errors in several words
	none
)

// fit is how well a term or a whole query fits somebody.
type fit struct {
	kind  kind
	less  int  // tells those of a kind apart: the lower the better
	keyed bool // by an address or an id, which nobody else has
	named bool // by a full name of several words
}

var noFit = fit{kind: none}

// What a fit by another field than a name counts less.
const (
	byEmail = 1
	byPhone = 2
)

const (
	minWithin = 3 // bytes that are looked for within words; one letter, of scripts that write syllables or words with one
	minPhone  = 7 // digits of a phone number that others do not share
	minDigits = 4 // digits that are looked for in phone numbers
	minTypo   = 4 // letters of a word that may have a typing error
)

// wanted is a query made ready for a snapshot.
type wanted struct {
	terms   []term
	name    string // all words
	filters []filter
}

// term is a Term as it is compared.
type term struct {
	kind    Kind
	text    string // folded
	parts   []term // of a word with punctuation in it: the words between
	digits  string // of a phone number, or of a word that may be a part of one
	plain   string // what may have a typing error, without punctuation; empty for others
	letters []rune // of plain
}

func newWanted(q Query, s *Snapshot) *wanted {
	w := &wanted{filters: s.newFilters(q.Filters)}
	var words []string
	for _, t := range q.Terms {
		w.terms = append(w.terms, newTerm(t))
		words = append(words, w.terms[len(w.terms)-1].text)
	}
	w.name = strings.Join(words, " ")
	return w
}

func newTerm(from Term) term {
	t := term{kind: from.Kind, text: fold(from.Text)}
	if t.kind == Word || t.kind == Phrase {
		t.text = strings.TrimFunc(t.text, func(r rune) bool { return wordsOnly(r) < 0 })
	}
	switch {
	case t.kind == Phrase && strings.Contains(t.text, "@"):
		t.kind, t.plain = Email, t.text
	case t.kind == Phone:
		t.digits = digitsOf(from.Text)
	case t.kind == Word && len(t.text) >= minDigits && strings.Trim(t.text, "0123456789") == "":
		t.digits = t.text
	case t.kind == Email:
		t.plain = t.text
	case t.kind == Word:
		t.plain = strings.Map(wordsOnly, t.text)
		t.parts = partsOf(t.text)
	}
	if t.letters = []rune(t.plain); len(t.letters) < minTypo {
		t.plain, t.letters = "", nil
	}
	return t
}

// partsOf gives the words of a text of several, as terms.
func partsOf(text string) []term {
	var parts []term
	for word := range words(text) {
		if word != text {
			parts = append(parts, newTerm(Term{Word, word}))
		}
	}
	return parts
}

func wordsOnly(r rune) rune {
	if r < utf8.RuneSelf && !isWord(byte(r)) {
		return -1
	}
	return r
}

// needle is a text without which nobody fits the term.
func (t term) needle() string {
	needle := t.text
	if t.kind == Phone {
		needle = t.digits[max(0, len(t.digits)-minPhone):]
	}
	for i, part := range t.parts { // they may stand apart, or as one
		if i == 0 || len(part.text) > len(needle) {
			needle = part.text
		}
	}
	return needle
}

// fit says how well the whole query fits somebody: as its worst term does.
func (w *wanted) fit(s *Snapshot, person int, how func(term, *Snapshot, found, int) fit) fit {
	var all fit
	if len(w.terms) == 0 {
		return all
	}
	errors := 0
	f := s.index.of(person)
	for _, t := range w.terms {
		one := how(t, s, f, person)
		if one.kind == none {
			return noFit
		}
		all.kind = max(all.kind, one.kind)
		all.less += 16*int(one.kind) + one.less
		all.keyed = all.keyed || one.keyed
		if one.kind >= typo {
			errors++
		}
	}
	if errors > 1 {
		all.kind = typos
	}
	if w.name == f.fullName() {
		all.named = strings.Contains(w.name, " ")
	} else {
		all.less++
	}
	return all
}

// fit says how a term fits somebody as it was typed.
func (t term) fit(s *Snapshot, f found, person int) fit {
	switch t.kind {
	case Word:
		return t.fitWord(f)
	case Phrase:
		return best(occurrence(f.names, t.text), begins)
	case Email:
		return t.fitEmail(f.email)
	case Phone:
		return t.fitPhone(f)
	case ID:
		if s.columns[colID].at(person) == t.text {
			return fit{keyed: true}
		}
	}
	return noFit
}

// best is a fit of a kind, unless it is worse than what counts.
func best(k, worst kind) fit {
	if k > worst {
		return noFit
	}
	return fit{kind: k}
}

// fitWord takes a word with punctuation also without it, and in parts:
// O'Brien, OBrien, Anne-Marie, Anne Marie.
func (t term) fitWord(f found) fit {
	fits := fit{kind: occurrence(f.names, t.text)}
	if len(t.parts) > 0 && fits.kind > exact {
		fits.kind = min(fits.kind, occurrence(f.names, t.plain), worst(t.parts, func(part term) kind { return occurrence(f.names, part.text) }))
	}
	if fits.kind > exact {
		local, _, _ := strings.Cut(f.email, "@")
		if k := occurrence(local, t.text); k < fits.kind {
			fits = fit{kind: k, less: byEmail}
		}
	}
	if t.digits != "" && fits.kind > begins {
		if k := min(partOf(f.phone, t.digits), partOf(f.mobile, t.digits)); k < fits.kind {
			fits = fit{kind: k, less: byPhone}
		}
	}
	return fits
}

// worst is the kind of the part that fits least.
func worst(parts []term, fit func(term) kind) kind {
	k := exact
	for _, part := range parts {
		k = max(k, fit(part))
	}
	return k
}

// partOf says how digits stand in a phone number: its end is what people remember.
func partOf(number, digits string) kind {
	switch {
	case strings.HasSuffix(number, digits):
		return begins
	case strings.Contains(number, digits):
		return within
	}
	return none
}

// fitEmail takes addresses in full or from their beginning, and domains after
// an at sign.
func (t term) fitEmail(email string) fit {
	at := strings.IndexByte(email, '@')
	switch {
	case email == t.text:
		return fit{keyed: true}
	case strings.HasPrefix(email, t.text):
		return fit{kind: begins, less: byEmail}
	case at >= 0 && email[at:] == t.text:
		return fit{less: byEmail}
	case at >= 0 && strings.HasPrefix(email[at:], t.text):
		return fit{kind: begins, less: byEmail}
	}
	return noFit
}

func (t term) fitPhone(f found) fit {
	if len(t.digits) < minDigits { // all others were zeros
		return noFit
	}
	for _, number := range []string{f.phone, f.mobile} {
		if samePhone(number, t.digits) {
			return fit{less: byPhone}
		}
	}
	for _, number := range []string{f.phone, f.mobile} {
		if strings.Contains(number, t.digits) {
			return fit{kind: within, less: byPhone}
		}
	}
	return noFit
}

// samePhone compares numbers without the zeros before them: one may lack the
// codes of the country and the area that the other has.
func samePhone(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	return len(b) >= minPhone && strings.HasSuffix(a, b)
}

// occurrence says how a text stands in others at best.
func occurrence(in, text string) kind {
	found := none
	for at := 0; at < len(in) && text != ""; {
		i := strings.Index(in[at:], text)
		if i < 0 {
			break
		}
		i += at
		found = min(found, placed(in, i, i+len(text)))
		if found == exact {
			break
		}
		at = i + 1
	}
	if found == within && len(text) < minWithin {
		return none
	}
	return found
}

// placed says what in[start:end] is a part of.
func placed(in string, start, end int) kind {
	switch {
	case start > 0 && isWord(in[start-1]) && isWord(in[start]):
		return within
	case end < len(in) && isWord(in[end]) && isWord(in[end-1]):
		return begins
	default:
		return exact
	}
}
