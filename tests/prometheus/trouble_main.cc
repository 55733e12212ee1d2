// SPDX-License-Identifier: Apache-2.0
//
// Circuits in every trouble that the dashboard and the alerts look for, one each, for a Prometheus
// to scrape: prints the address of the page, and goes on until its standard input ends.
#include <poll.h>
#include <prometheus/exposer.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/prometheus/collector.h"

namespace {

constexpr int kStepMillis = 10;

// Every rate has a rule, and openings are short.
fusebox::Policy NervousPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = std::nullopt;
  policy.failure_rate = 0.5;
  policy.slow_call_rate = 0.75;
  policy.slow_call_duration = absl::Milliseconds(100);
  policy.minimum_calls = 10;
  policy.window = fusebox::CountWindow{20};
  policy.open_duration = absl::Milliseconds(200);
  return policy;
}

// With another one beside it, that opens where this one does not.
fusebox::Policy WithCandidate() {
  fusebox::Policy policy;
  policy.consecutive_failures = 1'000;
  policy.shadow_policy = NervousPolicy();
  return policy;
}

class Trouble {
 public:
  explicit Trouble(fusebox::CircuitRegistry& registry)
      : flaps_(Make(registry, "billing/billing.Ledger/Post", NervousPolicy())),
        shadow_(Make(registry, "search/search.Index/Query", NervousPolicy())),
        forced_(Make(registry, "search/search.Index/Suggest", NervousPolicy())),
        tried_(Make(registry, "stock/stock.Levels/Read", WithCandidate())),
        limited_(Make(registry, "mail/mail.Outbox/Send", Limited())),
        sheds_(Make(registry, "shipping/shipping.Labels/Print", fusebox::Policy::Adaptive())) {
    const fusebox::Operator by = fusebox::Operator("oncall").Because("to see what it looks like");
    shadow_->Shadow(by);
    forced_->ForceOpen(by).IgnoreError();
  }

  // A few calls to each. Of every 5 seconds, a third of the calls fails in two, all fail in one,
  // and none in the others; of those that succeed a fifth is slow.
  void Step(int64_t step) {
    const int64_t millis = step * kStepMillis % 5000;
    const bool fails = millis < 2000 ? step % 3 == 0 : millis < 3000;
    fusebox::Outcome outcome = fails ? fusebox::Outcome::Failure() : fusebox::Outcome::Success();
    outcome.latency = absl::Milliseconds(!fails && step % 5 == 0 ? 100 : 1);
    for (fusebox::CircuitBreaker* circuit :
         {flaps_.get(), shadow_.get(), forced_.get(), tried_.get()}) {
      circuit->TryAcquire().permit().Record(outcome);
    }
    const fusebox::Admission held = limited_->TryAcquire();
    limited_->TryAcquire().permit().RecordSuccess();  // one too many
    Shed(step);
  }

 private:
  // Eight calls at the same time, one of which is too many now and then.
  void Shed(int64_t step) {
    std::vector<fusebox::Admission> calls;
    for (int i = 0; i < 8; ++i) calls.push_back(sheds_->TryAcquire());
    for (fusebox::Admission& call : calls) {
      if (!call) continue;
      fusebox::Outcome outcome;
      if (step % 10 == 0) outcome.kind = fusebox::OutcomeKind::kOverload;
      call.permit().Record(outcome);
    }
  }

  using Circuit = std::shared_ptr<fusebox::CircuitBreaker>;

  static Circuit Make(fusebox::CircuitRegistry& registry, absl::string_view name,
                      const fusebox::Policy& policy) {
    return registry.GetOrCreate(name, policy, name.substr(0, name.find('/'))).value();
  }

  static fusebox::Policy Limited() {
    fusebox::Policy policy;
    policy.max_in_flight = 1;
    return policy;
  }

  const Circuit flaps_;
  const Circuit shadow_;
  const Circuit forced_;
  const Circuit tried_;
  const Circuit limited_;
  const Circuit sheds_;
};

// Until the standard input ends, or the next step is due.
bool InputEnds() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char ignored = 0;
  return poll(&input, 1, kStepMillis) > 0 && read(STDIN_FILENO, &ignored, 1) <= 0;
}

}  // namespace

int main() {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto metrics = fusebox::CreateCollector({registry, {}});
  if (!metrics.ok()) {
    std::cerr << metrics.status() << '\n';
    return EXIT_FAILURE;
  }
  Trouble trouble(*registry);
  prometheus::Exposer exposer("127.0.0.1:0");
  exposer.RegisterCollectable(*metrics);
  std::cout << "http://127.0.0.1:" << exposer.GetListeningPorts().front() << "/metrics"
            << std::endl;
  for (int64_t step = 0; !InputEnds(); ++step) trouble.Step(step);
  return EXIT_SUCCESS;
}
