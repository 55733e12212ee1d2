// SPDX-License-Identifier: Apache-2.0
#include "fusebox/testing/scripted_server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/base/mutex.h"
#include "src/testing/scripted_call.h"

namespace fusebox_testing {

Reply Reply::Ok() {
  Reply reply;
  reply.messages.emplace_back();
  return reply;
}

Reply Reply::Ok(const google::protobuf::MessageLite& message) {
  Reply reply;
  reply.messages.push_back(message.SerializePartialAsString());
  return reply;
}

Reply Reply::Fail(grpc::Status status) {
  Reply reply;
  reply.status = std::move(status);
  return reply;
}

Reply Reply::Fail(grpc::StatusCode code, const std::string& message) {
  return Fail(grpc::Status(code, message));
}

class FUSEBOX_HIDDEN ScriptedServer::Service final : public grpc::CallbackGenericService {
 public:
  void Answer(absl::string_view method, Reply reply) {
    const fusebox::internal::MutexLock lock(mutex_);
    Script& script = ScriptOf(method);
    script.reply = std::move(reply);
    script.holds = false;
  }

  void Hold(absl::string_view method) {
    const fusebox::internal::MutexLock lock(mutex_);
    ScriptOf(method).holds = true;
  }

  void Release(absl::string_view method) {
    std::vector<std::shared_ptr<ScriptedCall>> released;
    Reply reply;
    {
      const fusebox::internal::MutexLock lock(mutex_);
      Script& script = ScriptOf(method);
      script.holds = false;
      released.swap(script.held);
      reply = script.reply;
    }
    for (const auto& call : released) call->Answer(reply);
  }

  int64_t calls(absl::string_view method) const {
    const fusebox::internal::MutexLock lock(mutex_);
    return CallsOf(method);
  }

  bool WaitForCalls(absl::string_view method, int64_t count, absl::Duration limit) const {
    const fusebox::internal::MutexLock lock(mutex_);
    return arrived_.WaitFor(mutex_, limit, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return CallsOf(method) >= count;
    });
  }

 private:
  struct Script {
    Reply reply;
    bool holds = false;
    std::vector<std::shared_ptr<ScriptedCall>> held;  // some may be over by now
    int64_t calls = 0;
  };

  static absl::string_view KeyOf(absl::string_view method) {
    return absl::StripPrefix(method, "/");
  }

  Script& ScriptOf(absl::string_view method) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto [entry, is_new] = scripts_.try_emplace(std::string(KeyOf(method)));
    if (is_new) {
      entry->second.reply =
          Reply::Fail(grpc::StatusCode::UNIMPLEMENTED,
                      absl::StrCat("the test's script has no answer for \"", entry->first, "\""));
    }
    return entry->second;
  }

  int64_t CallsOf(absl::string_view method) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto entry = scripts_.find(KeyOf(method));
    return entry == scripts_.end() ? 0 : entry->second.calls;
  }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    const auto call = std::make_shared<ScriptedCall>(*context);
    {
      const fusebox::internal::MutexLock lock(mutex_);
      Script& script = ScriptOf(context->method());
      ++script.calls;
      if (script.holds) {
        script.held.push_back(call);
      } else {
        call->Answer(script.reply);  // kept until it has read: nothing is sent under the lock
      }
      arrived_.NotifyAll();
    }
    call->Start(call);
    return call.get();
  }

  mutable fusebox::internal::Mutex mutex_;
  mutable fusebox::internal::CondVar arrived_;
  std::map<std::string, Script, std::less<>> scripts_ ABSL_GUARDED_BY(mutex_);
};

ScriptedServer::ScriptedServer() : service_(std::make_unique<Service>()) {
  int port = 0;
  grpc::ServerBuilder builder;
  // Or the kernel may pick a port that a server of another process has, and share out the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ != nullptr && port != 0) target_ = absl::StrCat("127.0.0.1:", port);
}

ScriptedServer::~ScriptedServer() {
  if (server_ == nullptr) return;
  // A deadline long past: what's left is cancelled at once.
  server_->Shutdown(std::chrono::system_clock::time_point());
  server_->Wait();
}

std::shared_ptr<grpc::Channel> ScriptedServer::NewChannel() const {
  return grpc::CreateChannel(target_, grpc::InsecureChannelCredentials());
}

void ScriptedServer::Answer(absl::string_view method, Reply reply) {
  service_->Answer(method, std::move(reply));
}
void ScriptedServer::Hold(absl::string_view method) { service_->Hold(method); }
void ScriptedServer::Release(absl::string_view method) { service_->Release(method); }

int64_t ScriptedServer::calls(absl::string_view method) const { return service_->calls(method); }

bool ScriptedServer::WaitForCalls(absl::string_view method, int64_t count,
                                  absl::Duration limit) const {
  return service_->WaitForCalls(method, count, limit);
}

}  // namespace fusebox_testing
