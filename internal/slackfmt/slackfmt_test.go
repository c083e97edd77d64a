package slackfmt_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// readAt is when the people in these tests were read from Zoho.
var readAt = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// golden compares a message with testdata/name.json, which holds what Slack
// receives, indented.
func golden(t *testing.T, name string, m slackfmt.Message) {
	t.Helper()
	goldenJSON(t, name, messageJSON(t, m))
}

func goldenJSON(t *testing.T, name string, data []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got.Bytes(), want)
	}
}

func messageJSON(t testing.TB, m slackfmt.Message) []byte {
	t.Helper()
	data, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// viewJSON is a view as slack-go sends it.
func viewJSON(t testing.TB, view any) []byte {
	t.Helper()
	data, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sample(t testing.TB) []zoho.User {
	t.Helper()
	var users []zoho.User
	for _, raw := range zohosim.SampleUsers() {
		users = append(users, user(t, string(raw)))
	}
	return users
}

func user(t testing.TB, wire string) zoho.User {
	t.Helper()
	var u zoho.User
	if err := json.Unmarshal([]byte(wire), &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func people(users ...zoho.User) directory.People {
	found := directory.People{Users: users, Total: len(users), Source: directory.Source{ReadAt: readAt}}
	for _, u := range users {
		i := slices.IndexFunc(found.Statuses, func(c directory.Count) bool { return c.Name == u.Status })
		if i < 0 {
			i, found.Statuses = len(found.Statuses), append(found.Statuses, directory.Count{Name: u.Status})
		}
		found.Statuses[i].People++
	}
	return found
}

// found is who is found in the sample.
func found(t testing.TB, text string) directory.People {
	t.Helper()
	q, err := directory.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p := directory.NewSnapshot(readAt, sample(t), nil).Search(q)
	p.Source = directory.Source{ReadAt: readAt}
	return p
}

// fullUser has a value for everything that a card shows. Its name is generated.
const fullUser = `{
	"id": "9000000000000000001", "full_name": "Generated Full", "email": "generated.full@example.com",
	"phone": "+1 555 0100", "mobile": "+1 555 0101", "status": "active", "confirm": true,
	"role": {"id": "1", "name": "Generated Role"}, "profile": {"id": "2", "name": "Generated Profile"},
	"Reporting_To": {"id": "3", "name": "Generated Manager"}, "language": "de_DE", "Modified_Time": "2026-11-20T10:00:00+01:00",
	"city": "Generated City", "state": "Generated State", "country": "Generated Country", "time_zone": "Europe/Berlin"
}`

// cardOf is a card three minutes after the people were read.
func cardOf(u zoho.User) slackfmt.Card {
	return slackfmt.Card{User: u, ReadAt: readAt, Now: now, Asked: slackfmt.Ask{Command: "/crmuser", Text: "generated"}}
}

// fullCard has all that a card can have.
func fullCard(t testing.TB) slackfmt.Card {
	t.Helper()
	c := cardOf(user(t, fullUser))
	c.Managers = directory.Managers{Users: []zoho.User{{ID: "3", FullName: "Generated Manager", Status: "active"}}, By: directory.ReportingLine, Total: 1}
	c.Reports, c.Zone, c.Link = 3, "America/Los_Angeles", "https://crm.zoho.com/crm/org808232144/settings/users/9000000000000000001"
	c.Asked.Back = &slackfmt.Ask{Command: "/crmuser", Text: "generated"}
	return c
}

func asking(command, text string) slackfmt.Ask { return slackfmt.Ask{Command: command, Text: text} }

func TestGoldenCards(t *testing.T) {
	for i, u := range sample(t) {
		c := cardOf(u)
		c.Zone = "Europe/Berlin"
		golden(t, fmt.Sprintf("card-%02d", i+1), c.Message())
	}
	full := fullCard(t)
	golden(t, "card-full", full.Message())
	golden(t, "card-shared", full.Shared("U0SAMPLE"))
	golden(t, "card-older", cardOf(sample(t)[5]).Message().Older(2*time.Hour+9*time.Minute, "Zoho CRM cannot be reached right now."))
	full.Plain = true
	full.Managers.By, full.Managers.Total, full.Managers.Role = directory.RoleTree, 2, "Generated Head"
	golden(t, "card-by-role", full.Message())
	golden(t, "card-gone", slackfmt.Gone(full.Asked))
}

func TestGoldenLists(t *testing.T) {
	golden(t, "pick-patricia", slackfmt.PickList(asking("/crmuser", "patricia"), found(t, "patricia")))
	golden(t, "pick-many", slackfmt.PickList(asking("/crmuser", "a"), found(t, "")))
	golden(t, "did-you-mean", slackfmt.Nobody(asking("/crmuser", "patrisia3"), found(t, "patrisia3")))
	golden(t, "did-you-mean-one", slackfmt.Nobody(asking("/crmuser", "boile"), found(t, "boile")))
	golden(t, "nobody", slackfmt.Nobody(asking("/crmuser", "<zaphod> & *co*"), people()))
	golden(t, "users-nobody", slackfmt.Nobody(asking("/crmusers", "role:saels"), found(t, "role:saels")))
	golden(t, "users-hint", slackfmt.Nobody(asking("/crmusers", "product manager standard"), directory.People{Hint: `role:"product manager"`}))
	golden(t, "users", listed(t, "", 0).Message())
	golden(t, "users-last-page", listed(t, "", 1).Message())
	golden(t, "users-filtered", listed(t, "role:ceo unconfirmed", 0).Message())
	golden(t, "users-empty", slackfmt.List{Asked: asking("/crmusers", ""), Found: people()}.Message())
	team := slackfmt.List{Asked: slackfmt.Ask{Command: "/crmuser", What: slackfmt.WhatTeam, Person: "1", Back: &slackfmt.Ask{Command: "/crmuser", Person: "1"}}, Of: "Patricia Boyle"}
	team.Found = people(sample(t)[4:7]...)
	golden(t, "team", team.Message())
	team.Found = people()
	golden(t, "team-nobody", team.Message())
	counts := slackfmt.Counts{Asked: asking("/crmusers", "by role"), By: "role", ReadAt: readAt, Counts: snapshot(t).Count(directory.Query{}, "role")}
	golden(t, "users-by-role", counts.Message())
	counts.Counts = nil
	golden(t, "users-by-role-nobody", counts.Message())
}

func TestGoldenChain(t *testing.T) {
	users := sample(t)
	chain := slackfmt.Chain{Asked: slackfmt.Ask{Command: "/crmuser", What: slackfmt.WhatChain, Person: users[5].ID}, User: users[5], ReadAt: readAt}
	golden(t, "chain-nobody", chain.Message())
	chain.Levels = []directory.Managers{
		{Users: users[12:13], By: directory.ReportingLine, Total: 1},
		{Users: []zoho.User{users[1], users[10]}, By: directory.RoleTree, Role: "Product Manager", Total: 2},
		{Users: users[:1], By: directory.RoleTree, Role: "CEO", Total: 1},
	}
	golden(t, "chain", chain.Message())
}

func TestGoldenAdmins(t *testing.T) {
	org := directory.Organisation{Profiles: []directory.Profile{{ID: sample(t)[14].Profile.ID, Name: "asd", Custom: true}}}
	rules := audit.Rules{Profiles: []string{"asd"}, Roles: []string{"CEO"}, Domains: []string{"zohotest.com"}}
	of := func(rules audit.Rules, page int) slackfmt.Message {
		r := audit.Find(snapshot(t).Everyone(), org, rules, now)
		return slackfmt.Admins{Asked: slackfmt.Ask{Command: "/crmadmins", Page: page}, Report: r, ReadAt: readAt}.Message()
	}
	golden(t, "admins", of(audit.Rules{}, 0))
	golden(t, "admins-flagged", of(rules, 0))
	everybody := audit.Rules{Profiles: []string{"Standard", "asd"}}
	for page := range 2 {
		golden(t, fmt.Sprintf("admins-page-%d", page+1), of(everybody, page))
	}
	golden(t, "admins-none", slackfmt.Admins{ReadAt: readAt}.Message())
	golden(t, "admin-rules", slackfmt.AdminRules(asking("/crmadmins", "rules"), audit.Rules{Profiles: []string{"asd"}, Off: []audit.Flag{audit.New}}))
}

func TestGoldenTroubles(t *testing.T) {
	golden(t, "usage-crmuser", slackfmt.Usage("/crmuser"))
	golden(t, "usage-crmusers", slackfmt.Usage("/crmusers"))
	golden(t, "usage-crmowner", slackfmt.Usage("/crmowner"))
	golden(t, "usage-crmadmins", slackfmt.Usage("/crmadmins"))
	golden(t, "usage-crmstatus", slackfmt.Usage("/crmstatus"))
	golden(t, "unknown-command", slackfmt.Usage("/crmwho"))
	golden(t, "not-an-argument", slackfmt.NotAnArgument("/crmadmins", "everybody"))
	golden(t, "not-understood", slackfmt.NotUnderstood("/crmusers", &directory.SyntaxError{Reason: directory.UnknownFilter, Text: "prof", Nearest: "profile"}))
	golden(t, "not-counted", slackfmt.NotUnderstood("/crmusers", &directory.SyntaxError{Reason: directory.UnknownCount, Text: "rolle", Nearest: "role"}))
	golden(t, "mention-unread", slackfmt.MentionUnread())
	golden(t, "mention-unknown", slackfmt.MentionUnknown("U0SAMPLE"))
	golden(t, "nameless", slackfmt.Nameless("/crmuser"))
	golden(t, "outdated", slackfmt.Outdated())
	golden(t, "failure", slackfmt.NotInTime.Failure("7KQ2M4XW"))
}

func snapshot(t testing.TB) directory.View {
	s := directory.NewSnapshot(readAt, sample(t), map[string]bool{sample(t)[0].ID: true})
	return directory.View{Snapshot: s, Source: directory.Source{ReadAt: readAt}}
}

// listed is a page of the sample, as the bot makes it.
func listed(t testing.TB, text string, page int) slackfmt.List {
	t.Helper()
	q, err := directory.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	v := snapshot(t)
	l := slackfmt.List{Asked: slackfmt.Ask{Command: "/crmusers", Text: text, Page: page}, Query: q.String(), Found: v.Page(q, page*slackfmt.PageSize, slackfmt.PageSize)}
	l.Found.Source = v.Source
	for _, name := range []string{"role", "profile", "type"} {
		f := slackfmt.Facet{Name: name, Counts: v.Count(q.Without(name), name)}
		for _, chosen := range q.Filters {
			if chosen.Name == name {
				f.Chosen = chosen.String()
			}
		}
		l.Facets = append(l.Facets, f)
	}
	return l
}
