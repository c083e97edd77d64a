package awssim_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"crmwho/internal/sim/awssim"
)

func outputs(s types.Stack) map[string]string {
	all := map[string]string{}
	for _, o := range s.Outputs {
		all[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return all
}

func parameters(s types.Stack) map[string]string {
	all := map[string]string{}
	for _, p := range s.Parameters {
		all[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return all
}

func TestDescribeStacks(t *testing.T) {
	stacks := map[string]awssim.Stack{
		"crmwho": {
			Outputs:    map[string]string{"CommandsUrl": "https://api.example/slack?a=b&c=<d>", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms"},
			Parameters: map[string]string{"DataCentre": "eu", "Contact": ""},
		},
		"bare": {},
	}
	client := cloudformation.NewFromConfig(config(t, &awssim.CloudFormation{Stacks: stacks}))
	describe := func(name *string) ([]types.Stack, error) {
		out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
		if err != nil {
			return nil, err
		}
		return out.Stacks, nil
	}
	all, err := describe(nil)
	if err != nil || len(all) != len(stacks) {
		t.Fatalf("got %d stacks, %v", len(all), err)
	}
	for i, name := range slices.Sorted(maps.Keys(stacks)) {
		for _, asked := range []string{name, aws.ToString(all[i].StackId)} {
			got, err := describe(&asked)
			if err != nil || len(got) != 1 || aws.ToString(got[0].StackName) != name || got[0].StackStatus != types.StackStatusCreateComplete || !maps.Equal(outputs(got[0]), stacks[name].Outputs) || !maps.Equal(parameters(got[0]), stacks[name].Parameters) {
				t.Errorf("%s: got %+v, %v", asked, got, err)
			}
		}
	}
}

func TestDescribeStacksTellsTheStatus(t *testing.T) {
	changed := time.Date(2026, time.February, 1, 2, 3, 4, 5e6, time.UTC)
	stacks := map[string]awssim.Stack{"crmwho": {Status: "UPDATE_ROLLBACK_FAILED", Updated: changed}, "new": {}}
	client := cloudformation.NewFromConfig(config(t, &awssim.CloudFormation{Stacks: stacks}))
	out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	if err != nil || out.Stacks[0].StackStatus != types.StackStatusUpdateRollbackFailed {
		t.Fatalf("got %+v, %v", out, err)
	}
	if is := out.Stacks[0].LastUpdatedTime; is == nil || !is.Equal(changed) || out.Stacks[1].LastUpdatedTime != nil || out.Stacks[1].CreationTime == nil {
		t.Errorf("got %v and %v", is, out.Stacks[1].LastUpdatedTime)
	}
}

func TestDescribeStacksOfNone(t *testing.T) {
	client := cloudformation.NewFromConfig(config(t, &awssim.CloudFormation{}))
	_, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("crmwho")})
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != "ValidationError" || e.ErrorMessage() != "Stack with id crmwho does not exist" || e.ErrorFault() == smithy.FaultServer {
		t.Errorf("got %v", err)
	}
	if out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{}); err != nil || len(out.Stacks) > 0 {
		t.Errorf("all: got %+v, %v", out, err)
	}
	refusing := cloudformation.NewFromConfig(config(t, &awssim.CloudFormation{Refuse: "AccessDenied"}))
	_, err = refusing.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "AccessDenied" {
		t.Errorf("refused: got %v", err)
	}
	if w := post(&awssim.CloudFormation{}, "", url.Values{"Action": {"DescribeStacks"}, "Version": {"2010-05-15"}}); w.Code != http.StatusForbidden {
		t.Errorf("unsigned: got %d %s", w.Code, w.Body)
	}
}
