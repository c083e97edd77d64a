package local_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"crmwho/internal/local"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
)

// mirror is what a page makes of the events that it is told.
type mirror struct {
	World     object
	Entries   []object
	Exchanges []object
	Lines     []object
	Modal     any
	Home      any
}

// take takes an event over.
func (m *mirror) take(name string, data []byte) error {
	var one object
	switch name {
	case "reset":
		*m = mirror{}
		return json.Unmarshal(data, m)
	case "world":
		m.World = nil
		return json.Unmarshal(data, &m.World)
	case "modal":
		return json.Unmarshal(data, &m.Modal)
	case "home":
		return json.Unmarshal(data, &m.Home)
	}
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	switch name {
	case "entry":
		m.Entries = put(m.Entries, one)
	case "exchange":
		m.Exchanges = put(m.Exchanges, one)
	case "line":
		m.Lines = append(m.Lines, one)
	default:
		return fmt.Errorf("no such event: %s", name)
	}
	return nil
}

// put puts one in its place, or takes it away.
func put(all []object, one object) []object {
	i := slices.IndexFunc(all, func(o object) bool { return o["id"] == one["id"] })
	switch {
	case one["gone"] == true:
		return slices.DeleteFunc(all, func(o object) bool { return o["id"] == one["id"] })
	case i < 0:
		return append(all, one)
	}
	all[i] = one
	return all
}

// differs tells where a mirror is not like another. Views are left out: Slack
// has them a moment before the page hears of it.
func (m mirror) differs(other mirror) string {
	for what, both := range map[string][2][]object{
		"entries": {m.Entries, other.Entries}, "exchanges": {m.Exchanges, other.Exchanges}, "lines": {m.Lines, other.Lines},
	} {
		if !reflect.DeepEqual(both[0], both[1]) {
			return fmt.Sprintf("%s: got %.2000v, want %.2000v", what, both[0], both[1])
		}
	}
	return ""
}

// stream is a page's connection for events.
type stream struct {
	*bufio.Reader
	mirror mirror
	resets int    // that came but for the first
	lost   string // how the mirror differed from a reset
}

// follow opens a connection for events.
func (p *page) follow() *stream {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/events", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	s := &stream{Reader: bufio.NewReader(reply.Body)}
	p.t.Cleanup(func() { cancel(); reply.Body.Close() })
	return s
}

// next takes one event over.
func (s *stream) next() error {
	var lines [3]string
	for i := range lines {
		var err error
		if lines[i], err = s.ReadString('\n'); err != nil {
			return err
		}
	}
	before := s.mirror
	name := strings.TrimSpace(strings.TrimPrefix(lines[0], "event: "))
	if err := s.mirror.take(name, []byte(strings.TrimPrefix(lines[1], "data: "))); err != nil {
		return err
	}
	if name == "reset" && before.World != nil {
		s.resets++
		s.lost = cmp.Or(s.lost, before.differs(s.mirror))
	}
	return nil
}

// until takes events over until the mirror shows something.
func (s *stream) until(t *testing.T, is func(mirror) bool) {
	t.Helper()
	for !is(s.mirror) {
		if err := s.next(); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestNoEventIsLost: whenever a page comes and is told everything anew, that is
// what it had made of the events before. One that does not read holds nobody up.
func TestNoEventIsLost(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	p.follow() // and never reads
	var busy, reading sync.WaitGroup
	for i := range 4 {
		busy.Go(func() {
			for range 5 {
				p.try("type", object{"where": "channel", "text": []string{"/crmuser kim", "good morning", "/crmadmins audit", "/crmowner gentest"}[i]})
				p.try("shortcut", object{"id": "find_person"})
				p.try("home", object{})
				p.try("world", object{"asker": "U0SAMPLE"})
			}
		})
	}
	const last = "that was all"
	said := func(m mirror) bool {
		return slices.ContainsFunc(m.Entries, func(e object) bool { return strings.Contains(fmt.Sprint(e["body"]), last) })
	}
	for range 6 {
		reading.Go(func() {
			page := p.follow()
			page.until(t, said)
			end := page.resets + 1
			page.until(t, func(mirror) bool { return page.resets == end })
			if page.lost != "" {
				t.Error(page.lost)
			}
		})
	}
	busy.Wait()
	p.must("type", object{"where": "channel", "text": last})
	p.must("world", object{"asker": "U0SAMPLE"})
	reading.Wait()
}

// modal is the id of the one that is open.
func (p *page) modal() string {
	p.t.Helper()
	var view struct{ ID string }
	if err := json.Unmarshal(p.look().Modal, &view); err != nil {
		p.t.Fatal(err)
	}
	return view.ID
}

// TestPagesAcrossOrganisations: whenever a page comes, also while organisations
// change and much is asked at once, it ends at the one that is played.
func TestPagesAcrossOrganisations(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	var calls, pages sync.WaitGroup
	for i := range 20 {
		calls.Go(func() {
			in := object{"organisation": []string{"sample", "500"}[i%2]}
			p.call("world", in)
			p.call("type", object{"where": "channel", "text": "/crmuser kim"})
			p.call("world", in)
		})
		pages.Go(func() {
			p.follow().until(t, func(m mirror) bool { return m.World["organisation"] == "5000" })
		})
	}
	calls.Wait()
	p.must("world", object{"organisation": "5000"})
	pages.Wait()
}

// TestCloseEndsWhatIsUnderWay, also the reading of another organisation, after
// which none is played.
func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	dir := t.TempDir()
	p := open(t, local.WorldOptions{Dir: dir})
	seen := p.follow()
	ended := make(chan struct{})
	var asked sync.WaitGroup
	for i := range 10 {
		asked.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-ended:
					return
				default:
				}
				p.try("type", object{"where": "channel", "text": "/crmuser kim"})
				if i == 0 && n == 3 {
					p.try("world", object{"organisation": "5000"})
				}
			}
		})
	}
	seen.until(t, func(m mirror) bool { return m.World["busy"] == "Reading Generated, 5,000 people" })
	p.stop()
	close(ended)
	asked.Wait()
	p = open(t, local.WorldOptions{Dir: dir}) // nobody holds the folder
	p.ask("/crmuser kim")
}

// try makes a call whose answer does not matter.
func (p *page) try(name string, in object) {
	data, _ := json.Marshal(in) // texts are representable
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/"+name, bytes.NewReader(data))
	if err != nil {
		p.t.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", p.url)
	if reply, err := http.DefaultClient.Do(r); err == nil {
		reply.Body.Close()
	}
}

// TestAHistoryThatCannotBeRead stops the start with what to do, which costs the
// history and not the audits.
func TestAHistoryThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	p := open(t, local.WorldOptions{Dir: dir})
	p.must("job", object{"job": "admin-audit"})
	p.stop()
	name := filepath.Join(dir, "page", "sample", "value-page%2fhistory")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for what, history := range map[string]string{
		"truncated":             string(good[:len(good)/2]),
		"another program's":     `{"format":1}`,
		"not JSON":              "\x00",
		"a list":                `[]`,
		"nothing of what it is": `{}`,
		"no entry":              strings.Replace(string(good), `"entries":[`, `"entries":[null,`, 1),
		"no exchange":           strings.Replace(string(good), `"exchanges":[`, `"exchanges":[null,`, 1),
		"no such change":        strings.Replace(string(good), `"changes":null`, `"changes":[{"id":"1","do":"marry"}]`, 1),
		"a clock from nowhere":  strings.Replace(string(good), `"ahead":0`, `"ahead":-1`, 1),
		"nobody who asks":       strings.Replace(string(good), `"asker":"U0SAMPLE"`, `"asker":"U0NOBODY"`, 1),
	} {
		if err := os.WriteFile(name, []byte(history), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := local.Open(t.Context(), local.WorldOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	p = open(t, local.WorldOptions{Dir: dir})
	if got := p.ask("/crmadmins history"); !strings.Contains(got.text(), "Not signed") {
		t.Errorf("got %s", got.text())
	}
}

// TestAHistoryThatCannotBeKept is said in the log once, and costs no answer.
func TestAHistoryThatCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	p := open(t, local.WorldOptions{Dir: dir})
	folder := filepath.Join(dir, "page", "sample")
	if err := os.Rename(folder, folder+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lines := func(s shown) (n int) {
		for _, l := range s.Lines {
			if l.Msg == "history not kept" {
				n++
			}
		}
		return n
	}
	for range 5 {
		if got := p.ask("/crmuser kim"); !strings.Contains(got.text(), "Kim\n") {
			t.Errorf("got %s", got.text())
		}
		s := p.until("a line about it", func(s shown) bool { return lines(s) > 0 })
		if n := lines(s); n != 1 {
			t.Errorf("got %d lines, want one", n)
		}
	}
}

// TestFreshForgetsWhatIsPlayed, whatever the folder is called, and nothing of a
// real CRM.
func TestFreshForgetsWhatIsPlayed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my [odd folder*")
	p := open(t, local.WorldOptions{Dir: dir})
	p.must("world", object{"organisation": "500"})
	p.ask("/crmuser kim")
	p.stop()
	real := filepath.Join(dir, "page", "crm", "value-audit")
	if err := os.MkdirAll(filepath.Dir(real), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(real, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	p = open(t, local.WorldOptions{Dir: dir, Fresh: true})
	if s := p.look(); s.World.Organisation != "sample" || len(s.Entries) != 0 {
		t.Errorf("got %s, %s", s.World.Organisation, s.texts())
	}
	p.must("world", object{"organisation": "500"})
	if s := p.look(); len(s.Entries) != 0 {
		t.Errorf("got %s", s.texts())
	}
	if _, err := os.Stat(real); err != nil {
		t.Error(err)
	}
}

// TestWhatIsNotThereIsNotUsed, nor what is somebody else's.
func TestWhatIsNotThereIsNotUsed(t *testing.T) {
	p := open(t, local.WorldOptions{Dir: t.TempDir()})
	s := p.look()
	list := p.ask("/crmuser patricia")
	p.must("home", object{})
	p.until("the Home tab", func(s shown) bool { return string(s.Home) != "null" })
	var home struct{ ID string }
	if err := json.Unmarshal(p.look().Home, &home); err != nil {
		t.Fatal(err)
	}
	p.must("shortcut", object{"id": "find_person"})
	modal := p.modal()
	odd := object{"text": object{"type": "plain_text", "text": "Odd"}, "value": "odd"}
	wrong := []struct {
		call string
		in   object
	}{
		{"use", object{"entry": list.ID, "n": 1000}},
		{"use", object{"entry": list.ID, "n": -1}},
		{"use", object{"entry": list.ID, "n": 0, "option": odd}},
		{"use", object{"entry": list.ID, "n": 0, "option": "text"}},
		{"use", object{"entry": list.ID - 1, "n": 0}},
		{"use", object{"entry": 1 << 40, "n": 0}},
		{"use", object{"view": modal, "n": 0, "option": object{}}},
		{"use", object{"view": "V0NOBODY", "n": 0}},
		{"suggest", object{"entry": list.ID, "n": 0, "typed": "kim"}},
		{"suggest", object{"view": modal, "n": 0, "typed": ""}},
		{"submit", object{"view": home.ID}},
		{"submit", object{"view": modal, "values": object{"No such input": "kim"}}},
		{"shortcut", object{"id": "find_author", "entry": list.ID}},
		{"job", object{"job": "reboot"}},
		{"world", object{}},
		{"world", object{"advance": 1 << 62}},
		{"world", object{"advance": 18446744074}},
	}
	for _, w := range wrong {
		if status, out := p.call(w.call, w.in); status != http.StatusBadRequest || out["error"] == "" {
			t.Errorf("%s %v: got %d %v", w.call, w.in, status, out)
		}
	}
	p.must("world", object{"asker": s.World.Askers[1].ID})
	for _, in := range []object{{"entry": list.ID, "n": 0}, {"view": home.ID, "n": 0}, {"view": modal, "n": 0}} {
		if status, out := p.call("use", in); status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(out["error"]), "no longer there") {
			t.Errorf("somebody else's %v: got %d %v", in, status, out)
		}
	}
	if status, _ := p.call("submit", object{"view": modal}); status != http.StatusBadRequest {
		t.Errorf("somebody else's modal: got %d", status)
	}
}

// TestThePageByIPv6 answers there.
func TestThePageByIPv6(t *testing.T) {
	listener, err := local.Listen("[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	world, err := local.Open(t.Context(), local.WorldOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- world.Serve(ctx, listener) }()
	p := &page{t: t, url: "http://" + listener.Addr().String()}
	if got := p.ask("/crmuser kim"); !strings.Contains(got.text(), "Kim\n") {
		t.Errorf("got %s", got.text())
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestARealCRMThatIsDown opens the page, which says so and meets the people
// later.
func TestARealCRMThatIsDown(t *testing.T) {
	zoho := zohosim.New(zohosim.Config{})
	if err := zoho.AddFault(zohosim.Fault{Kind: zohosim.HTML, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := open(t, realOptions(t, dir, zoho))
	s := p.look()
	if s.World.People != 0 || len(s.World.Askers) != 2 || s.World.Askers[0].ID != s.World.Asker {
		t.Errorf("got %+v", s.World)
	}
	if got := p.ask("/crmuser kim"); !strings.Contains(got.text(), "crmwho setup") && !strings.Contains(got.text(), "Zoho") {
		t.Errorf("got %s", got.text())
	}
	zoho.ClearFaults()
	p.must("job", object{"job": "token-refresh"})
	p.must("job", object{"job": "directory-sync"})
	if s = p.look(); s.World.People != 15 || len(s.World.Askers) < 5 {
		t.Errorf("up again: got %+v", s.World)
	}
	if got := p.ask("/crmuser"); !strings.Contains(got.text(), "Patricia Boyle\n") {
		t.Errorf("up again: got %s", got.text())
	}
}

// realOptions are those of a World over a real CRM, which is played, with what
// setup leaves in a folder.
func realOptions(t *testing.T, dir string, zoho *zohosim.Zoho) local.WorldOptions {
	t.Helper()
	listener, err := local.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: zoho}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	accounts, secrets := "http://"+listener.Addr().String(), store.Folder{Dir: dir}
	client, err := json.Marshal(object{"client_id": zoho.ClientID, "client_secret": zoho.ClientSecret, "refresh_token": zoho.RefreshToken, "accounts_server": accounts})
	if err == nil {
		_, err = secrets.WriteIfUnchanged(t.Context(), "oauth-client", client, store.Absent)
	}
	if err != nil {
		t.Fatal(err)
	}
	return local.WorldOptions{Dir: dir, Name: accounts, CRM: &local.CRM{Secrets: secrets, AccountsURL: accounts, AllowLoopback: true}}
}
