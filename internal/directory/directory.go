// Package directory finds people by what somebody types. It reads the whole
// list of users, since Zoho has no search by name, and keeps it for a while.
package directory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"crmwho/internal/zoho"
)

// People are users as they were read together.
type People struct {
	Users  []zoho.User
	ReadAt time.Time // when Zoho was asked
}

// Directory answers from lists that it keeps in memory. It is safe for
// concurrent use; its fields are not changed after the first call.
type Directory struct {
	// Read gives all users of a type or an error, such as (*zoho.Client).ReadUsers. Required.
	Read func(context.Context, zoho.UserType) ([]zoho.User, error)
	// TTL is how old a list may be; zero stands for a minute.
	TTL time.Duration

	mu   sync.Mutex
	kept map[zoho.UserType]People
}

// Search gives those whom the words fit, the best first: see Match. Nobody is
// not an error.
func (d *Directory) Search(ctx context.Context, words string) (People, error) {
	all, err := d.people(ctx, zoho.AllUsers)
	if err != nil {
		return People{}, err
	}
	return People{Users: Match(all.Users, words), ReadAt: all.ReadAt}, nil
}

// Admins gives those whom Zoho calls administrators, whatever their status:
// active people first, then by name.
func (d *Directory) Admins(ctx context.Context) (People, error) {
	admins, err := d.people(ctx, zoho.AdminUsers)
	if err != nil {
		return People{}, err
	}
	admins.Users = slices.SortedStableFunc(slices.Values(admins.Users), byStanding)
	return admins, nil
}

// people gives a complete list or an error, never a part. Two callers who find
// it too old at once both read it.
func (d *Directory) people(ctx context.Context, t zoho.UserType) (People, error) {
	d.mu.Lock()
	kept, ok := d.kept[t]
	d.mu.Unlock()
	if ok && time.Since(kept.ReadAt) < cmp.Or(d.TTL, time.Minute) {
		return kept, nil
	}
	read := People{ReadAt: time.Now()}
	var err error
	if read.Users, err = d.Read(ctx, t); err != nil {
		return People{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept == nil {
		d.kept = map[zoho.UserType]People{}
	}
	d.kept[t] = read
	return read, nil
}
