package bot

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

const (
	// membersTTL is how long Slack is believed about who is in a group, and who
	// somebody is.
	membersTTL = 5 * time.Minute
	// maxTold is how many answers of one kind are kept at once.
	maxTold = 10_000
)

// members remembers what Slack told about people. It is safe for concurrent use.
type members struct {
	groups memory[[]string] // user ids, by workspace and group
	people memory[member]   // by workspace and user id
}

// member is what Slack tells about somebody.
type member struct {
	guest bool   // or of another organisation
	email string // in lower case; empty where the bot may not read it
	zone  string // IANA name of the time zone
	err   error  // why the bot may not ask about anybody; nil if it may
}

// memory keeps answers for a while.
type memory[T any] struct {
	mu   sync.Mutex
	kept map[string]told[T]
}

// told is an answer and when it was given.
type told[T any] struct {
	is T
	at time.Time
}

func (t told[T]) fresh() bool { return within(wallClock(), t.at, membersTTL) }

// get gives an answer that is kept, or asks for it. Failures are not kept.
func (m *memory[T]) get(key string, ask func() (T, error)) (T, error) {
	m.mu.Lock()
	known := m.kept[key]
	m.mu.Unlock()
	if known.fresh() {
		return known.is, nil
	}
	is, err := ask()
	if err == nil {
		m.keep(key, is)
	}
	return is, err
}

// keep keeps an answer, if need be in the place of those that are too old.
func (m *memory[T]) keep(key string, is T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string]told[T]{}
	}
	if len(m.kept) >= maxTold {
		maps.DeleteFunc(m.kept, func(_ string, t told[T]) bool { return !t.fresh() })
	}
	if len(m.kept) < maxTold {
		m.kept[key] = told[T]{is, wallClock()}
	}
}

// inGroup reports whether the asker is a member of a user group.
func (b *Bot) inGroup(ctx context.Context, group string, q question) (bool, error) {
	users, err := b.members.groups.get(q.workspace()+"/"+group, func() (users []string, err error) {
		err = b.callSlack(ctx, "user group", func(api *slack.Client) (err error) {
			users, err = api.GetUserGroupMembersContext(ctx, group, slack.GetUserGroupMembersOptionTeamID(q.workspace()))
			return err
		})
		return users, err
	})
	return err == nil && slices.Contains(users, q.User), err
}

// isGuest reports whether the asker is a guest in the workspace, or comes from
// another organisation.
func (b *Bot) isGuest(ctx context.Context, q question) (bool, error) {
	m, err := b.member(ctx, q, q.User)
	return m.guest, err
}

// member gives what Slack tells about somebody. That the bot may not ask is
// believed as long as an answer is.
func (b *Bot) member(ctx context.Context, q question, id string) (member, error) {
	m, err := b.members.people.get(q.workspace()+"/"+id, func() (m member, err error) {
		err = b.callSlack(ctx, "user", func(api *slack.Client) error {
			u, err := api.GetUserInfoContext(ctx, id)
			if err == nil {
				ours := u.TeamID != "" && u.TeamID == q.Team || b.Access.listed(u.TeamID) || b.Access.listed(u.Enterprise.EnterpriseID)
				m.guest = u.IsRestricted || u.IsUltraRestricted || u.IsStranger || !ours
				m.email, m.zone = strings.ToLower(u.Profile.Email), u.TZ
			}
			return err
		})
		if errors.Is(err, errMayNot) {
			m.err, err = err, nil
		}
		return m, err
	})
	return m, cmp.Or(err, m.err)
}

// zoneTime bounds the question where the asker is: a card does not wait long
// for it.
const zoneTime = 300 * time.Millisecond

// zone is the asker's time zone, or empty where Slack does not tell it in time.
func (b *Bot) zone(ctx context.Context, q question) string {
	ctx, cancel := context.WithTimeout(ctx, zoneTime)
	defer cancel()
	m, _ := b.whoIs(ctx, q, q.User)
	return m.zone
}

// whoIs is member for an answer, of which it takes time.
func (b *Bot) whoIs(ctx context.Context, q question, id string) (member, error) {
	defer timed(&traceOf(ctx).slack)()
	return b.member(ctx, q, id)
}

// now is what people are told as the present, and what ages are measured by.
func (b *Bot) now() time.Time {
	if b.Now != nil {
		return b.Now().Round(0)
	}
	return wallClock()
}

// wallClock is what leases are measured by, and for how long Slack is believed:
// the monotonic clock stands still while Lambda has a process frozen. It is not
// Bot.Now: what somebody is busy with takes as long whatever that says.
func wallClock() time.Time { return time.Now().Round(0) }
