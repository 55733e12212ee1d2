// SPDX-License-Identifier: Apache-2.0
//
// A registry of ten circuits at most, by a clock that stands still, and what tests lay over it.
#ifndef FUSEBOX_TESTS_CORE_POLICY_LAYERS_FIXTURE_H_
#define FUSEBOX_TESTS_CORE_POLICY_LAYERS_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {

inline const Operator kOncall = Operator("oncall").Because("the migration");
inline const Operator kSre = Operator("sre").Because("it is over");

inline PolicyPatch OpensFor(absl::Duration duration, std::string source = "") {
  PolicyPatch patch;
  patch.values.open_duration = duration;
  patch.fields = {{"open_duration", std::move(source)}};
  return patch;
}

inline PolicyOverrides Of(const std::string& dependency, PolicyPatch patch) {
  PolicyOverrides overrides;
  overrides.dependencies.push_back({dependency, std::move(patch), {}, {}});
  return overrides;
}

class PolicyLayersTest : public ::testing::Test {
 protected:
  PolicyLayersTest() : registry_(OptionsFor(*this)) {}

  static CircuitRegistry::Options OptionsFor(PolicyLayersTest& test) {
    CircuitRegistry::Options options;
    options.clock = &test.clock_;
    options.seed = 1;
    options.max_circuits = 10;
    options.listener = [&test](const Event& event) {
      const std::lock_guard<std::mutex> lock(test.mutex_);
      test.events_.push_back(event);
    };
    return options;
  }

  std::shared_ptr<CircuitBreaker> Make(const std::string& name,
                                       const Policy& policy = fusebox_testing::SmallPolicy()) {
    return registry_.GetOrCreate(name, policy, name.substr(0, name.find('/'))).value();
  }
  static StandingOrder OrderFor(const std::string& pattern, OrderAction action,
                                const Operator& by = kOncall) {
    StandingOrder order;
    order.pattern = pattern;
    order.action = action;
    order.by = by;
    return order;
  }
  static StandingOrder PolicyOrder(const std::string& pattern, PolicyPatch change,
                                   const Operator& by = kOncall) {
    StandingOrder order = OrderFor(pattern, OrderAction::kSetPolicy, by);
    order.change = std::move(change);
    return order;
  }
  uint64_t Give(const StandingOrder& order) { return registry_.GiveOrder(order).value().id; }
  std::vector<uint64_t> Ids() {
    std::vector<uint64_t> ids;
    for (const StandingOrder& order : registry_.Orders()) ids.push_back(order.id);
    return ids;
  }
  static std::optional<absl::Duration> OpenDurationOf(CircuitBreaker& circuit) {
    return circuit.Snapshot().policy->open_duration;
  }
  FieldOrigin OriginOf(const std::string& circuit, const std::string& path) {
    const std::vector<FieldOrigin> origins = registry_.Origins(circuit).value();
    for (const FieldOrigin& origin : origins) {
      if (origin.path == path) return origin;
    }
    return {};
  }

  fusebox_testing::FakeClock clock_;
  // What listeners are told of ends may come at any time, on another thread: the log has that.
  std::mutex mutex_;
  std::vector<Event> events_;
  CircuitRegistry registry_;
};

}  // namespace fusebox

#endif  // FUSEBOX_TESTS_CORE_POLICY_LAYERS_FIXTURE_H_
