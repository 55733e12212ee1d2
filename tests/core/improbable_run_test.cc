// SPDX-License-Identifier: Apache-2.0
//
// Failures in a row that can't be chance (rule R15).
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::NoRulePolicy;
using fusebox_testing::TestCircuit;
using ::testing::HasSubstr;

Policy ImprobableRunPolicy() {
  Policy policy = NoRulePolicy();
  policy.improbable_run = ImprobableRun{};
  return policy;
}

// `calls` of them, evenly, `per_second` of them a second; each `nth` fails, or with 0 none does.
void Call(TestCircuit& circuit, int64_t calls, double per_second, int64_t nth = 0) {
  for (int64_t i = 1; i <= calls; ++i) {
    circuit.clock().Advance(absl::Seconds(1 / per_second));
    if (nth != 0 && i % nth == 0) {
      circuit.Fail(1);
    } else {
      circuit.Succeed(1);
    }
  }
}

// How many failures in a row, that many a second, open it.
int64_t FailuresToOpen(TestCircuit& circuit, double per_second) {
  int64_t failures = 0;
  while (circuit->state() == State::kClosed && failures < 1'000) {
    circuit.clock().Advance(absl::Seconds(1 / per_second));
    circuit.Fail(1);
    ++failures;
  }
  return failures;
}

// After enough calls to know how many there are and how many of them fail.
int64_t FailuresToOpen(double per_second, int64_t nth) {
  TestCircuit circuit(ImprobableRunPolicy());
  Call(circuit, static_cast<int64_t>(60 * per_second), per_second, nth);
  // The last of those may be failures of the run.
  circuit.Succeed(1);
  return FailuresToOpen(circuit, per_second);
}

TEST(ImprobableRun, R15_TheLengthGrowsWithTheCallsPerSecond) {
  // The least n with rate * 3600 s * (3.15 / 63 * 4.15 / 64 * ... * (n + 2.15) / (n + 62)) < 1.
  EXPECT_EQ(FailuresToOpen(0.5, 0), 3);   // 1,800 * 2.6e-4 = 0.46
  EXPECT_EQ(FailuresToOpen(1, 0), 3);     // 3,600 * 2.6e-4 = 0.92
  EXPECT_EQ(FailuresToOpen(2, 0), 4);     // 7,200 * 2.4e-5 = 0.17
  EXPECT_EQ(FailuresToOpen(10, 0), 4);    // 36,000 * 2.4e-5 = 0.86
  EXPECT_EQ(FailuresToOpen(40, 0), 5);    // 144,000 * 2.5e-6 = 0.37
  EXPECT_EQ(FailuresToOpen(200, 0), 6);   // 720,000 * 3.1e-7 = 0.22
  EXPECT_EQ(FailuresToOpen(2000, 0), 7);  // 7,200,000 * 4.0e-8 = 0.29
}

TEST(ImprobableRun, R15_TheLengthGrowsWithTheShareThatFailsAnyway) {
  const int64_t tenth = FailuresToOpen(1000, 10);
  const int64_t half = FailuresToOpen(1000, 2);
  // By the same formula with 6.3 and 31.5 in place of 3.15, 8 and 28; the share is an average of
  // some 32 calls.
  EXPECT_GE(tenth, 7);
  EXPECT_LE(tenth, 9);
  EXPECT_GE(half, 25);
  EXPECT_LE(half, 29);
}

TEST(ImprobableRun, R15_ShareAndRateAreToldInTheEvent) {
  TestCircuit circuit(ImprobableRunPolicy());
  Call(circuit, 2000, 200);
  FailuresToOpen(circuit, 200);
  ASSERT_EQ(circuit.moves().size(), 1U);
  EXPECT_EQ(circuit.moves()[0].cause, Cause::kImprobableRun);
  EXPECT_EQ(circuit.moves()[0].detail,
            "6 failures in a row, where 0% of 200 calls/s fail: by chance less than once in 1h");
  EXPECT_EQ(circuit.moves()[0].evidence->calls, 6);
}

TEST(ImprobableRun, R15_FailuresAtRandomHardlyEverOpenIt) {
  for (const double share : {0.05, 0.1, 0.2, 0.3, 0.5}) {
    for (const double per_second : {10.0, 1'000.0}) {
      TestCircuit circuit(ImprobableRunPolicy());
      std::mt19937_64 random(7);
      const int calls = 50'000;
      int64_t openings = 0;
      for (int i = 0; i < calls; ++i) {
        circuit.clock().Advance(absl::Seconds(1 / per_second));
        Admission admission = circuit->TryAcquire();
        if (!admission) {
          ++openings;
          circuit->Reset(Operator("test"));
          continue;
        }
        if (static_cast<double>(random() >> 11) * 0x1p-53 < share) {
          admission.permit().RecordFailure();
        } else {
          admission.permit().RecordSuccess();
        }
      }
      // Less than once per hour, except for the first calls of all, of which nothing is known.
      EXPECT_LE(static_cast<double>(openings), 2 + calls / per_second / 3600)
          << share << " of " << per_second << " calls/s";
    }
  }
}

TEST(ImprobableRun, R15_AtLeastSoManyFailures) {
  Policy policy = ImprobableRunPolicy();
  policy.improbable_run->min_failures = 12;
  TestCircuit circuit(policy);
  Call(circuit, 100, 10);
  EXPECT_EQ(FailuresToOpen(circuit, 10), 12);
}

TEST(ImprobableRun, R15_SeldomerThanOncePer) {
  Policy policy = ImprobableRunPolicy();
  policy.improbable_run = ImprobableRun{1, absl::Seconds(1)};
  TestCircuit circuit(policy);
  Call(circuit, 2000, 200);
  EXPECT_EQ(FailuresToOpen(circuit, 200), 2);  // 200 * 0.05^2 = 0.5
}

TEST(ImprobableRun, R15_AFailureLongAfterTheOneBeforeBeginsANewRun) {
  TestCircuit circuit(ImprobableRunPolicy());
  for (int day = 0; day < 20; ++day) {
    circuit.Fail(2);
    circuit.clock().Advance(absl::Minutes(10) + absl::Nanoseconds(1));
  }
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 40);
  circuit.Fail(2);
  circuit.clock().Advance(absl::Minutes(10));
  circuit.Fail(1);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(ImprobableRun, R15_WhatItKnowsOutlivesAnOpeningAndNotAReset) {
  const auto to_open_again = [](bool reset) {
    TestCircuit circuit(ImprobableRunPolicy());
    Call(circuit, 2'000, 1'000, 2);
    FailuresToOpen(circuit, 1'000);
    circuit.clock().Advance(absl::Seconds(11));
    circuit.Succeed(2);
    EXPECT_EQ(circuit->state(), State::kClosed);
    if (reset) circuit->Reset(Operator("test"));
    return FailuresToOpen(circuit, 1'000);
  };
  EXPECT_GE(to_open_again(false), 10);
  EXPECT_LE(to_open_again(true), 6);
}

TEST(ImprobableRun, R15_ReadingInBetweenChangesNothing) {
  const auto to_open = [](bool read) {
    TestCircuit circuit(ImprobableRunPolicy());
    for (int i = 0; i < 1'000; ++i) {
      Call(circuit, 7, 300, 7);
      if (read) (void)circuit->Snapshot();
    }
    circuit.Succeed(1);
    return FailuresToOpen(circuit, 300);
  };
  EXPECT_EQ(to_open(true), to_open(false));
}

TEST(ImprobableRun, R15_GoesOnUnderANewPolicyThatHasIt) {
  TestCircuit circuit(ImprobableRunPolicy());
  Call(circuit, 2'000, 1'000, 2);
  Policy policy = ImprobableRunPolicy();
  policy.improbable_run->min_failures = 4;
  ASSERT_TRUE(circuit->SetPolicy(policy, Operator("test")).ok());
  circuit.Succeed(1);
  EXPECT_GE(FailuresToOpen(circuit, 1'000), 10);
}

TEST(ImprobableRun, R11_WhatItMayBe) {
  Policy policy = ImprobableRunPolicy();
  policy.improbable_run = ImprobableRun{0, absl::Milliseconds(999)};
  EXPECT_THAT(Validate(policy).message(),
              HasSubstr("improbable_run.min_failures = 0, must be from 1 to 1000000; "
                        "improbable_run.once_per = 999ms, must be from 1s to 8760h"));
}

FirstMessage Stream(TestCircuit& circuit) {
  circuit.clock().Advance(absl::Milliseconds(100));
  return circuit.Acquire().RecordFirstMessage();
}

void Break(TestCircuit& circuit, const FirstMessage& first) {
  circuit->ReportFailure(Outcome::Failure(14, "stream broke"), first);
}

TEST(ImprobableRun, R15_StreamsThatBreakAreFailures) {
  TestCircuit calls(ImprobableRunPolicy());
  const int64_t as_calls = FailuresToOpen(calls, 10);
  TestCircuit circuit(ImprobableRunPolicy());
  int64_t streams = 0;
  for (; circuit->state() == State::kClosed && streams < 1'000; ++streams) {
    Break(circuit, Stream(circuit));
  }
  ASSERT_EQ(streams, as_calls);
  EXPECT_EQ(circuit.moves()[0].detail,
            "4 failures in a row, where 0% of 4 calls/s fail: by chance less than once in 1h");
}

TEST(ImprobableRun, R15_InWhateverOrderTheyBreak) {
  std::mt19937 random(3);
  for (int run = 0; run < 20; ++run) {
    TestCircuit circuit(ImprobableRunPolicy());
    std::vector<FirstMessage> streams;
    int64_t broken = 0;
    for (; circuit->state() == State::kClosed && broken < 1'000; ++broken) {
      if (streams.empty()) {
        for (int i = 0; i < 3; ++i) streams.push_back(Stream(circuit));
      }
      const std::size_t which = random() % streams.size();
      Break(circuit, streams[which]);
      streams.erase(streams.begin() + static_cast<std::ptrdiff_t>(which));
    }
    // As long as a later one of the three goes on, it is a success.
    EXPECT_LE(broken, 6);
  }
}

TEST(ImprobableRun, R15_WhatIsTakenBackLeavesTheShareAsIfItHadNotBeen) {
  const auto to_open = [](int64_t streams) {
    TestCircuit circuit(ImprobableRunPolicy());
    Call(circuit, 600, 10, 2);
    circuit.Succeed(1);
    std::vector<FirstMessage> open;
    circuit.Fail(2);
    for (int64_t i = 0; i < streams; ++i) open.push_back(Stream(circuit));
    for (const FirstMessage& first : open) Break(circuit, first);
    return streams + FailuresToOpen(circuit, 10);
  };
  // A few calls more a second are no difference to the length.
  EXPECT_EQ(to_open(0), to_open(1));
  EXPECT_EQ(to_open(0), to_open(5));
}

TEST(ImprobableRun, R15_ASuccessThatStaysKeepsWhatCameBeforeIt) {
  TestCircuit circuit(ImprobableRunPolicy());
  circuit.Fail(2);
  const FirstMessage first = Stream(circuit);
  circuit.Succeed(1);
  Break(circuit, first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 1);
}

TEST(ImprobableRun, R15_ALongGapIsOneForStreamsTooThatBreak) {
  TestCircuit circuit(ImprobableRunPolicy());
  circuit.Fail(1);
  circuit.clock().Advance(absl::Minutes(10) + absl::Nanoseconds(1));
  circuit.Fail(1);
  Break(circuit, Stream(circuit));
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 3);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail(1);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

}  // namespace
}  // namespace fusebox
