// SPDX-License-Identifier: Apache-2.0
//
// fork_calls before|between|awaiting|asking <style>: calls of processes that fork, by one style of
// stub. Exits with 0 if every process gets its answers.
//
//   before   workers are forked off a process that has made its registry, and used no gRPC yet
//   between  workers are forked off a process that has made calls, and will again, once gRPC has
//            shut down there
//   awaiting the same as far as gRPC's shutting down, with a circuit that has awaited a connection
//            (rule R20); nothing is forked
//   asking   the same with one that has asked its server whether it is well (rule R21); and the
//            process ends while it asks another one, which doesn't answer
#include <grpc/grpc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/fork.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/fault_injection.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

constexpr int kWorkers = 3;

void Require(bool ok, const std::string& what) {
  if (ok) return;
  std::cerr << "fork_calls: process " << getpid() << ": " << what << std::endl;
  _exit(1);
}

// A server in a process of its own, which ends with the one that has made it.
std::string StartServer() {
  std::array<int, 2> address{};
  std::array<int, 2> end{};
  Require(pipe(address.data()) == 0 && pipe(end.data()) == 0, "no pipe");
  const pid_t server = fork();
  Require(server >= 0, "no process for the server");
  if (server == 0) {
    close(end[1]);
    const ScriptedEcho echo;
    const std::string line = echo.address() + "\n";
    Require(write(address[1], line.data(), line.size()) == static_cast<ssize_t>(line.size()),
            "the address was not written");
    char none = 0;
    while (read(end[0], &none, 1) > 0) {
    }
    _exit(0);
  }
  close(address[1]);
  close(end[0]);
  std::string line;
  for (char c = 0; read(address[0], &c, 1) == 1 && c != '\n';) line.push_back(c);
  return line;
}

// A process' calls. Its circuits may be its parent's.
class Client {
 public:
  Client(Style style, const std::string& server, const TestRegistry& shared)
      : style_(style), registry_(shared.registry) {
    fusebox::Fault delay;
    delay.kind = fusebox::InjectedDelay{absl::Milliseconds(1)};
    Require((*injector_)->Set(fusebox::FaultInjector::kDefault, delay).ok(), "no fault set");
    fusebox::ChannelOptions options = TestOptions(shared);
    options.inner_interceptors.push_back(
        *fusebox::FaultInjectionInterceptorFactory::Create(*injector_));
    channel_ = MustCreateChannel(server, std::move(options));
  }

  void Call(const std::string& who) const {
    for (const Kind kind : kKinds) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      const grpc::Status status = MakeCall(style_, kind, channel_, context).status;
      Require(status.ok(), who + ": " + Name(kind) + ": " + status.error_message());
    }
    const auto circuit = registry_->Find(CircuitName(Kind::kUnary));
    Require(circuit != nullptr, who + ": no circuit");
    Require(circuit->ForceOpen(fusebox::Operator("test").Because("held open")).ok(),
            who + ": not opened");
    const grpc::Status status = MakeCall(style_, Kind::kUnary, channel_).status;
    Require(fusebox::GetRejection(status).has_value(), who + ": not rejected");
    circuit->Reset(fusebox::Operator("test").Because("released"));
  }

 private:
  const Style style_;
  const std::shared_ptr<fusebox::CircuitRegistry> registry_;
  const absl::StatusOr<std::shared_ptr<fusebox::FaultInjector>> injector_ =
      fusebox::FaultInjector::Create({});
  std::shared_ptr<grpc::Channel> channel_;
};

pid_t ForkBeforeGrpc() { return fork(); }

pid_t ForkBetweenCalls() {
  fusebox::PrepareFork();
  const pid_t worker = fork();
  fusebox::ResumeAfterFork();
  return worker;
}

// It does so on a thread of its own, some time after the last channel has gone.
void WaitUntilGrpcHasShutDown() {
  while (grpc_is_initialized() != 0) usleep(1'000);
}

std::vector<pid_t> StartWorkers(pid_t (*fork_one)(), const std::function<void()>& work) {
  std::vector<pid_t> workers;
  for (int i = 0; i < kWorkers; ++i) {
    const pid_t worker = fork_one();
    Require(worker >= 0, "no process for a worker");
    if (worker == 0) {
      work();
      _exit(0);
    }
    workers.push_back(worker);
  }
  return workers;
}

void WaitFor(const std::vector<pid_t>& workers) {
  for (const pid_t worker : workers) {
    int status = -1;
    Require(waitpid(worker, &status, 0) == worker && status == 0, "a worker failed");
  }
}

// Calls a server that isn't there until a rejection says so.
void AwaitConnection(Style style, TestRegistry& shared) {
  const DeadAddress nobody;
  const auto channel = MustCreateChannel(nobody.address(), TestOptions(shared));
  while (true) {
    const auto rejection = fusebox::GetRejection(MakeCall(style, Kind::kUnary, channel).status);
    if (!rejection) continue;
    if (rejection->reason == fusebox::RejectionReason::kNotConnected) return;
    shared.clock.Advance(rejection->retry_after);
  }
}

// Has that server asked whether it is well, by the channel that this returns.
std::shared_ptr<grpc::Channel> AskForHealth(Style style, const std::string& server,
                                            TestRegistry& shared,
                                            fusebox::CircuitBreaker& circuit) {
  fusebox::ChannelOptions options;
  options.breaker.dependency = "echo";
  options.breaker.registry = shared.registry;
  options.breaker.policies.Default(circuit.Snapshot().policy);
  auto channel = MustCreateChannel(server, std::move(options));
  Require(circuit.ForceOpen(fusebox::Operator("test"), absl::Seconds(1)).ok(), "not opened");
  shared.clock.Advance(absl::Seconds(1));
  const grpc::Status status = MakeCall(style, Kind::kUnary, channel).status;
  Require(fusebox::GetRejection(status).has_value(), "not rejected: " + status.error_message());
  return channel;
}

void Ask(Style style, const std::string& server) {
  TestRegistry shared;
  fusebox::Policy policy = TestPolicy();
  policy.health_probe = fusebox::HealthProbe{absl::Hours(1)};
  const auto circuit = shared.registry->GetOrCreate(CircuitName(Kind::kUnary), policy).value();
  {
    const auto channel = AskForHealth(style, server, shared, *circuit);
    while (circuit->state() != fusebox::State::kHalfOpen) usleep(1'000);
  }
  WaitUntilGrpcHasShutDown();
  circuit->Reset(fusebox::Operator("test"));
  static const auto* const kSilent = new SilentAddress;
  const auto channel = AskForHealth(style, kSilent->address(), shared, *circuit);
  while (channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_IDLE) usleep(1'000);
}

int Run(const std::string& when, Style style) {
  const std::string server = StartServer();
  TestRegistry shared;
  if (when == "awaiting") {
    AwaitConnection(style, shared);
    WaitUntilGrpcHasShutDown();
    return 0;
  }
  if (when == "asking") {
    Ask(style, server);
    return 0;
  }
  const auto work = [&] {
    const Client client(style, server, shared);
    for (int i = 0; i < 3; ++i) client.Call("a worker");
  };
  if (when == "before") {
    WaitFor(StartWorkers(ForkBeforeGrpc, work));
    return 0;
  }
  const auto call = [&](const std::string& who) { Client(style, server, shared).Call(who); };
  call("the parent, before");
  WaitUntilGrpcHasShutDown();
  const std::vector<pid_t> workers = StartWorkers(ForkBetweenCalls, work);
  call("the parent, after");
  WaitFor(workers);
  call("the parent, in the end");
  return 0;
}

}  // namespace
}  // namespace fusebox_testing

int main(int argc, char** argv) {
  const std::string when = argc == 3 ? argv[1] : "";
  for (const fusebox_testing::Style style : fusebox_testing::kStyles) {
    const bool known =
        when == "before" || when == "between" || when == "awaiting" || when == "asking";
    if (known && Name(style) == argv[2]) {
      return fusebox_testing::Run(when, style);
    }
  }
  std::cerr
      << "usage: fork_calls before|between|awaiting|asking Sync|CompletionQueue|Callback|Generic\n";
  return 2;
}
