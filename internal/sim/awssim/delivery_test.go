package awssim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/awssim"
)

// plan is the template of testdata with its schedule and its function, which
// answers with its payload.
type plan struct {
	*awssim.Deployed
	awssim.Delivery
	daily awssim.DeployedSchedule
}

func newPlan(t *testing.T) *plan {
	t.Helper()
	p := &plan{Deployed: deploy(t, red, nil)}
	p.daily = p.Schedules["Daily"]
	p.IAM, p.Delivery.Roles = &awssim.IAM{}, p.Deployed.Roles
	for _, role := range p.Deployed.Roles {
		p.IAM.Give(role)
	}
	p.Queues = &awssim.SQS{IAM: p.IAM}
	p.Lambda = &awssim.Lambda{Configs: map[string]awssim.Config{"sample-worker": p.Functions["Worker"].Config}, Queues: p.Queues}
	t.Cleanup(p.Lambda.Close)
	f := function(t, &awssim.Function{Name: "sample-worker", Timeout: time.Minute})
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Lambda.Add(f)
	return p
}

// forbid takes all from a role.
func (p *plan) forbid(id string) {
	role := p.Deployed.Roles[id]
	role.Statements = nil
	p.IAM.Give(role)
}

func (p *plan) wait(t *testing.T) {
	t.Helper()
	if err := p.Lambda.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var eight = time.Date(2026, time.November, 30, 9, 0, 0, 0, time.FixedZone("", 3600))

// TestAScheduleRuns with the time for which it was planned; each attempt has an id
// of its own.
func TestAScheduleRuns(t *testing.T) {
	p := newPlan(t)
	for range 2 {
		if err := p.Run(p.daily, eight); err != nil {
			t.Fatal(err)
		}
	}
	p.wait(t)
	runs := map[string]bool{}
	for _, i := range p.Lambda.Invocations() {
		var payload struct{ At, Run string }
		if err := json.Unmarshal(i.Payload, &payload); err != nil || i.Type != awssim.Event || payload.At != "2026-11-30T08:00:00Z" {
			t.Errorf("got %s %s, %v", i.Type, i.Payload, err)
		}
		runs[payload.Run] = true
	}
	if len(runs) != 2 || runs["<aws.scheduler.execution-id>"] {
		t.Errorf("got runs %v", runs)
	}
	if calls := p.IAM.Calls(); len(calls) != 2 || calls[0].Role != p.Deployed.Roles["ScheduleRole"].ARN || calls[0].Sid != "Worker" {
		t.Errorf("got %+v", calls)
	}
}

// TestAScheduleThatCannotRun is tried as often as it says, and then told to its
// dead letters, if it may.
func TestAScheduleThatCannotRun(t *testing.T) {
	for name, test := range map[string]struct {
		spoil   func(*plan)
		letters int
		calls   string // that were allowed
	}{
		"throttled":         {func(p *plan) { p.Lambda.AddFault(awssim.Fault{Status: http.StatusTooManyRequests}) }, 1, "Worker Worker Dead"},
		"throttled at once": {func(p *plan) { p.Lambda.AddFault(awssim.Fault{Status: http.StatusTooManyRequests, Times: 1}) }, 0, "Worker Worker"},
		"no such function":  {func(p *plan) { p.daily.Function = "sample-gone" }, 1, "Dead"},
		"no rights":         {func(p *plan) { p.forbid("ScheduleRole") }, 0, ""},
		"no dead letters": {func(p *plan) {
			p.daily.DeadLetters = ""
			p.Lambda.AddFault(awssim.Fault{Status: http.StatusTooManyRequests})
		}, 0, "Worker Worker"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlan(t)
			letters := p.daily.DeadLetters
			test.spoil(p)
			err := p.Run(p.daily, eight)
			if done := name == "throttled at once"; errors.Is(err, awssim.ErrUndelivered) == done || (err == nil) != done {
				t.Errorf("got %v", err)
			}
			p.wait(t)
			got := p.Queues.Messages(letters)
			if len(got) != test.letters || test.letters > 0 && !strings.HasPrefix(got[0], `{"at":"2026-11-30T08:00:00Z"`) {
				t.Errorf("got dead letters %q", got)
			}
			if calls := sids(p.IAM.Calls()); calls != test.calls {
				t.Errorf("got calls %s, want %s", calls, test.calls)
			}
		})
	}
	p := newPlan(t)
	p.daily.Enabled = false
	if err := p.Run(p.daily, eight); err == nil || errors.Is(err, awssim.ErrUndelivered) || p.Lambda.Invocations() != nil {
		t.Errorf("disabled: got %v", err)
	}
}

// sids are the statements that allowed calls.
func sids(calls []awssim.Call) string {
	var all []string
	for _, c := range calls {
		if c.Allowed {
			all = append(all, c.Sid)
		}
	}
	return strings.Join(all, " ")
}

// TestAnInvocationThatFails is repeated as often as its function says, and then
// told to the on-failure destination under the function's role, if that may.
func TestAnInvocationThatFails(t *testing.T) {
	p := newPlan(t)
	p.daily.Input = `{"do":"fail"}`
	run := func() {
		t.Helper()
		if err := p.Run(p.daily, eight); err != nil {
			t.Fatal(err)
		}
		p.wait(t)
	}
	run()
	queue := p.Functions["Worker"].Config.OnFailure
	told := p.Queues.Messages(queue)
	var record struct {
		RequestContext struct {
			Condition              string
			ApproximateInvokeCount int
		}
		RequestPayload  struct{ Do string }
		ResponsePayload struct{ ErrorMessage string }
	}
	if len(told) != 1 || json.Unmarshal([]byte(told[0]), &record) != nil || record.RequestContext.Condition != "RetriesExhausted" ||
		record.RequestContext.ApproximateInvokeCount != 2 || record.RequestPayload.Do != "fail" || record.ResponsePayload.ErrorMessage != "as asked" {
		t.Errorf("got %q", told)
	}
	if last := p.IAM.Calls()[1]; last.Role != p.Deployed.Roles["WorkerRole"].ARN || last.Sid != "Failed" || last.Resource != queue {
		t.Errorf("got %+v", last)
	}
	p.forbid("WorkerRole")
	run()
	refused := slices.ContainsFunc(p.IAM.Calls(), func(c awssim.Call) bool { return c.Action == "sqs:SendMessage" && !c.Allowed })
	if len(p.Queues.Messages(queue)) != 1 || len(p.Lambda.Failed()) != 2 || !refused {
		t.Errorf("got %q, %v", p.Queues.Messages(queue), p.IAM.Calls())
	}
}

// TestLambdaWritesLogs under the function's role, to a stream for each environment.
func TestLambdaWritesLogs(t *testing.T) {
	d, iam := deploy(t, red, nil), &awssim.IAM{}
	l := &awssim.Lambda{IAM: iam, Configs: map[string]awssim.Config{"sample-worker": d.Functions["Worker"].Config}}
	defer l.Close()
	l.Add(&awssim.Function{Name: "sample-worker"})
	l.Add(&awssim.Function{Name: "another"})
	var actions []string
	for _, c := range iam.Calls() {
		if actions = append(actions, c.Action); c.Role != d.Roles["WorkerRole"].ARN || !strings.HasPrefix(c.Resource, d.Functions["Worker"].Config.LogGroup+":log-stream:") {
			t.Errorf("got %+v", c)
		}
	}
	if !slices.Equal(actions, []string{"logs:CreateLogStream", "logs:PutLogEvents"}) {
		t.Errorf("got %q", actions)
	}
}
