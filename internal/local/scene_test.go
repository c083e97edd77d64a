package local

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crmwho/internal/sim/slacksim"
)

// TestALateAnswerIsForWhoAsked, whoever asks when it comes. What comes to a
// response URL of nobody's is nobody's to see.
func TestALateAnswerIsForWhoAsked(t *testing.T) {
	w, err := Open(t.Context(), WorldOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := w.current()
	known, unknown := s.bot.slack.Typed("/crmuser", "kim"), s.bot.slack.Typed("/crmuser", "kim")
	s.expect(known.Get("response_url"), source{began: time.Now(), where: inDirect, user: slacksim.User})
	if err := w.ask(s, guest); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{known.Get("response_url"), unknown.Get("response_url")} {
		reply, err := http.Post(url, "application/json", strings.NewReader(`{"text":"late"}`))
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept.Entries) != 1 || s.kept.Entries[0].For != slacksim.User || s.kept.Entries[0].Where != inDirect || s.sees(s.kept.Entries[0]) {
		t.Errorf("got %d entries, the first %+v", len(s.kept.Entries), s.kept.Entries)
	}
}

// TestWhatIsOldIsForgotten, by Slack too: the history does not grow for ever.
func TestWhatIsOldIsForgotten(t *testing.T) {
	w, err := Open(t.Context(), WorldOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := w.current()
	for range maxEntries + 5 { // none of which stays
		s.say(entry{Where: inDirect, For: slacksim.User, Kind: kindPrivate, By: slacksim.Bot, Body: text("good morning")})
	}
	for range maxEntries + 5 {
		if err := s.typed(t.Context(), inChannel, "good morning"); err != nil {
			t.Fatal(err)
		}
	}
	messages := s.bot.slack.Messages(slacksim.Channel)
	if len(messages) != maxEntries || len(s.kept.Entries) != maxEntries || s.kept.Entries[0].TS != messages[0].TS {
		t.Errorf("got %d messages and %d entries, want %d", len(messages), len(s.kept.Entries), maxEntries)
	}
}

func TestHostsOfAnAddress(t *testing.T) {
	for address, want := range map[string]string{"127.0.0.1:80": "localhost", "127.0.0.1:8017": "localhost:8017", "[::1]:80": "[::1]", "127.0.0.2:8017": "127.0.0.2:8017"} {
		at, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := hostsOf(at); !slices.Contains(got, want) {
			t.Errorf("%s: got %q, want %s", address, got, want)
		}
	}
}
