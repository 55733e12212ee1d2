// SPDX-License-Identifier: Apache-2.0
//
// Servers that are asked whether they are well (rule R21).
#include <gmock/gmock.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/event.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/testing/scripted_server.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/spy_interceptor.h"
#include "tests/end2end/test_certificate.h"
#include "tests/end2end/token_source.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitSnapshot;
using fusebox::EventKind;
using fusebox::State;
using ::testing::HasSubstr;

constexpr char kCheck[] = "grpc.health.v1.Health/Check";
constexpr char kEcho[] = "fusebox_testing.Echo/Unary";

fusebox::Policy AskingPolicy() {
  fusebox::Policy policy = TestPolicy();
  policy.health_probe = fusebox::HealthProbe{absl::Hours(1)};
  return policy;
}

// What a server says of itself.
Reply Says(char status) {
  Reply reply;
  reply.messages.push_back({'\x08', status});
  return reply;
}
Reply Serving() { return Says(1); }
Reply NotServing() { return Says(2); }

void WaitUntil(const std::function<bool()>& done) {
  while (!done()) std::this_thread::yield();
}

fusebox::ChannelOptions OptionsOver(const TestRegistry& shared, const fusebox::Policy& policy) {
  fusebox::ChannelOptions options;
  options.breaker.dependency = "echo";
  options.breaker.registry = shared.registry;
  options.breaker.policies.Default(policy);
  return options;
}

// A channel whose policy asks, and its calls.
class Client {
 public:
  explicit Client(
      const std::string& target, const fusebox::Policy& policy = AskingPolicy(),
      const std::function<void(fusebox::ChannelOptions&)>& change = [](auto&) {})
      : channel_(MustCreateChannel(target, Options(policy, change))) {}
  Client(grpc::Server& server, const fusebox::Policy& policy) {
    fusebox::ChannelOptions::InterceptorFactories interceptors;
    interceptors.push_back(
        fusebox::CircuitBreakerInterceptorFactory::Create(Options(policy, [](auto&) {}).breaker)
            .value());
    channel_ = server.experimental().InProcessChannelWithInterceptors({}, std::move(interceptors));
  }

  grpc::Status Call(Style style = Style::kSync, Kind kind = Kind::kUnary) {
    return MakeCall(style, kind, channel_).status;
  }

  std::shared_ptr<fusebox::CircuitBreaker> Circuit(Kind kind = Kind::kUnary) {
    return *shared_.registry->GetOrCreate(CircuitName(kind), policy_);
  }
  CircuitSnapshot Snapshot(Kind kind = Kind::kUnary) { return Circuit(kind)->Snapshot(); }

  // Two failures, and the time until a probe is due.
  void Open(Kind kind = Kind::kUnary) {
    for (int i = 0; i < 2; ++i) Circuit(kind)->TryAcquire().permit().RecordFailure();
    AdvanceToProbe(kind);
  }
  void AdvanceToProbe(Kind kind = Kind::kUnary) {
    const std::optional<absl::Time> next = Snapshot(kind).next_probe;
    ASSERT_TRUE(next.has_value());
    shared_.clock.Advance(*next - shared_.clock.WallNow());
  }

  // A call that is rejected for the time being.
  void CallInVain(Style style = Style::kSync, Kind kind = Kind::kUnary) {
    const grpc::Status status = Call(style, kind);
    const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
    ASSERT_TRUE(rejection) << status.error_message();
    EXPECT_EQ(rejection->reason, fusebox::RejectionReason::kOpen);
    EXPECT_EQ(rejection->state, State::kOpen);
  }

  // The same, and the answer of the server that is asked.
  void Ask(Style style = Style::kSync, Kind kind = Kind::kUnary) {
    CallInVain(style, kind);
    WaitUntil([&] { return Snapshot(kind).in_flight == 0; });
  }

  std::vector<std::string> Told(EventKind kind) const {
    std::vector<std::string> told;
    for (const fusebox::Event& event : shared_.registry->EventsSince(0, 1'000).events) {
      if (event.kind == kind) told.push_back(event.detail);
    }
    return told;
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  fusebox::CircuitRegistry& registry() { return *shared_.registry; }

 private:
  fusebox::ChannelOptions Options(const fusebox::Policy& policy,
                                  const std::function<void(fusebox::ChannelOptions&)>& change) {
    policy_ = policy;
    fusebox::ChannelOptions options = OptionsOver(shared_, policy);
    change(options);
    return options;
  }

  TestRegistry shared_;
  fusebox::Policy policy_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Servers that start while this lives have gRPC's own health service.
class WithHealthService {
 public:
  WithHealthService() { grpc::EnableDefaultHealthCheckService(true); }
  WithHealthService(const WithHealthService&) = delete;
  WithHealthService& operator=(const WithHealthService&) = delete;
  ~WithHealthService() { grpc::EnableDefaultHealthCheckService(false); }
};

class HealthProbeTest : public EveryCallTest {};

TEST_P(HealthProbeTest, R21_TheServerIsAskedAndNoCallIsSpent) {
  const WithHealthService with;
  ScriptedEcho server;
  Client client(server.address());
  client.Open(kind());
  server.server().GetHealthCheckService()->SetServingStatus(false);
  client.Ask(style(), kind());
  EXPECT_EQ(client.Snapshot(kind()).state, State::kOpen);
  EXPECT_EQ(client.Snapshot(kind()).last_failure->message, "health check: NOT_SERVING");
  client.CallInVain(style(), kind());

  server.server().GetHealthCheckService()->SetServingStatus(true);
  client.AdvanceToProbe(kind());
  client.Ask(style(), kind());
  EXPECT_EQ(client.Snapshot(kind()).state, State::kHalfOpen);
  EXPECT_EQ(server.calls(), 0);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(client.Call(style(), kind()).ok());
  EXPECT_EQ(client.Snapshot(kind()).state, State::kClosed);
}

FUSEBOX_FOR_EVERY_CALL(HealthProbeTest);

TEST(HealthProbe, R21_AGoodAnswerBeginsSlowStart) {
  ScriptedServer server;
  server.Answer(kCheck, Serving());
  fusebox::Policy policy = AskingPolicy();
  policy.adaptive_recovery = fusebox::AdaptiveRecovery{};
  Client client(server.target(), policy);
  client.Open();
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
  EXPECT_EQ(client.Snapshot().limit, 2);
}

TEST(HealthProbe, R21_TheEvidenceNamesTheServer) {
  ScriptedServer server;
  server.Answer(kCheck, NotServing());
  Client client(server.target());
  client.Open();
  client.Ask();
  for (const fusebox::Event& event : client.registry().EventsSince(0, 1'000).events) {
    if (event.kind != EventKind::kProbeFailed) continue;
    ASSERT_EQ(event.evidence->peers.size(), 1U);
    EXPECT_EQ(event.evidence->peers.front().peer, server.target());
  }
  EXPECT_EQ(client.Told(EventKind::kProbeFailed).size(), 1U);
}

TEST(HealthProbe, R21_AServerWithoutAHealthServiceIsSentCalls) {
  ScriptedEcho server;
  Client client(server.address());
  client.Open();
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
  EXPECT_TRUE(client.Snapshot().health_probe_stopped);
  EXPECT_EQ(server.calls(), 0);
  EXPECT_TRUE(client.Call().ok());
  EXPECT_EQ(server.calls(), 1);
  // It is told once, and not asked again.
  client.Circuit()->TryAcquire().permit().RecordFailure();
  client.AdvanceToProbe();
  EXPECT_TRUE(client.Call().ok());
  EXPECT_EQ(client.Told(EventKind::kHealthProbeStopped).size(), 1U);
  EXPECT_THAT(client.Told(EventKind::kHealthProbeStopped).front(), HasSubstr("UNIMPLEMENTED"));
}

TEST(HealthProbe, R21_SoIsOneThatRefusesThreeTimes) {
  ScriptedServer server;
  server.Answer(kCheck, Reply::Fail(grpc::StatusCode::PERMISSION_DENIED, "not you"));
  Client client(server.target());
  client.Open();
  for (int i = 0; i < 2; ++i) {
    client.Ask();
    EXPECT_EQ(client.Snapshot().state, State::kOpen);
    EXPECT_EQ(client.Snapshot().last_failure->message, "health check: not you");
    client.AdvanceToProbe();
  }
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
  EXPECT_EQ(server.calls(kCheck), 3);
  EXPECT_EQ(server.calls(kEcho), 0);
  EXPECT_THAT(client.Told(EventKind::kHealthProbeStopped).front(), HasSubstr("PERMISSION_DENIED"));
}

TEST(HealthProbe, R21_ACheckHasADeadline) {
  ScriptedServer server;
  server.Answer(kCheck, Serving());
  server.Hold(kCheck);
  fusebox::Policy policy = AskingPolicy();
  policy.health_probe->timeout = absl::Milliseconds(1);
  Client client(server.target(), policy);
  EXPECT_TRUE(
      client.channel()->WaitForConnected(std::chrono::system_clock::now() + std::chrono::hours(1)));
  client.Open();
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kOpen);
  EXPECT_EQ(client.Snapshot().last_failure->code, grpc::StatusCode::DEADLINE_EXCEEDED);
}

// While one check hangs, another circuit's is answered, and calls are rejected at once.
TEST(HealthProbe, R21_ACheckKeepsNobodyWaiting) {
  ScriptedServer hangs;
  hangs.Hold(kCheck);
  ScriptedServer well;
  well.Answer(kCheck, Serving());
  Client held(hangs.target());
  Client other(well.target());
  held.Open();
  held.CallInVain();
  ASSERT_TRUE(hangs.WaitForCalls(kCheck, 1));
  held.CallInVain();
  other.Open();
  other.Ask();
  EXPECT_EQ(other.Snapshot().state, State::kHalfOpen);
  EXPECT_EQ(held.Snapshot().probes_in_flight, 1);
  EXPECT_EQ(hangs.calls(kCheck), 1);
  hangs.Answer(kCheck, Serving());
  hangs.Release(kCheck);
  WaitUntil([&] { return held.Snapshot().state == State::kHalfOpen; });
}

// The check's context is the last to hold the channel, and with it the registry.
TEST(HealthProbe, R21_TheChannelMayGoMeanwhile) {
  ScriptedServer server;
  server.Hold(kCheck);
  std::weak_ptr<grpc::Channel> channel;
  {
    Client client(server.target());
    client.Open();
    client.CallInVain();
    ASSERT_TRUE(server.WaitForCalls(kCheck, 1));
    channel = client.channel();
  }
  server.Answer(kCheck, Serving());
  server.Release(kCheck);
  WaitUntil([&] { return channel.expired(); });
}

// The channel alone, and its circuit stays: the next who comes may ask.
TEST(HealthProbe, R21_AnAnswerOfAChannelThatIsGoneCounts) {
  ScriptedServer server;
  server.Answer(kCheck, Serving());
  server.Hold(kCheck);
  TestRegistry shared;
  auto channel = MustCreateChannel(server.target(), OptionsOver(shared, AskingPolicy()));
  const auto circuit = *shared.registry->GetOrCreate(CircuitName(Kind::kUnary), AskingPolicy());
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();
  shared.clock.Advance(absl::Seconds(30));
  EXPECT_FALSE(MakeCall(Style::kSync, Kind::kUnary, channel).status.ok());
  ASSERT_TRUE(server.WaitForCalls(kCheck, 1));
  channel.reset();
  server.Release(kCheck);
  WaitUntil([&] { return circuit->state() == State::kHalfOpen; });
}

// Whoever protects that method too doesn't have the check rejected, or counted.
TEST(HealthProbe, R21_ACheckIsNoCallOfTheApplications) {
  ScriptedServer server;
  server.Answer(kCheck, Serving());
  Seen outer;
  Client client(server.target(), AskingPolicy(), [&](fusebox::ChannelOptions& options) {
    options.breaker.policies.Method(kCheck, AskingPolicy()).AllowUnknownNames();
    options.outer_interceptors.push_back(std::make_unique<SpyFactory>(outer));
  });
  client.Open();
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
  EXPECT_EQ(client.registry().Find(std::string("echo/") + kCheck), nullptr);
  EXPECT_EQ(outer.starts, 2);  // the call and the check
}

// The application's own code, which each check passes on its way out.
class CallsBeforeChecks final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit CallsBeforeChecks(std::function<void()> call) : call_(std::move(call)) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override {
    if (info->method() == std::string("/") + kCheck) call_();
    return nullptr;
  }

 private:
  const std::function<void()> call_;
};

auto WithCallBeforeChecks(const std::function<void()>& call) {
  return [call](fusebox::ChannelOptions& options) {
    options.outer_interceptors.push_back(std::make_unique<CallsBeforeChecks>(call));
  };
}

// Such as one that gets a token.
TEST(HealthProbe, R21_CallsOfInterceptorsMeanwhileAreTheApplications) {
  ScriptedServer server;
  server.Answer(kCheck, Serving());
  ScriptedEcho tokens;
  Client token_client(tokens.address());
  token_client.Circuit()->ForceOpen(fusebox::Operator("test")).IgnoreError();
  grpc::Status token;
  Client client(server.target(), AskingPolicy(),
                WithCallBeforeChecks([&] { token = token_client.Call(); }));
  client.Open();
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(token);
  ASSERT_TRUE(rejection) << token.error_message();
  EXPECT_EQ(rejection->reason, fusebox::RejectionReason::kForcedOpen);
}

TEST(HealthProbe, R21_CodeThatHoldsUpChecksLeavesTheProbesToCalls) {
  ScriptedServer server;
  server.Answer(kCheck, Serving());
  std::promise<void> go_on;
  const std::shared_future<void> gone_on = go_on.get_future().share();
  Client blocked(server.target(), AskingPolicy(), WithCallBeforeChecks([=] { gone_on.wait(); }));
  blocked.Open();
  blocked.CallInVain();
  const ScriptedEcho well;
  Client other(well.address());
  other.Open();
  // Asked in vain for a while, then not any more.
  WaitUntil([&] { return other.Call().ok(); });
  EXPECT_NE(other.Snapshot().state, State::kOpen);
  EXPECT_EQ(other.Snapshot().in_flight, 0);
  EXPECT_EQ(blocked.Snapshot().state, State::kOpen);
  go_on.set_value();
  WaitUntil([&] { return blocked.Snapshot().state == State::kHalfOpen; });
}

// As of a call (C2).
TEST(HealthProbe, R21_ACheckThatFailsInThisProcessSaysNothingOfTheServer) {
  const std::optional<TestCertificate> certificate = MakeTestCertificate();
  if (!certificate) GTEST_SKIP() << "makes its certificate by the program openssl: not found";
  TokenSource tokens(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no token"));
  const ScriptedEcho server(Script::Answer(), ServerTls(*certificate));
  TestRegistry shared;
  const auto channel = MustCreateChannel(
      server.address(), OptionsOver(shared, AskingPolicy()),
      grpc::CompositeChannelCredentials(ClientTls(*certificate), tokens.NewCredentials()));
  const auto circuit = *shared.registry->GetOrCreate(CircuitName(Kind::kUnary), AskingPolicy());
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();
  shared.clock.Advance(absl::Seconds(30));
  EXPECT_FALSE(MakeCall(Style::kSync, Kind::kUnary, channel).status.ok());
  WaitUntil([&] { return circuit->Snapshot().totals.ignored == 1; });
  EXPECT_EQ(tokens.asked(), 1);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 2);
  EXPECT_EQ(circuit->Snapshot().totals.probes_failed, 0);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(HealthProbe, R21_AsksOfAService) {
  const WithHealthService with;
  ScriptedEcho server;
  grpc::HealthCheckServiceInterface& health = *server.server().GetHealthCheckService();
  health.SetServingStatus(false);
  health.SetServingStatus("shop.Inventory", true);
  Client client(server.address(), AskingPolicy(), [](fusebox::ChannelOptions& options) {
    options.breaker.health_service = "shop.Inventory";
  });
  client.Open();
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
}

// Rather than to be OPEN for good.
TEST(HealthProbe, R21_AServiceThatTheServerDoesntKnowIsAskedOfThreeTimes) {
  const WithHealthService with;
  ScriptedEcho server;
  Client client(server.address(), AskingPolicy(), [](fusebox::ChannelOptions& options) {
    options.breaker.health_service = "shop.Inventroy";
  });
  client.Open();
  for (int i = 0; i < 2; ++i) {
    client.Ask();
    EXPECT_EQ(client.Snapshot().state, State::kOpen);
    client.AdvanceToProbe();
  }
  client.Ask();
  EXPECT_EQ(client.Snapshot().state, State::kHalfOpen);
  EXPECT_TRUE(client.Call().ok());
}

// Such a channel has no connection to go by.
TEST(HealthProbe, R21_AServerInThisProcessIsSentCalls) {
  const WithHealthService with;
  ScriptedEcho server;
  Client client(server.server(), AskingPolicy());
  client.Open();
  EXPECT_TRUE(client.Call().ok());
  EXPECT_EQ(server.calls(), 1);
  EXPECT_FALSE(client.Snapshot().health_probe_stopped);
}

TEST(HealthProbe, R21_WithoutItNobodyAsks) {
  ScriptedServer server;
  server.Answer(kEcho, Reply::Ok());
  Client client(server.target(), TestPolicy());
  client.Open();
  EXPECT_TRUE(client.Call().ok());
  EXPECT_EQ(server.calls(kCheck), 0);
}

}  // namespace
}  // namespace fusebox_testing
