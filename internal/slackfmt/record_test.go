package slackfmt_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// changed is when the sample's records were modified.
var changed = time.Date(2024, 5, 7, 5, 2, 36, 0, time.UTC)

const recordPage = "https://crm.zoho.com/crm/org808232144/tab/Accounts/5725767000009100101"

// ownedBy is a record of the sample: its number there, and its owner's.
func ownedBy(t testing.TB, owner int, module string, number int, name string, shown ...records.Shown) records.Record {
	t.Helper()
	u := sample(t)[owner]
	o := records.Owner{User: u, Known: true}
	if !u.Active() {
		o.Managers = snapshot(t).Managers(u.ID)
	}
	return records.Record{Module: module, ID: fmt.Sprintf("572576700000910%04d", number), Name: name, Shown: shown, Owner: o, ModifiedTime: changed}
}

func shownOf(pairs ...string) []records.Shown {
	var all []records.Shown
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, records.Shown{Field: pair[0], Value: pair[1]})
	}
	return all
}

// sampleRecords are those of the sample whose names hold "gen".
func sampleRecords(t testing.TB) []records.Record {
	t.Helper()
	return []records.Record{
		ownedBy(t, 0, "Accounts", 101, "Gentest Industries", shownOf("Website", "https://gentest.example", "Phone", "+999 100 200 300", "Industry", "Technology", "Annual_Revenue", "1250000")...),
		ownedBy(t, 3, "Accounts", 102, "Gensample Industries"),
		ownedBy(t, 1, "Accounts", 103, "Gensample Foods", shownOf("Industry", "Retail")...),
		ownedBy(t, 2, "Contacts", 104, "Tami Gentest", shownOf("Account_Name", "Gentest Industries")...),
		ownedBy(t, 4, "Deals", 106, "Gentest Industries renewal", shownOf("Stage", "Negotiation/Review", "Amount", "12000.5", "Closing_Date", "2025-06-30", "Account_Name", "Gentest Industries")...),
		ownedBy(t, 5, "Leads", 108, "Nilo Gentest", shownOf("Company", "Genlead Foods", "Lead_Status", "Contacted")...),
	}
}

func owner(text string) slackfmt.Ask { return slackfmt.Ask{Command: "/crmowner", Text: text} }

func recordCard(r records.Record) slackfmt.RecordCard {
	return slackfmt.RecordCard{Asked: owner("gentest"), Record: r, Link: recordPage, ReadAt: readAt, Now: now, Zone: "Europe/Berlin"}
}

// late are modules that did not answer.
func late(modules ...string) []slackfmt.Missing {
	var all []slackfmt.Missing
	for _, m := range modules {
		all = append(all, slackfmt.Missing{Module: m, Why: slackfmt.NotInTime, Again: true})
	}
	return all
}

func TestGoldenRecords(t *testing.T) {
	all := sampleRecords(t)
	golden(t, "record", recordCard(all[0]).Message())
	golden(t, "record-owner-disabled", recordCard(all[1]).Message())
	golden(t, "record-owner-deleted", recordCard(all[2]).Message())

	deal := recordCard(all[4])
	deal.Record.Owner = records.Owner{User: user(t, fullUser), Known: true}
	deal.Asked.Back = &slackfmt.Ask{Command: "/crmowner", Text: "gen"}
	golden(t, "record-full", deal.Message())
	deal.Record.Owner = records.Owner{User: zoho.User{ID: "5725767000000411999", FullName: "Boyle"}}
	golden(t, "record-owner-unknown", deal.Message())

	several := recordCard(all[1])
	several.Record.Owner.Managers = directory.Managers{Users: sample(t)[4:6], By: directory.RoleTree, Role: "Product Manager", Total: 3}
	several.Missing, several.People = late("Deals", "Leads"), sample(t)[:1]
	golden(t, "record-missing", several.Message())
	nameless := recordCard(all[0])
	nameless.Record.Name, nameless.Record.Owner, nameless.Record.Shown, nameless.People, nameless.Link = "", records.Owner{}, nil, sample(t)[:5], ""
	golden(t, "record-nameless", nameless.Message())
}

func TestGoldenRecordLists(t *testing.T) {
	l := slackfmt.RecordList{Asked: owner("gen"), Found: records.Found{Records: sampleRecords(t), Total: 6, ReadAt: readAt}}
	golden(t, "records", l.Message())
	l.Found.Records = slices.Repeat(l.Found.Records, 3)
	l.Found.Total, l.Found.More = 200, true
	l.Missing, l.People = append(late("Cases"), slackfmt.Missing{Module: "Quotes", Why: slackfmt.ScopeMissing("ZohoCRM.modules.quotes.READ", "crmwho setup --stack crmwho")}), sample(t)[:2]
	golden(t, "records-many", l.Message())

	modules := []string{"Accounts", "Deals", "Contacts", "Leads"}
	golden(t, "no-record", slackfmt.NoRecord(owner("<zaphod> & *co*"), records.Found{ReadAt: readAt}, nil, modules, ""))
	golden(t, "no-record-unindexed", slackfmt.NoRecord(owner("zaphod"), records.Found{ReadAt: readAt, Unindexed: true}, nil, modules, "crmwho setup --stack crmwho"))
	golden(t, "no-record-missing", slackfmt.NoRecord(owner("zaphod"), records.Found{ReadAt: readAt}, late("Deals", "Leads"), modules, ""))
	golden(t, "no-record-at-all", slackfmt.NoRecord(owner("zaphod"), records.Found{}, late(modules...), modules, ""))
	golden(t, "no-record-now", slackfmt.NoRecord(slackfmt.RecordAsk("Deals", "5725767000009100106"), records.Found{ReadAt: readAt}, nil, []string{"Deals"}, ""))
	golden(t, "not-a-record", slackfmt.NotARecord("https://example.com/x?y=z"))
	golden(t, "too-long", slackfmt.TooLong("/crmowner", 2000))
	golden(t, "scope-missing", slackfmt.ScopeMissing("ZohoCRM.coql.READ, ZohoCRM.modules.deals.READ", "crmwho setup --stack crmwho").Failure("7KQ2M4XW"))
	golden(t, "refused-back", slackfmt.NotAllowed("/crmowner", slackfmt.Door{}).BackTo(slackfmt.Ask{Command: "/crmowner", Back: &slackfmt.Ask{Command: "/crmuser", Person: "1"}}))
}

func owned(t testing.TB, user int) slackfmt.Owned {
	all := sampleRecords(t)
	return slackfmt.Owned{
		Asked: owner("what does patricia own"), Owner: ownedBy(t, user, "", 0, "").Owner,
		Holdings: records.Holdings{
			Counts: []records.Count{{Module: "Deals", Records: 5, Open: 3}, {Module: "Accounts", Records: 12, Open: 12}, {Module: "Contacts", Records: 1, Open: 1}, {Module: "Leads", Records: 1204, Open: 1204}},
			Latest: all[:5], ReadAt: readAt,
		},
	}
}

func TestGoldenCardThatLeadsToRecords(t *testing.T) {
	card := fullCard(t)
	card.Owns = true
	golden(t, "card-owns", card.Message())
	golden(t, "card-owns-alone", slackfmt.Card{User: sample(t)[4], Owns: true, ReadAt: readAt, Now: now}.Message())
}

func TestGoldenOwned(t *testing.T) {
	golden(t, "owners", slackfmt.Owners(owner("what does patricia own"), "patricia", found(t, "patricia")))
	golden(t, "owners-suggested", slackfmt.Owners(owner("what does patrisia3 own"), "patrisia3", found(t, "patrisia3")))
	golden(t, "owned", owned(t, 0).Message())
	gone := owned(t, 3)
	gone.Missing, gone.Asked.Back = late("Leads"), &slackfmt.Ask{Command: "/crmowner", Text: "orphans"}
	gone.Holdings.Counts = gone.Holdings.Counts[:3]
	golden(t, "owned-disabled", gone.Message())
	nothing := owned(t, 2)
	nothing.Holdings.Counts, nothing.Holdings.Latest = nil, nil
	golden(t, "owned-nothing", nothing.Message())
}

func orphans(t testing.TB, page int) slackfmt.OrphanList {
	l := slackfmt.OrphanList{Asked: owner("orphans"), Orphans: records.Orphans{ReadAt: readAt, Records: 1234}}
	l.Asked.Page = page
	l.Orphans.Counts = []records.Count{{Module: "Accounts", Records: 834}, {Module: "Deals", Records: 400}}
	users := sample(t)
	for i := range 13 {
		o := records.Orphan{Owner: records.Owner{User: users[[]int{1, 3, 6, 8}[i%4]], Known: i%5 != 4}, Records: 120 - i}
		if o.Managers = snapshot(t).Managers(o.User.ID); !o.Known {
			o.Owner = records.Owner{User: zoho.User{ID: "5725767000000411999"}}
		}
		o.Counts = []records.Count{{Module: "Accounts", Records: 119 - i}, {Module: "Deals", Records: 1}}
		l.Orphans.Owners = append(l.Orphans.Owners, o)
	}
	return l
}

func TestGoldenOrphans(t *testing.T) {
	golden(t, "orphans", orphans(t, 0).Message())
	last := orphans(t, 1)
	last.Missing = late("Leads")
	golden(t, "orphans-last-page", last.Message())
	last.Orphans = records.Orphans{ReadAt: readAt}
	golden(t, "orphans-missing", last.Message())
	last.Missing, last.Asked.Page = nil, 0
	golden(t, "orphans-none", last.Message())
}

// recordsOf are records that belong to the people of an organisation, with its
// words in every field.
func (o org) records() []records.Record {
	var all []records.Record
	for i, u := range slices.Concat(o.users, o.users) {
		r := records.Record{Module: o.words, ID: o.words, Name: u.FullName, ModifiedTime: changed, Owner: records.Owner{User: u, Known: i%3 > 0}}
		if i%2 == 0 {
			r.Module, r.ID = "Deals", fmt.Sprint(i)
		}
		for range 30 {
			r.Shown = append(r.Shown, records.Shown{Field: o.words, Value: u.Role.Name})
		}
		r.Owner.Managers = directory.Managers{Users: o.users, Total: len(o.users), By: directory.RoleTree, Role: o.words}
		all = append(all, r)
	}
	return all
}

// missing are many modules, for many reasons.
func (o org) missing() []slackfmt.Missing {
	var all []slackfmt.Missing
	for i := range 12 {
		all = append(all, slackfmt.Missing{Module: fmt.Sprint(o.words, i), Why: slackfmt.ScopeMissing(fmt.Sprint(i, o.words), o.words), Again: true})
	}
	return all
}

func (o org) count() []records.Count {
	all := []records.Count{{Module: "Deals", Records: 12345, Open: 1234}}
	for i := range 12 {
		all = append(all, records.Count{Module: fmt.Sprint(o.words, i), Records: i * 1000})
	}
	return all
}

func (o org) recordCard() slackfmt.RecordCard {
	return slackfmt.RecordCard{
		Asked: o.asked(), Record: o.records()[1], Link: "https://crm.zoho.com/", People: o.users, Missing: o.missing(), Now: now, Zone: o.words,
	}
}

func (o org) orphans(page int) slackfmt.OrphanList {
	l := slackfmt.OrphanList{Asked: o.asked(), Missing: o.missing(), Orphans: records.Orphans{Records: 123456, Counts: o.count()}}
	l.Asked.Page = page
	for _, r := range o.records() {
		l.Orphans.Owners = append(l.Orphans.Owners, records.Orphan{Owner: r.Owner, Records: 12345, Counts: o.count()})
	}
	return l
}

func init() {
	for name, build := range map[string]func(o org) slackfmt.Message{
		"record": func(o org) slackfmt.Message { return o.recordCard().Message() },
		"record of nobody": func(o org) slackfmt.Message {
			c := o.recordCard()
			c.Record.Owner, c.People = records.Owner{}, o.users[:1]
			return c.Message()
		},
		"records": func(o org) slackfmt.Message {
			return slackfmt.RecordList{Asked: o.asked(), Found: records.Found{Records: o.records(), Total: 1000, More: true}, People: o.users, Missing: o.missing()}.Message()
		},
		"no record": func(o org) slackfmt.Message {
			return slackfmt.NoRecord(o.asked(), records.Found{ReadAt: readAt}, o.missing(), slices.Repeat([]string{o.words, "Deals"}, 20), o.words)
		},
		"owners": func(o org) slackfmt.Message { return slackfmt.Owners(o.asked(), o.asked().Text, people(o.users...)) },
		"owned": func(o org) slackfmt.Message {
			r := o.records()
			return slackfmt.Owned{Asked: o.asked(), Owner: r[0].Owner, Holdings: records.Holdings{Counts: o.count(), Latest: r}, Missing: o.missing()}.Message()
		},
		"orphans":      func(o org) slackfmt.Message { return o.orphans(0).Message() },
		"last orphans": func(o org) slackfmt.Message { return o.orphans(1000).Message() },
		"no orphans": func(o org) slackfmt.Message {
			return slackfmt.OrphanList{Asked: o.asked(), Missing: o.missing()}.Message()
		},
		"not a record": func(o org) slackfmt.Message { return slackfmt.NotARecord(o.words).BackTo(o.asked()) },
		"too long":     func(o org) slackfmt.Message { return slackfmt.TooLong(o.words, 1234) },
	} {
		builders[name] = build
	}
}

// TestWhoIsWrongComesFirst in what a lock screen shows.
func TestWhoIsWrongComesFirst(t *testing.T) {
	all := sampleRecords(t)
	for i, want := range map[int]string{
		0: "Gentest Industries (account) is owned by Patricia Boyle, CEO, active. E-mail: ",
		1: "The owner is disabled: Gensample Industries (account) is owned by ",
		2: "The owner is deleted: Gensample Foods (account) is owned by ",
	} {
		if got := recordCard(all[i]).Message().Text; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestFieldsAreInWords, on a card and short in a list.
func TestFieldsAreInWords(t *testing.T) {
	for _, c := range []struct{ field, value, card, list string }{
		{"Closing_Date", "2025-06-30", "Closing date: 30 Jun 2025.", "Closing date 30 Jun 2025"},
		{"Created_Time", "2024-03-06T22:02:36-08:00", "Created time: 7 Mar 2024, 07:02.", "Created time 7 Mar 2024, 06:02 UTC"},
		{"Stage", "Negotiation/Review", "Stage: Negotiation/Review.", "Negotiation/Review"},
		{"Account_Name", "Gentest Industries", "Account: Gentest Industries.", "Gentest Industries"},
		{"Company", "Genlead Foods", "Company: Genlead Foods.", "Genlead Foods"},
		{"Amount", "1250", "Amount: 1,250.", "Amount 1,250"},
		{"Amount", "-12000.5", "Amount: -12,000.5.", "Amount -12,000.5"},
		{"Annual_Revenue", "1250000", "Annual revenue: 1,250,000.", "Annual revenue 1,250,000"},
		{"No_of_Employees", "12000", "No of employees: 12,000.", "No of employees 12,000"},
		{"Founded", "1998", "Founded: 1998.", "1998"},
		{"Mailing_Zip", "12345", "Mailing zip: 12345.", "12345"},
		{"Account_Number", "12345", "Account number: 12345.", "12345"},
		{"Other_Phone_2", "5550100", "Other phone 2: 5550100.", "5550100"},
		{"Counter", "0012345", "Counter: 0012345.", "0012345"},
		{"Email", "tami@gentest.example", "Deal e-mail: tami@gentest.example.", "tami@gentest.example"},
		{"Phone", "+999 100 200 300", "Deal phone: +999 100 200 300.", "+999 100 200 300"},
		{"Email_Opt_Out", "false", "Email opt out: no.", "Email opt out no"},
		{"$converted", "true", "Converted: yes.", "Converted yes"},
		{"Website", "https://gentest.example", "Website: https://gentest.example.", "gentest.example"},
		{"GST_ID__s", "x1", "GST ID: x1.", "x1"},
	} {
		r := ownedBy(t, 0, "Deals", 106, "Generated", records.Shown{Field: c.field, Value: c.value})
		if got := recordCard(r).Message().Text; !strings.Contains(got, " "+c.card) {
			t.Errorf("%s: got %q, want %q", c.field, got, c.card)
		}
		l := slackfmt.RecordList{Asked: owner("generated"), Found: records.Found{Records: []records.Record{r, r}, Total: 2}}
		if got := l.Message().Text; !strings.Contains(got, "Generated (deal, "+c.list+"), owned by Patricia Boyle, active") {
			t.Errorf("%s: got %q, want %q", c.field, got, c.list)
		}
	}
}

func TestModulesAreInWords(t *testing.T) {
	for module, want := range map[string]string{
		"Deals": "deal", "Opportunities": "opportunity", "Price_Books": "price book", "Business": "business", "": "record", "\xff": "record",
	} {
		if got := recordCard(ownedBy(t, 0, module, 1, "Generated")).Message().Text; !strings.HasPrefix(got, "Generated ("+want+") is owned by") {
			t.Errorf("%q: got %q, want %q", module, got, want)
		}
	}
}

// TestWhomToAskInstead of an owner who is gone.
func TestWhomToAskInstead(t *testing.T) {
	boss := active(func(u *zoho.User) { u.FullName = "Generated Boss" })
	gone := zoho.User{ID: "2", FullName: "Generated", Status: "disabled"}
	for name, c := range map[string]struct {
		owner records.Owner
		want  string
	}{
		"reporting line": {records.Owner{User: gone, Known: true, Managers: directory.Managers{Users: []zoho.User{boss}, By: directory.ReportingLine, Total: 1}},
			"disabled. Ask their manager: Generated Boss, generated@example.com."},
		"by role": {records.Owner{User: gone, Known: true, Managers: directory.Managers{Users: []zoho.User{boss}, By: directory.RoleTree, Role: "Head", Total: 1}},
			"disabled. Ask their manager, by role: Generated Boss, generated@example.com."},
		"several": {records.Owner{User: gone, Known: true, Managers: directory.Managers{Users: repeat(boss, 3), By: directory.RoleTree, Role: "Head", Total: 12}},
			"disabled. Ask a manager (Head, 12 people, by role): Generated Boss, generated@example.com; Generated Boss, generated@example.com."},
		"nobody":    {records.Owner{User: gone, Known: true}, "disabled. Ask a CRM administrator who looks after it."},
		"not known": {records.Owner{User: zoho.User{ID: "3"}}, "owned by User 3, not in the list of people. Ask a CRM administrator who looks after it."},
		"pending":   {records.Owner{User: active(func(u *zoho.User) { u.Unconfirmed = true }), Known: true}, "The owner's invitation is pending: Generated (deal) is owned by Generated, Generated Role, invitation pending. E-mail:"},
	} {
		m := recordCard(records.Record{Module: "Deals", ID: "1", Name: "Generated", Owner: c.owner}).Message()
		if check(t, name, m); !strings.Contains(m.Text, c.want) {
			t.Errorf("%s: got %q, want %q", name, m.Text, c.want)
		}
	}
}

// TestWhereTheButtonsOfARecordLead, and that Back finds the way.
func TestWhereTheButtonsOfARecordLead(t *testing.T) {
	card := recordCard(sampleRecords(t)[4])
	card.Asked.Live, card.Asked.Back = true, &slackfmt.Ask{Command: "/crmowner", Text: "gen"}
	card.People, card.Missing = sample(t)[:1], late("Leads")
	here := slackfmt.RecordAsk("Deals", "5725767000009100106")
	here.Back = card.Asked.Back
	asked := owner("gentest")
	asked.Back = card.Asked.Back
	again := asked
	again.Live = true
	id := card.Record.Owner.User.ID
	m := card.Message()
	for label, want := range map[string][]slackfmt.Ask{
		"Back":              {*card.Asked.Back},
		"Show owner":        {{Command: "/crmuser", Person: id, Back: &here}},
		"What do they own?": {{Command: "/crmowner", What: slackfmt.WhatOwns, Person: id, Back: &here}},
		"Show":              {{Command: "/crmowner", What: slackfmt.WhatOwns, Person: sample(t)[0].ID, Back: &asked}},
		"Try again":         {again},
	} {
		wantAsks(t, m, label, want...)
	}
	if got := shown(t, m); !strings.Contains(got, `"url":"`+recordPage+`"`) || !strings.Contains(got, `"action_id":"open"`) {
		t.Errorf("no way to Zoho CRM in %s", got)
	}

	card.Record.Owner.Known, card.Missing = false, nil
	if m := card.Message(); valuesOf(t, m, "Show owner") != nil || valuesOf(t, m, "Try again") != nil {
		t.Errorf("got %s", shown(t, m))
	}
}

// wantAsks fails where the buttons of a label ask something else.
func wantAsks(t *testing.T, m slackfmt.Message, label string, want ...slackfmt.Ask) {
	t.Helper()
	var got []slackfmt.Ask
	for _, value := range valuesOf(t, m, label) {
		a, _ := slackfmt.ParseAsk(value)
		got = append(got, a)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", label, got, want)
	}
}

func TestWhereTheButtonsOfHoldingsLead(t *testing.T) {
	o := owned(t, 0)
	id := o.Owner.User.ID
	o.Asked.Back = &slackfmt.Ask{Command: "/crmuser", Person: id}
	o.Holdings.Latest = o.Holdings.Latest[:1]
	here := slackfmt.Ask{Command: "/crmowner", What: slackfmt.WhatOwns, Person: id, Back: o.Asked.Back}
	again := here
	again.Live = true
	record := slackfmt.RecordAsk("Accounts", "5725767000009100101")
	record.Back = &here
	m := o.Message()
	wantAsks(t, m, "Back", *o.Asked.Back)
	wantAsks(t, m, "Show", record)
	wantAsks(t, m, "Show card", slackfmt.Ask{Command: "/crmuser", Person: id, Back: &here})
	wantAsks(t, m, "Refresh", again)
	o.Missing = late("Leads")
	wantAsks(t, o.Message(), "Try again", again)

	card := fullCard(t)
	card.Owns, card.Reports, card.Managers, card.Link = true, 0, directory.Managers{}, ""
	owns := slackfmt.Ask{Command: "/crmowner", What: slackfmt.WhatOwns, Person: card.User.ID, Back: &slackfmt.Ask{Command: "/crmuser", Person: card.User.ID, Back: card.Asked.Back}}
	wantAsks(t, card.Message(), "What do they own?", owns)
	if got := shown(t, card.Shared("U0SAMPLE")); strings.Contains(got, "own?") {
		t.Errorf("shared: got %s", got)
	}
}

// TestEveryOrphanStandsOnOnePage, and its buttons lead to the others.
func TestEveryOrphanStandsOnOnePage(t *testing.T) {
	previous, next := orphans(t, 0).Asked, orphans(t, 1).Asked
	first, last := orphans(t, 0).Message(), orphans(t, 9).Message()
	if a, b := len(valuesOf(t, first, "Show")), len(valuesOf(t, last, "Show")); a != 10 || b != 3 {
		t.Errorf("got %d and %d owners, want 10 and 3", a, b)
	}
	wantAsks(t, first, "Next", next)
	wantAsks(t, first, "Previous")
	wantAsks(t, last, "Previous", previous)
	wantAsks(t, last, "Next")
}

// TestWhatIsMissingIsSaidOnce for each reason.
func TestWhatIsMissingIsSaidOnce(t *testing.T) {
	scope := slackfmt.Missing{Module: "Cases", Why: slackfmt.ScopeMissing("ZohoCRM.modules.cases.READ", "")}
	l := slackfmt.RecordList{Asked: owner("gen"), Found: records.Found{Records: sampleRecords(t)[:2], Total: 2}, Missing: []slackfmt.Missing{late("Deals")[0], scope, late("Leads")[0], late("Price_Books")[0]}}
	const want = " Deals, Leads and Price books are missing: Zoho CRM did not answer in time." +
		" Cases are missing: I may not read that in Zoho CRM: the grant lacks the scope ZohoCRM.modules.cases.READ." +
		" Please ask again in a minute. Please tell whoever runs me."
	if got := l.Message().Text; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	l.Missing = []slackfmt.Missing{scope}
	if got := valuesOf(t, l.Message(), "Try again"); got != nil {
		t.Errorf("got %q, though nobody can do anything", got)
	}
}

func TestHowManyRecordsThereAre(t *testing.T) {
	r := slices.Repeat(sampleRecords(t), 2)
	for _, c := range []struct {
		shown, total int
		more         bool
		title, rest  string
	}{
		{1, 1, false, "1 record matches “gen”: ", "active."},
		{12, 12, false, "12 records match “gen”: ", "; and 2 more. Add a word to narrow it down."},
		{10, 200, true, "200 or more records match “gen”: ", "; and 190 more. Add a word to narrow it down."},
		{2, 2, true, "2 or more records match “gen”: ", "disabled. There may be more. Add a word to narrow it down."},
	} {
		m := slackfmt.RecordList{Asked: owner("gen"), Found: records.Found{Records: r[:c.shown], Total: c.total, More: c.more}}.Message()
		if got := m.Text; !strings.HasPrefix(got, c.title) || !strings.HasSuffix(got, c.rest) {
			t.Errorf("got %q, want %q … %q", got, c.title, c.rest)
		}
		if got := len(valuesOf(t, m, "Show")); got != min(c.shown, 10) {
			t.Errorf("got %d records, want %d", got, min(c.shown, 10))
		}
	}
}

func TestWhyNoRecordIsFound(t *testing.T) {
	modules := []string{"Accounts", "Deals"}
	for _, c := range []struct {
		asked   slackfmt.Ask
		missing []slackfmt.Missing
		want    string
	}{
		{owner("zaphod"), nil, "No record in Accounts or Deals is called “zaphod”. Try a shorter part of the name. New records can take a minute to be found."},
		{owner("zaphod co"), nil, "No record in Accounts or Deals is called “zaphod co”. Try fewer or shorter words. New records can take a minute to be found."},
		{owner("kim@example.com"), nil, "No record in Accounts or Deals has “kim@example.com”. New records can take a minute to be found."},
		{owner("+1 555 0100"), nil, "No record in Accounts or Deals has “+1 555 0100”. New records can take a minute to be found."},
		{owner("5725767000009100999"), nil, "No record in Accounts or Deals has the id “5725767000009100999”. It may be deleted or in another module, or the CRM user behind me may not see it."},
		{owner("<https://crm.zoho.com/crm/tab/Deals/5725767000009100999>"), nil, "No record in Accounts or Deals has the link's id. It may be deleted or in another module, or the CRM user behind me may not see it."},
		{owner(""), nil, "No record in Accounts or Deals fits that."},
		{owner("zaphod"), late("Deals"), "No record in Accounts is called “zaphod”. Deals are missing: "},
		{owner("zaphod"), late(modules...), "I could not look that up in Zoho CRM. Accounts and Deals are missing: "},
		{slackfmt.RecordAsk("Deals", "1"), nil, "There is no such record in Zoho CRM, or the CRM user behind me may not see it."},
		{slackfmt.RecordAsk("Deals", "1"), late("Deals"), "I could not look that up in Zoho CRM. Deals are missing: "},
	} {
		got := slackfmt.NoRecord(c.asked, records.Found{ReadAt: readAt}, c.missing, modules, "").Text
		if got != c.want && !(c.missing != nil && strings.HasPrefix(got, c.want)) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestARecordFitsOnAPhone: twelve lines, with the footer and two rows of buttons.
func TestARecordFitsOnAPhone(t *testing.T) {
	c := recordCard(sampleRecords(t)[4])
	c.Record.Owner = records.Owner{User: user(t, fullUser), Known: true}
	for i := range 20 {
		c.Record.Shown = append(c.Record.Shown, records.Shown{Field: fmt.Sprintf("Generated_%c", 'a'+i), Value: strings.Repeat("generated ", i)})
	}
	got := shown(t, c.Message())
	if strings.Contains(got, "Generated b") || !strings.Contains(got, "Account Gentest Industries") || !strings.Contains(got, "generated.full@example.com") {
		t.Errorf("got %s", got)
	}
	if text := c.Message().Text; !strings.Contains(text, "Generated d: generated generated generated.") {
		t.Errorf("got %q, want all of it", text)
	}
}

// TestNoRefusalIsADeadEnd where somebody came from elsewhere.
func TestNoRefusalIsADeadEnd(t *testing.T) {
	back := slackfmt.Ask{Command: "/crmuser", Person: "1"}
	refusal := slackfmt.NotAllowed("/crmowner", slackfmt.Door{})
	wantAsks(t, refusal.BackTo(slackfmt.Ask{Command: "/crmowner", Back: &back}), "Back", back)
	wantAsks(t, refusal.TextOnly().BackTo(slackfmt.Ask{Command: "/crmowner", Back: &back}), "Back", back)
	if got := refusal.BackTo(owner("gen")); !reflect.DeepEqual(got, refusal) {
		t.Errorf("got %+v, want %+v", got, refusal)
	}
}

// TestHowOldARecordIsStandsAboveItsButtons, whatever follows them.
func TestHowOldARecordIsStandsAboveItsButtons(t *testing.T) {
	c := recordCard(sampleRecords(t)[0])
	c.People = sample(t)[:1]
	got := shown(t, c.Message().Older(time.Hour, "Generated."))
	if old, buttons := strings.Index(got, "1 hour old"), strings.Index(got, `"actions"`); old < 0 || old > buttons {
		t.Errorf("got %s", got)
	}
}
