package zoho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// TestReadUsersGivesWhatUsersGives, in the same order and with no call too many.
func TestReadUsersGivesWhatUsersGives(t *testing.T) {
	for users, calls := range map[int]int{0: 1, 1: 1, 199: 1, 200: 1, 201: 3, 400: 3, 401: 4, 1000: 6, 2345: 13} {
		sim := euSim(generated(users)...)
		client := connected(t, sim)
		got, err := client.ReadUsers(t.Context(), zoho.AllUsers)
		if made := len(sim.Calls()) - 1; err != nil || made > calls { // of two pages the count may be left out
			t.Errorf("%d users: got %v after %d calls, want %d", users, err, made, calls)
		}
		var want []zoho.User
		for user, err := range client.Users(t.Context(), zoho.AllUsers) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, user)
		}
		if len(want) != users || !slices.Equal(got, want) {
			t.Errorf("%d users: got %d and %d", users, len(got), len(want))
		}
		if busiest := sim.Busiest(); busiest > 3 {
			t.Errorf("%d users: %d calls at once", users, busiest)
		}
	}
}

// TestReadUsersIsQuicker compares both ways of reading 5,000 users from a Zoho
// that takes 150 ms a call, in its own time: no computer's speed is in it.
func TestReadUsersIsQuicker(t *testing.T) {
	took := func(read func(*zoho.Client) int) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			client, sim := slowSim(t, 5000)
			started := time.Now()
			if n := read(client); n != 5000 {
				t.Errorf("got %d users", n)
			}
			d = time.Since(started)
			if d := sim.Busiest(); d > 3 {
				t.Errorf("%d calls at once", d)
			}
		})
		return d
	}
	synctest.Test(t, func(t *testing.T) { // the last page is read with the others though it is not full
		client, _ := slowSim(t, 601)
		started := time.Now()
		if n := atOnce(client); n != 601 || time.Since(started) != 3*150*time.Millisecond {
			t.Errorf("got %d users after %v", n, time.Since(started))
		}
	})
	one, several := took(oneAfterAnother), took(atOnce)
	if one != 25*150*time.Millisecond || several != 10*150*time.Millisecond {
		t.Errorf("took %v one after another and %v at once", one, several)
	}
}

func slowSim(t testing.TB, users int) (*zoho.Client, *zohosim.Zoho) {
	t.Helper()
	sim := euSim(generated(users)...)
	client := connected(t, sim)
	if err := sim.AddFault(zohosim.Fault{Path: "/crm/", Latency: 150 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	return client, sim
}

func oneAfterAnother(c *zoho.Client) (n int) {
	for _, err := range c.Users(ctx, zoho.AllUsers) {
		if err != nil {
			return -1
		}
		n++
	}
	return n
}

func atOnce(c *zoho.Client) int {
	users, _ := c.ReadUsers(ctx, zoho.AllUsers)
	return len(users)
}

// BenchmarkReadOrganisation reads 5,000 generated users over sockets, 150 ms a call.
func BenchmarkReadOrganisation(b *testing.B) {
	organisation := zohosim.Generate(5000, 0)
	sim := zohosim.New(zohosim.Config{Organisation: &organisation})
	server := httptest.NewServer(sim)
	defer server.Close()
	grant, err := (&zoho.OAuth{ClientID: sim.ClientID, ClientSecret: sim.ClientSecret, AccountsURL: server.URL, AllowLoopback: true}).Refresh(ctx, sim.RefreshToken)
	if err != nil {
		b.Fatal(err)
	}
	if err := sim.AddFault(zohosim.Fault{Path: "/crm/", Latency: 150 * time.Millisecond}); err != nil {
		b.Fatal(err)
	}
	client := &zoho.Client{AllowLoopback: true, Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil }}
	for _, way := range []struct {
		name string
		read func(*zoho.Client) int
	}{{"one-after-another", oneAfterAnother}, {"at-once", atOnce}} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				if n := way.read(client); n != 5000 {
					b.Fatalf("%d users", n)
				}
			}
		})
	}
}

func TestConcurrencyIsASetting(t *testing.T) {
	for _, at := range []int{-1, 1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			client, sim := slowSim(t, 3000)
			client.Concurrency = at
			if n := atOnce(client); n != 3000 || sim.Busiest() != max(1, at) {
				t.Errorf("%d at once: got %d users, %d calls at once", at, n, sim.Busiest())
			}
		})
	}
}

// TestReadUsersIsCompleteOrAnError plays what may go wrong between pages.
func TestReadUsersIsCompleteOrAnError(t *testing.T) {
	for name, f := range map[string]zohosim.Fault{
		"the first page":      {Kind: zohosim.InvalidToken, Path: "/crm/v7/users", Times: 1},
		"a page in between":   {Kind: zohosim.Truncated, Path: "/crm/v7/users", After: 4, Times: 1},
		"an empty page":       {Kind: zohosim.Empty, Path: "/crm/v7/users", After: 4, Times: 1},
		"all from the fourth": {Kind: zohosim.InternalError, Path: "/crm/v7/users", After: 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := euSim(generated(2000)...)
			client := connected(t, sim)
			if err := sim.AddFault(f); err != nil {
				t.Fatal(err)
			}
			if users, err := client.ReadUsers(t.Context(), zoho.AllUsers); err == nil || users != nil {
				t.Errorf("%s: got %d users, %v", name, len(users), err)
			}
		})
	}
}

// counting is a client of a Zoho whose count says something else.
func counting(t *testing.T, users int, reply string) (*zoho.Client, *bytes.Buffer) {
	t.Helper()
	client := connected(t, euSim(generated(users)...))
	sim := client.HTTP.Transport
	client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if reply == "" || !strings.HasSuffix(r.URL.Path, "/actions/count") {
			return sim.RoundTrip(r)
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(reply))}, nil
	})
	log := &bytes.Buffer{}
	client.Log = slog.New(slog.NewJSONHandler(log, nil))
	return client, log
}

func TestTheCountIsAHint(t *testing.T) {
	for _, test := range []struct {
		reply string
		note  string
	}{
		{"", ""},
		{`{"count":"1000"}`, ""},
		{`{"count":400}`, `"msg":"zoho count differs","type":"AllUsers","count":400,"read":1000`},
		{`{"count":0}`, ""},
		{`{"count":9000000000000000000}`, `"read":1000`},
		{`{"count":10000000}`, `"count":10000000,"read":1000`},
		{`{"count":999}`, `"count":999,"read":1000`},
		{`{"count":1900}`, `"count":1900,"read":1000`},
		{`{"count":"many"}`, `"msg":"zoho count","err":"zoho: count users: malformed reply`},
		{`{"code":"NO_PERMISSION"}`, `"err":"zoho: count users: no permission`},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, log := counting(t, 1000, test.reply)
			users, err := client.ReadUsers(t.Context(), zoho.AllUsers)
			if err != nil || len(users) != 1000 || users[999].FullName != "Generated 0999" {
				t.Errorf("count %s: got %d users, %v", test.reply, len(users), err)
			}
			if got := log.String(); !strings.Contains(got, test.note) || (got == "") != (test.note == "") {
				t.Errorf("count %s: logged %s, want %s", test.reply, got, test.note)
			}
		})
	}
}

// TestACountThatFailsIsNotAskedForAgain: the time is better spent on pages.
func TestACountThatFailsIsNotAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := euSim(generated(1000)...)
		client := connected(t, sim)
		if err := sim.AddFault(zohosim.Fault{Path: "/crm/v7/users/actions/count", Kind: zohosim.InternalError}); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		users, err := client.ReadUsers(t.Context(), zoho.AllUsers)
		if took := time.Since(started); err != nil || len(users) != 1000 || took > 0 || sim.Count(zohosim.CountCall) != 1 {
			t.Errorf("got %d users, %v after %v and %d counts", len(users), err, took, sim.Count(zohosim.CountCall))
		}
		if _, err := client.CountUsers(t.Context(), zoho.AllUsers); err == nil || sim.Count(zohosim.CountCall) != 4 {
			t.Errorf("asked by itself: got %v after %d calls", err, sim.Count(zohosim.CountCall)-1)
		}
	})
}

// TestACountThatHangsIsLeft: the pages are all there.
func TestACountThatHangsIsLeft(t *testing.T) {
	for users, most := range map[int]time.Duration{400: 300 * time.Millisecond, 1000: 6 * 150 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			client, sim := slowSim(t, users)
			log := &bytes.Buffer{}
			client.Log = slog.New(slog.NewJSONHandler(log, nil))
			if err := sim.AddFault(zohosim.Fault{Path: "/crm/v7/users/actions/count", Kind: zohosim.Hang}); err != nil {
				t.Fatal(err)
			}
			started := time.Now()
			got, err := client.ReadUsers(t.Context(), zoho.AllUsers)
			if took := time.Since(started); err != nil || len(got) != users || took > most+50*time.Millisecond || log.Len() > 0 {
				t.Errorf("got %d users, %v after %v, logged %s", len(got), err, took, log)
			}
		})
	}
}

// TestAFailureEndsTheOtherCalls, beside a count that hangs and among pages.
func TestAFailureEndsTheOtherCalls(t *testing.T) {
	for name, faults := range map[string][]zohosim.Fault{
		"the second page": {{Path: "/crm/v7/users/actions/count", Kind: zohosim.Hang}, {Path: "/crm/v7/users", Kind: zohosim.InvalidToken, After: 1}},
		"a later page":    {{Path: "/crm/v7/users", Kind: zohosim.InvalidToken, After: 4, Times: 1}, {Path: "/crm/v7/users", Latency: time.Hour, After: 5}},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := euSim(generated(3000)...)
			client := connected(t, sim)
			for _, f := range faults {
				if err := sim.AddFault(f); err != nil {
					t.Fatal(err)
				}
			}
			started := time.Now()
			_, err := client.ReadUsers(t.Context(), zoho.AllUsers)
			if took := time.Since(started); !errors.Is(err, zoho.ErrTokenRefused) || took > 0 {
				t.Errorf("%s: got %v after %v", name, err, took)
			}
		})
	}
}

// TestASequenceCanBeGoneThroughAgain, also inside of itself and by several.
func TestASequenceCanBeGoneThroughAgain(t *testing.T) {
	users := connected(t, euSim(generated(601)...)).Users(t.Context(), zoho.AllUsers)
	n := 0
	for _, err := range users {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 150 {
			inner := 0
			for range users {
				if inner++; inner == 250 {
					break
				}
			}
		}
	}
	if n != 601 {
		t.Errorf("got %d users around another walk", n)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			n := 0
			for _, err := range users {
				if err != nil {
					t.Error(err)
				}
				n++
			}
			if n != 601 {
				t.Errorf("got %d users beside other walks", n)
			}
		})
	}
	group.Wait()
}

// TestPagesThatDoNotBelongTogether: the list changes while it is read.
func TestPagesThatDoNotBelongTogether(t *testing.T) {
	page := func(more bool, ids ...int) string {
		var users []string
		for _, id := range ids {
			users = append(users, fmt.Sprintf(`{"id":"%d"}`, id))
		}
		return fmt.Sprintf(`{"users":[%s],"info":{"more_records":%t}}`, strings.Join(users, ","), more)
	}
	for name, test := range map[string]struct {
		pages []string
		want  error
	}{
		"whole":                 {[]string{page(true, 1), page(true, 2), page(true, 3), page(false, 4)}, nil},
		"a user twice":          {[]string{page(true, 1), page(true, 2), page(true, 1), page(false, 4)}, zoho.ErrMalformed},
		"the last in between":   {[]string{page(true, 1), page(true, 2), page(false, 3), page(false, 4)}, zoho.ErrMalformed},
		"nothing after the end": {[]string{page(true, 1), page(true, 2), page(false, 3), ""}, nil},
		"a gap":                 {[]string{page(true, 1), page(true, 2), "", page(false, 4)}, zoho.ErrMalformed},
		"more for ever":         {[]string{page(true, 1), page(true, 2), page(true, 3), page(true, 3)}, zoho.ErrMalformed},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := replying(0, "")
			asked := make(chan struct{}) // for the fourth page
			once := sync.OnceFunc(func() { close(asked) })
			client.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				body := `{"count":800}`
				var number int
				if _, err := fmt.Sscan(r.URL.Query().Get("page"), &number); err == nil {
					body = test.pages[min(number, len(test.pages))-1]
				}
				switch number {
				case 3: // it may be the last one, after which no other is asked for
					select {
					case <-asked:
					case <-r.Context().Done():
					}
				case 4:
					once()
				}
				if body == "" {
					return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body))}, nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if _, err := client.ReadUsers(ctx, zoho.AllUsers); !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
			cancel()
		})
	}
}
