package slacksim_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"crmwho/internal/sim/slacksim"
)

const csv = "name,role\nKim,Sales\n"

// promised gets a URL for the file and its id.
func promised(t *testing.T, s *slacksim.Slack) (to, id string) {
	t.Helper()
	code, reply := call(t, s, "files.getUploadURLExternal", fmt.Sprintf(`{"filename":"audit.csv","length":%d}`, len(csv)))
	if code != "" {
		t.Fatalf("got %v", reply)
	}
	return reply["upload_url"].(string), reply["file_id"].(string)
}

// send sends a file's bytes and gives the status.
func send(t *testing.T, s *slacksim.Slack, method, to, contentType, body string) int {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	reply, err := s.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode
}

func TestUploadBySlackGo(t *testing.T) {
	s := inChannel()
	ts := says(t, s, `{"channel":"C0AUDITS","text":"Audit"}`)
	client := serve(t, s)
	file, err := client.UploadFileContext(t.Context(), slack.UploadFileParameters{
		Reader: strings.NewReader(csv), FileSize: len(csv), Filename: "audit.csv", Title: "Everybody",
		InitialComment: "All of them", Channel: "C0AUDITS", ThreadTimestamp: ts,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Messages("C0AUDITS")
	if len(got) != 2 || got[1].ThreadTS != ts || len(got[1].Files) != 1 {
		t.Fatalf("got %+v", got)
	}
	is := got[1].Files[0]
	if is.ID != file.ID || is.Name != "audit.csv" || is.Title != "Everybody" || file.Title != is.Title || is.Comment != "All of them" || string(is.Data) != csv {
		t.Errorf("got %+v, told %+v", is, file)
	}
	wants(t, "message", wire(t, got[1].Body), map[string]any{"text": "All of them", "thread_ts": ts, "files.id": file.ID, "files.name": "audit.csv", "files.title": "Everybody"})
	last := s.Posts()[1]
	if last.Via != "files.completeUploadExternal" || last.To != "C0AUDITS" || !last.InChannel || last.Replaced {
		t.Errorf("got %+v", last)
	}
	for _, c := range s.Calls() {
		if strings.HasPrefix(c.Path, "/upload/") && c.Path != "/upload/v1/…" {
			t.Errorf("noted %s", c.Path)
		}
	}
	_, err = client.UploadFileContext(t.Context(), slack.UploadFileParameters{Reader: strings.NewReader(csv), FileSize: len(csv) + 1, Filename: "audit.csv", Channel: "C0AUDITS"})
	if status, ok := errors.AsType[slack.StatusCodeError](err); !ok || status.Code != 400 {
		t.Errorf("a wrong length: got %v", err)
	}
}

func TestUploadURLs(t *testing.T) {
	s := inChannel()
	for name, c := range map[string]struct{ args, code string }{
		"form's":    {`{"filename":"a.csv","length":"3"}`, ""},
		"no name":   {`{"length":3}`, "missing_argument"},
		"no length": {`{"filename":"a.csv"}`, "missing_argument"},
		"empty":     {`{"filename":"a.csv","length":0}`, "missing_argument"},
		"no number": {`{"filename":"a.csv","length":"x"}`, "missing_argument"},
	} {
		if code, _ := call(t, s, "files.getUploadURLExternal", c.args); code != c.code {
			t.Errorf("%s: got %q, want %q", name, code, c.code)
		}
	}
	to, _ := promised(t, s)
	form := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + csv + "\r\n--b--\r\n"
	for _, c := range []struct {
		name, method, to, kind, body string
		status                       int
	}{
		{"a GET", "GET", to, "text/csv", csv, 400},
		{"too short", "POST", to, "text/csv", csv[1:], 400},
		{"a form without a file", "POST", to, "multipart/form-data; boundary=b", "--b--\r\n", 400},
		{"elsewhere", "POST", to + "x", "text/csv", csv, 404},
		{"a form", "POST", to, "multipart/form-data; boundary=b", form, 200},
		{"twice", "POST", to, "text/csv", csv, 404},
	} {
		if got := send(t, s, c.method, c.to, c.kind, c.body); got != c.status {
			t.Errorf("%s: got %d, want %d", c.name, got, c.status)
		}
	}
	if another, _ := promised(t, s); send(t, s, "POST", another, "text/csv", csv) != 200 {
		t.Error("raw bytes were refused")
	}
}

func TestCompletingUploads(t *testing.T) {
	all := []string{"chat:write", "chat:write.public", "files:write"}
	for name, c := range map[string]struct {
		args, code string
		scopes     []string
	}{
		"in the channel":  {`"files":[{"id":"ID"}],"channel_id":"C0AUDITS"`, "", all},
		"in a string":     {`"files":"[{\"id\":\"ID\"}]","channel_id":"C0AUDITS"`, "", all},
		"to nobody":       {`"files":[{"id":"ID"}]`, "", all},
		"directly":        {`"files":[{"id":"ID"}],"channel_id":"D0SAMPLEU0SAMPLE"`, "", all},
		"to a user":       {`"files":[{"id":"ID"}],"channel_id":"U0SAMPLE"`, "invalid_arguments", all},
		"outside":         {`"files":[{"id":"ID"}],"channel_id":"C0SAMPLE"`, "not_in_channel", all},
		"unknown channel": {`"files":[{"id":"ID"}],"channel_id":"C0NONE"`, "channel_not_found", all},
		"unknown thread":  {`"files":[{"id":"ID"}],"channel_id":"C0AUDITS","thread_ts":"1.000001"`, "thread_not_found", all},
		"unknown file":    {`"files":[{"id":"F0NONE"}],"channel_id":"C0AUDITS"`, "file_not_found", all},
		"never sent":      {`"files":[{"id":"UNSENT"}],"channel_id":"C0AUDITS"`, "file_not_found", all},
		"one of two":      {`"files":[{"id":"ID"},{"id":"UNSENT"}],"channel_id":"C0AUDITS"`, "file_not_found", all},
		"no files":        {`"files":[],"channel_id":"C0AUDITS"`, "invalid_arguments", all},
		"channels":        {`"files":[{"id":"ID"}],"channels":"C0AUDITS"`, "invalid_arguments", all},
		"no scope":        {`"files":[{"id":"ID"}],"channel_id":"C0AUDITS"`, "missing_scope", []string{"chat:write"}},
	} {
		s := inChannel()
		to, id := promised(t, s)
		_, unsent := promised(t, s)
		send(t, s, "POST", to, "text/csv", csv)
		s.Scopes = c.scopes
		args := `{` + strings.NewReplacer(`"ID`, `"`+id, `\"ID`, `\"`+id, "UNSENT", unsent).Replace(c.args) + `}`
		code, reply := call(t, s, "files.completeUploadExternal", args)
		if code != c.code || (len(s.Posts()) == 1) != (code == "") {
			t.Errorf("%s: got %v, want %q", name, reply, c.code)
		}
		if code == "" && (pick(reply, "files", "id") != id || pick(reply, "files", "title") != "audit.csv") {
			t.Errorf("%s: got %v", name, reply)
		}
		s.Scopes = nil
		again, _ := call(t, s, "files.completeUploadExternal", `{"files":[{"id":"`+id+`"}],"channel_id":"C0AUDITS"}`)
		if (again == "file_not_found") != (code == "") || again != "" && code != "" {
			t.Errorf("%s, again: got %q", name, again)
		}
	}
}

// TestFaultsOfUploads shows that each step can fail before and after it was
// done.
func TestFaultsOfUploads(t *testing.T) {
	for _, path := range []string{"/api/files.getUploadURLExternal", "/upload/v1/", "/api/files.completeUploadExternal"} {
		for _, taken := range []bool{false, true} {
			s := inChannel()
			client := serve(t, s)
			if err := s.AddFault(slacksim.Fault{Path: path, Status: 503, Taken: taken}); err != nil {
				t.Fatal(err)
			}
			_, err := client.UploadFileContext(t.Context(), slack.UploadFileParameters{Reader: io.LimitReader(strings.NewReader(csv), 1000), FileSize: len(csv), Filename: "audit.csv", Channel: "C0AUDITS"})
			if status, ok := errors.AsType[slack.StatusCodeError](err); !ok || status.Code != 503 {
				t.Errorf("%s: got %v", path, err)
			}
			if shared := len(s.Messages("C0AUDITS")) == 1; shared != (taken && strings.HasSuffix(path, "completeUploadExternal")) {
				t.Errorf("%s, taken %v: shared %v", path, taken, shared)
			}
		}
	}
}
