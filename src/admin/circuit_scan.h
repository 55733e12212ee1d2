// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_SCAN_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_SCAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fusebox/circuit_registry.h"
#include "src/admin/circuit_filter.h"
#include "src/admin/work_budget.h"
#include "src/readers/circuit_cursor.h"

namespace fusebox::internal {

// Goes through a registry's circuits by name, within a budget. Not thread-safe; the registry must
// outlive it.
class CircuitScan {
 public:
  // From the first circuit after that name.
  explicit CircuitScan(const CircuitRegistry& registry, std::string after = "")
      : circuits_(registry, after), position_(std::move(after)) {}

  // Null after the last one.
  std::shared_ptr<CircuitBreaker> Next() { return circuits_.Next(); }

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
  CircuitCursor circuits_;
  std::string position_;
};

// How many circuits a name or glob fits. Of a name that takes next to nothing.
int64_t CountFitting(const CircuitRegistry& registry, const std::string& pattern,
                     WorkBudget& budget);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_SCAN_H_
