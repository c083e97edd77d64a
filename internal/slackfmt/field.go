package slackfmt

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"crmwho/internal/records"
)

// singular is the word for one record of a module, such as Account of Accounts.
func singular(module string) string {
	word := labelOf(module)
	switch {
	case strings.HasSuffix(word, "ies"):
		return strings.TrimSuffix(word, "ies") + "y"
	case strings.HasSuffix(word, "ss"), strings.HasSuffix(word, "us"):
		return word
	}
	return strings.TrimSuffix(word, "s")
}

// plural is the word for the records of a module.
func plural(module string) string {
	if word := labelOf(module); word != "" {
		return word
	}
	return "Records"
}

// countOf says how many records of a module there are.
func countOf(n int, module string) string {
	word := lowerFirst(plural(module))
	if n == 1 {
		word = lowerFirst(singular(module))
	}
	return strings.Join(given(thousands(n), word), " ")
}

// lookUps are fields whose API name says more than what they hold.
var lookUps = map[string]string{
	"Account_Name": "Account", "Contact_Name": "Contact", "Deal_Name": "Deal", "Product_Name": "Product", "Vendor_Name": "Vendor", "Campaign_Source": "Campaign",
	"Email": "E-mail",
}

// labelOf puts the API name of a field or a module into words: Closing date of
// Closing_Date.
func labelOf(name string) string {
	if label := lookUps[name]; label != "" {
		return label
	}
	name = strings.TrimSuffix(strings.TrimLeft(clean(name, maxLabel), "$"), "__s")
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == ' ' })
	for i, word := range words {
		if i > 0 && strings.ToUpper(word) != word { // not of abbreviations
			words[i] = lowerFirst(word)
		}
	}
	return upperFirst(strings.Join(words, " "))
}

const maxLabel = 40 // ours

func lowerFirst(s string) string {
	for _, r := range s {
		return string(unicode.ToLower(r)) + s[len(string(r)):]
	}
	return s
}

// valueOf puts a value into words. says tells whether it says by itself what it
// is: a date or a number does not.
func valueOf(s records.Shown, in *time.Location) (words string, says bool) {
	v := strings.TrimSpace(s.Value)
	switch v {
	case "true":
		return "yes", false
	case "false":
		return "no", false
	}
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return t.Format(dateInWords), false
	}
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return momentIn(t, in), false
	}
	if isAmount(s.Field, v) {
		return grouped(v), false
	}
	return clean(v, maxValue), true
}

const dateInWords = "2 Jan 2006"

// momentIn is a time in a place; in UTC where that is not known.
func momentIn(t time.Time, in *time.Location) string {
	if in == nil {
		return t.UTC().Format(dateInWords + ", 15:04 UTC")
	}
	return t.In(in).Format(dateInWords + ", 15:04")
}

// called are the last words in the names of fields whose digits are no amount.
var called = []string{
	"phone", "telephone", "mobile", "fax", "zip", "code", "number", "no", "id", "year", "vat", "ein", "sku", "pin", "reference", "serial",
}

// isAmount reports whether a value is a number that people read in groups of
// three digits. Of four digits it may be a year.
func isAmount(field, value string) bool {
	words := strings.Split(strings.TrimRight(strings.ToLower(field), "_0123456789"), "_")
	if slices.Contains(called, words[len(words)-1]) {
		return false
	}
	whole, fraction, decimal := strings.Cut(strings.TrimPrefix(value, "-"), ".")
	const most, year = 15, 4
	switch {
	case !isDigits(whole), len(whole) > most, len(whole) > 1 && whole[0] == '0':
		return false
	case decimal:
		return isDigits(fraction)
	}
	return len(whole) != year || field == "Amount"
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// grouped puts commas between the thousands of a number.
func grouped(number string) string {
	sign := number[:len(number)-len(strings.TrimPrefix(number, "-"))]
	whole, fraction, decimal := strings.Cut(number[len(sign):], ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimal {
		whole += "." + fraction
	}
	return sign + whole
}

// shownFacts are the fields of a record, with their names in words. Those that
// say how to reach somebody do not speak of the owner.
func shownFacts(r records.Record, in *time.Location) []fact {
	var all []fact
	for _, s := range r.Shown {
		label := labelOf(s.Field)
		if label == "Phone" || label == "Mobile" || label == "E-mail" {
			label = kindOf(r) + " " + lowerFirst(label)
		}
		if words, _ := valueOf(s, in); words != "" {
			all = append(all, fact{label, words})
		}
	}
	return all
}

// How much text the fields of a record in a list have, and one of them: two
// lines of a phone, beside a button.
const maxShown, maxShort = 70, 40

// shownShort are fields of a record in a list, as many as fit: those that say
// what they are without their names.
func shownShort(r records.Record) []string {
	var all []string
	left := maxShown
	for _, s := range r.Shown {
		words, says := valueOf(s, nil)
		if !says {
			words = strings.TrimSpace(labelOf(s.Field) + " " + words)
		}
		words = clean(strings.TrimPrefix(strings.TrimPrefix(words, "https://"), "http://"), maxShort)
		if n := units(words) + 3; words != "" && n <= left {
			all, left = append(all, words), left-n
		}
	}
	return all
}
