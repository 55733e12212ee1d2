// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_CALL_PLACES_H_
#define FUSEBOX_SRC_CORE_CALL_PLACES_H_

#include <atomic>
#include <cstdint>

#include "src/base/dcheck.h"
#include "src/core/call_shards.h"

namespace fusebox::internal {

// The places for calls in flight of a circuit with `max_in_flight` (R12), on a cache line of their
// own: a call takes one without the circuit's lock, and never one too many. Thread-safe. Relaxed:
// the number says nothing of any other memory.
class alignas(kCacheLine) CallPlaces {
 public:
  // False if `most` are taken: then nothing has changed.
  bool Take(int64_t most) {
    int64_t taken = taken_.load(std::memory_order_relaxed);
    do {
      if (taken >= most) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed));
    return true;
  }
  // For a call that no limit holds back.
  void TakeAnyway() { taken_.fetch_add(1, std::memory_order_relaxed); }
  void GiveBack() {
    [[maybe_unused]] const int64_t taken = taken_.fetch_sub(1, std::memory_order_relaxed);
    FUSEBOX_DCHECK(taken > 0);
  }
  int64_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // Calls for which there was none.
  void CountRefused() { refused_.fetch_add(1, std::memory_order_relaxed); }
  int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> taken_{0};
  std::atomic<int64_t> refused_{0};
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CALL_PLACES_H_
