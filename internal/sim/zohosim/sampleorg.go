package zohosim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Sample is the organisation of Zoho's documentation: SampleUsers, the roles
// and profiles that they carry, and the documented reply of GET /org. The rest
// is ours: that all roles report to CEO, a few records, some of them owned by
// users who are disabled or deleted, and a territory of the first user's.
func Sample() Organisation {
	users := sampleUsers()
	first := users[0]
	return Organisation{
		Org:         json.RawMessage(sampleOrg),
		Users:       SampleUsers(),
		Roles:       wireRoles(distinct(users, func(u sampleUser) role { return u.Role })),
		Profiles:    wireProfiles(distinct(users, func(u sampleUser) profile { return u.Profile })),
		Territories: map[string][]json.RawMessage{first.ID: {wireTerritory(sampleID(1), "Generated Territory", first.FullName, first.ID)}},
		Records:     sampleRecords(users),
	}
}

// Source: Zoho CRM v7 documentation, "Get Organization Data".
const sampleOrg = `{"country":null,"hierarchy_preferences":{"type":"Role_Hierarchy"},"type":"production",` +
	`"lite_users_enabled":false,"domain_name":"org808232144","currency":"US Dollar - USD","id":"5725767000000020005",` +
	`"created_time":"2023-04-12T02:08:05-07:00","currency_symbol":"$","primary_zuid":"808233918",` +
	`"time_zone":"America/Los_Angeles","zgid":"808232144","country_code":"US","license_details":` +
	`{"paid_expiry":"2025-04-11T17:00:00-07:00","users_license_purchased":10,"trial_type":null,"trial_expiry":null,` +
	`"paid":true,"paid_type":"enterprise","portal_users_license_purchased":0},"phone":"1226652","company_name":"zohoo",` +
	`"primary_email":"patricia+us@zohotest.com","iso_code":"USD"}`

type sampleUser struct {
	ID       string  `json:"id"`
	FullName string  `json:"full_name"`
	Email    string  `json:"email"`
	Role     role    `json:"role"`
	Profile  profile `json:"profile"`
}

func sampleUsers() []sampleUser {
	users := make([]sampleUser, 0, 15)
	for _, raw := range SampleUsers() {
		var u sampleUser
		if err := json.Unmarshal(raw, &u); err != nil {
			panic(err) // the sample is JSON
		}
		users = append(users, u)
	}
	return users
}

// role is a place in the role tree, the first one at the top.
type role struct {
	ID, Name string
	above    int // the number of the role above
}

// distinct gives what users carry, each once, the first user's first.
func distinct[T comparable](users []sampleUser, of func(sampleUser) T) (all []T) {
	for _, u := range users {
		if !slices.Contains(all, of(u)) {
			all = append(all, of(u))
		}
	}
	return all
}

func wireRoles(roles []role) (all []json.RawMessage) {
	for i, r := range roles {
		var w wireObject
		w.texts("id", r.ID, "name", r.Name, "display_label", r.Name, "forecast_manager", "", "description", "",
			"created_by__s", "", "created_time__s", "", "modified_by__s", "", "modified_time__s", "")
		above := roles[r.above]
		if i == 0 {
			above = role{}
		}
		w.ref("reporting_to", above.Name, above.ID)
		w.flag("share_with_peers", false)
		all = append(all, w.end())
	}
	return all
}

type profile struct{ ID, Name string }

// standardProfile is the end of the id of the profile that most users have.
const standardProfile = "26014"

func wireProfiles(profiles []profile) (all []json.RawMessage) {
	for _, p := range profiles {
		var w wireObject
		w.texts("id", p.ID, "name", p.Name, "display_label", p.Name, "type", "normal_profile", "description", "",
			"created_time", "", "modified_time", "", "created_by", "", "modified_by", "")
		w.flag("custom", !strings.HasSuffix(p.ID, adminProfile) && !strings.HasSuffix(p.ID, standardProfile))
		all = append(all, w.end())
	}
	return all
}

// wireTerritory is a territory at the top.
func wireTerritory(id, name, manager, managerID string) json.RawMessage {
	var w wireObject
	w.texts("id", id, "Name", name, "Reporting_To", "")
	w.ref("Manager", manager, managerID)
	return w.end()
}

func sampleID(n int) string { return fmt.Sprintf("572576700000910%04d", n) }

func sampleRecords(users []sampleUser) map[string][]json.RawMessage {
	all := map[string][]json.RawMessage{}
	for i, r := range samples {
		var w wireObject
		owner := users[r.owner]
		w.texts("id", sampleID(101+i), "Created_Time", "2024-03-06T22:02:36-08:00", "Modified_Time", "2024-05-06T22:02:36-07:00")
		w.object("Owner", "name", owner.FullName, "id", owner.ID, "email", owner.Email)
		w = append(w, ","+r.fields...)
		all[r.module] = append(all[r.module], w.end())
	}
	return all
}

// samples have their owners by the number in the sample: users 1 and 8 are
// deleted, 3 and 6 disabled.
var samples = []struct {
	module string
	owner  int
	fields string
}{
	{"Accounts", 0, `"Account_Name":"Gentest Industries","Website":"https://gentest.example","Phone":"+999 100 200 300","Industry":"Technology","Annual_Revenue":1250000`},
	{"Accounts", 3, `"Account_Name":"Gensample Industries","Website":null,"Phone":null,"Industry":null,"Annual_Revenue":null`},
	{"Accounts", 1, `"Account_Name":"Gensample Foods","Website":null,"Phone":null,"Industry":"Retail","Annual_Revenue":80000`},
	{"Contacts", 2, `"Full_Name":"Tami Gentest","First_Name":"Tami","Last_Name":"Gentest","Email":"tami@gentest.example","Phone":"+999 100 200 301","Mobile":null,` +
		`"Email_Opt_Out":false,"Account_Name":{"name":"Gentest Industries","id":"5725767000009100101"}`},
	{"Contacts", 8, `"Full_Name":"Gensample","First_Name":null,"Last_Name":"Gensample","Email":null,"Phone":null,"Mobile":null,"Email_Opt_Out":true,"Account_Name":null`},
	{"Deals", 4, `"Deal_Name":"Gentest Industries renewal","Stage":"Negotiation/Review","Amount":12000.5,"Closing_Date":"2025-06-30","Pipeline":"Standard (Standard)",` +
		`"Account_Name":{"name":"Gentest Industries","id":"5725767000009100101"},"Contact_Name":{"name":"Tami Gentest","id":"5725767000009100104"}`},
	{"Deals", 6, `"Deal_Name":"Gensample Foods pilot","Stage":"Closed Won","Amount":900,"Closing_Date":"2024-06-30","Pipeline":"Standard (Standard)",` +
		`"Account_Name":{"name":"Gensample Foods","id":"5725767000009100103"},"Contact_Name":null`},
	{"Leads", 5, `"Full_Name":"Nilo Gentest","First_Name":"Nilo","Last_Name":"Gentest","Company":"Genlead Foods","Email":"nilo@genlead.example","Phone":null,"Mobile":null,` +
		`"Email_Opt_Out":false,"Lead_Status":"Contacted","Lead_Source":"Cold Call","$converted":false`},
	{"Leads", 14, `"Full_Name":"Vera Gensample","First_Name":"Vera","Last_Name":"Gensample","Company":"Genlead Bank","Email":null,"Phone":"+999 100 200 302","Mobile":null,` +
		`"Email_Opt_Out":false,"Lead_Status":null,"Lead_Source":null,"$converted":true`},
}

// wireObject is a JSON object that is written key by key: an organisation can
// be large, and a map for each of its users slow.
type wireObject []byte

func (w *wireObject) raw(key, value string) {
	*w = append(*w, ',', '"')
	*w = append(*w, key...)
	*w = append(*w, '"', ':')
	*w = append(*w, value...)
}

func (w *wireObject) flag(key string, value bool) { w.raw(key, strconv.FormatBool(value)) }

// texts adds strings, given as key, value, key, value… An empty one becomes
// null.
func (w *wireObject) texts(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			w.raw(pairs[i], "null")
			continue
		}
		w.raw(pairs[i], "")
		*w, _ = jsontext.AppendQuote([]byte(*w), pairs[i+1]) // an error is about what is not UTF-8
	}
}

// object adds an object of texts.
func (w *wireObject) object(key string, pairs ...string) {
	w.raw(key, "")
	from := len(*w)
	w.texts(pairs...)
	(*w)[from] = '{'
	*w = append(*w, '}')
}

// ref names another object, or is null where there is none.
func (w *wireObject) ref(key, name, id string) {
	if id == "" {
		w.raw(key, "null")
		return
	}
	w.object(key, "name", name, "id", id)
}

// end gives the object, which has to have a key.
func (w *wireObject) end() json.RawMessage {
	(*w)[0] = '{'
	return bytes.Clone(append(*w, '}'))
}
