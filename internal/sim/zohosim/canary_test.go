package zohosim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmwho/internal/sim/zohosim"
)

// leaf is a value somewhere in an organisation.
type leaf struct {
	id, key string // of what it belongs to: of Owner.name, the owner's id
	value   any    // string, json.Number, bool or nil
}

// leaves are all values below the objects of an organisation.
func leaves(t *testing.T, o zohosim.Organisation) (all []leaf) {
	t.Helper()
	var walk func(id, key string, v any)
	walk = func(id, key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if own, has := v["id"].(string); has {
				id, key = own, ""
			}
			for k, v := range v {
				walk(id, strings.TrimPrefix(key+"."+k, "."), v)
			}
		case []any:
			for i, v := range v {
				walk(id, fmt.Sprint(key, ".", i), v)
			}
		default:
			all = append(all, leaf{id, key, v})
		}
	}
	walk("", "", map[string]any{"org": decodeNumbers(t, o.Org)})
	for _, lists := range []map[string][]json.RawMessage{{"": o.Users}, o.Records, o.Territories} {
		for _, list := range lists {
			for _, raw := range list {
				walk("", "", decodeNumbers(t, raw))
			}
		}
	}
	return all
}

func decodeNumbers(t *testing.T, raw json.RawMessage) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

// place is where a value belongs. What is repeated beside an id belongs where
// it comes from.
func (l leaf) place() string {
	switch l.key {
	case "full_name", "Full_Name", "Account_Name", "Deal_Name", "Name", "name":
		return l.id + " name"
	case "email", "Email":
		return l.id + " email"
	}
	return l.id + " " + l.key
}

func TestEachCanaryHasOnePlace(t *testing.T) {
	o, tokens := zohosim.Canary(20)
	all := leaves(t, o)
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		places, times := map[string]bool{}, 0
		for _, l := range all {
			if n := strings.Count(fmt.Sprint(l.value), token); n > 0 {
				places[l.place()] = true
				times += n
			}
		}
		if len(places) != 1 || bytes.Count(raw, []byte(token)) != times {
			t.Errorf("%s stands %d times, in %v", token, bytes.Count(raw, []byte(token)), places)
		}
	}
}

// impersonal are the keys that may hold what is no token.
var impersonal = strings.Fields(`id status type__s role profile country country_locale language locale time_zone offset
	date_format time_format number_separator decimal_separator created_time Created_Time Modified_Time
	$current_shift $next_shift $shift_effective_from theme customize_info default_tab_group name_format__s sort_order_preference__s
	Industry Annual_Revenue Stage Amount Closing_Date Pipeline Lead_Status Lead_Source
	domain_name zgid type country_code currency iso_code license_details hierarchy_preferences`)

func TestNothingPersonalIsWithoutCanary(t *testing.T) {
	o, tokens := zohosim.Canary(300)
	known := map[string]bool{}
	for _, token := range tokens {
		known[token] = true
	}
	fixed := map[string]bool{}
	for _, list := range [][]json.RawMessage{o.Roles, o.Profiles} {
		for _, named := range decode(t, list) {
			fixed[text(named, "id")] = true
		}
	}
	token := regexp.MustCompile(`canary[0-9a-z]+|[0-9-]{10,}`)
	for _, l := range leaves(t, o) {
		top, _, _ := strings.Cut(l.key, ".")
		_, flag := l.value.(bool)
		if flag || fixed[l.id] || slices.Contains(impersonal, top) {
			continue
		}
		reference := slices.Contains([]string{"Reporting_To", "Manager", "Account_Name", "Contact_Name"}, l.key)
		if l.value == nil && reference {
			continue
		}
		if found := token.FindString(fmt.Sprint(l.value)); !known[found] {
			t.Errorf("%s of %s: %v", l.key, l.id, l.value)
		}
	}
}

func TestCanaryTokens(t *testing.T) {
	o, tokens := zohosim.Canary(300)
	form := regexp.MustCompile(`^(canary[0-9a-z]{6,}|[0-9]{10,}|18\d\d-\d\d-\d\d)$`)
	seen := map[string]bool{}
	for _, token := range tokens {
		if seen[token] || !form.MatchString(token) {
			t.Errorf("token %q, seen before: %t", token, seen[token])
		}
		seen[token] = true
	}
	again, _ := zohosim.Canary(300)
	if a, b := hash(t, o), hash(t, again); a != b {
		t.Errorf("two organisations: %s and %s", a, b)
	}
	for _, u := range decode(t, o.Users) {
		if address := strings.TrimSuffix(text(u, "email"), "@canary.example"); !seen[address] || !seen[text(u, "phone")] || !seen[text(u, "full_name")] {
			t.Errorf("a user that no token finds: %v", u)
		}
	}
}

func TestCanaryIsAnOrganisation(t *testing.T) {
	o, _ := zohosim.Canary(200)
	checkOrganisation(t, o)
	zohosim.New(zohosim.Config{Organisation: &o})
	ordinary := decode(t, zohosim.Generate(200, 0).Users)
	for n, u := range decode(t, o.Users) {
		for _, key := range []string{"id", "status", "time_zone", "Modified_Time"} {
			if u[key] != ordinary[n][key] {
				t.Errorf("%s of user %d: %v, want %v", key, n, u[key], ordinary[n][key])
			}
		}
		if role := text(part(u, "role"), "name"); role != text(part(ordinary[n], "role"), "name") {
			t.Errorf("role of user %d: %s", n, role)
		}
	}
}
