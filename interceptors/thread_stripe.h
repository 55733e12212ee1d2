// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_THREAD_STRIPE_H_
#define FUSEBOX_INTERCEPTORS_THREAD_STRIPE_H_

#include <atomic>
#include <cstddef>

namespace fusebox {

inline constexpr std::size_t kThreadStripes = 16;

// Which of so many counters the calling thread is to use, so that threads seldom use one. Without
// construction and destruction: it may be asked at any time of a thread's and of a process' end.
inline std::size_t ThreadStripe() {
  static std::atomic<std::size_t> next{0};  // constant initialisation
  thread_local std::size_t stripe_plus_one = 0;
  if (stripe_plus_one == 0) {
    // Relaxed: it only deals out numbers.
    stripe_plus_one = next.fetch_add(1, std::memory_order_relaxed) % kThreadStripes + 1;
  }
  return stripe_plus_one - 1;
}

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_THREAD_STRIPE_H_
