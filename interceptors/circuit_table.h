// SPDX-License-Identifier: Apache-2.0
//
// The circuits of one channel, by key: what every call looks up, without a lock.
#ifndef FUSEBOX_INTERCEPTORS_CIRCUIT_TABLE_H_
#define FUSEBOX_INTERCEPTORS_CIRCUIT_TABLE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "interceptors/method_settings.h"

namespace fusebox {

// A circuit for one call. `owner` is set, and keeps it alive, only if the table doesn't.
struct FoundCircuit {
  CircuitBreaker* breaker = nullptr;  // null: none can be had, the call goes unprotected
  std::shared_ptr<CircuitBreaker> owner;
};

// Thread-safe. Entries, and the circuits that they have had, live as long as the table: a reader
// needs no lock and no reference count, which threads would contend for. That is why both are
// bounded: beyond `kMaxEntries` keys, and for a key whose circuit has been removed and made anew
// `kMaxCircuitsPerEntry` times, the registry is asked each time.
class CircuitTable {
 public:
  static constexpr std::size_t kMaxEntries = 1 << 12;
  static constexpr std::size_t kMaxCircuitsPerEntry = 4;

  class Entry {
   public:
    Entry(absl::string_view key, std::size_t hash, std::string circuit,
          const MethodSettings& settings)
        : key_(key), hash_(hash), circuit_(std::move(circuit)), settings_(settings) {}

    const std::string& key() const { return key_; }
    const MethodSettings& settings() const { return settings_; }

   private:
    friend class CircuitTable;

    // Constant.
    const std::string key_;
    const std::size_t hash_;
    const std::string circuit_;  // its name
    const MethodSettings settings_;

    // The last of held_. Stored with release, so that who reads it with acquire sees the circuit.
    std::atomic<CircuitBreaker*> breaker_{nullptr};

    // Guarded by the table's mutex.
    std::vector<std::shared_ptr<CircuitBreaker>> held_;
  };

  // `target` is what the circuits' names begin with.
  CircuitTable(std::shared_ptr<CircuitRegistry> registry, std::string target);
  ~CircuitTable();
  CircuitTable(const CircuitTable&) = delete;
  CircuitTable& operator=(const CircuitTable&) = delete;

  // Null if there is none.
  Entry* Find(absl::string_view key) const;

  // The entry of that key, made now if there is none: for the circuit of that name. What the
  // settings refer to outlives the table. Null if the table is full.
  Entry* Add(absl::string_view key, std::string circuit, const MethodSettings& settings);

  // The circuit of an entry that isn't unprotected.
  FoundCircuit CircuitOf(Entry& entry);

  // The same for what the table has no entry for.
  FoundCircuit CircuitNamed(absl::string_view name, const Policy& policy);

 private:
  // Open addressing; a power of two, at most half full. Entries are only ever added, each stored
  // with release once it's made.
  using Slots = std::vector<std::atomic<Entry*>>;

  static Entry* FindIn(const Slots& slots, absl::string_view key, std::size_t hash);
  static void PutInto(Slots& slots, Entry* entry);
  FoundCircuit Renew(Entry& entry);

  const std::shared_ptr<CircuitRegistry> registry_;
  const std::string target_;

  // The last of all_slots_. Stored with release, after it was filled.
  std::atomic<const Slots*> slots_{nullptr};

  // Guards all writing, and what follows.
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slots>> all_slots_;  // each twice the one before
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_CIRCUIT_TABLE_H_
