package zohosim

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

var searchTime = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// ids are the records' ids, joined.
func ids(data []object) string {
	var all []string
	for _, r := range data {
		all = append(all, r["id"].(string))
	}
	return strings.Join(all, " ")
}

func deals(t testing.TB) map[string]*module {
	return made(t, "Deals",
		object{"Deal_Name": "Test Deal Alpha", "Stage": "Qualification", "Amount": 100, "Closing_Date": "2026-01-01", "Owner": testers[0], "Created_Time": "2026-01-01T01:00:00+01:00"},
		object{"Deal_Name": "alphabet deal", "Stage": "Closed Won", "Amount": 250.5, "Closing_Date": "2026-02-01", "Owner": testers[1], "Account_Name": object{"id": "77", "name": "Generated Account"}, "Created_Time": "2026-01-01T00:30:00+00:00"},
		object{"Deal_Name": "Beta, (really)", "Stage": "Closed", "Amount": 1e3, "Closing_Date": nil, "Owner": testers[0], "Created_Time": "2026-01-02T00:00:00+00:00"},
		object{"id": "1000", "Deal_Name": nil},
	)
}

func TestCriteria(t *testing.T) {
	m := deals(t)["Deals"]
	for criteria, want := range map[string]string{
		`(Deal_Name:equals:ALPHA)`:                        "102 101",
		`Deal_Name:equals:ALPHA`:                          "102 101",
		`(Deal_Name:not_equal:alpha)`:                     "1000 103",
		`(Deal_Name:starts_with:alpha)`:                   "102",
		`(Deal_Name:in:beta,deal alpha)`:                  "103 101",
		`(Deal_Name:equals:Beta\, \(really\))`:            "103",
		`(Deal_Name:equals:\,)`:                           "103",
		`(Stage:equals:closed)`:                           "103",
		`(Stage:not_equal:Closed)`:                        "1000 102 101",
		`(Stage:in:closed,qualification)`:                 "103 101",
		`(Amount:equals:1000.0)`:                          "103",
		`(Amount:not_equal:100)`:                          "1000 103 102",
		`(Amount:less_than:250.5)`:                        "101",
		`(Amount:less_equal:250.5)`:                       "102 101",
		`(Amount:greater_than:250.5)`:                     "103",
		`(Amount:greater_equal:250.5)`:                    "103 102",
		`(Amount:between:100,250.5)`:                      "102 101",
		`(Amount:in:100,1000)`:                            "103 101",
		`(Closing_Date:greater_than:2026-01-01)`:          "102",
		`(Created_Time:equals:2025-12-31T16:00:00-08:00)`: "101",
		`(Created_Time:between:2026-01-01T00:00:00+00:00,2026-01-01T01:00:00+00:00)`: "102 101",
		`(id:less_than:1000)`:                                                      "103 102 101",
		`(Owner:equals:900000000000000001)`:                                        "103 101",
		`(Owner:not_equal:900000000000000001)`:                                     "1000 102",
		`(Owner:in:900000000000000002,1)`:                                          "102",
		`(Account_Name:equals:77)`:                                                 "102",
		`((Deal_Name:equals:alpha)and(Amount:greater_than:100))`:                   "102",
		`((Deal_Name:equals:beta)or(Amount:equals:100))`:                           "103 101",
		`(Deal_Name:equals:beta) OR (Amount:equals:100)`:                           "103 101",
		`(((Deal_Name:equals:beta)or(Amount:equals:100))and(Stage:equals:closed))`: "103",
		`((Amount:equals:100)or((Deal_Name:equals:beta)and(Stage:equals:closed)))`: "103 101",
		`(Deal_Name:equals:nothing like it)`:                                       "",
		`(Deal_Name:equals:x:y)`:                                                   "",
	} {
		found, refused := m.search(url.Values{"criteria": {criteria}}, searchTime, Config{})
		if got := ids(found.data); refused != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", criteria, got, refused, want)
		}
	}
}

// TestExactEquals: the whole text, but for the case of its letters.
func TestExactEquals(t *testing.T) {
	m := deals(t)["Deals"]
	for criteria, want := range map[string]string{
		`(Deal_Name:equals:ALPHA)`:                     "",
		`(Deal_Name:equals:test deal ALPHA)`:           "101",
		`(Deal_Name:equals:Beta\, \(really\))`:         "103",
		`(Deal_Name:not_equal:alphabet deal)`:          "1000 103 101",
		`(Deal_Name:in:alphabet deal,test deal)`:       "102",
		`(Deal_Name:starts_with:alpha)`:                "102",
		`(Stage:equals:closed)`:                        "103",
		`(Amount:equals:1000.0)`:                       "103",
		`((Deal_Name:equals:beta)or(Amount:equals:1))`: "",
	} {
		found, refused := m.search(url.Values{"criteria": {criteria}}, searchTime, Config{ExactEquals: true})
		if got := ids(found.data); refused != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", criteria, got, refused, want)
		}
	}
}

func TestCriteriaOnFlags(t *testing.T) {
	m := made(t, "Leads", object{"Email_Opt_Out": true}, object{"Email_Opt_Out": false}, object{})["Leads"]
	for criteria, want := range map[string]string{
		"(Email_Opt_Out:equals:true)":    "101",
		"(Email_Opt_Out:not_equal:true)": "103 102",
	} {
		if found, refused := m.search(url.Values{"criteria": {criteria}}, searchTime, Config{}); refused != nil || ids(found.data) != want {
			t.Errorf("%s: got %q, %v; want %q", criteria, ids(found.data), refused, want)
		}
	}
}

func TestBadCriteria(t *testing.T) {
	m := deals(t)["Deals"]
	condition := "(Stage:equals:x)"
	for criteria, want := range map[string]string{
		"(Nothing:equals:x)":                                "map[api_name:Nothing reason:the field is not available for search]",
		"(deal_name:equals:x)":                              "map[api_name:deal_name reason:the field is not available for search]",
		"(Deal_Name:contains:x)":                            "map[api_name:Deal_Name operator:contains reason:invalid operator found]",
		"(Deal_Name:less_than:x)":                           "map[api_name:Deal_Name operator:less_than reason:invalid operator found]",
		"(Stage:starts_with:x)":                             "map[api_name:Stage operator:starts_with reason:invalid operator found]",
		"(Owner:starts_with:9)":                             "map[api_name:Owner operator:starts_with reason:invalid operator found]",
		"(Amount:starts_with:1)":                            "map[api_name:Amount operator:starts_with reason:invalid operator found]",
		"(Amount:equals:much)":                              "map[api_name:Amount expected_data_type:currency reason:invalid value value:much]",
		"(Amount:equals:NaN)":                               "map[api_name:Amount expected_data_type:currency reason:invalid value value:NaN]",
		"(Amount:equals:0x1p4)":                             "map[api_name:Amount expected_data_type:currency reason:invalid value value:0x1p4]",
		"(Amount:equals:1e300)":                             "map[api_name:Amount expected_data_type:currency reason:invalid value value:1e300]",
		"(Owner:equals:testerson)":                          "map[api_name:Owner expected_data_type:ownerlookup reason:invalid value value:testerson]",
		"(Closing_Date:equals:2026-01-01T00:00:00Z)":        "map[api_name:Closing_Date expected_data_type:date reason:invalid value value:2026-01-01T00:00:00Z]",
		"(Created_Time:equals:2026-01-01)":                  "map[api_name:Created_Time expected_data_type:datetime reason:invalid value value:2026-01-01]",
		"(Deal_Name:equals:)":                               "map[api_name:Deal_Name expected_data_type:text reason:invalid value value:]",
		"(Deal_Name:equals:Burns,B)":                        "map[api_name:Deal_Name operator:equals param_name:Deal_Name reason:number of values]",
		"(Amount:between:1)":                                "map[api_name:Amount operator:between param_name:Amount reason:number of values]",
		"(Amount:between:1,2,3)":                            "map[api_name:Amount operator:between param_name:Amount reason:number of values]",
		"(Deal_Name:in:x" + strings.Repeat(",x", 100) + ")": "map[api_name:Deal_Name operator:in param_name:Deal_Name reason:number of values]",
		"(Deal_Name:equals:a(b)":                            "map[reason:bracket in a value, not escaped]",
		"(Deal_Name:equals:a)b)":                            "map[reason:unexpected text behind the criteria]",
		"Deal_Name:equals:a)":                               "map[reason:unexpected text behind the criteria]",
		`(Deal_Name:equals:a\)`:                             "map[reason:bracket not closed]",
		"(Deal_Name:equals:a":                               "map[reason:bracket not closed]",
		"(Deal_Name:equals)":                                "map[reason:not field:operator:value]",
		"Deal_Name":                                         "map[reason:not field:operator:value]",
		"()":                                                "map[reason:not field:operator:value]",
		condition + "and":                                   "map[reason:brackets missing, or too many of them]",
		condition + "xor" + condition:                       "map[reason:unexpected text behind the criteria]",
		condition + condition:                               "map[reason:unexpected text behind the criteria]",
		condition + strings.Repeat("or"+condition, 10):      "map[reason:more than 10 criteria]",
		strings.Repeat("(", 20) + condition + strings.Repeat(")", 20): "map[reason:brackets missing, or too many of them]",
		strings.Repeat("(", 100_000):                                  "map[reason:brackets missing, or too many of them]",
		"(Deal_Name:equals:\xff)":                                     "map[reason:not UTF-8]",
	} {
		_, refused := m.search(url.Values{"criteria": {criteria}}, searchTime, Config{})
		if refused == nil || refused.status != 400 || refused.code != "INVALID_QUERY" || fmt.Sprint(refused.details) != want {
			t.Errorf("%.60s: got %v, want %s", criteria, refused, want)
		}
	}
	for _, criteria := range []string{
		condition + strings.Repeat("or"+condition, 9),
		strings.Repeat("(", 19) + condition + strings.Repeat(")", 19),
		"((" + condition + "))" + strings.Repeat("or(("+condition+"))", 9),
		"(Deal_Name:in:x" + strings.Repeat(",x", 99) + ")",
	} {
		if _, refused := m.search(url.Values{"criteria": {criteria}}, searchTime, Config{}); refused != nil {
			t.Errorf("%.60s: got %v, though it is within the limit", criteria, refused)
		}
	}
}

func people(t testing.TB) *module {
	return made(t, "Contacts",
		object{"Full_Name": "Test Onesson", "Email": "One.Testing@example.com", "Phone": "+1 (555) 0101", "Owner": testers[0]},
		object{"Full_Name": "Tést Twosson-Threesson", "Email": "two@example.com", "Mobile": "+1 555 0101", "Phone": "+1 555 0102", "Owner": testers[1]},
		object{"Full_Name": "Other Generated", "Phone": "not known", "Account_Name": object{"id": "5", "name": "Onesson Ltd"}},
	)["Contacts"]
}

func TestSearchParameters(t *testing.T) {
	m := people(t)
	for query, want := range map[string]string{
		"email=one.testing@EXAMPLE.com": "101",
		"email=other+generated":         "",
		"email=example.com":             "",
		"email=owner1@example.com":      "",
		"phone=%2B1+555-0101":           "102 101",
		"phone=15550102":                "102",
		"phone=555":                     "",
		"phone=none":                    "",
		"word=ones":                     "101",
		"word=ONES":                     "101",
		"word=nesson":                   "",
		"word=test+onesson":             "101",
		"word=t%C3%A9st":                "102",
		"word=threes":                   "102",
		"word=example":                  "102 101",
		"word=testerson":                "",
		"criteria=(Full_Name:equals:other)&email=two@example.com&phone=15550101&word=ones": "103",
		"email=two@example.com&phone=15550101&word=ones":                                   "102",
		"phone=15550101&word=ones":                                                         "102 101",
		"criteria=&word=ones":                                                              "101",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if found, refused := m.search(q, searchTime, Config{}); refused != nil || ids(found.data) != want {
			t.Errorf("%s: got %q, %v; want %q", query, ids(found.data), refused, want)
		}
	}
}

func TestBadSearches(t *testing.T) {
	m := people(t)
	for query, want := range map[string]string{
		"":                                   "EXPECTED_PARAM_MISSING map[param_names:[criteria email phone word]]",
		"word=":                              "EXPECTED_PARAM_MISSING map[param_names:[criteria email phone word]]",
		"word=x":                             "INVALID_DATA map[param_name:word]",
		"word=%20x%20":                       "INVALID_DATA map[param_name:word]",
		"word=%C3%A9":                        "INVALID_DATA map[param_name:word]",
		"word=o'test":                        "INVALID_DATA map[param_name:word]",
		"word=te%25":                         "INVALID_DATA map[param_name:word]",
		"word=te*":                           "INVALID_DATA map[param_name:word]",
		"word=te%FF":                         "INVALID_DATA map[param_name:word]",
		"word=te%00":                         "INVALID_DATA map[param_name:word]",
		"word=test&converted=yes":            "INVALID_DATA map[param_name:converted]",
		"word=test&page=0":                   "INVALID_DATA map[param_name:page]",
		"word=test&per_page=201":             "INVALID_DATA map[param_name:per_page]",
		"word=test&page=11":                  "LIMIT_REACHED map[limit:2000]",
		"word=test&page=101&per_page=20":     "LIMIT_REACHED map[limit:2000]",
		"word=test&page=9223372036854775807": "LIMIT_REACHED map[limit:2000]",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, refused := m.search(q, searchTime, Config{})
		if refused == nil || refused.status != 400 || fmt.Sprint(refused.code, " ", refused.details) != want {
			t.Errorf("%s: got %v, want %s", query, refused, want)
		}
	}
}

func TestSearchPages(t *testing.T) {
	var records []object
	for i := range 2100 {
		records = append(records, object{"id": fmt.Sprint(9000 + i), "Last_Name": "Generated"})
	}
	m := made(t, "Leads", records...)["Leads"]
	for query, want := range map[string]string{
		"":                     "200 11099 10900 map[count:200 more_records:true page:1 per_page:200 sort_by:id sort_order:desc]",
		"page=10":              "200 9299 9100 map[count:200 more_records:true page:10 per_page:200 sort_by:id sort_order:desc]",
		"page=100&per_page=20": "20 9119 9100 map[count:20 more_records:true page:100 per_page:20 sort_by:id sort_order:desc]",
	} {
		q, _ := url.ParseQuery("word=generated&" + query)
		found, refused := m.search(q, searchTime, Config{})
		if refused != nil {
			t.Fatal(query, refused)
		}
		n := len(found.data)
		if got := fmt.Sprintf("%d %s %s %v", n, found.data[0]["id"], found.data[n-1]["id"], found.info); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	m.records = m.records[:200]
	found, _ := m.search(url.Values{"word": {"generated"}}, searchTime, Config{})
	beyond, refused := m.search(url.Values{"word": {"generated"}, "page": {"2"}}, searchTime, Config{})
	if found.info["more_records"] != false || len(beyond.data) != 0 || refused != nil {
		t.Errorf("got %v, then %v, %v; want one full page", found.info, beyond.info, refused)
	}
}

func TestSearchFields(t *testing.T) {
	m := people(t)
	for fields, want := range map[string]string{
		"Full_Name":                "map[Full_Name:Test Onesson id:101]",
		"Owner, Mobile,Nothing,id": "map[Mobile:<nil> Owner:map[email:owner1@example.com id:900000000000000001 name:Owner van Testerson] id:101]",
		",":                        "map[id:101]",
	} {
		found, refused := m.search(url.Values{"word": {"ones"}, "fields": {fields}}, searchTime, Config{})
		if refused != nil || len(found.data) != 1 || fmt.Sprint(found.data[0]) != want {
			t.Errorf("%s: got %v, %v; want %s", fields, found.data, refused, want)
		}
	}
	if len(m.records[0]) != 5 {
		t.Errorf("the record itself was cut down: %v", m.records[0])
	}
	found, _ := m.search(url.Values{"word": {"ones"}}, searchTime, Config{})
	if got := found.reply(); fmt.Sprint(got) != fmt.Sprint(object{"data": m.records[:1], "info": found.info}) {
		t.Errorf("without fields: got %v, want the record", got)
	}
}

func TestConvertedLeads(t *testing.T) {
	m := made(t, "Leads",
		object{"Last_Name": "Generated", "$converted": true}, object{"Last_Name": "Generated", "$converted": false}, object{"Last_Name": "Generated"})["Leads"]
	for converted, want := range map[string]string{"": "103 102", "false": "103 102", "true": "101", "both": "103 102 101"} {
		found, refused := m.search(url.Values{"word": {"generated"}, "converted": {converted}, "fields": {"$converted"}}, searchTime, Config{})
		if refused != nil || ids(found.data) != want || strings.Contains(want, "101") && found.data[len(found.data)-1]["$converted"] != true {
			t.Errorf("%q: got %v, %v; want %q", converted, found.data, refused, want)
		}
	}
}

func TestTheIndexLags(t *testing.T) {
	m := deals(t)["Deals"]
	q := url.Values{"criteria": {"(Deal_Name:not_equal:x)"}}
	for lag, want := range map[time.Duration]string{
		0:                          "1000 103 102 101",
		12 * time.Hour:             "1000 103 102 101",
		12*time.Hour + time.Second: "1000 102 101",
		36 * time.Hour:             "1000 101",
		48 * time.Hour:             "1000",
	} {
		if found, refused := m.search(q, searchTime, Config{IndexLag: lag}); refused != nil || ids(found.data) != want {
			t.Errorf("%v: got %q, %v; want %q", lag, ids(found.data), refused, want)
		}
	}
}

// hostile are values that try to be more than a value.
var hostile = []string{
	"", " ", "x", "X", `\`, `\\`, `a\b`, `x\`, `\)`, "(", ")", ",", "a,b", "(a)", ":", "a:equals:b", "Test)or(Last_Name:not_equal:x", `Test\)or(Last_Name:not_equal:x`,
	"'", "''", `'\''`, `\'`, `\\'`, `"`, "%", "%%", "x' or id is not null or Account_Name = 'x", `x\' or id is not null or Account_Name = \'x`,
	"x' limit 1 --", "\n", "\x00", "é", "É", "ſ", "İ", "K", "名前", "🎈", "👩‍🚀 (a), [b]", "null", "${EMPTY}", "true", "5", strings.Repeat("(", 3000),
}

// decoys are records that a value may find if it is taken for more.
func decoys(s string) []string {
	return []string{s, "", "x", "y", "decoy", s + "x", "x" + s, s + `\`, `\` + s, s + s, strings.ToUpper(s), strings.TrimSpace(s), strings.ReplaceAll(s, `\`, ""), strings.ReplaceAll(s, "'", "")}
}

func TestHostileCriteria(t *testing.T) {
	for _, s := range hostile {
		checkCriteria(t, s)
	}
}

// checkCriteria searches for s, escaped, and wants what contains it.
func checkCriteria(t *testing.T, s string) {
	t.Helper()
	escaped := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, ",", `\,`).Replace(s)
	m := &module{name: "Contacts", fields: schemas["Contacts"]}
	var contain, begin []string
	for i, name := range decoys(strings.ToValidUTF8(s, "?")) {
		id := fmt.Sprint(101 + i)
		m.records = append(m.records, object{"id": id, "Last_Name": name})
		if strings.Contains(strings.ToLower(name), strings.ToLower(s)) {
			contain = append(contain, id)
		}
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(s)) {
			begin = append(begin, id)
		}
	}
	for operator, want := range map[string][]string{"equals": contain, "starts_with": begin, "in": contain} {
		slices.Reverse(want)
		for _, form := range []string{"(Last_Name:%s:%s)", "Last_Name:%s:%s", "((Last_Name:%s:%s)and(id:greater_than:0))"} {
			found, refused := m.search(url.Values{"criteria": {fmt.Sprintf(form, operator, escaped)}}, searchTime, Config{})
			switch good := s != "" && strings.ToValidUTF8(s, "?") == s; {
			case !good && refused == nil:
				t.Errorf("%q: got %q, want a refusal", s, ids(found.data))
			case good && (refused != nil || ids(found.data) != strings.Join(want, " ")):
				t.Errorf("%s of %q: got %q, %v; want %q", operator, s, ids(found.data), refused, want)
			}
		}
		slices.Reverse(want)
	}
}

func FuzzCriteria(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("((Last_Name:equals:x)and((id:in:1,2)or(Owner:equals:7)))")
	modules := deals(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, form := range []string{"%s", "(%s)", "(Deal_Name:%s)", "(Amount:between:%s)", "((Stage:equals:x)and(%s))"} {
			if _, refused := modules["Deals"].search(url.Values{"criteria": {fmt.Sprintf(form, s)}}, searchTime, Config{}); refused != nil && refused.code != "INVALID_QUERY" && refused.code != "EXPECTED_PARAM_MISSING" {
				t.Errorf("%q: got %v", s, refused)
			}
		}
		for _, name := range []string{"word", "email", "phone"} {
			if found, _ := modules["Deals"].search(url.Values{name: {s}}, searchTime, Config{}); name != "word" && len(found.data) > 0 {
				t.Errorf("%s=%q: got %v", name, s, found.data)
			}
		}
		checkCriteria(t, s)
	})
}
