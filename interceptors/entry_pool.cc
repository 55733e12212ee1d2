// SPDX-License-Identifier: Apache-2.0
#include "interceptors/entry_pool.h"

#include "absl/numeric/bits.h"
#include "src/base/dcheck.h"
#include "src/base/thread_index.h"

namespace fusebox::internal {
namespace {

// How many of those that have left are looked at, each time.
constexpr int kCollectLooks = 4;

// Threads share counters beyond this many, and while they end.
constexpr std::size_t kThreadStripes = 16;

std::size_t ThreadStripe() { return static_cast<std::size_t>(ThreadIndex()) % kThreadStripes; }

struct ChunkPlace {
  std::size_t chunk;
  uint32_t place;
};

// Of chunks with 64, 128, 256, ... entries.
ChunkPlace PlaceOf(uint32_t index, uint32_t first_chunk) {
  const uint32_t chunks = absl::bit_floor(index / first_chunk + 1);
  return {static_cast<std::size_t>(absl::bit_width(chunks) - 1),
          index - first_chunk * (chunks - 1)};
}

}  // namespace

struct CircuitEntry::Chunk {
  explicit Chunk(uint32_t chunk_size) : size(chunk_size), entries(new CircuitEntry[chunk_size]) {}
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk() {
    // Nobody is there any more: no order is needed.
    for (auto& stripe : users) delete[] stripe.load(std::memory_order_relaxed);
  }

  const uint32_t size;
  const std::unique_ptr<CircuitEntry[]> entries;

  // By thread's stripe, and in it by entry; made when a thread first comes by. Null: all zero.
  std::array<std::atomic<std::atomic<uint32_t>*>, kThreadStripes> users{};
};

// What the calling thread counts itself by.
std::atomic<uint32_t>& CircuitEntry::Users() const {
  std::atomic<std::atomic<uint32_t>*>& stripe = chunk_->users[ThreadStripe()];
  std::atomic<uint32_t>* counts = stripe.load(std::memory_order_acquire);
  if (counts == nullptr) {
    auto made = std::make_unique<std::atomic<uint32_t>[]>(chunk_->size);
    // Sequentially consistent, so that who reads null here comes before the first count.
    if (stripe.compare_exchange_strong(counts, made.get(), std::memory_order_seq_cst)) {
      counts = made.release();
    }
  }
  return counts[place_];
}

bool CircuitEntry::TryUse() {
  Users().fetch_add(1, std::memory_order_seq_cst);
  if (!gone_.load(std::memory_order_seq_cst)) return true;
  Release();
  return false;
}

// Of one that is gone.
bool CircuitEntry::InUse() const {
  uint32_t sum = 0;  // of counts that may each have wrapped around
  for (const auto& stripe : chunk_->users) {
    const std::atomic<uint32_t>* const counts = stripe.load(std::memory_order_seq_cst);
    if (counts != nullptr) sum += counts[place_].load(std::memory_order_seq_cst);
  }
  return sum != 0;
}

EntryPool::EntryPool(uint32_t max_pinned) : max_pinned_(max_pinned) {}

EntryPool::~EntryPool() = default;

CircuitEntry& EntryPool::At(uint32_t index) const {
  const ChunkPlace at = PlaceOf(index, kFirstChunk);
  return chunks_[at.chunk]->entries[at.place];
}

CircuitEntry& EntryPool::Make() {
  const uint32_t index = size_++;
  const ChunkPlace at = PlaceOf(index, kFirstChunk);
  std::unique_ptr<CircuitEntry::Chunk>& chunk = chunks_[at.chunk];
  if (chunk == nullptr) chunk = std::make_unique<CircuitEntry::Chunk>(kFirstChunk << at.chunk);
  CircuitEntry& entry = chunk->entries[at.place];
  entry.chunk_ = chunk.get();
  entry.place_ = at.place;
  return entry;
}

CircuitEntry& EntryPool::Take(absl::string_view key, std::size_t hash,
                              const MethodSettings& settings,
                              std::shared_ptr<CircuitBreaker> circuit) {
  CircuitEntry* entry = nullptr;
  if (pinned_ < max_pinned_) {
    entry = &Make();
    entry->pinned_ = true;
    ++pinned_;
  } else if (free_.empty()) {
    entry = &Make();
  } else {
    entry = free_.back();
    free_.pop_back();
    FUSEBOX_DCHECK(!entry->InUse());
  }
  FUSEBOX_DCHECK(entry->gone_.load(std::memory_order_relaxed));
  entry->hash_.store(hash, std::memory_order_relaxed);
  entry->key_.assign(key.data(), key.size());
  entry->settings_ = settings;
  entry->touched_.store(true, std::memory_order_relaxed);
  entry->held_ = std::move(circuit);
  entry->breaker_.store(entry->held_.get(), std::memory_order_release);
  entry->gone_.store(false, std::memory_order_seq_cst);
  return *entry;
}

void EntryPool::SetCircuit(CircuitEntry& entry, std::shared_ptr<CircuitBreaker> circuit) {
  entry.held_ = std::move(circuit);
  entry.breaker_.store(entry.held_.get(), std::memory_order_release);
}

void EntryPool::Leave(CircuitEntry& entry) {
  entry.gone_.store(true, std::memory_order_seq_cst);
  if (!entry.pinned_) leaving_.push_back(&entry);
}

bool EntryPool::IsStale(CircuitEntry& entry) {
  if (entry.pinned_) return false;
  if (entry.held_ != nullptr) return entry.held_->removed();
  return !entry.touched_.exchange(false, std::memory_order_relaxed);
}

void EntryPool::Collect(std::vector<std::shared_ptr<CircuitBreaker>>& circuits) {
  for (int i = 0; i < kCollectLooks && !leaving_.empty(); ++i) {
    CircuitEntry* const entry = leaving_.front();
    leaving_.pop_front();
    if (entry->InUse()) {
      leaving_.push_back(entry);
      continue;
    }
    if (entry->held_ != nullptr) circuits.push_back(std::move(entry->held_));
    free_.push_back(entry);
  }
}

}  // namespace fusebox::internal
