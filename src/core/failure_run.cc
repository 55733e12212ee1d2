// SPDX-License-Identifier: Apache-2.0
#include "src/core/failure_run.h"

#include <algorithm>

namespace fusebox::internal {

void FailureRun::AddSuccesses(int64_t count) {
  Learn(length_, count);
  length_ = 0;
  breaks_.clear();
  remembered_ = 0;
}

void FailureRun::Learn(int64_t failures, int64_t successes) {
  if (usual_ == nullptr) return;
  usual_->AddRun(failures);
  usual_->AddSuccesses(successes);
}

int64_t FailureRun::AddFirstMessage() {
  if (length_ > 0 || breaks_.empty()) {
    breaks_.push_back({next_place_++, 0, length_, usual_ == nullptr ? FailureAverage() : *usual_});
    remembered_ += length_;
  }
  ++breaks_.back().standing;
  Learn(length_, 1);
  length_ = 0;
  Forget();
  return breaks_.back().place;
}

void FailureRun::TakeBack(int64_t place) {
  const auto found =
      std::lower_bound(breaks_.begin(), breaks_.end(), place,
                       [](const Break& at, int64_t wanted) { return at.place < wanted; });
  if (found == breaks_.end() || found->place != place) return;
  if (usual_ != nullptr) *usual_ = found->usual;
  auto changed = found;
  if (--found->standing == 0) {
    const auto next = std::next(found);
    if (next != breaks_.end()) {
      next->before += found->before;
    } else {
      remembered_ -= found->before;
      length_ += found->before;
    }
    changed = breaks_.erase(found);
  }
  for (; usual_ != nullptr && changed != breaks_.end(); ++changed) {
    changed->usual = *usual_;
    Learn(changed->before, changed->standing);
  }
}

// The oldest failures matter only when all later breaks are taken back. If those alone are failures
// enough, the circuit has opened by then.
void FailureRun::Forget() {
  std::size_t forgotten = 0;
  while (forgotten < breaks_.size() && (remembered_ - breaks_[forgotten].before >= limit_ ||
                                        breaks_.size() - forgotten > kMaxBreaks)) {
    remembered_ -= breaks_[forgotten].before;
    ++forgotten;
  }
  breaks_.erase(breaks_.begin(), breaks_.begin() + static_cast<std::ptrdiff_t>(forgotten));
}

}  // namespace fusebox::internal
