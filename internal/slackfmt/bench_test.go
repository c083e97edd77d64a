package slackfmt_test

import (
	"testing"

	"crmwho/internal/slackfmt"
)

// BenchmarkMessage is what it takes to build an answer, to hold it against
// Slack's limits, and to encode it.
func BenchmarkMessage(b *testing.B) {
	list := listed(b, "", 0)
	for name, build := range map[string]func() slackfmt.Message{"card": fullCard(b).Message, "list": list.Message} {
		m := build()
		b.Run(name+"/build", func(b *testing.B) {
			for b.Loop() {
				build()
			}
		})
		b.Run(name+"/check", func(b *testing.B) {
			for b.Loop() {
				if err := m.Check(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encode", func(b *testing.B) {
			for b.Loop() {
				messageJSON(b, m)
			}
		})
	}
}
