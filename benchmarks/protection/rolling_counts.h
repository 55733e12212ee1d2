// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_BENCHMARKS_PROTECTION_ROLLING_COUNTS_H_
#define FUSEBOX_BENCHMARKS_PROTECTION_ROLLING_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

// Good and bad results of the last stretch of time, in slices that leave it whole.
class RollingCounts {
 public:
  RollingCounts(Nanos window, int slices) : slice_(window / slices), slices_(slices) {}

  void Add(bool good, Nanos now) {
    Forget(now);
    if (parts_.empty() || parts_.back().index != now / slice_)
      parts_.push_back({now / slice_, 0, 0});
    (good ? parts_.back().good : parts_.back().bad) += 1;
    (good ? good_ : bad_) += 1;
  }

  void Forget(Nanos now) {
    while (!parts_.empty() && parts_.front().index <= now / slice_ - slices_) {
      good_ -= parts_.front().good;
      bad_ -= parts_.front().bad;
      parts_.pop_front();
    }
  }

  void Clear() {
    parts_.clear();
    good_ = bad_ = 0;
  }

  // How many slices, the last ones, have good results and no bad ones, or bad ones and no good
  // ones. One without any doesn't count, and ends nothing.
  int LastGoodSlices() const { return Last(&Part::good, &Part::bad); }
  int LastBadSlices() const { return Last(&Part::bad, &Part::good); }

  // Of what was there when it was last added to or made to forget.
  int64_t good() const { return good_; }
  int64_t bad() const { return bad_; }
  int64_t all() const { return good_ + bad_; }
  double BadShare() const {
    return all() > 0 ? static_cast<double>(bad_) / static_cast<double>(all()) : 0;
  }

 private:
  struct Part {
    int64_t index;
    int64_t good;
    int64_t bad;
  };

  int Last(int64_t Part::*these, int64_t Part::*others) const {
    int count = 0;
    for (const Part& part : parts_)
      count = part.*others > 0 ? 0 : count + (part.*these > 0 ? 1 : 0);
    return count;
  }

  const Nanos slice_;
  const int slices_;
  std::deque<Part> parts_;
  int64_t good_ = 0;
  int64_t bad_ = 0;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_BENCHMARKS_PROTECTION_ROLLING_COUNTS_H_
