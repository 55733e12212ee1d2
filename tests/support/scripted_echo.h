// SPDX-License-Identifier: Apache-2.0
//
// A real gRPC server of fusebox_testing.Echo that does as it is told:
//
//   fusebox_testing::ScriptedEcho server(fusebox_testing::Script::Hang());
//   ...                       // start a call to server.address(), on another thread
//   server.WaitForCalls(1);   // now the server has it
//   context.TryCancel();
#ifndef FUSEBOX_TESTS_SUPPORT_SCRIPTED_ECHO_H_
#define FUSEBOX_TESTS_SUPPORT_SCRIPTED_ECHO_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace fusebox_testing {

// What becomes of a call.
struct Script {
  enum class Action {
    kAnswer,       // as echo.proto says
    kAnswerOnce,   // one message of a stream, and then nothing
    kAnswerBreak,  // a stream's messages, and then `status`
    kFail,         // `status`, at once
    kHang,         // nothing, until it is cancelled
  };

  static Script Answer() { return {Action::kAnswer, grpc::Status::OK, {}}; }
  static Script AnswerOnce() { return {Action::kAnswerOnce, grpc::Status::OK, {}}; }
  static Script AnswerAndBreak(grpc::Status status) {
    return {Action::kAnswerBreak, std::move(status), {}};
  }
  static Script Fail(grpc::Status status) { return {Action::kFail, std::move(status), {}}; }
  static Script Hang() { return {Action::kHang, grpc::Status::OK, {}}; }

  Action action = Action::kAnswer;
  grpc::Status status;
  std::map<std::string, std::string> trailing_metadata;
};

// On a free port of 127.0.0.1, from construction to destruction. Destroying it cancels what's left
// of its calls.
//
// Thread-safety: any thread may use it.
class ScriptedEcho {
 public:
  explicit ScriptedEcho(Script script = Script::Answer());

  // `on_call` hears of each call that arrives, on a thread of gRPC's, before it is decided what
  // becomes of it.
  ScriptedEcho(Script script, std::function<void()> on_call);

  // For channels with credentials.
  ScriptedEcho(Script script, const std::shared_ptr<grpc::ServerCredentials>& credentials);

  // What the server is like otherwise: `build` may change it before it starts.
  ScriptedEcho(Script script, const std::function<void(grpc::ServerBuilder&)>& build);

  ScriptedEcho(const ScriptedEcho&) = delete;
  ScriptedEcho& operator=(const ScriptedEcho&) = delete;
  ~ScriptedEcho();

  // "127.0.0.1:port".
  const std::string& address() const { return address_; }

  // For channels inside of this process.
  grpc::Server& server() { return *server_; }

  // For the calls that arrive from now on.
  void Play(Script script);

  // How many calls have arrived, ever.
  int64_t calls() const;

  // Waits until `count` calls have arrived.
  void WaitForCalls(int64_t count) const;

 private:
  class Service;

  ScriptedEcho(Script script, std::function<void()> on_call,
               const std::shared_ptr<grpc::ServerCredentials>& credentials,
               const std::function<void(grpc::ServerBuilder&)>& build);

  const std::unique_ptr<Service> service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_SCRIPTED_ECHO_H_
