package store_test

import (
	"testing"

	"crmwho/internal/store"
	"crmwho/internal/store/storetest"
)

func TestMemory(t *testing.T) { storetest.Run(t, &store.Memory{}, "value") }
