package zohosim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// made makes the modules with records of one, which get ids from 101 on where
// they have none.
func made(t testing.TB, name string, records ...object) map[string]*module {
	t.Helper()
	var raws []json.RawMessage
	for i, r := range records {
		if r["id"] == nil {
			r["id"] = fmt.Sprint(101 + i)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, raw)
	}
	modules, err := newModules(map[string][]json.RawMessage{name: raws})
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

// testers are owners: one with a last name, one without.
var testers = []object{
	{"id": "900000000000000001", "name": "Owner van Testerson", "email": "owner1@example.com"},
	{"id": "900000000000000002", "name": "Solo", "email": "owner2@example.com"},
}

func TestNewModules(t *testing.T) {
	modules := made(t, "Deals", object{"id": "42", "Amount": 12345678901234567})
	if len(modules) != 4 || len(modules["Leads"].records) != 0 || modules["Leads"].name != "Leads" {
		t.Errorf("got %d modules, want the four", len(modules))
	}
	if got := modules["Deals"].records[0]["Amount"]; got != json.Number("12345678901234567") {
		t.Errorf("got amount %v, want every digit", got)
	}
	for name, raw := range map[string]string{"Deals": `{"id":17}`, "Leads": `null`, "Accounts": `{"id":"x"}`, "Contacts": `{`, "Users": `{"id":"1"}`} {
		if _, err := newModules(map[string][]json.RawMessage{name: {json.RawMessage(raw)}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of %s: got %v, want an error that names it", raw, name, err)
		}
	}
	if _, err := newModules(map[string][]json.RawMessage{"Users": nil}); !errors.Is(err, errNoModule) {
		t.Errorf("got %v, want %v", err, errNoModule)
	}
}

// TestSchemas holds the schemas to what the other functions take for granted.
func TestSchemas(t *testing.T) {
	ids := map[any]bool{}
	for name, fields := range schemas {
		m := &module{name: name, fields: fields}
		if display, known := m.field(displayFields[name]); !known || display.family() != texts {
			t.Errorf("%s: the display field is %v", name, display)
		}
		names := map[string]bool{}
		for _, f := range fields {
			_, target := schemas[f.target]
			if f.family() == "" || names[f.name] || f.label == "" || target != (f.kind == "lookup") {
				t.Errorf("%s: field %v", name, f)
			}
			names[f.name] = true
		}
		for _, f := range m.fieldsReply()["fields"].([]object) {
			if id := f["id"].(string); !isID(id) || ids[id] {
				t.Errorf("%s: field id %s is no id or not the only one", name, id)
			}
			ids[f["id"]] = true
		}
	}
}

func TestFieldsReply(t *testing.T) {
	raw, err := json.Marshal(made(t, "Deals")["Deals"].fieldsReply())
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Fields []struct {
			Name     string `json:"api_name"`
			Label    string `json:"field_label"`
			Display  string `json:"display_label"`
			Type     string `json:"data_type"`
			JSON     string `json:"json_type"`
			Visible  bool   `json:"visible"`
			ReadOnly bool   `json:"read_only"`
			Lookup   struct {
				Module struct {
					Name string `json:"api_name"`
				} `json:"module"`
			} `json:"lookup"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(raw, &reply); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range reply.Fields {
		got = append(got, fmt.Sprintf("%s %q %s %s %t %t %s", f.Name, f.Label, f.Type, f.JSON, f.Visible, f.ReadOnly, f.Lookup.Module.Name))
		if f.Label != f.Display {
			t.Errorf("%s: got labels %q and %q", f.Name, f.Label, f.Display)
		}
	}
	for _, want := range []string{
		`id "Record Id" bigint string true true `,
		`Owner "Deal Owner" ownerlookup jsonobject true false `,
		`Deal_Name "Deal Name" text string true false `,
		`Amount "Amount" currency double true false `,
		`Contact_Name "Contact Name" lookup jsonobject true false Contacts`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q among them", got, want)
		}
	}
}
