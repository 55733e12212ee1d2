// SPDX-License-Identifier: Apache-2.0
//
// Calls that a ScriptedServer holds, waits for, and has many of at once.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/testing/scripted_server.h"
#include "tests/testing/unary_call.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;

class ScriptedHoldTest : public testing::Test {
 protected:
  // On a thread of its own.
  std::future<Result> StartUnary() {
    return std::async(std::launch::async, [this] { return CallUnary(channel_, context_); });
  }

  ScriptedServer server_;
  const std::shared_ptr<grpc::Channel> channel_ = server_.NewChannel();
  grpc::ClientContext context_;
};

TEST_F(ScriptedHoldTest, HoldsUntilReleased) {
  server_.Hold(kUnary);
  std::future<Result> held = StartUnary();
  ASSERT_TRUE(server_.WaitForCalls(kUnary, 1));

  // A later answer is for later calls; the held one stays where it is.
  server_.Answer(kUnary, Saying("tea"));
  EXPECT_EQ(CallUnary(channel_).text, "tea");
  EXPECT_EQ(held.wait_for(std::chrono::seconds(0)), std::future_status::timeout);

  server_.Release(kUnary);
  EXPECT_EQ(held.get().text, "tea");
}

TEST_F(ScriptedHoldTest, ReleaseEndsTheHoldForLaterCallsToo) {
  server_.Answer(kUnary, Saying("tea"));
  server_.Hold(kUnary);
  server_.Release(kUnary);
  EXPECT_EQ(CallUnary(channel_).text, "tea");
}

TEST_F(ScriptedHoldTest, HeldCallMayBeCancelled) {
  server_.Answer(kUnary, Saying("tea"));
  server_.Hold(kUnary);
  std::future<Result> held = StartUnary();
  ASSERT_TRUE(server_.WaitForCalls(kUnary, 1));
  context_.TryCancel();
  EXPECT_EQ(held.get().status.error_code(), StatusCode::CANCELLED);
  server_.Release(kUnary);  // of nobody
  EXPECT_EQ(CallUnary(channel_).text, "tea");
}

TEST_F(ScriptedHoldTest, HeldCallLastsUntilItsDeadline) {
  server_.Hold(kUnary);
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  EXPECT_EQ(CallUnary(channel_, context_).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ScriptedHoldTest, WaitIsLimited) {
  EXPECT_TRUE(server_.WaitForCalls(kUnary, 0, absl::ZeroDuration()));
  EXPECT_FALSE(server_.WaitForCalls(kUnary, 1, absl::ZeroDuration()));
  EXPECT_FALSE(server_.WaitForCalls(kUnary, 1, -absl::InfiniteDuration()));
  server_.Answer(kUnary, Reply::Ok());
  CallUnary(channel_);
  EXPECT_TRUE(server_.WaitForCalls(kUnary, 1, absl::ZeroDuration()));
  EXPECT_TRUE(server_.WaitForCalls(kUnary, 1, absl::InfiniteDuration()));
}

TEST_F(ScriptedHoldTest, WaitWithoutAnEndIsWokenByACall) {
  server_.Answer(kUnary, Reply::Ok());
  std::future<bool> arrived = std::async(std::launch::async, [this] {
    return server_.WaitForCalls(kUnary, 2, absl::InfiniteDuration());
  });
  CallUnary(channel_);
  CallUnary(channel_);
  EXPECT_TRUE(arrived.get());
}

TEST_F(ScriptedHoldTest, ServesManyAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 50;
  server_.Answer(kUnary, Saying("tea"));
  std::vector<std::future<int>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(std::async(std::launch::async, [this] {
      int good = 0;
      for (int call = 0; call < kCalls; ++call) good += CallUnary(channel_).text == "tea" ? 1 : 0;
      return good;
    }));
  }
  for (std::future<int>& thread : threads) EXPECT_EQ(thread.get(), kCalls);
  EXPECT_EQ(server_.calls(kUnary), kThreads * kCalls);
}

// Releases race with the calls' own cancellations; whichever comes first ends a call, once.
TEST_F(ScriptedHoldTest, ReleaseMayRaceWithCancellation) {
  server_.Answer(kUnary, Saying("tea"));
  for (int round = 1; round <= 50; ++round) {
    server_.Hold(kUnary);
    grpc::ClientContext context;
    std::future<Result> held =
        std::async(std::launch::async, [&] { return CallUnary(channel_, context); });
    ASSERT_TRUE(server_.WaitForCalls(kUnary, round));
    std::thread canceller([&] { context.TryCancel(); });
    server_.Release(kUnary);
    canceller.join();
    const Result result = held.get();
    EXPECT_EQ(result.status.ok() ? StatusCode::CANCELLED : result.status.error_code(),
              StatusCode::CANCELLED);
  }
}

TEST(ScriptedHold, DestructionEndsCallsThatAreHeld) {
  auto server = std::make_unique<ScriptedServer>();
  const std::shared_ptr<grpc::Channel> channel = server->NewChannel();
  server->Hold(kUnary);
  std::vector<std::future<Result>> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(std::async(std::launch::async, [&] { return CallUnary(channel); }));
  }
  ASSERT_TRUE(server->WaitForCalls(kUnary, 4));
  server.reset();
  for (std::future<Result>& call : held) EXPECT_FALSE(call.get().status.ok());
}

TEST(ScriptedHold, DestructionWithoutAnyCall) { EXPECT_NE(ScriptedServer().target(), ""); }

}  // namespace
}  // namespace fusebox_testing
