// SPDX-License-Identifier: Apache-2.0
//
// Calls through a completion queue, of generated and of generic stubs.
#ifndef FUSEBOX_TESTS_END2END_ASYNC_ECHO_CALL_H_
#define FUSEBOX_TESTS_END2END_ASYNC_ECHO_CALL_H_

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <memory>
#include <string>

#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

template <typename Stream>
inline constexpr bool kAsyncWrites = true;
template <typename Reply>
inline constexpr bool kAsyncWrites<grpc::ClientAsyncReader<Reply>> = false;

template <typename Stream>
inline constexpr bool kAsyncReads = true;
template <typename Request>
inline constexpr bool kAsyncReads<grpc::ClientAsyncWriter<Request>> = false;

// A completion queue with one operation at a time.
class OneTagQueue {
 public:
  OneTagQueue() = default;
  OneTagQueue(const OneTagQueue&) = delete;
  OneTagQueue& operator=(const OneTagQueue&) = delete;
  ~OneTagQueue() {
    queue_.Shutdown();
    bool ok = false;
    for (void* tag = nullptr; queue_.Next(&tag, &ok);) {
    }
  }

  grpc::CompletionQueue* get() { return &queue_; }
  void* tag() { return this; }

  // Waits for the operation that was started with `tag`. False if it failed.
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

 private:
  grpc::CompletionQueue queue_;
};

// Finish's tag must always arrive with ok = true.
inline grpc::Status CheckedFinish(bool ok, grpc::Status status) {
  return ok ? status : grpc::Status(grpc::StatusCode::UNKNOWN, "Finish's tag came with ok = false");
}

template <typename Codec>
class AsyncUnaryCall final : public EchoCall {
 public:
  // `prepare` makes the call's reader, for a queue.
  template <typename Prepare>
  explicit AsyncUnaryCall(Prepare prepare) : reader_(prepare(queue_.get())) {
    reader_->StartCall();
  }

  grpc::Status Finish(std::string* reply) override {
    typename Codec::Reply message;
    grpc::Status status;
    reader_->Finish(&message, &status, queue_.tag());
    const bool ok = queue_.Wait();
    if (status.ok()) *reply = Codec::Decode(message);
    return CheckedFinish(ok, status);
  }

 private:
  OneTagQueue queue_;
  const std::unique_ptr<grpc::ClientAsyncResponseReader<typename Codec::Reply>> reader_;
};

template <typename Stream, typename Codec>
class AsyncStreamCall final : public EchoCall {
 public:
  // `prepare` makes the stream, for a queue, and may keep the message for the reply, which Finish
  // will fill. `reads_reply`: the stream gives the one reply to Read, and not to Finish.
  template <typename Prepare>
  AsyncStreamCall(Opening opening, Prepare prepare, bool reads_reply = false)
      : stream_(prepare(queue_.get(), &reply_)), reads_reply_(reads_reply) {
    stream_->StartCall(queue_.tag());
    if (opening == Opening::kAtOnce) queue_.Wait();
  }

  bool Write(const std::string& text) override {
    if constexpr (kAsyncWrites<Stream>) {
      stream_->Write(Codec::Encode(text), queue_.tag());
      return queue_.Wait();
    }
    return EchoCall::Write(text);
  }
  bool WritesDone() override {
    if constexpr (kAsyncWrites<Stream>) {
      stream_->WritesDone(queue_.tag());
      return queue_.Wait();
    }
    return EchoCall::WritesDone();
  }
  bool Read(std::string* text) override {
    if (reads_reply_) return false;
    return ReadMessage(text);
  }
  grpc::Status Finish(std::string* reply) override {
    if (reads_reply_) ReadMessage(reply);
    grpc::Status status;
    stream_->Finish(&status, queue_.tag());
    const bool ok = queue_.Wait();
    if (status.ok() && !kAsyncReads<Stream>) *reply = Codec::Decode(reply_);
    return CheckedFinish(ok, status);
  }

 private:
  bool ReadMessage(std::string* text) {
    if constexpr (kAsyncReads<Stream>) {
      typename Codec::Reply message;
      stream_->Read(&message, queue_.tag());
      if (!queue_.Wait()) return false;
      *text = Codec::Decode(message);
      return true;
    }
    return EchoCall::Read(text);
  }

  OneTagQueue queue_;
  typename Codec::Reply reply_;
  const std::unique_ptr<Stream> stream_;
  const bool reads_reply_;
};

// Whether PrepareEchoCall takes it. Not a generated stub's unary call: gRPC never frees the bytes
// of a request that it has serialised for a unary call which is then not started.
constexpr bool CanBePrepared(Style style, Kind kind) {
  return style == Style::kGeneric || (style == Style::kCompletionQueue && kind != Kind::kUnary);
}

// Prepares a call of either completion-queue style, and leaves it at that.
void PrepareEchoCall(Style style, Kind kind, ChannelRef channel);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_ASYNC_ECHO_CALL_H_
