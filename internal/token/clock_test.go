package token_test

import (
	"errors"
	"testing"
	"time"

	"crmwho/internal/token"
)

// moved is a clock that is ahead of the computer's.
func moved(ahead *time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(*ahead) }
}

// TestAKeeperGoesByTheClockThatIsGiven: what Zoho gives lives for an hour by that
// too, however far it is ahead, so that the next run exchanges nothing.
func TestAKeeperGoesByTheClockThatIsGiven(t *testing.T) {
	ahead := time.Duration(0)
	w := newWorld()
	w.connect(t)
	w.Now = moved(&ahead)
	for _, step := range []struct {
		moves time.Duration
		want  token.Outcome
	}{
		{0, token.Exchanged},
		{20 * time.Minute, token.Fresh}, // 40 minutes left
		{6 * time.Minute, token.Exchanged},
		{24 * time.Hour, token.Exchanged},
		{0, token.Fresh},
		{0, token.Fresh},
	} {
		ahead += step.moves
		report, err := w.Run(t.Context(), token.Request{})
		if err != nil || report.Outcome != step.want {
			t.Errorf("%v ahead: got %+v, %v; want %s", ahead, report, err, step.want)
		}
		left := report.Expiry.Sub(w.Now())
		if step.want == token.Exchanged && left.Round(time.Minute) != time.Hour {
			t.Errorf("%v ahead: got a life of %v, want an hour", ahead, left)
		}
	}
}

// TestTheBudgetGoesByTheClockThatIsGiven: ten minutes later there is another.
func TestTheBudgetGoesByTheClockThatIsGiven(t *testing.T) {
	ahead := 24 * time.Hour
	w := newWorld()
	w.connect(t)
	w.Now = moved(&ahead)
	for range token.Budget {
		if report, err := w.Run(t.Context(), token.Request{Force: true}); err != nil || !report.Exchanged {
			t.Fatalf("got %+v, %v", report, err)
		}
	}
	report, err := w.Run(t.Context(), token.Request{Force: true})
	if wait := report.Next.Sub(w.Now()); err != nil || report.Outcome != token.OverBudget || wait.Round(time.Minute) != 10*time.Minute {
		t.Errorf("got %+v, %v: the next in %v", report, err, wait)
	}
	ahead += 10 * time.Minute
	if report, err := w.Run(t.Context(), token.Request{Force: true}); err != nil || !report.Exchanged {
		t.Errorf("ten minutes later: got %+v, %v", report, err)
	}
}

// TestASourceGoesByTheClockThatIsGiven: a token that has run out is read again,
// and not given where that fails.
func TestASourceGoesByTheClockThatIsGiven(t *testing.T) {
	ahead := time.Duration(0)
	o := newOutlet()
	o.Now = moved(&ahead)
	o.put(t, "one")
	o.get(t, "one", 1)
	o.put(t, "two")
	ahead = 50 * time.Minute
	o.get(t, "one", 1)
	ahead = 59*time.Minute + time.Second
	o.get(t, "two", 2)
	o.shelf.fails = errors.New("no store")
	o.get(t, "two", 3) // it is better than none
	ahead = time.Hour + time.Minute
	if got, err := o.Token(t.Context()); !errors.Is(err, o.shelf.fails) {
		t.Errorf("after its expiry: got %v, %v; want %v", got, err, o.shelf.fails)
	}
}
