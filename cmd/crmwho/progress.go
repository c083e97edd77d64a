package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// patience is how long a terminal is told nothing.
const patience = time.Second

// working tells a terminal what takes longer than a second, until done is called,
// which takes that away again. Files and pipes are told nothing. Nobody else may
// write to the terminal before done.
func working(to io.Writer, what string) (done func()) {
	if !isTerminal(to) {
		return func() {}
	}
	return sayLater(to, what)
}

// sayLater says what is being done unless it is done before patience is over.
func sayLater(to io.Writer, what string) (done func()) {
	var mu sync.Mutex
	var over, said bool
	timer := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			said = true
			fmt.Fprint(to, what+" …")
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		if said && !over {
			fmt.Fprint(to, clearLine)
		}
		over = true
	}
}

// clearLine takes a terminal's line away.
const clearLine = "\r\033[K"

// unheard is where a command says what it does that must not stop half way. Once
// nobody takes that, as behind head, it says so elsewhere and goes on.
type unheard struct {
	to, elsewhere io.Writer
	lost          bool
}

// Write never fails.
func (h *unheard) Write(p []byte) (int, error) {
	if h.lost {
		return len(p), nil
	}
	if _, err := h.to.Write(p); err != nil {
		h.lost = true
		fmt.Fprintln(h.elsewhere, "crmwho: nobody takes what is said any more; it goes on to its end all the same")
	}
	return len(p), nil
}
