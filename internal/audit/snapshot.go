package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// Snapshot is who administered the CRM at one time, as an audit keeps it: all of
// them, with what audits compare. Its hash names it.
type Snapshot struct {
	ReadAt time.Time `json:"read_at"`          // when Zoho was asked, in UTC and whole seconds
	Admins []Account `json:"admins"`           // in the order of their ids; never nil
	Unread []string  `json:"unread,omitempty"` // PartRoles or PartProfiles, where the grant does not open them
	Rules  Rules     `json:"rules"`            // by which people count and are flagged; DefaultMailboxes are written out
}

// Parts of the organisation that the grant may not open.
const (
	PartRoles    = "roles"    // unread: nobody counts by a role that Zoho marks
	PartProfiles = "profiles" // unread: no custom profile is flagged
)

// Account is an administrator's account in a snapshot.
type Account struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Email       string    `json:"email"`
	Status      string    `json:"status"` // as Zoho has it
	Unconfirmed bool      `json:"unconfirmed"`
	Role        Ref       `json:"role"`
	Profile     Ref       `json:"profile"`
	Created     time.Time `json:"created,omitzero"`
	Modified    time.Time `json:"modified,omitzero"` // when the record was last modified, for whichever reason
	ModifiedBy  Ref       `json:"modified_by"`       // and by whom
	Rules       []Rule    `json:"rules"`
	Flags       []Flag    `json:"flags,omitempty"`
}

// Ref names a role, a profile or a user. Either may be empty.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Take makes a snapshot of a report that was made of a complete read at a time.
func Take(r Report, org directory.Organisation, rules Rules, at time.Time) Snapshot {
	s := Snapshot{ReadAt: stamp(at), Admins: make([]Account, 0, len(r.Admins)), Rules: rules}
	if rules.Mailboxes == nil {
		s.Rules.Mailboxes = DefaultMailboxes() // a later version may have others
	}
	for _, a := range r.Admins {
		account := accountOf(a.User)
		account.Rules, account.Flags = a.Rules, a.Flags
		s.Admins = append(s.Admins, account)
	}
	slices.SortFunc(s.Admins, func(a, b Account) int { return byID(a.ID, b.ID) })
	if org.Roles == nil {
		s.Unread = append(s.Unread, PartRoles)
	}
	if org.Profiles == nil {
		s.Unread = append(s.Unread, PartProfiles)
	}
	return s
}

func accountOf(u zoho.User) Account {
	return Account{
		ID: u.ID, Name: u.FullName, Email: u.Email, Status: u.Status, Unconfirmed: u.Unconfirmed,
		Role: Ref(u.Role), Profile: Ref(u.Profile),
		Created: stamp(u.CreatedTime), Modified: stamp(u.ModifiedTime), ModifiedBy: Ref(u.ModifiedBy),
	}
}

// User gives what a snapshot keeps of an account as Zoho has it.
func (a Account) User() zoho.User {
	return zoho.User{
		ID: a.ID, FullName: a.Name, Email: a.Email, Status: a.Status, Unconfirmed: a.Unconfirmed,
		Role: zoho.Ref(a.Role), Profile: zoho.Ref(a.Profile),
		CreatedTime: a.Created, ModifiedTime: a.Modified, ModifiedBy: zoho.Ref(a.ModifiedBy),
	}
}

// byID puts shorter ids first: they are numbers as a rule.
func byID(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// stamp is a time as it is kept.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// Encode gives a snapshot as it is kept, in canonical JSON, and its hash.
func (s Snapshot) Encode() (data []byte, hash string, err error) {
	data, err = canonical(s)
	if err != nil {
		return nil, "", fmt.Errorf("encode snapshot: %w", err)
	}
	return data, sum(data), nil
}

// decodeSnapshot reads one that was kept under its hash.
func decodeSnapshot(data []byte, hash string) (s Snapshot, err error) {
	if sum(data) != hash || json.Unmarshal(data, &s) != nil {
		return Snapshot{}, ErrAltered
	}
	return s, nil
}

// sum is a SHA-256 in hexadecimal.
func sum(data []byte) string {
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

// Account gives somebody's account by id.
func (s Snapshot) Account(id string) (Account, bool) {
	i := slices.IndexFunc(s.Admins, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return s.Admins[i], true
}
