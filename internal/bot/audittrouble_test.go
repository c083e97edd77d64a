package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// firstAudit makes an audit, which has to succeed.
func (w world) firstAudit(t *testing.T) {
	t.Helper()
	if err := w.audit(t, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// opensQuestion presses Question under a post.
func (w world) opensQuestion(t *testing.T, post []byte) {
	t.Helper()
	payload, err := w.slack.Pressed(post, "Question")
	if err != nil {
		t.Fatal(err)
	}
	w.interact(t, payload)
}

// questions opens the modal under the nth post and sends a sentence, and gives what the
// modal shows then.
func (w world) questions(t *testing.T, n int, sentence string) string {
	t.Helper()
	w.opensQuestion(t, w.channel(t)[n].post.Body)
	return w.interact(t, w.sentence(sentence))
}

// sentence is what Slack sends when the modal that was opened last is submitted.
func (w world) sentence(sentence string) map[string]any {
	opened := w.slack.Posts()[len(w.slack.Posts())-1]
	values := map[string]any{"question": map[string]any{"sentence": map[string]any{"type": "plain_text_input", "value": sentence}}}
	return w.slack.Submitted(opened.To, "question_audit", values)
}

// TestWhoMaySignByTheChannelMayAlsoQuestion: a modal does not tell where it was opened.
func TestWhoMaySignByTheChannelMayAlsoQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		w.bot.Access.Admins = bot.Audience{Channels: []string{slacksim.Channel}}
		if got := w.questions(t, 0, "Why?"); !strings.Contains(got, "You questioned") {
			t.Errorf("got %s", got)
		}
		if got := story(w.records(t)); got != "posted questioned" {
			t.Errorf("got %s", got)
		}
	})
}

// TestSentencesOfQuestions are kept as they are, whatever is typed.
func TestSentencesOfQuestions(t *testing.T) {
	for _, sentence := range []string{"help", " HELP ", strings.Repeat("é", 300), strings.Repeat("&", 300), strings.Repeat("long ", 2000), "a\x00b\u202ec\r\nd\te", "\xff", "<!channel> *x*"} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := auditing()
			w.firstAudit(t)
			if got := w.questions(t, 0, sentence); !strings.Contains(got, "You questioned") {
				t.Errorf("%q: got %s", sentence, got)
			}
			records := w.records(t)
			if got := story(records); got != "posted questioned" {
				t.Fatalf("%q: got %s", sentence, got)
			}
			if post := w.channel(t)[0].post; has(post.Body, "Question") || strings.Contains(string(post.Body), "<!channel>") {
				t.Errorf("%q: got %s", sentence, post.Body)
			}
		})
	}
}

// TestAQuestionWithoutWordsIsNone.
func TestAQuestionWithoutWordsIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		for _, sentence := range []string{"", " \n "} {
			got := w.questions(t, 0, sentence)
			if strings.Contains(got, "You questioned") {
				t.Errorf("%q: got %s", sentence, got)
			}
		}
		if got := story(w.records(t)); got != "posted" {
			t.Errorf("got %s", got)
		}
	})
}

// TestForgedRuns name nothing in the store, and nothing is kept.
func TestForgedRuns(t *testing.T) {
	for _, run := range []string{"", "x", "../audit/records/00000001", "20261130T080000Z/../x", "20261130T080000Z\n", "20261130T080000Z-0123456z", "20991130T080000Z"} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := auditing()
			w.firstAudit(t)
			ask, _ := json.Marshal(map[string]string{"command": "/crmadmins", "what": "acknowledge", "run": run})
			payload, err := w.slack.Pressed(w.channel(t)[0].post.Body, "Acknowledge")
			if err != nil {
				t.Fatal(err)
			}
			payload["actions"].([]any)[0].(map[string]any)["value"] = string(ask)
			if got := textOf(t, w.posted(t, payload, nil).Body); !strings.Contains(got, "not signed") {
				t.Errorf("%q: got %s", run, got)
			}
			if got := story(w.records(t)); got != "posted" {
				t.Errorf("%q: got %s", run, got)
			}
		})
	}
}

// TestAnAuditWhileTheListIsBroughtUpToDate: a sync that begins later and ends
// sooner does not make the read of everybody incomplete.
func TestAnAuditWhileTheListIsBroughtUpToDate(t *testing.T) {
	for _, reads := range []time.Duration{0, time.Second, 20 * time.Second} {
		for _, begins := range []time.Duration{0, 500 * time.Millisecond, 5 * time.Second, 25 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				w, c := auditing()
				w.bot.People.Roles = func(context.Context) ([]zoho.Role, error) {
					time.Sleep(time.Second)
					return []zoho.Role{{ID: "10"}}, nil
				}
				w.firstAudit(t)
				time.Sleep(time.Hour)
				other := w.anew()
				w.bot.People.Read = func(ctx context.Context, u zoho.UserType) ([]zoho.User, error) {
					time.Sleep(10 * time.Second)
					return c.read(ctx, u)
				}
				other.bot.People.Changed = func(ctx context.Context, u zoho.UserType, since time.Time) iter.Seq2[zoho.User, error] {
					time.Sleep(reads)
					c.promote(4)
					return c.changed(ctx, u, since)
				}
				var both sync.WaitGroup
				both.Go(func() {
					if err := w.audit(t, time.Now()); err != nil {
						t.Errorf("%v, %v: got %v", begins, reads, err)
					}
				})
				both.Go(func() { time.Sleep(begins); other.sync(t) })
				both.Wait()
				if got := story(w.records(t)); got != "posted posted" {
					t.Errorf("%v, %v: got %s", begins, reads, got)
				}
			})
		}
	}
}

// TestWhoHasLostAnAuditToAnother stops: it neither posts nor keeps a failure.
func TestWhoHasLostAnAuditToAnother(t *testing.T) {
	for _, fails := range []error{nil, zoho.ErrUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			w, c := auditing()
			other, at := w.anew(), time.Now()
			w.bot.People.Read = func(ctx context.Context, u zoho.UserType) ([]zoho.User, error) {
				if u == zoho.AllUsers { // the process stood still, and its lease ended
					time.Sleep(3 * time.Minute)
					if err := other.audit(t, at); err != nil {
						t.Error(err)
					}
				}
				users, _ := c.read(ctx, u)
				return users, fails
			}
			if err := w.audit(t, at); err == nil {
				t.Error("no error")
			}
			if got := len(w.channel(t)); got != 1 {
				t.Errorf("%v: got %d posts", fails, got)
			}
			if got := story(w.records(t)); got != "posted" {
				t.Errorf("%v: got %s", fails, got)
			}
		})
	}
}

// failsAt is a store whose nth write below a prefix fails.
type failsAt struct {
	store.Store
	prefix string
	nth    int
}

func (f *failsAt) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if strings.HasPrefix(name, f.prefix) {
		if f.nth--; f.nth == 0 {
			return "", errors.New("the store fails")
		}
	}
	return f.Store.WriteIfUnchanged(ctx, name, data, version)
}

// TestWhatCouldNotBeNotedWasNotTried: nothing is posted, that is said, and the
// audit that follows is no second copy.
func TestWhatCouldNotBeNotedWasNotTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		at := time.Now()
		whole := w.bot.Claims
		w.bot.Claims = &failsAt{whole, "audit-runs/", 2} // the first is the claim
		if err := w.audit(t, at); err == nil {
			t.Error("no error")
		}
		w.bot.Claims = whole
		if posts := w.channel(t); len(posts) == 0 {
			t.Fatal("nothing is told")
		} else if len(posts) != 1 || !strings.Contains(posts[0].text, "No admin audit") {
			t.Errorf("got %+v", posts)
		}
		if err := w.audit(t, at); err != nil {
			t.Fatal(err)
		}
		posts := w.channel(t)
		posts[1].isAudit(t)
		if strings.Contains(posts[1].text, "may stand here twice") {
			t.Errorf("got %q", posts[1].text)
		}
	})
}

// TestRunsThatAreSpoilt neither end the process nor are forgotten.
func TestRunsThatAreSpoilt(t *testing.T) {
	for _, spoilt := range []string{"{", "{}", "[]", `{"record":1}`, `{"post":{"done":true}}`, `{"post":{"tries":1}}`, `{"began":"2000-01-01T00:00:00Z","done":true,"record":1}`} {
		synctest.Test(t, func(t *testing.T) {
			w, c := auditing()
			w.firstAudit(t)
			w.acknowledge(t, 0)
			time.Sleep(time.Hour)
			at := time.Now()
			name := "audit-runs/" + at.UTC().Format("20060102T150405Z")
			if _, err := w.bot.Claims.WriteIfUnchanged(t.Context(), name, []byte(spoilt), store.Absent); err != nil {
				t.Fatal(err)
			}
			w.sync(t)
			c.err = zoho.ErrUnavailable
			_ = w.audit(t, at)
			c.err = nil
			time.Sleep(10 * time.Minute)
			w.sync(t)
			_ = w.audit(t, at)
			ask, _ := json.Marshal(map[string]string{"command": "/crmadmins", "what": "acknowledge", "run": strings.TrimPrefix(name, "audit-runs/")})
			payload := w.slack.Submitted("V0FORGED", "question_audit", nil)
			payload["view"].(map[string]any)["private_metadata"] = string(ask)
			w.interact(t, payload)
			if got := story(w.records(t)); got != "posted acknowledged failed posted acknowledged" && !strings.Contains(spoilt, `"done"`) {
				t.Errorf("%q: got %s", spoilt, got)
			}
		})
	}
}

// TestAdminsByRolesThatCountBySettings are not told when the settings change.
func TestAdminsByRolesThatCountBySettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.bot.People.Roles = func(context.Context) ([]zoho.Role, error) { return []zoho.Role{{ID: "10", Admin: true}}, nil }
		w.bot.Admins.NoAdminRoles = true
		w.sync(t)
		time.Sleep(time.Hour)
		w.bot.Admins.NoAdminRoles = false
		w.sync(t)
		if posts := w.channel(t); len(posts) != 0 {
			t.Errorf("got %+v", posts)
		}
	})
}

// TestRolesThatCannotBeReadForATime make nobody new.
func TestRolesThatCannotBeReadForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		var err error
		w.bot.People.Roles = func(context.Context) ([]zoho.Role, error) { return []zoho.Role{{ID: "10", Admin: true}}, err }
		for _, err = range []error{nil, zoho.ErrNoPermission, nil, zoho.ErrUnavailable, nil} {
			if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if posts := w.channel(t); len(posts) != 0 {
			t.Errorf("got %+v", posts)
		}
		c.promote(4)
		w.sync(t)
		if posts := w.channel(t); len(posts) != 1 {
			t.Errorf("got %+v", posts)
		}
	})
}

// TestNoticesThatAreLostTwice: each new admin has two tries.
func TestNoticesThatAreLostTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		w.sync(t)
		lost := func(i int) {
			t.Helper()
			time.Sleep(time.Hour)
			c.promote(i)
			if err := w.slack.AddFault(slacksim.Fault{Path: "/api/chat.postMessage", Reset: true}); err != nil {
				t.Fatal(err)
			}
			w.sync(t)
			w.slack.ClearFaults()
		}
		lost(3)
		lost(4)
		time.Sleep(time.Hour)
		w.sync(t)
		posts := w.channel(t)
		if len(posts) != 1 || !strings.Contains(posts[0].text, "Generated 04") {
			t.Errorf("got %+v", posts)
		}
		time.Sleep(time.Hour)
		w.sync(t)
		if got := len(w.channel(t)); got != 1 {
			t.Errorf("got %d posts", got)
		}
	})
}

// counting is a store that counts its calls.
type counting struct {
	store.Store
	mu    *sync.Mutex
	calls map[string]int
}

func (c counting) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[what]++
}

func (c counting) Read(ctx context.Context, name string) (store.Value, error) {
	c.count("read")
	return c.Store.Read(ctx, name)
}

func (c counting) List(ctx context.Context, prefix string) ([]string, error) {
	c.count("list")
	return c.Store.List(ctx, prefix)
}

func (c counting) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	c.count("write")
	return c.Store.WriteIfUnchanged(ctx, name, data, version)
}

// TestASyncWithoutNewsCostsLittle.
func TestASyncWithoutNewsCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.sync(t)
		for i := range 20 {
			w.firstAudit(t)
			w.acknowledge(t, i)
			time.Sleep(7 * 24 * time.Hour)
		}
		w.sync(t)
		c := counting{w.bot.Claims, &sync.Mutex{}, map[string]int{}}
		w.bot.Claims = c
		w.sync(t)
		t.Logf("%v", c.calls)
		if c.calls["write"] != 0 || c.calls["list"] > 3 || c.calls["read"] > 40 {
			t.Errorf("got %v", c.calls)
		}
	})
}

// TestAPreviewWritesNothing where audits are kept, and calls nothing of Slack.
func TestAPreviewWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		w.firstAudit(t)
		c.promote(3)
		calls := len(w.slack.Posts())
		n := counting{w.bot.Claims, &sync.Mutex{}, map[string]int{}}
		w.bot.Claims = n
		p, err := w.bot.PreviewAudit(t.Context())
		if err != nil || n.calls["write"] != 0 || len(w.slack.Posts()) != calls {
			t.Errorf("got %v, %v", n.calls, err)
		}
		if !strings.Contains(p.Post.Text, "4 admins") || p.Changes.Text == "" || p.Table.Text == "" || !bytes.Contains(p.File, []byte("Generated 03")) {
			t.Errorf("got %+v", p)
		}
	})
}

// slowStore takes its time for each read.
type slowStore struct{ store.Store }

func (s slowStore) Read(ctx context.Context, name string) (store.Value, error) {
	select {
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
		return store.Value{}, ctx.Err()
	}
	return s.Store.Read(ctx, name)
}

// TestAQuestionThatAJobKeeps is kept once, however often the job comes.
func TestAQuestionThatAJobKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		payload, err := w.slack.Pressed(w.channel(t)[0].post.Body, "Question")
		if err != nil {
			t.Fatal(err)
		}
		w.interact(t, payload)
		fast := w.bot.Claims
		w.bot.Claims = slowStore{fast}
		w.interact(t, w.sentence("Why?"))
		w.bot.Claims = fast
		if len(*w.jobs) != 1 {
			t.Fatalf("got %d jobs", len(*w.jobs))
		}
		for range 2 {
			if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
				t.Fatal(err)
			}
		}
		if r := w.records(t); story(r) != "posted questioned" || r[1].Signed.Question != "Why?" {
			t.Errorf("got %+v", r)
		}
		last := w.slack.Posts()[len(w.slack.Posts())-1]
		if last.Via != "views.update" || !strings.Contains(string(last.Body), "You questioned") {
			t.Errorf("got %+v", last)
		}
	})
}

// TestAnAuditThatIsAlteredIsNotSigned.
func TestAnAuditThatIsAlteredIsNotSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		post := w.channel(t)[0].post.Body
		name := "audit/records/00000001"
		v, err := w.bot.Claims.Read(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.bot.Claims.WriteIfUnchanged(t.Context(), name, bytes.Replace(v.Data, []byte(`"total":3`), []byte(`"total":2`), 1), v.Version); err != nil {
			t.Fatal(err)
		}
		if got := textOf(t, w.press(t, post, "Acknowledge").Body); strings.Contains(got, "You acknowledged") {
			t.Errorf("got %q", got)
		}
		if last, err := (audit.Ledger{Store: w.bot.Claims}).Last(t.Context()); last != 1 || err != nil {
			t.Errorf("got %d, %v", last, err)
		}
	})
}

// keep puts a value in the place of what is kept under a name.
func (w world) keep(t *testing.T, name string, change func(map[string]any)) {
	t.Helper()
	kept, version := map[string]any{}, store.Absent
	v, err := w.bot.Claims.Read(t.Context(), name)
	if err == nil {
		version, err = v.Version, json.Unmarshal(v.Data, &kept)
	}
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		t.Fatal(err)
	}
	change(kept)
	data, _ := json.Marshal(kept)
	if _, err := w.bot.Claims.WriteIfUnchanged(t.Context(), name, data, version); err != nil {
		t.Fatal(err)
	}
}

// TestALeaseHoldsOthersUpForItsTime, and not for that of a clock that was wrong.
// A sync does not wait for it.
func TestALeaseHoldsOthersUpForItsTime(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Hour: 0, -time.Hour: 0} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := auditing()
			began := time.Now()
			w.keep(t, "audit-runs/"+began.UTC().Format("20060102T150405Z"), func(run map[string]any) {
				run["began"], run["until"] = began, began.Add(left)
			})
			if want > 0 {
				w.sync(t)
				if took, posts := time.Since(began), len(w.channel(t)); took > time.Second || posts != 0 {
					t.Errorf("%v: the sync takes %v and makes %d posts", left, took, posts)
				}
			}
			w.audit(t, began)
			if took := time.Since(began); took < want || took > want+10*time.Second {
				t.Errorf("%v: got %v, want %v", left, took, want)
			}
			if got := story(w.records(t)); got != "posted" {
				t.Errorf("%v: got %s", left, got)
			}
		})
	}
}

// TestAPostThatSlackNeverConfirms is made twice, then the channel and the alarm are
// told, once.
func TestAPostThatSlackNeverConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		at := time.Now()
		if err := w.slack.AddFault(slacksim.Fault{Path: "/api/chat.postMessage", Reset: true, Taken: true, Times: 2}); err != nil {
			t.Fatal(err)
		}
		for try := range 5 {
			if err := w.audit(t, at); (err != nil) != (try < 3) {
				t.Errorf("try %d: got %v", try, err)
			}
		}
		var texts []string
		for _, p := range w.channel(t) {
			texts = append(texts, p.text[:min(15, len(p.text))])
		}
		if got := strings.Join(texts, "|"); strings.Count(got, "Admin audit") != 2 || len(texts) != 3 || story(w.records(t)) != "failed" {
			t.Errorf("got %s, %s", got, story(w.records(t)))
		}
	})
}

// TestAnAuditOfYesterdayIsNotMadeAnyMore, unless somebody asks for it.
func TestAnAuditOfYesterdayIsNotMadeAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		at := time.Now()
		c.err = zoho.ErrUnavailable
		if err := w.audit(t, at); err == nil {
			t.Error("no error")
		}
		c.err = nil
		time.Sleep(25 * time.Hour)
		w.sync(t)
		if got := story(w.records(t)); got != "failed" {
			t.Errorf("got %s", got)
		}
		w.firstAudit(t)
		if err := w.audit(t, at); err != nil {
			t.Error(err)
		}
		if got := story(w.records(t)); got != "failed posted posted" {
			t.Errorf("got %s", got)
		}
	})
}

// TestTheLeaseOfNotices.
func TestTheLeaseOfNotices(t *testing.T) {
	for left, want := range map[time.Duration]int{10 * time.Second: 0, time.Hour: 1, -time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			w, c := auditing()
			w.sync(t)
			c.promote(3)
			w.keep(t, "notices/admins", func(seen map[string]any) { seen["until"] = time.Now().Add(left) })
			w.sync(t)
			if got := len(w.channel(t)); got != want {
				t.Errorf("%v: got %d posts, want %d", left, got, want)
			}
			time.Sleep(time.Hour)
			w.sync(t)
			if got := len(w.channel(t)); got != 1 {
				t.Errorf("%v: got %d posts later", left, got)
			}
		})
	}
}

// TestASnapshotThatIsSpoilt hides nobody: new admins are told, and the next audit
// says which record is broken.
func TestASnapshotThatIsSpoilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		w.sync(t)
		time.Sleep(time.Hour)
		w.firstAudit(t)
		w.keep(t, "audit/snapshots/"+w.records(t)[0].Posted.Snapshot, func(s map[string]any) { s["admins"] = []any{} })
		c.promote(3)
		time.Sleep(time.Hour)
		w.sync(t)
		if posts := w.channel(t); len(posts) != 2 || !strings.Contains(posts[1].text, "Generated 03") {
			t.Errorf("got %+v", posts)
		}
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		if posts := w.channel(t); !strings.Contains(posts[len(posts)-1].text, "damaged, at record 1 or its list of admins") {
			t.Errorf("got %q", posts[len(posts)-1].text)
		}
	})
}

// TestTheStatusOfAudits tells of the last one: when it is old, and whether it was
// signed, not whether an older one was.
func TestTheStatusOfAudits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		time.Sleep(time.Hour)
		w.firstAudit(t)
		w.acknowledge(t, 0)
		if got := w.ask(t, "/crmstatus", ""); strings.Contains(got, "cknowledged by") {
			t.Errorf("got %q", got)
		}
		w.acknowledge(t, 1)
		fresh := w.ask(t, "/crmstatus", "")
		time.Sleep(200 * time.Hour)
		old := w.ask(t, "/crmstatus", "")
		w.bot.AuditMaxAge = 0
		unbounded := w.ask(t, "/crmstatus", "")
		for said, want := range map[string]bool{fresh: false, old: true, unbounded: false} {
			if got := strings.Contains(said, "the last audit is"); got != want || !strings.Contains(said, "cknowledged by") {
				t.Errorf("got %v of %q, want %v", got, said, want)
			}
		}
	})
}

// TestAFailureHoldsNobodyUp.
func TestAFailureHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		at := time.Now()
		c.err = zoho.ErrUnavailable
		if err := w.audit(t, at); err == nil {
			t.Error("no error")
		}
		c.err = nil
		if err := w.audit(t, at); err != nil || time.Since(at) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(at))
		}
	})
}

// TestTheNewestAcknowledgedAuditIsCompared, in whichever order they are signed.
func TestTheNewestAcknowledgedAuditIsCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		time.Sleep(time.Hour)
		w.firstAudit(t)
		w.acknowledge(t, 1)
		w.acknowledge(t, 0)
		time.Sleep(time.Hour)
		w.firstAudit(t)
		if s := w.records(t)[4].Posted.SinceSigned; s == nil || s.Post != 2 {
			t.Errorf("got %+v", s)
		}
	})
}

// meanwhile is a store that does something before the first write below a prefix.
type meanwhile struct {
	store.Store
	prefix string
	do     func()
}

func (m *meanwhile) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if do := m.do; do != nil && strings.HasPrefix(name, m.prefix) {
		m.do = nil
		do()
	}
	return m.Store.WriteIfUnchanged(ctx, name, data, version)
}

// TestASignatureWhileAnotherAuditIsMade counts for the one after that.
func TestASignatureWhileAnotherAuditIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		w.firstAudit(t)
		c.promote(3)
		time.Sleep(time.Hour)
		w.bot.Claims = &meanwhile{w.bot.Claims, "audit/snapshots/", func() { w.acknowledge(t, 0) }}
		w.firstAudit(t)
		time.Sleep(time.Hour)
		w.firstAudit(t)
		records := w.records(t)
		if got := story(records); got != "posted acknowledged posted posted" {
			t.Fatalf("got %s", got)
		}
		if s := records[3].Posted.SinceSigned; s == nil || s.Post != 1 || s.Added() != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

// TestNothingPersonalIsLogged, whatever fails.
func TestNothingPersonalIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		w.sync(t)
		w.firstAudit(t)
		c.promote(3)
		for _, f := range []slacksim.Fault{{Error: "internal_error"}, {Reset: true}, {Status: 500}} {
			if err := w.slack.AddFault(f); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			_ = w.audit(t, time.Now())
			w.sync(t)
			w.slack.ClearFaults()
		}
		w.questions(t, 0, "Whose is this?")
		whole := w.bot.Claims
		for _, prefix := range []string{"audit/", "audit-runs/", "audit-shown/", "notices/"} {
			w.bot.Claims = &failsAt{whole, prefix, 1}
			time.Sleep(time.Hour)
			_ = w.audit(t, time.Now())
			w.sync(t)
		}
		for _, personal := range []string{"Generated", "generated.", "example.com", "Whose", slacksim.User} {
			if strings.Contains(w.log.String(), personal) {
				t.Errorf("the log has %q", personal)
			}
		}
	})
}

// TestAReadThatHangsIsTold when its time is over, also where the process has less.
func TestAReadThatHangsIsTold(t *testing.T) {
	for _, has := range []time.Duration{time.Minute, 180 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := auditing()
			w.bot.People.Read = hanging
			ctx, cancel := context.WithTimeout(t.Context(), has)
			defer cancel()
			began := time.Now()
			_, err := w.bot.Do(ctx, []byte(`{"job":"admin-audit","scheduled":"`+began.UTC().Format(time.RFC3339)+`"}`))
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Minute {
				t.Errorf("%v: got %v after %v", has, err, time.Since(began))
			}
			if posts := w.channel(t); len(posts) != 1 || !strings.Contains(posts[0].text, "No admin audit") {
				t.Errorf("%v: got %+v", has, posts)
			}
		})
	}
}

// TestWhoIsOfAnotherWorkspaceDoesNotSign: a channel may be shared with one.
func TestWhoIsOfAnotherWorkspaceDoesNotSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		body := w.channel(t)[0].post.Body
		foreign := func(payload map[string]any, err error) map[string]any {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			user := map[string]any{"id": "U0FOREIGN", "username": "x", "name": "x", "team_id": "T0OTHER"}
			payload["user"] = user
			return payload
		}
		if got := textOf(t, w.posted(t, foreign(w.slack.Pressed(body, "Acknowledge")), nil).Body); strings.Contains(got, "You acknowledged") {
			t.Errorf("got %q", got)
		}
		before := len(w.slack.Posts())
		w.interact(t, foreign(w.slack.Pressed(body, "Question")))
		if got := len(w.slack.Posts()); got != before {
			t.Errorf("%d calls", got-before)
		}
		w.opensQuestion(t, body)
		if got := w.interact(t, foreign(w.sentence("Why?"), nil)); strings.Contains(got, "You questioned") {
			t.Errorf("got %s", got)
		}
		if got := story(w.records(t)); got != "posted" {
			t.Errorf("got %s", got)
		}
	})
}

// TestWhoSignsTwice reads how they signed, and whoever comes later reads who did.
func TestWhoSignsTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.firstAudit(t)
		body := w.channel(t)[0].post.Body
		w.opensQuestion(t, body)
		late := w.sentence("Why?")
		if got := w.acknowledge(t, 0); !strings.HasPrefix(got, "You acknowledged") {
			t.Errorf("got %q", got)
		}
		if got := w.interact(t, late); !strings.Contains(got, "You acknowledged") {
			t.Errorf("got %s", got)
		}
		if got := w.interact(t, slacksim.As("U0SOMEONE", late)); !strings.Contains(got, "Somebody was first") {
			t.Errorf("got %s", got)
		}
		if got := story(w.records(t)); got != "posted acknowledged" {
			t.Errorf("got %s", got)
		}
	})
}

// TestTwoAuditsAtOnce, of different times, are both made.
func TestTwoAuditsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		other, at := w.anew(), time.Now()
		for i, one := range []world{w, other} {
			one.bot.People.Read = func(ctx context.Context, u zoho.UserType) ([]zoho.User, error) {
				time.Sleep(time.Duration(10-3*i) * time.Second)
				return c.read(ctx, u)
			}
		}
		var both sync.WaitGroup
		both.Go(func() {
			if err := w.audit(t, at); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			time.Sleep(time.Second)
			if err := other.audit(t, at.Add(time.Minute)); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if got := story(w.records(t)); got != "posted posted" {
			t.Errorf("got %s", got)
		}
	})
}

// TestWhatIsKnownFollowsRolesAndSettings: afterwards new admins are told as before.
func TestWhatIsKnownFollowsRolesAndSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		var err error = zoho.ErrNoPermission
		w.bot.People.Roles = func(context.Context) ([]zoho.Role, error) { return []zoho.Role{{ID: "11", Admin: true}}, err }
		step := func(want int, change func(u *zoho.User)) {
			t.Helper()
			c.mu.Lock()
			change(&c.users[5+want])
			c.users[5+want].ModifiedTime = time.Now()
			c.mu.Unlock()
			time.Sleep(time.Hour)
			if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); err != nil {
				t.Fatal(err)
			}
			if got := len(w.channel(t)); got != want {
				t.Errorf("got %d posts, want %d", got, want)
			}
		}
		nobody := func(*zoho.User) {}
		step(0, nobody)
		err = nil
		step(0, nobody)
		step(1, func(u *zoho.User) { u.Role = zoho.Ref{ID: "11", Name: "Generated Top"} })
		w.bot.Admins.Profiles = []string{"Generated Special"}
		step(1, nobody)
		step(2, func(u *zoho.User) { u.Profile = zoho.Ref{ID: "33", Name: "Generated Special"} })
	})
}

// TestSignaturesOfSeveralPostsAreShownLater.
func TestSignaturesOfSeveralPostsAreShownLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		for range 3 {
			w.firstAudit(t)
			if err := w.slack.AddFault(slacksim.Fault{Path: "/api/chat.update", Error: "internal_error"}); err != nil {
				t.Fatal(err)
			}
			w.acknowledge(t, len(w.channel(t))-1)
			w.slack.ClearFaults()
			time.Sleep(time.Hour)
		}
		w.sync(t)
		for i, p := range w.channel(t) {
			if has(p.post.Body, "Acknowledge") {
				t.Errorf("the signature of post %d is not shown", i)
			}
		}
	})
}

// TestAnAdminWhoWasRecreatedIsTold: it is another account.
func TestAnAdminWhoWasRecreatedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		w.sync(t)
		time.Sleep(time.Hour)
		c.mu.Lock()
		c.users[2].ID = "2002"
		c.mu.Unlock()
		if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); err != nil {
			t.Fatal(err)
		}
		if posts := w.channel(t); len(posts) != 1 || !strings.Contains(posts[0].text, "Generated 02") {
			t.Errorf("got %+v", posts)
		}
	})
}

// TestTheAgeOfTheLastAuditIsMeasured, since its post, or since there could be one.
func TestTheAgeOfTheLastAuditIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		age := func(want string) {
			t.Helper()
			w.log.Reset()
			w.sync(t)
			if got := w.log.String(); !strings.Contains(got, `"audit_age_h":`+want+"}") {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		age("0")
		time.Sleep(5 * time.Hour)
		age("5")
		w.firstAudit(t)
		time.Sleep(2 * time.Hour)
		age("2")
	})
}

// TestARunThatTellsOfAnothersPostIsNotSigned, nor what is no run.
func TestARunThatTellsOfAnothersPostIsNotSigned(t *testing.T) {
	for id, want := range map[string]string{"20261130T080000Z": "", "x": "not signed"} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := auditing()
			at := time.Now()
			w.firstAudit(t)
			v, err := w.bot.Claims.Read(t.Context(), "audit-runs/"+at.UTC().Format("20060102T150405Z"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.bot.Claims.WriteIfUnchanged(t.Context(), "audit-runs/"+id, v.Data, store.Absent); err != nil {
				t.Fatal(err)
			}
			ask, _ := json.Marshal(map[string]string{"command": "/crmadmins", "what": "acknowledge", "run": id})
			payload, err := w.slack.Pressed(w.channel(t)[0].post.Body, "Acknowledge")
			if err != nil {
				t.Fatal(err)
			}
			payload["actions"].([]any)[0].(map[string]any)["value"] = string(ask)
			if got := textOf(t, w.posted(t, payload, nil).Body); !strings.Contains(got, want) || strings.Contains(got, "You acknowledged") {
				t.Errorf("%q: got %s", id, got)
			}
			if got := story(w.records(t)); got != "posted" {
				t.Errorf("%q: got %s", id, got)
			}
		})
	}
}

// TestRolesThatFailMakeNoAudit: who counts by one would be missing.
func TestRolesThatFailMakeNoAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		w.bot.People.Roles = func(context.Context) ([]zoho.Role, error) { return nil, zoho.ErrUnavailable }
		if err := w.audit(t, time.Now()); err == nil || story(w.records(t)) != "failed" {
			t.Errorf("got %v, %s", err, story(w.records(t)))
		}
	})
}
