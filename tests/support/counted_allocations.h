// SPDX-License-Identifier: Apache-2.0
//
// Replaces operator new, to count: a program that includes it does so in one file, and is for that
// alone.
#ifndef FUSEBOX_TESTS_SUPPORT_COUNTED_ALLOCATIONS_H_
#define FUSEBOX_TESTS_SUPPORT_COUNTED_ALLOCATIONS_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace fusebox_testing {

// Of this thread, since it began.
inline thread_local int64_t allocations = 0;

}  // namespace fusebox_testing

// Not inlined, or the compiler takes the pairs apart, and warns of what it then sees.
#define FUSEBOX_NOINLINE __attribute__((noinline))

FUSEBOX_NOINLINE void* operator new(std::size_t size) {
  ++fusebox_testing::allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
FUSEBOX_NOINLINE void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++fusebox_testing::allocations;
  return std::malloc(size);
}
FUSEBOX_NOINLINE void* operator new(std::size_t size, std::align_val_t alignment) {
  ++fusebox_testing::allocations;
  if (void* const memory = std::aligned_alloc(static_cast<std::size_t>(alignment), size)) {
    return memory;
  }
  throw std::bad_alloc();
}
FUSEBOX_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
FUSEBOX_NOINLINE void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
FUSEBOX_NOINLINE void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  std::free(memory);
}
FUSEBOX_NOINLINE void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
FUSEBOX_NOINLINE void operator delete(void* memory, std::size_t /*size*/,
                                      std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}

#undef FUSEBOX_NOINLINE

#endif  // FUSEBOX_TESTS_SUPPORT_COUNTED_ALLOCATIONS_H_
