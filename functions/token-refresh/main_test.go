package main

import (
	"encoding/json"
	"errors"
	"testing"

	"crmwho/internal/token"
)

// TestJudge: an invocation fails where AWS or we did, and only there.
func TestJudge(t *testing.T) {
	trouble := errors.New("out of order")
	for _, test := range []struct {
		outcome token.Outcome
		err     error
		want    error
		reply   string
	}{
		{token.Fresh, nil, nil, `{"outcome":"fresh","exchanged":false,"expiry":"0001-01-01T00:00:00Z"}`},
		{token.Failed, trouble, nil, `{"outcome":"failed","exchanged":false,"expiry":"0001-01-01T00:00:00Z","error":"out of order"}`},
		{token.NotSetUp, trouble, nil, `{"outcome":"not set up","exchanged":false,"expiry":"0001-01-01T00:00:00Z","error":"out of order"}`},
		{token.Exchanged, trouble, trouble, ""},
		{token.Latched, trouble, trouble, ""},
		{"", trouble, trouble, ""},
	} {
		got, err := judge(token.Report{Outcome: test.outcome}, test.err)
		reply, _ := json.Marshal(got)
		if err != test.want || err == nil && string(reply) != test.reply {
			t.Errorf("%q: got %s, %v, want %s, %v", test.outcome, reply, err, test.reply, test.want)
		}
	}
}
