// SPDX-License-Identifier: Apache-2.0
//
// Servers that go away and come back (rule R20), with gRPC's default channel arguments.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_interceptor.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/fork.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/mortal_server.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::State;

class ConnectionTest : public EveryCallTest {
 protected:
  grpc::Status Call(const ProtectedClient& client) const {
    return MakeCall(style(), kind(), client.channel()).status;
  }

  static std::optional<fusebox::RejectionReason> ReasonOf(const grpc::Status& status) {
    const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
    if (!rejection) return std::nullopt;
    return rejection->reason;
  }

  // The server is gone, the channel has seen it, calls have opened the circuit, and a probe is due.
  void Lose(MortalServer& server, ProtectedClient& client) const {
    EXPECT_TRUE(Call(client).ok());
    server.GoAway();
    while (client.Snapshot(kind()).state == State::kClosed) {
      EXPECT_EQ(Call(client).error_code(), grpc::StatusCode::UNAVAILABLE);
    }
    grpc::Channel& channel = *client.channel();
    while (true) {
      const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
      if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) break;
      channel.WaitForStateChange(state, SoonDeadline());
    }
    client.clock().Advance(absl::Seconds(30));
  }

  // Calls until one gets through. Of the others, each is a rejection for that reason.
  void CallUntilItIsBack(ProtectedClient& client) const {
    while (true) {
      const grpc::Status status = Call(client);
      if (status.ok()) return;
      ASSERT_EQ(ReasonOf(status), fusebox::RejectionReason::kNotConnected)
          << status.error_message();
      std::this_thread::yield();
    }
  }
};

TEST_P(ConnectionTest, R20_NoCallIsSpentWhileTheServerIsAway) {
  MortalServer server;
  ProtectedClient client(server.address());
  Lose(server, client);
  const int64_t failures = client.Snapshot(kind()).totals.failure;
  for (int i = 0; i < 3; ++i) {
    const grpc::Status status = Call(client);
    EXPECT_EQ(ReasonOf(status), fusebox::RejectionReason::kNotConnected) << status.error_message();
    EXPECT_THAT(status.error_message(), testing::HasSubstr("its channel isn't connected"));
    EXPECT_TRUE(client.Snapshot(kind()).awaits_connection);
    // Time brings no probe.
    client.clock().Advance(absl::Seconds(30));
  }
  server.ComeBack();
  CallUntilItIsBack(client);
  EXPECT_TRUE(Call(client).ok());
  EXPECT_EQ(client.Snapshot(kind()).state, State::kClosed);
  EXPECT_EQ(client.Snapshot(kind()).totals.failure, failures);
  EXPECT_EQ(client.Snapshot(kind()).in_flight, 0);
}

TEST_P(ConnectionTest, R20_CanBeTurnedOff) {
  MortalServer server;
  ProtectedClient client(server.address(), [](fusebox::ChannelOptions& options) {
    options.breaker.await_connection = false;
  });
  Lose(server, client);
  EXPECT_EQ(ReasonOf(Call(client)), std::nullopt);
  EXPECT_EQ(client.Snapshot(kind()).state, State::kOpen);
  EXPECT_FALSE(client.Snapshot(kind()).awaits_connection);
}

// It has it connected itself.
TEST_P(ConnectionTest, R20_ACallOfAnIdleChannelIsAProbe) {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  client.HalfOpen(kind());
  EXPECT_TRUE(Call(client).ok());
}

TEST_P(ConnectionTest, R20_TheChannelMayGoMeanwhile) {
  MortalServer server;
  ProtectedClient client(server.address());
  Lose(server, client);
  EXPECT_EQ(ReasonOf(Call(client)), fusebox::RejectionReason::kNotConnected);
  client.ReleaseChannel();
}

// gRPC makes one that can never connect of a mistake, such as credentials that there aren't.
TEST_P(ConnectionTest, R20_ALameChannelIsNeverConnected) {
  TestRegistry shared;
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(
      fusebox::CircuitBreakerInterceptorFactory::Create(TestOptions(shared).breaker).value());
  const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      "127.0.0.1:1", /*creds=*/nullptr, {}, std::move(factories));
  const auto circuit = *shared.registry->GetOrCreate(CircuitName(kind()), TestPolicy());
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();
  for (int i = 0; i < 3; ++i) {
    shared.clock.Advance(absl::Seconds(30));
    EXPECT_EQ(ReasonOf(MakeCall(style(), kind(), channel).status),
              fusebox::RejectionReason::kNotConnected);
  }
}

// As gRPC does it in the moment in which the channel becomes connected: the state is told, and
// calls go by the old picker yet.
class FailsFromMemory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit FailsFromMemory(bool& fails) : fails_(fails) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    if (!std::exchange(fails_, false)) return nullptr;
    return new Failure;
  }

 private:
  class Failure final : public grpc::experimental::Interceptor {
   public:
    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      using Hook = grpc::experimental::InterceptionHookPoints;
      if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_STATUS)) {
        *methods->GetRecvStatus() =
            grpc::Status(grpc::StatusCode::UNAVAILABLE,
                         "failed to connect to all addresses; last error: refused");
      }
      methods->Proceed();
    }
  };

  bool& fails_;
};

TEST_P(ConnectionTest, R20_AProbeThatFailsFromMemoryIsNone) {
  MortalServer server;
  bool fails = false;
  // A target that reads like the peer.
  ProtectedClient client("ipv4:" + server.address(), [&](fusebox::ChannelOptions& options) {
    options.inner_interceptors.push_back(std::make_unique<FailsFromMemory>(fails));
  });
  Lose(server, client);
  server.ComeBack();
  ASSERT_TRUE(client.Connect());
  fails = true;
  EXPECT_EQ(ReasonOf(Call(client)), std::nullopt);
  EXPECT_EQ(client.Snapshot(kind()).state, State::kHalfOpen);
  EXPECT_TRUE(Call(client).ok());
  EXPECT_TRUE(Call(client).ok());
  EXPECT_EQ(client.Snapshot(kind()).state, State::kClosed);
}

// Each call is judged by its own.
TEST_P(ConnectionTest, R20_OfTwoChannelsOfACircuitTheConnectedOneProbes) {
  MortalServer server;
  ProtectedClient client(server.address());
  Lose(server, client);
  const ScriptedEcho other;
  fusebox::ChannelOptions options;
  options.breaker.dependency = "echo";
  options.breaker.registry = client.shared_registry();
  options.breaker.policies.Default(TestPolicy());
  const auto channel = MustCreateChannel(other.address(), std::move(options));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ReasonOf(Call(client)), fusebox::RejectionReason::kNotConnected);
    EXPECT_TRUE(MakeCall(style(), kind(), channel).status.ok());
  }
  EXPECT_EQ(client.Snapshot(kind()).state, State::kClosed);
}

// It would fail, or wait, by itself.
TEST_P(ConnectionTest, R20_DisabledAndShadowOnlyLook) {
  MortalServer server;
  ProtectedClient client(server.address());
  Lose(server, client);
  EXPECT_EQ(ReasonOf(Call(client)), fusebox::RejectionReason::kNotConnected);
  client.Circuit(kind())->Disable(fusebox::Operator("test"));
  EXPECT_EQ(ReasonOf(Call(client)), std::nullopt);
  client.Circuit(kind())->Shadow(fusebox::Operator("test"));
  while (client.Snapshot(kind()).state == State::kClosed) Call(client);
  client.clock().Advance(absl::Seconds(30));
  const int64_t before = client.Snapshot(kind()).totals.would_reject;
  EXPECT_EQ(ReasonOf(Call(client)), std::nullopt);
  EXPECT_EQ(client.Snapshot(kind()).totals.would_reject, before + 1);
  EXPECT_TRUE(client.Snapshot(kind()).awaits_connection);
}

// What an operator holds open stays so, connected or not.
TEST_P(ConnectionTest, R20_AForcedOpeningGoesOn) {
  MortalServer server;
  ProtectedClient client(server.address());
  Lose(server, client);
  EXPECT_EQ(ReasonOf(Call(client)), fusebox::RejectionReason::kNotConnected);
  ASSERT_TRUE(client.Circuit(kind())->ForceOpen(fusebox::Operator("test"), absl::Seconds(5)).ok());
  server.ComeBack();
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(ReasonOf(Call(client)), fusebox::RejectionReason::kForcedOpen);
  client.clock().Advance(absl::Seconds(5));
  CallUntilItIsBack(client);
}

// The thread that connects is stopped meanwhile, and goes on.
TEST_P(ConnectionTest, R20_TheProcessMayFork) {
  MortalServer server;
  ProtectedClient client(server.address());
  Lose(server, client);
  EXPECT_EQ(ReasonOf(Call(client)), fusebox::RejectionReason::kNotConnected);
  fusebox::PrepareFork();
  fusebox::ResumeAfterFork();
  server.ComeBack();
  CallUntilItIsBack(client);
}

FUSEBOX_FOR_EVERY_CALL(ConnectionTest);

}  // namespace
}  // namespace fusebox_testing
