// SPDX-License-Identifier: Apache-2.0
//
// Between texts and what the stubs take and give.
#ifndef FUSEBOX_TESTS_END2END_ECHO_CODEC_H_
#define FUSEBOX_TESTS_END2END_ECHO_CODEC_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string>

#include "tests/support/echo.pb.h"

namespace fusebox_testing {

// For generated stubs.
struct MessageCodec {
  using Request = EchoRequest;
  using Reply = EchoReply;

  static Request Encode(const std::string& text) {
    EchoRequest request;
    request.set_text(text);
    return request;
  }
  static std::string Decode(const Reply& reply) { return reply.text(); }
};

// For generic ones.
struct BytesCodec {
  using Request = grpc::ByteBuffer;
  using Reply = grpc::ByteBuffer;

  static Request Encode(const std::string& text) {
    const grpc::Slice slice(MessageCodec::Encode(text).SerializeAsString());
    return grpc::ByteBuffer(&slice, 1);
  }
  static std::string Decode(const Reply& reply) {
    grpc::Slice slice;
    EchoReply message;
    const bool ok = reply.DumpToSingleSlice(&slice).ok() &&
                    message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
    return ok ? message.text() : "unreadable";
  }
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_ECHO_CODEC_H_
