package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

const at = "https://bot.example" + bot.CommandsPath

const (
	signingSecret = "signing-secret-of-this-test"
	botToken      = "bot-token-of-this-test"
)

// world is a bot and what is around it.
type world struct {
	bot   *bot.Bot
	slack *slacksim.Slack
	log   *bytes.Buffer
	jobs  *[][]byte // that were handed over
}

// reading is a bot whose CRM gives these users, or fails. Everybody may ask it.
func reading(users []zoho.User, err error) world {
	w := world{log: &bytes.Buffer{}, slack: &slacksim.Slack{SigningSecret: signingSecret, BotToken: botToken}, jobs: &[][]byte{}}
	everyone := bot.Audience{Everyone: true}
	w.bot = &bot.Bot{
		People: &directory.Directory{
			Read: func(context.Context, zoho.UserType) ([]zoho.User, error) { return users, err },
			Changed: func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
				return func(yield func(zoho.User, error) bool) {
					if err != nil {
						yield(zoho.User{}, err)
					}
				}
			},
			Store: &store.Memory{},
			Log:   slog.New(slog.DiscardHandler),
		},
		Secrets: func(context.Context, bool) (bot.Secrets, error) {
			return bot.Secrets{Signing: []string{signingSecret}, BotToken: botToken}, nil
		},
		HandOver: func(_ context.Context, job []byte) error {
			*w.jobs = append(*w.jobs, job)
			return nil
		},
		Claims:  &store.Memory{},
		Access:  bot.Access{Teams: []string{"T0SAMPLE"}, People: everyone, Owners: everyone, Admins: everyone},
		Version: "sample-version",
		HTTP:    &http.Client{Transport: w.slack},
		Log:     slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	return w
}

func withUsers(users ...zoho.User) world { return reading(users, nil) }

func failing(err error) world { return reading(nil, err) }

func (w world) do(r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	w.bot.ServeHTTP(recorder, r)
	return recorder
}

// ask gives the text of a proper answer.
func (w world) ask(t *testing.T, command, words string) string {
	t.Helper()
	r, err := w.slack.Command(t.Context(), at, command, words)
	if err != nil {
		t.Fatal(err)
	}
	return w.answered(t, r)
}

// answered gives the text of the answer to a request.
func (w world) answered(t *testing.T, r *http.Request) string {
	t.Helper()
	got := w.do(r)
	var m struct {
		ResponseType string `json:"response_type"`
		Text         string `json:"text"`
	}
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" ||
		json.Unmarshal(got.Body.Bytes(), &m) != nil || m.ResponseType != "ephemeral" {
		t.Fatalf("got %d %s", got.Code, got.Body)
	}
	return m.Text
}

var kim = zoho.User{ID: "1", FullName: "Kim", Email: "kim@example.com", Status: "active"}

func TestVerbs(t *testing.T) {
	w := withUsers(kim, zoho.User{ID: "2", FullName: "Kimi", Status: "active"})
	for _, test := range []struct{ command, words, want string }{
		{"/crmuser", "kim@example.com", "Kim, active."},
		{"/crmuser", "  KIM@EXAMPLE.COM ", "Kim, active."},
		{"/crmuser", "<mailto:kim@example.com|kim@example.com>", "Kim, active."},
		{"/crmuser", "kim", "2 people match “kim”: Kim ("},
		{"/crmuser", "zaphod &amp; co", "Nobody in Zoho CRM matches “zaphod &amp; co”."},
		{"/crmuser", "", "/crmuser: "},
		{"/crmuser", "help", "/crmuser: "},
		{"/crmuser", " HELP", "/crmuser: "},
		{"/crmuser", "kin", "Nobody in Zoho CRM matches “kin”. Try"},
		{"/crmuser", "kimu", "Nobody in Zoho CRM matches “kimu”. Did you mean one of these people? Kim ("},
		{"/crmuser", "kim status:deleted", "Nobody in Zoho CRM matches “kim status:deleted”."},
		{"/crmuser", "<@U012AB3CD>", "I cannot tell who a mention"},
		{"/crmuser", "rolle:sales", "I do not know the filter “rolle:”. Did you mean “role:”?"},
		{"/crmuser", "***", "I did not understand “***”."},
		{"/crmusers", "", "2 people in Zoho CRM (2 active): Kim ("},
		{"/crmusers", "confirmed:yes kimi", "1 person matches “confirmed:yes kimi” (1 active): Kimi ("},
		{"/crmusers", "role:sales", "Nobody in Zoho CRM matches “role:sales”."},
		{"/crmusers", "help", "/crmusers: "},
		{"/crmadmins", "", "2 admins in Zoho CRM (2 active, none flagged): Kim ("},
		{"/crmadmins", "help", "/crmadmins: "},
		{"/crmadmins", "what?", "/crmadmins does not take “what?”. /crmadmins: "},
		{"/crmdoes", "not exist", "/crmdoes is not one of my commands. /crmuser: "},
		{"/crmadmin", "", "/crmadmin is not one of my commands. Did you mean /crmadmins? /crmadmins: "},
		{"/crmusers", "by rolle", "I cannot count by “rolle”. Did you mean “by role”?"},
	} {
		if got := w.ask(t, test.command, test.words); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %s: got %q, want %q…", test.command, test.words, got, test.want)
		}
	}
}

// TestOlderAnswersSayWhy, to the person and in the log.
func TestOlderAnswersSayWhy(t *testing.T) {
	for _, test := range []struct {
		err           error
		what, outcome string
	}{
		{zoho.ErrUnavailable, "Zoho CRM cannot be reached right now.", "older: unavailable"},
		{zoho.ErrTokenRefused, "Zoho CRM does not accept my access any more.", "older: token refused"},
		{zoho.ErrMalformed, "Zoho CRM's answer was not complete.", "older: malformed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			watermarked := kim
			watermarked.ModifiedTime = time.Now()
			w := withUsers(watermarked)
			w.ask(t, "/crmuser", "kim")
			w.bot.People.Changed = func(context.Context, zoho.UserType, time.Time) iter.Seq2[zoho.User, error] {
				return func(yield func(zoho.User, error) bool) { yield(zoho.User{}, test.err) }
			}
			time.Sleep(3*time.Hour + time.Minute)
			for command, words := range map[string]string{"/crmuser": "kim", "/crmusers": "", "/crmadmins": ""} {
				if got := w.ask(t, command, words); !strings.Contains(got, "Kim") || !strings.HasSuffix(got, " This is 3 hours old: "+test.what) {
					t.Errorf("%s: got %q", command, got)
				}
			}
			if log := w.log.String(); !strings.Contains(log, `"outcome":"`+test.outcome+`","people":1,"age_s":10860`) || strings.Contains(log, `"ref"`) {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestTheLogHoldsNothingThatWasTypedOrFound(t *testing.T) {
	w := withUsers(kim)
	w.ask(t, "/crmuser", "kim")
	w.ask(t, "/crmsecret", "zaphod")
	w.ask(t, "/crmusers", "zaphod:beeblebrox")
	w.ask(t, "/crmusers", "status:zaphod")
	log := w.log.String()
	if !strings.Contains(log, `"command":"/crmuser","way":"command","route":"inline","outcome":"people","people":1`) {
		t.Errorf("no line about the answer: %s", log)
	}
	for _, word := range []string{"kim", "Kim", "zaphod", "crmsecret", "U0SAMPLE", "v0="} {
		if strings.Contains(log, word) {
			t.Errorf("the log tells %q: %s", word, log)
		}
	}
}

// scopeMissing is the failure of a client whose grant is for something else.
func scopeMissing(t *testing.T) error {
	t.Helper()
	sim := zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.eu", Scopes: []string{"ZohoCRM.org.READ"}})
	web := &http.Client{Transport: sim}
	oauth := &zoho.OAuth{ClientID: sim.ClientID, ClientSecret: sim.ClientSecret, AccountsURL: "https://accounts.zoho.eu", HTTP: web}
	grant, err := oauth.Refresh(t.Context(), sim.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	client := &zoho.Client{HTTP: web, Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil }}
	_, err = client.ReadUsers(t.Context(), zoho.AllUsers)
	return err
}

func TestFailuresAreSentencesWithAReference(t *testing.T) {
	for want, err := range map[string]error{
		"not connected to Zoho CRM yet": zoho.ErrNoToken,
		"did not answer in time":        context.DeadlineExceeded,
		"too many questions":            zoho.ErrThrottled,
		"does not accept my access":     zoho.ErrTokenRefused,
		"lacks a scope":                 zoho.ErrScopeMissing,
		"the scope ZohoCRM.users.READ.": scopeMissing(t),
		"Zoho CRM API Access":           zoho.ErrNoAPIAccess,
		"behind me may not":             zoho.ErrNoPermission,
		"cannot be reached":             zoho.ErrUnavailable,
		"was not complete":              zoho.ErrMalformed,
		"went wrong":                    errors.New("anything else"),
	} {
		for _, command := range []string{"/crmuser", "/crmadmins"} {
			w := failing(err)
			got := w.ask(t, command, map[string]string{"/crmuser": "kim"}[command])
			_, ref, found := strings.Cut(got, " quote reference ")
			if !strings.Contains(got, want) || !found || !strings.Contains(w.log.String(), `"ref":"`+strings.TrimSuffix(ref, ".")+`"`) {
				t.Errorf("%s, %v: got %q, log %s", command, err, got, w.log)
			}
		}
	}
}
