// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_scan.h"

namespace fusebox {
namespace {

constexpr std::size_t kStride = 256;

}  // namespace

std::shared_ptr<CircuitBreaker> CircuitScan::Next() {
  if (next_ == stride_.size()) {
    if (at_end_) return nullptr;
    stride_ = registry_.Circuits(seen_, kStride);
    next_ = 0;
    at_end_ = stride_.size() < kStride;
    if (stride_.empty()) return nullptr;
    seen_ = stride_.back()->name();
  }
  return std::move(stride_[next_++]);
}

std::optional<CircuitScan::Match> CircuitScan::NextMatch(const CircuitFilter& filter) {
  while (std::shared_ptr<CircuitBreaker> circuit = Next()) {
    if (!filter.MatchesName(circuit->name(), circuit->target())) continue;
    CircuitSnapshot snapshot = circuit->Snapshot();
    if (!filter.MatchesState(snapshot.state, snapshot.mode)) continue;
    return Match{std::move(circuit), std::move(snapshot)};
  }
  return std::nullopt;
}

}  // namespace fusebox
