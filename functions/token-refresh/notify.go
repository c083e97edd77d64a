package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
)

// publisher gives a notice to everybody who has subscribed to a topic of SNS.
type publisher struct {
	client *sns.Client
	topic  string // its ARN
}

func (p publisher) notify(ctx context.Context, n token.Notice) error {
	subject, text := "crmwho: "+n.Subject, n.Plain() // of ASCII letters, fewer than 100
	_, err := p.client.Publish(ctx, &sns.PublishInput{TopicArn: &p.topic, Subject: &subject, Message: &text})
	if err != nil {
		return fmt.Errorf("publish: %w", awsstore.Failure(ctx, err))
	}
	return nil
}
