// SPDX-License-Identifier: Apache-2.0
//
// What a circuit counts for life under its lock (rule R9). What calls count without the lock is
// in CallShards; `TotalsOf` adds the two up.
#ifndef FUSEBOX_SRC_CORE_TOTALS_H_
#define FUSEBOX_SRC_CORE_TOTALS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "fusebox/clock.h"
#include "fusebox/outcome.h"
#include "fusebox/snapshot.h"
#include "src/core/call_shards.h"
#include "src/core/rules/verdict.h"
#include "src/core/state_machine.h"

namespace fusebox::internal {

// Not thread-safe.
class LifetimeTotals {
 public:
  void CountAcquired(const StateMachine::Grant& grant);
  // A stale result is of an earlier epoch: it is counted, and is no last failure (rule R7).
  void CountReturned(const CallRecord& call, const Outcome& outcome, bool stale, SteadyTime now);
  void CountReported(const CallRecord& failure, const Outcome& outcome, SteadyTime now);
  void CountChange(const Change& change, absl::string_view actor);

  // Without what the shards hold.
  int64_t granted() const { return granted_; }

  // With it.
  struct Sum {
    Totals totals;
    int64_t granted = 0;
    int64_t in_flight = 0;
  };
  Sum SumWith(CallShards& shards) const;

  // Only how many calls there were.
  struct Calls {
    int64_t granted = 0;
    int64_t rejected = 0;
    int64_t would_reject = 0;
    int64_t in_flight = 0;
  };
  Calls CallsWith(CallShards& shards) const;

  struct Failure {
    SteadyTime at;
    int code = 0;
    std::string message;
  };
  const Failure* last_failure() const {  // null: none yet
    return rare_ == nullptr ? nullptr : rare_->last_failure.get();
  }
  std::optional<SteadyTime> last_transition() const {
    return rare_ == nullptr ? std::nullopt : rare_->last_transition;
  }

  // What opened the circuit last, or what an operator did last.
  struct LastChange {
    SteadyTime at;
    Verdict verdict;
    std::string actor;
  };
  const LastChange* last_opening() const {  // null: none yet
    return rare_ == nullptr ? nullptr : rare_->last_opening.get();
  }
  const LastChange* last_action() const {
    return rare_ == nullptr ? nullptr : rare_->last_action.get();
  }

 private:
  void CountFailure(const Outcome& outcome, bool stale, SteadyTime now);

  // What most circuits have none of: made when something else than a success is to be counted.
  struct Rare {
    Totals counts;
    std::optional<SteadyTime> last_transition;
    std::unique_ptr<Failure> last_failure;
    std::unique_ptr<const LastChange> last_opening;
    std::unique_ptr<const LastChange> last_action;
  };
  Rare& rare();
  Totals& counts() { return rare().counts; }

  std::unique_ptr<Rare> rare_;
  int64_t granted_ = 0;
  int64_t successes_ = 0;  // and none in counts()
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_TOTALS_H_
