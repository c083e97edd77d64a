package slacksim

import (
	"errors"
	"fmt"
	"strings"
)

// Filled is the payload of an open modal that is submitted after texts were typed
// into its plain-text inputs, by their labels. What was chosen or typed before
// counts too; an empty text empties an input. It fails unless exactly one such
// input has each label, and if Slack would not let people submit: an input is
// empty that is not optional, or a text is too short or too long. The view keeps
// what was typed.
// Source: Slack's documentation, "View interactions payload" and "Plain-text
// input element".
func (s *Slack) Filled(viewID string, texts map[string]string) (map[string]any, error) {
	if err := s.typeIn(viewID, texts); err != nil {
		return nil, fmt.Errorf("fill in a modal: %w", err)
	}
	now, err := s.look(s.Shown(viewID))
	if err != nil {
		return nil, fmt.Errorf("fill in a modal: %w", err)
	}
	state, _ := now["state"].(object)
	values, _ := state["values"].(object)
	return s.Submitted(viewID, fmt.Sprint(now["callback_id"]), values), nil
}

// typeIn makes texts part of the state of a modal that can be submitted then.
func (s *Slack) typeIn(viewID string, texts map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[viewID]
	if v == nil || v.is["type"] != "modal" || v.is["submit"] == nil {
		return errors.New("no such modal is open, or it has nothing to submit")
	}
	used := map[string]bool{}
	for _, c := range controls(v.is) {
		if c.block["type"] != "input" {
			continue
		}
		label := textOf(object{"text": c.block["label"]})
		state := stateOf(v.is, c.blockID(), c.actionID())
		if text, typed := texts[label]; typed {
			if used[label] || c.element["type"] != "plain_text_input" {
				return fmt.Errorf("%q is not one plain-text input's", label)
			}
			used[label], state["value"] = true, valueOf(text)
		}
		if err := c.complete(state); err != nil {
			return fmt.Errorf("%q: %w", label, err)
		}
	}
	if len(used) < len(texts) {
		return fmt.Errorf("of %d inputs %d are shown", len(texts), len(used))
	}
	return nil
}

// valueOf is what Slack makes of a text that was typed.
func valueOf(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// complete says why Slack does not let people submit an input in a state. A line
// break cannot be typed where there is one line.
func (c control) complete(state object) error {
	chosen, _ := state["selected_options"].([]any)
	text, _ := state["value"].(string)
	least, most := lengths(c.element)
	switch n := float64(units(text)); {
	case text == "" && state["selected_option"] == nil && len(chosen) == 0:
		if c.block["optional"] != true {
			return errors.New("is empty")
		}
	case c.element["type"] != "plain_text_input":
	case n < least || n > most:
		return fmt.Errorf("has %.0f characters, from %.0f to %.0f are allowed", n, least, most)
	case strings.Contains(text, "\n") && c.element["multiline"] != true:
		return errors.New("has a line break")
	}
	return nil
}
