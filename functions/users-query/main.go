// Command users-query is the Lambda function that answers Slack.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	b, err := build(context.Background(), os.Getenv)
	if err != nil {
		slog.Error("start", "err", err)
		os.Exit(1)
	}
	lambda.Start(function{b})
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
	client := &zoho.Client{
		Tokens:        zoho.Reuse(token.Reader(secrets, s.accessTokenSecretID)),
		Version:       s.zohoVersion,
		AllowLoopback: s.allowLoopback,
	}
	return &bot.Bot{
		People:         &directory.Directory{Read: client.ReadUsers},
		SigningSecrets: bot.StoredSecrets(secrets, s.slackSecretID),
	}, nil
}
