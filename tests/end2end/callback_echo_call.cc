// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/support/client_callback.h>

#include <utility>

#include "tests/end2end/echo_call.h"
#include "tests/end2end/echo_codec.h"
#include "tests/support/echo.grpc.pb.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {
namespace {

class UnaryCall final : public EchoCall {
 public:
  UnaryCall(Echo::Stub& stub, grpc::ClientContext& context) {
    stub.async()->Unary(&context, &request_, &reply_,
                        [this](grpc::Status status) { done_.Put(std::move(status)); });
  }

  grpc::Status Finish(std::string* reply) override {
    grpc::Status status = done_.Take();
    *reply = reply_.text();
    return status;
  }

 private:
  const EchoRequest request_ = MessageCodec::Encode(kRequestText);
  EchoReply reply_;
  Mailbox<grpc::Status> done_;
};

// Where the reactors' callbacks go.
struct Results {
  Mailbox<bool> read;
  Mailbox<bool> write;
  Mailbox<bool> writes_done;
  Mailbox<grpc::Status> done;
};

class WriteReactor : public grpc::ClientWriteReactor<EchoRequest> {
 public:
  Results results;

 private:
  void OnWriteDone(bool ok) override { results.write.Put(ok); }
  void OnWritesDoneDone(bool ok) override { results.writes_done.Put(ok); }
  void OnDone(const grpc::Status& status) override { results.done.Put(status); }
};

class ReadReactor : public grpc::ClientReadReactor<EchoReply> {
 public:
  Results results;

 private:
  void OnReadDone(bool ok) override { results.read.Put(ok); }
  void OnDone(const grpc::Status& status) override { results.done.Put(status); }
};

class BidiReactor : public grpc::ClientBidiReactor<EchoRequest, EchoReply> {
 public:
  Results results;

 private:
  void OnReadDone(bool ok) override { results.read.Put(ok); }
  void OnWriteDone(bool ok) override { results.write.Put(ok); }
  void OnWritesDoneDone(bool ok) override { results.writes_done.Put(ok); }
  void OnDone(const grpc::Status& status) override { results.done.Put(status); }
};

template <typename Reactor>
inline constexpr bool kWrites = true;
template <>
inline constexpr bool kWrites<ReadReactor> = false;

template <typename Reactor>
inline constexpr bool kReads = true;
template <>
inline constexpr bool kReads<WriteReactor> = false;

// Held from its start to Finish, so that operations may be started at any time in between.
template <typename Reactor>
class StreamCall final : public EchoCall {
 public:
  // `prepare` binds the reactor to a call, and may keep the messages for the request and the reply.
  template <typename Prepare>
  StreamCall(grpc::ClientContext& context, Prepare prepare) : context_(context) {
    prepare(&reactor_, request_, &reply_);
    reactor_.AddHold();
    reactor_.StartCall();
  }
  ~StreamCall() override {
    if (finished_) return;
    context_.TryCancel();
    std::string reply;
    Finish(&reply);
  }

  bool Write(const std::string& text) override {
    if constexpr (kWrites<Reactor>) {
      const EchoRequest request = MessageCodec::Encode(text);
      reactor_.StartWrite(&request);
      return reactor_.results.write.Take();
    }
    return EchoCall::Write(text);
  }
  bool WritesDone() override {
    if constexpr (kWrites<Reactor>) {
      reactor_.StartWritesDone();
      return reactor_.results.writes_done.Take();
    }
    return EchoCall::WritesDone();
  }
  bool Read(std::string* text) override {
    if constexpr (kReads<Reactor>) {
      EchoReply message;
      reactor_.StartRead(&message);
      if (!reactor_.results.read.Take()) return false;
      *text = message.text();
      return true;
    }
    return EchoCall::Read(text);
  }
  grpc::Status Finish(std::string* reply) override {
    finished_ = true;
    reactor_.RemoveHold();
    grpc::Status status = reactor_.results.done.Take();
    *reply = reply_.text();
    return status;
  }

 private:
  grpc::ClientContext& context_;
  const EchoRequest request_ = MessageCodec::Encode(kRequestText);
  EchoReply reply_;
  Reactor reactor_;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<EchoCall> StartCallback(Kind kind, ChannelRef channel,
                                        grpc::ClientContext& context) {
  const auto stub = Echo::NewStub(channel);
  switch (kind) {
    case Kind::kUnary:
      return std::make_unique<UnaryCall>(*stub, context);
    case Kind::kClientStream:
      return std::make_unique<StreamCall<WriteReactor>>(
          context, [&](WriteReactor* reactor, const EchoRequest&, EchoReply* reply) {
            stub->async()->ClientStream(&context, reply, reactor);
          });
    case Kind::kServerStream:
      return std::make_unique<StreamCall<ReadReactor>>(
          context, [&](ReadReactor* reactor, const EchoRequest& request, EchoReply*) {
            stub->async()->ServerStream(&context, &request, reactor);
          });
    case Kind::kBidi:
      return std::make_unique<StreamCall<BidiReactor>>(
          context, [&](BidiReactor* reactor, const EchoRequest&, EchoReply*) {
            stub->async()->Bidi(&context, reactor);
          });
  }
  return nullptr;
}

}  // namespace fusebox_testing
