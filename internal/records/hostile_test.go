package records_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
)

// hostile are words that could mean something in a query.
func hostile() []string {
	return []string{
		`Gen'test`, `Gen"test"`, `Gen\test`, `Gen\`, `\'Gen`, `Gen\' or id is not null`, `x' or Account_Name like '%`, `x') or (id is not null`,
		`Gen) or (Account_Name:not_equal:x`, `(Gen)`, `((Gen`, `Gen))`, `Gen,Test`, `,Gen,`, `Gen:test`, `Account_Name:equals:Gen`, `a:b:c`,
		`100% Gen`, `%`, `%%Gen%%`, `G_n`, `_`, `Gen_test`, `*`, `Gen*`, `and`, `or`, `Gen and or not`, `null`, `like`, `select id from Leads`,
		`Gen & Sons`, `Gen – Sons`, `Gen’s`, `O'Gen`, `🚀`, `🚀 Gen`, `👩‍💻`, `❤️ Gen`, `ﷺ`, `Ġen`, `GEN`, "Gen\ttest", "Gen\u2028test", "Gen\x00", "\xffGen", `;--`, `/* Gen */`,
		`a b c d e f g h i j k l m n o p q r s t u v w x y z`, `+ - = Gen`, `<Gen>`, `&lt;Gen&gt;`, `{Gen}`, `[Gen]`, `${Gen}`, `#Gen`, `Gen\)`, `Gen\,`, `\\\\`, `''''''`, `"""`,
		strings.Repeat("ab", 90), strings.Repeat("x ", 90), strings.Repeat("🚀", 190), strings.Repeat("'", 150) + "Gen", strings.Repeat("Gen ", 500),
	}
}

// escape writes a text as Slack sends it.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// wordsIn are the words of a text as the package compares them.
func wordsIn(text string) []string {
	return strings.FieldsFunc(directory.Fold(text), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) })
}

// TestNamesAreFoundAsTheyAre adds records with names that could mean something
// in a query, and finds each by its name: first, unless what is around it was
// not looked at.
func TestNamesAreFoundAsTheyAre(t *testing.T) {
	for _, exactEquals := range []bool{false, true} {
		c := newCRM(t, zohosim.Config{ExactEquals: exactEquals})
		c.add(t, "Accounts", map[string]any{"Account_Name": "Decoy"})
		ids := map[string]string{}
		for _, name := range hostile() {
			q, err := records.Parse(escape(name))
			if err == nil && q.Kind == records.Words && (q.Text == name || !exactEquals) && utf8.ValidString(name) {
				ids[name] = c.add(t, "Accounts", map[string]any{"Account_Name": name})
			}
		}
		for name, id := range ids {
			found := c.find(t, escape(name))
			at := slices.IndexFunc(found.Records, func(r records.Record) bool { return r.ID == id })
			if at < 0 || len(found.Failed) > 0 || strings.Contains(namesOf(found), "Decoy") {
				t.Errorf("%q: got %s, %v", name, namesOf(found), found.Failed)
			}
			if q, _ := records.Parse(escape(name)); q.Text == name && at > 0 {
				t.Errorf("%q: got %q before it", name, found.Records[0].Name)
			}
		}
	}
}

// TestPunctuationDoesNotCount types names otherwise than they are written.
func TestPunctuationDoesNotCount(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	c.add(t, "Accounts", map[string]any{"Account_Name": "Gen'tor Inc"})
	c.add(t, "Accounts", map[string]any{"Account_Name": "Genta and Sons"})
	c.add(t, "Contacts", map[string]any{"First_Name": "Mira", "Last_Name": "O'Genry-Test"})
	c.add(t, "Deals", map[string]any{"Deal_Name": "🚀🎯"})
	for text, want := range map[string]string{
		"Gen’tor, Inc.":    "Accounts Gen'tor Inc",
		"(gen'tor) [inc]":  "Accounts Gen'tor Inc",
		"Genta & Sons":     "Accounts Genta and Sons",
		"Genta - Sons":     "Accounts Genta and Sons",
		"O’Genry":          "Contacts Mira O'Genry-Test",
		"O'Genry Test":     "Contacts Mira O'Genry-Test",
		"o genry–test":     "Contacts Mira O'Genry-Test",
		"O'Genry-Test, M.": "Contacts Mira O'Genry-Test",
		"🎯 🚀":              "Deals 🚀🎯",
	} {
		if found := c.find(t, text); namesOf(found) != want || len(found.Failed) > 0 {
			t.Errorf("%q: got %s, %v, want %s", text, namesOf(found), found.Failed, want)
		}
	}
}

// statements are the criteria and queries that went to a Zoho.
type statements struct {
	http.RoundTripper
	mu  sync.Mutex
	all []string
}

func (s *statements) RoundTrip(r *http.Request) (*http.Response, error) {
	statement := r.URL.Query().Get("criteria")
	if r.GetBody != nil {
		var query struct {
			Text string `json:"select_query"`
		}
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		if json.NewDecoder(body).Decode(&query) == nil {
			statement = query.Text
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, statement)
	return s.RoundTripper.RoundTrip(r)
}

// What statements are made of, and what is left of one without it.
var (
	criterion = regexp.MustCompile(`\([A-Z][A-Za-z_]+:equals:[\pL\pN\pM\p{So}]+\)`)
	condition = regexp.MustCompile(`[A-Z][A-Za-z_]+ like ('[^'"\\%_]+'|'%[^'"\\%_]+%')`)
	whole     = regexp.MustCompile(`^(X|[(X) andor]+|select [A-Za-z_, ]+ from [A-Za-z]+ where [(X) andor]+ order by Modified_Time desc limit 200)?$`)
)

// FuzzFind types anything, with an index that knows all and one that knows
// nothing yet: nothing is refused, no word is more than a value, and whatever
// comes holds what was typed.
func FuzzFind(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	var all []crm
	for _, lag := range []time.Duration{0, time.Hour} {
		c := newCRM(f, zohosim.Config{IndexLag: lag})
		for _, name := range []string{"Gen'test", "Gen, Test", "100% Gen", "🚀 Gen", `Gen\test`} {
			c.add(f, "Accounts", map[string]any{"Account_Name": name})
			c.add(f, "Leads", map[string]any{"Last_Name": name, "Company": name})
		}
		all = append(all, c)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := records.Parse(text)
		if err != nil || q.Kind == records.Person || q.Kind == records.Orphaned {
			return
		}
		for _, c := range all {
			checkFind(t, c, q)
		}
	})
}

func checkFind(t *testing.T, c crm, q records.Query) {
	sent := &statements{RoundTripper: c.Zoho}
	client := *c.CRM
	client.HTTP = &http.Client{Transport: sent}
	before := len(c.Calls())
	found := (&records.Finder{CRM: &client}).Find(t.Context(), q, false)
	calls := c.Calls()[before:]
	if len(calls) > 8 || len(found.Failed) > 0 {
		t.Errorf("%+v: got %d calls, %+v", q, len(calls), found.Failed)
	}
	for _, statement := range sent.all {
		left := condition.ReplaceAllString(criterion.ReplaceAllString(statement, "X"), "X")
		if !whole.MatchString(left) {
			t.Errorf("%+v: sent %s", q, statement)
		}
	}
	if q.Kind != records.Words {
		return
	}
	for _, call := range calls {
		if call.Status != http.StatusOK && call.Status != http.StatusNoContent {
			t.Errorf("%+v: got %d", q, call.Status)
		}
	}
	for _, r := range found.Records {
		name := r.Name
		for _, s := range r.Shown {
			if r.Module == "Leads" && s.Field == "Company" {
				name += " " + s.Value
			}
		}
		has := strings.Join(wordsIn(name), "")
		if slices.ContainsFunc(wordsIn(q.Text), func(w string) bool { return !strings.Contains(has, w) }) {
			t.Errorf("%+v: got %q", q, name)
		}
	}
}
