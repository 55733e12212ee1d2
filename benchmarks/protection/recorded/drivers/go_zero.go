// SPDX-License-Identifier: Apache-2.0

// Records what go-zero's breaker decides.
package main

import (
	"errors"
	"time"

	"github.com/zeromicro/go-zero/core/breaker"
	"github.com/zeromicro/go-zero/core/mathx"
	"github.com/zeromicro/go-zero/core/timex"
	"recording"
)

const header = `# settings: none
# time: core/timex is replaced
# random: the draws of std::mt19937_64, seeded with the trace's seed, in place of the source of mathx.Proba
`

type throttle struct {
	inner breaker.Breaker
}

var errFailed = errors.New("failed")

func (t throttle) Ask() (func(string), bool) {
	promise, err := t.inner.Allow()
	if err != nil {
		return nil, false
	}
	return func(outcome string) {
		if outcome == "k" {
			promise.Accept()
		} else {
			promise.Reject(errFailed.Error())
		}
	}, true
}

func main() {
	timex.Read = func() time.Duration { return time.Duration(recording.Now.UnixNano()) }
	recording.Main(header, func(seed uint64) recording.Breaker {
		mathx.Source = recording.Source{Twister: recording.NewTwister(seed)}
		return throttle{breaker.NewBreaker()}
	})
}
