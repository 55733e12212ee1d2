// SPDX-License-Identifier: Apache-2.0
//
// Threads that start together and can wait for each other.
#ifndef FUSEBOX_TESTS_CORE_THREADS_H_
#define FUSEBOX_TESTS_CORE_THREADS_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fusebox_testing {

inline constexpr int kThreads = 8;

// A point that `count` threads pass together, as often as they like.
class Barrier {
 public:
  explicit Barrier(int count) : count_(count), missing_(count) {}

  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (--missing_ == 0) {
      missing_ = count_;
      ++round_;
      passed_.notify_all();
      return;
    }
    passed_.wait(lock, [this, round = round_] { return round_ != round; });
  }

 private:
  const int count_;
  std::mutex mutex_;
  std::condition_variable passed_;
  int missing_;
  int round_ = 0;
};

// Runs `body(0)` to `body(count - 1)`, each on its thread, from one moment on; returns when all
// have ended.
template <typename Body>
void RunThreads(int count, Body body) {
  Barrier start(count);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&start, &body, i] {
      start.Wait();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}
template <typename Body>
void RunThreads(Body body) {
  RunThreads(kThreads, std::move(body));
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_CORE_THREADS_H_
