package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// handedOver asks for Kim while Zoho does not answer, and gives the job that is
// left. Afterwards Zoho answers again.
func (w world) handedOver(t *testing.T) []byte {
	t.Helper()
	read := w.bot.People.Read
	w.bot.People.Read = hanging
	got := w.ask(t, "/crmuser", "kim")
	w.bot.People.Read = read
	if !strings.HasPrefix(got, "Looking in Zoho CRM") || len(*w.jobs) != 1 {
		t.Fatalf("got %q and %d jobs", got, len(*w.jobs))
	}
	return (*w.jobs)[0]
}

// posts are the texts that came to response URLs.
func (w world) posts(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, p := range w.slack.Posts() {
		var m struct{ Text string }
		if err := json.Unmarshal(p.Body, &m); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, m.Text)
	}
	return texts
}

// TestALateAnswerFollows, when the first reply is out and not before.
func TestALateAnswerFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		asked := time.Now()
		job := w.handedOver(t)
		if took := time.Since(asked); took > 2*time.Second {
			t.Errorf("the first reply took %v", took)
		}
		if _, err := w.bot.Do(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		posts := w.slack.Posts()
		if got := w.posts(t); len(got) != 1 || !strings.HasPrefix(got[0], "Kim, active.") || posts[0].At.Sub(asked) < 2*time.Second {
			t.Errorf("got %q", got)
		}
		log := w.log.String()
		if strings.Count(log, `"msg":"answer"`) != 1 || strings.Count(log, `"msg":"handed over"`) != 1 || !strings.Contains(log, `"route":"deferred","outcome":"people"`) {
			t.Errorf("log %s", log)
		}
	})
}

// TestWhereNothingCanFollowTheAskerIsTold at once.
func TestWhereNothingCanFollowTheAskerIsTold(t *testing.T) {
	hang := func(ctx context.Context, _ []byte) error { <-ctx.Done(); return ctx.Err() }
	for name, handOver := range map[string]func(context.Context, []byte) error{
		"refused": func(context.Context, []byte) error { return errors.New("AccessDenied") },
		"hangs":   hang,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := withUsers(kim)
			w.bot.HandOver = handOver
			w.bot.People.Read = hanging
			asked := time.Now()
			got := w.ask(t, "/crmuser", "kim")
			if took := time.Since(asked); !strings.HasPrefix(got, "Zoho CRM did not answer in time. If no answer follows within a minute, please ask again.") || took > 2*time.Second {
				t.Errorf("%s: got %q after %v", name, got, took)
			}
			if log := w.log.String(); !strings.Contains(log, `"outcome":"not handed over"`) {
				t.Errorf("%s: log %s", name, log)
			}
		})
	}
}

func TestWithoutAResponseURLNothingIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = hanging
		if got := w.from(t, "/crmuser", "kim", map[string]string{"response_url": ""}); !strings.Contains(got, "did not answer in time") || len(*w.jobs) != 0 {
			t.Errorf("got %q, %d jobs", got, len(*w.jobs))
		}
	})
}

// TestAFailureCanBeTriedAgain with its button, whose answer takes its place.
func TestAFailureCanBeTriedAgain(t *testing.T) {
	w := failing(zoho.ErrUnavailable)
	w.ask(t, "/crmuser", "kim")
	users := withUsers(kim).bot.People
	w.bot.People.Read = users.Read
	r, err := w.slack.Interaction(t.Context(), "https://bot.example"+bot.InteractivityPath, w.slack.Clicked("ask", "/crmuser kim"))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.do(r); got.Code != http.StatusOK || got.Body.Len() != 0 {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	var m struct {
		Text            string
		ReplaceOriginal bool `json:"replace_original"`
	}
	if posts := w.slack.Posts(); len(posts) != 1 || json.Unmarshal(posts[0].Body, &m) != nil || !m.ReplaceOriginal || !strings.HasPrefix(m.Text, "Kim, active.") {
		t.Errorf("got %+v", posts)
	}
	if log := w.log.String(); !strings.Contains(log, `"way":"button","route":"inline","outcome":"people"`) {
		t.Errorf("log %s", log)
	}
}

// TestAButtonWhoseAnswerIsLate is acknowledged, and the answer follows.
func TestAButtonWhoseAnswerIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		read := w.bot.People.Read
		w.bot.People.Read = hanging
		r, err := w.slack.Interaction(t.Context(), "https://bot.example"+bot.InteractivityPath, w.slack.Clicked("ask", "/crmuser kim"))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.do(r); got.Code != http.StatusOK || got.Body.Len() != 0 || len(*w.jobs) != 1 {
			t.Fatalf("got %d %s, %d jobs", got.Code, got.Body, len(*w.jobs))
		}
		w.bot.People.Read = read
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		if got := w.slack.Posts(); len(got) != 1 || !strings.Contains(string(got[0].Body), `"replace_original":true`) {
			t.Errorf("got %+v", got)
		}
	})
}

// TestAButtonWhenSlackIsDown: the answer is sent later, within the five uses.
func TestAButtonWhenSlackIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		if err := w.slack.AddFault(slacksim.Fault{Path: "/actions/", Status: 500, Times: 2}); err != nil {
			t.Fatal(err)
		}
		r, err := w.slack.Interaction(t.Context(), "https://bot.example"+bot.InteractivityPath, w.slack.Clicked("ask", "/crmuser kim"))
		if err != nil {
			t.Fatal(err)
		}
		w.do(r)
		if len(*w.jobs) != 1 {
			t.Fatalf("%d jobs", len(*w.jobs))
		}
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err == nil {
			t.Error("Slack is down, and the job is done")
		}
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil || len(w.slack.Posts()) != 1 {
			t.Errorf("got %v, %d posts", err, len(w.slack.Posts()))
		}
	})
}

// another is a bot in a process of its own, with the same people and store.
func (w world) another(slackHTTP http.RoundTripper, claims store.Store) *bot.Bot {
	other := withUsers(kim)
	other.bot.HTTP = &http.Client{Transport: slackHTTP}
	other.bot.Claims = claims
	other.bot.Log = w.bot.Log
	return other.bot
}

// TestAJobDeliveredThreeTimesAtOnce answers once.
func TestAJobDeliveredThreeTimesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		var deliveries sync.WaitGroup
		for range 3 {
			b := w.another(w.slack, w.bot.Claims)
			deliveries.Go(func() {
				if _, err := b.Do(t.Context(), job); err != nil {
					t.Error(err)
				}
			})
		}
		deliveries.Wait()
		if got := w.posts(t); len(got) != 1 {
			t.Errorf("got %q", got)
		}
	})
}

// death is a process that ends at a step: before or after one of its calls.
type death struct {
	at, step int
	posted   bool // it died when Slack had the answer and the store did not know
	last     string
}

// errDeath is thrown, so that nothing of the process goes on.
var errDeath = errors.New("the process has died")

func (d *death) pass(what string) {
	if d.step++; d.step == d.at {
		d.last = what
		panic(errDeath)
	}
}

// around counts the moments before and after a call as steps.
func (d *death) around(what string, call func()) {
	d.pass("before " + what)
	call()
	d.pass("after " + what)
}

type dyingStore struct {
	store.Store
	d *death
}

func (s dyingStore) Read(ctx context.Context, name string) (v store.Value, err error) {
	s.d.around("read", func() { v, err = s.Store.Read(ctx, name) })
	return v, err
}

func (s dyingStore) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (v string, err error) {
	s.d.around("write", func() {
		v, err = s.Store.WriteIfUnchanged(ctx, name, data, version)
		s.d.posted = false // now it knows, or nothing was posted
	})
	return v, err
}

type dyingSlack struct {
	http.RoundTripper
	d *death
}

func (s dyingSlack) RoundTrip(r *http.Request) (reply *http.Response, err error) {
	s.d.around("post", func() {
		reply, err = s.RoundTripper.RoundTrip(r)
		s.d.posted = true
	})
	return reply, err
}

// deliver does a job in a process that dies at a step; 0 lets it live.
func (w world) deliver(t *testing.T, job []byte, at int) (d *death, died bool, err error) {
	d = &death{at: at}
	b := w.another(dyingSlack{w.slack, d}, dyingStore{w.bot.Claims, d})
	read := b.People.Read
	b.People.Read = func(ctx context.Context, kind zoho.UserType) (users []zoho.User, err error) {
		d.around("Zoho", func() { users, err = read(ctx, kind) })
		return users, err
	}
	defer func() {
		if r := recover(); r != nil {
			if r != error(errDeath) {
				panic(r)
			}
			died = true
		}
	}()
	_, err = b.Do(t.Context(), job)
	return d, died, err
}

// steps is how many moments there are at which a process can die.
const steps = 12

// TestAJobWhoseProcessDies is delivered as Lambda does: at once, a minute
// later, and two minutes after that. It is answered once, and once more for
// each process that died after posting and before noting that.
func TestAJobWhoseProcessDies(t *testing.T) {
	moments := map[string]bool{}
	for first := range steps + 1 {
		for second := range steps + 1 {
			synctest.Test(t, func(t *testing.T) {
				w := withUsers(kim)
				job := w.handedOver(t)
				repeats := 0
				for i, at := range []int{first, second, 0} {
					d, died, err := w.deliver(t, job, at)
					if err != nil {
						t.Errorf("%d, %d: delivery %d: %v", first, second, i, err)
					}
					if died {
						moments[d.last] = true
					} else if !died && at > 0 && d.step >= at {
						t.Errorf("%d, %d: lived on", first, second)
					}
					if died && d.posted {
						repeats++
					}
					time.Sleep(time.Duration(i+1) * time.Minute)
				}
				if got := len(w.slack.Posts()); got != 1+repeats {
					t.Errorf("died at %d and %d: posted %d times, want %d", first, second, got, 1+repeats)
				}
			})
		}
	}
	if len(moments) != 8 {
		t.Errorf("processes died %v: not at every step", moments)
	}
}

// TestAnAnswerOfYesterday is not sent: Slack would not take it.
func TestAnAnswerOfYesterday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		time.Sleep(30 * time.Minute)
		if _, err := w.bot.Do(t.Context(), job); err != nil || len(w.slack.Calls()) != 0 {
			t.Errorf("got %v, %d calls", err, len(w.slack.Calls()))
		}
	})
}

// TestResponseURLs: what Slack answers, and what becomes of the job then.
func TestResponseURLs(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []slacksim.Fault
		calls  int  // in the first delivery
		again  bool // it fails, so that it is delivered again
		posts  int
		log    string
	}{
		{"taken", nil, 1, false, 1, `"outcome":"people"`},
		{"asked to wait", []slacksim.Fault{{Path: "/commands/", Status: 429, RetryAfter: 3 * time.Second, Times: 1}}, 2, false, 1, `"outcome":"people"`},
		{"asked to wait too long", []slacksim.Fault{{Path: "/commands/", Status: 429, RetryAfter: time.Minute, Times: 1}}, 1, true, 1, ""},
		{"blocks refused", []slacksim.Fault{{Path: "/commands/", Status: 400, Error: "invalid_blocks", Times: 1}}, 2, false, 1, `"blocks refused"`},
		{"all refused", []slacksim.Fault{{Path: "/commands/", Status: 400, Error: "invalid_payload"}}, 2, false, 0, "invalid_payload"},
		{"expired", []slacksim.Fault{{Path: "/commands/", Status: 404, Error: "expired_url"}}, 1, false, 0, "expired_url"},
		{"used up", []slacksim.Fault{{Path: "/commands/", Status: 404, Error: "used_url"}}, 1, false, 0, "used_url"},
		{"out of order once", []slacksim.Fault{{Path: "/commands/", Status: 503, Times: 1}}, 1, true, 1, ""},
		{"reset once", []slacksim.Fault{{Path: "/commands/", Reset: true, Times: 1}}, 1, true, 1, ""},
		{"hangs once", []slacksim.Fault{{Path: "/commands/", Hang: true, Times: 1}}, 1, true, 1, ""},
		{"redirected", []slacksim.Fault{{Path: "/commands/", Status: 302, Times: 1}}, 1, true, 1, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := withUsers(kim)
			w.bot.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			job := w.handedOver(t)
			for _, fault := range test.faults {
				if err := w.slack.AddFault(fault); err != nil {
					t.Fatal(err)
				}
			}
			_, err := w.bot.Do(t.Context(), job)
			if calls := len(w.slack.Calls()); (err != nil) != test.again || calls != test.calls {
				t.Errorf("%s: got %v after %d calls", test.name, err, calls)
			}
			if test.again {
				time.Sleep(time.Minute)
				if _, err := w.bot.Do(t.Context(), job); err != nil {
					t.Errorf("%s, again: got %v", test.name, err)
				}
			}
			if got := len(w.slack.Posts()); got != test.posts {
				t.Errorf("%s: %d posts, want %d", test.name, got, test.posts)
			}
			if log := w.log.String(); !strings.Contains(log, test.log) || strings.Contains(log, "hooks.slack") || strings.Contains(log, "/commands/") {
				t.Errorf("%s: log %s", test.name, log)
			}
		})
	}
}

// TestNoMoreThanFiveUses of a response URL, however often a job is delivered.
func TestNoMoreThanFiveUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		if err := w.slack.AddFault(slacksim.Fault{Path: "/commands/", Status: 429, RetryAfter: time.Second}); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			_, _ = w.bot.Do(t.Context(), job)
		}
		if got := len(w.slack.Calls()); got != 5 {
			t.Errorf("%d uses", got)
		}
	})
}

// TestResponseURLsElsewhere get nothing.
func TestResponseURLsElsewhere(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://hooks.slack.com/commands/T0SAMPLE/1/a":      true,
		"https://hooks.slack-gov.com/commands/T0SAMPLE/1/a":  true,
		"https://HOOKS.slack.com/commands/T0SAMPLE/1/a":      true,
		"https://reply.example/commands/1":                   true, // a setting
		"http://hooks.slack.com/commands/T0SAMPLE/1/a":       false,
		"https://hooks.slack.com:8443/commands/T0SAMPLE/1/a": false,
		"https://hooks.slack.com.example/commands/1":         false,
		"https://example.com/hooks.slack.com":                false,
		"https://hooks.slack.com@example.com/":               false,
		"https://user@hooks.slack.com/":                      false,
		"http://127.0.0.1:1/commands/1":                      false,
		"https://127.0.0.1:1/commands/1":                     false,
		"ftp://hooks.slack.com/":                             false,
		"//hooks.slack.com/":                                 false,
		"hooks.slack.com":                                    false,
		"https://hooks.slack.com\\@example.com/":             false,
		"%zz":                                                false,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := withUsers(kim)
			w.bot.ReplyHosts = []string{"reply.example"}
			seen := 0
			w.bot.HTTP.Transport = roundTrip(func(*http.Request) (*http.Response, error) { seen++; return nil, errors.New("out of order") })
			job := strings.Replace(string(w.handedOver(t)), replyURL(t, w), fmt.Sprintf("%q", url), 1)
			if _, err := w.bot.Do(t.Context(), []byte(job)); (err != nil) != ok || (seen > 0) != ok {
				t.Errorf("%s: got %v, %d calls", url, err, seen)
			}
		})
	}
}

// replyURL is that of the only job, as JSON.
func replyURL(t *testing.T, w world) string {
	t.Helper()
	var j struct {
		Question struct {
			ReplyURL json.RawMessage `json:"reply_url"`
		}
	}
	if err := json.Unmarshal((*w.jobs)[0], &j); err != nil {
		t.Fatal(err)
	}
	return string(j.Question.ReplyURL)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestWithoutTheStoreAJobFails, and is delivered again.
func TestWithoutTheStoreAJobFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		values := w.bot.Claims
		w.bot.Claims = &counted{Store: values, err: errors.New("out of order")}
		if _, err := w.bot.Do(t.Context(), job); err == nil || len(w.slack.Posts()) != 0 {
			t.Errorf("got %v, %d posts", err, len(w.slack.Posts()))
		}
		w.bot.Claims = values
		if _, err := w.bot.Do(t.Context(), job); err != nil || len(w.slack.Posts()) != 1 {
			t.Errorf("got %v, %d posts", err, len(w.slack.Posts()))
		}
	})
}

func TestPayloadsThatAreNoJobs(t *testing.T) {
	for _, payload := range []string{"", "null", "[]", "{}", `{"job":"unheard-of"}`, `{"job":1}`} {
		if _, err := withUsers(kim).bot.Do(t.Context(), []byte(payload)); !errors.Is(err, bot.ErrJob) {
			t.Errorf("%s: got %v", payload, err)
		}
	}
}
