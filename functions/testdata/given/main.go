// Command given is a Lambda function that does nothing and could call all that
// ours call: what the packages weigh, without any line of this project.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/slack-go/slack"
	"golang.org/x/oauth2"
)

func main() {
	if os.Getenv("NEVER") != "" { // the linker cannot know
		callAll(context.Background())
	}
	lambda.Start(func() {})
}

// callAll refers to what ours call, so that it is linked. No error matters.
func callAll(ctx context.Context) {
	cfg, _ := config.LoadDefaultConfig(ctx)
	secrets := secretsmanager.NewFromConfig(cfg)
	_, _ = secrets.GetSecretValue(ctx, nil)
	_, _ = secrets.PutSecretValue(ctx, nil)
	bucket := s3.NewFromConfig(cfg)
	_, _ = bucket.GetObject(ctx, nil)
	_, _ = bucket.PutObject(ctx, nil)
	_, _ = bucket.ListObjectsV2(ctx, nil)
	_, _ = awslambda.NewFromConfig(cfg).Invoke(ctx, nil)
	_, _ = sns.NewFromConfig(cfg).Publish(ctx, nil)
	_, _, _ = slack.New("").PostMessageContext(ctx, "", slack.MsgOptionBlocks(slack.NewDividerBlock()))
	_, _ = (&oauth2.Config{}).Exchange(ctx, "")
}
