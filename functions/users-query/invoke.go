package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crmwho/internal/store/awsstore"
	"crmwho/internal/token"
)

// invoker starts functions without waiting for them.
type invoker struct{ client *lambda.Client }

// later invokes a function with what it is given.
func (i invoker) later(function string) func(context.Context, []byte) error {
	return func(ctx context.Context, payload []byte) error {
		_, err := i.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: payload})
		if err != nil {
			return fmt.Errorf("invoke function: %w", awsstore.Failure(ctx, err))
		}
		return nil
	}
}

// tellOfRefusal asks token-refresh to exchange a token that Zoho has refused.
func (i invoker) tellOfRefusal(function string) func(ctx context.Context, version string) error {
	return func(ctx context.Context, version string) error {
		payload, err := json.Marshal(token.Request{Reason: token.Refused, Version: version})
		if err != nil {
			return err
		}
		return i.later(function)(ctx, payload)
	}
}
