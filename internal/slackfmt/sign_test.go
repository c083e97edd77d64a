package slackfmt_test

import (
	"strings"
	"testing"

	"crmwho/internal/audit"
	"crmwho/internal/slackfmt"
)

const postLink = "https://generated.slack.com/archives/C0SAMPLE/p1795512600000100?a=b&c=d"

func TestGoldenSignatures(t *testing.T) {
	golden(t, "signed-mine", slackfmt.Signature(*signedBy(audit.Acknowledged, ""), true, postLink))
	golden(t, "signed-before", slackfmt.Signature(*signedBy(audit.Questioned, "Why?"), false, postLink))
	golden(t, "audit-not-recorded", slackfmt.NotRecordedYet())
	golden(t, "audit-no-question", slackfmt.NoQuestion())
	golden(t, "audit-unknown", slackfmt.UnknownAudit())
	asked := slackfmt.Ask{Command: "/crmadmins", What: slackfmt.WhatQuestion, Run: "20261124T093000Z"}
	goldenJSON(t, "view-question", viewJSON(t, slackfmt.QuestionView(asked)))
	goldenJSON(t, "view-questioned", viewJSON(t, slackfmt.SignedView(slackfmt.Signature(*signedBy(audit.Questioned, "Why?"), true, postLink))))
}

// TestButtonsSayWhichAuditTheySign: the value and what the modal keeps are questions.
func TestButtonsSayWhichAuditTheySign(t *testing.T) {
	data := string(messageJSON(t, anAudit().Message()))
	for action, what := range map[string]string{slackfmt.ActionAcknowledge: slackfmt.WhatAcknowledge, slackfmt.ActionQuestion: slackfmt.WhatQuestion} {
		want := `"action_id":"` + action + `","value":"{\"command\":\"/crmadmins\",\"what\":\"` + what + `\",\"run\":\"20261124T093000Z\"}"`
		if !strings.Contains(data, want) {
			t.Errorf("got %s, want %s in it", data, want)
		}
	}
	asked := slackfmt.Ask{Command: "/crmadmins", What: slackfmt.WhatQuestion, Run: "20261124T093000Z"}
	if got, ok := slackfmt.ParseAsk(slackfmt.QuestionView(asked).PrivateMetadata); !ok || got != asked {
		t.Errorf("got %v, want %v", got, asked)
	}
}

// TestSignedAuditHasNoButtons.
func TestSignedAuditHasNoButtons(t *testing.T) {
	a := anAudit()
	a.Signed = signedBy(audit.Acknowledged, "")
	if data := string(messageJSON(t, a.Message())); strings.Contains(data, `"button"`) || !strings.Contains(data, recordHash) {
		t.Errorf("got %s, want no button, and the hash of the record", data)
	}
}

// TestOnlyPostsAreLinked: a link is one to Slack, or none.
func TestOnlyPostsAreLinked(t *testing.T) {
	for link, want := range map[string]bool{postLink: true, "": false, "http://a.example": false, "https://a.example/|b": false, "javascript:alert(1)": false, "https:": false} {
		m := slackfmt.AuditPosted(link, true)
		if got := strings.Contains(m.Text, "<https://"); got != want || m.Check() != nil {
			t.Errorf("%q: got %q, %v", link, m.Text, m.Check())
		}
	}
}
