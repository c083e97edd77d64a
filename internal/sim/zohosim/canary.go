package zohosim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Canary is a generated organisation in which everything personal is a token
// that stands nowhere else: wherever one turns up, one knows what has leaked.
// It has four records for each user. The second result has all tokens. They
// are words of small letters and digits that begin with canary; an e-mail
// address is <token>@canary.example and a website https://<token>.example.
// Where a word would not be Zoho's wire format they are digits, twelve of them
// for phones, zuids and numbers, or a date of birth.
//
// A person's full_name is a token of its own, not the two other names. What
// names a person, an account, a contact or a territory stands again wherever
// Zoho repeats it beside the id: Owner repeats a person's full name and e-mail
// address, Reporting_To, created_by, Account_Name and the like a name, and a
// territory is listed for each of its users. Fields that are null elsewhere
// hold tokens too, unless they refer to something.
func Canary(users int) (Organisation, []string) {
	o := Generate(users, 4*users)
	c := canaries{known: map[string]string{}}
	o.Org = c.replace(o.Org)
	c.replaceAll(o.Users)
	for _, id := range slices.Sorted(maps.Keys(o.Territories)) {
		c.replaceAll(o.Territories[id])
	}
	for _, module := range slices.Sorted(maps.Keys(o.Records)) {
		c.replaceAll(o.Records[module])
	}
	return o, c.tokens
}

// ordinary are the keys whose values say nothing of a person or a company.
// What is not here holds tokens, so that a new field does.
var ordinary = []string{
	"id", "status", "type__s", "role", "profile", "country", "country_locale", "language", "locale", "time_zone", "offset",
	"date_format", "time_format", "number_separator", "decimal_separator", "created_time", "Created_Time", "Modified_Time",
	"$current_shift", "$next_shift", "$shift_effective_from",
	"theme", "customize_info", "default_tab_group", "name_format__s", "sort_order_preference__s",
	"Industry", "Annual_Revenue", "Stage", "Amount", "Closing_Date", "Pipeline", "Lead_Status", "Lead_Source",
	"domain_name", "zgid", "type", "country_code", "currency", "iso_code", "license_details", "hierarchy_preferences",
}

// references stay null where they are.
var references = []string{"Reporting_To", "Manager", "Account_Name", "Contact_Name"}

// names are the keys of what others repeat beside an object's id.
var names = []string{"full_name", "Full_Name", "Account_Name", "Deal_Name", "Name", "name"}

type canaries struct {
	tokens []string
	known  map[string]string // tokens that stand in more than one place
	births int
}

func (c *canaries) replaceAll(objects []json.RawMessage) {
	for i, raw := range objects {
		objects[i] = c.replace(raw)
	}
}

func (c *canaries) replace(raw json.RawMessage) json.RawMessage {
	o, err := newRecord(raw)
	if err != nil {
		panic(err) // Generate writes objects with ids
	}
	c.fill(o, o["id"].(string))
	raw, err = json.Marshal(o)
	if err != nil {
		panic(err) // it was JSON before
	}
	return raw
}

// fill replaces the values in an object, or in a part of the object that has
// the id.
func (c *canaries) fill(o object, id string) {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(ordinary, key) {
			o[key] = c.value(id, key, o[key])
		}
	}
}

func (c *canaries) value(id, key string, v any) any {
	switch v := v.(type) {
	case bool:
		return v
	case json.Number:
		return json.Number(c.digits())
	case []any:
		for i := range v {
			v[i] = c.value(id, key, v[i])
		}
		return v
	case object:
		if to, refers := v["id"].(string); refers {
			id = to
		}
		c.fill(v, id)
		return v
	}
	if v == nil && slices.Contains(references, key) {
		return nil
	}
	return c.text(id, key)
}

func (c *canaries) text(id, key string) string {
	switch key := strings.ToLower(key); {
	case strings.Contains(key, "email"):
		return c.once("e-mail of "+id) + "@canary.example"
	case key == "phone" || key == "mobile" || key == "fax" || strings.Contains(key, "zuid"):
		return c.digits()
	case key == "website":
		return "https://" + c.word() + ".example"
	case key == "dob":
		c.births++
		return c.add(time.Date(1800, 1, c.births, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	if slices.Contains(names, key) {
		return c.once("name of " + id)
	}
	return c.word()
}

// once is a word that is the same for the same thing.
func (c *canaries) once(what string) string {
	if c.known[what] == "" {
		c.known[what] = c.word()
	}
	return c.known[what]
}

// word and digits scatter the tokens, so that no two are alike but for the last
// character.
func (c *canaries) word() string {
	scattered := uint64(len(c.tokens)+1) * 0x9E3779B97F4A7C15 % (1 << 40)
	return c.add("canary" + strconv.FormatUint(scattered|1<<40, 32)[1:])
}

func (c *canaries) digits() string {
	return c.add(fmt.Sprintf("555%09d", (len(c.tokens)+1)*387_420_489%1_000_000_000))
}

func (c *canaries) add(token string) string {
	c.tokens = append(c.tokens, token)
	return token
}
