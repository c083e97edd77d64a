package local_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmwho/internal/local"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
)

func TestAsk(t *testing.T) {
	bot, err := local.Start(t.Context(), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Stop()
	for _, test := range []struct{ command, words, want string }{
		{"/crmuser", "kim", "Kim\nSales Representative · Standard profile\nReports to CEO (3 people), by role\nkim@gmail.com\n"},
		{"/crmuser", "patricia", "9 people match “patricia”\nPatricia Boyle ‹Show›\nCEO\npatricia.a+us@zohotest.com\n\npatricia krishnan ‹Show›\nInvitation pending · CEO\n"},
		{"/crmusers", "role:sales", "4 people match “role:sales”\n4 active\nKim ‹Show›\nInvitation pending · Sales Representative\n"},
		{"/crmuser", "patrisia boyle", "Did you mean this person?\nPatricia Boyle ‹Show›\n"},
		{"/crmuser", "patricia", "co@zsso.com\nAnd 1 more. Add a last name, or a filter such as role:sales.\nRead from Zoho CRM "},
		{"/crmuser", "R&D <x>", "Nobody in Zoho CRM matches “R&D <x>”."},
		{"/crmowner", "orphans", "John ‹Show›\nDisabled · reports to CEO (3 people), by role\n1 record (1 account)\n"},
		{"/crmadmins", "", "1 admin in Zoho CRM\n1 active · none flagged\n\nAdministrator profile\n• Patricia Boyle · CEO · patricia.a+us@zohotest.com\nRead from Zoho CRM "},
		{"/crmuser", "", "Patricia Boyle\nCEO · Administrator profile\n"},
		{"/crmusers", "by role", "15 people by role\nCEO: 6 (3 active)\n"},
		{"/crmstatus", "", "All is well.\nToken: "},
		{"/nothing", "", "/nothing is not one of my commands."},
	} {
		got, err := ask(t, bot, test.command, test.words)
		if err != nil || !strings.Contains(got, test.want) || strings.Contains(got, "\x1b") {
			t.Errorf("%s %s: got %s, %v; want %s", test.command, test.words, got, err, test.want)
		}
	}
}

// ask gives what a terminal shows of all messages that come for a question.
func ask(t *testing.T, bot *local.Bot, command, words string) (string, error) {
	t.Helper()
	var shown strings.Builder
	err := bot.Ask(t.Context(), command, words, func(message []byte) error {
		text, err := local.Text(message, false)
		shown.WriteString(text)
		return err
	})
	return shown.String(), err
}

// TestASlowZohoIsAnsweredLater, by a job in the same process.
func TestASlowZohoIsAnsweredLater(t *testing.T) {
	zoho := zohosim.New(zohosim.Config{})
	if err := zoho.AddFault(zohosim.Fault{Path: "/crm/", Kind: zohosim.Hang, Times: 2}); err != nil {
		t.Fatal(err)
	}
	bot, err := local.Start(t.Context(), local.Options{Zoho: zoho, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Stop()
	got, err := ask(t, bot, "/crmuser", "lee")
	if err != nil || !strings.HasPrefix(got, "Looking in Zoho CRM… the answer follows in a moment.\n⚠ Invitation pending\nLee\n") {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestARefusedTokenIsExchanged by the time of a later question.
func TestARefusedTokenIsExchanged(t *testing.T) {
	zoho := zohosim.New(zohosim.Config{})
	bot, err := local.Start(t.Context(), local.Options{Zoho: zoho, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Stop()
	zoho.ExpireTokens()
	for range 100 {
		got, err := ask(t, bot, "/crmuser", "lee")
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(got, "⚠ Invitation pending\nLee\n") {
			return
		}
		if !strings.HasPrefix(got, "Zoho CRM does not accept my access any more.") {
			t.Fatalf("got %s", got)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the token was not exchanged")
}

// TestAnAuditInTheChannel: it is told once, and again where it has changed.
func TestAnAuditInTheChannel(t *testing.T) {
	bot, err := local.Start(t.Context(), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Stop()
	if got, _ := news(t, bot); got != "" {
		t.Errorf("before: got %s", got)
	}
	if got, err := ask(t, bot, "/crmadmins", "audit"); err != nil || !strings.Contains(got, "The audit is posted.\n") {
		t.Errorf("got %s, %v", got, err)
	}
	got, controls := news(t, bot)
	parts := strings.Split(got, "In its thread:\n")
	if len(parts) != 3 || len(controls) != 2 || !strings.HasPrefix(parts[0], "In the channel:\nAdmin audit: 1 admin\n") || !strings.Contains(parts[0], "‹8 Acknowledge› ‹9 Question›") ||
		!strings.Contains(parts[1], "\nPatricia Boyle | ") || !strings.Contains(parts[2], "\nAttached: crm-admins-") {
		t.Fatalf("got %s", got)
	}
	if again, _ := news(t, bot); again != "" {
		t.Errorf("again: got %s", again)
	}
	var answer strings.Builder
	show := func(message []byte) error {
		text, err := local.Text(message, false)
		answer.WriteString(text)
		return err
	}
	modal, err := bot.Press(t.Context(), controls[1], show)
	if err != nil || modal == "" || !strings.HasPrefix(answer.String(), "Question the audit\nWhat is wrong or unclear?\n") {
		t.Fatalf("got %q, %s, %v", modal, &answer, err)
	}
	if err := bot.Fill(t.Context(), modal, strings.Repeat("?", 301), show); err == nil {
		t.Error("too long a question was sent")
	}
	if err := bot.Fill(t.Context(), modal, "Who is that?", show); err != nil || !strings.Contains(answer.String(), "You questioned this audit, ") {
		t.Errorf("got %s, %v", &answer, err)
	}
	if _, err := bot.Press(t.Context(), controls[0], show); err == nil {
		t.Error("a button was pressed that has gone")
	}
	if got, _ := news(t, bot); !strings.HasPrefix(got, "Now in the channel:\nAdmin audit: 1 admin\n") || strings.Contains(got, "‹") || !strings.Contains(got, "Questioned by @U0SAMPLE, ") {
		t.Errorf("got %s", got)
	}
}

// news gives what is new in the channel. Seven controls were numbered before.
func news(t *testing.T, bot *local.Bot) (text string, controls []local.Control) {
	t.Helper()
	err := bot.News(func(where string, message []byte) error {
		told, more, err := local.NumberedText(message, false, 7+len(controls))
		text, controls = text+where+"\n"+told, append(controls, more...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, controls
}

// TestPreviewAudit posts nothing.
func TestPreviewAudit(t *testing.T) {
	bot, err := local.Start(t.Context(), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Stop()
	p, err := bot.PreviewAudit(t.Context())
	if err != nil || !strings.HasPrefix(p.Post.Text, "Admin audit: 1 admin.") || len(p.File) == 0 {
		t.Errorf("got %+v, %v", p, err)
	}
	if got, _ := news(t, bot); got != "" {
		t.Errorf("got %s", got)
	}
}

// TestTheDirectoryIsKeptWhereAsked: the next bot starts with it.
func TestTheDirectoryIsKeptWhereAsked(t *testing.T) {
	folder := store.Folder{Dir: t.TempDir()}
	for _, want := range []int{1, 0} {
		log := &bytes.Buffer{}
		bot, err := local.Start(t.Context(), local.Options{Store: folder, Log: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(t, bot, "/crmuser", "kim"); err != nil {
			t.Error(err)
		}
		bot.Stop()
		if reads := strings.Count(log.String(), "full read"); reads != want {
			t.Errorf("%d full reads, want %d: %s", reads, want, log)
		}
	}
}

func TestStartOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "nonsense"} {
		if bot, err := local.Start(t.Context(), local.Options{Address: address, Log: slog.New(slog.DiscardHandler)}); err == nil {
			bot.Stop()
			t.Errorf("%s was accepted", address)
		}
	}
}

// TestTextShowsEveryGoldenMessage: a block that a terminal cannot show would
// stand there by its type.
func TestTextShowsEveryGoldenMessage(t *testing.T) {
	files, err := filepath.Glob("../slackfmt/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		if base := filepath.Base(file); strings.HasPrefix(base, "view-") || strings.HasPrefix(base, "options") {
			continue // no messages
		}
		message, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := local.Text(message, false)
		if err != nil || strings.ContainsAny(got, "[]\x1b") || strings.Contains(got, "<!date") {
			t.Errorf("%s: got %s, %v", file, got, err)
		}
	}
}

func TestTextWithoutBlocks(t *testing.T) {
	if got, err := local.Text([]byte(`{"text":"a &amp; b"}`), false); err != nil || got != "a & b\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := local.Text([]byte(`<html>`), false); err == nil {
		t.Error("HTML was shown")
	}
}
