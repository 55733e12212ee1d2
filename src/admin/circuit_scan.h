// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_SCAN_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_SCAN_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fusebox/circuit_registry.h"
#include "src/admin/circuit_filter.h"
#include "src/admin/work_budget.h"

namespace fusebox {

// Goes through a registry's circuits by name, a few at a time, so that the registry isn't held up
// and little memory is. Not thread-safe; the registry must outlive it.
class CircuitScan {
 public:
  // From the first circuit after that name.
  explicit CircuitScan(const CircuitRegistry& registry, std::string after = "")
      : registry_(registry), seen_(after), position_(std::move(after)) {}

  // Null after the last one.
  std::shared_ptr<CircuitBreaker> Next();

  // The next one that the filter lets through. Empty after the last one, and if the budget is spent
  // before one is found.
  struct Match {
    std::shared_ptr<CircuitBreaker> circuit;
    CircuitSnapshot snapshot;
  };
  std::optional<Match> NextMatch(const CircuitFilter& filter, WorkBudget& budget);

  // The name of the last one that was looked at: where another scan can go on.
  const std::string& position() const { return position_; }

 private:
  const CircuitRegistry& registry_;
  std::string seen_;  // the last one of the stride
  std::string position_;
  std::vector<std::shared_ptr<CircuitBreaker>> stride_;
  std::size_t next_ = 0;
  bool at_end_ = false;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_SCAN_H_
