package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
)

// errGone is what somebody acts on that is no longer there.
var errGone = errors.New("that is no longer there: the page has moved on")

// errStopped is how what was under way ends with a scene.
var errStopped = errors.New("the bot was stopped")

// slackbot says what Slack itself has to say.
const slackbot = "USLACKBOT"

// send sends a request as Slack does, as an exchange, and gives the first reply.
func (s *scene) send(r *http.Request, x *exchange, began time.Time) ([]byte, error) {
	r.Header.Set(exchangeHeader, fmt.Sprint(x.ID))
	reply, err := s.bot.slack.Send(r)
	if err != nil && s.life.Err() != nil {
		err = errStopped
	}
	s.ended(x, began, len(reply), err)
	return reply, err
}

// typed is what somebody sends from the composer: a command, or a sentence for
// the channel.
func (s *scene) typed(ctx context.Context, at, said string) error {
	said = strings.TrimSpace(said)
	command, words := cutCommand(said)
	switch {
	case at != inChannel && at != inDirect:
		return errors.New("there is no such conversation")
	case said == "":
		return errors.New("there is nothing to send")
	case isCommand(command):
		return s.command(ctx, at, command, words, said)
	case strings.HasPrefix(said, "/"):
		return fmt.Errorf("%s is not a valid command: type / to see those that there are", command)
	case at == inDirect:
		return errors.New("crmwho reads no messages. Type a command, such as /crmuser kim")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bot.slack.Says(slacksim.Channel, s.kept.Asker, said)
	s.readMessages(0)
	return nil
}

// cutCommand divides what is typed where the first word ends.
func cutCommand(said string) (command, words string) {
	if i := strings.IndexFunc(said, unicode.IsSpace); i >= 0 {
		return said[:i], strings.TrimSpace(said[i:])
	}
	return said, ""
}

// isCommand reports whether the app has a command. Slack sends it no other.
func isCommand(name string) bool {
	return slices.ContainsFunc(slackfmt.Commands(), func(c slackfmt.Command) bool { return c.Name == name })
}

func (s *scene) command(ctx context.Context, at, command, words, said string) error {
	s.mu.Lock()
	user := s.kept.Asker
	form := s.bot.slack.TypedBy(user, s.channel(at), command, words)
	s.mu.Unlock()
	body := form.Encode()
	x, began := s.begin(command, len(body)), time.Now()
	s.expect(form.Get("response_url"), source{exchange: x.ID, began: began, where: at, user: user})
	s.say(entry{Where: at, For: user, Kind: kindTyped, By: user, Exchange: x.ID, Body: text(said)})
	r, err := s.bot.slack.Post(ctx, s.bot.URL, []byte(body))
	if err != nil {
		return err
	}
	answer, err := s.send(r, x, began)
	e := entry{Where: at, For: user, Kind: kindPrivate, By: slacksim.Bot, Exchange: x.ID, Bytes: len(answer), Body: answer}
	if err != nil {
		e = entry{Where: at, For: user, Kind: kindError, By: slackbot, Exchange: x.ID, Body: text(command + " failed: " + err.Error())}
	}
	s.say(e)
	return nil
}

// channel is the id of a conversation of the asker's.
func (s *scene) channel(at string) string {
	if at == inDirect {
		return slacksim.Direct(s.kept.Asker)
	}
	return slacksim.Channel
}

func (s *scene) say(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(e)
}

// expect notes what a response URL is for, until it is no longer good.
func (s *scene) expect(url string, from source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.hooks, func(_ string, old source) bool { return time.Since(old.began) > hookLife })
	s.hooks[url] = from
}

// hookLife is how long Slack takes what comes to a response URL.
const hookLife = 30 * time.Minute

// target is what somebody acts on: a message, or a view.
type target struct {
	Entry int    `json:"entry"`
	View  string `json:"view"`
	N     int    `json:"n"` // of its interactive elements, from 0
}

// shown is a target as Slack tells it, if the asker sees it.
func (s *scene) shown(t target) (shown []byte, e *entry, err error) {
	if t.View != "" {
		shown, err = s.view(t.View)
		return shown, nil, err
	}
	e = s.entry(t.Entry)
	if e == nil || e.Kind == kindTyped || e.Kind == kindError {
		return nil, nil, errGone
	}
	if e.Kind == kindShared {
		return e.Body, e, nil
	}
	var body map[string]any
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return nil, nil, err
	}
	body["channel"], body["user"] = s.channel(e.Where), e.For
	shown, err = json.Marshal(body)
	return shown, e, err
}

// view is the modal that is open, or the asker's Home tab, by its id.
func (s *scene) view(id string) (shown []byte, err error) {
	if id == s.modal || id == slacksim.HomeTab(s.kept.Asker) {
		shown = s.bot.slack.Shown(id)
	}
	if shown == nil {
		return nil, errGone
	}
	return shown, nil
}

// use presses something, or chooses an option of it. Of a choice in an input that
// says nothing the app hears when the modal is submitted.
func (s *scene) use(ctx context.Context, t target, option []byte) error {
	payload, from, err := s.used(t, option)
	if err != nil || payload == nil {
		return err
	}
	_, err = s.interact(ctx, kindOf(payload), payload, from)
	return err
}

func (s *scene) used(t target, option []byte) (payload map[string]any, from source, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown, e, err := s.shown(t)
	if err != nil {
		return nil, from, err
	}
	if payload, err = s.bot.slack.Used(shown, t.N, option); err != nil || payload == nil {
		s.emitModal() // with what was chosen in an input
		return nil, from, err
	}
	from = source{user: s.kept.Asker, where: inChannel}
	if e != nil {
		from.entry, from.where = e.ID, e.Where
	}
	return s.bot.slack.By(from.user, payload), from, nil
}

// kindOf names what was used.
func kindOf(payload map[string]any) string {
	actions, _ := payload["actions"].([]any)
	if len(actions) > 0 {
		action, _ := actions[0].(map[string]any)
		switch kind := fmt.Sprint(action["type"]); kind {
		case "overflow":
			return "menu"
		case "static_select", "external_select":
			return "select"
		default:
			return kind
		}
	}
	return fmt.Sprint(payload["type"])
}

// interact sends an interaction. What Slack would show as an error is shown
// where it was done.
func (s *scene) interact(ctx context.Context, what string, payload map[string]any, from source) ([]byte, error) {
	r, err := s.bot.slack.Interaction(ctx, s.address(bot.InteractivityPath), payload)
	if err != nil {
		return nil, err
	}
	x, began := s.begin(what, int(r.ContentLength)), time.Now()
	from.exchange, from.began = x.ID, began
	if url, given := payload["response_url"].(string); given {
		s.expect(url, from)
	}
	reply, err := s.send(r, x, began)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.modal != "" && s.shownModal() == nil { // it was submitted
		s.modal = ""
		s.emitModal()
	}
	if err != nil && what != "search" {
		s.add(entry{Where: from.where, For: from.user, Kind: kindError, By: slackbot, Exchange: x.ID, Body: text("That did not work: " + err.Error())})
		return nil, nil
	}
	return reply, err
}

func (s *scene) address(path string) string {
	return strings.TrimSuffix(s.bot.URL, bot.CommandsPath) + path
}

// suggest asks for the options of what is being typed, as the app gives them.
func (s *scene) suggest(ctx context.Context, t target, typed string) (json.RawMessage, error) {
	s.mu.Lock()
	shown, _, err := s.shown(t)
	asker := s.kept.Asker
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	payload, err := s.bot.slack.SearchedAt(shown, t.N, typed)
	if err != nil {
		return nil, err
	}
	return s.interact(ctx, "search", s.bot.slack.By(asker, payload), source{user: asker})
}

// submit sends a modal with texts by the labels of its inputs, and gives what
// the app finds wrong with them.
func (s *scene) submit(ctx context.Context, view string, texts map[string]string) (map[string]string, error) {
	payload, asker, err := s.filled(view, texts)
	if err != nil {
		return nil, err
	}
	reply, err := s.interact(ctx, "modal", s.bot.slack.By(asker, payload), source{where: inChannel, user: asker})
	if err != nil {
		return nil, err
	}
	var wrong struct{ Errors map[string]string }
	_ = json.Unmarshal(reply, &wrong) // an empty one closes the modal
	return wrong.Errors, nil
}

func (s *scene) filled(view string, texts map[string]string) (payload map[string]any, asker string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.view(view); err != nil {
		return nil, "", err
	}
	payload, err = s.bot.slack.Filled(view, texts)
	return payload, s.kept.Asker, err
}

// closeModal closes it.
func (s *scene) closeModal(view string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bot.slack.Close(view)
	if view == s.modal {
		s.modal = ""
		s.emitModal()
	}
}

// shortcut uses a shortcut: a global one, or one on a message.
func (s *scene) shortcut(ctx context.Context, id string, on int) error {
	s.mu.Lock()
	asker, e := s.kept.Asker, s.entry(on)
	s.mu.Unlock()
	if on == 0 {
		_, err := s.interact(ctx, "shortcut", s.bot.slack.By(asker, s.bot.slack.Shortcut(id)), source{where: inChannel, user: asker})
		return err
	}
	if e == nil || e.Kind != kindShared {
		return errors.New("this shortcut is for messages that stay")
	}
	var said struct{ Text string }
	_ = json.Unmarshal(e.Body, &said) // it is a message
	payload := s.bot.slack.By(asker, s.bot.slack.MessageShortcutIn(s.channel(e.Where), id, e.By, said.Text))
	_, err := s.interact(ctx, "shortcut", payload, source{where: e.Where, user: asker})
	return err
}

// openHome opens the asker's Home tab.
func (s *scene) openHome(ctx context.Context) error {
	s.mu.Lock()
	user := s.kept.Asker
	s.mu.Unlock()
	body, err := json.Marshal(s.bot.slack.Event(map[string]any{
		"type": "app_home_opened", "user": user, "channel": slacksim.Direct(user), "tab": "home", "event_ts": fmt.Sprint(time.Now().Unix()),
	}))
	if err != nil {
		return err
	}
	r, err := s.bot.slack.PostJSON(ctx, s.address(bot.EventsPath), body)
	if err != nil {
		return err
	}
	x, began := s.begin("Home tab", len(body)), time.Now()
	_, err = s.send(r, x, began)
	return err
}

// file is the content of a file that was shared; not ok if there is none.
func (s *scene) file(id string) (name string, data []byte, ok bool) {
	for _, m := range s.bot.slack.Messages(slacksim.Channel) {
		for _, f := range m.Files {
			if f.ID == id {
				return f.Name, f.Data, true
			}
		}
	}
	return "", nil, false
}
