package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// moving gives a bot, and its list of people, a clock that can be moved on.
func (w world) moving() (ahead *time.Duration) {
	ahead = new(time.Duration)
	w.bot.Now = func() time.Time { return time.Now().Add(*ahead) }
	w.bot.People.Now = w.bot.Now
	return ahead
}

// TestTheStatusGoesByTheClockThatIsGiven: people, the token and the audit are as
// old as that says, and an audit can be made by it.
func TestTheStatusGoesByTheClockThatIsGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		ahead, expiry := w.moving(), time.Now().Add(48*time.Hour)
		w.bot.Health = func(context.Context) (token.Health, error) {
			return token.Health{Stored: true, Expiry: expiry}, nil
		}
		says := func(want ...string) {
			t.Helper()
			got := w.ask(t, "/crmstatus", "")
			for _, part := range want {
				if !strings.Contains(got, part) {
					t.Errorf("%v ahead: got %q, want %q in it", *ahead, got, part)
				}
			}
		}
		if err := w.audit(t, w.bot.Now()); err != nil {
			t.Fatal(err)
		}
		*ahead = 24 * time.Hour
		says("People: 12, read in full 24 hours ago.", "Token: 24 hours left.", "Last audit: 24 hours ago;")
		*ahead = 216 * time.Hour
		says("the last audit is 9 days old", "Token: expired 7 days ago.")
		if err := w.audit(t, w.bot.Now()); err != nil {
			t.Fatal(err)
		}
		says("Last audit: less than a minute ago;")
		w.acknowledge(t, 1)
		for i, r := range w.records(t)[1:] {
			if !r.At.Equal(w.bot.Now()) {
				t.Errorf("record %d is of %v, want %v", i+2, r.At, w.bot.Now())
			}
		}
	})
}

// TestAnAuditUnderWayIsNobodyElses because the clock was moved on: what takes time
// takes it by the computer's.
func TestAnAuditUnderWayIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		ahead := w.moving()
		other := w.anew()
		other.bot.Now, other.bot.People.Now = w.bot.Now, w.bot.Now
		w.bot.People.Read = func(ctx context.Context, u zoho.UserType) ([]zoho.User, error) {
			if u == zoho.AllUsers {
				*ahead += time.Hour
				other.sync(t)
			}
			return c.read(ctx, u)
		}
		if err := w.audit(t, time.Now()); err != nil {
			t.Error(err)
		}
		if got := len(w.channel(t)); got != 1 {
			t.Errorf("got %d posts, want 1", got)
		}
	})
}
