// SPDX-License-Identifier: Apache-2.0
//
// A registry on a clock that the test moves, and its collector.
#ifndef FUSEBOX_TESTS_PROMETHEUS_TEST_COLLECTOR_H_
#define FUSEBOX_TESTS_PROMETHEUS_TEST_COLLECTOR_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "fusebox/circuit_registry.h"
#include "fusebox/outcome.h"
#include "fusebox/prometheus/collector.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/prometheus/scrape.h"

namespace fusebox_testing {

class CollectorTest : public testing::Test {
 protected:
  explicit CollectorTest(std::size_t max_circuits = 10'000) {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock_;
    options.seed = 1;
    options.max_circuits = max_circuits;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
    Collect(fusebox::MetricDetail::kAll);
  }

  // From here on, by a new collector.
  void Collect(fusebox::MetricDetail detail) {
    collector_ = fusebox::CreateCollector({registry_, {}, detail}).value();
  }

  std::shared_ptr<fusebox::CircuitBreaker> Make(const std::string& name,
                                                const fusebox::Policy& policy = SmallPolicy()) {
    return registry_->GetOrCreate(name, policy).value();
  }

  // Calls that end at once; how many of them were let through.
  static int Call(fusebox::CircuitBreaker& circuit, const fusebox::Outcome& outcome,
                  int times = 1) {
    int admitted = 0;
    for (int i = 0; i < times; ++i) {
      fusebox::Admission admission = circuit.TryAcquire();
      if (!admission) continue;
      admission.permit().Record(outcome);
      ++admitted;
    }
    return admitted;
  }
  // By SmallPolicy's rule.
  static void Open(fusebox::CircuitBreaker& circuit) {
    EXPECT_EQ(Call(circuit, fusebox::Outcome::Failure(), 3), 3);
  }

  Scrape Scraped() const { return Scrape(*collector_); }

  FakeClock clock_;
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
  std::shared_ptr<prometheus::Collectable> collector_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_PROMETHEUS_TEST_COLLECTOR_H_
