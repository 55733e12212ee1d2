// SPDX-License-Identifier: Apache-2.0
//
// late_calls <style>: calls when a process ends, by one style of stub. On a thread that outlives
// `main`, in destructors of thread-local objects, in functions given to `atexit` and in destructors
// of static objects: there, too, a call succeeds, fails, is rejected, also because there is no
// connection, which a thread of the library's is trying to make (rule R20), or is held back by an
// injected delay as usual, with a timer that has been there all the time, that is made there, or
// that goes with a static object; and a call may still be held back when all is over. Exits with 0
// if so.
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/fault_injection.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/policy.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

// Ends the process here: what is left of it can't fail a test any more.
void Require(bool ok, const std::string& what) {
  if (ok) return;
  std::cerr << "late_calls: " << what << std::endl;
  _exit(1);
}

void Answered(const grpc::Status& status, const char* where) {
  Require(status.ok(), std::string(where) + ": not answered: " + status.error_message());
}

void Failed(const grpc::Status& status, const char* where) {
  Require(status.error_message() == "broken",
          std::string(where) + ": not failed: " + status.error_message());
}

void Rejected(const grpc::Status& status, const char* where) {
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
  Require(rejection.has_value(), std::string(where) + ": not rejected: " + status.error_message());
  // Longer than what a string holds without memory of its own.
  Require(rejection->circuit.rfind("rejecting/fusebox_testing.Echo/", 0) == 0,
          std::string(where) + ": of another circuit: " + rejection->circuit);
}

bool SaysNotConnected(const grpc::Status& status) {
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
  return rejection && rejection->reason == fusebox::RejectionReason::kNotConnected;
}

// `injector` may be null.
std::shared_ptr<grpc::Channel> Channel(const std::string& name, const std::string& address,
                                       const std::shared_ptr<fusebox::CircuitRegistry>& registry,
                                       const std::shared_ptr<fusebox::FaultInjector>& injector,
                                       int failures = 1'000'000) {
  fusebox::Policy policy;
  policy.consecutive_failures = failures;
  policy.open_duration = absl::Milliseconds(1);
  fusebox::ChannelOptions options;
  options.breaker.dependency = name;
  options.breaker.registry = registry;
  options.breaker.policies.Default(policy);
  if (injector != nullptr) {
    options.inner_interceptors.push_back(
        *fusebox::FaultInjectionInterceptorFactory::Create(injector));
  }
  return MustCreateChannel(address, std::move(options));
}

// Holds every call back for so long, on a thread of its own.
std::shared_ptr<fusebox::FaultInjector> DelayingInjector(absl::Duration delay) {
  std::shared_ptr<fusebox::FaultInjector> injector = *fusebox::FaultInjector::Create({});
  fusebox::Fault fault;
  fault.kind = fusebox::InjectedDelay{delay};
  Require(injector->Set(fusebox::FaultInjector::kDefault, fault).ok(), "no fault set");
  return injector;
}

// Calls that are answered, that fail, that are rejected, and that are held back before they are
// answered.
class World {
 public:
  explicit World(Style style)
      : style_(style),
        broken_(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"})),
        registry_(std::make_shared<fusebox::CircuitRegistry>()),
        answering_(Channel("answering", working_.address(), registry_, nullptr)),
        failing_(Channel("failing", broken_.address(), registry_, nullptr)),
        rejecting_(Channel("rejecting", working_.address(), registry_, nullptr)),
        lost_(Channel("lost", nobody_.address(), registry_, nullptr, /*failures=*/1)),
        holding_injector_(DelayingInjector(absl::Hours(1))),
        holding_(Channel("holding", working_.address(), registry_, holding_injector_)),
        delaying_(NewDelayingChannel()) {
    for (const Kind kind : kKinds) {
      const auto circuit =
          registry_->GetOrCreate("rejecting" + MethodOf(kind), fusebox::Policy(), "rejecting");
      Require(circuit.ok() &&
                  (*circuit)->ForceOpen(fusebox::Operator("test").Because("held open")).ok(),
              "not opened");
    }
  }

  // With an injector of its own, which goes with it.
  std::shared_ptr<grpc::Channel> NewDelayingChannel() const {
    return Channel("delaying", working_.address(), registry_,
                   DelayingInjector(absl::Milliseconds(1)));
  }

  void CallWithDelay(Kind kind, ChannelRef channel, const char* where) const {
    Answered(MakeCall(style_, kind, channel).status, where);
  }

  void Call(const char* where) const {
    for (const Kind kind : kKinds) {
      Answered(MakeCall(style_, kind, answering_).status, where);
      Failed(MakeCall(style_, kind, failing_).status, where);
      CallWithDelay(kind, delaying_, where);
      CallWithDelay(kind, NewDelayingChannel(), where);
      // Once more than it takes to reuse what the first has left.
      for (int i = 0; i < 3; ++i) Rejected(MakeCall(style_, kind, rejecting_).status, where);
      // The circuit is opened by the first, and soon is to be probed.
      while (!SaysNotConnected(MakeCall(style_, kind, lost_).status)) {
      }
    }
  }

  // A call of each kind that is held back for longer than the process has. Returns when they are.
  void LeaveCallsHeld() const {
    for (const Kind kind : kKinds) {
      std::thread([this, kind] {
        const grpc::Status status = MakeCall(style_, kind, holding_).status;
        Require(false, "a call that is held back has ended: " + status.error_message());
      }).detach();
    }
    while (holding_injector_->injected().delays < static_cast<int64_t>(kKinds.size())) {
      std::this_thread::yield();
    }
  }

 private:
  const Style style_;
  const ScriptedEcho working_;
  const ScriptedEcho broken_;
  const DeadAddress nobody_;
  const std::shared_ptr<fusebox::CircuitRegistry> registry_;
  const std::shared_ptr<grpc::Channel> answering_;
  const std::shared_ptr<grpc::Channel> failing_;
  const std::shared_ptr<grpc::Channel> rejecting_;
  const std::shared_ptr<grpc::Channel> lost_;
  const std::shared_ptr<fusebox::FaultInjector> holding_injector_;
  const std::shared_ptr<grpc::Channel> holding_;
  const std::shared_ptr<grpc::Channel> delaying_;
};

World* world = nullptr;

// Made before any other static object, and so destroyed as the last one: with its injector, and the
// timer of that, which has been used until then.
std::shared_ptr<grpc::Channel> static_channel;

// How often the thread that outlives `main` has been through its calls.
std::atomic<int> rounds{0};

void WaitForRounds(int more) {
  const int enough = rounds.load() + more;
  while (rounds.load() < enough) std::this_thread::yield();
}

// Calls when it is destroyed.
struct CallAtEnd {
  explicit CallAtEnd(const char* at) : where(at) {}
  CallAtEnd(const CallAtEnd&) = delete;
  CallAtEnd& operator=(const CallAtEnd&) = delete;
  ~CallAtEnd() {
    world->Call(where);
    world->CallWithDelay(Kind::kUnary, static_channel, where);
    WaitForRounds(1);
  }

  const char* const where;
};

// Made before any call, and so destroyed after what the calls have made.
const CallAtEnd& FirstOfThread() {
  thread_local const CallAtEnd kCall("a thread-local's destructor, made before the calls");
  return kCall;
}
const CallAtEnd& LastOfThread() {
  thread_local const CallAtEnd kCall("a thread-local's destructor, made after the calls");
  return kCall;
}
const CallAtEnd kFirstOfProcess("a static object's destructor, made before main");

void CallAtExit() { world->Call("a function given to atexit"); }

void CallOnThread(const char* where) {
  static_cast<void>(FirstOfThread());
  world->Call(where);
  static_cast<void>(LastOfThread());
}

int Run(const std::string& name) {
  for (const Style style : kStyles) {
    if (Name(style) == name) world = new World(style);
  }
  if (world == nullptr) {
    std::cerr << "usage: late_calls Sync|CompletionQueue|Callback|Generic\n";
    return 2;
  }
  static_channel = world->NewDelayingChannel();
  world->LeaveCallsHeld();
  std::atexit(CallAtExit);
  std::thread([] {
    while (true) {
      world->Call("a thread that outlives main");
      ++rounds;
    }
  }).detach();
  WaitForRounds(1);
  std::thread(CallOnThread, "a thread").join();
  CallOnThread("main");
  static const CallAtEnd kLastOfProcess("a static object's destructor, made in main");
  std::atexit(CallAtExit);
  return 0;
}

}  // namespace
}  // namespace fusebox_testing

int main(int argc, char** argv) { return fusebox_testing::Run(argc == 2 ? argv[1] : ""); }
