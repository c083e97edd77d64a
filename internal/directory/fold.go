package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold gives a text as it is compared: without case, accents and width. Words
// have one blank between them.
func Fold(s string) string { return fold(s) }

// fold gives a text as it is compared: without case, accents, width and what is
// not seen, with one blank between words. What is neither a letter nor a digit
// is a blank or one byte of ASCII punctuation, so that a word ends where isWord
// is false.
func fold(s string) string {
	if isFolded(s) {
		return s
	}
	if !isASCII(s) {
		s = norm.NFKD.String(strings.Map(visible, s))
	}
	return strings.Join(strings.Fields(foldRunes(s)), " ")
}

// isFolded spares what is plain already.
func isFolded(s string) bool {
	blank := true // before the first word
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' || c < ' ' || c == 0x7f || c == '`' || c == ' ' && blank {
			return false
		}
		blank = c == ' '
	}
	return !blank || s == ""
}

func foldRunes(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r < utf8.RuneSelf {
			writeASCII(&b, byte(r))
			continue
		}
		switch r = unicode.ToLower(r); {
		case isAccent(r):
		case special[r] != "":
			b.WriteString(special[r])
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func writeASCII(b *strings.Builder, c byte) {
	switch {
	case 'A' <= c && c <= 'Z':
		b.WriteByte(c + 'a' - 'A')
	case c == '`':
		b.WriteByte('\'')
	case c >= ' ' && c != 0x7f || unicode.IsSpace(rune(c)):
		b.WriteByte(c)
	}
}

// special are letters that Unicode does not take apart, and punctuation that
// phones put where somebody typed another. Lower case.
var special = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ı': "i", 'ŋ': "n", 'ς': "σ",
	'‘': "'", '’': "'", '‛': "'", 'ʼ': "'", '′': "'",
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-",
}

// isAccent reports whether a mark can be left out of a name. Those of the
// scripts of India and Japan make other letters.
func isAccent(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r <= 0x36f: // Latin, Greek, Cyrillic
		return true
	case 0x591 <= r && r <= 0x5c7 || 0x610 <= r && r <= 0x61a || 0x64b <= r && r <= 0x65f || r == 0x670 || 0x6d6 <= r && r <= 0x6ed: // Hebrew, Arabic
		return unicode.Is(unicode.Mn, r)
	}
	return false
}

// isWord reports whether a byte of folded text belongs to a word.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf
}

// spelledOut writes the letters of some languages as they are typed on a
// keyboard without them.
var spelledOut = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "å", "aa", "Å", "Aa", "ø", "oe", "Ø", "Oe")

// spellings gives a name as it is compared, and further ones by which it can be
// found: with ue for ü, and in one word what an apostrophe or hyphen parts.
func spellings(name string) []string {
	folded := fold(name)
	all := []string{folded}
	if !isASCII(name) {
		all = append(all, fold(spelledOut.Replace(norm.NFC.String(name))))
	}
	if strings.ContainsAny(folded, "'-") {
		all = append(all, strings.NewReplacer("'", "", "-", "").Replace(folded))
	}
	return all
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
