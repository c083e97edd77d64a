package bot_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/audit"
	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// crm is one that changes, or fails.
type crm struct {
	mu    sync.Mutex
	users []zoho.User
	err   error
}

var administrator = zoho.Ref{ID: "31", Name: "Administrator"}

func (c *crm) read(_ context.Context, t zoho.UserType) ([]zoho.User, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.users), func(u zoho.User) bool { return t == zoho.AdminUsers && u.Profile != administrator }), c.err
}

// changed gives everybody: the directory finds out who differs.
func (c *crm) changed(ctx context.Context, t zoho.UserType, _ time.Time) iter.Seq2[zoho.User, error] {
	return func(yield func(zoho.User, error) bool) {
		users, err := c.read(ctx, t)
		for _, u := range users {
			if err == nil && !yield(u, nil) {
				return
			}
		}
		if err != nil {
			yield(zoho.User{}, err)
		}
	}
}

// promote makes somebody an administrator.
func (c *crm) promote(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users[i].Profile, c.users[i].ModifiedBy = administrator, zoho.Ref{ID: "1000", Name: "Generated 00"}
	c.users[i].ModifiedTime = time.Now()
}

// auditing is a bot that audits a CRM of generated people, of whom the first three
// are administrators.
func auditing() (world, *crm) {
	c := &crm{users: generated(12)}
	for i := range 3 {
		c.users[i].Profile = administrator
	}
	w := withUsers()
	w.slack.Channels = []string{slacksim.Channel}
	w.bot.People.Read, w.bot.People.Changed = c.read, c.changed
	w.bot.AuditChannel, w.bot.AuditMaxAge = slacksim.Channel, 192*time.Hour
	return w, c
}

// anew is the bot of another process, over the same stores and the same Slack.
func (w world) anew() world {
	b := w.bot
	w.bot = &bot.Bot{
		People:  &directory.Directory{Read: b.People.Read, Changed: b.People.Changed, Store: b.People.Store, Log: b.People.Log},
		Secrets: b.Secrets, HandOver: b.HandOver, Claims: b.Claims, Access: b.Access, HTTP: b.HTTP, Log: b.Log,
		AuditChannel: b.AuditChannel, AuditMaxAge: b.AuditMaxAge,
	}
	return w
}

// audit does the job of a time of the schedule.
func (w world) audit(t *testing.T, at time.Time) error {
	t.Helper()
	_, err := w.bot.Do(t.Context(), fmt.Appendf(nil, `{"job":"admin-audit","scheduled":%q}`, at.UTC().Format(time.RFC3339)))
	return err
}

// channel is what stands in the channel: posts, each with its thread.
type channel []thread

type thread struct {
	text  string
	post  slacksim.Message
	below []string // texts, and the names of files
}

func (w world) channel(t *testing.T) (c channel) {
	t.Helper()
	for _, m := range w.slack.Messages(slacksim.Channel) {
		text := textOf(t, m.Body)
		for _, f := range m.Files {
			text = f.Name
		}
		if m.ThreadTS == "" {
			c = append(c, thread{text: text, post: m})
			continue
		}
		i := slices.IndexFunc(c, func(o thread) bool { return o.post.TS == m.ThreadTS })
		if i < 0 {
			t.Fatalf("a reply to nothing: %s", m.Body)
		}
		c[i].below = append(c[i].below, text)
	}
	return c
}

// records are those of the ledger, which has to be whole.
func (w world) records(t *testing.T) []audit.Record {
	t.Helper()
	e, err := audit.Ledger{Store: w.bot.Claims}.Evidence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := e.Verify(); p != nil {
		t.Errorf("the chain is not whole: %v", p)
	}
	return e.All()
}

// acknowledge signs the nth post, from zero, and gives the answer.
func (w world) acknowledge(t *testing.T, n int) string {
	t.Helper()
	payload, err := w.slack.Pressed(w.channel(t)[n].post.Body, "Acknowledge")
	if err != nil {
		t.Fatal(err)
	}
	w.interact(t, payload)
	posts := w.slack.Posts()
	return textOf(t, posts[len(posts)-1].Body)
}

// story tells what records say.
func story(records []audit.Record) string {
	var words []string
	for _, r := range records {
		switch {
		case r.Posted != nil:
			words = append(words, "posted")
		case r.Failed != nil:
			words = append(words, "failed")
		case r.Signed != nil:
			words = append(words, string(r.Signed.Outcome))
		}
	}
	return strings.Join(words, " ")
}

// isAudit fails unless an audit stands there whole.
func (th thread) isAudit(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(th.text, "Admin audit: ") || len(th.below) < 2 || !strings.HasSuffix(th.below[len(th.below)-1], ".csv") {
		t.Errorf("got %q with %q below", th.text, th.below)
	}
}

func TestAnAuditIsPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(7 * 24 * time.Hour)
		c.promote(3)
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		posts := w.channel(t)
		if len(posts) != 2 {
			t.Fatalf("got %d posts: %+v", len(posts), posts)
		}
		posts[0].isAudit(t)
		posts[1].isAudit(t)
		records := w.records(t)
		if got := story(records); got != "posted posted" {
			t.Fatalf("got %s", got)
		}
		first, second := records[0], records[1]
		if first.Posted.SincePosted != nil || first.Posted.Total != 3 || first.Posted.Place.Link == "" {
			t.Errorf("got %+v", first.Posted)
		}
		since := second.Posted.SincePosted
		if since == nil || since.Post != 1 || len(since.Changes) != 1 || second.Posted.SinceSigned != nil {
			t.Fatalf("got %+v", second.Posted)
		}
		got := since.Changes[0]
		if got.Kind != audit.Added || got.ID != "1003" || got.ModifiedBy.Name != "Generated 00" || got.Modified.IsZero() {
			t.Errorf("got %+v", got)
		}
	})
}

// TestAThousandDoubleRunsPostOnceEach: both at the same time, of two processes.
func TestAThousandDoubleRunsPostOnceEach(t *testing.T) {
	const runs = 1000
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		other := w.anew()
		for range runs {
			time.Sleep(time.Minute)
			at := time.Now()
			var both sync.WaitGroup
			for _, one := range []world{w, other} {
				both.Go(func() {
					if err := one.audit(t, at); err != nil {
						t.Errorf("got %v", err)
					}
				})
			}
			both.Wait()
		}
		posts, byRun := w.channel(t), map[string]int{}
		for _, r := range w.records(t) {
			byRun[r.Run]++
		}
		if len(posts) != runs || len(byRun) != runs {
			t.Errorf("got %d posts and %d runs, want %d", len(posts), len(byRun), runs)
		}
		for _, p := range posts {
			p.isAudit(t)
		}
	})
}

// dying is a store of a process that dies at a step: from then on nothing that it
// does reaches anybody.
type dying struct {
	store.Store
	left *int // steps; shared with its Slack
}

var errDead = errors.New("the process is dead")

// step reports whether the process still lives.
func step(left *int) bool {
	*left--
	return *left >= 0
}

func (d dying) Read(ctx context.Context, name string) (store.Value, error) {
	if !step(d.left) {
		return store.Value{}, errDead
	}
	return d.Store.Read(ctx, name)
}

func (d dying) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if !step(d.left) {
		return "", errDead
	}
	return d.Store.WriteIfUnchanged(ctx, name, data, version)
}

func (d dying) List(ctx context.Context, prefix string) ([]string, error) {
	if !step(d.left) {
		return nil, errDead
	}
	return d.Store.List(ctx, prefix)
}

// TestAProcessThatDies at any step of an audit leaves something that the retry
// makes good: one audit, or two copies of which the second says that it may be
// one, and one record.
func TestAProcessThatDies(t *testing.T) {
	copies := 0
	for steps := range 200 {
		finished := false
		synctest.Test(t, func(t *testing.T) {
			w, c := auditing()
			if err := w.audit(t, time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			c.promote(3)
			at, left := time.Now(), steps
			dead := w.anew()
			dead.bot.Claims = dying{w.bot.Claims, &left}
			finished = dead.audit(t, at) == nil && left >= 0
			if !finished {
				time.Sleep(time.Minute) // Lambda tries it again
				if err := w.audit(t, at); err != nil {
					t.Errorf("step %d: the retry fails: %v", steps, err)
				}
			}
			copies += w.oneAudit(t, steps, false)
		})
		if finished {
			t.Logf("%d steps, of which %d leave a second copy", steps, copies)
			if copies == 0 || copies > 2 {
				t.Errorf("%d steps leave a second copy", copies)
			}
			return
		}
	}
	t.Error("an audit does not end")
}

// oneAudit fails unless there is one more audit than the first, and gives how many
// further copies of it there are. Where Slack was silent, it may say that there is
// one when there is none.
func (w world) oneAudit(t *testing.T, steps int, silent bool) (copies int) {
	t.Helper()
	records := w.records(t)
	if got := story(slices.DeleteFunc(records, func(r audit.Record) bool { return r.Failed != nil })); got != "posted posted" {
		t.Fatalf("step %d: got %s", steps, got)
	}
	for _, p := range w.channel(t)[1:] {
		switch {
		case strings.HasPrefix(p.text, "⚠ No admin audit"):
		case len(p.below) == 0:
			copies++
		default:
			p.isAudit(t)
			if again := strings.Contains(p.text, "may stand here twice"); again != (copies > 0) && !(again && silent) {
				t.Errorf("step %d: %d copies, got %q", steps, copies, p.text)
			}
		}
	}
	return copies
}

// TestWhatSlackRefusesIsMendedByTheNextSync, at each of the calls.
func TestWhatSlackRefusesIsMendedByTheNextSync(t *testing.T) {
	for _, f := range []slacksim.Fault{
		{Path: "/api/chat.postMessage", Error: "internal_error"},
		{Path: "/api/chat.postMessage", Error: "not_in_channel"},
		{Path: "/api/chat.postMessage", Status: 503},
		{Path: "/api/chat.getPermalink", Error: "internal_error"},
		{Path: "/api/chat.postMessage", After: 1, Error: "internal_error"},
		{Path: "/api/chat.postMessage", After: 1, Reset: true},
		{Path: "/api/chat.postMessage", RetryAfter: 40 * time.Second},
		{Path: "/api/files.getUploadURLExternal", Error: "missing_scope"},
		{Path: "/upload/", Status: 500},
		{Path: "/api/files.completeUploadExternal", Error: "internal_error"},
		{Path: "/api/files.", Hang: true},
		{Path: "/api/chat.postMessage", Hang: true},
		{Path: "/api/chat.postMessage", Reset: true, Taken: true},
		{Path: "/api/files.completeUploadExternal", Reset: true, Taken: true},
		{Path: "/api/chat.postMessage", After: 1, Reset: true, Taken: true},
	} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, c := auditing()
				if err := w.audit(t, time.Now()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				c.promote(3)
				if err := w.slack.AddFault(f); err != nil {
					t.Fatal(err)
				}
				if err := w.audit(t, time.Now()); err == nil && !strings.Contains(f.Path, "getPermalink") {
					t.Error("no error: nobody is alarmed")
				}
				w.slack.ClearFaults()
				time.Sleep(10 * time.Minute)
				w.sync(t)
				if copies := w.oneAudit(t, 0, f.Hang || f.Reset); copies > 0 && !f.Taken {
					t.Errorf("%d copies", copies)
				}
				before := len(w.slack.Posts())
				w.sync(t)
				if after := len(w.slack.Posts()); after != before {
					t.Errorf("a further sync makes %d calls", after-before)
				}
			})
		})
	}
}

// TestWhatSlackAsksToWaitForIsWaitedFor, at each of the calls: nothing is left for
// another run, and the file is whole.
func TestWhatSlackAsksToWaitForIsWaitedFor(t *testing.T) {
	for _, path := range []string{"/api/chat.postMessage", "/api/files.getUploadURLExternal", "/api/files.completeUploadExternal"} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := auditing()
			if err := w.slack.AddFault(slacksim.Fault{Path: path, RetryAfter: 5 * time.Second, Times: 1}); err != nil {
				t.Fatal(err)
			}
			if err := w.audit(t, time.Now()); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			posts := w.channel(t)
			if len(posts) != 1 {
				t.Fatalf("%s: got %+v", path, posts)
			}
			posts[0].isAudit(t)
		})
	}
}

// TestAReadThatIsNotCompleteMakesNoDiff: the failure is told, once, and the audit
// follows when Zoho answers.
func TestAReadThatIsNotCompleteMakesNoDiff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		at := time.Now()
		c.err = zoho.ErrUnavailable
		for range 3 { // Lambda tries it again
			if err := w.audit(t, at); !errors.Is(err, zoho.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			time.Sleep(time.Minute)
		}
		posts := w.channel(t)
		if len(posts) != 2 || !strings.Contains(posts[1].text, "Zoho CRM cannot be reached right now.") || len(posts[1].below) != 0 {
			t.Errorf("got %+v", posts)
		}
		if got := story(w.records(t)); got != "posted failed" {
			t.Errorf("got %s", got)
		}
		if got := w.ask(t, "/crmstatus", ""); !strings.Contains(got, "audit failed") {
			t.Errorf("got %q", got)
		}
		c.err = nil
		time.Sleep(10 * time.Minute)
		w.sync(t)
		if got := story(w.records(t)); got != "posted failed posted" {
			t.Errorf("got %s", got)
		}
	})
}

// TestAHundredClicksAtOnceAreOneRecord, the post shows it, and everybody reads whose.
func TestAHundredClicksAtOnceAreOneRecord(t *testing.T) {
	const clicks = 100
	w, _ := auditing()
	if err := w.audit(t, time.Now()); err != nil {
		t.Fatal(err)
	}
	body := w.channel(t)[0].post.Body
	before := len(w.slack.Posts())
	var payloads []map[string]any
	for i := range clicks {
		payload, err := w.slack.Pressed(body, "Acknowledge")
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, slacksim.As(fmt.Sprintf("U0CLICK%03d", i), payload))
	}
	var all sync.WaitGroup
	for _, payload := range payloads {
		all.Go(func() { w.interact(t, payload) })
	}
	all.Wait()
	records := w.records(t)
	if got := story(records); got != "posted acknowledged" {
		t.Fatalf("got %s", got)
	}
	winner := records[1].Signed.User
	mine, others := 0, 0
	for _, p := range w.slack.Posts()[before:] {
		switch text := textOf(t, p.Body); {
		case p.Via == "chat.update":
		case strings.HasPrefix(text, "You acknowledged"):
			mine++
		case strings.Contains(text, winner):
			others++
		default:
			t.Errorf("got %s", p.Body)
		}
	}
	if post := w.channel(t)[0].post; mine != 1 || others != clicks-1 || !strings.Contains(string(post.Body), winner) || has(post.Body, "Acknowledge") {
		t.Errorf("%d and %d answers, the post is %s", mine, others, post.Body)
	}
}

// TestAQuestionIsRecordedAndShown, and is none that later audits are compared with
// as signed.
func TestAQuestionIsRecordedAndShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		payload, err := w.slack.Pressed(w.channel(t)[0].post.Body, "Question")
		if err != nil {
			t.Fatal(err)
		}
		w.interact(t, payload)
		opened := w.slack.Posts()[len(w.slack.Posts())-1]
		if opened.Via != "views.open" {
			t.Fatalf("got %+v", opened)
		}
		const sentence = "Why is <Generated 02> & co an admin?"
		values := map[string]any{"question": map[string]any{"sentence": map[string]any{"type": "plain_text_input", "value": sentence}}}
		for range 2 { // Slack may send it again
			got := w.interact(t, w.slack.Submitted(opened.To, "question_audit", values))
			if !strings.Contains(got, `"response_action":"update"`) || !strings.Contains(got, "You questioned") {
				t.Errorf("got %s", got)
			}
		}
		records := w.records(t)
		if got := story(records); got != "posted questioned" || records[1].Signed.Question != sentence || records[1].Signed.User != slacksim.User ||
			records[1].Signed.Snapshot != records[0].Posted.Snapshot || !strings.Contains(records[1].Signed.Shown, "3 admins") {
			t.Errorf("got %s %+v", got, records[1].Signed)
		}
		if post := w.channel(t)[0]; has(post.post.Body, "Question") || !strings.Contains(post.text, "Why is &lt;Generated 02&gt; &amp; co an admin?") {
			t.Errorf("got %s", post.post.Body)
		}
		if strings.Contains(w.log.String(), "Why is") {
			t.Errorf("the log tells what was asked: %s", w.log)
		}
		time.Sleep(time.Hour)
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		if last := w.records(t)[2].Posted; last.SinceSigned != nil || last.SincePosted == nil {
			t.Errorf("got %+v", last)
		}
	})
}

// TestWhoMayNotAskWhoTheAdminsAreMayNotSign.
func TestWhoMayNotAskWhoTheAdminsAreMayNotSign(t *testing.T) {
	w, _ := auditing()
	if err := w.audit(t, time.Now()); err != nil {
		t.Fatal(err)
	}
	body := w.channel(t)[0].post.Body
	w.bot.Access.Admins = bot.Audience{Users: []string{"U0AUDITOR"}}
	if got := textOf(t, w.press(t, body, "Acknowledge").Body); !strings.Contains(got, "not open to you") {
		t.Errorf("got %q", got)
	}
	payload, err := w.slack.Pressed(body, "Acknowledge")
	w.posted(t, slacksim.As("U0STRANGE", payload), err)
	if got := story(w.records(t)); got != "posted" {
		t.Errorf("got %s", got)
	}
}

// TestASignatureThatSlackDoesNotShowIsShownLater.
func TestASignatureThatSlackDoesNotShowIsShownLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, f := range []slacksim.Fault{{Error: "internal_error"}, {Reset: true}, {RetryAfter: time.Minute}} {
			f.Path = "/api/chat.update"
			if err := w.slack.AddFault(f); err != nil {
				t.Fatal(err)
			}
			if got := textOf(t, w.press(t, w.channel(t)[0].post.Body, "Acknowledge").Body); !strings.HasPrefix(got, "You acknowledged") {
				t.Errorf("%+v: got %q", f, got)
			}
			w.sync(t)
			w.slack.ClearFaults()
			if !has(w.channel(t)[0].post.Body, "Acknowledge") {
				t.Errorf("%+v: it is shown", f)
			}
		}
		for range 3 {
			time.Sleep(10 * time.Minute)
			w.sync(t)
		}
		updates := 0
		for _, p := range w.slack.Posts() {
			if p.Via == "chat.update" {
				updates++
			}
		}
		if updates != 1 || has(w.channel(t)[0].post.Body, "Acknowledge") {
			t.Errorf("%d updates, %s", updates, w.channel(t)[0].post.Body)
		}
		if got := story(w.records(t)); got != "posted acknowledged" {
			t.Errorf("got %s", got)
		}
	})
}

// TestTheLastAcknowledgedAuditIsCompared, also when it was signed while another was
// being posted, and when an older one is signed later.
func TestTheLastAcknowledgedAuditIsCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		run := func() {
			t.Helper()
			time.Sleep(time.Hour)
			if err := w.audit(t, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		last := func() *audit.Posted {
			records := w.records(t)
			return records[len(records)-1].Posted
		}
		run() // record 1
		w.acknowledge(t, 0)
		c.promote(3)
		run() // 3
		if s := last().SinceSigned; s == nil || s.Post != 1 || s.By != slacksim.User || s.Added() != 1 {
			t.Fatalf("got %+v", s)
		}
		c.promote(4)
		run() // 4
		if s := last(); s.SinceSigned == nil || s.SinceSigned.Post != 1 || s.SinceSigned.Added() != 2 || s.SincePosted.Post != 3 || s.SincePosted.Added() != 1 {
			t.Fatalf("got %+v", s)
		}
		w.acknowledge(t, 1) // 5, of 3
		run()               // 6
		if s := last().SinceSigned; s == nil || s.Post != 3 || s.Added() != 1 {
			t.Fatalf("got %+v", s)
		}
		run() // 7
		if s := last().SinceSigned; s == nil || s.Post != 3 {
			t.Fatalf("got %+v", s)
		}
	})
}

// TestANewAdminIsToldOnceBetweenAudits.
func TestANewAdminIsToldOnceBetweenAudits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		told := func(step string, want ...string) {
			t.Helper()
			for range 3 {
				time.Sleep(10 * time.Minute)
				if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, p := range w.channel(t) {
					if !strings.HasPrefix(p.text, "Admin audit") {
						got = append(got, p.text)
					}
				}
				ok := len(got) == len(want)
				for i := range got {
					ok = ok && strings.Contains(got[i], want[i])
				}
				if !ok {
					t.Fatalf("%s: got %q, want %q", step, got, want)
				}
			}
		}
		told("nobody has looked yet")
		c.promote(3)
		told("one", "Generated 03")
		c.promote(4)
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		told("shown by an audit", "Generated 03")
		c.users[4].Profile, c.users[4].ModifiedTime = zoho.Ref{ID: "30", Name: "Standard"}, time.Now()
		told("one less", "Generated 03")
		c.promote(4)
		told("again", "Generated 03", "Generated 04")
		w.bot.Admins.Profiles = []string{"Standard"}
		told("by the settings", "Generated 03", "Generated 04")
		w.bot.Admins.Profiles = nil
		told("and back", "Generated 03", "Generated 04")
		if err := w.slack.AddFault(slacksim.Fault{Path: "/api/chat.postMessage", Error: "internal_error", Times: 1}); err != nil {
			t.Fatal(err)
		}
		c.promote(5)
		w.sync(t)
		told("after Slack refused", "Generated 03", "Generated 04", "Generated 05")
		if !strings.Contains(w.log.String(), `"audit_age_h":`) {
			t.Error("no metric")
		}
		if strings.Contains(w.log.String(), "Generated") {
			t.Errorf("names in the log: %s", w.log)
		}
	})
}

// TestAnAuditOnDemand is made by a job, once, and the asker reads where it is.
func TestAnAuditOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		if got := w.ask(t, "/crmadmins", "audit"); !strings.HasPrefix(got, "Looking in Zoho CRM") || len(*w.jobs) != 1 {
			t.Fatalf("got %q, %d jobs", got, len(*w.jobs))
		}
		for range 2 { // it is delivered twice
			if _, err := w.bot.Do(t.Context(), (*w.jobs)[0]); err != nil {
				t.Fatal(err)
			}
		}
		posts := w.channel(t)
		if len(posts) != 1 {
			t.Fatalf("got %d posts", len(posts))
		}
		posts[0].isAudit(t)
		last := w.slack.Posts()[len(w.slack.Posts())-1]
		if got := textOf(t, last.Body); !strings.Contains(got, "https://sample-team.slack.com/archives/C0SAMPLE/p") {
			t.Errorf("got %q", got)
		}
		if r := w.records(t)[0]; r.Posted.AskedBy != slacksim.User {
			t.Errorf("got %+v", r.Posted)
		}
		w.bot.AuditChannel = ""
		if got := w.ask(t, "/crmadmins", "audit"); !strings.Contains(got, "channel") {
			t.Errorf("got %q", got)
		}
	})
}

// TestHistory lists audits newest first, with who has signed them, over pages.
func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := auditing()
		if got := w.ask(t, "/crmadmins", "history"); got == "" {
			t.Error("nothing")
		}
		for i := range 13 {
			time.Sleep(time.Hour)
			if c.err = nil; i == 12 {
				c.err = zoho.ErrUnavailable
			}
			if err := w.audit(t, time.Now()); (err == nil) != (i < 12) {
				t.Fatal(err)
			}
		}
		w.acknowledge(t, 11)
		w.acknowledge(t, 0)
		first := w.typed(t, "/crmadmins", "history")
		if got := textOf(t, first); strings.Count(got, "Acknowledged by") != 1 || strings.Count(got, "cannot be reached") != 1 {
			t.Errorf("got %q", got)
		}
		second := w.press(t, first, "Older").Body
		if got := textOf(t, second); strings.Count(got, "Acknowledged by") != 1 || has(second, "Older") {
			t.Errorf("got %q", got)
		}
	})
}

// TestDamageIsSaid by the next audit and by the history.
func TestDamageIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := auditing()
		for range 3 {
			time.Sleep(time.Hour)
			if err := w.audit(t, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.ask(t, "/crmadmins", "history"); strings.Contains(got, "damaged") {
			t.Errorf("got %q", got)
		}
		const last = "audit/records/00000003"
		v, err := w.bot.Claims.Read(t.Context(), last)
		if err == nil {
			_, err = w.bot.Claims.WriteIfUnchanged(t.Context(), last, []byte(strings.Replace(string(v.Data), `"total":3`, `"total":2`, 1)), v.Version)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := w.ask(t, "/crmadmins", "history"); !strings.Contains(got, "damaged, at record 3") || strings.Contains(got, "the last with hash") {
			t.Errorf("got %q", got)
		}
		time.Sleep(time.Hour)
		if err := w.audit(t, time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := w.channel(t)[3].text; !strings.Contains(got, "damaged, at record 3") {
			t.Errorf("got %q", got)
		}
	})
}
