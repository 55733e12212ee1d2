// SPDX-License-Identifier: Apache-2.0
//
// The circuits of one channel, by key: what every call looks up, without a lock.
#ifndef FUSEBOX_INTERCEPTORS_CIRCUIT_TABLE_H_
#define FUSEBOX_INTERCEPTORS_CIRCUIT_TABLE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "interceptors/entry_pool.h"
#include "interceptors/method_settings.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// A circuit for one call, for as long as this is held.
struct FoundCircuit {
  CircuitBreaker* breaker = nullptr;  // null: there can be none, the call goes unprotected
  EntryRef holder;                    // empty if the circuit is that of the entry it was asked of
};

// A circuit that is to be made.
struct NewCircuit {
  std::string name;
  absl::string_view method;  // "package.Service/Method", if the name doesn't say so
};

// A cache of what the registry and the channel's options say: for any number of keys, and cleaned
// of those whose circuits are gone and of those that nobody asks for. A reader takes no lock; at an
// entry that isn't pinned it counts itself, where few other threads do.
//
// Thread-safety: every method on any thread. It must outlive what it finds.
class CircuitTable {
 public:
  // `target` is what the circuits' names begin with. The first `max_pinned` entries stay, with
  // their circuits, as long as the table, and are found without counting: for keys of which there
  // are few, as methods. A circuit that takes the place of another one needs an entry more.
  CircuitTable(std::shared_ptr<CircuitRegistry> registry, std::string target,
               uint32_t max_pinned = 0);
  CircuitTable(const CircuitTable&) = delete;
  CircuitTable& operator=(const CircuitTable&) = delete;
  ~CircuitTable();

  // Empty if there is none.
  EntryRef Find(absl::string_view key) const;

  // The entry of that key, made now if there is none. What the settings refer to outlives the
  // table.
  EntryRef Add(absl::string_view key, const MethodSettings& settings);

  // The circuit of an entry that isn't unprotected. `name` gives a NewCircuit, if it has to be
  // made.
  template <typename MakeName>
  FoundCircuit CircuitOf(CircuitEntry& entry, const MakeName& name) {
    CircuitBreaker* const breaker = entry.breaker();
    if (breaker != nullptr && !breaker->removed()) return {breaker, {}};
    return Renew(entry, name());
  }

  // The circuit of a key, whose entry is made only if there can be a circuit.
  template <typename MakeName>
  FoundCircuit Circuit(absl::string_view key, const MethodSettings& settings,
                       const MakeName& name) {
    if (EntryRef entry = Find(key)) {
      FoundCircuit found = CircuitOf(*entry, name);
      if (!found.holder) found.holder = std::move(entry);
      return found;
    }
    return Make(key, settings, name());
  }

  // How many entries take up memory.
  std::size_t size() const;

 private:
  // A set-associative table: a key's entry is in one of the places of one bucket. Whoever reads or
  // fills one begins at a place that follows from the hash, so that the first place that isn't
  // empty is nearly always the right one.
  struct alignas(64) Bucket {
    static constexpr std::size_t kPlaces = 8;

    // The i-th to look at.
    std::atomic<CircuitEntry*>& Place(std::size_t hash, std::size_t i) {
      constexpr int kShift = std::numeric_limits<std::size_t>::digits - 3;
      static_assert(kPlaces == 1 << 3);
      return places[((hash >> kShift) + i) % kPlaces];
    }

    std::array<std::atomic<CircuitEntry*>, kPlaces> places{};
  };
  using Buckets = std::vector<Bucket>;  // a power of two

  static Bucket& BucketOf(Buckets& buckets, std::size_t hash);
  static EntryRef FindIn(Buckets& buckets, absl::string_view key, std::size_t hash);

  std::shared_ptr<CircuitBreaker> AskRegistry(const NewCircuit& circuit,
                                              const Policy& policy) const;
  FoundCircuit Make(absl::string_view key, const MethodSettings& settings,
                    const NewCircuit& circuit);
  FoundCircuit Renew(CircuitEntry& entry, const NewCircuit& circuit);

  using Dropped = std::vector<std::shared_ptr<CircuitBreaker>>;
  EntryRef Insert(absl::string_view key, std::size_t hash, const MethodSettings& settings,
                  std::shared_ptr<CircuitBreaker> circuit, Dropped& dropped)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Put(CircuitEntry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(CircuitEntry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Clean(Dropped& dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Grow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<CircuitRegistry> registry_;
  const std::string target_;

  // The last of all_buckets_. Stored with release, after it was filled.
  std::atomic<Buckets*> buckets_{nullptr};

  // Guards all writing, and what follows.
  mutable Mutex mutex_;
  // Each larger than the one before. A reader may still be in an older one: it stays, and what the
  // reader misses there it asks for under the lock.
  std::vector<std::unique_ptr<Buckets>> all_buckets_ ABSL_GUARDED_BY(mutex_);
  EntryPool entries_ ABSL_GUARDED_BY(mutex_);
  std::size_t in_table_ ABSL_GUARDED_BY(mutex_) = 0;
  uint32_t clean_from_ ABSL_GUARDED_BY(mutex_) = 0;  // the index of the entry to look at next
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_CIRCUIT_TABLE_H_
