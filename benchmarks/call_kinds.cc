// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/call_kinds.h"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/baselines.h"
#include "benchmarks/benchmark_policies.h"
#include "benchmarks/fusebox_circuit.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"

namespace fusebox_benchmarks {
namespace {

// Which of a thread's calls fail: one in `every`, 0: none. The threads' failures are spread evenly.
class FailureTurns {
 public:
  FailureTurns(int every, int thread) : every_(every), call_(thread) {}

  bool Next() { return every_ != 0 && ++call_ % every_ == 0; }

 private:
  const int every_;
  int call_;
};

class FuseboxCaller final : public Caller {
 public:
  FuseboxCaller(const std::shared_ptr<HalfOpenCircuit>& circuit, bool probes)
      : circuit_(circuit), breaker_(circuit->breaker()), turns_(0, 0), probes_(probes) {}
  FuseboxCaller(const std::shared_ptr<FuseboxCircuit>& circuit, FailureTurns turns)
      : circuit_(circuit), breaker_(circuit->breaker()), turns_(turns) {}

  void Begin() override { permit_ = breaker_.TryAcquire().permit(); }

  void End() override { EndOf(permit_); }
  void Call() override {
    fusebox::Admission admission = breaker_.TryAcquire();
    if (admission) EndOf(admission.permit());
  }

 private:
  // A probe ends without a result, so that there is no verdict.
  void EndOf(fusebox::Permit& permit) {
    if (!permit) return;
    if (probes_) {
      permit.Ignore();
    } else if (turns_.Next()) {
      permit.RecordFailure();
    } else {
      permit.RecordSuccess();
    }
  }

  const std::shared_ptr<void> circuit_;
  fusebox::CircuitBreaker& breaker_;
  FailureTurns turns_;
  const bool probes_ = false;
  fusebox::Permit permit_;
};

class MutexCaller final : public Caller {
 public:
  MutexCaller(std::shared_ptr<MutexBreaker> breaker, FailureTurns turns)
      : breaker_(std::move(breaker)), turns_(turns) {}

  void Begin() override { epoch_ = breaker_->TryAcquire(); }
  void End() override {
    if (epoch_) breaker_->Record(*epoch_, turns_.Next());
  }
  void Call() override {
    Begin();
    End();
  }

 private:
  const std::shared_ptr<MutexBreaker> breaker_;
  FailureTurns turns_;
  std::optional<MutexBreaker::Epoch> epoch_;
};

// A word that all threads hand on, by their numbers: a line that goes from core to core, and
// nothing else. All callers are there before the first call.
class HandOver final : public Caller {
 public:
  struct alignas(64) Word {
    std::atomic<int> turn{0};
    std::atomic<int> callers{0};
  };

  HandOver(std::shared_ptr<Word> word, int thread) : word_(std::move(word)), thread_(thread) {
    ++word_->callers;
  }

  void Begin() override {}
  void End() override {
    while (word_->turn.load(std::memory_order_acquire) != thread_) {
    }
    const int next =
        thread_ + 1 == word_->callers.load(std::memory_order_relaxed) ? 0 : thread_ + 1;
    word_->turn.store(next, std::memory_order_release);
  }
  void Call() override { End(); }

 private:
  const std::shared_ptr<Word> word_;
  const int thread_;
};

MakeCaller Calls(const std::shared_ptr<FuseboxCircuit>& circuit, int every = 0) {
  return [=](int thread) {
    return std::make_unique<FuseboxCaller>(circuit, FailureTurns(every, thread));
  };
}

MakeCaller Permitted(const fusebox::Policy& policy, int every = 0) {
  return Calls(std::make_shared<FuseboxCircuit>(every == 0 ? policy : Unopened(policy)), every);
}

MakeCaller HalfOpen(int max_probes, int probes) {
  const auto circuit = std::make_shared<HalfOpenCircuit>(MakeHalfOpen(max_probes, probes));
  return [=](int /*thread*/) { return std::make_unique<FuseboxCaller>(circuit, /*probes=*/true); };
}

MakeCaller Mutex(int every) {
  MutexBreakerOptions options;
  options.failure_rate = 0.99;
  const auto breaker = std::make_shared<MutexBreaker>(options);
  return [=](int thread) {
    return std::make_unique<MutexCaller>(breaker, FailureTurns(every, thread));
  };
}

const std::map<std::string, std::function<MakeCaller()>>& Kinds() {
  static const auto* const kKinds = new std::map<std::string, std::function<MakeCaller()>>{
      {"default_policy", [] { return Permitted(fusebox::Policy()); }},
      {"count_window", [] { return Permitted(WithCountWindow()); }},
      {"count_window_1_of_10", [] { return Permitted(WithCountWindow(), 10); }},
      {"count_window_1_of_2", [] { return Permitted(WithCountWindow(), 2); }},
      {"time_window", [] { return Permitted(WithTimeWindow()); }},
      {"time_window_1_of_10", [] { return Permitted(WithTimeWindow(), 10); }},
      {"slow_calls", [] { return Permitted(WithSlowCalls()); }},
      {"max_in_flight", [] { return Permitted(WithMaxInFlight()); }},
      {"hung_calls", [] { return Permitted(WithHungCalls()); }},
      {"both_limits", [] { return Permitted(WithBothLimits()); }},
      {"rejected_open", [] { return Calls(std::make_shared<FuseboxCircuit>(MakeOpen())); }},
      {"rejected_half_open", [] { return HalfOpen(1, 1); }},
      {"ramping", [] { return Calls(std::make_shared<FuseboxCircuit>(MakeRamping())); }},
      {"probe", [] { return HalfOpen(1'000, 900); }},
      {"hand_over",
       [] {
         const auto word = std::make_shared<HandOver::Word>();
         return [=](int thread) { return std::make_unique<HandOver>(word, thread); };
       }},
      {"one_mutex", [] { return Mutex(0); }},
  };
  return *kKinds;
}

}  // namespace

MakeCaller MakeCircuitOfKind(const std::string& kind) {
  const auto found = Kinds().find(kind);
  return found == Kinds().end() ? MakeCaller() : found->second();
}

std::string CallKinds() {
  std::string names;
  for (const auto& kind : Kinds()) names += kind.first + "\n";
  return names;
}

}  // namespace fusebox_benchmarks
