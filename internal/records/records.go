// Package records finds the records of the CRM that somebody means, by words,
// links and ids, with who owns them; and what somebody owns. It knows nothing of
// Slack.
package records

import (
	"errors"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// Record is a record with its owner.
type Record struct {
	Module       string // API name, such as Deals
	ID           string
	Name         string  // empty where it has none
	Shown        []Shown // what else may be shown of it, in the order of the settings
	Owner        Owner
	ModifiedTime time.Time
}

// Shown is a field with its value. None is empty.
type Shown struct {
	Field string // API name, such as Closing_Date
	Value string // as Zoho sends it: of a date 2025-06-30, of a look-up the name
}

// Owner is who owns a record.
type Owner struct {
	User     zoho.User          // where it is not Known what the record tells: id, and perhaps name and e-mail address
	Known    bool               // the directory knows them
	Managers directory.Managers // of an owner who is not active: the nearest above them who is; nobody otherwise
}

// Gone reports whether somebody else has to look after what they own.
func (o Owner) Gone() bool { return !o.Known || !o.User.Active() }

// Failure is a module that has not answered, and why.
type Failure struct {
	Module string
	Err    error
	Scopes []string // that the grant may lack, where Err is zoho.ErrScopeMissing

	Counted bool // of Holdings: it is counted, and what was modified last is missing alone
}

// failure names the scopes that may be missing. Zoho does not say whether it is
// the module's or that of the way to ask, if that has one; where it has worked
// for another module it is the module's.
func failure(module string, err error, works bool, way string) Failure {
	f := Failure{Module: module, Err: err}
	if errors.Is(err, zoho.ErrScopeMissing) {
		f.Scopes = []string{zoho.ModuleScope(module)}
		if !works && way != "" {
			f.Scopes = append(f.Scopes, way)
		}
	}
	return f
}

// Found is the answer to a search. It is not to be changed: who asks the same
// soon is given the same.
type Found struct {
	Records []Record  // the best first; not all where Total is larger
	Total   int       // how many are known to fit
	More    bool      // there may be further ones that nobody counted
	Exact   bool      // the first is what was asked for, but for case, and not only like it
	Failed  []Failure // modules that are missing in it
	ReadAt  time.Time

	Unindexed bool // the grant lacks zoho.COQLScope, without which new records are found later
}

// Holdings are what somebody owns, not to be changed either.
type Holdings struct {
	Counts []Count  // by module, deals first, then in the order of the settings; those with none left out
	Latest []Record // the most recently modified, of all modules
	Failed []Failure
	ReadAt time.Time
}

// Count is how many records of a module there are.
type Count struct {
	Module  string
	Records int
	Open    int // of Deals: those in no closed stage; of other modules the same as Records
}

// Orphans are the records whose owners are not active; what failed is not to be
// changed either.
type Orphans struct {
	Owners  []Orphan // those who own the most first
	Counts  []Count  // by module, in the order of the settings
	Records int      // all of them
	Failed  []Failure
	ReadAt  time.Time
}

// Orphan is an owner who is not active, with what they own.
type Orphan struct {
	Owner           // without managers, which OwnerOf tells of those who are shown
	Counts  []Count // by module, in the order of the settings; those with none left out
	Records int
}
