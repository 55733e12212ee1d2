// SPDX-License-Identifier: Apache-2.0
//
// The hooks of one call, batch by batch (docs/grpc-notes.md).
#include "interceptors/interceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

using fusebox::CallResult;
using fusebox::GetRejection;
using fusebox::OutcomeKind;
using fusebox::State;
using grpc::StatusCode;
using testing::ElementsAre;

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
  FakeChannel channel_{clock_};
  const std::shared_ptr<fusebox::CircuitBreaker> breaker_ = channel_.breaker();
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
  const auto interceptor = channel_.MakeInterceptor(GetParam().type);
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
  const auto interceptor = channel_.MakeInterceptor(GetParam().type);
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
      const auto interceptor = channel_.MakeInterceptor(GetParam().type);
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
    const auto interceptor = channel_.MakeInterceptor(GetParam().type);
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
  const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
  const FakeCall::Played played = FakeCall(*interceptor).Play(UnaryOps());
  EXPECT_EQ(played.sending, "Hijack");
  EXPECT_EQ(played.answering, std::string(kFailRecv) + "Proceed");
  EXPECT_EQ(played.received, "Proceed");
  EXPECT_TRUE(GetRejection(played.status));
}

TEST_F(RejectedInterceptorTest, ServerStreamFailsItsReadsButNotItsRequest) {
  const auto interceptor = channel_.MakeInterceptor(CallType::SERVER_STREAMING);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartReadOnlyOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(ReadOps()).answering, std::string(kFailRecv) + "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
}

TEST_F(RejectedInterceptorTest, ClientStreamFailsItsWrites) {
  const auto interceptor = channel_.MakeInterceptor(CallType::CLIENT_STREAMING);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(WriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_EQ(call.Play(WritesDoneOps()).sending, "Proceed");
  const FakeCall::Played finish = call.Play(FinishWithReplyOps());
  EXPECT_EQ(finish.answering, std::string(kFailRecv) + "Proceed");
  EXPECT_TRUE(GetRejection(finish.status));
}

TEST_F(RejectedInterceptorTest, BidiFailsReadsAndWrites) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(WriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_EQ(call.Play(ReadOps()).answering, std::string(kFailRecv) + "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
}

TEST_F(RejectedInterceptorTest, CorkedStreamFailsTheWriteThatItStartsWith) {
  const auto interceptor = channel_.MakeInterceptor(CallType::CLIENT_STREAMING);
  EXPECT_EQ(FakeCall(*interceptor).Play(CorkedWriteOps()).sending,
            std::string(kFailSend) + "Hijack");
}

TEST_F(RejectedInterceptorTest, CorkedStreamThatReadsFirstIsAnsweredAtOnce) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall call(*interceptor);
  const FakeCall::Played read = call.Play(ReadOps());
  EXPECT_EQ(read.sending, "Hijack");
  EXPECT_EQ(read.answering, std::string(kFailRecv) + "Proceed");
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, std::string(kFailSend) + "Proceed");
}

// gRPC reports a hijacked completion-queue stream's start again with its first write.
TEST_F(RejectedInterceptorTest, SecondStartIsNotHijackedAgain) {
  const auto interceptor = channel_.MakeInterceptor(CallType::CLIENT_STREAMING);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Play(StartOps()).sending, "Hijack");
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_EQ(Snapshot().totals.rejected, 1);
}

TEST_F(RejectedInterceptorTest, StaysRejectedWhenTheCircuitCloses) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  breaker_->Reset(fusebox::Operator("test").Because("closed"));
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, std::string(kFailSend) + "Proceed");
  EXPECT_TRUE(GetRejection(call.Play(FinishOps()).status));
  ExpectNothingOut();
}

TEST_F(InterceptorTest, SecondStartOfAPermittedCallTakesNoSecondPermit) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  Open();
  EXPECT_EQ(call.Play(CorkedWriteOps()).sending, "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 1);
  EXPECT_EQ(Snapshot().totals.rejected, 0);
}

// ---- Batches that say nothing.

TEST_F(InterceptorTest, PermitIsTakenWithTheFirstBatchAndNotBefore) {
  const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
  EXPECT_EQ(Snapshot().in_flight, 0);
  FakeBatch start(UnaryOps().send);
  interceptor->Intercept(&start);
  EXPECT_EQ(Snapshot().in_flight, 1);
}

TEST_F(InterceptorTest, NeverStartedCallIsNothing) {
  channel_.MakeInterceptor(CallType::UNARY).reset();
  Open();
  channel_.MakeInterceptor(CallType::UNARY).reset();
  EXPECT_EQ(Snapshot().totals.ignored, 0);
  EXPECT_EQ(Snapshot().totals.rejected, 0);
}

TEST_F(InterceptorTest, BatchesWithoutHooksProceed) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall(*interceptor).Play(StartOps());
  FakeBatch empty;
  interceptor->Intercept(&empty);
  EXPECT_EQ(empty.log(), "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 1);
}

TEST_F(RejectedInterceptorTest, BatchesWithoutHooksProceed) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall(*interceptor).Play(StartOps());
  FakeBatch empty;
  interceptor->Intercept(&empty);
  EXPECT_EQ(empty.log(), "Proceed");
}

TEST_F(InterceptorTest, SecondStatusIsNotRecorded) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
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
  const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
  FakeCall call(*interceptor);
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 0);
  EXPECT_EQ(call.Play(UnaryOps(), grpc::Status::CANCELLED).sending, "Proceed");
  EXPECT_EQ(Snapshot().totals.ignored, 1);
  ExpectNothingOut();
}

TEST_F(InterceptorTest, CancelWhileOutLeavesThePermitToTheStatus) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
  FakeCall call(*interceptor);
  call.Play(StartOps());
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(Snapshot().in_flight, 1);
  call.Play(FinishOps(), grpc::Status::CANCELLED);
  EXPECT_EQ(Snapshot().totals.ignored, 1);
}

TEST_F(InterceptorTest, CancelAfterTheStatusTouchesNothing) {
  const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
  FakeCall call(*interceptor);
  call.Play(UnaryOps());
  EXPECT_EQ(call.Cancel(), "Proceed");
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().totals.ignored, 0);
}

TEST_F(RejectedInterceptorTest, CancelTouchesNothing) {
  const auto interceptor = channel_.MakeInterceptor(CallType::BIDI_STREAMING);
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
    fusebox::InterceptorOptions options;
    options.classifier.predicate = std::move(predicate);
    const auto registry =
        std::shared_ptr<fusebox::CircuitRegistry>(&channel_.registry(), [](auto*) {});
    FakeChannel channel(registry, FakeCallPolicy(), std::move(options));
    const auto interceptor = channel.MakeInterceptor(CallType::UNARY, kMethod, deadline);
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

// A status that comes after the circuit has moved on counts, and moves nothing (rule R7).
TEST_F(InterceptorTest, LateStatusMovesNothing) {
  const auto late = channel_.MakeInterceptor(CallType::UNARY);
  FakeBatch start(UnaryOps().send);
  late->Intercept(&start);
  HalfOpen();
  ASSERT_EQ(Snapshot().state, State::kHalfOpen);
  FakeBatch end(UnaryOps().recv);
  late->Intercept(&end);
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().state, State::kHalfOpen);
}

// ---- Which circuit.

TEST_F(InterceptorTest, CircuitThatIsRemovedServesTheCallsThatAreOut) {
  const auto out = channel_.MakeInterceptor(CallType::UNARY);
  FakeBatch start(UnaryOps().send);
  out->Intercept(&start);
  ASSERT_TRUE(channel_.registry().Remove(breaker_->name()).ok());
  EXPECT_TRUE(breaker_->removed());
  FakeCall(*channel_.MakeInterceptor(CallType::UNARY)).Play(UnaryOps());
  FakeBatch end(UnaryOps().recv);
  out->Intercept(&end);
  EXPECT_EQ(Snapshot().totals.success, 1);
  ASSERT_NE(channel_.breaker(), breaker_);
  EXPECT_EQ(channel_.breaker()->Snapshot().totals.success, 1);
}

TEST_F(InterceptorTest, CircuitMayBeRemovedAnyNumberOfTimes) {
  for (int i = 0; i < 10; ++i) {
    const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
    FakeBatch start(UnaryOps().send);
    interceptor->Intercept(&start);
    const auto circuit = channel_.breaker();
    ASSERT_TRUE(channel_.registry().Remove(circuit->name()).ok());
    FakeBatch end(UnaryOps().recv);
    interceptor->Intercept(&end);
    EXPECT_EQ(circuit->Snapshot().totals.success, 1);
  }
}

TEST_F(InterceptorTest, EachOfManyMethodsHasACircuit) {
  constexpr std::size_t kMethods = 5'000;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < kMethods; ++i) {
      const auto interceptor =
          channel_.MakeInterceptor(CallType::UNARY, "/shop.Inventory/M" + std::to_string(i));
      FakeCall(*interceptor).Play(UnaryOps());
    }
  }
  const auto circuits = channel_.registry().List();
  EXPECT_EQ(circuits.size(), kMethods + 1);  // and kMethod's
  for (const auto& circuit : circuits) {
    EXPECT_EQ(circuit.totals.success, circuit.name == breaker_->name() ? 0 : 2) << circuit.name;
  }
}

TEST_F(InterceptorTest, P4_AFullRegistryLeavesTheCallUnprotected) {
  fusebox::CircuitRegistry::Options options;
  options.clock = &clock_;
  options.max_circuits = 1;
  FakeChannel channel(std::make_shared<fusebox::CircuitRegistry>(std::move(options)));
  ASSERT_TRUE(channel.breaker()->ForceOpen(fusebox::Operator("oncall").Because("stays")).ok());
  const auto interceptor = channel.MakeInterceptor(CallType::UNARY, "/shop.Inventory/Other");
  const FakeCall::Played played =
      FakeCall(*interceptor).Play(UnaryOps(), grpc::Status(StatusCode::UNAVAILABLE, "down"));
  EXPECT_EQ(played.sending, "Proceed");
  EXPECT_EQ(played.received, "Proceed");
  EXPECT_EQ(channel.registry().size(), 1U);
  EXPECT_EQ(channel.registry().Stats().unprotected_calls, 1);
}

std::vector<std::string> CircuitsAfterCalls(fusebox::InterceptorOptions options) {
  const FakeClock clock;
  FakeChannel channel(clock, FakeCallPolicy(), std::move(options));
  for (const char* method : {"/shop.Inventory/Reserve", "/shop.Inventory/Release",
                             "/shop.Orders/Place", "/grpc.health.v1.Other/Check"}) {
    FakeCall(*channel.MakeInterceptor(CallType::UNARY, method)).Play(UnaryOps());
  }
  std::vector<std::string> names;
  for (const auto& circuit : channel.registry().List()) {
    names.push_back(circuit.name + " " + std::to_string(circuit.totals.success));
  }
  return names;
}

TEST(CircuitScopeTest, P2_PerMethodUnlessSaidOtherwise) {
  EXPECT_THAT(
      CircuitsAfterCalls({}),
      ElementsAre("inventory/grpc.health.v1.Other/Check 1", "inventory/shop.Inventory/Release 1",
                  "inventory/shop.Inventory/Reserve 1", "inventory/shop.Orders/Place 1"));
}

TEST(CircuitScopeTest, P2_PerService) {
  fusebox::InterceptorOptions options;
  options.scope = fusebox::CircuitScope::kPerService;
  EXPECT_THAT(CircuitsAfterCalls(std::move(options)),
              ElementsAre("inventory/grpc.health.v1.Other 1", "inventory/shop.Inventory 2",
                          "inventory/shop.Orders 1"));
}

TEST(CircuitScopeTest, P2_PerTarget) {
  fusebox::InterceptorOptions options;
  options.scope = fusebox::CircuitScope::kPerTarget;
  EXPECT_THAT(CircuitsAfterCalls(std::move(options)), ElementsAre("inventory 4"));
}

class CircuitKeyTest : public testing::Test {
 protected:
  static fusebox::InterceptorOptions ByTenant() {
    fusebox::InterceptorOptions options;
    options.circuit_key = [](const fusebox::CallInfo& call) {
      EXPECT_EQ(call.dependency, "inventory");
      EXPECT_EQ(call.method, kMethod);
      const auto tenant = call.metadata.find("tenant");
      return tenant == call.metadata.end() ? std::string() : tenant->second;
    };
    return options;
  }

  // What the interceptor does with a call's first batch.
  std::string Start(const FakeOps& ops, const FakeBatch::SentMetadata& metadata,
                    const grpc::Status& status = grpc::Status::OK) {
    const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
    FakeBatch start(ops.send);
    start.initial_metadata = metadata;
    interceptor->Intercept(&start);
    FakeBatch end(FinishOps().recv);
    end.status = status;
    interceptor->Intercept(&end);
    return start.log();
  }

  int64_t Calls(const std::string& circuit) {
    const auto found = channel_.registry().Find(circuit);
    if (found == nullptr) return 0;
    return found->Snapshot().totals.success + found->Snapshot().totals.failure;
  }

  const FakeClock clock_;
  FakeChannel channel_{clock_, FakeCallPolicy(), ByTenant()};
};

TEST_F(CircuitKeyTest, P2_EachTenantHasItsOwnCircuit) {
  const grpc::Status down(StatusCode::UNAVAILABLE, "down");
  for (int i = 0; i < 2; ++i) Start(UnaryOps(), {{"tenant", "blue"}}, down);
  EXPECT_EQ(Start(UnaryOps(), {{"tenant", "blue"}}), "Hijack");
  EXPECT_EQ(Start(UnaryOps(), {{"tenant", "green"}}), "Proceed");
  EXPECT_EQ(Calls("inventory/blue"), 2);
  EXPECT_EQ(Calls("inventory/green"), 1);
}

TEST_F(CircuitKeyTest, P2_NoKeyIsTheScopesCircuit) {
  Start(UnaryOps(), {});
  EXPECT_EQ(Calls("inventory/shop.Inventory/Reserve"), 1);
}

TEST_F(CircuitKeyTest, P2_StreamThatReadsBeforeItStartsHasNoMetadata) {
  Start(ReadOps(), {{"tenant", "blue"}});
  EXPECT_EQ(Calls("inventory/shop.Inventory/Reserve"), 1);
}

TEST_F(CircuitKeyTest, EachOfManyKeysHasACircuit) {
  constexpr std::size_t kKeys = 5'000;
  for (std::size_t i = 0; i < kKeys; ++i) Start(UnaryOps(), {{"tenant", std::to_string(i)}});
  EXPECT_EQ(channel_.registry().size(), kKeys);
  EXPECT_EQ(Calls("inventory/" + std::to_string(kKeys - 1)), 1);
}

}  // namespace
}  // namespace fusebox_testing
