package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// shelf is a store that counts and may hinder what is read.
type shelf struct {
	store.Memory
	mu    sync.Mutex
	reads int
	takes time.Duration // of a read
	fails error         // of a read
}

func (s *shelf) Read(ctx context.Context, name string) (store.Value, error) {
	s.mu.Lock()
	s.reads++
	takes, fails := s.takes, s.fails
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return store.Value{}, ctx.Err()
	}
	if fails != nil {
		return store.Value{}, fails
	}
	return s.Memory.Read(ctx, name)
}

// outlet is a Source, its store, what it told and what it logged.
type outlet struct {
	token.Source
	shelf *shelf
	told  []string // versions
	fails error    // of telling
	log   bytes.Buffer
}

func newOutlet() *outlet {
	o := &outlet{shelf: &shelf{}}
	o.Store, o.Name = o.shelf, "access-token"
	o.Log = slog.New(slog.NewJSONHandler(&o.log, nil))
	o.Tell = func(_ context.Context, version string) error {
		o.told = append(o.told, version)
		return o.fails
	}
	return o
}

// put stores a token with an hour to live and gives its version.
func (o *outlet) put(t *testing.T, accessToken string) (version string) {
	t.Helper()
	return o.putValue(t, fmt.Sprintf(`{"access_token":%q,"api_domain":"https://www.zohoapis.eu","expiry":%q}`,
		accessToken, time.Now().Add(time.Hour).Format(time.RFC3339Nano)))
}

func (o *outlet) putValue(t *testing.T, value string) (version string) {
	t.Helper()
	old, err := o.shelf.Memory.Read(t.Context(), o.Name)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		t.Fatal(err)
	}
	version, err = o.shelf.WriteIfUnchanged(t.Context(), o.Name, []byte(value), old.Version)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// get fails unless Token gives want, with so many reads of the store so far.
func (o *outlet) get(t *testing.T, want string, reads int) zoho.Token {
	t.Helper()
	got, err := o.Token(t.Context())
	if err != nil || got.AccessToken != want || o.shelf.reads != reads {
		t.Errorf("got %q, %v after %d reads; want %q after %d", got.AccessToken, err, o.shelf.reads, want, reads)
	}
	return got
}

// refuse fails unless Refused reports want, with so many reads and tellings so far.
func (o *outlet) refuse(t *testing.T, refused zoho.Token, want bool, reads, told int) {
	t.Helper()
	got := o.Refused(t.Context(), refused)
	if got != want || o.shelf.reads != reads || len(o.told) != told {
		t.Errorf("got %v after %d reads, told %d; want %v after %d, told %d", got, o.shelf.reads, len(o.told), want, reads, told)
	}
}

func TestASourceKeepsATokenUntilAMinuteBeforeItsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutlet()
		version := o.put(t, "one")
		if got := o.get(t, "one", 1); got.Version != version || got.APIDomain != "https://www.zohoapis.eu" || !got.Expiry.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("got %v of version %q, want %q", got, got.Version, version)
		}
		o.put(t, "two")
		time.Sleep(59*time.Minute - time.Millisecond)
		o.get(t, "one", 1)
		time.Sleep(time.Millisecond)
		o.get(t, "two", 2)
	})
}

func TestASourceKeepsNeitherErrorsNorTokensOfUnknownExpiry(t *testing.T) {
	o := newOutlet()
	fails := func(want error, reads int) {
		t.Helper()
		if got, err := o.Token(t.Context()); !errors.Is(err, want) || got != (zoho.Token{}) || o.shelf.reads != reads {
			t.Errorf("got %v, %v after %d reads; want %v after %d", got, err, o.shelf.reads, want, reads)
		}
	}
	fails(zoho.ErrNoToken, 1)
	o.putValue(t, `{}`)
	fails(zoho.ErrNoToken, 2)
	o.putValue(t, `s3cret`)
	fails(zoho.ErrNoToken, 3)
	o.putValue(t, `{"access_token":"lasts"}`)
	o.get(t, "lasts", 4)
	o.get(t, "lasts", 5)
	o.shelf.fails = errors.New("store is down")
	fails(o.shelf.fails, 6)
	o.shelf.fails = nil
	o.put(t, "well")
	o.get(t, "well", 7)
	o.get(t, "well", 7)
}

func TestASourceReadsOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutlet()
		o.put(t, "one")
		o.shelf.takes = time.Second
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if got, err := o.Token(t.Context()); err != nil || got.AccessToken != "one" {
					t.Errorf("got %q, %v", got.AccessToken, err)
				}
			})
		}
		hurried, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		synctest.Wait()
		started := time.Now()
		if _, err := o.Token(hurried); !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 100*time.Millisecond {
			t.Errorf("in a hurry: got %v after %v", err, time.Since(started))
		}
		all.Wait()
		o.get(t, "one", 1)
	})
}

func TestARefusedTokenOfWhichTheStoreHasAnother(t *testing.T) {
	o := newOutlet()
	o.put(t, "one")
	refused := o.get(t, "one", 1)
	o.put(t, "two")
	o.refuse(t, refused, true, 2, 0)
	o.get(t, "two", 2)
	o.refuse(t, refused, true, 2, 0) // the other pages' refusals of the same read
	o.refuse(t, refused, true, 2, 0)
	if o.log.Len() > 0 {
		t.Errorf("logged %s", &o.log)
	}
}

func TestARefusedTokenThatIsStoredIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutlet()
		version := o.put(t, "one")
		refused := o.get(t, "one", 1)
		o.refuse(t, refused, false, 2, 1)
		if !slices.Equal(o.told, []string{version}) {
			t.Errorf("told %q, want %q", o.told, version)
		}
		o.get(t, "one", 3) // from the store, and still given: Zoho may have been wrong
		o.refuse(t, refused, false, 4, 1)
		time.Sleep(time.Minute - time.Millisecond)
		o.refuse(t, refused, false, 5, 1)
		time.Sleep(time.Millisecond)
		o.refuse(t, refused, false, 6, 2)
		o.put(t, "two")
		next := o.get(t, "two", 7)
		o.refuse(t, next, false, 8, 2) // Zoho counts exchanges, whatever they are for
		time.Sleep(time.Minute)
		o.refuse(t, next, false, 9, 3)
		if lines := strings.Count(o.log.String(), "\n"); lines != 3 {
			t.Errorf("%d lines for three tellings: %s", lines, &o.log)
		}
	})
}

// TestATokenUnderANewVersionIsTheSameToken: a claim writes the value anew.
func TestATokenUnderANewVersionIsTheSameToken(t *testing.T) {
	o := newOutlet()
	o.put(t, "one")
	refused := o.get(t, "one", 1)
	now := o.put(t, "one")
	o.refuse(t, refused, false, 2, 1)
	if !slices.Equal(o.told, []string{now}) {
		t.Errorf("told %q, want the version that is stored, %q", o.told, now)
	}
	o.put(t, "one")
	o.refuse(t, refused, false, 3, 1)
}

func TestWhatCouldNotBeToldIsToldAgain(t *testing.T) {
	o := newOutlet()
	o.put(t, "one")
	refused := o.get(t, "one", 1)
	o.fails = errors.New("invoke is down")
	o.refuse(t, refused, false, 2, 1)
	o.refuse(t, refused, false, 3, 2)
	o.fails = nil
	o.refuse(t, refused, false, 4, 3)
	o.refuse(t, refused, false, 5, 3)
	var outcomes []string
	for line := range strings.Lines(o.log.String()) {
		var said struct{ Level, Msg, Outcome, Err string }
		if err := json.Unmarshal([]byte(line), &said); err != nil || said.Level != "WARN" || said.Msg != "access token refused" {
			t.Errorf("got %s", line)
		}
		outcomes = append(outcomes, strings.TrimSpace(said.Outcome+" "+said.Err))
	}
	if want := []string{"not told invoke is down", "not told invoke is down", "told"}; !slices.Equal(outcomes, want) {
		t.Errorf("logged %q, want %q", outcomes, want)
	}
}

func TestWhatIsNotTold(t *testing.T) {
	for name, change := range map[string]func(*outlet, *zoho.Token){
		"nobody to tell":     func(o *outlet, _ *zoho.Token) { o.Tell = nil },
		"an unknown version": func(_ *outlet, refused *zoho.Token) { refused.Version = "" },
		"a store that fails": func(o *outlet, _ *zoho.Token) { o.shelf.fails = errors.New("store is down") },
	} {
		o := newOutlet()
		o.put(t, "one")
		refused := o.get(t, "one", 1)
		change(o, &refused)
		o.refuse(t, refused, false, 2, 0)
		if !strings.Contains(o.log.String(), `"outcome":"not told"`) {
			t.Errorf("%s: logged %s", name, &o.log)
		}
		o.shelf.fails = nil
		o.get(t, "one", 3) // what was refused is not given from memory
	}
}

func TestRefusalsAtOnceAreOneReadAndOneTelling(t *testing.T) {
	for name, fails := range map[string]error{"told": nil, "not told": errors.New("invoke is down")} {
		synctest.Test(t, func(t *testing.T) {
			o := newOutlet()
			o.put(t, "one")
			refused := o.get(t, "one", 1)
			o.shelf.takes, o.fails = 100*time.Millisecond, fails
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if o.Refused(t.Context(), refused) {
						t.Error("there is another")
					}
				})
			}
			all.Wait()
			if o.shelf.reads != 2 || len(o.told) != 1 {
				t.Errorf("%s: %d reads, told %d", name, o.shelf.reads, len(o.told))
			}
			o.put(t, "two")
			o.refuse(t, refused, true, 3, 1)
		})
	}
}

func TestARefusalWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutlet()
		o.put(t, "one")
		refused := o.get(t, "one", 1)
		o.shelf.takes = time.Hour
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 2 { // one reads, the other waits for it
			all.Go(func() { o.Refused(hurried, refused) })
		}
		started := time.Now()
		if all.Wait(); time.Since(started) != time.Second {
			t.Errorf("waited %v", time.Since(started))
		}
		o.shelf.takes = 0
		o.refuse(t, refused, false, o.shelf.reads+1, 1)
	})
}

// TestTellingGoesByTheWallClock: Lambda freezes processes, and the monotonic
// clock with them.
func TestTellingGoesByTheWallClock(t *testing.T) {
	o := newOutlet()
	o.put(t, "one")
	o.refuse(t, o.get(t, "one", 1), false, 2, 1)
	if at := o.ToldAt(); at.IsZero() || at.String() != at.Round(0).String() {
		t.Errorf("told at %v, which has a monotonic reading", at)
	}
}

func TestASourceShowsNeitherTokenNorVersion(t *testing.T) {
	o := newOutlet()
	version := o.put(t, "s3cret")
	refused := o.get(t, "s3cret", 1)
	o.fails = errors.New("invoke is down")
	o.refuse(t, refused, false, 2, 1)
	o.get(t, "s3cret", 3)
	text := o.log.String() + fmt.Sprintf("%v %+v %#v %s", &o.Source, &o.Source, &o.Source, &o.Source)
	if strings.Contains(text, "s3cret") || strings.Contains(text, version) {
		t.Errorf("it stands in %s", text)
	}
}

// TestARefusedTokenIsMended from end to end: the client's call fails, the
// Keeper is told and exchanges, and the next call goes through.
func TestARefusedTokenIsMended(t *testing.T) {
	w := newWorld()
	w.connect(t)
	if _, err := w.Run(t.Context(), token.Request{}); err != nil {
		t.Fatal(err)
	}
	asked := make(chan []byte, 10)
	s := &token.Source{Store: w.values, Name: "access-token", Log: w.Log, Tell: func(_ context.Context, version string) error {
		payload, err := json.Marshal(token.Request{Reason: token.Refused, Version: version})
		asked <- payload
		return err
	}}
	client := &zoho.Client{Tokens: s.Token, Refused: s.Refused, HTTP: &http.Client{Transport: w.zoho}, Log: w.Log}
	list := func() error {
		_, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{})
		return err
	}
	if err := w.zoho.AddFault(zohosim.Fault{Path: "/crm/", Kind: zohosim.InvalidToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if err := list(); !errors.Is(err, zoho.ErrTokenRefused) || len(asked) != 1 {
		t.Fatalf("got %v, asked %d times", err, len(asked))
	}
	before := w.stored(t)
	var request token.Request
	if err := json.Unmarshal(<-asked, &request); err != nil {
		t.Fatal(err)
	}
	if report, err := w.Run(t.Context(), request); err != nil || !report.Exchanged || w.stored(t) == before {
		t.Fatalf("got %+v, %v", report, err)
	}
	if err := list(); err != nil || len(asked) != 0 {
		t.Errorf("got %v, asked %d times more", err, len(asked))
	}
}
