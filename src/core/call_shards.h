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

#include "src/core/thread_index.h"

namespace fusebox {

inline constexpr std::size_t kCacheLine = 64;

// Which successes a run counts: those of one epoch and one slice of its window. Epochs and slices
// are cut to 32 bits: 2^32 of them can't pass while a thread stands between two instructions.
class RunTag {
 public:
  constexpr RunTag() = default;  // none
  constexpr RunTag(uint64_t epoch, int64_t slice)
      : bits_(epoch << 32 | (static_cast<uint64_t>(slice) & 0xFFFFFFFF)) {}
  static constexpr RunTag FromBits(uint64_t bits) {
    RunTag tag;
    tag.bits_ = bits;
    return tag;
  }

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool IsOf(uint64_t epoch) const { return bits_ >> 32 == (epoch & 0xFFFFFFFF); }
  friend constexpr bool operator==(RunTag a, RunTag b) { return a.bits_ == b.bits_; }

 private:
  uint64_t bits_ = 0;
};

// One thread's counters, or those of a few threads that share them.
//
// Totals: written by the owner with plain loads and stores (relaxed, since only it writes), or,
// when shared, with fetch_add; stores are releases, so that a reader that sees a call's return and
// reads with acquire sees its grant too.
//
// The run of successes: `run` is a count in its lower half and a generation in its upper; it counts
// calls that `tag` describes. The tag only changes under the circuit's lock, together with the
// generation, and only by the owner (by any sharer when shared, whose increments are then
// compare-and-swap and fail if the generation has changed). So a late increment never lands in a
// later run.
struct alignas(kCacheLine) CallShard {
  std::atomic<int64_t> granted{0};
  std::atomic<int64_t> success{0};
  std::atomic<int64_t> ignored{0};
  std::atomic<int64_t> rejected{0};
  std::atomic<uint64_t> tag{RunTag().bits()};
  std::atomic<uint64_t> run{0};

  // Guarded by the circuit's lock.
  int64_t slice = 0;       // of the tag, uncut
  uint32_t run_taken = 0;  // of the run's count, what the window was told already
};

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

    void CountGranted() { Bump(shard_.granted); }
    void CountIgnored() { Bump(shard_.ignored); }
    void CountRejected() { Bump(shard_.rejected); }
    void CountSuccess() { Bump(shard_.success); }

    // One more success of the run that `tag` describes. False if the shard has another run going,
    // or this one is full: then nothing has changed.
    bool ExtendRun(RunTag tag);

    // Ends the run that is going and starts another. Returns what the window was not told of the
    // old one. REQUIRES: the circuit's lock.
    uint32_t StartRun(RunTag tag, int64_t slice);

    RunTag tag() const { return RunTag::FromBits(shard_.tag.load(std::memory_order_acquire)); }
    int64_t slice() const { return shard_.slice; }  // REQUIRES: the circuit's lock

   private:
    void Bump(std::atomic<int64_t>& counter) const {
      if (exclusive_) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      } else {
        counter.fetch_add(1, std::memory_order_release);
      }
    }

    CallShard& shard_;
    const bool exclusive_;
  };
  Handle Mine();

  // Calls `visit(shard)` for each shard that there is.
  template <typename Visit>
  void ForEach(Visit visit) {
    Places* const places = places_.load(std::memory_order_acquire);
    if (places == nullptr) return;
    for (std::atomic<CallShard*>& place : *places) {
      if (CallShard* const shard = place.load(std::memory_order_acquire)) visit(*shard);
    }
  }

  // Takes what the window was not told yet of a shard's run. REQUIRES: the circuit's lock.
  static uint32_t TakeRun(CallShard& shard);

 private:
  static constexpr std::size_t kExclusive = 24;
  static constexpr std::size_t kShared = 8;

  static_assert(kEndingThreadIndex >= static_cast<int>(kExclusive));  // many may be that

  using Places = std::array<std::atomic<CallShard*>, kExclusive + kShared>;

  CallShard& Make(std::size_t place);

  std::atomic<Places*> places_{nullptr};
};

inline CallShards::Handle CallShards::Mine() {
  const auto index = static_cast<std::size_t>(ThreadIndex());
  const bool exclusive = index < kExclusive;
  const std::size_t place = exclusive ? index : kExclusive + index % kShared;
  Places* const places = places_.load(std::memory_order_acquire);
  CallShard* const shard =
      places == nullptr ? nullptr : (*places)[place].load(std::memory_order_acquire);
  return Handle(shard != nullptr ? *shard : Make(place), exclusive);
}

inline bool CallShards::Handle::ExtendRun(RunTag tag) {
  constexpr uint64_t kFull = 0x80000000;
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
