// SPDX-License-Identifier: Apache-2.0
//
// What one scrape of a collector gave, by circuit, metric and what else its series are told apart
// by:
//
//   const Scrape scrape(*collector);
//   EXPECT_EQ(scrape.Value("inventory", "circuit_breaker_state", "state=open"), 1);
#ifndef FUSEBOX_TESTS_PROMETHEUS_SCRAPE_H_
#define FUSEBOX_TESTS_PROMETHEUS_SCRAPE_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace fusebox_testing {

class Scrape {
 public:
  using Key = std::tuple<std::string, std::string, std::string>;

  explicit Scrape(const prometheus::Collectable& collector) {
    for (const prometheus::MetricFamily& family : collector.Collect()) {
      EXPECT_FALSE(family.metric.empty()) << family.name;
      for (const prometheus::ClientMetric& metric : family.metric) Add(family, metric);
    }
  }

  // Nothing if there is no such series. "" is the circuit of what is the registry's; `labels` are
  // those other than circuit and target, as in "from_state=closed,to_state=open".
  std::optional<double> Value(const std::string& circuit, const std::string& metric,
                              const std::string& labels = {}) const {
    const auto found = values_.find({circuit, metric, labels});
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

  // The same of what is a whole target's.
  std::optional<double> OfTarget(const std::string& target, const std::string& metric,
                                 const std::string& labels = {}) const {
    return Value("target " + target, metric, labels);
  }

  // Of a counter of calls.
  std::optional<double> Calls(const std::string& circuit, const std::string& result) const {
    return Value(circuit, "circuit_breaker_calls_total", "result=" + result);
  }

  const std::set<std::string>& circuits() const { return circuits_; }
  const std::map<Key, double>& counters() const { return counters_; }
  std::size_t size() const { return values_.size(); }

 private:
  void Add(const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric) {
    std::string circuit;
    std::string target;
    bool of_target = false;
    std::string labels;
    for (const auto& label : metric.label) {
      if (label.name == "circuit") {
        circuit = label.value;
        circuits_.insert(label.value);
      } else if (label.name == "target") {
        target = label.value;
        of_target = true;
      } else {
        absl::StrAppend(&labels, labels.empty() ? "" : ",", label.name, "=", label.value);
      }
    }
    if (circuit.empty() && of_target) circuit = "target " + target;
    const bool counts = family.type == prometheus::MetricType::Counter;
    const double value = counts ? metric.counter.value : metric.gauge.value;
    const Key key{circuit, family.name, labels};
    EXPECT_TRUE(values_.emplace(key, value).second)
        << "twice: " << circuit << ' ' << family.name << ' ' << labels;
    if (counts) counters_.emplace(key, value);
  }

  std::map<Key, double> values_;
  std::map<Key, double> counters_;
  std::set<std::string> circuits_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_PROMETHEUS_SCRAPE_H_
