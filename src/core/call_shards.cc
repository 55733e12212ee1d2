// SPDX-License-Identifier: Apache-2.0
#include "src/core/call_shards.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace fusebox::internal {

CallShards::~CallShards() {
  const std::unique_ptr<Block> block(block_.load(std::memory_order_acquire));
  if (block == nullptr) return;
  for (const std::atomic<CallShard*>& place : block->places) {
    CallShard* const shard = place.load(std::memory_order_acquire);
    if (shard != block->Room()) delete shard;  // made by Make
  }
}

CallShards::Handle CallShards::FindOrMake() {
  const int number = ThreadIndex();
  if (number != kEndingThreadIndex) {  // many may be that
    // An exchange takes the line from all who read it, even one that fails: only once, then.
    int owner = owner_.load(std::memory_order_acquire);
    if (owner == kNobody &&
        owner_.compare_exchange_strong(owner, number, std::memory_order_acq_rel)) {
      owner = number;
    }
    if (owner == number) return Handle(first_, /*exclusive=*/true);
  }
  const auto index = static_cast<std::size_t>(number);
  const bool exclusive = index < kExclusive;
  const std::size_t place = exclusive ? index : kExclusive + index % kShared;
  Block* const block = block_.load(std::memory_order_acquire);
  CallShard* const shard =
      block == nullptr ? nullptr : block->places[place].load(std::memory_order_acquire);
  return Handle(shard != nullptr ? *shard : Make(place), exclusive);
}

CallShard& CallShards::Make(std::size_t place) {
  Block* block = block_.load(std::memory_order_acquire);
  if (block == nullptr) {
    auto made = std::make_unique<Block>();
    auto* const first = new (made->Room()) CallShard;
    made->places[place].store(first, std::memory_order_relaxed);
    made->taken.store(uint32_t{1} << place, std::memory_order_relaxed);
    if (block_.compare_exchange_strong(block, made.get(), std::memory_order_acq_rel)) {
      static_cast<void>(made.release());
      return *first;
    }
  }
  // Of two threads that share a place, the first one's stays.
  CallShard* shard = block->places[place].load(std::memory_order_acquire);
  if (shard != nullptr) return *shard;
  auto made = std::make_unique<CallShard>();
  block->taken.fetch_or(uint32_t{1} << place, std::memory_order_acq_rel);
  if (block->places[place].compare_exchange_strong(shard, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *shard;
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

}  // namespace fusebox::internal
