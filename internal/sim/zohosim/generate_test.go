package zohosim_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode"

	jsonv2 "github.com/go-json-experiment/json"

	"crmwho/internal/sim/zohosim"
)

// decode reads objects. No key may stand in one twice.
func decode(t *testing.T, raws []json.RawMessage) (all []map[string]any) {
	t.Helper()
	for _, raw := range raws {
		var o map[string]any
		if err := jsonv2.Unmarshal(raw, &o); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		all = append(all, o)
	}
	return all
}

func text(o map[string]any, key string) string {
	s, _ := o[key].(string)
	return s
}

// part is a field that is an object; nil when it is not.
func part(o map[string]any, key string) map[string]any {
	p, _ := o[key].(map[string]any)
	return p
}

func byID(all []map[string]any) map[string]map[string]any {
	ids := map[string]map[string]any{}
	for _, o := range all {
		ids[text(o, "id")] = o
	}
	return ids
}

func hash(t *testing.T, o zohosim.Organisation) string {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

func TestGenerateAgain(t *testing.T) {
	if a, b := hash(t, zohosim.Generate(300, 300)), hash(t, zohosim.Generate(300, 300)); a != b {
		t.Errorf("two organisations: %s and %s", a, b)
	}
	small, large := zohosim.Generate(40, 0), zohosim.Generate(300, 50)
	for n, raw := range small.Users {
		if string(raw) != string(large.Users[n]) {
			t.Errorf("user %d depends on the size: %s and %s", n, raw, large.Users[n])
		}
	}
}

func TestGenerateSizes(t *testing.T) {
	for _, size := range []struct{ users, records, want int }{{0, 0, 0}, {0, 9, 0}, {1, 0, 0}, {1, 1, 1}, {15, 2, 2}, {15, 3, 3}, {200, 1001, 1001}} {
		o := zohosim.Generate(size.users, size.records)
		got := 0
		for _, records := range o.Records {
			got += len(records)
		}
		if len(o.Users) != size.users || got != size.want {
			t.Errorf("Generate(%d, %d): %d users, %d records", size.users, size.records, len(o.Users), got)
		}
		zohosim.New(zohosim.Config{Organisation: &o}) // panics at what is not in the wire format
		checkOrganisation(t, o)
	}
}

// checkOrganisation holds what refers to something against it.
func checkOrganisation(t *testing.T, o zohosim.Organisation) {
	t.Helper()
	users, roles, profiles := decode(t, o.Users), byID(decode(t, o.Roles)), byID(decode(t, o.Profiles))
	people, accounts, contacts := byID(users), byID(decode(t, o.Records["Accounts"])), byID(decode(t, o.Records["Contacts"]))
	if org := decode(t, []json.RawMessage{o.Org})[0]; !strings.HasPrefix(text(org, "domain_name"), "org") || text(org, "company_name") == "" {
		t.Errorf("org: %v", org)
	}
	for _, u := range users {
		checkRef(t, u, "role", roles, "name", true)
		checkRef(t, u, "profile", profiles, "name", true)
		checkRef(t, u, "created_by", people, "full_name", true)
		checkRef(t, u, "Reporting_To", people, "full_name", false)
	}
	for id, in := range o.Territories {
		if people[id] == nil {
			t.Errorf("territories of nobody: %s", id)
		}
		for _, territory := range decode(t, in) {
			checkRef(t, territory, "Manager", people, "full_name", false)
		}
	}
	for _, records := range o.Records {
		for _, r := range decode(t, records) {
			checkRef(t, r, "Owner", people, "full_name", true)
			if owner := part(r, "Owner"); text(owner, "email") != text(people[text(owner, "id")], "email") {
				t.Errorf("another address of the owner: %v", r)
			}
			checkRef(t, r, "Contact_Name", contacts, "Full_Name", false)
			if part(r, "Account_Name") != nil {
				checkRef(t, r, "Account_Name", accounts, "Account_Name", true)
			}
		}
	}
}

func checkRef(t *testing.T, o map[string]any, key string, to map[string]map[string]any, name string, must bool) {
	t.Helper()
	ref := part(o, key)
	if ref == nil && !must {
		return
	}
	if target := to[text(ref, "id")]; target == nil || text(target, name) != text(ref, "name") {
		t.Errorf("%s of %s: %v, want one that exists, with its name", key, text(o, "id"), ref)
	}
}

// kinds are the JSON types that values have in some objects, by key.
func kinds(all []map[string]any) map[string][]string {
	found := map[string][]string{}
	for _, o := range all {
		for key, value := range o {
			if kind := fmt.Sprintf("%T", value); !slices.Contains(found[key], kind) {
				found[key] = append(found[key], kind)
			}
		}
	}
	return found
}

// ownKeys are those which the sample has for the caller alone.
var ownKeys = []string{"theme", "customize_info", "signature", "default_tab_group", "personal_account", "name_format__s", "sort_order_preference__s"}

// sometimesNull are the keys that are null in all of the sample or in none of
// it, and may be something else for other users.
var sometimesNull = []string{"alias", "fax", "mobile", "street", "city", "state", "zip", "website", "signature"}

func TestGeneratedUsersHaveTheKeysOfTheSample(t *testing.T) {
	documented := kinds(decode(t, zohosim.SampleUsers()))
	users := decode(t, zohosim.Generate(3000, 0).Users)
	for n, u := range users {
		for key := range documented {
			if _, has := u[key]; has != (n == 0 || !slices.Contains(ownKeys, key)) {
				t.Errorf("user %d has %s: %t", n, key, has)
			}
		}
	}
	for key, found := range kinds(users) {
		for _, kind := range found {
			known := documented[key] == nil || slices.Contains(documented[key], kind)
			if !known && !(kind == "string" && slices.Contains(sometimesNull, key)) {
				t.Errorf("%s is sometimes %s, in the sample %v", key, kind, documented[key])
			}
		}
	}
}

func TestGeneratedIDsAscend(t *testing.T) {
	o := zohosim.Generate(1000, 1000)
	seen := map[string]bool{}
	for _, list := range [][]json.RawMessage{o.Users, o.Records["Accounts"], o.Records["Contacts"], o.Records["Deals"], o.Records["Leads"]} {
		last := ""
		for _, user := range decode(t, list) {
			id := text(user, "id")
			if len(id) != 19 || id[0] != '9' || strings.Trim(id, "0123456789") != "" || id <= last || seen[id] {
				t.Errorf("id %q after %q", id, last)
			}
			last, seen[id] = id, true
		}
	}
}

func TestGeneratedShares(t *testing.T) {
	is := func(key, value string) func(map[string]any) bool {
		return func(u map[string]any) bool { return text(u, key) == value }
	}
	has := func(key string) func(map[string]any) bool {
		return func(u map[string]any) bool { return u[key] != nil }
	}
	latin := func(u map[string]any) bool {
		return strings.HasSuffix(text(u, "full_name"), "gen")
	}
	in := func(script *unicode.RangeTable) func(map[string]any) bool {
		return func(u map[string]any) bool {
			return strings.ContainsFunc(text(u, "full_name"), func(r rune) bool { return unicode.Is(script, r) })
		}
	}
	holds := func(parts string) func(map[string]any) bool {
		return func(u map[string]any) bool { return strings.ContainsAny(text(u, "full_name"), parts) }
	}
	admin := func(u map[string]any) bool { return strings.HasSuffix(text(part(u, "profile"), "id"), "26011") }
	users := decode(t, zohosim.Generate(5000, 0).Users)
	for _, c := range []struct {
		name      string
		is        func(map[string]any) bool
		low, high float64 // per cent
	}{
		{"active", is("status", "active"), 88, 92}, {"disabled", is("status", "disabled"), 5, 7}, {"deleted", is("status", "deleted"), 2, 4},
		{"closed", is("status", "closed"), 0.1, 1}, {"dormant", is("status", "disabled dormant"), 0.1, 1}, {"inactive", is("status", "inactive"), 0.1, 1},
		{"unconfirmed", func(u map[string]any) bool { return u["confirm"] == false }, 6, 10},
		{"administrators", admin, 1.2, 2.2}, {"called Administrator", func(u map[string]any) bool { return text(part(u, "profile"), "name") == "Administrator" }, 5, 15},
		{"regular", is("type__s", "Regular User"), 90, 99}, {"without last name", is("last_name", ""), 8, 12}, {"alias", has("alias"), 1, 5},
		{"phone", has("phone"), 60, 74}, {"mobile", has("mobile"), 28, 38}, {"manager", has("Reporting_To"), 85, 95}, {"Status", has("Status"), 0.2, 2},
		{"gen at the end", latin, 80, 95}, {"Cyrillic", in(unicode.Cyrillic), 2, 5}, {"Greek", in(unicode.Greek), 2, 5}, {"Arabic", in(unicode.Arabic), 2, 5},
		{"full width", holds("ｅｎａｏ"), 2, 5}, {"accents", holds("áéíöü"), 4, 9}, {"decomposed", in(unicode.Mn), 2, 5}, {"hyphen", holds("-"), 2, 9}, {"apostrophe", holds("'’"), 4, 12},
		{"zuid without confirmation", func(u map[string]any) bool { return (u["zuid"] != nil) != u["confirm"].(bool) }, 0, 0},
	} {
		n := 0
		for _, u := range users {
			if c.is(u) {
				n++
			}
		}
		if share := float64(n) / 50; share < c.low || share > c.high {
			t.Errorf("%s: %.1f %%, want %g to %g", c.name, share, c.low, c.high)
		}
	}
}

func TestGeneratedNamesAndAddresses(t *testing.T) {
	named, addresses, namesakes := map[string]bool{}, map[string]bool{}, 0
	for _, u := range decode(t, zohosim.Generate(5000, 0).Users) {
		first, last, full := text(u, "first_name"), text(u, "last_name"), text(u, "full_name")
		if want := strings.TrimSpace(first + " " + last); first == "" || full != want {
			t.Errorf("full name %q, want %q", full, want)
		}
		if named[full] {
			namesakes++
		}
		named[full] = true
		address := strings.ToLower(text(u, "email"))
		if addresses[address] || !strings.HasSuffix(address, "@generated.example") {
			t.Errorf("e-mail address %q", address)
		}
		addresses[address] = true
		for _, key := range []string{"phone", "mobile", "fax"} {
			if number := text(u, key); number != "" && !strings.HasPrefix(number, "+999") {
				t.Errorf("%s %q", key, number)
			}
		}
	}
	if namesakes < 100 || namesakes > 250 {
		t.Errorf("%d namesakes among 5000", namesakes)
	}
}

func TestManagersStandBeforeTheirPeople(t *testing.T) {
	level, deepest := map[string]int{}, 0
	for n, u := range decode(t, zohosim.Generate(5000, 0).Users) {
		above := 0
		if manager := part(u, "Reporting_To"); manager != nil {
			if above = level[text(manager, "id")]; above == 0 {
				t.Fatalf("user %d reports to %v, who does not stand before", n, manager)
			}
		}
		level[text(u, "id")] = above + 1
		deepest = max(deepest, above+1)
	}
	if deepest < 4 || deepest > 8 {
		t.Errorf("%d levels", deepest)
	}
}

func TestTheCallerIsAnAdministrator(t *testing.T) {
	o := zohosim.Generate(1, 0)
	caller := decode(t, o.Users)[0]
	if text(caller, "status") != "active" || caller["confirm"] != true || !strings.HasSuffix(text(part(caller, "profile"), "id"), "26011") {
		t.Errorf("the only user: %v", caller)
	}
	for _, p := range decode(t, o.Profiles) {
		administrative := strings.HasSuffix(text(p, "id"), "26011")
		if called := text(p, "name") == "Administrator"; administrative && (called || p["custom"] != false) || called && p["custom"] != true {
			t.Errorf("profile %v", p)
		}
	}
}

func TestGeneratedRolesAreATree(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range decode(t, zohosim.Generate(0, 0).Roles) {
		if above := text(part(r, "reporting_to"), "id"); (i == 0) != (above == "") || i > 0 && !seen[above] {
			t.Errorf("role %d: %v", i, r)
		}
		seen[text(r, "id")] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d roles", len(seen))
	}
}

func TestGeneratedTimes(t *testing.T) {
	offsets, backwards := map[int]bool{}, 0
	last := time.Time{}
	for _, u := range decode(t, zohosim.Generate(1000, 0).Users) {
		created, err1 := time.Parse(time.RFC3339, text(u, "created_time"))
		modified, err2 := time.Parse(time.RFC3339, text(u, "Modified_Time"))
		if err1 != nil || err2 != nil || modified.Before(created) || created.Year() < 2022 || modified.Year() > 2025 {
			t.Errorf("created %v, changed %v", u["created_time"], u["Modified_Time"])
		}
		if modified.Before(last) {
			backwards++
		}
		last = modified
		_, offset := modified.Zone()
		offsets[offset/3600] = true
		checkZone(t, u)
	}
	if !offsets[-7] || !offsets[-8] || len(offsets) != 2 || backwards < 300 {
		t.Errorf("offsets %v; %d changed before the user above", offsets, backwards)
	}
}

// checkZone wants the offset of the zone's winter.
func checkZone(t *testing.T, u map[string]any) {
	t.Helper()
	zone, err := time.LoadLocation(text(u, "time_zone"))
	if err != nil {
		t.Fatal(err)
	}
	_, january := time.Date(2024, 1, 1, 0, 0, 0, 0, zone).Zone()
	_, july := time.Date(2024, 7, 1, 0, 0, 0, 0, zone).Zone()
	if want := float64(min(january, july) * 1000); u["offset"] != want {
		t.Errorf("offset %v of %s, want %v", u["offset"], zone, want)
	}
}

func TestGeneratedOwners(t *testing.T) {
	o := zohosim.Generate(200, 2000)
	people, owned := byID(decode(t, o.Users)), map[string]int{}
	status := map[string]int{}
	for _, records := range o.Records {
		for _, r := range decode(t, records) {
			id := text(part(r, "Owner"), "id")
			owned[id]++
			status[text(people[id], "status")]++
		}
	}
	most := 0
	for _, n := range owned {
		most = max(most, n)
	}
	if len(owned) < 100 || len(owned) > 185 || most < 100 {
		t.Errorf("%d of 200 own records, one of them %d of 2000", len(owned), most)
	}
	if status["disabled"] == 0 || status["deleted"] == 0 {
		t.Errorf("records by their owners' status: %v", status)
	}
}

func TestGeneratedRecords(t *testing.T) {
	o := zohosim.Generate(20, 2000)
	documented := zohosim.Sample().Records
	for module, display := range map[string]string{"Accounts": "Account_Name", "Contacts": "Full_Name", "Deals": "Deal_Name", "Leads": "Full_Name"} {
		records, names := decode(t, o.Records[module]), map[string]bool{}
		want := kinds(decode(t, documented[module]))
		for _, r := range records {
			names[text(r, display)] = true
			if len(r) != len(want) {
				t.Errorf("%s: %v, want the keys %v", module, r, want)
			}
		}
		if twice := len(records) - len(names); names[""] || twice < 5 || twice > 100 {
			t.Errorf("%s: %d of %d names stand twice", module, twice, len(records))
		}
	}
	converted := 0
	for _, lead := range decode(t, o.Records["Leads"]) {
		if lead["$converted"].(bool) {
			converted++
		}
	}
	if converted < 10 || converted > 50 {
		t.Errorf("%d of 500 leads are converted", converted)
	}
}

func TestSample(t *testing.T) {
	o := zohosim.Sample()
	checkOrganisation(t, o)
	if got := [...]int{len(o.Users), len(o.Roles), len(o.Profiles), len(o.Territories), len(o.Records)}; got != [...]int{15, 5, 3, 1, 4} {
		t.Errorf("users, roles, profiles, territories, modules: %v", got)
	}
	for i, r := range decode(t, o.Roles) {
		if above := text(part(r, "reporting_to"), "name"); (i == 0) != (text(r, "name") == "CEO") || (i == 0) != (above == "") || i > 0 && above != "CEO" {
			t.Errorf("role %v", r)
		}
	}
	people, status := byID(decode(t, o.Users)), map[string]bool{}
	for _, records := range o.Records {
		for _, r := range decode(t, records) {
			status[text(people[text(part(r, "Owner"), "id")], "status")] = true
		}
	}
	if !status["active"] || !status["disabled"] || !status["deleted"] {
		t.Errorf("status of owners: %v", status)
	}
}

func BenchmarkGenerate(b *testing.B) {
	const users = 50_000
	bytes := 0
	for b.Loop() {
		bytes = 0
		for _, user := range zohosim.Generate(users, 0).Users {
			bytes += len(user)
		}
	}
	b.ReportMetric(float64(bytes)/users, "B/user")
}
