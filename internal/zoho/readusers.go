package zoho

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// ReadUsers reads all users of a type with several calls at once, in the order
// in which Zoho lists them. It gives all of them or an error: every page was
// read, the last said so, and no user came twice. Zoho's count only tells how
// many pages to ask for at once. One that differs from what was read is a line
// in the log: the list may have changed meanwhile.
func (c *Client) ReadUsers(ctx context.Context, t UserType) ([]User, error) {
	var all usersRead
	err := all.add(c.usersPage(ctx, t, 1))
	if err == nil && !all.whole {
		err = c.readOn(ctx, t, &all)
	}
	if err != nil {
		return nil, err
	}
	return all.users, nil
}

// readOn reads what comes after the first page: the second beside the count,
// then at once all that the count promises, then whatever there is beyond it.
func (c *Client) readOn(ctx context.Context, t UserType, all *usersRead) error {
	count, err := c.readSecond(ctx, t, all)
	if err == nil && !all.whole {
		err = c.readAtOnce(ctx, t, all, (count+MaxPerPage-1)/MaxPerPage)
	}
	for err == nil && !all.whole {
		err = all.add(c.usersPage(ctx, t, all.pages+1))
	}
	if err == nil && count > 0 && count != len(all.users) {
		c.log().LogAttrs(ctx, slog.LevelInfo, "zoho count differs", slog.String("type", string(t)), slog.Int("count", count), slog.Int("read", len(all.users)))
	}
	return err
}

// atOnce is how many calls may be under way.
func (c *Client) atOnce() int { return max(1, cmp.Or(c.Concurrency, 3)) }

// readSecond reads the second page beside the count. The count is zero when it
// is not to be had within twice the page's time, or when there is nothing to
// read at once.
func (c *Client) readSecond(ctx context.Context, t UserType, all *usersRead) (count int, err error) {
	if c.atOnce() == 1 {
		return 0, all.add(c.usersPage(ctx, t, 2))
	}
	countCtx, cancel := context.WithCancel(ctx)
	counted := make(chan int, 1)
	go func() { counted <- c.count(countCtx, t) }()
	started := time.Now()
	err = all.add(c.usersPage(ctx, t, 2))
	if err == nil && !all.whole {
		late := time.AfterFunc(max(time.Since(started), firstPause), cancel)
		defer late.Stop()
	} else {
		cancel()
	}
	count = <-counted // it ends at once when cancelled
	cancel()
	return count, err
}

// count is zero when it cannot be had at once: the pages can be read without it.
func (c *Client) count(ctx context.Context, t UserType) int {
	n, err := countUsers(ctx, t, func(ctx context.Context, q query, want fields) (int, error) {
		return c.accepted(ctx, q, want, new(bool))
	})
	if err != nil && ctx.Err() == nil {
		c.log().WarnContext(ctx, "zoho count", "err", err)
	}
	return n
}

// readAtOnce reads the pages up to a number, or up to one that says that it is
// the last: the count may promise too much.
func (c *Client) readAtOnce(ctx context.Context, t UserType, all *usersRead, last int) error {
	var pages []*UserPage
	var ended atomic.Bool
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.atOnce())
	for number := all.pages + 1; number <= last && !ended.Load() && groupCtx.Err() == nil; number++ {
		page := &UserPage{}
		pages = append(pages, page)
		group.Go(func() (err error) {
			if *page, err = c.usersPage(groupCtx, t, number); !page.MoreRecords {
				ended.Store(true)
			}
			return err
		})
	}
	err := group.Wait()
	for _, page := range pages {
		err = all.add(*page, err)
	}
	return err
}

func (c *Client) usersPage(ctx context.Context, t UserType, number int) (UserPage, error) {
	return c.ListUsers(ctx, ListUsersOptions{Type: t, Page: number, PerPage: MaxPerPage})
}

// usersRead is what was read so far.
type usersRead struct {
	users []User
	seen  map[string]bool
	pages int
	whole bool // a page was the last
}

// add takes the next page, or the error of reading it. Beyond the last page
// there are empty ones, where the count promised too much.
func (all *usersRead) add(page UserPage, err error) error {
	if err != nil {
		return err
	}
	all.pages++
	switch {
	case all.whole && len(page.Users) > 0:
		return malformed(fmt.Sprintf("list users, page %d", all.pages), http.StatusOK, "a page after the last")
	case all.whole:
		return nil
	case all.seen == nil:
		all.seen = map[string]bool{}
	}
	if err := checkPage(all.pages, page, all.seen); err != nil {
		return err
	}
	all.users = append(all.users, page.Users...)
	all.whole = !page.MoreRecords
	return nil
}
