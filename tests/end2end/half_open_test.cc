// SPDX-License-Identifier: Apache-2.0
//
// Probes that are real calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

class HalfOpenTest : public EveryCallTest {
 protected:
  Report Call(ProtectedClient& client) { return MakeCall(style(), kind(), client.channel()); }
};

TEST_P(HalfOpenTest, RejectsWhileEveryProbeIsOut) {
  ScriptedEcho server(Script::Hang());
  ProtectedClient client(server.address());
  client.HalfOpen(kind());
  grpc::ClientContext context;
  std::future<Report> probe = std::async(
      std::launch::async, [&] { return MakeCall(style(), kind(), client.channel(), context); });
  server.WaitForCalls(1);
  EXPECT_EQ(client.Snapshot(kind()).probes_in_flight, 1);

  const Report report = Call(client);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(report.status.error_message(), testing::HasSubstr("HALF_OPEN"));
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(report.status);
  ASSERT_TRUE(rejection) << report.status.error_message();
  EXPECT_EQ(rejection->reason, fusebox::RejectionReason::kHalfOpenFull);
  EXPECT_EQ(fusebox::RejectionReasonName(rejection->reason), "CIRCUIT_HALF_OPEN_FULL");
  EXPECT_EQ(rejection->state, fusebox::State::kHalfOpen);
  EXPECT_EQ(rejection->retry_after, absl::ZeroDuration());
  EXPECT_EQ(report.written, 0);
  EXPECT_EQ(server.calls(), 1);

  // The cancelled probe says nothing, and makes room.
  context.TryCancel();
  EXPECT_EQ(probe.get().status.error_code(), grpc::StatusCode::CANCELLED);
  server.Play(Script::Answer());
  EXPECT_TRUE(Call(client).status.ok());
  EXPECT_EQ(client.Snapshot(kind()).state, fusebox::State::kHalfOpen);
  EXPECT_EQ(client.Snapshot(kind()).probes_in_flight, 0);
}

TEST_P(HalfOpenTest, SuccessfulProbesClose) {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  client.HalfOpen(kind());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.Snapshot(kind()).state, fusebox::State::kHalfOpen);
    EXPECT_TRUE(Call(client).status.ok());
  }
  EXPECT_EQ(client.Snapshot(kind()).state, fusebox::State::kClosed);
  EXPECT_EQ(server.calls(), 2);
}

TEST_P(HalfOpenTest, FailedProbeOpensAgain) {
  const ScriptedEcho server(Script::Fail(grpc::Status(grpc::StatusCode::DATA_LOSS, "")));
  ProtectedClient client(server.address());
  client.HalfOpen(kind());
  EXPECT_EQ(Call(client).status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(client.Snapshot(kind()).state, fusebox::State::kOpen);
  EXPECT_EQ(Call(client).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server.calls(), 1);
}

TEST_P(HalfOpenTest, WholeLifeThroughRealCalls) {
  ScriptedEcho server(Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "down")));
  ProtectedClient client(server.address());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Call(client).status.error_message(), "down");
  EXPECT_TRUE(fusebox::GetRejection(Call(client).status));
  server.Play(Script::Answer());
  EXPECT_TRUE(fusebox::GetRejection(Call(client).status));
  client.clock().Advance(absl::Seconds(30));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Call(client).status.ok());

  const fusebox::CircuitSnapshot circuit = client.Snapshot(kind());
  EXPECT_EQ(circuit.state, fusebox::State::kClosed);
  EXPECT_EQ(circuit.totals.failure, 2);
  EXPECT_EQ(circuit.totals.rejected, 2);
  EXPECT_EQ(circuit.totals.success, 5);
  EXPECT_EQ(circuit.totals.opened, 1);
  EXPECT_EQ(circuit.in_flight, 0);
  EXPECT_EQ(server.calls(), 7);
}

TEST_P(HalfOpenTest, R23_ACandidateSeesWhatBecomesOfRealCalls) {
  ScriptedEcho server(Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "down")));
  ProtectedClient client(server.address(), [](fusebox::ChannelOptions& options) {
    fusebox::Policy policy = TestPolicy();
    policy.consecutive_failures = 1'000;
    policy.shadow_policy = TestPolicy();
    options.breaker.policies = fusebox::PolicyTable().Default(policy);
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Call(client).status.error_message(), "down");
  EXPECT_EQ(client.Snapshot(kind()).shadow->state, fusebox::State::kOpen);
  server.Play(Script::Answer());
  client.clock().Advance(absl::Seconds(30));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call(client).status.ok());

  const fusebox::CircuitSnapshot circuit = client.Snapshot(kind());
  EXPECT_EQ(circuit.shadow->state, fusebox::State::kClosed);
  EXPECT_EQ(circuit.shadow->calls, 6);
  EXPECT_EQ(circuit.shadow->would_reject, 1);
  EXPECT_EQ(circuit.shadow->would_open, 1);
  EXPECT_EQ(circuit.totals.opened, 0);
  EXPECT_EQ(server.calls(), 6);
}

FUSEBOX_FOR_EVERY_CALL(HalfOpenTest);

}  // namespace
}  // namespace fusebox_testing
