// SPDX-License-Identifier: Apache-2.0
//
// Calls whose end says less than it seems to: an OK without a message, a caller that gives up
// (rules C2 and C3).
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/snapshot.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

using fusebox::CallResult;
using fusebox::OutcomeKind;
using grpc::StatusCode;

// ---- OK without a message.

class NoMessageTest : public testing::Test {
 protected:
  // How a call's end without a message was counted.
  fusebox::CircuitSnapshot End(CallType type, const FakeOps& ops,
                               const grpc::Status& status = grpc::Status::OK,
                               fusebox::InterceptorOptions options = {}) {
    FakeChannel channel(clock_, FakeCallPolicy(), std::move(options));
    const auto interceptor = channel.MakeInterceptor(type);
    FakeCall(*interceptor).PlayWithoutMessage(ops, status);
    return channel.breaker()->Snapshot();
  }

  FakeClock clock_;
};

TEST_F(NoMessageTest, C2_AUnaryCallThatIsOkWithoutAMessageIsAFailure) {
  const fusebox::CircuitSnapshot circuit = End(CallType::UNARY, UnaryOps());
  EXPECT_EQ(circuit.totals.failure, 1);
  EXPECT_EQ(circuit.totals.success, 0);
  ASSERT_TRUE(circuit.last_failure);
  EXPECT_EQ(circuit.last_failure->code, StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(circuit.last_failure->message, "OK, but no message returned");
}

TEST_F(NoMessageTest, C2_SoIsAClientStream) {
  const fusebox::CircuitSnapshot circuit = End(CallType::CLIENT_STREAMING, FinishWithReplyOps());
  EXPECT_EQ(circuit.totals.failure, 1);
}

TEST_F(NoMessageTest, C2_AnotherStatusIsWhatItIs) {
  const grpc::Status not_found(StatusCode::NOT_FOUND, "no such thing");
  EXPECT_EQ(End(CallType::UNARY, UnaryOps(), not_found).totals.success, 1);
  EXPECT_EQ(End(CallType::UNARY, UnaryOps(), grpc::Status::CANCELLED).totals.ignored, 1);
}

TEST_F(NoMessageTest, C2_AStreamOfTheServersMayHaveNone) {
  for (const CallType type : {CallType::SERVER_STREAMING, CallType::BIDI_STREAMING}) {
    FakeChannel channel(clock_);
    const auto interceptor = channel.MakeInterceptor(type);
    FakeCall call(*interceptor);
    call.Play(StartReadOnlyOps());
    call.PlayEndOfMessages();
    call.Play(FinishOps());
    EXPECT_EQ(channel.breaker()->Snapshot().totals.success, 1);
  }
}

TEST_F(NoMessageTest, C1_ThePredicateSeesIt) {
  int asked = 0;
  fusebox::InterceptorOptions options;
  options.classifier.predicate = [&](const CallResult& call) {
    ++asked;
    EXPECT_TRUE(call.no_message);
    EXPECT_EQ(call.status.error_code(), StatusCode::UNIMPLEMENTED);
    return OutcomeKind::kSuccess;
  };
  EXPECT_EQ(End(CallType::UNARY, UnaryOps(), grpc::Status::OK, std::move(options)).totals.success,
            1);
  EXPECT_EQ(asked, 1);
}

// ---- Callers that give up.

constexpr bool kCancel = true;
constexpr bool kDrop = false;

// A call of the channel's that its caller gives up after that time, without a message.
void GiveUp(FakeChannel& channel, FakeClock& clock, CallType type, absl::Duration out, bool cancel,
            absl::Time deadline = absl::InfiniteFuture()) {
  const auto interceptor = channel.MakeInterceptor(type, kMethod, deadline);
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  clock.Advance(out);
  if (cancel) call.PlayWithoutMessage(FinishWithReplyOps(), grpc::Status::CANCELLED);
}

class CancelledAfterTest : public testing::Test {
 protected:
  static fusebox::InterceptorOptions After2s(bool time_client_streams = false) {
    fusebox::InterceptorOptions options;
    options.classifier.cancelled_after = absl::Seconds(2);
    options.streams.time_client_streams = time_client_streams;
    return options;
  }
  FakeChannel After2sChannel(bool time_client_streams = false) {
    return FakeChannel(clock_, FakeCallPolicy(), After2s(time_client_streams));
  }

  // How a call that is given up after that time was counted.
  fusebox::CircuitSnapshot End(CallType type, absl::Duration out, bool cancel,
                               bool time_client_streams = false) {
    FakeChannel channel = After2sChannel(time_client_streams);
    GiveUp(channel, clock_, type, out, cancel);
    return channel.breaker()->Snapshot();
  }

  FakeClock clock_;
  const absl::Duration just_less_ = absl::Seconds(2) - absl::Nanoseconds(1);
};

TEST_F(CancelledAfterTest, C3_OneThatWaitedLongEnoughIsAFailure) {
  for (const CallType type : {CallType::UNARY, CallType::SERVER_STREAMING}) {
    EXPECT_EQ(End(type, just_less_, kCancel).totals.ignored, 1);
    const fusebox::CircuitSnapshot circuit = End(type, absl::Seconds(2), kCancel);
    EXPECT_EQ(circuit.totals.failure, 1);
    EXPECT_EQ(circuit.last_failure->code, StatusCode::CANCELLED);
    EXPECT_EQ(circuit.in_flight, 0);
  }
}

TEST_F(CancelledAfterTest, C3_AStreamThatIsDroppedAfterAsLongIsTheSame) {
  EXPECT_EQ(End(CallType::SERVER_STREAMING, just_less_, kDrop).totals.ignored, 1);
  const fusebox::CircuitSnapshot circuit = End(CallType::SERVER_STREAMING, absl::Seconds(2), kDrop);
  EXPECT_EQ(circuit.totals.failure, 1);
  EXPECT_EQ(circuit.totals.ignored, 0);
  EXPECT_EQ(circuit.last_failure->code, StatusCode::CANCELLED);
  EXPECT_EQ(circuit.in_flight, 0);
}

TEST_F(CancelledAfterTest, C3_OneAtTheCallersPaceIsLeftOutUnlessAskedFor) {
  for (const CallType type : {CallType::CLIENT_STREAMING, CallType::BIDI_STREAMING}) {
    for (const bool how : {kCancel, kDrop}) {
      EXPECT_EQ(End(type, absl::Hours(1), how).totals.ignored, 1);
      EXPECT_EQ(End(type, absl::Hours(1), how, /*time_client_streams=*/true).totals.failure, 1);
    }
  }
}

// Whoever has got messages doesn't hang, however long the stream has lived.
TEST_F(CancelledAfterTest, C3_OneThatHasGotAMessageIsIgnored) {
  for (const bool how : {kCancel, kDrop}) {
    FakeChannel channel = After2sChannel();
    auto interceptor = channel.MakeInterceptor(CallType::SERVER_STREAMING);
    FakeCall call(*interceptor);
    call.Play(StartReadOnlyOps());
    call.Play(ReadOps());
    clock_.Advance(absl::Hours(1));
    if (how == kCancel) call.Play(FinishOps(), grpc::Status::CANCELLED);
    interceptor.reset();
    EXPECT_EQ(channel.breaker()->Snapshot().totals.ignored, 1);
  }
}

// The server had its say, in time; nobody has asked for the status since.
TEST_F(CancelledAfterTest, C3_OneThatWasReadToItsEndAndDroppedIsIgnored) {
  FakeChannel channel = After2sChannel();
  auto interceptor = channel.MakeInterceptor(CallType::SERVER_STREAMING);
  FakeCall call(*interceptor);
  call.Play(StartReadOnlyOps());
  call.PlayEndOfMessages();
  clock_.Advance(absl::Hours(1));
  interceptor.reset();
  EXPECT_EQ(channel.breaker()->Snapshot().totals.ignored, 1);
}

TEST_F(CancelledAfterTest, C3_OneWhoseDeadlineHadPassedBeforeItsStartIsIgnored) {
  for (const bool how : {kCancel, kDrop}) {
    FakeChannel channel = After2sChannel();
    GiveUp(channel, clock_, CallType::SERVER_STREAMING, absl::Hours(1), how,
           absl::Now() - absl::Seconds(1));
    EXPECT_EQ(channel.breaker()->Snapshot().totals.ignored, 1);
  }
}

TEST_F(CancelledAfterTest, C3_OffByDefault) {
  for (const bool how : {kCancel, kDrop}) {
    FakeChannel channel(clock_);
    GiveUp(channel, clock_, CallType::SERVER_STREAMING, absl::Hours(1), how);
    EXPECT_EQ(channel.breaker()->Snapshot().totals.ignored, 1);
  }
}

TEST_F(CancelledAfterTest, C3_ADependencyThatHangsOpensTheCircuitThoughAllCallersCancel) {
  FakeChannel channel = After2sChannel();
  for (int i = 0; i < 2; ++i) {
    const auto interceptor = channel.MakeInterceptor(CallType::UNARY);
    FakeBatch start(UnaryOps().send);
    interceptor->Intercept(&start);
    clock_.Advance(absl::Seconds(3));
    FakeBatch end(UnaryOps().recv);
    end.status = grpc::Status::CANCELLED;
    end.received_message = nullptr;
    interceptor->Intercept(&end);
  }
  EXPECT_EQ(channel.breaker()->Snapshot().state, fusebox::State::kOpen);
}

// ---- Probes whose callers give up (rule R5), without any option.

class CancelledProbeTest : public testing::Test {
 protected:
  fusebox::State StateAfter(CallType type, absl::Duration out, bool cancel) {
    FakeChannel channel(clock_);
    const std::shared_ptr<fusebox::CircuitBreaker> breaker = channel.breaker();
    for (int i = 0; i < 2; ++i) breaker->TryAcquire().permit().RecordFailure();
    clock_.Advance(absl::Seconds(30));
    GiveUp(channel, clock_, type, out, cancel);
    EXPECT_EQ(breaker->Snapshot().probes_in_flight, 0);
    return breaker->state();
  }

  FakeClock clock_;
};

TEST_F(CancelledProbeTest, R5_IsAFailureAfterASecond) {
  for (const CallType type : {CallType::UNARY, CallType::SERVER_STREAMING}) {
    for (const bool cancel : {kCancel, kDrop}) {
      EXPECT_EQ(StateAfter(type, absl::Milliseconds(900), cancel), fusebox::State::kHalfOpen);
      EXPECT_EQ(StateAfter(type, absl::Seconds(1), cancel), fusebox::State::kOpen);
    }
  }
}

TEST_F(CancelledProbeTest, R5_IsIgnoredIfItGoesAtItsCallersPace) {
  for (const CallType type : {CallType::CLIENT_STREAMING, CallType::BIDI_STREAMING}) {
    for (const bool cancel : {kCancel, kDrop}) {
      EXPECT_EQ(StateAfter(type, absl::Seconds(20), cancel), fusebox::State::kHalfOpen);
    }
  }
}

}  // namespace
}  // namespace fusebox_testing
