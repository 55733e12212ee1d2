// SPDX-License-Identifier: Apache-2.0
//
// Processes that fork and go on in the child.
#include "fusebox/fork.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/support/in_child.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<int64_t> InChildren(int count, const std::function<int64_t()>& run) {
  std::vector<int64_t> results;
  for (int i = 0; i < count; ++i) results.push_back(fusebox_testing::InChild<int64_t>(run));
  return results;
}

Policy JitterPolicy() {
  Policy policy = SmallPolicy();
  policy.jitter = 0.5;
  return policy;
}

// How long the circuit's next opening lasts.
int64_t Opening(CircuitBreaker& breaker) {
  for (int i = 0; i < 3; ++i) breaker.TryAcquire().permit().RecordFailure();
  return absl::ToInt64Nanoseconds(breaker.TryAcquire().retry_after());
}

std::unique_ptr<CircuitRegistry> Registry(const Clock& clock, std::optional<uint64_t> seed) {
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.seed = seed;
  return std::make_unique<CircuitRegistry>(std::move(options));
}

// The child has no thread that looks for ends, and none to wait for.
TEST(Fork, P6_ARegistryWithAnOrderThatEndsGoesOnInAChildThatNobodyPrepared) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer ends a child that starts threads when its parent had some";
#endif
  FakeClock clock;
  auto registry = Registry(clock, std::nullopt);
  const auto circuit = registry->GetOrCreate("a", SmallPolicy()).value();
  StandingOrder order;
  order.pattern = "a";
  order.action = OrderAction::kDisable;
  order.ttl = absl::Minutes(1);
  ASSERT_TRUE(registry->GiveOrder(order).ok());
  const auto left = fusebox_testing::InChild<int64_t>([&]() -> int64_t {
    clock.Advance(absl::Minutes(1));
    int64_t wrong = registry->Orders().empty() ? 0 : 1;
    if (circuit->Snapshot().mode != Mode::kAutomatic) wrong += 2;
    if (!registry->GiveOrder(order).ok()) wrong += 4;
    registry = nullptr;
    return wrong;
  });
  EXPECT_EQ(left, 0);
}

TEST(Fork, R4_TheOpeningsOfForkedProcessesDiffer) {
  FakeClock clock;
  const auto registry = Registry(clock, std::nullopt);
  const auto circuit = registry->GetOrCreate("a", JitterPolicy()).value();
  const auto lone = [&] {
    CircuitBreaker::Options options;
    options.clock = &clock;
    return CircuitBreaker::Create("a", JitterPolicy(), options).value();
  }();
  for (CircuitBreaker* const breaker : {circuit.get(), lone.get()}) {
    std::vector<int64_t> openings = InChildren(4, [&] { return Opening(*breaker); });
    openings.push_back(Opening(*breaker));
    EXPECT_THAT(std::set<int64_t>(openings.begin(), openings.end()), SizeIs(5));
  }
}

TEST(Fork, R4_SoDoThoseOfRegistriesThatForkedProcessesMake) {
  FakeClock clock;
  const auto open_in_new_registry = [&] {
    const auto registry = Registry(clock, std::nullopt);
    return Opening(*registry->GetOrCreate("a", JitterPolicy()).value());
  };
  std::vector<int64_t> openings = {open_in_new_registry()};
  for (const int64_t opening : InChildren(4, open_in_new_registry)) openings.push_back(opening);
  EXPECT_THAT(std::set<int64_t>(openings.begin(), openings.end()), SizeIs(5));
}

TEST(Fork, R4_ASeedThatIsGivenIsTheChildrensToo) {
  FakeClock clock;
  const auto registry = Registry(clock, 7);
  const auto circuit = registry->GetOrCreate("a", JitterPolicy()).value();
  const std::vector<int64_t> openings = InChildren(3, [&] { return Opening(*circuit); });
  EXPECT_THAT(openings, Each(Opening(*circuit)));
}

// Something with a thread.
class Spinner {
 public:
  Spinner()
      : hooks_(
            [this] {
              stopped_ = true;
              return std::exchange(thread_, {});
            },
            [this](bool in_child) {
              started_in_child_ = in_child;
              Start();
            }) {
    Start();
  }
  ~Spinner() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

  bool spins() const { return spins_; }
  const std::optional<bool>& started_in_child() const { return started_in_child_; }

 private:
  void Start() {
    stopped_ = false;
    spins_ = true;
    thread_ = std::thread([this] {
      while (!stopped_) std::this_thread::yield();
      spins_ = false;
    });
  }

  std::atomic<bool> stopped_{false};
  std::atomic<bool> spins_{false};
  std::optional<bool> started_in_child_;
  std::thread thread_;
  const ForkHooks hooks_;
};

TEST(Fork, ThreadsAreStoppedBeforeAndStartedAfterInBothProcesses) {
  Spinner spinner;
  PrepareFork();
  EXPECT_FALSE(spinner.spins());
  const int64_t child = fusebox_testing::InChild<int64_t>([&] {
    ResumeAfterFork();
    return spinner.spins() && spinner.started_in_child() == true ? 1 : 0;
  });
  EXPECT_EQ(child, 1);
  EXPECT_FALSE(spinner.spins());
  ResumeAfterFork();
  EXPECT_TRUE(spinner.spins());
  EXPECT_EQ(spinner.started_in_child(), false);
}

TEST(Fork, WhatGoesInBetweenIsNotStartedAgain) {
  auto spinner = std::make_unique<Spinner>();
  Spinner other;
  PrepareFork();
  spinner.reset();
  const Spinner late;
  ResumeAfterFork();
  EXPECT_TRUE(other.spins());
  EXPECT_TRUE(late.spins());
  EXPECT_FALSE(late.started_in_child().has_value());  // it has run all the time
}

TEST(Fork, WithoutThreadsThereIsNothingToDo) {
  PrepareFork();
  ResumeAfterFork();
  ResumeAfterFork();
}

}  // namespace
}  // namespace fusebox
