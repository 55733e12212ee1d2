// SPDX-License-Identifier: Apache-2.0

// Records what the circuit breaker of Sentinel decides.
package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/alibaba/sentinel-golang/core/base"
	"github.com/alibaba/sentinel-golang/core/circuitbreaker"
	"github.com/alibaba/sentinel-golang/logging"
	"github.com/alibaba/sentinel-golang/util"
	"recording"
)

const header = `# settings: ErrorRatio 0.5, MinRequestAmount 5, StatIntervalMs 1000, RetryTimeoutMs 10000
# time: util.SetClock, as the library offers it
`

type resource struct{ wrapper *base.ResourceWrapper }

var errFailed = errors.New("failed")

func (r resource) Ask() (func(string), bool) {
	context := base.NewEmptyEntryContext()
	context.Resource = r.wrapper
	context.RuleCheckResult = base.NewTokenResultPass()
	context.SetEntry(base.NewSentinelEntry(context, r.wrapper, nil))
	if result := circuitbreaker.DefaultSlot.Check(context); result != nil && result.IsBlocked() {
		return nil, false
	}
	return func(outcome string) {
		if outcome != "k" {
			context.SetError(errFailed)
		}
		circuitbreaker.DefaultMetricStatSlot.OnCompleted(context)
	}, true
}

type clock struct{}

func (clock) Now() time.Time            { return recording.Now }
func (clock) Sleep(time.Duration)       {}
func (clock) CurrentTimeMillis() uint64 { return uint64(recording.Now.UnixMilli()) }
func (clock) CurrentTimeNano() uint64   { return uint64(recording.Now.UnixNano()) }

func main() {
	util.SetClock(clock{})
	logging.ResetGlobalLoggerLevel(logging.ErrorLevel)
	recording.Main(header, func(seed uint64) recording.Breaker {
		name := fmt.Sprint("trace ", seed)
		rule := circuitbreaker.Rule{
			Resource: name, Strategy: circuitbreaker.ErrorRatio, Threshold: 0.5,
			MinRequestAmount: 5, StatIntervalMs: 1000, RetryTimeoutMs: 10000,
		}
		if _, err := circuitbreaker.LoadRulesOfResource(name, []*circuitbreaker.Rule{&rule}); err != nil {
			panic(err)
		}
		return resource{base.NewResourceWrapper(name, base.ResTypeCommon, base.Outbound)}
	})
}
