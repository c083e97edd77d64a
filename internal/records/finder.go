package records

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"crmwho/internal/zoho"
)

// Finder asks the CRM. It is safe for concurrent use; its fields are not changed
// after the first call.
type Finder struct {
	CRM     *zoho.Client // required
	Modules []string     // that are searched, by API name; nil: DefaultModules
	Fields  []Field      // that may be shown besides a record's name and owner; nil: DefaultFields; empty: none
	Closed  []string     // beginnings of the names of stages in which a deal is closed, in either case; nil: DefaultClosed

	Now func() time.Time // what ages are told by; nil: time.Now

	cache cache
}

// atOnce is how many modules are asked at the same time: the smallest edition
// allows five calls at once.
const atOnce = 3

// Find gives the records that a query of Words, Email, Phone, ID or Page means.
// Owners are as the records tell: see Join. A module that does not answer in
// time, or fails, is told of, and the others answer; one that has answered by its
// index alone, and has found some, may have more. What was found within the last
// minute is given again, unless live.
func (f *Finder) Find(ctx context.Context, q Query, live bool) Found {
	return once(f, question{find, q}, live, func() (Found, bool) {
		s := f.search(ctx, q)
		return s.result(), s.settled()
	})
}

func (f *Finder) search(ctx context.Context, q Query) *search {
	s := &search{finder: f, query: q, typed: newTyped(q.Text), modules: f.asked(q)}
	s.found = make([]moduleFound, len(s.modules))
	whole, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if q.Kind == ID || q.Kind == Page {
		s.end = cancel
		eachOf(whole, len(s.modules), s.byID)
		return s
	}
	first, cancel := partOf(whole)
	defer cancel()
	eachOf(first, len(s.modules), s.byIndex)
	s.exactly = slices.ContainsFunc(s.found, moduleFound.exactly)
	order := s.unknownFirst()
	eachOf(whole, len(order), func(ctx context.Context, i int) { s.byQuery(ctx, order[i]) })
	return s
}

// unknownFirst is an order of the modules: time may be over before the last.
func (s *search) unknownFirst() (order []int) {
	for _, failed := range []bool{true, false} {
		for i, m := range s.found {
			if (m.err != nil) == failed {
				order = append(order, i)
			}
		}
	}
	return order
}

// asked are the modules that a query concerns.
func (f *Finder) asked(q Query) []module {
	modules := f.modules()
	if named := slices.IndexFunc(modules, func(m module) bool { return m.name == q.Module }); named >= 0 {
		return modules[named : named+1]
	}
	return slices.DeleteFunc(modules, func(m module) bool {
		return q.Kind == Email && m.email == "" || q.Kind == Phone && !m.phone
	})
}

// Searched gives the modules that a query concerns, by API name.
func (f *Finder) Searched(q Query) []string {
	var all []string
	for _, m := range f.asked(q) {
		all = append(all, m.name)
	}
	return all
}

// longest is how long records are looked for, where there is more time.
const longest = 8 * time.Second

// partOf leaves time for a second round of calls.
func partOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline()
	return context.WithTimeout(ctx, time.Until(deadline)*6/10)
}

// eachOf does n things, a few at once.
func eachOf(ctx context.Context, n int, do func(ctx context.Context, i int)) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			do(ctx, i)
			return nil
		})
	}
	_ = group.Wait() // none fails
}

// search is one, under way.
type search struct {
	finder  *Finder
	query   Query
	typed   typed
	modules []module
	found   []moduleFound // of each of them
	exactly bool          // something is called exactly as somebody typed
	end     func()        // ends a search for one record: no two have the same id
}

// moduleFound is what one module has said so far.
type moduleFound struct {
	hits []*hit
	more bool
	err  error // why it has not answered
	late error // why its query has not, where the index has found some

	unindexed bool // its query lacks a scope, which the index does not
}

func (f moduleFound) exactly() bool {
	return slices.ContainsFunc(f.hits, func(h *hit) bool { return h.rank == same })
}

// byID looks for one record.
func (s *search) byID(ctx context.Context, i int) {
	m, found := s.modules[i], &s.found[i]
	r, err := s.finder.CRM.Record(ctx, m.name, s.query.ID, m.asked(s.query))
	switch {
	case errors.Is(err, zoho.ErrNotFound):
	case err != nil:
		found.err = err
	default:
		found.hits = []*hit{{Record: m.record(r), place: i}}
		s.end()
	}
}

// byIndex looks in Zoho's index.
func (s *search) byIndex(ctx context.Context, i int) {
	m, found := s.modules[i], &s.found[i]
	wanted := zoho.Search{Fields: m.asked(s.query)}
	switch s.query.Kind {
	case Email:
		wanted.Email = s.query.Text
	case Phone:
		wanted.Phone = s.query.Text
	default:
		if wanted.Criteria = m.criteria(s.typed.pieces); wanted.Criteria == "" {
			return
		}
	}
	page, err := s.finder.CRM.SearchRecords(ctx, m.name, wanted)
	found.err, found.more = err, page.MoreRecords
	s.take(i, page.Records, func(zoho.Record) bool { return true })
}

// byQuery finds what is not in the index yet, or where the index may not be
// asked. It is not needed where something is called exactly as somebody typed.
func (s *search) byQuery(ctx context.Context, i int) {
	m, found := s.modules[i], &s.found[i]
	where := s.where(m, found.more)
	if where == "" {
		return
	}
	page, err := s.finder.CRM.SelectRecords(ctx, zoho.Selection{Module: m.name, Fields: m.asked(s.query), Where: where, Limit: zoho.MaxPerPage})
	if err != nil {
		found.unasked(err, s.exactly)
		return
	}
	found.err, found.more = nil, found.more || page.MoreRecords
	s.take(i, page.Records, func(r zoho.Record) bool {
		return s.query.Kind != Email || strings.EqualFold(r.Fields[m.email].Text, s.query.Text)
	})
}

// where is the condition of a query. Of a module where more fit than the index
// gives at once, what is called exactly so may be among the others.
func (s *search) where(m module, more bool) zoho.Condition {
	switch {
	case s.query.Kind == Email:
		return zoho.Like(m.email, s.query.Text)
	case s.query.Kind == Phone: // kept in as many forms as there are people
		return ""
	case more:
		return m.exactly(strings.Fields(s.query.Text))
	}
	return m.condition(s.typed.pieces)
}

// unasked says why a query has not answered. Where it never does, the index is
// enough; so it is for now where something is called exactly as somebody typed.
// What it has found is told, and that there may be more; but where it has found
// nothing nobody knows that there is nothing.
func (f *moduleFound) unasked(err error, exactly bool) {
	switch {
	case f.err != nil:
		lacks := errors.Is(f.err, zoho.ErrScopeMissing) && !errors.Is(err, zoho.ErrScopeMissing)
		if lacks || settled(f.err) && !settled(err) { // the other tells more
			f.err = err
		}
	case settled(err):
		f.unindexed = errors.Is(err, zoho.ErrScopeMissing)
	case exactly:
		f.late = err
	case len(f.hits) > 0:
		f.more, f.late = true, err
	default:
		f.err = err
	}
}

// take keeps records that fit, each once.
func (s *search) take(i int, all []zoho.Record, fits func(zoho.Record) bool) {
	m, found := s.modules[i], &s.found[i]
	known := make(map[string]bool, len(found.hits)+len(all))
	for _, h := range found.hits {
		known[h.ID] = true
	}
	for _, r := range all {
		if known[r.ID] || !fits(r) {
			continue
		}
		known[r.ID] = true
		h := &hit{Record: m.record(r), place: i}
		if s.query.Kind == Words {
			h.rank, h.extra = s.typed.judge(m, h.Record)
		}
		if h.rank != unfit {
			found.hits = append(found.hits, h)
		}
	}
}

// kept is how many records an answer holds.
const kept = 50

func (s *search) result() Found {
	found := Found{ReadAt: s.finder.now(), Failed: s.failed()}
	var hits []*hit
	for _, m := range s.found {
		hits, found.More = append(hits, m.hits...), found.More || m.more
		found.Unindexed = found.Unindexed || m.unindexed
	}
	slices.SortFunc(hits, better)
	found.Total, found.Exact = len(hits), len(hits) > 0 && hits[0].rank == same
	for _, h := range hits[:min(len(hits), kept)] {
		found.Records = append(found.Records, h.Record)
	}
	return found
}

// failed are the modules that have not answered. One record is found for good,
// whatever the others would have said.
func (s *search) failed() (all []Failure) {
	answered := func(m moduleFound) bool { return m.err == nil }
	way, works := zoho.SearchScope, slices.ContainsFunc(s.found, answered)
	if s.end != nil {
		way = ""
		if slices.ContainsFunc(s.found, func(m moduleFound) bool { return len(m.hits) > 0 }) {
			return nil
		}
	}
	for i, m := range s.found {
		if m.err != nil {
			all = append(all, failure(s.modules[i].name, m.err, works, way))
		}
	}
	return all
}

// settled reports whether searching again would say the same.
func (s *search) settled() bool {
	late := func(m moduleFound) bool { return m.late != nil }
	return settledAll(s.failed()) && !slices.ContainsFunc(s.found, late)
}
