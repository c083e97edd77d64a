package functions_test

import (
	"encoding/json"
	"strings"
	"testing"

	"crmwho/internal/sim/zohosim"
)

// TestANewProcessAnswersFromTheBucket when Zoho is down, and says how old and why.
func TestANewProcessAnswersFromTheBucket(t *testing.T) {
	organisation, canaries := zohosim.Canary(450)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &organisation}))
	if done := s.sync(t, "directory-sync.json"); done.How != "full read" || done.People != 450 {
		t.Fatalf("got %+v", done)
	}
	if err := s.zoho.AddFault(zohosim.Fault{Path: "/crm/", Kind: zohosim.HTML}); err != nil {
		t.Fatal(err)
	}
	var somebody struct {
		Name  string `json:"full_name"`
		Email string `json:"email"`
	}
	if err := json.Unmarshal(organisation.Users[449], &somebody); err != nil {
		t.Fatal(err)
	}
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	got := s.ask(t, "/crmuser", somebody.Name[:len(somebody.Name)-1])
	if !strings.Contains(got, somebody.Email) || !strings.Contains(got, " This is less than a minute old: Zoho CRM cannot be reached right now.") {
		t.Errorf("got %q", got)
	}
	if done := s.sync(t, "directory-sync.json"); done.How != "not read" || !strings.Contains(done.Why, "unavailable") {
		t.Errorf("a sync without Zoho: got %+v", done)
	}
	if told := s.told(); !strings.Contains(told, `"outcome":"older: unavailable"`) || !strings.Contains(told, `"failed":1,"snapshot_age_m":`) {
		t.Errorf("the log does not say why: %s", told)
	}
	s.tellsNothing(t, canaries...)
}

// TestAChangeIsSeenAtTheNextQuestion once the list is no longer fresh, with
// one conditional read.
func TestAChangeIsSeenAtTheNextQuestion(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.sync(t, "directory-sync.json")
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	if err := s.zoho.DisableUser("5725767000000583032"); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Disabled: Kim") || strings.Contains(got, " old: ") {
		t.Errorf("got %q", got)
	}
	if got := s.ask(t, "/crmusers", "status:disabled"); !strings.HasPrefix(got, "4 people match “status:disabled” (4 disabled): John (Marketing, disabled, john@mail.com); Kim (") {
		t.Errorf("got %q", got)
	}
	if done := s.sync(t, "directory-sync.json"); done.How != "changes" || done.People != 15 {
		t.Errorf("got %+v", done)
	}
}

// TestWithoutTheBucketQuestionsAreAnswered, and the sync fails aloud.
func TestWithoutTheBucketQuestionsAreAnswered(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	if err := s.bucket.ForceDeleteBucket(bucket); err != nil {
		t.Fatal(err)
	}
	s.coldStart(t, nil)
	if got := s.ask(t, "/crmuser", "lee"); !strings.HasPrefix(got, "Invitation pending: Lee") {
		t.Errorf("got %q", got)
	}
	if _, err := s.usersQuery.Invoke(t.Context(), event(t, "directory-sync.json")); err == nil || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("got %v", err)
	}
	if told := s.told(); !strings.Contains(told, "directory not saved") {
		t.Errorf("the log does not say so: %s", told)
	}
}
