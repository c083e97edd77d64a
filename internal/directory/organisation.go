package directory

import (
	"context"
	"errors"
	"reflect"
	"time"

	"crmwho/internal/zoho"
)

// Organisation is what the CRM says about itself, as far as the grant lets it be
// read. Its zero value knows nothing.
type Organisation struct {
	At       time.Time `json:"at"`                 // when all was read that the grant opens; zero: never
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

// syncOrganisation reads what the CRM says about itself if that was long ago or
// is asked for, and stores it with the snapshot. Nobody waits for it, and what
// goes wrong is said in the log alone: the next Sync tries again.
func (d *Directory) syncOrganisation(ctx context.Context, all bool) {
	before := d.known().snapshot.Organisation
	unread := d.Roles == nil && d.Profiles == nil && d.Org == nil
	if unread || !all && d.justNow(before.At, d.fullAfter()) {
		return
	}
	now := d.readOrganisation(ctx, before)
	if reflect.DeepEqual(now, before) {
		return
	}
	err := d.inTurn(ctx, func() error {
		s := d.known().snapshot.knowing(now)
		d.hold(func(h *held) { h.snapshot = s })
		return d.save(ctx, s)
	})
	if err != nil {
		d.log().WarnContext(ctx, "organisation not saved", "err", err)
	}
}

// readOrganisation brings an organisation up to date, part by part: each needs
// a scope of its own.
func (d *Directory) readOrganisation(ctx context.Context, o Organisation) Organisation {
	at := d.now().UTC()
	roles := readPart(ctx, d, "roles", d.Roles, func(all []zoho.Role) { o.Roles = rolesOf(all) })
	profiles := readPart(ctx, d, "profiles", d.Profiles, func(all []zoho.Profile) { o.Profiles = profilesOf(all) })
	org := readPart(ctx, d, "org", d.Org, func(org zoho.Org) { o.Domain = org.DomainName })
	if roles && profiles && org {
		o.At = at
	}
	return o
}

// readPart reports whether a part was read as far as it can be. One that the
// grant does not open is unknown; one that failed otherwise, and one that
// nobody reads, stays as it was.
func readPart[T any](ctx context.Context, d *Directory, name string, read func(context.Context) (T, error), keep func(T)) bool {
	if read == nil {
		return true
	}
	part, err := read(ctx)
	switch {
	case errors.Is(err, zoho.ErrScopeMissing), errors.Is(err, zoho.ErrNoPermission):
		d.log().InfoContext(ctx, "organisation not open to the grant", "part", name, "err", err)
		var unknown T
		keep(unknown)
	case err != nil:
		d.log().WarnContext(ctx, "organisation not read", "part", name, "err", err)
		return false
	default:
		keep(part)
	}
	return true
}

func rolesOf(all []zoho.Role) (roles []Role) {
	for _, r := range all {
		roles = append(roles, Role{r.ID, r.Name, r.ReportingTo.ID, r.Admin})
	}
	return roles
}

func profilesOf(all []zoho.Profile) (profiles []Profile) {
	for _, p := range all {
		profiles = append(profiles, Profile{p.ID, p.Name, p.Custom})
	}
	return profiles
}
