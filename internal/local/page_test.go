package local_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/local"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
)

// page is the browser's side of a World.
type page struct {
	t    *testing.T
	url  string
	stop func()
}

// open starts a World over a folder and serves its page until the test ends, or
// stop is called.
func open(t *testing.T, o local.WorldOptions) *page {
	t.Helper()
	world, err := local.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := local.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- world.Serve(ctx, listener) }()
	p := &page{t: t, url: "http://" + listener.Addr().String()}
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-done, world.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(p.stop)
	return p
}

// object is a JSON object.
type object = map[string]any

// call makes a call of the page's, and gives the answer.
func (p *page) call(name string, in object) (int, object) {
	p.t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/"+name, bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", p.url)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reply.Body.Close()
	var out object
	if err := json.NewDecoder(reply.Body).Decode(&out); err != nil {
		p.t.Fatal(err)
	}
	return reply.StatusCode, out
}

// must is call of what has to work.
func (p *page) must(name string, in object) object {
	p.t.Helper()
	status, out := p.call(name, in)
	if status != http.StatusOK {
		p.t.Fatalf("%s %v: got %d %v", name, in, status, out)
	}
	return out
}

// shown is what a page shows.
type shown struct {
	World struct {
		Organisation, Asker, Day, Real string
		Askers                         []struct{ ID, Name string }
		Now, Ahead                     int64
		People                         int
	}
	Entries   []entry
	Exchanges []struct {
		ID        int
		What      string
		At        int64
		Sent, Got int
		MS        *int64
		Error     string
	}
	Lines []struct {
		Exchange int
		At       int64
		Msg      string
		Attrs    object
		Metrics  []struct {
			Name, Unit string
			Value      float64
		}
	}
	Modal, Home json.RawMessage
}

type entry struct {
	ID, Thread, Exchange, Bytes int
	Where, Kind, By, For        string
	After                       int64
	Edited                      bool
	Body                        json.RawMessage
	Files                       []struct{ ID, Name string }
}

func (e entry) text() string {
	text, err := local.Text(e.Body, false)
	return fmt.Sprint(text, strings.Repeat(" (unreadable)", min(1, len(fmt.Sprint(err))-len("<nil>"))))
}

// look is what a page shows that is opened now.
func (p *page) look() (s shown) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/events", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reply.Body.Close()
	lines := bufio.NewReader(reply.Body)
	name, _ := lines.ReadString('\n')
	data, err := lines.ReadString('\n')
	if err == nil && name == "event: reset\n" {
		err = json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &s)
	}
	if err != nil {
		p.t.Fatalf("got %s %v", name, err)
	}
	return s
}

// until looks until something is shown. Late answers come by themselves.
func (p *page) until(what string, is func(shown) bool) shown {
	p.t.Helper()
	for range 600 {
		if s := p.look(); is(s) {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	s := p.look()
	p.t.Fatalf("%s is not shown: %s", what, s.texts())
	return s
}

func (s shown) texts() string {
	var all []string
	for _, e := range s.Entries {
		all = append(all, fmt.Sprintf("%d %s %s: %s", e.ID, e.Where, e.Kind, e.text()))
	}
	return strings.Join(all, "\n")
}

func (s shown) last() entry { return s.Entries[len(s.Entries)-1] }

// with is the last entry that has a text in it.
func (s shown) with(text string) (entry, bool) {
	for _, e := range slices.Backward(s.Entries) {
		if strings.Contains(e.text(), text) {
			return e, true
		}
	}
	return entry{}, false
}

// nth is the number of a button among the interactive elements of a message.
func (e entry) nth(t *testing.T, label string) int {
	t.Helper()
	var m struct {
		Blocks []struct {
			Accessory json.RawMessage
			Elements  []json.RawMessage
		}
	}
	if err := json.Unmarshal(e.Body, &m); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, b := range m.Blocks {
		for _, raw := range append([]json.RawMessage{b.Accessory}, b.Elements...) {
			var is struct {
				Type string
				Text json.RawMessage
			}
			if json.Unmarshal(raw, &is) != nil || is.Type != "button" && is.Type != "overflow" && is.Type != "static_select" {
				continue
			}
			if strings.Contains(string(is.Text), label) {
				return n
			}
			n++
		}
	}
	t.Fatalf("no button %s in %s", label, e.Body)
	return 0
}

// ask types a command in the channel, and gives what came.
func (p *page) ask(command string) entry {
	p.t.Helper()
	p.must("type", object{"where": "channel", "text": command})
	return p.look().last()
}

// press presses a button, and shows the page then.
func (p *page) press(e entry, label string) shown {
	p.t.Helper()
	p.must("use", object{"entry": e.ID, "n": e.nth(p.t, label)})
	return p.look()
}

// TestThePageAsks over the same path as Slack: what comes back is its own, with
// the time it took, its size, and the lines and metrics about it.
func TestThePageAsks(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	got := p.ask("  /crmuser kim ")
	if got.Kind != "private" || got.For != "U0SAMPLE" || got.Where != "channel" || got.By != "U0SAMPLEBOT" || !strings.HasPrefix(got.text(), "⚠ Invitation pending\nKim\n") || got.Bytes < len(got.Body) {
		t.Errorf("got %d bytes, %s", got.Bytes, got.text())
	}
	s := p.look()
	if typed := s.Entries[0]; len(s.Entries) != 2 || typed.Kind != "typed" || typed.text() != "/crmuser kim\n" || typed.Exchange != got.Exchange {
		t.Errorf("got %s", s.texts())
	}
	x := s.Exchanges[len(s.Exchanges)-1]
	if x.ID != got.Exchange || x.What != "/crmuser" || x.MS == nil || x.Sent == 0 || x.Got != got.Bytes || x.Error != "" {
		t.Errorf("got %+v", x)
	}
	for _, l := range s.Lines {
		if l.Exchange == x.ID && l.Msg == "answer" {
			if l.Attrs["command"] != "/crmuser" || l.Attrs["_aws"] != nil || len(l.Metrics) == 0 || l.Metrics[0].Unit == "" {
				t.Errorf("got %+v", l)
			}
			return
		}
	}
	t.Errorf("no line about the answer: %+v", s.Lines)
}

// TestAPageForEachConversation: what is asked in the direct conversation is
// answered there, and so are its buttons.
func TestAPageForEachConversation(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	p.must("type", object{"where": "dm", "text": "/crmuser patricia"})
	list := p.look().last()
	if list.Where != "dm" || !strings.HasPrefix(list.text(), "9 people match") {
		t.Fatalf("got %+v %s", list, list.text())
	}
	card := p.press(list, "Show").last()
	if card.ID != list.ID || card.Where != "dm" || !strings.HasPrefix(card.text(), "Patricia Boyle\n") || !card.Edited {
		t.Errorf("got %+v %s", card, card.text())
	}
	if shared := p.press(card, "Share here").last(); shared.Kind != "shared" || shared.Where != "dm" {
		t.Errorf("shared: got %+v", shared)
	}
	p.must("type", object{"where": "channel", "text": "good morning"})
	if said := p.look().last(); said.Kind != "shared" || said.By != "U0SAMPLE" || said.text() != "good morning\n" {
		t.Errorf("got %+v", said)
	}
	for _, wrong := range []object{
		{"where": "dm", "text": "good morning"}, {"where": "channel", "text": " "}, {"where": "elsewhere", "text": "/crmuser kim"},
		{"where": "channel", "text": "/kim"}, {"where": "dm", "text": "/ kim"},
	} {
		if status, out := p.call("type", wrong); status != http.StatusBadRequest || out["error"] == "" {
			t.Errorf("%v: got %d %v", wrong, status, out)
		}
	}
}

// TestWhoAsksSeesTheirOwn: what is shared stays for all.
func TestWhoAsksSeesTheirOwn(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	s := p.press(p.ask("/crmuser kim"), "Share here")
	shared := s.last()
	if shared.Kind != "shared" || !strings.Contains(shared.text(), "Kim\n") || shared.For != "" {
		t.Fatalf("got %s", s.texts())
	}
	other := s.World.Askers[1].ID
	p.must("world", object{"asker": other})
	if s = p.look(); len(s.Entries) != 1 || s.last().ID != shared.ID || s.World.Asker != other {
		t.Errorf("got %s", s.texts())
	}
	if card := p.ask("/crmuser"); !strings.HasPrefix(strings.TrimPrefix(card.text(), "⚠ Invitation pending\n"), s.World.Askers[1].Name+"\n") {
		t.Errorf("own card of %s: got %s", s.World.Askers[1].Name, card.text())
	}
	p.must("world", object{"asker": "U0SAMPLEGUEST"})
	for command, want := range map[string]string{"/crmuser kim": "Kim\n", "/crmadmins": "not open to you", "/crmowner gentest": "not open to you"} {
		if got := p.ask(command); !strings.Contains(got.text(), want) {
			t.Errorf("%s by a guest: got %s", command, got.text())
		}
	}
	if status, _ := p.call("world", object{"asker": "U0NOBODY"}); status != http.StatusBadRequest {
		t.Errorf("somebody unknown asks: got %d", status)
	}
}

// TestAModalOfThePage is opened by a shortcut, searched in, and closed.
func TestAModalOfThePage(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	p.must("shortcut", object{"id": "find_person"})
	var view struct {
		ID    string
		Title struct{ Text string }
	}
	if err := json.Unmarshal(p.look().Modal, &view); err != nil || view.Title.Text != "Find a person" {
		t.Fatalf("got %s, %v", p.look().Modal, err)
	}
	options, _ := p.must("suggest", object{"view": view.ID, "n": 0, "typed": "kim"})["options"].([]any)
	if len(options) == 0 {
		t.Fatal("no options")
	}
	p.must("use", object{"view": view.ID, "n": 0, "option": options[0]})
	p.must("submit", object{"view": view.ID})
	if text, err := local.Text(p.look().Modal, false); err != nil || !strings.Contains(text, "kim@gmail.com") {
		t.Errorf("got %s, %v", text, err)
	}
	p.must("close", object{"view": view.ID})
	if got := p.look().Modal; string(got) != "null" {
		t.Errorf("closed: got %s", got)
	}
	if status, _ := p.call("use", object{"view": view.ID, "n": 0, "option": options[0]}); status != http.StatusBadRequest {
		t.Errorf("a closed modal was used: got %d", status)
	}
	p.must("type", object{"where": "channel", "text": "who am I"})
	p.must("shortcut", object{"id": "find_author", "entry": p.look().last().ID})
	p.until("the author", func(s shown) bool { return bytes.Contains(s.Modal, []byte("Patricia Boyle")) })
}

func TestTheHomeTabOfThePage(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	if got := p.look().Home; string(got) != "null" {
		t.Errorf("before it is opened: got %s", got)
	}
	p.must("home", object{})
	p.until("the Home tab", func(s shown) bool { return bytes.Contains(s.Home, []byte("Patricia Boyle")) })
}

// TestAnAuditOfThePage is signed after a restart, by the button from before.
func TestAnAuditOfThePage(t *testing.T) {
	dir := t.TempDir()
	p := open(t, local.WorldOptions{Dir: dir})
	p.must("job", object{"job": "admin-audit"})
	s := p.look()
	post, _ := s.with("Acknowledge")
	csv := s.last()
	if len(csv.Files) != 1 || csv.Thread != post.ID || !strings.HasSuffix(csv.Files[0].Name, ".csv") {
		t.Fatalf("got %s", s.texts())
	}
	if x := s.Exchanges[len(s.Exchanges)-1]; x.What != "job admin-audit" || x.MS == nil || x.Error != "" {
		t.Errorf("got %+v", x)
	}
	p.must("world", object{"advance": 24 * 3600})
	if got := p.ask("/crmstatus"); !strings.Contains(got.text(), "Last audit: 24 hours ago") {
		t.Errorf("a day later: got %s", got.text())
	}
	p.stop()

	p = open(t, local.WorldOptions{Dir: dir})
	reply, err := http.Get(p.url + "/api/file/" + csv.Files[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if data, err := io.ReadAll(reply.Body); err != nil || !bytes.Contains(data, []byte("patricia.a+us@zohotest.com")) || !strings.Contains(reply.Header.Get("Content-Disposition"), ".csv") {
		t.Errorf("got %s, %v, %v", data, reply.Header, err)
	}
	p.must("use", object{"entry": post.ID, "n": post.nth(t, "Question")})
	var view struct{ ID string }
	s = p.look()
	if err := json.Unmarshal(s.Modal, &view); err != nil || view.ID == "" {
		t.Fatalf("got %s, %v", s.Modal, err)
	}
	if status, out := p.call("submit", object{"view": view.ID, "values": object{"What is wrong or unclear?": ""}}); status != http.StatusBadRequest {
		t.Errorf("an empty question: got %d %v", status, out)
	}
	p.must("close", object{"view": view.ID})
	if post, ok := p.press(post, "Acknowledge").with("Acknowledged by @U0SAMPLE"); !ok || !post.Edited {
		t.Errorf("got %s", p.look().texts())
	}
}

// TestAQuestionOfThePage is asked for in a modal, which then says that it came.
func TestAQuestionOfThePage(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	p.must("job", object{"job": "admin-audit"})
	post, _ := p.look().with("Acknowledge")
	p.press(post, "Question")
	var view struct{ ID string }
	if err := json.Unmarshal(p.look().Modal, &view); err != nil {
		t.Fatal(err)
	}
	p.must("submit", object{"view": view.ID, "values": object{"What is wrong or unclear?": "Who is that?"}})
	s := p.until("the question", func(s shown) bool { return bytes.Contains(s.Modal, []byte("You questioned")) })
	if _, ok := s.with("Questioned by @U0SAMPLE"); !ok {
		t.Errorf("got %s", s.texts())
	}
}

// TestBadDaysOfThePage are answered from the list that there is, with its age and
// the reason.
func TestBadDaysOfThePage(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	p.must("world", object{"day": "down"})
	p.must("world", object{"advance": 660})
	if got := p.ask("/crmuser kim"); !strings.Contains(got.text(), "Kim\n") || !strings.Contains(got.text(), "11 min") {
		t.Errorf("down: got %s", got.text())
	}
	s := p.look()
	if s.World.Day != "down" || s.World.Ahead != 660 {
		t.Errorf("got %+v", s.World)
	}
	if x, l := s.Exchanges[len(s.Exchanges)-1], s.Lines[len(s.Lines)-1]; l.Exchange != x.ID || l.At < x.At {
		t.Errorf("a line of another time than its exchange: got %d, want %d or later", l.At, x.At)
	}
	p.must("world", object{"day": "dead"})
	p.must("job", object{"job": "directory-sync"})
	if _, ok := p.look().with("crmwho setup"); !ok {
		t.Errorf("no notice: %s", p.look().texts())
	}
	p.must("world", object{"day": "well"})
	p.must("job", object{"job": "directory-sync"})
	if got := p.ask("/crmuser lee"); !strings.Contains(got.text(), "read just now") {
		t.Errorf("well again: got %s", got.text())
	}
	for _, wrong := range []object{{"day": "odd"}, {"advance": -1}, {"advance": 400 * 24 * 3600}, {"organisation": "7"}} {
		if status, _ := p.call("world", wrong); status != http.StatusBadRequest {
			t.Errorf("%v: got %d", wrong, status)
		}
	}
}

// TestPeopleOfThePage are changed in the played CRM, and stay so after a restart.
func TestPeopleOfThePage(t *testing.T) {
	dir := t.TempDir()
	p := open(t, local.WorldOptions{Dir: dir})
	people, _ := p.must("people", object{"typed": "kim"})["people"].([]any)
	if len(people) != 1 {
		t.Fatalf("got %v", people)
	}
	kim := people[0].(object)["id"]
	p.must("person", object{"id": kim, "do": "promote"})
	p.must("world", object{"advance": 3600})
	if got := p.ask("/crmadmins"); !strings.HasPrefix(got.text(), "2 admins") {
		t.Errorf("got %s", got.text())
	}
	p.must("person", object{"id": kim, "do": "demote"})
	p.must("person", object{"id": kim, "do": "disable"})
	p.stop()
	p = open(t, local.WorldOptions{Dir: dir})
	if s := p.look(); s.World.Ahead != 3600 || time.Until(time.UnixMilli(s.World.Now)) < 50*time.Minute {
		t.Errorf("after a restart: got the time %v, %d s ahead", time.UnixMilli(s.World.Now), s.World.Ahead)
	}
	if got := p.ask("/crmuser kim"); !strings.HasPrefix(got.text(), "⚠ Disabled") {
		t.Errorf("after a restart: got %s", got.text())
	}
	p.must("person", object{"id": kim, "do": "enable"})
	for _, wrong := range []object{{"id": kim, "do": "marry"}, {"id": "1", "do": "promote"}} {
		if status, _ := p.call("person", wrong); status != http.StatusBadRequest {
			t.Errorf("%v: got %d", wrong, status)
		}
	}
}

// TestOrganisationsOfThePage each have a history of their own.
func TestOrganisationsOfThePage(t *testing.T) {
	dir := t.TempDir()
	p := open(t, local.WorldOptions{Dir: dir})
	p.ask("/crmuser kim")
	p.must("world", object{"organisation": "500"})
	if s := p.look(); s.World.Organisation != "500" || s.World.People != 500 || len(s.Entries) != 0 || len(s.World.Askers) < 10 {
		t.Errorf("got %+v, %s", s.World, s.texts())
	}
	if got := p.ask("/crmusers by role"); !strings.HasPrefix(got.text(), "500 people by role") {
		t.Errorf("got %s", got.text())
	}
	p.stop()
	p = open(t, local.WorldOptions{Dir: dir})
	if s := p.look(); s.World.Organisation != "500" || len(s.Entries) != 2 {
		t.Errorf("after a restart: got %+v, %s", s.World, s.texts())
	}
	p.must("world", object{"organisation": "sample"})
	if s := p.look(); len(s.Entries) != 2 || !strings.Contains(s.texts(), "Kim\n") {
		t.Errorf("back: got %s", s.texts())
	}
}

// TestTheFolderOfThePage is for one World at a time, and for one user.
func TestTheFolderOfThePage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "crmwho")
	p := open(t, local.WorldOptions{Dir: dir})
	p.ask("/crmuser kim")
	if _, err := local.Open(t.Context(), local.WorldOptions{Dir: dir}); !errors.Is(err, local.ErrInUse) {
		t.Errorf("a second one: got %v", err)
	}
	p.stop()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, _ := d.Info()
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	p = open(t, local.WorldOptions{Dir: dir, Fresh: true})
	if s := p.look(); len(s.Entries) != 0 {
		t.Errorf("fresh: got %s", s.texts())
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("what is not the page's: %v", err)
	}
}

// TestARealCRM is asked, and not changed.
func TestARealCRM(t *testing.T) {
	zoho := zohosim.New(zohosim.Config{})
	listener, err := local.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: zoho, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	accounts := "http://" + listener.Addr().String()
	dir := t.TempDir()
	secrets := store.Folder{Dir: dir}
	client, _ := json.Marshal(object{"client_id": zoho.ClientID, "client_secret": zoho.ClientSecret, "refresh_token": zoho.RefreshToken, "accounts_server": accounts})
	if _, err := secrets.WriteIfUnchanged(t.Context(), "oauth-client", client, store.Absent); err != nil {
		t.Fatal(err)
	}
	o := local.WorldOptions{Dir: dir, Name: accounts, CRM: &local.CRM{Secrets: secrets, AccountsURL: accounts, AllowLoopback: true}}
	p := open(t, o)
	if got := p.ask("/crmuser lee"); !strings.Contains(got.text(), "Lee\n") {
		t.Errorf("got %s", got.text())
	}
	if s := p.look(); s.World.Real != accounts || s.World.Organisation != "crm" {
		t.Errorf("got %+v", s.World)
	}
	for name, in := range map[string]object{
		"world": {"day": "down"}, "person": {"id": "5725767000000411001", "do": "disable"},
	} {
		if status, out := p.call(name, in); status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(out["error"]), "real Zoho CRM") {
			t.Errorf("%s: got %d %v", name, status, out)
		}
	}
	for _, in := range []object{{"organisation": "500"}, {"advance": 60}} {
		if status, _ := p.call("world", in); status != http.StatusBadRequest {
			t.Errorf("%v: got %d", in, status)
		}
	}
}

// TestThePageAnswersItself and nobody else.
func TestThePageAnswersItself(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	host := strings.TrimPrefix(p.url, "http://")
	local := strings.Replace(host, "127.0.0.1", "localhost", 1)
	for name, test := range map[string]struct {
		method, path, host string
		header             http.Header
		want               int
	}{
		"the page":                {"GET", "/", host, nil, 200},
		"by its other name":       {"GET", "/", local, nil, 200},
		"a call":                  {"POST", "/api/type", host, http.Header{"Origin": {p.url}}, 200},
		"by its other name too":   {"POST", "/api/type", local, http.Header{"Origin": {"http://" + local}}, 200},
		"from another site":       {"POST", "/api/type", host, http.Header{"Origin": {"https://zoho.example"}}, 403},
		"from nowhere":            {"POST", "/api/type", host, nil, 403},
		"from a file":             {"POST", "/api/type", host, http.Header{"Origin": {"null"}}, 403},
		"from another port":       {"POST", "/api/type", host, http.Header{"Origin": {"http://127.0.0.1:1"}}, 403},
		"from the other name":     {"POST", "/api/type", host, http.Header{"Origin": {"http://" + local}}, 403},
		"a stranger's name":       {"GET", "/", "zoho.example", nil, 403},
		"a stranger's, with port": {"GET", "/api/events", "zoho.example:" + strings.Split(host, ":")[1], nil, 403},
		"another port's name":     {"GET", "/", "127.0.0.1:1", nil, 403},
		"events for another site": {"GET", "/api/events", host, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"events for another port": {"GET", "/api/events", host, http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		"a file for another site": {"GET", "/api/file/F1", host, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"a link from elsewhere":   {"GET", "/", host, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 200},
		"its icon":                {"GET", "/favicon.ico", host, nil, 204},
		"no such file":            {"GET", "/api/file/F1", host, nil, 404},
		"nothing there":           {"GET", "/slack/commands", host, nil, 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), test.method, p.url+test.path, strings.NewReader(`{"where":"channel","text":"/crmuser kim"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.Header = test.host, test.header.Clone()
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Content-Type", "application/json")
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if reply.StatusCode != test.want {
			t.Errorf("%s: got %d, want %d", name, reply.StatusCode, test.want)
		}
		if policy := reply.Header.Get("Content-Security-Policy"); test.want == 200 && !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") {
			t.Errorf("%s: got the policy %q", name, policy)
		}
	}
}

func TestCallsThatCannotBeRead(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	for body, kind := range map[string]string{
		`{`: "application/json", `[]`: "application/json", `{}`: "text/plain",
		`{"text":"` + strings.Repeat("a", 70<<10) + `"}`: "application/json",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/api/type", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", p.url)
		r.Header.Set("Content-Type", kind)
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if reply.StatusCode != http.StatusBadRequest {
			t.Errorf("%.20s as %s: got %d", body, kind, reply.StatusCode)
		}
	}
}

// linked are the files that the page loads.
var linked = regexp.MustCompile(`(?:src|href|from|import)[= ]*["'](?:\./|/page/)([a-z]+\.(?:js|css))["']`)

// TestThePageIsSmall: all that a first look loads, compressed.
func TestThePageIsSmall(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	size, seen := 0, map[string]bool{}
	for next := []string{""}; len(next) > 0; next = next[1:] {
		path := "/page/" + next[0]
		if next[0] == "" {
			path = "/"
		}
		reply, err := http.Get(p.url + path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		if err != nil || reply.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d, %v", path, reply.StatusCode, err)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(data)
		_ = z.Close()
		size += packed.Len()
		for _, match := range linked.FindAllSubmatch(data, -1) {
			if name := string(match[1]); !seen[name] {
				seen[name], next = true, append(next, name)
			}
		}
	}
	if t.Logf("%d files, %d bytes compressed", len(seen)+1, size); size > 300_000 || len(seen) < 3 {
		t.Errorf("got %d bytes, want fewer than 300000, in %v", size, seen)
	}
}
