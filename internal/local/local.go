// Package local runs the whole bot on one computer: the same handler as on
// AWS, asked by a Slack that signs and answered by a Zoho that is played from
// Zoho's documented sample. It is never deployed.
package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
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

// refreshEvery is how often the token and the directory are looked at, as on AWS.
const refreshEvery = 10 * time.Minute

// Bot is a running bot.
type Bot struct {
	URL string // where it answers Slack, such as http://127.0.0.1:49152/slack/commands

	slack   *slacksim.Slack
	servers []*http.Server
	stop    context.CancelFunc
}

// Options say how a bot runs.
type Options struct {
	Address string       // a loopback address to listen on; empty stands for any free port
	Store   store.Store  // of the directory's snapshot; nil: one that ends with the bot
	Log     *slog.Logger // nil: slog.Default
}

// Start runs a bot until Stop.
func Start(ctx context.Context, o Options) (*Bot, error) {
	listener, err := Listen(cmp.Or(o.Address, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	b := &Bot{
		URL:   "http://" + listener.Addr().String() + bot.CommandsPath,
		slack: &slacksim.Slack{SigningSecret: rand.Text()},
		stop:  stop,
	}
	if o.Store == nil {
		o.Store = &store.Memory{}
	}
	handler, err := b.handler(ctx, o.Store, cmp.Or(o.Log, slog.Default()))
	if err != nil {
		_ = listener.Close()
		b.Stop()
		return nil, err
	}
	b.serve(listener, handler)
	return b, nil
}

// Stop ends the bot and what it talks to.
func (b *Bot) Stop() {
	b.stop()
	for _, s := range b.servers {
		_ = s.Close()
	}
}

// Ask types a command in the played Slack and gives the answer as Slack would
// get it.
func (b *Bot) Ask(ctx context.Context, command, text string) ([]byte, error) {
	return b.slack.Ask(ctx, b.URL, command, text)
}

// handler wires the bot to the played systems.
func (b *Bot) handler(ctx context.Context, shared store.Store, log *slog.Logger) (http.Handler, error) {
	secrets := &store.Memory{}
	accounts, err := b.zoho()
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{
		slackSecret: map[string]any{"signing_secrets": []string{b.slack.SigningSecret}},
		oauthClient: accounts,
	} {
		data, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if _, err := secrets.WriteIfUnchanged(ctx, name, data, store.Absent); err != nil {
			return nil, err
		}
	}
	keeper := &token.Keeper{Store: secrets, ClientName: oauthClient, TokenName: accessToken, AllowLoopback: true, Log: log}
	if _, err := keeper.Run(ctx, token.Request{}); err != nil {
		return nil, fmt.Errorf("first token: %w", err)
	}
	tokens := &token.Source{Store: secrets, Name: accessToken, Log: log}
	client := &zoho.Client{Tokens: tokens.Token, Refused: tokens.Refused, AllowLoopback: true, Log: log}
	people := &directory.Directory{Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: shared, Log: log}
	go keepFresh(ctx, keeper, people, log)
	return &bot.Bot{
		People:         people,
		SigningSecrets: bot.StoredSecrets(secrets, slackSecret),
		Log:            log,
	}, nil
}

// zoho starts a Zoho and gives the OAuth client that it knows.
func (b *Bot) zoho() (map[string]string, error) {
	listener, err := Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	sim := zohosim.New(zohosim.Config{})
	b.serve(listener, sim)
	return map[string]string{
		"client_id":       sim.ClientID,
		"client_secret":   sim.ClientSecret,
		"refresh_token":   sim.RefreshToken,
		"accounts_server": "http://" + listener.Addr().String(),
	}, nil
}

// keepFresh does what schedules do on AWS.
func keepFresh(ctx context.Context, keeper *token.Keeper, people *directory.Directory, log *slog.Logger) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if _, err := keeper.Run(ctx, token.Request{}); err != nil {
				log.ErrorContext(ctx, "token", "err", err)
			}
			if _, err := people.Sync(ctx, false); err != nil {
				log.ErrorContext(ctx, "directory", "err", err)
			}
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
