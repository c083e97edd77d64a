// Command sample is a Lambda function that does what its payload says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	if os.Getenv("EXIT") != "" {
		os.Exit(1)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var in struct {
		Do              string
		RouteKey        string
		RawPath         string
		Body            string
		IsBase64Encoded bool
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Do == "fail":
		fmt.Println("fail on request")
		return nil, errors.New("as asked")
	case in.Do == "panic":
		panic("as asked")
	case in.Do == "hang":
		<-ctx.Done()
		select {}
	case in.RawPath == "/http":
		return map[string]any{"statusCode": 201, "body": fmt.Sprintf("%s base64 %t %s", in.RouteKey, in.IsBase64Encoded, in.Body)}, nil
	case in.RawPath == "/bad":
		return "no response of an HTTP API", nil
	default:
		return fmt.Sprintf("%s %s %s %s", os.Getenv("GREETING"), os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), os.Getenv("AWS_REGION"), payload), nil
	}
}
