// SPDX-License-Identifier: Apache-2.0
//
// The rules R1-R5 and R7 as a pure machine: (event, now) -> (verdict, transitions). It knows
// neither threads nor clocks; CircuitBreaker is the concurrent shell around it.
#ifndef FUSEBOX_SRC_CORE_STATE_MACHINE_H_
#define FUSEBOX_SRC_CORE_STATE_MACHINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"
#include "src/core/open_duration.h"
#include "src/core/states.h"

namespace fusebox {

// One move that was made. A reset of a CLOSED circuit has from == to.
struct Transition {
  State from = State::kClosed;
  State to = State::kClosed;
  SteadyTime at;
  Trip trip;
};
using Transitions = absl::InlinedVector<Transition, 2>;

// What the machine has to know of a call that has ended.
struct CallRecord {
  OutcomeKind kind = OutcomeKind::kSuccess;
  bool slow = false;
  absl::Duration pushback = absl::ZeroDuration();
};

// Not thread-safe. Every operation first makes the moves that are due at its `now` (DESIGN R1),
// each at the time at which it was due, so that what anyone sees does not depend on who looked
// before. A `now` earlier than the latest one seen is taken for that latest one.
class StateMachine {
 public:
  // The policy must be valid, and outlive the machine.
  StateMachine(const Policy& policy, uint64_t seed, absl::string_view circuit, SteadyTime now);

  struct Grant {
    bool admitted = false;
    uint64_t epoch = 0;        // if admitted
    int32_t probe_place = -1;  // if admitted as a probe
    RejectionReason reason = RejectionReason::kOpen;
    absl::Duration retry_after = absl::ZeroDuration();
  };
  Grant Acquire(SteadyTime now, Transitions& made);

  // A call admitted in `epoch` has ended. One of an earlier epoch changes nothing (DESIGN R7).
  void Record(uint64_t epoch, int32_t probe_place, const CallRecord& call, SteadyTime now,
              Transitions& made);

  void Reset(absl::string_view why, SteadyTime now, Transitions& made);

  void AdvanceTo(SteadyTime now, Transitions& made);

  State state() const;
  uint64_t epoch() const { return epoch_; }

  // Of the present state, as of the latest `now`.
  int64_t consecutive_failures() const;
  WindowCounts Counts();
  int64_t probes_out() const;
  std::optional<SteadyTime> open_until() const;

 private:
  std::optional<DueTrip> Due() const;
  std::optional<Trip> RecordCurrent(int32_t probe_place, const CallRecord& call);
  void Apply(Trip trip, SteadyTime at, absl::Duration pushback, Transitions& made);

  const Policy& policy_;
  OpenDuration open_duration_;
  SteadyTime now_;
  uint64_t epoch_ = 1;
  std::variant<ClosedState, OpenState, HalfOpenState> state_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_STATE_MACHINE_H_
