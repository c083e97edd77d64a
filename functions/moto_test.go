package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"crmwho/internal/sim/awssim"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
)

// TestMoto runs both functions over somebody else's Secrets Manager, S3 and SNS,
// where moto is installed. It lets everybody do everything.
func TestMoto(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	t.Cleanup(cancel)
	url, err := awssim.StartMoto(ctx)
	if errors.Is(err, awssim.ErrNoMoto) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{Region: awssim.Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", "")}
	s := deployAs(t, zohosim.New(zohosim.Config{}), map[string]string{"AuditChannel": slacksim.Channel})
	secrets := secretsmanager.NewFromConfig(cfg)
	s.moveTo(t, cfg)
	t.Run("token-refresh", func(t *testing.T) { s.flowOver(t, secrets) })
	t.Run("users-query", s.answersOver)
	t.Run("a notice", func(t *testing.T) {
		s.fault(t, zohosim.Fault{Path: "/oauth/", Kind: zohosim.InvalidCode})
		if why := s.refreshFails(t, "token-refresh-force.json"); !strings.Contains(why, "invalid_code") || strings.Contains(why, "notice: ") {
			t.Errorf("got %q", why)
		}
	})
	t.Run("one writes, one reads", func(t *testing.T) { writesAndReads(t, awsstore.Secrets{Client: secrets}) })
}

// moveTo makes secrets, bucket and topic elsewhere, the operator's values
// without those of Zoho, and starts both functions anew over them.
func (s *stack) moveTo(t *testing.T, cfg aws.Config) {
	t.Helper()
	secrets, topics, buckets := secretsmanager.NewFromConfig(cfg), sns.NewFromConfig(cfg), s3.NewFromConfig(cfg)
	values := map[string]*string{"oauth-client": nil, "access-token": nil, "slack": aws.String(`{"signing_secrets":["` + s.slack.SigningSecret + `"],"bot_token":"` + s.slack.BotToken + `"}`)}
	for name, value := range values {
		if _, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: value}); err != nil {
			t.Fatal(err)
		}
	}
	topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: awssim.Region}}); err != nil {
		t.Fatal(err)
	}
	moved := map[string]string{"CRMWHO_OAUTH_CLIENT_SECRET_ID": "oauth-client", "CRMWHO_ACCESS_TOKEN_SECRET_ID": "access-token", "CRMWHO_SLACK_SECRET_ID": "slack", "CRMWHO_ALERT_TOPIC": *topic.TopicArn}
	for _, service := range []string{"SECRETS_MANAGER", "S3", "SNS"} {
		moved["AWS_ENDPOINT_URL_"+service] = *cfg.BaseEndpoint
	}
	s.lambda.Remove(s.tokenRefresh)
	maps.Copy(s.tokenRefresh.Env, moved)
	s.tokenRefresh = s.start(t, twin(s.tokenRefresh, s.tokenRefresh.Env))
	s.coldStart(t, moved)
}

// answersOver goes from an answer that Zoho gives to one that the stored list
// gives a new process, and audits.
func (s *stack) answersOver(t *testing.T) {
	s.slack.Channels = []string{slacksim.Channel}
	s.answersLate(t)
	s.says(t, "/crmuser", "kim", "Invitation pending: Kim")
	s.scheduled(t, "DirectorySync", monday)
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1h"})
	before := s.zoho.Count(zohosim.UsersCall)
	if s.says(t, "/crmuser", "kim", "Invitation pending: Kim"); s.zoho.Count(zohosim.UsersCall) != before {
		t.Error("Zoho was asked")
	}
	for range 2 {
		s.scheduled(t, "AdminAudit", monday)
	}
	if posts := s.posted(); len(posts) != 1 {
		t.Fatalf("got %d posts, log %s", len(posts), s.told())
	}
	says(t, s.press(t, s.posted()[0].Body, "Acknowledge").Body, "You acknowledged")
	if failed := s.lambda.Failed(); failed != nil {
		t.Errorf("failed %s", failed)
	}
}

// flowOver goes from empty secrets to a token, and to the one after it.
func (s *stack) flowOver(t *testing.T, secrets *secretsmanager.Client) {
	values := awsstore.Secrets{Client: secrets}
	if why := s.refreshFails(t, "token-refresh.json"); !strings.Contains(why, "crmwho setup --stack sample") {
		t.Errorf("empty: got %q", why)
	}
	c := token.Client{ClientID: s.zoho.ClientID, ClientSecret: s.zoho.ClientSecret, RefreshToken: s.zoho.RefreshToken, AccountsServer: s.accountsURL}
	if err := token.WriteClient(t.Context(), values, "oauth-client", c); err != nil {
		t.Fatal(err)
	}
	read := (&token.Source{Store: values, Name: "access-token"}).Token
	for _, file := range []string{"token-refresh.json", "token-refresh-force.json"} {
		if exchanged, err := s.refresh(t, file); !exchanged || err != nil {
			t.Fatalf("%s: exchanged %v, %v", file, exchanged, err)
		}
		if exchanged, err := s.refresh(t, "token-refresh.json"); exchanged || err != nil {
			t.Errorf("after %s: exchanged %v, %v", file, exchanged, err)
		}
	}
	got, err := read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("access-token"), VersionStage: aws.String("AWSPREVIOUS")})
	var previous struct {
		AccessToken string `json:"access_token"`
	}
	if err := errors.Join(err, json.Unmarshal([]byte(aws.ToString(before.SecretString)), &previous)); err != nil || previous.AccessToken == "" || previous.AccessToken == got.AccessToken {
		t.Errorf("AWSPREVIOUS: %v", err)
	}
}

// writesAndReads has one write tokens and another read them: never a part of
// one, none, or an earlier one than before.
func writesAndReads(t *testing.T, values store.Store) {
	const tokens = 200
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		defer stop()
		version := mustRead(t, values).Version
		for n := 1; n <= tokens; n++ {
			var err error
			value := fmt.Sprintf(`{"access_token":"%d.%s"}`, n, strings.Repeat("x", 20*n))
			if version, err = values.WriteIfUnchanged(t.Context(), "access-token", []byte(value), version); err != nil {
				t.Errorf("write %d: %v", n, err)
				return
			}
		}
	}()
	source := &token.Source{Store: values, Name: "access-token"}
	for last := -1; ctx.Err() == nil; {
		got, err := source.Token(t.Context())
		number, row, _ := strings.Cut(got.AccessToken, ".")
		n := 0
		if _, scan := fmt.Sscan(number, &n); err != nil || last >= 0 && (scan != nil || len(row) != 20*n || n < last) {
			t.Fatalf("after token %d: got %.20q, %v", last, got.AccessToken, err)
		}
		if len(row) == 20*n {
			last = n
		}
	}
}

func mustRead(t *testing.T, values store.Store) store.Value {
	value, err := values.Read(t.Context(), "access-token")
	if err != nil {
		t.Error(err)
	}
	return value
}
