package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// telling is a bot that has a channel to tell, and whose token is as well as health
// says.
func telling(health *token.Health) world {
	w := withUsers(kim)
	w.bot.NoticeChannel, w.bot.Setup = slacksim.Channel, "crmwho setup --stack sample"
	w.bot.Health = func(context.Context) (token.Health, error) { return *health, nil }
	return w
}

// Tokens that are well, whose grant is dead, and that are about to end.
func wellToken() token.Health {
	return token.Health{Stored: true, Expiry: time.Now().Add(50 * time.Minute)}
}

func deadToken() token.Health {
	h := wellToken()
	h.Failure, h.Latched = token.Failure{Class: token.Dead, Code: "invalid_code", Since: time.Now()}, "client-1"
	return h
}

func lowToken() token.Health {
	return token.Health{Stored: true, Expiry: time.Now().Add(5 * time.Minute), Failure: token.Failure{Class: token.Transient, Since: time.Now()}}
}

// sync does the job directory-sync.
func (w world) sync(t *testing.T) {
	t.Helper()
	if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
		t.Error(err)
	}
}

// notices are what the channel was told, by what they are about.
func (w world) notices(t *testing.T) []string {
	t.Helper()
	var kinds []string
	for _, p := range w.slack.Posts() {
		var m struct{ Text string }
		if err := json.Unmarshal(p.Body, &m); err != nil || p.To != slacksim.Channel || !p.InChannel {
			t.Errorf("got %+v, %v", p, err)
		}
		for subject, kind := range map[string]string{
			"⚠ Zoho does not accept the grant any more.":  "dead",
			"⚠ There is no new access token of Zoho CRM.": "low",
			"✓ The access to Zoho CRM is well again.":     "recovered",
		} {
			if strings.HasPrefix(m.Text, subject) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// told fails unless the channel was told these so far.
func (w world) told(t *testing.T, step string, want ...string) {
	t.Helper()
	if got := w.notices(t); !slices.Equal(got, want) || len(w.slack.Posts()) != len(want) {
		t.Errorf("%s: told %q, want %q; log %s", step, got, want, w.log)
	}
}

// TestTheChannelIsToldOfEachTroubleOnce, and of its end.
func TestTheChannelIsToldOfEachTroubleOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := wellToken()
		w := telling(&health)
		for range 2 {
			w.sync(t)
		}
		w.told(t, "well from the start")
		if _, err := w.bot.Claims.Read(t.Context(), "notices/token"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("got %v: something was written", err)
		}
		for _, step := range []struct {
			health token.Health
			told   []string
		}{
			{deadToken(), []string{"dead"}},
			{wellToken(), []string{"dead", "recovered"}},
			{lowToken(), []string{"dead", "recovered", "low"}},
			{wellToken(), []string{"dead", "recovered", "low", "recovered"}},
		} {
			health = step.health
			for range 3 {
				w.sync(t)
				w.told(t, "in a row", step.told...)
			}
		}
		body := string(w.slack.Posts()[0].Body)
		for _, want := range []string{`"crmwho setup --stack sample"`, `"type":"header"`, `"unfurl_links":false`} {
			if !strings.Contains(body, want) {
				t.Errorf("got %s, want %s in it", body, want)
			}
		}
	})
}

// TestAnotherDeadGrantIsAnotherTrouble.
func TestAnotherDeadGrantIsAnotherTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.sync(t)
		health.Latched = "client-2"
		w.sync(t)
		w.told(t, "two clients", "dead", "dead")
	})
}

// TestASyncThatFailsTells: with a dead token it does.
func TestASyncThatFailsTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.bot.People.Read = func(context.Context, zoho.UserType) ([]zoho.User, error) { return nil, zoho.ErrTokenRefused }
		if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); !errors.Is(err, zoho.ErrTokenRefused) {
			t.Errorf("got %v", err)
		}
		w.told(t, "a failed sync", "dead")
	})
}

// TestManySyncsAtOnceTellOnce, in as many processes.
func TestManySyncsAtOnceTellOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.fault(t, slacksim.Fault{Path: "/api/", Latency: time.Second})
		var all sync.WaitGroup
		for i := range 20 {
			b := w.another(w.slack, w.bot.Claims)
			b.Health, b.NoticeChannel = w.bot.Health, w.bot.NoticeChannel
			all.Go(func() {
				time.Sleep(time.Duration(i/5) * 500 * time.Millisecond)
				if _, err := b.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.told(t, "twenty syncs", "dead")
		if lines := w.lines(t)["notice not given"]; len(lines) > 0 {
			t.Errorf("it is logged that another gives it: %v", lines)
		}
	})
}

// TestWhatSlackDoesNotTakeIsToldAtTheNextSync.
func TestWhatSlackDoesNotTakeIsToldAtTheNextSync(t *testing.T) {
	for name, test := range map[string]struct {
		fault slacksim.Fault
		log   string
	}{
		"down":           {slacksim.Fault{Status: 503}, "HTTP 503"},
		"limited":        {slacksim.Fault{RetryAfter: time.Minute}, "ratelimited, for 1m0s"},
		"not in channel": {slacksim.Fault{Error: "not_in_channel"}, "not_in_channel"},
		"archived":       {slacksim.Fault{Error: "is_archived"}, "is_archived"},
		"no scope":       {slacksim.Fault{Error: "missing_scope"}, "not allowed: missing_scope"},
	} {
		synctest.Test(t, func(t *testing.T) {
			health := deadToken()
			w := telling(&health)
			test.fault.Path = "/api/chat.postMessage"
			w.fault(t, test.fault)
			for range 3 {
				w.sync(t)
			}
			w.told(t, name)
			lines := w.lines(t)["notice not given"]
			if len(lines) != 3 || lines[0]["level"] != "WARN" || lines[0]["err"] != "slack: post: "+test.log {
				t.Errorf("%s: got %v, want three with %s", name, lines, test.log)
			}
			w.slack.ClearFaults()
			w.sync(t)
			w.sync(t)
			w.told(t, name+", and then not", "dead")
		})
	}
}

// TestWithoutABotTokenNothingIsNoted, so that it is told when there is one.
func TestWithoutABotTokenNothingIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		secrets := w.bot.Secrets
		w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{}, nil }
		w.sync(t)
		if lines := w.lines(t)["notice not given"]; len(lines) != 1 || len(w.slack.Calls()) != 0 {
			t.Errorf("got %v, %d calls", lines, len(w.slack.Calls()))
		}
		w.bot.Secrets = secrets
		w.sync(t)
		w.told(t, "with a bot token", "dead")
	})
}

// TestANoticeWhoseBlocksAreRefused goes without them.
func TestANoticeWhoseBlocksAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.fault(t, slacksim.Fault{Path: "/api/chat.postMessage", Error: "invalid_blocks", Times: 1})
		w.sync(t)
		w.told(t, "as text", "dead")
		if body := w.slack.Posts()[0].Body; strings.Contains(string(body), `"blocks"`) {
			t.Errorf("got %s", body)
		}
	})
}

// TestAPostWithoutAReceiptIsMadeOnceMore and no oftener: Slack may have shown it.
func TestAPostWithoutAReceiptIsMadeOnceMore(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"reset": {Reset: true, Taken: true},
		"hangs": {Hang: true, Taken: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			health := deadToken()
			w := telling(&health)
			fault.Path = "/api/chat.postMessage"
			w.fault(t, fault)
			started := time.Now()
			for range 4 {
				w.sync(t)
			}
			if took := time.Since(started); took > 2*15*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
			w.told(t, name, "dead", "dead")
		})
	}
}

// TestAPostWithoutAReceiptThatIsThenRefused was given to nobody.
func TestAPostWithoutAReceiptThatIsThenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.fault(t, slacksim.Fault{Path: "/api/chat.postMessage", Reset: true})
		w.sync(t)
		w.slack.ClearFaults()
		w.fault(t, slacksim.Fault{Path: "/api/chat.postMessage", Error: "not_in_channel"})
		w.sync(t)
		w.slack.ClearFaults()
		w.told(t, "not yet")
		w.sync(t)
		w.told(t, "when it is taken", "dead")
	})
}

// failingWrites is a store whose writes after the first so many fail.
type failingWrites struct {
	store.Store
	good int
}

func (s *failingWrites) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if s.good--; s.good < 0 {
		return "", errors.New("out of order")
	}
	return s.Store.WriteIfUnchanged(ctx, name, data, version)
}

// TestANoticeThatIsNotNoted is given once more at most, when its claim has ended.
func TestANoticeThatIsNotNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		values := w.bot.Claims
		w.bot.Claims = &failingWrites{values, 1}
		w.sync(t)
		w.told(t, "not noted", "dead")
		w.bot.Claims = values
		w.sync(t)
		w.told(t, "while it is claimed", "dead")
		for range 3 {
			time.Sleep(2 * time.Minute)
			w.sync(t)
		}
		w.told(t, "later", "dead", "dead")
	})
}

// TestAProcessThatDiesOverANotice, at any step: the next gives it, and once more
// only what was posted and not noted.
func TestAProcessThatDiesOverANotice(t *testing.T) {
	moments := map[string]bool{}
	for at := range 12 {
		synctest.Test(t, func(t *testing.T) {
			health := deadToken()
			w := telling(&health)
			d := &death{at: at}
			dying := w.another(dyingSlack{w.slack, d}, dyingStore{w.bot.Claims, d})
			dying.Health, dying.NoticeChannel = w.bot.Health, w.bot.NoticeChannel
			func() {
				defer func() {
					if r := recover(); r != nil && r != error(errDeath) {
						panic(r)
					}
				}()
				_, _ = dying.Do(t.Context(), []byte(`{"job":"directory-sync"}`))
			}()
			moments[d.last] = true
			want := []string{"dead"}
			if d.posted {
				want = append(want, "dead")
			}
			for range 3 {
				time.Sleep(2 * time.Minute)
				w.sync(t)
			}
			w.told(t, "died "+d.last, want...)
		})
	}
	if len(moments) != 7 { // before and after each of read, write and post, and never
		t.Errorf("processes died %v: not at every step", moments)
	}
}

// TestWhatIsSpoiltCountsAsNothingTold.
func TestWhatIsSpoiltCountsAsNothingTold(t *testing.T) {
	for _, value := range []string{"spoilt", `{"dead":1}`, `[]`, `{"dead":"client-1","until":"then"}`, `{"until":"9999-01-01T00:00:00Z"}`} {
		synctest.Test(t, func(t *testing.T) {
			health := deadToken()
			w := telling(&health)
			if _, err := w.bot.Claims.WriteIfUnchanged(t.Context(), "notices/token", []byte(value), store.Absent); err != nil {
				t.Fatal(err)
			}
			w.sync(t)
			w.told(t, value, "dead")
		})
	}
}

// TestWithNobodyToTellNothingIsRead, nor is Slack called.
func TestWithNobodyToTellNothingIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.bot.NoticeChannel = ""
		w.bot.Health = func(context.Context) (token.Health, error) {
			t.Error("the health was read")
			return health, nil
		}
		w.sync(t)
		w.bot.NoticeChannel, w.bot.Health = slacksim.Channel, nil
		w.sync(t)
		if calls := len(w.slack.Calls()); calls != 0 {
			t.Errorf("%d calls", calls)
		}
	})
}

// TestWhatHangsDelaysASyncForAWhile, and does not keep it from its work.
func TestWhatHangsDelaysASyncForAWhile(t *testing.T) {
	for what, hang := range map[string]func(w world){
		"health": func(w world) {
			w.bot.Health = func(ctx context.Context) (token.Health, error) { <-ctx.Done(); return token.Health{}, ctx.Err() }
		},
		"claims": func(w world) { w.bot.Claims = &counted{Store: &store.Memory{}, hang: true} },
		"slack":  func(w world) { _ = w.slack.AddFault(slacksim.Fault{Path: "/api/", Hang: true}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			health := deadToken()
			w := telling(&health)
			hang(w)
			started := time.Now()
			w.sync(t)
			if took := time.Since(started); took > 20*time.Second || len(w.lines(t)["notice not given"]) != 1 || w.bot.People.State().Count != 1 {
				t.Errorf("%s: took %v; log %s", what, took, w.log)
			}
		})
	}
}

// TestTheLogHoldsNothingOfANotice.
func TestTheLogHoldsNothingOfANotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := deadToken()
		w := telling(&health)
		w.sync(t)
		w.fault(t, slacksim.Fault{Path: "/api/chat.postMessage", Status: 500})
		health = wellToken()
		w.sync(t)
		if got := w.lines(t); len(got["notice given"]) != 1 || len(got["notice not given"]) != 1 || got["notice given"][0]["kind"] != "dead" {
			t.Errorf("log %s", w.log)
		}
		for _, word := range []string{"accept", "well again", "invalid_code", "client-1", "crmwho", botToken, slacksim.Channel} {
			if strings.Contains(w.log.String(), word) {
				t.Errorf("the log tells %q: %s", word, w.log)
			}
		}
	})
}
