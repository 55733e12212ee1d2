// SPDX-License-Identifier: Apache-2.0
//
// What a call asks of the channel that it goes by (rule R20), over channels of the application's
// own kind, of which nothing is known.
#include <grpcpp/impl/codegen/channel_interface.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "fusebox/outcome.h"
#include "fusebox/snapshot.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

// Says that it isn't connected, and counts how often it was asked.
class OwnChannel final : public grpc::ChannelInterface {
 public:
  grpc_connectivity_state GetState(bool /*try_to_connect*/) override {
    ++asked_;
    return GRPC_CHANNEL_TRANSIENT_FAILURE;
  }

  int asked() const { return asked_; }

 private:
  grpc::internal::Call CreateCall(const grpc::internal::RpcMethod& /*method*/,
                                  grpc::ClientContext* /*context*/,
                                  grpc::CompletionQueue* /*queue*/) override {
    return {};
  }
  void PerformOpsOnCall(grpc::internal::CallOpSetInterface* /*ops*/,
                        grpc::internal::Call* /*call*/) override {}
  void* RegisterMethod(const char* /*method*/) override { return nullptr; }
  void NotifyOnStateChangeImpl(grpc_connectivity_state /*last_observed*/, gpr_timespec /*deadline*/,
                               grpc::CompletionQueue* /*queue*/, void* /*tag*/) override {
    ++asked_;
  }
  bool WaitForStateChangeImpl(grpc_connectivity_state /*last_observed*/,
                              gpr_timespec /*deadline*/) override {
    ++asked_;
    return false;
  }

  int asked_ = 0;
};

// Two failures by that channel, which open the circuit, and then a probe that is answered.
void OpenAndClose(grpc::ChannelInterface* through) {
  FakeClock clock;
  FakeChannel channel(clock);
  const auto call = [&](const grpc::Status& status) {
    const auto interceptor =
        channel.MakeInterceptor(CallType::UNARY, kMethod, absl::InfiniteFuture(), through);
    return FakeCall(*interceptor).Play(UnaryOps(), status).status;
  };
  for (int i = 0; i < 2; ++i) call({grpc::StatusCode::UNAVAILABLE, "down"});
  EXPECT_EQ(channel.breaker()->state(), fusebox::State::kOpen);
  clock.Advance(absl::Seconds(30));
  EXPECT_TRUE(call(grpc::Status::OK).ok());
  EXPECT_EQ(channel.breaker()->state(), fusebox::State::kClosed);
}

TEST(ConnectionTest, R20_AChannelOfTheApplicationsOwnKindIsLetAlone) {
  OwnChannel channel;
  OpenAndClose(&channel);
  EXPECT_EQ(channel.asked(), 0);
}

TEST(ConnectionTest, R20_SoIsACallOfNoChannel) { OpenAndClose(nullptr); }

}  // namespace
}  // namespace fusebox_testing
