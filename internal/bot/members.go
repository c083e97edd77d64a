package bot

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

const (
	// membersTTL is how long Slack is believed about who is in a group, and who
	// is a guest.
	membersTTL = 5 * time.Minute
	// maxGuests is how many people's answers are kept at once.
	maxGuests = 10_000
)

// members remembers what Slack told about people. It is safe for concurrent use.
type members struct {
	mu     sync.Mutex
	groups map[string]told[[]string] // user ids, by workspace and group
	guests map[string]told[bool]     // by workspace and user id
}

// told is an answer and when it was given.
type told[T any] struct {
	is T
	at time.Time
}

func (t told[T]) fresh() bool { return within(t.at, membersTTL) }

// inGroup reports whether the asker is a member of a user group.
func (b *Bot) inGroup(ctx context.Context, group string, q question) (bool, error) {
	m, key := &b.members, q.workspace()+"/"+group
	m.mu.Lock()
	known := m.groups[key]
	m.mu.Unlock()
	if !known.fresh() {
		var ids []string
		err := b.callSlack(ctx, "user group", func(api *slack.Client) (err error) {
			ids, err = api.GetUserGroupMembersContext(ctx, group, slack.GetUserGroupMembersOptionTeamID(q.workspace()))
			return err
		})
		if err != nil {
			return false, err
		}
		known = told[[]string]{ids, wallClock()}
		m.mu.Lock()
		if m.groups == nil {
			m.groups = map[string]told[[]string]{}
		}
		m.groups[key] = known
		m.mu.Unlock()
	}
	return slices.Contains(known.is, q.User), nil
}

// isGuest reports whether the asker is a guest in the workspace, or comes from
// another organisation.
func (b *Bot) isGuest(ctx context.Context, q question) (bool, error) {
	m, key := &b.members, q.workspace()+"/"+q.User
	m.mu.Lock()
	known := m.guests[key]
	m.mu.Unlock()
	if !known.fresh() {
		var u *slack.User
		err := b.callSlack(ctx, "user", func(api *slack.Client) (err error) {
			u, err = api.GetUserInfoContext(ctx, q.User)
			return err
		})
		if err != nil {
			return false, err
		}
		ours := u.TeamID != "" && u.TeamID == q.Team || b.Access.listed(u.TeamID) || b.Access.listed(u.Enterprise.EnterpriseID)
		known = told[bool]{u.IsRestricted || u.IsUltraRestricted || u.IsStranger || !ours, wallClock()}
		m.remember(key, known)
	}
	return known.is, nil
}

// remember keeps an answer, if need be in the place of those that are too old.
func (m *members) remember(key string, is told[bool]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.guests == nil {
		m.guests = map[string]told[bool]{}
	}
	if len(m.guests) >= maxGuests {
		maps.DeleteFunc(m.guests, func(_ string, t told[bool]) bool { return !t.fresh() })
	}
	if len(m.guests) < maxGuests {
		m.guests[key] = is
	}
}

// wallClock is what ages are measured by: the monotonic clock stands still
// while Lambda has a process frozen.
func wallClock() time.Time { return time.Now().Round(0) }
