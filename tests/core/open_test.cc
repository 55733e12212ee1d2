// SPDX-License-Identifier: Apache-2.0
//
// OPEN: for how long (rule R4), through the breaker.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/jitter.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::ElementsAre;

// The lengths of `count` openings in a row, from CLOSED.
std::vector<absl::Duration> OpeningsInARow(TestCircuit& circuit, int count) {
  std::vector<absl::Duration> lengths;
  circuit.Open();
  while (true) {
    lengths.push_back(circuit.RemainingOpen());
    if (lengths.size() == static_cast<std::size_t>(count)) return lengths;
    circuit.WaitUntilHalfOpen();
    circuit.Fail();
  }
}

Policy BackoffPolicy(double multiplier) {
  Policy policy = SmallPolicy();
  policy.backoff_multiplier = multiplier;
  return policy;
}

Policy JitterPolicy(double jitter) {
  Policy policy = SmallPolicy();
  policy.jitter = jitter;
  return policy;
}

TEST(CircuitBreaker, R4_OpenRejectsEveryCallUntilItsTimeIsUp) {
  TestCircuit circuit;
  circuit.Open();
  for (int i = 0; i < 10; ++i) {
    Admission admission = circuit->TryAcquire();
    EXPECT_FALSE(admission.admitted());
    EXPECT_FALSE(static_cast<bool>(admission));
    EXPECT_FALSE(static_cast<bool>(admission.permit()));
    EXPECT_EQ(admission.reason(), RejectionReason::kOpen);
    EXPECT_EQ(admission.state(), State::kOpen);
    EXPECT_EQ(admission.retry_after(), absl::Seconds(10) - i * absl::Seconds(1));
    circuit.Advance(absl::Seconds(1));
  }
  EXPECT_TRUE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R4_TheLastNanosecondIsStillOpen) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Nanoseconds(1));
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(CircuitBreaker, R4_RejectionsDoNotProlongTheOpening) {
  TestCircuit circuit;
  circuit.Open();
  for (int i = 0; i < 100; ++i) {
    circuit.Advance(absl::Milliseconds(100));
    (void)circuit->TryAcquire();
  }
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(CircuitBreaker, R4_TheRejectionCarriesNameStateAndTime) {
  TestCircuit circuit(SmallPolicy(), "shop/shop.Inventory/Reserve");
  circuit.Open();
  circuit.Advance(absl::Seconds(3));
  const Rejection rejection = circuit->TryAcquire().rejection();
  EXPECT_EQ(rejection.circuit, "shop/shop.Inventory/Reserve");
  EXPECT_EQ(rejection.state, State::kOpen);
  EXPECT_EQ(rejection.reason, RejectionReason::kOpen);
  EXPECT_EQ(rejection.retry_after, absl::Seconds(7));
}

TEST(CircuitBreaker, R4_WithoutBackoffEveryOpeningIsAsLong) {
  TestCircuit circuit(BackoffPolicy(1));
  EXPECT_THAT(OpeningsInARow(circuit, 4), ElementsAre(absl::Seconds(10), absl::Seconds(10),
                                                      absl::Seconds(10), absl::Seconds(10)));
}

TEST(CircuitBreaker, R4_BackoffMultipliesUpToTheMaximum) {
  TestCircuit circuit(BackoffPolicy(2));
  EXPECT_THAT(OpeningsInARow(circuit, 6),
              ElementsAre(absl::Seconds(10), absl::Seconds(20), absl::Seconds(40),
                          absl::Seconds(80), absl::Seconds(80), absl::Seconds(80)));
}

TEST(CircuitBreaker, R4_BackoffNeedNotReachTheMaximumEvenly) {
  TestCircuit circuit(BackoffPolicy(3));
  EXPECT_THAT(OpeningsInARow(circuit, 4), ElementsAre(absl::Seconds(10), absl::Seconds(30),
                                                      absl::Seconds(80), absl::Seconds(80)));
  TestCircuit fraction(BackoffPolicy(1.5));
  EXPECT_THAT(OpeningsInARow(fraction, 4), ElementsAre(absl::Seconds(10), absl::Seconds(15),
                                                       absl::Seconds(22.5), absl::Seconds(33.75)));
}

TEST(CircuitBreaker, R4_BackoffStartsOverWhenTheCircuitCloses) {
  TestCircuit circuit(BackoffPolicy(2));
  (void)OpeningsInARow(circuit, 3);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  ASSERT_EQ(circuit->state(), State::kClosed);
  EXPECT_THAT(OpeningsInARow(circuit, 2), ElementsAre(absl::Seconds(10), absl::Seconds(20)));
}

TEST(CircuitBreaker, R4_AProbeTimeoutIsAnOpeningInTheRowToo) {
  TestCircuit circuit(BackoffPolicy(2));
  circuit.OpenAndWaitUntilHalfOpen();
  const Permit hung = circuit.Acquire();
  circuit.AdvanceLooking(absl::Seconds(60));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
}

TEST(CircuitBreaker, R4_BackoffForEverNeverExceedsTheMaximum) {
  Policy policy = BackoffPolicy(100);
  policy.max_open_duration = 365 * absl::Hours(24);
  TestCircuit circuit(policy);
  const std::vector<absl::Duration> lengths = OpeningsInARow(circuit, 100);
  EXPECT_EQ(lengths[1], absl::Seconds(1000));
  EXPECT_EQ(*std::max_element(lengths.begin(), lengths.end()), policy.max_open_duration);
  EXPECT_EQ(lengths.back(), policy.max_open_duration);
}

TEST(CircuitBreaker, R4_JitterStaysWithinItsBoundsAndFillsThem) {
  TestCircuit circuit(JitterPolicy(0.25));
  const std::vector<absl::Duration> lengths = OpeningsInARow(circuit, 1000);
  const auto [least, most] = std::minmax_element(lengths.begin(), lengths.end());
  EXPECT_GE(*least, absl::Seconds(7.5));
  EXPECT_LE(*most, absl::Seconds(12.5));
  // The outer tenth of either half stays empty in 1000 uniform draws once in 10^22 seeds.
  EXPECT_LT(*least, absl::Seconds(7.75));
  EXPECT_GT(*most, absl::Seconds(12.25));
  absl::Duration sum;
  for (const absl::Duration length : lengths) sum += length;
  EXPECT_NEAR(absl::ToDoubleSeconds(sum) / 1000, 10, 0.25);  // over five standard deviations
}

TEST(CircuitBreaker, R4_JitterZeroIsExact) {
  TestCircuit circuit(JitterPolicy(0));
  const std::vector<absl::Duration> lengths = OpeningsInARow(circuit, 20);
  EXPECT_THAT(lengths, ::testing::Each(absl::Seconds(10)));
}

TEST(CircuitBreaker, R4_TheSameSeedAndNameRepeatTheJitter) {
  TestCircuit a(JitterPolicy(0.5), "circuit", 7);
  TestCircuit b(JitterPolicy(0.5), "circuit", 7);
  EXPECT_EQ(OpeningsInARow(a, 20), OpeningsInARow(b, 20));
}

TEST(CircuitBreaker, R4_TheSameSeedGivesTheSameJitterInEveryProcessAndBuild) {
  Jitter jitter(7, "circuit");
  EXPECT_EQ(jitter.Draw(), -186'399'448);
  EXPECT_EQ(jitter.Draw(), 548'936'347);
}

TEST(CircuitBreaker, R4_TwoNamesOfOneSeedDifferInJitter) {
  TestCircuit a(JitterPolicy(0.5), "circuit a", 7);
  TestCircuit b(JitterPolicy(0.5), "circuit b", 7);
  EXPECT_NE(OpeningsInARow(a, 20), OpeningsInARow(b, 20));
}

TEST(CircuitBreaker, R4_TwoSeedsOfOneNameDifferInJitter) {
  TestCircuit a(JitterPolicy(0.5), "circuit", 7);
  TestCircuit b(JitterPolicy(0.5), "circuit", uint64_t{7} << 32);
  EXPECT_NE(OpeningsInARow(a, 20), OpeningsInARow(b, 20));
}

TEST(CircuitBreaker, R4_JitterComesLastSoThatTheMaximumIsSpreadToo) {
  Policy policy = JitterPolicy(0.5);
  policy.max_open_duration = *policy.open_duration;
  TestCircuit circuit(policy);
  const std::vector<absl::Duration> lengths = OpeningsInARow(circuit, 100);
  const auto [least, most] = std::minmax_element(lengths.begin(), lengths.end());
  EXPECT_GT(*most, policy.max_open_duration);
  EXPECT_LE(*most, policy.max_open_duration * 1.5);
  EXPECT_LT(*least, policy.max_open_duration);
}

TEST(CircuitBreaker, R4_JitterDoesNotFeedTheBackoff) {
  Policy policy = JitterPolicy(0.5);
  policy.backoff_multiplier = 2;
  TestCircuit circuit(policy);
  const std::vector<absl::Duration> lengths = OpeningsInARow(circuit, 50);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const absl::Duration plain = absl::Seconds(i < 3 ? 10 << i : 80);
    EXPECT_GE(lengths[i], plain * 0.5) << i;
    EXPECT_LE(lengths[i], plain * 1.5) << i;
  }
}

TEST(CircuitBreaker, R4_PushbackOfTheOpeningFailureIsTheLeastLength) {
  TestCircuit circuit;
  circuit.Fail(2);
  circuit.FailWithPushback(absl::Seconds(25));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(25));
}

TEST(CircuitBreaker, R4_AShorterPushbackChangesNothing) {
  for (const absl::Duration pushback :
       {absl::ZeroDuration(), absl::Seconds(9), absl::Seconds(-5), -absl::InfiniteDuration()}) {
    TestCircuit circuit;
    circuit.Fail(2);
    circuit.FailWithPushback(pushback);
    EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10)) << pushback;
  }
}

TEST(CircuitBreaker, R4_PushbackNeverExceedsTheMaximum) {
  for (const absl::Duration pushback :
       {absl::Seconds(81), absl::Hours(1000000), absl::InfiniteDuration()}) {
    TestCircuit circuit;
    circuit.Fail(2);
    circuit.FailWithPushback(pushback);
    EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(80)) << pushback;
  }
}

// How long each of a fleet's circuits stays open that were all told the same.
std::vector<absl::Duration> FleetOpenings(const Policy& policy, absl::Duration pushback) {
  std::vector<absl::Duration> lengths;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    TestCircuit circuit(policy, "circuit", seed);
    circuit.Fail(2);
    circuit.FailWithPushback(pushback);
    lengths.push_back(circuit.RemainingOpen());
  }
  return lengths;
}

TEST(CircuitBreaker, R4_AFleetThatIsToldTheSamePushbackDoesNotComeBackAsOne) {
  for (const absl::Duration pushback : {absl::Seconds(60), absl::Hours(1)}) {
    const std::vector<absl::Duration> lengths = FleetOpenings(JitterPolicy(0.5), pushback);
    const auto [least, most] = std::minmax_element(lengths.begin(), lengths.end());
    const absl::Duration asked = std::min(pushback, absl::Seconds(80));
    EXPECT_GE(*least, asked);
    EXPECT_LT(*least, asked * 1.01);
    EXPECT_GT(*most, asked * 1.49);
    EXPECT_LT(*most, asked * 1.5);
  }
}

TEST(CircuitBreaker, R4_PushbackOfEarlierFailuresDoesNotCount) {
  TestCircuit circuit;
  circuit.FailWithPushback(absl::Seconds(25));
  circuit.Fail(2);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
}

TEST(CircuitBreaker, R4_PushbackOfAProbeThatFailsCounts) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.FailWithPushback(absl::Seconds(33));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(33));
}

TEST(CircuitBreaker, R4_PushbackDoesNotFeedTheBackoff) {
  TestCircuit circuit(BackoffPolicy(2));
  circuit.Fail(2);
  circuit.FailWithPushback(absl::Seconds(70));
  circuit.WaitUntilHalfOpen();
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
}

TEST(CircuitBreaker, R4_PushbackOfASuccessIsNone) {
  Policy policy = SmallPolicy();
  policy.failure_rate = 0.5;
  policy.minimum_calls = 4;
  TestCircuit circuit(policy);
  circuit.Fail(2);
  circuit.Succeed();
  Outcome outcome = Outcome::Success();
  outcome.pushback = absl::Seconds(50);
  circuit.Call(outcome);  // fills the minimum, and so opens
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
}

}  // namespace
}  // namespace fusebox::internal
