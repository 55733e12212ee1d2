// SPDX-License-Identifier: Apache-2.0
#include "src/core/failure_watch.h"

#include <limits>

#include "src/core/rules/trip_rules.h"

namespace fusebox::internal {

FailureWatch::FailureWatch(const Policy& policy, SteadyTime now)
    : policy_(policy),
      window_(policy.window, now),
      run_(policy.consecutive_failures.value_or(std::numeric_limits<int64_t>::max())) {
  if (policy.hung_calls) hung_calls_ = std::make_unique<HungCallTracker>(*policy.hung_calls, now);
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
  if (entry.failure) {
    run_.AddFailure();
  } else {
    run_.AddSuccess();
  }
  return Check(now);
}

std::optional<Verdict> FailureWatch::RecordFirstMessage(WindowEntry success, SteadyTime now,
                                                        Places& places) {
  places.window = window_.PlaceAt(now);
  window_.Add(success, now);
  places.run = run_.AddFirstMessage();
  return Check(now);
}

std::optional<Verdict> FailureWatch::TakeBack(const Places& places, SteadyTime now) {
  if (!window_.TurnIntoFailure(places.window, now)) window_.Add({/*failure=*/true, false}, now);
  run_.TakeBack(places.run);
  run_.AddFailure();
  return Check(now);
}

std::optional<Verdict> FailureWatch::Check(SteadyTime now) {
  std::optional<Verdict> verdict = CheckTripRules(policy_, run_.length(), window_.Counts(now));
  return verdict ? verdict : CheckHungCalls(now);
}

bool FailureWatch::SuccessMatters(SteadyTime now) {
  return hung_calls_ != nullptr ||
         internal::SuccessMatters(policy_, run_.length(), window_.Counts(now));
}

}  // namespace fusebox::internal
