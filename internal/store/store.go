// Package store keeps named values with versions: secrets, snapshots, claims.
package store

import (
	"context"
	"errors"
)

// Absent is the version of a value that does not exist. WriteIfUnchanged with
// it writes if there is no value yet.
const Absent = ""

var (
	// ErrNotExist says that there is no value of that name, or that it was
	// never filled.
	ErrNotExist = errors.New("no value")
	// ErrChanged says that the value is no longer the one that was read.
	ErrChanged = errors.New("value has changed")
	// ErrEmpty says that the data to be written has no bytes.
	ErrEmpty = errors.New("a value has at least one byte")
)

// Value is a value as it was read.
type Value struct {
	Data    []byte
	Version string // names this state of the value
}

// Store keeps values by name. Implementations are safe for concurrent use, and
// no error of theirs holds a value. With a context that is done they give its
// error and write nothing.
//
// A name is text, divided by slashes or not; case counts, and no part between
// slashes is empty, "." or "..". Every backend takes 80 ASCII letters, digits
// and any of -_./ in a name.
//
// A value is any bytes, at least one; every backend takes 64 KB. Nobody ever
// reads a part of a value, or parts of two. Data that was handed over or given
// is the caller's own: changing it later changes no value.
type Store interface {
	// Read gives the current value, or ErrNotExist.
	Read(ctx context.Context, name string) (Value, error)

	// WriteIfUnchanged replaces the value if its version is still the given
	// one, which Read, a write or Absent gave, and gives the new version.
	// Otherwise the error is ErrChanged: somebody else wrote or is writing.
	// After any other error data may have been written or not; writing it again
	// with the same version is safe.
	//
	// Of two writers who hold the same version one succeeds, unless they write
	// the same data: then both may. Versions may be hashes of the data, so that
	// a value which is written again, or which went from A to B and back to A,
	// counts as unchanged; a writer for whom that is not enough puts a nonce
	// into the data. Only writes through the Store exclude each other: what
	// somebody wrote past it may be overwritten.
	WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error)

	// List gives the names of the values that begin with prefix, in the order
	// of their bytes, or nil if there are none. What was written in the last
	// minutes may be missing. It takes a request for every hundred names or so,
	// or looks at all there are: nobody should wait for it.
	List(ctx context.Context, prefix string) ([]string, error)
}
