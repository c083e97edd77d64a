package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"crmwho/internal/store"
	"crmwho/internal/store/storetest"
)

func TestMemory(t *testing.T) { storetest.Run(t, &store.Memory{}, nil) }

func Example() {
	ctx := context.Background()
	values := &store.Memory{}
	claim := func(who string) {
		_, err := values.WriteIfUnchanged(ctx, "claims/report", []byte(who), store.Absent)
		if errors.Is(err, store.ErrChanged) {
			fmt.Println(who, "was too late")
		}
	}
	claim("Kim")
	claim("Lee")
	value, err := values.Read(ctx, "claims/report")
	fmt.Println(string(value.Data), err)
	// Output:
	// Lee was too late
	// Kim <nil>
}
