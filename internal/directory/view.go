package directory

import (
	"context"
	"time"
)

// liveFor is how long what Zoho said can be taken for what it says.
const liveFor = time.Minute

// Source tells where an answer comes from.
type Source struct {
	ReadAt time.Time     // when Zoho was asked
	Age    time.Duration // at the time of the answer
	Stale  error         // why it is older than it should be; nil when it is not
}

// View is a snapshot for the answers to one question, and where they come from.
type View struct {
	*Snapshot // nil in the zero View
	Source
}

func (d *Directory) view(s *Snapshot, stale error) View {
	if s == nil {
		return View{Source: Source{Stale: stale}}
	}
	return View{s, Source{ReadAt: s.At, Age: max(0, d.now().Sub(s.At)), Stale: stale}}
}

// from says of an answer that it comes from the view.
func (v View) from(p People) People {
	p.Source = v.Source
	return p
}

// Look gives a snapshot not older than FreshFor. When Zoho does not answer
// before the deadline of ctx, it gives the last one, and Stale says why; an
// error means that there is none.
func (d *Directory) Look(ctx context.Context) (View, error) {
	asked := d.now()
	if h := d.known(); d.isFresh(h) {
		return d.view(h.snapshot, nil), nil
	} else if h.snapshot != nil && d.justNow(h.failedAt, failurePause) {
		return d.view(h.snapshot, h.failure), nil
	}
	err := d.inTurn(ctx, func() error { return d.refresh(ctx, asked, d.freshFor()) })
	h := d.known()
	switch {
	case h.snapshot == nil:
		return View{}, err
	case d.isFresh(h):
		err = nil
	}
	return d.view(h.snapshot, err), nil
}

// LookLive gives a snapshot that Zoho confirmed at most a minute ago, whatever
// FreshFor is, and asks Zoho if there is none such, even if it failed just now.
// With an error comes the last snapshot, if any, and Stale is that error.
func (d *Directory) LookLive(ctx context.Context) (View, error) {
	asked := d.now()
	if h := d.known(); d.isFor(h, liveFor) {
		return d.view(h.snapshot, nil), nil
	}
	err := d.inTurn(ctx, func() error { return d.refresh(ctx, asked, liveFor) })
	h := d.known()
	if d.isFor(h, liveFor) { // perhaps another process's
		err = nil
	}
	return d.view(h.snapshot, err), err
}

// RecallView gives the snapshot in memory or the stored one, however old, for
// who cannot wait for Zoho. It is not ok when there is none.
func (d *Directory) RecallView(ctx context.Context) (v View, ok bool) {
	d.Warm(ctx)
	s := d.known().snapshot
	return d.view(s, nil), s != nil
}
