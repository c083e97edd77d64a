package zoho

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

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
	var count int
	var counting errgroup.Group
	counting.Go(func() error { count = c.count(ctx, t); return nil })
	err := all.add(c.usersPage(ctx, t, 2))
	_ = counting.Wait() // it has no error to give
	if err == nil && !all.whole {
		err = c.readAtOnce(ctx, t, all, (count+MaxPerPage-1)/MaxPerPage)
	}
	for err == nil && !all.whole {
		err = all.add(c.usersPage(ctx, t, all.pages+1))
	}
	if err == nil && count != len(all.users) {
		c.log().LogAttrs(ctx, slog.LevelInfo, "zoho count differs", slog.String("type", string(t)), slog.Int("count", count), slog.Int("read", len(all.users)))
	}
	return err
}

// readAtOnce reads the pages up to a number.
func (c *Client) readAtOnce(ctx context.Context, t UserType, all *usersRead, last int) error {
	pages := make([]UserPage, max(0, last-all.pages))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(c.Concurrency, 3))
	for i := range pages {
		number := all.pages + 1 + i
		group.Go(func() (err error) { pages[i], err = c.usersPage(groupCtx, t, number); return err })
	}
	err := group.Wait()
	for _, page := range pages {
		err = all.add(page, err)
	}
	return err
}

func (c *Client) usersPage(ctx context.Context, t UserType, number int) (UserPage, error) {
	return c.ListUsers(ctx, ListUsersOptions{Type: t, Page: number, PerPage: MaxPerPage})
}

// count is zero when it cannot be had at once: the pages can be read without it.
func (c *Client) count(ctx context.Context, t UserType) int {
	n, err := countUsers(ctx, t, c.try)
	if err != nil {
		c.log().WarnContext(ctx, "zoho count", "err", err)
	}
	return n
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
		return malformed(fmt.Sprintf("list users, page %d", all.pages), "a page after the last")
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
