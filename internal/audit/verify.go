package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"crmwho/internal/store"
)

// Evidence is all that a ledger holds, as it is kept.
type Evidence struct {
	Records   map[string][]byte // by name in the store
	Snapshots map[string][]byte // by the hash that names it
}

// Evidence reads all that there is. progress, if it is not nil, is told how many
// of how many values have been read.
func (l Ledger) Evidence(ctx context.Context, progress func(done, all int)) (Evidence, error) {
	e := Evidence{Records: map[string][]byte{}, Snapshots: map[string][]byte{}}
	names, err := l.names(ctx)
	if err != nil {
		return Evidence{}, err
	}
	for i, name := range names {
		value, err := l.Store.Read(ctx, name)
		switch hash, is := strings.CutPrefix(name, snapshotPrefix); {
		case errors.Is(err, store.ErrNotExist):
		case err != nil:
			return Evidence{}, fmt.Errorf("read %s: %w", name, err)
		case is:
			e.Snapshots[hash] = value.Data
		default:
			e.Records[name] = value.Data
		}
		if progress != nil {
			progress(i+1, len(names))
		}
	}
	return e, nil
}

// names are those of all records and snapshots, also of the last ones where the
// list lacks them.
func (l Ledger) names(ctx context.Context) ([]string, error) {
	records, err := l.Store.List(ctx, recordPrefix)
	if err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	last, err := l.behind(ctx, records)
	if err != nil {
		return nil, err
	}
	snapshots, err := l.Store.List(ctx, snapshotPrefix)
	if err != nil {
		return nil, fmt.Errorf("snapshots: %w", err)
	}
	for n := lastOf(records) + 1; n <= last; n++ {
		records = append(records, recordName(n))
		if r, err := l.read(ctx, n); err == nil && r.Posted != nil {
			snapshots = append(snapshots, snapshotPrefix+r.Posted.Snapshot)
		}
	}
	return slices.Concat(records, snapshots), nil
}

// All gives the records that can be read, in the order of their names, whether or
// not they were altered.
func (e Evidence) All() []Record {
	var all []Record
	for _, name := range e.names() {
		if r, _ := decodeRecord(e.Records[name]); r.event() != "" {
			all = append(all, r)
		}
	}
	return all
}

func (e Evidence) names() []string {
	var names []string
	for name := range e.Records {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Problem is what is wrong with the evidence.
type Problem struct {
	Record int    `json:"record,omitempty"` // the number of the record that was altered, is missing or was put in; 0: it is about none
	What   string `json:"what"`             // a sentence
}

// Verify tells what was altered, is missing or was put in, in the order of
// records; nil: nothing. Heads are hashes of records that somebody wrote down
// elsewhere, such as in Slack, where each post and each signature shows one:
// without one of them nobody can tell whether the last records were cut off, or
// all was written anew.
//
// A record vouches for the one before, by its hash. Where it turns out that
// somebody wrote a record anew, those before it that it was chained to may have
// been written anew too.
func (e Evidence) Verify(heads ...string) []Problem {
	c := newChain(e)
	for _, head := range c.known(heads) {
		c.follow(head)
	}
	c.follow(c.tip())
	c.checkRest()
	c.checkPlaces()
	c.checkContents()
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return cmp.Compare(a.order(), b.order()) })
	return c.problems
}

// order puts what is about no record behind the others.
func (p Problem) order() int { return cmp.Or(p.Record, math.MaxInt) }

// link is what stands in the place of a record.
type link struct {
	Record
	at     int   // the number in its name
	below  *link // what stands before it
	whole  bool  // it has the hash that it claims
	copyOf *link // the one of which it is a copy

	number  int   // of the record that it is, or is there for; known once it is seen
	seen    bool  // the chain has been followed through it
	vouched bool  // a head or the one behind it says that it belongs there
	bad     bool  // something was said of it
	after   *link // the one that is chained to it
}

// chain is being verified. It is followed by hashes, from its end, wherever its
// records stand.
type chain struct {
	evidence Evidence
	links    []*link          // in the order of their places
	byHash   map[string]*link // without copies
	byNumber map[int][]*link  // the same, the whole ones only
	shown    map[string]bool  // snapshots that records show, by hash
	problems []Problem
}

func newChain(e Evidence) *chain {
	c := &chain{evidence: e, byHash: map[string]*link{}, byNumber: map[int][]*link{}, shown: map[string]bool{}}
	var below *link
	for _, name := range e.names() {
		r, err := decodeRecord(e.Records[name])
		at := numberOf(name)
		if at == 0 {
			c.say(0, "%q was put in: it is no name of a record.", strings.TrimPrefix(name, recordPrefix))
			continue
		}
		below = &link{Record: r, at: at, below: below, whole: err == nil}
		c.links = append(c.links, below)
	}
	c.index(func(l *link) bool { return l.whole && l.below != nil && l.below.Hash == l.Previous }) // others are copies of these
	c.index(func(l *link) bool { return l.whole && l.at == l.Number })
	c.index(func(l *link) bool { return l.whole })
	c.index(func(l *link) bool { return !l.whole }) // by the hash that it claims
	return c
}

func (c *chain) index(which func(*link) bool) {
	for _, l := range c.links {
		switch same := c.byHash[l.Hash]; {
		case same == l || !which(l):
		case same == nil:
			c.byHash[l.Hash] = l
			if l.whole {
				c.byNumber[l.Number] = append(c.byNumber[l.Number], l)
			}
		case l.whole:
			l.copyOf = same
		}
	}
}

func (c *chain) say(record int, format string, args ...any) {
	c.problems = append(c.problems, Problem{record, fmt.Sprintf(format, args...)})
}

// blame says what is wrong with the record that a link is there for, once.
func (c *chain) blame(l *link, number int, why string, args ...any) {
	if l.number = number; !l.bad {
		l.bad = true
		c.say(number, "Record %d "+why, append([]any{number}, args...)...)
	}
}

// known are the records with these hashes, the last first. Where there is none it
// is said, unless another is chained to it, or the last one was changed: then that
// tells.
func (c *chain) known(heads []string) []*link {
	var known []*link
	for _, head := range heads {
		head = strings.ToLower(strings.TrimSpace(head))
		isChained := func(l *link) bool { return l.whole && l.Previous == head }
		switch l := c.byHash[head]; {
		case l != nil:
			l.vouched = true
			known = append(known, l)
		case len(head) != len(sum(nil)):
			c.say(0, "%q is not the hash of a record: it has %d characters, not %d.", head, len(head), len(sum(nil)))
		case !slices.ContainsFunc(c.links, isChained) && c.endsWhole():
			c.say(0, "No record has the hash %s that was given: the last ones were taken away, or they were written anew, or the hash is mistyped or of another place.", head)
		}
	}
	slices.SortFunc(known, func(a, b *link) int { return cmp.Compare(b.Number, a.Number) })
	return known
}

// tip is the end of the chain: what stands in the last place, or what follows it
// and stands elsewhere. It is nil without records.
func (c *chain) tip() *link {
	if len(c.links) == 0 {
		return nil
	}
	tip := c.links[len(c.links)-1]
	tip = cmp.Or(tip.copyOf, tip)
	for next := tip; next != nil; {
		tip, next = next, nil
		for _, l := range c.byNumber[tip.Number+1] {
			if tip.whole && l.Previous == tip.Hash {
				next = l
			}
		}
	}
	return tip
}

func (c *chain) endsWhole() bool {
	tip := c.tip()
	return tip == nil || tip.whole
}

// follow goes from a link through those before it.
func (c *chain) follow(l *link) {
	if l == nil {
		return
	}
	if l.number = l.at; l.whole {
		l.number = l.Number
	}
	for l != nil && !l.seen {
		l.seen = true
		l = c.before(l)
	}
}

// before gives the link before one, and tells what is wrong; nil at the beginning.
func (c *chain) before(l *link) *link {
	former := c.byHash[l.Previous]
	switch {
	case !l.whole:
		c.blame(l, l.number, "was changed.")
	case l.bad:
	case (l.Number == 1) != (l.Previous == ""):
		c.blame(l, l.at, "was changed: the first one is chained to none, and no other.")
	case l.Previous == "":
		return nil
	case former == nil:
	case former.whole && former.Number != l.Number-1:
		// It was kept behind what stands before it, which then was there already.
		if behind := l.below != nil && l.below.Hash == l.Previous; !behind || l.at != l.Number {
			c.blame(l, l.at, "was changed: it is chained to record %d.", former.Number)
		}
	case former.after != nil:
		c.blame(l, l.at, "was put in: another one is chained to record %d.", former.number)
		return nil
	default:
		former.number, former.vouched, former.after = l.number-1, true, l
		return former
	}
	return c.guess(l)
}

// guess gives the link that is there for the record before one, where no hash
// tells, and says what is missing or was changed.
func (c *chain) guess(l *link) *link {
	number := l.number - 1
	g := c.likely(l, number)
	if g == nil {
		c.missing(1, number)
		return nil
	}
	if !g.seen {
		g.number = number - (l.at - g.at - 1)
		if isOnly := len(c.byNumber[g.Number]) == 1; g.whole && g.copyOf == nil && isOnly && 1 <= g.Number && g.Number <= number {
			g.number = g.Number
		}
	}
	c.missing(g.number+1, number)
	switch {
	case !g.whole || g.number < number && g.copyOf == nil || l.bad && g.number == g.Number:
	case g.copyOf != nil:
		c.blame(g, g.number, "was changed: a copy of record %d stands in its place.", g.Number)
	case g.number != g.Number:
		c.blame(g, g.number, "was changed: it says that it is record %d.", g.Number)
	case g.seen && !g.bad:
		c.blame(l, l.number, "was changed or put in: it is not chained to record %d.", number)
	case l.vouched:
		c.blame(g, number, "was changed: it is not the one that record %d is chained to.", l.number)
	default:
		c.blame(g, number, "was changed, or else record %d: that one is chained to another.", l.number)
	}
	return g
}

// likely is the one that says that it has a number, or what stands before a link.
func (c *chain) likely(l *link, number int) *link {
	for _, g := range c.byNumber[number] {
		if !g.seen {
			return g
		}
	}
	return l.below
}

func (c *chain) missing(from, to int) {
	switch {
	case from == to:
		c.say(from, "Record %d is missing.", from)
	case from < to:
		c.say(from, "Records %d to %d are missing.", from, to)
	}
}

// checkRest tells of what the chain does not lead to.
func (c *chain) checkRest() {
	for _, l := range c.links {
		switch {
		case l.seen:
		case l.copyOf != nil:
			c.blame(l, l.at, "was changed or put in: it is a copy of record %d.", l.Number)
		default:
			c.blame(l, l.at, "was put in: no other is chained to it.")
		}
	}
}

// checkPlaces tells which records stand under the numbers of others.
func (c *chain) checkPlaces() {
	var run []*link
	tell := func() {
		switch first, last := run[0], run[len(run)-1]; {
		case first.at == first.number:
		case first == last:
			c.say(first.number, "Record %d stands in the place of record %d.", first.number, first.at)
		default:
			c.say(first.number, "Records %d to %d stand in the places of records %d to %d.", first.number, last.number, first.at, last.at)
		}
	}
	for _, l := range c.links {
		switch {
		case l.bad:
			continue
		case run != nil && run[0].at-run[0].number != l.at-l.number:
			tell()
			run = nil
		}
		run = append(run, l)
	}
	if run != nil {
		tell()
	}
}

// checkContents looks at the records that are as they were written.
func (c *chain) checkContents() {
	type event struct{ run, what string }
	earlier, records := map[event]int{}, map[int]Record{}
	for _, l := range c.links {
		if !l.bad {
			records[l.Number] = l.Record
		}
	}
	for _, number := range slices.Sorted(maps.Keys(records)) {
		r := records[number]
		c.checkSnapshot(r)
		c.checkSignature(r, records)
		e := event{r.Run, r.event()}
		if first, twice := earlier[e]; twice {
			c.say(number, "Record %d was put in: record %d says the same of its run.", number, first)
			continue
		}
		earlier[e] = number
	}
	for _, hash := range slices.Sorted(maps.Keys(c.evidence.Snapshots)) {
		if !c.shown[hash] && sum(c.evidence.Snapshots[hash]) != hash {
			c.say(0, "A snapshot was put in or changed: what is kept as %q has another hash, and no record shows it.", hash)
		}
	}
}

func (c *chain) checkSnapshot(r Record) {
	if r.Posted == nil {
		return
	}
	c.shown[r.Posted.Snapshot] = true
	data, there := c.evidence.Snapshots[r.Posted.Snapshot]
	if !there {
		c.say(r.Number, "The snapshot of record %d is missing.", r.Number)
		return
	}
	if _, err := decodeSnapshot(data, r.Posted.Snapshot); err != nil {
		c.say(r.Number, "The snapshot of record %d was changed.", r.Number)
	}
}

// checkSignature looks whether a record signs what was posted before.
func (c *chain) checkSignature(r Record, records map[int]Record) {
	if r.Signed == nil {
		return
	}
	post, there := records[r.Signed.Post]
	shown := post.Posted != nil && post.Posted.Snapshot == r.Signed.Snapshot
	if future := r.Signed.Post < 1 || r.Signed.Post >= r.Number; future || there && !shown {
		c.say(r.Number, "Record %d signs what record %d did not show.", r.Number, r.Signed.Post)
	}
}
