// Package awsstore keeps values in AWS services.
package awsstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// code is what AWS calls an error that it answered with; empty for any other.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// Failure is what may be told of an error of the SDK, whose own text holds
// URLs, and messages that may hold anything.
func Failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return fmt.Errorf("AWS answered %d %s (request id %s)", e.HTTPStatusCode(), cmp.Or(code(err), "with something else"), e.ServiceRequestID())
	}
	return err
}
