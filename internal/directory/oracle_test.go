package directory

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// words of many scripts, two at a time: none is anybody's name.
var worldWords = strings.Split(`İğne Işık|GÜNEŞ ÇİÇEĞİ|Größe Straße-Maß|Żółw Łódka|Đường Phố Ẩm|보기생성|견본 낱말|かな ガラス|ガブリ 見本|ตัวอย่าง คำใหม่|ณัฐ น้ำใส|उदाहरण शब्दकोश|नमूना वाक्य|Smør Ærøbrød|Þörf Æðardúnn|Пример Ёлочка|Їжачок Приклад|Παράδειγμα Λέξης|مثال كلمة|דוגמה מילה|O’Sample-Word D'Example|Sample-Word O'Test|Mot-Clé d’exemple|Word 🌟 Starling|ＷＩＤＥ Ｌｅｔｔｅｒｓ|Señal Ñandú Año|Naïve Façade-Word|Łódź Name|Wort-Teil Weiß|Ånge Bjørnebær|Müll Lücke|mc'example|X Æ Xii|მაგალითი სიტყვა|Օրինակ Բառարան|St. Sample-Word Jr.|MacSample|van der Sample|Niño de la Muestra`, "|")

func worldPeople(t testing.TB) []zoho.User {
	var all []zoho.User
	for i, name := range worldWords {
		first, last, _ := strings.Cut(name, " ")
		all = append(all, zoho.User{ID: fmt.Sprint(i + 1), FullName: name, FirstName: first, LastName: last, Status: "active"})
	}
	for _, raw := range zohosim.Generate(300, 0).Users {
		var u zoho.User
		if err := json.Unmarshal(raw, &u); err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// TestTypingErrorsAgainstAnOracle compares suggestions with those that a plain
// edit distance gives, over all people.
func TestTypingErrorsAgainstAnOracle(t *testing.T) {
	s := NewSnapshot(time.Now(), worldPeople(t), nil)
	random := rand.New(rand.NewPCG(1, 2))
	var vocabulary []string
	letters := []rune("abcdefghijklmnopqrstuvwxyz0'-")
	for i := range s.len() {
		f := s.index.of(i)
		local, _, _ := strings.Cut(f.email, "@")
		for w := range words(f.names + " " + local) {
			vocabulary = append(vocabulary, w)
			letters = append(letters, []rune(w)...)
		}
		for w := range strings.FieldsSeq(f.names) {
			vocabulary = append(vocabulary, w) // with its apostrophes and hyphens
		}
	}
	suggested, missed := 0, 0
	for range 500 {
		typed := vocabulary[random.IntN(len(vocabulary))]
		for range 1 + random.IntN(10)/8 {
			typed = misspelled(random, typed, letters)
		}
		q := Query{Terms: []Term{{Kind: Word, Text: typed}}}
		term := newTerm(q.Terms[0])
		if term.text == "" {
			continue
		}
		found := s.Search(q)
		if found.Total > 0 && !found.Suggested || term.letters == nil {
			continue // it is as somebody is called
		}
		var want []string
		for i := range s.len() {
			if oracleNear(s, i, term) {
				want = append(want, s.columns[colID].at(i))
			}
		}
		suggested += min(1, len(want))
		if found.Total < len(want) || found.Total > len(want) && len(term.parts) == 0 {
			if missed++; missed <= 20 {
				t.Errorf("%q (%s): found %d, want %d: %v", typed, term.plain, found.Total, len(want), want[:min(3, len(want))])
			}
		}
	}
	t.Logf("%d queries with suggestions, %d wrong", suggested, missed)
	if suggested < 250 {
		t.Errorf("only %d", suggested)
	}
}

func oracleNear(s *Snapshot, person int, t term) bool {
	f := s.index.of(person)
	local, _, _ := strings.Cut(f.email, "@")
	for w := range words(f.names + " " + local) {
		full := []rune(w)
		if slips(t.letters, full) <= 1 {
			return true
		}
		for n := range full {
			if slips(t.letters, full[:n]) <= 1 {
				return true
			}
		}
	}
	return false
}

func misspelled(random *rand.Rand, word string, letters []rune) string {
	r := []rune(word)
	if len(r) == 0 {
		return word
	}
	i, x := random.IntN(len(r)), letters[random.IntN(len(letters))]
	switch random.IntN(4) {
	case 0:
		r[i] = x
	case 1:
		r = slices.Insert(r, random.IntN(len(r)+1), x)
	case 2:
		r = slices.Delete(r, i, i+1)
	default:
		if i > 0 {
			r[i], r[i-1] = r[i-1], r[i]
		}
	}
	return string(r)
}

// TestOwnNamesFindTheirOwners: in any order, folded otherwise, by beginnings;
// the owner is among the first.
func TestOwnNamesFindTheirOwners(t *testing.T) {
	people := worldPeople(t)
	s := NewSnapshot(time.Now(), people, nil)
	check := func(u zoho.User, text string) {
		q, err := Parse(text)
		if err != nil {
			t.Logf("%q: %v", text, err)
			return
		}
		found := s.Search(q)
		if found.Suggested || !slices.ContainsFunc(found.Users, func(o zoho.User) bool { return o.ID == u.ID }) {
			t.Errorf("%q of %q (%s): %d found, suggested: %v", text, u.FullName, u.ID, found.Total, found.Suggested)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, u := range people {
		for _, name := range []string{u.FullName, u.FirstName, u.LastName, u.Alias} {
			if name == "" {
				continue
			}
			fields := strings.Fields(name)
			slices.Reverse(fields)
			for _, form := range []string{name, strings.Join(fields, " "), strings.ToUpper(name), strings.ToLower(name), norm.NFD.String(name), norm.NFKD.String(strings.ToUpper(name)), strings.ReplaceAll(name, "-", " "), strings.ReplaceAll(name, "’", "'"), strings.ReplaceAll(strings.ReplaceAll(name, "’", ""), "'", ""), strings.ReplaceAll(name, "-", "")} {
				check(u, form)
			}
			var short []string
			for _, f := range fields {
				r := []rune(f)
				short = append(short, string(r[:1+random.IntN(len(r))]))
			}
			check(u, strings.Join(short, " "))
		}
		if local, _, ok := strings.Cut(u.Email, "@"); ok {
			check(u, local)
			check(u, u.Email)
			check(u, local+"@")
		}
		for _, p := range []string{u.Phone, u.Mobile} {
			if d := digitsOf(p); len(d) >= 7 {
				check(u, p)
				check(u, d)
				check(u, d[len(d)-4:])
				check(u, "0"+d[len(d)-7:])
			}
		}
	}
}

// TestWhereAgainstAPlainSearch: owners of hits, against a look at everybody.
func TestWhereAgainstAPlainSearch(t *testing.T) {
	s := NewSnapshot(time.Now(), append(worldPeople(t), zoho.User{ID: "x1"}, zoho.User{ID: "x2"}, zoho.User{ID: "x3", FullName: "zzz last", Status: "deleted"}), nil)
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		at := random.IntN(len(s.index.text) - 4)
		needle := s.index.text[at : at+1+random.IntN(4)]
		var want []int
		for i := range s.len() {
			end := len(s.index.text)
			if i+1 < s.len() {
				end = int(s.index.starts[i+1])
			}
			if strings.Contains(s.index.text[s.index.starts[i]:end], needle) {
				want = append(want, i)
			}
		}
		got := slices.Collect(s.index.containing(needle))
		spans := strings.Contains(strings.TrimSuffix(needle, "\n"), "\n")
		if !spans && !slices.Equal(got, want) {
			t.Errorf("%q: got %d, want %d", needle, len(got), len(want))
		}
	}
}
