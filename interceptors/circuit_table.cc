// SPDX-License-Identifier: Apache-2.0
#include "interceptors/circuit_table.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/status/statusor.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kFirstBuckets = 8;

// How many entries are looked at for each that is added: those that have become useless are found
// before there are many.
constexpr int kCleanLooks = 2;

// Entries without a circuit, as of methods that are unprotected or have keys, only go from a larger
// table: where there are few methods, they stay.
constexpr std::size_t kFewEntries = 1'024;

std::size_t HashOf(absl::string_view key) { return absl::Hash<absl::string_view>()(key); }

}  // namespace

CircuitTable::CircuitTable(std::shared_ptr<CircuitRegistry> registry, std::string target,
                           uint32_t max_pinned)
    : registry_(std::move(registry)), target_(std::move(target)), entries_(max_pinned) {
  all_buckets_.push_back(std::make_unique<Buckets>(kFirstBuckets));
  buckets_.store(all_buckets_.back().get(), std::memory_order_release);
}

CircuitTable::~CircuitTable() = default;

EntryRef CircuitTable::Find(absl::string_view key) const {
  return FindIn(*buckets_.load(std::memory_order_acquire), key, HashOf(key));
}

EntryRef CircuitTable::Add(absl::string_view key, const MethodSettings& settings) {
  const std::size_t hash = HashOf(key);
  Dropped dropped;  // let go of after the lock
  MutexLock lock(mutex_);
  if (EntryRef found = FindIn(*all_buckets_.back(), key, hash)) return found;
  return Insert(key, hash, settings, nullptr, dropped);
}

std::size_t CircuitTable::size() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

std::shared_ptr<CircuitBreaker> CircuitTable::AskRegistry(const NewCircuit& circuit,
                                                          const Policy& policy) const {
  auto made = registry_->GetOrCreate(circuit.name, policy, target_, circuit.method);
  return made.ok() ? *std::move(made) : nullptr;
}

FoundCircuit CircuitTable::Make(absl::string_view key, const MethodSettings& settings,
                                const NewCircuit& wanted) {
  std::shared_ptr<CircuitBreaker> circuit = AskRegistry(wanted, *settings.policy);
  if (circuit == nullptr) return {};
  CircuitBreaker* const breaker = circuit.get();
  const std::size_t hash = HashOf(key);
  Dropped dropped;
  MutexLock lock(mutex_);
  if (EntryRef found = FindIn(*all_buckets_.back(), key, hash)) {
    if (found->breaker() == breaker) return {breaker, std::move(found)};
    Remove(*found);
  }
  return {breaker, Insert(key, hash, settings, std::move(circuit), dropped)};
}

FoundCircuit CircuitTable::Renew(CircuitEntry& entry, const NewCircuit& wanted) {
  std::shared_ptr<CircuitBreaker> circuit = AskRegistry(wanted, *entry.settings().policy);
  if (circuit == nullptr) return {};
  CircuitBreaker* const breaker = circuit.get();
  Dropped dropped;
  MutexLock lock(mutex_);
  if (entry.breaker() == nullptr) {
    EntryPool::SetCircuit(entry, std::move(circuit));
    return {breaker, {}};
  }
  if (entry.breaker() == breaker) return {breaker, {}};
  // A circuit is an entry's for good: calls may be using it. Another one takes its place.
  const std::size_t hash = EntryPool::HashOf(entry);
  if (EntryRef found = FindIn(*all_buckets_.back(), entry.key(), hash)) {
    if (found->breaker() == breaker) return {breaker, std::move(found)};
    Remove(*found);
  }
  return {breaker, Insert(entry.key(), hash, entry.settings(), std::move(circuit), dropped)};
}

CircuitTable::Bucket& CircuitTable::BucketOf(Buckets& buckets, std::size_t hash) {
  return buckets[hash & (buckets.size() - 1)];
}

EntryRef CircuitTable::FindIn(Buckets& buckets, absl::string_view key, std::size_t hash) {
  Bucket& bucket = BucketOf(buckets, hash);
  for (std::size_t i = 0; i < Bucket::kPlaces; ++i) {
    // Acquire: with it comes what is constant of the entry.
    CircuitEntry* const found = bucket.Place(hash, i).load(std::memory_order_acquire);
    if (found == nullptr || !found->MayBe(hash)) continue;
    EntryRef entry = EntryRef::To(*found);
    if (entry && entry->key() == key) return entry;
  }
  return {};
}

EntryRef CircuitTable::Insert(absl::string_view key, std::size_t hash,
                              const MethodSettings& settings,
                              std::shared_ptr<CircuitBreaker> circuit, Dropped& dropped) {
  Clean(dropped);
  if (in_table_ == all_buckets_.back()->size()) Grow();
  CircuitEntry& entry = entries_.Take(key, hash, settings, std::move(circuit));
  EntryRef ref = EntryRef::To(entry);
  ++in_table_;
  Put(entry);
  return ref;
}

// In a bucket that is full, which is rare, another entry has to go: it is made again when it's
// asked for.
void CircuitTable::Put(CircuitEntry& entry) {
  const std::size_t hash = EntryPool::HashOf(entry);
  Bucket& bucket = BucketOf(*all_buckets_.back(), hash);
  for (std::size_t i = 0; i < Bucket::kPlaces; ++i) {
    std::atomic<CircuitEntry*>& place = bucket.Place(hash, i);
    if (place.load(std::memory_order_relaxed) != nullptr) continue;
    place.store(&entry, std::memory_order_release);
    return;
  }
  std::atomic<CircuitEntry*>& place = bucket.Place(hash, 0);
  Remove(*place.load(std::memory_order_relaxed));
  place.store(&entry, std::memory_order_release);
}

void CircuitTable::Remove(CircuitEntry& entry) {
  for (std::atomic<CircuitEntry*>& place :
       BucketOf(*all_buckets_.back(), EntryPool::HashOf(entry)).places) {
    if (place.load(std::memory_order_relaxed) != &entry) continue;
    place.store(nullptr, std::memory_order_release);
  }
  entries_.Leave(entry);
  --in_table_;
}

void CircuitTable::Clean(Dropped& dropped) {
  for (int i = 0; i < kCleanLooks && entries_.size() > 0; ++i) {
    clean_from_ = clean_from_ + 1 < entries_.size() ? clean_from_ + 1 : 0;
    CircuitEntry& entry = entries_.At(clean_from_);
    if (!EntryPool::InTable(entry)) continue;
    if (entry.breaker() == nullptr && in_table_ <= kFewEntries) continue;
    if (EntryPool::IsStale(entry)) Remove(entry);
  }
  entries_.Collect(dropped);
}

void CircuitTable::Grow() {
  all_buckets_.push_back(std::make_unique<Buckets>(all_buckets_.back()->size() * 2));
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    if (EntryPool::InTable(entries_.At(i))) Put(entries_.At(i));
  }
  buckets_.store(all_buckets_.back().get(), std::memory_order_release);
}

}  // namespace fusebox::internal
