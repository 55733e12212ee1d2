// SPDX-License-Identifier: Apache-2.0
//
// What the calls of a circuit count without its lock. Each thread has a shard of its own, a cache
// line that no other thread writes, so that threads don't slow each other down and need no
// read-modify-write instruction; only beyond a fixed number of threads do some share.
#ifndef FUSEBOX_SRC_CORE_CALL_SHARDS_H_
#define FUSEBOX_SRC_CORE_CALL_SHARDS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "src/base/thread_index.h"
#include "src/core/success_run.h"

namespace fusebox::internal {

inline constexpr std::size_t kCacheLine = 64;

// One thread's counters, or those of a few threads that share them.
//
// Totals: written by the owner with plain loads and stores (relaxed, since only it writes), or,
// when shared, with fetch_add; stores are releases, so that a reader that sees a call's return and
// reads with acquire sees its grant too.
//
// The run of successes is a base, and not a member, so that what calls take fits behind it into the
// line.
struct alignas(kCacheLine) CallShard : SuccessRun {
  // What a call of this shard usually takes; 0: unknown. A mean that forgets. Relaxed: it says
  // nothing of any other memory, and a sharer's update that gets lost does no harm.
  std::atomic<uint32_t> usual_micros{0};

  std::atomic<int64_t> granted{0};
  std::atomic<int64_t> success{0};
  std::atomic<int64_t> ignored{0};
  std::atomic<int64_t> rejected{0};
};
static_assert(sizeof(CallShard) == kCacheLine);

// Thread-safe. The first thread that comes by has a shard that is there already, beside what else a
// call looks at; those of others, and the place for them, are made when they come.
class CallShards {
 public:
  CallShards() = default;
  CallShards(const CallShards&) = delete;
  CallShards& operator=(const CallShards&) = delete;
  ~CallShards();

  // The calling thread's.
  class Handle {
   public:
    Handle(CallShard& shard, bool exclusive) : shard_(shard), exclusive_(exclusive) {}

    int64_t granted() const { return shard_.granted.load(std::memory_order_relaxed); }

    // Returns how many there are now, about.
    int64_t CountGranted() { return Bump(shard_.granted); }
    void CountIgnored() { Bump(shard_.ignored); }
    void CountRejected() { Bump(shard_.rejected); }
    void CountSuccess() { Bump(shard_.success); }

    // See SuccessRun.
    bool ExtendRun(SuccessRun::Tag tag) { return shard_.Extend(tag, exclusive_); }
    bool HasRun(SuccessRun::Tag tag) const { return shard_.Takes(tag); }
    SuccessRun::Untold StartRun(SuccessRun::Tag tag) { return shard_.Start(tag); }

    // What one call took.
    void NoteLatency(absl::Duration latency);

   private:
    int64_t Bump(std::atomic<int64_t>& counter) const {
      if (!exclusive_) return counter.fetch_add(1, std::memory_order_release) + 1;
      const int64_t count = counter.load(std::memory_order_relaxed) + 1;
      counter.store(count, std::memory_order_release);
      return count;
    }

    CallShard& shard_;
    const bool exclusive_;
  };
  Handle Mine();

  // The calling thread's, if it shares with none; else null, and when it has none yet: then `Mine`.
  CallShard* Own();

  // Calls `visit(shard)` for each shard that there is.
  template <typename Visit>
  void ForEach(Visit visit) {
    if (owner_.load(std::memory_order_acquire) != kNobody) visit(first_);
    Block* const block = block_.load(std::memory_order_acquire);
    if (block == nullptr) return;
    // Most circuits have the shards of a few threads.
    std::size_t place = 0;
    for (uint32_t left = block->taken.load(std::memory_order_acquire); left != 0; left >>= 1) {
      CallShard* const shard =
          (left & 1) == 0 ? nullptr : block->places[place].load(std::memory_order_acquire);
      if (shard != nullptr) visit(*shard);
      ++place;
    }
  }

  // What a call usually takes, over all shards; 0: unknown.
  absl::Duration UsualLatency();

 private:
  static constexpr std::size_t kExclusive = 24;
  static constexpr std::size_t kShared = 8;

  static_assert(kExclusive + kShared <= 32);                          // the bits of `taken`
  static_assert(kEndingThreadIndex >= static_cast<int>(kExclusive));  // many may be that

  // Where the others are, and room for the first one that is made: many a circuit never has
  // another. Aligned by hand, as an aligned `new` would cut the memory into pieces.
  struct Block {
    CallShard* Room() {
      void* at = room.data();
      std::size_t size = room.size();
      return static_cast<CallShard*>(std::align(kCacheLine, sizeof(CallShard), at, size));
    }

    // A bit for each place that has a shard, or is about to: set before, so that whoever has found
    // a shard, and counts in it, can't be overlooked.
    std::atomic<uint32_t> taken{0};
    std::array<std::atomic<CallShard*>, kExclusive + kShared> places{};
    std::array<unsigned char, sizeof(CallShard) + kCacheLine - alignof(void*)> room{};
  };

  Handle FindOrMake();
  CallShard& Make(std::size_t place);

  static constexpr int kNobody = kNoThreadIndex - 1;

  // Of that thread, from when it first came by until another one has its number. Whoever derives
  // from this puts what a call looks at behind it, into the line of `block_`.
  CallShard first_;
  std::atomic<Block*> block_{nullptr};
  std::atomic<int> owner_{kNobody};
};

inline CallShards::Handle CallShards::Mine() {
  CallShard* const own = Own();
  return own != nullptr ? Handle(*own, /*exclusive=*/true) : FindOrMake();
}

inline CallShard* CallShards::Own() {
  if (t_thread_index == owner_.load(std::memory_order_acquire)) return &first_;
  // A thread without a number has a large one by this.
  static_assert(kNoThreadIndex < 0);
  const auto index = static_cast<unsigned int>(t_thread_index);
  Block* const block = block_.load(std::memory_order_acquire);
  if (index >= kExclusive || block == nullptr) return nullptr;
  return block->places[index].load(std::memory_order_acquire);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CALL_SHARDS_H_
