// SPDX-License-Identifier: Apache-2.0
#include "src/core/call_shards.h"

#include <algorithm>
#include <limits>
#include <memory>

namespace fusebox {
namespace {

constexpr uint64_t kOneGeneration = uint64_t{1} << CallShards::kRunBits;
constexpr uint64_t kCountMask = kOneGeneration - 1;

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

uint32_t CallShards::Handle::StartRun(RunTag tag) {
  // In this order, see ExtendRun: no tag, then the generation, then the tag.
  shard_.epoch.store(0, std::memory_order_release);
  const uint64_t next = (shard_.run.load(std::memory_order_relaxed) & ~kCountMask) + kOneGeneration;
  const uint64_t old = shard_.run.exchange(next, std::memory_order_acq_rel);
  const uint32_t untold = static_cast<uint32_t>(old & kCountMask) - shard_.run_taken;
  shard_.run_taken = 0;
  shard_.slice.store(tag.slice, std::memory_order_release);
  shard_.epoch.store(tag.epoch, std::memory_order_release);
  return untold;
}

void CallShards::Handle::NoteLatency(absl::Duration latency) {
  constexpr int64_t kWeight = 8;  // of the past
  const int64_t took = std::clamp<int64_t>(absl::ToInt64Microseconds(latency), 1,
                                           std::numeric_limits<uint32_t>::max());
  const int64_t usual = shard_.usual_micros.load(std::memory_order_relaxed);
  const int64_t next = usual == 0 ? took : usual + (took - usual) / kWeight;
  shard_.usual_micros.store(static_cast<uint32_t>(next), std::memory_order_relaxed);
}

absl::Duration CallShards::UsualLatency() {
  int64_t sum = 0;
  int64_t known = 0;
  ForEach([&](const CallShard& shard) {
    const int64_t usual = shard.usual_micros.load(std::memory_order_relaxed);
    sum += usual;
    known += usual == 0 ? 0 : 1;
  });
  return absl::Microseconds(known == 0 ? 0 : sum / known);
}

}  // namespace fusebox
