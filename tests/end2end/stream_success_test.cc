// SPDX-License-Identifier: Apache-2.0
//
// Streams whose first message is their success (rule C6), and servers that ask to be left alone
// (C5), through real channels.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/rejection.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/retry_info.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

class StreamSuccessTest : public EveryCallTest {
 protected:
  // With the call started, and what there is of messages one by one.
  std::unique_ptr<EchoCall> Start(const std::string& address) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.breaker.streams.success = fusebox::StreamSuccess::kFirstMessage;
    channel_ = MustCreateChannel(address, std::move(options));
    return StartEchoCall(style(), kind(), channel_, context_);
  }
  fusebox::CircuitSnapshot Snapshot() {
    return shared_.registry->Find(CircuitName(kind()))->Snapshot();
  }

  TestRegistry shared_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
};

TEST_P(StreamSuccessTest, C6_FirstMessageGivesThePermitBack) {
  const ScriptedEcho server;
  const std::unique_ptr<EchoCall> call = Start(server.address());
  EXPECT_EQ(Snapshot().in_flight, 1);
  if (ClientStreams(kind())) {
    EXPECT_TRUE(call->Write("a"));
  }
  std::string text;
  ASSERT_TRUE(call->Read(&text));
  EXPECT_EQ(Snapshot().in_flight, 0);
  EXPECT_EQ(Snapshot().totals.success, 1);
  if (ClientStreams(kind())) {
    EXPECT_TRUE(call->WritesDone());
  }
  while (call->Read(&text)) continue;
  EXPECT_TRUE(call->Finish(&text).ok());
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().totals.failure, 0);
}

TEST_P(StreamSuccessTest, C6_FailureWithoutAMessageIsTheOutcome) {
  const ScriptedEcho server(Script::Fail(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  const std::unique_ptr<EchoCall> call = Start(server.address());
  std::string text;
  EXPECT_FALSE(call->Read(&text));
  EXPECT_EQ(call->Finish(&text).error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(Snapshot().totals.failure, 1);
  EXPECT_EQ(Snapshot().in_flight, 0);
}

// A server that breaks every stream after two messages.
TEST_P(StreamSuccessTest, C6_StreamsThatBreakAfterTheirMessagesOpenTheCircuit) {
  const ScriptedEcho server(
      Script::AnswerAndBreak(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.streams.success = fusebox::StreamSuccess::kFirstMessage;
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  for (int i = 0; i < 2; ++i) {
    const Report report = MakeCall(style(), kind(), channel);
    EXPECT_EQ(report.replies.size(), 2U);
    EXPECT_EQ(report.status.error_code(), grpc::StatusCode::INTERNAL);
  }
  EXPECT_EQ(Snapshot().state, fusebox::State::kOpen);
  EXPECT_EQ(Snapshot().totals.failure, 2);
  EXPECT_EQ(Snapshot().in_flight, 0);
}

// The same server, while enough other circuits are made to evict the streams' own: their
// permits are back, and don't hold it.
TEST_P(StreamSuccessTest, C6_StreamsThatBreakAfterTheirCircuitWasEvictedOpenTheNextOne) {
  const ScriptedEcho server(
      Script::AnswerAndBreak(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  fusebox::CircuitRegistry::Options bounded;
  bounded.clock = &shared_.clock;
  bounded.max_circuits = 2;
  shared_.registry = std::make_shared<fusebox::CircuitRegistry>(std::move(bounded));
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.streams.success = fusebox::StreamSuccess::kFirstMessage;
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<EchoCall>> streams;
  std::string text;
  const auto start = [&] {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(StartEchoCall(style(), kind(), channel, *contexts.back()));
    streams.back()->Write("a");
    EXPECT_TRUE(streams.back()->Read(&text));
  };
  for (int i = 0; i < 2; ++i) start();
  const auto first = shared_.registry->Find(CircuitName(kind()));
  for (int other = 0; !first->removed(); ++other) {
    ASSERT_LT(other, 10);
    ASSERT_TRUE(shared_.registry->GetOrCreate(absl::StrCat("other/", other), TestPolicy()).ok());
  }
  start();
  ASSERT_NE(shared_.registry->Find(CircuitName(kind())), first);
  for (int i = 0; i < 2; ++i) {
    streams[static_cast<std::size_t>(i)]->WritesDone();
    while (streams[static_cast<std::size_t>(i)]->Read(&text)) continue;
    EXPECT_EQ(streams[static_cast<std::size_t>(i)]->Finish(&text).error_message(), "broken");
  }
  EXPECT_EQ(Snapshot().state, fusebox::State::kOpen);
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_EQ(Snapshot().totals.failure, 2);
  EXPECT_EQ(shared_.registry->RemovedTotals().back().totals.success, 2);
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  contexts.back()->TryCancel();
  streams.back()->Finish(&text);
}

// As long as its key doesn't come again, there is nothing that the failure could count for.
TEST_P(StreamSuccessTest, C6_AStreamThatBreaksWhileItsCircuitIsEvictedMakesNone) {
  const ScriptedEcho server(
      Script::AnswerAndBreak(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  fusebox::CircuitRegistry::Options bounded;
  bounded.clock = &shared_.clock;
  bounded.max_circuits = 1;
  shared_.registry = std::make_shared<fusebox::CircuitRegistry>(std::move(bounded));
  const std::unique_ptr<EchoCall> call = Start(server.address());
  call->Write("a");
  std::string text;
  ASSERT_TRUE(call->Read(&text));
  const auto evicted = shared_.registry->Find(CircuitName(kind()));
  const auto other = *shared_.registry->GetOrCreate("other", TestPolicy());
  ASSERT_TRUE(evicted->removed());
  call->WritesDone();
  while (call->Read(&text)) continue;
  EXPECT_EQ(call->Finish(&text).error_message(), "broken");
  EXPECT_EQ(shared_.registry->Find(CircuitName(kind())), nullptr);
  EXPECT_EQ(other->Snapshot().totals.failure, 0);
  EXPECT_FALSE(other->removed());
  const fusebox::Totals counted = shared_.registry->RemovedTotals().back().totals;
  EXPECT_EQ(counted.success, 1);
  EXPECT_EQ(counted.failure, 0);  // RemovedTotals are of the time of the eviction
}

// ---- Streams that go on (rules R5 and R14), by default.

class LongStreamTest : public StreamSuccessTest {
 protected:
  void StartTwo(const ScriptedEcho& server, fusebox::Policy policy) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.breaker.policies = fusebox::PolicyTable();
    options.breaker.policies.Default(policy);
    channel_ = MustCreateChannel(server.address(), std::move(options));
    // While it connects for the first of them, another one is no probe (rule R20).
    ASSERT_TRUE(
        channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::minutes(1)));
    for (int i = 0; i < 2; ++i) {
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      calls_.push_back(StartEchoCall(style(), kind(), channel_, *contexts_.back()));
    }
  }
  void ReadOfEach() {
    for (const auto& call : calls_) {
      call->Write("a");
      std::string text;
      EXPECT_TRUE(call->Read(&text));
    }
  }
  void CancelAll() {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      contexts_[i]->TryCancel();
      std::string text;
      calls_[i]->Finish(&text);
    }
  }
  fusebox::State StateLater() {
    const auto circuit = shared_.registry->Find(CircuitName(kind()));
    for (int i = 0; i < 8; ++i) {
      shared_.clock.Advance(absl::Seconds(2));
      circuit->TryAcquire().permit().Ignore();
    }
    return circuit->state();
  }

  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<EchoCall>> calls_;
};

TEST_P(LongStreamTest, R14_ThoseThatHaveGotAMessageAreNotHung) {
  const ScriptedEcho server(Script::AnswerOnce());
  fusebox::Policy policy = TestPolicy();
  policy.hung_calls = fusebox::HungCalls{2, absl::Seconds(8)};
  StartTwo(server, policy);
  ReadOfEach();
  EXPECT_EQ(StateLater(), fusebox::State::kClosed);
  CancelAll();
  EXPECT_EQ(Snapshot().in_flight, 0);
}

TEST_P(LongStreamTest, R14_ThoseWithoutAMessageAre) {
  const ScriptedEcho server(Script::Hang());
  fusebox::Policy policy = TestPolicy();
  policy.hung_calls = fusebox::HungCalls{2, absl::Seconds(8)};
  StartTwo(server, policy);
  EXPECT_EQ(StateLater(), fusebox::State::kOpen);
  CancelAll();
}

TEST_P(LongStreamTest, R5_AProbeThatHasGotAMessageHasSucceeded) {
  const ScriptedEcho server(Script::AnswerOnce());
  fusebox::Policy policy = TestPolicy();
  policy.half_open.max_concurrent = 2;
  const auto circuit = *shared_.registry->GetOrCreate(CircuitName(kind()), policy);
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();
  shared_.clock.Advance(absl::Seconds(30));
  StartTwo(server, policy);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 2);
  ReadOfEach();
  EXPECT_EQ(circuit->state(), fusebox::State::kClosed);
  shared_.clock.Advance(absl::Hours(1));
  EXPECT_EQ(circuit->state(), fusebox::State::kClosed);
  CancelAll();
}

INSTANTIATE_TEST_SUITE_P(EveryCall, LongStreamTest,
                         testing::Combine(testing::ValuesIn(kStyles),
                                          testing::Values(Kind::kServerStream, Kind::kBidi)),
                         EveryCallName);

INSTANTIATE_TEST_SUITE_P(EveryCall, StreamSuccessTest,
                         testing::Combine(testing::ValuesIn(kStyles),
                                          testing::Values(Kind::kServerStream, Kind::kBidi)),
                         EveryCallName);

class PushbackTest : public EveryCallTest {
 protected:
  // For how long the circuit is open after two such answers.
  absl::Duration OpenAfter(const Script& script) {
    const ScriptedEcho server(script);
    ProtectedClient client(server.address());
    for (int i = 0; i < 2; ++i) MakeCall(style(), kind(), client.channel());
    return client.Circuit(kind())->TryAcquire().retry_after();
  }
};

TEST_P(PushbackTest, C5_InTheTrailingMetadata) {
  Script script = Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "busy"));
  script.trailing_metadata = {{"grpc-retry-pushback-ms", "45000"}};
  EXPECT_EQ(OpenAfter(script), absl::Seconds(45));
}

TEST_P(PushbackTest, C5_InTheDetails) {
  EXPECT_EQ(OpenAfter(Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "busy",
                                                RetryInfoDetails(absl::Seconds(50))))),
            absl::Seconds(50));
}

// A server that hands on what a circuit of its own said: a failure, but no pushback.
TEST_P(PushbackTest, C5_NotInARejectionThatIsPassedOn) {
  fusebox::Rejection upstream;
  upstream.circuit = "upstream/a.B/C";
  upstream.retry_after = absl::Minutes(5);
  Script script = Script::Fail(fusebox::ToGrpcStatus(upstream));
  EXPECT_EQ(OpenAfter(script), absl::Seconds(30));
  script.trailing_metadata = {{"grpc-retry-pushback-ms", "45000"}};
  EXPECT_EQ(OpenAfter(script), absl::Seconds(30));
}

FUSEBOX_FOR_EVERY_CALL(PushbackTest);

}  // namespace
}  // namespace fusebox_testing
