package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
)

// World is a bot, the Slack that asks it and the Zoho CRM that it asks, on one
// computer, with a page that plays Slack's windows and has the controls of it
// all. What was said is kept in a folder. It is safe for concurrent use.
type World struct {
	o    WorldOptions
	lock *flock.Flock
	life context.Context // of all its scenes
	end  context.CancelFunc

	swap sync.Mutex // held while the organisation changes

	mu        sync.Mutex // for what follows
	scene     *scene     // nil while another one is made
	busy      string     // what takes long, in words
	listeners map[chan event]bool
}

// WorldOptions say how a World is.
type WorldOptions struct {
	Dir     string       // where it keeps what was said, below "page"; made if need be, for this user alone
	Fresh   bool         // forget what was kept
	CRM     *CRM         // a real one; nil: Zoho is played
	Name    string       // of the real one, for people: its accounts server
	Version string       // of the program
	Log     slog.Handler // takes the lines that the page shows as well; nil: the page alone
}

// organisation is one that can be played.
type organisation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	size int
}

// organisations are those that the page offers, the first one at first.
var organisations = []organisation{
	{"sample", "Zoho's documented sample, 15 people", 0},
	{"500", "Generated, 500 people", 500},
	{"5000", "Generated, 5,000 people", 5_000},
	{"50000", "Generated, 50,000 people", 50_000},
}

// ErrInUse says that another World has the folder.
var ErrInUse = errors.New("crmwho serve runs already over this folder: use its page, or give another folder with --dir")

// Open makes a World. Close ends it.
func Open(ctx context.Context, o WorldOptions) (*World, error) {
	o.Dir = filepath.Join(o.Dir, "page")
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for what is said: %w", err)
	}
	w := &World{o: o, lock: flock.New(filepath.Join(o.Dir, "serve.lock"), flock.SetPermissions(0o600)), listeners: map[chan event]bool{}}
	locked, err := w.lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the folder for what is said: %w", err)
	case !locked:
		return nil, ErrInUse
	}
	w.life, w.end = context.WithCancel(ctx)
	if err = w.open(); err != nil {
		w.end()
		err = errors.Join(err, w.lock.Unlock())
	}
	return w, err
}

func (w *World) open() error {
	if w.o.Fresh {
		if err := w.forget(); err != nil {
			return err
		}
	}
	return w.enter(w.last())
}

// forget removes what was kept of what is played here: what was said about a
// real CRM outlives that of played ones, and the other way round.
func (w *World) forget() (err error) {
	names := []string{realID}
	if w.o.CRM == nil {
		names = []string{lastFile}
		for _, o := range organisations {
			names = append(names, o.ID)
		}
	}
	for _, name := range names {
		err = errors.Join(err, os.RemoveAll(filepath.Join(w.o.Dir, name)))
	}
	return err
}

// realID is that of the organisation of a real CRM.
const realID = "crm"

// RealHistory is where a World over a folder keeps the list of people and the
// audits of a real CRM. It may not be there yet.
func RealHistory(dir string) store.Store {
	return store.Folder{Dir: filepath.Join(dir, "page", realID)}
}

// lastFile has the id of the organisation that was played last.
const lastFile = "organisation"

// last is the organisation that was there last.
func (w *World) last() organisation {
	if w.o.CRM != nil {
		return organisation{ID: realID, Name: w.o.Name}
	}
	id, _ := os.ReadFile(filepath.Join(w.o.Dir, lastFile)) // without one the first is played
	o, _ := organisationOf(strings.TrimSpace(string(id)))
	return o
}

// organisationOf is the one with an id; the first if it is none's.
func organisationOf(id string) (o organisation, ok bool) {
	i := slices.IndexFunc(organisations, func(o organisation) bool { return o.ID == id })
	return organisations[max(0, i)], i >= 0
}

// Close ends it, also while the organisation changes, and keeps what was said.
func (w *World) Close() error {
	w.end()
	w.swap.Lock()
	defer w.swap.Unlock()
	w.leave("")
	w.mu.Lock()
	for l := range w.listeners {
		w.hangUp(l)
	}
	w.mu.Unlock()
	return w.lock.Unlock()
}

// play changes the organisation. It goes back to the one before if the other
// cannot be played.
func (w *World) play(id string) error {
	o, ok := organisationOf(id)
	switch {
	case w.o.CRM != nil:
		return errRealCRM
	case !ok:
		return errors.New("there is no such organisation")
	case !w.swap.TryLock():
		return errBusy
	}
	defer w.swap.Unlock()
	before := w.leave("Reading " + o.Name)
	err := w.enter(o)
	if err != nil && before != nil {
		err = errors.Join(err, w.enter(before.organisation))
	}
	if w.current() == nil {
		w.leave("No organisation could be read. Start the bot again.")
	}
	return err
}

// errBusy is for whoever does something meanwhile.
var errBusy = errors.New("another organisation is being read: wait a moment")

// leave ends the scene, if there is one, and gives it. Until another one is
// entered the page shows why there is none.
func (w *World) leave(busy string) *scene {
	w.mu.Lock()
	s := w.scene
	w.scene, w.busy = nil, busy
	w.mu.Unlock()
	if busy != "" {
		w.tell(nil, "world", w.state(nil))
	}
	if s != nil {
		s.close()
	}
	return s
}

// enter starts a scene. It starts none once the World ends.
func (w *World) enter(o organisation) error {
	s := &scene{organisation: o, store: store.Folder{Dir: filepath.Join(w.o.Dir, o.ID)}}
	s.life, s.end = context.WithCancel(w.life)
	s.log = slog.New(lineHandler{take: s.takeLine, also: w.o.Log})
	s.emit = func(name string, value any) { w.tell(s, name, value) }
	if err := s.open(Options{CRM: w.o.CRM, Version: w.o.Version}); err != nil {
		s.end()
		return err
	}
	if w.o.CRM == nil {
		w.remember(s)
	}
	w.mu.Lock()
	w.scene, w.busy = s, ""
	w.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit("reset", w.whole(s))
	return nil
}

// remember makes the organisation of a scene the one that is there first next
// time.
func (w *World) remember(s *scene) {
	if err := os.WriteFile(filepath.Join(w.o.Dir, lastFile), []byte(s.organisation.ID), 0o600); err != nil {
		s.log.Error("organisation not kept", "err", err)
	}
}

// current is the scene that is played; nil while there is none.
func (w *World) current() *scene {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.scene
}

// ask makes another member the one who asks.
func (w *World) ask(s *scene, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isMember(id) {
		return errors.New("there is no such person in this Slack")
	}
	s.kept.Asker = id
	s.bot.slack.Close(s.modal)
	s.modal = ""
	s.changed()
	s.emit("reset", w.whole(s))
	return nil
}

// event is something that the page is told.
type event struct {
	name string
	data []byte
}

// waiting is how much a page may be behind before it is asked to begin anew.
const waiting = 256

// listen gives what the page shows now, and what comes from then on until leave
// is called. The channel is closed when the page has to begin anew.
func (w *World) listen() (first event, rest chan event, leave func()) {
	rest = make(chan event, waiting)
	for joined := false; !joined; {
		first, joined = w.join(w.current(), rest)
	}
	return first, rest, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hangUp(rest)
	}
}

// join gives all that a scene shows, and makes the page hear of what changes
// from then on. It is not ok if another scene is played meanwhile.
func (w *World) join(s *scene, page chan event) (first event, ok bool) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	w.mu.Lock()
	if ok = w.scene == s; ok {
		w.listeners[page] = true
	}
	w.mu.Unlock()
	if !ok {
		return first, false
	}
	return encoded("reset", w.whole(s)), true
}

// hangUp ends what a page is told. It is called with the lock held.
func (w *World) hangUp(l chan event) {
	if w.listeners[l] {
		delete(w.listeners, l)
		close(l)
	}
}

func encoded(name string, value any) event { return event{name, encode(value)} }

// encode writes JSON in one line, in which messages stand as the app wrote them.
func encode(value any) []byte {
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // our own types are representable
	}
	return bytes.TrimRight(data.Bytes(), "\n")
}

// tell tells all pages what has changed in a scene, or while there is none: nil.
// It says nothing once that is no longer so. A page that does not keep up has to
// begin anew.
func (w *World) tell(of *scene, name string, value any) {
	e := encoded(name, value)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.scene != of {
		return
	}
	for l := range w.listeners {
		select {
		case l <- e:
		default:
			w.hangUp(l)
		}
	}
}

// tellState tells all pages how the world is now.
func (w *World) tellState(s *scene) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit("world", w.state(s))
}

// whole is everything that the page shows.
type whole struct {
	World     state           `json:"world"`
	Entries   []*entry        `json:"entries"`
	Exchanges []*exchange     `json:"exchanges"`
	Lines     []line          `json:"lines"`
	Modal     json.RawMessage `json:"modal"`
	Home      json.RawMessage `json:"home"`
}

// whole is called with the lock of the scene held, if there is one.
func (w *World) whole(s *scene) whole {
	all := whole{World: w.state(s), Entries: []*entry{}, Exchanges: []*exchange{}, Lines: []line{}}
	if s == nil {
		return all
	}
	for _, e := range s.kept.Entries {
		if s.sees(e) {
			all.Entries = append(all.Entries, e)
		}
	}
	all.Exchanges, all.Lines = append(all.Exchanges, s.kept.Exchanges...), append(all.Lines, s.kept.Lines...)
	all.Modal, all.Home = s.shownModal(), s.home()
	return all
}

// state is how the world is.
type state struct {
	Organisation  string         `json:"organisation"`
	Organisations []organisation `json:"organisations"`
	Real          string         `json:"real"` // name of the real CRM; empty: Zoho is played
	Busy          string         `json:"busy"`
	Asker         string         `json:"asker"`
	Askers        []member       `json:"askers"`
	Day           string         `json:"day"`
	Days          []day          `json:"days"`
	Now           int64          `json:"now"`   // in milliseconds
	Ahead         int64          `json:"ahead"` // in seconds
	People        int            `json:"people"`
	Commands      []listed       `json:"commands"`
	Shortcuts     []listed       `json:"shortcuts"`
	Channel       listed         `json:"channel"`
	App           listed         `json:"app"`
	Version       string         `json:"version"`
}

// listed is something with a name.
type listed struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Hint        string `json:"hint,omitempty"`
	Kind        string `json:"kind,omitempty"` // of a shortcut: "global" or "message"
}

// state is called with the lock of the scene held, if there is one.
func (w *World) state(s *scene) state {
	st := state{
		Organisations: organisations, Days: days, Version: w.o.Version, Now: time.Now().UnixMilli(), Askers: []member{},
		Channel: listed{ID: slacksim.Channel, Name: "sample-channel"}, App: listed{ID: slacksim.Bot, Name: "crmwho"},
		Shortcuts: []listed{
			{ID: slackfmt.CallbackFind, Name: "Find a person", Kind: "global"},
			{ID: slackfmt.CallbackAuthor, Name: "Who wrote this?", Kind: "message"},
		},
	}
	for _, c := range slackfmt.Commands() {
		st.Commands = append(st.Commands, listed{Name: c.Name, Description: c.Description, Hint: c.Hint})
	}
	w.mu.Lock()
	st.Busy = w.busy
	w.mu.Unlock()
	if w.o.CRM != nil {
		st.Real = w.o.Name
	}
	if s != nil {
		st.Organisation, st.Asker, st.Askers, st.Day = s.organisation.ID, s.kept.Asker, s.members(), s.day
		st.Now, st.Ahead = s.now().UnixMilli(), int64(s.kept.Ahead/time.Second)
		st.People = s.bot.bot.People.State().Count
	}
	return st
}
