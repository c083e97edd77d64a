package zoho

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// User is a user of the CRM as the Users API describes one. What Zoho leaves
// null or out is empty; only ID is always there. Keys without a use here
// (street address, date of birth, signature, theme, formats, presence…) are not read.
// Source: Zoho CRM v7 documentation, "Get Users".
type User struct {
	ID        string // decimal digits, up to 20 of them
	FullName  string
	FirstName string
	LastName  string
	Alias     string
	Email     string
	Phone     string
	Mobile    string

	Status       string // "active", "disabled", "deleted" and others: the list is open
	StatusReason string
	Unconfirmed  bool   // was invited and has not accepted yet
	Type         string // such as "Regular User"
	Role         Ref
	Profile      Ref
	ReportingTo  Ref

	City     string
	State    string
	Country  string
	Language string
	TimeZone string // an IANA name, such as America/Los_Angeles

	CreatedTime  time.Time
	CreatedBy    Ref
	ModifiedTime time.Time
	ModifiedBy   Ref

	ZUID string // the user's id across all of Zoho; empty until confirmed
}

// Ref names another record: a role, a profile or a user.
type Ref struct {
	ID   string
	Name string
}

// Active reports whether Zoho calls the user active. No other status is.
func (u User) Active() bool { return strings.EqualFold(u.Status, "active") }

// UnmarshalJSON reads a user as Zoho sends one. Keys are matched to the letter,
// since an organisation may have added a field "Status" of its own beside
// Zoho's "status". A value of an unexpected kind counts as empty; a user
// without an id is an error.
func (u *User) UnmarshalJSON(data []byte) error {
	var wire map[string]json.RawMessage
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*u = User{
		ID:           text(wire["id"]),
		FullName:     text(wire["full_name"]),
		FirstName:    text(wire["first_name"]),
		LastName:     text(wire["last_name"]),
		Alias:        text(wire["alias"]),
		Email:        text(wire["email"]),
		Phone:        text(wire["phone"]),
		Mobile:       text(wire["mobile"]),
		Status:       text(wire["status"]),
		StatusReason: text(wire["status_reason__s"]),
		Unconfirmed:  text(wire["confirm"]) == "false",
		Type:         text(wire["type__s"]),
		Role:         ref(wire["role"]),
		Profile:      ref(wire["profile"]),
		ReportingTo:  ref(wire["Reporting_To"]),
		City:         text(wire["city"]),
		State:        text(wire["state"]),
		Country:      text(wire["country"]),
		Language:     text(wire["language"]),
		TimeZone:     text(wire["time_zone"]),
		CreatedTime:  instant(wire["created_time"]),
		CreatedBy:    ref(wire["created_by"]),
		ModifiedTime: instant(wire["Modified_Time"]),
		ModifiedBy:   ref(wire["Modified_By"]),
		ZUID:         text(wire["zuid"]),
	}
	if u.ID == "" {
		return errors.New("user without an id")
	}
	return nil
}

// text reads a string, or a number or truth value by its digits or word: Zoho
// sends some numbers as text and some text as numbers. All else is "".
func text(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s)
		return s
	case '{', '[', 'n':
		return ""
	default:
		return string(raw)
	}
}

func ref(raw json.RawMessage) Ref {
	var wire map[string]json.RawMessage
	_ = json.Unmarshal(raw, &wire)
	return Ref{ID: text(wire["id"]), Name: text(wire["name"])}
}

// instant reads an ISO 8601 time with its offset, such as 2023-04-12T02:08:05-07:00.
func instant(raw json.RawMessage) time.Time {
	t, _ := time.Parse(time.RFC3339, text(raw))
	return t
}
