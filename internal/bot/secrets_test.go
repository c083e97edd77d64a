package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/store"
)

func TestTwoSecretsDuringAChange(t *testing.T) {
	w := withUsers(kim)
	w.bot.Secrets = func(context.Context, bool) (bot.Secrets, error) {
		return bot.Secrets{Signing: []string{"new", "", signingSecret}}, nil
	}
	if got := w.ask(t, "/crmuser", "kim"); got != "Kim, active. E-mail: kim@example.com." {
		t.Errorf("got %q", got)
	}
}

func TestWithoutSigningSecretsNothingIsAnswered(t *testing.T) {
	for name, secrets := range map[string]func(context.Context, bool) (bot.Secrets, error){
		"none":       func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{}, nil },
		"an empty":   func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{Signing: []string{""}}, nil },
		"unreadable": func(context.Context, bool) (bot.Secrets, error) { return bot.Secrets{}, errors.New("out of order") },
	} {
		w := withUsers(kim)
		w.bot.Secrets = secrets
		r, err := (&slacksim.Slack{}).Command(t.Context(), at, "/crmuser", "kim")
		if err != nil {
			t.Fatal(err)
		}
		if got := w.do(r); got.Code != http.StatusUnauthorized || got.Body.Len() != 0 || strings.Count(w.log.String(), "\n") != 1 {
			t.Errorf("%s: got %d %q, log %s", name, got.Code, got.Body, w.log)
		}
	}
}

func TestStoredSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := &counted{Store: &store.Memory{}}
		secrets := bot.StoredSecrets(values, "slack", slog.New(slog.DiscardHandler))
		expect := func(want string, reads int) {
			t.Helper()
			got, err := secrets(t.Context(), false)
			if err != nil || strings.Join(got.Signing, " ") != want || values.reads != reads {
				t.Errorf("got %q, %v after %d reads; want %q after %d", got, err, values.reads, want, reads)
			}
		}
		expect("", 1)
		version, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["a","","b"],"bot_token":"x"}`), "")
		if err != nil {
			t.Fatal(err)
		}
		expect("a b", 2)
		expect("a b", 2)
		if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["c"]}`), version); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		expect("c", 3)
		time.Sleep(5 * time.Minute)
		values.err = errors.New("out of order")
		expect("c", 4)
		expect("c", 4)
		time.Sleep(time.Minute)
		expect("c", 5)
	})
}

// TestSecretsThatHangCostLittle: the rest of the two seconds is for Zoho.
func TestSecretsThatHangCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := &counted{Store: &store.Memory{}}
		if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["signing-secret-of-this-test"]}`), ""); err != nil {
			t.Fatal(err)
		}
		w := withUsers(kim)
		w.bot.Secrets = bot.StoredSecrets(values, "slack", slog.New(slog.DiscardHandler))
		w.ask(t, "/crmuser", "kim")
		time.Sleep(5 * time.Minute)
		values.hang = true
		started := time.Now()
		if got := w.ask(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Kim") || time.Since(started) > time.Second {
			t.Errorf("got %q after %v", got, time.Since(started))
		}
	})
}

func TestAStoredSecretThatIsNoneIsNotQuoted(t *testing.T) {
	values := &store.Memory{}
	if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`s3cret`), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := bot.StoredSecrets(values, "slack", slog.New(slog.DiscardHandler))(t.Context(), false); err == nil || strings.Contains(err.Error(), "s3") {
		t.Errorf("got %v", err)
	}
}

// TestReplacedSecretsAreReadAtTheFirstSignature that does not fit the kept
// ones, but not for everybody who sends wrong ones.
func TestReplacedSecretsAreReadAtTheFirstSignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := &counted{Store: &store.Memory{}}
		version, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["old"]}`), "")
		if err != nil {
			t.Fatal(err)
		}
		w := withUsers(kim)
		w.bot.Secrets = bot.StoredSecrets(values, "slack", slog.New(slog.DiscardHandler))
		signedWith := func(secret string) int {
			t.Helper()
			r, err := (&slacksim.Slack{SigningSecret: secret}).Command(t.Context(), at, "/crmuser", "kim")
			if err != nil {
				t.Fatal(err)
			}
			return w.do(r).Code
		}
		if got := signedWith("old"); got != http.StatusOK {
			t.Errorf("the first secret: got %d", got)
		}
		if _, err := values.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["new"]}`), version); err != nil {
			t.Fatal(err)
		}
		if got := signedWith("new"); got != http.StatusOK || values.reads != 2 {
			t.Errorf("a replaced secret: got %d after %d reads", got, values.reads)
		}
		for range 5 {
			if got := signedWith("forged"); got != http.StatusUnauthorized || values.reads != 2 {
				t.Errorf("a forged signature: got %d after %d reads", got, values.reads)
			}
		}
		time.Sleep(time.Minute)
		if signedWith("forged"); values.reads != 3 {
			t.Errorf("a minute later: %d reads, want 3", values.reads)
		}
	})
}

func TestSecretsAreNotPrinted(t *testing.T) {
	s := bot.Secrets{Signing: []string{"s3cret"}, BotToken: "t0ken"}
	if got := fmt.Sprintf("%v %+v %#v %s", s, s, s, s); strings.Contains(got, "s3cret") || strings.Contains(got, "t0ken") {
		t.Errorf("got %s", got)
	}
}

// counted is a store that counts reads and can be out of order.
type counted struct {
	store.Store
	reads int
	err   error
	hang  bool
}

func (c *counted) Read(ctx context.Context, name string) (store.Value, error) {
	c.reads++
	if c.hang {
		<-ctx.Done()
		return store.Value{}, ctx.Err()
	}
	if c.err != nil {
		return store.Value{}, c.err
	}
	return c.Store.Read(ctx, name)
}

// secretsOf gives signing secrets that are always the same.
func secretsOf(signing ...string) func(context.Context, bool) (bot.Secrets, error) {
	return func(context.Context, bool) (bot.Secrets, error) {
		return bot.Secrets{Signing: signing, BotToken: botToken}, nil
	}
}

// TestABrokenReplacementOfTheSecretIsTold: the kept ones go on, and the log says why.
func TestABrokenReplacementOfTheSecretIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store.Memory{}
		v, err := s.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":["a"]}`), store.Absent)
		if err != nil {
			t.Fatal(err)
		}
		w := withUsers(kim)
		get := bot.StoredSecrets(s, "slack", w.bot.Log)
		if _, err := get(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.WriteIfUnchanged(t.Context(), "slack", []byte(`{"signing_secrets":"b"}`), v); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		w.bot.Secrets = get
		r, err := w.slack.Command(t.Context(), at, "/crmuser", "kim")
		if err != nil {
			t.Fatal(err)
		}
		w.do(r)
		if !strings.Contains(w.log.String(), "not a JSON object") {
			t.Errorf("log %s", w.log)
		}
	})
}
