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
	lambda.Start(func(ctx context.Context, r token.Request) (reply, error) {
		return judge(keeper.Run(ctx, r))
	})
}

// reply is what a run did and, where it gave no token, why.
type reply struct {
	token.Report
	Error string `json:"error,omitempty"`
}

// judge takes a run to which Zoho gave no token, or which nobody has set up, for
// one that did its work: log, metrics and notices tell it, and the next run of
// the schedule tries again. What fails beside that is AWS's fault or ours.
func judge(report token.Report, err error) (reply, error) {
	if err != nil && (report.Outcome == token.Failed || report.Outcome == token.NotSetUp) {
		return reply{report, err.Error()}, nil
	}
	return reply{Report: report}, err
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
