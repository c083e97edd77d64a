package slacksim_test

import (
	"fmt"
	"strings"
	"testing"

	"crmwho/internal/sim/slacksim"
)

func of(n int) string { return strings.Repeat("x", n) }

// times is a JSON list of n items. A %d in them is their number.
func times(n int, item string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return "[" + strings.Join(items, ",") + "]"
}

func plainText(n int) string { return `{"type":"plain_text","text":"` + of(n) + `","emoji":false}` }

func option(text, value int) string {
	return `{"text":` + plainText(text) + `,"value":"` + of(value) + `"}`
}

func buttonWith(more string) string {
	return `{"type":"actions","elements":[{"type":"button","text":` + plainText(75) + more + `}]}`
}

func rich(element string) string {
	return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + element + `]}]}`
}

func input(element string) string {
	return `{"type":"input","label":` + plainText(10) + `,"element":` + element + `}`
}

func table(rows string) string { return `{"type":"table","rows":` + rows + `}` }

const divider = `{"type":"divider"}`

// TestBlocks has one block of a message each. Where it is refused, place says
// where, below the block.
func TestBlocks(t *testing.T) {
	const confirm = `{"title":{"type":"plain_text","text":"T"},"text":{"type":"mrkdwn","text":"x"},"confirm":{"type":"plain_text","text":"Y"}`
	confirming := func(title, text, yes, no int) string {
		return buttonWith(fmt.Sprintf(`,"confirm":{"title":%s,"text":%s,"confirm":%s,"deny":%s}`, plainText(title), plainText(text), plainText(yes), plainText(no)))
	}
	selecting := func(more string) string {
		return `{"type":"actions","elements":[{"type":"static_select"` + more + `}]}`
	}
	group := func(label, options int) string {
		return `{"label":` + plainText(label) + `,"options":` + times(options, option(1, 1)) + `}`
	}
	picture := func(alt int, more string) string {
		return `{"type":"image","image_url":"https://example.com/a.png","alt_text":"` + of(alt) + `"` + more + `}`
	}
	for _, c := range []struct{ block, place string }{
		{divider, ""},
		{`{"type":"divider","block_id":"` + of(255) + `"}`, ""},
		{`{"type":"divider","block_id":"` + of(256) + `"}`, "/block_id"},
		{`{"type":"divider","block_id":""}`, "/block_id"},
		{`{"type":"divider","colour":"red"}`, "/colour"},
		{`{"type":"marquee"}`, "/type"},
		{`{}`, "/type"},
		{`null`, "/type"},
		{`{"type":"header","text":` + plainText(150) + `,"level":1}`, ""},
		{`{"type":"header","text":` + plainText(151) + `}`, "/text/text"},
		{`{"type":"header","text":` + plainText(0) + `}`, "/text/text"},
		{`{"type":"header","text":{"type":"plain_text","text":" "}}`, "/text/text"},
		{`{"type":"header","text":{"type":"mrkdwn","text":"x"}}`, "/text/type"},
		{`{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("😀", 75) + `"}}`, ""},
		{`{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("😀", 76) + `"}}`, "/text/text"},
		{`{"type":"header","text":"x"}`, "/text/type"},
		{`{"type":"header","text":` + plainText(1) + `,"level":5}`, "/level"},
		{`{"type":"header"}`, ": lacks"},
		{`{"type":"section","text":{"type":"mrkdwn","text":"x","verbatim":true},"expand":true}`, ""},
		{`{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}`, "/text/emoji"},
		{`{"type":"section","text":` + plainText(3000) + `}`, ""},
		{`{"type":"section","text":` + plainText(3001) + `}`, "/text/text"},
		{`{"type":"section","fields":` + times(10, plainText(20)) + `}`, ""},
		{`{"type":"section","fields":` + times(11, plainText(1)) + `}`, "/fields"},
		{`{"type":"section","fields":` + times(1, plainText(2001)) + `}`, "/fields/0/text"},
		{`{"type":"section","text":` + plainText(1) + `,"fields":[` + plainText(1) + `]}`, ""},
		{`{"type":"section","text":{"type":"mrkdwn","text":"<tel:+15550100|+1 555 0100>","verbatim":true}}`, ""},
		{`{"type":"section"}`, ": lacks text or fields"},
		{`{"type":"section","text":` + plainText(1) + `,"expand":"yes"}`, "/expand"},
		{`{"type":"section","text":` + plainText(1) + `,"accessory":{"type":"overflow","options":` + times(5, option(75, 150)) + `}}`, ""},
		{`{"type":"section","text":` + plainText(1) + `,"accessory":{"type":"overflow","options":` + times(6, option(1, 1)) + `}}`, "/accessory/options"},
		{`{"type":"section","text":` + plainText(1) + `,"accessory":{"type":"overflow","options":` + times(1, option(1, 1)) + `}}`, "/accessory/options"},
		{`{"type":"section","text":` + plainText(1) + `,"accessory":{"type":"plain_text_input"}}`, "/accessory/type"},
		{`{"type":"context","elements":` + times(10, plainText(1)) + `}`, ""},
		{`{"type":"context","elements":` + times(11, plainText(1)) + `}`, "/elements"},
		{`{"type":"context","elements":[]}`, "/elements"},
		{`{"type":"context","elements":[` + plainText(3001) + `]}`, "/elements/0/text"},
		{`{"type":"context","elements":[{"type":"mrkdwn","text":"` + of(3001) + `"}]}`, "/elements/0/text"},
		{`{"type":"section","fields":[` + plainText(2000) + `]}`, ""},
		{`{"type":"section","fields":[]}`, "/fields"},
		{`{"type":"actions","elements":[]}`, "/elements"},
		{table(`[]`), "/rows"},
		{table(`[[]]`), "/rows/0"},
		{table(`[[{"type":"raw_text","text":"x"}]],"column_settings":[]`), ""},
		{table(`[[{"type":"raw_text","text":"x"}]],"column_settings":` + times(20, "null")), ""},
		{table(`[[{"type":"raw_text","text":"x"}]],"column_settings":` + times(21, "null")), "/column_settings"},
		{`{"type":"context","elements":[{"type":"image","image_url":"https://example.com/a.png","alt_text":"A"}]}`, ""},
		{`{"type":"context","elements":[{"type":"button","text":` + plainText(1) + `}]}`, "/elements/0/type"},
		{`{"type":"actions","elements":` + times(25, `{"type":"button","action_id":"a%d","text":`+plainText(1)+`}`) + `}`, ""},
		{`{"type":"actions","elements":` + times(26, `{"type":"button","text":`+plainText(1)+`}`) + `}`, "/elements"},
		{`{"type":"actions","elements":` + times(2, `{"type":"button","action_id":"a","text":`+plainText(1)+`}`) + `}`, "/elements/1/action_id"},
		{buttonWith(`,"action_id":"` + of(255) + `","value":"` + of(2000) + `","style":"danger","accessibility_label":"` + of(75) + `","url":"https://example.com/` + of(2980) + `"`), ""},
		{`{"type":"actions","elements":[{"type":"button","text":` + plainText(76) + `}]}`, "/elements/0/text/text"},
		{buttonWith(`,"action_id":"` + of(256) + `"`), "/elements/0/action_id"},
		{buttonWith(`,"value":"` + of(2001) + `"`), "/elements/0/value"},
		{buttonWith(`,"value":7`), "/elements/0/value"},
		{buttonWith(`,"style":""`), "/elements/0/style"},
		{buttonWith(`,"accessibility_label":"` + of(76) + `"`), "/elements/0/accessibility_label"},
		{buttonWith(`,"url":"https://example.com/` + of(2981) + `"`), "/elements/0/url"},
		{buttonWith(`,"url":"/relative"`), "/elements/0/url"},
		{buttonWith(`,"url":"javascript:alert(1)"`), "/elements/0/url"},
		{buttonWith(`,"value":""`), "/elements/0/value"},
		{buttonWith(`,"accessibility_label":""`), "/elements/0/accessibility_label"},
		{confirming(100, 300, 30, 30), ""},
		{confirming(101, 300, 30, 30), "/elements/0/confirm/title/text"},
		{confirming(100, 301, 30, 30), "/elements/0/confirm/text/text"},
		{confirming(100, 300, 31, 30), "/elements/0/confirm/confirm/text"},
		{confirming(100, 300, 30, 31), "/elements/0/confirm/deny/text"},
		{buttonWith(`,"confirm":` + confirm + `}`), "/elements/0/confirm: lacks"},
		{`{"type":"actions","elements":[{"type":"static_select","options":` + times(100, option(1, 1)) + `,"placeholder":` + plainText(150) + `}]}`, ""},
		{selecting(`,"options":` + times(101, option(1, 1))), "/elements/0/options"},
		{selecting(`,"options":` + times(1, option(1, 1)) + `,"initial_option":` + option(76, 1)), "/elements/0/initial_option/text"},
		{selecting(`,"options":[]`), "/elements/0/options"},
		{selecting(``), "/elements/0: needs either"},
		{selecting(`,"option_groups":` + times(100, group(75, 1))), ""},
		{selecting(`,"option_groups":` + times(1, group(75, 100))), ""},
		{selecting(`,"option_groups":` + times(101, group(75, 1))), "/elements/0/option_groups"},
		{selecting(`,"option_groups":[]`), "/elements/0/option_groups"},
		{selecting(`,"option_groups":` + times(1, group(76, 1))), "/elements/0/option_groups/0/label"},
		{selecting(`,"option_groups":` + times(1, group(1, 101))), "/elements/0/option_groups/0/options"},
		{selecting(`,"option_groups":` + times(1, group(1, 0))), "/elements/0/option_groups/0/options"},
		{`{"type":"actions","elements":[{"type":"overflow","options":` + times(2, option(1, 1)) + `}]}`, ""},
		{`{"type":"actions","elements":[{"type":"external_select","min_query_length":0}]}`, ""},
		{`{"type":"actions","elements":[{"type":"external_select","initial_option":` + option(1, 1) + `}]}`, ""},
		{`{"type":"actions","elements":[{"type":"external_select","initial_option":` + option(1, 151) + `}]}`, "/elements/0/initial_option/value"},
		{selecting(`,"options":` + times(1, option(1, 1)) + `,"initial_option":` + option(1, 1)), ""},
		{selecting(`,"options":` + times(1, option(1, 1)) + `,"initial_option":` + option(2, 1)), "/elements/0/initial_option"},
		{selecting(`,"option_groups":[` + group(1, 1) + `],"initial_option":` + option(1, 1)), ""},
		{`{"type":"actions","elements":[{"type":"radio_buttons","options":[` + option(1, 1) + `],"initial_option":` + option(1, 2) + `}]}`, "/elements/0/initial_option"},
		{`{"type":"actions","elements":[{"type":"external_select","min_query_length":-1}]}`, "/elements/0/min_query_length"},
		{`{"type":"actions","elements":[{"type":"checkboxes","options":` + times(1, option(1, 1)) + `}]}`, ""},
		{`{"type":"actions","elements":[{"type":"external_select","min_query_length":1,"placeholder":` + plainText(151) + `}]}`, "/elements/0/placeholder/text"},
		{`{"type":"actions","elements":[{"type":"external_select","min_query_length":1.5}]}`, "/elements/0/min_query_length"},
		{`{"type":"actions","elements":[{"type":"radio_buttons","options":` + times(11, option(1, 1)) + `}]}`, "/elements/0/options"},
		{picture(2000, `,"title":`+plainText(2000)), ""},
		{picture(2001, ""), "/alt_text"},
		{picture(0, ""), "/alt_text"},
		{picture(1, `,"title":`+plainText(2001)), "/title/text"},
		{picture(1, `,"slack_file":{"id":"F1"}`), ": needs either"},
		{`{"type":"image","alt_text":"A"}`, ": needs either"},
		{rich(`{"type":"text","text":" ","style":{"bold":true}}`), ""},
		{rich(`{"type":"text","text":""}`), "/elements/0/elements/0/text"},
		{rich(`{"type":"text","text":"x","style":{"loud":true}}`), "/elements/0/elements/0/style/loud"},
		{rich(`{"type":"text","text":"x","style":{"bold":1}}`), "/elements/0/elements/0/style/bold"},
		{rich(`{"type":"link","url":"mailto:kim@example.com","text":"kim@example.com"}`), ""},
		{rich(`{"type":"link","url":"https://example.com"}`), ""},
		{rich(`{"type":"link","url":"tel:+15550100"}`), "/elements/0/elements/0/url"},
		{rich(`{"type":"link","url":"https://example.com","text":""}`), "/elements/0/elements/0/text"},
		{rich(`{"type":"user","user_id":"U1"},{"type":"usergroup","usergroup_id":"S1"},{"type":"channel","channel_id":"C1"},{"type":"emoji","name":"wave"},{"type":"broadcast","range":"here"}`), ""},
		{rich(`{"type":"date","timestamp":1700000000,"format":"{date}","fallback":"then"}`), ""},
		{rich(`{"type":"date","timestamp":0,"format":"{date}","fallback":""}`), "/elements/0/elements/0/fallback"},
		{rich(`{"type":"date","timestamp":"soon","format":"{date}"}`), "/elements/0/elements/0/timestamp"},
		{rich(`{"type":"user"}`), `/elements/0/elements/0: lacks "user_id"`},
		{rich(`{"type":"broadcast","range":"all"}`), "/elements/0/elements/0/range"},
		{rich(``), "/elements/0/elements"},
		{`{"type":"rich_text","elements":[]}`, "/elements"},
		{`{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","indent":9,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}`, "/elements/0/indent"},
		{`{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","indent":8,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}`, ""},
		{`{"type":"rich_text","elements":[{"type":"rich_text_list","style":"star","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}`, "/elements/0/style"},
		{`{"type":"rich_text","elements":[{"type":"rich_text_quote","elements":[{"type":"text","text":"x"}]},{"type":"rich_text_preformatted","elements":[{"type":"text","text":"x"}]}]}`, ""},
		{table(times(100, times(20, `{"type":"raw_text","text":"x"}`))), ""},
		{table(times(101, times(1, `{"type":"raw_text","text":"x"}`))), "/rows"},
		{table(times(1, times(21, `{"type":"raw_text","text":"x"}`))), "/rows/0"},
		{table(`[[{"type":"raw_text","text":""}]]`), "/rows/0/0/text"},
		{table(`[[null]]`), "/rows/0/0/type"},
		{table(`[[` + rich(`{"type":"text","text":"x"}`) + `]],"column_settings":[null,{"align":"right","is_wrapped":true}]`), ""},
		{table(`[[{"type":"raw_text","text":"x"}]],"column_settings":[{"align":""}]`), "/column_settings/0/align"},
		{input(`{"type":"plain_text_input"}`), "/type"}, // in a message
	} {
		err := slacksim.CheckMessage([]byte(`{"text":"x","blocks":[` + c.block + `]}`))
		check(t, c.block, err, "/blocks/0", c.place)
	}
}

// check wants an error at the place, or none if the place is empty.
func check(t *testing.T, what string, err error, below, place string) {
	t.Helper()
	what = what[:min(len(what), 120)]
	if place == "" && err != nil {
		t.Errorf("%s: got %v", what, err)
	}
	if place != "" && (err == nil || !strings.Contains(err.Error(), below+place)) {
		t.Errorf("%s: got %v, want %s%s", what, err, below, place)
	}
}

func TestMessages(t *testing.T) {
	long := `{"type":"section","text":` + plainText(3000) + `}`
	cell := table(`[[{"type":"raw_text","text":"` + of(10_000) + `"}]]`)
	for _, c := range []struct{ message, place string }{
		{`{"text":"x"}`, ""},
		{`{"response_type":"in_channel"}`, ""}, // acknowledges a command
		{`{"text":"` + of(40_000) + `","response_type":"ephemeral","mrkdwn":false,"unfurl_links":false,"thread_ts":"1.2"}`, ""},
		{`{"text":"` + of(40_001) + `"}`, "/text"},
		{`{"blocks":` + times(50, divider) + `}`, ""},
		{`{"blocks":` + times(51, divider) + `}`, "/blocks: has 51"},
		{`{"text":"x","blocks":null}`, "/blocks: is not a list"},
		{`{"text":"","blocks":[` + divider + `]}`, "/text"},
		{`{"text":7}`, "/text"},
		{`{"text":""}`, "no text"},
		{`{"text":"x","metadata":{"event_type":"","event_payload":{}}}`, "/metadata/event_type"},
		{`{"text":"x","a/b":1}`, "/a~1b"},
		{`[]`, "not an object"},
		{``, "not JSON"},
		{`{"text":"x"} x`, "not JSON"},
		{`{"blocks":` + times(2, `{"type":"divider","block_id":"b"}`) + `}`, "/blocks/1/block_id"},
		{`{"blocks":` + times(2, `{"type":"divider","block_id":"b%d"}`) + `}`, ""},
		{`{"blocks":` + times(4, long) + `}`, ""},
		{`{"blocks":` + times(5, long) + `}`, "/blocks: holds 15000"},
		{`{"blocks":[` + cell + `]}`, ""},
		{`{"blocks":[` + strings.Replace(cell, "xx", "xxx", 1) + `]}`, "/blocks: tables hold"},
		{`{"blocks":` + times(2, table(`[[{"type":"raw_text","text":"x"}]]`)) + `}`, "only_one_table_allowed"},
	} {
		check(t, c.message, slacksim.CheckMessage([]byte(c.message)), "", c.place)
	}
}

func TestViews(t *testing.T) {
	view := func(kind, more string) string { return `{"type":"` + kind + `"` + more + `}` }
	title, blocks := `,"title":`+plainText(24), `,"blocks":[`+divider+`]`
	search := `{"type":"external_select","action_id":"a","min_query_length":1,"placeholder":` + plainText(150) + `}`
	external := input(search)
	for _, c := range []struct{ view, place string }{
		{view("modal", title+blocks+`,"close":`+plainText(24)+`,"private_metadata":"`+of(3000)+`","callback_id":"`+of(255)+`"`), ""},
		{view("modal", title+`,"submit":`+plainText(24)+`,"blocks":[`+external+`]`), ""},
		{view("modal", title+`,"blocks":[`+external+`]`), `lacks "submit"`},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"button","text":`+plainText(1)+`}`)+`]`), "/blocks/0/element/type"},
		{view("modal", `,"title":`+plainText(25)+blocks), "/title/text"},
		{view("modal", `,"title":{"type":"mrkdwn","text":"x"}`+blocks), "/title/type"},
		{view("modal", blocks), `lacks "title"`},
		{view("modal", title), `lacks "blocks"`},
		{view("modal", title+`,"blocks":[]`), "/blocks"},
		{view("modal", title+`,"blocks":`+times(100, divider)), ""},
		{view("modal", title+`,"blocks":`+times(101, divider)), "/blocks"},
		{view("modal", title+`,"blocks":`+times(2, `{"type":"divider","block_id":"b"}`)), "/blocks/1/block_id"},
		{view("modal", title+`,"blocks":[`+table(`[[{"type":"raw_text","text":"x"}]]`)+`]`), "/blocks/0/type"},
		{view("modal", title+blocks+`,"submit":`+plainText(25)), "/submit/text"},
		{view("modal", title+blocks+`,"close":`+plainText(25)), "/close/text"},
		{view("modal", title+blocks+`,"private_metadata":"`+of(3001)+`"`), "/private_metadata"},
		{view("modal", title+blocks+`,"callback_id":"`+of(256)+`"`), "/callback_id"},
		{view("modal", title+blocks+`,"id":"V1"`), "/id"},
		{view("modal", title+blocks+`,"external_id":"`+of(256)+`"`), "/external_id"},
		{view("modal", title+blocks+`,"private_metadata":"","callback_id":"","external_id":""`), ""},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+external+`,{"type":"input","label":`+plainText(2000)+`,"hint":`+plainText(2000)+`,"element":{"type":"plain_text_input","placeholder":`+plainText(150)+`}}]`), ""},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[{"type":"input","label":`+plainText(2001)+`,"element":{"type":"plain_text_input"}}]`), "/blocks/0/label"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[{"type":"input","label":`+plainText(1)+`,"hint":`+plainText(2001)+`,"element":{"type":"plain_text_input"}}]`), "/blocks/0/hint"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","placeholder":`+plainText(151)+`}`)+`]`), "/blocks/0/element/placeholder"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","min_length":0,"max_length":3000,"initial_value":"`+of(3000)+`"}`)+`]`), ""},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","min_length":3001}`)+`]`), "/blocks/0/element/min_length"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","max_length":3001}`)+`]`), "/blocks/0/element/max_length"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","max_length":0}`)+`]`), "/blocks/0/element/max_length"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","min_length":5,"max_length":4}`)+`]`), "/blocks/0/element/min_length"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","max_length":4,"initial_value":"xxxxx"}`)+`]`), "/blocks/0/element/initial_value"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+input(`{"type":"plain_text_input","initial_value":"`+of(3001)+`"}`)+`]`), "/blocks/0/element/initial_value"},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+strings.Replace(external, `{`, `{"dispatch_action":true,`, 1)+`,`+buttonWith("")+`]`), ""},
		{view("modal", title+`,"submit":`+plainText(1)+`,"blocks":[`+strings.Replace(external, `{`, `{"dispatch_action":1,`, 1)+`]`), "/blocks/0/dispatch_action"},
		{view("home", `,"blocks":[{"type":"actions","elements":[`+search+`]},{"type":"section","text":`+plainText(1)+`,"accessory":`+search+`}]`), ""},
		{view("home", blocks), ""},
		{view("home", `,"blocks":`+times(100, divider)), ""},
		{view("home", `,"blocks":`+times(101, divider)), "/blocks"},
		{view("home", `,"blocks":`+times(2, `{"type":"divider","block_id":"b"}`)), "/blocks/1/block_id"},
		{view("home", title+blocks), "/title"},
		{view("workflow_step", blocks), "/type"},
		{`null`, "/type"},
	} {
		check(t, c.view, slacksim.CheckView([]byte(c.view)), "", c.place)
	}
}

func TestOptions(t *testing.T) {
	group := `{"label":` + plainText(75) + `,"options":` + times(100, option(1, 1)) + `}`
	for _, c := range []struct{ options, place string }{
		{`{"options":[]}`, ""},
		{`{"options":` + times(100, option(75, 150)) + `}`, ""},
		{`{"options":` + times(101, option(1, 1)) + `}`, "/options"},
		{`{"options":[` + option(76, 1) + `]}`, "/options/0/text/text"},
		{`{"options":[` + option(0, 1) + `]}`, "/options/0/text/text"},
		{`{"options":[` + option(1, 151) + `]}`, "/options/0/value"},
		{`{"options":[{"text":` + plainText(1) + `}]}`, `/options/0: lacks "value"`},
		{`{"options":[{"text":` + plainText(1) + `,"value":"v","description":` + plainText(76) + `}]}`, "/options/0/description/text"},
		{`{"options":[{"text":` + plainText(1) + `,"value":"v","url":"https://example.com"}]}`, "/options/0/url"},
		{`{"option_groups":[` + group + `]}`, ""},
		{`{"option_groups":` + times(101, group) + `}`, "/option_groups"},
		{`{"option_groups":[]}`, ""},
		{`{"option_groups":[],"options":[]}`, "needs either"},
		{`{"options":null}`, "/options"},
		{`{}`, "needs either"},
	} {
		check(t, c.options, slacksim.CheckOptions([]byte(c.options)), "", c.place)
	}
}
