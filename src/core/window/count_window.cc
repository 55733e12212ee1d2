// SPDX-License-Identifier: Apache-2.0
#include "src/core/window/count_window.h"

#include <algorithm>

namespace fusebox {
namespace {

constexpr std::size_t kBitsPerEntry = 2;
constexpr std::size_t kEntriesPerWord = 64 / kBitsPerEntry;
constexpr uint64_t kFailureBit = 1;
constexpr uint64_t kSlowBit = 2;

std::size_t ShiftOf(std::size_t place) { return place % kEntriesPerWord * kBitsPerEntry; }

}  // namespace

CountWindowRing::CountWindowRing(const CountWindow& policy)
    : size_(static_cast<std::size_t>(policy.size)),
      bits_((size_ + kEntriesPerWord - 1) / kEntriesPerWord) {}

void CountWindowRing::Add(WindowEntry entry, SteadyTime /*now*/) {
  if (counts_.recorded == static_cast<int64_t>(size_)) {
    const WindowEntry oldest = Get(next_);
    counts_.failures -= oldest.failure ? 1 : 0;
    counts_.slow -= oldest.slow ? 1 : 0;
  } else {
    ++counts_.recorded;
  }
  Set(next_, entry);
  counts_.failures += entry.failure ? 1 : 0;
  counts_.slow += entry.slow ? 1 : 0;
  next_ = (next_ + 1) % size_;
  ++added_;
}

bool CountWindowRing::TurnIntoFailure(int64_t place, SteadyTime /*now*/) {
  const int64_t ago = added_ - place;  // 1: the latest entry
  if (ago > counts_.recorded) return false;
  const std::size_t at = (next_ + size_ - static_cast<std::size_t>(ago)) % size_;
  WindowEntry entry = Get(at);
  counts_.failures += entry.failure ? 0 : 1;
  entry.failure = true;
  Set(at, entry);
  return true;
}

void CountWindowRing::AddSuccesses(int64_t count, int64_t /*slice*/, SteadyTime now) {
  const auto size = static_cast<int64_t>(size_);
  if (count >= size) {
    std::fill(bits_.begin(), bits_.end(), 0);
    counts_ = {size, 0, 0};
    added_ += count;
  } else {
    for (; count > 0; --count) Add({}, now);
  }
}

WindowEntry CountWindowRing::Get(std::size_t place) const {
  const uint64_t bits = bits_[place / kEntriesPerWord] >> ShiftOf(place);
  return {(bits & kFailureBit) != 0, (bits & kSlowBit) != 0};
}

void CountWindowRing::Set(std::size_t place, WindowEntry entry) {
  uint64_t& word = bits_[place / kEntriesPerWord];
  word &= ~((kFailureBit | kSlowBit) << ShiftOf(place));
  word |= ((entry.failure ? kFailureBit : 0) | (entry.slow ? kSlowBit : 0)) << ShiftOf(place);
}

}  // namespace fusebox
