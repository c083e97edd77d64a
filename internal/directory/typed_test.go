package directory_test

import (
	"strings"
	"testing"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// TestAnAliasWithinAnotherNameCountsAsAWord: somebody called Beth.
func TestAnAliasWithinAnotherNameCountsAsAWord(t *testing.T) {
	s := snapshot(
		zoho.User{ID: "1", FullName: "Samplebeth Boyle", FirstName: "Samplebeth", LastName: "Boyle", Alias: "Beth", Status: "active"},
		active("2", "Beth Other", ""),
	)
	if got := ids(search(t, s, "beth").Users); got != "2 1" {
		t.Errorf("beth: got %s, want 2 1", got)
	}
	s = snapshot(zoho.User{ID: "1", FullName: "Leeman Sample", Alias: "Lee", Status: "disabled"}, active("2", "Leeway Sample", ""))
	if got := ids(search(t, s, "lee").Users); got != "1 2" {
		t.Errorf("lee: got %s, want 1 (whole alias) before 2 (beginning)", got)
	}
}

// TestPunctuationAroundWords: initials, the full stop that a phone types after
// two blanks, brackets, quotes.
func TestPunctuationAroundWords(t *testing.T) {
	s := snapshot(
		zoho.User{ID: "1", FullName: "Patricia Boyle", Email: "patricia.boyle@example.com", Status: "active"},
		active("2", "Kim", ""), active("3", "Word Sample Generated", ""), active("4", "Generated OSample", ""))
	for text, want := range map[string]string{
		"kim.": "2", "P. Boyle": "1", "patricia boyle.": "1", "Boyle, P.": "1", "boyle,patricia": "1", "Boyle (Patricia)": "1", "'kim'": "2", "*kim*": "2", "(kim)": "2",
		"patricia.boyle": "1", "patricia_boyle": "1", "patricia-boyle": "1", "word-sample": "3", "o'sample": "4", "O’Sample": "4", "“patricia.boyle@example.com”": "1",
	} {
		if got := search(t, s, text); ids(got.Users) != want || got.Suggested {
			t.Errorf("%q: got %q (suggested: %v), want %s", text, ids(got.Users), got.Suggested, want)
		}
	}
}

// TestAPhoneNumberOfZeros is nobody's.
func TestAPhoneNumberOfZeros(t *testing.T) {
	s := snapshot(active("1", "Kim", ""), zoho.User{ID: "2", Phone: "+1 555 010 0123"}, zoho.User{ID: "3", Phone: "+1 555 010 0129"})
	for _, text := range []string{"0000000", "000-0000", "+0000000", "0000 001"} {
		if got := search(t, s, text); got.Total != 0 {
			t.Errorf("%q: got %s", text, ids(got.Users))
		}
	}
}

// TestWhoLeftHidesNoActivePerson of the same name and more.
func TestWhoLeftHidesNoActivePerson(t *testing.T) {
	s := snapshot(zoho.User{ID: "1", FullName: "Ann Lee", Status: "deleted"}, active("2", "Ann Sample Lee", ""), active("3", "Ann Lee-Sample", ""))
	if got := ids(search(t, s, "ann lee").Users); !strings.Contains(got, "2") || !strings.Contains(got, "3") {
		t.Errorf("got %s: only who left", got)
	}
}

// TestATypingErrorBesideOtherFits: every term fits, one of them with an error.
func TestATypingErrorBesideOtherFits(t *testing.T) {
	s := snapshot(zoho.User{ID: "1", FullName: "Patricia Boyle", Email: "patricia@zohotest.com", Phone: "+1 555 010 0123", Status: "active"})
	for _, text := range []string{"boile @zohotest.com", "boile tricia", "boile patri", "boile patricia@", "boile 0123", `boile "patricia"`, "patricia boile"} {
		if got := search(t, s, text); ids(got.Users) != "1" || !got.Suggested {
			t.Errorf("%q: got %q (suggested: %v)", text, ids(got.Users), got.Suggested)
		}
	}
}

// TestATypingErrorInALongAddress.
func TestATypingErrorInALongAddress(t *testing.T) {
	const email = "patricia-sample.boyle-krishnan@north.sales.generated.example"
	s := snapshot(active("1", "Patricia Boyle", email))
	for _, text := range []string{strings.Replace(email, "sales", "slaes", 1), strings.Replace(email, "boyle", "boyl", 1), strings.Replace(email, "example", "examle", 1)} {
		if got := search(t, s, text); ids(got.Users) != "1" || !got.Suggested {
			t.Errorf("%q: got %q (suggested: %v)", text, ids(got.Users), got.Suggested)
		}
	}
	long := strings.Repeat("abcdefghij", 6)
	s = snapshot(active("1", long, ""))
	if got := search(t, s, "x"+long[1:]); ids(got.Users) != "1" {
		t.Errorf("a long word: got %q", ids(got.Users))
	}
}

// TestATypingErrorInALocalPartOfSeveralWords.
func TestATypingErrorInALocalPartOfSeveralWords(t *testing.T) {
	s := snapshot(active("1", "P. B.", "patricia.boyle@example.com"))
	for _, text := range []string{"patrcia.boyle", "patricia.boyel"} {
		if got := search(t, s, text); ids(got.Users) != "1" || !got.Suggested {
			t.Errorf("%q: got %q (suggested: %v)", text, ids(got.Users), got.Suggested)
		}
	}
}

// TestIDsAsFilterValuesAreWhole.
func TestIDsAsFilterValuesAreWhole(t *testing.T) {
	s := snapshot(zoho.User{ID: "1", Role: zoho.Ref{ID: "5725767000000026005", Name: "CEO"}}, zoho.User{ID: "2", Role: zoho.Ref{ID: "5725767000000026008", Name: "Level 5"}})
	if got := ids(search(t, s, "role:5").Users); got != "2" {
		t.Errorf("got %s", got)
	}
}

// TestNoRuneBreaksASearch: every letter and number, alone and beside others.
func TestNoRuneBreaksASearch(t *testing.T) {
	s := snapshot(active("1", "Kim Lee", "kim@example.com"))
	for r := rune(1); r < 0x30000; r++ {
		for _, kind := range []directory.Kind{directory.Word, directory.Phrase} {
			text := string(r)
			q, err := directory.Parse(text)
			if err != nil {
				continue
			}
			for i := range q.Terms {
				q.Terms[i].Kind = kind
			}
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%U: %v", r, p)
					}
				}()
				s.Search(q)
			}()
		}
	}
}
