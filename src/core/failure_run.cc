// SPDX-License-Identifier: Apache-2.0
#include "src/core/failure_run.h"

#include <algorithm>

namespace fusebox::internal {

void FailureRun::AddSuccesses(int64_t count) {
  Learn(length_, count);
  length_ = 0;
  if (breaks_ == nullptr) return;
  breaks_->list.clear();
  breaks_->remembered = 0;
}

void FailureRun::Learn(int64_t failures, int64_t successes) {
  if (usual_ == nullptr) return;
  usual_->AddRun(failures);
  usual_->AddSuccesses(successes);
}

int64_t FailureRun::AddFirstMessage() {
  if (breaks_ == nullptr) breaks_ = std::make_unique<Breaks>();
  std::vector<Break>& list = breaks_->list;
  if (length_ > 0 || list.empty()) {
    list.push_back(
        {breaks_->next_place++, 0, length_, usual_ == nullptr ? FailureAverage() : *usual_});
    breaks_->remembered += length_;
  }
  ++list.back().standing;
  Learn(length_, 1);
  length_ = 0;
  Forget();
  return list.back().place;
}

void FailureRun::TakeBack(int64_t place) {
  if (breaks_ == nullptr) return;
  std::vector<Break>& list = breaks_->list;
  const auto found =
      std::lower_bound(list.begin(), list.end(), place,
                       [](const Break& at, int64_t wanted) { return at.place < wanted; });
  if (found == list.end() || found->place != place) return;
  if (usual_ != nullptr) *usual_ = found->usual;
  auto changed = found;
  if (--found->standing == 0) {
    const auto next = std::next(found);
    if (next != list.end()) {
      next->before += found->before;
    } else {
      breaks_->remembered -= found->before;
      length_ += found->before;
    }
    changed = list.erase(found);
  }
  for (; usual_ != nullptr && changed != list.end(); ++changed) {
    changed->usual = *usual_;
    Learn(changed->before, changed->standing);
  }
}

// The oldest failures matter only when all later breaks are taken back. If those alone are failures
// enough, the circuit has opened by then.
void FailureRun::Forget() {
  std::vector<Break>& list = breaks_->list;
  std::size_t forgotten = 0;
  while (forgotten < list.size() && (breaks_->remembered - list[forgotten].before >= limit_ ||
                                     list.size() - forgotten > kMaxBreaks)) {
    breaks_->remembered -= list[forgotten].before;
    ++forgotten;
  }
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(forgotten));
}

}  // namespace fusebox::internal
