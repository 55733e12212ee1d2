// SPDX-License-Identifier: Apache-2.0
#include "src/core/failure_watch.h"

#include "src/core/rules/trip_rules.h"

namespace fusebox {

FailureWatch::FailureWatch(const Policy& policy, SteadyTime now)
    : policy_(policy), window_(policy.window, now) {
  if (policy.hung_calls) hung_calls_ = std::make_unique<HungCallTracker>(*policy.hung_calls, now);
}

std::optional<Trip> FailureWatch::CheckHungCalls(SteadyTime now) {
  return hung_calls_ == nullptr ? std::nullopt : hung_calls_->Check(now);
}

void FailureWatch::Start(SteadyTime now) {
  if (hung_calls_ != nullptr) hung_calls_->Start(now);
}

std::optional<Trip> FailureWatch::End(SteadyTime start, std::optional<WindowEntry> entry,
                                      SteadyTime now) {
  if (hung_calls_ != nullptr) hung_calls_->End(start, now);
  return entry ? Record(*entry, now) : CheckHungCalls(now);
}

std::optional<Trip> FailureWatch::Record(WindowEntry entry, SteadyTime now) {
  window_.Add(entry, now);
  consecutive_failures_ = entry.failure ? consecutive_failures_ + 1 : 0;
  std::optional<Trip> trip = CheckTripRules(policy_, consecutive_failures_, window_.Counts(now));
  return trip ? trip : CheckHungCalls(now);
}

bool FailureWatch::SuccessMatters(SteadyTime now) {
  return hung_calls_ != nullptr ||
         fusebox::SuccessMatters(policy_, consecutive_failures_, window_.Counts(now));
}

}  // namespace fusebox
