// SPDX-License-Identifier: Apache-2.0
//
// The baselines of the benchmarks do what they say.
#include "benchmarks/baselines.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace fusebox_benchmarks {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A clock that the tests move.
struct TestClock {
  // As the standard library asks for them.
  using duration = std::chrono::nanoseconds;              // NOLINT(readability-identifier-naming)
  using time_point = std::chrono::time_point<TestClock>;  // NOLINT(readability-identifier-naming)

  static time_point now() { return time_point(since_start); }

  static duration since_start;
};
TestClock::duration TestClock::since_start = seconds(1'000);

using RingBreaker = BasicMutexBreaker<ResultRing, TestClock>;
using TimeBreaker = BasicMutexBreaker<SecondsRing<TestClock>, TestClock>;

template <typename Breaker>
bool Call(Breaker& breaker, bool fails) {
  const std::optional<typename Breaker::Epoch> epoch = breaker.TryAcquire();
  if (!epoch) return false;
  breaker.Record(*epoch, fails);
  return true;
}

template <typename Breaker>
void CallTimes(Breaker& breaker, int times, bool fails) {
  for (int i = 0; i < times; ++i) ASSERT_TRUE(Call(breaker, fails)) << i;
}

MutexBreakerOptions OneProbe() {
  MutexBreakerOptions options;
  options.probes = 1;
  return options;
}

TEST(MutexBreakerTest, OpensAtTheRateOnceThereAreEnoughCalls) {
  RingBreaker breaker;
  CallTimes(breaker, 10, false);
  CallTimes(breaker, 9, true);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kClosed);
  CallTimes(breaker, 1, true);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kOpen);
  EXPECT_FALSE(Call(breaker, false));
}

TEST(MutexBreakerTest, TheRingForgetsAllButTheLastHundred) {
  RingBreaker breaker;
  CallTimes(breaker, 11, false);
  CallTimes(breaker, 10, true);   // 10 of 21
  CallTimes(breaker, 90, false);  // 10 of the last 100, before which there is a success
  CallTimes(breaker, 10, false);  // none
  CallTimes(breaker, 49, true);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kClosed);
  CallTimes(breaker, 1, true);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kOpen);
}

TEST(MutexBreakerTest, TheTimeWindowKeepsTenSeconds) {
  TimeBreaker breaker;
  CallTimes(breaker, 30, false);
  TestClock::since_start += seconds(9);
  CallTimes(breaker, 29, true);
  EXPECT_EQ(breaker.state(), TimeBreaker::State::kClosed);  // 29 of 59
  TestClock::since_start += seconds(10);
  CallTimes(breaker, 10, false);
  CallTimes(breaker, 9, true);
  EXPECT_EQ(breaker.state(), TimeBreaker::State::kClosed);
  CallTimes(breaker, 1, true);
  EXPECT_EQ(breaker.state(), TimeBreaker::State::kOpen);
}

TEST(MutexBreakerTest, IsOpenForItsTimeAndThenLetsAProbeThrough) {
  RingBreaker breaker(OneProbe());
  CallTimes(breaker, 20, true);
  TestClock::since_start += seconds(30) - milliseconds(1);
  EXPECT_FALSE(breaker.TryAcquire());
  TestClock::since_start += milliseconds(1);
  const auto probe = breaker.TryAcquire();
  ASSERT_TRUE(probe);
  EXPECT_FALSE(breaker.TryAcquire());
  breaker.Record(*probe, false);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kClosed);
  CallTimes(breaker, 19, true);
}

TEST(MutexBreakerTest, AProbeThatFailsOpensItAgain) {
  RingBreaker breaker;
  CallTimes(breaker, 20, true);
  TestClock::since_start += seconds(30);
  CallTimes(breaker, 2, false);
  CallTimes(breaker, 1, true);
  EXPECT_FALSE(breaker.TryAcquire());
  TestClock::since_start += seconds(30);
  CallTimes(breaker, 3, false);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kClosed);
}

TEST(MutexBreakerTest, ALateResultCountsForNothing) {
  RingBreaker breaker(OneProbe());
  const auto late = breaker.TryAcquire();
  ASSERT_TRUE(late);
  CallTimes(breaker, 20, true);
  TestClock::since_start += seconds(30);
  const auto probe = breaker.TryAcquire();
  ASSERT_TRUE(probe);
  breaker.Record(*late, true);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kHalfOpen);
  breaker.Record(*probe, false);
  EXPECT_EQ(breaker.state(), RingBreaker::State::kClosed);
}

TEST(MutexBreakerTest, HoldsTheLimitOfCallsInFlight) {
  MutexBreakerOptions options;
  options.max_in_flight = 2;
  RingBreaker breaker(options);
  const auto first = breaker.TryAcquire();
  const auto second = breaker.TryAcquire();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(breaker.TryAcquire());
  breaker.Record(*first, true);
  EXPECT_TRUE(breaker.TryAcquire());
}

TEST(RecorderTest, CountsWhatAllThreadsRecord) {
  Recorder recorder;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) recorder.Record(i % 10 == 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(recorder.successes(), 7'200);
  EXPECT_EQ(recorder.failures(), 800);
}

TEST(MutexBreakerTest, TheTimeWindowForgetsTheOldestAlone) {
  TimeBreaker breaker;
  CallTimes(breaker, 30, false);
  TestClock::since_start += seconds(9);
  CallTimes(breaker, 29, true);
  TestClock::since_start += seconds(1);
  CallTimes(breaker, 1, false);  // 29 of 30
  EXPECT_EQ(breaker.state(), TimeBreaker::State::kOpen);
}

// None stays in flight.
TEST(MutexBreakerTest, LosesNoCallOfManyThreads) {
  MutexBreakerOptions options;
  options.failure_rate = 1;
  options.max_in_flight = 2;
  RingBreaker breaker(options);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(Call(breaker, i % 2 == 0));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto first = breaker.TryAcquire();
  const auto second = breaker.TryAcquire();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(breaker.TryAcquire());
}

}  // namespace
}  // namespace fusebox_benchmarks
