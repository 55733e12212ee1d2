// SPDX-License-Identifier: Apache-2.0
//
// What each state knows and decides while the circuit is in it (DESIGN R2-R5). A state never moves
// the circuit: it returns a Trip, which tells the state machine that a rule holds.
#ifndef FUSEBOX_SRC_CORE_STATES_H_
#define FUSEBOX_SRC_CORE_STATES_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/probes.h"
#include "src/core/rules/trip.h"
#include "src/core/rules/trip_rules.h"
#include "src/core/window/call_window.h"
#include "src/core/window/window_entry.h"

namespace fusebox {

// A trip that comes of time alone, and when it is due.
struct DueTrip {
  SteadyTime at;
  Trip trip;
};

class ClosedState {
 public:
  ClosedState(const Policy& policy, SteadyTime now) : rules_(policy), window_(policy.window, now) {}

  std::optional<Trip> Record(WindowEntry entry, SteadyTime now);

  int64_t consecutive_failures() const { return consecutive_failures_; }
  WindowCounts Counts(SteadyTime now) { return window_.Counts(now); }

 private:
  TripRules rules_;
  CallWindow window_;
  int64_t consecutive_failures_ = 0;
};

class OpenState {
 public:
  OpenState(SteadyTime since, absl::Duration duration) : since_(since), duration_(duration) {}

  SteadyTime until() const { return since_ + duration_; }
  DueTrip Due() const;

 private:
  SteadyTime since_;
  absl::Duration duration_;
};

class HalfOpenState {
 public:
  explicit HalfOpenState(const Policy& policy) : policy_(policy), probes_(policy.half_open) {}

  std::optional<int32_t> Admit(SteadyTime now) { return probes_.Admit(now); }

  // A probe has come back, with a success or failure or, without `entry`, ignored.
  std::optional<Trip> Record(int32_t place, std::optional<WindowEntry> entry);

  // The probe timeout, if one is running.
  std::optional<DueTrip> Due() const;

  int64_t probes_out() const { return probes_.out(); }

 private:
  std::optional<Trip> Verdict(const SuccessThreshold& threshold) const;
  std::optional<Trip> Verdict(const ProbeCalls& probe_calls) const;

  const Policy& policy_;
  Probes probes_;
  WindowCounts results_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_STATES_H_
