package functions_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/token"
)

// another starts another process of token-refresh.
func (s *stack) another(t *testing.T) *awssim.Function {
	t.Helper()
	f := start(t, twin(s.tokenRefresh, s.tokenRefresh.Env))
	s.processes = append(s.processes, f)
	return f
}

// age makes the stored token and all that is known of it so much older.
func (s *stack) age(t *testing.T, by time.Duration) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(s.secrets.Value(s.accessToken)), &value); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(aged(value, by))
	if err != nil {
		t.Fatal(err)
	}
	s.secrets.Put(s.accessToken, string(data))
}

func aged(value any, by time.Duration) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = aged(v[key], by)
		}
	case []any:
		for i := range v {
			v[i] = aged(v[i], by)
		}
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at.Add(-by)
		}
	}
	return value
}

// TestTwentyProcessesAtOnceExchangeOnce, each a bootstrap of its own.
func TestTwentyProcessesAtOnceExchangeOnce(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.age(t, 26*time.Minute)
	s.fault(t, zohosim.Fault{Path: "/oauth/", Latency: 200 * time.Millisecond})
	outcomes := map[token.Outcome]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		f := s.another(t)
		all.Go(func() {
			reply, err := f.Invoke(t.Context(), event(t, "token-refresh.json"))
			var report token.Report
			if err := errors.Join(err, json.Unmarshal(reply, &report)); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[report.Outcome]++
		})
	}
	all.Wait()
	if n := s.zoho.Count(zohosim.TokenCall); n != 2 || outcomes[token.Exchanged] != 1 || outcomes[token.UnderWay]+outcomes[token.Fresh] != 19 {
		t.Errorf("%d exchanges, want the first and one more; %v", n, outcomes)
	}
}

// TestAProcessThatIsKilledInAnExchange leaves the token and its claim; nobody
// exchanges until the claim has run out, and then somebody does.
func TestAProcessThatIsKilledInAnExchange(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	before := s.storedToken(t)
	s.age(t, 26*time.Minute)
	s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.Hang, Times: 1})
	dying := s.another(t)
	var run sync.WaitGroup
	run.Go(func() { _, _ = dying.Invoke(t.Context(), event(t, "token-refresh.json")) })
	for s.zoho.Count(zohosim.TokenCall) < 2 {
		if t.Context().Err() != nil {
			t.Fatal("it did not exchange")
		}
		time.Sleep(time.Millisecond)
	}
	dying.Stop()
	run.Wait()
	if got := s.storedToken(t); got != before {
		t.Error("the token is another")
	}
	if exchanged, err := s.refresh(t, "token-refresh-force.json"); exchanged || err != nil {
		t.Errorf("while the claim holds: exchanged %v, %v", exchanged, err)
	}
	s.age(t, 3*time.Minute)
	if exchanged, err := s.refresh(t, "token-refresh.json"); !exchanged || err != nil {
		t.Errorf("afterwards: exchanged %v, %v", exchanged, err)
	}
}

// TestAGrantThatDies: people are told how to mend it, once, who asks gets the
// list that there is, and when it was mended that is told too.
func TestAGrantThatDies(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.ask(t, "/crmuser", "kim")
	s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
	s.zoho.ExpireTokens()
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ms", "CRMWHO_NOTICE_CHANNEL": slacksim.Channel})
	for range 3 {
		if got := s.ask(t, "/crmuser", "kim"); !strings.Contains(got, "Kim, Sales Representative") {
			t.Errorf("got %q", got)
		}
	}
	s.publishes(t, 1, "Zoho says invalid_code", "\n2. Run `go run ./cmd/crmwho setup --stack sample`")
	for range 3 {
		if exchanged, err := s.refresh(t, "token-refresh.json"); exchanged || err != nil {
			t.Errorf("latched: exchanged %v, %v", exchanged, err)
		}
	}
	s.publishes(t, 1)
	s.posts(t, "⚠ Zoho does not accept the grant any more. ")
	if got := s.ask(t, "/crmstatus", ""); !strings.HasPrefix(got, "Not well: the grant is dead; token refused") {
		t.Errorf("got %q", got)
	}
	if n := s.zoho.Count(zohosim.TokenCall); n != 2 {
		t.Errorf("%d exchanges, want the first and one of the dead grant", n)
	}
	s.zoho.ClearFaults()
	s.setUp()
	if exchanged, err := s.refresh(t, "token-refresh-force.json"); !exchanged || err != nil {
		t.Fatalf("mended: exchanged %v, %v", exchanged, err)
	}
	for range 3 {
		if _, err := s.refresh(t, "token-refresh.json"); err != nil {
			t.Error(err)
		}
	}
	s.publishes(t, 2, "well again")
	s.posts(t, "⚠ Zoho does not accept the grant any more. ", "✓ The access to Zoho CRM is well again. ")
	s.tellsNothing(t, s.zoho.ClientSecret, s.zoho.RefreshToken, s.storedToken(t))
	if told := s.told(); !strings.Contains(told, `"class":"dead","failures":1`) || !strings.Contains(told, `"_aws"`) {
		t.Errorf("no metrics of it: %s", told)
	}
}

// posts fails unless the channel has got notices with these beginnings after
// three syncs, whatever becomes of those.
func (s *stack) posts(t *testing.T, want ...string) {
	t.Helper()
	for range 3 {
		_, _ = s.usersQuery.Invoke(t.Context(), event(t, "directory-sync.json"))
	}
	posts := s.slack.Posts()
	if len(posts) != len(want) {
		t.Fatalf("got %d posts, want %d", len(posts), len(want))
	}
	for i, post := range posts {
		if got := textOf(t, post.Body); !strings.HasPrefix(got, want[i]) {
			t.Errorf("got %q, want %q…", got, want[i])
		}
	}
}

// publishes waits for so many notices, of which the last says some words.
func (s *stack) publishes(t *testing.T, want int, words ...string) {
	t.Helper()
	published := s.sns.Published()
	for deadline := time.Now().Add(30 * time.Second); len(published) < want && time.Now().Before(deadline); published = s.sns.Published() {
		time.Sleep(5 * time.Millisecond)
	}
	if len(published) != want {
		t.Fatalf("got %d notices, want %d", len(published), want)
	}
	for _, word := range words {
		if last := published[want-1]; !strings.Contains(last.Subject+"\n"+last.Message, word) {
			t.Errorf("got %+v, want %q in it", last, word)
		}
	}
}

// TestANoticeThatCannotBePublished is published by the next run.
func TestANoticeThatCannotBePublished(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.age(t, 26*time.Minute)
	s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidClient})
	s.sns.Fail(3) // as often as the SDK tries
	if why := s.refreshFails(t, "token-refresh.json"); !strings.Contains(why, "notice: ") {
		t.Errorf("got %q", why)
	}
	s.publishes(t, 0)
	if _, err := s.refresh(t, "token-refresh.json"); err != nil {
		t.Error(err)
	}
	s.publishes(t, 1, "Zoho says invalid_client")
}

// TestSecretsManagerThrottles: what cannot be read is not taken for empty.
func TestSecretsManagerThrottles(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.age(t, 26*time.Minute)
	before := s.secrets.Value(s.accessToken)
	s.secrets.Fail("GetSecretValue", 3)
	if _, err := s.refresh(t, "token-refresh.json"); err == nil || s.secrets.Value(s.accessToken) != before || s.zoho.Count(zohosim.TokenCall) != 1 {
		t.Errorf("got %v after %d exchanges; stored %s", err, s.zoho.Count(zohosim.TokenCall), s.secrets.Value(s.accessToken))
	}
	if exchanged, err := s.refresh(t, "token-refresh.json"); !exchanged || err != nil {
		t.Errorf("afterwards: exchanged %v, %v", exchanged, err)
	}
}
