// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_TESTING_UNARY_CALL_H_
#define FUSEBOX_TESTS_TESTING_UNARY_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <map>
#include <memory>
#include <string>

#include "fusebox/testing/scripted_server.h"
#include "tests/support/echo.grpc.pb.h"

namespace fusebox_testing {

inline constexpr char kUnary[] = "fusebox_testing.Echo/Unary";

// What a blocking unary call came to.
struct Result {
  grpc::Status status;
  std::string text;
  std::multimap<std::string, std::string> trailing_metadata;
};

inline Result CallUnary(const std::shared_ptr<grpc::Channel>& channel,
                        grpc::ClientContext& context) {
  EchoReply reply;
  Result result;
  result.status = Echo::NewStub(channel)->Unary(&context, EchoRequest(), &reply);
  result.text = reply.text();
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    result.trailing_metadata.emplace(std::string(key.data(), key.size()),
                                     std::string(value.data(), value.size()));
  }
  return result;
}

inline Result CallUnary(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  return CallUnary(channel, context);
}

inline Reply Saying(const std::string& text) {
  EchoReply message;
  message.set_text(text);
  return Reply::Ok(message);
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_TESTING_UNARY_CALL_H_
