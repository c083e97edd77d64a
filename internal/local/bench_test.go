package local_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"crmwho/internal/local"
	"crmwho/internal/sim/zohosim"
)

// BenchmarkLoad asks a bot over loopback, with so many people waiting at a time,
// in an organisation of 5,000: signed requests, answered from memory. Memory is
// all that the process has from the system, which includes the played Slack and
// Zoho.
func BenchmarkLoad(b *testing.B) {
	organisation := zohosim.Generate(5000, 0)
	bot, err := local.Start(b.Context(), local.Options{
		Zoho: zohosim.New(zohosim.Config{Organisation: &organisation}), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer bot.Stop()
	if err := bot.Ask(b.Context(), "/crmusers", "", func([]byte) error { return nil }); err != nil {
		b.Fatal(err)
	}
	for _, concurrency := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("concurrency=%d", concurrency), func(b *testing.B) {
			web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
			defer web.CloseIdleConnections()
			turns, took := make(chan int), make([][]time.Duration, concurrency)
			var askers sync.WaitGroup
			for asker := range concurrency {
				askers.Go(func() {
					for turn := range turns {
						started := time.Now()
						if err := request(b, web, bot, turn); err != nil {
							b.Error(err)
						}
						took[asker] = append(took[asker], time.Since(started))
					}
				})
			}
			started, turn := time.Now(), 0
			for b.Loop() {
				turns <- turn
				turn++
			}
			close(turns)
			askers.Wait()
			all := slices.Sorted(slices.Values(slices.Concat(took...)))
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			b.ReportMetric(float64(len(all))/time.Since(started).Seconds(), "req/s")
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(memory.Sys>>20), "MB")
		})
	}
}

// request makes one question of a few kinds.
func request(b *testing.B, web *http.Client, bot *local.Bot, turn int) error {
	questions := []struct{ command, words string }{{"/crmuser", "gen"}, {"/crmusers", "status:active"}, {"/crmadmins", ""}, {"/crmuser", "nobody"}}
	q := questions[turn%len(questions)]
	r, err := bot.Request(b.Context(), q.command, q.words)
	if err != nil {
		return err
	}
	reply, err := web.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if _, err := io.Copy(io.Discard, reply.Body); err != nil || reply.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d, %w", reply.StatusCode, err)
	}
	return nil
}
