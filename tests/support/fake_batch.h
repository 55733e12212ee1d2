// SPDX-License-Identifier: Apache-2.0
//
// gRPC's side of an interceptor, without gRPC: a batch of hooks, and a call that plays batches in
// the order in which gRPC 1.51 does. No thread is started, so ThreadSanitizer sees everything.
//
//   FakeCall call(interceptor);
//   FakeCall::Played start = call.Play(StartOps());
//   EXPECT_EQ(start.sending, "Proceed");
#ifndef FUSEBOX_TESTS_SUPPORT_FAKE_BATCH_H_
#define FUSEBOX_TESTS_SUPPORT_FAKE_BATCH_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/interceptor.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fusebox_testing {

using Hook = grpc::experimental::InterceptionHookPoints;
using Hooks = std::vector<Hook>;

// One batch, at one moment: the hooks that it shows, and what the interceptor did.
//
// Thread-safety: not thread-safe; callers synchronise.
class FakeBatch final : public grpc::experimental::InterceptorBatchMethods {
 public:
  using ReceivedMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;
  using SentMetadata = std::multimap<std::string, std::string>;

  explicit FakeBatch(const Hooks& hooks = {}) : hooks_(hooks.begin(), hooks.end()) {}

  // What the interceptor called, in order, as in "FailHijackedSendMessage, Hijack".
  std::string log() const;

  // The status of the call, which the interceptor reads or sets.
  grpc::Status status;
  ReceivedMetadata trailing_metadata;

  // What the call sends first.
  SentMetadata initial_metadata;

  // The message that's sent, and what one that's received is read into: null at the end of a
  // stream. Both are the caller's own objects.
  grpc::ByteBuffer sent_message;
  void* received_message = this;

  bool QueryInterceptionHookPoint(Hook hook) override { return hooks_.count(hook) > 0; }
  void Proceed() override;
  void Hijack() override;
  void FailHijackedRecvMessage() override { log_.push_back("FailHijackedRecvMessage"); }
  void FailHijackedSendMessage() override { log_.push_back("FailHijackedSendMessage"); }

  // What gRPC does in Proceed and in Hijack, before it returns from there. May be empty.
  std::function<void()> on_proceed;
  std::function<void()> on_hijack;

  // As in gRPC, null unless a hook says that it's there.
  grpc::Status* GetRecvStatus() override;
  ReceivedMetadata* GetRecvTrailingMetadata() override;
  SentMetadata* GetSendInitialMetadata() override;
  // In gRPC, this serialises the message now. It is logged.
  grpc::ByteBuffer* GetSerializedSendMessage() override;
  void* GetRecvMessage() override;

  // Never there.
  const void* GetSendMessage() override { return Unexpected(); }
  void ModifySendMessage(const void*) override { Unexpected(); }
  bool GetSendMessageStatus() override { return Unexpected() != nullptr; }
  grpc::Status GetSendStatus() override { return grpc::Status::OK; }
  void ModifySendStatus(const grpc::Status&) override { Unexpected(); }
  std::multimap<std::string, std::string>* GetSendTrailingMetadata() override {
    return Unexpected();
  }
  ReceivedMetadata* GetRecvInitialMetadata() override { return Unexpected(); }
  std::unique_ptr<grpc::ChannelInterface> GetInterceptedChannel() override;

 private:
  // The breaker has no business with the rest; asking for it is logged.
  std::nullptr_t Unexpected() {
    log_.push_back("Unexpected");
    return nullptr;
  }
  bool HasStatus() const {
    return hooks_.count(Hook::PRE_RECV_STATUS) + hooks_.count(Hook::POST_RECV_STATUS) > 0;
  }

  std::set<Hook> hooks_;
  std::vector<std::string> log_;
};

// What gRPC is asked to do in one batch: what's sent, and which results are waited for.
struct FakeOps {
  Hooks send;  // PRE_SEND_*
  Hooks recv;  // POST_RECV_*
};

// One call with one interceptor.
//
// Thread-safety: as gRPC's calls: one batch after the other; `Cancel` at any time from any thread.
// Ownership: refers to the interceptor.
class FakeCall {
 public:
  explicit FakeCall(grpc::experimental::Interceptor& interceptor) : interceptor_(interceptor) {}

  // What the interceptor did in one batch, as by FakeBatch::log.
  struct Played {
    std::string sending;    // at the PRE_SEND_* hooks
    std::string answering;  // at the PRE_RECV_* hooks, which only a hijacker gets
    std::string received;   // at the POST_* hooks
    grpc::Status status;    // what the caller gets, if the batch waits for a status
  };

  // A whole batch. `status` is what the server answers, if the batch waits for a status and no
  // interceptor has hijacked the call.
  Played Play(const FakeOps& ops, const grpc::Status& status = grpc::Status::OK);

  // The same, and the message that the batch waits for doesn't come.
  Played PlayWithoutMessage(const FakeOps& ops, const grpc::Status& status = grpc::Status::OK);

  // A wait for a message that ends without one, since the stream has ended.
  Played PlayEndOfMessages();

  // TryCancel. Returns what the interceptor did.
  std::string Cancel();

  bool hijacked() const { return hijacked_; }

 private:
  Played Play(const FakeOps& ops, const grpc::Status& status, bool message);

  grpc::experimental::Interceptor& interceptor_;
  bool hijacked_ = false;
};

// The batches of whole calls, as gRPC's four kinds of stub make them.
FakeOps UnaryOps();            // a blocking or asynchronous unary call: everything in one batch
FakeOps StartOps();            // a stream's start
FakeOps StartReadOnlyOps();    // a server stream's start: the request goes with it
FakeOps WriteOps();            // a stream's message
FakeOps CorkedWriteOps();      // the same, which carries the start with it
FakeOps WritesDoneOps();       // the end of a stream's messages
FakeOps ReadOps();             // waits for a message
FakeOps FinishOps();           // waits for the status
FakeOps FinishWithReplyOps();  // a client stream's: waits for the reply and the status

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_FAKE_BATCH_H_
