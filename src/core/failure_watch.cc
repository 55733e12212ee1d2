// SPDX-License-Identifier: Apache-2.0
#include "src/core/failure_watch.h"

#include <algorithm>
#include <limits>

#include "src/core/rules/improbable_run_rule.h"
#include "src/core/rules/trip_rules.h"

namespace fusebox::internal {

namespace {

// The longest run of failures that a rule asks for.
int64_t LongestRun(const Policy& policy) {
  constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
  return policy.improbable_run ? kAny : policy.consecutive_failures.value_or(kAny);
}

}  // namespace

FailureWatch::FailureWatch(const Policy& policy, const WatchMemory& memory, uint64_t epoch,
                           SteadyTime now)
    : policy_(policy),
      averages_(memory.averages),
      window_(policy.window, now),
      run_(LongestRun(policy), averages_ == nullptr ? nullptr : &averages_->failures) {
  if (!policy.hung_calls) return;
  hung_calls_ =
      std::make_unique<HungCallTracker>(*policy.hung_calls, *memory.hung_calls, epoch, now);
}

std::optional<Verdict> FailureWatch::CheckHungCalls(SteadyTime now) {
  return hung_calls_ == nullptr ? std::nullopt : hung_calls_->Check(now);
}

void FailureWatch::Start(SteadyTime now) {
  if (hung_calls_ != nullptr) hung_calls_->Start(now);
}

void FailureWatch::StopClock(SteadyTime start, SteadyTime now) {
  if (hung_calls_ != nullptr) hung_calls_->End(start, now);
}

std::optional<Verdict> FailureWatch::Record(WindowEntry entry, SteadyTime now) {
  window_.Add(entry, now);
  AddCalls(1);
  if (entry.failure) {
    AddFailure(now);
  } else {
    run_.AddSuccess();
  }
  return Check(now);
}

void FailureWatch::AddFailure(SteadyTime now) {
  if (averages_ != nullptr) {
    averages_->rate.Reckon(now);
    if (last_failure_ && now - *last_failure_ > kLongestGapInRun) since_gap_ = 0;
    ++since_gap_;
    last_failure_ = now;
  }
  run_.AddFailure();
}

std::optional<Verdict> FailureWatch::RecordFirstMessage(WindowEntry success, SteadyTime now,
                                                        Places& places) {
  places.window = window_.PlaceAt(now);
  window_.Add(success, now);
  AddCalls(1);
  places.run = run_.AddFirstMessage();
  return Check(now);
}

std::optional<Verdict> FailureWatch::TakeBack(const Places& places, SteadyTime now) {
  if (!window_.TurnIntoFailure(places.window, now)) window_.Add({/*failure=*/true, false}, now);
  run_.TakeBack(places.run);
  AddFailure(now);  // of a call that counts already
  return Check(now);
}

std::optional<Verdict> FailureWatch::Check(SteadyTime now) {
  // The failures of the run are the newest ones of all.
  const FailuresInARow run{run_.length(), std::min(run_.length(), since_gap_)};
  std::optional<Verdict> verdict = CheckTripRules(policy_, run, averages_, window_.Counts(now));
  return verdict ? verdict : CheckHungCalls(now);
}

bool FailureWatch::SuccessMatters(SteadyTime now) {
  return internal::SuccessMatters(policy_, window_.Counts(now));
}

}  // namespace fusebox::internal
