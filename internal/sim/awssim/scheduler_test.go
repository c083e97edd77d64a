package awssim_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"crmwho/internal/sim/awssim"
)

func TestGetSchedule(t *testing.T) {
	sim := &awssim.SchedulerAPI{States: map[string]string{"sample-sync": "ENABLED", "sample-audit": "DISABLED"}}
	client := scheduler.NewFromConfig(config(t, sim))
	for _, test := range []struct{ name, group, state, code string }{
		{"sample-sync", "", "ENABLED", ""},
		{"sample-sync", "default", "ENABLED", ""},
		{"sample-audit", "default", "DISABLED", ""},
		{"sample-audit", "another", "", "ResourceNotFoundException"},
		{"sample-none", "", "", "ResourceNotFoundException"},
	} {
		in := &scheduler.GetScheduleInput{Name: &test.name}
		if test.group != "" {
			in.GroupName = &test.group
		}
		is, err := client.GetSchedule(t.Context(), in)
		if code(err) != test.code || err == nil && (string(is.State) != test.state || aws.ToString(is.Name) != test.name) {
			t.Errorf("%+v: got %+v, %v", test, is, err)
		}
	}
	sim.Refuse = "AccessDeniedException"
	if _, err := client.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: aws.String("sample-sync")}); code(err) != "AccessDeniedException" {
		t.Errorf("refused: got %v", err)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "/schedules/sample-sync", nil)
		if method == http.MethodDelete {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 sample")
		}
		if sim.ServeHTTP(w, r); w.Code != http.StatusForbidden && w.Code != http.StatusNotFound {
			t.Errorf("%s, unsigned or not played: got %d %s", method, w.Code, w.Body)
		}
	}
}
