package bot

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestAMemoryHasRoomForSoMany: those that it believes stay, those that are too
// old make room, and what it has no room for is asked again.
func TestAMemoryHasRoomForSoMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory[int]
		asked := 0
		get := func(key string) int {
			t.Helper()
			got, err := m.get(key, func() (int, error) { asked++; return asked, nil })
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		for i := range maxTold {
			get(fmt.Sprint(i))
		}
		if get("0") != 1 || get("one more") != maxTold+1 || get("one more") != maxTold+2 || len(m.kept) != maxTold {
			t.Errorf("%d kept, asked %d times", len(m.kept), asked)
		}
		time.Sleep(membersTTL)
		if first := get("one more"); get("one more") != first || len(m.kept) != 1 {
			t.Errorf("%d kept after they are too old", len(m.kept))
		}
	})
}
