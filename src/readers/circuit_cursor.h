// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_READERS_CIRCUIT_CURSOR_H_
#define FUSEBOX_SRC_READERS_CIRCUIT_CURSOR_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fusebox/circuit_registry.h"

namespace fusebox::internal {

// Goes through a registry's circuits by name, a page after the other: the registry can't make a
// circuit while it is asked for some, and many at once would take much memory.
//
//   CircuitCursor cursor(registry);
//   while (const std::shared_ptr<CircuitBreaker> circuit = cursor.Next()) ...
//
// Not thread-safe. The registry must outlive it.
class CircuitCursor {
 public:
  // From the first circuit after that name on.
  explicit CircuitCursor(const CircuitRegistry& registry, std::string after = "")
      : registry_(registry), last_(std::move(after)) {}

  // Null after the last one.
  std::shared_ptr<CircuitBreaker> Next() {
    if (next_ == page_.size()) {
      if (at_end_) return nullptr;
      page_ = registry_.Circuits(last_, kPage);
      next_ = 0;
      at_end_ = page_.size() < kPage;
      if (page_.empty()) return nullptr;
      last_ = page_.back()->name();
    }
    return std::move(page_[next_++]);
  }

 private:
  static constexpr std::size_t kPage = 256;

  const CircuitRegistry& registry_;
  std::string last_;  // of the page
  std::vector<std::shared_ptr<CircuitBreaker>> page_;
  std::size_t next_ = 0;
  bool at_end_ = false;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_READERS_CIRCUIT_CURSOR_H_
