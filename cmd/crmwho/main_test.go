package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/zoho"
)

// run runs the command with input and gives what it prints.
func run(t *testing.T, ctx context.Context, input string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command()
	c.SetArgs(args)
	c.SetIn(strings.NewReader(input))
	c.SetOut(&out)
	c.SetErr(&errs)
	err = c.ExecuteContext(ctx)
	return out.String(), errs.String(), err
}

func TestAsk(t *testing.T) {
	out, errs, err := run(t, t.Context(), "", "ask", "/crmuser", "patricia", "boyle")
	if err != nil || !strings.HasPrefix(out, "Patricia Boyle\nCEO · Administrator profile\npatricia.a+us@zohotest.com\n") || errs != "" {
		t.Errorf("got %s, %s, %v", out, errs, err)
	}
}

func TestAskJSON(t *testing.T) {
	out, _, err := run(t, t.Context(), "", "ask", "/crmuser", "kim", "--json")
	var m struct {
		ResponseType string            `json:"response_type"`
		Blocks       []json.RawMessage `json:"blocks"`
	}
	if err != nil || json.Unmarshal([]byte(out), &m) != nil || m.ResponseType != "ephemeral" || len(m.Blocks) == 0 {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestAskForAnAudit shows the channel too, and keeps the audit for the next start.
func TestAskForAnAudit(t *testing.T) {
	dir := t.TempDir()
	out, _, err := run(t, t.Context(), "", "ask", "--store", dir, "/crmadmins", "audit")
	if err != nil || !strings.Contains(out, "\nIn the channel:\nAdmin audit: 1 admin\n") || !strings.Contains(out, "‹Acknowledge› ‹Question›") || !strings.Contains(out, "\nIn its thread:\n") {
		t.Errorf("got %s, %v", out, err)
	}
	out, _, err = run(t, t.Context(), "", "ask", "--store", dir, "/crmadmins", "history")
	if err != nil || !strings.Contains(out, ": 1 admin, the first") || strings.Contains(out, "In the channel:") {
		t.Errorf("got %s, %v", out, err)
	}
	if _, errs, err := run(t, t.Context(), "", "audit", "export", "--dir", dir); err != nil || !strings.HasPrefix(errs, "Records: 1, and their chain is whole.") {
		t.Errorf("got %s, %v", errs, err)
	}
}

func TestAskLog(t *testing.T) {
	_, errs, err := run(t, t.Context(), "", "ask", "/crmadmins", "--log")
	if err != nil || !strings.Contains(errs, `"command":"/crmadmins"`) {
		t.Errorf("got %s, %v", errs, err)
	}
}

func TestAskNothing(t *testing.T) {
	if _, _, err := run(t, t.Context(), "", "ask"); err == nil {
		t.Error("no question was accepted")
	}
}

// TestServe types what can be asked, pressed and filled in, and then lets nobody
// type: the bot goes on until it is interrupted.
func TestServe(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	in, typed := io.Pipe()
	out, printed := io.Pipe()
	c := command()
	c.SetArgs([]string{"serve"})
	c.SetIn(in)
	c.SetOut(printed)
	done := make(chan error, 1)
	go func() {
		done <- c.ExecuteContext(ctx)
		printed.Close()
	}()
	go func() {
		_, _ = io.WriteString(typed, "crmuser lee\n\n4\n99\n/crmadmins audit\n2\nWho is that?\n/crmadmins\n")
		typed.Close()
	}()
	var got strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(got.String(), "1 admin in Zoho CRM") {
		n, err := out.Read(buffer)
		got.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%v after %s", err, &got)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	interrupt()
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
	for _, want := range []string{"http://127.0.0.1:", "> /crmuser kim\n⚠ Invitation pending\nKim\n", "> ⚠ Invitation pending\nLee\n", "‹3 What do they own?› ‹4 Up the chain›", "> Who Lee reports to\n", "> there is no button 99\n",
		"\nThe audit is posted.\nOpen the post\n\nIn the channel:\nAdmin audit: 1 admin\n", "‹1 Acknowledge› ‹2 Question›", "\n\nIn its thread:\n1 admin\n", "\nAttached: crm-admins-",
		"> Question the audit\nWhat is wrong or unclear?\n", "\nType it in one line. An empty line cancels.\n",
		"\nYou questioned this audit, ", "\n“Who is that?”\n", "\n\nNow in the channel:\nAdmin audit: 1 admin\n", "\nQuestioned by @U0SAMPLE, "} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("%q is not in %s", want, &got)
		}
	}
}

func TestAnEmptyLineClosesAModal(t *testing.T) {
	var out strings.Builder
	p := &prompt{out: &out, modal: "V0SAMPLE"}
	for _, want := range []string{"Nothing was sent.\n", ""} {
		if err := p.do(t.Context(), ""); err != nil || out.String() != want || p.modal != "" {
			t.Errorf("got %q, %v, %q, want %q", &out, err, p.modal, want)
		}
		out.Reset()
	}
}

func TestServeOnLoopbackOnly(t *testing.T) {
	if _, _, err := run(t, t.Context(), "", "serve", "--listen", "0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("got %v", err)
	}
}

func TestEvent(t *testing.T) {
	for secret, wantNote := range map[string]bool{"": true, "my-secret": false} {
		t.Setenv("CRMWHO_SIGNING_SECRET", secret)
		out, errs, err := run(t, t.Context(), "", "event", "/crmuser", "kim", "lee")
		var event struct {
			RawPath         string
			Headers         map[string]string
			Body            string
			IsBase64Encoded bool
		}
		if err != nil || json.Unmarshal([]byte(out), &event) != nil || event.RawPath != "/slack/commands" || !event.IsBase64Encoded {
			t.Fatalf("got %s, %v", out, err)
		}
		body, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil || !bytes.Contains(body, []byte("text=kim+lee")) {
			t.Errorf("got body %s, %v", body, err)
		}
		if (errs != "") != wantNote || strings.Contains(errs+out, "my-secret") {
			t.Errorf("secret %q: noted %q", secret, errs)
		}
		if want := signature(t, secret, event.Headers["x-slack-request-timestamp"], body); event.Headers["x-slack-signature"] != want {
			t.Errorf("secret %q: got %s, want %s", secret, event.Headers["x-slack-signature"], want)
		}
	}
}

// signature is what Slack sends with a body.
func signature(t *testing.T, secret, stamp string, body []byte) string {
	t.Helper()
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		t.Errorf("signed at %q, %v", stamp, err)
	}
	h := http.Header{}
	(&slacksim.Slack{SigningSecret: cmp.Or(secret, sampleSecret)}).Sign(h, body, time.Unix(seconds, 0))
	return h.Get("X-Slack-Signature")
}

// TestZoho points a client at the command: from the printed code to a user.
func TestZoho(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out, printed := io.Pipe()
	c := command()
	c.SetArgs([]string{"zoho", "--client-id", "my-client", "--users", "300", "--records", "40", "--api-version", "v8"})
	c.SetOut(printed)
	done := make(chan error, 1)
	go func() {
		done <- c.ExecuteContext(ctx)
		printed.Close()
	}()
	told := map[string]string{}
	for scan := bufio.NewScanner(out); told["The"] == "" && scan.Scan(); {
		name, value, _ := strings.Cut(strings.TrimSpace(scan.Text()), " ")
		told[name] = strings.TrimSpace(value)
		if strings.HasPrefix(name, "http") {
			told["url"] = name
		}
	}
	if told["client_id"] != "" || told["client_secret"] == "" || told["refresh_token"] == "" {
		t.Errorf("told %v", told)
	}
	oauth := &zoho.OAuth{ClientID: "my-client", ClientSecret: told["client_secret"], AccountsURL: told["url"], AllowLoopback: true}
	grant, err := oauth.Exchange(ctx, told["code"])
	if err != nil || grant.RefreshToken != told["refresh_token"] {
		t.Fatalf("got %v, %v", grant, err)
	}
	client := &zoho.Client{AllowLoopback: true, Version: "v8", Tokens: func(context.Context) (zoho.Token, error) { return grant.Token, nil }}
	if users, err := client.ReadUsers(ctx, zoho.AllUsers); err != nil || len(users) != 300 {
		t.Errorf("got %d users, %v", len(users), err)
	}
	interrupt()
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
}

func TestZohoRefusesWhatItCannotBe(t *testing.T) {
	for _, args := range [][]string{{"--users", "-1"}, {"--users", "many"}, {"--records", "9"}, {"--records", "9", "--users", "0"}, {"--listen", "0.0.0.0:0"}, {"surplus"}} {
		if _, _, err := run(t, t.Context(), "", append([]string{"zoho"}, args...)...); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
