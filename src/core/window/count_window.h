// SPDX-License-Identifier: Apache-2.0
//
// The last N recorded calls (rule R3).
#ifndef FUSEBOX_SRC_CORE_WINDOW_COUNT_WINDOW_H_
#define FUSEBOX_SRC_CORE_WINDOW_COUNT_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/window/window_entry.h"

namespace fusebox::internal {

// A ring of two bits a call. Not thread-safe.
class CountWindowRing {
 public:
  explicit CountWindowRing(const CountWindow& policy);

  void Add(WindowEntry entry, SteadyTime now);
  WindowCounts Counts(SteadyTime) const { return counts_; }

  // Entries have a number each, in the order in which they came.
  int64_t PlaceAt(SteadyTime) const { return added_; }
  bool TurnIntoFailure(int64_t place, SteadyTime now);

  // As many calls of `Add({}, now)`, sixteen and more of them at the price of one.
  void AddSuccesses(int64_t count, int64_t slice, SteadyTime now);

  // A count window has no slices: time is all one.
  static int64_t SliceAt(SteadyTime) { return 0; }

 private:
  WindowEntry Get(std::size_t place) const;
  void Set(std::size_t place, WindowEntry entry);
  void ClearTo(std::size_t end);
  void ClearBits(std::size_t word, uint64_t bits);
  void ClearWords(std::size_t begin, std::size_t end);

  const std::size_t size_;
  std::vector<uint64_t> bits_;
  std::size_t next_ = 0;
  int64_t added_ = 0;
  WindowCounts counts_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_WINDOW_COUNT_WINDOW_H_
