// SPDX-License-Identifier: Apache-2.0
#include "interceptors/circuit_table.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/status/statusor.h"

namespace fusebox {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::size_t HashOf(absl::string_view key) { return absl::Hash<absl::string_view>()(key); }

}  // namespace

CircuitTable::CircuitTable(std::shared_ptr<CircuitRegistry> registry, std::string target)
    : registry_(std::move(registry)), target_(std::move(target)) {
  all_slots_.push_back(std::make_unique<Slots>(kFirstSlots));
  slots_.store(all_slots_.back().get(), std::memory_order_release);
}

CircuitTable::~CircuitTable() = default;

CircuitTable::Entry* CircuitTable::Find(absl::string_view key) const {
  return FindIn(*slots_.load(std::memory_order_acquire), key, HashOf(key));
}

CircuitTable::Entry* CircuitTable::Add(absl::string_view key, std::string circuit,
                                       const MethodSettings& settings) {
  const std::size_t hash = HashOf(key);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (Entry* const found = FindIn(*all_slots_.back(), key, hash)) return found;
  if (entries_.size() == kMaxEntries) return nullptr;
  entries_.push_back(std::make_unique<Entry>(key, hash, std::move(circuit), settings));
  Entry* const entry = entries_.back().get();
  if (entries_.size() * 2 <= all_slots_.back()->size()) {
    PutInto(*all_slots_.back(), entry);
    return entry;
  }
  // Readers may go on with the smaller one: it stays, and what it lacks they ask `Add` for.
  all_slots_.push_back(std::make_unique<Slots>(all_slots_.back()->size() * 2));
  for (const auto& each : entries_) PutInto(*all_slots_.back(), each.get());
  slots_.store(all_slots_.back().get(), std::memory_order_release);
  return entry;
}

FoundCircuit CircuitTable::CircuitOf(Entry& entry) {
  CircuitBreaker* const breaker = entry.breaker_.load(std::memory_order_acquire);
  if (breaker != nullptr && !breaker->removed()) return {breaker, nullptr};
  return Renew(entry);
}

FoundCircuit CircuitTable::CircuitNamed(absl::string_view name, const Policy& policy) {
  auto circuit = registry_->GetOrCreate(name, policy, target_);
  if (!circuit.ok()) return {};
  CircuitBreaker* const breaker = circuit->get();
  return {breaker, *std::move(circuit)};
}

FoundCircuit CircuitTable::Renew(Entry& entry) {
  FoundCircuit found = CircuitNamed(entry.circuit_, *entry.settings_.policy);
  if (found.breaker == nullptr) return found;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (entry.breaker_.load(std::memory_order_relaxed) == found.breaker) {
    return {found.breaker, nullptr};
  }
  if (entry.held_.size() == kMaxCircuitsPerEntry) return found;
  entry.held_.push_back(std::move(found.owner));
  entry.breaker_.store(found.breaker, std::memory_order_release);
  return {found.breaker, nullptr};
}

CircuitTable::Entry* CircuitTable::FindIn(const Slots& slots, absl::string_view key,
                                          std::size_t hash) {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    Entry* const entry = slots[i].load(std::memory_order_acquire);
    if (entry == nullptr || (entry->hash_ == hash && entry->key_ == key)) return entry;
  }
}

void CircuitTable::PutInto(Slots& slots, Entry* entry) {
  const std::size_t mask = slots.size() - 1;
  std::size_t i = entry->hash_ & mask;
  while (slots[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & mask;
  slots[i].store(entry, std::memory_order_release);
}

}  // namespace fusebox
