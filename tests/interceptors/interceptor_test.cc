// SPDX-License-Identifier: Apache-2.0
//
// The hooks of one call, batch by batch (DESIGN section 8).
#include "interceptors/interceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

using fusebox::CallResult;
using fusebox::GetRejection;
using fusebox::OutcomeKind;
using fusebox::State;
using fusebox::StatusClassifier;
using grpc::StatusCode;

constexpr char kFailSend[] = "FailHijackedSendMessage, ";
constexpr char kFailRecv[] = "FailHijackedRecvMessage, ";

class InterceptorTest : public testing::Test {
 protected:
  fusebox::CircuitSnapshot Snapshot() { return breaker_->Snapshot(); }

  void Open() {
    for (int i = 0; i < 2; ++i) breaker_->TryAcquire().permit().RecordFailure();
  }
  void HalfOpen() {
    Open();
    clock_.Advance(absl::Seconds(30));
  }

  void ExpectNothingOut() {
    EXPECT_EQ(Snapshot().in_flight, 0);
    EXPECT_EQ(Snapshot().probes_in_flight, 0);
  }

  FakeClock clock_;
  const std::shared_ptr<fusebox::CircuitBreaker> breaker_ = MakeBreaker(clock_);
};

// ---- Permitted calls: every batch proceeds, once, and nothing else is done.

struct Conversation {
  std::string name;
  CallType type;
  std::vector<FakeOps> batches;
};

void PrintTo(const Conversation& call, std::ostream* out) { *out << call.name; }

std::vector<Conversation> Conversations() {
  return {
      {"Unary", CallType::UNARY, {UnaryOps()}},
      {"UnaryInTwoBatches", CallType::UNARY, {StartReadOnlyOps(), FinishWithReplyOps()}},
      {"ClientStream",
       CallType::CLIENT_STREAMING,
       {StartOps(), WriteOps(), WriteOps(), WritesDoneOps(), FinishWithReplyOps()}},
      {"CorkedClientStream",
       CallType::CLIENT_STREAMING,
       {CorkedWriteOps(), WriteOps(), WritesDoneOps(), FinishWithReplyOps()}},
      {"ServerStream",
       CallType::SERVER_STREAMING,
       {StartReadOnlyOps(), ReadOps(), ReadOps(), FinishOps()}},
      {"Bidi",
       CallType::BIDI_STREAMING,
       {StartOps(), WriteOps(), ReadOps(), WriteOps(), ReadOps(), WritesDoneOps(), FinishOps()}},
      {"CorkedBidiReadFirst",
       CallType::BIDI_STREAMING,
       {ReadOps(), CorkedWriteOps(), WritesDoneOps(), FinishOps()}},
  };
}

class ConversationTest : public InterceptorTest,
                         public testing::WithParamInterface<Conversation> {};

TEST_P(ConversationTest, PermittedOneProceedsAndIsRecordedOnce) {
  const auto interceptor = MakeInterceptor(GetParam().type, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(Snapshot().in_flight, 0);
  for (const FakeOps& ops : GetParam().batches) {
    const FakeCall::Played played = call.Play(ops, grpc::Status(StatusCode::INTERNAL, "broken"));
    EXPECT_EQ(played.sending, "Proceed");
    EXPECT_EQ(played.answering, "");
    EXPECT_EQ(played.received, "Proceed");
  }
  ExpectNothingOut();
  EXPECT_EQ(Snapshot().totals.failure, 1);
  EXPECT_EQ(Snapshot().last_failure->message, "broken");
}

TEST_P(ConversationTest, RejectedOneIsHijackedOnceAndNeverRecorded) {
  Open();
  const auto interceptor = MakeInterceptor(GetParam().type, breaker_);
  FakeCall call(*interceptor);
  int hijacks = 0;
  std::optional<grpc::Status> status;
  for (const FakeOps& ops : GetParam().batches) {
    FakeCall::Played played = call.Play(ops);
    hijacks += absl::EndsWith(played.sending, "Hijack") ? 1 : 0;
    EXPECT_TRUE(call.hijacked());
    EXPECT_EQ(played.received, "Proceed");
    status = std::move(played.status);
  }
  EXPECT_EQ(hijacks, 1);
  ASSERT_TRUE(GetRejection(*status)) << status->error_message();
  ExpectNothingOut();
  EXPECT_EQ(Snapshot().totals.rejected, 1);
  EXPECT_EQ(Snapshot().totals.failure, 2);  // Open's own
  EXPECT_EQ(Snapshot().totals.ignored, 0);
}

TEST_P(ConversationTest, CutOffAnywhereIsIgnored) {
  for (std::size_t played = 1; played < GetParam().batches.size(); ++played) {
    const int64_t ignored = Snapshot().totals.ignored;
    {
      const auto interceptor = MakeInterceptor(GetParam().type, breaker_);
      FakeCall call(*interceptor);
      for (std::size_t i = 0; i < played; ++i) call.Play(GetParam().batches[i]);
      EXPECT_EQ(Snapshot().in_flight, 1);
    }
    ExpectNothingOut();
    EXPECT_EQ(Snapshot().totals.ignored, ignored + 1);
  }
}

TEST_P(ConversationTest, CutOffProbeFreesItsPlace) {
  HalfOpen();
  for (int i = 0; i < 3; ++i) {
    const auto interceptor = MakeInterceptor(GetParam().type, breaker_);
    FakeBatch start(GetParam().batches.front().send);
    interceptor->Intercept(&start);
    EXPECT_EQ(start.log(), "Proceed");
    EXPECT_EQ(Snapshot().probes_in_flight, 1);
  }
  ExpectNothingOut();
  EXPECT_EQ(Snapshot().state, State::kHalfOpen);
}

INSTANTIATE_TEST_SUITE_P(All, ConversationTest, testing::ValuesIn(Conversations()),
                         [](const testing::TestParamInfo<Conversation>& call) {
                           return call.param.name;
                         });

// ---- Rejected calls, in detail.

class RejectedInterceptorTest : public InterceptorTest {
 protected:
  RejectedInterceptorTest() { Open(); }
};

TEST_F(RejectedInterceptorTest, UnaryFailsItsReplyButNotItsRequest) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, breaker_);
  const FakeCall::Played played = FakeCall(*interceptor).Play(UnaryOps());
  EXPECT_EQ(played.sending, "Hijack");
  EXPECT_EQ(played.answering, std::string(kFailRecv) + "Proceed");
  EXPECT_EQ(played.received, "Proceed");
  EXPECT_TRUE(GetRejection(played.status));
}

TEST_F(RejectedInterceptorTest, ServerStreamFailsItsReadsButNotItsRequest) {
  const auto interceptor = MakeInterceptor(CallType::SERVER_STREAMING, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartReadOnlyOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(ReadOps()).answering, std::string(kFailRecv) + "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
}

TEST_F(RejectedInterceptorTest, ClientStreamFailsItsWrites) {
  const auto interceptor = MakeInterceptor(CallType::CLIENT_STREAMING, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(WriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_EQ(call.Play(WritesDoneOps()).sending, "Proceed");
  const FakeCall::Played finish = call.Play(FinishWithReplyOps());
  EXPECT_EQ(finish.answering, std::string(kFailRecv) + "Proceed");
  EXPECT_TRUE(GetRejection(finish.status));
}

TEST_F(RejectedInterceptorTest, BidiFailsReadsAndWrites) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(WriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_EQ(call.Play(ReadOps()).answering, std::string(kFailRecv) + "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
}

TEST_F(RejectedInterceptorTest, CorkedStreamFailsTheWriteThatItStartsWith) {
  const auto interceptor = MakeInterceptor(CallType::CLIENT_STREAMING, breaker_);
  EXPECT_EQ(FakeCall(*interceptor).Play(CorkedWriteOps()).sending,
            std::string(kFailSend) + "Hijack");
}

TEST_F(RejectedInterceptorTest, CorkedStreamThatReadsFirstIsAnsweredAtOnce) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  const FakeCall::Played read = call.Play(ReadOps());
  EXPECT_EQ(read.sending, "Hijack");
  EXPECT_EQ(read.answering, std::string(kFailRecv) + "Proceed");
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, std::string(kFailSend) + "Proceed");
}

// gRPC reports a hijacked completion-queue stream's start again with its first write.
TEST_F(RejectedInterceptorTest, SecondStartIsNotHijackedAgain) {
  const auto interceptor = MakeInterceptor(CallType::CLIENT_STREAMING, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_EQ(Snapshot().totals.rejected, 1);
}

TEST_F(RejectedInterceptorTest, StaysRejectedWhenTheCircuitCloses) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  breaker_->Reset({"test", "closed"});
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
  ExpectNothingOut();
}

TEST_F(InterceptorTest, SecondStartOfAPermittedCallTakesNoSecondPermit) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  Open();
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 1);
  EXPECT_EQ(Snapshot().totals.rejected, 0);
}

// ---- Batches that say nothing.

TEST_F(InterceptorTest, PermitIsTakenWithTheFirstBatchAndNotBefore) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, breaker_);
  EXPECT_EQ(Snapshot().in_flight, 0);
  FakeBatch start(UnaryOps().send);
  interceptor->Intercept(&start);
  EXPECT_EQ(Snapshot().in_flight, 1);
}

TEST_F(InterceptorTest, NeverStartedCallIsNothing) {
  MakeInterceptor(CallType::UNARY, breaker_).reset();
  Open();
  MakeInterceptor(CallType::UNARY, breaker_).reset();
  EXPECT_EQ(Snapshot().totals.ignored, 0);
  EXPECT_EQ(Snapshot().totals.rejected, 0);
}

TEST_F(InterceptorTest, BatchesWithoutHooksProceed) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall(*interceptor).Play(StartOps());
  FakeBatch empty;
  interceptor->Intercept(&empty);
  EXPECT_EQ(empty.log(), "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 1);
}

TEST_F(RejectedInterceptorTest, BatchesWithoutHooksProceed) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall(*interceptor).Play(StartOps());
  FakeBatch empty;
  interceptor->Intercept(&empty);
  EXPECT_EQ(empty.log(), "Proceed");
}

TEST_F(InterceptorTest, SecondStatusIsNotRecorded) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  call.Play(FinishOps());
  call.Play(FinishOps(), grpc::Status(StatusCode::INTERNAL, ""));
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().totals.failure, 0);
  ExpectNothingOut();
}

// ---- Cancellation.

TEST_F(InterceptorTest, CancelBeforeTheStartTouchesNothing) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 0);
  EXPECT_EQ(call.Play(UnaryOps(), grpc::Status::CANCELLED).sending, "Proceed");
  EXPECT_EQ(Snapshot().totals.ignored, 1);
  ExpectNothingOut();
}

TEST_F(InterceptorTest, CancelWhileOutLeavesThePermitToTheStatus) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 1);
  call.Play(FinishOps(), grpc::Status::CANCELLED);
  EXPECT_EQ(Snapshot().totals.ignored, 1);
}

TEST_F(InterceptorTest, CancelAfterTheStatusTouchesNothing) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, breaker_);
  FakeCall call(*interceptor);
  call.Play(UnaryOps());
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().totals.ignored, 0);
}

TEST_F(RejectedInterceptorTest, CancelTouchesNothing) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, breaker_);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Cancel(), "Proceed");
  call.Play(StartOps());
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
}

// ---- What the classifier and the circuit are told.

class ToldInterceptorTest : public InterceptorTest {
 protected:
  // Plays a call of a second's length whose predicate is `predicate`.
  void PlayWith(fusebox::OutcomePredicate predicate, absl::Time deadline = absl::InfiniteFuture()) {
    StatusClassifier::Options options;
    options.predicate = std::move(predicate);
    const auto interceptor = MakeInterceptor(
        CallType::UNARY, breaker_,
        std::make_shared<const StatusClassifier>(*StatusClassifier::Create(std::move(options))),
        deadline);
    FakeBatch start(UnaryOps().send);
    interceptor->Intercept(&start);
    clock_.Advance(absl::Seconds(1));
    FakeBatch end(UnaryOps().recv);
    end.status = grpc::Status(StatusCode::ABORTED, "conflict");
    end.trailing_metadata.emplace("tenant", "blue");
    interceptor->Intercept(&end);
  }
};

TEST_F(ToldInterceptorTest, PredicateSeesTheCall) {
  int asked = 0;
  PlayWith([&](const CallResult& call) {
    ++asked;
    EXPECT_EQ(call.method, kMethod);
    EXPECT_EQ(call.status.error_code(), StatusCode::ABORTED);
    EXPECT_EQ(call.status.error_message(), "conflict");
    EXPECT_EQ(call.trailing_metadata.count("tenant"), 1U);
    EXPECT_EQ(call.latency, absl::Seconds(1));
    EXPECT_FALSE(call.time_to_deadline);
    return OutcomeKind::kFailure;
  });
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(Snapshot().totals.failure, 1);
  EXPECT_EQ(Snapshot().last_failure->code, StatusCode::ABORTED);
}

TEST_F(ToldInterceptorTest, PredicateSeesTheTimeToTheDeadlineAtTheStart) {
  std::optional<absl::Duration> told;
  const absl::Time before = absl::Now();
  PlayWith(
      [&](const CallResult& call) {
        told = call.time_to_deadline;
        return OutcomeKind::kIgnored;
      },
      before + absl::Hours(1));
  ASSERT_TRUE(told);
  EXPECT_LE(*told, absl::Hours(1));
  EXPECT_GT(*told, absl::ZeroDuration());
  EXPECT_EQ(Snapshot().totals.ignored, 1);
}

TEST_F(ToldInterceptorTest, C3_DeadlineBeforeTheStartIsIgnored) {
  PlayWith([](const CallResult&) { return OutcomeKind::kFailure; }, absl::Now() - absl::Hours(1));
  EXPECT_EQ(Snapshot().totals.ignored, 1);
  EXPECT_EQ(Snapshot().totals.failure, 0);
}

// The rules about slow calls are for unary calls: streams go at their caller's pace (DESIGN C6).
TEST_F(InterceptorTest, OnlyUnaryCallsCanBeSlow) {
  fusebox::Policy policy = FakeCallPolicy();
  policy.slow_call_duration = absl::Milliseconds(100);
  for (const auto& [type, slow] :
       {std::pair(CallType::UNARY, 1), std::pair(CallType::CLIENT_STREAMING, 0),
        std::pair(CallType::SERVER_STREAMING, 0), std::pair(CallType::BIDI_STREAMING, 0)}) {
    const auto breaker = MakeBreaker(clock_, policy);
    const auto interceptor = MakeInterceptor(type, breaker);
    FakeCall call(*interceptor);
    call.Play(StartReadOnlyOps());
    clock_.Advance(absl::Milliseconds(100));
    call.Play(FinishOps());
    EXPECT_EQ(breaker->Snapshot().totals.slow, slow);
  }
}

// A status that comes after the circuit has moved on counts, and moves nothing (DESIGN R7).
TEST_F(InterceptorTest, LateStatusMovesNothing) {
  const auto late = MakeInterceptor(CallType::UNARY, breaker_);
  FakeBatch start(UnaryOps().send);
  late->Intercept(&start);
  HalfOpen();
  ASSERT_EQ(Snapshot().state, State::kHalfOpen);
  FakeBatch end(UnaryOps().recv);
  late->Intercept(&end);
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().state, State::kHalfOpen);
}

// The interceptor's call keeps its circuit alive.
TEST(InterceptorLifetimeTest, OutlivesEveryOtherHolderOfTheCircuit) {
  const FakeClock clock;
  auto breaker = MakeBreaker(clock);
  const auto interceptor = MakeInterceptor(CallType::UNARY, breaker);
  FakeCall call(*interceptor);
  breaker.reset();
  EXPECT_EQ(call.Play(UnaryOps()).received, "Proceed");
}

}  // namespace
}  // namespace fusebox_testing
