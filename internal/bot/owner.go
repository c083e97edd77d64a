package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"

	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// ownerCommand asks who owns what.
const ownerCommand = "/crmowner"

// maxAlso is how many people are offered beside records that the same words fit.
const maxAlso = 3

// leadsToRecord reports whether somebody pasted the address of a record's page
// where people are asked for: it asks for the record's owner.
func leadsToRecord(q question) bool {
	_, ok := records.ParsePage(q.Text)
	return ok && q.Command == findPerson
}

// owner answers who owns a record, or what somebody owns.
func (b *Bot) owner(ctx context.Context, q question, words string) answered {
	switch {
	case q.What != "" && q.What != slackfmt.WhatOwns, q.What == slackfmt.WhatOwns && q.Person == "":
		return said("outdated", slackfmt.Outdated())
	case q.Record != "":
		module, id, _ := strings.Cut(q.Record, "/")
		return b.records(ctx, q, records.Query{Kind: records.Page, Module: module, ID: id})
	case q.Person != "":
		return b.ownedBy(ctx, q, q.Person)
	case words == "":
		return usage(q.Command)
	}
	q.Text = records.Subject(q.Text)
	query, err := records.Parse(q.Text)
	switch {
	case err != nil:
		return said("not understood", notARecord(q, err, words))
	case query.Kind == records.Orphaned:
		return b.orphans(ctx, q)
	case query.Kind == records.Person:
		return b.personOwns(ctx, q, query.Text)
	}
	return b.records(ctx, q, query)
}

func notARecord(q question, err error, words string) slackfmt.Message {
	switch {
	case errors.Is(err, records.ErrTooLong):
		return slackfmt.TooLong(q.Command, records.MaxText)
	case errors.Is(err, records.ErrForeign):
		return slackfmt.NotARecord(words)
	}
	return slackfmt.NotAnArgument(q.Command, words)
}

// records answers who owns the records that a query means, and offers the people
// whom the same words fit. Where there is no such record, they are meant.
func (b *Bot) records(ctx context.Context, q question, query records.Query) answered {
	if query.Kind == records.ID { // of a user, or of a record
		v, err := b.people(ctx, q)
		if err != nil {
			return failed(q, err)
		}
		if u, ok := v.Person(query.ID); ok {
			return b.holdings(ctx, q, v, u)
		}
	}
	v, all, err := b.findBoth(ctx, q, query)
	if err != nil {
		return failed(q, err)
	}
	all.Records = records.Join(v.Snapshot, all.Records)
	people := also(v, q, query)
	offered := people.Users
	if people.Total > maxAlso {
		offered = nil // the words say little about people
	}
	switch none := len(all.Records) == 0; {
	case none && mayFollow(ctx, all.Failed):
		return later(all.Failed)
	case (!all.Exact || q.Live) && mayFollow(ctx, all.Failed): // something that fits better may follow
		a, part := later(all.Failed), b.showRecords(ctx, q, v, all, offered)
		a.instead = &part
		return a
	case none && slices.ContainsFunc(b.missing(all.Failed), again): // whether a record is meant may be known soon
		return b.noRecord(ctx, q, v, query, all, offered)
	case none && people.Total == 1 && strings.ContainsFunc(q.Text, unicode.IsLetter):
		return b.holdings(ctx, q, v, people.Users[0])
	case none && people.Total > 1:
		return ofRecords(ctx, v, all.Failed, people.Total, func() slackfmt.Message { return slackfmt.Owners(q.Ask, q.Text, people) })
	case none: // digits that a phone number of somebody's has are no name
		return b.noRecord(ctx, q, v, query, all, offered)
	}
	return b.showRecords(ctx, q, v, all, offered)
}

// showRecords shows the records that were found, and the people whom the words
// fit as well.
func (b *Bot) showRecords(ctx context.Context, q question, v directory.View, all records.Found, people []zoho.User) answered {
	missing := b.missing(all.Failed)
	if len(all.Records) > 1 || all.More {
		l := slackfmt.RecordList{Asked: q.Ask, Found: all, People: people, Missing: missing}
		return ofRecords(ctx, v, all.Failed, all.Total, l.Message)
	}
	r := all.Records[0]
	c := slackfmt.RecordCard{
		Asked: q.Ask, Record: r, Link: b.recordPage(v, r), Missing: missing, People: people,
		ReadAt: all.ReadAt, Now: b.now(), Plain: b.PlainPhones,
	}
	if u := r.Owner.User; u.Active() && u.TimeZone != "" {
		c.Zone = b.zone(ctx, q)
	}
	return ofRecords(ctx, v, all.Failed, 1, c.Message)
}

// noRecord says that there is no record, or of which modules that is not known.
func (b *Bot) noRecord(ctx context.Context, q question, v directory.View, query records.Query, all records.Found, people []zoho.User) answered {
	modules := b.Records.Searched(query)
	if len(all.Failed) > 0 && len(all.Failed) == len(modules) && len(people) == 0 {
		return b.unread(q, all.Failed)
	}
	return ofRecords(ctx, v, all.Failed, 0, func() slackfmt.Message {
		return slackfmt.NoRecord(q.Ask, all, b.missing(all.Failed), modules, b.Setup, people...)
	})
}

// unread says why no module has answered. Of different reasons it is one that
// may pass, if there is one.
func (b *Bot) unread(q question, all []records.Failure) answered {
	missing := b.missing(all)
	i := max(0, slices.IndexFunc(missing, again))
	e := explain(all[i].Err)
	e.Trouble = missing[i].Why // which names all scopes
	return failedFor(q, e, all[i].Err)
}

// findBoth looks for records, and meanwhile brings the list of people up to date.
func (b *Bot) findBoth(ctx context.Context, q question, query records.Query) (v directory.View, found records.Found, err error) {
	var looking sync.WaitGroup
	looking.Go(func() { v, err = b.people(ctx, q) })
	found = b.Records.Find(ctx, query, q.Live)
	looking.Wait()
	return v, found, err
}

// people are those whom answers about records are joined with. That is no read
// of theirs that Refresh insists on.
func (b *Bot) people(ctx context.Context, q question) (directory.View, error) {
	q.Live = false
	return b.look(ctx, q)
}

// also are the people whom a query fits that looks for records.
func also(v directory.View, q question, query records.Query) directory.People {
	if query.Kind == records.Page {
		return directory.People{}
	}
	wanted, err := directory.Parse(q.Text)
	if err != nil || len(wanted.Terms) == 0 || len(wanted.Filters) > 0 {
		return directory.People{}
	}
	people := v.Search(wanted)
	if people.Suggested {
		return directory.People{}
	}
	people.Source = v.Source
	return people
}

// mayFollow reports whether a module may answer yet that has not within the time
// for a first reply, or asks to wait for longer.
func mayFollow(ctx context.Context, all []records.Failure) bool {
	inline := !traceOf(ctx).deadline.IsZero()
	return inline && slices.ContainsFunc(all, func(f records.Failure) bool { return errors.Is(f.Err, context.DeadlineExceeded) || waits(f.Err) })
}

// later hands a question over that a job has more time for.
func later(all []records.Failure) answered {
	return answered{failed: true, err: errors.Join(errJobOnly, all[0].Err)}
}

// ofRecords is an answer about so many records or people. Modules that are
// missing in it make it one in part. It is the list of people that may be older
// than it should be.
func ofRecords(ctx context.Context, v directory.View, failed []records.Failure, n int, how func() slackfmt.Message) answered {
	defer timed(&traceOf(ctx).format)()
	a := answered{message: how(), outcome: "people", people: n, age: v.Age}
	if v.Stale != nil {
		e := explain(v.Stale)
		a.message, a.outcome, a.err, a.stale = a.message.OlderPeople(v.Age, e.What), "older: "+e.outcome, v.Stale, true
	}
	if len(failed) > 0 {
		a.outcome, a.err = "partial", errors.Join(a.err, failed[0].Err)
	}
	return a
}

// recordPage is the address of a record's page in the CRM; empty where it is not
// known.
func (b *Bot) recordPage(v directory.View, r records.Record) string {
	return pageIn(b.RecordPage, v, r.ID, records.Tab(r.Module))
}

// missing says of modules why they have not answered.
func (b *Bot) missing(all []records.Failure) []slackfmt.Missing {
	var scopes []string
	certain := true // each module lacks the one scope
	for _, f := range all {
		certain = certain && len(f.Scopes) <= 1
		for _, scope := range f.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	missing := make([]slackfmt.Missing, len(all))
	for i, f := range all {
		e := explain(f.Err)
		missing[i] = slackfmt.Missing{Module: f.Module, Why: e.Trouble, Again: e.passing, Counted: f.Counted}
		switch lacks := errors.Is(f.Err, zoho.ErrScopeMissing); {
		case lacks && certain:
			missing[i].Why = slackfmt.ScopesMissing(scopes, b.Setup)
		case lacks:
			missing[i].Why = slackfmt.ScopeMissing(strings.Join(scopes, ", "), b.Setup)
		}
	}
	return missing
}

// again reports whether asking again soon may help.
func again(m slackfmt.Missing) bool { return m.Again }

// personOwns answers what somebody owns whom words name.
func (b *Bot) personOwns(ctx context.Context, q question, words string) answered {
	if strings.EqualFold(words, "I") || strings.EqualFold(words, "me") {
		words = "<@" + q.User + ">"
	}
	query, err := directory.Parse(words)
	if err != nil {
		return notUnderstood(q, err)
	}
	query, mention, unread := b.withAddresses(ctx, q, query)
	if unread != nil {
		return *unread
	}
	v, err := b.people(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	people := v.Search(query)
	people.Source = v.Source
	switch {
	case people.Total == 1 && !people.Suggested:
		return b.holdings(ctx, q, v, people.Users[0])
	case people.Total == 0 && mention != "":
		return found(ctx, v, 0, func() slackfmt.Message { return slackfmt.MentionUnknown(mention) })
	case people.Total == 0:
		return found(ctx, v, 0, func() slackfmt.Message {
			return slackfmt.Nobody(slackfmt.Ask{Command: q.Command, Text: words, Back: q.Back}, people)
		})
	}
	return found(ctx, v, people.Total, func() slackfmt.Message { return slackfmt.Owners(q.Ask, words, people) })
}

// ownedBy answers what a person owns whom a button names.
func (b *Bot) ownedBy(ctx context.Context, q question, id string) answered {
	v, err := b.people(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	u, ok := v.Person(id)
	if !ok {
		u = zoho.User{ID: id}
	}
	return b.holdings(ctx, q, v, u)
}

// holdings shows what somebody owns. To count for a part of the modules is no
// answer while there is time for all.
func (b *Bot) holdings(ctx context.Context, q question, v directory.View, u zoho.User) answered {
	h := b.Records.Owned(ctx, u.ID, q.Live)
	switch {
	case mayFollow(ctx, h.Failed):
		return later(h.Failed)
	case len(h.Counts)+len(h.Latest) == 0 && b.isAll(h.Failed):
		return b.unread(q, h.Failed)
	}
	o := slackfmt.Owned{Asked: q.Ask, Owner: records.OwnerOf(v.Snapshot, u), Holdings: h, Missing: b.missing(h.Failed)}
	return ofRecords(ctx, v, h.Failed, 1, o.Message)
}

// orphans lists the owners who are not active, counted as in holdings.
func (b *Bot) orphans(ctx context.Context, q question) answered {
	v, err := b.people(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	o := b.Records.Orphans(ctx, v.Snapshot, q.Live)
	switch {
	case mayFollow(ctx, o.Failed):
		return later(o.Failed)
	case b.isAll(o.Failed):
		return b.unread(q, o.Failed)
	}
	l := slackfmt.OrphanList{Asked: q.Ask, Orphans: o, Missing: b.missing(o.Failed)}
	for i, orphan := range l.Shown() {
		l.Shown()[i].Owner = records.OwnerOf(v.Snapshot, orphan.User)
	}
	return ofRecords(ctx, v, o.Failed, len(o.Owners), l.Message)
}

// isAll reports whether no module at all has answered.
func (b *Bot) isAll(failed []records.Failure) bool {
	return len(failed) > 0 && len(failed) == len(b.Records.Searched(records.Query{}))
}
