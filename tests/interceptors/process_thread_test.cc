// SPDX-License-Identifier: Apache-2.0
//
// The thread that connects channels, and the one that asks servers whether they are well, without
// what they do: forty threads that have work for it, stops for forks in between, and the end of the
// process. Worth most under ThreadSanitizer, which can't run gRPC.
#include "interceptors/process_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/fork.h"
#include "src/base/mutex.h"
#include "tests/core/threads.h"
#include "tests/support/in_child.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::InChild;
using fusebox_testing::RunThreads;

constexpr int kManyThreads = 40;

// Adds up numbers.
class Adder final : private ProcessThread {
 public:
  static Adder& Get() {
    static auto* const kAdder = new Adder;
    return *kAdder;
  }

  Adder(const Adder&) = delete;
  Adder& operator=(const Adder&) = delete;
  ~Adder() = delete;

  void Add(int64_t number) {
    MutexLock lock(mutex_);
    if (stopped_for_good()) return;
    numbers_.push_back(number);
    EXPECT_TRUE(Wake());
  }

  // The sum, once `count` numbers have been added.
  int64_t SumOf(int64_t count) {
    MutexLock lock(mutex_);
    while (added_ < count) changed_.Wait(mutex_);
    return sum_;
  }

  // How many there are to add.
  int64_t waiting() {
    MutexLock lock(mutex_);
    return static_cast<int64_t>(numbers_.size());
  }

  void Forget() {
    MutexLock lock(mutex_);
    added_ = sum_ = 0;
  }

  // Whether it ever was two threads.
  bool overlapped() const { return overlapped_.load(std::memory_order_relaxed); }

 private:
  Adder() : ProcessThread([] { Get().StopAtExit(); }) {}

  bool HasWork() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !numbers_.empty(); }
  void ForgetParentsWork() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { numbers_.clear(); }

  void Work() override {
    if (working_.exchange(true)) overlapped_.store(true, std::memory_order_relaxed);
    while (true) {
      const std::vector<int64_t> numbers = TakeNumbers();
      if (numbers.empty()) break;
      int64_t sum = 0;
      for (const int64_t number : numbers) sum += number;
      Told(sum, static_cast<int64_t>(numbers.size()));
    }
    working_.store(false);
  }

  std::vector<int64_t> TakeNumbers() {
    MutexLock lock(mutex_);
    if (stopped()) return {};
    return std::exchange(numbers_, {});
  }

  void Told(int64_t sum, int64_t count) {
    MutexLock lock(mutex_);
    sum_ += sum;
    added_ += count;
    changed_.NotifyAll();
  }

  CondVar changed_;
  std::vector<int64_t> numbers_ ABSL_GUARDED_BY(mutex_);
  int64_t sum_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t added_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> working_{false};
  std::atomic<bool> overlapped_{false};
};

TEST(ProcessThread, R20_NothingIsLostNorDoneTwiceWhileItIsStoppedForForks) {
  constexpr int64_t kNumbers = 500;
  Adder& adder = Adder::Get();
  adder.Forget();
  RunThreads(kManyThreads + 1, [&](int thread) {
    for (int64_t i = 1; i <= kNumbers; ++i) {
      if (thread < kManyThreads) {
        adder.Add(i);
      } else if (i % 10 == 0) {
        fusebox::PrepareFork();
        fusebox::ResumeAfterFork();
      }
    }
  });
  EXPECT_EQ(adder.SumOf(kManyThreads * kNumbers), kManyThreads * kNumbers * (kNumbers + 1) / 2);
  EXPECT_FALSE(adder.overlapped());
}

TEST(ProcessThread, R20_AChildForgetsWhatItsParentWanted) {
  Adder& adder = Adder::Get();
  adder.Forget();
  fusebox::PrepareFork();
  adder.Add(1);
  const auto in_child = InChild<int64_t>([&] {
    fusebox::ResumeAfterFork();
    if (adder.waiting() != 0) return int64_t{-1};
    RunThreads(kManyThreads, [&](int thread) { adder.Add(thread); });
    return adder.SumOf(kManyThreads);
  });
  fusebox::ResumeAfterFork();
  EXPECT_EQ(in_child, kManyThreads * (kManyThreads - 1) / 2);
  EXPECT_EQ(adder.SumOf(1), 1);
}

// Within code of the application's, which that thread calls.
class Stuck final : private ProcessThread {
 public:
  static Stuck& Get() {
    static auto* const kStuck = new Stuck;
    return *kStuck;
  }
  Stuck(const Stuck&) = delete;
  Stuck& operator=(const Stuck&) = delete;
  ~Stuck() = delete;

  void GetStuck() {
    MutexLock lock(mutex_);
    EXPECT_TRUE(Wake());
    while (!is_stuck_) changed_.Wait(mutex_);
  }

 private:
  Stuck() : ProcessThread([] { Get().StopAtExit(); }) {}

  bool HasWork() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return true; }

  void Work() override {
    MutexLock lock(mutex_);
    is_stuck_ = true;
    changed_.NotifyAll();
    for (;;) changed_.Wait(mutex_);
  }

  CondVar changed_;
  bool is_stuck_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(ProcessThreadDeathTest, R21_TheProcessEndsThoughTheThreadNeverComesBack) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Stuck::Get().GetStuck();
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

// As they do who call until the very end.
TEST(ProcessThreadDeathTest, R20_TheProcessEndsWhileOthersHaveWorkForIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        for (int i = 0; i < 8; ++i) {
          std::thread([] {
            for (;;) Adder::Get().Add(1);
          }).detach();
        }
        Adder::Get().SumOf(1'000);
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace fusebox::internal
