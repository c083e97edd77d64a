package bot_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// late is a request's context when its time is over.
func late(t *testing.T, ago time.Duration) context.Context {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-ago))
	t.Cleanup(cancel)
	return ctx
}

func hanging(ctx context.Context, _ zoho.UserType) ([]zoho.User, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestAnotherWorkspacesEvents are refused with a line, and nothing is done.
func TestAnotherWorkspacesEvents(t *testing.T) {
	w := withUsers(kim)
	w.bot.Access.Teams = []string{"T0OTHER"}
	body, err := json.Marshal(w.slack.Event(map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"}))
	if err != nil {
		t.Fatal(err)
	}
	w.post(t, bot.EventsPath, "application/json", string(body))
	w.interact(t, w.slack.Shortcut("find_person"))
	if refused := w.lines(t)["refused"]; len(*w.jobs) != 0 || len(w.slack.Calls()) != 0 || len(refused) != 2 || refused[0]["reason"] != "workspace" {
		t.Errorf("%d jobs, %d calls, log %s", len(*w.jobs), len(w.slack.Calls()), w.log)
	}
}

// TestTheUsesOfAButtonCount with those of its job: five at most.
func TestTheUsesOfAButtonCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.fault(t, slacksim.Fault{Path: "/actions/", RetryAfter: time.Second})
		w.pressed(t)
		for range 6 {
			_, _ = w.bot.Do(t.Context(), (*w.jobs)[0])
		}
		if got := len(w.slack.Calls()); got != 5 {
			t.Errorf("%d uses", got)
		}
	})
}

// TestTheUsesOfAButtonCountOnce, however often its job is delivered.
func TestTheUsesOfAButtonCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.fault(t, slacksim.Fault{Path: "/actions/", Status: 500, Times: 4})
		w.pressed(t)
		for range 4 {
			_, _ = w.bot.Do(t.Context(), (*w.jobs)[0])
		}
		if got := len(w.slack.Posts()); got != 1 {
			t.Errorf("%d posts after %d uses", got, len(w.slack.Calls()))
		}
	})
}

// TestUsesThatWereNotMadeAreGivenBack, and the next delivery need not wait.
func TestUsesThatWereNotMadeAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t, slacksim.Fault{Path: "/commands/", Status: 500, Times: 4})
		started := time.Now()
		for range 5 {
			_, _ = w.bot.Do(t.Context(), job)
		}
		if got, took := len(w.slack.Posts()), time.Since(started); got != 1 || took > 5*time.Second {
			t.Errorf("%d posts after %v", got, took)
		}
	})
}

// TestTheReplyHasTimeToBeWritten after a hand-over that hangs.
func TestTheReplyHasTimeToBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = hanging
		w.bot.HandOver = func(ctx context.Context, _ []byte) error { <-ctx.Done(); return ctx.Err() }
		asked := time.Now()
		w.ask(t, "/crmuser", "kim")
		if took := time.Since(asked); took > 1950*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// TestTooLateThereIsALittleTime to hand over, to post and to open a modal, and
// not more than that.
func TestTooLateThereIsALittleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			takes time.Duration
			done  bool
		}{{200 * time.Millisecond, true}, {time.Second, false}} {
			slow := func(ctx context.Context, _ []byte) error {
				select {
				case <-time.After(test.takes):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			w := withUsers(kim)
			w.bot.HandOver = slow
			r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
			if err != nil {
				t.Fatal(err)
			}
			asked := time.Now()
			got := w.answered(t, r.WithContext(late(t, time.Second)))
			if looking := strings.HasPrefix(got, "Looking"); looking != test.done || time.Since(asked) > 300*time.Millisecond {
				t.Errorf("a hand-over of %v: got %q after %v", test.takes, got, time.Since(asked))
			}

			w = withUsers(kim)
			w.ask(t, "/crmuser", "kim") // into memory
			w.fault(t, slacksim.Fault{Latency: test.takes})
			for _, payload := range []map[string]any{w.slack.Clicked("ask", "/crmuser kim"), w.slack.Shortcut("find_person")} {
				if r, err = w.slack.Interaction(t.Context(), interactivity, payload); err != nil {
					t.Fatal(err)
				}
				w.do(r.WithContext(late(t, time.Second)))
			}
			if got := len(w.slack.Posts()); (got == 2) != test.done {
				t.Errorf("Slack takes %v: %d posts", test.takes, got)
			}
		}
	})
}

// TestAButtonWhoseURLIsGone: no job would help.
func TestAButtonWhoseURLIsGone(t *testing.T) {
	w := withUsers(kim)
	w.fault(t, slacksim.Fault{Path: "/actions/", Status: 404, Error: "expired_url"})
	w.pressed(t)
	if len(*w.jobs) != 0 {
		t.Errorf("%d jobs", len(*w.jobs))
	}
}

// TestLinesTellWhatWasNotWell: level, staleness, the first question of a
// process, and the time since it was asked.
func TestLinesTellWhatWasNotWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		if _, err := w.bot.Do(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.bot.People.Read = hanging
		w.ask(t, "/crmuser", "kim")
		lines := w.lines(t)
		if line := lines["handed over"][0]; line["cold"] != 1.0 {
			t.Errorf("got %v", line)
		}
		if line := lines["answer"][0]; line["total_ms"] != 2000.0 || line["cold"] != 0.0 {
			t.Errorf("got %v", line)
		}
		if line := lines["answer"][1]; line["level"] != "WARN" || line["stale"] != 1.0 {
			t.Errorf("got %v", line)
		}
	})
}

// TestAJobDoesNotWaitForAClockThatIsWrong for longer than Slack may ask to.
func TestAJobDoesNotWaitForAClockThatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		var job map[string]any
		if err := json.Unmarshal(w.handedOver(t), &job); err != nil {
			t.Fatal(err)
		}
		job["not_before"] = time.Now().Add(time.Hour)
		payload, err := json.Marshal(job)
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if _, err := w.bot.Do(t.Context(), payload); err != nil || time.Since(started) > 30*time.Second {
			t.Errorf("got %v after %v", err, time.Since(started))
		}
	})
}

// TestAJobIsDoneWithinItsLease: another delivery of it leaves it alone, though
// Zoho hangs and Slack is slow, and ends soon after it.
func TestAJobIsDoneWithinItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t, slacksim.Fault{Path: "/commands/", Latency: 9 * time.Second})
		started := time.Now()
		var both sync.WaitGroup
		for i := range 2 {
			b := w.another(w.slack, w.bot.Claims)
			b.People.Read = hanging
			both.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				if _, err := b.Do(t.Context(), job); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if got, took := w.posts(t), time.Since(started); len(got) != 1 || !strings.Contains(got[0], "did not answer in time") || took > 75*time.Second {
			t.Errorf("got %q after %v", got, took)
		}
	})
}

// TestADuplicateEndsSoon after the one that answers, not when its lease does.
func TestADuplicateEndsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		started := time.Now()
		var both sync.WaitGroup
		for range 2 {
			b := w.another(w.slack, w.bot.Claims)
			both.Go(func() { _, _ = b.Do(t.Context(), job) })
		}
		both.Wait()
		if took := time.Since(started); took > 6*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// dead claims a job and dies.
func (w world) dead(t *testing.T, job []byte) {
	t.Helper()
	if _, died, _ := w.deliver(t, job, 5); !died { // before Zoho
		t.Fatal("it lives")
	}
}

// TestLambdasTimeIsEnough for a job that has to wait for a dead one's lease.
func TestLambdasTimeIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.dead(t, job)
		b := w.another(w.slack, w.bot.Claims)
		b.People.Read = hanging
		w.fault(t, slacksim.Fault{Path: "/commands/", Latency: 9 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 180*time.Second)
		defer cancel()
		if _, err := b.Do(ctx, job); err != nil || len(w.slack.Posts()) != 1 {
			t.Errorf("got %v, %d posts", err, len(w.slack.Posts()))
		}
	})
}

// TestWhoCannotWaitForALeaseFails, so that the job is delivered again.
func TestWhoCannotWaitForALeaseFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.dead(t, job)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := w.bot.Do(ctx, job); err == nil {
			t.Error("the job counts as done, and nobody was answered")
		}
	})
}

// TestTwoTeamsWithOneTrigger have an answer each.
func TestTwoTeamsWithOneTrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.Access.Teams = append(w.bot.Access.Teams, "T0OTHER")
		job := string(w.handedOver(t))
		for _, job := range []string{job, strings.Replace(job, `"team":"T0SAMPLE"`, `"team":"T0OTHER"`, 1)} {
			if _, err := w.bot.Do(t.Context(), []byte(job)); err != nil {
				t.Error(err)
			}
		}
		if got := len(w.slack.Posts()); got != 2 {
			t.Errorf("%d posts", got)
		}
	})
}

// TestWithoutATriggerIDTheResponseURLIsTheIdentity of a question.
func TestWithoutATriggerIDTheResponseURLIsTheIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = hanging
		for range 2 {
			w.from(t, "/crmuser", "kim", map[string]string{"trigger_id": ""})
		}
		w.bot.People.Read = withUsers(kim).bot.People.Read
		for _, job := range *w.jobs {
			if _, err := w.bot.Do(t.Context(), job); err != nil {
				t.Error(err)
			}
		}
		if got := len(w.slack.Posts()); got != 2 {
			t.Errorf("%d posts for two questions", got)
		}
	})
}

// hashed is a store whose versions are hashes of the data, as a bucket's are:
// of two who write the same both may succeed.
type hashed struct{ store.Memory }

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (h *hashed) Read(ctx context.Context, name string) (store.Value, error) {
	v, err := h.Memory.Read(ctx, name)
	time.Sleep(time.Millisecond) // others read the same
	if err == nil {
		v.Version = hashOf(v.Data)
	}
	return v, err
}

func (h *hashed) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	v, _ := h.Memory.Read(ctx, name)
	switch {
	case v.Data != nil && hashOf(v.Data) == hashOf(data):
		return hashOf(data), nil
	case v.Data == nil && version != store.Absent, v.Data != nil && hashOf(v.Data) != version:
		return "", store.ErrChanged
	}
	_, err := h.Memory.WriteIfUnchanged(ctx, name, data, v.Version)
	return hashOf(data), err
}

// TestClaimsOfOneMomentDiffer, also where versions are hashes.
func TestClaimsOfOneMomentDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		claims := &hashed{}
		var deliveries sync.WaitGroup
		for range 3 {
			b := w.another(w.slack, claims)
			deliveries.Go(func() { _, _ = b.Do(t.Context(), job) })
		}
		deliveries.Wait()
		if got := len(w.slack.Posts()); got != 1 {
			t.Errorf("%d posts", got)
		}
	})
}

// TestClaimsAreNotedWhateverTheContext: a job that ran out of time gives its
// claim back.
func TestClaimsAreNotedWhateverTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		w.fault(t, slacksim.Fault{Path: "/commands/", Hang: true, Times: 1})
		if _, err := w.bot.Do(ctx, job); err == nil {
			t.Fatal("no error")
		}
		started := time.Now()
		if _, err := w.bot.Do(t.Context(), job); err != nil || time.Since(started) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(started))
		}
	})
}

// TestAStoreThatHangsDoesNotHoldTheJob when its answer is sent.
func TestAStoreThatHangsDoesNotHoldTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.bot.Claims = &hangsAt{Store: w.bot.Claims, write: 2}
		started := time.Now()
		if _, err := w.bot.Do(t.Context(), job); err != nil || time.Since(started) > 6*time.Second || len(w.slack.Posts()) != 1 {
			t.Errorf("got %v after %v", err, time.Since(started))
		}
	})
}

// hangsAt is a store whose nth write hangs.
type hangsAt struct {
	store.Store
	write, writes int
}

func (h *hangsAt) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if h.writes++; h.writes == h.write {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return h.Store.WriteIfUnchanged(ctx, name, data, version)
}

// TestTheClientThatSlackIsCalledWith follows no redirects and gives up.
func TestTheClientThatSlackIsCalledWith(t *testing.T) {
	c := bot.SlackHTTP
	if c.Timeout == 0 || c.Timeout > 15*time.Second || c.CheckRedirect == nil || c.CheckRedirect(nil, nil) != http.ErrUseLastResponse {
		t.Errorf("got %+v", c)
	}
	if !c.Transport.(*http.Transport).DisableKeepAlives {
		t.Error("connections are kept, and die while Lambda has the process frozen")
	}
}

// TestAReplacedBotTokenIsReadAtOnce when Slack does not accept the kept one.
func TestAReplacedBotTokenIsReadAtOnce(t *testing.T) {
	for _, code := range []string{"invalid_auth", "token_revoked", "token_expired", "account_inactive"} {
		w := withUsers(kim)
		asked := 0
		w.bot.Secrets = func(_ context.Context, again bool) (bot.Secrets, error) {
			if again {
				asked++
			}
			return bot.Secrets{Signing: []string{signingSecret}, BotToken: botToken}, nil
		}
		w.fault(t, slacksim.Fault{Path: "/api/views.open", Error: code, Times: 1})
		if w.interact(t, w.slack.Shortcut("find_person")); asked != 1 || len(w.slack.Posts()) != 1 {
			t.Errorf("%s: read again %d times, %d modals", code, asked, len(w.slack.Posts()))
		}
	}
}

// TestCodesThatAreNoneAreNotLogged: who knows what they quote.
func TestCodesThatAreNoneAreNotLogged(t *testing.T) {
	for _, code := range []string{"Kim is no such user", strings.Repeat("kim", 30)} {
		w := withUsers(kim)
		w.fault(t, slacksim.Fault{Path: "/api/views.open", Error: code}, slacksim.Fault{Path: "/actions/", Status: 500, Error: code})
		w.interact(t, w.slack.Shortcut("find_person"))
		w.pressed(t)
		if log := w.log.String(); strings.Contains(strings.ToLower(log), "kim") || !strings.Contains(log, " bytes)") {
			t.Errorf("log %s", log)
		}
	}
}

// TestNobodyWaitsForWhatIsTooLate: the job fails at once, so that Lambda does
// the waiting.
func TestNobodyWaitsForWhatIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t, slacksim.Fault{Path: "/commands/", RetryAfter: time.Minute})
		started := time.Now()
		if _, err := w.bot.Do(t.Context(), job); err == nil || time.Since(started) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(started))
		}
	})
}

// TestHowSlackRefuses: a wait that is not told is a second, and some refusals that are for good.
func TestHowSlackRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			fault slacksim.Fault
			calls int
			again bool
		}{
			{slacksim.Fault{Status: 429, Times: 1}, 2, false},
			{slacksim.Fault{Status: 404, Error: "not_found"}, 1, false},
			{slacksim.Fault{Status: 410, Error: "channel_is_archived"}, 1, false},
			{slacksim.Fault{Status: 400, Error: "used_url"}, 1, false},
			{slacksim.Fault{Status: 500, Error: "invalid_blocks", Times: 1}, 2, false},
			{slacksim.Fault{Status: 302, Times: 1}, 1, true},
		} {
			w := withUsers(kim)
			job := w.handedOver(t)
			test.fault.Path = "/commands/"
			w.fault(t, test.fault)
			_, err := w.bot.Do(t.Context(), job)
			if got := len(w.slack.Calls()); got != test.calls || (err != nil) != test.again {
				t.Errorf("%+v: got %v after %d calls", test.fault, err, got)
			}
		}
	})
}

// TestLostReceiptsEndIt: after two posts without a reply the asker has the
// answer, as likely as not twice.
func TestLostReceiptsEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t, slacksim.Fault{Path: "/commands/", Reset: true})
		for range 6 {
			_, _ = w.bot.Do(t.Context(), job)
		}
		if got := len(w.slack.Calls()); got != 2 || !strings.Contains(w.log.String(), `"outcome":"not delivered"`) {
			t.Errorf("%d uses, log %s", got, w.log)
		}
	})
}

// TestZohosErrorsAreCounted, and the time that they took.
func TestZohosErrorsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := failing(zoho.ErrUnavailable)
		w.bot.People.Read = func(ctx context.Context, _ zoho.UserType) ([]zoho.User, error) {
			time.Sleep(100 * time.Millisecond)
			bot.CountCall(ctx, "list users", 1, 100*time.Millisecond, zoho.ErrUnavailable)
			return nil, zoho.ErrUnavailable
		}
		w.ask(t, "/crmuser", "kim")
		if line := w.lines(t)["answer"][0]; line["zoho_errors"] != 1.0 || line["zoho_ms"] != 100.0 {
			t.Errorf("got %v", line)
		}
	})
}

// TestAnotherWorkspaceGetsNoHelp of any kind.
func TestAnotherWorkspaceGetsNoHelp(t *testing.T) {
	w := withUsers(kim)
	w.bot.Access.Teams = []string{"T0OTHER"}
	for _, command := range []string{"/crmuser", "/crmdoes"} {
		if got := w.ask(t, command, "help"); strings.HasPrefix(got, "/crm") {
			t.Errorf("got %q", got)
		}
	}
}

// TestMetricsHaveTheirUnitsAndDimensions: milliseconds by their names, and
// refusals by reason.
func TestMetricsHaveTheirUnitsAndDimensions(t *testing.T) {
	w := withUsers(kim)
	w.bot.Function = "sample-function"
	w.ask(t, "/crmuser", "kim")
	w.post(t, bot.CommandsPath, formType, "a=b")
	for message, dimensions := range map[string]string{"answer": "[[function] [function route]]", "refused": "[[function] [function reason]]"} {
		data, err := json.Marshal(w.lines(t)[message][0]["_aws"])
		var h head
		if err != nil || json.Unmarshal(data, &h) != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(h.CloudWatchMetrics[0].Dimensions); got != dimensions {
			t.Errorf("%s: dimensions %s", message, got)
		}
		for _, m := range h.CloudWatchMetrics[0].Metrics {
			if want := map[bool]string{true: "Milliseconds", false: "Count"}[strings.HasSuffix(m.Name, "_ms")]; m.Unit != want {
				t.Errorf("%s in %s", m.Name, m.Unit)
			}
		}
	}
}

// TestWhatMayBeSlacksIsCountedApart when it is not believed: a stranger's request
// has no signature.
func TestWhatMayBeSlacksIsCountedApart(t *testing.T) {
	for name, test := range map[string]struct {
		secrets func(context.Context, bool) (bot.Secrets, error)
		signed  bool
		want    float64
	}{
		"another secret": {func(context.Context, bool) (bot.Secrets, error) {
			return bot.Secrets{Signing: []string{"another"}}, nil
		}, true, 1},
		"no secret":     {func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{}, nil }, true, 1},
		"unread secret": {func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{}, errors.New("down") }, true, 1},
		"no signature":  {nil, false, 0},
	} {
		w := withUsers(kim)
		w.bot.Function = "sample-function"
		if test.secrets != nil {
			w.bot.Secrets = test.secrets
		}
		r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
		if err != nil {
			t.Fatal(err)
		}
		if !test.signed {
			r.Header.Del("X-Slack-Signature")
		}
		w.do(r)
		if line := w.lines(t)["refused"][0]; line["unbelieved"] != test.want || line["status"] != 401.0 {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

// TestTheLogSaysWhyNothingWasHandedOver, and why that was needed.
func TestTheLogSaysWhyNothingWasHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = hanging
		w.bot.HandOver = func(context.Context, []byte) error { return store.ErrEmpty }
		w.ask(t, "/crmuser", "kim")
		line := w.lines(t)["answer"][0]
		if err, _ := line["err"].(string); !strings.Contains(err, store.ErrEmpty.Error()) || !strings.Contains(err, "deadline") {
			t.Errorf("got %v", line)
		}
	})
}

// TestAPostThatNeverBeganIsNoLostReceipt: Slack cannot be reached, and the
// answer is sent when it can.
func TestAPostThatNeverBeganIsNoLostReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		var tries atomic.Int64
		w.bot.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
			tries.Add(1)
			time.Sleep(30 * time.Second) // a network that swallows what is sent
			return nil, errors.New("timed out")
		}}}
		for range 2 {
			if _, err := w.bot.Do(t.Context(), job); err == nil {
				t.Error("it counts as sent")
			}
			time.Sleep(time.Minute)
		}
		w.bot.HTTP = &http.Client{Transport: w.slack}
		if _, err := w.bot.Do(t.Context(), job); err != nil || len(w.slack.Posts()) != 1 || tries.Load() != 2 {
			t.Errorf("got %v, %d posts after %d tries", err, len(w.slack.Posts()), tries.Load())
		}
	})
}

// TestAButtonIsAcknowledgedInTimeWhateverHangs: Zoho, Lambda and Slack do.
func TestAButtonIsAcknowledgedInTimeWhateverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = hanging
		w.bot.HandOver = func(ctx context.Context, _ []byte) error { <-ctx.Done(); return ctx.Err() }
		w.fault(t, slacksim.Fault{Path: "/actions/", Hang: true})
		if took := w.pressed(t); took > 2*time.Second+grace {
			t.Errorf("acknowledged after %v", took)
		}
		if got := w.lines(t); len(got["answer"]) != 1 || len(got["handed over"]) != 0 || got["answer"][0]["outcome"] != "not delivered" {
			t.Errorf("log %s", w.log)
		}
	})
}

// grace is what is left for telling somebody when the time is over.
const grace = 300 * time.Millisecond
