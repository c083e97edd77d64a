package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Folder is a Store of files in a folder on this computer's own disk, for any
// number of processes at once. Reading waits for nobody; writing waits for
// other writers, as long as its context lets it. A process that dies while it
// writes leaves the value as it was and holds nobody up.
//
// It takes every name whose file name is short enough for the file system (see
// fileName), and any size. Its lists are up to date. Other files in the folder
// are left alone, but for the two that it uses itself.
type Folder struct {
	Dir string // made at the first write, for this user alone
}

const (
	valuePrefix = "value-"
	lockFile    = "lock"
	// tempFile is written by the one who holds the lock. So there is never more
	// than one, and what a process that died left in it does not matter.
	tempFile = "temp"
	// lockPoll is how often a writer looks whether the lock is free: the
	// systems' own way to wait for one knows no contexts.
	lockPoll = 5 * time.Millisecond
)

// Read implements Store.
func (f Folder) Read(ctx context.Context, name string) (Value, error) {
	if err := ctx.Err(); err != nil {
		return Value{}, err
	}
	data, err := f.readFile(fileName(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Value{}, ErrNotExist
	}
	if err != nil {
		return Value{}, fmt.Errorf("read value: %w", err)
	}
	return Value{Data: data, Version: hash(data)}, nil
}

// WriteIfUnchanged implements Store.
func (f Folder) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if len(data) == 0 {
		return "", ErrEmpty
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return "", fmt.Errorf("lock folder: %w", err)
	}
	defer unlock()
	current, err := f.Read(ctx, name)
	if err != nil && !errors.Is(err, ErrNotExist) {
		return "", err
	}
	if current.Version != version {
		return "", ErrChanged
	}
	if err := f.replaceFile(fileName(name), data); err != nil {
		return "", fmt.Errorf("write value: %w", err)
	}
	return hash(data), nil
}

// List implements Store.
func (f Folder) List(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list values: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name, ok := valueName(entry.Name()); ok && strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// lock makes the folder and shuts other writers out of it, those of this
// process too. It fails when ctx is done.
func (f Folder) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(f.Dir, lockFile))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return nil, err
	}
	return func() { _ = lock.Unlock() }, nil
}

// readFile goes through os.Root, as replaceFile does, because that opens and
// renames files on Windows so that one can be replaced while it is being read.
func (f Folder) readFile(name string) ([]byte, error) {
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(name)
}

func (f Folder) replaceFile(name string, data []byte) error {
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	file, err := root.OpenFile(tempFile, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	// Without Sync a power cut may leave the new name on an empty file.
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return root.Rename(tempFile, name)
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// fileName escapes a name for every file system: those that do not tell upper
// from lower case, those that compose accents, and Windows, where some letters
// and the names of devices are taken.
func fileName(name string) string {
	b := []byte(valuePrefix)
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			b = append(b, c)
		default:
			b = fmt.Appendf(b, "%%%02x", c)
		}
	}
	return string(b)
}

// valueName undoes fileName; other files are not ok.
func valueName(file string) (name string, ok bool) {
	escaped, ok := strings.CutPrefix(file, valuePrefix)
	name, err := url.PathUnescape(escaped)
	return name, ok && err == nil && fileName(name) == file
}
