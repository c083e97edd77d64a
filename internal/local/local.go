// Package local runs the whole bot on one computer: the same handler as on
// AWS, asked by a Slack that signs and answered by a Zoho that is played from
// Zoho's documented sample, or by a real one. A World has a page that plays
// Slack's windows. It is never deployed.
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

// guest is somebody in Slack who may ask for people alone, and is not in the CRM.
const (
	guest     = "U0SAMPLEGUEST"
	guestName = "Sample Guest"
)

// usersQuery is the function that the bot is on AWS.
const usersQuery = "users-query"

// refreshEvery is how often the token and the directory are looked at, as on AWS.
const refreshEvery = 10 * time.Minute

// Bot is a running bot.
type Bot struct {
	URL string // where it answers Slack, such as http://127.0.0.1:49152/slack/commands

	bot     *bot.Bot
	keeper  *token.Keeper
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
	CRM     *CRM          // a real one instead; nil: Zoho is played
	Version string        // of the program
	Log     *slog.Logger  // nil: slog.Default

	now      func() time.Time // what ages are told by; nil: time.Now
	patience time.Duration    // for the first read of everybody; zero: firstSync
	function string           // name that metrics go by; empty: there are none
}

// CRM is a real Zoho CRM.
type CRM struct {
	Secrets       store.Store // with the OAuth client and the access token, under the names that `crmwho setup` has for them in a folder
	AccountsURL   string      // of a client that names no accounts server
	AllowLoopback bool        // it may be on this computer
}

// Start runs a bot until Stop.
func Start(ctx context.Context, o Options) (*Bot, error) {
	b := &Bot{seen: map[string]string{}, slack: newSlack()}
	return b, b.start(ctx, o)
}

// newSlack is a workspace with a person and a guest in it.
func newSlack() *slacksim.Slack {
	return &slacksim.Slack{
		SigningSecret: rand.Text(), BotToken: rand.Text(), Channels: []string{slacksim.Channel},
		People: map[string]slacksim.Person{slacksim.User: {Email: asker, TimeZone: "Europe/London"}},
		Guests: map[string]string{guest: "multi"},
	}
}

// start runs a bot, or nothing.
func (b *Bot) start(ctx context.Context, o Options) error {
	if o.Store == nil {
		o.Store = &store.Memory{}
	}
	if o.Zoho == nil && o.CRM == nil {
		o.Zoho = zohosim.New(zohosim.Config{})
	}
	o.Log = cmp.Or(o.Log, slog.Default())
	ctx, b.stop = context.WithCancel(ctx)
	err := b.run(ctx, o)
	if err != nil {
		b.Stop()
	}
	return err
}

func (b *Bot) run(ctx context.Context, o Options) error {
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
	b.serve(listener, marked(b.bot))
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
	crm, err := b.crm(ctx, o)
	if err != nil {
		return nil, err
	}
	shared, err := b.slackSecrets(ctx)
	if err != nil {
		return nil, err
	}
	b.keeper = &token.Keeper{
		Store: crm.Secrets, ClientName: oauthClient, TokenName: accessToken,
		AccountsURL: crm.AccountsURL, AllowLoopback: crm.AllowLoopback, Log: o.Log, Now: o.now, Function: strings.Replace(o.function, usersQuery, "token-refresh", 1),
	}
	if _, err := b.keeper.Run(ctx, token.Request{}); err != nil && o.CRM == nil {
		return nil, fmt.Errorf("first token: %w", err)
	}
	tokens := &token.Source{Store: crm.Secrets, Name: accessToken, Log: o.Log, Now: o.now, Tell: func(of context.Context, version string) error {
		b.later(ctx, of, func(ctx context.Context) {
			b.refresh(ctx, token.Request{Reason: token.Refused, Version: version}, o.Log)
		})
		return nil
	}}
	client := &zoho.Client{Tokens: tokens.Token, Refused: tokens.Refused, Done: bot.CountCall, AllowLoopback: crm.AllowLoopback, Log: o.Log}
	everyone, members := bot.Audience{Everyone: true}, bot.Audience{Everyone: true, NoGuests: true}
	pages := crmPages(crm.AccountsURL)
	handler := &bot.Bot{
		People: &directory.Directory{
			Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: o.Store, Log: o.Log,
			Roles: client.Roles, Profiles: client.Profiles, Org: client.Org, Now: o.now,
		},
		Records:    &records.Finder{CRM: client, Now: o.now},
		RecordPage: pages + "{org}/tab/{module}/{id}",
		Secrets:    bot.StoredSecrets(shared, slackSecret, o.Log),
		Claims:     o.Store,
		Access:     bot.Access{Teams: []string{slacksim.Team}, People: everyone, Owners: members, Admins: members},
		UserPage:   pages + "{org}/settings/users/{id}", AuditChannel: slacksim.Channel, NoticeChannel: slacksim.Channel,
		Token: tokens.Token, Health: tokens.Health, Version: o.Version, Now: o.now,
		SlackAPI: b.slack.Base + "/api/", AllowLoopback: true,
		Log: o.Log, Function: o.function,
	}
	handler.HandOver = func(of context.Context, job []byte) error {
		b.later(ctx, of, func(ctx context.Context) { do(ctx, handler, job, o.Log) })
		return nil
	}
	first, cancel := context.WithTimeout(ctx, cmp.Or(o.patience, firstSync))
	defer cancel()
	do(first, handler, firstSyncOf(o), o.Log)
	b.jobs.Go(func() { b.keepFresh(ctx, handler, o.Log) })
	return handler, nil
}

// later does what asynchronous invocations do on AWS: it outlives the request
// that it is of, and belongs to the same exchange.
func (b *Bot) later(ctx, of context.Context, do func(context.Context)) {
	ctx = withExchange(ctx, exchangeOf(of))
	b.jobs.Go(func() { do(ctx) })
}

// crmPages is where the pages of a CRM begin, by its accounts server. Those of
// what is played lead to Zoho's first data centre.
func crmPages(accountsURL string) string {
	host, real := strings.CutPrefix(accountsURL, "https://accounts.")
	if !real {
		host = "zoho.com"
	}
	return "https://crm." + host + "/crm/"
}

// firstSync bounds the read of everybody before the first question, which finds
// the role tree as well.
const firstSync = time.Second

var directorySync = []byte(`{"job":"directory-sync"}`)

// firstSyncOf reads everybody of a real CRM, which may be another one than last
// time.
func firstSyncOf(o Options) []byte {
	if o.CRM != nil {
		return []byte(`{"job":"directory-sync","all":true}`)
	}
	return directorySync
}

func (b *Bot) refresh(ctx context.Context, r token.Request, log *slog.Logger) {
	if _, err := b.keeper.Run(ctx, r); err != nil {
		log.ErrorContext(ctx, "token", "err", err)
	}
}

func do(ctx context.Context, b *bot.Bot, job []byte, log *slog.Logger) {
	if _, err := b.Do(ctx, job); err != nil {
		log.ErrorContext(ctx, "job", "err", err)
	}
}

// crm is the real one, or the one that is played, with a client of its own.
func (b *Bot) crm(ctx context.Context, o Options) (CRM, error) {
	if o.CRM != nil {
		return *o.CRM, nil
	}
	accounts, err := b.play(o.Zoho)
	if err != nil {
		return CRM{}, err
	}
	secrets := &store.Memory{}
	return CRM{secrets, accounts, true}, keep(ctx, secrets, oauthClient, map[string]string{
		"client_id": o.Zoho.ClientID, "client_secret": o.Zoho.ClientSecret, "refresh_token": o.Zoho.RefreshToken, "accounts_server": accounts,
	})
}

// slackSecrets are what an operator fills in on AWS. Those of a played Slack are
// new in each start, and are kept in memory alone.
func (b *Bot) slackSecrets(ctx context.Context) (store.Store, error) {
	secrets := &store.Memory{}
	return secrets, keep(ctx, secrets, slackSecret, bot.Secrets{Signing: []string{b.slack.SigningSecret}, BotToken: b.slack.BotToken})
}

// keep stores a value that is not there yet, as JSON.
func keep(ctx context.Context, in store.Store, name string, value any) error {
	data, err := json.Marshal(value)
	if err == nil {
		_, err = in.WriteIfUnchanged(ctx, name, data, store.Absent)
	}
	return err
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
func (b *Bot) keepFresh(ctx context.Context, handler *bot.Bot, log *slog.Logger) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.refresh(ctx, token.Request{}, log)
			do(ctx, handler, directorySync, log)
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
