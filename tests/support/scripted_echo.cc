// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_echo.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <utility>

#include "tests/support/echo.grpc.pb.h"

namespace fusebox_testing {
namespace {

// Fails or hangs as the script says; to answer is the derived reactor's. Deletes itself.
template <typename Reactor>
class ScriptedReactor : public Reactor {
 public:
  explicit ScriptedReactor(const Script& script)
      : hangs_(script.action == Script::Action::kHang ||
               script.action == Script::Action::kAnswerOnce) {
    if (script.action == Script::Action::kFail) this->Finish(script.status);
  }

 protected:
  static bool Answers(const Script& script) { return script.action == Script::Action::kAnswer; }

 private:
  void OnCancel() override {
    if (hangs_) this->Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

  const bool hangs_;
};

class UnaryReactor final : public ScriptedReactor<grpc::ServerUnaryReactor> {
 public:
  UnaryReactor(const Script& script, const EchoRequest& request, EchoReply* reply)
      : ScriptedReactor(script) {
    if (!Answers(script)) return;
    reply->set_text(request.text());
    Finish(grpc::Status::OK);
  }
};

class ClientStreamReactor final : public ScriptedReactor<grpc::ServerReadReactor<EchoRequest>> {
 public:
  ClientStreamReactor(const Script& script, EchoReply* reply)
      : ScriptedReactor(script), reply_(reply) {
    if (Answers(script)) StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    reply_->mutable_text()->append(request_.text());
    StartRead(&request_);
  }

  EchoReply* const reply_;
  EchoRequest request_;
};

// Whether a stream is to be answered, as far as the script says so.
bool AnswersStreams(const Script& script) {
  return script.action == Script::Action::kAnswer || script.action == Script::Action::kAnswerOnce ||
         script.action == Script::Action::kAnswerBreak;
}

class ServerStreamReactor final : public ScriptedReactor<grpc::ServerWriteReactor<EchoReply>> {
 public:
  ServerStreamReactor(const Script& script, const EchoRequest& request)
      : ScriptedReactor(script), script_(script) {
    reply_.set_text(request.text());
    if (AnswersStreams(script)) StartWrite(&reply_);
  }

 private:
  void OnWriteDone(bool ok) override {
    if (script_.action == Script::Action::kAnswerOnce) return;  // the rest is OnCancel's
    if (!ok || ++written_ == 2) return Finish(script_.status);
    StartWrite(&reply_);
  }

  const Script script_;
  EchoReply reply_;
  int written_ = 0;
};

class BidiReactor final : public ScriptedReactor<grpc::ServerBidiReactor<EchoRequest, EchoReply>> {
 public:
  explicit BidiReactor(const Script& script) : ScriptedReactor(script), script_(script) {
    if (AnswersStreams(script)) StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok && script_.action == Script::Action::kAnswerOnce) return;
    if (!ok) return Finish(script_.status);
    reply_.set_text(request_.text());
    StartWrite(&reply_);
  }
  void OnWriteDone(bool ok) override {
    if (script_.action == Script::Action::kAnswerOnce) return;
    if (!ok) return Finish(script_.status);
    StartRead(&request_);
  }

  const Script script_;
  EchoRequest request_;
  EchoReply reply_;
};

}  // namespace

class ScriptedEcho::Service final : public Echo::CallbackService {
 public:
  Service(Script script, std::function<void()> on_call)
      : on_call_(std::move(on_call)), script_(std::move(script)) {}

  void Play(Script script) {
    const std::lock_guard<std::mutex> lock(mutex_);
    script_ = std::move(script);
  }

  int64_t calls() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return calls_;
  }

  void WaitForCalls(int64_t count) const {
    std::unique_lock<std::mutex> lock(mutex_);
    arrived_.wait(lock, [&] { return calls_ >= count; });
  }

  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const EchoRequest* request,
                                  EchoReply* reply) override {
    return new UnaryReactor(Arrive(*context), *request, reply);
  }
  grpc::ServerReadReactor<EchoRequest>* ClientStream(grpc::CallbackServerContext* context,
                                                     EchoReply* reply) override {
    return new ClientStreamReactor(Arrive(*context), reply);
  }
  grpc::ServerWriteReactor<EchoReply>* ServerStream(grpc::CallbackServerContext* context,
                                                    const EchoRequest* request) override {
    return new ServerStreamReactor(Arrive(*context), *request);
  }
  grpc::ServerBidiReactor<EchoRequest, EchoReply>* Bidi(
      grpc::CallbackServerContext* context) override {
    return new BidiReactor(Arrive(*context));
  }

 private:
  // Counts a call, and says what becomes of it.
  Script Arrive(grpc::CallbackServerContext& context) {
    if (on_call_) on_call_();
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [key, value] : script_.trailing_metadata) {
      context.AddTrailingMetadata(key, value);
    }
    ++calls_;
    arrived_.notify_all();
    return script_;
  }

  const std::function<void()> on_call_;

  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  Script script_;
  int64_t calls_ = 0;
};

ScriptedEcho::ScriptedEcho(Script script)
    : ScriptedEcho(std::move(script), std::function<void()>()) {}

ScriptedEcho::ScriptedEcho(Script script, std::function<void()> on_call)
    : ScriptedEcho(std::move(script), std::move(on_call), grpc::InsecureServerCredentials(),
                   nullptr) {}

ScriptedEcho::ScriptedEcho(Script script,
                           const std::shared_ptr<grpc::ServerCredentials>& credentials)
    : ScriptedEcho(std::move(script), nullptr, credentials, nullptr) {}

ScriptedEcho::ScriptedEcho(Script script, const std::function<void(grpc::ServerBuilder&)>& build)
    : ScriptedEcho(std::move(script), nullptr, grpc::InsecureServerCredentials(), build) {}

ScriptedEcho::ScriptedEcho(Script script, std::function<void()> on_call,
                           const std::shared_ptr<grpc::ServerCredentials>& credentials,
                           const std::function<void(grpc::ServerBuilder&)>& build)
    : service_(std::make_unique<Service>(std::move(script), std::move(on_call))) {
  int port = 0;
  grpc::ServerBuilder builder;
  // Or the kernel may pick a port that a server of another process has, and share out the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  builder.RegisterService(service_.get());
  if (build) build(builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    std::cerr << "no port on 127.0.0.1\n";
    std::abort();
  }
  address_ = "127.0.0.1:" + std::to_string(port);
}

ScriptedEcho::~ScriptedEcho() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void ScriptedEcho::Play(Script script) { service_->Play(std::move(script)); }
int64_t ScriptedEcho::calls() const { return service_->calls(); }
void ScriptedEcho::WaitForCalls(int64_t count) const { service_->WaitForCalls(count); }

}  // namespace fusebox_testing
