package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
	"crmwho/internal/zoho"
)

// answered is a message and what the log may say of it.
type answered struct {
	message slackfmt.Message
	outcome string
	people  int
	age     time.Duration // of what the answer comes from
	stale   bool          // it is older than it should be
	failed  bool          // it is no answer, but says why there is none: with more time there might be
	refused string        // why the asker may not have it; empty otherwise
	err     error         // why there is no answer, or none that is fresh; nil otherwise
	ref     string        // stands in the message and the log when there is no answer
	instead *answered     // what there is where nothing can follow; nil: nothing
}

// answer answers one question. What Slack would refuse of it goes as text.
func (b *Bot) answer(ctx context.Context, q question) answered {
	a := b.answerOf(ctx, q)
	if a.message.Text != "" {
		a.message = b.checked(ctx, a.message)
	}
	return a
}

// checked gives a message as it is, or its text where Slack would refuse it.
func (b *Bot) checked(ctx context.Context, m slackfmt.Message) slackfmt.Message {
	if err := m.Check(); err != nil {
		b.log().ErrorContext(ctx, "answer that Slack would refuse", "err", err)
		return m.TextOnly()
	}
	return m
}

// answerOf is the answer for somebody who may ask, or why they may not.
func (b *Bot) answerOf(ctx context.Context, q question) answered {
	words := strings.TrimSpace(directory.Unescape(q.Text))
	if strings.EqualFold(words, "help") && !q.signs() || !slackfmt.IsCommand(q.Command) {
		if !b.Access.serves(q) {
			return b.foreign()
		}
		return usage(q.Command)
	}
	if leadsToRecord(q) {
		q.Command = ownerCommand
	}
	if a, ok := b.barred(ctx, q); !ok {
		a.message = a.message.BackTo(q.Ask)
		return a
	}
	switch {
	case q.signs():
		return b.sign(ctx, q)
	case q.Command == ownerCommand:
		return b.owner(ctx, q, words)
	case q.Person != "" || q.What != "":
		return b.about(ctx, q)
	case q.Command == "/crmuser" && words == "":
		return b.asker(ctx, q)
	case q.Command == "/crmuser":
		return b.find(ctx, q)
	case q.Command == "/crmusers":
		return b.list(ctx, q)
	case q.Command == "/crmadmins":
		return b.admins(ctx, q, words)
	case q.Command == "/crmstatus" && words == "":
		return b.status(ctx, q)
	default:
		return said("usage", slackfmt.NotAnArgument(q.Command, words))
	}
}

func usage(command string) answered { return said("usage", slackfmt.Usage(command)) }

// said is an answer that nobody has to be looked up for.
func said(outcome string, m slackfmt.Message) answered { return answered{message: m, outcome: outcome} }

// look gives what answers come from. What a Refresh button asks for is at most a
// minute old, or it is handed over: only a job that has waited for Zoho makes do
// with less.
func (b *Bot) look(ctx context.Context, q question) (directory.View, error) {
	defer timed(&traceOf(ctx).directory)()
	if !q.Live {
		return b.People.Look(ctx)
	}
	v, err := b.People.LookLive(ctx)
	mayWait := !traceOf(ctx).deadline.IsZero() && (ctx.Err() != nil || waits(err))
	if v.Snapshot == nil || mayWait {
		return v, err
	}
	return v, nil
}

// found is an answer about so many people, which says so when they are as they
// were some time ago.
func found(ctx context.Context, v directory.View, people int, how func() slackfmt.Message) answered {
	defer timed(&traceOf(ctx).format)()
	a := answered{message: how(), outcome: "people", people: people, age: v.Age}
	if v.Stale != nil {
		e := explain(v.Stale)
		a.message, a.outcome, a.err, a.stale = a.message.Older(v.Age, e.What), "older: "+e.outcome, v.Stale, true
	}
	return a
}

// about answers what a button asks about a person.
func (b *Bot) about(ctx context.Context, q question) answered {
	if !slices.Contains([]string{"", slackfmt.WhatTeam, slackfmt.WhatChain}, q.What) || q.Person == "" || q.Command != findPerson {
		return said("outdated", slackfmt.Outdated())
	}
	v, err := b.look(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	u, ok := v.Person(q.Person)
	switch {
	case !ok:
		return found(ctx, v, 0, func() slackfmt.Message { return slackfmt.Gone(q.Ask) })
	case q.What == slackfmt.WhatTeam:
		return b.team(ctx, q, v, u)
	case q.What == slackfmt.WhatChain:
		chain := slackfmt.Chain{Asked: q.Ask, User: u, Levels: v.Chain(u.ID), ReadAt: v.ReadAt}
		return found(ctx, v, len(chain.Levels), chain.Message)
	}
	return b.card(ctx, q, v, u)
}

// card shows one person.
func (b *Bot) card(ctx context.Context, q question, v directory.View, u zoho.User) answered {
	c := slackfmt.Card{
		User: u, Managers: v.Managers(u.ID), Reports: v.ReportCount(u.ID), Link: pageIn(b.UserPage, v, u.ID, ""),
		Owns: !b.audience(ownerCommand).nobody(), ReadAt: v.ReadAt, Now: b.now(), Plain: b.PlainPhones, Stale: v.Stale != nil, Asked: q.Ask,
	}
	if q.Shares {
		return found(ctx, v, 1, func() slackfmt.Message { return c.Shared(q.User) })
	}
	if u.Active() && u.TimeZone != "" {
		c.Zone = b.zone(ctx, q)
	}
	return found(ctx, v, 1, c.Message)
}

// pageIn is the address of a page in the CRM, of a user or of a record of a
// module; empty where it is not known.
func pageIn(address string, v directory.View, id, module string) string {
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyz"
	org := v.Organisation.Domain
	unknown := strings.Contains(address, "{org}") && (org == "" || strings.Trim(org, digits+letters) != "")
	if unknown || id == "" || strings.Trim(id, digits) != "" {
		return ""
	}
	return strings.NewReplacer("{org}", org, "{id}", id, "{module}", module).Replace(address)
}

// team lists who reports to somebody.
func (b *Bot) team(ctx context.Context, q question, v directory.View, u zoho.User) answered {
	if q.Back == nil {
		q.Back = &slackfmt.Ask{Command: findPerson, Person: u.ID}
	}
	theirs := directory.Query{Filters: []directory.Filter{{Name: directory.FilterManager, Value: u.ID}}}
	l := slackfmt.List{Asked: q.Ask, Found: page(v, theirs, q.Page), Of: slackfmt.Name(u)}
	return found(ctx, v, l.Found.Total, l.Message)
}

func page(v directory.View, query directory.Query, n int) directory.People {
	p := v.Page(query, n*slackfmt.PageSize, slackfmt.PageSize)
	p.Source = v.Source
	return p
}

// find answers a search: with a card when one person fits, a list to choose
// from when several do, and a hint when nobody does.
func (b *Bot) find(ctx context.Context, q question) answered {
	query, err := directory.Parse(q.Text)
	if err != nil {
		return notUnderstood(q, err)
	}
	query, mention, unread := b.withAddresses(ctx, q, query)
	if unread != nil {
		return *unread
	}
	v, err := b.look(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	p := v.Search(query)
	p.Source = v.Source
	switch {
	case p.Total == 1 && !p.Suggested:
		return b.card(ctx, q, v, p.Users[0])
	case p.Total == 0 && mention != "" && len(query.Terms)+len(query.Filters) == 1:
		return found(ctx, v, 0, func() slackfmt.Message { return slackfmt.MentionUnknown(mention) })
	case p.Total == 0 || p.Suggested:
		return found(ctx, v, p.Total, func() slackfmt.Message { return slackfmt.Nobody(q.Ask, p) })
	}
	return found(ctx, v, p.Total, func() slackfmt.Message { return slackfmt.PickList(q.Ask, p) })
}

// withAddresses puts the e-mail addresses of members of Slack in the place of
// their mentions. It gives one of the mentioned, or an answer where Slack does
// not tell an address.
func (b *Bot) withAddresses(ctx context.Context, q question, query directory.Query) (_ directory.Query, mention string, unread *answered) {
	query.Terms = slices.Clone(query.Terms)
	for i, t := range query.Terms {
		if t.Kind != directory.Mention {
			continue
		}
		m, err := b.whoIs(ctx, q, t.Text)
		if m.email == "" {
			a := said("mention", slackfmt.MentionUnread())
			a.err, a.failed = err, ctx.Err() != nil
			return query, "", &a
		}
		mention, query.Terms[i] = t.Text, directory.Term{Kind: directory.Email, Text: m.email}
	}
	return query, mention, nil
}

func notUnderstood(q question, err error) answered {
	e, _ := errors.AsType[*directory.SyntaxError](err)
	return said("not understood", slackfmt.NotUnderstood(q.Command, e))
}

// asker shows the asker's own card, if Slack tells their e-mail address.
func (b *Bot) asker(ctx context.Context, q question) answered {
	m, err := b.whoIs(ctx, q, q.User)
	if m.email == "" {
		a := usage(q.Command)
		if q.Home {
			a.message = slackfmt.Message{}
		}
		a.failed = err != nil && ctx.Err() != nil
		if !errors.Is(err, errMayNot) && !errors.Is(err, errNoBotToken) {
			a.err = err
		}
		return a
	}
	v, err := b.look(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	own := v.Search(directory.Query{Terms: []directory.Term{{Kind: directory.Email, Text: m.email}}})
	if own.Total != 1 || own.Suggested {
		return found(ctx, v, 0, func() slackfmt.Message { return slackfmt.Nameless(q.Command) })
	}
	return b.card(ctx, q, v, own.Users[0])
}

// list shows a page of those whom a query fits, or counts them by something.
func (b *Bot) list(ctx context.Context, q question) answered {
	query, by, err := directory.ParseCount(q.Text)
	if err != nil {
		return notUnderstood(q, err)
	}
	typed := query.String()
	query, _, unread := b.withAddresses(ctx, q, query)
	if unread != nil {
		return *unread
	}
	v, err := b.look(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	if by != "" {
		c := slackfmt.Counts{Asked: q.Ask, Query: typed, By: by, Counts: v.Count(query, by), ReadAt: v.ReadAt}
		return found(ctx, v, c.People(), c.Message)
	}
	l := slackfmt.List{Asked: q.Ask, Query: typed, Found: page(v, query, q.Page)}
	if !query.Empty() && (l.Found.Total == 0 || l.Found.Suggested) {
		return found(ctx, v, l.Found.Total, func() slackfmt.Message { return slackfmt.Nobody(q.Ask, l.Found) })
	}
	l.Facets = facets(v, query)
	return found(ctx, v, l.Found.Total, l.Message)
}

// facets are the filters that a list offers, each with what it would leave.
func facets(v directory.View, query directory.Query) []slackfmt.Facet {
	var all []slackfmt.Facet
	for _, name := range []string{directory.FilterRole, directory.FilterProfile, directory.FilterType} {
		f := slackfmt.Facet{Name: name, Counts: v.Count(query.Without(name), name)}
		for _, chosen := range query.Filters {
			if chosen.Name == name {
				f.Chosen = chosen.String()
			}
		}
		all = append(all, f)
	}
	return all
}

// admins lists who administers the CRM, or says who counts as such.
func (b *Bot) admins(ctx context.Context, q question, words string) answered {
	if strings.EqualFold(words, "rules") {
		return said("rules", slackfmt.AdminRules(q.Ask, b.Admins))
	}
	switch {
	case strings.EqualFold(words, "audit"):
		return b.makeAudit(ctx, q)
	case strings.EqualFold(words, "history"):
		return b.history(ctx, q)
	case words != "":
		return said("usage", slackfmt.NotAnArgument(q.Command, words))
	}
	v, err := b.look(ctx, q)
	if err != nil {
		return failed(q, err)
	}
	a := slackfmt.Admins{Asked: q.Ask, Report: audit.Find(v.Everyone(), v.Organisation, b.Admins, b.now()), ReadAt: v.ReadAt}
	return found(ctx, v, len(a.Report.Admins), a.Message)
}

// failed says why there is no answer. What may pass can be tried again with a
// button.
func failed(q question, err error) answered { return failedFor(q, explain(err), err) }

func failedFor(q question, e explanation, err error) answered {
	ref := rand.Text()[:8]
	m := e.Failure(ref)
	if e.passing {
		m = m.TryAgain(q.Ask)
	} else {
		m = m.BackTo(q.Ask)
	}
	return answered{message: m, outcome: e.outcome, failed: true, err: err, ref: ref}
}

// notFollowed is the answer where there was no time for another and handing the
// question over failed too.
func notFollowed(q question, a answered, err error) answered {
	return failed(q, errors.Join(errNotFollowed, err, a.err))
}

// errNotFollowed says that a question could not be handed over.
var errNotFollowed = errors.New("not in time, and not handed over")

// explanation is an error in sentences for the person who asked, and in a word
// for the log.
type explanation struct {
	slackfmt.Trouble
	outcome string
	passing bool // asking again soon may help
}

func explain(err error) explanation {
	switch {
	case errors.Is(err, errNotFollowed):
		return explanation{slackfmt.NotFollowed, "not handed over", true}
	case errors.Is(err, zoho.ErrNoToken):
		return explanation{slackfmt.NotConnected, "not connected", false}
	case errors.Is(err, context.DeadlineExceeded):
		return explanation{slackfmt.NotInTime, "timeout", true}
	case errors.Is(err, zoho.ErrThrottled):
		return explanation{slackfmt.Throttled, "throttled", true}
	case errors.Is(err, zoho.ErrTokenRefused):
		return explanation{slackfmt.TokenRefused, "token refused", true}
	case errors.Is(err, zoho.ErrScopeMissing):
		return explanation{slackfmt.ScopeMissing(missingScope(err), ""), "scope missing", false}
	case errors.Is(err, zoho.ErrNoAPIAccess):
		return explanation{slackfmt.NoAPIAccess, "no API access", false}
	case errors.Is(err, zoho.ErrNoPermission):
		return explanation{slackfmt.NoPermission, "no permission", false}
	case errors.Is(err, zoho.ErrNoModule):
		return explanation{slackfmt.NoModule, "no module", false}
	case errors.Is(err, zoho.ErrUnavailable):
		return explanation{slackfmt.Unavailable, "unavailable", true}
	case errors.Is(err, zoho.ErrMalformed):
		return explanation{slackfmt.Malformed, "malformed", true}
	default:
		return explanation{slackfmt.Unknown, "failed", true}
	}
}

// missingScope names the scope that the grant lacks; empty where Zoho does not
// say.
func missingScope(err error) string {
	if e, ok := errors.AsType[*zoho.Error](err); ok {
		return e.Scope
	}
	return ""
}
