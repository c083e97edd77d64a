package records

import (
	"context"
	"slices"
	"strings"
	"time"

	"crmwho/internal/zoho"
)

// maxLatest is how many of somebody's records are told by name.
const maxLatest = 5

// Owned gives what a user owns, by id: how many records of each module, and
// those that were modified last. What is no id owns nothing. It needs COQL.
func (f *Finder) Owned(ctx context.Context, owner string, live bool) Holdings {
	if zoho.OwnedBy(owner) == "" {
		return Holdings{ReadAt: f.now()}
	}
	return once(f, question{owned, Query{ID: owner}}, live, func() (Holdings, bool) {
		h := f.owned(ctx, owner)
		return h, settledAll(h.Failed)
	})
}

// portfolio is what a module says of an owner.
type portfolio struct {
	count     Count
	latest    []Record
	countErr  error
	latestErr error
}

// err says why a module is missing. Of nothing there is no latest.
func (p portfolio) err() error {
	if p.countErr != nil || p.count.Records == 0 {
		return p.countErr
	}
	return p.latestErr
}

func (f *Finder) owned(ctx context.Context, owner string) Holdings {
	modules := dealsFirst(f.modules())
	all := make([]portfolio, len(modules))
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	eachOf(ctx, 2*len(modules), func(ctx context.Context, i int) {
		m, p := modules[i%len(modules)], &all[i%len(modules)]
		if i < len(modules) {
			p.count, p.countErr = f.countOf(ctx, m, owner)
		} else {
			p.latest, p.latestErr = f.latestOf(ctx, m, owner)
		}
	})
	return gathered(modules, all, f.now())
}

func dealsFirst(modules []module) []module {
	slices.SortStableFunc(modules, func(a, b module) int {
		switch {
		case a.name == deals && b.name != deals:
			return -1
		case b.name == deals && a.name != deals:
			return 1
		}
		return 0
	})
	return modules
}

// countOf counts what somebody owns of a module: deals by their stages.
func (f *Finder) countOf(ctx context.Context, m module, owner string) (Count, error) {
	by := "Owner"
	if m.name == deals {
		by = "Stage"
	}
	page, err := f.CRM.CountRecords(ctx, zoho.Counting{Module: m.name, By: by, Where: zoho.OwnedBy(owner), Limit: zoho.MaxPerPage})
	if err == nil && page.MoreRecords {
		err = errTooFar
	}
	if err != nil {
		return Count{}, err
	}
	c := Count{Module: m.name}
	for _, g := range page.Groups {
		c.Records += g.Records
		if m.name != deals || !f.isClosed(g.Text) {
			c.Open += g.Records
		}
	}
	return c, nil
}

func (f *Finder) isClosed(stage string) bool {
	closed := f.Closed
	if closed == nil {
		closed = DefaultClosed
	}
	stage = strings.ToLower(stage)
	return slices.ContainsFunc(closed, func(beginning string) bool { return strings.HasPrefix(stage, strings.ToLower(beginning)) })
}

func (f *Finder) latestOf(ctx context.Context, m module, owner string) (latest []Record, err error) {
	page, err := f.CRM.SelectRecords(ctx, zoho.Selection{Module: m.name, Fields: m.asked(Query{}), Where: zoho.OwnedBy(owner), Limit: maxLatest})
	for _, r := range page.Records {
		latest = append(latest, m.record(r))
	}
	return latest, err
}

func gathered(modules []module, all []portfolio, now time.Time) Holdings {
	h := Holdings{ReadAt: now}
	works := slices.ContainsFunc(all, func(p portfolio) bool { return p.countErr == nil || p.latestErr == nil })
	for i, p := range all {
		if p.count.Records > 0 {
			h.Counts = append(h.Counts, p.count)
		}
		if err := p.err(); err != nil {
			f := failure(modules[i].name, err, works, zoho.COQLScope)
			f.Counted = p.countErr == nil
			h.Failed = append(h.Failed, f)
		}
		h.Latest = append(h.Latest, p.latest...)
	}
	slices.SortStableFunc(h.Latest, func(a, b Record) int { return b.ModifiedTime.Compare(a.ModifiedTime) })
	h.Latest = h.Latest[:min(len(h.Latest), maxLatest)]
	return h
}
