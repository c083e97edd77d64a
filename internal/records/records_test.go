package records_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// crm is a played CRM with a client of it.
type crm struct {
	*zohosim.Zoho
	*records.Finder
	owner string // a user who owns something
}

func newCRM(t testing.TB, c zohosim.Config) crm {
	t.Helper()
	c.APIDomain = "https://www.zohoapis.com"
	z := zohosim.New(c)
	accounts := &zoho.OAuth{ClientID: z.ClientID, ClientSecret: z.ClientSecret, AccountsURL: "https://accounts.zoho.com", HTTP: &http.Client{Transport: z}}
	grant, err := accounts.Refresh(t.Context(), z.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	client := &zoho.Client{HTTP: &http.Client{Transport: z}, Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil }}
	return crm{z, &records.Finder{CRM: client}, sampleOwner}
}

// rewrite changes queries by COQL on their way.
func (c crm) rewrite(from, to string) {
	c.CRM.HTTP = &http.Client{Transport: rewriter{c.Zoho, from, to}}
}

type rewriter struct {
	http.RoundTripper
	from, to string
}

func (w rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte(w.from), []byte(w.to))
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return w.RoundTripper.RoundTrip(r)
}

// large is an organisation whose records have owners for several pages.
var large = sync.OnceValue(func() zohosim.Organisation { return zohosim.Generate(5000, 20_000) })

// find asks as somebody types.
func (c crm) find(t testing.TB, text string) records.Found {
	t.Helper()
	q, err := records.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return c.Find(t.Context(), q, false)
}

func (c crm) people(t testing.TB) *directory.Snapshot {
	t.Helper()
	users, err := c.CRM.ReadUsers(t.Context(), zoho.AllUsers)
	if err != nil {
		t.Fatal(err)
	}
	return directory.NewSnapshot(users[0].ModifiedTime, users, nil)
}

// add adds a record, and gives its id.
func (c crm) add(t testing.TB, module string, fields map[string]any) string {
	t.Helper()
	id, err := c.AddRecord(module, fields)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// spent are the calls of the CRM that something takes, and their credits.
func (c crm) spent(do func()) (calls, credits int) {
	calls, credits = len(c.Calls()), c.Credits()
	do()
	return len(c.Calls()) - calls, c.Credits() - credits
}

// sampleOwner is the first user of the sample.
var sampleOwner = func() string {
	var u struct{ ID string }
	if err := json.Unmarshal(zohosim.SampleUsers()[0], &u); err != nil {
		panic(err)
	}
	return u.ID
}()

// fresh adds a user who owns nothing.
func (c crm) fresh(t testing.TB) string {
	t.Helper()
	id, err := c.AddUser(map[string]any{"first_name": "Mira", "last_name": "Genfresh", "full_name": "Mira Genfresh", "email": "mira@genfresh.example"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
