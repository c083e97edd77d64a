package audit

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// canonical gives a value as RFC 8785 has it: keys in order, no blanks, and of
// characters only those escaped that have to be. So whoever has the value in any
// JSON gets the same bytes, and the same hash, with a tool of their own. Whole
// numbers have to be below 2^53. What is not UTF-8 becomes U+FFFD.
func canonical(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	err = (*jsontext.Value)(&data).Canonicalize()
	return data, err
}
