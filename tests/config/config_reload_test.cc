// SPDX-License-Identifier: Apache-2.0
//
// Reloads while calls are made: none is refused or lost for them, and none allocates memory, which
// is counted by replacing operator new: so this is a program of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/config/config_watcher.h"
#include "tests/config/written_files.h"
#include "tests/core/threads.h"
#include "tests/support/counted_allocations.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

using fusebox::Admission;
using fusebox::CircuitBreaker;
using fusebox::CircuitRegistry;
using fusebox::CircuitSnapshot;
using fusebox::ConfigWatcher;
using fusebox::ConfigWatcherOptions;
using fusebox::OverridesResult;

// FUSEBOX_RELOADS says otherwise.
int Reloads() {
  const char* const asked = std::getenv("FUSEBOX_RELOADS");
  int reloads = 0;
  return asked != nullptr && absl::SimpleAtoi(asked, &reloads) ? reloads : 100;
}

// That none of these calls opens; each differs from the one before.
std::string Yaml(int i) {
  return absl::StrCat("version: '", i,
                      "'\npresets:\n  all:\n    failure_rate: ", i % 2 == 0 ? "0.9" : "0.95",
                      "\n    minimum_calls: 100\n    ",
                      i % 3 == 0 ? "count_window: {size: 200}" : "time_window: {duration: 10s}",
                      "\n    open_duration: ", 1 + i % 7,
                      "s\ndependencies:\n  payment:\n    default: {preset: all}\n");
}

std::unique_ptr<ConfigWatcher> Follow(const TestFolder& folder,
                                      std::shared_ptr<CircuitRegistry> registry) {
  ConfigWatcherOptions options;
  options.path = (folder / "payments.yaml").string();
  options.registry = std::move(registry);
  options.still_for = absl::Minutes(1);  // only when it is asked to
  options.longest_wait = absl::Minutes(1);
  return ConfigWatcher::Start(std::move(options)).value();
}

// What a thread's calls have come to.
struct Made {
  int64_t calls = 0;
  int64_t failures = 0;
  int64_t refused = 0;
  int64_t allocations = 0;
};

// Calls until it is told to stop, one of which is out while the next one is made.
Made Call(const std::vector<std::shared_ptr<CircuitBreaker>>& circuits,
          const std::atomic<bool>& stop) {
  Made made;
  const auto call = [&](CircuitBreaker& circuit) {
    Admission outer = circuit.TryAcquire();
    Admission inner = circuit.TryAcquire();
    for (Admission* const admission : {&outer, &inner}) {
      ++made.calls;
      if (!*admission) {
        ++made.refused;
      } else if (made.calls % 16 == 0) {
        ++made.failures;
        admission->permit().RecordFailure();
      } else {
        admission->permit().RecordSuccess();
      }
    }
  };
  for (const auto& circuit : circuits) call(*circuit);  // the thread's first calls
  const int64_t before = allocations;
  while (!stop.load(std::memory_order_relaxed)) {
    for (const auto& circuit : circuits) call(*circuit);
  }
  made.allocations = allocations - before;
  return made;
}

TEST(ConfigReload, NoCallIsRefusedOrLostOrAllocatesForIt) {
  const TestFolder folder;
  WriteInPlace(folder / "payments.yaml", Yaml(0));
  const auto registry = std::make_shared<CircuitRegistry>();
  std::vector<std::shared_ptr<CircuitBreaker>> circuits;
  for (int i = 0; i < 4; ++i) {
    circuits.push_back(
        registry->GetOrCreate(absl::StrCat("payment/shop.Payment/Pay", i), {}, "payment").value());
    circuits.back()
        ->TryAcquire()
        .permit()
        .RecordFailure();  // a circuit's first makes room for them
  }
  const std::unique_ptr<ConfigWatcher> watcher = Follow(folder, registry);

  const int reloads = Reloads();
  std::atomic<bool> stop{false};
  std::vector<Made> made(kThreads);
  RunThreads(kThreads + 1, [&](int i) {
    if (i < kThreads) {
      made[static_cast<std::size_t>(i)] = Call(circuits, stop);
      return;
    }
    for (int n = 1; n <= reloads; ++n) {
      WriteAsEditor(folder / "payments.yaml", Yaml(n));
      const absl::StatusOr<OverridesResult> result = watcher->Reload();
      EXPECT_TRUE(result.ok()) << result.status();
      if (!result.ok()) break;
      EXPECT_EQ(result->differences.size(), circuits.size());
    }
    stop = true;
  });

  Made all;
  for (const Made& each : made) {
    all.calls += each.calls;
    all.failures += each.failures;
    all.refused += each.refused;
    all.allocations += each.allocations;
  }
  EXPECT_EQ(all.refused, 0);
  EXPECT_EQ(all.allocations, 0);
  int64_t successes = 0;
  int64_t failures = 0;
  for (const auto& circuit : circuits) {
    const CircuitSnapshot snapshot = circuit->Snapshot();
    successes += snapshot.totals.success;
    failures += snapshot.totals.failure;
    EXPECT_EQ(snapshot.totals.rejected, 0);
    EXPECT_EQ(snapshot.in_flight, 0);
    EXPECT_EQ(snapshot.policy->open_duration, absl::Seconds(1 + reloads % 7));
  }
  EXPECT_EQ(failures, all.failures + static_cast<int64_t>(circuits.size()));
  EXPECT_EQ(successes, all.calls - all.failures);
  EXPECT_EQ(watcher->Status().reloads, reloads + 1);
  EXPECT_EQ(watcher->Status().version, std::to_string(reloads));
  RecordProperty("calls", std::to_string(all.calls));
}

TEST(ConfigReload, OfTenThousandCircuits) {
  constexpr int kCircuits = 10'000;
  const TestFolder folder;
  WriteInPlace(folder / "payments.yaml", Yaml(0));
  const auto registry = std::make_shared<CircuitRegistry>();
  for (int i = 0; i < kCircuits; ++i) {
    ASSERT_TRUE(
        registry->GetOrCreate(absl::StrCat("payment/shop.Payment/Pay", i), {}, "payment").ok());
  }
  const std::unique_ptr<ConfigWatcher> watcher = Follow(folder, registry);
  for (int n = 1; n <= 3; ++n) {
    WriteAsEditor(folder / "payments.yaml", Yaml(n));
    const absl::StatusOr<OverridesResult> result = watcher->Reload();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->circuits, std::size_t{kCircuits});
    EXPECT_EQ(result->differences.size(), std::size_t{kCircuits});
  }
  for (const auto& circuit : registry->Circuits()) {
    ASSERT_EQ(circuit->Snapshot().policy->open_duration, absl::Seconds(4));
  }
  // What a file leaves alone isn't touched.
  WriteAsEditor(folder / "payments.yaml", absl::StrCat(Yaml(3), "# the same\n"));
  const absl::StatusOr<OverridesResult> same = watcher->Reload();
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_TRUE(same->differences.empty());
}

}  // namespace
}  // namespace fusebox_testing
