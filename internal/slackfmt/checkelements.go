package slackfmt

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// spot says where an element stands.
type spot int

const (
	ofSection spot = 1 << iota
	ofContext
	ofActions
	ofInput
	ofCard

	ofMost = ofSection | ofActions | ofInput
)

// element checks an element, which may stand in some spots only.
func (p place) element(e slack.BlockElement, where spot) {
	if isNil(e) {
		p.wrongf("is missing")
		return
	}
	switch e := e.(type) {
	case *slack.ImageBlockElement:
		p = p.kind(e, where, ofSection|ofContext, slack.METImage)
		var url string
		if e.ImageURL != nil {
			url = *e.ImageURL
		}
		p.image(url, e.SlackFile, e.AltText)
	case *slack.ButtonBlockElement:
		p.kind(e, where, ofSection|ofActions|ofCard, slack.METButton).button(e)
	case *slack.OverflowBlockElement:
		p = p.kind(e, where, ofSection|ofActions, slack.METOverflow)
		p.common(e.ActionID, nil, e.Confirm)
		p.in("options").count(len(e.Options), minOverflow, maxOverflow)
		for i, o := range e.Options {
			p.in("option %d", i+1).linkedOption(o)
		}
	case *slack.SelectBlockElement:
		p.kind(e, where, ofMost, selects("")...).selection(e)
	case *slack.MultiSelectBlockElement:
		p.kind(e, where, ofSection|ofInput, selects("multi_")...).multiSelection(e)
	case *slack.RadioButtonsBlockElement:
		p = p.kind(e, where, ofMost, slack.METRadioButtons)
		p.common(e.ActionID, nil, e.Confirm)
		p.options(e.Options, 1, maxChoices)
		p.initial(e.InitialOption)
	case *slack.CheckboxGroupsBlockElement:
		p = p.kind(e, where, ofMost, slack.METCheckboxGroups)
		p.common(e.ActionID, nil, e.Confirm)
		p.options(e.Options, 1, maxChoices)
		p.options(e.InitialOptions, 0, maxChoices)
	default:
		p.picker(e, where)
	}
}

// picker checks the elements in which people pick a time or write.
func (p place) picker(e slack.BlockElement, where spot) {
	switch e := e.(type) {
	case *slack.DatePickerBlockElement:
		p.kind(e, where, ofMost, slack.METDatepicker).common(e.ActionID, e.Placeholder, e.Confirm)
	case *slack.TimePickerBlockElement:
		p.kind(e, where, ofMost, slack.METTimepicker).common(e.ActionID, e.Placeholder, e.Confirm)
	case *slack.DateTimePickerBlockElement:
		p.kind(e, where, ofActions|ofInput, slack.METDatetimepicker).common(e.ActionID, nil, e.Confirm)
	case *slack.PlainTextInputBlockElement:
		p.kind(e, where, ofInput, slack.METPlainTextInput).common(e.ActionID, e.Placeholder, nil)
	default:
		p.wrongf("is not a kind that the bot sends")
	}
}

// kind gives the place of an element by its kind, which is one of those that
// its type may have.
func (p place) kind(e slack.BlockElement, where, may spot, kinds ...slack.MessageElementType) place {
	if !slices.Contains(kinds, e.ElementType()) {
		p.wrongf("is of another kind than its type")
		return p
	}
	p = p.in("%s", e.ElementType())
	if where&may == 0 {
		p.wrongf("is not a kind that the bot sends there")
	}
	return p
}

func selects(prefix slack.MessageElementType) []slack.MessageElementType {
	return []slack.MessageElementType{prefix + "static_select", prefix + "external_select", prefix + "users_select", prefix + "conversations_select", prefix + "channels_select"}
}

// common checks what most elements have, or may have.
func (p place) common(actionID string, placeholder *slack.TextBlockObject, confirm *slack.ConfirmationBlockObject) {
	p.in("action id").unique(actionID, maxActionID, p.actionIDs)
	p.maybe("placeholder", placeholder, maxPlaceholder)
	if confirm == nil {
		return
	}
	p = p.in("confirm")
	p.in("title").plain(confirm.Title, maxConfirmTitle)
	p.in("text").text(confirm.Text, maxConfirmText)
	p.in("yes").plain(confirm.Confirm, maxConfirmButton)
	p.in("no").plain(confirm.Deny, maxConfirmButton)
	p.style(confirm.Style)
}

func (p place) style(s slack.Style) {
	p.in("style").oneOf(string(s), string(slack.StyleDefault), string(slack.StylePrimary), string(slack.StyleDanger))
}

func (p place) button(e *slack.ButtonBlockElement) {
	p.common(e.ActionID, nil, e.Confirm)
	p.in("text").plain(e.Text, maxButtonText)
	p.in("value").length(units(e.Value), maxButtonValue)
	p.in("label").length(units(e.AccessibilityLabel), maxAccessibility)
	p.in("label").clear(e.AccessibilityLabel, "")
	p.style(e.Style)
	if e.URL != "" {
		p.in("URL").web(e.URL)
	}
}

// selection wants options or groups of them of a static select, and of others
// neither.
func (p place) selection(e *slack.SelectBlockElement) {
	p.common(e.ActionID, e.Placeholder, e.Confirm)
	p.initial(e.InitialOption)
	p.choice(strings.HasPrefix(e.Type, "static"), e.Options, e.OptionGroups)
}

func (p place) multiSelection(e *slack.MultiSelectBlockElement) {
	p.common(e.ActionID, e.Placeholder, e.Confirm)
	p.options(e.InitialOptions, 0, maxSelectOptions)
	p.choice(strings.HasPrefix(e.Type, "multi_static"), e.Options, e.OptionGroups)
}

func (p place) choice(static bool, options []*slack.OptionBlockObject, groups []*slack.OptionGroupBlockObject) {
	if static {
		p.either("options", len(options) > 0, "groups", len(groups) > 0)
	} else if len(options)+len(groups) > 0 {
		p.wrongf("has options of its own")
	}
	p.options(options, 0, maxSelectOptions)
	p.groups(groups)
}

func (p place) options(options []*slack.OptionBlockObject, least, most int) {
	p.in("options").count(len(options), least, most)
	for i, o := range options {
		p.in("option %d", i+1).option(o)
	}
}

func (p place) groups(groups []*slack.OptionGroupBlockObject) {
	p.in("groups").count(len(groups), 0, maxOptionGroups)
	for i, g := range groups {
		if at := p.in("group %d", i+1); has(at, g) {
			at.in("label").plain(g.Label, maxGroupLabel)
			at.options(g.Options, 1, maxSelectOptions)
		}
	}
}

func (p place) initial(o *slack.OptionBlockObject) {
	if o != nil {
		p.in("initial option").option(o)
	}
}

func (p place) option(o *slack.OptionBlockObject) {
	p.linkedOption(o)
	if o != nil && o.URL != "" {
		p.in("URL").wrongf("is not for options of this kind")
	}
}

// linkedOption checks an option that may have a URL, as in an overflow menu.
func (p place) linkedOption(o *slack.OptionBlockObject) {
	if !has(p, o) {
		return
	}
	p.in("text").plain(o.Text, maxOption)
	p.maybe("description", o.Description, maxOptionAbout)
	p.in("value").count(units(o.Value), 1, maxOptionValue)
	if o.URL != "" {
		p.in("URL").web(o.URL)
	}
}

// richText checks the elements of a block, a cell or a list.
func (p place) richText(elements []slack.RichTextElement) {
	if len(elements) == 0 {
		p.wrongf("is empty")
	}
	for i, e := range elements {
		p.in("element %d", i+1).richElement(e)
	}
}

func (p place) richElement(e slack.RichTextElement) {
	if isNil(e) {
		p.wrongf("is missing")
		return
	}
	var kind slack.RichTextElementType
	switch e := e.(type) {
	case *slack.RichTextSection:
		kind = slack.RTESection
		p.line(e.Elements)
	case *slack.RichTextQuote:
		kind = slack.RTEQuote
		p.line(e.Elements)
	case *slack.RichTextPreformatted:
		kind = slack.RTEPreformatted
		p.line(e.Elements)
	case *slack.RichTextList:
		kind = slack.RTEList
		p.list(e)
	default:
		p.wrongf("is not a kind that the bot sends")
		return
	}
	p.in("type").oneOf(string(e.RichTextElementType()), string(kind))
}

func (p place) list(l *slack.RichTextList) {
	p.in("style").oneOf(string(l.Style), string(slack.RTEListBullet), string(slack.RTEListOrdered))
	p.in("indent").count(l.Indent, 0, maxIndent)
	for i, e := range l.Elements {
		if _, is := e.(*slack.RichTextSection); !is {
			p.in("element %d", i+1).wrongf("is no section in a list")
		}
	}
	p.richText(l.Elements)
}

func (p place) line(elements []slack.RichTextSectionElement) {
	if len(elements) == 0 {
		p.wrongf("is empty")
	}
	for i, e := range elements {
		p.in("part %d", i+1).inline(e)
	}
}

func (p place) inline(e slack.RichTextSectionElement) {
	if isNil(e) {
		p.wrongf("is missing")
		return
	}
	var kind slack.RichTextSectionElementType
	switch e := e.(type) {
	case *slack.RichTextSectionTextElement:
		kind = slack.RTSEText
		p.written(e.Text)
	case *slack.RichTextSectionLinkElement:
		kind = slack.RTSELink
		p.in("URL").url(e.URL, "https", "http", "mailto")
		if e.Text != "" {
			p.written(e.Text)
		}
	case *slack.RichTextSectionUserElement:
		kind = slack.RTSEUser
		p.id(e.UserID, "UW")
	case *slack.RichTextSectionUserGroupElement:
		kind = slack.RTSEUserGroup
		p.id(e.UsergroupID, "S")
	case *slack.RichTextSectionChannelElement:
		kind = slack.RTSEChannel
		p.id(e.ChannelID, "CG")
	case *slack.RichTextSectionEmojiElement:
		kind = slack.RTSEEmoji
		p.in("name").count(units(e.Name), 1, maxName)
	case *slack.RichTextSectionDateElement:
		kind = slack.RTSEDate
		p.date(e)
	default: // broadcasts among them, and what only Slack itself writes
		p.wrongf("is not a kind that the bot sends")
		return
	}
	p.in("type").oneOf(string(e.RichTextSectionElementType()), string(kind))
}

func (p place) id(id, kinds string) {
	if !IsID(id, kinds) {
		p.wrongf("has no id")
	}
}

func (p place) date(e *slack.RichTextSectionDateElement) {
	p.in("format").count(units(e.Format), 1, maxName)
	if e.Timestamp < 0 {
		p.wrongf("is before 1970")
	}
	if e.URL != nil {
		p.in("URL").web(*e.URL)
	}
	if e.Fallback != nil {
		p.in("fallback").filled(*e.Fallback, maxSection)
		p.in("fallback").clear(*e.Fallback, "")
	}
}
