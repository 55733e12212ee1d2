// SPDX-License-Identifier: Apache-2.0
#include "src/core/totals.h"

#include <cstddef>

#include "src/base/dcheck.h"
#include "src/base/printable.h"
#include "src/core/canonical_code.h"
#include "src/core/in_flight.h"
#include "src/core/transition_table.h"

namespace fusebox {

Totals& operator+=(Totals& sum, const Totals& more) {
  sum.success += more.success;
  sum.failure += more.failure;
  sum.ignored += more.ignored;
  sum.slow += more.slow;
  sum.rejected += more.rejected;
  sum.too_many_calls += more.too_many_calls;
  sum.would_reject += more.would_reject;
  sum.opened += more.opened;
  sum.probes_failed += more.probes_failed;
  if (more.failures_by_code.was_edited()) {
    auto& by_code = sum.failures_by_code.Edit();
    for (std::size_t code = 0; code < by_code.size(); ++code) {
      by_code[code] += more.failures_by_code[code];
    }
  }
  if (more.transitions.was_edited()) {
    auto& transitions = sum.transitions.Edit();
    for (std::size_t from = 0; from < transitions.size(); ++from) {
      for (std::size_t to = 0; to < transitions[from].size(); ++to) {
        transitions[from][to] += more.transitions[from][to];
      }
    }
  }
  return sum;
}

}  // namespace fusebox

namespace fusebox::internal {

void LifetimeTotals::CountAcquired(const StateMachine::Grant& grant) {
  if (grant.admitted) {
    ++granted_;
    if (grant.would_reject) ++counts().would_reject;
  } else {
    ++(grant.reason == RejectionReason::kTooManyCalls ? counts().too_many_calls
                                                      : counts().rejected);
    if (grant.asks) ++granted_;  // a permit besides
  }
}

void LifetimeTotals::CountReturned(const CallRecord& call, const Outcome& outcome, bool stale,
                                   SteadyTime now) {
  switch (call.kind) {
    case OutcomeKind::kSuccess:
      ++successes_;
      break;
    case OutcomeKind::kFailure:
    case OutcomeKind::kOverload:
      CountFailure(outcome, stale, now);
      break;
    case OutcomeKind::kIgnored:
      ++counts().ignored;
      break;
  }
  if (call.slow) ++counts().slow;
}

void LifetimeTotals::CountFailure(const Outcome& outcome, bool stale, SteadyTime now) {
  ++counts().failure;
  ++counts().failures_by_code.Edit()[static_cast<std::size_t>(CanonicalCode(outcome.code))];
  if (stale) return;
  if (rare().last_failure == nullptr) rare().last_failure = std::make_unique<Failure>();
  Failure& last = *rare().last_failure;
  last.at = now;
  last.code = outcome.code;
  SetPrintable(outcome.message, kMaxFailureMessageBytes, last.message);
}

void LifetimeTotals::CountReported(const CallRecord& failure, const Outcome& outcome,
                                   SteadyTime now) {
  ++granted_;  // so that nothing seems to be in flight for it
  CountReturned(failure, outcome, /*stale=*/false, now);
}

void LifetimeTotals::CountChange(const Change& change, absl::string_view actor) {
  if (IsOfShadow(change.kind)) return;
  const auto kept = [&] {
    return std::make_unique<const LastChange>(
        LastChange{change.at, change.verdict, std::string(actor)});
  };
  if (IsOperatorCause(change.verdict.cause)) rare().last_action = kept();
  if (change.kind == EventKind::kProbeFailed) ++counts().probes_failed;
  if (change.kind != EventKind::kTransition) return;
  // One that awaits a connection goes on with the opening of before.
  if (change.to == State::kOpen && change.verdict.cause != Cause::kNotConnected) {
    rare().last_opening =
        IsOperatorCause(change.verdict.cause)
            ? kept()
            : std::make_unique<const LastChange>(LastChange{change.at, change.verdict, {}});
  }
  ++counts().transitions.Edit()[static_cast<std::size_t>(change.from)]
                               [static_cast<std::size_t>(change.to)];
  if (change.to == State::kOpen) ++counts().opened;
  rare().last_transition = change.at;
}

LifetimeTotals::Rare& LifetimeTotals::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

LifetimeTotals::Sum LifetimeTotals::SumWith(CallShards& shards) const {
  Sum sum;
  if (rare_ != nullptr) sum.totals = rare_->counts;
  sum.totals.success = successes_;
  // Returns first: a call that is seen to have returned is then seen to have been granted, and what
  // is in flight never comes out negative.
  shards.ForEach([&](const CallShard& shard) {
    sum.totals.success += shard.success.load(std::memory_order_acquire);
    sum.totals.ignored += shard.ignored.load(std::memory_order_acquire);
    sum.totals.rejected += shard.rejected.load(std::memory_order_acquire);
  });
  sum.granted = granted_;
  shards.ForEach([&](const CallShard& shard) {
    sum.granted += shard.granted.load(std::memory_order_acquire);
  });
  sum.in_flight = sum.granted - sum.totals.success - sum.totals.failure - sum.totals.ignored;
  FUSEBOX_DCHECK(sum.in_flight >= 0);
  return sum;
}

LifetimeTotals::Calls LifetimeTotals::CallsWith(CallShards& shards) const {
  Calls calls;
  int64_t returned_here = successes_;
  if (rare_ != nullptr) {
    const Totals& counts = rare_->counts;
    returned_here += counts.failure + counts.ignored;
    calls.rejected = counts.rejected + counts.too_many_calls;
    calls.would_reject = counts.would_reject;
  }
  const auto returned = [&] {
    int64_t sum = returned_here;
    shards.ForEach([&](const CallShard& shard) {
      sum += shard.success.load(std::memory_order_acquire) +
             shard.ignored.load(std::memory_order_acquire);
    });
    return sum;
  };
  shards.ForEach([&](const CallShard& shard) {
    calls.rejected += shard.rejected.load(std::memory_order_acquire);
  });
  const CallSums sums = SumCalls(returned, [&] {
    int64_t granted = granted_;
    shards.ForEach(
        [&](const CallShard& shard) { granted += shard.granted.load(std::memory_order_acquire); });
    return granted;
  });
  calls.granted = sums.granted;
  calls.in_flight = sums.in_flight;
  return calls;
}

}  // namespace fusebox::internal
