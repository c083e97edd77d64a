package awssim

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// SQS plays the queues that other services of AWS's write to. It needs an IAM
// and is safe for concurrent use. Every queue exists.
type SQS struct {
	IAM *IAM // who may write

	mu       sync.Mutex
	messages map[string][]string // by the queue's ARN
}

// Send writes a message under the role with an ARN, if it may.
func (q *SQS) Send(role, queue, message string) error {
	if c := q.IAM.allow(Call{Role: role, Action: "sqs:SendMessage", Resource: queue}); !c.Allowed {
		return errors.New(c.refusal())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.messages == nil {
		q.messages = map[string][]string{}
	}
	q.messages[queue] = append(q.messages[queue], message)
	return nil
}

// Messages lists what was written to the queue with an ARN.
func (q *SQS) Messages(queue string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.messages[queue])
}

// Delivery plays EventBridge Scheduler when it is time: it invokes functions
// asynchronously, under the schedules' roles. It is safe for concurrent use; its
// fields are not changed.
// Source: AWS's EventBridge Scheduler user guide, "Adding context attributes";
// "Configuring a dead-letter queue".
type Delivery struct {
	IAM    *IAM
	Lambda *Lambda
	Queues *SQS
	Roles  map[string]DeployedRole // by logical id
}

// ErrUndelivered is a run that could not be started.
var ErrUndelivered = errors.New("undelivered")

// Run starts a schedule's run of a time, and returns when the function's queue
// has it. What the queue does not take is tried again at once, as often as the
// schedule says, and then given to the schedule's dead letters: that is an
// ErrUndelivered. It may run twice, as AWS promises once at least: who wants that
// calls twice.
func (d *Delivery) Run(s DeployedSchedule, at time.Time) error {
	if !s.Enabled {
		return fmt.Errorf("the schedule %s is disabled", s.Name)
	}
	role := d.Roles[s.Role].ARN
	var payload string
	var err error
	for range s.MaxRetries + 1 {
		payload = s.payload(at)
		if err = d.invoke(role, s.Function, payload); err == nil {
			return nil
		}
	}
	err = fmt.Errorf("%w: %w", ErrUndelivered, err)
	if s.DeadLetters != "" {
		err = errors.Join(err, d.Queues.Send(role, s.DeadLetters, payload))
	}
	return err
}

func (d *Delivery) invoke(role, function, payload string) error {
	if c := d.IAM.allow(Call{Role: role, Action: "lambda:InvokeFunction", Resource: functionARN(function)}); !c.Allowed {
		return errors.New(c.refusal())
	}
	return d.Lambda.invokeEvent(function, []byte(payload))
}

// payload is the input of an attempt, whose id is its own.
func (s DeployedSchedule) payload(at time.Time) string {
	return strings.NewReplacer(
		"<aws.scheduler.scheduled-time>", at.UTC().Format(time.RFC3339),
		"<aws.scheduler.execution-id>", rand.Text(),
	).Replace(s.Input)
}
