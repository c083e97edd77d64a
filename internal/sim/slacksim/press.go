package slacksim

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The payloads below are of what people do with what they see, and only that:
// an element is found by what people see of it, and all that the app hears comes
// from the blocks. What is shown is given as JSON: a message that stays as
// Messages gives it, another one as the app sent it, such as Post.Body or the
// reply to a command, or a view as Shown gives it. A confirmation counts as
// given. The sample user does it, or who owns the Home tab: see By.
//
// A message that does not stay is one for the sample user in the sample channel,
// unless it is marked as shared. What is for one person elsewhere, such as a
// private answer in a direct conversation, says where it is: by the keys channel
// and user beside its text and blocks, as Post.Body of chat.postEphemeral has
// them.

// only stands for the one element there is.
const only = -1

// Pressed is the payload of the button that has the label. It fails unless
// exactly one has.
// Source: Slack's documentation, "block_actions payload".
func (s *Slack) Pressed(shown []byte, label string) (map[string]any, error) {
	return s.PressedNth(shown, label, only)
}

// PressedNth is Pressed of one of several buttons with the label, counted from
// zero in the order of the blocks.
func (s *Slack) PressedNth(shown []byte, label string, n int) (map[string]any, error) {
	p, err := s.acted(shown, controls, n, func(e object) []object {
		if textOf(e) != label {
			return nil
		}
		return pressed(e)
	})
	if err != nil {
		return nil, fmt.Errorf("press a button: %w", err)
	}
	return p, nil
}

// pressed is what a button says.
func pressed(e object) []object {
	if e["type"] != "button" {
		return nil
	}
	return []object{some(e, "text", "value", "url")}
}

// Selected is the payload of a menu, which is found by its action id, when the
// option with the text is chosen. An external select takes any option: the app
// lists its options only when asked, so that the text stands for the value too.
// It fails unless exactly one such menu offers the option once. In a view the
// choice stays.
// Source: Slack's documentation, "block_actions payload".
func (s *Slack) Selected(shown []byte, actionID, option string) (map[string]any, error) {
	return s.SelectedNth(shown, actionID, option, only)
}

// SelectedNth is Selected of one of several such options, counted from zero in
// the order of the blocks.
func (s *Slack) SelectedNth(shown []byte, actionID, option string, n int) (map[string]any, error) {
	wanted := object{"text": object{"type": "plain_text", "text": option, "emoji": true}, "value": option}
	p, err := s.acted(shown, called(actionID), n, func(e object) []object {
		return selected(offered(e, wanted), func(o object) bool { return textOf(o) == option })
	})
	if err != nil {
		return nil, fmt.Errorf("choose an option: %w", err)
	}
	return p, nil
}

// offered are the options of a menu of which one at most is chosen. An external
// select offers what is wanted.
func offered(e, wanted object) []object {
	switch e["type"] {
	case "static_select", "overflow", "radio_buttons":
		return optionsOf(e)
	case "external_select":
		return []object{wanted}
	}
	return nil
}

// selected is what a menu says when one of the options that fit is chosen.
func selected(options []object, fits func(object) bool) (found []object) {
	for _, o := range options {
		if fits(o) {
			found = append(found, object{"selected_option": o})
		}
	}
	return found
}

// Used is the payload of the nth interactive element when it is used, counted
// from zero in the order of the blocks: in a section its accessory, in an input
// its element, in actions its elements. An option is the one that is chosen, in
// JSON, just as the menu shows it; an external select takes any that Slack would.
// For a button it is nil. Checkboxes and text inputs are not played here: see
// Filled. In a view the choice stays. There is no payload of a choice in an input
// of which the app hears nothing before it is submitted.
// Source: Slack's documentation, "block_actions payload".
func (s *Slack) Used(shown []byte, n int, option []byte) (map[string]any, error) {
	does := pressed
	if option != nil {
		var wanted object
		if err := json.Unmarshal(option, &wanted); err != nil {
			return nil, fmt.Errorf("use an element: the option: %w", err)
		}
		does = func(e object) []object { return chosenIn(e, wanted) }
	}
	p, err := s.acted(shown, nth(n), only, does)
	switch {
	case errors.Is(err, errSilent):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("use an element: %w", err)
	}
	return p, nil
}

// chosenIn is what a menu says when the option is chosen, if it can be.
func chosenIn(e, wanted object) []object {
	var wrong troubles
	option.check(&wrong, "", wanted)
	if e["type"] == "external_select" && len(wrong) > 0 {
		return nil
	}
	found := selected(offered(e, wanted), func(o object) bool { return reflect.DeepEqual(o, wanted) })
	return found[:min(1, len(found))] // twice the same is the same
}

// Searched is the payload that asks for the options of the external select with
// the action id, in a message or any view, when so much was typed. It fails
// unless exactly one is shown, and if too little was typed for Slack to ask.
// Source: Slack's documentation, "block_suggestion payload".
func (s *Slack) Searched(shown []byte, actionID, typed string) (map[string]any, error) {
	return s.searched(shown, called(actionID), typed)
}

// SearchedAt is Searched of the nth interactive element: see Used.
func (s *Slack) SearchedAt(shown []byte, n int, typed string) (map[string]any, error) {
	return s.searched(shown, nth(n), typed)
}

func (s *Slack) searched(shown []byte, among among, typed string) (object, error) {
	seen, err := s.look(shown)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	menu, err := find(among(seen), only, func(e object) []object {
		least := 3.0
		if n, given := e["min_query_length"].(float64); given {
			least = n
		}
		if e["type"] != "external_select" || float64(len([]rune(typed))) < least {
			return nil
		}
		return []object{{}}
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	p := s.where("block_suggestion", seen)
	p["action_id"], p["block_id"], p["value"] = menu.element["action_id"], menu.block["block_id"], typed
	return p, nil
}

// Shown is the view that has the id, as Slack tells it, in JSON: with its id,
// its hash, the ids of its blocks and what is chosen in it. It is nil if no such
// view is open.
func (s *Slack) Shown(viewID string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[viewID]
	if v == nil {
		return nil
	}
	return encode(v.is)
}

// HomeTab is the id of the view that is a user's Home tab.
func HomeTab(user string) string { return homePrefix + user }

const homePrefix = "V0SAMPLEHOME"

// acted is the payload of an action on the element, among some, that does gives
// an action for, the nth of them.
func (s *Slack) acted(shown []byte, among among, n int, does func(element object) []object) (object, error) {
	seen, err := s.look(shown)
	if err != nil {
		return nil, err
	}
	c, err := find(among(seen), n, does)
	switch {
	case err != nil:
		return nil, err
	case c.block["type"] == "input" && c.block["dispatch_action"] != true:
		s.choose(seen, c)
		return nil, errSilent
	}
	s.choose(seen, c)
	p := s.where("block_actions", seen)
	p["trigger_id"] = s.newTrigger()
	if !isView(seen) {
		channel, ts := place(seen)
		p["state"] = seen["state"]
		p["response_url"] = s.newHook("actions", channel, ts)
	}
	c.action["type"], c.action["action_id"] = c.element["type"], c.element["action_id"]
	c.action["block_id"], c.action["action_ts"] = c.block["block_id"], stamp()
	p["actions"] = []any{c.action}
	return p, nil
}

// errSilent says that the app does not hear of a choice, which stays all the same.
var errSilent = errors.New("an input without dispatch_action says nothing before it is submitted")

var errNotShown = errors.New("not what is shown now: a view must be as Shown gives it, a message that stays as Messages gives it")

// look gives what is shown as Slack tells it.
func (s *Slack) look(shown []byte) (object, error) {
	var is, now object
	if err := json.Unmarshal(shown, &is); err != nil {
		return nil, fmt.Errorf("what is shown: %w", err)
	}
	if !isView(is) {
		if !s.stays(is) {
			return nil, errNotShown
		}
		fill(is)
		return is, nil
	}
	id, _ := is["id"].(string)
	if json.Unmarshal(s.Shown(id), &now) != nil || now["hash"] != is["hash"] {
		return nil, errNotShown
	}
	return now, nil
}

// stays reports whether a message that has a timestamp still stays as it is.
func (s *Slack) stays(is object) bool {
	channel, ts := place(is)
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.at(channel, ts)
	return ts == "" || kept != nil && bytes.Equal(kept.Body, encode(is))
}

// place is where a message is. Without a timestamp it does not stay.
func place(seen object) (channel, ts string) {
	channel, _ = seen["channel"].(string)
	ts, _ = seen["ts"].(string)
	return cmp.Or(channel, Channel), ts
}

func isView(is object) bool { return is["type"] == "modal" || is["type"] == "home" }

// fill adds what Slack adds to a message or a view: ids that it lacks, and the
// state of what can be chosen.
func fill(is object) {
	blocks, _ := is["blocks"].([]any)
	for _, b := range blocks {
		if block, ok := b.(object); ok && block["block_id"] == nil {
			block["block_id"] = rand.Text()[:5]
		}
	}
	values := object{}
	for _, c := range controls(is) {
		if c.element["action_id"] == nil {
			c.element["action_id"] = rand.Text()[:5]
		}
		if v := initial(c.element); v != nil {
			in, _ := values[c.blockID()].(object)
			if in == nil {
				in = object{}
				values[c.blockID()] = in
			}
			in[c.actionID()] = v
		}
	}
	is["state"] = object{"values": values}
}

// initial is what is chosen in an element at first. It is nil for an element that
// has no state.
func initial(e object) object {
	switch e["type"] {
	case "static_select", "external_select", "radio_buttons":
		return object{"type": e["type"], "selected_option": e["initial_option"]}
	case "checkboxes":
		return object{"type": e["type"], "selected_options": []any{}}
	case "plain_text_input":
		return object{"type": e["type"], "value": e["initial_value"]}
	}
	return nil
}

// choose makes an action's choice part of the state of what is shown.
func (s *Slack) choose(seen object, c control) {
	option, chosen := c.action["selected_option"]
	state := stateOf(seen, c.blockID(), c.actionID())
	if !chosen || state == nil {
		return
	}
	state["selected_option"] = option
	id, _ := seen["id"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.views[id]; v != nil && v.is["hash"] == seen["hash"] {
		stateOf(v.is, c.blockID(), c.actionID())["selected_option"] = option
	}
}

// stateOf is the state of an element; nil if it has none.
func stateOf(is object, blockID, actionID string) object {
	state, _ := is["state"].(object)
	values, _ := state["values"].(object)
	in, _ := values[blockID].(object)
	v, _ := in[actionID].(object)
	return v
}

// keepState carries choices, and what was typed, over to a view that takes the
// place of another: Slack keeps them, whatever the initial option, while block
// and action are called the same.
// Source: a maintainer in slackapi/bolt-js#290, about modals; Home tabs alike: a
// choice.
func keepState(from, to object) {
	for _, c := range controls(to) {
		now := stateOf(to, c.blockID(), c.actionID())
		was := stateOf(from, c.blockID(), c.actionID())
		for _, key := range []string{"selected_option", "value"} {
			if was[key] != nil && was["type"] == now["type"] {
				now[key] = was[key]
			}
		}
	}
}

// control is an interactive element in its block, and what it says when used.
type control struct{ block, element, action object }

func (c control) blockID() string  { return fmt.Sprint(c.block["block_id"]) }
func (c control) actionID() string { return fmt.Sprint(c.element["action_id"]) }

var controlKinds = joined(actionElements, inputElements)

// controls are the interactive elements of a message or a view, in order.
func controls(is object) (all []control) {
	blocks, _ := is["blocks"].([]any)
	for _, b := range blocks {
		block, _ := b.(object)
		elements, _ := block["elements"].([]any)
		for _, e := range append([]any{block["accessory"], block["element"]}, elements...) {
			e, _ := e.(object)
			kind, _ := e["type"].(string)
			if _, interactive := controlKinds[kind]; interactive {
				all = append(all, control{block: block, element: e})
			}
		}
	}
	return all
}

// among says which of the interactive elements are meant: all are by controls.
type among func(is object) []control

// called means those with an action id.
func called(actionID string) among {
	return func(is object) []control {
		return slices.DeleteFunc(controls(is), func(c control) bool { return c.element["action_id"] != actionID })
	}
}

// nth means the nth alone, or none.
func nth(n int) among {
	return func(is object) []control {
		all := controls(is)
		if n < 0 || n >= len(all) {
			return nil
		}
		return all[n : n+1]
	}
}

// find is the nth of the actions that does gives.
func find(those []control, n int, does func(element object) []object) (control, error) {
	var found []control
	for _, c := range those {
		for _, action := range does(c.element) {
			found = append(found, control{c.block, c.element, action})
		}
	}
	switch {
	case n == only && len(found) == 1:
		return found[0], nil
	case n >= 0 && n < len(found):
		return found[n], nil
	}
	return control{}, fmt.Errorf("%d such are shown", len(found))
}

// where is a payload of something that is done in a message or a view. In a Home
// tab its owner does it.
func (s *Slack) where(kind string, seen object) object {
	p := s.payload(kind)
	p["api_app_id"] = App
	if isView(seen) {
		id, _ := seen["id"].(string)
		if owner, home := strings.CutPrefix(id, homePrefix); home {
			p["user"] = person(owner, s.nameOf(owner))
		}
		p["view"], p["container"] = seen, object{"type": "view", "view_id": id}
		return p
	}
	channel, ts := place(seen)
	ephemeral := ts == "" && seen["response_type"] != "in_channel" && (seen["channel"] == nil || seen["user"] != nil)
	ts = cmp.Or(ts, stamp())
	p["channel"] = conversation(channel)
	p["container"] = object{"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": ephemeral}
	if !ephemeral { // of ephemeral messages Slack sends nothing
		m := told(seen, ts)
		if s.replied(channel, ts) { // Source: Slack's documentation, "Retrieving messages", of threads
			m["thread_ts"] = ts
		}
		p["message"] = m
	}
	return p
}

// told is a message of the app's as Slack tells it.
func told(m object, ts string) object {
	t := some(m, "text", "blocks", "thread_ts", "files")
	t["type"], t["ts"], t["user"], t["bot_id"], t["app_id"], t["team"] = "message", ts, Bot, botID, App, Team
	return t
}

// textOf is the text of a button or an option.
func textOf(o object) string {
	t, _ := o["text"].(object)
	s, _ := t["text"].(string)
	return s
}

// some is an object with some of another's keys, where it has them.
func some(o object, keys ...string) object {
	part := object{}
	for _, key := range keys {
		if v, given := o[key]; given {
			part[key] = v
		}
	}
	return part
}
