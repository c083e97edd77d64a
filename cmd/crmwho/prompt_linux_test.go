package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
)

// terminal is one that a test types at.
type terminal struct {
	keys, program *os.File // its two ends
	shown         lockedBuffer
	until         time.Time // nobody waits longer
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { keys.Close() })
	var locked, number int32
	ioctl(t, keys, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	ioctl(t, keys, syscall.TIOCGPTN, unsafe.Pointer(&number))
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	until := time.Now().Add(time.Minute)
	if err := keys.SetReadDeadline(until); err != nil {
		t.Fatal(err)
	}
	return &terminal{keys: keys, program: program, until: until}
}

func ioctl(t *testing.T, f *os.File, request uintptr, value unsafe.Pointer) {
	t.Helper()
	conn, err := f.SyscallConn() // Fd would take its deadline away
	if err != nil {
		t.Fatal(err)
	}
	var refused syscall.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, refused = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(value))
	})
	if err != nil || refused != 0 {
		t.Fatal(err, refused)
	}
}

// echoes reports whether it shows what is typed.
func (tt *terminal) echoes(t *testing.T) bool {
	var is syscall.Termios
	ioctl(t, tt.program, syscall.TCGETS, unsafe.Pointer(&is))
	return is.Lflag&syscall.ECHO != 0
}

// watch takes what it shows until a text has been, and ends its echo for a
// secret.
func (tt *terminal) watch(t *testing.T, until string, secret bool) {
	t.Helper()
	for b := make([]byte, 256); !strings.Contains(tt.shown.String(), until); {
		n, err := tt.keys.Read(b)
		if err != nil {
			t.Fatalf("%v before %q: %q", err, until, tt.shown.String())
		}
		tt.shown.Write(b[:n])
	}
	for secret && tt.echoes(t) {
		if time.Now().After(tt.until) {
			t.Fatalf("it goes on showing what is typed: %q", tt.shown.String())
		}
		runtime.Gosched() // the prompt comes first
	}
}

// start runs a command on it.
func (tt *terminal) start(ctx context.Context, args ...string) <-chan error {
	c := command()
	c.SetArgs(args)
	c.SetIn(tt.program)
	c.SetOut(tt.program)
	c.SetErr(tt.program)
	ended := make(chan error, 1)
	go func() { ended <- c.ExecuteContext(ctx) }()
	return ended
}

func TestATerminalShowsNoSecret(t *testing.T) {
	w, tt := newWorld(t, zohosim.Config{}), newTerminal(t)
	ended := tt.start(t.Context(), "setup", "slack", "--dir", w.dir)
	for _, typed := range []struct{ prompt, secret string }{
		{"signing secret (not shown): ", signing}, {"bot token (not shown): ", botToken},
	} {
		tt.watch(t, typed.prompt, true)
		fmt.Fprintln(tt.keys, typed.secret)
	}
	tt.watch(t, "Next:", false)
	if err := <-ended; err != nil || w.value(t, "slack")["bot_token"] != botToken {
		t.Errorf("got %v, want both stored", err)
	}
	if shown := tt.shown.String(); secretLike.MatchString(shown) {
		t.Errorf("a secret is in %q", shown)
	}
	if !tt.echoes(t) {
		t.Error("it shows nothing any more")
	}
}

func TestATerminalIsLeftAsItWas(t *testing.T) {
	w, tt := newWorld(t, zohosim.Config{}), newTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	ended := tt.start(ctx, "setup", "slack", "--dir", w.dir)
	tt.watch(t, "(not shown): ", true)
	interrupt()
	if err := <-ended; !errors.Is(err, errInterrupted) || !tt.echoes(t) {
		t.Errorf("got %v, and it shows what is typed: %v", err, tt.echoes(t))
	}
	fmt.Fprintln(tt.keys) // for who still reads
}

// TestTheInputOfATerminalEnds with Ctrl-D, and what is said then begins a line.
func TestTheInputOfATerminalEnds(t *testing.T) {
	for prompt, args := range map[string][]string{"(not shown): ": {"setup", "slack"}, "client id: ": {"setup"}} {
		w, tt := newWorld(t, zohosim.Config{}), newTerminal(t)
		ended := tt.start(t.Context(), append(args, "--dir", w.dir)...)
		tt.watch(t, prompt, len(args) == 2)
		if _, err := tt.keys.Write([]byte{ctrlD}); err != nil {
			t.Fatal(err)
		}
		err := <-ended
		tt.watch(t, prompt+"\r\n", false)
		if !strings.Contains(fmt.Sprint(err), "the input ended before the ") || !tt.echoes(t) {
			t.Errorf("%q: got %v, and it shows what is typed: %v", args, err, tt.echoes(t))
		}
	}
}

// TestATerminalTakesBackWhatWasTyped: a secret is typed without being seen.
func TestATerminalTakesBackWhatWasTyped(t *testing.T) {
	w, tt := newWorld(t, zohosim.Config{}), newTerminal(t)
	ended := tt.start(t.Context(), "setup", "slack", "--dir", w.dir)
	tt.watch(t, "signing secret (not shown): ", true)
	fmt.Fprintf(tt.keys, "wrong\x15%sø\x7f\r%s\r", signing, botToken) // in one go, as it is pasted
	tt.watch(t, "Next:", false)
	if err := <-ended; err != nil || w.value(t, "slack")["bot_token"] != botToken || secretLike.MatchString(tt.shown.String()) {
		t.Errorf("got %v, %q", err, tt.shown.String())
	}
}

func TestCtrlCAtAHiddenPrompt(t *testing.T) {
	w, tt := newWorld(t, zohosim.Config{}), newTerminal(t)
	ended := tt.start(t.Context(), "setup", "slack", "--dir", w.dir)
	tt.watch(t, "(not shown): ", true)
	if _, err := tt.keys.Write([]byte{'a', ctrlC}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, errInterrupted) || !tt.echoes(t) {
		t.Errorf("got %v, and it shows what is typed: %v", err, tt.echoes(t))
	}
}

func TestATerminalIsToldHowFarAnExportIs(t *testing.T) {
	w, tt := newWorld(t, zohosim.Config{}), newTerminal(t)
	audits(t, store.Folder{Dir: w.dir}, 2)
	ended := tt.start(t.Context(), "audit", "export", "--dir", w.dir, "--out", w.dir+"/audits.json")
	tt.watch(t, "their chain is whole", false)
	if err := <-ended; err != nil || !strings.Contains(tt.shown.String(), "\r6 of 6 read\r\x1b[K") {
		t.Errorf("got %v, %q", err, tt.shown.String())
	}
}

// TestDeployIsInterruptedOnce at a terminal, which does that itself.
func TestDeployIsInterruptedOnce(t *testing.T) {
	for name, test := range map[string]struct {
		in   io.Reader
		want int
	}{"at a terminal": {newTerminal(t).program, 0}, "elsewhere": {strings.NewReader(""), 1}} {
		got := 0
		d := &deployment{in: test.in}
		if err := d.interrupt(func(os.Signal) error { got++; return nil }); err != nil || got != test.want {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, test.want)
		}
	}
}
