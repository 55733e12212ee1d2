// SPDX-License-Identifier: Apache-2.0
//
// What a million keys that come once leave behind in a table: counted by replacing operator new,
// for which this is a program of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "interceptors/circuit_table.h"

namespace {

// Blocks of memory that are out. Relaxed: one thread makes all that is compared.
std::atomic<int64_t> live_blocks{0};

void* Allocate(std::size_t size) {
  live_blocks.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* Allocate(std::size_t size, std::align_val_t alignment) {
  live_blocks.fetch_add(1, std::memory_order_relaxed);
  const auto to = static_cast<std::size_t>(alignment);
  if (void* const memory = std::aligned_alloc(to, (size + to - 1) / to * to)) return memory;
  throw std::bad_alloc();
}
void Free(void* memory) noexcept {
  if (memory != nullptr) live_blocks.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

// Not inlined, or the compiler takes the pairs apart, and warns of what it then sees.
#define FUSEBOX_NOINLINE __attribute__((noinline))

FUSEBOX_NOINLINE void* operator new(std::size_t size) { return Allocate(size); }
FUSEBOX_NOINLINE void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, alignment);
}
FUSEBOX_NOINLINE void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  live_blocks.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size);
}
FUSEBOX_NOINLINE void operator delete(void* memory) noexcept { Free(memory); }
FUSEBOX_NOINLINE void operator delete(void* memory, std::size_t /*size*/) noexcept { Free(memory); }
FUSEBOX_NOINLINE void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  Free(memory);
}
FUSEBOX_NOINLINE void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  Free(memory);
}
FUSEBOX_NOINLINE void operator delete(void* memory, std::size_t /*size*/,
                                      std::align_val_t /*alignment*/) noexcept {
  Free(memory);
}

namespace fusebox_testing {
namespace {

using fusebox::CircuitRegistry;
using fusebox::internal::CircuitTable;
using fusebox::internal::FoundCircuit;

TEST(CircuitTableMemoryTest, AMillionKeysThatComeOnceLeaveNothingBehind) {
  constexpr int kKeys = 1'000'000;
  constexpr int kRound = 50'000;
  constexpr std::size_t kMaxCircuits = 500;
  CircuitRegistry::Options options;
  options.max_circuits = kMaxCircuits;
  const auto registry = std::make_shared<CircuitRegistry>(std::move(options));
  CircuitTable table(registry, "t");
  const fusebox::Policy policy;
  fusebox::internal::MethodSettings settings;
  settings.policy = &policy;

  int64_t after_first_round = 0;
  int64_t most = 0;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = absl::StrCat("a key that comes once ", i);
    const FoundCircuit found = table.Circuit(key, settings, [&] {
      return fusebox::internal::NewCircuit{absl::StrCat("t/", key), {}};
    });
    ASSERT_NE(found.breaker, nullptr);
    found.breaker->TryAcquire().permit().RecordSuccess();
    if ((i + 1) % kRound != 0) continue;
    if (after_first_round == 0) after_first_round = live_blocks;
    most = std::max(most, live_blocks.load());
  }
  EXPECT_EQ(registry->evicted(), kKeys - static_cast<int64_t>(kMaxCircuits));
  EXPECT_LE(table.size(), 2 * kMaxCircuits);
  // A key that stayed would be several blocks.
  EXPECT_LE(most, after_first_round + kRound / 100);
}

// As many as a channel has, and more: each is found again without the registry.
TEST(CircuitTableMemoryTest, OfAHundredThousandKeysTheLastIsFoundAsTheFirst) {
  constexpr int kKeys = 100'000;
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  CircuitTable table(std::make_shared<CircuitRegistry>(std::move(options)), "t");
  const fusebox::Policy policy;
  fusebox::internal::MethodSettings settings;
  settings.policy = &policy;
  int names_made = 0;
  const auto ask_for = [&](int i) {
    const std::string key = absl::StrCat(i);
    return table
        .Circuit(key, settings,
                 [&] {
                   ++names_made;
                   return fusebox::internal::NewCircuit{absl::StrCat("t/", key), {}};
                 })
        .breaker;
  };
  for (int i = 0; i < kKeys; ++i) ask_for(i);
  const int64_t blocks = live_blocks;
  names_made = 0;
  for (int i = 0; i < kKeys; ++i) ask_for(i);
  // Except for those few whose bucket was full.
  EXPECT_LE(names_made, kKeys / 1'000);
  EXPECT_LE(live_blocks, blocks + kKeys / 1'000);
}

}  // namespace
}  // namespace fusebox_testing
