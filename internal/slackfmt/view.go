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
	CallbackFind = "find_person" // the modal
	BlockPerson  = "person"      // its only input
	ActionPerson = "person"      // the select in it, whose options follow what is typed
)

// maxOptions is how many people the search modal offers at once. Slack allows
// 100, but whoever scrolls that far on a phone types another letter instead.
const maxOptions = 25

const findTitle = "Find a person"

// FindPerson is the modal that searches while somebody types. The value of the
// selected option is a user id.
func FindPerson() slack.ModalViewRequest {
	choose := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, literal("Name, e-mail or phone"), ActionPerson)
	choose.MinQueryLength = new(1)
	choose.FocusOnLoad = true
	v := modal(slack.NewInputBlock(BlockPerson, literal("Who are you looking for?"), nil, choose))
	v.CallbackID = CallbackFind
	v.Submit = literal("Show")
	return v
}

// LookingView is the modal while the answer takes longer.
func LookingView() slack.ModalViewRequest {
	return modal(richText(line{plain("Looking in Zoho CRM… the answer appears here in a moment.")}))
}

// AnswerView shows a message as a modal. Its buttons are left out: what is
// pressed in a modal has no message to replace.
func AnswerView(m Message) slack.ModalViewRequest {
	isActions := func(b slack.Block) bool { return b.BlockType() == slack.MBTAction }
	m.Blocks = slices.DeleteFunc(slices.Clone(m.Blocks), isActions)
	return modal(m.body()...)
}

func modal(blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type:   slack.VTModal,
		Title:  literal(findTitle),
		Close:  literal("Close"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// Options answers what was typed into the search modal, in JSON, with the
// first of those who were found. (slack.OptionsResponse loses an empty list.)
func Options(found directory.People) []byte {
	options := []*slack.OptionBlockObject{}
	for _, u := range found.Users {
		if u.ID != "" && units(u.ID) <= maxOptionValue && len(options) < maxOptions {
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

// Home is the bot's Home tab: what it does, and each command with examples.
func Home() slack.HomeTabViewRequest {
	blocks := []slack.Block{
		header("Who is who in Zoho CRM"),
		richText(line{plain("Type one of these commands where you write messages. Only you see the answer, and nothing changes in Zoho CRM.")}),
	}
	for _, c := range commands {
		blocks = append(blocks, slack.NewDividerBlock(), c.block())
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}
