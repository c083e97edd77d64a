package records_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"crmwho/internal/records"
)

func words(text string) records.Query { return records.Query{Kind: records.Words, Text: text} }
func person(text string) records.Query {
	return records.Query{Kind: records.Person, Text: text}
}
func page(module, id string) records.Query {
	return records.Query{Kind: records.Page, Module: module, ID: id}
}

func TestParse(t *testing.T) {
	const id = "5725767000009100106"
	email := records.Query{Kind: records.Email, Text: "tami@gentest.example"}
	byID := records.Query{Kind: records.ID, ID: id}
	orphans := records.Query{Kind: records.Orphaned}
	for text, want := range map[string]records.Query{
		"gentest industries":           words("gentest industries"),
		"  Gentest \t\n Industries  ":  words("Gentest Industries"),
		`"Gentest Industries"`:         words("Gentest Industries"),
		"«Gentest Industries»?":        words("Gentest Industries"),
		"„Gentest“, „Genlead“!":        words("Gentest“, „Genlead"),
		"¿Gentest?":                    words("Gentest"),
		"Gentest &amp; Sons &lt;x&gt;": words("Gentest & Sons <x>"),
		"Gen\u00a0test\u200b":          words("Gen test"),
		"Gentest\x00\x07":              words("Gentest"),
		"Gentest (Holding), Inc.":      words("Gentest (Holding), Inc."),
		`50% \_ 'quoted'`:              words(`50% \_ 'quoted'`),
		"🚀":                            words("🚀"),
		"👩\u200d💻 pilot":               words("👩\u200d💻 pilot"),
		"role:sales":                   words("role:sales"),
		"365":                          words("365"),
		"@gentest":                     words("@gentest"),
		"tami@":                        words("tami@"),
		"tami@gentest":                 words("tami@gentest"),
		"tami@gentest.example renewal": words("tami@gentest.example renewal"),
		"gentest.example":              words("gentest.example"),
		"<http://gentest.example|gentest.example>": words("gentest.example"), // Slack made a link of what was typed
		"owner:":                  words("owner:"),
		"owned by":                words("owned by"),
		`"orphans"`:               words("orphans"),
		"orphans of gentest":      words("orphans of gentest"),
		"What does Gentest make?": words("What does Gentest make"),

		"tami@gentest.example":                               email,
		"Tami@Gentest.Example":                               email,
		"<mailto:tami@gentest.example|tami@gentest.example>": email,
		"(tami@gentest.example),":                            email,
		"+999 100 200 300":                                   {Kind: records.Phone, Text: "+999100200300"},
		"(999) 100-2003":                                     {Kind: records.Phone, Text: "9991002003"},
		"<tel:+999100200300|+999 100 200 300>":               {Kind: records.Phone, Text: "+999100200300"},

		id:              byID,
		" " + id + "? ": byID,
		"id:" + id:      byID,
		"https://crm.zoho.com/crm/org123/settings/users/" + id:       byID, // a user's page
		"<https://crm.zoho.eu/crm/org123/settings/users/" + id + ">": byID,
		"crm.zoho.com/crm/org123/tab/Users/" + id:                    byID,
		"https://crm.zoho.com/crm/ShowUser.do?module=users&id=" + id: byID,

		"https://crm.zoho.com/crm/org123/tab/Potentials/" + id:                      page("Deals", id),
		"https://crm.zoho.com/crm/org123/tab/Potentials/" + id + "?":                page("Deals", id),
		`"https://crm.zoho.com/crm/org123/tab/Potentials/` + id + `"`:               page("Deals", id),
		"<https://crm.zoho.com/crm/org123/tab/Potentials/" + id + ">":               page("Deals", id),
		"<https://crm.zoho.com/crm/org123/tab/Potentials/" + id + "|the renewal>":   page("Deals", id),
		"crm.zoho.in/crm/tab/Accounts/" + id:                                        page("Accounts", id),
		"http://crm.zoho.com.au/crm/tab/Accounts/" + id + "/edit":                   page("Accounts", id),
		"https://CRM.zoho.jp/crm/EntityInfo.do?module=Leads&id=" + id:               page("Leads", id),
		"https://crm.zoho.jp/crm/EntityInfo.do?module=Leads&amp;id=" + id:           page("Leads", id),
		"https://crm.zoho.com.cn/crm/EntityInfo.do?id=" + id + "&module=Potentials": page("Deals", id),
		"https://crm.zoho.eu/crm/EntityInfo.do?id=" + id:                            page("", id),
		"https://crmsandbox.zoho.eu/crm/sandbox1/tab/Contacts/" + id + "#notes":     page("Contacts", id),
		"https://crm.zohocloud.ca/crm/org123/tab/CustomModule3/" + id + "?a=b":      page("CustomModule3", id),
		"https://one.zoho.sa/zohoone/org/home/cxapp/crm/org123/tab/Contacts/" + id:  page("Contacts", id),

		"who owns gentest?":            {Kind: records.Words, Text: "gentest"},
		"Who owns  Gentest Industries": {Kind: records.Words, Text: "Gentest Industries"},
		"who owns":                     {Kind: records.Words, Text: "who owns"},
		"who owns " + id + "?":         byID,
		"who owns https://crm.zoho.com/crm/org123/tab/Potentials/" + id + "?":  page("Deals", id),
		"who owns <https://crm.zoho.com/crm/org123/tab/Potentials/" + id + ">": page("Deals", id),
		"Who owns <mailto:tami@gentest.example|tami@gentest.example>?":         {Kind: records.Email, Text: "tami@gentest.example"},
		"who owns +999 100 200 300":                                            {Kind: records.Phone, Text: "+999100200300"},
		"who owns “orphans”":                                                   {Kind: records.Words, Text: "orphans"},
		"who owns orphans":                                                     orphans,
		"what does kim own?":                                                   person("kim"),
		"What does  Kim Gentest own ??":                                        person("Kim Gentest"),
		"what\u00a0does kim own":                                               person("kim"),
		"what does kim own.":                                                   person("kim"),
		"what do I own":                                                        person("I"),
		"what does <@U012AB3CD> own?":                                          person("<@U012AB3CD>"),
		"owned by kim":                                                         person("kim"),
		"Owned by kim?":                                                        person("kim"),
		"owner: kim":                                                           person("kim"),
		"owner:kim@gentest.example":                                            person("kim@gentest.example"),
		"owned by <mailto:k@gentest.example|k@gentest.example>":                person("<mailto:k@gentest.example|k@gentest.example>"),
		"<@U012AB3CD>":                                                         person("<@U012AB3CD>"),
		"<@U012AB3CD|kim>":                                                     person("<@U012AB3CD|kim>"),

		"orphans":   orphans,
		" Orphan ":  orphans,
		"ORPHANS?":  orphans,
		"orphans!.": orphans,
	} {
		if got, err := records.Parse(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestWhatIsNotUnderstood(t *testing.T) {
	for text, want := range map[string]error{
		strings.Repeat("x", 201):                            records.ErrTooLong,
		strings.Repeat("ä ", 200):                           records.ErrTooLong,
		strings.Repeat(" ", 4001):                           records.ErrTooLong,
		"https://crm.zoho.com/" + strings.Repeat("x", 4000): records.ErrTooLong,
		"":            records.ErrNonsense,
		"  \u200b\n":  records.ErrNonsense,
		"?!…":         records.ErrNonsense,
		`"" '' \ % _`: records.ErrNonsense,
		"\xff\xfe":    records.ErrNonsense,
		"https://gentest.example/crm/org123/tab/Potentials/5725767000009100106":     records.ErrForeign,
		"<https://gentest.example/x|https://gentest.example/x>":                     records.ErrForeign,
		"https://crm.zoho.com.gentest.example/crm/tab/Accounts/5725767000009100106": records.ErrForeign,
		"https://crm.zoho.com/crm/org123/tab/Home/begin":                            records.ErrForeign,
		`"http://gentest.example"`:                                                  records.ErrForeign,
	} {
		if got, err := records.Parse(text); !errors.Is(err, want) || got != (records.Query{}) {
			t.Errorf("%.60q: got %+v, %v, want %v", text, got, err, want)
		}
	}
}

func TestTab(t *testing.T) {
	for module, want := range map[string]string{"Deals": "Potentials", "Accounts": "Accounts"} {
		if got := records.Tab(module); got != want {
			t.Errorf("%s: got %s, want %s", module, got, want)
		}
	}
}

// FuzzParse looks at what records are looked for by.
func FuzzParse(f *testing.F) {
	for _, text := range append(hostile(),
		"what does kim own?", "owner: kim", "orphans", "<@U012AB3CD>", "<mailto:k@gentest.example|k@gentest.example>", "5725767000009100106",
		"https://crm.zoho.com/crm/EntityInfo.do?module=Leads&amp;id=5725767000009100106", "<http://gentest.example|gentest.example>", "+999 100 200 300") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := records.Parse(text)
		said := func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.So) }
		switch {
		case err != nil:
			if q != (records.Query{}) {
				t.Errorf("%q: got %+v beside %v", text, q, err)
			}
		case q.Kind == records.ID || q.Kind == records.Page:
			if len(q.ID) < 15 || strings.Trim(q.ID, "0123456789") != "" {
				t.Errorf("%q: got %+v", text, q)
			}
		case q.Kind == records.Orphaned:
		case q.Kind == records.Person:
			if strings.TrimSpace(q.Text) == "" {
				t.Errorf("%q: got nobody", text)
			}
		case utf8.RuneCountInString(q.Text) > records.MaxText, !utf8.ValidString(q.Text), !strings.ContainsFunc(q.Text, said), q.Text != strings.Join(strings.Fields(q.Text), " "):
			t.Errorf("%q: got %+v", text, q)
		}
	})
}
