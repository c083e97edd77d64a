// Command sample is a Lambda function that does what its payload says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
		URL             string
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
	case in.Do == "call":
		return nil, call(ctx, in.URL)
	case in.Do == "linger":
		go linger(in.URL)
		return nil, call(ctx, in.URL+"/kept")
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

// linger goes on when the invocation is over, with two calls, one after the other.
func linger(url string) {
	for range 2 {
		_ = call(context.Background(), url+"/left")
	}
}

// call lets the one at the URL say how this invocation ends, and when.
func call(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Greeting", os.Getenv("GREETING"))
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return errors.New("as asked")
	}
	return nil
}
