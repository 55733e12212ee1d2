// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_HUNG_CALL_SLOTS_H_
#define FUSEBOX_SRC_CORE_HUNG_CALL_SLOTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "src/base/dcheck.h"
#include "src/base/floor_div.h"

namespace fusebox::internal {

// How many calls are out by the slice of time in which they started (rule R14), counted without the
// circuit's lock. Only whoever holds it gives a slot to another slice.
//
// A slot is one word: the count, with the epoch and the slice whose calls it counts. A call that
// finds its own there counts itself in one step; one that doesn't, since time or the circuit has
// gone on, takes the lock. Of epoch and slice it holds as many bits as there is room for: before
// the same ones come again, a thread would have to stand between two instructions for 32,768
// epochs, or a call to be out for 16 million times as long as all slots cover, which whoever ends
// it has to rule out. A count that is full stays so.
class HungCallSlots {
 public:
  // Which calls a slot counts.
  struct Tag {
    uint64_t epoch = 0;
    int64_t slice = 0;
  };

  static constexpr int64_t kSlots = 11;
  static constexpr uint64_t kMost = (uint64_t{1} << 24) - 1;  // of one slice

  // A call starts. False, and nothing has changed, if its slice isn't counted, or not any more.
  bool Start(Tag tag) { return Add(tag, /*sealed_too=*/false); }

  // One that started then has ended. False, and nothing has changed, if its slice isn't counted.
  bool End(Tag tag) {
    std::atomic<uint64_t>& slot = SlotOf(tag.slice);
    uint64_t word = slot.load(std::memory_order_acquire);
    do {
      if (!Is(word, tag)) return false;
      FUSEBOX_DCHECK((word & kCount) > 0);
      if (CountIn(word) == kCount) return true;
    } while (!slot.compare_exchange_weak(word, word - 1, std::memory_order_acq_rel));
    return true;
  }

  bool Holds(Tag tag) { return Is(SlotOf(tag.slice).load(std::memory_order_acquire), tag); }

  // These REQUIRE the circuit's lock.

  // Gives the slot of that slice to its calls, from none on. Returns how many it held before.
  int64_t Give(Tag tag) {
    return CountIn(SlotOf(tag.slice).exchange(Bits(tag), std::memory_order_acq_rel));
  }

  // No call without the lock starts there any more. Returns how many have.
  int64_t Seal(Tag tag) {
    std::atomic<uint64_t>& slot = SlotOf(tag.slice);
    const uint64_t word = slot.load(std::memory_order_acquire);
    FUSEBOX_DCHECK(Is(word, tag));
    if ((word & kSealed) != 0) return CountIn(word);
    return CountIn(slot.fetch_or(kSealed, std::memory_order_acq_rel));
  }

  bool StartAnyway(Tag tag) { return Add(tag, /*sealed_too=*/true); }

 private:
  static constexpr int kCountBits = 24;  // more calls than any process has out
  static constexpr uint64_t kCount = kMost;
  static constexpr uint64_t kSealed = kCount + 1;
  static constexpr int kTagShift = kCountBits + 1;
  static constexpr int kSliceBits = 24;
  static constexpr uint64_t kSlice = (uint64_t{1} << kSliceBits) - 1;

  static uint64_t Bits(Tag tag) {
    return (tag.epoch << kSliceBits | (static_cast<uint64_t>(tag.slice) & kSlice)) << kTagShift;
  }
  static bool Is(uint64_t word, Tag tag) { return (word ^ Bits(tag)) >> kTagShift == 0; }
  static int64_t CountIn(uint64_t word) { return static_cast<int64_t>(word & kCount); }

  std::atomic<uint64_t>& SlotOf(int64_t slice) {
    return slots_[static_cast<std::size_t>(FloorMod(slice, kSlots))];
  }

  bool Add(Tag tag, bool sealed_too) {
    std::atomic<uint64_t>& slot = SlotOf(tag.slice);
    uint64_t word = slot.load(std::memory_order_acquire);
    do {
      const bool closed = (word & kSealed) != 0 && !sealed_too;
      if (closed || !Is(word, tag)) return false;
      if (CountIn(word) == kCount) return true;
    } while (!slot.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel));
    return true;
  }

  std::array<std::atomic<uint64_t>, kSlots> slots_{};
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_HUNG_CALL_SLOTS_H_
