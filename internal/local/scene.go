package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// scene is one organisation with its bot, its Slack and what was said there.
type scene struct {
	organisation organisation
	bot          *Bot
	zoho         *zohosim.Zoho // nil: it is a real one
	store        store.Folder
	emit         func(name string, value any) // tells the page; called with the lock held
	log          *slog.Logger
	life         context.Context // of all that goes on in it
	end          context.CancelFunc
	ahead        atomic.Int64 // of this computer's clock, a time.Duration
	dirty        chan struct{}
	saving       sync.WaitGroup
	unsaved      bool // the last save failed, and that was said

	mu    sync.Mutex // for what follows
	kept  kept
	modal string // id of the view that was opened last
	day   string
	hooks map[string]source // by response URL
}

// kept is what outlives a restart.
type kept struct {
	Asker     string          `json:"asker"`
	Members   []member        `json:"members"`
	Ahead     time.Duration   `json:"ahead"`
	Changes   []change        `json:"changes"` // of people, in order
	Next      int             `json:"next"`    // the number that was given last
	Entries   []*entry        `json:"entries"`
	Exchanges []*exchange     `json:"exchanges"`
	Lines     []line          `json:"lines"`
	Slack     json.RawMessage `json:"slack,omitempty"`
}

// member is somebody in the played Slack who may ask.
type member struct {
	Slack string `json:"id"`
	Name  string `json:"name"`
	Note  string `json:"note"`
	Email string `json:"email,omitempty"`
	Zone  string `json:"zone,omitempty"`
}

// historyName is where it is kept in a scene's folder.
const historyName = "page/history"

// historyFile is its file, as store.Folder calls it.
const historyFile = "value-page%2fhistory"

// open starts a scene where it was left.
func (s *scene) open(o Options) error {
	s.bot = &Bot{seen: map[string]string{}, slack: newSlack()}
	s.bot.slack.Posted = s.posted
	if err := s.recall(); err != nil {
		return err
	}
	if o.CRM == nil {
		if err := s.playZoho(); err != nil {
			return err
		}
		s.replay()
	}
	o.Store, o.Zoho, o.Log, o.now, o.patience, o.function = s.store, s.zoho, s.log, s.now, readEverybody, usersQuery
	if err := s.bot.start(s.life, o); err != nil {
		return err
	}
	s.introduce()
	s.meet()
	s.saving.Go(s.keepSaving)
	return nil
}

// playZoho makes the played Zoho. With many people that takes seconds, for which
// nobody waits who ends the scene.
func (s *scene) playZoho() error {
	made := make(chan *zohosim.Zoho, 1)
	go func() { made <- zohosim.New(s.config()) }()
	select {
	case s.zoho = <-made:
		return nil
	case <-s.life.Done():
		return s.life.Err()
	}
}

// config is that of a Zoho with the organisation.
func (s *scene) config() zohosim.Config {
	c := zohosim.Config{Now: s.now}
	if n := s.organisation.size; n > 0 {
		generated := zohosim.Generate(n, n)
		c.Organisation = &generated
	}
	return c
}

// readEverybody bounds the first read of an organisation's people.
const readEverybody = time.Minute

// close ends a scene and all that goes on in it, and keeps it.
func (s *scene) close() {
	s.end()
	s.bot.Stop()
	s.saving.Wait()
	s.save()
}

// now is the time of the scene.
func (s *scene) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// recall reads what was kept, if anything was.
func (s *scene) recall() error {
	s.kept = kept{Asker: slacksim.User}
	s.hooks, s.day, s.dirty = map[string]source{}, days[0].ID, make(chan struct{}, 1)
	v, err := s.store.Read(s.life, historyName)
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if json.Unmarshal(v.Data, &s.kept) != nil || !s.whole() || s.bot.slack.Load(s.kept.Slack) != nil {
		return fmt.Errorf("the history in %s is not as crmwho serve writes it: move it away to start without it, the audits beside it stay",
			filepath.Join(s.store.Dir, historyFile))
	}
	s.ahead.Store(int64(s.kept.Ahead))
	for _, x := range s.kept.Exchanges { // one that was under way never ends
		if x.MS == nil {
			x.MS, x.Error = new(int64), errStopped.Error()
		}
	}
	return nil
}

// whole reports whether all that was kept can be gone on with.
func (s *scene) whole() bool {
	k := s.kept
	return k.Ahead >= 0 && k.Ahead <= maxAhead && s.isMember(k.Asker) &&
		!slices.Contains(k.Entries, nil) && !slices.Contains(k.Exchanges, nil) &&
		!slices.ContainsFunc(k.Changes, func(c change) bool { return changes[c.Do] == nil })
}

// changed has the scene saved soon. It is called with the lock held.
func (s *scene) changed() {
	select {
	case s.dirty <- struct{}{}:
	default: // it will be
	}
}

// saveEvery is how long changes are gathered before they are saved.
const saveEvery = 300 * time.Millisecond

func (s *scene) keepSaving() {
	for {
		select {
		case <-s.life.Done():
			return
		case <-s.dirty:
		}
		s.save()
		select {
		case <-s.life.Done():
			return
		case <-time.After(saveEvery):
		}
	}
}

// save keeps the scene. If it cannot, the log says so once: the line about it is
// to be kept too.
func (s *scene) save() {
	err := s.write()
	if err != nil && !s.unsaved {
		s.log.Error("history not kept", "err", err)
	}
	s.unsaved = err != nil
}

// write takes the place of whatever is there: nobody else writes in the folder.
func (s *scene) write() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), readEverybody)
	defer cancel()
	data, err := s.history()
	if err != nil {
		return err
	}
	before, err := s.store.Read(ctx, historyName)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return err
	}
	_, err = s.store.WriteIfUnchanged(ctx, historyName, data, before.Version)
	return err
}

// history is what is kept, in JSON.
func (s *scene) history() (data []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept.Slack, err = s.bot.slack.Save(); err != nil {
		return nil, err
	}
	return encode(s.kept), nil
}

// inSlack is how many people of an organisation are in the played Slack.
const inSlack = 12

// meet makes people of the organisation members of Slack: those who are there
// when it is read for the first time. It reports whether that was now.
func (s *scene) meet() bool {
	if s.hasMet() {
		return false
	}
	v, ok := s.bot.bot.People.RecallView(s.life)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || len(s.kept.Members) > 0 {
		return false
	}
	for _, u := range first(v) {
		s.kept.Members = append(s.kept.Members, memberOf(u, len(s.kept.Members)))
	}
	s.introduce()
	s.changed()
	return true
}

func (s *scene) hasMet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept.Members) > 0
}

// introduce tells Slack of its members.
func (s *scene) introduce() {
	known := map[string]slacksim.Person{}
	for _, m := range s.members() {
		known[m.Slack] = slacksim.Person{Name: m.Name, Email: m.Email, TimeZone: m.Zone}
	}
	s.bot.slack.Meet(known)
}

// first are active people of an organisation, admins before others.
func first(v directory.View) (all []zoho.User) {
	for _, admins := range []bool{true, false} {
		for u, admin := range v.Everyone() {
			if u.Active() && u.Email != "" && admin == admins && len(all) < inSlack {
				all = append(all, u)
			}
		}
	}
	return all
}

func memberOf(u zoho.User, n int) member {
	m := member{Slack: slacksim.User, Name: u.FullName, Note: u.Profile.Name + " profile", Email: u.Email, Zone: u.TimeZone}
	if n > 0 {
		m.Slack = fmt.Sprintf("%s%02d", slacksim.User, n+1)
	}
	return m
}

// members are all who may ask: at least somebody whom the CRM does not know, and
// the guest.
func (s *scene) members() []member {
	all := slices.Clone(s.kept.Members)
	if len(all) == 0 {
		all = append(all, member{Slack: slacksim.User, Name: "Sample User", Note: "the people of the CRM have not been read yet"})
	}
	return append(all, member{Slack: guest, Name: guestName, Note: "not in the CRM; sees neither owners nor admins"})
}

func (s *scene) isMember(id string) bool {
	return slices.ContainsFunc(s.members(), func(m member) bool { return m.Slack == id })
}
