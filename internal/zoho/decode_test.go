package zoho_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// page is a reply of 200 users with the keys and values of Zoho's documented
// reply, and ids of their own.
func page() []byte {
	sample := zohosim.SampleUsers()
	users := make([]map[string]any, zoho.MaxPerPage)
	for i := range users {
		if err := json.Unmarshal(sample[i%len(sample)], &users[i]); err != nil {
			panic(err)
		}
		users[i]["id"] = fmt.Sprintf("5725767000001%06d", i)
	}
	body, err := json.Marshal(map[string]any{
		"users": users,
		"info":  map[string]any{"per_page": 200, "count": 200, "page": 1, "more_records": false},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// documented is a user as plain encoding/json reads one: every key of the
// documented reply.
type documented struct {
	Country       string          `json:"country"`
	NameFormat    string          `json:"name_format__s"`
	Language      string          `json:"language"`
	Microsoft     bool            `json:"microsoft"`
	ShiftFrom     string          `json:"$shift_effective_from"`
	ID            string          `json:"id"`
	State         string          `json:"state"`
	Fax           string          `json:"fax"`
	CountryLocale string          `json:"country_locale"`
	Sandbox       bool            `json:"sandboxDeveloper"`
	Zip           string          `json:"zip"`
	Decimal       string          `json:"decimal_separator"`
	CreatedTime   time.Time       `json:"created_time"`
	TimeFormat    string          `json:"time_format"`
	Offset        int64           `json:"offset"`
	Profile       zoho.Ref        `json:"profile"`
	CreatedBy     zoho.Ref        `json:"created_by"`
	ZUID          string          `json:"zuid"`
	FullName      string          `json:"full_name"`
	Phone         string          `json:"phone"`
	DOB           string          `json:"dob"`
	SortOrder     string          `json:"sort_order_preference__s"`
	Status        string          `json:"status"`
	Type          string          `json:"type__s"`
	Role          zoho.Ref        `json:"role"`
	Customize     map[string]bool `json:"customize_info"`
	City          string          `json:"city"`
	Signature     string          `json:"signature"`
	Locale        string          `json:"locale"`
	Personal      bool            `json:"personal_account"`
	Online        bool            `json:"Isonline"`
	TabGroup      string          `json:"default_tab_group"`
	ModifiedBy    zoho.Ref        `json:"Modified_By"`
	Street        string          `json:"street"`
	CurrentShift  any             `json:"$current_shift"`
	Alias         string          `json:"alias"`
	Theme         map[string]any  `json:"theme"`
	FirstName     string          `json:"first_name"`
	Email         string          `json:"email"`
	StatusReason  string          `json:"status_reason__s"`
	Website       string          `json:"website"`
	ModifiedTime  time.Time       `json:"Modified_Time"`
	NextShift     any             `json:"$next_shift"`
	Mobile        string          `json:"mobile"`
	LastName      string          `json:"last_name"`
	TimeZone      string          `json:"time_zone"`
	Number        string          `json:"number_separator"`
	Confirm       bool            `json:"confirm"`
	DateFormat    string          `json:"date_format"`
	ReportingTo   zoho.Ref        `json:"Reporting_To"`
}

type documentedPage struct {
	Users []documented `json:"users"`
	Info  struct {
		PerPage     int  `json:"per_page"`
		Count       int  `json:"count"`
		Page        int  `json:"page"`
		MoreRecords bool `json:"more_records"`
	} `json:"info"`
}

// decoders are the ways to read a page that the benchmarks compare.
var decoders = []struct {
	name   string
	decode func(body []byte) (users int)
}{
	{"client", func(body []byte) int { users, _ := zoho.DecodeUsers(body); return len(users) }},
	{"encoding-json", func(body []byte) int {
		var page documentedPage
		_ = json.Unmarshal(body, &page)
		return len(page.Users)
	}},
}

// BenchmarkDecodePage reads a page of 200 users.
func BenchmarkDecodePage(b *testing.B) {
	body := page()
	for _, d := range decoders {
		b.Run(d.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if n := d.decode(body); n != zoho.MaxPerPage {
					b.Fatalf("%d users", n)
				}
			}
			b.ReportMetric(float64(zoho.MaxPerPage*b.N)/b.Elapsed().Seconds(), "users/s")
		})
	}
	// In turn, so that both meet the same noise, and without the other's garbage.
	b.Run("ratio", func(b *testing.B) {
		var took [2]time.Duration
		for b.Loop() {
			for i, d := range decoders {
				runtime.GC()
				started := time.Now()
				for range 10 {
					d.decode(body)
				}
				took[i] += time.Since(started)
			}
		}
		b.ReportMetric(float64(took[1])/float64(took[0]), "times-as-fast")
	})
}

// firstPage names the decoder that a process of BenchmarkFirstPage tries.
const firstPage = "CRMWHO_TEST_FIRST_PAGE"

func TestMain(m *testing.M) {
	for _, d := range decoders {
		if os.Getenv(firstPage) == d.name {
			body, err := io.ReadAll(os.Stdin)
			if err != nil {
				panic(err)
			}
			started := time.Now()
			d.decode(body)
			fmt.Print(time.Since(started).Nanoseconds())
			return
		}
	}
	os.Exit(m.Run())
}

// BenchmarkFirstPage is BenchmarkDecodePage of the first page in a process,
// which a cold start pays: the medians of new processes, in turn.
func BenchmarkFirstPage(b *testing.B) {
	body := page()
	var took [2][]float64
	for b.Loop() {
		for i, d := range decoders {
			c := exec.CommandContext(b.Context(), os.Args[0])
			c.Env = append(os.Environ(), firstPage+"="+d.name)
			c.Stdin = bytes.NewReader(body)
			out, err := c.Output()
			ns, parseErr := strconv.ParseFloat(string(out), 64)
			if err != nil || parseErr != nil {
				b.Fatal(err, parseErr)
			}
			took[i] = append(took[i], ns)
		}
	}
	for i, d := range decoders {
		slices.Sort(took[i])
		b.ReportMetric(took[i][len(took[i])/2], d.name+"-ns")
	}
	b.ReportMetric(took[1][len(took[1])/2]/took[0][len(took[0])/2], "times-as-fast")
}

// reference reads a user the slow and plain way.
func reference(data []byte) (u zoho.User, ok bool) {
	var wire map[string]json.RawMessage
	if json.Unmarshal(data, &wire) != nil {
		return u, false
	}
	ref := func(raw json.RawMessage) zoho.Ref {
		var wire map[string]json.RawMessage
		_ = json.Unmarshal(raw, &wire)
		name := wire["name"]
		if wire["Name"] != nil {
			name = wire["Name"]
		}
		return zoho.Ref{ID: scalar(wire["id"]), Name: scalar(name)}
	}
	at := func(raw json.RawMessage) (t time.Time) {
		if t.UnmarshalText([]byte(scalar(raw))) != nil {
			return time.Time{}
		}
		return t
	}
	u = zoho.User{
		ID: scalar(wire["id"]), FullName: scalar(wire["full_name"]), FirstName: scalar(wire["first_name"]), LastName: scalar(wire["last_name"]),
		Alias: scalar(wire["alias"]), Email: scalar(wire["email"]), Phone: scalar(wire["phone"]), Mobile: scalar(wire["mobile"]),
		Status: scalar(wire["status"]), StatusReason: scalar(wire["status_reason__s"]), Unconfirmed: scalar(wire["confirm"]) == "false", Type: scalar(wire["type__s"]),
		Role: ref(wire["role"]), Profile: ref(wire["profile"]), ReportingTo: ref(wire["Reporting_To"]),
		City: scalar(wire["city"]), State: scalar(wire["state"]), Country: scalar(wire["country"]), Language: scalar(wire["language"]), TimeZone: scalar(wire["time_zone"]),
		CreatedTime: at(wire["created_time"]), CreatedBy: ref(wire["created_by"]), ModifiedTime: at(wire["Modified_Time"]), ModifiedBy: ref(wire["Modified_By"]),
		ZUID: scalar(wire["zuid"]),
	}
	return u, u.ID != ""
}

func scalar(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0 || strings.ContainsRune("{[n", rune(raw[0])):
		return ""
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}

// escapedKey may find too much.
var escapedKey = regexp.MustCompile(`\\[^"]*"\s*:`)

// FuzzUser compares the decoder with the reference.
func FuzzUser(f *testing.F) {
	for _, user := range zohosim.SampleUsers() {
		f.Add([]byte(user))
	}
	f.Add([]byte(`{"id":1,"full_name":"\u00e9\ud83d\ude00\ud800","role":{"Name":"a","id":null},"confirm":"false","Status":[{}]}`))
	f.Add([]byte("{\"id\":\"\xff\",\"id\":\"2\",\"offset\":1e400}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if escapedKey.Match(data) {
			return // the decoder takes keys as they were sent
		}
		var got zoho.User
		err := got.UnmarshalJSON(data)
		want, ok := reference(data)
		if (err == nil) != ok || ok && fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v, ok %v", data, got, err, want, ok)
		}
	})
}

// FuzzReplies plays any reply to every call of the client: a value or an
// *Error, and never a word of the reply in its text.
func FuzzReplies(f *testing.F) {
	for _, body := range []string{
		string(page()[:3000]), `{"users":[{"id":"1"}],"info":{"more_records":false}}`, `{"count":"11"}`,
		`{"org":[{"id":"1","license_details":{"paid_type":"enterprise"}}]}`,
		`{"roles":[{"id":"1","reporting_to":null}]}`, `{"profiles":[{"id":"1","custom":true}]}`,
		`{"territories":[{"id":"1","Manager":null,"Reporting_To":{"Name":"x","id":"2"}}],"info":{"more_records":false}}`,
		`{"data":[{"id":"1","Owner":{"id":"2","name":null},"Deal_Name":"zq7","Stage":null,"Amount":1.5,"Account_Name":{"name":"zq7","id":"3"}}],"info":{"more_records":true}}`,
		`{"data":[{"COUNT(id)":3,"Owner":{"id":"1"}},{"count":"zq7"}],"info":{"count":2}}`,
		`{"code":"INVALID_DATA","details":{"param_name":"zq7"},"message":"zq7","status":"error"}`,
		`{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"zq7","details":[]}`,
		`{"access_token":"a","expires_in":3600}`, `{"error":"invalid_code"}`, `{"status":"success"}`,
		`{"access_token":"a","api_domain":"https://zq7.example"}`, `{"error":"x","error_description":"zq7"}`, `<html>zq7</html>`, `[[[[`, "", " ", "\xff", "null", `{"users":`,
	} {
		for _, status := range []int{200, 204, 304, 400, 401, 403, 404, 429, 500, 302} {
			f.Add(status, body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			client := replying(status, body)
			for name, call := range everyRead(client) {
				err := call()
				e, ok := errors.AsType[*zoho.Error](err)
				if err != nil && (!ok || e.Call == "") {
					t.Errorf("%s, %d %s: got %v, want an *Error that names the call", name, status, body, err)
				}
				if err != nil && strings.Contains(err.Error(), "zq7") && (!ok || !strings.Contains(e.Code, "zq7")) {
					t.Errorf("%s, %d %s: the error quotes the reply: %v", name, status, body, err)
				}
				if err == nil && status >= 400 {
					t.Errorf("%s, %d %s: no error", name, status, body)
				}
			}
		})
	})
}

// everyRead makes each of a client's calls.
func everyRead(c *zoho.Client) map[string]func() error {
	oauth := &zoho.OAuth{AccountsURL: euAccounts, HTTP: c.HTTP}
	reads := map[string]func() error{
		"list":        func() error { _, err := c.ListUsers(ctx, zoho.ListUsersOptions{}); return err },
		"read":        func() error { _, err := c.ReadUsers(ctx, zoho.AllUsers); return err },
		"single user": func() error { _, err := c.User(ctx, "1"); return err },
		"count":       func() error { _, err := c.CountUsers(ctx, zoho.AllUsers); return err },
		"org":         func() error { _, err := c.Org(ctx); return err },
		"roles":       func() error { _, err := c.Roles(ctx); return err },
		"profiles":    func() error { _, err := c.Profiles(ctx); return err },
		"territories": func() error { _, err := c.UserTerritories(ctx, "1"); return err },
		"refresh":     func() error { _, err := oauth.Refresh(ctx, "r"); return err },
		"exchange":    func() error { _, err := oauth.Exchange(ctx, "c"); return err },
		"revoke":      func() error { return oauth.Revoke(ctx, "r") },
	}
	maps.Copy(reads, recordReads(c))
	return reads
}
