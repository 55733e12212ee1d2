// SPDX-License-Identifier: Apache-2.0
//
// Code of the application's that throws while a call goes through every style of stub: the call
// goes on.
#include "fusebox/user_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.pb.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class UserCodeTest : public EveryCallTest {
 protected:
  Report Call(fusebox::ChannelOptions options) {
    return MakeCall(style(), kind(), MustCreateChannel(server_.address(), std::move(options)));
  }

  fusebox::CircuitSnapshot Snapshot() {
    return (*shared_.registry->GetOrCreate(CircuitName(kind()), TestPolicy()))->Snapshot();
  }

  std::vector<std::string> Failures() const {
    std::vector<std::string> failures;
    for (const fusebox::Event& event : shared_.registry->EventsSince(0).events) {
      if (event.kind != fusebox::EventKind::kUserCodeFailed) continue;
      EXPECT_EQ(event.circuit, CircuitName(kind()));
      failures.push_back(event.detail);
    }
    return failures;
  }

  ScriptedEcho server_;
  TestRegistry shared_;
};

TEST_P(UserCodeTest, APredicateThatThrowsLeavesTheCallToTheTable) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.classifier.predicate =
      [](const fusebox::CallResult&) -> std::optional<fusebox::OutcomeKind> {
    throw std::out_of_range("no such tenant");
  };
  const auto channel = MustCreateChannel(server_.address(), std::move(options));
  EXPECT_TRUE(MakeCall(style(), kind(), channel).status.ok());
  EXPECT_EQ(Snapshot().totals.success, 1);
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  EXPECT_EQ(MakeCall(style(), kind(), channel).status.error_message(), "broken");
  EXPECT_EQ(Snapshot().totals.failure, 1);
  EXPECT_EQ(shared_.registry->Stats().user_code_failures, 2);
  EXPECT_THAT(Failures(), ElementsAre("the classifier's predicate threw std::out_of_range"));
}

TEST_P(UserCodeTest, P2_AKeyThatThrowsLeavesTheCallToTheScope) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.circuit_key = [](const fusebox::CallInfo&) -> std::string {
    throw std::runtime_error("no tenant");
  };
  const Report report = Call(std::move(options));
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  EXPECT_THAT(report.replies, ElementsAreArray(ExpectedReplies(kind())));
  EXPECT_EQ(shared_.registry->Stats().circuits, 1U);
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_THAT(Failures(), ElementsAre("the circuit_key function threw std::runtime_error"));
}

TEST_P(UserCodeTest, AListenerThatThrowsIsNoCallersAffair) {
  const auto handle =
      shared_.registry->AddListener([](const fusebox::Event&) { throw std::bad_alloc(); });
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  const auto channel = MustCreateChannel(server_.address(), TestOptions(shared_));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(MakeCall(style(), kind(), channel).status.error_message(), "broken");
  }
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(Snapshot().state, fusebox::State::kOpen);
  EXPECT_THAT(Failures(), ElementsAre("a listener threw std::bad_alloc"));
}

FUSEBOX_FOR_EVERY_CALL(UserCodeTest);

// ---- A clock.

enum class Reading { kNow, kWallNow, kBoth };

std::string Name(Reading reading) {
  switch (reading) {
    case Reading::kNow:
      return "Now";
    case Reading::kWallNow:
      return "WallNow";
    case Reading::kBoth:
      return "Both";
  }
  return "";
}
void PrintTo(Reading reading, std::ostream* out) { *out << Name(reading); }

// A FakeClock of which some readings throw while it fails. Any thread may use it.
class FailingClock final : public fusebox::Clock {
 public:
  explicit FailingClock(Reading failing) : failing_(failing) {}

  void Fail(bool fails) { fails_ = fails; }
  void Advance(absl::Duration by) { clock_.Advance(by); }

  fusebox::SteadyTime Now() const override {
    if (fails_ && failing_ != Reading::kWallNow) throw std::runtime_error("no time");
    return clock_.Now();
  }
  absl::Time WallNow() const override {
    if (fails_ && failing_ != Reading::kNow) throw 7;
    return clock_.WallNow();
  }

 private:
  const Reading failing_;
  std::atomic<bool> fails_{false};
  FakeClock clock_;
};

class FailingClockTest : public testing::TestWithParam<std::tuple<Style, Kind, Reading>> {
 protected:
  FailingClockTest() {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock_;
    shared_.registry = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
  }

  Kind kind() const { return std::get<Kind>(GetParam()); }
  Reading reading() const { return std::get<Reading>(GetParam()); }

  Report Call(ChannelRef channel) { return MakeCall(std::get<Style>(GetParam()), kind(), channel); }
  fusebox::CircuitSnapshot Snapshot() {
    return shared_.registry->Find(CircuitName(kind()))->Snapshot();
  }
  std::vector<std::string> Failures() const {
    std::vector<std::string> failures;
    for (const fusebox::Event& event : shared_.registry->EventsSince(0).events) {
      if (event.kind == fusebox::EventKind::kUserCodeFailed) failures.push_back(event.detail);
    }
    return failures;
  }
  void ExpectToldOfTheClock() {
    EXPECT_GT(shared_.registry->Stats().user_code_failures, 0);
    EXPECT_THAT(Failures(),
                AllOf(Not(IsEmpty()), Each(StartsWith("the clock threw an exception"))));
  }

  ScriptedEcho server_;
  FailingClock clock_{reading()};
  TestRegistry shared_;
};

TEST_P(FailingClockTest, CallsSucceedFailAndAreRejectedAsUsual) {
  clock_.Fail(true);
  const auto channel = MustCreateChannel(server_.address(), TestOptions(shared_));
  const Report answered = Call(channel);
  EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
  EXPECT_THAT(answered.replies, ElementsAreArray(ExpectedReplies(kind())));
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Call(channel).status.error_message(), "broken");
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(Call(channel).status);
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->retry_after, absl::Seconds(30));
  const fusebox::CircuitSnapshot snapshot = Snapshot();
  EXPECT_EQ(snapshot.state, fusebox::State::kOpen);
  EXPECT_EQ(snapshot.totals.success, 1);
  EXPECT_EQ(snapshot.totals.failure, 2);
  EXPECT_EQ(snapshot.totals.rejected, 1);
  EXPECT_EQ(snapshot.in_flight, 0);
  ExpectToldOfTheClock();
}

TEST_P(FailingClockTest, CallsThatAreOutWhenItBeginsToFailEndAsUsual) {
  const auto channel = MustCreateChannel(server_.address(), TestOptions(shared_));
  grpc::ClientContext context;
  const auto call = StartEchoCall(std::get<Style>(GetParam()), kind(), channel, context);
  clock_.Fail(true);
  const Report report = Converse(kind(), *call);
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  EXPECT_EQ(Snapshot().in_flight, 0);
  EXPECT_EQ(Snapshot().totals.success, 1);
}

TEST_P(FailingClockTest, ProbesCloseTheCircuitOnceItTellsTheTimeAgain) {
  const auto channel = MustCreateChannel(server_.address(), TestOptions(shared_));
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Call(channel).status.error_message(), "broken");
  server_.Play(Script::Answer());
  clock_.Fail(true);
  // If it is Now that fails, time stands still; if not, it goes on.
  clock_.Advance(absl::Seconds(29));
  EXPECT_TRUE(fusebox::GetRejection(Call(channel).status));
  clock_.Fail(false);
  clock_.Advance(absl::Seconds(1));
  clock_.Fail(reading() == Reading::kWallNow);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Call(channel).status.ok());
  EXPECT_EQ(Snapshot().state, fusebox::State::kClosed);
}

// With rules for which every call is timed, on the way that takes no lock.
TEST_P(FailingClockTest, EachOfItsExceptionsIsCountedAtOnce) {
  fusebox::Policy policy = TestPolicy();
  policy.slow_call_rate = 1;
  policy.slow_call_duration = absl::Seconds(1);
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.policies = fusebox::PolicyTable();
  options.breaker.policies.Default(policy);
  const auto channel = MustCreateChannel(server_.address(), std::move(options));
  EXPECT_TRUE(Call(channel).status.ok());
  clock_.Fail(true);
  const Report report = Call(channel);
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  // An ordinary call asks for the time of day nowhere.
  const int64_t failures = shared_.registry->Stats().user_code_failures;
  if (reading() == Reading::kWallNow) {
    EXPECT_EQ(failures, 0);
  } else {
    EXPECT_GT(failures, 0);
  }
  EXPECT_EQ(Snapshot().totals.success, 2);
  EXPECT_EQ(Snapshot().totals.slow, 0);
  if (reading() != Reading::kWallNow) ExpectToldOfTheClock();
}

INSTANTIATE_TEST_SUITE_P(EveryCall, FailingClockTest,
                         testing::Combine(testing::ValuesIn(kStyles), testing::ValuesIn(kKinds),
                                          testing::Values(Reading::kNow, Reading::kWallNow,
                                                          Reading::kBoth)),
                         [](const testing::TestParamInfo<FailingClockTest::ParamType>& cell) {
                           return Name(std::get<Style>(cell.param)) + "_" +
                                  Name(std::get<Kind>(cell.param)) + "_" +
                                  Name(std::get<Reading>(cell.param));
                         });

// ---- Fallbacks: unary calls, and stubs that know their messages.

grpc::Status HalfAnAnswer(const EchoRequest& request, EchoReply* reply) {
  reply->set_text("half of " + request.text());
  throw std::runtime_error("the cache is gone");
}

class ThrowingFallbackTest : public testing::TestWithParam<Style> {};

TEST_P(ThrowingFallbackTest, TheCallIsRejected) {
  const ScriptedEcho server;
  const TestRegistry shared;
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.fallbacks.Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Unary",
                                                           HalfAnAnswer);
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  const auto circuit = *shared.registry->GetOrCreate(CircuitName(Kind::kUnary), TestPolicy());
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();

  grpc::ClientContext context;
  const auto call = StartEchoCall(GetParam(), Kind::kUnary, channel, context);
  std::string reply;
  const grpc::Status status = call->Finish(&reply);
  EXPECT_TRUE(fusebox::GetRejection(status)) << status.error_message();
  EXPECT_EQ(reply, "");
  EXPECT_EQ(shared.registry->Stats().user_code_failures, 1);
  const std::vector<fusebox::Event> events = shared.registry->EventsSince(0).events;
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, fusebox::EventKind::kUserCodeFailed);
  EXPECT_EQ(events.back().detail, "a fallback threw std::runtime_error");
}

INSTANTIATE_TEST_SUITE_P(Styles, ThrowingFallbackTest,
                         testing::Values(Style::kSync, Style::kCompletionQueue, Style::kCallback),
                         [](const testing::TestParamInfo<Style>& style) {
                           return Name(style.param);
                         });

}  // namespace
}  // namespace fusebox_testing
