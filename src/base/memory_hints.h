// SPDX-License-Identifier: Apache-2.0
//
// What memory is about to be read. Hints: nothing hangs on whether they are taken.
#ifndef FUSEBOX_SRC_BASE_MEMORY_HINTS_H_
#define FUSEBOX_SRC_BASE_MEMORY_HINTS_H_

#include <cstddef>

namespace fusebox::internal {

// It will be read soon: it comes into the cache while this thread does something else. Any address
// may be given.
inline void Prefetch(const void* address, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  const auto* const at = static_cast<const char*>(address);
  for (std::size_t i = 0; i < bytes; i += kLine) __builtin_prefetch(at + i);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_MEMORY_HINTS_H_
