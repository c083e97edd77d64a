package bot_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// withToken is a bot whose token lives for so long from now.
func withToken(life time.Duration, err error) world {
	w := withUsers(kim)
	health := token.Health{Stored: true, Expiry: time.Now().Add(life)}
	w.bot.Health = func(context.Context) (token.Health, error) { return health, err }
	return w
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withToken(2*time.Hour, nil)
		expect := func(step string, want ...string) {
			t.Helper()
			got := w.ask(t, "/crmstatus", "")
			for _, part := range want {
				if !strings.Contains(got, part) {
					t.Errorf("%s: got %q, want %q in it", step, got, part)
				}
			}
		}
		expect("at first", "All is well.", "People: not read yet.", "Token: 2 hours left.", "Zoho CRM: not asked yet.", "Version: sample-version.")
		w.ask(t, "/crmuser", "kim")
		time.Sleep(3 * time.Minute)
		expect("after a question", "All is well.", "People: 1, read in full 3 minutes ago.", "Zoho CRM: answered 3 minutes ago.")
		w.bot.People.Read = func(context.Context, zoho.UserType) ([]zoho.User, error) { return nil, zoho.ErrUnavailable }
		w.ask(t, "/crmuser", "kim")
		time.Sleep(time.Hour)
		expect("Zoho is down", "Not well: calls to Zoho CRM fail; list of people is 1 hour old.", "failed 1 hour ago: Zoho CRM cannot be reached right now.", "Last error: unavailable.")
		w.bot.Access.Admins = bot.Audience{}
		if got := w.ask(t, "/crmstatus", ""); strings.Contains(got, "Last error") || !strings.Contains(got, "failed 1 hour ago") {
			t.Errorf("for others: got %q", got)
		}
		time.Sleep(time.Hour)
		expect("the token has expired", "token expired", "expired 3 minutes ago")
	})
}

// TestStatusAsksNobody who could be slow: neither Zoho nor, for long, AWS.
func TestStatusAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withToken(time.Hour, nil)
		w.bot.People.Read = func(context.Context, zoho.UserType) ([]zoho.User, error) {
			t.Error("Zoho was asked")
			return nil, zoho.ErrUnavailable
		}
		w.bot.Health = func(ctx context.Context) (token.Health, error) { <-ctx.Done(); return token.Health{}, ctx.Err() }
		w.bot.People.Store = &counted{Store: &store.Memory{}, hang: true}
		asked := time.Now()
		got := w.ask(t, "/crmstatus", "")
		if took := time.Since(asked); took > time.Second || !strings.Contains(got, "Token: It could not be read just now.") {
			t.Errorf("got %q after %v", got, took)
		}
	})
}

func TestStatusWithoutAToken(t *testing.T) {
	for _, test := range []struct {
		err        error
		want, last string
	}{
		{nil, "Token: I am not connected to Zoho CRM yet.", "Last error: " + zoho.ErrNoToken.Error()},
		{errors.New("AccessDeniedException"), "Token: It could not be read just now.", "Last error: AccessDeniedException"},
	} {
		w := withUsers(kim)
		w.bot.Health = func(context.Context) (token.Health, error) { return token.Health{}, test.err }
		if got := w.ask(t, "/crmstatus", ""); !strings.Contains(got, test.want) || !strings.Contains(got, test.last) {
			t.Errorf("got %q, want %q and %q", got, test.want, test.last)
		}
	}
	if got := withUsers(kim).ask(t, "/crmstatus", "help"); !strings.HasPrefix(got, "/crmstatus: how I am") {
		t.Errorf("got %q", got)
	}
}

// TestStatusTellsWhyThereIsNoNewToken, and of a dead grant before all else.
func TestStatusTellsWhyThereIsNoNewToken(t *testing.T) {
	for name, test := range map[string]struct {
		health token.Health
		want   []string
	}{
		"well":         {token.Health{}, []string{"All is well.", "Token: 30 minutes left. People"}},
		"out of reach": {token.Health{Failure: token.Failure{Class: token.Transient}}, []string{"Not well: token not renewed.", "Token: 30 minutes left. Getting a new one fails: Zoho cannot be reached. People"}},
		"throttled":    {token.Health{Failure: token.Failure{Class: token.Throttled}}, []string{"Not well: token not renewed.", "fails: Zoho says that it was tried too often. People"}},
		"unknown":      {token.Health{Failure: token.Failure{Class: token.Unknown}}, []string{"Not well: token not renewed.", "fails: Zoho answers something that I do not know. People"}},
		"dead": {token.Health{Failure: token.Failure{Class: token.Dead, Code: "invalid_code"}, Latched: "1"}, []string{
			"Not well: the grant is dead.", "Token: 30 minutes left. Zoho does not accept the grant: somebody has to connect Zoho CRM anew. People"}},
		"dead, and out of reach": {token.Health{Failure: token.Failure{Class: token.Transient}, Latched: "1"}, []string{"Not well: the grant is dead.", "somebody has to connect"}},
		"refused":                {token.Health{Refused: true}, []string{"Not well: token refused.", "Token: 30 minutes left, but Zoho refuses it. People"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := withUsers(kim)
			test.health.Stored, test.health.Expiry = true, time.Now().Add(30*time.Minute)
			w.bot.Health = func(context.Context) (token.Health, error) { return test.health, nil }
			for _, want := range test.want {
				if got := w.ask(t, "/crmstatus", ""); !strings.Contains(got, want) {
					t.Errorf("%s: got %q, want %q in it", name, got, want)
				}
			}
		})
	}
}

// TestStatusLooksAtTheStoredList, which others keep fresh while the process idles.
func TestStatusLooksAtTheStoredList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kim
		k.ModifiedTime = time.Now()
		idle, other := withToken(24*time.Hour, nil), withUsers(k)
		idle.bot.People.Store = other.bot.People.Store
		idle.ask(t, "/crmuser", "kim")
		time.Sleep(40 * time.Minute) // frozen; the schedule goes on elsewhere
		if _, err := other.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
			t.Fatal(err)
		}
		if got := idle.ask(t, "/crmstatus", ""); !strings.HasPrefix(got, "All is well.") {
			t.Errorf("got %q", got)
		}
	})
}

// TestStatusForgetsAFailureThatOthersGotOver.
func TestStatusForgetsAFailureThatOthersGotOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kim
		k.ModifiedTime = time.Now()
		idle, other := withToken(24*time.Hour, nil), withUsers(k)
		idle.bot.People.Store = other.bot.People.Store
		if _, err := other.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		idle.bot.People.Changed = func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
			return func(yield func(zoho.User, error) bool) { yield(zoho.User{}, zoho.ErrUnavailable) }
		}
		idle.ask(t, "/crmuser", "kim")
		time.Sleep(11 * time.Minute)
		if _, err := other.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
			t.Fatal(err)
		}
		idle.ask(t, "/crmuser", "kim") // adopts the stored, fresh list: the answer is not called old
		if got := idle.ask(t, "/crmstatus", ""); !strings.HasPrefix(got, "All is well.") {
			t.Errorf("got %q", got)
		}
	})
}

// TestStatusTellsAdminsOfAGroupTheLastError also where the store hangs.
func TestStatusTellsAdminsOfAGroupTheLastError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withToken(0, errors.New("AccessDeniedException"))
		w.slack.Groups = map[string][]string{"S0MEMBERS": {"U0SAMPLE"}}
		w.bot.Access.Admins = bot.Audience{Groups: []string{"S0MEMBERS"}}
		w.bot.People.Store = &counted{Store: &store.Memory{}, hang: true}
		if got := w.ask(t, "/crmstatus", ""); !strings.Contains(got, "Last error: AccessDenied") {
			t.Errorf("got %q; log %s", got, w.log)
		}
	})
}
