package directory

import "time"

// Organisation is what the CRM says about itself, as far as the grant lets it be
// read. Its zero value knows nothing.
type Organisation struct {
	At       time.Time `json:"at"`                 // when it was read; zero: never
	Domain   string    `json:"domain,omitempty"`   // of the CRM's pages, such as org808232144; empty: unknown
	Roles    []Role    `json:"roles,omitempty"`    // the role tree; nil: unknown
	Profiles []Profile `json:"profiles,omitempty"` // nil: unknown
}

// Role is a place in the role tree.
type Role struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Above string `json:"above,omitempty"` // id of the role that it reports to; empty at the top
	Admin bool   `json:"admin,omitempty"` // Zoho marks it as an administrator's
}

// Profile is a set of permissions.
type Profile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Custom bool   `json:"custom,omitempty"` // made by the organisation
}
