package zohosim_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/zohosim"
)

// record reads one record.
func record(t *testing.T, sim *zohosim.Zoho, token, module, id string) map[string]any {
	t.Helper()
	var reply struct{ Data []map[string]any }
	status, body := get(t, sim, token, "/crm/v7/"+module+"/"+id)
	if status != 200 || json.Unmarshal([]byte(body), &reply) != nil || len(reply.Data) != 1 {
		t.Fatalf("record %s: got %d %s", id, status, body)
	}
	return reply.Data[0]
}

func TestRecordsAreAdded(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	id, err := sim.AddRecord("Deals", map[string]any{"Deal_Name": "Generated Deal (new)", "Amount": 12.5, "Owner": kim})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"id": id, "Deal_Name": "Generated Deal (new)", "Amount": 12.5, "Owner": map[string]any{"id": kim, "name": "Kim", "email": "kim@gmail.com"},
		"Created_Time": "2026-11-24T01:30:00-08:00", "Modified_Time": "2026-11-24T01:30:00-08:00",
		"Stage": nil, "Closing_Date": nil, "Pipeline": nil, "Account_Name": nil, "Contact_Name": nil,
	}
	if got := record(t, sim, token, "Deals", id); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, what := range []string{"GET Deals?fields=Deal_Name&per_page=1", "GET Deals/search?word=generated", "select Deal_Name from Deals where Amount = 12.5"} {
		if _, body := read(t, sim, token, what); !strings.HasPrefix(body, `{"data":[{`) || !strings.Contains(body, `"Generated Deal (new)"`) {
			t.Errorf("%s: got %s, want the new deal first", what, body)
		}
	}
	another, err := sim.AddUser(nil)
	if err != nil || another <= id {
		t.Errorf("a user after the record has the id %s, %v; want one above %s", another, err, id)
	}
}

func TestOwnersOfAddedRecords(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	for name, test := range map[string]struct {
		fields map[string]any
		want   string
	}{
		"nobody named": {nil, admin},
		"by the id":    {map[string]any{"Owner": kim}, kim},
		"as an object": {map[string]any{"Owner": map[string]string{"id": kim, "name": "Somebody Else"}}, kim},
	} {
		id, err := sim.AddRecord("Leads", test.fields)
		if err != nil {
			t.Fatal(err)
		}
		owner, _ := record(t, sim, token, "Leads", id)["Owner"].(map[string]any)
		if user := user(t, sim, token, test.want); owner["id"] != test.want || owner["name"] != user["full_name"] || owner["email"] != user["email"] {
			t.Errorf("%s: got %v, want %v", name, owner, user["full_name"])
		}
	}
	if err := sim.RenameUser(kim, "Generated", "Renamed"); err != nil {
		t.Fatal(err)
	}
	if body := query(t, sim, token, "select Owner from Leads where Owner = '"+kim+"'"); strings.Count(body, `"name":"Renamed"`) != 3 { // one is the sample's
		t.Errorf("after a new name: got %s", body)
	}
	empty := zohosim.New(zohosim.Config{Organisation: &zohosim.Organisation{}})
	id, err := empty.AddRecord("Leads", nil)
	if err != nil || record(t, empty, signIn(t, empty), "Leads", id)["Owner"] != nil {
		t.Errorf("without users: got %s, %v; want a record without an owner", id, err)
	}
}

func TestNewRecordsWaitForTheIndex(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{IndexLag: time.Minute})
	if _, err := sim.AddRecord("Leads", map[string]any{"Company": "Genlead Late"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{204, 200} {
		if status, body := get(t, sim, token, "/crm/v7/Leads/search?word=late"); status != want {
			t.Errorf("got %d %s, want %d", status, body, want)
		}
		sim.AdvanceClock(time.Minute)
	}
}

func TestRecordsChange(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	before := record(t, sim, token, "Deals", deal)
	if err := sim.ChangeRecord("Deals", deal, map[string]any{"Stage": "Closed Lost", "Owner": kim, "Amount": nil}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"Stage": "Closed Lost", "Owner": map[string]any{"id": kim, "name": "Kim", "email": "kim@gmail.com"}, "Amount": nil, "Modified_Time": "2026-11-24T01:30:00-08:00",
	}
	for key, value := range record(t, sim, token, "Deals", deal) {
		if changed, changes := want[key]; !changes && !reflect.DeepEqual(value, before[key]) || changes && !reflect.DeepEqual(value, changed) {
			t.Errorf("%s: got %v, before %v, want %v", key, value, before[key], changed)
		}
	}
	sim.AdvanceClock(time.Second)
	if err := sim.ChangeRecord("Deals", deal, nil); err != nil || record(t, sim, token, "Deals", deal)["Modified_Time"] != "2026-11-24T01:30:01-08:00" {
		t.Errorf("without fields: %v, got %v", err, record(t, sim, token, "Deals", deal))
	}
}

// TestNamesOfPeople follow from their parts, and leads can be converted.
func TestNamesOfPeople(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	id, err := sim.AddRecord("Leads", map[string]any{"Last_Name": "Gentest"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		fields map[string]any
		want   string
	}{
		{nil, "Gentest"},
		{map[string]any{"First_Name": "Nilo"}, "Nilo Gentest"},
		{map[string]any{"Last_Name": "Gensample"}, "Nilo Gensample"},
		{map[string]any{"Company": "Genlead Foods"}, "Nilo Gensample"},
		{map[string]any{"First_Name": nil, "Full_Name": "Dr. Gensample"}, "Dr. Gensample"},
	} {
		if err := sim.ChangeRecord("Leads", id, test.fields); err != nil {
			t.Fatal(err)
		}
		if got := record(t, sim, token, "Leads", id)["Full_Name"]; got != test.want {
			t.Errorf("%v: got %v, want %s", test.fields, got, test.want)
		}
	}
	listed := func() bool {
		_, body := get(t, sim, token, "/crm/v7/Leads?fields=id")
		return strings.Contains(body, id)
	}
	before := listed()
	if err := sim.ChangeRecord("Leads", id, map[string]any{"$converted": true}); err != nil || !before || listed() {
		t.Errorf("%v, listed before %v, after %v; want it listed before alone", err, before, listed())
	}
}

func TestRecordsThatAreNotWritten(t *testing.T) {
	sim, token := clocked(t, zohosim.Config{})
	before := query(t, sim, token, "select Deal_Name, Owner, Stage from Deals where id is not null")
	for name, fields := range map[string]map[string]any{
		"no such field": {"Stage": "x", "Colour": "blue"}, "another case": {"stage": "x"}, "the id": {"id": "42"}, "no lead": {"$converted": true},
		"an unknown owner": {"Stage": "x", "Owner": "42"}, "no owner": {"Owner": nil}, "an owner by name": {"Owner": map[string]any{"name": "Kim"}}, "a function": {"Stage": func() {}},
	} {
		if id, err := sim.AddRecord("Deals", fields); err == nil || id != "" {
			t.Errorf("%s: added as %q, %v", name, id, err)
		}
		if err := sim.ChangeRecord("Deals", deal, fields); err == nil {
			t.Errorf("%s: changed", name)
		}
	}
	_, err := sim.AddRecord("Cats", nil)
	for name, err := range map[string]error{
		"add to an unknown module": err, "change of an unknown module": sim.ChangeRecord("Cats", deal, nil),
		"change of an unknown record": sim.ChangeRecord("Deals", "42", nil), "change in another module": sim.ChangeRecord("Leads", deal, nil),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := sim.ChangeRecord("Deals", deal, map[string]any{"Owner": "42"}); !errors.Is(err, zohosim.ErrNoUser) {
		t.Errorf("got %v, want %v", err, zohosim.ErrNoUser)
	}
	if after := query(t, sim, token, "select Deal_Name, Owner, Stage from Deals where id is not null"); after != before {
		t.Errorf("got %s, want %s", after, before)
	}
}
