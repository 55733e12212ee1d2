// SPDX-License-Identifier: Apache-2.0
//
// Failures in a row that can't be chance (rule R15).
#include <cstdint>
#include <random>

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
  // The least n with rate * 3600 s * 0.05^n < 1.
  EXPECT_EQ(FailuresToOpen(0.5, 0), 3);   // 1,800 * 0.05^3 = 0.23
  EXPECT_EQ(FailuresToOpen(2, 0), 3);     // 7,200 * 0.05^3 = 0.90
  EXPECT_EQ(FailuresToOpen(4, 0), 4);     // 14,400 * 0.05^3 = 1.8
  EXPECT_EQ(FailuresToOpen(40, 0), 4);    // 144,000 * 0.05^4 = 0.90
  EXPECT_EQ(FailuresToOpen(200, 0), 5);   // 720,000 * 0.05^5 = 0.23
  EXPECT_EQ(FailuresToOpen(2000, 0), 6);  // 7,200,000 * 0.05^6 = 0.11
}

TEST(ImprobableRun, R15_TheLengthGrowsWithTheShareThatFailsAnyway) {
  const int64_t tenth = FailuresToOpen(1000, 10);
  const int64_t half = FailuresToOpen(1000, 2);
  // 3,600,000 * 0.1^7 = 0.36 and * 0.5^22 = 0.86; the share is an average of some 32 calls.
  EXPECT_GE(tenth, 6);
  EXPECT_LE(tenth, 8);
  EXPECT_GE(half, 20);
  EXPECT_LE(half, 24);
}

TEST(ImprobableRun, R15_ShareAndRateAreToldInTheEvent) {
  TestCircuit circuit(ImprobableRunPolicy());
  Call(circuit, 2000, 200);
  FailuresToOpen(circuit, 200);
  ASSERT_EQ(circuit.moves().size(), 1U);
  EXPECT_EQ(circuit.moves()[0].cause, Cause::kImprobableRun);
  EXPECT_EQ(circuit.moves()[0].detail,
            "5 failures in a row, where 0% of 200 calls/s fail: by chance less than once in 1h");
  EXPECT_EQ(circuit.moves()[0].evidence->calls, 5);
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
      // Once per hour, with a share that is itself an average of 32 calls.
      EXPECT_LE(static_cast<double>(openings), 3 + 4 * calls / per_second / 3600)
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

}  // namespace
}  // namespace fusebox
