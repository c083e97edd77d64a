// Package bot answers Slack over HTTP. It knows nothing of Lambda: a request
// comes in as an http.Request with the bytes that Slack signed.
package bot

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"crmwho/internal/directory"
	"crmwho/internal/slackfmt"
)

// CommandsPath is where Slack sends slash commands.
const CommandsPath = "/slack/commands"

// budget is the time for an answer. Slack gives three seconds, and its network
// and the gateway need some of them.
const budget = 2 * time.Second

// Bot is the HTTP handler. It is safe for concurrent use; its fields are not
// changed after the first request.
type Bot struct {
	// People answers searches and knows the admins. Required.
	People *directory.Directory
	// SigningSecrets gives the secrets that Slack may sign with: two while one
	// replaces the other, none before the bot is set up. Required.
	SigningSecrets func(context.Context) ([]string, error)
	// Log takes one line for each request; nil stands for slog.Default.
	Log *slog.Logger
}

// ServeHTTP answers a request from Slack: with a bare status when it is not
// one, otherwise with HTTP 200 and a message, also about failures.
func (b *Bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), budget)
	defer cancel()
	command, refused := b.accept(ctx, r)
	if refused != nil {
		b.logRefusal(ctx, refused)
		w.WriteHeader(refused.status)
		return
	}
	data, err := b.answer(ctx, command).JSON()
	if err != nil {
		b.log().ErrorContext(ctx, "encode answer", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // nobody is left to tell
}

// answer gives the message for a command and logs one line about it. What was
// typed is not in the line, nor is who was found.
func (b *Bot) answer(ctx context.Context, c slack.SlashCommand) slackfmt.Message {
	started := time.Now()
	a := b.verb(ctx, c)
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("command", known(c.Command)),
		slog.String("outcome", a.outcome),
		slog.Int("people", a.people),
		slog.Int64("age_s", int64(a.age.Seconds())),
		slog.Int64("ms", time.Since(started).Milliseconds()),
	}
	if a.err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("err", a.err))
	}
	if a.ref != "" {
		attrs = append(attrs, slog.String("ref", a.ref))
	}
	b.log().LogAttrs(ctx, level, "answer", attrs...)
	return a.message
}

// known keeps a command that is not ours out of the log.
func known(command string) string {
	if slackfmt.IsCommand(command) {
		return command
	}
	return "other"
}

func (b *Bot) logRefusal(ctx context.Context, r *refusal) {
	level := slog.LevelWarn
	attrs := []slog.Attr{slog.Int("status", r.status), slog.String("reason", r.reason)}
	if r.err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("err", r.err))
	}
	b.log().LogAttrs(ctx, level, "refused", attrs...)
}

func (b *Bot) log() *slog.Logger { return cmp.Or(b.Log, slog.Default()) }
