// SPDX-License-Identifier: Apache-2.0
//
// Successes in a row that a thread has counted by itself, until the window is told of them.
#ifndef FUSEBOX_SRC_CORE_SUCCESS_RUN_H_
#define FUSEBOX_SRC_CORE_SUCCESS_RUN_H_

#include <atomic>
#include <cstdint>

#include "src/base/dcheck.h"

namespace fusebox::internal {

// A count of successes of one epoch and one slice of its window, its tag. Its owner, one thread or
// a few that share it, extends it without a lock; starting another run, and taking what the window
// is to be told, need the circuit's lock.
//
// `run_` is the count in its lower bits and a generation in its upper ones. What may happen at the
// same time:
//
// - Take, while a thread extends: the count is read before or after, and what comes after is taken
//   the next time. Nothing is taken twice, as `taken_` is guarded by the lock.
// - Start, while the only owner extends: can't be, as only the owner starts its own.
// - Start by one sharer, while another extends: Start sets the epoch to 0, exchanges `run_` for the
//   next generation, then sets the slice, and the epoch last. Extend reads `run_` first, then the
//   tag, then exchanges `run_`:
//     reads run_ | Start | reads the tag ...   the tag is another one, or the exchange fails
//     reads run_, the tag | Start | exchanges  fails: the generation has changed
//     Start, up to its exchange | reads run_   the epoch is 0, or the new tag: the new run's
//     success
//   So a success never lands in a run that it is not of. Before a generation comes again, a thread
//   would have to stand between two instructions for days while others start runs without a pause.
// - What Start's exchange returns is final: any later exchange on the old generation fails.
//
// Each part of the tag is stored with release and loaded with acquire, so that whoever sees a part
// of a new tag sees its generation.
class SuccessRun {
 public:
  // Which successes it counts.
  struct Tag {
    uint64_t epoch = 0;  // 0: none
    int64_t slice = 0;

    friend constexpr bool operator==(Tag a, Tag b) {
      return a.epoch == b.epoch && a.slice == b.slice;
    }
  };

  // How many successes of which run the window has not been told of.
  struct Untold {
    Tag tag;
    uint32_t count = 0;
  };

  // One more success of that tag. False if this is another run, or full: then nothing has changed.
  // `exclusive`: no other thread extends it.
  bool Extend(Tag tag, bool exclusive) {
    // The run is read before the tag, see above.
    uint64_t run = run_.load(std::memory_order_acquire);
    if (!Takes(tag, run)) return false;
    if (exclusive) {
      run_.store(run + 1, std::memory_order_release);
      return true;
    }
    while (!run_.compare_exchange_weak(run, run + 1, std::memory_order_acq_rel)) {
      if (!Takes(tag, run)) return false;
    }
    return true;
  }

  // Whether it takes another success of that tag.
  bool Takes(Tag of) const { return Takes(of, run_.load(std::memory_order_acquire)); }

  // Ends the run that is going and starts another. Returns what is left of the old one.
  // REQUIRES: the circuit's lock; by an owner.
  Untold Start(Tag next) {
    Untold old{tag(), 0};
    epoch_.store(0, std::memory_order_release);
    const uint64_t generation = (run_.load(std::memory_order_relaxed) & ~kCount) + kCount + 1;
    const uint64_t run = run_.exchange(generation, std::memory_order_acq_rel);
    FUSEBOX_DCHECK((run & kCount) >= taken_);
    old.count = static_cast<uint32_t>(run & kCount) - taken_;
    taken_ = 0;
    slice_.store(next.slice, std::memory_order_release);
    epoch_.store(next.epoch, std::memory_order_release);
    return old;
  }

  // REQUIRES: the circuit's lock.
  Untold Take() {
    const auto count = static_cast<uint32_t>(run_.load(std::memory_order_acquire) & kCount);
    FUSEBOX_DCHECK(count >= taken_);
    const Untold untold{tag(), count - taken_};
    taken_ = count;
    return untold;
  }

  // How many successes a run counts at most.
  static constexpr uint64_t kMostSuccesses = uint64_t{1} << 19;

 private:
  // The bits of a count, that of a full one among them.
  static constexpr uint64_t kCount = 2 * kMostSuccesses - 1;

  Tag tag() const {
    return {epoch_.load(std::memory_order_acquire), slice_.load(std::memory_order_acquire)};
  }
  bool Takes(Tag of, uint64_t run) const { return tag() == of && (run & kMostSuccesses) == 0; }

  std::atomic<uint64_t> epoch_{0};
  std::atomic<int64_t> slice_{0};
  std::atomic<uint64_t> run_{0};
  uint32_t taken_ = 0;  // of the count, what the window was told already; guarded by the lock
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_SUCCESS_RUN_H_
