package records_test

import (
	"encoding/json"
	"flag"
	"slices"
	"strings"
	"testing"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
)

// label is what somebody types, and the record that they mean.
type label struct {
	text   string
	module string
	id     string
	name   string
	alone  bool // nothing else is called so
}

// labelled is every so many-th record of a generated organisation, typed by its
// name, and typed in part: beginnings of words, words in another order, one of
// them. Parts that fit several records mean none of them, and are left out.
func labelled(o zohosim.Organisation, every int) (exact, partial []label) {
	var everyone [][]string
	var all []label
	for _, module := range records.DefaultModules {
		for _, raw := range o.Records[module] {
			var r struct {
				ID      string          `json:"id"`
				Full    string          `json:"Full_Name"`
				Account json.RawMessage `json:"Account_Name"`
				Deal    string          `json:"Deal_Name"`
			}
			if err := json.Unmarshal(raw, &r); err != nil {
				panic(err)
			}
			l := label{module: module, id: r.ID, name: r.Full + r.Deal}
			if module == "Accounts" {
				_ = json.Unmarshal(r.Account, &l.name)
			}
			all = append(all, l)
			everyone = append(everyone, typedWords(l.name))
		}
	}
	called := map[string]int{}
	for _, l := range all {
		called[directory.Fold(l.name)]++
	}
	for i := 0; i < len(all); i += every {
		l := all[i]
		l.text, l.alone = l.name, called[directory.Fold(l.name)] == 1
		exact = append(exact, l)
		for _, text := range parts(l.name) {
			if fitting(everyone, typedWords(text)) == 1 {
				l.text = text
				partial = append(partial, l)
			}
		}
	}
	return exact, partial
}

func typedWords(s string) []string {
	return strings.Fields(strings.NewReplacer("&", " ", "-", " ", "'", " ").Replace(directory.Fold(s)))
}

// parts of a name, as people type them.
func parts(name string) []string {
	typed := strings.Fields(name)
	cut := func(w string, share float64) string {
		runes := []rune(w)
		return string(runes[:max(2, min(len(runes), int(share*float64(len(runes))+0.5)))])
	}
	var all []string
	beginnings := slices.Clone(typed)
	for i := range beginnings {
		beginnings[i] = cut(beginnings[i], 0.7)
	}
	all = append(all, strings.Join(beginnings, " "), strings.ToLower(strings.Join(beginnings, " ")))
	if len(typed) > 1 {
		reversed := slices.Clone(typed)
		slices.Reverse(reversed)
		all = append(all, strings.Join(reversed, " "), typed[0], typed[len(typed)-1], typed[0]+" "+cut(typed[1], 0.4))
	}
	return all
}

// fitting is how many names have all parts as beginnings of words.
func fitting(all [][]string, typed []string) (n int) {
	for _, name := range all {
		fits := !slices.ContainsFunc(typed, func(w string) bool {
			return !slices.ContainsFunc(name, func(of string) bool { return strings.HasPrefix(of, w) })
		})
		if fits {
			n++
		}
	}
	return n
}

var every = flag.Int("every", 997, "TestLabelled types the names of one in so many records")

// TestLabelled types names of a large organisation, whole and in part.
func TestLabelled(t *testing.T) {
	o := large()
	exact, partial := labelled(o, *every)
	c := newCRM(t, zohosim.Config{Organisation: &o})
	right, wrong := 0, 0
	for _, l := range exact {
		found := c.find(t, l.text)
		if len(found.Records) == 0 || directory.Fold(found.Records[0].Name) != directory.Fold(l.name) || l.alone && found.Records[0].ID != l.id {
			t.Errorf("%s %q: got %s", l.module, l.text, namesOf(found))
			wrong++
		} else {
			right++
		}
	}
	t.Logf("exact: %d of %d", right, right+wrong)
	right, wrong = 0, 0
	for _, l := range partial {
		found := c.find(t, l.text)
		if len(found.Records) == 0 || found.Records[0].ID != l.id {
			wrong++
			if testing.Verbose() && wrong < 30 {
				t.Logf("%s %q of %q: got %.200s", l.module, l.text, l.name, namesOf(found))
			}
		} else {
			right++
		}
	}
	t.Logf("partial: %d of %d", right, right+wrong)
	if share := float64(right) / float64(right+wrong); share < 0.95 {
		t.Errorf("partial: %.3f", share)
	}
}
