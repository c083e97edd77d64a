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
	meant bool // nobody else can have been meant
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
	digits  string // of a phone number, or of a word that may be a part of one
	plain   string // what may have a typing error, without punctuation; empty for others
	letters []rune // of plain
}

func newWanted(q Query, p *people) *wanted {
	w := &wanted{filters: newFilters(q.Filters, p)}
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
	switch {
	case t.kind == Phone:
		t.digits = digitsOf(from.Text)
	case t.kind == Word && len(t.text) >= minDigits && strings.Trim(t.text, "0123456789") == "":
		t.digits = t.text
	case t.kind == Email:
		t.plain = t.text
	case t.kind == Word:
		t.plain = strings.Map(wordsOnly, t.text)
	}
	if t.letters = []rune(t.plain); len(t.letters) < minTypo {
		t.plain, t.letters = "", nil
	}
	return t
}

func wordsOnly(r rune) rune {
	if r < utf8.RuneSelf && !isWord(byte(r)) {
		return -1
	}
	return r
}

// needle is a text without which nobody fits the term.
func (t term) needle() string {
	if t.kind == Phone {
		return t.digits[max(0, len(t.digits)-minPhone):]
	}
	return t.text
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
		all.meant = all.meant || one.meant
		if one.kind >= typo {
			errors++
		}
	}
	if errors > 1 {
		all.kind = typos
	}
	if w.name == f.fullName() {
		all.meant = all.meant || strings.Contains(w.name, " ")
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
			return fit{meant: true}
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

func (t term) fitWord(f found) fit {
	fits := fit{kind: occurrence(f.names, t.text)}
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
		return fit{meant: true}
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
	for at := 0; at < len(in); {
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
