package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// world is a Keeper, its store and the Zoho that it asks.
type world struct {
	*token.Keeper
	values *store.Memory
	zoho   *zohosim.Zoho
	log    *bytes.Buffer
}

func newWorld() world {
	w := world{values: &store.Memory{}, zoho: zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu"}), log: &bytes.Buffer{}}
	w.Keeper = &token.Keeper{
		Store: w.values, ClientName: "oauth-client", TokenName: "access-token",
		AccountsURL: "https://accounts.zoho.eu",
		HTTP:        &http.Client{Transport: w.zoho},
		Log:         slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	return w
}

// put writes a value whatever its version.
func (w world) put(t *testing.T, name, value string) {
	t.Helper()
	old, err := w.values.Read(t.Context(), name)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		t.Fatal(err)
	}
	if _, err := w.values.WriteIfUnchanged(t.Context(), name, []byte(value), old.Version); err != nil {
		t.Fatal(err)
	}
}

func (w world) connect(t *testing.T) {
	t.Helper()
	w.put(t, "oauth-client", fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"refresh_token":%q}`, w.zoho.ClientID, w.zoho.ClientSecret, w.zoho.RefreshToken))
}

func (w world) exchanges() int {
	n := 0
	for _, call := range w.zoho.Calls() {
		if strings.HasPrefix(call.Request, "POST /oauth/") {
			n++
		}
	}
	return n
}

func TestExchangesWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.connect(t)
		for _, step := range []struct {
			wait  time.Duration
			force bool
			want  bool
		}{
			{0, false, true},                                 // nothing stored yet
			{10 * time.Minute, false, false},                 // 50 minutes left
			{15 * time.Minute, false, false},                 // 35 minutes left
			{time.Second, false, true},                       // less
			{0, true, true},                                  // forced
			{25*time.Minute + time.Millisecond, false, true}, // less again
		} {
			time.Sleep(step.wait)
			before := w.exchanges()
			report, err := w.Run(t.Context(), token.Request{Force: step.force})
			if err != nil || report.Exchanged != step.want || (w.exchanges() > before) != step.want {
				t.Errorf("after %v: got %+v, %v; want exchanged %v", step.wait, report, err, step.want)
			}
			if left := time.Until(report.Expiry); left < 35*time.Minute {
				t.Errorf("after %v: %v of life left", step.wait, left)
			}
		}
	})
}

// TestARefusedTokenIsExchangedIfItIsStillStored, whatever life it has left.
func TestARefusedTokenIsExchangedIfItIsStillStored(t *testing.T) {
	const left, due = 20 * time.Minute, 40 * time.Minute // after which there are 40 and 20 minutes left
	for name, test := range map[string]struct {
		wait    time.Duration
		request string // %s stands for the stored version
		want    bool
		why     string
	}{
		"the stored one":           {left, `{"reason":"refused","version":"%s"}`, true, "refused"},
		"one before":               {left, `{"reason":"refused","version":"before"}`, false, "refused before"},
		"one before, and due":      {due, `{"reason":"refused","version":"before"}`, true, "refused before"},
		"one before, forced":       {left, `{"reason":"refused","version":"before","force":true}`, true, "forced"},
		"none said":                {left, `{"reason":"refused"}`, false, "schedule"},
		"none said, and due":       {due, `{"reason":"refused"}`, true, "schedule"},
		"without the reason":       {left, `{"version":"%s"}`, false, "schedule"},
		"for another reason":       {left, `{"reason":"bored","version":"%s"}`, false, "schedule"},
		"the schedule's":           {left, `{}`, false, "schedule"},
		"the schedule's, when due": {due, `{}`, true, "schedule"},
		"the sample event":         {left, sample(t, "token-refresh-refused.json"), false, "refused before"},
		"the schedule's sample":    {left, sample(t, "token-refresh.json"), false, "schedule"},
		"the operator's sample":    {left, sample(t, "token-refresh-force.json"), true, "forced"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.connect(t)
			if _, err := w.Run(t.Context(), token.Request{}); err != nil {
				t.Fatal(err)
			}
			value, err := w.values.Read(t.Context(), "access-token")
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(test.wait)
			w.log.Reset()
			report, err := w.Run(t.Context(), request(t, strings.ReplaceAll(test.request, "%s", value.Version)))
			if err != nil || report.Exchanged != test.want || (w.exchanges() == 2) != test.want {
				t.Errorf("%s: got %+v, %v after %d exchanges; want exchanged %v", name, report, err, w.exchanges(), test.want)
			}
			if why := `"why":"` + test.why + `"`; !strings.Contains(w.log.String(), why) || strings.Contains(w.log.String(), value.Version) {
				t.Errorf("%s: logged %s, want %s", name, w.log, why)
			}
		})
	}
}

// TestWhoWereRefusedTheSameTokenExchangeItOnce: it is another for the rest.
func TestWhoWereRefusedTheSameTokenExchangeItOnce(t *testing.T) {
	w := newWorld()
	w.connect(t)
	if _, err := w.Run(t.Context(), token.Request{}); err != nil {
		t.Fatal(err)
	}
	value, err := w.values.Read(t.Context(), "access-token")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := w.Run(t.Context(), token.Request{Reason: token.Refused, Version: value.Version}); err != nil {
			t.Error(err)
		}
	}
	if w.exchanges() != 2 {
		t.Errorf("got %d exchanges, want the first and one more", w.exchanges())
	}
}

// sample is a sample event of the function.
func sample(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile("../../events/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// request reads an event, in which every key must be known.
func request(t *testing.T, event string) (r token.Request) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(event))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return r
}

func TestTheZeroRequestIsTheSchedules(t *testing.T) {
	if data, err := json.Marshal(token.Request{}); err != nil || string(data) != "{}" {
		t.Errorf("got %s, %v", data, err)
	}
}

func TestSourceGivesWhatTheKeeperStored(t *testing.T) {
	w := newWorld()
	read := (&token.Source{Store: w.values, Name: "access-token"}).Token
	for name, value := range map[string]string{"nothing": "", "an empty object": "{}", "no JSON": "s3cret"} {
		if value != "" {
			w.put(t, "access-token", value)
		}
		if _, err := read(t.Context()); !errors.Is(err, zoho.ErrNoToken) {
			t.Errorf("%s: got %v, want %v", name, err, zoho.ErrNoToken)
		}
	}
	w.connect(t)
	if _, err := w.Run(t.Context(), token.Request{}); err != nil {
		t.Fatal(err)
	}
	client := &zoho.Client{Tokens: read, HTTP: &http.Client{Transport: w.zoho}}
	if page, err := client.ListUsers(t.Context(), zoho.ListUsersOptions{}); err != nil || len(page.Users) != 15 {
		t.Errorf("got %d users, %v", len(page.Users), err)
	}
}

func TestAClientThatIsNotSetUp(t *testing.T) {
	for value, want := range map[string][]string{
		"":                                  {"is empty"},
		"s3cret":                            {"not a JSON object"},
		`{"client_id":1}`:                   {"not a JSON object"},
		`{"client_id":"s3cret"}`:            {"client_secret", "refresh_token"},
		`{"client_id":"s3cret","other":[]}`: {"client_secret", "refresh_token"},
		`{"client_id":"s3cret","client_secret":"s3cret"}`: {"lacks refresh_token"},
		`{"client_id":"s3cret","client_secret":"s3cret","refresh_token":"s3cret","accounts_server":"https://accounts.zoho.example"}`: {"wrong accounts_server"},
	} {
		w := newWorld()
		w.Setup = "crmwho setup --stack sample"
		if value != "" {
			w.put(t, "oauth-client", value)
		}
		report, err := w.Run(t.Context(), token.Request{})
		if !errors.Is(err, token.ErrNotSetUp) || report.Outcome != token.NotSetUp || strings.Contains(err.Error(), "s3cret") || w.exchanges() > 0 {
			t.Errorf("%q: got %v after %d exchanges", value, err, w.exchanges())
		}
		for _, word := range append(want, "; run crmwho setup --stack sample") {
			if !strings.Contains(fmt.Sprint(err), word) {
				t.Errorf("%q: got %v, want %q in it", value, err, word)
			}
		}
	}
}

// TestWriteClient writes what is complete, and nothing on the strength of a read
// that failed.
func TestWriteClient(t *testing.T) {
	whole := token.Client{ClientID: "id", ClientSecret: "s3cret", RefreshToken: "s3cret", AccountsServer: "https://accounts.zoho.eu"}
	for name, test := range map[string]struct {
		change func(*token.Client)
		reads  error
		want   string // in the error; empty: it is written
	}{
		"whole":                    {},
		"without an id":            {change: func(c *token.Client) { c.ClientID = "" }, want: "lacks client_id"},
		"without a secret":         {change: func(c *token.Client) { c.ClientSecret = "" }, want: "lacks client_secret"},
		"without a refresh token":  {change: func(c *token.Client) { c.RefreshToken = "" }, want: "lacks refresh_token"},
		"without an accounts host": {change: func(c *token.Client) { c.AccountsServer = "" }, want: "lacks accounts_server"},
		"a read that fails":        {reads: errThrottled, want: "read OAuth client: " + errThrottled.Error()},
	} {
		c, r := whole, &recording{Store: &store.Memory{}, reads: test.reads}
		if test.change != nil {
			test.change(&c)
		}
		err := token.WriteClient(t.Context(), r, "oauth-client", c)
		if (err == nil) != (test.want == "") || !strings.Contains(fmt.Sprint(err), test.want) || strings.Contains(fmt.Sprint(err), "s3cret") || (len(r.written) == 1) != (err == nil) {
			t.Errorf("%s: got %v after %d writes, want %q", name, err, len(r.written), test.want)
		}
		if got, err := token.ReadClient(t.Context(), r.Store, "oauth-client", "", false); test.want == "" && (err != nil || got != c) {
			t.Errorf("%s: read %v, %v", name, got, err)
		}
	}
}

func TestAClientMayNameItsAccountsServer(t *testing.T) {
	w := newWorld()
	w.put(t, "oauth-client", fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"refresh_token":%q,"accounts_server":"https://accounts.zoho.example"}`,
		w.zoho.ClientID, w.zoho.ClientSecret, w.zoho.RefreshToken))
	if _, err := w.Run(t.Context(), token.Request{}); err == nil || w.exchanges() > 0 {
		t.Errorf("a foreign accounts server was asked: %v", err)
	}
}

func TestAFailedExchangeLeavesTheTokenAlone(t *testing.T) {
	w := newWorld()
	w.connect(t)
	if _, err := w.Run(t.Context(), token.Request{}); err != nil {
		t.Fatal(err)
	}
	before := w.accessToken(t)
	for name, break_ := range map[string]func(){
		"a refused grant": func() {
			w.put(t, "oauth-client", fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"refresh_token":"s3cret"}`, w.zoho.ClientID, w.zoho.ClientSecret))
		},
		"an empty client": func() { w.put(t, "oauth-client", `{}`) },
	} {
		break_()
		_, err := w.Run(t.Context(), token.Request{Force: true})
		if err == nil || strings.Contains(err.Error(), "s3cret") || w.accessToken(t) != before {
			t.Errorf("%s: got %v, stored %s, want %s", name, err, w.stored(t), before)
		}
	}
}

func (w world) stored(t *testing.T) string {
	t.Helper()
	value, err := w.values.Read(t.Context(), "access-token")
	if err != nil {
		t.Fatal(err)
	}
	return string(value.Data)
}

// overtaking writes another run's token just before the Keeper writes its own.
type overtaking struct {
	*store.Memory
	other string
}

func (o overtaking) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if _, err := o.Memory.WriteIfUnchanged(ctx, name, []byte(o.other), version); err != nil {
		return "", err
	}
	return o.Memory.WriteIfUnchanged(ctx, name, data, version)
}

func TestAnOvertakenRunLeavesTheOthersToken(t *testing.T) {
	w := newWorld()
	w.connect(t)
	other := `{"access_token":"other","api_domain":"https://www.zohoapis.eu","expiry":"2126-01-01T00:00:00Z"}`
	w.Store = overtaking{w.values, other}
	report, err := w.Run(t.Context(), token.Request{})
	if err != nil || report.Exchanged || report.Expiry.Year() != 2126 || w.stored(t) != other {
		t.Errorf("got %+v, %v, stored %s", report, err, w.stored(t))
	}
}

// stuck is a store whose writes are refused though nothing has changed.
type stuck struct{ *store.Memory }

func (stuck) WriteIfUnchanged(context.Context, string, []byte, string) (string, error) {
	return "", store.ErrChanged
}

func TestATokenThatCannotBeStoredIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.connect(t)
		w.Store = stuck{w.values}
		if report, err := w.Run(t.Context(), token.Request{}); !errors.Is(err, store.ErrChanged) {
			t.Errorf("got %+v, %v; want %v", report, err, store.ErrChanged)
		}
	})
}

func TestAnEmptyAccountsServerMeansTheSettings(t *testing.T) {
	w := newWorld()
	w.put(t, "oauth-client", fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"refresh_token":%q,"accounts_server":""}`,
		w.zoho.ClientID, w.zoho.ClientSecret, w.zoho.RefreshToken))
	if report, err := w.Run(t.Context(), token.Request{}); err != nil || !report.Exchanged {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestLogAndReportHoldNoSecret(t *testing.T) {
	w := newWorld()
	w.connect(t)
	report, err := w.Run(t.Context(), token.Request{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var stored struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(w.stored(t)), &stored); err != nil || stored.AccessToken == "" {
		t.Fatalf("stored %s, %v", w.stored(t), err)
	}
	for _, secret := range []string{stored.AccessToken, w.zoho.ClientSecret, w.zoho.RefreshToken} {
		if text := w.log.String() + string(data); strings.Contains(text, secret) {
			t.Errorf("a secret stands in %s", text)
		}
	}
}
