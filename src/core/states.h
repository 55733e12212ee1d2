// SPDX-License-Identifier: Apache-2.0
//
// What each phase knows and decides while the circuit is in it (rules R2-R6). A phase never moves
// the circuit: it returns a Verdict, which the state machine carries out.
#ifndef FUSEBOX_SRC_CORE_STATES_H_
#define FUSEBOX_SRC_CORE_STATES_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/call_averages.h"
#include "src/core/congestion_window.h"
#include "src/core/failure_watch.h"
#include "src/core/outage.h"
#include "src/core/probes.h"
#include "src/core/ramp_progress.h"
#include "src/core/rules/verdict.h"
#include "src/core/window/window_entry.h"

namespace fusebox::internal {

// Where time alone moves the circuit, `due` says when, and `AtEnd` with which verdict: apart, as
// every call looks at the time, and the verdict has a text.

// A probe is due, and for so long no call has come that could be it: time alone makes the circuit
// HALF_OPEN, since whoever goes by the state must not wait for a call.
Verdict NoCallCame(absl::Duration patience);

// Each of these refers to the policy that it was made with, which must outlive it.

struct ClosedState {
  ClosedState(const Policy& policy, const WatchMemory& memory, uint64_t epoch, SteadyTime now)
      : watch(policy, memory, epoch, now) {}

  FailureWatch watch;
  std::unique_ptr<CongestionWindow> limit;  // null: none
};

struct OpenState {
  // Absent: an operator holds it open for good.
  std::optional<SteadyTime> until;
  Verdict at_end;
  bool has_rejected = false;
  // A probe is due, and the last call that came for it had no connection (R20). `until` is when
  // that is forgotten.
  bool awaits_connection = false;

  std::optional<SteadyTime> due() const { return until; }
};

class ProbingState {
 public:
  // `before`: results of probes that go on counting.
  explicit ProbingState(const Policy& policy, const WindowCounts& before = {})
      : policy_(policy), probes_(policy.half_open), results_(before) {}

  std::optional<int32_t> Admit(SteadyTime now) { return probes_.Admit(now); }

  // A probe has come back, with a success or failure or, without `entry`, ignored.
  std::optional<Verdict> Record(int32_t place, std::optional<WindowEntry> entry);

  // One that was recorded as a success has failed after all.
  std::optional<Verdict> TakeBack();

  // Since when that one is out.
  SteadyTime Since(int32_t place) const { return probes_.Since(place); }

  // Whether a probe has been out for too long: looked at before each start and each end of one.
  std::optional<Verdict> CheckTimeout(SteadyTime now);

  // See Probes.
  void LookedAt(SteadyTime then) { probes_.LookedAt(then); }
  std::optional<SteadyTime> FullUntil(SteadyTime now) const { return probes_.FullUntil(now); }

  int64_t probes_out() const { return probes_.out(); }
  const WindowCounts& results() const { return results_; }

 private:
  std::optional<Verdict> Decide() const;
  std::optional<Verdict> DecideBy(const SuccessThreshold& threshold) const;
  std::optional<Verdict> DecideBy(const ProbeCalls& probe_calls) const;

  const Policy& policy_;
  Probes probes_;
  WindowCounts results_;
};

// OPEN, while the one probe of an outage may go out or is out (rule R16).
class RetryingState {
 public:
  RetryingState(const Policy& policy, bool rejected_before, SteadyTime now)
      : has_rejected(rejected_before),
        timeout_(policy.half_open.probe_timeout),
        probes_(OneProbe(policy)),
        due_since_(now) {}

  std::optional<int32_t> Admit(SteadyTime now) { return probes_.Admit(now); }
  std::optional<Verdict> Record(int32_t place, std::optional<WindowEntry> entry, SteadyTime now);
  SteadyTime Since(int32_t place) const { return probes_.Since(place); }
  // That no call has come to be the probe, or to see that the one that is out hangs.
  std::optional<SteadyTime> due() const;
  Verdict AtEnd() const;
  std::optional<Verdict> CheckTimeout(SteadyTime now);
  void LookedAt(SteadyTime then) { probes_.LookedAt(then); }
  std::optional<SteadyTime> FullUntil(SteadyTime now) const { return probes_.FullUntil(now); }
  int64_t probes_out() const { return probes_.out(); }

  bool has_rejected;  // a call since the outage began

 private:
  absl::Duration Patience() const;

  static HalfOpenPolicy OneProbe(const Policy& policy) {
    HalfOpenPolicy one = policy.half_open;
    one.max_concurrent = 1;
    one.verdict = SuccessThreshold{1};
    return one;
  }

  const absl::Duration timeout_;
  Probes probes_;
  SteadyTime due_since_;
};

// What only these two have is apart, so that it takes no room in the many circuits that are CLOSED.

struct SlowStartState {
  SlowStartState(const Policy& policy, const WatchMemory& memory, uint64_t epoch, int64_t threshold,
                 SteadyTime now)
      : watch(policy, memory, epoch, now),
        limit(std::make_unique<CongestionWindow>(now, threshold)) {}

  FailureWatch watch;
  std::unique_ptr<CongestionWindow> limit;  // never null
};

struct RampingState {
  // `ramp` must outlive it. A ramp begins there.
  RampingState(const Policy& policy, const WatchMemory& memory, uint64_t epoch, SteadyTime now,
               RampProgress& ramp)
      : watch(policy, memory, epoch, now), progress(&ramp) {
    ramp.Start(*policy.ramp, epoch, now);
  }

  SteadyTime due() const { return progress->end(); }
  static Verdict AtEnd();

  FailureWatch watch;
  RampProgress* progress;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_STATES_H_
