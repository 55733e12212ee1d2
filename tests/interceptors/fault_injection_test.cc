// SPDX-License-Identifier: Apache-2.0
//
// What a fault does to a call's batches, batch by batch (docs/grpc-notes.md).
#include "fusebox/grpc/fault_injection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "interceptors/fault_injection_call.h"
#include "tests/interceptors/late_batch.h"
#include "tests/support/fake_batch.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {
namespace {

using fusebox::Fault;
using fusebox::InjectedDelay;
using fusebox::InjectedHang;
using fusebox::InjectedStatus;
using fusebox::internal::FaultEngine;
using fusebox::internal::FaultInjectionInterceptor;
using grpc::StatusCode;
using CallType = fusebox::internal::FaultyCall::CallType;

constexpr char kMethod[] = "/shop.Inventory/Reserve";

class FaultyInterceptorTest : public testing::Test {
 protected:
  // An interceptor of a call that gets this fault.
  std::unique_ptr<FaultInjectionInterceptor> MakeInterceptor(
      CallType type, decltype(Fault::kind) kind, absl::Time deadline = absl::InfiniteFuture()) {
    Fault fault;
    fault.kind = std::move(kind);
    engine_->Set("*", std::move(fault));
    return std::make_unique<FaultInjectionInterceptor>(engine_, engine_->Find(kMethod), type,
                                                       deadline);
  }

  std::shared_ptr<FaultEngine> engine_ = std::make_shared<FaultEngine>(7, absl::Minutes(5));
};

// ---- A status.

TEST_F(FaultyInterceptorTest, StatusIsAHijackAtTheFirstBatch) {
  const auto interceptor =
      MakeInterceptor(CallType::UNARY, InjectedStatus{StatusCode::ABORTED, "drill"});
  EXPECT_EQ(engine_->injected().statuses, 0);
  const FakeCall::Played played = FakeCall(*interceptor).Play(UnaryOps());
  EXPECT_EQ(played.sending, "Hijack");
  EXPECT_EQ(played.answering, "FailHijackedRecvMessage, Proceed");
  EXPECT_EQ(played.received, "Proceed");
  EXPECT_EQ(played.status.error_code(), StatusCode::ABORTED);
  EXPECT_EQ(played.status.error_message(), "drill");
  EXPECT_EQ(engine_->injected().statuses, 1);
}

TEST_F(FaultyInterceptorTest, StreamFailsReadsAndWritesAndIsHijackedOnce) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, InjectedStatus{});
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, "FailHijackedSendMessage, Proceed");
  EXPECT_EQ(call.Play(ReadOps()).answering, "FailHijackedRecvMessage, Proceed");
  EXPECT_EQ(call.Play(WritesDoneOps()).sending, "Proceed");
  EXPECT_EQ(call.Play(FinishOps()).status.error_message(), "injected fault");
  EXPECT_EQ(engine_->injected().statuses, 1);
}

TEST_F(FaultyInterceptorTest, ServerStreamsRequestDoesNotFail) {
  const auto interceptor = MakeInterceptor(CallType::SERVER_STREAMING, InjectedStatus{});
  EXPECT_EQ(FakeCall(*interceptor).Play(StartReadOnlyOps()).sending, "Hijack");
}

TEST_F(FaultyInterceptorTest, CorkedStreamThatReadsFirstIsAnsweredAtOnce) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, InjectedStatus{});
  FakeCall call(*interceptor);
  const FakeCall::Played read = call.Play(ReadOps());
  EXPECT_EQ(read.sending, "Hijack");
  EXPECT_EQ(read.answering, "FailHijackedRecvMessage, Proceed");
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, "FailHijackedSendMessage, Proceed");
}

// ---- A call that gets no fault.

TEST_F(FaultyInterceptorTest, SparedCallProceedsThroughout) {
  Fault fault;
  fault.fraction = 1e-300;
  engine_->Set("*", fault);
  FaultInjectionInterceptor interceptor(engine_, engine_->Find(kMethod), CallType::BIDI_STREAMING,
                                        absl::InfiniteFuture());
  FakeCall call(interceptor);
  for (const FakeOps& ops : {StartOps(), WriteOps(), ReadOps(), FinishOps()}) {
    EXPECT_EQ(call.Play(ops).sending, "Proceed");
  }
  EXPECT_EQ(engine_->injected().statuses, 0);
}

TEST_F(FaultyInterceptorTest, CallThatNeverStartsDrawsNoLot) {
  MakeInterceptor(CallType::UNARY, InjectedStatus{}).reset();
  EXPECT_EQ(engine_->injected().statuses, 0);
}

TEST_F(FaultyInterceptorTest, CallThatIsCancelledBeforeItStartsIsLeftToGrpc) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, InjectedHang{});
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(call.Play(UnaryOps(), grpc::Status::CANCELLED).sending, "Proceed");
  EXPECT_EQ(engine_->injected().hangs, 0);
}

// ---- A call that is held.

TEST_F(FaultyInterceptorTest, DelayedBatchProceedsLaterWithItsMessageSerialised) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, InjectedDelay{absl::Milliseconds(10)});
  const absl::Time start = absl::Now();
  LateBatch batch(*interceptor, UnaryOps());
  batch.WaitUntilGone();
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(10));
  EXPECT_EQ(batch.log(), "GetSerializedSendMessage, Proceed");
  EXPECT_EQ(engine_->injected().delays, 1);
}

TEST_F(FaultyInterceptorTest, LaterBatchesDoNotOvertakeAHeldOne) {
  const auto interceptor = MakeInterceptor(CallType::BIDI_STREAMING, InjectedHang{});
  LateBatch start(*interceptor, StartOps());
  LateBatch read(*interceptor, ReadOps());
  LateBatch write(*interceptor, WriteOps());
  LateBatch finish(*interceptor, FinishOps());
  for (const LateBatch* batch : {&start, &read, &write, &finish}) EXPECT_EQ(batch->log(), "");
  FakeCall(*interceptor).Cancel();
  for (LateBatch* batch : {&start, &read, &write, &finish}) batch->WaitUntilGone();
  EXPECT_EQ(start.log(), "Hijack");
  EXPECT_EQ(read.log(), "Proceed");
  EXPECT_EQ(write.log(), "FailHijackedSendMessage, Proceed");
  EXPECT_EQ(finish.log(), "Proceed");
}

TEST_F(FaultyInterceptorTest, HangEndsWithTheDeadlineOrTheBound) {
  engine_ = std::make_shared<FaultEngine>(7, absl::Milliseconds(10));
  for (const absl::Duration to_deadline : {absl::Milliseconds(5), absl::InfiniteDuration()}) {
    const absl::Time start = absl::Now();
    const auto interceptor = MakeInterceptor(CallType::UNARY, InjectedHang{}, start + to_deadline);
    LateBatch batch(*interceptor, UnaryOps());
    batch.WaitUntilGone();
    EXPECT_GE(absl::Now() - start, std::min(to_deadline, absl::Milliseconds(10)));
    EXPECT_EQ(batch.log(), "Hijack");
    EXPECT_EQ(batch.status().error_code(), StatusCode::DEADLINE_EXCEEDED);
  }
}

TEST_F(FaultyInterceptorTest, DeadlineThatHasPassedIsNotWaitedFor) {
  for (const decltype(Fault::kind)& kind :
       {decltype(Fault::kind)(InjectedHang{}), decltype(Fault::kind)(InjectedDelay{})}) {
    const auto interceptor = MakeInterceptor(CallType::UNARY, kind, absl::Now() - absl::Seconds(1));
    const FakeCall::Played played = FakeCall(*interceptor).Play(UnaryOps());
    EXPECT_EQ(played.sending, "Hijack");
    EXPECT_EQ(played.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  }
}

TEST_F(FaultyInterceptorTest, CancellingTwiceEndsAHeldCallOnce) {
  const auto interceptor = MakeInterceptor(CallType::UNARY, InjectedHang{});
  LateBatch batch(*interceptor, UnaryOps());
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(call.Cancel(), "Proceed");
  batch.WaitUntilGone();
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(batch.log(), "Hijack");
  EXPECT_EQ(batch.status().error_code(), StatusCode::CANCELLED);
}

TEST_F(FaultyInterceptorTest, OneOfSeveralHeldCallsIsCancelled) {
  const auto first = MakeInterceptor(CallType::UNARY, InjectedHang{});
  const auto second = MakeInterceptor(CallType::UNARY, InjectedHang{});
  LateBatch first_batch(*first, UnaryOps());
  LateBatch second_batch(*second, UnaryOps());
  FakeCall(*second).Cancel();
  second_batch.WaitUntilGone();
  EXPECT_EQ(first_batch.log(), "");
  FakeCall(*first).Cancel();
  first_batch.WaitUntilGone();
}

TEST_F(FaultyInterceptorTest, DestroyedWhileHeldTouchesItsBatchesNoMore) {
  auto interceptor = MakeInterceptor(CallType::UNARY, InjectedDelay{absl::Milliseconds(1)});
  auto batch = std::make_unique<FakeBatch>(ReadOps().send);
  interceptor->Intercept(batch.get());
  interceptor.reset();
  batch.reset();
  // Due after it: the timer has passed it by.
  const auto next = MakeInterceptor(CallType::UNARY, InjectedDelay{absl::Milliseconds(2)});
  LateBatch(*next, UnaryOps()).WaitUntilGone();
}

TEST_F(FaultyInterceptorTest, EngineIsDestroyedWithoutWaitingForTheHeld) {
  auto interceptor = MakeInterceptor(CallType::UNARY, InjectedHang{});
  FakeBatch batch(UnaryOps().send);
  interceptor->Intercept(&batch);
  interceptor.reset();
  engine_.reset();
  EXPECT_EQ(batch.log(), "");
}

// An interceptor further in may end the call, and with it everything, on the timer's thread.
TEST_F(FaultyInterceptorTest, TimerIsDestroyedByTheCallThatItWakes) {
  auto interceptor = MakeInterceptor(CallType::UNARY, InjectedDelay{absl::Milliseconds(1)});
  Mailbox<bool> destroyed;
  FakeBatch batch(ReadOps().send);
  batch.on_proceed = [&] {
    interceptor.reset();
    destroyed.Put(true);
  };
  grpc::experimental::Interceptor& call = *interceptor;
  engine_.reset();
  call.Intercept(&batch);
  destroyed.Take();
}

}  // namespace
}  // namespace fusebox_testing
