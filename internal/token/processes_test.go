package token_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"crmwho/internal/store"
	"crmwho/internal/token"
)

const (
	writeIn = "CRMWHO_TEST_WRITE_IN" // folder of the process that writes
	tokens  = 10_000
)

// numbered is a token that tells whether it is whole: a number, and the same
// number as a row of so many letters.
func numbered(n int) string { return fmt.Sprintf("%d.%s", n, strings.Repeat("x", 1+n%3000)) }

// TestAProcessReadsWhatAnotherWrites: never a part of a token, none, or an
// earlier one than before.
func TestAProcessReadsWhatAnotherWrites(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	writer := exec.CommandContext(ctx, self, "-test.run=^TestTheProcessThatWrites$", "-test.timeout=5m")
	writer.Env = append(os.Environ(), writeIn+"="+dir)
	ended := make(chan error, 1)
	go func() {
		out, err := writer.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("the other process: %w: %s", err, out)
			cancel()
		}
		ended <- err
	}()
	source := &token.Source{Store: store.Folder{Dir: dir}, Name: "access-token", Log: quiet}
	last, reads := 0, 0
	for last < tokens {
		got, err := source.Token(ctx)
		if err != nil && last == 0 && ctx.Err() == nil { // it has not begun
			continue
		}
		n := 0
		if _, scan := fmt.Sscanf(got.AccessToken, "%d.", &n); err != nil || scan != nil || got.AccessToken != numbered(n) || n < last {
			cancel()
			t.Fatalf("after token %d: got %.20q, %v; %v", last, got.AccessToken, err, <-ended)
		}
		last, reads = n, reads+1
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Logf("%d reads of %d writes", reads, tokens)
}

// TestTheProcessThatWrites is no test but the other process.
func TestTheProcessThatWrites(t *testing.T) {
	dir := os.Getenv(writeIn)
	if dir == "" {
		t.Skip("TestAProcessReadsWhatAnotherWrites runs it")
	}
	folder, version := store.Folder{Dir: dir}, store.Absent
	for n := 1; n <= tokens; n++ {
		data, err := json.Marshal(map[string]string{"access_token": numbered(n)})
		if err == nil {
			version, err = folder.WriteIfUnchanged(t.Context(), "access-token", data, version)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
