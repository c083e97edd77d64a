package records_test

import (
	"strings"
	"testing"

	"crmwho/internal/records"
	"crmwho/internal/sim/zohosim"
)

// namesOf are the modules and names of records, in order.
func namesOf(found records.Found) string {
	var all []string
	for _, r := range found.Records {
		all = append(all, r.Module+" "+r.Name)
	}
	return strings.Join(all, "; ")
}

func TestFind(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	for text, want := range map[string]string{
		"gentest industries":   "Accounts Gentest Industries; Deals Gentest Industries renewal",
		"Gentest":              "Accounts Gentest Industries; Deals Gentest Industries renewal; Contacts Tami Gentest; Leads Nilo Gentest",
		"industries gentest":   "Accounts Gentest Industries; Deals Gentest Industries renewal",
		"tami@gentest.example": "Contacts Tami Gentest",
		"+999 100 200 300":     "Accounts Gentest Industries",
		"genlead foods":        "Leads Nilo Gentest",
		"5725767000009100106":  "Deals Gentest Industries renewal",
		"https://crm.zoho.com/crm/org808232144/tab/Potentials/5725767000009100106": "Deals Gentest Industries renewal",
		"nobody is called so": "",
	} {
		found := c.find(t, text)
		if got := namesOf(found); got != want || len(found.Failed) > 0 {
			t.Errorf("%s: got %s, %v, want %s", text, got, found.Failed, want)
		}
	}
}

func TestOwnersAreJoined(t *testing.T) {
	c := newCRM(t, zohosim.Config{})
	s := c.people(t)
	found := records.Join(s, c.find(t, "gensample foods").Records)
	if len(found) == 0 || !found[0].Owner.Known || !found[0].Owner.Gone() || found[0].Owner.User.Status != "deleted" {
		t.Errorf("got %+v", found)
	}
}
