package slackfmt

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/zoho"
)

// The parts of the search modal, as Slack names them in what it sends.
const (
	CallbackFind   = "find_person" // the shortcut that opens the modal, and the modal
	CallbackAuthor = "find_author" // the shortcut on a message, which opens it with who wrote that
	BlockPerson    = "person"      // where somebody is chosen, in the modal and in the Home tab
	ActionPerson   = "person"      // the select in it, whose options follow what is typed
)

// maxSuggested is how many people the search modal offers at once. Slack allows
// 100, but whoever scrolls that far on a phone types another letter instead.
const maxSuggested = 25

// FindPerson is the modal that searches while somebody types, with an answer
// below; an empty message is none. The value of the selected option is a user
// id.
func FindPerson(below Message) slack.ModalViewRequest {
	blocks := []slack.Block{slack.NewInputBlock(BlockPerson, literal("Who are you looking for?"), nil, personSelect())}
	if below.Text != "" {
		blocks = append(append(blocks, slack.NewDividerBlock()), below.inView()...)
	}
	v := modal(blocks...)
	v.Submit = literal("Show")
	return v
}

// personSelect is a select whose options are those who fit what is typed.
func personSelect() *slack.SelectBlockElement {
	s := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, literal("Name, e-mail or phone"), ActionPerson)
	s.MinQueryLength = new(1)
	return s
}

// AnswerView shows a message as a modal that does not search.
func AnswerView(m Message) slack.ModalViewRequest { return modal(m.inView()...) }

// inView is what a modal or a Home tab shows of a message: what is shared goes
// to a channel, and there is none.
func (m Message) inView() []slack.Block {
	var blocks []slack.Block
	for _, b := range m.body() {
		row, ok := b.(*slack.ActionBlock)
		if !ok {
			blocks = append(blocks, b)
			continue
		}
		isShare := func(e slack.BlockElement) bool {
			button, ok := e.(*slack.ButtonBlockElement)
			return ok && button.ActionID == ActionShare
		}
		blocks = append(blocks, actions(row.BlockID, slices.DeleteFunc(slices.Clone(row.Elements.ElementSet), isShare)...)...)
	}
	return blocks
}

func modal(blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type:       slack.VTModal,
		CallbackID: CallbackFind,
		Title:      literal("Find a person"),
		Close:      literal("Close"),
		Blocks:     slack.Blocks{BlockSet: blocks},
	}
}

// Options answers what was typed into the search modal, in JSON, with the
// first of those who were found. (slack.OptionsResponse loses an empty list.)
func Options(found directory.People) []byte {
	options := []*slack.OptionBlockObject{}
	for _, u := range found.Users {
		if u.ID != "" && units(u.ID) <= maxOptionValue && len(options) < maxSuggested {
			options = append(options, option(u))
		}
	}
	data, _ := json.Marshal(map[string]any{"options": options}) // strings and booleans cannot fail
	return data
}

// option shows somebody with what tells namesakes apart.
func option(u zoho.User) *slack.OptionBlockObject {
	text := strings.Join(given(nameOf(u, maxOption), clean(u.Role.Name, maxOption)), " · ")
	about := clean(u.Email, maxOption)
	if status, plainly := standing(u); !plainly {
		about = strings.Join(given(upperFirst(status), about), " · ")
	}
	o := slack.NewOptionBlockObject(u.ID, literal(clip(text, maxOption)), nil)
	if about != "" {
		o.Description = literal(clip(about, maxOption))
	}
	return o
}

// Home is the bot's Home tab: a search, the answer of the moment, and each
// command with examples.
func Home(answer Message) slack.HomeTabViewRequest {
	search := slack.NewActionBlock(BlockPerson, personSelect())
	return home(append([]slack.Block{search}, answer.inView()...))
}

// HomeWithout is the Home tab of who may not search, which says why.
func HomeWithout(refusal Message) slack.HomeTabViewRequest { return home(refusal.inView()) }

func home(answer []slack.Block) slack.HomeTabViewRequest {
	blocks := append([]slack.Block{header("Who is who in Zoho CRM")}, answer...)
	blocks = append(blocks, slack.NewDividerBlock(),
		richText(line{plain("Type one of these commands where you write messages. Only you see the answer, and nothing changes in Zoho CRM.")}))
	for _, c := range commands {
		blocks = append(blocks, c.block())
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}
