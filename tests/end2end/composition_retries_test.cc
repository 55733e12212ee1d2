// SPDX-License-Identifier: Apache-2.0
//
// gRPC's own retries run inside the breaker: however often gRPC tries, it's one call and one
// outcome.
#include <grpc/grpc.h>
#include <grpcpp/client_context.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/grpc_version.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

// With more fields, if any, at the head of the policy. Much less than 50 ms, and calls hang in gRPC
// 1.83: docs/grpc-notes.md.
std::string Retries(const std::string& fields = "") {
  return R"({
    "methodConfig": [{
      "name": [{ "service": "fusebox_testing.Echo" }],
      "retryPolicy": {)" +
         fields + R"(
        "maxAttempts": 3,
        "initialBackoff": "0.05s",
        "maxBackoff": "0.05s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"]
      }
    }]
  })";
}

std::string ImpatientRetries() { return Retries(R"("perAttemptRecvTimeout": "0.5s",)"); }

constexpr char kHedging[] = R"({
  "methodConfig": [{
    "name": [{ "service": "fusebox_testing.Echo" }],
    "hedgingPolicy": {
      "maxAttempts": 3,
      "hedgingDelay": "0s",
      "nonFatalStatusCodes": ["UNAVAILABLE"]
    }
  }]
})";

Script Unavailable() { return Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "down")); }

// Ends the test program, with a word why, when a call of gRPC's retries never ends.
class HangGuard {
 public:
  HangGuard() : thread_([this] { Watch(); }) {}
  HangGuard(const HangGuard&) = delete;
  HangGuard& operator=(const HangGuard&) = delete;
  ~HangGuard() {
    done_.set_value();
    thread_.join();
  }

 private:
  void Watch() {
    constexpr std::chrono::minutes kBound(2);
    if (done_.get_future().wait_for(kBound) == std::future_status::ready) return;
    std::cerr << "The retries of gRPC " << grpc::Version() << ": the call never ends\n";
    std::_Exit(1);
  }

  std::promise<void> done_;
  std::thread thread_;
};

// With gRPC 1.51 without streams that write by the callback interface: when it tries one again, it
// now and then forgets one of its operations, and the call never ends; without interceptors, too.
class RetriesTest : public CompositionTest {
 protected:
  void SetUp() override {
    if (IsGrpc151() && style() == Style::kCallback && ClientStreams(kind())) {
      GTEST_SKIP() << "gRPC 1.51 may hang when it tries a callback stream again that writes";
    }
  }

  std::shared_ptr<grpc::Channel> NewChannel(const ScriptedEcho& server,
                                            const std::string& service_config,
                                            bool enable_hedging = false) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.arguments.SetServiceConfigJSON(service_config);
    if (enable_hedging) options.arguments.SetInt(GRPC_ARG_EXPERIMENTAL_ENABLE_HEDGING, 1);
    return MustCreateChannel(server.address(), std::move(options));
  }

 private:
  const HangGuard guard_;
};

TEST_P(RetriesTest, P5_ThreeAttemptsAreOneFailure) {
  const ScriptedEcho server(Unavailable());
  const Report report = MakeCall(style(), kind(), NewChannel(server, Retries()));
  EXPECT_EQ(report.status.error_message(), "down");
  EXPECT_EQ(server.calls(), 3);
  EXPECT_EQ(Calls(), Failures(1));
}

TEST_P(RetriesTest, P5_ASecondAttemptThatSucceedsIsOneSuccess) {
  std::atomic<int> arrived{0};
  ScriptedEcho* to_play = nullptr;
  ScriptedEcho server(Unavailable(), [&] {
    if (++arrived == 2) to_play->Play(Script::Answer());
  });
  to_play = &server;
  const Report report = MakeCall(style(), kind(), NewChannel(server, Retries()));
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.replies, ExpectedReplies(kind()));
  EXPECT_EQ(server.calls(), 2);
  EXPECT_EQ(Calls(), Successes(1));
}

TEST_P(RetriesTest, P5_TheLatencyIsThatOfAllAttempts) {
  const ScriptedEcho server(Unavailable(), [&] { shared_.clock.Advance(absl::Seconds(1)); });
  fusebox::Policy policy = TestPolicy();
  policy.slow_call_duration = absl::Seconds(3);
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.policies.Method(MethodOf(kind()).substr(1), policy);
  options.breaker.streams.time_client_streams = true;
  options.arguments.SetServiceConfigJSON(Retries());
  MakeCall(style(), kind(), MustCreateChannel(server.address(), std::move(options)));
  EXPECT_EQ(Snapshot().totals.slow, 1);
}

TEST_P(RetriesTest, P5_ThreeAttemptsOfAProbeAreOneProbe) {
  const ScriptedEcho server(Unavailable());
  const auto channel = NewChannel(server, Retries());
  HalfOpen();
  MakeCall(style(), kind(), channel);
  EXPECT_EQ(server.calls(), 3);
  EXPECT_EQ(Calls(), Failures(1));
  EXPECT_EQ(Snapshot().state, fusebox::State::kOpen);
}

TEST_P(RetriesTest, P5_ARejectedCallIsNotTriedAgain) {
  const ScriptedEcho server;
  const auto channel = NewChannel(server, Retries());
  Open();
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Rejections(1));
}

// An attempt may have its own time, which gRPC heeds only if hedging is enabled.
TEST_P(RetriesTest, P5_AnAttemptThatTakesTooLongIsTriedAgainInTheSameCall) {
  std::atomic<int> arrived{0};
  ScriptedEcho* to_play = nullptr;
  ScriptedEcho server(Script::Hang(), [&] {
    if (++arrived == 2) to_play->Play(Script::Answer());
  });
  to_play = &server;
  const auto channel = NewChannel(server, ImpatientRetries(), true);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  EXPECT_TRUE(MakeCall(style(), kind(), channel, context).status.ok());
  EXPECT_EQ(server.calls(), 2);
  EXPECT_EQ(Calls(), Successes(1));
}

// The arguments of channels and service configs know hedging, and gRPC up to 1.83 does nothing by
// it, be it enabled or not. With one that does, the server sees three attempts.
TEST_P(RetriesTest, P5_AHedgedCallIsOneCall) {
  for (const bool enable : {false, true}) {
    const ScriptedEcho server(Unavailable());
    const int64_t before = Calls().failure;
    MakeCall(style(), kind(), NewChannel(server, kHedging, enable));
    EXPECT_EQ(Calls(), Failures(before + 1)) << enable;
    EXPECT_EQ(server.calls(), 1) << "gRPC " << grpc::Version()
                                 << " hedges: say so in docs/composition.md";
  }
}

FUSEBOX_FOR_EVERY_CALL(RetriesTest);

}  // namespace
}  // namespace fusebox_testing
