package bot_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"crmwho/internal/bot"
	"crmwho/internal/store"
)

// TestUnfinished: of the latest audits those that are done are left out.
func TestUnfinished(t *testing.T) {
	kept := &store.Memory{}
	began := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	put := func(run, more string) {
		data := fmt.Sprintf(`{"began":%q,"since":0,"nonce":"a"%s}`, began.Format(time.RFC3339), more)
		if _, err := kept.WriteIfUnchanged(t.Context(), "audit-runs/"+run, []byte(data), store.Absent); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := bot.Unfinished(t.Context(), kept); err != nil || got != nil {
		t.Errorf("none: got %+v, %v", got, err)
	}
	put("20261001T080000Z", "") // too long ago to be looked at
	put("20261102T080000Z", `,"done":true`)
	put("20261109T080000Z", "")
	put("20261116T080000Z", `,"done":true`)
	put("20261123T080000Z", `,"until":"`+time.Now().Add(time.Minute).UTC().Format(time.RFC3339)+`"`)
	put("20261130T080000Z", `,"until":"2026-11-30T08:01:00Z"`)
	got, err := bot.Unfinished(t.Context(), kept)
	want := []bot.AuditUnderWay{{"20261109T080000Z", began, false}, {"20261123T080000Z", began, true}, {"20261130T080000Z", began, false}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
