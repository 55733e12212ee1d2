// SPDX-License-Identifier: Apache-2.0
//
// What the calls of a circuit count without its lock. Each thread has a shard of its own, a cache
// line that no other thread writes, so that threads don't slow each other down and need no
// read-modify-write instruction; only beyond so many threads do some share.
#ifndef FUSEBOX_SRC_CORE_CALL_SHARDS_H_
#define FUSEBOX_SRC_CORE_CALL_SHARDS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "src/core/thread_index.h"

namespace fusebox {

inline constexpr std::size_t kCacheLine = 64;

// Which successes a run counts: those of one epoch and one slice of its window.
struct RunTag {
  uint64_t epoch = 0;  // 0: none
  int64_t slice = 0;

  friend constexpr bool operator==(RunTag a, RunTag b) {
    return a.epoch == b.epoch && a.slice == b.slice;
  }
};

// One thread's counters, or those of a few threads that share them.
//
// Totals: written by the owner with plain loads and stores (relaxed, since only it writes), or,
// when shared, with fetch_add; stores are releases, so that a reader that sees a call's return and
// reads with acquire sees its grant too.
//
// The run of successes: `run` is a count in its lower bits and a generation in its upper ones; it
// counts calls that the tag describes. The tag only changes under the circuit's lock, together with
// the generation, and only by the owner (by any sharer when shared, whose increments are then
// compare-and-swap and fail if the generation has changed). So a late increment never lands in a
// later run: before a generation comes again, a thread would have to stand between two instructions
// for days while others start runs without a pause.
struct alignas(kCacheLine) CallShard {
  std::atomic<int64_t> granted{0};
  std::atomic<int64_t> success{0};
  std::atomic<int64_t> ignored{0};
  std::atomic<int64_t> rejected{0};
  // Of the run's tag. The epoch is stored last, and is 0 while the others change; each is stored
  // with release and loaded with acquire, so that who sees a part of a new tag sees its generation.
  std::atomic<uint64_t> epoch{0};
  std::atomic<int64_t> slice{0};
  std::atomic<uint64_t> run{0};

  // What a call of this shard usually takes; 0: unknown. A mean that forgets. Relaxed: it says
  // nothing of any other memory, and a sharer's update that gets lost does no harm.
  std::atomic<uint32_t> usual_micros{0};

  // Of the run's count, what the window was told already. Guarded by the circuit's lock.
  uint32_t run_taken = 0;
};
static_assert(sizeof(CallShard) == kCacheLine);

// Thread-safe. The shards, and the place for them, are made when a thread first comes by: a circuit
// without calls has none.
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

    // One more success of the run that `tag` describes. False if the shard has another run going,
    // or this one is full: then nothing has changed.
    bool ExtendRun(RunTag tag);

    // Ends the run that is going and starts another. Returns what the window was not told of the
    // old one. REQUIRES: the circuit's lock.
    uint32_t StartRun(RunTag tag);

    RunTag tag() const { return TagOf(shard_); }

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
    Block* const block = block_.load(std::memory_order_acquire);
    if (block == nullptr) return;
    for (std::atomic<CallShard*>& place : block->places) {
      if (CallShard* const shard = place.load(std::memory_order_acquire)) visit(*shard);
    }
  }

  // REQUIRES, both: the circuit's lock. The second takes what the window was not told yet.
  static RunTag TagOf(const CallShard& shard) {
    return {shard.epoch.load(std::memory_order_acquire),
            shard.slice.load(std::memory_order_acquire)};
  }
  static uint32_t TakeRun(CallShard& shard);

  // What a call usually takes, over all shards; 0: unknown.
  absl::Duration UsualLatency();

  // How many successes a run counts at the most.
  static constexpr int kRunBits = 20;

 private:
  static constexpr std::size_t kExclusive = 24;
  static constexpr std::size_t kShared = 8;

  static_assert(kEndingThreadIndex >= static_cast<int>(kExclusive));  // many may be that

  // Where the shards are, and room for the first one that is made: many a circuit never has
  // another. Aligned by hand, as an aligned `new` would cut the memory into pieces.
  struct Block {
    CallShard* Room() {
      void* at = room.data();
      std::size_t size = room.size();
      return static_cast<CallShard*>(std::align(kCacheLine, sizeof(CallShard), at, size));
    }

    std::array<std::atomic<CallShard*>, kExclusive + kShared> places{};
    std::array<unsigned char, sizeof(CallShard) + kCacheLine - alignof(void*)> room{};
  };

  CallShard& Make(std::size_t place);

  std::atomic<Block*> block_{nullptr};
};

inline CallShards::Handle CallShards::Mine() {
  const auto index = static_cast<std::size_t>(ThreadIndex());
  const bool exclusive = index < kExclusive;
  const std::size_t place = exclusive ? index : kExclusive + index % kShared;
  Block* const block = block_.load(std::memory_order_acquire);
  CallShard* const shard =
      block == nullptr ? nullptr : block->places[place].load(std::memory_order_acquire);
  return Handle(shard != nullptr ? *shard : Make(place), exclusive);
}

inline CallShard* CallShards::Own() {
  // A thread without a number has a large one by this.
  static_assert(kNoThreadIndex < 0);
  const auto index = static_cast<unsigned int>(t_thread_index);
  Block* const block = block_.load(std::memory_order_acquire);
  if (index >= kExclusive || block == nullptr) return nullptr;
  return block->places[index].load(std::memory_order_acquire);
}

inline bool CallShards::Handle::ExtendRun(RunTag tag) {
  constexpr uint64_t kFull = uint64_t{1} << (kRunBits - 1);
  // The run is read before the tag: if the tag fits, then so does this generation of the run, or a
  // sharer has started another, and the exchange fails.
  uint64_t run = shard_.run.load(std::memory_order_acquire);
  if (!(this->tag() == tag) || (run & kFull) != 0) return false;
  if (exclusive_) {
    shard_.run.store(run + 1, std::memory_order_release);
    return true;
  }
  while (!shard_.run.compare_exchange_weak(run, run + 1, std::memory_order_acq_rel)) {
    if (!(this->tag() == tag) || (run & kFull) != 0) return false;
  }
  return true;
}

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_CALL_SHARDS_H_
