// SPDX-License-Identifier: Apache-2.0
#include "src/core/window/count_window.h"

#include <algorithm>
#include <utility>

#include "src/base/dcheck.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kBitsPerEntry = 2;
constexpr std::size_t kEntriesPerWord = 64 / kBitsPerEntry;
constexpr uint64_t kFailureBit = 1;
constexpr uint64_t kSlowBit = 2;

std::size_t ShiftOf(std::size_t place) { return place % kEntriesPerWord * kBitsPerEntry; }

// Bits are counted side by side, as there's no instruction for it that every processor has: in each
// four bits, how many of their two failure bits are set;
constexpr uint64_t PairSums(uint64_t word) {
  const uint64_t failures = word & 0x5555555555555555;
  return (failures & 0x3333333333333333) + (failures >> 2 & 0x3333333333333333);
}

// and of sixteen such counts the sum, which must be less than 256.
constexpr int64_t SumOfFours(uint64_t counts) {
  const uint64_t eights = (counts & 0x0F0F0F0F0F0F0F0F) + (counts >> 4 & 0x0F0F0F0F0F0F0F0F);
  return static_cast<int64_t>(eights * 0x0101010101010101 >> 56);
}

constexpr int64_t FailuresIn(uint64_t word) { return SumOfFours(PairSums(word)); }

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
  FUSEBOX_DCHECK(counts_.failures >= 0 && counts_.failures <= counts_.recorded);
  FUSEBOX_DCHECK(counts_.slow >= 0 && counts_.slow <= counts_.recorded);
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

void CountWindowRing::AddSuccesses(int64_t count, int64_t /*slice*/, SteadyTime /*now*/) {
  const auto size = static_cast<int64_t>(size_);
  added_ += count;
  counts_.recorded = count < size - counts_.recorded ? counts_.recorded + count : size;
  // More than the window's size once round is no more than that.
  const auto cleared = static_cast<std::size_t>(std::min(count, size));
  const std::size_t to_end = size_ - next_;
  if (cleared < to_end) {
    ClearTo(next_ + cleared);
  } else {
    ClearTo(size_);
    next_ = 0;
    ClearTo(cleared - to_end);
  }
}

// Makes successes of the entries from next_ to before `end`, and goes there.
void CountWindowRing::ClearTo(std::size_t end) {
  // Most windows hold nothing but successes, or do from some place on.
  if (counts_.failures > 0 || counts_.slow > 0) {
    std::size_t word = next_ / kEntriesPerWord;
    const std::size_t last_word = end / kEntriesPerWord;
    const uint64_t before_first = (uint64_t{1} << ShiftOf(next_)) - 1;
    const uint64_t before_end = (uint64_t{1} << ShiftOf(end)) - 1;
    if (word == last_word) {
      ClearBits(word, before_end & ~before_first);
    } else {
      ClearBits(word, ~before_first);
      ClearWords(word + 1, last_word);
      if (before_end != 0) ClearBits(last_word, before_end);
    }
  }
  next_ = end;
}

void CountWindowRing::ClearBits(std::size_t word, uint64_t bits) {
  const uint64_t cleared = bits_[word] & bits;
  bits_[word] &= ~bits;
  counts_.failures -= FailuresIn(cleared);
  counts_.slow -= FailuresIn(cleared / kSlowBit);
}

void CountWindowRing::ClearWords(std::size_t begin, std::size_t end) {
  while (begin < end && (counts_.failures > 0 || counts_.slow > 0)) {
    // In as many words, each four bits can hold the sum of their two pairs.
    constexpr std::size_t kBatch = 7;
    const std::size_t batch_end = std::min(begin + kBatch, end);
    uint64_t failures = 0;
    uint64_t slow = 0;
    for (; begin < batch_end; ++begin) {
      const uint64_t word = std::exchange(bits_[begin], 0);
      failures += PairSums(word);
      slow += PairSums(word / kSlowBit);
    }
    counts_.failures -= SumOfFours(failures);
    counts_.slow -= SumOfFours(slow);
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

}  // namespace fusebox::internal
