package zoho_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/zoho"
)

// The sample's deal in negotiation, with its account and its owner.
const (
	renewalID = "5725767000009100106"
	gentestID = "5725767000009100101"
)

var dealFields = []string{"Deal_Name", "Stage", "Amount", "Account_Name", "Contact_Name"}

// renewal is the deal as its fields are read everywhere.
func renewal(t *testing.T) zoho.Record {
	t.Helper()
	modified, err := time.Parse(time.RFC3339, "2024-05-06T22:02:36-07:00")
	if err != nil {
		t.Fatal(err)
	}
	return zoho.Record{ID: renewalID, ModifiedTime: modified, Fields: map[string]zoho.Value{
		"Deal_Name":    {Text: "Gentest Industries renewal"},
		"Stage":        {Text: "Negotiation/Review"},
		"Amount":       {Text: "12000.5"},
		"Account_Name": {Text: "Gentest Industries", ID: gentestID},
		"Contact_Name": {Text: "Tami Gentest", ID: "5725767000009100104"},
	}}
}

// sameRecord compares all but what is known of the owner beside the id.
func sameRecord(t *testing.T, what string, got, want zoho.Record) {
	t.Helper()
	if got.Owner.ID == "" {
		t.Errorf("%s: no owner", what)
	}
	if got.ModifiedTime.Equal(want.ModifiedTime) {
		got.ModifiedTime = want.ModifiedTime
	}
	got.Owner = want.Owner
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got  %+v\nwant %+v", what, got, want)
	}
}

// TestARecordIsReadAlikeByEveryCall.
func TestARecordIsReadAlikeByEveryCall(t *testing.T) {
	sim := euSim()
	client := connected(t, sim)
	read := map[string]func() (zoho.RecordPage, error){
		"search": func() (zoho.RecordPage, error) {
			return client.SearchRecords(ctx, "Deals", zoho.Search{Criteria: zoho.Holding("Deal_Name", "RENEWAL"), Fields: dealFields})
		},
		"record": func() (zoho.RecordPage, error) {
			record, err := client.Record(ctx, "Deals", renewalID, dealFields)
			return zoho.RecordPage{Records: []zoho.Record{record}}, err
		},
		"list": func() (zoho.RecordPage, error) {
			page, err := client.ListRecords(ctx, "Deals", dealFields, 0)
			page.Records = slices.DeleteFunc(page.Records, func(r zoho.Record) bool { return r.ID != renewalID })
			return page, err
		},
		"select": func() (zoho.RecordPage, error) {
			return client.SelectRecords(ctx, zoho.Selection{Module: "Deals", Fields: dealFields, Where: zoho.Like("Deal_Name", "renewal")})
		},
	}
	for name, call := range read {
		page, err := call()
		if err != nil || len(page.Records) != 1 || page.MoreRecords {
			t.Errorf("%s: got %+v, %v; want one record and no more", name, page, err)
			continue
		}
		record := page.Records[0]
		sameRecord(t, name, record, renewal(t))
		if owner := record.Owner; name != "select" && (owner.Name == "" || !strings.Contains(owner.Email, "@")) {
			t.Errorf("%s: the owner is %+v, want a name and an address", name, owner)
		}
	}
}

// TestFieldsThatAreAlwaysReadMayBeAskedFor: none comes twice in what is sent.
func TestFieldsThatAreAlwaysReadMayBeAskedFor(t *testing.T) {
	client := connected(t, euSim())
	all := []string{"id", "Owner", "Deal_Name", "Modified_Time", "Deal_Name"}
	page, err := client.SelectRecords(ctx, zoho.Selection{Module: "Deals", Fields: all})
	if err != nil || len(page.Records) != 2 || len(page.Records[0].Fields) != 1 {
		t.Errorf("select: got %+v, %v", page, err)
	}
	record, err := client.Record(ctx, "Deals", renewalID, all)
	if err != nil || len(record.Fields) != 1 || record.Owner.ID == "" {
		t.Errorf("record: got %+v, %v", record, err)
	}
	if bare, err := client.Record(ctx, "Deals", renewalID, nil); err != nil || bare.Owner.ID == "" || bare.Fields != nil {
		t.Errorf("record without fields: got %+v, %v", bare, err)
	}
}

func TestRecordsDecoding(t *testing.T) {
	for name, test := range map[string]struct {
		wire string
		want zoho.Record
	}{
		"an id alone":               {`{"id":"1"}`, zoho.Record{ID: "1"}},
		"an id as a number":         {`{"id":5725767000009100106}`, zoho.Record{ID: renewalID}},
		"null, lists and objects":   {`{"id":"1","A":null,"B":[{"id":"2"}],"C":{"name":"x"},"D":""}`, zoho.Record{ID: "1"}},
		"what nobody asked for":     {`{"id":"1","E":"x","$converted":true,"a":"x"}`, zoho.Record{ID: "1"}},
		"scalars":                   {`{"id":"1","A":"x","B":true,"C":1.50}`, zoho.Record{ID: "1", Fields: map[string]zoho.Value{"A": {Text: "x"}, "B": {Text: "true"}, "C": {Text: "1.50"}}}},
		"a look-up without a name":  {`{"id":"1","A":{"id":"2"},"B":{"name":null,"id":"3"}}`, zoho.Record{ID: "1", Fields: map[string]zoho.Value{"A": {ID: "2"}, "B": {ID: "3"}}}},
		"an owner in part":          {`{"id":"1","Owner":{"id":"2","name":null},"Modified_Time":null}`, zoho.Record{ID: "1", Owner: zoho.Owner{ID: "2"}}},
		"no owner":                  {`{"id":"1","Owner":null}`, zoho.Record{ID: "1"}},
		"an owner of another kind":  {`{"id":"1","Owner":"2","Modified_Time":"yesterday"}`, zoho.Record{ID: "1"}},
		"a key twice, the last one": {`{"id":"1","A":"x","A":null,"B":"x","B":"y"}`, zoho.Record{ID: "1", Fields: map[string]zoho.Value{"B": {Text: "y"}}}},
	} {
		got, err := replying(200, `{"data":[`+test.wire+`]}`).ListRecords(ctx, "Deals", []string{"A", "B", "C", "D"}, 0)
		if err == nil && len(got.Records) == 1 && len(got.Records[0].Fields) == 0 {
			got.Records[0].Fields = nil
		}
		if err != nil || !reflect.DeepEqual(got.Records, []zoho.Record{test.want}) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got.Records, err, test.want)
		}
	}
}

// TestWhetherThereAreMoreRecords: a full page that does not say may go on.
func TestWhetherThereAreMoreRecords(t *testing.T) {
	one, two := `[{"id":"1","COUNT(id)":1}]`, `[{"id":"1","COUNT(id)":1},{"id":"2","COUNT(id)":1}]`
	for body, want := range map[string]bool{
		`{"data":` + two + `,"info":{"more_records":true}}`:    true,
		`{"data":` + two + `,"info":{"more_records":"false"}}`: false,
		`{"data":` + two + `,"info":{"count":2}}`:              true,
		`{"data":` + two + `}`:                                 true,
		`{"data":` + one + `}`:                                 false,
		`{"data":[]}`:                                          false,
		``:                                                     false,
	} {
		client := replying(200, body)
		found, searchErr := client.SearchRecords(ctx, "Deals", zoho.Search{Phone: "1", PerPage: 2})
		listed, listErr := client.ListRecords(ctx, "Deals", nil, 2)
		selected, selectErr := client.SelectRecords(ctx, zoho.Selection{Module: "Deals", Limit: 2})
		counted, countErr := client.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Stage", Limit: 2})
		if err := errors.Join(searchErr, listErr, selectErr, countErr); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		got := []bool{found.MoreRecords, listed.MoreRecords, selected.MoreRecords, counted.MoreRecords}
		if !slices.Equal(got, []bool{want, want, want, want}) {
			t.Errorf("%s: got %v, want %v", body, got, want)
		}
	}
}

func TestRepliesThatAreNoRecords(t *testing.T) {
	for _, body := range []string{`{}`, `{"data":null}`, `{"data":{"id":"1"}}`, `{"data":[{}]}`, `{"data":[{"id":null}]}`, `{"data":[1]}`, `{"info":{"more_records":false}}`, `[]`, `{"data":[{"id":"1"}`} {
		client := replying(200, body)
		for name, call := range recordReads(client) {
			if err := call(); !errors.Is(err, zoho.ErrMalformed) {
				t.Errorf("%s, %s: got %v, want malformed", name, body, err)
			}
		}
	}
	if _, err := replying(200, `{"data":[{"id":"2"}]}`).Record(ctx, "Deals", "1", nil); !errors.Is(err, zoho.ErrMalformed) {
		t.Errorf("another record than the one asked for: got %v", err)
	}
}

// recordReads makes each of a client's calls for records.
func recordReads(c *zoho.Client) map[string]func() error {
	return map[string]func() error{
		"search records": func() error {
			_, err := c.SearchRecords(ctx, "Deals", zoho.Search{Criteria: zoho.Holding("Deal_Name", "x")})
			return err
		},
		"get record":   func() error { _, err := c.Record(ctx, "Deals", "1", dealFields); return err },
		"list records": func() error { _, err := c.ListRecords(ctx, "Deals", dealFields, 1); return err },
		"select records": func() error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "Deals", Fields: dealFields})
			return err
		},
		"count records": func() error { _, err := c.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Owner"}); return err },
	}
}

func TestARecordThatThereIsNot(t *testing.T) {
	for _, refused := range []bool{false, true} {
		sim := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", UnknownRecord400: refused})
		client := connected(t, sim)
		for id, sent := range map[string]int{"42": 1, gentestID: 1, "": 0, "search": 0, "1/2": 0, "123456789012345678901": 0} {
			before := sim.Count(zohosim.RecordCall)
			_, err := client.Record(ctx, "Deals", id, dealFields)
			if calls := sim.Count(zohosim.RecordCall) - before; !errors.Is(err, zoho.ErrNotFound) || calls != sent {
				t.Errorf("refused %v, %q: got %v after %d calls, want not found after %d", refused, id, err, calls, sent)
			}
		}
	}
	if _, err := replying(200, "").Record(ctx, "Deals", "1", nil); !errors.Is(err, zoho.ErrNotFound) {
		t.Errorf("an empty body: got %v", err)
	}
}

// TestSearchByAddressAndNumber, and that criteria come first, as Zoho has it.
func TestSearchByAddressAndNumber(t *testing.T) {
	client := connected(t, euSim())
	for name, test := range map[string]struct {
		search zoho.Search
		want   []string
	}{
		"an address":       {zoho.Search{Email: "tami@gentest.example"}, []string{"Tami Gentest"}},
		"a number":         {zoho.Search{Phone: "+999 100 200 301"}, []string{"Tami Gentest"}},
		"nothing fits":     {zoho.Search{Email: "nobody@gentest.example"}, nil},
		"an address first": {zoho.Search{Email: "tami@gentest.example", Phone: "1"}, []string{"Tami Gentest"}},
		"criteria first":   {zoho.Search{Criteria: zoho.Holding("Full_Name", "gensample"), Email: "tami@gentest.example"}, []string{"Gensample"}},
	} {
		test.search.Fields = []string{"Full_Name"}
		page, err := client.SearchRecords(ctx, "Contacts", test.search)
		var got []string
		for _, r := range page.Records {
			got = append(got, r.Fields["Full_Name"].Text)
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, test.want)
		}
	}
}

// TestCountRecords under either key that the count may have.
func TestCountRecords(t *testing.T) {
	for _, countKey := range []bool{false, true} {
		client := connected(t, zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", COQLCountKey: countKey}))
		owners, err := client.CountRecords(ctx, zoho.Counting{Module: "Accounts", By: "Owner"})
		if err != nil || len(owners.Groups) != 3 || owners.MoreRecords || owners.Groups[0].ID == "" || owners.Groups[0].Records != 1 {
			t.Errorf("by owner: got %+v, %v", owners, err)
		}
		industries, err := client.CountRecords(ctx, zoho.Counting{Module: "Accounts", By: "Industry", Where: zoho.Like("Account_Name", "gensample")})
		slices.SortFunc(industries.Groups, func(a, b zoho.Group) int { return strings.Compare(a.Text, b.Text) })
		want := []zoho.Group{{Records: 1}, {Value: zoho.Value{Text: "Retail"}, Records: 1}}
		if err != nil || !slices.Equal(industries.Groups, want) {
			t.Errorf("by industry: got %+v, %v; want %+v", industries, err, want)
		}
		if none, err := client.CountRecords(ctx, zoho.Counting{Module: "Accounts", By: "Owner", Where: zoho.OwnedBy("42")}); err != nil || len(none.Groups) != 0 {
			t.Errorf("none: got %+v, %v", none, err)
		}
	}
}

// TestCountRecordsPageByPage reads each group once.
func TestCountRecordsPageByPage(t *testing.T) {
	client := connected(t, euSim())
	seen, calls := map[string]bool{}, 0
	for more := true; more; calls++ {
		page, err := client.CountRecords(ctx, zoho.Counting{Module: "Accounts", By: "Owner", Limit: 2, Offset: 2 * calls})
		if err != nil || calls > 2 {
			t.Fatal(calls, err)
		}
		for _, g := range page.Groups {
			seen[g.ID] = true
		}
		more = page.MoreRecords
	}
	if len(seen) != 3 || calls != 2 {
		t.Errorf("got %d owners in %d calls, want 3 in 2", len(seen), calls)
	}
}

func TestGroupDecoding(t *testing.T) {
	for row, want := range map[string]zoho.Group{
		`{"COUNT(id)":3,"Owner":{"id":"1","name":null}}`:          {Value: zoho.Value{ID: "1"}, Records: 3},
		`{"Owner":{"name":"Kim","id":"1"},"count":"3"}`:           {Value: zoho.Value{Text: "Kim", ID: "1"}, Records: 3},
		`{"Owner":null,"count":0}`:                                {},
		`{"count":3}`:                                             {Value: zoho.Value{}, Records: 3},
		`{"Owner":"7","COUNT(id)":3,"count":3,"id":"9","x":null}`: {Value: zoho.Value{Text: "7"}, Records: 3},
	} {
		got, err := replying(200, `{"data":[`+row+`]}`).CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Owner"})
		if err != nil || !slices.Equal(got.Groups, []zoho.Group{want}) {
			t.Errorf("%s: got %+v, %v; want %+v", row, got.Groups, err, want)
		}
	}
	for _, row := range []string{`{"Owner":{"id":"1"}}`, `{"Owner":{"id":"1"},"count":null}`, `{"id":"9","Owner":5}`, `{"COUNT(id)":3,"count":4}`, `{"count":-1}`, `{"count":1.5}`, `3`} {
		if got, err := replying(200, `{"data":[`+row+`]}`).CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Owner"}); !errors.Is(err, zoho.ErrMalformed) {
			t.Errorf("%s: got %+v, %v; want malformed", row, got, err)
		}
	}
}

// sent keeps what a client sends.
type sent struct{ method, contentType, path, body string }

func spying(client *zoho.Client) *[]sent {
	all := &[]sent{}
	next := client.HTTP.Transport
	client.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		s := sent{method: r.Method, contentType: r.Header.Get("Content-Type"), path: r.URL.Path}
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			s.body = string(body)
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(strings.NewReader(s.body))
		}
		*all = append(*all, s)
		return next.RoundTrip(r)
	})}
	return all
}

func TestQueriesAsTheyAreSent(t *testing.T) {
	owned := zoho.OwnedBy("123")
	for want, call := range map[string]func(*zoho.Client) error{
		"select Deal_Name, Owner, Modified_Time from Deals where id is not null order by Modified_Time desc limit 200": func(c *zoho.Client) error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "Deals", Fields: []string{"Deal_Name"}})
			return err
		},
		"select Owner, Modified_Time from Deals where (Owner = '123' and Stage like '%won%') order by Modified_Time desc limit 5": func(c *zoho.Client) error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "Deals", Where: owned.And(zoho.Like("Stage", "won")), Limit: 5})
			return err
		},
		"select COUNT(id), Stage from Deals where Owner = '123' group by Stage limit 200": func(c *zoho.Client) error {
			_, err := c.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Stage", Where: owned})
			return err
		},
		"select COUNT(id), Owner from Deals where id is not null group by Owner limit 2000 offset 4000": func(c *zoho.Client) error {
			_, err := c.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Owner", Limit: 2000, Offset: 4000})
			return err
		},
	} {
		client := replying(204, "")
		got := spying(client)
		if err := call(client); err != nil || len(*got) != 1 {
			t.Errorf("%s: %v after %d requests", want, err, len(*got))
			continue
		}
		body, _ := json.Marshal(map[string]string{"select_query": want})
		if s := (sent{"POST", "application/json", "/crm/v7/coql", string(body)}); (*got)[0] != s {
			t.Errorf("got  %+v\nwant %+v", (*got)[0], s)
		}
	}
}

// TestAQueryIsRepeatedLikeEveryRead, with the same body.
func TestAQueryIsRepeatedLikeEveryRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := euSim()
		client := connected(t, sim)
		for i, kind := range []zohosim.FaultKind{zohosim.Throttled, zohosim.InvalidToken, zohosim.Reset} {
			if err := sim.AddFault(oncePerRequest(i+1, kind)); err != nil {
				t.Fatal(err)
			}
		}
		told := 0
		client.Refused = func(context.Context, zoho.Token) bool { told++; return true }
		got := spying(client)
		page, err := client.SelectRecords(ctx, zoho.Selection{Module: "Deals", Fields: dealFields})
		if err != nil || len(page.Records) != 2 || told != 1 || sim.Count(zohosim.COQLCall) != 4 {
			t.Errorf("got %d records, %v after %d calls, told %d; want 2 after 4, told 1", len(page.Records), err, sim.Count(zohosim.COQLCall), told)
		}
		if all := slices.Compact(*got); len(all) != 1 || all[0].body == "" {
			t.Errorf("got %+v, want one request again and again", all)
		}
	})
}

// TestAQueryOverADeadConnection is made again by the transport, as a GET is,
// and counts once.
func TestAQueryOverADeadConnection(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) != 2 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	defer server.Close()
	client := replying(0, "")
	client.HTTP, client.AllowLoopback = zoho.DefaultHTTP(), true
	defer client.HTTP.CloseIdleConnections()
	client.Tokens = func(context.Context) (zoho.Token, error) {
		return zoho.Token{AccessToken: "t0ken", APIDomain: server.URL}, nil
	}
	told := 0
	client.Done = func(context.Context, string, int, time.Duration, error) { told++ }
	for range 2 {
		if _, err := client.SelectRecords(ctx, zoho.Selection{Module: "Deals"}); err != nil {
			t.Error(err)
		}
	}
	if told != 2 || requests.Load() != 3 {
		t.Errorf("told of %d requests of %d, want 2 of 3", told, requests.Load())
	}
}

// TestDoneIsToldTheCredits that Zoho takes.
func TestDoneIsToldTheCredits(t *testing.T) {
	sim := euSim()
	client := connected(t, sim)
	total := 0
	var got []string
	client.Done = func(_ context.Context, call string, credits int, _ time.Duration, _ error) {
		total += credits
		got = append(got, fmt.Sprint(call, " ", credits))
	}
	for _, limit := range []int{0, 1, 200, 201, 1000, 1001, 2000} {
		_, selectErr := client.SelectRecords(ctx, zoho.Selection{Module: "Deals", Limit: limit})
		_, countErr := client.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Stage", Limit: limit})
		if err := errors.Join(selectErr, countErr); err != nil {
			t.Error(limit, err)
		}
	}
	for name, call := range recordReads(client) {
		if err := call(); name != "get record" && err != nil {
			t.Error(name, err)
		}
	}
	if total != sim.Credits() || total != 2*(1+1+1+2+2+3+3)+5 {
		t.Errorf("told of %d credits, want %d: %q", total, sim.Credits(), got)
	}
}

func TestScopesOfModules(t *testing.T) {
	for module, want := range map[string]string{
		"Deals": "ZohoCRM.modules.deals.READ", "Price_Books": "ZohoCRM.modules.pricebooks.READ", "Sales_Orders": "ZohoCRM.modules.salesorders.READ",
		"Purchase_Orders": "ZohoCRM.modules.purchaseorders.READ", "Generated_Things": "ZohoCRM.modules.custom.READ",
	} {
		if got := zoho.ModuleScope(module); got != want {
			t.Errorf("%s: got %s, want %s", module, got, want)
		}
	}
}

// TestScopesThatAreMissing are named, both where Zoho does not say which.
func TestScopesThatAreMissing(t *testing.T) {
	deals := zoho.ModuleScope("Deals")
	want := map[string]string{
		"search records": deals + ", " + zoho.SearchScope, "get record": deals, "list records": deals,
		"select records": deals + ", " + zoho.COQLScope, "count records": deals + ", " + zoho.COQLScope,
	}
	for _, granted := range [][]string{{"ZohoCRM.users.READ"}, {"ZohoCRM.users.READ", zoho.SearchScope, zoho.COQLScope, zoho.ModuleScope("Leads")}} {
		client := connected(t, zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Scopes: granted}))
		for name, call := range recordReads(client) {
			err := call()
			e, ok := errors.AsType[*zoho.Error](err)
			if !ok || !errors.Is(err, zoho.ErrScopeMissing) || e.Scope != want[name] || e.Call != name {
				t.Errorf("%s with %q: got %v, want the scope %s", name, granted, err, want[name])
			}
		}
	}
	client := connected(t, zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Scopes: []string{deals}}))
	if _, err := client.ListRecords(ctx, "Deals", dealFields, 1); err != nil {
		t.Errorf("a list needs more than its module's scope: %v", err)
	}
}

func TestModulesThatThereAreNot(t *testing.T) {
	client := connected(t, euSim())
	_, searchErr := client.SearchRecords(ctx, "Generated", zoho.Search{Phone: "1"})
	_, recordErr := client.Record(ctx, "Generated", "1", nil)
	_, listErr := client.ListRecords(ctx, "Generated", nil, 0)
	_, selectErr := client.SelectRecords(ctx, zoho.Selection{Module: "Generated"})
	_, countErr := client.CountRecords(ctx, zoho.Counting{Module: "Generated", By: "Owner"})
	_, unsupported := replying(400, `{"code":"NOT_SUPPORTED"}`).SearchRecords(ctx, "Notes", zoho.Search{Phone: "1"})
	for i, err := range []error{searchErr, recordErr, listErr, selectErr, countErr, unsupported} {
		if !errors.Is(err, zoho.ErrNoModule) {
			t.Errorf("%d: got %v, want no such module", i, err)
		}
	}
}

func TestAPINames(t *testing.T) {
	for name, want := range map[string]bool{
		"Deals": true, "Account_Name": true, "a": true, "Field1": true, "CustomModule12": true, strings.Repeat("a", 100): true,
		"": false, "1Field": false, "_a": false, "$converted": false, "Owner.id": false, "Deals/search": false, "a b": false, "a,b": false,
		"..": false, "Größe": false, "a\n": false, "@": false, "a@": false, "[": false, strings.Repeat("a", 101): false,
	} {
		if got := zoho.IsAPIName(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

// TestWhatZohoWouldRefuseIsNotSent, and its error does not quote it.
func TestWhatZohoWouldRefuseIsNotSent(t *testing.T) {
	bad := []string{"zq7 zq7"}
	many := make([]string, 49)
	for i := range many {
		many[i] = fmt.Sprintf("Field%d", i)
	}
	var criteria zoho.Criteria
	for range 11 {
		criteria = criteria.Or(zoho.Holding("Deal_Name", "zq7"))
	}
	var where zoho.Condition
	for range 26 {
		where = where.Or(zoho.Like("Deal_Name", "zq7"))
	}
	for name, call := range map[string]func(*zoho.Client) error{
		"module of search": func(c *zoho.Client) error {
			_, err := c.SearchRecords(ctx, "zq7/x", zoho.Search{Phone: "1"})
			return err
		},
		"module of record": func(c *zoho.Client) error { _, err := c.Record(ctx, "../zq7", "1", nil); return err },
		"module of list":   func(c *zoho.Client) error { _, err := c.ListRecords(ctx, "zq7?a=b", nil, 0); return err },
		"module of select": func(c *zoho.Client) error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "zq7 where"})
			return err
		},
		"module of count": func(c *zoho.Client) error {
			_, err := c.CountRecords(ctx, zoho.Counting{Module: "", By: "Owner"})
			return err
		},
		"field of search": func(c *zoho.Client) error {
			_, err := c.SearchRecords(ctx, "Deals", zoho.Search{Phone: "1", Fields: bad})
			return err
		},
		"field of record": func(c *zoho.Client) error { _, err := c.Record(ctx, "Deals", "1", bad); return err },
		"field of list":   func(c *zoho.Client) error { _, err := c.ListRecords(ctx, "Deals", bad, 0); return err },
		"field of select": func(c *zoho.Client) error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "Deals", Fields: bad})
			return err
		},
		"field of count": func(c *zoho.Client) error {
			_, err := c.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "zq7,"})
			return err
		},
		"too many fields":     func(c *zoho.Client) error { _, err := c.ListRecords(ctx, "Deals", many, 0); return err },
		"nothing to look for": func(c *zoho.Client) error { _, err := c.SearchRecords(ctx, "Deals", zoho.Search{}); return err },
		"too many criteria": func(c *zoho.Client) error {
			_, err := c.SearchRecords(ctx, "Deals", zoho.Search{Criteria: criteria})
			return err
		},
		"too large a page": func(c *zoho.Client) error {
			_, err := c.SearchRecords(ctx, "Deals", zoho.Search{Phone: "1", PerPage: 201})
			return err
		},
		"a page below none": func(c *zoho.Client) error { _, err := c.ListRecords(ctx, "Deals", nil, -1); return err },
		"too many conditions": func(c *zoho.Client) error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "Deals", Where: where})
			return err
		},
		"too many rows": func(c *zoho.Client) error {
			_, err := c.SelectRecords(ctx, zoho.Selection{Module: "Deals", Limit: 2001})
			return err
		},
		"rows below none": func(c *zoho.Client) error {
			_, err := c.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Owner", Limit: -1})
			return err
		},
		"too far down": func(c *zoho.Client) error {
			_, err := c.CountRecords(ctx, zoho.Counting{Module: "Deals", By: "Owner", Offset: 100_001})
			return err
		},
	} {
		client := replying(200, "")
		got := spying(client)
		err := call(client)
		if e, ok := errors.AsType[*zoho.Error](err); !ok || e.Call == "" || strings.Contains(err.Error(), "zq7") || len(*got) > 0 {
			t.Errorf("%s: got %v after %d requests", name, err, len(*got))
		}
	}
}

// TestRefusalsDoNotQuoteTheQuery: what Zoho says of it is not in the text.
func TestRefusalsDoNotQuoteTheQuery(t *testing.T) {
	client := replying(400, `{"code":"INVALID_QUERY","details":{"value":"zq7","near":"zq7"},"message":"zq7","status":"error"}`)
	for name, call := range recordReads(client) {
		err := call()
		if err == nil || err.Error() != "zoho: "+name+": HTTP 400 INVALID_QUERY" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// BenchmarkDecodeRecords reads a page of 200 deals.
func BenchmarkDecodeRecords(b *testing.B) {
	sample := zohosim.Sample().Records["Deals"]
	deals := make([]map[string]any, zoho.MaxPerPage)
	for i := range deals {
		if err := json.Unmarshal(sample[i%len(sample)], &deals[i]); err != nil {
			b.Fatal(err)
		}
		deals[i]["id"] = fmt.Sprintf("5725767000009%06d", i)
	}
	body, err := json.Marshal(map[string]any{"data": deals, "info": map[string]any{"more_records": false}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if records, err := zoho.DecodeRecords(body, dealFields...); err != nil || len(records) != zoho.MaxPerPage {
			b.Fatal(len(records), err)
		}
	}
}
