package slackfmt

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Words in these tests: "shalom olam", "marhaban", "hangul", "namaste".
const (
	hebrew = "שלום עולם"
	arabic = "مرحبا"
	jamo   = "\u1112\u1161\u11ab\u1100\u1173\u11af" // two syllables of three code points
	hindi  = "नमस्ते"                               // three syllables, the last of four code points
	family = "👩‍👩‍👧‍👦"                              // 11 units
	thumb  = "👍🏽"                                   // with a skin tone
)

func TestClipCutsBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"Generated", 9, "Generated"},
		{"Generated", 8, "Generat…"},
		{"Generated One", 11, "Generated…"},
		{"x" + family, 12, "x" + family},
		{"x" + family + "y", 12, "x…"},
		{"x" + family + "y", 13, "x" + family + "y"},
		{"x" + family + "yz", 13, "x" + family + "…"},
		{"x" + thumb + "y", 5, "x…"},
		{"🇩🇪🇫🇷🇮🇳", 11, "🇩🇪🇫🇷…"},
		{"🇩🇪🇫🇷🇮🇳", 7, "🇩🇪…"},
		{"xe\u0301\u0302y", 4, "x…"},
		{jamo, 6, jamo},
		{jamo + "x", 6, jamo[:3*3] + ellipsis},
		{hindi, 5, "नम…"},
		{hindi + "x", 6, "नम…"},
		{hindi + "x", 7, hindi + "x"},
		{hebrew, 8, "שלום עו…"},
		{hebrew, 6, "שלום…"},
		{arabic, 4, "مرح…"},
		{"👩\u200dx", 3, "👩…"},
		{"👩\u200dxy", 4, "👩…"},
		{"x", 1, "x"},
		{"xy", 1, "…"},
		{"xy", 0, ""},
		{"", 0, ""},
	} {
		if got := clip(c.text, c.limit); got != c.want {
			t.Errorf("%q to %d: got %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

func TestClipCutsWithinAHugeCharacter(t *testing.T) {
	marks := strings.Repeat("\u0301", 20_000)
	for name, c := range map[string]struct{ text, want string }{
		"first":  {"e" + marks, "e" + marks[:2*8] + ellipsis},
		"second": {"xe" + marks, "x" + ellipsis},
		"joined": {strings.Repeat("👩\u200d", 20_000), "👩\u200d👩\u200d👩" + ellipsis},
	} {
		if got := clip(c.text, 10); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	few, many := strings.Repeat("\u0301", 16), strings.Repeat("\u0301", 20_000)
	for _, c := range []struct{ text, want string }{
		{" Generated \t\n One ", "Generated One"},
		{"\x00Gen\u202eer\u2066ated\u200b\ufeff", "Generated"},
		{"Gen\xffer\ufffdated", "Generated"},
		{"", ""},
		{"\u200b \u200d\u0301", ""},
		{"x\u0301" + many, "x" + few},
		{"x" + many + "y" + many + " z", "x" + few + "y" + few + " z"},
		{"x" + many + " \u0301", "x" + few + " \u0301"},
		{"می\u200cخواهم", "می\u200cخواهم"}, // the joiner belongs to the word
		{family + " " + hindi + " " + hebrew, family + " " + hindi + " " + hebrew},
	} {
		if got := clean(c.text, 100); got != c.want {
			t.Errorf("%.30q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzClip(f *testing.F) {
	for _, text := range []string{"Generated", hebrew, arabic, jamo, hindi, family, thumb, "🇩🇪🇫🇷", "e\u0301\u0302", "👩\u200d \u200dx", strings.Repeat("e\u0301", 100), "e" + strings.Repeat("\u0301", 100)} {
		for _, limit := range []int{0, 1, 2, 5, 10} {
			f.Add(text, limit)
		}
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		text, limit = strings.ToValidUTF8(text, ""), max(limit, 0)
		holdClip(t, text, limit, clip(text, limit))
		cleaned := clean(text, limit)
		if units(cleaned) > limit || !utf8.ValidString(cleaned) || strings.ContainsFunc(cleaned, shapeless) {
			t.Errorf("clean %q to %d: got %q", text, limit, cleaned)
		}
	})
}

// holdClip fails if got is not the longest beginning of text that clip promises.
func holdClip(t *testing.T, text string, limit int, got string) {
	t.Helper()
	kept, cut := strings.CutSuffix(got, ellipsis)
	switch {
	case units(text) <= limit:
		if got != text {
			t.Errorf("%q to %d: got %q, want all", text, limit, got)
		}
		return
	case units(got) > limit, !utf8.ValidString(got), !strings.HasPrefix(text, kept), !cut && limit > 0:
		t.Errorf("%q to %d: got %q", text, limit, got)
		return
	}
	first, before := firstAndBefore(text, limit-1)
	if want := strings.TrimRightFunc(before, joins); units(first) <= limit-1 && kept != want {
		t.Errorf("%q to %d: got %q, want %q", text, limit, kept, want)
	}
}

// firstAndBefore gives the first character of a text, and those that fit.
func firstAndBefore(text string, room int) (first, before string) {
	for g := graphemes.FromString(text); g.Next(); {
		if first == "" {
			first = g.Value()
		}
		if room -= units(g.Value()); room >= 0 {
			before = text[:g.End()]
		}
	}
	return first, before
}
