package local

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"crmwho/internal/sim/slacksim"
)

// How much is remembered. What is older goes first.
const (
	maxEntries   = 400
	maxExchanges = 200
	maxLines     = 1000
)

// Where something was said.
const (
	inChannel = "channel"
	inDirect  = "dm" // with the app
)

// Kinds of entries.
const (
	kindTyped   = "typed"   // what somebody typed as a command
	kindPrivate = "private" // only its reader sees it
	kindShared  = "shared"  // a message that stays
	kindError   = "error"   // what Slack itself says
)

// entry is something in a conversation, as the page shows it.
type entry struct {
	ID       int             `json:"id"`
	Where    string          `json:"where"`
	For      string          `json:"for,omitempty"` // the one user who sees it; empty: everybody
	Kind     string          `json:"kind"`
	By       string          `json:"by"`                 // a user's id
	Thread   int             `json:"thread,omitempty"`   // the entry that it replies to
	At       int64           `json:"at"`                 // in milliseconds
	Exchange int             `json:"exchange,omitempty"` // that brought it
	Edited   bool            `json:"edited,omitempty"`
	Bytes    int             `json:"bytes,omitempty"` // of what the app sent
	After    int64           `json:"after,omitempty"` // milliseconds after what was done, where it is no first reply
	Body     json.RawMessage `json:"body,omitempty"`
	Files    []file          `json:"files,omitempty"`
	TS       string          `json:"ts,omitempty"` // of a message that stays
	Gone     bool            `json:"gone,omitempty"`
}

// file is a file that a message shares.
type file struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int    `json:"size"`
}

// exchange is a signed request and its first reply, or a job.
type exchange struct {
	ID     int    `json:"id"`
	What   string `json:"what"` // a command, or a kind of payload; never what was typed
	At     int64  `json:"at"`   // in milliseconds
	Sent   int    `json:"sent,omitempty"`
	MS     *int64 `json:"ms,omitempty"` // nil while it is under way
	Got    int    `json:"got,omitempty"`
	Result string `json:"result,omitempty"` // of a job that has one
	Error  string `json:"error,omitempty"`
}

// source is what a response URL was given for.
type source struct {
	entry    int // that was pressed; zero: none
	exchange int
	began    time.Time // by this computer's clock
	where    string
	user     string
}

func text(s string) json.RawMessage {
	data, _ := json.Marshal(map[string]string{"text": s}) // a text is representable
	return data
}

// add keeps an entry and shows it.
func (s *scene) add(e entry) *entry {
	s.kept.Next++
	e.ID = s.kept.Next
	if e.At == 0 {
		e.At = s.now().UnixMilli()
	}
	s.kept.Entries = append(s.kept.Entries, &e)
	for _, old := range s.kept.Entries[:max(0, len(s.kept.Entries)-maxEntries)] {
		s.bot.slack.Forget(old.channel(), old.TS)
	}
	s.kept.Entries = lastOf(s.kept.Entries, maxEntries)
	s.show(&e)
	return &e
}

// channel is the id of the conversation that a message stays in.
func (e *entry) channel() string {
	if e.Where == inDirect {
		return slacksim.Direct(e.For)
	}
	return slacksim.Channel
}

// lastOf forgets the first of too many.
func lastOf[T any](all []T, most int) []T {
	return slices.Delete(all, 0, max(0, len(all)-most))
}

// show tells the page of an entry that the asker sees.
func (s *scene) show(e *entry) {
	if s.sees(e) {
		s.emit("entry", e)
	}
	s.changed()
}

func (s *scene) sees(e *entry) bool { return e.For == "" || e.For == s.kept.Asker }

// drop takes an entry away.
func (s *scene) drop(e *entry) {
	s.kept.Entries = slices.DeleteFunc(s.kept.Entries, func(other *entry) bool { return other == e })
	s.show(&entry{ID: e.ID, For: e.For, Gone: true})
}

// entry is the one that the asker sees under an id; nil if there is none.
func (s *scene) entry(id int) *entry {
	for _, e := range s.kept.Entries {
		if e.ID == id && s.sees(e) {
			return e
		}
	}
	return nil
}

// posted is told of everything that Slack has accepted from the app.
func (s *scene) posted(p slacksim.Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.Via == "response_url":
		s.answered(p)
	case p.Via == "chat.postEphemeral":
		var to struct{ Channel, User string }
		_ = json.Unmarshal(p.Body, &to) // Slack has accepted it
		s.add(entry{Where: where(to.Channel), For: to.User, Kind: kindPrivate, By: slacksim.Bot, Bytes: len(p.Body), Body: p.Body})
	case p.Via == "views.open" || p.Via == "response_action":
		if s.modal != p.To { // the page shows one at a time
			s.bot.slack.Close(s.modal)
		}
		s.modal = p.To
		s.emitModal()
	case p.Via == "views.update" && p.To == s.modal:
		s.emitModal()
	case strings.HasPrefix(p.Via, "views."):
		s.emit("home", s.home())
	}
	s.readMessages(len(p.Body))
}

// where is the conversation that a channel's id stands for.
func where(channel string) string {
	if channel == slacksim.Channel {
		return inChannel
	}
	return inDirect
}

// answered does with a private message what came to its response URL. What
// stays in a channel Slack itself keeps. The bot deletes none: delete_original
// is not played here.
func (s *scene) answered(p slacksim.Post) {
	from, known := s.hooks[p.To]
	if !known { // nobody of the page was given it
		return
	}
	var m struct {
		Text   string            `json:"text"`
		Blocks []json.RawMessage `json:"blocks"`
	}
	_ = json.Unmarshal(p.Body, &m) // Slack has accepted it
	pressed := s.at(from.entry)
	private := pressed != nil && pressed.Kind == kindPrivate
	empty := m.Text == "" && len(m.Blocks) == 0
	after := max(1, time.Since(from.began).Milliseconds())
	switch {
	case p.InChannel || empty || p.Replaced && pressed != nil && !private:
	case p.Replaced && private:
		pressed.Body, pressed.Bytes, pressed.After, pressed.Exchange, pressed.Edited = p.Body, len(p.Body), after, from.exchange, true
		s.show(pressed)
	default:
		s.add(entry{Where: from.where, For: from.user, Kind: kindPrivate, By: slacksim.Bot,
			Exchange: from.exchange, Bytes: len(p.Body), After: after, Body: p.Body})
	}
}

// at is the entry of an id, whoever sees it; nil if there is none.
func (s *scene) at(id int) *entry {
	i := slices.IndexFunc(s.kept.Entries, func(e *entry) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	return s.kept.Entries[i]
}

// readMessages takes over what has come, changed or gone of the messages that
// stay, after the app sent so many bytes.
func (s *scene) readMessages(size int) {
	for _, m := range s.kept.Members {
		s.readChannel(slacksim.Direct(m.Slack), m.Slack, size)
	}
	s.readChannel(slacksim.Channel, "", size)
}

func (s *scene) readChannel(channel, user string, size int) {
	messages := s.bot.slack.Messages(channel)
	known := map[string]*entry{}
	for _, e := range slices.Clone(s.kept.Entries) {
		if e.TS == "" || e.Where != where(channel) || e.For != user {
			continue
		}
		if !slices.ContainsFunc(messages, func(m slacksim.Message) bool { return m.TS == e.TS }) {
			s.drop(e)
			continue
		}
		known[e.TS] = e
	}
	for _, m := range messages {
		s.readMessage(m, known, entry{Where: where(channel), For: user, Kind: kindShared, By: m.User, TS: m.TS, Bytes: size})
	}
}

// readMessage takes over a message as it is now.
func (s *scene) readMessage(m slacksim.Message, known map[string]*entry, as entry) {
	e := known[m.TS]
	switch {
	case e == nil:
		if as.By != slacksim.Bot {
			as.Bytes = 0
		}
		if parent := known[m.ThreadTS]; parent != nil {
			as.Thread = parent.ID
		}
		as.Body, as.Files = m.Body, filesOf(m)
		known[m.TS] = s.add(as)
	case !bytes.Equal(e.Body, m.Body):
		e.Body, e.Edited, e.Bytes = m.Body, m.Edited, as.Bytes
		s.show(e)
	}
}

func filesOf(m slacksim.Message) (files []file) {
	for _, f := range m.Files {
		files = append(files, file{f.ID, f.Name, len(f.Data)})
	}
	return files
}

// emitModal shows the modal that is open, or that none is.
func (s *scene) emitModal() { s.emit("modal", s.shownModal()) }

// shownModal is nil if no modal is open.
func (s *scene) shownModal() json.RawMessage { return s.bot.slack.Shown(s.modal) }

// home is the asker's Home tab; nil before it was opened.
func (s *scene) home() json.RawMessage {
	return s.bot.slack.Shown(slacksim.HomeTab(s.kept.Asker))
}

// begin notes a request that goes out now, or a job.
func (s *scene) begin(what string, size int) *exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.Next++
	x := &exchange{ID: s.kept.Next, What: what, At: s.now().UnixMilli(), Sent: size}
	s.kept.Exchanges = lastOf(append(s.kept.Exchanges, x), maxExchanges)
	s.emit("exchange", x)
	return x
}

// ended notes what came of an exchange.
func (s *scene) ended(x *exchange, began time.Time, size int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := time.Since(began).Milliseconds()
	x.MS, x.Got = &ms, size
	if err != nil {
		x.Error = err.Error()
	}
	s.emit("exchange", x)
	s.changed()
}

// takeLine keeps a line of the log, at the time of the scene.
func (s *scene) takeLine(l line) {
	l.At += time.Duration(s.ahead.Load()).Milliseconds()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.Lines = lastOf(append(s.kept.Lines, l), maxLines)
	s.emit("line", l)
	s.changed()
}
