// SPDX-License-Identifier: Apache-2.0
//
// scrapes <start> <end> <interval>...: circuits that begin to fail ten minutes after `start`, in
// seconds since the epoch, and what scrapes of their real collectors at each of the intervals give
// until `end` seconds after it: in OpenMetrics, with the time of each scrape. No time passes: the
// clock is the program's own.
//
// Before that, as a comment, each opening of a closed circuit of one instance:
// "# opened <circuit> <seconds after the start>".
#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/prometheus/collector.h"

namespace {

constexpr int64_t kTrouble = 600;
constexpr absl::string_view kTarget = "t";
constexpr absl::string_view kShaky = "t/shaky";
constexpr absl::string_view kSheds = "t/sheds";

// By whole seconds.
class SecondsClock final : public fusebox::Clock {
 public:
  explicit SecondsClock(int64_t start) : start_(start) {}

  void Set(int64_t second) { second_ = second; }

  fusebox::SteadyTime Now() const override {
    return fusebox::SteadyTime::FromSinceZero(absl::Seconds(second_));
  }
  absl::Time WallNow() const override { return absl::FromUnixSeconds(start_ + second_); }

 private:
  const int64_t start_;
  int64_t second_ = 0;
};

// A circuit and its calls: one after the other, each of a second, or a rejection.
struct Plan {
  std::string name;
  int64_t open_seconds;
  int64_t probe_seconds;
  std::function<bool(int64_t)> fails;  // whether a call that ends then does
};

std::vector<Plan> Plans() {
  const auto every = [](int64_t period) {
    return [period](int64_t second) {
      return second >= kTrouble && (second - kTrouble) % period == 0;
    };
  };
  return {
      // Every probe fails.
      {"t/stuck", 29, 1, every(1)},
      // Closed for a third of the time, and never when a scrape at a multiple of 15 s looks.
      {"t/brief", 19, 1, every(30)},
      // Well for minutes in between.
      {"t/seldom", 50, 5, every(355)},
      // A part of its calls fails and is slow, which opens nothing.
      {std::string(kShaky), 30, 1, [](int64_t second) { return second % 4 == 0; }},
      // Has too much to do now and then.
      {std::string(kSheds), 30, 1, [](int64_t second) { return second % 4 == 0; }},
      {"t/well", 30, 1, [](int64_t) { return false; }},
  };
}

fusebox::Policy PolicyOf(const Plan& plan) {
  fusebox::Policy policy;
  policy.consecutive_failures = plan.name == kShaky ? std::nullopt : std::optional<int64_t>(1);
  // Every rate has a rule.
  policy.failure_rate = 1;
  policy.slow_call_rate = 1;
  policy.slow_call_duration = absl::Minutes(1);
  policy.open_duration = absl::Seconds(plan.open_seconds);
  policy.overload_limit = fusebox::OverloadLimit();
  policy.jitter = 0;
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  return policy;
}

class Caller {
 public:
  Caller(fusebox::CircuitRegistry& registry, Plan plan)
      : plan_(std::move(plan)),
        circuit_(registry.GetOrCreate(plan_.name, PolicyOf(plan_), kTarget).value()) {}

  void CallAt(int64_t second) {
    if (out_ && second < ends_) return;
    if (out_) {
      fusebox::Outcome outcome = plan_.fails(second) ? fusebox::Outcome::Failure(14, "broken")
                                                     : fusebox::Outcome::Success();
      if (plan_.name == kSheds && fusebox::IsFailure(outcome.kind)) {
        outcome.kind = fusebox::OutcomeKind::kOverload;
      }
      if (plan_.name == kShaky && second % 5 == 0) outcome.latency = absl::Minutes(1);
      out_->Record(outcome);
      out_.reset();
    }
    const bool probes = circuit_->state() == fusebox::State::kHalfOpen;
    fusebox::Admission admission = circuit_->TryAcquire();
    if (!admission) return;
    out_ = std::move(admission).permit();
    ends_ = second + (probes ? plan_.probe_seconds : 1);
  }

 private:
  const Plan plan_;
  const std::shared_ptr<fusebox::CircuitBreaker> circuit_;
  std::optional<fusebox::Permit> out_;
  int64_t ends_ = 0;
};

// What one process has.
class Instance {
 public:
  Instance(std::string name, int64_t start) : name_(std::move(name)), clock_(start) {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock_;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
    collector_ = fusebox::CreateCollector({registry_, {}}).value();
    for (Plan& plan : Plans()) callers_.emplace_back(*registry_, std::move(plan));
  }

  void CallAt(int64_t second) {
    clock_.Set(second);
    for (Caller& caller : callers_) caller.CallAt(second);
  }

  const std::string& name() const { return name_; }
  const prometheus::Collectable& collector() const { return *collector_; }
  const fusebox::CircuitRegistry& registry() const { return *registry_; }

 private:
  const std::string name_;
  SecondsClock clock_;
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
  std::shared_ptr<prometheus::Collectable> collector_;
  std::vector<Caller> callers_;
};

// By family, which OpenMetrics wants in one piece.
class Pages {
 public:
  void Add(const Instance& instance, int64_t interval, int64_t at) {
    for (const prometheus::MetricFamily& family : instance.collector().Collect()) {
      const bool counts = family.type == prometheus::MetricType::Counter;
      std::string& lines = families_[{family.name, counts}];
      for (const prometheus::ClientMetric& metric : family.metric) {
        absl::StrAppend(&lines, family.name, "{job=\"every ", interval, " s\",instance=\"",
                        instance.name(), "\"");
        for (const prometheus::ClientMetric::Label& label : metric.label) {
          absl::StrAppend(&lines, ",", label.name, "=\"", label.value, "\"");
        }
        const double value = counts ? metric.counter.value : metric.gauge.value;
        absl::StrAppendFormat(&lines, "} %.15g %d\n", value, at);
      }
    }
  }

  void Print() const {
    for (const auto& [family, lines] : families_) {
      const auto& [name, counts] = family;
      constexpr absl::string_view kTotal = "_total";
      const std::size_t size = counts ? name.size() - kTotal.size() : name.size();
      std::cout << "# TYPE " << name.substr(0, size) << (counts ? " counter\n" : " gauge\n")
                << lines;
    }
    std::cout << "# EOF\n";
  }

 private:
  std::map<std::pair<std::string, bool>, std::string> families_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<int64_t> numbers(static_cast<std::size_t>(argc - 1));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!absl::SimpleAtoi(argv[i + 1], &numbers[i]) || numbers[i] < 1) numbers.clear();
  }
  if (numbers.size() < 3) {
    std::cerr << "usage: scrapes <start> <end> <interval>...\n";
    return EXIT_FAILURE;
  }
  const int64_t start = numbers[0];
  std::vector<std::unique_ptr<Instance>> instances;
  for (const char* name : {"a", "b", "c"}) {
    instances.push_back(std::make_unique<Instance>(name, start));
  }
  Pages pages;
  for (int64_t second = 0; second < numbers[1]; ++second) {
    for (const auto& instance : instances) {
      instance->CallAt(second);
      for (std::size_t i = 2; i < numbers.size(); ++i) {
        if (second % numbers[i] == 0) pages.Add(*instance, numbers[i], start + second);
      }
    }
  }
  for (const fusebox::Event& event : instances[0]->registry().EventsSince(0).events) {
    if (event.kind != fusebox::EventKind::kTransition) continue;
    if (event.from != fusebox::State::kClosed) continue;
    std::cout << "# opened " << event.circuit << ' ' << absl::ToUnixSeconds(event.time) - start
              << '\n';
  }
  pages.Print();
  return EXIT_SUCCESS;
}
