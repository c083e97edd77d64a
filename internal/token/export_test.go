package token

import "time"

// ToldAt is when Tell was told last.
func (s *Source) ToldAt() time.Time { return s.toldAt }
