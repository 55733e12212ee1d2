// SPDX-License-Identifier: Apache-2.0
#include "fusebox/testing/matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/testing/explain.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitBreaker;
using fusebox::RejectionReason;
using fusebox::State;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kCircuit[] = "inventory/shop.Inventory/Reserve";

absl::Status Rejected(RejectionReason reason = RejectionReason::kOpen) {
  return fusebox::ToStatus({reason, kCircuit, State::kOpen, absl::Seconds(30)});
}

TEST(IsRejected, HoldsForARejectionAlone) {
  EXPECT_THAT(Rejected(), IsRejected());
  EXPECT_THAT(absl::OkStatus(), Not(IsRejected()));
  EXPECT_THAT(absl::UnavailableError("connection refused"), Not(IsRejected()));
  EXPECT_THAT(absl::NotFoundError("no such item"), Not(IsRejected()));
}

TEST(IsRejected, TakesAStatusOr) {
  EXPECT_THAT(absl::StatusOr<std::string>(Rejected()), IsRejected());
  EXPECT_THAT(absl::StatusOr<std::unique_ptr<int>>(Rejected()), IsRejectedBy(kCircuit));
  EXPECT_THAT(absl::StatusOr<std::string>("a reservation"), Not(IsRejected()));
}

TEST(IsRejected, SaysWhatTheStatusWas) {
  EXPECT_EQ(Description<absl::Status>(IsRejected()), "is a rejection");
  EXPECT_EQ(Description<absl::Status>(Not(IsRejected())), "is no rejection");
  EXPECT_EQ(Explanation(absl::OkStatus(), IsRejected()), "which is OK");
  EXPECT_EQ(Explanation(absl::UnavailableError("connection refused"), IsRejected()),
            "which is UNAVAILABLE: connection refused, and no rejection by a circuit");
  EXPECT_EQ(Explanation(absl::NotFoundError("no such item"), IsRejected()),
            "which is NOT_FOUND: no such item");
  EXPECT_EQ(Explanation(Rejected(), IsRejected()),
            "which is a rejection by the circuit \"inventory/shop.Inventory/Reserve\" because of "
            "CIRCUIT_OPEN");
}

TEST(IsRejectedBy, TakesAStringOrAMatcher) {
  EXPECT_THAT(Rejected(), IsRejectedBy(kCircuit));
  EXPECT_THAT(Rejected(), IsRejectedBy(std::string(kCircuit)));
  EXPECT_THAT(Rejected(), IsRejectedBy(StartsWith("inventory/")));
  EXPECT_THAT(Rejected(), IsRejectedBy(AllOf(HasSubstr("shop."), Not(HasSubstr("Release")))));
  EXPECT_THAT(Rejected(), IsRejectedBy(testing::_));
}

TEST(IsRejectedBy, HoldsForThatCircuitAlone) {
  EXPECT_THAT(Rejected(), Not(IsRejectedBy("inventory/shop.Inventory/Release")));
  EXPECT_THAT(absl::UnavailableError("connection refused"), Not(IsRejectedBy(kCircuit)));
  EXPECT_THAT(absl::UnavailableError("connection refused"), Not(IsRejectedBy(testing::_)));
}

TEST(IsRejectedBy, SaysWhoseRejectionItWas) {
  EXPECT_EQ(Description<absl::Status>(IsRejectedBy("a/b.C/D")),
            "is a rejection by a circuit whose name is equal to \"a/b.C/D\"");
  EXPECT_EQ(Description<absl::Status>(Not(IsRejectedBy(StartsWith("a/")))),
            "is no rejection by a circuit whose name starts with \"a/\"");
  EXPECT_EQ(Explanation(Rejected(), IsRejectedBy("a/b.C/D")),
            "which is a rejection by the circuit \"inventory/shop.Inventory/Reserve\" because of "
            "CIRCUIT_OPEN");
}

TEST(IsRejectedBecause, HoldsForThatReasonAlone) {
  for (const auto reason :
       {RejectionReason::kOpen, RejectionReason::kHalfOpenFull, RejectionReason::kForcedOpen,
        RejectionReason::kRamping, RejectionReason::kTooManyCalls}) {
    EXPECT_THAT(Rejected(reason), IsRejectedBecause(reason));
    EXPECT_THAT(Rejected(reason), AllOf(IsRejectedBy(kCircuit), IsRejectedBecause(reason)));
  }
  EXPECT_THAT(Rejected(), Not(IsRejectedBecause(RejectionReason::kForcedOpen)));
  EXPECT_THAT(absl::UnavailableError("connection refused"),
              Not(IsRejectedBecause(RejectionReason::kOpen)));
}

TEST(IsRejectedBecause, NamesTheReasons) {
  EXPECT_EQ(Description<absl::Status>(IsRejectedBecause(RejectionReason::kForcedOpen)),
            "is a rejection because of CIRCUIT_FORCED_OPEN");
  EXPECT_EQ(Explanation(Rejected(), IsRejectedBecause(RejectionReason::kForcedOpen)),
            "which is a rejection by the circuit \"inventory/shop.Inventory/Reserve\" because of "
            "CIRCUIT_OPEN");
}

class IsInStateTest : public testing::Test {
 protected:
  IsInStateTest() {
    CircuitBreaker::Options options;
    options.clock = &clock_;
    fusebox::Policy policy = fusebox::Policy::Fixed();
    policy.jitter = 0;
    breaker_ = *CircuitBreaker::Create("payments", policy, options);
  }

  void ForceOpen() {
    const absl::Status forced =
        breaker_->ForceOpen(fusebox::Operator("a test").Because("an outage"), absl::Seconds(30));
    ASSERT_TRUE(forced.ok()) << forced;
  }

  FakeClock clock_;
  std::shared_ptr<CircuitBreaker> breaker_;
};

TEST_F(IsInStateTest, TakesABreakerInEachForm) {
  EXPECT_THAT(breaker_, IsInState(State::kClosed));
  EXPECT_THAT(*breaker_, IsInState(State::kClosed));
  EXPECT_THAT(breaker_.get(), IsInState(State::kClosed));
  EXPECT_THAT(breaker_->Snapshot(), IsInState(State::kClosed));
  const std::shared_ptr<CircuitBreaker>& constant = breaker_;
  EXPECT_THAT(constant, IsInState(State::kClosed));
  EXPECT_THAT(breaker_, Not(IsInState(State::kOpen)));
  EXPECT_THAT(*breaker_, AnyOf(IsInState(State::kOpen), IsInState(State::kClosed)));
}

TEST_F(IsInStateTest, R1_LooksAtThisMoment) {
  ForceOpen();
  const fusebox::CircuitSnapshot before = breaker_->Snapshot();
  EXPECT_THAT(breaker_, IsInState(State::kOpen));
  clock_.Advance(absl::Seconds(30));
  EXPECT_THAT(breaker_, IsInState(State::kHalfOpen));
  EXPECT_THAT(*breaker_, IsInState(State::kHalfOpen));
  EXPECT_THAT(before, IsInState(State::kOpen));
}

TEST_F(IsInStateTest, NullIsInNoState) {
  const std::shared_ptr<CircuitBreaker> none;
  for (const State state : {State::kClosed, State::kOpen, State::kHalfOpen}) {
    EXPECT_THAT(none, Not(IsInState(state)));
  }
  EXPECT_EQ(Explanation(none, IsInState(State::kClosed)), "which is no circuit");
}

TEST_F(IsInStateTest, SaysWhichCircuitIsInWhichState) {
  using Breaker = std::shared_ptr<CircuitBreaker>;
  EXPECT_EQ(Description<Breaker>(IsInState(State::kHalfOpen)), "is a circuit in state HALF_OPEN");
  EXPECT_EQ(Description<Breaker>(Not(IsInState(State::kHalfOpen))),
            "is a circuit in another state than HALF_OPEN");
  EXPECT_EQ(Explanation(breaker_, IsInState(State::kOpen)),
            "which is the circuit \"payments\" in state CLOSED");
  ForceOpen();
  EXPECT_EQ(Explanation(breaker_, IsInState(State::kClosed)),
            "which is the circuit \"payments\" in state OPEN, mode FORCED_OPEN");
}

}  // namespace
}  // namespace fusebox_testing
