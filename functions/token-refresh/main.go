// Command token-refresh is the Lambda function that keeps Zoho CRM's access
// token fresh. It is invoked by a schedule with {}, by users-query with
// {"reason":"refused","version":"…"} when Zoho refuses the token, and on demand
// with {"force":true} to exchange it at once.
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
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	keeper, err := build(context.Background(), os.Getenv)
	if err != nil {
		slog.Error("start", "err", err)
		os.Exit(1)
	}
	lambda.Start(keeper.Run)
}

func build(ctx context.Context, getenv func(string) string) (*token.Keeper, error) {
	s, err := readSettings(getenv)
	if err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	alerts := publisher{sns.NewFromConfig(aws), s.alertTopic}
	return &token.Keeper{
		Store:         awsstore.Secrets{Client: secretsmanager.NewFromConfig(aws)},
		ClientName:    s.oauthClientSecretID,
		TokenName:     s.accessTokenSecretID,
		AccountsURL:   s.accountsURL,
		AllowLoopback: s.allowLoopback,
		Notify:        alerts.notify,
		Setup:         s.setup,
		Function:      lambdacontext.FunctionName,
	}, nil
}
