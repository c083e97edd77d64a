package zohosim

import (
	"bytes"
	_ "embed"
	"encoding/json"
)

// sample is the reply of Zoho CRM v7's documentation, "Get Users".
//
//go:embed users-v7-sample.json
var sample []byte

// SampleUsers are the fifteen users of Zoho's documented reply, one JSON
// object each.
func SampleUsers() []json.RawMessage {
	var reply struct {
		Users []json.RawMessage `json:"users"`
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, sample)
	if err == nil {
		err = json.Unmarshal(compact.Bytes(), &reply)
	}
	if err != nil {
		panic(err) // the embedded file is not the documented one
	}
	return reply.Users
}

// Organisation is what a CRM holds when it starts, object by object in Zoho's
// wire format.
type Organisation struct {
	Org         json.RawMessage              // the one element of GET /org
	Users       []json.RawMessage            // in the order in which they are listed
	Roles       []json.RawMessage            // of GET /settings/roles
	Profiles    []json.RawMessage            // of GET /settings/profiles
	Territories map[string][]json.RawMessage // of a user, by the user's id
	Records     map[string][]json.RawMessage // by module: Accounts, Contacts, Deals, Leads
}

// adminProfile is the end of the id of an organisation's administrative
// profile, in the sample and in generated organisations: the name can be
// changed.
const adminProfile = "26011"
