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
	// maxTold is how many answers of one kind are kept at once.
	maxTold = 10_000
)

// members remembers what Slack told about people. It is safe for concurrent use.
type members struct {
	groups memory[[]string] // user ids, by workspace and group
	guests memory[bool]     // by workspace and user id
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

func (t told[T]) fresh() bool { return within(t.at, membersTTL) }

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
	return b.members.guests.get(q.workspace()+"/"+q.User, func() (guest bool, err error) {
		err = b.callSlack(ctx, "user", func(api *slack.Client) error {
			u, err := api.GetUserInfoContext(ctx, q.User)
			if err == nil {
				ours := u.TeamID != "" && u.TeamID == q.Team || b.Access.listed(u.TeamID) || b.Access.listed(u.Enterprise.EnterpriseID)
				guest = u.IsRestricted || u.IsUltraRestricted || u.IsStranger || !ours
			}
			return err
		})
		return guest, err
	})
}

// wallClock is what ages are measured by: the monotonic clock stands still
// while Lambda has a process frozen.
func wallClock() time.Time { return time.Now().Round(0) }
