// SPDX-License-Identifier: Apache-2.0
//
// std::mutex and std::condition_variable with the annotations that clang's -Wthread-safety checks.
// Not absl::Mutex: Debian's abseil isn't built for ThreadSanitizer, which then reports races in
// correctly guarded code.
//
//   Mutex mutex_;
//   CondVar changed_;
//   std::deque<int> queue_ ABSL_GUARDED_BY(mutex_);
//
//   MutexLock lock(mutex_);
//   while (queue_.empty()) changed_.Wait(mutex_);
//   queue_.pop_front();
#ifndef FUSEBOX_SRC_BASE_MUTEX_H_
#define FUSEBOX_SRC_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace fusebox::internal {

class ABSL_LOCKABLE Mutex {
 public:
  // It is never held for long: who has to wait is faster at trying again for a moment than at going
  // to sleep.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) return;
      Pause();
    }
    mutex_.lock();
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

  // Does nothing: tells the analysis, where it can't see it, that this thread holds the mutex.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  friend class CondVar;

  static constexpr int kTries = 100;

  static void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }

  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// What abseil has no macro for: ABSL_UNLOCK_FUNCTION says nothing of how the mutex was held, and
// clang then doesn't see that the scope's end holds it again.
#ifdef __clang__
#define FUSEBOX_RELEASES(...) __attribute__((release_capability(__VA_ARGS__)))
#else
#define FUSEBOX_RELEASES(...)
#endif

// The other way round: the mutex, which is held, is not while this lives.
class ABSL_SCOPED_LOCKABLE MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) FUSEBOX_RELEASES(mutex) : mutex_(mutex) { mutex_.Unlock(); }
  // To the analysis what ends is the scope: it holds the mutex again.
  ~MutexUnlock() FUSEBOX_RELEASES() { mutex_.Lock(); }
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};
#undef FUSEBOX_RELEASES

// Each wait may end for no reason: ask again for what is waited for.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;
  ~CondVar() = default;

  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    changed_.wait(lock);
    lock.release();
  }

  // For at most that long, by a clock that nobody sets; and for at most a year, since there are
  // durations that no clock can reckon with.
  void WaitFor(Mutex& mutex, absl::Duration duration) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    changed_.wait_for(lock, Bounded(duration));
    lock.release();
  }

  // The same until `done()`, which is asked with the mutex held. Returns what it has said last.
  template <typename Done>
  bool WaitFor(Mutex& mutex, absl::Duration duration, Done done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool is_done = changed_.wait_for(lock, Bounded(duration), std::move(done));
    lock.release();
    return is_done;
  }

  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

 private:
  static std::chrono::nanoseconds Bounded(absl::Duration duration) {
    constexpr absl::Duration kLongest = absl::Hours(24 * 365);
    return absl::ToChronoNanoseconds(duration < kLongest ? duration : kLongest);
  }

  std::condition_variable changed_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_MUTEX_H_
