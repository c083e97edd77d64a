package records

import (
	"errors"
	"slices"
	"sync"
	"time"

	"crmwho/internal/zoho"
)

const (
	// recently is how long an answer is given again to the same question.
	recently = time.Minute
	// maxRecent is how many answers are kept.
	maxRecent = 100
)

// question is what an answer is kept under.
type question struct {
	kind string
	Query
}

// Kinds of questions.
const (
	find    = "find"
	owned   = "owned"
	orphans = "orphans"
)

// cache keeps answers for a little while.
type cache struct {
	mu   sync.Mutex
	kept map[question]answer
}

type answer struct {
	value any
	at    time.Time
}

func (c *cache) get(q question, now time.Time) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.kept[q]; ok && now.Sub(a.at).Abs() < recently {
		return a.value
	}
	return nil
}

func (c *cache) put(q question, value any, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= maxRecent {
		c.kept = map[question]answer{}
	}
	c.kept[q] = answer{value, now}
}

// once gives the answer that a question had recently, unless live, or asks. What
// another try may mend is not kept: do says so. What it gives is not to be
// changed.
func once[T any](f *Finder, q question, live bool, do func() (answer T, settled bool)) T {
	if kept, ok := f.cache.get(q, f.now()).(T); ok && !live {
		return kept
	}
	found, settled := do()
	if settled {
		f.cache.put(q, found, f.now())
	}
	return found
}

// now is the wall clock, unless another is given: while a process is frozen the
// monotonic one stands.
func (f *Finder) now() time.Time {
	if f.Now != nil {
		return f.Now().Round(0)
	}
	return time.Now().Round(0)
}

func settledAll(all []Failure) bool {
	return !slices.ContainsFunc(all, func(f Failure) bool { return !settled(f.Err) })
}

// settled reports whether asking again would give the same error.
func settled(err error) bool {
	return errors.Is(err, zoho.ErrScopeMissing) || errors.Is(err, zoho.ErrNoPermission) || errors.Is(err, zoho.ErrNoModule)
}
