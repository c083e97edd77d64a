package records

import (
	"cmp"
	"slices"
	"strings"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// names says by which fields a module's records are called.
// Source: Zoho CRM v7 documentation, "Search Records" and "Get Records through
// COQL Query".
type names struct {
	shown    string   // the one that holds the name
	searched []string // those that hold its parts, where it cannot be searched itself
	email    string   // where there is one
	phone    bool     // it has numbers
}

// called are those of Zoho's own modules whose records have something else than
// a Name.
var called = map[string]names{
	"Accounts":  {shown: "Account_Name", phone: true},
	"Deals":     {shown: "Deal_Name"},
	"Contacts":  {shown: "Full_Name", searched: []string{"First_Name", "Last_Name"}, email: "Email", phone: true},
	"Leads":     {shown: "Full_Name", searched: []string{"First_Name", "Last_Name"}, email: "Email", phone: true},
	"Campaigns": {shown: "Campaign_Name"},
	"Products":  {shown: "Product_Name"},
	"Vendors":   {shown: "Vendor_Name", email: "Email", phone: true},
	"Cases":     {shown: "Subject"},
	"Quotes":    {shown: "Subject"},
	"Invoices":  {shown: "Subject"},
}

// module is one that is searched.
type module struct {
	name string
	names
	besides string   // a field that leads are looked for by as well; empty: none
	fields  []string // that may be shown besides the name
}

// modules are those of the settings.
func (f *Finder) modules() []module {
	wanted := f.Modules
	if wanted == nil {
		wanted = DefaultModules
	}
	all := make([]module, len(wanted))
	for i, name := range wanted {
		all[i] = f.module(name)
	}
	return all
}

func (f *Finder) module(name string) module {
	m := module{name: name, names: called[name]}
	m.shown = cmp.Or(m.shown, "Name")
	shown := f.Fields
	if shown == nil {
		shown = DefaultFields
	}
	for _, field := range shown {
		if field.Module == name && field.Name != m.shown {
			m.fields = append(m.fields, field.Name)
		}
	}
	if name == "Leads" && slices.Contains(m.fields, "Company") {
		m.besides = "Company"
	}
	return m
}

// asked are the fields that are read.
func (m module) asked(q Query) []string {
	all := append([]string{m.shown}, m.fields...)
	if q.Kind == Email && m.email != "" && !slices.Contains(all, m.email) {
		all = append(all, m.email)
	}
	return all
}

// criteria looks for records that hold all pieces, as far as a search takes
// them.
func (m module) criteria(pieces []string) (all zoho.Criteria) {
	for _, piece := range pieces {
		var one zoho.Criteria
		for _, field := range m.searchable() {
			one = one.Or(zoho.Holding(field, piece))
		}
		if more := all.And(one); more.Size() <= zoho.MaxCriteria {
			all = more
		}
	}
	return all
}

// condition is the same for a query.
func (m module) condition(pieces []string) (all zoho.Condition) {
	for _, piece := range pieces {
		var one zoho.Condition
		for _, field := range m.searchable() {
			one = one.Or(zoho.Like(field, piece))
		}
		if more := all.And(one); more.Size() <= zoho.MaxConditions {
			all = more
		}
	}
	return all
}

// exactly is the condition that a record is called so.
func (m module) exactly(words []string) zoho.Condition {
	name := strings.Join(words, " ")
	if m.searched == nil {
		return zoho.Named(m.shown, name)
	}
	first, last := m.searched[0], m.searched[1]
	all := zoho.Named(last, name)
	for i := 1; i < len(words) && i < maxNames; i++ {
		all = all.Or(zoho.Named(first, strings.Join(words[:i], " ")).And(zoho.Named(last, strings.Join(words[i:], " "))))
	}
	return all
}

// maxNames is how many first names somebody may have.
const maxNames = 4

func (m module) searchable() []string {
	fields := m.searched
	if fields == nil {
		fields = []string{m.shown}
	}
	if m.besides != "" {
		fields = append(slices.Clip(fields), m.besides)
	}
	return fields
}

// record is what is told of a record of the module.
func (m module) record(r zoho.Record) Record {
	record := Record{
		Module: m.name, ID: r.ID, Name: r.Fields[m.shown].Text, ModifiedTime: r.ModifiedTime,
		Owner: Owner{User: zoho.User{ID: r.Owner.ID, FullName: r.Owner.Name, Email: r.Owner.Email}},
	}
	for _, name := range m.fields {
		if value := r.Fields[name].Text; value != "" {
			record.Shown = append(record.Shown, Shown{name, value})
		}
	}
	return record
}

// Join tells of owners what a snapshot of the directory knows of them. Zoho's
// own word for an owner may be a last name alone.
func Join(s *directory.Snapshot, all []Record) []Record {
	joined := slices.Clone(all)
	for i := range joined {
		joined[i].Owner = OwnerOf(s, joined[i].Owner.User)
	}
	return joined
}

// OwnerOf tells of a user, who has an id at least, what a snapshot of the
// directory knows.
func OwnerOf(s *directory.Snapshot, u zoho.User) Owner {
	known, ok := s.Person(u.ID)
	if !ok {
		return Owner{User: u}
	}
	o := Owner{User: known, Known: true}
	if o.Gone() {
		o.Managers = activeAbove(s, u.ID)
	}
	return o
}

// activeAbove are the nearest above somebody who are active.
func activeAbove(s *directory.Snapshot, id string) directory.Managers {
	for _, m := range s.Chain(id) {
		if slices.ContainsFunc(m.Users, zoho.User.Active) {
			m.Users = confirmedFirst(m.Users)
			return m
		}
	}
	return directory.Managers{}
}

// confirmedFirst puts those who have accepted their invitation before the others.
func confirmedFirst(users []zoho.User) []zoho.User {
	var first, others []zoho.User
	for _, u := range users {
		if u.Unconfirmed {
			others = append(others, u)
		} else {
			first = append(first, u)
		}
	}
	return append(first, others...)
}
