package zoho

import (
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

const errNoID = lacking("a user without an id")

// UnmarshalJSON reads a user as Zoho sends one. Keys are matched to the letter,
// since an organisation may have added a field "Status" of its own beside
// Zoho's "status". A value of an unexpected kind counts as empty; a user
// without an id is an error.
func (u *User) UnmarshalJSON(data []byte) error {
	r := newReader(data)
	*u = User{}
	u.read(r)
	r.end()
	return r.err
}

// read fails when there is no id.
func (u *User) read(r *reader) {
	if r.object() {
		for r.key() {
			u.take(r)
		}
	}
	if u.ID == "" {
		r.fail(errNoID)
	}
}

// take reads the value of the key that the reader is at.
func (u *User) take(r *reader) {
	switch string(r.name) {
	case "id":
		u.ID = r.text()
	case "full_name":
		u.FullName = r.text()
	case "first_name":
		u.FirstName = r.text()
	case "last_name":
		u.LastName = r.text()
	case "alias":
		u.Alias = r.text()
	case "email":
		u.Email = r.text()
	case "phone":
		u.Phone = r.text()
	case "mobile":
		u.Mobile = r.text()
	case "status":
		u.Status = r.word()
	case "status_reason__s":
		u.StatusReason = r.word()
	case "confirm":
		u.Unconfirmed = r.word() == "false"
	case "type__s":
		u.Type = r.word()
	case "role":
		u.Role = r.ref()
	case "profile":
		u.Profile = r.ref()
	case "Reporting_To":
		u.ReportingTo = r.ref()
	case "city":
		u.City = r.word()
	case "state":
		u.State = r.word()
	case "country":
		u.Country = r.word()
	case "language":
		u.Language = r.word()
	case "time_zone":
		u.TimeZone = r.word()
	case "created_time":
		u.CreatedTime = r.instant()
	case "created_by":
		u.CreatedBy = r.ref()
	case "Modified_Time":
		u.ModifiedTime = r.instant()
	case "Modified_By":
		u.ModifiedBy = r.ref()
	case "zuid":
		u.ZUID = r.text()
	default:
		r.skip()
	}
}
