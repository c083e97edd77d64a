// Command users-query is the Lambda function that answers Slack. It is invoked
// by API Gateway, by itself to finish what takes longer, and by a schedule or an
// operator with the jobs of (*bot.Bot).Do.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// version is set by the linker.
var version = "development"

// warmTime bounds what is read before the first question.
const warmTime = time.Second

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	b, err := build(context.Background(), os.Getenv)
	if err != nil {
		slog.Error("start", "err", err)
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), warmTime)
	b.Warm(ctx)
	cancel()
	lambda.Start(function{http: b, do: b.Do})
}

func build(ctx context.Context, getenv func(string) string) (*bot.Bot, error) {
	s, err := readSettings(getenv)
	if err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	secrets := awsstore.Secrets{Client: secretsmanager.NewFromConfig(aws)}
	bucket := awsstore.Bucket{Client: s3.NewFromConfig(aws), Name: s.bucket}
	invoke := invoker{awslambda.NewFromConfig(aws)}
	tokens := &token.Source{Store: secrets, Name: s.accessTokenSecretID, Tell: invoke.tellOfRefusal(s.tokenRefresh)}
	client := &zoho.Client{
		Tokens: tokens.Token, Refused: tokens.Refused, Done: bot.CountCall,
		Version: s.zohoVersion, AllowLoopback: s.allowLoopback,
	}
	return &bot.Bot{
		People: &directory.Directory{
			Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: bucket,
			Roles: client.Roles, Profiles: client.Profiles, Org: client.Org,
			FreshFor: s.freshFor, ReloadAfter: s.reloadAfter, FullAfter: s.fullAfter,
		},
		Records:    &records.Finder{CRM: client, Modules: s.recordModules, Fields: s.recordFields, Closed: s.closedStages},
		RecordPage: s.recordPage,
		Secrets:    bot.StoredSecrets(secrets, s.slackSecretID, nil),
		HandOver:   invoke.later(lambdacontext.FunctionName),
		Claims:     bucket,
		Access:     s.access,
		Admins:     s.admins, UserPage: s.userPage, PlainPhones: s.plainPhones,
		Token: tokens.Token, Health: tokens.Health, Version: version,
		NoticeChannel: s.noticeChannel, Setup: s.setup,
		AuditChannel: s.auditChannel, AuditMaxAge: s.auditMaxAge,
		SlackAPI: s.slackAPI, ReplyHosts: s.replyHosts, AllowLoopback: s.allowLoopback,
		Function: lambdacontext.FunctionName,
	}, nil
}
