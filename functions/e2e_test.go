// Package functions_test runs both bootstraps as Lambda does and asks them
// over real sockets: Slack's signed requests through a gateway, the AWS SDK,
// Zoho's HTTP API.
package functions_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
)

// stack is what template.yaml deploys, with Zoho and Slack around it.
type stack struct {
	zoho    *zohosim.Zoho
	slack   *slacksim.Slack
	secrets *awssim.SecretsManager
	sns     *awssim.SNS
	bucket  *s3mem.Backend
	lambda  *awssim.Lambda
	queues  *awssim.SQS
	iam     *awssim.IAM

	mayBeRefused bool // AWS may refuse something: otherwise that fails the test

	template  *awssim.Deployed
	scheduler *awssim.Delivery
	servers   []*httptest.Server // of all that is played
	loopback  map[string]string  // settings of where that is

	slackSecret, oauthClient, accessToken string // ARNs of the secrets, empty at first
	accountsURL                           string
	usersQuery, tokenRefresh              *awssim.Function
	processes                             []*awssim.Function // all of them, older ones too
	gateway                               *httptest.Server
	log                                   *logBuffer // of all that was started
}

// bucket is the name of the stack's S3 bucket.
const bucket = "store"

// logBuffer takes what two processes print.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// deploy starts a stack whose secrets are empty, over the documented sample.
func deploy(t testing.TB) *stack {
	t.Helper()
	return deployOver(t, zohosim.New(zohosim.Config{}))
}

func deployOver(t testing.TB, crm *zohosim.Zoho) *stack {
	t.Helper()
	return deployAs(t, crm, nil)
}

// deployAs deploys template.yaml with parameters besides those that a deployer
// has to give. Both functions run under their own roles, with exactly what the
// template gives them and the addresses of what is played.
func deployAs(t testing.TB, crm *zohosim.Zoho, parameters map[string]string) *stack {
	t.Helper()
	s := &stack{
		zoho:    crm,
		slack:   &slacksim.Slack{SigningSecret: "signing-secret-of-this-test", BotToken: "bot-token-of-this-test"},
		secrets: &awssim.SecretsManager{},
		sns:     &awssim.SNS{},
		bucket:  s3mem.New(),
		iam:     &awssim.IAM{},
		log:     &logBuffer{},
	}
	t.Cleanup(func() { s.refusesNothing(t) })
	s.slackSecret = s.secrets.Create("slack")
	s.oauthClient = s.secrets.Create("oauth-client")
	s.accessToken = s.secrets.Create("access-token")
	if err := s.bucket.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	s.template = s.deployed(t, parameters)
	s.queues = &awssim.SQS{IAM: s.iam}
	s.lambda = &awssim.Lambda{Configs: map[string]awssim.Config{}, IAM: s.iam, Queues: s.queues}
	s.scheduler = &awssim.Delivery{IAM: s.iam, Lambda: s.lambda, Queues: s.queues, Roles: s.template.Roles}
	for _, role := range s.template.Roles {
		s.iam.Give(role)
	}
	for name, policy := range s.template.BucketPolicies {
		s.iam.Guard(name, policy)
	}
	for _, f := range s.template.Functions {
		s.lambda.Configs[f.Name] = f.Config
	}
	s.accountsURL, s.slack.Base = s.serve(t, s.zoho), s.serve(t, s.slack)
	s.loopback = map[string]string{
		"CRMWHO_ALLOW_LOOPBACK":            "1",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": s.serve(t, s.iam.SecretsManager(s.secrets)),
		"AWS_ENDPOINT_URL_S3":              s.serve(t, s.iam.S3(gofakes3.New(s.bucket).Server())),
		"AWS_ENDPOINT_URL_LAMBDA":          s.serve(t, s.iam.Lambda(s.lambda)),
		"AWS_ENDPOINT_URL_SNS":             s.serve(t, s.iam.SNS(s.sns)),
	}
	t.Cleanup(s.lambda.Close)
	s.usersQuery = s.started(t, "UsersQuery", "users-query", map[string]string{"CRMWHO_SLACK_API_URL": s.slack.Base + "/api/"})
	s.tokenRefresh = s.started(t, "TokenRefresh", "token-refresh", map[string]string{"CRMWHO_ZOHO_ACCOUNTS_URL": s.accountsURL})
	s.connect(t)
	return s
}

// deployed gives the template of the repository its values.
func (s *stack) deployed(t testing.TB, parameters map[string]string) *awssim.Deployed {
	t.Helper()
	data, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := awssim.ReadTemplate(data)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{"SlackTeams": slacksim.Team, "OwnerAudience": "everyone", "AdminAudience": "everyone"}
	maps.Copy(given, parameters)
	deployed, err := template.Deploy("sample", given, map[string]string{
		"SlackSecret": s.slackSecret, "OAuthClientSecret": s.oauthClient, "AccessTokenSecret": s.accessToken,
		"Store": bucket, "Alerts": s.sns.CreateTopic("alerts"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return deployed
}

// refusesNothing fails where a role did not allow what was asked under it.
func (s *stack) refusesNothing(t testing.TB) {
	for _, c := range s.iam.Calls() {
		if !c.Allowed && !s.mayBeRefused {
			t.Errorf("%s was refused %s on %s, statement %q", c.Role, c.Action, c.Resource, c.Sid)
		}
	}
}

// serve lets a system listen.
func (s *stack) serve(t testing.TB, system http.Handler) (address string) {
	server := httptest.NewServer(system)
	t.Cleanup(server.Close)
	s.servers = append(s.servers, server)
	return server.URL
}

// started starts a function of the template as Lambda does, with the addresses
// of what is played in place of those that the template has.
func (s *stack) started(t testing.TB, id, dir string, addresses map[string]string) *awssim.Function {
	t.Helper()
	f := s.template.Functions[id]
	env := maps.Clone(f.Environment)
	for _, more := range []map[string]string{s.loopback, addresses, {
		"AWS_ACCESS_KEY_ID":               awssim.AccessKey(s.template.Roles[f.Role]),
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.Memory),
	}} {
		maps.Copy(env, more)
	}
	return s.start(t, &awssim.Function{Name: f.Name, Bootstrap: bootstrap(t, "crmwho/functions/"+dir), Env: env, Log: s.log, Timeout: f.Timeout, Freeze: true})
}

// connect puts a gateway before users-query.
func (s *stack) connect(t testing.TB) {
	s.gateway = httptest.NewServer(&awssim.Gateway{Function: s.usersQuery, Routes: s.template.Routes})
	t.Cleanup(s.gateway.Close)
}

// coldStart gives users-query a new process, with more in its environment.
func (s *stack) coldStart(t testing.TB, more map[string]string) {
	t.Helper()
	s.lambda.Remove(s.usersQuery)
	env := maps.Clone(s.usersQuery.Env)
	maps.Copy(env, more)
	s.usersQuery = s.start(t, twin(s.usersQuery, env))
	s.connect(t)
}

// twin is a process like f, with its own environment and not yet started.
func twin(f *awssim.Function, env map[string]string) *awssim.Function {
	return &awssim.Function{Name: f.Name, Bootstrap: f.Bootstrap, Env: env, Log: f.Log, Timeout: f.Timeout, Freeze: f.Freeze}
}

func (s *stack) start(t testing.TB, f *awssim.Function) *awssim.Function {
	t.Helper()
	s.processes = append(s.processes, f)
	start(t, f)
	s.lambda.Add(f)
	return f
}

func start(t testing.TB, f *awssim.Function) *awssim.Function {
	t.Helper()
	t.Cleanup(f.Stop)
	if err := f.Start(t.Context()); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return f
}

// built are the bootstraps of this run, by package.
var built = struct {
	sync.Mutex
	dir   string
	paths map[string]string
}{paths: map[string]string{}}

func TestMain(m *testing.M) {
	var err error
	if built.dir, err = os.MkdirTemp("", "bootstraps"); err != nil {
		panic(err)
	}
	status := m.Run()
	_ = os.RemoveAll(built.dir)
	os.Exit(status)
}

// bootstrap builds a function, once.
func bootstrap(t testing.TB, pkg string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[pkg]; ok {
		return path
	}
	look(t)
	path, err := awssim.Build(t.Context(), pkg, filepath.Join(built.dir, filepath.Base(pkg)))
	if err != nil {
		t.Fatal(err)
	}
	built.paths[pkg] = path
	return path
}

// look looks at what the bootstraps are built from, for the test cache: another
// process reads it.
func look(t testing.TB) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err == nil && (filepath.Ext(path) == ".go" || filepath.Base(path) == "go.mod") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// setUp fills the secrets that an operator fills.
func (s *stack) setUp() {
	s.secrets.Put(s.slackSecret, `{"signing_secrets":["`+s.slack.SigningSecret+`"],"bot_token":"`+s.slack.BotToken+`"}`)
	s.secrets.Put(s.oauthClient, `{"client_id":"`+s.zoho.ClientID+`","client_secret":"`+s.zoho.ClientSecret+`","refresh_token":"`+s.zoho.RefreshToken+`"}`)
}

// ask types a command in Slack and gives the answer's text.
func (s *stack) ask(t testing.TB, command, words string) string {
	t.Helper()
	answer, err := s.slack.Ask(t.Context(), s.gateway.URL+"/slack/commands", command, words)
	if err != nil {
		t.Fatal(err)
	}
	return text(t, answer)
}

func text(t testing.TB, message []byte) string {
	t.Helper()
	var m struct {
		Text   string            `json:"text"`
		Blocks []json.RawMessage `json:"blocks"`
	}
	if err := json.Unmarshal(message, &m); err != nil || m.Text == "" || len(m.Blocks) == 0 {
		t.Fatalf("not a message: %v %s", err, message)
	}
	return m.Text
}

// refresh invokes token-refresh with one of the sample events.
func (s *stack) refresh(t testing.TB, file string) (exchanged bool, err error) {
	t.Helper()
	reply, err := s.tokenRefresh.Invoke(t.Context(), event(t, file))
	var report struct {
		Exchanged bool `json:"exchanged"`
	}
	if err == nil {
		if err := json.Unmarshal(reply, &report); err != nil {
			t.Fatal(err)
		}
	}
	return report.Exchanged, err
}

// refreshFails invokes it as refresh does, and gives why there was no token.
func (s *stack) refreshFails(t testing.TB, file string) (why string) {
	t.Helper()
	reply, err := s.tokenRefresh.Invoke(t.Context(), event(t, file))
	var report struct {
		Error string `json:"error"`
	}
	if err := errors.Join(err, json.Unmarshal(reply, &report)); err != nil {
		t.Fatal(err)
	}
	return report.Error
}

// synced is what the job directory-sync answers.
type synced struct {
	How    string `json:"how"`
	Why    string `json:"why"`
	People int    `json:"people"`
}

// sync invokes users-query with one of the sample events.
func (s *stack) sync(t testing.TB, file string) (done synced) {
	t.Helper()
	reply, err := s.usersQuery.Invoke(t.Context(), event(t, file))
	if err == nil {
		err = json.Unmarshal(reply, &done)
	}
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func event(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../events/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (s *stack) storedToken(t *testing.T) string {
	t.Helper()
	var value struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(s.secrets.Value(s.accessToken)), &value); err != nil {
		t.Fatal(err)
	}
	return value.AccessToken
}

func TestFromAnEmptyStackToTheAnswer(t *testing.T) {
	s := deploy(t)

	if _, err := s.slack.Ask(t.Context(), s.gateway.URL+"/slack/commands", "/crmuser", "kim"); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a signing secret: got %v, want HTTP 401", err)
	}
	if why := s.refreshFails(t, "token-refresh.json"); !strings.Contains(why, "not set up") {
		t.Errorf("token-refresh without a client: got %s", why)
	}

	s.setUp()
	if got := s.ask(t, "/crmuser", "kim"); !strings.Contains(got, "not connected to Zoho CRM yet") {
		t.Errorf("without a token: got %q", got)
	}
	if exchanged, err := s.refresh(t, "token-refresh.json"); !exchanged || err != nil {
		t.Fatalf("first refresh: exchanged %v, %v", exchanged, err)
	}
	token := s.storedToken(t)

	if got, want := s.ask(t, "/crmuser", "kim"), "Invitation pending: Kim, Sales Representative. E-mail: kim@gmail.com."; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q…", got, want)
	}
	if got, want := s.ask(t, "/crmadmins", ""), "1 admin in Zoho CRM (1 active, none flagged): Patricia Boyle (CEO, active, patricia.a+us@zohotest.com, Administrator profile)."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	used := 0
	for _, call := range s.zoho.Calls() {
		if strings.HasPrefix(call.Request, "GET /crm/") {
			used++
			if call.AccessToken != token {
				t.Errorf("%s: with a token other than the stored one", call.Request)
			}
		}
	}
	if used != 2 {
		t.Errorf("got %d calls of the CRM, want 2: everybody, and who of them is an administrator", used)
	}
	if told := s.told(); !strings.Contains(told, `"command":"/crmadmins","way":"command","route":"inline","outcome":"people","people":1`) {
		t.Errorf("no line about the answer: %s", told)
	}
	s.tellsNothing(t, token, s.zoho.ClientID, s.zoho.ClientSecret, s.zoho.RefreshToken, s.slack.SigningSecret, "Kim", "kim", "Patricia", "zohotest", "U0SAMPLE", "sample-verification-token")
}

// TestAnOrganisationOfManyPages is read whole, with several calls at once, and
// nothing that is personal in it reaches the log.
func TestAnOrganisationOfManyPages(t *testing.T) {
	organisation, canaries := zohosim.Canary(1100)
	s := deployOver(t, zohosim.New(zohosim.Config{Organisation: &organisation}))
	s.setUp()
	if _, err := s.refresh(t, "token-refresh.json"); err != nil {
		t.Fatal(err)
	}
	var last struct {
		Email string `json:"email"`
	}
	if err := json.Unmarshal(organisation.Users[1099], &last); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(t, "/crmuser", last.Email); !strings.Contains(got, "E-mail: "+last.Email+".") {
		t.Errorf("got %q, want the card of the last user", got)
	}
	s.ask(t, "/crmadmins", "")
	if pages, busiest := s.zoho.Count(zohosim.UsersCall), s.zoho.Busiest(); pages != 6+1 || busiest > 4 {
		t.Errorf("%d pages, %d calls at once", pages, busiest)
	}
	s.tellsNothing(t, canaries...)
}

// told ends the functions and gives all that they have logged. Until a process
// has ended, what it printed may still be under way, later than its answers.
func (s *stack) told() string {
	for _, f := range s.processes {
		f.Stop()
	}
	return s.log.String()
}

// tellsNothing ends the functions, and fails when a word stands in what they
// have logged.
func (s *stack) tellsNothing(t *testing.T, words ...string) {
	t.Helper()
	told := s.told()
	for _, word := range words {
		if strings.Contains(told, word) {
			t.Errorf("the log tells %q:\n%s", word, told)
		}
	}
}

func TestTokenIsExchangedWhenDueOrForced(t *testing.T) {
	s := deploy(t)
	s.setUp()
	for _, step := range []struct {
		file string
		want bool
	}{{"token-refresh.json", true}, {"token-refresh.json", false}, {"token-refresh-force.json", true}} {
		before := s.secrets.Value(s.accessToken)
		exchanged, err := s.refresh(t, step.file)
		if err != nil || exchanged != step.want || (s.secrets.Value(s.accessToken) != before) != step.want {
			t.Errorf("%s: exchanged %v, %v; want %v", step.file, exchanged, err, step.want)
		}
	}
}

func TestARefusedGrantKeepsTheToken(t *testing.T) {
	s := deploy(t)
	s.setUp()
	if _, err := s.refresh(t, "token-refresh.json"); err != nil {
		t.Fatal(err)
	}
	before := s.storedToken(t)
	s.secrets.Put(s.oauthClient, `{"client_id":"`+s.zoho.ClientID+`","client_secret":"`+s.zoho.ClientSecret+`","refresh_token":"revoked-grant"}`)
	if why := s.refreshFails(t, "token-refresh-force.json"); why == "" {
		t.Error("the exchange succeeded")
	}
	if after := s.storedToken(t); after != before {
		t.Error("the stored token was replaced")
	}
	s.tellsNothing(t, "revoked-grant")
}

// TestSampleEvents hands the function the events that sam local invoke takes,
// signed now.
func TestSampleEvents(t *testing.T) {
	s := deploy(t)
	s.setUp()
	if _, err := s.refresh(t, "token-refresh.json"); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"crmuser.json":   "Kim, Sales Representative",
		"crmowner.json":  "4 records match “gentest”: Gentest Industries (account), owned by Patricia Boyle",
		"crmadmins.json": "1 admin in Zoho CRM (1 active, none flagged): Patricia Boyle",
		"crmstatus.json": "Version: development.",
	}
	files, err := os.ReadDir("../events")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range files {
		file := entry.Name()
		if strings.HasPrefix(file, "directory-sync") {
			if done := s.sync(t, file); done.People != 15 || (done.How == "full read") != strings.Contains(file, "all") {
				t.Errorf("%s: got %+v", file, done)
			}
			continue
		}
		if strings.HasPrefix(file, "token-refresh") {
			if exchanged, err := s.refresh(t, file); err != nil || exchanged != strings.Contains(file, "force") {
				t.Errorf("%s: exchanged %v, %v", file, exchanged, err)
			}
			continue
		}
		if file == "admin-audit.json" {
			continue // this stack has no channel for audits
		}
		want, known := answers[file]
		if !known {
			t.Errorf("%s: no test knows its answer", file)
		}
		reply, err := s.usersQuery.Invoke(t.Context(), s.signed(t, event(t, file)))
		var response struct {
			StatusCode int
			Body       string
		}
		if err != nil || json.Unmarshal(reply, &response) != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, %v", file, reply, err)
			continue
		}
		if got := text(t, []byte(response.Body)); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", file, got, want)
		}
	}
}

// signed replaces an event's signature by one of now.
func (s *stack) signed(t *testing.T, data []byte) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	body, err := base64.StdEncoding.DecodeString(event["body"].(string))
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	s.slack.Sign(header, body, time.Now())
	for name := range header {
		event["headers"].(map[string]any)[strings.ToLower(name)] = header.Get(name)
	}
	data, err = json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAnUnknownPayloadFailsAndTheFunctionGoesOn(t *testing.T) {
	s := deploy(t)
	s.setUp()
	for _, payload := range []string{`{}`, `[]`, `{"version":"1.0"}`, `{"job":"unheard-of"}`} {
		if _, err := s.usersQuery.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("%s: was accepted", payload)
		}
	}
	if got := s.ask(t, "/crmuser", "help"); !strings.HasPrefix(got, "/crmuser:") {
		t.Errorf("got %q", got)
	}
}

func TestAFunctionWithoutSettingsNamesThemAll(t *testing.T) {
	for name, want := range map[string][]string{
		"users-query":   {"CRMWHO_SLACK_SECRET_ID", "CRMWHO_ACCESS_TOKEN_SECRET_ID", "CRMWHO_STORE_BUCKET", "CRMWHO_TOKEN_REFRESH_FUNCTION", "CRMWHO_SLACK_TEAMS", "CRMWHO_OWNER_AUDIENCE", "CRMWHO_ADMIN_AUDIENCE"},
		"token-refresh": {"CRMWHO_OAUTH_CLIENT_SECRET_ID", "CRMWHO_ACCESS_TOKEN_SECRET_ID", "CRMWHO_ZOHO_ACCOUNTS_URL", "CRMWHO_ALERT_TOPIC", "CRMWHO_SETUP"},
	} {
		log := &logBuffer{}
		f := &awssim.Function{Name: name, Bootstrap: bootstrap(t, "crmwho/functions/"+name), Log: log}
		t.Cleanup(f.Stop)
		if err := f.Start(t.Context()); err == nil {
			t.Errorf("%s: started", name)
		}
		for _, setting := range want {
			if !strings.Contains(log.String(), setting+" is not set") {
				t.Errorf("%s: %s is not named in %q", name, setting, log)
			}
		}
	}
}
