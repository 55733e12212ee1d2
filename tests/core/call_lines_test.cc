// SPDX-License-Identifier: Apache-2.0
//
// What a call without the lock writes, by the lines of memory: none that another thread's call
// reads. A circuit lies across the end of a page here, with the shard of its first thread before
// it. While calls are made, the second page can only be read: who writes there ends the process,
// even by an exchange that changes nothing.
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "absl/time/time.h"
#include "fusebox/outcome.h"
#include "fusebox/policy.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "src/core/call_shards.h"
#include "src/core/circuit_core.h"
#include "src/core/policy_in_force.h"
#include "src/core/user_code_failures.h"
#include "tests/core/test_circuit.h"
#include "tests/core/threads.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::Barrier;
using fusebox_testing::FakeClock;
using fusebox_testing::RunThreads;
using fusebox_testing::SmallPolicy;

// Many more than have a shard to themselves.
constexpr int kManyThreads = 64;

Reach CanReach() { return Reach::kCall; }

class CircuitAcrossPages {
 public:
  explicit CircuitAcrossPages(const Policy& policy)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        memory_(static_cast<char*>(
            mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    static_assert(sizeof(CircuitCore) < 4096);
    CircuitCore::Options options;
    options.failures = std::make_shared<UserCodeFailures>(clock_);
    core_ = ::new (memory_ + page_ - sizeof(CallShard))
        CircuitCore("circuit", PolicyInForce(policy).value(), options);
  }
  CircuitAcrossPages(const CircuitAcrossPages&) = delete;
  CircuitAcrossPages& operator=(const CircuitAcrossPages&) = delete;
  ~CircuitAcrossPages() {
    core_->~CircuitCore();
    munmap(memory_, 2 * page_);
  }

  CircuitCore& core() { return *core_; }

  void ProtectRest() { mprotect(memory_ + page_, page_, PROT_READ); }
  void Unprotect() { mprotect(memory_ + page_, page_, PROT_READ | PROT_WRITE); }

  void Call(const Outcome& outcome) {
    const CircuitCore::Grant grant = core_->Acquire(CanReach);
    if (grant.admitted) core_->Return(grant.ticket, outcome);
  }
  // All that there may be.
  void LetProbesOut() {
    clock_.Advance(absl::Minutes(1));
    while (core_->Acquire(CanReach).admitted) {
    }
  }
  bool SucceedsWithoutLock() {
    CircuitCore::Ticket ticket;
    return (core_->AdmitPlainly(ticket) || core_->AdmitWithoutLock(ticket)) &&
           (core_->ReturnSuccessPlainly(ticket) || core_->ReturnSuccessWithoutLock(ticket));
  }
  bool IsRejectedWithoutLock() {
    CircuitCore::Rejected rejected;
    return core_->RejectWithoutLock(rejected) || core_->RejectWhileFull(CanReach, rejected);
  }

 private:
  const std::size_t page_;
  char* const memory_;
  FakeClock clock_;
  CircuitCore* core_ = nullptr;
};

// Whether calls of many threads, at the same time, write nothing of the circuit but what is its
// first thread's. `first` is each thread's first call; time stands still from then on.
template <typename First, typename Call>
bool KeepToTheirLines(CircuitAcrossPages& circuit, const First& first, const Call& call) {
  std::atomic<int> others{0};
  Barrier barrier(kManyThreads);
  RunThreads(kManyThreads, [&](int thread) {
    first();
    barrier.Wait();
    if (thread == 0) circuit.ProtectRest();
    barrier.Wait();
    for (int i = 0; i < 100; ++i) others += call() ? 0 : 1;
    barrier.Wait();
    if (thread == 0) circuit.Unprotect();
  });
  return others == 0;
}

[[noreturn]] void ExitWith(bool good) { std::_Exit(good ? 0 : 1); }

[[noreturn]] void Succeed(const Policy& policy) {
  CircuitAcrossPages circuit(policy);
  ExitWith(KeepToTheirLines(
      circuit, [&] { circuit.Call(Outcome::Success()); },
      [&] { return circuit.SucceedsWithoutLock(); }));
}

[[noreturn]] void AreRejected(const Policy& policy, bool half_open) {
  CircuitAcrossPages circuit(policy);
  circuit.Call(Outcome::Failure());
  if (half_open) circuit.LetProbesOut();
  ExitWith(KeepToTheirLines(
      circuit,
      [&] {
        circuit.Call(Outcome::Success());  // the circuit's first rejection takes the lock
        circuit.IsRejectedWithoutLock();
      },
      [&] { return circuit.IsRejectedWithoutLock(); }));
}

#define EXPECT_KEEPS_TO_ITS_LINES(statement) \
  EXPECT_EXIT(statement, testing::ExitedWithCode(0), "") << #statement

class CallLinesTest : public testing::Test {
 protected:
  CallLinesTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(CallLinesTest, ASuccessWritesNothingThatOthersRead) {
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(Policy()));
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(SmallPolicy()));
  Policy policy = SmallPolicy();
  policy.failure_rate = 0.5;
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(policy));
  policy.window = TimeWindow{absl::Seconds(10), 10};
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(policy));
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(policy));
}

// Those write lines of their own beside the circuit.
TEST_F(CallLinesTest, ALimitIsCountedApart) {
  Policy policy = SmallPolicy();
  policy.max_in_flight = 1'000;
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(policy));
  policy.hung_calls = HungCalls{1'000, absl::Seconds(10)};
  EXPECT_KEEPS_TO_ITS_LINES(Succeed(policy));
}

TEST_F(CallLinesTest, ARejectionWritesNothingThatOthersRead) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1;
  EXPECT_KEEPS_TO_ITS_LINES(AreRejected(policy, /*half_open=*/false));
  EXPECT_KEEPS_TO_ITS_LINES(AreRejected(policy, /*half_open=*/true));
}

TEST_F(CallLinesTest, TheCheckFindsWhoWrites) {
  const auto locks = [] {
    CircuitAcrossPages circuit(SmallPolicy());
    ExitWith(KeepToTheirLines(
        circuit, [] {},
        [&] {
          circuit.Call(Outcome::Success());
          return true;
        }));
  };
  EXPECT_EXIT(
      locks(), [](int status) { return status != 0; }, "");
}

}  // namespace
}  // namespace fusebox::internal
