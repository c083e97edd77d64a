package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// pressed presses "Try again" and gives how long the first reply took.
func (w world) pressed(t *testing.T) time.Duration {
	t.Helper()
	r, err := w.slack.Interaction(t.Context(), interactivity, w.slack.Clicked("ask", "/crmuser kim"))
	if err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	if got := w.do(r); got.Code != http.StatusOK || got.Body.Len() != 0 {
		t.Fatalf("got %d %s", got.Code, got.Body)
	}
	return time.Since(asked)
}

func (w world) fault(t *testing.T, faults ...slacksim.Fault) {
	t.Helper()
	for _, f := range faults {
		if err := w.slack.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAButtonIsAcknowledgedInTime though Slack hangs and the hand-over
// is slow.
func TestAButtonIsAcknowledgedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.fault(t, slacksim.Fault{Path: "/actions/", Hang: true, Times: 1})
		handOver := w.bot.HandOver
		w.bot.HandOver = func(ctx context.Context, job []byte) error {
			time.Sleep(200 * time.Millisecond)
			return handOver(ctx, job)
		}
		if took := w.pressed(t); took > 2*time.Second {
			t.Errorf("acknowledged after %v", took)
		}
	})
}

// TestAButtonIsOneLine in the log, however it is answered.
func TestAButtonIsOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.fault(t, slacksim.Fault{Path: "/actions/", Status: 500, Times: 1})
		w.pressed(t)
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		if got := len(w.lines(t)["answer"]); got != 1 {
			t.Errorf("%d answer lines: %s", got, w.log)
		}
	})
}

// TestWithoutItsBlocksAfterAWait: two uses of five, and it is given up.
func TestWithoutItsBlocksAfterAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t,
			slacksim.Fault{Path: "/commands/", Status: 429, RetryAfter: time.Second, Times: 1},
			slacksim.Fault{Path: "/commands/", Status: 400, Error: "invalid_blocks", After: 1, Times: 1},
		)
		for range 3 {
			if _, err := w.bot.Do(t.Context(), job); err == nil {
				break
			}
			time.Sleep(time.Minute)
		}
		if got := len(w.slack.Posts()); got != 1 {
			t.Errorf("%d posts after %d uses; log %s", got, len(w.slack.Calls()), w.log)
		}
	})
}

// TestAPressWithoutItsBlocksAfterAWait is the same for a button.
func TestAPressWithoutItsBlocksAfterAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.fault(t,
			slacksim.Fault{Path: "/actions/", Status: 429, RetryAfter: time.Second, Times: 1},
			slacksim.Fault{Path: "/actions/", Status: 400, Error: "invalid_blocks", After: 1, Times: 1},
		)
		w.pressed(t)
		for _, job := range *w.jobs {
			_, _ = w.bot.Do(t.Context(), job)
		}
		if got := len(w.slack.Posts()); got != 1 {
			t.Errorf("%d posts, %d jobs", got, len(*w.jobs))
		}
	})
}

// TestNothingIsPostedBeforeALateFirstReply: a cold start took all the
// time, the job starts at once, and the invocation's reply takes a while.
func TestNothingIsPostedBeforeALateFirstReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		done := make(chan error, 1)
		w.bot.HandOver = func(_ context.Context, job []byte) error {
			other := w.another(w.slack, w.bot.Claims)
			go func() { _, err := other.Do(context.Background(), job); done <- err }()
			time.Sleep(200 * time.Millisecond)
			return nil
		}
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-100*time.Millisecond)) // sent 2.1 s ago
		defer cancel()
		r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
		if err != nil {
			t.Fatal(err)
		}
		got := w.answered(t, r.WithContext(ctx))
		replied := time.Now()
		if err := <-done; err != nil || !strings.HasPrefix(got, "Looking") {
			t.Fatalf("got %q, %v", got, err)
		}
		if at := w.slack.Posts()[0].At; at.Before(replied) {
			t.Errorf("the answer came %v before “Looking…”", replied.Sub(at))
		}
	})
}

// TestAnAnswerWhoseReceiptIsLost is repeated once at most.
func TestAnAnswerWhoseReceiptIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t, slacksim.Fault{Path: "/commands/", Reset: true, Taken: true})
		for range 3 {
			_, _ = w.bot.Do(t.Context(), job)
			time.Sleep(2 * time.Minute)
		}
		if got := len(w.slack.Posts()); got > 2 {
			t.Errorf("the asker has the answer %d times", got)
		}
	})
}

// TestWithoutABotToken a Home tab's job is not done again and again.
func TestWithoutABotToken(t *testing.T) {
	w := withUsers(kim)
	w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) {
		return bot.Secrets{Signing: []string{signingSecret}}, nil
	}
	body, err := json.Marshal(w.slack.Event(map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"}))
	if err != nil {
		t.Fatal(err)
	}
	w.post(t, bot.EventsPath, "application/json", string(body))
	if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
		t.Errorf("three times, and then in the queue of failures: %v", err)
	}
}

// TestACancelledCallIsNoError of Zoho's: ReadUsers drops its count when
// it does not need it any more.
func TestACancelledCallIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = (&zoho.Client{
			Tokens: func(context.Context) (zoho.Token, error) {
				return zoho.Token{AccessToken: "t", APIDomain: "https://www.zohoapis.com"}, nil
			},
			Done: bot.CountCall,
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "count") {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				time.Sleep(50 * time.Millisecond)
				more := r.URL.Query().Get("page") == "1" && r.URL.Query().Get("type") == "AllUsers"
				id := r.URL.Query().Get("page") + r.URL.Query().Get("type")
				rec := fmt.Sprintf(`{"users":[{"id":%q,"full_name":"Kim","status":"active"}],"info":{"per_page":200,"count":1,"page":%s,"more_records":%v}}`, id, r.URL.Query().Get("page"), more)
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(rec)), Request: r}, nil
			})},
		}).ReadUsers
		w.ask(t, "/crmusers", "")
		line := w.lines(t)["answer"][0]
		if line["zoho_errors"] != 0.0 {
			t.Errorf("zoho_errors %v of %v calls, outcome %v %v", line["zoho_errors"], line["zoho_calls"], line["outcome"], line["err"])
		}
	})
}

// TestAMistakeInTheSecretIsSurvived: the kept ones will do.
func TestAMistakeInTheSecretIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := &store.Memory{}
		v, _ := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["a"]}`), "")
		secrets := bot.StoredSecrets(values, "slack", slog.New(slog.DiscardHandler))
		_, _ = secrets(t.Context(), false)
		_, _ = values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secret":["b"]}`), v)
		time.Sleep(5 * time.Minute)
		if got, err := secrets(t.Context(), false); len(got.Signing) != 1 {
			t.Errorf("the good secrets are gone: %d left, %v", len(got.Signing), err)
		}
	})
}

// TestAViewThatSlackRefuses is shown without its blocks.
func TestAViewThatSlackRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, times := range []int{1, 2} {
			w := withUsers(kim)
			view := w.opened(t)
			read := w.bot.People.Read
			w.bot.People.Read = hanging
			w.interact(t, w.slack.Submitted(view, "find_person", chosen("1")))
			w.bot.People.Read = read
			w.fault(t, slacksim.Fault{Path: "/api/views.update", Error: "invalid_blocks", Times: times})
			if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
				t.Errorf("refused %d times: %v", times, err)
			}
			if posts := w.slack.Posts(); len(posts) != 3-times {
				t.Errorf("refused %d times: %d posts", times, len(posts))
			}
		}
	})
}

// TestAWaitIsHandedOver too: the button's job does not post before
// Slack allows it.
func TestAWaitIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.fault(t, slacksim.Fault{Path: "/actions/", RetryAfter: 10 * time.Second, Times: 1})
		asked := time.Now()
		w.pressed(t)
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		if at := w.slack.Posts()[0].At.Sub(asked); at < 10*time.Second {
			t.Errorf("posted after %v, where Slack asked to wait 10s", at)
		}
	})
}

// TestThrottledIsNotTheEnd: there is a hand-over that could wait.
func TestThrottledIsNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.People.Read = (&zoho.Client{
			Tokens: func(context.Context) (zoho.Token, error) {
				return zoho.Token{AccessToken: "t", APIDomain: "https://www.zohoapis.com"}, nil
			},
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"2"}}, Body: io.NopCloser(strings.NewReader(`{"code":"TOO_MANY_REQUESTS","status":"error","message":"x","details":{}}`)), Request: r}, nil
			})},
		}).ReadUsers
		if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Looking") {
			t.Errorf("got %q with %d jobs", got, len(*w.jobs))
		}
	})
}

// TestATimeOutOfSlacksIsPassing: HTTP 408 says nothing of the message.
func TestATimeOutOfSlacksIsPassing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{408, 425} {
			w := withUsers(kim)
			job := w.handedOver(t)
			w.fault(t, slacksim.Fault{Path: "/commands/", Status: status, Error: "request_timeout", Times: 2})
			_, err := w.bot.Do(t.Context(), job)
			if err == nil {
				t.Errorf("%d: nobody tries again, and nothing was posted (%d)", status, len(w.slack.Posts()))
			}
		}
	})
}

// TestAnyOtherYes: any 2xx is a yes.
func TestAnyOtherYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.fault(t, slacksim.Fault{Path: "/commands/", Status: 204, Taken: true})
		if _, err := w.bot.Do(t.Context(), job); err != nil {
			t.Errorf("it will be posted again: %v", err)
		}
	})
}

// TestTheHomeTabNeedNotWait: its first reply shows nothing.
func TestTheHomeTabNeedNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		body, err := json.Marshal(w.slack.Event(map[string]any{"type": "app_home_opened", "tab": "home", "user": "U0SAMPLE"}))
		if err != nil {
			t.Fatal(err)
		}
		asked := time.Now()
		w.post(t, bot.EventsPath, "application/json", string(body))
		if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(asked); took > time.Second {
			t.Errorf("an empty Home tab for %v; log %s", took, w.log)
		}
	})
}

// TestAnUndeliveredAnswerIsNotOneOfPeople: the line says what became of it.
func TestAnUndeliveredAnswerIsNotOneOfPeople(t *testing.T) {
	w := withUsers(kim)
	w.fault(t, slacksim.Fault{Path: "/actions/", Status: 404, Error: "expired_url"})
	w.pressed(t)
	if line := w.lines(t)["answer"][0]; line["outcome"] != "not delivered" {
		t.Errorf("outcome %v", line["outcome"])
	}
}

// TestASpoiltClaimDoesNotLoseTheAnswer: it holds nobody back.
func TestASpoiltClaimDoesNotLoseTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		job := w.handedOver(t)
		w.bot.Claims = spoilt{w.bot.Claims}
		if _, err := w.bot.Do(t.Context(), job); err != nil {
			t.Errorf("three times: %v", err)
		}
	})
}

// spoilt is a store in which somebody has put something else.
type spoilt struct{ store.Store }

func (s spoilt) Read(ctx context.Context, name string) (store.Value, error) {
	v, err := s.Store.Read(ctx, name)
	if err == store.ErrNotExist {
		_, _ = s.Store.WriteIfUnchanged(ctx, name, []byte("x"), store.Absent)
		v, err = s.Store.Read(ctx, name)
	}
	return v, err
}
