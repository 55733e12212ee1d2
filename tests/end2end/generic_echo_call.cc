// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/generic/generic_stub.h>

#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/echo_codec.h"

namespace fusebox_testing {
namespace {

// To a generic stub, every stream is bidirectional: a server stream's one request is just written.
class ServerStreamCall final : public EchoCall {
 public:
  explicit ServerStreamCall(std::unique_ptr<EchoCall> stream) : stream_(std::move(stream)) {
    stream_->Write(kRequestText);
    stream_->WritesDone();
  }

  bool Read(std::string* text) override { return stream_->Read(text); }
  grpc::Status Finish(std::string* reply) override { return stream_->Finish(reply); }

 private:
  const std::unique_ptr<EchoCall> stream_;
};

}  // namespace

std::unique_ptr<EchoCall> StartGeneric(Kind kind, ChannelRef channel, grpc::ClientContext& context,
                                       Opening opening) {
  grpc::GenericStub stub(channel);
  using Queue = grpc::CompletionQueue;
  if (kind == Kind::kUnary) {
    const grpc::ByteBuffer request = BytesCodec::Encode(kRequestText);
    return std::make_unique<AsyncUnaryCall<BytesCodec>>([&](Queue* queue) {
      return stub.PrepareUnaryCall(&context, MethodOf(kind), request, queue);
    });
  }
  std::unique_ptr<EchoCall> stream =
      std::make_unique<AsyncStreamCall<grpc::GenericClientAsyncReaderWriter, BytesCodec>>(
          opening,
          [&](Queue* queue, grpc::ByteBuffer*) {
            return stub.PrepareCall(&context, MethodOf(kind), queue);
          },
          /*reads_reply=*/kind == Kind::kClientStream);
  if (kind != Kind::kServerStream) return stream;
  return std::make_unique<ServerStreamCall>(std::move(stream));
}

}  // namespace fusebox_testing
