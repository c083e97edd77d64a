package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"crmwho/internal/directory"
	"crmwho/internal/local"
	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// world is what the operator's commands meet: a Zoho, a Slack, and a folder.
type world struct {
	zoho  *zohosim.Zoho
	slack *slacksim.Slack
	dir   string
	log   *lockedBuffer // of slog's default

	zohoURL  string
	before   func(*http.Request) // is told of requests to Zoho; nil: nobody
	behind   time.Duration       // how far the clocks of Zoho, Slack and AWS's STS are behind
	slackURL string
	cloud    *awssim.CloudFormation // nil without aws
	bucket   *s3mem.Backend         // the stack's
	sts      *awssim.STS
	schedule *awssim.SchedulerAPI
}

// Secrets of Slack that are nobody's.
const (
	signing     = "0123456789abcdef0123456789abcdef"
	nextSigning = "fedcba9876543210fedcba9876543210"
	botToken    = "xoxb-0000-sample-token"
)

func newWorld(t *testing.T, config zohosim.Config) *world {
	t.Helper()
	w := &world{zoho: zohosim.New(config), slack: &slacksim.Slack{SigningSecret: signing, BotToken: botToken}, log: &lockedBuffer{}}
	w.dir = filepath.Join(t.TempDir(), "values")
	w.zohoURL = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.before != nil {
			w.before(r)
		}
		w.zoho.ServeHTTP(w.late(rw), r)
	}))
	w.slackURL = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.slack.ServeHTTP(w.late(rw), r) }))
	t.Setenv("CRMWHO_ALLOW_LOOPBACK", "1")
	t.Setenv("CRMWHO_ZOHO_ACCOUNTS_URL", w.zohoURL)
	t.Setenv("CRMWHO_SLACK_API_URL", w.slackURL+"/api/")
	former := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(w.log, nil)))
	t.Cleanup(func() { slog.SetDefault(former) })
	return w
}

// late gives answers the time of a clock that is behind, if it is.
func (w *world) late(rw http.ResponseWriter) http.ResponseWriter {
	if w.behind == 0 {
		return rw
	}
	return dated{rw, time.Now().Add(-w.behind)}
}

// dated answers at another time.
type dated struct {
	http.ResponseWriter
	at time.Time
}

func (d dated) WriteHeader(status int) {
	d.Header().Set("Date", d.at.UTC().Format(http.TimeFormat))
	d.ResponseWriter.WriteHeader(status)
}

func (d dated) Write(data []byte) (int, error) {
	d.Header().Set("Date", d.at.UTC().Format(http.TimeFormat)) // without effect after WriteHeader
	return d.ResponseWriter.Write(data)
}

func serve(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// lockedBuffer takes log lines from anywhere.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// hash is what records and snapshots of audits have, and no secret.
var hash = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// secretLike is what all secrets of the simulators look like.
var secretLike = regexp.MustCompile(`1000\.[a-z2-7]{20,}|[0-9a-f]{32}|xox[a-z]-\S+[0-9]\S*|s3cret`)

// run runs a command over the folder. Nothing that it says may hold a secret.
func (w *world) run(t *testing.T, input string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return w.runIn(t, t.Context(), input, append(args, "--dir", w.dir)...)
}

func (w *world) runIn(t *testing.T, ctx context.Context, input string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	stdout, stderr, err = run(t, ctx, input, args...)
	if said := hash.ReplaceAllString(fmt.Sprint(stdout, stderr, err, w.log), ""); secretLike.MatchString(said) {
		t.Errorf("%q: a secret in %s", args, said)
	}
	return stdout, stderr, err
}

// typed is what an operator types for a code.
func (w *world) typed(code string) string {
	return w.zoho.ClientID + "\n" + w.zoho.ClientSecret + "\n" + code + "\n"
}

// connect sets Zoho up.
func (w *world) connect(t *testing.T) {
	t.Helper()
	if _, _, err := w.run(t, w.typed(w.zoho.GrantToken), "setup"); err != nil {
		t.Fatal(err)
	}
}

// connectSlack sets Slack up.
func (w *world) connectSlack(t *testing.T) {
	t.Helper()
	if _, _, err := w.run(t, signing+"\n"+botToken+"\n", "setup", "slack"); err != nil {
		t.Fatal(err)
	}
}

// put stores a value in the folder; an empty one is removed.
func (w *world) put(t *testing.T, name, value string) {
	t.Helper()
	err := os.MkdirAll(w.dir, 0o700)
	if err == nil && value == "" {
		err = os.RemoveAll(filepath.Join(w.dir, "value-"+name))
	} else if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, "value-"+name), []byte(value), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// value reads a JSON object of the folder.
func (w *world) value(t *testing.T, name string) (content map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, "value-"+name))
	if err == nil {
		err = json.Unmarshal(data, &content)
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// change replaces fields of a value in the folder; nil removes one.
func (w *world) change(t *testing.T, name string, fields map[string]any) {
	t.Helper()
	content := w.value(t, name)
	maps.Copy(content, fields)
	maps.DeleteFunc(content, func(_ string, v any) bool { return v == nil })
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, name, string(data))
}

// files are the folder's values as they are; nil: there is no folder.
func (w *world) files(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.dir, "value-*"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if all == nil {
			all = map[string]string{}
		}
		all[filepath.Base(path)] = string(data)
	}
	return all
}

// calls counts those of a kind to Zoho.
func (w *world) calls(kind zohosim.Kind) (n int) {
	for _, c := range w.zoho.Calls() {
		if c.Kind == kind {
			n++
		}
	}
	return n
}

func (w *world) fault(t *testing.T, f zohosim.Fault) {
	t.Helper()
	if err := w.zoho.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// stamp is a time as the values have it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// bucket is the stack's.
const bucket = "sample-store"

// aws lets the SDK meet a stack, its secrets and its bucket instead of AWS.
func (w *world) aws(t *testing.T) (stack awssim.Stack, secrets *awssim.SecretsManager) {
	t.Helper()
	secrets = &awssim.SecretsManager{}
	stack = awssim.Stack{
		Parameters: map[string]string{"DataCentre": "us", "SlackTeams": slacksim.Team},
		Outputs: map[string]string{
			"SlackSecret": secrets.Create("slack"), "OAuthClientSecret": secrets.Create("client"), "AccessTokenSecret": secrets.Create("token"),
			"TokenRefreshFunction": "sample-token-refresh", "UsersQueryFunction": "sample-users-query", "Store": bucket,
			"CommandsUrl": "https://bot.example/slack/commands", "InteractivityUrl": "https://bot.example/slack/interactivity", "EventsUrl": "https://bot.example/slack/events",
			"ApiUrl": "https://bot.example", "FailedJobs": "https://sqs.example/failed-jobs", "UndeliveredRuns": "https://sqs.example/undelivered-runs", "Alerts": "arn:aws:sns:eu-central-1:123456789012:sample-alerts",
		},
	}
	w.sts, w.schedule = &awssim.STS{}, &awssim.SchedulerAPI{States: map[string]string{
		"sample-directory-sync": "ENABLED", "sample-token-refresh": "ENABLED", "sample-admin-audit": "DISABLED",
	}}
	w.bucket = s3mem.New()
	if err := w.bucket.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	w.cloud = &awssim.CloudFormation{Stacks: map[string]awssim.Stack{"sample": stack}}
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", serve(t, secrets))
	t.Setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", serve(t, w.cloud))
	t.Setenv("AWS_ENDPOINT_URL_S3", serve(t, gofakes3.New(w.bucket).Server()))
	t.Setenv("AWS_ENDPOINT_URL_STS", serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.sts.ServeHTTP(w.late(rw), r) })))
	t.Setenv("AWS_ENDPOINT_URL_SCHEDULER", serve(t, w.schedule))
	withoutAWS(t)
	t.Setenv("AWS_REGION", awssim.Region)
	t.Setenv("AWS_ACCESS_KEY_ID", "sample")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
	return stack, secrets
}

// withoutAWS hides what this computer has of AWS.
func withoutAWS(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
}

// history is where the bot over the folder keeps the list of people and audits.
func (w *world) history() store.Store { return local.RealHistory(w.dir) }

// stored is the stack's bucket as a store.
func (w *world) stored(t *testing.T) store.Store {
	t.Helper()
	b, err := place{stack: "sample"}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := b.records()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// listPeople stores a list of 15 people that is so old.
func listPeople(t *testing.T, in store.Store, age time.Duration) { listSome(t, in, age, 15) }

func listSome(t *testing.T, in store.Store, age time.Duration, count int) {
	t.Helper()
	people := make([]zoho.User, count)
	for i := range people {
		people[i].ID = strconv.Itoa(i + 1)
	}
	data, err := directory.NewSnapshot(time.Now().Add(-age), people, nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	keep(t, in, "directory/snapshot", string(data))
}

// keep replaces a value, whatever it was.
func keep(t *testing.T, in store.Store, name, data string) {
	t.Helper()
	value, err := in.Read(t.Context(), name)
	if err == nil || errors.Is(err, store.ErrNotExist) {
		_, err = in.WriteIfUnchanged(t.Context(), name, []byte(data), value.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
}
