// SPDX-License-Identifier: Apache-2.0
#include "fusebox/run.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/evidence.h"
#include "fusebox/with_fallback.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {

// A result type of a user's own.
struct Reply {
  int http = 0;
  std::string rejected_by;
};

template <>
struct RunTraits<Reply> {
  static Outcome ToOutcome(const Reply& reply) {
    return reply.http >= 500 ? Outcome::Failure() : Outcome::Success();
  }
  static Reply FromRejection(const Rejection& rejection) { return {503, rejection.circuit}; }
};

namespace {

using fusebox_testing::TestCircuit;

TEST(Run, RecordsAnAbslStatus) {
  TestCircuit circuit;
  EXPECT_TRUE(fusebox::Run(*circuit, [] { return absl::OkStatus(); }).ok());
  EXPECT_EQ(fusebox::Run(*circuit, [] { return absl::NotFoundError("none"); }).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(fusebox::Run(*circuit, [] { return absl::CancelledError("enough"); }).code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(fusebox::Run(*circuit, [] { return absl::UnavailableError("refused"); }).message(),
            "refused");
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.totals.success, 2);
  EXPECT_EQ(snapshot.totals.ignored, 1);
  EXPECT_EQ(snapshot.totals.failure, 1);
  EXPECT_EQ(snapshot.last_failure->code, 14);
  EXPECT_EQ(snapshot.last_failure->message, "refused");
}

TEST(Run, RecordsAStatusOr) {
  TestCircuit circuit;
  const auto half = [](int n) -> absl::StatusOr<int> {
    if (n % 2 == 0) return n / 2;
    return absl::InternalError("odd");
  };
  EXPECT_EQ(fusebox::Run(*circuit, [&] { return half(8); }).value(), 4);
  EXPECT_EQ(fusebox::Run(*circuit, [&] { return half(7); }).status().message(), "odd");
  EXPECT_EQ(circuit->Snapshot().totals.success, 1);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 1);
}

TEST(Run, PassesOnAResultThatCanOnlyBeMoved) {
  TestCircuit circuit;
  absl::StatusOr<std::unique_ptr<int>> result =
      fusebox::Run(*circuit, [held = std::make_unique<int>(7)]() mutable {
        return absl::StatusOr<std::unique_ptr<int>>(std::move(held));
      });
  EXPECT_EQ(**result, 7);
}

TEST(Run, ARejectedCallIsNotMadeAndIsRecognisable) {
  TestCircuit circuit;
  circuit.Open();
  bool called = false;
  const absl::Status status = fusebox::Run(*circuit, [&] {
    called = true;
    return absl::OkStatus();
  });
  EXPECT_FALSE(called);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(GetRejection(status).has_value());
  EXPECT_EQ(GetRejection(status)->circuit, "circuit");
  EXPECT_EQ(GetRejection(status)->retry_after, absl::Seconds(10));

  const absl::StatusOr<int> result = fusebox::Run(*circuit, [&]() -> absl::StatusOr<int> {
    called = true;
    return 1;
  });
  EXPECT_FALSE(called);
  EXPECT_TRUE(GetRejection(result.status()).has_value());
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 2);
}

TEST(Run, ACustomToOutcomeDecides) {
  TestCircuit circuit;
  const auto not_found_is_failure = [](const absl::Status& status) {
    return absl::IsNotFound(status) ? Outcome::Failure(5, std::string(status.message()))
                                    : Outcome::FromStatus(status);
  };
  for (int i = 0; i < 3; ++i) {
    (void)fusebox::Run(
        *circuit, [] { return absl::NotFoundError("none"); }, not_found_is_failure);
  }
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().last_failure->message, "none");
}

TEST(Run, TakesABreakerAsCreateGivesIt) {
  const auto breaker = CircuitBreaker::Create("circuit").value();
  const auto to_failure = [](const absl::Status&) { return Outcome::Failure(); };
  EXPECT_TRUE(fusebox::Run(breaker, [] { return absl::OkStatus(); }).ok());
  EXPECT_TRUE(fusebox::Run(
                  breaker, [] { return absl::OkStatus(); }, to_failure)
                  .ok());
  EXPECT_EQ(breaker->Snapshot().totals.success, 1);
  EXPECT_EQ(breaker->Snapshot().totals.failure, 1);
}

TEST(Run, AnotherTypeTakesPartByItsTraits) {
  TestCircuit circuit;
  EXPECT_EQ(fusebox::Run(*circuit, [] { return Reply{200, ""}; }).http, 200);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fusebox::Run(*circuit, [] { return Reply{500, ""}; }).http, 500);
  const Reply rejected = fusebox::Run(*circuit, [] { return Reply{200, ""}; });
  EXPECT_EQ(rejected.http, 503);
  EXPECT_EQ(rejected.rejected_by, "circuit");
}

TEST(Run, AnExceptionPassesThroughAndCountsAsAFailure) {
  TestCircuit circuit;
  const auto refuse = []() -> absl::Status { throw std::runtime_error("refused"); };
  for (int i = 0; i < 3; ++i)
    EXPECT_THROW((void)fusebox::Run(*circuit, refuse), std::runtime_error);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.state, State::kOpen);
  EXPECT_EQ(snapshot.in_flight, 0);
  EXPECT_EQ(snapshot.totals.failure, 3);
  EXPECT_EQ(snapshot.last_failure->code, 2);
  EXPECT_EQ(snapshot.last_failure->message, "refused");
  EXPECT_EQ(EvidenceText(*snapshot.last_opening->evidence), "3 UNKNOWN");
  EXPECT_TRUE(GetRejection(fusebox::Run(*circuit, refuse)).has_value());
}

TEST(Run, AnExceptionOfAnyTypePassesThroughAndCountsAsAFailure) {
  TestCircuit circuit;
  EXPECT_THROW((void)fusebox::Run(*circuit, []() -> absl::StatusOr<int> { throw 42; }), int);
  EXPECT_THROW(
      (void)fusebox::Run(
          *circuit, []() -> Reply { throw 42; }, [](const Reply&) { return Outcome::Success(); }),
      int);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 2);
  EXPECT_EQ(circuit->Snapshot().in_flight, 0);
}

TEST(Run, AnExceptionOfTheReadingPassesThroughAndCountsAsIgnored) {
  TestCircuit circuit;
  const auto throws = [](const absl::Status&) -> Outcome { throw std::runtime_error("no"); };
  EXPECT_THROW((void)fusebox::Run(
                   *circuit, [] { return absl::OkStatus(); }, throws),
               std::runtime_error);
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 1);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 0);
  EXPECT_EQ(circuit->Snapshot().in_flight, 0);
}

TEST(Run, AFailedProbeMayBeAnException) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  EXPECT_THROW((void)fusebox::Run(*circuit, []() -> absl::Status { throw 42; }), int);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(WithFallback, ExceptionsPassThrough) {
  TestCircuit circuit;
  const auto call = [&] {
    return fusebox::Run(*circuit, []() -> absl::Status { throw std::runtime_error("refused"); });
  };
  const auto fallback = [](const absl::Status&) -> absl::Status { throw 42; };
  EXPECT_THROW((void)WithFallback(call, fallback), std::runtime_error);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 1);
  EXPECT_THROW((void)WithFallback([] { return absl::UnavailableError("no"); }, fallback), int);
}

TEST(Run, NoLockIsHeldWhileTheFunctionRuns) {
  TestCircuit circuit;
  const absl::Status status = fusebox::Run(*circuit, [&] {
    EXPECT_EQ(circuit->Snapshot().in_flight, 1);
    return fusebox::Run(*circuit, [] { return absl::OkStatus(); });
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(circuit->Snapshot().totals.success, 2);
}

TEST(Run, TheLatencyIsTheFunctions) {
  Policy policy = fusebox_testing::SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  TestCircuit circuit(policy);
  (void)fusebox::Run(*circuit, [&] {
    circuit.Advance(absl::Seconds(2));
    return absl::OkStatus();
  });
  EXPECT_EQ(circuit->Snapshot().totals.slow, 1);
}

}  // namespace
}  // namespace fusebox
