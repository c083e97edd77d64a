package directory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"crmwho/internal/directory"
)

var kinds = map[directory.Kind]string{
	directory.Word: "word", directory.Phrase: "phrase", directory.Email: "email",
	directory.Phone: "phone", directory.ID: "id", directory.Mention: "mention",
}

// parts writes a query with the kind of everything: word(kim) role=sales.
func parts(q directory.Query) string {
	var all []string
	for _, t := range q.Terms {
		all = append(all, fmt.Sprintf("%s(%s)", kinds[t.Kind], t.Text))
	}
	for _, f := range q.Filters {
		all = append(all, f.Name+"="+f.Value)
	}
	return strings.Join(all, " ")
}

// understood holds texts and what they mean.
var understood = map[string]string{
	// Words.
	"":                            "",
	" \t\n\u00a0\u3000":           "",
	"\u200b\ufeff":                "",
	"kim":                         "word(kim)",
	"  Kim\u2003Lee\n":            "word(Kim) word(Lee)",
	"Boyle, Patricia":             "word(Boyle) word(Patricia)",
	"Boyle ,Patricia;":            "word(Boyle) word(Patricia)",
	"kim?":                        "word(kim)",
	"¿kim?":                       "word(kim)",
	"كيم،":                        "word(كيم)",
	"O’Neil":                      "word(O'Neil)",
	"ŉ":                           "word('n)",
	"O´Neil":                      "word(O'Neil)",
	"J.R. Mary-Jo":                "word(J.R.) word(Mary-Jo)",
	"Kim (Zürich)":                "word(Kim) word((Zürich))",
	"R&D":                         "word(R&D)",
	"R&amp;D":                     "word(R&D)",
	"R&amp;amp;D":                 "word(R&amp;D)",
	"Ｋｉｍ":                         "word(Kim)",
	"Zoe\u0308":                   "word(Zoë)",
	"ﬁona":                        "word(fiona)",
	"k\u200bi\u202em\ufeff":       "word(kim)",
	"k\ufe0fim":                   "word(kim)",
	"kim\x00\x02":                 "word(kim)",
	"a\xffb":                      "word(a\ufffdb)",
	"kim - lee *** + lo":          "word(kim) word(lee) word(lo)",
	"kim 👍🏽":                      "word(kim)",
	"kim :wave::skin-tone-2:, hi": "word(kim) word(hi)",
	"@kim":                        "word(kim)",
	"@@kim,":                      "word(kim)",
	"U012AB3CD":                   "word(U012AB3CD)",
	"help":                        "word(help)",
	"by role":                     "word(by) word(role)",
	"by":                          "word(by)",
	":kim":                        "word(kim)",
	"10:30":                       "word(10:30)",
	"金 伟":                         "word(金) word(伟)",
	"a&lt;b":                      "word(a) word(b)",
	"<kim>":                       "word(kim)",
	"<@B012>":                     "word(B012)",
	"<@kim>":                      "word(kim)",
	"<http://acme.com|acme.com>":  "word(acme.com)",
	"crm.zoho.com/crm/org1":       "word(crm.zoho.com/crm/org1)",

	// Phrases.
	`"Patricia  Boyle"`:      "phrase(Patricia Boyle)",
	"“Patricia Boyle” kim":   "phrase(Patricia Boyle) word(kim)",
	"„Patricia Boyle“":       "phrase(Patricia Boyle)",
	"«Patricia Boyle»":       "phrase(Patricia Boyle)",
	"»Patricia Boyle«":       "phrase(Patricia Boyle)",
	"＂Patricia Boyle＂":       "phrase(Patricia Boyle)",
	`kim "patricia boy`:      "word(kim) phrase(patricia boy)",
	`"role:sales"`:           "phrase(role:sales)",
	`"confirmed"`:            "phrase(confirmed)",
	`"kim@example.com"`:      "phrase(kim@example.com)",
	`"5725767000000583032"`:  "phrase(5725767000000583032)",
	`"+1 555 010 0100"`:      "phrase(+1 555 010 0100)",
	`"" kim " - "`:           "word(kim)",
	`a"b c"d`:                "word(a) phrase(b c) word(d)",
	`"<mailto:a@b.c|a@b.c>"`: "phrase(a@b.c)",
	`"see <@U012AB3CD>"`:     "phrase(see @U012AB3CD)",
	`"R&amp;amp;D &amp; Co"`: "phrase(R&amp;D & Co)",

	// Filters.
	"role:sales":                   "role=sales",
	"ROLE:Sales":                   "role=Sales",
	"role：sales":                   "role=sales",
	`role:"sales rep"`:             "role=sales rep",
	`role: "sales rep" kim`:        "word(kim) role=sales rep",
	"role:“Sales Rep”":             "role=Sales Rep",
	"role: sales kim":              "word(kim) role=sales",
	"role : sales":                 "role=sales",
	"role :sales":                  "role=sales",
	"role\u00a0: sales":            "role=sales",
	"kim role: - sales":            "word(kim) role=sales",
	"role:sales, status:active":    "role=sales status=active",
	"kim role:a lee role:b":        "word(kim) word(lee) role=a role=b",
	"role:sales:emea":              "role=sales:emea",
	"role:sales,ceo x":             "word(x) role=sales role=ceo",
	`role:"sales,ceo"`:             "role=sales,ceo",
	"role:,sales,":                 "role=sales",
	"confirmed:yes,n":              "confirmed=yes confirmed=no",
	"name:kim":                     "word(kim)",
	"Name: kim E-Mail:a@b.c":       "word(kim) email(a@b.c)",
	"phone:5550100":                "phone(5550100)",
	"role:name:sales":              "role=sales",
	"name:role:sales":              "role=sales",
	`role:"sales"kim`:              "word(kim) role=sales",
	`role:"<x>"`:                   "role=x",
	"role:R&amp;amp;D":             "role=R&amp;D",
	"role:Manager(EMEA)":           "role=Manager(EMEA)",
	"@role:sales":                  "role=sales",
	`role:"sales`:                  "role=sales",
	`role:"//x"`:                   "role=//x",
	`role:"@kim"`:                  "role=@kim",
	"profile:Administrator":        "profile=Administrator",
	"status:closed":                "status=closed",
	"status: confirmed":            "status=confirmed",
	"confirmed":                    "confirmed=yes",
	"Unconfirmed,":                 "confirmed=no",
	"@confirmed":                   "confirmed=yes",
	"confirmed:TRUE confirmed: n":  "confirmed=yes confirmed=no",
	`confirmed:"no"`:               "confirmed=no",
	`type:"Team User"`:             "type=Team User",
	"manager:@kim":                 "manager=kim",
	"manager:Kim@Example.com.":     "manager=kim@example.com",
	`manager:"Kim@Example.com."`:   "manager=Kim@Example.com.",
	"manager:<mailto:a@b.c|a@b.c>": "manager=a@b.c",
	"manager:5725767000000583032":  "manager=5725767000000583032",
	"manager:" + userLink:          "manager=5725767000000583032",
	"manager:<" + userLink + "|x>": "manager=5725767000000583032",
	"tz:Europe/Berlin":             "tz=Europe/Berlin",
	"timezone:utc Time_Zone:a":     "tz=utc tz=a",
	"time-zone:cet":                "tz=cet",
	"country:us":                   "country=us",
	"123 role:x 4567":              "phone(1234567) role=x",
	"role status":                  "word(role) word(status)",
	`"role":sales`:                 "phrase(role) word(sales)",
	"(role:sales)":                 "word((role:sales))",
	"\u202erole\u200b:\u2066sales": "role=sales",
	"role:sales\u0301":             "role=saleś",

	// Addresses, mentions, ids and links.
	"&lt;<mailto:a@b.c|a@b.c>&gt;": "email(a@b.c)",
	"Kim &lt;kim@example.com&gt;":  "word(Kim) email(kim@example.com)",
	"Kim <kim@example.com>, Lee":   "word(Kim) email(kim@example.com) word(Lee)",
	"kim@example.com":              "email(kim@example.com)",
	"KIM@Example.COM,":             "email(kim@example.com)",
	"(kim@example.com).":           "email(kim@example.com)",
	"kim@x.y¡'":                    "email(kim@x.y)",
	"ceo@zo":                       "email(ceo@zo)",
	"kim@":                         "email(kim@)",
	"@acme.com":                    "email(@acme.com)",
	"@<http://acme.com|acme.com>":  "email(@acme.com)",
	"patricia.a+us@example.com":    "email(patricia.a+us@example.com)",
	"mailto:kim@example.com":       "email(kim@example.com)",
	"MailTo: kim@example.com":      "email(kim@example.com)",
	"<mailto:a@b.c|A B> x":         "email(a@b.c) word(x)",
	"a@b@c":                        "word(a@b@c)",
	"J̌@x.y":                       "email(ǰ@x.y)",
	"<@U012AB3CD>":                 "mention(U012AB3CD)",
	"<@W012AB3CD|kim.lee>x":        "mention(W012AB3CD) word(x)",
	"ask <@U1> role:x":             "word(ask) mention(U1) role=x",
	"5725767000000583032":          "id(5725767000000583032)",
	"1234567890123456":             "id(1234567890123456)",
	"12345678901234567890":         "id(12345678901234567890)",
	"123456789012345678901":        "word(123456789012345678901)",
	"５７２５７６７００００００５８３０３２":                    "id(5725767000000583032)",
	"id:5725767000000583032":                 "id(5725767000000583032)",
	"ID: 5725767000000583032":                "id(5725767000000583032)",
	"5725767000000583032 5550100":            "id(5725767000000583032) phone(5550100)",
	userLink:                                 "id(5725767000000583032)",
	"<" + userLink + "|Kim's page>":          "id(5725767000000583032)",
	"see <" + userLink + ">.":                "word(see) id(5725767000000583032)",
	"(" + userLink + ").":                    "id(5725767000000583032)",
	strings.TrimPrefix(userLink, "https://"): "id(5725767000000583032)",
	"https://one.zoho.com.au/zohoone/x/home/cxapp/crm/#/users?a=b&amp;id=5725767000000583032":             "id(5725767000000583032)",
	"https://crmplus.zoho.com.cn/a/111111111111111111/572576700000058":                                    "id(572576700000058)",
	"http://CRM.zohocloud.ca:443/crm/ShowUser.do?id=5725767000000583032":                                  "id(5725767000000583032)",
	"https://crmsandbox.zoho.jp/crm/#/5725767000000583032":                                                "id(5725767000000583032)",
	"https://crm.zoho.in/5725767000000583032 https://crm.zoho.sa/5725767000000583032":                     "id(5725767000000583032) id(5725767000000583032)",
	"https://crm.zoho.uk/5725767000000583032 https://crm.zoho.ae/5725767000000583032":                     "id(5725767000000583032) id(5725767000000583032)",
	"https://sandbox.crm.zoho.com/5725767000000583032 https://crmdeveloper.zoho.com/5725767000000583032/": "id(5725767000000583032) id(5725767000000583032)",

	// Phone numbers.
	"5550100":                          "phone(5550100)",
	"555010":                           "word(555010)",
	"123456789012345":                  "phone(123456789012345)",
	"+1 (555) 010-0100":                "phone(+15550100100)",
	"+1\u00a0555\u2013010\u20110100":   "phone(+15550100100)",
	"＋１５５５０１００１００":                     "phone(+15550100100)",
	"0049 30/1234567":                  "phone(0049301234567)",
	"+49 (0)30 1234567":                "phone(+49301234567)",
	"(+49) (0) 30 1234567":             "phone(+49301234567)",
	"0049 (0) 30 1234567":              "phone(0049301234567)",
	"+49(0)1234":                       "phone(+4901234)",
	"(0)30 1234567":                    "phone(0301234567)",
	"tel:+15550100":                    "phone(+15550100)",
	"TEL:+1 555 0100":                  "phone(+15550100)",
	"<tel:+15550100|+1 555 0100>":      "phone(+15550100)",
	"+15550100,":                       "phone(+15550100)",
	"555.0100":                         "phone(5550100)",
	"kim 5550100":                      "word(kim) phone(5550100)",
	"5550100 kim 123":                  "phone(5550100) word(kim) word(123)",
	"kim 123 45":                       "word(kim) word(123) word(45)",
	"12/03 x":                          "word(12/03) word(x)",
	"+4412345 +4412346":                "phone(+4412345) phone(+4412346)",
	"555+0100":                         "phone(5550100)",
	"+15550100 +15550101":              "phone(+15550100) phone(+15550101)",
	"1234567890 1234567890 123":        "phone(1234567890) phone(1234567890) word(123)",
	"+49(0)301234567 1234567890":       "phone(+490301234567) phone(1234567890)",
	"+49 (0) 1234567890123":            "phone(+491234567890123)",
	"1234-5678-9012-3456":              "word(1234-5678-9012-3456)",
	"5550100x":                         "word(5550100x)",
	"a b c d e f g role:h type:i tz:j": "word(a) word(b) word(c) word(d) word(e) word(f) word(g) role=h type=i tz=j",
}

const userLink = "https://crm.zoho.eu/crm/org808232144/settings/users/5725767000000583032?org=20808232144"

func TestParse(t *testing.T) {
	for text, want := range understood {
		q, err := directory.Parse(text)
		if got := parts(q); err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestQueriesPrintAsTheyAreTyped(t *testing.T) {
	for text, want := range map[string]string{
		"role:Sales  Kim":               "Kim role:Sales",
		"“Patricia Boyle":               `"Patricia Boyle"`,
		"role: “Sales Rep” confirmed":   `role:"Sales Rep" confirmed:yes`,
		"timezone:Europe/Berlin":        "tz:Europe/Berlin",
		"R&amp;D":                       "R&D",
		"<@U1|kim>":                     "<@U1>",
		"+1 (555) 010-0100":             "+15550100100",
		"https://crm.zoho.eu/a/" + id15: "id:" + id15,
		`role:"Kim@Example.com"`:        `role:"Kim@Example.com"`,
		"":                              "",
	} {
		q, err := directory.Parse(text)
		if got := q.String(); err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
}

const id15 = "572576700000058"

// refused holds texts and what is wrong with them.
var refused = map[string]directory.SyntaxError{
	"prof:admin":                             {directory.UnknownFilter, "prof", "profile"},
	"stat:active":                            {directory.UnknownFilter, "stat", "status"},
	"Rolle:x":                                {directory.UnknownFilter, "Rolle", "role"},
	"rloe:x":                                 {directory.UnknownFilter, "rloe", "role"},
	"rôle:x":                                 {directory.UnknownFilter, "rôle", "role"},
	"-role:x":                                {directory.UnknownFilter, "-role", "role"},
	"roles: x":                               {directory.UnknownFilter, "roles", "role"},
	"manger:kim":                             {directory.UnknownFilter, "manger", "manager"},
	"cofnirmed:yes":                          {directory.UnknownFilter, "cofnirmed", "confirmed"},
	"counrty:us":                             {directory.UnknownFilter, "counrty", "country"},
	"timzone:utc":                            {directory.UnknownFilter, "timzone", "tz"},
	"foo:bar":                                {directory.UnknownFilter, "foo", ""},
	"r:x":                                    {directory.UnknownFilter, "r", ""},
	"pile:x":                                 {directory.UnknownFilter, "pile", ""},
	"pie:x":                                  {directory.UnknownFilter, "pie", ""},
	"sales:kim":                              {directory.UnknownFilter, "sales", ""},
	"Kim:":                                   {directory.UnknownFilter, "Kim", ""},
	"id:5":                                   {directory.UnknownFilter, "id", ""},
	"role:":                                  {directory.NoValue, "role:", "role"},
	"kim Timezone: ":                         {directory.NoValue, "Timezone:", "tz"},
	`role:"" kim`:                            {directory.NoValue, "role:", "role"},
	"role:* kim":                             {directory.NoValue, "role:*", "role"},
	"role: status:active":                    {directory.NoValue, "role:", "role"},
	"confirmed:":                             {directory.NoValue, "confirmed:", "confirmed"},
	"confirmed:maybe":                        {directory.BadValue, "maybe", "confirmed"},
	"confirmed: kim":                         {directory.BadValue, "kim", "confirmed"},
	"manager:<@U1|kim>":                      {directory.BadValue, "<@U1>", "manager"},
	"https://example.com":                    {directory.ForeignLink, "https://example.com", ""},
	"<https://example.com|x>":                {directory.ForeignLink, "https://example.com", ""},
	"ftp://example.com":                      {directory.ForeignLink, "ftp://example.com", ""},
	"https://crm.zoho.com/crm/org808232144":  {directory.ForeignLink, "https://crm.zoho.com/crm/org808232144", ""},
	"https://crm.zoho.com/12345678901234":    {directory.ForeignLink, "https://crm.zoho.com/12345678901234", ""},
	"https://crm.zoho.com/x5725767000000583": {directory.ForeignLink, "https://crm.zoho.com/x5725767000000583", ""},
	"https://mail.zoho.com/5725767000000583032":            {directory.ForeignLink, "https://mail.zoho.com/57257670000005830…", ""},
	"https://crm.zoho.com.example.org/5725767000000583032": {directory.ForeignLink, "https://crm.zoho.com.example.org/572576…", ""},
	"https://evilcrm.zoho.com/5725767000000583032":         {directory.ForeignLink, "https://evilcrm.zoho.com/57257670000005…", ""},
	"https://5725767000000583032@crm.zoho.com/":            {directory.ForeignLink, "https://5725767000000583032@crm.zoho.co…", ""},
	"ftp://crm.zoho.com/5725767000000583032":               {directory.ForeignLink, "ftp://crm.zoho.com/5725767000000583032", ""},
	"http://%zz/":                                          {directory.ForeignLink, "http://%zz/", ""},
	"kim <#C012|general>":                                  {directory.NotAPerson, "#general", ""},
	"<#C012>":                                              {directory.NotAPerson, "#C012", ""},
	"<#C012|>":                                             {directory.NotAPerson, "#C012", ""},
	"<!here>":                                              {directory.NotAPerson, "@here", ""},
	"<!subteam^S012|@sales>":                               {directory.NotAPerson, "@sales", ""},
	`"<!channel>"`:                                         {directory.NotAPerson, "@channel", ""},
	"***":                                                  {directory.Nonsense, "***", ""},
	" - ,\u200b":                                           {directory.Nonsense, "- ,", ""},
	"@":                                                    {directory.Nonsense, "@", ""},
	"&lt;&gt;":                                             {directory.Nonsense, "<>", ""},
	`"..."`:                                                {directory.Nonsense, `"..."`, ""},
	":wave:":                                               {directory.Nonsense, ":wave:", ""},
	"tel:":                                                 {directory.Nonsense, "tel:", ""},
	strings.Repeat("-", 99):                                {directory.Nonsense, strings.Repeat("-", 39) + "…", ""},
	strings.Repeat("ü", directory.MaxQuery+1):           {directory.TooLong, "", ""},
	`"` + strings.Repeat("é", directory.MaxQuery-1):     {directory.TooLong, "", ""},
	strings.Repeat("x", 1_000_000):                      {directory.TooLong, "", ""},
	strings.Repeat(" ", 1_000_000):                      {directory.TooLong, "", ""},
	strings.Repeat("a ", directory.MaxParts+1):          {directory.TooMany, "", ""},
	strings.Repeat("a ", directory.MaxParts) + "role:x": {directory.TooMany, "", ""},
	strings.Repeat("é", 50) + ":x":                      {directory.UnknownFilter, strings.Repeat("é", 39) + "…", ""},
}

func TestParseSaysWhatItDoesNotUnderstand(t *testing.T) {
	for text, want := range refused {
		q, err := directory.Parse(text)
		got, ok := errors.AsType[*directory.SyntaxError](err)
		if !ok {
			t.Errorf("%.60q: got %s, %v; want %+v", text, parts(q), err, want)
		} else if *got != want || !q.Empty() {
			t.Errorf("%.60q: got %+v with %s, want %+v", text, *got, parts(q), want)
		}
	}
}

func TestBoundsAreInside(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("ü", directory.MaxQuery),
		`"` + strings.Repeat("é", directory.MaxQuery-2),
		strings.Repeat("a ", directory.MaxParts-1) + "role:x",
		"<" + userLink + "&amp;x=" + strings.Repeat("y", 500) + "|" + userLink + ">",
	} {
		if _, err := directory.Parse(text); err != nil {
			t.Errorf("%.60q: got %v", text, err)
		}
	}
}

func TestFilterNamesAreTheCallersOwn(t *testing.T) {
	names := directory.FilterNames()
	names[0] = "x"
	if got := directory.FilterNames()[0]; got != directory.FilterRole || len(names) != 8 {
		t.Errorf("got %s first of %d", got, len(names))
	}
}

func TestUnescape(t *testing.T) {
	for escaped, want := range map[string]string{
		"kim":                                  "kim",
		"<mailto:kim@x.example|kim@x.example>": "kim@x.example",
		"<tel:+15550100|+1 555 0100>":          "+15550100",
		"<https://x.example/?a=1&amp;b=2>":     "https://x.example/?a=1&b=2",
		"<@U1|kim>":                            "@U1",
		"<http://x.example|x.example>":         "x.example",
		"a &amp;amp; b &lt;c&gt;":              "a &amp; b <c>",
		"<<>> |":                               "<<>> |",
		"<x> R&D":                              "<x> R&D",
	} {
		if got := directory.Unescape(escaped); got != want {
			t.Errorf("%q: got %q, want %q", escaped, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for text := range understood {
		f.Add(text)
	}
	for text := range refused {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	sayings := map[string]bool{}
	for _, e := range refused {
		sayings[e.Error()] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := directory.Parse(text)
		if err != nil {
			checkRefusal(t, err, sayings)
			return
		}
		checkQuery(t, q)
		checkRoundTrip(t, text, q)
	})
}

func checkRoundTrip(t *testing.T, text string, q directory.Query) {
	t.Helper()
	again, err := directory.Parse(q.String())
	if err != nil || !reflect.DeepEqual(again, q) {
		t.Fatalf("%q: %q, printed as %q, gives %q, %v", text, parts(q), q, parts(again), err)
	}
	if again.String() != q.String() {
		t.Fatalf("%q is printed as %q and then as %q", text, q, again)
	}
}

// fragments are what the language is made of.
var fragments = strings.Split(`kim|Lee|role|status|confirmed|UNCONFIRMED|timezone|foo|id:|tel:|mailto:|name:|E-mail:|https://|http://|crm.zoho.eu/|://|//|:|：|@|<@U1>|<@U1/|<#C1>|<|>|&|&amp;|&lt;|&gt;|amp;|"|“|»|'|’|,|;|?|!|.|-|–|/|(|)|(0)|+|00|+49|1|12|5550100|1234567890|572576700000058|5725767000000583032|x.y|:wave:|¡|[|*|é|İ|ŉ|ﬀ|`+"\u0301|\u0338|\u200b|\ufe0f|\u00a0|\n|\x02|\xff", "|")

func TestMixturesPrintAsTheyAreTyped(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parsed := 0
	for range mixtures {
		var text strings.Builder
		for range 1 + random.IntN(14) {
			text.WriteString(fragments[random.IntN(len(fragments))])
			text.WriteString(strings.Repeat(" ", random.IntN(2)))
		}
		if q, err := directory.Parse(text.String()); err == nil {
			checkQuery(t, q)
			checkRoundTrip(t, text.String(), q)
			parsed++
		}
	}
	if parsed < mixtures/4 {
		t.Errorf("%d of %d mixtures were understood", parsed, mixtures)
	}
}

const mixtures = 20_000

// checkRefusal knows all that errors may say, so nothing else can be in them.
func checkRefusal(t *testing.T, err error, sayings map[string]bool) {
	t.Helper()
	e, ok := errors.AsType[*directory.SyntaxError](err)
	if !ok || !sayings[err.Error()] {
		t.Fatalf("got the error %q", err)
	}
	if utf8.RuneCountInString(e.Text) > 40 || strings.ContainsFunc(e.Text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
		t.Fatalf("the error's text is %q", e.Text)
	}
	if e.Nearest != "" && !slices.Contains(directory.FilterNames(), e.Nearest) {
		t.Fatalf("the error's filter is %q", e.Nearest)
	}
}

// checkQuery checks what the fields promise.
func checkQuery(t *testing.T, q directory.Query) {
	t.Helper()
	for _, term := range q.Terms {
		digits := strings.Trim(term.Text, "0123456789")
		switch {
		case term.Text == "",
			strings.ContainsAny(term.Text, "<>\x02"),
			term.Kind != directory.Phrase && strings.ContainsFunc(term.Text, unicode.IsSpace),
			term.Kind == directory.Email && strings.Count(term.Text, "@") != 1,
			term.Kind == directory.Phone && digits != "" && digits != "+",
			term.Kind == directory.ID && digits != "":
			t.Fatalf("got %q", parts(q))
		}
	}
	for _, filter := range q.Filters {
		if filter.Value == "" || !slices.Contains(directory.FilterNames(), filter.Name) {
			t.Fatalf("got %q", parts(q))
		}
	}
}

func ExampleParse() {
	q, err := directory.Parse("kim “Key Accounts” role: Sales +1 (555) 010-0100")
	fmt.Println(q, err)
	_, err = directory.Parse("prof:admin")
	if e, ok := errors.AsType[*directory.SyntaxError](err); ok {
		fmt.Printf("%v; %s is not a filter, %s is", err, e.Text, e.Nearest)
	}
	// Output:
	// kim "Key Accounts" +15550100100 role:Sales <nil>
	// query: unknown filter; prof is not a filter, profile is
}

func BenchmarkParse(b *testing.B) {
	for name, text := range map[string]string{
		"word":  "kim",
		"mixed": `Boyle, Patricia “Key Accounts” role:sales +1 (555) 010-0100 <mailto:kim@example.com|kim@example.com>`,
		"worst": strings.Repeat("@,", 2000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				directory.Parse(text)
			}
		})
	}
}
