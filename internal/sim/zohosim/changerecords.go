package zohosim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	errNoRecord = errors.New("no such record")
	errNoField  = errors.New("no such field, or one that nobody can give")
)

// AddRecord adds a record to a module, with a new id, the time of Zoho's clock
// and the fields given; the others are null. The Owner is given as a user's
// id, or as an object with that id, and is the organisation's first user
// otherwise. Of leads $converted can be given too. Full_Name follows from the
// names unless it is given. It gives the id.
func (z *Zoho) AddRecord(module string, fields map[string]any) (id string, err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	m := z.org.modules[module]
	if m == nil {
		return "", fmt.Errorf("add record to %q: %w", module, errNoModule)
	}
	id = z.nextID()
	record, given := m.blank(), object{}
	record["id"], record["Created_Time"], record["Modified_Time"] = id, z.stamp(), z.stamp()
	if first := z.firstUser(); first != nil {
		given["Owner"] = first.ID
	}
	maps.Copy(given, fields)
	if err := z.write(m, record, given); err != nil {
		return "", fmt.Errorf("add record to %s: %w", module, err)
	}
	m.records = append(m.records, record)
	return id, nil
}

// ChangeRecord sets fields of a record, which are given as to AddRecord, and
// moves its Modified_Time.
func (z *Zoho) ChangeRecord(module, id string, fields map[string]any) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	m := z.org.modules[module]
	if m == nil {
		return fmt.Errorf("change record of %q: %w", module, errNoModule)
	}
	record := m.record(id)
	if record == nil {
		return fmt.Errorf("change record of %s: %w", module, errNoRecord)
	}
	if err := z.write(m, record, fields); err != nil {
		return fmt.Errorf("change record of %s: %w", module, err)
	}
	record["Modified_Time"] = z.stamp()
	return nil
}

// blank has all fields of a record, with nothing in them.
func (m *module) blank() object {
	record := object{}
	for _, f := range m.fields {
		record[f.name] = nil
	}
	if m.name == leads {
		record[convertedKey] = false
	}
	return record
}

// write puts fields into a record as the wire format has them, or none at all.
func (z *Zoho) write(m *module, record, fields object) error {
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	given, err := decoded(raw)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !m.takes(name) {
			return fmt.Errorf("%q: %w", name, errNoField)
		}
	}
	if owner, has := given["Owner"]; has {
		id, _ := wire(owner)
		if z.user(id) == nil {
			return fmt.Errorf("owner: %w", ErrNoUser)
		}
		given["Owner"] = z.org.owners[id]
	}
	maps.Copy(record, given)
	nameFully(record, given)
	return nil
}

func (m *module) takes(name string) bool {
	_, known := m.field(name)
	return known && name != "id" || m.name == leads && name == convertedKey
}

// nameFully joins a person's names where one was given alone.
func nameFully(record, given object) {
	_, whole := given["Full_Name"]
	_, first := given["First_Name"]
	_, last := given["Last_Name"]
	if whole || !first && !last {
		return
	}
	a, _ := record["First_Name"].(string)
	b, _ := record["Last_Name"].(string)
	record["Full_Name"] = strings.TrimSpace(a + " " + b)
}
