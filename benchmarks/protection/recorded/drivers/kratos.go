// SPDX-License-Identifier: Apache-2.0

// Records what Kratos's breaker, which is in aegis, decides. As in the middleware of Kratos, what it
// rejects is marked as failed.
package main

import (
	"time"

	"github.com/go-kratos/aegis/circuitbreaker"
	"github.com/go-kratos/aegis/circuitbreaker/sre"
	"github.com/go-kratos/aegis/internal/window"
	"recording"
)

const header = `# settings: none, and what is rejected is marked as failed, as Kratos does
# time: time.Now() and time.Since() are replaced in internal/window
# random: the draws of std::mt19937_64, seeded with the trace's seed, in place of the source of sre.Breaker
`

type throttle struct {
	inner circuitbreaker.CircuitBreaker
}

func (t throttle) Ask() (func(string), bool) {
	if err := t.inner.Allow(); err != nil {
		t.inner.MarkFailed()
		return nil, false
	}
	return func(outcome string) {
		if outcome == "k" {
			t.inner.MarkSuccess()
		} else {
			t.inner.MarkFailed()
		}
	}, true
}

func main() {
	window.Now = func() time.Time { return recording.Now }
	recording.Main(header, func(seed uint64) recording.Breaker {
		sre.Source = recording.Source{Twister: recording.NewTwister(seed)}
		return throttle{sre.NewBreaker()}
	})
}
