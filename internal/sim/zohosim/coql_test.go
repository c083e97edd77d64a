package zohosim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCOQLConditions(t *testing.T) {
	modules := deals(t)
	for where, want := range map[string]string{
		"id is not null":                                        "101 102 103 1000",
		"Deal_Name = 'Test Deal Alpha'":                         "101",
		"Deal_Name = 'test deal alpha'":                         "",
		"Deal_Name = Stage":                                     "SYNTAX_ERROR",
		`Deal_Name = "Test Deal Alpha"`:                         "101",
		"Deal_Name != 'Test Deal Alpha'":                        "102 103",
		"Deal_Name <> 'Test Deal Alpha'":                        "102 103",
		"Deal_Name like 'ALPHA%'":                               "102",
		"Deal_Name like '%alpha'":                               "101",
		"Deal_Name like '%alpha%'":                              "101 102",
		"Deal_Name like 'alpha'":                                "",
		"Deal_Name like '%'":                                    "101 102 103",
		"Deal_Name like '%l%h%'":                                "",
		"Deal_Name not like '%alpha%'":                          "103",
		"Stage in ('Closed', 'Closed Won')":                     "102 103",
		"Stage not in ('Closed', 'Closed Won')":                 "101",
		"Deal_Name is null":                                     "1000",
		"DEAL_NAME is null":                                     "INVALID_QUERY",
		"Deal_Name IS NOT NULL":                                 "101 102 103",
		"Amount = 250.50":                                       "102",
		"Amount = '250.5'":                                      "102",
		"Amount < 250.5":                                        "101",
		"Amount <= 250.5":                                       "101 102",
		"Amount > 250.5":                                        "103",
		"Amount >= 250.5":                                       "102 103",
		"Amount > -1":                                           "101 102 103",
		"Amount between 100 and 250.5":                          "101 102",
		"Amount not between 100 and 250.5":                      "103",
		"Amount in (100, 1000)":                                 "101 103",
		"Closing_Date > '2026-01-01'":                           "102",
		"Closing_Date is null":                                  "103 1000",
		"Created_Time <= '2025-12-31T16:30:00-08:00'":           "101 102",
		"id > '103'":                                            "1000",
		"id in ('101', 1000)":                                   "101 1000",
		"Owner = '900000000000000001'":                          "101 103",
		"Owner = 900000000000000001":                            "101 103",
		"Owner != '900000000000000001'":                         "102",
		"Owner in ('900000000000000001', '900000000000000002')": "101 102 103",
		"Owner is null":                                         "1000",
		"Owner.id = '900000000000000001'":                       "101 103",
		"Owner.name = 'Testerson'":                              "101 103",
		"Owner.name is null":                                    "102 1000",
		"Owner.email = 'owner2@example.com'":                    "102",
		"Account_Name = '77'":                                   "102",
		"Account_Name.id = '77'":                                "102",
		"Account_Name.Account_Name = 'Generated Account'":       "102",
		"Amount > 1 and Stage = 'Closed'":                       "103",
		"Amount = 100 or Stage = 'Closed'":                      "101 103",
		"(Amount = 100 OR Stage = 'Closed') And Amount > 100":   "103",
		"Amount = 100 or (Stage = 'Closed' and Amount > 100)":   "101 103",
		"(((Amount = 100)))":                                    "101",
	} {
		found, refused := runCOQL(modules, "select Deal_Name from Deals where "+where, Config{})
		got := ids(found.data)
		if refused != nil {
			got = refused.code
		}
		if got != want {
			t.Errorf("%s: got %q, %v; want %q", where, got, refused, want)
		}
	}
}

func TestCOQLOnFlags(t *testing.T) {
	modules := made(t, "Leads", object{"Email_Opt_Out": true, "$converted": true}, object{"Email_Opt_Out": false}, object{})
	for where, want := range map[string]string{
		"Email_Opt_Out = TRUE": "101", "Email_Opt_Out = 'false'": "102", "id is not null": "101 102 103",
	} {
		if found, refused := runCOQL(modules, "select id from Leads where "+where, Config{}); refused != nil || ids(found.data) != want {
			t.Errorf("%s: got %v, %v; want %s", where, found.data, refused, want)
		}
	}
}

func TestCOQLRows(t *testing.T) {
	modules := deals(t)
	for query, want := range map[string]string{
		"select id from Deals where id = 102":                                                              `[{"id":"102"}]`,
		"SELECT Deal_Name, Amount FROM Deals WHERE id = 102":                                               `[{"Amount":250.5,"Deal_Name":"alphabet deal","id":"102"}]`,
		"select\n\tOwner\r\nfrom Deals where id in (101,102)":                                              `[{"Owner":{"id":"900000000000000001","name":"Testerson"},"id":"101"},{"Owner":{"id":"900000000000000002","name":null},"id":"102"}]`,
		"select Owner from Deals where id = 1000":                                                          `[{"Owner":null,"id":"1000"}]`,
		"select Owner.id, Owner.name, Owner.email from Deals where id = 101":                               `[{"Owner.email":"owner1@example.com","Owner.id":"900000000000000001","Owner.name":"Testerson","id":"101"}]`,
		"select Account_Name, Account_Name.id, Account_Name.Account_Name from Deals where id in (101,102)": `[{"Account_Name":null,"Account_Name.Account_Name":null,"Account_Name.id":null,"id":"101"},{"Account_Name":{"id":"77","name":"Generated Account"},"Account_Name.Account_Name":"Generated Account","Account_Name.id":"77","id":"102"}]`,
		"select Stage as id from Deals where id = 101":                                                     `[{"id":"101"}]`,
		"select MAX(id) as id from Deals where id is not null":                                             `[{"id":"1000"}]`,
		"select Deal_Name as name, Stage as 'is at' from Deals where id = 101":                             `[{"id":"101","is at":"Qualification","name":"Test Deal Alpha"}]`,

		"select COUNT(id) from Deals where id is not null":                                                                            `[{"COUNT(id)":4}]`,
		"select COUNT(Amount), SUM(Amount), AVG(Amount), MIN(Amount), MAX(Closing_Date) from Deals where id is not null":              `[{"AVG(Amount)":450.1666666666667,"COUNT(Amount)":3,"MAX(Closing_Date)":"2026-02-01","MIN(Amount)":100,"SUM(Amount)":1350.5}]`,
		"select COUNT(id), SUM(Amount), AVG(Amount), MIN(Amount) from Deals where Stage = 'none'":                                     `[{"AVG(Amount)":null,"COUNT(id)":0,"MIN(Amount)":null,"SUM(Amount)":null}]`,
		"select COUNT(id) as total from Deals where id is not null":                                                                   `[{"total":4}]`,
		"select Owner, COUNT(id) from Deals where id is not null group by Owner":                                                      `[{"COUNT(id)":2,"Owner":{"id":"900000000000000001","name":"Testerson"}},{"COUNT(id)":1,"Owner":{"id":"900000000000000002","name":null}},{"COUNT(id)":1,"Owner":null}]`,
		"select Owner.id, COUNT(id) as n from Deals where id is not null group by Owner.id order by n, Owner.id desc":                 `[{"Owner.id":"900000000000000002","n":1},{"Owner.id":null,"n":1},{"Owner.id":"900000000000000001","n":2}]`,
		"select Stage, Owner.name, MAX(Amount) from Deals where Amount > 0 group by Stage, Owner.name order by MAX(Amount) desc":      `[{"MAX(Amount)":1000,"Owner.name":"Testerson","Stage":"Closed"},{"MAX(Amount)":250.5,"Owner.name":null,"Stage":"Closed Won"},{"MAX(Amount)":100,"Owner.name":"Testerson","Stage":"Qualification"}]`,
		"select Owner.id from Deals where Stage is not null group by Owner.id":                                                        `[{"Owner.id":"900000000000000001"},{"Owner.id":"900000000000000002"}]`,
		"select Stage, COUNT(id) from Deals where id is not null group by Stage order by COUNT(id) desc, Stage desc limit 2 offset 1": `[{"COUNT(id)":1,"Stage":"Closed Won"},{"COUNT(id)":1,"Stage":"Closed"}]`,
		"select Owner, COUNT(id) from Deals where id is not null group by Owner order by COUNT(id) desc, Owner desc limit 2000":       `[{"COUNT(id)":2,"Owner":{"id":"900000000000000001","name":"Testerson"}},{"COUNT(id)":1,"Owner":{"id":"900000000000000002","name":null}},{"COUNT(id)":1,"Owner":null}]`,
		"select Owner, Stage, COUNT(id) from Deals where Owner is not null group by Owner, Stage order by Owner, Stage limit 1, 1":    `[{"COUNT(id)":1,"Owner":{"id":"900000000000000001","name":"Testerson"},"Stage":"Qualification"}]`,
		"select COUNT(id) from Deals where Stage = 'none' group by Owner":                                                             `null`,

		"select id from Deals where id is not null order by Deal_Name":               `[{"id":"1000"},{"id":"103"},{"id":"101"},{"id":"102"}]`,
		"select id from Deals where id is not null order by Owner desc, Amount desc": `[{"id":"102"},{"id":"103"},{"id":"101"},{"id":"1000"}]`,
		"select id from Deals where id is not null order by Owner asc, Amount":       `[{"id":"1000"},{"id":"101"},{"id":"103"},{"id":"102"}]`,
		"select id from Deals where id is not null order by id desc limit 1":         `[{"id":"1000"}]`,
		"select id from Deals where id is not null limit 1, 2":                       `[{"id":"102"},{"id":"103"}]`,
		"select id from Deals where id is not null limit 2 offset 1":                 `[{"id":"102"},{"id":"103"}]`,
		"select id from Deals where id is not null offset 3":                         `[{"id":"1000"}]`,
		"select id from Deals where id is not null limit 2 offset 4":                 `null`,
		"select id from Deals where id is not null limit 2000 offset 100000":         `null`,
		"select id from Leads where id is not null":                                  `null`,
	} {
		found, refused := runCOQL(modules, query, Config{})
		got, err := json.Marshal(found.data)
		if err != nil || refused != nil || string(got) != want || !strings.Contains(query, found.module) {
			t.Errorf("%s: got %s, %v, %v; want %s", query, got, refused, err, want)
		}
	}
}

// TestCOQLGroupsAreToldApart has values that look alike when they are joined.
func TestCOQLGroupsAreToldApart(t *testing.T) {
	modules := made(t, "Leads",
		object{"First_Name": "a:b", "Last_Name": "c"}, object{"First_Name": "a", "Last_Name": "b:c"}, object{"First_Name": "a:b:c"},
		object{"First_Name": "", "Last_Name": "x"}, object{"First_Name": nil, "Last_Name": "x"}, object{"First_Name": "1:a", "Last_Name": ""}, object{"First_Name": "1:a"})
	found, refused := runCOQL(modules, "select COUNT(id) from Leads where id is not null group by First_Name, Last_Name", Config{})
	if refused != nil || len(found.data) != 7 {
		t.Errorf("got %v, %v; want seven groups of one", found.data, refused)
	}
}

func TestCOQLRowsAreInTheOrderOfTheirIDs(t *testing.T) {
	modules := made(t, "Leads", object{"id": "20"}, object{"id": "3"}, object{"id": "100"})
	if found, refused := runCOQL(modules, "select id from Leads where id is not null order by Last_Name desc", Config{}); refused != nil || ids(found.data) != "3 20 100" {
		t.Errorf("got %q, %v", ids(found.data), refused)
	}
}

func TestCOQLInfo(t *testing.T) {
	var records []object
	for range 2100 {
		records = append(records, object{})
	}
	modules := made(t, "Leads", records...)
	for limit, want := range map[string]string{
		"":                     "map[count:200 more_records:true]",
		"limit 2000":           "map[count:2000 more_records:true]",
		"limit 2000 offset 99": "map[count:2000 more_records:true]",
		"limit 100, 2000":      "map[count:2000 more_records:false]",
		"limit 9 offset 2095":  "map[count:5 more_records:false]",
	} {
		if found, refused := runCOQL(modules, "select id from Leads where id is not null "+limit, Config{}); refused != nil || fmt.Sprint(found.info) != want {
			t.Errorf("%s: got %v, %v; want %s", limit, found.info, refused, want)
		}
	}
}

// TestLikeOnAPartOfAText finds words with what other readers of text take for
// more than text.
func TestLikeOnAPartOfAText(t *testing.T) {
	modules := made(t, "Accounts",
		object{"Account_Name": "Gen (North), Ltd.", "Website": "https://gen.example/a_b?c=d"},
		object{"Account_Name": "Gen [South] 🎈 & Sons", "Phone": "+999 (100) 200-300"},
		object{"Account_Name": "O'Gen, {East}; 100%", "Industry": "Food, Drink"},
		object{"Account_Name": `ГЕН \ Émile`})
	for where, want := range map[string]string{
		"Account_Name like '%(north)%'":      "101",
		"Account_Name like '%), l%'":         "101",
		"Account_Name like '%,%'":            "101 103",
		"Account_Name like '%[SOUTH]%'":      "102",
		"Account_Name like '%🎈%'":            "102",
		"Account_Name like '%🎈 & s%'":        "102",
		"Account_Name like '%🎉%'":            "",
		"Account_Name like '%{east};%'":      "103",
		"Account_Name like '%o''gen%'":       "103",
		"Account_Name like '%0%%'":           "103",
		"Account_Name like '%ген%'":          "104",
		`Account_Name like '%\\ éM%'`:        "104",
		"Account_Name like '%_%'":            "",
		"Website like '%a_b?%'":              "101",
		"Phone like '%(100)%'":               "102",
		"Industry like '%d, d%'":             "103",
		"Account_Name not like '%gen%'":      "104",
		"Account_Name like '% from Deals %'": "",
	} {
		if found, refused := runCOQL(modules, "select id from Accounts where "+where, Config{}); refused != nil || ids(found.data) != want {
			t.Errorf("%s: got %q, %v; want %q", where, ids(found.data), refused, want)
		}
	}
}

// TestCOQLMaxRows holds for a query without a limit too.
func TestCOQLMaxRows(t *testing.T) {
	var records []object
	for range 300 {
		records = append(records, object{})
	}
	modules := made(t, "Leads", records...)
	for most, byLimit := range map[int]map[string]string{
		0:   {"": "200 of more", "limit 2000": "300", "limit 2001": "LIMIT_EXCEEDED map[clause:limit limit:2000]"},
		200: {"": "200 of more", "limit 200": "200 of more", "limit 201": "LIMIT_EXCEEDED map[clause:limit limit:200]", "limit 5, 201": "LIMIT_EXCEEDED map[clause:limit limit:200]", "limit 200 offset 200": "100"},
		50:  {"": "50 of more", "limit 50": "50 of more", "limit 51": "LIMIT_EXCEEDED map[clause:limit limit:50]"},
	} {
		for limit, want := range byLimit {
			found, refused := runCOQL(modules, "select id from Leads where id is not null "+limit, Config{COQLMaxRows: most})
			got := fmt.Sprint(len(found.data))
			switch {
			case refused != nil:
				got = fmt.Sprint(refused.code, " ", refused.details)
			case found.info["more_records"] == true:
				got += " of more"
			}
			if got != want {
				t.Errorf("%q of at most %d: got %s, want %s", limit, most, got, want)
			}
		}
	}
}

func TestWhichModuleAQueryIsAbout(t *testing.T) {
	for query, want := range map[string]string{
		"select id from Deals where id is not null":                    "Deals",
		"SELECT id\n\tFROM\r\nDeals":                                   "Deals",
		"select * from Deals;":                                         "Deals",
		"select id as ' from Leads ' from Deals where x = 'from Cats'": "Deals",
		`select id as "it''s from Leads" from Deals`:                   "Deals",
		"select from_x, x.from from Deals":                             "Deals",
		"from Cats":                                                    "Cats",
		"select id from Deals, Leads":                                  "Deals",
		"select from from Deals":                                       "from",
		"select id as 'x from Deals":                                   "",
		"select id from 'Deals'":                                       "",
		"select id from (Deals)":                                       "",
		"select id from":                                               "",
		"select id":                                                    "",
		"":                                                             "",
		"\xff from Deals":                                              "Deals",
	} {
		if got := moduleOf(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestCOQLCountKey(t *testing.T) {
	for query, want := range map[string]string{
		"select COUNT(id) from Deals where id is not null order by COUNT(id)": "[map[count:4]]",
		"select COUNT(id) as n from Deals where id is not null":               "[map[n:4]]",
		"select MAX(Amount) from Deals where id is not null":                  "[map[MAX(Amount):1000]]",
	} {
		if found, refused := runCOQL(deals(t), query, Config{COQLCountKey: true}); refused != nil || fmt.Sprint(found.data) != want {
			t.Errorf("%s: got %v, %v; want %s", query, found.data, refused, want)
		}
	}
}

func TestBadCOQL(t *testing.T) {
	modules := deals(t)
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+", ", n), ", ") }
	for query, want := range map[string]string{
		"":                                    "MANDATORY_NOT_FOUND map[api_name:select_query]",
		" \n":                                 "MANDATORY_NOT_FOUND map[api_name:select_query]",
		"update Deals set Stage = 'x'":        "SYNTAX_ERROR map[]",
		"select":                              "SYNTAX_ERROR map[column:7 line:1 near:]",
		"select from Deals where id = 1":      "SYNTAX_ERROR map[column:8 line:1 near:from]",
		"select FROM from Deals where id = 1": "SYNTAX_ERROR map[column:8 line:1 near:FROM]",
		"select * from Deals where id = 1":    "SYNTAX_ERROR map[column:8 line:1 near:*]",
		"select id from Deals":                "SYNTAX_ERROR map[clause:where]",
		"select id from Deals limit 5":        "SYNTAX_ERROR map[clause:where]",
		"select id from Deals whre id = 1":    "SYNTAX_ERROR map[column:22 line:1 near:whre]",
		"select id\nfrom Deals\nwhere Deal_Name = 'é' then":                      "SYNTAX_ERROR map[column:23 line:3 near:then]",
		"select id from Nothing where id = 1":                                    "INVALID_MODULE map[]",
		"select id from deals where id = 1":                                      "INVALID_MODULE map[]",
		"select id from 'Deals' where id = 1":                                    "SYNTAX_ERROR map[column:16 line:1 near:'Deals']",
		"select id, id from Deals where id = 1":                                  "DUPLICATE_DATA map[column_name:id]",
		"select MAX(Amount), MAX(Amount) from Deals where id = 1":                "DUPLICATE_DATA map[aggregate:MAX column_name:Amount]",
		"select id as x, Stage as x from Deals where id = 1":                     "DUPLICATE_ALIAS map[alias:x referred_columns:[id Stage]]",
		"select Stage, Deal_Name as Stage from Deals where id = 1":               "INVALID_QUERY map[alias:Stage column_name:Deal_Name]",
		"select Stage as '' from Deals where id = 1":                             "INVALID_ALIAS map[alias: column_name:Stage]",
		"select Nothing from Deals where id = 1":                                 "INVALID_QUERY map[column_name:Nothing module:Deals reason:column given seems to be invalid]",
		"select Owner.Nothing from Deals where id = 1":                           "INVALID_QUERY map[column_name:Owner.Nothing module:Deals reason:column given seems to be invalid]",
		"select Stage.id from Deals where id = 1":                                "INVALID_QUERY map[column_name:Stage.id module:Deals reason:column given seems to be invalid]",
		"select Account_Name.name from Deals where id = 1":                       "INVALID_QUERY map[column_name:Account_Name.name module:Deals reason:column given seems to be invalid]",
		"select Owner.id.id from Deals where id = 1":                             "INVALID_QUERY map[column_name:Owner.id.id module:Deals reason:column given seems to be invalid]",
		"select count(id) from Deals where id = 1":                               "INVALID_DATA map[column:count(id) reason:unsupported aggregate function]",
		"select SUM(Stage) from Deals where id = 1":                              "INVALID_DATA map[column:SUM(Stage) reason:unsupported aggregate function]",
		"select COUNT(*) from Deals where id = 1":                                "SYNTAX_ERROR map[column:14 line:1 near:*]",
		"select COUNT(id from Deals where id = 1":                                "SYNTAX_ERROR map[column:17 line:1 near:from]",
		"select Stage, COUNT(id) from Deals where id = 1":                        "INVALID_QUERY map[column_name:Stage module:Deals reason:column is not grouped by]",
		"select COUNT(id) from Deals where id = 1 group by Owner order by Stage": "INVALID_QUERY map[column_name:Stage module:Deals reason:column is not grouped by]",
		"select id from Deals where id = 1 order by COUNT(id)":                   "INVALID_QUERY map[column_name:COUNT(id) module:Deals reason:column is not selected]",
		"select COUNT(id) from Deals where id = 1 group by COUNT(id)":            "INVALID_QUERY map[column_name:COUNT(id) module:Deals reason:column cannot be grouped by]",
		"select id from Deals where id = 1 order by Stage, Stage desc":           "DUPLICATE_DATA map[column_name:Stage]",
		"select id from Deals where id = 1 order Stage":                          "SYNTAX_ERROR map[column:41 line:1 near:Stage]",
		"select COUNT(id) from Deals where id = 1 group by Stage, Stage":         "DUPLICATE_DATA map[column_name:Stage]",

		"select id from Deals where Nothing = 1":                        "INVALID_QUERY map[column_name:Nothing module:Deals reason:column given seems to be invalid]",
		"select id from Deals where Deal_Name > 'x'":                    "INVALID_QUERY map[column_name:Deal_Name module:Deals operator:> reason:invalid operator found]",
		"select id from Deals where Owner like '9%'":                    "INVALID_QUERY map[column_name:Owner module:Deals operator:like reason:invalid operator found]",
		"select id from Deals where Amount not like '9%'":               "INVALID_QUERY map[column_name:Amount module:Deals operator:not like reason:invalid operator found]",
		"select id from Deals where Stage between 1 and 2":              "INVALID_QUERY map[column_name:Stage module:Deals operator:between reason:invalid operator found]",
		"select id from Leads where Email_Opt_Out is null":              "INVALID_QUERY map[column_name:Email_Opt_Out module:Leads operator:is null reason:invalid operator found]",
		"select id from Deals where Owner = 'testerson'":                "INVALID_QUERY map[column_name:Owner module:Deals operator:= reason:invalid value]",
		"select id from Deals where Amount < 'x'":                       "INVALID_QUERY map[column_name:Amount module:Deals operator:< reason:invalid value]",
		"select id from Deals where id = 1 and id = 2 and id = 3":       "SYNTAX_ERROR map[column:46 line:1 near:and]",
		"select id from Deals where (id = 1 or id = 2 or id = 3)":       "SYNTAX_ERROR map[column:46 line:1 near:or]",
		"select id from Deals where (id = 1":                            "SYNTAX_ERROR map[column:35 line:1 near:]",
		"select id from Deals where id = 1)":                            "SYNTAX_ERROR map[column:34 line:1 near:)]",
		"select id from Deals where id":                                 "SYNTAX_ERROR map[column:30 line:1 near:]",
		"select id from Deals where id not = 1":                         "SYNTAX_ERROR map[column:35 line:1 near:=]",
		"select id from Deals where id = ":                              "SYNTAX_ERROR map[column:33 line:1 near:]",
		"select id from Deals where id ( 1":                             "SYNTAX_ERROR map[column:31 line:1 near:(]",
		"select id from Deals where id in 1":                            "SYNTAX_ERROR map[column:34 line:1 near:1]",
		"select id from Deals where id in ()":                           "SYNTAX_ERROR map[column:35 line:1 near:)]",
		"select id from Deals where Amount between 1, 2":                "SYNTAX_ERROR map[column:44 line:1 near:,]",
		"select id from Deals where Deal_Name = 'x":                     "SYNTAX_ERROR map[column:40 line:1 near:']",
		`select id from Deals where Deal_Name = 'x\'`:                   "SYNTAX_ERROR map[column:40 line:1 near:']",
		"select id from Deals where Deal_Name = 'x'y'":                  "SYNTAX_ERROR map[column:43 line:1 near:y]",
		"select id from Deals where id = 1;":                            "SYNTAX_ERROR map[column:34 line:1 near:;]",
		"select id from Deals where id = 1 limit":                       "SYNTAX_ERROR map[column:40 line:1 near:]",
		"select id from Deals where id = 1 limit s":                     "INVALID_QUERY map[limit:s]",
		"select id from Deals where id = 1 limit '5'":                   "INVALID_QUERY map[limit:5]",
		"select id from Deals where id = 1 limit 1.5":                   "INVALID_QUERY map[limit:1.5]",
		"select id from Deals where id = 1 limit -":                     "INVALID_QUERY map[limit:-]",
		"select id from Deals where id = 1 limit 5 offset -1":           "INVALID_QUERY map[offset:-1]",
		"select id from Deals where id = 1 limit -5, 10":                "INVALID_QUERY map[offset:-5]",
		"select id from Deals where id = 1 limit 5, -1":                 "INVALID_DATA map[]",
		"select id from Deals where id = 1 limit -99999999999999999999": "INVALID_DATA map[]",
		"select id from Deals where id = 1 limit 5 offset x":            "INVALID_QUERY map[offset:x]",
		"select id from Deals where id = 1 limit 0":                     "INVALID_DATA map[]",
		"select id from Deals where id = 1 limit -5":                    "INVALID_DATA map[]",

		"select id from Deals where id = 1 limit 2001":                          "LIMIT_EXCEEDED map[clause:limit limit:2000]",
		"select id from Deals where id = 1 limit 99999999999999999999":          "LIMIT_EXCEEDED map[clause:limit limit:2000]",
		"select id from Deals where id = 1 limit 5 offset 100001":               "LIMIT_EXCEEDED map[clause:offset limit:100000]",
		"select id from Deals where id = 1 limit 100001, 5":                     "LIMIT_EXCEEDED map[clause:offset limit:100000]",
		"select " + repeat("id", 501) + " from Deals where id = 1":              "LIMIT_EXCEEDED map[clause:select limit:500]",
		"select id from Deals where id in (" + repeat("1", 101) + ")":           "LIMIT_EXCEEDED map[clause:in limit:100]",
		"select id from Deals where id = 1 order by " + repeat("Stage as x", 1): "SYNTAX_ERROR map[column:50 line:1 near:as]",
		"select id from Deals where id = 1 order by id, Owner, Owner.id, Owner.name, Owner.email, Stage, Amount, Deal_Name, Pipeline, Closing_Date, Created_Time": "LIMIT_EXCEEDED map[clause:order by limit:10]",
		"select COUNT(id) from Deals where id = 1 group by Owner, Stage, Amount, Pipeline, Deal_Name":                                                             "LIMIT_EXCEEDED map[clause:group by limit:4]",
		"select COUNT(id), MAX(id), MIN(id), MAX(Amount), MIN(Amount), SUM(Amount) from Deals where id = 1":                                                       "LIMIT_EXCEEDED map[clause:aggregate limit:5]",
		"select id from Deals where " + strings.Repeat("(id = 1 or ", 25) + "id = 1" + strings.Repeat(")", 25):                                                    "LIMIT_EXCEEDED map[clause:where limit:25]",
		"select id from Deals where " + strings.Repeat("(", 51) + "id = 1" + strings.Repeat(")", 51):                                                              "SYNTAX_ERROR map[column:79 line:1 near:id]",
		"select id from Deals where " + strings.Repeat("(", 1_000_000):                                                                                            "SYNTAX_ERROR map[column:79 line:1 near:(]",
	} {
		found, refused := runCOQL(modules, query, Config{})
		if refused == nil || refused.status != 400 || fmt.Sprint(refused.code, " ", refused.details) != want || found.data != nil {
			t.Errorf("%.80s: got %v, want %s", query, refused, want)
		}
	}
	for _, query := range []string{
		"select id from Deals where id in (" + repeat("1", 100) + ")",
		"select id from Deals where " + strings.Repeat("(id = 1 or ", 24) + "id = 1" + strings.Repeat(")", 24),
		"select id from Deals where " + strings.Repeat("(((id = 1)) or ", 24) + "id = 1" + strings.Repeat(")", 24),
		"select id from Deals where " + strings.Repeat("(", 50) + "id = 1" + strings.Repeat(")", 50),
		"select id from Deals where id = 1 order by id, Owner, Owner.id, Owner.name, Owner.email, Stage, Amount, Deal_Name, Pipeline, Closing_Date",
		"select COUNT(id), MAX(id), MIN(id), MAX(Amount), MIN(Amount) from Deals where id = 1 group by Owner, Stage, Amount, Pipeline",
		"select id from Deals where id = 1 limit 2000 offset 100000",
	} {
		if _, refused := runCOQL(modules, query, Config{}); refused != nil {
			t.Errorf("%.80s: got %v, though it is within the limit", query, refused)
		}
	}
}

func TestHostileCOQL(t *testing.T) {
	for _, s := range hostile {
		checkCOQL(t, s)
	}
}

// checkCOQL looks for s, escaped, and wants the record of that name alone.
func checkCOQL(t *testing.T, s string) {
	t.Helper()
	m := &module{name: "Accounts", fields: schemas["Accounts"]}
	var same, contain []string
	for i, name := range decoys(s) {
		id := fmt.Sprint(101 + i)
		m.records = append(m.records, object{"id": id, "Account_Name": name})
		if name == s {
			same = append(same, id)
		}
		if strings.Contains(strings.ToLower(name), strings.ToLower(s)) {
			contain = append(contain, id)
		}
	}
	doubled := strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s)
	slashed := strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s)
	for _, escaped := range []string{doubled, slashed} {
		for where, want := range map[string][]string{"= '%s'": same, "in ('%s')": same, "= '%s' and id is not null": same, "like '%%%s%%'": contain} {
			query := "select id from Accounts where Account_Name " + fmt.Sprintf(where, escaped)
			found, refused := runCOQL(map[string]*module{"Accounts": m}, query, Config{})
			if refused != nil || ids(found.data) != strings.Join(want, " ") {
				t.Errorf("%q: got %q, %v; want %q", query, ids(found.data), refused, want)
			}
		}
	}
}

func FuzzCOQL(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("Owner, COUNT(id) from Deals where (Stage = 'x' or Amount between 1 and 2) and id in (1) group by Owner order by COUNT(id) desc limit 1, 2")
	for _, tail := range []string{"limit -5, 10", "order by Stage desc limit 3 offset 4", "group by id order by id", "or (Owner.id in (1,2) and Deal_Name not like '%x')", "and Amount not between -1 and 5", "and Stage is not null"} {
		f.Add(tail)
	}
	modules := deals(f)
	codes := []string{"SYNTAX_ERROR", "INVALID_QUERY", "INVALID_DATA", "INVALID_MODULE", "INVALID_ALIAS", "LIMIT_EXCEEDED", "DUPLICATE_DATA", "DUPLICATE_ALIAS", "MANDATORY_NOT_FOUND"}
	f.Fuzz(func(t *testing.T, s string) {
		for _, form := range []string{"%s", "select %s", "select id from Deals where %s", "select id from Deals where id = 1 %s"} {
			found, refused := runCOQL(modules, fmt.Sprintf(form, s), Config{})
			if about := moduleOf(fmt.Sprintf(form, s)); refused == nil && about != found.module {
				t.Errorf("%q: is about %q, want %q", s, about, found.module)
			}
			if refused != nil && !slices.Contains(codes, refused.code) {
				t.Errorf("%q: got %v", s, refused)
			}
			if _, err := json.Marshal(found.reply()); err != nil {
				t.Errorf("%q: %v", s, err)
			}
		}
		checkCOQL(t, s)
	})
}

// manyDeals are as many as a large company has, of a hundred owners.
func manyDeals() map[string]*module {
	m := &module{name: "Deals", fields: schemas["Deals"]}
	for i := range 20_000 {
		owner := object{"id": fmt.Sprint(9_000_000_000_000_000_000 + uint64(i%100)), "name": fmt.Sprintf("Owner %d", i%100)}
		m.records = append(m.records, object{"id": fmt.Sprint(5_000_000_000 + i*7919%20_000), "Deal_Name": fmt.Sprintf("Generated Deal %d", i), "Amount": json.Number(fmt.Sprint(i)), "Owner": owner})
	}
	return map[string]*module{"Deals": m}
}

// TestCOQLIsQuick allows a hundred times what it takes.
func TestCOQLIsQuick(t *testing.T) {
	modules := manyDeals()
	for _, query := range []string{
		"select Owner, COUNT(id), SUM(Amount) from Deals where id is not null group by Owner order by COUNT(id) desc",
		"select Deal_Name, COUNT(id) from Deals where id is not null group by Deal_Name",
		"select id from Deals where id is not null order by Deal_Name desc limit 2000",
	} {
		started := time.Now()
		if _, refused := runCOQL(modules, query, Config{}); refused != nil || time.Since(started) > 2*time.Second {
			t.Errorf("%s: took %v, %v", query, time.Since(started), refused)
		}
	}
}

func BenchmarkCOQLGroups(b *testing.B) {
	modules := manyDeals()
	for b.Loop() {
		if found, _ := runCOQL(modules, "select Owner, COUNT(id) from Deals where id is not null group by Owner", Config{}); len(found.data) != 100 {
			b.Fatal(len(found.data))
		}
	}
}

func BenchmarkCOQLOrder(b *testing.B) {
	modules := manyDeals()
	for b.Loop() {
		if found, _ := runCOQL(modules, "select id from Deals where id is not null order by Deal_Name desc", Config{}); len(found.data) != 200 {
			b.Fatal(len(found.data))
		}
	}
}
