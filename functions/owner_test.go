package functions_test

import (
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/zohosim"
)

// recordPage lets records link to the CRM.
const recordPage = "https://crm.zoho.com/crm/{org}/tab/{module}/{id}"

// TestWhoOwnsWhat: from words to records, their owners and back, over sockets.
func TestWhoOwnsWhat(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{IndexLag: time.Hour}))
	s.coldStart(t, map[string]string{"CRMWHO_OWNER_AUDIENCE": "nobody"})
	says(t, s.typed(t, "/crmowner", "gentest"), "Sorry, /crmowner is not open to you.")
	if strings.Contains(string(s.typed(t, "/crmuser", "kim")), "What do they own?") {
		t.Error("a card offers what nobody may ask")
	}
	s.coldStart(t, map[string]string{"CRMWHO_OWNER_AUDIENCE": "everyone", "CRMWHO_RECORD_PAGE": recordPage})
	s.sync(t, "directory-sync-all.json")

	list := s.typed(t, "/crmowner", "Gentest")
	says(t, list, "4 records match “Gentest”: Gentest Industries (account), owned by Patricia Boyle, active")
	deal := s.show(t, list, 1)
	says(t, deal.Body, "The owner's invitation is pending: Gentest Industries renewal (deal) is owned by Lee,")
	if got := string(deal.Body); !strings.Contains(got, "https://crm.zoho.com/crm/org808232144/tab/Potentials/5725767000009100106") || strings.Contains(got, "12000") {
		t.Errorf("no link to the deal, or its amount: %s", got)
	}
	owns := s.press(t, deal.Body, "What do they own?")
	says(t, owns.Body, "Invitation pending. What Lee owns: 1 open deal")
	back := s.press(t, owns.Body, "Back")
	says(t, back.Body, "The owner's invitation is pending: Gentest Industries renewal (deal) is owned by Lee,")
	says(t, s.press(t, back.Body, "Back").Body, "4 records match")

	orphans := s.typed(t, "/crmowner", "orphans")
	says(t, orphans, "4 records whose owner is not active")
	says(t, s.typed(t, "/crmuser", "<https://crm.zoho.com/crm/org808232144/tab/Accounts/5725767000009100103>"), "The owner is deleted: Gensample Foods (account) is owned by patricia krishnan")

	if _, err := s.zoho.AddRecord("Accounts", map[string]any{"Account_Name": "Gentest Novelties"}); err != nil {
		t.Fatal(err)
	}
	says(t, s.typed(t, "/crmowner", "gentest novelties"), "Gentest Novelties (account) is owned by Patricia Boyle")

	s.fault(t, zohosim.Fault{Module: "Contacts", Kind: zohosim.Hang})
	partial := textOf(t, s.typed(t, "/crmowner", "gentest industries"))
	if !strings.Contains(partial, "Gentest Industries (account), owned by Patricia Boyle") || !strings.Contains(partial, "Contacts are missing: Zoho CRM did not answer in time.") {
		t.Errorf("got %q", partial)
	}
	s.tellsNothing(t, "entest", "ensample", "Patricia", "krishnan", "novelties", "5725767000009100103")
	if told := s.told(); !strings.Contains(told, `"command":"/crmowner","way":"command","route":"inline","outcome":"people"`) || !strings.Contains(told, `"zoho_credits":`) {
		t.Errorf("no line about the answer, or no credits: %s", told)
	}
}
