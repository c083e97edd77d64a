// Package local runs the whole bot on one computer: the same handler as on
// AWS, asked by a Slack that signs and answered by a Zoho that is played from
// Zoho's documented sample. It is never deployed.
package local

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/slackfmt"
	"crmwho/internal/store"
	"crmwho/internal/token"
	"crmwho/internal/zoho"
)

// Names of the values in the store. On AWS the secrets' ARNs stand for them.
const (
	oauthClient = "oauth-client"
	accessToken = "access-token"
	slackSecret = "slack"
)

// asker is the address of whoever asks: the first user of Zoho's documented
// sample.
const asker = "patricia.a+us@zohotest.com"

// refreshEvery is how often the token and the directory are looked at, as on AWS.
const refreshEvery = 10 * time.Minute

// Bot is a running bot.
type Bot struct {
	URL string // where it answers Slack, such as http://127.0.0.1:49152/slack/commands

	bot     *bot.Bot
	slack   *slacksim.Slack
	seen    map[string]string // what News has shown of the channel, by timestamp
	servers []*http.Server
	stop    context.CancelFunc
	jobs    sync.WaitGroup // what schedules and asynchronous invocations do on AWS
}

// Options say how a bot runs.
type Options struct {
	Address string        // a loopback address to listen on; empty stands for any free port
	Store   store.Store   // of the list of people, of audits and of answers under way; nil: one that ends with the bot
	Zoho    *zohosim.Zoho // the CRM; nil: one with Zoho's documented sample
	Version string        // of the program
	Log     *slog.Logger  // nil: slog.Default
}

// Start runs a bot until Stop.
func Start(ctx context.Context, o Options) (*Bot, error) {
	if o.Store == nil {
		o.Store = &store.Memory{}
	}
	if o.Zoho == nil {
		o.Zoho = zohosim.New(zohosim.Config{})
	}
	o.Log = cmp.Or(o.Log, slog.Default())
	b := &Bot{seen: map[string]string{}, slack: &slacksim.Slack{
		SigningSecret: rand.Text(), BotToken: rand.Text(), Channels: []string{slacksim.Channel},
		People: map[string]slacksim.Person{slacksim.User: {Email: asker, TimeZone: "Europe/London"}},
	}}
	ctx, b.stop = context.WithCancel(ctx)
	if err := b.start(ctx, o); err != nil {
		b.Stop()
		return nil, err
	}
	return b, nil
}

func (b *Bot) start(ctx context.Context, o Options) error {
	base, err := b.play(b.slack)
	if err != nil {
		return err
	}
	b.slack.Base = base
	if b.bot, err = b.handler(ctx, o); err != nil {
		return err
	}
	listener, err := Listen(cmp.Or(o.Address, anyPort))
	if err != nil {
		return err
	}
	b.serve(listener, b.bot)
	b.URL = "http://" + listener.Addr().String() + bot.CommandsPath
	return nil
}

// anyPort lets the system choose a free one.
const anyPort = "127.0.0.1:0"

// Stop ends the bot and what it talks to.
func (b *Bot) Stop() {
	b.stop()
	for _, s := range b.servers {
		_ = s.Close()
	}
	b.jobs.Wait()
}

// Ask types a command in the played Slack and shows each message that comes for
// it, as Slack would get it: the answer, or that it follows and then the answer.
func (b *Bot) Ask(ctx context.Context, command, text string, show func(message []byte) error) error {
	form := b.slack.Typed(command, text)
	r, err := b.slack.Post(ctx, b.URL, []byte(form.Encode()))
	if err != nil {
		return err
	}
	first, err := b.slack.Send(r)
	if err != nil {
		return err
	}
	if err := show(first); err != nil || !bytes.Contains(first, []byte(slackfmt.Looking().Text)) {
		return err
	}
	later, err := b.slack.Await(ctx, form.Get("response_url"))
	if err != nil {
		return err
	}
	return show(later)
}

// Press presses something in a message that was shown, and shows each message
// that comes of it, as Ask does. A link only tells where it leads. If a modal
// opens, that is shown and its id given: see Fill.
func (b *Bot) Press(ctx context.Context, c Control, show func(message []byte) error) (modal string, err error) {
	if c.url != "" {
		return "", show(fmt.Appendf(nil, `{"text":%q}`, "That opens "+c.url))
	}
	payload, err := b.slack.PressedNth(c.message, c.label, c.nth)
	if c.action != "" {
		payload, err = b.slack.SelectedNth(c.message, c.action, c.label, c.nth)
	}
	if err != nil {
		return "", err
	}
	before := len(b.slack.Posts())
	if err := b.interact(ctx, payload); err != nil {
		return "", err
	}
	if modal = opened(b.slack.Posts()[before:]); modal != "" {
		return modal, show(b.slack.Shown(modal))
	}
	answer, err := b.slack.Await(ctx, fmt.Sprint(payload["response_url"]))
	if err != nil {
		return "", err
	}
	return "", show(answer)
}

// Fill types a text into the one input of a modal, sends it, and shows what the
// modal says then.
func (b *Bot) Fill(ctx context.Context, modal, text string, show func(message []byte) error) error {
	payload, err := b.slack.Filled(modal, map[string]string{inputLabel(b.slack.Shown(modal)): text})
	if err != nil {
		return err
	}
	if err := b.interact(ctx, payload); err != nil {
		return err
	}
	return show(b.slack.Shown(modal))
}

func (b *Bot) interact(ctx context.Context, payload map[string]any) error {
	r, err := b.slack.Interaction(ctx, strings.TrimSuffix(b.URL, bot.CommandsPath)+bot.InteractivityPath, payload)
	if err != nil {
		return err
	}
	_, err = b.slack.Send(r)
	return err
}

// opened is the id of the modal that opened with posts; empty if none did.
func opened(posts []slacksim.Post) string {
	for _, p := range posts {
		if p.Via == "views.open" {
			return p.To
		}
	}
	return ""
}

// News shows what came to the channel since it was called last, and what was
// changed there, with where that is. It is not safe for concurrent use.
func (b *Bot) News(show func(where string, message []byte) error) error {
	for _, m := range b.slack.Messages(slacksim.Channel) {
		before, known := b.seen[m.TS]
		if before == string(m.Body) {
			continue
		}
		b.seen[m.TS] = string(m.Body)
		where := "In the channel:"
		switch {
		case known:
			where = "Now in the channel:"
		case m.ThreadTS != "":
			where = "In its thread:"
		}
		if err := show(where, m.Body); err != nil {
			return err
		}
	}
	return nil
}

// PreviewAudit makes an audit that is not posted.
func (b *Bot) PreviewAudit(ctx context.Context) (bot.Preview, error) { return b.bot.PreviewAudit(ctx) }

// Request is a signed request with a command, for who sends it by other means
// than Ask. A late answer to it is lost.
func (b *Bot) Request(ctx context.Context, command, text string) (*http.Request, error) {
	return b.slack.Post(ctx, b.URL, []byte(slacksim.Form(command, text).Encode()))
}

// handler wires the bot to the played systems.
func (b *Bot) handler(ctx context.Context, o Options) (*bot.Bot, error) {
	secrets, err := b.secrets(ctx, o.Zoho)
	if err != nil {
		return nil, err
	}
	keeper := &token.Keeper{Store: secrets, ClientName: oauthClient, TokenName: accessToken, AllowLoopback: true, Log: o.Log}
	if _, err := keeper.Run(ctx, token.Request{}); err != nil {
		return nil, fmt.Errorf("first token: %w", err)
	}
	tokens := &token.Source{Store: secrets, Name: accessToken, Log: o.Log, Tell: func(_ context.Context, version string) error {
		b.jobs.Go(func() { refreshToken(ctx, keeper, token.Request{Reason: token.Refused, Version: version}, o.Log) })
		return nil
	}}
	client := &zoho.Client{Tokens: tokens.Token, Refused: tokens.Refused, Done: bot.CountCall, AllowLoopback: true, Log: o.Log}
	everyone := bot.Audience{Everyone: true}
	handler := &bot.Bot{
		People: &directory.Directory{
			Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: o.Store, Log: o.Log,
			Roles: client.Roles, Profiles: client.Profiles, Org: client.Org,
		},
		Records:    &records.Finder{CRM: client},
		RecordPage: "https://crm.zoho.com/crm/{org}/tab/{module}/{id}",
		Secrets:    bot.StoredSecrets(secrets, slackSecret, o.Log),
		Claims:     o.Store,
		Access:     bot.Access{Teams: []string{slacksim.Team}, People: everyone, Owners: everyone, Admins: everyone},
		UserPage:   "https://crm.zoho.com/crm/{org}/settings/users/{id}", AuditChannel: slacksim.Channel,
		Token: tokens.Token, Health: tokens.Health, Version: o.Version,
		SlackAPI: b.slack.Base + "/api/", AllowLoopback: true,
		Log: o.Log,
	}
	handler.HandOver = func(_ context.Context, job []byte) error {
		b.jobs.Go(func() { do(ctx, handler, job, o.Log) })
		return nil
	}
	first, cancel := context.WithTimeout(ctx, firstSync)
	defer cancel()
	do(first, handler, directorySync, o.Log)
	b.jobs.Go(func() { keepFresh(ctx, keeper, handler, o.Log) })
	return handler, nil
}

// firstSync bounds the read of everybody before the first question, which finds
// the role tree as well.
const firstSync = time.Second

var directorySync = []byte(`{"job":"directory-sync"}`)

func refreshToken(ctx context.Context, keeper *token.Keeper, r token.Request, log *slog.Logger) {
	if _, err := keeper.Run(ctx, r); err != nil {
		log.ErrorContext(ctx, "token", "err", err)
	}
}

func do(ctx context.Context, b *bot.Bot, job []byte, log *slog.Logger) {
	if _, err := b.Do(ctx, job); err != nil {
		log.ErrorContext(ctx, "job", "err", err)
	}
}

// secrets are what an operator fills in on AWS.
func (b *Bot) secrets(ctx context.Context, crm *zohosim.Zoho) (store.Store, error) {
	accounts, err := b.play(crm)
	if err != nil {
		return nil, err
	}
	secrets := &store.Memory{}
	for name, value := range map[string]any{
		slackSecret: bot.Secrets{Signing: []string{b.slack.SigningSecret}, BotToken: b.slack.BotToken},
		oauthClient: map[string]string{
			"client_id": crm.ClientID, "client_secret": crm.ClientSecret, "refresh_token": crm.RefreshToken, "accounts_server": accounts,
		},
	} {
		data, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if _, err := secrets.WriteIfUnchanged(ctx, name, data, store.Absent); err != nil {
			return nil, err
		}
	}
	return secrets, nil
}

// play serves a played system and gives its address.
func (b *Bot) play(system http.Handler) (url string, err error) {
	listener, err := Listen(anyPort)
	if err != nil {
		return "", err
	}
	b.serve(listener, system)
	return "http://" + listener.Addr().String(), nil
}

// keepFresh does what schedules do on AWS.
func keepFresh(ctx context.Context, keeper *token.Keeper, b *bot.Bot, log *slog.Logger) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			refreshToken(ctx, keeper, token.Request{}, log)
			do(ctx, b, directorySync, log)
		case <-ctx.Done():
			return
		}
	}
}

func (b *Bot) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	b.servers = append(b.servers, server)
	go func() { _ = server.Serve(listener) }() // ends with Stop
}

// errNotLoopback keeps a bot with played secrets off the network.
var errNotLoopback = errors.New("the address must be one of this computer's own, such as 127.0.0.1:8080")

// Listen opens a port for a stand-in. Other addresses than loopback are refused:
// what is played is nobody else's to ask.
func Listen(address string) (net.Listener, error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil || !at.IP.IsLoopback() {
		return nil, errNotLoopback
	}
	return net.Listen("tcp", address)
}
