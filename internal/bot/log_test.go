package bot_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// lines are the log's, by message.
func (w world) lines(t *testing.T) map[string][]map[string]any {
	t.Helper()
	byMessage := map[string][]map[string]any{}
	for line := range bytes.Lines(w.log.Bytes()) {
		var values map[string]any
		if err := json.Unmarshal(line, &values); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		msg := values["msg"].(string)
		byMessage[msg] = append(byMessage[msg], values)
	}
	return byMessage
}

// TestTheAnswerLineTellsWhereTheTimeWent.
func TestTheAnswerLineTellsWhereTheTimeWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		read := w.bot.People.Read
		w.bot.People.Read = func(ctx context.Context, kind zoho.UserType) ([]zoho.User, error) {
			time.Sleep(300 * time.Millisecond)
			bot.CountCall(ctx, "list users", 2, 300*time.Millisecond, nil)
			return read(ctx, kind)
		}
		secrets := w.bot.Secrets
		w.bot.Secrets = func(ctx context.Context, again bool) (bot.Secrets, error) {
			time.Sleep(50 * time.Millisecond)
			return secrets(ctx, again)
		}
		w.ask(t, "/crmuser", "kim")
		w.ask(t, "/crmuser", "kim")
		answers := w.lines(t)["answer"]
		if len(answers) != 2 {
			t.Fatalf("%d lines: %s", len(answers), w.log)
		}
		for name, want := range map[string][2]float64{
			"verify_ms": {50, 50}, "access_ms": {0, 0}, "slack_ms": {0, 0}, "directory_ms": {600, 0}, "zoho_ms": {600, 0}, "format_ms": {0, 0},
			"total_ms": {650, 50}, "first_reply_ms": {650, 50}, "left_ms": {1350, 1950}, "zoho_calls": {2, 0}, "zoho_errors": {0, 0}, "zoho_credits": {4, 0},
			"cold": {1, 0}, "stale": {0, 0}, "people": {1, 1},
		} {
			for i, line := range answers {
				if line[name] != want[i] {
					t.Errorf("%s of answer %d: got %v, want %v", name, i, line[name], want[i])
				}
			}
		}
		if _, embedded := answers[0]["_aws"]; embedded {
			t.Error("metrics where there is no function to count them for")
		}
	})
}

// head is what CloudWatch reads of a line.
type head struct {
	Timestamp         int64
	CloudWatchMetrics []struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []struct{ Name, Unit string }
	}
}

// TestMetricsAreEmbedded in lines that have all that their heads name.
func TestMetricsAreEmbedded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		w.bot.Function = "sample-function"
		w.handedOver(t)
		w.ask(t, "/crmuser", "kim")
		w.bot.Access.People = bot.Audience{}
		w.ask(t, "/crmuser", "kim")
		w.post(t, bot.CommandsPath, formType, "a=b")
		if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync"}`)); err != nil {
			t.Fatal(err)
		}
		lines := w.lines(t)
		for message, want := range map[string][]string{"answer": {"total_ms", "first_reply_ms", "cold", "stale", "zoho_calls"}, "refused": {"refused"}, "handed over": {"first_reply_ms", "cold", "zoho_calls", "zoho_errors", "zoho_credits"}, "job": {"failed", "snapshot_age_m", "zoho_calls"}} {
			for _, line := range lines[message] {
				data, err := json.Marshal(line["_aws"])
				var h head
				if err != nil || json.Unmarshal(data, &h) != nil || h.Timestamp != time.Now().UnixMilli() || len(h.CloudWatchMetrics) != 1 || h.CloudWatchMetrics[0].Namespace != "crmwho" {
					t.Fatalf("%s: got %s, %v", message, data, err)
				}
				named := map[string]bool{}
				for _, m := range h.CloudWatchMetrics[0].Metrics {
					named[m.Name] = true
					if _, ok := line[m.Name].(float64); !ok {
						t.Errorf("%s: the metric %s is %v", message, m.Name, line[m.Name])
					}
				}
				for _, name := range want {
					if !named[name] {
						t.Errorf("%s: no metric %s", message, name)
					}
				}
				for _, name := range slices.Concat(h.CloudWatchMetrics[0].Dimensions...) {
					if value, _ := line[name].(string); value == "" {
						t.Errorf("%s: the dimension %s is %v", message, name, line[name])
					}
				}
			}
		}
		if len(lines["answer"]) != 2 || len(lines["refused"]) != 2 || len(lines["job"]) != 1 || lines["refused"][0]["reason"] != "audience" {
			t.Errorf("log %s", w.log)
		}
	})
}

// TestAFailedJobIsCounted, with what Zoho said.
func TestAFailedJobIsCounted(t *testing.T) {
	w := failing(zoho.ErrThrottled)
	if _, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`)); !errors.Is(err, zoho.ErrThrottled) {
		t.Errorf("got %v", err)
	}
	if jobs := w.lines(t)["job"]; len(jobs) != 1 || jobs[0]["failed"] != 1.0 || !strings.Contains(jobs[0]["err"].(string), "throttled") {
		t.Errorf("log %s", w.log)
	}
}

// unwritable is a store that takes nothing.
type unwritable struct {
	store.Store
	err error
}

func (u unwritable) WriteIfUnchanged(context.Context, string, []byte, string) (string, error) {
	return "", u.err
}

// TestASyncThatZohoKeptFromItsWork is told from one that failed for another
// reason, also where both ran out of time.
func TestASyncThatZohoKeptFromItsWork(t *testing.T) {
	unknown := errors.New("read secret: out of order")
	for name, test := range map[string]struct {
		read, write error
		want        bool
	}{
		"Zoho is down":           {zoho.ErrUnavailable, nil, true},
		"nothing is connected":   {zoho.ErrNoToken, nil, true},
		"Zoho takes too long":    {context.DeadlineExceeded, nil, true},
		"the token is not read":  {unknown, nil, false},
		"the store is down":      {nil, unknown, false},
		"storing takes too long": {nil, context.DeadlineExceeded, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := withUsers(kim)
			w.bot.People.Read = func(context.Context, zoho.UserType) ([]zoho.User, error) {
				time.Sleep(time.Minute)
				return []zoho.User{kim}, test.read
			}
			if test.write != nil {
				w.bot.People.Store = unwritable{w.bot.People.Store, test.write}
			}
			_, err := w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`))
			if errors.Is(err, bot.ErrNotRead) != test.want || !errors.Is(err, cmp.Or(test.read, test.write)) {
				t.Errorf("%s: got %v, want one of Zoho's: %v", name, err, test.want)
			}
		})
	}
}

// TestASyncTellsTheAgeOfTheList, also where it failed; nothing where there is none.
func TestASyncTellsTheAgeOfTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withUsers(kim)
		read := w.bot.People.Read
		for _, down := range []error{zoho.ErrUnavailable, nil, zoho.ErrUnavailable} {
			w.bot.People.Read = func(ctx context.Context, kind zoho.UserType) ([]zoho.User, error) {
				if down != nil {
					return nil, down
				}
				return read(ctx, kind)
			}
			_, _ = w.bot.Do(t.Context(), []byte(`{"job":"directory-sync","all":true}`))
			time.Sleep(90 * time.Minute)
		}
		var ages []any
		for _, line := range w.lines(t)["job"] {
			ages = append(ages, line["snapshot_age_m"])
		}
		if want := []any{nil, 0.0, 90.0}; !slices.Equal(ages, want) {
			t.Errorf("got ages %v, want %v", ages, want)
		}
	})
}

// TestWarm reads the secrets, the token and the stored people at once, each
// once, and no longer than it may.
func TestWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := withUsers(kim)
		if _, err := before.bot.People.Sync(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		reads := map[string]int{}
		w := failing(zoho.ErrUnavailable)
		people := &slow{Store: before.bot.People.Store}
		secrets := &slow{Store: &store.Memory{}}
		if _, err := secrets.Store.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["`+signingSecret+`"]}`), store.Absent); err != nil {
			t.Fatal(err)
		}
		w.bot.People.Store, w.bot.Secrets = people, bot.StoredSecrets(secrets, "slack", nil)
		w.bot.Token = func(context.Context) (zoho.Token, error) {
			time.Sleep(100 * time.Millisecond)
			reads["token"]++
			return zoho.Token{}, nil
		}
		started := time.Now()
		w.bot.Warm(t.Context())
		if took := time.Since(started); took != 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Kim") || time.Since(started) != 100*time.Millisecond {
			t.Errorf("got %q after %v", got, time.Since(started))
		}
		if people.reads != 1 || secrets.reads != 1 || reads["token"] != 1 {
			t.Errorf("%d reads of the people, %d of the secrets, %v", people.reads, secrets.reads, reads)
		}
	})
}

// slow is a store that takes a tenth of a second to read.
type slow struct {
	store.Store
	reads int
}

func (s *slow) Read(ctx context.Context, name string) (store.Value, error) {
	s.reads++
	time.Sleep(100 * time.Millisecond)
	return s.Store.Read(ctx, name)
}
