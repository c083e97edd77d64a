package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"crmwho/internal/store"
)

// Ledger keeps records and snapshots of audits, under "audit/". What is in it is
// written once and never again: the store is to refuse anything else. It is safe
// for concurrent use by any number of processes.
type Ledger struct{ Store store.Store }

// readsAtOnce is how many records are read at the same time.
const readsAtOnce = 8

// Last gives the number of the last record; 0 when there is none.
func (l Ledger) Last(ctx context.Context) (int, error) {
	names, err := l.Store.List(ctx, recordPrefix)
	if err != nil {
		return 0, fmt.Errorf("records: %w", err)
	}
	return l.behind(ctx, names)
}

// behind gives the number of the last record, whether or not the names have it.
func (l Ledger) behind(ctx context.Context, names []string) (int, error) {
	for last := lastOf(names); ; last++ {
		_, err := l.read(ctx, last+1)
		switch {
		case errors.Is(err, store.ErrNotExist):
			return last, nil
		case err != nil && !errors.Is(err, ErrAltered):
			return 0, err
		}
	}
}

func lastOf(names []string) int {
	last := 0
	for _, name := range names {
		last = max(last, numberOf(name))
	}
	return last
}

// read gives one record, with ErrAltered where it is not as it was written.
func (l Ledger) read(ctx context.Context, number int) (Record, error) {
	value, err := l.Store.Read(ctx, recordName(number))
	if err != nil {
		return Record{}, fmt.Errorf("record %d: %w", number, err)
	}
	r, err := decodeRecord(value.Data)
	if err == nil && r.Number != number { // another record stands in its place
		err = ErrAltered
	}
	if err != nil {
		return r, fmt.Errorf("record %d: %w", number, err)
	}
	return r, nil
}

// Read gives the records with these numbers, both included, those that are
// missing or were altered left out: Verify tells of them.
func (l Ledger) Read(ctx context.Context, from, to int) ([]Record, error) {
	if from = max(from, 1); to < from {
		return nil, nil
	}
	all, failures := make([]Record, to-from+1), make([]error, to-from+1)
	var reads sync.WaitGroup
	turn := make(chan struct{}, readsAtOnce)
	for i := range all {
		turn <- struct{}{}
		reads.Go(func() {
			all[i], failures[i] = l.read(ctx, from+i)
			<-turn
		})
	}
	reads.Wait()
	var records []Record
	for i, err := range failures {
		switch {
		case err == nil:
			records = append(records, all[i])
		case !errors.Is(err, ErrAltered) && !errors.Is(err, store.ErrNotExist):
			return nil, err
		}
	}
	return records, nil
}

// Damaged gives the number of a record that is missing, not as it was written, or
// not the one that the next is chained to, of those with these numbers, both
// included; 0 when there is none. Verify tells more.
func (l Ledger) Damaged(ctx context.Context, from, to int) (int, error) {
	from = max(from, 1)
	records, err := l.Read(ctx, from, to)
	if err != nil {
		return 0, err
	}
	for i, r := range records {
		switch {
		case r.Number != from+i:
			return from + i, nil
		case i > 0 && r.Previous != records[i-1].Hash:
			return r.Number - 1, nil
		}
	}
	if to-from >= len(records) {
		return from + len(records), nil
	}
	return 0, nil
}

// Find gives the last record that fits, of those before a number; ok is false
// when there is none.
func (l Ledger) Find(ctx context.Context, before int, fits func(Record) bool) (r Record, ok bool, err error) {
	for to := before - 1; to >= 1; to -= readsAtOnce {
		records, err := l.Read(ctx, to-readsAtOnce+1, to)
		if err != nil {
			return Record{}, false, err
		}
		for i := len(records) - 1; i >= 0; i-- {
			if fits(records[i]) {
				return records[i], true, nil
			}
		}
	}
	return Record{}, false, nil
}

// Append writes a record behind all others: its number, what it is chained to and
// its hash are the ledger's. Of a run one audit is posted, one failure is noted,
// and one signature counts. If there is one already among the records after the
// number since, it is given instead, and written is false.
func (l Ledger) Append(ctx context.Context, since int, r Record) (kept Record, written bool, err error) {
	last, err := l.Last(ctx)
	if err != nil {
		return Record{}, false, err
	}
	for from := since + 1; ; from, last = last+1, last+1 {
		known, err := l.Read(ctx, from, last)
		if err != nil {
			return Record{}, false, err
		}
		for _, k := range known {
			if k.Run == r.Run && k.event() == r.event() {
				return k, false, nil
			}
		}
		kept, err := l.write(ctx, last, r)
		if !errors.Is(err, store.ErrChanged) {
			return kept, err == nil, err
		}
	}
}

// write puts a record behind the last one.
func (l Ledger) write(ctx context.Context, last int, r Record) (Record, error) {
	r.Number, r.Previous, r.At = last+1, "", stamp(r.At)
	if last > 0 {
		before, err := l.read(ctx, last)
		if err != nil && !errors.Is(err, ErrAltered) {
			return Record{}, err
		}
		r.Previous = before.Hash
	}
	r, data, err := r.seal()
	if err != nil {
		return Record{}, err
	}
	if _, err := l.Store.WriteIfUnchanged(ctx, recordName(r.Number), data, store.Absent); err != nil {
		return Record{}, fmt.Errorf("write record %d: %w", r.Number, err)
	}
	return r, nil
}

// Keep keeps a snapshot under its hash, which it gives.
func (l Ledger) Keep(ctx context.Context, s Snapshot) (hash string, err error) {
	data, hash, err := s.Encode()
	if err != nil {
		return "", err
	}
	_, err = l.Store.WriteIfUnchanged(ctx, snapshotPrefix+hash, data, store.Absent)
	if errors.Is(err, store.ErrChanged) { // it is there, or something else is
		_, err = l.Snapshot(ctx, hash)
	}
	if err != nil {
		return "", fmt.Errorf("keep snapshot: %w", err)
	}
	return hash, nil
}

// Snapshot gives the snapshot that was kept under a hash, or ErrAltered.
func (l Ledger) Snapshot(ctx context.Context, hash string) (Snapshot, error) {
	value, err := l.Store.Read(ctx, snapshotPrefix+hash)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot: %w", err)
	}
	s, err := decodeSnapshot(value.Data, hash)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot: %w", err)
	}
	return s, nil
}
