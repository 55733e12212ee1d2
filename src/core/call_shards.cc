// SPDX-License-Identifier: Apache-2.0
#include "src/core/call_shards.h"

#include <memory>

namespace fusebox {
namespace {

constexpr uint64_t kCountMask = 0xFFFFFFFF;
constexpr uint64_t kOneGeneration = kCountMask + 1;

// What `place` points to, made now if there is none; of two threads that do, the first one's stays.
template <typename T>
T& MakeOnce(std::atomic<T*>& place) {
  T* found = place.load(std::memory_order_acquire);
  if (found != nullptr) return *found;
  auto made = std::make_unique<T>();
  if (place.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *found;
}

}  // namespace

CallShards::~CallShards() {
  const std::unique_ptr<Places> places(places_.load(std::memory_order_acquire));
  if (places == nullptr) return;
  for (const std::atomic<CallShard*>& place : *places) {
    const std::unique_ptr<CallShard> shard(place.load(std::memory_order_acquire));
  }
}

CallShard& CallShards::Make(std::size_t place) {
  Places& places = MakeOnce(places_);
  return MakeOnce(places[place]);
}

uint32_t CallShards::TakeRun(CallShard& shard) {
  const auto count = static_cast<uint32_t>(shard.run.load(std::memory_order_acquire) & kCountMask);
  const uint32_t untold = count - shard.run_taken;
  shard.run_taken = count;
  return untold;
}

uint32_t CallShards::Handle::StartRun(RunTag tag, int64_t slice) {
  // In this order, see ExtendRun: no tag, then the generation, then the tag.
  shard_.tag.store(RunTag().bits(), std::memory_order_release);
  const uint64_t next = (shard_.run.load(std::memory_order_relaxed) & ~kCountMask) + kOneGeneration;
  const uint64_t old = shard_.run.exchange(next, std::memory_order_acq_rel);
  const uint32_t untold = static_cast<uint32_t>(old & kCountMask) - shard_.run_taken;
  shard_.run_taken = 0;
  shard_.slice = slice;
  shard_.tag.store(tag.bits(), std::memory_order_release);
  return untold;
}

}  // namespace fusebox
