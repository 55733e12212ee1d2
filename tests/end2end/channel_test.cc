// SPDX-License-Identifier: Apache-2.0
//
// fusebox::CreateChannel: what it refuses, which circuits its channels use, and where the breaker
// stands among other interceptors.
#include "fusebox/grpc/channel.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/spy_interceptor.h"
#include "tests/support/echo.grpc.pb.h"
#include "tests/support/hostile_texts.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::GetRejection;
using testing::AllOf;
using testing::HasSubstr;

// ---- What it refuses. tests/interceptors has what the factory refuses.

TEST(CreateChannelTest, RefusesAnEmptyTargetEvenWithAName) {
  const TestRegistry shared;
  const absl::Status status =
      fusebox::CreateChannel("", grpc::InsecureChannelCredentials(), TestOptions(shared)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("target = \"\""));
}

TEST(CreateChannelTest, NamesAllThatIsWrongAtOnce) {
  fusebox::Policy policy;
  policy.jitter = 1;
  fusebox::ChannelOptions options;
  options.breaker.policies.Default(policy).Method("fusebox_testing.Echo/Unry", fusebox::Policy());
  options.breaker.classifier.min_deadline = absl::Seconds(-1);
  const absl::Status status = fusebox::CreateChannel("", nullptr, std::move(options)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("target"), HasSubstr("credentials"), HasSubstr("registry"),
                    HasSubstr("jitter = 1"), HasSubstr("fusebox_testing.Echo/Unry"),
                    HasSubstr("min_deadline = -1s")));
}

TEST(CreateChannelTest, IsNamedAfterItsTargetUnlessNamed) {
  const ScriptedEcho server;
  TestRegistry shared;
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.dependency.clear();
  MakeCall(Style::kSync, Kind::kUnary, MustCreateChannel(server.address(), std::move(options)));
  EXPECT_NE(shared.registry->Find(server.address() + MethodOf(Kind::kUnary)), nullptr);
  EXPECT_EQ(shared.registry->List().size(), 1U);
}

// ---- Which circuits.

TEST(CreateChannelTest, ChannelsOfOneNameShareCircuits) {
  const DeadAddress dead;
  const ScriptedEcho server;
  const TestRegistry shared;
  const auto failing = MustCreateChannel(dead.address(), TestOptions(shared));
  const auto healthy = MustCreateChannel(server.address(), TestOptions(shared));
  for (int i = 0; i < 2; ++i) MakeCall(Style::kSync, Kind::kUnary, failing);
  EXPECT_TRUE(GetRejection(MakeCall(Style::kSync, Kind::kUnary, healthy).status));
  EXPECT_EQ(shared.registry->List().size(), 1U);
}

TEST(CreateChannelTest, ChannelsOfDifferentNamesDoNot) {
  const DeadAddress dead;
  const ScriptedEcho server;
  const TestRegistry shared;
  fusebox::ChannelOptions other = TestOptions(shared);
  other.breaker.dependency = "other";
  const auto failing = MustCreateChannel(dead.address(), TestOptions(shared));
  const auto healthy = MustCreateChannel(server.address(), std::move(other));
  for (int i = 0; i < 2; ++i) MakeCall(Style::kSync, Kind::kUnary, failing);
  EXPECT_TRUE(MakeCall(Style::kSync, Kind::kUnary, healthy).status.ok());
  EXPECT_EQ(shared.registry->List().size(), 2U);
}

TEST(CreateChannelTest, ChannelsOfDifferentRegistriesDoNot) {
  const DeadAddress dead;
  ProtectedClient failing(dead.address());
  const ScriptedEcho server;
  ProtectedClient healthy(server.address());
  for (int i = 0; i < 2; ++i) MakeCall(Style::kSync, Kind::kUnary, failing.channel());
  EXPECT_TRUE(MakeCall(Style::kSync, Kind::kUnary, healthy.channel()).status.ok());
}

TEST(CreateChannelTest, P2_AKeyGivesEachTenantACircuit) {
  const DeadAddress dead;
  const TestRegistry shared;
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.circuit_key = [](const fusebox::CallInfo& call) {
    const auto tenant = call.metadata.find("tenant");
    return tenant == call.metadata.end() ? std::string() : tenant->second;
  };
  const auto stub = Echo::NewStub(MustCreateChannel(dead.address(), std::move(options)));
  const auto call = [&](const std::string& tenant) {
    grpc::ClientContext context;
    context.AddMetadata("tenant", tenant);
    EchoReply reply;
    return stub->Unary(&context, EchoRequest(), &reply);
  };
  for (int i = 0; i < 2; ++i) call("blue");
  EXPECT_EQ(GetRejection(call("blue"))->circuit, "echo/blue");
  EXPECT_FALSE(GetRejection(call("green")));
}

// Whose key is what it says, whatever it says.
fusebox::ChannelOptions WithKey(const TestRegistry& shared, const std::string& key) {
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.circuit_key = [key](const fusebox::CallInfo& /*call*/) { return key; };
  return options;
}

TEST(CreateChannelTest, P3_AKeyThatLooksLikeAMethodDoesNotOpenTheMethodsCircuit) {
  const DeadAddress dead;
  const TestRegistry shared;
  const auto keyed =
      MustCreateChannel(dead.address(), WithKey(shared, "fusebox_testing.Echo/Unary"));
  const auto plain = MustCreateChannel(dead.address(), TestOptions(shared));
  for (int i = 0; i < 2; ++i) MakeCall(Style::kSync, Kind::kUnary, keyed);
  EXPECT_EQ(GetRejection(MakeCall(Style::kSync, Kind::kUnary, keyed).status)->circuit,
            "echo/fusebox_testing.Echo%2FUnary");
  EXPECT_FALSE(GetRejection(MakeCall(Style::kSync, Kind::kUnary, plain).status));
  EXPECT_EQ(shared.registry->Find(CircuitName(Kind::kUnary))->state(), fusebox::State::kClosed);
}

TEST(CreateChannelTest, P3_SlashesOfTargetsAndKeysAreKeptApart) {
  const DeadAddress dead;
  const TestRegistry shared;
  fusebox::Policy at_once = TestPolicy();
  at_once.consecutive_failures = 1;
  const auto make = [&](const std::string& target, const std::string& key,
                        const fusebox::Policy& policy) {
    fusebox::ChannelOptions options = WithKey(shared, key);
    options.breaker.dependency = target;
    options.breaker.policies = fusebox::PolicyTable().Default(policy);
    return MustCreateChannel(dead.address(), std::move(options));
  };
  const auto one = make("x", "a/b", TestPolicy());
  const auto other = make("x/a", "b", at_once);
  MakeCall(Style::kSync, Kind::kUnary, one);
  MakeCall(Style::kSync, Kind::kUnary, other);
  EXPECT_FALSE(GetRejection(MakeCall(Style::kSync, Kind::kUnary, one).status));
  const auto rejection = GetRejection(MakeCall(Style::kSync, Kind::kUnary, other).status);
  ASSERT_TRUE(rejection);  // by its own policy
  EXPECT_EQ(shared.registry->Find(rejection->circuit)->target(), "x/a");
  EXPECT_EQ(shared.registry->size(), 2U);
}

// However long and strange target and key are, a server that answers with the rejection that it got
// itself is understood.
TEST(CreateChannelTest, ARejectionThatIsPassedOnArrives) {
  const DeadAddress dead;
  ScriptedEcho server;
  const std::shared_ptr<grpc::Channel> to_server =
      grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
  std::set<std::string> circuits;
  for (const std::string& text : HostileTexts()) {
    for (const bool as_target : {true, false}) {
      const TestRegistry shared;
      fusebox::ChannelOptions options = WithKey(shared, as_target ? "key" : text);
      if (as_target) options.breaker.dependency = text;
      const auto protected_channel = MustCreateChannel(dead.address(), std::move(options));
      for (int i = 0; i < 2; ++i) MakeCall(Style::kSync, Kind::kUnary, protected_channel);
      const grpc::Status rejected = MakeCall(Style::kSync, Kind::kUnary, protected_channel).status;
      ASSERT_TRUE(GetRejection(rejected));
      server.Play(Script::Fail(rejected));
      const grpc::Status passed_on = MakeCall(Style::kSync, Kind::kUnary, to_server).status;
      EXPECT_EQ(passed_on.error_message(), rejected.error_message());
      EXPECT_EQ(passed_on.error_details(), rejected.error_details());
      ASSERT_TRUE(GetRejection(passed_on)) << passed_on.error_message();
      EXPECT_NE(shared.registry->Find(GetRejection(passed_on)->circuit), nullptr);
      EXPECT_TRUE(circuits.insert(GetRejection(passed_on)->circuit).second);
    }
  }
}

TEST(CreateChannelTest, EachMethodHasItsOwnCircuit) {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  client.Open(Kind::kUnary);
  EXPECT_TRUE(GetRejection(MakeCall(Style::kSync, Kind::kUnary, client.channel()).status));
  EXPECT_TRUE(MakeCall(Style::kSync, Kind::kBidi, client.channel()).status.ok());
  EXPECT_EQ(client.registry().List().size(), 2U);
}

TEST(CreateChannelTest, CircuitsOutliveTheirChannel) {
  const ScriptedEcho server;
  const TestRegistry shared;
  {
    const auto channel = MustCreateChannel(server.address(), TestOptions(shared));
    MakeCall(Style::kSync, Kind::kUnary, channel);
  }
  EXPECT_EQ(shared.registry->Find(CircuitName(Kind::kUnary))->Snapshot().totals.success, 1);
}

class PolicyTest : public EveryCallTest {};

TEST_P(PolicyTest, UnprotectedMethodHasNoCircuit) {
  const ScriptedEcho server;
  const TestRegistry shared;
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.policies.Unprotected(MethodOf(kind()).substr(1));
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  EXPECT_TRUE(MakeCall(style(), kind(), channel).status.ok());
  EXPECT_TRUE(shared.registry->List().empty());
}

TEST_P(PolicyTest, MethodBeforeServiceBeforeDefault) {
  fusebox::Policy at_once = TestPolicy();
  at_once.consecutive_failures = 1;
  const DeadAddress dead;
  const TestRegistry shared;
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.policies.Service("fusebox_testing.Echo", TestPolicy())
      .Method(MethodOf(kind()).substr(1), at_once);
  const auto channel = MustCreateChannel(dead.address(), std::move(options));
  for (const Kind any_kind : kKinds) MakeCall(style(), any_kind, channel);
  for (const Kind any_kind : kKinds) {
    EXPECT_EQ(shared.registry->Find(CircuitName(any_kind))->state(),
              any_kind == kind() ? fusebox::State::kOpen : fusebox::State::kClosed)
        << Name(any_kind);
  }
}

FUSEBOX_FOR_EVERY_CALL(PolicyTest);

// ---- Where the breaker stands.

class InterceptorOrderTest : public EveryCallTest {
 protected:
  fusebox::ChannelOptions SpiedOptions() {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.outer_interceptors.push_back(std::make_unique<SpyFactory>(outer_));
    options.inner_interceptors.push_back(std::make_unique<SpyFactory>(inner_));
    return options;
  }

  TestRegistry shared_;
  Seen outer_;
  Seen inner_;
};

TEST_P(InterceptorOrderTest, EveryoneSeesAPermittedCall) {
  const ScriptedEcho server(Script::Fail(grpc::Status(grpc::StatusCode::NOT_FOUND, "no")));
  const auto channel = MustCreateChannel(server.address(), SpiedOptions());
  MakeCall(style(), kind(), channel);
  for (const Seen* seen : {&outer_, &inner_}) {
    EXPECT_EQ(seen->starts, 1);
    EXPECT_EQ(seen->statuses, 1);
    EXPECT_EQ(seen->last_status.error_message(), "no");
  }
}

TEST_P(InterceptorOrderTest, OnlyOuterOnesSeeARejectedCall) {
  const DeadAddress dead;
  const auto channel = MustCreateChannel(dead.address(), SpiedOptions());
  const auto circuit = *shared_.registry->GetOrCreate(CircuitName(kind()), TestPolicy());
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();
  const Report report = MakeCall(style(), kind(), channel);
  EXPECT_TRUE(GetRejection(report.status));
  EXPECT_EQ(outer_.starts, 1);
  EXPECT_EQ(outer_.statuses, 1);
  EXPECT_EQ(outer_.last_status.error_message(), report.status.error_message());
  EXPECT_TRUE(GetRejection(outer_.last_status));
  EXPECT_EQ(inner_.starts, 0);
  EXPECT_EQ(inner_.statuses, 0);
}

FUSEBOX_FOR_EVERY_CALL(InterceptorOrderTest);

}  // namespace
}  // namespace fusebox_testing
