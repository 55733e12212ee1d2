// SPDX-License-Identifier: Apache-2.0
//
// The breaker as the process's global interceptor factory. A program of its own: gRPC allows one
// such factory, and before all channels.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_interceptor.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/fault_injection.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/spy_interceptor.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;

// A test's own, from construction to destruction. No channel may be there at either.
class GlobalFactory {
 public:
  explicit GlobalFactory(std::unique_ptr<ClientInterceptorFactoryInterface> factory)
      : factory_(std::move(factory)) {
    grpc::experimental::RegisterGlobalClientInterceptorFactory(factory_.get());
  }
  GlobalFactory(const GlobalFactory&) = delete;
  GlobalFactory& operator=(const GlobalFactory&) = delete;
  ~GlobalFactory() { grpc::experimental::TestOnlyResetGlobalClientInterceptorFactory(); }

 private:
  const std::unique_ptr<ClientInterceptorFactoryInterface> factory_;
};

class GlobalFactoryTest : public CompositionTest {
 protected:
  fusebox::InterceptorOptions BreakerOptions() const {
    fusebox::InterceptorOptions options;
    options.dependency = "echo";
    options.registry = shared_.registry;
    options.policies.Default(TestPolicy());
    return options;
  }

  static std::shared_ptr<grpc::Channel> PlainChannel(const ScriptedEcho& server) {
    return grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
  }

  const ScriptedEcho server_;
};

TEST_P(GlobalFactoryTest, ProtectsPlainChannels) {
  const GlobalFactory global(MustCreateFactory(BreakerOptions()));
  const auto channel = PlainChannel(server_);
  EXPECT_EQ(MakeCall(style(), kind(), channel).replies, ExpectedReplies(kind()));
  EXPECT_EQ(Calls(), Successes(1));
  Open();
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(server_.calls(), 1);
  EXPECT_EQ(Calls(), (Tally{1, 0, 0, 1, 0}));
}

// It doesn't know the channels' targets.
TEST_P(GlobalFactoryTest, ChannelsToDifferentServersShareCircuits) {
  const GlobalFactory global(MustCreateFactory(BreakerOptions()));
  const ScriptedEcho other;
  MakeCall(style(), kind(), PlainChannel(server_));
  MakeCall(style(), kind(), PlainChannel(other));
  EXPECT_EQ(Calls(), Successes(2));
  EXPECT_EQ(shared_.registry->size(), 1U);
}

// gRPC would call the null that the factory of a channel gives.
TEST_P(GlobalFactoryTest, LetsUnprotectedMethodsPass) {
  fusebox::InterceptorOptions options = BreakerOptions();
  options.policies.Unprotected(MethodOf(kind()).substr(1));
  const GlobalFactory global(MustCreateFactory(std::move(options)));
  EXPECT_EQ(MakeCall(style(), kind(), PlainChannel(server_)).replies, ExpectedReplies(kind()));
  EXPECT_EQ(shared_.registry->size(), 0U);
}

TEST_P(GlobalFactoryTest, LetsMethodsWithoutAFaultPass) {
  const auto injector = *fusebox::FaultInjector::Create({});
  const GlobalFactory global(*fusebox::FaultInjectionInterceptorFactory::Create(injector));
  EXPECT_EQ(MakeCall(style(), kind(), PlainChannel(server_)).replies, ExpectedReplies(kind()));
}

TEST_P(GlobalFactoryTest, StandsBehindAllOfAChannelsOwn) {
  Seen seen;
  const GlobalFactory global(MustCreateFactory(BreakerOptions()));
  fusebox::ChannelOptions::InterceptorFactories own;
  own.push_back(std::make_unique<SpyFactory>(seen));
  const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      server_.address(), grpc::InsecureChannelCredentials(), grpc::ChannelArguments(),
      std::move(own));
  Open();
  MakeCall(style(), kind(), channel);
  EXPECT_EQ(seen.starts, 1);
  EXPECT_TRUE(fusebox::GetRejection(seen.last_status));
  EXPECT_EQ(Calls(), Rejections(1));
}

// Two breakers, one behind the other.
TEST_P(GlobalFactoryTest, CountsWhatAChannelsOwnBreakerLetsThrough) {
  const GlobalFactory global(MustCreateFactory(BreakerOptions()));
  const TestRegistry own;
  const auto channel = MustCreateChannel(server_.address(), TestOptions(own));
  MakeCall(style(), kind(), channel);
  const auto circuit = own.registry->Find(CircuitName(kind()));
  ASSERT_NE(circuit, nullptr);
  EXPECT_EQ(circuit->Snapshot().totals.success, 1);
  EXPECT_EQ(Calls(), Successes(1));

  ASSERT_TRUE(circuit->ForceOpen(fusebox::Operator("the test").Because("shows it")).ok());
  MakeCall(style(), kind(), channel);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 1);
  EXPECT_EQ(Calls(), Successes(1));
}

FUSEBOX_FOR_EVERY_CALL(GlobalFactoryTest);

}  // namespace
}  // namespace fusebox_testing
