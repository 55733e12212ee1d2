// SPDX-License-Identifier: Apache-2.0
//
// Fault injection in a process that forks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/fork.h"
#include "interceptors/fault_injection_rules.h"
#include "interceptors/fault_injection_timer.h"
#include "tests/support/in_child.h"

namespace fusebox_testing {
namespace {

using testing::Each;
using testing::SizeIs;

// The next 64 lots.
uint64_t Lots(fusebox::internal::FaultRule& rule) {
  uint64_t lots = 0;
  for (int i = 0; i < 64; ++i) lots = lots << 1 | (rule.Draw() ? 1 : 0);
  return lots;
}

std::vector<uint64_t> LotsOfChildren(std::optional<uint64_t> seed) {
  fusebox::Fault fault;
  fault.fraction = 0.5;
  fusebox::internal::FaultRule rule(fault, seed, "shop.Inventory");
  std::vector<uint64_t> lots;
  for (int i = 0; i < 3; ++i) lots.push_back(InChild<uint64_t>([&] { return Lots(rule); }));
  lots.push_back(Lots(rule));
  return lots;
}

TEST(FaultInjectionFork, EachProcessDrawsItsOwnLots) {
  const std::vector<uint64_t> lots = LotsOfChildren(std::nullopt);
  EXPECT_THAT(std::set<uint64_t>(lots.begin(), lots.end()), SizeIs(4));
}

TEST(FaultInjectionFork, ButThoseOfAGivenSeed) {
  const std::vector<uint64_t> lots = LotsOfChildren(7);
  EXPECT_THAT(lots, Each(lots.front()));
}

std::ptrdiff_t Threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

// One that has ended may be there for a moment yet.
void WaitForThreads(std::ptrdiff_t count) {
  while (Threads() != count) std::this_thread::yield();
}

class Sleep final : public fusebox::internal::Sleeper {
 public:
  void Wake() override { woken_.set_value(); }
  void WaitUntilWoken() { woken_.get_future().wait(); }

 private:
  std::promise<void> woken_;
};

TEST(FaultInjectionFork, TheTimersThreadIsStoppedAndStartedAgain) {
  // A sanitizer's own thread comes with the first that a process starts, and stays.
  std::thread([] {}).join();
  fusebox::internal::WakeupTimer timer;
  const auto parents = std::make_shared<Sleep>();
  const fusebox::SteadyTime due = fusebox::Clock::Real().Now() + absl::Hours(1);
  const std::ptrdiff_t others = Threads();
  timer.Schedule(due, parents);
  WaitForThreads(others + 1);
  fusebox::PrepareFork();
  WaitForThreads(others);
  const uint64_t child = InChild<uint64_t>([&] {
    fusebox::ResumeAfterFork();
    const bool forgotten = parents.use_count() == 1;
    const auto childs = std::make_shared<Sleep>();
    timer.Schedule(fusebox::Clock::Real().Now(), childs);
    childs->WaitUntilWoken();
    return forgotten ? 1 : 0;
  });
  EXPECT_EQ(child, 1U);
  // What comes in between is woken after.
  const auto late = std::make_shared<Sleep>();
  timer.Schedule(due, late);
  WaitForThreads(others);
  fusebox::ResumeAfterFork();
  WaitForThreads(others + 1);
  timer.Hasten(due, *parents);
  timer.Hasten(due, *late);
  parents->WaitUntilWoken();
  late->WaitUntilWoken();
}

}  // namespace
}  // namespace fusebox_testing
