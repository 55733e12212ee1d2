// SPDX-License-Identifier: Apache-2.0
//
// The outcome and the latency of streaming calls (rule C6).
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "fusebox/state.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

using fusebox::State;
using fusebox::StreamOptions;
using fusebox::StreamSuccess;
using grpc::StatusCode;

const grpc::Status kBroken(StatusCode::UNAVAILABLE, "connection reset");

fusebox::Policy SlowAfter100Ms() {
  fusebox::Policy policy = FakeCallPolicy();
  policy.slow_call_duration = absl::Milliseconds(100);
  return policy;
}

fusebox::InterceptorOptions With(StreamOptions streams) {
  fusebox::InterceptorOptions options;
  options.streams = streams;
  return options;
}

class StreamLatencyTest : public testing::Test {
 protected:
  // How many calls count as slow after one whose first message, and whose status, take that long.
  int64_t Slow(CallType type, absl::Duration to_message, absl::Duration to_status,
               StreamOptions streams = {}) {
    FakeChannel channel(clock_, SlowAfter100Ms(), With(streams));
    const auto interceptor = channel.MakeInterceptor(type);
    FakeCall call(*interceptor);
    call.Play(StartReadOnlyOps());
    clock_.Advance(to_message);
    const bool client_stream = type == CallType::CLIENT_STREAMING;
    if (type != CallType::UNARY && !client_stream) call.Play(ReadOps());
    clock_.Advance(to_status - to_message);
    call.Play(client_stream ? FinishWithReplyOps() : FinishOps());
    return channel.breaker()->Snapshot().totals.slow;
  }

  FakeClock clock_;
  const absl::Duration fast_ = absl::Milliseconds(99);
  const absl::Duration slow_ = absl::Milliseconds(100);
};

TEST_F(StreamLatencyTest, C6_AUnaryCallsIsToItsStatus) {
  EXPECT_EQ(Slow(CallType::UNARY, fast_, slow_), 1);
}

TEST_F(StreamLatencyTest, C6_AServerStreamsIsToItsFirstMessage) {
  EXPECT_EQ(Slow(CallType::SERVER_STREAMING, fast_, absl::Hours(5)), 0);
  EXPECT_EQ(Slow(CallType::SERVER_STREAMING, slow_, absl::Hours(5)), 1);
}

TEST_F(StreamLatencyTest, C6_AServerStreamsWithoutAMessageIsToItsStatus) {
  FakeChannel channel(clock_, SlowAfter100Ms());
  const auto interceptor = channel.MakeInterceptor(CallType::SERVER_STREAMING);
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  clock_.Advance(slow_);
  call.PlayEndOfMessages();
  call.Play(FinishOps());
  EXPECT_EQ(channel.breaker()->Snapshot().totals.slow, 1);
}

TEST_F(StreamLatencyTest, C6_OneAtTheCallersPaceIsLeftOut) {
  EXPECT_EQ(Slow(CallType::CLIENT_STREAMING, slow_, slow_), 0);
  EXPECT_EQ(Slow(CallType::BIDI_STREAMING, slow_, slow_), 0);
}

TEST_F(StreamLatencyTest, C6_OneAtTheCallersPaceIsTimedIfAskedFor) {
  StreamOptions streams;
  streams.time_client_streams = true;
  EXPECT_EQ(Slow(CallType::CLIENT_STREAMING, fast_, slow_, streams), 1);
  EXPECT_EQ(Slow(CallType::BIDI_STREAMING, fast_, slow_, streams), 0);
  EXPECT_EQ(Slow(CallType::BIDI_STREAMING, slow_, slow_, streams), 1);
}

class FirstMessageTest : public testing::TestWithParam<CallType> {
 protected:
  static StreamOptions FirstMessage() {
    StreamOptions streams;
    streams.success = StreamSuccess::kFirstMessage;
    return streams;
  }
  fusebox::CircuitSnapshot Snapshot() { return breaker_->Snapshot(); }

  FakeClock clock_;
  FakeChannel channel_{clock_, FakeCallPolicy(), With(FirstMessage())};
  const std::shared_ptr<fusebox::CircuitBreaker> breaker_ = channel_.breaker();
};

TEST_P(FirstMessageTest, C6_IsASuccessAndGivesThePermitBack) {
  const auto interceptor = channel_.MakeInterceptor(GetParam());
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  EXPECT_EQ(Snapshot().in_flight, 1);
  for (int i = 0; i < 3; ++i) call.Play(ReadOps());
  EXPECT_EQ(Snapshot().in_flight, 0);
  EXPECT_EQ(Snapshot().totals.success, 1);
  call.Play(FinishOps());
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().totals.failure, 0);
}

// The success at the message is taken back: such streams are a run of failures.
TEST_P(FirstMessageTest, C6_StreamsThatBreakAfterTheirMessagesOpenTheCircuit) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Snapshot().state, State::kClosed);
    const auto interceptor = channel_.MakeInterceptor(GetParam());
    FakeCall call(*interceptor);
    call.Play(StartReadOnlyOps());
    for (int message = 0; message < 2; ++message) call.Play(ReadOps());
    call.Play(FinishOps(), kBroken);
  }
  EXPECT_EQ(Snapshot().state, State::kOpen);
  EXPECT_EQ(Snapshot().totals.success, 2);
  EXPECT_EQ(Snapshot().totals.failure, 2);
  EXPECT_EQ(Snapshot().last_failure->message, "connection reset");
  EXPECT_EQ(Snapshot().in_flight, 0);
}

TEST_P(FirstMessageTest, C6_AProbeThatBreaksAfterItsMessageOpensTheCircuitAgain) {
  fusebox::Policy policy = FakeCallPolicy();
  policy.half_open.verdict = fusebox::SuccessThreshold{2};
  FakeChannel channel(clock_, policy, With(FirstMessage()));
  for (int i = 0; i < 2; ++i) {
    const auto failing = channel.MakeInterceptor(GetParam());
    FakeCall call(*failing);
    call.Play(StartReadOnlyOps());
    call.Play(FinishOps(), kBroken);
  }
  const auto circuit = channel.registry().Find("inventory/shop.Inventory/Reserve");
  ASSERT_EQ(circuit->state(), State::kOpen);
  clock_.Advance(absl::Seconds(30));
  const auto probe = channel.MakeInterceptor(GetParam());
  FakeCall call(*probe);
  call.Play(StartReadOnlyOps());
  call.Play(ReadOps());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  call.Play(FinishOps(), kBroken);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST_P(FirstMessageTest, C6_StreamsThatBreakTogetherOpenTheCircuit) {
  std::vector<std::unique_ptr<fusebox::internal::CircuitBreakerInterceptor>> streams;
  for (int i = 0; i < 2; ++i) {
    streams.push_back(channel_.MakeInterceptor(GetParam()));
    FakeCall call(*streams.back());
    call.Play(StartReadOnlyOps());
    call.Play(ReadOps());
  }
  clock_.Advance(absl::Hours(3));
  for (const auto& stream : streams) FakeCall(*stream).Play(FinishOps(), kBroken);
  EXPECT_EQ(Snapshot().state, State::kOpen);
}

TEST_P(FirstMessageTest, C6_AFailingStatusWithoutOneIsTheOutcome) {
  const auto interceptor = channel_.MakeInterceptor(GetParam());
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  call.PlayEndOfMessages();
  call.Play(FinishOps(), kBroken);
  EXPECT_EQ(Snapshot().totals.failure, 1);
  EXPECT_EQ(Snapshot().totals.success, 0);
}

TEST_P(FirstMessageTest, C6_AnIgnoredStatusAfterItChangesNothing) {
  const auto interceptor = channel_.MakeInterceptor(GetParam());
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  call.Play(ReadOps());
  call.Play(FinishOps(), grpc::Status::CANCELLED);
  EXPECT_EQ(Snapshot().totals.ignored, 0);
  EXPECT_EQ(Snapshot().totals.success, 1);
}

TEST_P(FirstMessageTest, C6_ALongStreamHoldsNoProbePlace) {
  for (int i = 0; i < 2; ++i) breaker_->TryAcquire().permit().RecordFailure();
  clock_.Advance(absl::Seconds(30));
  const auto probe = channel_.MakeInterceptor(GetParam());
  FakeCall call(*probe);
  call.Play(StartReadOnlyOps());
  EXPECT_EQ(Snapshot().probes_in_flight, 1);
  call.Play(ReadOps());
  EXPECT_EQ(Snapshot().state, State::kClosed);
  clock_.Advance(absl::Hours(3));
  EXPECT_EQ(Snapshot().state, State::kClosed);
}

// The status counts in the epoch in which it arrives, and no probe's verdict is of it.
TEST_P(FirstMessageTest, C6_AStreamThatBreaksWhileProbesDecideDecidesNothing) {
  const auto stream = channel_.MakeInterceptor(GetParam());
  FakeCall call(*stream);
  call.Play(StartReadOnlyOps());
  call.Play(ReadOps());
  for (int i = 0; i < 2; ++i) breaker_->TryAcquire().permit().RecordFailure();
  clock_.Advance(absl::Seconds(30));
  call.Play(FinishOps(), kBroken);
  EXPECT_EQ(Snapshot().state, State::kHalfOpen);
  EXPECT_EQ(Snapshot().totals.failure, 3);
}

// A stream's last message and its status may be delivered by two threads.
TEST_P(FirstMessageTest, C6_MessageBesideStatusReturnsThePermitOnce) {
  constexpr int kCalls = 300;
  for (int i = 0; i < kCalls; ++i) {
    const auto interceptor = channel_.MakeInterceptor(GetParam());
    FakeCall(*interceptor).Play(StartReadOnlyOps());
    FakeBatch message(ReadOps().recv);
    FakeBatch status(FinishOps().recv);
    std::thread reader([&] { interceptor->Intercept(&message); });
    interceptor->Intercept(&status);
    reader.join();
  }
  EXPECT_EQ(Snapshot().totals.success, kCalls);
  EXPECT_EQ(Snapshot().in_flight, 0);
}

// The same with a failing status, however the two threads meet.
TEST_P(FirstMessageTest, C6_MessageBesideFailureIsCountedOnceOrTakenBack) {
  constexpr int kCalls = 300;
  for (int i = 0; i < kCalls; ++i) {
    breaker_->Reset(fusebox::Operator("test").Because("one call each"));
    const fusebox::Totals before = Snapshot().totals;
    const auto interceptor = channel_.MakeInterceptor(GetParam());
    FakeCall(*interceptor).Play(StartReadOnlyOps());
    FakeBatch message(ReadOps().recv);
    FakeBatch status(FinishOps().recv);
    status.status = kBroken;
    std::thread reader([&] { interceptor->Intercept(&message); });
    interceptor->Intercept(&status);
    reader.join();
    EXPECT_EQ(Snapshot().totals.failure - before.failure, 1);
    EXPECT_LE(Snapshot().totals.success - before.success, 1);
    EXPECT_EQ(Snapshot().consecutive_failures, 1);
    EXPECT_EQ(Snapshot().in_flight, 0);
  }
}

// Its permit is back, so that nothing holds its circuit: the one that has its name by then is told.
TEST_P(FirstMessageTest, C6_AFailureReachesTheCircuitThatHasTakenItsOwnsPlace) {
  std::vector<std::unique_ptr<fusebox::internal::CircuitBreakerInterceptor>> streams;
  for (int i = 0; i < 2; ++i) {
    streams.push_back(channel_.MakeInterceptor(GetParam()));
    FakeCall call(*streams.back());
    call.Play(StartReadOnlyOps());
    call.Play(ReadOps());
  }
  ASSERT_TRUE(channel_.registry().Remove(breaker_->name()).ok());
  const std::shared_ptr<fusebox::CircuitBreaker> present = channel_.breaker();
  ASSERT_NE(present, breaker_);
  FakeCall(*streams.front()).Play(FinishOps(), kBroken);
  EXPECT_EQ(present->Snapshot().consecutive_failures, 1);
  FakeCall(*streams.back()).Play(FinishOps(), kBroken);
  EXPECT_EQ(present->Snapshot().state, State::kOpen);
  ASSERT_EQ(present->Snapshot().totals.failure, 2);
  EXPECT_EQ(present->Snapshot().totals.success, 0);
  EXPECT_EQ(present->Snapshot().last_failure->message, "connection reset");
  EXPECT_EQ(Snapshot().totals.failure, 0) << "of the circuit that is gone";
}

TEST_P(FirstMessageTest, C6_P4_AFailureMakesNoCircuit) {
  const auto interceptor = channel_.MakeInterceptor(GetParam());
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  call.Play(ReadOps());
  ASSERT_TRUE(channel_.registry().Remove(breaker_->name()).ok());
  call.Play(FinishOps(), kBroken);
  EXPECT_EQ(channel_.registry().size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FirstMessageTest,
                         testing::Values(CallType::SERVER_STREAMING, CallType::BIDI_STREAMING),
                         [](const testing::TestParamInfo<CallType>& type) {
                           return std::string(
                               type.param == CallType::BIDI_STREAMING ? "Bidi" : "ServerStream");
                         });

// ---- A message says that the stream doesn't hang (rules R5 and R14).

class HeardStreamTest : public testing::TestWithParam<CallType> {
 protected:
  static fusebox::Policy TwoHungCalls() {
    fusebox::Policy policy = FakeCallPolicy();
    policy.hung_calls = fusebox::HungCalls{2, absl::Seconds(8)};
    return policy;
  }

  // The states of a circuit with two streams that have been out for long, with a message and
  // without.
  State StateOfTwoOld(bool with_message) {
    FakeChannel channel(clock_, TwoHungCalls());
    std::vector<std::unique_ptr<fusebox::internal::CircuitBreakerInterceptor>> streams;
    for (int i = 0; i < 2; ++i) {
      streams.push_back(channel.MakeInterceptor(GetParam()));
      FakeCall call(*streams.back());
      call.Play(StartReadOnlyOps());
      if (with_message) call.Play(ReadOps());
    }
    const auto circuit = channel.registry().Find("inventory/shop.Inventory/Reserve");
    for (int i = 0; i < 8; ++i) {
      clock_.Advance(absl::Seconds(2));
      circuit->TryAcquire().permit().Ignore();
    }
    return circuit->state();
  }

  FakeClock clock_;
};

TEST_P(HeardStreamTest, R14_OneThatHasGotAMessageIsNotHung) {
  EXPECT_EQ(StateOfTwoOld(/*with_message=*/false), State::kOpen);
  EXPECT_EQ(StateOfTwoOld(/*with_message=*/true), State::kClosed);
}

TEST_P(HeardStreamTest, R5_AProbeThatHasGotAMessageDoesNotTimeOut) {
  FakeChannel channel(clock_);
  const std::shared_ptr<fusebox::CircuitBreaker> breaker = channel.breaker();
  for (int i = 0; i < 2; ++i) breaker->TryAcquire().permit().RecordFailure();
  clock_.Advance(absl::Seconds(30));
  const auto probe = channel.MakeInterceptor(GetParam());
  FakeCall call(*probe);
  call.Play(StartReadOnlyOps());
  EXPECT_EQ(breaker->Snapshot().probes_in_flight, 1);
  call.Play(ReadOps());
  EXPECT_EQ(breaker->state(), State::kClosed);  // one success is enough
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(breaker->state(), State::kClosed);
  EXPECT_EQ(breaker->Snapshot().in_flight, 1);
  call.Play(FinishOps());
  EXPECT_EQ(breaker->Snapshot().in_flight, 0);
  EXPECT_EQ(breaker->Snapshot().totals.success, 1);
}

// Not even the server's initial metadata tells it from one that hangs.
TEST_P(HeardStreamTest, R5_ASilentProbeOpensTheCircuitAgain) {
  FakeChannel channel(clock_);
  const std::shared_ptr<fusebox::CircuitBreaker> breaker = channel.breaker();
  for (int i = 0; i < 2; ++i) breaker->TryAcquire().permit().RecordFailure();
  clock_.Advance(absl::Seconds(30));
  const auto probe = channel.MakeInterceptor(GetParam());
  FakeCall(*probe).Play(StartReadOnlyOps());
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Seconds(25));
    breaker->TryAcquire().permit().Ignore();
  }
  EXPECT_EQ(breaker->state(), State::kOpen);
  EXPECT_EQ(breaker->Snapshot().last_opening->cause, fusebox::Cause::kProbeTimeout);
}

// What docs/policies.md advises for streams that may be silent for an hour.
TEST_P(HeardStreamTest, R5_SilentStreamsGetInWithAPolicyForThem) {
  constexpr int kSubscribers = 20;
  fusebox::Policy policy = FakeCallPolicy();
  policy.half_open.max_concurrent = kSubscribers;
  policy.half_open.probe_timeout = absl::Hours(2);
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  FakeChannel channel(clock_, policy);
  const auto breaker = *channel.registry().GetOrCreate("inventory/shop.Inventory/Reserve", policy);
  for (int i = 0; i < 2; ++i) breaker->TryAcquire().permit().RecordFailure();
  clock_.Advance(absl::Seconds(30));
  std::vector<std::unique_ptr<fusebox::internal::CircuitBreakerInterceptor>> streams;
  for (int i = 0; i < kSubscribers; ++i) {
    streams.push_back(channel.MakeInterceptor(GetParam()));
    FakeCall call(*streams.back());
    call.Play(StartReadOnlyOps());
    EXPECT_FALSE(call.hijacked()) << i;
    clock_.Advance(absl::Minutes(3));
  }
  EXPECT_EQ(breaker->state(), State::kHalfOpen);
  FakeCall(*streams.back()).Play(ReadOps());
  EXPECT_EQ(breaker->state(), State::kClosed);
}

// As a status may be delivered beside a stream's message.
TEST_P(HeardStreamTest, R14_MessageBesideStatusReturnsThePermitOnce) {
  fusebox::Policy policy = TwoHungCalls();
  policy.consecutive_failures = 1000;
  FakeChannel channel(clock_, policy);
  constexpr int kCalls = 300;
  for (int i = 0; i < kCalls; ++i) {
    const auto interceptor = channel.MakeInterceptor(GetParam());
    FakeCall(*interceptor).Play(StartReadOnlyOps());
    FakeBatch message(ReadOps().recv);
    FakeBatch status(FinishOps().recv);
    status.status = kBroken;
    std::thread reader([&] { interceptor->Intercept(&message); });
    interceptor->Intercept(&status);
    reader.join();
  }
  const auto circuit = channel.registry().Find("inventory/shop.Inventory/Reserve");
  EXPECT_EQ(circuit->Snapshot().totals.failure, kCalls);
  EXPECT_EQ(circuit->Snapshot().totals.success, 0);
  EXPECT_EQ(circuit->Snapshot().in_flight, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, HeardStreamTest,
                         testing::Values(CallType::SERVER_STREAMING, CallType::BIDI_STREAMING),
                         [](const testing::TestParamInfo<CallType>& type) {
                           return std::string(
                               type.param == CallType::BIDI_STREAMING ? "Bidi" : "ServerStream");
                         });

TEST(StreamOptionsTest, C6_UnaryAndClientStreamsWaitForTheirStatus) {
  const FakeClock clock;
  StreamOptions streams;
  streams.success = StreamSuccess::kFirstMessage;
  FakeChannel channel(clock, FakeCallPolicy(), With(streams));
  for (const CallType type : {CallType::UNARY, CallType::CLIENT_STREAMING}) {
    const auto interceptor = channel.MakeInterceptor(type);
    FakeCall call(*interceptor);
    call.Play(StartOps());
    call.Play(ReadOps());
    EXPECT_EQ(channel.breaker()->Snapshot().in_flight, 1);
    call.Play(FinishOps());
    EXPECT_EQ(channel.breaker()->Snapshot().in_flight, 0);
  }
}

TEST(StreamOptionsTest, C6_AMethodsOwnOverruleTheChannels) {
  const FakeClock clock;
  fusebox::InterceptorOptions options;
  options.method_streams["shop.Inventory/Watch"].success = StreamSuccess::kFirstMessage;
  FakeChannel channel(clock, FakeCallPolicy(), std::move(options));
  for (const auto& [method, in_flight] :
       {std::pair("/shop.Inventory/Watch", 0), std::pair("/shop.Inventory/Browse", 1)}) {
    const auto interceptor = channel.MakeInterceptor(CallType::SERVER_STREAMING, method);
    FakeCall call(*interceptor);
    call.Play(StartReadOnlyOps());
    call.Play(ReadOps());
    const auto circuit = channel.registry().Find(std::string("inventory") + method);
    EXPECT_EQ(circuit->Snapshot().in_flight, in_flight) << method;
  }
}

}  // namespace
}  // namespace fusebox_testing
