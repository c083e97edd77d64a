package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatTakesLongIsSaid, and taken away when it is done; what is quick is not.
func TestWhatTakesLongIsSaid(t *testing.T) {
	for after, want := range map[time.Duration]string{
		0: "", patience - 1: "", patience + 1: "Reading … done\r\x1b[K",
	} {
		synctest.Test(t, func(t *testing.T) {
			var said strings.Builder
			done := sayLater(&said, "Reading")
			time.Sleep(after)
			synctest.Wait()
			if said.Len() > 0 {
				said.WriteString(" done")
			}
			done()
			done() // is harmless
			time.Sleep(2 * patience)
			if said.String() != want {
				t.Errorf("after %v: got %q, want %q", after, &said, want)
			}
		})
	}
}

func TestAPipeIsNotToldWhatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		done := working(&said, "Reading")
		time.Sleep(2 * patience)
		if done(); said.Len() > 0 {
			t.Errorf("got %q", &said)
		}
	})
}
