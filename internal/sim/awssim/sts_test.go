package awssim_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"crmwho/internal/sim/awssim"
)

func TestGetCallerIdentity(t *testing.T) {
	sim := &awssim.STS{}
	client := sts.NewFromConfig(config(t, sim))
	is, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(is.Account) != "123456789012" || aws.ToString(is.Arn) != "arn:aws:iam::123456789012:user/sample-user" || aws.ToString(is.UserId) == "" {
		t.Errorf("got %+v, %v", is, err)
	}
	sim.Refuse = "ExpiredToken"
	if _, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); code(err) != "ExpiredToken" {
		t.Errorf("refused: got %v", err)
	}
	if w := post(&awssim.STS{}, "", url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}); w.Code != http.StatusForbidden {
		t.Errorf("unsigned: got %d %s", w.Code, w.Body)
	}
}
