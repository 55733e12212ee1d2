// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/own_context_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <utility>

#include "tests/support/echo.grpc.pb.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {
namespace {

struct Messages {
  grpc::ClientContext context;
  EchoRequest request;
  EchoReply reply;
};

template <typename Reactor>
class OwnContextReactor final : public Reactor {
 public:
  explicit OwnContextReactor(Mailbox<grpc::Status>& gone) : gone_(gone) {}

  Messages messages;

 private:
  void OnDone(const grpc::Status& status) override {
    Mailbox<grpc::Status>& gone = gone_;
    grpc::Status copy = status;
    delete this;
    gone.Put(std::move(copy));
  }

  Mailbox<grpc::Status>& gone_;
};

void StartUnary(Echo::Stub& stub, Mailbox<grpc::Status>& gone) {
  auto* const call = new Messages;
  stub.async()->Unary(&call->context, &call->request, &call->reply,
                      [call, &gone](grpc::Status status) {
                        delete call;
                        gone.Put(std::move(status));
                      });
}

template <typename Reactor, typename Bind>
void StartStream(Mailbox<grpc::Status>& gone, Bind bind) {
  auto* const call = new OwnContextReactor<Reactor>(gone);
  bind(call->messages, call);
  call->StartCall();
}

}  // namespace

grpc::Status MakeCallThatOwnsItsContext(Kind kind, ChannelRef channel) {
  const auto stub = Echo::NewStub(channel);
  Mailbox<grpc::Status> gone;
  switch (kind) {
    case Kind::kUnary:
      StartUnary(*stub, gone);
      break;
    case Kind::kClientStream:
      StartStream<grpc::ClientWriteReactor<EchoRequest>>(gone, [&](Messages& m, auto* reactor) {
        stub->async()->ClientStream(&m.context, &m.reply, reactor);
      });
      break;
    case Kind::kServerStream:
      StartStream<grpc::ClientReadReactor<EchoReply>>(gone, [&](Messages& m, auto* reactor) {
        stub->async()->ServerStream(&m.context, &m.request, reactor);
      });
      break;
    case Kind::kBidi:
      StartStream<grpc::ClientBidiReactor<EchoRequest, EchoReply>>(
          gone, [&](Messages& m, auto* reactor) { stub->async()->Bidi(&m.context, reactor); });
      break;
  }
  return gone.Take();
}

}  // namespace fusebox_testing
