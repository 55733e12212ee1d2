// SPDX-License-Identifier: Apache-2.0
//
// Random policies and random runs of operations, for property tests.
#ifndef FUSEBOX_TESTS_MODEL_TRACE_H_
#define FUSEBOX_TESTS_MODEL_TRACE_H_

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "rapidcheck.h"
#include "src/base/operator_verbs.h"
#include "tests/model/reference_circuit.h"

namespace fusebox_testing {

enum class Action {
  kAcquire,
  kSucceed,    // some call that's out
  kFail,       // some call that's out
  kIgnore,     // some call that's out
  kDrop,       // some call that's out
  kCalls,      // some calls that succeed at once
  kReport,     // a failure without a call
  kSetPolicy,  // one of the run's policies, sometimes an invalid one
  kReadState,
  kSnapshot,
  kAdvance,       // by some length that means something to the policy
  kAdvanceToDue,  // to the next move that is due, or 1 ns before or after it
  kJump,          // by years
  kMessage,       // for some call that's out
  kFirstMessage,  // of some call that's out, which is its success
  kBreak,         // some stream whose first message was its success
  kCancel,        // some call that's out
// What an operator does; with or without a time to live if it takes one, sometimes an invalid one.
#define FUSEBOX_ACTION(verb, ...) k##verb,
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_ACTION)
#undef FUSEBOX_ACTION
};

// One operation. The numbers are picks from whatever there is to pick from at the time, so that any
// part of a run is a run too.
struct Step {
  Action action = Action::kAcquire;
  uint32_t which = 0;    // call
  uint32_t length = 0;   // of time: the advance, or the latency
  uint32_t nudge = 0;    // 1 ns more, less, or neither
  uint32_t details = 0;  // of the outcome
  uint32_t thread = 0;   // that does it
};
using Trace = std::vector<Step>;

std::ostream& operator<<(std::ostream& out, const Step& step);

// How many calls a kCalls makes.
int CallsOf(const Step& step);

// A valid policy of small numbers and no jitter; draws from the running property.
ReferencePolicy AnyPolicy();

rc::Gen<Trace> AnyTrace();

// The policy in words, for a failure's report.
std::string Describe(const ReferencePolicy& reference);

// The length of time in nanoseconds that a step picks.
int64_t LengthOf(const Step& step, const fusebox::Policy& policy);

// For how long a kForceOpen asks; absent: for good.
std::optional<absl::Duration> TimeToLiveOf(const Step& step, const fusebox::Policy& policy);

// What a step that returns a call, or brings it a message, records.
ReferenceCircuit::Result ResultOf(const Step& step, const fusebox::Policy& policy);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_TRACE_H_
