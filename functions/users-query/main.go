// Command users-query is the Lambda function that answers Slack. A schedule
// invokes it with {"job":"directory-sync"} to keep the list of people fresh,
// an operator with {"job":"directory-sync","all":true} to read all of them anew.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	f, err := build(context.Background(), os.Getenv)
	if err != nil {
		slog.Error("start", "err", err)
		os.Exit(1)
	}
	lambda.Start(f)
}

func build(ctx context.Context, getenv func(string) string) (function, error) {
	s, err := readSettings(getenv)
	if err != nil {
		return function{}, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return function{}, fmt.Errorf("AWS configuration: %w", err)
	}
	secrets := awsstore.Secrets{Client: secretsmanager.NewFromConfig(aws)}
	tokens := &token.Source{Store: secrets, Name: s.accessTokenSecretID}
	client := &zoho.Client{
		Tokens:        tokens.Token,
		Refused:       tokens.Refused,
		Version:       s.zohoVersion,
		AllowLoopback: s.allowLoopback,
	}
	people := &directory.Directory{
		Read:        client.ReadUsers,
		Changed:     client.UsersModifiedSince,
		Store:       awsstore.Bucket{Client: s3.NewFromConfig(aws), Name: s.bucket},
		FreshFor:    s.freshFor,
		ReloadAfter: s.reloadAfter,
		FullAfter:   s.fullAfter,
	}
	return function{
		http: &bot.Bot{People: people, SigningSecrets: bot.StoredSecrets(secrets, s.slackSecretID)},
		sync: people.Sync,
	}, nil
}
