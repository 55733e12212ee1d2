// SPDX-License-Identifier: Apache-2.0
//
// Calls that are prepared and never started, or started and never finished.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.grpc.pb.h"
#include "tests/support/scripted_server.h"

namespace fusebox_testing {
namespace {

class AbandonedStreamTest : public EveryCallTest {};

TEST_P(AbandonedStreamTest, GivesItsPermitBackWithItsContext) {
  const ScriptedServer server(Script::Hang());
  ProtectedClient client(server.address());
  std::optional<grpc::ClientContext> context(std::in_place);
  StartEchoCall(style(), kind(), client.channel(), *context).reset();
  EXPECT_EQ(client.Snapshot(kind()).in_flight, 1);
  context.reset();
  const fusebox::CircuitSnapshot circuit = client.Snapshot(kind());
  EXPECT_EQ(circuit.in_flight, 0);
  EXPECT_EQ(circuit.totals.ignored, 1);
  EXPECT_EQ(circuit.totals.success + circuit.totals.failure, 0);
}

TEST_P(AbandonedStreamTest, GivesItsProbePlaceBack) {
  ScriptedServer server(Script::Hang());
  ProtectedClient client(server.address());
  client.HalfOpen(kind());
  {
    grpc::ClientContext context;
    StartEchoCall(style(), kind(), client.channel(), context).reset();
    EXPECT_EQ(client.Snapshot(kind()).probes_in_flight, 1);
  }
  EXPECT_EQ(client.Snapshot(kind()).probes_in_flight, 0);
  EXPECT_EQ(client.Snapshot(kind()).state, fusebox::State::kHalfOpen);
  server.Play(Script::Answer());
  EXPECT_TRUE(MakeCall(style(), kind(), client.channel()).status.ok());
}

TEST_P(AbandonedStreamTest, RejectedOneChangesNothing) {
  const ScriptedServer server;
  ProtectedClient client(server.address());
  client.Open(kind());
  {
    grpc::ClientContext context;
    StartEchoCall(style(), kind(), client.channel(), context).reset();
  }
  const fusebox::CircuitSnapshot circuit = client.Snapshot(kind());
  EXPECT_EQ(circuit.totals.rejected, 1);
  EXPECT_EQ(circuit.totals.ignored, 0);
  EXPECT_EQ(circuit.in_flight, 0);
}

// The callback interface has no such streams: a reactor always hears OnDone.
INSTANTIATE_TEST_SUITE_P(
    EveryCall, AbandonedStreamTest,
    testing::Combine(testing::Values(Style::kSync, Style::kCompletionQueue, Style::kGeneric),
                     testing::Values(Kind::kClientStream, Kind::kServerStream, Kind::kBidi)),
    EveryCallName);

// Prepares a call of either completion-queue style, and leaves it at that.
void Prepare(Style style, Kind kind, ChannelRef channel) {
  OneTagQueue queue;
  grpc::ClientContext context;
  grpc::GenericStub generic_stub(channel);
  const auto stub = Echo::NewStub(channel);
  EchoReply reply;
  if (kind == Kind::kUnary) {
    // With an empty buffer: gRPC never frees the bytes of a request that it has serialised for a
    // unary call which is then not started.
    generic_stub.PrepareUnaryCall(&context, MethodOf(kind), grpc::ByteBuffer(), queue.get());
  } else if (style == Style::kGeneric) {
    generic_stub.PrepareCall(&context, MethodOf(kind), queue.get());
  } else if (kind == Kind::kClientStream) {
    stub->PrepareAsyncClientStream(&context, &reply, queue.get());
  } else if (kind == Kind::kServerStream) {
    stub->PrepareAsyncServerStream(&context, EchoRequest(), queue.get());
  } else {
    stub->PrepareAsyncBidi(&context, queue.get());
  }
}

class PreparedCallTest : public EveryCallTest {};

TEST_P(PreparedCallTest, TakesNoPermitUntilItStarts) {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  Prepare(style(), kind(), client.channel());
  const fusebox::CircuitSnapshot circuit = client.Snapshot(kind());
  EXPECT_EQ(circuit.in_flight, 0);
  EXPECT_EQ(circuit.totals.ignored, 0);
}

TEST_P(PreparedCallTest, TakesNoProbePlaceAndIsNotRejected) {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  client.Open(kind());
  Prepare(style(), kind(), client.channel());
  EXPECT_EQ(client.Snapshot(kind()).totals.rejected, 0);
  client.clock().Advance(absl::Seconds(30));
  Prepare(style(), kind(), client.channel());
  const fusebox::CircuitSnapshot circuit = client.Snapshot(kind());
  EXPECT_EQ(circuit.state, fusebox::State::kHalfOpen);
  EXPECT_EQ(circuit.probes_in_flight, 0);
  EXPECT_EQ(circuit.totals.ignored, 0);
}

INSTANTIATE_TEST_SUITE_P(Generic, PreparedCallTest,
                         testing::Combine(testing::Values(Style::kGeneric),
                                          testing::ValuesIn(kKinds)),
                         EveryCallName);
INSTANTIATE_TEST_SUITE_P(CompletionQueue, PreparedCallTest,
                         testing::Combine(testing::Values(Style::kCompletionQueue),
                                          testing::Values(Kind::kClientStream, Kind::kServerStream,
                                                          Kind::kBidi)),
                         EveryCallName);

}  // namespace
}  // namespace fusebox_testing
