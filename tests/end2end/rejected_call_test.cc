// SPDX-License-Identifier: Apache-2.0
//
// What a rejected call costs: nothing of the network, and no serialisation of its request.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/client_unary_call.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/echo_codec.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.grpc.pb.h"
#include "tests/support/mailbox.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {

// A request that counts how often it is serialised.
struct CountingRequest {
  int* serialised;
};

}  // namespace fusebox_testing

namespace grpc {

template <>
class SerializationTraits<fusebox_testing::CountingRequest> {
 public:
  static Status Serialize(const fusebox_testing::CountingRequest& request, ByteBuffer* bytes,
                          bool* own) {
    ++*request.serialised;
    *bytes = fusebox_testing::BytesCodec::Encode(fusebox_testing::kRequestText);
    *own = true;
    return Status::OK;
  }
};

}  // namespace grpc

namespace fusebox_testing {
namespace {

using fusebox::GetRejection;

class RejectedCallTest : public EveryCallTest {};

TEST_P(RejectedCallTest, TouchesNoNetwork) {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  client.Open(kind());
  const Report report = MakeCall(style(), kind(), client.channel());
  EXPECT_TRUE(GetRejection(report.status)) << report.status.error_message();
  EXPECT_EQ(report.written, 0);
  // A channel connects when it's first used.
  EXPECT_EQ(client.channel()->GetState(/*try_to_connect=*/false), GRPC_CHANNEL_IDLE);
}

TEST_P(RejectedCallTest, DoesNotWaitForReady) {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  client.Open(kind());
  grpc::ClientContext context;
  context.set_wait_for_ready(true);  // and no deadline: the call would wait forever
  EXPECT_TRUE(GetRejection(MakeCall(style(), kind(), client.channel(), context).status));
}

// Nothing can be lost, since nothing was out: the next call after the time is up is a probe.
TEST_P(RejectedCallTest, LeavesNothingBehind) {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  client.Open(kind());
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(GetRejection(MakeCall(style(), kind(), client.channel()).status));
  }
  EXPECT_EQ(client.Snapshot(kind()).in_flight, 0);
  client.clock().Advance(absl::Seconds(30));
  EXPECT_TRUE(MakeCall(style(), kind(), client.channel()).status.ok());
}

FUSEBOX_FOR_EVERY_CALL(RejectedCallTest);

// A corked stream starts with its first message.
class CorkedStreamTest : public EveryCallTest {};

TEST_P(CorkedStreamTest, IsRejectedAtItsFirstWrite) {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  client.Open(kind());
  grpc::ClientContext context;
  const Report report = MakeCall(style(), kind(), client.channel(), context, Opening::kCorked);
  EXPECT_TRUE(GetRejection(report.status)) << report.status.error_message();
  EXPECT_EQ(report.written, 0);
  EXPECT_EQ(client.Snapshot(kind()).totals.rejected, 1);
  EXPECT_EQ(server.calls(), 0);
}

// What it waits for before its first write may not be left waiting.
TEST_P(CorkedStreamTest, IsRejectedBeforeItsFirstWriteIfReadFirst) {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  client.Open(kind());
  grpc::ClientContext context;
  const auto call = StartEchoCall(style(), kind(), client.channel(), context, Opening::kCorked);
  std::string text;
  EXPECT_FALSE(call->Read(&text));
  EXPECT_FALSE(call->Write("a"));
  EXPECT_TRUE(GetRejection(call->Finish(&text)));
  EXPECT_EQ(client.Snapshot(kind()).totals.rejected, 1);
}

TEST_P(CorkedStreamTest, IsRejectedIfFinishedWithoutAWrite) {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  client.Open(kind());
  grpc::ClientContext context;
  const auto call = StartEchoCall(style(), kind(), client.channel(), context, Opening::kCorked);
  std::string text;
  EXPECT_TRUE(GetRejection(call->Finish(&text)));
}

TEST_P(CorkedStreamTest, IsCountedOnceWhenItMayPass) {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  grpc::ClientContext context;
  const Report report = MakeCall(style(), kind(), client.channel(), context, Opening::kCorked);
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  EXPECT_EQ(report.replies, ExpectedReplies(kind()));
  EXPECT_EQ(client.Snapshot(kind()).totals.success, 1);
  EXPECT_EQ(client.Snapshot(kind()).in_flight, 0);
}

INSTANTIATE_TEST_SUITE_P(EveryCall, CorkedStreamTest,
                         testing::Combine(testing::ValuesIn(kStyles),
                                          testing::Values(Kind::kClientStream, Kind::kBidi)),
                         EveryCallName);

// The completion-queue stubs serialise when the call is prepared, before any interceptor is asked;
// the others only when the call goes out.
class SerialisationTest : public testing::Test {
 protected:
  SerialisationTest() : client_(server_.address()) {}

  grpc::Status CallBlocking() {
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    const std::string method = MethodOf(Kind::kUnary);
    return grpc::internal::BlockingUnaryCall<CountingRequest, grpc::ByteBuffer>(
        client_.channel().get(),
        grpc::internal::RpcMethod(method.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context,
        {&serialised_}, &reply);
  }

  grpc::Status CallWithCallback() {
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    Mailbox<grpc::Status> done;
    const CountingRequest request = {&serialised_};
    grpc::TemplatedGenericStub<CountingRequest, grpc::ByteBuffer>(client_.channel())
        .UnaryCall(&context, MethodOf(Kind::kUnary), grpc::StubOptions(), &request, &reply,
                   [&](grpc::Status status) { done.Put(std::move(status)); });
    return done.Take();
  }

  int serialised_ = 0;
  const ScriptedEcho server_;
  ProtectedClient client_;
};

TEST_F(SerialisationTest, RejectedBlockingCallIsNotSerialised) {
  EXPECT_TRUE(CallBlocking().ok());
  EXPECT_EQ(serialised_, 1);
  client_.Open(Kind::kUnary);
  EXPECT_TRUE(GetRejection(CallBlocking()));
  EXPECT_EQ(serialised_, 1);
}

TEST_F(SerialisationTest, RejectedCallbackCallIsNotSerialised) {
  EXPECT_TRUE(CallWithCallback().ok());
  EXPECT_EQ(serialised_, 1);
  client_.Open(Kind::kUnary);
  EXPECT_TRUE(GetRejection(CallWithCallback()));
  EXPECT_EQ(serialised_, 1);
}

}  // namespace
}  // namespace fusebox_testing
