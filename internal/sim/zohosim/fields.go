package zohosim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// schemas are the fields of the modules that this package plays, from Zoho CRM
// v7's documentation of the modules' records. Leads have a key
// besides, which is no field: convertedKey.
var schemas = map[string][]field{
	"Accounts": withSystemFields("Account",
		field{"Account_Name", "Account Name", "text", ""},
		field{"Website", "Website", "website", ""},
		field{"Phone", "Phone", "phone", ""},
		field{"Industry", "Industry", "picklist", ""},
		field{"Annual_Revenue", "Annual Revenue", "currency", ""},
	),
	"Contacts": withSystemFields("Contact",
		field{"Full_Name", "Full Name", "text", ""},
		field{"First_Name", "First Name", "text", ""},
		field{"Last_Name", "Last Name", "text", ""},
		field{"Account_Name", "Account Name", "lookup", "Accounts"},
		field{"Email", "Email", "email", ""},
		field{"Phone", "Phone", "phone", ""},
		field{"Mobile", "Mobile", "phone", ""},
		field{"Email_Opt_Out", "Email Opt Out", "boolean", ""},
	),
	"Deals": withSystemFields("Deal",
		field{"Deal_Name", "Deal Name", "text", ""},
		field{"Stage", "Stage", "picklist", ""},
		field{"Amount", "Amount", "currency", ""},
		field{"Closing_Date", "Closing Date", "date", ""},
		field{"Pipeline", "Pipeline", "picklist", ""},
		field{"Account_Name", "Account Name", "lookup", "Accounts"},
		field{"Contact_Name", "Contact Name", "lookup", "Contacts"},
	),
	leads: withSystemFields("Lead",
		field{"Full_Name", "Full Name", "text", ""},
		field{"First_Name", "First Name", "text", ""},
		field{"Last_Name", "Last Name", "text", ""},
		field{"Company", "Company", "text", ""},
		field{"Email", "Email", "email", ""},
		field{"Phone", "Phone", "phone", ""},
		field{"Mobile", "Mobile", "phone", ""},
		field{"Lead_Status", "Lead Status", "picklist", ""},
		field{"Lead_Source", "Lead Source", "picklist", ""},
		field{"Email_Opt_Out", "Email Opt Out", "boolean", ""},
	),
}

const leads, convertedKey = "Leads", "$converted"

func withSystemFields(label string, own ...field) []field {
	return append([]field{
		{"id", "Record Id", "bigint", ""},
		{"Owner", label + " Owner", "ownerlookup", ""},
		{"Created_Time", "Created Time", "datetime", ""},
		{"Modified_Time", "Modified Time", "datetime", ""},
	}, own...)
}

// displayFields are the fields that give a record its name.
var displayFields = map[string]string{"Accounts": "Account_Name", "Contacts": "Full_Name", "Deals": "Deal_Name", "Leads": "Full_Name"}

// readOnly are the fields that no user can write.
var readOnly = []string{"id", "Created_Time", "Modified_Time", "Full_Name"}

var (
	errNoModule = errors.New("no such module")
	errNoID     = errors.New("a record needs an id of digits")
)

// newModules makes the four modules, with records in the wire format by
// module. The error names the first module or record that cannot be read.
func newModules(records map[string][]json.RawMessage) (map[string]*module, error) {
	modules := map[string]*module{}
	for name, fields := range schemas {
		modules[name] = &module{name: name, fields: fields}
	}
	for _, name := range slices.Sorted(maps.Keys(records)) {
		m := modules[name]
		if m == nil {
			return nil, fmt.Errorf("records of %q: %w", name, errNoModule)
		}
		for i, raw := range records[name] {
			record, err := newRecord(raw)
			if err != nil {
				return nil, fmt.Errorf("record %d of %s: %w", i, name, err)
			}
			m.records = append(m.records, record)
		}
	}
	return modules, nil
}

// decoded is an object as records have it.
func decoded(raw json.RawMessage) (o object, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&o)
	return o, err
}

func newRecord(raw json.RawMessage) (record object, err error) {
	if record, err = decoded(raw); err != nil {
		return nil, err
	}
	if id, _ := record["id"].(string); !isID(id) {
		return nil, errNoID
	}
	return record, nil
}

// fieldsReply is the body of GET /settings/fields. The ids are made up, and so
// are the lists of a picklist's values, which are empty.
func (m *module) fieldsReply() object {
	fields := make([]object, len(m.fields))
	for i, f := range m.fields {
		fields[i] = f.metadata(fmt.Sprintf("57257670000%c%05d", '0'+m.name[0]%10, i+1), f.name == displayFields[m.name])
	}
	return object{"fields": fields}
}

// jsonTypes are those that are not string.
var jsonTypes = map[string]string{"lookup": "jsonobject", "ownerlookup": "jsonobject", "boolean": "boolean", "currency": "double"}

// metadata has the keys that say something of a field and those whose empty
// values clients may look at.
// Source: Zoho CRM v7 documentation, "Fields Metadata".
func (f field) metadata(id string, display bool) object {
	fixed := slices.Contains(readOnly, f.name)
	jsonType := jsonTypes[f.kind]
	if jsonType == "" {
		jsonType = "string"
	}
	lookup := object{}
	if f.target != "" {
		lookup = object{"module": object{"api_name": f.target}, "display_label": f.label, "api_name": f.name}
	}
	return object{
		"id": id, "api_name": f.name, "field_label": f.label, "display_label": f.label,
		"data_type": f.kind, "json_type": jsonType, "lookup": lookup, "pick_list_values": []object{},
		"visible": true, "type": "used", "custom_field": false, "created_source": "default",
		"read_only": fixed, "field_read_only": fixed, "display_field": display,
		"searchable": true, "filterable": true, "sortable": true, "virtual_field": false,
		"system_mandatory": display || f.name == "Last_Name", "unique": object{}, "currency": object{},
		"formula": object{}, "auto_number": object{}, "view_type": object{"view": true, "edit": !fixed, "quick_create": false, "create": !fixed},
	}
}
