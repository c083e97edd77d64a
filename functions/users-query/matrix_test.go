package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/directory"
	"crmwho/internal/records"
	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
	"crmwho/internal/zoho"
)

// situation is one in which somebody asks.
type situation struct {
	latency  time.Duration // of each call of Zoho
	start    time.Duration // of a process for the question; zero: one is there
	snapshot string        // "fresh", "old" or "absent"
	handOver string        // "works", "slow", "early", "twice", "refused" or "hangs"
	clock    string        // of the gateway: "right", "seconds", "frozen" or "none"
	command  string
}

// situations are all of them.
func situations() (all []situation) {
	commands := []string{"/crmuser", "/crmadmins", "/crmowner", "/crmowner orphans"}
	for _, latency := range []time.Duration{100, 300, 790, 810, 1200, 1590, 1610, 3000, 10_000} {
		for _, start := range []time.Duration{0, 700, 1900, 2500} {
			for _, snapshot := range []string{"fresh", "old", "absent"} {
				for _, handOver := range []string{"works", "slow", "early", "twice", "refused", "hangs"} {
					for _, clock := range []string{"right", "seconds", "frozen", "none"} {
						all = append(all, situation{latency * time.Millisecond, start * time.Millisecond, snapshot, handOver, clock, commands[(len(all)+len(all)/4)%4]})
					}
				}
			}
		}
	}
	return all
}

// TestEveryQuestionIsAnsweredInTimeAndOnce: no first reply later than the
// deadline, one answer each, and nothing goes on when the handler has returned.
func TestEveryQuestionIsAnsweredInTimeAndOnce(t *testing.T) {
	all := situations()
	if len(all) < 1000 {
		t.Errorf("only %d situations", len(all))
	}
	for _, s := range all {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) { synctest.Test(t, s.play) })
	}
}

// surroundings are what processes of the function share.
type surroundings struct {
	situation
	zoho   *zohosim.Zoho
	slack  *slacksim.Slack
	values *store.Memory
	token  zoho.Token
	jobs   sync.WaitGroup
}

// refresh is token-refresh.
func (w *surroundings) refresh(t *testing.T) {
	accounts := &zoho.OAuth{ClientID: w.zoho.ClientID, ClientSecret: w.zoho.ClientSecret, AccountsURL: "https://accounts.zoho.com", HTTP: &http.Client{Transport: w.zoho}}
	grant, err := accounts.Refresh(t.Context(), w.zoho.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	w.token = grant.Token
}

// process is one of the function. What it hands over is done by another.
func (w *surroundings) process() *bot.Bot {
	quiet := slog.New(slog.DiscardHandler)
	client := &zoho.Client{HTTP: &http.Client{Transport: w.zoho}, Log: quiet, Done: bot.CountCall, Tokens: func(context.Context) (zoho.Token, error) { return w.token, nil }}
	everyone := bot.Audience{Everyone: true}
	return &bot.Bot{
		People: &directory.Directory{Read: client.ReadUsers, Changed: client.UsersModifiedSince, Store: w.values, Log: quiet},
		Secrets: func(context.Context, bool) (bot.Secrets, error) {
			return bot.Secrets{Signing: []string{w.slack.SigningSecret}}, nil
		},
		HandOver: w.invoke,
		Claims:   w.values,
		Records:  &records.Finder{CRM: client},
		Access:   bot.Access{Teams: []string{"T0SAMPLE"}, People: everyone, Owners: everyone, Admins: everyone},
		HTTP:     &http.Client{Transport: w.slack},
		Log:      quiet,
	}
}

// invoke is Lambda's asynchronous invocation.
func (w *surroundings) invoke(ctx context.Context, job []byte) error {
	times := 1
	switch w.handOver {
	case "refused":
		return errors.New("ServiceException")
	case "hangs":
		<-ctx.Done()
		return ctx.Err()
	case "slow":
		time.Sleep(250 * time.Millisecond)
	case "early":
		defer time.Sleep(250 * time.Millisecond) // the job runs already
	case "twice":
		times = 2
	}
	for range times {
		other := w.process()
		w.jobs.Go(func() {
			if _, err := other.Do(context.Background(), job); err != nil {
				panic(err) // the job can be done in each of the situations
			}
		})
	}
	return nil
}

func (s situation) play(t *testing.T) {
	w := &surroundings{situation: s, zoho: zohosim.New(zohosim.Config{APIDomain: "https://www.zohoapis.com"}), slack: &slacksim.Slack{SigningSecret: "sample"}, values: &store.Memory{}}
	w.refresh(t)
	b := w.process()
	if s.snapshot != "absent" {
		if _, err := b.People.Sync(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	if s.snapshot == "old" {
		time.Sleep(3 * time.Hour)
		w.refresh(t)
	}
	if err := w.zoho.AddFault(zohosim.Fault{Path: "/crm/", Latency: s.latency}); err != nil {
		t.Fatal(err)
	}
	event, sent := w.event(t)
	if s.start > 0 {
		time.Sleep(s.start)
		b = w.process()
		b.Warm(t.Context())
	}
	deadline := time.Now().Add(2 * time.Second)
	if s.clock == "right" {
		deadline = sent.Add(2 * time.Second)
	}
	if soonest := time.Now().Add(350 * time.Millisecond); deadline.Before(soonest) {
		deadline = soonest // the time was over when it came, and handing over takes some
	}
	reply, err := function{http: b, do: b.Do}.Invoke(t.Context(), event)
	replied := time.Now()
	if late := replied.Sub(deadline); err != nil || late > 0 {
		t.Fatalf("replied %v after the deadline, %v", late, err)
	}
	calls := len(w.zoho.Calls())
	w.jobs.Wait()
	time.Sleep(time.Minute)
	if handedOver := w.handOver != "refused" && w.handOver != "hangs"; !handedOver && len(w.zoho.Calls()) != calls {
		t.Error("the process went on when the handler had returned")
	}
	s.check(t, reply, w.slack.Posts(), replied)
}

// event is what the gateway sends, and when it got it.
func (w *surroundings) event(t *testing.T) ([]byte, time.Time) {
	command, words, _ := strings.Cut(w.command, " ")
	form := w.slack.Typed(command, cmp.Or(words, map[string]string{"/crmuser": "lee", "/crmowner": "gentest"}[command]))
	body := []byte(form.Encode())
	r, err := w.slack.Post(t.Context(), "https://bot.example/slack/commands", body)
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{}
	for name := range r.Header {
		headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	now := time.Now()
	epoch := map[string]int64{"right": now.UnixMilli(), "seconds": now.Unix(), "frozen": now.Add(-time.Hour).UnixMilli()}[w.clock]
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": "/slack/commands", "headers": headers, "isBase64Encoded": true, "body": base64.StdEncoding.EncodeToString(body),
		"requestContext": map[string]any{"http": map[string]any{"method": "POST"}, "timeEpoch": epoch},
	})
	if err != nil {
		t.Fatal(err)
	}
	return event, now
}

// calls is how many calls of Zoho an answer takes, one after the other.
func (s situation) calls() time.Duration {
	people := map[string]time.Duration{"fresh": 0, "old": 1, "absent": 2}[s.snapshot]
	switch s.command {
	case "/crmowner":
		return max(people, 4) // in the index and by queries, three modules at once
	case "/crmowner orphans":
		return people + 2
	}
	if s.snapshot == "absent" {
		return people
	}
	return 0 // from memory
}

// check looks at what the asker has got.
func (s situation) check(t *testing.T, reply []byte, posts []slacksim.Post, replied time.Time) {
	var response struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(reply, &response); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %v", reply, err)
	}
	answers := []string{response.Body}
	if strings.Contains(response.Body, "Looking in Zoho CRM") {
		answers = nil
	}
	for _, p := range posts {
		answers = append(answers, string(p.Body))
		if early := replied.Sub(p.At); early > 0 {
			t.Errorf("the answer followed %v before the first reply was out", early)
		}
	}
	if len(answers) != 1 {
		t.Fatalf("got %d answers: %s", len(answers), answers)
	}
	want := map[string]string{"/crmuser": "Lee", "/crmadmins": "Patricia Boyle", "/crmowner": "Gentest", "/crmowner orphans": "4 records whose owner is not active"}[s.command]
	found := strings.Contains(answers[0], want)
	inTime := s.start+s.calls()*s.latency < 1600*time.Millisecond
	mayFail := s.calls() > 0 && !inTime && (s.handOver == "refused" || s.handOver == "hangs")
	if s.command == "/crmowner" && s.latency >= 10*time.Second { // records are not looked for as long as that
		mayFail = true
	}
	if !found && (!mayFail || !strings.Contains(answers[0], "did not answer in time")) {
		t.Errorf("got %s", answers[0])
	}
}
