// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_SUPPORT_MAILBOX_H_
#define FUSEBOX_TESTS_SUPPORT_MAILBOX_H_

#include <condition_variable>
#include <mutex>
#include <queue>
#include <utility>

namespace fusebox_testing {

// Hands values from one thread to another, in order.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    // Notified under the lock: the taker may destroy the mailbox as soon as it has the value.
    const std::lock_guard<std::mutex> lock(mutex_);
    values_.push(std::move(value));
    arrived_.notify_one();
  }

  // Waits for a value.
  T Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    arrived_.wait(lock, [this] { return !values_.empty(); });
    T value = std::move(values_.front());
    values_.pop();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::queue<T> values_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_MAILBOX_H_
