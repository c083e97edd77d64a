package zohosim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoUser says that there is no user of that id.
var ErrNoUser = errors.New("no such user")

// orgZone is the zone in which times are written: the numeric offset in them
// is the organisation's.
var orgZone = time.FixedZone("", -8*60*60)

// AddUser adds an active, confirmed user with a new id and the fields given,
// which stand beside or in place of those that every user has. Unless they are
// given, role and profile are the organisation's last, and who created and
// modified it is the organisation's first user. It gives the id.
func (z *Zoho) AddUser(fields map[string]any) (id string, err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	stamp, by := z.stamp(), z.firstUser()
	all := blankUser()
	maps.Copy(all, object{
		"id": z.nextID(), "created_time": stamp, "Modified_Time": stamp, "created_by": by, "Modified_By": by,
		"role": lastOf(z.org.roles), "profile": lastOf(z.org.profiles),
	})
	maps.Copy(all, fields)
	raw, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("add user: %w", err)
	}
	u, err := newUser(raw)
	switch {
	case err != nil:
		return "", err
	case !isID(u.ID) || len(u.ID) > 19 || z.user(u.ID) != nil:
		return "", errTaken
	}
	z.users = append(z.users, u)
	z.names(u)
	return u.ID, nil
}

var errTaken = errors.New("the id is taken, or is not up to 19 digits")

// reference is how a user carries a role or a profile.
type reference struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// firstUser is who makes changes when nobody else is named; nil when there is none.
func (z *Zoho) firstUser() *reference {
	if len(z.users) == 0 {
		return nil
	}
	return &reference{z.users[0].FullName, z.users[0].ID}
}

// lastOf is nil when there is none.
func lastOf(items []json.RawMessage) *reference {
	var n reference
	if len(items) == 0 || json.Unmarshal(items[len(items)-1], &n) != nil {
		return nil
	}
	return &n
}

// nextID is above all ids so far, of users and of records: lists are in the
// order of ids.
func (z *Zoho) nextID() string {
	highest := uint64(9_000_000_000_000_000_000)
	above := func(id any) {
		text, _ := id.(string)
		if n, err := strconv.ParseUint(text, 10, 64); err == nil && len(text) <= 19 {
			highest = max(highest, n)
		}
	}
	for _, u := range z.users {
		above(u.ID)
	}
	for _, m := range z.org.modules {
		for _, r := range m.records {
			above(r["id"])
		}
	}
	return strconv.FormatUint(highest+1, 10)
}

// blankUser has every key that a user of the documented reply has, with
// nothing said of a person.
func blankUser() object {
	var u object
	if err := json.Unmarshal(SampleUsers()[1], &u); err != nil {
		panic(err) // the sample is JSON
	}
	for key, value := range u {
		if _, text := value.(string); text && !strings.HasSuffix(key, "separator") && !strings.HasSuffix(key, "format") {
			u[key] = nil
		}
	}
	maps.Copy(u, object{
		"status": "active", "confirm": true, "type__s": "Regular User",
		"language": "en_US", "locale": "en_US", "country_locale": "en_US", "time_zone": "America/Los_Angeles",
	})
	return u
}

func (z *Zoho) stamp() string { return z.now().In(orgZone).Format(time.RFC3339) }

// ChangeUser sets fields of a user and moves its Modified_Time, which Zoho
// writes in whole seconds. Its Modified_By becomes the organisation's first user
// unless the fields name another, with name and id.
func (z *Zoho) ChangeUser(id string, fields map[string]any) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	u := z.user(id)
	if u == nil {
		return ErrNoUser
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(u.raw, &all); err != nil {
		return fmt.Errorf("change user: %w", err)
	}
	changes := object{"Modified_By": z.firstUser()}
	maps.Copy(changes, fields)
	changes["Modified_Time"] = z.stamp()
	for key, value := range changes {
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("change user: %w", err)
		}
		all[key] = raw
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("change user: %w", err)
	}
	changed, err := newUser(raw)
	if err != nil {
		return err
	}
	renamed := changed.FullName != u.FullName
	*u = changed
	z.names(changed)
	if renamed {
		z.renamed(changed)
	}
	return nil
}

// renamed brings a user's new name to all who carry it, as Zoho looks names up
// by their ids. That their Modified_Time stays is a guess.
func (z *Zoho) renamed(u user) {
	id := []byte(`"` + u.ID + `"`)
	for i, other := range z.users {
		if !bytes.Contains(other.raw, id) {
			continue
		}
		var all map[string]json.RawMessage
		if json.Unmarshal(other.raw, &all) != nil {
			continue
		}
		for key, raw := range all {
			var ref reference
			if json.Unmarshal(raw, &ref) == nil && ref.ID == u.ID {
				all[key], _ = json.Marshal(reference{u.FullName, u.ID}) // two texts are representable
			}
		}
		z.users[i].raw, _ = json.Marshal(all)
	}
}

// RenameUser gives a user another name. An empty last name becomes null.
func (z *Zoho) RenameUser(id, first, last string) error {
	fields := object{"first_name": first, "last_name": nil, "full_name": strings.TrimSpace(first + " " + last)}
	if last != "" {
		fields["last_name"] = last
	}
	return z.ChangeUser(id, fields)
}

// errNoProfile is an organisation made without one of the two.
var errNoProfile = errors.New("the organisation has no such profile")

// PromoteUser gives a user the administrative profile.
func (z *Zoho) PromoteUser(id string) error { return z.giveProfile(id, adminProfile) }

// DemoteUser gives a user the profile that most have.
func (z *Zoho) DemoteUser(id string) error { return z.giveProfile(id, standardProfile) }

// giveProfile gives a user the profile whose id ends so.
func (z *Zoho) giveProfile(id, end string) error {
	var p reference
	for _, raw := range z.org.profiles {
		if json.Unmarshal(raw, &p) == nil && strings.HasSuffix(p.ID, end) {
			return z.ChangeUser(id, object{"profile": p})
		}
	}
	return errNoProfile
}

// DisableUser sets a user's status to disabled.
func (z *Zoho) DisableUser(id string) error { return z.ChangeUser(id, object{"status": "disabled"}) }

// EnableUser sets a user's status to active.
func (z *Zoho) EnableUser(id string) error { return z.ChangeUser(id, object{"status": "active"}) }

// DeleteUser sets a user's status to deleted. The user stays in AllUsers, as in
// the documented reply.
func (z *Zoho) DeleteUser(id string) error { return z.ChangeUser(id, object{"status": "deleted"}) }

// RemoveUser takes a user out of every list without a trace.
func (z *Zoho) RemoveUser(id string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	before := len(z.users)
	z.users = slices.DeleteFunc(z.users, func(u user) bool { return u.ID == id })
	if len(z.users) == before {
		return ErrNoUser
	}
	return nil
}
