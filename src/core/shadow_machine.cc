// SPDX-License-Identifier: Apache-2.0
#include "src/core/shadow_machine.h"

#include <utility>

namespace fusebox::internal {

ShadowMachine::ShadowMachine(std::shared_ptr<const Policy> policy, Seed seed,
                             absl::string_view circuit, SteadyTime now, uint32_t& counter)
    : counter_(counter),
      number_(++counter),
      counted_(*this),
      machine_(std::move(policy), seed, circuit, now, std::nullopt, counted_) {}

void ShadowMachine::Acquire(SteadyTime now, bool connected, bool admitted, Ticket& ticket,
                            Changes& changes) {
  Changes made;
  const StateMachine::Grant grant = machine_.Acquire(now, static_cast<int64_t>(calls_.size()),
                                                     connected ? Reach::kCall : Reach::kNone, made);
  ++counts_.calls;
  if (!admitted) ++counts_.rejected;
  if (!grant.admitted) {
    ++refused_;
    if (admitted) ++counts_.would_reject;
  } else if (!admitted) {
    // It comes to nothing, and gives its place back at once.
    ++counts_.would_admit;
    CallRecord ignored;
    ignored.kind = OutcomeKind::kIgnored;
    machine_.Record(grant.ticket, ignored, now, made);
  } else {
    // 0 is none. That a number comes again takes four thousand million calls.
    do {
      ticket.shadow = ++counter_;
    } while (ticket.shadow == 0 || !calls_.emplace(ticket.shadow, grant.ticket).second);
  }
  Keep(made, changes);
}

void ShadowMachine::Return(const Ticket& ticket, const Outcome& outcome,
                           absl::Duration usual_latency, SteadyTime now, Changes& changes) {
  const auto found = calls_.find(ticket.shadow);
  if (found == calls_.end()) return;
  Changes made;
  CallRecord call = Judge(policy(), outcome, IsSlow(found->second, outcome, now));
  call.usual_latency = usual_latency;
  machine_.Record(found->second, call, now, made);
  calls_.erase(found);
  Keep(made, changes);
}

void ShadowMachine::ReceiveMessage(const Ticket& ticket, const Outcome& message, SteadyTime now,
                                   Changes& changes) {
  const auto found = calls_.find(ticket.shadow);
  if (found == calls_.end() || found->second.Is(Ticket::kAnswered)) return;
  // As alone, it looks at none where no clock is running for the call.
  if (!machine_.MessagesMatter()) return;
  Changes made;
  const CallRecord call = Judge(policy(), message, IsSlow(found->second, message, now));
  machine_.ReceiveMessage(found->second, call, now, made);
  found->second.flags |= Ticket::kAnswered;
  if (call.kind == OutcomeKind::kFailure) found->second.flags |= Ticket::kFailed;
  Keep(made, changes);
}

void ShadowMachine::RecordFirstMessage(const Ticket& ticket, const Outcome& message, SteadyTime now,
                                       Changes& changes, FirstMessage& first) {
  first.shadow_number_ = number_;
  const auto found = calls_.find(ticket.shadow);
  if (found == calls_.end()) {
    first.shadow_.recorded = FirstMessage::Recorded::kKeptOut;
    return;
  }
  Changes made;
  const CallRecord call = Judge(policy(), message, IsSlow(found->second, message, now));
  machine_.RecordFirstMessage(found->second, call, now, made, first.shadow_);
  calls_.erase(found);
  Keep(made, changes);
}

void ShadowMachine::Report(const Outcome& failure, const FirstMessage& first, SteadyTime now,
                           Changes& changes) {
  Changes made;
  const bool ours = first.shadow_number_ == number_;
  machine_.Report(JudgeFailure(policy(), failure), ours ? first.shadow_ : FirstMessage::Place(),
                  now, made);
  Keep(made, changes);
}

void ShadowMachine::Reset(absl::string_view why, SteadyTime now, Changes& changes) {
  Changes made;
  machine_.Operate(Cause::kReset, why, now, made);
  Keep(made, changes);
}

void ShadowMachine::AdvanceTo(SteadyTime now, Changes& changes) {
  Changes made;
  machine_.AdvanceTo(now, made);
  Keep(made, changes);
}

ShadowCounts ShadowMachine::counts() const {
  ShadowCounts counts = counts_;
  counts.state = machine_.state();
  return counts;
}

bool ShadowMachine::IsSlow(const Ticket& ticket, const Outcome& outcome, SteadyTime now) const {
  if (!policy().slow_call_duration || !outcome.timed) return false;
  if (outcome.kind == OutcomeKind::kIgnored) return false;
  return outcome.latency.value_or(now - ticket.start) >= *policy().slow_call_duration;
}

StateMachine::CallCounts ShadowMachine::Counts::operator()() const {
  return {shadow_.refused_, static_cast<int64_t>(shadow_.calls_.size())};
}

// Of what the machine has made, its openings and closings.
void ShadowMachine::Keep(Changes& made, Changes& changes) {
  for (Change& change : made) {
    if (change.kind != EventKind::kTransition || change.to == State::kHalfOpen) continue;
    const bool opened = change.to == State::kOpen;
    if (opened) ++counts_.would_open;
    change.kind = opened ? EventKind::kShadowOpened : EventKind::kShadowClosed;
    changes.push_back(std::move(change));
  }
}

}  // namespace fusebox::internal
