package functions_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"

	"crmwho/internal/audit"
	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store/awsstore"
)

// audited is a stack that audits the documented sample in a channel.
func audited(t *testing.T) *stack {
	t.Helper()
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.slack.Channels = []string{slacksim.Channel}
	s.coldStart(t, map[string]string{"CRMWHO_AUDIT_CHANNEL": slacksim.Channel})
	return s
}

// audit lets the schedule start an audit, as EventBridge Scheduler does.
func (s *stack) audit(t *testing.T, at string) error {
	t.Helper()
	_, err := s.usersQuery.Invoke(t.Context(), fmt.Appendf(nil, `{"job":"admin-audit","scheduled":%q}`, at))
	return err
}

// ledger is what the bucket holds, read by the SDK's own client.
func (s *stack) ledger(t *testing.T) audit.Ledger {
	t.Helper()
	server := httptest.NewServer(gofakes3.New(s.bucket).Server())
	t.Cleanup(server.Close)
	client := s3.New(s3.Options{
		BaseEndpoint: &server.URL, Region: "eu-west-1", UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "sample", SecretAccessKey: "sample"}, nil
		}),
	})
	return audit.Ledger{Store: awsstore.Bucket{Client: client, Name: bucket}}
}

// evidence is all of it, which has to be whole.
func (s *stack) evidence(t *testing.T) audit.Evidence {
	t.Helper()
	e, err := s.ledger(t).Evidence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := e.Verify(); p != nil {
		t.Errorf("the chain is not whole: %v", p)
	}
	return e
}

// posted are the messages of the channel that are none's replies.
func (s *stack) posted() []slacksim.Message {
	return slices.DeleteFunc(s.slack.Messages(slacksim.Channel), func(m slacksim.Message) bool { return m.ThreadTS != "" })
}

// TestAnAuditFromTheScheduleToTheSignature: through Lambda, S3, Zoho and Slack over
// sockets.
func TestAnAuditFromTheScheduleToTheSignature(t *testing.T) {
	s := audited(t)
	const first, second = "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z"
	for _, at := range []string{first, first, second} { // Scheduler delivers at least once
		if at == second {
			if err := s.zoho.PromoteUser("5725767000000583032"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.audit(t, at); err != nil {
			t.Fatalf("%v; log %s", err, s.log)
		}
	}
	posts := s.posted()
	if len(posts) != 2 {
		t.Fatalf("got %d posts", len(posts))
	}
	var files []slacksim.File
	for _, m := range s.slack.Messages(slacksim.Channel) {
		files = append(files, m.Files...)
	}
	records := s.evidence(t).All()
	if len(files) != 2 || len(records) != 2 || !strings.Contains(string(files[1].Data), records[1].Posted.Snapshot) {
		t.Fatalf("got files %+v and records %+v", files, records)
	}
	if since := records[1].Posted.SincePosted; since == nil || since.Added() != 1 || since.Changes[0].ID != "5725767000000583032" {
		t.Errorf("got %+v", since)
	}
	answer := s.press(t, posts[1].Body, "Acknowledge")
	says(t, answer.Body, "You acknowledged")
	tells := func(message []byte, want string) {
		t.Helper()
		if got := textOf(t, message); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	tells(s.posted()[1].Body, "Acknowledged by <@"+slacksim.User+">")
	if records = s.evidence(t).All(); len(records) != 3 || records[2].Signed.Snapshot != records[1].Posted.Snapshot {
		t.Errorf("got %+v", records)
	}
	tells(s.typed(t, "/crmadmins", "history"), "Acknowledged by <@"+slacksim.User+">")
	tells(s.typed(t, "/crmstatus", ""), "Last audit: less than a minute ago; acknowledged")
	s.tellsNothing(t, "Patricia", "patricia.a", slacksim.User)
}

// TestPageTwoFails: no diff, a failure in the channel, and an alarm.
func TestPageTwoFails(t *testing.T) {
	organisation := zohosim.Generate(500, 0)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &organisation}))
	s.slack.Channels = []string{slacksim.Channel}
	s.coldStart(t, map[string]string{"CRMWHO_AUDIT_CHANNEL": slacksim.Channel})
	if err := s.audit(t, "2026-11-23T08:00:00Z"); err != nil {
		t.Fatal(err)
	}
	s.fault(t, zohosim.Fault{Path: "/crm/v7/users", Query: "type=AllUsers&page=2", Kind: zohosim.InternalError})
	if err := s.audit(t, "2026-11-30T08:00:00Z"); err == nil {
		t.Error("no error: nobody is alarmed")
	}
	posts := s.posted()
	if len(posts) != 2 {
		t.Fatalf("got %d posts", len(posts))
	}
	says(t, posts[1].Body, "⚠ No admin audit was made. Zoho CRM cannot be reached right now.")
	if records := s.evidence(t).All(); len(records) != 2 || records[1].Failed == nil || records[1].Posted != nil {
		t.Errorf("got %+v", records)
	}
	if log := s.log.String(); !strings.Contains(log, `"job":"admin-audit","failed":1`) {
		t.Errorf("no metric in the log: %s", log)
	}
}

// TestTwoProcessesAuditAtOnce: one post.
func TestTwoProcessesAuditAtOnce(t *testing.T) {
	s := audited(t)
	other := start(t, twin(s.usersQuery, s.usersQuery.Env))
	s.processes = append(s.processes, other)
	var both sync.WaitGroup
	for _, f := range []*awssim.Function{s.usersQuery, other} {
		both.Go(func() {
			if _, err := f.Invoke(t.Context(), []byte(`{"job":"admin-audit","scheduled":"2026-11-23T08:00:00Z"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if posts, e := s.posted(), s.evidence(t); len(posts) != 1 || len(e.Records) != 1 {
		t.Errorf("got %d posts and %d records", len(posts), len(e.Records))
	}
}
