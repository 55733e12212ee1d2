// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/support/sync_stream.h>

#include <utility>

#include "tests/end2end/echo_call.h"
#include "tests/end2end/echo_codec.h"
#include "tests/support/echo.grpc.pb.h"

namespace fusebox_testing {
namespace {

template <typename Stream>
inline constexpr bool kWrites = true;
template <typename Reply>
inline constexpr bool kWrites<grpc::ClientReader<Reply>> = false;

template <typename Stream>
inline constexpr bool kReads = true;
template <typename Request>
inline constexpr bool kReads<grpc::ClientWriter<Request>> = false;

// Starts with Finish: a blocking call is one function.
class UnaryCall final : public EchoCall {
 public:
  UnaryCall(std::unique_ptr<Echo::Stub> stub, grpc::ClientContext& context)
      : stub_(std::move(stub)), context_(context) {}

  grpc::Status Finish(std::string* reply) override {
    EchoReply message;
    grpc::Status status = stub_->Unary(&context_, MessageCodec::Encode(kRequestText), &message);
    *reply = message.text();
    return status;
  }

 private:
  const std::unique_ptr<Echo::Stub> stub_;
  grpc::ClientContext& context_;
};

template <typename Stream>
class StreamCall final : public EchoCall {
 public:
  // `start` starts the stream. It may keep the message for the reply, which Finish will fill.
  template <typename Start>
  explicit StreamCall(Start start) : stream_(start(&reply_)) {}

  bool Write(const std::string& text) override {
    if constexpr (kWrites<Stream>) return stream_->Write(MessageCodec::Encode(text));
    return EchoCall::Write(text);
  }
  bool WritesDone() override {
    if constexpr (kWrites<Stream>) return stream_->WritesDone();
    return EchoCall::WritesDone();
  }
  bool Read(std::string* text) override {
    if constexpr (kReads<Stream>) {
      EchoReply message;
      if (!stream_->Read(&message)) return false;
      *text = message.text();
      return true;
    }
    return EchoCall::Read(text);
  }
  grpc::Status Finish(std::string* reply) override {
    grpc::Status status = stream_->Finish();
    *reply = reply_.text();
    return status;
  }

 private:
  EchoReply reply_;
  const std::unique_ptr<Stream> stream_;
};

}  // namespace

std::unique_ptr<EchoCall> StartSync(Kind kind, ChannelRef channel, grpc::ClientContext& context) {
  auto stub = Echo::NewStub(channel);
  switch (kind) {
    case Kind::kUnary:
      return std::make_unique<UnaryCall>(std::move(stub), context);
    case Kind::kClientStream:
      return std::make_unique<StreamCall<grpc::ClientWriter<EchoRequest>>>(
          [&](EchoReply* reply) { return stub->ClientStream(&context, reply); });
    case Kind::kServerStream:
      return std::make_unique<StreamCall<grpc::ClientReader<EchoReply>>>([&](EchoReply*) {
        return stub->ServerStream(&context, MessageCodec::Encode(kRequestText));
      });
    case Kind::kBidi:
      return std::make_unique<StreamCall<grpc::ClientReaderWriter<EchoRequest, EchoReply>>>(
          [&](EchoReply*) { return stub->Bidi(&context); });
  }
  return nullptr;
}

}  // namespace fusebox_testing
