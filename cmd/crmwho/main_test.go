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
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmwho/internal/local"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
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

// TestAskAtAPrompt types what can be asked, pressed and filled in.
func TestAskAtAPrompt(t *testing.T) {
	got, _, err := run(t, t.Context(), "crmuser lee\n\n4\n99\n/crmadmins audit\n2\nWho is that?\n/crmadmins\n", "ask")
	if err != nil {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{"> /crmuser kim\n⚠ Invitation pending\nKim\n", "> ⚠ Invitation pending\nLee\n", "‹3 What do they own?› ‹4 Up the chain›", "> Who Lee reports to\n", "> there is no button 99\n",
		"\nThe audit is posted.\nOpen the post\n\nIn the channel:\nAdmin audit: 1 admin\n", "‹1 Acknowledge› ‹2 Question›", "\n\nIn its thread:\n1 admin\n", "\nAttached: crm-admins-",
		"> Question the audit\nWhat is wrong or unclear?\n", "\nType it in one line. An empty line cancels.\n",
		"\nYou questioned this audit, ", "\n“Who is that?”\n", "\n\nNow in the channel:\nAdmin audit: 1 admin\n", "\nQuestioned by @U0SAMPLE, ", "1 admin in Zoho CRM"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
}

func TestAskJSONOfNothing(t *testing.T) {
	if _, _, err := run(t, t.Context(), "", "ask", "--json"); err == nil || !strings.Contains(err.Error(), "crmwho ask /crmadmins --json") {
		t.Errorf("got %v", err)
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

// TestServeAtATakenPort says what to do if the port was asked for.
func TestServeAtATakenPort(t *testing.T) {
	taken, err := local.Listen(anyPort)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, _, err := run(t, t.Context(), "", "serve", "--listen", taken.Addr().String()); err == nil || !strings.Contains(err.Error(), "port 0 stands for any free one") {
		t.Errorf("got %v", err)
	}
}

// TestServeInterruptedAtOnce ends without a word.
func TestServeInterruptedAtOnce(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if out, errs, err := run(t, ctx, "", "serve", "--listen", anyPort, "--dir", t.TempDir()); err != nil || out != "" || errs != "" {
		t.Errorf("got %q, %q, %v", out, errs, err)
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

// TestServe opens the page, says where it is, and ends when it is interrupted.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "crm who")
	url, stop := startPage(t, "--dir", dir)
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if page, err := io.ReadAll(reply.Body); err != nil || reply.StatusCode != http.StatusOK || !strings.Contains(string(page), "<title>crmwho") {
		t.Errorf("got %d %s, %v", reply.StatusCode, page, err)
	}
	if _, _, err := run(t, t.Context(), "", "serve", "--listen", anyPort, "--dir", dir); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("a second one over the same folder: got %v", err)
	}
	if err := stop(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	_, stop = startPage(t, "--dir", dir, "--fresh")
	if err := stop(); err != nil {
		t.Errorf("fresh: %v", err)
	}
}

// startPage runs serve until stop is called, which gives its error.
func startPage(t *testing.T, args ...string) (url string, stop func() error) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	out, printed := io.Pipe()
	c := command()
	c.SetArgs(append([]string{"serve", "--listen", anyPort}, args...))
	c.SetOut(printed)
	done := make(chan error, 1)
	go func() {
		err := c.ExecuteContext(ctx)
		printed.CloseWithError(err)
		done <- err
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "http://"); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + at, func() error { interrupt(); return <-done }
		}
	}
	interrupt()
	t.Fatal(lines.Err(), <-done)
	return "", nil
}

// TestServeARealCRM takes the credentials that setup has stored, and gives them to
// the server alone that they are for.
func TestServeARealCRM(t *testing.T) {
	w := newWorld(t, zohosim.Config{})
	if _, _, err := w.run(t, "", "serve", "--zoho", w.zohoURL); err == nil || !strings.Contains(err.Error(), "crmwho setup --dir "+w.dir) {
		t.Errorf("before setup: got %v", err)
	}
	out, _, err := w.run(t, w.typed(w.zoho.GrantToken), "setup")
	if err != nil || !strings.Contains(out, "crmwho serve --zoho "+w.zohoURL+" --dir "+w.dir) {
		t.Fatal(out, err)
	}
	for accounts, want := range map[string]string{
		"https://accounts.zoho.eu": "are for " + w.zohoURL, "https://zoho.example": "--zoho: ", "eu": "such as https://accounts.zoho.eu",
	} {
		if _, _, err := w.run(t, "", "serve", "--zoho", accounts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", accounts, err, want)
		}
	}
	before := w.calls(zohosim.UsersCall)
	_, stop := startPage(t, "--dir", w.dir, "--zoho", strings.ToUpper(w.zohoURL[:4])+w.zohoURL[4:]+"/")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if w.calls(zohosim.UsersCall) == before {
		t.Error("nobody was read")
	}
	if out, _, err := w.run(t, "", "doctor"); err != nil || !strings.Contains(out, "✓ list of people    It has 15 people") { // Slack is played
		t.Errorf("doctor: got %s, %v", out, err)
	}
}
