package records

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

const (
	// maxRows and fewRows are how many owners one query counts: one page of Zoho's
	// documentation says that it may be the one, another the other.
	maxRows = 2000
	fewRows = 200
	// maxOffset is how far a query goes.
	maxOffset = 100_000
	// longestCount is how long owners are counted, where there is more time.
	longestCount = time.Minute
)

// owners are how many records each user owns, by module.
type owners struct {
	modules []string
	counts  map[string]map[string]int // by module and user id
	names   map[string]string         // as the records have them, by user id
	failed  []Failure
	readAt  time.Time
}

// Orphans gives the records whose owners are not active, by what a snapshot of
// the directory knows. It needs COQL, which counts converted leads as well.
func (f *Finder) Orphans(ctx context.Context, s *directory.Snapshot, live bool) Orphans {
	all := once(f, question{kind: orphans}, live, func() (owners, bool) {
		all := f.owners(ctx)
		return all, settledAll(all.failed)
	})
	return all.inactive(s)
}

func (f *Finder) owners(ctx context.Context) owners {
	modules := f.modules()
	ctx, cancel := context.WithTimeout(ctx, longestCount)
	defer cancel()
	groups, errs := make([][]zoho.Group, len(modules)), make([]error, len(modules))
	eachOf(ctx, len(modules), func(ctx context.Context, i int) { groups[i], errs[i] = f.countOwners(ctx, modules[i]) })
	all := owners{counts: map[string]map[string]int{}, names: map[string]string{}, readAt: f.now()}
	works := slices.Contains(errs, nil)
	for i, m := range modules {
		if errs[i] != nil { // what a part of the pages says is not told
			all.failed = append(all.failed, failure(m.name, errs[i], works, zoho.COQLScope))
			continue
		}
		all.modules, all.counts[m.name] = append(all.modules, m.name), map[string]int{}
		for _, g := range groups[i] {
			all.counts[m.name][g.ID] += g.Records
			all.names[g.ID] = cmp.Or(all.names[g.ID], g.Text)
		}
	}
	return all
}

var (
	errTwice  = errors.New("an owner came twice: the list changed while it was read")
	errNoEnd  = errors.New("a page without owners, and more behind it")
	errTooFar = errors.New("more groups of records than are counted")
)

// countOwners reads all pages of a module's owners. A page may be shorter than
// it was asked to be, with others behind it.
func (f *Finder) countOwners(ctx context.Context, m module) (all []zoho.Group, err error) {
	seen := map[string]bool{}
	rows := maxRows
	for offset := 0; offset < maxOffset; offset = len(all) {
		page, err := f.CRM.CountRecords(ctx, zoho.Counting{Module: m.name, By: "Owner", Limit: rows, Offset: offset})
		if e, ok := errors.AsType[*zoho.Error](err); ok && e.Status == http.StatusBadRequest && !settled(err) && rows > fewRows && offset == 0 {
			rows = fewRows
			page, err = f.CRM.CountRecords(ctx, zoho.Counting{Module: m.name, By: "Owner", Limit: rows})
		}
		if err != nil {
			return nil, err
		}
		for _, g := range page.Groups {
			if seen[g.ID] {
				return nil, errTwice
			}
			seen[g.ID] = true
		}
		all = append(all, page.Groups...)
		switch {
		case !page.MoreRecords:
			return all, nil
		case len(page.Groups) == 0:
			return nil, errNoEnd
		}
	}
	return nil, errTooFar
}

// inactive are those owners who are not active.
func (all owners) inactive(s *directory.Snapshot) Orphans {
	o := Orphans{Failed: all.failed, ReadAt: all.readAt}
	byID := all.gone(s)
	for _, m := range all.modules {
		count := Count{Module: m}
		for id, n := range all.counts[m] {
			if byID[id] == nil {
				continue
			}
			byID[id].Counts = append(byID[id].Counts, Count{m, n, n})
			byID[id].Records += n
			count.Records, count.Open = count.Records+n, count.Open+n
		}
		if count.Records > 0 {
			o.Counts = append(o.Counts, count)
		}
		o.Records += count.Records
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		o.Owners = append(o.Owners, *byID[id])
	}
	slices.SortStableFunc(o.Owners, func(a, b Orphan) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.User.FullName, b.User.FullName))
	})
	return o
}

// gone are the owners who are not active, by id. All are looked up in one pass:
// in a large organisation most people own something.
func (all owners) gone(s *directory.Snapshot) map[string]*Orphan {
	gone := map[string]*Orphan{}
	for id, name := range all.names {
		if id != "" {
			gone[id] = &Orphan{Owner: Owner{User: zoho.User{ID: id, FullName: name}}}
		}
	}
	for u := range s.Everyone() {
		switch {
		case gone[u.ID] == nil:
		case u.Active():
			delete(gone, u.ID)
		default:
			gone[u.ID].Owner = Owner{User: u, Known: true}
		}
	}
	return gone
}
