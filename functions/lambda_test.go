package functions_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"crmwho/internal/sim/slacksim"
	"crmwho/internal/sim/zohosim"
)

// TestConnectionsThatDieInAFrozenEnvironment cost nobody an answer: others have
// closed what it kept open to them when it goes on.
func TestConnectionsThatDieInAFrozenEnvironment(t *testing.T) {
	s := connected(t, zohosim.New(zohosim.Config{}))
	s.inSlack()
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1ns"})
	for range 3 {
		card := s.typed(t, "/crmuser", "kim")
		for _, work := range []func(){
			func() { s.says(t, "/crmuser", "kim", "Invitation pending: Kim") },
			func() { s.sync(t, "directory-sync.json") },
			func() {
				if exchanged, err := s.refresh(t, "token-refresh-force.json"); !exchanged || err != nil {
					t.Errorf("exchanged %v, %v", exchanged, err)
				}
			},
			func() { says(t, s.press(t, card, "Refresh").Body, "Invitation pending: Kim") },
			func() { s.says(t, "/crmowner", "gentest", "4 records match “gentest”") },
			func() {
				s.event(t, map[string]any{"type": "app_home_opened", "tab": "home", "user": slacksim.User})
				s.idle(t)
			},
		} {
			s.hangUp()
			work()
		}
	}
	if home := s.slack.Shown(slacksim.HomeTab(slacksim.User)); !strings.Contains(string(home), sampleUser) {
		t.Errorf("got %s", home)
	}
}

// hangUp closes all connections to what is played.
func (s *stack) hangUp() {
	for _, server := range s.servers {
		server.CloseClientConnections()
	}
}

// TestSchedulesMayRunTwice, as EventBridge Scheduler promises once at least:
// what the template has them send has one effect.
func TestSchedulesMayRunTwice(t *testing.T) {
	s := deployAs(t, zohosim.New(zohosim.Config{}), map[string]string{"AuditChannel": slacksim.Channel})
	s.slack.Channels = []string{slacksim.Channel}
	s.setUp()
	twice := func(name string) {
		t.Helper()
		for range 2 {
			if err := s.scheduler.Run(s.template.Schedules[name], monday); err != nil {
				t.Fatal(err)
			}
		}
		s.idle(t)
	}
	for _, name := range []string{"Schedule", "DirectorySync", "AdminAudit"} {
		twice(name)
	}
	if n := s.zoho.Count(zohosim.TokenCall); n != 1 {
		t.Errorf("%d exchanges", n)
	}
	if posts, records := s.posted(), s.evidence(t).All(); len(posts) != 1 || len(records) != 1 {
		t.Errorf("%d posts, records %+v", len(posts), records)
	}
	s.coldStart(t, map[string]string{"CRMWHO_DIRECTORY_FRESH_FOR": "1h"})
	before := s.zoho.Count(zohosim.UsersCall)
	s.says(t, "/crmuser", "kim", "Invitation pending: Kim")
	if n := s.zoho.Count(zohosim.UsersCall) - before; n != 0 {
		t.Errorf("the list was not stored: %d calls for an answer", n)
	}
	if failed := s.lambda.Failed(); failed != nil {
		t.Errorf("failed %s", failed)
	}
}

// TestADisabledScheduleStartsNothing: without a channel there are no audits.
func TestADisabledScheduleStartsNothing(t *testing.T) {
	s := deploy(t)
	if err := s.scheduler.Run(s.template.Schedules["AdminAudit"], monday); err == nil || len(s.lambda.Invocations()) != 0 {
		t.Errorf("got %v, invocations %v", err, s.lambda.Invocations())
	}
}

// fitsItsMemory fails where a process took more at its most than the template
// gives its function.
func (s *stack) fitsItsMemory(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector takes memory of its own")
	}
	for id, f := range s.template.Functions {
		for _, p := range s.processes {
			if p.Name != f.Name {
				continue
			}
			if peak := peakMemory(t, p.PID()); peak > float64(f.Memory) {
				t.Errorf("%s took %.0f MB, and has %d", id, peak, f.Memory)
			}
		}
	}
}

// peakMemory is the most that a process ever had in memory, in MB, as Linux tells it.
func peakMemory(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("this system does not tell what a process takes: ", err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f MB", kilobytes/1024)
	return kilobytes / 1024
}

// TestMemoryForManyPeople is enough in both functions.
func TestMemoryForManyPeople(t *testing.T) {
	organisation := zohosim.Generate(10_000, 0)
	s := connected(t, zohosim.New(zohosim.Config{Organisation: &organisation}))
	if done := s.sync(t, "directory-sync.json"); done.People != 10_000 {
		t.Fatalf("got %+v", done)
	}
	s.coldStart(t, nil)
	s.ask(t, "/crmusers", "status:active")
	s.fitsItsMemory(t)
}
