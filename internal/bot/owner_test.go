package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// owning is a bot whose CRM is played over the wire, records and all.
type owning struct {
	world
	zoho *zohosim.Zoho
}

// owningCRM plays a CRM, of which the list of people has been read just now.
func owningCRM(t *testing.T, c zohosim.Config) owning {
	t.Helper()
	c.APIDomain = "https://www.zohoapis.com"
	w := owning{withUsers().inSlack(), zohosim.New(c)}
	web := &http.Client{Transport: w.zoho}
	tokens := &grants{oauth: &zoho.OAuth{ClientID: w.zoho.ClientID, ClientSecret: w.zoho.ClientSecret, AccountsURL: "https://accounts.zoho.com", HTTP: web}, refresh: w.zoho.RefreshToken}
	client := &zoho.Client{HTTP: web, Log: w.bot.Log, Done: bot.CountCall, Tokens: tokens.get}
	w.bot.People = &directory.Directory{Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: &store.Memory{}, Log: slog.New(slog.DiscardHandler)}
	w.bot.Records = &records.Finder{CRM: client}
	w.bot.RecordPage = "https://crm.zoho.com/crm/{org}/tab/{module}/{id}"
	w.slack.People["U0OTHERS"] = slacksim.Person{Email: "kim@gmail.com"}
	if _, err := w.bot.People.Sync(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return w
}

// grants gets a token, and another one before it is over.
type grants struct {
	oauth   *zoho.OAuth
	refresh string

	mu    sync.Mutex
	token zoho.Token
	at    time.Time
}

func (g *grants) get(ctx context.Context) (zoho.Token, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token.AccessToken == "" || time.Since(g.at) > 50*time.Minute {
		grant, err := g.oauth.Refresh(ctx, g.refresh)
		if err != nil {
			return zoho.Token{}, err
		}
		g.token, g.at = grant.Token, time.Now()
	}
	return g.token, nil
}

func (w owning) day(t *testing.T, faults ...zohosim.Fault) {
	t.Helper()
	w.zoho.ClearFaults()
	for _, f := range faults {
		if err := w.zoho.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
}

// crmCalls is how many calls of the CRM there were.
func (w owning) crmCalls() int { return len(w.zoho.Calls()) - w.zoho.Count(zohosim.TokenCall) }

// reply is how an answer came.
type reply struct {
	body  []byte // of the answer
	text  string
	took  time.Duration // until the first reply
	later bool          // a job gave it
}

// gets asks with a command and gives the one answer.
func (w owning) gets(t *testing.T, command, words string) reply {
	t.Helper()
	started := time.Now()
	r := reply{body: w.typed(t, command, words)}
	r.took = time.Since(started)
	return w.rest(t, r, bytes.Contains(r.body, []byte("Looking in Zoho CRM")))
}

// presses presses the nth button with a label and gives the one answer.
func (w owning) presses(t *testing.T, shown []byte, label string, n int) reply {
	t.Helper()
	payload, err := w.slack.PressedNth(shown, label, n)
	if err != nil {
		t.Fatalf("%v: %s", err, shown)
	}
	return w.interacts(t, payload)
}

func (w owning) interacts(t *testing.T, payload map[string]any) reply {
	t.Helper()
	before, started := len(w.slack.Posts()), time.Now()
	if got := w.interact(t, payload); got != "" {
		t.Fatalf("got %s", got)
	}
	r := reply{took: time.Since(started)}
	posts := w.slack.Posts()[before:]
	if len(posts) > 0 {
		r.body = posts[0].Body
	}
	return w.rest(t, r, len(posts) == 0)
}

// rest does the jobs that were handed over.
func (w owning) rest(t *testing.T, r reply, later bool) reply {
	t.Helper()
	jobs, before := *w.jobs, len(w.slack.Posts())
	*w.jobs = nil
	if (len(jobs) == 1) != later || len(jobs) > 1 {
		t.Fatalf("%d jobs, later %v: %s", len(jobs), later, r.body)
	}
	for _, job := range jobs {
		if _, err := w.bot.Do(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		posts := w.slack.Posts()[before:]
		if len(posts) != 1 {
			t.Fatalf("got %d posts, log %s", len(posts), w.log)
		}
		r.body, r.later = posts[0].Body, true
	}
	var m struct{ Text string }
	_ = json.Unmarshal(r.body, &m) // a view has none
	r.text = m.Text
	return r
}

const (
	recordLink = "https://crm.zoho.com/crm/org808232144/tab/Potentials/5725767000009100106"
	userLink   = "https://crm.zoho.com/crm/org808232144/settings/users/5725767000000583032"
)

// TestWaysToAskForOwners.
func TestWaysToAskForOwners(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	for _, test := range []struct{ command, words, want string }{
		{"/crmowner", "gentest industries renewal", "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmowner", "  GENTEST   industries renewal ", "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmowner", "gentest", "4 records match “gentest”: "},
		{"/crmowner", "who owns gentest?", "4 records match “gentest?”: "},
		{"/crmowner", "who owns <" + recordLink + ">?", "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmowner", "who owns zaphod", "No record in Accounts, Deals, Contacts or Leads is called “zaphod”."},
		{"/crmowner", "zaphod", "No record in Accounts, Deals, Contacts or Leads is called “zaphod”."},
		{"/crmowner", "tami@gentest.example", "Tami Gentest (contact) is owned by patricia krishnan, "},
		{"/crmowner", "<mailto:tami@gentest.example|tami@gentest.example>", "Tami Gentest (contact) is owned by "},
		{"/crmowner", "+999 100 200 300", "Gentest Industries (account) is owned by Patricia Boyle, "},
		{"/crmowner", "5725767000009100106", "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmowner", "5725767000009100999", "No record in Accounts, Deals, Contacts or Leads has the id “5725767000009100999”."},
		{"/crmowner", "5725767000000583032", "What Kim owns: 1 lead."},
		{"/crmowner", recordLink, "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmowner", "<" + recordLink + ">", "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmuser", "<" + recordLink + "|crm.zoho.com>", "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmuser", recordLink, "Gentest Industries renewal (deal) is owned by Lee, "},
		{"/crmuser", userLink, ": Kim, "},
		{"/crmowner", userLink, "What Kim owns: 1 lead."},
		{"/crmowner", "<" + userLink + ">", "What Kim owns: 1 lead."},
		{"/crmowner", "https://example.com/crm/tab/Leads/5725767000009100106", "I did not understand the link “"},
		{"/crmuser", "https://example.com/crm/tab/Leads/5725767000009100106", "I did not understand the link “"},
		{"/crmowner", "what does kim own", "What Kim owns: 1 lead."},
		{"/crmowner", "What do patricia own?", "9 people fit “patricia”. Whose records do you want to see? "},
		{"/crmowner", "owned by lee", "What Lee owns: 1 open deal."},
		{"/crmowner", "what do I own?", "Nobody in Zoho CRM has the e-mail address of <@U0SAMPLE>."},
		{"/crmowner", "owned by Me", "Nobody in Zoho CRM has the e-mail address of <@U0SAMPLE>."},
		{"/crmowner", "owner:oliver", "What Oliver owns: Nothing that I can see."},
		{"/crmowner", "what does zaphod own", "Nobody in Zoho CRM matches “zaphod”."},
		{"/crmowner", "what does patrica own", "Nobody in Zoho CRM fits “patrica”. Did you mean one of these people?"},
		{"/crmowner", "what does <@U0OTHERS> own", "What Kim owns: 1 lead."},
		{"/crmowner", "<@U0OTHERS>", "What Kim owns: 1 lead."},
		{"/crmowner", "<@U0OTHERS|kim>", "What Kim owns: 1 lead."},
		{"/crmowner", "<@U0UNKNOWN>", "Nobody in Zoho CRM has the e-mail address of <@U0UNKNOWN>."},
		{"/crmowner", "<@U0NOMAILS>", "I cannot tell who a mention"},
		{"/crmowner", "kim", "What Kim owns: 1 lead."},
		{"/crmowner", "kim@gmail.com", "What Kim owns: 1 lead."},
		{"/crmowner", "patricia", "9 people fit “patricia”. Whose records do you want to see? "},
		{"/crmowner", "patrica", "No record in Accounts, Deals, Contacts or Leads is called “patrica”."},
		{"/crmowner", "kim status:active", "No record in Accounts, Deals, Contacts or Leads is called “kim status:active”."},
		{"/crmowner", "orphans", "4 records whose owner is not active (Accounts 2 · Deals 1 · Contacts 1). "},
		{"/crmowner", "Orphan", "4 records whose owner is not active "},
		{"/crmowner", "", "/crmowner: "},
		{"/crmowner", "  ", "/crmowner: "},
		{"/crmowner", "help", "/crmowner: "},
		{"/crmowner", "???", "/crmowner does not take “???”. /crmowner: "},
		{"/crmowner", strings.Repeat("gentest ", 30), "That is too much at once for me."},
	} {
		got := w.gets(t, test.command, test.words)
		if !strings.Contains(got.text, test.want) {
			t.Errorf("%s %s: got %q, want %q…", test.command, test.words, got.text, test.want)
		}
	}
	w.inBlocks(t)
}

// inBlocks: Slack would take all answers as they are.
func (w owning) inBlocks(t *testing.T) {
	t.Helper()
	if log := w.log.String(); strings.Contains(log, "would refuse") || strings.Contains(log, "blocks refused") {
		t.Errorf("log %s", log)
	}
}

// button is one that asks something of the bot.
type button struct {
	label string
	n     int // of those with the label, from 0
}

// buttonsOf are those of what is shown. A link, and what is posted for everybody,
// are none.
func buttonsOf(t *testing.T, shown []byte) (all []button) {
	t.Helper()
	type element struct {
		Type     string
		ActionID string `json:"action_id"`
		Text     json.RawMessage
	}
	var m struct {
		Blocks []struct {
			Accessory element
			Elements  json.RawMessage
		}
	}
	if err := json.Unmarshal(shown, &m); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, b := range m.Blocks {
		var elements []element
		_ = json.Unmarshal(b.Elements, &elements) // those of a context may be anything
		for _, e := range append([]element{b.Accessory}, elements...) {
			var label struct{ Text string }
			if e.Type != "button" || json.Unmarshal(e.Text, &label) != nil {
				continue
			}
			if strings.HasPrefix(e.ActionID, "ask") {
				all = append(all, button{label.Text, seen[label.Text]})
			}
			seen[label.Text]++
		}
	}
	return all
}

// read is all that can be read of what is shown.
func readOf(t *testing.T, shown []byte) string {
	t.Helper()
	var m struct{ Blocks any }
	if err := json.Unmarshal(shown, &m); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, key := range []string{"text", "elements", "accessory", "blocks"} {
				walk(v[key])
			}
		case string:
			b.WriteString(v + "|")
		}
	}
	walk(m.Blocks)
	return b.String()
}

// surface is where answers are shown and buttons pressed.
type surface struct {
	start func() []byte
	press func(shown []byte, b button) []byte
}

// message is an answer to what is typed.
func (w owning) message(t *testing.T, words string) surface {
	return surface{
		start: func() []byte { return w.gets(t, "/crmowner", words).body },
		press: func(shown []byte, b button) []byte { return w.presses(t, shown, b.label, b.n).body },
	}
}

// view is a modal or a Home tab.
func (w owning) view(t *testing.T, open func() (id string)) surface {
	id := ""
	return surface{
		start: func() []byte { id = open(); return w.shown(t, id) },
		press: func(shown []byte, b button) []byte {
			payload, err := w.slack.PressedNth(shown, b.label, b.n)
			if err != nil {
				t.Fatal(err)
			}
			w.interacts(t, payload)
			return w.shown(t, id)
		},
	}
}

// crawl presses all buttons of what is shown after those of a path, and so on.
// stack is what was read on the way, to where Back leads step by step.
func (s surface) crawl(t *testing.T, path []button, stack []string, pressed map[string]int, depth int) {
	t.Helper()
	again := func() []byte {
		shown := s.start()
		for _, b := range path {
			shown = s.press(shown, b)
		}
		return shown
	}
	shown := again()
	here := readOf(t, shown)
	if len(stack) > 0 && !has(shown, "Back") {
		t.Errorf("%v: no way back: %s", path, shown)
	}
	for _, b := range buttonsOf(t, shown) {
		pressed[b.label]++
		next := s.press(again(), b)
		got := readOf(t, next)
		further := stack
		switch b.label {
		case "Back":
			if len(stack) == 0 || got != stack[len(stack)-1] {
				t.Errorf("%v: Back led to %s, want %s", path, got, stack)
			}
			continue
		case "Refresh", "Next", "Previous", "Try again":
		default:
			further = append(slices.Clip(stack), here)
		}
		if strings.Contains(got, "I do not know this button") || got == here && b.label != "Refresh" {
			t.Errorf("%v %v: got %s", path, b, got)
		}
		if depth > 0 {
			s.crawl(t, append(slices.Clip(path), b), further, pressed, depth-1)
		}
	}
}

// TestEveryButtonLeadsWhereItSays, and back, step by step: from messages, in the
// modal and in the Home tab.
func TestEveryButtonLeadsWhereItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		pressed := map[string]int{}
		for _, words := range []string{"gentest", "tami", "gensample foods", "kim", "patricia", "orphans", "what does john own", "zaphod"} {
			w.message(t, words).crawl(t, nil, nil, pressed, 2)
		}
		w.view(t, func() string {
			w.interact(t, w.slack.Shortcut("find_person"))
			posts := w.slack.Posts()
			view := posts[len(posts)-1].To
			w.submit(t, view, "5725767000000583032")
			return view
		}).crawl(t, nil, nil, pressed, 3)
		w.slack.People["U0SAMPLE"] = slacksim.Person{Email: "kim@gmail.com"}
		w.view(t, func() string { w.home(t); return slacksim.HomeTab("U0SAMPLE") }).crawl(t, nil, nil, pressed, 3)
		w.inBlocks(t)
		for _, label := range []string{"Show", "Show owner", "What do they own?", "Back", "Refresh"} {
			if pressed[label] == 0 {
				t.Errorf("no %s", label)
			}
		}
	})
}

// TestRecordsAndPeopleOfOneName: up to three people are offered beside records.
func TestRecordsAndPeopleOfOneName(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	for _, name := range []string{"Kim Generated", "Krishnan Generated"} {
		if _, err := w.zoho.AddRecord("Accounts", map[string]any{"Account_Name": name}); err != nil {
			t.Fatal(err)
		}
	}
	got := w.gets(t, "/crmowner", "kim")
	if !strings.HasPrefix(got.text, "Kim Generated (account) is owned by Patricia Boyle") || !strings.HasSuffix(got.text, "Did you mean what Kim owns?") {
		t.Errorf("got %q", got.text)
	}
	owned := w.presses(t, got.body, "Show", 0)
	if !strings.Contains(owned.text, "What Kim owns: 1 lead.") {
		t.Errorf("got %q", owned.text)
	}
	if back := w.presses(t, owned.body, "Back", 0); back.text != got.text {
		t.Errorf("back: got %q", back.text)
	}
	if got := w.gets(t, "/crmowner", "krishnan"); !strings.HasPrefix(got.text, "Krishnan Generated (account)") || strings.Contains(got.text, "Did you mean") {
		t.Errorf("got %q", got.text)
	}
	w.inBlocks(t)
}

// TestOrphansOverPages, from the first to the last and back, with what somebody
// on one of them owns.
func TestOrphansOverPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := zohosim.Generate(900, 3000)
		w := owningCRM(t, zohosim.Config{Organisation: &o})
		first := w.gets(t, "/crmowner", "orphans")
		pages := []reply{first}
		for has(pages[len(pages)-1].body, "Next") {
			pages = append(pages, w.presses(t, pages[len(pages)-1].body, "Next", 0))
		}
		if len(pages) < 3 {
			t.Fatalf("%d pages: %s", len(pages), first.text)
		}
		calls := w.crmCalls()
		for i := len(pages) - 1; i > 0; i-- {
			before := w.presses(t, pages[i].body, "Previous", 0)
			if before.text != pages[i-1].text || pages[i].text == pages[i-1].text {
				t.Errorf("before page %d: got %q", i+1, before.text)
			}
		}
		if n := w.crmCalls() - calls; n != 0 {
			t.Errorf("turning pages took %d calls", n)
		}
		owned := w.presses(t, pages[1].body, "Show", 2)
		if !strings.Contains(owned.text, " owns: ") {
			t.Errorf("got %q", owned.text)
		}
		if back := w.presses(t, owned.body, "Back", 0); back.text != pages[1].text {
			t.Errorf("back: got %q", back.text)
		}
		if has(pages[0].body, "Previous") {
			t.Error("there is no page before the first")
		}
		w.inBlocks(t)
	})
}

// TestOwnersAreForTheirAudience, whichever way somebody asks.
func TestOwnersAreForTheirAudience(t *testing.T) {
	const closed = "Sorry, /crmowner is not open to you"
	card, list := `{"command":"/crmuser","person":"5725767000000583032"}`, `{"command":"/crmowner","text":"gentest"}`
	for name, who := range map[string]bot.Audience{
		"nobody":  {},
		"others":  {Users: []string{"U0SOMEBODY"}},
		"channel": {Channels: []string{"C0ELSEWHERE"}},
	} {
		w := owningCRM(t, zohosim.Config{})
		seen := w.gets(t, "/crmowner", "kim")
		w.bot.Access.Owners = who
		calls := w.crmCalls()
		for _, q := range [][2]string{
			{"/crmowner", "gentest"}, {"/crmowner", "orphans"}, {"/crmowner", "what does kim own"}, {"/crmowner", ""}, {"/crmowner", "5725767000000583032"},
			{"/crmowner", recordLink}, {"/crmuser", recordLink}, {"/crmuser", "<" + recordLink + "|x>"},
		} {
			if got := w.gets(t, q[0], q[1]); !strings.HasPrefix(got.text, closed) {
				t.Errorf("%s: %s: got %q", name, q, got.text)
			}
		}
		for _, value := range []string{
			`{"command":"/crmowner","what":"owns","person":"5725767000000583032","back":` + card + `}`,
			`{"command":"/crmowner","record":"Deals/5725767000009100106","back":` + list + `}`,
			`{"command":"/crmowner","text":"orphans","page":1,"back":` + card + `}`,
			`{"command":"/crmuser","text":"` + recordLink + `","back":` + card + `}`,
		} {
			got := w.interacts(t, w.slack.Clicked("ask", value))
			if !strings.HasPrefix(got.text, closed) || !has(got.body, "Back") {
				t.Errorf("%s: %s: got %s", name, value, got.body)
			}
		}
		if got := w.presses(t, seen.body, "Refresh", 0); !strings.HasPrefix(got.text, closed) {
			t.Errorf("%s: an old button: got %q", name, got.text)
		}
		if n := w.crmCalls() - calls; n != 0 {
			t.Errorf("%s: %d calls", name, n)
		}
		if got := w.gets(t, "/crmowner", "help"); !strings.HasPrefix(got.text, "/crmowner: ") {
			t.Errorf("%s: help: got %q", name, got.text)
		}
		if got := w.gets(t, "/crmuser", "kim"); has(got.body, "What do they own?") != (name != "nobody") {
			t.Errorf("%s: got %s", name, got.body)
		}
	}
}

// TestOwnersOfAChannelsAudience: it may ask there, and has no channel in a modal
// or the Home tab, which show a way back.
func TestOwnersOfAChannelsAudience(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	w.slack.People["U0SAMPLE"] = slacksim.Person{Email: "kim@gmail.com"}
	w.bot.Access.Owners = bot.Audience{Channels: []string{slacksim.Channel}}
	if got := w.presses(t, w.gets(t, "/crmuser", "kim").body, "What do they own?", 0); !strings.Contains(got.text, "What Kim owns: 1 lead.") {
		t.Errorf("got %q", got.text)
	}
	w.interact(t, w.slack.Shortcut("find_person"))
	posts := w.slack.Posts()
	modal := posts[len(posts)-1].To
	w.submit(t, modal, "5725767000000583032")
	w.home(t)
	for _, view := range []string{modal, slacksim.HomeTab("U0SAMPLE")} {
		card := w.shown(t, view)
		w.press(t, card, "What do they own?")
		refused := w.shown(t, view)
		if !strings.Contains(readOf(t, refused), " is not open to you here.") {
			t.Errorf("%s: got %s", view, refused)
		}
		w.press(t, refused, "Back")
		if got := w.shown(t, view); readOf(t, got) != readOf(t, card) || !strings.Contains(string(got), "external_select") {
			t.Errorf("%s, back: got %s, want %s", view, readOf(t, got), readOf(t, card))
		}
	}
}

// TestWithoutRecordsNobodyMayAsk, which help does not hide.
func TestWithoutRecordsNobodyMayAsk(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	w.bot.Records = nil
	for _, q := range [][2]string{{"/crmowner", "gentest"}, {"/crmowner", "orphans"}, {"/crmowner", ""}, {"/crmuser", recordLink}} {
		if got := w.gets(t, q[0], q[1]); !strings.HasPrefix(got.text, "Sorry, /crmowner is not open to you") {
			t.Errorf("%s: got %q", q, got.text)
		}
	}
	for _, value := range []string{`{"command":"/crmowner","what":"owns","person":"1"}`, `{"command":"/crmowner","record":"Deals/5725767000009100106"}`} {
		if got := w.interacts(t, w.slack.Clicked("ask", value)); !strings.HasPrefix(got.text, "Sorry, /crmowner is not open to you") {
			t.Errorf("%s: got %q", value, got.text)
		}
	}
	if got := w.gets(t, "/crmuser", "kim"); has(got.body, "What do they own?") {
		t.Errorf("got %s", got.body)
	}
	if got := w.gets(t, "/crmowner", "help"); !strings.HasPrefix(got.text, "/crmowner: ") {
		t.Errorf("help: got %q", got.text)
	}
}

// TestWhatAButtonAboutOwnersAsksMayBeOver.
func TestWhatAButtonAboutOwnersAsksMayBeOver(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	for value, want := range map[string]string{
		`{"command":"/crmowner","what":"holidays","person":"5725767000000583032"}`: "I do not know this button any more.",
		`{"command":"/crmowner","what":"owns"}`:                                    "I do not know this button any more.",
		`{"command":"/crmowner","what":"owns","person":"5725767000000999999"}`:     "Not in the list of people. What ",
		`{"command":"/crmowner","what":"owns","person":"x"}`:                       "Not in the list of people. What ",
		`{"command":"/crmowner","record":"Deals/5725767000009100999"}`:             "There is no such record in Zoho CRM, or",
		`{"command":"/crmowner","record":"Quotes/5725767000009100106"}`:            "Gentest Industries renewal",
		`{"command":"/crmowner","record":"nonsense"}`:                              "There is no such record in Zoho CRM, or",
		`{"command":"/crmowner","text":"orphans","page":99}`:                       "4 records whose owner is not active",
		`{"command":"/crmowner","text":"orphans","page":-1}`:                       "4 records whose owner is not active",
		`{"command":"/crmowner"}`:                                                  "/crmowner: ",
		"/crmowner gentest":                                                        "4 records match “gentest”",
		`{"command":"/crmuser","what":"owns","person":"5725767000000583032"}`:      "I do not know this button any more.",
	} {
		if got := w.interacts(t, w.slack.Clicked("ask", value)); !strings.Contains(got.text, want) {
			t.Errorf("%s: got %q, want %q", value, got.text, want)
		}
	}
	w.inBlocks(t)
}

// TestOwnersFollowInViews: where Zoho takes longer, a modal and the Home tab
// change when the answer is there.
func TestOwnersFollowInViews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := owningCRM(t, zohosim.Config{})
		w.slack.People["U0SAMPLE"] = slacksim.Person{Email: "kim@gmail.com"}
		w.interact(t, w.slack.Shortcut("find_person"))
		posts := w.slack.Posts()
		modal := posts[len(posts)-1].To
		w.submit(t, modal, "5725767000000583032")
		w.home(t)
		w.day(t, zohosim.Fault{Path: "/crm/v7/coql", Latency: 700 * time.Millisecond})
		for _, view := range []string{modal, slacksim.HomeTab("U0SAMPLE")} {
			got := w.presses(t, w.shown(t, view), "What do they own?", 0)
			if shown := w.shown(t, view); !got.later || got.took > 2*time.Second || !strings.Contains(readOf(t, shown), "What Kim owns|1 lead|") {
				t.Errorf("%s: after %v, later %v: %s", view, got.took, got.later, readOf(t, shown))
			}
			w.bot.Records = &records.Finder{CRM: w.bot.Records.CRM}
		}
	})
}

// TestAModuleThatThereIsNot is named, and cannot be tried again.
func TestAModuleThatThereIsNot(t *testing.T) {
	w := owningCRM(t, zohosim.Config{})
	w.bot.Records.Modules = []string{"Accounts", "Zaphods"}
	for words, want := range map[string]string{"gentest": "Gentest Industries (account)", "orphans": "2 records whose owner", "what does john own": "1 account", "zaphod": "No record in Accounts is called “zaphod”."} {
		got := w.gets(t, "/crmowner", words)
		if !strings.Contains(got.text, want) || !strings.Contains(got.text, "Zaphods are missing: Zoho CRM has no such module, or none that I can read.") || has(got.body, "Try again") {
			t.Errorf("%s: got %s", words, got.body)
		}
	}
}
