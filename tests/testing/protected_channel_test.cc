// SPDX-License-Identifier: Apache-2.0
//
// The whole kit together.
#include <gmock/gmock.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "fusebox/testing/fake_clock.h"
#include "fusebox/testing/matchers.h"
#include "fusebox/testing/scripted_server.h"
#include "tests/testing/unary_call.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;
using testing::Not;

class ProtectedChannelTest : public testing::Test {
 protected:
  ProtectedChannelTest() {
    fusebox::CircuitRegistry::Options registry;
    registry.clock = &clock_;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(registry));
    fusebox::Policy policy;
    policy.consecutive_failures = 1;
    policy.open_duration = absl::Seconds(30);
    policy.jitter = 0;
    policy.half_open.verdict = fusebox::SuccessThreshold{1};
    fusebox::ChannelOptions options;
    options.breaker.dependency = "echo";
    options.breaker.registry = registry_;
    options.breaker.policies.Default(policy);
    channel_ = *fusebox::CreateChannel(server_.target(), grpc::InsecureChannelCredentials(),
                                       std::move(options));
  }

  void FailOnce() {
    server_.Answer(kUnary, Reply::Fail(StatusCode::UNAVAILABLE, "disk full"));
    EXPECT_THAT(CallUnary(channel_).status, Not(IsRejected()));
  }

  FakeClock clock_;
  ScriptedServer server_;
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ProtectedChannelTest, RejectedCallNeverArrives) {
  FailOnce();
  const grpc::Status rejected = CallUnary(channel_).status;
  EXPECT_THAT(rejected, IsRejectedBy("echo/fusebox_testing.Echo/Unary"));
  EXPECT_THAT(rejected, IsRejectedBecause(fusebox::RejectionReason::kOpen));
  EXPECT_EQ(server_.calls(kUnary), 1);
}

TEST_F(ProtectedChannelTest, ComesBackWhenTheClockIsMoved) {
  FailOnce();
  clock_.Advance(absl::Seconds(30));
  const auto circuit = registry_->Find("echo/fusebox_testing.Echo/Unary");
  EXPECT_THAT(circuit, IsInState(fusebox::State::kHalfOpen));
  server_.Answer(kUnary, Reply::Ok());
  EXPECT_TRUE(CallUnary(channel_).status.ok());
  EXPECT_THAT(circuit, IsInState(fusebox::State::kClosed));
}

}  // namespace
}  // namespace fusebox_testing
