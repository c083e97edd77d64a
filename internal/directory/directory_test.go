package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

func sample(t testing.TB) []zoho.User {
	t.Helper()
	var users []zoho.User
	for _, raw := range zohosim.SampleUsers() {
		var u zoho.User
		if err := json.Unmarshal(raw, &u); err != nil {
			t.Fatal(err)
		}
		users = append(users, u)
	}
	return users
}

// emails tell the sample's namesakes apart.
func emails(users []zoho.User) string {
	var all []string
	for _, u := range users {
		all = append(all, u.Email)
	}
	return strings.Join(all, " ")
}

func TestMatchInTheSample(t *testing.T) {
	users := sample(t)
	for words, want := range map[string]string{
		"kim":                       "kim@gmail.com",
		"KIM":                       "kim@gmail.com",
		"ki":                        "kim@gmail.com",
		"im":                        "",
		"boyle patricia":            "patricia.a+us@zohotest.com",
		"pat boy":                   "patricia.a+us@zohotest.com",
		"patricia krishnan":         "ceo@zooho.com patricia@zoohoo.com ceo@zo.com ceo@zho.com co@zsso.com co@zo.com",
		"patricia3":                 "ceo@zo.com co@zsso.com co@zo.com",
		"ceo@zo.com":                "ceo@zo.com",
		"CEO@ZO.COM":                "ceo@zo.com",
		"ceo@zo":                    "ceo@zooho.com ceo@zo.com",
		"5725767000000583032":       "kim@gmail.com",
		"572576700000058303":        "",
		"patricia.a+aa@zohotest.co": "patricia.a+aa@zohotest.com",
		"kim lee":                   "",
		"":                          "",
		" \t ":                      "",
		"***":                       "",
	} {
		if got := emails(directory.Match(users, words)); got != want {
			t.Errorf("%q: got %s, want %s", words, got, want)
		}
	}
}

func TestMatchOrder(t *testing.T) {
	active := func(id, name, email string) zoho.User {
		return zoho.User{ID: id, FullName: name, Email: email, Status: "active"}
	}
	users := []zoho.User{
		active("1", "Ann Other", "jo@example.com"),
		active("2", "Joan Arc", "x@example.com"),
		{ID: "3", FullName: "Jo Deleted", Status: "deleted"},
		{ID: "4", FullName: "Jo Disabled", Status: "disabled"},
		active("5", "Jo Active", ""),
		{ID: "6", FullName: "Jo", Status: "deleted"},
		active("7", "Bo", ""),
		active("8", "Mary-Jo", ""),
		active("10", "Jo Active", ""),
	}
	var got []string
	for _, u := range directory.Match(users, "jo") {
		got = append(got, u.ID)
	}
	if want := []string{"6", "5", "10", "8", "4", "3", "2", "1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMatchSparseUsers(t *testing.T) {
	users := []zoho.User{{ID: "1"}, {ID: "2", FullName: "Only Full"}, {ID: "3", Alias: "nick"}, {ID: "4", FirstName: "Søren", LastName: "O'Neil"}}
	for words, want := range map[string]string{"1": "1", "only": "2", "NICK": "3", "sør": "4", "o'neil": "4", "neil": "4", "@": "", "-": ""} {
		var got string
		for _, u := range directory.Match(users, words) {
			got += u.ID
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", words, got, want)
		}
	}
}

// crm gives users, or fails, and remembers what it was asked for.
type crm struct {
	users []zoho.User
	err   error
	asked []zoho.UserType
}

var errDown = errors.New("down")

func (c *crm) read(_ context.Context, t zoho.UserType) ([]zoho.User, error) {
	c.asked = append(c.asked, t)
	if c.err != nil {
		return nil, c.err
	}
	return c.users, nil
}

func TestListsAreKeptForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crm{users: sample(t)}
		d := &directory.Directory{Read: c.read}
		for _, wait := range []time.Duration{0, 59 * time.Second, time.Second} {
			time.Sleep(wait)
			found, err := d.Search(t.Context(), "kim")
			if err != nil || len(found.Users) != 1 {
				t.Fatalf("got %v, %v", found, err)
			}
			if age := time.Since(found.ReadAt); age >= time.Minute {
				t.Errorf("the answer is %v old", age)
			}
		}
		if _, err := d.Admins(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []zoho.UserType{zoho.AllUsers, zoho.AllUsers, zoho.AdminUsers}; !slices.Equal(c.asked, want) {
			t.Errorf("asked for %q, want %q", c.asked, want)
		}
	})
}

func TestAFailureIsNoAnswerAndIsNotKept(t *testing.T) {
	c := &crm{users: sample(t), err: errDown}
	d := &directory.Directory{Read: c.read}
	if found, err := d.Search(t.Context(), "kim"); !errors.Is(err, errDown) || len(found.Users) != 0 {
		t.Errorf("got %v, %v; want %v", found, err, errDown)
	}
	c.err = nil
	if found, err := d.Search(t.Context(), "kim"); err != nil || len(found.Users) != 1 {
		t.Errorf("got %v, %v; want Kim", found, err)
	}
}

func TestAdminsAreThereWhateverTheirStatus(t *testing.T) {
	c := &crm{users: []zoho.User{
		{ID: "1", FullName: "Beta", Status: "deleted"}, {ID: "2", FullName: "Gamma", Status: "active"}, {ID: "3", FullName: "alpha", Status: "active"},
	}}
	found, err := (&directory.Directory{Read: c.read}).Admins(t.Context())
	if err != nil || fmt.Sprint(found.Users[0].ID, found.Users[1].ID, found.Users[2].ID) != "321" {
		t.Errorf("got %v, %v", found.Users, err)
	}
}

func ExampleMatch() {
	users := []zoho.User{{ID: "1", FullName: "Generated One"}, {ID: "2", FullName: "Generated Two"}}
	for _, u := range directory.Match(users, "two gen") {
		fmt.Println(u.FullName)
	}
	// Output: Generated Two
}
