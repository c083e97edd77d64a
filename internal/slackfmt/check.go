package slackfmt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Check reports what Slack would refuse in a message, and what breaks our own
// rules: plain text that makes emoji of :x:, markup and mentions in mrkdwn but
// for links, dates and mentions by id, control characters, and kinds of blocks
// and elements that the bot does not send. The error names each place, of which
// "block 1" is the first, and holds nothing that the message says.
func (m Message) Check() error {
	w := &walk{on: inMessage}
	w.at("response type").oneOf(m.ResponseType, slack.ResponseTypeEphemeral, slack.ResponseTypeInChannel)
	w.at("text").filled(m.Text, maxMessageText)
	w.at("text").mrkdwn(m.Text, "")
	w.blocks(m.Blocks, 0, maxBlocks)
	w.at("all blocks").length(w.inBlocks, maxTotalText)
	return errors.Join(w.wrong...)
}

// CheckView is like Message.Check for a slack.ModalViewRequest or a
// slack.HomeTabViewRequest. Anything else is an error.
func CheckView(v any) error {
	w := &walk{}
	switch v := v.(type) {
	case slack.ModalViewRequest:
		w.on = inModal
		w.modal(v)
	case slack.HomeTabViewRequest:
		w.on = inHome
		w.at("type").oneOf(string(v.Type), string(slack.VTHomeTab))
		w.blocks(v.Blocks.BlockSet, 1, maxViewBlocks)
		w.kept(v.PrivateMetadata, v.CallbackID, v.ExternalID)
	default:
		return errors.New("neither a modal nor a Home tab")
	}
	return errors.Join(w.wrong...)
}

func (w *walk) modal(v slack.ModalViewRequest) {
	w.at("type").oneOf(string(v.Type), string(slack.VTModal))
	w.at("title").plain(v.Title, maxModalTitle)
	w.at("").maybe("submit", v.Submit, maxModalTitle)
	w.at("").maybe("close", v.Close, maxModalTitle)
	w.blocks(v.Blocks.BlockSet, 1, maxViewBlocks)
	if w.inputs > 0 && v.Submit == nil {
		w.at("submit").wrongf("is missing beside an input")
	}
	w.kept(v.PrivateMetadata, v.CallbackID, v.ExternalID)
}

func (w *walk) kept(metadata, callback, external string) {
	w.at("private metadata").length(units(metadata), maxPrivateMetadata)
	w.at("callback id").length(units(callback), maxCallbackID)
	w.at("external id").length(units(external), maxExternalID)
}

// CheckOptions is like Message.Check for the answer to a block_suggestion, in
// JSON: options or groups of them, of which there may be none.
func CheckOptions(data []byte) error {
	var wire struct {
		Options []*slack.OptionBlockObject      `json:"options"`
		Groups  []*slack.OptionGroupBlockObject `json:"option_groups"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if dec.Decode(&wire) != nil || dec.More() || !utf8.Valid(data) {
		return errors.New("no JSON object of options") // the decoder's own words may quote it
	}
	w := &walk{}
	w.at("").either("options", wire.Options != nil, "groups", wire.Groups != nil)
	w.at("").options(wire.Options, 0, maxSelectOptions)
	w.at("").groups(wire.Groups)
	return errors.Join(w.wrong...)
}

// walk is a message or a view that is being checked.
type walk struct {
	on    surface
	wrong []error

	blockIDs map[string]bool
	inputs   int // blocks of that kind
	tables   int

	// How much text there is, in UTF-16 units.
	inBlocks, inMarkdown, inTables, inDataTables int
}

// surface says where blocks are shown.
type surface int

const (
	inMessage surface = 1 << iota
	inModal
	inHome

	everywhere = inMessage | inModal | inHome
)

// place is somewhere in a message or a view.
type place struct {
	*walk
	what      string          // such as "block 3: section"; empty: the whole
	sum       *int            // where its text is counted
	actionIDs map[string]bool // in its block, so far
}

func (w *walk) at(what string) place { return place{walk: w, what: what, sum: &w.inBlocks} }

// in gives a place within a place.
func (p place) in(format string, args ...any) place {
	p.what = strings.TrimSpace(p.what + " " + fmt.Sprintf(format, args...))
	return p
}

func (p place) wrongf(format string, args ...any) {
	p.walk.wrong = append(p.walk.wrong, errors.New(p.in(format, args...).what))
}

// has reports whether a value is there, and that as wrong where it is not.
func has[T any](p place, v *T) bool {
	if v == nil {
		p.wrongf("is missing")
	}
	return v != nil
}

func (p place) length(n, most int) {
	if n > most {
		p.wrongf("has %d units, %d are allowed", n, most)
	}
}

func (p place) count(n, least, most int) {
	if n < least || n > most {
		p.wrongf("has %d items, %d to %d are allowed", n, least, most)
	}
}

// either holds of two things exactly one to be there.
func (p place) either(a string, hasA bool, b string, hasB bool) {
	if hasA == hasB {
		p.wrongf("needs either %s or %s", a, b)
	}
}

func (p place) oneOf(value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.wrongf("is none of: %s", strings.Join(allowed, ", "))
	}
}

// unique holds an id, which may be empty, to its length and to being new.
func (p place) unique(id string, most int, seen map[string]bool) {
	p.length(units(id), most)
	if id != "" && seen[id] {
		p.wrongf("is there twice")
	}
	seen[id] = true
}

// filled holds text to its length. Blank text counts as empty.
func (p place) filled(s string, most int) {
	p.length(units(s), most)
	if strings.TrimSpace(s) == "" {
		p.wrongf("is empty")
	}
}

// clear holds text to having no control characters but those in but. Bytes that
// are no text count as such.
func (p place) clear(s, but string) {
	if strings.ContainsFunc(s, func(r rune) bool { return shapeless(r) && !strings.ContainsRune(but, r) }) {
		p.wrongf("has control characters")
	}
}

func (p place) mrkdwn(s, but string) {
	p.clear(s, but)
	if !escaped(s) {
		p.wrongf("has markup that is not escaped")
	}
}

// written is text outside of a text object: it is shown as it is.
func (p place) written(s string) {
	*p.sum += units(s)
	p.clear(s, "\n")
	if s == "" {
		p.wrongf("is empty")
	}
}

// text checks a text object of either type.
func (p place) text(t *slack.TextBlockObject, most int) {
	if !has(p, t) {
		return
	}
	*p.sum += units(t.Text)
	p.filled(t.Text, most)
	switch t.Type {
	case slack.PlainTextType:
		p.clear(t.Text, "\n")
		if t.Emoji == nil || *t.Emoji || t.Verbatim {
			p.wrongf("is plain_text without emoji:false, or verbatim")
		}
	case slack.MarkdownType:
		p.mrkdwn(t.Text, "\n")
		if t.Emoji != nil {
			p.wrongf("is mrkdwn with emoji")
		}
	default:
		p.wrongf("is neither plain_text nor mrkdwn")
	}
}

// plain checks a text object where only plain_text is allowed.
func (p place) plain(t *slack.TextBlockObject, most int) {
	p.text(t, most)
	if t != nil && (t.Type == slack.MarkdownType || strings.Contains(t.Text, "\n")) {
		p.wrongf("is not plain_text of one line")
	}
}

// maybe checks one like plain that need not be there.
func (p place) maybe(what string, t *slack.TextBlockObject, most int) {
	if t != nil {
		p.in("%s", what).plain(t, most)
	}
}

// url checks an absolute address. Slack documents no tel: links.
func (p place) url(address string, schemes ...string) {
	p.length(units(address), maxURL)
	u, err := url.Parse(address)
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" && u.Opaque == "" || strings.ContainsAny(address, " <>|") {
		p.wrongf("is no URL with one of: %s", strings.Join(schemes, ", "))
	}
}

func (p place) web(address string) { p.url(address, "https", "http") }

// escaped reports whether mrkdwn holds no & < > but in entities and in links,
// dates and mentions by id.
// Source: Slack's documentation, "Formatting message text".
func escaped(s string) bool {
	for {
		i := strings.IndexAny(s, "&<>")
		if i < 0 {
			return true
		}
		n := special(s[i:])
		if n == 0 {
			return false
		}
		s = s[i+n:]
	}
}

// special is the length of the entity or the form in < > that s begins with,
// or 0.
func special(s string) int {
	for _, entity := range []string{"&amp;", "&lt;", "&gt;"} {
		if strings.HasPrefix(s, entity) {
			return len(entity)
		}
	}
	end := strings.IndexByte(s, '>')
	if s[0] != '<' || end < 0 || !isForm(s[1:end]) {
		return 0
	}
	return end + 1
}

func isForm(inside string) bool {
	what, words, labelled := strings.Cut(inside, "|")
	for prefix, kinds := range map[string]string{"@": "UW", "#": "CG", "!subteam^": "S"} {
		if id, is := strings.CutPrefix(what, prefix); is {
			return IsID(id, kinds) && !labelled
		}
	}
	if strings.TrimSpace(words) == "" || !escaped(what) || !escaped(words) {
		return false
	}
	if date, is := strings.CutPrefix(what, "!date^"); is {
		unix, format, _ := strings.Cut(date, "^")
		_, err := strconv.ParseInt(unix, 10, 64)
		return err == nil && format != ""
	}
	for _, scheme := range []string{"mailto:", "tel:", "https://"} {
		if address, is := strings.CutPrefix(what, scheme); is {
			return address != "" && !strings.Contains(address, " ")
		}
	}
	return false
}
