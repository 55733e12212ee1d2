// SPDX-License-Identifier: Apache-2.0
#include "src/core/state_machine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "src/core/transition_table.h"

namespace fusebox {

StateMachine::StateMachine(const Policy& policy, uint64_t seed, absl::string_view circuit,
                           SteadyTime now)
    : policy_(policy),
      open_duration_(policy, seed, circuit),
      now_(now),
      state_(std::in_place_type<ClosedState>, policy, now) {}

StateMachine::Grant StateMachine::Acquire(SteadyTime now, Transitions& made) {
  AdvanceTo(now, made);
  Grant grant;
  grant.epoch = epoch_;
  if (std::holds_alternative<ClosedState>(state_)) {
    grant.admitted = true;
  } else if (const auto* open = std::get_if<OpenState>(&state_)) {
    grant.reason = RejectionReason::kOpen;
    grant.retry_after = open->until() - now_;
  } else if (std::optional<int32_t> place = std::get<HalfOpenState>(state_).Admit(now_)) {
    grant.admitted = true;
    grant.probe_place = *place;
  } else {
    grant.reason = RejectionReason::kHalfOpenFull;
  }
  return grant;
}

void StateMachine::Record(uint64_t epoch, int32_t probe_place, const CallRecord& call,
                          SteadyTime now, Transitions& made) {
  AdvanceTo(now, made);
  if (epoch != epoch_) return;
  if (std::optional<Trip> trip = RecordCurrent(probe_place, call)) {
    Apply(*std::move(trip), now_, call.pushback, made);
  }
}

std::optional<Trip> StateMachine::RecordCurrent(int32_t probe_place, const CallRecord& call) {
  std::optional<WindowEntry> entry;
  if (call.kind != OutcomeKind::kIgnored) {
    entry = WindowEntry{call.kind == OutcomeKind::kFailure, call.slow};
  }
  if (auto* half_open = std::get_if<HalfOpenState>(&state_)) {
    return half_open->Record(probe_place, entry);
  }
  auto* closed = std::get_if<ClosedState>(&state_);
  if (closed == nullptr || !entry) return std::nullopt;
  return closed->Record(*entry, now_);
}

void StateMachine::Reset(absl::string_view why, SteadyTime now, Transitions& made) {
  AdvanceTo(now, made);
  Apply({Cause::kOperator, std::string(why)}, now_, absl::ZeroDuration(), made);
}

void StateMachine::AdvanceTo(SteadyTime now, Transitions& made) {
  now_ = std::max(now_, now);
  for (std::optional<DueTrip> due = Due(); due && due->at <= now_; due = Due()) {
    Apply(std::move(due->trip), due->at, absl::ZeroDuration(), made);
  }
}

std::optional<DueTrip> StateMachine::Due() const {
  if (const auto* open = std::get_if<OpenState>(&state_)) return open->Due();
  if (const auto* half_open = std::get_if<HalfOpenState>(&state_)) return half_open->Due();
  return std::nullopt;
}

void StateMachine::Apply(Trip trip, SteadyTime at, absl::Duration pushback, Transitions& made) {
  const State from = state();
  const std::optional<State> to = TargetOf(trip.cause, from);
  if (!to) return;
  ++epoch_;
  switch (*to) {
    case State::kClosed:
      open_duration_.StartOver();
      state_.emplace<ClosedState>(policy_, at);
      break;
    case State::kOpen:
      state_.emplace<OpenState>(at, open_duration_.Next(pushback));
      break;
    case State::kHalfOpen:
      state_.emplace<HalfOpenState>(policy_);
      break;
  }
  made.push_back({from, *to, at, std::move(trip)});
}

State StateMachine::state() const {
  if (std::holds_alternative<ClosedState>(state_)) return State::kClosed;
  if (std::holds_alternative<OpenState>(state_)) return State::kOpen;
  return State::kHalfOpen;
}

int64_t StateMachine::consecutive_failures() const {
  const auto* closed = std::get_if<ClosedState>(&state_);
  return closed == nullptr ? 0 : closed->consecutive_failures();
}

WindowCounts StateMachine::Counts() {
  auto* closed = std::get_if<ClosedState>(&state_);
  return closed == nullptr ? WindowCounts() : closed->Counts(now_);
}

int64_t StateMachine::probes_out() const {
  const auto* half_open = std::get_if<HalfOpenState>(&state_);
  return half_open == nullptr ? 0 : half_open->probes_out();
}

std::optional<SteadyTime> StateMachine::open_until() const {
  const auto* open = std::get_if<OpenState>(&state_);
  if (open == nullptr) return std::nullopt;
  return open->until();
}

}  // namespace fusebox
