// SPDX-License-Identifier: Apache-2.0
//
// Calls of many threads, one at a time and so in an order that is known: the circuit decides as one
// whose calls are all made by a single thread. What threads count by themselves, and tell later,
// must not show.
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/core/threads.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::RunThreads;

// Hands the turn from thread to thread.
class Turns {
 public:
  explicit Turns(int threads) : mine_(static_cast<std::size_t>(threads)) {}

  // False: there are no more.
  bool Await(int thread) {
    std::unique_lock<std::mutex> lock(mutex_);
    mine_[static_cast<std::size_t>(thread)].wait(lock, [&] { return next_ == thread || over_; });
    return !over_;
  }
  void GiveTo(int thread) {
    const std::lock_guard<std::mutex> lock(mutex_);
    next_ = thread;
    mine_[static_cast<std::size_t>(thread)].notify_one();
  }
  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
    for (std::condition_variable& one : mine_) one.notify_one();
  }

 private:
  std::mutex mutex_;
  std::vector<std::condition_variable> mine_;
  int next_ = 0;
  bool over_ = false;
};

// Two circuits of one policy and one clock, of which every call is made twice.
class Pair {
 public:
  Pair(const Policy& policy, uint32_t seed) : random_(seed) {
    CircuitBreaker::Options options;
    options.clock = &clock_;
    options.seed = seed;
    many_ = CircuitBreaker::Create("circuit", policy, options).value();
    one_ = CircuitBreaker::Create("circuit", policy, options).value();
  }

  // A few calls of this thread's; the second circuit's too, as nobody else makes calls meanwhile.
  void TakeTurn() {
    for (int calls = 1 + Draw(6); calls > 0; --calls) {
      clock_.Advance(absl::Milliseconds(Draw(40)));
      if (Draw(1'000) == 0) clock_.Advance(absl::Seconds(40));
      if (Draw(200) == 0) failing_percent_ = Draw(100);
      MakeCall();
    }
    if (Draw(50) == 0) Compare();
  }

  void Compare() {
    const CircuitSnapshot many = many_->Snapshot();
    const CircuitSnapshot one = one_->Snapshot();
    ASSERT_EQ(many.state, one.state);
    ASSERT_EQ(many.consecutive_failures, one.consecutive_failures);
    ASSERT_EQ(many.window.recorded, one.window.recorded);
    ASSERT_EQ(many.window.failures, one.window.failures);
    ASSERT_EQ(many.totals.success, one.totals.success);
    ASSERT_EQ(many.totals.opened, one.totals.opened);
    ASSERT_EQ(many.totals.too_many_calls, one.totals.too_many_calls);
    ASSERT_EQ(many.in_flight, one.in_flight);
    ASSERT_EQ(many.epoch, one.epoch);
  }

  int64_t opened() const { return one_->Snapshot().totals.opened; }
  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }

 private:
  void MakeCall() {
    Admission many = many_->TryAcquire();
    Admission one = one_->TryAcquire();
    ASSERT_EQ(many.admitted(), one.admitted());
    if (!one) {
      ASSERT_EQ(many.reason(), one.reason());
      out_.clear();
    } else if (Draw(8) == 0) {
      out_.push_back({std::move(many).permit(), std::move(one).permit()});
    } else if (Draw(100) < failing_percent_) {
      many.permit().RecordFailure();
      one.permit().RecordFailure();
    } else if (Draw(10) != 0) {
      many.permit().RecordSuccess();
      // Under the lock, in whatever order that may be done there.
      one.permit().Record(Outcome::Success());
      (void)one_->Snapshot();
    }
  }

  std::mt19937 random_;
  FakeClock clock_;
  std::shared_ptr<CircuitBreaker> many_;  // of many threads
  std::shared_ptr<CircuitBreaker> one_;   // that is told of each call at once
  int failing_percent_ = 10;
  std::vector<std::pair<Permit, Permit>> out_;  // calls that go on until one is rejected
};

Policy WithRate(Window window) {
  Policy policy = Policy::Fixed();
  policy.consecutive_failures = 6;
  policy.failure_rate = 0.5;
  policy.minimum_calls = 10;
  policy.window = window;
  policy.open_duration = absl::Seconds(1);
  return policy;
}

TEST(KnownOrder, R9_ManyThreadsAreAsOne) {
  constexpr int kTurns = 12'000;
  Policy in_window = Policy::Fixed();
  in_window.consecutive_failures.reset();
  in_window.failures_in_window = 7;
  in_window.window = CountWindow{25};
  Policy limited = WithRate(CountWindow{20});
  limited.max_in_flight = 3;
  const std::vector<Policy> policies = {Policy(), WithRate(CountWindow{20}),
                                        WithRate(TimeWindow{absl::Seconds(2), 10}), in_window,
                                        limited};
  uint32_t seed = 1;
  for (const Policy& policy : policies) {
    for (const int threads : {2, 8, 40}) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << threads << " threads");
      Pair pair(policy, seed++);
      Turns turns(threads);
      int left = kTurns;
      RunThreads(threads, [&](int thread) {
        while (turns.Await(thread)) {
          pair.TakeTurn();
          if (--left == 0 || testing::Test::HasFatalFailure()) return turns.End();
          turns.GiveTo(pair.Draw(threads));
        }
      });
      pair.Compare();
      if (testing::Test::HasFatalFailure()) return;
      EXPECT_GT(pair.opened(), 5);
    }
  }
}

}  // namespace
}  // namespace fusebox
