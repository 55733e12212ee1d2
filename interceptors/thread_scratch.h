// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_THREAD_SCRATCH_H_
#define FUSEBOX_INTERCEPTORS_THREAD_SCRATCH_H_

#include <optional>

namespace fusebox::internal {

// A T that keeps the memory that it has grown to from one use to the next:
//
//   ThreadScratch<std::string> text;
//   text->assign(...);
//
// Each thread has one, until it destroys its thread-local objects. Calls may come after that, from
// destructors of other thread-locals and, on the main thread, of all static objects: each of those
// gets a T of its own.
//
// Thread-safety: one thread. Two uses at the same time, one inside the other, would share the T.
template <typename T>
class ThreadScratch {
 public:
  ThreadScratch() : value_(t_gone ? spare_.emplace() : t_kept.value) {}
  ThreadScratch(const ThreadScratch&) = delete;
  ThreadScratch& operator=(const ThreadScratch&) = delete;
  ~ThreadScratch() = default;

  T& operator*() const { return value_; }
  T* operator->() const { return &value_; }

 private:
  struct Kept {
    Kept() = default;
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { t_gone = true; }

    T value;
  };

  // The first has no destructor, and so may be read until the thread's memory goes.
  static inline thread_local bool t_gone = false;
  static inline thread_local Kept t_kept;

  std::optional<T> spare_;
  T& value_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_THREAD_SCRATCH_H_
