package functions_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
)

// inUse deploys a stack and does with it all that it is for, the bad days
// included.
func inUse(t *testing.T) *stack {
	t.Helper()
	s := deployAs(t, zohosim.New(zohosim.Config{}), map[string]string{"AuditChannel": slacksim.Channel, "NoticeChannel": slacksim.Channel})
	s.slack.Channels = []string{slacksim.Channel}
	s.setUp()
	s.scheduled(t, "Schedule", time.Now())
	s.answersLate(t)
	s.scheduled(t, "DirectorySync", time.Now())
	s.says(t, "/crmuser", "kim", "Invitation pending: Kim")
	s.says(t, "/crmowner", "gentest", "4 records match “gentest”")
	s.auditsAndSigns(t)
	s.losesItsToken(t)
	s.failsJobs(t)
	s.losesItsGrant(t)
	return s
}

// scheduled lets a schedule of the template come to its time, and waits for
// what it starts.
func (s *stack) scheduled(t *testing.T, name string, at time.Time) {
	t.Helper()
	if err := s.scheduler.Run(s.template.Schedules[name], at); err != nil {
		t.Fatal(err)
	}
	s.idle(t)
}

func (s *stack) says(t *testing.T, command, words, want string) {
	t.Helper()
	says(t, s.typed(t, command, words), want)
}

func (s *stack) answersLate(t *testing.T) {
	t.Helper()
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, Times: 1})
	_, responseURL := s.asked(t, "/crmuser", "lee")
	if got := s.later(t, responseURL); !strings.HasPrefix(got, "Invitation pending: Lee") {
		t.Errorf("got %q", got)
	}
	s.idle(t)
}

// auditsAndSigns audits, signs, and lets a sync look after what was signed.
func (s *stack) auditsAndSigns(t *testing.T) {
	t.Helper()
	s.scheduled(t, "AdminAudit", monday)
	s.typed(t, "/crmadmins", "history")
	posts := s.posted()
	if len(posts) != 1 {
		t.Fatalf("got %d posts, log %s", len(posts), s.told())
	}
	s.press(t, posts[0].Body, "Acknowledge")
	s.scheduled(t, "DirectorySync", time.Now())
}

// monday is when a schedule's audit is due.
var monday = time.Date(2026, time.November, 30, 8, 0, 0, 0, time.UTC)

// losesItsToken: Zoho refuses it, somebody spoils the secret, and Zoho sends
// a new grant with the next.
func (s *stack) losesItsToken(t *testing.T) {
	t.Helper()
	before := s.storedToken(t)
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	s.zoho.ExpireTokens()
	s.ask(t, "/crmuser", "lee")
	s.idle(t)
	if s.storedToken(t) == before {
		t.Errorf("the token was not exchanged, log %s", s.told())
	}
	s.secrets.Put(s.accessToken, "{}")
	s.scheduled(t, "Schedule", time.Now())
	s.storedToken(t)
	s.renewsGrants(t)
}

// renewsGrants lets Zoho send another refresh token with an access token, which
// it is not known to do.
func (s *stack) renewsGrants(t *testing.T) {
	t.Helper()
	to, err := url.Parse(s.accountsURL)
	if err != nil {
		t.Fatal(err)
	}
	zoho := httputil.NewSingleHostReverseProxy(to)
	zoho.ModifyResponse = func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		body = bytes.Replace(body, []byte(`{`), []byte(`{"refresh_token":"another-grant",`), 1)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Del("Content-Length")
		return err
	}
	f := twin(s.tokenRefresh, s.tokenRefresh.Env)
	f.Env["CRMWHO_ZOHO_ACCOUNTS_URL"] = s.serve(t, zoho)
	s.processes = append(s.processes, start(t, f))
	if _, err := f.Invoke(t.Context(), event(t, "token-refresh-force.json")); err != nil {
		t.Error(err)
	}
	f.Env["CRMWHO_ZOHO_ACCOUNTS_URL"] = s.accountsURL
	if !strings.Contains(s.secrets.Value(s.oauthClient), "another-grant") {
		t.Errorf("the grant was not kept, log %s", s.told())
	}
	s.setUp()
}

// failsJobs lets a job of each function fail as often as it is tried, and a run
// of a schedule come to nobody.
func (s *stack) failsJobs(t *testing.T) {
	t.Helper()
	s.secrets.Fail("GetSecretValue", 3) // as often as the SDK tries
	s.scheduled(t, "Schedule", time.Now())
	s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.NoAPIAccess})
	s.scheduled(t, "AdminAudit", monday.AddDate(0, 0, 7))
	s.zoho.ClearFaults()
	s.lambda.AddFault(awssim.Fault{Status: http.StatusTooManyRequests})
	for name, schedule := range s.template.Schedules {
		if err := s.scheduler.Run(schedule, monday); !errors.Is(err, awssim.ErrUndelivered) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s.lambda.ClearFaults()
}

func (s *stack) losesItsGrant(t *testing.T) {
	t.Helper()
	s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
	s.refreshFails(t, "token-refresh-force.json")
	s.publishes(t, 1)
	s.zoho.ClearFaults()
	s.scheduled(t, "DirectorySync", time.Now())
}

// TestInUse looks at what a stack has done that was used for everything.
func TestInUse(t *testing.T) {
	s := inUse(t)
	t.Run("every right is used and none is missing", s.needsItsRights)
	t.Run("the memory is enough", s.fitsItsMemory)
	if t.Failed() {
		t.Logf("log %s", s.told())
	}
}

// needsItsRights fails unless the statements of the template allow all that
// both functions, Lambda and the schedules have done, and each of their actions
// on each of their resources was needed for that.
func (s *stack) needsItsRights(t *testing.T) {
	s.refusesNothing(t)
	for id, role := range s.template.Roles {
		for _, n := range narrowed(role.Statements) {
			needed := slices.ContainsFunc(s.iam.Calls(), func(c awssim.Call) bool {
				if c.Role != role.ARN {
					return false
				}
				_, allowed := awssim.Decide(n.rest, c)
				return !allowed
			})
			if !needed {
				t.Errorf("%s: nothing needs %s on %s", id, n.action, n.resource)
			}
		}
	}
}

// narrow is a policy that does not say of one of its statements that an action
// is for a resource.
type narrow struct {
	action, resource string
	rest             []awssim.Statement
}

// narrowed are a policy's statements without one action on one resource each.
func narrowed(statements []awssim.Statement) (all []narrow) {
	for i, s := range statements {
		for a, action := range s.Action {
			for r, resource := range s.Resource {
				otherActions, otherResources := s, s
				otherActions.Action = slices.Delete(slices.Clone(s.Action), a, a+1)
				otherResources.Resource = slices.Delete(slices.Clone(s.Resource), r, r+1)
				all = append(all, narrow{action, resource, slices.Replace(slices.Clone(statements), i, i+1, otherActions, otherResources)})
			}
		}
	}
	return all
}

// onPaper is a stack of which nothing runs.
func onPaper() *stack {
	s := &stack{sns: &awssim.SNS{}, secrets: &awssim.SecretsManager{}}
	s.slackSecret, s.oauthClient, s.accessToken = s.secrets.Create("slack"), s.secrets.Create("oauth-client"), s.secrets.Create("access-token")
	return s
}

// TestRightsAreNarrow: they name actions and resources, and the roles have in
// common what both need.
func TestRightsAreNarrow(t *testing.T) {
	s := onPaper()
	template := s.deployed(t, nil)
	holders := map[string]int{}
	for id, role := range template.Roles {
		for _, statement := range role.Statements {
			if statement.Sid == "" || statement.Effect != "Allow" || strings.ContainsAny(strings.Join(statement.Action, ""), "*?") {
				t.Errorf("%s: %+v", id, statement)
			}
			for _, resource := range statement.Resource {
				if !narrowARN.MatchString(resource) {
					t.Errorf("%s, %s: the resource %s is wide", id, statement.Sid, resource)
				}
				for _, action := range statement.Action {
					holders[action+" "+resource]++
				}
			}
		}
	}
	maps.DeleteFunc(holders, func(_ string, n int) bool { return n == 1 })
	arn := func(name string) string { return "arn:aws:lambda:" + awssim.Region + ":123456789012:function:" + name }
	want := map[string]int{
		"secretsmanager:GetSecretValue " + s.accessToken:                        2, // one writes it, one reads it
		"sqs:SendMessage " + template.Functions["UsersQuery"].Config.OnFailure:  2, // both have jobs that fail
		"lambda:InvokeFunction " + arn(template.Functions["UsersQuery"].Name):   2, // the schedules, and itself
		"lambda:InvokeFunction " + arn(template.Functions["TokenRefresh"].Name): 2, // the schedule, and users-query
	}
	if !maps.Equal(holders, want) {
		t.Errorf("several roles may do %v, want %v", holders, want)
	}
}

// TestWhatAnotherStackLeft is used under the same rights as what is new.
func TestWhatAnotherStackLeft(t *testing.T) {
	s := onPaper()
	own := s.deployed(t, nil)
	kept := s.deployed(t, map[string]string{
		"KeptSlackSecret": s.slackSecret, "KeptOAuthClientSecret": s.oauthClient, "KeptStore": bucket, "AlertTopic": s.sns.CreateTopic("alerts"),
	})
	if !reflect.DeepEqual(kept.Roles, own.Roles) || !reflect.DeepEqual(kept.Functions, own.Functions) {
		t.Errorf("got %+v, %+v, want %+v, %+v", kept.Roles, kept.Functions, own.Roles, own.Functions)
	}
	if kept.BucketPolicies[bucket] != nil {
		t.Error("a bucket that another stack left, with its policy, gets a second one")
	}
}

// narrowARN is that of one resource, of a log group's streams, or of what a
// bucket has under a prefix.
var narrowARN = regexp.MustCompile(`^arn:aws:(s3:::[a-z0-9.-]+(/[a-z-]+/\*)?|logs:[^*?]+:\*|[a-z]+:[^*?]+)$`)

// without takes an action on one resource from a role: on the one that has a
// word in its ARN.
func (s *stack) without(t *testing.T, role, action, word string) {
	t.Helper()
	r := s.template.Roles[role]
	found := 0
	for _, n := range narrowed(r.Statements) {
		if n.action == action && strings.Contains(n.resource, word) {
			r.Statements = n.rest
			found++
		}
	}
	if found != 1 {
		t.Fatalf("%s: %d rights are %s on what has %q in its ARN", role, found, action, word)
	}
	s.iam.Give(r)
}

// TestWithoutARight AWS refuses, and what needs it fails in a way that says so.
// The tests of the rest of what a function does are elsewhere.
func TestWithoutARight(t *testing.T) {
	type run = func(t *testing.T, s *stack)
	syncFails := func(with string) run {
		return func(t *testing.T, s *stack) {
			s.says(t, "/crmuser", "kim", "Invitation pending: Kim")
			_, err := s.usersQuery.Invoke(t.Context(), event(t, "directory-sync.json"))
			if err == nil || !strings.Contains(err.Error(), with) {
				t.Errorf("got %v, want %q in it", err, with)
			}
		}
	}
	refreshFails := func(t *testing.T, s *stack) {
		before := s.zoho.Count(zohosim.TokenCall)
		exchanged, err := s.refresh(t, "token-refresh-force.json")
		if err == nil || !strings.Contains(err.Error(), "AccessDeniedException") || exchanged || s.zoho.Count(zohosim.TokenCall) != before {
			t.Errorf("exchanged %v, %v; %d exchanges", exchanged, err, s.zoho.Count(zohosim.TokenCall)-before)
		}
	}
	for _, test := range []struct {
		role, action, word string
		run                run
	}{
		{"UsersQueryRole", "secretsmanager:GetSecretValue", ":slack-", func(t *testing.T, s *stack) {
			if _, err := s.slack.Ask(t.Context(), s.gateway.URL+"/slack/commands", "/crmuser", "kim"); err == nil || !strings.Contains(err.Error(), "401") {
				t.Errorf("got %v, want HTTP 401", err)
			}
			if told := s.told(); !strings.Contains(told, "AccessDeniedException") {
				t.Errorf("log %s", told)
			}
		}},
		{"UsersQueryRole", "secretsmanager:GetSecretValue", ":access-token-", func(t *testing.T, s *stack) {
			if got, _ := s.asked(t, "/crmuser", "kim"); !strings.HasPrefix(got, "Something went wrong while I asked Zoho CRM.") {
				t.Errorf("got %q", got)
			}
			if told := s.told(); !strings.Contains(told, "read secret: AWS answered 400 AccessDeniedException") {
				t.Errorf("log %s", told)
			}
		}},
		{"UsersQueryRole", "s3:ListBucket", "", func(t *testing.T, s *stack) {
			_, err := s.usersQuery.Invoke(t.Context(), event(t, "directory-sync.json"))
			if told := s.told(); err != nil || !strings.Contains(told, "s3:ListBucket is missing: AWS answered 403 AccessDenied") {
				t.Errorf("got %v, log %s", err, told)
			}
		}},
		{"UsersQueryRole", "s3:GetObject", "/directory/", syncFails("AccessDenied")},
		{"UsersQueryRole", "s3:PutObject", "/directory/", syncFails("AWS answered 403 AccessDenied")},
		{"UsersQueryRole", "s3:PutObject", "/answers/", func(t *testing.T, s *stack) {
			s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, Times: 1})
			s.says(t, "/crmuser", "lee", "Looking in Zoho CRM")
			s.idle(t)
			told := s.queues.Messages(s.template.Functions["UsersQuery"].Config.OnFailure)
			if len(told) != 1 || !strings.Contains(told[0], "AWS answered 403 AccessDenied") || len(s.slack.Posts()) != 0 {
				t.Errorf("the queue of failed jobs has %s, %d posts", told, len(s.slack.Posts()))
			}
		}},
		{"UsersQueryRole", "lambda:InvokeFunction", "users-query", func(t *testing.T, s *stack) {
			s.fault(t, zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang})
			s.says(t, "/crmuser", "lee", "Zoho CRM did not answer in time.")
		}},
		{"UsersQueryRole", "lambda:InvokeFunction", "token-refresh", func(t *testing.T, s *stack) {
			before := s.storedToken(t)
			s.zoho.ExpireTokens()
			s.says(t, "/crmuser", "lee", "Zoho CRM does not accept my access any more.")
			if s.idle(t); s.storedToken(t) != before {
				t.Error("the token was exchanged")
			}
		}},
		{"UsersQueryRole", "sqs:SendMessage", "", func(t *testing.T, s *stack) { s.dropsJobs(t, "DirectorySync") }},
		{"TokenRefreshRole", "sqs:SendMessage", "", func(t *testing.T, s *stack) { s.dropsJobs(t, "Schedule") }},
		{"TokenRefreshRole", "secretsmanager:GetSecretValue", ":oauth-client-", refreshFails},
		{"TokenRefreshRole", "secretsmanager:GetSecretValue", ":access-token-", refreshFails},
		{"TokenRefreshRole", "secretsmanager:PutSecretValue", ":access-token-", refreshFails},
		{"TokenRefreshRole", "sns:Publish", "", func(t *testing.T, s *stack) {
			s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
			if why := s.refreshFails(t, "token-refresh-force.json"); !strings.Contains(why, "AuthorizationError") {
				t.Errorf("got %q", why)
			}
		}},
		{"SchedulesRole", "lambda:InvokeFunction", "token-refresh", func(t *testing.T, s *stack) {
			if err := s.scheduler.Run(s.template.Schedules["Schedule"], monday); !errors.Is(err, awssim.ErrUndelivered) || len(s.queues.Messages(s.template.Schedules["Schedule"].DeadLetters)) != 1 {
				t.Errorf("got %v", err)
			}
		}},
		{"SchedulesRole", "sqs:SendMessage", "", func(t *testing.T, s *stack) {
			s.lambda.AddFault(awssim.Fault{Status: http.StatusTooManyRequests})
			err := s.scheduler.Run(s.template.Schedules["Schedule"], monday)
			if !errors.Is(err, awssim.ErrUndelivered) || len(s.queues.Messages(s.template.Schedules["Schedule"].DeadLetters)) != 0 {
				t.Errorf("got %v", err)
			}
		}},
	} {
		t.Run(test.role+" "+test.action+test.word, func(t *testing.T) {
			t.Parallel()
			s := connected(t, zohosim.New(zohosim.Config{}))
			s.mayBeRefused = true
			s.without(t, test.role, test.action, test.word)
			s.coldStart(t, nil)
			test.run(t, s)
			refused := slices.ContainsFunc(s.iam.Calls(), func(c awssim.Call) bool { return !c.Allowed && c.Action == test.action })
			if !refused {
				t.Error("AWS refused nothing")
			}
		})
	}
}

// dropsJobs has every run of a schedule fail, of which nobody is told.
func (s *stack) dropsJobs(t *testing.T, schedule string) {
	t.Helper()
	s.secrets.Fail("GetSecretValue", 1000)
	if err := s.bucket.ForceDeleteBucket(bucket); err != nil {
		t.Fatal(err)
	}
	s.scheduled(t, schedule, monday)
	if failed, told := s.lambda.Failed(), s.queues.Messages(s.template.Functions["UsersQuery"].Config.OnFailure); len(failed) != 1 || len(told) != 0 {
		t.Errorf("failed %s, told %s", failed, told)
	}
}

// TestTheBucketIsGuarded by every statement of its policy, from those who may do
// everything.
func TestTheBucketIsGuarded(t *testing.T) {
	s := onPaper()
	policy := s.deployed(t, nil).BucketPolicies[bucket]
	administrator := awssim.Statement{Sid: "Everything", Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}}
	record := "arn:aws:s3:::" + bucket + "/audit/records/00000001"
	plain, encrypted := map[string]string{"aws:SecureTransport": "false"}, map[string]string{"aws:SecureTransport": "true"}
	forbidden := []awssim.Call{
		{Action: "s3:PutObject", Resource: record, Keys: encrypted},
		{Action: "s3:DeleteObject", Resource: record, Keys: encrypted},
		{Action: "s3:DeleteObjectVersion", Resource: record, Keys: encrypted},
		{Action: "s3:ListBucket", Resource: "arn:aws:s3:::" + bucket, Keys: plain},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::" + bucket + "/directory/snapshot", Keys: plain},
	}
	allowed := func(statements []awssim.Statement) func(awssim.Call) bool {
		return func(c awssim.Call) bool {
			_, yes := awssim.Decide(append(slices.Clone(statements), administrator), c)
			return yes
		}
	}
	if i := slices.IndexFunc(forbidden, allowed(policy)); i >= 0 {
		t.Errorf("%+v is allowed", forbidden[i])
	}
	for _, n := range narrowed(policy) {
		if !slices.ContainsFunc(forbidden, allowed(n.rest)) {
			t.Errorf("without %s on %s nothing more is allowed", n.action, n.resource)
		}
	}
	for _, c := range []awssim.Call{
		{Action: "s3:PutObject", Resource: record, Keys: map[string]string{"aws:SecureTransport": "true", "s3:if-none-match": "*"}},
		{Action: "s3:GetObject", Resource: record, Keys: encrypted},
		{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::" + bucket + "/answers/0a", Keys: encrypted},
	} {
		if !allowed(policy)(c) {
			t.Errorf("%+v is refused", c)
		}
	}
}

// TestUnderTheOthersRole no function can do its work.
func TestUnderTheOthersRole(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.mayBeRefused = true
	s.coldStart(t, map[string]string{"AWS_ACCESS_KEY_ID": s.tokenRefresh.Env["AWS_ACCESS_KEY_ID"]})
	if _, err := s.slack.Ask(t.Context(), s.gateway.URL+"/slack/commands", "/crmuser", "kim"); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("users-query: got %v, want HTTP 401", err)
	}
	if _, err := s.usersQuery.Invoke(t.Context(), event(t, "directory-sync.json")); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("users-query: got %v", err)
	}
	f := twin(s.tokenRefresh, maps.Clone(s.tokenRefresh.Env))
	f.Env["AWS_ACCESS_KEY_ID"] = awssim.AccessKey(s.template.Roles["UsersQueryRole"])
	s.processes = append(s.processes, start(t, f))
	if _, err := f.Invoke(t.Context(), event(t, "token-refresh-force.json")); err == nil || !strings.Contains(err.Error(), "AccessDeniedException") || s.zoho.Count(zohosim.TokenCall) != 1 {
		t.Errorf("token-refresh: got %v", err)
	}
}
