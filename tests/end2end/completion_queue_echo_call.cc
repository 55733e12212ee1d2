// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/echo_codec.h"
#include "tests/support/echo.grpc.pb.h"

namespace fusebox_testing {
namespace {

template <typename Stream>
using StreamCall = AsyncStreamCall<Stream, MessageCodec>;

}  // namespace

std::unique_ptr<EchoCall> StartCompletionQueue(Kind kind, ChannelRef channel,
                                               grpc::ClientContext& context, Opening opening) {
  const auto stub = Echo::NewStub(channel);
  const EchoRequest request = MessageCodec::Encode(kRequestText);
  using Queue = grpc::CompletionQueue;
  switch (kind) {
    case Kind::kUnary:
      return std::make_unique<AsyncUnaryCall<MessageCodec>>(
          [&](Queue* queue) { return stub->PrepareAsyncUnary(&context, request, queue); });
    case Kind::kClientStream:
      return std::make_unique<StreamCall<grpc::ClientAsyncWriter<EchoRequest>>>(
          opening, [&](Queue* queue, EchoReply* reply) {
            return stub->PrepareAsyncClientStream(&context, reply, queue);
          });
    case Kind::kServerStream:
      return std::make_unique<StreamCall<grpc::ClientAsyncReader<EchoReply>>>(
          opening, [&](Queue* queue, EchoReply*) {
            return stub->PrepareAsyncServerStream(&context, request, queue);
          });
    case Kind::kBidi:
      return std::make_unique<StreamCall<grpc::ClientAsyncReaderWriter<EchoRequest, EchoReply>>>(
          opening,
          [&](Queue* queue, EchoReply*) { return stub->PrepareAsyncBidi(&context, queue); });
  }
  return nullptr;
}

}  // namespace fusebox_testing
