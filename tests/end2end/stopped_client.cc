// SPDX-License-Identifier: Apache-2.0
//
// stopped_client <address> <style> <kind> <part>: a client that is stopped by a signal in the midst
// of one of the parts below, for much longer than any time of its policy, and continued. Where it
// waits for the test, it prints a line and reads one. Exits with 0 if its circuit is right in the
// end.
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"

namespace fusebox_testing {
namespace {

using fusebox::State;

// Half as long as it is stopped, and long enough for a deadline to lie ahead when its call starts.
constexpr absl::Duration Short() { return absl::Milliseconds(500); }

// Ends the process here: what is left of it can't fail a test any more.
void Require(bool ok, const std::string& what) {
  if (ok) return;
  std::cerr << "stopped_client: " << what << std::endl;
  _exit(1);
}

// Here it may be stopped.
void Pause(const std::string& what) {
  std::cout << what << std::endl;
  std::string line;
  Require(static_cast<bool>(std::getline(std::cin, line)), "the test is gone");
}

// Two failures in a row open it for a moment, one success closes it.
fusebox::Policy ShortPolicy() {
  fusebox::Policy policy = TestPolicy();
  policy.open_duration = absl::Milliseconds(1);
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  return policy;
}

class Client {
 public:
  Client(std::string address, Style style, Kind kind)
      : address_(std::move(address)), style_(style), kind_(kind) {}

  // Before all else, and once.
  void Connect(const fusebox::Policy& policy) {
    fusebox::ChannelOptions options;
    options.breaker.dependency = "echo";
    options.breaker.registry = registry_;
    options.breaker.policies.Default(policy);
    channel_ = MustCreateChannel(address_, std::move(options));
    // A call that comes while it connects is no probe (rule R20).
    Require(channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::minutes(1)),
            "there is no connection");
  }

  grpc::Status Call() const { return MakeCall(style_, kind_, channel_).status; }

  void Start(std::optional<absl::Duration> deadline = std::nullopt) {
    contexts_.push_back(std::make_unique<grpc::ClientContext>());
    if (deadline) {
      contexts_.back()->set_deadline(std::chrono::system_clock::now() +
                                     absl::ToChronoMilliseconds(*deadline));
    }
    calls_.push_back(StartEchoCall(style_, kind_, channel_, *contexts_.back()));
  }
  std::vector<grpc::Status> FinishAll() {
    std::vector<grpc::Status> statuses;
    for (const auto& call : calls_) statuses.push_back(Converse(kind_, *call).status);
    return statuses;
  }

  std::shared_ptr<fusebox::CircuitBreaker> Circuit() const {
    return registry_->Find(CircuitName(kind_));
  }
  void RequireState(State state, const std::string& when) const {
    const fusebox::CircuitSnapshot snapshot = Circuit()->Snapshot();
    Require(snapshot.state == state,
            when + ": " + std::string(fusebox::StateName(snapshot.state)) +
                (snapshot.last_opening ? ", " + snapshot.last_opening->detail : ""));
  }
  void RequireCalls(int64_t success, int64_t failure, int64_t opened) const {
    const fusebox::CircuitSnapshot snapshot = Circuit()->Snapshot();
    Require(snapshot.in_flight == 0, "calls are left in flight");
    Require(snapshot.totals.success == success, "successes");
    Require(snapshot.totals.failure == failure, "failures");
    Require(snapshot.totals.opened == opened, "openings");
    Require(snapshot.totals.rejected == 0, "rejections");
  }

 private:
  const std::string address_;
  const Style style_;
  const Kind kind_;
  const std::shared_ptr<fusebox::CircuitRegistry> registry_ =
      std::make_shared<fusebox::CircuitRegistry>();
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<EchoCall>> calls_;
};

void RequireOk(const grpc::Status& status) { Require(status.ok(), status.error_message()); }

void RequireBroken(const grpc::Status& status) {
  Require(status.error_message() == "broken", "not broken: " + status.error_message());
}

// The answers are in its sockets when it goes on, and are found by a look that comes before them.
void HungCalls(Client& client) {
  fusebox::Policy policy = ShortPolicy();
  policy.hung_calls = fusebox::HungCalls{4, Short()};
  client.Connect(policy);
  for (int i = 0; i < 4; ++i) client.Start();
  Pause("4 calls are out");
  client.Start();
  for (const grpc::Status& status : client.FinishAll()) RequireOk(status);
  client.RequireState(State::kClosed, "after the calls that did not hang");
  client.RequireCalls(5, 0, 0);
}

// Of those that were past when it goes on, gRPC itself doesn't know whether the answers came first.
// Whatever it says, the circuit has heard the same, and calls go on.
void Deadlines(Client& client) {
  fusebox::Policy policy = ShortPolicy();
  policy.consecutive_failures = 3;
  client.Connect(policy);
  for (int i = 0; i < 3; ++i) client.Start(Short());
  Pause("3 calls are out");
  int64_t success = 0;
  int64_t failure = 0;
  for (const grpc::Status& status : client.FinishAll()) {
    if (!status.ok()) {
      Require(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED, status.error_message());
    }
    ++(status.ok() ? success : failure);
  }
  client.RequireCalls(success, failure, failure == 3 ? 1 : 0);
  while (client.Circuit()->state() == State::kOpen) continue;  // for a moment
  RequireOk(client.Call());
  client.RequireState(State::kClosed, "after a call that was answered");
}

// The opening is over, and the very first call is a probe.
void Opening(Client& client) {
  fusebox::Policy policy = ShortPolicy();
  policy.open_duration = Short();
  client.Connect(policy);
  for (int i = 0; i < 2; ++i) RequireBroken(client.Call());
  Pause("the circuit is open");
  client.RequireState(State::kHalfOpen, "after its opening");
  RequireOk(client.Call());
  client.RequireState(State::kClosed, "after a probe");
  client.RequireCalls(1, 2, 1);
}

// Its answer is in a socket, too.
void Probe(Client& client) {
  fusebox::Policy policy = ShortPolicy();
  policy.half_open.probe_timeout = Short();
  client.Connect(policy);
  for (int i = 0; i < 2; ++i) RequireBroken(client.Call());
  while (client.Circuit()->state() != State::kHalfOpen) continue;  // for a moment
  Pause("the circuit is half-open");
  client.Start();
  Pause("a probe is out");
  for (const grpc::Status& status : client.FinishAll()) RequireOk(status);
  client.RequireState(State::kClosed, "after a probe that did not hang");
  client.RequireCalls(1, 2, 1);
}

// What has failed before is none of the window's any more.
void Window(Client& client) {
  fusebox::Policy policy = ShortPolicy();
  policy.consecutive_failures = std::nullopt;
  policy.failures_in_window = 3;
  policy.window = fusebox::TimeWindow{Short(), 4};
  client.Connect(policy);
  for (int i = 0; i < 2; ++i) RequireBroken(client.Call());
  Pause("2 calls have failed");
  RequireBroken(client.Call());
  client.RequireState(State::kClosed, "after a failure that is the only one by now");
  client.RequireCalls(0, 3, 0);
}

template <typename Values>
auto Named(const Values& values, const std::string& name) {
  for (const auto value : values) {
    if (Name(value) == name) return value;
  }
  Require(false, "nothing is named " + name);
  return values[0];
}

int Run(const std::vector<std::string>& arguments) {
  const std::map<std::string, std::function<void(Client&)>> parts = {
      {"HungCalls", HungCalls}, {"Deadlines", Deadlines}, {"Opening", Opening},
      {"Probe", Probe},         {"Window", Window},
  };
  Require(
      arguments.size() == 4 && parts.count(arguments[3]) == 1,
      "usage: stopped_client <address> <style> <kind> HungCalls|Deadlines|Opening|Probe|Window");
  Client client(arguments[0], Named(kStyles, arguments[1]), Named(kKinds, arguments[2]));
  parts.at(arguments[3])(client);
  return 0;
}

}  // namespace
}  // namespace fusebox_testing

int main(int argc, char** argv) {
  return fusebox_testing::Run(std::vector<std::string>(argv + 1, argv + argc));
}
