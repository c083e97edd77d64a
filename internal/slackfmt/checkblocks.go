package slackfmt

import (
	"reflect"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// blocks checks a message's or a view's blocks.
func (w *walk) blocks(blocks []slack.Block, least, most int) {
	w.blockIDs = map[string]bool{}
	w.at("blocks").count(len(blocks), least, most)
	for i, b := range blocks {
		w.at("").in("block %d", i+1).block(b)
	}
	w.at("tables").count(w.tables, 0, maxTables)
	w.at("tables").length(w.inTables, maxTableText)
	w.at("data tables").length(w.inDataTables, maxDataText)
	w.at("markdown").length(w.inMarkdown, maxMarkdown)
}

func (p place) block(b slack.Block) {
	if isNil(b) {
		p.wrongf("is missing")
		return
	}
	p.actionIDs = map[string]bool{}
	switch b := b.(type) {
	case *slack.HeaderBlock:
		p.as(b, slack.MBTHeader, everywhere).header(b)
	case *slack.SectionBlock:
		p.as(b, slack.MBTSection, everywhere).section(b)
	case *slack.ContextBlock:
		p.as(b, slack.MBTContext, everywhere).context(b)
	case *slack.ActionBlock:
		p.as(b, slack.MBTAction, everywhere).actions(b)
	case *slack.DividerBlock:
		p.as(b, slack.MBTDivider, everywhere)
	case *slack.ImageBlock:
		p = p.as(b, slack.MBTImage, everywhere)
		p.image(b.ImageURL, b.SlackFile, b.AltText)
		p.maybe("title", b.Title, maxImageTitle)
	case *slack.InputBlock:
		p.inputs++
		p.as(b, slack.MBTInput, inModal|inHome).input(b)
	case *slack.RichTextBlock:
		p.as(b, slack.MBTRichText, everywhere).richText(b.Elements)
	case *slack.MarkdownBlock:
		p.inMarkdown += units(b.Text)
		p.as(b, slack.MBTMarkdown, inMessage).written(b.Text)
	case *slack.TableBlock:
		p.tables++
		p.as(b, slack.MBTTable, inMessage|inHome).table(b)
	default:
		p.rareBlock(b)
	}
}

// rareBlock checks those that the bot has not sent so far.
func (p place) rareBlock(b slack.Block) {
	switch b := b.(type) {
	case *slack.DataTableBlock:
		p.as(b, slack.MBTDataTable, inMessage|inHome).dataTable(b)
	case *slack.CardBlock:
		p.as(b, slack.MBTCard, inMessage|inHome).card(b)
	case *slack.CarouselBlock:
		p.as(b, slack.MBTCarousel, inMessage|inHome).carousel(b)
	case *slack.AlertBlock:
		p.as(b, slack.MBTAlert, inModal).alert(b)
	case *slack.ContainerBlock:
		p.as(b, slack.MBTContainer, inMessage|inHome).container(b)
	case *slack.LayoutBlock:
		p.as(b, slack.MBTLayout, inMessage|inHome).layout(b)
	default:
		p.wrongf("is not a kind that the bot sends")
	}
}

// as gives the place of a block by its kind, which has to be its type, and
// checks what all kinds have.
func (p place) as(b slack.Block, kind slack.MessageBlockType, on surface) place {
	p.what += ": " + string(kind)
	p.in("type").oneOf(string(b.BlockType()), string(kind))
	p.in("block id").unique(b.ID(), maxBlockID, p.blockIDs)
	if p.on&on == 0 {
		p.wrongf("is not a kind that the bot sends there")
	}
	return p
}

func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

func (p place) header(b *slack.HeaderBlock) {
	p.in("text").plain(b.Text, maxHeader)
	p.in("level").count(b.Level, 0, maxHeaderLevel)
}

func (p place) section(b *slack.SectionBlock) {
	if b.Text != nil || len(b.Fields) == 0 {
		p.in("text").text(b.Text, maxSection)
	}
	p.in("fields").count(len(b.Fields), 0, maxFields)
	for i, field := range b.Fields {
		p.in("field %d", i+1).text(field, maxField)
	}
	if b.Accessory != nil {
		p.in("accessory:").element(inAccessory(b.Accessory), ofSection)
	}
}

// inAccessory is the element that slack-go takes of an accessory, or nil.
func inAccessory(a *slack.Accessory) slack.BlockElement {
	for _, e := range []slack.BlockElement{
		a.ImageElement, a.ButtonElement, a.OverflowElement, a.DatePickerElement, a.TimePickerElement,
		a.PlainTextInputElement, a.RadioButtonsElement, a.CheckboxGroupsBlockElement, a.SelectElement,
		a.MultiSelectElement, a.RichTextInputElement, a.WorkflowButtonElement,
	} {
		if !isNil(e) {
			return e
		}
	}
	return nil
}

func (p place) context(b *slack.ContextBlock) {
	elements := b.ContextElements.Elements
	p.in("elements").count(len(elements), 1, maxContextElements)
	for i, e := range elements {
		at := p.in("element %d", i+1)
		switch e := e.(type) {
		case *slack.TextBlockObject:
			at.text(e, maxContextText)
		case *slack.ImageBlockElement:
			at.element(e, ofContext)
		default:
			at.wrongf("is not a kind that the bot sends")
		}
	}
}

func (p place) actions(b *slack.ActionBlock) {
	if has(p, b.Elements) {
		p.elements(b.Elements.ElementSet, maxActions, ofActions)
	}
}

func (p place) elements(elements []slack.BlockElement, most int, where spot) {
	p.in("elements").count(len(elements), 1, most)
	for i, e := range elements {
		p.in("element %d:", i+1).element(e, where)
	}
}

func (p place) image(url string, file *slack.SlackFileObject, alt string) {
	p.either("a URL", url != "", "a file of Slack's", file != nil)
	if url != "" {
		p.in("URL").web(url)
	}
	p.in("alt text").filled(alt, maxImageAlt)
	p.in("alt text").clear(alt, "")
}

func (p place) input(b *slack.InputBlock) {
	p.in("label").plain(b.Label, maxInputLabel)
	p.maybe("hint", b.Hint, maxInputLabel)
	p.in("element:").element(b.Element, ofInput)
}

func (p place) table(b *slack.TableBlock) {
	p.sum = &p.inTables
	p.in("rows").count(len(b.Rows), 1, maxRows)
	for i, row := range b.Rows {
		p.in("row %d", i+1).count(len(row), 1, maxCells)
		for j, cell := range row {
			p.in("row %d cell %d", i+1, j+1).cell(cell)
		}
	}
	p.in("columns").count(len(b.ColumnSettings), 0, maxColumns)
	for i, c := range b.ColumnSettings {
		p.in("column %d align", i+1).oneOf(string(c.Align), string(slack.ColumnAlignmentLeft), string(slack.ColumnAlignmentCenter), string(slack.ColumnAlignmentRight))
	}
}

// cell checks a cell of a table. Of numbers it wants text: some workspaces
// refuse raw_number cells.
func (p place) cell(cell slack.TableCell) {
	switch c := cell.(type) {
	case *slack.TableRawTextCell:
		p.rawCell(c.Text)
		p.in("type").oneOf(string(c.Type), string(slack.TableCellRawText))
	case *slack.TableRichTextCell:
		p.richText(c.Elements)
		p.in("type").oneOf(string(c.Type), string(slack.TableCellRichText))
	default:
		p.wrongf("is not a kind that the bot sends")
	}
}

func (p place) rawCell(text string) {
	p.written(text)
	if text != "" && strings.TrimSpace(text) == "" {
		p.wrongf("is empty")
	}
}

func (p place) dataTable(b *slack.DataTableBlock) {
	p.sum = &p.inDataTables
	if strings.TrimSpace(b.Caption) == "" {
		p.in("caption").wrongf("is empty")
	}
	p.in("caption").clear(b.Caption, "")
	p.in("page size").count(b.PageSize, 0, maxPageSize)
	p.in("rows").count(len(b.Rows), minDataRows, maxDataRows)
	for i, row := range b.Rows {
		p.in("row %d", i+1).count(len(row), 1, maxDataCells)
		if len(row) != len(b.Rows[0]) {
			p.in("row %d", i+1).wrongf("is not as long as the first")
		}
		for j, cell := range row {
			p.in("row %d cell %d", i+1, j+1).dataCell(cell, i == 0)
		}
	}
}

func (p place) dataCell(cell slack.DataTableCell, heading bool) {
	switch c := cell.(type) {
	case *slack.DataTableRawTextCell:
		p.rawCell(c.Text)
		p.in("type").oneOf(string(c.Type), string(slack.DataTableCellRawText))
	case *slack.DataTableRichTextCell:
		p.richText(c.Elements)
		p.in("type").oneOf(string(c.Type), string(slack.DataTableCellRichText))
		if heading {
			p.wrongf("is rich text in the header")
		}
	default:
		p.wrongf("is not a kind that the bot sends")
	}
}

func (p place) card(b *slack.CardBlock) {
	texts := map[string]struct {
		text *slack.TextBlockObject
		most int
	}{"title": {b.Title, maxCardTitle}, "subtitle": {b.Subtitle, maxCardTitle}, "body": {b.Body, maxCardBody}, "subtext": {b.Subtext, maxCardBody}}
	for what, t := range texts {
		if t.text != nil {
			p.in("%s", what).text(t.text, t.most)
		}
	}
	for _, picture := range []*slack.ImageBlockElement{b.HeroImage, b.Icon} {
		if picture != nil {
			p.in("image:").element(picture, ofContext)
		}
	}
	if b.Actions != nil {
		p.elements(b.Actions.ElementSet, maxCardButtons, ofCard)
	}
}

func (p place) carousel(b *slack.CarouselBlock) {
	p.in("cards").count(len(b.Elements), 1, maxCards)
	for i, c := range b.Elements {
		at := p.in("card %d", i+1)
		if has(at, c) {
			at.block(c)
		}
	}
}

func (p place) alert(b *slack.AlertBlock) { p.in("text").text(b.Text, maxAlert) }

func (p place) container(b *slack.ContainerBlock) {
	p.either("a title", b.Title != nil, "a title in rich text", b.RichTextTitle != nil)
	p.maybe("title", b.Title, maxContainerTitle)
	if b.RichTextTitle != nil {
		p.in("title").richText(b.RichTextTitle.Elements)
	}
	if b.Subtitle != nil {
		p.in("subtitle").text(b.Subtitle, maxContainerTitle)
	}
	if b.Icon != nil {
		p.in("icon:").element(b.Icon, ofContext)
	}
	children := b.ChildBlocks.BlockSet
	p.in("blocks").count(len(children), 1, maxContainerBlocks)
	for i, child := range children {
		p.in("block %d", i+1).child(child, slack.MBTCard, slack.MBTContainer, slack.MBTDataTable, slack.MBTMarkdown, slack.MBTLayout)
	}
}

// child checks a block within a block, which is of none of some kinds.
func (p place) child(b slack.Block, never ...slack.MessageBlockType) {
	if !isNil(b) && slices.Contains(never, b.BlockType()) {
		p.wrongf("is not a kind that the bot sends there")
		return
	}
	p.block(b)
}

func (p place) layout(b *slack.LayoutBlock) {
	p.in("label").filled(b.Label, maxLayoutLabel)
	p.in("label").clear(b.Label, "")
	p.in("rows").count(len(b.Rows), 1, maxLayoutRows)
	for i, row := range b.Rows {
		at := p.in("row %d", i+1)
		if !has(at, row) {
			continue
		}
		at.in("items").count(len(row.Items), 1, maxLayoutItems)
		for j, item := range row.Items {
			if at := at.in("item %d", j+1); has(at, item) {
				at.child(item.Block, slack.MBTLayout, slack.MBTMarkdown)
			}
		}
	}
	if b.Fallback != nil {
		p.wrongf("has a fallback, which the bot does not send")
	}
}
