package slackfmt_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/slackfmt"
)

// Parts of messages, with text of so many characters.

func of(n int) string { return strings.Repeat("x", n) }

func plainText(n int) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", of(n), false, false)
}

func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("mrkdwn", text, false, false)
}

func sectionOf(text *slack.TextBlockObject) *slack.SectionBlock {
	return slack.NewSectionBlock(text, nil, nil)
}

func acting(elements ...slack.BlockElement) slack.Block { return slack.NewActionBlock("", elements...) }

func button(n int) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement("", "", plainText(n))
}

func choice(text, about, value int) *slack.OptionBlockObject {
	o := slack.NewOptionBlockObject(of(value), plainText(text), nil)
	if about > 0 {
		o.Description = plainText(about)
	}
	return o
}

func choices(n int) []*slack.OptionBlockObject { return times(n, choice(1, 0, 1)) }

func group(label, options int) *slack.OptionGroupBlockObject {
	return slack.NewOptionGroupBlockElement(plainText(label), choices(options)...)
}

func static(options ...*slack.OptionBlockObject) *slack.SelectBlockElement {
	return slack.NewOptionsSelectBlockElement("static_select", nil, "", options...)
}

func grouped(groups ...*slack.OptionGroupBlockObject) slack.Block {
	return acting(slack.NewOptionsGroupSelectBlockElement("static_select", nil, "", groups...))
}

func confirming(title, text, yes, no int) slack.Block {
	return acting(button(1).WithConfirm(slack.NewConfirmationBlockObject(plainText(title), plainText(text), plainText(yes), plainText(no))))
}

func picture(url, alt, title int) *slack.ImageBlock {
	b := slack.NewImageBlock(address(url), of(alt), "", nil)
	if title > 0 {
		b.Title = plainText(title)
	}
	return b
}

// address is a URL of n characters.
func address(n int) string { return "https://example.com/" + of(n-len("https://example.com/")) }

func written(parts ...slack.RichTextSectionElement) *slack.RichTextSection {
	return slack.NewRichTextSection(parts...)
}

func word(n int) slack.RichTextSectionElement { return slack.NewRichTextSectionTextElement(of(n), nil) }

func tableOf(rows, cells, text, columns int) slack.Block {
	b := slack.NewTableBlock("")
	for range rows {
		b.AddRow(times[slack.TableCell](cells, slack.NewTableRawTextCell(of(text)))...)
	}
	return b.WithColumnSettings(times(columns, slack.ColumnSetting{Align: "left"})...)
}

func dataTableOf(caption string, rows, cells, text int) *slack.DataTableBlock {
	b := slack.NewDataTableBlock(caption)
	for range rows {
		b.AddRow(times[slack.DataTableCell](cells, slack.NewDataTableRawTextCell(of(text)))...)
	}
	return b
}

func times[T any](n int, v T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = v
	}
	return all
}

func saying(blocks ...slack.Block) slackfmt.Message {
	return slackfmt.Message{ResponseType: "ephemeral", Text: "Generated.", Blocks: blocks}
}

// TestBlockLimits has a limit each, in Slack's number. One more is refused, and
// the error says where.
func TestBlockLimits(t *testing.T) {
	limits := []struct {
		name  string
		limit int
		of    func(n int) slack.Block
		where string
	}{
		{"block id", 255, func(n int) slack.Block { return &slack.DividerBlock{Type: "divider", BlockID: of(n)} }, "block 1: divider block id has 256 units, 255 are allowed"},
		{"header", 150, func(n int) slack.Block { return slack.NewHeaderBlock(plainText(n)) }, "block 1: header text has 151"},
		{"level", 4, func(n int) slack.Block {
			return slack.NewHeaderBlock(plainText(1), slack.HeaderBlockOptionLevel(n))
		}, "header level"},
		{"section", 3000, func(n int) slack.Block { return sectionOf(mrkdwn(of(n))) }, "section text has 3001 units, 3000 are allowed"},
		{"fields", 10, func(n int) slack.Block { return slack.NewSectionBlock(nil, times(n, plainText(1)), nil) }, "section fields has 11"},
		{"field", 2000, func(n int) slack.Block {
			return slack.NewSectionBlock(nil, []*slack.TextBlockObject{plainText(1), plainText(n)}, nil)
		}, "section field 2 has 2001"},
		{"context", 10, func(n int) slack.Block {
			return slack.NewContextBlock("", times[slack.MixedElement](n, plainText(1))...)
		}, "context elements has 11"},
		{"context text", 3000, func(n int) slack.Block { return slack.NewContextBlock("", plainText(n)) }, "context element 1 has 3001"},
		{"actions", 25, func(n int) slack.Block { return acting(times[slack.BlockElement](n, button(1))...) }, "actions elements has 26"},
		{"action id", 255, func(n int) slack.Block { return acting(slack.NewButtonBlockElement(of(n), "", plainText(1))) }, "action id has 256"},
		{"button", 75, func(n int) slack.Block { return acting(button(1), button(n)) }, "actions element 2: button text has 76"},
		{"button value", 2000, func(n int) slack.Block { return acting(slack.NewButtonBlockElement("", of(n), plainText(1))) }, "button value has 2001"},
		{"button url", 3000, func(n int) slack.Block { return acting(button(1).WithURL(address(n))) }, "button URL has 3001"},
		{"button label", 75, func(n int) slack.Block {
			b := button(1)
			b.AccessibilityLabel = of(n)
			return acting(b)
		}, "button label has 76"},
		{"overflow", 5, func(n int) slack.Block { return acting(slack.NewOverflowBlockElement("", choices(n)...)) }, "overflow options has 6"},
		{"option", 75, func(n int) slack.Block { return acting(static(choice(n, 0, 1))) }, "static_select option 1 text has 76"},
		{"option about", 75, func(n int) slack.Block { return acting(static(choice(1, n, 1))) }, "option 1 description has 76"},
		{"option value", 75, func(n int) slack.Block { return acting(static(choice(1, 0, n))) }, "option 1 value has 76"},
		{"initial option", 75, func(n int) slack.Block { o := choice(n, 0, 1); return acting(static(o).WithInitialOption(o)) }, "initial option text has 76"},
		{"option url", 3000, func(n int) slack.Block {
			o := choice(1, 0, 1)
			o.URL = address(n)
			return acting(slack.NewOverflowBlockElement("", o, choice(1, 0, 1)))
		}, "overflow option 1 URL has 3001"},
		{"options", 100, func(n int) slack.Block { return acting(static(choices(n)...)) }, "static_select options has 101"},
		{"groups", 100, func(n int) slack.Block { return grouped(times(n, group(1, 1))...) }, "static_select groups has 101"},
		{"group label", 75, func(n int) slack.Block { return grouped(group(n, 1)) }, "group 1 label has 76"},
		{"group options", 100, func(n int) slack.Block { return grouped(group(1, n)) }, "group 1 options has 101"},
		{"placeholder", 150, func(n int) slack.Block {
			return acting(slack.NewOptionsSelectBlockElement("external_select", plainText(n), ""))
		}, "external_select placeholder has 151"},
		{"radio", 10, func(n int) slack.Block { return acting(slack.NewRadioButtonsBlockElement("", choices(n)...)) }, "radio_buttons options has 11"},
		{"checkboxes", 10, func(n int) slack.Block { return acting(slack.NewCheckboxGroupsBlockElement("", choices(n)...)) }, "checkboxes options has 11"},
		{"confirm title", 100, func(n int) slack.Block { return confirming(n, 1, 1, 1) }, "confirm title has 101"},
		{"confirm text", 300, func(n int) slack.Block { return confirming(1, n, 1, 1) }, "confirm text has 301"},
		{"confirm yes", 30, func(n int) slack.Block { return confirming(1, 1, n, 1) }, "confirm yes has 31"},
		{"confirm no", 30, func(n int) slack.Block { return confirming(1, 1, 1, n) }, "confirm no has 31"},
		{"image alt", 2000, func(n int) slack.Block { return picture(50, n, 0) }, "image alt text has 2001"},
		{"image url", 3000, func(n int) slack.Block { return picture(n, 1, 0) }, "image URL has 3001"},
		{"image title", 2000, func(n int) slack.Block { return picture(50, 1, n) }, "image title has 2001"},
		{"rows", 100, func(n int) slack.Block { return tableOf(n, 1, 1, 0) }, "table rows has 101"},
		{"cells", 20, func(n int) slack.Block { return tableOf(1, n, 1, 0) }, "table row 1 has 21"},
		{"columns", 20, func(n int) slack.Block { return tableOf(1, 1, 1, n) }, "table columns has 21"},
		{"table text", 10_000, func(n int) slack.Block { return tableOf(1, 1, n, 0) }, "tables has 10001"},
		{"emoji", 255, func(n int) slack.Block {
			return slack.NewRichTextBlock("", written(slack.NewRichTextSectionEmojiElement(of(n), 0, nil)))
		}, "rich_text element 1 part 1 name has 256"},
		{"all text", 12_000, func(n int) slack.Block { return slack.NewRichTextBlock("", written(word(n))) }, "all blocks has 12001"},
	}
	for _, c := range append(limits, rareLimits...) {
		if err := saying(c.of(c.limit)).Check(); err != nil {
			t.Errorf("%s of %d: %v", c.name, c.limit, err)
		}
		err := saying(c.of(c.limit + 1)).Check()
		if err == nil || !strings.Contains(err.Error(), c.where) || strings.Count(err.Error(), "\n") > 1 {
			t.Errorf("%s of %d: got %v, want %q", c.name, c.limit+1, err, c.where)
		}
	}
	for _, c := range limits {
		agrees(t, c.name, saying(c.of(c.limit)))
	}
}

// agrees fails if the stand-in of Slack refuses what Check accepts.
func agrees(t *testing.T, name string, m slackfmt.Message) {
	t.Helper()
	if err := slacksim.CheckMessage(messageJSON(t, m)); err != nil && m.Check() == nil {
		t.Errorf("%s: Slack says %v", name, err)
	}
}

// rareLimits are of blocks and elements that the stand-in of Slack does not know.
var rareLimits = []struct {
	name  string
	limit int
	of    func(n int) slack.Block
	where string
}{
	{"indent", 8, func(n int) slack.Block {
		return slack.NewRichTextBlock("", slack.NewRichTextList("bullet", n, written(word(1))))
	}, "indent"},
	{"page", 100, func(n int) slack.Block { return dataTableOf("Generated", 2, 1, 1).WithPageSize(n) }, "data_table page size"},
	{"data rows", 101, func(n int) slack.Block { return dataTableOf("Generated", n, 1, 1) }, "data_table rows has 102"},
	{"data cells", 20, func(n int) slack.Block { return dataTableOf("Generated", 2, n, 1) }, "row 1 has 21"},
	{"data text", 10_000, func(n int) slack.Block {
		return dataTableOf("Generated", 1, 1, 1).AddRow(slack.NewDataTableRawTextCell(of(n - 1)))
	}, "data tables has 10001"},
	{"card title", 150, func(n int) slack.Block { return slack.NewCardBlock().WithTitle(plainText(n)) }, "card title has 151"},
	{"card subtitle", 150, func(n int) slack.Block { return slack.NewCardBlock().WithSubtitle(plainText(n)) }, "card subtitle has 151"},
	{"card body", 200, func(n int) slack.Block { return slack.NewCardBlock().WithBody(plainText(n)) }, "card body has 201"},
	{"card subtext", 200, func(n int) slack.Block { return slack.NewCardBlock().WithSubtext(plainText(n)) }, "card subtext has 201"},
	{"card buttons", 3, func(n int) slack.Block {
		return slack.NewCardBlock().WithActions(times[slack.BlockElement](n, button(1))...)
	}, "card elements has 4"},
	{"cards", 10, func(n int) slack.Block {
		return slack.NewCarouselBlock(times(n, slack.NewCardBlock().WithTitle(plainText(1)))...)
	}, "carousel cards has 11"},
	{"container title", 150, func(n int) slack.Block {
		return slack.NewContainerBlock(slack.NewDividerBlock()).WithTitle(plainText(n))
	}, "container title has 151"},
	{"container subtitle", 150, func(n int) slack.Block {
		return slack.NewContainerBlock(slack.NewDividerBlock()).WithTitle(plainText(1)).WithSubtitle(plainText(n))
	}, "container subtitle has 151"},
	{"container blocks", 10, func(n int) slack.Block {
		return slack.NewContainerBlock(times[slack.Block](n, slack.NewDividerBlock())...).WithTitle(plainText(1))
	}, "container blocks has 11"},
	{"layout label", 150, func(n int) slack.Block { return slack.NewLayoutBlock(of(n), layoutRow(1)) }, "layout label has 151"},
	{"layout rows", 5, func(n int) slack.Block { return slack.NewLayoutBlock("x", times(n, layoutRow(1))...) }, "layout rows has 6"},
	{"layout items", 3, func(n int) slack.Block { return slack.NewLayoutBlock("x", layoutRow(n)) }, "layout row 1 items has 4"},
}

func layoutRow(items int) *slack.LayoutRow {
	return slack.NewLayoutRow(times(items, slack.NewLayoutItem(slack.NewDividerBlock()))...)
}

func TestMessageLimits(t *testing.T) {
	dividers := func(n int) slackfmt.Message { return saying(times[slack.Block](n, slack.NewDividerBlock())...) }
	text := func(s string) slackfmt.Message { return slackfmt.Message{ResponseType: "in_channel", Text: s} }
	markdown := func(n int) slackfmt.Message {
		return saying(slack.NewMarkdownBlock("", of(6000)), slack.NewMarkdownBlock("", of(n-6000)))
	}
	for name, c := range map[string]struct {
		fits, not slackfmt.Message
		where     string
	}{
		"blocks":   {dividers(50), dividers(51), "blocks has 51 items, 0 to 50 are allowed"},
		"text":     {text(of(4000)), text(of(4001)), "text has 4001 units, 4000 are allowed"},
		"units":    {text(strings.Repeat("😀", 2000)), text(strings.Repeat("😀", 2001)), "text has 4002"},
		"no text":  {text("x"), text(""), "text is empty"},
		"blank":    {text("x"), text(" "), "text is empty"},
		"markdown": {markdown(12_000), markdown(12_001), "markdown has 12001"},
		"tables":   {saying(tableOf(1, 1, 1, 0)), saying(tableOf(1, 1, 1, 0), tableOf(1, 1, 1, 0)), "tables has 2 items, 0 to 1"},
		"type":     {text("x"), slackfmt.Message{Text: "x"}, "response type is none of: ephemeral, in_channel"},
		"twice": {saying(&slack.DividerBlock{Type: "divider", BlockID: "a"}, &slack.DividerBlock{Type: "divider", BlockID: "b"}),
			saying(&slack.DividerBlock{Type: "divider", BlockID: "a"}, &slack.DividerBlock{Type: "divider", BlockID: "a"}), "block 2: divider block id is there twice"},
		"twice in a block": {saying(acting(slack.NewButtonBlockElement("a", "", plainText(1))), acting(slack.NewButtonBlockElement("a", "", plainText(1)))),
			saying(acting(slack.NewButtonBlockElement("a", "", plainText(1)), slack.NewButtonBlockElement("a", "", plainText(1)))), "element 2: button action id is there twice"},
		"least overflow": {saying(acting(slack.NewOverflowBlockElement("", choices(2)...))), saying(acting(slack.NewOverflowBlockElement("", choices(1)...))), "overflow options has 1 items, 2 to 5"},
		"least data":     {saying(dataTableOf("x", 2, 1, 1)), saying(dataTableOf("x", 1, 1, 1)), "data_table rows has 1 items"},
	} {
		if err := c.fits.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.not.Check(); err == nil || !strings.Contains(err.Error(), c.where) {
			t.Errorf("%s: got %v, want %q", name, err, c.where)
		}
		if name != "markdown" && name != "least data" {
			agrees(t, name, c.fits)
		}
	}
}

// Text counts wherever it is, as Slack counts it.
func TestAllTextCounts(t *testing.T) {
	option, confirm := choice(10, 10, 10), slack.NewConfirmationBlockObject(plainText(10), plainText(10), plainText(10), plainText(10))
	link := slack.NewRichTextSectionLinkElement("https://example.com", of(10), nil)
	for name, b := range map[string]slack.Block{
		"header":    slack.NewHeaderBlock(plainText(10)),
		"section":   slack.NewSectionBlock(mrkdwn(of(10)), times(2, plainText(10)), slack.NewAccessory(button(10))),
		"context":   slack.NewContextBlock("", mrkdwn(of(10)), plainText(10), slack.NewImageBlockElement("https://example.com/a.png", of(10))),
		"button":    acting(button(10).WithConfirm(confirm)),
		"overflow":  acting(slack.NewOverflowBlockElement("", option, option).WithConfirm(confirm)),
		"select":    acting(slack.NewOptionsSelectBlockElement("static_select", plainText(10), "", option).WithInitialOption(option).WithConfirm(confirm)),
		"groups":    grouped(group(10, 3)),
		"radio":     acting(slack.NewRadioButtonsBlockElement("", option)),
		"image":     picture(50, 10, 10),
		"rich text": slack.NewRichTextBlock("", written(word(10), link), &slack.RichTextQuote{Type: "rich_text_quote", Elements: []slack.RichTextSectionElement{word(10), link}}),
		"table":     tableOf(2, 2, 10, 0),
	} {
		filled := func(n int) slackfmt.Message {
			return saying(b, slack.NewRichTextBlock("", written(word(n))))
		}
		most := 12_000
		for slacksim.CheckMessage(messageJSON(t, filled(most))) != nil && most > 11_000 {
			most--
		}
		if fits, not := filled(most).Check(), filled(most+1).Check(); fits != nil || not == nil {
			t.Errorf("%s beside %d: got %v, then %v", name, most, fits, not)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	emoji := slack.NewTextBlockObject("plain_text", "x", true, false)
	unset := &slack.TextBlockObject{Type: "plain_text", Text: "x"}
	line := func(e slack.RichTextSectionElement) slack.Block { return slack.NewRichTextBlock("", written(e)) }
	link := func(url string) slack.Block { return line(slack.NewRichTextSectionLinkElement(url, "x", nil)) }
	both := static(choices(1)...)
	both.OptionGroups = []*slack.OptionGroupBlockObject{group(1, 1)}
	external := slack.NewOptionsSelectBlockElement("external_select", nil, "", choices(1)...)
	linked := choice(1, 0, 1)
	linked.URL = "https://example.com"
	for _, c := range []struct {
		where string
		block slack.Block
	}{
		{"block 1 is missing", nil},
		{"block 1 is missing", (*slack.HeaderBlock)(nil)},
		{"block 1 is not a kind that the bot sends", slack.NewVideoBlock("", "", "", "", nil)},
		{"block 1 is not a kind that the bot sends", slack.UnknownBlock{Type: "generated"}},
		{"block 1: input is not a kind that the bot sends there", slack.NewInputBlock("", plainText(1), nil, static(choices(1)...))},
		{"block 1: alert is not a kind that the bot sends there", slack.NewAlertBlock(plainText(1))},
		{"block 1: header type is none of: header", &slack.HeaderBlock{Text: plainText(1)}},
		{"block 1: header text is missing", slack.NewHeaderBlock(nil)},
		{"block 1: header text is empty", slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", " \u00a0", false, false))},
		{"block 1: header text is not plain_text", slack.NewHeaderBlock(mrkdwn("x"))},
		{"block 1: header text is plain_text without emoji:false", slack.NewHeaderBlock(emoji)},
		{"block 1: header text is plain_text without emoji:false,", slack.NewHeaderBlock(unset)},
		{"block 1: header text is not plain_text of one line", slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", "a\nb", false, false))},
		{"block 1: section text is missing", slack.NewSectionBlock(nil, nil, nil)},
		{"block 1: section text is neither plain_text nor mrkdwn", sectionOf(&slack.TextBlockObject{Text: "x"})},
		{"block 1: section text is mrkdwn with emoji", sectionOf(&slack.TextBlockObject{Type: "mrkdwn", Text: "x", Emoji: new(false)})},
		{"block 1: section text has control", sectionOf(mrkdwn("a\u202eb"))},
		{"block 1: section text has control", sectionOf(mrkdwn("a\xff"))},
		{"block 1: section accessory: is missing", slack.NewSectionBlock(mrkdwn("x"), nil, &slack.Accessory{})},
		{"block 1: section accessory: plain_text_input is not a kind that the bot sends there", slack.NewSectionBlock(mrkdwn("x"), nil,
			slack.NewAccessory(slack.NewPlainTextInputBlockElement(nil, "")))},
		{"block 1: context elements has 0", slack.NewContextBlock("")},
		{"block 1: context element 1 is not a kind", slack.NewContextBlock("", slack.TextBlockObject{Type: "mrkdwn", Text: "x"})},
		{"block 1: actions is missing", &slack.ActionBlock{Type: "actions"}},
		{"block 1: actions elements has 0", acting()},
		{"block 1: actions element 1: is missing", acting(nil)},
		{"block 1: actions element 1: is not a kind", acting(slack.NewFileInputBlockElement(""))},
		{"block 1: actions element 1: is of another", acting(&slack.ButtonBlockElement{Text: plainText(1)})},
		{"block 1: actions element 1: image is not a", acting(slack.NewImageBlockElement("https://example.com/a.png", "x"))},
		{"element 1: button text is missing", acting(slack.NewButtonBlockElement("", "", nil))},
		{"element 1: button style is none", acting(button(1).WithStyle("loud"))},
		{"element 1: button URL is no URL with one of: https, http", acting(button(1).WithURL("mailto:generated@example.com"))},
		{"element 1: button URL is no URL with one of: https, http", acting(button(1).WithURL("/relative"))},
		{"element 1: button confirm no is missing", acting(button(1).WithConfirm(slack.NewConfirmationBlockObject(plainText(1), plainText(1), plainText(1), nil)))},
		{"element 1: static_select needs either", acting(static())},
		{"element 1: static_select needs either", acting(both)},
		{"element 1: external_select has options of its own", acting(external)},
		{"element 1: static_select option 1 is missing", acting(static(nil))},
		{"element 1: static_select option 1 value has 0", acting(static(choice(1, 0, 0)))},
		{"element 1: static_select option 1 URL is not for", acting(static(linked))},
		{"element 1: static_select group 1 options has 0", grouped(group(1, 0))},
		{"element 1: static_select group 1 is missing", grouped(nil)},
		{"block 1: image needs either", &slack.ImageBlock{Type: "image", AltText: "x"}},
		{"block 1: image alt text is empty", picture(50, 0, 0)},
		{"block 1: table rows has 0", slack.NewTableBlock("")},
		{"block 1: table row 1 has 0", slack.NewTableBlock("").AddRow()},
		{"block 1: table row 1 cell 1 is empty", tableOf(1, 1, 0, 0)},
		{"block 1: table row 1 cell 1 is empty", slack.NewTableBlock("").AddRow(slack.NewTableRawTextCell(" "))},
		{"block 1: table row 1 cell 1 is not a kind", slack.NewTableBlock("").AddRow(nil)},
		{"block 1: table row 1 cell 1 is not a kind", slack.NewTableBlock("").AddRow(slack.NewTableRawNumberCell(1).WithText("1"))},
		{"block 1: table row 1 cell 1 element 1 is empty", slack.NewTableBlock("").AddRow(slack.NewTableRichTextCell(written()))},
		{"block 1: table column 1 align is none", slack.NewTableBlock("").AddRow(slack.NewTableRawTextCell("x")).WithColumnSettings(slack.ColumnSetting{})},
		{"block 1: data_table row 2 is not as long", dataTableOf("x", 1, 2, 1).AddRow(slack.NewDataTableRawTextCell("x"))},
		{"block 1: data_table caption is empty", dataTableOf(" ", 2, 1, 1)},
		{"block 1: data_table row 1 cell 1 is rich text", slack.NewDataTableBlock("x").AddRow(slack.NewDataTableRichTextCell(written(word(1)))).AddRow(slack.NewDataTableRawTextCell("x"))},
		{"block 1: container needs either", slack.NewContainerBlock(slack.NewDividerBlock())},
		{"block 1: container block 1 is not a kind", slack.NewContainerBlock(slack.NewMarkdownBlock("", "x")).WithTitle(plainText(1))},
		{"block 1: carousel card 1 is missing", slack.NewCarouselBlock(nil)},
		{"block 1: layout row 1 is missing", slack.NewLayoutBlock("x", nil)},
		{"block 1: layout row 1 item 1 is missing", slack.NewLayoutBlock("x", slack.NewLayoutRow(nil))},
		{"block 1: layout row 1 item 1 is not a kind", slack.NewLayoutBlock("x", slack.NewLayoutRow(slack.NewLayoutItem(slack.NewLayoutBlock("x", layoutRow(1)))))},
		{"block 1: rich_text is empty", slack.NewRichTextBlock("")},
		{"block 1: rich_text element 1 is missing", slack.NewRichTextBlock("", (*slack.RichTextSection)(nil))},
		{"block 1: rich_text element 1 is not a kind", slack.NewRichTextBlock("", &slack.RichTextUnknown{})},
		{"block 1: rich_text element 1 type is none", slack.NewRichTextBlock("", &slack.RichTextSection{Elements: []slack.RichTextSectionElement{word(1)}})},
		{"block 1: rich_text element 1 style is none", slack.NewRichTextBlock("", slack.NewRichTextList("", 0, written(word(1))))},
		{"block 1: rich_text element 1 element 1 is no section", slack.NewRichTextBlock("", slack.NewRichTextList("bullet", 0, slack.NewRichTextList("bullet", 0, written(word(1)))))},
		{"part 1 is empty", line(word(0))},
		{"part 1 is missing", line(nil)},
		{"part 1 has control", line(slack.NewRichTextSectionTextElement("a\u2066b", nil))},
		{"part 1 type is none of: text", line(&slack.RichTextSectionTextElement{Text: "x"})},
		{"part 1 has no id", line(slack.NewRichTextSectionUserElement("C0SAMPLE", nil))},
		{"part 1 has no id", line(slack.NewRichTextSectionUserGroupElement(""))},
		{"part 1 has no id", line(slack.NewRichTextSectionChannelElement("U0SAMPLE", nil))},
		{"part 1 is not a kind", line(slack.NewRichTextSectionBroadcastElement("here"))},
		{"part 1 is not a kind", line(slack.NewRichTextSectionTeamElement("T0SAMPLE", nil))},
		{"part 1 URL is no URL", link("tel:+15550100")},
		{"part 1 URL is no URL", link("javascript:alert(1)")},
		{"part 1 URL is no URL", link("")},
		{"part 1 URL is no URL", link("mailto:a b@example.com")},
		{"part 1 format has 0", line(slack.NewRichTextSectionDateElement(1, "", nil, nil))},
		{"part 1 is before", line(slack.NewRichTextSectionDateElement(-1, "{ago}", nil, nil))},
		{"block 1: markdown is empty", slack.NewMarkdownBlock("", "")},
		{"block 1: markdown has control", slack.NewMarkdownBlock("", "a\x00b")},
		{"element 1: multi_static_select is", acting(slack.NewOptionsMultiSelectBlockElement("multi_static_select", nil, "", choices(1)...))},
		{"header text is plain_text without emoji:false, or verbatim", slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", "x", false, true))},
		{"element 1: button URL is no URL", acting(button(1).WithURL("https:"))},
		{"block 1: image alt text has control", slack.NewImageBlock(address(50), "a\nb", "", nil)},
		{"element 1: radio_buttons initial option value has 0", acting(&slack.RadioButtonsBlockElement{Type: "radio_buttons", Options: choices(1), InitialOption: choice(1, 0, 0)})},
		{"element 1: checkboxes option 1 value has 0", acting(&slack.CheckboxGroupsBlockElement{Type: "checkboxes", Options: choices(1), InitialOptions: times(1, choice(1, 0, 0))})},
		{"part 1 fallback is empty", line(slack.NewRichTextSectionDateElement(1, "{ago}", nil, new(" ")))},
		{"block 1: layout has a fallback", slack.NewLayoutBlock("x", layoutRow(1)).WithFallback()},
	} {
		if err := saying(c.block).Check(); err == nil || !strings.Contains(err.Error(), c.where) {
			t.Errorf("got %v, want %q", err, c.where)
		}
	}
}

func TestCheckAccepts(t *testing.T) {
	fallback := "Generated"
	line := func(parts ...slack.RichTextSectionElement) slack.Block {
		return slack.NewRichTextBlock("", written(parts...))
	}
	for name, b := range map[string]slack.Block{
		"parts": line(word(1), slack.NewRichTextSectionTextElement("\n", nil), slack.NewRichTextSectionUserElement("U0SAMPLE", nil),
			slack.NewRichTextSectionChannelElement("C0SAMPLE", nil), slack.NewRichTextSectionUserGroupElement("S0MEMBERS"),
			slack.NewRichTextSectionDateElement(1, "{ago}", nil, &fallback), slack.NewRichTextSectionEmojiElement("tada", 0, nil),
			slack.NewRichTextSectionLinkElement("mailto:generated@example.com", "", nil)),
		"cells":      slack.NewTableBlock("").AddRow(slack.NewTableRichTextCell(written(word(1))), slack.NewTableRawTextCell("–")),
		"accessory":  slack.NewSectionBlock(mrkdwn("x\ny"), nil, slack.NewAccessory(slack.NewImageBlockElement("https://example.com/a.png", "x"))),
		"joiner":     slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", "👩\u200d👧", false, false)),
		"file":       slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: "F0SAMPLE"}, "x", "", nil),
		"style":      acting(button(1).WithStyle("danger")),
		"checkboxes": acting(slack.NewCheckboxGroupsBlockElement("", choices(1)...)),
	} {
		m := saying(b)
		if err := m.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		agrees(t, name, m)
	}
	for name, b := range map[string]slack.Block{ // unknown to the stand-in of Slack
		"data table": slack.NewDataTableBlock("x").AddRow(slack.NewDataTableRawTextCell("x")).AddRow(slack.NewDataTableRichTextCell(written(word(1)))),
		"list":       slack.NewRichTextBlock("", slack.NewRichTextList("ordered", 0, written(word(1))), &slack.RichTextPreformatted{Type: "rich_text_preformatted", Elements: []slack.RichTextSectionElement{word(1)}}),
		"pickers":    acting(slack.NewDatePickerBlockElement("a"), slack.NewTimePickerBlockElement("b"), slack.NewDateTimePickerBlockElement("c")),
		"people":     acting(slack.NewOptionsSelectBlockElement("users_select", plainText(1), "")),
		"several":    slack.NewSectionBlock(mrkdwn("x"), nil, slack.NewAccessory(slack.NewOptionsMultiSelectBlockElement("multi_static_select", nil, "", choices(1)...))),
		"container":  slack.NewContainerBlock(tableOf(1, 1, 1, 0)).WithRichTextTitle(slack.NewRichTextBlock("", written(word(1)))),
		"carousel":   slack.NewCarouselBlock(times(2, slack.NewCardBlock().WithActions(slack.NewButtonBlockElement("a", "", plainText(1))))...),
		"card":       slack.NewCardBlock().WithTitle(plainText(1)).WithIcon(slack.NewImageBlockElement("https://example.com/a.png", "x")).WithActions(button(1)),
	} {
		if err := saying(b).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMarkupInText(t *testing.T) {
	for text, want := range map[string]bool{
		"Generated *One* :tada:": true,
		"a &amp; b &lt;c&gt;":    true,
		"<!date^1764000000^{date_short_pretty} at {time}|2025-11-24 16:00 UTC>": true,
		"<mailto:generated.full@example.com|generated.full@example.com>":        true,
		"<tel:+15550100|+1 555 0100>":                                           true,
		"<https://example.com/?a=1&amp;b=2|A &amp; B>":                          true,
		"<@U0SAMPLE> <@W0SAMPLE> <#C0SAMPLE> <!subteam^S0MEMBERS>":              true,
		"a & b":                          false,
		"a < b":                          false,
		"a > b":                          false,
		"&am":                            false,
		"&#60;":                          false,
		"<!channel>":                     false,
		"<!here|here>":                   false,
		"<@U0SAMPLE|name>":               false,
		"<@C0SAMPLE>":                    false,
		"<#U0SAMPLE>":                    false,
		"<@you>":                         false,
		"<https://example.com>":          false,
		"<https://example.com| >":        false,
		"<https://|x>":                   false,
		"<https://example.com/ x|x>":     false,
		"<http://example.com|x>":         false,
		"<javascript:x|x>":               false,
		"<https://example.com/?a&b|x>":   false,
		"<https://example.com|<@U0SAMP>": false,
		"<https://example.com|a & b>":    false,
		"<!date^soon^{time}|soon>":       false,
		"<!date^1764000000|then>":        false,
		"<!date^1764000000^{time}>":      false,
		"<mailto:|x>":                    false,
		"<>":                             false,
		"<":                              false,
	} {
		top := slackfmt.Message{ResponseType: "ephemeral", Text: text}
		for where, m := range map[string]slackfmt.Message{"text": top, "section text": saying(sectionOf(mrkdwn(text)))} {
			err := m.Check()
			if (err == nil) != want || err != nil && !strings.Contains(err.Error(), where+" has markup that is not escaped") {
				t.Errorf("%s of %q: got %v", where, text, err)
			}
		}
	}
	if err := (slackfmt.Message{ResponseType: "ephemeral", Text: "a\nb"}).Check(); err == nil {
		t.Error("text of two lines: got no error")
	}
}

func TestErrorsOfCheckHoldNothingOfTheMessage(t *testing.T) {
	const secret = "generated<secret"
	text := slack.NewTextBlockObject("plain_text", strings.Repeat(secret+"\x00", 400), true, true)
	text.Type = "mrkdwn"
	option := &slack.OptionBlockObject{Text: text, Value: strings.Repeat(secret, 20), Description: text, URL: secret}
	b := &slack.ButtonBlockElement{Type: "button", ActionID: strings.Repeat(secret, 99), Text: text, URL: "%" + secret, Value: strings.Repeat(secret, 999), Style: secret, AccessibilityLabel: text.Text,
		Confirm: slack.NewConfirmationBlockObject(text, text, text, text)}
	m := slackfmt.Message{ResponseType: secret, Text: text.Text, Blocks: []slack.Block{
		&slack.HeaderBlock{Type: secret, Text: text, BlockID: strings.Repeat(secret, 99)}, sectionOf(text), acting(b, static(option), &slack.SelectBlockElement{Type: secret}),
		slack.NewRichTextBlock("", written(slack.NewRichTextSectionLinkElement(secret, "\x00"+secret, nil), slack.NewRichTextSectionUserElement(secret, nil))),
		slack.NewTableBlock("").AddRow(slack.NewTableRawTextCell(secret + "\x00")), slack.UnknownBlock{Type: secret},
	}}
	options, err := json.Marshal(map[string]any{"options": []any{option}})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"message": m.Check(),
		"modal":   slackfmt.CheckView(slack.ModalViewRequest{Type: secret, Title: text, Blocks: slack.Blocks{BlockSet: m.Blocks}}),
		"options": slackfmt.CheckOptions(options),
		"no JSON": slackfmt.CheckOptions([]byte(`{"` + secret + `":1}`)),
	} {
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCheckView(t *testing.T) {
	modal := func(change func(*slack.ModalViewRequest)) slack.ModalViewRequest {
		v := slack.ModalViewRequest{Type: "modal", Title: plainText(24), Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}
		change(&v)
		return v
	}
	shown := func(blocks ...slack.Block) slack.Blocks { return slack.Blocks{BlockSet: blocks} }
	input := func(label, hint int, e slack.BlockElement) slack.Blocks {
		return shown(slack.NewInputBlock("", plainText(label), plainText(hint), e))
	}
	typing := slack.NewPlainTextInputBlockElement(plainText(150), "a")
	dividers := func(n int) slack.Blocks { return shown(times[slack.Block](n, slack.NewDividerBlock())...) }
	for _, c := range []struct {
		view  any
		where string
	}{
		{modal(func(*slack.ModalViewRequest) {}), ""},
		{modal(func(v *slack.ModalViewRequest) { v.Submit, v.Close = plainText(24), plainText(24) }), ""},
		{modal(func(v *slack.ModalViewRequest) {
			v.PrivateMetadata, v.CallbackID, v.ExternalID = of(3000), of(255), of(255)
		}), ""},
		{modal(func(v *slack.ModalViewRequest) { v.Submit, v.Blocks = plainText(1), input(2000, 2000, typing) }), ""},
		{modal(func(v *slack.ModalViewRequest) { v.Blocks = dividers(100) }), ""},
		{modal(func(v *slack.ModalViewRequest) { v.Blocks = dividers(101) }), "blocks has 101 items, 1 to 100"},
		{modal(func(v *slack.ModalViewRequest) { v.Blocks = dividers(0) }), "blocks has 0"},
		{modal(func(v *slack.ModalViewRequest) { v.Blocks = input(1, 1, typing) }), "submit is missing"},
		{modal(func(v *slack.ModalViewRequest) { v.Submit, v.Blocks = plainText(1), input(2001, 1, typing) }), "input label has 2001"},
		{modal(func(v *slack.ModalViewRequest) { v.Submit, v.Blocks = plainText(1), input(1, 2001, typing) }), "input hint has 2001"},
		{modal(func(v *slack.ModalViewRequest) { v.Submit, v.Blocks = plainText(1), input(1, 1, button(1)) }), "input element: button is not a kind"},
		{modal(func(v *slack.ModalViewRequest) { v.Type = "home" }), "type is none of: modal"},
		{modal(func(v *slack.ModalViewRequest) { v.Title = plainText(25) }), "title has 25"},
		{modal(func(v *slack.ModalViewRequest) { v.Title = nil }), "title is missing"},
		{modal(func(v *slack.ModalViewRequest) { v.Submit = plainText(25) }), "submit has 25"},
		{modal(func(v *slack.ModalViewRequest) { v.Close = mrkdwn("x") }), "close is not plain_text"},
		{modal(func(v *slack.ModalViewRequest) { v.PrivateMetadata = of(3001) }), "private metadata has 3001"},
		{modal(func(v *slack.ModalViewRequest) { v.CallbackID = of(256) }), "callback id has 256"},
		{modal(func(v *slack.ModalViewRequest) { v.ExternalID = of(256) }), "external id has 256"},
		{modal(func(v *slack.ModalViewRequest) { v.Blocks = shown(tableOf(1, 1, 1, 0)) }), "block 1: table is not a kind that the bot sends there"},
		{modal(func(v *slack.ModalViewRequest) { v.Blocks = shown(slack.NewMarkdownBlock("", "x")) }), "block 1: markdown is not a kind"},
		{slack.HomeTabViewRequest{Type: "home", Blocks: shown(tableOf(1, 1, 1, 0)), CallbackID: of(255)}, ""},
		{slack.HomeTabViewRequest{Type: "home", Blocks: dividers(100)}, ""},
		{slack.HomeTabViewRequest{Type: "home", Blocks: dividers(101)}, "blocks has 101"},
		{slack.HomeTabViewRequest{Type: "modal", Blocks: dividers(1)}, "type is none of: home"},
		{slack.HomeTabViewRequest{Type: "home", Blocks: dividers(1), PrivateMetadata: of(3001)}, "private metadata"},
		{"a string", "neither a modal nor a Home tab"},
	} {
		err := slackfmt.CheckView(c.view)
		if (err == nil) != (c.where == "") || err != nil && !strings.Contains(err.Error(), c.where) {
			t.Errorf("got %v, want %q", err, c.where)
		}
		if err == nil {
			if err := slacksim.CheckView(viewJSON(t, c.view)); err != nil {
				t.Errorf("Slack says %v", err)
			}
		}
	}
	alert := modal(func(v *slack.ModalViewRequest) { v.Blocks = shown(slack.NewAlertBlock(plainText(200))) })
	if err := slackfmt.CheckView(alert); err != nil {
		t.Error(err)
	}
	alert.Blocks = shown(slack.NewAlertBlock(plainText(201)))
	if err := slackfmt.CheckView(alert); err == nil || !strings.Contains(err.Error(), "alert text has 201") {
		t.Errorf("got %v", err)
	}
}

func TestCheckOptions(t *testing.T) {
	wire := func(key string, v any) string {
		data, err := json.Marshal(map[string]any{key: v})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct{ options, where string }{
		{`{"options":[]}`, ""},
		{`{"option_groups":[]}`, ""},
		{wire("options", choices(100)), ""},
		{wire("options", times(1, choice(75, 75, 75))), ""},
		{wire("option_groups", times(100, group(75, 100))), ""},
		{wire("options", choices(101)), "options has 101"},
		{wire("options", times(1, choice(1, 0, 76))), "option 1 value has 76"},
		{wire("option_groups", times(101, group(1, 1))), "groups has 101"},
		{wire("option_groups", times(1, group(1, 0))), "group 1 options has 0"},
		{`{"options":null}`, "needs either"},
		{`{}`, "needs either"},
		{`{"options":[],"option_groups":[]}`, "needs either"},
		{`{"options":[],"x":1}`, "no JSON object of options"},
		{`{"options":[]}{}`, "no JSON object of options"},
		{`{"options":[null]}`, "option 1 is missing"},
		{`[]`, "no JSON object of options"},
		{"", "no JSON object of options"},
	} {
		err := slackfmt.CheckOptions([]byte(c.options))
		if (err == nil) != (c.where == "") || err != nil && !strings.Contains(err.Error(), c.where) {
			t.Errorf("%.50s: got %v, want %q", c.options, err, c.where)
		}
		if err == nil {
			if err := slacksim.CheckOptions([]byte(c.options)); err != nil {
				t.Errorf("%.50s: Slack says %v", c.options, err)
			}
		}
	}
}

// Every golden file is something that may be sent.
func TestGoldenFilesMayBeSent(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkGolden(t, filepath.Base(file), data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func checkGolden(t *testing.T, name string, data []byte) error {
	t.Helper()
	var wire struct {
		Type         string
		ResponseType string `json:"response_type"`
		Text         string
		Blocks       slack.Blocks
	}
	if !strings.HasPrefix(name, "options") {
		decode(t, name, data, &wire)
	}
	switch {
	case strings.HasPrefix(name, "options"):
		return slackfmt.CheckOptions(data)
	case wire.Type == "home":
		var v slack.HomeTabViewRequest
		decode(t, name, data, &v)
		return slackfmt.CheckView(v)
	case wire.Type == "modal":
		var v slack.ModalViewRequest
		decode(t, name, data, &v)
		return slackfmt.CheckView(v)
	}
	return slackfmt.Message{ResponseType: wire.ResponseType, Text: wire.Text, Blocks: wire.Blocks.BlockSet}.Check()
}

func decode(t *testing.T, name string, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
