// SPDX-License-Identifier: Apache-2.0

// Records what gobreaker decides.
package main

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
	"recording"
)

const header = `# settings: none, which is MaxRequests 1, Timeout 60s, more than five consecutive failures
# time: time.Now() is replaced in the library's source
`

type breaker struct {
	inner *gobreaker.TwoStepCircuitBreaker[any]
}

var errFailed = errors.New("failed")

func (b breaker) Ask() (func(string), bool) {
	done, err := b.inner.Allow()
	if err != nil {
		return nil, false
	}
	return func(outcome string) {
		if outcome == "k" {
			done(nil)
		} else {
			done(errFailed)
		}
	}, true
}

func main() {
	gobreaker.Now = func() time.Time { return recording.Now }
	recording.Main(header, func(uint64) recording.Breaker {
		return breaker{gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{})}
	})
}
