package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"crmwho/internal/store"
	"crmwho/internal/store/storetest"
)

// folder is a store in a folder that does not exist yet.
func folder(t *testing.T) store.Folder {
	t.Helper()
	return store.Folder{Dir: filepath.Join(t.TempDir(), "new", "folder")}
}

func TestFolder(t *testing.T) { storetest.Run(t, folder(t), nil) }

func TestFolderIsMadeByTheFirstWriteAlone(t *testing.T) {
	f := folder(t)
	if _, err := f.Read(t.Context(), "value"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("read: got %v, want %v", err, store.ErrNotExist)
	}
	if names, err := f.List(t.Context(), ""); names != nil || err != nil {
		t.Errorf("list: got %q, %v; want none", names, err)
	}
	if _, err := os.Stat(f.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading made the folder: %v", err)
	}
	fill(t, f, "value")
}

func fill(t *testing.T, s store.Store, name string) {
	t.Helper()
	if _, err := s.WriteIfUnchanged(t.Context(), name, []byte("data of "+name), store.Absent); err != nil {
		t.Fatal(err)
	}
}

func TestFolderIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there the folder of the user is private as it is")
	}
	f := folder(t)
	fill(t, f, "value")
	if err := filepath.Walk(f.Dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: got mode %v", filepath.Base(path), info.Mode())
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// TestFileNames: what is in folders stays readable for later versions, and
// every system can have the names.
func TestFileNames(t *testing.T) {
	f := folder(t)
	for name, want := range map[string]string{
		"snapshot":       "value-snapshot",
		"audit/2026-11":  "value-audit%2f2026-11",
		"A.b_c%":         "value-%41%2eb_c%25",
		"ü":              "value-%c3%bc",
		"../../escape":   "value-%2e%2e%2f%2e%2e%2fescape",
		`C:\nul. `:       "value-%43%3a%5cnul%2e%20",
		"already%2fdone": "value-already%252fdone",
	} {
		fill(t, f, name)
		if _, err := os.Stat(filepath.Join(f.Dir, want)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFolderListsOnlyItsValues(t *testing.T) {
	f := folder(t)
	fill(t, f, "mine")
	for _, foreign := range []string{"notes.txt", ".DS_Store", "value-Upper", "value-%2F", "value-%zz", "mine", "value-mine~"} {
		if err := os.WriteFile(filepath.Join(f.Dir, foreign), []byte("foreign"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := f.List(t.Context(), ""); err != nil || !slices.Equal(names, []string{"mine"}) {
		t.Errorf("got %q, %v", names, err)
	}
}

// TestWhatADeadWriterLeft, its lock file and half a value, is in nobody's way
// and gone with the next write.
func TestWhatADeadWriterLeft(t *testing.T) {
	f := folder(t)
	fill(t, f, "before")
	if err := os.WriteFile(filepath.Join(f.Dir, "temp"), []byte(strings.Repeat("half a value", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := f.List(t.Context(), ""); err != nil || !slices.Equal(names, []string{"before"}) {
		t.Errorf("got %q, %v", names, err)
	}
	fill(t, f, "after")
	if got, err := f.Read(t.Context(), "after"); err != nil || string(got.Data) != "data of after" {
		t.Errorf("got %q, %v", got.Data, err)
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("got %v, %v; want two values and the lock", entries, err)
	}
}

func TestReadersDoNotWaitForTheLockAndWritersObeyTheirContext(t *testing.T) {
	f := folder(t)
	fill(t, f, "value")
	lock := flock.New(filepath.Join(f.Dir, "lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	value, err := f.Read(t.Context(), "value")
	if err != nil {
		t.Error(err)
	}
	if _, err := f.List(t.Context(), ""); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // long enough to find the lock taken, mostly
	defer cancel()
	if _, err := f.WriteIfUnchanged(ctx, "value", []byte("other"), value.Version); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	if got, err := f.Read(t.Context(), "value"); err != nil || got.Version != value.Version {
		t.Errorf("a write under another's lock went through: %q, %v", got.Data, err)
	}
}

func TestAValueThatVanishedHasChanged(t *testing.T) {
	f := folder(t)
	fill(t, f, "value")
	value, err := f.Read(t.Context(), "value")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.Dir, "value-value")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteIfUnchanged(t.Context(), "value", []byte("next"), value.Version); !errors.Is(err, store.ErrChanged) {
		t.Errorf("got %v, want %v", err, store.ErrChanged)
	}
}

func TestAFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := store.Folder{Dir: file}
	if _, err := f.WriteIfUnchanged(t.Context(), "value", []byte("s3cret"), store.Absent); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("write: got %v", err)
	}
	if _, err := f.Read(t.Context(), "value"); err == nil || errors.Is(err, store.ErrNotExist) {
		t.Errorf("read: got %v", err)
	}
	if _, err := f.List(t.Context(), ""); err == nil {
		t.Error("list: got no error")
	}
}

const (
	countIn = "CRMWHO_TEST_COUNT_IN" // the folder in which a second process counts
	cycles  = 150
)

var counters = []string{"counters/a", "counters/b"}

// TestTwoProcesses write the same values, while this one reads them: no value
// is ever torn and no write lost.
func TestTwoProcesses(t *testing.T) {
	f := folder(t)
	done, stop := context.WithCancel(t.Context())
	var reading, writing sync.WaitGroup
	for _, name := range counters {
		reading.Go(func() { storetest.Watch(t, done.Done(), f, name) })
	}
	for range 2 {
		writing.Go(func() { countInAnotherProcess(t, f.Dir) })
	}
	writing.Wait()
	stop()
	reading.Wait()
	for _, name := range counters {
		if got, err := storetest.Counted(t.Context(), f, name); err != nil || got != 2*cycles {
			t.Errorf("%s: counted to %d, %v; want %d", name, got, err, 2*cycles)
		}
	}
}

func countInAnotherProcess(t *testing.T, dir string) {
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
		return
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestAnotherProcess$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), countIn+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("another process: %v\n%s", err, out)
	}
}

// TestAnotherProcess is no test but what TestTwoProcesses starts.
func TestAnotherProcess(t *testing.T) {
	dir := os.Getenv(countIn)
	if dir == "" {
		t.Skip("TestTwoProcesses runs it")
	}
	for range cycles {
		for _, name := range counters {
			if err := storetest.Count(t.Context(), store.Folder{Dir: dir}, name, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
}
