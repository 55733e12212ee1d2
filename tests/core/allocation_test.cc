// SPDX-License-Identifier: Apache-2.0
//
// Neither a permitted call of a CLOSED circuit nor a rejected one allocates memory, once its thread
// has made one: counted by replacing operator new, for which this is a program of its own.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "absl/time/time.h"
#include "tests/core/test_circuit.h"

namespace {

thread_local int64_t allocations = 0;

}  // namespace

// Not inlined, or the compiler takes the pairs apart, and warns of what it then sees.
#define FUSEBOX_NOINLINE __attribute__((noinline))

FUSEBOX_NOINLINE void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
FUSEBOX_NOINLINE void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(size);
}
FUSEBOX_NOINLINE void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
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

namespace fusebox_testing {
namespace {

fusebox::Policy CountWindowPolicy() {
  fusebox::Policy policy = SmallPolicy();
  policy.failure_rate = 0.5;
  return policy;
}

fusebox::Policy EveryRulePolicy() {
  fusebox::Policy policy = CountWindowPolicy();
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  policy.max_in_flight = 1000;
  policy.hung_calls = fusebox::HungCalls{100, absl::Minutes(1)};
  return policy;
}

template <typename Call>
int64_t AllocationsOf(const Call& call) {
  call();  // the thread's first
  const int64_t before = allocations;
  for (int i = 0; i < 1000; ++i) call();
  return allocations - before;
}

TEST(AllocationTest, CountsAllocations) {
  EXPECT_EQ(AllocationsOf([] { delete new TestCircuit; }) % 1000, 0);
  EXPECT_GT(AllocationsOf([] { delete new TestCircuit; }), 0);
}

TEST(AllocationTest, PermittedCallsMakeNone) {
  for (const fusebox::Policy& policy : {SmallPolicy(), CountWindowPolicy(), EveryRulePolicy()}) {
    TestCircuit circuit(policy);
    EXPECT_EQ(AllocationsOf([&] { circuit->TryAcquire().permit().RecordSuccess(); }), 0);
    EXPECT_EQ(AllocationsOf([&] { circuit->TryAcquire().permit().Ignore(); }), 0);
    EXPECT_EQ(AllocationsOf([&] { EXPECT_TRUE(circuit->TryAcquire().admitted()); }), 0);
    EXPECT_EQ(AllocationsOf([&] {
                circuit->TryAcquire().permit().Record(fusebox::Outcome::Success());
                circuit.Advance(absl::Milliseconds(10));
              }),
              0);
  }
}

TEST(AllocationTest, FailuresThatOpenNothingMakeNone) {
  for (const fusebox::Policy& policy : {SmallPolicy(), EveryRulePolicy()}) {
    TestCircuit circuit(policy);
    EXPECT_EQ(AllocationsOf([&] {
                circuit->TryAcquire().permit().RecordFailure();
                for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordSuccess();
              }),
              0);
    EXPECT_EQ(circuit->state(), fusebox::State::kClosed);
  }
}

// What is kept of a failure for the evidence goes into memory that is there.
TEST(AllocationTest, FailuresWithMessagesAndPeersMakeNone) {
  TestCircuit circuit(EveryRulePolicy());
  fusebox::Outcome failures[20];
  for (int i = 0; i < 20; ++i) {
    failures[i] = fusebox::Outcome::Failure(i % 17, std::string(100, 'm'));
    failures[i].peer = "10.0.0." + std::string(20, static_cast<char>('a' + i));
    failures[i].latency = absl::Seconds(2);
  }
  const auto call = [&] {
    for (const fusebox::Outcome& failure : failures) {
      circuit->TryAcquire().permit().Record(failure);
      for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordSuccess();
    }
  };
  EXPECT_EQ(AllocationsOf(call), 0);
  EXPECT_EQ(circuit->state(), fusebox::State::kClosed);
}

TEST(AllocationTest, RejectedCallsMakeNone) {
  TestCircuit circuit;
  circuit.Fail(3);
  EXPECT_EQ(AllocationsOf([&] { EXPECT_FALSE(circuit->TryAcquire().admitted()); }), 0);
}

}  // namespace
}  // namespace fusebox_testing
