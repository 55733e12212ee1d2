// SPDX-License-Identifier: Apache-2.0
//
// Threads that look up, add, hold and let go of entries while others are cleaned away and used
// anew. For ThreadSanitizer, which sees who reads what was never meant for him.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "gtest/gtest.h"
#include "interceptors/circuit_table.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitRegistry;
using fusebox::internal::CircuitTable;
using fusebox::internal::EntryRef;
using fusebox::internal::FoundCircuit;

constexpr unsigned kKnownKeys = 30;

// How much is done at the same time.
struct Load {
  unsigned workers = 4;
  int steps = 4'000;              // of each
  std::size_t max_circuits = 50;  // more than can be in use
  uint32_t max_pinned = 0;
};

// What is found by one thread, to be let go of by another.
class Exchange {
 public:
  FoundCircuit Swap(std::size_t place, FoundCircuit found) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(places_[place % places_.size()], found);
    return found;
  }

 private:
  std::mutex mutex_;
  std::array<FoundCircuit, 64> places_;
};

class World {
 public:
  explicit World(const Load& load) {
    CircuitRegistry::Options options;
    options.max_circuits = load.max_circuits;
    registry_ = std::make_shared<CircuitRegistry>(std::move(options));
    table_ = std::make_unique<CircuitTable>(registry_, "t", load.max_pinned);
    settings_.policy = &policy_;
  }

  void Work(unsigned seed, int steps) {
    std::minstd_rand random(seed);
    for (int step = 0; step < steps; ++step) {
      const auto known = absl::StrCat("known ", random() % kKnownKeys);
      switch (random() % 8) {
        case 0:
          Call(absl::StrCat("one-off ", seed, " ", step));
          break;
        case 1:
          // Held by whoever comes by later.
          exchange_.Swap(random(), Call(known));
          break;
        case 2:
          registry_->Remove(absl::StrCat("t/", known)).IgnoreError();
          break;
        case 3:
          CallMethod(known);
          break;
        default:
          Call(known);
          break;
      }
    }
  }

  CircuitTable& table() { return *table_; }
  CircuitRegistry& registry() { return *registry_; }

 private:
  FoundCircuit Call(const std::string& key) {
    FoundCircuit found = table_->Circuit(key, settings_, [&key] {
      return fusebox::internal::NewCircuit{absl::StrCat("t/", key), {}};
    });
    EXPECT_NE(found.breaker, nullptr);
    Check(found, absl::StrCat("t/", key));
    return found;
  }
  // As of a channel without keys: first the entry, and at the start of the call its circuit.
  void CallMethod(const std::string& key) {
    EntryRef entry = table_->Find(key);
    if (!entry) entry = table_->Add(key, settings_);
    EXPECT_EQ(entry->key(), key);
    entry->Touch();
    Check(table_->CircuitOf(*entry,
                            [&key] {
                              return fusebox::internal::NewCircuit{absl::StrCat("t/", key), {}};
                            }),
          absl::StrCat("t/", key));
    EXPECT_EQ(entry->key(), key);
  }
  static void Check(const FoundCircuit& found, const std::string& name) {
    if (found.breaker == nullptr) return;
    EXPECT_EQ(found.breaker->name(), name);
    fusebox::Admission admission = found.breaker->TryAcquire();
    if (admission) admission.permit().RecordSuccess();
  }

  const fusebox::Policy policy_;
  fusebox::internal::MethodSettings settings_;
  std::shared_ptr<CircuitRegistry> registry_;
  std::unique_ptr<CircuitTable> table_;
  Exchange exchange_;
};

void WorkAtOnce(const Load& load) {
  World world(load);
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= load.workers; ++seed) {
    threads.emplace_back([&world, seed, &load] { world.Work(seed, load.steps); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(world.registry().size(), load.max_circuits);
  EXPECT_GT(world.registry().evicted(), 0);
  EXPECT_LE(world.table().size(), 10 * load.max_circuits);
}

TEST(CircuitTableConcurrencyTest, EntriesAreUsedAnewWhileThreadsLookUpAndHold) {
  WorkAtOnce(Load());
}

TEST(CircuitTableConcurrencyTest, SomeEntriesArePinned) {
  Load load;
  load.max_pinned = 100;
  WorkAtOnce(load);
}

// More than there are counters for threads: some count by the same ones.
TEST(CircuitTableConcurrencyTest, FortyThreadsShareWhatTheyCountBy) {
  Load load;
  load.workers = 40;
  load.steps = 1'000;
  load.max_circuits = 100;
  WorkAtOnce(load);
}

}  // namespace
}  // namespace fusebox_testing
