// SPDX-License-Identifier: Apache-2.0
#include "src/admin/event_pump.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/testing/fake_clock.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitRegistry;
using fusebox::internal::EventPump;

// Remembers how far the pump's runs have seen, and waits for that.
class Seen {
 public:
  explicit Seen(std::shared_ptr<CircuitRegistry> registry) : registry_(std::move(registry)) {}

  void Look() {
    const uint64_t last = registry_->EventsSince(0).last;
    const std::lock_guard<std::mutex> lock(mutex_);
    last_ = last;
    ++looks_;
    condition_.notify_all();
  }
  void WaitForLook() {
    std::unique_lock<std::mutex> lock(mutex_);
    condition_.wait(lock, [&] { return looks_ > 0; });
  }
  void WaitForEvent(uint64_t sequence) {
    std::unique_lock<std::mutex> lock(mutex_);
    condition_.wait(lock, [&] { return last_ >= sequence; });
  }

 private:
  const std::shared_ptr<CircuitRegistry> registry_;
  std::mutex mutex_;
  std::condition_variable condition_;
  uint64_t last_ = 0;
  int looks_ = 0;
};

std::shared_ptr<CircuitRegistry> MakeRegistry(const FakeClock& clock) {
  CircuitRegistry::Options options;
  options.clock = &clock;
  return std::make_shared<CircuitRegistry>(options);
}

TEST(EventPump, RunsToBeginWithAndAfterEvents) {
  FakeClock clock;
  const auto registry = MakeRegistry(clock);
  Seen seen(registry);
  const EventPump pump(registry, [&] { seen.Look(); });
  seen.WaitForLook();
  for (uint64_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(registry->GetOrCreate(std::to_string(i), {}).ok());
    seen.WaitForEvent(i);
  }
}

TEST(EventPump, R1_WhatIsDueByTimeAloneHappens) {
  FakeClock clock;
  const auto registry = MakeRegistry(clock);
  const auto circuit = registry->GetOrCreate("a", {}).value();
  ASSERT_TRUE(
      circuit->ForceOpen(fusebox::Operator("deploy").Because("for a while"), absl::Seconds(5))
          .ok());
  const uint64_t last = registry->EventsSince(0).last;
  Seen seen(registry);
  const EventPump pump(registry, [&] { seen.Look(); });
  clock.Advance(absl::Seconds(6));  // a tenth late at most
  seen.WaitForEvent(last + 1);
}

TEST(EventPump, MayEndWhileOthersCauseEvents) {
  FakeClock clock;
  const auto registry = MakeRegistry(clock);
  const auto circuit = registry->GetOrCreate("a", {}).value();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) circuit->Reset(fusebox::Operator("oncall").Because("again"));
    });
  }
  for (int i = 0; i < 50; ++i) {
    Seen seen(registry);
    const EventPump pump(registry, [&] { seen.Look(); });
    seen.WaitForLook();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace fusebox_testing
