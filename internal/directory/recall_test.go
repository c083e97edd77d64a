package directory_test

import (
	"testing"
	"time"

	"crmwho/internal/directory"
	"crmwho/internal/sim/zohosim"
	"crmwho/internal/store"
)

// recall finds people without Zoho.
func (w *world) recall(d *directory.Directory, text string) directory.People {
	w.t.Helper()
	q, err := directory.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Recall(w.t.Context(), q)
}

// TestRecallNeverCallsZoho: it knows what is stored or in memory, however old.
func TestRecallNeverCallsZoho(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		if got := w.recall(w.process(), "kim"); got.Total != 0 || w.calls() != 0 {
			t.Errorf("without a list: found %d, %d calls", got.Total, w.calls())
		}
		w.sync(w.process(), true)
		calls := w.calls()
		time.Sleep(3 * time.Hour)
		d := w.process()
		for range 2 {
			if got := w.recall(d, "kim"); got.Total != 1 || got.Age != 3*time.Hour || w.calls() != calls {
				t.Errorf("found %d, %v old, %d calls more", got.Total, got.Age, w.calls()-calls)
			}
		}
	})
}

// TestWarmReadsTheStoreOnce, and a question right after it reads nothing.
func TestWarmReadsTheStoreOnce(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		w.sync(w.process(), true)
		d := w.process()
		d.Warm(w.t.Context())
		calls := w.calls()
		d.Store = &store.Memory{} // what was stored is gone
		d.Warm(w.t.Context())
		if got := w.ask(d, "kim"); got.Total != 1 || w.calls() != calls {
			t.Errorf("found %d, %d calls more", got.Total, w.calls()-calls)
		}
	})
}

// TestStateTellsWhatIsKnown, and when and how Zoho failed until it answers again.
func TestStateTellsWhatIsKnown(t *testing.T) {
	simulated(t, zohosim.Config{}, func(w *world) {
		d := w.process()
		if got := d.State(); got != (directory.State{}) {
			t.Errorf("at first: got %+v", got)
		}
		w.sync(d, true)
		read := time.Now()
		if got := d.State(); got.Count != 15 || !got.At.Equal(read) || !got.FullAt.Equal(read) || got.Failure != nil {
			t.Errorf("after a read: got %+v", got)
		}
		time.Sleep(2 * time.Minute)
		w.fault(zohosim.Fault{Kind: zohosim.NoAPIAccess})
		w.ask(d, "kim")
		if got := d.State(); got.Failure == nil || !got.FailedAt.Equal(time.Now()) || !got.At.Equal(read) {
			t.Errorf("after a failure: got %+v", got)
		}
		w.zoho.ClearFaults()
		time.Sleep(time.Minute)
		w.ask(d, "kim")
		if got := d.State(); got.Failure != nil || !got.FailedAt.IsZero() || !got.At.Equal(time.Now()) {
			t.Errorf("after an answer: got %+v", got)
		}
	})
}
