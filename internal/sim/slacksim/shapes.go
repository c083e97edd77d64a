package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf16"
)

// The shapes that Slack takes, and its limits, in UTF-16 units where they are
// lengths. Keys and types that are not here are refused, also some that Slack
// has but nobody here sends: so mistakes are seen.
// Source: Slack's documentation, "Block Kit" reference.

// CheckMessage reports what Slack would refuse in a message: the first reply to
// a slash command, or what is posted to a response URL. The error names each
// place by its JSON pointer.
func CheckMessage(body []byte) error { return checked(body, message) }

// CheckView reports what Slack would refuse in a modal or a Home tab, like
// CheckMessage.
func CheckView(body []byte) error {
	return checked(body, oneOf("type", map[string]shape{"modal": modal, "home": home}))
}

// CheckOptions reports what Slack would refuse in the answer to a
// block_suggestion, like CheckMessage. An empty list is fine, no list is not.
func CheckOptions(body []byte) error {
	return checked(body, shape{may: fields{"options": list(0, 100, option.check), "option_groups": list(0, 100, optionGroup.check)}, also: optionsOrGroups}.check)
}

// troubles are all that is wrong with a body.
type troubles []trouble

type trouble struct{ at, what, code string }

func (t troubles) Error() string {
	lines := make([]string, len(t))
	for i, one := range t {
		lines[i] = strings.TrimPrefix(one.at+": "+one.what, ": ")
	}
	return strings.Join(lines, "; ")
}

// code is Slack's for the first trouble.
func (t troubles) code() string {
	switch {
	case t[0].code != "":
		return t[0].code
	case strings.HasPrefix(t[0].at, "/blocks"):
		return "invalid_blocks"
	}
	return "invalid_payload"
}

func (t *troubles) add(at, format string, args ...any) {
	*t = append(*t, trouble{at: at, what: fmt.Sprintf(format, args...)})
}

func checked(body []byte, is check) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return troubles{{what: "not JSON: " + err.Error()}}
	}
	var t troubles
	is(&t, "", v)
	if len(t) == 0 {
		return nil
	}
	return t
}

// check looks at one value. at is its JSON pointer.
type check func(t *troubles, at string, v any)

type fields map[string]check

// shape is an object with the keys that it needs and may have. also looks at
// what concerns several of them.
type shape struct {
	need, may fields
	also      func(t *troubles, at string, o object)
}

func (s shape) check(t *troubles, at string, v any) {
	o, ok := v.(object)
	if !ok {
		t.add(at, "is not an object")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(s.need)) {
		if _, given := o[key]; !given {
			t.add(at, "lacks %q", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		is, known := s.need[key]
		if !known {
			is, known = s.may[key]
		}
		if !known {
			t.add(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key), "is not a key here")
			continue
		}
		is(t, at+"/"+key, o[key])
	}
	if s.also != nil {
		s.also(t, at, o)
	}
}

// with is the shape with more optional keys.
func (s shape) with(more fields) shape {
	all := maps.Clone(more)
	maps.Copy(all, s.may)
	s.may = all
	return s
}

// oneOf is an object whose key names its shape.
func oneOf(key string, kinds map[string]shape) check {
	return func(t *troubles, at string, v any) {
		o, _ := v.(object)
		kind, _ := o[key].(string)
		s, known := kinds[kind]
		if !known {
			t.add(at+"/"+key, "%q is not allowed here", kind)
			return
		}
		s.with(fields{key: anything}).check(t, at, v)
	}
}

func anything(*troubles, string, any) {}

func boolean(t *troubles, at string, v any) {
	if _, ok := v.(bool); !ok {
		t.add(at, "is not a boolean")
	}
}

func integer(least, most float64) check {
	return func(t *troubles, at string, v any) {
		if n, ok := v.(float64); !ok || n != math.Trunc(n) || n < least || n > most {
			t.add(at, "is not a whole number from %.0f to %.0f", least, most)
		}
	}
}

// units is how long Slack counts a string.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// str is a string of so many units.
func str(least, most int) check {
	return func(t *troubles, at string, v any) {
		s, ok := v.(string)
		switch n := units(s); {
		case !ok:
			t.add(at, "is not a string")
		case n < least:
			t.add(at, "is empty")
		case n > most:
			t.add(at, "has %d characters, at most %d are allowed", n, most)
		}
	}
}

func enum(values ...string) check {
	return func(t *troubles, at string, v any) {
		if s, ok := v.(string); !ok || !slices.Contains(values, s) {
			t.add(at, "is not one of: %s", strings.Join(values, ", "))
		}
	}
}

func list(least, most int, each check) check {
	return func(t *troubles, at string, v any) {
		l, ok := v.([]any)
		switch {
		case !ok:
			t.add(at, "is not a list")
		case len(l) < least || len(l) > most:
			t.add(at, "has %d items, from %d to %d are allowed", len(l), least, most)
		}
		for i, item := range l {
			each(t, fmt.Sprintf("%s/%d", at, i), item)
		}
	}
}

const many = math.MaxInt32

// link is an absolute URL. Slack documents no tel: links: a choice.
func link(schemes ...string) check {
	return func(t *troubles, at string, v any) {
		str(1, 3000)(t, at, v)
		s, _ := v.(string)
		u, err := url.Parse(s)
		if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" && u.Opaque == "" {
			t.add(at, "is not a URL with one of: %s", strings.Join(schemes, ", "))
		}
	}
}

var webLink = link("https", "http")

// Text objects. Blank ones count as empty: a choice.
func words(most int) check {
	return func(t *troubles, at string, v any) {
		str(1, most)(t, at, v)
		if s, ok := v.(string); ok && s != "" && strings.TrimSpace(s) == "" {
			t.add(at, "is blank")
		}
	}
}

func plainShape(most int) shape {
	return shape{need: fields{"text": words(most)}, may: fields{"emoji": boolean}}
}

func mrkdwnShape(most int) shape {
	return shape{need: fields{"text": words(most)}, may: fields{"verbatim": boolean}}
}

func plain(most int) check {
	return oneOf("type", map[string]shape{"plain_text": plainShape(most)})
}

func text(most int) check {
	return oneOf("type", map[string]shape{"plain_text": plainShape(most), "mrkdwn": mrkdwnShape(most)})
}

// Objects that elements are made of.
var (
	id     = str(1, 255)
	option = shape{
		need: fields{"text": plain(75), "value": str(1, 150)},
		may:  fields{"description": plain(75)},
	}
	optionGroup = shape{need: fields{"label": plain(75), "options": list(1, 100, option.check)}}
	confirm     = shape{
		need: fields{"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
		may:  fields{"style": enum("primary", "danger")},
	}
	imageShape = shape{
		need: fields{"alt_text": str(1, 2000)},
		may:  fields{"image_url": webLink, "slack_file": anything},
		also: exactlyOne("image_url", "slack_file"),
	}
)

func exactlyOne(a, b string) func(*troubles, string, object) {
	return func(t *troubles, at string, o object) {
		_, hasA := o[a]
		_, hasB := o[b]
		if hasA == hasB {
			t.add(at, "needs either %q or %q", a, b)
		}
	}
}

var optionsOrGroups = exactlyOne("options", "option_groups")

// offersInitial wants the option that is chosen at first to be one of those that
// a menu offers, letter by letter.
func offersInitial(t *troubles, at string, o object) {
	first := o["initial_option"]
	same := func(option object) bool { return reflect.DeepEqual(first, any(option)) }
	if first != nil && !slices.ContainsFunc(optionsOf(o), same) {
		t.add(at+"/initial_option", "is not one of the options")
	}
}

// optionsOf are a menu's options, also those in groups.
func optionsOf(o object) (all []object) {
	options, _ := o["options"].([]any)
	groups, _ := o["option_groups"].([]any)
	for _, g := range groups {
		group, _ := g.(object)
		more, _ := group["options"].([]any)
		options = append(options, more...)
	}
	for _, option := range options {
		if option, ok := option.(object); ok {
			all = append(all, option)
		}
	}
	return all
}

// Interactive elements.
var (
	common = fields{"action_id": id, "confirm": confirm.check}
	chosen = fields{"action_id": id, "confirm": confirm.check, "placeholder": plain(150), "focus_on_load": boolean, "initial_option": option.check}
	button = shape{
		need: fields{"text": plain(75)},
		may:  fields{"url": webLink, "value": str(1, 2000), "style": enum("primary", "danger"), "accessibility_label": str(1, 75)},
	}.with(common)
	// Older documentation asks for two options at least: a choice.
	overflow     = shape{need: fields{"options": list(2, 5, option.with(fields{"url": webLink}).check)}}.with(common)
	staticSelect = shape{
		may: fields{"options": list(1, 100, option.check), "option_groups": list(1, 100, optionGroup.check)},
		also: func(t *troubles, at string, o object) {
			optionsOrGroups(t, at, o)
			offersInitial(t, at, o)
		},
	}.with(chosen)
	externalSelect = shape{may: fields{"min_query_length": integer(0, many)}}.with(chosen)
	choices        = shape{
		need: fields{"options": list(1, 10, option.check)},
		may:  fields{"focus_on_load": boolean, "initial_option": option.check},
		also: offersInitial,
	}.with(common)
	textInput = shape{
		may: fields{
			"action_id": id, "placeholder": plain(150), "multiline": boolean, "focus_on_load": boolean,
			"initial_value": str(0, maxInput), "min_length": integer(0, maxInput), "max_length": integer(1, maxInput),
		},
		also: holdsInitial,
	}

	inputs = map[string]shape{
		"static_select": staticSelect, "external_select": externalSelect,
		"checkboxes": choices, "radio_buttons": choices,
	}
	actionElements = joined(inputs, map[string]shape{"button": button, "overflow": overflow})
	accessories    = joined(actionElements, map[string]shape{"image": imageShape})
	inputElements  = joined(inputs, map[string]shape{"plain_text_input": textInput})
)

// maxInput is how much can be typed into a plain-text input.
const maxInput = 3000

// lengths are how much must and can be typed into a plain-text input.
func lengths(o object) (least, most float64) {
	least, _ = o["min_length"].(float64)
	most, limited := o["max_length"].(float64)
	if !limited {
		most = maxInput
	}
	return least, most
}

// holdsInitial wants the limits of an input to leave room for what stands in it
// at first.
func holdsInitial(t *troubles, at string, o object) {
	least, most := lengths(o)
	first, _ := o["initial_value"].(string)
	if least > most {
		t.add(at+"/min_length", "is more than max_length")
	}
	if float64(units(first)) > most {
		t.add(at+"/initial_value", "is longer than max_length")
	}
}

func joined(kinds ...map[string]shape) map[string]shape {
	all := map[string]shape{}
	for _, m := range kinds {
		maps.Copy(all, m)
	}
	return all
}

// Rich text.
var (
	style = shape{may: fields{
		"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean,
		"highlight": boolean, "client_highlight": boolean, "unlink": boolean,
	}}.check
	written = oneOf("type", map[string]shape{
		"text":      {need: fields{"text": str(1, many)}, may: fields{"style": style}},
		"link":      {need: fields{"url": link("https", "http", "mailto")}, may: fields{"text": str(1, many), "unsafe": boolean, "style": style}},
		"user":      {need: fields{"user_id": id}, may: fields{"style": style}},
		"usergroup": {need: fields{"usergroup_id": id}, may: fields{"style": style}},
		"channel":   {need: fields{"channel_id": id}, may: fields{"style": style}},
		"emoji":     {need: fields{"name": id}, may: fields{"unicode": id, "style": style}},
		"date":      {need: fields{"timestamp": integer(0, 1<<40), "format": id}, may: fields{"url": webLink, "fallback": str(1, many), "style": style}},
		"broadcast": {need: fields{"range": enum("here", "channel", "everyone")}, may: fields{"style": style}},
	})
	richSection = shape{need: fields{"elements": list(1, many, written)}}
	richList    = shape{
		need: fields{
			"elements": list(1, many, oneOf("type", map[string]shape{"rich_text_section": richSection})),
			"style":    enum("bullet", "ordered"),
		},
		may: fields{"indent": integer(0, 8)},
	}
	richText = shape{need: fields{"elements": list(1, many, oneOf("type", map[string]shape{
		"rich_text_section": richSection, "rich_text_list": richList,
		"rich_text_preformatted": richSection, "rich_text_quote": richSection,
	}))}}
)

// Blocks.
var (
	everywhere = map[string]shape{
		"header": {need: fields{"text": plain(150)}, may: fields{"level": integer(1, 4)}},
		"section": {
			may: fields{
				"text": text(3000), "fields": list(1, 10, text(2000)), "expand": boolean,
				"accessory": oneOf("type", accessories),
			},
			also: func(t *troubles, at string, o object) {
				if o["text"] == nil && o["fields"] == nil {
					t.add(at, "lacks text or fields")
				}
			},
		},
		"context": {need: fields{"elements": list(1, 10, oneOf("type", map[string]shape{
			"plain_text": plainShape(3000), "mrkdwn": mrkdwnShape(3000), "image": imageShape,
		}))}},
		"actions":   {need: fields{"elements": list(1, 25, oneOf("type", actionElements))}, also: unique("elements", "action_id")},
		"divider":   {},
		"rich_text": richText,
		"image":     imageShape.with(fields{"title": plain(2000)}),
	}
	input = map[string]shape{"input": {
		need: fields{"label": plain(2000), "element": oneOf("type", inputElements)},
		may:  fields{"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
	}}
	// raw_number cells are left out: some workspaces refuse them.
	table = map[string]shape{"table": {
		need: fields{"rows": list(1, 100, list(1, 20, oneOf("type", map[string]shape{
			"raw_text": {need: fields{"text": str(1, many)}}, "rich_text": richText,
		})))},
		may: fields{"column_settings": list(0, 20, column)},
	}}
)

func column(t *troubles, at string, v any) {
	if v != nil { // null skips a column
		shape{may: fields{"align": enum("left", "center", "right"), "is_wrapped": boolean}}.check(t, at, v)
	}
}

// blocks is a list of the kinds of blocks that a surface takes. Slack allows
// inputs in messages too, but answers come from modals: a choice.
func blocks(least, most int, kinds ...map[string]shape) check {
	all := joined(kinds...)
	for name, s := range all {
		all[name] = s.with(fields{"block_id": id})
	}
	return list(least, most, oneOf("type", all))
}

// unique reports an id that two items of a list share.
func unique(key, idKey string) func(*troubles, string, object) {
	return func(t *troubles, at string, o object) {
		seen := map[any]bool{}
		items, _ := o[key].([]any)
		for i, item := range items {
			item, _ := item.(object)
			id := item[idKey]
			if id != nil && seen[id] {
				t.add(fmt.Sprintf("%s/%s/%d/%s", at, key, i, idKey), "is there twice")
			}
			seen[id] = true
		}
	}
}

// Messages and views.
var (
	messageShape = shape{
		may: fields{
			// Slack cuts longer text off: refusing it is a choice.
			"text":             str(0, 40_000),
			"blocks":           blocks(0, 50, everywhere, table),
			"response_type":    enum("ephemeral", "in_channel"),
			"replace_original": boolean,
			"delete_original":  boolean,
			"thread_ts":        id,
			"mrkdwn":           boolean,
			"parse":            enum("full", "none"),
			"link_names":       boolean,
			"unfurl_links":     boolean,
			"unfurl_media":     boolean,
			"metadata":         shape{need: fields{"event_type": id, "event_payload": anything}}.check,
		},
		also: wholeMessage,
	}
	modal = shape{
		need: fields{"title": plain(24), "blocks": blocks(1, 100, everywhere, input)},
		may: fields{
			"submit": plain(24), "close": plain(24), "submit_disabled": boolean,
			"clear_on_close": boolean, "notify_on_close": boolean,
		},
		also: wholeModal,
	}.with(kept)
	home = shape{
		need: fields{"blocks": blocks(1, 100, everywhere, input, table)},
		also: unique("blocks", "block_id"),
	}.with(kept)
	kept = fields{"private_metadata": str(0, 3000), "callback_id": str(0, 255), "external_id": str(0, 255)}
)

func message(t *troubles, at string, v any) { messageShape.check(t, at, v) }

// maxMessage is how much text all blocks of a message may hold, and maxTables
// how much its tables.
// Source: a maintainer in slackapi/bolt-js#2509, who adds some room: a choice.
const (
	maxMessage = 12_000
	maxTables  = 10_000
)

// wholeMessage looks at a message as a whole. One with a response type alone
// acknowledges a command, and one can delete without saying anything.
func wholeMessage(t *troubles, at string, o object) {
	shown, _ := o["blocks"].([]any)
	_, typed := o["response_type"]
	says := o["text"] != nil && o["text"] != ""
	switch {
	case !says && len(shown) > 0 && o["text"] != nil: // Slack takes it, but then notifications are empty
		t.add(at+"/text", "is empty")
	case !says && len(shown) == 0 && o["delete_original"] != true && !(typed && len(o) == 1):
		*t = append(*t, trouble{at, "has no text and no blocks", "no_text"})
	}
	unique("blocks", "block_id")(t, at, o)
	tables, inTables, inOthers := 0, 0, 0
	for _, b := range shown {
		if b, ok := b.(object); ok && b["type"] == "table" {
			tables++
			inTables += textIn(b)
		} else {
			inOthers += textIn(b)
		}
	}
	if tables > 1 { // newer documentation no longer says so: a choice
		t.add(at+"/blocks", "only_one_table_allowed")
	}
	if inTables > maxTables {
		t.add(at+"/blocks", "tables hold %d characters, at most %d are allowed", inTables, maxTables)
	}
	if inOthers > maxMessage {
		*t = append(*t, trouble{at + "/blocks", fmt.Sprintf("holds %d characters, at most %d are allowed", inOthers, maxMessage), "msg_blocks_too_long"})
	}
}

// textIn is how much text a value holds.
func textIn(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += textIn(item)
		}
	case object:
		for key, value := range v {
			if s, ok := value.(string); ok && key == "text" {
				n += units(s)
			} else {
				n += textIn(value)
			}
		}
	}
	return n
}

func wholeModal(t *troubles, at string, o object) {
	unique("blocks", "block_id")(t, at, o)
	blocks, _ := o["blocks"].([]any)
	asks := slices.ContainsFunc(blocks, func(b any) bool {
		block, _ := b.(object)
		return block["type"] == "input"
	})
	if asks && o["submit"] == nil {
		t.add(at, "lacks \"submit\", which a modal with an input needs")
	}
}
