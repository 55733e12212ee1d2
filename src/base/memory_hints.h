// SPDX-License-Identifier: Apache-2.0
//
// What is about to be done with much memory. Hints: nothing hangs on whether they are taken.
#ifndef FUSEBOX_SRC_BASE_MEMORY_HINTS_H_
#define FUSEBOX_SRC_BASE_MEMORY_HINTS_H_

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdint>

namespace fusebox::internal {

// It will be read soon: it comes into the cache while this thread does something else. Any address
// may be given.
inline void Prefetch(const void* address, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  const auto* const at = static_cast<const char*>(address);
  for (std::size_t i = 0; i < bytes; i += kLine) __builtin_prefetch(at + i);
}

// It will be filled from one end to the other, for the first time: by pages of the largest size,
// since the kernel takes longer to give a small page than it takes to fill it. Only for memory that
// malloc has from the kernel for this alone, and gives back to it: so no other gets large pages,
// and only the whole ones in it, so that it takes up no more.
inline void PreferLargePages(void* address, std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr uintptr_t kLargePage = uintptr_t{2} << 20;
  constexpr std::size_t kOfItsOwn = std::size_t{32} << 20;  // from here on, with glibc
  if (bytes < kOfItsOwn) return;
  const auto begin = reinterpret_cast<uintptr_t>(address);
  const uintptr_t first = (begin + kLargePage - 1) & ~(kLargePage - 1);
  const uintptr_t end = (begin + bytes) & ~(kLargePage - 1);
  // Refused by a kernel without them: then it is filled by small ones.
  static_cast<void>(madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE));
#else
  static_cast<void>(address);
  static_cast<void>(bytes);
#endif
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_MEMORY_HINTS_H_
