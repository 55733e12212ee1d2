// SPDX-License-Identifier: Apache-2.0
//
// What an operator does by the admin service to a circuit with the policy that needs no numbers, in
// each phase of an outage of a real channel.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/admin/admin_server.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using fusebox::CircuitSnapshot;
using fusebox::RejectionReason;
using fusebox::State;
using Stub = v1::CircuitAdmin::Stub;

enum class OutagePhase { kOpen, kProbeDue, kProbeOut, kSlowStart, kLimited };
constexpr const char* kPhaseNames[] = {"Open", "ProbeDue", "ProbeOut", "SlowStart", "Limited"};
void PrintTo(OutagePhase phase, std::ostream* out) {
  *out << kPhaseNames[static_cast<std::size_t>(phase)];
}

std::optional<RejectionReason> ReasonOf(const grpc::Status& status) {
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
  if (!rejection) return std::nullopt;
  return rejection->reason;
}

// A real call that the server holds until it is told to let go.
class HeldCall {
 public:
  HeldCall(ChannelRef channel, ScriptedEcho& server) {
    server.Play(Script::Hang());
    const int64_t before = server.calls();
    thread_ =
        std::thread([this, channel] { MakeCall(Style::kSync, Kind::kUnary, channel, context_); });
    server.WaitForCalls(before + 1);
    server.Play(Script::Answer());
  }
  HeldCall(const HeldCall&) = delete;
  HeldCall& operator=(const HeldCall&) = delete;
  ~HeldCall() {
    context_.TryCancel();
    thread_.join();
  }

 private:
  grpc::ClientContext context_;
  std::thread thread_;
};

class OperatorsTest : public testing::TestWithParam<OutagePhase> {
 protected:
  OperatorsTest() {
    fusebox::ChannelOptions options;
    options.breaker.dependency = "echo";
    options.breaker.registry = admin_.registry();
    options.breaker.policies.Default(fusebox::Policy());
    channel_ = MustCreateChannel(server_.address(), std::move(options));
    EXPECT_TRUE(Call().ok());
    Reach(GetParam());
  }

  grpc::Status Call() {
    ++calls_;
    return MakeCall(Style::kSync, Kind::kUnary, channel_).status;
  }
  CircuitSnapshot Snapshot() {
    return admin_.registry()->Find(CircuitName(Kind::kUnary))->Snapshot();
  }

  void AdvanceToProbe() {
    const std::optional<absl::Time> next = Snapshot().next_probe;
    ASSERT_TRUE(next.has_value());
    admin_.clock().Advance(*next - admin_.clock().WallNow());
  }

  void Hold(int count) {
    for (int i = 0; i < count; ++i) {
      held_.push_back(std::make_unique<HeldCall>(channel_, server_));
      ++calls_;
    }
  }

  // Has the circuit in that phase, with real calls alone.
  void Reach(OutagePhase phase) {
    if (phase == OutagePhase::kLimited) {
      Hold(4);
      server_.Play(Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "busy")));
      EXPECT_FALSE(Call().ok());
      server_.Play(Script::Answer());
      EXPECT_EQ(Snapshot().limit, 3.5);
      EXPECT_EQ(Snapshot().state, State::kClosed);
      return;
    }
    server_.Play(Script::Fail(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
    while (Snapshot().state == State::kClosed) EXPECT_FALSE(Call().ok());
    server_.Play(Script::Answer());
    if (phase == OutagePhase::kOpen) return;
    AdvanceToProbe();
    if (phase == OutagePhase::kProbeDue) return;
    if (phase == OutagePhase::kProbeOut) {
      Hold(1);
      EXPECT_EQ(Snapshot().state, State::kOpen);
      EXPECT_EQ(Snapshot().probes_in_flight, 1);
      return;
    }
    EXPECT_TRUE(Call().ok());
    EXPECT_EQ(Snapshot().limit, 2);
    Hold(2);
    EXPECT_EQ(ReasonOf(Call()), RejectionReason::kLimited);
  }

  template <typename Request, typename Response>
  v1::Circuit Write(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    Request request) {
    request.set_name(CircuitName(Kind::kUnary));
    request.set_reason("a drill");
    Response response;
    const grpc::Status status = fusebox_testing::Call(admin_.stub(), method, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.circuit();
  }

  v1::Circuit SetPolicy(const v1::Policy& policy) {
    v1::UpdatePolicyRequest request;
    *request.mutable_change()->mutable_policy() = policy;
    request.mutable_change()->mutable_update_mask()->add_paths("*");
    return Write(&Stub::UpdatePolicy, request);
  }

  // The calls that were out come back late, and move nothing.
  void ReleaseHeld() {
    const CircuitSnapshot before = Snapshot();
    held_.clear();
    const CircuitSnapshot after = Snapshot();
    EXPECT_EQ(after.state, before.state);
    EXPECT_EQ(after.epoch, before.epoch);
    EXPECT_EQ(after.limit, before.limit);
    EXPECT_EQ(after.in_flight, 0);
  }

  // Calls at a dependency that is well, until all are let through; and each is accounted for.
  void ExpectRecovers() {
    for (int i = 0; i < 100 && (Snapshot().state != State::kClosed || Snapshot().limit); ++i) {
      const CircuitSnapshot now = Snapshot();
      if (now.next_probe) AdvanceToProbe();
      if (now.limit) admin_.clock().Advance(absl::Seconds(1));
      EXPECT_TRUE(Call().ok());
    }
    const CircuitSnapshot end = Snapshot();
    EXPECT_EQ(end.state, State::kClosed);
    EXPECT_EQ(end.limit, std::nullopt);
    EXPECT_EQ(end.in_flight, 0);
    EXPECT_EQ(end.probes_in_flight, 0);
    EXPECT_EQ(end.totals.success + end.totals.failure + end.totals.ignored + end.totals.rejected,
              calls_);
  }

  AdminServer admin_;
  ScriptedEcho server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::unique_ptr<HeldCall>> held_;
  int64_t calls_ = 0;
};

TEST_P(OperatorsTest, R8_ForcedOpenAndReleased) {
  v1::ForceOpenCircuitRequest request;
  request.mutable_ttl()->set_seconds(60);
  const v1::Circuit forced = Write(&Stub::ForceOpenCircuit, request);
  EXPECT_EQ(forced.state(), v1::STATE_OPEN);
  EXPECT_EQ(forced.mode(), v1::MODE_FORCED_OPEN);
  EXPECT_FALSE(forced.has_limit());
  EXPECT_EQ(ReasonOf(Call()), RejectionReason::kForcedOpen);
  ReleaseHeld();
  EXPECT_EQ(Write(&Stub::AutomateCircuit, {}).mode(), v1::MODE_AUTOMATIC);
  // An operator's word is checked by a probe.
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(Snapshot().state, State::kHalfOpen);
  EXPECT_EQ(Snapshot().limit, 2);
  ExpectRecovers();
}

TEST_P(OperatorsTest, R8_ForcedOpenUntilItsTimeEnds) {
  v1::ForceOpenCircuitRequest request;
  request.mutable_ttl()->set_seconds(60);
  Write(&Stub::ForceOpenCircuit, request);
  ReleaseHeld();
  admin_.clock().Advance(absl::Seconds(59));
  EXPECT_EQ(ReasonOf(Call()), RejectionReason::kForcedOpen);
  AdvanceToProbe();
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(Snapshot().limit, 2);
  ExpectRecovers();
}

TEST_P(OperatorsTest, R8_AResetClosesIt) {
  const v1::Circuit reset = Write(&Stub::ResetCircuit, v1::ResetCircuitRequest());
  EXPECT_EQ(reset.state(), v1::STATE_CLOSED);
  EXPECT_FALSE(reset.has_limit());
  EXPECT_TRUE(Call().ok());
  ReleaseHeld();
  ExpectRecovers();
}

TEST_P(OperatorsTest, R10_AFixedPolicyTakesOver) {
  v1::Policy fixed;
  fixed.set_consecutive_failures(5);
  const v1::Circuit changed = SetPolicy(fixed);
  EXPECT_EQ(changed.policy().consecutive_failures(), 5);
  EXPECT_FALSE(changed.policy().has_adaptive_recovery());
  EXPECT_FALSE(changed.has_limit());
  ReleaseHeld();
  const bool closed = GetParam() == OutagePhase::kLimited;
  EXPECT_EQ(Snapshot().state == State::kClosed, closed);
  if (!closed) {
    if (Snapshot().next_probe) AdvanceToProbe();
    // R5: three probes that succeed.
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Snapshot().state, State::kHalfOpen);
      EXPECT_TRUE(Call().ok());
    }
  }
  ExpectRecovers();
}

TEST_P(OperatorsTest, R10_AnEqualPolicyBeginsItAnew) {
  const v1::Circuit changed = SetPolicy(v1::Policy());
  EXPECT_TRUE(changed.policy().has_adaptive_recovery());
  ReleaseHeld();
  ExpectRecovers();
}

INSTANTIATE_TEST_SUITE_P(Phases, OperatorsTest,
                         testing::Values(OutagePhase::kOpen, OutagePhase::kProbeDue,
                                         OutagePhase::kProbeOut, OutagePhase::kSlowStart,
                                         OutagePhase::kLimited),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace fusebox_testing
