// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/generic/generic_stub.h>

#include "tests/end2end/async_echo_call.h"
#include "tests/support/echo.grpc.pb.h"

namespace fusebox_testing {

void PrepareEchoCall(Style style, Kind kind, ChannelRef channel) {
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

}  // namespace fusebox_testing
