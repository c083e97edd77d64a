package zohosim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Generate makes up an organisation with so many users and records. The same
// numbers give the same bytes, and a user is the same in an organisation of
// any size. The first user is the caller, an active and confirmed
// administrator. Managers stand before those whom they manage. Names of roles
// and profiles tell nothing: the administrative profile has been renamed and
// another one is called Administrator. Without users there are no records,
// since nobody could own them.
func Generate(users, records int) Organisation {
	o := Organisation{
		Org:         generatedOrg(users),
		Users:       make([]json.RawMessage, users),
		Roles:       wireRoles(roles),
		Profiles:    wireProfiles(profiles),
		Territories: map[string][]json.RawMessage{},
		Records:     map[string][]json.RawMessage{},
	}
	own := ownFields()
	for n := range users {
		o.Users[n] = generatedUser(n, own)
		if in := generatedTerritories(n); in != nil {
			o.Territories[generatedID(aUser, n)] = in
		}
	}
	if users > 0 {
		o.Records = generatedRecords(users, records)
	}
	return o
}

// What there is in a generated organisation. Ids are in ranges by kind, so
// close to each other that a float64 does not tell them apart.
const (
	aUser = iota + 1
	anAccount
	aContact
	aDeal
	aLead
	aTerritory
)

func generatedID(kind, n int) string {
	return strconv.FormatInt(9_100_000_000_000_000_000+int64(kind)*10_000_000_000+411_001+14*int64(n), 10)
}

// systemID is an id of what every organisation has from the start.
func systemID(end string) string { return "91000000000000" + end }

// luck decides about one thing. Each thing has its own, so that it does not
// depend on the number of the others.
type luck struct{ *rand.Rand }

// luckOf gives that of the n-th of a kind. What is decided is told apart by a
// letter.
func luckOf(what rune, kind, n int) luck {
	return luck{rand.New(rand.NewPCG(uint64(kind)<<32|uint64(what), uint64(n)))}
}

func (l luck) often(percent int) bool { return l.IntN(100) < percent }

// maybe is the text in so many of a hundred cases, else nothing.
func (l luck) maybe(percent int, text string) string {
	if !l.often(percent) {
		return ""
	}
	return text
}

func (l luck) of(choices ...string) string { return choices[l.IntN(len(choices))] }

// coin makes a word that can be pronounced.
func (l luck) coin(syllables int) string {
	const consonants, vowels = "bdfgklmnrstvz", "aeiou"
	var word []byte
	for range syllables {
		word = append(word, consonants[l.IntN(len(consonants))], vowels[l.IntN(len(vowels))])
	}
	return string(word)
}

// phone is a number with a country code that no country has.
func (l luck) phone() string {
	layout := l.of("+999 %03d %03d %03d", "+999 (%03d) %03d-%03d", "+999-%03d-%03d-%03d", "+999%03d%03d%03d", "+999 %03d.%03d.%03d")
	return fmt.Sprintf(layout, l.IntN(1000), l.IntN(1000), l.IntN(1000))
}

// summer is orgZone in summer: as in the sample, offsets follow the date.
var summer = time.FixedZone("", -7*60*60)

func wireTime(t time.Time) string {
	zone := orgZone
	if m := t.Month(); time.April <= m && m <= time.October {
		zone = summer
	}
	return t.In(zone).Format(time.RFC3339)
}

// times are of one thing, from 2022 to 2025.
func (l luck) times() (created, modified string) {
	from, to := time.Date(2022, 1, 3, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)
	at := from.Add(time.Duration(l.Float64() * float64(to.Sub(from))))
	return wireTime(at), wireTime(at.Add(time.Duration(l.Float64() * float64(to.Sub(at)))))
}

// script is a way of writing words that were coined in Latin letters. Names
// end in its suffix: thus one sees that they are generated.
type script struct {
	letters *strings.Replacer
	suffix  string
}

func newScript(suffix, letters string) script {
	var pairs []string
	for i, letter := range strings.Fields(letters) {
		pairs = append(pairs, "abdefgiklmnorstuvz"[i:i+1], letter)
	}
	return script{strings.NewReplacer(pairs...), suffix}
}

const latinSuffix = "gen"

var (
	latin    = script{strings.NewReplacer(), latinSuffix}
	accented = newScript(latinSuffix, "á b d é f g í k ł m ñ ö r š t ü v ž")
	scripts  = []script{
		latin, accented, accented,
		newScript(latinSuffix, "a\u0301 b d e\u0301 f g i\u0308 k l m n\u0303 o\u0308 r s\u030c t u\u0308 v z\u030c"), // decomposed
		newScript("ген", "а б д е ф г и к л м н о р с т у в з"),
		newScript("γεν", "α β δ ε φ γ ι κ λ μ ν ο ρ σ τ υ θ ζ"),
		newScript("جعن", "ا ب د ع ف ج ي ك ل م ن و ر س ت ه ح ز"),
		newScript("ｇｅｎ", "ａ ｂ ｄ ｅ ｆ ｇ ｉ ｋ ｌ ｍ ｎ ｏ ｒ ｓ ｔ ｕ ｖ ｚ"),
	}
)

func (s script) write(word string) string {
	word = s.letters.Replace(word)
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToTitle(first)) + word[size:]
}

// person is who a user, a contact or a lead is. A tenth has no last name.
type person struct {
	id, first, last, full, email string

	latin string // the name as e-mail addresses have it
}

func (l luck) name() (p person) {
	in := scripts[max(0, l.IntN(30)-22)]
	if l.often(10) {
		word := l.coin(3)
		p.first, p.latin = in.write(word)+in.suffix, word+latinSuffix
		p.full = p.first
		return p
	}
	first, last, second := l.coin(2+l.IntN(2)), l.coin(2+l.IntN(2)), in.write(l.coin(2))
	p.first = in.write(first) + l.maybe(3, l.of(" ", "-")+second)
	p.last = l.maybe(16, l.of("O'", "D’", "van der ", second+"-")) + in.write(last) + in.suffix
	p.full, p.latin = p.first+" "+p.last, first+"."+last+latinSuffix
	return p
}

// named is whose name number n has: one in 33 is a namesake of another before.
func named(kind, n int) int {
	if n%33 != 7 {
		return n
	}
	whose := luckOf('w', kind, n).IntN(n)
	if whose%33 == 7 {
		whose--
	}
	return whose
}

// personOf gives the n-th person of a kind. The number keeps addresses apart.
func personOf(kind, n int) person {
	p := luckOf('n', kind, named(kind, n)).name()
	l := luckOf('e', kind, n)
	local := p.latin + strconv.Itoa(n)
	switch l.IntN(20) {
	case 0, 1:
		local = "user" + strconv.Itoa(n)
	case 2:
		local += "+crm"
	case 3:
		local = latin.write(local)
	}
	p.id, p.email = generatedID(kind, n), local+"@generated.example"
	if kind != aUser {
		p.email = local + "@customers.generated.example"
	}
	return p
}

// manager is the number of the user to whom another reports.
func manager(n int) int { return (n - 1) / 8 }

var roles = []role{
	{systemID("26005"), "CEO", 0},
	{systemID("48003"), "VP Sales", 0}, {systemID("48008"), "VP Service", 0}, {systemID("48013"), "VP Operations", 0},
	{systemID("48018"), "Sales Manager North", 1}, {systemID("48023"), "Sales Manager South", 1},
	{systemID("48028"), "Service Manager", 2}, {systemID("48033"), "Product Manager", 3},
	{systemID("48038"), "Account Executive", 4}, {systemID("48043"), "Sales Representative", 5},
	{systemID("48048"), "Service Agent", 6}, {systemID("48053"), "Administrator", 7},
}

// roleOf goes by the level in the reporting tree.
func roleOf(n int) role {
	tiers := []int{0, 1, 4, 8, len(roles)}
	level := 0
	for m := n; m > 0 && level < len(tiers)-2; m = manager(m) {
		level++
	}
	return roles[tiers[level]+n%(tiers[level+1]-tiers[level])]
}

// profiles begin with the administrative one.
var profiles = []profile{
	{systemID(adminProfile), "System Owners"}, {systemID(standardProfile), "Standard"},
	{systemID("71001"), "Administrator"}, {systemID("71015"), "Field Sales"},
}

// generatedUser writes the n-th user. The first has the fields in own besides.
func generatedUser(n int, own wireObject) json.RawMessage {
	l, p := luckOf('p', aUser, n), personOf(aUser, n)
	w := make(wireObject, 0, 2048)
	w.person(l, p)
	w.standing(l, n)
	w.place(l)
	w.history(l)
	w.reporting(l, n)
	if n == 0 {
		w.texts("signature", "Regards, "+p.full)
		w = append(w, own...)
	}
	w.custom(l)
	return w.end()
}

func (w *wireObject) person(l luck, p person) {
	w.texts("id", p.id, "first_name", p.first, "last_name", p.last, "full_name", p.full, "email", p.email,
		"alias", l.maybe(3, latin.write(l.coin(2)+latinSuffix)),
		"phone", l.maybe(67, l.phone()), "mobile", l.maybe(33, l.phone()), "fax", l.maybe(3, l.phone()),
		"website", l.maybe(3, "https://"+l.coin(3)+".generated.example"),
		"dob", l.maybe(3, fmt.Sprintf("19%02d-%02d-%02d", 60+l.IntN(40), 1+l.IntN(12), 1+l.IntN(28))))
}

// standing is what a user is in the organisation. One in 60 has the
// administrative profile.
func (w *wireObject) standing(l luck, n int) {
	status, confirmed, role, profile := l.status(), l.often(92), roleOf(n), profiles[1+max(0, l.IntN(10)-7)]
	if l.IntN(60) == 0 || n == 0 {
		profile = profiles[0]
	}
	if n == 0 {
		status, confirmed = "active", true
	}
	zuid := ""
	if confirmed {
		zuid = generatedZUID(n)
	}
	w.texts("status", status, "status_reason__s", "", "zuid", zuid, "type__s", l.userType())
	w.flag("confirm", confirmed)
	w.ref("role", role.Name, role.ID)
	w.ref("profile", profile.Name, profile.ID)
}

func (l luck) status() string {
	switch n := l.IntN(100); {
	case n < 90:
		return "active"
	case n < 96:
		return "disabled"
	case n < 99:
		return "deleted"
	}
	return l.of("closed", "disabled dormant", "inactive")
}

func (l luck) userType() string {
	if l.often(96) {
		return "Regular User"
	}
	return l.of("Team User", "Support User", "Client Portal User", "Sandbox Developer User", "Lite User")
}

func generatedZUID(n int) string { return strconv.Itoa(910_000_100 + n) }

// places have their time zone's standard offset in minutes.
var places = []struct {
	zone            string
	offset          int
	country, locale string
}{
	{"America/Los_Angeles", -480, "US", "en_US"}, {"America/New_York", -300, "US", "en_US"}, {"America/Sao_Paulo", -180, "BR", "pt_BR"},
	{"Europe/London", 0, "GB", "en_GB"}, {"Europe/Berlin", 60, "DE", "de_DE"}, {"Europe/Athens", 120, "GR", "en_GB"},
	{"Africa/Nairobi", 180, "KE", "en_GB"}, {"Asia/Dubai", 240, "AE", "en_US"}, {"Asia/Kolkata", 330, "IN", "en_IN"},
	{"Asia/Kathmandu", 345, "NP", "en_US"}, {"Asia/Tokyo", 540, "JP", "ja_JP"}, {"Australia/Adelaide", 570, "AU", "en_AU"},
}

func (w *wireObject) place(l luck) {
	at := places[l.IntN(len(places))]
	w.texts("street", l.maybe(20, strconv.Itoa(1+l.IntN(99))+" "+latin.write(l.coin(2))+"gen Street"),
		"city", l.maybe(30, latin.write(l.coin(2))+"genburg"), "state", l.maybe(15, latin.write(l.coin(2))+"genland"),
		"zip", l.maybe(20, fmt.Sprintf("G%05d", l.IntN(100_000))), "country", l.maybe(40, at.country),
		"country_locale", at.locale, "language", at.locale, "locale", at.locale, "time_zone", at.zone,
		"date_format", l.of("MMM d, yyyy", "dd/MM/yyyy", "yyyy-MM-dd"), "time_format", l.of("hh:mm a", "HH:mm"),
		"number_separator", "Comma", "decimal_separator", "Period")
	w.raw("offset", strconv.Itoa(at.offset*60_000))
}

// history has when a user was created, by the first user, and changed, and what
// goes on at the moment.
func (w *wireObject) history(l luck) {
	first := personOf(aUser, 0)
	created, modified := l.times()
	w.texts("created_time", created, "Modified_Time", modified, "$current_shift", "", "$next_shift", "", "$shift_effective_from", "")
	w.ref("created_by", first.full, first.id)
	w.ref("Modified_By", first.full, first.id)
	w.flag("Isonline", l.often(5))
	w.flag("microsoft", l.often(2))
	w.flag("sandboxDeveloper", l.often(1))
}

// reporting is missing from the sample, so it may be missing or null.
func (w *wireObject) reporting(l luck, n int) {
	switch chance := l.IntN(20); {
	case n == 0 || chance == 0:
		w.texts("Reporting_To", "")
	case chance > 1:
		to := personOf(aUser, manager(n))
		w.ref("Reporting_To", to.full, to.id)
	}
}

// ownFields are those which only the caller sees of himself, as in the sample.
func ownFields() (w wireObject) {
	var caller map[string]json.RawMessage
	if err := json.Unmarshal(SampleUsers()[0], &caller); err != nil {
		panic(err) // the sample is JSON
	}
	for _, key := range []string{"theme", "customize_info", "default_tab_group", "personal_account", "name_format__s", "sort_order_preference__s"} {
		w.raw(key, string(caller[key]))
	}
	return w
}

// custom adds fields of the organisation's own, of any type. Some differ from
// Zoho's by the case of a letter.
func (w *wireObject) custom(l luck) {
	own := [][2]string{
		{"Employee_No", `"G-` + strconv.Itoa(l.IntN(10_000)) + `"`}, {"Cost_Centre", strconv.Itoa(l.IntN(10_000))}, {"Utilisation", "0.85"},
		{"On_Call", "true"}, {"Skills", `["Esperanto","Volapük"]`}, {"Desk", `{"house":"Gen House","floor":3}`}, {"Badge", "null"},
	}
	alike := [][2]string{{"Status", `"On leave"`}, {"Role", `"Floor warden"`}, {"Confirm", `"no"`}}
	if chosen := own[l.IntN(len(own))]; l.often(30) {
		w.raw(chosen[0], chosen[1])
	}
	if chosen := alike[l.IntN(len(alike))]; l.often(2) {
		w.raw(chosen[0], chosen[1])
	}
}

var territories = []string{"Generated World", "Northgen", "Eastgen", "Southgen", "Westgen", "Islandgen"}

// generatedTerritories are those of the n-th user; most have none.
func generatedTerritories(n int) (in []json.RawMessage) {
	l := luckOf('t', aUser, n)
	if !l.often(15) {
		return nil
	}
	for _, t := range l.Perm(len(territories))[:1+l.IntN(2)] {
		in = append(in, territory(t))
	}
	return in
}

// territory gives one, all of which report to the first.
func territory(n int) json.RawMessage {
	if n == 0 {
		first := personOf(aUser, 0)
		return wireTerritory(generatedID(aTerritory, 0), territories[0], first.full, first.id)
	}
	var w wireObject
	w.texts("id", generatedID(aTerritory, n), "Name", territories[n], "Manager", "")
	w.object("Reporting_To", "Name", territories[0], "id", generatedID(aTerritory, 0))
	return w.end()
}

func generatedOrg(users int) json.RawMessage {
	email := "nobody@generated.example"
	if users > 0 {
		email = personOf(aUser, 0).email
	}
	return fmt.Appendf(nil, `{"id":%q,"company_name":"Generated Company","domain_name":"org910000001","zgid":"910000001",`+
		`"primary_email":%q,"primary_zuid":%q,"type":"production","created_time":"2022-01-01T00:00:00-08:00",`+
		`"time_zone":"America/Los_Angeles","country_code":"US","currency":"US Dollar - USD","iso_code":"USD","lite_users_enabled":false,`+
		`"hierarchy_preferences":{"type":"Role_Hierarchy"},"license_details":{"paid":true,"paid_type":"enterprise","paid_expiry":null,`+
		`"trial_type":null,"trial_expiry":null,"users_license_purchased":%d,"portal_users_license_purchased":0}}`,
		systemID("20005"), email, generatedZUID(0), users)
}

// generatedRecords spreads records over the modules and over the users.
func generatedRecords(users, records int) map[string][]json.RawMessage {
	accounts, contacts, deals, leads := (records+3)/4, (records+2)/4, (records+1)/4, records/4
	all := map[string][]json.RawMessage{}
	add := func(module string, kind, count int, fields func(w *wireObject, l luck, n int)) {
		for n := range count {
			l := luckOf('r', kind, n)
			w := make(wireObject, 0, 1024)
			w.system(l, generatedID(kind, n), personOf(aUser, ownerOf(l, users)))
			fields(&w, l, n)
			all[module] = append(all[module], w.end())
		}
	}
	add("Accounts", anAccount, accounts, (*wireObject).account)
	add("Contacts", aContact, contacts, func(w *wireObject, l luck, n int) { w.contact(l, n, accounts) })
	add("Deals", aDeal, deals, func(w *wireObject, l luck, n int) { w.deal(l, accounts, contacts) })
	add("Leads", aLead, leads, (*wireObject).lead)
	return all
}

// ownerOf is skewed: some users own many records, a tenth none.
func ownerOf(l luck, users int) int {
	const prime = 1_000_003 // so that the busiest are not all on top of the list
	x := l.Float64()
	return int(x*x*x*0.9*float64(users)) * prime % users
}

// system has the fields of every record.
func (w *wireObject) system(l luck, id string, owner person) {
	created, modified := l.times()
	w.texts("id", id, "Created_Time", created, "Modified_Time", modified)
	w.object("Owner", "name", owner.full, "id", owner.id, "email", owner.email)
}

// company is made up. Names share words.
func company(kind, n int) string {
	l := luckOf('c', kind, named(kind, n))
	return latin.write(l.coin(2+l.IntN(2))+latinSuffix) + " " + l.of("Industries", "Holdings", "& Sons", "Software", "Foods", "Logistics", "Bank", "Energy")
}

func (w *wireObject) account(l luck, n int) {
	w.texts("Account_Name", company(anAccount, n),
		"Website", l.maybe(50, "https://"+l.coin(3)+".generated.example"), "Phone", l.maybe(60, l.phone()),
		"Industry", l.maybe(80, l.of("Technology", "Manufacturing", "Retail", "Finance")))
	w.raw("Annual_Revenue", strconv.Itoa(l.IntN(10_000)*1000))
}

// accountOf links most records to one of the accounts and gives its name.
func (w *wireObject) accountOf(l luck, accounts int) (name string) {
	n := l.IntN(accounts)
	name = company(anAccount, n)
	w.ref("Account_Name", name, l.maybe(80, generatedID(anAccount, n)))
	return name
}

func (w *wireObject) contact(l luck, n, accounts int) {
	w.customer(l, personOf(aContact, n))
	w.accountOf(l, accounts)
}

// customer has the fields that contacts and leads share. They need a last name.
func (w *wireObject) customer(l luck, p person) {
	if p.last == "" {
		p.first, p.last = "", p.first
	}
	w.texts("Full_Name", p.full, "First_Name", p.first, "Last_Name", p.last,
		"Email", l.maybe(85, p.email), "Phone", l.maybe(60, l.phone()), "Mobile", l.maybe(40, l.phone()))
	w.flag("Email_Opt_Out", l.often(5))
}

func (w *wireObject) deal(l luck, accounts, contacts int) {
	contact, about := personOf(aContact, l.IntN(contacts)), w.accountOf(l, accounts)
	w.ref("Contact_Name", contact.full, l.maybe(50, contact.id))
	w.texts("Deal_Name", about+" "+l.of("renewal", "licences", "pilot", "extension", "support"),
		"Stage", l.of("Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"),
		"Closing_Date", fmt.Sprintf("%d-%02d-%02d", 2024+l.IntN(3), 1+l.IntN(12), 1+l.IntN(28)), "Pipeline", "Standard (Standard)")
	w.raw("Amount", fmt.Sprintf("%d.%02d", 100+l.IntN(500_000), l.IntN(100)))
}

func (w *wireObject) lead(l luck, n int) {
	w.customer(l, personOf(aLead, n))
	w.texts("Company", company(aLead, n),
		"Lead_Status", l.maybe(90, l.of("Not Contacted", "Contacted", "Attempted to Contact", "Junk Lead")),
		"Lead_Source", l.maybe(60, l.of("Advertisement", "Cold Call", "Trade Show")))
	w.flag("$converted", l.often(5))
}
