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
	"Reporting_To": {"id": "3", "name": "Generated Manager"},
	"city": "Generated City", "state": "Generated State", "country": "Generated Country", "time_zone": "Europe/Berlin"
}`

func TestGoldenSample(t *testing.T) {
	users := sample(t)
	for i, u := range users {
		golden(t, fmt.Sprintf("card-%02d", i+1), slackfmt.People("", people(u)))
	}
	golden(t, "card-full", slackfmt.People("", people(user(t, fullUser))))
	golden(t, "pick-patricia", slackfmt.People("patricia", found(t, "patricia")))
	golden(t, "did-you-mean", slackfmt.People("patrisia3", found(t, "patrisia3")))
	golden(t, "did-you-mean-one", slackfmt.People("boile", found(t, "boile")))
	golden(t, "card-older", slackfmt.People("kim", found(t, "kim")).Older(2*time.Hour+9*time.Minute, "Zoho CRM cannot be reached right now."))
	golden(t, "users", slackfmt.Users("", found(t, "")))
	golden(t, "users-filtered", slackfmt.Users("role:ceo unconfirmed", found(t, "role:ceo unconfirmed")))
	golden(t, "users-nobody", slackfmt.Users("role:saels", found(t, "role:saels")))
	golden(t, "users-hint", slackfmt.Users("product manager standard", directory.People{Hint: `role:"product manager"`}))
	golden(t, "users-empty", slackfmt.Users("", people()))
	golden(t, "admins", slackfmt.Admins(people(users[0])))
	golden(t, "admins-none", slackfmt.Admins(people()))
	golden(t, "nobody", slackfmt.People("<zaphod> & *co*", people()))
	golden(t, "usage-crmuser", slackfmt.Usage("/crmuser"))
	golden(t, "usage-crmusers", slackfmt.Usage("/crmusers"))
	golden(t, "usage-crmadmins", slackfmt.Usage("/crmadmins"))
	golden(t, "usage-crmstatus", slackfmt.Usage("/crmstatus"))
	golden(t, "unknown-command", slackfmt.Usage("/crmwho"))
	golden(t, "not-understood", slackfmt.NotUnderstood("/crmusers", &directory.SyntaxError{Reason: directory.UnknownFilter, Text: "prof", Nearest: "profile"}))
	golden(t, "mentioned", slackfmt.Mentioned())
	golden(t, "failure", slackfmt.Failure("Zoho CRM did not answer in time. Please ask again in a minute.", "7KQ2M4XW"))
}
